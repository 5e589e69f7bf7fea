//! Connections that came in, counted from their first packet to their end.

use std::collections::BTreeMap;
use std::net::IpAddr;

use libp2p::Multiaddr;
use libp2p::swarm::ConnectionId;

use crate::address;
use crate::limits::{INCOMING_MAX, INCOMING_PER_ADDRESS_MAX};

/// Connections that came in and have not ended.
#[derive(Debug, Default)]
pub(crate) struct Incoming {
    /// With the address of each that is not a gossip peer yet.
    connections: BTreeMap<ConnectionId, Option<IpAddr>>,
    /// How many of them come from one address and are not gossip peers.
    pending: BTreeMap<IpAddr, usize>,
}

/// Why a connection is refused before a word was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Crowded {
    #[error("there are {INCOMING_MAX} connections already")]
    All,
    #[error("{INCOMING_PER_ADDRESS_MAX} connections of this address are no gossip peers yet")]
    Address,
    #[error("it does not come from an IP address")]
    Strange,
}

impl Incoming {
    /// A connection came in.
    pub(crate) fn arrive(&mut self, connection: ConnectionId, remote: &Multiaddr) -> Result<(), Crowded> {
        let ip = address::ip_of(remote).ok_or(Crowded::Strange)?;
        if self.connections.len() >= INCOMING_MAX {
            return Err(Crowded::All);
        }
        let pending = self.pending.get(&ip).copied().unwrap_or(0);
        if pending >= INCOMING_PER_ADDRESS_MAX {
            return Err(Crowded::Address);
        }
        self.pending.insert(ip, pending + 1);
        self.connections.insert(connection, Some(ip));
        Ok(())
    }

    /// It became a gossip peer.
    pub(crate) fn settle(&mut self, connection: ConnectionId) {
        if let Some(ip) = self.connections.get_mut(&connection).and_then(Option::take) {
            self.forget_pending(ip);
        }
    }

    /// It ended.
    pub(crate) fn leave(&mut self, connection: ConnectionId) {
        if let Some(Some(ip)) = self.connections.remove(&connection) {
            self.forget_pending(ip);
        }
    }

    /// How many are not gossip peers.
    pub(crate) fn pending(&self) -> usize {
        self.pending.values().sum()
    }

    fn forget_pending(&mut self, ip: IpAddr) {
        let left = self.pending.get(&ip).map_or(0, |pending| pending.saturating_sub(1));
        if left == 0 {
            self.pending.remove(&ip);
        } else {
            self.pending.insert(ip, left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> ConnectionId {
        ConnectionId::new_unchecked(number)
    }

    fn from(host: usize) -> Multiaddr {
        format!("/ip4/10.0.{}.{}/tcp/40000", host / 250, host % 250).parse().unwrap()
    }

    #[test]
    fn one_address_has_few_places_until_its_connections_are_gossip_peers() {
        let mut incoming = Incoming::default();
        for number in 0..INCOMING_PER_ADDRESS_MAX {
            incoming.arrive(id(number), &from(1)).unwrap();
        }
        assert_eq!(incoming.arrive(id(100), &from(1)), Err(Crowded::Address));
        incoming.arrive(id(101), &from(2)).unwrap();
        incoming.settle(id(0));
        incoming.settle(id(0));
        incoming.arrive(id(102), &from(1)).unwrap();
        assert_eq!(incoming.arrive(id(103), &from(1)), Err(Crowded::Address));
        incoming.leave(id(102));
        incoming.leave(id(102));
        incoming.leave(id(0));
        incoming.arrive(id(104), &from(1)).unwrap();
        assert_eq!(incoming.arrive(id(105), &from(1)), Err(Crowded::Address));
        assert_eq!(incoming.pending(), INCOMING_PER_ADDRESS_MAX + 1);
    }

    #[test]
    fn all_addresses_together_are_bounded_too() {
        let mut incoming = Incoming::default();
        for number in 0..INCOMING_MAX {
            incoming.arrive(id(number), &from(number)).unwrap();
            incoming.settle(id(number));
        }
        assert_eq!(incoming.arrive(id(1_000), &from(1_000)), Err(Crowded::All));
        assert_eq!(incoming.pending(), 0);
        incoming.leave(id(7));
        incoming.arrive(id(1_001), &from(1_000)).unwrap();
        for number in 0..INCOMING_MAX {
            incoming.leave(id(number));
        }
        incoming.leave(id(1_001));
        assert_eq!((incoming.connections.len(), incoming.pending.len()), (0, 0));
    }

    #[test]
    fn a_refused_connection_that_ends_changes_nothing() {
        let mut incoming = Incoming::default();
        for number in 0..=INCOMING_PER_ADDRESS_MAX {
            assert_eq!(incoming.arrive(id(number), &from(1)).is_ok(), number < INCOMING_PER_ADDRESS_MAX);
        }
        incoming.leave(id(INCOMING_PER_ADDRESS_MAX));
        assert_eq!(incoming.pending(), INCOMING_PER_ADDRESS_MAX);
        let unix = "/unix/socket".parse().unwrap();
        assert_eq!(incoming.arrive(id(50), &unix), Err(Crowded::Strange));
    }
}
