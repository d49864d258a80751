//! A network with a server and browsers on it, and a clock that the test turns.

use crate::sealed;
use media::{Datagram, Limits, Offer, PeerId, Proto, Publishes, RoomId, Rooms, Source, Told, Wanted};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::crypto::CryptoProvider;
use str0m::format::Codec;
use str0m::media::{Direction, MediaKind, Mid, Pt, Rid, Simulcast, SimulcastLayer};
use str0m::net::{Protocol, Receive, TcpType};
use str0m::rtp::{ExtensionValues, RtpWrite, Ssrc};
use str0m::{Candidate, Event, Input, Output, Rtc};
use uuid::Uuid;

/// The least by which time goes on, and how often sound is sent.
const STEP: Duration = Duration::from_micros(100);
const TICK: Duration = Duration::from_millis(20);
/// How an answer to a check of the way begins.
const WELL: [u8; 2] = [1, 1];

pub const MAY_ALL: Publishes = Publishes::ALL;

/// Something that a browser sends.
struct Sends {
    mid: Mid,
    source: Source,
    rids: Vec<Rid>,
    on: bool,
    loud: i8,
    /// Next number and time, by layer, and whether a whole picture is to come.
    next: Vec<(u64, u32, bool)>,
}

/// A packet that came.
#[derive(Clone)]
pub struct Packet {
    pub number: u64,
    pub ssrc: Ssrc,
    pub came: Instant,
    pub level: Option<i8>,
    pub payload: Arc<[u8]>,
}

pub struct Browser {
    pub peer: PeerId,
    pub address: SocketAddr,
    rtc: Rtc,
    pending: Option<SdpPendingOffer>,
    /// What it offers.
    pub offer: String,
    sends: Vec<Sends>,
    receives: (usize, usize),
    pub told: Vec<Told>,
    pub heard: Vec<Packet>,
    /// How often a whole picture was asked of it, by layer.
    pub asked: HashMap<Option<String>, usize>,
    pub connected: bool,
    /// Whether what it sends arrives.
    pub cut: bool,
    /// Whether it answers checks of the way, and what it would have answered.
    pub answers: bool,
    pub withheld: Vec<Vec<u8>>,
    /// How many packets have reached it: checks of the way and answers to its own, and all else.
    pub checks: usize,
    pub others: usize,
    /// Bytes of a packet of sound, and how many of them are sent at a time.
    pub sound: usize,
    pub packets: usize,
    /// Whether what comes may be too much for it.
    pub fragile: bool,
    /// Whether it is switched off.
    pub off: bool,
    /// Bytes that reach it in a second; what is far above is lost.
    pub line: Option<f64>,
    /// One packet of a picture in so many is lost on the way to it; how many were, and how many came or were.
    pub drops: Option<usize>,
    pub lost: usize,
    pictures: usize,
    budget: f64,
    due: Instant,
    waiting: Vec<Vec<u8>>,
}

/// What went over the network, either way: of each kind the first packets, and the newest.
#[derive(Default)]
pub struct Caught {
    /// Checks of the way, of the handshake and of data, of media, and what is said about media.
    pub kinds: [Vec<Vec<u8>>; 4],
    count: usize,
}

impl Caught {
    fn note(&mut self, bytes: &[u8]) {
        let kind = match bytes {
            [0..=1, ..] => 0,
            [20..=63, ..] => 1,
            [128..=191, 192..=223, ..] => 3,
            [128..=191, ..] => 2,
            _ => return,
        };
        self.count += 1;
        let all = &mut self.kinds[kind];
        match all.len() {
            0..96 => all.push(bytes.to_vec()),
            _ => all[32 + self.count % 64] = bytes.to_vec(),
        }
    }
}

pub struct Network {
    pub now: Instant,
    proto: Proto,
    sends_at: Instant,
    ticks: u64,
    pub rooms: Rooms,
    pub server: SocketAddr,
    pub browsers: Vec<Browser>,
    /// What was sent to addresses at which nobody is: how many packets; where to, how many bytes, and the first of these.
    pub strays: usize,
    pub strayed: Vec<(SocketAddr, usize, u8)>,
    pub caught: Caught,
}

impl Network {
    pub fn new(limits: Limits) -> Self {
        Self::over(Proto::Udp, limits)
    }

