//! The reference node's files: JSON objects, whose keys are the same in small and capital letters.

use std::path::Path;

use serde_json::Value;

use super::ImportError;
use crate::config::PeerConfig;

/// A key of config.json with its value, which is no object.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    /// Its path as it is written: `restAPI.bindAddress`.
    pub(super) path: String,
    /// Its value.
    pub(super) value: Value,
}

impl Entry {
    /// The path in small letters.
    pub(super) fn key(&self) -> String {
        self.path.to_lowercase()
    }

    /// The value as a text.
    pub(super) fn text(&self) -> Option<&str> {
        self.value.as_str()
    }

    /// The texts of a list, or of a single one.
    pub(super) fn texts(&self) -> Vec<String> {
        let texts = self.value.as_array().into_iter().flatten().filter_map(Value::as_str);
        texts.chain(self.value.as_str()).map(str::to_owned).collect()
    }
}

/// The entries of config.json in their order.
pub(super) fn entries(path: &Path, text: &str) -> Result<Vec<Entry>, ImportError> {
    let value = parse(path, text)?;
    if !value.is_object() {
        let text = "the reference node's configuration is a JSON object";
        return Err(ImportError::Shape { path: path.to_owned(), text });
    }
    let mut entries = Vec::new();
    flatten("", &value, &mut entries);
    Ok(entries)
}

fn parse(path: &Path, text: &str) -> Result<Value, ImportError> {
    serde_json::from_str(text).map_err(|source| ImportError::Json { path: path.to_owned(), source })
}

/// The depth is bounded by the parser.
fn flatten(path: &str, value: &Value, entries: &mut Vec<Entry>) {
    let Some(object) = value.as_object() else {
        entries.push(Entry { path: path.to_owned(), value: value.clone() });
        return;
    };
    for (name, value) in object {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        flatten(&path, value, entries);
    }
}

/// The peers of peering.json.
pub(super) fn peers(path: &Path, text: &str) -> Result<Vec<PeerConfig>, ImportError> {
    let value = parse(path, text)?;
    let member = |value: &Value, wanted: &str| {
        let object = value.as_object()?;
        object.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.clone())
    };
    let peers = member(&value, "peers").and_then(|peers| match peers {
        Value::Array(peers) => Some(peers),
        Value::Null => Some(Vec::new()),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => None,
    });
    let Some(peers) = peers else {
        let text = "the reference node's peers are a list called \"peers\"";
        return Err(ImportError::Shape { path: path.to_owned(), text });
    };
    let words = |peer: &Value, name| member(peer, name).and_then(|text| text.as_str().map(str::to_owned));
    let peer = |peer: &Value| PeerConfig {
        address: words(peer, "multiAddress").unwrap_or_default(),
        alias: words(peer, "alias").filter(|alias| !alias.is_empty()),
    };
    Ok(peers.iter().map(peer).collect())
}

/// A number of seconds as Go writes durations: `1m0s`, `500ms`.
pub(super) fn seconds(text: &str) -> Option<f64> {
    const UNITS: [(&str, f64); 6] =
        [("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9), ("h", 3_600.0), ("m", 60.0), ("s", 1.0)];
    let mut rest = text;
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let (number, after) = rest.split_at(digits);
        let (unit, factor) = UNITS.iter().find(|(unit, _)| after.starts_with(unit))?;
        total += number.parse::<f64>().ok()? * factor;
        rest = after.strip_prefix(unit)?;
    }
    (!text.is_empty()).then_some(total)
}

/// Where a socket of the reference node listens: a host, which may be empty or `localhost`, and a port.
pub(super) fn socket(text: &str) -> Option<String> {
    let (host, port) = text.rsplit_once(':')?;
    port.parse::<u16>().ok()?;
    let host = match host {
        "" => "0.0.0.0",
        "localhost" => "127.0.0.1",
        _ => host,
    };
    let socket = format!("{host}:{port}");
    socket.parse::<std::net::SocketAddr>().is_ok().then_some(socket)
}
