//! Which milestones are valid (TIP-8).

use osmia_chrysalis::{
    KeyRange, Message, Milestone, MilestoneError, MilestoneKeys, Parents, Payload, ProtocolParameters,
};
use osmia_primitives::ed25519::{PublicKey, SecretKey};
use osmia_primitives::hex;
use osmia_primitives::{MessageId, MilestoneIndex, NetworkId};

use crate::samples;

fn secret_keys() -> Vec<SecretKey> {
    let mut keys: Vec<_> = (1..=3).map(|seed| SecretKey::from_seed([seed; 32])).collect();
    keys.sort_by_key(SecretKey::public_key);
    keys
}

fn range(key: &SecretKey, start: u32, end: u32) -> KeyRange {
    KeyRange { public_key: key.public_key(), start: MilestoneIndex(start), end: MilestoneIndex(end) }
}

/// Two keys without an end and one for the milestones 10 to 20; two must sign.
fn milestone_keys() -> MilestoneKeys {
    let keys = secret_keys();
    MilestoneKeys::new(vec![range(&keys[0], 0, 0), range(&keys[1], 0, 0), range(&keys[2], 10, 20)], 2)
}

fn parents(first: u8) -> Parents {
    Parents::new(vec![MessageId([first; 32]), MessageId([9; 32])]).unwrap()
}

fn signed(index: u32, signers: &[&SecretKey]) -> (Message, Milestone) {
    let mut milestone = Milestone {
        index: MilestoneIndex(index),
        timestamp: 1,
        parents: parents(1),
        inclusion_merkle_root: [0; 32],
        next_pow_score: 0,
        next_pow_score_milestone_index: 0,
        public_keys: signers.iter().map(|key| key.public_key()).collect(),
        receipt: None,
        signatures: Vec::new(),
    };
    let essence_hash = milestone.essence_hash();
    milestone.signatures = signers.iter().map(|key| key.sign(&essence_hash)).collect();
    (carrying(&milestone, parents(1)), milestone)
}

fn carrying(milestone: &Milestone, parents: Parents) -> Message {
    let payload = Some(Payload::Milestone(Box::new(milestone.clone())));
    Message { network_id: NetworkId(1), parents, payload, nonce: 0 }
}

#[test]
fn enough_keys_that_may_sign_make_a_milestone() {
    let keys = secret_keys();
    let (message, milestone) = signed(15, &[&keys[0], &keys[1], &keys[2]]);
    assert_eq!(milestone_keys().verify(&message, &milestone, &[true; 3]), Ok(()));
    assert_eq!(milestone_keys().verify_with_signatures(&message, &milestone), Ok(()));
    let (message, milestone) = signed(15, &[&keys[0], &keys[2]]);
    assert_eq!(milestone_keys().verify_with_signatures(&message, &milestone), Ok(()));
}

#[test]
fn the_ends_of_a_range_belong_to_it() {
    let key = secret_keys()[2].public_key();
    for (index, expected) in [(9, false), (10, true), (20, true), (21, false)] {
        assert_eq!(milestone_keys().applicable(MilestoneIndex(index)).contains(&key), expected, "{index}");
    }
    assert_eq!(milestone_keys().applicable(MilestoneIndex(u32::MAX)).len(), 2);
}

#[test]
fn a_key_outside_its_range_spoils_the_milestone() {
    let keys = secret_keys();
    let (message, milestone) = signed(21, &[&keys[0], &keys[1], &keys[2]]);
    let expected = MilestoneError::KeyNotApplicable { index: MilestoneIndex(21), place: 2 };
    assert_eq!(milestone_keys().verify(&message, &milestone, &[true; 3]), Err(expected));
}

#[test]
fn too_few_signatures_are_refused() {
    let (message, milestone) = signed(15, &[&secret_keys()[0]]);
    let expected = MilestoneError::TooFewSignatures { got: 1, needed: 2 };
    assert_eq!(milestone_keys().verify(&message, &milestone, &[true]), Err(expected));
}

#[test]
fn a_wrong_signature_is_refused_by_verdict_and_by_verifying() {
    let keys = secret_keys();
    let (message, mut milestone) = signed(15, &[&keys[0], &keys[1]]);
    let expected = Err(MilestoneError::Signature { index: MilestoneIndex(15), place: 1 });
    assert_eq!(milestone_keys().verify(&message, &milestone, &[true, false]), expected);
    milestone.signatures[1].0[0] ^= 1;
    assert_eq!(milestone_keys().verify_with_signatures(&message, &milestone), expected);
}

