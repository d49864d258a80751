//! What is malformed: packets and descriptions of a real meeting, changed in many ways, from who is in it and from strangers. Who behaves goes on.
//!
//! `PROPTEST_CASES` says how many are tried, as for the property tests; the changes are the same in every run.

use crate::network::{Caught, MAY_ALL, Network, room};
use crate::sealed::{self, is_report, seal};
use media::{Gone, MediaError, Offer, PeerId, Proto, RoomId, Source, Told};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

const BOTH: [Source; 2] = [Source::Microphone, Source::Camera];
/// The longest packet that the server looks at.
const LONGEST: usize = 2_048;
/// Addresses of one peer.
const ADDRESSES: usize = 8;

fn cases() -> usize {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(300)
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Numbers that look like chance, and are the same in every run (splitmix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Less than that; 0 of nothing.
    fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % most.max(1) as u64).unwrap()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.byte()).collect()
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// From and to, within so many.
    fn part(&mut self, length: usize) -> std::ops::Range<usize> {
        let (one, other) = (self.below(length + 1), self.below(length + 1));
        one.min(other)..one.max(other)
    }
}

/// A packet of the meeting, each kind as likely as any.
fn packet(caught: &Caught, dice: &mut Dice) -> Vec<u8> {
    let kinds: Vec<&Vec<Vec<u8>>> = caught.kinds.iter().filter(|kind| !kind.is_empty()).collect();
    let kind = *dice.of(&kinds);
    dice.of(kind).clone()
}

/// One, changed in up to three ways.
fn malformed(caught: &Caught, dice: &mut Dice) -> Vec<u8> {
    let mut bytes = packet(caught, dice);
    for _ in 0..dice.below(4) {
        match dice.below(9) {
            0 if !bytes.is_empty() => {
                for _ in 0..=dice.below(8) {
                    let at = dice.below(bytes.len());
                    bytes[at] ^= 1_u8 << dice.below(8);
                }
            }
            1 => bytes.truncate(dice.below(bytes.len() + 1)),
            2 => {
                let more = dice.below(1_500);
                bytes.extend(dice.bytes(more));
            }
            // The beginning of one, the end of another.
            3 => {
                let other = packet(caught, dice);
                let (here, there) = (dice.below(bytes.len() + 1), dice.below(other.len() + 1));
                bytes.truncate(here);
                bytes.extend_from_slice(&other[there..]);
            }
            // A part once more, and parts in another order.
            4 => {
                let part = bytes[dice.part(bytes.len())].to_vec();
                let at = dice.below(bytes.len() + 1);
                drop(bytes.splice(at..at, part));
            }
            5 => {
                let at = dice.below(bytes.len());
                bytes.rotate_left(at);
            }
            // Chance behind a beginning that is right.
            6 => {
                bytes.truncate(1 + dice.below(19));
                let more = dice.below(1_200);
                bytes.extend(dice.bytes(more));
            }
            // A length, or what may be one, that is none.
            7 if bytes.len() > 2 => {
                let (at, value) = (dice.below(bytes.len() - 1), *dice.of(&[0_u16, 1, 0x7fff, 0x8000, 0xffff]));
                bytes[at..at + 2].copy_from_slice(&value.to_be_bytes());
            }
            _ => {}
        }
        bytes.truncate(LONGEST);
    }
    // Most checks of the way are thrown away for their length: one that fits leads further.
    if bytes.len() >= 20 && bytes[0] < 2 && dice.below(2) == 0 {
        bytes.truncate(bytes.len() / 4 * 4);
        let length = u16::try_from(bytes.len() - 20).unwrap();
        bytes[2..4].copy_from_slice(&length.to_be_bytes());
    }
    bytes
}

/// That two hear and see each other in what follows.
fn goes_on(net: &mut Network, (one, two): (usize, usize)) {
    net.run(millis(1_500));
    for (who, other) in [(one, two), (two, one)] {
        let peer = net.browsers[other].peer;
        let before = [Source::Microphone, Source::Camera].map(|source| net.browsers[who].of(peer, source).len());
        net.run(millis(1_000));
        let after = [Source::Microphone, Source::Camera].map(|source| net.browsers[who].of(peer, source).len());
        assert!(net.rooms.has(peer), "one who behaved is out");
        assert!(after[0] > before[0] + 40, "{} packets of sound", after[0] - before[0]);
        assert!(after[1] > before[1] + 10, "{} packets of a picture", after[1] - before[1]);
    }
}

