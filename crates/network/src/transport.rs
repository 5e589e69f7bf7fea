//! TCP with names, Noise and Yamux, and the swarm over it.

use std::cell::RefCell;
use std::rc::Rc;

use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::Boxed;
use libp2p::core::upgrade::Version;
use libp2p::dns::{ResolverConfig, ResolverOpts};
use libp2p::{PeerId, Swarm, Transport as _, dns, noise, swarm, tcp};

use crate::behaviour::Behaviour;
use crate::clock::SteadyClock;
use crate::identity::Identity;
use crate::limits::{DIAL_TIMEOUT, NEGOTIATING_STREAMS_MAX};
use crate::muxer;
use crate::options::{NetworkError, NetworkOptions};
use crate::roster::Roster;

/// Makes the swarm.
pub(crate) fn swarm(
    options: &NetworkOptions,
    clock: SteadyClock,
    roster: Rc<RefCell<Roster>>,
) -> Result<Swarm<Behaviour>, NetworkError> {
    let transport = transport(&options.identity)?;
    let behaviour = Behaviour::new(options.network_id, &options.identity, &options.agent, clock, roster);
    let config =
        swarm::Config::with_tokio_executor().with_max_negotiating_inbound_streams(NEGOTIATING_STREAMS_MAX);
    Ok(Swarm::new(transport, behaviour, options.identity.peer_id(), config))
}

/// Connections to peers who proved their id, with streams on them.
type PeerTransport = Boxed<(PeerId, StreamMuxerBox)>;

/// TCP with names, Noise and Yamux.
pub(crate) fn transport(identity: &Identity) -> Result<PeerTransport, NetworkError> {
    let noise =
        noise::Config::new(identity.keypair()).map_err(|error| NetworkError::Start(error.to_string()))?;
    let transport = with_names().upgrade(Version::V1Lazy).authenticate(noise).multiplex(muxer::Upgrade);
    Ok(transport.timeout(DIAL_TIMEOUT).boxed())
}

/// TCP that resolves names as the system is set up to.
fn with_names() -> dns::tokio::Transport<tcp::tokio::Transport> {
    let tcp = || tcp::tokio::Transport::new(tcp::Config::default().nodelay(true));
    dns::tokio::Transport::system(tcp()).unwrap_or_else(|error| {
        // A machine without a resolver still has IP addresses and its file of hosts.
        tracing::warn!(%error, "the system's name servers are not known: peers are found by IP address only");
        let nobody = ResolverConfig::from_parts(None, Vec::new(), Vec::new());
        dns::tokio::Transport::custom(tcp(), nobody, ResolverOpts::default())
    })
}
