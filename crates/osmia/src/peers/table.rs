//! The table of peers.

use super::Peer;
use crate::terminal::{duration_text, harmless};

/// Characters of an id that a table shows, from its end: ids begin all alike.
const ID_CHARACTERS: usize = 8;

/// Characters of an alias that a table shows.
const ALIAS_CHARACTERS: usize = 20;

const HEAD: [&str; 11] = [
    "PEER",
    "RELATION",
    "STATE",
    "ADDRESS",
    "SOLID",
    "LATEST",
    "NEW",
    "KNOWN",
    "RECEIVED",
    "SENT",
    "HEARTBEAT",
];

/// The columns that hold numbers.
const NUMBERS: std::ops::Range<usize> = 4..11;

/// A line for each peer, and one more below the table for each that something is wrong with.
pub(super) fn table(peers: &[Peer], now_ms: u64) -> String {
    if peers.is_empty() {
        return "no peers; osmia peers add makes one known\n".to_owned();
    }
    let mut rows = vec![HEAD.map(str::to_owned)];
    rows.extend(peers.iter().map(|peer| row(peer, now_ms)));
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            if NUMBERS.contains(&column) { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    let troubles: Vec<String> = peers.iter().filter_map(trouble).collect();
    if !troubles.is_empty() {
        text.push('\n');
        text.push_str(&troubles.concat());
    }
    text
}

fn row(peer: &Peer, now_ms: u64) -> [String; HEAD.len()] {
    let number = |value: Option<u64>| value.map_or_else(|| "-".to_owned(), |value| value.to_string());
    let heartbeat = peer.heartbeat.as_ref();
    let metrics = peer.metrics.as_ref();
    let address = match peer.addresses.as_slice() {
        [] => "-".to_owned(),
        [only] => harmless(only),
        [first, more @ ..] => format!("{} (+{})", harmless(first), more.len()),
    };
    [
        name(peer),
        harmless(&peer.relation),
        state(peer, now_ms),
        address,
        number(heartbeat.map(|heartbeat| u64::from(heartbeat.solid_milestone_index))),
        number(heartbeat.map(|heartbeat| u64::from(heartbeat.latest_milestone_index))),
        number(metrics.map(|metrics| metrics.new_messages)),
        number(metrics.map(|metrics| metrics.known_messages)),
        number(metrics.map(|metrics| metrics.received_messages)),
        number(metrics.map(|metrics| metrics.sent_messages)),
        peer.heartbeat_age_ms.map_or_else(|| "-".to_owned(), |age_ms| duration_text(age_ms / 1_000)),
    ]
}

/// The alias, and the end of the id, by which `osmia peers remove` knows the peer.
fn name(peer: &Peer) -> String {
    let cut = peer.id.char_indices().rev().nth(ID_CHARACTERS - 1).map_or(0, |(at, _)| at);
    let end = harmless(peer.id.get(cut..).unwrap_or(&peer.id));
    match &peer.alias {
        Some(alias) => {
            let alias: String = harmless(alias).chars().take(ALIAS_CHARACTERS).collect();
            format!("{alias} {end}")
        }
        None => end,
    }
}

fn state(peer: &Peer, now_ms: u64) -> String {
    match peer.banned_until_ms {
        Some(until_ms) if peer.state == "banned" => {
            format!("banned for {}", duration_text(until_ms.saturating_sub(now_ms) / 1_000))
        }
        Some(_) | None => harmless(&peer.state),
    }
}

/// What is wrong with a peer.
fn trouble(peer: &Peer) -> Option<String> {
    let reason = peer.ban_reason.as_deref().or(peer.last_error.as_deref())?;
    Some(format!("{}: {}\n", name(peer), harmless(reason)))
}
