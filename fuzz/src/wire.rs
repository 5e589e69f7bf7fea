//! The fuzz targets of gossip: each function takes any bytes and panics when something that must hold does not.

use std::collections::BTreeMap;

use bytes::Bytes;
use osmia_primitives::{MessageId, MilestoneIndex};
use osmia_wire::handover::{Incoming, Interest, Invalid, NodeEvent, NodeState, Verdict, Wanted};
use osmia_wire::packet::{Decoder, Heartbeat, PACKET_BYTES_MAX, Packet};
use osmia_wire::{Gossip, GossipOptions, Misbehaviour, Report, Slot, limits};

/// A stream gives the same packets however it is cut; they have one form, and an error is final. The first byte says
/// how the rest is cut.
pub fn packet_stream(input: &[u8]) {
    let Some((cut, stream)) = input.split_first() else { return };
    let whole = decode(std::iter::once(stream));
    assert_eq!(whole, decode(stream.chunks(usize::from(*cut).max(1))), "pieces matter");
    let mut encoded = Vec::new();
    whole.0.iter().for_each(|packet| packet.encode(&mut encoded));
    assert!(stream.starts_with(&encoded), "two forms of one packet");
}

fn decode<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Packet>, bool) {
    let mut decoder = Decoder::new();
    let mut packets = Vec::new();
    let mut has_error = false;
    for mut piece in pieces {
        loop {
            match decoder.next(&mut piece) {
                Ok(Some(packet)) if !has_error => packets.push(packet),
                Ok(Some(_)) => panic!("a packet after an error"),
                Ok(None) => break,
                Err(_) => {
                    has_error = true;
                    break;
                }
            }
        }
        assert!(decoder.partial_bytes() < PACKET_BYTES_MAX, "more than a packet is held");
        assert!(decoder.room_bytes() <= 2 * PACKET_BYTES_MAX, "room for more than two packets");
    }
    (packets, has_error)
}

/// Messages that the peers of [`gossip`] send.
const MESSAGES: u8 = 24;

/// Takes the bytes as steps of peers, the node and time, and checks after each that bounds hold, that nothing is asked
/// for too early, and that only those are punished who did something.
pub fn gossip(input: &[u8]) {
    let mut machine = Machine::new();
    let mut steps = input.iter().copied();
    while let Some(step) = steps.next() {
        let [first, second] = [steps.next(), steps.next()].map(|byte| byte.unwrap_or(0));
        machine.step(step, first, second);
        machine.check();
    }
    machine.finish();
}

/// What one peer did on its stream.
#[derive(Default)]
struct Deeds {
    sent: u32,
    has_sent_junk: bool,
    has_lied: bool,
    messages: u64,
    questions: u64,
}

struct Machine {
    gossip: Gossip,
    now_ms: u64,
    peers: BTreeMap<Slot, Deeds>,
    /// What is with the node, its number, and since when.
    handed: Vec<(Incoming, u8, u64)>,
    /// When each message was asked of each peer, until it answers.
    asked: BTreeMap<(Slot, MessageId), u64>,
    wanted: Vec<u8>,
}

impl Machine {
    fn new() -> Self {
        Self {
            gossip: Gossip::new(GossipOptions { key: [5; 16] }),
            now_ms: 0,
            peers: BTreeMap::new(),
            handed: Vec::new(),
            asked: BTreeMap::new(),
            wanted: Vec::new(),
        }
    }

    fn step(&mut self, step: u8, first: u8, second: u8) {
        let slot = self.peers.keys().nth(usize::from(first) % self.peers.len().max(1)).copied();
        match (step % 16, slot) {
            (0, _) | (_, None) => self.open(),
            (1, Some(slot)) if first > 200 => self.close(slot),
            (1..=5, Some(slot)) => self.send_message(slot, second % MESSAGES),
            (6, Some(slot)) => self.send_heartbeat(slot, second),
            (7, Some(slot)) => self.send_request(slot, second),
            (8, Some(slot)) if second > 220 => self.send_junk(slot, second),
            (8 | 9, _) => self.hand_on(usize::from(second) % 8),
            (10 | 11, _) => self.judge(first, second),
            (12, _) => self.want(first, second),
            (13, _) => self.state(first, second),
            (14, _) => self.answer_and_broadcast(first, second),
            _ => self.pass(u64::from(first) * u64::from(second)),
        }
        self.drain_outputs();
    }

    fn open(&mut self) {
        let is_full = self.peers.len() == limits::PEERS_MAX;
        let slot = self.gossip.open(self.now_ms);
        assert_eq!(slot.is_none(), is_full);
        if let Some(slot) = slot {
            assert!(self.peers.insert(slot, Deeds::default()).is_none(), "a slot was given twice");
        }
    }

    fn close(&mut self, slot: Slot) {
        self.take_reports();
        self.gossip.close(self.now_ms, slot);
        self.peers.remove(&slot);
        self.asked.retain(|(asked, _), _| *asked != slot);
    }

