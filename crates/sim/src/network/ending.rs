//! The end of a run: everybody is synced and agrees.

use osmia_primitives::MilestoneIndex;
use osmia_wire::handover::Wanted;

use super::checks;
use super::report::{Checked, Violation, violation};
use super::world::{Event, Peer, World};

impl World {
    /// Looks whether everybody is synced; when that takes too long, something is wrong.
    pub(crate) fn judge(&mut self, again_ms: u64) -> Checked {
        let open = self.open_ends();
        if open.is_empty() {
            self.is_over = true;
            return Ok(());
        }
        let deadline_ms = self.rested_ms + self.plan.patience_ms;
        if self.now_ms() >= deadline_ms {
            return violation(format_args!("faults ended, but: {}", open.join("; ")));
        }
        self.schedule.after(again_ms, Event::Judge);
        Ok(())
    }

    /// What is still to be done before everybody is synced.
    fn open_ends(&self) -> Vec<String> {
        let nodes = || {
            self.peers.iter().filter_map(|peer| match peer {
                Peer::Node(node) => Some(node),
                Peer::Attacker(_) => None,
            })
        };
        let newest = nodes().map(|node| node.checked).max().unwrap_or_default();
        let mut open = Vec::new();
        for node in nodes() {
            let who = node.number.0;
            let Some(running) = &node.running else {
                open.push(format!("node {who} is down"));
                continue;
            };
            let (confirmed, latest) = (running.view.confirmed.index, running.view.latest.index);
            if (confirmed, latest) != (newest, newest) {
                open.push(format!("node {who} is at {confirmed} of {latest}, not at {newest}"));
            }
            let Wanted { milestones, messages } = &running.wanted;
            if !milestones.is_empty() || !messages.is_empty() {
                let (first, count) = (messages.first(), messages.len());
                open.push(format!(
                    "node {who} wants milestones {milestones:?} and {count} messages: {first:?}"
                ));
            }
            if running.queued() > 0 {
                open.push(format!("node {who} has {} messages queued", running.queued()));
            }
        }
        open
    }

    /// Everybody agrees, with each other and with the naive model; gives the milestone at which they stand.
    pub(crate) fn check_end(&mut self) -> Checked<MilestoneIndex> {
        let (arrived, late) = self.arrivals;
        if late > arrived / 4 {
            return violation(format_args!(
                "{late} of {arrived} milestones came late although nothing was wrong"
            ));
        }
        let mut ended = None;
        for peer in &self.peers {
            let Peer::Node(node) = peer else { continue };
            let reader = node.store.latest();
            self.checker.compare_ledger(node.number.0, &reader, node.checked)?;
            checks::has_all(node.number.0, &node.store, &self.stored)?;
            checks::audits_are_clean(node.number.0, &node.store)?;
            if node.is_coordinator {
                checks::oracle_agrees(&node.store)?;
                ended = Some(node.checked);
            }
        }
        ended.ok_or_else(|| Violation("there is no coordinator".into()))
    }
}
