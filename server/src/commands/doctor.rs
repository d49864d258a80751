//! `samtal doctor`: says what is wrong, and how to mend it. Changes nothing in the database and makes
//! none.

use super::say;
use crate::boot::{self, BootError, Database, Role};
use crate::config::{Config, Environment};
use identity::Offered;
use meetings::LiveKit;
use model::RequestId;
use sign_on::{Outbound, SignOn};
use std::{fmt::Display, path::Path, process::ExitCode};
use store::embedded::Embedded;
use store::jobs::{DEAD, Dead};
use store::services::{Clock as _, SystemClock};
use store::{Store, StoreError};
use uuid::Uuid;

/// Bytes below which PostgreSQL may soon have no room to write: its log alone takes 16 MB pieces.
const LITTLE_ROOM: u64 = 500 * 1024 * 1024;

/// Looks at everything that `serve` needs.
///
/// # Errors
/// When the findings cannot be printed.
pub async fn run(config: &Config) -> Result<ExitCode, BootError> {
    let mut wrong = 0;
    say("ok     settings")?;
    wrong += mail(config).await?;
    wrong += providers(config).await?;
    wrong += livekit(config).await?;
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
    let store = database.store(config);
    wrong +=
        look_at(&store, if config.embedded() { "embedded PostgreSQL" } else { "PostgreSQL at DATABASE_URL" }).await?;
    store.close().await;
    database.close().await?;
    Ok(verdict(wrong))
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

async fn look_at(store: &Store, kind: &str) -> Result<usize, BootError> {
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
    Ok(walls + jobs(store).await?)
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
    let Some(there) = data_dir.ancestors().find(|path| path.exists()) else { return Ok(0) };
    match rustix::fs::statvfs(there) {
        Ok(disk) if disk.f_bavail.saturating_mul(disk.f_frsize) < LITTLE_ROOM => {
            let left = disk.f_bavail.saturating_mul(disk.f_frsize) / (1024 * 1024);
            let folder = data_dir.display();
            found(
                "wrong",
                format_args!("disk: {left} MB are left for {folder}; without room PostgreSQL stops. Free some."),
            )
        }
        Ok(_) => found("ok", "disk"),
        Err(error) => found("wrong", format_args!("disk: {} cannot be looked at: {error}", there.display())),
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
