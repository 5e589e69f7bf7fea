//! The REST API of a node: the core routes of TIP-13 over HTTP/1.1, routes of our own for operators, and metrics.
//!
//! Purpose: answer clients from the store and the latest [`osmia_engine::View`], and bring their messages to the
//! engine. Answers have the reference node's JSON, status codes and envelopes.
//!
//! Non-goals: no TLS, no authorization, no events and no dashboard; no rule of the protocol is decided here.
//!
//! Invariants:
//! - Everything a client can make grow is bounded ([`limits`]): head, body, all bodies together, lists, connections,
//!   messages waiting for proof of work.
//! - A request that is wrong changes nothing and gets an answer that names the rule; a panic in a handler becomes an
//!   answer 500 and ends nothing else.
//! - 201 goes out only after the engine has committed the message, so the next GET finds it.
//! - No handler locks the engine: reads go to the store, commands through the engine's bounded queues.
//!
//! - Routes that change the node answer only where they are switched on, and to no web page that was not named.
//!
//! Threads: one for metrics, which also notes how the node gets on; one per worker with a current-thread runtime, the first of which also accepts; up to two more for each
//! that read long lists; plain threads for remote proof of work, at a priority below that of the node's others. Time is read in `clock` only.

mod addresses;
mod answer;
mod client;
mod clock;
mod context;
mod cors;
pub mod limits;
mod messages;
mod metrics;
mod milestones;
mod mine;
mod node_info;
mod options;
mod outputs;
mod peers;
mod process;
mod progress;
mod random;
mod request;
mod request_counters;
mod routes;
mod server;
mod socket;
mod status;
mod submit;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use osmia_engine::Node;
use tokio::sync::watch;

pub use options::{ApiLimits, ApiOptions, Cors, Origin, RemotePow, standard_threads};

use crate::context::Context;
use crate::limits::METRICS_CONNECTIONS_MAX;
use crate::mine::{Miner, NodeGround};
use crate::progress::Progress;
use crate::random::Random;
use crate::request::BodyBudget;
use crate::request_counters::RequestCounters;
use crate::server::{Acceptor, Site, Worker};

/// The names of this crate's threads; some have a number behind it. A panic in one of them is answered with 500, or costs
/// the thread, and is no reason to end the node.
pub const THREAD_NAMES: [&str; 4] = [WORKER_THREAD, server::LIST_THREAD, mine::THREAD, METRICS_THREAD];

const WORKER_THREAD: &str = "api-";
const METRICS_THREAD: &str = "metrics";

/// Why an API could not start.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The address is in use.
    #[error(
        "{address} is in use: stop the program that listens there, or choose another address for the API"
    )]
    AddressInUse {
        /// The address.
        address: SocketAddr,
    },
    /// The address cannot be listened on.
    #[error(
        "the API cannot listen on {address}: {source}; choose an address of this machine and a port above 1023"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// A thread or a runtime could not be started.
    #[error("the API cannot start its threads: {0}")]
    Thread(#[from] std::io::Error),
    /// The system gives no randomness.
    #[error("the system gives no randomness: {0}")]
    Randomness(getrandom::Error),
}

/// The API of a node.
#[derive(Debug)]
pub struct Api;

/// A running API. Dropping it stops it too, without waiting.
#[derive(Debug)]
pub struct ApiHandle {
    addresses: Vec<SocketAddr>,
    metrics: Option<SocketAddr>,
    stop: watch::Sender<bool>,
    threads: Vec<JoinHandle<()>>,
}

