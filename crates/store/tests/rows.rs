//! What is stored reads back, and the bytes of every kind of row are those of docs/formats/store.md.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test stops at the first failure"
)]

use osmia_primitives::{MessageId, MilestoneIndex, hex};
use osmia_store::{
    Arrival, Batch, Durability, EntryPoint, FIRST_ARRIVAL, IndexHash, NewVertex, Position, Reader, SCHEMA,
    ScanRange, Store, StoreError, StoredVertex, Table,
};

fn arrival(place: u64) -> Arrival {
    Arrival(FIRST_ARRIVAL.0 + place)
}

fn put(batch: &mut Batch, place: u64, parents: &[Arrival], index: Option<&[u8]>, bytes: &[u8]) -> MessageId {
    let id = MessageId::of(bytes);
    let index = index.map(IndexHash::of);
    batch.put_vertex(arrival(place), &NewVertex { id, parents, index, flags: 3, bytes });
    id
}

fn commit(store: &Store, batch: Batch) {
    store.commit(batch, Durability::Logged).unwrap();
}

/// Keys and values of a table in hexadecimal.
fn raw(reader: &Reader<'_>, table: Table) -> Vec<(String, String)> {
    let rows = reader.scan(table, ScanRange::all()).map(Result::unwrap);
    rows.map(|(key, value)| (hex::encode(&key), hex::encode(&value))).collect()
}

fn row(key: &str, value: &str) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

#[test]
fn the_bytes_of_every_kind_of_row_are_pinned() {
    let store = Store::in_memory().unwrap();
    let mut batch = Batch::new();
    batch.put_entry_point(Arrival(2), MessageId([0xee; 32]), MilestoneIndex(9));
    put(&mut batch, 0, &[Arrival(2)], Some(b"tag"), b"first");
    put(&mut batch, 258, &[Arrival(2), arrival(0)], None, b"second");
    store.put_positions(&mut batch, MilestoneIndex(10), &[(arrival(258), 7), (arrival(0), 254)]).unwrap();
    commit(&store, batch);
    let reader = store.latest();
    assert_eq!(
        raw(&reader, Table::Log),
        [row("0000000100000000", "036669727374"), row("0000000100000102", "037365636f6e64")]
    );
    assert_eq!(
        raw(&reader, Table::Ids),
        [
            row("3e0c7313caa18f664831f54f95af1b4e", "0000000100000102"),
            row("6fe2ae219b7408c5b4f87978a8b11065", "0000000100000000"),
            row("eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee", "0000000000000002"),
        ]
    );
    assert_eq!(
        raw(&reader, Table::Children),
        [
            row("00000000000000020000000100000000", ""),
            row("00000000000000020000000100000102", ""),
            row("00000001000000000000000100000102", ""),
        ]
    );
    let tag = "3d40bfe51f896fdaad928610f598cd62";
    assert_eq!(raw(&reader, Table::Index), [row(&format!("{tag}0000000100000000"), "")]);
    // Zigzag of 2^32 + 258 in five bytes, of -258 in two.
    assert_eq!(raw(&reader, Table::Cones), [row("0000000a00000000", "84848080208304")]);
    let empty = |entries: usize| "0000000000".repeat(entries);
    assert_eq!(
        raw(&reader, Table::Positions),
        [
            row("0000000001000000", &format!("0a000000fe{}", empty(255))),
            row("0000000001000001", &format!("{}0a00000007{}", empty(2), empty(253))),
        ]
    );
    assert_eq!(
        raw(&reader, Table::EntryPoints),
        [row("0000000000000002", &format!("{}09000000", "ee".repeat(32)))]
    );
    assert_eq!(raw(&reader, Table::State), [row(&hex::encode(b"schema"), "0000000000000001")]);
    assert_eq!(SCHEMA, 1);
}

