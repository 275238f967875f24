//! Makes a bearer token. It is shown once; only its hash is stored.

use domain::read::TokenKind;
use domain::{Committed, Key, Permission, Refusal};
use serde_json::json;
use uuid::Uuid;

use super::input::Input;
use super::scope;
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::store::StoreError;
use crate::store::tokens::{self, TokenRecord};
use crate::{Caller, CommandError, Control, secret};

/// A token to be made.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// What people call it.
    pub name: String,
    /// What it may.
    pub kind: TokenKind,
    /// Where; the whole server without it. `sdk` and `ingest` belong to one migration.
    pub migration: Option<Key>,
    /// Where; only for `sdk` and `ingest`, the deciding one without it.
    pub environment: Option<Key>,
    /// Why; may be empty.
    pub reason: String,
}

/// Makes a token and answers it, for the only time.
///
/// # Errors
/// As [`Control::execute`]. A repeated `Idempotency-Key` is [`Refusal::InUse`]: the token it made is not known any more.
pub async fn create_token(
    control: &Control,
    caller: &Caller,
    new: NewToken,
) -> Result<(Committed, String), CommandError> {
    let token = secret::token(new.kind).map_err(StoreError::Random)?;
    let id = Uuid::now_v7().to_string();
    let command = CreateToken {
        new,
        id: id.clone(),
        hash: secret::hash(&token),
        hint: secret::hint(&token),
    };
    let committed = control.execute(caller, command).await?;
    if committed.subject.as_ref() == Some(&id) {
        return Ok((committed, token));
    }
    let what = "This Idempotency-Key".into();
    let why = "it made a token before, which was shown then and never is again. Revoke that one and use a new key.".into();
    Err(Refusal::InUse { what, why }.into())
}

/// The command behind [`create_token`]: knows the token's hash only.
#[derive(Debug, Clone)]
pub struct CreateToken {
    new: NewToken,
    id: String,
    hash: String,
    hint: String,
}

impl Command for CreateToken {
    fn permission(&self) -> Permission<'_> {
        needed(self.new.migration.as_ref())
    }

    fn action(&self) -> &'static str {
        "token.create"
    }

    fn reason(&self) -> &str {
        &self.new.reason
    }

    fn aim(&self) -> Aim {
        Aim {
            migration: self.new.migration.clone(),
            environment: self.new.environment.clone(),
            targets: vec![self.id.clone(), self.new.name.trim().to_owned()],
        }
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let mut aim = self.aim();
        let Self {
            new,
            id,
            hash,
            hint,
        } = self;
        let mut input = Input::default();
        let reason = input.optional_reason(&new.reason);
        let name = input.name("name", &new.name);
        let kind = new.kind;
        input.require(
            !kind.is_data_plane() || new.migration.is_some(),
            "migration",
            "A token for services belongs to one migration: name it.",
        );
        input.require(
            kind.is_data_plane() || new.environment.is_none(),
            "environment",
            "A management token is good for every environment of a migration: leave the environment out.",
        );
        input.finish()?;
        let (mut migration_id, mut environment_id) = (None, None);
        if let Some(key) = &new.migration {
            let migration = scope::migration(work, key).await?;
            migration_id = Some(migration.id);
            if kind.is_data_plane() {
                let record = scope::environment(work, &migration, new.environment.as_ref()).await?;
                environment_id = Some(record.id);
                aim.environment = Some(record.environment.key);
            }
        }
        let record = TokenRecord {
            id,
            name,
            kind,
            migration: new.migration,
            environment: aim.environment.clone(),
            hash,
            hint,
            created_by: work.caller.actor.name.clone(),
            created_at: work.now,
            revoked_at: None,
        };
        tokens::insert(work.connection, &record, migration_id, environment_id).await?;
        Ok(Effect {
            action: "token.create",
            aim,
            after: json!({
                "id": record.id,
                "name": record.name,
                "kind": kind,
                "migration": record.migration,
                "environment": record.environment,
            }),
            reason,
            summary: format!("made the {} token {}", kind.as_str(), record.name),
            subject: Some(record.id),
            topics: vec![Topic::Access],
            access: true,
            ..Effect::default()
        })
    }
}

/// What making or ending a token of this scope needs.
pub(super) fn needed(migration: Option<&Key>) -> Permission<'_> {
    migration.map_or(Permission::AdministerServer, Permission::Administer)
}

