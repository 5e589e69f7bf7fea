//! The JSON shapes of messages (TIP-13), exactly as the reference node writes them: 64-bit numbers of a message as decimal
//! strings, amounts as numbers, bytes as lower-case hexadecimal, `payload` and `receipt` null where there is none, and `data` of an indexation
//! always there.

mod submitted;

use osmia_primitives::hex;
use serde::Serialize;

use crate::address::Address;
use crate::message::Message;
use crate::parents::Parents;
use crate::payload::indexation::Indexation;
use crate::payload::milestone::Milestone;
use crate::payload::receipt::{MigratedFunds, Receipt};
use crate::payload::transaction::{
    ED25519_SIGNATURE_TYPE, ESSENCE_TYPE, Essence, Input, Output, REFERENCE_UNLOCK_TYPE,
    SIGNATURE_UNLOCK_TYPE, Transaction, UTXO_INPUT_TYPE, UnlockBlock,
};
use crate::payload::treasury::{TREASURY_INPUT_TYPE, TREASURY_OUTPUT_TYPE, TreasuryTransaction};
use crate::payload::{
    INDEXATION_TYPE, MILESTONE_TYPE, Payload, RECEIPT_TYPE, TRANSACTION_TYPE, TREASURY_TRANSACTION_TYPE,
};

pub use submitted::{JsonError, SubmittedMessage, submitted_message};

/// The JSON value of a message.
#[must_use]
pub fn message_to_json(message: &Message) -> serde_json::Value {
    serde_json::to_value(MessageJson::from(message))
        .expect("because the shapes have text keys and values that serialise without failing")
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageJson {
    /// Decimal.
    pub network_id: String,
    /// Hexadecimal ids in ascending order.
    pub parent_message_ids: Vec<String>,
    /// Null when there is none.
    pub payload: Option<PayloadJson>,
    /// Decimal.
    pub nonce: String,
}

/// The payload of a message; `type` inside tells which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum PayloadJson {
    /// Type 0.
    Transaction(TransactionJson),
    /// Type 1.
    Milestone(Box<MilestoneJson>),
    /// Type 2.
    Indexation(IndexationJson),
}

/// An indexation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IndexationJson {
    /// 2.
    pub r#type: u32,
    /// Hexadecimal.
    pub index: String,
    /// Hexadecimal, the empty text when there is no data.
    pub data: String,
}

/// A transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TransactionJson {
    /// 0.
    pub r#type: u32,
    /// What is signed.
    pub essence: EssenceJson,
    /// One per input.
    pub unlock_blocks: Vec<UnlockBlockJson>,
}

/// The essence of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EssenceJson {
    /// 0.
    pub r#type: u8,
    /// What is spent.
    pub inputs: Vec<InputJson>,
    /// What is created.
    pub outputs: Vec<OutputJson>,
    /// Null when there is none.
    pub payload: Option<IndexationJson>,
}

/// An input of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InputJson {
    /// 0.
    pub r#type: u8,
    /// Hexadecimal.
    pub transaction_id: String,
    /// The place among the outputs of that transaction.
    pub transaction_output_index: u16,
}

/// An output of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutputJson {
    /// 0 single, 1 dust allowance.
    pub r#type: u8,
    /// Who can spend it.
    pub address: AddressJson,
    /// Tokens.
    pub amount: u64,
}

/// An address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AddressJson {
    /// 0 Ed25519.
    pub r#type: u8,
    /// Hexadecimal, without the type.
    pub address: String,
}

/// An unlock block; `type` inside tells which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum UnlockBlockJson {
    /// Type 0.
    Signature {
        /// 0.
        r#type: u8,
        /// Key and signature.
        signature: SignatureJson,
    },
    /// Type 1.
    Reference {
        /// 1.
        r#type: u8,
        /// The place of an earlier unlock block.
        reference: u16,
    },
}

/// A signature with its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignatureJson {
    /// 0 Ed25519.
    pub r#type: u8,
    /// Hexadecimal.
    pub public_key: String,
    /// Hexadecimal.
    pub signature: String,
}

/// A milestone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MilestoneJson {
    /// 1.
    pub r#type: u32,
    /// The index.
    pub index: u32,
    /// Seconds of Unix time.
    pub timestamp: u64,
    /// Hexadecimal ids in ascending order.
    pub parent_message_ids: Vec<String>,
    /// Hexadecimal.
    pub inclusion_merkle_proof: String,
    /// 0 when the score does not change.
    #[serde(rename = "nextPoWScore")]
    pub next_pow_score: u32,
    /// 0 when the score does not change.
    #[serde(rename = "nextPoWScoreMilestoneIndex")]
    pub next_pow_score_milestone_index: u32,
    /// Hexadecimal, ascending.
    pub public_keys: Vec<String>,
    /// Null when there is none.
    pub receipt: Option<ReceiptJson>,
    /// Hexadecimal, in the order of the keys.
    pub signatures: Vec<String>,
}

/// A receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceiptJson {
    /// 3.
    pub r#type: u32,
    /// The milestone of the legacy network.
    pub migrated_at: u32,
    /// The entries.
    pub funds: Vec<MigratedFundsJson>,
    /// What pays for them.
    pub transaction: TreasuryTransactionJson,
    /// Whether it is the last one for `migratedAt`.
    pub r#final: bool,
}

/// An entry of a receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MigratedFundsJson {
    /// Hexadecimal, 49 bytes.
    pub tail_transaction_hash: String,
    /// Who gets the funds.
    pub address: AddressJson,
    /// Tokens.
    pub deposit: u64,
}

