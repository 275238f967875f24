use super::*;
use crate::Thresholds;
use crate::migration::MAX_TEXT;
use crate::plan_items::ChecklistKind;
use jiff::ToSpan;
use jiff::civil::{date, time};
use proptest::prelude::*;

fn day(day: i8) -> Date {
    date(2026, 12, day)
}

fn item(id: &str, list: List) -> Item {
    Item {
        id: id.into(),
        list,
        title: format!("Do {id}"),
        owner: String::new(),
        due: None,
        evidence_required: false,
        created: day(1),
        archived: None,
    }
}

fn daily(id: &str) -> Item {
    item(id, List::Daily)
}

fn done(item: &str, on: i8) -> Tick {
    Tick {
        item: item.into(),
        day: day(on),
        state: TickState::Done,
        by: "ada".into(),
        at: Timestamp(i64::from(on)),
        evidence: None,
    }
}

fn skipped(item: &str, on: i8) -> Tick {
    Tick {
        state: TickState::Skipped {
            reason: "holiday".into(),
        },
        ..done(item, on)
    }
}

fn left_over(run: &DailyRun) -> Vec<(&str, Date)> {
    run.left_over().collect()
}

#[test]
fn what_was_left_yesterday_is_shown_today() {
    let items = [daily("a"), daily("b"), daily("c"), item("x", List::Once)];
    let ticks = [done("a", 1), skipped("b", 1), done("c", 2), done("x", 1)];
    let runs = daily_runs(&items, &ticks, (day(1), day(9)), day(3));
    let counts: Vec<_> = runs
        .iter()
        .map(|run| (run.done, run.skipped, run.left))
        .collect();
    assert_eq!(counts, [(1, 1, 1), (1, 0, 2), (0, 0, 3)]);
    assert!(left_over(&runs[1]).is_empty());
    // c was left on the 1st, but ticked on the 2nd: that cleared it.
    assert_eq!(left_over(&runs[2]), [("a", day(2)), ("b", day(2))]);
    // A tick today clears it too.
    let ticks = [ticks.as_slice(), &[done("a", 3)]].concat();
    let runs = daily_runs(&items, &ticks, (day(1), day(9)), day(3));
    assert_eq!(left_over(&runs[2]), [("b", day(2))]);
    // What is left for longer says since when, and a late tick for that day shortens the row.
    let runs = daily_runs(&items, &ticks, (day(1), day(9)), day(5));
    assert_eq!(
        left_over(&runs[4]),
        [("a", day(4)), ("b", day(2)), ("c", day(3))]
    );
    let ticks = [ticks.as_slice(), &[done("b", 3)]].concat();
    let runs = daily_runs(&items, &ticks, (day(1), day(9)), day(5));
    assert_eq!(left_over(&runs[4])[1], ("b", day(4)));
    // After the last day nothing is carried over.
    let runs = daily_runs(&items, &[], (day(1), day(2)), day(5));
    assert!(
        runs.iter()
            .all(|run| left_over(run).is_empty() && !run.today)
    );
}

#[test]
fn an_item_is_worked_from_its_first_day_until_it_is_archived() {
    let mut late = daily("late");
    (late.created, late.archived) = (day(2), Some(day(4)));
    let runs = daily_runs(&[late], &[done("late", 5)], (day(1), day(6)), day(4));
    let sizes: Vec<_> = runs.iter().map(|run| run.items.len()).collect();
    assert_eq!(sizes, [0, 1, 1, 0]);
    assert!(daily_runs(&[], &[], (day(5), day(4)), day(9)).is_empty());
    assert!(daily_runs(&[], &[], (day(5), day(9)), day(4)).is_empty());
}

#[test]
fn the_last_word_on_a_day_counts() {
    let mut later = skipped("a", 1);
    later.at = Timestamp(9);
    for ticks in [[done("a", 1), later.clone()], [later.clone(), done("a", 1)]] {
        let runs = daily_runs(&[daily("a")], &ticks, (day(1), day(1)), day(1));
        assert_eq!((runs[0].done, runs[0].skipped), (0, 1));
    }
}

