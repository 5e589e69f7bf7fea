//! What waits to be sent to a peer, the most valuable first: our heartbeat, requests, milestones, answers, and then what
//! is broadcast.

use std::collections::VecDeque;

use bytes::Bytes;
use osmia_primitives::{MessageId, MilestoneIndex};

use super::PeerMetrics;
use crate::limits::{MESSAGE_OVERHEAD_BYTES, OUTBOUND_BYTES_MAX, REQUESTS_IN_FLIGHT_MAX};
use crate::packet::{
    HEADER_BYTES, Heartbeat, PACKET_BYTES_MAX, encode_heartbeat, encode_message, encode_message_request,
    encode_milestone_request,
};

/// A request, and whether the peer's heartbeat says that it can answer it.
#[derive(Clone, Copy, Debug)]
struct Request<T> {
    what: T,
    is_answerable: bool,
}

/// The packets that wait for one peer.
#[derive(Debug, Default)]
pub(crate) struct Outbound {
    has_heartbeat: bool,
    milestone_requests: VecDeque<Request<MilestoneIndex>>,
    message_requests: VecDeque<Request<MessageId>>,
    milestones: VecDeque<Bytes>,
    answers: VecDeque<Bytes>,
    broadcasts: VecDeque<Bytes>,
    /// Bytes of the three above, bookkeeping included.
    bytes: usize,
}

/// What [`Outbound::take`] took, besides what it counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) heartbeat: bool,
    /// Requests that the peer can answer by what it says.
    pub(crate) answerable_requests: u32,
}

impl Outbound {
    pub(crate) fn is_empty(&self) -> bool {
        self.packets() == 0
    }

    pub(crate) fn packets(&self) -> usize {
        usize::from(self.has_heartbeat)
            + self.milestone_requests.len()
            + self.message_requests.len()
            + self.milestones.len()
            + self.answers.len()
            + self.broadcasts.len()
    }

    /// Bytes of the messages that wait, bookkeeping included; at most [`OUTBOUND_BYTES_MAX`].
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes of answers that have room. A peer that reads too slowly gets no more: from half of the room on.
    pub(crate) fn answer_room_bytes(&self) -> usize {
        if self.bytes >= OUTBOUND_BYTES_MAX / 2 { 0 } else { OUTBOUND_BYTES_MAX - self.bytes }
    }

    pub(crate) fn has_heartbeat(&self) -> bool {
        self.has_heartbeat
    }

    /// Sends a heartbeat; what it says is decided when it is taken.
    pub(crate) fn push_heartbeat(&mut self) {
        self.has_heartbeat = true;
    }

    pub(crate) fn push_milestone_request(
        &mut self,
        what: MilestoneIndex,
        is_answerable: bool,
        metrics: &mut PeerMetrics,
    ) {
        push_request(&mut self.milestone_requests, Request { what, is_answerable }, metrics);
    }

    pub(crate) fn push_message_request(
        &mut self,
        what: MessageId,
        is_answerable: bool,
        metrics: &mut PeerMetrics,
    ) {
        push_request(&mut self.message_requests, Request { what, is_answerable }, metrics);
    }

    pub(crate) fn push_milestone(&mut self, bytes: Bytes, metrics: &mut PeerMetrics) {
        self.make_room(cost(&bytes), metrics, Least::Milestone);
        self.bytes += cost(&bytes);
        self.milestones.push_back(bytes);
    }

    pub(crate) fn push_answer(&mut self, bytes: Bytes, metrics: &mut PeerMetrics) {
        self.make_room(cost(&bytes), metrics, Least::Answer);
        if self.bytes + cost(&bytes) > OUTBOUND_BYTES_MAX {
            metrics.dropped_packets += 1;
            return;
        }
        self.bytes += cost(&bytes);
        self.answers.push_back(bytes);
    }

