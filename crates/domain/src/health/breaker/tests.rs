use super::*;

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
/// A draw that gives the middle of the jitter for every time that a breaker is open is none; this one gives its least.
const LEAST: u64 = 0;

/// That of an attempt which may begin.
fn ticket(breaker: &mut Breaker, now: Duration) -> Ticket {
    let Entry::Passes(ticket) = breaker.enter(now, false) else { panic!("nothing passes") };
    ticket
}

/// That of a probe.
fn probe(breaker: &mut Breaker, now: Duration) -> Ticket {
    Some(ticket(breaker, now)).filter(|ticket| ticket.is_probe()).unwrap()
}

/// An attempt begins and ends at once.
fn attempt(breaker: &mut Breaker, now: Duration, verdict: Verdict, draw: u64) {
    let ticket = ticket(breaker, now);
    breaker.ended(now, verdict, ticket, draw);
}

fn failed(breaker: &mut Breaker, now: Duration, times: u32) {
    for _ in 0..times {
        attempt(breaker, now, Verdict::Failed, LEAST);
    }
}

fn open(now: Duration) -> Breaker {
    let mut breaker = Breaker::default();
    failed(&mut breaker, now, 5);
    breaker
}

#[test]
fn five_failures_in_a_row_open_it_and_four_do_not() {
    let mut breaker = Breaker::default();
    failed(&mut breaker, SECOND, 4);
    attempt(&mut breaker, SECOND, Verdict::Works, LEAST);
    failed(&mut breaker, SECOND, 4);
    assert_eq!(breaker.state(SECOND), BreakerState::Closed);
    failed(&mut breaker, SECOND, 1);
    assert_eq!(breaker.state(SECOND), BreakerState::Open { left: 800 * MS });
    assert_eq!(breaker.enter(SECOND, false), Entry::Refused { wait: 800 * MS });
}

#[test]
fn half_of_twenty_within_ten_seconds_open_it() {
    let alternating = |every: Duration| {
        let mut breaker = Breaker::default();
        for turn in 0..20_u32 {
            let verdict = if turn.is_multiple_of(2) { Verdict::Works } else { Verdict::Failed };
            if breaker.state(every * turn) == BreakerState::Closed {
                attempt(&mut breaker, every * turn, verdict, LEAST);
            }
        }
        breaker.state(every * 20)
    };
    assert!(matches!(alternating(100 * MS), BreakerState::Open { .. }));
    assert_eq!(alternating(SECOND), BreakerState::Closed, "that was in twenty seconds");
    let mut rare = Breaker::default();
    for turn in 0..200_u32 {
        let verdict = if turn.is_multiple_of(3) { Verdict::Failed } else { Verdict::Works };
        attempt(&mut rare, SECOND, verdict, LEAST);
    }
    assert_eq!(rare.state(SECOND), BreakerState::Closed, "that was a third");
}

#[test]
fn what_says_nothing_counts_for_nothing_and_what_must_be_mended_opens_at_once() {
    let mut breaker = Breaker::default();
    for _ in 0..100 {
        attempt(&mut breaker, SECOND, Verdict::Neither, LEAST);
    }
    failed(&mut breaker, SECOND, 4);
    attempt(&mut breaker, SECOND, Verdict::Neither, LEAST);
    assert_eq!(breaker.state(SECOND), BreakerState::Closed);
    let mut broken = Breaker::default();
    attempt(&mut broken, SECOND, Verdict::Broken, LEAST);
    assert!(matches!(broken.state(SECOND), BreakerState::Open { .. }));
}

#[test]
fn of_256_that_wait_one_probes_and_its_success_lets_all_pass() {
    let mut breaker = open(SECOND);
    let later = 3 * SECOND;
    assert_eq!(breaker.state(later), BreakerState::HalfOpen { is_probed: false });
    let entries: Vec<Entry> = (0..256).map(|_| breaker.enter(later, true)).collect();
    let gone: Vec<Ticket> = entries
        .iter()
        .filter_map(|entry| match entry {
            Entry::Passes(ticket) => Some(*ticket),
            Entry::Refused { .. } => None,
        })
        .collect();
    assert_eq!((gone.len(), gone[0].is_probe()), (1, true));
    assert_eq!(breaker.state(later), BreakerState::HalfOpen { is_probed: true });
    breaker.ended(later, Verdict::Works, gone[0], LEAST);
    assert!(!ticket(&mut breaker, later).is_probe());
}

#[test]
fn each_probe_that_fails_doubles_the_time_up_to_seven_seconds_with_a_fifth_of_jitter() {
    for (draw, least, most) in [(0, 0.8, 0.8), (u64::MAX, 0.8, 1.2), (12_345_678_901, 0.8, 1.2)] {
        let mut now = SECOND;
        let mut breaker = Breaker::default();
        for _ in 0..5 {
            attempt(&mut breaker, now, Verdict::Failed, draw);
        }
        for base in [1.0, 2.0, 4.0, 7.0, 7.0] {
            let BreakerState::Open { left } = breaker.state(now) else { panic!("it is not open") };
            let times = left.as_secs_f64() / base;
            assert!(times >= least - 1e-6 && times <= most + 1e-6, "{base} s: {left:?}");
            now += left;
            let probe = probe(&mut breaker, now);
            breaker.ended(now, Verdict::Failed, probe, draw);
        }
    }
}