/// That strangers got answers to checks of the way and nothing else, and no more than three times what they sent.
fn little_strayed(net: &Network, thrown: &HashMap<SocketAddr, usize>) {
    let mut strayed: HashMap<SocketAddr, usize> = HashMap::new();
    for (to, bytes, first) in &net.strayed {
        assert!(*first < 2, "a packet that begins with {first} went to a stranger");
        *strayed.entry(*to).or_default() += bytes;
    }
    for (to, bytes) in strayed {
        let sent = thrown.get(&to).copied().unwrap_or_default();
        assert!(bytes <= 3 * sent, "{bytes} bytes for {sent}");
    }
}

#[test]
fn malformed_packets_harm_nobody_but_who_sends_them() {
    let mut dice = Dice(15);
    let mut net = Network::new(media::Limits::default());
    let at = room();
    let both = (net.in_room(at, &BOTH), net.in_room(at, &BOTH));
    net.run(millis(2_000));
    let strangers: Vec<SocketAddr> = (1..9).map(|n| format!("198.51.100.{n}:7777").parse().unwrap()).collect();
    let mut thrown: HashMap<SocketAddr, usize> = HashMap::new();
    let (mut left, mut round) = (cases(), 0);
    while left > 0 {
        // One who does not behave comes; things go wrong at once, in the handshake, and later.
        let bad = net.browser_with(&BOTH, true);
        net.browsers[bad].fragile = true;
        net.join(bad, at, MAY_ALL).unwrap();
        net.run(millis([0, 20, 60, 120, 500][round % 5]));
        round += 1;
        for _ in 0..left.min(25) {
            let bytes = malformed(&net.caught, &mut dice);
            if dice.below(2) == 0 {
                net.throw(net.browsers[bad].address, &bytes);
            } else {
                let stranger = *dice.of(&strangers);
                *thrown.entry(stranger).or_default() += bytes.len();
                net.throw(stranger, &bytes);
            }
            // And what is well sealed and makes no sense inside.
            let (source, length) = (*dice.of(&BOTH), 1 + dice.below(1_000));
            let jump = (dice.next() % 2_000, u32::from(dice.byte()) << 24);
            let payload = dice.bytes(length);
            net.browsers[bad].babble(source, payload, jump);
            net.run(millis(dice.next() % 12));
            assert!(net.rooms.addresses() <= 3 * ADDRESSES);
            assert!(net.rooms.in_room(at) <= 3);
        }
        left = left.saturating_sub(25);
        net.rooms.leave(net.browsers[bad].peer);
        net.run(millis(10));
        net.browsers[bad].off = true;
    }
    little_strayed(&net, &thrown);
    assert_eq!(net.rooms.panics(), 0);
    assert_eq!(net.rooms.in_room(at), 2);
    for browser in [both.0, both.1] {
        assert_eq!(net.rooms.at(Proto::Udp, net.browsers[browser].address), Some(net.browsers[browser].peer));
    }
    goes_on(&mut net, both);
}

/// What is said about media (RFC 3550, section 6; RFC 4585; RFC 3611), by kind and form.
const REPORTS: [(u8, u8); 11] =
    [(200, 1), (201, 1), (202, 1), (203, 1), (204, 0), (205, 1), (205, 15), (206, 1), (206, 4), (206, 15), (207, 0)];

/// Which of the packets have arrived: as runs, none of them long or all too long, and as lists.
const ARRIVED: [u16; 10] = [0, 0x2000, 0x2001, 0x3fff, 0x4000, 0x4002, 0x6001, 0x8000, 0xbfff, 0xd555];

