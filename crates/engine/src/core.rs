//! The deterministic core of a node: one owner of all mutable state, one function that takes an input.
//!
//! [`Core::step`] changes the state in memory and collects rows; [`Core::commit`] writes them and only then lets the
//! replies of the [`Outbox`] go. Nothing here reads a clock, waits or locks.

use std::sync::Arc;

use osmia_primitives::{IdHasherKey, MessageId, MilestoneIndex};
use osmia_store::{Arrival, Batch, Durability, IndexHash, NewVertex, Store};
use osmia_tangle::{Attached, ConeRoots, Inserted, ParentError, Tangle, TangleOptions, Vertex};

use crate::ancestors::StoredAncestors;
use crate::coordinator::{Coordinator, CoordinatorOptions};
use crate::error::{FatalError, HaltReason, QuestionError, StartError, SubmitError};
use crate::limits::{COMMIT_BYTES_MAX, COMMIT_MESSAGES_MAX};
use crate::milestones::{self, StoredMilestone};
use crate::node::Reply;
use crate::protocol::{Protocol, ValidMilestone};
use crate::rates::RateMeter;
use crate::state::StoredState;
use crate::verify::{Origin, Verified};
use crate::view::{Counters, MilestoneMark, View};

mod issue;
mod restore;

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
    /// The key of tables over ids.
    pub id_hasher_key: IdHasherKey,
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
    /// The valid milestone with the highest index that is known; its row is stored.
    latest: Option<StoredMilestone>,
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
        let (state, latest, next_arrival) = {
            let reader = store.latest();
            let state = StoredState::load(&reader)?.ok_or(StartError::NoLedger)?;
            (state, milestones::latest(&reader)?, reader.next_arrival()?)
        };
        let configured = options.protocol.parameters().network_id;
        if state.network_id != configured {
            return Err(StartError::OtherNetwork { stored: state.network_id, configured });
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
                let tips_count =
                    |tangle: &Tangle| tangle.tips().non_lazy_count() + tangle.tips().semi_lazy_count();
                let before = tips_count(&self.tangle);
                self.tangle.tick(now_ms);
                self.view_changed |= tips_count(&self.tangle) != before;
                self.issue_when_due(now_ms, outbox)
            }
        }
    }

    /// Writes what the steps since the last commit collected.
    ///
    /// # Errors
    /// When the store cannot be written; the outbox must be refused then, not released.
    pub fn commit(&mut self) -> Result<(), FatalError> {
        if !self.batch.is_empty() {
            self.store.commit(std::mem::take(&mut self.batch), Durability::Logged)?;
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
        let mark =
            |latest: &StoredMilestone| MilestoneMark { index: latest.index, timestamp: latest.timestamp };
        self.latest.as_ref().map_or(self.state.confirmed, mark)
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
        for Verified { vertex, milestone, origin } in messages {
            let answer = match done {
                Ok(()) => self.attach(now_ms, vertex, milestone, &origin).unwrap_or_else(|error| {
                    done = Err(error);
                    Err(SubmitError::Stopped("a step failed".into()))
                }),
                Err(_) => Err(SubmitError::Stopped("a step failed".into())),
            };
            match origin {
                Origin::Submission(reply) => outbox.replies.push((reply, answer)),
                Origin::Coordinator if done.is_ok() => done = self.go_on_issuing(answer, now_ms, outbox),
                Origin::Coordinator => {}
            }
        }
        done
    }

    /// Attaches a message, unless it is known or refused.
    fn attach(
        &mut self,
        now_ms: u64,
        vertex: Vertex,
        milestone: Option<ValidMilestone>,
        origin: &Origin,
    ) -> Result<Answer, FatalError> {
        let id = vertex.id;
        self.view_changed = true;
        if self.tangle.contains(&id) {
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
        let mut attached = Vec::with_capacity(1);
        let inserted = {
            let ancestors = StoredAncestors { reader: self.store.latest(), protocol: &self.protocol };
            self.tangle.insert(vertex, now_ms, &ancestors, &mut attached)?
        };
        if inserted == Inserted::Known {
            self.counters.known += 1;
            return Ok(Ok(id));
        }
        if inserted != Inserted::Attached {
            return Err(FatalError::Defect(format!(
                "message {id}, whose parents are solid, was not attached"
            )));
        }
        for item in &attached {
            self.put(item);
        }
        if let (Some(milestone), Some(item)) = (milestone, attached.first()) {
            self.note_milestone(milestone, item)?;
        }
        Ok(Ok(id))
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
            flags: item.vertex.flags,
            bytes: &item.vertex.bytes,
        };
        self.batch.put_vertex(Arrival(item.arrival), &vertex);
        self.batch_messages += 1;
        self.counters.attached += 1;
        self.rates.attached();
    }

    /// A milestone's message was attached, so its whole cone is: keep the first of each index and confirm in order.
    fn note_milestone(&mut self, milestone: ValidMilestone, item: &Attached) -> Result<(), FatalError> {
        let stored = StoredMilestone {
            index: milestone.index,
            arrival: Arrival(item.arrival),
            timestamp: milestone.timestamp,
            milestone_id: milestone.milestone_id,
            message_id: item.vertex.id,
        };
        let first = milestones::find(&self.store.latest(), milestone.index)?;
        if let Some(first) = first {
            // The same payload in another message is no other milestone: anybody can wrap it again.
            if first.milestone_id != stored.milestone_id {
                let (first, second) = (first.message_id, stored.message_id);
                self.halt(HaltReason::TwoMilestones { index: milestone.index, first, second });
            }
            return Ok(());
        }
        if milestone.index <= self.state.confirmed.index {
            return Ok(());
        }
        stored.put(&mut self.batch);
        if self.latest.is_none_or(|latest| latest.index < milestone.index) {
            self.latest = Some(stored);
        }
        // The row goes with its message. Both are read from the store from now on, as is the cone.
        self.commit()?;
        self.confirm_all()
    }

    /// Confirms every milestone that follows the confirmed one without a gap. Everything attached is committed.
    fn confirm_all(&mut self) -> Result<(), FatalError> {
        while self.halted.is_none() {
            let Some(index) = self.state.confirmed.index.next() else { break };
            let Some(milestone) = milestones::find(&self.store.latest(), index)? else { break };
            self.confirm(&milestone)?;
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
