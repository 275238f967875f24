//! plotters' backend that writes classes instead of colours.
//!
//! plotters' own writes colours, fonts and opacity into every element, where neither a theme nor a forced palette
//! reaches them.

use std::fmt::{self, Display, Write};

use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
};

use crate::ink::Ink;

/// Writes elements at the end of a string; who owns the string puts `<svg>` around them.
pub struct SvgWriter<'a> {
    out: &'a mut String,
    size: (u32, u32),
}

/// Why an element could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// A style with a colour that is no ink has no class.
    #[error("the colour {0:?} has no class")]
    NoInk((u8, u8, u8)),
    #[error(transparent)]
    Format(#[from] fmt::Error),
}

impl From<WriteError> for DrawingErrorKind<WriteError> {
    fn from(error: WriteError) -> Self {
        Self::DrawingError(error)
    }
}

type Outcome = Result<(), DrawingErrorKind<WriteError>>;

impl<'a> SvgWriter<'a> {
    pub fn new(out: &'a mut String, size: (u32, u32)) -> Self {
        Self { out, size }
    }

    /// One element; nothing when plotters means it to be invisible, as the border of an area.
    fn element(&mut self, name: &str, color: BackendColor, attributes: fmt::Arguments) -> Outcome {
        if color.alpha > 0.0 {
            let class = class(color)?;
            writeln!(self.out, r#"<{name} class="{class}" {attributes}/>"#)
                .map_err(WriteError::from)?;
        }
        Ok(())
    }
}

fn class(color: BackendColor) -> Result<&'static str, WriteError> {
    Ink::of(color)
        .map(Ink::class)
        .ok_or(WriteError::NoInk(color.rgb))
}

fn points(path: impl IntoIterator<Item = BackendCoord>) -> String {
    let mut points = String::new();
    for (x, y) in path {
        let gap = if points.is_empty() { "" } else { " " };
        // Writing into a string cannot fail.
        let _ = write!(points, "{gap}{x},{y}");
    }
    points
}

impl DrawingBackend for SvgWriter<'_> {
    type ErrorType = WriteError;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Outcome {
        Ok(())
    }

    fn present(&mut self) -> Outcome {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, color: BackendColor) -> Outcome {
        let at = format_args!(r#"x="{x}" y="{y}" width="1" height="1""#);
        self.element("rect", color, at)
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        (x1, y1): BackendCoord,
        (x2, y2): BackendCoord,
        style: &S,
    ) -> Outcome {
        let ends = format_args!(r#"x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}""#);
        self.element("line", style.color(), ends)
    }

    /// Whether it is filled is for the class to say, here and below.
    fn draw_rect<S: BackendStyle>(
        &mut self,
        (left, top): BackendCoord,
        (right, bottom): BackendCoord,
        style: &S,
        _fill: bool,
    ) -> Outcome {
        let (width, height) = (right - left, bottom - top);
        let edges = format_args!(r#"x="{left}" y="{top}" width="{width}" height="{height}""#);
        self.element("rect", style.color(), edges)
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Outcome {
        let points = points(path);
        let path = format_args!(r#"points="{points}""#);
        self.element("polyline", style.color(), path)
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Outcome {
        let points = points(path);
        let path = format_args!(r#"points="{points}""#);
        self.element("polygon", style.color(), path)
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        (x, y): BackendCoord,
        radius: u32,
        style: &S,
        _fill: bool,
    ) -> Outcome {
        let at = format_args!(r#"cx="{x}" cy="{y}" r="{radius}""#);
        self.element("circle", style.color(), at)
    }

    fn draw_text<S: BackendTextStyle>(
        &mut self,
        text: &str,
        style: &S,
        (x, y): BackendCoord,
    ) -> Outcome {
        let anchor = style.anchor();
        let horizontal = match anchor.h_pos {
            HPos::Left => "start",
            HPos::Center => "middle",
            HPos::Right => "end",
        };
        let below = match anchor.v_pos {
            VPos::Top => "0.76em",
            VPos::Center => "0.35em",
            VPos::Bottom => "-0.24em",
        };
        let (class, text) = (class(style.color())?, Escaped(text));
        writeln!(
            self.out,
            r#"<text class="{class}" x="{x}" y="{y}" dy="{below}" text-anchor="{horizontal}">{text}</text>"#
        )
        .map_err(WriteError::from)?;
        Ok(())
    }
}

/// Text as it stands in an element or an attribute, in XML and in HTML.
pub struct Escaped<'a>(pub &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '&' => f.write_str("&amp;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\t' | '\n' | '\r' => f.write_char(' ')?,
                // XML 1.0 has no way to write these.
                '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => f.write_char('\u{fffd}')?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use plotters::prelude::*;

    use super::*;

    #[test]
    fn nothing_in_a_text_is_markup() {
        let text = "a<script>&\"'\u{0}\u{1b}\n]]>é";
        let escaped = Escaped(text).to_string();
        assert_eq!(
            escaped,
            "a&lt;script&gt;&amp;&quot;&#39;\u{fffd}\u{fffd} ]]&gt;é"
        );
    }

    #[test]
    fn a_colour_without_a_class_is_refused_rather_than_drawn_black() {
        let mut out = String::new();
        let area = SvgWriter::new(&mut out, (10, 10)).into_drawing_area();
        let line = PathElement::new(vec![(0, 0), (5, 5)], RED);
        assert!(area.draw(&line).is_err());
        drop(area);
        assert_eq!(out, "");
    }
}
