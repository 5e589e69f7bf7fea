//! The audit: does everything in the store fit together? Reads every row of this crate's tables once, in the order
//! of keys, with bounded memory. What parents a message names is not decoded here; children rows must lead from and to
//! something stored.

use osmia_primitives::{MessageId, MilestoneIndex, blake2b, hex};

use crate::cone;
use crate::error::StoreError;
use crate::keys::{self, ID_PREFIX_BYTES};
use crate::limits::{FINDINGS_MAX, PAGE_ARRIVALS, READ_ROWS_MAX, RUNS_MAX};
use crate::page::Page;
use crate::reader::Reader;
use crate::scan::{Row, ScanRange};
use crate::store::Store;
use crate::table::Table;
use crate::vertex::{Arrival, FIRST_ARRIVAL};

/// What an audit found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditReport {
    /// Messages stored.
    pub messages: u64,
    /// Entry points stored.
    pub entry_points: u64,
    /// Children rows.
    pub children: u64,
    /// Index rows.
    pub index_rows: u64,
    /// Milestones known.
    pub milestones: u64,
    /// Messages that milestones referenced.
    pub referenced: u64,
    /// How many things do not fit.
    pub findings_total: u64,
    /// The first [`FINDINGS_MAX`] of them.
    pub findings: Vec<Finding>,
}

impl AuditReport {
    /// Whether everything fits.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.findings_total == 0
    }

    fn find(&mut self, table: Table, key: &[u8], problem: Problem) {
        self.findings_total += 1;
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(Finding { table, key: key.to_vec(), problem });
        }
    }
}

/// A row that does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("table {}, row {}: {problem}", table.name(), hex::encode(key))]
pub struct Finding {
    /// Its table.
    pub table: Table,
    /// Its key; empty when the table as a whole is meant.
    pub key: Vec<u8>,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Key or value do not have the table's form.
    #[error("the row does not have the form of its table")]
    Malformed,
    /// A message or entry point cannot be found by its id.
    #[error("no id leads to it")]
    NotFoundById,
    /// The row of an id leads to something with another id.
    #[error("it leads to {0}, which has another id")]
    WrongId(Arrival),
    /// The row leads to a message or entry point that is not stored.
    #[error("it leads to {0}, which is missing")]
    MissingMessage(Arrival),
    /// A parent does not have a smaller number than its child.
    #[error("the parent did not arrive before the child")]
    ParentNotSmaller,
    /// The row names a milestone that is not stored.
    #[error("it names milestone {0}, which is missing")]
    MissingMilestone(MilestoneIndex),
    /// A cone lists a message whose position names another milestone, or none.
    #[error("it lists {0}, whose position does not name this milestone")]
    PositionDiffers(Arrival),
    /// Positions name more messages than cones list, or fewer.
    #[error("positions name {positions} messages, cones list {listed}")]
    CountsDiffer {
        /// Messages with a position.
        positions: u64,
        /// Messages listed by cones.
        listed: u64,
    },
    /// The rows have more gaps than an audit keeps track of; it takes the later ones for present.
    #[error("the numbers have too many gaps")]
    TooManyGaps,
}

/// Ascending numbers as runs of consecutive ones.
#[derive(Debug, Default)]
struct Runs {
    runs: Vec<(u64, u64)>,
    has_overflowed: bool,
}

impl Runs {
    /// Adds a number larger than every one before.
    fn push(&mut self, number: u64) {
        let count = self.runs.len();
        match self.runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(number) => *last = number,
            Some((_, last)) if count >= RUNS_MAX => {
                self.has_overflowed = true;
                *last = number;
            }
            Some(_) | None => self.runs.push((number, number)),
        }
    }

    fn contains(&self, number: u64) -> bool {
        let after = self.runs.partition_point(|(first, _)| *first <= number);
        after.checked_sub(1).and_then(|place| self.runs.get(place)).is_some_and(|(_, last)| number <= *last)
    }
}

struct Audit<'a> {
    reader: &'a Reader<'a>,
    report: AuditReport,
    /// Messages and entry points.
    stored: Runs,
    milestones: Runs,
}

impl Store {
    /// Whether everything in the store fits together, at the latest commit. Takes about as long as reading the whole
    /// store from the disk.
    ///
    /// # Errors
    /// When the store cannot be read. What does not fit is a finding, not an error.
    pub fn audit(&self) -> Result<AuditReport, StoreError> {
        let reader = self.snapshot();
        let mut audit = Audit {
            reader: &reader,
            report: AuditReport::default(),
            stored: Runs::default(),
            milestones: Runs::default(),
        };
        audit.entry_points()?;
        audit.messages()?;
        audit.milestones()?;
        audit.ids()?;
        audit.children()?;
        audit.index()?;
        let listed = audit.cones()?;
        audit.positions(listed)?;
        Ok(audit.report)
    }
}

