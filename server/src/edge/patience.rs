//! How long a connection is kept for which nothing happens: one whose reader takes nothing, or next to nothing, of what is
//! written to it; one on which no request is in progress; one on which none goes on.

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

/// Over what time a reader is watched.
const WINDOW: Duration = Duration::from_secs(20);
/// Bytes that it must take in that time.
const LEAST: usize = 8 * 1024;

/// A stream that fails when its reader is too slow.
pub struct Watched {
    stream: TcpStream,
    activity: Arc<Activity>,
    /// Since bytes wait for the reader: when it is looked at again.
    look: Option<Pin<Box<Sleep>>>,
    taken: usize,
}

impl Watched {
    /// Watches a stream.
    pub fn new(stream: TcpStream, activity: Arc<Activity>) -> Self {
        Self { stream, activity, look: None, taken: 0 }
    }

    fn written(&mut self, cx: &mut Context<'_>, polled: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(result) = polled {
            self.taken += result.as_ref().copied().unwrap_or_default();
            if self.look.is_some() {
                // For a reader who had been waited for: other writes may be signs of life.
                self.activity.goes_on();
            }
            return Poll::Ready(result);
        }
        let look = self.look.get_or_insert_with(|| {
            self.taken = 0;
            Box::pin(tokio::time::sleep(WINDOW))
        });
        while look.as_mut().poll(cx).is_ready() {
            if self.taken < LEAST {
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the reader takes nothing")));
            }
            self.taken = 0;
            look.as_mut().reset(Instant::now() + WINDOW);
        }
        Poll::Pending
    }
}

impl AsyncRead for Watched {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.written(cx, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.written(cx, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        // All that there was is on its way.
        self.look = None;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// What happens on a connection.
#[derive(Debug)]
pub struct Activity(Mutex<Seen>);

#[derive(Debug)]
struct Seen {
    /// When something last went on.
    last: Instant,
    /// How many requests have come.
    heard: u64,
    /// The requests in progress, and when each last went on.
    requests: HashMap<u64, Instant>,
}

impl Default for Activity {
    fn default() -> Self {
        Self(Mutex::new(Seen { last: Instant::now(), heard: 0, requests: HashMap::new() }))
    }
}

impl Activity {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn goes_on(&self) {
        self.seen().last = Instant::now();
    }

    /// A request has come; it is in progress until its answer has been taken.
    pub fn begin(self: &Arc<Self>) -> Progress {
        let mut seen = self.seen();
        seen.heard += 1;
        let request = seen.heard;
        seen.requests.insert(request, Instant::now());
        Progress { activity: Arc::clone(self), request }
    }

    /// Is over when nothing has gone on for too long: before the first request for `first`, between requests for `idle`, with
    /// any of those in progress for `stuck`.
    pub async fn ended(&self, first: Duration, idle: Duration, stuck: Duration) {
        loop {
            let until = {
                let seen = self.seen();
                match seen.requests.values().min() {
                    Some(oldest) => *oldest + stuck,
                    None if seen.heard == 0 => seen.last + first,
                    None => seen.last + idle,
                }
            };
            let now = Instant::now();
            if until <= now {
                return;
            }
            // Looked at again when it would be over, and now and then, as another rule may hold by then.
            tokio::time::sleep_until(until.min(now + first.min(idle))).await;
        }
    }
}

/// A request in progress.
#[derive(Debug)]
pub struct Progress {
    activity: Arc<Activity>,
    request: u64,
}

impl Progress {
    /// The request's body, which goes on as it comes.
    pub fn coming(&self, body: Body) -> Body {
        Body::new(Going { body, activity: Arc::clone(&self.activity), request: self.request, _progress: None })
    }

    /// The answer's body, which goes on as its reader takes it.
    pub fn taken(self, body: Body) -> Body {
        Body::new(Going { body, activity: Arc::clone(&self.activity), request: self.request, _progress: Some(self) })
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        let mut seen = self.activity.seen();
        seen.last = Instant::now();
        seen.requests.remove(&self.request);
    }
}

struct Going {
    body: Body,
    activity: Arc<Activity>,
    request: u64,
    _progress: Option<Progress>,
}

impl Going {
    fn goes_on(&self) {
        let (now, mut seen) = (Instant::now(), self.activity.seen());
        seen.last = now;
        if let Some(last) = seen.requests.get_mut(&self.request) {
            *last = now;
        }
    }
}

impl HttpBody for Going {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        self.goes_on();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_ends_when_nothing_goes_on() {
        let activity = Arc::new(Activity::default());
        let (short, long) = (Duration::from_millis(5), Duration::from_secs(3600));
        // Before the first request.
        activity.ended(short, long, long).await;
        // In the middle of one whose answer nobody takes, whatever goes on beside it.
        let body = activity.begin().taken(Body::from("x"));
        let other = activity.begin();
        activity.goes_on();
        activity.ended(long, long, short * 2).await;
        assert_eq!(activity.seen().requests.len(), 2);
        // Between two.
        drop((body, other));
        activity.ended(long, short, long).await;
        assert!(activity.seen().requests.is_empty());
    }

    #[tokio::test]
    async fn what_comes_slowly_goes_on() {
        let activity = Arc::new(Activity::default());
        let progress = activity.begin();
        let last = || activity.seen().requests.values().min().copied();
        let before = last();
        tokio::time::sleep(Duration::from_millis(5)).await;
        let mut body = progress.coming(Body::from("x"));
        let frame = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
        assert!(frame.is_some_and(|frame| frame.is_ok()));
        assert!(last() > before);
    }
}
