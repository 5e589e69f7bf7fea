//! `network.json`: what a data folder's network is. A person can read it; docs/operators/private-net.md describes it.

use std::path::{Path, PathBuf};

use osmia_chrysalis::{Address, AddressError, KeyRange, MilestoneKeys, ProtocolParameters};
use osmia_primitives::bech32::Bech32Error;
use osmia_primitives::ed25519::PublicKey;
use osmia_primitives::{MilestoneIndex, hex};

use crate::limits::{MIN_POW_SCORE_MAX, NETWORK_NAME_CHARACTERS_MAX};

/// The only format there is.
const FORMAT: u32 = 1;

/// Why the description of a network is not one.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NetworkFileError {
    /// It is not JSON of the right shape.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// A newer program wrote it.
    #[error("it has format {0}, this version of osmia knows format {FORMAT}: use the version that wrote it")]
    Format(u32),
    /// The name cannot be a network's.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The score cannot be used.
    #[error(transparent)]
    Score(#[from] ScoreError),
    /// The prefix cannot begin an address.
    #[error("bech32_hrp: {0}")]
    Hrp(#[from] Bech32Error),
    /// A key is not one.
    #[error("coordinator_public_keys: \"{0}\" is not a key of 64 hexadecimal characters")]
    Key(String),
    /// The owner's address is not one of the network.
    #[error("owner_address: {0}")]
    Owner(#[from] AddressError),
}

/// A network's name is wrong.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a network's name has 1 to {NETWORK_NAME_CHARACTERS_MAX} characters, letters, digits, '-', '_' and '.' only"
)]
pub(crate) struct NameError;

/// A minimum proof-of-work score is wrong.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a minimum proof-of-work score is a number from 0 to {MIN_POW_SCORE_MAX}")]
pub(crate) struct ScoreError;

/// Checks the name of a network.
pub(crate) fn check_name(name: &str) -> Result<(), NameError> {
    let is_allowed = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    let fits = (1..=NETWORK_NAME_CHARACTERS_MAX).contains(&name.len());
    if fits && name.chars().all(is_allowed) { Ok(()) } else { Err(NameError) }
}

/// Checks a minimum proof-of-work score.
pub(crate) fn check_score(score: f64) -> Result<(), ScoreError> {
    if (0.0..=MIN_POW_SCORE_MAX).contains(&score) { Ok(()) } else { Err(ScoreError) }
}

/// A network and its genesis.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Network {
    /// What its nodes agree on.
    pub(crate) parameters: ProtocolParameters,
    /// Who owns the whole supply in the genesis.
    pub(crate) owner: Address,
    /// Where the words of the owner are kept, when that is not in the data folder.
    pub(crate) mnemonic_file: Option<PathBuf>,
    /// When the network was made, in seconds of unix time.
    pub(crate) genesis_timestamp: u64,
}

/// The shape on disk.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct NetworkJson {
    format: u32,
    written_by: String,
    network_name: String,
    bech32_hrp: String,
    min_pow_score: f64,
    coordinator_public_keys: Vec<String>,
    owner_address: String,
    mnemonic_file: Option<PathBuf>,
    genesis_timestamp: u64,
}

/// Only the field that tells whether the others can be read.
#[derive(serde::Deserialize)]
struct FormatJson {
    format: u32,
}

impl Network {
    /// The text of its file.
    ///
    /// # Errors
    /// [`NetworkFileError::Hrp`] when the prefix cannot begin an address.
    pub(crate) fn to_json(&self) -> Result<String, NetworkFileError> {
        let parameters = &self.parameters;
        let key = |range: &KeyRange| hex::encode(&range.public_key.0);
        let json = NetworkJson {
            format: FORMAT,
            written_by: format!("osmia {}", env!("CARGO_PKG_VERSION")),
            network_name: parameters.network_name.clone(),
            bech32_hrp: parameters.bech32_hrp.clone(),
            min_pow_score: parameters.min_pow_score,
            coordinator_public_keys: parameters.keys.ranges().iter().map(key).collect(),
            owner_address: self.owner_address()?,
            mnemonic_file: self.mnemonic_file.clone(),
            genesis_timestamp: self.genesis_timestamp,
        };
        Ok(serde_json::to_string_pretty(&json)? + "\n")
    }

