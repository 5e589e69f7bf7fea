//! A real gossip network on loopback behind the API: peers, health with and without them, status and metrics.

use std::collections::BTreeSet;

use osmia_api::{Cors, Origin};
use osmia_network::{Identity, PeerId};
use serde_json::{Value, json};

use crate::client::{Client, Reply};
use crate::network::{Gossip, Network, Setup};

/// An id nobody has.
fn stranger() -> PeerId {
    Identity::from_seed([99; 32]).peer_id()
}

/// The address of a peer that is not there: nothing listens on port 1.
fn nowhere() -> String {
    format!("/ip4/127.0.0.1/tcp/1/p2p/{}", stranger())
}

fn gossiping() -> Setup {
    Setup { gossip: Gossip::Listening, healthy_without_peers: false, ..Setup::still() }
}

fn add(client: &mut Client, body: &Value) -> Reply {
    let headers = [("content-type", "application/json")];
    client.request("POST", "/api/v1/peers", &headers, body.to_string().as_bytes())
}

#[test]
fn a_peer_that_cannot_be_reached_is_added_shown_and_removed() {
    let network = Network::start(gossiping());
    let mut client = network.client();
    assert_eq!(client.get("/api/v1/peers").data(), json!([]));

    let added = add(&mut client, &json!({ "multiAddress": nowhere(), "alias": "nobody" }));
    assert_eq!(added.status, 200, "{}", added.text());
    let expected = json!({
        "id": stranger().to_string(), "multiAddresses": ["/ip4/127.0.0.1/tcp/1"], "alias": "nobody",
        "relation": "known", "connected": false,
    });
    assert_eq!(added.data(), expected);

    network
        .wait_for("the peer in the list", |client| client.get("/api/v1/peers").data() == json!([expected]));
    let path = format!("/api/v1/peers/{}", stranger());
    assert_eq!(client.get(&path).data(), expected);
    let seen = &client.get("/api/osmia/v1/peers").data()[0];
    assert_eq!((&seen["alias"], &seen["relation"]), (&json!("nobody"), &json!("known")));
    assert_eq!(seen["metrics"], Value::Null);

    let removed = client.request("DELETE", &path, &[], b"");
    assert_eq!((removed.status, removed.text()), (204, ""));
    network.wait_for("an empty list", |client| client.get("/api/v1/peers").data() == json!([]));
    assert!(client.get(&path).error(404).starts_with("peer not found: 12D3KooW"));
    client.request("DELETE", &path, &[], b"").error(404);
}

#[test]
fn what_is_no_peer_is_refused_with_the_reason() {
    let network = Network::start(gossiping());
    let mut client = network.client();
    let own = network.gossip().network().peer_id();
    for (address, reason) in [
        ("/ip4/127.0.0.1/tcp/15600".to_owned(), "/p2p/"),
        ("127.0.0.1:15600".to_owned(), "multiaddress"),
        (format!("/ip4/127.0.0.1/udp/1/p2p/{}", stranger()), "/tcp"),
        (format!("/ip4/127.0.0.1/tcp/1/p2p/{own}"), "this node itself"),
    ] {
        let message = add(&mut client, &json!({ "multiAddress": address })).error(400);
        assert!(message.contains(reason), "{address}: {message}");
    }
    for body in [json!({}), json!({ "multiAddress": 7 }), json!([]), json!({ "alias": "x" })] {
        assert!(add(&mut client, &body).error(400).contains("addPeerRequest"), "{body}");
    }
    add(&mut client, &json!({ "multiAddress": "x".repeat(10_000) })).error(413);
    let message = client.get("/api/v1/peers/me").error(400);
    assert!(message.contains("invalid peerId \"me\""), "{message}");
    client.request("DELETE", "/api/v1/peers/me", &[], b"").error(400);
    assert_eq!(client.get("/api/v1/peers").data(), json!([]));
}

#[test]
fn routes_that_change_the_node_can_be_switched_off() {
    let network = Network::start(Setup { control: false, ..gossiping() });
    let mut client = network.client();
    let message = add(&mut client, &json!({ "multiAddress": nowhere() })).error(403);
    assert!(message.contains("api.control"), "{message}");
    client.request("DELETE", &format!("/api/v1/peers/{}", stranger()), &[], b"").error(403);
    assert_eq!(client.get("/api/v1/peers").status, 200);
}

#[test]
fn a_web_page_changes_the_node_only_when_its_origin_was_named() {
    let path = format!("/api/v1/peers/{}", stranger());
    let page = [("origin", "https://page.example")];
    let network = Network::start(gossiping());
    let message = network.client().request("DELETE", &path, &page, b"").error(403);
    assert!(message.contains("api.allow_origin"), "{message}");
    let cors = Cors::Origins(vec![Origin::new("https://page.example").unwrap()]);
    let network = Network::start(Setup { cors, ..gossiping() });
    network.client().request("DELETE", &path, &page, b"").error(404);
    network.client().request("DELETE", &path, &[("origin", "https://b.example")], b"").error(403);
}

#[test]
fn a_node_without_gossip_has_no_peers() {
    let network = Network::start(Setup::still());
    let mut client = network.client();
    assert_eq!(client.get("/api/v1/peers").data(), json!([]));
    assert_eq!(client.get("/api/osmia/v1/peers").data(), json!([]));
    client.get(&format!("/api/v1/peers/{}", stranger())).error(404);
    client.request("DELETE", &format!("/api/v1/peers/{}", stranger()), &[], b"").error(404);
    assert!(add(&mut client, &json!({ "multiAddress": nowhere() })).error(503).contains("without gossip"));
    let status = client.get("/api/osmia/v1/status").data();
    assert_eq!((&status["verdict"], &status["isHealthy"]), (&json!("SYNCED"), &json!(true)));
    assert_eq!(status["peers"], Value::Null);
}

