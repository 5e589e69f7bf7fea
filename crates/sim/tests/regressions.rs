//! Seeds whose networks failed once. What was wrong is told here, because a seed's run changes with the simulator.

use osmia_sim::network::{Plan, run};

#[track_caller]
fn assert_passes(seed: u64) {
    if let Err(failure) = run(Plan::of_seed(seed)) {
        panic!("{failure}");
    }
}

/// The answer to a request by index settled only the request by id for the same message, which another peer had been
/// asked: peers that had answered were reported for never doing so.
#[test]
fn an_answer_settles_every_request_for_its_message() {
    assert_passes(184);
}

/// A milestone that was attached at once was not sent on when it had been asked for, so it took a second and more for
/// each hop.
#[test]
fn milestones_are_sent_on() {
    for seed in [0, 4, 21] {
        assert_passes(seed);
    }
}

/// Hostile peers that claim to have everything kept a node behind, because each was asked again and again.
#[test]
fn peers_that_do_not_answer_delay_little() {
    for seed in [97, 164, 302, 647] {
        assert_passes(seed);
    }
}

/// A submission was answered as stored although its message, known from a peer, only waited for its parents.
#[test]
fn a_message_that_waits_is_not_stored() {
    assert_passes(254);
}

/// Peers that came back all the time were asked first each time, and the one who had what was missing never again.
#[test]
fn peers_that_come_and_go_keep_nothing_from_being_asked() {
    assert_passes(1_108);
}

/// A request was forgotten while an answer was owed, so the late answer of a slow peer was judged like gossip that nobody
/// had asked for.
#[test]
fn a_late_answer_is_still_one_that_was_asked_for() {
    assert_passes(10_936);
}
