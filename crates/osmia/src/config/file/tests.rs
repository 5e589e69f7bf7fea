use crate::cli::RunArgs;
use crate::config::{Config, ConfigError};

/// What is wrong with a file, line by line.
fn problems(text: &str) -> Vec<String> {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("node.toml");
    std::fs::write(&path, text).unwrap();
    let args = RunArgs { config: Some(path), ..RunArgs::default() };
    match Config::load_alone(&args) {
        Ok(_) => Vec::new(),
        Err(ConfigError::Problems(problems)) => {
            let folder = format!("{}/", scratch.path().display());
            problems.iter().map(|problem| problem.to_string().replace(&folder, "")).collect()
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn all_problems_are_told_at_once_with_their_lines() {
    let text = r#"verbose = true
[gosip]
listen = []

[gossip]
lsiten = ["/ip4/0.0.0.0/tcp/15600"]
unknown_peers = 100
listen = ["/ip4/0.0.0.0/tcp/15600",
  "/ip4/0.0.0.0/udp/15600",
  7]
peers = [
  { address = "/ip4/1.2.3.4/tcp/1" },
  { adress = "x" },
]
external = "/ip4/1.2.3.4/tcp/1"
level = "info"
zzz = 1

[network]
name = "chrysalis-mainet"

[api]
control = "yes"
listen = 14265
allow_origin = ["explorer.example"]

[log]
level = "inof"
format = "JSON"

[coordinator]
interval = 0.01

[node]
data = ""
"#;
    let expected = r#"node.toml:1: verbose stands in no table; there are node, network, snapshot, api, gossip, metrics, log, coordinator, limits
node.toml:2: [gosip] is no table; is [gossip] meant?
node.toml:6: gossip.lsiten is no key; is gossip.listen meant?
node.toml:7: gossip.unknown_peers: expected a whole number from 0 to 48
node.toml:9: gossip.listen: "/ip4/0.0.0.0/udp/15600" is not /ip4|ip6|dns|dns4|dns6/HOST/tcp/PORT, followed by /p2p/ID for a peer
node.toml:10: gossip.listen: expected a text in quotes, not a whole number
node.toml:12: gossip.peers: "/ip4/1.2.3.4/tcp/1" names no peer: add /p2p/ and its id
node.toml:13: gossip.peers: a peer has an address and an alias, not adress
node.toml:15: gossip.external: expected a list in brackets, not a text
node.toml:16: gossip.level is no key; is log.level meant?
node.toml:17: gossip.zzz is no key; [gossip] has listen, external, peers, unknown_peers, identity_key
node.toml:20: network.name: there is no network "chrysalis-mainet"; is chrysalis-mainnet meant?
node.toml:23: api.control: expected true or false, not a text
node.toml:24: api.listen: expected a text in quotes, not a whole number
node.toml:25: api.allow_origin: an origin is written as https://host or https://host:port
node.toml:28: log.level: "inof" is none of off, error, warn, info, debug, trace
node.toml:29: log.format: "JSON" is neither "plain" nor "json"
node.toml:32: coordinator.interval: between 0.05 and 3600 seconds are possible
node.toml:35: node.data: the path is empty"#;
    assert_eq!(problems(text).join("\n"), expected);
}

#[test]
fn a_file_that_is_no_toml_is_told_with_the_line() {
    let found = problems("[node]\ndata = \"x\n[log]\nlevel = \"loud\"\n");
    assert!(found[0].starts_with("node.toml:2: "), "{found:?}");
    // What can be read besides is checked too.
    assert!(found.iter().any(|problem| problem.starts_with("node.toml:4: log.level: ")), "{found:?}");
    let twice = problems("[node]\nrecover = true\nrecover = false\n");
    assert!(twice[0].starts_with("node.toml:3: ") && twice[0].contains("duplicate key"), "{twice:?}");
}

#[test]
fn what_stands_at_the_wrong_level_is_told() {
    assert_eq!(
        problems("log = \"debug\"\nlevel = \"debug\"\nlisten = \"\"\n"),
        [
            "node.toml:1: log is a table: write [log] on a line of its own",
            "node.toml:2: level stands in no table; is log.level meant?",
            "node.toml:3: listen stands in no table; is api.listen or gossip.listen or metrics.listen meant?",
        ]
    );
    assert_eq!(
        problems("[network]\nname = \"chrysalis-devnet\"\nfile = \"x.json\"\n"),
        ["node.toml:3: network: there are name and file; give one of the two"]
    );
}

#[test]
fn the_same_peer_twice_is_told() {
    let id = "12D3KooWSagdVaCrS14GeJhM8CbQr41AW2PiYMgptTyAybCbQuEY";
    let text =
        format!("[gossip]\npeers = [\"/ip4/1.1.1.1/tcp/1/p2p/{id}\", \"/ip4/2.2.2.2/tcp/2/p2p/{id}\"]\n");
    assert_eq!(problems(&text), [format!("node.toml:2: gossip.peers: the peer {id} is there twice")]);
}

#[test]
fn names_from_the_file_are_printed_escaped() {
    let found = problems("[\"\\u001b[31m\"]\n");
    assert!(found[0].contains("\\u{1b}[31m"), "{found:?}");
}

#[test]
fn an_empty_file_and_numbers_in_other_notations_are_right() {
    assert_eq!(problems(""), Vec::<String>::new());
    assert_eq!(problems("[gossip]\nunknown_peers = 0x10\n"), Vec::<String>::new());
    assert_eq!(problems("gossip.unknown_peers = 1_0\nlog = { level = \"off\" }\n"), Vec::<String>::new());
    assert_eq!(problems("[gossip]\nunknown_peers = -1\n").len(), 1);
    assert_eq!(problems("[gossip]\nunknown_peers = 99999999999999999999999\n").len(), 1);
}
