//! Commands and snippets to copy.

use leptos::prelude::*;

use crate::browser;
use crate::components::icon;
use crate::live::Live;

/// Copies a text; there only once script has taken over, since it can do nothing before.
#[component]
pub fn CopyButton(
    /// What is copied.
    #[prop(into)]
    text: String,
    /// The verb.
    #[prop(into, default = "Copy".to_owned())]
    label: String,
    /// The text is a path on this server, copied as a whole address.
    #[prop(optional)]
    link: bool,
) -> impl IntoView {
    let live = Live::here();
    let done = RwSignal::new(None::<&'static str>);
    let said = label.clone();
    view! {
        <button
            class="button small copy"
            type="button"
            hidden=move || !live.awake()
            data-copy=text.clone()
            data-label=said
            data-link=link.then_some("")
            on:click=move |_| {
                let copied = move |copied| done.set(copied);
                if link {
                    browser::copy(browser::whole_address(&text), copied);
                } else {
                    browser::copy(text.clone(), copied);
                }
            }
        >
            {icon("copy")}
            <span aria-live="polite">{move || done.get().map_or_else(|| label.clone(), str::to_owned)}</span>
        </button>
    }
}

/// A command or snippet with a button that copies it.
#[component]
pub fn CodeBlock(
    /// What to show and copy.
    #[prop(into)]
    code: String,
    /// What it is, where that is not plain.
    #[prop(into, optional)]
    label: Option<String>,
) -> impl IntoView {
    let copied = code.clone();
    match label {
        Some(label) => view! {
            <div class="code-block">
                <header>
                    <span>{label}</span>
                    <CopyButton text=copied />
                </header>
                <pre>
                    <code>{code}</code>
                </pre>
            </div>
        }
        .into_any(),
        None => view! {
            <div class="code-block">
                <pre>
                    <code>{code}</code>
                </pre>
                <CopyButton text=copied />
            </div>
        }
        .into_any(),
    }
}
