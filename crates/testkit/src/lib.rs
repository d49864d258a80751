#![doc = include_str!("../README.md")]
// Tests stop at the first surprise.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod app;
pub mod cluster;
mod database;
mod device;
mod dns;
mod livekit;
mod mailbox;
mod models;
mod provider;
mod tenants;

pub use app::App;
pub use cluster::{OwnCluster, Version};
pub use database::{Database, TestClock, TestDb, secret, sql};
pub use device::{DEVICE_LIES, Device, DeviceLie};
pub use dns::Dns;
pub use livekit::LiveKitServer;
pub use mailbox::{Mail, Mailbox};
pub use models::{AskedModel, Called, Mishap, ModelServer, NUMBERS, SAYS, THOUGHT, TOKENS, WAITS};
pub use provider::{LIES, Lie, Provider, Says};
pub use tenants::{OWNER_PASSWORD, Tenant, Two, caller, member, sign_in};

/// A client from outside. Here and not under anybody's dev-dependencies, so that all builds want the same of its libraries.
pub use reqwest;

/// Such a client, to be made as one likes: with a library for TLS, of which it makes no use here.
pub fn client() -> reqwest::ClientBuilder {
    // The second time there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
}
