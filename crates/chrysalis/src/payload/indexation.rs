//! Indexations: data under an index (TIP-6).

use std::fmt;

use osmia_primitives::bytes::{Reader, Write};
use osmia_primitives::hex;

use crate::payload::INDEXATION_TYPE;
use crate::rules;
use crate::syntax_error::SyntaxError;

/// Data of an application under an index that it can be found by (TIP-6).
#[derive(Clone, PartialEq, Eq)]
pub struct Indexation {
    /// 1 to 64 bytes.
    pub index: Vec<u8>,
    /// Any bytes, as many as the message has room for.
    pub data: Vec<u8>,
}

impl Indexation {
    /// The indexation of `bytes`, its type number first.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, SyntaxError> {
        let mut reader = Reader::new(bytes);
        rules::embedded_payload_type(reader.u32()?, INDEXATION_TYPE)?;
        let indexation = Self::read(&mut reader)?;
        rules::payload_length(bytes.len(), reader.offset())?;
        Ok(indexation)
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, SyntaxError> {
        let index_length = usize::from(reader.u16()?);
        rules::index_length(index_length)?;
        let index = reader.slice(index_length)?.to_vec();
        let data_length = usize::try_from(reader.u32()?).unwrap_or(usize::MAX);
        let data = reader.slice(data_length)?.to_vec();
        Ok(Self { index, data })
    }

    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.put_u32(INDEXATION_TYPE);
        bytes.put_u16(u16::try_from(self.index.len()).unwrap_or(u16::MAX));
        bytes.put(&self.index);
        bytes.put_u32(u32::try_from(self.data.len()).unwrap_or(u32::MAX));
        bytes.put(&self.data);
    }

    pub(crate) const fn check(&self) -> Result<(), SyntaxError> {
        rules::index_length(self.index.len())
    }
}

impl fmt::Debug for Indexation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Indexation")
            .field("index", &hex::encode(&self.index))
            .field("data", &hex::encode(&self.data))
            .finish()
    }
}
