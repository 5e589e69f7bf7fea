//! The ledger by its definition: which outputs exist, and which were spent.

use std::collections::{BTreeMap, BTreeSet};

use osmia_chrysalis::ledger::ConflictReason;
use osmia_chrysalis::{Address, Output, OutputId, OutputKind, Receipt, Transaction, UnlockBlock};
use osmia_primitives::ed25519::{PublicKey, Signature};
use osmia_primitives::{MessageId, MilestoneId, MilestoneIndex, TransactionId, blake2b};

/// Smaller deposits are dust (TIP-15).
const DUST_BELOW: u64 = 1_000_000;
/// One dust output for so many tokens of allowance (TIP-15).
const ALLOWANCE_FOR_DUST: u64 = 100_000;
/// Dust outputs of an address at most (TIP-15).
const DUST_OUTPUTS_MAX: u64 = 100;

/// An output that was created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unspent {
    /// The message whose transaction created it; of a migrated output the milestone's message.
    pub message_id: MessageId,
    /// What it is.
    pub output: Output,
    /// The milestone that created it.
    pub created: MilestoneIndex,
}

/// A whole ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// The outputs that can be spent.
    pub unspent: BTreeMap<OutputId, Unspent>,
    /// The outputs that were spent, by which transaction and in which milestone.
    pub spent: BTreeMap<OutputId, (Unspent, TransactionId, MilestoneIndex)>,
    /// Tokens in the treasury.
    pub treasury: u64,
}

/// The transactions of one milestone on their way into a ledger.
#[derive(Clone, Debug)]
pub struct Milestone {
    index: MilestoneIndex,
    ledger: Ledger,
    spent_now: BTreeSet<OutputId>,
}

impl Ledger {
    /// A ledger with these outputs, created by milestone 0, and a treasury.
    #[must_use]
    pub fn genesis(outputs: impl IntoIterator<Item = (OutputId, MessageId, Output)>, treasury: u64) -> Self {
        let created = MilestoneIndex(0);
        let unspent = |(id, message_id, output)| (id, Unspent { message_id, output, created });
        Self { unspent: outputs.into_iter().map(unspent).collect(), spent: BTreeMap::new(), treasury }
    }

    /// All tokens there are.
    #[must_use]
    pub fn supply(&self) -> u64 {
        self.treasury + self.unspent.values().map(|unspent| unspent.output.amount).sum::<u64>()
    }

    /// Tokens of an address.
    #[must_use]
    pub fn balance(&self, address: &Address) -> u64 {
        self.sum(address, |_| true)
    }

    /// Tokens of an address in outputs that allow dust.
    #[must_use]
    pub fn dust_allowance(&self, address: &Address) -> u64 {
        self.sum(address, |output| output.kind == OutputKind::SigLockedDustAllowance)
    }

    /// How many dust outputs an address has.
    #[must_use]
    pub fn dust_outputs(&self, address: &Address) -> u64 {
        self.outputs_of(address).filter(|output| output.amount < DUST_BELOW).map(|_| 1).sum()
    }

    /// The outputs an address can spend.
    pub fn outputs_of<'a>(&'a self, address: &'a Address) -> impl Iterator<Item = &'a Output> {
        self.unspent.values().map(|unspent| &unspent.output).filter(move |output| output.address == *address)
    }

    /// Begins applying the transactions of milestone `index`.
    #[must_use]
    pub fn begin(&self, index: MilestoneIndex) -> Milestone {
        Milestone { index, ledger: self.clone(), spent_now: BTreeSet::new() }
    }

    /// Pays the funds of a receipt out of the treasury (TIP-17). `false`, and nothing is changed, when the treasury does
    /// not come out as the receipt says.
    pub fn migrate(
        &mut self,
        index: MilestoneIndex,
        milestone_id: MilestoneId,
        message_id: MessageId,
        receipt: &Receipt,
    ) -> bool {
        let paid: u64 = receipt.funds.iter().map(|funds| funds.deposit).sum();
        if self.treasury != paid + receipt.transaction.output_amount {
            return false;
        }
        self.treasury -= paid;
        for (place, funds) in (0_u16..).zip(&receipt.funds) {
            let id = OutputId { transaction_id: TransactionId(milestone_id.0), index: place };
            let kind = OutputKind::SigLockedSingle;
            let output = Output { kind, address: funds.address, amount: funds.deposit };
            self.unspent.insert(id, Unspent { message_id, output, created: index });
        }
        true
    }

    fn sum(&self, address: &Address, is_wanted: impl Fn(&Output) -> bool) -> u64 {
        self.outputs_of(address).filter(|output| is_wanted(output)).map(|output| output.amount).sum()
    }

