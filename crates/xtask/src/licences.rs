//! The licences of every package the program, its tests and its tools are built from.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::spdx::Expression;
use crate::tree::Finding;

/// The licence of this project.
const OWN: &str = "Apache-2.0";

/// Licences that go with Apache-2.0 without further duties for those who pass the program on. The same list as in
/// `deny.toml`.
const ALLOWED: [&str; 13] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// What Cargo knows of the packages in use on this kind of machine, without asking the network.
pub(crate) fn metadata() -> Result<Value> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let platform = run(Command::new("rustc").arg("-vV"))?;
    let platform =
        platform.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?;
    let arguments =
        ["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", platform];
    let json = run(Command::new(cargo).args(arguments))?;
    serde_json::from_str(&json).context("cargo metadata printed something that is not JSON")
}

fn run(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).context("a command printed something that is not UTF-8")
}

/// The packages in `metadata` whose licence is missing or not allowed.
pub(crate) fn check(metadata: &Value) -> Result<Vec<Finding>> {
    let packages = metadata.get("packages").and_then(Value::as_array).context("metadata without packages")?;
    ensure!(!packages.is_empty(), "metadata without packages");
    let mut findings = Vec::new();
    for package in packages {
        let text = |key: &str| package.get(key).and_then(Value::as_str);
        let licence = text("license").unwrap_or("");
        let is_own = package.get("source").is_none_or(Value::is_null);
        if let Some(problem) = problem(licence, is_own) {
            let place = format!("{} {}", text("name").unwrap_or("?"), text("version").unwrap_or("?"));
            findings.push(Finding { place, line: 0, rule: "licence", text: problem });
        }
    }
    findings.sort();
    Ok(findings)
}

fn problem(licence: &str, is_own: bool) -> Option<String> {
    if is_own {
        return (licence != OWN).then(|| format!("{licence:?}, but this project is under {OWN}"));
    }
    if licence.is_empty() {
        return Some("states no licence".to_owned());
    }
    let Some(expression) = Expression::parse(licence) else {
        return Some(format!("{licence:?} is not a licence expression"));
    };
    (!expression.is_met(&|identifier| ALLOWED.contains(&identifier)))
        .then(|| format!("{licence:?} is not allowed"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

    #[test]
    fn packages_are_judged() {
        let metadata = json!({ "packages": [
            { "name": "ours", "version": "1", "license": "Apache-2.0", "source": null },
            { "name": "ours-not", "version": "1", "license": "MIT", "source": null },
            { "name": "good", "version": "2", "license": "MIT OR GPL-2.0", "source": REGISTRY },
            { "name": "bad", "version": "3", "license": "GPL-2.0-only", "source": REGISTRY },
            { "name": "odd", "version": "4", "license": "see file", "source": REGISTRY },
            { "name": "silent", "version": "5", "license": null, "source": REGISTRY },
        ]});
        let places: Vec<String> =
            check(&metadata).unwrap().into_iter().map(|finding| finding.place).collect();
        assert_eq!(places, ["bad 3", "odd 4", "ours-not 1", "silent 5"]);
    }

    #[test]
    fn an_answer_without_packages_is_an_error() {
        assert!(check(&json!({})).is_err());
        assert!(check(&json!({ "packages": [] })).is_err());
    }
}
