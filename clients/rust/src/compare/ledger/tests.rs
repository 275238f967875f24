use super::*;

fn control(agrees: bool) -> Found {
    Found::Control { agrees, took: None }
}

#[test]
fn a_minute_is_reported_once_it_is_over() {
    let ledger = Ledger::default();
    let (a, b): (Arc<str>, Arc<str>) = ("a".into(), "b".into());
    ledger.add(&a, 60_001, control(true));
    ledger.add(&a, 119_999, control(false));
    ledger.add(&b, 120_000, control(true));
    assert!(ledger.take_before(119_999, 119_999).is_empty());
    let taken = ledger.take_before(120_001, 120_001);
    assert_eq!(taken.len(), 1);
    assert_eq!((taken[0].at, &*taken[0].module), (60_000, "a"));
    let noise = taken[0].found.noise;
    assert_eq!((noise.compared, noise.mismatches), (2, 1));
    assert_eq!(ledger.take_before(120_001, u64::MAX).len(), 1);
}

fn both(old_failed: bool, new: New) -> Found {
    Found::Both {
        old_failed,
        old_took: Duration::from_millis(10),
        new_first: old_failed,
        new,
    }
}

fn ended(failed: bool, took_ms: u64) -> New {
    New::Ended {
        failed,
        took: Duration::from_millis(took_ms),
        examples: Vec::new(),
    }
}

#[test]
fn errors_and_latencies_are_kept_in_pairs() {
    let ledger = Ledger::default();
    let module: Arc<str> = "a".into();
    for found in [
        both(false, ended(false, 20)),
        both(false, ended(false, 5)),
        both(false, ended(true, 1)),
        both(true, ended(false, 1)),
        both(true, New::Panicked),
        both(false, New::TimedOut),
        Found::Control {
            agrees: true,
            took: Some((Duration::from_millis(10), Duration::from_millis(5))),
        },
        control(false),
    ] {
        ledger.add(&module, 60_001, found);
    }
    let taken = ledger.take_before(0, u64::MAX);
    let found = &taken[0].found;
    let paired = found.paired.unwrap();
    let counts = [
        paired.both_ok,
        paired.old_failed,
        paired.new_failed,
        paired.both_failed,
    ];
    assert_eq!(counts, [2, 1, 2, 1]);
    // Of the two that both sides answered: twice as long, and half as long.
    let ratios = found.log_ratio.unwrap();
    let two = 2_f64.ln();
    assert_eq!(ratios.count, 2);
    assert!(ratios.mean.abs() < 1e-12 && (ratios.m2 - 2.0 * two * two).abs() < 1e-12);
    let noise = found.noise.log_ratio.unwrap();
    assert_eq!((noise.count, found.noise.compared), (1, 2));
    assert!((noise.mean + two).abs() < 1e-12);
    assert_eq!((found.new_first, calls(found)), (2, 8));
}

#[test]
fn what_waits_is_bounded_and_what_is_lost_counted() {
    let ledger = Ledger::default();
    let module: Arc<str> = "a".into();
    for minute in 0..3_000 {
        ledger.add(&module, minute * MINUTE, control(true));
    }
    assert_eq!(ledger.lost.load(Ordering::Relaxed), 1_000);
    let left = ledger.take_before(0, u64::MAX);
    assert_eq!(left.len(), ROOM);
    assert_eq!(left[0].at, i64::try_from(1_000 * MINUTE).unwrap());
}
