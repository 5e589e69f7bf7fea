//! `osmia run`: one node of a network.

mod chain;
mod progress;
mod watch;

use std::path::Path;
use std::sync::Arc;

use osmia_api::{Api, ApiHandle, ApiLimits, ApiOptions};
use osmia_engine::{CoordinatorOptions, CoordinatorStart, Node, NodeOptions, RunningNode, milestones};
use osmia_network::{
    Identity, Link, Multiaddr, Network, NetworkOptions, RunningNetwork, StaticPeer, parse_peer_address,
};
use osmia_primitives::ed25519::SecretKey;
use osmia_store::{Recovery, Store, StoreOptions};

use crate::cli::RunArgs;
use crate::clock;
use crate::config::{Config, PeerConfig};
use crate::data_folder::{DATABASE, DataFolder};
use crate::ending::{Ended, limit_stop_time, stop};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files;
use crate::keys;
use crate::limits::{COORDINATOR_QUIET_MAX, COORDINATOR_QUIET_MIN, SMALL_FILE_BYTES_MAX, VERIFY_THREADS_MAX};
use crate::logging;
use crate::networks::NetworkChoice;
use crate::panics;
use crate::private_net::{NetworkError, check_address, half_of_cores};
use crate::run::chain::FirstLedger;
use crate::run::watch::Watched;
use crate::stop_signal::{Hangup, StopSignal};

/// Set by a program that runs nodes as its children: they stop when it ends, however it ends.
pub(crate) const STOP_WITH_PARENT: &str = "OSMIA_STOP_WITH_PARENT";

/// Runs a node until a signal stops it, or it has to stop.
///
/// # Errors
/// [`Failure`] of everything that is wired here.
pub(crate) fn run(args: &RunArgs) -> Result<Exit, Failure> {
    let config = Config::load(args)?;
    logging::start(&config.log.level, config.log.format);
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    panics::end_the_process_for_vital_threads();
    stop_with_parent();
    let signal = StopSignal::install(Hangup::Reloads)?;
    let path = std::path::absolute(&config.node.data)?;
    let found = DataFolder::open(&path)?;
    // Everything that can be found wrong is found before the first file is touched.
    let choice = chain::network(&config, &path)?;
    if !path.join(DATABASE).exists() {
        FirstLedger::of(&config, &choice).check()?;
    }
    let coordinator_keys = coordinator_keys(&config)?;
    for address in [config.api.listen, config.metrics.listen].into_iter().flatten() {
        check_address(address)?;
    }
    let mut peers = peers(&config, &choice)?;
    let folder = match found {
        Some(folder) => folder,
        None => DataFolder::create(&path)?,
    };
    let identity = identity(&config, &folder)?;
    if config.gossip.peers.is_empty() {
        // The network's description may name this very node.
        let own = format!("/p2p/{}", identity.peer_id());
        peers.retain(|peer| !peer.address.to_string().ends_with(&own));
    }
    tracing::info!(network = %choice.parameters().network_name, peer_id = %identity.peer_id(), "starting");
    let store = open_database(&config, &folder, &choice, &signal)?;
    let link = Link::new(keys::random().map_err(NetworkError::Secrets)?);
    let running = start_node(Arc::clone(&store), &config, &choice, coordinator_keys, &link)?;
    let ended = start_network(&config, &choice, identity, peers, &folder, link, running.node().clone())
        .and_then(|network| serve(&config, &choice, &running, &signal, network));
    stop(running, store);
    match ended? {
        Ended::Asked(by) => {
            tracing::info!(by, "stopped");
            Ok(Exit::Success)
        }
        Ended::Halted(reason) => Err(Failure::Halted(format!("the node stopped: {reason}"))),
    }
}

/// The key of a data folder's node.
pub(crate) fn identity(config: &Config, folder: &DataFolder) -> Result<Identity, Failure> {
    match &config.gossip.identity_key {
        Some(key) => Ok(Identity::from_seed(key.seed())),
        None => Ok(Identity::load_or_create(&folder.identity())?),
    }
}

