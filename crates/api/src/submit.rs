//! POST /api/v1/messages: a message as JSON or as its bytes, complete or with gaps that the node fills.
//!
//! What the node fills (TIP-13 and the reference node): the network id; the parents, where it does proof of work; the
//! nonce, where it does proof of work. A nonce that is given is never replaced, and parents that are given never are.

use std::sync::Arc;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap};
use osmia_chrysalis::{MESSAGE_BYTES_MAX, Message, Parents, json};
use osmia_engine::{SubmitError, View};
use osmia_primitives::bytes::{Reader, Write};
use osmia_primitives::{MessageId, NetworkId};
use serde::Serialize;

use crate::answer::{Fault, Outcome, created};
use crate::client::Caller;
use crate::context::Context;
use crate::mine::{Draft, MineError};
use crate::request::body_of;

/// Clients fall back to their own proof of work when an error contains "proof of work is not enabled".
const POW_NOT_ENABLED: &str = "proof of work is not enabled on this node";

/// Most likely nobody reads it.
const GONE: &str = "the connection was closed before the proof of work was done";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SubmittedJson<'a> {
    message_id: &'a str,
}

/// Takes a message: 201 when it is stored.
pub(crate) async fn post(
    context: &Arc<Context>,
    caller: &Caller,
    headers: &HeaderMap,
    body: Incoming,
) -> Outcome {
    let body = body_of(body, context.options.limits.body_bytes_max, &context.bodies).await?;
    let is_json =
        headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let bytes = match work_on(context, is_json, body)? {
        Work::Done(bytes) => bytes,
        Work::Needed(draft) => mine(context, caller, draft).await?,
    };
    let id = submit(context, bytes).await?.to_string();
    created(&id, &SubmittedJson { message_id: &id })
}

/// A submitted message, its gaps filled.
#[derive(Debug)]
enum Work {
    /// These bytes are to be attached, if they pass.
    Done(Bytes),
    /// The proof of work is missing and wanted of this node.
    Needed(Draft),
}

/// What is to be done with a body. Nothing of it is kept but the message: one that waits for proof of work waits long,
/// and a body may be many times as large.
fn work_on(context: &Context, is_json: bool, body: Bytes) -> Result<Work, Fault> {
    let view = context.almost_synced()?;
    if is_json { from_json(context, &view, &body) } else { from_bytes(context, &view, body) }
}

/// The bytes of a message from JSON.
fn from_json(context: &Context, view: &View, body: &[u8]) -> Result<Work, Fault> {
    let submitted = json::submitted_message(body).map_err(|error| invalid(&error))?;
    let nonce = submitted.nonce.unwrap_or(0);
    let network_id = network_id(context, submitted.network_id.unwrap_or(0), nonce)?;
    let given = submitted.parents.filter(|parents| !parents.is_empty());
    let own_parents = given.is_none();
    let parents = match given {
        Some(parents) => parents,
        None => choose_parents(context, view, nonce)?,
    };
    let parents = Parents::new(parents).map_err(|error| invalid(&error))?;
    let message = Message { network_id, parents, payload: submitted.payload, nonce };
    message.validate().map_err(|error| invalid(&error))?;
    settle(context, message, own_parents)
}

/// The bytes of a message from bytes. Those without gaps are not even parsed here: the verify pool does it.
fn from_bytes(context: &Context, view: &View, body: Bytes) -> Result<Work, Fault> {
    let Some(gaps) = Gaps::of(&body) else { return Ok(Work::Done(body)) };
    if gaps.nonce != 0 && gaps.network_id != 0 && gaps.parents != 0 {
        return Ok(Work::Done(body));
    }
    let network_id = network_id(context, gaps.network_id, gaps.nonce)?;
    let own_parents = gaps.parents == 0;
    let parents = if own_parents { choose_parents(context, view, gaps.nonce)? } else { Vec::new() };
    let message = Message::parse(&gaps.fill(&body, network_id, &parents)).map_err(|error| invalid(&error))?;
    settle(context, message, own_parents)
}

/// Decides about the proof of work of a message that keeps every syntactic rule.
fn settle(context: &Context, message: Message, own_parents: bool) -> Result<Work, Fault> {
    let parameters = context.node.parameters();
    if message.network_id != parameters.network_id {
        let (expected, got) = (parameters.network_id, message.network_id);
        return Err(refused(&SubmitError::WrongNetwork { expected, got }));
    }
    let bytes = message.pack();
    // A nonce of 0 may be one that was found.
    if message.nonce != 0 || osmia_pow::score(&bytes) >= parameters.min_pow_score {
        return Ok(Work::Done(bytes.into()));
    }
    if context.miner.is_none() {
        return Err(Fault::bad_request(POW_NOT_ENABLED));
    }
    Ok(Work::Needed(Draft { message, own_parents }))
}

