//! Checks of this repository that a program can make: `cargo xtask tidy` (the rules of style) and
//! `cargo xtask licences` (of everything the program is built from). A finding is printed with its file, line and rule
//! and makes the command fail. `cargo xtask crash --rounds N` runs the crash test for as long as is wanted,
//! `cargo xtask sim --seeds N [--from S]` as many simulated networks, and `cargo xtask sim --seed S` one of them with
//! every event when it fails.
//!
//! Non-goals: nothing here is part of the program people run, and nothing here reaches the network.
//!
//! Invariants: every rule is a function from the files of the repository to findings, with a test that breaks it.
//!
//! Threads: one.

mod crash;
mod licences;
mod rust_source;
mod sim;
mod spdx;
mod tidy;
mod tree;

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::tree::{Finding, Tree};

fn main() -> Result<ExitCode> {
    let command: Vec<String> = std::env::args().skip(1).collect();
    let findings = match command.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["tidy"] => tidy::check(&Tree::of_repository()?),
        ["licences"] => licences::check(&licences::packages()?)?,
        ["crash", "--rounds", rounds] => return crash::run(rounds),
        ["sim", arguments @ ..] => return sim::run(arguments),
        _ => bail!(
            "usage: cargo xtask tidy | licences | crash --rounds N | sim --seed S | sim --seeds N [--from S]"
        ),
    };
    report(&findings)
}

fn report(findings: &[Finding]) -> Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    for finding in findings {
        writeln!(out, "{finding}")?;
    }
    if findings.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    writeln!(out, "{} findings", findings.len())?;
    Ok(ExitCode::FAILURE)
}
