//! An instant: how long ago, and exactly on hover and focus.

use domain::Timestamp;
use leptos::prelude::*;

use crate::components::frame::Zone;
use crate::live::Live;
use crate::times;

/// An instant told by its distance, exact in the title; `exact` tells it exactly in the text, too.
#[component]
pub fn Time(
    /// The instant.
    at: Timestamp,
    /// When the page was made, by the server's clock.
    now: Timestamp,
    /// Written out to the second instead of told by its distance.
    #[prop(optional)]
    exact: bool,
) -> impl IntoView {
    let live = Live::here();
    let zone = use_context::<Zone>();
    let absolute = move || {
        zone.and_then(|zone| zone.write(at))
            .unwrap_or_else(|| times::utc_second(at))
    };
    let text = move || {
        if exact {
            absolute()
        } else {
            times::relative(at, live.now(now))
        }
    };
    view! { <time class="time" data-exact=exact.then_some("") datetime=times::machine(at) title=absolute>{text}</time> }
}
