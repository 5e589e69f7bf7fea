//! docs/operators/configuration.md says what the rows of the keys say.

use super::super::keys::{KEYS, Key, TABLES};
use super::{Layers, show};

const PAGE: &str = include_str!("../../../../../docs/operators/configuration.md");

/// The section of a table as the page has it.
fn section(table: &str, about: &str) -> String {
    let mut text =
        format!("### `[{table}]`\n\n{about}\n\n| key | default | values | |\n| --- | --- | --- | --- |\n");
    let config = Layers::new().config();
    for key in KEYS.iter().filter(|key| key.table == table) {
        let standard = match (key.default, (key.show)(&config)) {
            (Some(words), _) => words.to_owned(),
            (None, serde_json::Value::Null) => "none".to_owned(),
            (None, value) => format!("`{}`", show::toml(&value)),
        };
        text += &format!("| `{}` | {standard} | {} | {} |\n", key.name, key.values, more(key));
    }
    text
}

fn more(key: &Key) -> String {
    let mut text = key.about.to_owned();
    if !key.option.is_empty() {
        text += &format!(" Option `{}`.", key.option);
    }
    if key.is_reloaded {
        text += " Read again at SIGHUP.";
    }
    text
}

#[test]
fn the_page_has_every_key_as_the_program_knows_it() {
    let sections: Vec<String> = TABLES.iter().map(|(table, about)| section(table, about)).collect();
    for section in &sections {
        assert!(PAGE.contains(section), "the page should contain:\n\n{}", sections.join("\n"));
    }
    assert_eq!(PAGE.matches("\n### `[").count(), TABLES.len(), "a table that does not exist is described");
}

#[test]
fn the_example_of_the_page_is_right() {
    let example = PAGE.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let config = Layers::new().file(example).config();
    assert_eq!(config.network.name.as_deref(), Some("chrysalis-mainnet"));
    assert_eq!(config.gossip.peers.len(), 2);
}

#[test]
fn every_key_is_complete() {
    for key in KEYS {
        assert!(TABLES.iter().any(|(table, _)| *table == key.table), "{}", key.path());
        assert!(key.about.ends_with('.') && !key.about.contains('|') && !key.values.contains('|'));
        assert_eq!(KEYS.iter().filter(|other| other.path() == key.path()).count(), 1);
    }
}
