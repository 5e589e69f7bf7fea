//! How an API is started.

use std::net::SocketAddr;
use std::num::NonZeroUsize;

use hyper::header::{HeaderValue, InvalidHeaderValue};
use osmia_network::Network;

use crate::limits;

/// Everything an API is told when it starts.
#[derive(Clone, Debug)]
pub struct ApiOptions {
    /// Where to listen; none serves metrics only. Port 0 lets the system choose one.
    pub addresses: Vec<SocketAddr>,
    /// Threads that answer requests.
    pub threads: NonZeroUsize,
    /// Proof of work for clients; `None` answers such requests with an error.
    pub remote_pow: Option<RemotePow>,
    /// Which web pages may use the API.
    pub cors: Cors,
    /// Bounds on requests and answers.
    pub limits: ApiLimits,
    /// The node's gossip; `None` for a node without.
    pub network: Option<Network>,
    /// Whether routes that change the node answer; otherwise they answer 403. Whoever reaches the API may use them.
    pub control: bool,
    /// Where Prometheus metrics are served, on a listener of their own; `None` for nowhere.
    pub metrics: Option<SocketAddr>,
    /// Whether the node is healthy without a gossip peer, as the only node of a private network is.
    pub healthy_without_peers: bool,
    /// The name of the node software that /api/v1/info tells.
    pub node_name: String,
    /// The version that /api/v1/info tells.
    pub node_version: String,
}

/// How much proof of work is done for clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemotePow {
    /// Threads, each of which mines one message at a time, at a priority below that of the node's other threads. At most
    /// [`limits::POW_THREADS_MAX`]: more count as so many.
    pub threads: NonZeroUsize,
    /// Messages that may wait for one of them, of all clients together. At most [`limits::POW_QUEUE_MAX`]: more count as
    /// so many.
    pub queue_max: NonZeroUsize,
}

impl RemotePow {
    /// The same within its bounds.
    pub(crate) fn bounded(self) -> Self {
        const THREADS_MAX: NonZeroUsize =
            NonZeroUsize::new(limits::POW_THREADS_MAX).expect("because the bound is not 0");
        const QUEUE_MAX: NonZeroUsize =
            NonZeroUsize::new(limits::POW_QUEUE_MAX).expect("because the bound is not 0");
        Self { threads: self.threads.min(THREADS_MAX), queue_max: self.queue_max.min(QUEUE_MAX) }
    }
}

/// Bounds on requests and answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApiLimits {
    /// Bytes of a request's body.
    pub body_bytes_max: usize,
    /// Entries of a list in an answer; clients are told as `maxResults`.
    pub results_max: u32,
    /// Connections open at once; more are closed as they come.
    pub connections_max: usize,
}

impl ApiLimits {
    /// The reference node's: bodies of 1 MB, lists of 1 000 entries; and 1 024 connections.
    #[must_use]
    pub const fn standard() -> Self {
        Self {
            body_bytes_max: limits::BODY_BYTES_MAX,
            results_max: limits::RESULTS_MAX,
            connections_max: limits::CONNECTIONS_MAX,
        }
    }
}

/// Which web pages a browser lets use the API (the Fetch standard's CORS protocol).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cors {
    /// Every page, as in the reference node.
    AnyOrigin,
    /// Pages of these origins only.
    Origins(Vec<Origin>),
}

/// The origin of a web page: scheme, host and port, for example `https://explorer.example`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(pub(crate) HeaderValue);

impl Origin {
    /// An origin, written as browsers send it.
    ///
    /// # Errors
    /// When the text cannot be the value of a header.
    pub fn new(text: &str) -> Result<Self, InvalidHeaderValue> {
        HeaderValue::from_str(text).map(Self)
    }

    /// As browsers send it; empty when it has other than visible ASCII characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }
}

/// Threads an API uses when nobody chose: half the cores, at least one and at most four. The engine, the verify pool and
/// RocksDB want the others; on two cores a second API thread raised the p99 of submissions (docs/measurements.md).
#[must_use]
pub fn standard_threads() -> NonZeroUsize {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    NonZeroUsize::new((cores / 2).min(limits::THREADS_MAX)).unwrap_or(NonZeroUsize::MIN)
}
