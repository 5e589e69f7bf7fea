//! Why a message was refused, why a node could not start and why it stopped.

use std::sync::Arc;

use osmia_chrysalis::SyntaxError;
use osmia_primitives::{MessageId, MilestoneIndex, NetworkId};
use osmia_store::StoreError;

/// Why a submitted message was not attached. Nothing of it is stored.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SubmitError {
    /// The bytes are not a valid message.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// The message belongs to another network.
    #[error("network-id: the message is for network {got}, this node runs network {expected}")]
    WrongNetwork {
        /// This node's network.
        expected: NetworkId,
        /// The message's network.
        got: NetworkId,
    },
    /// The nonce does not prove enough work.
    #[error("pow-score: the message has a proof-of-work score of {score:.2}, {required:.2} is required")]
    InsufficientPow {
        /// The message's score.
        score: f64,
        /// The network's minimum.
        required: f64,
    },
    /// A parent is not known, or its own past is not.
    #[error("parent-solid: parent {0} is not solid")]
    ParentNotFound(MessageId),
    /// A parent's cone reaches below the maximum depth.
    #[error("parent-depth: parent {0} is below max depth")]
    ParentTooOld(MessageId),
    /// The node is too far behind its network to judge a message.
    #[error("node is not synced")]
    NotSynced,
    /// A queue is full.
    #[error("the node is busy, try again in a moment")]
    Busy,
    /// The node has stopped or is stopping.
    #[error("the node has stopped: {0}")]
    Stopped(Arc<str>),
}

/// Why a question to the engine was not answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuestionError {
    /// The queue is full.
    #[error("the node is busy, try again in a moment")]
    Busy,
    /// The node has stopped or is stopping.
    #[error("the node has stopped: {0}")]
    Stopped(Arc<str>),
}

/// Why the node cannot go on. It stops, and a restart resumes from the last commit.
#[derive(Debug, thiserror::Error)]
pub enum FatalError {
    /// Reading or writing the store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The stored state contradicts itself.
    #[error(
        "the database contradicts itself: {0}; run `osmia tool audit`, then restore the folder or start again with --reset"
    )]
    Inconsistent(String),
    /// A coordinator that should begin a new network heard of an existing one.
    #[error(
        "milestone {0} of this network exists already, so it cannot be begun anew: to go on with it, start its coordinator without --bootstrap"
    )]
    NetworkExists(MilestoneIndex),
    /// A part of the program failed that cannot fail.
    #[error("a defect of the program stopped the node: {0}; please report it and start again")]
    Defect(String),
}

/// Why the node no longer confirms milestones, though it still answers reads.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HaltReason {
    /// The Merkle root a milestone commits to is not the one of our ledger.
    #[error("milestone {index} commits to the Merkle root {theirs}, our ledger gives {ours}")]
    MerkleRoot {
        /// Which milestone.
        index: MilestoneIndex,
        /// The root in the milestone, hexadecimal.
        theirs: String,
        /// The root we computed, hexadecimal.
        ours: String,
    },
    /// Two different, correctly signed milestones exist for one index.
    #[error("milestone {index} was signed twice: messages {first} and {second}")]
    TwoMilestones {
        /// Which index.
        index: MilestoneIndex,
        /// The message that came first; it counts.
        first: MessageId,
        /// The other message.
        second: MessageId,
    },
    /// A receipt cannot be applied.
    #[error("the receipt of milestone {index} cannot be applied: {reason}")]
    Receipt {
        /// Which milestone.
        index: MilestoneIndex,
        /// The rule it breaks.
        reason: String,
    },
}

/// Why a node could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Reading or writing the store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store holds no ledger yet.
    #[error("the database holds no ledger: load a snapshot first")]
    NoLedger,
    /// The store belongs to another network.
    #[error(
        "the database belongs to network {stored}, the configuration names network {configured}: use the folder of that network, or another one"
    )]
    OtherNetwork {
        /// Network of the database.
        stored: NetworkId,
        /// Network of the configuration.
        configured: NetworkId,
    },
    /// A thread could not be started.
    #[error("a thread could not be started: {0}")]
    Thread(#[from] std::io::Error),
    /// The coordinator's keys do not match the network's.
    #[error("the coordinator's keys are not the network's milestone keys: {0}")]
    CoordinatorKeys(String),
    /// A coordinator should begin a new network over an existing one.
    #[error(
        "the database holds milestone {0} of this network, so it cannot be begun anew: start the coordinator without --bootstrap"
    )]
    NetworkExists(MilestoneIndex),
    /// The stored state contradicts itself.
    #[error(transparent)]
    Fatal(#[from] FatalError),
}
