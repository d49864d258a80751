//! Knowledge on a real PostgreSQL, with two tenants always there, and with the real model where it is installed.

// Tests stop at the first surprise.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod beside;
mod documents;
mod forms;
mod jobs;
mod quality;
mod stage;
