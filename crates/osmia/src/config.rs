//! The configuration of `osmia run`: what it is in effect, and where each value comes from.
//!
//! The command line counts more than the environment, that more than the file, that more than the defaults. Every key is
//! a row of [`keys::KEYS`], which all layers read it with. Nothing is passed over in silence: an unknown key, a wrong type
//! and a value out of bounds are all reported, together.

pub(crate) mod address;
pub(crate) mod command;
mod environment;
mod file;
mod given;
mod import;
mod keys;
mod nearest;
mod problem;
mod show;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use osmia_api::limits::POW_QUEUE_STANDARD;
use osmia_api::{Cors, Origin, RemotePow};

use crate::cli::RunArgs;
use crate::config::given::{Form, Given, Wrong};
use crate::config::keys::{KEYS, Key};
use crate::files;
use crate::limits::CONFIG_FILE_BYTES_MAX;
use crate::logging::{Format, LogFilter};
use crate::networks::{self, NetworkChoice, ResolveError};
use crate::private_net::half_of_cores;

pub(crate) use self::nearest::nearest;
pub(crate) use self::problem::{ConfigError, Problem, Source};

/// Port of the REST API, the reference node's.
const API_PORT: u16 = 14_265;

/// The origin that means all.
const ANY_ORIGIN: &str = "*";

/// The variable that names the file, as `--config` does.
const FILE_VARIABLE: &str = "OSMIA_CONFIG";

/// The configuration in effect.
#[derive(Clone)]
pub(crate) struct Config {
    /// The node and its data.
    pub(crate) node: NodeConfig,
    /// Which network.
    pub(crate) network: NetworkConfig,
    /// The first ledger.
    pub(crate) snapshot: SnapshotConfig,
    /// The REST API.
    pub(crate) api: ApiConfig,
    /// Connections to other nodes.
    pub(crate) gossip: GossipConfig,
    /// Prometheus.
    pub(crate) metrics: MetricsConfig,
    /// The log.
    pub(crate) log: LogConfig,
    /// Signing milestones.
    pub(crate) coordinator: CoordinatorConfig,
    /// What the node may use.
    pub(crate) limits: LimitsConfig,
    /// Whether the coordinator begins a new network; on the command line only.
    pub(crate) bootstrap: bool,
    /// Whether it does so when its database knows no milestone; for the nodes of a private network.
    pub(crate) bootstrap_when_new: bool,
    /// The file, when there is one.
    pub(crate) file: Option<PathBuf>,
    /// What looks like a mistake, but may be meant for another program: variables nearly named as ours.
    pub(crate) warnings: Vec<String>,
    /// Where the values come from that are no defaults, by their keys' paths.
    sources: BTreeMap<String, Vec<Source>>,
    inputs: Inputs,
}

/// `[node]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NodeConfig {
    /// The data folder.
    pub(crate) data: PathBuf,
    /// Whether to drop what follows the first damage in the database's log.
    pub(crate) recover: bool,
}

/// `[network]`: at most one of the two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NetworkConfig {
    /// A built-in network.
    pub(crate) name: Option<String>,
    /// The file that describes a network.
    pub(crate) file: Option<PathBuf>,
}

impl NetworkConfig {
    /// The network that was asked for; `None` when none was.
    ///
    /// # Errors
    /// [`ResolveError`] when the file cannot be used.
    pub(crate) fn resolve(&self) -> Result<Option<NetworkChoice>, ResolveError> {
        match (&self.name, &self.file) {
            (Some(name), _) => networks::built_in(name).map(Some),
            (None, Some(file)) => networks::from_file(file).map(Some),
            (None, None) => Ok(None),
        }
    }
}

/// `[snapshot]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SnapshotConfig {
    /// A full snapshot.
    pub(crate) full: Option<PathBuf>,
    /// A delta snapshot, only with a full one.
    pub(crate) delta: Option<PathBuf>,
}

/// `[api]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiConfig {
    /// Where it listens; `None`: there is no API.
    pub(crate) listen: Option<SocketAddr>,
    /// Web pages that may use it.
    /// `*`, or origins as browsers write them.
    pub(crate) allow_origin: Vec<String>,
    /// Whether routes that change the node answer.
    pub(crate) control: bool,
    /// Whether a node without peers is healthy.
    pub(crate) healthy_without_peers: bool,
    /// Whether messages may be submitted without proof of work.
    pub(crate) pow: bool,
    /// Threads that do it; 0: as many as fit the machine.
    pub(crate) pow_threads: usize,
    /// Messages that may wait for it.
    pub(crate) pow_queue: NonZeroUsize,
}

