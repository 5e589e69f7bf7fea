//! The ledger of the chrysalis crate against the oracle's.

#![allow(
    clippy::unwrap_used,
    clippy::unwrap_in_result,
    clippy::indexing_slicing,
    reason = "a test stops at the first failure"
)]

use std::collections::{BTreeMap, BTreeSet};

use osmia_chrysalis::ledger::{
    Balance, ConflictReason, GenesisOutput, MemoryLedger, MilestoneChanges, TreasuryOutput, audit, balance,
    insert_genesis, load_output, treasury,
};
use osmia_chrysalis::{
    Address, Indexation, Message, MigratedFunds, Output, OutputId, OutputKind, Parents, Payload, Receipt,
    TOKEN_SUPPLY, Transaction, TreasuryTransaction, UnlockBlock,
};
use osmia_primitives::ed25519::SecretKey;
use osmia_primitives::{
    IdHasherKey, MessageId, MilestoneId, MilestoneIndex, NetworkId, TransactionId, merkle,
};
use osmia_sim::transfer::{Spend, transaction};
use osmia_sim::{Ledger, Oracle};
use proptest::prelude::*;

const KEYS: u8 = 4;
const GENESIS_OUTPUTS: u64 = 8;

fn key(number: u8) -> SecretKey {
    SecretKey::from_seed([number % KEYS; 32])
}

fn address(number: u8) -> Address {
    Address::of(&key(number).public_key())
}

/// What a random transaction is made from.
#[derive(Clone, Debug)]
struct Recipe {
    parents: Vec<u16>,
    spends: Vec<u16>,
    /// To whom, what kind, and which of a few amounts.
    outputs: Vec<(u8, bool, u8)>,
    /// What is wrong with it, mostly nothing.
    fault: u8,
}

fn recipes() -> impl Strategy<Value = Vec<Recipe>> {
    let output = (any::<u8>(), prop::bool::weighted(0.2), any::<u8>());
    let recipe = (
        prop::collection::vec(any::<u16>(), 1..=4),
        prop::collection::vec(any::<u16>(), 0..=3),
        prop::collection::vec(output, 1..=3),
        0..16u8,
    );
    let recipe =
        recipe.prop_map(|(parents, spends, outputs, fault)| Recipe { parents, spends, outputs, fault });
    prop::collection::vec(recipe, 1..40)
}

/// Builds messages; knows every output there might be.
struct Author {
    outputs: Vec<(OutputId, u8, u64)>,
    messages: Vec<MessageId>,
}

impl Author {
    fn write(&mut self, number: usize, recipe: &Recipe) -> Message {
        let reach = self.messages.len().min(6);
        let parents = recipe.parents.iter().map(|pick| {
            let place = self.messages.len() - 1 - usize::from(*pick) % reach;
            self.messages[place]
        });
        let parents = Parents::sorted(parents).unwrap();
        let payload = self.transaction(recipe).map(|transaction| Payload::Transaction(Box::new(transaction)));
        let nonce = u64::try_from(number).unwrap();
        let message = Message { network_id: NetworkId(1), parents, payload, nonce };
        assert_eq!(message.validate(), Ok(()));
        self.messages.push(message.id());
        message
    }

    fn transaction(&mut self, recipe: &Recipe) -> Option<Transaction> {
        let picks: BTreeSet<usize> =
            recipe.spends.iter().map(|pick| usize::from(*pick) % self.outputs.len()).collect();
        if picks.is_empty() {
            return None;
        }
        let keys: Vec<SecretKey> = picks.iter().map(|place| self.key_for(*place, recipe.fault)).collect();
        let spends: Vec<_> = picks
            .iter()
            .zip(&keys)
            .map(|(place, key)| Spend { output_id: self.outputs[*place].0, key })
            .collect();
        let total: u64 = picks.iter().map(|place| self.outputs[*place].2).sum();
        let mut made = transaction(spends, share(total, recipe), None);
        if recipe.fault == 1 {
            // Signed before it was changed.
            made.essence.payload = Some(Indexation { index: b"late".to_vec(), data: Vec::new() });
        }
        let transaction_id = made.id();
        for (index, output) in (0_u16..).zip(&made.essence.outputs) {
            let id = OutputId { transaction_id, index };
            // The same recipe may make the same transaction again.
            if self.outputs.iter().all(|(known, ..)| *known != id) {
                let owner = (0..KEYS).find(|owner| address(*owner) == output.address).unwrap();
                self.outputs.push((id, owner, output.amount));
            }
        }
        Some(made)
    }

