//! The command line as people type it. What it means is checked in two steps: each value here, and what depends on
//! several values or on the machine where the command begins.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use osmia_api::Origin;
use osmia_primitives::bech32;

use crate::bench::Bench;
use crate::limits::{INTERVAL_MAX, INTERVAL_MIN};
use crate::logging::LogFilter;
use crate::network_file;

/// What follows the options of `osmia private-net --help`.
const PRIVATE_NET_MORE: &str = "\
The first start makes the network and prints the address and the words that own the whole supply. Later starts on the same \
folder resume it.

Examples:
  osmia private-net
      A network in ./osmia-data; the same command resumes it later.
  osmia private-net --data /tmp/fast --interval 0.5 --api 127.0.0.1:14300
      A second network beside the first, with two milestones a second.
  osmia private-net --reset
      Forgets the network in ./osmia-data and begins a new one.

Ctrl-C stops the network; nothing that was answered is lost, not even by kill -9.";

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
    /// Run a private network in one process: genesis, coordinator, node and REST API
    PrivateNet(PrivateNetArgs),
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

    /// Seconds between two milestones, 0.05 to 3600
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = interval)]
    pub(crate) interval: Duration,

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
}

/// Which web pages may use the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AllowedOrigin {
    /// All.
    Any,
    /// Those of one origin.
    One(Origin),
}

fn allowed_origin(text: &str) -> Result<AllowedOrigin, String> {
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

fn interval(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    let interval = Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())?;
    if !(INTERVAL_MIN..=INTERVAL_MAX).contains(&interval) {
        let (min, max) = (INTERVAL_MIN.as_secs_f64(), INTERVAL_MAX.as_secs());
        return Err(format!("between {min} and {max} seconds are possible"));
    }
    Ok(interval)
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
