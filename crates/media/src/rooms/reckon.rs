//! Who is sent what: reckoned anew four times a second for each room, and soon after something has changed.

use super::{RoomId, Rooms};
use crate::layers::{Picture, Plan, enough, plan};
use crate::limits::{BEGIN_BPS, MOST_HEARD, MOST_SEEN};
use crate::peer::{Kind, Peer, PeerId, Shown, Source, Told, Wanted};
use std::collections::HashMap;
use std::time::Instant;
use str0m::bwe::Bitrate;
use str0m::media::Mid;
use str0m::rtp::Ssrc;

/// Something that is sent in a room.
struct Sent {
    peer: PeerId,
    mid: Mid,
    source: Source,
    level: f32,
    /// The smallest first: the stream, and bits a second.
    layers: Vec<(Ssrc, u64)>,
}

/// What one of the room shall get, what counts most first.
struct Gets<'s> {
    sounds: Vec<&'s Sent>,
    /// How high each is shown.
    pictures: Vec<(&'s Sent, u16)>,
}

/// A screen comes before faces, and its sound before voices.
fn screen(source: Source) -> f32 {
    if matches!(source, Source::Screen | Source::ScreenSound) { 1_000.0 } else { 0.0 }
}

impl Rooms {
    /// Reckons who is sent what, in the rooms in which it is time to.
    pub(super) fn reckon(&mut self, now: Instant) {
        let due = |room: &super::Room| room.reckoned.is_none_or(|at| now.saturating_duration_since(at) >= room.rests());
        let ids: Vec<RoomId> = self.rooms.iter().filter(|(_, room)| due(room)).map(|(id, _)| *id).collect();
        for id in ids {
            self.reckon_room(id, now);
        }
    }

    fn reckon_room(&mut self, id: RoomId, now: Instant) {
        let Some(room) = self.rooms.get_mut(&id) else { return };
        (room.reckoned, room.changed) = (Some(now), false);
        let members: Vec<PeerId> = room.peers.iter().copied().collect();
        let sends = self.sent(&members, now);
        // Who speaks.
        let loud = members.iter().map(|peer| {
            let of = sends.iter().filter(|sent| sent.peer == *peer && sent.source == Source::Microphone);
            (*peer, of.map(|sent| sent.level).fold(0.0, f32::max))
        });
        let speaks = self.rooms.get_mut(&id).and_then(|room| room.speaker.reckon(loud, now));
        if let Some(speaker) = speaks {
            for peer in &members {
                self.tell(*peer, Told::Speaks { peer: speaker });
            }
        }
        let mut routes: HashMap<(PeerId, Mid), Vec<(PeerId, usize)>> = HashMap::new();
        for receiver in &members {
            let asks = self.place(*receiver, &sends, now);
            for (from, mid, ssrc) in asks {
                self.ask_whole(from, mid, ssrc, now);
            }
            let Some(one) = self.peers.get(receiver) else { continue };
            for (place, slot) in one.slots.iter().enumerate() {
                if let Some(from) = slot.from {
                    routes.entry(from).or_default().push((*receiver, place));
                }
            }
        }
        if let Some(room) = self.rooms.get_mut(&id) {
            room.routes = routes;
        }
    }

    /// What is sent in a room now.
    fn sent(&self, members: &[PeerId], now: Instant) -> Vec<Sent> {
        let mut all = Vec::new();
        for peer in members {
            let Some(one) = self.peers.get(peer) else { continue };
            for track in one.tracks.iter().filter(|track| track.is_sent(now)) {
                let layers = track.layers.iter().map(|layer| (layer.ssrc, layer.rate(now)));
                all.push(Sent {
                    peer: *peer,
                    mid: track.mid,
                    source: track.source,
                    level: track.loudness.now(now),
                    layers: layers.collect(),
                });
            }
        }
        all
    }

