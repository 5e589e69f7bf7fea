//! The licences of every package the program, its tests and its tools are built from.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};

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

/// A package that something here is built from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Package {
    /// Its name and version.
    name: String,
    /// What it says of its licence; empty when it says nothing.
    licence: String,
    /// Whether it is a part of this project.
    is_own: bool,
}

/// The packages in use on this kind of machine, without asking the network. `cargo tree` knows which optional ones are
/// really built; Cargo.lock and `cargo metadata` name more.
pub(crate) fn packages() -> Result<Vec<Package>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["tree", "--workspace", "--edges", "normal,build,dev", "--prefix", "none"];
    let format = ["--format", "{p}\t{l}", "--locked", "--offline"];
    let text = run(Command::new(cargo).args(arguments).args(format))?;
    let mut packages: Vec<Package> = text.lines().filter_map(package).collect();
    packages.sort();
    packages.dedup();
    Ok(packages)
}

/// Reads a line of `cargo tree`: `name v1.2.3 (path or remark)`, a tab, the licence. Where a package was listed before, `(*)`
/// may follow.
fn package(line: &str) -> Option<Package> {
    let (package, licence) = line.split_once('\t')?;
    let mut words = package.split(' ');
    let name = format!("{} {}", words.next()?, words.next()?.trim_start_matches('v'));
    let is_own = package.contains("(/");
    Some(Package { name, licence: licence.trim_end_matches(" (*)").trim().to_owned(), is_own })
}

fn run(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).context("a command printed something that is not UTF-8")
}

/// The packages whose licence is missing or not allowed.
pub(crate) fn check(packages: &[Package]) -> Result<Vec<Finding>> {
    ensure!(!packages.is_empty(), "cargo names no packages");
    let finding = |package: &Package| {
        let text = problem(&package.licence, package.is_own)?;
        Some(Finding { place: package.name.clone(), line: 0, rule: "licence", text })
    };
    Ok(packages.iter().filter_map(finding).collect())
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
    use super::*;

    #[test]
    fn packages_are_judged() {
        let text = "ours v1.0.0 (/somewhere)\tApache-2.0\n\
            ours-not v1.0.0 (/elsewhere)\tMIT\n\
            \n\
            good v2.0.0\tMIT OR GPL-2.0\n\
            macros v2.0.0 (proc-macro)\tMIT (*)\n\
            bad v3.0.0\tGPL-2.0-only\n\
            odd v4.0.0\tsee file\n\
            silent v5.0.0\t\n";
        let packages: Vec<Package> = text.lines().filter_map(package).collect();
        assert_eq!(packages.len(), 7);
        let places: Vec<String> =
            check(&packages).unwrap().into_iter().map(|finding| finding.place).collect();
        assert_eq!(places, ["ours-not 1.0.0", "bad 3.0.0", "odd 4.0.0", "silent 5.0.0"]);
    }

    #[test]
    fn an_answer_without_packages_is_an_error() {
        assert!(check(&[]).is_err());
    }
}