    fn send(&mut self, slot: Slot, bytes: &[u8]) {
        let (head, tail) = bytes.split_at(bytes.len() / 2);
        self.gossip.receive(self.now_ms, slot, head);
        self.gossip.receive(self.now_ms, slot, tail);
    }

    fn send_packet(&mut self, slot: Slot, packet: &Packet) {
        let mut bytes = Vec::new();
        packet.encode(&mut bytes);
        self.send(slot, &bytes);
    }

    fn send_message(&mut self, slot: Slot, number: u8) {
        self.deed(slot, |deeds| {
            deeds.sent |= 1 << number;
            deeds.messages += 1;
        });
        self.asked.remove(&(slot, id(number)));
        self.send_packet(slot, &Packet::Message(message(number)));
    }

    fn send_heartbeat(&mut self, slot: Slot, choice: u8) {
        let [solid, pruned] = [choice % 16, choice / 64].map(|index| MilestoneIndex(index.into()));
        let latest = MilestoneIndex(u32::from(choice) / 16);
        let says = Heartbeat { solid, pruned, latest, connected_peers: 1, synced_peers: 1 };
        let is_lie = solid > latest || pruned > solid;
        self.deed(slot, |deeds| deeds.has_lied |= is_lie);
        self.send_packet(slot, &Packet::Heartbeat(says));
    }

    fn send_request(&mut self, slot: Slot, choice: u8) {
        self.deed(slot, |deeds| deeds.questions += 1);
        if choice < MESSAGES {
            self.send_packet(slot, &Packet::MessageRequest(id(choice)));
        } else {
            self.send_packet(slot, &Packet::MilestoneRequest(MilestoneIndex(u32::from(choice - MESSAGES))));
        }
    }

    fn send_junk(&mut self, slot: Slot, junk: u8) {
        self.deed(slot, |deeds| deeds.has_sent_junk = true);
        self.send(slot, &[junk, junk, junk, 0]);
    }

    fn deed(&mut self, slot: Slot, change: impl FnOnce(&mut Deeds)) {
        change(self.peers.get_mut(&slot).expect("because the step chose an open one"));
    }

    fn hand_on(&mut self, count: usize) {
        for _ in 0..count {
            let Some(incoming) = self.gossip.next_message(self.now_ms) else { return };
            let number = (0..MESSAGES).find(|number| message(*number) == incoming.bytes);
            let number = number.expect("because peers send no others");
            let is_twice = incoming.interest == Interest::Requested && self.is_with_node(number);
            assert!(!is_twice, "an answer is handed on twice");
            self.handed.push((incoming, number, self.now_ms));
        }
    }

    /// Whether message `number` was asked for, handed on, and has no verdict and was not given up.
    fn is_with_node(&self, number: u8) -> bool {
        self.handed.iter().any(|(incoming, same, since_ms)| {
            let is_given_up = self.now_ms - since_ms >= limits::VERDICT_MS_MAX;
            *same == number && incoming.interest == Interest::Requested && !is_given_up
        })
    }

    /// Messages below 4 break rules, below 8 they lack proof of work; the others get the verdict that was drawn.
    fn judge(&mut self, first: u8, second: u8) {
        if self.handed.is_empty() {
            return;
        }
        let (incoming, number, _) = self.handed.swap_remove(usize::from(first) % self.handed.len());
        let verdict = match (number, second % 3) {
            (0..4, _) => Verdict::Invalid(Invalid::Syntax),
            (4..8, _) if incoming.interest != Interest::Requested => {
                Verdict::Invalid(Invalid::InsufficientPow)
            }
            (_, 0) => Verdict::New,
            (_, 1) => Verdict::Known,
            _ => Verdict::NotTaken,
        };
        self.gossip.on_event(self.now_ms, NodeEvent::Verdict(incoming.ticket, verdict));
    }

    fn want(&mut self, first: u8, second: u8) {
        self.wanted = (0..MESSAGES).filter(|number| (number ^ first) % 8 < second % 8).collect();
        let milestone =
            |number: u8| (!number.is_multiple_of(3)).then(|| MilestoneIndex(u32::from(number) % 5));
        let messages = self.wanted.iter().map(|number| (id(*number), milestone(*number))).collect();
        let milestones = (1..u32::from(second) % 7).map(MilestoneIndex).collect();
        self.gossip.on_event(self.now_ms, NodeEvent::Wanted(Wanted { milestones, messages }));
    }

    fn state(&mut self, first: u8, second: u8) {
        let [confirmed, latest] =
            [first % 16, first % 16 + second % 4].map(|index| MilestoneIndex(index.into()));
        let is_almost_synced = second % 4 < 3;
        let state = NodeState { confirmed, latest, pruned: MilestoneIndex(0), is_almost_synced };
        self.gossip.on_event(self.now_ms, NodeEvent::State(state));
    }

