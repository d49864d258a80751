//! Datagrams to many by few calls of the kernel: what one sends goes to all others of a room at once, and each call costs as much as several packets
//! that are made ready.

use std::io::IoSlice;
use std::net::SocketAddr;
use tokio::net::UdpSocket;

/// Most datagrams of one call.
#[cfg(target_os = "linux")]
const AT_ONCE: usize = 64;

/// Sends these in their order. What does not fit is lost, as in any network; what cannot be sent at all keeps no other one back.
#[cfg(target_os = "linux")]
pub fn send(socket: &UdpSocket, datagrams: &[(SocketAddr, Vec<u8>)]) {
    use rustix::net::addr::SocketAddrArg as _;
    use rustix::net::{MMsgHdr, SendAncillaryBuffer, SendFlags, sendmmsg};
    for some in datagrams.chunks(AT_ONCE) {
        let to: Vec<_> = some.iter().map(|(to, _)| to.as_any()).collect();
        let bytes: Vec<_> = some.iter().map(|(_, bytes)| [IoSlice::new(bytes)]).collect();
        let mut besides: Vec<_> = some.iter().map(|_| SendAncillaryBuffer::default()).collect();
        let parts = to.iter().zip(&bytes).zip(&mut besides);
        let mut all: Vec<_> = parts.map(|((to, bytes), besides)| MMsgHdr::new_with_addr(to, bytes, besides)).collect();
        let mut done = 0;
        while let Some(rest) = all.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let sent = socket.try_io(tokio::io::Interest::WRITABLE, || {
                sendmmsg(socket, rest, SendFlags::DONTWAIT).map_err(std::io::Error::from)
            });
            done += match sent {
                Ok(sent) => sent.max(1),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return,
                // The first of them alone: the next one may be well.
                Err(_) => 1,
            };
        }
    }
}

/// Sends these in their order. What does not fit is lost, as in any network.
#[cfg(not(target_os = "linux"))]
pub fn send(socket: &UdpSocket, datagrams: &[(SocketAddr, Vec<u8>)]) {
    for (to, bytes) in datagrams {
        drop(socket.try_send_to(bytes, *to));
    }
}

#[cfg(test)]
mod tests {
    use super::send;
    use std::time::Duration;
    use tokio::net::UdpSocket;

    #[tokio::test]
    async fn all_arrive_in_order_and_one_that_cannot_be_sent_keeps_none_back() {
        let from = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let (one, other) =
            (UdpSocket::bind("127.0.0.1:0").await.unwrap(), UdpSocket::bind("127.0.0.1:0").await.unwrap());
        from.writable().await.unwrap();
        let to = |socket: &UdpSocket| socket.local_addr().unwrap();
        let mut all: Vec<_> = (0..100_u8).map(|number| (to(&one), vec![number; 100])).collect();
        // Too long for any datagram; and an address of another kind.
        all.insert(10, (to(&other), vec![0; 70_000]));
        all.insert(70, ("[::1]:9".parse().unwrap(), vec![1]));
        all.push((to(&other), vec![7]));
        send(&from, &all);
        let mut buffer = [0; 2_048];
        let mut next = async |socket: &UdpSocket| {
            let came = tokio::time::timeout(Duration::from_secs(10), socket.recv_from(&mut buffer)).await;
            let (length, sender) = came.unwrap().unwrap();
            assert_eq!(sender, to(&from));
            (length, buffer[0])
        };
        for number in 0..100 {
            assert_eq!(next(&one).await, (100, number));
        }
        assert_eq!(next(&other).await, (1, 7));
    }
}
