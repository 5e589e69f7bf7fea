//! Proof of work for clients: a bounded queue in which clients take turns by the work they ask for, and a few threads at
//! a priority below that of the node's other threads.
//!
//! Invariants: a job is in the queue, or with a thread, or answered. Whoever waits for one holds its [`Place`]; when that
//! is dropped, because the client went away, the job leaves the queue at once, or its search ends within microseconds
//! of processor time, for which its thread must first get the processor. Parents the node chose itself are chosen when
//! a thread takes the message up, and again with every milestone and every few seconds. Closing the miner answers
//! everything that waits or is in work.
//!
//! That a client went away is seen by hyper, and by [`crate::socket`] where hyper does not look.

mod figures;
mod pace;
mod priority;
mod queue;
mod search;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use osmia_chrysalis::{Message, SyntaxError};
use tokio::sync::oneshot;

use crate::client::Client;
use crate::clock::Stopwatch;
use crate::limits::{POW_RETRY_AFTER_S_MAX, POW_ZEROS_MAX};
use crate::options::RemotePow;

pub(crate) use self::figures::{CLASSES, DurationTotals, Figures};
pub(crate) use self::search::{Ground, NodeGround};

use self::figures::End;
use self::pace::Pace;
use self::queue::{FairQueue, Full};

/// What the names of the threads begin with.
pub(crate) const THREAD: &str = "api-pow-";

/// A message that keeps every rule except that its nonce proves no work.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) message: Message,
    /// Whether the parents are the node's choice, which it may change.
    pub(crate) own_parents: bool,
}

/// Why a message was not mined.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MineError {
    /// Every place in the queue is taken.
    #[error("too many messages wait for proof of work: try again in {retry_after_s} s")]
    Full { retry_after_s: u32 },
    /// It was in the queue, which is full, and somebody with fewer messages came.
    #[error(
        "too many messages wait for proof of work, and this one gave way to those of other clients: \
         try again in {retry_after_s} s"
    )]
    Displaced { retry_after_s: u32 },
    /// There is nothing to attach it to.
    #[error("no tips available")]
    NoTips,
    /// The node stops, or nobody waits any more.
    #[error("the node is stopping")]
    Stopped,
    /// With fresh parents the message breaks a rule: it became too long.
    #[error(transparent)]
    Invalid(#[from] SyntaxError),
    /// It needs more zero trits than [`POW_ZEROS_MAX`].
    #[error(
        "a message of this length needs more work for the minimum proof-of-work score of the network than this node does"
    )]
    TooHard,
    /// No nonce there is proves the work.
    #[error("no nonce gives a message of this length the minimum proof-of-work score of the network")]
    Exhausted,
    /// A fault of this program.
    #[error("the proof of work failed")]
    Panicked,
}

/// What comes of a job.
type Mined = Result<Bytes, MineError>;

/// A message that waits.
#[derive(Debug)]
struct Job {
    draft: Draft,
    /// Ends its search.
    stop: Arc<AtomicBool>,
    waiting: Stopwatch,
    reply: oneshot::Sender<Mined>,
}

/// The queue of messages to mine. The threads end when it is closed or dropped.
#[derive(Debug)]
pub(crate) struct Miner(Arc<Shared>);

/// What requests and threads share.
///
/// Under the lock a job is put into the queue, taken out or noted, and nothing else: jobs are boxed before and dropped
/// after it, so that what is allocated and freed is nodes of small trees and the buffer of a lane, 32 bytes an item. Nobody
/// waits, packs or searches under it. What remains: a thread that mines takes it twice a message, and when such a
/// thread, of low priority, loses the processor just then, workers of the API wait for the lock until it has been given
/// the processor again, which on a machine whose cores are all busy takes some milliseconds.
#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Rung when a job comes and when the miner is closed.
    bell: Condvar,
    figures: Figures,
    threads: NonZeroUsize,
    min_pow_score: f64,
}

