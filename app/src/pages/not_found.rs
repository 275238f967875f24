//! No page has this address.

use leptos::prelude::*;

use crate::components::problem_page;
use crate::error::{AppError, Refused};

/// Says so, with status 404.
#[component]
pub fn Page() -> impl IntoView {
    let error = AppError::Refused(Refused::said(404, "There is no page at this address."));
    #[cfg(feature = "ssr")]
    let error = error.with_status();
    problem_page(&error)
}
