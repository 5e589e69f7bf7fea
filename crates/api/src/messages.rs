//! Messages: one as JSON or bytes, its metadata, its children, and the search by index.

use std::sync::Arc;

use osmia_chrysalis::json::MessageJson;
use osmia_chrysalis::ledger::load_output;
use osmia_chrysalis::limits::INDEX_BYTES_MAX;
use osmia_chrysalis::{Message, OutputId, Payload};
use osmia_engine::ledger::StoreLedger;
use osmia_engine::{ConeRoots, Outcome as LedgerOutcome, QuestionError, milestones};
use osmia_primitives::{MessageId, MilestoneIndex, TransactionId, hex};
use osmia_store::{Arrival, IndexHash, Reader};
use serde::Serialize;

use crate::answer::{Fault, Outcome, data, raw};
use crate::context::Context;
use crate::limits::{CONE_ROOTS_ATTEMPTS, CONE_ROOTS_RETRY};
use crate::request::id_of;

/// A message whose youngest cone root is more milestones old than this should be promoted (TIP-3).
const YOUNGEST_CONE_ROOT_DELTA: u32 = 8;
/// A message whose oldest cone root is more milestones old than this should be promoted (TIP-3).
const OLDEST_CONE_ROOT_DELTA: u32 = 13;

/// What of a message is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Json,
    Metadata,
    Raw,
    Children,
}

impl Part {
    /// The part a path segment names.
    pub(crate) fn named(segment: &str) -> Option<Self> {
        match segment {
            "metadata" => Some(Self::Metadata),
            "raw" => Some(Self::Raw),
            "children" => Some(Self::Children),
            _ => None,
        }
    }
}

/// GET /api/v1/messages/:id and what is below it.
pub(crate) async fn one(context: &Arc<Context>, id: &str, part: Part) -> Outcome {
    part_of(context, MessageId(id_of("message ID", id)?), part).await
}

/// GET /api/v1/transactions/:id/included-message and what is below it: the message whose transaction was applied,
/// found through the first output it created.
pub(crate) async fn included(context: &Arc<Context>, id: &str, part: Part) -> Outcome {
    let transaction_id = TransactionId(id_of("transaction ID", id)?);
    let id = included_message(context, transaction_id)?;
    part_of(context, id, part).await
}

fn included_message(context: &Context, transaction_id: TransactionId) -> Result<MessageId, Fault> {
    let reader = context.node.store().latest();
    let output = load_output(&StoreLedger(&reader), &OutputId { transaction_id, index: 0 })?;
    let output = output
        .ok_or_else(|| Fault::not_found(format!("output for transaction not found: {transaction_id}")))?;
    Ok(output.message_id)
}

async fn part_of(context: &Arc<Context>, id: MessageId, part: Part) -> Outcome {
    match part {
        Part::Json => data(&MessageJson::from(&stored_message(context, id)?)),
        Part::Raw => Ok(raw(stored_bytes(&context.node.store().latest(), id)?.1)),
        Part::Metadata => metadata(context, id).await,
        Part::Children => context.read_many(move |context| children(context, id)).await,
    }
}

fn stored_bytes(reader: &Reader<'_>, id: MessageId) -> Result<(Arrival, Vec<u8>), Fault> {
    let not_found = || Fault::not_found(format!("message not found: {id}"));
    let arrival = reader.arrival(&id)?.ok_or_else(not_found)?;
    let vertex = reader.vertex(arrival)?.ok_or_else(not_found)?;
    Ok((arrival, vertex.bytes))
}

fn stored_message(context: &Context, id: MessageId) -> Result<Message, Fault> {
    let (_, bytes) = stored_bytes(&context.node.store().latest(), id)?;
    parse_stored(&bytes)
}

