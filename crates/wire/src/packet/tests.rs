//! Tests of the codec: pinned bytes, any chunking, any junk.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// Every packet of `stream` when it arrives in `pieces`, and the error that ended it.
fn decode_in(
    pieces: &mut dyn Iterator<Item = &[u8]>,
    decoder: &mut Decoder,
) -> (Vec<Packet>, Option<PacketError>) {
    let mut packets = Vec::new();
    for mut piece in pieces {
        loop {
            match decoder.next(&mut piece) {
                Ok(Some(packet)) => packets.push(packet),
                Ok(None) => break,
                Err(error) => return (packets, Some(error)),
            }
        }
        assert!(piece.is_empty(), "None means that all was read");
        assert!(decoder.partial_bytes() < PACKET_BYTES_MAX);
    }
    (packets, None)
}

fn decode_whole(stream: &[u8]) -> (Vec<Packet>, Option<PacketError>) {
    decode_in(&mut std::iter::once(stream), &mut Decoder::new())
}

fn encoded(packets: &[Packet]) -> Vec<u8> {
    let mut stream = Vec::new();
    packets.iter().for_each(|packet| packet.encode(&mut stream));
    stream
}

/// `stream` cut after as many bytes as `cuts` say, again and again.
fn pieces<'a>(stream: &'a [u8], cuts: &'a [usize]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = stream;
    let mut cuts = cuts.iter().cycle();
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (piece, later) = rest.split_at((*cuts.next()?).min(rest.len()));
        rest = later;
        Some(piece)
    })
}

fn packet() -> impl Strategy<Value = Packet> {
    let heartbeat = (any::<[u32; 3]>(), any::<u8>(), any::<u8>()).prop_map(|(indexes, connected, synced)| {
        let [solid, pruned, latest] = indexes.map(MilestoneIndex);
        Packet::Heartbeat(Heartbeat {
            solid,
            pruned,
            latest,
            connected_peers: connected,
            synced_peers: synced,
        })
    });
    prop_oneof![
        any::<u32>().prop_map(|index| Packet::MilestoneRequest(MilestoneIndex(index))),
        vec(any::<u8>(), 1..600).prop_map(|bytes| Packet::Message(bytes.into())),
        any::<[u8; 32]>().prop_map(|id| Packet::MessageRequest(MessageId(id))),
        heartbeat,
    ]
}

/// Streams that begin well and may go wrong.
fn any_stream() -> impl Strategy<Value = Vec<u8>> {
    let junk = prop_oneof![Just(Vec::new()), vec(any::<u8>(), 0..80), vec(0_u8..6, 0..80)];
    (vec(packet(), 0..8), junk).prop_map(|(packets, junk)| [encoded(&packets), junk].concat())
}

#[test]
fn packets_have_the_bytes_of_the_reference_node() {
    let heartbeat = Heartbeat {
        solid: MilestoneIndex(0x0403_0201),
        pruned: MilestoneIndex(5),
        latest: MilestoneIndex(0x0807),
        connected_peers: 9,
        synced_peers: 10,
    };
    assert_eq!(
        encoded(&[Packet::Heartbeat(heartbeat)]),
        [4, 14, 0, 1, 2, 3, 4, 5, 0, 0, 0, 7, 8, 0, 0, 9, 10],
        "solid, pruned, latest"
    );
    assert_eq!(encoded(&[Packet::MilestoneRequest(MilestoneIndex(258))]), [1, 4, 0, 2, 1, 0, 0]);
    assert_eq!(encoded(&[Packet::Message(Bytes::from_static(&[7; 3]))]), [2, 3, 0, 7, 7, 7]);
    let request = encoded(&[Packet::MessageRequest(MessageId([6; 32]))]);
    assert_eq!(request[..3], [3, 32, 0]);
    assert_eq!(request[3..], [6; 32]);
}

#[test]
fn lengths_that_no_packet_has_are_refused() {
    for (kind, length, is_possible) in [
        (1, 4, true),
        (1, 3, false),
        (1, 5, false),
        (2, 0, false),
        (2, 1, true),
        (2, 32_768, true),
        (2, 32_769, false),
        (2, u16::MAX, false),
        (3, 32, true),
        (3, 31, false),
        (4, 14, true),
        (4, 15, false),
    ] {
        let [low, high] = u16::to_le_bytes(length);
        let (packets, error) = decode_whole(&[kind, low, high]);
        assert!(packets.is_empty());
        let expected = (!is_possible).then_some(PacketError::WrongLength { kind, length });
        assert_eq!(error, expected, "type {kind}, length {length}");
    }
}

#[test]
fn types_that_do_not_exist_are_refused() {
    for kind in (0..=u8::MAX).filter(|kind| !(1..=4).contains(kind)) {
        assert_eq!(decode_whole(&[kind, 4, 0]).1, Some(PacketError::UnknownType(kind)));
    }
}

