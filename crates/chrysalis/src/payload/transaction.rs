//! Transactions: transfers of tokens from outputs to new outputs (TIP-7).

use std::fmt;
use std::str::FromStr;

use osmia_primitives::TransactionId;
use osmia_primitives::blake2b::{self, Digest};
use osmia_primitives::bytes::{Reader, Write};
use osmia_primitives::ed25519::{PublicKey, Signature};
use osmia_primitives::hex::{self, HexError};

use crate::address::{ADDRESS_BYTES, Address};
use crate::codec::{room, sized, write_sized};
use crate::payload::TRANSACTION_TYPE;
use crate::payload::indexation::Indexation;
use crate::rules;
use crate::syntax_error::SyntaxError;

/// The type byte of the only essence there is.
pub const ESSENCE_TYPE: u8 = 0;
/// The type byte of an input that names an output.
pub const UTXO_INPUT_TYPE: u8 = 0;
/// The type byte of an unlock block that is a signature.
pub const SIGNATURE_UNLOCK_TYPE: u8 = 0;
/// The type byte of an unlock block that names an earlier one.
pub const REFERENCE_UNLOCK_TYPE: u8 = 1;
/// The type byte of an Ed25519 signature, the only kind there is in Chrysalis.
pub const ED25519_SIGNATURE_TYPE: u8 = 0;

/// Bytes of the shortest unlock block, a reference.
const REFERENCE_UNLOCK_BYTES: usize = 3;

/// A transfer of tokens (TIP-7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// What is signed.
    pub essence: Essence,
    /// One per input, in the order of the inputs.
    pub unlock_blocks: Vec<UnlockBlock>,
}

/// The part of a transaction that is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Essence {
    /// 1 to 127 different inputs, ascending as bytes.
    pub inputs: Vec<Input>,
    /// 1 to 127 outputs, ascending as bytes; no two of one kind have one address.
    pub outputs: Vec<Output>,
    /// Data that rides along.
    pub payload: Option<Indexation>,
}

/// An output to spend. Treasury inputs stand inside receipts only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Input(pub OutputId);

/// The name of an output: the transaction that created it and its place there.
///
/// 34 bytes on the wire, the index last and little endian; written and read as 68 hexadecimal characters.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct OutputId {
    /// The transaction. Outputs that a receipt created carry the id of the milestone here.
    pub transaction_id: TransactionId,
    /// The place among the outputs of the transaction, from 0.
    pub index: u16,
}

/// An amount of tokens on an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Output {
    /// What the output can be used for.
    pub kind: OutputKind,
    /// Who can spend it.
    pub address: Address,
    /// Tokens, 1 to the whole supply.
    pub amount: u64,
}

/// The kinds of outputs a transaction can create; the number is the type byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum OutputKind {
    /// Spent by a signature of the address (TIP-7).
    SigLockedSingle = 0,
    /// As above, of at least 1 000 000 tokens, and lets dust outputs onto the address (TIP-15).
    SigLockedDustAllowance = 1,
}

/// The proof that an input may be spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnlockBlock {
    /// A signature of the essence.
    Signature {
        /// Whose; its digest must be the address of the output that is spent.
        public_key: PublicKey,
        /// Over [`Essence::signing_hash`].
        signature: Signature,
    },
    /// The signature of the unlock block at this earlier place is meant.
    Reference(u16),
}

impl Transaction {
    /// The id: the digest of the payload bytes, type number included.
    #[must_use]
    pub fn id(&self) -> TransactionId {
        let mut bytes = Vec::new();
        self.write(&mut bytes);
        TransactionId::of(&bytes)
    }

    /// The signature that unlocks the input at `place`, following a reference.
    #[must_use]
    pub fn signature_of_input(&self, place: usize) -> Option<(&PublicKey, &Signature)> {
        let direct = |place: usize| match self.unlock_blocks.get(place) {
            Some(UnlockBlock::Signature { public_key, signature }) => Some((public_key, signature)),
            Some(UnlockBlock::Reference(_)) | None => None,
        };
        match self.unlock_blocks.get(place)? {
            UnlockBlock::Signature { public_key, signature } => Some((public_key, signature)),
            UnlockBlock::Reference(earlier) => direct(usize::from(*earlier)),
        }
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, SyntaxError> {
        let essence = Essence::read(reader)?;
        let count = usize::from(reader.u16()?);
        rules::unlock_blocks_count(essence.inputs.len(), count)?;
        let mut unlock_blocks = room(reader, count, REFERENCE_UNLOCK_BYTES);
        for _ in 0..count {
            unlock_blocks.push(UnlockBlock::read(reader)?);
        }
        rules::unlock_blocks(&unlock_blocks)?;
        Ok(Self { essence, unlock_blocks })
    }

    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.put_u32(TRANSACTION_TYPE);
        self.essence.write(bytes);
        bytes.put_u16(u16::try_from(self.unlock_blocks.len()).unwrap_or(u16::MAX));
        for block in &self.unlock_blocks {
            block.write(bytes);
        }
    }

    pub(crate) fn check(&self) -> Result<(), SyntaxError> {
        self.essence.check()?;
        rules::unlock_blocks_count(self.essence.inputs.len(), self.unlock_blocks.len())?;
        rules::unlock_blocks(&self.unlock_blocks)
    }
}

impl Essence {
    /// The digest that is signed: over the bytes of the essence.
    #[must_use]
    pub fn signing_hash(&self) -> Digest {
        let mut bytes = Vec::new();
        self.write(&mut bytes);
        blake2b::hash(&bytes)
    }

