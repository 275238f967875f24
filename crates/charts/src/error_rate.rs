//! Chart: the share of uses that failed on old and on new, over time, against the limits at which people and the conductor act.

use plotters::style::text_anchor::HPos;

use crate::error::ChartError;
use crate::frame::{BOTTOM, Frame, LEFT, Plot, RIGHT, TOP, TimeRange};
use crate::ink::Ink;
use crate::mark::{self, Mark};

/// What the chart of error rates shows.
#[derive(Debug, Clone, PartialEq)]
pub struct ErrorRateChart {
    /// Begins the ids in the chart; unique on its page. A letter, then letters, digits, `-` or `_`.
    pub id_prefix: String,
    /// What the chart is of, for those who do not see it.
    pub title: String,
    /// What the chart shows, for those who do not see it.
    pub description: String,
    /// Where the time axis begins, in milliseconds UTC.
    pub from_ms: i64,
    /// Where it ends.
    pub to_ms: i64,
    /// What old did, in any order.
    pub old: Vec<RatePoint>,
    /// What new did.
    pub new: Vec<RatePoint>,
    /// Limits to draw.
    pub limits: Vec<Limit>,
    /// Events to mark.
    pub marks: Vec<Mark>,
}

/// Uses within a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RatePoint {
    /// Its begin, in milliseconds UTC.
    pub at_ms: i64,
    /// Its length, milliseconds.
    pub length_ms: i64,
    /// Uses, failed ones too. A point without any is no data.
    pub uses: u64,
    /// Of them, those that failed; more than uses count as all.
    pub errors: u64,
}

/// A rate at which something happens.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    /// As a share of 1.
    pub share: f64,
    /// In a word: `hold`.
    pub label: String,
}

/// Points nearer than this, in pixels, are one: their uses and errors added up.
const COLUMN: i32 = 3;
/// A stretch alone is drawn at least so long, in pixels.
const LEAST: i32 = 5;
/// Between the middles of two lines of text, in pixels.
const LINE: i32 = 18;
/// Ends of the scale, as shares of 1.
const SCALES: [f64; 13] = [
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0,
];

/// Draws the chart as one `<svg>` element.
///
/// # Errors
///
/// [`ChartError::IdPrefix`] and [`ChartError::Time`] if an id or the range is not valid.
pub fn error_rate(chart: &ErrorRateChart) -> Result<String, ChartError> {
    let range = TimeRange::new(chart.from_ms, chart.to_ms)?;
    let frame = Frame {
        id_prefix: &chart.id_prefix,
        title: &chart.title,
        description: &chart.description,
        range,
    };
    let within = |points: &[RatePoint]| -> Vec<RatePoint> {
        let mut points: Vec<_> = points
            .iter()
            .filter(|point| point.uses > 0 && range.contains(point.at_ms))
            .copied()
            .collect();
        points.sort_by_key(|point| point.at_ms);
        points
    };
    let (old, new) = (within(&chart.old), within(&chart.new));
    let highest = highest(&old, &new, &chart.limits, range);
    frame.svg(highest, |plot| {
        let lines =
            [0.0, 0.25, 0.5, 0.75, 1.0].map(|part| (part * highest, percent(part * highest)));
        plot.value_axis(&lines)?;
        plot.time_axis()?;
        mark::draw(plot, &chart.marks)?;
        for limit in chart.limits.iter().filter(|limit| limit.share < highest) {
            let y = plot.y(limit.share);
            plot.line(&[(LEFT, y), (RIGHT, y)], Ink::Limit)?;
        }
        if old.is_empty() && new.is_empty() {
            let middle = (i32::midpoint(LEFT, RIGHT), i32::midpoint(TOP, BOTTOM) + 10);
            return plot.text("not enough data", middle, HPos::Center, Ink::Strong);
        }
        let mut labels: Vec<(i32, String, Ink)> = Vec::new();
        for (name, points, ink, text) in [
            ("old", &old, Ink::Old, Ink::Text),
            ("new", &new, Ink::New, Ink::Strong),
        ] {
            let columns = columns(plot, points);
            draw(plot, &columns, ink)?;
            if let Some(last) = columns.last() {
                labels.push((
                    plot.y(last.rate()),
                    format!("{name} {}", percent(last.rate())),
                    text,
                ));
            }
        }
        for limit in chart.limits.iter().filter(|limit| limit.share < highest) {
            let label = format!("{} {}", limit.label, percent(limit.share));
            labels.push((plot.y(limit.share), label, Ink::Text));
        }
        write_apart(plot, labels)
    })
}

