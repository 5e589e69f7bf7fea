//! A private network in one thread: a core with a coordinator over an in-memory store, at a clock the test turns.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use osmia_chrysalis::ledger::{self, Balance, StoredOutput};
use osmia_chrysalis::snapshot;
use osmia_chrysalis::{
    Address, Essence, Indexation, Input as TransactionInput, KeyRange, Message, MilestoneKeys, Output,
    OutputId, OutputKind, Parents, Payload, ProtocolParameters, TOKEN_SUPPLY, Transaction, UnlockBlock,
};
use osmia_engine::core::{Core, CoreOptions, Input, Outbox};
use osmia_engine::ledger::StoreLedger;
use osmia_engine::protocol::{MilestoneDraft, Protocol};
use osmia_engine::verify::{Origin, Unverified, Verified, Verifier};
use osmia_engine::{CoordinatorOptions, Outcome, SubmitError, View};
use osmia_primitives::ed25519::SecretKey;
use osmia_primitives::{IdHasherKey, MessageId, MilestoneIndex, TransactionId, merkle};
use osmia_store::Store;

/// What was answered to a submission.
pub(crate) type Answer = Result<MessageId, SubmitError>;

/// The interval of the coordinator.
pub(crate) const INTERVAL_MS: u64 = 1_000;

pub(crate) struct World {
    pub(crate) store: Arc<Store>,
    pub(crate) protocol: Protocol,
    pub(crate) core: Core,
    pub(crate) now_ms: u64,
    view: View,
}

/// The key that owns the supply.
pub(crate) fn genesis_key() -> SecretKey {
    SecretKey::from_seed([7; 32])
}

pub(crate) fn key(number: u8) -> SecretKey {
    SecretKey::from_seed([100 + number; 32])
}

pub(crate) fn address(key: &SecretKey) -> Address {
    Address::Ed25519(key.public_key().address())
}

/// The output that holds the supply.
pub(crate) fn genesis_output() -> OutputId {
    OutputId { transaction_id: TransactionId::NULL, index: 0 }
}

pub(crate) fn coordinator_keys() -> Vec<SecretKey> {
    vec![SecretKey::from_seed([1; 32]), SecretKey::from_seed([2; 32])]
}

/// A key that may sign milestones up to `end`, 0 for all.
pub(crate) fn range(key: &SecretKey, end: u32) -> KeyRange {
    KeyRange { public_key: key.public_key(), start: MilestoneIndex(0), end: MilestoneIndex(end) }
}

/// The test network, on which a message needs this score; both of the coordinator's keys sign every milestone.
pub(crate) fn parameters(min_pow_score: f64) -> ProtocolParameters {
    let ranges = coordinator_keys().iter().map(|key| range(key, 0)).collect();
    ProtocolParameters::new("engine-test", "atoi", min_pow_score, MilestoneKeys::new(ranges, 2)).unwrap()
}

pub(crate) fn protocol() -> Protocol {
    Protocol::Chrysalis(Arc::new(parameters(0.0)))
}

/// A store that holds the genesis of the test network.
pub(crate) fn genesis_store() -> Arc<Store> {
    let store = Store::in_memory().unwrap();
    load_genesis(&store);
    Arc::new(store)
}

pub(crate) fn load_genesis(store: &Store) {
    let protocol = protocol();
    let network_id = protocol.parameters().network_id;
    let file = snapshot::genesis(network_id, 1, address(&genesis_key()), 0).unwrap();
    osmia_engine::genesis::load(store, protocol.parameters(), &mut file.as_slice()).unwrap();
}

pub(crate) fn single(key: &SecretKey, amount: u64) -> Output {
    Output { kind: OutputKind::SigLockedSingle, address: address(key), amount }
}

