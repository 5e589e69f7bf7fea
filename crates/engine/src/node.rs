//! A running node: its threads, and the handle through which everybody else reads it and talks to it.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError};
use osmia_chrysalis::ProtocolParameters;
use osmia_pow::Outcome;
use osmia_primitives::ed25519::SecretKey;
use osmia_primitives::{IdHasherKey, MessageId, MilestoneIndex, blake2b};
use osmia_store::Store;
use osmia_tangle::ConeRoots;
use osmia_wire::handover::{Incoming, NodeEvent};

use crate::coordinator::CoordinatorOptions;
use crate::core::{ConeRootsQuestion, Core, CoreOptions, Input, MineJob, Outbox};
use crate::error::{FatalError, QuestionError, StartError, SubmitError};
use crate::limits::{ENGINE_QUEUE_INPUTS_MAX, HALT_REASON_CHARACTERS_MAX};
use crate::protocol::Protocol;
use crate::verify::{Origin, Unverified, Verified, Verifier, VerifyQueue, start_pool};
use crate::view::View;

/// A function that is called exactly once with an answer, on a thread of the engine: it must not wait. (Dropped uncalled only
/// when a defect makes the thread that holds it panic.)
pub type Reply<T> = Box<dyn FnOnce(T) + Send>;

/// Where the node tells gossip what happened. It is called on threads of the engine and must not wait.
pub type GossipSink = Arc<dyn Fn(Vec<NodeEvent>) + Send + Sync>;

/// The time, in milliseconds since the unix epoch.
pub type Clock = fn() -> u64;

/// How often the core is told that time has passed, in milliseconds.
const TICK_MS: u64 = 20;

/// How a node is started.
#[derive(Clone)]
pub struct NodeOptions {
    /// The network.
    pub parameters: ProtocolParameters,
    /// Set on the coordinator's node.
    pub coordinator: Option<CoordinatorOptions>,
    /// Where gossip is told what happened; `None` in a node without gossip.
    pub gossip: Option<GossipSink>,
    /// Threads that verify messages, at least 1.
    pub verify_threads: usize,
    /// 32 bytes of fresh, secret randomness.
    pub seed: [u8; 32],
    /// The clock.
    pub clock: Clock,
}

impl std::fmt::Debug for NodeOptions {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("NodeOptions").field("parameters", &self.parameters).finish_non_exhaustive()
    }
}

/// A handle on a running node. Cloning it is cheap; any thread may use it.
#[derive(Clone, Debug)]
pub struct Node(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    store: Arc<Store>,
    parameters: Arc<ProtocolParameters>,
    view: ArcSwap<View>,
    /// `None` once the node is stopping: the verify pool ends with its last sender.
    verify: ArcSwap<Option<VerifyQueue>>,
    inputs: ArcSwap<Option<Sender<Input>>>,
    stopping: AtomicBool,
    halt_reason: ArcSwap<Option<Arc<str>>>,
}

/// The threads of a running node. They run until [`RunningNode::stop`].
#[derive(Debug)]
#[must_use]
pub struct RunningNode {
    node: Node,
    engine: JoinHandle<()>,
    verify: Vec<JoinHandle<()>>,
    miner: Option<JoinHandle<()>>,
}

