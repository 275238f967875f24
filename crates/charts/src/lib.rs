//! Data in, SVG out.
//!
//! A chart is one `<svg>` element for the middle of a page. It carries classes instead of colours and fonts
//! (`style/components/chart.css` gives them by the tokens of the theme), no `style` attribute, and no size other than
//! its view box, so that one drawing serves light, dark, print and every width. Texts are placed by an estimate of
//! their width: a server may have no font to measure with. All instants are milliseconds UTC.
//!
//! | module | subject |
//! | --- | --- |
//! | [`exposure`](mod@exposure) | chart: the share of callers that get new, over time |
//! | [`error_rate`](mod@error_rate) | chart: the share of uses that failed on old and on new, over time |
//! | [`mark`] | events marked on the time axis of any chart |
//! | [`error`] | why a chart could not be drawn |
//! | `frame` | what charts share: id, title, scales, grid, axis labels |
//! | `axis` | which instants get a tick, and their labels |
//! | `step` | a value that holds until the next: clipped to a range, thinned to what can be seen |
//! | `ink` | what a stroke means, and the class it gets |
//! | `svg` | plotters' backend that writes classes instead of colours |

mod axis;
pub mod error;
pub mod error_rate;
pub mod exposure;
mod frame;
mod ink;
pub mod mark;
mod step;
mod svg;

pub use error::ChartError;
pub use error_rate::{ErrorRateChart, Limit, RatePoint, error_rate};
pub use exposure::{ExposureChart, ExposurePoint, exposure};
pub use mark::{Mark, MarkKind};
