//! Ids: 32-byte BLAKE2b digests that name messages, transactions and milestones, and the 64-bit id of a network.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};
use std::str::FromStr;

use crate::blake2b;
use crate::hex::{self, HexError};

macro_rules! digest_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// 32 bytes; ordered as bytes; written and read as 64 hexadecimal characters.
        #[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(pub [u8; 32]);

        impl $name {
            /// The id of all zero bytes.
            pub const NULL: Self = Self([0; 32]);

            /// The id of `bytes`: their BLAKE2b-256 digest.
            #[must_use]
            pub fn of(bytes: &[u8]) -> Self {
                Self(blake2b::hash(bytes))
            }
        }

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }

        impl Hash for $name {
            fn hash<H: Hasher>(&self, state: &mut H) {
                // All of it: parents and inputs name ids that need not be digests, so a stranger chooses their bytes.
                state.write(&self.0);
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&hex::encode(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = HexError;

            fn from_str(text: &str) -> Result<Self, HexError> {
                hex::decode_array(text).map(Self)
            }
        }
    };
}

digest_id! {
    /// The id of a message: the digest of all its bytes (TIP-6).
    MessageId
}
digest_id! {
    /// The id of a transaction: the digest of its payload bytes, type included (TIP-7).
    TransactionId
}
digest_id! {
    /// The id of a milestone: the digest of its payload bytes, type and signatures included (TIP-8).
    MilestoneId
}

/// The id of a network: the first 8 bytes, little endian, of the BLAKE2b-256 digest of its name (TIP-6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NetworkId(pub u64);

impl NetworkId {
    /// The id of the network called `name`.
    #[must_use]
    pub fn of(name: &str) -> Self {
        let digest = blake2b::hash(name.as_bytes());
        Self(u64::from_le_bytes(*digest.first_chunk().expect("because a digest has 32 bytes")))
    }
}

impl fmt::Display for NetworkId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A secret key for hash tables over ids, so that a stranger cannot choose ids that collide in our tables.
///
/// The key is an argument (drawn from the operating system by the program, fixed in tests): core crates read no
/// randomness. No result may depend on the order of such a table.
#[derive(Clone, Copy, Default)]
pub struct IdHasherKey(pub u64);

impl fmt::Debug for IdHasherKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("IdHasherKey(secret)")
    }
}

impl BuildHasher for IdHasherKey {
    type Hasher = IdHasher;

    fn build_hasher(&self) -> IdHasher {
        IdHasher { key: self.0, state: self.0 }
    }
}

/// Hashes ids and small integers under an [`IdHasherKey`] by multiply and fold.
#[derive(Clone, Copy)]
pub struct IdHasher {
    key: u64,
    state: u64,
}

impl fmt::Debug for IdHasher {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("IdHasher")
    }
}

impl IdHasher {
    #[expect(clippy::cast_possible_truncation, reason = "folding takes both halves of the product")]
    fn mix(&mut self, word: u64) {
        const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
        let product = u128::from(word ^ self.state) * u128::from(MULTIPLIER ^ (self.key << 1));
        self.state = (product as u64) ^ (product >> 64) as u64;
    }
}

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            for (to, from) in word.iter_mut().zip(chunk) {
                *to = *from;
            }
            self.mix(u64::from_le_bytes(word));
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.mix(word);
    }

    fn finish(&self) -> u64 {
        self.state
    }
}

/// A map whose keys are ids or integers.
pub type IdMap<K, V> = HashMap<K, V, IdHasherKey>;
/// A set of ids or integers.
pub type IdSet<K> = HashSet<K, IdHasherKey>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_ids_are_those_of_the_running_networks() {
        assert_eq!(NetworkId::of("chrysalis-mainnet").0, 1_454_675_179_895_816_119);
        assert_eq!(NetworkId::of("chrysalis-devnet").0, 6_514_788_332_515_804_015);
        assert_eq!(NetworkId::of("private_tangle1").0, 8_453_507_715_857_476_362);
    }

    #[test]
    fn an_id_reads_back_from_its_text() {
        let id = MessageId::of(b"a message");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!("abcd".parse::<MessageId>().is_err());
    }

    #[test]
    fn every_byte_of_an_id_counts() {
        let hash = |id: MessageId| IdHasherKey(5).hash_one(id);
        for place in 0..32 {
            let mut id = MessageId::of(b"x");
            id.0[place] ^= 1;
            assert_ne!(hash(id), hash(MessageId::of(b"x")), "byte {place}");
        }
    }

    #[test]
    fn tables_under_different_keys_hash_differently_and_find_the_same() {
        let id = MessageId::of(b"x");
        assert_ne!(IdHasherKey(1).hash_one(id), IdHasherKey(2).hash_one(id));
        let mut map: IdMap<MessageId, u8> = IdMap::with_hasher(IdHasherKey(7));
        map.insert(id, 3);
        assert_eq!(map.get(&MessageId::of(b"x")), Some(&3));
    }
}
