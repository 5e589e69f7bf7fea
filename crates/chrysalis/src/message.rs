//! Messages: the vertices of the Tangle (TIP-6).

use osmia_primitives::bytes::{Reader, Write};
use osmia_primitives::{MessageId, NetworkId};

use crate::parents::Parents;
use crate::payload::Payload;
use crate::rules;
use crate::syntax_error::SyntaxError;

/// A message (TIP-6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The network it was made for. Whether it is ours is not a syntactic rule.
    pub network_id: NetworkId,
    /// The messages it approves.
    pub parents: Parents,
    /// What it carries, if anything.
    pub payload: Option<Payload>,
    /// The nonce of its proof of work. Whether it is enough is not a syntactic rule.
    pub nonce: u64,
}

impl Message {
    /// The message of `bytes`, which satisfies every syntactic rule. Network and proof of work are not looked at.
    ///
    /// # Errors
    /// [`SyntaxError`] with the name of the first rule that is broken.
    pub fn parse(bytes: &[u8]) -> Result<Self, SyntaxError> {
        rules::message_length(bytes.len())?;
        let mut reader = Reader::new(bytes);
        let message = Self {
            network_id: NetworkId(reader.u64()?),
            parents: Parents::read(&mut reader)?,
            payload: Payload::read_optional(&mut reader)?,
            nonce: reader.u64()?,
        };
        reader.finish()?;
        Ok(message)
    }

    /// The bytes on the wire.
    #[must_use]
    pub fn pack(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(PACKED_BYTES_USUAL);
        bytes.put_u64(self.network_id.0);
        self.parents.write(&mut bytes);
        Payload::write_optional(self.payload.as_ref(), &mut bytes);
        bytes.put_u64(self.nonce);
        bytes
    }

    /// The id: the digest of [`Message::pack`]. Hash the bytes themselves where they are at hand.
    #[must_use]
    pub fn id(&self) -> MessageId {
        MessageId::of(&self.pack())
    }

    /// Applies the rules of [`Message::parse`] to a value that was built by hand.
    ///
    /// # Errors
    /// [`SyntaxError`] with the name of the first rule that is broken.
    pub fn validate(&self) -> Result<(), SyntaxError> {
        if let Some(payload) = &self.payload {
            payload.check()?;
        }
        rules::message_length(self.pack().len())
    }
}

/// Most messages fit; a longer one grows the vector.
const PACKED_BYTES_USUAL: usize = 512;
