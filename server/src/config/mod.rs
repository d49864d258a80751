//! Settings: `samtal.toml` in the working directory, then the environment on top. Checked whole at start; an unknown
//! key is an error, because a misspelt limit is no limit.

mod bounds;
mod parts;
mod public_url;

pub use bounds::{Api, Server, SocketLimits};
pub use parts::{Database, LiveKit, Log, Mail, Media, Models, Outbound, Session, SignIn, SignOn};
pub use public_url::{NoPublicUrl, PublicUrl};

use capabilities::Limits;
use identity::{AttemptLimits, Offered};
use llm::Calls;
use mail::Mailer;
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};
use store::jobs::Slots;
use store::scope::SessionLifetime;

/// A setting is missing, misspelt or does not go with another. The text is for the operator.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

/// Where the server stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// A person's own machine: loopback only, secrets made on the spot.
    #[default]
    Development,
    /// Reachable by others: secrets must be given, and the public address must be https.
    Production,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One line of text for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Every setting.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where the server stands (`SAMTAL_ENV`).
    pub env: Environment,
    /// Address and port to listen on (`SAMTAL_LISTEN`). Port 0 takes a free one.
    pub listen: SocketAddr,
    /// How browsers reach the server (`SAMTAL_PUBLIC_URL`). Default: the address listened on.
    pub public_url: Option<PublicUrl>,
    /// Where the embedded database and the development secrets live (`SAMTAL_DATA_DIR`).
    pub data_dir: PathBuf,
    /// Where PostgreSQL's programs are sought first (`SAMTAL_VENDOR_DIR`).
    pub vendor_dir: Option<PathBuf>,
    /// The installation's secret. Development makes one in the data folder.
    pub secret_key_file: Option<PathBuf>,
    /// A database of one's own instead of the embedded one.
    pub database: Database,
    /// Bounds of the web server.
    pub server: Server,
    /// How often programs may ask.
    pub api: Api,
    /// How many jobs are done at once.
    pub jobs: Slots,
    /// Bounds on sign-ins that fail.
    pub sign_in: SignIn,
    /// By whose word one signs in, by their names in addresses.
    pub sign_on: BTreeMap<String, SignOn>,
    /// Requests to others.
    pub outbound: Outbound,
    /// How many questions models are asked at once.
    pub models: Models,
    /// How letters are sent.
    pub mail: Mail,
    /// How sound and pictures of meetings are carried.
    pub media: Media,
    /// How long sessions last.
    pub session: Session,
    /// What is logged, and how.
    pub log: Log,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            env: Environment::default(),
            listen: SocketAddr::from(([127, 0, 0, 1], 3000)),
            public_url: None,
            data_dir: PathBuf::from("data"),
            vendor_dir: None,
            secret_key_file: None,
            database: Database::default(),
            server: Server::default(),
            api: Api::default(),
            jobs: Slots::default(),
            sign_in: SignIn::default(),
            sign_on: BTreeMap::new(),
            outbound: Outbound::default(),
            models: Models::default(),
            mail: Mail::default(),
            media: Media::default(),
            session: Session::default(),
            log: Log::default(),
        }
    }
}

/// Names of the environment that are not of the form `SAMTAL__SECTION__KEY`.
const SHORT: [(&str, &str); 6] = [
    ("DATABASE_URL", "database.url"),
    ("SAMTAL_DATA_DIR", "data_dir"),
    ("SAMTAL_ENV", "env"),
    ("SAMTAL_LISTEN", "listen"),
    ("SAMTAL_PUBLIC_URL", "public_url"),
    ("SAMTAL_VENDOR_DIR", "vendor_dir"),
];

