//! `samtal doctor`: says what is wrong, and how to mend it. Changes nothing in the database and makes
//! none. It may be asked while the server runs, and says the same then.

use super::{say, serve};
use crate::boot::{self, BootError, Database, Role};
use crate::config::{Config, Environment};
use crate::readiness;
use http::{Request, StatusCode};
use identity::Offered;
use meetings::{LiveKit, MediaSettings};
use model::RequestId;
use sign_on::{Outbound, SignOn, Whose};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::time::Duration;
use std::{fmt::Display, io, path::Path, process::ExitCode, sync::Arc};
use store::audit::{self, Break, Verdict};
use store::embedded::Embedded;
use store::jobs::{DEAD, Dead};
use store::secret_key::SecretKey;
use store::services::{Clock as _, SystemClock};
use store::{Services, Store, StoreError};
use uuid::Uuid;

/// Bytes below which PostgreSQL may soon have no room to write: its log alone takes 16 MB pieces.
const LITTLE_ROOM: u64 = 500 * 1024 * 1024;

/// How long a server may take to say that it is alive, and how much it may say.
const PATIENCE: Duration = Duration::from_secs(3);
const MOST: usize = 4 * 1024;

/// Audit logs that are looked at, until one tells whose the secret is.
const LOGS: usize = 10;

/// The installation's secret, as `serve` would find it.
enum Secret {
    /// In its file.
    There(SecretKey),
    /// Nowhere: `serve` makes one.
    Missing,
    /// Not to be had: `serve` refuses.
    Unusable,
}

/// Whether the address can be listened on. Before root is left, as `serve` does.
///
/// # Errors
/// The system's.
pub fn try_port(config: &Config) -> io::Result<()> {
    TcpListener::bind(config.listen).map(drop)
}

/// Looks at everything that `serve` needs. `listens` is what [`try_port`] has found.
///
/// # Errors
/// When the findings cannot be printed.
pub async fn run(config: &Config, listens: io::Result<()>) -> Result<ExitCode, BootError> {
    say("ok     settings")?;
    let (mut wrong, running) = web(config.listen, listens).await?;
    wrong += media(config, running)?;
    search(config)?;
    wrong += mail(config).await?;
    wrong += providers(config).await?;
    wrong += livekit(config).await?;
    let (unusable, secret) = secret(config)?;
    wrong += unusable;
    if config.embedded() {
        wrong += room(&config.data_dir)?;
        if !Embedded::is_made(&config.data_dir) {
            // Opening it would make it.
            wrong += match boot::programs(config) {
                Ok(_) => found("ok", "PostgreSQL's programs")?,
                Err(error) => found("wrong", format_args!("PostgreSQL's programs: {error}"))?,
            };
            let folder = config.data_dir.display();
            say(format_args!("ok     there is no database in {folder} yet: the first `samtal serve` makes it"))?;
            return Ok(verdict(wrong));
        }
    }
    let database = match Database::open(config, Role::Guest).await {
        Ok(database) => database,
        Err(error) => {
            wrong += found("wrong", format_args!("database: {error}"))?;
            return Ok(verdict(wrong));
        }
    };
    let kept_out = database.kept_out().await;
    if !kept_out.is_empty() {
        for sentence in &kept_out {
            wrong += found("wrong", format_args!("database: {sentence}"))?;
        }
        database.close().await?;
        return Ok(verdict(wrong));
    }
    let store = database.store(config);
    let kind = if config.embedded() { "embedded PostgreSQL" } else { "PostgreSQL at DATABASE_URL" };
    wrong += look_at(&store, kind, &boot::key_file(config), &secret).await?;
    store.close().await;
    database.close().await?;
    Ok(verdict(wrong))
}

