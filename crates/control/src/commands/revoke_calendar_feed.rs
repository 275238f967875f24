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