#[test]
fn a_message_is_found_by_id_parent_and_index() {
    let store = Store::in_memory().unwrap();
    assert_eq!(store.latest().next_arrival().unwrap(), FIRST_ARRIVAL);
    let mut batch = Batch::new();
    let first = put(&mut batch, 0, &[], Some(b"a"), b"first");
    let others: Vec<MessageId> = (1..=5)
        .map(|place| put(&mut batch, place, &[arrival(0)], Some(b"a"), &[b'm', place as u8]))
        .collect();
    put(&mut batch, 6, &[arrival(1)], Some(b"b"), b"last");
    commit(&store, batch);
    let reader = store.snapshot();
    assert_eq!(reader.arrival(&first).unwrap(), Some(arrival(0)));
    assert_eq!(reader.arrival(&MessageId::of(b"unknown")).unwrap(), None);
    assert_eq!(reader.id_of(arrival(3)).unwrap(), Some(others[2]));
    assert_eq!(reader.id_of(arrival(7)).unwrap(), None);
    assert_eq!(reader.children(arrival(0), 3).unwrap(), [1, 2, 3].map(arrival));
    assert_eq!(reader.children(arrival(6), 3).unwrap(), []);
    assert_eq!(reader.indexed(IndexHash::of(b"a"), 4).unwrap(), [5, 4, 3, 2].map(arrival));
    assert_eq!(reader.indexed(IndexHash::of(b"a"), 100).unwrap().len(), 6);
    assert_eq!(reader.indexed(IndexHash::of(b"a"), 0).unwrap(), []);
    assert_eq!(reader.next_arrival().unwrap(), arrival(7));
    let stored = |bytes: &[u8]| Some(StoredVertex { flags: 3, bytes: bytes.to_vec() });
    assert_eq!(reader.vertex(arrival(0)).unwrap(), stored(b"first"));
    let wanted = [arrival(6), arrival(9), arrival(0), Arrival(1), arrival(6)];
    let expected = [stored(b"last"), None, stored(b"first"), None, stored(b"last")];
    assert_eq!(reader.vertices(&wanted).unwrap(), expected);
    assert_eq!(reader.ids_of(&wanted).unwrap()[2], Some(first));
    let from: Vec<Arrival> = reader.vertices_from(arrival(4)).map(|row| row.unwrap().0).collect();
    assert_eq!(from, [4, 5, 6].map(arrival));
    assert!(store.audit().unwrap().is_clean());
}

#[test]
fn entry_points_are_found_and_end_the_past() {
    let store = Store::in_memory().unwrap();
    let mut batch = Batch::new();
    batch.put_entry_point(Arrival(0), MessageId::NULL, MilestoneIndex(0));
    batch.put_entry_point(Arrival(5), MessageId([5; 32]), MilestoneIndex(77));
    let child = put(&mut batch, 0, &[Arrival(0), Arrival(5)], None, b"child");
    commit(&store, batch);
    let reader = store.latest();
    assert_eq!(reader.arrival(&MessageId::NULL).unwrap(), Some(Arrival(0)));
    assert_eq!(reader.arrival(&MessageId([5; 32])).unwrap(), Some(Arrival(5)));
    assert_eq!(reader.children(Arrival(5), 9).unwrap(), [arrival(0)]);
    assert_eq!(reader.vertex(Arrival(5)).unwrap(), None);
    let position = |milestone| Some(Position { milestone: MilestoneIndex(milestone), outcome: 0 });
    let all = [Arrival(0), arrival(0), Arrival(5), Arrival(6)];
    assert_eq!(reader.positions(&all).unwrap(), [position(0), None, position(77), None]);
    assert_eq!(
        reader.ids_of(&all).unwrap(),
        [Some(MessageId::NULL), Some(child), Some(MessageId([5; 32])), None]
    );
    let entry = EntryPoint { number: Arrival(5), id: MessageId([5; 32]), milestone: MilestoneIndex(77) };
    assert_eq!(reader.entry_points().unwrap()[1], entry);
    assert_eq!(reader.entry_point(Arrival(5)).unwrap(), Some(entry));
    assert!(store.audit().unwrap().is_clean());
}

/// Two ids that share 16 bytes and differ after them.
fn clashing_ids() -> (MessageId, MessageId) {
    let (first, mut second) = (MessageId([7; 32]), MessageId([7; 32]));
    second.0[31] = 8;
    (first, second)
}

