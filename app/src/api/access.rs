//! Who may: users, their roles and sign-in links, tokens. Secrets go to the caller's flash, never into an address.

use domain::Committed;
use domain::read::{TokensView, UsersView};
use leptos::prelude::*;

use crate::error::AppError;

#[cfg(feature = "ssr")]
const USERS: &str = "/settings/users";
#[cfg(feature = "ssr")]
const TOKENS: &str = "/settings/tokens";

/// Users and what they may.
#[server(prefix = "/fn", endpoint = "users", output = crate::codec::PageJson)]
pub async fn users() -> Result<UsersView, AppError> {
    let (context, caller) = crate::server_context::signed_in()?;
    super::read(control::queries::users(&context.control, &caller).await)
}

/// Tokens, without their secrets.
#[server(prefix = "/fn", endpoint = "tokens", output = crate::codec::PageJson)]
pub async fn tokens() -> Result<TokensView, AppError> {
    let (context, caller) = crate::server_context::signed_in()?;
    super::read(control::queries::tokens(&context.control, &caller).await)
}

/// Adds a user with one role; `migration` empty is the whole server.
#[server(prefix = "/fn", endpoint = "add_user", output = crate::codec::PageJson)]
pub async fn add_user(
    #[server(default)] name: String,
    #[server(default)] role: String,
    #[server(default)] migration: String,
) -> Result<Committed, AppError> {
    let answer = super::Answer {
        form: "add_user",
        back: USERS.to_owned(),
        fields: vec![
            ("name", name.clone()),
            ("role", role.clone()),
            ("migration", migration.clone()),
        ],
    };
    let (answer, context, caller) = answer.signed_in()?;
    let mut input = super::input::Input::default();
    let role = input.word("role", &role, domain::Role::parse);
    let migration = input.optional_key("migration", &migration);
    let role = match input.finish(role) {
        Ok(role) => role,
        Err(wrong) => return Err(answer.refused(wrong.into())),
    };
    let command = control::commands::AddUser {
        name,
        role,
        migration,
        reason: String::new(),
    };
    answer.done(context.control.execute(&caller, command).await, |_| {
        USERS.to_owned()
    })
}

/// Gives a user a role somewhere, in place of the one they had there; role `none` takes it away.
#[server(prefix = "/fn", endpoint = "set_role", output = crate::codec::PageJson)]
pub async fn set_role(
    name: String,
    #[server(default)] role: String,
    #[server(default)] migration: String,
    #[server(default)] reason: String,
) -> Result<Committed, AppError> {
    let answer = super::Answer {
        form: "set_role",
        back: USERS.to_owned(),
        fields: vec![
            ("name", name.clone()),
            ("role", role.clone()),
            ("migration", migration.clone()),
            ("reason", reason.clone()),
        ],
    };
    let (answer, context, caller) = answer.signed_in()?;
    let grants = match edge::grants(&context.control, &caller, &name, &role, &migration).await {
        Ok(grants) => grants,
        Err(error) => return Err(answer.refused(error)),
    };
    let command = control::commands::SetGrants {
        name,
        grants,
        reason,
    };
    answer.done(context.control.execute(&caller, command).await, |_| {
        USERS.to_owned()
    })
}

/// Puts a user away: sessions end, links are void. Never deleted, since the audit log names them.
#[server(prefix = "/fn", endpoint = "archive_user", output = crate::codec::PageJson)]
pub async fn archive_user(
    name: String,
    #[server(default)] reason: String,
) -> Result<Committed, AppError> {
    let answer = super::Answer {
        form: "archive_user",
        back: USERS.to_owned(),
        fields: vec![("name", name.clone()), ("reason", reason.clone())],
    };
    let (answer, context, caller) = answer.signed_in()?;
    let command = control::commands::ArchiveUser { name, reason };
    answer.done(context.control.execute(&caller, command).await, |_| {
        USERS.to_owned()
    })
}

/// Makes a sign-in link for a user: shown once, for one use within 15 minutes.
#[server(prefix = "/fn", endpoint = "new_sign_in_link", output = crate::codec::PageJson)]
pub async fn new_sign_in_link(name: String) -> Result<(), AppError> {
    let answer = super::Answer {
        form: "new_sign_in_link",
        back: USERS.to_owned(),
        fields: vec![("name", name.clone())],
    };
    let (answer, context, caller) = answer.signed_in()?;
    let made = control::commands::new_sign_in_link(&context.control, &caller, &name).await;
    let flash = |secret: &String| crate::flash::Flash::Secret {
        title: format!("Sign-in link for {name}: one use, within 15 minutes"),
        text: format!(
            "{}/sign-in?link={secret}",
            context.public_url.trim_end_matches('/')
        ),
    };
    answer.said(made, USERS, flash).map(drop)
}

