//! What browsers see and hear of each other in rooms, and what comes of bad offers, weak lines and strangers.

use crate::network::{MAY_ALL, Network, Packet, room};
use media::{Gone, Limits, MediaError, Offer, PeerId, Proto, Publishes, Shown, Source, Told};
use std::collections::BTreeSet;
use std::time::Duration;

const BOTH: [Source; 2] = [Source::Microphone, Source::Camera];

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Whether numbers go up by one, but for those that come again.
fn without_gaps(packets: &[Packet]) -> bool {
    let numbers: BTreeSet<u64> = packets.iter().map(|packet| packet.number).collect();
    let (first, last) = (numbers.first().copied().unwrap_or(0), numbers.last().copied().unwrap_or(0));
    !numbers.is_empty() && numbers.len() as u64 == last - first + 1
}

/// The layer that a packet is of, as the browsers here write it into each.
fn layer(packet: &Packet) -> u8 {
    packet.payload[2]
}

#[test]
fn three_see_and_hear_each_other_and_nobody_else_does() {
    let mut net = Network::new(Limits::default());
    let (one, other) = (room(), room());
    let three: Vec<usize> = (0..3).map(|_| net.in_room(one, &BOTH)).collect();
    let alone = net.in_room(other, &BOTH);
    // Nor by asking for it.
    net.want(alone, &[(three[0], Source::Camera, 1_080), (three[1], Source::Camera, 1_080)]);
    net.run(seconds(4));
    for receiver in &three {
        assert!(net.browsers[*receiver].connected);
        for sender in three.iter().filter(|sender| *sender != receiver) {
            let peer = net.browsers[*sender].peer;
            let sound = net.browsers[*receiver].of(peer, Source::Microphone);
            assert!(sound.len() > 100 && without_gaps(&sound), "{} packets of sound", sound.len());
            assert!(sound.iter().all(|packet| packet.level == Some(-30)));
            let picture = net.browsers[*receiver].of(peer, Source::Camera);
            assert!(picture.len() > 50 && without_gaps(&picture), "{} packets of a picture", picture.len());
            // It begins with a whole one.
            assert!(picture[0].payload[0] == 0x10 && picture[0].payload[1] & 1 == 0);
        }
        assert!(net.browsers[*receiver].shows().iter().all(|shown| shown.peer != net.browsers[*receiver].peer));
    }
    assert!(net.browsers[alone].connected && net.browsers[alone].heard.is_empty());
    assert!(net.browsers[alone].shows().is_empty());
    assert_eq!(net.strays, 0);
}

#[test]
fn who_comes_later_sees_a_whole_picture_soon_and_it_is_not_asked_for_again_and_again() {
    let mut net = Network::new(Limits::default());
    let at = room();
    let sender = net.in_room(at, &BOTH);
    net.run(seconds(2));
    let before: usize = net.browsers[sender].asked.values().sum();
    let late: Vec<usize> = (0..8).map(|_| net.in_room(at, &[])).collect();
    net.run(seconds(2));
    let peer = net.browsers[sender].peer;
    for receiver in late {
        let picture = net.browsers[receiver].of(peer, Source::Camera);
        assert!(!picture.is_empty() && picture[0].payload[1] & 1 == 0);
    }
    // Three layers, in two seconds at most one each half a second, whoever has come.
    let asked: usize = net.browsers[sender].asked.values().sum::<usize>() - before;
    assert!(asked <= 15, "asked {asked} times");
}

