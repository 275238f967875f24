//! The chart of exposure as a page gets it: read as XML, and measured.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what reads the picture may panic as tests do"
)]

mod data;
mod marks;
mod markup;

use charts::{ExposureChart, ExposurePoint, Mark, MarkKind};
use roxmltree::{Document, Node};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// 2026-03-02T00:00:00Z.
const START: i64 = 1_772_409_600_000;
/// The plot in the view box: left, right, top, bottom.
const PLOT: (f64, f64, f64, f64) = (56.0, 624.0, 40.0, 224.0);

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
