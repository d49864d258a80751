//! The forwarding unit, without sockets, threads and clocks: what came goes in, what is to be sent comes out.
//!
//! *Guarantees:* media goes to members of the same room alone. Nothing is sent to an address from which nobody has proven that they know the
//! secret of a session that this server answered, and before they have answered from there as well no more than three times of what came: so no stranger is
//! flooded, neither by naming their address nor by sending in their name (`addresses.rs`). Who has answered and does so no more is sent no media there.
//! Nobody is kept in a room by what others send in their name. Every list, queue and rate has a bound (`limits.rs`). A receiver
//! that cannot keep up gets smaller pictures, then none; sound goes on; others notice nothing. What one sends ends nobody else, also where the
//! library that reads it panics.

mod reckon;

use crate::addresses::{At, Came};
use crate::limits::{
    BEGIN_BPS, KEPT_PACKETS, Limits, MOMENT, MOST_AGAIN, MOST_HEARD, MOST_LAYERS, MOST_MEDIA, MOST_PAYLOAD,
    MOST_PICTURE_BPS, MOST_PICTURE_PACKETS, MOST_QUEUED, MOST_SEEN, MOST_SENT_AT_ONCE, MOST_SOUND_BPS,
    MOST_SOUND_PACKETS, RECKON_EVERY, RECKON_SOON, WHOLE_PICTURE_EVERY,
};
use crate::peer::{Gone, Kind, Offer, Peer, PeerId, Publishes, Slot, Source, Told, Track, Wanted};
use crate::sdp;
use crate::speaker::Speaker;
use rand::RngExt as _;
use rand::distr::Alphanumeric;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};
use str0m::bwe::{Bitrate, BweKind};
use str0m::change::SdpOffer;
use str0m::format::Codec;
use str0m::ice::StunMessage;
use str0m::media::{KeyframeRequestKind, MediaAdded, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{ExtensionValues, RtpPacket, RtpWrite, Ssrc, Vp8Descriptor};
use str0m::{Candidate, Event, IceCreds, Input, Output, Rtc};
use uuid::Uuid;

/// A room, as whoever keeps the list of them says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoomId(pub Uuid);

/// How something is carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Proto {
    /// Datagrams.
    Udp,
    /// A connection that the browser has opened, with frames in it (RFC 4571).
    Tcp,
}

/// Something to send.
#[derive(Debug)]
pub struct Datagram {
    /// How.
    pub proto: Proto,
    /// Where to.
    pub to: SocketAddr,
    /// What.
    pub bytes: Vec<u8>,
}

/// What can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    /// The room has as many as it may.
    #[error("the room is full")]
    RoomFull,
    /// There are as many rooms as there may be.
    #[error("there are too many rooms")]
    TooManyRooms,
    /// The owner of the room has as many in rooms as one may have.
    #[error("its owner has a share of the places, and all of it is taken")]
    ShareTaken,
    /// There are as many in rooms as there may be.
    #[error("every place is taken")]
    AllTaken,
    /// Nobody of that name is in a room.
    #[error("they are in no room")]
    Nobody,
    /// What was offered cannot be answered.
    #[error("the offer cannot be answered: {0}")]
    Offer(&'static str),
    /// The server is ending, or has too much to do.
    #[error("the media server does not answer")]
    Unavailable,
}

/// A room.
struct Room {
    peers: BTreeSet<PeerId>,
    speaker: Speaker<PeerId>,
    /// When it is next reckoned who is sent what, and whether something has changed since.
    reckoned: Option<Instant>,
    changed: bool,
    /// Who is sent what others send: the receiver and the place, by who sends and their line.
    routes: HashMap<(PeerId, Mid), Vec<(PeerId, usize)>>,
}

impl Room {
    /// How long it is before it is reckoned again.
    fn rests(&self) -> Duration {
        if self.changed { RECKON_SOON } else { RECKON_EVERY }
    }
}