    /// Gives somebody's places to what they shall get, and tells them; returns of whom a whole picture is to be asked for it.
    fn place(&mut self, receiver: PeerId, sends: &[Sent], now: Instant) -> Vec<(PeerId, Mid, Ssrc)> {
        let most = self.limits.receive_bps;
        let Some(one) = self.peers.get_mut(&receiver) else { return Vec::new() };
        let gets = one.gets(receiver, sends);
        let places = one.more_places(&gets);
        one.seat(&gets);
        let (plan, asks) = one.send_layers(&gets);
        one.use_line(&plan, most);
        let shown = one.shown();
        let shows = (shown != one.shown).then(|| shown.clone());
        one.shown = shown;
        let bps = one.carries;
        // A tenth more or less is not worth a word.
        let carries = (one.connected && bps.abs_diff(one.said_carries) > one.said_carries / 10).then_some(bps);
        one.said_carries = carries.unwrap_or(one.said_carries);
        one.places = places.unwrap_or(one.places);
        self.drain(receiver, now);
        let told = [
            shows.map(|shows| Told::Shows { shows }),
            places.map(|(sound, picture)| Told::Places { sound, picture }),
            carries.map(|bps| Told::Carries { bps }),
        ];
        for told in told.into_iter().flatten() {
            self.tell(receiver, told);
        }
        asks
    }
}

