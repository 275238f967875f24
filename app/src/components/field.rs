//! Fields of forms: label, input, hint, and what is wrong with it, tied together for every kind of reader.

use leptos::prelude::*;

use crate::components::icon;

/// A line under a field.
pub type Hint = &'static str;

/// A field of one line, or several with `rows`.
#[component]
pub fn Field(
    /// Its name in the form.
    name: &'static str,
    /// What it is called.
    #[prop(into)]
    label: String,
    /// Its id, where the name alone is not unique on the page.
    #[prop(into, optional)]
    id: Option<String>,
    /// What stands in it at first.
    #[prop(into, optional)]
    value: String,
    /// What to know before typing.
    #[prop(optional)]
    hint: Option<Hint>,
    /// What is wrong with what was typed.
    #[prop(into, optional)]
    error: Signal<Option<String>>,
    /// Further classes of the input: `mono`, `short`, `number`.
    #[prop(optional)]
    class: &'static str,
    /// `text`, `date`, `number`, ...
    #[prop(default = "text")]
    kind: &'static str,
    /// Longest text.
    #[prop(default = 4_000)]
    maxlength: u16,
    /// Id of a `datalist` with what to choose from.
    #[prop(optional)]
    list: Option<&'static str>,
    /// Lines; more than one makes it a text area.
    #[prop(default = 1)]
    rows: u8,
    /// Whether the form is refused without it.
    #[prop(optional)]
    required: bool,
    /// Cannot be typed into.
    #[prop(optional)]
    disabled: bool,
) -> impl IntoView {
    let id = id.unwrap_or_else(|| format!("f-{name}"));
    let (hint_id, error_id) = (format!("{id}-hint"), format!("{id}-error"));
    let described = {
        let (hint_id, error_id) = (hint_id.clone(), error_id.clone());
        move || match (hint.is_some(), error.with(Option::is_some)) {
            (true, true) => Some(format!("{hint_id} {error_id}")),
            (true, false) => Some(hint_id.clone()),
            (false, true) => Some(error_id.clone()),
            (false, false) => None,
        }
    };
    let invalid = move || error.with(Option::is_some).then_some("true");
    let input = if rows > 1 {
        view! {
            <textarea
                class=format!("textarea {class}")
                id=id.clone()
                name=name
                rows=rows.to_string()
                maxlength=maxlength.to_string()
                required=required
                disabled=disabled
                aria-invalid=invalid
                aria-describedby=described
                inner_html=escaped(&value)
            ></textarea>
        }
        .into_any()
    } else {
        view! {
            <input
                class=format!("input {class}")
                id=id.clone()
                name=name
                type=kind
                list=list
                value=value
                maxlength=maxlength.to_string()
                required=required
                disabled=disabled
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                aria-invalid=invalid
                aria-describedby=described
            />
        }
        .into_any()
    };
    view! {
        <div class="field">
            <label for=id>{label}</label>
            {input}
            {hint.map(|hint| view! { <p class="hint" id=hint_id>{hint}</p> })}
            {move || {
                let id = error_id.clone();
                error.get().map(|error| view! { <p class="refusal" id=id>{icon("breach")} {error}</p> })
            }}
        </div>
    }
}

/// A text area's text as HTML. A child node would do, were an empty one not written as a space.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// One of a select's options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What the form sends.
    pub value: String,
    /// What a person reads.
    pub words: String,
}

impl Choice {
    /// An option.
    pub fn new(value: impl Into<String>, words: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            words: words.into(),
        }
    }
}

/// One of several.
#[component]
pub fn Select(
    /// Its name in the form.
    name: &'static str,
    /// What it is called.
    #[prop(into)]
    label: String,
    /// What there is to choose from.
    options: Vec<Choice>,
    /// What is chosen at first.
    #[prop(into, optional)]
    value: String,
    /// Its id, where the name alone is not unique on the page.
    #[prop(into, optional)]
    id: Option<String>,
    /// What is wrong with the choice.
    #[prop(into, optional)]
    error: Signal<Option<String>>,
    /// What to know before choosing.
    #[prop(optional)]
    hint: Option<Hint>,
    /// Cannot be chosen.
    #[prop(optional)]
    disabled: bool,
) -> impl IntoView {
    let id = id.unwrap_or_else(|| format!("f-{name}"));
    let options = options
        .into_iter()
        .map(|option| {
            let selected = option.value == value;
            view! { <option value=option.value selected=selected>{option.words}</option> }
        })
        .collect_view();
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <select class="select" id=id name=name disabled=disabled>{options}</select>
            {hint.map(|hint| view! { <p class="hint">{hint}</p> })}
            {move || error.get().map(|error| view! { <p class="refusal">{icon("breach")} {error}</p> })}
        </div>
    }
}