/// All rooms of one thread.
pub struct Rooms {
    limits: Limits,
    /// Addresses at which browsers reach it.
    udp: Vec<SocketAddr>,
    tcp: Vec<SocketAddr>,
    rooms: HashMap<RoomId, Room>,
    peers: HashMap<PeerId, Peer>,
    /// Who is called what on the network, and who was heard from where.
    names: HashMap<String, PeerId>,
    addresses: HashMap<At, PeerId>,
    /// When time goes on, by peer.
    due: BTreeSet<(Instant, PeerId)>,
    events: VecDeque<(PeerId, Event)>,
    out: Vec<Datagram>,
    told: Vec<PeerId>,
    /// Who is out, to be told once.
    gone: Vec<(PeerId, Told)>,
    /// How often the library has panicked.
    panics: u64,
}

/// Where nobody is. What comes from where media is sent to, the library takes for theirs before it has looked for their
/// secret; of a check that came from here it does look.
const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
/// What cannot be read, and what does not fit to what was agreed.
const UNREAD: MediaError = MediaError::Offer("it cannot be read");
const UNFIT: MediaError = MediaError::Offer("it does not fit");
/// Whoever restarts it is called another name as well, by which nothing that comes would be known for theirs.
const RESTARTED: MediaError = MediaError::Offer("ICE is never restarted: offer by a new connection");

/// Has the library do something with what one has sent. Where it panics, that is counted, and is an error (with nothing more to say) like others.
///
/// The names of its checks come from a generator whose state shows in what it gave before. It begins anew each time: who could say the next one would be sent
/// media wherever they like, without an answer from there.
fn guarded<T, E>(panics: &mut u64, does: impl FnOnce() -> Result<T, E>) -> Result<T, Option<E>> {
    fastrand::seed(rand::random());
    match catch_unwind(AssertUnwindSafe(does)) {
        Ok(done) => done.map_err(Some),
        Err(_) => {
            *panics += 1;
            tracing::error!("what somebody has sent to the media server made it panic; they come anew, nobody else");
            Err(None)
        }
    }
}

impl Rooms {
    /// None yet, reached at these addresses.
    pub fn new(udp: Vec<SocketAddr>, tcp: Vec<SocketAddr>, limits: Limits) -> Self {
        Self {
            limits,
            udp,
            tcp,
            rooms: HashMap::new(),
            peers: HashMap::new(),
            names: HashMap::new(),
            addresses: HashMap::new(),
            due: BTreeSet::new(),
            events: VecDeque::new(),
            out: Vec::new(),
            told: Vec::new(),
            gone: Vec::new(),
            panics: 0,
        }
    }

    /// Somebody comes into a room with an offer; returns the answer (SDP). Whoever comes back comes under a new name.
    ///
    /// # Errors
    /// [`MediaError::RoomFull`], [`MediaError::TooManyRooms`], or [`MediaError::Offer`], which change nothing.
    pub fn join(
        &mut self,
        room: RoomId,
        peer: PeerId,
        may: Publishes,
        offer: &Offer,
        now: Instant,
    ) -> Result<String, MediaError> {
        let there = self.rooms.get(&room).map_or(0, |room| room.peers.len());
        if there >= self.limits.peers {
            return Err(MediaError::RoomFull);
        }
        if there == 0 && self.rooms.len() >= self.limits.rooms {
            return Err(MediaError::TooManyRooms);
        }
        let parsed = self.parsed(offer)?;
        let (name, pass) = (random(12), random(32));
        let mut rtc = Rtc::builder()
            .set_local_ice_credentials(IceCreds { ufrag: name.clone(), pass })
            .clear_codecs()
            .enable_opus(true, false)
            .enable_vp8(true)
            .set_rtp_mode(true)
            .enable_bwe(Some(Bitrate::bps(BEGIN_BPS)))
            .build(now);
        for (addresses, proto) in [(&self.udp, Proto::Udp), (&self.tcp, Proto::Tcp)] {
            for address in addresses {
                let candidate = match proto {
                    Proto::Udp => Candidate::builder().udp().host(*address).build(),
                    Proto::Tcp => {
                        Candidate::builder().tcp().host(*address).tcptype(str0m::net::TcpType::Passive).build()
                    }
                };
                if let Ok(candidate) = candidate {
                    rtc.add_local_candidate(candidate);
                }
            }
        }
        let answer = guarded(&mut self.panics, || rtc.sdp_api().accept_offer(parsed)).map_err(|_| UNFIT)?;
        self.take_out(peer, Gone::Left);
        let mut one = Peer::new(room, rtc, name.clone(), may, BEGIN_BPS, now);
        one.sources.clone_from(&offer.sources);
        one.credentials = sdp::credentials(&offer.sdp);
        self.peers.insert(peer, one);
        self.names.insert(name, peer);
        self.due.insert((now, peer));
        let at = self.rooms.entry(room).or_insert_with(|| Room {
            peers: BTreeSet::new(),
            speaker: Speaker::new(),
            reckoned: None,
            changed: true,
            routes: HashMap::new(),
        });
        at.peers.insert(peer);
        at.changed = true;
        self.drain(peer, now);
        self.settle(now);
        Ok(answer.to_sdp_string())
    }

