//! Messages: taken, and found again.

use osmia_chrysalis::{Indexation, Payload};
use osmia_primitives::hex;
use serde_json::{Value, json};

use crate::network::{
    Network, Setup, data_payload, genesis_transfer, mined, other_address, transaction_payload,
};

#[test]
fn a_message_answered_201_is_there_for_the_next_request() {
    let network = Network::start(Setup::still());
    let mut client = network.client();
    let mut other = network.client();
    for number in 0..50u8 {
        let bytes = network.mined(Some(data_payload(b"visible", &[number]))).pack();
        let reply = client.post_bytes(&bytes);
        assert_eq!(reply.status, 201, "{}", reply.text());
        let id = reply.data()["messageId"].as_str().unwrap().to_owned();
        assert_eq!(reply.header("location"), Some(id.as_str()));
        let raw = other.get(&format!("/api/v1/messages/{id}/raw"));
        assert_eq!((raw.status, raw.header("content-type")), (200, Some("application/octet-stream")));
        assert_eq!(raw.body, bytes);
    }
}

#[test]
fn a_message_is_shown_as_it_was_sent() {
    let network = Network::start(Setup::still());
    let message = network.mined(Some(data_payload(b"Osmia", b"hello")));
    let id = network.client().post_bytes(&message.pack()).data()["messageId"].as_str().unwrap().to_owned();
    assert_eq!(id, message.id().to_string());
    let parents: Vec<String> = message.parents.iter().map(ToString::to_string).collect();
    let expected = json!({
        "networkId": message.network_id.to_string(),
        "parentMessageIds": parents,
        "payload": { "type": 2, "index": hex::encode(b"Osmia"), "data": hex::encode(b"hello") },
        "nonce": message.nonce.to_string(),
    });
    let mut client = network.client();
    assert_eq!(client.get(&format!("/api/v1/messages/{id}")).data(), expected);
    assert_eq!(client.get(&format!("/api/v1/messages/{}", id.to_uppercase())).data(), expected);

    // The same as JSON is the same message.
    let reply = client.post_json(&expected.to_string());
    assert_eq!((reply.status, reply.data()), (201, json!({ "messageId": id })));
}

#[test]
fn a_message_without_payload_shows_null() {
    let network = Network::start(Setup::still());
    let message = network.mined(None);
    let mut client = network.client();
    assert_eq!(client.post_bytes(&message.pack()).status, 201);
    let shown = client.get(&format!("/api/v1/messages/{}", message.id())).data();
    assert_eq!(shown["payload"], Value::Null);
}

#[test]
fn the_same_bytes_twice_are_one_message() {
    let network = Network::start(Setup::still());
    let bytes = network.mined(Some(data_payload(b"twice", b""))).pack();
    let mut client = network.client();
    let first = client.post_bytes(&bytes);
    let second = client.post_bytes(&bytes);
    assert_eq!((first.status, second.status), (201, 201));
    assert_eq!(first.data(), second.data());
    let index = hex::encode(b"twice");
    assert_eq!(client.get(&format!("/api/v1/messages?index={index}")).data()["count"], 1);
}

#[test]
fn children_are_listed() {
    let network = Network::start(Setup::still());
    let parent = network.post(data_payload(b"parent", b""));
    let mut client = network.client();
    let path = format!("/api/v1/messages/{parent}/children");
    let none = json!({ "messageId": parent, "maxResults": 1000, "count": 0, "childrenMessageIds": [] });
    assert_eq!(client.get(&path).data(), none);

    let mut message = network.message(None);
    message.parents = osmia_chrysalis::Parents::new(vec![parent.parse().unwrap()]).unwrap();
    let child = mined(message);
    assert_eq!(client.post_bytes(&child.pack()).status, 201);
    let children = client.get(&path).data();
    assert_eq!(children["count"], 1);
    assert_eq!(children["childrenMessageIds"], json!([child.id().to_string()]));

    // A message that is not known has no children either.
    let unknown = "12".repeat(32);
    let children = client.get(&format!("/api/v1/messages/{unknown}/children")).data();
    assert_eq!(
        children,
        json!({ "messageId": unknown, "maxResults": 1000, "count": 0, "childrenMessageIds": [] })
    );
}

