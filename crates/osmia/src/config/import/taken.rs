//! Sorting the reference node's keys: what is taken over, and what is left.

use std::path::Path;

use osmia_chrysalis::{KeyRange, MilestoneKeys, ProtocolParameters};
use osmia_primitives::ed25519::PublicKey;
use osmia_primitives::{MilestoneIndex, hex};
use serde_json::{Value, json};

use super::hornet::{self, Entry};
use super::rules;
use crate::cli;
use crate::config::given::{Form, Given};
use crate::config::{PeerConfig, address};
use crate::limits::UNKNOWN_PEERS_MAX;
use crate::network_file::{self, Description};
use crate::networks;

/// A value that was taken over.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Taken {
    /// Our key.
    pub(super) key: &'static str,
    /// Its value.
    pub(super) value: Value,
    /// The reference node's key.
    pub(super) from: String,
}

/// Keys that were not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Left {
    /// The reference node's key, or the beginning of several.
    pub(super) key: String,
    /// How many keys there are.
    pub(super) count: usize,
    /// Why.
    pub(super) reason: String,
}

/// What becomes of the files.
#[derive(Default)]
pub(super) struct Import {
    /// In the order of the files.
    pub(super) taken: Vec<Taken>,
    /// In the order of the files.
    pub(super) left: Vec<Left>,
    /// What has to be done by hand.
    pub(super) to_do: Vec<String>,
    /// The network, when it is none of the built-in ones.
    pub(super) network_file: Option<Description>,
    peers: Vec<PeerConfig>,
}

/// Which of the reference node's plugins are switched on, as far as they matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plugins {
    rest_api: bool,
    prometheus: bool,
    coordinator: bool,
}

impl Plugins {
    fn of(entries: &[Entry]) -> Self {
        let names = |key: &str| -> Vec<String> {
            let found = entries.iter().filter(|entry| entry.key() == key).flat_map(Entry::texts);
            found.map(|name| name.to_lowercase()).collect()
        };
        let (enabled, disabled) = (names("node.enableplugins"), names("node.disableplugins"));
        let is_in = |names: &[String], name: &str| names.iter().any(|other| other == name);
        Self {
            rest_api: !is_in(&disabled, "restapi"),
            prometheus: is_in(&enabled, "prometheus"),
            coordinator: is_in(&enabled, "coordinator"),
        }
    }
}

impl Import {
    /// Takes config.json, whose relative paths begin at `folder`.
    pub(super) fn take_config(&mut self, entries: &[Entry], folder: &Path) {
        let plugins = Plugins::of(entries);
        for entry in entries {
            match entry.key().as_str() {
                "restapi.bindaddress" if plugins.rest_api => self.socket("api.listen", entry),
                "restapi.bindaddress" => self.take("api.listen", json!(""), "node.disablePlugins"),
                "restapi.powenabled" => self.switch("api.pow", entry),
                "prometheus.bindaddress" if plugins.prometheus => self.socket("metrics.listen", entry),
                "prometheus.bindaddress" => self.leave(entry, "the plugin Prometheus is not switched on"),
                "snapshots.fullpath" => self.snapshot("snapshot.full", entry, folder),
                "snapshots.deltapath" => self.snapshot("snapshot.delta", entry, folder),
                "p2p.bindmultiaddresses" => self.listen(entry),
                "p2p.gossip.unknownpeerslimit" => self.unknown_peers(entry),
                "p2p.identityprivatekey" => self.identity(entry),
                "logger.level" => self.log_level(entry),
                "logger.encoding" => self.log_format(entry),
                "coordinator.interval" if plugins.coordinator => self.interval(entry),
                "node.enableplugins" | "node.disableplugins" => self.plugins(entry, plugins),
                // Taken together below.
                "protocol.networkid"
                | "protocol.bech32hrp"
                | "protocol.minpowscore"
                | "protocol.milestonepublickeycount"
                | "protocol.publickeyranges"
                | "p2p.peers"
                | "p2p.peeraliases" => {}
                key => self.leave_by_rule(entry, key),
            }
        }
        self.network(entries);
        self.listed_peers(entries);
        // A delta without its full snapshot would be refused.
        if !self.taken.iter().any(|taken| taken.key == "snapshot.full") {
            self.taken.retain(|taken| taken.key != "snapshot.delta");
        }
    }

    fn take(&mut self, key: &'static str, value: Value, from: &str) {
        if !self.taken.iter().any(|taken| taken.key == key) {
            self.taken.push(Taken { key, value, from: from.to_owned() });
        }
    }

    fn leave(&mut self, entry: &Entry, reason: impl Into<String>) {
        self.left.push(Left { key: entry.path.clone(), count: 1, reason: reason.into() });
    }

    /// Lists a key without counterpart, together with others of the same rule.
    fn leave_by_rule(&mut self, entry: &Entry, key: &str) {
        let (beginning, reason) = rules::left(key);
        let prefix = entry.path.get(..beginning.len()).unwrap_or("").to_owned();
        let is_same =
            |left: &&mut Left| !prefix.is_empty() && left.reason == reason && left.key.starts_with(&prefix);
        match self.left.iter_mut().find(is_same) {
            Some(left) => {
                left.count += 1;
                let is_whole = entry.path.get(prefix.len()..).is_some_and(|rest| rest.starts_with('.'));
                left.key = if is_whole { format!("{prefix}.*") } else { format!("{prefix}*") };
            }
            None => self.leave(entry, reason),
        }
    }

