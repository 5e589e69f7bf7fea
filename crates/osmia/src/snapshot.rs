//! `osmia snapshot`: tools for snapshot files.

mod info;

use crate::cli::SnapshotCommand;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal;

/// Runs a command on snapshot files.
///
/// # Errors
/// [`Failure`] when the file cannot be read or is not a snapshot.
pub(crate) fn run(command: &SnapshotCommand) -> Result<Exit, Failure> {
    match command {
        SnapshotCommand::Info { file, json } => {
            let info = info::read(file)?;
            terminal::print(&if *json { info.to_json() } else { info.to_text() })?;
            Ok(if info.is_long_enough() { Exit::Success } else { Exit::Findings })
        }
    }
}
