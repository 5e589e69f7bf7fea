//! Who is asked for what the node lacks, and what answers are awaited.

#[cfg(test)]
mod tests;

use osmia_primitives::{IdHasherKey, IdMap, MessageId, MilestoneIndex};

use crate::handover::{Ticket, Verdict, Wanted};
use crate::limits::{
    ASSIGN_MS_MIN, PEERS_MAX, QUIET_MS, QUIET_REQUESTS_MAX, REQUEST_MEMORY_MS, REQUEST_TIMEOUT_MS,
    REQUESTS_IN_FLIGHT_MAX, REQUESTS_LOW, REQUESTS_REMEMBERED_MAX, SWEEP_MS, VERDICT_SETTLE_MS, WANTED_MAX,
};
use crate::packet::Heartbeat;
use crate::peer::{Slot, slots};

/// Something that peers are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Item {
    Message(MessageId),
    Milestone(MilestoneIndex),
}

/// A peer that may be asked: what it says it has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    pub(crate) slot: Slot,
    pub(crate) heartbeat: Heartbeat,
    pub(crate) is_synced: bool,
}

/// A request to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) slot: Slot,
    pub(crate) item: Item,
    /// Whether the peer has it by what its heartbeat says.
    pub(crate) is_answerable: bool,
    /// Whether the same was asked of the same peer and not answered.
    pub(crate) is_repeated: bool,
}

/// Where the answer to a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// It did not come, or was of no use.
    Missing,
    /// It came, and its verdict is awaited.
    WithNode(Ticket),
    /// Its verdict came a moment ago: a list of what is wanted may be older than that.
    Settling {
        until_ms: u64,
        /// Whether the node has it now.
        is_taken: bool,
    },
}

/// What is known of something that was asked for.
#[derive(Clone, Copy, Debug)]
struct Record {
    /// Peers asked in this round, which lasts [`REQUEST_TIMEOUT_MS`] or until all were asked; those that owe an answer are
    /// among them unless they were asked before.
    tried: u64,
    /// Peers asked in the round before.
    tried_before: u64,
    /// When the round began.
    round_ms: u64,
    /// Peers asked that did not answer.
    owing: u64,
    asked_ms: u64,
    /// The peer asked last, until it answers or its time is over: this is what counts as in flight.
    awaited: Option<Slot>,
    answer: Answer,
}

impl Record {
    /// Begins a new round when it is time: who was silent because it did not have the item then may have it now.
    fn turn(&mut self, now_ms: u64) {
        let age_ms = now_ms.saturating_sub(self.round_ms);
        if age_ms >= REQUEST_TIMEOUT_MS {
            self.tried_before = if age_ms < 2 * REQUEST_TIMEOUT_MS { self.tried } else { 0 };
            self.tried = 0;
            self.round_ms = now_ms;
        }
    }
}

/// What a message is to the one who asked for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Match {
    /// The sender was asked for it and owed it.
    pub(crate) was_owed: bool,
    /// No answer is with the node: this one is needed.
    pub(crate) is_needed: bool,
}

/// The requests of one node.
pub(crate) struct Requester {
    wanted: Wanted,
    records: IdMap<Item, Record>,
    /// How many records are of messages.
    message_records: usize,
    in_flight: [usize; PEERS_MAX],
    in_flight_all: usize,
    /// Peers that gave no answer yet, or let the last request pass: others are asked before them.
    silent: u64,
    /// When each peer was asked last, as the number of the request: of equals the one asked longest ago is next. Who is new
    /// comes last, so that nobody comes first by connecting again and again.
    asked: [u64; PEERS_MAX],
    next_ask: u64,
    /// Something changed that may let more be asked.
    is_stale: bool,
    /// The last look at the list ended because no peer could be asked for more.
    is_starved: bool,
    assigned_ms: Option<u64>,
    swept_ms: u64,
}

/// The peers that can be asked for one milestone's things, best first.
#[derive(Clone, Copy, Debug, Default)]
struct Tiers {
    /// They have it by what they say.
    sure: u64,
    /// They may have it.
    maybe: u64,
}

