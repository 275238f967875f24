//! Windows of civil dates in which modules move.

use leptos::prelude::*;

use super::{Parts, folded, part};
use crate::api::plan::PhaseText;
use crate::components::{Field, badge};
use crate::pages::plain_form::{Posted, submit};
use crate::times;

/// The list, with a form for each, and one that adds.
pub(super) fn section(page: &Parts<'_>) -> AnyView {
    let phases = &page.view.phases;
    let rows = phases.iter().map(|each| row(page, each)).collect_view();
    let table = (!phases.is_empty()).then(|| {
        view! {
            <table class="table cards top">
                <caption class="sr">"Phases"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Phase"</th>
                        <th scope="col">"Window"</th>
                        <th scope="col" class="num">"Modules"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        }
    });
    let content = view! { <div class="stack">{table} {add(page)}</div> };
    part(
        "phases",
        "Phases",
        "first and last day, both inclusive, in the migration’s zone",
        content,
    )
}

fn text(number: Option<u32>) -> String {
    number.map(|number| number.to_string()).unwrap_or_default()
}

fn row(page: &Parts<'_>, phase: &PhaseText) -> AnyView {
    let window = match (&phase.start, &phase.end) {
        (start, end) if start.is_empty() && end.is_empty() => "no dates yet".to_owned(),
        (start, end) if end.is_empty() => format!("from {start}"),
        (start, end) if start.is_empty() => format!("until {end}"),
        (start, end) => format!("{start} to {end}"),
    };
    let archived = phase
        .archived_at
        .map(|at| badge("nodata", "none", format!("archived {}", times::date(at))));
    let forms = phase.archived_at.is_none().then(|| {
        view! {
            <tr>
                <td colspan="3">
                    <div class="buttons">{edit(page, phase)} {archive(page, phase)}</div>
                </td>
            </tr>
        }
    });
    view! {
        <tr>
            <th scope="row">{format!("{} {}", phase.number, phase.name)} " " {archived}</th>
            <td data-label="Window">{window}</td>
            <td data-label="Modules" class="num">{text(phase.expected_modules)}</td>
        </tr>
        {forms}
    }
    .into_any()
}

fn hidden(phase: &PhaseText) -> Vec<(&'static str, String)> {
    vec![
        ("number", phase.number.to_string()),
        ("version", phase.version.to_string()),
    ]
}

/// The fields of a phase; `phase` is what they hold at first.
fn fields(posted: &Posted, phase: Option<&PhaseText>, closed: bool) -> impl IntoView + use<> {
    let suffix = phase.map_or_else(|| "new".to_owned(), |phase| phase.number.to_string());
    let id = |field: &str| format!("phase-{suffix}-{field}");
    let was = |of: fn(&PhaseText) -> String| phase.map(of).unwrap_or_default();
    let start = posted.typed("start", &was(|phase| phase.start.clone()));
    let end = posted.typed("end", &was(|phase| phase.end.clone()));
    let expected = posted.typed(
        "expected_modules",
        &was(|phase| text(phase.expected_modules)),
    );
    let validation = posted.typed("validation_days", &was(|phase| text(phase.validation_days)));
    view! {
        <Field
            name="name"
            id=id("name")
            label="Name"
            value=posted.typed("name", &was(|phase| phase.name.clone()))
            error=posted.wrong("name")
            maxlength=200
            required=true
            disabled=closed
        />
        <div class="fields">
            <Field name="start" id=id("start") label="First day" kind="date" value=start error=posted.wrong("start") disabled=closed />
            <Field name="end" id=id("end") label="Last day" kind="date" value=end error=posted.wrong("end") disabled=closed />
            <Field
                name="expected_modules"
                id=id("expected")
                label="Modules"
                kind="number"
                class="number"
                value=expected
                error=posted.wrong("expected_modules")
                disabled=closed
            />
            <Field
                name="validation_days"
                id=id("validation")
                label="Validation, days"
                kind="number"
                class="number"
                value=validation
                error=posted.wrong("validation_days")
                disabled=closed
            />
        </div>
        <Field
            name="notes"
            id=id("notes")
            label="Notes"
            rows=3
            value=posted.typed("notes", &was(|phase| phase.notes.clone()))
            error=posted.wrong("notes")
            disabled=closed
        />
    }
}

fn edit(page: &Parts<'_>, phase: &PhaseText) -> AnyView {
    let posted = page.posted_one("edit_phase", "number", &phase.number.to_string());
    let closed = page.lock.closed();
    let id = format!("phase-{}-overriding", phase.number);
    let checked = !posted.typed("overriding", "").is_empty();
    let fields = view! {
        {fields(&posted, Some(phase), closed)}
        <label class="choice" for=id.clone()>
            <input type="checkbox" name="overriding" value="yes" id=id.clone() checked=checked disabled=closed />
            " Even if a phase then begins before what it needs has ended (say why)"
        </label>
        <Field
            name="reason"
            id=format!("phase-{}-why", phase.number)
            label="Reason"
            value=posted.typed("reason", "")
            hint="For the audit log; may be left empty unless dependencies are overridden."
            error=posted.wrong("reason")
            maxlength=1_000
            disabled=closed
        />
        {submit("Save", "primary", &page.lock)}
    };
    let form = page.form("edit_phase", &posted, hidden(phase), fields);
    folded(
        "Edit…",
        &format!("phase {}", phase.number),
        posted.is_refused(),
        form,
    )
}

fn archive(page: &Parts<'_>, phase: &PhaseText) -> AnyView {
    let posted = page.posted_one("archive_phase", "number", &phase.number.to_string());
    let fields = view! {
        <p class="hint">"Move its modules to another phase first."</p>
        <Field
            name="reason"
            id=format!("phase-{}-reason", phase.number)
            label="Reason"
            value=posted.typed("reason", "")
            error=posted.wrong("reason")
            maxlength=1_000
            required=true
            disabled=page.lock.closed()
        />
        {submit("Archive", "danger", &page.lock)}
    };
    let form = page.form("archive_phase", &posted, hidden(phase), fields);
    folded(
        "Archive…",
        &format!("phase {}", phase.number),
        posted.is_refused(),
        form,
    )
}

fn add(page: &Parts<'_>) -> AnyView {
    let posted = page.posted("create_phase");
    let fields = view! {
        {fields(&posted, None, page.lock.closed())} {submit("Add", "primary", &page.lock)}
    };
    let form = page.form("create_phase", &posted, Vec::new(), fields);
    folded("Add a phase…", "", posted.is_refused(), form)
}
