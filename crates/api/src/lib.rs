//! The REST API of a node: the core routes of TIP-13 over HTTP/1.1.
//!
//! Purpose: answer clients from the store and the latest [`osmia_engine::View`], and bring their messages to the
//! engine. Answers have the reference node's JSON, status codes and envelopes.
//!
//! Non-goals: no TLS, no authorization, no peers, no events and no dashboard; no rule of the protocol is decided here.
//!
//! Invariants:
//! - Everything a client can make grow is bounded ([`limits`]): head, body, all bodies together, lists, connections,
//!   messages waiting for proof of work.
//! - A request that is wrong changes nothing and gets an answer that names the rule; a panic in a handler becomes an
//!   answer 500 and ends nothing else.
//! - 201 goes out only after the engine has committed the message, so the next GET finds it.
//! - No handler locks the engine: reads go to the store, commands through the engine's bounded queues.
//!
//! Threads: one per worker with a current-thread runtime, the first of which also accepts; up to two more for each
//! that read long lists; plain threads for remote proof of work. Time is read in `clock` only.

mod addresses;
mod answer;
mod clock;
mod context;
mod cors;
pub mod limits;
mod messages;
mod milestones;
mod mine;
mod node_info;
mod options;
mod outputs;
mod random;
mod request;
mod routes;
mod server;
mod submit;

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use osmia_engine::Node;
use tokio::sync::watch;

pub use options::{ApiLimits, ApiOptions, Cors, Origin, standard_threads};

use crate::context::Context;
use crate::mine::Miner;
use crate::random::Random;
use crate::request::BodyBudget;
use crate::server::Acceptor;

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
        let addresses: Vec<_> =
            listeners.iter().map(std::net::TcpListener::local_addr).collect::<Result<_, _>>()?;
        let workers: Vec<_> =
            (0..options.threads.get()).map(|_| server::worker()).collect::<Result<_, _>>()?;
        let random = Arc::new(Random::from_system().map_err(ApiError::Randomness)?);
        let mut threads = Vec::new();
        let miner = match options.remote_pow {
            Some(count) => Some(Miner::start(&node, &random, count, &mut threads)?),
            None => None,
        };
        let (queues, workers): (Vec<_>, Vec<_>) = workers.into_iter().unzip();
        let connections_max = options.limits.connections_max;
        let acceptor = Acceptor { queues, connections: Arc::default(), connections_max };
        let context = Arc::new(Context { node, options, miner, bodies: BodyBudget::default(), random });
        let (stop, stopped) = watch::channel(false);
        let mut accepting: Vec<_> =
            listeners.into_iter().map(|listener| (listener, acceptor.clone())).collect();
        for (number, worker) in workers.into_iter().enumerate() {
            let (context, stopped, accepting) =
                (Arc::clone(&context), stopped.clone(), std::mem::take(&mut accepting));
            let run = move || worker.run(&context, stopped, accepting);
            threads.push(std::thread::Builder::new().name(format!("api-{number}")).spawn(run)?);
        }
        Ok(ApiHandle { addresses, stop, threads })
    }
}

fn listen(address: SocketAddr) -> Result<std::net::TcpListener, ApiError> {
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

    /// Stops the API: no new connection is accepted, running requests are finished, for at most two seconds.
    pub fn stop(self) {
        let Self { addresses: _, stop, threads } = self;
        stop.send_replace(true);
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a thread of the API panicked");
            }
        }
    }
}
