//! A failure, where it happened, with what to do and, where somebody came first, their change.

use domain::refusal::OtherChange;
use leptos::prelude::*;

use crate::components::icon;
use crate::error::AppError;
use crate::times;

/// A failure at its form.
pub fn problem(error: &AppError) -> AnyView {
    let other = error
        .refused()
        .and_then(|refused| refused.other.as_ref())
        .map(other_change);
    let class = match error {
        AppError::Refused(_) | AppError::Unavailable { .. } | AppError::NotSignedIn => {
            "problem hand"
        }
        AppError::Internal { .. } | AppError::Unreachable { .. } => "problem danger",
    };
    let again = matches!(error, AppError::NotSignedIn)
        .then(|| view! { <p><a href="/sign-in" rel="external">"Sign in"</a></p> });
    view! {
        <div class=class role="alert">
            {icon("breach")}
            <div class="grow">
                <p>{error.to_string()}</p>
                {other}
                {again}
            </div>
        </div>
    }
    .into_any()
}

fn other_change(other: &OtherChange) -> impl IntoView + use<> {
    view! {
        <p>
            <b>{other.by.clone()}</b>
            {format!(", {}: {} ", times::utc_second(other.at), other.summary)}
            <span class="quiet">{format!("(audit entry {})", other.sequence)}</span>
        </p>
    }
}

/// A page that could not be made.
pub fn problem_page(error: &AppError) -> AnyView {
    let absent = error.status() == 404;
    let title = match error {
        _ if absent => "Nothing is here",
        AppError::NotSignedIn => "Signed out",
        _ => "This page could not be made",
    };
    let words = if absent {
        view! { <p>{error.to_string()}" It does not exist, or you may not see it."</p> }.into_any()
    } else {
        problem(error)
    };
    view! {
        <leptos_meta::Title text=format!("{title} · Switchback") />
        <div class="door">
            <main id="page" tabindex="-1">
                <span class="brand">{icon("brand")}"Switchback"</span>
                <h1>{title}</h1>
                {words}
                <div class="buttons">
                    <a class="button" href="/">"All migrations"</a>
                </div>
            </main>
        </div>
    }
    .into_any()
}
