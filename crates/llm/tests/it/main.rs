//! Models on a real PostgreSQL, with two tenants always there, asked over real connections; who answers is played (`ModelServer`).

// Tests stop at the first surprise.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod asking;
mod budget;
mod embed;
mod images;
mod models;
mod routes;
mod sharing;
mod stage;
mod tools;
