//! The deterministic core of a node: one owner of all mutable state, one function that takes an input.
//!
//! [`Core::step`] changes the state in memory and collects rows; [`Core::commit`] writes them and only then lets the
//! replies of the [`Outbox`] go. Nothing here reads a clock, waits or locks.

use std::collections::BTreeMap;
use std::sync::Arc;

use osmia_primitives::{IdHasherKey, MessageId, MilestoneId, MilestoneIndex};
use osmia_store::{Arrival, Batch, Durability, IndexHash, NewVertex, Reader, Store};
use osmia_tangle::{Attached, ConeRoots, Inserted, ParentError, Tangle, TangleOptions, Vertex};

use crate::ancestors::StoredAncestors;
use crate::coordinator::{Coordinator, CoordinatorOptions, CoordinatorStart};
use crate::error::{FatalError, HaltReason, QuestionError, StartError, SubmitError};
use crate::limits::{AHEAD_MILESTONES_MAX, COMMIT_BYTES_MAX, COMMIT_MESSAGES_MAX};
use crate::milestones::{self, StoredMilestone};
use crate::node::Reply;
use crate::protocol::{FLAG_REQUESTED, Protocol, ValidMilestone};
use crate::rates::RateMeter;
use crate::state::{StoredState, put_confirmed};
use crate::verify::{Origin, Verified};
use crate::view::{Counters, MilestoneMark, View};

mod gossip;
mod issue;
mod restore;

use gossip::GossipState;
pub use issue::MineJob;

/// What the core can be told.
#[derive(Debug)]
pub enum Input {
    /// Messages that passed the verify pool.
    Verified(Vec<Verified>),
    /// A question for the cone root indexes of a message.
    ConeRoots(ConeRootsQuestion),
    /// Time has passed.
    Tick,
}

/// A question for the cone root indexes of a message that no milestone references yet.
pub struct ConeRootsQuestion {
    /// Which message.
    pub id: MessageId,
    /// Called exactly once; `None` when the message is not known.
    pub reply: Reply<Result<Option<ConeRoots>, QuestionError>>,
}

impl std::fmt::Debug for ConeRootsQuestion {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "ConeRootsQuestion({})", self.id)
    }
}

/// What a submission is answered.
type Answer = Result<MessageId, SubmitError>;

/// What the core wants done after its commit.
#[derive(Default)]
pub struct Outbox {
    /// Answers to submissions.
    replies: Vec<(Reply<Answer>, Answer)>,
    /// A message of the coordinator that needs its proof of work.
    pub mine: Option<MineJob>,
}

impl std::fmt::Debug for Outbox {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Outbox({} replies, mine: {:?})", self.replies.len(), self.mine)
    }
}

impl Outbox {
    /// Sends every answer. Call it after [`Core::commit`] succeeded.
    pub fn release(&mut self) {
        for (reply, answer) in self.replies.drain(..) {
            reply(answer);
        }
    }

    /// Answers everybody that the node has stopped, because a step or the commit failed.
    pub fn refuse(&mut self, reason: &Arc<str>) {
        for (reply, _) in self.replies.drain(..) {
            reply(Err(SubmitError::Stopped(Arc::clone(reason))));
        }
    }
}

/// What a core is started with.
#[derive(Clone, Debug)]
pub struct CoreOptions {
    /// The network.
    pub protocol: Protocol,
    /// Set on the coordinator's node.
    pub coordinator: Option<CoordinatorOptions>,
    /// Whether the node gossips: [`Core::take_gossip`] tells what peers must know.
    pub gossips: bool,
    /// The key of tables over ids.
    pub id_hasher_key: IdHasherKey,
}

/// The newest valid milestone known; its message may still wait for its cone.
#[derive(Clone, Copy, Debug)]
struct Latest {
    mark: MilestoneMark,
    message_id: MessageId,
}

/// A valid milestone after the confirmed one.
#[derive(Clone, Copy, Debug)]
struct Ahead {
    milestone_id: MilestoneId,
    message_id: MessageId,
    /// Whether its message is attached and its row stored. Otherwise it waits, unless the waiting room dropped it.
    is_stored: bool,
}

