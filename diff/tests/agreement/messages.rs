//! Accepting and refusing, bytes and ids.

use bee_common::packable::Packable;
use bee_message::payload::Payload as BeePayload;
use osmia_chrysalis::limits::{MESSAGE_BYTES_MAX, MIGRATED_FUNDS_DEPOSIT_MIN, TOKEN_SUPPLY};
use osmia_chrysalis::{
    Address, Indexation, Message, MigratedFunds, Milestone, Payload, Receipt, TreasuryTransaction,
};
use osmia_primitives::MilestoneId;
use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::sample::Index;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};

use crate::known::{Difference, known, known_repacking, parse_bee};
use crate::samples;
use crate::strategies::message;

/// What came out of many comparisons.
#[derive(Default)]
struct Tally {
    accepted: usize,
    refused: usize,
    differences: Vec<Difference>,
}

impl Tally {
    /// Compares the two on `bytes`, and fails on a difference that is not known.
    fn compare(&mut self, bytes: &[u8]) {
        let ours = Message::parse(bytes);
        let bee = parse_bee(bytes);
        match (&ours, &bee) {
            (Ok(ours), Some(bee)) => {
                assert_eq!(ours.pack(), bytes);
                if ours.pack() != bee.pack_new() {
                    self.differences.push(known_repacking(ours).expect("bee packs it in another way"));
                    return;
                }
                assert_same_ids(ours, bee);
                self.accepted += 1;
            }
            (Err(_), None) => self.refused += 1,
            _ => match known(bytes, &ours, bee.is_some()) {
                Some(difference) => self.differences.push(difference),
                None => panic!("bee: {}, ours: {ours:?}, bytes: {bytes:02x?}", bee.is_some()),
            },
        }
    }
}

fn assert_same_ids(ours: &Message, bee: &bee_message::Message) {
    assert_eq!(ours.id().as_ref(), bee.id().0.as_ref());
    match (&ours.payload, bee.payload()) {
        (None, None) => {}
        (Some(Payload::Indexation(ours)), Some(BeePayload::Indexation(bee))) => {
            assert_eq!((ours.index.as_slice(), ours.data.as_slice()), (bee.index(), bee.data()));
        }
        (Some(Payload::Transaction(ours)), Some(BeePayload::Transaction(bee))) => {
            assert_eq!(ours.id().as_ref(), bee.id().as_ref());
            assert_eq!(ours.essence.signing_hash(), bee.essence().hash());
        }
        (Some(Payload::Milestone(ours)), Some(BeePayload::Milestone(bee))) => {
            assert_eq!(ours.id().as_ref(), bee.id().as_ref());
            assert_eq!(ours.essence_hash(), bee.essence().hash());
        }
        (ours, bee) => panic!("{ours:?} is not {bee:?}"),
    }
}

/// Keeps half of the milestones within the rules that bee applies while parsing and the reference node does not.
fn tame(mut message: Message, is_tame: bool) -> Message {
    let (true, Some(Payload::Milestone(milestone))) = (is_tame, &mut message.payload) else { return message };
    milestone.next_pow_score = 0;
    milestone.next_pow_score_milestone_index = 0;
    if let Some(Receipt { funds, transaction, .. }) = &mut milestone.receipt {
        transaction.output_amount %= TOKEN_SUPPLY + 1;
        for entry in &mut *funds {
            for byte in &mut entry.tail_transaction_hash {
                *byte = (byte.cast_signed() % 122).cast_unsigned();
            }
            let last = &mut entry.tail_transaction_hash[48];
            *last = (last.cast_signed() % 14).cast_unsigned();
            entry.deposit =
                entry.deposit % (TOKEN_SUPPLY - MIGRATED_FUNDS_DEPOSIT_MIN) + MIGRATED_FUNDS_DEPOSIT_MIN;
        }
        funds.sort_by_key(MigratedFunds::to_bytes);
    }
    message
}

/// One way to damage bytes.
type Damage = (u8, Index, Index, u8);

