//! Small files: written whole or not at all, read with a bound, with errors that say what to do.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Mode of a file that only its owner may read.
pub(crate) const PRIVATE_FILE: u32 = 0o600;
/// Mode of a folder that only its owner may enter.
const PRIVATE_FOLDER: u32 = 0o700;

/// A file or folder could not be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {path}: {source}{}", hint(source))]
pub(crate) struct FileError {
    action: &'static str,
    path: PathBuf,
    #[source]
    source: io::Error,
}

impl FileError {
    /// Names what was done to `path` when `source` happened; `action` is a verb.
    pub(crate) fn new(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self { action, path: path.to_owned(), source }
    }

    /// What the system said.
    pub(crate) fn kind(&self) -> io::ErrorKind {
        self.source.kind()
    }
}

/// What a person can do about errors of some kinds.
const HINTS: [(io::ErrorKind, &str); 4] = [
    (io::ErrorKind::StorageFull, "; free space and start again"),
    (io::ErrorKind::QuotaExceeded, "; free space and start again"),
    (io::ErrorKind::PermissionDenied, "; run as the user who owns it, or choose another folder with --data"),
    (io::ErrorKind::ReadOnlyFilesystem, "; choose a folder on a writable file system with --data"),
];

fn hint(error: &io::Error) -> &'static str {
    HINTS.iter().find(|(kind, _)| *kind == error.kind()).map_or("", |(_, hint)| hint)
}

/// Makes the folder `path`, and those above it, for its owner only. A folder that exists stays as it is.
pub(crate) fn create_private_folder(path: &Path) -> Result<(), FileError> {
    let made = DirBuilder::new().recursive(true).mode(PRIVATE_FOLDER).create(path);
    made.map_err(|error| FileError::new("create the folder", path, error))?;
    // The folder's own entry is synced too, so that a loss of power does not take it away with the network inside.
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or(Ok(()), sync_folder)
}

/// Warns when others than the owner may read the secrets in `path`.
pub(crate) fn warn_when_readable_by_others(path: &Path) {
    const OTHERS: u32 = 0o077;
    let mode = std::fs::metadata(path).map_or(0, |file| file.permissions().mode());
    if mode & OTHERS != 0 {
        tracing::warn!(path = %path.display(), "others may read these secrets; make them yours alone with chmod 600");
    }
}

/// Writes the file `path` whole and durably: a crash at any moment leaves the old contents, or none, or the new ones.
pub(crate) fn write_whole(path: &Path, contents: &[u8]) -> Result<(), FileError> {
    let temporary = temporary(path);
    let failed = |error| FileError::new("write", &temporary, error);
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(PRIVATE_FILE)
        .open(&temporary)
        .map_err(failed)?;
    file.write_all(contents).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    std::fs::rename(&temporary, path).map_err(|error| FileError::new("write", path, error))?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// Writes the file `path` whole and durably, when nothing is there; fails with `AlreadyExists` otherwise.
pub(crate) fn write_new(path: &Path, contents: &[u8]) -> Result<(), FileError> {
    let failed = |error| FileError::new("write", path, error);
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(PRIVATE_FILE).open(path).map_err(failed)?;
    file.write_all(contents).and_then(|()| file.sync_all()).map_err(failed)
}

/// Where the contents of `path` stand until they are complete.
pub(crate) fn temporary(path: &Path) -> PathBuf {
    path.with_added_extension("new")
}

/// Makes what happened to the entries of a folder durable.
pub(crate) fn sync_folder(path: &Path) -> Result<(), FileError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(|error| FileError::new("sync", path, error))
}

/// The text of the file `path`, which has at most `bytes_max` bytes.
pub(crate) fn read_text(path: &Path, bytes_max: u64) -> Result<String, FileError> {
    let failed = |error| FileError::new("read", path, error);
    let mut text = String::new();
    let file = File::open(path).map_err(failed)?;
    file.take(bytes_max + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > bytes_max {
        return Err(failed(io::Error::other(format!("it has more than {bytes_max} bytes"))));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn files_and_folders_are_for_their_owner_only() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path().join("a/b");
        create_private_folder(&folder).unwrap();
        create_private_folder(&folder).unwrap();
        let file = folder.join("secret.txt");
        write_whole(&file, b"one").unwrap();
        assert_eq!((mode(&folder), mode(&file)), (PRIVATE_FOLDER, PRIVATE_FILE));
        write_whole(&file, b"two").unwrap();
        assert_eq!(read_text(&file, 3).unwrap(), "two");
        assert!(read_text(&file, 2).unwrap_err().to_string().contains("more than 2 bytes"));
        assert!(!temporary(&file).exists());
    }

    #[test]
    fn a_half_written_file_is_replaced() {
        let scratch = tempfile::tempdir().unwrap();
        let file = scratch.path().join("network.json");
        std::fs::write(temporary(&file), b"half, and longer than the next one").unwrap();
        write_whole(&file, b"whole").unwrap();
        assert_eq!(read_text(&file, 100).unwrap(), "whole");
    }

    #[test]
    fn errors_name_the_file_and_the_way_out() {
        let missing = read_text(Path::new("/nowhere/x"), 10).unwrap_err();
        assert!(missing.to_string().starts_with("cannot read /nowhere/x: "), "{missing}");
        let full = FileError::new("write", Path::new("/x"), io::ErrorKind::StorageFull.into());
        assert!(full.to_string().ends_with("free space and start again"), "{full}");
    }
}
