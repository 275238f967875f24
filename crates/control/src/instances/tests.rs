use super::*;

fn place() -> Place {
    (
        Key::parse("atlas").unwrap(),
        Key::parse("production").unwrap(),
    )
}

fn hello(instance: &str) -> Hello {
    Hello {
        instance: instance.into(),
        service: "checkout".into(),
        sdk: "rust/0.1".into(),
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp(seconds * 1_000)
}

fn revision(text: &str) -> Revision {
    text.parse().unwrap()
}

fn acknowledge(instances: &Instances, name: &str, applied: &str, now: Timestamp) -> bool {
    instances
        .acknowledged(
            &place(),
            hello(name),
            "t",
            Some((revision(applied), now)),
            now,
        )
        .unwrap()
}

#[test]
fn a_change_expects_who_is_connected_or_was_heard_from_within_half_a_minute() {
    let instances = Instances::default();
    instances
        .joined(&place(), hello("connected"), "t", at(0))
        .unwrap();
    acknowledge(&instances, "polling", "e:1", at(75));
    acknowledge(&instances, "silent", "e:1", at(69));
    instances.expect(&place(), 7, revision("e:2"), at(100), at(100));
    let receipt = instances.receipt(&place(), 7).unwrap();
    assert_eq!((receipt.expected, receipt.acknowledged), (2, 0));
    assert_eq!(receipt.behind, ["connected", "polling"]);
}

#[test]
fn a_receipt_counts_each_instance_once_and_keeps_who_fell_silent() {
    let instances = Instances::default();
    for name in ["a", "b", "c"] {
        instances.joined(&place(), hello(name), "t", at(0)).unwrap();
    }
    instances.expect(&place(), 7, revision("e:2"), at(100), at(100));
    acknowledge(&instances, "a", "e:2", Timestamp(100_040));
    acknowledge(&instances, "a", "e:2", Timestamp(100_900));
    // A later revision contains this one, an older one and one of another epoch do not.
    acknowledge(&instances, "b", "e:5", Timestamp(100_200));
    acknowledge(&instances, "c", "e:1", Timestamp(100_210));
    acknowledge(&instances, "c", "f:9", Timestamp(100_220));
    acknowledge(&instances, "late", "e:2", Timestamp(100_300));
    instances.left(&place(), "c", at(101));
    let receipt = instances.receipt(&place(), 7).unwrap();
    assert_eq!((receipt.expected, receipt.acknowledged), (3, 2));
    assert_eq!(
        (receipt.median_ms, receipt.slowest_ms),
        (Some(40), Some(200))
    );
    assert_eq!(receipt.behind, ["c"]);
}

#[test]
fn pages_are_told_once_until_they_were_told() {
    let instances = Instances::default();
    assert!(acknowledge(&instances, "a", "e:1", at(1)));
    assert!(!acknowledge(&instances, "b", "e:1", at(1)));
    instances.announced(&place());
    assert!(!acknowledge(&instances, "a", "e:1", at(2)), "no news");
    assert!(acknowledge(&instances, "a", "e:2", at(2)));
}

#[test]
fn who_is_connected_and_behind_for_ten_seconds_lags() {
    let instances = Instances::default();
    instances.joined(&place(), hello("a"), "t", at(0)).unwrap();
    acknowledge(&instances, "a", "e:1", at(1));
    acknowledge(&instances, "gone", "e:1", at(1));
    instances.expect(&place(), 7, revision("e:2"), at(100), at(100));
    let lags = |seconds| {
        let rows = instances.rows(&place(), &revision("e:2"), at(seconds));
        rows.iter().map(|row| row.lags).collect::<Vec<_>>()
    };
    assert_eq!(lags(109), [false, false]);
    assert_eq!(lags(111), [true, false]);
    acknowledge(&instances, "a", "e:2", at(112));
    assert_eq!(lags(113), [false, false]);
}

#[test]
fn who_has_just_connected_has_ten_seconds_too() {
    let instances = Instances::default();
    let head = revision("e:2");
    instances.expect(&place(), 7, head.clone(), at(0), at(0));
    let join = |seconds| instances.joined(&place(), hello("a"), "t", at(seconds));
    join(100).unwrap();
    assert_eq!(instances.laggards(&place(), &head, at(109)).count, 0);
    // A second stream does not begin its time anew.
    join(105).unwrap();
    assert_eq!(instances.laggards(&place(), &head, at(111)).count, 1);
}

#[test]
fn pages_are_told_when_laggards_come_and_when_they_go() {
    let instances = Instances::default();
    for name in ["d", "c", "b", "a"] {
        instances.joined(&place(), hello(name), "t", at(0)).unwrap();
        acknowledge(&instances, name, "e:1", at(0));
    }
    let head = revision("e:2");
    instances.expect(&place(), 7, head.clone(), at(100), at(100));
    let told = |seconds| instances.laggards_changed(&place(), &head, at(seconds));
    assert!(!told(101));
    assert!(told(111));
    assert!(!told(112));
    let laggards = instances.laggards(&place(), &head, at(112));
    assert_eq!(laggards.count, 4);
    assert_eq!(laggards.names, ["a", "b", "c"]);
    acknowledge(&instances, "a", "e:2", at(113));
    assert!(told(113));
    assert!(!told(114));
}

#[test]
fn an_instance_is_forgotten_a_day_after_it_was_last_heard_from() {
    let instances = Instances::default();
    acknowledge(&instances, "gone", "e:1", at(0));
    instances
        .joined(&place(), hello("here"), "t", at(0))
        .unwrap();
    let day = at(0).plus(KEPT_MILLISECONDS);
    instances.to_write(day, day);
    let rows = instances.rows(&place(), &revision("e:1"), day);
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].instance, "here");
}

#[test]
fn a_receipt_is_written_again_only_when_it_changed() {
    let instances = Instances::default();
    instances.joined(&place(), hello("a"), "t", at(0)).unwrap();
    instances.expect(&place(), 7, revision("e:2"), at(1), at(1));
    let written = |now| instances.to_write(now, now).remove(0).1.receipts.len();
    assert_eq!((written(at(2)), written(at(3))), (1, 0));
    acknowledge(&instances, "a", "e:2", at(4));
    assert_eq!((written(at(5)), written(at(6))), (1, 0));
    instances.not_written(&place(), &[7]);
    assert_eq!(written(at(7)), 1);
}

#[test]
fn there_is_an_end_to_instances() {
    let instances = Instances::default();
    for number in 0..MOST_INSTANCES {
        instances
            .joined(&place(), hello(&number.to_string()), "t", at(0))
            .unwrap();
    }
    assert_eq!(
        instances.joined(&place(), hello("more"), "t", at(0)),
        Err(TooMany)
    );
    instances.joined(&place(), hello("3"), "t", at(1)).unwrap();
}
