//! A private network in memory with an API, and messages for it.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use osmia_api::{Api, ApiHandle, ApiLimits, ApiOptions, Cors, RemotePow};
use osmia_chrysalis::{
    Address, Essence, Indexation, Input, KeyRange, Message, MilestoneKeys, Output, OutputId, OutputKind,
    Parents, Payload, ProtocolParameters, TOKEN_SUPPLY, Transaction, UnlockBlock,
};
use osmia_engine::{CoordinatorOptions, Node, NodeOptions, RunningNode};
use osmia_network::{Identity, Link, NetworkOptions, RunningNetwork};
use osmia_primitives::ed25519::SecretKey;
use osmia_primitives::{MessageId, MilestoneIndex, TransactionId, blake2b};
use osmia_store::Store;
use serde_json::Value;

use crate::client::Client;
use crate::clock;

pub(crate) const MIN_POW_SCORE: f64 = 10.0;
/// A score that takes 3^26 tries for the shortest message; the first milestone of a network has another one.
pub(crate) const UNMINEABLE_SCORE: f64 = 1e11;
/// Milliseconds between milestones in tests that wait for one.
pub(crate) const QUICK_MS: u64 = 50;
/// A first milestone and no other in the life of a test.
pub(crate) const ONE_MILESTONE_MS: u64 = 3_600_000;

/// How a test's network differs from others.
#[derive(Clone)]
pub(crate) struct Setup {
    /// `None`: nobody issues milestones, so the node never counts as synced.
    pub(crate) milestones_ms: Option<u64>,
    pub(crate) remote_pow: Option<RemotePow>,
    pub(crate) min_pow_score: f64,
    pub(crate) clock: fn() -> u64,
    pub(crate) limits: ApiLimits,
    pub(crate) cors: Cors,
    pub(crate) healthy_without_peers: bool,
    pub(crate) gossip: Gossip,
    pub(crate) control: bool,
    pub(crate) metrics: bool,
}

/// Whether a test's node gossips.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gossip {
    None,
    /// It does, on a port of loopback that the system chooses.
    Listening,
}

impl Setup {
    /// One milestone at the start, remote proof of work.
    pub(crate) fn still() -> Self {
        Self {
            milestones_ms: Some(ONE_MILESTONE_MS),
            remote_pow: Some(remote_pow(2, 64)),
            min_pow_score: MIN_POW_SCORE,
            clock: clock::now_ms,
            limits: ApiLimits::standard(),
            cors: Cors::AnyOrigin,
            healthy_without_peers: true,
            gossip: Gossip::None,
            control: true,
            metrics: false,
        }
    }

    /// A milestone every few milliseconds.
    pub(crate) fn quick() -> Self {
        Self { milestones_ms: Some(QUICK_MS), ..Self::still() }
    }
}

/// Threads that mine for clients, and how many messages may wait for them.
pub(crate) fn remote_pow(threads: usize, queue_max: usize) -> RemotePow {
    let number = |number| NonZeroUsize::new(number).unwrap();
    RemotePow { threads: number(threads), queue_max: number(queue_max) }
}

/// A running network. Dropping it stops it.
pub(crate) struct Network {
    node: Option<RunningNode>,
    api: Option<ApiHandle>,
    gossip: Option<(RunningNetwork, tempfile::TempDir)>,
    pub(crate) parameters: ProtocolParameters,
}

impl Network {
    pub(crate) fn start(setup: Setup) -> Self {
        Self::on(&new_store(&setup), setup)
    }

    /// A network that asks for so much proof of work, after its first milestone, that nobody finds a nonce.
    pub(crate) fn unmineable(setup: Setup) -> Self {
        let store = new_store(&setup);
        drop(Self::on(&store, setup.clone()));
        let network =
            Self::on(&store, Setup { milestones_ms: None, min_pow_score: UNMINEABLE_SCORE, ..setup });
        network.wait_for("tips", |client| client.get("/api/v1/tips").status == 200);
        network
    }

