//! Messages that clients submit as JSON: read into shapes whose lists are bounded, then checked by the rules of the codec.

mod shapes;

use osmia_primitives::ed25519::{PublicKey, Signature};
use osmia_primitives::hex::{self, HexError};
use osmia_primitives::{MessageId, MilestoneId, MilestoneIndex, NetworkId, TransactionId};

use crate::address::{Address, ED25519_ADDRESS_TYPE};
use crate::limits::SUBMITTED_JSON_BYTES_MAX;
use crate::message::Message;
use crate::parents::Parents;
use crate::payload::indexation::Indexation;
use crate::payload::milestone::Milestone;
use crate::payload::receipt::{MigratedFunds, Receipt};
use crate::payload::transaction::{
    Essence, Input, Output, OutputId, OutputKind, REFERENCE_UNLOCK_TYPE, SIGNATURE_UNLOCK_TYPE, Transaction,
    UnlockBlock,
};
use crate::payload::treasury::TreasuryTransaction;
use crate::payload::{
    INDEXATION_TYPE, MILESTONE_TYPE, Payload, RECEIPT_TYPE, TRANSACTION_TYPE, TREASURY_TRANSACTION_TYPE,
};
use crate::rules;
use crate::syntax_error::SyntaxError;
use shapes::{
    AddressIn, EssenceIn, IndexIn, IndexationIn, InputIn, List, MessageIn, MigratedFundsIn, OutputIn,
    PayloadIn, ReceiptIn, TreasuryTransactionIn, UnlockBlockIn,
};

/// A message as a client submitted it; the node adds what is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubmittedMessage {
    /// None when absent, empty or 0: the network of the node is meant.
    pub network_id: Option<u64>,
    /// None when absent or empty: the node chooses. 1 to 8 ids otherwise; their order is not checked yet.
    pub parents: Option<Vec<MessageId>>,
    /// Satisfies every syntactic rule.
    pub payload: Option<Payload>,
    /// None when absent or empty.
    pub nonce: Option<u64>,
}

/// Why a submitted JSON text is not a message.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// The text is too long to be a message.
    #[error("json-length: the text has {got} bytes, a message needs at most {max}")]
    TooLong {
        /// Bytes of the text.
        got: usize,
        /// The bound.
        max: usize,
    },
    /// The text is not JSON, or a field is of another kind than it must be.
    #[error("json-syntax: {0}")]
    Json(#[from] serde_json::Error),
    /// A field is missing.
    #[error("json-field-missing: \"{field}\" is needed")]
    Missing {
        /// The field and where it stands.
        field: String,
    },
    /// A field is not the hexadecimal form of its bytes.
    #[error("json-hex: \"{field}\": {source}")]
    Hex {
        /// The field and where it stands.
        field: String,
        /// What is wrong with it.
        source: HexError,
    },
    /// A field is not a decimal number that fits.
    #[error("json-number: \"{field}\" is not a whole number from 0 to {max}")]
    Number {
        /// The field and where it stands.
        field: String,
        /// The largest possible number.
        max: u64,
    },
    /// The message breaks a syntactic rule.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
}

impl JsonError {
    /// The name of the rule that is broken, as it begins the text.
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "json-length",
            Self::Json(_) => "json-syntax",
            Self::Missing { .. } => "json-field-missing",
            Self::Hex { .. } => "json-hex",
            Self::Number { .. } => "json-number",
            Self::Syntax(error) => error.rule(),
        }
    }
}

