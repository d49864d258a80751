//! One outgoing stream made of several incoming ones: numbers and times go on without a break when the source changes.

use std::time::Instant;

/// Numbers and times of what is sent in one place.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rewrite {
    /// Of the incoming stream, its first packet here, and what that became.
    base: Option<Base>,
    /// What was sent last: its number, its time and when.
    last: Option<Sent>,
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

impl Rewrite {
    /// What comes next is from another source.
    pub fn change(&mut self) {
        self.base = None;
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
    fn times_go_round() {
        let now = Instant::now();
        let mut rewrite = Rewrite::default();
        assert_eq!(rewrite.next(1, u32::MAX, 48_000, now), Some((1, u32::MAX)));
        assert_eq!(rewrite.next(2, 959, 48_000, now), Some((2, 959)));
        rewrite.change();
        assert_eq!(rewrite.next(9, 0, 48_000, now), Some((3, 960)));
    }
}
