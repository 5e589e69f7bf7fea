//! Rules for Cargo's files, read line by line: they are all written in the same plain way.

use std::collections::{BTreeMap, BTreeSet};

use crate::tree::{Finding, Tree};

/// The crates by their folder below `crates/`, each with those it is built on directly; it may use those of these too.
/// A new edge is an architectural change.
const BUILT_ON: &[(&str, &[&str])] = &[
    ("primitives", &[]),
    ("pow", &["primitives"]),
    ("chrysalis", &["primitives"]),
    ("tangle", &["primitives"]),
    ("store", &["primitives"]),
    ("wire", &["primitives"]),
    ("access", &["primitives"]),
    ("doctor", &[]),
    ("engine", &["chrysalis", "pow", "store", "tangle", "wire"]),
    ("network", &["engine", "wire"]),
    ("api", &["access", "network"]),
    ("gateway", &["access"]),
    ("osmia", &["api", "doctor", "gateway"]),
    ("sim", &["engine"]),
    ("xtask", &[]),
];

/// Libraries that belong to few crates, and those crates.
const KEPT_TO: &[(&str, &[&str])] = &[
    ("anyhow", &["osmia", "xtask"]),
    ("clap", &["osmia"]),
    ("libp2p", &["network"]),
    ("rocksdb", &["store"]),
    ("tokio", &["api", "gateway", "network", "osmia"]),
];

fn finding(path: &str, line: usize, rule: &'static str, text: impl Into<String>) -> Finding {
    Finding { place: path.to_owned(), line, rule, text: text.into() }
}

/// A `key = value` line of a manifest.
struct Entry<'a> {
    line: usize,
    /// The name of its table, without brackets.
    table: &'a str,
    /// The first part of its key: `serde` in `serde.workspace = true`.
    key: &'a str,
    whole_line: &'a str,
}

impl Entry<'_> {
    /// Whether the program is built from it (tests and examples may use more).
    fn is_dependency(&self) -> bool {
        ["dependencies", "build-dependencies"].contains(&self.table)
            || self.table.starts_with("target.") && self.table.ends_with(".dependencies")
    }
}

fn entries(text: &str) -> Vec<Entry<'_>> {
    let mut table = "";
    let mut entries = Vec::new();
    for (index, whole_line) in text.lines().enumerate() {
        let line = whole_line.trim();
        if let Some(header) = line.strip_prefix('[') {
            table = header.split(']').next().unwrap_or("").trim_matches('[');
            // `[dependencies.serde]` is an entry as well.
            if let Some((parent, key)) = table.split_once("dependencies.") {
                let table = if parent.is_empty() { "dependencies" } else { "other-dependencies" };
                entries.push(Entry { line: index + 1, table, key, whole_line });
            }
            continue;
        }
        let Some((key, _)) = line.split_once('=') else { continue };
        if !line.starts_with('#') {
            let key = key.trim().split('.').next().unwrap_or("").trim_matches('"');
            entries.push(Entry { line: index + 1, table, key, whole_line });
        }
    }
    entries
}

/// The manifests of the crates, with their folder's name.
fn crate_manifests(tree: &Tree) -> impl Iterator<Item = (&str, &str, &str)> {
    tree.texts_named("/Cargo.toml").filter_map(|(path, text)| {
        let folder = path.strip_prefix("crates/")?.strip_suffix("/Cargo.toml")?;
        Some((folder, path, text))
    })
}

/// All crates that each crate may use.
fn below() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let mut below: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    // The table is in such an order that what a crate is built on comes before it.
    for (folder, direct) in BUILT_ON {
        let mut all: BTreeSet<&str> = direct.iter().copied().collect();
        all.extend(direct.iter().filter_map(|used| below.get(used)).flatten());
        below.insert(folder, all);
    }
    below
}

pub(crate) fn crates_point_down(tree: &Tree, findings: &mut Vec<Finding>) {
    let below = below();
    for (folder, path, text) in crate_manifests(tree) {
        let Some(allowed) = below.get(folder) else {
            findings.push(finding(path, 0, "crate-order", "this crate has no place among the crates yet"));
            continue;
        };
        for entry in entries(text).iter().filter(|entry| entry.is_dependency()) {
            let used = entry.key.strip_prefix("osmia-").unwrap_or(entry.key);
            if below.contains_key(used) && !allowed.contains(used) {
                let text = format!("{folder} is not built on {used}");
                findings.push(finding(path, entry.line, "crate-order", text));
            }
        }
    }
}

pub(crate) fn crates_keep_to_their_libraries(tree: &Tree, findings: &mut Vec<Finding>) {
    for (folder, path, text) in crate_manifests(tree) {
        for entry in entries(text).iter().filter(|entry| entry.is_dependency()) {
            let kept = KEPT_TO.iter().find(|(library, _)| *library == entry.key);
            if let Some((library, users)) = kept.filter(|(_, users)| !users.contains(&folder)) {
                let text = format!("{library} belongs to {} only", users.join(", "));
                findings.push(finding(path, entry.line, "library-owner", text));
            }
        }
    }
}

pub(crate) fn dependencies_have_reasons(tree: &Tree, findings: &mut Vec<Finding>) {
    let manifest = tree.text("Cargo.toml").unwrap_or("");
    for entry in entries(manifest).iter().filter(|entry| entry.table == "workspace.dependencies") {
        let line = entry.whole_line;
        if line.contains("path =") {
            continue;
        }
        if line.rsplit_once('#').is_none_or(|(_, reason)| reason.trim().is_empty() || reason.contains('"')) {
            let text = format!("say in the same line why {} is here", entry.key);
            findings.push(finding("Cargo.toml", entry.line, "dependency-reason", text));
        }
        if !line.contains("default-features = false") {
            let text = format!("{}: default-features = false, then the features in use", entry.key);
            findings.push(finding("Cargo.toml", entry.line, "dependency-features", text));
        }
    }
}

