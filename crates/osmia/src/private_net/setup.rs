//! The network of a data folder: made at the first start, read at every later one.
//!
//! Files are written in such an order that a crash at any moment leaves a folder which the next start completes: first
//! the secrets and the genesis, then the description of the network, which makes them count, then the database. Secrets
//! without a description were never shown to anybody and are written again.

use std::path::{Path, PathBuf};

use osmia_chrysalis::snapshot::{self, SnapshotError};
use osmia_chrysalis::{Address, ProtocolParameters};
use osmia_primitives::bech32::Bech32Error;
use osmia_primitives::ed25519::{PublicKey, SecretKey};
use osmia_primitives::hex;

use crate::cli::PrivateNetArgs;
use crate::data_folder::DataFolder;
use crate::exit::Exit;
use crate::failure::{self, Failure};
use crate::files::{self, FileError};
use crate::keys::{self, KeyError, OwnerMnemonic};
use crate::limits::{MNEMONIC_FILE_BYTES_MAX, SMALL_FILE_BYTES_MAX};
use crate::network_file::{self, Network, NetworkFileError};
use crate::networks::{self, NetworkChoice, ResolveError, private_tangle1};

const HRP: &str = "atoi";
const MIN_POW_SCORE: f64 = 100.0;

/// Why a network could not be made or resumed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NetworkError {
    /// An option contradicts the network in the folder.
    #[error(
        "the network in {folder} has {stored}, but {option} asks for {wished}: leave the option away to resume the network, or begin a new one with --reset"
    )]
    Differs {
        /// The folder.
        folder: PathBuf,
        /// The option.
        option: &'static str,
        /// What the folder has.
        stored: String,
        /// What was asked for.
        wished: String,
    },
    /// The description of the network cannot be used.
    #[error(
        "{path} does not describe a network: {source}; bring the file back, or begin a new network with --reset"
    )]
    Description {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: NetworkFileError,
    },
    /// The coordinator's keys cannot be used.
    #[error(
        "the coordinator's keys in {path} cannot be used: {source}; bring the file back, or begin a new network with --reset"
    )]
    CoordinatorKeys {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: KeyError,
    },
    /// The coordinator's keys are not those the network knows.
    #[error(
        "the coordinator's keys in {0} are not those of the network: bring the file back, or begin a new network with --reset"
    )]
    OtherCoordinatorKeys(PathBuf),
    /// The words in the operator's file are not a mnemonic.
    #[error("{path}: {source}")]
    Mnemonic {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: KeyError,
    },
    /// No secrets could be made.
    #[error(transparent)]
    Secrets(#[from] KeyError),
    /// The prefix cannot begin an address.
    #[error(transparent)]
    Hrp(#[from] Bech32Error),
    /// The genesis cannot be made.
    #[error(transparent)]
    Genesis(#[from] SnapshotError),
    /// There is no such network to make again.
    #[error(transparent)]
    Like(#[from] ResolveError),
    /// A file cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
}

impl NetworkError {
    /// The code the program ends with.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Differs { .. }
            | Self::Description { .. }
            | Self::CoordinatorKeys { .. }
            | Self::OtherCoordinatorKeys(_) => Exit::WrongFolder,
            Self::Mnemonic { .. } | Self::Hrp(_) => Exit::Usage,
            Self::Secrets(_) | Self::Genesis(_) => Exit::Failure,
            Self::Like(error) => error.exit(),
            Self::File(error) => failure::of_file(error),
        }
    }
}

/// What the operator wants of the network; `None` leaves it to the folder, or to the default of a new network.
pub(crate) struct Wishes {
    name: Option<String>,
    hrp: Option<String>,
    min_pow_score: Option<f64>,
    mnemonic: Option<(PathBuf, OwnerMnemonic)>,
    /// A published network to make again; nothing else is wished for then.
    like: Option<NetworkChoice>,
}

impl Wishes {
    /// Reads the options, and the words where they name a file.
    pub(crate) fn read(args: &PrivateNetArgs) -> Result<Self, NetworkError> {
        let mnemonic = args.mnemonic_file.as_ref().map(|path| read_mnemonic(path)).transpose()?;
        Ok(Self {
            name: args.network.clone(),
            hrp: args.hrp.clone(),
            min_pow_score: args.min_pow_score,
            mnemonic,
            like: args.like.as_deref().map(networks::built_in).transpose()?,
        })
    }
}

fn read_mnemonic(path: &Path) -> Result<(PathBuf, OwnerMnemonic), NetworkError> {
    let path = std::path::absolute(path).map_err(|source| FileError::new("read", path, source))?;
    let text = files::read_text(&path, MNEMONIC_FILE_BYTES_MAX)?;
    match OwnerMnemonic::parse(&text) {
        Ok(mnemonic) => Ok((path, mnemonic)),
        Err(source) => Err(NetworkError::Mnemonic { path, source }),
    }
}

/// A network that can be started.
pub(crate) struct Prepared {
    /// The network.
    pub(crate) network: Network,
    /// The coordinator's keys.
    pub(crate) coordinator_keys: Vec<SecretKey>,
    /// The owner's words, when this start made them.
    pub(crate) new_words: Option<String>,
    /// Whether this start made the network.
    pub(crate) is_new: bool,
}

/// The network of `folder`, which is made when there is none. `now` is in seconds of unix time.
pub(crate) fn prepare(folder: &DataFolder, wishes: Wishes, now: u64) -> Result<Prepared, Failure> {
    match folder.read_network()? {
        Some(text) => Ok(resume(folder, &wishes, &text)?),
        None => Ok(create(folder, wishes, now)?),
    }
}

/// What a new network is made of.
struct Plan {
    parameters: ProtocolParameters,
    coordinator_keys: Vec<SecretKey>,
    mnemonic: OwnerMnemonic,
    mnemonic_file: Option<PathBuf>,
}

impl Plan {
    /// Fresh secrets, where the operator brings none.
    fn fresh(wishes: Wishes) -> Result<Self, NetworkError> {
        let coordinator_keys = keys::generate_coordinator_keys()?;
        let public_keys: Vec<PublicKey> = coordinator_keys.iter().map(SecretKey::public_key).collect();
        let name = match wishes.name {
            Some(name) => name,
            None => format!("private-{}", hex::encode(&keys::random::<4>()?)),
        };
        let (mnemonic_file, mnemonic) = match wishes.mnemonic {
            Some((path, mnemonic)) => (Some(path), mnemonic),
            None => (None, OwnerMnemonic::generate()?),
        };
        let hrp = wishes.hrp.as_deref().unwrap_or(HRP);
        let min_pow_score = wishes.min_pow_score.unwrap_or(MIN_POW_SCORE);
        let parameters = network_file::parameters(&name, hrp, min_pow_score, &public_keys)?;
        Ok(Self { parameters, coordinator_keys, mnemonic, mnemonic_file })
    }

    /// A network whose secrets are published.
    fn published(network: NetworkChoice) -> Result<Self, NetworkError> {
        Ok(Self {
            parameters: network.description.parameters,
            coordinator_keys: private_tangle1::coordinator_keys(),
            mnemonic: OwnerMnemonic::parse(private_tangle1::OWNER_WORDS)?,
            mnemonic_file: None,
        })
    }
}

fn create(folder: &DataFolder, mut wishes: Wishes, now: u64) -> Result<Prepared, NetworkError> {
    let plan = match wishes.like.take() {
        Some(network) => Plan::published(network)?,
        None => Plan::fresh(wishes)?,
    };
    let Plan { parameters, coordinator_keys, mnemonic, mnemonic_file } = plan;
    let network = Network {
        parameters,
        owner: mnemonic.address(),
        mnemonic_file,
        genesis_timestamp: now,
        gossip_peers: Vec::new(),
        api_urls: Vec::new(),
    };
    let new_words = network.mnemonic_file.is_none().then(|| mnemonic.words());
    if let Some(words) = &new_words {
        files::write_whole(&folder.mnemonic(), format!("{words}\n").as_bytes())?;
    }
    files::write_whole(&folder.coordinator_keys(), keys::pack_keys(&coordinator_keys).as_bytes())?;
    genesis_snapshot(folder, &network)?;
    let path = folder.network();
    let json =
        network.to_json().map_err(|source| NetworkError::Description { path: path.clone(), source })?;
    files::write_whole(&path, json.as_bytes())?;
    Ok(Prepared { network, coordinator_keys, new_words, is_new: true })
}

/// Writes the genesis of `network` to its file and gives its bytes. They follow from the description alone.
pub(crate) fn genesis_snapshot(folder: &DataFolder, network: &Network) -> Result<Vec<u8>, NetworkError> {
    let ProtocolParameters { network_id, .. } = network.parameters;
    let bytes = snapshot::genesis(network_id, network.genesis_timestamp, network.owner, 0)?;
    files::write_whole(&folder.genesis(), &bytes)?;
    Ok(bytes)
}

fn resume(folder: &DataFolder, wishes: &Wishes, text: &str) -> Result<Prepared, NetworkError> {
    let network = Network::from_json(text)
        .map_err(|source| NetworkError::Description { path: folder.network(), source })?;
    check_wishes(folder.path(), &network, wishes)?;
    let path = folder.coordinator_keys();
    let coordinator_keys = keys::parse_keys(&files::read_text(&path, SMALL_FILE_BYTES_MAX)?)
        .map_err(|source| NetworkError::CoordinatorKeys { path: path.clone(), source })?;
    let known: Vec<PublicKey> =
        network.parameters.keys.ranges().iter().map(|range| range.public_key).collect();
    let found: Vec<PublicKey> = coordinator_keys.iter().map(SecretKey::public_key).collect();
    if known != found {
        return Err(NetworkError::OtherCoordinatorKeys(path));
    }
    Ok(Prepared { network, coordinator_keys, new_words: None, is_new: false })
}

/// Refuses options that contradict the network.
fn check_wishes(folder: &Path, network: &Network, wishes: &Wishes) -> Result<(), NetworkError> {
    let parameters = &network.parameters;
    if let Some(like) = wishes.like.as_ref().filter(|like| like.parameters() != parameters) {
        return Err(NetworkError::Differs {
            folder: folder.to_owned(),
            option: "--like",
            stored: format!("the name {} and parameters of its own", parameters.network_name),
            wished: like.parameters().network_name.clone(),
        });
    }
    let owner_of = |owner: Address| owner.to_bech32(&parameters.bech32_hrp);
    let wished_owner = wishes.mnemonic.as_ref().map(|(_, words)| owner_of(words.address())).transpose()?;
    let (name, hrp) = (parameters.network_name.clone(), parameters.bech32_hrp.clone());
    let score = parameters.min_pow_score.to_string();
    let checks = [
        ("--network", "the name", name, wishes.name.clone()),
        ("--hrp", "addresses that begin with", hrp, wishes.hrp.clone()),
        ("--min-pow-score", "the minimum score", score, wishes.min_pow_score.map(|score| score.to_string())),
        ("--mnemonic-file", "the owner", owner_of(network.owner)?, wished_owner),
    ];
    for (option, what, stored, wished) in checks {
        if let Some(wished) = wished.filter(|wished| *wished != stored) {
            return Err(NetworkError::Differs {
                folder: folder.to_owned(),
                option,
                stored: format!("{what} {stored}"),
                wished,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