/// The state of a node. See the module's documentation.
#[derive(Debug)]
pub struct Core {
    pub(crate) store: Arc<Store>,
    pub(crate) protocol: Protocol,
    pub(crate) tangle: Tangle,
    batch: Batch,
    batch_messages: usize,
    pub(crate) id_hasher_key: IdHasherKey,
    pub(crate) state: StoredState,
    latest: Option<Latest>,
    /// The valid milestones after the confirmed one that are known, the nearest [`AHEAD_MILESTONES_MAX`].
    ahead: BTreeMap<MilestoneIndex, Ahead>,
    /// What milestones changed is logged, but not on disk yet: the next commit syncs.
    pub(crate) needs_sync: bool,
    gossip: Option<GossipState>,
    pub(crate) halted: Option<HaltReason>,
    coordinator: Option<Coordinator>,
    pub(crate) rates: RateMeter,
    counters: Counters,
    last_now_ms: u64,
    view_changed: bool,
}

impl Core {
    /// The core of the node whose ledger is in `store`. Its Tangle is empty until [`Core::restore`] ran.
    ///
    /// # Errors
    /// When the store cannot be read, holds no ledger, or one of another network.
    pub fn new(store: Arc<Store>, options: CoreOptions) -> Result<Self, StartError> {
        let (state, latest, ahead, next_arrival) = {
            let reader = store.latest();
            let state = StoredState::load(&reader)?.ok_or(StartError::NoLedger)?;
            let ahead = stored_ahead(&reader, state.confirmed.index)?;
            (state, milestones::latest(&reader)?, ahead, reader.next_arrival()?)
        };
        let latest = latest.map(|stored| Latest {
            mark: MilestoneMark { index: stored.index, timestamp: stored.timestamp },
            message_id: stored.message_id,
        });
        let configured = options.protocol.parameters().network_id;
        if state.network_id != configured {
            return Err(StartError::OtherNetwork { stored: state.network_id, configured });
        }
        if let Some(latest) = &latest
            && options.coordinator.as_ref().is_some_and(|with| with.start == CoordinatorStart::Bootstrap)
        {
            return Err(StartError::NetworkExists(latest.mark.index));
        }
        let tangle_options = TangleOptions {
            below_max_depth: options.protocol.parameters().below_max_depth,
            confirmed: state.confirmed.index,
            next_arrival: next_arrival.0,
            ..TangleOptions::default()
        };
        Ok(Self {
            tangle: Tangle::new(tangle_options, options.id_hasher_key),
            protocol: options.protocol,
            store,
            batch: Batch::new(),
            batch_messages: 0,
            id_hasher_key: options.id_hasher_key,
            state,
            latest,
            ahead,
            needs_sync: false,
            gossip: options.gossips.then(GossipState::default),
            halted: None,
            coordinator: options.coordinator.map(Coordinator::new),
            rates: RateMeter::default(),
            counters: Counters::default(),
            last_now_ms: 0,
            view_changed: true,
        })
    }

    /// Takes one input at `now_ms` (milliseconds since the unix epoch).
    ///
    /// # Errors
    /// When the node must stop; nothing may be stepped afterwards, and the outbox must be refused, not released.
    pub fn step(&mut self, now_ms: u64, input: Input, outbox: &mut Outbox) -> Result<(), FatalError> {
        self.note_time(now_ms);
        match input {
            Input::Verified(messages) => self.attach_all(now_ms, messages, outbox),
            Input::ConeRoots(question) => self.answer_question(question),
            Input::Tick => {
                self.note_change();
                let tips_count =
                    |tangle: &Tangle| tangle.tips().non_lazy_count() + tangle.tips().semi_lazy_count();
                let before = tips_count(&self.tangle);
                self.tangle.tick(now_ms);
                self.view_changed |= tips_count(&self.tangle) != before;
                self.issue_when_due(now_ms, outbox)
            }
        }
    }

    /// Writes what the steps since the last commit collected. When they confirmed milestones, everything is on disk
    /// afterwards: however many milestones a catching-up node confirmed, they share one sync.
    ///
    /// # Errors
    /// When the store cannot be written; the outbox must be refused then, not released.
    pub fn commit(&mut self) -> Result<(), FatalError> {
        if std::mem::take(&mut self.needs_sync) {
            // Syncing the log takes a row; this one says what is stored already.
            put_confirmed(&mut self.batch, self.state.confirmed);
            return self.write(Durability::Synced);
        }
        self.write(Durability::Logged)
    }

