//! A private network of several nodes, each a process of its own in a folder of its own, gossiping over loopback. This
//! process makes their folders, starts them, starts one again that ends, and stops them with itself.

use std::io::{BufRead as _, BufReader};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

use osmia_network::{Identity, PeerId};
use osmia_primitives::MilestoneIndex;

use crate::cli::{AllowedOrigin, PrivateNetArgs};
use crate::clock::{self, Stopwatch};
use crate::data_folder::{DATABASE, DataFolder};
use crate::failure::Failure;
use crate::files::{self, FileError};
use crate::http_client::HttpClient;
use crate::limits::{
    NODE_LINE_BYTES_MAX, NODE_RESTART_DELAY_MAX, NODE_RESTART_DELAY_MIN, NODE_START_WAIT_MAX,
    NODE_STOP_DURATION_MAX, NODE_UP_DURATION_MIN, NODES_MAX, WATCH_INTERVAL,
};
use crate::private_net::NetworkError;
use crate::private_net::setup::Prepared;
use crate::run::STOP_WITH_PARENT;
use crate::stop_signal::{Event, StopSignal};
use crate::terminal;

/// Made when the network has its first milestone: from then on its coordinator never begins it again.
const BEGUN: &str = "network-begun";
/// Where the first node gossips when nobody says otherwise.
const GOSSIP_ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 15_600);
/// The configuration of a node in its folder.
const CONFIGURATION: &str = "node.toml";

/// One node: where it is and how it is reached.
pub(crate) struct Place {
    /// 1 for the coordinator.
    number: usize,
    folder: PathBuf,
    /// Where its API answers.
    pub(crate) api: SocketAddr,
    /// Where others gossip with it.
    gossip: SocketAddr,
    id: PeerId,
}

impl Place {
    fn name(&self) -> String {
        format!("node-{}", self.number)
    }

    /// Where others find it.
    pub(crate) fn multiaddress(&self) -> String {
        format!("{}/p2p/{}", self.listen(), self.id)
    }

    fn listen(&self) -> String {
        let port = self.gossip.port();
        match self.gossip.ip() {
            IpAddr::V4(ip) => format!("/ip4/{ip}/tcp/{port}"),
            IpAddr::V6(ip) => format!("/ip6/{ip}/tcp/{port}"),
        }
    }
}

/// The nodes of a network that runs.
pub(crate) struct Nodes {
    nodes: Vec<Node>,
    begun: PathBuf,
}

/// A node's process.
struct Node {
    place: Place,
    process: Option<Child>,
    up: Stopwatch,
    /// How long to wait before it is started again.
    delay: Duration,
}

impl Nodes {
    /// Makes the folders of the nodes and starts them.
    ///
    /// # Errors
    /// When a folder or a port cannot be used, or a process not be started.
    pub(crate) fn start(
        args: &PrivateNetArgs,
        folder: &DataFolder,
        prepared: &Prepared,
    ) -> Result<Self, Failure> {
        let begun = folder.path().join(BEGUN);
        let places = places(args, folder.path())?;
        if let Some(first) = places.first() {
            take_over(folder, &first.folder, &begun)?;
        }
        describe(folder, prepared, &places)?;
        for place in &places {
            let text = configuration(args, folder, place, &places);
            files::write_whole(&place.folder.join(CONFIGURATION), text.as_bytes())?;
        }
        tracing::info!(
            network = %prepared.network.parameters.network_name,
            nodes = places.len(),
            "starting the nodes"
        );
        let node =
            |place| Node { place, process: None, up: Stopwatch::start(), delay: NODE_RESTART_DELAY_MIN };
        let mut nodes = Self { nodes: places.into_iter().map(node).collect(), begun };
        let is_begun = nodes.begun.exists();
        for node in &mut nodes.nodes {
            node.start(is_begun)?;
        }
        Ok(nodes)
    }

