//! What carries the media of meetings: the forwarding unit in this process, or a LiveKit server. Who may come, who is there and what hosts do is the same
//! with both: everything else here knows a [`Way`] alone.

use crate::Ice;
use crate::elsewhere::{Elsewhere, Seat};
use crate::sending::may;
use media::{MediaError, MediaServer, Membership, Source, Told};
use model::meeting::Person;
use std::sync::Arc;
use tokio::sync::mpsc;

/// What carries media.
#[derive(Debug)]
pub(crate) enum Backend {
    /// This process, with ways through networks.
    Own(MediaServer, Ice),
    /// A LiveKit server.
    LiveKit(Elsewhere),
}

/// The way of somebody's media. Let go of, they are out of it.
#[derive(Debug, Clone)]
pub(crate) enum Way {
    /// In this process: the session of their browser's, and their place in the room.
    Own {
        /// By which it is known.
        session: String,
        /// The place.
        membership: Arc<Membership>,
    },
    /// By LiveKit.
    LiveKit(Arc<Seat>),
}

impl Way {
    /// By which media names them.
    pub fn peer(&self) -> u64 {
        match self {
            Self::Own { membership, .. } => membership.peer().0,
            Self::LiveKit(seat) => seat.peer,
        }
    }

    /// Has a socket hear what media tells from now on, and none before it; nothing, where media tells their page itself.
    ///
    /// # Errors
    /// Where they are out of it already, or it takes no more just now.
    pub async fn listen(&self) -> Result<Option<mpsc::Receiver<Told>>, MediaError> {
        match self {
            Self::Own { membership, .. } => membership.listen().await.map(Some),
            Self::LiveKit(_) => Ok(None),
        }
    }

    /// Has media pass on what is on of somebody who may send it, and nothing else. (What it does already costs it nothing.)
    ///
    /// # Errors
    /// Where it takes no more just now, or what they may send is another thing than what this way was opened for: they open another one.
    pub fn agree(&self, person: &Person) -> Result<(), MediaError> {
        let membership = match self {
            Self::Own { membership, .. } => membership,
            Self::LiveKit(seat) => return seat.agree(person),
        };
        membership.allow(may(person.role))?;
        for (source, on) in [
            (Source::Microphone, person.microphone),
            (Source::Camera, person.camera),
            (Source::Screen, person.screen),
            (Source::ScreenSound, person.screen),
        ] {
            membership.hush(source, !on)?;
        }
        Ok(())
    }
}
