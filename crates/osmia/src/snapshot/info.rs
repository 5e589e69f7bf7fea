//! `osmia snapshot info`: what the header of a snapshot file says. The rest of the file is not read.

use std::fs::File;
use std::path::Path;

use osmia_chrysalis::snapshot::{
    DELTA_HEADER_BYTES, FULL_HEADER_BYTES, SnapshotHeader, SnapshotKind, SnapshotOutput, SnapshotReader,
};

use crate::failure::Failure;
use crate::files::FileError;
use crate::networks;

/// What the header of a file says. The names are those of the JSON form.
#[derive(Debug, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Info {
    kind: &'static str,
    network_id: u64,
    /// The network's name, when it is one we know.
    network_name: Option<String>,
    milestone: u32,
    timestamp: u64,
    ledger_milestone: u32,
    entry_points: u64,
    milestones: u64,
    outputs: Option<u64>,
    treasury: Option<u64>,
    file_bytes: u64,
    /// What the header, the entry points and the outputs take; milestones come on top.
    bytes_at_least: u64,
}

/// Reads the header of `file`.
///
/// # Errors
/// When the file cannot be read or does not begin like a snapshot.
pub(crate) fn read(file: &Path) -> Result<Info, Failure> {
    let failed = |error| FileError::new("read", file, error);
    let opened = File::open(file).map_err(failed)?;
    let bytes = opened.metadata().map_err(failed)?.len();
    let reader =
        SnapshotReader::open(opened).map_err(|source| Failure::Snapshot { path: file.to_owned(), source })?;
    Ok(Info::of(reader.header(), bytes))
}

impl Info {
    fn of(header: &SnapshotHeader, file_bytes: u64) -> Self {
        let (kind, header_bytes, outputs, treasury) = match &header.kind {
            SnapshotKind::Full { outputs, treasury } => {
                ("full", FULL_HEADER_BYTES, Some(*outputs), Some(treasury.amount))
            }
            SnapshotKind::Delta => ("delta", DELTA_HEADER_BYTES, None, None),
        };
        // A header may claim anything.
        let of_outputs = outputs.unwrap_or(0).saturating_mul(SnapshotOutput::BYTES as u64);
        let bytes_at_least = header
            .entry_points
            .saturating_mul(32)
            .saturating_add(of_outputs)
            .saturating_add(header_bytes as u64);
        let network = networks::all().find(|known| known.parameters().network_id == header.network_id);
        Self {
            kind,
            network_id: header.network_id.0,
            network_name: network.map(|known| known.parameters().network_name.clone()),
            milestone: header.entry_points_index.0,
            timestamp: header.timestamp,
            ledger_milestone: header.ledger_index.0,
            entry_points: header.entry_points,
            milestones: header.milestone_diffs,
            outputs,
            treasury,
            file_bytes,
            bytes_at_least,
        }
    }

    /// Whether the file can hold what its header says.
    pub(crate) const fn is_long_enough(&self) -> bool {
        self.file_bytes >= self.bytes_at_least
    }

    /// The facts as JSON.
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("because the facts are plain data") + "\n"
    }

    /// The facts for a person.
    pub(crate) fn to_text(&self) -> String {
        let name = self.network_name.as_ref().map_or_else(String::new, |name| format!(" ({name})"));
        let changes = if self.outputs.is_some() { "to take back" } else { "to apply" };
        let mut text = format!(
            "kind          {}\n\
             network       {}{name}\n\
             milestone     {}, issued at {} (unix time)\n\
             ledger        at milestone {}, {} milestones {changes}\n\
             entry points  {}\n",
            self.kind,
            self.network_id,
            self.milestone,
            self.timestamp,
            self.ledger_milestone,
            self.milestones,
            self.entry_points,
        );
        if let (Some(outputs), Some(treasury)) = (self.outputs, self.treasury) {
            text += &format!("outputs       {outputs}, and {treasury} tokens in the treasury\n");
        }
        text += &format!("file          {} bytes\n", self.file_bytes);
        if !self.is_long_enough() {
            text += &format!(
                "finding: the contents need at least {} bytes: the file is not complete, get it again\n",
                self.bytes_at_least
            );
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use osmia_chrysalis::{Address, snapshot};
    use osmia_primitives::{MilestoneIndex, NetworkId};

    use super::*;

    fn info_of(bytes: &[u8]) -> Result<Info, Failure> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("snapshot.bin");
        std::fs::write(&path, bytes)?;
        read(&path)
    }

    #[test]
    fn a_genesis_file_is_described() {
        let id = NetworkId::of("chrysalis-mainnet");
        let bytes = snapshot::genesis(id, 1_600_000_000, Address::Ed25519([7; 32]), 5).unwrap();
        let info = info_of(&bytes).unwrap();
        let expected = Info {
            kind: "full",
            network_id: id.0,
            network_name: Some("chrysalis-mainnet".to_owned()),
            milestone: 0,
            timestamp: 1_600_000_000,
            ledger_milestone: 0,
            entry_points: 1,
            milestones: 0,
            outputs: Some(1),
            treasury: Some(5),
            file_bytes: 90 + 32 + 108,
            bytes_at_least: 90 + 32 + 108,
        };
        assert_eq!(info, expected);
        assert!(info.is_long_enough());
        assert!(info.to_text().contains("outputs       1, and 5 tokens"), "{}", info.to_text());
        assert!(info.to_json().contains("\"treasury\": 5"), "{}", info.to_json());
    }

    #[test]
    fn a_delta_file_has_neither_outputs_nor_treasury() {
        let header = SnapshotHeader {
            timestamp: 1,
            network_id: NetworkId(3),
            entry_points_index: MilestoneIndex(9),
            ledger_index: MilestoneIndex(7),
            entry_points: u64::MAX,
            milestone_diffs: 2,
            kind: SnapshotKind::Delta,
        };
        let info = info_of(&header.pack()).unwrap();
        assert_eq!(
            (info.kind, info.outputs, info.treasury, info.network_name.clone()),
            ("delta", None, None, None)
        );
        assert!(!info.is_long_enough(), "the header claims more than there is");
        let text = info.to_text();
        assert!(text.contains("2 milestones to apply") && text.contains("not complete"), "{text}");
    }

    #[test]
    fn another_file_is_refused_with_its_name() {
        let error = info_of(b"{\"format\": 1}").unwrap_err().to_string();
        assert!(error.contains("snapshot.bin") && error.contains("version 123"), "{error}");
    }
}
