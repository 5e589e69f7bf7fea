//! Watching a running node and what the log says of it.

use std::time::Duration;

use osmia_engine::{Node, View};
use osmia_primitives::MilestoneIndex;

use crate::clock::Stopwatch;
use crate::ending::Ended;
use crate::limits::{FIRST_MILESTONE_WAIT_MAX, SUMMARY_INTERVAL, WATCH_INTERVAL};
use crate::stop_signal::{Event, StopSignal};

/// Waits for the first milestone, not forever. `Some` when the run ended before.
pub(crate) fn first_milestone(node: &Node, signal: &StopSignal) -> Option<Ended> {
    let waiting = Stopwatch::start();
    while node.view().confirmed.index == MilestoneIndex(0) && waiting.elapsed() < FIRST_MILESTONE_WAIT_MAX {
        if let Some(ended) = ended(node, signal, Duration::from_millis(5)) {
            return Some(ended);
        }
    }
    None
}

/// Watches the node until somebody stops it or it stops by itself.
pub(crate) fn until_end(node: &Node, signal: &StopSignal) -> Ended {
    let mut watch = Watch::start(&node.view());
    loop {
        if let Some(ended) = ended(node, signal, WATCH_INTERVAL) {
            return ended;
        }
        watch.look(&node.view());
    }
}

fn ended(node: &Node, signal: &StopSignal, timeout: Duration) -> Option<Ended> {
    signal
        .wait(timeout)
        .and_then(Event::stop)
        .map(Ended::Asked)
        .or_else(|| node.halt_reason().map(Ended::Halted))
}

/// What was seen of a node so far.
struct Watch {
    is_halted: bool,
    summary: Stopwatch,
    /// At the last summary.
    attached: u64,
    milestone: MilestoneIndex,
}

impl Watch {
    fn start(view: &View) -> Self {
        Self {
            is_halted: false,
            summary: Stopwatch::start(),
            attached: view.counters.attached,
            milestone: view.confirmed.index,
        }
    }

    fn look(&mut self, view: &View) {
        if let Some(reason) = view.halted.as_ref().filter(|_| !self.is_halted) {
            self.is_halted = true;
            tracing::error!(%reason, "no more milestones are confirmed; the API still answers reads");
        }
        if self.summary.elapsed() >= SUMMARY_INTERVAL {
            self.tell(view);
        }
    }

    fn tell(&mut self, view: &View) {
        let seconds = self.summary.seconds();
        let attached = view.counters.attached - self.attached;
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let messages_per_second = (attached as f64 / seconds * 10.0).round() / 10.0;
        tracing::info!(
            milestone = %view.confirmed.index,
            milestones = view.confirmed.index.0.saturating_sub(self.milestone.0),
            messages = attached,
            messages_per_second,
            tips = view.tips.len(),
            tangle_bytes = view.counters.tangle_bytes,
            "the last minute"
        );
        self.attached = view.counters.attached;
        self.milestone = view.confirmed.index;
        self.summary = Stopwatch::start();
    }
}