    /// Somebody offers anew: other lines. (For another way through the network they come in anew.)
    ///
    /// # Errors
    /// [`MediaError::Nobody`], or [`MediaError::Offer`], which changes nothing.
    pub fn offer(&mut self, peer: PeerId, offer: &Offer, now: Instant) -> Result<String, MediaError> {
        if !self.peers.contains_key(&peer) {
            return Err(MediaError::Nobody);
        }
        let parsed = self.parsed(offer)?;
        let one = self.peers.get_mut(&peer).ok_or(MediaError::Nobody)?;
        if one.credentials != sdp::credentials(&offer.sdp) {
            return Err(RESTARTED);
        }
        let answer = match guarded(&mut self.panics, || one.rtc.sdp_api().accept_offer(parsed)) {
            Ok(answer) => answer,
            Err(Some(_)) => return Err(UNFIT),
            // Who knows what is left of it.
            Err(None) => {
                self.take_out(peer, Gone::Broken);
                return Err(UNFIT);
            }
        };
        one.sources.clone_from(&offer.sources);
        let (may, sources) = (one.may, &offer.sources);
        // What is something else now is no longer what it was.
        one.tracks.retain(|track| sources.get(&*track.mid) == Some(&track.source) && may.may(track.source));
        self.change(peer);
        self.drain(peer, now);
        self.settle(now);
        Ok(answer.to_sdp_string())
    }

    /// Reads an offer.
    fn parsed(&mut self, offer: &Offer) -> Result<SdpOffer, MediaError> {
        if offer.sources.len() > MOST_MEDIA {
            return Err(MediaError::Offer("it names more lines than there may be"));
        }
        guarded(&mut self.panics, || sdp::offer(&offer.sdp)).map_err(|error| error.unwrap_or(UNREAD))
    }

    /// Somebody wants to see these, the most wanted first. Before they say, it is whoever is there.
    pub fn want(&mut self, peer: PeerId, mut wanted: Vec<Wanted>) {
        wanted.truncate(MOST_SEEN);
        if let Some(one) = self.peers.get_mut(&peer).filter(|one| one.wanted.as_ref() != Some(&wanted)) {
            one.wanted = Some(wanted);
            self.change(peer);
        }
    }

    /// What somebody may send is another now. What they may not is no longer passed on.
    pub fn allow(&mut self, peer: PeerId, may: Publishes) {
        if let Some(one) = self.peers.get_mut(&peer).filter(|one| one.may != may) {
            one.may = may;
            // What they send all the same is there again once they may: nothing is agreed anew then.
            one.keep_back();
            self.change(peer);
        }
    }

    /// Keeps something that somebody sends from the others, or lets it through again.
    pub fn hush(&mut self, peer: PeerId, source: Source, hushed: bool) {
        if let Some(one) = self.peers.get_mut(&peer) {
            let changed = if hushed { one.hushed.insert(source) } else { one.hushed.remove(&source) };
            if !changed {
                return;
            }
            one.keep_back();
            self.change(peer);
        }
    }