#[test]
fn ids_that_share_their_first_half_are_told_apart_in_one_batch_and_across_batches() {
    let (first, second) = clashing_ids();
    for in_one_batch in [true, false] {
        let store = Store::in_memory().unwrap();
        let mut batch = Batch::new();
        batch.put_entry_point(Arrival(1), first, MilestoneIndex(1));
        if !in_one_batch {
            commit(&store, std::mem::take(&mut batch));
            assert_eq!(store.latest().arrival(&second).unwrap(), None);
        }
        batch.put_entry_point(Arrival(2), second, MilestoneIndex(1));
        commit(&store, batch);
        let reader = store.latest();
        assert_eq!(reader.arrival(&first).unwrap(), Some(Arrival(1)));
        assert_eq!(reader.arrival(&second).unwrap(), Some(Arrival(2)));
        let keys: Vec<usize> = raw(&reader, Table::Ids).iter().map(|(key, _)| key.len() / 2).collect();
        assert_eq!(keys, [16, 32]);
        assert!(store.audit().unwrap().is_clean());
    }
}

#[test]
fn a_message_whose_prefix_is_taken_gets_a_row_with_its_whole_id() {
    let store = Store::in_memory().unwrap();
    let mut batch = Batch::new();
    let mut taken = MessageId::of(b"message");
    taken.0[20] ^= 1;
    batch.put_entry_point(Arrival(1), taken, MilestoneIndex(1));
    commit(&store, batch);
    let mut batch = Batch::new();
    let id = put(&mut batch, 0, &[Arrival(1)], None, b"message");
    commit(&store, batch);
    let reader = store.latest();
    assert_eq!(reader.arrival(&id).unwrap(), Some(arrival(0)));
    assert_eq!(reader.arrival(&taken).unwrap(), Some(Arrival(1)));
    assert_eq!(raw(&reader, Table::Ids)[1].0, id.to_string());
    assert!(store.audit().unwrap().is_clean());
}

#[test]
fn a_message_is_stored_once_and_an_entry_point_can_move() {
    let store = Store::in_memory().unwrap();
    let mut batch = Batch::new();
    put(&mut batch, 0, &[], None, b"same");
    batch.put_entry_point(Arrival(1), MessageId([1; 32]), MilestoneIndex(1));
    commit(&store, batch);
    let mut batch = Batch::new();
    put(&mut batch, 1, &[], None, b"same");
    let error = store.commit(batch, Durability::Logged).unwrap_err();
    assert!(error.to_string().contains("stored already"), "{error}");
    let mut batch = Batch::new();
    put(&mut batch, 1, &[], None, b"twice");
    put(&mut batch, 2, &[], None, b"twice");
    assert!(matches!(store.commit(batch, Durability::Logged), Err(StoreError::Damaged { .. })));
    assert_eq!(store.latest().next_arrival().unwrap(), arrival(1));
    let mut batch = Batch::new();
    batch.put_entry_point(Arrival(9), MessageId([1; 32]), MilestoneIndex(4));
    commit(&store, batch);
    assert_eq!(store.latest().arrival(&MessageId([1; 32])).unwrap(), Some(Arrival(9)));
}

#[test]
fn positions_cross_the_borders_of_pages_and_of_batches() {
    let store = Store::in_memory().unwrap();
    let mut batch = Batch::new();
    let places: Vec<u64> = (250..600).collect();
    for place in &places {
        put(&mut batch, *place, &[], None, &place.to_be_bytes());
    }
    let cone = |range: std::ops::Range<u64>| -> Vec<(Arrival, u8)> {
        range.map(|place| (arrival(place), (place % 256) as u8)).collect()
    };
    // Twice in one batch, on one page; the page of the third commit exists already.
    store.put_positions(&mut batch, MilestoneIndex(1), &cone(250..258)).unwrap();
    store.put_positions(&mut batch, MilestoneIndex(2), &cone(258..400)).unwrap();
    commit(&store, batch);
    let mut batch = Batch::new();
    store.put_positions(&mut batch, MilestoneIndex(3), &cone(401..599)).unwrap();
    assert_eq!(batch.len(), 3, "a cone chunk and two pages");
    commit(&store, batch);
    let reader = store.latest();
    let expected = |place: u64| {
        let milestone = match place {
            250..=257 => 1,
            258..=399 => 2,
            401..=598 => 3,
            _ => return None,
        };
        Some(Position { milestone: MilestoneIndex(milestone), outcome: (place % 256) as u8 })
    };
    for place in (0..700).chain([10_000]) {
        assert_eq!(reader.position(arrival(place)).unwrap(), expected(place), "{place}");
    }
    let arrivals: Vec<Arrival> = (200..700).rev().map(arrival).collect();
    let all: Vec<_> = (200..700).rev().map(expected).collect();
    assert_eq!(reader.positions(&arrivals).unwrap(), all);
}

