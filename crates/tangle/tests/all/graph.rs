//! Random Tangles.

use osmia_primitives::{MessageId, MilestoneIndex};
use osmia_tangle::Vertex;
use proptest::prelude::*;

/// Entry points of every graph, with their indexes.
pub(crate) const ENTRY_POINTS: [(u8, u32); 3] = [(250, 0), (251, 1), (252, 3)];

/// A made-up graph. Parents come before their children.
#[derive(Clone, Debug)]
pub(crate) struct Graph {
    pub(crate) vertices: Vec<Vertex>,
    /// After which message a milestone is confirmed, and over which messages.
    pub(crate) milestones: Vec<(usize, Vec<MessageId>)>,
}

pub(crate) fn entry_points() -> Vec<(MessageId, MilestoneIndex)> {
    ENTRY_POINTS.iter().map(|(name, index)| (MessageId([*name; 32]), MilestoneIndex(*index))).collect()
}

/// A message with this id over these parents.
pub(crate) fn vertex(id: MessageId, mut parents: Vec<MessageId>) -> Vertex {
    parents.sort_unstable();
    parents.dedup();
    Vertex { id, parents, milestone: None, index: None, flags: id.0[0], bytes: id.0[..8].into() }
}

/// The id of the message called `number`.
pub(crate) fn id(number: usize) -> MessageId {
    MessageId::of(&number.to_le_bytes())
}

/// Graphs of up to `messages_max` messages and `milestones_max` milestones. Most parents are recent ones.
pub(crate) fn graphs(messages_max: usize, milestones_max: usize) -> impl Strategy<Value = Graph> {
    let picks = prop::collection::vec((0..8u8, any::<u16>()), 1..=6);
    let messages = prop::collection::vec(picks, 1..=messages_max);
    let milestone = (any::<u16>(), prop::collection::vec(any::<u16>(), 1..=4));
    (messages, prop::collection::vec(milestone, 0..=milestones_max)).prop_map(|(messages, milestones)| {
        let mut names: Vec<MessageId> = entry_points().into_iter().map(|(id, _)| id).collect();
        let mut vertices = Vec::new();
        for (number, picks) in messages.into_iter().enumerate() {
            let parents = picks.into_iter().map(|(kind, pick)| {
                // One of eight picks goes anywhere, the others to the newest five.
                let reach = if kind == 0 { names.len() } else { names.len().min(5) };
                names[names.len() - 1 - usize::from(pick) % reach]
            });
            vertices.push(vertex(id(number), parents.collect()));
            names.push(id(number));
        }
        let mut milestones: Vec<(usize, Vec<MessageId>)> = milestones
            .into_iter()
            .map(|(after, picks)| {
                let after = usize::from(after) % vertices.len();
                let reach = (after + 1).min(12);
                let parents = picks.iter().map(|pick| id(after - usize::from(*pick) % reach));
                (after, vertex(MessageId::NULL, parents.collect()).parents)
            })
            .collect();
        milestones.sort();
        Graph { vertices, milestones }
    })
}
