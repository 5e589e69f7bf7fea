//! The network in virtual time: who there is, what happens next, and what each event does.

use std::collections::BTreeSet;

use osmia_primitives::{MessageId, MilestoneIndex};

use super::attacker::Attacker;
use super::checks::{self, Checker};
use super::dice::Dice;
use super::link::{Link, LinkNumber, PeerNumber, Side, Weather};
use super::mint::Mint;
use super::node::{Bend, Node, Running, Stage};
use super::plan::{Plan, Sabotage};
use super::report::{Checked, EventLog, Failure, Summary, Violation, violation};
use super::schedule::Schedule;
use super::spammer::Spammer;

/// Between two ticks of a node's gossip.
const TICK_MS: u64 = 100;

/// Between two looks at whether everybody is synced.
const JUDGE_MS: u64 = 200;

/// Milestones for which the network goes on after faults ended: after so many, what waits for parents that nobody has is
/// dropped.
const MILESTONES_AFTER_FAULTS: u64 = 25;

/// How long the network goes on after faults ended at least.
const AFTER_FAULTS_MS_MIN: u64 = 25_000;

/// When everybody is connected as planned and synced, unless there are faults.
const CONNECTED_MS: u64 = 12_000;

/// How long after faults ended milestones must be fast again.
const SETTLE_MS: u64 = 15_000;

/// A milestone that took longer than this to a node is late then: links take at most 40 ms and there are at most seven on
/// the way. A few are late, because who is asked for a message and does not have it says nothing.
const LATE_MS: u64 = 800;

/// A milestone takes at most so long to everybody then. Hostile peers that claim to have everything may still be there.
const MILESTONE_MS_MAX: u64 = 12_000;

/// The milestone at which a sabotage begins.
const SABOTAGE_FROM: MilestoneIndex = MilestoneIndex(5);

/// A participant.
pub(crate) enum Peer {
    Node(Box<Node>),
    Attacker(Box<Attacker>),
}

/// What happens at a moment. The numbers after a peer or a link are its life or epoch: an event of an earlier one is void.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// A node's gossip is told that time has passed.
    Tick(PeerNumber, u32),
    /// A thread of a node does its work.
    Stage(PeerNumber, u32, Stage),
    /// There may be room again on a connection to write.
    Wake(PeerNumber),
    /// Bytes may arrive at a side.
    Arrive(LinkNumber, Side, u32),
    /// Somebody dials.
    Connect(LinkNumber),
    /// A side notices that its connection has ended.
    Notice(LinkNumber, Side, u32),
    /// A user sends a message to some node.
    Spam,
    /// A hostile peer does something.
    Attack(PeerNumber),
    /// A fault happens.
    Fault,
    /// A node that is down starts.
    Start(PeerNumber),
    /// A slow node becomes as fast as it was.
    SpeedUp(PeerNumber),
    /// Faults end.
    Calm,
    /// The coordinator issues nothing more.
    Rest,
    /// Everybody should be synced soon.
    Judge,
}

/// A network in virtual time.
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) mint: Mint,
    pub(crate) schedule: Schedule<Event>,
    pub(crate) log: EventLog,
    pub(crate) peers: Vec<Peer>,
    pub(crate) links: Vec<Link>,
    pub(crate) checker: Checker,
    spammer: Spammer,
    pub(crate) node_dice: Dice,
    pub(crate) link_dice: Dice,
    pub(crate) fault_dice: Dice,
    pub(crate) is_calm: bool,
    pub(crate) is_resting: bool,
    /// From when on milestones must be fast; far away while there are faults.
    pub(crate) settled_ms: u64,
    /// Messages of users that everybody must get, when a node stored them: those made while nothing was wrong.
    fresh: BTreeSet<MessageId>,
    /// Those of them that a node stored.
    pub(crate) stored: Vec<MessageId>,
    /// How many milestones got to a node since then, and how many of them late.
    pub(crate) arrivals: (u64, u64),
    slowest_ms: u64,
    /// Since when the coordinator rests.
    pub(crate) rested_ms: u64,
    /// Set when everybody is synced after faults ended.
    pub(crate) is_over: bool,
    sabotaged: bool,
}

/// Runs a plan to its end.
pub(crate) fn run(plan: Plan) -> Result<Summary, Box<Failure>> {
    let seed = plan.seed;
    let early = |Violation(what)| Box::new(Failure { seed, at_ms: 0, what, tail: Vec::new() });
    let mut world = World::new(plan).map_err(early)?;
    match world.run() {
        Ok(milestones) => Ok(Summary {
            seed,
            ended_ms: world.now_ms(),
            milestones: milestones.0,
            slowest_ms: world.slowest_ms,
            digest: world.log.digest(),
            counts: world.log.counts().clone(),
        }),
        Err(Violation(what)) => {
            let at_ms = world.now_ms();
            Err(Box::new(Failure { seed, at_ms, what, tail: world.log.into_lines() }))
        }
    }
}