impl ApiConfig {
    /// `allow_origin` as the API wants it.
    pub(crate) fn cors(&self) -> Cors {
        if self.allow_origin.iter().any(|origin| origin == ANY_ORIGIN) {
            return Cors::AnyOrigin;
        }
        let origin = |text: &String| Origin::new(text).expect("because it was read as an origin");
        Cors::Origins(self.allow_origin.iter().map(origin).collect())
    }

    /// The proof of work the API is to do; `None` for none.
    pub(crate) fn remote_pow(&self) -> Option<RemotePow> {
        let threads = NonZeroUsize::new(self.pow_threads).unwrap_or_else(half_of_cores);
        self.pow.then_some(RemotePow { threads, queue_max: self.pow_queue })
    }

    fn is_loopback(&self) -> bool {
        self.listen.is_some_and(|address| address.ip().is_loopback())
    }
}

/// `[gossip]`.
#[derive(Clone)]
pub(crate) struct GossipConfig {
    /// Multiaddresses to listen on.
    pub(crate) listen: Vec<String>,
    /// Multiaddresses under which others reach the node.
    pub(crate) external: Vec<String>,
    /// Static peers, no peer twice.
    pub(crate) peers: Vec<PeerConfig>,
    /// How many others may connect, at most [`crate::limits::UNKNOWN_PEERS_MAX`].
    pub(crate) unknown_peers: usize,
    /// The key of the node's identity; `None`: the one in the data folder.
    pub(crate) identity_key: Option<IdentityKey>,
}

/// A static peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PeerConfig {
    /// Its multiaddress, with `/p2p/` and its id.
    pub(crate) address: String,
    /// What people call it.
    pub(crate) alias: Option<String>,
}

/// The secret key of a node's identity. Never printed by accident: there is no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct IdentityKey([u8; 32]);

impl IdentityKey {
    /// The key made from `seed`.
    pub(crate) const fn new(seed: [u8; 32]) -> Self {
        Self(seed)
    }

    /// Its Ed25519 seed.
    pub(crate) const fn seed(&self) -> [u8; 32] {
        self.0
    }
}

/// `[metrics]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MetricsConfig {
    /// Where Prometheus reads them; `None`: nowhere.
    pub(crate) listen: Option<SocketAddr>,
}

/// `[log]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogConfig {
    /// Which events.
    pub(crate) level: LogFilter,
    /// How they are written.
    pub(crate) format: Format,
}

/// The format called `text`.
fn read_format(text: &str) -> Result<Format, String> {
    match text {
        "plain" => Ok(Format::Plain),
        "json" => Ok(Format::Json),
        _ => Err(format!("\"{text}\" is neither \"plain\" nor \"json\"")),
    }
}

/// The name of a format.
const fn format_name(format: Format) -> &'static str {
    match format {
        Format::Plain => "plain",
        Format::Json => "json",
    }
}

/// `[coordinator]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CoordinatorConfig {
    /// The file with the secret keys; `None`: the node is no coordinator.
    pub(crate) keys: Option<PathBuf>,
    /// Time between two milestones.
    pub(crate) interval: Duration,
}

/// `[limits]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LimitsConfig {
    /// Threads that verify messages; 0: as many as fit the machine.
    pub(crate) verify_threads: usize,
}

/// What a configuration is made from besides the file.
#[derive(Clone)]
struct Inputs {
    args: RunArgs,
    environment: BTreeMap<String, OsString>,
}

impl Config {
    /// The configuration of this process: `args`, its environment, and the file they name.
    ///
    /// # Errors
    /// [`ConfigError`] with everything that is wrong.
    pub(crate) fn load(args: &RunArgs) -> Result<Self, ConfigError> {
        let ours = |(name, value): (OsString, OsString)| {
            let name = name.into_string().ok().filter(|name| name.starts_with("OSMIA_"));
            name.map(|name| (name, value))
        };
        Self::from_inputs(Inputs {
            args: args.clone(),
            environment: std::env::vars_os().filter_map(ours).collect(),
        })
    }

    /// The configuration of `args` and the file they name, whatever the environment says.
    ///
    /// # Errors
    /// [`ConfigError`] with everything that is wrong.
    pub(crate) fn load_alone(args: &RunArgs) -> Result<Self, ConfigError> {
        Self::from_inputs(Inputs { args: args.clone(), environment: BTreeMap::new() })
    }

    /// The configuration as it is after the file was changed. What the caller may put into effect is named by
    /// [`Config::differences`].
    ///
    /// # Errors
    /// [`ConfigError`] with everything that is wrong; this configuration goes on then.
    pub(crate) fn reload(&self) -> Result<Self, ConfigError> {
        Self::from_inputs(self.inputs.clone())
    }

