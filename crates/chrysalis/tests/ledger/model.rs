//! A ledger as one list of outputs from which everything else is computed anew each time: slow, and simple enough to be
//! believed.

use std::collections::BTreeSet;

use osmia_chrysalis::ledger::{Balance, ConflictReason};
use osmia_chrysalis::{Address, Output, OutputId, OutputKind, Receipt, Transaction, UnlockBlock};
use osmia_primitives::{MilestoneId, MilestoneIndex, TransactionId};

use crate::world::{ALLOWANCE, GENESIS_INDEX, SINGLE, genesis_id};

const DUST_END: u64 = 1_000_000;

#[derive(Clone, Debug)]
pub(crate) struct ModelOutput {
    pub(crate) id: OutputId,
    pub(crate) output: Output,
    pub(crate) created: MilestoneIndex,
    pub(crate) spent: Option<MilestoneIndex>,
}

#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) outputs: Vec<ModelOutput>,
    pub(crate) treasury: u64,
}

impl Model {
    pub(crate) fn new(outputs: &[Output], treasury: u64) -> Self {
        let outputs = outputs.iter().enumerate().map(|(place, output)| ModelOutput {
            id: genesis_id(place),
            output: *output,
            created: GENESIS_INDEX,
            spent: None,
        });
        Self { outputs: outputs.collect(), treasury }
    }

    pub(crate) fn find(&self, id: &OutputId) -> Option<&ModelOutput> {
        self.outputs.iter().find(|known| known.id == *id)
    }

    /// Applies a transaction or says why not, one rule after the other as docs/decisions/0011 lists them.
    pub(crate) fn apply(
        &mut self,
        transaction: &Transaction,
        milestone: MilestoneIndex,
        signatures_valid: bool,
    ) -> Option<ConflictReason> {
        let inputs: Vec<OutputId> = transaction.essence.inputs.iter().map(|input| input.0).collect();
        for id in &inputs {
            match self.find(id).map(|known| known.spent) {
                None => return Some(ConflictReason::InputNotFound),
                Some(Some(spent)) if spent == milestone => {
                    return Some(ConflictReason::InputAlreadySpentInThisMilestone);
                }
                Some(Some(_)) => return Some(ConflictReason::InputAlreadySpent),
                Some(None) => {}
            }
        }
        let consumed: Vec<Output> = inputs.iter().map(|id| self.find(id).unwrap().output).collect();
        if has_two_signatures_for_one_address(transaction, &consumed) {
            return Some(ConflictReason::SemanticFailure);
        }
        let created = &transaction.essence.outputs;
        if sum(&consumed) != sum(created) {
            return Some(ConflictReason::SumMismatch);
        }
        let mut after = self.clone();
        after.change(transaction, &inputs, milestone);
        let touched: BTreeSet<Address> = consumed
            .iter()
            .chain(created)
            .filter(|output| is_dusty(output))
            .map(|output| output.address)
            .collect();
        if touched.iter().any(|address| after.has_too_much_dust(address)) {
            return Some(ConflictReason::DustAllowance);
        }
        let is_stolen = consumed.iter().enumerate().any(|(place, output)| {
            let (public_key, _) = transaction.signature_of_input(place).unwrap();
            Address::of(public_key) != output.address
        });
        if is_stolen || !signatures_valid {
            return Some(ConflictReason::InvalidSignature);
        }
        *self = after;
        None
    }

    pub(crate) fn apply_receipt(&mut self, receipt: &Receipt, id: MilestoneId, milestone: MilestoneIndex) {
        for (entry, index) in receipt.funds.iter().zip(0..) {
            self.treasury -= entry.deposit;
            self.outputs.push(ModelOutput {
                id: OutputId { transaction_id: TransactionId(id.0), index },
                output: Output { kind: SINGLE, address: entry.address, amount: entry.deposit },
                created: milestone,
                spent: None,
            });
        }
    }

    pub(crate) fn balance(&self, address: &Address) -> Balance {
        let mine: Vec<&Output> = self.unspent().filter(|output| output.address == *address).collect();
        let amount = |kind: Option<OutputKind>| -> u64 {
            mine.iter()
                .filter(|output| kind.is_none_or(|kind| kind == output.kind))
                .map(|output| output.amount)
                .sum()
        };
        let dust = mine.iter().filter(|output| output.kind == SINGLE && output.amount < DUST_END);
        Balance {
            amount: amount(None),
            dust_allowance: amount(Some(ALLOWANCE)),
            dust_outputs: dust.count() as u64,
        }
    }

    pub(crate) fn unspent(&self) -> impl Iterator<Item = &Output> {
        self.outputs.iter().filter(|known| known.spent.is_none()).map(|known| &known.output)
    }

    /// The outputs of an address as the ledger lists them.
    pub(crate) fn outputs_of(&self, address: &Address) -> Vec<OutputId> {
        let mut mine: Vec<&ModelOutput> =
            self.outputs.iter().filter(|known| known.output.address == *address).collect();
        mine.sort_by_key(|known| (known.spent.is_some(), std::cmp::Reverse(known.created), known.id));
        mine.into_iter().map(|known| known.id).collect()
    }

    fn change(&mut self, transaction: &Transaction, inputs: &[OutputId], milestone: MilestoneIndex) {
        for known in self.outputs.iter_mut().filter(|known| inputs.contains(&known.id)) {
            known.spent = Some(milestone);
        }
        let transaction_id = transaction.id();
        let created = transaction.essence.outputs.iter().zip(0..).map(|(output, index)| ModelOutput {
            id: OutputId { transaction_id, index },
            output: *output,
            created: milestone,
            spent: None,
        });
        self.outputs.extend(created);
    }

    fn has_too_much_dust(&self, address: &Address) -> bool {
        let balance = self.balance(address);
        balance.dust_outputs > (balance.dust_allowance / 100_000).min(100)
    }
}

fn sum(outputs: &[Output]) -> u64 {
    outputs.iter().map(|output| output.amount).sum()
}

/// Whether an output plays a part in the rule on dust.
fn is_dusty(output: &Output) -> bool {
    output.kind == ALLOWANCE || output.amount < DUST_END
}

fn has_two_signatures_for_one_address(transaction: &Transaction, consumed: &[Output]) -> bool {
    let block = |place: usize| match transaction.unlock_blocks[place] {
        UnlockBlock::Signature { .. } => place,
        UnlockBlock::Reference(earlier) => usize::from(earlier),
    };
    let places = 0..consumed.len();
    let mut pairs = places.clone().flat_map(|left| places.clone().map(move |right| (left, right)));
    pairs
        .any(|(left, right)| consumed[left].address == consumed[right].address && block(left) != block(right))
}
