//! One connection: opens the gossip stream when this node dialled, and takes it when the peer did.

use std::task::{Context, Poll};

use libp2p::Stream;
use libp2p::StreamProtocol;
use libp2p::core::upgrade::ReadyUpgrade;
use libp2p::swarm::handler::{
    ConnectionEvent, DialUpgradeError, FullyNegotiatedInbound, FullyNegotiatedOutbound,
};
use libp2p::swarm::{ConnectionHandler, ConnectionHandlerEvent, StreamUpgradeError, SubstreamProtocol};

use crate::info::Direction;
use crate::limits::NEGOTIATION_TIMEOUT;

/// The handler of one connection.
#[derive(Debug)]
pub(crate) struct Handler {
    protocol: StreamProtocol,
    step: Step,
}

/// There is exactly one gossip stream on a connection, opened by the side that dialled.
#[derive(Debug)]
enum Step {
    /// We dialled, and open the stream next.
    Open,
    /// We dialled, and the stream is being agreed on.
    Opening,
    /// The peer dialled, and is to open the stream.
    Await,
    /// What became of the stream is to be told.
    Tell(HandlerEvent),
    /// It was told.
    Done,
}

/// What became of the gossip stream of a connection.
#[derive(Debug)]
pub(crate) enum HandlerEvent {
    /// It is open.
    Opened(Stream),
    /// The peer does not agree on it.
    Failed(&'static str),
}

impl Handler {
    pub(crate) const fn new(protocol: StreamProtocol, direction: Direction) -> Self {
        let step = match direction {
            Direction::Outbound => Step::Open,
            Direction::Inbound => Step::Await,
        };
        Self { protocol, step }
    }

    fn substream(&self) -> SubstreamProtocol<ReadyUpgrade<StreamProtocol>> {
        SubstreamProtocol::new(ReadyUpgrade::new(self.protocol.clone()), ()).with_timeout(NEGOTIATION_TIMEOUT)
    }
}

impl ConnectionHandler for Handler {
    type FromBehaviour = std::convert::Infallible;
    type ToBehaviour = HandlerEvent;
    type InboundProtocol = ReadyUpgrade<StreamProtocol>;
    type OutboundProtocol = ReadyUpgrade<StreamProtocol>;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = ();

    fn listen_protocol(&self) -> SubstreamProtocol<Self::InboundProtocol> {
        self.substream()
    }

    /// Always: the host closes connections without a gossip stream, and others when their stream ends.
    fn connection_keep_alive(&self) -> bool {
        true
    }

    fn on_behaviour_event(&mut self, event: Self::FromBehaviour) {
        match event {}
    }

    fn on_connection_event(
        &mut self,
        event: ConnectionEvent<'_, Self::InboundProtocol, Self::OutboundProtocol>,
    ) {
        match (event, &self.step) {
            (
                ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound {
                    protocol: stream, ..
                }),
                Step::Opening,
            )
            | (
                ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound { protocol: stream, .. }),
                Step::Await,
            ) => self.step = Step::Tell(HandlerEvent::Opened(stream)),
            (ConnectionEvent::DialUpgradeError(DialUpgradeError { error, .. }), Step::Opening) => {
                let reason = match error {
                    StreamUpgradeError::Timeout => "the peer did not answer in time",
                    StreamUpgradeError::NegotiationFailed => "wrong network or not a gossip peer",
                    StreamUpgradeError::Io(_) => "the connection broke while the protocol was agreed on",
                    StreamUpgradeError::Apply(never) => match never {},
                };
                self.step = Step::Tell(HandlerEvent::Failed(reason));
            }
            // A second stream, or one from the side that was dialled, is dropped, which resets it.
            _ => {}
        }
    }

    fn poll(
        &mut self,
        _: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<Self::OutboundProtocol, (), Self::ToBehaviour>> {
        match std::mem::replace(&mut self.step, Step::Done) {
            Step::Open => {
                self.step = Step::Opening;
                Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol: self.substream() })
            }
            Step::Tell(event) => Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(event)),
            step @ (Step::Opening | Step::Await | Step::Done) => {
                self.step = step;
                Poll::Pending
            }
        }
    }
}
