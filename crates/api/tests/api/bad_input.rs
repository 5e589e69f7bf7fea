//! Everything a client can get wrong: the status, a message that names the rule, nothing stored, and life goes on.

use osmia_chrysalis::{Message, Parents, Payload};
use osmia_primitives::{MessageId, NetworkId, bech32, hex};
use serde_json::{Value, json};

use crate::client::{Client, Reply};
use crate::network::{
    Network, Setup, data_payload, genesis_transfer, mined, other_address, transaction_payload,
};

/// A network without remote proof of work on which nothing happens by itself.
struct Still {
    network: Network,
    client: Client,
    attached: u64,
}

impl Still {
    fn new(setup: Setup) -> Self {
        let network = Network::start(setup);
        let client = network.client();
        let attached = network.node().view().counters.attached;
        Self { network, client, attached }
    }

    /// Checks that `reply` refuses with `status` and words, that nothing was stored and that the node goes on.
    fn refused(&mut self, what: &str, reply: &Reply, status: u16, words: &str) {
        let error = reply.error(status);
        assert!(error.to_lowercase().contains(words), "{what}: {error}");
        let view = self.network.node().view();
        assert_eq!((view.counters.attached, view.counters.waiting), (self.attached, 0), "{what}");
        assert_eq!(self.client.get("/api/v1/info").status, 200, "{what}");
        assert_eq!(self.network.client().get("/health").status, 200, "{what}");
    }

    fn refuses_get(&mut self, path: &str, words: &str) {
        let reply = self.client.get(path);
        self.refused(path, &reply, 400, words);
    }

    fn refuses_bytes(&mut self, what: &str, bytes: &[u8], words: &str) {
        let reply = self.client.post_bytes(bytes);
        self.refused(what, &reply, 400, words);
    }

    fn refuses_json(&mut self, what: &str, body: &str, words: &str) {
        let reply = self.client.post_json(body);
        self.refused(what, &reply, 400, words);
    }

    /// A complete message as JSON, to be spoiled.
    fn json(&self, payload: &Payload) -> Value {
        osmia_chrysalis::json::message_to_json(&self.network.mined(Some(payload.clone())))
    }
}

#[test]
fn malformed_hexadecimal() {
    let mut still = Still::new(Setup::still());
    let odd = "a".repeat(63);
    let not_hex = "zz".repeat(32);
    let long = "ab".repeat(33);
    let huge = "ab".repeat(3_000);
    for id in ["0", "xyz", &odd, &not_hex, &long, &huge, "%C3%A9", "%00", "..", "0x00"] {
        for path in [
            format!("/api/v1/messages/{id}"),
            format!("/api/v1/messages/{id}/metadata"),
            format!("/api/v1/messages/{id}/raw"),
            format!("/api/v1/messages/{id}/children"),
            format!("/api/v1/transactions/{id}/included-message"),
            format!("/api/v1/outputs/{id}"),
            format!("/api/v1/addresses/ed25519/{id}"),
            format!("/api/v1/addresses/ed25519/{id}/outputs"),
        ] {
            still.refuses_get(&path, "invalid");
        }
    }
    still.refuses_get("/api/v1/messages/%zz", "percent-encoding");
}

#[test]
fn malformed_numbers() {
    let mut still = Still::new(Setup::still());
    for index in ["x", "-1", "+1", "1.5", "4294967296", "99999999999999999999999", "%20"] {
        still.refuses_get(&format!("/api/v1/milestones/{index}"), "invalid milestone index");
        still.refuses_get(&format!("/api/v1/milestones/{index}/utxo-changes"), "invalid milestone index");
        still.refuses_get(&format!("/api/v1/receipts/{index}"), "invalid milestone index");
    }
}

#[test]
fn malformed_and_foreign_bech32() {
    let mut still = Still::new(Setup::still());
    let foreign = other_address(9).to_bech32("iota").unwrap();
    let mut wrong_checksum = other_address(9).to_bech32("atoi").unwrap();
    wrong_checksum.replace_range(10..11, if &wrong_checksum[10..11] == "q" { "p" } else { "q" });
    let short = bech32::encode("atoi", &[0; 20]).unwrap();
    let unknown_type = bech32::encode("atoi", &[8; 33]).unwrap();
    for suffix in ["", "/outputs"] {
        for text in ["x", "atoi1", "ed25519", &wrong_checksum, &short, &unknown_type] {
            still.refuses_get(&format!("/api/v1/addresses/{text}{suffix}"), "invalid address");
        }
        still.refuses_get(&format!("/api/v1/addresses/{foreign}{suffix}"), "expected prefix: atoi");
    }
}

#[test]
fn an_index_that_is_empty_too_long_or_not_hexadecimal() {
    let mut still = Still::new(Setup::still());
    still.refuses_get("/api/v1/messages", "index");
    still.refuses_get("/api/v1/messages?index=", "empty");
    still.refuses_get("/api/v1/messages?index", "empty");
    still.refuses_get("/api/v1/messages?other=aa", "index");
    still.refuses_get(&format!("/api/v1/messages?index={}", "aa".repeat(65)), "more than 64 bytes");
    still.refuses_get("/api/v1/messages?index=xy", "hexadecimal");
    still.refuses_get("/api/v1/messages?index=abc", "hexadecimal");
    still.refuses_get("/api/v1/messages?index=%zz", "encoding");
}

