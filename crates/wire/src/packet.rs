//! The packets of the gossip protocol: `type u8, length u16 little endian, value`, one after the other on a stream that
//! may be cut anywhere. Neither a TIP nor an RFC describes them; the layout is the reference node's.

mod decoder;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use osmia_primitives::{MessageId, MilestoneIndex};

pub use decoder::Decoder;

/// Bytes of the largest message (TIP-6), so of the largest value of a packet.
pub const MESSAGE_BYTES_MAX: usize = 32_768;

/// Bytes before the value of a packet: its type and its length.
pub const HEADER_BYTES: usize = 3;

/// Bytes of the largest packet.
pub const PACKET_BYTES_MAX: usize = HEADER_BYTES + MESSAGE_BYTES_MAX;

const MILESTONE_REQUEST: u8 = 1;
const MESSAGE: u8 = 2;
const MESSAGE_REQUEST: u8 = 3;
const HEARTBEAT: u8 = 4;

const MILESTONE_REQUEST_BYTES: usize = 4;
const MESSAGE_REQUEST_BYTES: usize = 32;
const HEARTBEAT_BYTES: usize = 14;

/// Where a peer says it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heartbeat {
    /// Its confirmed milestone: it has the cone of every milestone up to here that it did not remove.
    pub solid: MilestoneIndex,
    /// Up to which milestone it removed messages.
    pub pruned: MilestoneIndex,
    /// The newest valid milestone it knows.
    pub latest: MilestoneIndex,
    /// How many peers it is connected to; 255 stands for more, too.
    pub connected_peers: u8,
    /// How many of them are synced; 255 stands for more, too.
    pub synced_peers: u8,
}

impl Heartbeat {
    /// Whether the three indexes can be true of one node.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        self.pruned <= self.solid && self.solid <= self.latest
    }
}

/// A packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packet {
    /// Asks for the message that holds the milestone with this index; 0 asks for the newest milestone the peer has.
    MilestoneRequest(MilestoneIndex),
    /// The bytes of a message, 1 to [`MESSAGE_BYTES_MAX`] of them, not looked at yet.
    Message(Bytes),
    /// Asks for a message by its id.
    MessageRequest(MessageId),
    /// Where the sender stands.
    Heartbeat(Heartbeat),
}

/// Why a stream of packets cannot be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    /// No packet has this type.
    #[error("unknown packet type {0}")]
    UnknownType(u8),
    /// No packet of this type has this length.
    #[error("a packet of type {kind} cannot have {length} bytes")]
    WrongLength {
        /// The type of the packet.
        kind: u8,
        /// The length it stated.
        length: u16,
    },
}

impl Packet {
    /// Appends the bytes of this packet to `out`.
    ///
    /// # Panics
    /// When a message is empty or has more than [`MESSAGE_BYTES_MAX`] bytes: no such message exists.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::MilestoneRequest(index) => encode_milestone_request(*index, out),
            Self::Message(bytes) => encode_message(bytes, out),
            Self::MessageRequest(id) => encode_message_request(id, out),
            Self::Heartbeat(heartbeat) => encode_heartbeat(heartbeat, out),
        }
    }
}

/// Appends a request for a milestone by index.
pub(crate) fn encode_milestone_request(index: MilestoneIndex, out: &mut Vec<u8>) {
    encode_header(MILESTONE_REQUEST, MILESTONE_REQUEST_BYTES, out);
    out.extend_from_slice(&index.0.to_le_bytes());
}

/// Appends a message.
pub(crate) fn encode_message(bytes: &[u8], out: &mut Vec<u8>) {
    assert!(!bytes.is_empty() && bytes.len() <= MESSAGE_BYTES_MAX, "a message of {} bytes", bytes.len());
    encode_header(MESSAGE, bytes.len(), out);
    out.extend_from_slice(bytes);
}

/// Appends a request for a message by id.
pub(crate) fn encode_message_request(id: &MessageId, out: &mut Vec<u8>) {
    encode_header(MESSAGE_REQUEST, MESSAGE_REQUEST_BYTES, out);
    out.extend_from_slice(&id.0);
}

/// Appends a heartbeat.
pub(crate) fn encode_heartbeat(heartbeat: &Heartbeat, out: &mut Vec<u8>) {
    encode_header(HEARTBEAT, HEARTBEAT_BYTES, out);
    for index in [heartbeat.solid, heartbeat.pruned, heartbeat.latest] {
        out.extend_from_slice(&index.0.to_le_bytes());
    }
    out.extend_from_slice(&[heartbeat.connected_peers, heartbeat.synced_peers]);
}

fn encode_header(kind: u8, length: usize, out: &mut Vec<u8>) {
    let length = u16::try_from(length).expect("because no packet is longer than a message");
    let [low, high] = length.to_le_bytes();
    out.extend_from_slice(&[kind, low, high]);
}

/// Bytes of the value that a header announces, or why no packet has this header.
fn value_length(kind: u8, length: u16) -> Result<usize, PacketError> {
    let bytes = usize::from(length);
    let is_possible = match kind {
        MILESTONE_REQUEST => bytes == MILESTONE_REQUEST_BYTES,
        MESSAGE => (1..=MESSAGE_BYTES_MAX).contains(&bytes),
        MESSAGE_REQUEST => bytes == MESSAGE_REQUEST_BYTES,
        HEARTBEAT => bytes == HEARTBEAT_BYTES,
        unknown => return Err(PacketError::UnknownType(unknown)),
    };
    if is_possible { Ok(bytes) } else { Err(PacketError::WrongLength { kind, length }) }
}

/// The packet of a header that [`value_length`] took, and its value.
fn decode(kind: u8, value: &[u8]) -> Packet {
    match kind {
        MILESTONE_REQUEST => Packet::MilestoneRequest(index_at(value, 0)),
        MESSAGE => Packet::Message(Bytes::copy_from_slice(value)),
        MESSAGE_REQUEST => {
            let id = value.first_chunk().expect("because the length was checked");
            Packet::MessageRequest(MessageId(*id))
        }
        _ => Packet::Heartbeat(Heartbeat {
            solid: index_at(value, 0),
            pruned: index_at(value, 4),
            latest: index_at(value, 8),
            connected_peers: value.get(12).copied().unwrap_or(0),
            synced_peers: value.get(13).copied().unwrap_or(0),
        }),
    }
}

fn index_at(value: &[u8], place: usize) -> MilestoneIndex {
    let bytes = value.get(place..).and_then(<[u8]>::first_chunk).expect("because the length was checked");
    MilestoneIndex(u32::from_le_bytes(*bytes))
}

/// The index a message claims for the milestone it holds, or `None` when it holds none. Nothing is checked: it only
/// helps to match an answer with a request.
///
/// A message (TIP-6) is a network id of 8 bytes, a count and 32 bytes for each parent, a length of 4 bytes and the
/// payload, which for a milestone (TIP-8) begins with type 1 and the index.
#[must_use]
pub fn claimed_milestone(message: &[u8]) -> Option<MilestoneIndex> {
    const MILESTONE_PAYLOAD: [u8; 4] = 1_u32.to_le_bytes();
    let parents = usize::from(*message.get(8)?);
    let payload = message.get(8 + 1 + 32 * parents + 4..)?;
    let (kind, rest) = payload.split_first_chunk()?;
    if *kind != MILESTONE_PAYLOAD {
        return None;
    }
    Some(MilestoneIndex(u32::from_le_bytes(*rest.first_chunk()?)))
}