#[derive(Debug)]
struct State {
    queue: FairQueue<Box<Job>>,
    /// The jobs in work, by their tickets. There are no more than threads.
    in_work: BTreeMap<u64, InWork>,
    next_ticket: u64,
    pace: Pace,
    is_closed: bool,
}

/// What is known of a job that a thread has.
#[derive(Debug)]
struct InWork {
    stop: Arc<AtomicBool>,
    /// Units of work it asks for.
    work: u64,
}

/// How many jobs there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) waiting: usize,
    pub(crate) mining: usize,
}

impl Miner {
    /// Starts the threads, which join `joined`. They mine for `min_pow_score` on `ground`. Numbers beyond the bounds of
    /// [`RemotePow`] count as the bounds.
    ///
    /// # Errors
    /// When the system refuses a thread; those that run end then.
    pub(crate) fn start(
        options: RemotePow,
        min_pow_score: f64,
        ground: impl Ground + Send + Sync + 'static,
        joined: &mut Vec<JoinHandle<()>>,
    ) -> std::io::Result<Self> {
        let miner = Self(Arc::new(Shared::new(options, min_pow_score)));
        let ground = Arc::new(ground);
        for number in 0..miner.0.threads.get() {
            let (shared, ground) = (Arc::clone(&miner.0), Arc::clone(&ground));
            let run = move || {
                priority::lower();
                shared.work(&*ground);
            };
            joined.push(std::thread::Builder::new().name(format!("{THREAD}{number}")).spawn(run)?);
        }
        Ok(miner)
    }

    /// The bytes of a message with its proof of work. Dropping the future ends the work.
    pub(crate) async fn mine(&self, client: Client, draft: Draft) -> Mined {
        let (reply, answer) = oneshot::channel();
        let _place = Shared::enter(&self.0, client, draft, reply)?;
        // A job is dropped unanswered only with a thread that is gone.
        answer.await.unwrap_or(Err(MineError::Stopped))
    }

    /// Answers everything that waits, ends every search and with them the threads; nothing is taken in any more.
    pub(crate) fn close(&self) {
        self.0.close();
    }

    pub(crate) fn figures(&self) -> &Figures {
        &self.0.figures
    }

    pub(crate) fn load(&self) -> Load {
        let state = self.0.lock();
        Load { waiting: state.queue.len(), mining: state.in_work.len() }
    }
}

