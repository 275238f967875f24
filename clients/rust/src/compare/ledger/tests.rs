use super::*;

fn control(agrees: bool) -> Found {
    Found::Control { agrees }
}

#[test]
fn a_minute_is_reported_once_it_is_over() {
    let ledger = Ledger::default();
    let (a, b): (Arc<str>, Arc<str>) = ("a".into(), "b".into());
    ledger.add(&a, 60_001, Duration::ZERO, control(true));
    ledger.add(&a, 119_999, Duration::ZERO, control(false));
    ledger.add(&b, 120_000, Duration::ZERO, control(true));
    assert_eq!(ledger.take_before(119_999, 119_999), []);
    let taken = ledger.take_before(120_001, 120_001);
    assert_eq!(taken.len(), 1);
    assert_eq!((taken[0].0.at, &*taken[0].0.module), (60_000, "a"));
    assert_eq!(
        taken[0].1.noise,
        Noise {
            compared: 2,
            mismatches: 1
        }
    );
    ledger.put_back(taken);
    assert_eq!(ledger.take_before(120_001, u64::MAX).len(), 2);
}

#[test]
fn what_waits_is_bounded_and_what_is_lost_counted() {
    let ledger = Ledger::default();
    let module: Arc<str> = "a".into();
    for minute in 0..3_000 {
        ledger.add(&module, minute * MINUTE, Duration::ZERO, control(true));
    }
    assert_eq!(ledger.lost.load(Ordering::Relaxed), 1_000);
    let left = ledger.take_before(0, u64::MAX);
    assert_eq!(left.len(), ROOM);
    assert_eq!(left[0].0.at, 1_000 * MINUTE);
}
