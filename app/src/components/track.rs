//! The track: one glyph for how far something has moved. Geometry is SVG, since no page may carry a style attribute.

use std::fmt::Write;

use domain::Mode;
use domain::read::{ModeCounts, TrackState};
use leptos::prelude::*;

use crate::words;

/// How large a track is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// In a table's row.
    Row,
    /// In the head of the frame.
    Head,
    /// Across a page's head.
    Large,
    /// As wide as what it stands in.
    Plain,
}

/// Lines of the glyph, in pixels from the top.
struct Geometry {
    height: u8,
    rails: [u8; 2],
    rail_height: u8,
    bar: u8,
    tick: (u8, u8),
    dots: (u8, u8),
    tick_width: u8,
    cross: &'static str,
}

const SMALL: Geometry = Geometry {
    height: 16,
    rails: [3, 8],
    rail_height: 2,
    bar: 7,
    tick: (1, 11),
    dots: (14, 2),
    tick_width: 1,
    cross: "M2 2l9 9M11 2l-9 9",
};

const LARGE: Geometry = Geometry {
    height: 32,
    rails: [5, 17],
    rail_height: 3,
    bar: 15,
    tick: (1, 23),
    dots: (28, 3),
    tick_width: 2,
    cross: "M4 4l17 17M21 4l-17 17",
};

impl Size {
    fn geometry(self) -> &'static Geometry {
        if self == Self::Large { &LARGE } else { &SMALL }
    }

    fn class(self, killed: bool) -> &'static str {
        match (self, killed) {
            (Self::Row, false) => "track row",
            (Self::Row, true) => "track row killed",
            (Self::Head, false) => "track head",
            (Self::Head, true) => "track head killed",
            (Self::Large, false) => "track large",
            (Self::Large, true) => "track large killed",
            (Self::Plain, false) => "track",
            (Self::Plain, true) => "track killed",
        }
    }
}

/// The track of one module; `ticks` are the plan's steps, in basis points.
pub fn track(of: TrackState, size: Size, ticks: &[u16]) -> impl IntoView + use<> {
    let (geometry, killed) = (size.geometry(), of.killed && !of.retired);
    let points = if of.retired {
        10_000
    } else {
        of.state.exposure().basis_points()
    };
    let mut drawn = titled(&words::served(of));
    rails(&mut drawn, geometry, if killed { 0 } else { points });
    bar(&mut drawn, geometry, points);
    match of.state.mode() {
        Mode::BothValidate if !of.retired => dots(&mut drawn, geometry, 0, 10_000),
        Mode::GradualRollout if !of.retired => {
            for &tick in ticks {
                draw_tick(&mut drawn, geometry, tick, tick <= points);
            }
        }
        _ => {}
    }
    glyph(drawn, geometry, size, killed)
}

/// The track of many modules: new full, ramping in part, comparing dotted, old empty.
pub fn sum_track(counts: ModeCounts, size: Size, killed: bool) -> impl IntoView + use<> {
    let geometry = size.geometry();
    let new = counts.new_only + counts.retired;
    let all = counts.named().max(1);
    let point = |modules: u32| {
        u16::try_from(u64::from(modules) * 10_000 / u64::from(all)).unwrap_or(10_000)
    };
    let (new_to, part_to, dots_to) = (
        point(new),
        point(new + counts.gradual_rollout),
        point(new + counts.gradual_rollout + counts.both_validate),
    );
    let mut drawn = titled(&format!(
        "{new} of {} modules on new, {} ramping, {} comparing, {} on old",
        counts.named(),
        counts.gradual_rollout,
        counts.both_validate,
        counts.old_only
    ));
    rails(&mut drawn, geometry, if killed { 0 } else { part_to });
    bar(&mut drawn, geometry, new_to);
    if part_to > new_to {
        line(
            &mut drawn,
            "t-part",
            (new_to, part_to),
            &middle(geometry),
            geometry.bar,
        );
    }
    if dots_to > part_to {
        dots(&mut drawn, geometry, part_to, dots_to);
    }
    glyph(drawn, geometry, size, killed)
}