impl World {
    fn new(plan: Plan) -> Checked<Self> {
        let mut dice = Dice::new(plan.seed);
        let mint = Mint::new(plan.min_pow_score)?;
        let mut peers = Vec::new();
        for number in 0..plan.nodes {
            let is_coordinator = number == 0;
            let store = mint.genesis_store()?;
            let node = Node::new(PeerNumber(number), store, is_coordinator, plan.interval_ms);
            peers.push(Peer::Node(Box::new(node)));
        }
        for _ in 0..plan.attackers {
            let attacker = Attacker::new(plan.attacks.clone(), mint.clone(), dice.fork());
            peers.push(Peer::Attacker(Box::new(attacker)));
        }
        let mut link_dice = dice.fork();
        let links = topology(&plan, &mut link_dice);
        let log = EventLog::new(plan.keeps_log);
        Ok(Self {
            spammer: Spammer::new(mint.clone(), dice.fork()),
            schedule: Schedule::new(),
            checker: Checker::default(),
            node_dice: dice.fork(),
            fault_dice: dice.fork(),
            is_calm: false,
            is_resting: false,
            settled_ms: u64::MAX,
            fresh: BTreeSet::new(),
            stored: Vec::new(),
            arrivals: (0, 0),
            slowest_ms: 0,
            rested_ms: 0,
            is_over: false,
            sabotaged: false,
            log,
            peers,
            links,
            link_dice,
            mint,
            plan,
        })
    }

    pub(crate) fn now_ms(&self) -> u64 {
        self.schedule.now_ms()
    }

    /// Notes a line about what happened.
    pub(crate) fn note(&mut self, line: std::fmt::Arguments<'_>) {
        self.log.note(self.schedule.now_ms(), line);
    }

    /// Runs until everybody is synced after faults ended; gives the milestone at which they are.
    fn run(&mut self) -> Checked<MilestoneIndex> {
        self.plan_beginning();
        while !self.is_over {
            let Some(event) = self.schedule.next() else {
                return Err(Violation("nothing happens any more".into()));
            };
            self.happen(event)?;
        }
        self.check_end()
    }

    fn plan_beginning(&mut self) {
        for number in 0..self.plan.nodes {
            let is_late = self.plan.has_late_joiner && number + 1 == self.plan.nodes;
            if !is_late {
                self.schedule.at(0, Event::Start(PeerNumber(number)));
            }
        }
        for number in self.plan.nodes..self.peers.len() {
            self.schedule.at(1_000, Event::Attack(PeerNumber(number)));
        }
        for number in 0..self.links.len() {
            self.plan_connect(LinkNumber(number));
        }
        self.schedule.at(self.plan.interval_ms, Event::Spam);
        self.schedule.at(self.plan.fault_ms, Event::Fault);
        self.schedule.at(self.plan.calm_ms, Event::Calm);
    }

    fn happen(&mut self, event: Event) -> Checked {
        match event {
            Event::Tick(number, life) => self.tick(number, life),
            Event::Stage(number, life, stage) => self.stage(number, life, stage),
            Event::Wake(number) => self.pump(number),
            Event::Arrive(link, side, epoch) => self.arrive(link, side, epoch),
            Event::Connect(link) => self.connect(link),
            Event::Notice(link, side, epoch) => self.notice(link, side, epoch),
            Event::Spam => self.spam(),
            Event::Attack(number) => self.attack(number),
            Event::Fault => self.fault(),
            Event::Start(number) => self.start(number),
            Event::SpeedUp(number) => {
                self.set_pace(number, 2);
                Ok(())
            }
            Event::Calm => self.calm(),
            Event::Rest => {
                self.is_resting = true;
                self.rested_ms = self.now_ms();
                self.schedule.after(JUDGE_MS, Event::Judge);
                self.note(format_args!("the coordinator rests"));
                Ok(())
            }
            Event::Judge => self.judge(JUDGE_MS),
        }
    }

    /// The node of `number`, when it is one.
    pub(crate) fn node(&mut self, number: PeerNumber) -> Option<&mut Node> {
        match self.peers.get_mut(number.0)? {
            Peer::Node(node) => Some(node),
            Peer::Attacker(_) => None,
        }
    }

    /// The node of `number` while it runs the life that was meant.
    fn running(&mut self, number: PeerNumber, life: u32) -> Option<&mut Running> {
        self.node(number).filter(|node| node.life == life)?.running.as_mut()
    }