impl Node {
    /// Starts a node on `store`, which holds a ledger.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn start(store: Arc<Store>, options: NodeOptions) -> Result<RunningNode, StartError> {
        let parameters = Arc::new(options.parameters);
        let protocol = Protocol::Chrysalis(Arc::clone(&parameters));
        let mut core = Core::new(
            Arc::clone(&store),
            CoreOptions {
                protocol: protocol.clone(),
                coordinator: options.coordinator.clone(),
                gossips: options.gossip.is_some(),
                id_hasher_key: IdHasherKey(first_word(&blake2b::hash_parts(&[&options.seed, b"id hasher"]))),
            },
        )?;
        if let (Some(coordinator), Some(next)) = (&options.coordinator, core.next_milestone()) {
            check_coordinator(&parameters, coordinator, next)?;
        }
        let (inputs, input_receiver) = crossbeam_channel::bounded(ENGINE_QUEUE_INPUTS_MAX);
        let seed = blake2b::hash_parts(&[&options.seed, b"signatures"]);
        let verifier = Verifier::new(protocol, seed, options.gossip.clone());
        let deliver = deliver_to(inputs.clone());
        let pool = start_pool(&verifier, options.verify_threads, deliver)?;
        let node = Self(Arc::new(Shared {
            store,
            parameters,
            view: ArcSwap::from_pointee(core.take_view().unwrap_or_default()),
            verify: ArcSwap::from_pointee(Some(pool.queue)),
            inputs: ArcSwap::from_pointee(Some(inputs)),
            stopping: AtomicBool::new(false),
            halt_reason: ArcSwap::from_pointee(None),
        }));
        let (jobs, job_receiver) = crossbeam_channel::bounded(1);
        let miner = match options.coordinator {
            Some(_) => {
                let node = node.clone();
                Some(
                    std::thread::Builder::new()
                        .name("mine".into())
                        .spawn(move || run_miner(&node, &job_receiver))?,
                )
            }
            None => None,
        };
        let engine = {
            let (node, clock, gossip) = (node.clone(), options.clock, options.gossip);
            let run = move || {
                let surroundings = Surroundings { node: &node, clock, jobs: &jobs, gossip: gossip.as_ref() };
                run_engine(&surroundings, core, &input_receiver);
            };
            std::thread::Builder::new().name("engine".into()).spawn(run)?
        };
        Ok(RunningNode { node, engine, verify: pool.threads, miner })
    }

    /// The node's state as of its last commit.
    #[must_use]
    pub fn view(&self) -> Arc<View> {
        self.0.view.load_full()
    }

    /// The node's database, for reading.
    #[must_use]
    pub fn store(&self) -> &Arc<Store> {
        &self.0.store
    }

    /// The network's parameters.
    #[must_use]
    pub fn parameters(&self) -> &ProtocolParameters {
        &self.0.parameters
    }

    /// Why the node had to stop, when it did.
    #[must_use]
    pub fn halt_reason(&self) -> Option<Arc<str>> {
        self.0.halt_reason.load().as_ref().clone()
    }

    /// Submits the bytes of a message. `reply` is called when the message is stored durably, or refused; a message
    /// that is known already counts as stored.
    pub fn submit(&self, bytes: Bytes, reply: Reply<Result<MessageId, SubmitError>>) {
        let unverified = Unverified { bytes, origin: Origin::Submission(reply) };
        if let Err((unverified, error)) = self.offer(unverified) {
            unverified.origin.refuse(error);
        }
    }

    /// Hands a peer's message to the verify pool. The verdict comes through the [`GossipSink`].
    ///
    /// # Errors
    /// Gives the message back when the queue is full or the node is stopping.
    pub fn offer_gossip(&self, incoming: Incoming) -> Result<(), Incoming> {
        let Incoming { ticket, bytes, interest } = incoming;
        let unverified = Unverified { bytes, origin: Origin::Gossip(ticket, interest) };
        self.offer(unverified).map_err(|(unverified, _)| Incoming {
            ticket,
            bytes: unverified.bytes,
            interest,
        })
    }

    fn offer(&self, unverified: Unverified) -> Result<(), (Unverified, SubmitError)> {
        match self.0.verify.load().as_ref() {
            Some(queue) => queue.offer(unverified),
            None => Err((unverified, self.stopped())),
        }
    }

    /// Submits bytes, waiting while the verify queue is full: for our own messages and for benches.
    ///
    /// # Errors
    /// When the node is stopping; the reply is not called then.
    pub fn submit_waiting(&self, bytes: Bytes, origin: Origin) -> Result<(), SubmitError> {
        // The queue is cloned so that no guard is held while waiting.
        let queue = self.0.verify.load().as_ref().clone();
        queue.ok_or_else(|| self.stopped())?.push(Unverified { bytes, origin })
    }

    /// Asks for the cone root indexes of a message that no milestone references yet; `None` when it is not known.
    pub fn cone_roots(&self, id: MessageId, reply: Reply<Result<Option<ConeRoots>, QuestionError>>) {
        let question = Input::ConeRoots(ConeRootsQuestion { id, reply });
        let refused = match self.0.inputs.load().as_ref() {
            Some(inputs) => inputs.try_send(question).err().map(|error| match error {
                TrySendError::Full(question) => (question, QuestionError::Busy),
                TrySendError::Disconnected(question) => {
                    (question, QuestionError::Stopped(self.stop_reason()))
                }
            }),
            None => Some((question, QuestionError::Stopped(self.stop_reason()))),
        };
        if let Some((Input::ConeRoots(question), error)) = refused {
            (question.reply)(Err(error));
        }
    }

    fn stop_reason(&self) -> Arc<str> {
        self.halt_reason().unwrap_or_else(|| "it is stopping".into())
    }

    fn stopped(&self) -> SubmitError {
        SubmitError::Stopped(self.stop_reason())
    }

    /// Stops the node for `error` and tells why; gives the reason.
    fn fail(&self, error: &FatalError) -> Arc<str> {
        let mut reason = error.to_string();
        reason.truncate(
            reason.char_indices().nth(HALT_REASON_CHARACTERS_MAX).map_or(reason.len(), |(at, _)| at),
        );
        tracing::error!(%reason, "the node stops");
        let reason: Arc<str> = reason.into();
        self.0.halt_reason.store(Arc::new(Some(Arc::clone(&reason))));
        self.close();
        reason
    }

    fn is_stopping(&self) -> bool {
        self.0.stopping.load(Ordering::Relaxed)
    }

    /// Ends every queue: the threads finish what they hold and end.
    fn close(&self) {
        self.0.stopping.store(true, Ordering::Relaxed);
        self.0.verify.store(Arc::new(None));
        self.0.inputs.store(Arc::new(None));
    }
}