    /// One on which everything goes by datagrams, or over connections.
    pub fn over(proto: Proto, limits: Limits) -> Self {
        let server: SocketAddr = "10.0.0.1:3478".parse().unwrap();
        let now = Instant::now();
        let (udp, tcp) = match proto {
            Proto::Udp => (vec![server], Vec::new()),
            Proto::Tcp => (Vec::new(), vec![server]),
        };
        Self {
            now,
            proto,
            sends_at: now,
            ticks: 0,
            rooms: Rooms::new(udp, tcp, limits),
            server,
            browsers: Vec::new(),
            strays: 0,
            strayed: Vec::new(),
            caught: Caught::default(),
        }
    }

    /// A browser that sends these.
    pub fn browser(&mut self, sources: &[Source]) -> usize {
        self.browser_with(sources, false)
    }

    /// A browser that sends these, and data where it is said.
    pub fn browser_with(&mut self, sources: &[Source], data: bool) -> usize {
        self.browser_of(sources, data, None)
    }

    /// A browser that sends these and is not to be trusted: the test seals with its keys what it likes (`sealed.rs`).
    pub fn forger(&mut self, sources: &[Source]) -> usize {
        let browser = self.browser_of(sources, false, Some(sealed::watched()));
        self.browsers[browser].fragile = true;
        browser
    }

    fn browser_of(&mut self, sources: &[Source], data: bool, ciphers: Option<Arc<CryptoProvider>>) -> usize {
        let number = self.browsers.len() + 1;
        let address: SocketAddr = format!("10.0.{}.{}:5000", 1 + number / 200, 1 + number % 200).parse().unwrap();
        let mut config = Rtc::builder().set_rtp_mode(true).clear_codecs().enable_opus(true, false).enable_vp8(true);
        if let Some(ciphers) = ciphers {
            config = config.set_crypto_provider(ciphers);
        }
        let mut rtc = config.build(self.now);
        let candidate = match self.proto {
            Proto::Udp => Candidate::host(address, "udp"),
            Proto::Tcp => Candidate::builder().tcp().host(address).tcptype(TcpType::Active).build(),
        };
        rtc.add_local_candidate(candidate.unwrap());
        let mut change = rtc.sdp_api();
        let mut sends = Vec::new();
        for source in sources {
            let (kind, sizes): (_, &[&str]) = match source {
                Source::Camera => (MediaKind::Video, &["q", "h", "f"]),
                Source::Screen => (MediaKind::Video, &["h", "f"]),
                _ => (MediaKind::Audio, &[]),
            };
            let simulcast = (!sizes.is_empty()).then(|| {
                let mut simulcast = Simulcast::new();
                for rid in sizes {
                    simulcast.add_send_layer(SimulcastLayer::new(rid));
                }
                simulcast
            });
            let rids: Vec<Rid> = sizes.iter().map(|rid| (*rid).into()).collect();
            let mid = change.add_media(kind, Direction::SendOnly, None, None, simulcast);
            let next = vec![(100, 1_000, true); rids.len().max(1)];
            sends.push(Sends { mid, source: *source, rids, on: true, loud: -30, next });
        }
        change.add_media(MediaKind::Audio, Direction::RecvOnly, None, None, None);
        change.add_media(MediaKind::Video, Direction::RecvOnly, None, None, None);
        if data {
            change.add_channel("data".to_owned());
        }
        let (offer, pending) = change.apply().unwrap();
        let peer = PeerId(number as u64);
        self.browsers.push(Browser {
            peer,
            address,
            rtc,
            pending: Some(pending),
            offer: offer.to_sdp_string(),
            sends,
            receives: (1, 1),
            told: Vec::new(),
            heard: Vec::new(),
            asked: HashMap::new(),
            connected: false,
            cut: false,
            answers: true,
            withheld: Vec::new(),
            checks: 0,
            others: 0,
            sound: 80,
            packets: 1,
            fragile: false,
            off: false,
            line: None,
            drops: None,
            lost: 0,
            pictures: 0,
            budget: 0.0,
            due: self.now,
            waiting: Vec::new(),
        });
        number - 1
    }

