//! Nodes with their network, in memory but for `peers.json`.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use bytes::Bytes;
use osmia_chrysalis::{
    Address, Indexation, KeyRange, Message, MilestoneKeys, Parents, Payload, ProtocolParameters, snapshot,
};
use osmia_engine::{CoordinatorOptions, Node, NodeOptions, RunningNode};
use osmia_primitives::ed25519::SecretKey;
use osmia_primitives::{MessageId, MilestoneIndex, NetworkId};
use osmia_store::Store;
use tempfile::TempDir;

use crate::clock::SteadyClock;
use crate::{
    Identity, Link, Multiaddr, Network, NetworkError, NetworkOptions, PeerError, PeerId, PeerInfo,
    RunningNetwork, StaticPeer, start,
};

/// How a node differs from others.
#[derive(Clone)]
pub(super) struct Setup {
    /// The secret key of its identity.
    pub(super) identity: u8,
    pub(super) is_coordinator: bool,
    pub(super) peers: Vec<Multiaddr>,
    pub(super) unknown_peers_max: usize,
    pub(super) listen: Vec<&'static str>,
}

impl Setup {
    pub(super) fn of(identity: u8) -> Self {
        let listen = vec!["/ip4/127.0.0.1/tcp/0"];
        Self { identity, is_coordinator: false, peers: Vec::new(), unknown_peers_max: 8, listen }
    }

    pub(super) fn with_peers(self, peers: &[Multiaddr]) -> Self {
        Self { peers: peers.to_vec(), ..self }
    }
}

/// A node of the test network. Dropping it stops it.
pub(super) struct TestNode {
    pub(super) folder: TempDir,
    node: Option<RunningNode>,
    network: Option<RunningNetwork>,
}

pub(super) fn parameters() -> ProtocolParameters {
    let keys = MilestoneKeys::new(vec![range(&coordinator_key())], 1);
    ProtocolParameters::new("network-test", "atoi", 0.0, keys).unwrap()
}

fn coordinator_key() -> SecretKey {
    SecretKey::from_seed([1; 32])
}

fn range(key: &SecretKey) -> KeyRange {
    KeyRange { public_key: key.public_key(), start: MilestoneIndex(0), end: MilestoneIndex(0) }
}

fn now_ms() -> u64 {
    SteadyClock::start().now_ms()
}

impl TestNode {
    pub(super) fn start(setup: Setup) -> Self {
        Self::start_in(setup, tempfile::tempdir().unwrap(), parameters().network_id).unwrap()
    }

    /// A node that speaks the gossip protocol of another network.
    pub(super) fn start_elsewhere(setup: Setup) -> Self {
        Self::start_in(setup, tempfile::tempdir().unwrap(), NetworkId::of("elsewhere")).unwrap()
    }

    pub(super) fn start_in(
        setup: Setup,
        folder: TempDir,
        network_id: NetworkId,
    ) -> Result<Self, NetworkError> {
        let parameters = parameters();
        let store = Arc::new(Store::in_memory().unwrap());
        let owner = Address::Ed25519(SecretKey::from_seed([9; 32]).public_key().address());
        let genesis = snapshot::genesis(parameters.network_id, 0, owner, 0).unwrap();
        osmia_engine::genesis::load(&store, &parameters, &mut genesis.as_slice()).unwrap();
        let link = Link::new([setup.identity; 32]);
        let options = NodeOptions {
            parameters,
            coordinator: setup
                .is_coordinator
                .then(|| CoordinatorOptions::alone(vec![coordinator_key()], 100)),
            gossip: Some(link.sink()),
            verify_threads: 1,
            seed: [7; 32],
            clock: now_ms,
        };
        let node = Node::start(store, options).unwrap();
        let options = NetworkOptions {
            network_id,
            listen: setup.listen.iter().map(|address| address.parse().unwrap()).collect(),
            external: Vec::new(),
            identity: Identity::from_seed([setup.identity; 32]),
            peers: setup.peers.iter().map(static_peer).collect(),
            unknown_peers_max: setup.unknown_peers_max,
            folder: folder.path().to_owned(),
            seed: [setup.identity; 32],
            agent: "Osmia/test".into(),
        };
        let started = start(link, node.node().clone(), options);
        let mut this = Self { folder, node: Some(node), network: None };
        this.network = Some(started?);
        Ok(this)
    }

