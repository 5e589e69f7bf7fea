//! Whom the node knows, is connected to, dials and refuses: a state machine without sockets, clock or randomness.
//!
//! Invariants: a peer has at most one connection that counts, and at most one attempt to dial it; a banned peer has none of
//! both; unknown peers are remembered only while they are connected, or have misbehaved.

mod standings;

use std::collections::BTreeMap;
use std::sync::Arc;

use libp2p::swarm::ConnectionId;
use libp2p::{Multiaddr, PeerId};
use osmia_wire::Misbehaviour;

use crate::address;
use crate::info::{Direction, PeerInfo, Relation};
use crate::limits::{
    ADDRESSES_PER_PEER_MAX, ALIAS_CHARACTERS_MAX, DIALS_MAX, GOSSIP_PEERS_MAX, KNOWN_PEERS_MAX, RETRY_MS_MAX,
    RETRY_MS_MIN, SIMULTANEOUS_MS, STABLE_MS, STREAM_TIMEOUT_MS,
};
use crate::options::{PeerError, StaticPeer};

pub(crate) use standings::{Standings, StoredStanding};

/// Peers and connections of one node.
#[derive(Debug)]
pub(crate) struct Roster {
    own_id: PeerId,
    unknown_peers_max: usize,
    peers: BTreeMap<PeerId, Peer>,
    standings: Standings,
    /// Whether what is stored has changed since it was last taken.
    is_changed: bool,
}

#[derive(Debug, Default)]
struct Peer {
    /// What the configuration says of it.
    configured: Option<Entry>,
    /// What was added at run time.
    added: Option<Entry>,
    connection: Option<Connection>,
    is_dialling: bool,
    /// Attempts and short connections since it was last connected for long.
    failures: u32,
    next_dial_ms: u64,
    last_error: Option<Arc<str>>,
}

#[derive(Clone, Debug, Default)]
struct Entry {
    places: Vec<Multiaddr>,
    alias: Option<String>,
}

#[derive(Debug)]
struct Connection {
    id: ConnectionId,
    direction: Direction,
    address: Multiaddr,
    since_ms: u64,
    stream_since_ms: Option<u64>,
}

/// A connection that was just made.
#[derive(Clone, Debug)]
pub(crate) struct NewConnection {
    pub(crate) id: ConnectionId,
    pub(crate) peer: PeerId,
    pub(crate) direction: Direction,
    pub(crate) address: Multiaddr,
}

/// Why a connection or a stream is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the peer is banned")]
    Banned,
    #[error("the peer has this node's own id")]
    OwnId,
    #[error("there is another connection to the peer")]
    Duplicate,
    #[error("no place for unknown peers is free")]
    NoUnknownPlace,
    #[error("there are {GOSSIP_PEERS_MAX} gossip peers already")]
    Full,
    #[error("the connection has ended")]
    Ended,
}

/// A peer to dial now, at all of these addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dial {
    pub(crate) peer: PeerId,
    pub(crate) places: Vec<Multiaddr>,
}

/// What a new configuration led to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reconfigured {
    /// To be disconnected, because nobody knows them any more.
    pub(crate) gone: Vec<PeerId>,
    /// Entries that cannot be used.
    pub(crate) left_out: Vec<(Multiaddr, PeerError)>,
}

/// What is kept across restarts.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Stored {
    pub(crate) peers: Vec<StoredPeer>,
    pub(crate) standings: Vec<StoredStanding>,
}

/// A peer that was added at run time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredPeer {
    /// With `/p2p/` and the id.
    pub(crate) address: Multiaddr,
    pub(crate) alias: Option<String>,
}

impl Roster {
    /// A roster with what was stored; peers and standings over the bounds are left out.
    pub(crate) fn new(own_id: PeerId, unknown_peers_max: usize, stored: Stored) -> Self {
        let standings = Standings::new(stored.standings);
        let mut roster =
            Self { own_id, unknown_peers_max, peers: BTreeMap::new(), standings, is_changed: false };
        for peer in stored.peers {
            if let Err(error) = roster.add(0, &peer.address, peer.alias) {
                tracing::warn!(address = %peer.address, %error, "a stored peer is left out");
            }
        }
        roster.is_changed = false;
        roster
    }

    /// Makes a peer known at run time.
    pub(crate) fn add(
        &mut self,
        now_ms: u64,
        address: &Multiaddr,
        alias: Option<String>,
    ) -> Result<PeerId, PeerError> {
        let (place, id) = self.check(address, alias.as_deref())?;
        let peer = self.peers.entry(id).or_default();
        let is_listed = peer.entries().any(|entry| entry.places.contains(&place));
        let alias = alias.filter(|_| peer.alias().is_none());
        if !is_listed {
            peer.added.get_or_insert_default().places.push(place);
            self.is_changed = true;
        }
        if let (Some(_), Some(entry)) = (&alias, peer.added.as_mut().or(peer.configured.as_mut())) {
            entry.alias = alias;
            self.is_changed = true;
        }
        peer.dial_at(now_ms);
        Ok(id)
    }

