//! Tests of penalties and bans.

use super::*;
use Misbehaviour::*;

const MINUTE: u64 = 60_000;

#[test]
fn every_misbehaviour_costs_something_and_has_a_name() {
    let named: Vec<Misbehaviour> = Misbehaviour::all().collect();
    for misbehaviour in [
        UnknownPacketType,
        WrongPacketLength,
        InvalidSyntax,
        WrongNetwork,
        InsufficientPow,
        ContradictingHeartbeat,
        Repeats,
        RequestFlood,
        NeverAnswers,
    ] {
        assert!(named.contains(&misbehaviour), "{misbehaviour:?}");
        assert!((1..=PENALTY_POINTS_BAN).contains(&misbehaviour.points()));
        assert!(!misbehaviour.to_string().is_empty());
    }
    assert_eq!(named.len(), 9);
}

#[test]
fn garbage_bans_at_once() {
    let mut standing = Standing::new();
    let ban = standing.punish(1_000, UnknownPacketType);
    assert_eq!(ban, Some(Ban { until_ms: 1_000 + 10 * MINUTE, reason: UnknownPacketType }));
    assert_eq!(standing.banned_until(1_000 + 10 * MINUTE - 1), Some(1_000 + 10 * MINUTE));
    assert_eq!(standing.banned_until(1_000 + 10 * MINUTE), None, "it ends by itself");
}

#[test]
fn points_add_up_and_decay() {
    let mut standing = Standing::new();
    for count in 1..=9 {
        assert_eq!(standing.punish(0, InsufficientPow), None);
        assert_eq!(standing.points(0), 10 * count);
    }
    assert_eq!(standing.points(PENALTY_POINTS_DECAY_MS * 5), 85);
    assert_eq!(standing.points(u64::MAX), 0);
    assert!(standing.is_clean(u64::MAX) && !standing.is_clean(0));
    assert_eq!(standing.punish(PENALTY_POINTS_DECAY_MS, InsufficientPow), None, "89 and 10");
    assert!(standing.punish(PENALTY_POINTS_DECAY_MS, InsufficientPow).is_some());
}

#[test]
fn points_that_come_often_decay_all_the_same() {
    let mut standing = Standing::new();
    for second in 0..100 {
        // 90 points in 10 steps of 10 seconds, and 10 forgiven.
        if second % 11 == 0 {
            assert_eq!(standing.punish(second * 1_000, InsufficientPow), None);
        }
    }
    assert_eq!(standing.points(100_000), 100 - 10);
}

#[test]
fn bans_double_up_to_a_day_and_are_forgotten_after_a_week() {
    let mut standing = Standing::new();
    let mut now_ms = 5;
    let mut lengths = Vec::new();
    for _ in 0..12 {
        let ban = standing.punish(now_ms, WrongPacketLength).unwrap();
        lengths.push((ban.until_ms - now_ms) / MINUTE);
        now_ms = ban.until_ms;
    }
    assert_eq!(lengths, [10, 20, 40, 80, 160, 320, 640, 1_280, 1_440, 1_440, 1_440, 1_440]);
    now_ms += BANS_FORGOTTEN_MS - 1;
    let ban = standing.clone().punish(now_ms, WrongPacketLength).unwrap();
    assert_eq!((ban.until_ms - now_ms) / MINUTE, 1_440, "not forgotten yet");
    now_ms += 1;
    assert!(standing.is_clean(now_ms));
    let ban = standing.punish(now_ms, WrongPacketLength).unwrap();
    assert_eq!((ban.until_ms - now_ms) / MINUTE, 10);
}

#[test]
fn nothing_is_counted_while_a_ban_holds() {
    let mut standing = Standing::new();
    let until_ms = standing.punish(0, UnknownPacketType).unwrap().until_ms;
    assert_eq!(standing.punish(1, UnknownPacketType), None);
    assert_eq!(standing.punish(until_ms, InsufficientPow), None);
    assert_eq!((standing.bans, standing.points(until_ms)), (1, 10));
}

#[test]
fn a_pardon_ends_the_ban_and_not_the_memory_of_it() {
    let mut standing = Standing::new();
    standing.punish(0, UnknownPacketType);
    standing.pardon(MINUTE);
    assert_eq!((standing.banned_until(MINUTE), standing.points(MINUTE)), (None, 0));
    let ban = standing.punish(2 * MINUTE, UnknownPacketType).unwrap();
    assert_eq!(ban.until_ms, 22 * MINUTE);
}

#[test]
fn what_was_kept_goes_on_where_it_was() {
    let mut standing = Standing::new();
    standing.punish(0, InvalidSyntax);
    let Standing { points_then, points_at_ms, bans, banned_until_ms } = standing;
    let mut kept = Standing { points_then, points_at_ms, bans, banned_until_ms };
    assert_eq!(kept.punish(1, InvalidSyntax), standing.punish(1, InvalidSyntax));
    assert_eq!(kept.banned_until(2), Some(1 + BAN_MS_FIRST));
}

#[test]
fn a_clock_that_steps_back_ends_no_ban_and_forgives_nothing() {
    let mut standing = Standing::new();
    standing.punish(1_000_000, InvalidSyntax);
    assert_eq!(standing.points(0), 50);
    standing.punish(999_000, InvalidSyntax);
    assert!(standing.banned_until(0).is_some());
}