/// Something said about media: of kinds that there are, about streams that there are, and nonsense for the rest.
fn made_up(streams: &[u32], dice: &mut Dice) -> Vec<u8> {
    let mut all: Vec<u8> = Vec::new();
    for _ in 0..=dice.below(3) {
        let words = dice.below(30);
        let mut body: Vec<u8> = match dice.below(3) {
            0 => vec![0; words * 4],
            1 => vec![0xff; words * 4],
            _ => dice.bytes(words * 4),
        };
        let (kind, form) = *dice.of(&REPORTS);
        match (kind, form) {
            (205, 15) => {
                for part in body.chunks_exact_mut(2).skip(4) {
                    if dice.below(2) == 0 {
                        part.copy_from_slice(&dice.of(&ARRIVED).to_be_bytes());
                    }
                }
            }
            (206, 15) if words > 2 && dice.below(2) == 0 => body[8..12].copy_from_slice(b"REMB"),
            _ => {}
        }
        for stream in body.chunks_exact_mut(4).take(2) {
            match dice.below(4) {
                0 => stream.fill(0),
                1 => {}
                _ => stream.copy_from_slice(&dice.of(streams).to_be_bytes()),
            }
        }
        let padded = if dice.below(8) == 0 { 0x20 } else { 0 };
        let length = if dice.below(4) > 0 { words } else { *dice.of(&[0, 1, words + 1, 0x7fff, 0xffff]) };
        all.extend([0x80 | padded | form, kind]);
        all.extend(u16::try_from(length).unwrap().to_be_bytes());
        all.extend(body);
    }
    // The least that is looked at.
    all.resize(all.len().max(8), 0);
    all
}

/// Gives a packet a number that is so much later.
fn come_later(packet: &mut [u8], by: u16) {
    let number = u16::from_be_bytes([packet[2], packet[3]]).wrapping_add(by);
    packet[2..4].copy_from_slice(&number.to_be_bytes());
}

#[test]
fn well_sealed_nonsense_harms_nobody_but_who_sends_it() {
    let mut dice = Dice(17);
    let mut net = Network::new(media::Limits::default());
    let at = room();
    let both = (net.in_room(at, &BOTH), net.in_room(at, &BOTH));
    net.run(millis(2_000));
    let mut left = cases();
    while left > 0 {
        let bad = net.forger(&BOTH);
        net.join(bad, at, MAY_ALL).unwrap();
        net.run(millis(2_000));
        let (peer, from) = (net.browsers[bad].peer, net.browsers[bad].address);
        // From now on what comes in its name is the test's.
        net.browsers[bad].cut = true;
        let [media, reports] = sealed::plain();
        let mut streams: Vec<u32> = net.browsers[bad].heard.iter().rev().take(100).map(|packet| *packet.ssrc).collect();
        streams.extend(reports.iter().map(|report| u32::from_be_bytes(report[4..8].try_into().unwrap())));
        let mut plain = Caught::default();
        plain.kinds[2] = media;
        plain.kinds[3] = reports;
        let before = net.rooms.panics();
        for later in 0..left.min(100) {
            if !net.rooms.has(peer) {
                break;
            }
            left -= 1;
            let mut bytes = match dice.below(3) {
                0 => made_up(&streams, &mut dice),
                _ => malformed(&plain, &mut dice),
            };
            // What has a number that was there already is not looked at.
            if bytes.len() > 4 && !is_report(&bytes) && dice.below(8) > 0 {
                come_later(&mut bytes, u16::try_from(later).unwrap() + 64);
            }
            net.throw(from, &seal(&bytes));
            net.run(millis(dice.next() % 12));
            assert!(net.rooms.addresses() <= 3 * ADDRESSES);
            assert!(net.rooms.in_room(at) <= 3);
        }
        // Whoever makes the library panic is out.
        assert!(net.rooms.panics() == before || !net.rooms.has(peer));
        net.rooms.leave(peer);
        net.run(millis(10));
        net.browsers[bad].off = true;
    }
    assert_eq!(net.rooms.in_room(at), 2);
    goes_on(&mut net, both);
}

/// A room with two in it, and with one in whose name the test seals packets of its own.
fn with_a_forger() -> (Network, RoomId, (usize, usize), usize) {
    let mut net = Network::new(media::Limits::default());
    let at = room();
    let both = (net.in_room(at, &BOTH), net.in_room(at, &BOTH));
    let bad = net.forger(&BOTH);
    net.join(bad, at, MAY_ALL).unwrap();
    net.run(millis(4_000));
    (net, at, both, bad)
}

