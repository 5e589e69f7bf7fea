//! A hostile peer: it speaks raw bytes, on as many connections as it gets.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use osmia_primitives::{MessageId, MilestoneIndex};
use osmia_wire::packet::{Decoder, Heartbeat, MESSAGE_BYTES_MAX, Packet, claimed_milestone};

use super::dice::Dice;
use super::link::LinkNumber;
use super::mint::Mint;
use super::plan::Attack;

/// Messages it remembers, to send them again.
const ARCHIVE_MAX: usize = 200;

/// Bytes that wait on one of its connections before it makes no more.
const OUTPUT_BYTES_MAX: usize = 64 << 10;

/// A connection of a hostile peer.
#[derive(Debug, Default)]
struct Stream {
    decoder: Decoder,
    output: Vec<u8>,
}

/// A hostile peer.
#[derive(Debug)]
pub(crate) struct Attacker {
    /// Who it claims to be: one that is banned comes back as somebody else.
    pub(crate) identity: u64,
    /// It is gone for good.
    pub(crate) has_left: bool,
    attacks: Vec<Attack>,
    mint: Mint,
    dice: Dice,
    archive: VecDeque<Bytes>,
    archive_max: usize,
    latest: MilestoneIndex,
    streams: BTreeMap<LinkNumber, Stream>,
}

impl Attacker {
    pub(crate) fn new(attacks: Vec<Attack>, mint: Mint, mut dice: Dice) -> Self {
        let identity = dice.number();
        let (archive, latest, streams) = (VecDeque::new(), MilestoneIndex(0), BTreeMap::new());
        Self {
            identity,
            has_left: false,
            attacks,
            mint,
            dice,
            archive,
            archive_max: ARCHIVE_MAX,
            latest,
            streams,
        }
    }

    /// A new connection. A peer that says nothing of itself would be closed soon, so most begin as everybody does.
    pub(crate) fn open(&mut self, link: LinkNumber) {
        let mut stream = Stream::default();
        if !self.has(Attack::Mute) {
            self.heartbeat().encode(&mut stream.output);
            Packet::MilestoneRequest(MilestoneIndex(0)).encode(&mut stream.output);
        }
        self.streams.insert(link, stream);
    }

    /// A connection ended.
    pub(crate) fn close(&mut self, link: LinkNumber) {
        self.streams.remove(&link);
    }

    /// It was banned: it comes back as somebody else.
    pub(crate) fn change_identity(&mut self) {
        self.identity = self.dice.number();
    }

    /// Faults end: it leaves, or it makes no more messages that would have to be waited for.
    pub(crate) fn calm(&mut self, leaves: bool) {
        self.has_left = leaves;
        // Answers of its own making would have to be waited for, too.
        self.archive_max = 0;
        self.archive.clear();
        self.attacks.retain(|attack| {
            matches!(
                attack,
                Attack::Garbage
                    | Attack::WrongLength
                    | Attack::UnknownType
                    | Attack::InvalidMessage
                    | Attack::OtherNetwork
                    | Attack::RequestFlood
                    | Attack::LyingHeartbeat
                    | Attack::Mute
                    | Attack::Withhold
                    | Attack::NotReading
                    | Attack::Churn
            )
        });
    }

    pub(crate) fn reads(&self) -> bool {
        !self.has(Attack::NotReading)
    }

    /// Takes what a connection brought.
    pub(crate) fn receive(&mut self, link: LinkNumber, bytes: &[u8]) {
        let Some(stream) = self.streams.get_mut(&link) else { return };
        let (mut packets, mut rest) = (Vec::new(), bytes);
        while let Ok(Some(packet)) = stream.decoder.next(&mut rest) {
            packets.push(packet);
        }
        for packet in packets {
            match packet {
                Packet::Message(bytes) => self.keep(bytes),
                Packet::Heartbeat(heartbeat) => self.latest = self.latest.max(heartbeat.latest),
                Packet::MessageRequest(id) => {
                    let found = self.archive.iter().find(|bytes| MessageId::of(bytes) == id).cloned();
                    self.answer(link, found);
                }
                Packet::MilestoneRequest(index) => {
                    let is_it =
                        |bytes: &&Bytes| claimed_milestone(bytes).is_some_and(|claimed| claimed == index);
                    let found = self.archive.iter().find(is_it).cloned();
                    self.answer(link, found);
                }
            }
        }
    }

