//! Places that are held for a while.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, oneshot};

/// No place, and no room to wait for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("every place is taken, and as many wait as may")
    }
}

impl std::error::Error for Full {}

/// How many may wait.
#[derive(Debug, Clone, Copy)]
pub struct Waiting {
    /// In all.
    pub total: usize,
    /// Of one key.
    pub per_key: usize,
}

impl Waiting {
    /// Who finds no place goes away.
    pub const NOBODY: Self = Self { total: 0, per_key: 0 };
}

/// So many places, of which one key may hold so many.
pub struct Places<K>(Arc<Inner<K>>);

struct Inner<K> {
    total: usize,
    share: usize,
    waiting: Waiting,
    state: Mutex<State<K>>,
    emptied: Notify,
}

struct State<K> {
    free: usize,
    waiting: usize,
    next: u64,
    keys: HashMap<K, Key>,
    /// The keys that would be given a place: each once, in the order of their turns.
    turns: VecDeque<K>,
}

#[derive(Default)]
struct Key {
    held: usize,
    line: VecDeque<(u64, oneshot::Sender<()>)>,
    /// Whether it stands in `turns`.
    turn: bool,
}

impl<K> Clone for Places<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K> fmt::Debug for Places<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Places").field("share", &self.0.share).field("waiting", &self.0.waiting).finish_non_exhaustive()
    }
}

impl<K: Copy + Eq + Hash> Places<K> {
    /// `total` places, of which one key holds at most `share`.
    pub fn new(total: usize, share: usize, waiting: Waiting) -> Self {
        let state = State { free: total, waiting: 0, next: 0, keys: HashMap::new(), turns: VecDeque::new() };
        Self(Arc::new(Inner { total, share: share.max(1), waiting, state: Mutex::new(state), emptied: Notify::new() }))
    }

    /// A place at once, or none.
    pub fn try_enter(&self, key: K) -> Option<Place<K>> {
        let mut state = self.0.lock();
        state.take(key, self.0.share).then(|| Place { places: self.clone(), key })
    }

    /// A place, waited for by turns with other keys.
    ///
    /// # Errors
    /// [`Full`] when too many wait already.
    pub async fn enter(&self, key: K) -> Result<Place<K>, Full> {
        let mut wait = {
            let mut state = self.0.lock();
            if state.take(key, self.0.share) {
                return Ok(Place { places: self.clone(), key });
            }
            let line = state.keys.get(&key).map_or(0, |k| k.line.len());
            if state.waiting >= self.0.waiting.total || line >= self.0.waiting.per_key {
                return Err(Full);
            }
            let (tell, told) = oneshot::channel();
            let id = state.next;
            state.next += 1;
            state.waiting += 1;
            let entry = state.keys.entry(key).or_default();
            entry.line.push_back((id, tell));
            let stands = !entry.turn && entry.held < self.0.share;
            entry.turn |= stands;
            if stands {
                state.turns.push_back(key);
            }
            Wait { places: self.clone(), key, id, told, done: false }
        };
        // Never dropped without being told: who waits stands in line until it is served or goes.
        let served = (&mut wait.told).await;
        wait.done = true;
        served.map_err(|_| Full)?;
        Ok(Place { places: self.clone(), key })
    }

    /// Whether this key holds as many as it may.
    pub fn has_its_share(&self, key: K) -> bool {
        self.0.lock().keys.get(&key).is_some_and(|entry| entry.held >= self.0.share)
    }

    /// Whether one key may hold every place.
    pub fn share_is_all(&self) -> bool {
        self.0.share >= self.0.total
    }

    /// How many places are free.
    pub fn free(&self) -> usize {
        self.0.lock().free
    }

    /// Until every place is free.
    pub async fn empty(&self) {
        loop {
            // Made before the look, it hears of what happens after it.
            let emptied = self.0.emptied.notified();
            if self.free() == self.0.total {
                return;
            }
            emptied.await;
        }
    }

    fn leave(&self, key: K) {
        let mut state = self.0.lock();
        state.free += 1;
        if let Some(entry) = state.keys.get_mut(&key) {
            entry.held -= 1;
            let stands = !entry.turn && !entry.line.is_empty() && entry.held < self.0.share;
            entry.turn |= stands;
            let gone = entry.held == 0 && entry.line.is_empty();
            if stands {
                state.turns.push_back(key);
            }
            if gone {
                state.keys.remove(&key);
            }
        }
        state.serve(self.0.share);
        if state.free == self.0.total {
            self.0.emptied.notify_waiters();
        }
    }
}

