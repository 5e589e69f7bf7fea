//! Watching a running node: what the log says of it, and how it ends.

use std::sync::Arc;
use std::time::Duration;

use osmia_engine::{Node, RunningNode, View};
use osmia_primitives::MilestoneIndex;
use osmia_store::Store;

use crate::clock::Stopwatch;
use crate::exit::Exit;
use crate::limits::{FIRST_MILESTONE_WAIT_MAX, STOP_DURATION_MAX, SUMMARY_INTERVAL, WATCH_INTERVAL};
use crate::stop_signal::StopSignal;

/// How a node's run ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Somebody asked it to.
    Asked(&'static str),
    /// It had to: why, and what can be done.
    Halted(Arc<str>),
}

impl Ended {
    /// The code the program ends with.
    pub(crate) const fn exit(&self) -> Exit {
        match self {
            Self::Asked(_) => Exit::Success,
            Self::Halted(_) => Exit::NodeStopped,
        }
    }
}

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
    signal.wait(timeout).map(Ended::Asked).or_else(|| node.halt_reason().map(Ended::Halted))
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

/// Ends the process with `exit` when stopping takes longer than was promised. What was answered is in the write-ahead
/// log by then.
pub(crate) fn limit_stop_time(exit: Exit) {
    let wait = move || {
        let Ok(_) = crossbeam_channel::after(STOP_DURATION_MAX).recv() else { return };
        tracing::warn!("stopping took too long and was cut short; nothing that was answered is lost");
        signal_hook::low_level::exit(exit as i32);
    };
    // The thread ends with the process.
    if let Err(error) = std::thread::Builder::new().name("stop-timer".into()).spawn(wait) {
        tracing::warn!(%error, "stopping has no time limit");
    }
}

/// Stops the node, then closes its store.
pub(crate) fn stop(running: RunningNode, store: Arc<Store>) {
    running.stop();
    // An answer that is still being written may hold the store; then the next start reads the write-ahead log.
    let Some(store) = Arc::into_inner(store) else { return };
    if let Err(error) = store.close() {
        tracing::warn!(%error, "the database was not flushed; the next start reads its write-ahead log");
    }
}
