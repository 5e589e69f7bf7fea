//! Yamux with a bound on what a peer can make this node hold.
//!
//! libp2p's own wrapper leaves the receive window of a connection at the default, one gibibyte: a fast peer whose bytes nobody
//! reads would fill it. Here the windows of one connection have a bound that fits the memory of the smallest machine.

use std::collections::VecDeque;
use std::future::{Ready, ready};
use std::io;
use std::iter::{Once, once};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use libp2p::core::StreamMuxer;
use libp2p::core::muxing::StreamMuxerEvent;
use libp2p::core::upgrade::{InboundConnectionUpgrade, OutboundConnectionUpgrade, UpgradeInfo};
use libp2p::futures::{AsyncRead, AsyncWrite};
use yamux::{Connection, ConnectionError, Mode, Stream};

use crate::limits::{CONNECTION_WINDOW_BYTES, STREAMS_MAX};

/// Makes streams of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Upgrade;

/// The streams of a connection.
pub(crate) struct Muxer<C> {
    connection: Connection<C>,
    /// Streams the peer opened that were not taken yet.
    arrived: VecDeque<Stream>,
    /// Who waits for one.
    waiting: Option<Waker>,
}

impl Upgrade {
    fn start<C: AsyncRead + AsyncWrite + Unpin>(socket: C, mode: Mode) -> Ready<io::Result<Muxer<C>>> {
        let mut config = yamux::Config::default();
        config.set_max_num_streams(STREAMS_MAX);
        config.set_max_connection_receive_window(Some(CONNECTION_WINDOW_BYTES));
        let connection = Connection::new(socket, config, mode);
        ready(Ok(Muxer { connection, arrived: VecDeque::new(), waiting: None }))
    }
}

impl UpgradeInfo for Upgrade {
    type Info = &'static str;
    type InfoIter = Once<Self::Info>;

    fn protocol_info(&self) -> Self::InfoIter {
        once("/yamux/1.0.0")
    }
}

impl<C: AsyncRead + AsyncWrite + Unpin> InboundConnectionUpgrade<C> for Upgrade {
    type Output = Muxer<C>;
    type Error = io::Error;
    type Future = Ready<io::Result<Self::Output>>;

    fn upgrade_inbound(self, socket: C, _: Self::Info) -> Self::Future {
        Self::start(socket, Mode::Server)
    }
}

impl<C: AsyncRead + AsyncWrite + Unpin> OutboundConnectionUpgrade<C> for Upgrade {
    type Output = Muxer<C>;
    type Error = io::Error;
    type Future = Ready<io::Result<Self::Output>>;

    fn upgrade_outbound(self, socket: C, _: Self::Info) -> Self::Future {
        Self::start(socket, Mode::Client)
    }
}

impl<C: AsyncRead + AsyncWrite + Unpin> StreamMuxer for Muxer<C> {
    type Substream = Stream;
    type Error = ConnectionError;

    fn poll_inbound(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Result<Self::Substream, Self::Error>> {
        if let Some(stream) = self.arrived.pop_front() {
            return Poll::Ready(Ok(stream));
        }
        self.waiting = Some(context.waker().clone());
        Poll::Pending
    }

    fn poll_outbound(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Result<Self::Substream, Self::Error>> {
        self.connection.poll_new_outbound(context)
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.connection.poll_close(context)
    }

    /// Everything on the connection moves only while this is called.
    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Result<StreamMuxerEvent, Self::Error>> {
        match self.connection.poll_next_inbound(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(None) => Poll::Ready(Err(ConnectionError::Closed)),
            Poll::Ready(Some(Err(error))) => Poll::Ready(Err(error)),
            Poll::Ready(Some(Ok(stream))) => {
                // One that finds no room is dropped, which resets it.
                if self.arrived.len() < STREAMS_MAX {
                    self.arrived.push_back(stream);
                }
                if let Some(waiting) = self.waiting.take() {
                    waiting.wake();
                }
                // There may be more; others have their turn first.
                context.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }
}
