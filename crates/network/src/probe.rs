//! A bare gossip stream to a node, without a node behind it: for measuring nodes and for trying them with bytes that no
//! node sends. It knows no packets, keeps no rules and never answers by itself.

use std::task::{Context, Poll};
use std::thread::JoinHandle;

use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::futures::{AsyncReadExt as _, AsyncWriteExt as _, StreamExt as _};
use libp2p::swarm::{
    self, ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, SwarmEvent, THandler, THandlerInEvent,
    THandlerOutEvent, ToSwarm,
};
use libp2p::{Multiaddr, PeerId, Stream, StreamProtocol, Swarm};
use osmia_primitives::NetworkId;
use tokio::sync::mpsc;

use crate::behaviour::protocol_name;
use crate::handler::{Handler, HandlerEvent};
use crate::identity::Identity;
use crate::info::Direction;
use crate::limits::{PROBE_CHUNK_BYTES, PROBE_CHUNKS_MAX};
use crate::options::NetworkError;
use crate::transport::transport;

/// A gossip stream that this process dialled. Dropping both halves closes it.
#[derive(Debug)]
pub struct Probe {
    /// What to send.
    pub sender: ProbeSender,
    /// What the node sent.
    pub receiver: ProbeReceiver,
    thread: JoinHandle<()>,
}

/// The sending half.
#[derive(Clone, Debug)]
pub struct ProbeSender(mpsc::Sender<Vec<u8>>);

/// The receiving half.
#[derive(Debug)]
pub struct ProbeReceiver(mpsc::Receiver<Vec<u8>>);

impl Probe {
    /// Connects to the node at `address` and opens the gossip stream of `network_id`. Waits until it is open.
    ///
    /// # Errors
    /// When there is no such node, or it does not agree on the stream.
    pub fn dial(
        address: Multiaddr,
        network_id: NetworkId,
        identity: &Identity,
    ) -> Result<Self, NetworkError> {
        let failed = |reason: String| NetworkError::Start(reason);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| failed(error.to_string()))?;
        let (to_node, outgoing) = mpsc::channel(PROBE_CHUNKS_MAX);
        let (incoming, from_node) = mpsc::channel(PROBE_CHUNKS_MAX);
        let (opened, is_open) = crossbeam_channel::bounded(1);
        let identity = identity.clone();
        let run = move || {
            let connected = connect(address, network_id, &identity, outgoing, incoming, &opened);
            if let Err(reason) = runtime.block_on(connected) {
                // Nobody waits any more when the stream was open before.
                drop(opened.try_send(Err(reason)));
            }
        };
        let thread = std::thread::Builder::new().name("probe".into()).spawn(run);
        let thread = thread.map_err(|error| failed(error.to_string()))?;
        match is_open.recv() {
            Ok(Ok(())) => {
                Ok(Self { sender: ProbeSender(to_node), receiver: ProbeReceiver(from_node), thread })
            }
            Ok(Err(reason)) => Err(failed(reason)),
            Err(_) => Err(failed("the probe's thread ended".to_owned())),
        }
    }

    /// Closes the stream and waits for its thread.
    pub fn close(self) {
        drop((self.sender, self.receiver));
        if self.thread.join().is_err() {
            tracing::error!("a probe panicked");
        }
    }

    /// Both halves, for different threads; the stream is closed when both are dropped.
    #[must_use]
    pub fn split(self) -> (ProbeSender, ProbeReceiver) {
        (self.sender, self.receiver)
    }
}

impl ProbeSender {
    /// Sends bytes as they are; waits while the node does not read. `false` when the stream is closed.
    #[must_use]
    pub fn send(&self, bytes: Vec<u8>) -> bool {
        self.0.blocking_send(bytes).is_ok()
    }
}

impl ProbeReceiver {
    /// The next bytes; waits for them. `None` when the stream is closed.
    pub fn receive(&mut self) -> Option<Vec<u8>> {
        self.0.blocking_recv()
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "libp2p may add events; what decides something is named")]
async fn connect(
    address: Multiaddr,
    network_id: NetworkId,
    identity: &Identity,
    outgoing: mpsc::Receiver<Vec<u8>>,
    incoming: mpsc::Sender<Vec<u8>>,
    opened: &crossbeam_channel::Sender<Result<(), String>>,
) -> Result<(), String> {
    let transport = transport(identity).map_err(|error| error.to_string())?;
    let config = swarm::Config::with_tokio_executor();
    let behaviour = Bare { protocol: protocol_name(network_id), event: None };
    let mut swarm = Swarm::new(transport, behaviour, identity.peer_id(), config);
    swarm.dial(address).map_err(|error| error.to_string())?;
    let stream = loop {
        match swarm.select_next_some().await {
            SwarmEvent::Behaviour(HandlerEvent::Opened(stream)) => break stream,
            SwarmEvent::Behaviour(HandlerEvent::Failed(reason)) => return Err(reason.to_owned()),
            SwarmEvent::OutgoingConnectionError { error, .. } => return Err(error.to_string()),
            SwarmEvent::ConnectionClosed { .. } => return Err("the node closed the connection".to_owned()),
            _ => {}
        }
    };
    // The caller waits for this alone.
    drop(opened.try_send(Ok(())));
    tokio::select! {
        () = pump(stream, outgoing, incoming) => {}
        () = async { loop { swarm.select_next_some().await; } } => {}
    }
    Ok(())
}

/// Moves bytes until both directions have ended.
async fn pump(stream: Stream, mut outgoing: mpsc::Receiver<Vec<u8>>, incoming: mpsc::Sender<Vec<u8>>) {
    let (mut read, mut write) = stream.split();
    let reading = async move {
        let mut chunk = vec![0; PROBE_CHUNK_BYTES];
        while let Ok(count @ 1..) = read.read(&mut chunk).await {
            let bytes = chunk.get(..count).unwrap_or_default().to_vec();
            if incoming.send(bytes).await.is_err() {
                return;
            }
        }
    };
    let writing = async move {
        while let Some(bytes) = outgoing.recv().await {
            if write.write_all(&bytes).await.is_err() || write.flush().await.is_err() {
                return;
            }
        }
    };
    tokio::join!(reading, writing);
}

/// Opens the stream, and does nothing else.
#[derive(Debug)]
struct Bare {
    protocol: StreamProtocol,
    event: Option<HandlerEvent>,
}

impl NetworkBehaviour for Bare {
    type ConnectionHandler = Handler;
    type ToSwarm = HandlerEvent;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(Handler::new(self.protocol.clone(), Direction::Inbound))
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(Handler::new(self.protocol.clone(), Direction::Outbound))
    }

    fn on_swarm_event(&mut self, _: FromSwarm<'_>) {}

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        self.event = Some(event);
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        self.event.take().map_or(Poll::Pending, |event| Poll::Ready(ToSwarm::GenerateEvent(event)))
    }
}
