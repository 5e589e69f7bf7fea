//! Addresses of peers: what may stand in a configuration or come from the API.

use libp2p::PeerId;
use libp2p::multiaddr::{Multiaddr, Protocol};

use crate::limits::ADDRESS_BYTES_MAX;

/// Why an address is not one of a peer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is no multiaddress.
    #[error("not a multiaddress, for example /ip4/203.0.113.7/tcp/15600/p2p/12D3Koo…: {0}")]
    Syntax(String),
    /// It does not end with the peer's id.
    #[error("the address does not end with /p2p/ and the peer's id")]
    MissingPeerId,
    /// It is none of IPv4, IPv6 or a DNS name with a TCP port.
    #[error("only /ip4, /ip6, /dns, /dns4 or /dns6 with /tcp and a port are supported")]
    Unsupported,
    /// It is longer than any real one.
    #[error("the address is longer than {ADDRESS_BYTES_MAX} bytes")]
    TooLong,
}

/// Reads the address of a peer, which must end with `/p2p/` and its id.
///
/// # Errors
/// See [`AddressError`].
pub fn parse_peer_address(text: &str) -> Result<Multiaddr, AddressError> {
    let address: Multiaddr = text
        .trim()
        .parse()
        .map_err(|error: libp2p::multiaddr::Error| AddressError::Syntax(error.to_string()))?;
    split(&address).map(|_| address)
}

/// Where to dial, and whom to expect there.
pub(crate) fn split(address: &Multiaddr) -> Result<(Multiaddr, PeerId), AddressError> {
    let mut place = address.clone();
    let Some(Protocol::P2p(peer)) = place.pop() else {
        return Err(AddressError::MissingPeerId);
    };
    check_place(&place)?;
    Ok((place, peer))
}

/// The address with the peer's id at its end.
pub(crate) fn join(place: &Multiaddr, peer: PeerId) -> Multiaddr {
    place.clone().with(Protocol::P2p(peer))
}

/// Checks that an address without a peer's id can be dialled.
fn check_place(place: &Multiaddr) -> Result<(), AddressError> {
    if place.len() > ADDRESS_BYTES_MAX {
        return Err(AddressError::TooLong);
    }
    let mut parts = place.iter();
    let has_host = matches!(
        parts.next(),
        Some(Protocol::Ip4(_) | Protocol::Ip6(_) | Protocol::Dns(_) | Protocol::Dns4(_) | Protocol::Dns6(_))
    );
    let has_port = matches!(parts.next(), Some(Protocol::Tcp(port)) if port != 0);
    if has_host && has_port && parts.next().is_none() { Ok(()) } else { Err(AddressError::Unsupported) }
}

/// The IP address a connection comes from.
pub(crate) fn ip_of(address: &Multiaddr) -> Option<std::net::IpAddr> {
    address.iter().find_map(|part| {
        if let Protocol::Ip4(ip) = part {
            Some(ip.into())
        } else if let Protocol::Ip6(ip) = part {
            Some(ip.to_ipv4_mapped().map_or(ip.into(), Into::into))
        } else {
            None
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "12D3KooWSagdVaCrS14GeJhM8CbQr41AW2PiYMgptTyAybCbQuEY";

    #[test]
    fn addresses_of_every_supported_kind_are_read_and_split() {
        for host in [
            "/ip4/203.0.113.7",
            "/ip6/2001:db8::1",
            "/dns/node.example",
            "/dns4/a.example",
            "/dns6/b.example",
        ] {
            let text = format!("{host}/tcp/15600/p2p/{ID}");
            let address = parse_peer_address(&text).unwrap();
            let (place, peer) = split(&address).unwrap();
            assert_eq!(place.to_string(), format!("{host}/tcp/15600"));
            assert_eq!(peer.to_string(), ID);
            assert_eq!(join(&place, peer), address);
        }
    }

    #[test]
    fn other_addresses_are_refused_with_the_reason() {
        let error = |text: &str| parse_peer_address(text).unwrap_err();
        assert_eq!(error("/ip4/203.0.113.7/tcp/15600"), AddressError::MissingPeerId);
        assert_eq!(error(""), AddressError::MissingPeerId);
        assert!(matches!(error("203.0.113.7:15600"), AddressError::Syntax(_)));
        assert!(matches!(error("/ip4/203.0.113.7/tcp/15600/p2p/zz"), AddressError::Syntax(_)));
        for place in
            ["/ip4/203.0.113.7/udp/15600", "/ip4/203.0.113.7/tcp/0", "/ip4/1.2.3.4", "", "/tcp/1/ip4/1.2.3.4"]
        {
            assert_eq!(error(&format!("{place}/p2p/{ID}")), AddressError::Unsupported, "{place}");
        }
        assert_eq!(error(&format!("/ip4/1.2.3.4/tcp/1/ws/p2p/{ID}")), AddressError::Unsupported);
        assert_eq!(error(&format!("/dns/{}/tcp/1/p2p/{ID}", "a".repeat(400))), AddressError::TooLong);
    }

    #[test]
    fn a_mapped_address_counts_as_the_ipv4_address_it_is() {
        let ip = |text: &str| ip_of(&text.parse().unwrap());
        assert_eq!(ip("/ip4/1.2.3.4/tcp/1"), ip("/ip6/::ffff:1.2.3.4/tcp/1"));
        assert_eq!(ip("/ip6/::1/tcp/1"), Some("::1".parse().unwrap()));
        assert_eq!(ip("/dns/a.example/tcp/1"), None);
    }
}