#[test]
fn a_picture_is_as_large_as_it_is_shown_and_changes_without_a_break() {
    let mut net = Network::new(Limits::default());
    let at = room();
    let (sender, receiver) = (net.in_room(at, &BOTH), net.in_room(at, &[]));
    let peer = net.browsers[sender].peer;
    let last = |net: &mut Network| layer(net.browsers[receiver].of(peer, Source::Camera).last().unwrap());
    net.run(seconds(1));
    net.want(receiver, &[(sender, Source::Camera, 120)]);
    net.run(seconds(3));
    assert_eq!(last(&mut net), 0);
    net.want(receiver, &[(sender, Source::Camera, 1_080)]);
    net.run(seconds(15));
    assert_eq!(last(&mut net), 2, "the line was said to carry {:?}", net.browsers[receiver].told.last());
    net.want(receiver, &[(sender, Source::Camera, 300)]);
    net.run(seconds(3));
    assert_eq!(last(&mut net), 1);
    let all = net.browsers[receiver].of(peer, Source::Camera);
    assert!(without_gaps(&all));
    // Each change begins with a whole picture.
    for pair in all.windows(2).filter(|pair| layer(&pair[0]) != layer(&pair[1])) {
        assert!(pair[1].payload[0] == 0x10 && pair[1].payload[1] & 1 == 0);
    }
    // What is not wanted is not sent.
    net.want(receiver, &[]);
    net.run(seconds(1));
    let before = net.browsers[receiver].heard.len();
    net.run(seconds(1));
    let sound = net.browsers[receiver].heard.len() - before;
    assert!((40..=60).contains(&sound), "{sound} packets in a second");
}

#[test]
fn what_is_sent_at_once_is_passed_on_at_once() {
    let mut net = Network::new(Limits::default());
    let at = room();
    let (sender, receiver) = (net.in_room(at, &BOTH), net.in_room(at, &[]));
    net.want(receiver, &[(sender, Source::Camera, 1_080)]);
    net.run(seconds(15));
    let peer = net.browsers[sender].peer;
    let before = net.browsers[receiver].of(peer, Source::Camera).len();
    net.run(seconds(5));
    let picture = net.browsers[receiver].of(peer, Source::Camera).split_off(before);
    // The largest picture has eight packets.
    let pictures = picture.chunk_by(|_, next| next.payload[0] != 0x10).filter(|packets| packets.len() == 8);
    let took: Vec<Duration> = pictures.map(|packets| packets[7].came.duration_since(packets[0].came)).collect();
    assert!(took.len() > 50, "{} pictures", took.len());
    let slow = took.iter().filter(|took| **took >= Duration::from_millis(1)).count();
    assert_eq!(slow, 0, "of {} pictures; the slowest took {:?}", took.len(), took.iter().max());
}

#[test]
fn a_weak_line_gets_small_pictures_and_all_of_the_sound_and_others_notice_nothing() {
    let mut net = Network::new(Limits::default());
    let at = room();
    let sender = net.in_room(at, &BOTH);
    let (weak, strong) = (net.in_room(at, &[]), net.in_room(at, &[]));
    // Some 320 kbit/s.
    net.browsers[weak].line = Some(40_000.0);
    for receiver in [weak, strong] {
        net.want(receiver, &[(sender, Source::Camera, 1_080)]);
    }
    net.run(seconds(20));
    let peer = net.browsers[sender].peer;
    assert_eq!(layer(net.browsers[strong].of(peer, Source::Camera).last().unwrap()), 2);
    let before = net.browsers[weak].of(peer, Source::Microphone).len();
    let pictures = net.browsers[weak].of(peer, Source::Camera).len();
    net.run(seconds(4));
    let sound = net.browsers[weak].of(peer, Source::Microphone).len() - before;
    assert!(sound > 150, "{sound} of 200 packets of sound");
    let late = net.browsers[weak].of(peer, Source::Camera).split_off(pictures);
    assert!(!late.is_empty() && late.iter().all(|packet| layer(packet) < 2), "the largest picture over a weak line");
    assert!(without_gaps(&net.browsers[strong].of(peer, Source::Camera)));
    assert!(without_gaps(&net.browsers[strong].of(peer, Source::Microphone)));
}