    /// Applies the rules of parsing to a value that was built by hand.
    ///
    /// # Errors
    /// [`SyntaxError`] with the name of the first rule that is broken.
    pub fn check(&self) -> Result<(), SyntaxError> {
        rules::inputs_count(self.inputs.len())?;
        rules::inputs(&self.inputs)?;
        rules::outputs_count(self.outputs.len())?;
        rules::outputs(&self.outputs)?;
        self.payload.as_ref().map_or(Ok(()), Indexation::check)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, SyntaxError> {
        rules::essence_type(reader.u8()?.into())?;
        let count = usize::from(reader.u16()?);
        rules::inputs_count(count)?;
        let mut inputs = room(reader, count, 1 + OutputId::BYTES);
        for _ in 0..count {
            rules::input_type(reader.u8()?.into())?;
            inputs.push(Input(OutputId {
                transaction_id: TransactionId(reader.array()?),
                index: reader.u16()?,
            }));
        }
        rules::inputs(&inputs)?;
        let count = usize::from(reader.u16()?);
        rules::outputs_count(count)?;
        let mut outputs = room(reader, count, Output::BYTES);
        for _ in 0..count {
            outputs.push(Output::read(reader)?);
        }
        rules::outputs(&outputs)?;
        let payload = sized(reader)?.map(Indexation::parse).transpose()?;
        Ok(Self { inputs, outputs, payload })
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.put_u8(ESSENCE_TYPE);
        bytes.put_u16(u16::try_from(self.inputs.len()).unwrap_or(u16::MAX));
        for Input(output) in &self.inputs {
            bytes.put_u8(UTXO_INPUT_TYPE);
            bytes.put(&output.to_bytes());
        }
        bytes.put_u16(u16::try_from(self.outputs.len()).unwrap_or(u16::MAX));
        for output in &self.outputs {
            output.write(bytes);
        }
        write_sized(bytes, |bytes| {
            if let Some(payload) = &self.payload {
                payload.write(bytes);
            }
        });
    }
}

impl OutputId {
    /// Bytes on the wire.
    pub const BYTES: usize = 34;

    /// The bytes on the wire.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let parts = [self.transaction_id.0.as_slice(), &self.index.to_le_bytes()];
        for (to, from) in bytes.iter_mut().zip(parts.into_iter().flatten()) {
            *to = *from;
        }
        bytes
    }

    /// The output id of its bytes on the wire; any index is taken.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Self {
        let transaction_id = *bytes.first_chunk().expect("because the array has 34 bytes");
        let index = *bytes.last_chunk().expect("because the array has 34 bytes");
        Self { transaction_id: TransactionId(transaction_id), index: u16::from_le_bytes(index) }
    }
}

/// Ordered as bytes on the wire: the index counts least significant byte first.
impl Ord for OutputId {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let key = |id: &Self| (id.transaction_id, id.index.to_le_bytes());
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for OutputId {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for OutputId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(&self.to_bytes()))
    }
}

impl fmt::Debug for OutputId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "OutputId({self})")
    }
}

impl FromStr for OutputId {
    type Err = HexError;

    fn from_str(text: &str) -> Result<Self, HexError> {
        hex::decode_array(text).map(|bytes| Self::from_bytes(&bytes))
    }
}

impl OutputKind {
    /// The kind with this type byte.
    ///
    /// # Errors
    /// [`SyntaxError::OutputType`] when there is none.
    pub fn from_type(got: u64) -> Result<Self, SyntaxError> {
        match got {
            0 => Ok(Self::SigLockedSingle),
            1 => Ok(Self::SigLockedDustAllowance),
            _ => Err(SyntaxError::OutputType { got }),
        }
    }

    /// The type byte on the wire and in JSON.
    #[must_use]
    pub const fn type_byte(self) -> u8 {
        self as u8
    }
}

impl Output {
    /// Bytes on the wire.
    pub const BYTES: usize = 1 + ADDRESS_BYTES + 8;

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, SyntaxError> {
        Ok(Self {
            kind: OutputKind::from_type(reader.u8()?.into())?,
            address: Address::read(reader)?,
            amount: reader.u64()?,
        })
    }

    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.put_u8(self.kind.type_byte());
        bytes.put(&self.address.to_bytes());
        bytes.put_u64(self.amount);
    }
}

impl UnlockBlock {
    fn read(reader: &mut Reader<'_>) -> Result<Self, SyntaxError> {
        match reader.u8()? {
            SIGNATURE_UNLOCK_TYPE => {
                rules::signature_type(reader.u8()?.into())?;
                Ok(Self::Signature {
                    public_key: PublicKey(reader.array()?),
                    signature: Signature(reader.array()?),
                })
            }
            REFERENCE_UNLOCK_TYPE => Ok(Self::Reference(reader.u16()?)),
            got => Err(SyntaxError::UnlockBlockType { got: got.into() }),
        }
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Signature { public_key, signature } => {
                bytes.put_u8(SIGNATURE_UNLOCK_TYPE);
                bytes.put_u8(ED25519_SIGNATURE_TYPE);
                bytes.put(&public_key.0);
                bytes.put(&signature.0);
            }
            Self::Reference(earlier) => {
                bytes.put_u8(REFERENCE_UNLOCK_TYPE);
                bytes.put_u16(*earlier);
            }
        }
    }
}
