//! Every syntactic rule: a value at its boundary that is accepted, and one that is refused under the rule's name, both as
//! bytes and as a value built by hand.

use osmia_chrysalis::limits::{DUST_ALLOWANCE_AMOUNT_MIN, TOKEN_SUPPLY};
use osmia_chrysalis::{
    Address, Essence, Indexation, Input, MESSAGE_BYTES_MAX, MESSAGE_BYTES_MIN, Message, MigratedFunds,
    Milestone, Output, OutputId, OutputKind, Parents, Payload, Receipt, Transaction, TreasuryTransaction,
    UnlockBlock,
};
use osmia_primitives::ed25519::{PublicKey, Signature};
use osmia_primitives::{MessageId, MilestoneId, MilestoneIndex, NetworkId, TransactionId};

fn message(payload: Option<Payload>) -> Message {
    let parents = Parents::new(vec![MessageId([1; 32])]).unwrap();
    Message { network_id: NetworkId(0), parents, payload, nonce: 0 }
}

fn indexation(index: usize, data: usize) -> Payload {
    Payload::Indexation(Indexation { index: vec![7; index], data: vec![8; data] })
}

fn input(transaction: u8, index: u16) -> Input {
    Input(OutputId { transaction_id: TransactionId([transaction; 32]), index })
}

fn single(address: u8, amount: u64) -> Output {
    Output { kind: OutputKind::SigLockedSingle, address: Address::Ed25519([address; 32]), amount }
}

fn allowance(address: u8, amount: u64) -> Output {
    Output { kind: OutputKind::SigLockedDustAllowance, ..single(address, amount) }
}

fn signature(byte: u8) -> UnlockBlock {
    UnlockBlock::Signature { public_key: PublicKey([byte; 32]), signature: Signature([byte; 64]) }
}

fn transaction() -> Transaction {
    Transaction {
        essence: Essence { inputs: vec![input(1, 0)], outputs: vec![single(1, 1)], payload: None },
        unlock_blocks: vec![signature(1)],
    }
}

fn spending(inputs: Vec<Input>) -> Transaction {
    let unlock_blocks = (0..inputs.len()).map(|place| signature(u8::try_from(place).unwrap_or(0))).collect();
    Transaction { essence: Essence { inputs, ..transaction().essence }, unlock_blocks }
}

fn creating(outputs: Vec<Output>) -> Transaction {
    Transaction { essence: Essence { outputs, ..transaction().essence }, ..transaction() }
}

fn unlocked(unlock_blocks: Vec<UnlockBlock>) -> Transaction {
    let inputs = (0..unlock_blocks.len()).map(|place| input(u8::try_from(place).unwrap(), 0)).collect();
    Transaction { unlock_blocks, ..spending(inputs) }
}

fn milestone() -> Milestone {
    Milestone {
        index: MilestoneIndex(1),
        timestamp: 2,
        parents: Parents::new(vec![MessageId([1; 32])]).unwrap(),
        inclusion_merkle_root: [3; 32],
        next_pow_score: 0,
        next_pow_score_milestone_index: 0,
        public_keys: vec![PublicKey([4; 32])],
        receipt: None,
        signatures: vec![Signature([5; 64])],
    }
}

fn keyed(keys: impl IntoIterator<Item = u8>) -> Milestone {
    let public_keys: Vec<_> = keys.into_iter().map(|key| PublicKey([key; 32])).collect();
    let signatures = vec![Signature([5; 64]); public_keys.len()];
    Milestone { public_keys, signatures, ..milestone() }
}

fn receipt(funds: impl IntoIterator<Item = u8>) -> Receipt {
    let entry = |tail| MigratedFunds {
        tail_transaction_hash: [tail; 49],
        address: Address::Ed25519([6; 32]),
        deposit: DUST_ALLOWANCE_AMOUNT_MIN,
    };
    Receipt {
        migrated_at: 1,
        is_final: false,
        funds: funds.into_iter().map(entry).collect(),
        transaction: TreasuryTransaction { input: MilestoneId([7; 32]), output_amount: 1 },
    }
}

