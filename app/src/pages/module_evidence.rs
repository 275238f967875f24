//! What services saw of one module: verdicts, charts, and their numbers.

use domain::Timestamp;
use domain::evidence::{Outcome, Verdict};
use domain::read::{MismatchRow, ModuleEvidenceView, SideEvidence, SidePoint, SideTotal};
use leptos::prelude::*;

use super::evidence::{LOOK_AGAIN, error_share, health_state, range_of_address, ranges};
use crate::address::{Links, Place, segment};
use crate::api::evidence::module_evidence;
use crate::components::{Framed, Rail, Time, empty, framed, icon, state};
use crate::live::Live;
use crate::model::read_model;
use crate::{times, words};

/// Rows of the table of numbers; the rest is in the CSV.
const MOST_ROWS: usize = 60;

/// One module's evidence.
#[component]
pub fn Page() -> impl IntoView {
    let (place, live, module) = (Place::here(), Live::here(), segment("module"));
    let range = range_of_address();
    let model = read_model(
        move || (place.get(), module.get(), range.get(), live.changes()),
        |((migration, environment), module, range, _)| {
            module_evidence(migration, environment, module, range)
        },
    );
    framed(model, Rail::Evidence, |view: ModuleEvidenceView, _| {
        Framed {
            title: format!("Evidence of {}", view.module.key),
            description: view.health.verdict.sentence.clone(),
            body: body(&view),
            frame: view.frame,
        }
    })
}

fn body(view: &ModuleEvidenceView) -> AnyView {
    let links = Links::of(&view.frame);
    let key = &view.module.key;
    let nothing =
        view.old.total.uses == 0 && view.new.total.uses == 0 && view.comparisons.points.is_empty();
    let numbers = if nothing {
        empty(
            "Nothing was seen in this time",
            "No service said that it used this module. Look further back, or at how services report.",
            None,
            Some((links.page("connect"), "Connect a service")),
        )
        .into_any()
    } else {
        view! {
            {totals(view)}
            {errors(view)}
            {differences(&view.comparisons.mismatches, view.frame.now)}
            {points(view, &links)}
        }
        .into_any()
    };
    view! {
        <div class="page-head" data-look-again=LOOK_AGAIN>
            <div class="title">
                <nav class="crumbs" aria-label="Where this is">
                    <a href=links.page("evidence")>"Evidence"</a> " / " <span aria-current="page">{key.to_string()}</span>
                </nav>
                <h1>{key.to_string()} " " {health_state(&view.health)}</h1>
                <p class="lead">{view.health.verdict.sentence.clone()}</p>
            </div>
            <div class="buttons">
                <a class="button" href=links.module(key)>"The module"</a>
                <a class="button danger" href=links.rollback(key)>{icon("back")} "Roll back…"</a>
            </div>
        </div>
        {verdicts(view)}
        <div class="section">{ranges(&links, &format!("evidence/{key}"), view.range)}</div>
        {numbers}
    }
    .into_any()
}

/// Every question with its answer; those without one say what would give it.
fn verdicts(view: &ModuleEvidenceView) -> impl IntoView + use<> {
    let rows = view.verdicts.iter().map(verdict).collect_view();
    let unanswered = view.unanswered().count();
    let passing = view
        .verdicts
        .iter()
        .all(|verdict| verdict.outcome == Outcome::Pass);
    let summary = match (passing, unanswered) {
        (true, _) => "all answered PASS".to_owned(),
        (false, 0) => "not all pass".to_owned(),
        (false, some) => format!("{some} without enough data"),
    };
    view! {
        <section class="section" id="verdicts">
            <div class="section-head">
                <h2>{format!("Before it leaves {}", words::state(view.module.track.state))}</h2>
                <span class="quiet">{summary} ", since " <Time at=view.judged_since now=view.frame.now /></span>
            </div>
            <table class="table cards">
                <thead>
                    <tr>
                        <th scope="col">"Question"</th>
                        <th scope="col">"Verdict"</th>
                        <th scope="col">"Why"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </section>
    }
}

