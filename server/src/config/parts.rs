//! The smaller sections of the settings.

use super::LogFormat;
use serde::Deserialize;

/// A database of one's own. The three addresses are given together or not at all.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// Login `samtal_tenant` (`DATABASE_URL`).
    pub url: Option<String>,
    /// Login `samtal_platform`.
    pub platform_url: Option<String>,
    /// The login that owns the schema; used by `samtal migrate` alone.
    pub admin_url: Option<String>,
    /// False behind a transaction-pooling proxy that does not carry prepared statements.
    pub prepared: bool,
    /// Most connections for tenants' work.
    pub tenant_connections: u32,
    /// How many of them one tenant may hold, in percent.
    pub tenant_percent: u32,
    /// Most connections for work across tenants.
    pub platform_connections: u32,
    /// Longest wait for a connection, in milliseconds.
    pub acquire_timeout_ms: u64,
}

impl Default for Database {
    fn default() -> Self {
        Self {
            url: None,
            platform_url: None,
            admin_url: None,
            prepared: true,
            tenant_connections: 16,
            tenant_percent: 75,
            platform_connections: 6,
            acquire_timeout_ms: 2_000,
        }
    }
}

/// Addresses hold passwords, so they do not print.
impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database")
            .field("url", &self.url.as_ref().map(|_| "…"))
            .field("platform_url", &self.platform_url.as_ref().map(|_| "…"))
            .field("admin_url", &self.admin_url.as_ref().map(|_| "…"))
            .field("prepared", &self.prepared)
            .finish_non_exhaustive()
    }
}

/// Bounds on sign-ins that fail.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SignIn {
    /// Failures borne per account and address.
    pub account_failures: u32,
    /// Failures borne per account from everywhere; from then on only those get through who have not failed.
    pub account_failures_everywhere: u32,
    /// Failures borne per address.
    pub address_failures: u32,
    /// Sign-ups per address, whether they succeed or not.
    pub sign_ups: u32,
    /// Over how many minutes.
    pub window_minutes: u32,
    /// Threads that hash passwords.
    pub hash_threads: usize,
    /// Passwords that may wait for them.
    pub hash_queue: usize,
}

impl Default for SignIn {
    fn default() -> Self {
        Self {
            account_failures: 10,
            account_failures_everywhere: 100,
            address_failures: 100,
            sign_ups: 30,
            window_minutes: 15,
            hash_threads: 2,
            hash_queue: 256,
        }
    }
}

/// How letters are sent. Both are given together or not at all.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mail {
    /// The mail server, as `smtps://user:password@host` or `smtp://…` with STARTTLS.
    pub smtp: Option<String>,
    /// Who letters are from: `Name <address>` or the address alone.
    pub from: Option<String>,
}

/// The address of the server holds a password, so it does not print.
impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mail").field("smtp", &self.smtp.as_ref().map(|_| "…")).field("from", &self.from).finish()
    }
}

/// How long sessions last.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Session {
    /// From sign-in to the end, in minutes.
    pub absolute_minutes: u32,
    /// From the last request to the end, in minutes.
    pub idle_minutes: u32,
}

impl Default for Session {
    fn default() -> Self {
        Self { absolute_minutes: 480, idle_minutes: 120 }
    }
}

/// What is logged, and how.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter like `info,sqlx=debug`.
    pub level: String,
    /// Text or JSON.
    pub format: LogFormat,
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info,sqlx=warn".into(), format: LogFormat::Text }
    }
}
