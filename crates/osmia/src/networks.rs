//! The networks the program knows by itself, and those that a file describes.

use std::fmt;
use std::path::{Path, PathBuf};

use osmia_chrysalis::{Address, KeyRange, MilestoneKeys, ProtocolParameters};
use osmia_primitives::ed25519::PublicKey;
use osmia_primitives::{MilestoneIndex, hex};

use crate::config;
use crate::exit::Exit;
use crate::failure;
use crate::files::{self, FileError};
use crate::limits::SMALL_FILE_BYTES_MAX;
use crate::network_file::{Description, Genesis, NetworkFileError};

pub(crate) mod private_tangle1;

/// Why there is no such network.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResolveError {
    /// It is neither a name we know nor a file.
    #[error("{}", unknown(.0))]
    Unknown(String),
    /// The file does not describe a network.
    #[error("{path} does not describe a network: {source}")]
    Description {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: NetworkFileError,
    },
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
}

fn unknown(name: &str) -> String {
    let names: Vec<&str> = ALL.iter().map(|network| network.name).collect();
    let shown: String = name.chars().flat_map(char::escape_debug).collect();
    match config::nearest(name, names.iter().copied()) {
        Some(meant) => format!("there is no network \"{shown}\"; is {meant} meant?"),
        None => format!("there is no network \"{shown}\"; known are {}", names.join(", ")),
    }
}

impl ResolveError {
    /// The code the program ends with.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Unknown(_) | Self::Description { .. } => Exit::Usage,
            Self::File(error) => failure::of_file(error),
        }
    }
}

/// A network to join.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NetworkChoice {
    /// Where its description comes from.
    pub(crate) origin: Origin,
    /// What it is.
    pub(crate) description: Description,
}

/// Where the description of a network comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The program knows it.
    BuiltIn,
    /// A file.
    File(PathBuf),
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn => write!(formatter, "built in"),
            Self::File(path) => write!(formatter, "{}", path.display()),
        }
    }
}

impl NetworkChoice {
    /// What its nodes agree on.
    pub(crate) const fn parameters(&self) -> &ProtocolParameters {
        &self.description.parameters
    }

    /// The ledger it began with, when that is one output of a known owner.
    pub(crate) const fn genesis(&self) -> Option<&Genesis> {
        self.description.genesis.as_ref()
    }
}

