//! Proof of work for clients, on a bounded set of plain threads behind a bounded queue.
//!
//! Parents the node chose itself are chosen when a thread takes the message up, and again every five seconds, so that
//! slow work does not end below tips nobody looks at any more. Work whose client went away stops.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use bytes::Bytes;
use osmia_chrysalis::{Message, Parents, SyntaxError};
use osmia_engine::Node;
use osmia_pow::NONCE_BYTES;
use osmia_primitives::blake2b;
use tokio::sync::oneshot;

use crate::context::select_tips;
use crate::limits::{MINE_QUEUE_MAX, REFRESH_TIPS};
use crate::random::Random;

/// A message that keeps every rule except that its nonce proves no work.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) message: Message,
    /// Whether the parents are the node's choice, which it may change.
    pub(crate) own_parents: bool,
}

/// Why a message was not mined.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MineError {
    #[error("too many messages wait for proof of work, try again in a moment")]
    Busy,
    #[error("no tips available")]
    NoTips,
    #[error("the node is stopping")]
    Stopped,
    /// With fresh parents the message breaks a rule: it became too long.
    #[error(transparent)]
    Invalid(#[from] SyntaxError),
}

/// What the waiting request tells the mining thread.
#[derive(Debug, Default)]
struct Control {
    /// Ends the search in progress.
    stop: AtomicBool,
    /// Nobody waits any more.
    cancelled: AtomicBool,
}

/// Cancels the work when the request that waits for it goes away.
struct CancelOnDrop(Arc<Control>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        // In this order: a thread that clears `stop` afterwards looks at `cancelled` next.
        self.0.cancelled.store(true, Ordering::SeqCst);
        self.0.stop.store(true, Ordering::SeqCst);
    }
}

struct Job {
    draft: Draft,
    control: Arc<Control>,
    reply: oneshot::Sender<Result<Bytes, MineError>>,
}

/// The queue of messages to mine. The threads end when it is dropped.
#[derive(Debug)]
pub(crate) struct Miner {
    jobs: SyncSender<Job>,
}

impl Miner {
    /// Starts the threads, which join `threads`.
    pub(crate) fn start(
        node: &Node,
        random: &Arc<Random>,
        count: NonZeroUsize,
        threads: &mut Vec<JoinHandle<()>>,
    ) -> std::io::Result<Self> {
        let (jobs, receiver) = sync_channel(MINE_QUEUE_MAX);
        let receiver = Arc::new(Mutex::new(receiver));
        for number in 0..count.get() {
            let (node, random, receiver) = (node.clone(), Arc::clone(random), Arc::clone(&receiver));
            let run = move || work(&node, &random, &receiver);
            threads.push(std::thread::Builder::new().name(format!("api-pow-{number}")).spawn(run)?);
        }
        Ok(Self { jobs })
    }

    /// The bytes of a message with its proof of work. Dropping the future ends the work.
    pub(crate) async fn mine(&self, draft: Draft) -> Result<Bytes, MineError> {
        let (reply, mut answer) = oneshot::channel();
        let control = Arc::new(Control::default());
        let cancel = CancelOnDrop(Arc::clone(&control));
        let refreshes_tips = draft.own_parents;
        self.jobs.try_send(Job { draft, control, reply }).map_err(|error| match error {
            TrySendError::Full(_) => MineError::Busy,
            TrySendError::Disconnected(_) => MineError::Stopped,
        })?;
        if !refreshes_tips {
            return answer.await.unwrap_or(Err(MineError::Stopped));
        }
        loop {
            match tokio::time::timeout(REFRESH_TIPS, &mut answer).await {
                Ok(result) => return result.unwrap_or(Err(MineError::Stopped)),
                // The thread goes on with fresh tips.
                Err(_elapsed) => cancel.0.stop.store(true, Ordering::SeqCst),
            }
        }
    }
}

/// A mining thread: one message after the other.
fn work(node: &Node, random: &Random, jobs: &Mutex<Receiver<Job>>) {
    loop {
        // A thread that panicked while it held the queue left it whole.
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { mut draft, control, reply }) = job else { return };
        let min_pow_score = node.parameters().min_pow_score;
        let fresh_tips = || select_tips(&node.view(), random);
        if let Some(result) = mine(&mut draft, min_pow_score, &control, &fresh_tips) {
            // The client may be gone.
            drop(reply.send(result));
        }
    }
}

/// Mines a message; `None` when nobody waits for it any more.
fn mine(
    draft: &mut Draft,
    min_pow_score: f64,
    control: &Control,
    fresh_tips: &dyn Fn() -> Vec<osmia_primitives::MessageId>,
) -> Option<Result<Bytes, MineError>> {
    loop {
        control.stop.store(false, Ordering::SeqCst);
        if control.cancelled.load(Ordering::SeqCst) {
            return None;
        }
        if draft.own_parents {
            let tips = fresh_tips();
            if tips.is_empty() {
                return Some(Err(MineError::NoTips));
            }
            if let Err(error) = set_parents(&mut draft.message, tips) {
                return Some(Err(error.into()));
            }
        }
        if let Some(bytes) = search(&draft.message, min_pow_score, &control.stop) {
            return Some(Ok(bytes));
        }
    }
}

fn set_parents(message: &mut Message, tips: Vec<osmia_primitives::MessageId>) -> Result<(), SyntaxError> {
    message.parents = Parents::new(tips)?;
    message.validate()
}

/// The message's bytes with a nonce that proves enough work; `None` when it was stopped.
fn search(message: &Message, min_pow_score: f64, stop: &AtomicBool) -> Option<Bytes> {
    let mut bytes = message.pack();
    let zeros = osmia_pow::required_zeros(bytes.len(), min_pow_score);
    let (body, nonce) = bytes.split_last_chunk_mut::<NONCE_BYTES>()?;
    *nonce = osmia_pow::search(&blake2b::hash(body), zeros, 0, stop)?.to_le_bytes();
    Some(bytes.into())
}

#[cfg(test)]
mod tests;
