//! The handle through which everybody else reads the network and gives it commands.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use arc_swap::ArcSwap;
use libp2p::{Multiaddr, PeerId};
use osmia_engine::{Node, Reply};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::host;
use crate::info::{PeerInfo, Summary};
use crate::limits::COMMANDS_MAX;
use crate::link::Link;
use crate::options::{NetworkError, NetworkOptions, PeerError, StaticPeer};

/// A handle on the running network. Cloning it is cheap; any thread may use it.
#[derive(Clone, Debug)]
pub struct Network(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    peer_id: PeerId,
    commands: mpsc::Sender<Command>,
    published: Arc<Published>,
}

/// What the network thread publishes.
#[derive(Debug, Default)]
pub(crate) struct Published {
    snapshot: ArcSwap<Snapshot>,
    is_running: AtomicBool,
}

/// The peers and the numbers of one moment.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) peers: Arc<[PeerInfo]>,
    pub(crate) summary: Summary,
}

/// What the network thread is told to do.
#[derive(Debug)]
pub(crate) enum Command {
    Add { address: Multiaddr, alias: Option<String>, reply: OnceReply<PeerInfo> },
    Remove { id: PeerId, reply: OnceReply<()> },
    SetStatic(Vec<StaticPeer>),
    Stop,
}

/// The threads of the network. They run until [`RunningNetwork::stop`].
#[derive(Debug)]
#[must_use]
pub struct RunningNetwork {
    network: Network,
    addresses: Vec<Multiaddr>,
    threads: Vec<JoinHandle<()>>,
}

/// Starts the network of `node`, which was started with the sink of `link`.
///
/// # Errors
/// See [`NetworkError`].
pub fn start(link: Link, node: Node, options: NetworkOptions) -> Result<RunningNetwork, NetworkError> {
    let (commands, receiver) = mpsc::channel(COMMANDS_MAX);
    let published = Arc::new(Published::default());
    let peer_id = options.identity.peer_id();
    let started = host::start(link, node, options, receiver, Arc::clone(&published))?;
    let network = Network(Arc::new(Shared { peer_id, commands, published }));
    Ok(RunningNetwork { network, addresses: started.addresses, threads: started.threads })
}

impl Network {
    /// The known peers, and the unknown ones that are connected, at most 250 ms ago; ordered by id.
    #[must_use]
    pub fn peers(&self) -> Arc<[PeerInfo]> {
        Arc::clone(&self.0.published.snapshot.load().peers)
    }

    /// The network in numbers, at most 250 ms ago.
    #[must_use]
    pub fn summary(&self) -> Summary {
        Summary { is_running: self.is_running(), ..self.0.published.snapshot.load().summary }
    }

    /// Whether the network's threads run. They end only by [`RunningNetwork::stop`], or by a defect.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.0.published.is_running()
    }

    /// The id by which peers know this node.
    #[must_use]
    pub fn peer_id(&self) -> PeerId {
        self.0.peer_id
    }

    /// Makes a peer known, which is dialled from now on, also after a restart. `address` ends with `/p2p/` and its id. An
    /// unknown peer that is connected stays so; a known one gets one more address, and the alias when it has none.
    /// `reply` is called once, on the network's thread.
    pub fn add_peer(
        &self,
        address: Multiaddr,
        alias: Option<String>,
        reply: Reply<Result<PeerInfo, PeerError>>,
    ) {
        self.send(Command::Add { address, alias, reply: OnceReply::new(reply) });
    }

    /// Disconnects a peer and forgets it, with its ban. One of the configuration is back after a restart. `reply` is called
    /// once, on the network's thread.
    pub fn remove_peer(&self, id: PeerId, reply: Reply<Result<(), PeerError>>) {
        self.send(Command::Remove { id, reply: OnceReply::new(reply) });
    }

    /// Replaces the peers of the configuration: new ones are dialled, those that are missing are disconnected unless they
    /// were added at run time, too. Entries that cannot be used are logged and left out.
    pub fn set_static_peers(&self, peers: Vec<StaticPeer>) {
        self.send(Command::SetStatic(peers));
    }

    fn send(&self, command: Command) {
        match self.0.commands.try_send(command) {
            Ok(()) => {}
            Err(TrySendError::Full(command)) => command.refuse(PeerError::Busy),
            Err(TrySendError::Closed(command)) => command.refuse(PeerError::Stopped),
        }
    }
}

impl RunningNetwork {
    /// The handle.
    #[must_use]
    pub const fn network(&self) -> &Network {
        &self.network
    }

    /// Where the node listens, with `/p2p/` and its id: the ports are those that were really bound.
    #[must_use]
    pub fn addresses(&self) -> Vec<Multiaddr> {
        self.addresses.clone()
    }

    /// Closes every connection, stores the peers and ends the threads.
    pub fn stop(self) {
        if !self.join() {
            tracing::error!("the network had ended before it was stopped");
        }
    }

    /// Stops it; whether every thread worked until then.
    pub(crate) fn join(self) -> bool {
        // A full queue is emptied within a tick; one that is closed means that the thread has ended.
        let ran = self.network.0.commands.blocking_send(Command::Stop).is_ok();
        self.threads.into_iter().map(JoinHandle::join).fold(ran, |ran, joined| ran && joined.is_ok())
    }
}

impl Command {
    fn refuse(self, error: PeerError) {
        match self {
            Self::Add { reply, .. } => reply.call(Err(error)),
            Self::Remove { reply, .. } => reply.call(Err(error)),
            Self::SetStatic(_) => {
                tracing::error!(%error, "the peers of the configuration were not taken over")
            }
            Self::Stop => {}
        }
    }
}

impl Published {
    /// Publishes a new state.
    pub(crate) fn publish(&self, snapshot: Snapshot) {
        self.snapshot.store(Arc::new(snapshot));
    }

    pub(crate) fn is_running(&self) -> bool {
        self.is_running.load(Ordering::Acquire)
    }

    /// Marks the network as running until what is returned is dropped.
    pub(crate) fn run(self: Arc<Self>) -> Running {
        self.is_running.store(true, Ordering::Release);
        Running(self)
    }
}

impl Default for Snapshot {
    fn default() -> Self {
        Self { peers: Arc::from([]), summary: Summary::default() }
    }
}

/// While it lives, the network runs.
#[derive(Debug)]
pub(crate) struct Running(Arc<Published>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.is_running.store(false, Ordering::Release);
        if std::thread::panicking() {
            tracing::error!("the network stopped because of a fault of the program");
        }
    }
}

/// A reply that is called once whatever happens: when it is dropped uncalled, the network has stopped.
pub(crate) struct OnceReply<T>(Option<Reply<Result<T, PeerError>>>);

impl<T> OnceReply<T> {
    pub(crate) fn new(reply: Reply<Result<T, PeerError>>) -> Self {
        Self(Some(reply))
    }

    pub(crate) fn call(mut self, result: Result<T, PeerError>) {
        if let Some(reply) = self.0.take() {
            reply(result);
        }
    }
}

impl<T> Drop for OnceReply<T> {
    fn drop(&mut self) {
        if let Some(reply) = self.0.take() {
            reply(Err(PeerError::Stopped));
        }
    }
}

impl<T> fmt::Debug for OnceReply<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("OnceReply")
    }
}