    fn key_for(&self, place: usize, fault: u8) -> SecretKey {
        let owner = self.outputs[place].1;
        let is_wrong = fault == 2 && place.is_multiple_of(2);
        key(if is_wrong { owner + 1 } else { owner })
    }
}

/// Outputs of `total` tokens by the recipe; of a little more or less when that is the fault.
fn share(total: u64, recipe: &Recipe) -> Vec<Output> {
    let mut left = total;
    let mut outputs: BTreeMap<(OutputKind, Address), u64> = BTreeMap::new();
    for (owner, is_allowance, amount) in &recipe.outputs {
        let (kind, amount) = match (is_allowance, amount % 4) {
            (true, size) => (OutputKind::SigLockedDustAllowance, 1_000_000 + 100_000 * u64::from(size)),
            (false, 0) => (OutputKind::SigLockedSingle, 1_000_000),
            (false, size) => (OutputKind::SigLockedSingle, u64::from(size)),
        };
        let slot = outputs.entry((kind, address(*owner))).or_default();
        if *slot == 0 && amount < left {
            left -= amount;
            *slot = amount;
        }
    }
    *outputs.entry((OutputKind::SigLockedSingle, address(recipe.fault))).or_default() += left;
    if recipe.fault == 3 {
        *outputs.values_mut().max().unwrap() += 1;
    }
    let outputs = outputs.into_iter().filter(|(_, amount)| *amount > 0);
    outputs.map(|((kind, address), amount)| Output { kind, address, amount }).collect()
}

/// Both ledgers with the same first outputs, and what their author knows.
fn genesis() -> (Oracle, MemoryLedger, Author) {
    let treasury_amount = TOKEN_SUPPLY - GENESIS_OUTPUTS * 10_000_000;
    let id = |number: u64| OutputId { transaction_id: TransactionId::of(&number.to_le_bytes()), index: 0 };
    let output = |number: u64| {
        let owner = u8::try_from(number).unwrap();
        let kind = if number.is_multiple_of(3) {
            OutputKind::SigLockedDustAllowance
        } else {
            OutputKind::SigLockedSingle
        };
        Output { kind, address: address(owner), amount: 10_000_000 }
    };
    let outputs: Vec<GenesisOutput> = (0..GENESIS_OUTPUTS)
        .map(|number| GenesisOutput { id: id(number), message_id: MessageId::NULL, output: output(number) })
        .collect();
    let treasury = TreasuryOutput { milestone_id: MilestoneId::NULL, amount: treasury_amount };
    let mut memory = MemoryLedger::new();
    memory.write(insert_genesis(&outputs, Some(treasury), MilestoneIndex(0)));
    let ledger = Ledger::genesis(
        outputs.iter().map(|output| (output.id, output.message_id, output.output)),
        treasury_amount,
    );
    // An output that does not exist, too.
    let known =
        (0..=GENESIS_OUTPUTS).map(|number| (id(number), u8::try_from(number).unwrap() % KEYS, 10_000_000));
    let author = Author { outputs: known.collect(), messages: vec![MessageId::NULL] };
    (Oracle::new([(MessageId::NULL, MilestoneIndex(0))], ledger), memory, author)
}