fn verdict(verdict: &Verdict) -> impl IntoView + use<> {
    let (kind, icon_name) = match verdict.outcome {
        Outcome::Pass => ("", "pass"),
        Outcome::Fail => ("danger", "fail"),
        Outcome::NoData => ("nodata", "unknown"),
    };
    view! {
        <tr>
            <th scope="row">{verdict.rule.words()}</th>
            <td data-label="Verdict" class="tight">{state(kind, icon_name, verdict.outcome.words())}</td>
            <td data-label="Why">{verdict.sentence.clone()}</td>
        </tr>
    }
}

fn totals(view: &ModuleEvidenceView) -> impl IntoView + use<> {
    let row = |name: &'static str, side: &SideEvidence| {
        let total = side.total;
        view! {
            <tr>
                <th scope="row">{name}</th>
                <td data-label="Uses" class="num">{words::grouped(total.uses)}</td>
                <td data-label="Errors" class="num">{words::grouped(total.errors)}</td>
                <td data-label="Error rate" class="num">{error_share(&total)}</td>
                <td data-label="p50" class="num">{latency(total.p50_ms)}</td>
                <td data-label="p95" class="num">{latency(total.p95_ms)}</td>
                <td data-label="p99" class="num">{latency(total.p99_ms)}</td>
                <td data-label="Minutes with data" class="num">{words::grouped(total.minutes)}</td>
            </tr>
        }
    };
    let all = &view.comparisons.total;
    let compared = all.matches.saturating_add(all.mismatches);
    let comparing = (compared > 0).then(|| {
        let noise = if all.noise.compared > 0 {
            format!(
                " Old differs from itself in {} of {}.",
                words::grouped(all.noise.mismatches),
                words::grouped(all.noise.compared)
            )
        } else {
            String::new()
        };
        format!(
            "Compared {} times: {} differed.{noise}",
            words::grouped(compared),
            words::grouped(all.mismatches)
        )
    });
    view! {
        <section class="section" id="totals">
            <div class="section-head">
                <h2>{format!("The last {}", view.range.words())}</h2>
            </div>
            <table class="table cards">
                <thead>
                    <tr>
                        <th scope="col">"Side"</th>
                        <th scope="col" class="num">"Uses"</th>
                        <th scope="col" class="num">"Errors"</th>
                        <th scope="col" class="num">"Error rate"</th>
                        <th scope="col" class="num">"p50"</th>
                        <th scope="col" class="num">"p95"</th>
                        <th scope="col" class="num">"p99"</th>
                        <th scope="col" class="num">"Minutes with data"</th>
                    </tr>
                </thead>
                <tbody>
                    {row("New", &view.new)}
                    {row("Old", &view.old)}
                </tbody>
            </table>
            {comparing.map(|words| view! { <p>{words}</p> })}
        </section>
    }
}

/// How often both sides failed, over time.
fn errors(view: &ModuleEvidenceView) -> Option<impl IntoView + use<>> {
    let picture = crate::charts::error_rates(view)?;
    Some(view! {
        <figure class="chart section">
            <figcaption>
                <h2>"Errors over time"</h2>
                <span class="quiet">"its numbers are in the table below"</span>
            </figcaption>
            <div class="plot" tabindex="0" role="group" aria-label="Errors over time" inner_html=picture></div>
        </figure>
    })
}

