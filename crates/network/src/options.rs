//! How the network is started.

use std::path::PathBuf;

use libp2p::Multiaddr;
use osmia_primitives::NetworkId;

use crate::address::AddressError;
use crate::identity::Identity;

/// How the network is started.
#[derive(Clone)]
pub struct NetworkOptions {
    /// The network of messages; it is part of the name of the protocol.
    pub network_id: NetworkId,
    /// Where to listen, for example `/ip4/0.0.0.0/tcp/15600`; port 0 takes a free one. With none the node only dials.
    pub listen: Vec<Multiaddr>,
    /// Addresses under which others reach this node when it cannot know them itself, told to peers.
    pub external: Vec<Multiaddr>,
    /// The node's key.
    pub identity: Identity,
    /// The peers of the configuration.
    pub peers: Vec<StaticPeer>,
    /// How many peers that nobody configured may gossip with this node; 0 for none.
    pub unknown_peers_max: usize,
    /// The folder of `peers.json`, which keeps peers added at run time, and bans. It must exist.
    pub folder: PathBuf,
    /// 32 bytes of fresh, secret randomness.
    pub seed: [u8; 32],
    /// Name and version told to peers, for example `Osmia/0.1.0`.
    pub agent: String,
}

/// A peer of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaticPeer {
    /// Where it is, ending with `/p2p/` and its id. Several entries with one id are several addresses of one peer.
    pub address: Multiaddr,
    /// What the operator calls it.
    pub alias: Option<String>,
}

/// Why the network could not start.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// A peer of the configuration cannot be used.
    #[error("peer {address}: {reason}")]
    Peer {
        /// Its address.
        address: Multiaddr,
        /// What is wrong.
        reason: PeerError,
    },
    /// An address cannot be listened on.
    #[error("cannot listen for peers on {address}: {reason}")]
    Listen {
        /// The address.
        address: Multiaddr,
        /// What the system said.
        reason: String,
    },
    /// The transport or a thread could not be made.
    #[error("cannot start the network: {0}")]
    Start(String),
}

/// Why a peer could not be added, changed or removed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeerError {
    /// No such peer is known.
    #[error("the peer is not known")]
    NotFound,
    /// The address does not say whose it is.
    #[error("{}", AddressError::MissingPeerId)]
    MissingPeerId,
    /// The address cannot be dialled.
    #[error(transparent)]
    Address(AddressError),
    /// The peer is this node itself.
    #[error("the peer is this node itself")]
    OwnId,
    /// No more peers, or addresses of one peer, can be kept.
    #[error("there are too many {0} already")]
    TooMany(&'static str),
    /// The alias is too long.
    #[error("the alias is longer than {} characters", crate::limits::ALIAS_CHARACTERS_MAX)]
    AliasTooLong,
    /// Too many commands wait.
    #[error("the network is busy, try again in a moment")]
    Busy,
    /// The network has stopped or is stopping.
    #[error("the network has stopped")]
    Stopped,
}

impl From<AddressError> for PeerError {
    fn from(error: AddressError) -> Self {
        match error {
            AddressError::MissingPeerId => Self::MissingPeerId,
            AddressError::Syntax(_) | AddressError::Unsupported | AddressError::TooLong => {
                Self::Address(error)
            }
        }
    }
}

impl std::fmt::Debug for NetworkOptions {
    /// Leaves the secrets out.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("NetworkOptions")
            .field("network_id", &self.network_id)
            .field("listen", &self.listen)
            .field("external", &self.external)
            .field("identity", &self.identity)
            .field("peers", &self.peers)
            .field("unknown_peers_max", &self.unknown_peers_max)
            .field("folder", &self.folder)
            .field("agent", &self.agent)
            .finish_non_exhaustive()
    }
}
