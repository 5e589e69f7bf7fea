//! What the node tells of itself.

use osmia_api::{Cors, Origin};
use serde_json::json;

use crate::clock::ten_minutes_ago_ms;
use crate::network::{Network, Setup};

#[test]
fn info_tells_what_clients_ask_for() {
    let network = Network::start(Setup::still());
    let info = network.client().get("/api/v1/info").data();
    assert_eq!(info["name"], "Osmia");
    assert_eq!(info["version"], "0.1.0");
    assert_eq!(info["isHealthy"], true);
    assert_eq!(info["networkId"], "private-00c0ffee");
    assert_eq!(info["bech32HRP"], "atoi");
    assert_eq!(info["minPoWScore"], 10);
    assert_eq!(info["latestMilestoneIndex"], 1);
    assert_eq!(info["confirmedMilestoneIndex"], 1);
    assert!(info["latestMilestoneTimestamp"].as_u64().unwrap() > 1_600_000_000);
    assert_eq!(info["pruningIndex"], 0);
    assert_eq!(info["features"], json!(["PoW"]));
    for rate in ["messagesPerSecond", "referencedMessagesPerSecond", "referencedRate"] {
        assert!(info[rate].is_number(), "{rate}");
    }
    assert_eq!(info.as_object().unwrap().len(), 14);
}

#[test]
fn the_feature_is_absent_where_the_node_does_no_proof_of_work() {
    let network = Network::start(Setup { remote_pow: None, ..Setup::still() });
    assert_eq!(network.client().get("/api/v1/info").data()["features"], json!([]));
}

#[test]
fn a_node_with_fresh_milestones_is_healthy() {
    let network = Network::start(Setup::still());
    let reply = network.client().get("/health");
    assert_eq!((reply.status, reply.text()), (200, ""));
}

#[test]
fn a_node_is_not_healthy_without_milestones_with_old_ones_or_without_a_peer_it_needs() {
    let setups = [
        Setup { milestones_ms: None, ..Setup::still() },
        Setup { clock: ten_minutes_ago_ms, ..Setup::still() },
        Setup { healthy_without_peers: false, ..Setup::still() },
    ];
    for setup in setups {
        let network = Network::start(setup);
        let reply = network.client().get("/health");
        assert_eq!((reply.status, reply.text()), (503, ""));
        assert_eq!(network.client().get("/api/v1/info").data()["isHealthy"], false);
    }
}

#[test]
fn the_groups_of_routes_are_listed() {
    let network = Network::start(Setup::still());
    assert_eq!(network.client().get("/api/routes").data(), json!({ "routes": ["v1", "osmia/v1"] }));
}

#[test]
fn tips_are_sorted_and_distinct() {
    let network = Network::start(Setup::still());
    for number in 0..6u8 {
        network.post(crate::network::data_payload(b"tips", &[number]));
        let tips = network.tips();
        assert!((1..=4).contains(&tips.len()));
        assert!(tips.is_sorted_by(|left, right| left < right), "{tips:?}");
    }
}

#[test]
fn a_node_that_is_behind_says_so() {
    let network = Network::start(Setup { milestones_ms: None, ..Setup::still() });
    let mut client = network.client();
    let id = "00".repeat(32);
    assert_eq!(client.get("/api/v1/tips").error(503), "node is not synced");
    assert_eq!(client.post_json("{}").error(503), "node is not synced");
    assert_eq!(client.get(&format!("/api/v1/messages/{id}/metadata")).error(503), "node is not synced");
    assert_eq!(client.get(&format!("/api/v1/addresses/ed25519/{id}")).error(503), "node is not synced");
    // What needs no ledger of today is answered.
    assert_eq!(client.get("/api/v1/info").status, 200);
}

#[test]
fn web_pages_may_use_the_api() {
    let network = Network::start(Setup::still());
    let mut client = network.client();
    let origin = ("origin", "https://wallet.example");
    for path in ["/api/v1/info", "/no/such/route", "/health"] {
        let reply = client.request("GET", path, &[origin], b"");
        assert_eq!(reply.header("access-control-allow-origin"), Some("*"), "{path}");
    }
    let asked = [
        origin,
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type,authorization"),
    ];
    let reply = client.request("OPTIONS", "/api/v1/messages", &asked, b"");
    assert_eq!((reply.status, reply.text()), (204, ""));
    assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
    assert!(reply.header("access-control-allow-methods").unwrap().contains("POST"));
    assert_eq!(reply.header("access-control-allow-headers"), Some("content-type,authorization"));
    assert_eq!(client.request("OPTIONS", "*", &[], b"").status, 204);
}

#[test]
fn web_pages_of_other_origins_can_be_kept_out() {
    let cors = Cors::Origins(vec![Origin::new("https://wallet.example").unwrap()]);
    let network = Network::start(Setup { cors, ..Setup::still() });
    let mut client = network.client();
    let allowed =
        |reply: &crate::client::Reply| reply.header("access-control-allow-origin").map(str::to_owned);
    let reply = client.request("GET", "/api/v1/info", &[("origin", "https://wallet.example")], b"");
    assert_eq!(allowed(&reply).as_deref(), Some("https://wallet.example"));
    let reply = client.request("GET", "/api/v1/info", &[("origin", "https://other.example")], b"");
    assert_eq!(allowed(&reply), None);
}
