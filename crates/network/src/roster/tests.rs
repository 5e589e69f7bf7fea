use super::*;
use crate::limits::STANDINGS_MAX;

mod banning;
mod connecting;
mod dialling;
mod listing;

/// A roster of the node with the smallest id but one, so that other peers can be smaller and larger.
struct World {
    roster: Roster,
    /// Ids in ascending order; the second is the node's own.
    ids: Vec<PeerId>,
    connections: usize,
    now_ms: u64,
}

impl World {
    fn new(unknown_peers_max: usize) -> Self {
        Self::with(unknown_peers_max, Stored::default())
    }

    fn with(unknown_peers_max: usize, stored: Stored) -> Self {
        let mut ids: Vec<PeerId> = (0..100).map(peer_id).collect();
        ids.sort();
        let roster = Roster::new(ids[1], unknown_peers_max, stored);
        Self { roster, ids, connections: 0, now_ms: 1_700_000_000_000 }
    }

    /// The peer whose id is smaller than the node's.
    fn smaller(&self) -> PeerId {
        self.ids[0]
    }

    /// A peer whose id is larger than the node's.
    fn larger(&self, number: usize) -> PeerId {
        self.ids[2 + number]
    }

    fn add(&mut self, id: PeerId) {
        assert_eq!(self.roster.add(self.now_ms, &address_of(id, 1), None), Ok(id));
    }

    fn admit(
        &mut self,
        peer: PeerId,
        direction: Direction,
    ) -> Result<(ConnectionId, Option<ConnectionId>), Refusal> {
        self.connections += 1;
        let id = ConnectionId::new_unchecked(self.connections);
        let connection = NewConnection { id, peer, direction, address: place(9) };
        self.roster.admit(self.now_ms, connection).map(|replaced| (id, replaced))
    }

    /// A connection that came in and has a gossip stream.
    fn gossip_with(&mut self, peer: PeerId) -> Result<ConnectionId, Refusal> {
        let (connection, _) = self.admit(peer, Direction::Inbound)?;
        self.roster.open_stream(self.now_ms, &peer, connection).map(|()| connection)
    }

    fn close(&mut self, peer: PeerId, connection: ConnectionId) {
        self.roster.closed(self.now_ms, &peer, connection, "closed", u64::MAX);
    }

    fn dialled(&mut self) -> Vec<PeerId> {
        self.roster.dials(self.now_ms).into_iter().map(|dial| dial.peer).collect()
    }

    fn fail(&mut self, peer: PeerId, random: u64) {
        self.roster.dial_failed(self.now_ms, &peer, "refused", random);
    }

    fn info(&self, peer: PeerId) -> Option<PeerInfo> {
        self.roster.infos(self.now_ms).into_iter().find(|info| info.id == peer)
    }

    fn ban(&mut self, peer: PeerId) -> u64 {
        self.roster.punish(self.now_ms, &peer, Misbehaviour::UnknownPacketType).unwrap()
    }
}

fn peer_id(number: usize) -> PeerId {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&number.to_be_bytes());
    crate::identity::Identity::from_seed(seed).peer_id()
}

fn place(host: usize) -> Multiaddr {
    format!("/ip4/10.0.0.{host}/tcp/15600").parse().unwrap()
}

fn address_of(id: PeerId, host: usize) -> Multiaddr {
    address::join(&place(host), id)
}

fn static_peer(id: PeerId, host: usize) -> StaticPeer {
    StaticPeer { address: address_of(id, host), alias: None }
}
