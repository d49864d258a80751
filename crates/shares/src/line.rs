//! Work of many that one thread does, a piece at a time.

use crate::places::{Full, Waiting};
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A line for a thread, and the thread's end of it.
///
/// Next is a piece of whoever has had least of the thread's time, so who asks for less than a fair part of it waits for no more than the piece
/// that is being done, however much others ask for. Of those who have had the same, who came first. Of time that one did not use `saved` is
/// made up for: who asks for as much at once, and seldom, need not take turns in the middle of it.
pub fn line<K: Copy + Eq + Hash, W>(waiting: Waiting, saved: Duration) -> (Line<K, W>, Served<K, W>) {
    let state = State { keys: HashMap::new(), waiting: 0, next: 0, had: Duration::ZERO, open: true };
    let inner = Arc::new(Inner { waiting, saved, state: Mutex::new(state), came: Condvar::new() });
    (Line(Arc::new(Open(Arc::clone(&inner)))), Served(inner))
}

/// Where work is put.
pub struct Line<K, W>(Arc<Open<K, W>>);

/// Closes the line when nobody can put anything any more.
struct Open<K, W>(Arc<Inner<K, W>>);

/// Where the thread takes it.
pub struct Served<K, W>(Arc<Inner<K, W>>);

/// A piece of work that was taken: whose it is, and when it came.
#[derive(Debug)]
pub struct Taken<K>(K, u64);

struct Inner<K, W> {
    waiting: Waiting,
    saved: Duration,
    state: Mutex<State<K, W>>,
    came: Condvar,
}

struct State<K, W> {
    keys: HashMap<K, Key<W>>,
    waiting: usize,
    next: u64,
    /// What the one who was served last had had before.
    had: Duration,
    open: bool,
}

struct Key<W> {
    line: VecDeque<(u64, W)>,
    /// How much of the thread's time it has had, of those who are there.
    had: Duration,
}

impl<K, W> Clone for Line<K, W> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K, W> fmt::Debug for Line<K, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").field("waiting", &self.0.0.waiting).finish_non_exhaustive()
    }
}

impl<K: Copy + Eq + Hash, W> Line<K, W> {
    /// Puts work into the line.
    ///
    /// # Errors
    /// [`Full`] when too much waits already.
    pub fn put(&self, key: K, work: W) -> Result<(), Full> {
        let inner = &self.0.0;
        let mut state = inner.lock();
        let state = &mut *state;
        let entry = state.keys.entry(key).or_insert(Key { line: VecDeque::new(), had: Duration::ZERO });
        if state.waiting >= inner.waiting.total || entry.line.len() >= inner.waiting.per_key {
            return Err(Full);
        }
        if entry.line.is_empty() {
            entry.had = entry.had.max(state.had.saturating_sub(inner.saved));
        }
        entry.line.push_back((state.next, work));
        state.next += 1;
        state.waiting += 1;
        inner.came.notify_one();
        Ok(())
    }
}

