//! One peer: what its stream brought, what waits to be sent to it, and what it is known for.

mod inbox;
mod outbound;
mod questions;
mod watch;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use osmia_primitives::MilestoneIndex;

use crate::gossip::Report;
use crate::limits::{REPORTS_MAX, SYNCED_DISTANCE};
use crate::packet::{Decoder, Heartbeat};
use crate::standing::Misbehaviour;

pub(crate) use inbox::{Inbox, Waiting};
pub(crate) use outbound::Outbound;
pub(crate) use questions::Questions;
pub(crate) use watch::{HeartbeatTimer, Repeats, Unanswered};

/// A gossip stream in use, below [`PEERS_MAX`](crate::limits::PEERS_MAX). The number of a closed stream is used again,
/// as late as possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub u8);

impl Slot {
    /// Its place in a list of slots.
    pub(crate) fn place(self) -> usize {
        usize::from(self.0)
    }

    /// The set that holds only it; the empty set for a number that is no slot.
    pub(crate) fn bit(self) -> u64 {
        1_u64.checked_shl(u32::from(self.0)).unwrap_or(0)
    }
}

/// The slots of a set, in ascending order.
pub(crate) fn slots(mut set: u64) -> impl Iterator<Item = Slot> {
    std::iter::from_fn(move || {
        let place = set.trailing_zeros();
        set &= set.wrapping_sub(1);
        u8::try_from(place).ok().filter(|place| *place < 64).map(Slot)
    })
}

/// What was counted on one stream, in packets where nothing else is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeerMetrics {
    /// Messages that this peer was the first to send.
    pub new_messages: u64,
    /// Messages that were known already.
    pub known_messages: u64,
    /// Messages received.
    pub received_messages: u64,
    /// Requests for messages received.
    pub received_message_requests: u64,
    /// Requests for milestones received.
    pub received_milestone_requests: u64,
    /// Heartbeats received.
    pub received_heartbeats: u64,
    /// Messages sent.
    pub sent_messages: u64,
    /// Requests for messages sent.
    pub sent_message_requests: u64,
    /// Requests for milestones sent.
    pub sent_milestone_requests: u64,
    /// Heartbeats sent.
    pub sent_heartbeats: u64,
    /// Packets to this peer that were dropped because too many waited.
    pub dropped_packets: u64,
    /// Messages and requests of this peer that were dropped because too many waited.
    pub dropped_received: u64,
    /// Messages that no honest peer sends.
    pub invalid_messages: u64,
    /// Bytes received.
    pub bytes_received: u64,
    /// Bytes sent.
    pub bytes_sent: u64,
}

/// How it stands with one peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeerStatus {
    /// What was counted on its stream.
    pub metrics: PeerMetrics,
    /// Its last heartbeat, and when it came.
    pub heartbeat: Option<(Heartbeat, u64)>,
    /// When the stream was opened.
    pub opened_ms: u64,
    /// When bytes came last.
    pub heard_ms: u64,
    /// Whether it is synced by what its heartbeat says and what we know.
    pub is_synced: bool,
    /// Messages in its inbox.
    pub inbox_messages: usize,
    /// Bytes of them, bookkeeping included.
    pub inbox_bytes: usize,
    /// Messages of it that are handed on and without verdict.
    pub handed_messages: usize,
    /// Packets that wait to be sent to it.
    pub outbound_packets: usize,
    /// Bytes of them, bookkeeping included.
    pub outbound_bytes: usize,
    /// Requests to it that are neither answered nor timed out.
    pub requests_in_flight: usize,
    /// Its requests that wait to be served.
    pub questions: usize,
}

/// All that is known of one peer.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) decoder: Decoder,
    /// No packet can be read any more.
    pub(crate) is_broken: bool,
    pub(crate) inbox: Inbox,
    /// Bytes that its inbox may still give in this turn.
    pub(crate) turn_bytes: usize,
    pub(crate) outbound: Outbound,
    pub(crate) questions: Questions,
    pub(crate) metrics: PeerMetrics,
    pub(crate) heartbeat: Option<(Heartbeat, u64)>,
    pub(crate) heartbeat_timer: HeartbeatTimer,
    pub(crate) opened_ms: u64,
    pub(crate) heard_ms: u64,
    /// Since when its newest milestone is newer than ours.
    pub(crate) ahead_since_ms: Option<u64>,
    /// When it was asked for its newest milestone.
    pub(crate) latest_asked_ms: Option<u64>,
    pub(crate) repeats: Repeats,
    pub(crate) unanswered: Unanswered,
    reports: VecDeque<Report>,
    heartbeat_report: Option<Report>,
    pub(crate) is_reported_unhealthy: bool,
}

impl Peer {
    pub(crate) fn new(now_ms: u64) -> Self {
        Self {
            decoder: Decoder::new(),
            is_broken: false,
            inbox: Inbox::default(),
            turn_bytes: 0,
            outbound: Outbound::default(),
            questions: Questions::new(now_ms),
            metrics: PeerMetrics::default(),
            heartbeat: None,
            heartbeat_timer: HeartbeatTimer::default(),
            opened_ms: now_ms,
            heard_ms: now_ms,
            ahead_since_ms: None,
            latest_asked_ms: None,
            repeats: Repeats::default(),
            unanswered: Unanswered::default(),
            reports: VecDeque::new(),
            heartbeat_report: None,
            is_reported_unhealthy: false,
        }
    }

    /// Whether it says it is at most [`SYNCED_DISTANCE`] milestones behind what it and we know.
    pub(crate) fn is_synced(&self, confirmed: MilestoneIndex) -> bool {
        self.heartbeat.is_some_and(|(heartbeat, _)| {
            heartbeat.latest.max(confirmed).ahead_of(heartbeat.solid) <= SYNCED_DISTANCE
        })
    }

    pub(crate) fn report(&mut self, report: Report) {
        if self.reports.len() < REPORTS_MAX {
            self.reports.push_back(report);
        }
    }

    pub(crate) fn misbehaved(&mut self, slot: Slot, misbehaviour: Misbehaviour) {
        self.report(Report::Misbehaved { slot, misbehaviour });
    }

    /// Only the newest heartbeat is worth a report.
    pub(crate) fn report_heartbeat(&mut self, slot: Slot, heartbeat: Heartbeat) {
        self.heartbeat_report = Some(Report::Heartbeat { slot, heartbeat });
    }

    pub(crate) fn next_report(&mut self) -> Option<Report> {
        self.reports.pop_front().or_else(|| self.heartbeat_report.take())
    }

    /// Asks for its newest milestone.
    pub(crate) fn ask_latest(&mut self, now_ms: u64) {
        self.latest_asked_ms = Some(now_ms);
        self.outbound.push_milestone_request(MilestoneIndex(0), false, &mut self.metrics);
    }
}