    /// It comes into a room.
    pub fn join(&mut self, browser: usize, room: RoomId, may: Publishes) -> Result<(), media::MediaError> {
        let one = &mut self.browsers[browser];
        let sources = one.sends.iter().map(|sends| (sends.mid.to_string(), sends.source)).collect();
        let offer = Offer { sdp: one.offer.clone(), sources };
        let answer = self.rooms.join(room, one.peer, may, &offer, self.now)?;
        let answer = SdpAnswer::from_sdp_string(&answer).unwrap();
        one.rtc.sdp_api().accept_answer(one.pending.take().unwrap(), answer).unwrap();
        Ok(())
    }

    /// A browser that sends these and is in the room.
    pub fn in_room(&mut self, room: RoomId, sources: &[Source]) -> usize {
        let browser = self.browser(sources);
        self.join(browser, room, MAY_ALL).unwrap();
        browser
    }

    pub fn want(&mut self, browser: usize, wanted: &[(usize, Source, u16)]) {
        let of = |(other, source, height): &(usize, Source, u16)| Wanted {
            peer: self.browsers[*other].peer,
            source: *source,
            height: *height,
        };
        let wanted = wanted.iter().map(of).collect();
        self.rooms.want(self.browsers[browser].peer, wanted);
    }

    /// What it sends of this is on or off, and how loud.
    pub fn sends(&mut self, browser: usize, source: Source, on: bool, loud: i8) {
        for sends in self.browsers[browser].sends.iter_mut().filter(|sends| sends.source == source) {
            (sends.on, sends.loud) = (on, loud);
        }
    }

    /// Time goes on by so much, to each moment at which something is due: all send, and what is sent arrives.
    pub fn run(&mut self, time: Duration) {
        let until = self.now + time;
        while self.now < until {
            let on = self.browsers.iter().filter(|browser| !browser.off);
            let due = on.map(|browser| browser.due).min().unwrap_or(until);
            let due = due.min(self.rooms.next(self.now)).min(self.sends_at).min(until);
            let before = self.now;
            self.now = due.max(self.now + STEP);
            let sends = self.now >= self.sends_at;
            if sends {
                self.sends_at += TICK;
                self.ticks += 1;
            }
            for browser in self.browsers.iter_mut().filter(|browser| !browser.off) {
                // What was not used is there for a while.
                let passed = self.now.duration_since(before).as_micros() as f64 / 1e6;
                browser.budget = (browser.budget + passed * browser.line.unwrap_or_default()).min(3_000.0);
                if sends {
                    browser.send(self.ticks);
                }
            }
            // Until nothing is under way.
            loop {
                let mut quiet = true;
                for at in 0..self.browsers.len() {
                    if self.browsers[at].off {
                        continue;
                    }
                    let (server, proto) = (self.server, self.proto);
                    for bytes in self.browsers[at].drain(self.now, server) {
                        quiet = false;
                        let browser = &mut self.browsers[at];
                        if !browser.answers && bytes.starts_with(&WELL) {
                            browser.withheld.push(bytes);
                        } else if !browser.cut {
                            self.caught.note(&bytes);
                            self.rooms.receive(proto, browser.address, server, &bytes, self.now);
                        }
                    }
                }
                self.rooms.tick(self.now);
                quiet &= !self.deliver();
                for (peer, told) in self.rooms.tells() {
                    let at = self.browsers.iter().position(|browser| browser.peer == peer);
                    if let Some(at) = at {
                        if let Told::Places { sound, picture } = told {
                            self.more_places(at, (sound, picture));
                        }
                        self.browsers[at].told.push(told);
                    }
                }
                if quiet {
                    break;
                }
            }
        }
    }

    /// What the server sends arrives. Says whether there was something.
    fn deliver(&mut self) -> bool {
        let sent = self.rooms.sends();
        for datagram in &sent {
            self.caught.note(&datagram.bytes);
            match self.browsers.iter_mut().find(|browser| browser.address == datagram.to && !browser.off) {
                Some(browser) => browser.receive(self.now, self.server, datagram),
                None => {
                    self.strays += 1;
                    self.strayed.push((datagram.to, datagram.bytes.len(), datagram.bytes[0]));
                }
            }
        }
        !sent.is_empty()
    }

    /// Somebody sends the server this from there. Says whether it was somebody's.
    pub fn throw(&mut self, from: SocketAddr, bytes: &[u8]) -> bool {
        let known = self.rooms.receive(self.proto, from, self.server, bytes, self.now);
        self.deliver();
        known
    }

