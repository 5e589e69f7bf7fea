//! Reading a snapshot file as a stream.

use std::io::{BufReader, ErrorKind, Read};

use osmia_primitives::bytes::Reader;
use osmia_primitives::{MessageId, MilestoneIndex, NetworkId};

use crate::limits::{MESSAGE_BYTES_MAX, SNAPSHOT_DIFF_OUTPUTS_MAX};
use crate::payload::milestone::Milestone;
use crate::snapshot::{
    DELTA_TYPE, FORMAT_VERSION, FULL_TYPE, MilestoneDiff, SnapshotError, SnapshotHeader, SnapshotKind,
    SnapshotOutput, SnapshotSpent, SnapshotTreasury,
};
use crate::syntax_error::SyntaxError;

/// One thing in a snapshot file, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SnapshotItem {
    /// A message that the new node treats as solid.
    EntryPoint(MessageId),
    /// An unspent output of the ledger; in full files only.
    Output(SnapshotOutput),
    /// What a milestone changed: to take back in a full file, to apply in a delta file.
    MilestoneDiff(Box<MilestoneDiff>),
}

/// Reads a snapshot file from front to back, holding no more than one item.
#[derive(Debug)]
pub struct SnapshotReader<R> {
    file: BufReader<R>,
    header: SnapshotHeader,
    entry_points_left: u64,
    outputs_left: u64,
    milestone_diffs_left: u64,
}

/// Bytes that are read of a file at once.
const BUFFER_BYTES: usize = 64 << 10;

/// How many items of a list of a milestone are reserved before any of them was read.
const RESERVED_ITEMS_MAX: u64 = 1024;

impl<R: Read> SnapshotReader<R> {
    /// Reads the header of `file`, which need not be buffered.
    ///
    /// # Errors
    /// [`SnapshotError`] when the file cannot be read or is not a snapshot of version 1.
    pub fn open(file: R) -> Result<Self, SnapshotError> {
        let mut file = BufReader::with_capacity(BUFFER_BYTES, file);
        let header = read_header(&mut file)?;
        header.check()?;
        let outputs_left = match header.kind {
            SnapshotKind::Full { outputs, .. } => outputs,
            SnapshotKind::Delta => 0,
        };
        Ok(Self {
            file,
            header,
            entry_points_left: header.entry_points,
            outputs_left,
            milestone_diffs_left: header.milestone_diffs,
        })
    }

    /// What the file says about itself.
    #[must_use]
    pub const fn header(&self) -> &SnapshotHeader {
        &self.header
    }

    /// The file, to see how far it was read; it is ahead of the items by what is buffered, 64 KiB at most.
    pub fn file(&self) -> &R {
        self.file.get_ref()
    }

    /// The next thing in the file: first all entry points, then all outputs, then all milestones. None at the end, once it is sure that
    /// nothing follows.
    ///
    /// # Errors
    /// [`SnapshotError`] when the file cannot be read or is damaged; it is of no use then.
    pub fn next_item(&mut self) -> Result<Option<SnapshotItem>, SnapshotError> {
        if let Some(left) = self.entry_points_left.checked_sub(1) {
            self.entry_points_left = left;
            let id = MessageId(bytes(&mut self.file, "the entry points")?);
            return Ok(Some(SnapshotItem::EntryPoint(id)));
        }
        if let Some(left) = self.outputs_left.checked_sub(1) {
            self.outputs_left = left;
            return Ok(Some(SnapshotItem::Output(read_output(&mut self.file, "the outputs")?)));
        }
        if let Some(left) = self.milestone_diffs_left.checked_sub(1) {
            self.milestone_diffs_left = left;
            let diff = read_milestone_diff(&mut self.file)?;
            return Ok(Some(SnapshotItem::MilestoneDiff(Box::new(diff))));
        }
        self.expect_end()?;
        Ok(None)
    }

