//! Bounds: of the web server, of programs, of sockets. What they divide: `docs/operators/limits.md`.

use serde::Deserialize;
use std::net::IpAddr;

/// Bounds of the web server.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// Most connections open at once.
    pub connections: usize,
    /// Most requests worked on at once; more are told to come back.
    pub requests: usize,
    /// Uploads that are received at once; of one tenant a quarter.
    pub uploads: usize,
    /// The share of one address in connections and requests, in percent.
    pub address_percent: usize,
    /// How long a body may take to begin to come at its pace, in seconds.
    pub body_grace_s: u64,
    /// That pace: bytes a second on average.
    pub body_rate: u64,
    /// Longest a request may take once it is there, in seconds.
    pub request_timeout_s: u64,
    /// Longest that the headers of a request may take to arrive, in seconds.
    pub header_timeout_s: u64,
    /// Largest body of a form or JSON document, in bytes.
    pub body_bytes: usize,
    /// Bounds on sockets.
    pub sockets: SocketLimits,
    /// How long requests in progress may go on after a signal to stop, in seconds.
    pub shutdown_s: u64,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            connections: 20_000,
            requests: 1_024,
            uploads: 64,
            address_percent: 25,
            body_grace_s: 10,
            body_rate: 4_096,
            request_timeout_s: 30,
            header_timeout_s: 10,
            body_bytes: 256 * 1024,
            sockets: SocketLimits::default(),
            shutdown_s: 20,
            trusted_proxies: Vec::new(),
        }
    }
}

impl Server {
    /// How many of so many places one address may hold.
    pub fn of_one_address(&self, total: usize) -> usize {
        (total * self.address_percent.min(100)).div_ceil(100).max(1)
    }
}

/// How often programs may ask.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Api {
    /// Requests that a key may make at once, after a while of none.
    pub key_burst: u32,
    /// And so many more each minute.
    pub key_per_minute: u32,
    /// The same for all keys of a tenant together.
    pub tenant_burst: u32,
    /// And so many more each minute.
    pub tenant_per_minute: u32,
}

impl Default for Api {
    fn default() -> Self {
        Self { key_burst: 600, key_per_minute: 1_200, tenant_burst: 1_200, tenant_per_minute: 2_400 }
    }
}

/// Bounds on sockets, from the settings.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SocketLimits {
    /// Most sockets open at once.
    pub total: usize,
    /// Most of them from one address.
    pub per_address: usize,
    /// Most messages of visitors of one address in a minute.
    pub messages_per_address: u32,
    /// Most visitors of one address who become contacts in ten minutes.
    pub contacts_per_address: u32,
}

impl Default for SocketLimits {
    fn default() -> Self {
        Self { total: 10_000, per_address: 500, messages_per_address: 300, contacts_per_address: 200 }
    }
}
