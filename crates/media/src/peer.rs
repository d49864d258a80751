//! One who is in a room: what they send, and the places in which they are sent what others do.

use crate::addresses::Addresses;
use crate::limits::{MOST_BYTES, MOST_LAYERS, MOST_PACKETS, MOST_TOLD};
use crate::rewrite::Rewrite;
use crate::rooms::RoomId;
use crate::speaker::Loudness;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant};
use str0m::Rtc;
use str0m::media::{Mid, Pt, Rid};
use str0m::rtp::Ssrc;

/// Who it is, as whoever keeps the list of them says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PeerId(pub u64);

/// What something that is sent is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A microphone.
    Microphone,
    /// A camera.
    Camera,
    /// A screen, or a window of it.
    Screen,
    /// What a shared screen sounds like.
    ScreenSound,
}

impl Source {
    /// Sound or picture.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Microphone | Self::ScreenSound => Kind::Sound,
            Self::Camera | Self::Screen => Kind::Picture,
        }
    }
}

/// Sound or picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// What is heard.
    Sound,
    /// What is seen.
    Picture,
}

/// What somebody may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Publishes {
    /// A microphone.
    pub sound: bool,
    /// A camera.
    pub picture: bool,
    /// A screen with its sound.
    pub screen: bool,
}

impl Publishes {
    /// Everything.
    pub const ALL: Self = Self { sound: true, picture: true, screen: true };

    /// Whether that is among it.
    pub(crate) const fn may(self, source: Source) -> bool {
        match source {
            Source::Microphone => self.sound,
            Source::Camera => self.picture,
            Source::Screen | Source::ScreenSound => self.screen,
        }
    }
}

/// An offer of a browser's.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// The description (SDP).
    pub sdp: String,
    /// What each line of media is that the browser sends (by its `mid`).
    #[serde(default)]
    pub sources: HashMap<String, Source>,
}

/// What somebody wants to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// Whose.
    pub peer: PeerId,
    /// Camera or screen.
    pub source: Source,
    /// How high it is on their screen, in pixels of the device.
    pub height: u16,
}

/// What is shown in a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// The line of media (`mid`).
    pub mid: String,
    /// Whose it is.
    pub peer: PeerId,
    /// What it is.
    pub source: Source,
    /// Whether it does not come for the time being: the line does not carry it.
    pub paused: bool,
}

/// What one is told, and passes on to the browser.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "media", rename_all = "snake_case")]
pub enum Told {
    /// The way is open.
    Connected,
    /// What is shown where, all of it.
    Shows {
        /// By place.
        shows: Vec<Shown>,
    },
    /// More places are wanted for what there is: the browser offers as many, to receive.
    Places {
        /// To hear, in all.
        sound: usize,
        /// To see, in all.
        picture: usize,
    },
    /// Somebody else speaks.
    Speaks {
        /// Who.
        peer: PeerId,
    },
    /// How much the line carries, in bits a second.
    Carries {
        /// So much.
        bps: u64,
    },
    /// One is out.
    Gone {
        /// Why.
        why: Gone,
    },
}

/// Why one is out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Gone {
    /// They left, or were taken out.
    Left,
    /// Nothing has come from them for too long.
    Silent,
    /// The way to them could not be opened in time.
    NeverCame,
    /// What they sent could not be understood.
    Broken,
}

/// A layer of what somebody sends.
#[derive(Debug)]
pub(crate) struct Layer {
    pub rid: Option<Rid>,
    pub ssrc: Ssrc,
    /// When its last packet came, and bits and packets since `since`.
    pub heard: Instant,
    bits: u64,
    packets: u32,
    since: Instant,
    rate: u64,
    pace: u64,
    /// When a whole picture was last asked for, and whether one is wanted again.
    pub asked: Option<Instant>,
    pub wanted: bool,
}

/// How long what comes is counted together.
const COUNTED: Duration = Duration::from_millis(500);
/// A layer of which nothing has come for so long is not sent.
const ASLEEP: Duration = Duration::from_millis(1_500);

impl Layer {
    fn new(rid: Option<Rid>, ssrc: Ssrc, now: Instant) -> Self {
        Self { rid, ssrc, heard: now, bits: 0, packets: 0, since: now, rate: 0, pace: 0, asked: None, wanted: false }
    }