    fn expect_end(&mut self) -> Result<(), SnapshotError> {
        match bytes::<1>(&mut self.file, "") {
            Ok(_) => Err(SnapshotError::TrailingBytes),
            Err(SnapshotError::Truncated { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

impl<R: Read> Iterator for SnapshotReader<R> {
    type Item = Result<SnapshotItem, SnapshotError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_item().transpose()
    }
}

fn read_header(file: &mut impl Read) -> Result<SnapshotHeader, SnapshotError> {
    const SECTION: &str = "the header";
    let [version, kind] = bytes(file, SECTION)?;
    if version != FORMAT_VERSION {
        return Err(SnapshotError::Version(version));
    }
    if kind != FULL_TYPE && kind != DELTA_TYPE {
        return Err(SnapshotError::Kind(kind));
    }
    let timestamp = number(file, SECTION)?;
    let network_id = NetworkId(number(file, SECTION)?);
    let entry_points_index = MilestoneIndex(u32::from_le_bytes(bytes(file, SECTION)?));
    let ledger_index = MilestoneIndex(u32::from_le_bytes(bytes(file, SECTION)?));
    let entry_points = number(file, SECTION)?;
    let outputs = if kind == FULL_TYPE { number(file, SECTION)? } else { 0 };
    let milestone_diffs = number(file, SECTION)?;
    let kind = if kind == FULL_TYPE {
        SnapshotKind::Full { outputs, treasury: read_treasury(file, SECTION)? }
    } else {
        SnapshotKind::Delta
    };
    Ok(SnapshotHeader {
        timestamp,
        network_id,
        entry_points_index,
        ledger_index,
        entry_points,
        milestone_diffs,
        kind,
    })
}

fn read_milestone_diff(file: &mut impl Read) -> Result<MilestoneDiff, SnapshotError> {
    const SECTION: &str = "a milestone";
    let length = u64::from(u32::from_le_bytes(bytes(file, SECTION)?));
    let max = MESSAGE_BYTES_MAX as u64;
    if length > max {
        return Err(SnapshotError::TooMany { what: "bytes", got: length, max });
    }
    let mut payload = Vec::new();
    file.take(length).read_to_end(&mut payload)?;
    if payload.len() as u64 != length {
        return Err(SnapshotError::Truncated { section: SECTION });
    }
    let milestone =
        Milestone::parse(&payload).map_err(|source| SnapshotError::Syntax { section: SECTION, source })?;
    let spent_treasury = match &milestone.receipt {
        Some(_) => Some(read_treasury(file, SECTION)?),
        None => None,
    };
    let created = read_list(file, "created outputs", |file| read_output(file, "the outputs of a milestone"))?;
    let consumed = read_list(file, "consumed outputs", read_spent)?;
    Ok(MilestoneDiff { milestone, spent_treasury, created, consumed })
}

fn read_list<F: Read, T>(
    file: &mut F,
    what: &'static str,
    read: impl Fn(&mut F) -> Result<T, SnapshotError>,
) -> Result<Vec<T>, SnapshotError> {
    let count = number(file, what)?;
    if count > SNAPSHOT_DIFF_OUTPUTS_MAX {
        return Err(SnapshotError::TooMany { what, got: count, max: SNAPSHOT_DIFF_OUTPUTS_MAX });
    }
    // The count is only believed as far as bytes follow: the list grows while it is read.
    let reserved = usize::try_from(count.min(RESERVED_ITEMS_MAX)).unwrap_or(0);
    let mut items = Vec::with_capacity(reserved);
    for _ in 0..count {
        items.push(read(file)?);
    }
    Ok(items)
}

fn read_output(file: &mut impl Read, section: &'static str) -> Result<SnapshotOutput, SnapshotError> {
    let bytes: [u8; SnapshotOutput::BYTES] = bytes(file, section)?;
    let output = SnapshotOutput::read(&mut Reader::new(&bytes));
    output.map_err(|source| SnapshotError::Syntax { section, source })
}

fn read_spent(file: &mut impl Read) -> Result<SnapshotSpent, SnapshotError> {
    let section = "the consumed outputs of a milestone";
    let bytes: [u8; SnapshotSpent::BYTES] = bytes(file, section)?;
    let spent = SnapshotSpent::read(&mut Reader::new(&bytes));
    spent.map_err(|source| SnapshotError::Syntax { section, source })
}

fn read_treasury(file: &mut impl Read, section: &'static str) -> Result<SnapshotTreasury, SnapshotError> {
    let bytes: [u8; SnapshotTreasury::BYTES] = bytes(file, section)?;
    let treasury: Result<_, SyntaxError> = SnapshotTreasury::read(&mut Reader::new(&bytes));
    treasury.map_err(|source| SnapshotError::Syntax { section, source })
}

fn number(file: &mut impl Read, section: &'static str) -> Result<u64, SnapshotError> {
    bytes(file, section).map(u64::from_le_bytes)
}

fn bytes<const N: usize>(file: &mut impl Read, section: &'static str) -> Result<[u8; N], SnapshotError> {
    let mut bytes = [0; N];
    match file.read_exact(&mut bytes) {
        Ok(()) => Ok(bytes),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(SnapshotError::Truncated { section }),
        Err(error) => Err(SnapshotError::Io(error)),
    }
}
