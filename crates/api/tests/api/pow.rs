//! What the node fills in, and its proof of work for clients.

use osmia_chrysalis::Message;
use osmia_primitives::hex;
use serde_json::json;

use crate::client::{Client, Reply};
use crate::gossip::samples;
use crate::network::{MIN_POW_SCORE, Network, Setup, data_payload, mined, remote_pow};

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
    let network = Network::start(Setup { min_pow_score: 0.001, remote_pow: None, ..Setup::still() });
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
    let network = Network::start(Setup { remote_pow: None, ..Setup::still() });
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

/// A message that is to be mined.
const POST: &[u8] = b"POST /api/v1/messages HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n\
    content-length: 2\r\n\r\n{}";

/// A network with a thread for proof of work that never ends, and metrics.
struct Busy {
    network: Network,
}

impl Busy {
    fn start(queue_max: usize) -> Self {
        let setup = Setup { remote_pow: Some(remote_pow(1, queue_max)), metrics: true, ..Setup::still() };
        Self { network: Network::unmineable(setup) }
    }

    /// Sends a message that is to be mined, and does not wait for the answer.
    fn send(client: &mut Client) {
        client.send(POST);
    }

    /// The same on a new connection, once there are as many jobs as is said: those that wait, and those that are mined.
    fn sent(&self, jobs: (usize, usize)) -> Client {
        let mut client = self.network.client();
        Self::send(&mut client);
        self.wait_for(jobs);
        client
    }

    fn metric(&self, name: &str) -> f64 {
        let mut client = Client::new(self.network.api().metrics_address().unwrap());
        let samples = samples(client.get("/metrics").text());
        *samples.get(name).unwrap_or_else(|| panic!("{name} in {samples:#?}"))
    }

    fn outcomes(&self, outcome: &str) -> f64 {
        self.metric(&format!("osmia_pow_jobs_total{{outcome=\"{outcome}\"}}"))
    }

    fn wait_for(&self, (waiting, mining): (usize, usize)) {
        let expected = (waiting as f64, mining as f64);
        self.network.wait_for("so many jobs", |_| {
            (self.metric("osmia_pow_waiting_jobs"), self.metric("osmia_pow_mining_jobs")) == expected
        });
    }
}

#[test]
fn a_connection_that_is_closed_cancels_its_message_while_it_waits_and_while_it_is_mined() {
    let busy = Busy::start(8);
    let mined = busy.sent((0, 1));
    let waiting = busy.sent((1, 1));
    let other = busy.sent((2, 1));
    drop(waiting);
    busy.wait_for((1, 1));
    assert_eq!(busy.outcomes("cancelled"), 1.0, "the one that is mined goes on");
    drop(mined);
    // The thread takes up the next one at once.
    busy.wait_for((0, 1));
    drop(other);
    busy.wait_for((0, 0));
    busy.network.wait_for("the last one", |_| busy.outcomes("cancelled") == 3.0);
    assert_eq!(busy.outcomes("done"), 0.0);
    assert!(busy.metric("osmia_pow_nonces_total") > 0.0);
    assert_eq!(busy.metric("osmia_pow_mining_seconds_count"), 2.0);
}

/// hyper does not look for the end of a connection while it has bytes that it has not parsed.
#[test]
fn a_connection_that_is_closed_cancels_its_message_also_with_bytes_behind_it() {
    let busy = Busy::start(8);
    let mut mined = busy.sent((0, 1));
    mined.send(b"GET /api/v1/info HTTP/1.1\r\nhost: test\r\n\r\n");
    let mut waiting = busy.network.client();
    waiting.send(&[POST, b"\r\n"].concat());
    busy.wait_for((1, 1));
    let mut behind = busy.network.client();
    behind.send(&[POST, POST].concat());
    busy.wait_for((2, 1));
    drop(waiting);
    busy.wait_for((1, 1));
    drop(mined);
    busy.wait_for((0, 1));
    drop(behind);
    // Its second message may come in when the first one was answered: it ends as well, and with it the connection.
    busy.network.wait_for("only this connection", |_| busy.metric("osmia_api_connections") == 1.0);
    busy.wait_for((0, 0));
    assert!(busy.outcomes("cancelled") >= 3.0);
    assert_eq!(busy.outcomes("done"), 0.0);
}

