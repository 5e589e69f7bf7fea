//! What is fuzzed: each function takes any bytes and panics when something that must hold does not.

use osmia_chrysalis::json::{message_to_json, submitted_message};
use osmia_chrysalis::ledger::{
    DamagedRow, Direction, ImportError, MemoryLedger, Problem, audit, check_no_outputs, import_milestone,
    import_outputs, import_treasury, remove_outputs,
};
use osmia_chrysalis::snapshot::{SnapshotItem, SnapshotKind, SnapshotReader, SnapshotWriter};
use osmia_chrysalis::{Address, Message};
use osmia_primitives::{MilestoneIndex, NetworkId};

/// A message is refused, or the bytes are its only form, in bytes and through JSON.
pub fn message_parse(input: &[u8]) {
    let Ok(message) = Message::parse(input) else { return };
    assert_eq!(message.pack(), input, "two forms of one message");
    assert_eq!(message.validate(), Ok(()), "the rules differ between bytes and values");
    let text = message_to_json(&message).to_string();
    let submitted = submitted_message(text.as_bytes()).expect("because we wrote the text");
    assert_eq!(submitted.payload, message.payload);
    assert_eq!(submitted.parents.as_deref(), Some(message.parents.as_slice()));
    assert_eq!(submitted.nonce, Some(message.nonce));
    if message.network_id != NetworkId(0) {
        assert_eq!(submitted.into_message().ok().as_ref(), Some(&message));
    }
}

/// A submitted body is refused, or what it holds can be packed and is read back from bytes and JSON alike.
pub fn json_body(input: &[u8]) {
    let Ok(submitted) = submitted_message(input) else { return };
    let Ok(message) = submitted.into_message() else { return };
    let bytes = message.pack();
    assert_eq!(Message::parse(&bytes).as_ref(), Ok(&message), "JSON makes what bytes cannot");
    message_parse(&bytes);
}

/// A snapshot file is refused, or writing what it holds gives the same bytes; and its ledger, as far as the file does not
/// contradict itself, is sound.
pub fn snapshot_reader(input: &[u8]) {
    snapshot_import(input);
    let Ok(mut reader) = SnapshotReader::open(input) else { return };
    let memory = std::io::Cursor::new(Vec::new());
    let mut writer =
        SnapshotWriter::create(memory, *reader.header()).expect("because the reader took the header");
    while let Ok(item) = reader.next_item() {
        let written = match item {
            Some(SnapshotItem::EntryPoint(id)) => writer.entry_point(&id),
            Some(SnapshotItem::Output(output)) => writer.output(&output),
            Some(SnapshotItem::MilestoneDiff(diff)) => writer.milestone_diff(&diff),
            None => {
                let memory = writer.finish().expect("because memory does not fail");
                assert_eq!(memory.into_inner(), input, "two forms of one file");
                return;
            }
        };
        written.expect("because the reader gave it at its place");
    }
}

/// Loads a ledger until the file ends or contradicts itself. Whether the sum is the supply is another check.
fn snapshot_import(input: &[u8]) {
    let Ok(mut reader) = SnapshotReader::open(input) else { return };
    let SnapshotKind::Full { treasury, .. } = reader.header().kind else { return };
    let mut ledger = MemoryLedger::new();
    ledger.write([import_treasury(&treasury)]);
    while let Ok(Some(item)) = reader.next_item() {
        if import_item(&mut ledger, item).is_err() {
            return;
        }
    }
    let report = audit(&ledger).expect("because memory does not fail");
    let is_sound = |problem: &Problem| matches!(problem, Problem::Supply { .. });
    assert!(report.problems.iter().all(is_sound), "{report:?}");
}

fn import_item(ledger: &mut MemoryLedger, item: SnapshotItem) -> Result<(), ImportError<DamagedRow>> {
    let index = MilestoneIndex(1);
    match item {
        SnapshotItem::EntryPoint(_) => {}
        SnapshotItem::Output(output) => {
            let rows = import_outputs(ledger, &[output], index)?;
            ledger.write(rows);
        }
        SnapshotItem::MilestoneDiff(diff) => {
            let moves = import_milestone(ledger, *diff, Direction::TakeBack)?;
            ledger.write(moves.rows);
            check_no_outputs(ledger, &moves.pass)?;
            let rows = remove_outputs(ledger, &moves.leave)?;
            ledger.write(rows);
            let rows = import_outputs(ledger, &moves.come, index)?;
            ledger.write(rows);
        }
    }
    Ok(())
}

/// A text is refused, or it is the address's text, in one case or the other.
pub fn bech32(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(address) = Address::from_bech32("iota", text) else { return };
    let back = address.to_bech32("iota").expect("because the prefix is valid");
    assert_eq!(back, text.to_lowercase());
}
