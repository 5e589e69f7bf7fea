//! A node that starts from a snapshot in the middle of a network's life.

use std::sync::Arc;

use osmia_chrysalis::{KeyRange, MilestoneKeys, ProtocolParameters, ledger};
use osmia_engine::core::{Core, CoreOptions, Input, Outbox};
use osmia_engine::ledger::{StoreLedger, index, table};
use osmia_engine::milestones;
use osmia_engine::protocol::{MilestoneDraft, Protocol};
use osmia_engine::verify::{Origin, Unverified, Verifier};
use osmia_primitives::ed25519::SecretKey;
use osmia_primitives::{IdHasherKey, MilestoneIndex, merkle};
use osmia_store::{Batch, Durability, Store};

use crate::history::{History, assert_at, audit, entry_points, load, parameters, timestamp};

#[test]
fn the_next_milestone_is_confirmed_on_the_entry_points_and_can_be_taken_back() {
    let history = History::random(6);
    let store = Arc::new(Store::in_memory().unwrap());
    load(&store, &history.full(5, 3), Some(&history.delta(3, 4))).unwrap();

    let secret_key = SecretKey::from_seed([1; 32]);
    let everlasting = MilestoneIndex(0);
    let range = KeyRange { public_key: secret_key.public_key(), start: everlasting, end: everlasting };
    let parameters = ProtocolParameters { keys: MilestoneKeys::new(vec![range], 1), ..parameters() };
    let protocol = Protocol::Chrysalis(Arc::new(parameters));
    let options = CoreOptions {
        protocol: protocol.clone(),
        coordinator: None,
        gossips: false,
        id_hasher_key: IdHasherKey(3),
    };
    let mut core = Core::new(Arc::clone(&store), options).unwrap();
    let now_ms = timestamp(5) * 1_000;
    core.restore(now_ms).unwrap();
    let milestone = MilestoneDraft {
        index: MilestoneIndex(5),
        timestamp: timestamp(5),
        parents: entry_points(4),
        inclusion_merkle_root: merkle::root::<[u8; 32]>(&[]),
    };
    let bytes = protocol.issue_milestone(milestone, &[secret_key]).unwrap().into();
    let origin = Origin::Submission(Box::new(|answer| assert!(answer.is_ok(), "{answer:?}")));
    let verified = Verifier::new(protocol, [4; 32], None).verify(vec![Unverified { bytes, origin }]);
    let mut outbox = Outbox::default();
    core.step(now_ms, Input::Verified(verified), &mut outbox).unwrap();
    core.commit().unwrap();
    outbox.release();
    assert_eq!(index(&store.latest()).unwrap(), MilestoneIndex(5));
    let first = milestones::find(&store.latest(), MilestoneIndex(5)).unwrap().unwrap();
    assert_eq!(store.latest().arrival(&first.message_id).unwrap(), Some(first.arrival));
    assert_eq!(audit(&store).diffs, 1);

    let rows = ledger::undo(&StoreLedger(&store.latest()), MilestoneIndex(5)).unwrap().unwrap();
    let mut batch = Batch::new();
    for (to, key, value) in rows {
        match value {
            Some(value) => batch.put(table(to), &key, &value),
            None => batch.delete(table(to), &key),
        }
    }
    batch.put_state_number(b"confirmed-index", 4);
    store.commit(batch, Durability::Logged).unwrap();
    assert_at(&store, &history, 4);
}
