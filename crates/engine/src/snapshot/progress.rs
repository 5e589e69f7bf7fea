//! How far loading is.

use std::io::{self, Read};

/// Bytes of the files between two calls of the progress callback, at least.
pub const PROGRESS_BYTES: u64 = 64 << 10;

/// How far loading is. The files do not tell their length in their headers: whoever opened them knows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes read of both files together.
    pub bytes: u64,
    /// Outputs of the ledger so far.
    pub outputs: u64,
    /// Milestones taken back or applied so far.
    pub milestones: u64,
}

/// A file that counts what is read of it.
pub(super) struct Counted<'a> {
    file: &'a mut dyn Read,
    bytes: u64,
}

impl<'a> Counted<'a> {
    pub(super) fn new(file: &'a mut dyn Read) -> Self {
        Self { file, bytes: 0 }
    }

    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.bytes = self.bytes.saturating_add(read as u64);
        Ok(read)
    }
}
