//! `network.json`: what a data folder's network is, and what others join it by. A person can read it;
//! docs/operators/private-net.md describes it.

use std::path::{Path, PathBuf};

use osmia_chrysalis::{Address, AddressError, KeyRange, MilestoneKeys, ProtocolParameters};
use osmia_primitives::bech32::Bech32Error;
use osmia_primitives::ed25519::PublicKey;
use osmia_primitives::{MilestoneIndex, hex};

use crate::config::address;
use crate::limits::{MIN_POW_SCORE_MAX, NETWORK_NAME_CHARACTERS_MAX};

/// The format that is written. Format 1, which had the coordinator's keys without their ranges and nothing for others to join
/// by, is read too.
const FORMAT: u32 = 2;

/// Why the description of a network is not one.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NetworkFileError {
    /// It is not JSON of the right shape.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// A newer program wrote it.
    #[error(
        "it has format {0}, this version of osmia knows formats 1 and {FORMAT}: use the version that wrote it"
    )]
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
    #[error("the coordinator's public key \"{0}\" is not one of 64 hexadecimal characters")]
    Key(String),
    /// More keys must sign than there are.
    #[error("milestone_keys: threshold is {threshold}, with {keys} keys; it is from 1 to the number of keys")]
    Threshold {
        /// How many keys must sign.
        threshold: usize,
        /// How many there are.
        keys: usize,
    },
    /// A range of milestones ends before it begins.
    #[error("milestone_keys: a range that starts at {start} cannot end at {end} (0: it has no end)")]
    Range {
        /// Its first milestone.
        start: u32,
        /// Its last one.
        end: u32,
    },
    /// A peer's address is not one.
    #[error("gossip_peers: {0}")]
    Peer(String),
    /// The network's first ledger is not described.
    #[error("genesis: a private network has one")]
    NoGenesis,
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

/// What a network is, and what helps to join it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Description {
    /// What its nodes agree on.
    pub(crate) parameters: ProtocolParameters,
    /// The ledger it began with, where that is one output.
    pub(crate) genesis: Option<Genesis>,
    /// Where the words of the owner are kept on the machine that made the network, when that is not in its data folder.
    pub(crate) mnemonic_file: Option<PathBuf>,
    /// Nodes that can be asked for a connection, as multiaddresses with `/p2p/ID`.
    pub(crate) gossip_peers: Vec<String>,
    /// Where REST APIs of the network answer: hints for people and programs.
    pub(crate) api_urls: Vec<String>,
}

/// The first ledger of a private network; its snapshot follows from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Genesis {
    /// Who owns the whole supply.
    pub(crate) owner: Address,
    /// When the network was made, in seconds of unix time.
    pub(crate) timestamp: u64,
}

/// A private network of a data folder: a [`Description`] with a genesis.
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
    /// Nodes that can be asked for a connection, as multiaddresses with `/p2p/ID`.
    pub(crate) gossip_peers: Vec<String>,
    /// Where REST APIs of the network answer.
    pub(crate) api_urls: Vec<String>,
}