    /// Waits until every node answers and the network has a milestone. `Some` when a signal came before.
    ///
    /// # Errors
    /// When a node ends, or it takes too long.
    pub(crate) fn wait_until_up(&mut self, signal: &StopSignal) -> Result<Option<&'static str>, Failure> {
        let waiting = Stopwatch::start();
        loop {
            if let Some(by) = signal.wait(WATCH_INTERVAL).and_then(Event::stop) {
                return Ok(Some(by));
            }
            for node in &mut self.nodes {
                if let Some(code) = node.ended()? {
                    let name = node.place.name();
                    return Err(Failure::Halted(format!(
                        "{name} ended with {code}; its own words stand above"
                    )));
                }
            }
            if self.nodes.iter().all(|node| milestone_of(node.place.api).is_some_and(|index| index > 0)) {
                self.note_begun()?;
                return Ok(None);
            }
            if waiting.elapsed() > NODE_START_WAIT_MAX {
                return Err(Failure::Halted("the nodes do not reach a first milestone".to_owned()));
            }
        }
    }

    /// Starts a node again whenever one ends, until a signal asks to stop; gives its name.
    ///
    /// # Errors
    /// When a process cannot be started.
    pub(crate) fn keep_up(&mut self, signal: &StopSignal) -> Result<&'static str, Failure> {
        loop {
            if let Some(by) = signal.wait(WATCH_INTERVAL).and_then(Event::stop) {
                return Ok(by);
            }
            for node in &mut self.nodes {
                node.keep_up()?;
            }
        }
    }

    /// Asks every node to stop and waits for them, not for ever.
    pub(crate) fn stop(&mut self) {
        for node in &mut self.nodes {
            node.ask_to_stop();
        }
        let stopping = Stopwatch::start();
        for node in &mut self.nodes {
            while node.ended().is_ok_and(|ended| ended.is_none()) && node.process.is_some() {
                if stopping.elapsed() > NODE_STOP_DURATION_MAX {
                    node.kill();
                    break;
                }
                clock::pause(Duration::from_millis(10));
            }
        }
    }

    /// Where the nodes are.
    pub(crate) fn places(&self) -> impl Iterator<Item = &Place> {
        self.nodes.iter().map(|node| &node.place)
    }

    /// The confirmed milestone of the first node that answers; 0 when none does.
    pub(crate) fn milestone(&self) -> MilestoneIndex {
        let found = self.places().find_map(|place| milestone_of(place.api));
        MilestoneIndex(found.and_then(|index| u32::try_from(index).ok()).unwrap_or(0))
    }

    fn note_begun(&self) -> Result<(), Failure> {
        if !self.begun.exists() {
            files::write_whole(&self.begun, b"")?;
        }
        Ok(())
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Node {
    fn start(&mut self, is_begun: bool) -> Result<(), Failure> {
        let program = std::env::current_exe()?;
        let mut command = Command::new(program);
        command.arg("run").arg("--config").arg(self.place.folder.join(CONFIGURATION));
        if self.place.number == 1 && !is_begun {
            command.arg("--bootstrap-when-new");
        }
        // What is meant for this process must not change its nodes.
        let ours = |name: &std::ffi::OsString| name.to_string_lossy().starts_with("OSMIA_");
        for (name, _) in std::env::vars_os().filter(|(name, _)| ours(name)) {
            command.env_remove(name);
        }
        command.env(STOP_WITH_PARENT, "1").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = command.spawn()?;
        if let Some(log) = process.stderr.take() {
            let name = self.place.name();
            std::thread::Builder::new().name("node-log".into()).spawn(move || copy_log(&name, log))?;
        }
        self.process = Some(process);
        self.up = Stopwatch::start();
        Ok(())
    }

    /// How the process ended, when it did.
    fn ended(&mut self) -> Result<Option<std::process::ExitStatus>, Failure> {
        let Some(process) = &mut self.process else { return Ok(None) };
        let ended = process.try_wait()?;
        if ended.is_some() {
            self.process = None;
        }
        Ok(ended)
    }

    fn keep_up(&mut self) -> Result<(), Failure> {
        if let Some(status) = self.ended()? {
            if self.up.elapsed() > NODE_UP_DURATION_MIN {
                self.delay = NODE_RESTART_DELAY_MIN;
            }
            let name = self.place.name();
            tracing::warn!(node = %name, %status, after = ?self.delay, "a node ended and is started again");
            self.up = Stopwatch::start();
        }
        if self.process.is_none() && self.up.elapsed() >= self.delay {
            self.delay = (2 * self.delay).min(NODE_RESTART_DELAY_MAX);
            self.start(true)?;
        }
        Ok(())
    }

    fn ask_to_stop(&self) {
        let pid = self.process.as_ref().and_then(|process| i32::try_from(process.id()).ok());
        let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) else { return };
        if let Err(error) = rustix::process::kill_process(pid, rustix::process::Signal::TERM) {
            tracing::warn!(node = %self.place.name(), %error, "a node could not be asked to stop");
        }
    }

    fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            tracing::warn!(node = %self.place.name(), "a node took too long to stop and was killed");
            // It has ended by itself in the meantime, at worst.
            drop(process.kill());
            drop(process.wait());
        }
    }
}

