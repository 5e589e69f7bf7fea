//! A node that keeps to the protocol: the real engine core, verifier, gossip and store, with the threads between them
//! replaced by stages that the world runs one at a time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use osmia_engine::core::{Core, CoreOptions, Input, Outbox};
use osmia_engine::limits::{ENGINE_QUEUE_INPUTS_MAX, VERIFY_QUEUE_MESSAGES_MAX};
use osmia_engine::verify::{Origin, Unverified, Verified, Verifier};
use osmia_engine::{CoordinatorOptions, CoordinatorStart, View, milestones, serve};
use osmia_primitives::{IdHasherKey, MessageId, MilestoneIndex};
use osmia_store::Store;
use osmia_wire::handover::{Incoming, NodeEvent, Wanted};
use osmia_wire::{Asked, Gossip, GossipOptions, Question, Slot, Standing};

use super::dice::Dice;
use super::link::{LinkNumber, PeerNumber};
use super::mailbox::Mailbox;
use super::mint::{Mint, coordinator_keys};
use super::report::{Checked, Violation};

/// Virtual time 0 in milliseconds since the unix epoch.
const EPOCH_MS: u64 = 1_700_000_000_000;

/// Between two ticks of the engine.
const ENGINE_TICK_MS: u64 = 100;

/// Questions that are answered in one step.
const SERVE_MAX: usize = 64;

/// Questions on their way to the store, as in the network crate.
const QUESTIONS_MAX: usize = 512;

/// How long a coordinator listens after a restart.
const QUIET_MS: u64 = 500;

/// What stands for a thread of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// A verify thread takes a group.
    Verify,
    /// The engine thread takes what waits and commits.
    Engine,
    /// The network thread takes what the node has to tell.
    Tell,
    /// The serving thread answers questions.
    Serve,
}

/// Everything of a node that outlives a crash.
pub(crate) struct Node {
    pub(crate) number: PeerNumber,
    pub(crate) store: Arc<Store>,
    pub(crate) is_coordinator: bool,
    interval_ms: u64,
    /// What its clock is ahead of virtual time.
    pub(crate) clock_ahead_ms: i64,
    /// The longest time a stage takes.
    pub(crate) pace_ms: u64,
    /// How often it was started; what was planned for an earlier life is void.
    pub(crate) life: u32,
    pub(crate) running: Option<Running>,
    /// How its peers behaved, by who they are.
    pub(crate) standings: BTreeMap<(PeerNumber, u64), Standing>,
    /// The milestones up to here were compared with those of others.
    pub(crate) checked: MilestoneIndex,
    /// It ends before its next commit.
    pub(crate) dies_before_commit: bool,
}

/// What a crash ends.
pub(crate) struct Running {
    pub(crate) core: Core,
    verifier: Verifier,
    pub(crate) gossip: Gossip,
    /// The streams that are open, and the number of each stream, because slots are used again.
    pub(crate) streams: BTreeMap<Slot, (LinkNumber, u64)>,
    streams_opened: u64,
    /// A message the verify queue had no room for.
    held: Option<Incoming>,
    unverified: VecDeque<Unverified>,
    verified: VecDeque<Vec<Verified>>,
    questions: VecDeque<(Question, u64)>,
    pub(crate) mailbox: Mailbox,
    planned: BTreeSet<Stage>,
    /// Verdicts of the verifier, until they are moved to the mailbox.
    refused: Arc<Mutex<Vec<NodeEvent>>>,
    /// Submissions that were answered as stored, until that was checked.
    pub(crate) accepted: Arc<Mutex<Vec<MessageId>>>,
    pub(crate) view: View,
    /// The list of what it wants that it told last.
    pub(crate) wanted: Wanted,
    ticked_ms: u64,
}

/// What a step of the engine did.
pub(crate) struct Stepped {
    /// What it tells gossip; moved to the mailbox when it was checked.
    pub(crate) told: Vec<NodeEvent>,
    /// The submissions that it answered as stored.
    pub(crate) accepted: Vec<MessageId>,
    /// Its coordinator issued a message.
    pub(crate) issued: bool,
}

/// How the engine's step is bent, for sabotage.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bend {
    /// Peers' messages are thrown away.
    pub(crate) is_deaf: bool,
    /// The commit does not happen.
    pub(crate) loses_commit: bool,
    /// Every transaction counts as signed wrongly.
    pub(crate) refuses_transactions: bool,
}

impl Node {
    pub(crate) fn new(number: PeerNumber, store: Arc<Store>, is_coordinator: bool, interval_ms: u64) -> Self {
        Self {
            number,
            store,
            is_coordinator,
            interval_ms,
            clock_ahead_ms: 0,
            pace_ms: 2,
            life: 0,
            running: None,
            standings: BTreeMap::new(),
            checked: MilestoneIndex(0),
            dies_before_commit: false,
        }
    }

