//! What gossip and the node tell each other. [`Gossip`](crate::Gossip) hands messages on as [`Incoming`]; the node answers
//! each with a [`Verdict`] and tells everything else that gossip must know, as [`NodeEvent`]s.

use bytes::Bytes;
use osmia_primitives::{MessageId, MilestoneIndex};

/// Names a message that gossip handed on, until its verdict comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// Why a message is handed on, which decides what it must prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// Gossip of the present: it must have enough proof of work.
    Gossip,
    /// As [`Interest::Gossip`], while the node is behind: only a valid milestone is of use to it.
    MilestonesOnly,
    /// It was asked for by its id, for the cone of a milestone or of another message: its proof of work is not judged.
    Requested,
    /// It may be a milestone that was asked for by index: its proof of work is not judged when it is a valid milestone;
    /// otherwise it is treated as [`Interest::Gossip`].
    RequestedMilestone,
}

/// A message a peer sent.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// What the verdict must name.
    pub ticket: Ticket,
    /// The bytes of the message as they came, at most [`MESSAGE_BYTES_MAX`](crate::packet::MESSAGE_BYTES_MAX).
    pub bytes: Bytes,
    /// Why it is handed on.
    pub interest: Interest,
}

/// What became of a message that was handed on. It comes when the message cost the node what it will cost: an attached
/// message is stored by then. That is the back-pressure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was attached, or waits for its parents.
    New,
    /// The node has it already.
    Known,
    /// It is fine, but the node has no use for it: it is behind, or the room for waiting messages is full.
    NotTaken,
    /// No honest peer sends it.
    Invalid(Invalid),
}

/// Why no honest peer sends a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalid {
    /// Its bytes break a rule of syntax.
    Syntax,
    /// It belongs to another network.
    WrongNetwork,
    /// It was not asked for, and its proof of work is too low.
    InsufficientPow,
}

/// What the node lacks, first what it needs first. Replaces what was wanted before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Milestones to ask for by index, in ascending order.
    pub milestones: Vec<MilestoneIndex>,
    /// Messages to ask for by id, with the oldest milestone whose cone needs each; `None` when no known milestone does.
    pub messages: Vec<(MessageId, Option<MilestoneIndex>)>,
}

/// Where the node stands; what heartbeats say of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NodeState {
    /// The confirmed milestone.
    pub confirmed: MilestoneIndex,
    /// The newest valid milestone known.
    pub latest: MilestoneIndex,
    /// Up to which milestone messages were removed.
    pub pruned: MilestoneIndex,
    /// Whether the node is at most two milestones behind the newest one known.
    pub is_almost_synced: bool,
}

/// What the node tells gossip, in the order in which it happened. Everything it reports is stored.
#[derive(Clone, Debug)]
pub enum NodeEvent {
    /// What became of a message that was handed on.
    Verdict(Ticket, Verdict),
    /// A message became solid, and others should have it: send it to every peer that did not send it to us.
    Broadcast {
        /// The bytes of the message.
        bytes: Bytes,
        /// Whether it is a valid milestone, which is sent before anything else.
        is_milestone: bool,
    },
    /// What the node lacks now.
    Wanted(Wanted),
    /// Where the node stands now.
    State(NodeState),
}
