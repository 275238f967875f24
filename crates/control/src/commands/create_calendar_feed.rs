//! Makes an address under which calendar programs read a migration. It is shown once; only its hash is stored.

use domain::{ActorKind, Committed, Key, Permission, Refusal};
use serde_json::json;
use uuid::Uuid;

use super::scope;
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::store::StoreError;
use crate::store::calendar_feeds::{self, FeedRecord};
use crate::{Caller, CommandError, Control, secret};

/// Feeds that one person may have of one migration: a forgotten one is revoked before there is room for another.
const MOST_FEEDS: usize = 20;
/// Characters of a secret that tell it from others.
const HINT: usize = 4;

/// Makes a feed for whoever asks and answers its secret, for the only time.
///
/// # Errors
/// As [`Control::execute`]. A repeated `Idempotency-Key` is [`Refusal::InUse`]: the secret it made is not known any more.
pub async fn create_calendar_feed(
    control: &Control,
    caller: &Caller,
    migration: Key,
) -> Result<(Committed, String), CommandError> {
    let secret = secret::random().map_err(StoreError::Random)?;
    let id = Uuid::now_v7().to_string();
    let command = CreateCalendarFeed {
        migration,
        id: id.clone(),
        hash: secret::hash(&secret),
        hint: secret.chars().take(HINT).collect(),
    };
    let committed = control.execute(caller, command).await?;
    if committed.subject.as_ref() == Some(&id) {
        return Ok((committed, secret));
    }
    let what = "This Idempotency-Key".into();
    let why = "it made an address before, which was shown then and never is again. Revoke that one and use a new key.";
    Err(Refusal::InUse {
        what,
        why: why.into(),
    }
    .into())
}

/// The command behind [`create_calendar_feed`]: knows the secret's hash only.
#[derive(Debug, Clone)]
pub struct CreateCalendarFeed {
    migration: Key,
    id: String,
    hash: String,
    hint: String,
}

impl Command for CreateCalendarFeed {
    fn permission(&self) -> Permission<'_> {
        Permission::View(&self.migration)
    }

    fn action(&self) -> &'static str {
        "calendar_feed.create"
    }

    fn reason(&self) -> &'static str {
        ""
    }

    fn aim(&self) -> Aim {
        Aim {
            migration: Some(self.migration.clone()),
            targets: vec![self.id.clone()],
            ..Aim::default()
        }
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let actor = &work.caller.actor;
        if actor.kind != ActorKind::User {
            let why =
                "A calendar address is a person's: sign in, and make it on the calendar page.";
            return Err(Refusal::field("migration", why).into());
        }
        let (user_id, user_name) = (actor.id.clone(), actor.name.clone());
        let aim = self.aim();
        let migration = scope::migration(work, &self.migration).await?;
        let own =
            calendar_feeds::of_migration(work.connection, migration.id, Some(&user_id)).await?;
        if own.len() >= MOST_FEEDS {
            let what = format!("{MOST_FEEDS} calendar addresses");
            let why = "that is as many as one person may have here. Revoke one that is not used.";
            return Err(Refusal::InUse {
                what,
                why: why.into(),
            }
            .into());
        }
        let record = FeedRecord {
            id: self.id,
            user_id,
            user_name,
            migration: self.migration,
            hint: self.hint,
            created_at: work.now,
            revoked_at: None,
        };
        calendar_feeds::insert(work.connection, &record, migration.id, &self.hash).await?;
        Ok(Effect {
            action: "calendar_feed.create",
            aim,
            after: json!({ "id": record.id, "user": record.user_name }),
            summary: format!("made a calendar address for {}", record.user_name),
            subject: Some(record.id),
            topics: vec![Topic::Access],
            ..Effect::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::Role;

    use super::*;
    use crate::Idempotency;
    use crate::commands::RevokeCalendarFeed;
    use crate::testing::{Server, key, refusal};

    async fn make(server: &Server, caller: &Caller) -> Result<(Committed, String), CommandError> {
        create_calendar_feed(&server.control, caller, key("atlas")).await
    }

    #[tokio::test]
    async fn an_address_is_written_nowhere_and_one_person_has_not_too_many() {
        let server = Server::with_modules(&["a"]).await;
        let ada = server.signed_in("ada", Role::Viewer).await;
        let (done, secret) = make(&server, &ada).await.unwrap();
        let entry = server.entry(done.sequence).await;
        let text = serde_json::to_string(&entry).unwrap();
        assert!(!text.contains(&secret) && !text.contains(&secret::hash(&secret)));
        assert_eq!(entry.after["user"], "ada");
        for _ in 1..MOST_FEEDS {
            make(&server, &ada).await.unwrap();
        }
        assert_eq!(refusal(make(&server, &ada).await).code(), "in-use");
        // Another person has room, and so has she once one is revoked.
        let bob = server.signed_in("bob", Role::Operator).await;
        make(&server, &bob).await.unwrap();
        let revoke = RevokeCalendarFeed {
            id: done.subject.unwrap(),
            reason: String::new(),
        };
        server.control.execute(&ada, revoke).await.unwrap();
        make(&server, &ada).await.unwrap();
    }

    #[tokio::test]
    async fn only_people_who_may_see_the_migration_have_addresses() {
        let server = Server::with_modules(&["a"]).await;
        let stranger = Server::viewer_of("borealis");
        assert_eq!(refusal(make(&server, &stranger).await).code(), "not-found");
        let mut token = Server::root();
        token.actor.kind = ActorKind::Token;
        let refused = refusal(make(&server, &token).await);
        assert!(refused.to_string().contains("sign in"), "{refused}");
        let ada = server.signed_in("ada", Role::Viewer).await;
        server.archive_migration().await;
        assert_eq!(refusal(make(&server, &ada).await).code(), "archived");
    }

    #[tokio::test]
    async fn a_repeated_request_never_answers_a_secret_that_is_none() {
        let server = Server::with_modules(&["a"]).await;
        let mut ada = server.signed_in("ada", Role::Viewer).await;
        ada.idempotency = Some(Idempotency {
            key: "k".into(),
            digest: "d".into(),
        });
        make(&server, &ada).await.unwrap();
        assert_eq!(refusal(make(&server, &ada).await).code(), "in-use");
    }
}
