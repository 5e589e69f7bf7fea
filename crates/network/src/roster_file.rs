//! `peers.json`: peers added at run time, and bans. Peers of the configuration are not in it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use libp2p::PeerId;
use serde::{Deserialize, Serialize};

use crate::address::parse_peer_address;
use crate::limits::{REASON_CHARACTERS_MAX, ROSTER_FILE_BYTES_MAX};
use crate::roster::{Stored, StoredPeer, StoredStanding};

/// The form of the file; another one is not read.
const VERSION: u32 = 1;

/// The file in a folder.
#[derive(Clone, Debug)]
pub(crate) struct RosterFile(PathBuf);

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Contents {
    version: u32,
    peers: Vec<PeerRow>,
    bans: Vec<BanRow>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PeerRow {
    address: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    alias: Option<String>,
}

/// A ban that holds, or has ended and would make the next one longer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BanRow {
    peer: String,
    /// Milliseconds since the unix epoch.
    until_ms: u64,
    /// How many bans in a row this is.
    count: u32,
    reason: String,
}

impl RosterFile {
    /// The file in `folder`.
    pub(crate) fn of(folder: &Path) -> Self {
        Self(folder.join("peers.json"))
    }

    /// Reads the file. One that is damaged is put aside, and nothing is stored then: peers can be added again, while a
    /// node that does not start helps nobody.
    pub(crate) fn read(&self) -> Stored {
        let reason = match self.try_read() {
            Ok(stored) => return stored,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Stored::default(),
            Err(error) => error,
        };
        let aside = self.0.with_added_extension("damaged");
        let path = self.0.display();
        match std::fs::rename(&self.0, &aside) {
            Ok(()) => {
                let aside = aside.display();
                tracing::warn!(%path, %reason, %aside, "the list of peers is damaged: it was put aside, a new one begins");
            }
            Err(error) => {
                tracing::warn!(%path, %reason, %error, "the list of peers is damaged and cannot be put aside");
            }
        }
        Stored::default()
    }

    fn try_read(&self) -> io::Result<Stored> {
        let file = File::open(&self.0)?;
        let mut text = String::new();
        file.take(ROSTER_FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
        if text.len() as u64 > ROSTER_FILE_BYTES_MAX {
            return Err(damaged(format!("it is larger than {ROSTER_FILE_BYTES_MAX} bytes")));
        }
        let contents: Contents = serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
        if contents.version != VERSION {
            return Err(damaged(format!("its version is {}, not {VERSION}", contents.version)));
        }
        let peers = contents.peers.into_iter().map(PeerRow::read).collect::<io::Result<_>>()?;
        let standings = contents.bans.into_iter().map(BanRow::read).collect::<io::Result<_>>()?;
        Ok(Stored { peers, standings })
    }

    /// Writes the file whole: a crash leaves the old one or the new one.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn write(&self, stored: &Stored) -> io::Result<()> {
        let contents = Contents {
            version: VERSION,
            peers: stored.peers.iter().map(PeerRow::of).collect(),
            bans: stored.standings.iter().map(BanRow::of).collect(),
        };
        let text = serde_json::to_vec_pretty(&contents)?;
        let temporary = self.0.with_added_extension("new");
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
        file.write_all(&text)?;
        file.sync_all()?;
        std::fs::rename(&temporary, &self.0)?;
        let folder = self.0.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl PeerRow {
    fn of(peer: &StoredPeer) -> Self {
        Self { address: peer.address.to_string(), alias: peer.alias.clone() }
    }

    fn read(self) -> io::Result<StoredPeer> {
        let address = parse_peer_address(&self.address).map_err(|error| damaged(error.to_string()))?;
        Ok(StoredPeer { address, alias: self.alias })
    }
}

impl BanRow {
    fn of(standing: &StoredStanding) -> Self {
        Self {
            peer: standing.peer.to_string(),
            until_ms: standing.banned_until_ms,
            count: standing.bans,
            reason: standing.reason.clone(),
        }
    }

    fn read(self) -> io::Result<StoredStanding> {
        let peer: PeerId = self.peer.parse().map_err(|_| damaged("a ban names no peer".into()))?;
        let reason = self.reason.chars().take(REASON_CHARACTERS_MAX).collect();
        Ok(StoredStanding { peer, banned_until_ms: self.until_ms, bans: self.count, reason })
    }
}

fn damaged(reason: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

#[cfg(test)]
mod tests;
