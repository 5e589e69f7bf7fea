//! `osmia status` and `osmia peers` of running nodes, and what signals and log formats do to one.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::process::{OSMIA, Program, Scratch, run};
use crate::wait;

const STRANGER: &str = "12D3KooWSagdVaCrS14GeJhM8CbQr41AW2PiYMgptTyAybCbQuEY";

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn status_says_synced_of_a_network_that_runs_and_unreachable_after_it() {
    let scratch = Scratch::new();
    let program = scratch.start();
    let api = program.facts["api"].clone();
    let output = run(&["status", "--api", &api]);
    assert_eq!(output.status.code(), Some(0), "{}{}", out(&output), errors(&output));
    let screen = out(&output);
    assert!(screen.starts_with("SYNCED  milestone "), "{screen}");
    for row in
        ["Network", "Confirmed", "Messages", "this node runs without gossip", "Memory", "Database", &api]
    {
        assert!(screen.contains(row), "{row} in {screen}");
    }
    assert!(!screen.contains('\u{1b}') && screen.lines().all(|line| line.chars().count() <= 100), "{screen}");
    let json: Value = serde_json::from_str(&out(&run(&["status", "--json", "--api", &api]))).unwrap();
    assert_eq!((&json["verdict"], &json["isHealthy"]), (&"SYNCED".into(), &true.into()));

    program.kill();
    let output = run(&["status", "--api", &api]);
    assert_eq!(output.status.code(), Some(1));
    assert!(out(&output).starts_with("UNREACHABLE  no node answers at "), "{}", out(&output));
    let json: Value = serde_json::from_str(&out(&run(&["status", "--json", "--api", &api]))).unwrap();
    assert_eq!(json["verdict"], "UNREACHABLE");
    assert_eq!(run(&["status", "--api", "https://node.example"]).status.code(), Some(2));
}

#[test]
fn a_node_without_gossip_refuses_peers_with_the_reason() {
    let scratch = Scratch::new();
    let program = scratch.start();
    let api = &program.facts["api"];
    let output = run(&["peers", "list", "--api", api]);
    assert_eq!((output.status.code(), out(&output).starts_with("no peers")), (Some(0), true));
    let address = format!("/ip4/127.0.0.1/tcp/1/p2p/{STRANGER}");
    let output = run(&["peers", "add", &address, "--api", api]);
    assert_eq!(output.status.code(), Some(1));
    assert!(errors(&output).contains("without gossip"), "{}", errors(&output));
    let output = run(&["peers", "remove", STRANGER, "--api", api]);
    assert_eq!(output.status.code(), Some(1));
    assert!(errors(&output).contains("osmia peers list"), "{}", errors(&output));
}

#[test]
fn a_terminal_that_closes_stops_a_private_network_cleanly() {
    let scratch = Scratch::new();
    let program = scratch.start();
    assert_eq!(program.stop(Signal::HUP), Some(0));
}

/// A node that `osmia run` runs. Dropping it kills it.
pub(crate) struct Node(pub(crate) Child);

impl Drop for Node {
    fn drop(&mut self) {
        if self.0.try_wait().unwrap().is_none() {
            self.0.kill().unwrap();
            self.0.wait().unwrap();
        }
    }
}

/// The lines of a log in JSON, complete ones only. Every one must have a time, a level and a message.
fn events(log: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(log).unwrap();
    let complete = text.rsplit_once('\n').map_or("", |(complete, _)| complete);
    let parse =
        |line| -> Value { serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")) };
    let events: Vec<Value> = complete.lines().map(parse).collect();
    for event in &events {
        assert!(event["timestamp"].is_string() && event["level"].is_string(), "{event}");
        assert!(event["message"].is_string(), "{event}");
    }
    events
}

pub(crate) fn wait_for_event(log: &Path, message: &str) -> Value {
    let found = || events(log).into_iter().find(|event| event["message"] == message);
    wait::until(message, found)
}

fn signal(node: &Node, signal: Signal) {
    kill_process(Pid::from_raw(i32::try_from(node.0.id()).unwrap()).unwrap(), signal).unwrap();
}

#[test]
fn a_node_logs_json_and_changes_what_it_logs_and_its_peers_while_it_runs() {
    let scratch = Scratch::new();
    // A network whose description and genesis a second node begins with.
    let founder = scratch.start();
    founder.stop(Signal::INT);
    let (config, log) = (scratch.path("node.toml"), scratch.path("node.log"));
    let write_config = |level: &str, peers: &str| {
        let text = format!(
            "[node]\ndata = \"node\"\n[network]\nfile = \"data/network.json\"\n\
             [api]\nlisten = \"127.0.0.1:0\"\n[metrics]\nlisten = \"127.0.0.1:0\"\n\
             [gossip]\nlisten = [\"/ip4/127.0.0.1/tcp/0\"]\npeers = [{peers}]\n\
             [log]\nlevel = \"{level}\"\nformat = \"json\"\n"
        );
        std::fs::write(&config, text).unwrap();
    };
    write_config("info", "");
    let mut command = Command::new(OSMIA);
    command.args(["run", "--config"]).arg(&config);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let mut node = Node(Program::spawn(command, &log));
    let api = wait_for_event(&log, "the API answers")["url"].as_str().unwrap().to_owned();
    wait_for_event(&log, "running");

    // Alone it is not synced, and says so.
    let output = run(&["status", "--api", &api]);
    assert_eq!(output.status.code(), Some(3), "{}", out(&output));
    assert!(out(&output).starts_with("ISOLATED  no peer is known"), "{}", out(&output));

    write_config("debug", &format!("\"/ip4/127.0.0.1/tcp/1/p2p/{STRANGER}\""));
    signal(&node, Signal::HUP);
    assert_eq!(wait_for_event(&log, "what is logged was changed")["filter"], "debug");
    wait::until("the peer of the file", || {
        out(&run(&["peers", "list", "--api", &api])).contains("/ip4/127.0.0.1/tcp/1").then_some(())
    });
    let other =
        format!("/ip4/127.0.0.1/tcp/2/p2p/{}", "12D3KooWCKwcTWevoRKa2kEBputeGASvEBuDfRDSbe8t1DWugUmL");
    let added = run(&["peers", "add", &other, "--alias", "other", "--api", &api]);
    assert_eq!(added.status.code(), Some(0), "{}", errors(&added));
    let removed = || run(&["peers", "remove", "other", "--api", &api]);
    let removed = wait::until("the added peer", || Some(removed()).filter(|output| output.status.success()));
    assert!(out(&removed).starts_with("removed 12D3KooW"), "{}", out(&removed));

    signal(&node, Signal::TERM);
    let ended = wait::until("the end of the node", || node.0.try_wait().unwrap());
    assert_eq!(ended.code(), Some(0));
}
