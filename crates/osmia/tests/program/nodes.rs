//! `private-net --nodes 4`: four processes that gossip over real TCP agree at every milestone, under load, whatever
//! happens to them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::http::Http;
use crate::load::{Load, fund};
use crate::process::{Program, Scratch, audit};
use crate::random::Random;
use crate::wait;

/// A network of four nodes; the first one coordinates it.
struct Four {
    scratch: Scratch,
    program: Program,
    apis: Vec<SocketAddr>,
}

impl Four {
    fn start() -> Self {
        let scratch = Scratch::new();
        let mut command: Command = scratch.command();
        command.args(["--nodes", "4", "--gossip", "127.0.0.1:0"]);
        let program = Program::start(command, &scratch.path("log"));
        let mut apis = vec![program.api()];
        apis.extend(&program.other_apis);
        assert_eq!(apis.len(), 4);
        Self { scratch, program, apis }
    }

    fn folder(&self, number: usize) -> PathBuf {
        self.scratch.data().join(format!("node-{number}"))
    }

    /// A member of what a node says of itself; `None` while it does not answer.
    fn info(&self, number: usize, member: &str) -> Option<Value> {
        let reply = Http::connect(self.apis[number - 1]).ok()?.get("/api/v1/info").ok()?;
        (reply.status == 200).then(|| reply.data()[member].clone())
    }

    fn confirmed(&self, number: usize) -> Option<u64> {
        self.info(number, "confirmedMilestoneIndex")?.as_u64()
    }

    /// Waits until every node is healthy and confirmed `index`.
    fn wait_for(&self, index: u64) {
        for number in 1..=4 {
            wait::until(&format!("milestone {index} at node {number}: {}", self.program.log()), || {
                let is_healthy = self.info(number, "isHealthy")? == true;
                (is_healthy && self.confirmed(number)? >= index).then_some(())
            });
        }
    }

    /// Waits for some more milestones at every node.
    fn wait_for_more(&self) {
        let now = wait::until("an answer", || self.confirmed(1));
        self.wait_for(now + 5);
    }

    /// Kills a node's process with SIGKILL; what supervises it starts it again.
    fn kill(&self, number: usize) {
        let configuration = self.folder(number).join("node.toml");
        let lock = std::fs::read_to_string(self.folder(number).join("osmia.lock")).unwrap();
        let id: i32 = lock.trim().parse().unwrap();
        let command_line = std::fs::read(format!("/proc/{id}/cmdline")).unwrap();
        assert!(String::from_utf8_lossy(&command_line).contains(configuration.to_str().unwrap()));
        kill_process(Pid::from_raw(id).unwrap(), Signal::KILL).unwrap();
        wait::until("the end of a killed process", || {
            (!std::path::Path::new(&format!("/proc/{id}/cmdline")).exists()
                || std::fs::read(format!("/proc/{id}/cmdline")).is_ok_and(|line| line.is_empty()))
            .then_some(())
        });
    }

    /// The peers of a node as its API lists them.
    fn peers(&self, number: usize) -> Vec<Value> {
        let mut http = Http::connect(self.apis[number - 1]).unwrap();
        http.read("/api/v1/peers").as_array().unwrap().clone()
    }

    /// Takes the other half of the network from a node's peers; gives what adds them again.
    fn cut(&self, number: usize, others: [usize; 2]) -> Vec<String> {
        let names = others.map(|other| format!("node-{other}"));
        let is_other = |peer: &&Value| names.iter().any(|name| peer["alias"] == name.as_str());
        let mut http = Http::connect(self.apis[number - 1]).unwrap();
        let peers = self.peers(number);
        let cut = peers.iter().filter(is_other).map(|peer| {
            let id = peer["id"].as_str().unwrap();
            let reply = http.json("DELETE", &format!("/api/v1/peers/{id}"), "").unwrap();
            assert_eq!(reply.status, 204);
            let address = format!("{}/p2p/{id}", peer["multiAddresses"][0].as_str().unwrap());
            json!({ "multiAddress": address, "alias": peer["alias"] }).to_string()
        });
        let cut: Vec<String> = cut.collect();
        assert_eq!(cut.len(), 2, "{peers:?}");
        cut
    }

    /// Every node has the same milestones and the same changes of the ledger by each of them.
    fn assert_equal_history(&self, last: u64) {
        let mut nodes: Vec<Http> = self.apis.iter().map(|api| Http::connect(*api).unwrap()).collect();
        for index in 1..=last {
            for path in ["", "/utxo-changes"] {
                let path = format!("/api/v1/milestones/{index}{path}");
                let answers: Vec<Value> = nodes.iter_mut().map(|node| node.read(&path)).collect();
                assert!(answers.iter().all(|answer| *answer == answers[0]), "{path}: {answers:?}");
            }
        }
    }

    /// Stops the network; every folder audits clean, and all have the same ledger.
    fn finish(self) {
        let last = (1..=4).map(|number| self.confirmed(number).unwrap()).min().unwrap();
        self.assert_equal_history(last);
        let Self { scratch, program, .. } = self;
        assert_eq!(program.stop(Signal::TERM), Some(0));
        let audits: Vec<Value> =
            (1..=4).map(|number| audit(&scratch.data().join(format!("node-{number}")))).collect();
        let at_one_milestone = |audit: &&Value| audit["milestone"] == audits[0]["milestone"];
        let mut equal = audits.iter().filter(at_one_milestone);
        assert!(equal.all(|audit| audit["ledger_hash"] == audits[0]["ledger_hash"]), "{audits:?}");
    }
}

#[test]
fn four_nodes_agree_under_load_through_kills_a_wipe_and_a_partition() {
    let four = Four::start();
    let mut random = Random::new(Random::fresh_seed());
    let load = Load::start(four.apis[1], fund(&four.program), &mut random);
    four.wait_for_more();

    for number in [3, 1, 2, 4] {
        four.kill(number);
        four.wait_for_more();
    }

    // Everything a node knew is gone; it begins with the genesis again.
    four.kill(3);
    std::fs::remove_dir_all(four.folder(3).join("database")).unwrap();
    four.wait_for_more();

    // Two against two: the half without the coordinator stands still, and catches up afterwards.
    let halves = [(1, [3, 4]), (2, [3, 4]), (3, [1, 2]), (4, [1, 2])];
    let cuts: Vec<Vec<String>> = halves.iter().map(|(number, others)| four.cut(*number, *others)).collect();
    let connected =
        |number: usize| four.peers(number).iter().filter(|peer| peer["connected"] == true).count();
    wait::until("the partition", || (1..=4).all(|number| connected(number) == 1).then_some(()));
    let cut_at = wait::until("an answer", || four.confirmed(4));
    wait::until("milestones of one half", || (four.confirmed(2)? > cut_at + 10).then_some(()));
    assert!(four.confirmed(3).unwrap() <= cut_at + 2 && four.confirmed(4).unwrap() <= cut_at + 2);
    for ((number, _), peers) in halves.iter().zip(cuts) {
        let mut http = Http::connect(four.apis[number - 1]).unwrap();
        for peer in peers {
            let reply = http.json("POST", "/api/v1/peers", &peer).unwrap();
            assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
        }
    }
    four.wait_for_more();

    let (_, answered) = load.end();
    assert!(!answered.is_empty());
    four.wait_for_more();
    four.finish();
}