    fn answer_and_broadcast(&mut self, first: u8, second: u8) {
        while let Some(question) = self.gossip.next_question(self.now_ms) {
            assert!(self.peers.contains_key(&question.slot));
            self.gossip.answer(question.slot, second.is_multiple_of(2).then(|| message(first % MESSAGES)));
        }
        let bytes = message(second % MESSAGES);
        self.gossip
            .on_event(self.now_ms, NodeEvent::Broadcast { bytes, is_milestone: first.is_multiple_of(5) });
    }

    fn pass(&mut self, ms: u64) {
        self.now_ms += ms % 9_000;
        self.gossip.tick(self.now_ms);
    }

    /// Sends all that waits, and looks at what is asked for.
    fn drain_outputs(&mut self) {
        let slots: Vec<Slot> = self.peers.keys().copied().collect();
        for slot in slots {
            let mut out = Vec::new();
            loop {
                self.gossip.take_output(self.now_ms, slot, &mut out, 1_000);
                if !self.gossip.has_output(slot) {
                    break;
                }
            }
            let (packets, has_error) = decode(std::iter::once(out.as_slice()));
            assert!(!has_error, "we send what we would not read");
            for packet in packets {
                if let Packet::MessageRequest(id) = packet {
                    self.on_request(slot, id);
                }
            }
        }
    }

    fn on_request(&mut self, slot: Slot, asked: MessageId) {
        let number = self.wanted.iter().copied().find(|number| id(*number) == asked);
        let number = number.expect("because only what is wanted is asked for");
        assert!(!self.is_with_node(number), "asked for what is with the node");
        if let Some(then) = self.asked.insert((slot, asked), self.now_ms) {
            assert!(
                self.now_ms - then >= limits::REQUEST_TIMEOUT_MS,
                "asked again after {}",
                self.now_ms - then
            );
        }
    }

    fn take_reports(&mut self) {
        while let Some(report) = self.gossip.next_report() {
            let (Report::Misbehaved { slot, .. }
            | Report::Unhealthy { slot, .. }
            | Report::Heartbeat { slot, .. }) = report;
            let deeds = self.peers.get(&slot).expect("because only open streams are reported");
            let Report::Misbehaved { misbehaviour, .. } = report else { continue };
            let is_guilty = match misbehaviour {
                Misbehaviour::UnknownPacketType | Misbehaviour::WrongPacketLength => deeds.has_sent_junk,
                Misbehaviour::InvalidSyntax => deeds.sent & 0x0f != 0,
                Misbehaviour::InsufficientPow => deeds.sent & 0xf0 != 0,
                Misbehaviour::WrongNetwork => false,
                Misbehaviour::ContradictingHeartbeat => deeds.has_lied,
                Misbehaviour::Repeats => deeds.messages > limits::REPEATS_MAX,
                Misbehaviour::RequestFlood => deeds.questions > limits::FLOOD_PER_SECOND,
                Misbehaviour::NeverAnswers => self.asked.keys().any(|(asked, _)| *asked == slot),
            };
            assert!(is_guilty, "{misbehaviour} of an innocent peer");
        }
    }

    fn check(&mut self) {
        self.take_reports();
        assert!(self.handed.len() <= limits::HANDED_MESSAGES_MAX);
        let mut inboxes = 0;
        for slot in self.peers.keys() {
            let status = self.gossip.status(*slot).expect("because it is open");
            assert!(status.inbox_bytes <= limits::INBOX_BYTES_HARD_MAX);
            assert!(status.outbound_bytes <= limits::OUTBOUND_BYTES_MAX);
            assert!(status.requests_in_flight <= limits::REQUESTS_IN_FLIGHT_MAX);
            assert!(status.questions <= limits::QUESTIONS_MAX);
            inboxes += status.inbox_messages;
        }
        let without_verdict = self.gossip.messages_without_verdict();
        assert!(without_verdict <= inboxes + self.handed.len(), "something is neither here nor there");
        assert_eq!(usize::from(self.gossip.connected_peers()), self.peers.len());
    }

    /// Every verdict comes: every place must be free then, and when all peers are gone nothing is in flight.
    fn finish(&mut self) {
        loop {
            self.hand_on(1);
            if self.handed.is_empty() {
                break;
            }
            self.judge(0, 2);
            self.check();
        }
        assert_eq!(self.gossip.messages_without_verdict(), 0, "a message has no place and no verdict");
        while let Some(slot) = self.peers.keys().next().copied() {
            self.close(slot);
        }
        assert!(self.gossip.is_idle());
    }
}

fn message(number: u8) -> Bytes {
    // Some claim to hold a milestone, so that requests by index are answered.
    let mut bytes = vec![0; 13];
    bytes.extend([1, 0, 0, 0, number % 6, 0, 0, 0, number]);
    if number.is_multiple_of(2) {
        bytes.truncate(12);
        bytes.push(number);
    }
    bytes.into()
}

fn id(number: u8) -> MessageId {
    MessageId::of(&message(number))
}
