//! The command line as people type it. What it means is checked in two steps: each value here, and what depends on
//! several values or on the machine where the command begins.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use osmia_api::Origin;
use osmia_primitives::bech32;

use crate::bench::Bench;
use crate::config::address;
use crate::limits::{INTERVAL_MAX, INTERVAL_MIN, NODES_MAX};
use crate::logging::LogFilter;
use crate::network_file;
use crate::networks::{self, private_tangle1};
use crate::peers::PeersCommand;
use crate::status::StatusArgs;

/// What follows the options of `osmia private-net --help`.
const PRIVATE_NET_MORE: &str = "\
The first start makes the network and prints the address and the words that own the whole supply. Later starts on the same \
folder resume it.

Examples:
  osmia private-net
      A network in ./osmia-data; the same command resumes it later.
  osmia private-net --data /tmp/fast --interval 0.5 --api 127.0.0.1:14300
      A second network beside the first, with two milestones a second.
  osmia private-net --data tangle1 --like private_tangle1
      The network that the reference node's scripts make.
  osmia private-net --reset
      Forgets the network in ./osmia-data and begins a new one.

Ctrl-C stops the network; nothing that was answered is lost, not even by kill -9.";

/// What follows the options of `osmia run --help`.
const RUN_MORE: &str = "\
Every option but --config and --bootstrap is also a key of the configuration file and an environment variable: gossip.listen is \
OSMIA_GOSSIP_LISTEN. The command line counts more than the environment, that more than the file, that more than the default.

Examples:
  osmia run --network chrysalis-mainnet --snapshot full.bin --snapshot delta.bin --peer /dns/node.example/tcp/15600/p2p/12D3KooW...
      Joins the main network with the ledger of two snapshots and one peer.
  osmia run --config node.toml
      Joins the network that the file names. docs/operators/configuration.md describes every key.
  osmia config show --config node.toml
      Prints what would be in effect, and where each value comes from.

SIGHUP reads the file again: log and peers change at once, everything else at the next start.";

/// What follows the options of `osmia config import --help`.
const IMPORT_MORE: &str = "\
Example:
  osmia config import --config config.json --peering peering.json --to node.toml
      Writes node.toml, and beside it the description of the network when it is none of the built-in ones.

Neither the files of the reference node nor any existing file is changed.";

/// The program.
#[derive(Debug, Parser)]
#[command(
    name = "osmia",
    version,
    about = "A reliable node of the IOTA Chrysalis network",
    after_help = "Exit codes: 0 done, 1 failed, 2 wrong command line, 3 a check found something, 4 address in use, 5 data \
        folder in use, 6 wrong data folder, 7 the node stopped (full disk, damaged database).",
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a node of an existing network
    Run(Box<RunArgs>),
    /// Show, check and import configurations
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Run a private network: genesis, coordinator, nodes and REST APIs
    PrivateNet(Box<PrivateNetArgs>),
    /// Tell how a running node is: one word, the reason, the time left
    Status(StatusArgs),
    /// List, add and remove the peers of a running node
    #[command(subcommand)]
    Peers(PeersCommand),
    /// Tools for snapshot files
    #[command(subcommand)]
    Snapshot(SnapshotCommand),
    /// Tools for data folders
    #[command(subcommand)]
    Tool(Tool),
    /// Measure this machine with the program's own parts
    #[command(subcommand)]
    Bench(Bench),
}

/// Options of `osmia private-net`.
#[derive(Debug, Args)]
#[command(after_help = PRIVATE_NET_MORE)]
pub(crate) struct PrivateNetArgs {
    /// Folder of the network; made when missing
    #[arg(long, value_name = "FOLDER", default_value = "osmia-data")]
    pub(crate) data: PathBuf,

    /// Address and port of the REST API
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:14265")]
    pub(crate) api: SocketAddr,

    /// Nodes of the network, up to 16, each a process of its own; their ports count up from those of --api and --gossip
    #[arg(long, value_name = "COUNT", default_value = "1", value_parser = nodes)]
    pub(crate) nodes: NonZeroUsize,

    /// Address and port where other nodes can join [default: 127.0.0.1:15600 with several nodes, none with one]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) gossip: Option<SocketAddr>,