    fn write(&mut self, durability: Durability) -> Result<(), FatalError> {
        if !self.batch.is_empty() {
            self.store.commit(std::mem::take(&mut self.batch), durability)?;
            self.batch_messages = 0;
            self.tangle.evict();
        }
        Ok(())
    }

    /// Whether enough was collected that the next input should wait for a commit.
    #[must_use]
    pub fn wants_commit(&self) -> bool {
        self.batch_messages >= COMMIT_MESSAGES_MAX || self.batch.bytes() >= COMMIT_BYTES_MAX
    }

    /// The state for readers, when it changed since it was last taken.
    pub fn take_view(&mut self) -> Option<View> {
        std::mem::take(&mut self.view_changed).then(|| self.view())
    }

    /// The index of the next milestone of the network; `None` after the last possible one.
    pub(crate) fn next_milestone(&self) -> Option<MilestoneIndex> {
        self.latest_mark().index.max(self.state.confirmed.index).next()
    }

    fn latest_mark(&self) -> MilestoneMark {
        self.latest.map_or(self.state.confirmed, |latest| latest.mark)
    }

    /// Something changed that readers or gossip may have to know.
    fn note_change(&mut self) {
        if let Some(gossip) = &mut self.gossip {
            gossip.note_change();
        }
    }

    fn is_almost_synced(&self) -> bool {
        crate::view::is_almost_synced(self.latest_mark().index, self.state.confirmed.index)
    }

    fn view(&self) -> View {
        let tips = self.tangle.tips();
        View {
            confirmed: self.state.confirmed,
            latest: self.latest_mark(),
            latest_message_id: self.latest.map(|latest| latest.message_id),
            snapshot_index: self.state.snapshot_index,
            pruning_index: self.state.pruning_index,
            tips: tips.non_lazy_sample(crate::limits::VIEW_TIPS_MAX).into(),
            semi_lazy_tips: tips.semi_lazy_sample(crate::limits::VIEW_TIPS_MAX).into(),
            rates: self.rates.rates(),
            counters: Counters {
                waiting: u64::try_from(self.tangle.waiting_count()).unwrap_or(u64::MAX),
                tangle_bytes: u64::try_from(self.tangle.bytes()).unwrap_or(u64::MAX),
                ..self.counters
            },
            halted: self.halted.clone(),
        }
    }

