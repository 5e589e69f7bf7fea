//! What must hold of every message: one form of bytes, nothing before and nothing after.

use osmia_chrysalis::json::{message_to_json, submitted_message};
use osmia_chrysalis::{Address, Message, Milestone, OutputId, Receipt};
use osmia_primitives::MessageId;
use osmia_primitives::blake2b;
use proptest::array::uniform2;
use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};
use proptest::sample::Index;

use crate::strategies::{address, message, milestone, receipt};

/// Parsing may refuse `bytes`; if it does not, they are the only form of the value.
fn assert_refused_or_canonical(bytes: &[u8]) {
    if let Ok(message) = Message::parse(bytes) {
        assert_eq!(message.pack(), bytes, "two forms of one message");
        assert_eq!(message.validate(), Ok(()));
    }
}

proptest! {
    #[test]
    fn a_valid_message_is_read_back_from_its_bytes(message in message()) {
        let bytes = message.pack();
        prop_assert_eq!(message.validate(), Ok(()));
        prop_assert_eq!(Message::parse(&bytes), Ok(message.clone()));
        prop_assert_eq!(message.id(), MessageId(blake2b::hash(&bytes)));
    }

    #[test]
    fn every_strict_prefix_and_every_appended_byte_is_refused(message in message(), appended in any::<u8>()) {
        let mut bytes = message.pack();
        for length in 0..bytes.len() {
            prop_assert!(Message::parse(&bytes[..length]).is_err(), "the first {} bytes are a message", length);
        }
        bytes.push(appended);
        prop_assert!(Message::parse(&bytes).is_err());
    }

    #[test]
    fn a_changed_byte_is_refused_or_another_message(message in message(), difference in 1..=u8::MAX) {
        let mut bytes = message.pack();
        for place in 0..bytes.len() {
            bytes[place] ^= difference;
            if let Ok(changed) = Message::parse(&bytes) {
                prop_assert_eq!(&changed.pack(), &bytes);
                prop_assert!(changed != message);
            }
            bytes[place] ^= difference;
        }
    }

    #[test]
    fn spliced_bytes_are_refused_or_canonical(
        left in message(),
        right in message(),
        cuts in any::<[Index; 2]>(),
        between in vec(any::<u8>(), 0..8),
    ) {
        let (left, right) = (left.pack(), right.pack());
        let mut bytes = left[..cuts[0].index(left.len())].to_vec();
        bytes.extend(between);
        bytes.extend(&right[cuts[1].index(right.len())..]);
        assert_refused_or_canonical(&bytes);
    }

    #[test]
    fn any_bytes_are_refused_or_canonical(bytes in vec(any::<u8>(), 0..400)) {
        assert_refused_or_canonical(&bytes);
    }

    #[test]
    fn json_of_a_message_is_read_back(message in message()) {
        let text = serde_json::to_vec(&message_to_json(&message)).unwrap();
        let submitted = submitted_message(&text).unwrap();
        prop_assert_eq!(submitted.nonce, Some(message.nonce));
        if message.network_id.0 != 0 {
            prop_assert_eq!(submitted.into_message().unwrap(), message);
        }
    }

    #[test]
    fn a_payload_alone_is_read_back(milestone in milestone(), receipt in receipt()) {
        prop_assert_eq!(Milestone::parse(&milestone.pack()), Ok(milestone));
        prop_assert_eq!(Receipt::parse(&receipt.pack()), Ok(receipt));
    }

    #[test]
    fn addresses_and_output_ids_are_ordered_as_their_bytes(
        addresses in any::<[(u8, [u8; 2]); 2]>(),
        left in address(),
        ids in uniform2(output_id_bytes()),
    ) {
        let [one, two] = addresses.map(|(first, last)| {
            let mut digest = [7; 32];
            (digest[0], digest[30], digest[31]) = (first, last[0], last[1]);
            Address::Ed25519(digest)
        });
        prop_assert_eq!(one.cmp(&two), one.to_bytes().cmp(&two.to_bytes()));
        prop_assert_eq!(Address::from_bytes(&left.to_bytes()), Ok(left));
        let [one, two] = ids.map(|bytes| OutputId::from_bytes(&bytes));
        prop_assert_eq!(one.cmp(&two), ids[0].cmp(&ids[1]));
        prop_assert_eq!(one.to_bytes(), ids[0]);
        prop_assert_eq!(one.to_string().parse(), Ok(one));
    }
}

/// Bytes of output ids that often share their transaction, so that the index decides.
fn output_id_bytes() -> impl Strategy<Value = [u8; 34]> {
    (0..3_u8, any::<u16>()).prop_map(|(transaction, index)| {
        let mut bytes = [transaction; 34];
        bytes[32..].copy_from_slice(&index.to_le_bytes());
        bytes
    })
}