    /// Seconds between two milestones, 0.05 to 3600
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = interval)]
    pub(crate) interval: Duration,

    /// Make the network private_tangle1 of the reference node's scripts, so that its nodes can join. Its keys are
    /// published: keep it on machines that nobody else reaches
    #[arg(long, value_name = "NAME", value_parser = [private_tangle1::NAME],
        conflicts_with_all = ["network", "hrp", "min_pow_score", "mnemonic_file"])]
    pub(crate) like: Option<String>,

    /// Name of the network, kept with it [default: private- and 8 random hexadecimal digits]
    #[arg(long, value_name = "NAME", value_parser = network_name)]
    pub(crate) network: Option<String>,

    /// What addresses begin with, kept with the network [default: atoi]
    #[arg(long, value_name = "PREFIX", value_parser = hrp)]
    pub(crate) hrp: Option<String>,

    /// Least proof-of-work score of a message, kept with the network [default: 100]
    #[arg(long, value_name = "SCORE", value_parser = score)]
    pub(crate) min_pow_score: Option<f64>,

    /// File with the BIP-39 words that shall own the supply [default: 24 random words, kept in the folder]
    #[arg(long, value_name = "FILE")]
    pub(crate) mnemonic_file: Option<PathBuf>,

    /// Origin of web pages that may use the API, or *; may be repeated [default: * when the API listens on this
    /// machine only, none otherwise]
    #[arg(long, value_name = "ORIGIN", value_parser = allowed_origin)]
    pub(crate) allow_origin: Vec<AllowedOrigin>,

    /// Delete the network in the folder and begin a new one
    #[arg(long)]
    pub(crate) reset: bool,

    /// After a loss of power: drop what follows the first damage in the database's log
    #[arg(long)]
    pub(crate) recover: bool,

    /// What to log: error, warn, info, debug or trace
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    pub(crate) log: LogFilter,
}

/// Options of `osmia run`. The values are checked here as far as a single one can be, and read into the configuration there.
#[derive(Clone, Debug, Default, Args)]
#[command(after_help = RUN_MORE)]
pub(crate) struct RunArgs {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Network to join: chrysalis-mainnet, chrysalis-devnet, private_tangle1, or the network.json of another one
    #[arg(long, value_name = "NAME|FILE", value_parser = network_choice)]
    pub(crate) network: Option<String>,

    /// Multiaddress of a node to stay connected with, ending with /p2p/ID; may be repeated, adds to those of the file
    #[arg(long, value_name = "ADDRESS", value_parser = peer)]
    pub(crate) peer: Vec<String>,

    /// Snapshot that a new data folder begins with; a second one is a delta snapshot that continues the first
    #[arg(long, value_name = "FILE")]
    pub(crate) snapshot: Vec<PathBuf>,

    /// Data folder; made when missing [default: osmia-data]
    #[arg(long, value_name = "FOLDER", visible_alias = "data")]
    pub(crate) db: Option<PathBuf>,

    /// Address and port of the REST API, or off [default: 127.0.0.1:14265]
    #[arg(long, value_name = "ADDRESS", value_parser = socket)]
    pub(crate) api: Option<String>,

    /// Multiaddress where other nodes connect; may be repeated [default: /ip4/0.0.0.0/tcp/15600 and /ip6/::/tcp/15600]
    #[arg(long, value_name = "MULTIADDRESS", value_parser = listen)]
    pub(crate) gossip: Vec<String>,

    /// Address and port where Prometheus reads figures [default: off]
    #[arg(long, value_name = "ADDRESS", value_parser = socket)]
    pub(crate) metrics: Option<String>,

    /// What to log: error, warn, info, debug or trace, or by module [default: info]
    #[arg(long, value_name = "LEVEL")]
    pub(crate) log: Option<LogFilter>,

    /// How to log: lines for people, or one JSON object on each line [default: plain]
    #[arg(long, value_name = "FORMAT", value_parser = ["plain", "json"])]
    pub(crate) log_format: Option<String>,

    /// Do the proof of work of messages that are submitted without it
    #[arg(long)]
    pub(crate) pow: bool,

    /// File with the coordinator's secret keys: this node signs the milestones of its network
    #[arg(long, value_name = "FILE")]
    pub(crate) coordinator_keys: Option<PathBuf>,

    /// Coordinator: begin a new network with the first milestone; refused when there is one already
    #[arg(long)]
    pub(crate) bootstrap: bool,

    /// Coordinator: begin the network when this node has no milestone of it
    #[arg(long, hide = true, conflicts_with = "bootstrap")]
    pub(crate) bootstrap_when_new: bool,

    /// After a loss of power: drop what follows the first damage in the database's log
    #[arg(long)]
    pub(crate) recover: bool,
}

