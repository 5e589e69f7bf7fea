//! How peers behaved: penalty points, and bans that end by themselves.

use std::collections::BTreeMap;

use libp2p::PeerId;
use osmia_wire::{Misbehaviour, Standing};

use crate::limits::STANDINGS_MAX;

/// The standings of all peers that misbehaved and are not forgiven yet.
#[derive(Debug, Default)]
pub(crate) struct Standings(BTreeMap<PeerId, Record>);

#[derive(Debug, Default)]
struct Record {
    standing: Standing,
    /// Why the last ban was pronounced; empty when there was none.
    reason: String,
}

/// A standing as it is kept across restarts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredStanding {
    pub(crate) peer: PeerId,
    pub(crate) banned_until_ms: u64,
    pub(crate) bans: u32,
    pub(crate) reason: String,
}

impl Standings {
    /// What was stored; standings over the bound are left out, those with the earliest end first. Penalty points are not
    /// kept: they are forgiven within minutes.
    pub(crate) fn new(mut stored: Vec<StoredStanding>) -> Self {
        stored.sort_by_key(|stored| std::cmp::Reverse(stored.banned_until_ms));
        stored.truncate(STANDINGS_MAX);
        let record = |stored: StoredStanding| {
            let standing =
                Standing { bans: stored.bans, banned_until_ms: stored.banned_until_ms, ..Standing::new() };
            (stored.peer, Record { standing, reason: stored.reason })
        };
        Self(stored.into_iter().map(record).collect())
    }

    /// Notes a misbehaviour; gives when the ban that it led to ends. `keep` tells whose standing is not given up for
    /// room.
    pub(crate) fn punish(
        &mut self,
        now_ms: u64,
        peer: &PeerId,
        misbehaviour: Misbehaviour,
        keep: impl Fn(&PeerId) -> bool,
    ) -> Option<u64> {
        if !self.0.contains_key(peer) {
            self.make_room(now_ms, keep);
        }
        let record = self.0.entry(*peer).or_default();
        let ban = record.standing.punish(now_ms, misbehaviour)?;
        record.reason = ban.reason.to_string();
        Some(ban.until_ms)
    }

    /// Gives up what is forgiven, and when that is not enough the standing that matters least.
    fn make_room(&mut self, now_ms: u64, keep: impl Fn(&PeerId) -> bool) {
        if self.0.len() < STANDINGS_MAX {
            return;
        }
        self.0.retain(|_, record| !record.standing.is_clean(now_ms));
        while self.0.len() >= STANDINGS_MAX {
            let worth = |(peer, record): &(&PeerId, &Record)| {
                (keep(peer), record.standing.banned_until_ms, record.standing.points(now_ms))
            };
            let Some(least) = self.0.iter().min_by_key(worth).map(|(peer, _)| *peer) else { break };
            self.0.remove(&least);
        }
    }

    /// Forgets a peer's standing; `false` when there was none.
    pub(crate) fn remove(&mut self, peer: &PeerId) -> bool {
        self.0.remove(peer).is_some()
    }

    pub(crate) fn is_banned(&self, now_ms: u64, peer: &PeerId) -> bool {
        self.ban(now_ms, peer).is_some()
    }

    /// When the ban of a peer ends, and why there is one.
    pub(crate) fn ban(&self, now_ms: u64, peer: &PeerId) -> Option<(u64, &str)> {
        let record = self.0.get(peer)?;
        record.standing.banned_until(now_ms).map(|until_ms| (until_ms, record.reason.as_str()))
    }

    /// How many peers are banned.
    pub(crate) fn banned(&self, now_ms: u64) -> usize {
        self.0.values().filter(|record| record.standing.banned_until(now_ms).is_some()).count()
    }

    /// The penalty points of a peer.
    pub(crate) fn points(&self, now_ms: u64, peer: &PeerId) -> u32 {
        self.0.get(peer).map_or(0, |record| record.standing.points(now_ms))
    }

    /// What is worth keeping across a restart: bans, and earlier ones that make the next one longer.
    pub(crate) fn stored(&self, now_ms: u64) -> Vec<StoredStanding> {
        let is_kept =
            |(_, record): &(&PeerId, &Record)| record.standing.bans > 0 && !record.standing.is_clean(now_ms);
        let stored = |(peer, record): (&PeerId, &Record)| StoredStanding {
            peer: *peer,
            banned_until_ms: record.standing.banned_until_ms,
            bans: record.standing.bans,
            reason: record.reason.clone(),
        };
        self.0.iter().filter(is_kept).map(stored).collect()
    }
}
