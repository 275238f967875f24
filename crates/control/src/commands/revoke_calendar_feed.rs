//! Ends a calendar address: it answers nothing from the next request on.

use domain::{Permission, Refusal};
use serde_json::json;

use super::input::Input;
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::store::calendar_feeds::{self, FeedRecord};

/// A feed to be ended.
#[derive(Debug, Clone)]
pub struct RevokeCalendarFeed {
    /// Its id.
    pub id: String,
    /// Why; may be empty.
    pub reason: String,
}

impl Command for RevokeCalendarFeed {
    /// The finer question, own or admin of its migration, can be asked only once the feed is found.
    fn permission(&self) -> Permission<'_> {
        Permission::SignedIn
    }

    fn action(&self) -> &'static str {
        "calendar_feed.revoke"
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
        let feed = find(work, &self.id).await?;
        input.finish()?;
        if feed.revoked_at.is_some() {
            let summary = "This calendar address is revoked already.".to_owned();
            return Err(Refusal::NoChange {
                summary,
                other: None,
            }
            .into());
        }
        calendar_feeds::revoke(work.connection, &feed.id, work.now).await?;
        Ok(Effect {
            action: "calendar_feed.revoke",
            aim: Aim {
                migration: Some(feed.migration),
                targets: vec![feed.id.clone()],
                ..Aim::default()
            },
            before: json!({ "revoked_at": null }),
            after: json!({ "revoked_at": work.now }),
            reason,
            summary: format!("revoked a calendar address of {}", feed.user_name),
            subject: Some(feed.id),
            topics: vec![Topic::Access],
            ..Effect::default()
        })
    }
}

/// The feed, for its owner and for admins of its migration; for others it does not exist.
async fn find(work: &mut Work<'_>, id: &str) -> Result<FeedRecord, Stopped> {
    let actor = &work.caller.actor;
    let found = calendar_feeds::by_id(work.connection, id).await?;
    let may = |feed: &FeedRecord| {
        feed.user_id == actor.id || actor.may(Permission::Administer(&feed.migration))
    };
    found
        .filter(may)
        .ok_or_else(|| Refusal::not_found("calendar address", id).into())
}

#[cfg(test)]
mod tests {
    use domain::Role;

    use super::*;
    use crate::commands::create_calendar_feed;
    use crate::testing::{Server, key, refusal};

    fn revoke(id: &str) -> RevokeCalendarFeed {
        RevokeCalendarFeed {
            id: id.into(),
            reason: "a phone was lost".into(),
        }
    }

    #[tokio::test]
    async fn one_ends_ones_own_an_admin_anybodys_and_nobody_else() {
        let server = Server::with_modules(&["a"]).await;
        let ada = server.signed_in("ada", Role::Viewer).await;
        let bob = server.signed_in("bob", Role::Operator).await;
        let mut ids = Vec::new();
        for _ in 0..2 {
            let made = create_calendar_feed(&server.control, &ada, key("atlas")).await;
            ids.push(made.unwrap().0.subject.unwrap());
        }
        for stranger in [&bob, &Server::admin_of("borealis")] {
            let others = server.control.execute(stranger, revoke(&ids[0])).await;
            assert_eq!(refusal(others).code(), "not-found");
        }
        server.control.execute(&ada, revoke(&ids[0])).await.unwrap();
        let again = server.control.execute(&ada, revoke(&ids[0])).await;
        assert_eq!(refusal(again).code(), "no-change");
        let admin = Server::admin_of("atlas");
        let done = server
            .control
            .execute(&admin, revoke(&ids[1]))
            .await
            .unwrap();
        let entry = server.entry(done.sequence).await;
        assert_eq!(
            (entry.reason.as_str(), entry.targets),
            ("a phone was lost", vec![ids[1].clone()])
        );
    }
}
