#![doc = include_str!("../README.md")]
// Tests stop at the first surprise.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod app;
pub mod cluster;
mod database;
mod mailbox;
mod tenants;

pub use app::App;
pub use cluster::{OwnCluster, Version};
pub use database::{Database, TestClock, TestDb, secret, sql};
pub use mailbox::{Mail, Mailbox};
pub use tenants::{OWNER_PASSWORD, Tenant, Two, sign_in};

/// A client from outside. Here and not under anybody's dev-dependencies, so that all builds want the same of its libraries.
pub use reqwest;