/// Whether the address is free, or a server is there already; and whether one is.
async fn web(listen: SocketAddr, listens: io::Result<()>) -> Result<(usize, bool), BootError> {
    let Err(error) = listens else { return Ok((found("ok", format_args!("{listen} can be listened on"))?, false)) };
    if error.kind() == io::ErrorKind::AddrInUse && is_alive(listen).await? {
        return Ok((found("ok", format_args!("a Samtal answers at {listen}"))?, true));
    }
    Ok((found("wrong", serve::not_listening(listen, &error))?, false))
}

/// Whether a Samtal answers there: by its `/healthz`, and the id that it gives to requests.
async fn is_alive(listen: SocketAddr) -> Result<bool, BootError> {
    let Ok(request) = Request::get(format!("http://{listen}/healthz")).body(Vec::new()) else { return Ok(false) };
    let Ok(answer) = Outbound::within(false, PATIENCE)?.ask(Whose::Operator, request, MOST).await else {
        return Ok(false);
    };
    let id = answer.headers().get("x-request-id").and_then(|id| id.to_str().ok());
    Ok(answer.status() == StatusCode::OK && id.is_some_and(|id| id.starts_with("req_")))
}

/// Whether media of meetings can be carried, where this program does.
fn media(config: &Config, running: bool) -> Result<usize, BootError> {
    if !config.media.enabled || config.media.livekit().is_some() {
        return Ok(0);
    }
    let settings = config.media.settings(config.listen);
    if boot::out_of_reach(config, &settings) {
        found("warn", boot::OUT_OF_REACH)?;
    }
    let at = settings.listen;
    match try_media(&settings) {
        Ok(()) => found("ok", format_args!("media of meetings at {at}")),
        Err(error) if running && error.kind() == io::ErrorKind::AddrInUse => {
            found("ok", format_args!("media of meetings: {at} is taken, as where a Samtal runs"))
        }
        Err(error) if config.env == Environment::Production => found("wrong", boot::no_media(&settings, &error)),
        Err(error) => found("ok", format_args!("media of meetings: not at {at} ({error}), but at other ports")),
    }
}

/// Listens as media does (`crates/media/src/server.rs`), and gives the ports back.
fn try_media(settings: &MediaSettings) -> io::Result<()> {
    for place in 0..settings.threads.max(1) {
        let mut at = settings.listen;
        if at.port() != 0 {
            let port = u16::try_from(place).ok().and_then(|place| at.port().checked_add(place));
            at.set_port(port.ok_or_else(|| io::Error::other("there are not so many ports"))?);
        }
        let datagrams = UdpSocket::bind(at)?;
        TcpListener::bind(datagrams.local_addr()?)?;
    }
    Ok(())
}

/// Whether documents are searched by their meaning.
fn search(config: &Config) -> Result<usize, BootError> {
    match boot::embedder(config) {
        Ok(_) => found("ok", "search by meaning"),
        Err(error) => found("warn", format_args!("documents are searched by their words alone: {error}")),
    }
}

/// The secret, opened as `serve` opens it, but never made.
fn secret(config: &Config) -> Result<(usize, Secret), BootError> {
    let file = boot::key_file(config);
    if config.secret_key_file.is_none() && !file.exists() {
        return Ok((0, Secret::Missing));
    }
    // Every line of it.
    Ok(match SecretKey::read(&file) {
        Ok(key) => (found("ok", "secret key file")?, Secret::There(key)),
        Err(error) => (found("wrong", error)?, Secret::Unusable),
    })
}

/// Whether letters reach their readers.
async fn mail(config: &Config) -> Result<usize, BootError> {
    let mailer = config.mailer()?;
    if !mailer.delivers() {
        return found(
            if config.env == Environment::Production { "warn" } else { "ok" },
            "no mail server is set (mail.smtp, mail.from): addresses are not confirmed, and who loses a password stays out",
        );
    }
    match mailer.check().await {
        Ok(()) => found("ok", "mail server"),
        Err(error) => found("wrong", format_args!("mail server: {error}; look at mail.smtp")),
    }
}

