//! The values of rows and their encodings, pinned in docs/formats/ledger.md.

use osmia_primitives::bytes::{BytesError, Reader, Write};
use osmia_primitives::{MessageId, MilestoneId, MilestoneIndex, TransactionId};

use super::balance::Balance;
use super::keys::{ADDRESS_OUTPUT_BYTES, OUTPUT_ID_BYTES, OutputKey, SPENT, UNSPENT};
use crate::{Address, Output, OutputId, OutputKind};

/// A decoded row, or what is wrong with it.
pub(super) type Parsed<T> = Result<T, &'static str>;

/// Decodes the value of a row.
pub(super) type Parser<T> = fn(&[u8]) -> Parsed<T>;

const BAD_LENGTH: &str = "it does not have the length of such a row";
const ADDRESS_KIND_ED25519: u8 = 0;

/// An output as the ledger knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredOutput {
    /// The message whose transaction created it; for migrated funds the message of the milestone.
    pub message_id: MessageId,
    /// Its kind.
    pub kind: OutputKind,
    /// Who may spend it.
    pub address: Address,
    /// Tokens in it.
    pub amount: u64,
    /// The milestone that created it; the milestone of the snapshot for outputs that came from one.
    pub created: MilestoneIndex,
    /// How it was spent; `None` while it is unspent.
    pub spent: Option<Spent>,
}

/// How an output was spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    /// The transaction that spent it.
    pub transaction_id: TransactionId,
    /// The milestone that applied that transaction.
    pub milestone: MilestoneIndex,
}

/// What one milestone changed in the ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MilestoneDiff {
    /// The outputs it created, ascending by the bytes of their ids; some of them may be in `consumed` too.
    pub created: Vec<OutputId>,
    /// The outputs it consumed, ascending by the bytes of their ids.
    pub consumed: Vec<OutputId>,
    /// What its receipt did to the treasury; `None` without a receipt.
    pub treasury: Option<TreasuryMutation>,
}

/// What a receipt did to the treasury.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreasuryMutation {
    /// The new treasury output: the id of the milestone with the receipt.
    pub created: MilestoneId,
    /// The treasury output it replaced.
    pub consumed: MilestoneId,
    /// The legacy milestone of the receipt.
    pub migrated_at: u32,
}

/// A treasury output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreasuryOutput {
    /// The milestone that created it; all zero for the first one of a network.
    pub milestone_id: MilestoneId,
    /// Tokens in it.
    pub amount: u64,
}

impl StoredOutput {
    /// The output alone.
    #[must_use]
    pub const fn output(&self) -> Output {
        Output { kind: self.kind, address: self.address, amount: self.amount }
    }

    pub(super) fn pack(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(if self.spent.is_some() { 114 } else { 78 });
        bytes.put(&self.message_id.0);
        bytes.put_u8(self.kind as u8);
        bytes.put(&self.address.to_bytes());
        bytes.put_u64(self.amount);
        bytes.put_u32(self.created.0);
        if let Some(spent) = &self.spent {
            bytes.put(&spent.transaction_id.0);
            bytes.put_u32(spent.milestone.0);
        }
        bytes
    }

    pub(super) fn parse(bytes: &[u8]) -> Parsed<Self> {
        let mut reader = Reader::new(bytes);
        let message_id = MessageId(field(reader.array())?);
        let kind = output_kind(field(reader.u8())?)?;
        let address = read_address(&mut reader)?;
        let amount = field(reader.u64())?;
        let created = MilestoneIndex(field(reader.u32())?);
        let spent = match reader.left() {
            0 => None,
            _ => Some(Spent {
                transaction_id: TransactionId(field(reader.array())?),
                milestone: MilestoneIndex(field(reader.u32())?),
            }),
        };
        field(reader.finish())?;
        Ok(Self { message_id, kind, address, amount, created, spent })
    }
}

impl Balance {
    pub(super) fn pack(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(24);
        bytes.put_u64(self.amount);
        bytes.put_u64(self.dust_allowance);
        bytes.put_u64(self.dust_outputs);
        bytes
    }

    pub(super) fn parse(bytes: &[u8]) -> Parsed<Self> {
        let mut reader = Reader::new(bytes);
        let amount = field(reader.u64())?;
        let dust_allowance = field(reader.u64())?;
        let dust_outputs = field(reader.u64())?;
        field(reader.finish())?;
        Ok(Self { amount, dust_allowance, dust_outputs })
    }
}

impl MilestoneDiff {
    pub(super) fn pack(&self) -> Vec<u8> {
        let ids = self.created.len() + self.consumed.len();
        let mut bytes = Vec::with_capacity(ids * OUTPUT_ID_BYTES + 77);
        for ids in [&self.created, &self.consumed] {
            let count =
                u32::try_from(ids.len()).expect("because a milestone references fewer than 2^32 outputs");
            bytes.put_u32(count);
            ids.iter().for_each(|id| bytes.put(&id.to_bytes()));
        }
        bytes.put_u8(u8::from(self.treasury.is_some()));
        if let Some(treasury) = &self.treasury {
            bytes.put(&treasury.created.0);
            bytes.put(&treasury.consumed.0);
            bytes.put_u32(treasury.migrated_at);
        }
        bytes
    }

