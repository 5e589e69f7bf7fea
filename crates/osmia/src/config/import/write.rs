//! What an import writes: the configuration, and the report of what became of every key.

use std::path::Path;

use serde_json::Value;

use super::taken::{Import, Left};
use crate::config::keys::{HIDDEN, KEYS, Key, TABLES};
use crate::config::show;

/// The name of the file for a network that is not built in. Names of networks have no separators in them.
pub(super) fn network_file_name(network: &str) -> String {
    format!("network-{network}.json")
}

/// The configuration as a commented file.
pub(super) fn configuration(import: &Import) -> String {
    let mut text =
        "# Made by osmia config import. Every other key is described in docs/operators/configuration.md,\n\
         # and printed by osmia config show.\n"
            .to_owned();
    for (table, _) in TABLES {
        let keys: Vec<&Key> = KEYS.iter().filter(|key| key.table == table).collect();
        let lines: String = keys.into_iter().filter_map(|key| entry(import, key)).collect();
        if !lines.is_empty() {
            text += &format!("\n[{table}]\n{lines}");
        }
    }
    if !import.left.is_empty() {
        text += "\n# Not taken over:\n";
        text += &import.left.iter().map(|left| format!("#   {}\n", line(left))).collect::<String>();
    }
    if !import.to_do.is_empty() {
        text += "\n# To do:\n";
        text += &import.to_do.iter().map(|to_do| format!("#   {to_do}\n")).collect::<String>();
    }
    text
}

/// The lines of a key: where it comes from, and its value.
fn entry(import: &Import, key: &Key) -> Option<String> {
    let taken = import.taken.iter().find(|taken| taken.key == key.path())?;
    let value = match &taken.value {
        Value::Array(values) if key.name == "peers" => {
            let peers: String = values.iter().map(|value| format!("    {},\n", show::toml(value))).collect();
            format!("{} = [\n{peers}]\n", key.name)
        }
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => show::line(key.name, &taken.value) + "\n",
    };
    Some(format!("# from {}\n{value}", taken.from))
}

fn line(left: &Left) -> String {
    let count = if left.count > 1 { format!(" ({} keys)", left.count) } else { String::new() };
    format!("{}{count}: {}", left.key, left.reason)
}

/// What happened, for the person who started it.
pub(super) fn report(import: &Import, to: Option<&Path>, network: Option<&Path>) -> String {
    let mut text = String::new();
    for path in to.into_iter().chain(network) {
        text += &format!("wrote {}\n", path.display());
    }
    text += &format!("\ntaken over ({}):\n", import.taken.len());
    for taken in &import.taken {
        let is_secret = taken.key == "gossip.identity_key";
        let value = if is_secret { HIDDEN.to_owned() } else { show::toml(&taken.value) };
        text += &format!("  {} -> {} = {value}\n", taken.from, taken.key);
    }
    let count: usize = import.left.iter().map(|left| left.count).sum();
    text += &format!("\nwithout counterpart ({count}):\n");
    text += &import.left.iter().map(|left| format!("  {}\n", line(left))).collect::<String>();
    if !import.to_do.is_empty() {
        text += "\nto do:\n";
        text += &import.to_do.iter().map(|to_do| format!("  {to_do}\n")).collect::<String>();
    }
    text
}
