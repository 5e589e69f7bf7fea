//! Snapshot files: what is written is read back, what is damaged is refused.

use std::io::Cursor;

use osmia_chrysalis::limits::TOKEN_SUPPLY;
use osmia_chrysalis::snapshot::{
    DELTA_HEADER_BYTES, FULL_HEADER_BYTES, MilestoneDiff, SnapshotError, SnapshotHeader, SnapshotItem,
    SnapshotKind, SnapshotOutput, SnapshotReader, SnapshotSpent, SnapshotTreasury, SnapshotWriter, genesis,
};
use osmia_chrysalis::{Address, Output, OutputId, OutputKind};
use osmia_primitives::{MessageId, MilestoneId, MilestoneIndex, NetworkId, TransactionId, hex};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};

use crate::samples;
use crate::strategies::{address, milestone};

fn read_all(bytes: &[u8]) -> Result<(SnapshotHeader, Vec<SnapshotItem>), SnapshotError> {
    let mut reader = SnapshotReader::open(bytes)?;
    let header = *reader.header();
    let mut items = Vec::new();
    while let Some(item) = reader.next_item()? {
        items.push(item);
    }
    Ok((header, items))
}

fn write_all(header: SnapshotHeader, items: &[SnapshotItem]) -> Vec<u8> {
    let mut writer = SnapshotWriter::create(Cursor::new(Vec::new()), header).unwrap();
    for item in items {
        match item {
            SnapshotItem::EntryPoint(id) => writer.entry_point(id).unwrap(),
            SnapshotItem::Output(output) => writer.output(output).unwrap(),
            SnapshotItem::MilestoneDiff(diff) => writer.milestone_diff(diff).unwrap(),
        }
    }
    writer.finish().unwrap().into_inner()
}

/// A header whose counts the writer has to fill in.
fn header(kind: SnapshotKind, entry_points: u32, ledger: u32) -> SnapshotHeader {
    SnapshotHeader {
        timestamp: 1_600_000_000,
        network_id: NetworkId::of("private_tangle1"),
        entry_points_index: MilestoneIndex(entry_points),
        ledger_index: MilestoneIndex(ledger),
        entry_points: 0,
        milestone_diffs: 0,
        kind,
    }
}

fn full() -> SnapshotKind {
    SnapshotKind::Full {
        outputs: 0,
        treasury: SnapshotTreasury { milestone_id: MilestoneId([5; 32]), amount: 6 },
    }
}

#[test]
fn the_genesis_file_of_private_tangle1_is_read_and_written_back() {
    let bytes = samples::read("snapshots/private_tangle1-genesis.bin");
    let (header, items) = read_all(&bytes).unwrap();
    assert_eq!(
        header.check_network(NetworkId::of("private_tangle1")).map_err(|error| error.to_string()),
        Ok(())
    );
    let treasury = SnapshotTreasury { milestone_id: MilestoneId::NULL, amount: 0 };
    assert_eq!(header.kind, SnapshotKind::Full { outputs: 1, treasury });
    assert_eq!((header.entry_points, header.milestone_diffs), (1, 0));
    let [SnapshotItem::EntryPoint(MessageId::NULL), SnapshotItem::Output(output)] = items.as_slice() else {
        panic!("{items:?}")
    };
    assert_eq!(output.output.amount, TOKEN_SUPPLY);
    assert_eq!(write_all(header, &items), bytes);
}

#[test]
fn the_genesis_builder_makes_the_file_of_private_tangle1() {
    let bytes = samples::read("snapshots/private_tangle1-genesis.bin");
    let address = "60200bad8137a704216e84f8f9acfe65b972d9f4155becb4815282b03cef99fe";
    let address = Address::Ed25519(hex::decode_array(address).unwrap());
    let (header, _) = read_all(&bytes).unwrap();
    let built = genesis(NetworkId::of("private_tangle1"), header.timestamp, address, 0).unwrap();
    assert_eq!(built, bytes);
}