/// The commands on configurations.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print the configuration in effect, and where each value comes from
    Show {
        /// What `osmia run` would be given.
        #[command(flatten)]
        run: Box<RunArgs>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Check a configuration file: unknown keys, wrong types, values out of bounds
    Check {
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Make a configuration out of the reference node's config.json and peering.json
    Import(ImportArgs),
}

/// Options of `osmia config import`.
#[derive(Clone, Debug, Args)]
#[command(after_help = IMPORT_MORE)]
pub(crate) struct ImportArgs {
    /// The reference node's config.json
    #[arg(long, value_name = "FILE", required_unless_present = "peering")]
    pub(crate) config: Option<PathBuf>,

    /// The reference node's peering.json
    #[arg(long, value_name = "FILE")]
    pub(crate) peering: Option<PathBuf>,

    /// File to write, which must not exist [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub(crate) to: Option<PathBuf>,
}

/// The commands on snapshot files.
#[derive(Debug, Subcommand)]
pub(crate) enum SnapshotCommand {
    /// Print what the header of a snapshot file says: network, milestone, outputs
    Info {
        /// A full or delta snapshot, version 1
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// The tools.
#[derive(Debug, Subcommand)]
pub(crate) enum Tool {
    /// Check that everything in a data folder fits together (stop its node first)
    Audit {
        /// Folder of the network
        #[arg(long, value_name = "FOLDER", default_value = "osmia-data")]
        data: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the id by which peers know the node of a data folder
    Identity {
        /// Data folder of the node
        #[arg(long, value_name = "FOLDER", default_value = "osmia-data", visible_alias = "db")]
        data: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// Which web pages may use the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AllowedOrigin {
    /// All.
    Any,
    /// Those of one origin.
    One(Origin),
}

/// Reads an origin of web pages.
pub(crate) fn allowed_origin(text: &str) -> Result<AllowedOrigin, String> {
    if text == "*" {
        return Ok(AllowedOrigin::Any);
    }
    let is_origin = text
        .split_once("://")
        .is_some_and(|(scheme, host)| !scheme.is_empty() && !host.is_empty() && !host.contains('/'));
    if !is_origin {
        return Err("an origin is written as https://host or https://host:port".to_owned());
    }
    Origin::new(text).map(AllowedOrigin::One).map_err(|error| error.to_string())
}

/// Reads a number of seconds between two milestones.
pub(crate) fn interval(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    let interval = Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())?;
    if !(INTERVAL_MIN..=INTERVAL_MAX).contains(&interval) {
        let (min, max) = (INTERVAL_MIN.as_secs_f64(), INTERVAL_MAX.as_secs());
        return Err(format!("between {min} and {max} seconds are possible"));
    }
    Ok(interval)
}

fn peer(text: &str) -> Result<String, String> {
    address::check_peer(text).map(|()| text.to_owned())
}

fn listen(text: &str) -> Result<String, String> {
    address::check_listen(text).map(|()| text.to_owned())
}

fn socket(text: &str) -> Result<String, String> {
    address::socket(text).map(|_| text.to_owned())
}

/// A name that is known or the path of something that is there; what the file says is read later.
fn network_choice(text: &str) -> Result<String, String> {
    networks::check_mentioned(text).map(|()| text.to_owned()).map_err(|error| error.to_string())
}

fn nodes(text: &str) -> Result<NonZeroUsize, String> {
    let count: usize = text.parse().map_err(|_| "not a number".to_owned())?;
    let count = NonZeroUsize::new(count).filter(|count| count.get() <= NODES_MAX);
    count.ok_or_else(|| format!("1 to {NODES_MAX} nodes are possible"))
}

fn network_name(text: &str) -> Result<String, network_file::NameError> {
    network_file::check_name(text).map(|()| text.to_owned())
}

fn hrp(text: &str) -> Result<String, bech32::Bech32Error> {
    bech32::check_prefix(text).map(|()| text.to_owned())
}

fn score(text: &str) -> Result<f64, String> {
    let score: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    network_file::check_score(score).map(|()| score).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn intervals_may_have_fractions_and_are_bounded() {
        assert_eq!(interval("0.5"), Ok(Duration::from_millis(500)));
        assert_eq!(interval("5"), Ok(Duration::from_secs(5)));
        for wrong in ["", "x", "-1", "0", "0.01", "3601", "inf", "NaN"] {
            assert!(interval(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn origins_are_those_of_browsers() {
        assert_eq!(allowed_origin("*"), Ok(AllowedOrigin::Any));
        assert!(matches!(allowed_origin("http://localhost:8080"), Ok(AllowedOrigin::One(_))));
        for wrong in ["", "localhost", "http://", "http://a/b", "http://a\n"] {
            assert!(allowed_origin(wrong).is_err(), "{wrong}");
        }
    }
}