#[test]
fn a_cone_keeps_its_order_over_several_chunks() {
    let store = Store::in_memory().unwrap();
    let mut batch = Batch::new();
    for place in 0..2_500_u64 {
        put(&mut batch, place, &[], None, &place.to_be_bytes());
    }
    // 7 and 2 500 have no common divisor, so every place comes once, in no monotonic order.
    let order: Vec<Arrival> = (0..2_500).map(|step| arrival(step * 7 % 2_500)).collect();
    let cone: Vec<(Arrival, u8)> = order.iter().map(|place| (*place, 0)).collect();
    store.put_positions(&mut batch, MilestoneIndex(4), &cone).unwrap();
    store.put_positions(&mut batch, MilestoneIndex(6), &[]).unwrap();
    batch.put(Table::Milestones, &4_u32.to_be_bytes(), b"");
    commit(&store, batch);
    let reader = store.latest();
    assert_eq!(reader.cone(MilestoneIndex(4)).unwrap(), order);
    assert_eq!(reader.cone(MilestoneIndex(5)).unwrap(), []);
    assert_eq!(reader.cone(MilestoneIndex(6)).unwrap(), []);
    assert_eq!(raw(&reader, Table::Cones).len(), 3);
    let audit = store.audit().unwrap();
    assert!(audit.is_clean(), "{:?}", audit.findings);
    assert_eq!((audit.messages, audit.referenced, audit.milestones), (2_500, 2_500, 1));
}

#[test]
fn a_cone_with_a_missing_chunk_is_damaged_not_short() {
    let store = Store::in_memory().unwrap();
    let mut batch = Batch::new();
    let cone: Vec<(Arrival, u8)> = (0..3_000).map(|place| (arrival(place), 0)).collect();
    store.put_positions(&mut batch, MilestoneIndex(4), &cone).unwrap();
    batch.delete(Table::Cones, &[0, 0, 0, 4, 0, 0, 0, 1]);
    commit(&store, batch);
    assert!(matches!(store.latest().cone(MilestoneIndex(4)), Err(StoreError::Damaged { .. })));
}

#[test]
fn scans_keep_their_bounds_in_both_directions() {
    let store = Store::in_memory().unwrap();
    let mut batch = Batch::new();
    let keys: [&[u8]; 7] = [b"a", b"b", b"ba", b"bb", b"b\xff", b"c", b"\xff\xff"];
    for key in keys {
        batch.put(Table::Outputs, key, key);
    }
    batch.put(Table::Balances, b"bz", b"another table");
    commit(&store, batch);
    let reader = store.latest();
    let scan = |range: ScanRange| -> Vec<Vec<u8>> {
        reader.scan(Table::Outputs, range).map(|row| row.unwrap().0.into_vec()).collect()
    };
    let both = |range: ScanRange, expected: &[&[u8]]| {
        assert_eq!(scan(range.clone()), expected, "{range:?}");
        let backwards: Vec<&[u8]> = expected.iter().rev().copied().collect();
        assert_eq!(scan(range.clone().reverse()), backwards, "{range:?}");
    };
    both(ScanRange::all(), &keys);
    both(ScanRange::prefix(b"b"), &keys[1..5]);
    both(ScanRange::prefix(b"\xff"), &keys[6..]);
    both(ScanRange::prefix(b"zz"), &[]);
    both(ScanRange::prefix(b"b").from(b"ba"), &keys[2..5]);
    both(ScanRange::prefix(b"b").to(b"bb"), &keys[1..3]);
    both(ScanRange::all().from(b"bb").to(b"c"), &keys[3..5]);
    both(ScanRange::prefix(b"b").from(b"d"), &[]);
    assert_eq!(reader.first(Table::Outputs).unwrap().unwrap().0.as_ref(), b"a");
    assert_eq!(reader.last(Table::Outputs).unwrap().unwrap().0.as_ref(), b"\xff\xff");
    assert_eq!(reader.last(Table::Diffs).unwrap(), None);
    let mut seen = 0;
    let mut visit = |_: &[u8], _: &[u8]| {
        seen += 1;
        if seen == 3 { std::ops::ControlFlow::Break(()) } else { std::ops::ControlFlow::Continue(()) }
    };
    reader.visit(Table::Outputs, ScanRange::all(), &mut visit).unwrap();
    assert_eq!(seen, 3);
}

