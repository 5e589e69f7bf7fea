//! What a peer sent and was not handed on yet.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::handover::Ticket;
use crate::limits::{INBOX_BYTES_HARD_MAX, INBOX_BYTES_MAX, MESSAGE_OVERHEAD_BYTES};

/// A message in an inbox.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) ticket: Ticket,
    pub(crate) bytes: Bytes,
}

impl Waiting {
    /// Its bytes with the bookkeeping.
    pub(crate) fn cost(&self) -> usize {
        self.bytes.len() + MESSAGE_OVERHEAD_BYTES
    }
}

/// The messages of one peer: what was asked for goes before the rest.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    answers: VecDeque<Waiting>,
    plain: VecDeque<Waiting>,
    bytes: usize,
}

impl Inbox {
    pub(crate) fn len(&self) -> usize {
        self.answers.len() + self.plain.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of its messages, bookkeeping included.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether no more should be read from the stream.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes >= INBOX_BYTES_MAX
    }

    /// Whether a message of so many bytes still has room when the stream was read on nevertheless.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        self.bytes + bytes + MESSAGE_OVERHEAD_BYTES <= INBOX_BYTES_HARD_MAX
    }

    pub(crate) fn push_answer(&mut self, waiting: Waiting) {
        self.bytes += waiting.cost();
        self.answers.push_back(waiting);
    }

    pub(crate) fn push_plain(&mut self, waiting: Waiting) {
        self.bytes += waiting.cost();
        self.plain.push_back(waiting);
    }

    /// The message that is next.
    pub(crate) fn first(&self) -> Option<&Waiting> {
        self.answers.front().or_else(|| self.plain.front())
    }

    pub(crate) fn pop(&mut self) -> Option<Waiting> {
        let waiting = self.answers.pop_front().or_else(|| self.plain.pop_front())?;
        self.bytes -= waiting.cost();
        Some(waiting)
    }
}
