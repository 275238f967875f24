//! What the pages of users and tokens share: their tabs, and a secret shown once.

use leptos::prelude::*;

use crate::components::{CodeBlock, flash_banner, icon};
use crate::flash::Flash;

/// One of the server's settings pages.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    /// Who may sign in.
    Users,
    /// What programs use.
    Tokens,
}

/// The heading and the way to the other page.
pub(super) fn tabs(here: Tab) -> impl IntoView {
    let tab = |tab: Tab, href: &'static str, words: &'static str| {
        view! { <a href=href aria-current=(tab == here).then_some("page")>{words}</a> }
    };
    view! {
        <div class="page-head">
            <h1>{if here == Tab::Users { "Users" } else { "Tokens" }}</h1>
        </div>
        <nav class="tabs" aria-label="Settings of the server">
            {tab(Tab::Users, "/settings/users", "Users")}
            {tab(Tab::Tokens, "/settings/tokens", "Tokens")}
        </nav>
    }
}

/// What the last form was told; a secret with what to do about it.
pub(super) fn secret_or_banner(flash: Option<&Flash>) -> Option<AnyView> {
    match flash? {
        Flash::Secret { title, text } => Some(secret(title, text)),
        other => flash_banner(other, None),
    }
}

/// A secret, shown this once.
pub(super) fn secret(title: &str, text: &str) -> AnyView {
    view! {
        <div class="stack">
            <div class="flash" role="status">
                {icon("pass")}
                <div class="grow">
                    <p><b>{title.to_owned()}</b>". It is shown this once; copy it now."</p>
                </div>
            </div>
            <CodeBlock code=text.to_owned() label=title.to_owned() />
        </div>
    }
    .into_any()
}