impl Drop for Miner {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    fn new(options: RemotePow, min_pow_score: f64) -> Self {
        let options = options.bounded();
        let state = State {
            queue: FairQueue::new(options.queue_max),
            in_work: BTreeMap::new(),
            next_ticket: 0,
            pace: Pace::unknown(),
            is_closed: false,
        };
        Self {
            state: Mutex::new(state),
            bell: Condvar::new(),
            figures: Figures::default(),
            threads: options.threads,
            min_pow_score,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock; if something did, the state would still be whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a job into the queue.
    fn enter(
        this: &Arc<Self>,
        client: Client,
        draft: Draft,
        reply: oneshot::Sender<Mined>,
    ) -> Result<Place, MineError> {
        let zeros = osmia_pow::required_zeros(draft.message.pack().len(), this.min_pow_score);
        if zeros > POW_ZEROS_MAX {
            this.figures.count(End::Failed);
            return Err(MineError::TooHard);
        }
        let stop = Arc::new(AtomicBool::new(false));
        let job = Box::new(Job { draft, stop: Arc::clone(&stop), waiting: Stopwatch::start(), reply });
        let mut state = this.lock();
        if state.is_closed {
            return Err(MineError::Stopped);
        }
        let ticket = state.next_ticket;
        state.next_ticket += 1;
        let entered = state.queue.push(client, ticket, pace::work_of(zeros), job);
        let retry_after_s = state.retry_after_s(this.threads);
        drop(state);
        match entered {
            Err(Full(_job)) => {
                this.figures.count(End::Refused);
                return Err(MineError::Full { retry_after_s });
            }
            Ok(None) => {}
            Ok(Some(displaced)) => {
                this.figures.count(End::Displaced);
                // Its client may be gone this very moment.
                drop(displaced.reply.send(Err(MineError::Displaced { retry_after_s })));
            }
        }
        this.bell.notify_one();
        Ok(Place { shared: Arc::clone(this), client, ticket, stop })
    }

    /// A mining thread: one message after the other, until the miner is closed.
    fn work(&self, ground: &dyn Ground) {
        while let Some((ticket, job)) = self.next() {
            let Job { draft, stop, waiting, reply } = *job;
            self.figures.waiting.note(waiting.elapsed());
            let mining = Stopwatch::start();
            let mine = || search::mine(draft, self.min_pow_score, ground, &self.figures, &stop);
            // After a panic the draft is gone; everything else the work touches is atomic.
            let mined = catch_unwind(AssertUnwindSafe(mine)).unwrap_or(Err(MineError::Panicked));
            let elapsed = mining.elapsed();
            self.figures.mining.note(elapsed);
            let end = match &mined {
                Ok(_) if reply.is_closed() => End::Cancelled,
                Ok(_) => End::Done,
                Err(MineError::Stopped) => End::Cancelled,
                Err(_) => End::Failed,
            };
            // Whoever has the answer finds it counted.
            self.figures.count(end);
            self.lock().finish(ticket, elapsed, &mined);
            drop(reply.send(mined));
        }
    }

    /// Waits for the next job; `None` when the miner is closed.
    fn next(&self) -> Option<(u64, Box<Job>)> {
        let mut state = self.lock();
        loop {
            if state.is_closed {
                return None;
            }
            if let Some((ticket, work, job)) = state.queue.pop() {
                state.in_work.insert(ticket, InWork { stop: Arc::clone(&job.stop), work });
                return Some((ticket, job));
            }
            state = self.bell.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        let mut waiting = state.queue.take();
        for job in state.in_work.values() {
            job.stop.store(true, Ordering::Relaxed);
        }
        drop(state);
        self.bell.notify_all();
        while let Some((_, _, job)) = waiting.pop() {
            self.figures.count(End::Cancelled);
            drop(job.reply.send(Err(MineError::Stopped)));
        }
    }
}

impl State {
    /// Notes that a thread is done with a job, how long it took and what came of it.
    fn finish(&mut self, ticket: u64, elapsed: Duration, mined: &Mined) {
        let Some(InWork { work, .. }) = self.in_work.remove(&ticket) else { return };
        match mined {
            Ok(_) => self.pace.note(elapsed, work),
            Err(MineError::Stopped) => self.pace.note_given_up(elapsed, work),
            Err(_) => {}
        }
    }

    /// When the messages that wait or are mined now will be done, in whole seconds. What is left of one that is mined is
    /// as much as when it began: tries that failed say nothing about those to come.
    fn retry_after_s(&self, threads: NonZeroUsize) -> u32 {
        let mining: u128 = self.in_work.values().map(|job| u128::from(job.work)).sum();
        let threads = u128::try_from(threads.get()).unwrap_or(u128::MAX);
        let ns = self.pace.ns_for(self.queue.work() + mining) / threads;
        let seconds = u32::try_from(ns.div_ceil(1_000_000_000)).unwrap_or(u32::MAX);
        seconds.clamp(1, POW_RETRY_AFTER_S_MAX)
    }
}

/// A job's place in the queue or with a thread; whoever waits for the job holds it.
#[derive(Debug)]
struct Place {
    shared: Arc<Shared>,
    client: Client,
    ticket: u64,
    stop: Arc<AtomicBool>,
}

impl Drop for Place {
    fn drop(&mut self) {
        // In this order: a thread that takes the job up in between finds the flag raised.
        self.stop.store(true, Ordering::Relaxed);
        // The lock is free again when the job is dropped.
        let waiting = self.shared.lock().queue.remove(self.client, self.ticket);
        if waiting.is_some() {
            self.shared.figures.count(End::Cancelled);
        }
    }
}

#[cfg(test)]
mod tests;
