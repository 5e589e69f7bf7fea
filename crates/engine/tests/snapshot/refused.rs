//! Files that contradict the network, each other or themselves, with what is told about it.

use osmia_chrysalis::ledger::Contradiction;
use osmia_chrysalis::limits::TOKEN_SUPPLY;
use osmia_chrysalis::snapshot::{
    MilestoneDiff, SnapshotError, SnapshotHeader, SnapshotOutput, SnapshotSpent, SnapshotTreasury,
};
use osmia_chrysalis::{Output, OutputId, OutputKind};
use osmia_engine::snapshot::{CHUNK_OUTPUTS, LoadError, SnapshotFile};
use osmia_primitives::{MessageId, MilestoneId, MilestoneIndex, TransactionId};
use osmia_store::Store;

use crate::history::{History, LAST, address, entry_points, header, load, write};

/// A history with a milestone that creates, consumes and migrates.
fn eventful() -> (History, u32) {
    let is_eventful = |diff: &MilestoneDiff| {
        diff.milestone.receipt.is_some() && !diff.created.is_empty() && !diff.consumed.is_empty()
    };
    let found = (0..100).find_map(|seed| {
        let history = History::random(seed);
        (2..LAST).find(|index| is_eventful(&history.diff(*index))).map(|index| (history, index))
    });
    found.unwrap()
}

fn outputs(history: &History, index: u32) -> Vec<SnapshotOutput> {
    let unspent = history.ledger(index).unspent.iter();
    unspent
        .map(|(id, unspent)| SnapshotOutput {
            message_id: unspent.message_id,
            output_id: *id,
            output: unspent.output,
        })
        .collect()
}

fn single(amount: u64) -> Output {
    Output { kind: OutputKind::SigLockedSingle, address: address(0), amount }
}

/// The output under another name.
fn numbered(output: &SnapshotOutput, number: u64) -> SnapshotOutput {
    let mut numbered = *output;
    numbered.output_id.transaction_id.0[..8].copy_from_slice(&number.to_le_bytes());
    numbered
}

fn refusal(full: &[u8], delta: Option<&[u8]>) -> LoadError {
    let store = Store::in_memory().unwrap();
    let error = load(&store, full, delta).unwrap_err();
    assert!(!osmia_engine::snapshot::is_loaded(&store).unwrap());
    let text = error.to_string();
    assert!(text.contains(": ") || text.contains("; "), "no next step: {text}");
    error
}

type Change<'a> = &'a dyn Fn(&mut MilestoneDiff);

/// How a delta file contradicts the ledger whose milestone `index` was changed.
fn applied(history: &History, index: u32, change: Change<'_>) -> Contradiction {
    let mut diff = history.diff(index);
    change(&mut diff);
    let delta = write(header(index - 1, index, None), &[], &[diff]);
    let error = refusal(&history.full(index - 1, index - 1), Some(&delta));
    contradiction(error, SnapshotFile::Delta, index)
}

/// How a full file contradicts the ledger whose milestone `index` was changed.
fn taken_back(history: &History, index: u32, change: Change<'_>) -> Contradiction {
    let mut diff = history.diff(index);
    change(&mut diff);
    let header = header(index, index - 1, Some(history.treasury(index)));
    let full = write(header, &outputs(history, index), &[diff]);
    contradiction(refusal(&full, None), SnapshotFile::Full, index)
}

fn contradiction(error: LoadError, expected: SnapshotFile, index: u32) -> Contradiction {
    let text = error.to_string();
    let LoadError::Milestone { file, milestone, source } = error else { panic!("{text}") };
    assert_eq!((file, milestone), (expected, MilestoneIndex(index)));
    source
}

/// Changes that are found in both directions alike.
fn both(history: &History, index: u32, change: Change<'_>) -> Contradiction {
    let found = applied(history, index, change);
    assert_eq!(found, taken_back(history, index, change));
    found
}

#[test]
fn headers_that_do_not_fit_are_refused_before_anything_is_written() {
    let history = History::random(1);
    let (full, delta) = (history.full(3, 2), history.delta(2, 4));

    let mut foreign = full.clone();
    foreign[10] ^= 1;
    assert!(matches!(refusal(&foreign, None), LoadError::OtherNetwork { file: SnapshotFile::Full, .. }));
    let mut foreign = delta.clone();
    foreign[10] ^= 1;
    let error = refusal(&full, Some(&foreign));
    assert!(matches!(error, LoadError::OtherNetwork { file: SnapshotFile::Delta, .. }));

    assert!(matches!(refusal(&delta, None), LoadError::OtherKind(SnapshotFile::Full)));
    assert!(matches!(refusal(&full, Some(&full)), LoadError::OtherKind(SnapshotFile::Delta)));

    let error = refusal(&full, Some(&history.delta(3, 4)));
    let expected = (MilestoneIndex(2), MilestoneIndex(3));
    assert!(matches!(error, LoadError::OtherBase { full, delta } if (full, delta) == expected), "{error}");

    let mut version = full.clone();
    version[0] = 2;
    let error = refusal(&version, None);
    assert!(matches!(error, LoadError::Snapshot { source: SnapshotError::Version(2), .. }), "{error}");

    for (file, count_at) in [(&full, 42), (&delta, 34)] {
        let mut wrong = file.clone();
        wrong[count_at] += 1;
        let error = if count_at == 42 { refusal(&wrong, None) } else { refusal(&full, Some(&wrong)) };
        assert!(matches!(error, LoadError::MilestoneCount { .. }), "{error}");
    }
}

