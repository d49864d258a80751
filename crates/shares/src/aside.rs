//! Work that only computes, beside the async threads and behind them.

use std::fmt;
use tokio::sync::oneshot;

/// How much less a thread that steps back counts to the system than others where both want the same core (sched(7), "The
/// nice value", 0 to 19). At 19 it would starve on a busy machine, and whoever waits for it with it.
const NICE: i32 = 10;

/// It was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsideError {
    /// The system gives no thread: it may in a moment.
    NoThread,
    /// The work panicked: it would again.
    Panicked,
}

impl fmt::Display for AsideError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoThread => "the system gives no thread",
            Self::Panicked => "the work ended in a panic",
        })
    }
}

impl std::error::Error for AsideError {}

/// Does something that computes for longer than a millisecond or so on a thread of its own, which steps back. How many run
/// at once is for [`crate::Places`] to say: move the place into the work, so that it is held until the work has ended, also
/// when nobody waits for it any more.
///
/// # Errors
/// See [`AsideError`].
pub async fn aside<T: Send + 'static>(
    name: &'static str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, AsideError> {
    let (answer, answered) = oneshot::channel();
    let run = move || {
        step_back();
        // Whoever asked may have gone.
        let _ = answer.send(work());
    };
    std::thread::Builder::new().name(name.to_owned()).spawn(run).map_err(|_| AsideError::NoThread)?;
    answered.await.map_err(|_| AsideError::Panicked)
}

/// Lets others go first, for as long as this thread lives. A lock that others wait for must not be held meanwhile.
pub fn step_back() {
    // Of this thread alone, and of those that it starts. Refused, it only means that others wait longer.
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_comes_back_from_a_thread_that_steps_back() {
        let nice = || rustix::process::getpriority_process(Some(rustix::thread::gettid())).ok();
        let before = nice();
        assert_eq!(aside("aside", nice).await, Ok(Some(NICE.max(before.unwrap_or_default()))));
        assert_eq!(nice(), before, "nobody else does");
        assert_eq!(aside("aside", || std::thread::current().name().map(str::to_owned)).await, Ok(Some("aside".into())));
    }

    #[tokio::test]
    async fn a_panic_is_told() {
        assert_eq!(
            aside("aside", || std::panic::resume_unwind(Box::new(()))).await,
            Err::<(), _>(AsideError::Panicked)
        );
    }
}
