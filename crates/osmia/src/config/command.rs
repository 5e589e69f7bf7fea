//! `osmia config`.

use std::path::Path;

use super::show;
use super::{Config, ConfigError};
use crate::cli::{ConfigCommand, RunArgs};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::{self, Style};

/// Runs a command on configurations.
///
/// # Errors
/// [`Failure`] when a file cannot be read or written, or the configuration to show is wrong.
pub(crate) fn run(command: &ConfigCommand) -> Result<Exit, Failure> {
    match command {
        ConfigCommand::Show { run, json } => {
            let config = Config::load(run)?;
            let text = if *json { format!("{:#}\n", show::json(&config)) } else { show::text(&config) };
            terminal::print(&text)?;
            for warning in &config.warnings {
                terminal::warn("warning", Style::Yellow, warning);
            }
            Ok(Exit::Success)
        }
        ConfigCommand::Check { file } => check(file),
        ConfigCommand::Import(args) => super::import::run(args),
    }
}

/// Checks the file alone, without the environment.
fn check(file: &Path) -> Result<Exit, Failure> {
    let args = RunArgs { config: Some(file.to_owned()), ..RunArgs::default() };
    match Config::load_alone(&args) {
        Ok(_) => {
            terminal::print(&format!("{}: nothing is wrong\n", file.display()))?;
            Ok(Exit::Success)
        }
        Err(ConfigError::Problems(problems)) => {
            let lines: String = problems.iter().map(|problem| format!("{problem}\n")).collect();
            terminal::print(&lines)?;
            Ok(Exit::Findings)
        }
        Err(error @ (ConfigError::File(_) | ConfigError::Import(_))) => Err(error.into()),
    }
}