    /// Forgets a peer and its ban. Its connections and attempts are to be ended by the caller.
    pub(crate) fn remove(&mut self, id: &PeerId) -> Result<(), PeerError> {
        let peer = self.peers.remove(id);
        let had_standing = self.standings.remove(id);
        self.is_changed |= had_standing || peer.as_ref().is_some_and(|peer| peer.added.is_some());
        if had_standing || peer.is_some() { Ok(()) } else { Err(PeerError::NotFound) }
    }

    /// Replaces the peers of the configuration.
    pub(crate) fn set_static(&mut self, now_ms: u64, peers: &[StaticPeer]) -> Reconfigured {
        let mut before: BTreeMap<PeerId, Entry> = BTreeMap::new();
        for (id, peer) in &mut self.peers {
            before.extend(peer.configured.take().map(|entry| (*id, entry)));
        }
        let mut left_out = Vec::new();
        for peer in peers {
            if let Err(error) = self.configure(peer) {
                left_out.push((peer.address.clone(), error));
            }
        }
        let mut gone = Vec::new();
        for (id, peer) in &mut self.peers {
            let was = before.get(id).map(|entry| &entry.places);
            if peer.configured.is_some() && peer.configured.as_ref().map(|entry| &entry.places) != was {
                peer.dial_at(now_ms);
            }
            if was.is_some() && peer.relation() == Relation::Unknown {
                gone.push(*id);
            }
        }
        gone.iter().for_each(|id| drop(self.peers.remove(id)));
        Reconfigured { gone, left_out }
    }

    fn configure(&mut self, peer: &StaticPeer) -> Result<(), PeerError> {
        let (place, id) = self.check(&peer.address, peer.alias.as_deref())?;
        let entry = self.peers.entry(id).or_default().configured.get_or_insert_default();
        if !entry.places.contains(&place) {
            entry.places.push(place);
        }
        entry.alias = entry.alias.take().or_else(|| peer.alias.clone());
        Ok(())
    }

    /// Whether a peer of this address and alias may become known.
    fn check(&self, address: &Multiaddr, alias: Option<&str>) -> Result<(Multiaddr, PeerId), PeerError> {
        let (place, id) = address::split(address)?;
        if id == self.own_id {
            return Err(PeerError::OwnId);
        }
        if alias.is_some_and(|alias| alias.chars().count() > ALIAS_CHARACTERS_MAX) {
            return Err(PeerError::AliasTooLong);
        }
        let peer = self.peers.get(&id).filter(|peer| peer.relation() == Relation::Known);
        match peer {
            Some(peer) => {
                let is_listed = peer.entries().any(|entry| entry.places.contains(&place));
                if !is_listed && peer.places().len() >= ADDRESSES_PER_PEER_MAX {
                    return Err(PeerError::TooMany("addresses of this peer"));
                }
            }
            None if self.known_peers() >= KNOWN_PEERS_MAX => return Err(PeerError::TooMany("known peers")),
            None => {}
        }
        Ok((place, id))
    }

    /// The peers to dial now, those that wait longest first; they count as being dialled until a connection of theirs is
    /// admitted or [`Roster::dial_failed`] is told.
    pub(crate) fn dials(&mut self, now_ms: u64) -> Vec<Dial> {
        let under_way = self.peers.values().filter(|peer| peer.is_dialling).count();
        let connected = self.peers.values().filter(|peer| peer.connection.is_some()).count();
        let room =
            DIALS_MAX.saturating_sub(under_way).min(GOSSIP_PEERS_MAX.saturating_sub(under_way + connected));
        let is_due = |(id, peer): &(&PeerId, &mut Peer)| {
            peer.relation() == Relation::Known
                && !peer.is_dialling
                && peer.connection.is_none()
                && peer.next_dial_ms <= now_ms
                && !self.standings.is_banned(now_ms, id)
        };
        let mut due: Vec<_> = self.peers.iter_mut().filter(is_due).collect();
        due.sort_by_key(|(id, peer)| (peer.next_dial_ms, **id));
        due.truncate(room);
        let dial = |(id, peer): (&PeerId, &mut Peer)| {
            peer.is_dialling = true;
            Dial { peer: *id, places: peer.places() }
        };
        due.into_iter().map(dial).collect()
    }

    /// An attempt to dial ended without a connection. `random` spreads the next attempt.
    pub(crate) fn dial_failed(&mut self, now_ms: u64, id: &PeerId, reason: &str, random: u64) {
        let Some(peer) = self.peers.get_mut(id).filter(|peer| peer.is_dialling) else { return };
        peer.is_dialling = false;
        if peer.connection.is_none() {
            peer.retry_later(now_ms, random);
            peer.last_error = Some(reason.into());
        }
    }