/// A client that closes its sending side looks like one that closed the connection.
#[test]
fn a_client_that_closes_its_sending_side_is_gone() {
    let busy = Busy::start(8);
    let mut plain = busy.sent((0, 1));
    plain.close_sending();
    busy.wait_for((0, 0));
    assert!(plain.try_receive(true).is_none());
    let mut with_line_end = busy.network.client();
    with_line_end.send(&[POST, b"\r\n"].concat());
    busy.wait_for((0, 1));
    with_line_end.close_sending();
    busy.wait_for((0, 0));
    let error = with_line_end.receive().error(400);
    assert!(error.contains("connection was closed"), "{error}");
}

#[test]
fn requests_that_are_sent_at_once_are_answered_one_after_the_other() {
    let network = Network::start(Setup::still());
    let mut client = network.client();
    let info: &[u8] = b"GET /api/v1/info HTTP/1.1\r\nhost: test\r\n\r\n";
    client.send(&[POST, info, POST].concat());
    assert_eq!(client.receive().status, 201);
    assert_eq!(client.receive().data()["features"], json!(["PoW"]));
    let last = client.receive();
    stored(&mut client, &last);
}

#[test]
fn a_full_queue_answers_503_and_tells_when_to_come_back() {
    let busy = Busy::start(1);
    let _mined = busy.sent((0, 1));
    let _waiting = busy.sent((1, 1));
    let mut refused = busy.network.client();
    Busy::send(&mut refused);
    let reply = refused.receive();
    assert_eq!(reply.error(503), "too many messages wait for proof of work: try again in 60 s");
    assert_eq!(reply.header("retry-after"), Some("60"));
    assert!(reply.header("access-control-expose-headers").is_some_and(|names| names.contains("Retry-After")));
    assert_eq!(busy.outcomes("refused"), 1.0);
    // The connection stays, and everything else answers.
    assert_eq!(refused.get("/api/v1/info").data()["features"], json!(["PoW"]));
    assert_eq!(refused.get("/api/v1/tips").status, 200);
}

/// All of 127.0.0.0/8 are addresses of a Linux machine: clients that differ.
#[test]
#[cfg(target_os = "linux")]
fn a_client_with_many_messages_gives_way_to_one_with_none() {
    let busy = Busy::start(2);
    let _mined = busy.sent((0, 1));
    let _older = busy.sent((1, 1));
    let mut newer = busy.sent((2, 1));
    let mut other = Client::from_address("127.0.0.2", busy.network.api().addresses()[0]);
    Busy::send(&mut other);
    let reply = newer.receive();
    let error = reply.error(503);
    assert!(error.contains("gave way to those of other clients"), "{error}");
    assert!(reply.header("retry-after").is_some());
    assert_eq!(busy.outcomes("displaced"), 1.0);
    busy.wait_for((2, 1));
    Busy::send(&mut newer);
    assert!(newer.receive().error(503).contains("too many messages wait"));
}

#[test]
fn work_that_takes_long_does_not_keep_the_api_from_stopping() {
    let mut busy = Busy::start(8);
    let mut mined = busy.sent((0, 1));
    let mut waiting = busy.sent((1, 1));
    busy.network.stop_api();
    for client in [&mut mined, &mut waiting] {
        assert_eq!(client.receive().error(503), "the node is stopping");
    }
}

#[test]
fn metrics_tell_of_proof_of_work_where_it_is_done() {
    let network = Network::start(Setup { metrics: true, ..Setup::still() });
    let reply = network.client().post_json("{}");
    stored(&mut network.client(), &reply);
    let metrics = |network: &Network| {
        Client::new(network.api().metrics_address().unwrap()).get("/metrics").text().to_owned()
    };
    let samples = samples(&metrics(&network));
    assert_eq!(samples["osmia_pow_jobs_total{outcome=\"done\"}"], 1.0);
    assert_eq!(samples["osmia_pow_waiting_seconds_count"], 1.0);
    assert_eq!(samples["osmia_pow_mining_seconds_bucket{le=\"+Inf\"}"], 1.0);
    let network = Network::start(Setup { metrics: true, remote_pow: None, ..Setup::still() });
    assert!(!metrics(&network).contains("osmia_pow_"));
}
