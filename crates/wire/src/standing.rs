//! What misbehaviour costs a peer: points that decay, a ban when there are too many, longer bans for those who come back
//! and go on.

#[cfg(test)]
mod tests;

use crate::limits::{
    BAN_MS_FIRST, BAN_MS_MAX, BANS_FORGOTTEN_MS, PENALTY_POINTS_BAN, PENALTY_POINTS_DECAY_MS,
};

/// What no honest peer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Misbehaviour {
    /// It sent a packet of a type that does not exist: it speaks another protocol, or sends garbage.
    UnknownPacketType,
    /// It sent a packet of a length that its type does not have.
    WrongPacketLength,
    /// It sent a message that breaks a rule of syntax.
    InvalidSyntax,
    /// It sent a message of another network.
    WrongNetwork,
    /// It sent a message that was not asked for and has too little proof of work.
    InsufficientPow,
    /// It sent a heartbeat that contradicts itself.
    ContradictingHeartbeat,
    /// It sent the same messages again and again.
    Repeats,
    /// It asked for much more than a node can need, for seconds.
    RequestFlood,
    /// It answered none of the requests that its heartbeat says it can answer.
    NeverAnswers,
}

/// Every misbehaviour with its points and its name. A peer is banned at [`PENALTY_POINTS_BAN`]: at once for what no
/// mistake explains, after several times for what a peer may do when others deceived it.
const PENALTIES: [(Misbehaviour, u32, &str); 9] = [
    (Misbehaviour::UnknownPacketType, 100, "unknown packet type"),
    (Misbehaviour::WrongPacketLength, 100, "wrong packet length"),
    (Misbehaviour::InvalidSyntax, 50, "invalid message"),
    (Misbehaviour::WrongNetwork, 50, "message of another network"),
    (Misbehaviour::InsufficientPow, 10, "insufficient proof of work"),
    (Misbehaviour::ContradictingHeartbeat, 25, "contradicting heartbeat"),
    (Misbehaviour::Repeats, 10, "repeated messages"),
    (Misbehaviour::RequestFlood, 25, "flood of requests"),
    (Misbehaviour::NeverAnswers, 50, "never answers requests"),
];

impl Misbehaviour {
    /// Every misbehaviour there is.
    pub fn all() -> impl Iterator<Item = Self> {
        PENALTIES.iter().map(|(misbehaviour, _, _)| *misbehaviour)
    }

    /// The penalty points it costs.
    #[must_use]
    pub fn points(self) -> u32 {
        self.penalty().1
    }

    /// What it is called in logs and as the reason of a ban.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.penalty().2
    }

    fn penalty(self) -> &'static (Self, u32, &'static str) {
        PENALTIES.iter().find(|(other, _, _)| *other == self).expect("because the table names all")
    }
}

impl std::fmt::Display for Misbehaviour {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A ban that was just pronounced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ban {
    /// When it ends.
    pub until_ms: u64,
    /// The misbehaviour that was one too many.
    pub reason: Misbehaviour,
}

/// How a peer behaved so far. Its fields are what is worth keeping across a restart; times are milliseconds of a clock
/// that goes on across restarts. A clock that steps back makes points decay later and never earlier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Penalty points as they were at `points_at_ms`; [`Standing::points`] gives those of now.
    pub points_then: u32,
    /// When the points were last counted.
    pub points_at_ms: u64,
    /// Bans that are not forgotten.
    pub bans: u32,
    /// When the last ban ends, or ended. 0 when there was none.
    pub banned_until_ms: u64,
}

impl Standing {
    /// A peer that did nothing wrong yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The penalty points of now: one less for each [`PENALTY_POINTS_DECAY_MS`] since they were counted.
    #[must_use]
    pub fn points(&self, now_ms: u64) -> u32 {
        let decayed = now_ms.saturating_sub(self.points_at_ms) / PENALTY_POINTS_DECAY_MS;
        self.points_then.saturating_sub(u32::try_from(decayed).unwrap_or(u32::MAX))
    }

    /// When the ban that holds now ends.
    #[must_use]
    pub fn banned_until(&self, now_ms: u64) -> Option<u64> {
        (now_ms < self.banned_until_ms).then_some(self.banned_until_ms)
    }

    /// Whether nothing is worth keeping.
    #[must_use]
    pub fn is_clean(&self, now_ms: u64) -> bool {
        self.points(now_ms) == 0 && self.bans_remembered(now_ms) == 0
    }

    /// Ends the ban and forgets the points: a person decided so. Earlier bans still count.
    pub fn pardon(&mut self, now_ms: u64) {
        self.points_then = 0;
        self.points_at_ms = now_ms;
        self.banned_until_ms = self.banned_until_ms.min(now_ms);
    }

    /// Adds the points of `misbehaviour`, and bans the peer when there are too many. While a ban holds, nothing more is
    /// counted: what was on its way when the ban began is part of it.
    pub fn punish(&mut self, now_ms: u64, misbehaviour: Misbehaviour) -> Option<Ban> {
        if self.banned_until(now_ms).is_some() {
            return None;
        }
        let points = self.points(now_ms).saturating_add(misbehaviour.points());
        // The part of a step that has passed is kept, or points that come often would never decay.
        let part_ms = now_ms.saturating_sub(self.points_at_ms) % PENALTY_POINTS_DECAY_MS;
        let part_ms = if self.points(now_ms) == 0 { 0 } else { part_ms };
        self.points_then = points;
        self.points_at_ms = now_ms.saturating_sub(part_ms);
        if points < PENALTY_POINTS_BAN {
            return None;
        }
        let earlier = self.bans_remembered(now_ms);
        let duration_ms =
            BAN_MS_FIRST.saturating_mul(1_u64.checked_shl(earlier).unwrap_or(u64::MAX)).min(BAN_MS_MAX);
        self.points_then = 0;
        self.points_at_ms = now_ms;
        self.bans = earlier.saturating_add(1);
        self.banned_until_ms = now_ms.saturating_add(duration_ms);
        Some(Ban { until_ms: self.banned_until_ms, reason: misbehaviour })
    }

    /// Bans that count for the length of the next one: none when the last one ended long ago.
    fn bans_remembered(&self, now_ms: u64) -> u32 {
        if now_ms.saturating_sub(self.banned_until_ms) >= BANS_FORGOTTEN_MS { 0 } else { self.bans }
    }
}
