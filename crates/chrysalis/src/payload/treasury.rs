//! Treasury transactions: the part of a receipt that pays for it (TIP-17).

use osmia_primitives::MilestoneId;
use osmia_primitives::bytes::{Reader, Write};

use crate::payload::TREASURY_TRANSACTION_TYPE;
use crate::rules;
use crate::syntax_error::SyntaxError;

/// The type byte of a treasury input.
pub const TREASURY_INPUT_TYPE: u8 = 1;
/// The type byte of a treasury output.
pub const TREASURY_OUTPUT_TYPE: u8 = 2;

/// Spends one treasury output and creates the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreasuryTransaction {
    /// The milestone that created the treasury output to spend.
    pub input: MilestoneId,
    /// What is left in the treasury, in tokens.
    pub output_amount: u64,
}

impl TreasuryTransaction {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, SyntaxError> {
        let mut reader = Reader::new(bytes);
        rules::embedded_payload_type(reader.u32()?, TREASURY_TRANSACTION_TYPE)?;
        rules::treasury_input_type(reader.u8()?.into())?;
        let input = MilestoneId(reader.array()?);
        rules::treasury_output_type(reader.u8()?.into())?;
        let output_amount = reader.u64()?;
        rules::payload_length(bytes.len(), reader.offset())?;
        Ok(Self { input, output_amount })
    }

    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.put_u32(TREASURY_TRANSACTION_TYPE);
        bytes.put_u8(TREASURY_INPUT_TYPE);
        bytes.put(&self.input.0);
        bytes.put_u8(TREASURY_OUTPUT_TYPE);
        bytes.put_u64(self.output_amount);
    }
}