/// Makes a token, shown once. `scope` is `migration` or `migration/environment`; `from` is `connect` on that page.
#[server(prefix = "/fn", endpoint = "create_token", output = crate::codec::PageJson)]
pub async fn create_token(
    #[server(default)] name: String,
    #[server(default)] kind: String,
    #[server(default)] scope: String,
    #[server(default)] from: String,
) -> Result<(), AppError> {
    let back = edge::page_of_token(&scope, &from);
    let answer = super::Answer {
        form: "create_token",
        back: back.clone(),
        fields: vec![
            ("name", name.clone()),
            ("kind", kind.clone()),
            ("scope", scope.clone()),
        ],
    };
    let (answer, context, caller) = answer.signed_in()?;
    let token = match edge::new_token(name.clone(), &kind, &scope) {
        Ok(token) => token,
        Err(wrong) => return Err(answer.refused(wrong.into())),
    };
    let made = control::commands::create_token(&context.control, &caller, token).await;
    let flash = |(_, secret): &(Committed, String)| crate::flash::Flash::Secret {
        title: format!("Token {name}"),
        text: secret.clone(),
    };
    answer.said(made, &back, flash).map(drop)
}

/// Revokes a token: it is refused from the next request on.
#[server(prefix = "/fn", endpoint = "revoke_token", output = crate::codec::PageJson)]
pub async fn revoke_token(
    id: String,
    #[server(default)] reason: String,
) -> Result<Committed, AppError> {
    let answer = super::Answer {
        form: "revoke_token",
        back: TOKENS.to_owned(),
        fields: vec![("id", id.clone()), ("reason", reason.clone())],
    };
    let (answer, context, caller) = answer.signed_in()?;
    let command = control::commands::RevokeToken { id, reason };
    answer.done(context.control.execute(&caller, command).await, |_| {
        TOKENS.to_owned()
    })
}

#[cfg(feature = "ssr")]
mod edge {
    use control::commands::NewToken;
    use control::{Caller, Control};
    use domain::read::TokenKind;
    use domain::{Grant, Key, Refusal, Role, Scope};

    use crate::address::Links;
    use crate::api::input::Input;
    use crate::error::AppError;

    /// The grants a user has, with the one of that scope replaced or taken away.
    pub(super) async fn grants(
        control: &Control,
        caller: &Caller,
        name: &str,
        role: &str,
        migration: &str,
    ) -> Result<Vec<Grant>, AppError> {
        let mut input = Input::default();
        let scope = match input.optional_key("migration", migration) {
            Some(key) => Scope::Migration(key),
            None => Scope::All,
        };
        let role = match role {
            "none" => Some(None),
            word => input.word("role", word, Role::parse).map(Some),
        };
        let role = input.finish(role)?;
        let users = control::queries::users(control, caller).await?;
        let user = users.users.into_iter().find(|user| user.name == name);
        let user = user.ok_or_else(|| Refusal::not_found("user", name))?;
        let mut grants = user.grants;
        grants.retain(|grant| grant.scope != scope);
        grants.extend(role.map(|role| Grant { scope, role }));
        Ok(grants)
    }

    fn scope_of(scope: &str) -> (&str, &str) {
        scope.trim().split_once('/').unwrap_or((scope.trim(), ""))
    }

    pub(super) fn new_token(name: String, kind: &str, scope: &str) -> Result<NewToken, Refusal> {
        let (migration, environment) = scope_of(scope);
        let mut input = Input::default();
        let kind = input.word("kind", kind, TokenKind::parse);
        let migration = input.optional_key("scope", migration);
        let environment = input.optional_key("scope", environment);
        let kind = input.finish(kind)?;
        // A management token has no environment, whichever line of the list was chosen.
        let environment = environment.filter(|_| kind.is_data_plane());
        Ok(NewToken {
            name,
            kind,
            migration,
            environment,
            reason: String::new(),
        })
    }

    /// The page a token's form stands on, where its secret is shown afterwards, too.
    pub(super) fn page_of_token(scope: &str, from: &str) -> String {
        let (migration, environment) = scope_of(scope);
        match Key::parse(migration) {
            Ok(migration) if from == "connect" => {
                Links::to(&migration, Key::parse(environment).ok().as_ref()).page("connect")
            }
            _ => super::TOKENS.to_owned(),
        }
    }
}