#[test]
fn bodies_that_are_no_message() {
    let mut still = Still::new(Setup::still());
    for (what, body) in [
        ("nothing", ""),
        ("half an object", "{\"payload\":"),
        ("a list", "[]"),
        ("a number", "7"),
        ("text after it", "{} x"),
        ("no utf-8", "\u{0}"),
        ("a number for the network", "{\"networkId\":7}"),
        ("words for the nonce", "{\"nonce\":\"seven\"}"),
        ("a negative nonce", "{\"nonce\":\"-1\"}"),
        ("too large a nonce", "{\"nonce\":\"18446744073709551616\"}"),
        ("parents that are no hex", "{\"parentMessageIds\":[\"xy\"]}"),
        ("parents that are short", "{\"parentMessageIds\":[\"abcd\"]}"),
        ("deep nesting", &format!("{}{}", "[".repeat(50_000), "]".repeat(50_000))),
    ] {
        still.refuses_json(what, body, "invalid");
    }
    for length in [0, 1, 8, 9, 16, 17, 40, 52] {
        still.refuses_bytes(&format!("{length} bytes"), &vec![1; length], "invalid message");
    }
    let complete = still.network.mined(Some(data_payload(b"x", b"y"))).pack();
    still.refuses_bytes("a byte too few", &complete[..complete.len() - 1], "invalid message");
    still.refuses_bytes("a byte too many", &[complete.as_slice(), &[0]].concat(), "invalid message");
}

#[test]
fn unknown_payload_output_and_unlock_types() {
    let mut still = Still::new(Setup::still());
    let data = still.json(&data_payload(b"x", b""));
    for kind in [json!(1), json!(3), json!(4), json!(7), json!(-1), json!("2"), Value::Null] {
        let mut spoiled = data.clone();
        spoiled["payload"]["type"] = kind;
        still.refuses_json(&format!("payload {spoiled}"), &spoiled.to_string(), "");
    }
    let transaction = still.json(&transaction_payload(&genesis_transfer(other_address(9), 5_000_000)));
    for pointer in [
        "/payload/essence/type",
        "/payload/essence/inputs/0/type",
        "/payload/essence/outputs/0/type",
        "/payload/essence/outputs/0/address/type",
        "/payload/unlockBlocks/0/type",
        "/payload/unlockBlocks/0/signature/type",
    ] {
        for kind in [json!(2), json!(9), json!(255), json!(256), json!(-1), json!("0"), Value::Null] {
            let mut spoiled = transaction.clone();
            *spoiled.pointer_mut(pointer).unwrap() = kind;
            still.refuses_json(pointer, &spoiled.to_string(), "");
        }
    }
    // The same in bytes: the payload's type, then the types inside of it.
    let message = still.network.mined(Some(data_payload(b"x", b"")));
    let type_at = 8 + 1 + message.parents.as_slice().len() * 32 + 4;
    for kind in [3u8, 4, 5, 255] {
        let mut bytes = message.pack();
        bytes[type_at] = kind;
        still.refuses_bytes("payload type", &bytes, "payload");
    }
    let message =
        still.network.mined(Some(transaction_payload(&genesis_transfer(other_address(9), 5_000_000))));
    let essence_at = 8 + 1 + message.parents.as_slice().len() * 32 + 4 + 4;
    let (input_at, output_at) = (essence_at + 3, essence_at + 3 + 35 + 2);
    let unlock_at = output_at + 2 * 42 + 4 + 2;
    for at in [essence_at, input_at, output_at, output_at + 1, unlock_at, unlock_at + 1] {
        let mut bytes = message.pack();
        bytes[at] = 7;
        still.refuses_bytes("a type", &bytes, "type");
    }
}

#[test]
fn messages_of_another_network() {
    let mut still = Still::new(Setup::still());
    let mut message = still.network.message(Some(data_payload(b"x", b"")));
    message.network_id = NetworkId::of("another network");
    // Neither one without nor one with proof of work.
    still.refuses_bytes("nonce 0", &message.pack(), "network");
    let message = mined(message);
    still.refuses_bytes("mined", &message.pack(), "network");
    still.refuses_json("json", &osmia_chrysalis::json::message_to_json(&message).to_string(), "network");
    let mut nameless = message.pack();
    nameless[..8].fill(0);
    still.refuses_bytes("a nonce without a network", &nameless, "network id");
}

/// A message whose parents are written as they are given, right or wrong.
fn with_parents(template: &Message, parents: &[MessageId]) -> Vec<u8> {
    let packed = template.pack();
    let after = 9 + template.parents.as_slice().len() * 32;
    let mut bytes = packed[..8].to_vec();
    bytes.push(u8::try_from(parents.len()).unwrap());
    parents.iter().for_each(|parent| bytes.extend(parent.0));
    bytes.extend(&packed[after..]);
    bytes
}

