//! `osmia peers`: the peers of a running node, listed, added and removed through its API.

mod table;

use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::clock;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::http_client::{HttpClient, HttpError};
use crate::status::{API, pretty};
use crate::terminal::{self, harmless};

/// The commands on peers.
#[derive(Debug, Subcommand)]
pub(crate) enum PeersCommand {
    /// Print the peers: who they are, whether they are connected, what came and went
    List(Access),
    /// Make a peer known, now and after every restart
    Add {
        /// Multiaddress of the peer, ending with /p2p/ID
        #[arg(value_name = "ADDRESS")]
        address: String,
        /// A name for the peer
        #[arg(long, value_name = "NAME")]
        alias: Option<String>,
        /// Whose peers.
        #[command(flatten)]
        access: Access,
    },
    /// Disconnect a peer and forget it, also its ban
    Remove {
        /// Id or alias of the peer, or the last characters of its id
        #[arg(value_name = "ID")]
        id: String,
        /// Whose peers.
        #[command(flatten)]
        access: Access,
    },
}

/// The node that is asked.
#[derive(Clone, Debug, Args)]
pub(crate) struct Access {
    /// Address of the node's API
    #[arg(long, value_name = "URL", default_value = API)]
    pub(crate) api: String,

    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// A peer as GET /api/osmia/v1/peers tells it (docs/formats/status.md).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Peer {
    id: String,
    alias: Option<String>,
    relation: String,
    addresses: Vec<String>,
    state: String,
    banned_until_ms: Option<u64>,
    ban_reason: Option<String>,
    last_error: Option<String>,
    heartbeat: Option<Heartbeat>,
    heartbeat_age_ms: Option<u64>,
    metrics: Option<Metrics>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Heartbeat {
    solid_milestone_index: u32,
    latest_milestone_index: u32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metrics {
    new_messages: u64,
    known_messages: u64,
    received_messages: u64,
    sent_messages: u64,
}

/// Runs a command.
///
/// # Errors
/// [`Failure`] when the node does not answer or refuses.
pub(crate) fn run(command: &PeersCommand) -> Result<Exit, Failure> {
    let text = match command {
        PeersCommand::List(access) => list(access)?,
        PeersCommand::Add { address, alias, access } => add(address, alias.as_deref(), access)?,
        PeersCommand::Remove { id, access } => remove(id, access)?,
    };
    terminal::print(&text)?;
    Ok(Exit::Success)
}

fn list(access: &Access) -> Result<String, HttpError> {
    let client = HttpClient::new(&access.api)?;
    let (data, peers) = peers_of(&client)?;
    Ok(if access.json { pretty(&data) } else { table::table(&peers, clock::unix_ms()) })
}

fn peers_of(client: &HttpClient) -> Result<(Value, Vec<Peer>), HttpError> {
    let data = client.get("/api/osmia/v1/peers")?;
    let peers = Vec::deserialize(&data).map_err(|error| HttpError::NoNode {
        url: client.url().to_owned(),
        reason: format!("its peers have another form: {error}"),
    })?;
    Ok((data, peers))
}

fn add(address: &str, alias: Option<&str>, access: &Access) -> Result<String, HttpError> {
    let client = HttpClient::new(&access.api)?;
    let peer = client.post("/api/v1/peers", &json!({ "multiAddress": address, "alias": alias }))?;
    if access.json {
        return Ok(pretty(&peer));
    }
    let id = harmless(peer.get("id").and_then(Value::as_str).unwrap_or(address));
    let state = if peer.get("connected") == Some(&Value::Bool(true)) { "connected" } else { "being dialled" };
    Ok(format!("added {id}, which is {state}; osmia peers list shows how it goes on\n"))
}

fn remove(wanted: &str, access: &Access) -> Result<String, HttpError> {
    let client = HttpClient::new(&access.api)?;
    let (_, peers) = peers_of(&client)?;
    let id = find(&peers, wanted).map_err(|message| HttpError::Refused { status: 404, message })?;
    client.delete(&format!("/api/v1/peers/{id}"))?;
    Ok(if access.json { pretty(&json!({ "removed": id })) } else { format!("removed {}\n", harmless(id)) })
}

/// Characters of the end of an id that are enough to name a peer.
const SUFFIX_CHARACTERS_MIN: usize = 6;

/// The id of the one peer that is meant.
fn find<'a>(peers: &'a [Peer], wanted: &str) -> Result<&'a str, String> {
    let is_meant = |peer: &&Peer| {
        let by_end = wanted.len() >= SUFFIX_CHARACTERS_MIN && peer.id.ends_with(wanted);
        by_end || peer.alias.as_deref() == Some(wanted)
    };
    let mut meant = peers.iter().filter(is_meant);
    match (meant.next(), meant.next()) {
        (Some(peer), None) => Ok(&peer.id),
        (Some(_), Some(_)) => Err(format!("{} names several peers: use the id", harmless(wanted))),
        (None, _) => Err(format!("no peer is {}: osmia peers list shows them", harmless(wanted))),
    }
}

#[cfg(test)]
mod tests;
