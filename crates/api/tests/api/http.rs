//! HTTP itself: methods, heads, connections, ports, the end.

use std::num::NonZeroUsize;

use osmia_api::{Api, ApiError, ApiLimits, ApiOptions, Cors};

use crate::client::Client;
use crate::network::{Network, Setup, data_payload};

#[test]
fn a_wrong_method_is_told_the_right_ones() {
    let network = Network::start(Setup::still());
    let mut client = network.client();
    let id = "ab".repeat(32);
    for (method, path, allow) in [
        ("POST", "/api/v1/info".to_owned(), "GET, HEAD, OPTIONS"),
        ("DELETE", "/api/v1/messages".to_owned(), "GET, HEAD, POST, OPTIONS"),
        ("PUT", format!("/api/v1/messages/{id}"), "GET, HEAD, OPTIONS"),
        ("PATCH", "/health".to_owned(), "GET, HEAD, OPTIONS"),
        ("BREW", "/health".to_owned(), "GET, HEAD, OPTIONS"),
    ] {
        let reply = client.request(method, &path, &[], b"");
        reply.error(405);
        assert_eq!(reply.header("allow"), Some(allow), "{method} {path}");
    }
    client.request("POST", "/nowhere", &[], b"").error(404);
}

#[test]
fn head_is_get_without_the_body() {
    let network = Network::start(Setup::still());
    let mut client = network.client();
    for path in ["/api/v1/treasury", "/api/v1/nothing", "/health"] {
        let get = client.get(path);
        let head = client.request("HEAD", path, &[], b"");
        assert_eq!(head.status, get.status, "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
        // Without a body there is nothing to tell the length of.
        let length = get.header("content-length").filter(|length| *length != "0");
        assert_eq!(head.header("content-length"), length, "{path}");
    }
}

#[test]
fn requests_sent_at_once_are_answered_in_order() {
    let network = Network::start(Setup::still());
    let mut client = network.client();
    let request = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n");
    let all = ["/health", "/api/v1/treasury", "/no", "/api/routes"].map(request).concat();
    client.send(all.as_bytes());
    let statuses: Vec<u16> = (0..4).map(|_| client.receive().status).collect();
    assert_eq!(statuses, [200, 200, 404, 200]);
}

#[test]
fn a_message_may_come_in_chunks() {
    let network = Network::start(Setup::still());
    let bytes = network.mined(Some(data_payload(b"chunks", &[7; 20_000]))).pack();
    let mut client = network.client();
    client.send(b"POST /api/v1/messages HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n");
    for chunk in bytes.chunks(3_000) {
        client.send(format!("{:x}\r\n", chunk.len()).as_bytes());
        client.send(chunk);
        client.send(b"\r\n");
    }
    client.send(b"0\r\n\r\n");
    let reply = client.receive();
    assert_eq!(reply.status, 201, "{}", reply.text());
}

#[test]
fn what_is_no_http_ends_its_connection_only() {
    let network = Network::start(Setup::still());
    let many_headers = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(100));
    let long_header = format!("GET / HTTP/1.1\r\na: {}\r\n\r\n", "b".repeat(40_000));
    let long_path = format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(40_000));
    for rubbish in ["\u{16}\u{3}\u{1}\u{2}", "hello\r\n\r\n", &many_headers, &long_header, &long_path] {
        let mut client = network.client();
        client.send(rubbish.as_bytes());
        let reply = client.try_receive(true);
        assert!(reply.is_none_or(|reply| (400..500).contains(&reply.status)), "{rubbish:.20}");
        assert_eq!(network.client().get("/health").status, 200);
    }
}

#[test]
fn a_client_that_goes_away_in_the_middle_harms_nobody() {
    let network = Network::start(Setup::still());
    for part in
        ["GET /api", "POST /api/v1/messages HTTP/1.1\r\nhost: test\r\ncontent-length: 500\r\n\r\nhalf"]
    {
        let mut client = network.client();
        client.send(part.as_bytes());
        drop(client);
        assert_eq!(network.client().get("/health").status, 200);
    }
}

#[test]
fn connections_beyond_the_limit_are_closed() {
    let mut setup = Setup::still();
    setup.limits.connections_max = 3;
    let network = Network::start(setup);
    // The connection that waited for the first milestone may not be counted off yet.
    network.wait_for("a free place", |client| client.get("/health").status == 200);
    let mut kept: Vec<Client> = Vec::new();
    let mut closed = 0;
    for _ in 0..10 {
        let mut client = network.client();
        client.send(b"GET /health HTTP/1.1\r\nhost: test\r\n\r\n");
        match client.try_receive(true) {
            Some(reply) => {
                assert_eq!(reply.status, 200);
                kept.push(client);
            }
            None => closed += 1,
        }
    }
    assert!((1..=3).contains(&kept.len()) && closed >= 7, "{} kept, {closed} closed", kept.len());
    // Those that were there first are still served.
    for client in &mut kept {
        assert_eq!(client.get("/health").status, 200);
    }
}

#[test]
fn a_busy_port_is_an_error_that_says_what_to_do() {
    let network = Network::start(Setup::still());
    let address = network.api().addresses()[0];
    let options = ApiOptions {
        addresses: vec![address],
        threads: NonZeroUsize::MIN,
        remote_pow: None,
        cors: Cors::AnyOrigin,
        limits: ApiLimits::standard(),
        network: None,
        control: true,
        metrics: None,
        healthy_without_peers: true,
        node_name: "Osmia".into(),
        node_version: "0".into(),
    };
    let error = Api::start(network.node().clone(), options).unwrap_err();
    assert!(matches!(error, ApiError::AddressInUse { .. }));
    let text = error.to_string();
    assert!(text.contains(&address.to_string()) && text.contains("choose another address"), "{text}");
}

#[test]
fn an_api_that_stops_finishes_what_runs_and_closes_the_rest() {
    let mut network = Network::start(Setup::still());
    let address = network.api().addresses()[0];
    let mut idle = network.client();
    assert_eq!(idle.get("/health").status, 200);
    let bytes = network.mined(Some(data_payload(b"last", b""))).pack();
    assert_eq!(network.client().post_bytes(&bytes).status, 201);
    network.stop_api();
    assert!(idle.is_closed());
    // The port is free again.
    assert!(std::net::TcpListener::bind(address).is_ok());
}

#[test]
fn many_connections_at_once_are_all_served() {
    let network = Network::start(Setup::still());
    let messages: Vec<Vec<u8>> =
        (0..64u8).map(|number| network.mined(Some(data_payload(b"parallel", &[number]))).pack()).collect();
    std::thread::scope(|scope| {
        for chunk in messages.chunks(4) {
            let mut client = network.client();
            scope.spawn(move || {
                for bytes in chunk {
                    let reply = client.post_bytes(bytes);
                    assert_eq!(reply.status, 201, "{}", reply.text());
                    let id = reply.data()["messageId"].as_str().unwrap().to_owned();
                    assert_eq!(client.get(&format!("/api/v1/messages/{id}/raw")).body, *bytes);
                }
            });
        }
    });
    let index = osmia_primitives::hex::encode(b"parallel");
    assert_eq!(network.client().get(&format!("/api/v1/messages?index={index}")).data()["count"], 64);
}