    /// Judges a new connection. When it is taken, an older one of the same peer may have to be closed.
    pub(crate) fn admit(
        &mut self,
        now_ms: u64,
        connection: NewConnection,
    ) -> Result<Option<ConnectionId>, Refusal> {
        let NewConnection { id, peer: peer_id, direction, address } = connection;
        if peer_id == self.own_id {
            return Err(Refusal::OwnId);
        }
        if self.standings.is_banned(now_ms, &peer_id) {
            return Err(Refusal::Banned);
        }
        let own_id = self.own_id;
        let old = self.peers.get(&peer_id).and_then(|peer| peer.connection.as_ref());
        match old {
            Some(old) if old.wins(now_ms, direction, own_id, peer_id) => return Err(Refusal::Duplicate),
            Some(_) => {}
            None => self.check_room(&peer_id)?,
        }
        let peer = self.peers.entry(peer_id).or_default();
        // An attempt of ours that is still under way ends with its own connection or failure.
        peer.is_dialling &= direction == Direction::Inbound;
        peer.last_error = None;
        let new = Connection { id, direction, address, since_ms: now_ms, stream_since_ms: None };
        Ok(peer.connection.replace(new).map(|old| old.id))
    }

    /// A connection has ended. `random` spreads the next attempt.
    pub(crate) fn closed(
        &mut self,
        now_ms: u64,
        id: &PeerId,
        connection: ConnectionId,
        reason: &str,
        random: u64,
    ) {
        let Some(peer) = self.peers.get_mut(id) else { return };
        let Some(ended) = peer.connection.take_if(|current| current.id == connection) else { return };
        if peer.relation() == Relation::Unknown {
            self.peers.remove(id);
            return;
        }
        if ended.stream_since_ms.is_some_and(|since_ms| now_ms.saturating_sub(since_ms) >= STABLE_MS) {
            peer.failures = 0;
        }
        peer.retry_later(now_ms, random);
        peer.last_error = Some(reason.into());
    }

    /// A gossip stream was agreed on: whether it may be used.
    pub(crate) fn open_stream(
        &mut self,
        now_ms: u64,
        id: &PeerId,
        connection: ConnectionId,
    ) -> Result<(), Refusal> {
        let found = self.peers.get(id).and_then(|peer| peer.connection.as_ref());
        let found = found.filter(|found| found.id == connection).ok_or(Refusal::Ended)?;
        if found.stream_since_ms.is_some() {
            return Err(Refusal::Duplicate);
        }
        self.check_room(id)?;
        let connection = self.peers.get_mut(id).and_then(|peer| peer.connection.as_mut());
        connection.ok_or(Refusal::Ended)?.stream_since_ms = Some(now_ms);
        Ok(())
    }

    /// Whether one more gossip stream, of this peer, has room.
    fn check_room(&self, id: &PeerId) -> Result<(), Refusal> {
        let is_unknown = |peer: &Peer| peer.relation() == Relation::Unknown;
        let streams = || self.peers.values().filter(|peer| peer.has_stream());
        if streams().count() >= GOSSIP_PEERS_MAX {
            return Err(Refusal::Full);
        }
        if self.peers.get(id).is_none_or(is_unknown)
            && streams().filter(|peer| is_unknown(peer)).count() >= self.unknown_peers_max
        {
            return Err(Refusal::NoUnknownPlace);
        }
        Ok(())
    }

    /// The connections that were too long without a gossip stream.
    pub(crate) fn overdue(&self, now_ms: u64) -> Vec<(PeerId, ConnectionId)> {
        let is_overdue = |connection: &&Connection| {
            connection.stream_since_ms.is_none()
                && now_ms.saturating_sub(connection.since_ms) >= STREAM_TIMEOUT_MS
        };
        let overdue = |(id, peer): (&PeerId, &Peer)| {
            peer.connection.as_ref().filter(is_overdue).map(|connection| (*id, connection.id))
        };
        self.peers.iter().filter_map(overdue).collect()
    }

    /// Notes a misbehaviour; gives when the ban ends that it led to, if it did.
    pub(crate) fn punish(&mut self, now_ms: u64, id: &PeerId, misbehaviour: Misbehaviour) -> Option<u64> {
        let keep =
            |other: &PeerId| self.peers.get(other).is_some_and(|peer| peer.relation() == Relation::Known);
        let until_ms = self.standings.punish(now_ms, id, misbehaviour, keep);
        self.is_changed |= until_ms.is_some();
        until_ms
    }

    /// Peers that are banned now.
    pub(crate) fn banned(&self, now_ms: u64) -> usize {
        self.standings.banned(now_ms)
    }