    fn answer(&mut self, link: LinkNumber, found: Option<Bytes>) {
        if self.has(Attack::Withhold) || self.has(Attack::Mute) {
            return;
        }
        let other = if self.has(Attack::WrongAnswers) { self.archived() } else { None };
        if let Some(bytes) = other.or(found) {
            self.send(link, &Packet::Message(bytes));
        }
    }

    fn keep(&mut self, bytes: Bytes) {
        self.archive.push_back(bytes);
        if self.archive.len() > self.archive_max {
            self.archive.pop_front();
        }
    }

    /// Does one of its attacks on each of its connections; gives which.
    pub(crate) fn act(&mut self) -> Option<Attack> {
        let attack = *self.dice.pick(&self.attacks)?;
        for link in self.streams.keys().copied().collect::<Vec<_>>() {
            self.attack(link, attack);
        }
        (!self.streams.is_empty()).then_some(attack)
    }

    fn attack(&mut self, link: LinkNumber, attack: Attack) {
        match attack {
            Attack::Garbage => {
                let count = self.dice.count(1, 400);
                let bytes = self.dice.many_bytes(count);
                self.send_raw(link, &bytes);
            }
            Attack::WrongLength => {
                let kind = *self.dice.pick(&[1, 2, 3, 4]).unwrap_or(&1);
                self.send_raw(link, &[kind, 0, 0x80 | 1, 0, 0]);
            }
            Attack::UnknownType => self.send_raw(link, &[77, 2, 0, 0, 0]),
            Attack::InvalidMessage => {
                let count = self.dice.count(1, 200);
                let bytes = self.dice.many_bytes(count);
                self.send(link, &Packet::Message(bytes.into()));
            }
            Attack::RequestFlood => {
                for _ in 0..1_000 {
                    let index = MilestoneIndex(u32::try_from(self.dice.below(50)).unwrap_or(0));
                    let known = self.archived().map(|bytes| MessageId::of(&bytes));
                    let id = known.unwrap_or(MessageId(self.dice.bytes()));
                    self.send(link, &Packet::MessageRequest(id));
                    self.send(link, &Packet::MilestoneRequest(index));
                }
            }
            Attack::LyingHeartbeat => {
                let heartbeat = self.lie();
                self.send(link, &heartbeat);
            }
            Attack::Duplicates => {
                for _ in 0..100 {
                    let Some(bytes) = self.archived() else { break };
                    self.send(link, &Packet::Message(bytes));
                }
            }
            // The world ends the connections of one that churns.
            Attack::Mute | Attack::NotReading | Attack::Churn => {}
            Attack::Withhold | Attack::WrongAnswers => {
                let heartbeat = self.heartbeat();
                self.send(link, &heartbeat);
            }
            Attack::OtherNetwork
            | Attack::NoWork
            | Attack::ForgedMilestone
            | Attack::UnknownParents
            | Attack::BelowMaxDepth
            | Attack::WrappedMilestones
            | Attack::CheapParents
            | Attack::LargeMessages => self.attack_with_messages(link, attack),
        }
    }

