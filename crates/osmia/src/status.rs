//! `osmia status`: how a node is, on one screen with a one-word verdict first.

use std::io;

use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::clock;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::http_client::{HttpClient, HttpError};
use crate::terminal::{self, Style, bytes_text, duration_text, harmless, styled};

/// Where the API of a node is when nobody says.
pub(crate) const API: &str = "http://127.0.0.1:14265";

/// What follows the options of `osmia status --help`.
const MORE: &str = "\
The first word is the verdict:
  SYNCED       the node has what its network has; exit code 0, any other verdict ends with 3
  SYNCING      it is behind and catches up
  STARTING     it has not run long enough to tell
  ISOLATED     no peer gossips with it
  STALLED      it is behind, or its network stands still, and nothing changes
  HALTED       it confirms no milestones any more and needs a person
  UNREACHABLE  no node answers; exit code 1";

/// Options of `osmia status`.
#[derive(Clone, Debug, Args)]
#[command(after_help = MORE)]
pub(crate) struct StatusArgs {
    /// Address of the node's API
    #[arg(long, value_name = "URL", default_value = API)]
    pub(crate) api: String,

    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// What the command reads of GET /api/osmia/v1/status (docs/formats/status.md).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    verdict: String,
    reason: String,
    advice: Option<String>,
    network_name: String,
    node_name: String,
    node_version: String,
    uptime_seconds: u64,
    milestones: Milestones,
    sync: Sync,
    peers: Option<Peers>,
    messages: Messages,
    resources: Resources,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Milestones {
    confirmed_index: u32,
    confirmed_timestamp: u64,
    latest_index: u32,
    latest_timestamp: u64,
    claimed_latest_index: Option<u32>,
    snapshot_index: u32,
    pruning_index: u32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sync {
    milestones_per_second: Option<f64>,
    messages_per_second: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Peers {
    own_id: String,
    connected: usize,
    gossiping: usize,
    synced: usize,
    known: usize,
    banned: usize,
}

#[derive(Debug, Deserialize)]
struct Messages {
    attached: u64,
    waiting: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resources {
    resident_bytes: Option<u64>,
    tangle_bytes: u64,
    database_bytes: Option<u64>,
}

/// Asks and prints.
///
/// # Errors
/// [`Failure`] when the address of the API is wrong; a node that does not answer is a verdict.
pub(crate) fn run(args: &StatusArgs) -> Result<Exit, Failure> {
    let client = HttpClient::new(&args.api)?;
    let answer = client.get("/api/osmia/v1/status").and_then(|data| {
        let status = Status::deserialize(&data).map_err(|error| HttpError::NoNode {
            url: client.url().to_owned(),
            reason: format!("its status has another form: {error}"),
        })?;
        Ok((data, status))
    });
    let colours = terminal::has_colours(&io::stdout());
    match answer {
        Ok((data, status)) => {
            let text = if args.json {
                pretty(&data)
            } else {
                screen(&status, client.url(), clock::unix_ms() / 1_000, colours)
            };
            terminal::print(&text)?;
            Ok(exit_of(&status.verdict))
        }
        Err(error) => {
            let text = if args.json {
                pretty(&json!({ "verdict": UNREACHABLE, "reason": error.to_string() }))
            } else {
                heading(UNREACHABLE, &error.to_string(), None, colours)
            };
            terminal::print(&text)?;
            Ok(Exit::Failure)
        }
    }
}

const UNREACHABLE: &str = "UNREACHABLE";

fn exit_of(verdict: &str) -> Exit {
    if verdict == "SYNCED" { Exit::Success } else { Exit::Findings }
}

/// JSON for people and programs.
pub(crate) fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// The verdict with its reason, and what can be done.
fn heading(verdict: &str, reason: &str, advice: Option<&str>, colours: bool) -> String {
    let style = match verdict {
        "SYNCED" => Style::Bold,
        "SYNCING" | "STARTING" => Style::Yellow,
        _ => Style::Red,
    };
    let mut text = format!("{}  {}\n", styled(&harmless(verdict), style, colours), harmless(reason));
    if let Some(advice) = advice {
        text.push_str(&format!("To do: {}\n", harmless(advice)));
    }
    text
}

/// The whole screen.
fn screen(status: &Status, url: &str, now_s: u64, colours: bool) -> String {
    let mut text = heading(&status.verdict, &status.reason, status.advice.as_deref(), colours);
    text.push('\n');
    for (name, value) in rows(status, url, now_s) {
        text.push_str(&format!("  {name:<12} {value}\n"));
    }
    text
}

fn rows(status: &Status, url: &str, now_s: u64) -> Vec<(&'static str, String)> {
    let Status { milestones, peers, messages, resources, .. } = status;
    let node = format!("{} {}", harmless(&status.node_name), harmless(&status.node_version));
    let mut rows = vec![
        ("Network", harmless(&status.network_name)),
        ("Node", format!("{node} at {url}, up {}", duration_text(status.uptime_seconds))),
        ("Confirmed", milestone(milestones.confirmed_index, milestones.confirmed_timestamp, now_s)),
        ("Newest", milestone(milestones.latest_index, milestones.latest_timestamp, now_s)),
    ];
    if let Some(claimed) = milestones.claimed_latest_index {
        rows.push(("Peers claim", format!("milestone {claimed}")));
    }
    rows.push(("History", history(milestones)));
    if let (Some(milestones), Some(messages)) =
        (status.sync.milestones_per_second, status.sync.messages_per_second)
    {
        rows.push(("Rate", format!("{milestones:.1} milestones/s, {messages:.1} messages/s")));
    }
    rows.push((
        "Messages",
        format!("{} attached, {} waiting for parents", messages.attached, messages.waiting),
    ));
    match peers {
        Some(peers) => {
            let Peers { connected, gossiping, synced, known, banned, .. } = peers;
            let counts = format!(
                "{gossiping} gossiping ({synced} synced), {connected} connected, {known} known, {banned} banned"
            );
            rows.extend([("Peers", counts), ("Peer id", harmless(&peers.own_id))]);
        }
        None => rows.push(("Peers", "this node runs without gossip".to_owned())),
    }
    let tangle = bytes_text(resources.tangle_bytes);
    if let Some(resident) = resources.resident_bytes {
        rows.push(("Memory", format!("{}, {tangle} of it the Tangle", bytes_text(resident))));
    }
    if let Some(database) = resources.database_bytes {
        rows.push(("Database", bytes_text(database)));
    }
    rows
}

fn milestone(index: u32, timestamp: u64, now_s: u64) -> String {
    if timestamp == 0 {
        return format!("milestone {index}");
    }
    format!("milestone {index}, {} old", duration_text(now_s.saturating_sub(timestamp)))
}

fn history(milestones: &Milestones) -> String {
    let snapshot = format!("ledger of the snapshot of milestone {}", milestones.snapshot_index);
    if milestones.pruning_index > milestones.snapshot_index {
        format!("{snapshot}, messages pruned up to {}", milestones.pruning_index)
    } else {
        snapshot
    }
}

#[cfg(test)]
mod tests;
