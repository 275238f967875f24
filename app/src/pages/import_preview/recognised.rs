//! What was read from the file: by kind, with the line each was read from, and what nothing was made of.

use domain::read::{ImportPreview, PreviewItem, PreviewSection};
use leptos::prelude::*;

use crate::components::{CodeBlock, icon};
use crate::words;

/// Repairs, overruns, contradictions: to be known before confirming.
pub(super) fn notes(notes: &[PreviewItem]) -> Option<impl IntoView + use<>> {
    let count = words::count(notes.len(), "note", "notes");
    let (lines, few) = (lines(notes), notes.len() <= 5);
    (!notes.is_empty()).then(|| {
        view! {
            <section>
                <div class="banner hand">
                    {icon("breach")}
                    <div class="grow"><p><b>{count}</b>" on how the file was read: repaired text, overruns, contradictions."</p></div>
                </div>
                <details open=few>
                    <summary class="button small plain">{icon("down")} "What they say"</summary>
                    {lines}
                </details>
            </section>
        }
    })
}

/// How much of each kind was found.
pub(super) fn figures(preview: &ImportPreview) -> impl IntoView + use<> {
    let figure = |number: usize, words: String| {
        view! {
            <div class="figure"><b>{number.to_string()}</b><span>{words}</span></div>
        }
    };
    let recognised = preview
        .sections
        .iter()
        .map(|section| figure(section.items.len(), section.heading.to_lowercase()))
        .collect_view();
    let expected = preview.expected_modules.map(|expected| {
        figure(
            usize::try_from(expected).unwrap_or(usize::MAX),
            "modules expected in all".to_owned(),
        )
    });
    view! {
        <div class="figures">
            {recognised} {expected}
            {figure(preview.unrecognised.len(), "not recognised".to_owned())}
        </div>
    }
}

/// Lines nothing was made of.
pub(super) fn unrecognised(items: &[PreviewItem]) -> Option<impl IntoView + use<>> {
    let count = items.len();
    let lines = lines(items);
    (count > 0).then(|| {
        view! {
            <section>
                <div class="section-head">
                    <h2>"Not recognised " <span class="count">{count.to_string()}</span></h2>
                    <span class="quiet">"nothing is made of these lines, and nothing is guessed"</span>
                </div>
                {lines}
            </section>
        }
    })
}

/// Lines of the file as they were read, with their numbers.
fn lines(items: &[PreviewItem]) -> impl IntoView + use<> {
    let rows = items
        .iter()
        .map(|item| {
            let detail = (!item.detail.is_empty())
                .then(|| view! { <p class="quiet">{item.detail.clone()}</p> });
            view! {
                <tr>
                    <td class="line-number">{item.line.to_string()}</td>
                    <td><code>{item.title.clone()}</code> {detail}</td>
                </tr>
            }
        })
        .collect_view();
    view! { <table class="source"><tbody>{rows}</tbody></table> }
}

/// What was recognised of one kind; folded when it is long.
pub(super) fn section(section: &PreviewSection) -> Option<impl IntoView + use<>> {
    if section.items.is_empty() {
        return None;
    }
    let rows = section
        .items
        .iter()
        .map(|item| {
            let commands = (!item.commands.is_empty())
                .then(|| view! { <CodeBlock code=item.commands.clone() /> });
            view! {
                <tr>
                    <td class="num" data-label="Line">{item.line.to_string()}</td>
                    <th scope="row">{item.title.clone()}</th>
                    <td data-label="Read as" class="long">{item.detail.clone()} {commands}</td>
                </tr>
            }
        })
        .collect_view();
    Some(view! {
        <section>
            <details open=section.items.len() <= 20>
                <summary class="button small plain">
                    {icon("down")} <b>{section.heading.clone()}</b> " "
                    <span class="count">{section.items.len().to_string()}</span>
                </summary>
                <table class="table cards top">
                    <caption class="sr">{section.heading.clone()}</caption>
                    <thead>
                        <tr>
                            <th scope="col" class="num">"Line"</th>
                            <th scope="col">"What"</th>
                            <th scope="col">"Read as"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </details>
        </section>
    })
}