    pub(crate) fn push_broadcast(&mut self, bytes: Bytes, metrics: &mut PeerMetrics) {
        self.make_room(cost(&bytes), metrics, Least::Broadcast);
        if self.bytes + cost(&bytes) > OUTBOUND_BYTES_MAX {
            metrics.dropped_packets += 1;
            return;
        }
        self.bytes += cost(&bytes);
        self.broadcasts.push_back(bytes);
    }

    /// Drops what is worth least, the oldest first, until `needed` bytes are free or nothing is left that may go.
    fn make_room(&mut self, needed: usize, metrics: &mut PeerMetrics, worth: Least) {
        while self.bytes + needed > OUTBOUND_BYTES_MAX {
            let dropped = match worth {
                Least::Broadcast | Least::Answer => self.broadcasts.pop_front(),
                Least::Milestone => self
                    .broadcasts
                    .pop_front()
                    .or_else(|| self.answers.pop_front())
                    .or_else(|| self.milestones.pop_front()),
            };
            let Some(dropped) = dropped else { return };
            self.bytes -= cost(&dropped);
            metrics.dropped_packets += 1;
        }
    }

    /// Appends packets to `out` while they fit into `bytes_max`, but at least one, and counts them.
    pub(crate) fn take(
        &mut self,
        out: &mut Vec<u8>,
        bytes_max: usize,
        heartbeat: &Heartbeat,
        metrics: &mut PeerMetrics,
    ) -> Taken {
        let begin = out.len();
        let end = begin + bytes_max.max(1);
        let mut taken = Taken { heartbeat: self.has_heartbeat, answerable_requests: 0 };
        if std::mem::take(&mut self.has_heartbeat) {
            encode_heartbeat(heartbeat, out);
            metrics.sent_heartbeats += 1;
        }
        while out.len() < end
            && let Some(request) = self.milestone_requests.pop_front()
        {
            encode_milestone_request(request.what, out);
            metrics.sent_milestone_requests += 1;
            taken.answerable_requests += u32::from(request.is_answerable);
        }
        while out.len() < end
            && let Some(request) = self.message_requests.pop_front()
        {
            encode_message_request(&request.what, out);
            metrics.sent_message_requests += 1;
            taken.answerable_requests += u32::from(request.is_answerable);
        }
        for queue in [&mut self.milestones, &mut self.answers, &mut self.broadcasts] {
            self.bytes -= take_messages(queue, out, begin, end, metrics);
        }
        metrics.bytes_sent += u64::try_from(out.len() - begin).unwrap_or(u64::MAX);
        taken
    }
}

/// What must not be dropped for a new packet: what is worth more than it, or came after it.
#[derive(Clone, Copy)]
enum Least {
    Broadcast,
    Answer,
    Milestone,
}

/// Bytes of a message that waits, bookkeeping included.
fn cost(bytes: &Bytes) -> usize {
    bytes.len() + MESSAGE_OVERHEAD_BYTES
}

/// A peer that does not read its requests has them asked of others in the meantime, so the oldest may go.
fn push_request<T>(queue: &mut VecDeque<Request<T>>, request: Request<T>, metrics: &mut PeerMetrics) {
    if queue.len() >= REQUESTS_IN_FLIGHT_MAX {
        queue.pop_front();
        metrics.dropped_packets += 1;
    }
    queue.push_back(request);
}

/// Encodes messages while they fit before `end`, or when nothing lies before them; the bytes of them that waited.
fn take_messages(
    queue: &mut VecDeque<Bytes>,
    out: &mut Vec<u8>,
    begin: usize,
    end: usize,
    metrics: &mut PeerMetrics,
) -> usize {
    let mut freed = 0;
    while let Some(bytes) = queue.front() {
        let fits = out.len() + HEADER_BYTES + bytes.len() <= end;
        if !fits && out.len() > begin {
            break;
        }
        assert!(HEADER_BYTES + bytes.len() <= PACKET_BYTES_MAX, "a message that was longer than any");
        encode_message(bytes, out);
        metrics.sent_messages += 1;
        freed += cost(bytes);
        queue.pop_front();
    }
    freed
}