fn glyph(
    mut drawn: String,
    geometry: &Geometry,
    size: Size,
    killed: bool,
) -> impl IntoView + use<> {
    if killed {
        let _ = write!(drawn, r#"<path class="t-cross" d="{}"/>"#, geometry.cross);
    }
    view! { <svg class=size.class(killed) height=geometry.height.to_string() role="img" inner_html=drawn></svg> }
}

fn titled(title: &str) -> String {
    // Numbers and our own words: nothing here needs escaping.
    format!("<title>{title}</title>")
}

fn percent(points: u16) -> String {
    match (points / 100, points % 100) {
        (whole, 0) => format!("{whole}%"),
        (whole, rest) => format!("{whole}.{rest:02}%"),
    }
}

fn rails(drawn: &mut String, geometry: &Geometry, from: u16) {
    if from >= 10_000 {
        return;
    }
    for y in geometry.rails {
        let _ = write!(
            drawn,
            r#"<rect class="t-rail" x="{}" y="{y}" width="{}" height="{}"/>"#,
            percent(from),
            percent(10_000 - from),
            geometry.rail_height
        );
    }
}

fn bar(drawn: &mut String, geometry: &Geometry, to: u16) {
    if to > 0 {
        let [top, _] = geometry.rails;
        let _ = write!(
            drawn,
            r#"<rect class="t-new" y="{top}" width="{}" height="{}"/>"#,
            percent(to.min(10_000)),
            geometry.bar
        );
    }
}

fn middle(geometry: &Geometry) -> String {
    let [top, _] = geometry.rails;
    // Bars are an odd number of pixels high.
    format!("{}.5", top + geometry.bar / 2)
}

fn line(drawn: &mut String, class: &str, (from, to): (u16, u16), y: &str, width: u8) {
    let _ = write!(
        drawn,
        r#"<line class="{class}" x1="{}" x2="{}" y1="{y}" y2="{y}" stroke-width="{width}"/>"#,
        percent(from),
        percent(to)
    );
}

fn dots(drawn: &mut String, geometry: &Geometry, from: u16, to: u16) {
    let (y, width) = geometry.dots;
    line(drawn, "t-dots", (from, to), &y.to_string(), width);
}

fn draw_tick(drawn: &mut String, geometry: &Geometry, at: u16, passed: bool) {
    let [top, _] = geometry.rails;
    let (class, y, height) = if passed {
        ("t-tick on", top, geometry.bar)
    } else {
        ("t-tick", geometry.tick.0, geometry.tick.1)
    };
    let _ = write!(
        drawn,
        r#"<rect class="{class}" x="{}" y="{y}" width="{}" height="{height}"/>"#,
        percent(at),
        geometry.tick_width
    );
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;
    use domain::{Exposure, FlagState};

    fn drawn(state: FlagState, killed: bool) -> String {
        track(
            TrackState {
                state,
                killed,
                retired: false,
            },
            Size::Row,
            &[1_000, 5_000],
        )
        .to_html()
    }

    #[test]
    fn a_tenth_on_new_fills_a_tenth() {
        let ten = FlagState::new(
            Mode::GradualRollout,
            Exposure::from_basis_points(1_000).ok(),
        )
        .unwrap();
        let html = drawn(ten, false);
        assert!(
            html.contains("<title>10 % on new, 90 % on old</title>"),
            "{html}"
        );
        assert!(
            html.contains(r#"class="t-new" y="3" width="10%""#),
            "{html}"
        );
        assert_eq!(html.matches("t-tick").count(), 2);
        assert!(!html.contains("style"), "{html}");
    }

    #[test]
    fn a_kill_switch_crosses_the_track_and_shows_what_lies_beneath() {
        let html = drawn(FlagState::NEW_ONLY, true);
        assert!(
            html.contains("Kill switch: everything on old. Beneath it: new only"),
            "{html}"
        );
        assert!(html.contains("t-cross") && html.contains("t-new"), "{html}");
    }
}
