#![doc = include_str!("../README.md")]

mod attend;
mod backend;
mod calendar;
mod change;
mod elsewhere;
mod error;
mod ice;
mod join;
mod lead;
mod live;
mod made;
mod passes;
mod rows;
mod sending;
mod signed;
mod tokens;
mod vanished;
mod written;

pub use attend::{Attending, Came, Entered, HEARTBEAT};
pub use calendar::calendar;
pub use change::MeetingChange;
pub use error::MeetingError;
pub use ice::Ice;
pub use join::{Door, Invited, Joining};
pub use live::{Ending, Heard, MOST_IN, Place};
pub use livekit::{LiveKit, LiveKitError, Settings as LiveKitSettings};
pub use made::{Listed, NewMeeting, Starts};
pub use media::{Gone, Limits as MediaLimits, MediaSettings, Told};
pub use sending::told;

use backend::Backend;
use conversations::Conversations;
use elsewhere::Elsewhere;
use live::Live;
use media::MediaServer;
use model::meeting::IceServer;
use model::{MeetingId, TenantId};
use passes::Passes;
use shares::{Rate, Rates};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use store::scope::SessionLifetime;
use store::secret_key::{DerivedKey, SecretKey};
use store::{Services, StoreError, scope};
use tokens::Tokens;

/// Wrong passcodes of a meeting that are borne in a while, whoever tries.
const WRONG: u32 = 100;
const WRONG_IN: Duration = Duration::from_secs(600);
/// How long a meeting may be empty before it is over.
const EMPTY: time::Duration = time::Duration::minutes(10);
/// How long after its start a node does not take a meeting for empty: pages are coming back.
const COMING_BACK: time::Duration = time::Duration::minutes(5);

/// The capability: everything that it needs, and its use cases as methods.
#[derive(Debug, Clone)]
pub struct Meetings {
    services: Services,
    conversations: Conversations,
    live: Live,
    tokens: Tokens,
    passes: Passes,
    /// What secrets of people and passcodes are hashed with.
    secrets: DerivedKey,
    passcodes: DerivedKey,
    /// Where this installation is, as the outside sees it.
    address: Arc<str>,
    media: Arc<OnceLock<Backend>>,
    /// How long a session lasts, by which a member is there.
    lifetime: SessionLifetime,
    wrong: Arc<Rates<MeetingId>>,
    began: time::OffsetDateTime,
    /// Whether the meetings were taken up that went on before that.
    taken_up: Arc<AtomicBool>,
}

impl Meetings {
    /// Meetings over the services of this process, in the installation at this address. No media is carried before [`Meetings::carry`].
    pub fn new(
        services: Services,
        conversations: Conversations,
        secret: &SecretKey,
        address: &str,
        lifetime: SessionLifetime,
    ) -> Self {
        Self {
            began: services.now(),
            live: Live::since(services.now()),
            services,
            conversations,
            tokens: Tokens(secret.derive("meetings/token/1")),
            passes: Passes(secret.derive("meetings/pass/1")),
            secrets: secret.derive("meetings/secret/1"),
            passcodes: secret.derive("meetings/passcode/1"),
            address: address.trim_end_matches('/').into(),
            media: Arc::default(),
            lifetime,
            wrong: Arc::new(Rates::new(Rate::in_window(WRONG, WRONG_IN))),
            taken_up: Arc::default(),
        }
    }

    /// Begins to carry media. Done twice, it goes on as it was.
    ///
    /// # Errors
    /// Where it cannot listen.
    pub async fn carry(&self, settings: &MediaSettings, ice: Ice) -> io::Result<()> {
        if self.media.get().is_none() {
            let server = MediaServer::start(settings).await?;
            let _ = self.media.set(Backend::Own(server, ice));
        }
        Ok(())
    }

    /// Has a LiveKit server carry media, for as many as the limits say, and looks after its rooms from now on. Done where something carries it
    /// already, it does nothing.
    pub fn carry_by(&self, livekit: LiveKit, limits: &MediaLimits) {
        let elsewhere = Elsewhere::new(livekit, limits, self.services.now());
        if self.media.set(Backend::LiveKit(elsewhere.clone())).is_ok() {
            tokio::spawn(elsewhere.tend(self.live.clone(), self.services.clone()));
        }
    }

    /// Where browsers reach the LiveKit server, if that is what carries media.
    pub fn livekit(&self) -> Option<&str> {
        match self.media.get() {
            Some(Backend::LiveKit(elsewhere)) => Some(elsewhere.url()),
            _ => None,
        }
    }

    /// LiveKit tells of something, with what stands in the `Authorization` of its message. Says whether that was LiveKit; nothing, where none carries
    /// media.
    pub fn livekit_tells(&self, authorization: &str, body: &[u8]) -> Option<bool> {
        match self.media.get() {
            Some(Backend::LiveKit(elsewhere)) => Some(elsewhere.told(authorization, body, self.services.now())),
            _ => None,
        }
    }

    /// Whether media is carried.
    pub fn carries(&self) -> bool {
        self.media.get().is_some()
    }

    fn media(&self) -> Result<&MediaServer, MeetingError> {
        match self.media.get() {
            Some(Backend::Own(server, _)) => Ok(server),
            _ => Err(MeetingError::NoMedia),
        }
    }

    /// Ways through networks, for who has come into a meeting, for some hours.
    fn ice_servers(&self) -> Vec<IceServer> {
        match self.media.get() {
            Some(Backend::Own(_, ice)) => ice.servers(self.services.now()),
            // LiveKit says itself which.
            _ => Vec::new(),
        }
    }

    /// The link of a meeting.
    fn link(&self, code: &model::meeting::MeetingCode) -> String {
        format!("{}/meet/{}", self.address, code.shown())
    }

    /// Has the room of a meeting that goes on or is over looked after, where LiveKit carries media: this process may have given nobody a seat in it.
    fn look_after(&self, tenant: TenantId, meeting: MeetingId) {
        if let Some(Backend::LiveKit(elsewhere)) = self.media.get() {
            elsewhere.look_after(tenant, meeting);
        }
    }

    /// Ends the meetings that are over and that nobody has ended; returns how many. The first time, those go who vanished before this process began.
    ///
    /// # Errors
    /// The database's.
    pub async fn end_empty(&self) -> Result<u64, StoreError> {
        if self.services.now() - self.began < COMING_BACK {
            return Ok(0);
        }
        if !self.taken_up.load(Ordering::Acquire) {
            self.take_up().await?;
            self.taken_up.store(true, Ordering::Release);
        }
        let mut ended = 0;
        for caller in scope::meetings_over(&self.services, EMPTY).await? {
            let Ok(attendee) = caller.attendee() else { continue };
            if self.live.anybody(attendee.meeting()) {
                continue;
            }
            match self.empty(&caller, attendee.meeting()).await {
                Ok(true) => ended += 1,
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "a meeting that is over could not be ended"),
            }
        }
        Ok(ended)
    }
}
