//! Watching a node that runs: signals, how far it is behind its network, what the log says of it.

use osmia_engine::{Node, View};
use osmia_network::{Network, Summary};
use osmia_primitives::MilestoneIndex;

use crate::clock::Stopwatch;
use crate::config::Config;
use crate::ending::Ended;
use crate::limits::{STUCK_INTERVAL, SUMMARY_INTERVAL, WATCH_INTERVAL};
use crate::logging;
use crate::run::progress::{Fraction, Progress, duration};
use crate::run::static_peers;
use crate::stop_signal::{Event, StopSignal};

/// What is watched.
pub(crate) struct Watched<'a> {
    /// The configuration it was started with.
    pub(crate) config: &'a Config,
    /// The node.
    pub(crate) node: &'a Node,
    /// Its network.
    pub(crate) network: &'a Network,
    /// The signals.
    pub(crate) signal: &'a StopSignal,
}

/// Watches the node until somebody stops it or it stops by itself.
pub(crate) fn until_end(watched: &Watched<'_>) -> Ended {
    let mut config = watched.config.clone();
    let mut watch = Watch::start(&watched.node.view());
    loop {
        match watched.signal.wait(WATCH_INTERVAL) {
            Some(Event::Stop(by)) => {
                watch.sync.progress.clear();
                return Ended::Asked(by);
            }
            Some(Event::Reload) => reload(&mut config, watched.network),
            None => {}
        }
        if let Some(reason) = watched.node.halt_reason() {
            watch.sync.progress.clear();
            return Ended::Halted(reason);
        }
        watch.look(&watched.node.view(), watched.network);
    }
}

/// Reads the configuration again; a wrong one changes nothing.
fn reload(config: &mut Config, network: &Network) {
    let read = config.reload().map_err(|error| error.to_string());
    let read = read.and_then(|new| match static_peers(&new.gossip.peers) {
        Ok(peers) => Ok((new, peers)),
        Err(error) => Err(error.to_string()),
    });
    match read {
        Ok((new, peers)) => {
            let (now, later) = config.differences(&new);
            logging::set_filter(&new.log.level);
            network.set_static_peers(peers);
            tracing::info!(changed = now.join(", "), "the configuration was read again");
            if !later.is_empty() {
                tracing::warn!(keys = later.join(", "), "these changes take effect at the next start");
            }
            *config = new;
        }
        Err(error) => tracing::error!(%error, "the configuration is wrong; the one before goes on"),
    }
}

/// What was seen of a node so far.
struct Watch {
    is_halted: bool,
    summary: Stopwatch,
    /// At the last summary.
    attached: u64,
    milestone: MilestoneIndex,
    sync: Sync,
}

impl Watch {
    fn start(view: &View) -> Self {
        Self {
            is_halted: false,
            summary: Stopwatch::start(),
            attached: view.counters.attached,
            milestone: view.confirmed.index,
            sync: Sync::start(view),
        }
    }

    fn look(&mut self, view: &View, network: &Network) {
        let peers = network;
        let network = &network.summary();
        if let Some(reason) = view.halted.as_ref().filter(|_| !self.is_halted) {
            self.is_halted = true;
            self.sync.progress.clear();
            tracing::error!(%reason, "no more milestones are confirmed; the API still answers reads");
        }
        self.sync.look(view, network);
        self.sync.tell_when_stuck(view, peers);
        if self.summary.elapsed() >= SUMMARY_INTERVAL {
            self.tell(view, network);
        }
    }

    fn tell(&mut self, view: &View, network: &Summary) {
        let seconds = self.summary.seconds();
        let attached = view.counters.attached - self.attached;
        tracing::info!(
            milestone = %view.confirmed.index,
            milestones = view.confirmed.index.0.saturating_sub(self.milestone.0),
            messages = attached,
            messages_per_second = per_second(attached, seconds),
            peers = network.gossip_peers,
            synced_peers = network.synced_peers,
            tips = view.tips.len(),
            tangle_bytes = view.counters.tangle_bytes,
            "the last minute"
        );
        self.attached = view.counters.attached;
        self.milestone = view.confirmed.index;
        self.summary = Stopwatch::start();
    }
}

