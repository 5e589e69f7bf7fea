//! A length or a count alone must cost nothing: memory is reserved only for what the bytes that are there can hold.

use std::io::{self, Read};

use osmia_chrysalis::snapshot::{SnapshotError, SnapshotReader};
use osmia_chrysalis::{Message, Milestone, Payload, Receipt};
use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

use crate::samples;
use crate::strategies::message;

/// A message up to a length field, which then states more than follows.
fn refuses_at_the_end(head: &[u8], field: &[u8]) {
    // The shortest message has 53 bytes; the payload itself is refused whatever follows.
    let mut payload = head.to_vec();
    payload.extend(field);
    for tail in [0, 1, 40] {
        let mut payload = payload.clone();
        payload.resize(payload.len() + tail, 0);
        assert!(Payload::parse(&payload).is_err(), "{field:?} was believed");
    }
}

#[test]
fn the_largest_length_in_every_field_is_refused() {
    refuses_at_the_end(&[2, 0, 0, 0], &[255, 255]);
    refuses_at_the_end(&[2, 0, 0, 0, 1, 0, 7], &[255, 255, 255, 255]);
    refuses_at_the_end(&[0, 0, 0, 0, 0], &[255, 255]);
    refuses_at_the_end(&[0, 0, 0, 0, 0], &[127, 0]);
    let input = [vec![0, 0, 0, 0, 0, 1, 0], vec![0; 35]].concat();
    refuses_at_the_end(&input, &[255, 255]);
    refuses_at_the_end(&input, &[127, 0]);
    let output = [input, vec![1, 0], vec![0; 34], vec![1, 0, 0, 0, 0, 0, 0, 0]].concat();
    refuses_at_the_end(&output, &[255, 255, 255, 255]);
    refuses_at_the_end(&[output, vec![0; 4]].concat(), &[255, 255]);
    let milestone = [vec![1, 0, 0, 0], vec![0; 12]].concat();
    refuses_at_the_end(&milestone, &[255]);
    let keys = [milestone, vec![1], vec![0; 32 + 32 + 8]].concat();
    refuses_at_the_end(&keys, &[255]);
    let receipt_length = [keys, vec![1], vec![0; 32]].concat();
    refuses_at_the_end(&receipt_length, &[255, 255, 255, 255]);
    refuses_at_the_end(&[receipt_length, vec![0; 4]].concat(), &[255]);
    for count in [[255, 255], [127, 0]] {
        let funds = [vec![3, 0, 0, 0], vec![0; 5], count.to_vec()].concat();
        assert!(Receipt::parse(&funds).is_err());
        let length = [funds, vec![255; 4]].concat();
        assert!(Receipt::parse(&length).is_err());
    }
    let mut bytes = vec![0; 53];
    bytes[8] = 1;
    bytes[41..45].fill(255);
    assert_eq!(Message::parse(&bytes).unwrap_err().rule(), "unexpected-end");
}

proptest! {
    #[test]
    fn a_parsed_message_holds_no_more_room_than_it_needs(message in message()) {
        let parsed = Message::parse(&message.pack()).unwrap();
        match parsed.payload {
            Some(Payload::Indexation(indexation)) => {
                prop_assert_eq!(indexation.index.capacity(), indexation.index.len());
                prop_assert_eq!(indexation.data.capacity(), indexation.data.len());
            }
            Some(Payload::Transaction(transaction)) => {
                prop_assert_eq!(transaction.essence.inputs.capacity(), transaction.essence.inputs.len());
                prop_assert_eq!(transaction.essence.outputs.capacity(), transaction.essence.outputs.len());
                prop_assert_eq!(transaction.unlock_blocks.capacity(), transaction.unlock_blocks.len());
            }
            Some(Payload::Milestone(milestone)) => {
                prop_assert_eq!(milestone.public_keys.capacity(), milestone.public_keys.len());
                prop_assert_eq!(milestone.signatures.capacity(), milestone.signatures.len());
                let funds = milestone.receipt.map(|receipt| receipt.funds);
                prop_assert!(funds.is_none_or(|funds| funds.capacity() == funds.len()));
            }
            None => {}
        }
    }
}

/// Hands out bytes and remembers the largest buffer it was given: whoever believes a length reads into one of that length.
struct Watched<'a> {
    bytes: &'a [u8],
    largest: &'a mut usize,
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        *self.largest = (*self.largest).max(buffer.len());
        self.bytes.read(buffer)
    }
}

/// Reads a snapshot file to its end and returns the error, with the largest buffer that was read into.
fn drained(bytes: &[u8]) -> (SnapshotError, usize) {
    let mut largest = 0;
    let watched = Watched { bytes, largest: &mut largest };
    let error = match SnapshotReader::open(watched) {
        Err(error) => error,
        Ok(mut reader) => loop {
            match reader.next_item() {
                Ok(Some(_)) => {}
                Ok(None) => panic!("the damaged file was read to its end"),
                Err(error) => break error,
            }
        },
    };
    (error, largest)
}

#[test]
fn the_counts_of_a_snapshot_header_are_not_believed() {
    let genesis = samples::read("snapshots/private_tangle1-genesis.bin");
    for offset in [26, 34, 42] {
        let mut bytes = genesis.clone();
        bytes[offset..offset + 8].fill(255);
        let (error, largest) = drained(&bytes);
        assert!(matches!(error, SnapshotError::Truncated { .. } | SnapshotError::Syntax { .. }), "{error}");
        assert!(largest <= 64 * 1024, "{largest} bytes were asked for at once");
    }
}

#[test]
fn the_counts_of_a_milestone_in_a_snapshot_are_not_believed() {
    let (bytes, _) = samples::messages().into_iter().find(|(_, sample)| sample["payloadType"] == 1).unwrap();
    let Some(Payload::Milestone(milestone)) = Message::parse(&bytes).unwrap().payload else {
        panic!("no milestone")
    };
    let milestone = Milestone::pack(&milestone);
    let mut header = vec![1, 1];
    header.extend([0; 32]);
    header.extend(1_u64.to_le_bytes());
    let length = |length: u32| [header.clone(), length.to_le_bytes().to_vec()].concat();
    let whole = [length(u32::try_from(milestone.len()).unwrap()), milestone].concat();
    let (million, too_many) = ((1_u64 << 20).to_le_bytes(), u64::MAX.to_le_bytes());
    for (bytes, is_counted_out) in [
        (length(u32::MAX), true),
        (length(32_768), false),
        ([whole.as_slice(), &too_many].concat(), true),
        ([whole.as_slice(), &million].concat(), false),
        ([whole.as_slice(), &[0; 8], &too_many].concat(), true),
        ([whole.as_slice(), &[0; 8], &million].concat(), false),
    ] {
        let (error, largest) = drained(&bytes);
        assert_eq!(matches!(error, SnapshotError::TooMany { .. }), is_counted_out, "{error}");
        assert!(is_counted_out || matches!(error, SnapshotError::Truncated { .. }), "{error}");
        assert!(largest <= 64 * 1024, "{largest} bytes were asked for at once");
    }
}
