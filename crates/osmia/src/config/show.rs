//! The effective configuration as it is printed: TOML that gives the same again (secrets excepted, and relative paths, which
//! begin elsewhere in a file), or JSON; each value with its sources.

use serde_json::{Value, json};

use super::Config;
use super::keys::{KEYS, Key, TABLES};

/// Column at which the sources begin, where values are short enough.
const SOURCE_COLUMN: usize = 44;

/// The configuration as TOML; comments say where the values come from.
pub(crate) fn text(config: &Config) -> String {
    let mut page = String::new();
    for (table, _) in TABLES {
        page += if page.is_empty() { "" } else { "\n" };
        page += &format!("[{table}]\n");
        for key in KEYS.iter().filter(|key| key.table == table) {
            let line = line(key.name, &(key.show)(config));
            let sources = sources(config, key).join(" + ");
            page += &format!("{line:<SOURCE_COLUMN$} # {sources}\n");
        }
    }
    page
}

/// A line of the file; without a value it is a comment.
pub(crate) fn line(name: &str, value: &Value) -> String {
    match value {
        Value::Null => format!("# {name} ="),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            format!("{name} = {}", toml(value))
        }
    }
}

/// The configuration as JSON.
pub(crate) fn json(config: &Config) -> Value {
    let key = |key: &Key| {
        json!({
            "key": key.path(),
            "value": (key.show)(config),
            "sources": sources(config, key),
            "about": key.about,
            "values": key.values,
            "default": key.default,
            "option": key.option,
            "variable": key.variable(),
            "reloaded": key.is_reloaded,
        })
    };
    json!({
        "file": config.file,
        "bootstrap": config.bootstrap,
        "keys": KEYS.iter().map(key).collect::<Vec<_>>(),
        "warnings": config.warnings,
    })
}

fn sources(config: &Config, key: &Key) -> Vec<String> {
    config.sources(key).iter().map(ToString::to_string).collect()
}

/// A value in TOML.
pub(crate) fn toml(value: &Value) -> String {
    match value {
        Value::Null => "\"\"".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        // The escapes of JSON are among those of TOML, which forbids one more character.
        Value::String(_) => value.to_string().replace('\u{7f}', "\\u007f"),
        Value::Array(values) => {
            let values: Vec<String> = values.iter().map(toml).collect();
            format!("[{}]", values.join(", "))
        }
        Value::Object(entries) => {
            let entries: Vec<String> =
                entries.iter().map(|(name, value)| format!("{name} = {}", toml(value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}