#[test]
fn a_picture_that_a_line_does_not_carry_is_told_to_be_paused_and_sound_goes_on() {
    let mut net = Network::new(Limits::default());
    let at = room();
    let senders: Vec<usize> = (0..3).map(|_| net.in_room(at, &BOTH)).collect();
    let thin = net.in_room(at, &[]);
    // Some 240 kbit/s, of which the sounds take 150 and each picture, at its smallest, 100.
    net.browsers[thin].line = Some(30_000.0);
    let wanted: Vec<_> = senders.iter().map(|sender| (*sender, Source::Camera, 120_u16)).collect();
    net.want(thin, &wanted);
    net.run(seconds(20));
    let peers: Vec<_> = senders.iter().map(|sender| net.browsers[*sender].peer).collect();
    let sounds = |net: &mut Network| -> Vec<usize> {
        peers.iter().map(|peer| net.browsers[thin].of(*peer, Source::Microphone).len()).collect()
    };
    let before = sounds(&mut net);
    net.run(seconds(4));
    for (before, after) in before.iter().zip(sounds(&mut net)) {
        assert!(after - before > 100, "{} of 200 packets of sound", after - before);
    }
    // The least wanted first; and sound never.
    let told = net.browsers[thin].told.iter();
    let told: Vec<_> =
        told.filter_map(|told| if let Told::Shows { shows } = told { Some(shows) } else { None }).collect();
    let paused = |shows: &[Shown], peer: PeerId| shows.iter().any(|shown| shown.peer == peer && shown.paused);
    assert!(told.iter().any(|shows| paused(shows, peers[2]) && !paused(shows, peers[0])), "{told:?}");
    assert!(told.iter().all(|shows| shows.iter().all(|shown| shown.source == Source::Camera || !shown.paused)));
}

#[test]
fn a_screen_is_half_as_large_over_a_weak_line() {
    let mut net = Network::new(Limits::default());
    let at = room();
    let shares = net.in_room(at, &[Source::Screen]);
    let (weak, strong) = (net.in_room(at, &[]), net.in_room(at, &[]));
    // Some 640 kbit/s.
    net.browsers[weak].line = Some(80_000.0);
    for receiver in [weak, strong] {
        net.want(receiver, &[(shares, Source::Screen, 1_080)]);
    }
    net.run(seconds(20));
    let peer = net.browsers[shares].peer;
    let before = net.browsers[weak].of(peer, Source::Screen).len();
    net.run(seconds(4));
    let late = net.browsers[weak].of(peer, Source::Screen).split_off(before);
    assert!(!late.is_empty() && late.iter().all(|packet| layer(packet) == 0), "{} packets", late.len());
    assert_eq!(layer(net.browsers[strong].of(peer, Source::Screen).last().unwrap()), 1);
}

#[test]
fn what_is_lost_of_a_picture_comes_again() {
    let mut net = Network::new(Limits::default());
    let at = room();
    let (sender, receiver) = (net.in_room(at, &BOTH), net.in_room(at, &[]));
    net.run(seconds(2));
    net.browsers[receiver].drops = Some(20);
    net.run(seconds(6));
    net.browsers[receiver].drops = None;
    net.run(seconds(2));
    let lost = net.browsers[receiver].lost;
    assert!(lost >= 5, "{lost} packets were lost");
    let peer = net.browsers[sender].peer;
    let picture = net.browsers[receiver].of(peer, Source::Camera);
    assert!(picture.len() > 20 * lost && without_gaps(&picture), "{} packets of a picture", picture.len());
}

#[test]
fn more_who_come_are_seen_and_heard_in_places_that_are_asked_for() {
    let mut net = Network::new(Limits::default());
    let at = room();
    let all: Vec<usize> = (0..5).map(|_| net.in_room(at, &BOTH)).collect();
    net.run(seconds(6));
    for receiver in &all {
        let shown = net.browsers[*receiver].shows();
        let of = |source| shown.iter().filter(|shown| shown.source == source).count();
        assert_eq!((of(Source::Microphone), of(Source::Camera)), (4, 4));
        // Each asks for more than the one before, and none twice for the same.
        let told = net.browsers[*receiver].told.iter().filter_map(|told| match told {
            Told::Places { sound, picture } => Some(sound + picture),
            _ => None,
        });
        let asked: Vec<_> = told.collect();
        assert!(asked.is_sorted_by(|one, next| one < next) && asked.last() == Some(&8), "{asked:?}");
    }
    // One leaves: the place is free for who comes next, without another offer.
    let gone = net.browsers[all[4]].peer;
    net.rooms.leave(gone);
    net.run(seconds(1));
    assert!(net.browsers[all[0]].shows().iter().all(|shown| shown.peer != gone));
    let offers = net.browsers[all[0]].told.iter().filter(|told| matches!(told, Told::Places { .. })).count();
    let next = net.in_room(at, &BOTH);
    net.run(seconds(3));
    let peer = net.browsers[next].peer;
    assert!(net.browsers[all[0]].of(peer, Source::Camera).len() > 10);
    let again = net.browsers[all[0]].told.iter().filter(|told| matches!(told, Told::Places { .. })).count();
    assert_eq!(offers, again);
}

