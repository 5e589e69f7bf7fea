//! Which network a node joins, and the ledger it begins with.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use osmia_chrysalis::snapshot;
use osmia_engine::snapshot::{Progress, load_snapshot};
use osmia_store::Store;

use crate::config::Config;
use crate::failure::Failure;
use crate::files::FileError;
use crate::networks::{self, NetworkChoice};
use crate::private_net::NetworkError;
use crate::run::progress::Loading;
use crate::stop_signal::StopSignal;

/// The network of the configuration, or the one the data folder describes.
pub(crate) fn network(config: &Config, folder: &Path) -> Result<NetworkChoice, Failure> {
    if let Some(choice) = config.network.resolve()? {
        return Ok(choice);
    }
    let described = super::description_in(folder);
    if described.exists() {
        return Ok(networks::from_file(&described)?);
    }
    Err(Failure::NoNetwork)
}

/// The ledger of a new database.
pub(crate) struct FirstLedger<'a> {
    full: Option<&'a PathBuf>,
    delta: Option<&'a PathBuf>,
    choice: &'a NetworkChoice,
}

impl<'a> FirstLedger<'a> {
    /// What the configuration says: snapshots, or else the genesis the network's description tells.
    pub(crate) const fn of(config: &'a Config, choice: &'a NetworkChoice) -> Self {
        Self { full: config.snapshot.full.as_ref(), delta: config.snapshot.delta.as_ref(), choice }
    }

    /// Finds out whether there is one at all.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.full.is_none() && self.choice.genesis().is_none() {
            let network = self.choice.parameters().network_name.clone();
            return Err(Failure::NoSnapshot { network });
        }
        Ok(())
    }

    /// Loads it.
    pub(crate) fn load(&self, store: &Store, signal: &StopSignal) -> Result<(), Failure> {
        self.check()?;
        let parameters = self.choice.parameters();
        let Some(full) = self.full else {
            let genesis = self.choice.genesis().expect("because it was checked");
            let bytes = snapshot::genesis(parameters.network_id, genesis.timestamp, genesis.owner, 0)
                .map_err(NetworkError::Genesis)?;
            load_snapshot(store, parameters, &mut bytes.as_slice(), None, &mut |_| {})?;
            tracing::info!("the genesis of the network is loaded");
            return Ok(());
        };
        let (mut full, full_bytes) = open(full)?;
        let mut delta = self.delta.map(|path| open(path)).transpose()?;
        let total = full_bytes + delta.as_ref().map_or(0, |(_, bytes)| *bytes);
        let mut shown = Loading::start(total);
        let mut progress = |progress: Progress| {
            shown.show(progress.bytes);
            // A first load takes minutes; whoever asks it to stop loses nothing but them.
            if signal.wait(std::time::Duration::ZERO).is_some_and(|event| event.stop().is_some()) {
                tracing::warn!("stopped while loading the snapshot; the next start begins it again");
                signal_hook::low_level::exit(crate::exit::Exit::Success as i32);
            }
        };
        let delta = delta.as_mut().map(|(file, _)| file as &mut dyn std::io::Read);
        let loaded = load_snapshot(store, parameters, &mut full, delta, &mut progress)?;
        tracing::info!(
            milestone = %loaded.index,
            outputs = loaded.outputs,
            entry_points = loaded.entry_points,
            "the snapshot is loaded"
        );
        Ok(())
    }
}

fn open(path: &Path) -> Result<(BufReader<File>, u64), Failure> {
    let failed = |error| FileError::new("read", path, error);
    let file = File::open(path).map_err(failed)?;
    let bytes = file.metadata().map_err(failed)?.len();
    Ok((BufReader::new(file), bytes))
}