#[test]
fn where_nothing_else_is_left_a_probe_goes_early_and_one_in_a_second_at_most() {
    let mut breaker = open(SECOND);
    for _ in 0..4 {
        let BreakerState::Open { left } = breaker.state(SECOND) else { panic!("it is not open") };
        let probe = probe(&mut breaker, SECOND + left);
        breaker.ended(SECOND, Verdict::Failed, probe, u64::MAX);
    }
    // Open for some seconds now, since the first second.
    let (mut probes, mut now) = (0, SECOND);
    while now < 5 * SECOND {
        now += 10 * MS;
        if let Entry::Passes(probe) = breaker.enter(now, true) {
            probes += 1;
            breaker.ended(now, Verdict::Failed, probe, u64::MAX);
        }
    }
    assert_eq!(probes, 4);
    assert!(matches!(breaker.enter(now, false), Entry::Refused { .. }), "others wait for the whole time");
}

#[test]
fn what_began_before_it_opened_neither_closes_it_nor_keeps_it_open_nor_opens_it_again() {
    let mut breaker = Breaker::default();
    let old = ticket(&mut breaker, SECOND);
    failed(&mut breaker, SECOND, 5);
    let before = breaker.state(SECOND);
    breaker.content(old);
    for verdict in [Verdict::Works, Verdict::Failed, Verdict::Broken] {
        breaker.ended(SECOND, verdict, old, LEAST);
    }
    assert_eq!(breaker.state(SECOND), before);
    let probe = probe(&mut breaker, 3 * SECOND);
    breaker.content(probe);
    breaker.ended(3 * SECOND, Verdict::Broken, old, LEAST);
    assert_eq!(breaker.state(3 * SECOND), BreakerState::Closed);
}

#[test]
fn a_probe_that_is_given_up_leaves_its_place_to_another() {
    let mut breaker = open(SECOND);
    let later = 3 * SECOND;
    let given_up = probe(&mut breaker, later);
    breaker.ended(later, Verdict::Neither, given_up, LEAST);
    assert_eq!(breaker.state(later), BreakerState::HalfOpen { is_probed: false });
    probe(&mut breaker, later);
}

#[test]
fn a_probes_first_content_lets_all_pass_and_the_next_failure_none() {
    let mut breaker = open(SECOND);
    for opened in [1, 2] {
        let now = 3 * opened * SECOND;
        let probe = probe(&mut breaker, now);
        breaker.content(probe);
        assert_eq!(breaker.state(now), BreakerState::Closed);
        let other = ticket(&mut breaker, now);
        breaker.ended(now, Verdict::Neither, other, LEAST);
        assert_eq!(breaker.state(now), BreakerState::Closed, "that said nothing");
        // It is cut, or another one fails.
        breaker.ended(now, Verdict::Failed, if opened == 1 { probe } else { other }, LEAST);
        let left = Duration::from_secs(1 << opened) * 4 / 5;
        assert_eq!(breaker.state(now), BreakerState::Open { left });
    }
}

#[test]
fn after_an_answer_that_ended_well_it_takes_five_failures_again() {
    let mut breaker = open(SECOND);
    let now = 3 * SECOND;
    let probe = probe(&mut breaker, now);
    breaker.content(probe);
    attempt(&mut breaker, now, Verdict::Works, LEAST);
    failed(&mut breaker, now, 4);
    assert_eq!(breaker.state(now), BreakerState::Closed);
    failed(&mut breaker, now, 1);
    assert_eq!(breaker.state(now), BreakerState::Open { left: 800 * MS });
}

#[test]
fn a_probe_without_content_stands_in_the_way_for_five_seconds_and_says_nothing_of_the_next() {
    let mut breaker = open(SECOND);
    let silent = probe(&mut breaker, 3 * SECOND);
    assert!(matches!(breaker.enter(8 * SECOND - MS, true), Entry::Refused { wait } if wait == MS));
    let next = probe(&mut breaker, 8 * SECOND);
    breaker.ended(9 * SECOND, Verdict::Failed, silent, LEAST);
    assert_eq!(breaker.state(9 * SECOND), BreakerState::HalfOpen { is_probed: true });
    breaker.content(next);
    assert_eq!(breaker.state(9 * SECOND), BreakerState::Closed);
    breaker.ended(9 * SECOND, Verdict::Failed, silent, LEAST);
    assert_eq!(breaker.state(9 * SECOND), BreakerState::Closed, "it was asked before");
}

#[test]
fn a_probe_of_an_earlier_opening_is_none_of_a_later_one() {
    let mut breaker = open(SECOND);
    let old = probe(&mut breaker, 3 * SECOND);
    breaker.content(old);
    attempt(&mut breaker, 4 * SECOND, Verdict::Works, LEAST);
    failed(&mut breaker, 20 * SECOND, 5);
    let new = probe(&mut breaker, 22 * SECOND);
    for verdict in [Verdict::Neither, Verdict::Failed, Verdict::Works] {
        breaker.ended(22 * SECOND, verdict, old, LEAST);
        assert_eq!(breaker.state(22 * SECOND), BreakerState::HalfOpen { is_probed: true });
    }
    breaker.ended(22 * SECOND, Verdict::Works, new, LEAST);
    assert_eq!(breaker.state(22 * SECOND), BreakerState::Closed);
}
