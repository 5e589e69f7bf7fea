//! `osmia private-net`: a whole network in one process.

mod banner;
mod nodes;
mod setup;
mod watch;

use std::io::{self, IsTerminal as _};
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use osmia_api::limits::POW_QUEUE_STANDARD;
use osmia_api::{Api, ApiError, ApiHandle, ApiLimits, ApiOptions, Cors, RemotePow};
use osmia_engine::{CoordinatorOptions, Node, NodeOptions, RunningNode, genesis};
use osmia_store::{Recovery, Store, StoreOptions};

use crate::cli::{AllowedOrigin, PrivateNetArgs};
use crate::clock;
use crate::data_folder::DataFolder;
use crate::ending::{self, Ended};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::keys;
use crate::limits::VERIFY_THREADS_MAX;
use crate::logging::{self, Format};
use crate::panics;
use crate::private_net::banner::Banner;
use crate::private_net::nodes::Nodes;
use crate::private_net::setup::{Prepared, Wishes};
use crate::stop_signal::{Hangup, StopSignal};
use crate::terminal::{self, Style};

pub(crate) use setup::NetworkError;

/// Runs the network until a signal stops it, or the node has to stop.
///
/// # Errors
/// [`Failure`] of everything that is wired here.
pub(crate) fn run(args: &PrivateNetArgs) -> Result<Exit, Failure> {
    logging::start(&args.log, Format::Plain);
    panics::end_the_process_for_vital_threads();
    let signal = StopSignal::install(Hangup::Stops)?;
    // Everything that can be found wrong is found before the first file is touched.
    let wishes = Wishes::read(args)?;
    let cors = cors(args);
    let path = std::path::absolute(&args.data)?;
    let found = DataFolder::open(&path)?;
    check_address(args.api)?;
    let folder = match found {
        Some(folder) => folder,
        None => DataFolder::create(&path)?,
    };
    if args.reset {
        tell_reset(&folder)?;
    }
    let prepared = setup::prepare(&folder, wishes, clock::unix_ms() / 1_000)?;
    if args.nodes.get() > 1 || args.gossip.is_some() {
        return run_nodes(args, &signal, &folder, &prepared);
    }
    if nodes::are_in(&folder) {
        return Err(Failure::SeveralNodes);
    }
    let store = open_database(&folder, &prepared, recovery(args))?;
    let running = start_node(Arc::clone(&store), &prepared, args)?;
    let ended = start_api(running.node().clone(), args.api, cors)
        .and_then(|api| watch_api(api, args, &running, &signal, &folder, &prepared));
    ending::stop(running, store);
    match ended? {
        Ended::Asked(by) => {
            tracing::info!(by, "stopped");
            Ok(Exit::Success)
        }
        Ended::Halted(reason) => Err(Failure::Halted(format!("the node stopped: {reason}"))),
    }
}

/// Runs the network as processes of their own.
fn run_nodes(
    args: &PrivateNetArgs,
    signal: &StopSignal,
    folder: &DataFolder,
    prepared: &Prepared,
) -> Result<Exit, Failure> {
    let mut nodes = Nodes::start(args, folder, prepared)?;
    let mut by = nodes.wait_until_up(signal)?;
    if by.is_none() {
        let apis: Vec<SocketAddr> = nodes.places().map(|place| place.api).collect();
        let banner = Banner {
            api: &apis,
            prepared,
            folder: folder.path(),
            mnemonic_file: &folder.mnemonic(),
            interval: args.interval,
            milestone: nodes.milestone(),
        };
        show(&banner)?;
        by = Some(nodes.keep_up(signal)?);
    }
    nodes.stop();
    tracing::info!(by, "stopped");
    Ok(Exit::Success)
}

/// Watches the node while the API answers; stops the API in the end.
fn watch_api(
    api: ApiHandle,
    args: &PrivateNetArgs,
    running: &RunningNode,
    signal: &StopSignal,
    folder: &DataFolder,
    prepared: &Prepared,
) -> Result<Ended, Failure> {
    let ended = watch::first_milestone(running.node(), signal).map_or_else(
        || {
            let banner = Banner {
                api: api.addresses(),
                prepared,
                folder: folder.path(),
                mnemonic_file: &folder.mnemonic(),
                interval: args.interval,
                milestone: running.node().view().confirmed.index,
            };
            show(&banner)?;
            Ok(watch::until_end(running.node(), signal))
        },
        Ok,
    );
    ending::limit_stop_time(ended.as_ref().map_or(Exit::Failure, Ended::exit));
    api.stop();
    ended
}