impl Requester {
    pub(crate) fn new(key: IdHasherKey) -> Self {
        Self {
            wanted: Wanted::default(),
            records: IdMap::with_hasher(key),
            message_records: 0,
            in_flight: [0; PEERS_MAX],
            in_flight_all: 0,
            silent: u64::MAX,
            asked: [0; PEERS_MAX],
            next_ask: 1,
            is_stale: false,
            is_starved: false,
            assigned_ms: None,
            swept_ms: 0,
        }
    }

    /// Replaces what is wanted.
    pub(crate) fn set_wanted(&mut self, wanted: Wanted) {
        self.wanted = wanted;
        self.is_stale = true;
    }

    /// Peers, or what they have, changed.
    pub(crate) fn on_peers_changed(&mut self) {
        self.is_stale = true;
    }

    /// Whether a message may be one that was asked for by id.
    pub(crate) fn expects_messages(&self) -> bool {
        self.message_records > 0
    }

    /// Things remembered.
    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    /// Requests to a peer that are neither answered nor timed out.
    pub(crate) fn in_flight(&self, slot: Slot) -> usize {
        self.in_flight.get(slot.place()).copied().unwrap_or(0)
    }

    /// `slot` sent this. `None`: it was not asked for, or long ago.
    pub(crate) fn on_arrival(&mut self, slot: Slot, item: Item) -> Option<Match> {
        let record = self.records.get_mut(&item)?;
        let was_owed = record.owing & slot.bit() != 0;
        let is_needed = record.answer == Answer::Missing;
        record.owing &= !slot.bit();
        if was_owed {
            self.silent &= !slot.bit();
        }
        if record.awaited == Some(slot) {
            record.awaited = None;
            release(&mut self.in_flight, &mut self.in_flight_all, slot);
            self.is_stale |= self.is_starved;
        }
        Some(Match { was_owed, is_needed })
    }

    /// An answer to `item` is on its way to the node. Of several (two messages may claim to hold one milestone) the first
    /// one counts.
    pub(crate) fn on_handed(&mut self, item: Item, ticket: Ticket) {
        if let Some(record) = self.records.get_mut(&item)
            && !matches!(record.answer, Answer::WithNode(_))
        {
            record.answer = Answer::WithNode(ticket);
        }
    }

    /// The verdict on an answer came.
    pub(crate) fn on_verdict(&mut self, now_ms: u64, item: Item, ticket: Ticket, verdict: Verdict) {
        if let Some(record) = self.records.get_mut(&item)
            && record.answer == Answer::WithNode(ticket)
        {
            let is_taken = matches!(verdict, Verdict::New | Verdict::Known);
            record.answer = Answer::Settling { until_ms: now_ms.saturating_add(VERDICT_SETTLE_MS), is_taken };
        }
    }

    /// An answer was lost before the node had it, or without a verdict.
    pub(crate) fn on_lost(&mut self, item: Item, ticket: Ticket) {
        if let Some(record) = self.records.get_mut(&item)
            && record.answer == Answer::WithNode(ticket)
        {
            record.answer = Answer::Missing;
            self.is_stale = true;
        }
    }

    /// A peer is gone: what was asked of it is asked of others at once.
    pub(crate) fn on_close(&mut self, slot: Slot) {
        self.silent |= slot.bit();
        self.note_asked(slot);
        for record in self.records.values_mut() {
            record.tried &= !slot.bit();
            record.tried_before &= !slot.bit();
            record.owing &= !slot.bit();
            if record.awaited == Some(slot) {
                record.awaited = None;
                release(&mut self.in_flight, &mut self.in_flight_all, slot);
            }
        }
        self.is_stale = true;
    }