fn with_receipt(receipt: Receipt) -> Milestone {
    Milestone { receipt: Some(receipt), ..milestone() }
}

fn accepts(payload: Payload) {
    let message = message(Some(payload));
    assert_eq!(message.validate(), Ok(()));
    assert_eq!(Message::parse(&message.pack()), Ok(message));
}

fn refuses(payload: Payload, rule: &str) {
    let message = message(Some(payload));
    assert_eq!(message.validate().unwrap_err().rule(), rule);
    refuses_bytes(&message.pack(), rule);
}

fn refuses_bytes(bytes: &[u8], rule: &str) {
    let error = Message::parse(bytes).unwrap_err();
    assert_eq!(error.rule(), rule);
    assert!(error.to_string().starts_with(&format!("{rule}: ")), "{error}");
}

/// The bytes of a message with `payload` in which the byte at `place` of the payload is `byte`.
fn patched(payload: Payload, place: usize, byte: u8) -> Vec<u8> {
    let mut bytes = message(Some(payload)).pack();
    bytes[PAYLOAD + place] = byte;
    bytes
}

/// Where the payload of a message with one parent begins.
const PAYLOAD: usize = 8 + 1 + 32 + 4;
/// Where the parents are counted.
const PARENTS_COUNT: usize = 8;

fn tx(transaction: Transaction) -> Payload {
    Payload::Transaction(Box::new(transaction))
}

fn ms(milestone: Milestone) -> Payload {
    Payload::Milestone(Box::new(milestone))
}

#[test]
fn message_length() {
    let smallest = message(None).pack();
    assert_eq!(smallest.len(), MESSAGE_BYTES_MIN);
    assert_eq!(Message::parse(&smallest), Ok(message(None)));
    refuses_bytes(&smallest[..MESSAGE_BYTES_MIN - 1], "message-length");
    let data_max = MESSAGE_BYTES_MAX - MESSAGE_BYTES_MIN - (4 + 2 + 1 + 4);
    accepts(indexation(1, data_max));
    refuses(indexation(1, data_max + 1), "message-length");
}

#[test]
fn parents_count() {
    let ids = |count: u8| (0..count).map(|byte| MessageId([byte; 32]));
    for count in [1, 8] {
        let parents = Parents::new(ids(count).collect()).unwrap();
        let bytes = Message { parents, ..message(None) }.pack();
        assert_eq!(Message::parse(&bytes).unwrap().parents.as_slice().len(), usize::from(count));
    }
    for count in [0, 9] {
        assert_eq!(Parents::new(ids(count).collect()).unwrap_err().rule(), "parents-count");
        assert_eq!(Parents::sorted(ids(count)).unwrap_err().rule(), "parents-count");
        let mut bytes = message(None).pack();
        bytes[PARENTS_COUNT] = count;
        bytes.extend([0; 300]);
        refuses_bytes(&bytes, "parents-count");
    }
}

#[test]
fn parents_sorted() {
    let [small, big] = [MessageId([1; 32]), MessageId([2; 32])];
    assert_eq!(Parents::new(vec![small, big]).unwrap().as_slice(), [small, big]);
    assert_eq!(Parents::new(vec![big, small]).unwrap_err().rule(), "parents-sorted");
    assert_eq!(Parents::new(vec![small, small]).unwrap_err().rule(), "parents-sorted");
    assert_eq!(Parents::sorted([big, small, big]).unwrap().as_slice(), [small, big]);
    let mut bytes = Message { parents: Parents::new(vec![small, big]).unwrap(), ..message(None) }.pack();
    for last in [1, 0] {
        bytes[PARENTS_COUNT + 33..PARENTS_COUNT + 65].fill(last);
        refuses_bytes(&bytes, "parents-sorted");
    }
}

#[test]
fn payload_type() {
    accepts(indexation(1, 0));
    for unknown in [3, 4, 5, 255] {
        refuses_bytes(&patched(indexation(1, 0), 0, unknown), "payload-type");
    }
    // The type has four bytes; the last one counts too.
    refuses_bytes(&patched(indexation(1, 0), 3, 1), "payload-type");
}