impl Config {
    /// Reads `samtal.toml`, if there is one in the working directory, and the environment.
    ///
    /// # Errors
    /// A sentence that names the setting.
    pub fn load() -> Result<Self, ConfigError> {
        Self::from(
            Path::new("samtal.toml"),
            std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))),
        )
    }

    /// Reads a file, if it exists, and pairs of an environment.
    ///
    /// # Errors
    /// A sentence that names the setting.
    pub fn from(file: &Path, env: impl Iterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let fail =
            |e: ::config::ConfigError| ConfigError(format!("Setting: {e}. docs/operators/settings.md lists them all."));
        let mut builder = ::config::Config::builder()
            .add_source(::config::File::from(file).format(::config::FileFormat::Toml).required(false));
        let mut long = BTreeMap::new();
        for (name, value) in env {
            if let Some((_, key)) = SHORT.iter().find(|(short, _)| *short == name) {
                builder = builder.set_override(*key, value).map_err(fail)?;
            } else if name.starts_with("SAMTAL__") {
                long.insert(name, value);
            } else if name.starts_with("SAMTAL_") {
                let known: Vec<_> = SHORT.iter().map(|(short, _)| *short).collect();
                return Err(ConfigError(format!(
                    "{name} is not a setting. There are {}, and SAMTAL__SECTION__KEY for the rest (docs/operators/settings.md).",
                    known.join(", ")
                )));
            }
        }
        let environment = ::config::Environment::with_prefix("SAMTAL")
            .prefix_separator("__")
            .separator("__")
            .try_parsing(true)
            .list_separator(",")
            .with_list_parse_key("server.trusted_proxies")
            .with_list_parse_key("media.announce")
            .with_list_parse_key("media.stun")
            .with_list_parse_key("media.turn")
            .source(Some(long.into_iter().collect()));
        let config: Self =
            builder.add_source(environment).build().and_then(::config::Config::try_deserialize).map_err(fail)?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let fail = |text: &str| Err(ConfigError(text.to_owned()));
        let (own, admin) = (self.database.url.is_some(), self.database.admin_url.is_some());
        if own != self.database.platform_url.is_some() || (admin && !own) {
            return fail(
                "DATABASE_URL and SAMTAL__DATABASE__PLATFORM_URL go together, with SAMTAL__DATABASE__ADMIN_URL for `samtal migrate`: set them, or none for the embedded database.",
            );
        }
        let (database, server, api) = (&self.database, &self.server, &self.api);
        let (sockets, sign_in, session) = (&server.sockets, &self.sign_in, &self.session);
        let whole = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        for (name, value) in [
            ("database.tenant_connections", database.tenant_connections.into()),
            ("database.tenant_percent", database.tenant_percent.into()),
            ("database.platform_connections", database.platform_connections.into()),
            ("database.acquire_timeout_ms", database.acquire_timeout_ms),
            ("server.connections", whole(server.connections)),
            ("server.requests", whole(server.requests)),
            ("server.uploads", whole(server.uploads)),
            ("server.address_percent", whole(server.address_percent)),
            ("server.body_rate", server.body_rate),
            ("server.request_timeout_s", server.request_timeout_s),
            ("server.header_timeout_s", server.header_timeout_s),
            ("server.body_bytes", whole(server.body_bytes)),
            ("server.sockets.total", whole(sockets.total)),
            ("server.sockets.per_address", whole(sockets.per_address)),
            ("server.sockets.messages_per_address", sockets.messages_per_address.into()),
            ("server.sockets.contacts_per_address", sockets.contacts_per_address.into()),
            ("api.key_burst", api.key_burst.into()),
            ("api.key_per_minute", api.key_per_minute.into()),
            ("api.tenant_burst", api.tenant_burst.into()),
            ("api.tenant_per_minute", api.tenant_per_minute.into()),
            ("jobs.prompt", whole(self.jobs.prompt)),
            ("jobs.bulk", whole(self.jobs.bulk)),
            ("jobs.mail", whole(self.jobs.mail)),
            ("media.people", whole(self.media.people)),
            ("media.tenant_percent", whole(self.media.tenant_percent)),
            ("models.at_once", whole(self.models.at_once)),
            ("models.of_a_company", whole(self.models.of_a_company)),
            ("sign_in.account_failures", sign_in.account_failures.into()),
            ("sign_in.account_failures_everywhere", sign_in.account_failures_everywhere.into()),
            ("sign_in.address_failures", sign_in.address_failures.into()),
            ("sign_in.sign_ups", sign_in.sign_ups.into()),
            ("sign_in.window_minutes", sign_in.window_minutes.into()),
            ("sign_in.hash_threads", whole(sign_in.hash_threads)),
            ("sign_in.hash_queue", whole(sign_in.hash_queue)),
            ("session.absolute_minutes", session.absolute_minutes.into()),
            ("session.idle_minutes", session.idle_minutes.into()),
        ] {
            if value == 0_u64 {
                return Err(ConfigError(format!("{name} must be at least 1.")));
            }
        }
        self.mailer()?;
        self.media.check()?;
        for (slug, provider) in &self.sign_on {
            provider.check(slug, self.env == Environment::Development)?;
        }
        match self.env {
            Environment::Development => {
                if !self.listen.ip().is_loopback() {
                    return fail(
                        "In development the server listens on loopback only: set SAMTAL_LISTEN to 127.0.0.1:3000 or the like, or SAMTAL_ENV=production.",
                    );
                }
            }
            Environment::Production => {
                if self.secret_key_file.is_none() {
                    return fail(
                        "Production needs a secret: make one with `openssl rand -hex 32 > secret.key && chmod 600 secret.key` and set SAMTAL__SECRET_KEY_FILE to its path.",
                    );
                }
                if !self.secure() {
                    return fail("Production needs SAMTAL_PUBLIC_URL, and it must begin with https://.");
                }
                if rustix::process::geteuid().is_root() {
                    return fail("In production Samtal does not run as root: start it as a user of its own.");
                }
            }
        }
        Ok(())
    }

    /// The bounds that capabilities keep.
    pub fn limits(&self) -> Limits {
        let minutes = |minutes: u32| time::Duration::minutes(minutes.into());
        Limits {
            session: SessionLifetime {
                absolute: minutes(self.session.absolute_minutes),
                idle: minutes(self.session.idle_minutes),
            },
            attempts: AttemptLimits {
                account: self.sign_in.account_failures,
                account_everywhere: self.sign_in.account_failures_everywhere,
                sign_ups: self.sign_in.sign_ups,
                address: self.sign_in.address_failures,
                window: minutes(self.sign_in.window_minutes),
            },
            calls: Calls { total: self.models.at_once, each: self.models.of_a_company },
            request: Some(std::time::Duration::from_secs(self.server.request_timeout_s)),
        }
    }

    /// The way of letters: by the mail server that is set, or into the outbox.
    ///
    /// # Errors
    /// A sentence that names the setting.
    pub fn mailer(&self) -> Result<Mailer, ConfigError> {
        match (&self.mail.smtp, &self.mail.from) {
            (Some(smtp), Some(from)) => Mailer::smtp(smtp, from).map_err(|e| ConfigError(format!("Setting: {e}."))),
            (None, None) => Ok(Mailer::outbox()),
            _ => Err(ConfigError("mail.smtp and mail.from go together: set both, or none.".to_owned())),
        }
    }

    /// The providers by whose word one signs in.
    pub fn providers(&self) -> Vec<Offered> {
        self.sign_on.iter().map(|(slug, provider)| provider.offered(slug)).collect()
    }

    /// Whether letters that go nowhere may be read on a page.
    pub fn outbox(&self) -> bool {
        self.env == Environment::Development
    }

    /// Whether cookies are for https alone.
    pub fn secure(&self) -> bool {
        self.public_url.as_ref().is_some_and(PublicUrl::secure)
    }

    /// Whether Samtal brings its own PostgreSQL.
    pub fn embedded(&self) -> bool {
        self.database.url.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::from(Path::new("there/is/no/such.toml"), pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())))
    }

    #[test]
    fn the_environment_is_read() -> Result<(), ConfigError> {
        let config = from(&[
            ("SAMTAL_LISTEN", "127.0.0.1:0"),
            ("SAMTAL__SIGN_IN__ACCOUNT_FAILURES", "3"),
            ("SAMTAL__SERVER__TRUSTED_PROXIES", "127.0.0.1,::1"),
            ("SAMTAL__DATABASE__PREPARED", "false"),
            // The third is for `samtal migrate` alone.
            ("DATABASE_URL", "postgres://x"),
            ("SAMTAL__DATABASE__PLATFORM_URL", "postgres://y"),
            ("HOME", "/nowhere"),
        ])?;
        assert_eq!(config.listen.port(), 0);
        assert_eq!(config.sign_in.account_failures, 3);
        assert_eq!(config.server.trusted_proxies.len(), 2);
        assert!(!config.database.prepared && !config.embedded());
        Ok(())
    }

    fn livekit(url: &str) -> [(&str, &str); 3] {
        [
            ("SAMTAL__MEDIA__LIVEKIT__URL", url),
            ("SAMTAL__MEDIA__LIVEKIT__KEY", "devkey"),
            ("SAMTAL__MEDIA__LIVEKIT__SECRET_FILE", "there/is/no/such/file"),
        ]
    }

    #[test]
    fn a_livekit_server_is_read() -> Result<(), ConfigError> {
        for (url, places) in [
            ("wss://LiveKit.example:443/", ["wss://livekit.example", "https://livekit.example"]),
            ("ws://127.0.0.1:7880", ["ws://127.0.0.1:7880", "http://127.0.0.1:7880"]),
        ] {
            let config = from(&livekit(url))?;
            let kit = config.media.livekit().map(LiveKit::places);
            assert_eq!(kit, Some(places.map(str::to_owned).to_vec()));
        }
        let config = from(&livekit("wss://livekit.example"))?;
        let unread = config.media.livekit().map(LiveKit::settings);
        assert!(matches!(unread, Some(Err(error)) if error.to_string().contains("no/such/file")));
        let off = from(&[&livekit("wss://livekit.example")[..], &[("SAMTAL__MEDIA__ENABLED", "false")]].concat())?;
        assert!(off.media.livekit().is_none());
        Ok(())
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (pairs, words) in [
            (&[("SAMTAL_LISTNE", "x")][..], "SAMTAL_LISTNE"),
            (&[("SAMTAL__SERVER__CONECTIONS", "1")], "conections"),
            (&[("SAMTAL__NOTHING", "1")], "nothing"),
            (&[("SAMTAL__SIGN_IN__WINDOW_MINUTES", "0")], "sign_in.window_minutes"),
            (&[("SAMTAL__SERVER__SOCKETS__CONTACTS_PER_ADDRESS", "0")], "contacts_per_address"),
            (&[("SAMTAL_LISTEN", "here")], "listen"),
            (&[("SAMTAL_PUBLIC_URL", "https://talk.example/samtal")], "SAMTAL_PUBLIC_URL"),
            (&[("SAMTAL_LISTEN", "0.0.0.0:3000")], "loopback"),
            (&[("DATABASE_URL", "postgres://x")], "go together"),
            (&[("SAMTAL__DATABASE__ADMIN_URL", "postgres://x")], "go together"),
            (&[("DATABASE_URL", "postgres://x"), ("SAMTAL__DATABASE__ADMIN_URL", "postgres://x")], "go together"),
            (&[("SAMTAL__MAIL__FROM", "a@example.com")], "mail.smtp"),
            (&[("SAMTAL__MAIL__SMTP", "mail.example.com"), ("SAMTAL__MAIL__FROM", "a@example.com")], "mail.smtp"),
            (&[("SAMTAL__MAIL__SMTP", "smtp://h"), ("SAMTAL__MAIL__FROM", "nobody")], "mail.from"),
            (&[("SAMTAL__MEDIA__THREADS", "0")], "media.threads"),
            (&[("SAMTAL__MEDIA__PEOPLE", "0")], "media.people"),
            (&[("SAMTAL__MEDIA__STUN", "http://stun.example")], "media.stun"),
            (&[("SAMTAL__MEDIA__TURN", "turn:turn.example")], "media.turn_secret"),
            (&[("SAMTAL__MEDIA__LIVEKIT__KEY", "devkey")], "media.livekit.url"),
            (&livekit("https://livekit.example"), "media.livekit.url"),
            (&livekit("wss://livekit.example/there"), "media.livekit.url"),
            (&livekit("ws://livekit.example"), "wss://"),
            (&[&livekit("wss://livekit.example")[..], &[("SAMTAL__MEDIA__LIVEKIT__API", "wss://x")]].concat(), ".api"),
            (&livekit("wss://livekit.example")[..2], "media.livekit.secret_file"),
            (&livekit("wss://livekit.example")[..1], "media.livekit.key"),
            (
                &[("SAMTAL__MAIL__SMTP", "smtp://u:p@h?tls=none"), ("SAMTAL__MAIL__FROM", "a@example.com")],
                "in the clear",
            ),
            (&[("SAMTAL__SIGN_ON__GOOGLE__CLIENT_ID", "")], "sign_on.google.client_id"),
            (&[("SAMTAL__SIGN_ON__OKTA__CLIENT_ID", "x")], "sign_on.okta.issuer"),
            (&[("SAMTAL__SIGN_ON__MICROSOFT__CLIENT_ID", "x")], "sign_on.microsoft.issuer"),
            (
                &[("SAMTAL__SIGN_ON__A__CLIENT_ID", "x"), ("SAMTAL__SIGN_ON__A__ISSUER", "http://id.example.com")],
                "sign_on.a.issuer",
            ),
            (
                &[("SAMTAL__SIGN_ON__A_B__CLIENT_ID", "x"), ("SAMTAL__SIGN_ON__A_B__ISSUER", "https://id.example.com")],
                "sign_on.a_b",
            ),
            (&[("SAMTAL_ENV", "production")], "SECRET_KEY_FILE"),
            (
                &[("SAMTAL_ENV", "production"), ("SAMTAL__SECRET_KEY_FILE", "k"), ("SAMTAL_PUBLIC_URL", "http://x")],
                "https",
            ),
        ] {
            let error = from(pairs).map(|_| ()).map_err(|e| e.to_string());
            assert!(
                error.as_ref().is_err_and(|e| e.to_lowercase().contains(&words.to_lowercase())),
                "{pairs:?}: {error:?}"
            );
        }
    }
}
