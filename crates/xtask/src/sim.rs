//! `cargo xtask sim --seed S` and `cargo xtask sim --seeds N [--from S]`: simulated networks of crates/sim.

use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};

/// Runs simulated networks; what they print goes through.
pub(crate) fn run(arguments: &[&str]) -> Result<ExitCode> {
    let status = Command::new("cargo")
        .args([
            "run",
            "--release",
            "--locked",
            "--quiet",
            "--package",
            "osmia-sim",
            "--example",
            "network",
            "--",
        ])
        .args(arguments)
        .status()
        .context("cannot run cargo")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
