#![doc = include_str!("../README.md")]

mod addresses;
mod batch;
mod layers;
mod limits;
mod peer;
mod rewrite;
mod rooms;
mod sdp;
mod server;
mod speaker;

pub use limits::Limits;
pub use peer::{Gone, Kind, Offer, PeerId, Publishes, Shown, Source, Told, Wanted};
pub use rooms::{Datagram, MediaError, Proto, RoomId, Rooms};
pub use server::{MediaServer, MediaSettings, Membership, Owner};