    /// Somebody leaves, or is taken out.
    pub fn leave(&mut self, peer: PeerId) {
        self.take_out(peer, Gone::Left);
    }

    /// Whether somebody is in a room.
    pub fn has(&self, peer: PeerId) -> bool {
        self.peers.contains_key(&peer)
    }

    /// How many are in a room.
    pub fn in_room(&self, room: RoomId) -> usize {
        self.rooms.get(&room).map_or(0, |room| room.peers.len())
    }

    /// How many packets of somebody's were too many, and so not looked at.
    pub fn refused(&self, peer: PeerId) -> u64 {
        self.peers.get(&peer).map_or(0, |one| one.refused)
    }

    /// How often what somebody has sent made the library panic. What browsers send never does, as far as is known.
    pub fn panics(&self) -> u64 {
        self.panics
    }

    /// How many addresses are somebody's.
    pub fn addresses(&self) -> usize {
        self.addresses.len()
    }

    /// Whose an address is.
    pub fn at(&self, proto: Proto, address: SocketAddr) -> Option<PeerId> {
        self.addresses.get(&(proto, address)).copied()
    }

    /// Something came from the network. What is nobody's is left, which is said.
    pub fn receive(&mut self, proto: Proto, from: SocketAddr, to: SocketAddr, bytes: &[u8], now: Instant) -> bool {
        let received = guarded(&mut self.panics, || Receive::new(protocol(proto), from, to, bytes));
        let Ok(mut received) = received else { return false };
        let at = (proto, from);
        let owner = self.addresses.get(&at).copied();
        let known = match called(bytes) {
            // A check of the way says whom it is for.
            Some(name) => self.names.get(name).copied(),
            None => owner,
        };
        let Some(peer) = known else { return false };
        let before = owner.filter(|owner| *owner != peer);
        // Where somebody answers nobody else is, whoever sends in their name.
        if before.and_then(|before| self.peers.get(&before)).is_some_and(|before| before.addresses.answers(at, now)) {
            return true;
        }
        let Some(one) = self.peers.get_mut(&peer) else { return false };
        let check = is_check(bytes);
        received.source = if check { NOWHERE } else { from };
        let mut input = Input::Receive(now, received);
        if one.floods(bytes.len(), now) || !one.rtc.accepts(&input) || !one.addresses.fits(at, bytes) {
            return true;
        }
        if let Input::Receive(_, received) = &mut input {
            received.source = from;
        }
        match one.addresses.came(at, bytes.len(), now) {
            Came::Known => {}
            Came::New(forgotten) => {
                if let Some(forgotten) = forgotten.filter(|at| self.addresses.get(at) == Some(&peer)) {
                    self.addresses.remove(&forgotten);
                }
            }
            // Whoever has caught a check of theirs may send it from everywhere. Who has really moved so often is silent here, and comes anew.
            Came::TooMany => return true,
        }
        // All else may be anybody's; what is theirs of it is known when it has been opened.
        if check {
            one.heard = now;
        }
        let (handled, connected) = (guarded(&mut self.panics, || one.rtc.handle_input(input)), one.connected);
        if owner != Some(peer) {
            self.addresses.insert(at, peer);
        }
        if let Some(before) = before.and_then(|before| self.peers.get_mut(&before)) {
            before.addresses.forget(at);
        }
        match handled {
            Ok(()) => {}
            // Of who is connected anybody may have sent it in their name: it is lost, as on the way.
            Err(Some(_)) if connected => {}
            // What is malformed ends nobody but who has sent it.
            Err(_) => {
                self.take_out(peer, Gone::Broken);
                return true;
            }
        }
        self.drain(peer, now);
        self.settle(now);
        true
    }

