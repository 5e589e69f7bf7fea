//! What goes wrong, and how it ends.

use osmia_primitives::MilestoneIndex;

use super::link::{LinkNumber, PeerNumber, Side};
use super::plan::Fault;
use super::report::Checked;
use super::world::{Event, Peer, World};

/// The pace of a node that is not slow, in milliseconds for each stage at most.
const USUAL_PACE_MS: u64 = 2;

impl World {
    /// Lets one fault happen, of those that the plan has.
    pub(crate) fn fault(&mut self) -> Checked {
        if self.is_calm {
            return Ok(());
        }
        let after_ms = self.fault_dice.between(self.plan.fault_ms / 2, self.plan.fault_ms * 2);
        self.schedule.after(after_ms, Event::Fault);
        let Some(fault) = self.fault_dice.pick(&self.plan.faults).copied() else { return Ok(()) };
        self.log.count(fault.name());
        self.note(format_args!("fault: {}", fault.name()));
        let number = PeerNumber(self.fault_dice.count(0, self.plan.nodes - 1));
        let link = LinkNumber(self.fault_dice.count(0, self.links.len().saturating_sub(1)));
        match fault {
            Fault::Break => self.break_link(link),
            Fault::Stall => {
                let until_ms = self.now_ms() + self.fault_dice.between(50, 12_000);
                let side = if self.fault_dice.chance(50) { Side::A } else { Side::B };
                self.stall(link, side, until_ms);
            }
            Fault::Partition => self.partition(),
            Fault::Crash => self.crash(number),
            Fault::CrashBeforeCommit => {
                if let Some(node) = self.node(number) {
                    node.dies_before_commit = node.running.is_some();
                }
            }
            Fault::Wipe => self.wipe(number)?,
            Fault::ClockJump => {
                let jump = i64::try_from(self.fault_dice.between(1, 600_000)).unwrap_or(0);
                let jump = if self.fault_dice.chance(50) { jump } else { -jump };
                if let Some(node) = self.node(number) {
                    node.clock_ahead_ms += jump;
                }
            }
            Fault::Slowness => {
                let pace_ms = self.fault_dice.between(20, 800);
                self.set_pace(number, pace_ms);
                let after_ms = self.fault_dice.between(1_000, 8_000);
                self.schedule.after(after_ms, Event::SpeedUp(number));
            }
        }
        Ok(())
    }

    pub(crate) fn set_pace(&mut self, number: PeerNumber, pace_ms: u64) {
        if let Some(node) = self.node(number) {
            node.pace_ms = pace_ms;
        }
    }

    /// A connection ends without a word; each side notices at its own time.
    fn break_link(&mut self, number: LinkNumber) {
        let Some(link) = self.links.get_mut(number.0).filter(|link| link.is_connected) else { return };
        link.sever();
        let epoch = link.epoch;
        for side in Side::BOTH {
            let after_ms = self.fault_dice.between(0, 5_000);
            self.schedule.after(after_ms, Event::Notice(number, side, epoch));
        }
    }

    fn stall(&mut self, number: LinkNumber, side: Side, until_ms: u64) {
        let Some(link) = self.links.get_mut(number.0) else { return };
        let epoch = link.epoch;
        if let Some(at_ms) = link.pipe_to(side).stall(until_ms) {
            self.schedule.at(at_ms, Event::Arrive(number, side, epoch));
        }
    }

    /// Two groups cannot reach each other for a while; connections between them stall, and some end.
    fn partition(&mut self) {
        let groups: Vec<bool> = self.peers.iter().map(|_| self.fault_dice.chance(50)).collect();
        let until_ms = self.now_ms() + self.fault_dice.between(1_000, 12_000);
        let breaks = self.fault_dice.chance(50);
        for number in (0..self.links.len()).map(LinkNumber) {
            let Some(link) = self.links.get_mut(number.0) else { continue };
            let [a, b] = Side::BOTH.map(|side| groups.get(link.end(side).peer.0));
            if a == b {
                continue;
            }
            link.blocked_until_ms = until_ms;
            for side in Side::BOTH {
                self.stall(number, side, until_ms);
            }
            if breaks {
                self.break_link(number);
            }
        }
    }

    /// A node ends where it is: only what it committed is left.
    pub(crate) fn crash(&mut self, number: PeerNumber) {
        let Some(node) = self.node(number).filter(|node| node.running.is_some()) else { return };
        node.running = None;
        node.dies_before_commit = false;
        for link_number in (0..self.links.len()).map(LinkNumber) {
            let Some(link) = self.links.get_mut(link_number.0) else { continue };
            let Some(side) = link.side_of(number) else { continue };
            let epoch = link.epoch;
            let end = link.end_mut(side);
            end.is_open = false;
            end.slot = None;
            link.sever();
            let after_ms = self.fault_dice.between(0, 3_000);
            self.schedule.after(after_ms, Event::Notice(link_number, side.other(), epoch));
            self.plan_connect(link_number);
        }
        self.note(format_args!("node {} is down", number.0));
        if !self.is_calm {
            let after_ms = self.fault_dice.between(100, 6_000);
            self.schedule.after(after_ms, Event::Start(number));
        }
    }

    /// A node loses everything.
    fn wipe(&mut self, number: PeerNumber) -> Checked {
        let is_coordinator = self.node(number).is_none_or(|node| node.is_coordinator);
        if is_coordinator {
            return Ok(());
        }
        self.crash(number);
        let store = self.mint.genesis_store()?;
        if let Some(node) = self.node(number).filter(|node| node.running.is_none()) {
            node.store = store;
            node.checked = MilestoneIndex(0);
        }
        Ok(())
    }

    /// Faults end: everything that was disturbed goes on, and everybody who is down starts.
    pub(crate) fn calm(&mut self) -> Checked {
        self.is_calm = true;
        self.note(format_args!("faults end"));
        let attackers_leave = self.fault_dice.chance(50);
        for number in (0..self.peers.len()).map(PeerNumber) {
            match self.peers.get_mut(number.0) {
                Some(Peer::Node(node)) => {
                    node.pace_ms = USUAL_PACE_MS;
                    node.dies_before_commit = false;
                    self.schedule.after(0, Event::Start(number));
                }
                Some(Peer::Attacker(attacker)) => attacker.calm(attackers_leave),
                None => {}
            }
        }
        for number in (0..self.links.len()).map(LinkNumber) {
            self.heal(number, attackers_leave)?;
        }
        self.plan_rest();
        Ok(())
    }

    fn heal(&mut self, number: LinkNumber, attackers_leave: bool) -> Checked {
        let weather = super::link::Weather::fine(&mut self.link_dice);
        let nodes = self.plan.nodes;
        let Some(link) = self.links.get_mut(number.0) else { return Ok(()) };
        link.weather = weather;
        link.blocked_until_ms = 0;
        let epoch = link.epoch;
        for side in Side::BOTH {
            link.pipe_to(side).go_on();
            let is_attacker = link.end(side).peer.0 >= nodes && link.end(side).is_open;
            self.schedule.after(0, Event::Arrive(number, side, epoch));
            if is_attacker && attackers_leave {
                self.end(number, side, "it leaves")?;
                return Ok(());
            }
        }
        Ok(())
    }
}