    fn on(store: &Arc<Store>, setup: Setup) -> Self {
        let parameters = parameters(setup.min_pow_score);
        let link = (setup.gossip == Gossip::Listening).then(|| Link::new([8; 32]));
        let options = NodeOptions {
            parameters: parameters.clone(),
            coordinator: setup
                .milestones_ms
                .map(|interval_ms| CoordinatorOptions::alone(coordinator_keys().to_vec(), interval_ms)),
            gossip: link.as_ref().map(Link::sink),
            verify_threads: 1,
            seed: [7; 32],
            clock: setup.clock,
        };
        let node = Node::start(Arc::clone(store), options).unwrap();
        let gossip = link.map(|link| start_gossip(link, node.node().clone(), &parameters));
        let two = NonZeroUsize::new(2).unwrap();
        let options = ApiOptions {
            addresses: vec!["127.0.0.1:0".parse().unwrap()],
            threads: two,
            remote_pow: setup.remote_pow,
            cors: setup.cors,
            limits: setup.limits,
            network: gossip.as_ref().map(|(network, _)| network.network().clone()),
            control: setup.control,
            metrics: setup.metrics.then(|| "127.0.0.1:0".parse().unwrap()),
            healthy_without_peers: setup.healthy_without_peers,
            node_name: "Osmia".into(),
            node_version: "0.1.0".into(),
        };
        let api = Api::start(node.node().clone(), options).unwrap();
        let network = Self { node: Some(node), api: Some(api), gossip, parameters };
        if setup.milestones_ms.is_some() {
            network.wait_for("a first milestone", |client| client.get("/api/v1/tips").status == 200);
        }
        network
    }

    pub(crate) fn api(&self) -> &ApiHandle {
        self.api.as_ref().unwrap()
    }

    pub(crate) fn node(&self) -> &Node {
        self.node.as_ref().unwrap().node()
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.api().addresses()[0])
    }

    /// The gossip of a test that asked for it.
    pub(crate) fn gossip(&self) -> &RunningNetwork {
        &self.gossip.as_ref().unwrap().0
    }

    /// Stops the API alone; the node goes on.
    pub(crate) fn stop_api(&mut self) {
        self.api.take().unwrap().stop();
    }

    /// Asks until the answer is yes.
    pub(crate) fn wait_for(&self, what: &str, mut holds: impl FnMut(&mut Client) -> bool) {
        let mut client = self.client();
        for _ in 0..10_000 {
            if holds(&mut client) {
                return;
            }
            std::thread::park_timeout(Duration::from_millis(2));
        }
        panic!("{what} did not come");
    }

    /// The metadata of a message once a milestone references it.
    pub(crate) fn referenced(&self, id: &str) -> Value {
        let mut metadata = Value::Null;
        self.wait_for("a milestone that references the message", |client| {
            metadata = client.get(&format!("/api/v1/messages/{id}/metadata")).data();
            metadata["referencedByMilestoneIndex"].is_u64()
        });
        metadata
    }

    pub(crate) fn tips(&self) -> Vec<MessageId> {
        let tips = self.client().get("/api/v1/tips").data()["tipMessageIds"].clone();
        tips.as_array().unwrap().iter().map(|tip| tip.as_str().unwrap().parse().unwrap()).collect()
    }

    /// A message over tips, without proof of work.
    pub(crate) fn message(&self, payload: Option<Payload>) -> Message {
        let parents = Parents::new(self.tips()).unwrap();
        Message { network_id: self.parameters.network_id, parents, payload, nonce: 0 }
    }

    /// A message over tips with its proof of work.
    pub(crate) fn mined(&self, payload: Option<Payload>) -> Message {
        mined(self.message(payload))
    }

    /// Posts a payload; the id of its message.
    pub(crate) fn post(&self, payload: Payload) -> String {
        let reply = self.client().post_bytes(&self.mined(Some(payload)).pack());
        assert_eq!(reply.status, 201, "{}", reply.text());
        reply.data()["messageId"].as_str().unwrap().to_owned()
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        if let Some(api) = self.api.take() {
            api.stop();
        }
        if let Some((network, _folder)) = self.gossip.take() {
            network.stop();
        }
        if let Some(node) = self.node.take() {
            node.stop();
        }
    }
}