#[test]
fn payload_length() {
    let place = PAYLOAD - 4;
    let bytes = message(Some(indexation(1, 4))).pack();
    assert_eq!(bytes[place..PAYLOAD], [15, 0, 0, 0]);
    let changed = |length: u8| [&bytes[..place], &[length], &bytes[place + 1..]].concat();
    assert!(Message::parse(&changed(15)).is_ok());
    refuses_bytes(&changed(16), "payload-length");
    refuses_bytes(&changed(14), "unexpected-end");
    // A payload of no length is none, and what follows the nonce is too much.
    refuses_bytes(&changed(0), "trailing-bytes");
    refuses_bytes(&changed(255), "unexpected-end");
    refuses_bytes(&changed(3), "unexpected-end");
}

#[test]
fn index_length() {
    accepts(indexation(1, 0));
    accepts(indexation(64, 0));
    refuses(indexation(0, 0), "index-length");
    refuses(indexation(65, 0), "index-length");
}

#[test]
fn essence_type() {
    accepts(tx(transaction()));
    refuses_bytes(&patched(tx(transaction()), 4, 1), "essence-type");
}

#[test]
fn inputs_count() {
    let many = |count: u8| spending((0..count).map(|place| input(place, 0)).collect());
    accepts(tx(many(1)));
    accepts(tx(many(127)));
    refuses(tx(many(0)), "inputs-count");
    refuses(tx(many(128)), "inputs-count");
}

#[test]
fn input_type() {
    let place = 4 + 1 + 2;
    accepts(tx(transaction()));
    // 1 is a treasury input, which stands in receipts only.
    refuses_bytes(&patched(tx(transaction()), place, 1), "input-type");
    refuses_bytes(&patched(tx(transaction()), place, 2), "input-type");
}

#[test]
fn input_index() {
    accepts(tx(spending(vec![input(1, 126)])));
    refuses(tx(spending(vec![input(1, 127)])), "input-index");
}

#[test]
fn inputs_sorted() {
    accepts(tx(spending(vec![input(1, 0), input(1, 1)])));
    accepts(tx(spending(vec![input(1, 1), input(2, 0)])));
    refuses(tx(spending(vec![input(1, 1), input(1, 0)])), "inputs-sorted");
    refuses(tx(spending(vec![input(2, 0), input(1, 1)])), "inputs-sorted");
}

#[test]
fn input_unique() {
    accepts(tx(spending(vec![input(1, 1), input(1, 2)])));
    refuses(tx(spending(vec![input(1, 1), input(1, 1)])), "input-unique");
}

#[test]
fn outputs_count() {
    let many = |count: u8| creating((0..count).map(|place| single(place, 1)).collect());
    accepts(tx(many(1)));
    accepts(tx(many(127)));
    refuses(tx(many(0)), "outputs-count");
    refuses(tx(many(128)), "outputs-count");
}

#[test]
fn output_type() {
    let place = 4 + 1 + 2 + 35 + 2;
    accepts(tx(creating(vec![allowance(1, DUST_ALLOWANCE_AMOUNT_MIN)])));
    // 2 is a treasury output, which stands in receipts only.
    refuses_bytes(&patched(tx(transaction()), place, 2), "output-type");
    refuses_bytes(&patched(tx(transaction()), place, 3), "output-type");
}

#[test]
fn address_type() {
    let place = 4 + 1 + 2 + 35 + 2 + 1;
    accepts(tx(transaction()));
    refuses_bytes(&patched(tx(transaction()), place, 1), "address-type");
}

#[test]
fn outputs_sorted() {
    accepts(tx(creating(vec![single(1, 1), single(2, 1), allowance(1, DUST_ALLOWANCE_AMOUNT_MIN)])));
    refuses(tx(creating(vec![single(2, 1), single(1, 1)])), "outputs-sorted");
    refuses(tx(creating(vec![allowance(1, DUST_ALLOWANCE_AMOUNT_MIN), single(2, 1)])), "outputs-sorted");
}