    pub(super) fn parse(bytes: &[u8]) -> Parsed<Self> {
        let mut reader = Reader::new(bytes);
        let created = read_output_ids(&mut reader)?;
        let consumed = read_output_ids(&mut reader)?;
        let treasury = match field(reader.u8())? {
            0 => None,
            1 => Some(TreasuryMutation {
                created: MilestoneId(field(reader.array())?),
                consumed: MilestoneId(field(reader.array())?),
                migrated_at: field(reader.u32())?,
            }),
            _ => return Err("its treasury flag is neither 0 nor 1"),
        };
        field(reader.finish())?;
        Ok(Self { created, consumed, treasury })
    }
}

impl TreasuryOutput {
    pub(super) fn pack(&self) -> Vec<u8> {
        self.amount.to_le_bytes().to_vec()
    }

    /// The treasury output of a row and whether it is spent ([`UNSPENT`] or [`SPENT`]).
    pub(super) fn parse(key: &[u8], value: &[u8]) -> Parsed<(Self, u8)> {
        let mut reader = Reader::new(key);
        let spent = spent_flag(field(reader.u8())?)?;
        let milestone_id = MilestoneId(field(reader.array())?);
        field(reader.finish())?;
        let mut reader = Reader::new(value);
        let amount = field(reader.u64())?;
        field(reader.finish())?;
        Ok((Self { milestone_id, amount }, spent))
    }
}

/// The parts of a key of [`LedgerTable::AddressOutputs`](super::LedgerTable::AddressOutputs).
#[derive(Clone, Copy)]
pub(super) struct AddressOutputKey {
    pub(super) address: Address,
    pub(super) spent: u8,
    pub(super) kind: OutputKind,
    pub(super) created: MilestoneIndex,
    pub(super) id: OutputId,
}

impl AddressOutputKey {
    pub(super) fn parse(key: &[u8]) -> Parsed<Self> {
        if key.len() != ADDRESS_OUTPUT_BYTES {
            return Err(BAD_LENGTH);
        }
        let mut reader = Reader::new(key);
        let address = read_address(&mut reader)?;
        let spent = spent_flag(field(reader.u8())?)?;
        let kind = output_kind(field(reader.u8())?)?;
        let created = MilestoneIndex(!u32::from_be_bytes(field(reader.array())?));
        let id = read_output_id(&mut reader)?;
        Ok(Self { address, spent, kind, created, id })
    }
}

pub(super) fn parse_output_id(bytes: &[u8]) -> Parsed<OutputId> {
    let mut reader = Reader::new(bytes);
    let id = read_output_id(&mut reader)?;
    field(reader.finish())?;
    Ok(id)
}

pub(super) fn parse_address(bytes: &[u8]) -> Parsed<Address> {
    let mut reader = Reader::new(bytes);
    let address = read_address(&mut reader)?;
    field(reader.finish())?;
    Ok(address)
}

pub(super) fn output_id(key: &OutputKey) -> OutputId {
    OutputId::from_bytes(&key.0)
}

fn read_output_ids(reader: &mut Reader<'_>) -> Parsed<Vec<OutputId>> {
    let count = field(reader.u32())?;
    let bytes = usize::try_from(count).ok().and_then(|count| count.checked_mul(OUTPUT_ID_BYTES));
    if bytes.is_none_or(|bytes| bytes > reader.left()) {
        return Err(BAD_LENGTH);
    }
    (0..count).map(|_| read_output_id(reader)).collect()
}

fn read_output_id(reader: &mut Reader<'_>) -> Parsed<OutputId> {
    let transaction_id = TransactionId(field(reader.array())?);
    Ok(OutputId { transaction_id, index: field(reader.u16())? })
}

fn read_address(reader: &mut Reader<'_>) -> Parsed<Address> {
    match field(reader.u8())? {
        ADDRESS_KIND_ED25519 => Ok(Address::Ed25519(field(reader.array())?)),
        _ => Err("its address is of an unknown kind"),
    }
}

fn output_kind(byte: u8) -> Parsed<OutputKind> {
    [OutputKind::SigLockedSingle, OutputKind::SigLockedDustAllowance]
        .into_iter()
        .find(|kind| *kind as u8 == byte)
        .ok_or("its output is of an unknown kind")
}

fn spent_flag(byte: u8) -> Parsed<u8> {
    match byte {
        UNSPENT | SPENT => Ok(byte),
        _ => Err("its spent flag is neither 0 nor 1"),
    }
}

fn field<T>(read: Result<T, BytesError>) -> Parsed<T> {
    read.map_err(|_| BAD_LENGTH)
}
