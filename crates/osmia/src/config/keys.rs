//! Every key there is: one row each, which reads it, shows it and documents it.

use std::num::NonZeroUsize;

use osmia_api::limits::{POW_QUEUE_MAX, POW_THREADS_MAX};
use serde_json::{Value, json};

use super::given::{Given, Read};
use super::{Config, address};
use crate::cli;
use crate::limits::{INTERVAL_MAX, INTERVAL_MIN, UNKNOWN_PEERS_MAX, VERIFY_THREADS_CONFIGURED_MAX};
use crate::networks;

/// A key of the configuration.
pub(crate) struct Key {
    /// The table it stands in.
    pub(crate) table: &'static str,
    /// Its name there.
    pub(crate) name: &'static str,
    /// The option of `osmia run` for it; empty when there is none.
    pub(crate) option: &'static str,
    /// What its values are, with their bounds.
    pub(crate) values: &'static str,
    /// The default in words, where it depends on something else.
    pub(crate) default: Option<&'static str>,
    /// What it does.
    pub(crate) about: &'static str,
    /// Whether a change takes effect without a restart.
    pub(crate) is_reloaded: bool,
    /// Reads a value into the configuration.
    pub(crate) read: fn(&mut Config, &Given<'_>) -> Read<()>,
    /// The value as it is printed; `null` when there is none.
    pub(crate) show: fn(&Config) -> Value,
}

impl Key {
    /// Its name with its table: `gossip.listen`.
    pub(crate) fn path(&self) -> String {
        format!("{}.{}", self.table, self.name)
    }