#[test]
fn a_screen_comes_before_faces() {
    let mut net = Network::new(Limits::default());
    let at = room();
    let receiver = net.in_room(at, &[]);
    for _ in 0..3 {
        net.in_room(at, &[Source::Camera]);
    }
    let shares = net.in_room(at, &[Source::Screen, Source::ScreenSound]);
    net.run(seconds(5));
    let peer = net.browsers[shares].peer;
    assert!(net.browsers[receiver].of(peer, Source::Screen).len() > 50);
    assert!(net.browsers[receiver].of(peer, Source::ScreenSound).len() > 100);
}

#[test]
fn who_speaks_is_told() {
    let mut net = Network::new(Limits::default());
    let at = room();
    let (one, two) = (net.in_room(at, &BOTH), net.in_room(at, &BOTH));
    let speaks = |net: &Network, who: usize| {
        let told = net.browsers[who].told.iter().rev();
        told.filter_map(|told| if let Told::Speaks { peer } = told { Some(*peer) } else { None }).next()
    };
    net.sends(one, Source::Microphone, true, -20);
    net.sends(two, Source::Microphone, true, -100);
    net.run(seconds(3));
    assert_eq!(speaks(&net, two), Some(net.browsers[one].peer));
    net.sends(one, Source::Microphone, true, -100);
    net.sends(two, Source::Microphone, true, -20);
    net.run(seconds(3));
    assert_eq!(speaks(&net, one), Some(net.browsers[two].peer));
}

#[test]
fn who_listens_anew_is_told_all_that_stands() {
    let mut net = Network::new(Limits::default());
    let at = room();
    let (one, other) = (net.in_room(at, &BOTH), net.in_room(at, &BOTH));
    net.run(seconds(4));
    let (peer, shows) = (net.browsers[one].peer, net.browsers[one].shows());
    assert!(shows.iter().any(|shown| shown.peer == net.browsers[other].peer), "{shows:?}");
    let before = net.browsers[one].told.len();
    net.rooms.tell_anew(peer).unwrap();
    net.run(seconds(1));
    let told = &net.browsers[one].told[before..];
    assert!(told.contains(&Told::Connected) && told.contains(&Told::Shows { shows }), "{told:?}");
    assert!(told.iter().any(|told| matches!(told, Told::Carries { .. })), "{told:?}");
    // Who is out is told nothing.
    net.rooms.leave(peer);
    assert_eq!(net.rooms.tell_anew(peer), Err(MediaError::Nobody));
}

#[test]
fn what_somebody_may_not_send_reaches_nobody() {
    let mut net = Network::new(Limits::default());
    let at = room();
    let receiver = net.in_room(at, &[]);
    let viewer = net.browser(&BOTH);
    net.join(viewer, at, Publishes { sound: true, picture: false, screen: false }).unwrap();
    net.run(seconds(2));
    let peer = net.browsers[viewer].peer;
    let sources: Vec<Source> = net.browsers[receiver].shows().iter().map(|shown| shown.source).collect();
    assert_eq!(sources, [Source::Microphone]);
    // Kept from the others, and let through again.
    net.rooms.hush(peer, Source::Microphone, true);
    net.run(seconds(1));
    let heard = net.browsers[receiver].heard.len();
    net.run(seconds(1));
    assert_eq!(net.browsers[receiver].heard.len(), heard);
    net.rooms.hush(peer, Source::Microphone, false);
    net.run(seconds(1));
    assert!(net.browsers[receiver].heard.len() > heard);
    net.rooms.allow(peer, Publishes::default());
    net.run(seconds(1));
    assert!(net.browsers[receiver].shows().is_empty());
    let heard = net.browsers[receiver].heard.len();
    net.run(seconds(1));
    assert_eq!(net.browsers[receiver].heard.len(), heard);
    // A host made them a viewer and a speaker again: nothing is agreed anew, and they are heard.
    net.rooms.allow(peer, Publishes::ALL);
    net.run(seconds(2));
    assert!(net.browsers[receiver].heard.len() > heard);
}

