//! How the run of a node ends, and how long that may take.

use std::sync::Arc;

use osmia_engine::RunningNode;
use osmia_store::Store;

use crate::exit::Exit;
use crate::limits::STOP_DURATION_MAX;

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
