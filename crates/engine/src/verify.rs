//! The verify pool: plain threads that parse messages, check their proof of work and their signatures, all in batches,
//! and hand what passed to the engine thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use bytes::Bytes;
use crossbeam_channel::{Receiver, Sender, TrySendError};
use osmia_primitives::ed25519::{SignedMessage, verify_batch};
use osmia_primitives::{MessageId, blake2b};
use osmia_tangle::Vertex;
use osmia_wire::handover::{Interest, Invalid, NodeEvent, Ticket, Verdict};

use crate::error::SubmitError;
use crate::limits::{VERIFY_BATCH_BYTES_MAX, VERIFY_BATCH_MESSAGES_MAX, VERIFY_QUEUE_MESSAGES_MAX};
use crate::node::{GossipSink, Reply};
use crate::protocol::{Examined, FLAG_REQUESTED, Protocol, ValidMilestone};

/// Who is to be told what became of a message.
pub enum Origin {
    /// A submission; the reply is called exactly once.
    Submission(Reply<Result<MessageId, SubmitError>>),
    /// The coordinator's own message.
    Coordinator,
    /// A peer's message; gossip is told its verdict. Why it was handed on decides what it must prove.
    Gossip(Ticket, Interest),
}

/// A message to verify.
pub struct Unverified {
    /// The bytes of the message, as they came.
    pub bytes: Bytes,
    /// Who is to be told.
    pub origin: Origin,
}

/// A message that proved all it had to prove by itself: syntax, network and proof of work hold, and its signatures
/// have a verdict.
pub struct Verified {
    /// The message as the Tangle sees it.
    pub vertex: Vertex,
    /// Set when it is a milestone of this network's coordinator.
    pub milestone: Option<ValidMilestone>,
    /// Who is to be told.
    pub origin: Origin,
}

/// What the pool verifies against.
#[derive(Clone)]
pub struct Verifier {
    protocol: Protocol,
    seed: [u8; 32],
    batches: Arc<AtomicU64>,
    gossip: Option<GossipSink>,
}

/// A message that passed some of its checks.
struct Candidate {
    unverified: Unverified,
    examined: Examined,
    /// Its proof of work is too low, and it passes only as a valid milestone that was asked for.
    lacks_work: bool,
}

impl Candidate {
    const fn new(unverified: Unverified, examined: Examined) -> Self {
        Self { unverified, examined, lacks_work: false }
    }

    /// Whether a low proof of work counts against it. What was asked for by id belongs to a cone that a milestone's
    /// signatures vouch for, or to messages that had enough of it.
    const fn is_judged_by_work(&self) -> bool {
        !matches!(self.unverified.origin, Origin::Gossip(_, Interest::Requested))
    }

    /// Whether a low proof of work is made good by being a valid milestone.
    fn may_lack_work(&self) -> bool {
        matches!(self.unverified.origin, Origin::Gossip(_, Interest::RequestedMilestone))
            && self.examined.may_be_milestone()
    }

    /// Whether a node that is behind has no use for it.
    fn is_unwanted(&self) -> bool {
        matches!(self.unverified.origin, Origin::Gossip(_, Interest::MilestonesOnly))
            && !self.examined.may_be_milestone()
    }
}

impl Verifier {
    /// A verifier for `protocol`; `seed` is secret randomness for batched signatures. `gossip` is told of peers'
    /// messages that fail.
    #[must_use]
    pub fn new(protocol: Protocol, seed: [u8; 32], gossip: Option<GossipSink>) -> Self {
        Self { protocol, seed, batches: Arc::new(AtomicU64::new(0)), gossip }
    }

    /// Verifies `group` together. Those that fail are answered here; the others come back in their order.
    #[must_use]
    pub fn verify(&self, group: Vec<Unverified>) -> Vec<Verified> {
        let mut told = Vec::new();
        let mut candidates = Vec::with_capacity(group.len());
        for unverified in group {
            match self.protocol.examine(&unverified.bytes) {
                Ok(examined) => {
                    let candidate = Candidate::new(unverified, examined);
                    if candidate.is_unwanted() {
                        tell(&mut told, &candidate.unverified.origin, Verdict::NotTaken);
                    } else {
                        candidates.push(candidate);
                    }
                }
                Err(error) => refuse(&mut told, unverified.origin, error),
            }
        }
        let candidates = self.with_enough_work(candidates, &mut told);
        let ids = {
            let bytes: Vec<&[u8]> = candidates.iter().map(Candidate::bytes).collect();
            blake2b::hash_many(&bytes)
        };
        let verdicts = self.signature_verdicts(&candidates);
        let mut verified = Vec::with_capacity(candidates.len());
        for ((candidate, id), verdicts) in candidates.into_iter().zip(ids).zip(verdicts) {
            let milestone = self.protocol.valid_milestone(&candidate.examined, &verdicts);
            if candidate.lacks_work && milestone.is_none() {
                tell(&mut told, &candidate.unverified.origin, Verdict::Invalid(Invalid::InsufficientPow));
                continue;
            }
            verified.push(assemble(candidate, MessageId(id), &verdicts, milestone));
        }
        if let Some(gossip) = self.gossip.as_ref().filter(|_| !told.is_empty()) {
            gossip(told);
        }
        verified
    }

