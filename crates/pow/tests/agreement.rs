//! The faster implementations give the counts of the reference, for batches of any size and for real messages.

use osmia_pow::{
    required_zeros, score, score_of, search, trailing_zeros, trailing_zeros_batch, trailing_zeros_of_messages,
};
use osmia_primitives::blake2b::{self, Digest};
use osmia_primitives::hex;
use proptest::prelude::*;

fn items(len: usize) -> Vec<(Digest, u64)> {
    let nonce = |index: usize| (index as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (0..len).map(|index| (blake2b::hash(&index.to_le_bytes()), nonce(index))).collect()
}

#[test]
fn batches_of_any_size_agree_with_the_reference() {
    let items = items(300);
    let expected: Vec<u32> = items.iter().map(|(digest, nonce)| trailing_zeros(digest, *nonce)).collect();
    for len in [0, 1, 2, 10, 11, 63, 64, 65, 127, 128, 129, 138, 139, 200, 256, 300] {
        assert_eq!(trailing_zeros_batch(&items[..len]), expected[..len], "{len} items");
    }
}

#[test]
fn real_messages_have_their_published_scores() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/chrysalis-samples.json");
    let samples: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let samples = samples.as_array().unwrap();
    assert!(!samples.is_empty());
    let messages: Vec<Vec<u8>> =
        samples.iter().map(|sample| hex::decode(sample["raw"].as_str().unwrap()).unwrap()).collect();

    // Repeated, so that the batch is computed in sliced form.
    let borrowed: Vec<&[u8]> = messages.iter().map(Vec::as_slice).cycle().take(200).collect();
    let zeros = trailing_zeros_of_messages(&borrowed);
    for ((message, zeros), sample) in borrowed.iter().zip(&zeros).zip(samples.iter().cycle()) {
        let found = score_of(zeros.unwrap(), message.len());
        assert_eq!(found, score(message));
        assert_eq!(Some(found.round()), sample["powScore"].as_f64());
    }
}

#[test]
fn a_mined_message_has_the_score_it_was_mined_for() {
    let mut message = b"a message of some length".to_vec();
    message.extend([0; 8]);
    for min_score in [1.0, 100.0, 2000.0] {
        let body = message.len() - 8;
        let zeros = required_zeros(message.len(), min_score);
        let stop = std::sync::atomic::AtomicBool::new(false);
        let nonce = search(&blake2b::hash(&message[..body]), zeros, 0..=u64::MAX, &stop).nonce().unwrap();
        message[body..].copy_from_slice(&nonce.to_le_bytes());
        assert!(score(&message) >= min_score);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn any_batch_agrees_with_the_reference(items: Vec<(Digest, u64)>) {
        let expected: Vec<u32> = items.iter().map(|(digest, nonce)| trailing_zeros(digest, *nonce)).collect();
        prop_assert_eq!(trailing_zeros_batch(&items), expected);
    }

    #[test]
    fn messages_of_any_length_are_answered_in_order(messages: Vec<Vec<u8>>) {
        let borrowed: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
        let zeros = trailing_zeros_of_messages(&borrowed);
        prop_assert_eq!(zeros.len(), messages.len());
        for (message, zeros) in messages.iter().zip(zeros) {
            prop_assert_eq!(zeros.is_some(), message.len() >= 8);
            let found = zeros.map_or(0.0, |zeros| score_of(zeros, message.len()));
            prop_assert_eq!(found, score(message));
        }
    }
}
