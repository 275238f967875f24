//! Everything about one module: where it stands and why, the next step, the way back, its history.

use domain::issues::blocks_promotion;
use domain::read::{AuditRow, HistoryRow, ModuleView};
use domain::{Mode, ModuleStatus, Role};
use leptos::prelude::*;

use super::issue_line::{blocked_by, line};
use super::parts::{can_go_down, environment_field, forget_elsewhere, versions};
use super::rollback_form::Rollback;
use super::set_form::{SetControls, Setting};
use crate::address::{Links, Place, segment};
use crate::api::modules::{ModulePage, module};
use crate::browser;
use crate::components::{
    CodeBlock, CommandAction, CommandForm, Dialog, Field, FormState, Framed, Hidden, Rail, Size,
    Time, badge, framed, icon, key_values, lock, opens_dialog, receipt, steps, track,
};
use crate::flash::Flash;
use crate::live::Live;
use crate::model::read_model;
use crate::words;

const DIALOG: &str = "roll-back";

/// What the page keeps while its read model is fetched again.
#[derive(Clone, Copy)]
struct Controls {
    set: SetControls,
    roll_back: CommandAction,
    retire: CommandAction,
}

/// A module.
#[component]
pub fn Page() -> impl IntoView {
    let (place, live, key) = (Place::here(), Live::here(), segment("module"));
    let model = read_model(
        move || (place.get(), key.get(), live.changes()),
        |((migration, environment), key, _)| module(migration, environment, key),
    );
    let controls = Controls {
        set: SetControls::new(),
        roll_back: CommandAction::new("roll_back"),
        retire: CommandAction::new("retire"),
    };
    forget_elsewhere(
        move || (place.get(), key.get()),
        move || {
            controls.set.forget();
            controls.roll_back.clear();
            controls.retire.clear();
        },
    );
    framed(model, Rail::Modules, move |page, flash| {
        shown(&page, controls, flash)
    })
}

fn shown(page: &ModulePage, controls: Controls, flash: Option<&Flash>) -> Framed {
    let view = &page.view;
    let frame = view.frame.clone();
    let links = Links::of(&frame);
    let held = held(view, &links);
    let body = view! {
        {head(view, controls, &links)}
        {held}
        <div class="columns aside section">
            <section>
                <div class="section-head">
                    <h2>"Steps"</h2>
                    {view.steps_are_default.then(|| view! { <span class="quiet">"the plan names none; these are the default"</span> })}
                </div>
                {steps(&view.steps)}
            </section>
            <div class="stack">
                <section class="tile">
                    <header>
                        <h2>{format!("Set in {}", frame.environment.key)}</h2>
                    </header>
                    {set_form(view, controls.set, flash)}
                </section>
                {followed(view)} {issues(view, &links)} {elsewhere(view)} {reading(view)}
            </div>
        </div>
        {exposure(page)} {history(view, &links)}
        {retiring(view, controls.retire, flash, &links)}
        {dialog(view, controls.roll_back, &links)}
    }
    .into_any();
    Framed {
        title: view.row.key.to_string(),
        description: format!(
            "{} in {}, {}: {}.",
            view.row.key,
            frame.name,
            frame.environment.key,
            words::served(view.row.track)
        ),
        body,
        frame,
    }
}

/// Why nothing is promoted here; where that is an issue, the way to it.
fn held(view: &ModuleView, links: &Links) -> Option<AnyView> {
    let why = view.held_because.clone()?;
    let blocking = view
        .issues
        .iter()
        .find(|issue| blocks_promotion(issue.severity, issue.status));
    let overridden = view.row.track.killed || view.row.status != ModuleStatus::Active;
    if let Some(issue) = blocking.filter(|_| !overridden) {
        return Some(blocked_by(issue, links));
    }
    let banner = view! {
        <div class="banner hand" role="status">
            {icon("hold")} <div class="grow"><p>{why}</p></div>
        </div>
    };
    Some(banner.into_any())
}

