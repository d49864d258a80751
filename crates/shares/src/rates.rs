//! How often something may be done: a bucket for each key, which fills by itself (token bucket).

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    /// At once, after a while of nothing.
    pub burst: u32,
    /// And so many more each second.
    pub per_second: f64,
}

impl Rate {
    /// So many in a window of time, at once or one after the other.
    pub fn in_window(burst: u32, window: Duration) -> Self {
        Self { burst, per_second: f64::from(burst) / window.as_secs_f64() }
    }

    /// How long an empty bucket takes to be full.
    fn refill(self) -> Duration {
        Duration::from_secs_f64((f64::from(self.burst) / self.per_second).min(1e9))
    }
}

/// What is left after one was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// How many may be taken at once.
    pub now: u32,
    /// When the bucket is full.
    pub full_in: Duration,
}

/// None is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// When there is one.
    pub until: Duration,
    /// When the bucket is full.
    pub full_in: Duration,
}

/// Buckets by key. Two generations of them: a key that was quiet for as long as a bucket takes to fill is forgotten with its
/// generation, which changes nothing; when more keys come than are remembered, that happens sooner.
pub struct Rates<K> {
    rate: Rate,
    most: usize,
    state: Mutex<State<K>>,
}

struct State<K> {
    young: HashMap<K, Bucket>,
    old: HashMap<K, Bucket>,
    since: Instant,
}

#[derive(Clone, Copy)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl<K> fmt::Debug for Rates<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rates").field("rate", &self.rate).finish_non_exhaustive()
    }
}

/// Keys that a generation remembers.
const REMEMBERED: usize = 50_000;

impl<K: Copy + Eq + Hash> Rates<K> {
    /// That rate for each key.
    pub fn new(rate: Rate) -> Self {
        Self::remembering(rate, REMEMBERED)
    }

    fn remembering(rate: Rate, most: usize) -> Self {
        let state = State { young: HashMap::new(), old: HashMap::new(), since: Instant::now() };
        Self { rate, most, state: Mutex::new(state) }
    }

    /// The rate.
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// Takes one, if one is left.
    ///
    /// # Errors
    /// [`Wait`]: nothing was taken.
    pub fn take(&self, key: K) -> Result<Left, Wait> {
        self.take_at(key, Instant::now())
    }

    /// Whether one is left, which is not taken.
    ///
    /// # Errors
    /// [`Wait`]: none is.
    pub fn look(&self, key: K) -> Result<(), Wait> {
        self.look_at(key, Instant::now())
    }

    fn look_at(&self, key: K, now: Instant) -> Result<(), Wait> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let known = state.young.get(&key).or_else(|| state.old.get(&key)).copied();
        drop(state);
        match known.map(|bucket| self.filled(bucket, now)) {
            Some(left) if left < 1.0 => Err(self.wait(left)),
            _ => Ok(()),
        }
    }

    /// What is in a bucket by now.
    fn filled(&self, bucket: Bucket, now: Instant) -> f64 {
        let passed = now.saturating_duration_since(bucket.at).as_secs_f64();
        (bucket.left + passed * self.rate.per_second).min(f64::from(self.rate.burst))
    }

    fn in_time(&self, missing: f64) -> Duration {
        Duration::from_secs_f64((missing / self.rate.per_second).clamp(0.0, 1e9))
    }

    fn wait(&self, left: f64) -> Wait {
        Wait { until: self.in_time(1.0 - left), full_in: self.in_time(f64::from(self.rate.burst) - left) }
    }

    fn take_at(&self, key: K, now: Instant) -> Result<Left, Wait> {
        let full = f64::from(self.rate.burst);
        let mut gone = HashMap::new();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.young.len() >= self.most || now.saturating_duration_since(state.since) >= self.rate.refill() {
            let young = std::mem::take(&mut state.young);
            gone = std::mem::replace(&mut state.old, young);
            state.since = now;
        }
        let known = state.young.get(&key).or_else(|| state.old.get(&key)).copied();
        let bucket = known.unwrap_or(Bucket { left: full, at: now });
        let mut bucket = Bucket { left: self.filled(bucket, now), at: now };
        let taken = bucket.left >= 1.0;
        if taken {
            bucket.left -= 1.0;
        }
        state.young.insert(key, bucket);
        drop(state);
        // What is forgotten is freed outside of the lock.
        drop(gone);
        let full_in = self.in_time(full - bucket.left);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to the burst")]
        let now = bucket.left as u32;
        if taken { Ok(Left { now, full_in }) } else { Err(self.wait(bucket.left)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_and_then_so_many_a_second() {
        let rates = Rates::new(Rate { burst: 20, per_second: 5.0 });
        let start = Instant::now();
        let taken = |key, at| (0..50).filter(|_| rates.take_at(key, at).is_ok()).count();
        assert_eq!(taken(1, start), 20);
        assert_eq!(taken(2, start), 20, "another key has a bucket of its own");
        assert_eq!(taken(1, start + Duration::from_secs(2)), 10);
        let wait = rates.take_at(1, start + Duration::from_secs(2));
        assert_eq!(wait, Err(Wait { until: Duration::from_millis(200), full_in: Duration::from_secs(4) }));
        assert_eq!(taken(1, start + Duration::from_secs(3_600)), 20);
    }

    #[test]
    fn looking_takes_nothing() {
        let rates = Rates::new(Rate { burst: 2, per_second: 1.0 });
        let start = Instant::now();
        assert!((0..5).all(|_| rates.look_at(1, start).is_ok()));
        assert!(rates.take_at(1, start).is_ok() && rates.look_at(1, start).is_ok());
        assert!(rates.take_at(1, start).is_ok());
        assert_eq!(rates.look_at(1, start), rates.take_at(1, start).map(|_| ()));
        assert!(rates.look_at(1, start).is_err() && rates.look_at(2, start).is_ok());
        assert!(rates.look_at(1, start + Duration::from_secs(1)).is_ok());
    }

    #[test]
    fn what_is_remembered_is_bounded_and_quiet_keys_go_first() {
        let rates = Rates::remembering(Rate { burst: 1, per_second: 0.001 }, 100);
        let start = Instant::now();
        assert!(rates.take_at(0, start).is_ok());
        for key in 1..1_000 {
            assert!(rates.take_at(key, start).is_ok());
            // One that goes on asking is never forgotten.
            assert!(rates.take_at(0, start).is_err(), "{key}");
        }
        let state = rates.state.lock().unwrap();
        assert!(state.young.len() + state.old.len() <= 200);
    }
}