fn damages() -> impl Strategy<Value = Vec<Damage>> {
    vec((any::<u8>(), any::<Index>(), any::<Index>(), any::<u8>()), 16)
}

fn damaged(bytes: &[u8], (how, first, second, value): &Damage) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let (place, other) = (first.index(bytes.len()), second.index(bytes.len()));
    match how % 9 {
        0 => bytes[place] ^= 1 << (value % 8),
        1 => bytes[place] = [0, 1, 2, 3, 4, 126, 127, 128, 255][usize::from(*value) % 9],
        2 => bytes[place] = bytes[place].wrapping_add(1),
        3 => bytes[place] = bytes[place].wrapping_sub(1),
        4 => bytes.insert(place, *value),
        5 => {
            bytes.remove(place);
        }
        6 => bytes.truncate(place),
        7 => bytes.swap(place, other),
        // Repeats a stretch: an element of a list, at times.
        _ => {
            let end = bytes.len().min(place + usize::from(*value));
            let stretch = bytes[place..end].to_vec();
            bytes.splice(end..end, stretch);
        }
    }
    bytes
}

fn generated(cases: usize, mut visit: impl FnMut(Message, Vec<Damage>)) {
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let strategy = (message(), any::<bool>(), damages());
    for _ in 0..cases {
        let (message, is_tame, damages) = strategy.new_tree(&mut runner).unwrap().current();
        visit(tame(message, is_tame), damages);
    }
}

#[test]
fn real_messages_are_the_same() {
    let mut tally = Tally::default();
    for (bytes, _) in samples::messages() {
        tally.compare(&bytes);
    }
    assert_eq!(tally.accepted, samples::messages().len());
}

#[test]
fn real_messages_with_any_byte_changed_are_judged_alike() {
    let mut tally = Tally::default();
    for (bytes, _) in samples::messages() {
        for place in 0..bytes.len() {
            for difference in [1, 2, 0x80, 0xff] {
                let mut bytes = bytes.clone();
                bytes[place] ^= difference;
                tally.compare(&bytes);
            }
            tally.compare(&bytes[..place]);
        }
        tally.compare(&[bytes, vec![0]].concat());
    }
    assert!(tally.accepted > 1_000 && tally.refused > 1_000, "{} {}", tally.accepted, tally.refused);
    assert!(tally.differences.iter().all(|difference| *difference == Difference::NextPowScore));
}

#[test]
fn generated_messages_and_damaged_ones_are_judged_alike() {
    let mut tally = Tally::default();
    generated(5_000, |message, damages| {
        let bytes = message.pack();
        tally.compare(&bytes);
        for damage in &damages {
            tally.compare(&damaged(&bytes, damage));
        }
    });
    assert!(tally.accepted > 10_000, "{} accepted", tally.accepted);
    assert!(tally.refused > 10_000, "{} refused", tally.refused);
}

#[test]
fn bee_takes_messages_of_up_to_four_bytes_too_many() {
    let with = |length: usize| {
        let data = vec![1; length - 53 - 11];
        let payload = Some(Payload::Indexation(Indexation { index: vec![1], data }));
        Message { payload, ..Message::parse(&samples::messages()[4].0[..]).unwrap() }.pack()
    };
    let overhead = with(1_000).len() - 1_000;
    let mut tally = Tally::default();
    for more in 0..=5 {
        let bytes = with(MESSAGE_BYTES_MAX + more - overhead);
        assert_eq!(bytes.len(), MESSAGE_BYTES_MAX + more);
        tally.compare(&bytes);
    }
    assert_eq!((tally.accepted, tally.refused), (1, 1));
    assert_eq!(tally.differences, [Difference::TooLong; 4]);
}

