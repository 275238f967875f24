//! The chart of error rates as a page gets it.

#![expect(
    clippy::unwrap_used,
    reason = "what reads the picture may panic as tests do"
)]

use charts::{ErrorRateChart, Limit, Mark, MarkKind, RatePoint, error_rate};
use roxmltree::Document;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
/// 2026-03-02T00:00:00Z.
const START: i64 = 1_772_409_600_000;

fn point(minute: i64, uses: u64, errors: u64) -> RatePoint {
    RatePoint {
        at_ms: START + minute * MINUTE,
        length_ms: MINUTE,
        uses,
        errors,
    }
}

fn chart(old: Vec<RatePoint>, new: Vec<RatePoint>) -> ErrorRateChart {
    ErrorRateChart {
        id_prefix: "errors".to_owned(),
        title: "Errors of config".to_owned(),
        description: "New fails more often".to_owned(),
        from_ms: START,
        to_ms: START + HOUR,
        old,
        new,
        limits: [(0.01, "hold"), (0.05, "roll back")]
            .map(|(share, label)| Limit {
                share,
                label: label.to_owned(),
            })
            .to_vec(),
        marks: Vec::new(),
    }
}

fn texts(svg: &str) -> Vec<String> {
    Document::parse(svg)
        .unwrap()
        .descendants()
        .filter(|node| node.has_tag_name("text"))
        .filter_map(|node| node.text().map(|text| text.trim().to_owned()))
        .collect()
}

/// Ends of the strokes of a class, from left to right.
fn strokes(svg: &str, class: &str) -> usize {
    let document = Document::parse(svg).unwrap();
    document
        .descendants()
        .filter(|node| node.attribute("class") == Some(class))
        .count()
}

#[test]
fn both_sides_are_named_at_their_end_and_limits_in_reach_are_drawn() {
    let minutes = |errors| (0..60).map(|minute| point(minute, 1_000, errors)).collect();
    let svg = error_rate(&chart(minutes(2), minutes(4))).unwrap();
    let said = texts(&svg);
    for label in ["old 0.2 %", "new 0.4 %", "hold 1 %"] {
        assert!(said.contains(&label.to_owned()), "{label}: {said:?}");
    }
    assert!(
        !said.iter().any(|text| text.starts_with("roll back")),
        "{said:?}"
    );
    assert_eq!((strokes(&svg, "c-old"), strokes(&svg, "c-new")), (1, 1));
    let svg = error_rate(&chart(minutes(2), minutes(70))).unwrap();
    let said = texts(&svg);
    assert!(said.contains(&"roll back 5 %".to_owned()), "{said:?}");
    assert_eq!(strokes(&svg, "c-limit"), 2);
}

#[test]
fn a_gap_in_what_is_known_is_a_gap_in_the_line_and_a_minute_alone_is_seen() {
    let new = [0, 1, 2, 30, 50, 51]
        .map(|minute| point(minute, 100, 1))
        .to_vec();
    let svg = error_rate(&chart(Vec::new(), new)).unwrap();
    assert_eq!((strokes(&svg, "c-old"), strokes(&svg, "c-new")), (0, 3));
}

#[test]
fn without_uses_there_is_a_picture_that_says_so() {
    let svg = error_rate(&chart(vec![point(3, 0, 0)], Vec::new())).unwrap();
    assert!(texts(&svg).contains(&"not enough data".to_owned()));
}

#[test]
fn one_failed_use_among_many_minutes_does_not_make_the_scale() {
    // A day: three minutes and more are one column.
    let mut new: Vec<_> = (0..1_440).map(|minute| point(minute, 50, 0)).collect();
    new.push(RatePoint {
        uses: 1,
        errors: 1,
        ..point(700, 0, 0)
    });
    let mut chart = chart(Vec::new(), new);
    chart.to_ms = START + 24 * HOUR;
    let said = texts(&error_rate(&chart).unwrap());
    assert!(
        said.contains(&"2 %".to_owned()) && !said.contains(&"100 %".to_owned()),
        "{said:?}"
    );
}

#[test]
fn texts_do_not_become_markup_and_every_class_is_in_the_style_sheet() {
    let sheet = include_str!("../../../style/components/chart.css");
    let mut chart = chart(vec![point(1, 10, 9)], vec![point(2, 10, 10)]);
    chart.title = "<script>&\"".to_owned();
    chart.marks = [
        MarkKind::Change,
        MarkKind::Issue,
        MarkKind::Rollback,
        MarkKind::KillSwitch,
    ]
    .into_iter()
    .zip([5, 20, 35, 50])
    .map(|(kind, minute)| Mark {
        at_ms: START + minute * MINUTE,
        label: "<b>".to_owned(),
        kind,
    })
    .collect();
    let svg = error_rate(&chart).unwrap();
    assert!(!svg.contains("<script") && !svg.contains("<b>") && !svg.contains("style="));
    let document = Document::parse(&svg).unwrap();
    for class in document
        .descendants()
        .filter_map(|node| node.attribute("class"))
    {
        let selector = format!(".{}", class.replace(' ', "."));
        let known = sheet
            .split([',', '{', '}', '\n'])
            .any(|part| part.trim() == selector);
        assert!(known, "{selector}");
    }
}

#[test]
fn hostile_numbers_draw_something() {
    let hostile = [
        RatePoint {
            at_ms: START,
            length_ms: i64::MAX,
            uses: u64::MAX,
            errors: u64::MAX,
        },
        RatePoint {
            at_ms: START + 1,
            length_ms: -5,
            uses: 1,
            errors: 9,
        },
    ];
    let mut chart = chart(hostile.to_vec(), hostile.to_vec());
    chart.limits.push(Limit {
        share: f64::NAN,
        label: String::new(),
    });
    assert!(error_rate(&chart).unwrap().contains("</svg>"));
}
