//! The network thread: the swarm, the roster and gossip, and the loop that drives them.

mod dial_error;
mod log_limit;
mod startup;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use libp2p::futures::StreamExt as _;
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::swarm::{ConnectionId, ListenError, SwarmEvent};
use libp2p::{Multiaddr, PeerId, Stream, Swarm};
use osmia_wire::{Misbehaviour, Report, Unhealthy};
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::Rng as _;
use tokio::sync::mpsc;

use crate::behaviour::{Behaviour, BehaviourEvent, Crowded, GossipEvent};
use crate::clock::SteadyClock;
use crate::handle::{Command, OnceReply, Published, Snapshot};
use crate::hub::{Hub, StreamReport};
use crate::info::{GossipInfo, PeerInfo, Summary};
use crate::limits::{PUBLISH_MS, PUBLISH_MS_MIN, STOP_TIMEOUT, STREAM_TIMEOUT_MS, TICK};
use crate::link::Mailbox;
use crate::options::{PeerError, StaticPeer};
use crate::roster::{Reconfigured, Roster};
use log_limit::LogLimit;

pub(crate) use startup::start;

/// The network thread's state.
struct Host {
    swarm: Swarm<Behaviour>,
    roster: Rc<RefCell<Roster>>,
    hub: Rc<RefCell<Hub>>,
    mailbox: Arc<Mailbox>,
    clock: SteadyClock,
    random: ChaCha12Rng,
    commands: mpsc::Receiver<Command>,
    published: Arc<Published>,
    published_ms: u64,
    is_changed: bool,
    /// Why this node closed connections that have not ended yet.
    reasons: BTreeMap<ConnectionId, String>,
    totals: Totals,
    stranger_lines: LogLimit,
}

#[derive(Debug, Default)]
struct Totals {
    dials: u64,
    dials_failed: u64,
    connections_refused: u64,
    connections_failed: u64,
    misbehaviours: u64,
    bans: u64,
}

