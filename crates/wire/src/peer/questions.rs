//! What a peer asks for, and how much of it is served.

use std::collections::VecDeque;

use crate::gossip::Asked;
use crate::limits::{
    FLOOD_PER_SECOND, FLOOD_SECONDS, MESSAGE_OVERHEAD_BYTES, QUESTIONS_BURST, QUESTIONS_MAX,
    QUESTIONS_OPEN_MAX, QUESTIONS_PER_SECOND,
};
use crate::packet::MESSAGE_BYTES_MAX;

/// The requests of one peer.
#[derive(Debug)]
pub(crate) struct Questions {
    waiting: VecDeque<Asked>,
    /// Handed on and not answered.
    open: usize,
    /// Bytes that an answer may have: the largest lately, so that the answers under way find room. At first the most.
    answer_bytes: usize,
    /// Requests that may be served now: a bucket that fills by [`QUESTIONS_PER_SECOND`] up to [`QUESTIONS_BURST`].
    allowed: u64,
    allowed_ms: u64,
    /// Requests since the second began that is being counted.
    counted: u64,
    counted_ms: u64,
    flood_seconds: u32,
}

impl Questions {
    pub(crate) fn new(now_ms: u64) -> Self {
        Self {
            waiting: VecDeque::new(),
            open: 0,
            answer_bytes: MESSAGE_BYTES_MAX,
            allowed: QUESTIONS_BURST,
            allowed_ms: now_ms,
            counted: 0,
            counted_ms: now_ms,
            flood_seconds: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Queues a request; `false` when too many wait and it is dropped.
    pub(crate) fn push(&mut self, what: Asked) -> bool {
        let has_room = self.waiting.len() < QUESTIONS_MAX;
        if has_room {
            self.waiting.push_back(what);
        }
        has_room
    }

    /// Counts a request; true when it ends the last of too many seconds with too many requests.
    pub(crate) fn count(&mut self, now_ms: u64) -> bool {
        self.counted += 1;
        let elapsed_ms = now_ms.saturating_sub(self.counted_ms);
        if elapsed_ms < 1_000 {
            return false;
        }
        let is_flood = elapsed_ms < 2_000 && self.counted > FLOOD_PER_SECOND;
        self.flood_seconds = if is_flood { self.flood_seconds + 1 } else { 0 };
        self.counted = 0;
        self.counted_ms = now_ms;
        if self.flood_seconds < FLOOD_SECONDS {
            return false;
        }
        self.flood_seconds = 0;
        true
    }

    /// The request to serve next, unless too many were served lately or are being served, or their answers may need
    /// more than `room_bytes`.
    pub(crate) fn take(&mut self, now_ms: u64, room_bytes: usize) -> Option<Asked> {
        let elapsed_ms = now_ms.saturating_sub(self.allowed_ms);
        let refill = elapsed_ms.saturating_mul(QUESTIONS_PER_SECOND) / 1_000;
        self.allowed = self.allowed.saturating_add(refill).min(QUESTIONS_BURST);
        self.allowed_ms = self.allowed_ms.max(now_ms);
        let bytes = (self.open + 1) * (self.answer_bytes + MESSAGE_OVERHEAD_BYTES);
        if self.open >= QUESTIONS_OPEN_MAX || self.allowed == 0 || bytes > room_bytes {
            return None;
        }
        let what = self.waiting.pop_front()?;
        self.allowed -= 1;
        self.open += 1;
        Some(what)
    }

    /// One of those handed on is answered, or will not be.
    pub(crate) fn on_answer(&mut self, bytes: usize) {
        // An answer to the one who had this slot before may come late.
        self.open = self.open.saturating_sub(1);
        self.answer_bytes = bytes.max(self.answer_bytes - self.answer_bytes / 8);
    }
}
