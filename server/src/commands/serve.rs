//! `samtal serve`.

use super::{demo, say, signalled};
use crate::boot::descriptors;
use crate::boot::privileges::Folders;
use crate::boot::{self, BootError, Database, Role};
use crate::config::{Config, Environment, NoPublicUrl};
use crate::edge::body::RECEIVING;
use crate::edge::listener;
use crate::files::Files;
use crate::router;
use crate::state::App;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::DirBuilderExt as _;
use std::{fs::DirBuilder, io, process::ExitCode, time::Duration};
use store::jobs::run_schedules;

/// Options of `serve`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Make the demo tenant, if there is none, and print how to sign in (development only).
    #[arg(long)]
    with_demo: bool,
}

/// Opens the socket. Before root is left, so that a port below 1024 is possible.
///
/// # Errors
/// A sentence that says what to do when the port is taken.
pub fn bind(config: &Config) -> Result<TcpListener, BootError> {
    let listen = config.listen;
    let socket = TcpListener::bind(listen).map_err(|e| not_listening(listen, &e))?;
    socket.set_nonblocking(true).map_err(|e| BootError::Other(format!("cannot listen on {listen}: {e}")))?;
    Ok(socket)
}

/// Why nothing can listen there, and what to do.
pub(super) fn not_listening(listen: SocketAddr, error: &io::Error) -> BootError {
    BootError::Other(match error.kind() {
        io::ErrorKind::AddrInUse => format!(
            "something else listens on {listen} already. Stop it, or choose another port with SAMTAL_LISTEN (port 0 takes a free one)."
        ),
        io::ErrorKind::PermissionDenied => {
            format!("this user may not listen on {listen}. Choose a port above 1023 with SAMTAL_LISTEN.")
        }
        _ => format!("cannot listen on {listen}: {error}"),
    })
}

/// Serves until a signal says stop.
///
/// # Errors
/// See [`BootError`].
pub async fn run(
    mut config: Config,
    folders: Folders,
    socket: TcpListener,
    files: Files,
    args: Args,
) -> Result<ExitCode, BootError> {
    if args.with_demo && config.env == Environment::Production {
        return Err(BootError::Other(
            "--with-demo makes a tenant with a known password; it is for development only.".into(),
        ));
    }
    // From here on a signal stops politely, also in the middle of starting.
    let stop = signalled()?;

    descriptors::fit(&mut config);
    if config.database.admin_url.is_some() {
        tracing::warn!(
            "SAMTAL__DATABASE__ADMIN_URL is set (database.admin_url): the login that owns the schema is for `samtal migrate` alone; \
             leave it out where `samtal serve` runs"
        );
    }
    let address = socket.local_addr().map_err(|e| BootError::Other(e.to_string()))?;
    let url = match config.public_url.take() {
        Some(url) => url,
        None => format!("http://{address}").parse().map_err(|e: NoPublicUrl| BootError::Other(e.to_string()))?,
    };
    config.public_url = Some(url.clone());
    if folders.moved {
        tracing::info!(folder = %folders.data_dir.display(), "the user samtal cannot enter the data folder or PostgreSQL's programs: data is here instead");
    }
    let receiving = config.data_dir.join(RECEIVING);
    DirBuilder::new().recursive(true).mode(0o700).create(&receiving).map_err(|e| {
        BootError::Other(format!(
            "cannot make {}, where files are received: {e}. Set SAMTAL_DATA_DIR.",
            receiving.display()
        ))
    })?;
    if config.embedded() {
        tracing::info!(folder = %config.data_dir.display(), "starting PostgreSQL");
    }
    let database = Database::open(&config, Role::Supervisor).await?;
    let started = start(config, &database, files, args).await;
    let app = match started {
        Ok(app) => app,
        Err(error) => {
            database.close().await?;
            return Err(error);
        }
    };
    let schedules = tokio::spawn(keep_schedules(app.clone()));
    let listener = tokio::net::TcpListener::from_std(socket).map_err(|e| BootError::Other(e.to_string()))?;
    say(format_args!("Samtal is at {url}"))?;
    let (going_on, over) = tokio::sync::oneshot::channel::<()>();
    let worker = app.capabilities.worker(app.config.jobs);
    let patience = Duration::from_secs(app.config.server.shutdown_s);
    let worker = tokio::spawn(async move { worker.run(async { drop(over.await) }, patience).await });
    let sockets = app.sockets.clone();
    let stop = async move {
        stop.await;
        // Sockets are no requests in progress: they are told to come back, before the listener waits for those.
        sockets.stop(Duration::from_secs(2)).await;
    };
    listener::serve(listener, router::build(&app), &app.config.server, stop).await;
    // Changes for whose answers nobody waits any more.
    let _ = tokio::time::timeout(Duration::from_secs(2), app.admission.empty()).await;
    schedules.abort();
    drop(going_on);
    if worker.await.is_err() {
        tracing::error!("the worker ended with a fault; what it had begun begins again");
    }
    app.capabilities.services.store.close().await;
    database.close().await?;
    Ok(ExitCode::SUCCESS)
}

async fn start(config: Config, database: &Database, files: Files, args: Args) -> Result<App, BootError> {
    let store = database.prepare(&config).await?;
    let app = boot::app(config, store, files)?;
    if app.assets.bundle.is_none() {
        tracing::warn!("no bundle in target/bundle: pages have no style until `scripts/cargo xtask bundle` has run");
    }
    boot::media(&app).await?;
    if args.with_demo {
        demo::ensure(&app).await?;
    }
    Ok(app)
}

/// Does what is done again and again, when it is due.
async fn keep_schedules(app: App) {
    let schedules = app.capabilities.schedules();
    let mut every = tokio::time::interval(Duration::from_secs(30));
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        if let Err(error) = run_schedules(&app.capabilities.services, &schedules).await {
            tracing::warn!(%error, "what is due could not be read; the next look will");
        }
    }
}