fn signatures_are_valid(transaction: &Transaction) -> bool {
    let digest = transaction.essence.signing_hash();
    transaction.unlock_blocks.iter().all(|block| match block {
        UnlockBlock::Signature { public_key, signature } => public_key.verify(&digest, signature),
        UnlockBlock::Reference(_) => true,
    })
}

/// Confirms with both; gives what was ignored.
fn confirm(
    oracle: &mut Oracle,
    memory: &mut MemoryLedger,
    index: MilestoneIndex,
    parents: &[MessageId],
) -> BTreeMap<MessageId, ConflictReason> {
    let expected = oracle.confirm(index, parents);
    let mut conflicts = BTreeMap::new();
    let mut changes = MilestoneChanges::new(memory, index, IdHasherKey(1));
    for id in &expected.order {
        let Some(Payload::Transaction(transaction)) = &oracle.message(id).unwrap().payload else { continue };
        let valid = signatures_are_valid(transaction);
        if let Some(reason) = changes.apply(*id, transaction, transaction.id(), valid).unwrap() {
            conflicts.insert(*id, reason);
        }
    }
    assert_eq!(conflicts, expected.conflicts);
    assert_eq!(changes.included(), expected.included);
    assert_eq!(
        (changes.merkle_root(), merkle::root(&expected.included)),
        (expected.merkle_root, expected.merkle_root)
    );
    let rows = changes.finish().into_rows();
    memory.write(rows);
    conflicts
}

fn compare(ledger: &Ledger, memory: &MemoryLedger) {
    assert_eq!(ledger.supply(), TOKEN_SUPPLY);
    for (id, unspent) in &ledger.unspent {
        let stored = load_output(memory, id).unwrap().unwrap();
        assert_eq!(stored.spent, None);
        assert_eq!((stored.message_id, stored.created), (unspent.message_id, unspent.created));
        let output = Output { kind: stored.kind, address: stored.address, amount: stored.amount };
        assert_eq!(output, unspent.output);
    }
    for (id, (unspent, transaction_id, milestone)) in &ledger.spent {
        let stored = load_output(memory, id).unwrap().unwrap();
        assert_eq!(stored.message_id, unspent.message_id);
        let spent = stored.spent.unwrap();
        assert_eq!((spent.transaction_id, spent.milestone), (*transaction_id, *milestone));
    }
    for owner in 0..KEYS {
        let address = address(owner);
        let stored: Balance = balance(memory, &address).unwrap();
        assert_eq!(stored.amount, ledger.balance(&address));
        assert_eq!(stored.dust_allowance, ledger.dust_allowance(&address));
        assert_eq!(stored.dust_outputs, ledger.dust_outputs(&address));
    }
    assert_eq!(treasury(memory).unwrap().unwrap().amount, ledger.treasury);
    assert_eq!(audit(memory).unwrap().problem_count, 0);
}

proptest! {
    #[test]
    fn both_ledgers_apply_and_ignore_the_same(recipes in recipes(), every in 1..8usize) {
        let (mut oracle, mut memory, mut author) = genesis();
        let mut index = MilestoneIndex(0);
        for (number, recipe) in recipes.iter().enumerate() {
            let message = author.write(number, recipe);
            let id = oracle.insert(message);
            if number % every == 0 {
                index = index.next().unwrap();
                confirm(&mut oracle, &mut memory, index, &[id]);
                compare(oracle.ledger(), &memory);
            }
        }
    }
}

/// A message with a transaction, over the first entry point.
fn message(oracle: &mut Oracle, parents: Vec<MessageId>, transaction: Transaction) -> MessageId {
    let payload = Some(Payload::Transaction(Box::new(transaction)));
    let parents = Parents::sorted(parents).unwrap();
    oracle.insert(Message { network_id: NetworkId(1), parents, payload, nonce: 0 })
}

fn to(number: u8, amount: u64) -> Output {
    Output { kind: OutputKind::SigLockedSingle, address: address(number), amount }
}

