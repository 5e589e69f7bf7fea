//! What every handler works with.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use osmia_engine::{Node, View};
use osmia_network::{Network, PeerInfo};
use osmia_primitives::MessageId;

use crate::answer::{Fault, Outcome};
use crate::mine::Miner;
use crate::options::ApiOptions;
use crate::progress::{Pace, Progress};
use crate::random::Random;
use crate::request::BodyBudget;
use crate::request_counters::RequestCounters;

/// The node and what the API keeps beside it; shared by all worker threads.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) node: Node,
    pub(crate) options: ApiOptions,
    pub(crate) miner: Option<Miner>,
    pub(crate) bodies: BodyBudget,
    pub(crate) random: Arc<Random>,
    pub(crate) progress: Progress,
    pub(crate) requests: RequestCounters,
    /// Connections to the API that are open.
    pub(crate) connections: Arc<AtomicUsize>,
}

impl Context {
    /// The node's state, when it is synced well enough to judge messages.
    pub(crate) fn almost_synced(&self) -> Result<Arc<View>, Fault> {
        let view = self.node.view();
        if view.is_almost_synced() { Ok(view) } else { Err(Fault::unavailable("node is not synced")) }
    }

    /// The peers of the node, none for one without gossip.
    pub(crate) fn peers(&self) -> Arc<[PeerInfo]> {
        self.options.network.as_ref().map_or_else(|| Arc::from([]), Network::peers)
    }

    /// Notes how the node gets on, and tells how fast.
    pub(crate) fn note_progress(&self, view: &View) -> Pace {
        let nonces = self.miner.as_ref().map_or(0, |miner| miner.figures().nonces());
        self.progress.note(view, nonces)
    }

    /// How many entries a list may have.
    pub(crate) fn results_max(&self) -> usize {
        usize::try_from(self.options.limits.results_max).unwrap_or(usize::MAX)
    }

    /// Parents for a new message.
    pub(crate) fn select_tips(&self, view: &View) -> Result<Vec<MessageId>, Fault> {
        let tips = select_tips(view, &self.random);
        if tips.is_empty() { Err(Fault::unavailable("no tips available")) } else { Ok(tips) }
    }

    /// Runs a handler that reads many rows on a thread of its own, so that short requests do not wait for it. Not more
    /// can wait there than there are connections, each of which has one request at a time.
    pub(crate) async fn read_many(
        self: &Arc<Self>,
        read: impl FnOnce(&Self) -> Outcome + Send + 'static,
    ) -> Outcome {
        let context = Arc::clone(self);
        match tokio::task::spawn_blocking(move || read(&context)).await {
            Ok(outcome) => outcome,
            Err(error) => Err(Fault::internal("a handler failed", &error)),
        }
    }
}

/// Tips drawn with the API's randomness; empty when there are none.
pub(crate) fn select_tips(view: &View, random: &Random) -> Vec<MessageId> {
    view.select_tips(&mut || random.next())
}