#[test]
fn who_sends_much_takes_no_places_and_no_lines_from_others() {
    let mut net = Network::new(Limits::default());
    let at = room();
    let receiver = net.in_room(at, &[]);
    // Eight microphones are one.
    let sender = net.in_room(at, &[Source::Microphone; 8]);
    net.run(seconds(3));
    let peer = net.browsers[sender].peer;
    assert_eq!(net.browsers[receiver].shows().len(), 1);
    assert!(net.browsers[receiver].of(peer, Source::Microphone).len() > 50);
    // Sound of some 400 kbit/s is passed on to nobody, until it is less again.
    net.browsers[sender].sound = 1_000;
    net.run(seconds(3));
    let heard = net.browsers[receiver].heard.len();
    net.run(seconds(1));
    assert_eq!(net.browsers[receiver].heard.len(), heard);
    net.browsers[sender].sound = 80;
    net.run(seconds(4));
    assert!(net.browsers[receiver].heard.len() > heard + 50);
}

#[test]
fn however_often_something_changes_it_is_reckoned_at_its_time() {
    let mut net = Network::new(Limits::default());
    let at = room();
    let (sender, receiver) = (net.in_room(at, &BOTH), net.in_room(at, &[]));
    net.run(seconds(2));
    net.now += Duration::from_millis(30);
    let shows = |net: &mut Network, wanted: &[(usize, Source, u16)]| {
        net.want(receiver, wanted);
        net.rooms.tick(net.now);
        net.rooms.tells().iter().filter(|(_, told)| matches!(told, Told::Shows { .. })).count()
    };
    assert_eq!(shows(&mut net, &[]), 1);
    // Again at once, it waits; and is done.
    assert_eq!(shows(&mut net, &[(sender, Source::Camera, 360)]), 0);
    net.run(seconds(1));
    assert!(net.browsers[receiver].shows().iter().any(|shown| shown.source == Source::Camera));
}

#[test]
fn who_vanishes_is_out_within_fifteen_seconds_and_who_never_came_as_well() {
    let mut net = Network::new(Limits::default());
    let at = room();
    let (one, two) = (net.in_room(at, &BOTH), net.in_room(at, &BOTH));
    net.run(seconds(2));
    net.browsers[one].cut = true;
    net.run(seconds(10));
    assert!(net.rooms.has(net.browsers[one].peer));
    net.run(seconds(4));
    assert!(!net.rooms.has(net.browsers[one].peer) && net.rooms.has(net.browsers[two].peer));
    assert!(net.browsers[one].told.contains(&Told::Gone { why: Gone::Silent }));
    assert!(net.browsers[two].shows().is_empty());

    let never = net.browser(&BOTH);
    net.browsers[never].cut = true;
    net.join(never, at, MAY_ALL).unwrap();
    net.run(seconds(32));
    assert!(net.browsers[never].told.contains(&Told::Gone { why: Gone::NeverCame }));
    net.rooms.leave(net.browsers[two].peer);
    assert_eq!(net.rooms.in_room(at), 0);
}

#[test]
fn who_answers_no_check_is_sent_nothing_else_until_they_do() {
    let mut net = Network::new(Limits::default());
    let at = room();
    let (one, other) = (net.in_room(at, &BOTH), net.in_room(at, &BOTH));
    let peer = net.browsers[one].peer;
    net.run(seconds(5));
    // It sends on, checks of its own among it.
    net.browsers[one].answers = false;
    net.run(seconds(26));
    let before = net.browsers[one].others;
    net.run(seconds(1));
    assert!(net.browsers[one].others > before + 40, "it has answered half a minute ago");
    net.run(seconds(4));
    let (checks, others) = (net.browsers[one].checks, net.browsers[one].others);
    let heard = net.browsers[other].of(peer, Source::Microphone).len();
    for _ in 0..40 {
        net.run(seconds(1));
        // Answers without the secret, and those to checks of long ago, are none.
        let (from, withheld) = (net.browsers[one].address, &net.browsers[one].withheld);
        let (mut forged, old) = (withheld.last().unwrap().clone(), withheld[0].clone());
        // The last byte of the seal stands before the sum over all, of eight bytes.
        let last = forged.len() - 9;
        forged[last] ^= 1;
        net.throw(from, &forged);
        net.throw(from, &old);
    }
    assert_eq!(net.browsers[one].others, others);
    assert!(net.browsers[one].checks > checks + 20);
    assert!(net.browsers[other].of(peer, Source::Microphone).len() > heard + 1_900);
    // One answer is enough, and at once.
    let (from, answer) = (net.browsers[one].address, net.browsers[one].withheld.last().unwrap().clone());
    net.throw(from, &answer);
    net.run(seconds(1));
    assert!(net.browsers[one].others > others + 40);
    net.browsers[one].answers = true;
    net.run(seconds(5));
    let (peer, heard) = (net.browsers[other].peer, net.browsers[one].heard.len());
    net.run(seconds(35));
    assert!(net.browsers[one].heard.len() > heard + 1_700);
    assert!(net.browsers[one].shows().iter().any(|shown| shown.peer == peer));
}