/// A transaction that spends `inputs`, all owned by `owner`, for `outputs`.
pub(crate) fn transfer(
    mut inputs: Vec<OutputId>,
    mut outputs: Vec<Output>,
    owner: &SecretKey,
) -> Transaction {
    inputs.sort_by_key(OutputId::to_bytes);
    outputs.sort_by_key(|output| (output.kind as u8, output.address, output.amount));
    let inputs: Vec<_> = inputs.into_iter().map(TransactionInput).collect();
    let essence = Essence { inputs, outputs, payload: None };
    let signature = owner.sign(&essence.signing_hash());
    let mut unlock_blocks = vec![UnlockBlock::Signature { public_key: owner.public_key(), signature }];
    unlock_blocks.extend((1..essence.inputs.len()).map(|_| UnlockBlock::Reference(0)));
    Transaction { essence, unlock_blocks }
}

/// The output of `transaction` that belongs to `owner`.
pub(crate) fn output_of(transaction: &Transaction, owner: &SecretKey) -> OutputId {
    let place =
        transaction.essence.outputs.iter().position(|output| output.address == address(owner)).unwrap();
    OutputId { transaction_id: transaction.id(), index: u16::try_from(place).unwrap() }
}

/// A transfer of `amount` from the genesis output, or what is left of it, to `to`; the rest goes back.
pub(crate) fn pay(rest: OutputId, left: u64, amount: u64, to: &SecretKey) -> Transaction {
    transfer(vec![rest], vec![single(to, amount), single(&genesis_key(), left - amount)], &genesis_key())
}

impl World {
    /// A network with its first milestone.
    pub(crate) fn new() -> Self {
        let mut world = Self::on(genesis_store());
        world.milestone();
        world
    }

    /// A node on `store`, as after a start.
    pub(crate) fn on(store: Arc<Store>) -> Self {
        Self::with(store, protocol(), coordinator_keys())
    }

    /// A node on `store` whose coordinator signs with `secret_keys`.
    pub(crate) fn with(store: Arc<Store>, protocol: Protocol, secret_keys: Vec<SecretKey>) -> Self {
        Self::start(store, protocol, Some(CoordinatorOptions::alone(secret_keys, INTERVAL_MS)), false)
    }

    /// A node that gossips, on the genesis of the test network.
    pub(crate) fn gossiping(protocol: Protocol, coordinator: Option<CoordinatorOptions>) -> Self {
        Self::start(genesis_store(), protocol, coordinator, true)
    }

    fn start(
        store: Arc<Store>,
        protocol: Protocol,
        coordinator: Option<CoordinatorOptions>,
        gossips: bool,
    ) -> Self {
        let options =
            CoreOptions { protocol: protocol.clone(), coordinator, gossips, id_hasher_key: IdHasherKey(3) };
        let mut core = Core::new(Arc::clone(&store), options).unwrap();
        let now_ms = 1_700_000_000_000;
        core.restore(now_ms).unwrap();
        Self { store, protocol, core, now_ms, view: View::default() }
    }

    pub(crate) fn view(&mut self) -> &View {
        if let Some(view) = self.core.take_view() {
            self.view = view;
        }
        &self.view
    }

    /// The message with this payload on these parents.
    pub(crate) fn message(&self, parents: &[MessageId], payload: Option<Payload>) -> Vec<u8> {
        let parents = Parents::sorted(parents.iter().copied()).unwrap();
        let network_id = self.protocol.parameters().network_id;
        Message { network_id, parents, payload, nonce: 0 }.pack()
    }

    pub(crate) fn data(&self, parents: &[MessageId], data: &str) -> Vec<u8> {
        let indexation = Indexation { index: b"test".to_vec(), data: data.as_bytes().to_vec() };
        self.message(parents, Some(Payload::Indexation(indexation)))
    }

    pub(crate) fn transaction(&self, parents: &[MessageId], transaction: &Transaction) -> Vec<u8> {
        self.message(parents, Some(Payload::Transaction(Box::new(transaction.clone()))))
    }

