//! Remote proof of work as a service of a node: switched on by an option, done behind everything else.

use std::process::{Command, Stdio};

use rustix::process::Signal;
use serde_json::json;

use crate::http::Http;
use crate::process::{OSMIA, Program, Scratch};
use crate::status::{Node, wait_for_event};

/// The names of a process's threads with their nice values (proc_pid_stat(5)).
#[cfg(target_os = "linux")]
fn threads(process_id: u32) -> Vec<(String, i32)> {
    let tasks = std::fs::read_dir(format!("/proc/{process_id}/task")).unwrap();
    // A thread may end while this looks.
    let stats = tasks.filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("stat")).ok());
    stats
        .map(|stat| {
            let (name, fields) = stat.split_once('(').unwrap().1.rsplit_once(')').unwrap();
            // The first field after the name is the third, and nice is the 19th.
            (name.to_owned(), fields.split_whitespace().nth(19 - 3).unwrap().parse().unwrap())
        })
        .collect()
}

#[test]
#[cfg(target_os = "linux")]
fn only_threads_that_mine_for_clients_have_the_lowest_priority() {
    let scratch = Scratch::new();
    let program = scratch.start();
    let mut http = program.http();
    // A thread that has mined has set its priority before.
    let reply = http.json("POST", "/api/v1/messages", "{}").unwrap();
    assert_eq!(reply.status, 201);
    let threads = threads(program.process_id());
    let is_miner = |name: &str| name.starts_with("api-pow-");
    assert!(threads.iter().any(|(name, nice)| is_miner(name) && *nice == 19), "{threads:?}");
    let others: Vec<_> = threads.iter().filter(|(name, _)| !is_miner(name)).collect();
    for name in ["engine", "mine", "api-0"] {
        assert!(others.iter().any(|(other, _)| other == name), "{name} in {threads:?}");
    }
    assert!(others.iter().all(|(_, nice)| *nice < 19), "{threads:?}");
    assert_eq!(program.stop(Signal::TERM), Some(0));
}

#[test]
fn a_node_does_proof_of_work_for_clients_only_when_it_is_told_to() {
    let scratch = Scratch::new();
    scratch.start().stop(Signal::INT);
    let config = scratch.path("node.toml");
    let text = "[node]\ndata = \"node\"\n[network]\nfile = \"data/network.json\"\n\
                [api]\nlisten = \"127.0.0.1:0\"\npow_threads = 2\npow_queue = 3\n\
                [gossip]\nlisten = [\"/ip4/127.0.0.1/tcp/0\"]\n[log]\nformat = \"json\"\n";
    std::fs::write(&config, text).unwrap();
    for (options, features) in [(&["--pow"][..], json!(["PoW"])), (&[], json!([]))] {
        let mut command = Command::new(OSMIA);
        command.args(["run", "--config"]).arg(&config).args(options);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let log = scratch.path(&format!("log-{}", options.len()));
        let _node = Node(Program::spawn(command, &log));
        let url = wait_for_event(&log, "the API answers")["url"].as_str().unwrap().to_owned();
        let mut http = Http::connect(url.strip_prefix("http://").unwrap().parse().unwrap()).unwrap();
        assert_eq!(http.read("/api/v1/info")["features"], features);
    }
}