impl Audit<'_> {
    /// Gives the rows of a table to `visit` in groups of bounded size.
    fn groups(
        &mut self,
        table: Table,
        mut visit: impl FnMut(&mut Self, &[Row]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let reader = self.reader;
        let mut scan = reader.scan_uncached(table, ScanRange::all());
        loop {
            let group = scan.by_ref().take(READ_ROWS_MAX).collect::<Result<Vec<Row>, StoreError>>()?;
            if group.is_empty() {
                return Ok(());
            }
            visit(self, &group)?;
        }
    }

    fn malformed(&mut self, table: Table, key: &[u8]) {
        self.report.find(table, key, Problem::Malformed);
    }

    fn entry_points(&mut self) -> Result<(), StoreError> {
        self.groups(Table::EntryPoints, |audit, rows| {
            for (key, value) in rows {
                let number = keys::last_arrival(key, 8).filter(|number| number.is_entry_point());
                let Some(entry) = number.and_then(|number| keys::parse_entry_point(number, value)) else {
                    audit.malformed(Table::EntryPoints, key);
                    continue;
                };
                audit.stored.push(entry.number.0);
                audit.report.entry_points += 1;
                // An entry point may have been given a newer number, or have become a message.
                if audit.found(&entry.id)?.is_none() {
                    audit.report.find(Table::EntryPoints, key, Problem::NotFoundById);
                }
            }
            Ok(())
        })
    }

    /// Where an id leads; a dangling row leads nowhere.
    fn found(&self, id: &MessageId) -> Result<Option<Arrival>, StoreError> {
        match self.reader.arrival(id) {
            Err(StoreError::Damaged { .. }) => Ok(None),
            other => other,
        }
    }

    fn messages(&mut self) -> Result<(), StoreError> {
        self.groups(Table::Log, Self::message_group)?;
        if self.stored.has_overflowed {
            self.report.find(Table::Log, &[], Problem::TooManyGaps);
        }
        Ok(())
    }

    fn message_group(&mut self, rows: &[Row]) -> Result<(), StoreError> {
        let bytes: Vec<&[u8]> = rows.iter().map(|(_, value)| value.get(1..).unwrap_or(&[])).collect();
        let ids: Vec<_> = blake2b::hash_many(&bytes).into_iter().map(MessageId).collect();
        let prefixes: Vec<_> = ids.iter().map(keys::id_prefix).collect();
        let mut firsts = Vec::with_capacity(rows.len());
        self.reader.get_many_with(Table::Ids, &prefixes, false, |row| {
            firsts.push(row.and_then(keys::arrival_value));
        })?;
        for (((key, value), id), first) in rows.iter().zip(&ids).zip(firsts) {
            let arrival = keys::last_arrival(key, 8).filter(|arrival| !arrival.is_entry_point());
            let Some(arrival) = arrival.filter(|_| value.len() > 1) else {
                self.malformed(Table::Log, key);
                continue;
            };
            self.stored.push(arrival.0);
            self.report.messages += 1;
            if first != Some(arrival) && self.found(id)? != Some(arrival) {
                self.report.find(Table::Log, key, Problem::NotFoundById);
            }
        }
        Ok(())
    }

    fn milestones(&mut self) -> Result<(), StoreError> {
        self.groups(Table::Milestones, |audit, rows| {
            for (key, _) in rows {
                let Ok(index) = <[u8; 4]>::try_from(&key[..]) else {
                    audit.malformed(Table::Milestones, key);
                    continue;
                };
                audit.milestones.push(u64::from(u32::from_be_bytes(index)));
                audit.report.milestones += 1;
            }
            Ok(())
        })
    }

    /// Every message was found by its id, so only surplus rows can be wrong: they show in the count, and only then
    /// is each row followed.
    fn ids(&mut self) -> Result<(), StoreError> {
        let mut to_messages = 0_u64;
        let mut has_missing = false;
        self.groups(Table::Ids, |audit, rows| {
            for (key, value) in rows {
                let Some(arrival) = keys::arrival_value(value).filter(|_| is_id_key(key)) else {
                    audit.malformed(Table::Ids, key);
                    continue;
                };
                if !audit.stored.contains(arrival.0) {
                    has_missing = true;
                    audit.report.find(Table::Ids, key, Problem::MissingMessage(arrival));
                }
                to_messages += u64::from(!arrival.is_entry_point());
            }
            Ok(())
        })?;
        if to_messages != self.report.messages || has_missing || self.report.entry_points > 0 {
            self.follow_ids(to_messages == self.report.messages && !has_missing)?;
        }
        Ok(())
    }

    fn follow_ids(&mut self, only_entry_points: bool) -> Result<(), StoreError> {
        self.groups(Table::Ids, |audit, rows| {
            let leads = rows.iter().filter_map(|(key, value)| Some((key, keys::arrival_value(value)?)));
            let leads: Vec<_> = leads
                .filter(|(key, arrival)| is_id_key(key) && (!only_entry_points || arrival.is_entry_point()))
                .collect();
            let arrivals: Vec<Arrival> = leads.iter().map(|(_, arrival)| *arrival).collect();
            for ((key, arrival), id) in leads.iter().zip(audit.reader.ids_of(&arrivals)?) {
                if id.is_some_and(|id| !id.0.starts_with(key)) {
                    audit.report.find(Table::Ids, key, Problem::WrongId(*arrival));
                }
            }
            Ok(())
        })
    }

    fn children(&mut self) -> Result<(), StoreError> {
        self.groups(Table::Children, |audit, rows| {
            for (key, _) in rows {
                let ends = key.first_chunk().map(|parent| Arrival(u64::from_be_bytes(*parent)));
                let (Some(parent), Some(child)) = (ends, keys::last_arrival(key, 16)) else {
                    audit.malformed(Table::Children, key);
                    continue;
                };
                audit.report.children += 1;
                for end in [parent, child] {
                    audit.expect_stored(Table::Children, key, end);
                }
                if parent >= child {
                    audit.report.find(Table::Children, key, Problem::ParentNotSmaller);
                }
            }
            Ok(())
        })
    }

    fn index(&mut self) -> Result<(), StoreError> {
        self.groups(Table::Index, |audit, rows| {
            for (key, _) in rows {
                let Some(arrival) = keys::last_arrival(key, 24) else {
                    audit.malformed(Table::Index, key);
                    continue;
                };
                audit.report.index_rows += 1;
                audit.expect_stored(Table::Index, key, arrival);
            }
            Ok(())
        })
    }

    fn expect_stored(&mut self, table: Table, key: &[u8], arrival: Arrival) {
        if !self.stored.contains(arrival.0) {
            self.report.find(table, key, Problem::MissingMessage(arrival));
        }
    }

    fn expect_milestone(&mut self, table: Table, key: &[u8], milestone: MilestoneIndex) {
        if !self.milestones.contains(u64::from(milestone.0)) {
            self.report.find(table, key, Problem::MissingMilestone(milestone));
        }
    }

    /// Every cone lists stored messages whose positions name its milestone. Returns how many are listed.
    fn cones(&mut self) -> Result<u64, StoreError> {
        let mut listed = 0;
        self.groups(Table::Cones, |audit, rows| {
            for (key, value) in rows {
                let mut arrivals = Vec::new();
                let milestone = key.first_chunk().filter(|_| key.len() == 8).copied().map(u32::from_be_bytes);
                let parsed = cone::parse(value, &mut arrivals);
                let (Some(milestone), Some(())) = (milestone.map(MilestoneIndex), parsed) else {
                    audit.malformed(Table::Cones, key);
                    continue;
                };
                listed += arrivals.len() as u64;
                audit.expect_milestone(Table::Cones, key, milestone);
                audit.cone_chunk(key, milestone, &arrivals)?;
            }
            Ok(())
        })?;
        Ok(listed)
    }

    fn cone_chunk(
        &mut self,
        key: &[u8],
        milestone: MilestoneIndex,
        arrivals: &[Arrival],
    ) -> Result<(), StoreError> {
        let positions = match self.reader.positions(arrivals) {
            Err(StoreError::Damaged { .. }) => vec![None; arrivals.len()],
            other => other?,
        };
        for (arrival, position) in arrivals.iter().zip(positions) {
            self.expect_stored(Table::Cones, key, *arrival);
            if position.map(|position| position.milestone) != Some(milestone) {
                self.report.find(Table::Cones, key, Problem::PositionDiffers(*arrival));
            }
        }
        Ok(())
    }

    fn positions(&mut self, listed: u64) -> Result<(), StoreError> {
        let mut latest = MilestoneIndex(0);
        self.groups(Table::Positions, |audit, rows| {
            for (key, value) in rows {
                let number = keys::last_arrival(key, 8).map(|number| number.0);
                let first = number.and_then(|number| number.checked_mul(PAGE_ARRIVALS as u64));
                let first = first.filter(|first| *first >= FIRST_ARRIVAL.0);
                let (Some(first), Some(page)) = (first, Page::parse(value)) else {
                    audit.malformed(Table::Positions, key);
                    continue;
                };
                for (in_page, number) in (0..PAGE_ARRIVALS).zip(first..) {
                    let Some(position) = page.get(in_page) else { continue };
                    audit.report.referenced += 1;
                    audit.expect_stored(Table::Positions, key, Arrival(number));
                    if position.milestone != latest {
                        audit.expect_milestone(Table::Positions, key, position.milestone);
                        latest = position.milestone;
                    }
                }
            }
            Ok(())
        })?;
        let positions = self.report.referenced;
        if positions != listed {
            self.report.find(Table::Positions, &[], Problem::CountsDiffer { positions, listed });
        }
        Ok(())
    }
}

fn is_id_key(key: &[u8]) -> bool {
    [ID_PREFIX_BYTES, 32].contains(&key.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_hold_exactly_the_numbers_pushed() {
        let mut runs = Runs::default();
        let numbers = [3, 4, 5, 9, 11, 12, u64::MAX];
        for number in numbers {
            runs.push(number);
        }
        assert_eq!(runs.runs.len(), 4);
        for number in (0..20).chain([u64::MAX - 1, u64::MAX]) {
            assert_eq!(runs.contains(number), numbers.contains(&number), "{number}");
        }
    }
}
