//! What a seed decides before a run: how many nodes, and which kinds of fault and attack there are.

use super::dice::Dice;

/// What disturbs a run. Each seed switches each kind on or off by itself, because a run with everything at once hides
/// what a few kinds would show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// A connection ends; what was on its way is lost.
    Break,
    /// Nothing moves in one direction of a connection for a while.
    Stall,
    /// Two groups of nodes cannot reach each other for a while.
    Partition,
    /// A node ends between two of its steps, and starts again later.
    Crash,
    /// A node ends after a step and before its commit, and starts again later.
    CrashBeforeCommit,
    /// A node loses its data. Never the coordinator's: whoever signs a milestone must not forget it.
    Wipe,
    /// A node's clock jumps.
    ClockJump,
    /// A node needs much longer for everything, for a while.
    Slowness,
}

impl Fault {
    pub(crate) const ALL: [Self; 8] = [
        Self::Break,
        Self::Stall,
        Self::Partition,
        Self::Crash,
        Self::CrashBeforeCommit,
        Self::Wipe,
        Self::ClockJump,
        Self::Slowness,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Break => "breaks",
            Self::Stall => "stalls",
            Self::Partition => "partitions",
            Self::Crash => "crashes",
            Self::CrashBeforeCommit => "crashes before commit",
            Self::Wipe => "wipes",
            Self::ClockJump => "clock jumps",
            Self::Slowness => "slow nodes",
        }
    }
}

/// What a hostile peer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Attack {
    /// Random bytes.
    Garbage,
    /// A packet with a length that its type does not have.
    WrongLength,
    /// A packet of a type that does not exist.
    UnknownType,
    /// Bytes that are no message.
    InvalidMessage,
    /// Messages of another network.
    OtherNetwork,
    /// Messages without proof of work, on a network that asks for it.
    NoWork,
    /// Milestones signed with other keys.
    ForgedMilestone,
    /// Requests, as many as it can send.
    RequestFlood,
    /// Heartbeats that claim what is not so.
    LyingHeartbeat,
    /// It sends nothing at all.
    Mute,
    /// It claims to have everything and answers nothing.
    Withhold,
    /// It answers requests with other messages.
    WrongAnswers,
    /// It sends the same messages again and again.
    Duplicates,
    /// Valid messages whose parents nobody has.
    UnknownParents,
    /// Valid messages on the oldest parents there are.
    BelowMaxDepth,
    /// It reads nothing.
    NotReading,
    /// Valid messages of the largest size.
    LargeMessages,
    /// The milestones of others in other messages.
    WrappedMilestones,
    /// Messages with proof of work on parents without, which it gives to those who ask.
    CheapParents,
    /// It ends its connections and comes back.
    Churn,
}

impl Attack {
    pub(crate) const ALL: [Self; 20] = [
        Self::Garbage,
        Self::WrongLength,
        Self::UnknownType,
        Self::InvalidMessage,
        Self::OtherNetwork,
        Self::NoWork,
        Self::ForgedMilestone,
        Self::RequestFlood,
        Self::LyingHeartbeat,
        Self::Mute,
        Self::Withhold,
        Self::WrongAnswers,
        Self::Duplicates,
        Self::UnknownParents,
        Self::BelowMaxDepth,
        Self::NotReading,
        Self::LargeMessages,
        Self::WrappedMilestones,
        Self::CheapParents,
        Self::Churn,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Garbage => "garbage",
            Self::WrongLength => "wrong lengths",
            Self::UnknownType => "unknown types",
            Self::InvalidMessage => "invalid messages",
            Self::OtherNetwork => "other network",
            Self::NoWork => "no work",
            Self::ForgedMilestone => "forged milestones",
            Self::RequestFlood => "request floods",
            Self::LyingHeartbeat => "lying heartbeats",
            Self::Mute => "mute",
            Self::Withhold => "withholding",
            Self::WrongAnswers => "wrong answers",
            Self::Duplicates => "duplicates",
            Self::UnknownParents => "unknown parents",
            Self::BelowMaxDepth => "below max depth",
            Self::NotReading => "not reading",
            Self::LargeMessages => "large messages",
            Self::WrappedMilestones => "wrapped milestones",
            Self::CheapParents => "cheap parents",
            Self::Churn => "churn",
        }
    }
}

