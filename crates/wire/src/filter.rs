//! Which messages passed lately, and who has them: the duplicate filter.

#[cfg(test)]
mod tests;

use osmia_primitives::{IdHasherKey, IdMap};
use siphasher::sip128::SipHasher13;

use crate::limits::{FILTER_GENERATION_MS, FILTER_MESSAGES_MAX};

/// A keyed 128-bit digest of a message's bytes. Nobody without the key can make two messages share one, so a message
/// cannot be hidden behind another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Fingerprint(u128);

/// Makes [`Fingerprint`]s by SipHash-1-3.
#[derive(Clone)]
pub(crate) struct Fingerprinter(SipHasher13);

impl Fingerprinter {
    pub(crate) fn new(key: &[u8; 16]) -> Self {
        Self(SipHasher13::new_with_key(key))
    }

    pub(crate) fn fingerprint(&self, bytes: &[u8]) -> Fingerprint {
        Fingerprint(self.0.hash(bytes).as_u128())
    }
}

/// Who has a message, as sets of slots. They are apart because two peers may send each other the same message at the
/// same time: what we sent to a peer and then got from it is no repetition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Who sent it to us.
    pub(crate) from: u64,
    /// To whom we sent it.
    pub(crate) to: u64,
}

impl Seen {
    /// Everyone who has it.
    pub(crate) fn all(self) -> u64 {
        self.from | self.to
    }
}

/// The duplicate filter: the messages of two generations. Only messages with a good verdict belong in it, so nothing
/// displaces them that did not cost proof of work.
pub(crate) struct Filter {
    current: IdMap<Fingerprint, Seen>,
    previous: IdMap<Fingerprint, Seen>,
    messages_max: usize,
    /// When the current generation began.
    since_ms: u64,
}

impl Filter {
    pub(crate) fn new(key: IdHasherKey) -> Self {
        Self::with_bound(key, FILTER_MESSAGES_MAX)
    }

    fn with_bound(key: IdHasherKey, messages_max: usize) -> Self {
        Self {
            current: IdMap::with_hasher(key),
            previous: IdMap::with_hasher(key),
            messages_max,
            since_ms: 0,
        }
    }

    /// Messages of both generations, at most two times the bound of one.
    pub(crate) fn len(&self) -> usize {
        self.current.len() + self.previous.len()
    }

    /// Who has a message that is in the filter.
    pub(crate) fn get_mut(&mut self, fingerprint: Fingerprint) -> Option<&mut Seen> {
        match self.current.get_mut(&fingerprint) {
            None => self.previous.get_mut(&fingerprint),
            found => found,
        }
    }

    /// Puts a message in, or adds to those who have it.
    pub(crate) fn add(&mut self, now_ms: u64, fingerprint: Fingerprint, seen: Seen) {
        if let Some(known) = self.get_mut(fingerprint) {
            known.from |= seen.from;
            known.to |= seen.to;
            return;
        }
        let is_old = now_ms.saturating_sub(self.since_ms) >= FILTER_GENERATION_MS;
        if is_old || self.current.len() >= self.messages_max {
            std::mem::swap(&mut self.current, &mut self.previous);
            self.current.clear();
            self.since_ms = now_ms;
        }
        self.current.insert(fingerprint, seen);
    }

    /// Forgets what the peers of `slots` have: they are gone, and their slots will be others'.
    pub(crate) fn forget(&mut self, slots: u64) {
        for seen in self.current.values_mut().chain(self.previous.values_mut()) {
            seen.from &= !slots;
            seen.to &= !slots;
        }
    }
}
