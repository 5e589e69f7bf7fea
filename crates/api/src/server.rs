//! Listeners, worker threads and connections.
//!
//! One task per address accepts connections and hands each to the worker with the fewest. A worker is one thread with a
//! runtime of its own; a connection never moves. Handing over keeps the few long connections of a busy client spread
//! evenly, which a shared port (SO_REUSEPORT) would not, and a port that is in use by another program stays an error.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, watch};

use crate::client::{Caller, Client};
use crate::context::Context;
use crate::limits::{
    ACCEPT_RETRY, BACKLOG_CONNECTIONS, HANDOVER_CONNECTIONS_MAX, HEAD_BYTES_MAX, HEAD_TIMEOUT, HEADERS_MAX,
    LIST_THREADS_MAX, SAMPLE_INTERVAL, STOP_TIMEOUT, WRITE_TIMEOUT,
};
use crate::socket::{self, Stream, Watch};
use crate::{metrics, routes};

/// The name of threads that read long lists.
pub(crate) const LIST_THREAD: &str = "api-list";

/// Opens a listener.
pub(crate) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A port whose last connections are still being forgotten can be taken again; one in use cannot.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG_CONNECTIONS)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Tells everybody that the API stops: the value becomes true, or its owner is gone.
pub(crate) type Stop = watch::Receiver<bool>;

async fn stopped(stop: &mut Stop) {
    // An error means that the owner is gone, which is a stop too.
    drop(stop.wait_for(|stopped| *stopped).await);
}

/// What a worker serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Site {
    /// The routes.
    Api,
    /// The metrics; their worker also notes how the node gets on.
    Metrics,
}

/// A connection on its way to a worker, counted until it ends.
#[derive(Debug)]
pub(crate) struct Accepted {
    stream: TcpStream,
    client: Client,
    counted: [Counted; 2],
}

#[derive(Debug)]
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The accepting task's side of a worker.
#[derive(Clone, Debug)]
pub(crate) struct WorkerQueue {
    streams: mpsc::Sender<Accepted>,
    connections: Arc<AtomicUsize>,
}

/// A worker before its thread runs.
#[derive(Debug)]
pub(crate) struct Worker {
    runtime: Runtime,
    streams: mpsc::Receiver<Accepted>,
}

/// Makes a worker and its queue.
pub(crate) fn worker() -> io::Result<(WorkerQueue, Worker)> {
    let runtime = Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .max_blocking_threads(LIST_THREADS_MAX)
        .thread_name(LIST_THREAD)
        .build()?;
    let (sender, streams) = mpsc::channel(HANDOVER_CONNECTIONS_MAX);
    let queue = WorkerQueue { streams: sender, connections: Arc::default() };
    Ok((queue, Worker { runtime, streams }))
}

/// What the accepting tasks share.
#[derive(Clone, Debug)]
pub(crate) struct Acceptor {
    pub(crate) queues: Vec<WorkerQueue>,
    pub(crate) connections: Arc<AtomicUsize>,
    pub(crate) connections_max: usize,
}

impl Worker {
    /// Runs the worker until the API stops and its connections end. The first worker also accepts.
    pub(crate) fn run(
        self,
        site: Site,
        context: &Arc<Context>,
        stop: Stop,
        accepting: Vec<(TcpListener, Acceptor)>,
    ) {
        let Self { runtime, streams } = self;
        runtime.block_on(async {
            if site == Site::Metrics {
                tokio::spawn(note_progress(Arc::clone(context)));
            }
            for (listener, acceptor) in accepting {
                tokio::spawn(accept(listener, acceptor, stop.clone()));
            }
            take_connections(site, context, streams, stop).await;
        });
        // Lists that are still being read end by themselves and are not waited for.
        runtime.shutdown_background();
    }
}