impl<K: Copy + Eq + Hash, W> Served<K, W> {
    /// The next piece, as soon as there is one. None when nobody can put anything any more, and all is done.
    pub fn take(&self) -> Option<(Taken<K>, W)> {
        let mut state = self.0.lock();
        loop {
            let first = |(key, entry): (&K, &Key<W>)| Some((entry.had, entry.line.front()?.0, *key));
            let next = state.keys.iter().filter_map(first).min_by_key(|(had, came, _)| (*had, *came));
            if let Some((had, _, key)) = next {
                let (came, work) = state.keys.get_mut(&key)?.line.pop_front()?;
                state.waiting -= 1;
                state.had = had;
                return Some((Taken(key, came), work));
            }
            if !state.open {
                return None;
            }
            state = self.0.came.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// What was taken took so long; what is left of it comes before all else of the same key's.
    pub fn took(&self, Taken(key, came): Taken<K>, time: Duration, rest: Option<W>) {
        let mut state = self.0.lock();
        let state = &mut *state;
        if let Some(entry) = state.keys.get_mut(&key) {
            entry.had += time;
            if let Some(rest) = rest {
                entry.line.push_front((came, rest));
                state.waiting += 1;
            }
        }
        if state.waiting == 0 {
            // All begin anew.
            state.keys.clear();
            state.had = Duration::ZERO;
        } else {
            // Against who has had no more than this nothing is counted when they come again.
            let least = state.had.saturating_sub(self.0.saved);
            state.keys.retain(|_, entry| !entry.line.is_empty() || entry.had > least);
        }
    }
}

impl<K, W> Inner<K, W> {
    fn lock(&self) -> MutexGuard<'_, State<K, W>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, W> Drop for Open<K, W> {
    fn drop(&mut self) {
        self.0.lock().open = false;
        self.0.came.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: Waiting = Waiting { total: 100, per_key: 10 };
    const PIECE: Duration = Duration::from_millis(10);
    const SAVED: Duration = Duration::from_millis(30);

    /// Does pieces until nothing waits, each of so long: whose they were.
    fn order(served: &Served<u8, u32>) -> Vec<(u8, u32)> {
        let mut order = Vec::new();
        while served.0.lock().waiting > 0 {
            let (taken, work) = served.take().unwrap();
            order.push((taken.0, work));
            served.took(taken, PIECE, None);
        }
        order
    }

    #[test]
    fn who_has_had_less_goes_first_however_much_of_others_waits() {
        let (line, served) = line(ROOM, SAVED);
        for work in 0..4 {
            line.put(1, work).unwrap();
        }
        let (taken, _) = served.take().unwrap();
        line.put(2, 0).unwrap();
        line.put(2, 1).unwrap();
        served.took(taken, PIECE, None);
        // What the second comes with is done at once, piece after piece, until it has had as much.
        assert_eq!(order(&served), [(2, 0), (1, 1), (2, 1), (1, 2), (1, 3)]);
        assert!(served.0.lock().keys.is_empty(), "nothing is kept of those who have gone");
    }

    #[test]
    fn who_takes_little_waits_for_no_more_than_a_piece() {
        let (line, served) = line(ROOM, SAVED);
        // One always has something to do; another comes every fifth time, with two pieces.
        let mut waits = Vec::new();
        let mut came = None;
        for time in 0..50 {
            while line.put(1, 0).is_ok() {}
            if time % 5 == 0 {
                line.put(2, 1).unwrap();
                line.put(2, 2).unwrap();
                came = Some(time);
            }
            let (taken, work) = served.take().unwrap();
            if let (2, Some(at)) = (taken.0, came) {
                waits.push(time - at);
                came = (work == 1).then_some(at);
            }
            served.took(taken, PIECE, None);
        }
        assert_eq!(waits.len(), 20, "{waits:?}");
        // Once it is known who takes how much, its second piece comes right after the first.
        assert!(waits.iter().skip(4).all(|waited| *waited <= 1), "{waits:?}");
    }

    #[test]
    fn of_time_that_was_not_used_a_little_is_made_up_for() {
        let (line, served) = line(ROOM, SAVED);
        for work in 0..10 {
            line.put(1, work).unwrap();
        }
        for _ in 0..5 {
            let (taken, _) = served.take().unwrap();
            served.took(taken, PIECE, None);
        }
        for work in 0..8 {
            line.put(2, work).unwrap();
        }
        let whose: Vec<u8> = order(&served).into_iter().map(|(key, _)| key).collect();
        assert_eq!(whose, [2, 2, 2, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1], "three pieces and its turn, not five");
    }

    #[test]
    fn what_is_left_of_a_piece_comes_before_what_came_after_it() {
        let (line, served) = line(ROOM, SAVED);
        line.put(1, 0).unwrap();
        line.put(1, 1).unwrap();
        line.put(2, 0).unwrap();
        let (taken, work) = served.take().unwrap();
        assert_eq!((taken.0, work), (1, 0));
        served.took(taken, PIECE, Some(7));
        assert_eq!(order(&served), [(2, 0), (1, 7), (1, 1)]);
    }

    #[test]
    fn each_has_a_bound_and_so_have_all() {
        let (line, _served) = line(Waiting { total: 3, per_key: 2 }, SAVED);
        assert_eq!([line.put(1, 0), line.put(1, 0), line.put(1, 0)], [Ok(()), Ok(()), Err(Full)]);
        assert_eq!([line.put(2, 0), line.put(3, 0)], [Ok(()), Err(Full)]);
    }

    #[test]
    fn it_ends_when_nobody_can_put_anything_and_all_is_done() {
        let (line, served) = line(ROOM, SAVED);
        let other = line.clone();
        line.put(1, 0).unwrap();
        drop(line);
        other.put(1, 1).unwrap();
        let waits = std::thread::spawn(move || order_to_the_end(&served));
        drop(other);
        assert_eq!(waits.join().unwrap(), [0, 1]);
    }

    fn order_to_the_end(served: &Served<u8, u32>) -> Vec<u32> {
        let mut all = Vec::new();
        while let Some((taken, work)) = served.take() {
            all.push(work);
            served.took(taken, PIECE, None);
        }
        all
    }
}