const REGISTRY: &str = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";

pub(crate) fn lock_files_name_one_registry(tree: &Tree, findings: &mut Vec<Finding>) {
    for (path, text) in tree.texts_named("Cargo.lock") {
        for (index, line) in text.lines().enumerate() {
            if line.starts_with("source = ") && line != REGISTRY {
                findings.push(finding(path, index + 1, "registry", "packages come from crates.io only"));
            }
        }
    }
}

pub(crate) fn the_licence_is_apache(tree: &Tree, findings: &mut Vec<Finding>) {
    let rule = "project-licence";
    for (path, text) in tree.texts_named("Cargo.toml") {
        for entry in entries(text).iter().filter(|entry| entry.key.starts_with("license")) {
            let value = entry.whole_line.replace(' ', "");
            if value != "license=\"Apache-2.0\"" && value != "license.workspace=true" {
                findings.push(finding(path, entry.line, rule, "this project is under Apache-2.0"));
            }
        }
        if text.contains("[package]") && !entries(text).iter().any(|entry| entry.key == "license") {
            findings.push(finding(path, 0, rule, "the package does not state its licence"));
        }
    }
    let licence = tree.text("LICENSE").unwrap_or("");
    if !licence.contains("Apache License") || !licence.contains("Version 2.0, January 2004") {
        findings.push(finding("LICENSE", 0, rule, "must be the text of Apache-2.0"));
    }
    for (path, _) in tree.texts() {
        let name = path.rsplit('/').next().unwrap_or(path);
        if name.to_uppercase().starts_with("LICEN") && name.contains('-') {
            findings.push(finding(path, 0, rule, "there is one licence, in LICENSE"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::found;

    #[test]
    fn the_table_of_crates_is_in_order() {
        let mut before = BTreeSet::new();
        for (folder, direct) in BUILT_ON {
            assert!(direct.iter().all(|used| before.contains(used)), "{folder}");
            assert!(before.insert(*folder), "{folder} twice");
        }
    }

    #[test]
    fn dependencies_that_point_up_are_found() {
        let store = "[dependencies]\nosmia-primitives.workspace = true\nosmia-engine.workspace = true\n\n\
            [dev-dependencies]\nosmia-sim.workspace = true\n\n[build-dependencies]\nosmia-api = { path = \"x\" }\n";
        let api = "[dependencies]\nosmia-engine.workspace = true\nosmia-primitives.workspace = true\n\
            [dependencies.osmia-gateway]\nworkspace = true\n";
        let files = [
            ("crates/store/Cargo.toml", store),
            ("crates/api/Cargo.toml", api),
            ("crates/unknown/Cargo.toml", ""),
        ];
        let expected = [
            "crates/api/Cargo.toml:4",
            "crates/store/Cargo.toml:3",
            "crates/store/Cargo.toml:9",
            "crates/unknown/Cargo.toml:0",
        ];
        assert_eq!(found(crates_point_down, &files), expected);
    }

    #[test]
    fn libraries_in_the_wrong_crate_are_found() {
        let tokio = "[dependencies]\ntokio.workspace = true\n[dev-dependencies]\nanyhow.workspace = true\n";
        let files = [("crates/engine/Cargo.toml", tokio), ("crates/api/Cargo.toml", tokio)];
        assert_eq!(found(crates_keep_to_their_libraries, &files), ["crates/engine/Cargo.toml:2"]);
    }

    #[test]
    fn dependencies_without_a_reason_are_found() {
        let manifest = "[workspace.dependencies]\nosmia-pow = { path = \"crates/pow\" }\n\
            a = { version = \"1\", default-features = false } # why\n\
            b = { version = \"1\", default-features = false }\n\
            c = { version = \"1\", default-features = false } #\nd = \"1\" # why\n\n[profile.release]\ndebug = 1\n";
        let expected = ["Cargo.toml:4", "Cargo.toml:5", "Cargo.toml:6"];
        assert_eq!(found(dependencies_have_reasons, &[("Cargo.toml", manifest)]), expected);
    }

    #[test]
    fn other_registries_are_found() {
        let lock = format!(
            "{REGISTRY}\nsource = \"git+https://example.org/x\"\nsource = \"registry+https://mirror/\"\n"
        );
        assert_eq!(
            found(lock_files_name_one_registry, &[("Cargo.lock", &lock)]),
            ["Cargo.lock:2", "Cargo.lock:3"]
        );
    }

    #[test]
    fn other_licences_are_found() {
        let text = "Apache License\nVersion 2.0, January 2004\n";
        let files = [
            ("LICENSE", text),
            ("LICENSE-MIT", "MIT\n"),
            ("crates/a/Cargo.toml", "[package]\nlicense = \"MIT OR Apache-2.0\"\n"),
            ("crates/b/Cargo.toml", "[package]\nlicense.workspace = true\n"),
            ("crates/c/Cargo.toml", "[package]\nname = \"c\"\n"),
        ];
        let expected = ["crates/a/Cargo.toml:2", "crates/c/Cargo.toml:0", "LICENSE-MIT:0"];
        assert_eq!(found(the_licence_is_apache, &files), expected);
        assert_eq!(found(the_licence_is_apache, &[("LICENSE", "MIT\n")]), ["LICENSE:0"]);
    }
}