/// The treasury transaction of a receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TreasuryTransactionJson {
    /// 4.
    pub r#type: u32,
    /// What is spent.
    pub input: TreasuryInputJson,
    /// What is created.
    pub output: TreasuryOutputJson,
}

/// The input of a treasury transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TreasuryInputJson {
    /// 1.
    pub r#type: u8,
    /// Hexadecimal.
    pub milestone_id: String,
}

/// The output of a treasury transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TreasuryOutputJson {
    /// 2.
    pub r#type: u8,
    /// Tokens.
    pub amount: u64,
}

impl From<&Message> for MessageJson {
    fn from(message: &Message) -> Self {
        Self {
            network_id: message.network_id.to_string(),
            parent_message_ids: parent_ids(&message.parents),
            payload: message.payload.as_ref().map(PayloadJson::from),
            nonce: message.nonce.to_string(),
        }
    }
}

fn parent_ids(parents: &Parents) -> Vec<String> {
    parents.iter().map(ToString::to_string).collect()
}

impl From<&Payload> for PayloadJson {
    fn from(payload: &Payload) -> Self {
        match payload {
            Payload::Transaction(transaction) => Self::Transaction(transaction.as_ref().into()),
            Payload::Milestone(milestone) => Self::Milestone(Box::new(milestone.as_ref().into())),
            Payload::Indexation(indexation) => Self::Indexation(indexation.into()),
        }
    }
}

impl From<&Indexation> for IndexationJson {
    fn from(indexation: &Indexation) -> Self {
        Self {
            r#type: INDEXATION_TYPE,
            index: hex::encode(&indexation.index),
            data: hex::encode(&indexation.data),
        }
    }
}

impl From<&Transaction> for TransactionJson {
    fn from(transaction: &Transaction) -> Self {
        Self {
            r#type: TRANSACTION_TYPE,
            essence: (&transaction.essence).into(),
            unlock_blocks: transaction.unlock_blocks.iter().map(UnlockBlockJson::from).collect(),
        }
    }
}

impl From<&Essence> for EssenceJson {
    fn from(essence: &Essence) -> Self {
        Self {
            r#type: ESSENCE_TYPE,
            inputs: essence.inputs.iter().map(InputJson::from).collect(),
            outputs: essence.outputs.iter().map(OutputJson::from).collect(),
            payload: essence.payload.as_ref().map(IndexationJson::from),
        }
    }
}

impl From<&Input> for InputJson {
    fn from(Input(output): &Input) -> Self {
        Self {
            r#type: UTXO_INPUT_TYPE,
            transaction_id: output.transaction_id.to_string(),
            transaction_output_index: output.index,
        }
    }
}

impl From<&Output> for OutputJson {
    fn from(output: &Output) -> Self {
        Self { r#type: output.kind.type_byte(), address: (&output.address).into(), amount: output.amount }
    }
}

impl From<&Address> for AddressJson {
    fn from(address: &Address) -> Self {
        Self { r#type: address.type_byte(), address: hex::encode(address.digest()) }
    }
}

impl From<&UnlockBlock> for UnlockBlockJson {
    fn from(block: &UnlockBlock) -> Self {
        match block {
            UnlockBlock::Signature { public_key, signature } => Self::Signature {
                r#type: SIGNATURE_UNLOCK_TYPE,
                signature: SignatureJson {
                    r#type: ED25519_SIGNATURE_TYPE,
                    public_key: hex::encode(&public_key.0),
                    signature: hex::encode(&signature.0),
                },
            },
            UnlockBlock::Reference(earlier) => {
                Self::Reference { r#type: REFERENCE_UNLOCK_TYPE, reference: *earlier }
            }
        }
    }
}

impl From<&Milestone> for MilestoneJson {
    fn from(milestone: &Milestone) -> Self {
        Self {
            r#type: MILESTONE_TYPE,
            index: milestone.index.0,
            timestamp: milestone.timestamp,
            parent_message_ids: parent_ids(&milestone.parents),
            inclusion_merkle_proof: hex::encode(&milestone.inclusion_merkle_root),
            next_pow_score: milestone.next_pow_score,
            next_pow_score_milestone_index: milestone.next_pow_score_milestone_index,
            public_keys: milestone.public_keys.iter().map(|key| hex::encode(&key.0)).collect(),
            receipt: milestone.receipt.as_ref().map(ReceiptJson::from),
            signatures: milestone.signatures.iter().map(|signature| hex::encode(&signature.0)).collect(),
        }
    }
}

impl From<&Receipt> for ReceiptJson {
    fn from(receipt: &Receipt) -> Self {
        Self {
            r#type: RECEIPT_TYPE,
            migrated_at: receipt.migrated_at,
            funds: receipt.funds.iter().map(MigratedFundsJson::from).collect(),
            transaction: (&receipt.transaction).into(),
            r#final: receipt.is_final,
        }
    }
}

impl From<&MigratedFunds> for MigratedFundsJson {
    fn from(entry: &MigratedFunds) -> Self {
        Self {
            tail_transaction_hash: hex::encode(&entry.tail_transaction_hash),
            address: (&entry.address).into(),
            deposit: entry.deposit,
        }
    }
}

impl From<&TreasuryTransaction> for TreasuryTransactionJson {
    fn from(transaction: &TreasuryTransaction) -> Self {
        Self {
            r#type: TREASURY_TRANSACTION_TYPE,
            input: TreasuryInputJson {
                r#type: TREASURY_INPUT_TYPE,
                milestone_id: transaction.input.to_string(),
            },
            output: TreasuryOutputJson { r#type: TREASURY_OUTPUT_TYPE, amount: transaction.output_amount },
        }
    }
}
