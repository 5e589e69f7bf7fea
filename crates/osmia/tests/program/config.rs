//! `osmia config`, and how `osmia run` is told what to do.

use crate::process::{OSMIA, Scratch, run};

/// Runs the program with variables in its environment.
fn run_with(variables: &[(&str, &str)], options: &[&str]) -> std::process::Output {
    let mut command = std::process::Command::new(OSMIA);
    command.args(options).envs(variables.iter().copied());
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn the_layers_are_seen_in_what_is_shown() {
    let scratch = Scratch::new();
    let file = scratch.path("node.toml");
    std::fs::write(&file, "[log]\nlevel = \"warn\"\n\n[api]\nlisten = \"127.0.0.1:1\"\n").unwrap();
    let file = file.to_str().unwrap();
    let variables = [("OSMIA_API_LISTEN", "127.0.0.1:2"), ("OSMIA_GOSSIP_UNKNOWN_PEERS", "7")];
    let output =
        run_with(&variables, &["config", "show", "--config", file, "--gossip", "/ip4/127.0.0.1/tcp/3"]);
    assert_eq!(output.status.code(), Some(0));
    let shown = text(&output.stdout);
    let sources = |start: &str| -> String {
        let line = shown.lines().find(|line| line.starts_with(start)).unwrap();
        line.split(" # ").nth(1).unwrap().to_owned()
    };
    assert_eq!(sources("level = \"warn\""), format!("{file}:2"));
    assert_eq!(sources("listen = \"127.0.0.1:2\""), "OSMIA_API_LISTEN");
    assert_eq!(sources("unknown_peers = 7"), "OSMIA_GOSSIP_UNKNOWN_PEERS");
    assert_eq!(sources("listen = [\"/ip4/127.0.0.1/tcp/3\"]"), "--gossip");
    assert_eq!(sources("format = \"plain\""), "default");
    let output = run_with(&variables, &["config", "show", "--json", "--config", file]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let listen = json["keys"].as_array().unwrap().iter().find(|key| key["key"] == "api.listen").unwrap();
    assert_eq!(
        (&listen["value"], &listen["sources"][0]),
        (&"127.0.0.1:2".into(), &"OSMIA_API_LISTEN".into())
    );
}

#[test]
fn a_wrong_file_is_told_by_check_and_refused_by_run_in_the_same_words() {
    let scratch = Scratch::new();
    let file = scratch.path("node.toml");
    std::fs::write(&file, "[gossip]\nlisten = []\nunkown_peers = 3\n\n[api]\nlisten = 5\n").unwrap();
    let name = file.to_str().unwrap();
    let lines = [
        format!("{name}:3: gossip.unkown_peers is no key; is gossip.unknown_peers meant?"),
        format!("{name}:6: api.listen: expected a text in quotes, not a whole number"),
    ];
    let output = run(&["config", "check", name]);
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(text(&output.stdout), lines.join("\n") + "\n");
    let data = scratch.data();
    let output = run(&["run", "--config", name, "--db", data.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let refused = text(&output.stderr);
    assert!(lines.iter().all(|line| refused.contains(line)), "{refused}");
    assert!(!data.exists());

    std::fs::write(&file, "[gossip]\nlisten = []\n").unwrap();
    let output = run(&["config", "check", name]);
    assert_eq!(
        (output.status.code(), text(&output.stdout)),
        (Some(0), format!("{name}: nothing is wrong\n"))
    );
    let output = run(&["config", "check", "/nowhere.toml"]);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn an_imported_configuration_passes_the_check() {
    let scratch = Scratch::new();
    let (from, to) = (scratch.path("config.json"), scratch.path("node.toml"));
    let hornet = r#"{ "protocol": { "networkID": "chrysalis-devnet", "bech32HRP": "atoi", "minPoWScore": 2000,
        "publicKeyRanges": [
            { "key": "31ea3169abd40ee4096dfa4940962c64c8500066ca2ec1eedb2c5ee9aa0db5d8", "start": 0, "end": 0 },
            { "key": "5a1f0250640fb1ba82315b8aee4ebbe466da083a13adf77347c4516376cb4431", "start": 0, "end": 0 } ] },
        "restAPI": { "bindAddress": "0.0.0.0:14265" }, "dashboard": { "dev": true } }"#;
    std::fs::write(&from, hornet).unwrap();
    let (from, to) = (from.to_str().unwrap(), to.to_str().unwrap());
    let printed = run(&["config", "import", "--config", from]);
    assert_eq!(printed.status.code(), Some(0));
    assert!(text(&printed.stderr).contains("dashboard.dev: there is no dashboard"));
    let output = run(&["config", "import", "--config", from, "--to", to]);
    assert_eq!(output.status.code(), Some(0));
    let report = text(&output.stdout);
    assert!(report.contains("protocol.* -> network.name = \"chrysalis-devnet\""), "{report}");
    assert_eq!(std::fs::read(to).unwrap(), printed.stdout);
    assert_eq!(run(&["config", "check", to]).status.code(), Some(0));
    assert_eq!(run(&["config", "import", "--config", from, "--to", to]).status.code(), Some(2));
    assert_eq!(run(&["config", "import"]).status.code(), Some(2));
}

#[test]
fn help_names_every_option_of_a_node() {
    let help = text(&run(&["run", "--help"]).stdout);
    for option in [
        "--config",
        "--network",
        "--peer",
        "--snapshot",
        "--db",
        "--api",
        "--gossip",
        "--metrics",
        "--log",
        "--log-format",
        "--coordinator-keys",
        "--bootstrap",
        "--recover",
        "OSMIA_GOSSIP_LISTEN",
        "SIGHUP",
    ] {
        assert!(help.contains(option), "{option} in {help}");
    }
    let help = text(&run(&["config", "--help"]).stdout);
    for command in ["show", "check", "import"] {
        assert!(help.contains(command), "{command} in {help}");
    }
}

#[test]
fn a_wrong_option_of_a_node_ends_with_2() {
    let scratch = Scratch::new();
    let data = scratch.data();
    for options in [
        ["--network", "chrysalis-mianet"],
        ["--peer", "/ip4/127.0.0.1/tcp/15600"],
        ["--gossip", "/dns/localhost/tcp/1"],
        ["--api", "localhost:80"],
        ["--metrics", "9311"],
        ["--log", "loud"],
        ["--log-format", "xml"],
    ] {
        let output = run(&["run", "--db", data.to_str().unwrap(), options[0], options[1]]);
        assert_eq!(output.status.code(), Some(2), "{options:?}");
        assert!(text(&output.stderr).contains(options[0]), "{options:?}");
    }
    assert!(!data.exists());
}