/// What is known to be wrong with it, and the way to say more.
fn issues(view: &ModuleView, links: &Links) -> impl IntoView + use<> {
    let key = &view.row.key;
    let open = links.page(&format!("issues/new?module={key}"));
    let all = links.page(&format!("issues?module={key}"));
    let unresolved = view
        .issues
        .iter()
        .map(|issue| view! { <li>{line(issue, links)}</li> })
        .collect_view();
    let list = if view.issues.is_empty() {
        view! { <p class="quiet">"None that is not resolved."</p> }.into_any()
    } else {
        view! { <ul class="lines">{unresolved}</ul> }.into_any()
    };
    view! {
        <section class="tile">
            <header><h2>"Issues"</h2> <a href=all>"All of it"</a></header>
            {list}
            <div class="buttons">
                <a class="button" href=open>{icon("plus")} "Open an issue"</a>
            </div>
        </section>
    }
}

fn head(view: &ModuleView, controls: Controls, links: &Links) -> impl IntoView + use<> {
    let (row, frame) = (&view.row, &view.frame);
    let standing = match row.status {
        ModuleStatus::Active if row.track.killed => badge("danger", "kill", "kill switch on"),
        ModuleStatus::Active => badge("", "advance", words::state(row.track.state)),
        status => badge("", "lock", status.as_str()),
    };
    let ticks: Vec<u16> = view
        .steps
        .iter()
        .filter(|step| step.state.mode() == Mode::GradualRollout)
        .map(|step| step.state.exposure().basis_points())
        .collect();
    let mut facts = vec![
        ("Owner", row.owner.clone().into_any()),
        ("Phase", row.phase_name.clone().into_any()),
    ];
    let code = |text: &str| view! { <code>{text.to_owned()}</code> }.into_any();
    facts.extend([
        ("Old", code(&view.old_path)),
        ("New", code(&view.new_path)),
        ("Flag", code(&view.flag_key)),
    ]);
    let changed = row.changed.as_ref().map(|(at, by)| {
        view! { <span>"changed " <Time at=*at now=frame.now /> {format!(" by {by}")}</span> }
    });
    let name = (row.name != row.key.as_str())
        .then(|| view! { <p class="lead quiet">{row.name.clone()}</p> });
    view! {
        <nav class="crumbs" aria-label="Path">
            <ol>
                <li><a href=links.page("modules")>"Modules"</a></li>
                <li aria-current="page">{row.key.to_string()}</li>
            </ol>
        </nav>
        <div class="page-head">
            <div class="title">
                <h1>{row.key.to_string()} " " {standing}</h1>
                {name}
            </div>
            <div class="buttons">
                <a class="button" href=links.page(&format!("modules/{}/edit", row.key))>"Edit"</a>
                {roll_back_button(view, controls.roll_back, links)}
            </div>
        </div>
        <div class="stack">
            <div>
                {track(row.track, Size::Large, &ticks)}
                <div class="scale">
                    <span><b>{words::served(row.track)}</b></span>
                    {changed}
                </div>
            </div>
            {key_values(facts, true)}
        </div>
    }
}

/// Leads to the form; with script it opens in place.
fn roll_back_button(view: &ModuleView, action: CommandAction, links: &Links) -> AnyView {
    let lock = lock(&view.frame, Role::Operator).or((!can_go_down(&view.row))
        .then(|| "Nothing to roll back: old is served already.".to_owned()));
    if lock.closed() {
        return view! {
            <span class="button danger apart" aria-disabled="true">{icon("back")} "Roll back…"</span>
            {lock.why()}
        }
        .into_any();
    }
    let open = opens_dialog(DIALOG);
    view! {
        <a
            class="button danger apart"
            href=links.rollback(&view.row.key)
            on:click=move |event| {
                action.clear();
                open(event);
            }
        >
            {icon("back")}
            "Roll back…"
        </a>
    }
    .into_any()
}

