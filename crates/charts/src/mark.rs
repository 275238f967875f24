//! Events marked on the time axis of any chart.
//!
//! Each kind has a shape besides its colour: a change is a diamond, an issue a square, a rollback points down, the kill switch is a cross.

use plotters::element::{PathElement, Polygon};
use plotters::style::text_anchor::HPos;

use crate::error::ChartError;
use crate::frame::{BOTTOM, LEFT, Plot, TOP, WIDTH, width};
use crate::ink::Ink;

/// An event on the time axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Milliseconds UTC. Marks outside the range are not drawn.
    pub at_ms: i64,
    /// A few words, shown if there is room.
    pub label: String,
    /// What happened.
    pub kind: MarkKind,
}

/// What happened, from the least to the most severe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MarkKind {
    /// Anything that did not take callers back to old.
    Change,
    /// An issue was opened.
    Issue,
    /// A module went back.
    Rollback,
    /// All modules went back.
    KillSwitch,
}

/// Marks nearer than this, in pixels, could not be told apart: the most severe stands for all.
const APART: i32 = 8;
const LABEL_Y: i32 = 10;
const GLYPH_Y: i32 = 28;
const LONGEST_LABEL: usize = 36;

impl MarkKind {
    /// Of its line, its solid parts and its label.
    const fn inks(self) -> [Ink; 3] {
        match self {
            Self::Change | Self::Issue => [Ink::Mark, Ink::MarkSolid, Ink::Text],
            Self::Rollback | Self::KillSwitch => [Ink::Danger, Ink::DangerSolid, Ink::DangerText],
        }
    }
}

/// Draws the marks over the plot, each with its label where there is room: the severe choose first.
pub fn draw(plot: &Plot, marks: &[Mark]) -> Result<(), ChartError> {
    let mut shown = apart(plot, marks);
    for (x, mark) in &shown {
        draw_glyph(plot, *x, mark.kind)?;
    }
    shown.sort_by_key(|(_, mark)| std::cmp::Reverse(mark.kind));
    let mut taken: Vec<(i32, i32)> = Vec::new();
    for (x, mark) in shown {
        let label = shortened(&mark.label);
        let half = width(&label) / 2;
        let middle = x.clamp(half.min(LEFT), (WIDTH - half).max(LEFT));
        let (left, right) = (middle - half, middle + half);
        let free = taken
            .iter()
            .all(|(from, to)| right + 12 < *from || *to + 12 < left);
        if free && !label.is_empty() {
            let [_, _, ink] = mark.kind.inks();
            plot.text(&label, (middle, LABEL_Y), HPos::Center, ink)?;
            taken.push((left, right));
        }
    }
    Ok(())
}

/// The marks in the range by their pixel, the most severe of each neighbourhood.
fn apart<'m>(plot: &Plot, marks: &'m [Mark]) -> Vec<(i32, &'m Mark)> {
    let mut seen: Vec<&Mark> = marks
        .iter()
        .filter(|mark| plot.range.contains(mark.at_ms))
        .collect();
    seen.sort_by_key(|mark| mark.at_ms);
    let mut shown: Vec<(i32, &Mark)> = Vec::new();
    for mark in seen {
        let x = plot.x(mark.at_ms);
        match shown.last_mut() {
            Some((before, kept)) if x - *before < APART => {
                if mark.kind > kept.kind {
                    *kept = mark;
                }
            }
            _ => shown.push((x, mark)),
        }
    }
    shown
}

fn draw_glyph(plot: &Plot, x: i32, kind: MarkKind) -> Result<(), ChartError> {
    let [line, solid, _] = kind.inks();
    let y = GLYPH_Y;
    plot.line(&[(x, TOP - 4), (x, BOTTOM)], line)?;
    match kind {
        MarkKind::Change => {
            let diamond = [(x, y - 5), (x + 5, y), (x, y + 5), (x - 5, y)];
            plot.canvas.draw(&Polygon::new(diamond, solid))?;
        }
        MarkKind::Issue => {
            let square = [
                (x - 4, y - 4),
                (x + 4, y - 4),
                (x + 4, y + 4),
                (x - 4, y + 4),
            ];
            plot.canvas.draw(&Polygon::new(square, solid))?;
        }
        MarkKind::Rollback => {
            let down = [(x - 6, y - 5), (x + 6, y - 5), (x, y + 6)];
            plot.canvas.draw(&Polygon::new(down, solid))?;
        }
        MarkKind::KillSwitch => {
            for rise in [-5, 5] {
                let stroke = [(x - 5, y - rise), (x + 5, y + rise)];
                plot.canvas.draw(&PathElement::new(stroke, line))?;
            }
        }
    }
    Ok(())
}

fn shortened(label: &str) -> String {
    if label.chars().count() <= LONGEST_LABEL {
        return label.to_owned();
    }
    label.chars().take(LONGEST_LABEL - 1).chain(['…']).collect()
}
