//! `token` and `user`: who may.

use clap::{Args, Subcommand, ValueEnum};
use domain::Key;
use http::Method;
use serde_json::{Value, json};

use super::Context;
use super::api::Request;
use super::exit::{Exit, Failure};
use super::local::{Wants, connect};
use crate::config::DataFlags;

/// Make, list and revoke tokens.
#[derive(Debug, Subcommand)]
pub enum Token {
    /// Make a token and print it alone on standard output; it is never shown again
    Create(CreateToken),
    /// List tokens, without the tokens themselves
    List {
        #[command(flatten)]
        data: DataFlags,
    },
    /// Revoke a token
    Revoke {
        /// The token's id, as `token list` shows it
        id: String,
        /// Why, for the audit log
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        #[command(flatten)]
        data: DataFlags,
    },
}

/// Make a token.
#[derive(Debug, Args)]
pub struct CreateToken {
    /// What it is for
    #[arg(long)]
    name: String,
    /// What it may: sdk reads flags, ingest sends evidence, the others manage
    #[arg(long, value_enum)]
    kind: Kind,
    /// The migration it is for; needed for sdk and ingest
    #[arg(long, value_name = "KEY")]
    migration: Option<Key>,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    #[command(flatten)]
    data: DataFlags,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Serialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Admin,
    Operator,
    Viewer,
    Sdk,
    Ingest,
}

/// Add and list users, make sign-in links.
#[derive(Debug, Subcommand)]
pub enum User {
    /// Add a user with a role, in one migration or everywhere
    Add {
        /// The user's name
        name: String,
        /// viewer, operator or admin
        #[arg(long, value_enum)]
        role: RoleName,
        /// Only in this migration
        #[arg(long, value_name = "KEY")]
        migration: Option<Key>,
        /// Why, for the audit log
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
        #[command(flatten)]
        data: DataFlags,
    },
    /// List users and their roles
    List {
        #[command(flatten)]
        data: DataFlags,
    },
    /// Print a link that signs a user in once, within 15 minutes
    SignInLink {
        /// The user's name
        name: String,
        #[command(flatten)]
        data: DataFlags,
    },
}

/// A role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RoleName {
    /// Reads
    Viewer,
    /// Also moves flags
    Operator,
    /// Also imports, manages users, tokens and settings
    Admin,
}

/// Runs a `token` command.
pub async fn token(command: Token, context: &Context) -> Result<Exit, Failure> {
    match command {
        Token::Create(create) => create_token(create, context).await,
        Token::List { data } => {
            let answer = ask(
                &data,
                Wants::Existing,
                Request::new(Method::GET, &["tokens"])?,
                context,
            )
            .await?;
            context.output.either(&answer, || {
                table(
                    &answer,
                    "tokens",
                    &["id", "kind", "migration", "environment", "name", "hint"],
                )
            });
            Ok(Exit::DONE)
        }
        Token::Revoke { id, reason, data } => {
            let request = Request::new(Method::DELETE, &["tokens", &id])?.query("reason", reason);
            let answer = ask(&data, Wants::Existing, request, context).await?;
            Ok(context.output.committed(&answer))
        }
    }
}

async fn create_token(create: CreateToken, context: &Context) -> Result<Exit, Failure> {
    let of_environment = matches!(create.kind, Kind::Sdk | Kind::Ingest);
    let body = json!({
        "name": create.name,
        "kind": create.kind,
        "migration": create.migration,
        "environment": context.environment.as_ref().filter(|_| of_environment),
        "reason": create.reason,
    });
    let request = Request::new(Method::POST, &["tokens"])?.json(&body);
    let answer = ask(&create.data, Wants::Writing, request, context).await?;
    let token = answer
        .get("token")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    context.output.either(&answer, || token);
    Ok(Exit::DONE)
}

/// Runs a `user` command.
pub async fn user(command: User, context: &Context) -> Result<Exit, Failure> {
    match command {
        User::Add {
            name,
            role,
            migration,
            reason,
            data,
        } => {
            let body =
                json!({ "name": name, "role": role, "migration": migration, "reason": reason });
            let request = Request::new(Method::POST, &["users"])?.json(&body);
            let answer = ask(&data, Wants::Writing, request, context).await?;
            Ok(context.output.committed(&answer))
        }
        User::List { data } => {
            let answer = ask(
                &data,
                Wants::Existing,
                Request::new(Method::GET, &["users"])?,
                context,
            )
            .await?;
            context.output.either(&answer, || {
                table(&answer, "users", &["name", "grants", "archived_at"])
            });
            Ok(Exit::DONE)
        }
        User::SignInLink { name, data } => {
            let request = Request::new(Method::POST, &["users", &name, "sign-in-link"])?;
            let answer = ask(&data, Wants::Existing, request, context).await?;
            let url = answer
                .get("url")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned();
            context.output.either(&answer, || url);
            Ok(Exit::DONE)
        }
    }
}

async fn ask(
    data: &DataFlags,
    wants: Wants,
    request: Request,
    context: &Context,
) -> Result<Value, Failure> {
    let api = connect(data, wants, context).await?;
    let answer = api.json(request).await;
    api.close().await;
    answer
}

/// One line an item, its members with tabs between.
fn table(answer: &Value, list: &str, members: &[&str]) -> String {
    let items = answer
        .get(list)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let cell = |item: &Value, member: &str| match item.get(member) {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => "-".to_owned(),
        Some(other) => other.to_string(),
    };
    let rows: Vec<String> = items
        .iter()
        .map(|item| {
            members
                .iter()
                .map(|member| cell(item, member))
                .collect::<Vec<_>>()
                .join("\t")
        })
        .collect();
    rows.join("\n")
}
