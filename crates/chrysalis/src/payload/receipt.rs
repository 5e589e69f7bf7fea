//! Receipts: funds that move from the legacy network into this one (TIP-17).

use std::fmt;

use osmia_primitives::bytes::{Reader, Write};
use osmia_primitives::hex;

use crate::address::Address;
use crate::codec::{room, sized, write_sized};
use crate::payload::RECEIPT_TYPE;
use crate::payload::treasury::TreasuryTransaction;
use crate::rules;
use crate::syntax_error::SyntaxError;

/// Bytes of the hash of a legacy transaction: 243 trits, five to a byte.
pub const TAIL_TRANSACTION_HASH_BYTES: usize = 49;

/// Funds that a milestone moves in from the legacy network (TIP-17).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The milestone of the legacy network whose confirmation moved the funds.
    pub migrated_at: u32,
    /// Whether this is the last receipt for `migrated_at`.
    pub is_final: bool,
    /// 1 to 127 entries, strictly ascending as bytes.
    pub funds: Vec<MigratedFunds>,
    /// What pays for them.
    pub transaction: TreasuryTransaction,
}

/// One entry of a receipt: an output to create.
///
/// That the deposit is at least 1 000 000 is a rule of applying a receipt, not of its syntax, as in the reference node.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MigratedFunds {
    /// The hash of the tail transaction of the legacy bundle.
    pub tail_transaction_hash: [u8; TAIL_TRANSACTION_HASH_BYTES],
    /// Who gets the funds.
    pub address: Address,
    /// How many tokens.
    pub deposit: u64,
}

impl Receipt {
    /// The receipt of `bytes`, its type number first, which satisfies every syntactic rule.
    ///
    /// # Errors
    /// [`SyntaxError`] with the name of the first rule that is broken.
    pub fn parse(bytes: &[u8]) -> Result<Self, SyntaxError> {
        let mut reader = Reader::new(bytes);
        rules::embedded_payload_type(reader.u32()?, RECEIPT_TYPE)?;
        let migrated_at = reader.u32()?;
        let is_final = rules::receipt_final(reader.u8()?)?;
        let count = usize::from(reader.u16()?);
        rules::funds_count(count)?;
        let mut funds = room(&reader, count, MigratedFunds::BYTES);
        for _ in 0..count {
            funds.push(MigratedFunds::read(&mut reader)?);
        }
        rules::funds_sorted(&funds)?;
        let transaction = sized(&mut reader)?.ok_or(SyntaxError::ReceiptTransaction)?;
        let transaction = TreasuryTransaction::parse(transaction)?;
        rules::payload_length(bytes.len(), reader.offset())?;
        Ok(Self { migrated_at, is_final, funds, transaction })
    }

    /// The bytes on the wire, type number first.
    #[must_use]
    pub fn pack(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write(&mut bytes);
        bytes
    }

    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.put_u32(RECEIPT_TYPE);
        bytes.put_u32(self.migrated_at);
        bytes.put_u8(self.is_final.into());
        bytes.put_u16(u16::try_from(self.funds.len()).unwrap_or(u16::MAX));
        for entry in &self.funds {
            bytes.put(&entry.to_bytes());
        }
        write_sized(bytes, |bytes| self.transaction.write(bytes));
    }

    pub(crate) fn check(&self) -> Result<(), SyntaxError> {
        rules::funds_count(self.funds.len())?;
        rules::funds_sorted(&self.funds)
    }
}

impl MigratedFunds {
    /// Bytes of an entry on the wire.
    pub const BYTES: usize = TAIL_TRANSACTION_HASH_BYTES + 33 + 8;

    /// The bytes on the wire, by which entries are ordered.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let parts =
            [self.tail_transaction_hash.as_slice(), &self.address.to_bytes(), &self.deposit.to_le_bytes()];
        for (to, from) in bytes.iter_mut().zip(parts.into_iter().flatten()) {
            *to = *from;
        }
        bytes
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, SyntaxError> {
        Ok(Self {
            tail_transaction_hash: reader.array()?,
            address: Address::read(reader)?,
            deposit: reader.u64()?,
        })
    }
}

impl fmt::Debug for MigratedFunds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MigratedFunds")
            .field("tail_transaction_hash", &hex::encode(&self.tail_transaction_hash))
            .field("address", &self.address)
            .field("deposit", &self.deposit)
            .finish()
    }
}
