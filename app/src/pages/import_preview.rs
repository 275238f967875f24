//! A plan before it is imported: what was recognised, what was not, what would change.

use domain::Role;
use domain::read::ImportPreview;
use leptos::prelude::*;

use super::plain_form::{Posted, address, submit};
use crate::address::segment;
use crate::api::import::import_preview;
use crate::components::{
    Field, Hidden, Lock, ServerFrame, empty, flash_banner, lock_unless, served,
};
use crate::flash::Flash;
use crate::model::read_model;
use crate::times;
use crate::words;

mod recognised;

/// The preview of a draft, with the button that imports exactly it.
#[component]
pub fn Page() -> impl IntoView {
    let draft = segment("draft");
    // Not fetched again when something changes elsewhere: what is confirmed is what was read.
    let model = read_model(move || draft.get(), import_preview);
    served(model, shown)
}

fn shown(preview: ImportPreview, flash: Option<&Flash>) -> AnyView {
    let may = preview.viewer.administers_server || preview.viewer.has(Role::Admin);
    let lock = lock_unless(
        may,
        "Needs the role admin: of the migration, or of the server for a new one.",
    );
    let posted = Posted::of(flash, "import_draft");
    let banner = flash.and_then(|flash| flash_banner(flash, None));
    let title = format!("Import {}", preview.uploaded.migration);
    let sections = preview
        .sections
        .iter()
        .map(recognised::section)
        .collect_view();
    view! {
        <ServerFrame viewer=preview.viewer.clone() title=title>
            {banner} {head(&preview)}
            <div class="stack">
                {recognised::notes(&preview.notes)} {recognised::figures(&preview)} {confirm(&preview, &posted, &lock)}
                {recognised::unrecognised(&preview.unrecognised)} {sections}
            </div>
        </ServerFrame>
    }
    .into_any()
}

fn head(preview: &ImportPreview) -> impl IntoView + use<> {
    let uploaded = &preview.uploaded;
    let into = if preview.migration_exists {
        "into"
    } else {
        "as the new migration"
    };
    let dated = preview
        .date
        .as_ref()
        .map(|date| format!(" of {date}"))
        .unwrap_or_default();
    view! {
        <div class="page-head">
            <div class="title">
                <h1>"Import preview"</h1>
                <p class="lead">
                    {format!(
                        "“{}”{dated}, from {} ({} bytes), {into} ",
                        preview.title,
                        uploaded.file_name,
                        uploaded.bytes,
                    )} <code>{uploaded.migration.to_string()}</code>
                    {format!(
                        ", first day {}. Nothing is changed yet; the draft is kept until {}.",
                        uploaded.start,
                        times::utc_minute(uploaded.expires_at),
                    )}
                </p>
            </div>
        </div>
    }
}

/// What would change, and the button; or that there is nothing to change.
fn confirm(preview: &ImportPreview, posted: &Posted, lock: &Lock) -> AnyView {
    let migration = preview.uploaded.migration.to_string();
    if preview.changes.is_empty() && preview.absent.is_empty() && preview.kept.is_empty() {
        let next = "This file is already imported: the migration is as it says.";
        let way = Some((format!("/m/{migration}"), "To the migration"));
        return view! { {posted.problem()} {empty("Nothing to change", next, None, way)} }
            .into_any();
    }
    let hidden = vec![
        ("draft", preview.uploaded.draft.clone()),
        ("digest", preview.uploaded.digest.clone()),
        ("migration", migration),
    ];
    let what = if preview.migration_exists {
        "Changes"
    } else {
        "What is created"
    };
    let changes = preview
        .changes
        .iter()
        .map(|change| view! { <li><span class="grow">{change.clone()}</span></li> })
        .collect_view();
    view! {
        <section class="tile" id="confirm">
            <header>
                <h2>{what} " " <span class="count">{preview.changes.len().to_string()}</span></h2>
            </header>
            <ul class="lines">{changes}</ul>
            <form class="form" method="post" action=address("import_draft")>
                {posted.problem()} <Hidden fields=hidden /> {broken(preview, posted, lock.closed())}
                {absent(preview, posted, lock.closed())}
                <Field
                    name="reason"
                    label="Reason"
                    value=posted.typed("reason", "")
                    hint="For the audit log; may be left empty unless dependencies are overridden."
                    error=posted.wrong("reason")
                    maxlength=1_000
                    disabled=lock.closed()
                />
                {submit("Import", "primary", lock)}
            </form>
            <footer>
                <a href="/import">"Discard and choose another file"</a>
            </footer>
        </section>
    }
    .into_any()
}

