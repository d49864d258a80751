//! The smaller sections of the settings.

use super::{ConfigError, LogFormat};
use identity::Offered;
use llm::Calls;
use meetings::{Ice, LiveKitSettings, MediaLimits, MediaSettings};
use serde::Deserialize;
use sign_on::{Provider, Whose};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use url::{Host, Url};
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
            tenant_percent: 25,
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

/// How many questions models are asked at once.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Models {
    /// By this process.
    pub at_once: usize,
    /// For one company.
    pub of_a_company: usize,
}

impl Default for Models {
    fn default() -> Self {
        let Calls { total, each } = Calls::default();
        Self { at_once: total, of_a_company: each }
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

/// How sound and pictures of meetings are carried.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Media {
    /// Whether this server does.
    pub enabled: bool,
    /// Where it listens: at this port and the next ones, one a thread, for datagrams and connections. Default: where the web server
    /// listens, at port 40000.
    pub listen: Option<SocketAddr>,
    /// What browsers are told to reach it at. Default: where it listens, or where this machine is.
    pub announce: Vec<IpAddr>,
    /// How many threads.
    pub threads: Option<usize>,
    /// Most people that it is carried for at once.
    pub people: usize,
    /// How many of them may be in meetings of one company, in percent.
    pub tenant_percent: usize,
    /// Servers that tell a browser its own address.
    pub stun: Vec<String>,
    /// Servers that carry for it.
    pub turn: Vec<String>,
    /// What these share with us.
    pub turn_secret: Option<Zeroizing<String>>,
    /// A LiveKit server that carries it instead of this one.
    pub livekit: Option<LiveKit>,
}

impl Default for Media {
    fn default() -> Self {
        Self {
            enabled: true,
            listen: None,
            announce: Vec::new(),
            threads: None,
            people: 1_000,
            tenant_percent: 25,
            stun: Vec::new(),
            turn: Vec::new(),
            turn_secret: None,
            livekit: None,
        }
    }
}

/// The secret does not print.
impl std::fmt::Debug for Media {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Media");
        shown.field("enabled", &self.enabled).field("listen", &self.listen).field("announce", &self.announce);
        shown.field("threads", &self.threads).field("people", &self.people);
        shown.field("tenant_percent", &self.tenant_percent).field("stun", &self.stun).field("turn", &self.turn);
        shown.field("turn_secret", &self.turn_secret.as_ref().map(|_| "…"));
        shown.field("livekit", &self.livekit).finish()
    }
}

/// The port at which media listens.
const MEDIA_PORT: u16 = 40_000;
/// Most threads that carry it where nothing is said.
const MEDIA_THREADS: usize = 4;
/// Characters that a secret of LiveKit's has at least.
const LIVEKIT_SECRET: usize = 32;

impl Media {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let fail = |text: &str| Err(ConfigError(text.to_owned()));
        if self.threads.is_some_and(|threads| threads == 0 || threads > 64) {
            return fail("media.threads is a number from 1 to 64.");
        }
        if self.announce.len() > 8 || self.stun.len() > 8 || self.turn.len() > 8 {
            return fail("media.announce, media.stun and media.turn have at most 8 addresses each.");
        }
        if !self.stun.iter().all(|url| url.starts_with("stun:") || url.starts_with("stuns:")) {
            return fail("media.stun has addresses like stun:stun.example.com:3478.");
        }
        if !self.turn.iter().all(|url| url.starts_with("turn:") || url.starts_with("turns:")) {
            return fail("media.turn has addresses like turn:turn.example.com:3478.");
        }
        if self.turn.is_empty() != self.turn_secret.is_none() {
            return fail(
                "media.turn and media.turn_secret go together: the secret is what the TURN server has as static-auth-secret.",
            );
        }
        self.livekit.as_ref().map_or(Ok(()), LiveKit::check)
    }

    /// The LiveKit server, if that is what carries it.
    pub fn livekit(&self) -> Option<&LiveKit> {
        self.livekit.as_ref().filter(|_| self.enabled)
    }

    /// As media takes it, beside a web server that listens there.
    pub fn settings(&self, web: SocketAddr) -> MediaSettings {
        let listen = self.listen.unwrap_or(SocketAddr::new(web.ip(), MEDIA_PORT));
        let announce = match self.announce.is_empty() && listen.ip().is_unspecified() {
            true => own_addresses(listen.ip()),
            false => self.announce.clone(),
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = self.threads.unwrap_or(cores.min(MEDIA_THREADS));
        MediaSettings { listen, announce, threads, limits: self.limits() }
    }

    /// For how many it is carried, and for how many of one company, whatever carries it.
    pub fn limits(&self) -> MediaLimits {
        let people_of_one = self.people.saturating_mul(self.tenant_percent.min(100)).div_ceil(100).max(1);
        MediaLimits { people: self.people, people_of_one, ..MediaLimits::default() }
    }

    /// Ways through networks.
    pub fn ice(&self) -> Ice {
        Ice {
            stun: self.stun.clone(),
            turn: self.turn.clone(),
            turn_secret: self.turn_secret.as_ref().map(|secret| secret.to_string()),
        }
    }
}