fn parse_stored(bytes: &[u8]) -> Result<Message, Fault> {
    Message::parse(bytes).map_err(|error| Fault::internal("a stored message is damaged", &error))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChildrenJson {
    message_id: String,
    max_results: u32,
    count: usize,
    children_message_ids: Vec<String>,
}

/// The children of a message; none of one that is not known, as in the reference node.
fn children(context: &Context, id: MessageId) -> Outcome {
    let reader = context.node.store().latest();
    let children = match reader.arrival(&id)? {
        Some(arrival) => reader.children(arrival, context.results_max())?,
        None => Vec::new(),
    };
    let ids = reader.ids_of(&children)?;
    let children_message_ids: Vec<_> = ids.into_iter().flatten().map(|id| id.to_string()).collect();
    data(&ChildrenJson {
        message_id: id.to_string(),
        max_results: context.options.limits.results_max,
        count: children_message_ids.len(),
        children_message_ids,
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct IndexJson<'a> {
    index: &'a str,
    max_results: u32,
    count: usize,
    message_ids: Vec<String>,
}

/// GET /api/v1/messages?index=: messages with this index, their own or their transaction's.
pub(crate) async fn by_index(context: &Arc<Context>, index: Option<&str>) -> Outcome {
    let text = match index {
        Some(text) if !text.is_empty() => text,
        Some(_) | None => return Err(Fault::bad_request("query parameter index is missing or empty")),
    };
    let too_long =
        || Fault::bad_request(format!("query parameter index has more than {INDEX_BYTES_MAX} bytes"));
    if text.len() > INDEX_BYTES_MAX * 2 {
        return Err(too_long());
    }
    let index = hex::decode(text)
        .map_err(|error| Fault::bad_request(format!("query parameter index is not hexadecimal: {error}")))?;
    let text = text.to_owned();
    context.read_many(move |context| indexed(context, &text, &index)).await
}

fn indexed(context: &Context, text: &str, index: &[u8]) -> Outcome {
    let reader = context.node.store().latest();
    let found = reader.indexed(IndexHash::of(index), context.results_max())?;
    let mut message_ids = Vec::with_capacity(found.len());
    for vertex in reader.vertices(&found)?.into_iter().flatten() {
        // The table holds a hash of the index: whether it is this index, the message tells.
        if index_of(&parse_stored(&vertex.bytes)?) == Some(index) {
            message_ids.push(MessageId::of(&vertex.bytes).to_string());
        }
    }
    data(&IndexJson {
        index: text,
        max_results: context.options.limits.results_max,
        count: message_ids.len(),
        message_ids,
    })
}

fn index_of(message: &Message) -> Option<&[u8]> {
    let indexation = match &message.payload {
        Some(Payload::Indexation(indexation)) => Some(indexation),
        Some(Payload::Transaction(transaction)) => transaction.essence.payload.as_ref(),
        Some(Payload::Milestone(_)) | None => None,
    };
    indexation.map(|indexation| indexation.index.as_slice())
}

/// A message's metadata; members that do not apply are absent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MetadataJson {
    message_id: String,
    parent_message_ids: Vec<String>,
    is_solid: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    referenced_by_milestone_index: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    milestone_index: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ledger_inclusion_state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conflict_reason: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    should_promote: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    should_reattach: Option<bool>,
}

/// What a milestone did with a message.
#[derive(Clone, Copy, Debug)]
struct Referenced {
    by: MilestoneIndex,
    /// Whether the message is that milestone.
    is_milestone: bool,
    outcome: LedgerOutcome,
}

async fn metadata(context: &Arc<Context>, id: MessageId) -> Outcome {
    let view = context.almost_synced()?;
    for _ in 0..CONE_ROOTS_ATTEMPTS {
        // A message that a milestone references between the two questions is found by the next round.
        if let Some(metadata) = stored_metadata(context, id)? {
            return data(&metadata);
        }
        match cone_roots(context, id).await {
            Ok(Some(roots)) => {
                let message = stored_message(context, id)?;
                let below_max_depth = context.node.parameters().below_max_depth;
                let advice = advice(roots, view.confirmed.index, below_max_depth);
                return data(&MetadataJson {
                    should_promote: Some(advice == Advice::Promote),
                    should_reattach: Some(advice == Advice::Reattach),
                    ..MetadataJson::solid(id, message.parents.as_slice())
                });
            }
            Ok(None) => return Err(Fault::not_found(format!("message not found: {id}"))),
            Err(QuestionError::Busy) => tokio::time::sleep(CONE_ROOTS_RETRY).await,
            Err(error @ QuestionError::Stopped(_)) => return Err(Fault::unavailable(error.to_string())),
        }
    }
    Err(Fault::unavailable(QuestionError::Busy.to_string()))
}

impl MetadataJson {
    /// The metadata of a message of which nothing else is known. Every stored message is solid.
    fn solid(id: MessageId, parents: &[MessageId]) -> Self {
        Self {
            message_id: id.to_string(),
            parent_message_ids: parents.iter().map(MessageId::to_string).collect(),
            is_solid: true,
            referenced_by_milestone_index: None,
            milestone_index: None,
            ledger_inclusion_state: None,
            conflict_reason: None,
            should_promote: None,
            should_reattach: None,
        }
    }

    fn referenced(id: MessageId, parents: &[MessageId], referenced: Referenced) -> Self {
        let (state, reason) = match referenced.outcome {
            LedgerOutcome::NoTransaction => ("noTransaction", None),
            LedgerOutcome::Included => ("included", None),
            LedgerOutcome::Conflicting(reason) => ("conflicting", Some(reason.code())),
        };
        Self {
            referenced_by_milestone_index: Some(referenced.by.0),
            milestone_index: referenced.is_milestone.then_some(referenced.by.0),
            ledger_inclusion_state: Some(state),
            conflict_reason: reason,
            ..Self::solid(id, parents)
        }
    }
}

/// The metadata of a message that a milestone references; `None` of one that none does yet.
fn stored_metadata(context: &Context, id: MessageId) -> Result<Option<MetadataJson>, Fault> {
    let reader = context.node.store().snapshot();
    let (arrival, bytes) = stored_bytes(&reader, id)?;
    let Some(position) = reader.position(arrival)? else { return Ok(None) };
    let outcome = LedgerOutcome::from_byte(position.outcome)
        .ok_or_else(|| Fault::internal("the position of a message is damaged", &position.outcome))?;
    let milestone = milestones::find(&reader, position.milestone)?;
    let is_milestone = milestone.is_some_and(|milestone| milestone.message_id == id);
    let referenced = Referenced { by: position.milestone, is_milestone, outcome };
    Ok(Some(MetadataJson::referenced(id, parse_stored(&bytes)?.parents.as_slice(), referenced)))
}

async fn cone_roots(context: &Context, id: MessageId) -> Result<Option<ConeRoots>, QuestionError> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let reply = move |roots| {
        if sender.send(roots).is_err() {
            tracing::trace!("nobody waits for the cone roots any more");
        }
    };
    context.node.cone_roots(id, Box::new(reply));
    receiver.await.unwrap_or_else(|_| Err(QuestionError::Stopped("it gave no answer".into())))
}

/// What the owner of a message that no milestone references should do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Advice {
    Wait,
    /// Attach a new message to it, so that it is found.
    Promote,
    /// Send its payload again: no milestone will reach this message.
    Reattach,
}

/// Judges a message by its cone roots as the reference node does, except that a root younger than the confirmed
/// milestone is no age at all instead of four billion milestones.
fn advice(roots: ConeRoots, confirmed: MilestoneIndex, below_max_depth: u32) -> Advice {
    let oldest_delta = confirmed.ahead_of(roots.oldest);
    if oldest_delta > below_max_depth {
        Advice::Reattach
    } else if confirmed.ahead_of(roots.youngest) > YOUNGEST_CONE_ROOT_DELTA
        || oldest_delta > OLDEST_CONE_ROOT_DELTA
    {
        Advice::Promote
    } else {
        Advice::Wait
    }
}

#[cfg(test)]
mod tests;