#[test]
fn a_streak_counts_back_from_yesterday_and_today_when_complete() {
    let streak_of = |ticked: &[i8], today| {
        let ticks: Vec<_> = ticked.iter().map(|on| done("a", *on)).collect();
        streak(&daily_runs(
            &[daily("a")],
            &ticks,
            (day(1), day(20)),
            day(today),
        ))
    };
    let told = |current, longest| Streak { current, longest };
    assert_eq!(streak_of(&[], 1), told(0, 0));
    assert_eq!(streak_of(&[1], 1), told(1, 1));
    assert_eq!(streak_of(&[1, 2], 3), told(2, 2));
    assert_eq!(streak_of(&[1, 2, 3], 3), told(3, 3));
    assert_eq!(streak_of(&[1, 2], 4), told(0, 2));
    assert_eq!(streak_of(&[1, 2, 4], 4), told(1, 2));
    // Days before the item was made are no work done.
    let mut late = daily("a");
    late.created = day(3);
    let runs = daily_runs(&[late], &[done("a", 3)], (day(1), day(9)), day(4));
    assert_eq!(streak(&runs), told(1, 1));
}

#[test]
fn the_list_before_a_phase_is_open_until_all_is_ticked() {
    let before = |phase| List::Phase {
        phase,
        moment: Moment::Before,
    };
    let during = List::Phase {
        phase: 1,
        moment: Moment::During,
    };
    let mut gone = item("gone", before(1));
    gone.archived = Some(day(2));
    let items = [
        item("a", before(1)),
        item("b", before(1)),
        item("c", before(2)),
        item("d", during),
        gone,
    ];
    let open = |ticks: &[Tick]| {
        let open = before_list_open(&items, ticks, 1);
        open.iter().map(|item| item.id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(open(&[]), ["a", "b"]);
    assert_eq!(open(&[done("a", 1), done("c", 1)]), ["b"]);
    assert!(open(&[done("a", 1), skipped("b", 3)]).is_empty());
}

#[test]
fn ticks_that_cannot_be_are_refused() {
    let mut asks = daily("a");
    asks.evidence_required = true;
    let told = |tick: Tick| match check_tick(&asks, &tick, day(5)) {
        Ok(()) => String::new(),
        Err(refusal) => refusal.to_string(),
    };
    let with = |link: &str| Tick {
        evidence: Some(link.into()),
        ..done("a", 5)
    };
    assert_eq!(told(with("https://ci.example/1")), "");
    assert_eq!(told(skipped("a", 5)), "");
    assert!(told(done("a", 5)).contains("asks for evidence"));
    assert!(told(with("  ")).contains("asks for evidence"));
    assert!(told(with("javascript:alert(1)")).contains("begins with https://"));
    assert!(told(with("https://a b")).contains("begins with https://"));
    assert!(told(with(&format!("https://{}", "a".repeat(MAX_TEXT)))).contains("at most 4000"));
    assert!(told(skipped("a", 6)).contains("still to come"));
    let early = Tick {
        day: date(2026, 11, 30),
        ..skipped("a", 1)
    };
    assert!(told(early).contains("no such item before 2026-12-01"));
    for (reason, words) in [
        (" ".to_owned(), "Say why"),
        ("x".repeat(1_001), "at most 1000"),
    ] {
        let state = TickState::Skipped { reason };
        let tick = Tick {
            state,
            ..done("a", 5)
        };
        assert!(told(tick).contains(words));
    }
    asks.archived = Some(day(4));
    let refused = check_tick(&asks, &skipped("a", 4), day(5)).unwrap_err();
    assert_eq!(refused.code(), "archived");
    assert_eq!(check_tick(&asks, &skipped("a", 3), day(5)), Ok(()));
}

#[test]
fn items_that_cannot_be_are_refused() {
    let with = |list, due| Item {
        due: Some(due),
        ..item("a", list)
    };
    let (at, on) = (Due::Time(time(9, 0, 0, 0)), Due::Day(day(3)));
    assert_eq!(with(List::Daily, at).check(), Ok(()));
    assert_eq!(with(List::Once, on).check(), Ok(()));
    let told = |item: Item| item.check().unwrap_err().to_string();
    assert!(told(with(List::Daily, on)).contains("a time of day"));
    assert!(told(with(List::Once, at)).contains("on a day"));
    let far = Due::Day(date(2201, 1, 1));
    assert!(told(with(List::Once, far)).contains("outside of 1970"));
    let titled = |title: String| Item {
        title,
        ..daily("a")
    };
    assert!(told(titled(" ".into())).contains("what is to be done"));
    assert!(told(titled("x".repeat(201))).contains("at most 200"));
    let mut owned = daily("a");
    owned.owner = "x".repeat(MAX_TEXT + 1);
    assert!(told(owned).contains("at most 4000"));
}

#[test]
fn a_conditional_item_is_shown_from_its_threshold_on() {
    use Threshold::{Hold, Rollback};
    assert!(shown(Hold, Some(Hold)) && shown(Hold, Some(Rollback)));
    assert!(shown(Rollback, Some(Rollback)) && !shown(Rollback, Some(Hold)));
    assert!(!shown(Hold, None) && !shown(Rollback, None));
}

#[test]
fn plans_kinds_have_their_lists_and_words_are_read_back() {
    let of = |kind, phase| List::of(kind, phase, None, Threshold::Rollback);
    let around = |moment| List::Phase { phase: 2, moment };
    assert_eq!(of(ChecklistKind::Preparation, None), List::Once);
    assert_eq!(of(ChecklistKind::Preparation, Some(2)), List::Once);
    let before = List::of(
        ChecklistKind::Phase,
        Some(2),
        Some(Moment::Before),
        Threshold::Hold,
    );
    assert_eq!(before, around(Moment::Before));
    assert_eq!(of(ChecklistKind::Phase, None), List::Once);
    assert_eq!(of(ChecklistKind::Day, Some(2)), around(Moment::During));
    assert_eq!(of(ChecklistKind::Phase, Some(2)), around(Moment::During));
    assert_eq!(of(ChecklistKind::Daily, Some(2)), List::Daily);
    let conditional = List::Conditional(Threshold::Rollback);
    assert_eq!(of(ChecklistKind::Conditional, None), conditional);
    for moment in Moment::ALL {
        assert_eq!(Moment::parse(moment.as_str()), Some(moment));
    }
    for threshold in Threshold::ALL {
        assert_eq!(Threshold::parse(threshold.as_str()), Some(threshold));
    }
}

#[test]
fn the_words_of_a_plan_say_which_threshold_is_meant() {
    let limits = Thresholds::default();
    let of = |title: &str, condition: &str| Threshold::in_words(title, condition, limits);
    assert_eq!(of("Find the cause", "Error Rate > 1%"), Threshold::Hold);
    assert_eq!(of("Consider it", "errors above 5 %"), Threshold::Rollback);
    assert_eq!(
        of("Roll back if error rate > 5%", "error rate > 1%"),
        Threshold::Rollback
    );
    // A share of something else is no condition.
    assert_eq!(of("Compare 10 % of all", "rate > 1%"), Threshold::Hold);
    assert_eq!(of("Tell the lead", "issues are found"), Threshold::Hold);
    assert_eq!(of("Tell the lead", "%"), Threshold::Hold);
    assert_eq!(Threshold::Hold.words(limits), "Error rate above 1 %");
    let odd = Thresholds {
        hold_basis_points: 50,
        rollback_basis_points: 205,
    };
    assert_eq!(Threshold::Hold.words(odd), "Error rate above 0.5 %");
    assert_eq!(Threshold::Rollback.words(odd), "Error rate above 2.05 %");
}

#[test]
fn a_due_is_read_as_people_write_it() {
    assert_eq!(Due::parse(" "), Ok(None));
    assert_eq!(Due::parse("9:5").unwrap_err().code(), "invalid");
    assert_eq!(Due::parse("09:05"), Ok(Some(Due::Time(time(9, 5, 0, 0)))));
    assert_eq!(Due::parse("2026-12-01"), Ok(Some(Due::Day(day(1)))));
    assert_eq!(Due::parse("tomorrow").unwrap_err().code(), "invalid");
    assert_eq!(Due::parse("2026-02-30").unwrap_err().code(), "invalid");
}

#[test]
fn a_second_tick_is_told_who_came_first() {
    let item = daily("smoke");
    assert_eq!(refuse_second(&item, None), Ok(()));
    let told = refuse_second(&item, Some(&done("smoke", 3)))
        .unwrap_err()
        .to_string();
    assert!(
        told.contains("“Do smoke” was already done for 2026-12-03 by"),
        "{told}"
    );
    let skipped = Tick {
        state: TickState::Skipped {
            reason: "no traffic".into(),
        },
        ..done("smoke", 3)
    };
    let told = refuse_second(&item, Some(&skipped)).unwrap_err();
    assert_eq!(told.code(), "no-change");
    assert!(told.to_string().contains("skipped (“no traffic”)"));
}

#[test]
fn daily_items_are_worked_from_the_first_day_of_the_migration_on() {
    let items = [daily("a"), item("b", List::Once)];
    assert_eq!(active(Some(day(3)), &items, day(9)), (day(3), day(9)));
    assert_eq!(active(None, &items, day(9)), (day(1), day(9)));
    assert_eq!(active(None, &[], day(9)), (day(9), day(9)));
    // Still to begin: no run.
    let ahead = active(Some(day(20)), &items, day(9));
    assert_eq!(daily_runs(&items, &[], ahead, day(9)), []);
    let old = active(Some(date(2020, 1, 1)), &items, day(9));
    assert_eq!(daily_runs(&items, &[], old, day(9)).len(), 366);
}

const ZONES: [&str; 14] = [
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "America/St_Johns",
    "Pacific/Chatham",
    "Africa/Casablanca",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Tehran",
    "Pacific/Apia",
    "Africa/Cairo",
    "America/Havana",
    "Asia/Beirut",
];

proptest! {
    #[test]
    fn each_active_day_has_one_run_whatever_the_clocks_do(
        zone in prop::sample::select(&ZONES[..]),
        first in 0i32..20_000,
        length in 0i32..500,
        hours in 0i64..12_000,
        minute in 0i8..60,
        hour in 0i8..24,
    ) {
        let zone = TimeZone::get(zone).unwrap();
        let first = date(1990, 1, 1).saturating_add(first.days());
        let last = first.saturating_add(length.days());
        let now = instant(first.at(0, 0, 0, 0), &zone).plus(hours * super::super::HOUR);
        let today = super::super::civil(now, &zone).date();
        let mut worked = daily("a");
        worked.created = first;
        let runs = daily_runs(&[worked], &[], (first, last), today);
        let mut expected = first;
        for run in &runs {
            prop_assert_eq!(run.day, expected);
            prop_assert_eq!((run.items.len(), run.left, run.today), (1, 1, run.day == today));
            expected = expected.tomorrow().unwrap();
        }
        prop_assert_eq!(runs.last().map(|run| run.day), Some(last.min(today)));
        // What is due on each day is due in its order, and at the wall's time unless that was skipped.
        let mut before = None;
        for run in &runs {
            let at = time(hour, minute, 0, 0);
            let due = due_instant(run.day, at, &zone);
            let told = super::super::civil(due, &zone);
            let gap = zone.to_ambiguous_timestamp(run.day.to_datetime(at)).offset();
            if matches!(gap, jiff::tz::AmbiguousOffset::Gap { .. }) {
                prop_assert!(told > run.day.to_datetime(at));
            } else {
                prop_assert_eq!(told, run.day.to_datetime(at));
                prop_assert!(before.is_none_or(|before| before < due));
                before = Some(due);
            }
        }
    }
}
