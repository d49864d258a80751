//! Who speaks, by the loudness that each packet of sound says of itself.

use std::time::{Duration, Instant};

/// Loudness from which somebody counts as speaking (0 is silence, 127 the loudest).
const SPEAKS: f32 = 60.0;
/// How much louder than who speaks now another one has to be, and for how long, to take over.
const LOUDER: f32 = 6.0;
const HOLDS: Duration = Duration::from_millis(400);
/// How long what was said counts.
const FORGETS: Duration = Duration::from_millis(1_500);
/// How much one packet weighs.
const WEIGHT: f32 = 0.12;

/// How loud one is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Loudness {
    level: f32,
    heard: Option<Instant>,
}

impl Loudness {
    /// A packet of this loudness: 0 is the loudest, -127 silence, as RFC 6464 has it.
    pub fn hear(&mut self, level: i8, now: Instant) {
        let loud = 127.0 + f32::from(level.clamp(-127, 0));
        self.level += (loud - self.level) * WEIGHT;
        self.heard = Some(now);
    }

    /// How loud one is now.
    pub fn now(&self, now: Instant) -> f32 {
        match self.heard {
            Some(heard) if now.saturating_duration_since(heard) < FORGETS => self.level,
            _ => 0.0,
        }
    }
}

/// Who speaks in a room.
#[derive(Debug, Clone)]
pub(crate) struct Speaker<K> {
    speaks: Option<K>,
    /// Who would take over, and since when.
    next: Option<(K, Instant)>,
}

impl<K: Copy + PartialEq> Speaker<K> {
    pub fn new() -> Self {
        Self { speaks: None, next: None }
    }

    /// Reckons anew; with who speaks, if that is another one now.
    pub fn reckon(&mut self, all: impl Iterator<Item = (K, f32)>, now: Instant) -> Option<K> {
        let mut own = 0.0;
        let mut best: Option<(K, f32)> = None;
        for (key, level) in all {
            if Some(key) == self.speaks {
                own = level;
            }
            if level >= SPEAKS && best.is_none_or(|(_, most)| level > most) {
                best = Some((key, level));
            }
        }
        let takes = best.filter(|(key, level)| Some(*key) != self.speaks && *level >= own + LOUDER);
        let Some((key, _)) = takes else {
            self.next = None;
            return None;
        };
        let since = match self.next {
            Some((next, since)) if next == key => since,
            _ => now,
        };
        self.next = Some((key, since));
        // Where nobody speaks nobody is interrupted.
        if own >= SPEAKS && now.saturating_duration_since(since) < HOLDS {
            return None;
        }
        (self.speaks, self.next) = (Some(key), None);
        self.speaks
    }

    /// Somebody is out.
    pub fn forget(&mut self, key: K) {
        if self.speaks == Some(key) {
            self.speaks = None;
        }
        if self.next.is_some_and(|(next, _)| next == key) {
            self.next = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loudest_speaks_and_a_cough_takes_nobody_s_word() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut speaker = Speaker::new();
        assert_eq!(speaker.reckon([('a', 10.0), ('b', 20.0)].into_iter(), at(0)), None);
        assert_eq!(speaker.reckon([('a', 90.0), ('b', 20.0)].into_iter(), at(100)), Some('a'));
        assert_eq!(speaker.reckon([('a', 80.0), ('b', 100.0)].into_iter(), at(200)), None);
        assert_eq!(speaker.reckon([('a', 90.0), ('b', 20.0)].into_iter(), at(300)), None);
        assert_eq!(speaker.reckon([('a', 80.0), ('b', 100.0)].into_iter(), at(400)), None);
        assert_eq!(speaker.reckon([('a', 80.0), ('b', 100.0)].into_iter(), at(900)), Some('b'));
        // Nobody speaks any more: the next one need not wait.
        assert_eq!(speaker.reckon([('a', 80.0), ('b', 10.0)].into_iter(), at(1_000)), Some('a'));
        speaker.forget('a');
        assert_eq!(speaker.reckon([('b', 90.0)].into_iter(), at(1_100)), Some('b'));
    }

    #[test]
    fn what_was_said_long_ago_is_silent() {
        let start = Instant::now();
        let mut loudness = Loudness::default();
        assert!(loudness.now(start) < 1.0);
        for _ in 0..50 {
            loudness.hear(-10, start);
        }
        assert!(loudness.now(start) > 110.0);
        assert!(loudness.now(start + FORGETS) < 1.0);
        loudness.hear(5, start);
        loudness.hear(i8::MIN, start);
        assert!((0.0..=127.0).contains(&loudness.now(start)));
    }
}