    fn socket(&mut self, key: &'static str, entry: &Entry) {
        match entry.text().and_then(hornet::socket) {
            Some(socket) => self.take(key, json!(socket), &entry.path),
            None => self.leave(entry, format!("{} is no IP address with a port: set {key}", entry.value)),
        }
    }

    fn switch(&mut self, key: &'static str, entry: &Entry) {
        match entry.value.as_bool() {
            Some(value) => self.take(key, json!(value), &entry.path),
            None => self.leave(entry, "it is neither true nor false"),
        }
    }

    fn snapshot(&mut self, key: &'static str, entry: &Entry, folder: &Path) {
        let Some(path) = entry.text().filter(|text| !text.is_empty()) else {
            return self.leave(entry, "it is empty");
        };
        let path = folder.join(path);
        if path.is_file() {
            self.take(key, json!(path), &entry.path);
        } else {
            let reason =
                format!("there is no file {}: fetch a snapshot and name it in {key}", path.display());
            self.leave(entry, reason);
        }
    }

    fn listen(&mut self, entry: &Entry) {
        let (good, wrong): (Vec<String>, Vec<String>) =
            entry.texts().into_iter().partition(|text| address::check_listen(text).is_ok());
        for text in wrong {
            let reason = address::check_listen(&text).err().unwrap_or_default();
            self.leave(entry, reason);
        }
        self.take("gossip.listen", json!(good), &entry.path);
    }

    fn unknown_peers(&mut self, entry: &Entry) {
        let wanted = entry.value.as_u64().and_then(|number| usize::try_from(number).ok());
        let Some(wanted) = wanted else { return self.leave(entry, "it is no whole number") };
        self.take("gossip.unknown_peers", json!(wanted.min(UNKNOWN_PEERS_MAX)), &entry.path);
        if wanted > UNKNOWN_PEERS_MAX {
            self.to_do
                .push(format!("{} is {wanted}, and at most {UNKNOWN_PEERS_MAX} are possible", entry.path));
        }
    }

    fn identity(&mut self, entry: &Entry) {
        let text = entry.text().unwrap_or_default();
        let given = Given { form: Form::Words(text), folder: Path::new("") };
        match given.identity_key() {
            Ok(Some(_)) => self.take("gossip.identity_key", json!(text), &entry.path),
            Ok(None) => self.leave(entry, "it is empty: the key is in the file identity.key"),
            Err(_) => self.leave(entry, "it is not a key of 128 hexadecimal characters"),
        }
    }

    fn log_level(&mut self, entry: &Entry) {
        let level = match entry.text().map(str::to_lowercase).as_deref() {
            Some("debug") => "debug",
            Some("info") => "info",
            Some("warn") => "warn",
            Some("error" | "dpanic" | "panic" | "fatal") => "error",
            Some(_) | None => return self.leave(entry, "it is no level of the log"),
        };
        self.take("log.level", json!(level), &entry.path);
    }

    fn log_format(&mut self, entry: &Entry) {
        let format = if entry.text() == Some("json") { "json" } else { "plain" };
        self.take("log.format", json!(format), &entry.path);
    }

    fn interval(&mut self, entry: &Entry) {
        let seconds = entry.text().and_then(hornet::seconds);
        match seconds.filter(|seconds| cli::interval(&seconds.to_string()).is_ok()) {
            Some(seconds) => self.take("coordinator.interval", json!(seconds), &entry.path),
            None => self.leave(entry, "it is no time between 0.05 seconds and one hour"),
        }
    }

    fn plugins(&mut self, entry: &Entry, plugins: Plugins) {
        if entry.key() == "node.disableplugins" {
            if !plugins.rest_api {
                self.take("api.listen", json!(""), &entry.path);
            }
            return;
        }
        for name in entry.texts() {
            if let Some(reason) = rules::plugin(&name.to_lowercase()) {
                let key = format!("{}: {}", entry.path, crate::config::given::shown(&name));
                self.left.push(Left { key, count: 1, reason: reason.to_owned() });
            }
        }
        if plugins.coordinator {
            self.to_do.push(
                "the plugin Coordinator: put the first 64 characters of each key in COO_PRV_KEYS on a line of a file, \
                 and name it in coordinator.keys"
                    .to_owned(),
            );
        }
    }

    /// The network: a built-in one, or a file. What is not in the file is the main network's, as there.
    fn network(&mut self, entries: &[Entry]) {
        let from = "protocol.*";
        match parameters(entries) {
            Ok(parameters) => match networks::all().find(|known| is_same(known.parameters(), &parameters)) {
                Some(known) => self.take("network.name", json!(known.parameters().network_name), from),
                None => {
                    let file = super::write::network_file_name(&parameters.network_name);
                    self.take("network.file", json!(file), from);
                    self.network_file = Some(Description {
                        parameters,
                        genesis: None,
                        mnemonic_file: None,
                        gossip_peers: Vec::new(),
                        api_urls: Vec::new(),
                    });
                }
            },
            Err(reason) => self.left.push(Left { key: from.to_owned(), count: 1, reason }),
        }
    }