fn coordinator_keys() -> [SecretKey; 2] {
    [SecretKey::from_seed([1; 32]), SecretKey::from_seed([2; 32])]
}

fn parameters(min_pow_score: f64) -> ProtocolParameters {
    let ranges = coordinator_keys().map(|key| KeyRange {
        public_key: key.public_key(),
        start: MilestoneIndex(0),
        end: MilestoneIndex(0),
    });
    let keys = MilestoneKeys::new(ranges.to_vec(), 2);
    ProtocolParameters::new("private-00c0ffee", "atoi", min_pow_score, keys).unwrap()
}

/// A store with the ledger that a network begins with.
fn new_store(setup: &Setup) -> Arc<Store> {
    let parameters = parameters(setup.min_pow_score);
    let store = Arc::new(Store::in_memory().unwrap());
    let genesis = osmia_chrysalis::snapshot::genesis(parameters.network_id, 0, owner_address(), 0).unwrap();
    osmia_engine::genesis::load(&store, &parameters, &mut genesis.as_slice()).unwrap();
    store
}

/// Gossip on loopback, with a key of its own in a scratch folder.
fn start_gossip(
    link: Link,
    node: Node,
    parameters: &ProtocolParameters,
) -> (RunningNetwork, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let options = NetworkOptions {
        network_id: parameters.network_id,
        listen: vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()],
        external: Vec::new(),
        identity: Identity::generate().unwrap(),
        peers: Vec::new(),
        unknown_peers_max: 4,
        folder: folder.path().to_owned(),
        seed: [9; 32],
        agent: "Osmia/test".into(),
    };
    (osmia_network::start(link, node, options).unwrap(), folder)
}

/// The message with a nonce that reaches [`MIN_POW_SCORE`].
pub(crate) fn mined(mut message: Message) -> Message {
    let bytes = message.pack();
    let zeros = osmia_pow::required_zeros(bytes.len(), MIN_POW_SCORE);
    let digest = blake2b::hash(&bytes[..bytes.len() - 8]);
    message.nonce = osmia_pow::search(&digest, zeros, 1..=u64::MAX, &AtomicBool::new(false)).nonce().unwrap();
    message
}

pub(crate) fn data_payload(index: &[u8], data: &[u8]) -> Payload {
    Payload::Indexation(Indexation { index: index.to_vec(), data: data.to_vec() })
}

/// Owns the whole supply at genesis.
pub(crate) fn owner() -> SecretKey {
    SecretKey::from_seed([3; 32])
}

pub(crate) fn owner_address() -> Address {
    Address::of(&owner().public_key())
}

/// An address nobody used.
pub(crate) fn other_address(number: u8) -> Address {
    Address::Ed25519([number; 32])
}

/// The output that holds the supply at genesis.
pub(crate) fn genesis_output() -> OutputId {
    OutputId { transaction_id: TransactionId::NULL, index: 0 }
}

pub(crate) fn single(address: Address, amount: u64) -> Output {
    Output { kind: OutputKind::SigLockedSingle, address, amount }
}

/// A transaction of the owner's that spends `input`.
pub(crate) fn transfer(input: OutputId, mut outputs: Vec<Output>) -> Transaction {
    outputs.sort_by_key(|output| (output.kind as u8, output.address, output.amount));
    let essence = Essence { inputs: vec![Input(input)], outputs, payload: None };
    let signature = owner().sign(&essence.signing_hash());
    let unlock_blocks = vec![UnlockBlock::Signature { public_key: owner().public_key(), signature }];
    Transaction { essence, unlock_blocks }
}

/// A transfer of `amount` of the genesis output to an address, the rest back to the owner.
pub(crate) fn genesis_transfer(to: Address, amount: u64) -> Transaction {
    transfer(genesis_output(), vec![single(to, amount), single(owner_address(), TOKEN_SUPPLY - amount)])
}

pub(crate) fn transaction_payload(transaction: &Transaction) -> Payload {
    Payload::Transaction(Box::new(transaction.clone()))
}
