//! The shapes of submitted JSON. Every field can be missing, so that the error can say which one was needed; every list is
//! bounded, so that a short text cannot make us hold a long list of empty shapes.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, SeqAccess, Visitor};

use crate::limits::{INPUTS_MAX, MIGRATED_FUNDS_MAX, MILESTONE_KEYS_MAX, OUTPUTS_MAX, PARENTS_MAX};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MessageIn {
    pub(super) network_id: Option<String>,
    pub(super) parent_message_ids: Option<List<String, PARENTS_MAX>>,
    pub(super) payload: Option<PayloadIn>,
    pub(super) nonce: Option<String>,
}

/// The fields of all three payloads; `type` says which ones count.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PayloadIn {
    pub(super) r#type: Option<u64>,
    pub(super) index: Option<IndexIn>,
    pub(super) data: Option<String>,
    pub(super) essence: Option<EssenceIn>,
    pub(super) unlock_blocks: Option<List<UnlockBlockIn, INPUTS_MAX>>,
    pub(super) timestamp: Option<u64>,
    pub(super) parent_message_ids: Option<List<String, PARENTS_MAX>>,
    pub(super) inclusion_merkle_proof: Option<String>,
    #[serde(rename = "nextPoWScore")]
    pub(super) next_pow_score: Option<u64>,
    #[serde(rename = "nextPoWScoreMilestoneIndex")]
    pub(super) next_pow_score_milestone_index: Option<u64>,
    pub(super) public_keys: Option<List<String, MILESTONE_KEYS_MAX>>,
    pub(super) receipt: Option<ReceiptIn>,
    pub(super) signatures: Option<List<String, MILESTONE_KEYS_MAX>>,
}

#[derive(Deserialize)]
pub(super) struct IndexationIn {
    pub(super) r#type: Option<u64>,
    pub(super) index: Option<IndexIn>,
    pub(super) data: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct EssenceIn {
    pub(super) r#type: Option<u64>,
    pub(super) inputs: Option<List<InputIn, INPUTS_MAX>>,
    pub(super) outputs: Option<List<OutputIn, OUTPUTS_MAX>>,
    pub(super) payload: Option<IndexationIn>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InputIn {
    pub(super) r#type: Option<u64>,
    pub(super) transaction_id: Option<String>,
    pub(super) transaction_output_index: Option<u64>,
}

#[derive(Deserialize)]
pub(super) struct OutputIn {
    pub(super) r#type: Option<u64>,
    pub(super) address: Option<AddressIn>,
    pub(super) amount: Option<u64>,
}

#[derive(Deserialize)]
pub(super) struct AddressIn {
    pub(super) r#type: Option<u64>,
    pub(super) address: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct UnlockBlockIn {
    pub(super) r#type: Option<u64>,
    pub(super) signature: Option<SignatureIn>,
    pub(super) reference: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SignatureIn {
    pub(super) r#type: Option<u64>,
    pub(super) public_key: Option<String>,
    pub(super) signature: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReceiptIn {
    pub(super) r#type: Option<u64>,
    pub(super) migrated_at: Option<u64>,
    pub(super) funds: Option<List<MigratedFundsIn, MIGRATED_FUNDS_MAX>>,
    pub(super) transaction: Option<TreasuryTransactionIn>,
    pub(super) r#final: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MigratedFundsIn {
    pub(super) tail_transaction_hash: Option<String>,
    pub(super) address: Option<AddressIn>,
    pub(super) deposit: Option<u64>,
}

#[derive(Deserialize)]
pub(super) struct TreasuryTransactionIn {
    pub(super) r#type: Option<u64>,
    pub(super) input: Option<TreasuryInputIn>,
    pub(super) output: Option<TreasuryOutputIn>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TreasuryInputIn {
    pub(super) r#type: Option<u64>,
    pub(super) milestone_id: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct TreasuryOutputIn {
    pub(super) r#type: Option<u64>,
    pub(super) amount: Option<u64>,
}

/// `index` is a number in a milestone and hexadecimal text in an indexation.
pub(super) enum IndexIn {
    Number(u64),
    Text(String),
}

impl<'de> Deserialize<'de> for IndexIn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IndexVisitor)
    }
}

struct IndexVisitor;

impl Visitor<'_> for IndexVisitor {
    type Value = IndexIn;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the index of a milestone or the hexadecimal index of an indexation")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<IndexIn, E> {
        Ok(IndexIn::Number(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<IndexIn, E> {
        Ok(IndexIn::Text(text.to_owned()))
    }
}

/// A list of which no more than `MAX + 1` elements are kept: enough for the rule about its length to refuse it.
pub(super) struct List<T, const MAX: usize>(pub(super) Vec<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for List<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ListVisitor(PhantomData))
    }
}

struct ListVisitor<T, const MAX: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for ListVisitor<T, MAX> {
    type Value = List<T, MAX>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a list of at most {MAX} elements")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while items.len() <= MAX {
            match sequence.next_element()? {
                Some(item) => items.push(item),
                None => return Ok(List(items)),
            }
        }
        while sequence.next_element::<IgnoredAny>()?.is_some() {}
        Ok(List(items))
    }
}