    fn with_enough_work(&self, group: Vec<Candidate>, told: &mut Vec<NodeEvent>) -> Vec<Candidate> {
        let mut zeros = {
            let judged = group.iter().filter(|candidate| candidate.is_judged_by_work());
            let bytes: Vec<&[u8]> = judged.map(Candidate::bytes).collect();
            osmia_pow::trailing_zeros_of_messages(&bytes).into_iter()
        };
        let required = self.protocol.parameters().min_pow_score;
        let mut passed = Vec::with_capacity(group.len());
        for mut candidate in group {
            if candidate.is_judged_by_work() {
                let zeros = zeros.next().flatten().unwrap_or(0);
                let score = osmia_pow::score_of(zeros, candidate.bytes().len());
                candidate.lacks_work = score < required;
                if candidate.lacks_work && !candidate.may_lack_work() {
                    let error = SubmitError::InsufficientPow { score, required };
                    refuse(told, candidate.unverified.origin, error);
                    continue;
                }
            }
            passed.push(candidate);
        }
        passed
    }

    /// The verdicts on each message's signatures, all verified as one batch.
    fn signature_verdicts(&self, group: &[Candidate]) -> Vec<Vec<bool>> {
        let signed: Vec<SignedMessage<'_>> = group
            .iter()
            .flat_map(|candidate| &candidate.examined.signed)
            .map(|signed| SignedMessage {
                public_key: signed.public_key,
                message: &signed.hash,
                signature: signed.signature,
            })
            .collect();
        let mut verdicts = verify_batch(&signed, self.batch_seed()).into_iter();
        let of_one =
            |candidate: &Candidate| verdicts.by_ref().take(candidate.examined.signed.len()).collect();
        group.iter().map(of_one).collect()
    }

    /// A fresh seed for each batch, from the secret one and a counter.
    fn batch_seed(&self) -> [u8; 32] {
        let number = self.batches.fetch_add(1, Ordering::Relaxed);
        blake2b::hash_parts(&[&self.seed, &number.to_le_bytes()])
    }
}

impl Candidate {
    fn bytes(&self) -> &[u8] {
        &self.unverified.bytes
    }
}

/// Notes the verdict on a peer's message; other origins get their answers elsewhere.
fn tell(told: &mut Vec<NodeEvent>, origin: &Origin, verdict: Verdict) {
    if let Origin::Gossip(ticket, _) = origin {
        told.push(NodeEvent::Verdict(*ticket, verdict));
    }
}

/// Answers a message that cannot be valid.
fn refuse(told: &mut Vec<NodeEvent>, origin: Origin, error: SubmitError) {
    let invalid = match error {
        SubmitError::WrongNetwork { .. } => Invalid::WrongNetwork,
        SubmitError::InsufficientPow { .. } => Invalid::InsufficientPow,
        SubmitError::Syntax(_)
        | SubmitError::ParentNotFound(_)
        | SubmitError::ParentTooOld(_)
        | SubmitError::NotSynced
        | SubmitError::Busy
        | SubmitError::Stopped(_) => Invalid::Syntax,
    };
    tell(told, &origin, Verdict::Invalid(invalid));
    origin.refuse(error);
}

fn assemble(
    candidate: Candidate,
    id: MessageId,
    verdicts: &[bool],
    milestone: Option<ValidMilestone>,
) -> Verified {
    let Candidate { unverified, examined, .. } = candidate;
    let requested = match unverified.origin {
        Origin::Gossip(_, Interest::Requested) => FLAG_REQUESTED,
        Origin::Gossip(_, Interest::RequestedMilestone) if milestone.is_some() => FLAG_REQUESTED,
        Origin::Gossip(..) | Origin::Submission(_) | Origin::Coordinator => 0,
    };
    Verified {
        vertex: Vertex {
            id,
            parents: examined.parents(),
            milestone: milestone.map(|milestone| milestone.index),
            index: examined.index().map(|hash| hash.0),
            flags: examined.flags(verdicts) | requested,
            // A copy of its own: the bytes of a peer's message may be a part of a much larger buffer.
            bytes: Arc::from(unverified.bytes.as_ref()),
        },
        milestone,
        origin: unverified.origin,
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Verifier").field("protocol", &self.protocol).finish_non_exhaustive()
    }
}

impl Origin {
    /// Tells the origin that its message was refused.
    pub fn refuse(self, error: SubmitError) {
        match self {
            Self::Submission(reply) => reply(Err(error)),
            Self::Coordinator => {
                tracing::error!(%error, "the coordinator's own message was refused");
            }
            // Gossip gets a verdict from whoever judged the message; while the node stops nobody needs it.
            Self::Gossip(..) => {}
        }
    }
}