#[test]
fn a_packet_that_is_too_long_or_empty_is_passed_on_to_nobody() {
    let (mut net, at, both, bad) = with_a_forger();
    net.browsers[bad].cut = true;
    let (from, [media, _]) = (net.browsers[bad].address, sealed::plain());
    let before = [both.0, both.1].map(|browser| net.browsers[browser].heard.len());
    // Of 2,010 bytes it still comes in one piece, and goes into none.
    for (turn, length) in [0, 1_501, 1_980, 2_010].into_iter().enumerate() {
        for packet in &media {
            let mut odd = packet[..sealed::header(packet)].to_vec();
            let later = u16::try_from(64 * (turn + 1)).unwrap();
            come_later(&mut odd, later);
            odd.extend(vec![9_u8; length]);
            net.throw(from, &seal(&odd));
        }
        net.run(millis(100));
    }
    for (browser, before) in [both.0, both.1].into_iter().zip(before) {
        let heard = &net.browsers[browser].heard[before..];
        assert!(heard.iter().all(|packet| packet.payload.first().is_some_and(|first| *first != 9)));
    }
    assert_eq!((net.rooms.panics(), net.rooms.in_room(at)), (0, 3));
    goes_on(&mut net, both);
}

#[test]
fn a_report_at_which_the_library_panics_ends_who_sends_it_alone() {
    let (mut net, at, both, bad) = with_a_forger();
    let (peer, from, other) = (net.browsers[bad].peer, net.browsers[bad].address, net.browsers[both.0].peer);
    let seen = *net.browsers[bad].of(other, Source::Camera).last().unwrap().ssrc;
    net.browsers[bad].cut = true;
    let [media, reports] = sealed::plain();
    // What the test seals is read: sound is passed on,
    let sound = media.iter().rev().find(|packet| packet.len() == sealed::header(packet) + 80).unwrap();
    let mut sound = sound[..sealed::header(sound)].to_vec();
    come_later(&mut sound, 3);
    sound.extend([7_u8; 33]);
    net.throw(from, &seal(&sound));
    net.run(millis(100));
    assert!(net.browsers[both.0].heard.iter().any(|packet| *packet.payload == [7_u8; 33]));
    // and a whole picture is asked for (RFC 4585, section 6.3.1).
    let streams = [&reports.last().unwrap()[4..8], &seen.to_be_bytes()[..]].concat();
    let asked = |net: &Network| net.browsers[both.0].asked.values().sum::<usize>();
    let before = asked(&net);
    net.throw(from, &seal(&[&[0x81, 206, 0, 2][..], &streams[..]].concat()));
    net.run(millis(700));
    assert!(asked(&net) > before);
    assert_eq!(net.rooms.panics(), 0);
    // Of one packet it is said that it came; in a run of none it came soon, and then in one of one it came late. The library takes the second time for one
    // of the first kind (TwccIter in str0m 0.25).
    let arrived = [0, 0, 0, 1, 0, 0, 0, 0, 0x20, 0, 0x40, 1, 1, 0, 0, 0];
    net.throw(from, &seal(&[&[0x8f, 205, 0, 6][..], &streams[..], &arrived[..]].concat()));
    net.run(millis(100));
    // (Where it has learnt better they are in still.)
    assert_eq!(net.rooms.has(peer), net.rooms.panics() == 0);
    assert_eq!(net.rooms.in_room(at), if net.rooms.has(peer) { 3 } else { 2 });
    goes_on(&mut net, both);
}

#[test]
fn who_sends_in_a_stranger_s_name_has_no_media_sent_there() {
    let mut net = Network::new(media::Limits::default());
    let at = room();
    let both = (net.in_room(at, &BOTH), net.in_room(at, &BOTH));
    net.run(millis(2_000));
    // All that was checked till now, those by which ways were chosen among it, comes again from a stranger, and from where somebody else is.
    let checks = net.caught.kinds[0].clone();
    let stranger: SocketAddr = "198.51.100.7:7777".parse().unwrap();
    let other = net.browsers[both.1].address;
    let mut thrown = HashMap::new();
    for _ in 0..40 {
        for check in &checks {
            net.throw(stranger, check);
            *thrown.entry(stranger).or_default() += check.len();
            net.throw(other, check);
        }
        net.run(millis(50));
        assert_eq!(net.rooms.at(Proto::Udp, other), Some(net.browsers[both.1].peer));
    }
    // They were good, and were answered.
    assert!(net.strays > 0);
    little_strayed(&net, &thrown);
    // From very many addresses, no more are kept.
    for number in 1..=300 {
        let from: SocketAddr = format!("203.0.113.{}:{}", number % 250, 1_000 + number).parse().unwrap();
        for check in checks.iter().take(16) {
            net.throw(from, check);
        }
        assert!(net.rooms.addresses() <= 2 * ADDRESSES);
        net.run(millis(10));
    }
    goes_on(&mut net, both);
}

