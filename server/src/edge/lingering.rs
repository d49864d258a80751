//! Reading on after the answer. Who is refused before the whole body has been read (too large, not signed in, too many
//! at once) is often still sending; a connection that ends with unread bytes in it is reset, and the answer is lost on the
//! way ("broken pipe"). So what is left of a body is read and thrown away, within a bound of bytes and of time, for so many
//! at once; the others are cut off, which costs nobody else anything.

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use shares::{Network, Places};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// Most bytes read on: twelve times the largest file that is taken. Who sends more loses the connection.
const BYTES: usize = 64 * 1024 * 1024;
/// Longest time read on.
const PATIENCE: Duration = Duration::from_secs(30);
/// Most bodies that a listener reads on at once.
pub const PLACES: usize = 256;
/// Most of them of one address.
pub const SHARE: usize = 32;

/// A request's body that reads itself to its end when it is dropped before.
pub struct Lingering {
    /// None when its end, or an error, has been seen.
    body: Option<Body>,
    /// The client waits to be asked for the body (RFC 9110, section 10.1.1): one that nobody has asked for never comes.
    waits: bool,
    places: Places<Network>,
    network: Network,
}

impl Lingering {
    /// Wraps the body of a request. `expects`: it came with `Expect: 100-continue`. `places` are the listener's, `network` whom it comes from.
    pub fn new(body: Body, expects: bool, places: Places<Network>, network: Network) -> Self {
        Self { body: Some(body), waits: expects, places, network }
    }
}

impl HttpBody for Lingering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.waits = false;
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let polled = Pin::new(body).poll_frame(cx);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.body = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        if let Some(body) = self.body.take().filter(|body| !self.waits && !body.is_end_stream())
            && let Some(place) = self.places.try_enter(self.network)
        {
            // Beside the answer, which goes out meanwhile.
            tokio::spawn(async move {
                let _ = tokio::time::timeout(PATIENCE, read_on(body)).await;
                drop(place);
            });
        }
    }
}

async fn read_on(mut body: Body) {
    let mut left = BYTES;
    while let Some(Ok(frame)) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        match left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) {
            Some(rest) => left = rest,
            None => break,
        }
    }
}
