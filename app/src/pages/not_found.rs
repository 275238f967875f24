//! No page has this address.

use domain::Refusal;
use leptos::prelude::*;

use crate::components::problem_page;
use crate::error::AppError;

/// Says so, with status 404.
#[component]
pub fn Page() -> impl IntoView {
    let error = AppError::from(Refusal::not_found("page", "at this address"));
    #[cfg(feature = "ssr")]
    let error = error.with_status();
    problem_page(&error)
}
