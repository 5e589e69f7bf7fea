//! Addresses: multiaddresses of peers and of the own gossip, checked as far as their text goes, and sockets.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

/// Characters of a DNS name (RFC 1035, section 2.3.4).
const HOST_CHARACTERS_MAX: usize = 253;

/// Characters of a peer id in base58: 52 for one made from an Ed25519 key, 46 for the hash of another key.
const PEER_ID_CHARACTERS: [usize; 2] = [46, 52];

/// What an address looks like; follows "is not".
const SHAPE: &str = "/ip4|ip6|dns|dns4|dns6/HOST/tcp/PORT, followed by /p2p/ID for a peer";

/// Checks `text` as a multiaddress: a host, a TCP port, and possibly the id of the peer there.
///
/// # Errors
/// What is wrong, as a sentence without its subject.
pub(crate) fn check(text: &str) -> Result<(), String> {
    split(text).map(|_| ())
}

/// As [`check`], for an address that names its peer.
///
/// # Errors
/// As [`check`], and when the peer's id is missing.
pub(crate) fn check_peer(text: &str) -> Result<(), String> {
    match split(text)? {
        Split { peer: Some(_), .. } => Ok(()),
        Split { peer: None, .. } => Err(format!("\"{text}\" names no peer: add /p2p/ and its id")),
    }
}

/// As [`check`], for an address to listen on: one of this machine, which names no peer.
///
/// # Errors
/// As [`check`], and when it begins with a name or ends with a peer.
pub(crate) fn check_listen(text: &str) -> Result<(), String> {
    let Split { kind, peer } = split(text)?;
    if peer.is_some() {
        return Err(format!("\"{text}\" is a peer; an address to listen on ends with the port"));
    }
    match kind {
        "ip4" | "ip6" => Ok(()),
        _ => Err(format!("\"{text}\" begins with a name; only /ip4/ and /ip6/ can be listened on")),
    }
}

/// The peer's id at the end of `text`, when it has one.
pub(crate) fn peer_id(text: &str) -> Option<&str> {
    text.split_once("/p2p/").map(|(_, id)| id)
}

/// Parts of a multiaddress.
struct Split<'a> {
    /// The kind of its host: `ip4`, `dns` and so on.
    kind: &'a str,
    /// The id of its peer.
    peer: Option<&'a str>,
}

fn split(text: &str) -> Result<Split<'_>, String> {
    let parts: Vec<&str> = text.split('/').collect();
    let (kind, host, port, peer) = match *parts.as_slice() {
        ["", kind, host, "tcp", port] => (kind, host, port, None),
        ["", kind, host, "tcp", port, "p2p", id] => (kind, host, port, Some(id)),
        _ => return Err(format!("\"{text}\" is not {SHAPE}")),
    };
    check_host(kind, host).map_err(|why| format!("\"{text}\": {why}"))?;
    if port.parse::<u16>().is_err() || port.starts_with('+') {
        return Err(format!("\"{text}\": {port} is not a port from 0 to 65535"));
    }
    match peer {
        Some(id) if !is_peer_id(id) => {
            Err(format!("\"{text}\": {id} is not the id of a peer, such as 12D3KooW and 44 more characters"))
        }
        Some(_) | None => Ok(Split { kind, peer }),
    }
}

fn check_host(kind: &str, host: &str) -> Result<(), String> {
    let is_right = match kind {
        "ip4" => host.parse::<Ipv4Addr>().is_ok(),
        "ip6" => host.parse::<Ipv6Addr>().is_ok(),
        "dns" | "dns4" | "dns6" => is_name(host),
        _ => return Err(format!("/{kind} is none of /ip4, /ip6, /dns, /dns4, /dns6")),
    };
    if is_right { Ok(()) } else { Err(format!("{host} is not an address of the kind /{kind}")) }
}

fn is_name(host: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    host.len() <= HOST_CHARACTERS_MAX && host.strip_suffix('.').unwrap_or(host).split('.').all(is_label)
}

fn is_peer_id(id: &str) -> bool {
    let is_base58 = |letter: char| letter.is_ascii_alphanumeric() && !"0OIl".contains(letter);
    PEER_ID_CHARACTERS.contains(&id.len())
        && (id.starts_with("12D3KooW") || id.starts_with("Qm"))
        && id.chars().all(is_base58)
}

/// The socket that `text` means: an IP address with a port; nothing for an empty text and for `off`.
///
/// # Errors
/// What is wrong, as a sentence without its subject.
pub(crate) fn socket(text: &str) -> Result<Option<SocketAddr>, String> {
    if text.is_empty() || text == "off" {
        return Ok(None);
    }
    let wrong =
        || format!("\"{text}\" is not an IP address with a port, such as 127.0.0.1:14265 or [::]:14265");
    text.parse().map(Some).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "12D3KooWSagdVaCrS14GeJhM8CbQr41AW2PiYMgptTyAybCbQuEY";

    #[test]
    fn multiaddresses_have_a_host_a_port_and_perhaps_a_peer() {
        for host in ["ip4/127.0.0.1", "ip6/::1", "dns/node.example.org", "dns4/localhost", "dns6/a-b.c."] {
            let address = format!("/{host}/tcp/15600");
            assert_eq!(check(&address), Ok(()));
            assert_eq!(check_peer(&format!("{address}/p2p/{ID}")), Ok(()));
            assert!(check_peer(&address).unwrap_err().contains("add /p2p/"));
        }
        for wrong in [
            "",
            "127.0.0.1:15600",
            "/ip4/127.0.0.1",
            "/ip4/127.0.0.1/udp/15600",
            "/ip4/127.0.0.256/tcp/15600",
            "/ip4/::1/tcp/15600",
            "/ip6/127.0.0.1/tcp/15600",
            "/dns/a b/tcp/15600",
            "/dns//tcp/15600",
            "/unix/x/tcp/1",
            "/ip4/127.0.0.1/tcp/65536",
            "/ip4/127.0.0.1/tcp/+1",
            "/ip4/127.0.0.1/tcp/1/p2p/",
            "/ip4/127.0.0.1/tcp/1/p2p/12D3KooWshort",
            "/ip4/127.0.0.1/tcp/1/p2p/12D3KooW0agdVaCrS14GeJhM8CbQr41AW2PiYMgptTyAybCbQuEY",
        ] {
            assert!(check(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_addresses_of_this_machine_can_be_listened_on() {
        assert_eq!(check_listen("/ip6/::/tcp/0"), Ok(()));
        assert!(check_listen("/dns/localhost/tcp/1").unwrap_err().contains("only /ip4/"));
        assert!(check_listen(&format!("/ip4/1.2.3.4/tcp/1/p2p/{ID}")).unwrap_err().contains("is a peer"));
        assert_eq!(peer_id(&format!("/ip4/1.2.3.4/tcp/1/p2p/{ID}")), Some(ID));
    }

    #[test]
    fn sockets_are_an_address_with_a_port_or_off() {
        assert_eq!(socket("127.0.0.1:80"), Ok(Some(([127, 0, 0, 1], 80).into())));
        assert_eq!((socket(""), socket("off")), (Ok(None), Ok(None)));
        for wrong in ["localhost:80", "127.0.0.1", ":80", "::1:80x"] {
            assert!(socket(wrong).unwrap_err().contains(wrong), "{wrong}");
        }
    }
}