#[test]
fn a_file_at_the_last_possible_milestone_or_without_entry_points_is_refused() {
    let history = History::random(1);
    let mut last = history.full(3, 3);
    last[18..26].fill(0xff);
    assert!(matches!(refusal(&last, None), LoadError::LastIndex(SnapshotFile::Full)));

    let mut none = history.full(3, 3);
    none.drain(90..90 + 32 * entry_points(3).len());
    none[26..34].fill(0);
    assert!(matches!(refusal(&none, None), LoadError::NoEntryPoints(SnapshotFile::Full)));
}

#[test]
fn repeated_entry_points_and_outputs_are_refused() {
    let history = History::random(1);
    let full = history.full(2, 2);
    let mut twice = full.clone();
    let first: Vec<u8> = full[90..122].to_vec();
    twice[122..154].copy_from_slice(&first);
    assert!(matches!(refusal(&twice, None), LoadError::EntryPointTwice { file: SnapshotFile::Full, .. }));

    let mut outputs = outputs(&history, 2);
    outputs.push(outputs[0]);
    let error = refusal(&write(header(2, 2, Some(history.treasury(2))), &outputs, &[]), None);
    let expected = Contradiction::OutputTwice(outputs[0].output_id);
    assert!(matches!(&error, LoadError::Outputs { source, .. } if *source == expected), "{error}");
}

#[test]
fn an_output_that_comes_again_a_chunk_later_is_refused() {
    let template = SnapshotOutput { output: single(1_000_000), ..outputs(&History::random(0), 0)[0] };
    let mut outputs: Vec<_> = (0..=CHUNK_OUTPUTS as u64).map(|number| numbered(&template, number)).collect();
    let last = outputs.len() - 1;
    outputs[last] = outputs[0];
    let amount = TOKEN_SUPPLY - outputs.len() as u64 * 1_000_000;
    let treasury = SnapshotTreasury { milestone_id: MilestoneId::NULL, amount };
    let error = refusal(&write(header(0, 0, Some(treasury)), &outputs, &[]), None);
    let expected = Contradiction::OutputExists(outputs[0].output_id);
    assert!(matches!(&error, LoadError::Outputs { source, .. } if *source == expected), "{error}");
}

#[test]
fn funds_that_are_not_the_supply_are_refused() {
    let history = History::random(1);
    let mut treasury = history.treasury(2);
    treasury.amount -= 1;
    let error = refusal(&write(header(2, 2, Some(treasury)), &outputs(&history, 2), &[]), None);
    let expected = u128::from(TOKEN_SUPPLY - 1);
    assert!(matches!(error, LoadError::Supply { got, .. } if got == expected), "{error}");
    // The same with milestones to take back: the sum is checked before them.
    let wrong = write(header(3, 2, Some(treasury)), &outputs(&history, 3), &[history.diff(3)]);
    assert!(matches!(refusal(&wrong, None), LoadError::Supply { .. }));
}

#[test]
fn balances_beyond_all_numbers_are_refused() {
    let history = History::random(1);
    let template = SnapshotOutput { output: single(TOKEN_SUPPLY), ..outputs(&history, 0)[0] };
    // 8 000 times the supply is more than 2^64.
    let outputs: Vec<_> = (0..8_000).map(|number| numbered(&template, number)).collect();
    let error = refusal(&write(header(0, 0, Some(history.treasury(0))), &outputs, &[]), None);
    let is_balance = |source: &Contradiction| matches!(source, Contradiction::Balance(_));
    assert!(matches!(&error, LoadError::Outputs { source, .. } if is_balance(source)), "{error}");
}

#[test]
fn milestones_out_of_order_are_refused() {
    let history = History::random(1);
    let mut diffs = [history.diff(3), history.diff(4)];
    let full_header: SnapshotHeader = header(4, 2, Some(history.treasury(4)));
    let full = write(full_header, &outputs(&history, 4), &diffs);
    let error = refusal(&full, None);
    let expected = (MilestoneIndex(4), MilestoneIndex(3));
    assert!(
        matches!(error, LoadError::MilestoneOrder { expected: e, got, .. } if (e, got) == expected),
        "{error}"
    );
    diffs.reverse();
    let delta = write(header(2, 4, None), &[], &diffs);
    let error = refusal(&history.full(2, 2), Some(&delta));
    let expected = (MilestoneIndex(3), MilestoneIndex(4));
    assert!(
        matches!(error, LoadError::MilestoneOrder { expected: e, got, .. } if (e, got) == expected),
        "{error}"
    );
}