/// Whether the providers answer by whose word one signs in.
async fn providers(config: &Config) -> Result<usize, BootError> {
    let speaks = SignOn::new(Outbound::new(config.outbound.private_addresses)?);
    let mut wrong = 0;
    for Offered { slug, title, provider } in config.providers() {
        wrong += match speaks.try_out(&provider).await {
            Ok(()) => found("ok", format_args!("sign-in with {title}"))?,
            Err(error) => found("wrong", format_args!("sign-in with {title}: {error}; look at sign_on.{slug}.issuer"))?,
        };
    }
    Ok(wrong)
}

/// Whether the LiveKit server answers that carries media, and knows the key.
async fn livekit(config: &Config) -> Result<usize, BootError> {
    let Some(livekit) = config.media.livekit() else { return Ok(0) };
    let settings = match livekit.settings() {
        Ok(settings) => settings,
        Err(error) => return found("wrong", error),
    };
    let livekit = LiveKit::new(settings, Outbound::new(false)?);
    match livekit.participants("samtal.doctor", SystemClock.now().unix_timestamp()).await {
        Ok(_) => found("ok", "LiveKit"),
        Err(error) => found("wrong", format_args!("LiveKit: {error}; look at media.livekit")),
    }
}

async fn look_at(store: &Store, kind: &str, file: &Path, secret: &Secret) -> Result<usize, BootError> {
    match store.check_schema().await {
        Ok(()) => {
            say(format_args!("ok     {kind} answers"))?;
            say("ok     schema")?;
        }
        Err(StoreError::Schema(text)) => {
            say(format_args!("ok     {kind} answers"))?;
            return found("wrong", format_args!("schema: {text}"));
        }
        Err(error) => return found("wrong", format_args!("{kind}: {error}")),
    }
    let walls = match store.violations().await {
        Ok(open) if open.is_empty() => found("ok", "walls between tenants")?,
        Ok(open) => {
            for violation in &open {
                say(format_args!("wrong  walls between tenants: {violation}"))?;
            }
            say(
                "       A table or a right was changed by hand. Undo it; `samtal migrate` gives back what migrations give.",
            )?;
            open.len()
        }
        Err(error) => found("wrong", format_args!("walls between tenants: {error}"))?,
    };
    Ok(walls + jobs(store).await? + belongs(store, file, secret).await?)
}

/// Whether the secret is the one that this database was written with, as `samtal audit verify` would see it: by the first log that tells.
async fn belongs(store: &Store, file: &Path, secret: &Secret) -> Result<usize, BootError> {
    let key = match secret {
        Secret::There(key) => key.clone(),
        // Nothing is verified by it: it is only asked whether there is anything.
        Secret::Missing => SecretKey::from_bytes([0; 32]),
        Secret::Unusable => return Ok(0),
    };
    let services = Services::new(store.clone(), Arc::new(SystemClock), &key);
    // No request asks for it.
    let request = RequestId::from_uuid(Uuid::nil());
    let file = file.display();
    let tenants = match audit::tenants(&services, request, None).await {
        Ok(tenants) => tenants,
        Err(error) => return found("wrong", format_args!("secret key: {error}")),
    };
    if matches!(secret, Secret::Missing) {
        return if tenants.is_empty() {
            found("ok", "there is no secret key file yet: the next `samtal serve` makes it")
        } else {
            found(
                "wrong",
                format_args!(
                    "the secret key file {file} is not there, and the database was written with it: put it back from a copy. \
                     `samtal serve` would make another, by which no API key works and nothing opens that is sealed."
                ),
            )
        };
    }
    let mut another = false;
    for tenant in tenants.into_iter().take(LOGS) {
        match audit::verify(&services, request, tenant).await {
            Ok(Some(verdict)) => match written_with(&verdict) {
                Some(true) => return found("ok", "secret key: it is this database's"),
                Some(false) => another = true,
                None => {}
            },
            // It has gone since.
            Ok(None) => {}
            Err(error) => return found("wrong", format_args!("secret key: {error}")),
        }
    }
    if another {
        return found(
            "wrong",
            format_args!(
                "the secret key file {file} is not the one that this database was written with: no API key works, and nothing \
                 opens that is sealed. Put that one back. (`samtal audit verify` says more.)"
            ),
        );
    }
    // Nothing is written yet that tells.
    Ok(0)
}

