//! Connections in virtual time: they begin, carry bytes between gossip and its peers, and end.

use osmia_wire::{Misbehaviour, Report, Slot, Standing};

use super::checks;
use super::link::{End, LinkNumber, PeerNumber, Side};
use super::node::steady_ms;
use super::report::{Checked, violation};
use super::world::{Event, Peer, World};

/// Bytes that a node writes at once.
const WRITE_BYTES: usize = 16 << 10;

/// After so long without room to write, a node gives a connection up.
const WRITE_TIMEOUT_MS: u64 = 10_000;

/// What a node decided about one of its streams.
enum Verdict {
    Misbehaved(Slot, Misbehaviour),
    Close(Slot, &'static str),
}

impl World {
    /// Plans to dial, some time from now.
    pub(crate) fn plan_connect(&mut self, number: LinkNumber) {
        let is_calm = self.is_calm;
        let Some(link) = self.links.get_mut(number.0).filter(|link| !link.is_dialling) else { return };
        link.is_dialling = true;
        let after_ms =
            if is_calm { self.link_dice.between(50, 1_000) } else { self.link_dice.between(50, 3_000) };
        self.schedule.after(after_ms, Event::Connect(number));
    }

    pub(crate) fn connect(&mut self, number: LinkNumber) -> Checked {
        let now_ms = self.now_ms();
        let Some(link) = self.links.get_mut(number.0) else { return Ok(()) };
        link.is_dialling = false;
        if link.is_any_end_open() {
            return Ok(());
        }
        let is_blocked = now_ms < link.blocked_until_ms;
        let ends = Side::BOTH.map(|side| *link.end(side));
        let [a, b] = &ends;
        if is_blocked || !self.accepts(a, b) || !self.accepts(b, a) {
            self.plan_connect(number);
            return Ok(());
        }
        let Some(link) = self.links.get_mut(number.0) else { return Ok(()) };
        link.connect();
        for (side, end) in Side::BOTH.into_iter().zip(&ends) {
            let slot = match self.peers.get_mut(end.peer.0) {
                Some(Peer::Node(node)) => {
                    node.running.as_mut().and_then(|running| running.open(now_ms, number))
                }
                Some(Peer::Attacker(attacker)) => {
                    attacker.open(number);
                    None
                }
                None => None,
            };
            let is_node = end.peer.0 < self.plan.nodes;
            let open = link.end_mut(side);
            open.slot = slot;
            open.is_open = slot.is_some() || !is_node;
        }
        self.log.count("connections");
        self.note(format_args!("{} and {} connect", a.peer.0, b.peer.0));
        for (side, end) in Side::BOTH.into_iter().zip(&ends) {
            let is_refused = self.links.get(number.0).is_some_and(|link| !link.end(side).is_open);
            if is_refused {
                self.end(number, side, "no slot")?;
            }
            self.pump(end.peer)?;
        }
        Ok(())
    }

    /// Whether `end` takes a connection with `other` now.
    fn accepts(&self, end: &End, other: &End) -> bool {
        let identity = self.identity(other.peer);
        match self.peers.get(end.peer.0) {
            Some(Peer::Node(node)) => {
                let standing = node.standings.get(&(other.peer, identity));
                let is_banned =
                    standing.is_some_and(|it| it.banned_until(steady_ms(self.now_ms())).is_some());
                node.running.is_some() && !is_banned
            }
            Some(Peer::Attacker(attacker)) => !attacker.has_left,
            None => false,
        }
    }

    fn identity(&self, number: PeerNumber) -> u64 {
        match self.peers.get(number.0) {
            Some(Peer::Attacker(attacker)) => attacker.identity,
            Some(Peer::Node(_)) | None => 0,
        }
    }

    /// Bytes may arrive at a side.
    pub(crate) fn arrive(&mut self, number: LinkNumber, side: Side, epoch: u32) -> Checked {
        let now_ms = self.now_ms();
        let Some(link) = self.links.get_mut(number.0) else { return Ok(()) };
        if link.epoch != epoch || !link.is_connected {
            return Ok(());
        }
        let count = link.pipe_to(side).arrive(now_ms);
        if count == 0 {
            return Ok(());
        }
        let (to, from) = (link.end(side).peer, link.end(side.other()).peer);
        self.note(format_args!("{count} bytes from {} to {}", from.0, to.0));
        self.pump(to)
    }

    /// A side notices that its connection has ended.
    pub(crate) fn notice(&mut self, number: LinkNumber, side: Side, epoch: u32) -> Checked {
        let is_open = |link: &&mut super::link::Link| link.epoch == epoch && link.end(side).is_open;
        if self.links.get_mut(number.0).filter(is_open).is_none() {
            return Ok(());
        }
        self.end(number, side, "it ended")
    }