    /// Ends requests whose time is over, and forgets what no answer is due for.
    pub(crate) fn sweep(&mut self, now_ms: u64) {
        if now_ms.saturating_sub(self.swept_ms) < SWEEP_MS {
            return;
        }
        self.swept_ms = now_ms;
        // A request may be repeated from some time on, so the list is looked through now and then.
        self.is_stale = true;
        let Self { records, message_records, in_flight, in_flight_all, silent, .. } = self;
        records.retain(|item, record| {
            if let Some(slot) = given_up(now_ms, record, in_flight) {
                release(in_flight, in_flight_all, slot);
                *silent |= slot.bit();
            }
            settle(now_ms, record);
            let is_kept = is_remembered(now_ms, record);
            *message_records -= usize::from(!is_kept && matches!(item, Item::Message(_)));
            is_kept
        });
    }

    /// Whether [`Requester::assign`] would do something worth its cost.
    pub(crate) fn should_assign(&self, now_ms: u64) -> bool {
        let is_cheap = self.wanted.messages.len() + self.wanted.milestones.len() <= REQUESTS_LOW;
        let is_time = self.assigned_ms.is_none_or(|then| now_ms.saturating_sub(then) >= ASSIGN_MS_MIN);
        self.is_stale && (is_cheap || is_time || self.in_flight_all == 0)
    }

    /// Looks through what is wanted, oldest first, and appends to `asks` what is to be asked of whom.
    pub(crate) fn assign(&mut self, now_ms: u64, candidates: &[Candidate], asks: &mut Vec<Ask>) {
        self.is_stale = false;
        self.is_starved = false;
        self.assigned_ms = Some(now_ms);
        let wanted = std::mem::take(&mut self.wanted);
        let mut last = None;
        let items = wanted
            .milestones
            .iter()
            .map(|index| (Item::Milestone(*index), Some(*index)))
            .chain(wanted.messages.iter().map(|(id, milestone)| (Item::Message(*id), *milestone)));
        for (item, milestone) in items.take(WANTED_MAX) {
            let tiers = match last {
                Some((same, tiers)) if same == milestone => tiers,
                _ => tiers(milestone, candidates),
            };
            last = Some((milestone, tiers));
            if let Some(ask) = self.ask(now_ms, item, tiers) {
                let is_answerable = milestone.is_some() && tiers.sure & ask.slot.bit() != 0;
                asks.push(Ask { is_answerable, ..ask });
            }
            if self.is_starved && candidates.iter().all(|candidate| self.has_no_place(candidate.slot)) {
                break;
            }
        }
        self.wanted = wanted;
    }

    fn has_no_place(&self, slot: Slot) -> bool {
        self.in_flight(slot) >= REQUESTS_IN_FLIGHT_MAX
    }

    /// Chooses who is asked for `item`, if someone is, and records it.
    fn ask(&mut self, now_ms: u64, item: Item, tiers: Tiers) -> Option<Ask> {
        let known = self.records.get(&item).copied();
        if known.is_some_and(|record| record.awaited.is_some() || record.answer != Answer::Missing) {
            return None;
        }
        if known.is_none() && self.records.len() >= REQUESTS_REMEMBERED_MAX {
            return None;
        }
        let mut record = known.unwrap_or(Record {
            tried: 0,
            tried_before: 0,
            round_ms: now_ms,
            owing: 0,
            asked_ms: now_ms,
            awaited: None,
            answer: Answer::Missing,
        });
        // Everyone in `tried` was asked at `asked_ms` or before.
        let may_repeat = known.is_none_or(|_| now_ms.saturating_sub(record.asked_ms) >= REQUEST_TIMEOUT_MS);
        record.turn(now_ms);
        let (asked_again, slot) = self.choose(tiers, record.tried | record.tried_before, may_repeat)?;
        let is_repeated = record.owing & slot.bit() != 0;
        if asked_again {
            (record.tried, record.tried_before, record.round_ms) = (0, 0, now_ms);
        }
        record.tried |= slot.bit();
        record.owing |= slot.bit();
        record.asked_ms = now_ms;
        record.awaited = Some(slot);
        self.message_records += usize::from(known.is_none() && matches!(item, Item::Message(_)));
        self.records.insert(item, record);
        self.note_asked(slot);
        if let Some(in_flight) = self.in_flight.get_mut(slot.place()) {
            *in_flight += 1;
            self.in_flight_all += 1;
        }
        Some(Ask { slot, item, is_answerable: false, is_repeated })
    }