    /// Time goes on.
    pub fn tick(&mut self, now: Instant) {
        while let Some((at, peer)) = self.due.first().copied().filter(|(at, _)| *at <= now) {
            self.due.remove(&(at, peer));
            let Some(one) = self.peers.get_mut(&peer) else { continue };
            let late = match one.connected {
                true => (now.saturating_duration_since(one.heard) > self.limits.silent).then_some(Gone::Silent),
                false => (now.saturating_duration_since(one.began) > self.limits.connects).then_some(Gone::NeverCame),
            };
            if let Some(why) = late {
                self.take_out(peer, why);
                continue;
            }
            // The library gives one packet each time, and says that more wait by wanting to go on a moment later: that is now.
            let mut at = now;
            for _ in 0..MOST_SENT_AT_ONCE {
                let Some(one) = self.peers.get_mut(&peer) else { break };
                let before = self.out.len();
                match guarded(&mut self.panics, || one.rtc.handle_input(Input::Timeout(at))) {
                    Ok(()) => self.drain(peer, now),
                    Err(_) => self.take_out(peer, Gone::Broken),
                }
                let more = self.peers.get(&peer).map(|one| one.due).filter(|due| *due < now + MOMENT);
                let Some(due) = more.filter(|_| self.out.len() > before) else { break };
                at = at.max(due);
            }
            self.settle(now);
            // It is looked at once a second, also where nothing is due.
            if let Some(one) = self.peers.get(&peer) {
                let next = one.due.clamp(now + Duration::from_millis(1), now + Duration::from_secs(1));
                self.set_due(peer, next);
            }
        }
        self.reckon(now);
        self.settle(now);
    }

    /// When time has to go on next.
    pub fn next(&self, now: Instant) -> Instant {
        let rooms = self.rooms.values().filter(|room| !room.peers.is_empty());
        let reckon = rooms.map(|room| room.reckoned.map_or(now, |at| at + room.rests())).min();
        let due = self.due.first().map(|(at, _)| *at);
        let far = now + Duration::from_secs(1);
        reckon.unwrap_or(far).min(due.unwrap_or(far)).max(now)
    }

    /// What is to be sent.
    pub fn sends(&mut self) -> Vec<Datagram> {
        std::mem::take(&mut self.out)
    }

    /// Tells somebody again what stands: they have not heard all of it, or it is another who hears it.
    ///
    /// # Errors
    /// [`MediaError::Nobody`].
    pub fn tell_anew(&mut self, peer: PeerId) -> Result<(), MediaError> {
        let one = self.peers.get_mut(&peer).ok_or(MediaError::Nobody)?;
        // What is different is told when it is reckoned next; what is shown may be the same as before.
        (one.places, one.said_carries) = ((0, 0), 0);
        let shows = one.shown.clone();
        if one.connected {
            self.tell(peer, Told::Connected);
        }
        self.tell(peer, Told::Shows { shows });
        Ok(())
    }

    /// What there is to tell.
    pub fn tells(&mut self) -> Vec<(PeerId, Told)> {
        let mut all = std::mem::take(&mut self.gone);
        for peer in std::mem::take(&mut self.told) {
            if let Some(one) = self.peers.get_mut(&peer) {
                all.extend(one.told.drain(..).map(|told| (peer, told)));
            }
        }
        all
    }

    fn set_due(&mut self, peer: PeerId, at: Instant) {
        if let Some(one) = self.peers.get_mut(&peer) {
            self.due.remove(&(one.due, peer));
            one.due = at;
            self.due.insert((at, peer));
        }
    }

    fn change(&mut self, peer: PeerId) {
        if let Some(room) = self.peers.get(&peer).and_then(|peer| self.rooms.get_mut(&peer.room)) {
            room.changed = true;
        }
    }

