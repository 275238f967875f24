//! The line and the area follow the data.

use charts::{ChartError, MarkKind, exposure};
use roxmltree::Document;

use crate::{DAY, PLOT, START, assert_close, chart, line, mark, of_class, points_of, texts};

#[test]
fn the_line_follows_the_data_in_steps() {
    let svg = exposure(&chart(&[
        (START, 0),
        (START + 2 * DAY, 1_000),
        (START + 5 * DAY, 10_000),
        (START + 6 * DAY, 50),
    ]));
    let expected = [
        (0.0, 0.0),
        (2.0, 0.0),
        (2.0, 10.0),
        (5.0, 10.0),
        (5.0, 100.0),
        (6.0, 100.0),
        (6.0, 0.5),
        (10.0, 0.5),
    ];
    let svg = svg.unwrap();
    assert_close(&line(&svg), &expected);
    assert!(texts(&svg).contains(&"0.5 % new".to_owned()));
    assert!(texts(&svg).contains(&"99.5 % old".to_owned()));
}

#[test]
fn the_area_of_new_is_closed_along_the_bottom() {
    let svg = exposure(&chart(&[(START, 5_000)])).unwrap();
    let document = Document::parse(&svg).unwrap();
    let areas = of_class(&document, "c-new-area");
    assert_eq!(areas.len(), 1);
    let (left, right, top, bottom) = PLOT;
    let middle = f64::midpoint(top, bottom);
    let expected = [
        (left, middle),
        (right, middle),
        (right, bottom),
        (left, bottom),
    ];
    assert_eq!(points_of(areas[0]), expected);
}

#[test]
fn the_line_ends_now_and_the_future_is_empty() {
    let mut chart = chart(&[(START + DAY, 1_000), (START + 12 * DAY, 9_000)]);
    chart.now_ms = START + 4 * DAY;
    let expected = [(1.0, 10.0), (4.0, 10.0)];
    assert_close(&line(&exposure(&chart).unwrap()), &expected);
}

#[test]
fn what_held_before_the_range_is_where_the_line_begins() {
    let before = [(START - 9 * DAY, 100), (START - DAY, 2_500)];
    let expected = [(0.0, 25.0), (10.0, 25.0)];
    assert_close(&line(&exposure(&chart(&before)).unwrap()), &expected);
}

#[test]
fn without_data_it_says_so() {
    let svg = exposure(&chart(&[])).unwrap();
    assert!(texts(&svg).contains(&"no change yet".to_owned()));
    assert!(texts(&svg).contains(&"100 %".to_owned()));
    let document = Document::parse(&svg).unwrap();
    assert!(of_class(&document, "c-new").is_empty());
    let one = exposure(&chart(&[(START, 0)])).unwrap();
    assert!(!texts(&one).contains(&"no change yet".to_owned()));
}

#[test]
fn however_much_happens_the_drawing_stays_small_and_keeps_its_peaks() {
    let many: Vec<(i64, u16)> = (0..10_000u16)
        .map(|n| {
            (
                START + i64::from(n) * 80_000,
                if n == 4_321 { 10_000 } else { n % 89 * 97 },
            )
        })
        .collect();
    let mut chart = chart(&many);
    chart.marks = many
        .iter()
        .map(|(at, _)| mark(*at, "rolled back again & again", MarkKind::Rollback))
        .collect();
    let svg = exposure(&chart).unwrap();
    assert!(svg.len() < 60_000, "{} bytes", svg.len());
    let peak = line(&svg).into_iter().map(|(_, y)| y).fold(0.0, f64::max);
    assert!((peak - 100.0).abs() < 0.01, "{peak}");
}

#[test]
fn any_range_can_be_drawn_within_the_picture() {
    for (from, to) in [
        (START, START),
        (START + DAY, START),
        (START, START + 60_000),
        (START, START + 3_650 * DAY),
        (0, START),
    ] {
        let mut chart = chart(&[(START, 20_000)]);
        (chart.from_ms, chart.to_ms, chart.now_ms) = (from, to, from.max(to));
        chart.marks = vec![mark(START, &"long ".repeat(50), MarkKind::KillSwitch)];
        let svg = exposure(&chart).unwrap();
        let document = Document::parse(&svg).unwrap();
        for node in of_class(&document, "c-new") {
            for (x, y) in points_of(node) {
                assert!((PLOT.0..=PLOT.1).contains(&x) && (PLOT.2..=PLOT.3).contains(&y));
            }
        }
    }
}

#[test]
fn what_cannot_be_drawn_is_refused() {
    let mut wrong = chart(&[]);
    wrong.id_prefix = "a b\"".to_owned();
    let refusal = Err(ChartError::IdPrefix("a b\"".to_owned()));
    assert_eq!(exposure(&wrong), refusal);
    let mut beyond = chart(&[]);
    beyond.to_ms = i64::MAX;
    assert_eq!(exposure(&beyond), Err(ChartError::Time(i64::MAX)));
}
