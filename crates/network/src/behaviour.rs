//! What the swarm does with connections: counts those that come in, asks the roster about each, and hands gossip streams
//! to the host.

mod incoming;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::{Context, Poll};

use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::swarm::{
    CloseConnection, ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent,
    THandlerOutEvent, ToSwarm,
};
use libp2p::{Multiaddr, PeerId, Stream, StreamProtocol, identify, ping};
use osmia_primitives::NetworkId;

use crate::clock::SteadyClock;
use crate::handler::{Handler, HandlerEvent};
use crate::identity::Identity;
use crate::info::Direction;
use crate::roster::{NewConnection, Roster};

pub(crate) use incoming::{Crowded, Incoming};

/// Everything that is spoken on a connection. Ping is answered and asked; a peer without it (Bee) is left in peace.
#[derive(NetworkBehaviour)]
pub(crate) struct Behaviour {
    pub(crate) gossip: GossipBehaviour,
    identify: identify::Behaviour,
    ping: ping::Behaviour,
}

/// The gossip part.
#[derive(Debug)]
pub(crate) struct GossipBehaviour {
    protocol: StreamProtocol,
    clock: SteadyClock,
    roster: Rc<RefCell<Roster>>,
    pub(crate) incoming: Incoming,
    events: VecDeque<ToSwarm<GossipEvent, std::convert::Infallible>>,
}

/// What the host must know.
#[derive(Debug)]
pub(crate) enum GossipEvent {
    /// A gossip stream is open.
    Opened { peer: PeerId, connection: ConnectionId, stream: Stream },
    /// The peer does not agree on a gossip stream.
    Failed { connection: ConnectionId, reason: &'static str },
}

/// The name of the protocol of a network, with its id in decimal.
pub(crate) fn protocol_name(network_id: NetworkId) -> StreamProtocol {
    StreamProtocol::try_from_owned(format!("/iota-gossip/{}/1.0.0", network_id.0))
        .expect("because the name begins with a slash")
}

impl Behaviour {
    pub(crate) fn new(
        network_id: NetworkId,
        identity: &Identity,
        agent: &str,
        clock: SteadyClock,
        roster: Rc<RefCell<Roster>>,
    ) -> Self {
        // Bee gives a peer up that does not answer identify. What is said there decides nothing.
        let identify = identify::Config::new("iota/0.1.0".into(), identity.keypair().public())
            .with_agent_version(agent.to_owned())
            .with_cache_size(0);
        let protocol = protocol_name(network_id);
        let gossip = GossipBehaviour {
            protocol,
            clock,
            roster,
            incoming: Incoming::default(),
            events: VecDeque::new(),
        };
        Self { gossip, identify: identify::Behaviour::new(identify), ping: ping::Behaviour::default() }
    }
}

impl GossipBehaviour {
    fn admit(&mut self, connection: NewConnection) -> Result<Handler, ConnectionDenied> {
        let (peer, direction) = (connection.peer, connection.direction);
        let replaced = self.roster.borrow_mut().admit(self.clock.now_ms(), connection);
        if let Some(old) = replaced.map_err(ConnectionDenied::new)? {
            let connection = CloseConnection::One(old);
            self.events.push_back(ToSwarm::CloseConnection { peer_id: peer, connection });
        }
        Ok(Handler::new(self.protocol.clone(), direction))
    }
}

impl NetworkBehaviour for GossipBehaviour {
    type ConnectionHandler = Handler;
    type ToSwarm = GossipEvent;

    fn handle_pending_inbound_connection(
        &mut self,
        connection: ConnectionId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        self.incoming.arrive(connection, remote).map_err(ConnectionDenied::new)
    }

    fn handle_established_inbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.admit(NewConnection { id, peer, direction: Direction::Inbound, address: remote.clone() })
    }

    fn handle_established_outbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.admit(NewConnection { id, peer, direction: Direction::Outbound, address: address.clone() })
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        if let FromSwarm::ConnectionClosed(closed) = &event {
            self.incoming.leave(closed.connection_id);
        }
        if let FromSwarm::ListenFailure(failure) = &event {
            self.incoming.leave(failure.connection_id);
        }
    }

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        let event = match event {
            HandlerEvent::Opened(stream) => GossipEvent::Opened { peer, connection, stream },
            HandlerEvent::Failed(reason) => GossipEvent::Failed { connection, reason },
        };
        self.events.push_back(ToSwarm::GenerateEvent(event));
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        self.events.pop_front().map_or(Poll::Pending, Poll::Ready)
    }
}