#[test]
fn who_has_opened_a_connection_is_sent_all_as_long_as_it_stands() {
    let mut net = Network::over(Proto::Tcp, Limits::default());
    let at = room();
    let (one, other) = (net.in_room(at, &[]), net.in_room(at, &[Source::Microphone]));
    net.run(seconds(4));
    net.browsers[one].answers = false;
    net.run(seconds(60));
    let peer = net.browsers[other].peer;
    let sound = net.browsers[one].of(peer, Source::Microphone);
    assert!(sound.len() > 3_000 && without_gaps(&sound), "{} packets of sound", sound.len());
}

#[test]
fn who_stays_long_misses_nothing_also_where_they_say_nothing() {
    let mut net = Network::new(Limits::default());
    let at = room();
    let (one, idle) = (net.in_room(at, &[Source::Microphone]), net.in_room(at, &[]));
    net.run(seconds(4));
    net.run(seconds(240));
    let peer = net.browsers[one].peer;
    let sound = net.browsers[idle].of(peer, Source::Microphone);
    assert!(sound.len() > 12_000 && without_gaps(&sound), "{} packets of sound", sound.len());
    // And where nobody does.
    net.sends(one, Source::Microphone, false, -30);
    net.run(seconds(60));
    assert_eq!(net.rooms.in_room(at), 2);
    net.sends(one, Source::Microphone, true, -30);
    let before = net.browsers[idle].heard.len();
    net.run(seconds(2));
    assert!(net.browsers[idle].heard.len() > before + 70);
}

#[test]
fn nothing_is_sent_to_who_has_not_proven_the_secret() {
    let mut net = Network::new(Limits::default());
    let at = room();
    let one = net.browser(&BOTH);
    net.browsers[one].cut = true;
    // Its offer names addresses of others.
    let named = "a=candidate:1 1 udp 2130706431 203.0.113.9 9 typ host\r\na=mid:";
    net.browsers[one].offer = net.browsers[one].offer.replace("a=mid:", named);
    net.join(one, at, MAY_ALL).unwrap();
    net.run(seconds(5));
    assert_eq!(net.strays, 0);
    // Datagrams of all kinds from somewhere: nothing comes back, and nobody is thrown out by them.
    let stranger = "198.51.100.7:7777".parse().unwrap();
    let two = net.in_room(at, &BOTH);
    net.run(seconds(1));
    for length in 0..200_usize {
        for first in [0_u8, 1, 20, 63, 128, 191, 255] {
            let mut bytes: Vec<u8> = (0..length).map(|_| rand::random()).collect();
            if let Some(byte) = bytes.first_mut() {
                *byte = first;
            }
            let from = if length % 2 == 0 { stranger } else { net.browsers[two].address };
            let known = net.rooms.receive(Proto::Udp, from, net.server, &bytes, net.now);
            // By which a connection of nobody's is known.
            assert!(!known || from != stranger);
        }
    }
    let to_stranger = net.rooms.sends().iter().filter(|sent| sent.to == stranger).count();
    assert_eq!(to_stranger, 0);
    net.run(seconds(1));
    assert!(net.rooms.has(net.browsers[two].peer));
}