    /// What its clock shows.
    pub(crate) fn clock_ms(&self, now_ms: u64) -> u64 {
        steady_ms(now_ms).saturating_add_signed(self.clock_ahead_ms)
    }

    /// Starts it on its store.
    pub(crate) fn start(&mut self, now_ms: u64, mint: &Mint, dice: &mut Dice) -> Checked {
        let coordinator = if self.is_coordinator { Some(self.coordinator()?) } else { None };
        let options = CoreOptions {
            protocol: mint.protocol.clone(),
            coordinator,
            gossips: true,
            id_hasher_key: IdHasherKey(dice.number()),
        };
        let mut core = Core::new(Arc::clone(&self.store), options)
            .map_err(|error| Violation(format!("node {} does not start: {error}", self.number.0)))?;
        core.restore(self.clock_ms(now_ms))?;
        core.commit()?;
        let refused = Arc::new(Mutex::new(Vec::new()));
        let note = Arc::clone(&refused);
        let sink = Arc::new(move |events: Vec<NodeEvent>| {
            note.lock().unwrap_or_else(PoisonError::into_inner).extend(events);
        });
        let mut running = Running {
            verifier: Verifier::new(mint.protocol.clone(), dice.bytes(), Some(sink)),
            gossip: Gossip::new(GossipOptions { key: dice.bytes() }),
            streams: BTreeMap::new(),
            streams_opened: 0,
            held: None,
            unverified: VecDeque::new(),
            verified: VecDeque::new(),
            questions: VecDeque::new(),
            mailbox: Mailbox::default(),
            planned: BTreeSet::new(),
            refused,
            accepted: Arc::default(),
            view: core.take_view().unwrap_or_default(),
            wanted: Wanted::default(),
            ticked_ms: now_ms,
            core,
        };
        let told = running.core.take_gossip();
        running.put_in_mailbox(told);
        self.life += 1;
        self.dies_before_commit = false;
        self.running = Some(running);
        Ok(())
    }

    fn coordinator(&self) -> Checked<CoordinatorOptions> {
        let is_new = milestones::latest(&self.store.latest())?.is_none();
        Ok(CoordinatorOptions {
            secret_keys: coordinator_keys(),
            interval_ms: self.interval_ms,
            start: if is_new { CoordinatorStart::Bootstrap } else { CoordinatorStart::Resume },
            quiet_ms: QUIET_MS,
        })
    }
}

/// A clock that never jumps, in milliseconds since the unix epoch: gossip's.
pub(crate) const fn steady_ms(now_ms: u64) -> u64 {
    EPOCH_MS + now_ms
}

impl Running {
    /// Gives a stream to gossip; `None` when it has no slot for it.
    pub(crate) fn open(&mut self, now_ms: u64, link: LinkNumber) -> Option<Slot> {
        let slot = self.gossip.open(steady_ms(now_ms))?;
        self.streams_opened += 1;
        self.streams.insert(slot, (link, self.streams_opened));
        Some(slot)
    }

    /// Ends a stream.
    pub(crate) fn close(&mut self, now_ms: u64, slot: Slot) {
        self.streams.remove(&slot);
        self.gossip.close(steady_ms(now_ms), slot);
    }

    /// Moves messages to the verify queue and questions to the serving thread.
    pub(crate) fn forward(&mut self, now_ms: u64) {
        let now_ms = steady_ms(now_ms);
        while self.unverified.len() < VERIFY_QUEUE_MESSAGES_MAX {
            let Some(incoming) = self.held.take().or_else(|| self.gossip.next_message(now_ms)) else { break };
            let Incoming { ticket, bytes, interest } = incoming;
            self.unverified.push_back(Unverified { bytes, origin: Origin::Gossip(ticket, interest) });
        }
        if self.held.is_none() && self.unverified.len() >= VERIFY_QUEUE_MESSAGES_MAX {
            self.held = self.gossip.next_message(now_ms);
        }
        while self.questions.len() < QUESTIONS_MAX {
            let Some(question) = self.gossip.next_question(now_ms) else { break };
            if let Some((_, number)) = self.streams.get(&question.slot) {
                self.questions.push_back((question, *number));
            }
        }
    }

    /// Submits a message, as a user does.
    pub(crate) fn submit(&mut self, bytes: Bytes) {
        let accepted = Arc::clone(&self.accepted);
        let origin = Origin::Submission(Box::new(move |answer| {
            accepted.lock().unwrap_or_else(PoisonError::into_inner).extend(answer.ok());
        }));
        self.unverified.push_back(Unverified { bytes, origin });
    }

