//! Proof of work for clients: a bounded queue in which clients take turns, and a few threads behind everything else.
//!
//! Invariants: a job is in the queue, or with a thread, or answered. Whoever waits for one holds its [`Place`]; when that
//! is dropped, because the client went away, the job leaves the queue at once or its search ends within microseconds.
//! Parents the node chose itself are chosen when a thread takes the message up, and again with every milestone and
//! every few seconds. Closing the miner answers everything that waits or is in work.

mod figures;
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
use crate::limits::{POW_JOB_US_UNKNOWN, POW_RETRY_AFTER_S_MAX};
use crate::options::RemotePow;

pub(crate) use self::figures::{CLASSES, DurationTotals, Figures};
pub(crate) use self::search::{Ground, NodeGround};

use self::figures::End;
use self::queue::FairQueue;

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

/// What requests and threads share. The lock is held for a few instructions and never while waiting.
#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Rung when a job comes and when the miner is closed.
    bell: Condvar,
    figures: Figures,
    threads: NonZeroUsize,
}

#[derive(Debug)]
struct State {
    queue: FairQueue<Job>,
    /// The stop flags of the jobs in work, by their tickets. There are no more than threads.
    in_work: BTreeMap<u64, Arc<AtomicBool>>,
    next_ticket: u64,
    /// Mean time of the last jobs that were done, in microseconds; `None` before the first.
    job_us: Option<u64>,
    is_closed: bool,
}

/// How many jobs there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) waiting: usize,
    pub(crate) mining: usize,
}

impl Miner {
    /// Starts the threads, which join `joined`. They mine for `min_pow_score` on `ground`.
    ///
    /// # Errors
    /// When the system refuses a thread; those that run end then.
    pub(crate) fn start(
        options: RemotePow,
        min_pow_score: f64,
        ground: impl Ground + Send + Sync + 'static,
        joined: &mut Vec<JoinHandle<()>>,
    ) -> std::io::Result<Self> {
        let miner = Self(Arc::new(Shared::new(options)));
        let ground = Arc::new(ground);
        for number in 0..options.threads.get() {
            let (shared, ground) = (Arc::clone(&miner.0), Arc::clone(&ground));
            let run = move || {
                priority::lower();
                shared.work(min_pow_score, &*ground);
            };
            joined.push(std::thread::Builder::new().name(format!("api-pow-{number}")).spawn(run)?);
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
    fn new(options: RemotePow) -> Self {
        let state = State {
            queue: FairQueue::new(options.queue_max),
            in_work: BTreeMap::new(),
            next_ticket: 0,
            job_us: None,
            is_closed: false,
        };
        Self {
            state: Mutex::new(state),
            bell: Condvar::new(),
            figures: Figures::default(),
            threads: options.threads,
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
        let stop = Arc::new(AtomicBool::new(false));
        let job = Job { draft, stop: Arc::clone(&stop), waiting: Stopwatch::start(), reply };
        let mut state = this.lock();
        if state.is_closed {
            return Err(MineError::Stopped);
        }
        let ticket = state.next_ticket;
        state.next_ticket += 1;
        let entered = state.queue.push(client, ticket, job);
        let retry_after_s = state.retry_after_s(this.threads);
        drop(state);
        let Ok(displaced) = entered else {
            this.figures.count(End::Refused);
            return Err(MineError::Full { retry_after_s });
        };
        this.bell.notify_one();
        if let Some(displaced) = displaced {
            this.figures.count(End::Displaced);
            // Its client may be gone this very moment.
            drop(displaced.reply.send(Err(MineError::Displaced { retry_after_s })));
        }
        Ok(Place { shared: Arc::clone(this), client, ticket, stop })
    }

    /// A mining thread: one message after the other, until the miner is closed.
    fn work(&self, min_pow_score: f64, ground: &dyn Ground) {
        while let Some((ticket, job)) = self.next() {
            let Job { draft, stop, waiting, reply } = job;
            self.figures.waiting.note(waiting.elapsed());
            let mining = Stopwatch::start();
            let mine = || search::mine(draft, min_pow_score, ground, &self.figures, &stop);
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
            self.lock().finish(ticket, mined.is_ok().then_some(elapsed));
            drop(reply.send(mined));
        }
    }

    /// Waits for the next job; `None` when the miner is closed.
    fn next(&self) -> Option<(u64, Job)> {
        let mut state = self.lock();
        loop {
            if state.is_closed {
                return None;
            }
            if let Some((ticket, job)) = state.queue.pop() {
                state.in_work.insert(ticket, Arc::clone(&job.stop));
                return Some((ticket, job));
            }
            state = self.bell.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        let waiting: Vec<Job> = std::iter::from_fn(|| state.queue.pop()).map(|(_, job)| job).collect();
        for stop in state.in_work.values() {
            stop.store(true, Ordering::Relaxed);
        }
        drop(state);
        self.bell.notify_all();
        for job in waiting {
            self.figures.count(End::Cancelled);
            drop(job.reply.send(Err(MineError::Stopped)));
        }
    }
}

impl State {
    /// Notes that a thread is done with a job, and how long it took when it was done to its end.
    fn finish(&mut self, ticket: u64, elapsed: Option<Duration>) {
        self.in_work.remove(&ticket);
        let Some(elapsed) = elapsed else { return };
        let us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        // The last eight or so count: lengths differ, and so does what else the machine does.
        self.job_us = Some(self.job_us.map_or(us, |mean| mean - mean / 8 + us / 8));
    }

    /// When the messages that wait now will be done, in whole seconds.
    fn retry_after_s(&self, threads: NonZeroUsize) -> u32 {
        let jobs = u64::try_from(self.queue.len().div_ceil(threads.get())).unwrap_or(u64::MAX);
        let us = self.job_us.unwrap_or(POW_JOB_US_UNKNOWN).saturating_mul(jobs);
        let seconds = u32::try_from(us.div_ceil(1_000_000)).unwrap_or(u32::MAX);
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
        let mut state = self.shared.lock();
        let waiting = state.queue.remove(self.client, self.ticket);
        if waiting.is_some() {
            self.shared.figures.count(End::Cancelled);
        }
        drop(state);
    }
}

#[cfg(test)]
mod tests;