    fn note_asked(&mut self, slot: Slot) {
        if let Some(asked) = self.asked.get_mut(slot.place()) {
            *asked = self.next_ask;
            self.next_ask += 1;
        }
    }

    /// The best group of peers that is not empty, and in it the one that answers, with the fewest requests in flight; `true`
    /// when it was tried before. Rather than asking a worse group, nobody is asked while a group has no place.
    fn choose(&mut self, tiers: Tiers, tried: u64, may_repeat: bool) -> Option<(bool, Slot)> {
        let fresh = [tiers.sure & !tried, tiers.maybe & !tried].into_iter().find(|group| *group != 0);
        let again = [tiers.sure, tiers.maybe].into_iter().find(|group| may_repeat && *group != 0);
        let (asked_again, group) = match (fresh, again) {
            (Some(group), _) => (false, group),
            (None, Some(group)) => (true, group),
            (None, None) => return None,
        };
        let value = |slot: &Slot| {
            let asked = self.asked.get(slot.place()).copied().unwrap_or(0);
            (self.silent & slot.bit() != 0, self.in_flight(*slot), asked)
        };
        let slot = slots(group).min_by_key(value)?;
        if self.has_no_place(slot) {
            self.is_starved = true;
            return None;
        }
        Some((asked_again, slot))
    }
}

/// Who can be asked for the things of `milestone`.
fn tiers(milestone: Option<MilestoneIndex>, candidates: &[Candidate]) -> Tiers {
    let mut tiers = Tiers::default();
    for Candidate { slot, heartbeat, is_synced } in candidates {
        let (is_sure, is_maybe) = match milestone {
            Some(index) => {
                let is_kept = heartbeat.pruned < index;
                (is_kept && index <= heartbeat.solid, is_kept && index <= heartbeat.latest)
            }
            None => (*is_synced, true),
        };
        tiers.sure |= if is_sure { slot.bit() } else { 0 };
        tiers.maybe |= if is_maybe { slot.bit() } else { 0 };
    }
    tiers
}

fn release(in_flight: &mut [usize; PEERS_MAX], in_flight_all: &mut usize, slot: Slot) {
    if let Some(in_flight) = in_flight.get_mut(slot.place()) {
        *in_flight -= 1;
        *in_flight_all -= 1;
    }
}

/// Gives a request up whose time is over; gives whom it was made of.
fn given_up(now_ms: u64, record: &mut Record, in_flight: &[usize; PEERS_MAX]) -> Option<Slot> {
    let slot = record.awaited?;
    let is_quiet = in_flight.get(slot.place()).is_none_or(|requests| *requests <= QUIET_REQUESTS_MAX);
    let ms_max = if is_quiet { QUIET_MS } else { REQUEST_TIMEOUT_MS };
    if now_ms.saturating_sub(record.asked_ms) < ms_max {
        return None;
    }
    record.awaited.take()
}

/// Ends the time in which an answer is not asked for again.
fn settle(now_ms: u64, record: &mut Record) {
    if let Answer::Settling { until_ms, is_taken } = record.answer
        && until_ms <= now_ms
    {
        record.answer = Answer::Missing;
        // What the node took and wants again, it lost: anyone may be asked who does not owe an answer.
        if is_taken {
            (record.tried, record.tried_before) = (record.owing, 0);
        }
    }
}

/// Whether a record is still needed: an answer may come, or the same peer must not be asked yet.
fn is_remembered(now_ms: u64, record: &Record) -> bool {
    let age_ms = now_ms.saturating_sub(record.asked_ms);
    if record.awaited.is_some() || record.answer != Answer::Missing {
        return true;
    }
    if record.owing != 0 {
        return age_ms < REQUEST_MEMORY_MS;
    }
    (record.tried | record.tried_before) != 0 && age_ms < REQUEST_TIMEOUT_MS
}
