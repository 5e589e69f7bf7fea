//! Every bound of this crate, with its arithmetic.

use std::time::Duration;

/// Peers with a gossip stream at once: [`osmia_wire`] keeps the senders of a message in the 64 bits of one word.
pub const GOSSIP_PEERS_MAX: usize = 64;

/// Known peers, from the configuration and added at run time. At about 1 KiB each with its addresses, 1 MiB.
pub const KNOWN_PEERS_MAX: usize = 1_000;

/// Addresses of one peer: IPv4, IPv6 and a name, inside and outside of a private network, and two to spare.
pub const ADDRESSES_PER_PEER_MAX: usize = 8;

/// Bytes of an address of a peer. A DNS name has at most 253 characters; with its protocols and port about 300 bytes.
pub const ADDRESS_BYTES_MAX: usize = 320;

/// Characters of a peer's alias.
pub const ALIAS_CHARACTERS_MAX: usize = 128;

/// Peers whose misbehaviour is remembered. A stranger can make as many identities as he likes; the one whose ban ends
/// first is forgotten first. At about 200 bytes each, 200 KiB.
pub const STANDINGS_MAX: usize = 1_024;

/// Characters of the reason of a ban that are kept.
pub const REASON_CHARACTERS_MAX: usize = 200;

/// Peers that are dialled at once: a thousand known peers that are all away cost 16 sockets, not a thousand.
pub const DIALS_MAX: usize = 16;

/// How long dialling one address may take, with everything that makes it a connection (TCP, Noise, Yamux).
pub const DIAL_TIMEOUT: Duration = Duration::from_secs(10);

/// The shortest wait before a peer is dialled again, in milliseconds.
pub const RETRY_MS_MIN: u64 = 1_000;

/// The longest wait before a peer is dialled again, in milliseconds. The reference node waits 30 s; a minute at most
/// after many failures keeps a list of a thousand dead peers at 17 dials per second.
pub const RETRY_MS_MAX: u64 = 60_000;

/// How long a gossip stream must have been open for the next wait to start from the shortest again, in milliseconds. A peer
/// that accepts and closes at once is dialled less and less often.
pub const STABLE_MS: u64 = 10_000;

/// A connection younger than this, in milliseconds, may have been made while the other side dialled, too: a second one is
/// then judged by the peers' ids. An older one is replaced by a new one, because the peer would not dial if it still had
/// the old one. Longer than [`DIAL_TIMEOUT`].
pub const SIMULTANEOUS_MS: u64 = 15_000;

/// How long a connection may be without a gossip stream, in milliseconds; as long may a handshake take.
pub const STREAM_TIMEOUT_MS: u64 = 10_000;

/// How long the other side may take to agree on the protocol of a stream.
pub const NEGOTIATION_TIMEOUT: Duration = Duration::from_secs(8);

/// Connections that came in, whether their handshake is complete or not: all 64 gossip peers, and as many on their way.
/// A connection that is no gossip peer costs about 40 KiB (buffers of Noise and Yamux): 5 MiB.
pub const INCOMING_MAX: usize = 128;

/// Connections from one IP address that are not gossip peers yet.
pub const INCOMING_PER_ADDRESS_MAX: usize = 8;

/// Streams of one connection, in both directions: gossip, identify, its push and ping need seven; the reference node's
/// further protocols are refused one by one.
pub const STREAMS_MAX: usize = 16;

/// Bytes that a peer may have sent on one connection and that nobody has read yet: the 256 KiB that every stream is
/// promised, and 12 MiB by which the windows of busy streams grow, enough for 120 MB/s at a round trip of 100 ms. All 128
/// connections that come in could hold 2 GiB only if all of them were gossip peers, of which there are 64 at most, that
/// first show that they are fast and whose messages then are not taken; those are 1 GiB at worst and nothing usually.
pub const CONNECTION_WINDOW_BYTES: usize = STREAMS_MAX * (256 << 10) + (12 << 20);

/// Streams of one connection on whose protocol the two sides have not agreed yet.
pub const NEGOTIATING_STREAMS_MAX: usize = 8;

/// Bytes read from a stream at once.
pub const READ_BYTES: usize = 16 << 10;

/// Bytes written to a stream at once: from 16 KiB on more does not make it cheaper.
pub const WRITE_BYTES: usize = 16 << 10;

/// How long a write may take before the stream counts as dead.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// How often gossip and the roster are told that time has passed.
pub const TICK: Duration = Duration::from_millis(100);

/// How long what [`Network::peers`](crate::Network::peers) shows may be behind, in milliseconds.
pub const PUBLISH_MS: u64 = 250;

/// How often changes are published at most, in milliseconds: a list of a thousand peers takes about 0.2 ms to make, and
/// strangers can cause changes.
pub const PUBLISH_MS_MIN: u64 = 20;

/// Messages to broadcast that wait for the network thread. It takes them within a millisecond; when it is held up,
/// 16 384 messages are half a second at 30 000 messages/s.
pub const BROADCASTS_MAX: usize = 16_384;

/// Bytes of the messages to broadcast that wait for the network thread.
pub const BROADCASTS_BYTES_MAX: usize = 32 << 20;

/// Questions of peers that are being answered. Answers of the largest size are 512 × 32 KiB = 16 MiB.
pub const QUESTIONS_MAX: usize = 512;

/// Questions that are answered before the network thread is told.
pub const QUESTIONS_PER_BATCH: usize = 64;

/// Commands that wait for the network thread.
pub const COMMANDS_MAX: usize = 256;

/// Bytes of `peers.json`: 1 000 peers with 8 addresses of at most 320 bytes are 2.5 MiB, 1 024 bans of at most
/// 400 bytes 0.4 MiB.
pub const ROSTER_FILE_BYTES_MAX: u64 = 4 << 20;

/// Bytes of a key file: a PEM file of an Ed25519 key has 119.
pub const KEY_FILE_BYTES_MAX: u64 = 4_096;

/// How long the listeners may take to bind when the network starts.
pub const LISTEN_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the connections may take to close when the network stops.
pub const STOP_TIMEOUT: Duration = Duration::from_millis(500);

/// Bytes a probe reads at once.
pub const PROBE_CHUNK_BYTES: usize = 64 << 10;

/// Pieces that wait on either side of a probe: 64 of 64 KiB are 4 MiB.
pub const PROBE_CHUNKS_MAX: usize = 64;