    /// Takes what has come of a peer: what is to be sent, what has happened, and when time has to go on.
    fn drain(&mut self, peer: PeerId, now: Instant) {
        let Some(one) = self.peers.get_mut(&peer) else { return };
        loop {
            match guarded(&mut self.panics, || one.rtc.poll_output()) {
                Ok(Output::Transmit(sent)) => {
                    let proto = if sent.proto == Protocol::Udp { Proto::Udp } else { Proto::Tcp };
                    let (to, bytes): (_, Vec<u8>) = (sent.destination, sent.contents.into());
                    if one.addresses.may_send((proto, to), &bytes, now) {
                        self.out.push(Datagram { proto, to, bytes });
                    }
                }
                Ok(Output::Event(event)) => self.events.push_back((peer, event)),
                Ok(Output::Timeout(at)) => {
                    let before = one.due;
                    if at != before {
                        self.due.remove(&(before, peer));
                        one.due = at;
                        self.due.insert((at, peer));
                    }
                    return;
                }
                Err(_) => {
                    one.rtc.disconnect();
                    self.events.push_back((peer, Event::Closed));
                    return;
                }
            }
        }
    }

    /// Does what follows of what has happened, until nothing does.
    fn settle(&mut self, now: Instant) {
        while let Some((peer, event)) = self.events.pop_front() {
            match event {
                Event::RtpPacket(packet) => self.forward(peer, packet, now),
                Event::Connected => {
                    if let Some(one) = self.peers.get_mut(&peer) {
                        (one.connected, one.heard) = (true, now);
                        self.tell(peer, Told::Connected);
                        self.change(peer);
                    }
                }
                Event::MediaAdded(added) => self.added(peer, &added),
                Event::MediaChanged(changed) => {
                    let Some(one) = self.peers.get_mut(&peer) else { continue };
                    if !changed.direction.is_sending() {
                        one.slots.retain(|slot| slot.mid != changed.mid);
                    }
                    if !changed.direction.is_receiving() {
                        one.tracks.retain(|track| track.mid != changed.mid);
                    }
                    let kind = one.rtc.media(changed.mid).map(str0m::media::Media::kind);
                    if let Some(kind) = kind {
                        let (mid, direction) = (changed.mid, changed.direction);
                        self.added(peer, &MediaAdded { mid, kind, direction, simulcast: None });
                    }
                }
                Event::KeyframeRequest(request) => {
                    let Some(one) = self.peers.get(&peer) else { continue };
                    let slot = one.slots.iter().find(|slot| slot.mid == request.mid);
                    let asked = slot.and_then(|slot| slot.from.zip(slot.now.or(slot.next)));
                    if let Some(((from, mid), ssrc)) = asked {
                        self.ask_whole(from, mid, ssrc, now);
                    }
                }
                Event::EgressBitrateEstimate(estimate) => {
                    let bits = match estimate {
                        BweKind::Twcc { estimate, .. } | BweKind::Remb { estimate, .. } => estimate.as_u64(),
                        _ => continue,
                    };
                    let most = self.limits.receive_bps;
                    if let Some(one) = self.peers.get_mut(&peer) {
                        one.carries = bits.min(most);
                    }
                }
                Event::Closed => self.take_out(peer, Gone::Left),
                _ => {}
            }
        }
    }

    /// A line of media is there, or goes another way.
    fn added(&mut self, peer: PeerId, added: &MediaAdded) {
        let Some(one) = self.peers.get_mut(&peer) else { return };
        let kind = match added.kind {
            MediaKind::Audio => Kind::Sound,
            MediaKind::Video => Kind::Picture,
        };
        for params in one.rtc.codec_config().params() {
            match params.spec().codec {
                Codec::Opus => one.sound = Some(params.pt()),
                Codec::Vp8 => one.picture = Some(params.pt()),
                _ => {}
            }
        }
        if added.direction.is_sending() && !one.slots.iter().any(|slot| slot.mid == added.mid) {
            let most = if kind == Kind::Sound { MOST_HEARD } else { MOST_SEEN };
            if one.slots.iter().filter(|slot| slot.kind == kind).count() < most {
                one.slots.push(Slot::new(added.mid, kind));
                if let Some(stream) = one.rtc.direct_api().stream_tx_by_mid(added.mid, None) {
                    stream.set_rtx_cache(KEPT_PACKETS, Duration::from_secs(2), Some(MOST_AGAIN));
                    stream.set_unpaced(kind == Kind::Sound || !one.spread);
                }
            }
        }
        let source = one.source(added.mid, kind);
        if let Some(source) = source.filter(|_| added.direction.is_receiving())
            // One line of each: who sends more of a kind takes no places from others.
            && !one.tracks.iter().any(|track| track.mid == added.mid || track.source == source)
        {
            let layers = added.simulcast.as_ref().map(|simulcast| simulcast.recv.iter());
            let rids = layers.into_iter().flatten().take(MOST_LAYERS).map(|layer| layer.rid);
            one.tracks.push(Track {
                mid: added.mid,
                source,
                rids: rids.collect(),
                layers: Vec::new(),
                loudness: crate::speaker::Loudness::default(),
                hushed: one.hushed.contains(&source),
            });
        }
        self.change(peer);
    }