/// Reads a message that a client submitted. Fields that are not known are ignored, as in the reference node.
///
/// # Errors
/// [`JsonError`] with the name of the first rule that is broken.
pub fn submitted_message(text: &[u8]) -> Result<SubmittedMessage, JsonError> {
    if text.len() > SUBMITTED_JSON_BYTES_MAX {
        return Err(JsonError::TooLong { got: text.len(), max: SUBMITTED_JSON_BYTES_MAX });
    }
    let message: MessageIn = serde_json::from_slice(text)?;
    let parents = message.parent_message_ids.filter(|list| !list.0.is_empty());
    let payload = message.payload.map(payload).transpose()?;
    if let Some(payload) = &payload {
        payload.check()?;
    }
    Ok(SubmittedMessage {
        network_id: decimal(message.network_id, "networkId")?.filter(|id| *id != 0),
        parents: parents.map(|list| parent_ids(&list, "parentMessageIds")).transpose()?,
        payload,
        nonce: decimal(message.nonce, "nonce")?,
    })
}

impl SubmittedMessage {
    /// The message, when nothing but the nonce is missing, which then is 0.
    ///
    /// # Errors
    /// [`JsonError::Missing`], or [`JsonError::Syntax`] when the parents are not sorted or the message is too long.
    pub fn into_message(self) -> Result<Message, JsonError> {
        let message = Message {
            network_id: NetworkId(needed(self.network_id, "", "networkId")?),
            parents: Parents::new(needed(self.parents, "", "parentMessageIds")?)?,
            payload: self.payload,
            nonce: self.nonce.unwrap_or(0),
        };
        message.validate()?;
        Ok(message)
    }
}

