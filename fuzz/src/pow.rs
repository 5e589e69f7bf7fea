//! The fuzz target of proof of work: takes any bytes and panics when something that must hold does not.

use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::sync::atomic::AtomicBool;

use osmia_pow::{
    Backend, NONCE_BYTES, Outcome, Search, search_threads_with, trailing_zeros, trailing_zeros_batch_with,
    trailing_zeros_of_messages_with,
};
use osmia_primitives::blake2b::{self, Digest};

/// Zeros that are asked for at most: one nonce of 3^9 = 19 683 has them, so a long range holds a few.
const ZEROS_END: u32 = 10;

/// Ranges up to this length are checked nonce by nonce with the slow reference, longer ones with another back end.
const SHORT_RANGE_MAX: usize = 300;

/// Messages of a batch: more than any back end hashes at once would take the reference seconds; these make a whole group of
/// the narrowest one and the beginning of another.
const BATCH_END: usize = 140;

/// Threads of the searches that share a range.
const THREADS: usize = 3;

/// Reads a target, a back end, a range of nonces and a message from the bytes, and checks that what a search finds proves the
/// work, lies in the range and is the first that does, that it finds the others when it goes on, that "exhausted" is said
/// when there is none and only then, and that batches agree with the reference.
pub fn pow_search(input: &[u8]) {
    let mut header = [0; 13];
    let (given, message) = input.split_at(input.len().min(header.len()));
    header.iter_mut().zip(given).for_each(|(byte, given)| *byte = *given);
    let [zeros, backend, start @ .., low, high, count] = header;
    let case = Case {
        digest: blake2b::hash(body(message)),
        zeros: u32::from(zeros) % ZEROS_END,
        backend: chosen(backend),
        nonces: range(u64::from_le_bytes(start), u16::from_le_bytes([low, high])),
    };
    case.check();
    check_batch(case.backend, message, usize::from(count) % BATCH_END);
}

struct Case {
    digest: Digest,
    zeros: u32,
    backend: Backend,
    nonces: RangeInclusive<u64>,
}

impl Case {
    fn check(&self) {
        let stop = AtomicBool::new(false);
        let expected = self.expected_hits();
        let mut search = Search::with_backend(self.backend, &self.digest, self.zeros, self.nonces.clone());
        for nonce in &expected {
            assert_eq!(search.next_hit(&stop), Outcome::Found(*nonce), "the hits in ascending order");
        }
        for nonce in expected.iter().take(SHORT_RANGE_MAX) {
            assert!(trailing_zeros(&self.digest, *nonce) >= self.zeros, "found what proves nothing");
        }
        assert_eq!(search.next_hit(&stop), Outcome::Exhausted, "after the last hit");
        assert_eq!(search.tried(), self.nonces.clone().count() as u64, "each nonce once");
        self.check_threads(&expected);
    }

    /// Which hit several threads find is not known, unless there is only one: at the end, or at the beginning of a range.
    fn check_threads(&self, hits: &[u64]) {
        let (start, end) = (*self.nonces.start(), *self.nonces.end());
        let Some(first) = hits.first().copied() else {
            assert_eq!(
                self.by_threads(self.nonces.clone()),
                Outcome::Exhausted,
                "threads found what is not there"
            );
            return;
        };
        let before_next = hits.get(1).map_or(end, |next| next - 1);
        assert_eq!(self.by_threads(start..=first), Outcome::Found(first), "the last of a range");
        assert_eq!(self.by_threads(first..=before_next), Outcome::Found(first), "the first of a range");
        let any = self.by_threads(self.nonces.clone());
        assert!(any.nonce().is_some_and(|nonce| hits.contains(&nonce)), "threads found something else");
    }

    fn by_threads(&self, nonces: RangeInclusive<u64>) -> Outcome {
        let threads = NonZeroUsize::new(THREADS).expect("because there are some");
        search_threads_with(self.backend, &self.digest, self.zeros, nonces, threads, &AtomicBool::new(false))
    }

    /// Every nonce of the range that proves the work, by another way than the search's.
    fn expected_hits(&self) -> Vec<u64> {
        let nonces: Vec<u64> = self.nonces.clone().collect();
        let counts: Vec<u32> = if nonces.len() <= SHORT_RANGE_MAX {
            nonces.iter().map(|nonce| trailing_zeros(&self.digest, *nonce)).collect()
        } else {
            let items: Vec<(Digest, u64)> = nonces.iter().map(|nonce| (self.digest, *nonce)).collect();
            trailing_zeros_batch_with(other_than(self.backend), &items)
        };
        let hits = nonces.iter().zip(counts).filter(|(_, count)| *count >= self.zeros);
        hits.map(|(nonce, _)| *nonce).collect()
    }
}

/// One of the back ends that this processor can run.
fn chosen(byte: u8) -> Backend {
    let available = Backend::available();
    let place = usize::from(byte) % available.len();
    available.get(place).copied().unwrap_or(Backend::Portable)
}

/// A back end that shares no registers with `backend`, if the processor has one.
fn other_than(backend: Backend) -> Backend {
    let other = Backend::available().into_iter().find(|other| *other != backend);
    other.unwrap_or(Backend::Portable)
}

/// `length` nonces from `start` on, fewer where the numbers end.
fn range(start: u64, length: u16) -> RangeInclusive<u64> {
    match u64::from(length).checked_sub(1) {
        Some(more) => start..=start.saturating_add(more),
        None => RangeInclusive::new(1, 0),
    }
}

/// A message's bytes before its nonce; all of them when it is too short to have one.
fn body(message: &[u8]) -> &[u8] {
    message.split_last_chunk::<NONCE_BYTES>().map_or(message, |(body, _)| body)
}

/// Messages of many lengths, the beginnings of `message`, some too short for a nonce.
fn check_batch(backend: Backend, message: &[u8], count: usize) {
    let messages: Vec<&[u8]> =
        (1..=count).filter_map(|part| message.get(..message.len() * part / count)).collect();
    let expected: Vec<Option<u32>> = messages.iter().map(|message| reference(message)).collect();
    assert_eq!(trailing_zeros_of_messages_with(backend, &messages), expected, "a batch of {count}");
}

fn reference(message: &[u8]) -> Option<u32> {
    let (body, nonce) = message.split_last_chunk::<NONCE_BYTES>()?;
    Some(trailing_zeros(&blake2b::hash(body), u64::from_le_bytes(*nonce)))
}
