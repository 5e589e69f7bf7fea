//! A reader over bytes from outside that cannot read past their end and allocates nothing by itself, and the
//! little-endian writer that is its inverse.

/// Why bytes could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BytesError {
    /// The input ends inside the value.
    #[error("the input ends early: {needed} bytes are needed at offset {offset}, {left} are left")]
    UnexpectedEnd {
        /// Where the value starts.
        offset: usize,
        /// How many bytes it takes.
        needed: usize,
        /// How many bytes there are.
        left: usize,
    },
    /// The value is complete, but bytes follow.
    #[error("{0} bytes follow the end of the value")]
    TrailingBytes(usize),
}

/// Reads values from the front of a byte slice.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    all: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    /// A reader at the start of `all`.
    #[must_use]
    pub const fn new(all: &'a [u8]) -> Self {
        Self { all, offset: 0 }
    }

    /// How many bytes were read so far.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// How many bytes are left.
    #[must_use]
    pub const fn left(&self) -> usize {
        self.all.len() - self.offset
    }

    /// The bytes from `start` (an earlier [`Reader::offset`]) up to here.
    #[must_use]
    pub fn since(&self, start: usize) -> &'a [u8] {
        self.all.get(start..self.offset).unwrap_or(&[])
    }

    /// The next `count` bytes, borrowed.
    ///
    /// # Errors
    /// [`BytesError::UnexpectedEnd`] when fewer are left; nothing is read then.
    pub fn slice(&mut self, count: usize) -> Result<&'a [u8], BytesError> {
        let rest = self.all.get(self.offset..).unwrap_or(&[]);
        let slice = rest.get(..count).ok_or(BytesError::UnexpectedEnd {
            offset: self.offset,
            needed: count,
            left: rest.len(),
        })?;
        self.offset += count;
        Ok(slice)
    }

    /// The next `N` bytes.
    ///
    /// # Errors
    /// As [`Reader::slice`].
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], BytesError> {
        let slice = self.slice(N)?;
        Ok(*slice.first_chunk().expect("because the slice has N bytes"))
    }

    /// The next byte.
    ///
    /// # Errors
    /// As [`Reader::slice`].
    pub fn u8(&mut self) -> Result<u8, BytesError> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// The next 2 bytes, little endian.
    ///
    /// # Errors
    /// As [`Reader::slice`].
    pub fn u16(&mut self) -> Result<u16, BytesError> {
        self.array().map(u16::from_le_bytes)
    }

    /// The next 4 bytes, little endian.
    ///
    /// # Errors
    /// As [`Reader::slice`].
    pub fn u32(&mut self) -> Result<u32, BytesError> {
        self.array().map(u32::from_le_bytes)
    }

    /// The next 8 bytes, little endian.
    ///
    /// # Errors
    /// As [`Reader::slice`].
    pub fn u64(&mut self) -> Result<u64, BytesError> {
        self.array().map(u64::from_le_bytes)
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// [`BytesError::TrailingBytes`] when bytes are left.
    pub const fn finish(self) -> Result<(), BytesError> {
        match self.left() {
            0 => Ok(()),
            left => Err(BytesError::TrailingBytes(left)),
        }
    }
}

/// Appends little-endian values to a byte vector: the inverse of [`Reader`].
pub trait Write {
    /// Appends one byte.
    fn put_u8(&mut self, value: u8);
    /// Appends 2 bytes, little endian.
    fn put_u16(&mut self, value: u16);
    /// Appends 4 bytes, little endian.
    fn put_u32(&mut self, value: u32);
    /// Appends 8 bytes, little endian.
    fn put_u64(&mut self, value: u64);
    /// Appends the bytes themselves.
    fn put(&mut self, bytes: &[u8]);
}

impl Write for Vec<u8> {
    fn put_u8(&mut self, value: u8) {
        self.push(value);
    }

    fn put_u16(&mut self, value: u16) {
        self.extend_from_slice(&value.to_le_bytes());
    }

    fn put_u32(&mut self, value: u32) {
        self.extend_from_slice(&value.to_le_bytes());
    }

    fn put_u64(&mut self, value: u64) {
        self.extend_from_slice(&value.to_le_bytes());
    }

    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_back_as_written() {
        let mut bytes = Vec::new();
        bytes.put_u8(1);
        bytes.put_u16(0x0203);
        bytes.put_u32(0x0405_0607);
        bytes.put_u64(0x0809_0a0b_0c0d_0e0f);
        bytes.put(b"end");
        let mut reader = Reader::new(&bytes);
        assert_eq!(reader.u8(), Ok(1));
        assert_eq!(reader.u16(), Ok(0x0203));
        assert_eq!(reader.u32(), Ok(0x0405_0607));
        let start = reader.offset();
        assert_eq!(reader.u64(), Ok(0x0809_0a0b_0c0d_0e0f));
        assert_eq!(reader.since(start).len(), 8);
        assert_eq!(reader.slice(3), Ok(&b"end"[..]));
        assert_eq!(reader.finish(), Ok(()));
    }

    #[test]
    fn reading_past_the_end_and_leaving_bytes_are_errors() {
        let mut reader = Reader::new(&[1, 2, 3]);
        assert_eq!(reader.u32(), Err(BytesError::UnexpectedEnd { offset: 0, needed: 4, left: 3 }));
        assert!(reader.slice(usize::MAX).is_err());
        assert_eq!(reader.u8(), Ok(1));
        assert_eq!(reader.finish(), Err(BytesError::TrailingBytes(2)));
    }
}
