//! How long a connection is kept for which nothing happens: one whose reader takes nothing, or next to nothing, of what is
//! written to it; one on which no request is in progress; one on which none goes on.

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
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
            self.activity.goes_on();
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
pub struct Activity {
    opened: Instant,
    /// Milliseconds after `opened` when something last went on.
    last: AtomicU64,
    requests: AtomicUsize,
    heard: AtomicUsize,
}

impl Default for Activity {
    fn default() -> Self {
        Self {
            opened: Instant::now(),
            last: AtomicU64::new(0),
            requests: AtomicUsize::new(0),
            heard: AtomicUsize::new(0),
        }
    }
}

impl Activity {
    fn goes_on(&self) {
        let now = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(now, Ordering::Relaxed);
    }

    /// A request has come; it is in progress until its answer has been taken.
    pub fn begin(self: &Arc<Self>) -> Progress {
        self.heard.fetch_add(1, Ordering::Relaxed);
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.goes_on();
        Progress(Arc::clone(self))
    }

    /// Is over when nothing has gone on for too long: before the first request for `first`, between requests for `idle`, in
    /// the middle of one for `stuck`.
    pub async fn ended(&self, first: Duration, idle: Duration, stuck: Duration) {
        loop {
            let allowed = match (self.heard.load(Ordering::Relaxed), self.requests.load(Ordering::Relaxed)) {
                (0, _) => first,
                (_, 0) => idle,
                _ => stuck,
            };
            let until = self.opened + Duration::from_millis(self.last.load(Ordering::Relaxed)) + allowed;
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
pub struct Progress(Arc<Activity>);

impl Progress {
    /// The request's body, which goes on as it comes.
    pub fn coming(&self, body: Body) -> Body {
        Body::new(Going { body, activity: Arc::clone(&self.0), _progress: None })
    }

    /// The answer's body, which goes on as its reader takes it.
    pub fn taken(self, body: Body) -> Body {
        Body::new(Going { body, activity: Arc::clone(&self.0), _progress: Some(self) })
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.goes_on();
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Going {
    body: Body,
    activity: Arc<Activity>,
    _progress: Option<Progress>,
}

impl HttpBody for Going {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        self.activity.goes_on();
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
        // In the middle of one whose answer nobody takes.
        let progress = activity.begin();
        let body = progress.taken(Body::from("x"));
        activity.ended(long, long, short * 2).await;
        assert_eq!(activity.requests.load(Ordering::Relaxed), 1);
        // Between two.
        drop(body);
        activity.ended(long, short, long).await;
        assert_eq!(activity.requests.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn what_comes_slowly_goes_on() {
        let activity = Arc::new(Activity::default());
        let progress = activity.begin();
        let last = activity.last.load(Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(5)).await;
        let mut body = progress.coming(Body::from("x"));
        let frame = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
        assert!(frame.is_some_and(|frame| frame.is_ok()));
        assert!(activity.last.load(Ordering::Relaxed) > last);
    }
}
