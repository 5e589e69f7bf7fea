//! Why a command failed, with its exit code, and the one place that prints it.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use osmia_api::ApiError;
use osmia_chrysalis::snapshot::SnapshotError;
use osmia_engine::StartError;
use osmia_engine::genesis::LoadError;
use osmia_store::StoreError;

use crate::config::ConfigError;
use crate::data_folder::FolderError;
use crate::exit::Exit;
use crate::files::FileError;
use crate::http_client::HttpError;
use crate::networks::ResolveError;
use crate::private_net::NetworkError;
use crate::terminal::{self, Style};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The data folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A file cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// The network in the folder is not what was asked for, or not readable.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// There is no such network.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// Nobody said which network.
    #[error(
        "which network? Name it with --network: chrysalis-mainnet, chrysalis-devnet, private_tangle1, or the network.json of another one"
    )]
    NoNetwork,
    /// A new node has no ledger to begin with.
    #[error("a new node of {network} begins with a snapshot of its ledger: name the file with --snapshot")]
    NoSnapshot {
        /// The network.
        network: String,
    },
    /// An address of the configuration is not one.
    #[error("{address}: {reason}")]
    Peer {
        /// As it was written.
        address: String,
        /// What is wrong.
        reason: String,
    },
    /// The ports of a private network's nodes count up beyond the last one.
    #[error("the nodes' ports count up from {first} beyond the last port, 65535: choose a smaller one")]
    NoPort {
        /// The first node's.
        first: u16,
    },
    /// A network of several nodes was started as one.
    #[error(
        "this private network has nodes of their own: start it with --nodes 2 or more, or begin anew with --reset"
    )]
    SeveralNodes,
    /// The network of nodes cannot be joined.
    #[error(transparent)]
    Gossip(#[from] osmia_network::NetworkError),
    /// The node has no key by which peers know it.
    #[error(transparent)]
    Identity(#[from] osmia_network::IdentityError),
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The genesis cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A file is not a snapshot.
    #[error("{path}: {source}; name a snapshot file of version 1")]
    Snapshot {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: SnapshotError,
    },
    /// The node cannot start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Another program listens on the address of the API.
    #[error(
        "{address} is in use: stop the program that listens there, or give the API another address, for example with --api {}",
        neighbour(*address)
    )]
    AddressInUse {
        /// The address.
        address: SocketAddr,
    },
    /// The API cannot start.
    #[error(transparent)]
    Api(ApiError),
    /// A running node was asked and did not answer as it was wanted.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The node ran and had to stop.
    #[error("{0}")]
    Halted(String),
    /// Standard output, or the system's signals, cannot be used.
    #[error("{0}")]
    System(#[from] io::Error),
    /// A bench failed.
    #[error(transparent)]
    Bench(#[from] anyhow::Error),
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::AddressInUse { address } => Self::AddressInUse { address },
            ApiError::Listen { .. } | ApiError::Thread(_) | ApiError::Randomness(_) => Self::Api(error),
        }
    }
}

/// The next port of the same address.
fn neighbour(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip(), address.port().checked_add(1).unwrap_or(14_265))
}

impl Failure {
    /// The code the program ends with.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Folder(error) => match error {
                FolderError::InUse { .. } => Exit::FolderInUse,
                FolderError::Foreign { .. }
                | FolderError::Empty(_)
                | FolderError::NoIdentity(_)
                | FolderError::Unfinished(_)
                | FolderError::Incomplete(_) => Exit::WrongFolder,
                FolderError::File(error) => of_file(error),
            },
            Self::File(error) => of_file(error),
            Self::Network(error) => error.exit(),
            Self::Config(error) => error.exit(),
            Self::Resolve(error) => error.exit(),
            Self::Store(StoreError::InUse { .. }) => Exit::FolderInUse,
            Self::Store(_) | Self::Load(_) | Self::Start(_) | Self::Halted(_) => Exit::NodeStopped,
            Self::Http(HttpError::Url { .. })
            | Self::NoNetwork
            | Self::NoSnapshot { .. }
            | Self::Peer { .. }
            | Self::NoPort { .. }
            | Self::SeveralNodes => Exit::Usage,
            Self::Gossip(osmia_network::NetworkError::Listen { .. })
            | Self::AddressInUse { .. }
            | Self::Api(ApiError::AddressInUse { .. } | ApiError::Listen { .. }) => Exit::AddressUnavailable,
            Self::Http(_)
            | Self::Api(ApiError::Thread(_) | ApiError::Randomness(_))
            | Self::Snapshot { .. }
            | Self::System(_)
            | Self::Bench(_)
            | Self::Gossip(_)
            | Self::Identity(_) => Exit::Failure,
        }
    }

    /// Prints the error, its causes and what can be done, to standard error.
    pub(crate) fn print(&self) {
        let mut text = self.to_string();
        // Most of our messages hold their cause already; foreign ones do not.
        let mut cause = self.source();
        while let Some(error) = cause {
            let said = error.to_string();
            if !text.contains(&said) {
                text = format!("{text}: {said}");
            }
            cause = error.source();
        }
        if let Self::Store(StoreError::Corrupt { .. }) = self {
            text += " (osmia private-net --recover)";
        }
        terminal::warn("error", Style::Red, &text);
    }
}

/// The code for a file that could not be used: a full disk stops a node wherever it is noticed.
pub(crate) fn of_file(error: &FileError) -> Exit {
    let is_full = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded].contains(&error.kind());
    if is_full { Exit::NodeStopped } else { Exit::Failure }
}