/// Who obeys the newest change here; follows acknowledgements as they come.
fn followed(view: &ModuleView) -> Option<impl IntoView + use<>> {
    let (audit, obeyed) = view.followed.as_ref()?;
    let followed = receipt(audit, Some(obeyed), (0, 0));
    let links = Links::of(&view.frame);
    let change = audit
        .revision
        .map(|revision| view! { <a href=links.change(revision)>"The change"</a> });
    Some(view! {
        <section class="tile">
            <header><h2>"The last change"</h2> {change}</header>
            {followed}
        </section>
    })
}

fn dialog(view: &ModuleView, action: CommandAction, links: &Links) -> impl IntoView + use<> {
    let about = Rollback {
        frame: &view.frame,
        modules: std::slice::from_ref(&view.row),
        phase: None,
        listening: view.listening,
        prefix: "dialog",
    };
    let state = FormState::of(action, None);
    let (done, value) = (state.done(links), state.value());
    let close = |words: &'static str| {
        view! { <button class="button apart" type="button" on:click=|_| browser::close_dialog(DIALOG)>{words}</button> }
    };
    let obeyed = view
        .followed
        .as_ref()
        .map(|(audit, obeyed)| receipt(audit, Some(obeyed), (0, 0)));
    let (title, lead) = (format!("Roll back {}", about.about()), about.lead());
    let form = about.form(action, &state, close("Cancel").into_any());
    view! {
        <Dialog id=DIALOG labelled_by="roll-back-title">
            <header>
                <div>
                    <h2 id="roll-back-title" tabindex="-1" autofocus=true>{title}</h2>
                    <p class="lead" hidden=move || value.with(Option::is_some)>{lead}</p>
                </div>
            </header>
            {done}
            <div hidden=move || value.with(Option::is_none)>{obeyed}</div>
            <div hidden=move || value.with(Option::is_some)>{form}</div>
            <div class="buttons" hidden=move || value.with(Option::is_none)>{close("Close")}</div>
        </Dialog>
    }
}

fn set_form(
    view: &ModuleView,
    controls: SetControls,
    flash: Option<&Flash>,
) -> impl IntoView + use<> {
    let rows = std::slice::from_ref(&view.row);
    let next = view
        .steps
        .iter()
        .find(|step| step.standing == domain::read::StepStanding::Next);
    let held = (view.row.status != ModuleStatus::Active).then(|| {
        format!(
            "{} is {}: its flag does not move any more.",
            view.row.key,
            view.row.status.as_str()
        )
    });
    Setting {
        frame: &view.frame,
        modules: view.row.key.to_string(),
        phase: String::new(),
        versions: versions(rows),
        proposed: next.map_or(view.row.track.state, |step| step.state),
        confirm: ("module", view.row.key.to_string()),
        held,
    }
    .form(controls, flash)
}

fn elsewhere(view: &ModuleView) -> Option<impl IntoView + use<>> {
    let links =
        |environment| Links::to(&view.frame.migration, Some(environment)).module(&view.row.key);
    let items: Vec<_> = view
        .elsewhere
        .iter()
        .map(|(environment, state)| {
            view! {
                <li>
                    <span class="grow"><a href=links(environment)>{environment.to_string()}</a></span>
                    <span class="end">{words::state(*state)}</span>
                </li>
            }
        })
        .collect();
    (!items.is_empty()).then(|| {
        view! {
            <section class="tile">
                <header><h2>"In other environments"</h2></header>
                <ul class="lines">{items}</ul>
            </section>
        }
    })
}

fn reading(view: &ModuleView) -> impl IntoView + use<> {
    let code = format!(
        "curl -sS -X POST \"$SWITCHBACK_URL/ofrep/v1/evaluate/flags/{}\" \\\n  -H \"Authorization: Bearer $SWITCHBACK_TOKEN\" \\\n  -H 'Content-Type: application/json' -d '{{\"context\":{{\"targetingKey\":\"user-1\"}}}}'",
        view.flag_key
    );
    view! {
        <details class="tile">
            <summary>"Ask for this flag from a shell"</summary>
            <CodeBlock code=code />
        </details>
    }
}