impl<K> Inner<K> {
    fn lock(&self) -> MutexGuard<'_, State<K>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Copy + Eq + Hash> State<K> {
    /// Takes a place if there is one for this key. While places are free, whoever waits has all of its share.
    fn take(&mut self, key: K, share: usize) -> bool {
        if self.free == 0 {
            return false;
        }
        let entry = self.keys.entry(key).or_default();
        if entry.held >= share {
            return false;
        }
        entry.held += 1;
        self.free -= 1;
        true
    }

    /// Gives free places to those who wait, a key after the other.
    fn serve(&mut self, share: usize) {
        while self.free > 0 {
            let Some(key) = self.turns.pop_front() else { return };
            let Some(entry) = self.keys.get_mut(&key) else { continue };
            entry.turn = false;
            if let Some((_, tell)) = entry.line.pop_front() {
                self.waiting -= 1;
                entry.held += 1;
                self.free -= 1;
                // Who stands in line listens: see `Wait`.
                let _ = tell.send(());
            }
            let stands = !entry.line.is_empty() && entry.held < share;
            entry.turn = stands;
            let gone = entry.held == 0 && entry.line.is_empty();
            if stands {
                self.turns.push_back(key);
            }
            if gone {
                self.keys.remove(&key);
            }
        }
    }
}

/// Somebody who waits. Dropped, it goes out of the line, or gives back the place that it was served with and never saw; it
/// listens until that is done.
struct Wait<K: Copy + Eq + Hash> {
    places: Places<K>,
    key: K,
    id: u64,
    told: oneshot::Receiver<()>,
    done: bool,
}

impl<K: Copy + Eq + Hash> Drop for Wait<K> {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        let mut state = self.places.0.lock();
        let Some(entry) = state.keys.get_mut(&self.key) else { return };
        let before = entry.line.len();
        entry.line.retain(|(id, _)| *id != self.id);
        if entry.line.len() == before {
            // Served, and gone before it knew.
            drop(state);
            self.places.leave(self.key);
            return;
        }
        let (nobody_waits, gone) = (entry.line.is_empty(), entry.held == 0 && entry.line.is_empty());
        if nobody_waits {
            entry.turn = false;
        }
        state.waiting -= 1;
        let key = self.key;
        if nobody_waits {
            state.turns.retain(|k| *k != key);
        }
        if gone {
            state.keys.remove(&key);
        }
    }
}

/// A place; given back when it is dropped.
pub struct Place<K: Copy + Eq + Hash> {
    places: Places<K>,
    key: K,
}

impl<K: Copy + Eq + Hash> Place<K> {
    /// Who holds it.
    pub fn key(&self) -> K {
        self.key
    }
}

impl<K: Copy + Eq + Hash> Drop for Place<K> {
    fn drop(&mut self) {
        self.places.leave(self.key);
    }
}

