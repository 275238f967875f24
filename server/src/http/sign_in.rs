//! Consuming a sign-in link, and signing out. The link's page is a form, because chats fetch links.

use std::time::Instant;

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use control::commands::ConsumeSignInLink;
use control::{Caller, CommandError};
use domain::{Actor, ActorKind, Authentication};
use http::StatusCode;
use serde::Deserialize;
use tower_sessions::Session;

use super::problem::Problem;
use crate::middleware::request::RequestInfo;
use crate::middleware::sessions::USER;
use crate::state::AppState;

/// The form of the sign-in page.
#[derive(Deserialize)]
pub struct SignIn {
    link: String,
    #[serde(default)]
    next: String,
}

/// `POST /sign-in`: a new session, under a new id, for the user the link was made for.
pub async fn sign_in(
    State(state): State<AppState>,
    Extension(info): Extension<RequestInfo>,
    session: Session,
    form: Result<Form<SignIn>, FormRejection>,
) -> Result<Response, Problem> {
    let Form(form) = form.map_err(|rejection| Problem::field("link", rejection.body_text()))?;
    if let Some(Err(seconds)) = info
        .source
        .map(|source| state.sign_in_limit.take(source, Instant::now()))
    {
        return Err(Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too-many-requests",
            format!("Too many sign-ins from this address. Try again in {seconds} s."),
        )
        .retry_after(seconds));
    }
    let mut caller = Caller::new(nobody_yet(), info.id);
    caller.source = info.source;
    // What was pasted may be the whole address.
    let secret = form
        .link
        .rsplit("link=")
        .next()
        .unwrap_or_default()
        .trim()
        .to_owned();
    match state
        .control
        .execute(&caller, ConsumeSignInLink { secret })
        .await
    {
        Ok(committed) => {
            let user = committed.subject.ok_or_else(Problem::internal)?;
            begin(&session, user).await?;
            Ok(Redirect::to(local_path(&form.next)).into_response())
        }
        Err(CommandError::Refused(refusal)) => {
            Ok(Redirect::to(&format!("/sign-in?problem={}", refusal.code())).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /sign-out`: the session ends, and its streams with it.
pub async fn sign_out(session: Session) -> Result<Response, Problem> {
    session.flush().await.map_err(|error| {
        tracing::error!(%error, "a session could not be ended");
        Problem::internal()
    })?;
    Ok(Redirect::to("/sign-in").into_response())
}

async fn begin(session: &Session, user: String) -> Result<(), Problem> {
    let begun = async {
        session.cycle_id().await?;
        session.insert(USER, user).await?;
        session.save().await
    };
    begun
        .await
        .map_err(|error: tower_sessions::session::Error| {
            tracing::error!(%error, "a session could not be begun");
            Problem::internal()
        })
}

/// Who signs in is nobody before they have.
fn nobody_yet() -> Actor {
    Actor {
        id: "sign-in".into(),
        name: "sign-in".into(),
        kind: ActorKind::User,
        authentication: Authentication::Session,
        grants: Vec::new(),
    }
}

/// A path on this server, or the front page: a link must not lead a fresh session elsewhere.
fn local_path(path: &str) -> &str {
    let stays_here = path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains('\\')
        && !path.chars().any(char::is_control);
    if stays_here { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_in_leads_nowhere_else() {
        assert_eq!(local_path("/m/atlas?env=staging"), "/m/atlas?env=staging");
        for elsewhere in [
            "",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "/\r\nx",
            "m/atlas",
        ] {
            assert_eq!(local_path(elsewhere), "/", "{elsewhere:?}");
        }
    }
}