    /// It offers more lines to receive in.
    fn more_places(&mut self, browser: usize, (sound, picture): (usize, usize)) {
        let one = &mut self.browsers[browser];
        let mut change = one.rtc.sdp_api();
        for _ in one.receives.0..sound {
            change.add_media(MediaKind::Audio, Direction::RecvOnly, None, None, None);
        }
        for _ in one.receives.1..picture {
            change.add_media(MediaKind::Video, Direction::RecvOnly, None, None, None);
        }
        one.receives = (one.receives.0.max(sound), one.receives.1.max(picture));
        let Some((offer, pending)) = change.apply() else { return };
        let sources = one.sends.iter().map(|sends| (sends.mid.to_string(), sends.source)).collect();
        let offered = self.rooms.offer(one.peer, &Offer { sdp: offer.to_sdp_string(), sources }, self.now);
        let answer = match offered {
            Ok(answer) => answer,
            Err(error) => {
                assert!(one.fragile, "{error:?}");
                return;
            }
        };
        one.rtc.sdp_api().accept_answer(pending, SdpAnswer::from_sdp_string(&answer).unwrap()).unwrap();
    }
}

impl Browser {
    fn payload(&self, codec: Codec) -> Pt {
        self.rtc.codec_config().params().iter().find(|params| params.spec().codec == codec).unwrap().pt()
    }

    /// Sends what it sends: sound every 20 ms, a picture of each size every 40.
    fn send(&mut self, tick: u64) {
        if !self.connected {
            return;
        }
        let now = self.due;
        let (sound, picture) = (self.payload(Codec::Opus), self.payload(Codec::Vp8));
        let packets = self.packets;
        for sends in self.sends.iter_mut().filter(|sends| sends.on) {
            let seen = matches!(sends.source, Source::Camera | Source::Screen);
            if seen && !tick.is_multiple_of(2) {
                continue;
            }
            for (layer, (number, time, whole)) in sends.next.iter_mut().enumerate() {
                let mut direct = self.rtc.direct_api();
                let Some(stream) = direct.stream_tx_by_mid(sends.mid, sends.rids.get(layer).copied()) else { continue };
                let (payload, bytes) = match seen {
                    // Sizes of some 100, 400 and 1,500 kbit/s (a screen has the larger two), in packets of at most 1,000 bytes.
                    true => (picture, [500, 2_000, 7_500][3 - sends.rids.len() + layer]),
                    false => (sound, self.sound),
                };
                let mut left: usize = if seen { bytes } else { bytes * packets };
                let mut first = true;
                while left > 0 {
                    let length = left.min(if seen { 1_000 } else { bytes });
                    left -= length;
                    let mut body = vec![u8::try_from(layer).unwrap(); length];
                    if seen {
                        // The descriptor of VP8 (where a frame begins), and whether it is a whole picture.
                        body[0] = if first { 0x10 } else { 0 };
                        body[1] = u8::from(!*whole);
                    }
                    let values = ExtensionValues {
                        audio_level: (!seen).then_some(sends.loud),
                        voice_activity: (!seen).then_some(true),
                        ..Default::default()
                    };
                    let write = RtpWrite::new(payload, (*number).into(), *time, now, body);
                    stream.write_rtp(write.marker(left == 0).ext_vals(values).nackable(seen));
                    (*number, first) = (*number + 1, false);
                }
                *time = time.wrapping_add(if seen { 3_600 } else { 960 });
                *whole = false;
            }
        }
    }

    fn drain(&mut self, now: Instant, server: SocketAddr) -> Vec<Vec<u8>> {
        let _ = self.rtc.handle_input(Input::Timeout(now));
        let mut out = std::mem::take(&mut self.waiting);
        loop {
            // One that never came through has ended.
            let Ok(output) = self.rtc.poll_output() else {
                self.due = now + Duration::from_secs(60);
                return out;
            };
            match output {
                Output::Transmit(sent) => {
                    if sent.destination == server {
                        out.push(sent.contents.to_vec());
                    }
                }
                Output::Event(event) => self.happened(event),
                Output::Timeout(at) => {
                    self.due = at;
                    return out;
                }
            }
        }
    }