#[test]
fn every_reason_to_ignore_a_transaction_is_given_where_it_belongs() {
    let (mut oracle, mut memory, author) = genesis();
    // Outputs 0 and 4 belong to key 0; output 0 allows dust on its address; the last one does not exist.
    let ids: Vec<OutputId> = author.outputs.iter().map(|(id, _, _)| *id).collect();
    let spend = |places: &[(usize, u8)], outputs: Vec<Output>| {
        let keys: Vec<SecretKey> = places.iter().map(|(_, owner)| key(*owner)).collect();
        let spends = places.iter().zip(&keys).map(|((place, _), key)| Spend { output_id: ids[*place], key });
        transaction(spends.collect(), outputs, None)
    };
    let whole = 10_000_000;
    let cases = [
        (spend(&[(1, 1)], vec![to(2, whole)]), None),
        (spend(&[(1, 1)], vec![to(3, whole)]), Some(ConflictReason::InputAlreadySpentInThisMilestone)),
        (spend(&[(8, 0)], vec![to(3, whole)]), Some(ConflictReason::InputNotFound)),
        (spend(&[(2, 2)], vec![to(3, whole - 1)]), Some(ConflictReason::SumMismatch)),
        (spend(&[(2, 3)], vec![to(3, whole)]), Some(ConflictReason::InvalidSignature)),
        (spend(&[(2, 3)], vec![to(1, 5), to(3, whole - 5)]), Some(ConflictReason::DustAllowance)),
        (spend(&[(0, 0), (4, 1)], vec![to(3, 1)]), Some(ConflictReason::SemanticFailure)),
        (spend(&[(2, 2)], vec![to(0, 5), to(3, whole - 5)]), None),
        (spend(&[(0, 0)], vec![to(3, whole)]), Some(ConflictReason::DustAllowance)),
    ];
    let (mut tip, mut expected) = (MessageId::NULL, BTreeMap::new());
    for (transaction, reason) in cases {
        tip = message(&mut oracle, vec![tip], transaction);
        expected.extend(reason.map(|reason| (tip, reason)));
    }
    assert_eq!(confirm(&mut oracle, &mut memory, MilestoneIndex(1), &[tip]), expected);
    let late = message(&mut oracle, vec![tip], spend(&[(1, 1), (3, 3)], vec![to(3, 1)]));
    let conflicts = confirm(&mut oracle, &mut memory, MilestoneIndex(2), &[late]);
    assert_eq!(conflicts, BTreeMap::from([(late, ConflictReason::InputAlreadySpent)]));
    compare(oracle.ledger(), &memory);
}

#[test]
fn a_receipt_moves_tokens_from_the_treasury_to_its_addresses() {
    let (mut oracle, mut memory, _) = genesis();
    let before = oracle.ledger().treasury;
    let funds = |number: u8| MigratedFunds {
        tail_transaction_hash: [number; 49],
        address: address(number),
        deposit: 1_000_000 + u64::from(number),
    };
    let left = before - 2_000_001;
    let receipt = Receipt {
        migrated_at: 7,
        is_final: false,
        funds: vec![funds(0), funds(1)],
        transaction: TreasuryTransaction { input: MilestoneId::NULL, output_amount: left },
    };
    let (index, milestone_id, message_id) = (MilestoneIndex(1), MilestoneId([1; 32]), MessageId([2; 32]));
    let mut changes = MilestoneChanges::new(&memory, index, IdHasherKey(1));
    changes.apply_receipt(milestone_id, message_id, &receipt).unwrap().unwrap();
    let rows = changes.finish().into_rows();
    memory.write(rows);
    assert!(oracle.ledger_mut().migrate(index, milestone_id, message_id, &receipt));
    assert_eq!(oracle.ledger().treasury, left);
    compare(oracle.ledger(), &memory);
    let again = oracle.ledger().clone();
    assert!(
        !oracle.ledger_mut().migrate(index, milestone_id, message_id, &receipt),
        "the treasury holds less now"
    );
    assert_eq!(*oracle.ledger(), again);
}
