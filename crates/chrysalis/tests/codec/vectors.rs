//! Published vectors: the TIPs and real messages.

use osmia_chrysalis::json::{message_to_json, submitted_message};
use osmia_chrysalis::{Address, Message, Payload};
use osmia_primitives::ed25519::{PublicKey, Signature};
use osmia_primitives::{MessageId, NetworkId, hex};

use crate::samples;

/// The message of the example in TIP-6.
const TIP_6: &str = concat!(
    "0000000000000000",
    "02",
    "210fc7bb818639ac48a4c6afa2f1581a8b9525e20fda68927f2b2ff836f73578",
    "db0fa54c29f7fd928d92ca43f193dee47f591549f597a811c8fa67ab031ebd9c",
    "19000000",
    "02000000",
    "0400",
    "494f5441",
    "0b000000",
    "68656c6c6f20776f726c64",
    "ce6d000000000000",
);

#[test]
fn the_example_of_tip_6_is_a_message() {
    let bytes = hex::decode(TIP_6).unwrap();
    let message = Message::parse(&bytes).unwrap();
    assert_eq!(message.network_id, NetworkId(0));
    assert_eq!(message.parents.as_slice().len(), 2);
    assert_eq!(message.nonce, 28110);
    let Some(Payload::Indexation(indexation)) = &message.payload else { panic!("not an indexation") };
    assert_eq!(
        (indexation.index.as_slice(), indexation.data.as_slice()),
        (&b"IOTA"[..], &b"hello world"[..])
    );
    assert_eq!(message.pack(), bytes);
}

#[test]
fn real_messages_have_their_ids_and_bytes() {
    for (bytes, sample) in samples::messages() {
        let id = sample["id"].as_str().unwrap();
        let message = Message::parse(&bytes).unwrap_or_else(|error| panic!("{id}: {error}"));
        assert_eq!(message.pack(), bytes, "{id}");
        assert_eq!(message.id(), id.parse().unwrap());
        assert_eq!(message.validate(), Ok(()), "{id}");
        assert_eq!(
            message.payload.as_ref().map(Payload::type_number).map(u64::from),
            sample["payloadType"].as_u64()
        );
        let network = sample["network"].as_str().unwrap();
        let expected = network.parse().map_or_else(|_| NetworkId::of(network), NetworkId);
        assert_eq!(message.network_id, expected, "{id}");
    }
}

#[test]
fn real_transactions_have_their_ids_and_signatures() {
    let mut verified = 0;
    for (bytes, sample) in samples::messages() {
        let Some(Payload::Transaction(transaction)) = Message::parse(&bytes).unwrap().payload else {
            continue;
        };
        assert_eq!(transaction.id().to_string(), sample["transactionId"]);
        for place in 0..transaction.essence.inputs.len() {
            let (key, signature) = transaction.signature_of_input(place).unwrap();
            assert!(key.verify(&transaction.essence.signing_hash(), signature));
            verified += 1;
        }
    }
    assert!(verified >= 4, "only {verified} signatures were there to verify");
}

#[test]
fn real_milestones_have_their_keys_and_signatures() {
    let mut verified = 0;
    for (bytes, sample) in samples::messages() {
        let Some(Payload::Milestone(milestone)) = Message::parse(&bytes).unwrap().payload else { continue };
        let keys: Vec<_> = milestone.public_keys.iter().map(|key| hex::encode(&key.0)).collect();
        assert_eq!(serde_json::json!(keys), sample["keys"]);
        for (key, signature) in milestone.public_keys.iter().zip(&milestone.signatures) {
            assert!(key.verify(&milestone.essence_hash(), signature));
            verified += 1;
        }
    }
    assert!(verified >= 7, "only {verified} signatures were there to verify");
}

#[test]
fn the_published_networks_have_their_ids() {
    let networks = samples::read_json("networks.json");
    let ids = [1_454_675_179_895_816_119, 6_514_788_332_515_804_015, 8_453_507_715_857_476_362];
    let names = networks.as_array().unwrap().iter().map(|network| network["networkID"].as_str().unwrap());
    let got: Vec<_> = names.map(|name| NetworkId::of(name).0).collect();
    assert_eq!(got, ids);
}

#[test]
fn the_signatures_of_tip_14_are_judged_as_it_says() {
    let cases = samples::read_json("tips/tip-0014-ed25519.json");
    let cases = cases.as_array().unwrap();
    assert_eq!(cases.len(), 12);
    for case in cases {
        let field = |name: &str| case[name].as_str().unwrap();
        let key = PublicKey(hex::decode_array(field("pub_key")).unwrap());
        let signature = Signature(hex::decode_array(field("signature")).unwrap());
        // An input is unlocked when the key, as it is encoded, owns the address and the signature is right.
        let owns = hex::encode(&Address::of(&key).to_bytes()) == field("address");
        let verdict = owns && key.verify(&hex::decode(field("message")).unwrap(), &signature);
        assert_eq!(verdict, case["valid"].as_bool().unwrap(), "{case}");
    }
}

#[test]
fn the_message_examples_of_tip_13_are_read_and_written_back() {
    let examples = samples::read_json("tips/tip-0013-messages.json");
    let mut read = 0;
    for (name, example) in examples.as_object().unwrap() {
        if name.contains("minimal") {
            continue;
        }
        let submitted = submitted_message(&serde_json::to_vec(example).unwrap()).unwrap();
        let message = submitted.into_message().unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(message_to_json(&message), *example, "{name}");
        assert_eq!(Message::parse(&message.pack()), Ok(message), "{name}");
        read += 1;
    }
    assert_eq!(read, 7);
}

#[test]
fn a_message_of_tip_13_has_the_id_that_is_published_with_its_bytes() {
    let examples = samples::read_json("tips/tip-0013-messages.json");
    let id_of = |name: &str| -> MessageId {
        let text = serde_json::to_vec(&examples[name]).unwrap();
        submitted_message(&text).unwrap().into_message().unwrap().id()
    };
    let milestone = id_of("get-message-by-id-milestone-response-example");
    assert_eq!(milestone.to_string(), "53e5f848920db9c2adbc47e9e87608339386fcb07b40987fb1fe5717c6a68f77");
    let transaction = id_of("get-included-message-of-transaction-example");
    assert_eq!(transaction.to_string(), "34c1ddfd13fd359e8287b50573ff21d60221054e83f3356a5ca780635765d67b");
}

#[test]
fn the_minimal_examples_of_tip_13_leave_the_rest_to_the_node() {
    let examples = samples::read_json("tips/tip-0013-messages.json");
    let example = &examples["post-indexation-message-request-example-minimal"];
    let submitted = submitted_message(&serde_json::to_vec(example).unwrap()).unwrap();
    assert_eq!((submitted.network_id, submitted.parents, submitted.nonce), (None, None, None));
    assert!(matches!(submitted.payload, Some(Payload::Indexation(_))));
    let example = &examples["post-transaction-message-request-example-minimal"];
    let submitted = submitted_message(&serde_json::to_vec(example).unwrap()).unwrap();
    assert_eq!((submitted.network_id, submitted.parents, submitted.nonce), (None, None, Some(1_020_884)));
    assert!(matches!(submitted.payload, Some(Payload::Transaction(_))));
}