#[test]
fn parents_that_are_unsorted_doubled_too_many_or_unknown() {
    let mut still = Still::new(Setup::still());
    let template = still.network.mined(Some(data_payload(b"x", b"")));
    let known = template.parents.as_slice()[0];
    let unknown = |number: u8| MessageId([number; 32]);
    let nine: Vec<MessageId> = (1..=9).map(unknown).collect();
    let cases = [("unsorted", vec![unknown(2), unknown(1)]), ("doubled", vec![known, known]), ("nine", nine)];
    for (what, parents) in &cases {
        still.refuses_bytes(what, &with_parents(&template, parents), "parents");
        let mut body = osmia_chrysalis::json::message_to_json(&template);
        body["parentMessageIds"] = parents.iter().map(ToString::to_string).collect();
        still.refuses_json(what, &body.to_string(), "parents");
    }
    let mut unknown_parent = template.clone();
    unknown_parent.parents = Parents::new(vec![unknown(5)]).unwrap();
    still.refuses_bytes("unknown", &mined(unknown_parent.clone()).pack(), "parent-solid");
    // Also when the node did the work.
    unknown_parent.nonce = 0;
    still.refuses_bytes("unknown, mined by the node", &unknown_parent.pack(), "parent-solid");
}

#[test]
fn parents_that_are_too_old() {
    let network = Network::start(Setup::quick());
    // Nobody builds on a message whose parent is the first milestone, so in 16 milestones it is too old.
    let first: MessageId =
        network.client().get("/api/v1/milestones/1").data()["messageId"].as_str().unwrap().parse().unwrap();
    network.wait_for("the seventeenth milestone", |client| {
        client.get("/api/v1/info").data()["confirmedMilestoneIndex"].as_u64().unwrap() > 17
    });
    let mut message = network.message(Some(data_payload(b"old", b"")));
    message.parents = Parents::new(vec![first]).unwrap();
    let error = network.client().post_bytes(&mined(message).pack()).error(400);
    assert!(error.contains("parent-depth"), "{error}");
}

#[test]
fn too_little_proof_of_work() {
    let mut still = Still::new(Setup { remote_pow: None, ..Setup::still() });
    let mut message = still.network.message(Some(data_payload(b"x", b"")));
    message.nonce = 1;
    while osmia_pow::score(&message.pack()) >= crate::network::MIN_POW_SCORE {
        message.nonce += 1;
    }
    still.refuses_bytes("bytes", &message.pack(), "pow-score");
    still.refuses_json("json", &osmia_chrysalis::json::message_to_json(&message).to_string(), "pow-score");
    still.refuses_json("a nonce without parents", "{\"nonce\":\"7\",\"networkId\":\"7\"}", "no parents");
}

#[test]
fn messages_over_32_kib() {
    let mut still = Still::new(Setup::still());
    let largest = 32_768 - still.network.message(Some(data_payload(b"x", b""))).pack().len();
    let too_large = data_payload(b"x", &vec![7; largest + 1]);
    let message = still.network.message(Some(too_large));
    still.refuses_bytes("bytes", &message.pack(), "32768");
    still.refuses_json("json", &osmia_chrysalis::json::message_to_json(&message).to_string(), "32768");
    let body = json!({ "payload": { "type": 2, "index": "aa", "data": hex::encode(&vec![7; 32_768]) } });
    still.refuses_json("without parents", &body.to_string(), "32768");
    // One byte less is welcome.
    let parents = still.network.tips().len();
    let fits = 32_768 - (8 + 1 + parents * 32 + 4 + 4 + 2 + 1 + 4 + 8);
    let message = still.network.mined(Some(data_payload(b"x", &vec![7; fits])));
    assert_eq!(message.pack().len(), 32_768);
    assert_eq!(still.client.post_bytes(&message.pack()).status, 201);
}

#[test]
fn bodies_over_one_megabyte() {
    let mut still = Still::new(Setup::still());
    let body = vec![b' '; 1_000_001];
    let reply = still.client.post_bytes(&body);
    still.refused("with its length", &reply, 413, "1000000");
    let json = [("content-type", "application/json"), ("transfer-encoding", "chunked")];
    let mut client = still.network.client();
    let head: String = json.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    client.send(format!("POST /api/v1/messages HTTP/1.1\r\nhost: test\r\n{head}\r\n").as_bytes());
    for _ in 0..20 {
        client.send(b"10000\r\n");
        client.send(&vec![b' '; 0x10000]);
        client.send(b"\r\n");
    }
    client.send(b"0\r\n\r\n");
    let reply = client.receive();
    still.refused("in chunks", &reply, 413, "1000000");
    // One that claims to be huge is answered without being read.
    let mut client = still.network.client();
    client.send(b"POST /api/v1/messages HTTP/1.1\r\nhost: test\r\ncontent-length: 99999999999\r\n\r\n");
    let reply = client.receive();
    still.refused("a huge one", &reply, 413, "1000000");
    assert!(client.is_closed());
}