#[test]
fn messages_are_found_by_their_index() {
    let network = Network::start(Setup::still());
    let longest = [0xff; 64];
    let mut ids: Vec<String> =
        (0..3u8).map(|number| network.post(data_payload(&longest, &[number]))).collect();
    network.post(data_payload(&longest[..63], b"another index"));
    let mut client = network.client();
    let index = hex::encode(&longest);
    let found = client.get(&format!("/api/v1/messages?index={index}")).data();
    assert_eq!(
        (&found["index"], &found["maxResults"], &found["count"]),
        (&json!(index), &json!(1000), &json!(3))
    );
    let mut found: Vec<String> = serde_json::from_value(found["messageIds"].clone()).unwrap();
    found.sort();
    ids.sort();
    assert_eq!(found, ids);
    let none = client.get("/api/v1/messages?index=aa").data();
    assert_eq!(none, json!({ "index": "aa", "maxResults": 1000, "count": 0, "messageIds": [] }));
}

#[test]
fn an_index_inside_a_transaction_is_found_too() {
    let network = Network::start(Setup::still());
    let mut transaction = genesis_transfer(other_address(9), 5_000_000);
    transaction.essence.payload = Some(Indexation { index: b"inside".to_vec(), data: Vec::new() });
    let id = network.post(Payload::Transaction(Box::new(transaction)));
    let found = network.client().get(&format!("/api/v1/messages?index={}", hex::encode(b"inside"))).data();
    assert_eq!(found["messageIds"], json!([id]));
}

#[test]
fn lists_are_cut_at_the_limit() {
    let mut setup = Setup::still();
    setup.limits.results_max = 2;
    let network = Network::start(setup);
    for number in 0..4u8 {
        network.post(data_payload(b"many", &[number]));
    }
    let found = network.client().get(&format!("/api/v1/messages?index={}", hex::encode(b"many"))).data();
    assert_eq!((&found["maxResults"], &found["count"]), (&json!(2), &json!(2)));
    assert_eq!(found["messageIds"].as_array().unwrap().len(), 2);
}

#[test]
fn metadata_of_a_new_message_gives_advice() {
    let network = Network::start(Setup::still());
    let message = network.mined(Some(data_payload(b"new", b"")));
    let mut client = network.client();
    assert_eq!(client.post_bytes(&message.pack()).status, 201);
    let parents: Vec<String> = message.parents.iter().map(ToString::to_string).collect();
    let expected = json!({
        "messageId": message.id().to_string(),
        "parentMessageIds": parents,
        "isSolid": true,
        "shouldPromote": false,
        "shouldReattach": false,
    });
    assert_eq!(client.get(&format!("/api/v1/messages/{}/metadata", message.id())).data(), expected);
}

#[test]
fn metadata_tells_which_milestone_referenced_a_message() {
    let network = Network::start(Setup::quick());
    let id = network.post(data_payload(b"referenced", b""));
    let metadata = network.referenced(&id);
    let index = metadata["referencedByMilestoneIndex"].as_u64().unwrap();
    assert_eq!(metadata["ledgerInclusionState"], "noTransaction");
    assert_eq!(metadata["isSolid"], true);
    // Nothing that does not apply is there.
    assert_eq!(metadata.as_object().unwrap().len(), 5);

    let mut client = network.client();
    let milestone = client.get(&format!("/api/v1/milestones/{index}")).data();
    assert_eq!(milestone["index"], index);
    let metadata = network.referenced(milestone["messageId"].as_str().unwrap());
    assert_eq!(metadata["milestoneIndex"], index);
    assert_eq!(metadata["referencedByMilestoneIndex"], index);
    assert_eq!(metadata["ledgerInclusionState"], "noTransaction");
}

#[test]
fn a_transaction_leads_to_its_message() {
    let network = Network::start(Setup::quick());
    let transaction = genesis_transfer(other_address(9), 5_000_000);
    let id = network.post(transaction_payload(&transaction));
    assert_eq!(network.referenced(&id)["ledgerInclusionState"], "included");
    let mut client = network.client();
    let transaction_id = transaction.id();
    for part in ["", "/raw", "/children"] {
        let through = client.get(&format!("/api/v1/transactions/{transaction_id}/included-message{part}"));
        let direct = client.get(&format!("/api/v1/messages/{id}{part}"));
        assert_eq!((through.status, &through.body), (200, &direct.body), "{part}");
    }
    let metadata =
        client.get(&format!("/api/v1/transactions/{transaction_id}/included-message/metadata")).data();
    assert_eq!(metadata["messageId"], id);
    assert_eq!(metadata["ledgerInclusionState"], "included");
}