impl RunningNode {
    /// The handle.
    #[must_use]
    pub const fn node(&self) -> &Node {
        &self.node
    }

    /// Stops the node: messages already taken are committed and answered, then its threads end.
    pub fn stop(mut self) {
        self.node.close();
        for handle in self.verify.drain(..).chain(self.miner.take()).chain([self.engine]) {
            if handle.join().is_err() {
                tracing::error!("a thread of the node panicked");
            }
        }
    }
}

/// The keys a coordinator signs with must be keys the network accepts for its next milestone, and enough of them.
fn check_coordinator(
    parameters: &ProtocolParameters,
    coordinator: &CoordinatorOptions,
    next: MilestoneIndex,
) -> Result<(), StartError> {
    let applicable = parameters.keys.applicable(next);
    let signing: BTreeSet<_> = coordinator.secret_keys.iter().map(SecretKey::public_key).collect();
    let threshold = parameters.keys.threshold();
    if !signing.is_subset(&applicable) || signing.len() < threshold {
        let (has, accepted) = (signing.len(), applicable.len());
        return Err(StartError::CoordinatorKeys(format!(
            "it has {has} keys, {threshold} must sign milestone {next}, and the network accepts {accepted} for it"
        )));
    }
    Ok(())
}

fn deliver_to(inputs: Sender<Input>) -> impl Fn(Vec<Verified>) + Clone + Send + 'static {
    move |verified| {
        if let Err(refused) = inputs.send(Input::Verified(verified))
            && let Input::Verified(verified) = refused.into_inner()
        {
            for message in verified {
                message.origin.refuse(SubmitError::Stopped("it is stopping".into()));
            }
        }
    }
}

/// What the engine thread works with besides its core.
struct Surroundings<'a> {
    node: &'a Node,
    clock: Clock,
    jobs: &'a Sender<MineJob>,
    gossip: Option<&'a GossipSink>,
}

/// The engine thread: steps, commits, publishes, until every sender is gone, or the store or the core fails.
fn run_engine(around: &Surroundings<'_>, mut core: Core, inputs: &Receiver<Input>) {
    let mut outbox = Outbox::default();
    // A node whose engine died without a word would look healthy for ever.
    let worked = catch_unwind(AssertUnwindSafe(|| work(around, &mut core, inputs, &mut outbox)));
    let worked = worked.unwrap_or_else(|panic| Err(defect("the engine thread", panic.as_ref())));
    if let Err(error) = worked {
        let reason = around.node.fail(&error);
        outbox.refuse(&reason);
        // Whatever still waits is answered, too, until the verify pool has emptied its queue and ended.
        for input in inputs {
            refuse(input, &reason);
        }
    }
}

