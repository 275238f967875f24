use super::*;

const TOOK: Duration = Duration::from_millis(20);

fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

fn counts(samples: &[Sample]) -> Vec<(&str, &str, i64, u64, u64)> {
    let counts = samples.iter().map(|one| {
        assert_eq!(one.sketch().count(), one.uses);
        let side = one.side.as_str();
        (&*one.module, side, one.minute, one.uses, one.errors)
    });
    counts.collect()
}

#[test]
fn calls_are_added_up_per_module_side_and_minute() {
    let tallies = Tallies::default();
    let (a, b) = (key("a"), key("b"));
    let (a, b) = (tallies.pair(&a).unwrap(), tallies.pair(&b).unwrap());
    tallies.add(&a, Side::Old, true, TOOK, 60_000);
    tallies.add(&a, Side::Old, false, TOOK * 2, 119_999);
    tallies.add(&a, Side::New, true, TOOK, 119_999);
    tallies.add(&b, Side::New, true, TOOK, 120_000);
    tallies.add(&a, Side::Old, true, TOOK, 120_001);
    assert!(
        tallies
            .take_before(60_000)
            .iter()
            .all(|one| one.minute == 60_000)
    );
    let first = tallies.take_before(179_999);
    assert_eq!(counts(&first), [("a", "new", 60_000, 1, 0)]);
    let rest = tallies.take_before(u64::MAX);
    assert_eq!(
        counts(&rest),
        [("a", "old", 120_000, 1, 0), ("b", "new", 120_000, 1, 0)]
    );
    assert!(tallies.take_before(u64::MAX).is_empty());
}

#[test]
fn a_minute_that_ended_is_taken_whether_or_not_another_began() {
    let tallies = Tallies::default();
    let pair = tallies.pair(&key("a")).unwrap();
    tallies.add(&pair, Side::Old, false, TOOK, 60_000);
    tallies.add(&pair, Side::Old, true, TOOK * 2, 120_000);
    tallies.add(&pair, Side::New, true, TOOK, 60_000);
    let taken = tallies.take_before(120_000);
    assert_eq!(
        counts(&taken),
        [("a", "old", 60_000, 1, 1), ("a", "new", 60_000, 1, 0)]
    );
    let latency = taken[0].sketch().quantile(0.5).unwrap();
    assert!((latency - 0.02).abs() <= 0.0002 + 1e-9, "{latency}");
}

#[test]
fn who_comes_late_by_a_moment_is_counted_with_the_next_minute_and_late_by_far_with_its_own() {
    let tallies = Tallies::default();
    let pair = tallies.pair(&key("a")).unwrap();
    for now in [180_000, 179_999, 60_000, 180_001, 60_001] {
        tallies.add(&pair, Side::Old, true, TOOK, now);
    }
    let taken = tallies.take_before(u64::MAX);
    assert_eq!(
        counts(&taken),
        [("a", "old", 60_000, 2, 0), ("a", "old", 180_000, 3, 0)]
    );
}

#[test]
fn minutes_that_wait_are_bounded_and_what_is_lost_counted() {
    let tallies = Tallies::default();
    let pair = tallies.pair(&key("a")).unwrap();
    let minutes = u64::try_from(ENDED).unwrap() + 11;
    for minute in 0..minutes {
        tallies.add(&pair, Side::New, true, TOOK, minute * MINUTE);
    }
    assert_eq!(tallies.lost(), 10);
    let taken = tallies.take_before(u64::MAX);
    assert_eq!(taken.len(), ENDED + 1);
    assert_eq!(taken[0].minute, 600_000);
}

#[test]
fn modules_are_bounded_and_known_ones_found_again() {
    let tallies = Tallies::default();
    for i in 0..MODULES {
        assert!(tallies.pair(&key(&format!("m{i}"))).is_some());
    }
    assert!(tallies.pair(&key("another")).is_none());
    let (one, same) = (tallies.pair(&key("m7")), tallies.pair(&key("m7")));
    assert!(Arc::ptr_eq(&one.unwrap(), &same.unwrap()));
}

#[test]
fn threads_lose_nothing_of_each_other() {
    let tallies = Tallies::default();
    let pair = tallies.pair(&key("a")).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for call in 0..5_000_u64 {
                    // Every thread crosses the same minutes.
                    tallies.add(&pair, Side::New, call % 10 > 0, TOOK, 60_000 + call * 60);
                }
            });
        }
    });
    let taken = tallies.take_before(u64::MAX);
    let sum = |of: fn(&Sample) -> u64| taken.iter().map(of).sum::<u64>();
    assert_eq!(
        (sum(|one| one.uses), sum(|one| one.errors)),
        (20_000, 2_000)
    );
}
