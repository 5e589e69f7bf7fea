//! `osmia bench confirm`: how long a milestone over many messages takes, from its message to its synced commit.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};
use bytes::Bytes;
use osmia_chrysalis::{
    Address, Essence, Input, Message, Output, OutputId, OutputKind, Parents, Payload, Transaction,
    UnlockBlock,
};
use osmia_engine::core::{Core, CoreOptions, Input as CoreInput, Outbox};
use osmia_engine::protocol::Protocol;
use osmia_engine::verify::{Origin, Unverified, Verifier};
use osmia_primitives::ed25519::SecretKey;
use osmia_primitives::{IdHasherKey, MessageId, NetworkId, TransactionId, blake2b};

use super::open_store;
use super::workload::{Noise, OWNER_SEED, data_message, milestone_message, parameters};
use crate::clock;

/// Milestones over which the outputs that the measured transactions spend are created.
const FUNDING_MILESTONES: usize = 10;
/// Outputs of a transaction at most (TIP-7).
const OUTPUTS_MAX: usize = 127;
/// Tokens of each output that is spent: enough for two outputs that are not dust.
const FUNDS: u64 = 2_000_000;

/// One measured milestone.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub(crate) struct Confirmation {
    /// Messages in its cone.
    pub(crate) messages: usize,
    /// Seconds from handing the milestone's message to the core until its commit was synced.
    pub(crate) seconds: f64,
}

/// What the bench measured.
#[derive(Debug, serde::Serialize)]
pub(crate) struct ConfirmReport {
    data: Vec<Confirmation>,
    transactions: Vec<Confirmation>,
}

/// Runs the bench in `folder`, which it fills.
pub(crate) fn run(folder: &Path, data: &[usize], transactions: &[usize]) -> anyhow::Result<ConfirmReport> {
    let confirm_data = |count: &usize| confirm_data(&folder.join(format!("data-{count}")), *count);
    let confirm_transactions =
        |count: &usize| confirm_transactions(&folder.join(format!("transactions-{count}")), *count);
    Ok(ConfirmReport {
        data: data.iter().map(confirm_data).collect::<anyhow::Result<_>>()?,
        transactions: transactions.iter().map(confirm_transactions).collect::<anyhow::Result<_>>()?,
    })
}

impl ConfirmReport {
    /// The report as lines for a person.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (kind, confirmations) in [("data messages", &self.data), ("transactions", &self.transactions)] {
            for confirmation in confirmations {
                let messages = confirmation.messages;
                #[expect(clippy::cast_precision_loss, reason = "a bench needs no more than 52 bits")]
                let each = confirmation.seconds * 1e6 / messages as f64;
                lines.push(format!(
                    "a milestone over {messages:>7} {kind:<14} {:>8.1} ms, {each:>6.2} µs each",
                    confirmation.seconds * 1e3
                ));
            }
        }
        lines
    }
}

/// A core whose messages form one chain, so that the white-flag order is the order of attaching.
struct Chain {
    core: Core,
    verifier: Verifier,
    milestones: u32,
    last: MessageId,
    last_milestone: MessageId,
    /// Messages since the last milestone whose transactions it applies.
    included: Vec<MessageId>,
    queue: Vec<Unverified>,
}

impl Chain {
    fn start(folder: &Path) -> anyhow::Result<Self> {
        let store = open_store(folder)?;
        let protocol = Protocol::Chrysalis(Arc::new(parameters()?));
        let options = CoreOptions {
            protocol: protocol.clone(),
            coordinator: None,
            gossips: false,
            id_hasher_key: IdHasherKey(7),
        };
        let mut core = Core::new(store, options)?;
        core.restore(clock::unix_ms())?;
        let verifier = Verifier::new(protocol, [9; 32], None);
        let mut chain = Self {
            core,
            verifier,
            milestones: 0,
            last: MessageId::NULL,
            last_milestone: MessageId::NULL,
            included: Vec::new(),
            queue: Vec::new(),
        };
        chain.milestone()?;
        Ok(chain)
    }

    fn push(&mut self, message: Vec<u8>) -> anyhow::Result<()> {
        self.last = MessageId::of(&message);
        self.queue.push(Unverified { bytes: Bytes::from(message), origin: Origin::Coordinator });
        if self.queue.len() >= 256 { self.attach() } else { Ok(()) }
    }

    /// Attaches what was pushed.
    fn attach(&mut self) -> anyhow::Result<()> {
        let verified = self.verifier.verify(std::mem::take(&mut self.queue));
        self.core.step(clock::unix_ms(), CoreInput::Verified(verified), &mut Outbox::default())?;
        Ok(self.core.commit()?)
    }

    fn transaction(&mut self, transaction: Transaction) -> anyhow::Result<()> {
        let message = Message {
            network_id: NetworkId::of(super::workload::NETWORK),
            parents: Parents::sorted([self.last])?,
            payload: Some(Payload::Transaction(Box::new(transaction))),
            nonce: 0,
        };
        self.push(message.pack())?;
        self.included.push(self.last);
        Ok(())
    }

