//! The chart of exposure as a page gets it: read as XML, and measured.

use charts::{ChartError, ExposureChart, ExposurePoint, Mark, MarkKind, exposure};
use roxmltree::{Document, Node};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// 2026-03-02T00:00:00Z.
const START: i64 = 1_772_409_600_000;
/// The plot in the view box: left, right, top, bottom.
const PLOT: (f64, f64, f64, f64) = (56.0, 636.0, 40.0, 224.0);

fn chart(points: &[(i64, u16)]) -> ExposureChart {
    let point = |&(at_ms, exposure_basis_points)| ExposurePoint {
        at_ms,
        exposure_basis_points,
    };
    ExposureChart {
        id_prefix: "exposure".to_owned(),
        title: "Exposure of config".to_owned(),
        description: "From 0 % to 10 %".to_owned(),
        from_ms: START,
        to_ms: START + 10 * DAY,
        now_ms: START + 10 * DAY,
        points: points.iter().map(point).collect(),
        marks: Vec::new(),
    }
}

fn mark(at_ms: i64, label: &str, kind: MarkKind) -> Mark {
    Mark {
        at_ms,
        label: label.to_owned(),
        kind,
    }
}

fn of_class<'a, 'i>(document: &'a Document<'i>, class: &str) -> Vec<Node<'a, 'i>> {
    document
        .descendants()
        .filter(|node| node.attribute("class") == Some(class))
        .collect()
}

fn points_of(node: Node) -> Vec<(f64, f64)> {
    let points = node.attribute("points").unwrap();
    points
        .split(' ')
        .map(|point| {
            let (x, y) = point.split_once(',').unwrap();
            (x.parse().unwrap(), y.parse().unwrap())
        })
        .collect()
}

/// The line as (days since the start, percent).
fn line(svg: &str) -> Vec<(f64, f64)> {
    let document = Document::parse(svg).unwrap();
    let lines = of_class(&document, "c-new");
    assert_eq!(lines.len(), 1);
    let (left, right, top, bottom) = PLOT;
    points_of(lines[0])
        .into_iter()
        .map(|(x, y)| {
            let days = (x - left) / (right - left) * 10.0;
            (days, (bottom - y) / (bottom - top) * 100.0)
        })
        .collect()
}

fn texts(svg: &str) -> Vec<String> {
    let document = Document::parse(svg).unwrap();
    document
        .descendants()
        .filter(|node| node.tag_name().name() == "text")
        .map(|node| node.text().unwrap_or_default().to_owned())
        .collect()
}

fn assert_close(line: &[(f64, f64)], expected: &[(f64, f64)]) {
    assert_eq!(line.len(), expected.len(), "{line:?}");
    for (is, should) in line.iter().zip(expected) {
        // A pixel is 0.02 days across and 0.55 % upwards.
        let close = (is.0 - should.0).abs() < 0.02 && (is.1 - should.1).abs() < 0.6;
        assert!(close, "{is:?} should be {should:?} in {line:?}");
    }
}

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
fn no_text_becomes_markup() {
    let hostile = "a<script>alert('1')</script>&\"b";
    let mut chart = chart(&[(START, 0)]);
    chart.title = hostile.to_owned();
    chart.description = hostile.to_owned();
    chart.marks = vec![mark(START + DAY, "<b>&\"'", MarkKind::Rollback)];
    let svg = exposure(&chart).unwrap();
    assert!(!svg.contains("<script") && !svg.contains("<b>"));
    let document = Document::parse(&svg).unwrap();
    for (name, id) in [("title", "exposure-title"), ("desc", "exposure-desc")] {
        let node = document
            .descendants()
            .find(|node| node.attribute("id") == Some(id))
            .unwrap();
        assert_eq!(node.tag_name().name(), name);
        assert_eq!(node.text(), Some(hostile));
    }
    assert!(texts(&svg).contains(&"<b>&\"'".to_owned()));
}