#[test]
fn many_rows_come_in_the_order_of_their_keys() {
    let store = Store::in_memory().unwrap();
    let mut batch = Batch::new();
    for number in 0..3_000_u32 {
        batch.put(Table::Outputs, &number.to_le_bytes(), &number.to_be_bytes());
    }
    commit(&store, batch);
    let wanted: Vec<u32> = (0..3_100).map(|step| step * 11 % 3_100).collect();
    let keys: Vec<Vec<u8>> = wanted.iter().map(|number| number.to_le_bytes().to_vec()).collect();
    let expected: Vec<Option<Vec<u8>>> =
        wanted.iter().map(|number| (*number < 3_000).then(|| number.to_be_bytes().to_vec())).collect();
    assert_eq!(store.snapshot().get_many(Table::Outputs, &keys).unwrap(), expected);
}

#[test]
fn a_snapshot_does_not_see_later_commits() {
    let store = Store::in_memory().unwrap();
    let mut batch = Batch::new();
    batch.put(Table::State, b"name", b"old");
    put(&mut batch, 0, &[], Some(b"i"), b"first");
    commit(&store, batch);
    let snapshot = store.snapshot();
    let mut batch = Batch::new();
    batch.put(Table::State, b"name", b"new");
    let second = put(&mut batch, 1, &[arrival(0)], Some(b"i"), b"second");
    store.put_positions(&mut batch, MilestoneIndex(1), &[(arrival(0), 0)]).unwrap();
    commit(&store, batch);
    store.flush().unwrap();
    for (reader, is_new) in [(&snapshot, false), (&store.latest(), true)] {
        let name: &[u8] = if is_new { b"new" } else { b"old" };
        assert_eq!(reader.get(Table::State, b"name").unwrap().as_deref(), Some(name));
        assert_eq!(reader.get_many(Table::State, &[b"name"]).unwrap()[0].as_deref(), Some(name));
        assert_eq!(reader.arrival(&second).unwrap().is_some(), is_new);
        assert_eq!(reader.children(arrival(0), 9).unwrap().len(), usize::from(is_new));
        assert_eq!(reader.indexed(IndexHash::of(b"i"), 9).unwrap().len(), 1 + usize::from(is_new));
        assert_eq!(reader.position(arrival(0)).unwrap().is_some(), is_new);
        assert_eq!(reader.next_arrival().unwrap(), arrival(1 + u64::from(is_new)));
    }
}

#[test]
fn state_numbers_read_back_and_other_bytes_are_damage() {
    let store = Store::in_memory().unwrap();
    let mut batch = Batch::new();
    batch.put_state_number(b"n", u64::MAX - 1);
    batch.put(Table::State, b"short", b"1234567");
    commit(&store, batch);
    let reader = store.latest();
    assert_eq!(reader.state_number(b"n").unwrap(), Some(u64::MAX - 1));
    assert_eq!(reader.state_number(b"none").unwrap(), None);
    assert!(matches!(reader.state_number(b"short"), Err(StoreError::Damaged { .. })));
}
