//! `health`: the server, or a migration's worst module.

use clap::Args;
use domain::Key;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::Context;
use super::api::{Api, Request, ServerFlags};
use super::exit::{Exit, Failure};

/// Health of the server, or of a migration's worst module.
#[derive(Debug, Args)]
pub struct Health {
    /// The migration whose modules are looked at
    #[arg(long, value_name = "KEY")]
    migration: Option<Key>,
    #[command(flatten)]
    server: ServerFlags,
}

/// Asks, and answers by exit code.
pub async fn run(health: Health, context: &Context) -> Result<Exit, Failure> {
    let api = Api::server(&health.server, &context.file)?;
    let (exit, word, mut why) = match of_server(&api).await {
        Ok(found) => found,
        Err(failure) => (failure.exit, "unreachable", failure.message),
    };
    let (exit, word) = match &health.migration {
        Some(migration) if exit == Exit::DONE => {
            // Evidence of modules is not collected yet: that it is missing is said, never passed over. A migration that
            // cannot be asked about must not look degraded either.
            let request =
                Request::new(Method::GET, &["migrations", migration.as_str(), "modules"])?
                    .query("environment", context.environment.as_ref());
            let modules = api.json(request).await.map_err(|failure| Failure {
                exit: Exit::UNREACHABLE,
                ..failure
            })?;
            let count = modules
                .get("matching")
                .and_then(Value::as_u64)
                .unwrap_or_default();
            why = format!(
                "no evidence of the {count} modules of {migration}: their health cannot be told"
            );
            (Exit::NO_DATA, "no_data")
        }
        _ => (exit, word),
    };
    let answer = json!({ "health": word, "why": why, "migration": health.migration });
    context.output.either(&answer, || {
        if why.is_empty() {
            word.to_owned()
        } else {
            format!("{word}: {why}")
        }
    });
    Ok(exit)
}

async fn of_server(api: &Api) -> Result<(Exit, &'static str, String), Failure> {
    let answer = api.attempt(Request::at("/readyz")?).await?;
    let status = answer.status;
    let body = answer.json().await?;
    let text = |name: &str| {
        body.get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    Ok(match (status, text("status").as_str()) {
        (StatusCode::OK, "ready") => (Exit::DONE, "healthy", String::new()),
        (StatusCode::OK, "read_only") => (Exit::DEGRADED, "degraded", text("why")),
        (StatusCode::SERVICE_UNAVAILABLE, word) => (
            Exit::UNHEALTHY,
            "unhealthy",
            format!("{word} {}", text("why")).trim().to_owned(),
        ),
        _ => {
            return Err(Failure::unreachable(format!(
                "the server answered {status}: is this the address of a Switchback server?"
            )));
        }
    })
}
