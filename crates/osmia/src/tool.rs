//! `osmia tool`: tools for data folders.

mod audit;
mod identity;

use crate::cli::Tool;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal;

/// Runs a tool.
///
/// # Errors
/// [`Failure`] when the folder cannot be used or read.
pub(crate) fn run(tool: &Tool) -> Result<Exit, Failure> {
    match tool {
        Tool::Audit { data, json } => {
            let report = audit::run(data)?;
            let text = if *json { report.to_json() } else { report.to_text() };
            terminal::print(&text)?;
            Ok(if report.is_clean() { Exit::Success } else { Exit::Findings })
        }
        Tool::Identity { data, json } => {
            terminal::print(&identity::shown(&identity::read(data)?, *json))?;
            Ok(Exit::Success)
        }
    }
}
