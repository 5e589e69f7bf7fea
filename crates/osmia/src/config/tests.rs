use clap::Parser as _;

use super::*;
use crate::cli::{Cli, Command};
use crate::exit::Exit;

mod documentation;

const ID: &str = "12D3KooWSagdVaCrS14GeJhM8CbQr41AW2PiYMgptTyAybCbQuEY";
const OTHER_ID: &str = "12D3KooWCKwcTWevoRKa2kEBputeGASvEBuDfRDSbe8t1DWugUmL";
const THIRD_ID: &str = "12D3KooWGdr8M5KX8KuKaXSiKfHJstdVnRkadYmupF7tFk2HrRoA";

fn address(port: u16, id: &str) -> String {
    format!("/ip4/127.0.0.1/tcp/{port}/p2p/{id}")
}

/// What a test gives to the layers.
struct Layers {
    scratch: tempfile::TempDir,
    has_file: bool,
    environment: BTreeMap<String, OsString>,
    options: Vec<String>,
}

impl Layers {
    fn new() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        Self { scratch, has_file: false, environment: BTreeMap::new(), options: Vec::new() }
    }

    fn path(&self) -> PathBuf {
        self.scratch.path().join("node.toml")
    }

    fn file(mut self, text: &str) -> Self {
        std::fs::write(self.path(), text).unwrap();
        self.has_file = true;
        self
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.into());
        self
    }

    fn options(mut self, options: &[&str]) -> Self {
        self.options.extend(options.iter().map(|option| (*option).to_owned()));
        self
    }

    fn args(&self) -> RunArgs {
        let mut line = vec!["osmia".to_owned(), "run".to_owned()];
        if self.has_file {
            line.extend(["--config".to_owned(), self.path().to_str().unwrap().to_owned()]);
        }
        line.extend(self.options.iter().cloned());
        let Command::Run(args) = Cli::try_parse_from(line).unwrap().command else { panic!("the command") };
        *args
    }

    fn load(&self) -> Result<Config, ConfigError> {
        Config::from_inputs(Inputs { args: self.args(), environment: self.environment.clone() })
    }

    fn config(&self) -> Config {
        self.load().unwrap_or_else(|error| panic!("{error}"))
    }

    /// The value of the key `path` as it is printed, and where it comes from.
    fn value(&self, path: &str) -> (String, String) {
        let config = self.config();
        let key = keys::find(path).unwrap();
        let sources: Vec<String> = config.sources(key).iter().map(ToString::to_string).collect();
        let sources = sources.join(" + ").replace(&format!("{}/", self.scratch.path().display()), "");
        (show::toml(&(key.show)(&config)), sources)
    }

    /// What is wrong.
    fn error(&self) -> String {
        let error = self.load().err().unwrap();
        error.to_string().replace(&format!("{}/", self.scratch.path().display()), "")
    }
}