#[test]
fn who_is_gone_is_kept_in_the_room_by_nothing_that_comes_in_their_name() {
    let mut net = Network::new(media::Limits::default());
    let at = room();
    let (one, two) = (net.in_room(at, &BOTH), net.in_room(at, &BOTH));
    net.run(millis(4_000));
    net.browsers[one].cut = true;
    let mut dice = Dice(19);
    let (from, peer) = (net.browsers[one].address, net.browsers[one].peer);
    let caught = net.caught.kinds.clone();
    // What was said to the server before (but for checks, which whoever has caught them can send again), and the like.
    for _ in 0..140 {
        for kind in &caught[1..] {
            net.throw(from, dice.of(kind));
        }
        let mut check = dice.of(&caught[0]).clone();
        let changed = check.len() - 9;
        check[changed] ^= 1;
        net.throw(from, &check);
        let length = 20 + dice.below(200);
        let mut junk = dice.bytes(length);
        junk[0] = *dice.of(&[0, 1, 20, 23, 63, 128, 144, 191]);
        net.throw(from, &junk);
        net.run(millis(100));
    }
    assert!(!net.rooms.has(peer) && net.browsers[one].told.contains(&Told::Gone { why: Gone::Silent }));
    assert!(net.rooms.has(net.browsers[two].peer));
}

#[test]
fn who_floods_is_looked_at_no_more_than_there_is_time_for() {
    let mut net = Network::new(media::Limits::default());
    let at = room();
    let (one, two) = (net.in_room(at, &BOTH), net.in_room(at, &BOTH));
    net.run(millis(2_000));
    let (from, peer) = (net.browsers[one].address, net.browsers[one].peer);
    assert_eq!(net.rooms.refused(peer), 0);
    let junk = vec![0x80; 1_000];
    let heard = net.browsers[one].heard.len();
    // In a second 20,000 packets, of which some 8,000 are looked at.
    for _ in 0..100 {
        for _ in 0..200 {
            net.throw(from, &junk);
        }
        net.run(millis(10));
    }
    let refused = net.rooms.refused(peer);
    assert!((10_000..16_000).contains(&refused), "{refused} packets");
    // The others are heard meanwhile, and afterwards all are.
    assert!(net.browsers[one].heard.len() > heard + 40);
    assert_eq!(net.rooms.refused(net.browsers[two].peer), 0);
    net.run(millis(2_000));
    goes_on(&mut net, (one, two));
    // Much of little is much as well: sound in 1,000 packets a second is passed on to nobody, until there are fewer.
    let sound = |net: &mut Network| net.browsers[two].of(peer, Source::Microphone).len();
    (net.browsers[one].sound, net.browsers[one].packets) = (10, 20);
    net.run(millis(2_000));
    let before = sound(&mut net);
    net.run(millis(1_000));
    assert_eq!(sound(&mut net), before);
    (net.browsers[one].sound, net.browsers[one].packets) = (80, 1);
    net.run(millis(4_000));
    assert!(sound(&mut net) > before + 50);
}