    /// Sends a packet on to those who shall have it.
    fn forward(&mut self, from: PeerId, packet: RtpPacket, now: Instant) {
        let Some(one) = self.peers.get_mut(&from) else { return };
        // It was sealed with the session's key.
        one.heard = now;
        let ssrc = packet.header.ssrc;
        let stream = one.rtc.direct_api().stream_rx(&ssrc).map(|stream| (stream.mid(), stream.rid()));
        let Some((mid, rid)) = stream else { return };
        let Some(track) = one.tracks.iter_mut().find(|track| track.mid == mid) else { return };
        let (kind, known) = (track.source.kind(), track.layers.len());
        let Some(layer) = track.layer(ssrc, rid, now) else { return };
        layer.count(packet.payload.len(), now);
        let floods = match kind {
            Kind::Sound => layer.floods(MOST_SOUND_BPS, MOST_SOUND_PACKETS),
            Kind::Picture => layer.floods(MOST_PICTURE_BPS, MOST_PICTURE_PACKETS),
        };
        let again =
            layer.wanted && layer.asked.is_none_or(|at| now.saturating_duration_since(at) >= WHOLE_PICTURE_EVERY);
        if let (Kind::Sound, Some(level)) = (kind, packet.header.ext_vals.audio_level) {
            track.loudness.hear(level, now);
        }
        let (fresh, hushed) = (track.layers.len() != known, track.hushed);
        let room = one.room;
        if fresh {
            self.change(from);
        }
        if again {
            self.ask_whole(from, mid, ssrc, now);
        }
        if hushed || floods || !(1..=MOST_PAYLOAD).contains(&packet.payload.len()) {
            return;
        }
        let described = (kind == Kind::Picture).then(|| Vp8Descriptor::parse(&packet.payload).ok()).flatten();
        let whole = described.is_some_and(|descriptor| descriptor.starts_keyframe(&packet.payload));
        let Some(room) = self.rooms.get(&room) else { return };
        let Some(to) = room.routes.get(&(from, mid)) else { return };
        for (receiver, place) in to.clone() {
            if self.send(receiver, place, ssrc, (&packet, described.as_ref()), whole, now) {
                // It goes out when time goes on.
                self.set_due(receiver, now);
            }
        }
    }