/// The peers of the configuration as the network takes them.
pub(crate) fn static_peers(peers: &[PeerConfig]) -> Result<Vec<StaticPeer>, Failure> {
    let read = |peer: &PeerConfig| match parse_peer_address(&peer.address) {
        Ok(address) => Ok(StaticPeer { address, alias: peer.alias.clone() }),
        Err(error) => Err(Failure::Peer { address: peer.address.clone(), reason: error.to_string() }),
    };
    peers.iter().map(read).collect()
}

/// The peers to begin with: those of the configuration, or else those the network's description names.
fn peers(config: &Config, choice: &NetworkChoice) -> Result<Vec<StaticPeer>, Failure> {
    if !config.gossip.peers.is_empty() {
        return static_peers(&config.gossip.peers);
    }
    let described = choice.description.gossip_peers.iter();
    let described = described.map(|address| PeerConfig { address: address.clone(), alias: None });
    static_peers(&described.collect::<Vec<_>>())
}

/// Runs the API, with the metrics, while the node runs; ends the network.
fn serve(
    config: &Config,
    choice: &NetworkChoice,
    running: &RunningNode,
    signal: &StopSignal,
    network: RunningNetwork,
) -> Result<Ended, Failure> {
    let node = running.node();
    let ended = start_api(config, node.clone(), network.network().clone()).map(|api| {
        tell_start(choice, api.as_ref(), &network);
        let ended = watch::until_end(&Watched { config, node, network: network.network(), signal });
        limit_stop_time(ended.exit());
        if let Some(api) = api {
            api.stop();
        }
        ended
    });
    network.stop();
    ended
}

fn tell_start(choice: &NetworkChoice, api: Option<&ApiHandle>, network: &RunningNetwork) {
    for address in network.addresses() {
        tracing::info!(%address, "listening for peers");
    }
    for address in api.into_iter().flat_map(ApiHandle::addresses) {
        tracing::info!(url = %format_args!("http://{address}"), "the API answers");
    }
    if let Some(address) = api.and_then(ApiHandle::metrics_address) {
        tracing::info!(url = %format_args!("http://{address}/metrics"), "metrics for Prometheus");
    }
    tracing::info!(network = %choice.parameters().network_name, "running");
}

/// A child of another osmia process must not outlive it.
fn stop_with_parent() {
    if std::env::var_os(STOP_WITH_PARENT).is_none() {
        return;
    }
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM))
    {
        tracing::warn!(%error, "this node does not stop by itself when the program that started it is killed");
    }
}

fn coordinator_keys(config: &Config) -> Result<Option<Vec<SecretKey>>, Failure> {
    let Some(path) = &config.coordinator.keys else { return Ok(None) };
    files::warn_when_readable_by_others(path);
    let keys = keys::parse_keys(&files::read_text(path, SMALL_FILE_BYTES_MAX)?);
    keys.map(Some).map_err(|source| NetworkError::CoordinatorKeys { path: path.clone(), source }.into())
}

/// Opens the database, and loads the first ledger into a new one.
fn open_database(
    config: &Config,
    folder: &DataFolder,
    choice: &NetworkChoice,
    signal: &StopSignal,
) -> Result<Arc<Store>, Failure> {
    let recovery = if config.node.recover { Recovery::UpToDamage } else { Recovery::CompleteLog };
    let options = StoreOptions { recovery, ..StoreOptions::small_machine() };
    let store = Store::open(&folder.database(), &options)?;
    if !osmia_engine::genesis::is_loaded(&store)? {
        FirstLedger::of(config, choice).load(&store, signal)?;
    }
    Ok(Arc::new(store))
}