/// Copies what a node logs, each line with its name.
fn copy_log(name: &str, log: ChildStderr) {
    let mut log = BufReader::new(log);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = std::io::Read::take(&mut log, NODE_LINE_BYTES_MAX).read_until(b'\n', &mut line);
        if !read.is_ok_and(|bytes| bytes > 0) {
            return;
        }
        terminal::tell(&format!("{name} | {}\n", String::from_utf8_lossy(&line).trim_end()));
    }
}

/// The confirmed milestone of the node whose API is at `address`, when it answers.
fn milestone_of(address: SocketAddr) -> Option<u64> {
    let info = HttpClient::new(&format!("http://{address}")).ok()?.get("/api/v1/info").ok()?;
    info.get("confirmedMilestoneIndex")?.as_u64()
}

/// Whether the network of `folder` runs as processes of its own.
pub(crate) fn are_in(folder: &DataFolder) -> bool {
    folder.path().join("node-1").join(DATABASE).exists()
}

/// Removes the nodes of the network that was in `folder`; gives the names of what was removed.
///
/// # Errors
/// When a node still runs, or a file cannot be removed.
pub(crate) fn reset(folder: &DataFolder) -> Result<Vec<String>, Failure> {
    let mut removed = Vec::new();
    for number in 1..=NODES_MAX {
        let name = format!("node-{number}");
        let path = folder.path().join(&name);
        // Held while it is removed, so that no node that is left over writes into it.
        let Some(_held) = DataFolder::open(&path)? else { continue };
        std::fs::remove_dir_all(&path).map_err(|error| FileError::new("remove", &path, error))?;
        removed.push(name);
    }
    match std::fs::remove_file(folder.path().join(BEGUN)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(FileError::new("remove", &folder.path().join(BEGUN), error).into())
        }
        Ok(()) | Err(_) => Ok(removed),
    }
}

/// A network that ran in one process so far goes on as the first node.
fn take_over(folder: &DataFolder, first: &Path, begun: &Path) -> Result<(), Failure> {
    let (from, to) = (folder.database(), first.join(DATABASE));
    if from.exists() && !to.exists() {
        // Its coordinator issues the first milestone at once, so there is one; saying so first costs nothing.
        files::write_whole(begun, b"")?;
        std::fs::rename(&from, &to).map_err(|error| FileError::new("move", &from, error))?;
        files::sync_folder(first)?;
        files::sync_folder(folder.path())?;
    }
    Ok(())
}

