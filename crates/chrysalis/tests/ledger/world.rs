//! A ledger to play on: owners are small numbers, milestones follow each other.

use osmia_chrysalis::ledger::{
    Changes, ConflictReason, GenesisOutput, MemoryLedger, MilestoneChanges, ReceiptError, TreasuryOutput,
    audit, insert_genesis,
};
use osmia_chrysalis::{
    Address, Essence, Input, MigratedFunds, Output, OutputId, OutputKind, Receipt, TOKEN_SUPPLY, Transaction,
    TreasuryTransaction, UnlockBlock,
};
use osmia_primitives::ed25519::{PublicKey, Signature};
use osmia_primitives::{IdHasherKey, MessageId, MilestoneId, MilestoneIndex, TransactionId};

pub(crate) const SINGLE: OutputKind = OutputKind::SigLockedSingle;
pub(crate) const ALLOWANCE: OutputKind = OutputKind::SigLockedDustAllowance;
pub(crate) const GENESIS_INDEX: MilestoneIndex = MilestoneIndex(7);
pub(crate) const HASHER: IdHasherKey = IdHasherKey(0x5eed);

/// The owner of an address.
pub(crate) type Owner = u8;

pub(crate) fn key_of(owner: Owner) -> PublicKey {
    PublicKey([owner; 32])
}

pub(crate) fn address_of(owner: Owner) -> Address {
    Address::of(&key_of(owner))
}

pub(crate) fn output(owner: Owner, kind: OutputKind, amount: u64) -> Output {
    Output { kind, address: address_of(owner), amount }
}

/// The id of the genesis output at `place`.
pub(crate) fn genesis_id(place: usize) -> OutputId {
    let transaction_id = TransactionId::of(format!("genesis {place}").as_bytes());
    OutputId { transaction_id, index: 3 }
}

/// A ledger and the index of the next milestone.
pub(crate) struct World {
    pub(crate) ledger: MemoryLedger,
    pub(crate) next: MilestoneIndex,
}

/// The changes of a milestone in the making.
pub(crate) type Draft<'a> = MilestoneChanges<'a, MemoryLedger>;

impl World {
    /// A ledger with `outputs`; the rest of the supply is the treasury's.
    pub(crate) fn new(outputs: &[Output]) -> Self {
        let funds: u64 = outputs.iter().map(|output| output.amount).sum();
        let outputs: Vec<GenesisOutput> = outputs
            .iter()
            .enumerate()
            .map(|(place, output)| GenesisOutput {
                id: genesis_id(place),
                message_id: MessageId::NULL,
                output: *output,
            })
            .collect();
        let treasury = TreasuryOutput { milestone_id: MilestoneId::NULL, amount: TOKEN_SUPPLY - funds };
        let mut ledger = MemoryLedger::new();
        ledger.write(insert_genesis(&outputs, Some(treasury), GENESIS_INDEX));
        Self { ledger, next: MilestoneIndex(8) }
    }

    /// The changes of the next milestone, none yet.
    pub(crate) fn draft(&self) -> Draft<'_> {
        MilestoneChanges::new(&self.ledger, self.next, HASHER)
    }

    /// Applies transactions as the next milestone; their outcomes and the changes.
    pub(crate) fn confirm(&mut self, transactions: &[Transaction]) -> (Vec<Option<ConflictReason>>, Changes) {
        let mut draft = self.draft();
        let outcomes = transactions.iter().map(|transaction| apply(&mut draft, transaction)).collect();
        let changes = draft.finish();
        self.write(&changes);
        (outcomes, changes)
    }

    /// The outcomes of transactions applied as the next milestone.
    pub(crate) fn outcomes(&mut self, transactions: &[Transaction]) -> Vec<Option<ConflictReason>> {
        self.confirm(transactions).0
    }

    /// Applies a milestone that holds nothing but a receipt.
    pub(crate) fn confirm_receipt(&mut self, receipt: &Receipt) -> Result<Changes, ReceiptError> {
        let (outcome, changes) = self.draft_receipt(receipt);
        if outcome.is_ok() {
            self.write(&changes);
        }
        outcome.map(|()| changes)
    }

    fn draft_receipt(&self, receipt: &Receipt) -> (Result<(), ReceiptError>, Changes) {
        let mut draft = self.draft();
        let outcome = draft.apply_receipt(milestone_id(self.next), milestone_message(self.next), receipt);
        (outcome.unwrap(), draft.finish())
    }

    pub(crate) fn write(&mut self, changes: &Changes) {
        assert_eq!(changes.index(), self.next);
        self.ledger.write(changes.clone().into_rows());
        self.next = self.next.next().unwrap();
        let report = audit(&self.ledger).unwrap();
        assert!(report.is_clean(), "{report:?}");
    }
}

pub(crate) fn milestone_id(index: MilestoneIndex) -> MilestoneId {
    MilestoneId::of(format!("milestone {index}").as_bytes())
}

pub(crate) fn milestone_message(index: MilestoneIndex) -> MessageId {
    MessageId::of(format!("message of milestone {index}").as_bytes())
}

/// The message that carries a transaction in these tests.
pub(crate) fn message_of(transaction: &Transaction) -> MessageId {
    MessageId(transaction.id().0)
}

pub(crate) fn apply(draft: &mut Draft<'_>, transaction: &Transaction) -> Option<ConflictReason> {
    draft.apply(message_of(transaction), transaction, transaction.id(), true).unwrap()
}

/// A transaction that spends outputs of the named owners, properly unlocked.
pub(crate) fn spend(inputs: &[(OutputId, Owner)], outputs: &[Output]) -> Transaction {
    let mut inputs = inputs.to_vec();
    inputs.sort_unstable();
    let unlock_blocks = inputs
        .iter()
        .enumerate()
        .map(|(place, (_, owner))| {
            let first = inputs.iter().position(|(_, other)| other == owner).unwrap();
            if first == place { sign(*owner) } else { UnlockBlock::Reference(u16::try_from(first).unwrap()) }
        })
        .collect();
    let mut outputs = outputs.to_vec();
    outputs.sort_unstable_by_key(|output| (output.kind, output.address, output.amount.to_le_bytes()));
    let inputs = inputs.into_iter().map(|(id, _)| Input(id)).collect();
    Transaction { essence: Essence { inputs, outputs, payload: None }, unlock_blocks }
}

/// A signature block; whether its signature is valid is told apart from the transaction.
pub(crate) fn sign(owner: Owner) -> UnlockBlock {
    UnlockBlock::Signature { public_key: key_of(owner), signature: Signature([owner; 64]) }
}

/// The output of `transaction` that belongs to `owner` and is of `kind`.
pub(crate) fn created(transaction: &Transaction, owner: Owner, kind: OutputKind) -> OutputId {
    let mut outputs = transaction.essence.outputs.iter();
    let index =
        outputs.position(|output| output.address == address_of(owner) && output.kind == kind).unwrap();
    OutputId { transaction_id: transaction.id(), index: u16::try_from(index).unwrap() }
}

/// A receipt that pays `deposits` to the owners and leaves `left` in the treasury.
pub(crate) fn receipt(migrated_at: u32, deposits: &[(Owner, u64)], left: u64) -> Receipt {
    let entries = deposits.iter().zip(0..);
    let funds = entries.map(|((owner, deposit), number)| MigratedFunds {
        tail_transaction_hash: [number; 49],
        address: address_of(*owner),
        deposit: *deposit,
    });
    let transaction = TreasuryTransaction { input: MilestoneId::NULL, output_amount: left };
    Receipt { migrated_at, is_final: true, funds: funds.collect(), transaction }
}