/// How a node that is behind comes nearer.
struct Sync {
    progress: Progress,
    is_behind: bool,
    /// When it began to be behind, and where it stood.
    since: Stopwatch,
    from: MilestoneIndex,
    attached: u64,
    /// The confirmed milestone, and since when it is that one.
    confirmed: (MilestoneIndex, Stopwatch),
}

impl Sync {
    fn start(view: &View) -> Self {
        Self {
            progress: Progress::start(),
            is_behind: !view.is_almost_synced(),
            since: Stopwatch::start(),
            from: view.confirmed.index,
            attached: view.counters.attached,
            confirmed: (view.confirmed.index, Stopwatch::start()),
        }
    }

    /// Says so when a node that is behind has made no step for long: nobody sends what it needs next.
    fn tell_when_stuck(&mut self, view: &View, network: &Network) {
        let is_waiting = self.is_behind && view.halted.is_none() && view.confirmed.index < view.latest.index;
        if !is_waiting || view.confirmed.index != self.confirmed.0 {
            self.confirmed = (view.confirmed.index, Stopwatch::start());
            return;
        }
        if self.confirmed.1.elapsed() < STUCK_INTERVAL {
            return;
        }
        self.confirmed.1 = Stopwatch::start();
        self.progress.clear();
        let Some(next) = view.confirmed.index.next() else { return };
        let peers = network.peers();
        let mut heartbeats = peers.iter().filter_map(|peer| Some(peer.gossip.as_ref()?.heartbeat?.0));
        let has_it = |pruned: MilestoneIndex, solid: MilestoneIndex| pruned < next && next <= solid;
        if heartbeats.any(|heartbeat| has_it(heartbeat.pruned, heartbeat.solid)) {
            tracing::warn!(milestone = %next, "peers do not send what the next milestone needs, though they say they have it; it goes on being asked for");
        } else {
            tracing::warn!(milestone = %next, "no peer has the next milestone any more: add peers that keep more, or begin again with a newer snapshot");
        }
    }

    fn look(&mut self, view: &View, network: &Summary) {
        let is_behind = !view.is_almost_synced();
        if is_behind && !self.is_behind {
            *self = Self::start(view);
        }
        if !is_behind && self.is_behind {
            self.is_behind = false;
            self.progress.clear();
            let milestones = view.confirmed.index.0.saturating_sub(self.from.0);
            let messages = view.counters.attached - self.attached;
            tracing::info!(milestone = %view.confirmed.index, milestones, messages, took = %duration(self.since.seconds()), "synced");
        }
        if is_behind && view.halted.is_none() {
            self.show(view, network);
        }
    }

    fn show(&mut self, view: &View, network: &Summary) {
        let (confirmed, latest) = (view.confirmed.index.0, view.latest.index.0);
        let done = u64::from(confirmed.saturating_sub(self.from.0));
        let total = u64::from(latest.saturating_sub(self.from.0));
        let seconds = self.since.seconds();
        let messages_per_second = per_second(view.counters.attached - self.attached, seconds);
        #[expect(clippy::cast_precision_loss, reason = "an estimate for people")]
        let left = duration(seconds / done as f64 * total.saturating_sub(done) as f64);
        let rest =
            format!("milestone {confirmed} of {latest}, {messages_per_second:.0} messages/s, {left} left");
        let waits = network.gossip_peers == 0 || latest == 0;
        let rest = if waits { "waiting for a peer that knows the network".to_owned() } else { rest };
        if self.progress.show("syncing", Fraction { done, total: total.max(u64::from(waits)) }, &rest) {
            let time_left = if waits { "unknown".to_owned() } else { left };
            tracing::info!(
                milestone = confirmed,
                latest,
                messages_per_second,
                %time_left,
                peers = network.gossip_peers,
                "syncing"
            );
        }
    }
}

/// A rate with one digit after the point.
#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn per_second(count: u64, seconds: f64) -> f64 {
    if seconds <= 0.0 { 0.0 } else { (count as f64 / seconds * 10.0).round() / 10.0 }
}