/// Writes into the network's description how others join it.
fn describe(folder: &DataFolder, prepared: &Prepared, places: &[Place]) -> Result<(), Failure> {
    let mut network = prepared.network.clone();
    network.gossip_peers = places.iter().map(Place::multiaddress).collect();
    network.api_urls = places.iter().map(|place| format!("http://{}", place.api)).collect();
    let path = folder.network();
    let json = network.to_json();
    let json = json.map_err(|source| NetworkError::Description { path: path.clone(), source })?;
    Ok(files::write_whole(&path, json.as_bytes())?)
}

/// Where the nodes are: ports count up from those of the options.
fn places(args: &PrivateNetArgs, folder: &Path) -> Result<Vec<Place>, Failure> {
    let mut places = Vec::new();
    for number in 1..=args.nodes.get() {
        let folder = folder.join(format!("node-{number}"));
        // Taking the folder marks it as one of ours; the node takes it over.
        drop(match DataFolder::open(&folder)? {
            Some(folder) => folder,
            None => DataFolder::create(&folder)?,
        });
        let identity = Identity::load_or_create(&crate::data_folder::identity_in(&folder))?;
        let api = nth_address(args.api, number)?;
        let gossip = nth_address(args.gossip.unwrap_or(GOSSIP_ADDRESS), number)?;
        places.push(Place { number, folder, api, gossip, id: identity.peer_id() });
    }
    Ok(places)
}

/// The address of the node `number`: ports count up from the first one; port 0 takes a free one for each.
fn nth_address(first: SocketAddr, number: usize) -> Result<SocketAddr, Failure> {
    if first.port() == 0 {
        return Ok(TcpListener::bind(first)?.local_addr()?);
    }
    let offset = u16::try_from(number - 1).ok();
    let port = offset.and_then(|offset| first.port().checked_add(offset));
    let address = SocketAddr::new(first.ip(), port.ok_or(Failure::NoPort { first: first.port() })?);
    super::check_address(address)?;
    Ok(address)
}

/// The text of a node's configuration. It is written anew at every start.
fn configuration(args: &PrivateNetArgs, folder: &DataFolder, place: &Place, places: &[Place]) -> String {
    // Strings of TOML and JSON are written alike, but for control characters no path here can have.
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let path = |path: &Path| quoted(&path.to_string_lossy());
    let origins: Vec<String> = match args.allow_origin.as_slice() {
        [] if args.api.ip().is_loopback() => vec![quoted("*")],
        origins => origins
            .iter()
            .map(|origin| match origin {
                AllowedOrigin::Any => quoted("*"),
                AllowedOrigin::One(origin) => quoted(origin.as_str()),
            })
            .collect(),
    };
    let others = places.iter().filter(|other| other.number != place.number);
    let peers: Vec<String> = others
        .map(|other| {
            format!(
                "  {{ address = {}, alias = {} }},\n",
                quoted(&other.multiaddress()),
                quoted(&other.name())
            )
        })
        .collect();
    let mut text = format!(
        "# Written by `osmia private-net`; changes last until its next start.\n\
         [node]\ndata = {data}\n\n\
         [network]\nfile = {network}\n\n\
         [api]\nlisten = {api}\nallow_origin = [{origins}]\npow = true\n\n\
         [gossip]\nlisten = [{listen}]\npeers = [\n{peers}]\n\n\
         [log]\nlevel = {log}\n",
        data = path(&place.folder),
        network = path(&folder.network()),
        api = quoted(&place.api.to_string()),
        origins = origins.join(", "),
        listen = quoted(&place.listen()),
        peers = peers.concat(),
        log = quoted(args.log.as_str()),
    );
    if place.number == 1 {
        text += &format!(
            "\n[coordinator]\nkeys = {}\ninterval = {}\n",
            path(&folder.coordinator_keys()),
            args.interval.as_secs_f64()
        );
    }
    if args.recover {
        text = text.replacen("[node]\n", "[node]\nrecover = true\n", 1);
    }
    if places.len() == 1 {
        text = text.replacen("[api]\n", "[api]\nhealthy_without_peers = true\n", 1);
    }
    text
}