    /// Its environment variable: `OSMIA_GOSSIP_LISTEN`.
    pub(crate) fn variable(&self) -> String {
        format!("OSMIA_{}_{}", self.table, self.name).to_uppercase()
    }
}

/// The tables, in the order in which they are shown, each with what it is about.
pub(crate) const TABLES: [(&str, &str); 9] = [
    ("node", "The node and its data."),
    ("network", "Which network the node belongs to; one of the two keys."),
    ("snapshot", "The ledger that a new data folder begins with."),
    ("api", "The REST API."),
    ("gossip", "Connections to other nodes."),
    ("metrics", "Figures for Prometheus."),
    ("log", "The log, on standard error."),
    ("coordinator", "Signing milestones: for the coordinator of a private network only."),
    ("limits", "What the node may use."),
];

/// What is printed for a secret.
pub(crate) const HIDDEN: &str = "(hidden)";

/// All keys, table by table.
pub(crate) const KEYS: &[Key] = &[
    Key {
        table: "node",
        name: "data",
        option: "--db",
        values: "a folder",
        default: None,
        about: "The data folder: database, identity key, peers. Made when it is missing.",
        is_reloaded: false,
        read: |config, given| {
            config.node.data = given.path()?;
            Ok(())
        },
        show: |config| json!(config.node.data),
    },
    Key {
        table: "node",
        name: "recover",
        option: "--recover",
        values: "`true` or `false`",
        default: None,
        about: "After a loss of power: drop what follows the first damage in the database's log.",
        is_reloaded: false,
        read: |config, given| {
            config.node.recover = given.boolean()?;
            Ok(())
        },
        show: |config| json!(config.node.recover),
    },
    Key {
        table: "network",
        name: "name",
        option: "--network",
        values: "`\"chrysalis-mainnet\"`, `\"chrysalis-devnet\"` or `\"private_tangle1\"`",
        default: None,
        about: "A network whose parameters the program knows.",
        is_reloaded: false,
        read: |config, given| {
            let known = |name: &str| networks::built_in(name).map(|_| name.to_owned());
            let name = given.parsed(|name| known(name).map_err(|error| error.to_string()))?;
            config.network.name = Some(name);
            config.network.file = None;
            Ok(())
        },
        show: |config| json!(config.network.name),
    },
    Key {
        table: "network",
        name: "file",
        option: "--network",
        values: "a file",
        default: None,
        about: "The description of any other network: the `network.json` that `osmia private-net` writes.",
        is_reloaded: false,
        read: |config, given| {
            config.network.file = Some(given.path()?);
            config.network.name = None;
            Ok(())
        },
        show: |config| json!(config.network.file),
    },
    Key {
        table: "snapshot",
        name: "full",
        option: "--snapshot",
        values: "a file, or `\"\"` for none",
        default: None,
        about: "The full snapshot that is read when the data folder has no ledger yet.",
        is_reloaded: false,
        read: |config, given| {
            config.snapshot.full = given.optional_path()?;
            Ok(())
        },
        show: |config| json!(config.snapshot.full),
    },
    Key {
        table: "snapshot",
        name: "delta",
        option: "--snapshot",
        values: "a file, or `\"\"` for none",
        default: None,
        about: "The delta snapshot that is read after the full one. On the command line it is the second `--snapshot`.",
        is_reloaded: false,
        read: |config, given| {
            config.snapshot.delta = given.optional_path()?;
            Ok(())
        },
        show: |config| json!(config.snapshot.delta),
    },
    Key {
        table: "api",
        name: "listen",
        option: "--api",
        values: "an IP address with a port, or `\"\"` for no API",
        default: None,
        about: "Where the REST API listens. Port 0 lets the system choose one.",
        is_reloaded: false,
        read: |config, given| {
            config.api.listen = given.parsed(address::socket)?;
            Ok(())
        },
        show: |config| json!(config.api.listen.map_or_else(String::new, |listen| listen.to_string())),
    },
    Key {
        table: "api",
        name: "allow_origin",
        option: "",
        values: "a list of origins such as `\"https://explorer.example\"`; `\"*\"` means all",
        default: Some("`[\"*\"]` when the API listens on a loopback address, otherwise `[]`"),
        about: "Web pages that may use the API from a browser.",
        is_reloaded: false,
        read: |config, given| {
            config.api.allow_origin = given.checked_texts(|text| cli::allowed_origin(text).map(drop))?;
            Ok(())
        },
        show: |config| json!(config.api.allow_origin),
    },
    Key {
        table: "api",
        name: "control",
        option: "",
        values: "`true` or `false`",
        default: Some("`true` when the API listens on a loopback address, otherwise `false`"),
        about: "Whether the routes that change the node answer, such as adding and removing peers.",
        is_reloaded: false,
        read: |config, given| {
            config.api.control = given.boolean()?;
            Ok(())
        },
        show: |config| json!(config.api.control),
    },
    Key {
        table: "api",
        name: "pow",
        option: "--pow",
        values: "`true` or `false`",
        default: None,
        about: "Whether the node does the proof of work of messages that are submitted without it.",
        is_reloaded: false,
        read: |config, given| {
            config.api.pow = given.boolean()?;
            Ok(())
        },
        show: |config| json!(config.api.pow),
    },
    Key {
        table: "api",
        name: "pow_threads",
        option: "",
        values: "0 to 256; 0 means half the cores",
        default: None,
        about: "Threads that do it, each one message at a time, at a priority below that of the node's other threads.",
        is_reloaded: false,
        read: |config, given| {
            config.api.pow_threads = given.whole_number(0..=POW_THREADS_MAX)?;
            Ok(())
        },
        show: |config| json!(config.api.pow_threads),
    },
    Key {
        table: "api",
        name: "pow_queue",
        option: "",
        values: "1 to 512",
        default: None,
        about: "Messages that may wait for it, each with a connection. When so many do, clients are told to come back later (503), those with many first.",
        is_reloaded: false,
        read: |config, given| {
            let places = given.whole_number(1..=POW_QUEUE_MAX)?;
            config.api.pow_queue = NonZeroUsize::new(places).expect("because its bounds begin at 1");
            Ok(())
        },
        show: |config| json!(config.api.pow_queue),
    },
    Key {
        table: "api",
        name: "healthy_without_peers",
        option: "",
        values: "`true` or `false`",
        default: None,
        about: "Whether `/health` may say 200 while no peer is connected.",
        is_reloaded: false,
        read: |config, given| {
            config.api.healthy_without_peers = given.boolean()?;
            Ok(())
        },
        show: |config| json!(config.api.healthy_without_peers),
    },
    Key {
        table: "gossip",
        name: "listen",
        option: "--gossip",
        values: "a list of multiaddresses, `/ip4/…/tcp/PORT` or `/ip6/…/tcp/PORT`; `[]` accepts no connections",
        default: None,
        about: "Where other nodes can connect.",
        is_reloaded: false,
        read: |config, given| {
            config.gossip.listen = given.checked_texts(address::check_listen)?;
            Ok(())
        },
        show: |config| json!(config.gossip.listen),
    },
    Key {
        table: "gossip",
        name: "external",
        option: "",
        values: "a list of multiaddresses",
        default: None,
        about: "Where other nodes reach this one when that is not where it listens: behind a router, or by name.",
        is_reloaded: false,
        read: |config, given| {
            config.gossip.external = given.checked_texts(address::check)?;
            Ok(())
        },
        show: |config| json!(config.gossip.external),
    },
    Key {
        table: "gossip",
        name: "peers",
        option: "--peer",
        values: "a list of multiaddresses that end with `/p2p/ID`, or of `{ address = \"…\", alias = \"…\" }`",
        default: None,
        about: "Nodes to stay connected with. `--peer` adds to them.",
        is_reloaded: true,
        read: |config, given| {
            config.gossip.peers = given.peers()?;
            Ok(())
        },
        show: |config| {
            let peer = |peer: &super::PeerConfig| match &peer.alias {
                Some(alias) => json!({ "address": peer.address, "alias": alias }),
                None => json!(peer.address),
            };
            config.gossip.peers.iter().map(peer).collect()
        },
    },
    Key {
        table: "gossip",
        name: "unknown_peers",
        option: "",
        values: "0 to 48",
        default: None,
        about: "How many nodes may connect that are not in `peers`.",
        is_reloaded: false,
        read: |config, given| {
            config.gossip.unknown_peers = given.whole_number(0..=UNKNOWN_PEERS_MAX)?;
            Ok(())
        },
        show: |config| json!(config.gossip.unknown_peers),
    },
    Key {
        table: "gossip",
        name: "identity_key",
        option: "",
        values: "64 or 128 hexadecimal characters, or `\"\"` for none",
        default: Some("the file `identity.key` in the data folder, made at the first start"),
        about: "The secret Ed25519 key that the node's peer id is made from: a seed, or the seed with its public key.",
        is_reloaded: false,
        read: |config, given| {
            config.gossip.identity_key = given.identity_key()?;
            Ok(())
        },
        show: |config| config.gossip.identity_key.as_ref().map_or(Value::Null, |_| json!(HIDDEN)),
    },
    Key {
        table: "metrics",
        name: "listen",
        option: "--metrics",
        values: "an IP address with a port, or `\"\"` for none",
        default: None,
        about: "Where Prometheus reads the figures, below `/metrics`. The reference node used port 9311.",
        is_reloaded: false,
        read: |config, given| {
            config.metrics.listen = given.parsed(address::socket)?;
            Ok(())
        },
        show: |config| json!(config.metrics.listen.map_or_else(String::new, |listen| listen.to_string())),
    },
    Key {
        table: "log",
        name: "level",
        option: "--log",
        values: "`\"off\"`, `\"error\"`, `\"warn\"`, `\"info\"`, `\"debug\"`, `\"trace\"`, or by module: `\"info,osmia_engine=debug\"`",
        default: None,
        about: "What is logged.",
        is_reloaded: true,
        read: |config, given| {
            config.log.level = given.parsed(str::parse)?;
            Ok(())
        },
        show: |config| json!(config.log.level.as_str()),
    },
    Key {
        table: "log",
        name: "format",
        option: "--log-format",
        values: "`\"plain\"` or `\"json\"`",
        default: None,
        about: "Lines for people, or one JSON object on each line.",
        is_reloaded: false,
        read: |config, given| {
            config.log.format = given.parsed(super::read_format)?;
            Ok(())
        },
        show: |config| json!(super::format_name(config.log.format)),
    },
    Key {
        table: "coordinator",
        name: "keys",
        option: "--coordinator-keys",
        values: "a file, or `\"\"` for none",
        default: None,
        about: "The file with the secret keys: this node signs the milestones of its network.",
        is_reloaded: false,
        read: |config, given| {
            config.coordinator.keys = given.optional_path()?;
            Ok(())
        },
        show: |config| json!(config.coordinator.keys),
    },
    Key {
        table: "coordinator",
        name: "interval",
        option: "",
        values: "0.05 to 3600 seconds",
        default: None,
        about: "Time between two milestones.",
        is_reloaded: false,
        read: |config, given| {
            config.coordinator.interval = given.interval()?;
            Ok(())
        },
        show: |config| json!(config.coordinator.interval.as_secs_f64()),
    },
    Key {
        table: "limits",
        name: "verify_threads",
        option: "",
        values: "0 to 16; 0 means half the cores, at most 4",
        default: None,
        about: "Threads that verify messages.",
        is_reloaded: false,
        read: |config, given| {
            config.limits.verify_threads = given.whole_number(0..=VERIFY_THREADS_CONFIGURED_MAX)?;
            Ok(())
        },
        show: |config| json!(config.limits.verify_threads),
    },
];

/// The key called `path`.
pub(crate) fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path() == path)
}

/// Bounds that the texts above repeat.
const _: () = {
    assert!(UNKNOWN_PEERS_MAX == 48);
    assert!(VERIFY_THREADS_CONFIGURED_MAX == 16);
    assert!(POW_THREADS_MAX == 256 && POW_QUEUE_MAX == 512);
    assert!(INTERVAL_MIN.as_millis() == 50);
    assert!(INTERVAL_MAX.as_secs() == 3_600);
};
