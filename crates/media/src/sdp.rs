//! What is taken from a browser's description of a session: everything but its addresses. This server waits to be spoken to, and sends nothing to
//! an address that somebody has only named.

use crate::limits::{MOST_MEDIA, MOST_SDP};
use crate::rooms::MediaError;
use str0m::change::SdpOffer;

/// Reads an offer.
pub(crate) fn offer(sdp: &str) -> Result<SdpOffer, MediaError> {
    if sdp.len() > MOST_SDP {
        return Err(MediaError::Offer("it is longer than an offer is"));
    }
    let lines =
        sdp.lines().filter(|line| !line.starts_with("a=candidate:") && !line.starts_with("a=end-of-candidates"));
    let mut media = 0;
    let mut plain = String::with_capacity(sdp.len());
    for line in lines {
        media += usize::from(line.starts_with("m="));
        plain.push_str(line);
        plain.push_str("\r\n");
    }
    if media == 0 || media > MOST_MEDIA {
        return Err(MediaError::Offer("it has no line of media, or too many"));
    }
    SdpOffer::from_sdp_string(&plain).map_err(|_| MediaError::Offer("it cannot be read"))
}

/// How a browser calls itself in ICE, and by which secret, in an offer: where these are others than before, it restarts that.
pub(crate) fn credentials(sdp: &str) -> [Option<String>; 2] {
    ["a=ice-ufrag:", "a=ice-pwd:"].map(|what| sdp.lines().find_map(|line| line.strip_prefix(what)).map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_offer_is_refused() {
        assert!(matches!(offer(""), Err(MediaError::Offer(_))));
        assert!(matches!(offer("v=0\r\n"), Err(MediaError::Offer(_))));
        assert!(matches!(offer(&"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n".repeat(65)), Err(MediaError::Offer(_))));
        assert!(matches!(offer(&"x".repeat(MOST_SDP + 1)), Err(MediaError::Offer(_))));
        assert!(matches!(offer("m=audio\r\nm=\u{0}"), Err(MediaError::Offer(_))));
    }
}