/// A key, its values by default, in the file, in the environment and on the command line, as they are given and as they
/// are printed.
type Row = (
    &'static str,
    &'static str,
    [&'static str; 2],
    [&'static str; 2],
    Option<([&'static str; 2], &'static str)>,
);

/// At least one key of each type.
const ROWS: &[Row] = &[
    (
        "node.data",
        "\"osmia-data\"",
        ["\"/file\"", "\"/file\""],
        ["/environment", "\"/environment\""],
        Some((["--db", "/option"], "\"/option\"")),
    ),
    (
        "network.name",
        "\"\"",
        ["\"chrysalis-mainnet\"", "\"chrysalis-mainnet\""],
        ["chrysalis-devnet", "\"chrysalis-devnet\""],
        Some((["--network", "private_tangle1"], "\"private_tangle1\"")),
    ),
    ("snapshot.full", "\"\"", ["\"/a\"", "\"/a\""], ["/b", "\"/b\""], Some((["--snapshot", "/c"], "\"/c\""))),
    (
        "api.listen",
        "\"127.0.0.1:14265\"",
        ["\"127.0.0.1:1\"", "\"127.0.0.1:1\""],
        ["off", "\"\""],
        Some((["--api", "[::1]:3"], "\"[::1]:3\"")),
    ),
    (
        "api.allow_origin",
        "[\"*\"]",
        ["[\"https://a.example\"]", "[\"https://a.example\"]"],
        ["https://b.example, https://c.example", "[\"https://b.example\", \"https://c.example\"]"],
        None,
    ),
    ("api.control", "true", ["false", "false"], ["true", "true"], None),
    (
        "gossip.listen",
        "[\"/ip4/0.0.0.0/tcp/15600\", \"/ip6/::/tcp/15600\"]",
        ["[]", "[]"],
        ["/ip4/1.2.3.4/tcp/1", "[\"/ip4/1.2.3.4/tcp/1\"]"],
        Some((["--gossip", "/ip6/::1/tcp/2"], "[\"/ip6/::1/tcp/2\"]")),
    ),
    ("gossip.unknown_peers", "4", ["0", "0"], ["48", "48"], None),
    (
        "gossip.identity_key",
        "\"\"",
        ["\"0000000000000000000000000000000000000000000000000000000000000001\"", "\"(hidden)\""],
        ["0000000000000000000000000000000000000000000000000000000000000002", "\"(hidden)\""],
        None,
    ),
    (
        "log.level",
        "\"info\"",
        ["\"warn\"", "\"warn\""],
        ["info,osmia_engine=debug", "\"info,osmia_engine=debug\""],
        Some((["--log", "trace"], "\"trace\"")),
    ),
    (
        "log.format",
        "\"plain\"",
        ["\"json\"", "\"json\""],
        ["plain", "\"plain\""],
        Some((["--log-format", "json"], "\"json\"")),
    ),
    ("coordinator.interval", "5.0", ["0.5", "0.5"], ["10", "10.0"], None),
    ("coordinator.interval", "5.0", ["2", "2.0"], ["0.25", "0.25"], None),
    ("coordinator.interval", "5.0", ["\"3\"", "3.0"], ["0.25", "0.25"], None),
];

#[test]
fn the_command_line_counts_more_than_the_environment_and_that_more_than_the_file() {
    for (path, standard, [file, in_file], [variable, in_environment], option) in ROWS {
        let (table, name) = path.split_once('.').unwrap();
        let name_of_variable = format!("OSMIA_{table}_{name}").to_uppercase();
        assert_eq!(Layers::new().value(path), ((*standard).to_owned(), "default".to_owned()), "{path}");
        let layers = Layers::new().file(&format!("# a comment\n[{table}]\n{name} = {file}\n"));
        assert_eq!(layers.value(path), ((*in_file).to_owned(), "node.toml:3".to_owned()), "{path}");
        let layers = layers.variable(&name_of_variable, variable);
        assert_eq!(layers.value(path), ((*in_environment).to_owned(), name_of_variable), "{path}");
        if let Some((option, in_option)) = option {
            let layers = layers.options(option);
            assert_eq!(layers.value(path), ((*in_option).to_owned(), option[0].to_owned()), "{path}");
        }
    }
}

#[test]
fn every_option_has_its_key() {
    let layers = Layers::new().options(&[
        "--db",
        "/d",
        "--recover",
        "--network",
        "chrysalis-devnet",
        "--snapshot",
        "/f",
        "--snapshot",
        "/g",
        "--api",
        "off",
        "--gossip",
        "/ip4/0.0.0.0/tcp/1",
        "--peer",
        &address(1, ID),
        "--metrics",
        "127.0.0.1:2",
        "--log",
        "warn",
        "--log-format",
        "json",
        "--coordinator-keys",
        "/k",
        "--pow",
        "--bootstrap",
    ]);
    let config = layers.config();
    let given: Vec<String> = config.sources.keys().cloned().collect();
    let with_option: Vec<String> = KEYS.iter().filter(|key| !key.option.is_empty()).map(Key::path).collect();
    for path in &given {
        let key = keys::find(path).unwrap();
        assert_eq!(config.sources(key), [Source::Option(key.option)], "{path}");
    }
    // Of the network's two keys only one can be given.
    assert_eq!(given.len() + 1, with_option.len(), "{given:?}");
    assert!(config.bootstrap && config.node.recover && config.api.pow);
    assert_eq!(config.snapshot.delta.as_deref(), Some(Path::new("/g")));
    assert_eq!(config.api.listen, None);
    assert!(!config.api.control, "there is no API to control");
}

#[test]
fn peers_of_the_command_line_are_added_to_those_of_the_file() {
    let file = format!(
        "[gossip]\npeers = [\n  \"{}\",\n  {{ address = \"{}\", alias = \"second\" }},\n]\n",
        address(1, ID),
        address(2, OTHER_ID)
    );
    let layers = Layers::new().file(&file);
    let peers = |layers: &Layers| -> Vec<(String, Option<String>)> {
        layers.config().gossip.peers.into_iter().map(|peer| (peer.address, peer.alias)).collect()
    };
    let first = (address(1, ID), None);
    let second = |port| (address(port, OTHER_ID), Some("second".to_owned()));
    assert_eq!(peers(&layers), [first.clone(), second(2)]);
    // The same peer elsewhere keeps its name.
    let layers = layers.options(&["--peer", &address(3, THIRD_ID), "--peer", &address(4, OTHER_ID)]);
    assert_eq!(peers(&layers), [first, (address(3, THIRD_ID), None), second(4)]);
    assert_eq!(layers.value("gossip.peers").1, "node.toml:2 + --peer");
    // The environment stands in the file's place.
    let layers = layers.variable("OSMIA_GOSSIP_PEERS", &address(5, ID));
    assert_eq!(
        peers(&layers),
        [(address(5, ID), None), (address(3, THIRD_ID), None), (address(4, OTHER_ID), None)]
    );
    let tables = format!("[[gossip.peers]]\naddress = \"{}\"\nalias = \"a\"\n", address(1, ID));
    assert_eq!(peers(&Layers::new().file(&tables)), [(address(1, ID), Some("a".to_owned()))]);
}

#[test]
fn a_network_of_a_higher_layer_replaces_name_and_file() {
    let layers = Layers::new().file("[network]\nfile = \"networks/mine.json\"\n");
    let network = layers.config().network;
    assert_eq!(network.file, Some(layers.scratch.path().join("networks/mine.json")));
    let layers = layers.variable("OSMIA_NETWORK_NAME", "chrysalis-devnet");
    let network = layers.config().network;
    assert_eq!((network.name.as_deref(), network.file), (Some("chrysalis-devnet"), None));
    let layers = layers.options(&["--network", "./other.json"]);
    let network = layers.config().network;
    assert_eq!((network.name, network.file), (None, Some("./other.json".into())));
    assert_eq!(layers.value("network.name").1, "default");
}

#[test]
fn a_full_snapshot_of_the_command_line_is_not_continued_by_the_delta_of_the_file() {
    let layers = Layers::new().file("[snapshot]\nfull = \"/a\"\ndelta = \"/b\"\n");
    assert_eq!(layers.config().snapshot.delta, Some("/b".into()));
    let layers = layers.options(&["--snapshot", "/c"]);
    assert_eq!(layers.config().snapshot, SnapshotConfig { full: Some("/c".into()), delta: None });
    let layers = layers.options(&["--snapshot", "/d", "--snapshot", "/e"]);
    assert_eq!(layers.error(), "--snapshot: there are at most two snapshots: a full one, then a delta");
}

#[test]
fn an_api_that_others_reach_is_careful_unless_told_otherwise() {
    let open = Layers::new().file("[api]\nlisten = \"0.0.0.0:14265\"\n");
    assert_eq!(open.config().api.cors(), Cors::Origins(Vec::new()));
    assert!(!open.config().api.control);
    let told = open.variable("OSMIA_API_CONTROL", "true").variable("OSMIA_API_ALLOW_ORIGIN", "*");
    assert_eq!(told.config().api.cors(), Cors::AnyOrigin);
    assert!(told.config().api.control);
    let local = Layers::new().config().api;
    assert!(local.control && local.cors() == Cors::AnyOrigin);
}

#[test]
fn proof_of_work_for_clients_is_off_and_bounded_by_default() {
    assert_eq!(Layers::new().config().api.remote_pow(), None);
    let sizes = |layers: &Layers| {
        let remote_pow = layers.config().api.remote_pow().unwrap();
        (remote_pow.threads, remote_pow.queue_max.get())
    };
    let layers = Layers::new().options(&["--pow"]);
    assert_eq!(sizes(&layers), (half_of_cores(), 64));
    let layers = layers.file("[api]\npow_threads = 7\npow_queue = 9\n");
    assert_eq!(sizes(&layers), (NonZeroUsize::new(7).unwrap(), 9));
    let layers = layers.variable("OSMIA_API_POW_QUEUE", "0").variable("OSMIA_API_POW_THREADS", "257");
    assert_eq!(
        layers.error(),
        "the configuration is wrong in 2 places:\n  \
         OSMIA_API_POW_QUEUE: api.pow_queue: expected a whole number from 1 to 512\n  \
         OSMIA_API_POW_THREADS: api.pow_threads: expected a whole number from 0 to 256"
    );
}

#[test]
fn both_forms_of_an_identity_key_are_read() {
    let seed = [1; 32];
    let public = osmia_primitives::ed25519::SecretKey::from_seed(seed).public_key().0;
    let hex = |bytes: &[u8]| osmia_primitives::hex::encode(bytes);
    let whole = hex(&seed) + &hex(&public);
    for key in [hex(&seed), whole.clone()] {
        let layers = Layers::new().variable("OSMIA_GOSSIP_IDENTITY_KEY", &key);
        assert_eq!(layers.config().gossip.identity_key.unwrap().seed(), seed);
    }
    let wrong_half = hex(&seed) + &hex(&seed);
    for (key, expected) in [
        (wrong_half.as_str(), "its second half is not the public key of the first"),
        ("12", "not a key of 64 or 128 hexadecimal characters"),
        (&whole[..126], "not a key of 64 or 128 hexadecimal characters"),
        ("(hidden)", "not a key of 64 or 128 hexadecimal characters"),
    ] {
        let layers = Layers::new().variable("OSMIA_GOSSIP_IDENTITY_KEY", key);
        assert_eq!(layers.error(), format!("OSMIA_GOSSIP_IDENTITY_KEY: gossip.identity_key: {expected}"));
    }
}

#[test]
fn wrong_variables_are_refused_and_mistyped_ones_are_told() {
    let layers = Layers::new()
        .variable("OSMIA_GOSSIP_UNKNOWN_PEERS", "49")
        .variable("OSMIA_NODE_RECOVER", "yes")
        .variable("OSMIA_API_LISTEN", "localhost:1");
    assert_eq!(
        layers.error(),
        "the configuration is wrong in 3 places:\n  \
         OSMIA_API_LISTEN: api.listen: \"localhost:1\" is not an IP address with a port, such as 127.0.0.1:14265 or [::]:14265\n  \
         OSMIA_GOSSIP_UNKNOWN_PEERS: gossip.unknown_peers: expected a whole number from 0 to 48\n  \
         OSMIA_NODE_RECOVER: node.recover: expected true or false, not \"yes\""
    );
    assert_eq!(layers.load().err().unwrap().exit(), Exit::Usage);
    let layers =
        Layers::new().variable("OSMIA_GOSIP_LISTEN", "x").variable("OSMIA_PORT_14265_TCP_ADDR", "10.0.0.1");
    assert_eq!(
        layers.config().warnings,
        ["OSMIA_GOSIP_LISTEN is no variable of osmia; is OSMIA_GOSSIP_LISTEN meant?"]
    );
    let both =
        Layers::new().variable("OSMIA_NETWORK_NAME", "chrysalis-devnet").variable("OSMIA_NETWORK_FILE", "/x");
    assert_eq!(
        both.error(),
        "OSMIA_NETWORK_NAME: network.name: OSMIA_NETWORK_FILE is set too; give one of the two"
    );
}

#[test]
fn values_that_contradict_each_other_are_refused() {
    let layers =
        Layers::new().file("[snapshot]\ndelta = \"d.bin\"\n[metrics]\nlisten = \"127.0.0.1:14265\"\n");
    assert_eq!(
        layers.options(&["--bootstrap"]).error(),
        "the configuration is wrong in 3 places:\n  \
         node.toml:2: snapshot.delta: a delta snapshot continues a full one: give snapshot.full too\n  \
         node.toml:4: metrics.listen: the API listens there already: give one of them another port\n  \
         --bootstrap: it begins a new network, which takes coordinator.keys"
    );
}

#[test]
fn the_file_can_be_named_by_a_variable() {
    let layers = Layers::new().file("[log]\nlevel = \"debug\"\n");
    let path = layers.path();
    let by_variable = Layers::new().variable("OSMIA_CONFIG", path.to_str().unwrap());
    assert_eq!(by_variable.config().log.level.as_str(), "debug");
    assert_eq!(by_variable.config().file, Some(path));
    let missing = Layers::new().options(&["--config", "/nowhere/node.toml"]);
    let error = missing.load().err().unwrap();
    assert!(error.to_string().starts_with("cannot read /nowhere/node.toml: "), "{error}");
    assert_eq!(error.exit(), Exit::Failure);
}

#[test]
fn a_reload_reads_the_file_again_and_says_what_changed() {
    let layers = Layers::new().file("[log]\nlevel = \"info\"\n").options(&["--peer", &address(1, ID)]);
    let before = layers.config();
    assert_eq!(before.differences(&before.reload().ok().unwrap()), (vec![], vec![]));
    let text = format!(
        "[log]\nlevel = \"debug\"\n[gossip]\npeers = [\"{}\"]\nidentity_key = \"{}\"\n[api]\nlisten = \"\"\n",
        address(2, OTHER_ID),
        "01".repeat(32)
    );
    std::fs::write(layers.path(), text).unwrap();
    let after = before.reload().ok().unwrap();
    assert_eq!(after.log.level.as_str(), "debug");
    assert_eq!(after.gossip.peers.len(), 2);
    let (now, later) = before.differences(&after);
    assert_eq!(now, ["gossip.peers", "log.level"]);
    assert_eq!(later, ["api.listen", "api.allow_origin", "api.control", "gossip.identity_key"]);
    std::fs::write(layers.path(), "[log]\nlevel = \"loud\"\n").unwrap();
    assert!(before.reload().is_err());
}

#[test]
fn what_is_shown_is_a_file_that_gives_the_same() {
    let layers = Layers::new()
        .file(&format!(
            "[gossip]\npeers = [{{ address = \"{}\", alias = \"quoted \\\"name\\\"\" }}]\n[network]\nname = \"chrysalis-mainnet\"\n",
            address(1, ID)
        ))
        .variable("OSMIA_COORDINATOR_INTERVAL", "0.5")
        .options(&["--snapshot", "/full.bin", "--db", "/data"]);
    let config = layers.config();
    let shown = show::text(&config);
    for line in [
        "data = \"/data\"                               # --db",
        "# file =                                     # default",
        "full = \"/full.bin\"                           # --snapshot",
        "interval = 0.5                               # OSMIA_COORDINATOR_INTERVAL",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line}\nin\n{shown}");
    }
    let again = Layers::new().file(&shown).config();
    assert_eq!(config.differences(&again), (vec![], vec![]));
    let json = show::json(&config);
    assert_eq!(json["keys"].as_array().unwrap().len(), KEYS.len());
    assert_eq!(json["keys"][2]["key"], "network.name");
    assert_eq!(json["keys"][2]["value"], "chrysalis-mainnet");
    assert!(json["keys"][2]["sources"][0].as_str().unwrap().ends_with("node.toml:4"));
}

#[test]
fn secrets_are_not_shown() {
    let secret = "01".repeat(32);
    let layers = Layers::new().variable("OSMIA_GOSSIP_IDENTITY_KEY", &secret);
    let config = layers.config();
    for shown in [show::text(&config), show::json(&config).to_string()] {
        assert!(shown.contains("(hidden)") && !shown.contains(&secret), "{shown}");
    }
}