impl<K: Copy + Eq + Hash + fmt::Debug> fmt::Debug for Place<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Place").field(&self.key).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;
    use futures_util::future::BoxFuture;
    use std::sync::mpsc;

    const ROOM: Waiting = Waiting { total: 100, per_key: 10 };

    /// How many places are free, how many wait, how many keys are known.
    fn kept<K: Copy + Eq + Hash>(places: &Places<K>) -> (usize, usize, usize) {
        let state = places.0.lock();
        assert_eq!(state.turns.len(), state.keys.values().filter(|key| key.turn).count(), "each once in its turn");
        (state.free, state.waiting, state.keys.len())
    }

    fn wait(places: &Places<u8>, key: u8) -> BoxFuture<'static, Result<Place<u8>, Full>> {
        let places = places.clone();
        let mut waiting = async move { places.enter(key).await }.boxed();
        assert!((&mut waiting).now_or_never().is_none(), "nobody serves it yet");
        waiting
    }

    #[test]
    fn a_key_gets_its_share_and_no_more() {
        let places = Places::new(3, 2, Waiting::NOBODY);
        let (a, b) = (places.try_enter(1), places.try_enter(1));
        assert!(a.is_some() && b.is_some());
        assert!(places.try_enter(1).is_none(), "its share");
        let c = places.try_enter(2);
        assert!(c.is_some());
        assert!(places.try_enter(3).is_none(), "no place is left");
        drop(a);
        assert!(places.try_enter(3).is_some());
        drop((b, c));
        assert_eq!(kept(&places), (3, 0, 0), "nothing is kept of those who have gone");
    }

    #[test]
    fn keys_take_turns_however_many_of_one_wait() {
        let places = Places::new(1, 1, ROOM);
        let first = places.try_enter(1);
        let mut line: Vec<_> = [1, 1, 1, 1, 2, 3, 2].into_iter().map(|key| wait(&places, key)).collect();
        drop(first);
        let mut order = Vec::new();
        while !line.is_empty() {
            let at = line.iter_mut().position(|waiting| match waiting.now_or_never() {
                Some(Ok(place)) => {
                    order.push(place.key());
                    true
                }
                _ => false,
            });
            drop(line.remove(at.unwrap()));
        }
        // Who has just had a place comes after those who have not.
        assert_eq!(order, [2, 3, 1, 2, 1, 1, 1]);
        assert_eq!(kept(&places), (1, 0, 0));
    }

    #[test]
    fn who_waits_and_goes_leaves_nothing_behind() {
        let places = Places::new(1, 1, Waiting { total: 3, per_key: 2 });
        let held = places.try_enter(1).unwrap();
        let (a, b) = (wait(&places, 2), wait(&places, 2));
        assert_eq!(places.enter(2).now_or_never().map(|r| r.is_err()), Some(true), "two of one key wait");
        let c = wait(&places, 3);
        assert_eq!(places.enter(4).now_or_never().map(|r| r.is_err()), Some(true), "three wait in all");
        drop(a);
        drop(held);
        // The place went to `b` before it was dropped, and so on to `c`.
        drop(b);
        let mut c = c;
        assert_eq!((&mut c).now_or_never().map(|r| r.map(|place| place.key())), Some(Ok(3)));
        drop(c);
        assert_eq!(kept(&places), (1, 0, 0));
    }

    #[test]
    fn who_goes_takes_the_turn_along() {
        let places = Places::new(1, 1, ROOM);
        let held = places.try_enter(1).unwrap();
        for _ in 0..3 {
            drop(wait(&places, 2));
        }
        assert_eq!(kept(&places), (0, 0, 1));
        let mut line: Vec<_> = [2, 2, 3, 2].into_iter().map(|key| wait(&places, key)).collect();
        drop(held);
        let mut order = Vec::new();
        while let Some(at) = line.iter_mut().position(|waiting| match waiting.now_or_never() {
            Some(Ok(place)) => {
                order.push(place.key());
                true
            }
            _ => false,
        }) {
            drop(line.remove(at));
        }
        assert_eq!(order, [2, 3, 2, 2]);
        assert_eq!(kept(&places), (1, 0, 0));
    }

    #[test]
    fn one_can_wait_until_all_have_gone() {
        let places = Places::new(2, 2, Waiting::NOBODY);
        assert!(places.empty().now_or_never().is_some());
        let (a, b) = (places.try_enter(1), places.try_enter(2));
        let mut empty = places.empty().boxed();
        assert!((&mut empty).now_or_never().is_none());
        drop(a);
        assert!((&mut empty).now_or_never().is_none());
        drop(b);
        assert!((&mut empty).now_or_never().is_some());
    }

    #[test]
    fn one_key_does_not_take_what_another_could_have() {
        // Two places, one for each key: a third of the first key's waits although a place is free.
        let places = Places::new(2, 1, ROOM);
        let held = places.try_enter(1).unwrap();
        let mut second = wait(&places, 1);
        let other = places.try_enter(2);
        assert!(other.is_some());
        drop(other);
        assert!((&mut second).now_or_never().is_none());
        drop(held);
        assert!((&mut second).now_or_never().is_some());
    }

    #[test]
    fn nothing_is_lost_between_threads() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().unwrap();
        let places = Places::new(3, 2, Waiting { total: 1_000, per_key: 1_000 });
        let (done, all) = mpsc::channel::<()>();
        for n in 0..400_u32 {
            let (places, done) = (places.clone(), done.clone());
            runtime.spawn(async move {
                let waiting = places.enter(n % 7);
                if n % 5 == 0 {
                    // Polled a few times and dropped.
                    let _ = futures_util::future::select(Box::pin(waiting), Box::pin(tokio::task::yield_now())).await;
                } else if let Ok(place) = waiting.await {
                    tokio::task::yield_now().await;
                    drop(place);
                }
                drop(done);
            });
        }
        drop(done);
        assert!(all.recv().is_err(), "all tasks have ended");
        assert_eq!(kept(&places), (3, 0, 0));
    }
}