    fn tick(&mut self, number: PeerNumber, life: u32) -> Checked {
        let now_ms = self.now_ms();
        let Some(running) = self.running(number, life) else { return Ok(()) };
        running.gossip.tick(super::node::steady_ms(now_ms));
        self.schedule.after(TICK_MS, Event::Tick(number, life));
        self.pump(number)
    }

    fn start(&mut self, number: PeerNumber) -> Checked {
        let now_ms = self.now_ms();
        let Some(Peer::Node(node)) = self.peers.get_mut(number.0) else { return Ok(()) };
        if node.running.is_some() {
            return Ok(());
        }
        node.start(now_ms, &self.mint, &mut self.node_dice)?;
        let life = node.life;
        self.schedule.after(self.node_dice.below(TICK_MS), Event::Tick(number, life));
        self.note(format_args!("node {} starts", number.0));
        self.check_step(number)?;
        self.pump(number)
    }

    fn stage(&mut self, number: PeerNumber, life: u32, stage: Stage) -> Checked {
        let now_ms = self.now_ms();
        let Some(Peer::Node(node)) = self.peers.get_mut(number.0) else { return Ok(()) };
        let Some(running) = node.running.as_mut().filter(|_| node.life == life) else { return Ok(()) };
        running.begin(stage);
        match stage {
            Stage::Verify => running.verify(&mut self.node_dice),
            Stage::Engine => self.engine(number)?,
            Stage::Tell => running.tell(now_ms),
            Stage::Serve => {
                let served = running.serve(&node.store)?;
                self.note(format_args!("node {} answers {served} questions", number.0));
            }
        }
        self.pump(number)
    }

    /// The engine of a node takes a step and commits, and everything is checked.
    fn engine(&mut self, number: PeerNumber) -> Checked {
        let now_ms = self.now_ms();
        let bend = self.bend(number);
        let is_resting = self.is_resting;
        let Some(Peer::Node(node)) = self.peers.get_mut(number.0) else { return Ok(()) };
        let clock_ms = node.clock_ms(now_ms);
        let rests = is_resting && node.is_coordinator;
        let Some(running) = &mut node.running else { return Ok(()) };
        let queued = running.queued();
        let outbox = running.step(clock_ms, now_ms, bend, rests)?;
        if std::mem::take(&mut node.dies_before_commit) {
            self.note(format_args!("node {} dies before its commit", number.0));
            self.log.count("died before commit");
            self.crash(number);
            return Ok(());
        }
        let stepped = running.commit(outbox, &self.mint, bend)?;
        let view = &running.view;
        let (confirmed, latest) = (view.confirmed.index, view.latest.index);
        if queued > 0 || stepped.issued {
            let who = number.0;
            self.log.note(now_ms, format_args!("node {who} takes {queued}, at {confirmed} of {latest}"));
        }
        checks::told_is_stored(number.0, &node.store, &stepped.told, &stepped.accepted)?;
        running.put_in_mailbox(stepped.told);
        for id in &stepped.accepted {
            self.log.count("submissions stored");
            self.log.note(now_ms, format_args!("node {} stores submission {id}", number.0));
        }
        self.stored.extend(stepped.accepted.into_iter().filter(|id| self.fresh.contains(id)));
        self.sabotage_ledger(number)?;
        self.check_step(number)
    }

    /// What must hold after a step of a node.
    fn check_step(&mut self, number: PeerNumber) -> Checked {
        let Some(Peer::Node(node)) = self.peers.get_mut(number.0) else { return Ok(()) };
        if let Some(running) = &node.running {
            checks::view_is_sound(number.0, &running.view)?;
            if running.view.confirmed.index != node.checked {
                node.checked = self.checker.compare(number.0, &node.store, node.checked)?;
                let (now_ms, settled_ms) = (self.schedule.now_ms(), self.settled_ms);
                let since_ms = self.checker.first_at(node.checked, now_ms);
                let (who, index, took_ms) = (number.0, node.checked, now_ms - since_ms);
                if since_ms >= settled_ms {
                    self.arrivals.0 += 1;
                    self.arrivals.1 += u64::from(took_ms > LATE_MS);
                    self.slowest_ms = self.slowest_ms.max(took_ms);
                    if took_ms > MILESTONE_MS_MAX {
                        return violation(format_args!(
                            "node {who} got milestone {index} after {took_ms} ms"
                        ));
                    }
                }
            }
        }
        Ok(())
    }

