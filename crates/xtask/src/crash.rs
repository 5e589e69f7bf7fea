//! `cargo xtask crash --rounds N`: the crash test of crates/osmia with as many rounds as are wanted.

use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};

/// Runs the crash test; what it prints goes through.
pub(crate) fn run(rounds: &str) -> Result<ExitCode> {
    let rounds: u64 = rounds.parse().with_context(|| format!("{rounds} is not a number of rounds"))?;
    let status = Command::new("cargo")
        .args([
            "test",
            "--release",
            "--locked",
            "--package",
            "osmia",
            "--test",
            "program",
            "--",
            "--nocapture",
        ])
        .arg("crash::")
        .env("OSMIA_CRASH_ROUNDS", rounds.to_string())
        .status()
        .context("cannot run cargo")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