/// A key of the coordinator in hexadecimal, and the first and the last milestone it may sign (0: no last one).
type Range = (&'static str, u32, u32);

/// A network whose parameters are published.
struct BuiltIn {
    name: &'static str,
    bech32_hrp: &'static str,
    min_pow_score: f64,
    threshold: usize,
    ranges: &'static [Range],
    /// The address that owned the whole supply at the beginning, where a private network begins so.
    genesis_owner: Option<[u8; 32]>,
}

/// As the reference node's configuration files give them.
const ALL: [BuiltIn; 3] = [
    BuiltIn {
        name: "chrysalis-mainnet",
        bech32_hrp: "iota",
        min_pow_score: 4_000.0,
        threshold: 2,
        ranges: &[
            ("a9b46fe743df783dedd00c954612428b34241f5913cf249d75bed3aafd65e4cd", 0, 777_600),
            ("365fb85e7568b9b32f7359d6cbafa9814472ad0ecbad32d77beaf5dd9e84c6ba", 0, 1_555_200),
            ("ba6d07d1a1aea969e7e435f9f7d1b736ea9e0fcb8de400bf855dba7f2a57e947", 552_960, 2_108_160),
            ("760d88e112c0fd210cf16a3dce3443ecf7e18c456c2fb9646cabb2e13e367569", 1_333_460, 2_888_660),
            ("7bac2209b576ea2235539358c7df8ca4d2f2fc35a663c760449e65eba9f8a6e7", 2_108_160, 3_359_999),
            ("edd9c639a719325e465346b84133bf94740b7d476dd87fc949c0e8df516f9954", 2_888_660, 3_359_999),
            ("47a5098c696e0fb53e6339edac574be4172cb4701a8210c2ae7469b536fd2c59", 3_360_000, 0),
            ("ae4e03072b4869e87dd4cd59315291a034493a8c202b43b257f9c07bc86a2f3e", 3_360_000, 0),
        ],
        genesis_owner: None,
    },
    BuiltIn {
        name: "chrysalis-devnet",
        bech32_hrp: "atoi",
        min_pow_score: 2_000.0,
        threshold: 2,
        ranges: &[
            ("31ea3169abd40ee4096dfa4940962c64c8500066ca2ec1eedb2c5ee9aa0db5d8", 0, 0),
            ("5a1f0250640fb1ba82315b8aee4ebbe466da083a13adf77347c4516376cb4431", 0, 0),
        ],
        genesis_owner: None,
    },
    BuiltIn {
        name: private_tangle1::NAME,
        bech32_hrp: "atoi",
        min_pow_score: 100.0,
        threshold: 2,
        ranges: &[
            ("ed3c3f1a319ff4e909cf2771d79fece0ac9bd9fd2ee49ea6c0885c9cb3b1248c", 0, 0),
            ("f6752f5f46a53364e2ee9c4d662d762a81efd51010282a75cd6bd03f28ef349c", 0, 0),
        ],
        genesis_owner: Some(private_tangle1::OWNER),
    },
];

impl BuiltIn {
    fn choice(&self) -> NetworkChoice {
        let range = |&(key, start, end): &Range| KeyRange {
            public_key: PublicKey(hex::decode_array(key).expect("because a test reads every key")),
            start: MilestoneIndex(start),
            end: MilestoneIndex(end),
        };
        let keys = MilestoneKeys::new(self.ranges.iter().map(range).collect(), self.threshold);
        let parameters = ProtocolParameters::new(self.name, self.bech32_hrp, self.min_pow_score, keys);
        // Its file carries the moment it was made at; that changes neither the ledger nor anything that is checked.
        let genesis = |owner| Genesis { owner: Address::Ed25519(owner), timestamp: 0 };
        let description = Description {
            parameters: parameters.expect("because a test makes every network"),
            genesis: self.genesis_owner.map(genesis),
            mnemonic_file: None,
            gossip_peers: Vec::new(),
            api_urls: Vec::new(),
        };
        NetworkChoice { origin: Origin::BuiltIn, description }
    }
}

/// The built-in networks.
pub(crate) fn all() -> impl Iterator<Item = NetworkChoice> {
    ALL.iter().map(BuiltIn::choice)
}

/// The built-in network called `name`.
///
/// # Errors
/// [`ResolveError::Unknown`].
pub(crate) fn built_in(name: &str) -> Result<NetworkChoice, ResolveError> {
    let found = ALL.iter().find(|network| network.name == name);
    found.map(BuiltIn::choice).ok_or_else(|| ResolveError::Unknown(name.to_owned()))
}

/// The network that the file `path` describes.
///
/// # Errors
/// [`ResolveError`].
pub(crate) fn from_file(path: &Path) -> Result<NetworkChoice, ResolveError> {
    let text = files::read_text(path, SMALL_FILE_BYTES_MAX)?;
    let description = Description::from_json(&text)
        .map_err(|source| ResolveError::Description { path: path.to_owned(), source })?;
    Ok(NetworkChoice { origin: Origin::File(path.to_owned()), description })
}

/// Refuses a `text` that can mean no network: neither a built-in name nor a path.
///
/// # Errors
/// [`ResolveError::Unknown`].
pub(crate) fn check_mentioned(text: &str) -> Result<(), ResolveError> {
    match built_in(text) {
        // A name that was mistyped has no separator, and no file is called so.
        Err(unknown) if !text.contains('/') && !Path::new(text).exists() => Err(unknown),
        Ok(_) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests;