/// Whether a log was written with the key that it was verified with. `None` where nothing of it could be verified.
fn written_with(verdict: &Verdict) -> Option<bool> {
    let sound = match verdict {
        Verdict::Whole(number) | Verdict::Broken(number, Break::Head) => *number,
        // Those before it are what was written.
        Verdict::Broken(number, Break::Changed | Break::Missing) => number - 1,
    };
    if sound > 0 {
        return Some(true);
    }
    // A first entry that is there and cannot be verified.
    matches!(verdict, Verdict::Broken(_, Break::Changed)).then_some(false)
}

/// Whether there are jobs that were given up.
async fn jobs(store: &Store) -> Result<usize, BootError> {
    // No request asks for it.
    let dead = match store::jobs::dead(store, RequestId::from_uuid(Uuid::nil())).await {
        Ok(dead) => dead,
        Err(error) => return found("wrong", format_args!("jobs: {error}")),
    };
    if dead.is_empty() {
        return found("ok", "jobs");
    }
    for Dead { kind, jobs, error } in &dead {
        let why = error.as_deref().unwrap_or("nobody knows why");
        let days = DEAD.whole_days();
        found(
            "warn",
            format_args!("jobs: {jobs} of the kind {kind} were given up in the last {days} days, the last one: {why}"),
        )?;
    }
    Ok(0)
}

/// Whether the file system of the data folder, or of the folder that it will be made in, has room.
fn room(data_dir: &Path) -> Result<usize, BootError> {
    let folder = data_dir.display();
    match readiness::room(data_dir) {
        Ok(left) if left < LITTLE_ROOM => {
            let left = left / (1024 * 1024);
            found(
                "wrong",
                format_args!("disk: {left} MB are left for {folder}; without room PostgreSQL stops. Free some."),
            )
        }
        Ok(_) => found("ok", "disk"),
        Err(error) => found("wrong", format_args!("disk: {folder} cannot be looked at: {error}")),
    }
}

/// Prints a finding and counts what is wrong.
fn found(verdict: &str, what: impl Display) -> Result<usize, BootError> {
    say(format_args!("{verdict:<7}{what}"))?;
    Ok(usize::from(verdict == "wrong"))
}

fn verdict(wrong: usize) -> ExitCode {
    if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_verified_was_written_with_the_key() {
        for (verdict, told) in [
            (Verdict::Whole(3), Some(true)),
            (Verdict::Broken(3, Break::Head), Some(true)),
            (Verdict::Broken(2, Break::Changed), Some(true)),
            (Verdict::Broken(2, Break::Missing), Some(true)),
            (Verdict::Broken(1, Break::Changed), Some(false)),
            // Nothing is there to tell by.
            (Verdict::Whole(0), None),
            (Verdict::Broken(0, Break::Head), None),
            (Verdict::Broken(1, Break::Missing), None),
        ] {
            assert_eq!(written_with(&verdict), told, "{verdict:?}");
        }
    }

    #[test]
    fn ports_of_media_are_looked_at_and_given_back() -> io::Result<()> {
        let taken = UdpSocket::bind("127.0.0.1:0")?;
        let mut settings = Config::default().media.settings(taken.local_addr()?);
        settings.threads = 1;
        settings.listen = taken.local_addr()?;
        assert_eq!(try_media(&settings).map_err(|error| error.kind()), Err(io::ErrorKind::AddrInUse));
        settings.listen.set_port(0);
        for _ in 0..2 {
            try_media(&settings)?;
        }
        Ok(())
    }
}
