//! The audit finds each kind of row that does not fit, and only those.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test stops at the first failure"
)]

use osmia_primitives::{MessageId, MilestoneIndex};
use osmia_store::{
    Arrival, Batch, Durability, FIRST_ARRIVAL, IndexHash, NewVertex, Problem, Store, Table, limits,
};

fn arrival(place: u64) -> Arrival {
    Arrival(FIRST_ARRIVAL.0 + place)
}

fn key(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

fn bytes(arrival: Arrival) -> [u8; 8] {
    arrival.0.to_be_bytes()
}

/// An entry point, three messages, and a milestone over two of them.
fn sound_store() -> Store {
    let store = Store::in_memory().unwrap();
    let mut batch = Batch::new();
    batch.put_entry_point(Arrival(0), MessageId::NULL, MilestoneIndex(0));
    for place in 0..3 {
        let message = [b'm', place];
        let parent = if place == 0 { Arrival(0) } else { arrival(u64::from(place) - 1) };
        let vertex = NewVertex {
            id: MessageId::of(&message),
            parents: &[parent],
            index: Some(IndexHash([9; 16])),
            flags: 0,
            bytes: &message,
        };
        batch.put_vertex(arrival(u64::from(place)), &vertex);
    }
    store.put_positions(&mut batch, MilestoneIndex(1), &[(arrival(0), 0), (arrival(1), 0)]).unwrap();
    batch.put(Table::Milestones, &[0, 0, 0, 1], b"of the engine");
    store.commit(batch, Durability::Logged).unwrap();
    store
}

/// What the audit says after a change of the sound store.
fn problems(change: impl FnOnce(&mut Batch)) -> Vec<(Table, Problem)> {
    let store = sound_store();
    let mut batch = Batch::new();
    change(&mut batch);
    store.commit(batch, Durability::Logged).unwrap();
    let report = store.audit().unwrap();
    assert_eq!(report.findings_total, report.findings.len() as u64);
    report.findings.into_iter().map(|finding| (finding.table, finding.problem)).collect()
}

#[test]
fn a_sound_store_is_counted_and_clean() {
    let report = sound_store().audit().unwrap();
    assert!(report.is_clean(), "{:?}", report.findings);
    assert_eq!((report.messages, report.entry_points, report.children, report.index_rows), (3, 1, 3, 3));
    assert_eq!((report.milestones, report.referenced), (1, 2));
}

#[test]
fn rows_that_lead_nowhere_are_found() {
    let missing = arrival(99);
    let found = problems(|batch| {
        batch.put(Table::Children, &key(&[&bytes(arrival(0)), &bytes(missing)]), b"");
        batch.put(Table::Index, &key(&[&[1; 16], &bytes(missing)]), b"");
        batch.put(Table::Ids, &[0xff; 16], &bytes(missing));
    });
    let expected =
        [Table::Ids, Table::Children, Table::Index].map(|table| (table, Problem::MissingMessage(missing)));
    assert_eq!(found, expected);
}

#[test]
fn a_message_without_its_id_row_and_an_id_row_of_another_message_are_found() {
    let prefix = MessageId::of(&[b'm', 1]).0[..16].to_vec();
    assert_eq!(problems(|batch| batch.delete(Table::Ids, &prefix)), [(Table::Log, Problem::NotFoundById)]);
    let surplus = problems(|batch| batch.put(Table::Ids, &[0xab; 16], &bytes(arrival(2))));
    assert_eq!(surplus, [(Table::Ids, Problem::WrongId(arrival(2)))]);
    let entry = problems(|batch| batch.delete(Table::Ids, &[0; 16]));
    assert_eq!(entry, [(Table::EntryPoints, Problem::NotFoundById)]);
}

#[test]
fn a_damaged_message_no_longer_has_its_id() {
    let found = problems(|batch| batch.put(Table::Log, &bytes(arrival(1)), b"\0mX"));
    let expected = [(Table::Log, Problem::NotFoundById)];
    assert_eq!(found, expected);
}

#[test]
fn a_missing_message_is_missed_by_all_that_lead_to_it() {
    let found = problems(|batch| batch.delete(Table::Log, &bytes(arrival(1))));
    let tables: Vec<Table> = found.iter().map(|(table, _)| *table).collect();
    let expected =
        [Table::Ids, Table::Children, Table::Children, Table::Index, Table::Cones, Table::Positions];
    assert_eq!(tables, expected);
    assert!(found.iter().all(|(_, problem)| *problem == Problem::MissingMessage(arrival(1))), "{found:?}");
}

#[test]
fn a_parent_after_its_child_is_found() {
    let found =
        problems(|batch| batch.put(Table::Children, &key(&[&bytes(arrival(2)), &bytes(arrival(1))]), b""));
    assert_eq!(found, [(Table::Children, Problem::ParentNotSmaller)]);
}

#[test]
fn milestones_cones_and_positions_must_agree() {
    let milestone = MilestoneIndex(1);
    let no_milestone = problems(|batch| batch.delete(Table::Milestones, &[0, 0, 0, 1]));
    let expected =
        [Table::Cones, Table::Positions].map(|table| (table, Problem::MissingMilestone(milestone)));
    assert_eq!(no_milestone, expected);
    let no_cone = problems(|batch| batch.delete(Table::Cones, &[0, 0, 0, 1, 0, 0, 0, 0]));
    assert_eq!(no_cone, [(Table::Positions, Problem::CountsDiffer { positions: 2, listed: 0 })]);
    let no_positions = problems(|batch| batch.delete(Table::Positions, &(arrival(0).0 / 256).to_be_bytes()));
    let expected = [
        (Table::Cones, Problem::PositionDiffers(arrival(0))),
        (Table::Cones, Problem::PositionDiffers(arrival(1))),
        (Table::Positions, Problem::CountsDiffer { positions: 0, listed: 2 }),
    ];
    assert_eq!(no_positions, expected);
}

#[test]
fn rows_without_the_form_of_their_table_are_found() {
    let tables = [
        Table::EntryPoints,
        Table::Log,
        Table::Milestones,
        Table::Ids,
        Table::Children,
        Table::Index,
        Table::Cones,
        Table::Positions,
    ];
    let found = problems(|batch| {
        for table in tables {
            batch.put(table, b"odd", b"");
        }
    });
    assert_eq!(found, tables.map(|table| (table, Problem::Malformed)));
}

#[test]
fn findings_are_counted_beyond_those_described() {
    let store = sound_store();
    let mut batch = Batch::new();
    for number in 0..1_000_u64 {
        batch.put(Table::Index, &number.to_be_bytes(), b"");
    }
    store.commit(batch, Durability::Logged).unwrap();
    let report = store.audit().unwrap();
    assert_eq!((report.findings_total, report.findings.len()), (1_000, limits::FINDINGS_MAX));
    assert_eq!(
        report.findings[1].to_string(),
        "table index, row 0000000000000001: the row does not have the form of its table"
    );
}
