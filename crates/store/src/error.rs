//! Why the store could not do what it was asked, and what to do about it.

use std::path::{Path, PathBuf};

/// What RocksDB said, in its words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EngineError(rocksdb::Error);

/// Why the store could not be opened, read or written. None of these heals by trying again in the same process.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder cannot be used as a database.
    #[error(
        "the database in {path} cannot be opened: {source}; check that the folder exists and may be read and written"
    )]
    Open {
        /// The folder.
        path: PathBuf,
        /// What failed.
        #[source]
        source: std::io::Error,
    },
    /// Another process, or another part of this one, has the folder open.
    #[error(
        "the database in {path} is already in use: stop the other node, or give this one a folder of its own"
    )]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// The folder holds a database of another program.
    #[error(
        "the folder {path} holds a database of another program (it has a table named {table}): choose another folder"
    )]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// A table this program does not know.
        table: String,
    },
    /// The folder holds a database of another version of this program.
    #[error(
        "the database in {path} has schema {found}, this program needs schema {expected}: use the version of the program that wrote it, or load a snapshot into a new folder"
    )]
    Schema {
        /// The folder.
        path: PathBuf,
        /// The schema of the database; 0 when it names none.
        found: u64,
        /// The schema this program reads and writes.
        expected: u64,
    },
    /// A file of the database is damaged.
    #[error(
        "the database is damaged: {source}; restore the folder from a copy, or load a snapshot into a new one. If the power failed and only the end of the write-ahead log is damaged, opening with recovery up to the damage keeps everything before it"
    )]
    Corrupt {
        /// What RocksDB found.
        #[source]
        source: EngineError,
    },
    /// A row does not say what it must.
    #[error(
        "the table {table} is damaged: {detail}; restore the folder from a copy, or load a snapshot into a new one"
    )]
    Damaged {
        /// The table.
        table: String,
        /// What is wrong with which row.
        detail: String,
    },
    /// The disk is full. What was committed before is safe.
    #[error("the disk is full: free space and start again ({source})")]
    DiskFull {
        /// What RocksDB said.
        #[source]
        source: EngineError,
    },
    /// Reading or writing a file failed.
    #[error(
        "reading or writing the database failed: {source}; check the disk and its file system, then start again"
    )]
    Io {
        /// What RocksDB said.
        #[source]
        source: EngineError,
    },
    /// Files of the folder could not be listed.
    #[error("the files of the database in {path} cannot be read: {source}")]
    Files {
        /// The folder.
        path: PathBuf,
        /// What failed.
        #[source]
        source: std::io::Error,
    },
    /// RocksDB refused for another reason: a defect of this program.
    #[error("the database refused: {source}; please report this")]
    Engine {
        /// What RocksDB said.
        #[source]
        source: EngineError,
    },
}

/// The kinds of failure the text of an error tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    InUse,
    DiskFull,
    Corrupt,
    Io,
    Other,
}

impl StoreError {
    /// A row of `table` that does not say what it must.
    #[must_use]
    pub fn damaged(table: &str, detail: &str) -> Self {
        Self::Damaged { table: table.to_owned(), detail: detail.to_owned() }
    }

    /// An error of opening the folder `path`.
    pub(crate) fn of_open(path: &Path, error: rocksdb::Error) -> Self {
        let path = path.to_owned();
        match kind(error.as_ref()) {
            Kind::InUse => Self::InUse { path },
            Kind::Io => Self::Open { path, source: std::io::Error::other(EngineError(error)) },
            Kind::DiskFull | Kind::Corrupt | Kind::Other => Self::from(error),
        }
    }
}

impl From<rocksdb::Error> for StoreError {
    fn from(error: rocksdb::Error) -> Self {
        let kind = kind(error.as_ref());
        let source = EngineError(error);
        match kind {
            Kind::DiskFull => Self::DiskFull { source },
            Kind::Corrupt => Self::Corrupt { source },
            Kind::InUse | Kind::Io => Self::Io { source },
            Kind::Other => Self::Engine { source },
        }
    }
}

/// RocksDB's C interface hands out nothing but a text: the status code's name, then the file and the system's words.
fn kind(text: &str) -> Kind {
    let is_io = text.starts_with("IO error");
    if text.contains("No space left on device") || text.contains("Disk quota exceeded") {
        return Kind::DiskFull;
    }
    if is_io && (text.contains("lock hold by current process") || text.contains("While lock file")) {
        return Kind::InUse;
    }
    if text.starts_with("Corruption") {
        return Kind::Corrupt;
    }
    if is_io { Kind::Io } else { Kind::Other }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_texts_of_rocksdb_are_told_apart() {
        for (text, expected) in [
            (
                "IO error: No space left on device: While appending to file: /d/000012.log: No space left on device",
                Kind::DiskFull,
            ),
            ("IO error: While lock file: /d/LOCK: Resource temporarily unavailable", Kind::InUse),
            (
                "IO error: lock hold by current process, acquire time 1 acquiring thread 2: /d/LOCK: No locks available",
                Kind::InUse,
            ),
            ("Corruption: block checksum mismatch", Kind::Corrupt),
            ("IO error: While open a file for random read: /d/000012.sst: Permission denied", Kind::Io),
            ("Invalid argument: Column family not found", Kind::Other),
        ] {
            assert_eq!(kind(text), expected, "{text}");
        }
    }

    #[test]
    fn every_message_names_the_fix() {
        let path = PathBuf::from("/data/db");
        for (error, fix) in [
            (StoreError::InUse { path: path.clone() }, "stop the other node"),
            (StoreError::Schema { path, found: 9, expected: 1 }, "load a snapshot into a new folder"),
            (StoreError::damaged("log", "a short key"), "restore the folder from a copy"),
        ] {
            assert!(error.to_string().contains(fix), "{error}");
        }
    }
}
