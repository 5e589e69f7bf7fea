//! The exit codes of the program. docs/exit-codes.md tells users the same.

use std::process::ExitCode;

/// How the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Everything was done; a node was stopped by a signal.
    Success = 0,
    /// Something failed that has no code of its own.
    Failure = 1,
    /// The command line is wrong (clap ends with the same code).
    Usage = 2,
    /// A check was made and found something.
    Findings = 3,
    /// The address of the API cannot be listened on.
    AddressUnavailable = 4,
    /// Another process uses the data folder.
    FolderInUse = 5,
    /// The data folder is not one of ours, or belongs to another network than the options say.
    WrongFolder = 6,
    /// The node could not start or go on: full disk, damaged database.
    NodeStopped = 7,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Exit; 8] = [
        Exit::Success,
        Exit::Failure,
        Exit::Usage,
        Exit::Findings,
        Exit::AddressUnavailable,
        Exit::FolderInUse,
        Exit::WrongFolder,
        Exit::NodeStopped,
    ];

    #[test]
    fn every_code_is_documented() {
        let page = include_str!("../../../docs/exit-codes.md");
        for exit in ALL {
            assert!(page.contains(&format!("| {} |", exit as u8)), "{exit:?}");
        }
    }
}
