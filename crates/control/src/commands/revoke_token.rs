//! Ends a token: it is refused from the next request on.

use domain::{Permission, Refusal};
use serde_json::json;

use super::create_token::needed;
use super::input::Input;
use crate::command::{Aim, Command, Effect, Work};
use crate::control::authorise;
use crate::error::Stopped;
use crate::feed::Topic;
use crate::store::tokens::TokenRecord;
use crate::store::{audit, last_change, tokens};

/// A token to be ended.
#[derive(Debug, Clone)]
pub struct RevokeToken {
    /// Its id.
    pub id: String,
    /// Why; may be empty.
    pub reason: String,
}

impl Command for RevokeToken {
    /// The finer question, admin of what the token is for, can be asked only once the token is found.
    fn permission(&self) -> Permission<'_> {
        Permission::SignedIn
    }

    fn action(&self) -> &'static str {
        "token.revoke"
    }

    fn reason(&self) -> &str {
        &self.reason
    }

    fn aim(&self) -> Aim {
        Aim {
            targets: vec![self.id.clone()],
            ..Aim::default()
        }
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let mut input = Input::default();
        let reason = input.optional_reason(&self.reason);
        let token = find(work, &self.id).await?;
        input.finish()?;
        if token.revoked_at.is_some() {
            let changed = last_change::of_token(work.connection, &token.id).await?;
            let other = audit::other_change(work.connection, changed).await?;
            let summary = format!("The token {} is revoked already.", token.name);
            return Err(Refusal::NoChange { summary, other }.into());
        }
        tokens::revoke(work.connection, &token.id, work.now).await?;
        Ok(Effect {
            action: "token.revoke",
            aim: Aim {
                migration: token.migration,
                environment: token.environment,
                targets: vec![token.id.clone(), token.name.clone()],
            },
            before: json!({ "revoked_at": null }),
            after: json!({ "revoked_at": work.now }),
            reason,
            summary: format!("revoked the {} token {}", token.kind.as_str(), token.name),
            subject: Some(token.id),
            topics: vec![Topic::Access],
            access: true,
            ..Effect::default()
        })
    }
}

/// The token, for whoever may end it. For others who cannot see where it belongs it does not exist.
async fn find(work: &mut Work<'_>, id: &str) -> Result<TokenRecord, Stopped> {
    let absent = || Refusal::not_found("token", id);
    let token = tokens::by_id(work.connection, id)
        .await?
        .ok_or_else(absent)?;
    match authorise(work.caller, needed(token.migration.as_ref())) {
        Ok(()) => Ok(token),
        Err(_) if token.migration.is_none() && work.caller.actor.role_on_server().is_none() => {
            Err(absent().into())
        }
        Err(Refusal::NotFound { .. }) => Err(absent().into()),
        Err(refusal) => Err(refusal.into()),
    }
}

#[cfg(test)]
mod tests {
    use domain::read::TokenKind;

    use super::*;
    use crate::commands::{NewToken, create_token};
    use crate::testing::{Server, key, refusal};

    async fn token(server: &Server, migration: Option<&str>) -> (String, String) {
        let new = NewToken {
            name: "ci".into(),
            kind: TokenKind::Viewer,
            migration: migration.map(key),
            environment: None,
            reason: String::new(),
        };
        let (done, token) = create_token(&server.control, &Server::root(), new)
            .await
            .unwrap();
        (done.subject.unwrap(), token)
    }

    fn revoke(id: &str) -> RevokeToken {
        RevokeToken {
            id: id.into(),
            reason: "leaked".into(),
        }
    }

    #[tokio::test]
    async fn a_revoked_token_is_nobody_at_once() {
        let server = Server::with_modules(&["a"]).await;
        let (id, token) = token(&server, Some("atlas")).await;
        let caller = Server::admin_of("atlas");
        let done = server.control.execute(&caller, revoke(&id)).await.unwrap();
        assert!(server.control.directory().authenticate(&token).is_none());
        let again = refusal(server.admin(revoke(&id)).await);
        assert_eq!(
            (again.code(), again.other_change().unwrap().sequence),
            ("no-change", done.sequence)
        );
    }

    #[tokio::test]
    async fn who_may_not_see_a_token_is_not_told_of_it() {
        let server = Server::with_modules(&["a"]).await;
        let (narrow, _) = token(&server, Some("atlas")).await;
        let (wide, _) = token(&server, None).await;
        let answers = [
            (Server::operator_of("atlas"), &narrow, "forbidden"),
            (Server::admin_of("borealis"), &narrow, "not-found"),
            (Server::admin_of("atlas"), &wide, "not-found"),
        ];
        for (caller, id, code) in answers {
            assert_eq!(
                refusal(server.control.execute(&caller, revoke(id)).await).code(),
                code
            );
        }
        assert_eq!(
            refusal(server.admin(revoke("nothing")).await).code(),
            "not-found"
        );
        let wordy = RevokeToken {
            reason: "x".repeat(1_001),
            ..revoke(&wide)
        };
        assert_eq!(refusal(server.admin(wordy).await).code(), "invalid");
    }
}
