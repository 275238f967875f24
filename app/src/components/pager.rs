//! Pages of a list: every list is paged.

use leptos::prelude::*;

use crate::components::icon;

/// Where a pager's button leads; `None` at the end of the list.
pub type PageLink = Option<String>;

/// What is shown of how much, and the ways back and on.
pub fn pager(
    label: &str,
    shown: String,
    back: (&str, PageLink),
    on: (&str, PageLink),
) -> impl IntoView + use<> {
    let words = (back.0.to_owned(), on.0.to_owned());
    let several = back.1.is_some() || on.1.is_some();
    view! {
        <nav class="pager" aria-label=label.to_owned()>
            <span>{shown}</span>
            {several
                .then(|| {
                    view! {
                        <span class="buttons">
                            <a class="button" href=back.1.clone() aria-disabled=back.1.is_none().then_some("true")>
                                {icon("left")} {words.0}
                            </a>
                            <a class="button" href=on.1.clone() aria-disabled=on.1.is_none().then_some("true")>
                                {words.1} {icon("right")}
                            </a>
                        </span>
                    }
                })}
        </nav>
    }
}