impl Host {
    /// Runs until it is told to stop.
    async fn run(mut self) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mailbox = Arc::clone(&self.mailbox);
        loop {
            tokio::select! {
                event = self.swarm.select_next_some() => self.on_swarm_event(event),
                () = mailbox.woken() => {}
                _ = tick.tick() => self.on_tick(),
                command = self.commands.recv() => match command {
                    Some(Command::Stop) | None => break,
                    Some(command) => self.on_command(command),
                },
            }
            self.turn();
        }
        self.stop().await;
    }

    /// What follows from whatever happened.
    fn turn(&mut self) {
        // Tokio keeps the panic of a task to itself; a stream that nobody pumps must not go unnoticed.
        assert!(!self.mailbox.has_panicked(), "a stream's task panicked");
        self.hub.borrow_mut().turn();
        loop {
            let next = self.hub.borrow_mut().next_report();
            let Some(report) = next else { break };
            self.on_report(report);
        }
        let ended = self.hub.borrow_mut().take_ended();
        for (connection, reason) in ended {
            self.close(connection, reason);
        }
        let age_ms = self.clock.now_ms().saturating_sub(self.published_ms);
        if age_ms >= if self.is_changed { PUBLISH_MS_MIN } else { PUBLISH_MS } {
            self.publish();
        }
    }

    fn on_tick(&mut self) {
        self.hub.borrow_mut().tick();
        let now_ms = self.clock.now_ms();
        let overdue = self.roster.borrow().overdue(now_ms);
        for (_, connection) in overdue {
            self.totals.connections_failed += 1;
            self.close(connection, format!("no gossip stream within {} s", STREAM_TIMEOUT_MS / 1_000));
        }
        self.dial();
        self.save();
    }

    /// Dials whoever is due.
    fn dial(&mut self) {
        let due = self.roster.borrow_mut().dials(self.clock.now_ms());
        for dial in due {
            self.totals.dials += 1;
            // The condition refuses a second connection to a peer whose old one is still being closed.
            let options = DialOpts::peer_id(dial.peer)
                .addresses(dial.places)
                .condition(PeerCondition::DisconnectedAndNotDialing)
                .build();
            if let Err(error) = self.swarm.dial(options) {
                self.on_dial_failed(&dial.peer, &dial_error::short(&error));
            }
        }
    }

    fn on_dial_failed(&mut self, peer: &PeerId, reason: &str) {
        self.totals.dials_failed += 1;
        tracing::debug!(%peer, reason, "a peer could not be reached");
        let random = self.random.next_u64();
        self.roster.borrow_mut().dial_failed(self.clock.now_ms(), peer, reason, random);
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "libp2p may add events; what decides something is named"
    )]
    fn on_swarm_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::Behaviour(BehaviourEvent::Gossip(event)) => self.on_gossip_event(event),
            // What identify and ping say decides nothing: a dead peer is known by its heartbeats.
            SwarmEvent::Behaviour(BehaviourEvent::Identify(_) | BehaviourEvent::Ping(_)) => {}
            SwarmEvent::ConnectionEstablished { .. } => self.is_changed = true,
            SwarmEvent::ConnectionClosed { peer_id, connection_id, cause, .. } => {
                let reason = self.reasons.remove(&connection_id).unwrap_or_else(|| {
                    cause.map_or_else(|| "the connection was closed".into(), |cause| dial_error::root(&cause))
                });
                self.on_closed(&peer_id, connection_id, &reason);
            }
            SwarmEvent::IncomingConnectionError { send_back_addr, error, .. } => {
                self.on_incoming_error(&send_back_addr, &error);
            }
            SwarmEvent::OutgoingConnectionError { peer_id: Some(peer), error, .. } => {
                self.on_dial_failed(&peer, &dial_error::short(&error));
            }
            SwarmEvent::NewListenAddr { address, .. } => tracing::debug!(%address, "listening for peers"),
            SwarmEvent::ExpiredListenAddr { address, .. } => {
                tracing::warn!(%address, "no longer listening for peers");
            }
            SwarmEvent::ListenerClosed { addresses, reason, .. } => {
                tracing::error!(?addresses, ?reason, "a listener for peers ended");
            }
            SwarmEvent::ListenerError { error, .. } => self.on_listener_error(&error),
            _ => {}
        }
    }

    fn on_gossip_event(&mut self, event: GossipEvent) {
        match event {
            GossipEvent::Opened { peer, connection, stream } => {
                if let Err(reason) = self.open_stream(peer, connection, stream) {
                    self.totals.connections_failed += 1;
                    self.close(connection, reason);
                }
            }
            GossipEvent::Failed { connection, reason } => {
                self.totals.connections_failed += 1;
                self.close(connection, reason.into());
            }
        }
    }

    fn open_stream(&mut self, peer: PeerId, connection: ConnectionId, stream: Stream) -> Result<(), String> {
        let opened = self.roster.borrow_mut().open_stream(self.clock.now_ms(), &peer, connection);
        opened.map_err(|refusal| refusal.to_string())?;
        if !Hub::open(&self.hub, peer, connection, stream) {
            return Err("all places for gossip peers are taken".into());
        }
        self.swarm.behaviour_mut().gossip.incoming.settle(connection);
        self.is_changed = true;
        if self.roster.borrow().is_known(&peer) || self.stranger_lines.allows(self.clock.now_ms()) {
            tracing::info!(%peer, "gossip with a peer begins");
        }
        Ok(())
    }

    /// Closes a connection, and its gossip at once.
    fn close(&mut self, connection: ConnectionId, reason: String) {
        self.hub.borrow_mut().close(connection);
        if self.swarm.close_connection(connection) {
            self.reasons.entry(connection).or_insert(reason);
        }
        self.is_changed = true;
    }

    /// Closes every connection of a peer and ends attempts to reach it.
    fn disconnect(&mut self, peer: &PeerId, connection: Option<ConnectionId>, reason: String) {
        if let Some(connection) = connection {
            self.close(connection, reason);
        }
        if self.swarm.disconnect_peer_id(*peer).is_err() {
            tracing::debug!(%peer, "a peer to disconnect has no connection");
        }
        self.is_changed = true;
    }

    fn on_closed(&mut self, peer: &PeerId, connection: ConnectionId, reason: &str) {
        let mut hub = self.hub.borrow_mut();
        let was_gossip_peer = hub.has_stream(connection);
        hub.close(connection);
        drop(hub);
        let random = self.random.next_u64();
        let is_known = self.roster.borrow().is_known(peer);
        self.roster.borrow_mut().closed(self.clock.now_ms(), peer, connection, reason, random);
        self.is_changed = true;
        if was_gossip_peer && (is_known || self.stranger_lines.allows(self.clock.now_ms())) {
            tracing::info!(%peer, reason, "gossip with a peer ended");
        }
    }

    fn on_incoming_error(&mut self, remote: &Multiaddr, error: &ListenError) {
        let refused = match error {
            ListenError::Denied { cause } => cause.downcast_ref::<Crowded>().is_some(),
            ListenError::Aborted
            | ListenError::WrongPeerId { .. }
            | ListenError::LocalPeerId { .. }
            | ListenError::Transport(_) => false,
        };
        if refused {
            self.totals.connections_refused += 1;
        } else {
            self.totals.connections_failed += 1;
        }
        tracing::debug!(%remote, error = dial_error::root(error), "a connection came to nothing");
    }

    fn on_listener_error(&mut self, error: &std::io::Error) {
        if self.stranger_lines.allows(self.clock.now_ms()) {
            tracing::warn!(%error, "a connection of a peer could not be accepted");
        }
    }

    fn on_report(&mut self, report: StreamReport) {
        let StreamReport { peer, connection, report } = report;
        match report {
            Report::Misbehaved { misbehaviour, .. } => self.on_misbehaviour(peer, connection, misbehaviour),
            Report::Unhealthy { why, .. } => {
                let reason = match why {
                    Unhealthy::NoHeartbeat => "no heartbeat came",
                    Unhealthy::OldHeartbeat => "the last heartbeat is too old",
                };
                self.close(connection, reason.into());
            }
            Report::Heartbeat { .. } => {}
        }
    }

    fn on_misbehaviour(&mut self, peer: PeerId, connection: ConnectionId, misbehaviour: Misbehaviour) {
        self.totals.misbehaviours += 1;
        let now_ms = self.clock.now_ms();
        let ban = self.roster.borrow_mut().punish(now_ms, &peer, misbehaviour);
        let Some(until_ms) = ban else {
            tracing::debug!(%peer, %misbehaviour, "a peer misbehaved");
            return;
        };
        self.totals.bans += 1;
        if self.roster.borrow().is_known(&peer) || self.stranger_lines.allows(now_ms) {
            let minutes = until_ms.saturating_sub(now_ms).div_ceil(60_000);
            tracing::warn!(%peer, %misbehaviour, minutes, "a peer is banned");
        }
        self.disconnect(&peer, Some(connection), format!("banned: {misbehaviour}"));
    }

    fn on_command(&mut self, command: Command) {
        match command {
            Command::Add { address, alias, reply } => self.add(&address, alias, reply),
            Command::Remove { id, reply } => {
                let removed = self.roster.borrow_mut().remove(&id);
                if removed.is_ok() {
                    tracing::info!(peer = %id, "a peer is removed");
                    self.forget(&id);
                }
                self.save();
                self.publish();
                reply.call(removed);
            }
            Command::SetStatic(peers) => self.set_static(&peers),
            Command::Stop => {}
        }
    }

    fn add(&mut self, address: &Multiaddr, alias: Option<String>, reply: OnceReply<PeerInfo>) {
        let now_ms = self.clock.now_ms();
        let added = self.roster.borrow_mut().add(now_ms, address, alias);
        self.save();
        self.dial();
        self.publish();
        let info = added.and_then(|id| {
            tracing::info!(peer = %id, %address, "a peer is added");
            self.infos(now_ms).into_iter().find(|info| info.id == id).ok_or(PeerError::NotFound)
        });
        reply.call(info);
    }

    fn set_static(&mut self, peers: &[StaticPeer]) {
        let Reconfigured { gone, left_out } = self.roster.borrow_mut().set_static(self.clock.now_ms(), peers);
        for (address, error) in left_out {
            tracing::error!(%address, %error, "a peer of the configuration is left out");
        }
        for id in gone {
            tracing::info!(peer = %id, "a peer is no longer in the configuration");
            self.forget(&id);
        }
        self.dial();
        self.is_changed = true;
    }

    /// Disconnects a peer that the roster has forgotten.
    fn forget(&mut self, id: &PeerId) {
        let connection = self.hub.borrow().connection_of(id);
        self.disconnect(id, connection, "the peer was removed".into());
    }

    /// Has the list of peers written when it changed.
    fn save(&mut self) {
        let Some(stored) = self.roster.borrow_mut().take_changed(self.clock.now_ms()) else { return };
        if self.hub.borrow().server().save(stored).is_err() {
            self.roster.borrow_mut().store_again();
        }
    }

    fn publish(&mut self) {
        let now_ms = self.clock.now_ms();
        self.published_ms = now_ms;
        self.is_changed = false;
        let peers = self.infos(now_ms).into();
        let summary = self.summary(now_ms);
        self.published.publish(Snapshot { peers, summary });
    }

    fn infos(&self, now_ms: u64) -> Vec<PeerInfo> {
        let mut infos = self.roster.borrow().infos(now_ms);
        for (peer, status) in self.hub.borrow().statuses() {
            let Ok(at) = infos.binary_search_by_key(&peer, |info| info.id) else { continue };
            let age = |(heartbeat, at_ms)| (heartbeat, now_ms.saturating_sub(at_ms));
            let gossip = GossipInfo { heartbeat: status.heartbeat.map(age), metrics: status.metrics };
            infos.get_mut(at).expect("because it was just found").gossip = Some(gossip);
        }
        infos
    }

    fn summary(&self, now_ms: u64) -> Summary {
        let (roster, hub) = (self.roster.borrow(), self.hub.borrow());
        Summary {
            is_running: true,
            connected_peers: roster.connected_peers(),
            gossip_peers: hub.statuses().count(),
            synced_peers: hub.statuses().filter(|(_, status)| status.is_synced).count(),
            known_peers: roster.known_peers(),
            banned: roster.banned(now_ms),
            pending_connections: self.swarm.behaviour().gossip.incoming.pending(),
            gossip: hub.metrics(),
            dials: self.totals.dials,
            dials_failed: self.totals.dials_failed,
            connections_refused: self.totals.connections_refused,
            connections_failed: self.totals.connections_failed,
            streams_opened: hub.streams_opened(),
            misbehaviours: self.totals.misbehaviours,
            bans: self.totals.bans,
            broadcasts_dropped: self.mailbox.dropped(),
        }
    }

    /// Stores the peers and closes every connection, so that peers see it at once.
    async fn stop(mut self) {
        let stored = self.roster.borrow_mut().take_changed(self.clock.now_ms());
        if let Some(stored) = stored {
            self.hub.borrow().server().save_waiting(stored);
        }
        self.hub.borrow_mut().close_all();
        let peers: Vec<PeerId> = self.swarm.connected_peers().copied().collect();
        for peer in peers {
            self.disconnect(&peer, None, String::new());
        }
        let closing = async {
            while self.swarm.connected_peers().next().is_some() {
                self.swarm.select_next_some().await;
            }
        };
        if tokio::time::timeout(STOP_TIMEOUT, closing).await.is_err() {
            tracing::debug!("connections to peers were cut");
        }
    }
}

impl Drop for Host {
    /// Also when the thread panics: nobody would empty the mailbox any more.
    fn drop(&mut self) {
        self.mailbox.close();
    }
}