/// A description, changed in up to three ways.
fn misdescribed(real: &str, dice: &mut Dice) -> String {
    let mut lines: Vec<String> = real.lines().map(str::to_owned).collect();
    for _ in 0..=dice.below(3) {
        if lines.is_empty() {
            break;
        }
        let at = dice.below(lines.len());
        match dice.below(10) {
            0 => drop(lines.remove(at)),
            1 => {
                let (line, times) = (lines[at].clone(), dice.below(50));
                drop(lines.splice(at..at, std::iter::repeat_n(line, times)));
            }
            2 => {
                let other = dice.below(lines.len());
                lines.swap(at, other);
            }
            // A number that is out of range, in place of one.
            3 | 4 => {
                const NUMBERS: [&str; 8] =
                    ["99999999999999999999", "-1", "4294967296", "65536", "256", "200", "0", "111"];
                let line = &lines[at];
                let digits = |c: char| c.is_ascii_digit();
                let starts: Vec<usize> = line.match_indices(digits).map(|(place, _)| place).collect();
                if !starts.is_empty() {
                    let from = *dice.of(&starts);
                    let length = line[from..].chars().take_while(char::is_ascii_digit).count();
                    lines[at] = format!("{}{}{}", &line[..from], dice.of(&NUMBERS), &line[from + length..]);
                }
            }
            5 => {
                let kind = *dice.of(&["x", "0", " ", ";", "\u{0}", "\u{1f990}", "a=mid:"]);
                let more = kind.repeat(dice.below(20_000));
                lines[at].push_str(&more);
            }
            6 => {
                let part = dice.part(lines.len());
                let (part, times) = (lines[part].to_vec(), 1 + dice.below(60));
                lines.extend((0..times).flat_map(|_| part.clone()).take(4_000));
            }
            7 => {
                let to = *dice.of(&["NOPE/90000", "opus/0/0", "VP8/0", "rtx/1", "/", ""]);
                for line in lines.iter_mut().filter(|line| line.starts_with("a=rtpmap:")) {
                    if let Some((before, _)) = line.clone().split_once(' ') {
                        *line = format!("{before} {to}");
                    }
                }
            }
            8 => {
                let text = lines[at].clone();
                let cut: String = text.chars().take(dice.below(text.chars().count() + 1)).collect();
                lines[at] = cut;
            }
            _ => {
                let length = dice.below(100);
                lines[at] = String::from_utf8_lossy(&dice.bytes(length)).replace(['\r', '\n'], "");
            }
        }
    }
    lines.iter().flat_map(|line| [line.as_str(), "\r\n"]).collect()
}

/// An answer has as many lines of media as there may be, and has an end.
fn within_bounds(answer: &str) {
    let media = answer.lines().filter(|line| line.starts_with("m=")).count();
    assert!(media <= 65 && answer.len() < 512 * 1024, "{media} lines, {} bytes", answer.len());
}

#[test]
fn malformed_offers_are_refused_or_answered_and_nobody_notices() {
    let mut dice = Dice(16);
    let mut net = Network::new(media::Limits::default());
    let at = room();
    let both = (net.in_room(at, &BOTH), net.in_room(at, &BOTH));
    let draft = net.browser_with(&[Source::Microphone, Source::Camera, Source::Screen, Source::ScreenSound], true);
    net.browsers[draft].off = true;
    let real = net.browsers[draft].offer.clone();
    net.run(millis(2_000));
    let known = |sdp: String| Offer {
        sdp,
        sources: [("0".to_owned(), Source::Microphone), ("1".to_owned(), Source::Camera)].into(),
    };
    // Some that are known to be bad: kinds of payload that are the same, or none that there may be; lines without a name, with the same one, without a
    // key, and too many of all.
    let payloads = |to: &str| {
        let rtpmap = real.lines().find(|line| line.contains("VP8/90000")).unwrap();
        let of = rtpmap.trim_start_matches("a=rtpmap:").split(' ').next().unwrap();
        let change = |line: &str| {
            if line.starts_with("m=video") {
                line.replacen(&format!(" {of}"), &format!(" {to}"), 1)
            } else {
                line.replace(&format!(":{of} "), &format!(":{to} "))
            }
        };
        real.lines().map(change).flat_map(|line| [line, "\r\n".to_owned()]).collect::<String>()
    };
    let without = |start: &str| {
        let kept = real.lines().filter(|line| !line.starts_with(start));
        kept.flat_map(|line| [line, "\r\n"]).collect::<String>()
    };
    let sound = real.lines().find(|line| line.starts_with("m=audio")).unwrap();
    let same_names = real.lines().map(|line| if line.starts_with("a=mid:") { "a=mid:0" } else { line });
    let bad = [
        payloads("111"),
        payloads("200"),
        payloads("128"),
        without("a=mid"),
        without("a=fingerprint"),
        without("a=ice-"),
        without("a=rtpmap"),
        same_names.flat_map(|line| [line, "\r\n"]).collect(),
        format!("{real}{}", format!("{sound}\r\n").repeat(65)),
        format!("{real}{}", format!("{sound}\r\n").repeat(2_500)),
        format!("{real}{}", "a=ssrc:1 cname:x\r\n".repeat(6_000)),
        format!("{real}{}", "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\n".repeat(2_000)),
    ];
    let stays = PeerId(9_000);
    let mut next = 10_000;
    let all = cases();
    for case in 0..all + bad.len() {
        let sdp = match bad.get(case) {
            Some(sdp) => sdp.clone(),
            None => misdescribed(&real, &mut dice),
        };
        // By somebody new.
        next += 1;
        let offer = known(sdp);
        match net.rooms.join(at, PeerId(next), MAY_ALL, &offer, net.now) {
            Ok(answer) => {
                within_bounds(&answer);
                net.rooms.leave(PeerId(next));
            }
            Err(error) => assert!(matches!(error, MediaError::Offer(_)), "{case}: {error:?}"),
        }
        assert!(!net.rooms.has(PeerId(next)));
        // And by who is there already, over and over.
        if !net.rooms.has(stays) {
            net.rooms.join(at, stays, MAY_ALL, &known(real.clone()), net.now).unwrap();
        }
        match net.rooms.offer(stays, &offer, net.now) {
            Ok(answer) => within_bounds(&answer),
            Err(error) => assert!(matches!(error, MediaError::Offer(_)), "{case}: {error:?}"),
        }
        net.run(millis(2));
        assert!(net.rooms.in_room(at) <= 3);
    }
    // Lines without an end are no offer.
    let many = Offer { sources: (0..65).map(|line| (line.to_string(), Source::Camera)).collect(), ..known(real) };
    assert!(matches!(net.rooms.offer(stays, &many, net.now), Err(MediaError::Offer(_) | MediaError::Nobody)));
    net.rooms.leave(stays);
    assert_eq!(net.rooms.in_room(at), 2);
    goes_on(&mut net, both);
}

