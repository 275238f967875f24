//! What charts share: id, title, scales, grid, axis labels.

use std::ops::Range;

use jiff::Timestamp;
use plotters::coord::cartesian::Cartesian2d;
use plotters::coord::types::{RangedCoordf64, RangedCoordi64};
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{PathElement, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{IntoFont, TextStyle};

use crate::axis;
use crate::error::ChartError;
use crate::ink::Ink;
use crate::svg::{Escaped, SvgWriter};

/// Pixels of the view box, of which the plot is the middle; labels have the rest.
pub const WIDTH: i32 = 720;
pub const HEIGHT: i32 = 260;
pub const LEFT: i32 = 56;
pub const RIGHT: i32 = WIDTH - 96;
pub const TOP: i32 = 40;
pub const BOTTOM: i32 = HEIGHT - 36;

/// Estimates of a character's width at the size of `.c-text`, 14 px: of a digit, and of a letter on average.
const DIGIT: i32 = 8;
const LETTER: i32 = 7;
/// From here on, scripts such as Chinese and Korean have letters twice as wide.
const WIDE: char = '\u{1100}';

/// Ranges below it are widened: no tick is finer than a second.
const SHORTEST_MS: i64 = 60_000;

/// A chart to be: what is said of it to those who do not see it.
pub struct Frame<'a> {
    /// Begins the ids of this chart, which must be unique on its page.
    pub id_prefix: &'a str,
    pub title: &'a str,
    pub description: &'a str,
    pub range: TimeRange,
}

/// The time axis: at least a minute, forwards, within the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    pub from_ms: i64,
    pub to_ms: i64,
}

impl TimeRange {
    /// A range given backwards is turned round, a short one is widened about its middle.
    pub fn new(from_ms: i64, to_ms: i64) -> Result<Self, ChartError> {
        for at in [from_ms, to_ms] {
            Timestamp::from_millisecond(at).map_err(|_| ChartError::Time(at))?;
        }
        let (from, to) = (from_ms.min(to_ms), from_ms.max(to_ms));
        let missing = (SHORTEST_MS - (to - from)).max(0);
        Ok(Self {
            from_ms: from - missing / 2,
            to_ms: to + (missing - missing / 2),
        })
    }

    pub fn contains(self, at_ms: i64) -> bool {
        (self.from_ms..=self.to_ms).contains(&at_ms)
    }
}

/// The plot in scales of its own: milliseconds UTC across, the chart's unit upwards.
pub type Area<'a> = DrawingArea<SvgWriter<'a>, Cartesian2d<RangedCoordi64, RangedCoordf64>>;
/// The whole picture in pixels.
pub type Canvas<'a> = DrawingArea<SvgWriter<'a>, plotters::coord::Shift>;

/// Where a chart draws.
pub struct Plot<'a> {
    pub range: TimeRange,
    pub area: Area<'a>,
    pub canvas: Canvas<'a>,
}

impl Frame<'_> {
    /// The whole element; `draw` fills the plot, whose scale upwards ends at `highest`.
    pub fn svg(
        &self,
        highest: f64,
        draw: impl FnOnce(&Plot) -> Result<(), ChartError>,
    ) -> Result<String, ChartError> {
        let id = valid_id(self.id_prefix)?;
        let mut body = String::new();
        let size = (WIDTH.unsigned_abs(), HEIGHT.unsigned_abs());
        let canvas = SvgWriter::new(&mut body, size).into_drawing_area();
        // Pixels count downwards.
        let upwards = Range {
            start: BOTTOM,
            end: TOP,
        };
        let scales = Cartesian2d::new(
            self.range.from_ms..self.range.to_ms,
            0.0..highest,
            (LEFT..RIGHT, upwards),
        );
        let plot = Plot {
            range: self.range,
            area: canvas.apply_coord_spec(scales),
            canvas,
        };
        draw(&plot)?;
        plot.canvas.present()?;
        drop(plot);
        let (title, description) = (Escaped(self.title), Escaped(self.description));
        Ok(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" \
             aria-labelledby=\"{id}-title {id}-desc\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
             preserveAspectRatio=\"xMidYMid meet\">\n\
             <title id=\"{id}-title\">{title}</title>\n\
             <desc id=\"{id}-desc\">{description}</desc>\n{body}</svg>"
        ))
    }
}

impl Plot<'_> {
    /// The pixel of an instant; instants outside the range lie outside the plot.
    pub fn x(&self, at_ms: i64) -> i32 {
        self.area.map_coordinate(&(at_ms, 0.0)).0
    }

    /// The pixel of a value.
    pub fn y(&self, value: f64) -> i32 {
        self.area.map_coordinate(&(self.range.from_ms, value)).1
    }

    /// Lines and labels of the scale upwards.
    pub fn value_axis(&self, lines: &[(f64, String)]) -> Result<(), ChartError> {
        for (value, label) in lines {
            let y = self.y(*value);
            self.line(&[(LEFT, y), (RIGHT, y)], Ink::Grid)?;
            self.text(label, (LEFT - 8, y), HPos::Right, Ink::Text)?;
        }
        Ok(())
    }

    /// The time axis, its ticks and their labels.
    pub fn time_axis(&self) -> Result<(), ChartError> {
        let below = BOTTOM + 18;
        let columns = usize::try_from((RIGHT - LEFT) / DIGIT).unwrap_or_default();
        self.line(&[(LEFT, BOTTOM), (RIGHT, BOTTOM)], Ink::Axis)?;
        for tick in axis::ticks(self.range.from_ms, self.range.to_ms, columns) {
            let x = self.x(tick.at_ms);
            self.line(&[(x, BOTTOM), (x, BOTTOM + 5)], Ink::Axis)?;
            self.text(&tick.label, (x, below), HPos::Center, Ink::Text)?;
        }
        self.text("UTC", (WIDTH - 2, below), HPos::Right, Ink::Text)
    }

    /// A line in pixels.
    pub fn line(&self, points: &[(i32, i32)], ink: Ink) -> Result<(), ChartError> {
        let path = PathElement::new(points, ink);
        Ok(self.canvas.draw(&path)?)
    }

    /// A text whose middle stands at the height of `at`, in pixels.
    pub fn text(
        &self,
        text: &str,
        at: (i32, i32),
        horizontal: HPos,
        ink: Ink,
    ) -> Result<(), ChartError> {
        let style = TextStyle::from(("sans-serif", 14).into_font())
            .pos(Pos::new(horizontal, VPos::Center))
            .color(&ink);
        Ok(self.canvas.draw(&Text::new(text, at, style))?)
    }
}

/// How wide a text will be, about, in pixels.
pub fn width(text: &str) -> i32 {
    text.chars().fold(0, |width: i32, c| {
        width.saturating_add(if c < WIDE { LETTER } else { 2 * LETTER })
    })
}

fn valid_id(prefix: &str) -> Result<&str, ChartError> {
    let valid = prefix.starts_with(|c: char| c.is_ascii_alphabetic())
        && prefix
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if valid {
        Ok(prefix)
    } else {
        Err(ChartError::IdPrefix(prefix.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_forwards_and_at_least_a_minute() {
        let hour = TimeRange::new(3_600_000, 0).unwrap();
        assert_eq!((hour.from_ms, hour.to_ms), (0, 3_600_000));
        let nothing = TimeRange::new(90_001, 90_001).unwrap();
        assert_eq!((nothing.from_ms, nothing.to_ms), (60_001, 120_001));
        assert_eq!(TimeRange::new(0, i64::MAX), Err(ChartError::Time(i64::MAX)));
    }
}