/// Where answers differed.
fn differences(rows: &[MismatchRow], now: Timestamp) -> AnyView {
    if rows.is_empty() {
        return ().into_any();
    }
    let lines = rows
        .iter()
        .map(|row| {
            let place = match row.example.path.as_str() {
                "" => "(the whole answer)".to_owned(),
                path => path.to_owned(),
            };
            view! {
                <tr>
                    <th scope="row" class="long"><code>{place}</code></th>
                    <td data-label="Old has" class="long">{row.example.old.clone()}</td>
                    <td data-label="New has" class="long">{row.example.new.clone()}</td>
                    <td data-label="First seen" class="tight"><Time at=row.first_at now=now /></td>
                    <td data-label="Last seen" class="tight"><Time at=row.last_at now=now /></td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="section" id="differences">
            <div class="section-head">
                <h2>"Where answers differ"</h2>
                <span class="quiet">"as services described it: values stay with them"</span>
            </div>
            <table class="table cards">
                <thead>
                    <tr>
                        <th scope="col">"Place"</th>
                        <th scope="col">"Old has"</th>
                        <th scope="col">"New has"</th>
                        <th scope="col">"First seen"</th>
                        <th scope="col">"Last seen"</th>
                    </tr>
                </thead>
                <tbody>{lines}</tbody>
            </table>
        </section>
    }
    .into_any()
}

/// The newest numbers, and all of them as CSV.
fn points(view: &ModuleEvidenceView, links: &Links) -> impl IntoView + use<> {
    let mut all: Vec<(Timestamp, &'static str, &SidePoint)> = Vec::new();
    for (name, side) in [("new", &view.new), ("old", &view.old)] {
        all.extend(side.points.iter().map(|point| (point.at, name, point)));
    }
    all.sort_by_key(|(at, name, _)| (std::cmp::Reverse(*at), *name));
    let shown = all
        .iter()
        .take(MOST_ROWS)
        .map(|(at, name, point)| {
            let total: &SideTotal = &point.total;
            view! {
                <tr>
                    <th scope="row" class="tight">{times::utc_minute(*at)}</th>
                    <td data-label="Side">{*name}</td>
                    <td data-label="Uses" class="num">{words::grouped(total.uses)}</td>
                    <td data-label="Errors" class="num">{words::grouped(total.errors)}</td>
                    <td data-label="Error rate" class="num">{error_share(total)}</td>
                    <td data-label="p50" class="num">{latency(total.p50_ms)}</td>
                    <td data-label="p99" class="num">{latency(total.p99_ms)}</td>
                </tr>
            }
        })
        .collect_view();
    let by = if view.range.hours() > 24 {
        "hour"
    } else {
        "minute"
    };
    let csv = links.page(&format!(
        "evidence/{}/samples.csv?range={}",
        view.module.key,
        view.range.as_str()
    ));
    let note = if all.len() > MOST_ROWS {
        format!(
            "the newest {MOST_ROWS} of {}",
            words::grouped(all.len() as u64)
        )
    } else {
        format!("all {}", all.len())
    };
    view! {
        <section class="section" id="numbers">
            <div class="section-head">
                <h2>{format!("By the {by}")}</h2>
                <span class="quiet">{note} " · " <a href=csv rel="external" download>"all as CSV"</a></span>
            </div>
            <table class="table cards">
                <thead>
                    <tr>
                        <th scope="col">"From (UTC)"</th>
                        <th scope="col">"Side"</th>
                        <th scope="col" class="num">"Uses"</th>
                        <th scope="col" class="num">"Errors"</th>
                        <th scope="col" class="num">"Error rate"</th>
                        <th scope="col" class="num">"p50"</th>
                        <th scope="col" class="num">"p99"</th>
                    </tr>
                </thead>
                <tbody>{shown}</tbody>
            </table>
        </section>
    }
}

/// A latency as it is read: `0.4 ms`, `12 ms`, `1.3 s`.
fn latency(ms: Option<f64>) -> String {
    match ms {
        None => "–".to_owned(),
        Some(ms) if ms < 10.0 => format!("{ms:.2} ms"),
        Some(ms) if ms < 1_000.0 => format!("{ms:.0} ms"),
        Some(ms) => format!("{:.1} s", ms / 1e3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latency_is_written_with_the_digits_that_matter() {
        for (ms, said) in [(0.42, "0.42 ms"), (12.4, "12 ms"), (1_340.0, "1.3 s")] {
            assert_eq!(latency(Some(ms)), said);
        }
        assert_eq!(latency(None), "–");
    }
}
