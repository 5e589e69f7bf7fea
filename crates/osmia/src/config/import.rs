//! `osmia config import`: the reference node's config.json and peering.json as a configuration of ours.
//!
//! Nothing is lost in silence: every key of the files is either taken over, or listed with the reason why not. No existing
//! file is changed.

mod hornet;
mod rules;
mod taken;
mod write;

use std::path::{Path, PathBuf};

use super::ConfigError;
use crate::cli::ImportArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files::{self, FileError};
use crate::limits::CONFIG_FILE_BYTES_MAX;
use crate::network_file::NetworkFileError;
use crate::terminal;

use self::taken::Import;

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImportError {
    /// A file is not JSON.
    #[error("{path} is not JSON: {source}")]
    Json {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
    /// A file is JSON of another shape.
    #[error("{path}: {text}")]
    Shape {
        /// The file.
        path: PathBuf,
        /// What was expected.
        text: &'static str,
    },
    /// A file would be overwritten.
    #[error("{0} exists and is not overwritten: move it away, or choose another file with --to")]
    Exists(PathBuf),
    /// The description of the network cannot be written.
    #[error("protocol: {0}")]
    Network(#[from] NetworkFileError),
    /// A file cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
}

impl ImportError {
    /// The code the program ends with.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::File(error) => crate::failure::of_file(error),
            Self::Exists(_) => Exit::Usage,
            Self::Json { .. } | Self::Shape { .. } | Self::Network(_) => Exit::Failure,
        }
    }
}

/// Imports, prints what happened, and says so with the exit code.
///
/// # Errors
/// [`Failure`] when a file cannot be read or written, or is none of the reference node's.
pub(crate) fn run(args: &ImportArgs) -> Result<Exit, Failure> {
    let import = read(args)?;
    let text = write::configuration(&import);
    let network = network_file(&import, args.to.as_deref())?;
    let wanted = args.to.iter().chain(network.iter().map(|file| &file.path));
    if let Some(path) = wanted.into_iter().find(|path| path.exists()) {
        return Err(ImportError::Exists(path.clone()).into());
    }
    if let Some(file) = &network {
        write_new(&file.path, &file.json)?;
    }
    let report = write::report(&import, args.to.as_deref(), network.as_ref().map(|file| file.path.as_path()));
    match &args.to {
        Some(path) => {
            write_new(path, &text)?;
            terminal::print(&report)?;
        }
        None => {
            terminal::print(&text)?;
            terminal::tell(&report);
        }
    }
    Ok(Exit::Success)
}

fn write_new(path: &Path, text: &str) -> Result<(), ImportError> {
    match files::write_new(path, text.as_bytes()) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(ImportError::Exists(path.to_owned()))
        }
        Ok(()) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Reads the files and sorts what is in them.
fn read(args: &ImportArgs) -> Result<Import, ImportError> {
    let mut import = Import::default();
    if let Some(path) = &args.config {
        let entries = hornet::entries(path, &files::read_text(path, CONFIG_FILE_BYTES_MAX)?)?;
        let path = std::path::absolute(path).map_err(|error| FileError::new("find", path, error))?;
        import.take_config(&entries, path.parent().unwrap_or(Path::new("/")));
    }
    if let Some(path) = &args.peering {
        let peers = hornet::peers(path, &files::read_text(path, CONFIG_FILE_BYTES_MAX)?)?;
        import.take_peers("peers", peers);
    }
    Ok(import)
}

/// The description of a network that is not built in.
struct NetworkFile {
    path: PathBuf,
    json: String,
}

/// What has to be written beside, when the network is not a built-in one.
fn network_file(import: &Import, to: Option<&Path>) -> Result<Option<NetworkFile>, ImportError> {
    let Some(description) = &import.network_file else { return Ok(None) };
    let folder = to.and_then(Path::parent).unwrap_or(Path::new(""));
    let name = write::network_file_name(&description.parameters.network_name);
    Ok(Some(NetworkFile { path: folder.join(name), json: description.to_json()? }))
}

impl From<ImportError> for Failure {
    fn from(error: ImportError) -> Self {
        Self::Config(ConfigError::Import(Box::new(error)))
    }
}

#[cfg(test)]
mod tests;
