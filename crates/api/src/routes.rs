//! Which handler answers which request.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use hyper::body::Incoming;
use hyper::{Method, Request};

use crate::addresses::{self, AddressText};
use crate::answer::{Answer, Fault, Outcome, repeated};
use crate::client::Caller;
use crate::context::Context;
use crate::limits::PATH_SEGMENTS_MAX;
use crate::messages::Part;
use crate::request::{Path, query_value};
use crate::{cors, messages, milestones, node_info, outputs, peers, status, submit};

/// A route with its parameters as the client wrote them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route<'a> {
    Health,
    Routes,
    Info,
    Tips,
    Messages,
    Message(&'a str, Part),
    IncludedMessage(&'a str, Part),
    Milestone(&'a str),
    UtxoChanges(&'a str),
    Output(&'a str),
    Balance(AddressText<'a>),
    AddressOutputs(AddressText<'a>),
    Treasury,
    Receipts,
    ReceiptsOf(&'a str),
    Peers,
    Peer(&'a str),
    Status,
    PeerStatuses,
}

/// The table of routes (TIP-13, and our own below /api/osmia).
fn find<'a>(segments: &[&'a str]) -> Option<Route<'a>> {
    use AddressText::{Bech32, Ed25519};
    match *segments {
        ["health"] => Some(Route::Health),
        ["api", "routes"] => Some(Route::Routes),
        ["api", "v1", "info"] => Some(Route::Info),
        ["api", "v1", "tips"] => Some(Route::Tips),
        ["api", "v1", "messages"] => Some(Route::Messages),
        ["api", "v1", "messages", id] => Some(Route::Message(id, Part::Json)),
        ["api", "v1", "messages", id, part] => Some(Route::Message(id, Part::named(part)?)),
        ["api", "v1", "transactions", id, "included-message"] => Some(Route::IncludedMessage(id, Part::Json)),
        ["api", "v1", "transactions", id, "included-message", part] => {
            Some(Route::IncludedMessage(id, Part::named(part)?))
        }
        ["api", "v1", "milestones", index] => Some(Route::Milestone(index)),
        ["api", "v1", "milestones", index, "utxo-changes"] => Some(Route::UtxoChanges(index)),
        ["api", "v1", "outputs", id] => Some(Route::Output(id)),
        ["api", "v1", "addresses", "ed25519", hex] => Some(Route::Balance(Ed25519(hex))),
        ["api", "v1", "addresses", "ed25519", hex, "outputs"] => Some(Route::AddressOutputs(Ed25519(hex))),
        ["api", "v1", "addresses", text] => Some(Route::Balance(Bech32(text))),
        ["api", "v1", "addresses", text, "outputs"] => Some(Route::AddressOutputs(Bech32(text))),
        ["api", "v1", "treasury"] => Some(Route::Treasury),
        ["api", "v1", "receipts"] => Some(Route::Receipts),
        ["api", "v1", "receipts", index] => Some(Route::ReceiptsOf(index)),
        ["api", "v1", "peers"] => Some(Route::Peers),
        ["api", "v1", "peers", id] => Some(Route::Peer(id)),
        ["api", "osmia", "v1", "status"] => Some(Route::Status),
        ["api", "osmia", "v1", "peers"] => Some(Route::PeerStatuses),
        _ => None,
    }
}

impl Route<'_> {
    /// The methods the route takes, as the header `Allow` lists them.
    const fn methods(self) -> &'static str {
        if matches!(self, Self::Messages | Self::Peers) {
            "GET, HEAD, POST, OPTIONS"
        } else if matches!(self, Self::Peer(_)) {
            "GET, HEAD, DELETE, OPTIONS"
        } else {
            "GET, HEAD, OPTIONS"
        }
    }
}

/// Answers a request. Whatever happens, there is an answer: a panic in a handler becomes 500.
pub(crate) async fn answer(context: Arc<Context>, caller: &Caller, request: Request<Incoming>) -> Answer {
    let (head, body) = request.into_parts();
    let outcome = guarded(route(&context, caller, &head, body), head.uri.path()).await;
    let mut answer = outcome.unwrap_or_else(Fault::into_answer);
    context.requests.count(answer.status());
    cors::allow(&context.options.cors, &head.headers, &mut answer);
    answer
}

/// Runs a handler; a panic in it is logged and becomes a fault.
async fn guarded(handler: impl Future<Output = Outcome>, path: &str) -> Outcome {
    let mut handler = pin!(handler);
    let polled = |task: &mut std::task::Context<'_>| {
        // After a panic the handler is dropped. It held no lock, and the context has atomics only.
        match catch_unwind(AssertUnwindSafe(|| handler.as_mut().poll(task))) {
            Ok(poll) => poll,
            Err(_panic) => Poll::Ready(Err(Fault::internal("a handler panicked", &repeated(path)))),
        }
    };
    std::future::poll_fn(polled).await
}

async fn route(
    context: &Arc<Context>,
    caller: &Caller,
    head: &hyper::http::request::Parts,
    body: Incoming,
) -> Outcome {
    if head.method == Method::OPTIONS && head.uri.path() == "*" {
        return Ok(cors::preflight(&head.headers, "GET, HEAD, POST, DELETE, OPTIONS"));
    }
    let path = Path::decode(head.uri.path())?;
    let mut space = [""; PATH_SEGMENTS_MAX];
    let route = path.segments(&mut space).and_then(find);
    let route = route.ok_or_else(|| Fault::not_found("there is no such route"))?;
    match (&head.method, route) {
        (&Method::GET | &Method::HEAD, _) => get(context, route, head.uri.query()).await,
        (&Method::OPTIONS, _) => Ok(cors::preflight(&head.headers, route.methods())),
        (&Method::POST, Route::Messages) => submit::post(context, caller, &head.headers, body).await,
        (&Method::POST, Route::Peers) => peers::add(context, &head.headers, body).await,
        (&Method::DELETE, Route::Peer(id)) => peers::remove(context, &head.headers, id).await,
        _ => Err(Fault::method_not_allowed(route.methods())),
    }
}

async fn get(context: &Arc<Context>, route: Route<'_>, query: Option<&str>) -> Outcome {
    match route {
        Route::Health => Ok(node_info::health(context)),
        Route::Routes => node_info::routes(),
        Route::Info => node_info::info(context),
        Route::Tips => node_info::tips(context),
        Route::Messages => {
            let index = query_value(query, "index")?;
            messages::by_index(context, index.as_deref()).await
        }
        Route::Message(id, part) => messages::one(context, id, part).await,
        Route::IncludedMessage(id, part) => messages::included(context, id, part).await,
        Route::Milestone(index) => milestones::one(context, index),
        Route::UtxoChanges(index) => milestones::utxo_changes(context, index).await,
        Route::Output(id) => outputs::one(context, id),
        Route::Balance(address) => addresses::balance(context, address).await,
        Route::AddressOutputs(address) => addresses::outputs(context, address, query).await,
        Route::Treasury => milestones::treasury(context),
        Route::Receipts => milestones::receipts(context, None).await,
        Route::ReceiptsOf(index) => milestones::receipts(context, Some(index)).await,
        Route::Peers => peers::list(context),
        Route::Peer(id) => peers::one(context, id),
        Route::Status => context.read_many(status::status).await,
        Route::PeerStatuses => status::peer_list(context),
    }
}

#[cfg(test)]
mod tests;
