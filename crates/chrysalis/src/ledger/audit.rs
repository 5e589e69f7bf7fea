//! The audit: whether all rows of a ledger agree with each other and with the supply.

mod passes;

use osmia_primitives::MilestoneIndex;

use super::balance::Balance;
use super::limits::AUDIT_PROBLEMS_MAX;
use super::{LedgerRead, LedgerTable};
use crate::{Address, OutputId};

/// What an audit found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditReport {
    /// Outputs, spent ones included.
    pub outputs: u64,
    /// Unspent outputs.
    pub unspent_outputs: u64,
    /// Addresses with a balance.
    pub addresses: u64,
    /// Milestones with a diff.
    pub diffs: u64,
    /// Tokens in unspent outputs.
    pub output_funds: u128,
    /// Tokens in unspent treasury outputs.
    pub treasury_funds: u128,
    /// How many problems there are.
    pub problem_count: u64,
    /// The first problems, [`AUDIT_PROBLEMS_MAX`] at most.
    pub problems: Vec<Problem>,
}

/// A contradiction in a ledger.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A row is not of the format of its table.
    #[error("row {key:02x?} of {table:?} cannot be read: {problem}")]
    Unreadable {
        /// The table.
        table: LedgerTable,
        /// The key of the row.
        key: Vec<u8>,
        /// What is wrong.
        problem: &'static str,
    },
    /// Unspent outputs and treasury do not sum up to the supply.
    #[error("outputs and treasury hold {found} tokens, the supply is {expected}")]
    Supply {
        /// The supply.
        expected: u64,
        /// The sum.
        found: u128,
    },
    /// An output is missing in the list of its address, or stands there as spent and as unspent.
    #[error("output {id} stands {count} times in the list of its address")]
    AddressRows {
        /// The output.
        id: OutputId,
        /// How often it stands there: 0 or 2.
        count: u8,
    },
    /// An output stands in the list of its address as spent while it is unspent, or the other way round.
    #[error("output {id} stands in the list of its address with the wrong spent state")]
    SpentState {
        /// The output.
        id: OutputId,
    },
    /// A list of an address names an output that does not exist.
    #[error("the list of {address:?} names output {id}, which does not exist")]
    OutputMissing {
        /// The address.
        address: Address,
        /// The output.
        id: OutputId,
    },
    /// A list of an address describes an output otherwise than it is.
    #[error("the list of {address:?} has output {id} with another address, kind, milestone or spent state")]
    AddressRowDiffers {
        /// The address.
        address: Address,
        /// The output.
        id: OutputId,
    },
    /// A balance is not what the unspent outputs of its address sum up to.
    #[error("the balance of {address:?} is {stored:?}, its outputs sum up to {computed:?}")]
    Balance {
        /// The address.
        address: Address,
        /// The stored balance; zero when there is no row.
        stored: Balance,
        /// The sum of the outputs.
        computed: Balance,
    },
    /// A row holds a balance of zero.
    #[error("the balance of {address:?} is zero, but has a row")]
    ZeroBalance {
        /// The address.
        address: Address,
    },
    /// There is not exactly one unspent treasury output.
    #[error("there are {found} unspent treasury outputs")]
    UnspentTreasuries {
        /// How many there are.
        found: u64,
    },
    /// The diff of a milestone names an output that does not exist.
    #[error("the diff of milestone {milestone} names output {id}, which does not exist")]
    DiffOutputMissing {
        /// The milestone.
        milestone: MilestoneIndex,
        /// The output.
        id: OutputId,
    },
    /// The diff of a milestone names an output that another milestone created or spent.
    #[error("the diff of milestone {milestone} names output {id}, which says otherwise")]
    DiffOutputDiffers {
        /// The milestone.
        milestone: MilestoneIndex,
        /// The output.
        id: OutputId,
    },
    /// The diff of a milestone names a treasury output that does not exist.
    #[error("the diff of milestone {milestone} names a treasury output that does not exist")]
    DiffTreasuryMissing {
        /// The milestone.
        milestone: MilestoneIndex,
    },
}

impl AuditReport {
    /// Whether the ledger has no problem.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.problem_count == 0
    }

    fn add(&mut self, problem: Problem) {
        self.problem_count += 1;
        if self.problems.len() < AUDIT_PROBLEMS_MAX {
            self.problems.push(problem);
        }
    }
}

/// Reads the whole ledger and compares everything that is stored twice. Problems are data in the report, not errors.
///
/// Memory: bounded, whatever the size of the ledger, but for the largest row of a milestone's diff. Reads: every row
/// about three times.
///
/// # Errors
/// When the ledger cannot be read.
pub fn audit<L: LedgerRead>(ledger: &L) -> Result<AuditReport, L::Error> {
    let mut report = AuditReport::default();
    passes::outputs(ledger, &mut report)?;
    let with_balance = passes::address_outputs(ledger, &mut report)?;
    passes::balances(ledger, with_balance, &mut report)?;
    passes::treasury(ledger, &mut report)?;
    passes::supply(&mut report);
    passes::diffs(ledger, &mut report)?;
    passes::receipts(ledger, &mut report)?;
    Ok(report)
}
