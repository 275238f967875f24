//! The run of a day, the days before and after it, and how well they went.

use domain::read::DayRow;
use leptos::prelude::*;

use super::{Asked, Parts, days, how_many, item};
use crate::components::{badge, icon};

/// The run with its history.
pub(super) fn section(page: &Parts<'_>) -> AnyView {
    let lists = page.lists;
    let today = lists.day == lists.today;
    let hint = if today { "today" } else { "a day before today" };
    let run = match &lists.begins {
        Some(first) => view! {
            <p class="quiet">
                {format!("The daily checklist begins on {first}, the first day of the migration.")}
            </p>
        }
        .into_any(),
        None if lists.daily.is_empty() => {
            view! { <p class="quiet">"No daily item was worked on this day."</p> }.into_any()
        }
        None => item::list(page, &lists.daily),
    };
    view! {
        <section class="section" id="daily">
            <div class="section-head">
                <h2>
                    {format!("Daily, {}", lists.day)} " "
                    <span class="count">{how_many(&lists.daily)}</span>
                </h2>
                <span class="quiet">{hint}</span>
            </div>
            {choose_day(page)}
            {run}
            {record(page)}
        </section>
    }
    .into_any()
}

/// Leads to another day; works without script.
fn choose_day(page: &Parts<'_>) -> impl IntoView + use<> {
    let lists = page.lists;
    let kept = [
        (
            "env",
            page.hidden
                .iter()
                .find(|(name, _)| *name == "environment")
                .map_or("", |(_, value)| value),
        ),
        ("list", &page.asked.list),
    ];
    let kept = kept
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| view! { <input type="hidden" name=name value=value.to_owned() /> })
        .collect_view();
    let back = (lists.day != lists.today).then(|| {
        let href = Asked::address(&page.links, &page.asked.list, "");
        view! { <a class="button small" href=href>"Today"</a> }
    });
    let newest = lists.today.clone();
    view! {
        <form class="day" method="get" action="">
            {kept}
            <label for="day">"Day"</label>
            <input class="input" id="day" name="day" type="date" value=lists.day.clone() max=newest required=true />
            <button class="button small" type="submit">"Show"</button>
            {back}
        </form>
    }
}

/// The streak and the last days.
fn record(page: &Parts<'_>) -> Option<impl IntoView + use<>> {
    let lists = page.lists;
    let streak = lists.streak;
    let rows = lists
        .history
        .iter()
        .map(|day| row(page, day))
        .collect_view();
    let open = page.asked.list == "daily";
    (!lists.history.is_empty()).then(|| {
        view! {
            <p class="streak">
                {icon("verified")}
                {format!("{} in a row with nothing left; the longest row was {}.", days(streak.current), days(streak.longest))}
            </p>
            <details class="history" open=open>
                <summary class="button small">"The last 30 days"</summary>
                <table class="table">
                    <caption class="sr">"Daily checklists of the last 30 days"</caption>
                    <thead>
                        <tr>
                            <th scope="col">"Day"</th>
                            <th scope="col" class="num">"Done"</th>
                            <th scope="col" class="num">"Skipped"</th>
                            <th scope="col" class="num">"Left"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </details>
        }
    })
}

fn row(page: &Parts<'_>, day: &DayRow) -> impl IntoView + use<> {
    let href = Asked::address(&page.links, &page.asked.list, &day.day);
    let left = match (day.items, day.left) {
        (0, _) => badge("nodata", "none", "no items"),
        (_, 0) => badge("", "pass", "none"),
        (_, left) if day.day == page.lists.today => badge("", "todo", left.to_string()),
        (_, left) => badge("hand", "due", left.to_string()),
    };
    view! {
        <tr>
            <th scope="row"><a href=href>{day.day.clone()}</a></th>
            <td class="num">{day.done.to_string()}</td>
            <td class="num">{day.skipped.to_string()}</td>
            <td class="num">{left}</td>
        </tr>
    }
}