#[test]
fn a_room_has_an_end_and_so_has_their_number() {
    let mut net = Network::new(Limits { peers: 2, rooms: 1, ..Limits::default() });
    let at = room();
    net.in_room(at, &[]);
    net.in_room(at, &[]);
    let third = net.browser(&[]);
    assert_eq!(net.join(third, at, MAY_ALL), Err(MediaError::RoomFull));
    assert_eq!(net.join(third, room(), MAY_ALL), Err(MediaError::TooManyRooms));
    net.rooms.leave(net.browsers[0].peer);
    net.join(third, at, MAY_ALL).unwrap();
}

#[test]
fn an_offer_that_cannot_be_answered_changes_nothing() {
    let mut net = Network::new(Limits::default());
    let at = room();
    let one = net.in_room(at, &BOTH);
    net.run(seconds(1));
    let peer = net.browsers[one].peer;
    let offer = |sdp: &str| Offer { sdp: sdp.to_owned(), sources: Default::default() };
    for sdp in ["", "v=0", "m=audio 9 X 1\r\n", &"a".repeat(1 << 20)] {
        assert!(matches!(net.rooms.offer(peer, &offer(sdp), net.now), Err(MediaError::Offer(_))), "{sdp:.40}");
        assert!(matches!(net.rooms.join(at, PeerId(77), MAY_ALL, &offer(sdp), net.now), Err(MediaError::Offer(_))));
    }
    assert_eq!(net.rooms.in_room(at), 1);
    assert!(net.rooms.has(peer));
    assert_eq!(net.rooms.offer(PeerId(78), &offer("v=0"), net.now), Err(MediaError::Nobody));
}

#[test]
fn who_restarts_ice_is_told_to_come_anew_and_all_goes_on_as_it_was() {
    let mut net = Network::new(Limits::default());
    let at = room();
    let (sender, receiver) = (net.in_room(at, &BOTH), net.in_room(at, &[]));
    net.run(seconds(2));
    let peer = net.browsers[sender].peer;
    let before = net.browsers[sender].offer.clone();
    for what in ["a=ice-ufrag:", "a=ice-pwd:"] {
        let line = |line: &str| match line.starts_with(what) {
            true => format!("{what}anotherOneOfAtLeast22Letters\r\n"),
            false => format!("{line}\r\n"),
        };
        let sdp: String = before.lines().map(line).collect();
        assert_ne!(sdp, before);
        let offer = Offer { sdp, sources: Default::default() };
        let why = "ICE is never restarted: offer by a new connection";
        assert_eq!(net.rooms.offer(peer, &offer, net.now), Err(MediaError::Offer(why)));
    }
    let heard = net.browsers[receiver].of(peer, Source::Microphone).len();
    net.run(seconds(20));
    assert!(net.rooms.has(peer));
    assert!(net.browsers[receiver].of(peer, Source::Microphone).len() > heard + 900);
}

#[test]
fn a_camera_is_kept_from_the_others_and_a_screen_goes_on() {
    let mut net = Network::new(Limits::default());
    let at = room();
    let receiver = net.in_room(at, &[]);
    let shares = net.in_room(at, &[Source::Camera, Source::Screen, Source::ScreenSound]);
    net.run(seconds(4));
    let peer = net.browsers[shares].peer;
    let shown = |net: &Network| -> BTreeSet<String> {
        net.browsers[receiver].shows().iter().map(|shown| format!("{:?}", shown.source)).collect()
    };
    assert_eq!(shown(&net), ["Camera", "Screen", "ScreenSound"].map(str::to_owned).into());
    net.rooms.hush(peer, Source::Camera, true);
    net.run(seconds(1));
    assert_eq!(shown(&net), ["Screen", "ScreenSound"].map(str::to_owned).into());
    let before = net.browsers[receiver].of(peer, Source::Screen).len();
    net.run(seconds(1));
    assert!(net.browsers[receiver].of(peer, Source::Screen).len() > before + 10);
    net.rooms.hush(peer, Source::Camera, false);
    net.rooms.hush(peer, Source::Screen, true);
    net.rooms.hush(peer, Source::ScreenSound, true);
    net.run(seconds(1));
    assert_eq!(shown(&net), ["Camera"].map(str::to_owned).into());
}
