//! Marks are shown where there is room.

use charts::{MarkKind, exposure};
use roxmltree::Document;

use crate::{DAY, HOUR, START, chart, mark, of_class, points_of, texts};

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
