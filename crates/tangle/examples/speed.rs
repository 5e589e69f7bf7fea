//! Prints what a Tangle of 100 000 unreferenced messages costs on this machine:
//! `cargo run --release -p osmia-tangle --example speed`.

use std::time::Instant;

use osmia_primitives::{IdHasherKey, MessageId, MilestoneIndex};
use osmia_tangle::{MemoryAncestors, Tangle, TangleOptions, Vertex};

const MESSAGES: usize = 100_000;

fn message(number: usize) -> MessageId {
    MessageId::of(&number.to_le_bytes())
}

/// Message `number` over four of the 60 before it.
fn vertex(number: usize) -> Vertex {
    let parent = |step: usize| match number.checked_sub(1 + (number * 7 + step * 13) % 60) {
        Some(earlier) => message(earlier),
        None => MessageId::NULL,
    };
    let mut parents: Vec<MessageId> = (0..4).map(parent).collect();
    parents.sort_unstable();
    parents.dedup();
    Vertex { id: message(number), parents, milestone: None, index: None, flags: 0, bytes: [0; 300].into() }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark is the clock's caller")]
#[expect(clippy::print_stdout, reason = "this program's output")]
fn measure<R>(name: &str, times: usize, work: impl FnOnce() -> R) -> R {
    let begin = Instant::now();
    let result = work();
    let elapsed = begin.elapsed();
    let nanos = elapsed.as_nanos() / u128::try_from(times).unwrap_or(1);
    println!("{name:44} {:9.3} ms, {nanos} ns each", elapsed.as_secs_f64() * 1e3);
    result
}

fn main() -> Result<(), osmia_tangle::NoSuchArrival> {
    let vertices: Vec<Vertex> = (0..MESSAGES).map(vertex).collect();
    let mut ancestors = MemoryAncestors::new();
    ancestors.put_entry_point(0, MessageId::NULL, MilestoneIndex(0));
    let mut tangle = Tangle::new(TangleOptions::default(), IdHasherKey(7));
    let mut attached = Vec::with_capacity(MESSAGES);
    measure("insert, parents in the window", MESSAGES, || {
        vertices
            .into_iter()
            .try_for_each(|vertex| tangle.insert(vertex, 0, &ancestors, &mut attached).map(drop))
    })?;
    let last: Vec<u64> = (0..8).map(|step| tangle.next_arrival() - 1 - step).collect();
    let candidates: Vec<u64> = (0..64).map(|step| tangle.next_arrival() - 1 - step).collect();
    measure("heaviest, 28 of 64 candidates", MESSAGES, || tangle.heaviest(&candidates, 28));
    let cone = measure("cone", MESSAGES, || tangle.cone(&last, &ancestors))?;
    measure("confirm half of the cone", MESSAGES, || {
        let half = cone.get(..cone.len() / 2).unwrap_or_default();
        tangle.confirm(MilestoneIndex(1), half, &ancestors)
    })?;
    measure("confirm the rest", MESSAGES, || tangle.confirm(MilestoneIndex(2), &cone, &ancestors))?;
    measure("confirm nothing", MESSAGES, || tangle.confirm(MilestoneIndex(23), &[], &ancestors))?;
    measure("evict", MESSAGES, || tangle.evict());
    Ok(())
}
