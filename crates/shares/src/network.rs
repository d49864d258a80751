//! Whom an address belongs to, as far as one can tell.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// The unit that every limit by address counts in: an IPv4 address, or an IPv6 network of 64 bits, which is what one
/// subscriber is given at least (RFC 6177) and can choose addresses in as it likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network(IpAddr);

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
            v4 @ IpAddr::V4(_) => v4,
        })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(v4) => write!(f, "{v4}"),
            IpAddr::V6(v6) => write!(f, "{v6}/64"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_can_choose_its_address_is_one() -> Result<(), std::net::AddrParseError> {
        let of = |text: &str| text.parse::<IpAddr>().map(Network::from);
        assert_eq!(of("2001:db8:1:2::1")?, of("2001:db8:1:2:ffff::9")?);
        assert_ne!(of("2001:db8:1:2::1")?, of("2001:db8:1:3::1")?);
        assert_eq!(of("::ffff:192.0.2.1")?, of("192.0.2.1")?);
        assert_ne!(of("192.0.2.1")?, of("192.0.2.2")?);
        assert_eq!(of("2001:db8:1:2::1")?.to_string(), "2001:db8:1:2::/64");
        Ok(())
    }
}