fn defect(thread: &str, panic: &(dyn std::any::Any + Send)) -> FatalError {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    FatalError::Defect(format!("{thread} panicked: {}", text.unwrap_or("for an unknown reason")))
}

fn work(
    around: &Surroundings<'_>,
    core: &mut Core,
    inputs: &Receiver<Input>,
    outbox: &mut Outbox,
) -> Result<(), FatalError> {
    let Surroundings { node, clock, .. } = *around;
    core.restore(clock())?;
    core.commit()?;
    publish(around, core);
    let mut ticked_ms = 0;
    loop {
        match inputs.recv_timeout(Duration::from_millis(TICK_MS)) {
            Ok(input) => core.step(clock(), input, outbox)?,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return core.commit(),
        }
        for _ in 1..ENGINE_QUEUE_INPUTS_MAX {
            if core.wants_commit() {
                break;
            }
            let Ok(input) = inputs.try_recv() else { break };
            core.step(clock(), input, outbox)?;
        }
        let now_ms = clock();
        if now_ms.abs_diff(ticked_ms) >= TICK_MS && !node.is_stopping() {
            ticked_ms = now_ms;
            core.step(now_ms, Input::Tick, outbox)?;
        }
        core.commit()?;
        publish(around, core);
        outbox.release();
        if let Some(job) = outbox.mine.take()
            && around.jobs.try_send(job).is_err()
            && !node.is_stopping()
        {
            // One message of the coordinator is in work at a time, so the queue of one has room.
            return Err(FatalError::Defect("the mining thread takes no message".into()));
        }
    }
}

/// Shows readers and gossip what is committed.
fn publish(around: &Surroundings<'_>, core: &mut Core) {
    if let Some(view) = core.take_view() {
        around.node.0.view.store(Arc::new(view));
    }
    let events = core.take_gossip();
    if let Some(gossip) = around.gossip.filter(|_| !events.is_empty()) {
        gossip(events);
    }
}

fn refuse(input: Input, reason: &Arc<str>) {
    match input {
        Input::Verified(messages) => {
            for message in messages {
                message.origin.refuse(SubmitError::Stopped(Arc::clone(reason)));
            }
        }
        Input::ConeRoots(question) => (question.reply)(Err(QuestionError::Stopped(Arc::clone(reason)))),
        Input::Tick => {}
    }
}

/// The mining thread of a coordinator's node.
fn run_miner(node: &Node, jobs: &Receiver<MineJob>) {
    // The engine waits for the message in work, so it would issue no milestone any more.
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| mine(node, jobs))) {
        node.fail(&defect("the mining thread", panic.as_ref()));
    }
}

/// Proof of work for one message at a time.
fn mine(node: &Node, jobs: &Receiver<MineJob>) {
    while let Ok(mut job) = jobs.recv() {
        match set_nonce(&mut job.message, job.min_pow_score, &node.0.stopping) {
            Outcome::Found(_) => {}
            Outcome::Stopped => return,
            Outcome::Exhausted => {
                tracing::error!(
                    min_pow_score = job.min_pow_score,
                    "no nonce proves the work this network asks for; the coordinator's message is dropped"
                );
                continue;
            }
        }
        if node.submit_waiting(Bytes::from(job.message), Origin::Coordinator).is_err() {
            return;
        }
    }
}

/// Finds and writes the nonce of `message`.
fn set_nonce(message: &mut [u8], min_pow_score: f64, stop: &AtomicBool) -> Outcome {
    let zeros = osmia_pow::required_zeros(message.len(), min_pow_score);
    let Some((body, nonce)) = message.split_last_chunk_mut() else { return Outcome::Exhausted };
    let outcome = osmia_pow::search(&blake2b::hash(body), zeros, 0..=u64::MAX, stop);
    if let Outcome::Found(found) = outcome {
        *nonce = found.to_le_bytes();
    }
    outcome
}

fn first_word(digest: &[u8; 32]) -> u64 {
    u64::from_le_bytes(*digest.first_chunk().expect("because a digest has 32 bytes"))
}
