//! `store` on real PostgreSQL.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod audit;
mod doors;
mod embedded;
mod events;
mod isolation;
mod jobs;
mod migrate;
mod plans;
mod proxy;
mod sessions;
mod tx;
mod walls;
