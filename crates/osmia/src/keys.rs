//! The secrets of a private network: the mnemonic that owns the supply, and the coordinator's keys.

mod slip10;

use bip39::Mnemonic;
use osmia_chrysalis::Address;
use osmia_primitives::ed25519::SecretKey;
use osmia_primitives::hex;

/// The path that clients derive an account's first address with: purpose 44, coin type 4218 (IOTA), account 0, external
/// chain, address 0; every step is hardened.
const OWNER_PATH: [u32; 5] = [44, 4218, 0, 0, 0];
/// [`OWNER_PATH`] as clients write it.
pub(crate) const OWNER_PATH_TEXT: &str = "44'/4218'/0'/0'/0'";

/// Keys that sign every milestone of a private network. Published clients cannot parse a milestone with one key and
/// one parent, so there are two.
pub(crate) const COORDINATOR_KEYS: usize = 2;

/// Bytes of entropy behind 24 words.
const ENTROPY_BYTES: usize = 32;

/// Why secrets could not be made or read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    /// The system gives no randomness.
    #[error("the system gives no randomness: {0}")]
    Randomness(getrandom::Error),
    /// The words are not a mnemonic.
    #[error("these are not the words of a BIP-39 mnemonic (12 to 24 English words): {0}")]
    Mnemonic(bip39::Error),
    /// A line is not a key.
    #[error("line {line} is not a key of 64 hexadecimal characters")]
    Key {
        /// Counted from 1.
        line: usize,
    },
    /// There are more or fewer keys than the network has.
    #[error("it holds {0} keys, a private network has {COORDINATOR_KEYS}")]
    KeyCount(usize),
}

/// The words that own the supply. Never printed by accident: there is no `Debug`.
pub(crate) struct OwnerMnemonic(Mnemonic);

impl OwnerMnemonic {
    /// 24 fresh words.
    pub(crate) fn generate() -> Result<Self, KeyError> {
        let mnemonic = Mnemonic::from_entropy(&random::<ENTROPY_BYTES>()?).map_err(KeyError::Mnemonic)?;
        Ok(Self(mnemonic))
    }

    /// The words in `text`, separated by any white space, in upper or lower case.
    pub(crate) fn parse(text: &str) -> Result<Self, KeyError> {
        Mnemonic::parse_normalized(&text.to_lowercase()).map(Self).map_err(KeyError::Mnemonic)
    }

    /// The words, separated by spaces.
    pub(crate) fn words(&self) -> String {
        self.0.words().collect::<Vec<_>>().join(" ")
    }

    /// The address at [`OWNER_PATH_TEXT`], without a passphrase.
    pub(crate) fn address(&self) -> Address {
        Address::of(&self.secret_key().public_key())
    }

    fn secret_key(&self) -> SecretKey {
        SecretKey::from_seed(slip10::derive(&self.0.to_seed_normalized(""), &OWNER_PATH))
    }
}

/// Fresh keys of a coordinator, in the order of their public keys.
pub(crate) fn generate_coordinator_keys() -> Result<Vec<SecretKey>, KeyError> {
    let mut keys = Vec::with_capacity(COORDINATOR_KEYS);
    for _ in 0..COORDINATOR_KEYS {
        keys.push(SecretKey::from_seed(random()?));
    }
    keys.sort_by_key(SecretKey::public_key);
    Ok(keys)
}

/// Keys as their file holds them: one 32-byte seed in hexadecimal on each line.
pub(crate) fn pack_keys(keys: &[SecretKey]) -> String {
    keys.iter().map(|key| hex::encode(&key.seed()) + "\n").collect()
}

/// The keys of a file's `text`.
pub(crate) fn parse_keys(text: &str) -> Result<Vec<SecretKey>, KeyError> {
    let keys: Vec<SecretKey> = text
        .lines()
        .zip(1..)
        .map(|(text, line)| {
            hex::decode_array(text.trim()).map(SecretKey::from_seed).map_err(|_| KeyError::Key { line })
        })
        .collect::<Result<_, _>>()?;
    if keys.len() != COORDINATOR_KEYS {
        return Err(KeyError::KeyCount(keys.len()));
    }
    Ok(keys)
}

/// `N` bytes from the operating system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], KeyError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(KeyError::Randomness)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