#[test]
fn a_genesis_ledger_holds_exactly_the_supply() {
    let address = Address::Ed25519([1; 32]);
    let bytes = genesis(NetworkId(1), 2, address, TOKEN_SUPPLY - 1).unwrap();
    let (header, items) = read_all(&bytes).unwrap();
    let SnapshotKind::Full { treasury, .. } = header.kind else { panic!("not a full file") };
    let SnapshotItem::Output(output) = &items[1] else { panic!("no output") };
    assert_eq!(treasury.amount + output.output.amount, TOKEN_SUPPLY);
    assert!(matches!(genesis(NetworkId(1), 2, address, TOKEN_SUPPLY), Err(SnapshotError::Treasury(_))));
    assert!(matches!(genesis(NetworkId(1), 2, address, u64::MAX), Err(SnapshotError::Treasury(_))));
}

#[test]
fn headers_have_the_documented_layout() {
    let full = write_all(header(full(), 3, 4), &[]);
    assert_eq!(full.len(), FULL_HEADER_BYTES);
    let expected = concat!(
        "0100",
        "00105e5f00000000",
        "0a6bb59d7ae45075",
        "03000000",
        "04000000",
        "000000000000000000000000000000000000000000000000",
        "0505050505050505050505050505050505050505050505050505050505050505",
        "0600000000000000"
    );
    assert_eq!(hex::encode(&full), expected);
    let delta = write_all(header(SnapshotKind::Delta, 4, 3), &[]);
    assert_eq!(delta.len(), DELTA_HEADER_BYTES);
    assert_eq!(hex::encode(&delta[..2]), "0101");
    assert_eq!(hex::encode(&delta[18..26]), "0400000003000000");
}

#[test]
fn a_damaged_header_is_refused_for_its_reason() {
    let genesis = samples::read("snapshots/private_tangle1-genesis.bin");
    let changed = |offset: usize, value: &[u8]| {
        let mut bytes = genesis.clone();
        bytes[offset..offset + value.len()].copy_from_slice(value);
        read_all(&bytes).unwrap_err()
    };
    assert!(matches!(changed(0, &[2]), SnapshotError::Version(2)));
    assert!(matches!(changed(1, &[2]), SnapshotError::Kind(2)));
    assert!(matches!(changed(18, &[1]), SnapshotError::Indexes { .. }));
    assert!(matches!(changed(82, &[255; 8]), SnapshotError::Treasury(u64::MAX)));
    let (header, _) = read_all(&genesis).unwrap();
    let foreign = header.check_network(NetworkId(1)).unwrap_err();
    assert!(matches!(foreign, SnapshotError::ForeignNetwork { expected: NetworkId(1), .. }));
}

#[test]
fn the_index_order_of_a_delta_file_is_the_reverse() {
    assert!(SnapshotWriter::create(Cursor::new(Vec::new()), header(SnapshotKind::Delta, 4, 4)).is_ok());
    let refused =
        SnapshotWriter::create(Cursor::new(Vec::new()), header(SnapshotKind::Delta, 3, 4)).unwrap_err();
    assert!(matches!(refused, SnapshotError::Indexes { .. }));
}

#[test]
fn a_damaged_output_is_refused_by_its_rule() {
    let genesis = samples::read("snapshots/private_tangle1-genesis.bin");
    let output = FULL_HEADER_BYTES + 32;
    for (offset, rule) in [(output + 66, "output-type"), (output + 67, "address-type")] {
        let mut bytes = genesis.clone();
        bytes[offset] = 2;
        let SnapshotError::Syntax { source, .. } = read_all(&bytes).unwrap_err() else {
            panic!("another error")
        };
        assert_eq!(source.rule(), rule);
    }
}

#[test]
fn an_output_stands_in_a_full_file_and_before_the_milestones() {
    let output = SnapshotOutput {
        message_id: MessageId([1; 32]),
        output_id: OutputId { transaction_id: TransactionId([2; 32]), index: 3 },
        output: Output { kind: OutputKind::SigLockedSingle, address: Address::Ed25519([4; 32]), amount: 5 },
    };
    let mut delta =
        SnapshotWriter::create(Cursor::new(Vec::new()), header(SnapshotKind::Delta, 4, 3)).unwrap();
    assert!(matches!(delta.output(&output), Err(SnapshotError::Order(_))));
    let mut file = SnapshotWriter::create(Cursor::new(Vec::new()), header(full(), 3, 4)).unwrap();
    file.output(&output).unwrap();
    assert!(matches!(file.entry_point(&MessageId::NULL), Err(SnapshotError::Order(_))));
}