    /// The network that a file's `text` describes.
    ///
    /// # Errors
    /// [`NetworkFileError`].
    pub(crate) fn from_json(text: &str) -> Result<Self, NetworkFileError> {
        let FormatJson { format } = serde_json::from_str(text)?;
        if format != FORMAT {
            return Err(NetworkFileError::Format(format));
        }
        let json: NetworkJson = serde_json::from_str(text)?;
        check_name(&json.network_name)?;
        check_score(json.min_pow_score)?;
        let key = |text: &String| {
            hex::decode_array(text).map(PublicKey).map_err(|_| NetworkFileError::Key(text.clone()))
        };
        let keys: Vec<PublicKey> = json.coordinator_public_keys.iter().map(key).collect::<Result<_, _>>()?;
        let owner = Address::from_bech32(&json.bech32_hrp, &json.owner_address)?;
        Ok(Self {
            parameters: parameters(&json.network_name, &json.bech32_hrp, json.min_pow_score, &keys)?,
            owner,
            mnemonic_file: json.mnemonic_file,
            genesis_timestamp: json.genesis_timestamp,
        })
    }

    /// The owner's address as people write it.
    ///
    /// # Errors
    /// When the prefix cannot begin an address.
    pub(crate) fn owner_address(&self) -> Result<String, Bech32Error> {
        self.owner.to_bech32(&self.parameters.bech32_hrp)
    }

    /// Where the owner's words are kept, `in_folder` unless somebody else keeps them.
    pub(crate) fn mnemonic_file<'a>(&'a self, in_folder: &'a Path) -> &'a Path {
        self.mnemonic_file.as_deref().unwrap_or(in_folder)
    }
}

/// The parameters of a private network: every key may sign every milestone, and all of them must.
///
/// # Errors
/// When `hrp` cannot begin an address.
pub(crate) fn parameters(
    name: &str,
    hrp: &str,
    min_pow_score: f64,
    keys: &[PublicKey],
) -> Result<ProtocolParameters, Bech32Error> {
    let range = |key: &PublicKey| KeyRange {
        public_key: *key,
        start: MilestoneIndex(0),
        // No last milestone.
        end: MilestoneIndex(0),
    };
    let keys = MilestoneKeys::new(keys.iter().map(range).collect(), keys.len());
    ProtocolParameters::new(name, hrp, min_pow_score, keys)
}

#[cfg(test)]
mod tests {
    use osmia_primitives::ed25519::SecretKey;

    use super::*;

    fn network() -> Network {
        let keys = [1, 2].map(|seed| SecretKey::from_seed([seed; 32]).public_key());
        Network {
            parameters: parameters("private-1", "atoi", 100.0, &keys).unwrap(),
            owner: Address::Ed25519([7; 32]),
            mnemonic_file: None,
            genesis_timestamp: 1_800_000_000,
        }
    }

    #[test]
    fn a_network_reads_back_from_its_file() {
        for mnemonic_file in [None, Some(PathBuf::from("/keys/words.txt"))] {
            let network = Network { mnemonic_file, ..network() };
            assert_eq!(Network::from_json(&network.to_json().unwrap()).unwrap(), network);
        }
    }

    #[test]
    fn a_wrong_file_is_refused_with_the_place() {
        let good = network().to_json().unwrap();
        for (from, to, expected) in [
            ("\"format\": 1", "\"format\": 2, \"new\": []", "format 2"),
            ("\"format\": 1", "\"format\": 1, \"extra\": 0", "extra"),
            ("private-1", "with space", "network's name"),
            ("100.0", "-1.0", "proof-of-work score"),
            ("\"atoi\"", "\"iota\"", "owner_address"),
            ("\"8a88", "\"8x88", "coordinator_public_keys"),
            ("{", "", "invalid type"),
        ] {
            let wrong = good.replacen(from, to, 1);
            let error = Network::from_json(&wrong).map(|_| wrong).unwrap_err().to_string();
            assert!(error.contains(expected), "{from} -> {to}: {error}");
        }
    }

    #[test]
    fn names_and_scores_are_bounded() {
        for name in ["", "a b", "ä", &"x".repeat(65), "a/b"] {
            assert_eq!(check_name(name), Err(NameError), "{name}");
        }
        assert_eq!(check_name(&"x".repeat(64)), Ok(()));
        for score in [-0.1, f64::NAN, f64::INFINITY, 100_001.0] {
            assert_eq!(check_score(score), Err(ScoreError), "{score}");
        }
        assert_eq!((check_score(0.0), check_score(4000.0)), (Ok(()), Ok(())));
    }
}