    /// The keys whose values differ in `other`: those that take effect at once, and those that need a restart.
    pub(crate) fn differences(&self, other: &Self) -> (Vec<String>, Vec<String>) {
        let is_changed = |key: &&Key| {
            let is_secret_changed =
                key.name == "identity_key" && self.gossip.identity_key != other.gossip.identity_key;
            is_secret_changed || (key.show)(self) != (key.show)(other)
        };
        let (now, later): (Vec<&Key>, Vec<&Key>) =
            KEYS.iter().filter(is_changed).partition(|key| key.is_reloaded);
        let paths = |keys: Vec<&Key>| keys.into_iter().map(Key::path).collect();
        (paths(now), paths(later))
    }

    /// Where the value of `key` comes from: every layer that has a part in it.
    pub(crate) fn sources(&self, key: &Key) -> Vec<Source> {
        self.sources.get(&key.path()).cloned().unwrap_or_else(|| vec![Source::Default])
    }

    fn from_inputs(inputs: Inputs) -> Result<Self, ConfigError> {
        let path = inputs.args.config.clone();
        let path = path.or_else(|| inputs.environment.get(FILE_VARIABLE).map(PathBuf::from));
        let path = path.filter(|path| !path.as_os_str().is_empty());
        let mut config = Self::standard(inputs.clone());
        let mut problems = Vec::new();
        if let Some(path) = path {
            let text = files::read_text(&path, CONFIG_FILE_BYTES_MAX)?;
            file::apply(&mut config, &path, &text, &mut problems);
            config.file = Some(path);
        }
        environment::apply(&mut config, &inputs.environment, &mut problems);
        config.apply_options(&inputs.args, &mut problems);
        config.finish(&mut problems);
        if problems.is_empty() { Ok(config) } else { Err(ConfigError::Problems(problems)) }
    }

    /// The defaults.
    fn standard(inputs: Inputs) -> Self {
        Self {
            node: NodeConfig { data: "osmia-data".into(), recover: false },
            network: NetworkConfig { name: None, file: None },
            snapshot: SnapshotConfig { full: None, delta: None },
            api: ApiConfig {
                listen: Some((Ipv4Addr::LOCALHOST, API_PORT).into()),
                allow_origin: Vec::new(),
                control: false,
                healthy_without_peers: false,
                pow: false,
                pow_threads: 0,
                pow_queue: POW_QUEUE_STANDARD,
            },
            gossip: GossipConfig {
                listen: ["/ip4/0.0.0.0/tcp/15600", "/ip6/::/tcp/15600"].map(str::to_owned).to_vec(),
                external: Vec::new(),
                peers: Vec::new(),
                unknown_peers: 4,
                identity_key: None,
            },
            metrics: MetricsConfig { listen: None },
            log: LogConfig { level: LogFilter::info(), format: Format::Plain },
            coordinator: CoordinatorConfig { keys: None, interval: Duration::from_secs(5) },
            limits: LimitsConfig { verify_threads: 0 },
            bootstrap: false,
            bootstrap_when_new: false,
            file: None,
            warnings: Vec::new(),
            sources: BTreeMap::new(),
            inputs,
        }
    }

    /// Reads `given` into `key`. `problem_at` tells where something wrong with it is.
    fn apply(
        &mut self,
        key: &Key,
        given: &Given<'_>,
        source: Source,
        problem_at: impl Fn(&Wrong) -> Source,
        problems: &mut Vec<Problem>,
    ) {
        match (key.read)(self, given) {
            Ok(()) => {
                // Each of the two keys of a network replaces the other.
                if key.table == "network" {
                    self.sources.retain(|path, _| !path.starts_with("network."));
                }
                self.sources.insert(key.path(), vec![source]);
            }
            Err(wrongs) => problems.extend(wrongs.iter().map(|wrong| Problem {
                source: problem_at(wrong),
                text: format!("{}: {}", key.path(), wrong.text),
            })),
        }
    }

    fn apply_options(&mut self, args: &RunArgs, problems: &mut Vec<Problem>) {
        self.bootstrap = args.bootstrap;
        self.bootstrap_when_new = args.bootstrap_when_new;
        let earlier_peers = self.gossip.peers.clone();
        for (path, option, form) in options(args) {
            let key = keys::find(path).expect("because a test asks for every option");
            let source = Source::Option(option);
            let sources_before = self.sources.get(path).cloned();
            let given = Given { form, folder: Path::new("") };
            self.apply(key, &given, source.clone(), |_| source.clone(), problems);
            if path == "gossip.peers" {
                self.add_earlier_peers(&earlier_peers, sources_before);
            }
        }
        if args.snapshot.len() > 2 {
            let text = "there are at most two snapshots: a full one, then a delta".to_owned();
            problems.push(Problem { source: Source::Option("--snapshot"), text });
        }
        // A full snapshot alone is not continued by the delta of a lower layer.
        if args.snapshot.len() == 1 {
            self.snapshot.delta = None;
            self.sources.remove("snapshot.delta");
        }
    }