#[cfg(test)]
mod tests {
    use domain::Role;

    use super::*;
    use crate::Idempotency;
    use crate::testing::{Server, key, refusal};

    fn new(kind: TokenKind, migration: Option<&str>, environment: Option<&str>) -> NewToken {
        NewToken {
            name: "ci".into(),
            kind,
            migration: migration.map(key),
            environment: environment.map(key),
            reason: String::new(),
        }
    }

    async fn make(server: &Server, token: NewToken) -> Result<(Committed, String), CommandError> {
        create_token(&server.control, &Server::root(), token).await
    }

    #[tokio::test]
    async fn a_token_is_known_at_once_and_written_nowhere() {
        let server = Server::with_modules(&["a"]).await;
        let (done, token) = make(&server, new(TokenKind::Sdk, Some("atlas"), None))
            .await
            .unwrap();
        let identity = server.control.directory().authenticate(&token).unwrap();
        assert_eq!(
            (identity.kind, identity.environment.clone()),
            (TokenKind::Sdk, Some(key("production")))
        );
        assert_eq!(identity.actor, None);
        let entry = serde_json::to_string(&server.entry(done.sequence).await).unwrap();
        // What is random may hold the mark that stands before it, too.
        let random = token.splitn(3, '_').nth(2).unwrap();
        assert!(
            !entry.contains(random.get(..8).unwrap()) && !entry.contains(&secret::hash(&token))
        );
    }

    #[tokio::test]
    async fn a_management_token_acts_with_its_role_in_its_migration() {
        let server = Server::with_modules(&["a"]).await;
        let (_, token) = make(&server, new(TokenKind::Operator, Some("atlas"), None))
            .await
            .unwrap();
        let identity = server.control.directory().authenticate(&token).unwrap();
        let actor = identity.actor.clone().unwrap();
        assert_eq!(
            (actor.role_in(&key("atlas")), actor.role_on_server()),
            (Some(Role::Operator), None)
        );
    }

    #[tokio::test]
    async fn a_repeated_request_never_answers_a_token_that_is_none() {
        let server = Server::with_modules(&["a"]).await;
        let mut caller = Server::root();
        caller.idempotency = Some(Idempotency {
            key: "k".into(),
            digest: "d".into(),
        });
        let token = new(TokenKind::Admin, None, None);
        create_token(&server.control, &caller, token.clone())
            .await
            .unwrap();
        let again = create_token(&server.control, &caller, token).await;
        assert_eq!(refusal(again).code(), "in-use");
    }

    #[tokio::test]
    async fn scopes_names_and_roles_are_checked() {
        let server = Server::with_modules(&["a"]).await;
        server.environment("staging").await;
        let wrong = [
            (new(TokenKind::Sdk, None, None), "invalid"),
            (
                new(TokenKind::Admin, Some("atlas"), Some("production")),
                "invalid",
            ),
            (
                NewToken {
                    name: " ".into(),
                    ..new(TokenKind::Admin, None, None)
                },
                "invalid",
            ),
            (new(TokenKind::Ingest, Some("borealis"), None), "not-found"),
            (
                new(TokenKind::Ingest, Some("atlas"), Some("nowhere")),
                "not-found",
            ),
        ];
        for (token, code) in wrong {
            assert_eq!(
                refusal(make(&server, token.clone()).await).code(),
                code,
                "{token:?}"
            );
        }
        let caller = Server::admin_of("atlas");
        let own = create_token(
            &server.control,
            &caller,
            new(TokenKind::Sdk, Some("atlas"), Some("staging")),
        )
        .await;
        assert!(own.is_ok());
        let wide = create_token(&server.control, &caller, new(TokenKind::Viewer, None, None)).await;
        assert_eq!(refusal(wide).code(), "forbidden");
        let operator = Server::operator_of("atlas");
        let weak = create_token(
            &server.control,
            &operator,
            new(TokenKind::Sdk, Some("atlas"), None),
        )
        .await;
        assert_eq!(refusal(weak).code(), "forbidden");
        server.archive_migration().await;
        assert_eq!(
            refusal(make(&server, new(TokenKind::Sdk, Some("atlas"), None)).await).code(),
            "archived"
        );
    }
}