#[test]
fn it_names_itself_scales_and_brings_no_colours_of_its_own() {
    let mut chart = chart(&[(START, 0), (START + DAY, 1_000)]);
    chart.marks = vec![
        mark(START + DAY, "10 %", MarkKind::Change),
        mark(START + 3 * DAY, "rolled back", MarkKind::Rollback),
        mark(START + 6 * DAY, "kill switch", MarkKind::KillSwitch),
    ];
    let svg = exposure(&chart).unwrap();
    let document = Document::parse(&svg).unwrap();
    let root = document.root_element();
    assert_eq!(root.tag_name().name(), "svg");
    assert_eq!(root.attribute("role"), Some("img"));
    let labelled = root.attribute("aria-labelledby");
    assert_eq!(labelled, Some("exposure-title exposure-desc"));
    assert_eq!(root.attribute("viewBox"), Some("0 0 720 260"));
    assert_eq!(root.attribute("width"), None);
    assert_eq!(root.attribute("height"), None);
    let forbidden = [
        "style",
        "fill",
        "stroke",
        "opacity",
        "font-family",
        "font-size",
        "stroke-width",
        "onload",
    ];
    for node in document.descendants() {
        for name in forbidden {
            assert_eq!(node.attribute(name), None, "{node:?}");
        }
    }
    assert!(!svg.contains('#') && !svg.contains("rgb("));
}

#[test]
fn every_class_is_in_the_style_sheet() {
    let sheet = include_str!("../../../style/components/chart.css");
    let mut chart = chart(&[(START, 0), (START + DAY, 1_000)]);
    chart.marks = vec![
        mark(START + DAY, "10 %", MarkKind::Change),
        mark(START + 3 * DAY, "rolled back", MarkKind::Rollback),
        mark(START + 6 * DAY, "kill switch", MarkKind::KillSwitch),
    ];
    let svg = exposure(&chart).unwrap();
    let document = Document::parse(&svg).unwrap();
    for node in document.descendants() {
        if let Some(class) = node.attribute("class") {
            let selector = format!(".{}", class.replace(' ', "."));
            let known = sheet
                .split([',', '{', '}', '\n'])
                .any(|part| part.trim() == selector);
            assert!(known, "{selector}");
        }
    }
}

#[test]
fn each_kind_of_mark_has_a_shape_and_those_outside_are_left_out() {
    let mut chart = chart(&[(START, 0)]);
    chart.marks = vec![
        mark(START - DAY, "before", MarkKind::Rollback),
        mark(START + 2 * DAY, "rolled back", MarkKind::Rollback),
        mark(START + 11 * DAY, "after", MarkKind::KillSwitch),
    ];
    let svg = exposure(&chart).unwrap();
    let document = Document::parse(&svg).unwrap();
    assert_eq!(of_class(&document, "c-danger").len(), 1);
    let solid = of_class(&document, "c-danger-solid");
    assert_eq!(points_of(solid[0]).len(), 3);
    assert!(texts(&svg).contains(&"rolled back".to_owned()));
    assert!(
        !texts(&svg)
            .iter()
            .any(|text| text == "before" || text == "after")
    );
}

#[test]
fn where_marks_crowd_the_most_severe_is_shown() {
    let mut chart = chart(&[(START, 0)]);
    chart.marks = vec![
        mark(START + DAY, "step 1", MarkKind::Change),
        mark(START + DAY + HOUR, "stop", MarkKind::KillSwitch),
        mark(START + DAY + 2 * HOUR, "back", MarkKind::Rollback),
        mark(START + DAY + 6 * HOUR, "step 2", MarkKind::Change),
    ];
    let svg = exposure(&chart).unwrap();
    let texts = texts(&svg);
    assert!(texts.contains(&"stop".to_owned()));
    for hidden in ["step 1", "back", "step 2"] {
        assert!(!texts.iter().any(|text| text == hidden), "{hidden}");
    }
    // The last one is far enough for a line, but not for its label.
    let document = Document::parse(&svg).unwrap();
    assert_eq!(of_class(&document, "c-mark").len(), 1);
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