#[test]
fn output_address_unique() {
    accepts(tx(creating(vec![single(1, 1), allowance(1, DUST_ALLOWANCE_AMOUNT_MIN)])));
    refuses(tx(creating(vec![single(1, 1), single(1, 2)])), "output-address-unique");
    refuses(tx(creating(vec![single(1, 2), single(1, 1)])), "output-address-unique");
}

#[test]
fn output_amount() {
    accepts(tx(creating(vec![single(1, 1)])));
    accepts(tx(creating(vec![single(1, TOKEN_SUPPLY)])));
    refuses(tx(creating(vec![single(1, 0)])), "output-amount");
    refuses(tx(creating(vec![single(1, TOKEN_SUPPLY + 1)])), "output-amount");
}

#[test]
fn dust_allowance_amount() {
    accepts(tx(creating(vec![allowance(1, DUST_ALLOWANCE_AMOUNT_MIN)])));
    accepts(tx(creating(vec![single(1, DUST_ALLOWANCE_AMOUNT_MIN - 1)])));
    refuses(tx(creating(vec![allowance(1, DUST_ALLOWANCE_AMOUNT_MIN - 1)])), "dust-allowance-amount");
}

#[test]
fn outputs_sum() {
    accepts(tx(creating(vec![single(1, TOKEN_SUPPLY - 1), single(2, 1)])));
    refuses(tx(creating(vec![single(1, TOKEN_SUPPLY), single(2, 1)])), "outputs-sum");
}

#[test]
fn essence_payload_type() {
    let inner = Indexation { index: vec![7], data: vec![8] };
    let with_payload =
        |payload| Transaction { essence: Essence { payload, ..transaction().essence }, ..transaction() };
    let place = 4 + 1 + 2 + 35 + 2 + 42 + 4;
    accepts(tx(with_payload(Some(inner.clone()))));
    for other in [0, 1, 3, 4] {
        refuses_bytes(&patched(tx(with_payload(Some(inner.clone()))), place, other), "embedded-payload-type");
    }
    refuses(tx(with_payload(Some(Indexation { index: Vec::new(), data: Vec::new() }))), "index-length");
}

#[test]
fn unlock_blocks_count() {
    accepts(tx(unlocked(vec![signature(1), signature(2)])));
    let with = |blocks| Transaction { unlock_blocks: blocks, ..spending(vec![input(1, 0), input(2, 0)]) };
    refuses(tx(with(vec![signature(1)])), "unlock-blocks-count");
    refuses(tx(with(vec![signature(1), signature(2), signature(3)])), "unlock-blocks-count");
}

#[test]
fn unlock_block_type() {
    let place = 4 + 1 + 2 + 35 + 2 + 42 + 4 + 2;
    accepts(tx(transaction()));
    refuses_bytes(&patched(tx(transaction()), place, 2), "unlock-block-type");
    refuses_bytes(&patched(tx(transaction()), place, 255), "unlock-block-type");
}

#[test]
fn signature_type() {
    let place = 4 + 1 + 2 + 35 + 2 + 42 + 4 + 2 + 1;
    accepts(tx(transaction()));
    refuses_bytes(&patched(tx(transaction()), place, 1), "signature-type");
}

#[test]
fn unlock_block_reference() {
    let reference = UnlockBlock::Reference;
    accepts(tx(unlocked(vec![signature(1), reference(0), signature(2), reference(2)])));
    for (refused, why) in [
        (vec![reference(0)], "itself"),
        (vec![signature(1), reference(1)], "itself, after a signature"),
        (vec![reference(1), signature(1)], "a later signature"),
        (vec![signature(1), reference(0), reference(1)], "a reference"),
        (vec![signature(1), reference(126)], "nothing"),
    ] {
        let message = message(Some(tx(unlocked(refused))));
        assert_eq!(message.validate().unwrap_err().rule(), "unlock-block-reference", "{why}");
        refuses_bytes(&message.pack(), "unlock-block-reference");
    }
}

