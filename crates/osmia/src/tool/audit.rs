//! `osmia tool audit`: whether everything in a data folder fits together.

use std::path::Path;

use osmia_chrysalis::ledger::{self, AuditReport as LedgerReport};
use osmia_chrysalis::{Message, Payload, TOKEN_SUPPLY};
use osmia_engine::genesis;
use osmia_engine::ledger::StoreLedger;
use osmia_engine::milestones::{self, StoredMilestone};
use osmia_primitives::{MilestoneIndex, blake2b, hex};
use osmia_store::{AuditReport as StoreReport, Reader, Store, StoreError, StoreOptions};

use crate::data_folder::{DataFolder, FolderError};
use crate::failure::Failure;
use crate::limits::AUDIT_FINDINGS_MAX;

/// What an audit found. The names are those of the JSON form.
#[derive(Debug, serde::Serialize)]
pub(crate) struct Report {
    is_clean: bool,
    milestone: u32,
    messages: u64,
    referenced_messages: u64,
    entry_points: u64,
    children_rows: u64,
    index_rows: u64,
    milestones: u64,
    outputs: u64,
    unspent_outputs: u64,
    addresses: u64,
    output_funds: u64,
    treasury_funds: u64,
    supply: u64,
    ledger_hash: String,
    findings_total: u64,
    findings: Vec<String>,
}

/// Audits the database of the folder `data`.
///
/// # Errors
/// When the folder is not a network's, is in use or cannot be read. What does not fit is a finding, not an error.
pub(crate) fn run(data: &Path) -> Result<Report, Failure> {
    let path = std::path::absolute(data)?;
    let folder = DataFolder::open(&path)?.ok_or_else(|| FolderError::Empty(path.clone()))?;
    if !folder.database().exists() {
        return Err(FolderError::Empty(path).into());
    }
    let store = Store::open(&folder.database(), &StoreOptions::small_machine())?;
    if !genesis::is_loaded(&store)? {
        return Err(FolderError::Unfinished(path).into());
    }
    let report = audit(&store)?;
    store.close()?;
    Ok(report)
}

fn audit(store: &Store) -> Result<Report, StoreError> {
    let stored = store.audit()?;
    let reader = store.snapshot();
    let ledger = ledger::audit(&StoreLedger(&reader))?;
    let confirmed = osmia_engine::ledger::index(&reader)?;
    let mut milestones = Milestones::default();
    milestones.check(&reader, confirmed)?;
    let ledger_hash = ledger_hash(&reader)?;
    Ok(Report { ledger_hash, ..Report::of(&stored, &ledger, milestones, confirmed) })
}

/// A hash over every row of the ledger's outputs in the order of their ids, hexadecimal: nodes with the same history have
/// the same. Each row is hashed with the hash of those before it (BLAKE2b-256 of hash ‖ key ‖ value, beginning with 32 zero
/// bytes).
fn ledger_hash(reader: &Reader<'_>) -> Result<String, StoreError> {
    let mut hash = [0; 32];
    for row in reader.scan(osmia_store::Table::Outputs, osmia_store::ScanRange::all()) {
        let (key, value) = row?;
        hash = blake2b::hash_parts(&[&hash, &key, &value]);
    }
    Ok(hex::encode(&hash))
}

/// The chain of milestones.
#[derive(Default)]
struct Milestones {
    findings_total: u64,
    findings: Vec<String>,
}

impl Milestones {
    /// Every milestone from the first stored one to the newest is there, in the message that its row names; at most
    /// the newest is not confirmed yet. The first one follows the snapshot, unless older ones were pruned.
    fn check(&mut self, reader: &Reader<'_>, confirmed: MilestoneIndex) -> Result<(), StoreError> {
        let first = reader.first(osmia_store::Table::Milestones)?;
        let first = first.and_then(|(key, _)| key.first_chunk().map(|bytes| u32::from_be_bytes(*bytes)));
        let snapshot = osmia_engine::snapshot::snapshot_index(reader)?.unwrap_or_default().0;
        let latest = milestones::latest(reader)?.map_or(snapshot, |latest| latest.index.0);
        if latest < confirmed.0 || latest > confirmed.0.saturating_add(1) {
            self.find(format!("the ledger is at milestone {confirmed}, the newest milestone is {latest}"));
        }
        for index in first.unwrap_or_else(|| snapshot.saturating_add(1))..=latest {
            match milestones::find(reader, MilestoneIndex(index))? {
                Some(milestone) => self.check_message(reader, &milestone)?,
                None => self.find(format!("milestone {index} is missing")),
            }
        }
        Ok(())
    }

