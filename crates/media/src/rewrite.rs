//! One outgoing stream made of several incoming ones: numbers and times go on without a break when the source changes, and so does what VP8 counts its
//! pictures by (RFC 7741, 4.2): a receiver takes a picture that is behind for an old one, and stands still.

use std::time::Instant;
use str0m::rtp::{Vp8Descriptor, Vp8Patch};

/// Numbers and times of what is sent in one place.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rewrite {
    /// Of the incoming stream, its first packet here, and what that became.
    base: Option<Base>,
    /// What was sent last: its number, its time and when.
    last: Option<Sent>,
    /// By what pictures are counted: each of them, those that others stand on, and whole ones.
    pictures: [Count; 3],
}

/// Something that is counted, and goes round.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    /// How much more it is than what the source says.
    more: Option<u16>,
    /// The highest that was sent.
    last: Option<u16>,
}

impl Count {
    /// As it is sent on, in so many bits.
    fn next(&mut self, value: u16, bits: u16) -> u16 {
        let more =
            *self.more.get_or_insert_with(|| self.last.map_or(0, |last| last.wrapping_add(1).wrapping_sub(value)));
        let value = value.wrapping_add(more) & bits;
        if self.last.is_none_or(|last| value.wrapping_sub(last) & bits <= bits / 2) {
            self.last = Some(value);
        }
        value
    }
}

#[derive(Debug, Clone, Copy)]
struct Base {
    from: (u64, u32),
    to: (u64, u32),
}

#[derive(Debug, Clone, Copy)]
struct Sent {
    number: u64,
    time: u32,
    at: Instant,
}

/// The number with which a stream begins.
const FIRST: u64 = 1;
/// The bits of a picture's id, in both its lengths, and of the index of whole pictures.
const LONG: u16 = 0x7fff;
const SHORT: u16 = 0x7f;
const KEYS: u16 = 0x1f;

impl Rewrite {
    /// What comes next is from another source.
    pub fn change(&mut self) {
        self.base = None;
        self.pictures.iter_mut().for_each(|count| count.more = None);
    }

    /// What is to stand in a packet of a picture in the place of its own counts.
    pub fn pictures(&mut self, of: &Vp8Descriptor) -> Option<Vp8Patch> {
        let (id, stood_on, whole) = self.counted(of);
        let mut patch = of.patch();
        if let Some(id) = id {
            patch = patch.picture_id(id);
        }
        if let Some(index) = stood_on {
            patch = patch.tl0_pic_idx(index);
        }
        if let Some(index) = whole {
            patch = patch.key_idx(index);
        }
        patch.build().ok()
    }

    fn counted(&mut self, of: &Vp8Descriptor) -> (Option<u16>, Option<u8>, Option<u8>) {
        let [each, stood_on, whole] = &mut self.pictures;
        // Whether its id has two bytes is known by what fits in.
        let bits = if of.patch().picture_id(LONG).build().is_ok() { LONG } else { SHORT };
        let byte = |count: &mut Count, value: u8, bits| count.next(value.into(), bits).to_le_bytes()[0];
        (
            of.picture_id().map(|id| each.next(id, bits)),
            of.tl0_pic_idx().map(|index| byte(stood_on, index, u8::MAX.into())),
            of.key_idx().map(|index| byte(whole, index, KEYS)),
        )
    }

    /// The number and time with which a packet is sent on; nothing for what was sent before the source's first one here. `clock`: units of
    /// time a second.
    pub fn next(&mut self, number: u64, time: u32, clock: u32, now: Instant) -> Option<(u64, u32)> {
        let base = *self.base.get_or_insert_with(|| {
            let to = match self.last {
                // As much later as it is.
                Some(last) => (last.number + 1, last.time.wrapping_add(units(last.at, now, clock))),
                None => (FIRST, time),
            };
            Base { from: (number, time), to }
        });
        let number = base.to.0 + number.checked_sub(base.from.0)?;
        let time = base.to.1.wrapping_add(time.wrapping_sub(base.from.1));
        if self.last.is_none_or(|last| last.number < number) {
            self.last = Some(Sent { number, time, at: now });
        }
        Some((number, time))
    }
}

/// How much later, in units of time: one at least.
fn units(since: Instant, now: Instant, clock: u32) -> u32 {
    let millis = u64::try_from(now.saturating_duration_since(since).as_millis()).unwrap_or(u64::MAX);
    let units = millis.saturating_mul(u64::from(clock)) / 1_000;
    u32::try_from(units % (1 << 32)).unwrap_or_default().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_stream_goes_on_without_a_break_when_its_source_changes() {
        let now = Instant::now();
        let mut rewrite = Rewrite::default();
        assert_eq!(rewrite.next(500, 9_000, 90_000, now), Some((1, 9_000)));
        assert_eq!(rewrite.next(502, 12_000, 90_000, now), Some((3, 12_000)));
        // One that was late keeps its place.
        assert_eq!(rewrite.next(501, 9_000, 90_000, now), Some((2, 9_000)));
        // What was before the beginning has none.
        assert_eq!(rewrite.next(499, 6_000, 90_000, now), None);
        rewrite.change();
        let later = now + Duration::from_millis(100);
        assert_eq!(rewrite.next(70_000, 5, 90_000, later), Some((4, 21_000)));
        assert_eq!(rewrite.next(70_001, 5, 90_000, later), Some((5, 21_000)));
    }

    #[test]
    fn pictures_go_on_being_counted_when_the_source_changes() {
        // Of the extensions all, the id in two bytes: what they are then.
        let packet = |id: u16, stood_on: u8, whole: u8| {
            let [high, low] = id.to_be_bytes();
            [0x90, 0xf0, 0x80 | high, low, stood_on, 0x20 | whole, 0, 0]
        };
        let mut rewrite = Rewrite::default();
        let sent = |rewrite: &mut Rewrite, id, stood_on, whole| {
            let (id, stood_on, whole) = rewrite.counted(&Vp8Descriptor::parse(&packet(id, stood_on, whole)).unwrap());
            (id.unwrap(), stood_on.unwrap(), whole.unwrap())
        };
        assert_eq!(sent(&mut rewrite, 32_766, 254, 31), (32_766, 254, 31));
        assert_eq!(sent(&mut rewrite, 0, 0, 31), (0, 0, 31));
        // One that was late keeps its place.
        assert_eq!(sent(&mut rewrite, 32_767, 255, 31), (32_767, 255, 31));
        rewrite.change();
        assert_eq!(sent(&mut rewrite, 9_000, 77, 3), (1, 1, 0));
        assert_eq!(sent(&mut rewrite, 9_001, 78, 3), (2, 2, 0));
        // A short id has fewer bits.
        let short = Vp8Descriptor::parse(&[0x90, 0x80, 0x05, 0, 0]).unwrap();
        let mut rewrite = Rewrite::default();
        assert!((0..300).all(|_| {
            rewrite.change();
            rewrite.pictures(&short).is_some()
        }));
        // What counts nothing is left as it is.
        assert!(rewrite.pictures(&Vp8Descriptor::parse(&[0x10, 0, 0]).unwrap()).is_some());
    }

    #[test]
    fn times_go_round() {
        let now = Instant::now();
        let mut rewrite = Rewrite::default();
        assert_eq!(rewrite.next(1, u32::MAX, 48_000, now), Some((1, u32::MAX)));
        assert_eq!(rewrite.next(2, 959, 48_000, now), Some((2, 959)));
        rewrite.change();
        assert_eq!(rewrite.next(9, 0, 48_000, now), Some((3, 960)));
    }
}