fn show(banner: &Banner<'_>) -> Result<(), Failure> {
    let out = io::stdout();
    let text = if out.is_terminal() { banner.human(terminal::has_colours(&out)) } else { banner.plain() };
    Ok(terminal::print(&text)?)
}

/// Finds out whether this process could listen on `address`, and gives it back.
pub(crate) fn check_address(address: SocketAddr) -> Result<(), Failure> {
    TcpListener::bind(address).map(drop).map_err(|source| {
        if source.kind() == io::ErrorKind::AddrInUse {
            Failure::AddressInUse { address }
        } else {
            Failure::Api(ApiError::Listen { address, source })
        }
    })
}

fn tell_reset(folder: &DataFolder) -> Result<(), Failure> {
    let mut removed: Vec<String> = folder.reset()?.into_iter().map(str::to_owned).collect();
    removed.extend(nodes::reset(folder)?);
    let path = folder.path().display();
    let text = if removed.is_empty() {
        format!("reset: there was no network in {path}\n")
    } else {
        format!("reset: deleted {} in {path}\n", removed.join(", "))
    };
    Ok(terminal::print(&text)?)
}

const fn recovery(args: &PrivateNetArgs) -> Recovery {
    if args.recover { Recovery::UpToDamage } else { Recovery::CompleteLog }
}

/// Which web pages may use the API: all when it listens on this machine only, otherwise those that were named.
fn cors(args: &PrivateNetArgs) -> Cors {
    let is_open = args.allow_origin.is_empty() && args.api.ip().is_loopback();
    if is_open || args.allow_origin.contains(&AllowedOrigin::Any) {
        return Cors::AnyOrigin;
    }
    let origin = |allowed: &AllowedOrigin| match allowed {
        AllowedOrigin::Any => None,
        AllowedOrigin::One(origin) => Some(origin.clone()),
    };
    Cors::Origins(args.allow_origin.iter().filter_map(origin).collect())
}

/// Opens the database and loads the genesis into a new one.
fn open_database(
    folder: &DataFolder,
    prepared: &Prepared,
    recovery: Recovery,
) -> Result<Arc<Store>, Failure> {
    let options = StoreOptions { recovery, ..StoreOptions::small_machine() };
    let store = Store::open(&folder.database(), &options)?;
    if !genesis::is_loaded(&store)? {
        let snapshot = setup::genesis_snapshot(folder, &prepared.network)?;
        genesis::load(&store, &prepared.network.parameters, &mut snapshot.as_slice())?;
        tracing::info!(network = %prepared.network.parameters.network_name, "genesis loaded");
    }
    Ok(Arc::new(store))
}

fn start_node(store: Arc<Store>, prepared: &Prepared, args: &PrivateNetArgs) -> Result<RunningNode, Failure> {
    let options = NodeOptions {
        parameters: prepared.network.parameters.clone(),
        // Intervals are bounded far below.
        coordinator: Some(CoordinatorOptions::alone(
            prepared.coordinator_keys.clone(),
            u64::try_from(args.interval.as_millis()).unwrap_or(u64::MAX),
        )),
        gossip: None,
        verify_threads: half_of_cores().get().min(VERIFY_THREADS_MAX),
        seed: keys::random().map_err(NetworkError::Secrets)?,
        clock: clock::unix_ms,
    };
    Ok(Node::start(store, options)?)
}

fn start_api(node: Node, address: SocketAddr, cors: Cors) -> Result<ApiHandle, Failure> {
    warn_when_open(address);
    let options = ApiOptions {
        addresses: vec![address],
        threads: osmia_api::standard_threads(),
        remote_pow: Some(RemotePow { threads: half_of_cores(), queue_max: POW_QUEUE_STANDARD }),
        cors,
        limits: ApiLimits::standard(),
        network: None,
        // Where everybody reaches the API, nobody needs to change the node.
        control: address.ip().is_loopback(),
        metrics: None,
        healthy_without_peers: true,
        node_name: "Osmia".to_owned(),
        node_version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    Ok(Api::start(node, options)?)
}

pub(crate) fn half_of_cores() -> NonZeroUsize {
    let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    NonZeroUsize::new(cores.get() / 2).unwrap_or(NonZeroUsize::MIN)
}

/// A path as it is shown: with a note when nothing is there.
fn shown(path: &Path) -> String {
    let note = if path.exists() { "" } else { " (missing)" };
    format!("{}{note}", path.display())
}

/// Says so when others than this machine can reach the API.
pub(crate) fn warn_when_open(address: SocketAddr) {
    if !address.ip().is_loopback() {
        let text = format!(
            "the API on {address} can be reached from other machines, and whoever reaches it may use all of it"
        );
        terminal::warn("warning", Style::Yellow, &text);
    }
}