impl Api {
    /// Listens and starts to answer.
    ///
    /// # Errors
    /// See [`ApiError`]; nothing runs then.
    pub fn start(node: Node, options: ApiOptions) -> Result<ApiHandle, ApiError> {
        let listeners: Vec<_> = options.addresses.iter().copied().map(listen).collect::<Result<_, _>>()?;
        let addresses: Vec<_> = listeners.iter().map(TcpListener::local_addr).collect::<Result<_, _>>()?;
        let metrics_listener = options.metrics.map(listen).transpose()?;
        let metrics = metrics_listener.as_ref().map(TcpListener::local_addr).transpose()?;
        let (metrics_queue, metrics_worker) = server::worker()?;
        let workers: Vec<_> =
            (0..options.threads.get()).map(|_| server::worker()).collect::<Result<_, _>>()?;
        let random = Arc::new(Random::from_system().map_err(ApiError::Randomness)?);
        let mut threads = Vec::new();
        let miner = match options.remote_pow {
            Some(remote_pow) => {
                let ground = NodeGround { node: node.clone(), random: Arc::clone(&random) };
                let min_pow_score = node.parameters().min_pow_score;
                Some(Miner::start(remote_pow, min_pow_score, ground, &mut threads)?)
            }
            None => None,
        };
        let (queues, workers): (Vec<_>, Vec<_>) = workers.into_iter().unzip();
        let connections_max = options.limits.connections_max;
        let connections = Arc::default();
        let acceptor = Acceptor { queues, connections: Arc::clone(&connections), connections_max };
        let context = Arc::new(Context {
            node,
            options,
            miner,
            bodies: BodyBudget::default(),
            random,
            progress: Progress::start(),
            requests: RequestCounters::default(),
            connections,
        });
        let (stop, stopped) = watch::channel(false);
        let mut accepting = accepting(listeners, &acceptor);
        for (number, worker) in workers.into_iter().enumerate() {
            let serving = Serving { site: Site::Api, accepting: std::mem::take(&mut accepting) };
            threads.push(serve(&format!("{WORKER_THREAD}{number}"), worker, serving, &context, &stopped)?);
        }
        let acceptor = Acceptor {
            queues: vec![metrics_queue],
            connections: Arc::default(),
            connections_max: METRICS_CONNECTIONS_MAX,
        };
        let accepting = self::accepting(metrics_listener, &acceptor);
        let serving = Serving { site: Site::Metrics, accepting };
        threads.push(serve(METRICS_THREAD, metrics_worker, serving, &context, &stopped)?);
        Ok(ApiHandle { addresses, metrics, stop, threads })
    }
}

/// What a worker is for.
struct Serving {
    site: Site,
    /// Where it accepts connections, for itself and its fellows.
    accepting: Vec<(TcpListener, Acceptor)>,
}

/// Starts the thread of a worker.
fn serve(
    name: &str,
    worker: Worker,
    serving: Serving,
    context: &Arc<Context>,
    stopped: &watch::Receiver<bool>,
) -> Result<JoinHandle<()>, ApiError> {
    let (context, stopped) = (Arc::clone(context), stopped.clone());
    let run = move || worker.run(serving.site, &context, stopped, serving.accepting);
    Ok(std::thread::Builder::new().name(name.to_owned()).spawn(run)?)
}

fn accepting(
    listeners: impl IntoIterator<Item = TcpListener>,
    acceptor: &Acceptor,
) -> Vec<(TcpListener, Acceptor)> {
    listeners.into_iter().map(|listener| (listener, acceptor.clone())).collect()
}

fn listen(address: SocketAddr) -> Result<TcpListener, ApiError> {
    server::listen(address).map_err(|source| {
        if source.kind() == std::io::ErrorKind::AddrInUse {
            ApiError::AddressInUse { address }
        } else {
            ApiError::Listen { address, source }
        }
    })
}

impl ApiHandle {
    /// Where the API listens, with the ports the system chose.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Where metrics are served, with the port the system chose.
    #[must_use]
    pub const fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics
    }

    /// Stops the API: no new connection is accepted, running requests are finished, for at most two seconds. Proof of
    /// work is not: its requests are answered that the node is stopping.
    pub fn stop(self) {
        let Self { addresses: _, metrics: _, stop, threads } = self;
        stop.send_replace(true);
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a thread of the API panicked");
            }
        }
    }
}