#[test]
fn unlock_block_unique() {
    let key = PublicKey([1; 32]);
    let again = UnlockBlock::Signature { public_key: key, signature: Signature([2; 64]) };
    accepts(tx(unlocked(vec![signature(1), again])));
    refuses(tx(unlocked(vec![signature(1), signature(2), signature(1)])), "unlock-block-unique");
}

#[test]
fn milestone_pow_score() {
    let with = |next_pow_score, next_pow_score_milestone_index| {
        ms(Milestone { next_pow_score, next_pow_score_milestone_index, ..milestone() })
    };
    accepts(with(0, 0));
    accepts(with(0, 1));
    accepts(with(1, 1));
    refuses(with(1, 0), "milestone-pow-score");
}

#[test]
fn public_keys_count() {
    accepts(ms(keyed([4])));
    accepts(ms(keyed(1..=255)));
    refuses(ms(keyed([])), "public-keys-count");
}

#[test]
fn public_keys_sorted() {
    accepts(ms(keyed([4, 5])));
    refuses(ms(keyed([5, 4])), "public-keys-sorted");
    refuses(ms(keyed([4, 4])), "public-keys-sorted");
}

#[test]
fn signatures_count() {
    accepts(ms(keyed([4, 5])));
    for count in [0, 1, 3] {
        let signatures = vec![Signature([5; 64]); count];
        refuses(ms(Milestone { signatures, ..keyed([4, 5]) }), "signatures-count");
    }
}

/// Where the receipt of a milestone with one parent and one key begins in its payload.
const RECEIPT: usize = 4 + 4 + 8 + 33 + 32 + 4 + 4 + 33 + 4;

#[test]
fn receipt_type() {
    accepts(ms(with_receipt(receipt([1]))));
    refuses_bytes(&patched(ms(with_receipt(receipt([1]))), RECEIPT, 2), "embedded-payload-type");
}

#[test]
fn receipt_final() {
    accepts(ms(with_receipt(Receipt { is_final: true, ..receipt([1]) })));
    refuses_bytes(&patched(ms(with_receipt(receipt([1]))), RECEIPT + 8, 2), "receipt-final");
}

#[test]
fn funds_count() {
    accepts(ms(with_receipt(receipt([1]))));
    accepts(ms(with_receipt(receipt(1..=127))));
    refuses(ms(with_receipt(receipt([]))), "funds-count");
    refuses(ms(with_receipt(receipt(1..=128))), "funds-count");
}

#[test]
fn funds_sorted() {
    accepts(ms(with_receipt(receipt([1, 2]))));
    refuses(ms(with_receipt(receipt([2, 1]))), "funds-sorted");
    refuses(ms(with_receipt(receipt([1, 1]))), "funds-sorted");
    // One tail may come twice as far as syntax goes; applying the receipt refuses it.
    let mut twice = receipt([1, 1]);
    twice.funds[1].deposit += 1;
    accepts(ms(with_receipt(twice)));
}

/// Where the length of the treasury transaction stands in a receipt with one entry.
const TREASURY_LENGTH: usize = RECEIPT + 4 + 4 + 1 + 2 + MigratedFunds::BYTES;

#[test]
fn receipt_transaction() {
    accepts(ms(with_receipt(receipt([1]))));
    refuses_bytes(&patched(ms(with_receipt(receipt([1]))), TREASURY_LENGTH, 0), "receipt-transaction");
    refuses_bytes(&patched(ms(with_receipt(receipt([1]))), TREASURY_LENGTH + 4, 3), "embedded-payload-type");
    refuses_bytes(&patched(ms(with_receipt(receipt([1]))), TREASURY_LENGTH, 45), "unexpected-end");
}

#[test]
fn treasury_types() {
    accepts(ms(with_receipt(receipt([1]))));
    let input_type = TREASURY_LENGTH + 8;
    refuses_bytes(&patched(ms(with_receipt(receipt([1]))), input_type, 0), "treasury-input-type");
    refuses_bytes(&patched(ms(with_receipt(receipt([1]))), input_type + 33, 0), "treasury-output-type");
}
