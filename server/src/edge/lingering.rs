//! Reading on after the answer. Who is refused before the whole body has been read (too large, not signed in, too many
//! at once) is often still sending; a connection that ends with unread bytes in it is reset, and the answer is lost on the
//! way ("broken pipe"). So what is left of a body is read and thrown away, within a bound of bytes and of time, for so many
//! at once, and at a pace; the others are cut off, which costs nobody else anything.

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use shares::{Network, Places, Rate, Rates, Waiting};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
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
/// How much of an address is read on: 16 MB at once, and as much each second, in these units.
const UNIT: usize = 64 * 1024;
const PACE: Rate = Rate { burst: 256, per_second: 256.0 };

/// What the bodies of one listener that are read on share.
#[derive(Debug, Clone)]
pub struct Reading {
    places: Places<Network>,
    pace: Arc<Rates<Network>>,
}

impl Default for Reading {
    fn default() -> Self {
        Self { places: Places::new(PLACES, SHARE, Waiting::NOBODY), pace: Arc::new(Rates::new(PACE)) }
    }
}

/// A request's body that reads itself to its end when it is dropped before.
pub struct Lingering {
    /// None when its end, or an error, has been seen.
    body: Option<Body>,
    /// The client waits to be asked for the body (RFC 9110, section 10.1.1): one that nobody has asked for never comes.
    waits: bool,
    reading: Reading,
    network: Network,
}

impl Lingering {
    /// Wraps the body of a request. `expects`: it came with `Expect: 100-continue`. `reading` is the listener's, `network` whom it comes from.
    pub fn new(body: Body, expects: bool, reading: Reading, network: Network) -> Self {
        Self { body: Some(body), waits: expects, reading, network }
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
            && let Some(place) = self.reading.places.try_enter(self.network)
        {
            let pace = Arc::clone(&self.reading.pace);
            // Beside the answer, which goes out meanwhile.
            tokio::spawn(async move {
                let _ = tokio::time::timeout(PATIENCE, read_on(body, &pace, place.key())).await;
                drop(place);
            });
        }
    }
}

async fn read_on(mut body: Body, pace: &Rates<Network>, network: Network) {
    let (mut left, mut paid) = (BYTES, 0_usize);
    while let Some(Ok(frame)) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let length = frame.data_ref().map_or(0, Bytes::len);
        let Some(rest) = left.checked_sub(length) else { return };
        left = rest;
        while BYTES - left > paid {
            match pace.take(network) {
                Ok(_) => paid += UNIT,
                // What is not read waits where it is sent.
                Err(wait) => tokio::time::sleep(wait.until).await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;
    use std::net::{IpAddr, Ipv4Addr};

    #[tokio::test]
    async fn an_address_is_read_on_at_its_pace_and_others_at_theirs() {
        let pace = Rates::new(Rate { burst: 4, per_second: 1e-6 });
        let [one, other] = [1, 2].map(|last| Network::from(IpAddr::from(Ipv4Addr::new(192, 0, 2, last))));
        let read =
            |length: usize, network| read_on(Body::from(vec![0; length]), &pace, network).now_or_never().is_some();
        assert!(read(2 * UNIT, one) && read(UNIT + 1, one), "as much at once as there is");
        assert!(!read(1, one), "then it waits");
        assert!(read(4 * UNIT, other));
        assert!(!read(BYTES, other));
    }
}
