//! A module's walk through its steps, with why it stands where it stands.

use domain::read::{StepRow, StepStanding};
use leptos::prelude::*;

use crate::words;

/// Steps as a vertical line.
pub fn steps(rows: &[StepRow]) -> impl IntoView + use<> {
    let rows = rows
        .iter()
        .map(|step| {
            let class = match step.standing {
                StepStanding::Done => "step done",
                StepStanding::Here => "step here",
                StepStanding::Next | StepStanding::Later => "step ahead",
            };
            let title =
                if step.label.is_empty() { words::state(step.state) } else { step.label.clone() };
            let here = (step.standing == StepStanding::Here).then_some("step");
            view! {
                <li class=class aria-current=here>
                    <h3>{title}</h3>
                    <span class="when">{format!("{}{}", words::state(step.state), soak(step.soak_hours))}</span>
                    {(!step.detail.is_empty())
                        .then(|| view! { <p class="why-here">{step.detail.clone()}</p> })}
                </li>
            }
        })
        .collect_view();
    view! { <ol class="steps">{rows}</ol> }
}

fn soak(hours: u32) -> String {
    match hours {
        0 => String::new(),
        hours if hours.is_multiple_of(24) => format!(", at least {} d", hours / 24),
        hours => format!(", at least {hours} h"),
    }
}