impl std::fmt::Debug for Origin {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Submission(_) => "Submission",
            Self::Coordinator => "Coordinator",
            Self::Gossip(..) => "Gossip",
        })
    }
}

impl std::fmt::Debug for Unverified {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Unverified({} bytes, {:?})", self.bytes.len(), self.origin)
    }
}

impl std::fmt::Debug for Verified {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Verified({}, {:?})", self.vertex.id, self.origin)
    }
}

/// The sending end of the pool's queue. The pool ends when every sender is gone.
#[derive(Clone, Debug)]
pub struct VerifyQueue(Sender<Unverified>);

impl VerifyQueue {
    /// Queues a message without waiting.
    ///
    /// # Errors
    /// Gives the message back when the queue is full ([`SubmitError::Busy`]) or the pool has ended.
    pub fn offer(&self, unverified: Unverified) -> Result<(), (Unverified, SubmitError)> {
        self.0.try_send(unverified).map_err(|error| match error {
            TrySendError::Full(unverified) => (unverified, SubmitError::Busy),
            TrySendError::Disconnected(unverified) => {
                (unverified, SubmitError::Stopped("it is stopping".into()))
            }
        })
    }

    /// Queues a message, waiting while the queue is full. For our own messages and for benches: a stranger's message
    /// must never make a thread wait.
    ///
    /// # Errors
    /// When the pool has ended.
    pub fn push(&self, unverified: Unverified) -> Result<(), SubmitError> {
        self.0.send(unverified).map_err(|_| SubmitError::Stopped("it is stopping".into()))
    }
}

/// A running pool.
#[derive(Debug)]
pub struct VerifyPool {
    /// Its queue.
    pub queue: VerifyQueue,
    /// Its threads, which end when the queue has no sender any more.
    pub threads: Vec<JoinHandle<()>>,
}

/// Starts `threads` verify threads; each hands its groups to `deliver`, which may wait (that is the back-pressure).
///
/// # Errors
/// When a thread cannot be started.
pub fn start_pool(
    verifier: &Verifier,
    threads: usize,
    deliver: impl Fn(Vec<Verified>) + Clone + Send + 'static,
) -> std::io::Result<VerifyPool> {
    let (sender, receiver) = crossbeam_channel::bounded(VERIFY_QUEUE_MESSAGES_MAX);
    let handles = (0..threads.max(1))
        .map(|number| {
            let (verifier, receiver, deliver) = (verifier.clone(), receiver.clone(), deliver.clone());
            std::thread::Builder::new()
                .name(format!("verify-{number}"))
                .spawn(move || run(&verifier, &receiver, &deliver))
        })
        .collect::<std::io::Result<Vec<_>>>()?;
    Ok(VerifyPool { queue: VerifyQueue(sender), threads: handles })
}

fn run(verifier: &Verifier, receiver: &Receiver<Unverified>, deliver: &impl Fn(Vec<Verified>)) {
    while let Some(group) = next_group(receiver) {
        // A message that makes the verifier panic must not end the pool. Its group is lost, whoever asked sees the
        // reply dropped.
        match catch_unwind(AssertUnwindSafe(|| verifier.verify(group))) {
            Ok(verified) if verified.is_empty() => {}
            Ok(verified) => deliver(verified),
            Err(_) => {
                tracing::error!("a group of messages was lost to a defect of the verifier; please report it")
            }
        }
    }
}

/// Waits for a message and takes what waits behind it, up to the limits of a group; `None` when the pool ends.
fn next_group(receiver: &Receiver<Unverified>) -> Option<Vec<Unverified>> {
    let first = receiver.recv().ok()?;
    let mut bytes = first.bytes.len();
    let mut group = vec![first];
    while group.len() < VERIFY_BATCH_MESSAGES_MAX
        && bytes < VERIFY_BATCH_BYTES_MAX
        && let Ok(next) = receiver.try_recv()
    {
        bytes += next.bytes.len();
        group.push(next);
    }
    Some(group)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unverified(bytes: usize) -> Unverified {
        Unverified { bytes: Bytes::from(vec![0; bytes]), origin: Origin::Coordinator }
    }

    #[test]
    fn a_group_is_bounded_in_messages_and_in_bytes() {
        let (sender, receiver) = crossbeam_channel::bounded(VERIFY_QUEUE_MESSAGES_MAX);
        let queue = VerifyQueue(sender);
        for _ in 0..VERIFY_BATCH_MESSAGES_MAX + 1 {
            queue.push(unverified(300)).unwrap();
        }
        assert_eq!(next_group(&receiver).unwrap().len(), VERIFY_BATCH_MESSAGES_MAX);
        assert_eq!(next_group(&receiver).unwrap().len(), 1);
        for _ in 0..VERIFY_BATCH_MESSAGES_MAX {
            queue.push(unverified(32 << 10)).unwrap();
        }
        assert_eq!(next_group(&receiver).unwrap().len(), VERIFY_BATCH_BYTES_MAX / (32 << 10));
        drop(queue);
        while next_group(&receiver).is_some() {}
    }
}