    /// What the Tangle asks of the store.
    pub(crate) fn ancestors(&self) -> StoredAncestors<'_> {
        StoredAncestors { reader: self.store.latest(), protocol: &self.protocol }
    }

    fn note_time(&mut self, now_ms: u64) {
        if now_ms < self.last_now_ms
            && let Some(coordinator) = &mut self.coordinator
        {
            coordinator.clock_went_back(now_ms);
        }
        self.last_now_ms = now_ms;
    }

    /// Attaches messages in their order. The outbox gets an answer for each of them, also after a failure.
    fn attach_all(
        &mut self,
        now_ms: u64,
        messages: Vec<Verified>,
        outbox: &mut Outbox,
    ) -> Result<(), FatalError> {
        let mut done = Ok(());
        self.note_change();
        for Verified { vertex, milestone: _, origin } in messages {
            if let Origin::Gossip(ticket, interest) = origin {
                done = done.and_then(|()| self.take_from_peer(now_ms, vertex, ticket, interest));
                continue;
            }
            let answer = match done {
                Ok(()) => self.attach(now_ms, vertex, &origin).unwrap_or_else(|error| {
                    done = Err(error);
                    Err(SubmitError::Stopped("a step failed".into()))
                }),
                Err(_) => Err(SubmitError::Stopped("a step failed".into())),
            };
            match origin {
                Origin::Submission(reply) => outbox.replies.push((reply, answer)),
                Origin::Coordinator if done.is_ok() => done = self.go_on_issuing(answer, now_ms, outbox),
                Origin::Coordinator | Origin::Gossip(..) => {}
            }
        }
        done
    }

    /// Attaches a message issued here, unless it is known or refused.
    fn attach(&mut self, now_ms: u64, vertex: Vertex, origin: &Origin) -> Result<Answer, FatalError> {
        let id = vertex.id;
        self.view_changed = true;
        // One that waits for its parents does not count: it may be dropped yet.
        if self.tangle.is_solid(&id) {
            self.counters.known += 1;
            return Ok(Ok(id));
        }
        if let Err(refused) = self.check_submission(origin, &vertex)? {
            // A message we have counts as stored, however old its parents are by now.
            if self.store.latest().arrival(&id)?.is_some() {
                self.counters.known += 1;
                return Ok(Ok(id));
            }
            self.counters.rejected += 1;
            return Ok(Err(refused));
        }
        match self.insert(now_ms, vertex)? {
            Inserted::Known => {
                self.counters.known += 1;
                Ok(Ok(id))
            }
            Inserted::Attached => Ok(Ok(id)),
            Inserted::Waiting | Inserted::Full => {
                Err(FatalError::Defect(format!("message {id}, whose parents are solid, was not attached")))
            }
        }
    }

    /// Puts a message into the Tangle. Whatever becomes solid by it is collected for the next commit and announced; the
    /// milestones among it are confirmed.
    fn insert(&mut self, now_ms: u64, vertex: Vertex) -> Result<Inserted, FatalError> {
        self.view_changed = true;
        let mut attached = Vec::with_capacity(1);
        let waiting = vertex.milestone.map(|_| (vertex.id, Arc::clone(&vertex.bytes)));
        let inserted = {
            let ancestors = StoredAncestors { reader: self.store.latest(), protocol: &self.protocol };
            self.tangle.insert(vertex, now_ms, &ancestors, &mut attached)?
        };
        if let (Inserted::Waiting, Some((id, bytes))) = (inserted, waiting) {
            self.note_waiting_milestone(id, &bytes)?;
        }
        for item in &attached {
            self.put(item);
            self.announce(item);
        }
        for item in &attached {
            if item.vertex.milestone.is_some() {
                self.note_milestone(item)?;
            }
        }
        Ok(inserted)
    }

    fn answer_question(&mut self, question: ConeRootsQuestion) -> Result<(), FatalError> {
        let ancestors = StoredAncestors { reader: self.store.latest(), protocol: &self.protocol };
        match self.tangle.cone_roots(&question.id, &ancestors) {
            Ok(roots) => {
                (question.reply)(Ok(roots));
                Ok(())
            }
            Err(error) => {
                (question.reply)(Err(QuestionError::Stopped(error.to_string().into())));
                Err(error)
            }
        }
    }

    /// The rules for a message issued here: the node is nearly synced (milestones make it so), its parents are solid
    /// and not below max depth.
    fn check_submission(
        &mut self,
        origin: &Origin,
        vertex: &Vertex,
    ) -> Result<Result<(), SubmitError>, FatalError> {
        let needs_sync = matches!(origin, Origin::Submission(_)) && vertex.milestone.is_none();
        if needs_sync && !self.is_almost_synced() {
            return Ok(Err(SubmitError::NotSynced));
        }
        let ancestors = StoredAncestors { reader: self.store.latest(), protocol: &self.protocol };
        let verdict = self.tangle.check_parents(&vertex.parents, &ancestors)?;
        Ok(verdict.map_err(|error| match error {
            ParentError::Missing(id) => SubmitError::ParentNotFound(id),
            ParentError::TooOld(id) => SubmitError::ParentTooOld(id),
        }))
    }

    fn put(&mut self, item: &Attached) {
        let parents: Vec<Arrival> = item.parents.iter().copied().map(Arrival).collect();
        let vertex = NewVertex {
            id: item.vertex.id,
            parents: &parents,
            index: item.vertex.index.map(IndexHash),
            flags: item.vertex.flags & !FLAG_REQUESTED,
            bytes: &item.vertex.bytes,
        };
        self.batch.put_vertex(Arrival(item.arrival), &vertex);
        self.batch_messages += 1;
        self.counters.attached += 1;
        self.rates.attached();
    }

    /// A valid milestone waits for its cone. It tells how far the network is.
    fn note_waiting_milestone(&mut self, message_id: MessageId, bytes: &[u8]) -> Result<(), FatalError> {
        let milestone = self.valid_milestone(&message_id, bytes)?;
        self.note_ahead(&milestone, message_id, false).map(|_| ())
    }

    /// A milestone's message was attached, so its whole cone is: keep the first of each index and confirm in order.
    fn note_milestone(&mut self, item: &Attached) -> Result<(), FatalError> {
        let message_id = item.vertex.id;
        let milestone = self.valid_milestone(&message_id, &item.vertex.bytes)?;
        let first = milestones::find(&self.store.latest(), milestone.index)?;
        if let Some(first) = first {
            self.check_one_milestone(&milestone, message_id, first.milestone_id, first.message_id);
            return Ok(());
        }
        if !self.note_ahead(&milestone, message_id, true)? {
            return Ok(());
        }
        let stored = StoredMilestone {
            index: milestone.index,
            arrival: Arrival(item.arrival),
            timestamp: milestone.timestamp,
            milestone_id: milestone.milestone_id,
            message_id,
        };
        stored.put(&mut self.batch);
        // The row goes with its message. Both are read from the store from now on, as is the cone.
        self.write(Durability::Logged)?;
        self.confirm_all()
    }

    /// Remembers a valid milestone after the confirmed one. `false` when it is not after it, or is a second one.
    fn note_ahead(
        &mut self,
        milestone: &ValidMilestone,
        message_id: MessageId,
        is_stored: bool,
    ) -> Result<bool, FatalError> {
        let ValidMilestone { index, timestamp, milestone_id } = *milestone;
        if index <= self.state.confirmed.index {
            return Ok(false);
        }
        if let Some(first) = self.ahead.get(&index).copied()
            && !self.check_one_milestone(milestone, message_id, first.milestone_id, first.message_id)
        {
            return Ok(false);
        }
        self.ahead.insert(index, Ahead { milestone_id, message_id, is_stored });
        if self.ahead.len() > AHEAD_MILESTONES_MAX {
            // The furthest is needed last, and is asked for again by then.
            self.ahead.pop_last();
        }
        if self.latest_mark().index < index {
            self.latest = Some(Latest { mark: MilestoneMark { index, timestamp }, message_id });
            self.hear_milestone(index)?;
        }
        Ok(true)
    }

    /// Halts when two milestones were signed for one index. The same payload in another message is no other milestone:
    /// anybody can wrap it again.
    fn check_one_milestone(
        &mut self,
        milestone: &ValidMilestone,
        message_id: MessageId,
        first_id: MilestoneId,
        first: MessageId,
    ) -> bool {
        let is_same = milestone.milestone_id == first_id;
        if !is_same {
            self.halt(HaltReason::TwoMilestones { index: milestone.index, first, second: message_id });
        }
        is_same
    }

    /// The milestone in the bytes of a message that the verify pool found to be a valid one.
    fn valid_milestone(&self, id: &MessageId, bytes: &[u8]) -> Result<ValidMilestone, FatalError> {
        let task = self.protocol.milestone_task(bytes).ok().flatten();
        let task = task.ok_or_else(|| FatalError::Defect(format!("message {id} is no milestone")))?;
        Ok(ValidMilestone { index: task.index, timestamp: task.timestamp, milestone_id: task.milestone_id })
    }

    /// Confirms every milestone that follows the confirmed one without a gap. Everything attached is committed.
    fn confirm_all(&mut self) -> Result<(), FatalError> {
        while self.halted.is_none() {
            let Some(index) = self.state.confirmed.index.next() else { break };
            let Some(milestone) = milestones::find(&self.store.latest(), index)? else { break };
            self.confirm(&milestone)?;
            self.ahead =
                self.ahead.split_off(&MilestoneIndex(self.state.confirmed.index.0.saturating_add(1)));
            self.view_changed = true;
        }
        Ok(())
    }

    pub(crate) fn halt(&mut self, reason: HaltReason) {
        tracing::error!(%reason, "the node stops confirming milestones; it goes on answering reads");
        // The first reason is the cause.
        self.halted.get_or_insert(reason);
        self.view_changed = true;
    }
}

/// The milestones after `confirmed` whose rows are stored.
fn stored_ahead(
    reader: &Reader<'_>,
    confirmed: MilestoneIndex,
) -> Result<BTreeMap<MilestoneIndex, Ahead>, StartError> {
    let mut ahead = BTreeMap::new();
    for stored in milestones::after(reader, confirmed)? {
        let StoredMilestone { milestone_id, message_id, .. } = stored;
        ahead.insert(stored.index, Ahead { milestone_id, message_id, is_stored: true });
    }
    Ok(ahead)
}
