//! Chart: the share of callers that get the new code, over time.
//!
//! It is the track of the product, unrolled over time: old is rails of slate, new fills petrol from below.

use plotters::element::PathElement;
use plotters::series::AreaSeries;
use plotters::style::text_anchor::HPos;

use crate::error::ChartError;
use crate::frame::{BOTTOM, Frame, LEFT, Plot, RIGHT, TOP, TimeRange};
use crate::ink::Ink;
use crate::mark::{self, Mark};
use crate::step::{self, Level};

/// What the chart of a module's exposure shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExposureChart {
    /// Begins the ids in the chart; unique on its page. A letter, then letters, digits, `-` or `_`.
    pub id_prefix: String,
    /// What the chart is of, for those who do not see it.
    pub title: String,
    /// What the chart shows, for those who do not see it.
    pub description: String,
    /// Where the time axis begins, in milliseconds UTC.
    pub from_ms: i64,
    /// Where it ends. A range given backwards is turned round; one below a minute is widened.
    pub to_ms: i64,
    /// The present, in milliseconds UTC: the line ends here, since the future is not known.
    pub now_ms: i64,
    /// Changes of the exposure. What holds at `from_ms` is said by the last point before it.
    pub points: Vec<ExposurePoint>,
    /// Events to mark.
    pub marks: Vec<Mark>,
}

/// An exposure that holds from an instant on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExposurePoint {
    /// Milliseconds UTC.
    pub at_ms: i64,
    /// The share of callers that get new from then on, in hundredths of a percent: 0 to 10000. More counts as 10000.
    pub exposure_basis_points: u16,
}

const ALL: u16 = 10_000;
/// Of the share, at these heights, there is a line.
const QUARTERS: [u16; 5] = [0, 2_500, 5_000, 7_500, ALL];
/// Steps nearer than this, in pixels, are one vertical stroke.
const COLUMN: i32 = 2;
/// From one pair of rails to the next, and from rail to rail, in pixels.
const PAIR: i32 = 23;
const GAUGE: i32 = 5;
/// Between the middles of two lines of text, in pixels.
const LINE: i32 = 20;

/// Draws the chart as one `<svg>` element.
///
/// # Errors
///
/// [`ChartError::IdPrefix`] and [`ChartError::Time`] if an id or the range is not valid.
pub fn exposure(chart: &ExposureChart) -> Result<String, ChartError> {
    let range = TimeRange::new(chart.from_ms, chart.to_ms)?;
    let levels = step::clip(
        chart.points.iter().map(|point| Level {
            at_ms: point.at_ms,
            value: f64::from(point.exposure_basis_points.min(ALL)),
        }),
        range.from_ms,
        range.to_ms,
    );
    let frame = Frame {
        id_prefix: &chart.id_prefix,
        title: &chart.title,
        description: &chart.description,
        range,
    };
    frame.svg(f64::from(ALL), |plot| {
        // A change is a fact even if the clock has been set back since.
        let latest = levels.last().map_or(range.from_ms, |level| level.at_ms);
        let end_ms = chart.now_ms.max(latest).min(range.to_ms);
        let steps = step::vertices(&levels, end_ms, |at| plot.x(at) / COLUMN);
        draw_areas(plot, &steps)?;
        plot.value_axis(&QUARTERS.map(|share| (f64::from(share), percent(share))))?;
        plot.time_axis()?;
        // Beneath the line: a step stays visible where it is marked.
        mark::draw(plot, &chart.marks)?;
        if steps.is_empty() {
            let middle = (
                i32::midpoint(LEFT, RIGHT),
                i32::midpoint(TOP, BOTTOM) + PAIR,
            );
            plot.text("no change yet", middle, HPos::Center, Ink::Strong)?;
        } else {
            plot.area
                .draw(&PathElement::new(steps.as_slice(), Ink::New))?;
        }
        draw_shares(plot, &steps)
    })
}

/// The rails of old across all that is known, and over them the area of new.
fn draw_areas(plot: &Plot, steps: &[(i64, f64)]) -> Result<(), ChartError> {
    let (Some(first), Some(last)) = (steps.first(), steps.last()) else {
        return Ok(());
    };
    let (left, right) = (plot.x(first.0), plot.x(last.0));
    let mut y = TOP + PAIR / 2 - GAUGE / 2;
    while y < BOTTOM && left < right {
        plot.line(&[(left, y), (right, y)], Ink::OldRail)?;
        plot.line(&[(left, y + GAUGE), (right, y + GAUGE)], Ink::OldRail)?;
        y += PAIR;
    }
    for area in AreaSeries::new(steps.iter().copied(), 0.0, Ink::NewArea) {
        plot.area.draw(&area)?;
    }
    Ok(())
}

/// Says beside the end of the line what share new has there, and old if there is room for both.
fn draw_shares(plot: &Plot, steps: &[(i64, f64)]) -> Result<(), ChartError> {
    let Some(&(end_ms, value)) = steps.last() else {
        return Ok(());
    };
    let x = plot.x(end_ms) + 8;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "made from a u16 of at most 10000"
    )]
    let share = value as u16;
    let y = plot.y(value).clamp(TOP + 6, BOTTOM - 6);
    let new = format!("{} new", percent(share));
    plot.text(&new, (x, y), HPos::Left, Ink::Strong)?;
    let y_old = i32::midpoint(TOP, plot.y(value)).min(y - LINE);
    if y_old >= TOP {
        let old = format!("{} old", percent(ALL - share));
        plot.text(&old, (x, y_old), HPos::Left, Ink::Text)?;
    }
    Ok(())
}

/// As the product writes a share: `8.4 %`.
fn percent(basis_points: u16) -> String {
    let (whole, rest) = (basis_points / 100, basis_points % 100);
    match (rest, rest % 10) {
        (0, _) => format!("{whole} %"),
        (_, 0) => format!("{whole}.{} %", rest / 10),
        _ => format!("{whole}.{rest:02} %"),
    }
}
