//! From settings to a running application: the database, the services, the capabilities. Every command that touches
//! rows starts here.

mod database;
pub mod descriptors;
mod owner;
pub mod privileges;

pub use database::{Database, Role};
pub use owner::owner;

use crate::assets;
use crate::config::{Config, ConfigError, Environment, PublicUrl};
use crate::files::Files;
use crate::state::App;
use capabilities::{Adapters, Capabilities};
use identity::{Passwords, Post, Providers};
use knowledge::Embedder;
use meetings::{LiveKit, MediaSettings};
use privileges::Folders;
use sign_on::{Names, Outbound, SignOn};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use store::embedded::Programs;
use store::sealing::Sealer;
use store::secret_key::SecretKey;
use store::services::SystemClock;
use store::{Services, Store, vendor};

/// Something that the command cannot go on without. One sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// A setting.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Leaving root.
    #[error(transparent)]
    Privileges(#[from] privileges::PrivilegeError),
    /// The embedded PostgreSQL.
    #[error(transparent)]
    Embedded(#[from] store::embedded::EmbeddedError),
    /// The database.
    #[error("{0}")]
    Store(#[from] store::StoreError),
    /// The secret.
    #[error(transparent)]
    Secret(#[from] store::secret_key::SecretKeyError),
    /// Identity.
    #[error("{0}")]
    Identity(#[from] identity::IdentityError),
    /// Requests to others.
    #[error("{0}")]
    Outbound(#[from] sign_on::OutboundError),
    /// Anything else, in words.
    #[error("{0}")]
    Other(String),
}

/// Leaves root and settles where data and programs are; `keeps` says whether the command keeps data. Call before any thread is started.
///
/// # Errors
/// See [`BootError`].
pub fn settle(config: &mut Config, keeps: bool) -> Result<Folders, BootError> {
    let programs = programs(config).ok();
    if let Some(livekit) = &mut config.media.livekit {
        livekit.read_ahead();
    }
    let places = privileges::leave_root(&config.data_dir, programs.as_ref().map(Programs::root), keeps)?;
    config.data_dir.clone_from(&places.data_dir);
    if let Some(vendor) = &places.vendor_dir {
        config.vendor_dir = Some(vendor.clone());
    }
    Ok(places)
}

/// Finds PostgreSQL's programs.
///
/// # Errors
/// A sentence that names the folder and the command that brings them.
pub fn programs(config: &Config) -> Result<Programs, BootError> {
    let exe =
        std::env::current_exe().map_err(|e| BootError::Other(format!("cannot find this program's own path: {e}")))?;
    Ok(Programs::find(config.vendor_dir.as_deref(), &exe)?)
}

/// The file of the installation's secret.
pub fn key_file(config: &Config) -> PathBuf {
    config.secret_key_file.clone().unwrap_or_else(|| config.data_dir.join("secret.key"))
}

/// The embedding model, where it is.
///
/// # Errors
/// A sentence that names the folders in which it was sought.
pub fn embedder(config: &Config) -> Result<Embedder, String> {
    let exe = std::env::current_exe().unwrap_or_default();
    Embedder::start(&vendor::folders(config.vendor_dir.as_deref(), &exe)).map_err(|error| error.to_string())
}

/// The application over a store.
///
/// # Errors
/// See [`BootError`].
pub fn app(config: Config, store: Store, files: Files) -> Result<App, BootError> {
    let file = key_file(&config);
    let secret =
        if config.secret_key_file.is_some() { SecretKey::read(&file)? } else { SecretKey::read_or_make(&file)? };
    let outbound = Outbound::new(config.outbound.private_addresses)?;
    let adapters = Adapters {
        secret,
        sealer: Sealer::of_file(&file)?,
        passwords: Passwords::start(config.sign_in.hash_threads, config.sign_in.hash_queue)?,
        post: Post {
            mailer: config.mailer()?,
            address: config
                .public_url
                .as_ref()
                .map_or_else(|| format!("http://{}", config.listen), PublicUrl::to_string),
        },
        providers: Providers::new(SignOn::new(outbound.clone()), config.providers())
            .with_names(Names::by(config.outbound.dns)),
        outbound,
        embedder: embedder(&config)
            .inspect_err(|error| tracing::warn!(%error, "documents are searched by their words alone"))
            .ok(),
    };
    let services = Services::new(store, Arc::new(SystemClock), &adapters.secret);
    let capabilities = Capabilities::build(services, adapters, config.limits());
    Ok(App::new(config, capabilities, files, assets::load(files)))
}

/// What is wrong where media of meetings is out of reach.
pub const OUT_OF_REACH: &str = "media of meetings listens on loopback only: set media.listen to 0.0.0.0:40000, and media.announce to the address that browsers reach";

/// Whether media of meetings would listen where no browser reaches it.
pub fn out_of_reach(config: &Config, settings: &MediaSettings) -> bool {
    config.env == Environment::Production && settings.listen.ip().is_loopback() && settings.announce.is_empty()
}

/// Why media of meetings cannot be carried there, and what to do.
pub fn no_media(settings: &MediaSettings, error: &io::Error) -> BootError {
    BootError::Other(format!(
        "cannot carry media of meetings at {} ({} ports from there, UDP and TCP): {error}. Set media.listen, or media.enabled to false.",
        settings.listen, settings.threads
    ))
}

/// Begins to carry the media of meetings, where this server is to, or has a LiveKit server do so. In development another port is taken where the usual one is not free, as
/// where two servers run on one machine.
///
/// # Errors
/// In production, a sentence where it cannot listen; or where LiveKit's secret cannot be read.
pub async fn media(app: &App) -> Result<(), BootError> {
    let config = &app.config;
    if !config.media.enabled {
        return Ok(());
    }
    let meetings = &app.capabilities.meetings;
    if let Some(livekit) = config.media.livekit() {
        // It is the operator's, and may be anywhere.
        meetings.carry_by(LiveKit::new(livekit.settings()?, Outbound::new(false)?), &config.media.limits());
        return Ok(());
    }
    let mut settings = config.media.settings(config.listen);
    let at = settings.listen;
    if out_of_reach(config, &settings) {
        tracing::warn!(%at, "{OUT_OF_REACH}");
    }
    let error = match meetings.carry(&settings, config.media.ice()).await {
        Ok(()) => return Ok(()),
        Err(error) => error,
    };
    if config.env == Environment::Production {
        return Err(no_media(&settings, &error));
    }
    settings.listen.set_port(0);
    match meetings.carry(&settings, config.media.ice()).await {
        Ok(()) => tracing::info!(%at, %error, "media of meetings is carried at other ports"),
        Err(error) => tracing::warn!(%error, "no media of meetings is carried"),
    }
    Ok(())
}