    /// Peers that were configured or added.
    pub(crate) fn known_peers(&self) -> usize {
        self.peers.values().filter(|peer| peer.relation() == Relation::Known).count()
    }

    /// Peers with a connection.
    pub(crate) fn connected_peers(&self) -> usize {
        self.peers.values().filter(|peer| peer.connection.is_some()).count()
    }

    /// Whether a peer was configured or added.
    pub(crate) fn is_known(&self, id: &PeerId) -> bool {
        self.peers.get(id).is_some_and(|peer| peer.relation() == Relation::Known)
    }

    /// What is to be stored, when it changed since it was last taken.
    pub(crate) fn take_changed(&mut self, now_ms: u64) -> Option<Stored> {
        std::mem::take(&mut self.is_changed).then(|| self.stored(now_ms))
    }

    /// What [`Roster::take_changed`] gave could not be stored: it is to be given again.
    pub(crate) fn store_again(&mut self) {
        self.is_changed = true;
    }

    fn stored(&self, now_ms: u64) -> Stored {
        let mut peers = Vec::new();
        for (id, peer) in &self.peers {
            let Some(entry) = &peer.added else { continue };
            let stored =
                |place| StoredPeer { address: address::join(place, *id), alias: entry.alias.clone() };
            peers.extend(entry.places.iter().map(stored));
        }
        Stored { peers, standings: self.standings.stored(now_ms) }
    }

    /// Every peer known or connected, by id. The gossip is left out.
    pub(crate) fn infos(&self, now_ms: u64) -> Vec<PeerInfo> {
        self.peers.iter().map(|(id, peer)| self.info_of(now_ms, *id, peer)).collect()
    }

    fn info_of(&self, now_ms: u64, id: PeerId, peer: &Peer) -> PeerInfo {
        let connection = peer.connection.as_ref();
        let mut addresses = peer.places();
        if addresses.is_empty() {
            addresses.extend(connection.map(|connection| connection.address.clone()));
        }
        let ban = self.standings.ban(now_ms, &id);
        PeerInfo {
            id,
            alias: peer.alias().map(ToOwned::to_owned),
            relation: peer.relation(),
            addresses,
            is_connected: connection.is_some(),
            gossip: None,
            banned_until_ms: ban.map(|(until_ms, _)| until_ms),
            ban_reason: ban.map(|(_, reason)| reason.to_owned()),
            direction: connection.map(|connection| connection.direction),
            connected_since_ms: connection.map(|connection| connection.since_ms),
            penalty_points: self.standings.points(now_ms, &id),
            last_error: peer.last_error.clone(),
        }
    }
}

impl Peer {
    fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.configured.iter().chain(&self.added)
    }

    fn relation(&self) -> Relation {
        if self.configured.is_some() || self.added.is_some() { Relation::Known } else { Relation::Unknown }
    }

    fn places(&self) -> Vec<Multiaddr> {
        let mut places = Vec::new();
        for place in self.entries().flat_map(|entry| &entry.places) {
            if !places.contains(place) {
                places.push(place.clone());
            }
        }
        places
    }

    fn alias(&self) -> Option<&str> {
        self.entries().find_map(|entry| entry.alias.as_deref())
    }

    fn has_stream(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| connection.stream_since_ms.is_some())
    }

    /// Dials from now on as if it had never failed.
    fn dial_at(&mut self, now_ms: u64) {
        self.failures = 0;
        self.next_dial_ms = now_ms;
    }

    fn retry_later(&mut self, now_ms: u64, random: u64) {
        self.next_dial_ms = now_ms.saturating_add(retry_ms(self.failures, random));
        self.failures = self.failures.saturating_add(1);
    }
}

impl Connection {
    /// Whether this connection stays and a new one of the same peer is refused.
    fn wins(&self, now_ms: u64, new: Direction, own_id: PeerId, peer: PeerId) -> bool {
        if now_ms.saturating_sub(self.since_ms) >= SIMULTANEOUS_MS || new == self.direction {
            return false;
        }
        // Both sides see the same two connections, and both keep the one that the smaller id dialled.
        let dialler = if self.direction == Direction::Outbound { own_id } else { peer };
        dialler == own_id.min(peer)
    }
}

/// How long to wait after so many failures: between half of a doubling time and all of it, at least
/// [`RETRY_MS_MIN`], at most [`RETRY_MS_MAX`].
fn retry_ms(failures: u32, random: u64) -> u64 {
    let doubled = RETRY_MS_MIN.saturating_mul(2).saturating_mul(1 << failures.min(16));
    let longest = doubled.min(RETRY_MS_MAX);
    let shortest = (longest / 2).max(RETRY_MS_MIN);
    shortest + random % (longest - shortest + 1)
}

#[cfg(test)]
mod tests;
