//! The migration itself: what it is called, when it starts, when errors ask for a hand.

use leptos::prelude::*;

use super::{Parts, folded, part};
use crate::components::{Choice, Field, Select};
use crate::pages::plain_form::submit;
use crate::words;

/// Everything of it that may be edited.
pub(super) fn edit(page: &Parts<'_>) -> AnyView {
    let (migration, frame) = (&page.view.migration, &page.view.frame);
    let (closed, posted) = (page.lock.closed(), page.posted("edit_migration"));
    let expected = migration
        .expected_modules
        .map(|number| number.to_string())
        .unwrap_or_default();
    let share = |points| words::share(points).trim_end_matches(" %").to_owned();
    let hold = share(migration.thresholds.hold_basis_points);
    let rollback = share(migration.thresholds.rollback_basis_points);
    let fields = view! {
        <Field
            name="name"
            id="migration-name"
            label="Name"
            value=posted.typed("name", &frame.name)
            error=posted.wrong("name")
            maxlength=200
            required=true
            disabled=closed
        />
        <Field
            name="description"
            label="What it is about"
            value=posted.typed("description", &migration.description)
            error=posted.wrong("description")
            rows=3
            disabled=closed
        />
        <div class="fields">
            <Field
                name="zone"
                label="Time zone"
                value=posted.typed("zone", &frame.zone)
                hint="Days and daily times keep their figures when it changes."
                error=posted.wrong("zone")
                maxlength=64
                required=true
                disabled=closed
            />
            <Field
                name="start"
                id="migration-start"
                label="First day"
                kind="date"
                value=posted.typed("start", &migration.start)
                error=posted.wrong("start")
                disabled=closed
            />
            <Field
                name="expected_modules"
                id="migration-expected"
                label="Modules in all"
                kind="number"
                class="number"
                value=posted.typed("expected_modules", &expected)
                hint="Named yet or not."
                error=posted.wrong("expected_modules")
                disabled=closed
            />
        </div>
        <div class="fields">
            <Field
                name="hold"
                label="Hold above, in % of uses that fail"
                class="number"
                value=posted.typed("hold", &hold)
                error=posted.wrong("hold")
                maxlength=8
                required=true
                disabled=closed
            />
            <Field
                name="rollback"
                label="Roll back above, in %"
                class="number"
                value=posted.typed("rollback", &rollback)
                error=posted.wrong("rollback")
                maxlength=8
                required=true
                disabled=closed
            />
        </div>
        <Select
            name="automatic_rollback"
            id="migration-automatic-rollback"
            label="When errors on new are proven to be above that"
            options=vec![
                Choice::new("yes", "roll the module back at once, and open an issue"),
                Choice::new("no", "wait for a person"),
            ]
            value=posted.typed("automatic_rollback", if migration.automatic_rollback { "yes" } else { "no" })
            disabled=closed
        />
        <Field
            name="reason"
            id="migration-reason"
            label="Reason"
            value=posted.typed("reason", "")
            hint="For the audit log; may be left empty."
            error=posted.wrong("reason")
            maxlength=1_000
            disabled=closed
        />
        {submit("Save", "primary", &page.lock)}
    };
    let hidden = vec![("version", migration.version.to_string())];
    part(
        "migration",
        "Migration",
        "",
        page.form("edit_migration", &posted, hidden, fields),
    )
}

/// Putting the whole of it away.
pub(super) fn archive(page: &Parts<'_>) -> AnyView {
    let (migration, closed) = (&page.view.migration, page.lock.closed());
    let posted = page.posted("archive_migration");
    let key = page.view.frame.migration.to_string();
    let fields = view! {
        <p>
            "Nothing changes in an archived migration any more. Services get no flags of it and go on with old. "
            "Its audit log stays."
        </p>
        <p>"Type its key, " <span class="key-to-type">{key}</span> ", to confirm."</p>
        <Field
            name="confirm"
            label="Key"
            value=posted.typed("confirm", "")
            error=posted.wrong("confirm")
            class="mono short"
            maxlength=64
            required=true
            disabled=closed
        />
        <Field
            name="reason"
            id="archive-reason"
            label="Reason"
            value=posted.typed("reason", "")
            error=posted.wrong("reason")
            maxlength=1_000
            required=true
            disabled=closed
        />
        {submit("Archive the migration", "danger final", &page.lock)}
    };
    let hidden = vec![("version", migration.version.to_string())];
    let form = page.form("archive_migration", &posted, hidden, fields);
    let form = folded("Archive the migration…", "", posted.is_refused(), form);
    part("archive", "Archive", "put away, never deleted", form)
}
