use super::*;

const NETWORK: NetworkId = NetworkId(0x0807_0605_0403_0201);
const PARENT: MessageId = MessageId([0x22; 32]);

/// A message without payload: head, parents, payload length, nonce.
fn message(network_id: u64, parents: &[MessageId], nonce: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.put_u64(network_id);
    bytes.put_u8(u8::try_from(parents.len()).unwrap());
    for parent in parents {
        bytes.put(&parent.0);
    }
    bytes.put_u32(0);
    bytes.put_u64(nonce);
    bytes
}

#[test]
fn gaps_of_a_message_are_seen_and_filled() {
    let complete = message(NETWORK.0, &[PARENT], 77);
    let gaps = Gaps::of(&complete).unwrap();
    assert_eq!((gaps.network_id, gaps.parents, gaps.nonce), (NETWORK.0, 1, 77));

    let without_network = message(0, &[PARENT], 0);
    let gaps = Gaps::of(&without_network).unwrap();
    assert_eq!((gaps.network_id, gaps.parents, gaps.nonce), (0, 1, 0));
    assert_eq!(gaps.fill(&without_network, NETWORK, &[]), message(NETWORK.0, &[PARENT], 0));

    let without_parents = message(0, &[], 0);
    let gaps = Gaps::of(&without_parents).unwrap();
    assert_eq!((gaps.network_id, gaps.parents, gaps.nonce), (0, 0, 0));
    let filled = gaps.fill(&without_parents, NETWORK, &[PARENT, MessageId([0x33; 32])]);
    assert_eq!(filled, message(NETWORK.0, &[PARENT, MessageId([0x33; 32])], 0));
}

#[test]
fn bytes_too_short_or_too_long_for_a_message_have_no_gaps() {
    assert!(Gaps::of(&[]).is_none());
    assert!(Gaps::of(&[0; 16]).is_none());
    assert!(Gaps::of(&[0; 17]).is_some());
    assert!(Gaps::of(&vec![0; MESSAGE_BYTES_MAX + 1]).is_none());
}

#[test]
fn refusals_have_the_status_of_their_cause() {
    let bad = [
        SubmitError::WrongNetwork { expected: NETWORK, got: NetworkId(1) },
        SubmitError::InsufficientPow { score: 1.0, required: 100.0 },
        SubmitError::ParentNotFound(PARENT),
        SubmitError::ParentTooOld(PARENT),
    ];
    for error in bad {
        assert_eq!(refused(&error).status(), hyper::StatusCode::BAD_REQUEST, "{error}");
    }
    for error in [SubmitError::NotSynced, SubmitError::Busy, SubmitError::Stopped("disk full".into())] {
        assert_eq!(refused(&error).status(), hyper::StatusCode::SERVICE_UNAVAILABLE, "{error}");
    }
}

#[test]
fn what_is_not_mined_has_the_status_of_its_cause() {
    for error in [MineError::Full { retry_after_s: 7 }, MineError::Displaced { retry_after_s: 7 }] {
        let fault = not_mined(&error);
        assert_eq!(fault, Fault::unavailable_for(7, error.to_string()));
        assert!(error.to_string().ends_with("try again in 7 s"), "{error}");
    }
    for error in [MineError::NoTips, MineError::Stopped] {
        assert_eq!(not_mined(&error), Fault::unavailable(error.to_string()));
    }
    for error in [MineError::TooHard, MineError::Exhausted] {
        assert_eq!(not_mined(&error).status(), hyper::StatusCode::BAD_REQUEST, "{error}");
    }
    assert_eq!(not_mined(&MineError::Panicked).status(), hyper::StatusCode::INTERNAL_SERVER_ERROR);
}

#[test]
fn the_text_clients_look_for_is_there() {
    assert!(POW_NOT_ENABLED.contains("proof of work is not enabled"));
}