#[test]
fn what_is_not_sealed_with_the_session_s_key_and_what_comes_again_is_passed_on_to_nobody() {
    let mut net = Network::new(media::Limits::default());
    let at = room();
    let (one, two) = (net.in_room(at, &[Source::Microphone]), net.in_room(at, &[]));
    net.run(millis(4_000));
    // From now on what comes in its name is thrown by the test.
    net.browsers[one].cut = true;
    net.run(millis(500));
    let heard = net.browsers[two].heard.len();
    assert!(heard > 40);
    let (from, sealed) = (net.browsers[one].address, net.caught.kinds[2].clone());
    assert!(sealed.len() > 40);
    for packet in &sealed {
        net.throw(from, packet);
        // The same with another number, with another word, and with another seal.
        for at in [3, packet.len() / 2, packet.len() - 1] {
            let mut changed = packet.clone();
            changed[at] ^= 0x10;
            net.throw(from, &changed);
        }
        net.run(millis(2));
    }
    net.run(millis(200));
    assert_eq!(net.browsers[two].heard.len(), heard);
    assert!(net.rooms.has(net.browsers[one].peer));
}

#[test]
fn another_s_hello_comes_to_nothing_and_so_does_another_certificate() {
    let mut net = Network::new(media::Limits::default());
    let at = room();
    let one = net.in_room(at, &BOTH);
    net.run(millis(2_000));
    // The first words of a handshake (RFC 6347, section 4.2.2: of type 1), from a stranger, before and while somebody else says theirs.
    let hellos: Vec<Vec<u8>> = net.caught.kinds[1]
        .iter()
        .filter(|bytes| bytes.len() > 13 && (bytes[0], bytes[13]) == (22, 1))
        .cloned()
        .collect();
    assert!(!hellos.is_empty());
    let stranger: SocketAddr = "198.51.100.7:7777".parse().unwrap();
    let two = net.in_room(at, &BOTH);
    for _ in 0..300 {
        for hello in &hellos {
            assert!(!net.throw(stranger, hello), "a stranger's words are somebody's");
        }
        net.run(millis(1));
    }
    assert_eq!(net.strays, 0);
    goes_on(&mut net, (one, two));
    // One whose certificate is not that of their description does not come in.
    let other = net.browser(&BOTH);
    let offer = net.browsers[other].offer.clone();
    let print = offer.lines().find(|line| line.starts_with("a=fingerprint:")).unwrap();
    let last = if print.ends_with('0') { '1' } else { '0' };
    net.browsers[other].offer = offer.replace(print, &format!("{}{last}", &print[..print.len() - 1]));
    net.browsers[other].fragile = true;
    net.join(other, at, MAY_ALL).unwrap();
    net.run(millis(3_000));
    let peer = net.browsers[other].peer;
    assert!(!net.browsers[other].told.contains(&Told::Connected), "{:?}", net.browsers[other].told);
    for who in [one, two] {
        assert!(net.browsers[who].shows().iter().all(|shown| shown.peer != peer));
    }
    goes_on(&mut net, (one, two));
}
