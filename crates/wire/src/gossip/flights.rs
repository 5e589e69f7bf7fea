//! The messages between their arrival and their verdict.

use osmia_primitives::{IdHasherKey, IdMap};

use crate::filter::Fingerprint;
use crate::handover::Ticket;
use crate::limits::{HANDED_BYTES_MAX, HANDED_MESSAGES_MAX, PEERS_MAX, VERDICT_MS_MAX};
use crate::packet::MESSAGE_BYTES_MAX;
use crate::peer::Slot;
use crate::requester::Item;

/// Why a message is of interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nobody asked for it.
    Plain,
    /// It, or a milestone it claims to hold, was asked for.
    Answer(Item),
    /// It may be the newest milestone of a peer that was asked for it.
    Latest,
}

impl Kind {
    /// A copy that comes for a reason of a higher rank is judged more leniently.
    pub(super) fn rank(self) -> u8 {
        match self {
            Self::Plain => 0,
            Self::Latest | Self::Answer(Item::Milestone(_)) => 1,
            Self::Answer(Item::Message(_)) => 2,
        }
    }
}

/// A message without verdict.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flight {
    pub(super) fingerprint: Fingerprint,
    /// Who sent it.
    pub(super) from: u64,
    /// In whose inbox it is or was; `None` when that peer is gone.
    pub(super) owner: Option<Slot>,
    pub(super) kind: Kind,
    bytes: usize,
    /// When it was handed on.
    handed_ms: Option<u64>,
}

/// What is handed on and without verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Handed {
    pub(super) messages: usize,
    pub(super) bytes: usize,
}

impl Handed {
    fn add(&mut self, bytes: usize) {
        self.messages += 1;
        self.bytes += bytes;
    }

    fn remove(&mut self, bytes: usize) {
        self.messages -= 1;
        self.bytes -= bytes;
    }
}

/// All messages without verdict.
pub(super) struct Flights {
    by_ticket: IdMap<u64, Flight>,
    by_fingerprint: IdMap<Fingerprint, u64>,
    next: u64,
    handed: Handed,
    handed_of: [Handed; PEERS_MAX],
}

impl Flights {
    pub(super) fn new(key: IdHasherKey) -> Self {
        Self {
            by_ticket: IdMap::with_hasher(key),
            by_fingerprint: IdMap::with_hasher(key),
            next: 0,
            handed: Handed::default(),
            handed_of: [Handed::default(); PEERS_MAX],
        }
    }

    pub(super) fn len(&self) -> usize {
        self.by_ticket.len()
    }

    pub(super) fn handed(&self) -> Handed {
        self.handed
    }

    pub(super) fn handed_of(&self, slot: Slot) -> Handed {
        self.handed_of.get(slot.place()).copied().unwrap_or_default()
    }

    /// Whether nothing more may be handed on, not even the smallest message.
    pub(super) fn is_full(&self) -> bool {
        self.handed.messages >= HANDED_MESSAGES_MAX
            || self.handed.bytes + MESSAGE_BYTES_MAX > HANDED_BYTES_MAX
    }

    /// Whether one peer has its half of what may be handed on.
    pub(super) fn has_half(&self, slot: Slot) -> bool {
        let handed = self.handed_of(slot);
        handed.messages >= HANDED_MESSAGES_MAX / 2 || handed.bytes + MESSAGE_BYTES_MAX > HANDED_BYTES_MAX / 2
    }

    /// The message with these bytes.
    pub(super) fn find(&mut self, fingerprint: Fingerprint) -> Option<&mut Flight> {
        let ticket = self.by_fingerprint.get(&fingerprint)?;
        self.by_ticket.get_mut(ticket)
    }

    pub(super) fn get_mut(&mut self, ticket: Ticket) -> Option<&mut Flight> {
        self.by_ticket.get_mut(&ticket.0)
    }

    /// A message arrived. When the same bytes are on their way for another reason, later copies count for this one.
    pub(super) fn begin(&mut self, fingerprint: Fingerprint, slot: Slot, kind: Kind, bytes: usize) -> Ticket {
        let ticket = self.next;
        self.next += 1;
        let flight =
            Flight { fingerprint, from: slot.bit(), owner: Some(slot), kind, bytes, handed_ms: None };
        self.by_ticket.insert(ticket, flight);
        self.by_fingerprint.insert(fingerprint, ticket);
        Ticket(ticket)
    }

    /// A message that was in an inbox is handed on.
    pub(super) fn hand(&mut self, now_ms: u64, ticket: Ticket) -> Flight {
        let flight = self.by_ticket.get_mut(&ticket.0).expect("because what is in an inbox has no verdict");
        assert!(flight.handed_ms.is_none(), "a message is handed on once");
        flight.handed_ms = Some(now_ms);
        self.handed.add(flight.bytes);
        if let Some(handed) = flight.owner.and_then(|slot| self.handed_of.get_mut(slot.place())) {
            handed.add(flight.bytes);
        }
        *flight
    }

    /// A message that was handed on has its verdict.
    pub(super) fn end_handed(&mut self, ticket: Ticket) -> Option<Flight> {
        let is_handed = self.by_ticket.get(&ticket.0)?.handed_ms.is_some();
        if is_handed { self.end(ticket) } else { None }
    }

    /// A message has its verdict, or is given up.
    pub(super) fn end(&mut self, ticket: Ticket) -> Option<Flight> {
        let flight = self.by_ticket.remove(&ticket.0)?;
        if self.by_fingerprint.get(&flight.fingerprint) == Some(&ticket.0) {
            self.by_fingerprint.remove(&flight.fingerprint);
        }
        if flight.handed_ms.is_some() {
            self.handed.remove(flight.bytes);
            if let Some(handed) = flight.owner.and_then(|slot| self.handed_of.get_mut(slot.place())) {
                handed.remove(flight.bytes);
            }
        }
        Some(flight)
    }

    /// A peer is gone. What is in its inbox must have left it before, and what is handed on is nobody's now.
    pub(super) fn forget(&mut self, slot: Slot) {
        for flight in self.by_ticket.values_mut() {
            flight.from &= !slot.bit();
            if flight.owner == Some(slot) {
                flight.owner = None;
            }
        }
        if let Some(handed) = self.handed_of.get_mut(slot.place()) {
            *handed = Handed::default();
        }
    }

    /// The messages whose verdict is overdue, in the order in which they came.
    pub(super) fn overdue(&self, now_ms: u64) -> Vec<Ticket> {
        let is_overdue = |flight: &Flight| {
            flight.handed_ms.is_some_and(|handed_ms| now_ms.saturating_sub(handed_ms) >= VERDICT_MS_MAX)
        };
        let tickets = self.by_ticket.iter().filter(|(_, flight)| is_overdue(flight));
        let mut tickets: Vec<Ticket> = tickets.map(|(ticket, _)| Ticket(*ticket)).collect();
        tickets.sort_unstable();
        tickets
    }
}
