//! What a stroke means, and the class it gets.

use plotters::style::Color;
use plotters_backend::BackendColor;

/// The meaning of a stroke, an area or a text. To plotters it is a colour; the SVG gets its class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// Lines behind the data.
    Grid,
    /// The time axis.
    Axis,
    /// Labels.
    Text,
    /// Labels that say what the chart is about.
    Strong,
    /// The line of new.
    New,
    /// The area of new. It is opaque, and so covers the rails of old.
    NewArea,
    /// The line of old.
    Old,
    /// A limit.
    Limit,
    /// The rails of old.
    OldRail,
    /// A change.
    Mark,
    /// The solid part of a change's mark.
    MarkSolid,
    /// A rollback, or the kill switch.
    Danger,
    /// The solid part of a rollback's mark.
    DangerSolid,
    /// The label of either.
    DangerText,
}

impl Ink {
    const ALL: [Self; 14] = [
        Self::Grid,
        Self::Axis,
        Self::Text,
        Self::Strong,
        Self::New,
        Self::NewArea,
        Self::Old,
        Self::Limit,
        Self::OldRail,
        Self::Mark,
        Self::MarkSolid,
        Self::Danger,
        Self::DangerSolid,
        Self::DangerText,
    ];

    /// As in `style/components/chart.css`.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Grid => "c-grid",
            Self::Axis => "c-axis",
            Self::Text => "c-text",
            Self::Strong => "c-text strong",
            Self::New => "c-new",
            Self::NewArea => "c-new-area",
            Self::Old => "c-old",
            Self::Limit => "c-limit",
            Self::OldRail => "c-old-rail",
            Self::Mark => "c-mark",
            Self::MarkSolid => "c-mark-solid",
            Self::Danger => "c-danger",
            Self::DangerSolid => "c-danger-solid",
            Self::DangerText => "c-text danger",
        }
    }

    const fn sentinel(self) -> (u8, u8, u8) {
        (0, 0, self as u8)
    }

    /// The ink that a colour of plotters stands for, if it was made from one.
    pub fn of(color: BackendColor) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|ink| ink.sentinel() == color.rgb)
    }
}

impl Color for Ink {
    fn to_backend_color(&self) -> BackendColor {
        BackendColor {
            alpha: 1.0,
            rgb: self.sentinel(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ink_is_found_again_by_its_colour() {
        for ink in Ink::ALL {
            assert_eq!(Ink::of(ink.to_backend_color()), Some(ink));
        }
        let foreign = BackendColor {
            alpha: 1.0,
            rgb: (255, 255, 255),
        };
        assert_eq!(Ink::of(foreign), None);
    }
}