impl Peer {
    /// What they shall get of what is sent: sound, all of it, and of more than there are places for the loudest, where what is heard already has a
    /// start; of pictures those that they want, or screens and then whoever is there.
    fn gets<'s>(&self, receiver: PeerId, sends: &'s [Sent]) -> Gets<'s> {
        let of = |kind| sends.iter().filter(move |sent| sent.peer != receiver && sent.source.kind() == kind);
        let mut sounds: Vec<&Sent> = of(Kind::Sound).collect();
        let heard = |sent: &Sent| self.slots.iter().any(|slot| slot.from == Some((sent.peer, sent.mid)));
        let rank = |sent: &Sent| sent.level + if heard(sent) { 10.0 } else { 0.0 } + screen(sent.source);
        sounds.sort_by(|a, b| rank(b).total_cmp(&rank(a)));
        sounds.truncate(MOST_HEARD);
        let mut pictures: Vec<(&Sent, u16)> = match &self.wanted {
            Some(wanted) => {
                let found = |want: &Wanted| {
                    let mut all = of(Kind::Picture);
                    let found = all.find(|sent| sent.peer == want.peer && sent.source == want.source);
                    found.map(|sent| (sent, want.height))
                };
                wanted.iter().filter_map(found).collect()
            }
            None => {
                let mut all: Vec<_> = of(Kind::Picture).map(|sent| (sent, 360)).collect();
                all.sort_by(|(a, _), (b, _)| screen(b.source).total_cmp(&screen(a.source)));
                all
            }
        };
        pictures.truncate(MOST_SEEN);
        Gets { sounds, pictures }
    }

    /// How many places to hear and to see they need for that, where these are more than they have, and than they were asked for last.
    fn more_places(&self, gets: &Gets<'_>) -> Option<(usize, usize)> {
        let has = |kind| self.slots.iter().filter(|slot| slot.kind == kind).count();
        let needs = (gets.sounds.len().max(self.places.0), gets.pictures.len().max(self.places.1));
        let short = needs.0 > has(Kind::Sound) || needs.1 > has(Kind::Picture);
        (short && needs != self.places).then_some(needs)
    }

    /// Gives their places to what they get. Each keeps its place as long as it can.
    fn seat(&mut self, gets: &Gets<'_>) {
        let pictures = gets.pictures.iter().map(|(sent, _)| *sent);
        let wanted: Vec<&Sent> = gets.sounds.iter().copied().chain(pictures).collect();
        for slot in &mut self.slots {
            let stays = slot.from.is_some_and(|from| wanted.iter().any(|sent| (sent.peer, sent.mid) == from));
            if !stays {
                slot.give(None);
            }
        }
        for sent in wanted {
            let there = self.slots.iter().any(|slot| slot.from == Some((sent.peer, sent.mid)));
            if !there {
                let free = self.slots.iter_mut().find(|slot| slot.from.is_none() && slot.kind == sent.source.kind());
                if let Some(slot) = free {
                    slot.give(Some((sent.peer, sent.mid, sent.source)));
                }
            }
        }
    }

    /// Chooses which layer of each they are sent; with of whom a whole picture is to be asked for it.
    fn send_layers<'s>(&mut self, gets: &Gets<'s>) -> (Plan, Vec<(PeerId, Mid, Ssrc)>) {
        let in_place = |(sent, height): (&'s Sent, u16)| {
            let at = self.slots.iter().position(|slot| slot.from == Some((sent.peer, sent.mid)))?;
            let sends = self.slots.get(at).and_then(|slot| slot.now);
            let layers: Vec<u64> = sent.layers.iter().map(|(_, rate)| *rate).collect();
            let largest = layers.len().saturating_sub(1);
            let picture = Picture {
                enough: if sent.source == Source::Screen { largest } else { enough(height, layers.len()) },
                now: sent.layers.iter().position(|(ssrc, _)| Some(*ssrc) == sends),
                layers,
            };
            Some(((at, sent), picture))
        };
        let in_places = gets.pictures.iter().copied().filter_map(in_place);
        let (places, pictures): (Vec<(usize, &Sent)>, Vec<Picture>) = in_places.unzip();
        let plan = plan(&pictures, self.carries, gets.sounds.len());
        let mut asks = Vec::new();
        for ((at, sent), layer) in places.into_iter().zip(&plan.layers) {
            let Some(slot) = self.slots.get_mut(at) else { continue };
            let to = layer.and_then(|layer| sent.layers.get(layer)).map(|(ssrc, _)| *ssrc);
            match to {
                None => (slot.now, slot.next) = (None, None),
                Some(ssrc) if slot.now == Some(ssrc) => slot.next = None,
                Some(ssrc) => {
                    slot.next = Some(ssrc);
                    // What is no longer sent is not waited for.
                    if slot.now.is_some_and(|now| !sent.layers.iter().any(|(ssrc, rate)| *ssrc == now && *rate > 0)) {
                        slot.now = None;
                    }
                    asks.push((sent.peer, sent.mid, ssrc));
                }
            }
        }
        for slot in self.slots.iter_mut().filter(|slot| slot.kind == Kind::Sound) {
            let of = gets.sounds.iter().find(|sent| slot.from == Some((sent.peer, sent.mid)));
            let ssrc = of.and_then(|sent| sent.layers.first()).map(|(ssrc, _)| *ssrc);
            if slot.now != ssrc {
                slot.next = ssrc;
            }
        }
        (plan, asks)
    }

    /// Tells the library what their line is used for, of which they are sent no more than `most`.
    fn use_line(&mut self, plan: &Plan, most: u64) {
        // A line is tried with twice what is wanted, and held for what then came through, also where that is less than it was held for. While what is
        // sent has just begun, little is known to be wanted; and with each bit more that is wanted the line is tried again.
        let wants = plan.desired.max(BEGIN_BPS).min(most);
        if wants.abs_diff(self.wants) > self.wants / 10 {
            self.wants = wants;
        }
        self.rtc.bwe().set_bitrate(Bitrate::bps(plan.next.min(most)), Bitrate::bps(self.wants));
        // Pictures go out as they come where the line carries all that is wanted; where it does not, the library spreads them over time: what tries a line would
        // go out with them at once, and say that it carries much.
        let spread = plan.desired.min(most) > self.carries;
        if spread != self.spread {
            self.spread = spread;
            for slot in self.slots.iter().filter(|slot| slot.kind == Kind::Picture) {
                if let Some(stream) = self.rtc.direct_api().stream_tx_by_mid(slot.mid, None) {
                    stream.set_unpaced(!spread);
                }
            }
        }
    }

    /// What stands in their places.
    fn shown(&self) -> Vec<Shown> {
        let in_place = |slot: &crate::peer::Slot| {
            let (peer, _) = slot.from?;
            let paused = slot.kind == Kind::Picture && slot.now.is_none() && slot.next.is_none();
            Some(Shown { mid: slot.mid.to_string(), peer, source: slot.source, paused })
        };
        self.slots.iter().filter_map(in_place).collect()
    }
}