    /// What must be planned: stages that have something to do and were not planned yet.
    pub(crate) fn take_due(&mut self, now_ms: u64) -> Vec<Stage> {
        let can_verify = !self.unverified.is_empty() && self.verified.len() < ENGINE_QUEUE_INPUTS_MAX;
        let has_ticked = now_ms < self.ticked_ms + ENGINE_TICK_MS;
        let work = [
            (Stage::Verify, can_verify),
            (Stage::Engine, !self.verified.is_empty() || !has_ticked),
            (Stage::Tell, !self.mailbox.is_empty()),
            (Stage::Serve, !self.questions.is_empty()),
        ];
        let planned = &mut self.planned;
        work.into_iter()
            .filter(|(stage, has_work)| *has_work && planned.insert(*stage))
            .map(|(stage, _)| stage)
            .collect()
    }

    /// A planned stage begins.
    pub(crate) fn begin(&mut self, stage: Stage) {
        self.planned.remove(&stage);
    }

    /// A verify thread takes a group; how large it is depends on when it looks.
    pub(crate) fn verify(&mut self, dice: &mut Dice) {
        let count = dice.count(1, 64).min(self.unverified.len());
        let group: Vec<Unverified> = self.unverified.drain(..count).collect();
        let verified = self.verifier.verify(group);
        let refused = std::mem::take(&mut *self.refused.lock().unwrap_or_else(PoisonError::into_inner));
        self.put_in_mailbox(refused);
        if verified.is_empty() {
            return;
        }
        // There are several verify threads: one group may overtake another.
        let place = self.verified.len().saturating_sub(usize::from(dice.chance(20)));
        self.verified.insert(place, verified);
    }

    /// The engine thread takes what waits. Nothing is committed yet. A coordinator that rests is not told the time, so it
    /// issues nothing more.
    pub(crate) fn step(&mut self, clock_ms: u64, now_ms: u64, bend: Bend, rests: bool) -> Checked<Outbox> {
        let mut outbox = Outbox::default();
        for mut group in self.verified.drain(..) {
            if bend.is_deaf {
                group.retain(|message| !matches!(message.origin, Origin::Gossip(..)));
            }
            if bend.refuses_transactions {
                for message in &mut group {
                    message.vertex.flags |= (message.vertex.flags & 1) << 1;
                }
            }
            self.core.step(clock_ms, Input::Verified(group), &mut outbox)?;
        }
        if now_ms >= self.ticked_ms + ENGINE_TICK_MS {
            self.ticked_ms = now_ms;
            if !rests {
                self.core.step(clock_ms, Input::Tick, &mut outbox)?;
            }
        }
        Ok(outbox)
    }

    /// The engine thread commits and says what happened.
    pub(crate) fn commit(&mut self, mut outbox: Outbox, mint: &Mint, bend: Bend) -> Checked<Stepped> {
        if !bend.loses_commit {
            self.core.commit()?;
        }
        if let Some(view) = self.core.take_view() {
            self.view = view;
        }
        let told = self.core.take_gossip();
        outbox.release();
        let accepted = std::mem::take(&mut *self.accepted.lock().unwrap_or_else(PoisonError::into_inner));
        let job = outbox.mine.take();
        let issued = job.is_some();
        if let Some(mut job) = job {
            mint.work(&mut job.message);
            self.unverified.push_back(Unverified { bytes: job.message.into(), origin: Origin::Coordinator });
        }
        Ok(Stepped { told, accepted, issued })
    }

    /// Puts events on their way to gossip.
    pub(crate) fn put_in_mailbox(&mut self, events: Vec<NodeEvent>) {
        for event in &events {
            if let NodeEvent::Wanted(wanted) = event {
                self.wanted.clone_from(wanted);
            }
        }
        self.mailbox.push(events);
    }

    /// The network thread takes what the node has to tell.
    pub(crate) fn tell(&mut self, now_ms: u64) {
        for event in self.mailbox.take() {
            self.gossip.on_event(steady_ms(now_ms), event);
        }
    }

    /// The serving thread answers some questions; gives how many.
    pub(crate) fn serve(&mut self, store: &Store) -> Checked<usize> {
        let reader = store.latest();
        let count = self.questions.len().min(SERVE_MAX);
        for (question, number) in self.questions.drain(..count) {
            let bytes = match question.what {
                Asked::Message(id) => serve::message(&reader, &id)?,
                Asked::Milestone(index) => serve::milestone(&reader, index)?,
                Asked::LatestMilestone => serve::milestone(&reader, MilestoneIndex(0))?,
            };
            if self.streams.get(&question.slot).is_some_and(|(_, open)| *open == number) {
                self.gossip.answer(question.slot, bytes);
            }
        }
        Ok(count)
    }

    /// Messages that wait in its queues.
    pub(crate) fn queued(&self) -> usize {
        self.unverified.len() + self.verified.iter().map(Vec::len).sum::<usize>()
    }
}