async fn take_connections(
    site: Site,
    context: &Arc<Context>,
    mut streams: mpsc::Receiver<Accepted>,
    mut stop: Stop,
) {
    // Every connection holds a sender: receiving ends when the last one is gone.
    let (alive, mut all_ended) = mpsc::channel::<()>(1);
    let is_stopped = {
        let mut stop = stop.clone();
        async move { stopped(&mut stop).await }
    };
    let mut is_stopped = pin!(is_stopped);
    loop {
        let accepted = tokio::select! {
            accepted = streams.recv() => accepted,
            () = is_stopped.as_mut() => None,
        };
        let Some(accepted) = accepted else { break };
        let (context, stop, alive) = (Arc::clone(context), stop.clone(), alive.clone());
        tokio::spawn(async move {
            serve(site, context, accepted, stop).await;
            drop(alive);
        });
    }
    drop((alive, streams));
    stopped(&mut stop).await;
    // Nobody waits for proof of work when the node stops: it may take minutes.
    if let Some(miner) = &context.miner {
        miner.close();
    }
    // Connections end by themselves in that time; those that do not are dropped with the runtime.
    drop(tokio::time::timeout(STOP_TIMEOUT, all_ended.recv()).await);
}

/// Notes once a second how the node gets on, for the rates of a status. Ends with the runtime.
async fn note_progress(context: Arc<Context>) {
    let mut interval = tokio::time::interval(SAMPLE_INTERVAL);
    loop {
        interval.tick().await;
        context.note_progress(&context.node.view());
    }
}

async fn accept(listener: TcpListener, acceptor: Acceptor, mut stop: Stop) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "the API cannot accept connections"),
    };
    let mut is_stopped = pin!(stopped(&mut stop));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = is_stopped.as_mut() => return,
        };
        // The stream is taken off this thread's runtime, to be put on that of its worker.
        match accepted.and_then(|(stream, address)| Ok((stream.into_std()?, address))) {
            Ok((stream, address)) => acceptor.hand_over(stream, Client::of(address.ip())),
            Err(error) => {
                // Out of file descriptors, most likely: trying again at once would only burn the processor.
                tracing::warn!(%error, "a connection to the API could not be accepted");
                tokio::time::sleep(ACCEPT_RETRY).await;
            }
        }
    }
}

impl Acceptor {
    /// Gives a connection to the worker with the fewest, or closes it when there are too many.
    fn hand_over(&self, stream: TcpStream, client: Client) {
        if self.connections.load(Ordering::Relaxed) >= self.connections_max {
            return tracing::debug!("a connection was closed: too many are open");
        }
        let queue = self.queues.iter().min_by_key(|queue| queue.connections.load(Ordering::Relaxed));
        let Some(queue) = queue else { return };
        let counted = [Counted::new(&self.connections), Counted::new(&queue.connections)];
        if queue.streams.try_send(Accepted { stream, client, counted }).is_err() {
            tracing::debug!("a connection was closed: its worker is busy or stopping");
        }
    }
}

async fn serve(site: Site, context: Arc<Context>, accepted: Accepted, mut stop: Stop) {
    let Accepted { stream, client, counted } = accepted;
    let (stream, watch) = match prepare(stream) {
        Ok(watched) => watched,
        Err(error) => return tracing::debug!(%error, "a connection to the API was lost"),
    };
    let caller = Arc::new(Caller { client, watch });
    let service = service_fn(|request| {
        let (context, caller) = (Arc::clone(&context), Arc::clone(&caller));
        async move {
            Ok::<_, Infallible>(match site {
                Site::Api => routes::answer(context, &caller, request).await,
                Site::Metrics => metrics::answer(&context, &request),
            })
        }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_headers(HEADERS_MAX)
            .max_buf_size(HEAD_BYTES_MAX)
            .pipeline_flush(true)
            .serve_connection(TokioIo::new(stream), service)
    );
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // Clients that go away or send no HTTP are everyday life.
        tracing::debug!(%error, "a connection to the API ended");
    }
    drop(counted);
}

fn prepare(stream: TcpStream) -> io::Result<(Stream, Watch)> {
    stream.set_nodelay(true)?;
    SockRef::from(&stream).set_tcp_user_timeout(Some(WRITE_TIMEOUT))?;
    tokio::net::TcpStream::from_std(stream).map(socket::watched)
}
