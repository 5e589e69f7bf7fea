//! Cuts a stream of bytes into packets.

use super::{HEADER_BYTES, Packet, PacketError, decode, value_length};

/// Cuts a stream of bytes into packets, however it is divided into pieces.
///
/// It holds less than one packet between two pieces, and never more room than twice the bytes that arrived for it. A
/// packet that lies wholly in a piece is read where it is. After an error it gives nothing more.
#[derive(Debug, Default)]
pub struct Decoder {
    /// The beginning of a packet whose end has not arrived.
    partial: Vec<u8>,
    error: Option<PacketError>,
}

impl Decoder {
    /// A decoder at the beginning of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next packet from `input`, the unread part of the piece that arrived last, and moves `input` behind it.
    /// `None`: all of the piece is read, and the next piece is needed.
    ///
    /// # Errors
    /// When no packet begins with these bytes; from then on always.
    pub fn next(&mut self, input: &mut &[u8]) -> Result<Option<Packet>, PacketError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let result =
            if self.partial.is_empty() { self.cut_from_input(input) } else { self.cut_from_both(input) };
        if let Err(error) = result {
            self.error = Some(error);
            self.partial = Vec::new();
        }
        result
    }

    /// Bytes of the packet whose end has not arrived.
    #[must_use]
    pub fn partial_bytes(&self) -> usize {
        self.partial.len()
    }

    /// Bytes of room bought for it.
    #[must_use]
    pub fn room_bytes(&self) -> usize {
        self.partial.capacity()
    }

    fn cut_from_input(&mut self, input: &mut &[u8]) -> Result<Option<Packet>, PacketError> {
        let Some(length) = packet_length(input)? else {
            self.keep(input);
            return Ok(None);
        };
        let Some((packet, rest)) = input.split_at_checked(length) else {
            self.keep(input);
            return Ok(None);
        };
        *input = rest;
        Ok(Some(read(packet)))
    }

    fn cut_from_both(&mut self, input: &mut &[u8]) -> Result<Option<Packet>, PacketError> {
        self.fill(HEADER_BYTES, input);
        let Some(length) = packet_length(&self.partial)? else { return Ok(None) };
        self.fill(length, input);
        if self.partial.len() < length {
            return Ok(None);
        }
        let packet = read(&self.partial);
        self.partial.clear();
        Ok(Some(packet))
    }

    /// Keeps all of `input` for later.
    fn keep(&mut self, input: &mut &[u8]) {
        self.partial.extend_from_slice(input);
        *input = &[];
    }

    /// Moves bytes from `input` until `length` are held or `input` is empty.
    fn fill(&mut self, length: usize, input: &mut &[u8]) {
        let lacking = length.saturating_sub(self.partial.len());
        let (taken, rest) = input.split_at(lacking.min(input.len()));
        self.partial.extend_from_slice(taken);
        *input = rest;
    }
}

/// Bytes of the packet that begins here, header included; `None` when the header is not complete.
fn packet_length(bytes: &[u8]) -> Result<Option<usize>, PacketError> {
    let Some([kind, low, high]) = bytes.first_chunk() else { return Ok(None) };
    let length = u16::from_le_bytes([*low, *high]);
    value_length(*kind, length).map(|value| Some(HEADER_BYTES + value))
}

/// Reads a packet that is complete and whose header was taken.
fn read(packet: &[u8]) -> Packet {
    let (kind, value) = match packet {
        [kind, _, _, value @ ..] => (*kind, value),
        _ => unreachable!("because a packet has a header"),
    };
    decode(kind, value)
}
