//! A peer that speaks libp2p and the name of the protocol, and then whatever the test wants.

use std::cell::RefCell;
use std::rc::Rc;

use libp2p::futures::{AsyncReadExt as _, AsyncWriteExt as _, StreamExt as _};
use libp2p::swarm::SwarmEvent;
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::{Stream, Swarm};
use osmia_primitives::NetworkId;
use tokio::runtime::Runtime;

use crate::address;
use crate::behaviour::{Behaviour, BehaviourEvent, GossipEvent};
use crate::clock::SteadyClock;
use crate::roster::{Roster, Stored};
use crate::tests::world::parameters;
use crate::transport;
use crate::{Identity, Multiaddr, NetworkOptions, PeerId};

pub(super) struct Stranger {
    runtime: Runtime,
    swarm: Swarm<Behaviour>,
    pub(super) id: PeerId,
}

impl Stranger {
    pub(super) fn new(identity: u8) -> Self {
        Self::of(identity, parameters().network_id)
    }

    pub(super) fn of(identity: u8, network_id: NetworkId) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let identity = Identity::from_seed([identity; 32]);
        let id = identity.peer_id();
        let options = NetworkOptions {
            network_id,
            listen: Vec::new(),
            external: Vec::new(),
            identity,
            peers: Vec::new(),
            unknown_peers_max: 64,
            folder: std::path::PathBuf::new(),
            seed: [0; 32],
            agent: "stranger".into(),
        };
        let roster = Rc::new(RefCell::new(Roster::new(id, 64, Stored::default())));
        let guard = runtime.enter();
        let swarm = transport::swarm(&options, SteadyClock::start(), roster).unwrap();
        drop(guard);
        Self { runtime, swarm, id }
    }

    /// Dials, and opens the gossip stream; `None` when the other side does not want it.
    #[expect(clippy::wildcard_enum_match_arm, reason = "everything else is no end")]
    pub(super) fn connect(&mut self, address: &Multiaddr) -> Option<Stream> {
        let (place, peer) = address::split(address).unwrap();
        let Self { runtime, swarm, .. } = self;
        runtime.block_on(async {
            // Also when the end of an earlier connection has not been seen yet.
            let options =
                DialOpts::peer_id(peer).addresses(vec![place]).condition(PeerCondition::Always).build();
            let dialled = options.connection_id();
            swarm.dial(options).unwrap();
            loop {
                let event = swarm.select_next_some().await;
                let is_end = match &event {
                    SwarmEvent::OutgoingConnectionError { connection_id, .. }
                    | SwarmEvent::ConnectionClosed { connection_id, .. } => *connection_id == dialled,
                    SwarmEvent::Behaviour(BehaviourEvent::Gossip(GossipEvent::Failed { .. })) => true,
                    _ => false,
                };
                let opened = event.try_into_behaviour_event();
                if let Ok(BehaviourEvent::Gossip(GossipEvent::Opened { stream, .. })) = opened {
                    return Some(stream);
                }
                if is_end {
                    return None;
                }
            }
        })
    }

    /// Writes bytes, waiting for room; `false` when the stream has ended.
    pub(super) fn write(&mut self, stream: &mut Stream, bytes: &[u8]) -> bool {
        let Self { runtime, swarm, .. } = self;
        runtime.block_on(async {
            let writing = async {
                let written = stream.write_all(bytes).await;
                written.and(stream.flush().await)
            };
            tokio::select! {
                written = writing => written.is_ok(),
                () = drive(swarm) => false,
            }
        })
    }

    /// Reads until the other side ends the stream.
    pub(super) fn read_to_end(&mut self, stream: &mut Stream) -> Vec<u8> {
        let Self { runtime, swarm, .. } = self;
        let mut bytes = Vec::new();
        runtime.block_on(async {
            tokio::select! {
                _ = stream.read_to_end(&mut bytes) => {}
                () = drive(swarm) => {}
            }
        });
        bytes
    }
}

/// Keeps the swarm alive for ever.
async fn drive(swarm: &mut Swarm<Behaviour>) {
    loop {
        swarm.select_next_some().await;
    }
}