    /// Puts the peers of the lower layers before those of the options, except those that are named again.
    fn add_earlier_peers(&mut self, earlier: &[PeerConfig], sources: Option<Vec<Source>>) {
        let added = std::mem::take(&mut self.gossip.peers);
        let id = |peer: &PeerConfig| address::peer_id(&peer.address).map(str::to_owned);
        let is_again = |peer: &&PeerConfig| added.iter().any(|other| id(other) == id(peer));
        // An alias of the file stays when only the address is given again.
        let alias = |peer: &PeerConfig| {
            let same = earlier.iter().find(|other| id(other) == id(peer));
            same.and_then(|other| other.alias.clone())
        };
        self.gossip.peers = earlier.iter().filter(|peer| !is_again(peer)).cloned().collect();
        for peer in &added {
            self.gossip.peers.push(PeerConfig { address: peer.address.clone(), alias: alias(peer) });
        }
        if let Some(before) = sources {
            self.sources.entry("gossip.peers".to_owned()).or_default().splice(0..0, before);
        }
    }

    /// Fills in defaults that depend on other values, and checks what depends on several.
    fn finish(&mut self, problems: &mut Vec<Problem>) {
        if !self.sources.contains_key("api.control") {
            self.api.control = self.api.is_loopback();
        }
        if !self.sources.contains_key("api.allow_origin") && self.api.is_loopback() {
            self.api.allow_origin = vec![ANY_ORIGIN.to_owned()];
        }
        let mut refuse = |path: &str, text: &str| {
            let source = self.sources.get(path).and_then(|sources| sources.last()).cloned();
            let source = source.unwrap_or(Source::Default);
            problems.push(Problem { source, text: format!("{path}: {text}") });
        };
        if self.snapshot.delta.is_some() && self.snapshot.full.is_none() {
            refuse("snapshot.delta", "a delta snapshot continues a full one: give snapshot.full too");
        }
        let is_same = |port: &SocketAddr| port.port() != 0 && self.api.listen == Some(*port);
        if self.metrics.listen.as_ref().is_some_and(is_same) {
            refuse("metrics.listen", "the API listens there already: give one of them another port");
        }
        if self.bootstrap && self.coordinator.keys.is_none() {
            let text = "it begins a new network, which takes coordinator.keys".to_owned();
            problems.push(Problem { source: Source::Option("--bootstrap"), text });
        }
    }
}

fn words(text: Option<&String>) -> Option<Form<'_>> {
    text.map(|text| Form::Words(text))
}

fn path(path: Option<&PathBuf>) -> Option<Form<'_>> {
    path.map(|path| Form::Path(path))
}

fn repeated(texts: &[String]) -> Option<Form<'_>> {
    (!texts.is_empty()).then_some(Form::Repeated(texts))
}

/// What the options say: the key's path, the option, the value.
fn options(args: &RunArgs) -> Vec<(&'static str, &'static str, Form<'_>)> {
    let is_built_in = args.network.as_deref().is_some_and(|name| networks::built_in(name).is_ok());
    let network = if is_built_in { "network.name" } else { "network.file" };
    let all = [
        ("node.data", "--db", path(args.db.as_ref())),
        ("node.recover", "--recover", args.recover.then_some(Form::Switch)),
        ("api.pow", "--pow", args.pow.then_some(Form::Switch)),
        (network, "--network", words(args.network.as_ref())),
        ("snapshot.full", "--snapshot", path(args.snapshot.first())),
        ("snapshot.delta", "--snapshot", path(args.snapshot.get(1))),
        ("api.listen", "--api", words(args.api.as_ref())),
        ("gossip.listen", "--gossip", repeated(&args.gossip)),
        ("gossip.peers", "--peer", repeated(&args.peer)),
        ("metrics.listen", "--metrics", words(args.metrics.as_ref())),
        ("log.level", "--log", args.log.as_ref().map(|level| Form::Words(level.as_str()))),
        ("log.format", "--log-format", words(args.log_format.as_ref())),
        ("coordinator.keys", "--coordinator-keys", path(args.coordinator_keys.as_ref())),
    ];
    all.into_iter().filter_map(|(path, option, form)| form.map(|form| (path, option, form))).collect()
}

#[cfg(test)]
mod tests;