    fn attack_with_messages(&mut self, link: LinkNumber, attack: Attack) {
        for _ in 0..self.dice.count(1, 20) {
            let nobody = MessageId(self.dice.bytes());
            let newest = self.archive.back().map(|bytes| MessageId::of(bytes));
            let known = newest.unwrap_or(MessageId::NULL);
            let dice = &mut self.dice;
            let message = match attack {
                Attack::OtherNetwork => self.mint.foreign_message(&[known]),
                Attack::NoWork => self.mint.data_without_work(&[known], dice),
                Attack::CheapParents => self.mint.data_without_work(&[known], dice).and_then(|parent| {
                    let id = MessageId::of(&parent);
                    self.keep(parent);
                    self.mint.data(&[id], 100, &mut self.dice)
                }),
                Attack::WrappedMilestones => self.archived_milestone().map(|bytes| {
                    let mut bytes = bytes.to_vec();
                    self.mint.work_anew(&mut bytes, &mut self.dice);
                    bytes.into()
                }),
                Attack::ForgedMilestone => {
                    let distance = *dice.pick(&[1, 2, 100, 1_000_000]).unwrap_or(&1);
                    self.mint.forged_milestone(self.latest.later_by(distance), &[known], dice)
                }
                Attack::UnknownParents => self.mint.data(&[nobody, known], 100, dice),
                Attack::BelowMaxDepth => self.mint.data(&[MessageId::NULL], 100, dice),
                Attack::LargeMessages => self.mint.data(&[known], MESSAGE_BYTES_MAX - 200, dice),
                Attack::Garbage
                | Attack::WrongLength
                | Attack::UnknownType
                | Attack::InvalidMessage
                | Attack::RequestFlood
                | Attack::LyingHeartbeat
                | Attack::Mute
                | Attack::Withhold
                | Attack::WrongAnswers
                | Attack::Duplicates
                | Attack::NotReading
                | Attack::Churn => None,
            };
            if let Some(bytes) = message {
                self.send(link, &Packet::Message(bytes));
            }
        }
    }

    /// A heartbeat of a peer that has everything.
    fn heartbeat(&self) -> Packet {
        let (solid, latest) = (self.latest, self.latest);
        Packet::Heartbeat(Heartbeat {
            solid,
            latest,
            pruned: MilestoneIndex(0),
            connected_peers: 3,
            synced_peers: 3,
        })
    }

    fn lie(&mut self) -> Packet {
        let far = self.latest.later_by(*self.dice.pick(&[1, 10, 1_000, u32::MAX]).unwrap_or(&1));
        let heartbeat = match self.dice.below(4) {
            0 => Heartbeat { solid: far, latest: far, ..Heartbeat::default() },
            1 => Heartbeat { solid: far, latest: self.latest, ..Heartbeat::default() },
            2 => Heartbeat { latest: far, synced_peers: 255, connected_peers: 255, ..Heartbeat::default() },
            _ => Heartbeat { solid: far, latest: far, pruned: far, ..Heartbeat::default() },
        };
        Packet::Heartbeat(heartbeat)
    }

    fn archived(&mut self) -> Option<Bytes> {
        let place = self.dice.count(0, self.archive.len().saturating_sub(1));
        self.archive.get(place).cloned()
    }

    /// The newest milestone it remembers.
    fn archived_milestone(&self) -> Option<Bytes> {
        self.archive.iter().rev().find(|bytes| claimed_milestone(bytes).is_some()).cloned()
    }

    fn has(&self, attack: Attack) -> bool {
        self.attacks.contains(&attack)
    }

    fn send(&mut self, link: LinkNumber, packet: &Packet) {
        let mut bytes = Vec::new();
        packet.encode(&mut bytes);
        self.send_raw(link, &bytes);
    }

    fn send_raw(&mut self, link: LinkNumber, bytes: &[u8]) {
        if let Some(stream) = self.streams.get_mut(&link)
            && stream.output.len() < OUTPUT_BYTES_MAX
        {
            stream.output.extend_from_slice(bytes);
        }
    }

    /// Takes up to `bytes_max` bytes of what it sends on a connection.
    pub(crate) fn take_output(&mut self, link: LinkNumber, bytes_max: usize) -> Vec<u8> {
        let Some(stream) = self.streams.get_mut(&link) else { return Vec::new() };
        let count = bytes_max.min(stream.output.len());
        stream.output.drain(..count).collect()
    }
}
