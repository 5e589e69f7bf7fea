//! The data folder of a network: what lies in it, who may use it, and how it is emptied.
//!
//! A folder is ours when it holds the lock file, which is the first thing written into it. Holding the lock (an advisory
//! `flock`, which the system gives up when a process dies in any way) is what makes a process its only user.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::files::{self, FileError};
use crate::limits::SMALL_FILE_BYTES_MAX;

/// Held while a process uses the folder; contains the id of that process.
const LOCK: &str = "osmia.lock";
/// What the network is; the folder is complete when it is there.
pub(crate) const NETWORK: &str = "network.json";
/// The words that own the supply.
const MNEMONIC: &str = "mnemonic.txt";
/// The coordinator's secret keys.
const COORDINATOR_KEYS: &str = "coordinator-keys.txt";
/// The ledger the network starts from.
const GENESIS: &str = "genesis-snapshot.bin";
/// The key by which peers know the node.
const IDENTITY: &str = "identity.key";
/// The database.
pub(crate) const DATABASE: &str = "database";
/// A database that is being made.
const DRAFT: &str = "database.new";
/// A database that is being removed.
const REMOVED: &str = "database.removed";

/// Why a folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FolderError {
    /// Another process uses the folder.
    #[error(
        "the data folder {path} is in use by another osmia{}: stop it first, or give this one a folder of its own with --data",
        process(*pid)
    )]
    InUse {
        /// The folder.
        path: PathBuf,
        /// The process, when it is known.
        pid: Option<u32>,
    },
    /// The folder holds something that is not ours.
    #[error(
        "{path} is not a data folder of osmia, but holds {entry}: choose an empty folder, or a new one, with --data"
    )]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// Something in it.
        entry: String,
    },
    /// There is no such folder, or nothing in it.
    #[error("there is no network in {0}: name its data folder with --data")]
    Empty(PathBuf),
    /// No node ever started in the folder.
    #[error("no node has its identity in {0} yet: the first `osmia run` there makes one")]
    NoIdentity(PathBuf),
    /// The database holds no ledger.
    #[error("the network in {0} has no ledger yet: its first start did not finish, the next one will")]
    Unfinished(PathBuf),
    /// The database is there without what describes it.
    #[error(
        "the data folder {0} has a database, but no {NETWORK}: bring that file back, or start a new network in the folder with --reset"
    )]
    Incomplete(PathBuf),
    /// A file could not be used.
    #[error(transparent)]
    File(#[from] FileError),
}

fn process(pid: Option<u32>) -> String {
    pid.map_or_else(String::new, |pid| format!(" (process {pid})"))
}

/// The file with the key by which peers know the node of a data folder.
pub(crate) fn identity_in(folder: &Path) -> PathBuf {
    folder.join(IDENTITY)
}

/// A data folder that this process alone uses, until the value is dropped.
#[derive(Debug)]
pub(crate) struct DataFolder {
    path: PathBuf,
    /// Locked as long as it is open.
    _lock: File,
}

impl DataFolder {
    /// Takes the folder `path` for this process; `None` when it does not exist.
    pub(crate) fn open(path: &Path) -> Result<Option<Self>, FolderError> {
        let entries = match std::fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(FileError::new("read the folder", path, error).into()),
        };
        let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        let names: Vec<String> = names
            .collect::<io::Result<_>>()
            .map_err(|error| FileError::new("read the folder", path, error))?;
        let is_ours = names.iter().any(|name| name == LOCK);
        // A new file system has this folder, which nobody put there.
        let foreign = names.into_iter().find(|name| name != "lost+found");
        match foreign {
            Some(entry) if !is_ours => Err(FolderError::Foreign { path: path.to_owned(), entry }),
            Some(_) | None => Self::lock(path).map(Some),
        }
    }

    /// Makes the folder `path` and takes it for this process.
    pub(crate) fn create(path: &Path) -> Result<Self, FolderError> {
        files::create_private_folder(path)?;
        Self::lock(path)
    }

    fn lock(path: &Path) -> Result<Self, FolderError> {
        let name = path.join(LOCK);
        let failed = |error| FileError::new("lock", &name, error);
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(files::PRIVATE_FILE)
            .open(&name)
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                // Only for the message: an unreadable id is an unknown one.
                let pid = files::read_text(&name, 32).map_or(None, |text| text.trim().parse().ok());
                return Err(FolderError::InUse { path: path.to_owned(), pid });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error).into()),
        }
        lock.set_len(0).map_err(failed)?;
        lock.rewind().map_err(failed)?;
        writeln!(lock, "{}", std::process::id()).map_err(failed)?;
        let folder = Self { path: path.to_owned(), _lock: lock };
        folder.finish_removal()?;
        Ok(folder)
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the database is, or will be.
    pub(crate) fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }

    /// Where the words that own the supply are kept, unless the operator keeps them.
    pub(crate) fn mnemonic(&self) -> PathBuf {
        self.path.join(MNEMONIC)
    }

    /// Where the genesis snapshot is, or will be.
    pub(crate) fn genesis(&self) -> PathBuf {
        self.path.join(GENESIS)
    }

    /// Where the coordinator's keys are kept.
    pub(crate) fn coordinator_keys(&self) -> PathBuf {
        self.path.join(COORDINATOR_KEYS)
    }

    /// Where the description of the network is.
    pub(crate) fn network(&self) -> PathBuf {
        self.path.join(NETWORK)
    }

    /// The key by which peers know the node.
    pub(crate) fn identity(&self) -> PathBuf {
        identity_in(&self.path)
    }

    /// The text of the network's description; `None` when the folder has no network yet.
    pub(crate) fn read_network(&self) -> Result<Option<String>, FolderError> {
        match files::read_text(&self.network(), SMALL_FILE_BYTES_MAX) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            Err(_) if self.database().exists() => Err(FolderError::Incomplete(self.path.clone())),
            Err(_) => Ok(None),
        }
    }

    /// Removes the network: database, description, keys. What is not ours stays. Gives the names of what was removed.
    ///
    /// The database is put aside first and the description removed next, so that a crash in between leaves a folder in
    /// which a start finds the whole old network (which begins anew), or none.
    pub(crate) fn reset(&self) -> Result<Vec<&'static str>, FolderError> {
        let mut removed = Vec::new();
        let database = self.database();
        if database.exists() {
            let aside = self.path.join(REMOVED);
            std::fs::rename(&database, aside).map_err(|error| FileError::new("remove", &database, error))?;
            files::sync_folder(&self.path)?;
            removed.push(DATABASE);
        }
        for name in [NETWORK, GENESIS, COORDINATOR_KEYS, MNEMONIC] {
            let path = self.path.join(name);
            for path in [files::temporary(&path), path] {
                match std::fs::remove_file(&path) {
                    Ok(()) => removed.push(name),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(FileError::new("remove", &path, error).into()),
                }
            }
            files::sync_folder(&self.path)?;
        }
        self.remove_folder(DRAFT)?;
        self.finish_removal()?;
        removed.dedup();
        Ok(removed)
    }

    /// Removes a database that was put aside.
    fn finish_removal(&self) -> Result<(), FileError> {
        self.remove_folder(REMOVED)
    }

    fn remove_folder(&self, name: &str) -> Result<(), FileError> {
        let folder = self.path.join(name);
        match std::fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(FileError::new("remove", &folder, error))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
