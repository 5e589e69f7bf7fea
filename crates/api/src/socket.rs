//! The socket of a connection, which a request can watch while hyper reads and writes it.
//!
//! hyper sees that a client closed its connection only while it has read nothing behind the request: with a line end
//! there, or the next request, it reads no further before the answer. A [`Watch`] sees it then too. As for hyper, a
//! client that closes its sending side is gone: the two cannot be told apart before something is written.

use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// A socket to read and write.
#[derive(Debug)]
pub(crate) struct Stream {
    reading: OwnedReadHalf,
    writing: Arc<OwnedWriteHalf>,
}

/// The same socket, to see that it was closed at the other end.
#[derive(Debug)]
pub(crate) struct Watch(Arc<OwnedWriteHalf>);

/// Makes a socket one that can be watched.
pub(crate) fn watched(stream: TcpStream) -> (Stream, Watch) {
    let (reading, writing) = stream.into_split();
    let writing = Arc::new(writing);
    (Stream { reading, writing: Arc::clone(&writing) }, Watch(writing))
}

impl Watch {
    /// Waits until the client closes the connection, or its sending side, or the connection breaks. Never ready when
    /// the system does not let it be watched: what waits for it then ends as if nobody had looked.
    pub(crate) async fn closed(&self) {
        if let Err(error) = self.try_closed().await {
            tracing::debug!(%error, "a connection to the API cannot be watched");
            std::future::pending().await
        }
    }

    async fn try_closed(&self) -> io::Result<()> {
        let stream: &TcpStream = (*self.0).as_ref();
        // A descriptor of its own for as long as it watches: what it forgets of bytes that arrived, the one that reads
        // must not forget.
        let copy = std::net::TcpStream::from(stream.as_fd().try_clone_to_owned()?);
        let copy = TcpStream::from_std(copy)?;
        while !copy.ready(Interest::READABLE).await?.is_read_closed() {
            // Bytes arrived. As if they had been read in vain, it waits for what comes next.
            let nothing: io::Result<()> =
                copy.try_io(Interest::READABLE, || Err(io::ErrorKind::WouldBlock.into()));
            drop(nothing);
        }
        Ok(())
    }
}

impl Stream {
    /// Calls `write` until the socket takes something or fails.
    fn poll_with(
        &self,
        task: &mut Context<'_>,
        write: impl Fn(&TcpStream) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let stream: &TcpStream = (*self.writing).as_ref();
        loop {
            ready!(stream.poll_write_ready(task))?;
            match write(stream) {
                // Not ready after all, which the stream has noted.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => return Poll::Ready(written),
            }
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.reading).poll_read(task, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, task: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_with(task, |stream| stream.try_write(bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        task: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_with(task, |stream| stream.try_write_vectored(slices))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Nothing is kept back here.
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let stream: &TcpStream = (*self.writing).as_ref();
        Poll::Ready(SockRef::from(stream).shutdown(Shutdown::Write))
    }
}
