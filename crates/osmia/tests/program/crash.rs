//! kill -9 at random moments, under load and during starts: nothing that was answered is lost, milestones go on
//! without gap or double, and the folder audits clean.
//!
//! `OSMIA_CRASH_ROUNDS` sets the number of rounds (`cargo xtask crash --rounds N` does), `OSMIA_CRASH_SEED` plays the
//! rounds of a printed seed again, as far as the machine allows.

use std::collections::BTreeMap;
use std::time::Duration;

use osmia_primitives::MessageId;
use serde_json::Value;

use crate::http::Http;
use crate::load::{self, Load, Payer};
use crate::process::{Program, Scratch, audit, try_audit};
use crate::random::Random;
use crate::wait;

const ROUNDS: u64 = 30;
/// After so many rounds a new network begins, so that reading all of it stays quick.
const ROUNDS_PER_NETWORK: u64 = 25;
/// One round in so many kills the program while it starts.
const START_KILLS: u64 = 4;
/// Longest life of a program under load, and of one that is killed while it starts.
const LOAD_MS_MAX: u64 = 1_500;
const START_MS_MAX: u64 = 250;
/// Milestones that are read again after a restart, besides the new ones.
const MILESTONES_READ_AGAIN: u32 = 20;
/// Messages of earlier rounds that are read again in each round.
const EARLIER_MESSAGES_READ: u64 = 100;

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

#[test]
fn nothing_that_was_answered_is_lost_by_a_kill() {
    let rounds = setting("OSMIA_CRASH_ROUNDS").unwrap_or(ROUNDS);
    let seed = setting("OSMIA_CRASH_SEED").unwrap_or_else(Random::fresh_seed);
    eprintln!("{rounds} crash rounds with OSMIA_CRASH_SEED={seed}");
    let mut random = Random::new(seed);
    let mut totals = Totals::default();
    let mut left = rounds;
    while left > 0 {
        let here = left.min(ROUNDS_PER_NETWORK);
        let mut network = Network::new();
        for _ in 0..here {
            network.round(&mut random, &mut totals);
        }
        network.finish(&mut totals);
        left -= here;
        eprintln!("{} of {rounds} rounds: {totals:?}", rounds - left);
    }
}

/// What all rounds together did, for the reader of the test's output.
#[derive(Debug, Default)]
struct Totals {
    kills_under_load: u64,
    kills_while_starting: u64,
    messages_answered: usize,
    milestones: u32,
}

/// A network and everything that is known of it.
struct Network {
    scratch: Scratch,
    /// Whether it ever said that it runs.
    has_run: bool,
    payers: Option<Vec<Payer>>,
    answered: Vec<MessageId>,
    /// Those of the last round.
    fresh: Vec<MessageId>,
    milestones: BTreeMap<u32, MessageId>,
}

impl Network {
    fn new() -> Self {
        Self {
            scratch: Scratch::new(),
            has_run: false,
            payers: None,
            answered: Vec::new(),
            fresh: Vec::new(),
            milestones: BTreeMap::new(),
        }
    }

    fn round(&mut self, random: &mut Random, totals: &mut Totals) {
        if random.below(START_KILLS) == 0 {
            totals.kills_while_starting += 1;
            self.kill_while_starting(random);
        } else {
            totals.kills_under_load += 1;
            self.kill_under_load(random);
        }
        match try_audit(&self.scratch.data()) {
            Some(report) => assert_eq!(report["is_clean"], true, "{report:#}"),
            None => assert!(!self.has_run, "the network is gone"),
        }
    }

    fn kill_while_starting(&self, random: &mut Random) {
        let mut child = Program::spawn(self.scratch.command(), &self.scratch.path("log"));
        wait::moment(Duration::from_millis(random.below(START_MS_MAX)));
        child.kill().unwrap();
        child.wait().unwrap();
    }

    fn kill_under_load(&mut self, random: &mut Random) {
        let program = self.start(random);
        let payers = self.payers.take().unwrap_or_else(|| load::fund(&program));
        let load = Load::start(program.api(), payers, random);
        wait::moment(Duration::from_millis(random.below(LOAD_MS_MAX)));
        program.kill();
        let (payers, answered) = load.end();
        self.payers = Some(payers);
        self.fresh = answered;
        self.answered.extend_from_slice(&self.fresh);
    }

    /// Starts the program and checks that everything known is there.
    fn start(&mut self, random: &mut Random) -> Program {
        let program = self.scratch.start();
        self.has_run = true;
        let mut http = program.http();
        self.read_milestones(&mut http);
        for id in &self.fresh {
            read_message(&mut http, id);
        }
        for _ in 0..EARLIER_MESSAGES_READ.min(self.answered.len() as u64) {
            let place = random.below(self.answered.len() as u64);
            read_message(&mut http, &self.answered[usize::try_from(place).unwrap()]);
        }
        for payer in self.payers.iter_mut().flatten() {
            payer.check(&mut http);
        }
        program
    }

    /// Reads the milestones up to the confirmed one: none is missing, none has changed.
    fn read_milestones(&mut self, http: &mut Http) {
        let info = http.read("/api/v1/info");
        let confirmed = u32::try_from(info["confirmedMilestoneIndex"].as_u64().unwrap()).unwrap();
        let known = self.milestones.last_key_value().map_or(0, |(index, _)| *index);
        assert!(confirmed >= known, "milestone {known} was there, now {confirmed} is the last");
        for index in known.saturating_sub(MILESTONES_READ_AGAIN).max(1)..=confirmed {
            let milestone = http.read(&format!("/api/v1/milestones/{index}"));
            let id = milestone["messageId"].as_str().unwrap().parse().unwrap();
            let before = *self.milestones.entry(index).or_insert(id);
            assert_eq!(before, id, "milestone {index} has changed");
        }
    }

    /// Starts the program a last time and reads everything.
    fn finish(mut self, totals: &mut Totals) {
        let program = self.start(&mut Random::new(0));
        let mut http = program.http();
        for id in &self.answered {
            read_message(&mut http, id);
        }
        let last = u64::from(self.milestones.last_key_value().map_or(0, |(index, _)| *index));
        wait::until("milestones go on", || (program.confirmed() > last + 1).then_some(()));
        self.read_milestones(&mut http);
        assert_eq!(program.stop(rustix::process::Signal::INT), Some(0));
        let report: Value = audit(&self.scratch.data());
        assert!(report["messages"].as_u64().unwrap() >= self.answered.len() as u64);
        totals.messages_answered += self.answered.len();
        totals.milestones += self.milestones.last_key_value().map_or(0, |(index, _)| *index);
    }
}

fn read_message(http: &mut Http, id: &MessageId) {
    let reply = http.get(&format!("/api/v1/messages/{id}/raw")).unwrap();
    assert_eq!(reply.status, 200, "message {id} was answered 201 and is gone");
    assert_eq!(MessageId::of(&reply.body), *id);
}