    /// Sends a packet to somebody in a place; whether it was sent.
    fn send(
        &mut self,
        to: PeerId,
        place: usize,
        ssrc: Ssrc,
        (packet, described): (&RtpPacket, Option<&Vp8Descriptor>),
        whole: bool,
        now: Instant,
    ) -> bool {
        let Some(one) = self.peers.get_mut(&to) else { return false };
        let Some(slot) = one.slots.get_mut(place) else { return false };
        let picture = slot.kind == Kind::Picture;
        if slot.next == Some(ssrc) && (whole || !picture) {
            if slot.now != Some(ssrc) {
                slot.rewrite.change();
            }
            (slot.now, slot.next) = (Some(ssrc), None);
        }
        if slot.now != Some(ssrc) {
            return false;
        }
        let (clock, payload) = if picture { (90_000, one.picture) } else { (48_000, one.sound) };
        let mut direct = one.rtc.direct_api();
        let (Some(payload), Some(stream)) = (payload, direct.stream_tx_by_mid(slot.mid, None)) else { return false };
        if picture && stream.queue_info().is_some_and(|queue| queue.packet_count() > MOST_QUEUED) {
            // They are far behind: from the next whole picture on.
            (slot.now, slot.next) = (None, Some(ssrc));
            return false;
        }
        let Some((number, time)) = slot.rewrite.next(*packet.seq_no, packet.header.timestamp, clock, now) else {
            return false;
        };
        let header = &packet.header;
        let values = ExtensionValues {
            audio_level: header.ext_vals.audio_level,
            voice_activity: header.ext_vals.voice_activity,
            video_orientation: header.ext_vals.video_orientation,
            ..ExtensionValues::default()
        };
        let write = RtpWrite::new(payload, number.into(), time, packet.timestamp, packet.payload.clone());
        let mut write = write.marker(header.marker).ext_vals(values).nackable(picture);
        if let Some(patch) = described.and_then(|described| slot.rewrite.pictures(described)) {
            write = write.vp8_patch(patch);
        }
        stream.write_rtp(write);
        true
    }

    /// Asks somebody for a whole picture, unless that was just done; then later.
    fn ask_whole(&mut self, of: PeerId, mid: Mid, ssrc: Ssrc, now: Instant) {
        let Some(one) = self.peers.get_mut(&of) else { return };
        let track = one.tracks.iter_mut().find(|track| track.mid == mid && track.source.kind() == Kind::Picture);
        let Some(layer) = track.and_then(|track| track.layers.iter_mut().find(|layer| layer.ssrc == ssrc)) else {
            return;
        };
        if layer.asked.is_some_and(|at| now.saturating_duration_since(at) < WHOLE_PICTURE_EVERY) {
            layer.wanted = true;
            return;
        }
        (layer.asked, layer.wanted) = (Some(now), false);
        if let Some(stream) = one.rtc.direct_api().stream_rx(&ssrc) {
            stream.request_keyframe(KeyframeRequestKind::Pli);
        }
        self.drain(of, now);
    }

    fn tell(&mut self, peer: PeerId, told: Told) {
        if let Some(one) = self.peers.get_mut(&peer) {
            one.tell(told);
            self.told.push(peer);
        }
    }

    /// Takes somebody out, and notes to tell them why.
    fn take_out(&mut self, peer: PeerId, why: Gone) {
        let Some(mut one) = self.peers.remove(&peer) else { return };
        one.rtc.disconnect();
        if one.refused > 0 {
            tracing::info!(packets = one.refused, "somebody sent more to the media server than is looked at");
        }
        self.names.remove(&one.name);
        self.addresses.retain(|_, owner| *owner != peer);
        self.due.remove(&(one.due, peer));
        self.events.retain(|(owner, _)| *owner != peer);
        if let Some(room) = self.rooms.get_mut(&one.room) {
            room.peers.remove(&peer);
            room.speaker.forget(peer);
            room.changed = true;
            if room.peers.is_empty() {
                self.rooms.remove(&one.room);
            }
        }
        self.gone.push((peer, Told::Gone { why }));
    }
}

fn protocol(proto: Proto) -> Protocol {
    match proto {
        Proto::Udp => Protocol::Udp,
        Proto::Tcp => Protocol::Tcp,
    }
}

/// Whether it is a check of the way (STUN), or an answer to one.
fn is_check(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| *first < 2) && bytes.len() >= 20
}

/// Whom a check of the way (STUN) is for; nothing for anything else.
fn called(bytes: &[u8]) -> Option<&str> {
    if !is_check(bytes) {
        return None;
    }
    StunMessage::parse(bytes).ok()?.username()?.split(':').next()
}

/// Letters and digits that nobody guesses.
fn random(length: usize) -> String {
    let mut random = rand::rng();
    (0..length).map(|_| char::from(random.sample(Alphanumeric))).collect()
}