    /// Peers in config.json, which options of the reference node's command line can be as well.
    fn listed_peers(&mut self, entries: &[Entry]) {
        let texts = |key: &str| -> Vec<String> {
            entries.iter().filter(|entry| entry.key() == key).flat_map(Entry::texts).collect()
        };
        let aliases = texts("p2p.peeraliases");
        let peers = texts("p2p.peers").into_iter().enumerate().map(|(place, address)| PeerConfig {
            address,
            alias: aliases.get(place).filter(|alias| !alias.is_empty()).cloned(),
        });
        let peers: Vec<PeerConfig> = peers.collect();
        if !peers.is_empty() {
            self.take_peers("p2p.peers", peers);
        }
    }

    /// Takes peers, each once.
    pub(super) fn take_peers(&mut self, from: &str, peers: Vec<PeerConfig>) {
        for peer in peers {
            let id = address::peer_id(&peer.address);
            let is_again = self.peers.iter().any(|other| address::peer_id(&other.address) == id);
            let reason = match address::check_peer(&peer.address) {
                Err(reason) => reason,
                Ok(()) if is_again => "the same peer is there already".to_owned(),
                Ok(()) => {
                    self.peers.push(peer);
                    continue;
                }
            };
            let key = format!("{from}: {}", crate::config::given::shown(&peer.address));
            self.left.push(Left { key, count: 1, reason });
        }
        let shown = |peer: &PeerConfig| match &peer.alias {
            Some(alias) => json!({ "address": peer.address, "alias": alias }),
            None => json!(peer.address),
        };
        let value: Value = self.peers.iter().map(shown).collect();
        self.taken.retain(|taken| taken.key != "gossip.peers");
        self.take("gossip.peers", value, from);
    }
}

/// Whether two networks are the same, whatever the order of their keys.
fn is_same(one: &ProtocolParameters, other: &ProtocolParameters) -> bool {
    let sorted = |parameters: &ProtocolParameters| {
        let mut ranges = parameters.keys.ranges().to_vec();
        ranges.sort_by_key(|range| (range.public_key, range.start, range.end));
        ProtocolParameters {
            keys: MilestoneKeys::new(ranges, parameters.keys.threshold()),
            ..parameters.clone()
        }
    };
    sorted(one) == sorted(other)
}

/// The parameters in `protocol`.
fn parameters(entries: &[Entry]) -> Result<ProtocolParameters, String> {
    let value = |key: &str| entries.iter().find(|entry| entry.key() == key).map(|entry| &entry.value);
    let main = networks::all().next().expect("because the main network is built in").description.parameters;
    let text = |key: &str, standard: &str| match value(key) {
        None => Ok(standard.to_owned()),
        Some(text) => text.as_str().map(str::to_owned).ok_or_else(|| format!("{key} is no text")),
    };
    let name = text("protocol.networkid", &main.network_name)?;
    network_file::check_name(&name).map_err(|error| error.to_string())?;
    let hrp = text("protocol.bech32hrp", &main.bech32_hrp)?;
    let score = value("protocol.minpowscore").map_or(Some(main.min_pow_score), Value::as_f64);
    let score = score.ok_or("protocol.minPoWScore is no number")?;
    network_file::check_score(score).map_err(|error| error.to_string())?;
    let ranges = match value("protocol.publickeyranges") {
        None => main.keys.ranges().to_vec(),
        Some(ranges) => key_ranges(ranges)?,
    };
    let count = value("protocol.milestonepublickeycount");
    let count = count.map_or(Some(main.keys.threshold() as u64), Value::as_u64);
    let threshold = count.and_then(|count| usize::try_from(count).ok());
    let threshold = threshold.filter(|threshold| (1..=ranges.len()).contains(threshold));
    let threshold =
        threshold.ok_or("protocol.milestonePublicKeyCount is not from 1 to the number of keys")?;
    ProtocolParameters::new(&name, &hrp, score, MilestoneKeys::new(ranges, threshold))
        .map_err(|error| error.to_string())
}

fn key_ranges(ranges: &Value) -> Result<Vec<KeyRange>, String> {
    let number = |range: &Value, name: &str| {
        let number = range.get(name).map_or(Some(0), Value::as_u64);
        number.and_then(|number| u32::try_from(number).ok()).map(MilestoneIndex)
    };
    let range = |range: &Value| {
        let key = range.get("key").and_then(Value::as_str).and_then(|key| hex::decode_array(key).ok());
        Some(KeyRange {
            public_key: PublicKey(key?),
            start: number(range, "start")?,
            end: number(range, "end")?,
        })
    };
    let ranges: Option<Vec<KeyRange>> =
        ranges.as_array().and_then(|ranges| ranges.iter().map(range).collect());
    ranges.ok_or_else(|| "protocol.publicKeyRanges is no list of keys with start and end".to_owned())
}