/// Points that share a column of pixels, added up.
struct Column {
    left: i32,
    right: i32,
    begin_ms: i64,
    end_ms: i64,
    uses: u64,
    errors: u64,
}

impl Column {
    fn rate(&self) -> f64 {
        rate(self.uses, self.errors)
    }
}

fn columns(plot: &Plot, points: &[RatePoint]) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    for point in points {
        let end_ms = point.at_ms.saturating_add(point.length_ms.max(0));
        let (left, right) = (plot.x(point.at_ms), plot.x(end_ms.min(plot.range.to_ms)));
        match columns.last_mut() {
            Some(last) if left / COLUMN == last.left / COLUMN => {
                last.right = last.right.max(right);
                last.end_ms = last.end_ms.max(end_ms);
                last.uses = last.uses.saturating_add(point.uses);
                last.errors = last.errors.saturating_add(point.errors);
            }
            _ => columns.push(Column {
                left,
                right,
                begin_ms: point.at_ms,
                end_ms,
                uses: point.uses,
                errors: point.errors,
            }),
        }
    }
    columns
}

/// A line through the middles; a gap in what is known is a gap in the line.
fn draw(plot: &Plot, columns: &[Column], ink: Ink) -> Result<(), ChartError> {
    let adjoin = |before: &Column, after: &Column| {
        let length = (before.end_ms - before.begin_ms).max(1);
        after.begin_ms - before.end_ms <= length
    };
    for run in columns.chunk_by(adjoin) {
        let middle = |column: &Column| {
            (
                i32::midpoint(column.left, column.right),
                plot.y(column.rate()),
            )
        };
        let path: Vec<(i32, i32)> = match run {
            [alone] => {
                let y = plot.y(alone.rate());
                let right = alone.right.max(alone.left + LEAST);
                vec![(alone.left, y), (right, y)]
            }
            many => many.iter().map(middle).collect(),
        };
        plot.line(&path, ink)?;
    }
    Ok(())
}

/// Labels at the right end, each moved down as far as the one above it needs.
fn write_apart(plot: &Plot, mut labels: Vec<(i32, String, Ink)>) -> Result<(), ChartError> {
    labels.sort_by_key(|(y, _, _)| *y);
    let count = i32::try_from(labels.len()).unwrap_or(i32::MAX);
    let mut free = TOP;
    for (place, (y, label, ink)) in (0_i32..).zip(labels) {
        let room_below = BOTTOM - LINE.saturating_mul(count - 1 - place);
        let y = y.max(free).min(room_below);
        plot.text(&label, (RIGHT + 8, y), HPos::Left, ink)?;
        free = y + LINE;
    }
    Ok(())
}

/// The end of the scale: above all rates, and above the lowest limit, so that it is seen how far away that is.
fn highest(old: &[RatePoint], new: &[RatePoint], limits: &[Limit], range: TimeRange) -> f64 {
    // As many stretches as there are columns are added up before the highest is looked for: a single failed use among few
    // is no reason for a scale of 100 %.
    let length = ((range.to_ms - range.from_ms) / 200).max(1);
    let top = |points: &[RatePoint]| {
        points
            .chunk_by(|a, b| a.at_ms / length == b.at_ms / length)
            .map(|chunk| {
                let (uses, errors) = chunk.iter().fold((0_u64, 0_u64), |(uses, errors), point| {
                    (
                        uses.saturating_add(point.uses),
                        errors.saturating_add(point.errors),
                    )
                });
                rate(uses, errors)
            })
            .fold(0.0, f64::max)
    };
    let lowest_limit = limits
        .iter()
        .map(|limit| limit.share)
        .fold(f64::INFINITY, f64::min);
    let lowest_limit = if lowest_limit.is_finite() {
        lowest_limit
    } else {
        0.0
    };
    let wanted = (top(old).max(top(new))).max(lowest_limit) * 1.1;
    SCALES.into_iter().find(|end| *end >= wanted).unwrap_or(1.0)
}

#[expect(clippy::cast_precision_loss, reason = "a share of a count")]
fn rate(uses: u64, errors: u64) -> f64 {
    if uses == 0 {
        return 0.0;
    }
    errors.min(uses) as f64 / uses as f64
}

/// As the product writes a share: `0.25 %`.
fn percent(share: f64) -> String {
    let text = format!("{:.3}", share * 100.0);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text} %")
}