/// The share of callers on new over time; its table is the history below.
fn exposure(page: &ModulePage) -> Option<impl IntoView + use<>> {
    page.exposure.clone().map(|picture| {
        view! {
            <figure class="chart section">
                <figcaption>
                    <h2>"Exposure over time"</h2>
                    <span class="quiet">"its table is the history below"</span>
                </figcaption>
                <div class="plot" tabindex="0" role="group" aria-label="Exposure over time" inner_html=picture></div>
            </figure>
        }
    })
}

fn history(view: &ModuleView, links: &Links) -> impl IntoView + use<> {
    let now = view.frame.now;
    let rows = view
        .history
        .iter()
        .map(|row| history_row(row, now, links))
        .collect_view();
    let none = view
        .history
        .is_empty()
        .then(|| view! { <p class="quiet">"Nothing has changed it yet."</p> });
    let all = links.page(&format!("audit?q=module:{}", view.row.key));
    view! {
        <section class="section">
            <div class="section-head">
                <h2>"History"</h2>
                <a href=all>"All in the audit log"</a>
            </div>
            <table class="table">
                <thead>
                    <tr>
                        <th scope="col">"When"</th>
                        <th scope="col">"Change"</th>
                        <th scope="col" class="wide">"Who"</th>
                        <th scope="col" class="wide">"Reason"</th>
                        <th scope="col" class="num">"Revision"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
            {none}
        </section>
    }
}

fn history_row(row: &HistoryRow, now: domain::Timestamp, links: &Links) -> impl IntoView + use<> {
    let AuditRow {
        at,
        actor,
        reason,
        revision,
        sequence,
        summary,
        ..
    } = &row.audit;
    let words = match (row.before, row.after) {
        (Some(before), Some(after)) => {
            format!("{} → {}", words::state(before), words::state(after))
        }
        _ => summary.clone(),
    };
    let href = revision.map_or_else(
        || links.audit_entry(*sequence),
        |revision| links.change(revision),
    );
    view! {
        <tr>
            <td class="tight"><Time at=*at now=now /></td>
            <td><a href=href>{words}</a></td>
            <td class="wide">{actor.clone()}</td>
            <td class="wide">{reason.clone()}</td>
            <td class="num tight">{revision.map(|revision| revision.to_string())}</td>
        </tr>
    }
}

/// Offered only once new is served to everybody: retiring has no way back.
fn retiring(
    view: &ModuleView,
    action: CommandAction,
    flash: Option<&Flash>,
    links: &Links,
) -> Option<impl IntoView + use<>> {
    let due =
        view.row.status == ModuleStatus::Active && view.row.track.state.mode() == Mode::NewOnly;
    let state = FormState::of(action, flash);
    let lock = lock(&view.frame, Role::Operator);
    let closed = lock.closed();
    let fields = vec![
        ("migration", view.frame.migration.to_string()),
        ("environment", environment_field(&view.frame)),
        ("module", view.row.key.to_string()),
        ("expected", versions(std::slice::from_ref(&view.row))),
    ];
    let (problem, done) = (state.problem(), state.done(links));
    let (typed, error, why) = (state.typed("reason", ""), state.field("reason"), lock.why());
    let pending = state.pending;
    due.then(|| {
        view! {
            <details class="section">
                <summary>"Retire: old code is gone"</summary>
                <section class="danger-zone">
                    <p>
                        "Attest that the old code is removed. New is then served for ever, also while the kill switch is on, and the flag does not move any more."
                    </p>
                    <CommandForm action=action>
                        <div class="form">
                            <Hidden fields=fields />
                            {done}
                            {problem}
                            <Field
                                name="reason"
                                label="Where the removal can be seen"
                                id="retire-reason"
                                value=typed
                                error=error
                                maxlength=1_000
                                required=true
                                disabled=closed
                            />
                            <div class="buttons">
                                <button class="button danger" type="submit" disabled=move || closed || pending.get()>
                                    "Retire"
                                </button>
                                {why}
                            </div>
                        </div>
                    </CommandForm>
                </section>
            </details>
        }
    })
}
