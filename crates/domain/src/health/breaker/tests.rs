use super::*;

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
/// A draw that gives the middle of the jitter for every time that a breaker is open is none; this one gives its least.
const LEAST: u64 = 0;

fn failed(breaker: &mut Breaker, now: Duration, times: u32) {
    for _ in 0..times {
        breaker.ended(now, Verdict::Failed, false, LEAST);
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
    breaker.ended(SECOND, Verdict::Works, false, LEAST);
    failed(&mut breaker, SECOND, 4);
    assert_eq!((breaker.state(SECOND), breaker.enter(SECOND, false)), (BreakerState::Closed, Entry::Passes));
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
            breaker.ended(every * turn, verdict, false, LEAST);
        }
        breaker.state(every * 20)
    };
    assert!(matches!(alternating(100 * MS), BreakerState::Open { .. }));
    assert_eq!(alternating(SECOND), BreakerState::Closed, "that was in twenty seconds");
    let mut rare = Breaker::default();
    for turn in 0..200_u32 {
        let verdict = if turn.is_multiple_of(3) { Verdict::Failed } else { Verdict::Works };
        rare.ended(SECOND, verdict, false, LEAST);
    }
    assert_eq!(rare.state(SECOND), BreakerState::Closed, "that was a third");
}

#[test]
fn what_says_nothing_counts_for_nothing_and_what_must_be_mended_opens_at_once() {
    let mut breaker = Breaker::default();
    for _ in 0..100 {
        breaker.ended(SECOND, Verdict::Neither, false, LEAST);
    }
    failed(&mut breaker, SECOND, 4);
    breaker.ended(SECOND, Verdict::Neither, false, LEAST);
    assert_eq!(breaker.state(SECOND), BreakerState::Closed);
    let mut broken = Breaker::default();
    broken.ended(SECOND, Verdict::Broken, false, LEAST);
    assert!(matches!(broken.state(SECOND), BreakerState::Open { .. }));
}

#[test]
fn of_256_that_wait_one_probes_and_its_success_lets_all_pass() {
    let mut breaker = open(SECOND);
    let later = 3 * SECOND;
    assert_eq!(breaker.state(later), BreakerState::HalfOpen { is_probed: false });
    let entries: Vec<Entry> = (0..256).map(|_| breaker.enter(later, true)).collect();
    assert_eq!(entries.iter().filter(|entry| **entry == Entry::Probes).count(), 1);
    assert!(entries.iter().all(|entry| *entry != Entry::Passes));
    assert_eq!(breaker.state(later), BreakerState::HalfOpen { is_probed: true });
    breaker.ended(later, Verdict::Works, true, LEAST);
    assert_eq!(breaker.enter(later, false), Entry::Passes);
}

#[test]
fn each_probe_that_fails_doubles_the_time_up_to_seven_seconds_with_a_fifth_of_jitter() {
    for (draw, least, most) in [(0, 0.8, 0.8), (u64::MAX, 0.8, 1.2), (12_345_678_901, 0.8, 1.2)] {
        let mut now = SECOND;
        let mut breaker = Breaker::default();
        for _ in 0..5 {
            breaker.ended(now, Verdict::Failed, false, draw);
        }
        for base in [1.0, 2.0, 4.0, 7.0, 7.0] {
            let BreakerState::Open { left } = breaker.state(now) else { panic!("it is not open") };
            let times = left.as_secs_f64() / base;
            assert!(times >= least - 1e-6 && times <= most + 1e-6, "{base} s: {left:?}");
            now += left;
            assert_eq!(breaker.enter(now, false), Entry::Probes);
            breaker.ended(now, Verdict::Failed, true, draw);
        }
    }
}

#[test]
fn where_nothing_else_is_left_a_probe_goes_early_and_one_in_a_second_at_most() {
    let mut breaker = open(SECOND);
    for _ in 0..4 {
        let BreakerState::Open { left } = breaker.state(SECOND) else { panic!("it is not open") };
        breaker.enter(SECOND + left, false);
        breaker.ended(SECOND, Verdict::Failed, true, u64::MAX);
    }
    // Open for some seconds now, since the first second.
    let (mut probes, mut now) = (0, SECOND);
    while now < 5 * SECOND {
        now += 10 * MS;
        if breaker.enter(now, true) == Entry::Probes {
            probes += 1;
            breaker.ended(now, Verdict::Failed, true, u64::MAX);
        }
    }
    assert_eq!(probes, 4);
    assert!(matches!(breaker.enter(now, false), Entry::Refused { .. }), "others wait for the whole time");
}

#[test]
fn what_began_before_it_opened_neither_closes_it_nor_keeps_it_open() {
    let mut breaker = open(SECOND);
    let before = breaker.state(SECOND);
    breaker.ended(SECOND, Verdict::Works, false, LEAST);
    failed(&mut breaker, SECOND, 20);
    assert_eq!(breaker.state(SECOND), before);
}

#[test]
fn a_probe_that_is_given_up_leaves_its_place_to_another() {
    let mut breaker = open(SECOND);
    let later = 3 * SECOND;
    assert_eq!(breaker.enter(later, false), Entry::Probes);
    breaker.ended(later, Verdict::Neither, true, LEAST);
    assert_eq!(breaker.state(later), BreakerState::HalfOpen { is_probed: false });
    assert_eq!(breaker.enter(later, false), Entry::Probes);
}

#[test]
fn a_probe_whose_answer_runs_for_five_seconds_works() {
    let mut breaker = open(SECOND);
    assert_eq!(breaker.enter(3 * SECOND, false), Entry::Probes);
    breaker.content(4 * SECOND);
    assert_eq!(breaker.state(9 * SECOND - MS), BreakerState::HalfOpen { is_probed: true });
    assert_eq!(breaker.state(9 * SECOND), BreakerState::Closed);
    assert_eq!(breaker.enter(9 * SECOND, false), Entry::Passes);
    breaker.ended(10 * SECOND, Verdict::Failed, true, LEAST);
    assert_eq!(breaker.state(10 * SECOND), BreakerState::Closed, "it is one failure by now");
}