/// Dependencies that the plan's dates do not keep: nothing is imported until that is confirmed.
fn broken(preview: &ImportPreview, posted: &Posted, closed: bool) -> Option<impl IntoView + use<>> {
    let sentences = preview.broken.clone();
    let checked = posted.typed("overriding", "") == "yes";
    (!sentences.is_empty()).then(|| {
        let sentences: Vec<_> = sentences
            .into_iter()
            .map(|sentence| view! { <li><span class="grow">{sentence}</span></li> })
            .collect();
        view! {
            <ul class="lines">{sentences}</ul>
            <label class="choice">
                <input type="checkbox" name="overriding" value="yes" checked=checked disabled=closed />
                <span>"Even though phases then begin before what they need has ended (say why)"</span>
            </label>
        }
    })
}

/// What the plan does not name: it stays unless asked otherwise.
fn absent(preview: &ImportPreview, posted: &Posted, closed: bool) -> Option<impl IntoView + use<>> {
    let names: Vec<_> = preview.absent.iter().map(ToString::to_string).collect();
    let checked = posted.typed("archive_absent", "") == "yes";
    let kept = preview.kept.clone();
    (!names.is_empty() || !kept.is_empty()).then(|| {
        let modules = words::count(names.len(), "module", "modules");
        let things = words::count(kept.len(), "thing", "things");
        let what = match (names.len(), kept.len()) {
            (_, 0) => modules,
            (0, _) => things,
            _ => format!("{modules} and {things}"),
        };
        let hint = if names.is_empty() {
            "Without this they stay as they are.".to_owned()
        } else {
            format!("{}. Without this they stay as they are.", names.join(", "))
        };
        let kept: Vec<_> = kept
            .into_iter()
            .map(|sentence| view! { <li><span class="grow">{sentence}</span></li> })
            .collect();
        view! {
            {(!kept.is_empty()).then(|| view! { <ul class="lines">{kept}</ul> })}
            <label class="choice">
                <input type="checkbox" name="archive_absent" value="yes" checked=checked disabled=closed />
                <span>{format!("Archive {what} that the plan does not name")}</span>
                <span class="hint">{hint}</span>
            </label>
        }
    })
}

#[cfg(test)]
#[cfg(feature = "ssr")]
mod tests {
    use super::*;
    use domain::read::{UploadedPlan, Viewer};
    use domain::{Key, Timestamp};
    use leptos::reactive::owner::Owner;

    fn preview(changes: &[&str], absent: &[&str]) -> ImportPreview {
        ImportPreview {
            viewer: Viewer {
                name: "Ada".into(),
                role: None,
                administers_server: true,
            },
            uploaded: UploadedPlan {
                draft: "d1".into(),
                digest: "abc".into(),
                file_name: "plan.md".into(),
                bytes: 10,
                migration: Key::parse("ledger").unwrap(),
                start: "2026-11-16".into(),
                expires_at: Timestamp(0),
            },
            title: "Plan".into(),
            date: None,
            migration_exists: true,
            expected_modules: Some(3),
            sections: Vec::new(),
            unrecognised: Vec::new(),
            notes: Vec::new(),
            changes: changes.iter().map(|change| (*change).to_owned()).collect(),
            absent: absent.iter().map(|key| Key::parse(key).unwrap()).collect(),
            kept: Vec::new(),
            broken: Vec::new(),
        }
    }

    fn html(preview: &ImportPreview) -> String {
        let open = lock_unless(true, "");
        Owner::new().with(|| confirm(preview, &Posted::default(), &open).to_html())
    }

    #[test]
    fn a_plan_that_is_already_imported_offers_nothing_to_press() {
        let html = html(&preview(&[], &[]));
        assert!(
            html.contains("Nothing to change") && html.contains("/m/ledger"),
            "{html}"
        );
        assert!(!html.contains("<button"), "{html}");
    }

    #[test]
    fn the_confirmation_carries_draft_and_digest_and_archives_only_when_asked() {
        let html = html(&preview(&["adds the module a"], &["gone"]));
        for part in [
            "/fn/import_draft",
            "d1",
            "abc",
            "adds the module a",
            "Archive 1 module",
            "gone",
        ] {
            assert!(html.contains(part), "{part} is missing: {html}");
        }
        let checkbox = html
            .split("<input")
            .find(|input| input.contains("archive_absent"))
            .unwrap();
        assert!(
            !checkbox.split('>').next().unwrap().contains("checked"),
            "{checkbox}"
        );
    }

    #[test]
    fn what_stays_and_what_breaks_is_told_beside_its_box() {
        let told = html(&ImportPreview {
            kept: vec!["The freeze stays.".into()],
            broken: vec!["Phase 2 starts too early.".into()],
            ..preview(&[], &[])
        });
        for part in [
            "The freeze stays.",
            "Archive 1 thing that",
            "Phase 2 starts too early.",
            "overriding",
        ] {
            assert!(told.contains(part), "{part} is missing: {told}");
        }
    }

    #[test]
    fn absent_modules_alone_can_still_be_archived() {
        assert!(html(&preview(&[], &["gone"])).contains("archive_absent"));
    }
}