    /// Submits bytes through the verifier, the core and a commit.
    pub(crate) fn submit(&mut self, bytes: &[u8]) -> Answer {
        let answers = Arc::new(Mutex::new(Vec::new()));
        let note = Arc::clone(&answers);
        let origin = Origin::Submission(Box::new(move |answer| note.lock().unwrap().push(answer)));
        self.verify_and_step(bytes, origin);
        let mut answers = answers.lock().unwrap();
        assert_eq!(answers.len(), 1, "a submission is answered exactly once");
        answers.pop().unwrap()
    }

    pub(crate) fn attach(&mut self, bytes: &[u8]) -> MessageId {
        self.submit(bytes).unwrap()
    }

    pub(crate) fn verify(&self, bytes: &[u8], origin: Origin) -> Vec<Verified> {
        let verifier = Verifier::new(self.protocol.clone(), [4; 32], None);
        verifier.verify(vec![Unverified { bytes: Bytes::copy_from_slice(bytes), origin }])
    }

    fn verify_and_step(&mut self, bytes: &[u8], origin: Origin) -> Outbox {
        let verified = self.verify(bytes, origin);
        self.step(Input::Verified(verified))
    }

    /// One step with its commit and its replies.
    pub(crate) fn step(&mut self, input: Input) -> Outbox {
        let mut outbox = Outbox::default();
        self.core.step(self.now_ms, input, &mut outbox).unwrap();
        self.core.commit().unwrap();
        outbox.release();
        outbox
    }

    /// Lets one interval pass; gives the first message the coordinator wants to be mined.
    pub(crate) fn interval(&mut self) -> Option<Vec<u8>> {
        self.now_ms += INTERVAL_MS;
        self.step(Input::Tick).mine.map(|job| job.message)
    }

    /// Hands the coordinator's message back as mined (the network asks for no proof of work); gives the next one.
    pub(crate) fn mined(&mut self, message: &[u8]) -> Option<Vec<u8>> {
        self.verify_and_step(message, Origin::Coordinator).mine.map(|job| job.message)
    }

    /// Lets the coordinator issue a milestone with its checkpoints; gives the messages it issued.
    pub(crate) fn milestone(&mut self) -> Vec<Vec<u8>> {
        let mut issued = Vec::new();
        let mut next = self.interval();
        while let Some(message) = next {
            next = self.mined(&message);
            issued.push(message);
        }
        issued
    }

    /// The bytes of a milestone over `parents` that is signed by the coordinator's keys but not issued by it; it
    /// applies no transaction.
    pub(crate) fn forged(&self, index: MilestoneIndex, parents: &[MessageId], timestamp: u64) -> Vec<u8> {
        let inclusion_merkle_root = merkle::root::<[u8; 32]>(&[]);
        let draft = MilestoneDraft { index, timestamp, parents: parents.to_vec(), inclusion_merkle_root };
        self.protocol.issue_milestone(draft, &coordinator_keys()).unwrap()
    }

    pub(crate) fn outcome(&self, id: &MessageId) -> Option<(MilestoneIndex, Outcome)> {
        let reader = self.store.latest();
        let position = reader.position(reader.arrival(id).unwrap()?).unwrap()?;
        Some((position.milestone, Outcome::from_byte(position.outcome).unwrap()))
    }

    pub(crate) fn balance(&self, key: &SecretKey) -> Balance {
        let reader = self.store.latest();
        ledger::balance(&StoreLedger(&reader), &address(key)).unwrap()
    }

    pub(crate) fn output(&self, id: &OutputId) -> Option<StoredOutput> {
        let reader = self.store.latest();
        ledger::load_output(&StoreLedger(&reader), id).unwrap()
    }

    /// The ledger keeps every invariant, and the store every row it needs.
    pub(crate) fn assert_sound(&self) {
        let reader = self.store.latest();
        let ledger = ledger::audit(&StoreLedger(&reader)).unwrap();
        assert!(ledger.is_clean(), "{ledger:?}");
        let store = self.store.audit().unwrap();
        assert!(store.is_clean(), "{store:?}");
    }
}

/// What is left of the supply after paying `amount`.
pub(crate) const fn supply_less(amount: u64) -> u64 {
    TOKEN_SUPPLY - amount
}