/// The shape on disk.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct DescriptionJson {
    format: u32,
    #[serde(default)]
    written_by: String,
    network_name: String,
    bech32_hrp: String,
    min_pow_score: f64,
    milestone_keys: MilestoneKeysJson,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    genesis: Option<GenesisJson>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mnemonic_file: Option<PathBuf>,
    #[serde(default)]
    gossip_peers: Vec<String>,
    #[serde(default)]
    api_urls: Vec<String>,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct MilestoneKeysJson {
    threshold: usize,
    ranges: Vec<RangeJson>,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RangeJson {
    public_key: String,
    start: u32,
    /// 0: it has no end.
    end: u32,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct GenesisJson {
    owner_address: String,
    timestamp: u64,
}

/// The shape of format 1.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct FirstJson {
    #[serde(rename = "format")]
    _format: u32,
    #[serde(rename = "written_by")]
    _written_by: String,
    network_name: String,
    bech32_hrp: String,
    min_pow_score: f64,
    coordinator_public_keys: Vec<String>,
    owner_address: String,
    mnemonic_file: Option<PathBuf>,
    genesis_timestamp: u64,
}

impl FirstJson {
    /// The same in the format of today: every key signed every milestone.
    fn into_current(self) -> DescriptionJson {
        let range = |public_key| RangeJson { public_key, start: 0, end: 0 };
        let ranges: Vec<RangeJson> = self.coordinator_public_keys.into_iter().map(range).collect();
        DescriptionJson {
            format: FORMAT,
            written_by: String::new(),
            network_name: self.network_name,
            bech32_hrp: self.bech32_hrp,
            min_pow_score: self.min_pow_score,
            milestone_keys: MilestoneKeysJson { threshold: ranges.len(), ranges },
            genesis: Some(GenesisJson {
                owner_address: self.owner_address,
                timestamp: self.genesis_timestamp,
            }),
            mnemonic_file: self.mnemonic_file,
            gossip_peers: Vec::new(),
            api_urls: Vec::new(),
        }
    }
}

/// Only the field that tells whether the others can be read.
#[derive(serde::Deserialize)]
struct FormatJson {
    format: u32,
}

impl Description {
    /// The text of its file.
    ///
    /// # Errors
    /// [`NetworkFileError::Hrp`] when the prefix cannot begin an address.
    pub(crate) fn to_json(&self) -> Result<String, NetworkFileError> {
        let parameters = &self.parameters;
        let range = |range: &KeyRange| RangeJson {
            public_key: hex::encode(&range.public_key.0),
            start: range.start.0,
            end: range.end.0,
        };
        let genesis = |genesis: &Genesis| {
            let owner_address = genesis.owner.to_bech32(&parameters.bech32_hrp)?;
            Ok::<_, Bech32Error>(GenesisJson { owner_address, timestamp: genesis.timestamp })
        };
        let json = DescriptionJson {
            format: FORMAT,
            written_by: format!("osmia {}", env!("CARGO_PKG_VERSION")),
            network_name: parameters.network_name.clone(),
            bech32_hrp: parameters.bech32_hrp.clone(),
            min_pow_score: parameters.min_pow_score,
            milestone_keys: MilestoneKeysJson {
                threshold: parameters.keys.threshold(),
                ranges: parameters.keys.ranges().iter().map(range).collect(),
            },
            genesis: self.genesis.as_ref().map(genesis).transpose()?,
            mnemonic_file: self.mnemonic_file.clone(),
            gossip_peers: self.gossip_peers.clone(),
            api_urls: self.api_urls.clone(),
        };
        Ok(serde_json::to_string_pretty(&json)? + "\n")
    }

    /// The network that a file's `text` describes, in any format there was.
    ///
    /// # Errors
    /// [`NetworkFileError`].
    pub(crate) fn from_json(text: &str) -> Result<Self, NetworkFileError> {
        let FormatJson { format } = serde_json::from_str(text)?;
        let json = match format {
            1 => serde_json::from_str::<FirstJson>(text)?.into_current(),
            FORMAT => serde_json::from_str(text)?,
            _ => return Err(NetworkFileError::Format(format)),
        };
        check_name(&json.network_name)?;
        check_score(json.min_pow_score)?;
        let keys = milestone_keys(&json.milestone_keys)?;
        let hrp = json.bech32_hrp.as_str();
        let genesis = |genesis: GenesisJson| {
            let owner = Address::from_bech32(hrp, &genesis.owner_address)?;
            Ok::<_, AddressError>(Genesis { owner, timestamp: genesis.timestamp })
        };
        for peer in &json.gossip_peers {
            address::check_peer(peer).map_err(NetworkFileError::Peer)?;
        }
        Ok(Self {
            parameters: ProtocolParameters::new(&json.network_name, hrp, json.min_pow_score, keys)?,
            genesis: json.genesis.map(genesis).transpose()?,
            mnemonic_file: json.mnemonic_file,
            gossip_peers: json.gossip_peers,
            api_urls: json.api_urls,
        })
    }
}

fn milestone_keys(json: &MilestoneKeysJson) -> Result<MilestoneKeys, NetworkFileError> {
    let (threshold, keys) = (json.threshold, json.ranges.len());
    if threshold == 0 || threshold > keys {
        return Err(NetworkFileError::Threshold { threshold, keys });
    }
    let range = |range: &RangeJson| {
        let (start, end) = (range.start, range.end);
        if end != 0 && end < start {
            return Err(NetworkFileError::Range { start, end });
        }
        let public_key = hex::decode_array(&range.public_key).map(PublicKey);
        let public_key = public_key.map_err(|_| NetworkFileError::Key(range.public_key.clone()))?;
        Ok(KeyRange { public_key, start: MilestoneIndex(start), end: MilestoneIndex(end) })
    };
    Ok(MilestoneKeys::new(json.ranges.iter().map(range).collect::<Result<_, _>>()?, threshold))
}

impl Network {
    /// The text of its file.
    ///
    /// # Errors
    /// [`NetworkFileError::Hrp`] when the prefix cannot begin an address.
    pub(crate) fn to_json(&self) -> Result<String, NetworkFileError> {
        self.description().to_json()
    }

    /// The private network that a file's `text` describes.
    ///
    /// # Errors
    /// [`NetworkFileError`].
    pub(crate) fn from_json(text: &str) -> Result<Self, NetworkFileError> {
        let description = Description::from_json(text)?;
        let genesis = description.genesis.ok_or(NetworkFileError::NoGenesis)?;
        Ok(Self {
            parameters: description.parameters,
            owner: genesis.owner,
            mnemonic_file: description.mnemonic_file,
            genesis_timestamp: genesis.timestamp,
            gossip_peers: description.gossip_peers,
            api_urls: description.api_urls,
        })
    }

    /// What others can join the network by.
    pub(crate) fn description(&self) -> Description {
        Description {
            parameters: self.parameters.clone(),
            genesis: Some(Genesis { owner: self.owner, timestamp: self.genesis_timestamp }),
            mnemonic_file: self.mnemonic_file.clone(),
            gossip_peers: self.gossip_peers.clone(),
            api_urls: self.api_urls.clone(),
        }
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
mod tests;
