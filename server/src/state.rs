//! What handlers share: one for each process, made by `boot`.

use crate::config::Config;
use crate::files::Files;
use crate::limits::api::ApiRates;
use crate::limits::sockets::Sockets;
use crate::readiness::Readiness;
use app::ui::Assets;
use capabilities::Capabilities;
use model::TenantId;
use shares::{Network, Places, Waiting};
use std::ops::Deref;
use std::sync::Arc;

/// Questions with pictures that are worked on at once: each takes some 20 MB.
pub const PICTURES: usize = 16;

/// The application, as handlers hold it.
#[derive(Debug, Clone)]
pub struct App(Arc<State>);

/// What is in it.
#[derive(Debug)]
pub struct State {
    /// The settings.
    pub config: Config,
    /// What Samtal can do.
    pub capabilities: Capabilities,
    /// The files of the bundle.
    pub files: Files,
    /// Where they are, as pages name them.
    pub assets: Arc<Assets>,
    /// Room for requests that are worked on.
    pub admission: Places<Network>,
    /// Room for forms and documents that are being received.
    pub receiving: Places<Network>,
    /// Room for files that are being received, and then wait to be read.
    pub receiving_files: Places<TenantId>,
    /// The same room, divided by those who send.
    pub sending_files: Places<Network>,
    /// Room for questions with pictures, for as long as these are in memory.
    pub pictures: Places<TenantId>,
    /// The same room, divided by those who send.
    pub sending_pictures: Places<Network>,
    /// Answers that have been made and not yet been taken.
    pub answering: Places<Network>,
    /// How often programs may ask.
    pub rates: ApiRates,
    /// Whether the database is as it must be.
    pub readiness: Readiness,
    /// The sockets that are open.
    pub sockets: Sockets,
}

impl App {
    /// An application over its capabilities.
    pub fn new(config: Config, capabilities: Capabilities, files: Files, assets: Assets) -> Self {
        let server = &config.server;
        let places = |total| Places::new(total, server.of_one_address(total), Waiting::NOBODY);
        Self(Arc::new(State {
            admission: places(server.requests),
            receiving: places(server.requests),
            sending_files: places(server.uploads),
            pictures: Places::new(PICTURES, PICTURES.div_ceil(4), Waiting::NOBODY),
            sending_pictures: places(PICTURES),
            answering: places(server.requests * 4 + 256),
            receiving_files: Places::new(server.uploads, server.uploads.div_ceil(4), Waiting::NOBODY),
            rates: ApiRates::new(&config.api, &config.sign_in),
            sockets: Sockets::new(config.server.sockets),
            readiness: Readiness::default(),
            assets: Arc::new(assets),
            config,
            capabilities,
            files,
        }))
    }
}

impl Deref for App {
    type Target = State;
    fn deref(&self) -> &State {
        &self.0
    }
}
