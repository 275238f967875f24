//! Reasons of a rollback: each preset is itself the button that does it.

use leptos::prelude::*;

/// Presets as submit buttons, and a text for any other reason.
#[component]
pub fn Reasons(
    /// Distinguishes ids where two such forms stand on a page.
    prefix: &'static str,
    /// The text given back after a refusal.
    #[prop(into, optional)]
    typed: String,
    /// Cannot be pressed.
    disabled: bool,
    /// An answer is being waited for: a second press would be refused as no change.
    #[prop(into)]
    pending: Signal<bool>,
    /// What is wrong with the reason.
    #[prop(into)]
    error: Signal<Option<String>>,
    /// The way out, at the end of the row.
    children: Children,
) -> impl IntoView {
    let id = format!("{prefix}-other");
    let open = !typed.is_empty();
    let off = move || disabled || pending.get();
    let preset = move |words: &'static str, value: &'static str| {
        view! {
            <button class="button danger" type="submit" name="reason" value=value disabled=off>
                {words}
            </button>
        }
    };
    view! {
        <fieldset class="reasons">
            <legend class="field-label">"Roll back because of"</legend>
            // Enter in the text presses a form's first button: that one must not stand for another reason.
            <button type="submit" name="reason" value="other" hidden=true disabled=off></button>
            <div class="buttons">
                {preset("Error rate", "error rate")} {preset("Wrong results", "wrong results")}
                {preset("Latency", "latency")} <details class="other" open=open>
                    <summary class="button">"Other…"</summary>
                    <div class="field">
                        <label for=id.clone()>"Reason"</label>
                        <input
                            class="input"
                            id=id
                            name="reason_text"
                            value=typed
                            maxlength="1000"
                            autocomplete="off"
                            disabled=disabled
                        />
                    </div>
                    <button class="button danger final" type="submit" name="reason" value="other" disabled=off>
                        "Roll back"
                    </button>
                </details> {children()}
            </div>
            {move || error.get().map(|error| view! { <p class="refusal">{error}</p> })}
        </fieldset>
    }
}