    /// So many bytes of it came.
    pub fn count(&mut self, bytes: usize, now: Instant) {
        self.heard = now;
        self.bits += bytes as u64 * 8;
        self.packets = self.packets.saturating_add(1);
        let over = now.saturating_duration_since(self.since);
        if over >= COUNTED {
            let millis = u64::try_from(over.as_millis()).unwrap_or(u64::MAX).max(1);
            let fresh = self.bits.saturating_mul(1_000) / millis;
            // One large picture is no rate.
            self.rate = if self.rate == 0 { fresh } else { (self.rate * 2 + fresh) / 3 };
            self.pace = u64::from(self.packets) * 1_000 / millis;
            (self.bits, self.packets, self.since) = (0, 0, now);
        }
    }

    /// Bits a second; 0 where it is not sent now.
    pub fn rate(&self, now: Instant) -> u64 {
        if now.saturating_duration_since(self.heard) > ASLEEP {
            return 0;
        }
        // What has just begun is taken for small.
        if self.rate == 0 { self.bits.max(1) } else { self.rate }
    }

    /// Whether more of it comes than so many bits or packets a second: lately, or at once.
    pub fn floods(&self, bits: u64, packets: u32) -> bool {
        self.rate > bits || self.bits > bits || self.pace > u64::from(packets) || self.packets > packets
    }
}

/// Something that somebody sends.
#[derive(Debug)]
pub(crate) struct Track {
    pub mid: Mid,
    pub source: Source,
    /// The smallest first, as they were offered.
    pub rids: Vec<Rid>,
    pub layers: Vec<Layer>,
    pub loudness: Loudness,
    /// Whether it is kept from the others.
    pub hushed: bool,
}

impl Track {
    /// The layer of a stream, known or new; none, where there would be too many.
    pub fn layer(&mut self, ssrc: Ssrc, rid: Option<Rid>, now: Instant) -> Option<&mut Layer> {
        if let Some(at) = self.layers.iter().position(|layer| layer.ssrc == ssrc) {
            return self.layers.get_mut(at);
        }
        // A browser that begins anew has another number for the same.
        self.layers.retain(|layer| layer.rid != rid);
        if self.layers.len() >= MOST_LAYERS {
            return None;
        }
        self.layers.push(Layer::new(rid, ssrc, now));
        let place = |layer: &Layer| layer.rid.and_then(|rid| self.rids.iter().position(|one| *one == rid));
        self.layers.sort_by_key(place);
        self.layers.iter_mut().find(|layer| layer.ssrc == ssrc)
    }

    /// Whether something of it has come lately.
    pub fn is_sent(&self, now: Instant) -> bool {
        !self.hushed && self.layers.iter().any(|layer| layer.rate(now) > 0)
    }
}

/// What is sent in a place.
#[derive(Debug)]
pub(crate) struct Slot {
    pub mid: Mid,
    pub kind: Kind,
    /// Whose, and which line of theirs.
    pub from: Option<(PeerId, Mid)>,
    pub source: Source,
    /// The stream that is sent, and that which shall be from its next whole picture on.
    pub now: Option<Ssrc>,
    pub next: Option<Ssrc>,
    pub rewrite: Rewrite,
}

impl Slot {
    pub fn new(mid: Mid, kind: Kind) -> Self {
        let source = match kind {
            Kind::Sound => Source::Microphone,
            Kind::Picture => Source::Camera,
        };
        Self { mid, kind, from: None, source, now: None, next: None, rewrite: Rewrite::default() }
    }

    /// Gives it to somebody, or to nobody.
    pub fn give(&mut self, from: Option<(PeerId, Mid, Source)>) {
        let (to, source) = (from.map(|(peer, mid, _)| (peer, mid)), from.map_or(self.source, |(.., source)| source));
        if self.from != to {
            (self.from, self.source, self.now, self.next) = (to, source, None, None);
            self.rewrite.change();
        }
    }
}