    /// A side ends its connection; the other one notices a moment later.
    pub(crate) fn end(&mut self, number: LinkNumber, side: Side, why: &str) -> Checked {
        let now_ms = self.now_ms();
        let Some(link) = self.links.get_mut(number.0) else { return Ok(()) };
        let (mine, other) = (*link.end(side), *link.end(side.other()));
        if now_ms >= self.settled_ms && mine.peer.0.max(other.peer.0) < self.plan.nodes {
            let (who, whom) = (mine.peer.0, other.peer.0);
            return violation(format_args!(
                "node {who} ends its connection with {whom} although nothing is wrong: {why}"
            ));
        }
        let epoch = link.epoch;
        let end = link.end_mut(side);
        end.is_open = false;
        end.slot = None;
        if link.is_connected {
            link.sever();
        }
        match self.peers.get_mut(mine.peer.0) {
            Some(Peer::Node(node)) => {
                if let (Some(running), Some(slot)) = (&mut node.running, mine.slot) {
                    running.close(now_ms, slot);
                }
            }
            Some(Peer::Attacker(attacker)) => attacker.close(number),
            None => {}
        }
        self.note(format_args!("{} ends its connection with {}: {why}", mine.peer.0, other.peer.0));
        if other.is_open {
            let after_ms = self.link_dice.between(1, 100);
            self.schedule.after(after_ms, Event::Notice(number, side.other(), epoch));
        }
        self.plan_connect(number);
        Ok(())
    }

    /// Moves everything that can move at a participant.
    pub(crate) fn pump(&mut self, number: PeerNumber) -> Checked {
        if number.0 >= self.plan.nodes {
            self.pump_attacker(number);
            return Ok(());
        }
        self.read(number);
        let mut verdicts = self.take_reports(number);
        self.write(number, &mut verdicts);
        self.check_and_plan(number)?;
        for verdict in verdicts {
            self.act_on(number, verdict)?;
        }
        Ok(())
    }

    /// A node reads what it may read.
    fn read(&mut self, number: PeerNumber) {
        let now_ms = self.now_ms();
        let Some(Peer::Node(node)) = self.peers.get_mut(number.0) else { return };
        let Some(running) = &mut node.running else { return };
        for (slot, (link_number, _)) in running.streams.clone() {
            let Some(link) = self.links.get_mut(link_number.0) else { continue };
            let Some(side) = link.side_of(number) else { continue };
            let sender = link.end(side.other()).peer;
            let pipe = link.pipe_to(side);
            let mut has_read = false;
            while pipe.has_unread() && running.gossip.may_read(slot) {
                let bytes = pipe.read(self.link_dice.count(1, 2 * WRITE_BYTES));
                running.gossip.receive(steady_ms(now_ms), slot, &bytes);
                running.forward(now_ms);
                has_read = true;
            }
            if has_read && pipe.full_since_ms.is_some() {
                self.schedule.after(0, Event::Wake(sender));
            }
        }
        running.forward(now_ms);
    }

    fn take_reports(&mut self, number: PeerNumber) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        let Some(running) = self.node(number).and_then(|node| node.running.as_mut()) else { return verdicts };
        while let Some(report) = running.gossip.next_report() {
            match report {
                Report::Misbehaved { slot, misbehaviour } => {
                    verdicts.push(Verdict::Misbehaved(slot, misbehaviour))
                }
                Report::Unhealthy { slot, .. } => verdicts.push(Verdict::Close(slot, "unhealthy")),
                Report::Heartbeat { .. } => {}
            }
        }
        verdicts
    }

    /// A node writes what there is room for.
    fn write(&mut self, number: PeerNumber, verdicts: &mut Vec<Verdict>) {
        let now_ms = self.now_ms();
        let bad_packet = self.bad_packet(number);
        let Some(Peer::Node(node)) = self.peers.get_mut(number.0) else { return };
        let Some(running) = &mut node.running else { return };
        let mut output = Vec::new();
        for (slot, (link_number, _)) in running.streams.clone() {
            let Some(link) = self.links.get_mut(link_number.0) else { continue };
            let Some(side) = link.side_of(number) else { continue };
            let (to, epoch, weather) = (side.other(), link.epoch, link.weather);
            let pipe = link.pipe_to(to);
            output.clear();
            for at_ms in pipe.send(now_ms, bad_packet.unwrap_or_default(), &weather, &mut self.link_dice) {
                self.schedule.at(at_ms, Event::Arrive(link_number, to, epoch));
            }
            while running.gossip.has_output(slot) && pipe.room() > 0 {
                let before = output.len();
                let bytes_max = self.link_dice.count(1, WRITE_BYTES).min(pipe.room());
                running.gossip.take_output(steady_ms(now_ms), slot, &mut output, bytes_max);
                if output.len() == before {
                    break;
                }
                for at_ms in pipe.send(now_ms, &output, &weather, &mut self.link_dice) {
                    self.schedule.at(at_ms, Event::Arrive(link_number, to, epoch));
                }
                pipe.full_since_ms = None;
                output.clear();
            }
            if pipe.room() > 0 {
                pipe.full_since_ms = None;
            } else if now_ms >= *pipe.full_since_ms.get_or_insert(now_ms) + WRITE_TIMEOUT_MS {
                verdicts.push(Verdict::Close(slot, "nothing could be written"));
            }
        }
    }