    fn happened(&mut self, event: Event) {
        match event {
            Event::Connected => self.connected = true,
            Event::RtpPacket(packet) => self.heard.push(Packet {
                number: *packet.seq_no,
                ssrc: packet.header.ssrc,
                came: packet.timestamp,
                level: packet.header.ext_vals.audio_level,
                payload: packet.payload,
            }),
            Event::KeyframeRequest(request) => {
                *self.asked.entry(request.rid.map(|rid| rid.to_string())).or_default() += 1;
                for sends in self.sends.iter_mut().filter(|sends| sends.mid == request.mid) {
                    let at = request.rid.and_then(|rid| sends.rids.iter().position(|one| *one == rid)).unwrap_or(0);
                    sends.next[at].2 = true;
                }
            }
            _ => {}
        }
    }

    fn receive(&mut self, now: Instant, server: SocketAddr, Datagram { proto, bytes, .. }: &Datagram) {
        match bytes[0] {
            0..=1 => self.checks += 1,
            _ => self.others += 1,
        }
        if self.cut {
            return;
        }
        // What comes again is of another kind, and none of these.
        let picture = || matches!(bytes[..], [128..=191, kind, ..] if kind & 0x7f == *self.payload(Codec::Vp8));
        if let Some(every) = self.drops.filter(|_| picture()) {
            self.pictures += 1;
            if self.pictures.is_multiple_of(every) {
                self.lost += 1;
                return;
            }
        }
        if self.line.is_some() {
            if self.budget < bytes.len() as f64 {
                return;
            }
            self.budget -= bytes.len() as f64;
        }
        let proto = if *proto == Proto::Udp { Protocol::Udp } else { Protocol::Tcp };
        let Ok(received) = Receive::new(proto, server, self.address, bytes) else { return };
        let input = Input::Receive(now, received);
        if self.rtc.accepts(&input) {
            let handled = self.rtc.handle_input(input);
            assert!(handled.is_ok() || self.fragile, "{handled:?}");
            // One thing at a time.
            loop {
                let output = self.rtc.poll_output();
                assert!(output.is_ok() || self.fragile, "{output:?}");
                match output {
                    Err(_) => {
                        self.due = now + Duration::from_secs(60);
                        return;
                    }
                    Ok(Output::Transmit(sent)) => self.waiting.push(sent.contents.to_vec()),
                    Ok(Output::Event(event)) => self.happened(event),
                    Ok(Output::Timeout(at)) => {
                        self.due = at;
                        return;
                    }
                }
            }
        }
    }

    /// It sends this as a packet of that, whatever comes of it: so many numbers and so much time later.
    pub fn babble(&mut self, source: Source, payload: Vec<u8>, (numbers, time): (u64, u32)) {
        let kinds = (self.payload(Codec::Opus), self.payload(Codec::Vp8));
        let seen = matches!(source, Source::Camera | Source::Screen);
        let now = self.due;
        for sends in self.sends.iter_mut().filter(|sends| sends.source == source && self.connected) {
            let mut direct = self.rtc.direct_api();
            let Some(stream) = direct.stream_tx_by_mid(sends.mid, sends.rids.first().copied()) else { continue };
            let next = &mut sends.next[0];
            (next.0, next.1) = (next.0 + numbers, next.1.wrapping_add(time));
            let write =
                RtpWrite::new(if seen { kinds.1 } else { kinds.0 }, next.0.into(), next.1, now, payload.clone());
            stream.write_rtp(write.nackable(seen));
        }
    }

    /// The last that it was told is shown.
    pub fn shows(&self) -> Vec<media::Shown> {
        let last = self.told.iter().rev().find_map(|told| match told {
            Told::Shows { shows } => Some(shows.clone()),
            _ => None,
        });
        last.unwrap_or_default()
    }

    /// Packets of what is shown of somebody, in order of arrival.
    pub fn of(&mut self, peer: PeerId, source: Source) -> Vec<Packet> {
        let shown = self.shows();
        let Some(shown) = shown.iter().find(|shown| shown.peer == peer && shown.source == source) else {
            return Vec::new();
        };
        let mid: Mid = shown.mid.as_str().into();
        let mut of = Vec::new();
        for packet in &self.heard {
            if self.rtc.direct_api().stream_rx(&packet.ssrc).is_some_and(|stream| stream.mid() == mid) {
                of.push(packet.clone());
            }
        }
        of
    }
}

pub fn room() -> RoomId {
    RoomId(Uuid::from_u128(rand::random()))
}
