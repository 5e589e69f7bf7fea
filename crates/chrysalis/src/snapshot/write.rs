//! Writing a snapshot file as a stream; the counts of the header are filled in at the end.

use std::io::{Seek, SeekFrom, Write};

use osmia_primitives::MessageId;

use crate::snapshot::{
    COUNTS_OFFSET, MilestoneDiff, SnapshotError, SnapshotHeader, SnapshotKind, SnapshotOutput,
};

/// Writes a snapshot file from front to back: entry points, outputs, milestones, then [`SnapshotWriter::finish`].
///
/// A file that was not finished has zero counts in its header and is refused by readers for the bytes that follow.
#[derive(Debug)]
pub struct SnapshotWriter<W> {
    file: W,
    start: u64,
    header: SnapshotHeader,
    section: Section,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Section {
    EntryPoints,
    Outputs,
    MilestoneDiffs,
}

impl<W: Write + Seek> SnapshotWriter<W> {
    /// Begins a file at the present place of `file`, which should be buffered. The counts in `header` are ignored.
    ///
    /// # Errors
    /// [`SnapshotError`] when the header contradicts itself or the file cannot be written.
    pub fn create(mut file: W, header: SnapshotHeader) -> Result<Self, SnapshotError> {
        header.check()?;
        let kind = match header.kind {
            SnapshotKind::Full { treasury, .. } => SnapshotKind::Full { outputs: 0, treasury },
            SnapshotKind::Delta => SnapshotKind::Delta,
        };
        let header = SnapshotHeader { entry_points: 0, milestone_diffs: 0, kind, ..header };
        let start = file.stream_position()?;
        file.write_all(&header.pack())?;
        Ok(Self { file, start, header, section: Section::EntryPoints })
    }

    /// Appends an entry point.
    ///
    /// # Errors
    /// [`SnapshotError::Order`] after the first output or milestone; [`SnapshotError::Io`].
    pub fn entry_point(&mut self, id: &MessageId) -> Result<(), SnapshotError> {
        self.enter(Section::EntryPoints, "an entry point")?;
        self.header.entry_points += 1;
        Ok(self.file.write_all(&id.0)?)
    }

    /// Appends an unspent output.
    ///
    /// # Errors
    /// [`SnapshotError::Order`] in a delta file or after the first milestone; [`SnapshotError::Io`].
    pub fn output(&mut self, output: &SnapshotOutput) -> Result<(), SnapshotError> {
        self.enter(Section::Outputs, "an output")?;
        match &mut self.header.kind {
            SnapshotKind::Full { outputs, .. } => *outputs += 1,
            SnapshotKind::Delta => return Err(SnapshotError::Order("an output")),
        }
        let mut bytes = Vec::with_capacity(SnapshotOutput::BYTES);
        output.write(&mut bytes);
        Ok(self.file.write_all(&bytes)?)
    }

    /// Appends what a milestone changed.
    ///
    /// # Errors
    /// [`SnapshotError::Order`] when a receipt comes without the treasury output it spent; [`SnapshotError::Io`].
    pub fn milestone_diff(&mut self, diff: &MilestoneDiff) -> Result<(), SnapshotError> {
        self.enter(Section::MilestoneDiffs, "a milestone")?;
        self.header.milestone_diffs += 1;
        Ok(self.file.write_all(&diff.pack()?)?)
    }

    /// Fills in the counts and hands the file back, flushed but not synced, its place at the end.
    ///
    /// # Errors
    /// [`SnapshotError::Io`].
    pub fn finish(mut self) -> Result<W, SnapshotError> {
        let end = self.file.stream_position()?;
        self.file.seek(SeekFrom::Start(self.start + COUNTS_OFFSET))?;
        self.file.write_all(&self.header.pack_counts())?;
        self.file.seek(SeekFrom::Start(end))?;
        self.file.flush()?;
        Ok(self.file)
    }

    fn enter(&mut self, section: Section, what: &'static str) -> Result<(), SnapshotError> {
        if section < self.section {
            return Err(SnapshotError::Order(what));
        }
        self.section = section;
        Ok(())
    }
}