#[test]
fn a_writer_that_begins_inside_a_file_fills_in_its_own_counts() {
    let mut place = Cursor::new(vec![9; 5]);
    place.set_position(5);
    let mut writer = SnapshotWriter::create(place, header(full(), 0, 0)).unwrap();
    writer.entry_point(&MessageId::NULL).unwrap();
    let bytes = writer.finish().unwrap().into_inner();
    assert_eq!(bytes[..5], [9; 5]);
    assert_eq!(read_all(&bytes[5..]).unwrap().1, [SnapshotItem::EntryPoint(MessageId::NULL)]);
}

fn output() -> impl Strategy<Value = SnapshotOutput> {
    let kind = any::<bool>().prop_map(|is_allowance| match is_allowance {
        true => OutputKind::SigLockedDustAllowance,
        false => OutputKind::SigLockedSingle,
    });
    (any::<[u8; 32]>(), any::<[u8; 32]>(), any::<u16>(), kind, address(), any::<u64>()).prop_map(
        |(message_id, transaction_id, index, kind, address, amount)| SnapshotOutput {
            message_id: MessageId(message_id),
            output_id: OutputId { transaction_id: TransactionId(transaction_id), index },
            output: Output { kind, address, amount },
        },
    )
}

fn milestone_diff() -> impl Strategy<Value = MilestoneDiff> {
    let spent = (output(), any::<[u8; 32]>())
        .prop_map(|(output, id)| SnapshotSpent { output, transaction_id: TransactionId(id) });
    let treasury = (any::<[u8; 32]>(), any::<u64>())
        .prop_map(|(id, amount)| SnapshotTreasury { milestone_id: MilestoneId(id), amount });
    (milestone(), treasury, vec(output(), 0..4), vec(spent, 0..4)).prop_map(
        |(milestone, treasury, created, consumed)| MilestoneDiff {
            spent_treasury: milestone.receipt.is_some().then_some(treasury),
            milestone,
            created,
            consumed,
        },
    )
}

fn file() -> impl Strategy<Value = (SnapshotHeader, Vec<SnapshotItem>)> {
    let ids = vec(any::<[u8; 32]>(), 0..4);
    (any::<bool>(), ids, vec(output(), 0..4), vec(milestone_diff(), 0..3)).prop_map(
        |(is_full, ids, outputs, diffs)| {
            let outputs = if is_full { outputs } else { Vec::new() };
            let header = if is_full { header(full(), 5, 9) } else { header(SnapshotKind::Delta, 9, 5) };
            let ids = ids.into_iter().map(|id| SnapshotItem::EntryPoint(MessageId(id)));
            let outputs = outputs.into_iter().map(SnapshotItem::Output);
            let diffs = diffs.into_iter().map(|diff| SnapshotItem::MilestoneDiff(Box::new(diff)));
            (header, ids.chain(outputs).chain(diffs).collect())
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_is_read_back((header, items) in file(), appended in any::<u8>()) {
        let mut bytes = write_all(header, &items);
        let (read, read_items) = read_all(&bytes).unwrap();
        prop_assert_eq!(&read_items, &items);
        prop_assert_eq!(read.entry_points + read.milestone_diffs + match read.kind {
            SnapshotKind::Full { outputs, .. } => outputs,
            SnapshotKind::Delta => 0,
        }, items.len() as u64);
        prop_assert_eq!(write_all(read, &read_items), bytes.clone());
        bytes.push(appended);
        prop_assert!(matches!(read_all(&bytes), Err(SnapshotError::TrailingBytes)));
    }

    #[test]
    fn every_strict_prefix_of_a_file_is_refused((header, items) in file(), cut in any::<proptest::sample::Index>()) {
        let bytes = write_all(header, &items);
        let cut = cut.index(bytes.len());
        prop_assert!(read_all(&bytes[..cut]).is_err(), "the first {} bytes are a file", cut);
    }

    #[test]
    fn a_changed_byte_gives_an_error_or_other_contents(
        (header, items) in file(),
        place in any::<proptest::sample::Index>(),
        difference in 1..=u8::MAX,
    ) {
        let mut bytes = write_all(header, &items);
        let place = place.index(bytes.len());
        bytes[place] ^= difference;
        if let Ok((read, read_items)) = read_all(&bytes) {
            prop_assert_eq!(write_all(read, &read_items), bytes);
        }
    }
}
