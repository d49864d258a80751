//! The smaller sections of the settings.

use super::{ConfigError, LogFormat};
use identity::Offered;
use serde::Deserialize;
use sign_on::{Provider, Whose};
use std::net::SocketAddr;
use zeroize::Zeroizing;

/// A database of one's own. The first two addresses are given together or not at all.
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

/// A provider by whose word one signs in.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SignOn {
    /// What people call it. Default: its name in addresses.
    pub name: Option<String>,
    /// Its address, as it calls itself. Known for `google`.
    pub issuer: Option<String>,
    /// What it calls this installation.
    pub client_id: String,
    /// What shows that; none for a public client.
    pub client_secret: Option<Zeroizing<String>>,
}

/// The secret does not print.
impl std::fmt::Debug for SignOn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("SignOn");
        shown.field("name", &self.name).field("issuer", &self.issuer).field("client_id", &self.client_id);
        shown.field("client_secret", &self.client_secret.as_ref().map(|_| "…")).finish()
    }
}

/// Providers that everybody knows: name in addresses, what people call them, and their address.
const KNOWN: [(&str, &str, Option<&str>); 2] =
    [("google", "Google", Some("https://accounts.google.com")), ("microsoft", "Microsoft", None)];

impl SignOn {
    fn issuer(&self, slug: &str) -> Option<&str> {
        let known = || KNOWN.iter().find(|(known, ..)| *known == slug).and_then(|(_, _, issuer)| *issuer);
        self.issuer.as_deref().or_else(known)
    }

    pub(super) fn check(&self, slug: &str, development: bool) -> Result<(), ConfigError> {
        let fail = |what: &str, text: &str| Err(ConfigError(format!("sign_on.{slug}{what} {text}")));
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if slug.is_empty() || slug.len() > 30 || !slug.chars().all(plain) {
            return fail("", "stands in addresses: give it a name of small letters, digits and hyphens, at most 30.");
        }
        if self.client_id.trim().is_empty() {
            return fail(".client_id", "is missing: what the provider calls this installation.");
        }
        match self.issuer(slug) {
            None if slug == "microsoft" => fail(
                ".issuer",
                "is missing: https://login.microsoftonline.com/<the directory's id>/v2.0 (docs/operators/sign-on.md).",
            ),
            None => fail(".issuer", "is missing: the provider's address, as it calls itself."),
            Some(issuer) if issuer.starts_with("https://") => Ok(()),
            Some(issuer) if development && issuer.starts_with("http://") => {
                let host = issuer.trim_start_matches("http://").split(['/', ':']).next().unwrap_or_default();
                let here = matches!(host, "localhost" | "127.0.0.1");
                if here { Ok(()) } else { fail(".issuer", "must begin with https:// where it is on another machine.") }
            }
            Some(_) => fail(".issuer", "must begin with https://."),
        }
    }

    /// As it is offered on the pages.
    pub(super) fn offered(&self, slug: &str) -> Offered {
        let known = KNOWN.iter().find(|(known, ..)| *known == slug).map(|(_, title, _)| *title);
        Offered {
            slug: slug.to_owned(),
            title: self.name.clone().unwrap_or_else(|| known.unwrap_or(slug).to_owned()),
            provider: Provider {
                issuer: self.issuer(slug).unwrap_or_default().to_owned(),
                client_id: self.client_id.clone(),
                client_secret: self.client_secret.clone(),
                edov: self.issuer(slug).is_some_and(|issuer| issuer.starts_with("https://login.microsoftonline.")),
                whose: Whose::Operator,
                share: None,
            },
        }
    }
}

/// Requests to others.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Outbound {
    /// Whether addresses that tenants give may lead into private networks.
    pub private_addresses: bool,
    /// The resolver that is asked what stands in the DNS. Default: those of the machine.
    pub dns: Option<SocketAddr>,
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