    /// Confirms everything so far; gives the seconds it took.
    fn milestone(&mut self) -> anyhow::Result<f64> {
        self.attach()?;
        self.milestones += 1;
        let included = std::mem::take(&mut self.included);
        let parents = vec![self.last, self.last_milestone];
        let message = milestone_message(self.milestones, parents, &included)?;
        self.last = MessageId::of(&message);
        self.last_milestone = self.last;
        let verified = self
            .verifier
            .verify(vec![Unverified { bytes: Bytes::from(message), origin: Origin::Coordinator }]);
        let started = clock::Stopwatch::start();
        self.core.step(clock::unix_ms(), CoreInput::Verified(verified), &mut Outbox::default())?;
        self.core.commit()?;
        let seconds = started.seconds();
        let view = self.core.take_view().context("a milestone changes the view")?;
        ensure!(view.halted.is_none(), "confirming halted: {:?}", view.halted);
        ensure!(view.confirmed.index.0 == self.milestones, "milestone {} was not confirmed", self.milestones);
        Ok(seconds)
    }
}

fn confirm_data(folder: &Path, messages: usize) -> anyhow::Result<Confirmation> {
    let mut chain = Chain::start(folder)?;
    let mut noise = Noise::new(1);
    let mut recent = vec![chain.last];
    for _ in 0..messages {
        let distance = recent.len().min(200);
        let random = |noise: &mut Noise| recent.get(recent.len() - 1 - noise.below(distance)).copied();
        let parents =
            [Some(chain.last), random(&mut noise), random(&mut noise)].into_iter().flatten().collect();
        chain.push(data_message(parents, 1_000, &mut noise)?)?;
        recent.push(chain.last);
        if recent.len() > 1_000 {
            recent.drain(..500);
        }
    }
    Ok(Confirmation { messages, seconds: chain.milestone()? })
}

fn confirm_transactions(folder: &Path, count: usize) -> anyhow::Result<Confirmation> {
    let mut chain = Chain::start(folder)?;
    let funds = fund(&mut chain, count)?;
    for (number, output) in funds.into_iter().enumerate() {
        let outputs = vec![
            single(fresh_address(number * 2), FUNDS / 2),
            single(fresh_address(number * 2 + 1), FUNDS / 2),
        ];
        chain.transaction(signed(output, outputs, &owner_of(number)))?;
    }
    Ok(Confirmation { messages: count, seconds: chain.milestone()? })
}

/// Creates `count` outputs on addresses of their own, spread over [`FUNDING_MILESTONES`] milestones.
fn fund(chain: &mut Chain, count: usize) -> anyhow::Result<Vec<OutputId>> {
    let genesis = SecretKey::from_seed(OWNER_SEED);
    let mut rest = OutputId { transaction_id: TransactionId::NULL, index: 0 };
    let mut left = osmia_chrysalis::TOKEN_SUPPLY;
    let mut created = Vec::with_capacity(count);
    let per_milestone = count.div_ceil(FUNDING_MILESTONES);
    while created.len() < count {
        let until_milestone = per_milestone - created.len() % per_milestone;
        let here = (OUTPUTS_MAX - 1).min(until_milestone).min(count - created.len());
        let first = created.len();
        left -= FUNDS * u64::try_from(here)?;
        let mut outputs: Vec<Output> =
            (first..first + here).map(|number| single(address_of(&owner_of(number)), FUNDS)).collect();
        outputs.push(single(address_of(&genesis), left));
        let transaction = signed(rest, outputs, &genesis);
        let transaction_id = transaction.id();
        // Outputs are sorted in the transaction: find each by its address.
        for number in first..first + here {
            let place = place_of(&transaction, &address_of(&owner_of(number)))?;
            created.push(OutputId { transaction_id, index: place });
        }
        rest = OutputId { transaction_id, index: place_of(&transaction, &address_of(&genesis))? };
        chain.transaction(transaction)?;
        if created.len().is_multiple_of(per_milestone) {
            chain.milestone()?;
        }
    }
    chain.milestone()?;
    Ok(created)
}

fn place_of(transaction: &Transaction, address: &Address) -> anyhow::Result<u16> {
    let place = transaction.essence.outputs.iter().position(|output| output.address == *address);
    Ok(u16::try_from(place.context("an output of the transaction")?)?)
}

fn owner_of(number: usize) -> SecretKey {
    SecretKey::from_seed(blake2b::hash_parts(&[b"owner", &number.to_le_bytes()]))
}

fn address_of(key: &SecretKey) -> Address {
    Address::Ed25519(key.public_key().address())
}

fn fresh_address(number: usize) -> Address {
    Address::Ed25519(blake2b::hash_parts(&[b"fresh", &number.to_le_bytes()]))
}

fn single(address: Address, amount: u64) -> Output {
    Output { kind: OutputKind::SigLockedSingle, address, amount }
}

/// A transaction that moves `input`, which `owner` owns, to `outputs`.
fn signed(input: OutputId, mut outputs: Vec<Output>, owner: &SecretKey) -> Transaction {
    outputs.sort_by_key(|output| (output.kind as u8, output.address, output.amount));
    let essence = Essence { inputs: vec![Input(input)], outputs, payload: None };
    let signature = owner.sign(&essence.signing_hash());
    let unlock_blocks = vec![UnlockBlock::Signature { public_key: owner.public_key(), signature }];
    Transaction { essence, unlock_blocks }
}