fn start_node(
    store: Arc<Store>,
    config: &Config,
    choice: &NetworkChoice,
    coordinator_keys: Option<Vec<SecretKey>>,
    link: &Link,
) -> Result<RunningNode, Failure> {
    let coordinator = match coordinator_keys {
        Some(secret_keys) => Some(coordinator(config, &store, secret_keys)?),
        None => None,
    };
    let verify_threads = match config.limits.verify_threads {
        0 => half_of_cores().get().min(VERIFY_THREADS_MAX),
        threads => threads,
    };
    let options = NodeOptions {
        parameters: choice.parameters().clone(),
        coordinator,
        gossip: Some(link.sink()),
        verify_threads,
        seed: keys::random().map_err(NetworkError::Secrets)?,
        clock: clock::unix_ms,
    };
    Ok(Node::start(store, options)?)
}

fn coordinator(
    config: &Config,
    store: &Store,
    secret_keys: Vec<SecretKey>,
) -> Result<CoordinatorOptions, Failure> {
    let interval = config.coordinator.interval;
    let has_begun = milestones::latest(&store.latest())?.is_some();
    // Where the network begins there is nobody to listen to.
    let (start, quiet) = match (config.bootstrap, config.bootstrap_when_new && !has_begun) {
        (true, _) => (CoordinatorStart::Bootstrap, COORDINATOR_QUIET_MIN),
        (false, true) => (CoordinatorStart::Alone, std::time::Duration::ZERO),
        (false, false) => {
            let quiet = (2 * interval).clamp(COORDINATOR_QUIET_MIN, COORDINATOR_QUIET_MAX);
            (CoordinatorStart::Resume, quiet)
        }
    };
    let ms = |duration: std::time::Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    Ok(CoordinatorOptions { secret_keys, interval_ms: ms(interval), start, quiet_ms: ms(quiet) })
}

fn start_network(
    config: &Config,
    choice: &NetworkChoice,
    identity: Identity,
    peers: Vec<StaticPeer>,
    folder: &DataFolder,
    link: Link,
    node: Node,
) -> Result<RunningNetwork, Failure> {
    let addresses = |texts: &[String]| {
        let read = |text: &String| match text.parse::<Multiaddr>() {
            Ok(address) => Ok(address),
            Err(error) => Err(Failure::Peer { address: text.clone(), reason: error.to_string() }),
        };
        texts.iter().map(read).collect::<Result<Vec<_>, _>>()
    };
    let options = NetworkOptions {
        network_id: choice.parameters().network_id,
        listen: addresses(&config.gossip.listen)?,
        external: addresses(&config.gossip.external)?,
        identity,
        peers,
        unknown_peers_max: config.gossip.unknown_peers,
        folder: folder.path().to_owned(),
        seed: keys::random().map_err(NetworkError::Secrets)?,
        agent: format!("Osmia/{}", env!("CARGO_PKG_VERSION")),
    };
    Ok(osmia_network::start(link, node, options)?)
}

fn start_api(config: &Config, node: Node, network: Network) -> Result<Option<ApiHandle>, Failure> {
    if config.api.listen.or(config.metrics.listen).is_none() {
        return Ok(None);
    }
    if let Some(address) = config.api.listen {
        crate::private_net::warn_when_open(address);
    }
    let options = ApiOptions {
        addresses: config.api.listen.into_iter().collect(),
        threads: osmia_api::standard_threads(),
        remote_pow: config.api.remote_pow(),
        cors: config.api.cors(),
        limits: ApiLimits::standard(),
        healthy_without_peers: config.api.healthy_without_peers,
        network: Some(network),
        control: config.api.control,
        metrics: config.metrics.listen,
        node_name: "Osmia".to_owned(),
        node_version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    Ok(Some(Api::start(node, options)?))
}

/// The folder's own description of a network, when it has one.
pub(crate) fn description_in(folder: &Path) -> std::path::PathBuf {
    folder.join(crate::data_folder::NETWORK)
}