/// A LiveKit server.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LiveKit {
    /// Where browsers reach it.
    pub url: String,
    /// Where this server does. Default: the same.
    pub api: Option<String>,
    /// The name of the key.
    pub key: String,
    /// A file with what it signs with.
    pub secret_file: PathBuf,
    /// What was read of it ahead.
    #[serde(skip)]
    secret: Option<Zeroizing<String>>,
}

/// The secret does not print.
impl std::fmt::Debug for LiveKit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("LiveKit");
        shown.field("url", &self.url).field("api", &self.api).field("key", &self.key);
        shown.field("secret_file", &self.secret_file).finish_non_exhaustive()
    }
}

/// An address without a path, of one of these schemes, as browsers write it.
fn origin(address: &str, schemes: [&str; 2]) -> Option<Url> {
    let url = Url::parse(address).ok()?;
    let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    let nobody = url.username().is_empty() && url.password().is_none();
    (schemes.contains(&url.scheme()) && url.has_host() && bare && nobody).then_some(url)
}

/// Whether an address leads to this machine.
fn here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

impl LiveKit {
    fn check(&self) -> Result<(), ConfigError> {
        let fail = |text: &str| Err(ConfigError(text.to_owned()));
        let Some(url) = origin(&self.url, ["wss", "ws"]) else {
            return fail(
                "media.livekit.url is where browsers reach LiveKit, as wss://livekit.example.com, without a path.",
            );
        };
        if url.scheme() == "ws" && !here(&url) {
            return fail("media.livekit.url must begin with wss:// where LiveKit is on another machine.");
        }
        if self.api.as_deref().is_some_and(|api| origin(api, ["https", "http"]).is_none()) {
            return fail(
                "media.livekit.api is where this server reaches LiveKit, as https://livekit.example.com, without a path.",
            );
        }
        if self.key.trim().is_empty() {
            return fail("media.livekit.key is missing: the name of a key in LiveKit's own settings.");
        }
        if self.secret_file.as_os_str().is_empty() {
            return fail(
                "media.livekit.secret_file is missing: a file with the secret that goes with media.livekit.key.",
            );
        }
        Ok(())
    }

    /// What the policy of a page has to allow: where it is by socket, and by question.
    pub fn places(&self) -> Vec<String> {
        let Some(url) = origin(&self.url, ["wss", "ws"]) else { return Vec::new() };
        let socket = url.origin().ascii_serialization();
        let asked = socket.replacen("ws", "http", 1);
        vec![socket, asked]
    }

    /// Reads the secret, where that can be done just now: it may be readable for who starts the server alone, and not for whom that becomes.
    pub fn read_ahead(&mut self) {
        self.secret = self.read().ok();
    }

    fn read(&self) -> Result<Zeroizing<String>, ConfigError> {
        let fail =
            |why: String| ConfigError(format!("media.livekit.secret_file {}: {why}", self.secret_file.display()));
        let file = std::fs::metadata(&self.secret_file).map_err(|e| fail(e.to_string()))?;
        if file.permissions().mode() & 0o007 != 0 {
            return Err(fail("others can read it; run chmod 600 on it.".to_owned()));
        }
        let text = Zeroizing::new(std::fs::read_to_string(&self.secret_file).map_err(|e| fail(e.to_string()))?);
        if text.trim().len() < LIVEKIT_SECRET {
            return Err(fail(format!("LiveKit wants secrets of at least {LIVEKIT_SECRET} characters.")));
        }
        Ok(Zeroizing::new(text.trim().to_owned()))
    }

    /// As it is spoken with.
    ///
    /// # Errors
    /// A sentence, where the secret cannot be read.
    pub fn settings(&self) -> Result<LiveKitSettings, ConfigError> {
        let secret = self.secret.clone().map_or_else(|| self.read(), Ok)?;
        let [url, asked] = <[String; 2]>::try_from(self.places()).unwrap_or_default();
        let api = self.api.as_ref().map_or(asked, |api| api.trim_end_matches('/').to_owned());
        Ok(LiveKitSettings { url, api, key: self.key.clone(), secret })
    }
}

/// The addresses by which this machine reaches others, and so mostly is reached: as the system chooses them for a way to an address that is
/// kept for examples (RFC 5737, RFC 3849). Nothing is sent there. Where it listens by IPv4 alone, browsers are told of no other way.
fn own_addresses(listens: IpAddr) -> Vec<IpAddr> {
    let ways = [("0.0.0.0:0", "192.0.2.1:9"), ("[::]:0", "[2001:db8::1]:9")];
    let own = ways.into_iter().filter_map(|(from, to)| {
        let socket = UdpSocket::bind(from).ok()?;
        socket.connect(to).ok()?;
        Some(socket.local_addr().ok()?.ip())
    });
    let mut own: Vec<_> = own.filter(|ip| !ip.is_unspecified() && (ip.is_ipv4() || listens.is_ipv6())).collect();
    if own.is_empty() {
        own.push(IpAddr::from([127, 0, 0, 1]));
    }
    own
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