    fn spam(&mut self) -> Checked {
        if self.is_calm {
            return Ok(());
        }
        let after_ms = self.fault_dice.between(1, 2 * self.plan.spam_ms);
        self.schedule.after(after_ms, Event::Spam);
        let now_ms = self.now_ms();
        let number = PeerNumber(self.fault_dice.count(0, self.plan.nodes - 1));
        let Some(Peer::Node(node)) = self.peers.get_mut(number.0) else { return Ok(()) };
        let Some(running) = &mut node.running else { return Ok(()) };
        let Some((bytes, name)) = self.spammer.message(&running.view) else { return Ok(()) };
        if self.plan.is_quiet() && now_ms >= CONNECTED_MS && self.spammer.is_fresh() {
            self.fresh.insert(MessageId::of(&bytes));
        }
        running.submit(bytes);
        self.log.count(name);
        self.pump(number)
    }

    fn attack(&mut self, number: PeerNumber) -> Checked {
        let Some(Peer::Attacker(attacker)) = self.peers.get_mut(number.0) else { return Ok(()) };
        if let Some(attack) = attacker.act() {
            self.log.count(attack.name());
            self.note(format_args!("attacker {}: {}", number.0, attack.name()));
            if attack == super::plan::Attack::Churn {
                self.churn(number)?;
            }
        }
        let after_ms = self.fault_dice.between(50, 1_000);
        self.schedule.after(after_ms, Event::Attack(number));
        self.pump(number)
    }

    /// A peer ends all its connections.
    fn churn(&mut self, number: PeerNumber) -> Checked {
        for link_number in (0..self.links.len()).map(LinkNumber) {
            let Some(link) = self.links.get(link_number.0) else { continue };
            if let Some(side) = link.side_of(number).filter(|side| link.end(*side).is_open) {
                self.end(link_number, side, "it churns")?;
            }
        }
        Ok(())
    }

    fn bend(&mut self, number: PeerNumber) -> Bend {
        let sabotage = self.plan.sabotage;
        let is_victim = number.0 + 1 == self.plan.nodes;
        let Some(node) = self.node(number).filter(|_| is_victim) else { return Bend::default() };
        let has_begun = node.checked >= SABOTAGE_FROM;
        Bend {
            is_deaf: sabotage == Some(Sabotage::DeafEngine),
            loses_commit: sabotage == Some(Sabotage::LostCommit) && has_begun,
            refuses_transactions: sabotage == Some(Sabotage::OtherRules) && has_begun,
        }
    }

    /// Changes a row of the victim's ledger, once, when the plan says so.
    fn sabotage_ledger(&mut self, number: PeerNumber) -> Checked {
        if self.plan.sabotage != Some(Sabotage::LedgerRow)
            || self.sabotaged
            || number.0 + 1 != self.plan.nodes
        {
            return Ok(());
        }
        let Some(node) = self.node(number).filter(|node| node.checked >= SABOTAGE_FROM) else {
            return Ok(());
        };
        checks::change_a_row(&node.store)?;
        self.sabotaged = true;
        Ok(())
    }

    /// The bytes that a sabotaged node sends, once.
    pub(crate) fn bad_packet(&mut self, number: PeerNumber) -> Option<&'static [u8]> {
        if self.plan.sabotage != Some(Sabotage::BadPacket)
            || self.sabotaged
            || number.0 + 1 != self.plan.nodes
        {
            return None;
        }
        self.node(number).filter(|node| node.checked >= SABOTAGE_FROM)?;
        self.sabotaged = true;
        Some(&[99, 1, 0, 0])
    }

    /// Faults end; the network goes on for some milestones.
    pub(crate) fn plan_rest(&mut self) {
        self.settled_ms = self.now_ms() + SETTLE_MS;
        let after_ms = (MILESTONES_AFTER_FAULTS * self.plan.interval_ms).max(AFTER_FAULTS_MS_MIN);
        self.schedule.after(after_ms, Event::Rest);
    }
}

/// Random links: the nodes are connected among each other, whatever the attackers do.
fn topology(plan: &Plan, dice: &mut Dice) -> Vec<Link> {
    let mut links = Vec::new();
    let mut add = |a: usize, b: usize, dice: &mut Dice| {
        let weather = if plan.has_bad_links { Weather::bad(dice) } else { Weather::fine(dice) };
        let (a, b) = if dice.chance(50) { (a, b) } else { (b, a) };
        links.push(Link::new(PeerNumber(a), PeerNumber(b), weather));
    };
    let percent = dice.between(0, 60);
    for number in 1..plan.nodes {
        let neighbour = dice.count(0, number - 1);
        add(number, neighbour, dice);
        for other in 0..number {
            if other != neighbour && dice.chance(percent) {
                add(number, other, dice);
            }
        }
    }
    for attacker in plan.nodes..plan.nodes + plan.attackers {
        for node in 0..plan.nodes {
            if dice.chance(60) {
                add(attacker, node, dice);
            }
        }
    }
    links
}
