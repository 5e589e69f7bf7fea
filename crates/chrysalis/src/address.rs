//! Addresses: their bytes on the wire (TIP-7) and their Bech32 form (TIP-11).

use std::fmt;

use osmia_primitives::bech32::{self, Bech32Error};
use osmia_primitives::bytes::Reader;
use osmia_primitives::ed25519::PublicKey;
use osmia_primitives::hex;

use crate::syntax_error::SyntaxError;

/// Bytes of an address on the wire: its type and the digest.
pub const ADDRESS_BYTES: usize = 33;
/// The type byte of an Ed25519 address, the only kind there is in Chrysalis.
pub const ED25519_ADDRESS_TYPE: u8 = 0;

/// Who can spend an output. Ordered as its bytes on the wire.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// The BLAKE2b-256 digest of an Ed25519 public key.
    Ed25519([u8; 32]),
}

/// Why a text is not an address of this network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// The text is not Bech32.
    #[error(transparent)]
    Bech32(#[from] Bech32Error),
    /// The text is an address of another network.
    #[error("the address begins with \"{got}\", addresses of this network begin with \"{expected}\"")]
    ForeignPrefix {
        /// The human-readable part of this network.
        expected: String,
        /// The human-readable part of the text.
        got: String,
    },
    /// The data of the text is not that of an address.
    #[error("the Bech32 text holds {0} bytes, an address has 33")]
    WrongLength(usize),
    /// The address is of a kind that Chrysalis does not know.
    #[error("addresses of type {0} are not known, only type 0 (Ed25519)")]
    UnknownType(u8),
}

impl Address {
    /// The address that `public_key` owns.
    #[must_use]
    pub fn of(public_key: &PublicKey) -> Self {
        Self::Ed25519(public_key.address())
    }

    /// The type byte and the digest, as they stand on the wire.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; ADDRESS_BYTES] {
        let Self::Ed25519(digest) = self;
        let mut bytes = [ED25519_ADDRESS_TYPE; ADDRESS_BYTES];
        if let Some(rest) = bytes.last_chunk_mut() {
            *rest = *digest;
        }
        bytes
    }

    /// The address of its bytes on the wire.
    ///
    /// # Errors
    /// [`SyntaxError::AddressType`] when the first byte is not a known type.
    pub fn from_bytes(bytes: &[u8; ADDRESS_BYTES]) -> Result<Self, SyntaxError> {
        Self::read(&mut Reader::new(bytes))
    }

    /// The digest without the type byte.
    #[must_use]
    pub const fn digest(&self) -> &[u8; 32] {
        let Self::Ed25519(digest) = self;
        digest
    }

    /// The type byte on the wire and in JSON.
    #[must_use]
    pub const fn type_byte(&self) -> u8 {
        match self {
            Self::Ed25519(_) => ED25519_ADDRESS_TYPE,
        }
    }

    /// The Bech32 form with the human-readable part `hrp` (TIP-11).
    ///
    /// # Errors
    /// [`Bech32Error::InvalidPrefix`] or, when `hrp` makes the text too long, [`Bech32Error::InvalidText`].
    pub fn to_bech32(&self, hrp: &str) -> Result<String, Bech32Error> {
        bech32::encode(hrp, &self.to_bytes())
    }

    /// The address of a Bech32 `text` of the network with the human-readable part `hrp` (TIP-11).
    ///
    /// # Errors
    /// [`AddressError`]; a valid address of another network is [`AddressError::ForeignPrefix`].
    pub fn from_bech32(hrp: &str, text: &str) -> Result<Self, AddressError> {
        let (got, data) = bech32::decode(text)?;
        if got != hrp {
            return Err(AddressError::ForeignPrefix { expected: hrp.to_owned(), got });
        }
        let bytes: &[u8; ADDRESS_BYTES] =
            data.as_slice().try_into().map_err(|_| AddressError::WrongLength(data.len()))?;
        let [kind, ..] = *bytes;
        Self::from_bytes(bytes).map_err(|_| AddressError::UnknownType(kind))
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, SyntaxError> {
        match reader.u8()? {
            ED25519_ADDRESS_TYPE => Ok(Self::Ed25519(reader.array()?)),
            got => Err(SyntaxError::AddressType { got: got.into() }),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Ed25519({})", hex::encode(self.digest()))
    }
}
