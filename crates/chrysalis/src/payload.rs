//! The payloads a message can carry (TIP-6, TIP-7, TIP-8).

pub mod indexation;
pub mod milestone;
pub mod receipt;
pub mod transaction;
pub mod treasury;

use osmia_primitives::bytes::Reader;

use crate::codec::{sized, write_sized};
use crate::rules;
use crate::syntax_error::SyntaxError;
use indexation::Indexation;
use milestone::Milestone;
use transaction::Transaction;

/// The type number of a transaction (TIP-7).
pub const TRANSACTION_TYPE: u32 = 0;
/// The type number of a milestone (TIP-8).
pub const MILESTONE_TYPE: u32 = 1;
/// The type number of an indexation (TIP-6).
pub const INDEXATION_TYPE: u32 = 2;
/// The type number of a receipt, which stands inside a milestone only (TIP-17).
pub const RECEIPT_TYPE: u32 = 3;
/// The type number of a treasury transaction, which stands inside a receipt only (TIP-17).
pub const TREASURY_TRANSACTION_TYPE: u32 = 4;

/// The payload of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// A transfer of tokens (TIP-7).
    Transaction(Box<Transaction>),
    /// A milestone of the coordinator (TIP-8).
    Milestone(Box<Milestone>),
    /// Data under an index (TIP-6).
    Indexation(Indexation),
}

impl Payload {
    /// The payload of `bytes`, its type number first, which satisfies every syntactic rule.
    ///
    /// # Errors
    /// [`SyntaxError`] with the name of the first rule that is broken.
    pub fn parse(bytes: &[u8]) -> Result<Self, SyntaxError> {
        let mut reader = Reader::new(bytes);
        let payload = match reader.u32()? {
            TRANSACTION_TYPE => Self::Transaction(Box::new(Transaction::read(&mut reader)?)),
            MILESTONE_TYPE => Self::Milestone(Box::new(Milestone::read(&mut reader)?)),
            INDEXATION_TYPE => Self::Indexation(Indexation::read(&mut reader)?),
            got => return Err(SyntaxError::PayloadType { got: got.into() }),
        };
        rules::payload_length(bytes.len(), reader.offset())?;
        Ok(payload)
    }

    /// The bytes on the wire, type number first.
    #[must_use]
    pub fn pack(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write(&mut bytes);
        bytes
    }

    /// The type number.
    #[must_use]
    pub const fn type_number(&self) -> u32 {
        match self {
            Self::Transaction(_) => TRANSACTION_TYPE,
            Self::Milestone(_) => MILESTONE_TYPE,
            Self::Indexation(_) => INDEXATION_TYPE,
        }
    }

    /// The indexation of the payload, which can also stand inside a transaction.
    #[must_use]
    pub const fn indexation(&self) -> Option<&Indexation> {
        match self {
            Self::Transaction(transaction) => transaction.essence.payload.as_ref(),
            Self::Milestone(_) => None,
            Self::Indexation(indexation) => Some(indexation),
        }
    }

    /// Applies the rules of parsing to a value that was built by hand.
    ///
    /// # Errors
    /// [`SyntaxError`] with the name of the first rule that is broken.
    pub fn check(&self) -> Result<(), SyntaxError> {
        match self {
            Self::Transaction(transaction) => transaction.check(),
            Self::Milestone(milestone) => milestone.check(),
            Self::Indexation(indexation) => indexation.check(),
        }
    }

    pub(crate) fn read_optional(reader: &mut Reader<'_>) -> Result<Option<Self>, SyntaxError> {
        sized(reader)?.map(Self::parse).transpose()
    }

    pub(crate) fn write_optional(payload: Option<&Self>, bytes: &mut Vec<u8>) {
        write_sized(bytes, |bytes| {
            if let Some(payload) = payload {
                payload.write(bytes);
            }
        });
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Transaction(transaction) => transaction.write(bytes),
            Self::Milestone(milestone) => milestone.write(bytes),
            Self::Indexation(indexation) => indexation.write(bytes),
        }
    }
}