/// A defect put in on purpose, to see that the checks find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// One row of a node's ledger is changed.
    LedgerRow,
    /// A node tells gossip of a commit that it lost.
    LostCommit,
    /// A node's engine takes no messages of peers.
    DeafEngine,
    /// A node without hostile intent sends what no honest peer sends.
    BadPacket,
    /// A node refuses a transaction that the others apply.
    OtherRules,
}

/// What a run consists of.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(crate) seed: u64,
    /// Nodes that keep to the protocol; the first of them is the coordinator's.
    pub(crate) nodes: usize,
    pub(crate) attackers: usize,
    /// Between two milestones.
    pub(crate) interval_ms: u64,
    pub(crate) min_pow_score: f64,
    /// When faults end.
    pub(crate) calm_ms: u64,
    /// How long after that everybody must be synced.
    pub(crate) patience_ms: u64,
    /// Milliseconds between two messages of users, on average.
    pub(crate) spam_ms: u64,
    /// Milliseconds between two faults, on average.
    pub(crate) fault_ms: u64,
    pub(crate) faults: Vec<Fault>,
    pub(crate) attacks: Vec<Attack>,
    /// Whether links differ much in delay and bandwidth.
    pub(crate) has_bad_links: bool,
    /// Whether a node joins when faults end, with the genesis ledger only.
    pub(crate) has_late_joiner: bool,
    pub(crate) sabotage: Option<Sabotage>,
    pub(crate) keeps_log: bool,
}

impl Plan {
    /// The run of a seed.
    #[must_use]
    pub fn of_seed(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let faults = switched(&Fault::ALL, 40, &mut dice);
        let has_attackers = dice.chance(60);
        let attacks = if has_attackers { switched(&Attack::ALL, 20, &mut dice) } else { Vec::new() };
        let attackers = if attacks.is_empty() { 0 } else { dice.count(1, 3) };
        let interval_ms = dice.pick(&[100, 200, 500, 1_000, 2_000]).copied().unwrap_or(1_000);
        Self {
            seed,
            nodes: dice.pick(&[3, 3, 4, 4, 5, 6, 8]).copied().unwrap_or(4),
            attackers,
            interval_ms,
            min_pow_score: dice.pick(&[0.0, 0.0, 0.25]).copied().unwrap_or(0.0),
            calm_ms: dice.between(15_000, 40_000),
            // What waits for parents that nobody has is dropped after 15 milestones or so.
            patience_ms: 90_000 + 30 * interval_ms,
            spam_ms: dice.pick(&[20, 50, 100, 200]).copied().unwrap_or(100),
            fault_ms: dice.pick(&[500, 2_000, 5_000]).copied().unwrap_or(2_000),
            faults,
            attacks,
            has_bad_links: dice.chance(50),
            has_late_joiner: dice.chance(20),
            sabotage: None,
            keeps_log: false,
        }
    }

    /// The same run with a defect.
    #[must_use]
    pub fn with(self, sabotage: Sabotage) -> Self {
        Self { sabotage: Some(sabotage), ..self }
    }

    /// The same run without any disturbance, so that nothing but a sabotage can fail.
    #[must_use]
    pub fn undisturbed(self) -> Self {
        Self {
            faults: Vec::new(),
            attacks: Vec::new(),
            attackers: 0,
            has_bad_links: false,
            has_late_joiner: false,
            ..self
        }
    }

    /// Whether nothing disturbs the run, and milestones are so slow that no new message gets below max depth on its way.
    pub(crate) fn is_quiet(&self) -> bool {
        self.interval_ms >= 500
            && self.faults.is_empty()
            && self.attackers == 0
            && !self.has_bad_links
            && !self.has_late_joiner
    }

    /// The same run; a failure shows every event.
    #[must_use]
    pub fn with_log(self) -> Self {
        Self { keeps_log: true, ..self }
    }
}

fn switched<T: Copy>(all: &[T], percent: u64, dice: &mut Dice) -> Vec<T> {
    all.iter().copied().filter(|_| dice.chance(percent)).collect()
}
