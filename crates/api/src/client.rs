//! Who sends a request, as far as fair shares go, and whether it is still there.

use std::net::IpAddr;

use crate::socket::Watch;

/// Who sends the requests of a connection.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) client: Client,
    /// Tells when it is gone.
    pub(crate) watch: Watch,
}

/// A client: everybody behind one IPv4 address, or in one IPv6 network of 64 bits, which is the least that a provider
/// hands to a customer (RFC 6177) and within which a machine may choose its address anew for every connection.
///
/// Today it is made from the address of the connection. Behind a proxy all requests are those of one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Client {
    /// An IPv4 address.
    Ipv4(u32),
    /// The first 64 bits of an IPv6 address.
    Ipv6(u64),
}

impl Client {
    /// The client behind an address. An IPv4 address that is written as one of IPv6 counts as itself.
    pub(crate) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::Ipv4(address.to_bits()),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments().map(u64::from);
                Self::Ipv6(a << 48 | b << 32 | c << 16 | d)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(address: &str) -> Client {
        Client::of(address.parse().unwrap())
    }

    #[test]
    fn an_ipv4_address_is_a_client_however_it_is_written() {
        assert_eq!(client("192.0.2.1"), Client::Ipv4(0xc000_0201));
        assert_eq!(client("::ffff:192.0.2.1"), client("192.0.2.1"));
        assert_ne!(client("192.0.2.1"), client("192.0.2.2"));
    }

    #[test]
    fn an_ipv6_network_of_64_bits_is_a_client() {
        assert_eq!(client("2001:db8:1:2::1"), Client::Ipv6(0x2001_0db8_0001_0002));
        assert_eq!(client("2001:db8:1:2::1"), client("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(client("2001:db8:1:2::1"), client("2001:db8:1:3::1"));
        assert_ne!(client("::1"), client("127.0.0.1"));
    }
}