#[test]
fn outputs_must_be_there_to_leave_and_must_not_be_there_to_come() {
    let (history, index) = eventful();
    // Changing the name of an output keeps the sums.
    let other = OutputId { transaction_id: TransactionId([0xaa; 32]), index: 0 };
    let consumed = applied(&history, index, &|diff| diff.consumed[0].output.output_id = other);
    assert_eq!(consumed, Contradiction::OutputMissing(other));
    let created = taken_back(&history, index, &|diff| diff.created[0].output_id = other);
    assert_eq!(created, Contradiction::OutputMissing(other));

    let (before, after) = (&history.ledger(index - 1).unspent, &history.ledger(index).unspent);
    let stays = *before.keys().find(|id| after.contains_key(*id)).unwrap();
    let created = applied(&history, index, &|diff| diff.created[0].output_id = stays);
    assert_eq!(created, Contradiction::OutputExists(stays));
    let consumed = taken_back(&history, index, &|diff| diff.consumed[0].output.output_id = stays);
    assert_eq!(consumed, Contradiction::OutputExists(stays));

    let consumed = history.diff(index).consumed[0].output.output_id;
    let renamed = applied(&history, index, &|diff| diff.consumed[0].output.message_id = MessageId([1; 32]));
    assert_eq!(renamed, Contradiction::OutputDiffers(consumed));
}

#[test]
fn an_output_that_passes_through_a_milestone_is_in_the_ledger_neither_before_nor_after() {
    let (history, index) = eventful();
    let (before, after) = (&history.ledger(index - 1).unspent, &history.ledger(index).unspent);
    let (stays, unspent) = before.iter().find(|(id, _)| after.contains_key(*id)).unwrap();
    let output = SnapshotOutput { message_id: unspent.message_id, output_id: *stays, output: unspent.output };
    let spent = SnapshotSpent { output, transaction_id: TransactionId([1; 32]) };
    let found = both(&history, index, &|diff| {
        diff.created.push(output);
        diff.consumed.push(spent);
    });
    assert_eq!(found, Contradiction::OutputExists(*stays));
    let found = both(&history, index, &|diff| {
        diff.created.push(output);
        diff.consumed.push(spent);
        diff.created.last_mut().unwrap().message_id = MessageId([1; 32]);
    });
    assert_eq!(found, Contradiction::OutputDiffers(*stays));
}

#[test]
fn milestones_that_make_or_destroy_tokens_are_refused() {
    let (history, index) = eventful();
    let made = both(&history, index, &|diff| diff.created[0].output.amount += 1);
    assert!(matches!(made, Contradiction::Funds { consumed, created } if created == consumed + 1), "{made}");
    let lost = both(&history, index, &|diff| diff.created.truncate(0));
    assert!(matches!(lost, Contradiction::Funds { .. }), "{lost}");
    let twice = both(&history, index, &|diff| {
        diff.consumed.push(diff.consumed[0]);
        let mut output = diff.created[0];
        output.output_id.transaction_id.0 = [0xbb; 32];
        output.output.amount = diff.consumed[0].output.output.amount;
        diff.created.push(output);
    });
    assert!(matches!(twice, Contradiction::OutputTwice(_)), "{twice}");
}

#[test]
fn a_treasury_that_is_not_the_one_of_the_ledger_is_refused() {
    let (history, index) = eventful();
    // Taken back, the name of the earlier treasury output is nobody's to check.
    let other =
        applied(&history, index, &|diff| diff.spent_treasury.as_mut().unwrap().milestone_id.0[0] ^= 1);
    assert!(matches!(other, Contradiction::Treasury { .. }), "{other}");
    let other = taken_back(&history, index, &|diff| diff.milestone.timestamp += 1);
    assert!(matches!(other, Contradiction::Treasury { .. }), "{other}");
    let amount = both(&history, index, &|diff| diff.spent_treasury.as_mut().unwrap().amount += 1);
    assert!(matches!(amount, Contradiction::Receipt(_)), "{amount}");
}

#[test]
fn counts_beyond_the_file_end_it_early() {
    let history = History::random(1);
    let full = history.full(2, 2);
    for at in [26, 34] {
        let mut huge = full.clone();
        huge[at..at + 8].fill(0xff);
        let error = refusal(&huge, None);
        assert!(
            matches!(
                error,
                LoadError::Snapshot {
                    source: SnapshotError::Truncated { .. } | SnapshotError::Syntax { .. },
                    ..
                }
            ),
            "{error}"
        );
    }
}