#[test]
fn two_nodes_that_gossip_are_healthy_and_alone_they_are_not() {
    let one = Network::start(gossiping());
    let status = one.client().get("/api/osmia/v1/status").data();
    assert_eq!(status["verdict"], "ISOLATED", "{status}");
    assert_eq!(one.client().get("/health").status, 503);

    // The other has no milestones of its own.
    let two = Network::start(Setup { milestones_ms: None, ..gossiping() });
    let address = one.gossip().addresses()[0].to_string();
    let added = add(&mut two.client(), &json!({ "multiAddress": address, "alias": "one" }));
    assert_eq!(added.status, 200, "{}", added.text());

    for network in [&one, &two] {
        network.wait_for("health", |client| client.get("/health").status == 200);
        network.wait_for("a heartbeat of the peer", |client| {
            client.get("/api/v1/peers").data()[0]["gossip"]["heartbeat"]["latestMilestoneIndex"] == 1
        });
    }
    let peer = &two.client().get("/api/v1/peers").data()[0];
    assert_eq!((&peer["alias"], &peer["relation"]), (&json!("one"), &json!("known")));
    assert_eq!(
        (&peer["connected"], &peer["id"]),
        (&json!(true), &json!(one.gossip().network().peer_id().to_string()))
    );
    assert!(peer["gossip"]["metrics"]["receivedMessages"].as_u64().unwrap() > 0);

    // The same peer as operators see it, and the node itself.
    let seen = &two.client().get("/api/osmia/v1/peers").data()[0];
    assert_eq!((&seen["state"], &seen["direction"]), (&json!("gossiping"), &json!("outbound")));
    let status = two.client().get("/api/osmia/v1/status").data();
    assert_eq!(status["verdict"], "SYNCED", "{status}");
    assert_eq!(status["milestones"]["confirmedIndex"], 1);
    assert_eq!((&status["peers"]["gossiping"], &status["peers"]["known"]), (&json!(1), &json!(1)));
}

/// The samples of a text in the format of Prometheus, by name with labels. Panics where the text breaks the format.
pub(crate) fn samples(text: &str) -> std::collections::BTreeMap<String, f64> {
    let mut families = BTreeSet::new();
    let mut samples = std::collections::BTreeMap::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let (name, help) =
            line.strip_prefix("# HELP ").unwrap_or_else(|| panic!("{line}")).split_once(' ').unwrap();
        assert!(families.insert(name.to_owned()), "{name} comes twice");
        assert!(name.starts_with("osmia_") && help.ends_with('.'), "{line}");
        assert!(
            name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'),
            "{name}"
        );
        let kind = lines.next().unwrap().strip_prefix(&format!("# TYPE {name} ")).unwrap();
        assert_eq!(kind == "counter", name.ends_with("_total"), "{name} is a {kind}");
        assert!(["counter", "gauge", "histogram"].contains(&kind), "{kind}");
        let before = samples.len();
        while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let suffix = series.split('{').next().unwrap().strip_prefix(name).unwrap();
            let suffixes: &[&str] = if kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
            assert!(suffixes.contains(&suffix), "{series} of the {kind} {name}");
            assert!(series.contains('{') == series.ends_with('}'), "{series}");
            assert!(
                samples.insert(series.to_owned(), value.parse().unwrap()).is_none(),
                "{series} comes twice"
            );
        }
        assert!(samples.len() > before, "{name} has no sample");
    }
    samples
}

#[test]
fn metrics_are_in_the_format_of_prometheus() {
    let network = Network::start(Setup { metrics: true, ..gossiping() });
    let added =
        add(&mut network.client(), &json!({ "multiAddress": nowhere(), "alias": "a \"quoted\" \\ name" }));
    assert_eq!(added.status, 200, "{}", added.text());
    network.wait_for("the peer in the list", |client| client.get("/api/v1/peers").data() != json!([]));
    let mut client = Client::new(network.api().metrics_address().unwrap());
    let reply = client.get("/metrics");
    assert_eq!(reply.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let samples = samples(reply.text());
    for (name, value) in [
        ("osmia_confirmed_milestone_index", 1.0),
        ("osmia_latest_milestone_index", 1.0),
        ("osmia_healthy", 0.0),
        ("osmia_halted", 0.0),
        ("osmia_gossip_running", 1.0),
        ("osmia_gossip_peers", 0.0),
        ("osmia_gossip_known_peers", 1.0),
        ("osmia_waiting_messages", 0.0),
        ("osmia_penalties_total", 0.0),
        ("osmia_gossip_dropped_packets_total", 0.0),
    ] {
        assert_eq!(samples.get(name), Some(&value), "{name}");
    }
    for name in
        ["osmia_messages_attached_total", "osmia_database_bytes", "osmia_api_requests_total{status=\"2xx\"}"]
    {
        assert!(samples.contains_key(name), "{name} in {samples:?}");
    }
    let peer =
        format!("osmia_peer_connected{{peer=\"{}\",alias=\"a \\\"quoted\\\" \\\\ name\"}}", stranger());
    assert_eq!(samples.get(&peer), Some(&0.0));
    // Nothing else is there, and nothing can be changed.
    assert_eq!(client.get("/api/v1/info").status, 404);
    assert_eq!(client.request("POST", "/metrics", &[], b"").status, 405);
    assert_eq!(client.request("HEAD", "/metrics", &[], b"").status, 200);
}