#[test]
fn a_length_buys_no_memory() {
    let mut decoder = Decoder::new();
    let mut head: &[u8] = &[2, 0, 128, 1, 2, 3];
    assert_eq!(decoder.next(&mut head), Ok(None));
    assert_eq!(decoder.partial_bytes(), 6);
    assert!(decoder.room_bytes() <= 64, "{} bytes for 6", decoder.room_bytes());
}

#[test]
fn after_an_error_nothing_more_is_read() {
    let mut decoder = Decoder::new();
    let mut junk: &[u8] = &[9, 9, 9];
    let error = decoder.next(&mut junk);
    assert_eq!(error, Err(PacketError::UnknownType(9)));
    let good = encoded(&[Packet::MilestoneRequest(MilestoneIndex(1))]);
    assert_eq!(decoder.next(&mut good.as_slice()), error);
    assert_eq!(decoder.partial_bytes(), 0);
}

#[test]
fn the_largest_message_passes_in_pieces() {
    let packet = Packet::Message(vec![5; MESSAGE_BYTES_MAX].into());
    let stream = encoded(std::slice::from_ref(&packet));
    assert_eq!(stream.len(), PACKET_BYTES_MAX);
    let mut decoder = Decoder::new();
    let (packets, error) = decode_in(&mut stream.chunks(2_048), &mut decoder);
    assert_eq!((packets, error), (vec![packet], None));
    assert!(decoder.room_bytes() <= 2 * PACKET_BYTES_MAX);
}

#[test]
#[should_panic(expected = "a message of 0 bytes")]
fn an_empty_message_cannot_be_sent() {
    Packet::Message(Bytes::new()).encode(&mut Vec::new());
}

#[test]
fn a_milestone_is_recognised_by_its_claim() {
    let message = |parents: u8, kind: u32, rest: &[u8]| {
        let mut bytes = vec![0; 8];
        bytes.push(parents);
        bytes.extend(vec![1; 32 * usize::from(parents)]);
        bytes.extend([99, 0, 0, 0]);
        bytes.extend(kind.to_le_bytes());
        bytes.extend(rest);
        bytes
    };
    assert_eq!(claimed_milestone(&message(2, 1, &[7, 1, 0, 0, 5])), Some(MilestoneIndex(263)));
    assert_eq!(claimed_milestone(&message(8, 1, &[7, 0, 0, 0])), Some(MilestoneIndex(7)));
    assert_eq!(claimed_milestone(&message(2, 2, &[7, 1, 0, 0, 5])), None, "an indexation");
    assert_eq!(claimed_milestone(&message(2, 1, &[7, 1, 0])), None, "cut off");
    assert_eq!(claimed_milestone(&[255; 30]), None);
    assert_eq!(claimed_milestone(&[]), None);
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(packets in vec(packet(), 0..12)) {
        prop_assert_eq!(decode_whole(&encoded(&packets)), (packets, None));
    }

    #[test]
    fn pieces_do_not_matter(stream in any_stream(), cuts in vec(1_usize..50, 1..9)) {
        let in_pieces = decode_in(&mut pieces(&stream, &cuts), &mut Decoder::new());
        prop_assert_eq!(in_pieces, decode_whole(&stream));
    }

    #[test]
    fn a_stream_that_ends_early_gives_the_packets_that_are_whole(packets in vec(packet(), 1..4), cut in any::<prop::sample::Index>()) {
        let stream = encoded(&packets);
        let cut = cut.index(stream.len());
        let whole = (0..=packets.len()).rev().find(|count| encoded(&packets[..*count]).len() <= cut).unwrap();
        let mut decoder = Decoder::new();
        let (decoded, error) = decode_in(&mut std::iter::once(&stream[..cut]), &mut decoder);
        prop_assert_eq!(error, None);
        prop_assert_eq!(decoder.partial_bytes(), cut - encoded(&packets[..whole]).len());
        prop_assert_eq!(&decoded, &packets[..whole]);
        // The rest completes it.
        let (rest, error) = decode_in(&mut std::iter::once(&stream[cut..]), &mut decoder);
        prop_assert_eq!((rest, error), (packets[whole..].to_vec(), None));
    }

    #[test]
    fn junk_costs_no_more_than_it_has_bytes(stream in vec(any::<u8>(), 0..300), cuts in vec(1_usize..9, 1..4)) {
        let mut decoder = Decoder::new();
        let (packets, _) = decode_in(&mut pieces(&stream, &cuts), &mut decoder);
        prop_assert!(decoder.room_bytes() <= 2 * stream.len() + 64);
        // What was read has one form only.
        prop_assert!(stream.starts_with(&encoded(&packets)));
    }
}