/// A message with a milestone with a receipt of one entry that both take, after `change`.
fn migrating(change: impl FnOnce(&mut Milestone, &mut Receipt)) -> Vec<u8> {
    let bytes = samples::messages().swap_remove(0).0;
    let message = Message::parse(&bytes).unwrap();
    let Some(Payload::Milestone(mut milestone)) = message.payload else { panic!("no milestone") };
    let entry = MigratedFunds {
        tail_transaction_hash: [1; 49],
        address: Address::Ed25519([2; 32]),
        deposit: MIGRATED_FUNDS_DEPOSIT_MIN,
    };
    let transaction = TreasuryTransaction { input: MilestoneId([3; 32]), output_amount: 4 };
    let mut receipt = Receipt { migrated_at: 5, is_final: true, funds: vec![entry], transaction };
    change(&mut milestone, &mut receipt);
    milestone.receipt = Some(receipt);
    Message { payload: Some(Payload::Milestone(milestone)), ..message }.pack()
}

fn assert_alike(bytes: &[u8]) {
    let mut tally = Tally::default();
    tally.compare(bytes);
    assert_eq!(tally.differences, []);
}

fn assert_differs(bytes: &[u8], difference: Difference) {
    let mut tally = Tally::default();
    tally.compare(bytes);
    assert_eq!(tally.differences, [difference]);
}

#[test]
fn bee_and_tip_8_ask_more_of_the_next_proof_of_work_score() {
    let scores = |score, from| {
        migrating(|milestone, _| {
            milestone.next_pow_score = score;
            milestone.next_pow_score_milestone_index = from;
        })
    };
    let index = 76_695;
    assert_alike(&scores(0, 0));
    assert_alike(&scores(1, 0));
    assert_alike(&scores(1, index + 1));
    assert_differs(&scores(0, 1), Difference::NextPowScore);
    assert_differs(&scores(1, index), Difference::NextPowScore);
}

#[test]
fn bee_judges_the_contents_of_receipts_while_parsing() {
    assert_alike(&migrating(|_, _| {}));
    let deposit = |deposit| migrating(|_, receipt| receipt.funds[0].deposit = deposit);
    assert_alike(&deposit(TOKEN_SUPPLY));
    assert_differs(&deposit(TOKEN_SUPPLY + 1), Difference::ReceiptContents);
    assert_differs(&deposit(MIGRATED_FUNDS_DEPOSIT_MIN - 1), Difference::ReceiptContents);
    let treasury = |amount| migrating(|_, receipt| receipt.transaction.output_amount = amount);
    assert_alike(&treasury(TOKEN_SUPPLY));
    assert_differs(&treasury(TOKEN_SUPPLY + 1), Difference::ReceiptContents);
    let one_tail_twice = migrating(|_, receipt| {
        let first = receipt.funds[0];
        receipt.funds.push(MigratedFunds { deposit: first.deposit + 1, ..first });
    });
    assert_differs(&one_tail_twice, Difference::ReceiptContents);
}

#[test]
fn bee_reads_trits_from_the_tails_of_a_receipt() {
    let tail = |place: usize, byte: i8| {
        migrating(|_, receipt| receipt.funds[0].tail_transaction_hash[place] = byte.cast_unsigned())
    };
    assert_alike(&tail(0, 121));
    assert_alike(&tail(0, -121));
    assert_differs(&tail(0, 122), Difference::ReceiptContents);
    assert_alike(&tail(48, 13));
    assert_alike(&tail(48, -13));
    assert_differs(&tail(48, 14), Difference::TailRest);
}

#[test]
fn bee_takes_any_final_flag() {
    let mut bytes = migrating(|_, _| {});
    // A receipt begins with its type and the legacy milestone; the flag follows.
    let head = [3, 0, 0, 0, 5, 0, 0, 0, 1];
    let place = bytes.windows(head.len()).position(|window| window == head).unwrap() + head.len() - 1;
    for (flag, is_alike) in [(0, true), (1, true), (2, false), (255, false)] {
        bytes[place] = flag;
        if is_alike { assert_alike(&bytes) } else { assert_differs(&bytes, Difference::FinalFlag) }
    }
}