    fn check_message(&mut self, reader: &Reader<'_>, stored: &StoredMilestone) -> Result<(), StoreError> {
        let vertex = reader.vertex(stored.arrival)?;
        let message = vertex.and_then(|vertex| Message::parse(&vertex.bytes).ok());
        let payload = message.and_then(|message| message.payload);
        let fits = match payload {
            Some(Payload::Milestone(milestone)) => {
                milestone.index == stored.index && milestone.id() == stored.milestone_id
            }
            Some(Payload::Transaction(_) | Payload::Indexation(_)) | None => false,
        };
        if !fits || reader.arrival(&stored.message_id)? != Some(stored.arrival) {
            self.find(format!("the message of milestone {} does not carry it", stored.index));
        }
        Ok(())
    }

    fn find(&mut self, finding: String) {
        self.findings_total += 1;
        if self.findings.len() < AUDIT_FINDINGS_MAX {
            self.findings.push(finding);
        }
    }
}

impl Report {
    fn of(
        stored: &StoreReport,
        ledger: &LedgerReport,
        milestones: Milestones,
        confirmed: MilestoneIndex,
    ) -> Self {
        let funds = |sum: u128| u64::try_from(sum).unwrap_or(u64::MAX);
        let findings_total = stored.findings_total + ledger.problem_count + milestones.findings_total;
        let mut findings: Vec<String> = stored.findings.iter().map(ToString::to_string).collect();
        findings.extend(ledger.problems.iter().map(ToString::to_string));
        findings.extend(milestones.findings);
        findings.truncate(AUDIT_FINDINGS_MAX);
        Self {
            is_clean: findings_total == 0,
            milestone: confirmed.0,
            messages: stored.messages,
            referenced_messages: stored.referenced,
            entry_points: stored.entry_points,
            children_rows: stored.children,
            index_rows: stored.index_rows,
            milestones: stored.milestones,
            outputs: ledger.outputs,
            unspent_outputs: ledger.unspent_outputs,
            addresses: ledger.addresses,
            output_funds: funds(ledger.output_funds),
            treasury_funds: funds(ledger.treasury_funds),
            supply: TOKEN_SUPPLY,
            ledger_hash: String::new(),
            findings_total,
            findings,
        }
    }

    /// Whether everything fits.
    pub(crate) const fn is_clean(&self) -> bool {
        self.is_clean
    }

    /// The report as JSON.
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("because the report is plain data") + "\n"
    }

    /// The report for a person.
    pub(crate) fn to_text(&self) -> String {
        let mut text = format!(
            "milestone    {}, {} stored\n\
             messages     {}, {} of them referenced by milestones\n\
             rows         {} children, {} index, {} entry points\n\
             outputs      {}, {} of them unspent, on {} addresses\n\
             funds        {} in outputs, {} in the treasury, supply {}\n\
             ledger hash  {}\n",
            self.milestone,
            self.milestones,
            self.messages,
            self.referenced_messages,
            self.children_rows,
            self.index_rows,
            self.entry_points,
            self.outputs,
            self.unspent_outputs,
            self.addresses,
            self.output_funds,
            self.treasury_funds,
            self.supply,
            self.ledger_hash,
        );
        if self.is_clean {
            text += "clean: everything fits together\n";
            return text;
        }
        for finding in &self.findings {
            text += &format!("finding: {finding}\n");
        }
        let hidden = self.findings_total.saturating_sub(self.findings.len() as u64);
        if hidden > 0 {
            text += &format!("and {hidden} more\n");
        }
        text += &format!(
            "{} findings: restore the folder from a copy, or begin a new network with --reset\n",
            self.findings_total
        );
        text
    }
}