    /// Checks the bounds of a node's gossip, and plans what its threads do next.
    fn check_and_plan(&mut self, number: PeerNumber) -> Checked {
        let now_ms = self.now_ms();
        let Some(Peer::Node(node)) = self.peers.get_mut(number.0) else { return Ok(()) };
        let (life, pace_ms) = (node.life, node.pace_ms);
        let Some(running) = &mut node.running else { return Ok(()) };
        checks::gossip_is_bounded(number.0, &running.gossip, running.streams.keys().copied())?;
        for stage in running.take_due(now_ms) {
            let after_ms = self.node_dice.between(0, pace_ms);
            self.schedule.after(after_ms, Event::Stage(number, life, stage));
        }
        Ok(())
    }

    fn act_on(&mut self, number: PeerNumber, verdict: Verdict) -> Checked {
        let (Verdict::Misbehaved(slot, _) | Verdict::Close(slot, _)) = verdict;
        let Some(running) = self.node(number).and_then(|node| node.running.as_ref()) else { return Ok(()) };
        let Some((link_number, _)) = running.streams.get(&slot).copied() else { return Ok(()) };
        let Some(link) = self.links.get(link_number.0) else { return Ok(()) };
        let Some(side) = link.side_of(number) else { return Ok(()) };
        let other = link.end(side.other()).peer;
        match verdict {
            Verdict::Close(_, why) => {
                self.log.count(why);
                self.end(link_number, side, why)
            }
            Verdict::Misbehaved(_, misbehaviour) => {
                self.log.count(misbehaviour.name());
                self.note(format_args!("node {} reports {}: {misbehaviour}", number.0, other.0));
                if other.0 < self.plan.nodes {
                    let (who, whom) = (number.0, other.0);
                    return violation(format_args!(
                        "node {who} reports the honest node {whom}: {misbehaviour}"
                    ));
                }
                self.punish(number, other, misbehaviour, link_number, side)
            }
        }
    }

    fn punish(
        &mut self,
        number: PeerNumber,
        other: PeerNumber,
        misbehaviour: Misbehaviour,
        link: LinkNumber,
        side: Side,
    ) -> Checked {
        let now_ms = steady_ms(self.now_ms());
        let identity = self.identity(other);
        let Some(node) = self.node(number) else { return Ok(()) };
        let standing = node.standings.entry((other, identity)).or_insert_with(Standing::new);
        if standing.punish(now_ms, misbehaviour).is_none() {
            return Ok(());
        }
        self.log.count("bans");
        if self.fault_dice.chance(50)
            && let Some(Peer::Attacker(attacker)) = self.peers.get_mut(other.0)
        {
            attacker.change_identity();
        }
        self.end(link, side, "a ban")
    }

    fn pump_attacker(&mut self, number: PeerNumber) {
        let now_ms = self.now_ms();
        let Some(Peer::Attacker(attacker)) = self.peers.get_mut(number.0) else { return };
        for (place, link) in self.links.iter_mut().enumerate() {
            let Some(side) = link.side_of(number).filter(|side| link.end(*side).is_open) else { continue };
            let link_number = LinkNumber(place);
            let sender = link.end(side.other()).peer;
            let pipe = link.pipe_to(side);
            if attacker.reads() && pipe.has_unread() {
                attacker.receive(link_number, &pipe.read(usize::MAX));
                if pipe.full_since_ms.is_some() {
                    self.schedule.after(0, Event::Wake(sender));
                }
            }
            let (to, epoch, weather) = (side.other(), link.epoch, link.weather);
            let pipe = link.pipe_to(to);
            let output = attacker.take_output(link_number, pipe.room());
            for at_ms in pipe.send(now_ms, &output, &weather, &mut self.link_dice) {
                self.schedule.at(at_ms, Event::Arrive(link_number, to, epoch));
            }
        }
    }
}