/// What a message given as bytes leaves to the node.
#[derive(Debug)]
struct Gaps {
    network_id: u64,
    /// How many parents are given.
    parents: u8,
    nonce: u64,
}

impl Gaps {
    /// Network id and count of parents.
    const HEAD_BYTES: usize = 8 + 1;

    /// `None` for bytes that are no message for certain: parsing them tells why.
    fn of(body: &[u8]) -> Option<Self> {
        if body.len() > MESSAGE_BYTES_MAX {
            return None;
        }
        let mut reader = Reader::new(body);
        let (network_id, parents) = (reader.u64().ok()?, reader.u8().ok()?);
        let nonce = reader.slice(reader.left()).ok()?.last_chunk()?;
        Some(Self { network_id, parents, nonce: u64::from_le_bytes(*nonce) })
    }

    /// The message with another network id and with `parents` where it has none.
    fn fill(&self, body: &[u8], network_id: NetworkId, parents: &[MessageId]) -> Vec<u8> {
        let mut filled = Vec::with_capacity(body.len() + parents.len() * 32);
        filled.put_u64(network_id.0);
        // At most four tips are ever selected.
        filled.put_u8(if self.parents == 0 {
            u8::try_from(parents.len()).unwrap_or(u8::MAX)
        } else {
            self.parents
        });
        for parent in parents {
            filled.put(&parent.0);
        }
        filled.put(body.get(Self::HEAD_BYTES..).unwrap_or(&[]));
        filled
    }
}

/// The network of a message: the given one, or this node's where none is given.
fn network_id(context: &Context, given: u64, nonce: u64) -> Result<NetworkId, Fault> {
    match (given, nonce) {
        (0, 0) => Ok(context.node.parameters().network_id),
        (0, _) => {
            Err(invalid(&"there is a nonce but no network id: the proof of work is for another message"))
        }
        (given, _) => Ok(NetworkId(given)),
    }
}

/// Parents of the node's choice, for a message it then does the proof of work for.
fn choose_parents(context: &Context, view: &View, nonce: u64) -> Result<Vec<MessageId>, Fault> {
    if nonce != 0 {
        return Err(invalid(&"there is a nonce but no parents: the proof of work is for another message"));
    }
    if context.miner.is_none() {
        return Err(Fault::bad_request(format!("no parents are given, and {POW_NOT_ENABLED}")));
    }
    context.select_tips(view)
}

/// Mines a message for as long as somebody waits for it. Where hyper sees that nobody does, it drops this future.
async fn mine(context: &Context, caller: &Caller, draft: Draft) -> Result<Bytes, Fault> {
    // `settle` asks for work only where there is a miner.
    let miner = context.miner.as_ref().ok_or_else(|| Fault::bad_request(POW_NOT_ENABLED))?;
    tokio::select! {
        mined = miner.mine(caller.client, draft) => mined.map_err(|error| not_mined(&error)),
        () = caller.watch.closed() => Err(Fault::bad_request(GONE)),
    }
}

fn not_mined(error: &MineError) -> Fault {
    match error {
        MineError::Full { retry_after_s } | MineError::Displaced { retry_after_s } => {
            Fault::unavailable_for(*retry_after_s, error.to_string())
        }
        MineError::NoTips | MineError::Stopped => Fault::unavailable(error.to_string()),
        MineError::Invalid(_) | MineError::TooHard | MineError::Exhausted => invalid(error),
        MineError::Panicked => Fault::internal("proof of work", error),
    }
}

async fn submit(context: &Context, bytes: Bytes) -> Result<MessageId, Fault> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let reply = move |result| {
        // The client may be gone; the message stays.
        drop(sender.send(result));
    };
    context.node.submit(bytes, Box::new(reply));
    match receiver.await {
        Ok(result) => result.map_err(|error| refused(&error)),
        Err(_dropped) => Err(Fault::unavailable("the node is stopping")),
    }
}

fn refused(error: &SubmitError) -> Fault {
    match error {
        SubmitError::Syntax(_)
        | SubmitError::WrongNetwork { .. }
        | SubmitError::InsufficientPow { .. }
        | SubmitError::ParentNotFound(_)
        | SubmitError::ParentTooOld(_) => invalid(error),
        SubmitError::NotSynced | SubmitError::Busy | SubmitError::Stopped(_) => {
            Fault::unavailable(error.to_string())
        }
    }
}

fn invalid(error: &dyn std::fmt::Display) -> Fault {
    Fault::bad_request(format!("invalid message: {error}"))
}

#[cfg(test)]
mod tests;