    pub(super) fn node(&self) -> &Node {
        self.node.as_ref().unwrap().node()
    }

    pub(super) fn network(&self) -> &Network {
        self.network.as_ref().unwrap().network()
    }

    pub(super) fn address(&self) -> Multiaddr {
        self.network.as_ref().unwrap().addresses()[0].clone()
    }

    pub(super) fn addresses(&self) -> Vec<Multiaddr> {
        self.network.as_ref().unwrap().addresses()
    }

    pub(super) fn id(&self) -> PeerId {
        self.network().peer_id()
    }

    /// Stops it and starts a node in the same folder.
    pub(super) fn restart(mut self, setup: Setup) -> Self {
        self.stop();
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap());
        Self::start_in(setup, folder, parameters().network_id).unwrap()
    }

    /// Stops the node under a network that goes on: from now on nobody takes messages.
    pub(super) fn stop_node(&mut self) {
        self.node.take().unwrap().stop();
    }

    pub(super) fn stop(&mut self) {
        if let Some(network) = self.network.take() {
            assert!(network.join(), "the network's threads worked until the end");
        }
        if let Some(node) = self.node.take() {
            node.stop();
        }
    }

    pub(super) fn peer(&self, id: PeerId) -> Option<PeerInfo> {
        self.network().peers().iter().find(|info| info.id == id).cloned()
    }

    /// Whether there is a gossip stream with a peer that sent a heartbeat.
    pub(super) fn gossips_with(&self, id: PeerId) -> bool {
        self.peer(id).and_then(|info| info.gossip).is_some_and(|gossip| gossip.heartbeat.is_some())
    }

    pub(super) fn knows(&self, id: &MessageId) -> bool {
        self.node().store().latest().arrival(id).unwrap().is_some()
    }

    /// Submits a message that nobody else makes; gives its id.
    pub(super) fn submit(&self, name: &str) -> MessageId {
        let parents = Parents::sorted([self.node().view().latest_message_id.unwrap()]).unwrap();
        let indexation = Indexation { index: b"network".to_vec(), data: name.as_bytes().to_vec() };
        let network_id = parameters().network_id;
        let message =
            Message { network_id, parents, payload: Some(Payload::Indexation(indexation)), nonce: 0 }.pack();
        let (sender, receiver) = sync_channel(1);
        self.node().submit(Bytes::from(message), Box::new(move |answer| sender.send(answer).unwrap()));
        receiver.recv().unwrap().unwrap()
    }

    pub(super) fn add(&self, address: &Multiaddr, alias: Option<&str>) -> Result<PeerInfo, PeerError> {
        let (sender, receiver) = sync_channel(1);
        let reply = Box::new(move |answer| sender.send(answer).unwrap());
        self.network().add_peer(address.clone(), alias.map(ToOwned::to_owned), reply);
        receiver.recv().unwrap()
    }

    pub(super) fn remove(&self, id: PeerId) -> Result<(), PeerError> {
        let (sender, receiver) = sync_channel(1);
        self.network().remove_peer(id, Box::new(move |answer| sender.send(answer).unwrap()));
        receiver.recv().unwrap()
    }
}

impl Drop for TestNode {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.stop();
        }
    }
}

pub(super) fn static_peer(address: &Multiaddr) -> StaticPeer {
    StaticPeer { address: address.clone(), alias: None }
}

/// Looks until it holds.
pub(super) fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..20_000 {
        if holds() {
            return;
        }
        std::thread::park_timeout(Duration::from_millis(2));
    }
    panic!("{what} did not come");
}