fn payload(payload: PayloadIn) -> Result<Payload, JsonError> {
    let got = needed(payload.r#type, "payload", "type")?;
    match u32::try_from(got) {
        Ok(TRANSACTION_TYPE) => transaction(payload).map(|value| Payload::Transaction(Box::new(value))),
        Ok(MILESTONE_TYPE) => milestone(payload).map(|value| Payload::Milestone(Box::new(value))),
        Ok(INDEXATION_TYPE) => {
            let shape = IndexationIn { r#type: Some(got), index: payload.index, data: payload.data };
            indexation(shape, "payload").map(Payload::Indexation)
        }
        _ => Err(SyntaxError::PayloadType { got }.into()),
    }
}

fn indexation(shape: IndexationIn, place: &str) -> Result<Indexation, JsonError> {
    embedded_type(shape.r#type, INDEXATION_TYPE, place)?;
    let index = match shape.index {
        None => String::new(),
        Some(IndexIn::Text(text)) => text,
        Some(IndexIn::Number(_)) => {
            return Err(JsonError::Hex { field: join(place, "index"), source: HexError::NotHex(0) });
        }
    };
    let decode = |text: &str, name: &str| {
        hex::decode(text).map_err(|source| JsonError::Hex { field: join(place, name), source })
    };
    let index = decode(&index, "index")?;
    rules::index_length(index.len())?;
    Ok(Indexation { index, data: decode(&shape.data.unwrap_or_default(), "data")? })
}

fn transaction(payload: PayloadIn) -> Result<Transaction, JsonError> {
    let essence = essence(needed(payload.essence, "payload", "essence")?)?;
    let blocks = needed(payload.unlock_blocks, "payload", "unlockBlocks")?;
    rules::unlock_blocks_count(essence.inputs.len(), blocks.0.len())?;
    let unlock_blocks = in_order(blocks, "payload.unlockBlocks", unlock_block)?;
    Ok(Transaction { essence, unlock_blocks })
}

fn essence(essence: EssenceIn) -> Result<Essence, JsonError> {
    const PLACE: &str = "payload.essence";
    rules::essence_type(needed(essence.r#type, PLACE, "type")?)?;
    let inputs = needed(essence.inputs, PLACE, "inputs")?;
    rules::inputs_count(inputs.0.len())?;
    let outputs = needed(essence.outputs, PLACE, "outputs")?;
    rules::outputs_count(outputs.0.len())?;
    Ok(Essence {
        inputs: in_order(inputs, "payload.essence.inputs", input)?,
        outputs: in_order(outputs, "payload.essence.outputs", output)?,
        payload: essence.payload.map(|shape| indexation(shape, "payload.essence.payload")).transpose()?,
    })
}

fn input(input: InputIn, place: &str) -> Result<Input, JsonError> {
    rules::input_type(needed(input.r#type, place, "type")?)?;
    Ok(Input(OutputId {
        transaction_id: TransactionId(bytes(input.transaction_id, place, "transactionId")?),
        index: number(input.transaction_output_index, place, "transactionOutputIndex")?,
    }))
}

fn output(output: OutputIn, place: &str) -> Result<Output, JsonError> {
    Ok(Output {
        kind: OutputKind::from_type(needed(output.r#type, place, "type")?)?,
        address: address(needed(output.address, place, "address")?, &join(place, "address"))?,
        amount: needed(output.amount, place, "amount")?,
    })
}

fn address(address: AddressIn, place: &str) -> Result<Address, JsonError> {
    let got = needed(address.r#type, place, "type")?;
    if got != u64::from(ED25519_ADDRESS_TYPE) {
        return Err(SyntaxError::AddressType { got }.into());
    }
    Ok(Address::Ed25519(bytes(address.address, place, "address")?))
}

fn unlock_block(block: UnlockBlockIn, place: &str) -> Result<UnlockBlock, JsonError> {
    let got = needed(block.r#type, place, "type")?;
    match u8::try_from(got) {
        Ok(SIGNATURE_UNLOCK_TYPE) => {
            let place = join(place, "signature");
            let signature = needed(block.signature, "", &place)?;
            rules::signature_type(needed(signature.r#type, &place, "type")?)?;
            Ok(UnlockBlock::Signature {
                public_key: PublicKey(bytes(signature.public_key, &place, "publicKey")?),
                signature: Signature(bytes(signature.signature, &place, "signature")?),
            })
        }
        Ok(REFERENCE_UNLOCK_TYPE) => Ok(UnlockBlock::Reference(number(block.reference, place, "reference")?)),
        _ => Err(SyntaxError::UnlockBlockType { got }.into()),
    }
}

fn milestone(payload: PayloadIn) -> Result<Milestone, JsonError> {
    const PLACE: &str = "payload";
    let index = match needed(payload.index, PLACE, "index")? {
        IndexIn::Number(index) => Some(index),
        IndexIn::Text(_) => None,
    };
    let index = number(Some(index.unwrap_or(u64::MAX)), PLACE, "index")?;
    let parents = needed(payload.parent_message_ids, PLACE, "parentMessageIds")?;
    let keys = needed(payload.public_keys, PLACE, "publicKeys")?;
    let signatures = needed(payload.signatures, PLACE, "signatures")?;
    rules::public_keys_count(keys.0.len())?;
    rules::signatures_count(keys.0.len(), signatures.0.len())?;
    Ok(Milestone {
        index: MilestoneIndex(index),
        timestamp: needed(payload.timestamp, PLACE, "timestamp")?,
        parents: Parents::new(parent_ids(&parents, "payload.parentMessageIds")?)?,
        inclusion_merkle_root: bytes(payload.inclusion_merkle_proof, PLACE, "inclusionMerkleProof")?,
        next_pow_score: number(payload.next_pow_score.or(Some(0)), PLACE, "nextPoWScore")?,
        next_pow_score_milestone_index: number(
            payload.next_pow_score_milestone_index.or(Some(0)),
            PLACE,
            "nextPoWScoreMilestoneIndex",
        )?,
        public_keys: in_order(keys, "payload.publicKeys", |text, place| {
            bytes(Some(text), "", place).map(PublicKey)
        })?,
        receipt: payload.receipt.map(receipt).transpose()?,
        signatures: in_order(signatures, "payload.signatures", |text, place| {
            bytes(Some(text), "", place).map(Signature)
        })?,
    })
}

fn receipt(receipt: ReceiptIn) -> Result<Receipt, JsonError> {
    const PLACE: &str = "payload.receipt";
    embedded_type(receipt.r#type, RECEIPT_TYPE, PLACE)?;
    let funds = needed(receipt.funds, PLACE, "funds")?;
    rules::funds_count(funds.0.len())?;
    Ok(Receipt {
        migrated_at: number(receipt.migrated_at, PLACE, "migratedAt")?,
        is_final: needed(receipt.r#final, PLACE, "final")?,
        funds: in_order(funds, "payload.receipt.funds", migrated_funds)?,
        transaction: treasury_transaction(receipt.transaction.ok_or(SyntaxError::ReceiptTransaction)?)?,
    })
}

fn migrated_funds(entry: MigratedFundsIn, place: &str) -> Result<MigratedFunds, JsonError> {
    Ok(MigratedFunds {
        tail_transaction_hash: bytes(entry.tail_transaction_hash, place, "tailTransactionHash")?,
        address: address(needed(entry.address, place, "address")?, &join(place, "address"))?,
        deposit: needed(entry.deposit, place, "deposit")?,
    })
}

fn treasury_transaction(transaction: TreasuryTransactionIn) -> Result<TreasuryTransaction, JsonError> {
    const PLACE: &str = "payload.receipt.transaction";
    embedded_type(transaction.r#type, TREASURY_TRANSACTION_TYPE, PLACE)?;
    let input = needed(transaction.input, PLACE, "input")?;
    rules::treasury_input_type(needed(input.r#type, PLACE, "input.type")?)?;
    let output = needed(transaction.output, PLACE, "output")?;
    rules::treasury_output_type(needed(output.r#type, PLACE, "output.type")?)?;
    Ok(TreasuryTransaction {
        input: MilestoneId(bytes(input.milestone_id, PLACE, "input.milestoneId")?),
        output_amount: needed(output.amount, PLACE, "output.amount")?,
    })
}

fn parent_ids<const MAX: usize>(list: &List<String, MAX>, place: &str) -> Result<Vec<MessageId>, JsonError> {
    rules::parents_count(list.0.len())?;
    let id = |(number, text): (usize, &String)| {
        text.parse().map_err(|source| JsonError::Hex { field: format!("{place}[{number}]"), source })
    };
    list.0.iter().enumerate().map(id).collect()
}

fn in_order<T, U, const MAX: usize>(
    list: List<T, MAX>,
    place: &str,
    convert: impl Fn(T, &str) -> Result<U, JsonError>,
) -> Result<Vec<U>, JsonError> {
    let each = |(number, item)| convert(item, &format!("{place}[{number}]"));
    list.0.into_iter().enumerate().map(each).collect()
}

fn embedded_type(got: Option<u64>, expected: u32, place: &str) -> Result<(), JsonError> {
    let got = needed(got, place, "type")?;
    if got != u64::from(expected) {
        return Err(SyntaxError::EmbeddedPayloadType { expected, got }.into());
    }
    Ok(())
}

fn join(place: &str, name: &str) -> String {
    if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") }
}

fn needed<T>(value: Option<T>, place: &str, name: &str) -> Result<T, JsonError> {
    value.ok_or_else(|| JsonError::Missing { field: join(place, name) })
}

fn bytes<const N: usize>(text: Option<String>, place: &str, name: &str) -> Result<[u8; N], JsonError> {
    let text = needed(text, place, name)?;
    hex::decode_array(&text).map_err(|source| JsonError::Hex { field: join(place, name), source })
}

fn number<T: TryFrom<u64>>(value: Option<u64>, place: &str, name: &str) -> Result<T, JsonError> {
    let max = if size_of::<T>() < 4 { u64::from(u16::MAX) } else { u64::from(u32::MAX) };
    T::try_from(needed(value, place, name)?).map_err(|_| JsonError::Number { field: join(place, name), max })
}

/// A decimal number without sign, white space or digits beyond `u64`; none when the text is absent or empty.
fn decimal(text: Option<String>, name: &str) -> Result<Option<u64>, JsonError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let error = || JsonError::Number { field: name.to_owned(), max: u64::MAX };
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(error());
    }
    text.parse().map(Some).map_err(|_| error())
}