#[test]
fn other_parents_than_those_of_the_message_are_refused() {
    let keys = secret_keys();
    let (_, milestone) = signed(15, &[&keys[0], &keys[1]]);
    let verify = |parents| milestone_keys().verify(&carrying(&milestone, parents), &milestone, &[true; 2]);
    assert_eq!(verify(parents(1)), Ok(()));
    assert_eq!(verify(parents(2)), Err(MilestoneError::Parents));
    // Fewer parents in the payload than in the message crash the reference node.
    let more = Parents::sorted([1, 9, 10].map(|byte| MessageId([byte; 32]))).unwrap();
    assert_eq!(verify(more), Err(MilestoneError::Parents));
    assert_eq!(verify(Parents::new(vec![MessageId([1; 32])]).unwrap()), Err(MilestoneError::Parents));
}

#[test]
fn verdicts_that_do_not_fit_the_signatures_are_refused() {
    let keys = secret_keys();
    let (message, mut milestone) = signed(15, &[&keys[0], &keys[1]]);
    let mismatch = |signatures| Err(MilestoneError::SignatureCount { keys: 2, signatures });
    assert_eq!(milestone_keys().verify(&message, &milestone, &[true]), mismatch(1));
    assert_eq!(milestone_keys().verify(&message, &milestone, &[true; 3]), mismatch(3));
    milestone.signatures.pop();
    assert_eq!(milestone_keys().verify(&message, &milestone, &[true; 2]), mismatch(1));
}

#[test]
fn a_threshold_of_zero_or_above_the_known_keys_makes_every_milestone_invalid() {
    let keys = secret_keys();
    let (message, milestone) = signed(15, &[&keys[0], &keys[1]]);
    let none = MilestoneKeys::new(milestone_keys().ranges().to_vec(), 0);
    assert_eq!(none.verify(&message, &milestone, &[true; 2]), Err(MilestoneError::NoThreshold));
    let one_key = MilestoneKeys::new(vec![range(&keys[0], 0, 0)], 2);
    let expected = MilestoneError::TooFewKeys { index: MilestoneIndex(15), got: 1, needed: 2 };
    assert_eq!(one_key.verify(&message, &milestone, &[true; 2]), Err(expected));
}

#[test]
fn a_key_configured_twice_counts_once() {
    let keys = secret_keys();
    let doubled = MilestoneKeys::new(vec![range(&keys[0], 0, 5), range(&keys[0], 3, 0)], 2);
    assert_eq!(doubled.applicable(MilestoneIndex(4)).len(), 1);
}

#[test]
fn real_milestones_are_valid_under_the_published_keys_of_their_network() {
    let networks = samples::read_json("networks.json");
    let mainnet = &networks.as_array().unwrap()[0];
    assert_eq!(mainnet["networkID"], "chrysalis-mainnet");
    let ranges = mainnet["publicKeyRanges"].as_array().unwrap().iter().map(|range| KeyRange {
        public_key: PublicKey(hex::decode_array(range["key"].as_str().unwrap()).unwrap()),
        start: MilestoneIndex(range["start"].as_u64().unwrap().try_into().unwrap()),
        end: MilestoneIndex(range["end"].as_u64().unwrap().try_into().unwrap()),
    });
    let keys = MilestoneKeys::new(ranges.collect(), 2);
    let mut verified = 0;
    for (bytes, sample) in samples::messages() {
        if sample["network"] != "chrysalis-mainnet" || sample["payloadType"] != 1 {
            continue;
        }
        let message = Message::parse(&bytes).unwrap();
        let Some(Payload::Milestone(milestone)) = &message.payload else { panic!("not a milestone") };
        assert_eq!(sample["milestone"], milestone.index.0);
        assert_eq!(keys.verify_with_signatures(&message, milestone), Ok(()));
        verified += 1;
    }
    assert_eq!(verified, 2);
}

#[test]
fn the_parameters_of_a_network_follow_from_its_name_and_need_a_usable_prefix() {
    let parameters = ProtocolParameters::new("private_tangle1", "atoi", 100.0, milestone_keys()).unwrap();
    assert_eq!(parameters.network_id, NetworkId(8_453_507_715_857_476_362));
    assert_eq!(parameters.below_max_depth, 15);
    for prefix in ["", "Atoi", "at oi", "\u{e4}"] {
        assert!(
            ProtocolParameters::new("private_tangle1", prefix, 100.0, milestone_keys()).is_err(),
            "{prefix}"
        );
    }
}
