//! Why a chart could not be drawn.

use plotters::drawing::DrawingAreaErrorKind;

/// Why a chart could not be drawn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChartError {
    /// The prefix would not make a valid, unambiguous id in HTML and SVG.
    #[error("an id prefix is a letter followed by letters, digits, `-` or `_`, not `{0}`")]
    IdPrefix(String),
    /// The range reaches beyond the years -9999 to 9999.
    #[error("{0} ms is outside the calendar")]
    Time(i64),
    /// The drawing itself failed, which data cannot cause.
    #[error("the chart could not be drawn: {0}")]
    Drawing(String),
}

impl<E: std::error::Error + Send + Sync> From<DrawingAreaErrorKind<E>> for ChartError {
    fn from(error: DrawingAreaErrorKind<E>) -> Self {
        Self::Drawing(error.to_string())
    }
}
