//! Starting the network thread and its listeners.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use libp2p::core::transport::ListenerId;
use libp2p::futures::StreamExt as _;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::SwarmEvent;
use libp2p::{Multiaddr, Swarm};
use osmia_engine::Node;
use osmia_wire::{Gossip, GossipOptions};
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng as _;
use tokio::sync::mpsc;
use tokio::task::LocalSet;

use super::{Host, LogLimit, Totals};
use crate::address;
use crate::behaviour::Behaviour;
use crate::clock::SteadyClock;
use crate::handle::{Command, Published};
use crate::hub::Hub;
use crate::limits::LISTEN_TIMEOUT;
use crate::link::Link;
use crate::options::{NetworkError, NetworkOptions};
use crate::roster::Roster;
use crate::roster_file::RosterFile;
use crate::serve::Server;
use crate::transport;

/// What was started.
pub(crate) struct Started {
    pub(crate) addresses: Vec<Multiaddr>,
    pub(crate) threads: Vec<JoinHandle<()>>,
}

/// What the network thread is made of.
struct Parts {
    link: Link,
    node: Node,
    options: NetworkOptions,
    server: Server,
    roster_file: RosterFile,
    commands: mpsc::Receiver<Command>,
    published: Arc<Published>,
}

/// Starts the threads, and waits until the network listens.
pub(crate) fn start(
    link: Link,
    node: Node,
    options: NetworkOptions,
    commands: mpsc::Receiver<Command>,
    published: Arc<Published>,
) -> Result<Started, NetworkError> {
    let roster_file = RosterFile::of(&options.folder);
    let failed = |error: std::io::Error| NetworkError::Start(error.to_string());
    let (server, serving) =
        Server::start(Arc::clone(node.store()), roster_file.clone(), Arc::clone(&link.mailbox))
            .map_err(failed)?;
    let parts = Parts { link, node, options, server, roster_file, commands, published };
    let (started, outcome) = sync_channel(1);
    let run = move || run(parts, &started);
    let network = std::thread::Builder::new().name("network".into()).spawn(run).map_err(failed)?;
    let addresses = outcome
        .recv()
        .unwrap_or_else(|_| Err(NetworkError::Start("the network's thread panicked".into())))?;
    Ok(Started { addresses, threads: vec![network, serving] })
}

/// The network thread.
fn run(parts: Parts, started: &SyncSender<Result<Vec<Multiaddr>, NetworkError>>) {
    let running = Arc::clone(&parts.published).run();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let made = runtime.map_err(|error| NetworkError::Start(error.to_string())).and_then(|runtime| {
        let (host, addresses) = runtime.block_on(make(parts))?;
        Ok((runtime, host, addresses))
    });
    let tell =
        |outcome| started.send(outcome).expect("because the thread that starts the network waits for it");
    match made {
        Ok((runtime, host, addresses)) => {
            tell(Ok(addresses));
            LocalSet::new().block_on(&runtime, host.run());
        }
        Err(error) => tell(Err(error)),
    }
    drop(running);
}

async fn make(parts: Parts) -> Result<(Host, Vec<Multiaddr>), NetworkError> {
    let Parts { link, node, options, server, roster_file, commands, published } = parts;
    let clock = SteadyClock::start();
    let own_id = options.identity.peer_id();
    let mut roster = Roster::new(own_id, options.unknown_peers_max, roster_file.read());
    let configured = roster.set_static(clock.now_ms(), &options.peers);
    if let Some((address, reason)) = configured.left_out.into_iter().next() {
        return Err(NetworkError::Peer { address, reason });
    }
    let roster = Rc::new(RefCell::new(roster));
    let mut swarm = transport::swarm(&options, clock, Rc::clone(&roster))?;
    let addresses = listen(&mut swarm, &options.listen).await?;
    for address in &options.external {
        swarm.add_external_address(address.clone());
    }
    let gossip = Gossip::new(GossipOptions { key: link.key });
    let hub = Hub::new(gossip, clock, node, server, Arc::clone(&link.mailbox));
    let mut host = Host {
        swarm,
        roster,
        hub: Rc::new(RefCell::new(hub)),
        mailbox: link.mailbox,
        clock,
        random: ChaCha12Rng::from_seed(options.seed),
        commands,
        published,
        published_ms: 0,
        is_changed: false,
        reasons: BTreeMap::new(),
        totals: Totals::default(),
        stranger_lines: LogLimit::default(),
    };
    host.publish();
    Ok((host, addresses.iter().map(|place| address::join(place, own_id)).collect()))
}

/// Binds every address; gives those that were bound.
async fn listen(swarm: &mut Swarm<Behaviour>, wanted: &[Multiaddr]) -> Result<Vec<Multiaddr>, NetworkError> {
    let mut waiting: Vec<(ListenerId, Multiaddr)> = Vec::new();
    let mut unavailable = None;
    for address in wanted {
        let error = match swarm.listen_on(address.clone()) {
            Ok(listener) => {
                waiting.push((listener, address.clone()));
                continue;
            }
            Err(error) => error,
        };
        let reason = super::dial_error::root(&error);
        let failed = NetworkError::Listen { address: address.clone(), reason };
        if !is_ipv6(address) || is_in_use(&error) {
            return Err(failed);
        }
        // The usual configuration names IPv4 and IPv6; a machine without IPv6 is no reason not to start.
        tracing::warn!(error = %failed, "this machine has no IPv6");
        unavailable = Some(failed);
    }
    if let (true, Some(failed)) = (waiting.is_empty(), unavailable) {
        return Err(failed);
    }
    let mut bound = Vec::new();
    while !waiting.is_empty() {
        let Ok(event) = tokio::time::timeout(LISTEN_TIMEOUT, swarm.select_next_some()).await else {
            let address = waiting.pop().map_or_else(Multiaddr::empty, |(_, address)| address);
            return Err(NetworkError::Listen { address, reason: "nothing happened for 5 s".into() });
        };
        if let SwarmEvent::NewListenAddr { listener_id, address } = event {
            waiting.retain(|(listener, _)| *listener != listener_id);
            tracing::debug!(%address, "listening for peers");
            bound.push(address);
        }
    }
    Ok(bound)
}

fn is_ipv6(address: &Multiaddr) -> bool {
    matches!(address.iter().next(), Some(Protocol::Ip6(_)))
}

fn is_in_use(error: &libp2p::TransportError<std::io::Error>) -> bool {
    match error {
        libp2p::TransportError::Other(error) => error.kind() == std::io::ErrorKind::AddrInUse,
        libp2p::TransportError::MultiaddrNotSupported(_) => true,
    }
}