/// One who is in a room.
pub(crate) struct Peer {
    pub room: RoomId,
    pub rtc: Rtc,
    /// How they are called on the network.
    pub name: String,
    /// How they call themselves there (`sdp::credentials`).
    pub credentials: [Option<String>; 2],
    pub addresses: Addresses,
    pub began: Instant,
    /// When something came from them that was theirs for certain: a check of the way, an answer to one, or media.
    pub heard: Instant,
    /// Until when what came would have been enough, of packets and of bytes; and how much was too much.
    packets: Instant,
    bytes: Instant,
    pub refused: u64,
    pub connected: bool,
    pub may: Publishes,
    pub sources: HashMap<String, Source>,
    /// What is kept from the others, also where it is offered later.
    pub hushed: HashSet<Source>,
    pub tracks: Vec<Track>,
    pub slots: Vec<Slot>,
    pub wanted: Option<Vec<Wanted>>,
    /// Bits a second that the line to them carries.
    pub carries: u64,
    /// Bits a second of all that they shall get, as the library was told last.
    pub wants: u64,
    /// Whether pictures are spread over time.
    pub spread: bool,
    /// The kinds of payload as they call them.
    pub sound: Option<Pt>,
    pub picture: Option<Pt>,
    /// When time has to go on.
    pub due: Instant,
    /// What they are to be told, and what they were told last.
    pub told: VecDeque<Told>,
    pub shown: Vec<Shown>,
    pub places: (usize, usize),
    pub said_carries: u64,
}

impl Peer {
    /// Keeps from the others what is to be kept from them, and what they may not send.
    pub fn keep_back(&mut self) {
        for track in &mut self.tracks {
            track.hushed = self.hushed.contains(&track.source) || !self.may.may(track.source);
        }
    }

    pub fn new(room: RoomId, rtc: Rtc, name: String, may: Publishes, carries: u64, now: Instant) -> Self {
        Self {
            room,
            rtc,
            name,
            credentials: [None, None],
            addresses: Addresses::default(),
            began: now,
            heard: now,
            packets: now,
            bytes: now,
            refused: 0,
            connected: false,
            may,
            sources: HashMap::new(),
            hushed: HashSet::new(),
            tracks: Vec::new(),
            slots: Vec::new(),
            wanted: None,
            carries,
            wants: 0,
            spread: true,
            sound: None,
            picture: None,
            due: now,
            told: VecDeque::new(),
            shown: Vec::new(),
            places: (0, 0),
            said_carries: 0,
        }
    }

    /// Counts a packet of theirs. Says whether it is one too many: then it is not looked at.
    pub fn floods(&mut self, bytes: usize, now: Instant) -> bool {
        const SECOND: Duration = Duration::from_secs(1);
        let packets = self.packets.max(now) + SECOND / MOST_PACKETS;
        let bytes = self.bytes.max(now) + Duration::from_nanos(1_000_000_000 / MOST_BYTES * bytes as u64);
        if packets.max(bytes) > now + SECOND {
            self.refused += 1;
            return true;
        }
        (self.packets, self.bytes) = (packets, bytes);
        false
    }

    /// Notes what they are to be told. Of what is told as a whole the last one counts.
    pub fn tell(&mut self, told: Told) {
        let same = |one: &Told| std::mem::discriminant(one) == std::mem::discriminant(&told);
        self.told.retain(|one| !same(one));
        if self.told.len() < MOST_TOLD {
            self.told.push_back(told);
        }
    }

    /// What a line of theirs is, if they may send that.
    pub fn source(&self, mid: Mid, kind: Kind) -> Option<Source> {
        let source = *self.sources.get(&*mid)?;
        (source.kind() == kind && self.may.may(source)).then_some(source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_of_which_too_much_comes_is_known_at_once_and_forgiven_in_time() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut layer = Layer::new(None, 1.into(), start);
        for tick in 0..100 {
            layer.count(100, at(tick * 20));
            assert!(!layer.floods(64_000, 60), "some 40 kbit/s in 50 packets");
        }
        for _ in 0..100 {
            layer.count(1_000, at(2_000));
        }
        assert!(layer.floods(64_000, 1_000), "all at once");
        for tick in 101..500 {
            layer.count(100, at(tick * 20));
        }
        assert!(!layer.floods(64_000, 60));
        // Much of little is much.
        for _ in 0..100 {
            layer.count(1, at(10_000));
        }
        assert!(!layer.floods(64_000, 1_000) && layer.floods(64_000, 60));
    }
}