    fn keeps_dust_rule(&self, address: &Address) -> bool {
        let allowed = (self.dust_allowance(address) / ALLOWANCE_FOR_DUST).min(DUST_OUTPUTS_MAX);
        self.dust_outputs(address) <= allowed
    }
}

impl Milestone {
    /// Applies the transaction of a message, or says why it is ignored: inputs first, then unlock blocks, sums, dust
    /// and signatures.
    ///
    /// # Errors
    /// The reason why the transaction is ignored; nothing is changed then.
    pub fn apply(&mut self, message_id: MessageId, transaction: &Transaction) -> Result<(), ConflictReason> {
        let inputs = self.find_inputs(transaction)?;
        let signers = signers(transaction, &inputs)?;
        let paid_in: u64 = inputs.iter().map(|input| input.output.amount).sum();
        let paid_out: u64 = transaction.essence.outputs.iter().map(|output| output.amount).sum();
        if paid_in != paid_out {
            return Err(ConflictReason::SumMismatch);
        }
        let after = self.after(message_id, transaction);
        for address in dust_addresses(transaction, &inputs) {
            if !after.keeps_dust_rule(&address) {
                return Err(ConflictReason::DustAllowance);
            }
        }
        let digest = transaction.essence.signing_hash();
        for (address, (key, signature)) in signers {
            if Address::Ed25519(blake2b::hash(&key.0)) != address || !key.verify(&digest, &signature) {
                return Err(ConflictReason::InvalidSignature);
            }
        }
        self.spent_now.extend(transaction.essence.inputs.iter().map(|input| input.0));
        self.ledger = after;
        Ok(())
    }

    /// The ledger after the milestone.
    #[must_use]
    pub fn end(self) -> Ledger {
        self.ledger
    }

    fn find_inputs(&self, transaction: &Transaction) -> Result<Vec<Unspent>, ConflictReason> {
        let mut inputs = Vec::new();
        for input in &transaction.essence.inputs {
            if self.spent_now.contains(&input.0) {
                return Err(ConflictReason::InputAlreadySpentInThisMilestone);
            }
            if self.ledger.spent.contains_key(&input.0) {
                return Err(ConflictReason::InputAlreadySpent);
            }
            inputs.push(*self.ledger.unspent.get(&input.0).ok_or(ConflictReason::InputNotFound)?);
        }
        Ok(inputs)
    }

    /// The ledger as if the transaction were applied.
    fn after(&self, message_id: MessageId, transaction: &Transaction) -> Ledger {
        let mut after = self.ledger.clone();
        let transaction_id = transaction.id();
        for input in &transaction.essence.inputs {
            if let Some(unspent) = after.unspent.remove(&input.0) {
                after.spent.insert(input.0, (unspent, transaction_id, self.index));
            }
        }
        for (index, output) in (0_u16..).zip(&transaction.essence.outputs) {
            let unspent = Unspent { message_id, output: *output, created: self.index };
            after.unspent.insert(OutputId { transaction_id, index }, unspent);
        }
        after
    }
}

/// The signature for each address.
type Signers = BTreeMap<Address, (PublicKey, Signature)>;

/// Who signed for each address of the inputs. All inputs of an address must point to one signature.
fn signers(transaction: &Transaction, inputs: &[Unspent]) -> Result<Signers, ConflictReason> {
    let mut blocks = BTreeMap::new();
    let mut signers = BTreeMap::new();
    for (place, input) in inputs.iter().enumerate() {
        let block = match transaction.unlock_blocks.get(place) {
            Some(UnlockBlock::Reference(earlier)) => usize::from(*earlier),
            Some(UnlockBlock::Signature { .. }) | None => place,
        };
        let Some(UnlockBlock::Signature { public_key, signature }) = transaction.unlock_blocks.get(block)
        else {
            return Err(ConflictReason::SemanticFailure);
        };
        if *blocks.entry(input.output.address).or_insert(block) != block {
            return Err(ConflictReason::SemanticFailure);
        }
        signers.insert(input.output.address, (*public_key, *signature));
    }
    Ok(signers)
}

/// The addresses whose dust or dust allowance the transaction changes.
fn dust_addresses(transaction: &Transaction, inputs: &[Unspent]) -> BTreeSet<Address> {
    let outputs = transaction.essence.outputs.iter().chain(inputs.iter().map(|input| &input.output));
    let touches_dust =
        |output: &&Output| output.kind == OutputKind::SigLockedDustAllowance || output.amount < DUST_BELOW;
    outputs.filter(touches_dust).map(|output| output.address).collect()
}
