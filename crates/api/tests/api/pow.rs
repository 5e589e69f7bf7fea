//! What the node fills in, and its proof of work for clients.

use osmia_chrysalis::Message;
use osmia_primitives::hex;
use serde_json::json;

use crate::client::{Client, Reply};
use crate::network::{MIN_POW_SCORE, Network, Setup, data_payload, mined};

/// The message a 201 is about.
fn stored(client: &mut Client, reply: &Reply) -> Message {
    assert_eq!(reply.status, 201, "{}", reply.text());
    let id = reply.data()["messageId"].as_str().unwrap().to_owned();
    let raw = client.get(&format!("/api/v1/messages/{id}/raw"));
    assert!(osmia_pow::score(&raw.body) >= MIN_POW_SCORE);
    Message::parse(&raw.body).unwrap()
}

#[test]
fn json_may_leave_everything_to_the_node() {
    let network = Network::start(Setup::still());
    let mut client = network.client();
    let reply = client.post_json("{}");
    let message = stored(&mut client, &reply);
    assert_eq!((message.network_id, &message.payload), (network.parameters.network_id, &None));

    // As the published JavaScript client sends an indexation without data.
    let index = hex::encode(b"minimal");
    let body = json!({ "payload": { "type": 2, "index": index } }).to_string();
    let reply = client.post_json(&body);
    assert_eq!(stored(&mut client, &reply).payload, Some(data_payload(b"minimal", b"")));

    let body = json!({ "networkId": "", "parentMessageIds": [], "payload": null, "nonce": "" }).to_string();
    let reply = client.post_json(&body);
    stored(&mut client, &reply);
}

#[test]
fn json_keeps_the_parents_it_gives() {
    let network = Network::start(Setup::still());
    let mut client = network.client();
    let parent = network.tips()[0];
    let body = json!({
        "networkId": network.parameters.network_id.to_string(),
        "parentMessageIds": [parent.to_string()],
        "payload": { "type": 2, "index": "aa", "data": "bb" },
    });
    let reply = client.post_json(&body.to_string());
    assert_eq!(stored(&mut client, &reply).parents.as_slice(), [parent]);
}

#[test]
fn bytes_may_leave_nonce_network_and_parents_to_the_node() {
    let network = Network::start(Setup::still());
    let mut client = network.client();
    let message = network.message(Some(data_payload(b"bytes", b"x")));
    let reply = client.post_bytes(&message.pack());
    let got = stored(&mut client, &reply);
    assert_eq!((&got.parents, &got.payload), (&message.parents, &message.payload));

    let mut without_network = message.pack();
    without_network[..8].fill(0);
    let reply = client.post_bytes(&without_network);
    assert_eq!(stored(&mut client, &reply).network_id, network.parameters.network_id);

    let parents = usize::from(message.pack()[8]) * 32;
    let mut without_parents = without_network;
    without_parents[8] = 0;
    without_parents.drain(9..9 + parents);
    let reply = client.post_bytes(&without_parents);
    assert_eq!(stored(&mut client, &reply).payload, message.payload);
}

#[test]
fn a_nonce_of_zero_that_is_good_enough_is_taken_as_it_is() {
    // Any nonce reaches a score this small.
    let network = Network::start(Setup { min_pow_score: 0.001, remote_pow: false, ..Setup::still() });
    let message = network.message(Some(data_payload(b"lucky", b"")));
    let reply = network.client().post_bytes(&message.pack());
    assert_eq!(
        (reply.status, reply.data()["messageId"].as_str()),
        (201, Some(message.id().to_string().as_str()))
    );
}

#[test]
fn a_nonce_that_is_given_is_never_replaced() {
    let network = Network::start(Setup::still());
    let mut message = network.message(Some(data_payload(b"own", b"")));
    message.nonce = 1;
    while osmia_pow::score(&message.pack()) >= MIN_POW_SCORE {
        message.nonce += 1;
    }
    let error = network.client().post_bytes(&message.pack()).error(400);
    assert!(error.contains("pow-score"), "{error}");
}

#[test]
fn without_remote_proof_of_work_the_client_is_told_in_the_words_it_looks_for() {
    let network = Network::start(Setup { remote_pow: false, ..Setup::still() });
    let mut client = network.client();
    let message = network.message(Some(data_payload(b"x", b"")));
    let json = json!({
        "networkId": message.network_id.to_string(),
        "parentMessageIds": message.parents.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "payload": { "type": 2, "index": "aa", "data": "" },
    });
    let mut without_network = message.pack();
    without_network[..8].fill(0);
    for reply in [
        client.post_bytes(&message.pack()),
        client.post_bytes(&without_network),
        client.post_json(&json.to_string()),
        client.post_json("{}"),
    ] {
        let error = reply.error(400);
        assert!(error.contains("proof of work is not enabled"), "{error}");
    }
    // A message with its proof of work is welcome.
    assert_eq!(client.post_bytes(&mined(message).pack()).status, 201);
}

#[test]
fn work_that_takes_long_does_not_keep_the_api_from_stopping() {
    // The score counts per byte: the coordinator's short messages need some 3^11 tries, this long one 3^15.
    let mut network = Network::start(Setup { min_pow_score: 200.0, ..Setup::still() });
    let mut client = network.client();
    let body =
        json!({ "payload": { "type": 2, "index": "aa", "data": hex::encode(&[7; 32_000]) } }).to_string();
    let head = format!(
        "POST /api/v1/messages HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    client.send(&[head.as_bytes(), body.as_bytes()].concat());
    network.stop_api();
    // Either the work was done in the grace period, or the connection ended; the API is gone in both cases.
    let reply = client.try_receive(true);
    assert!(reply.is_none_or(|reply| reply.status == 201));
}
