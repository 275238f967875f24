//! The provider for browsers, which keeps all flags and waits for the event stream to say that they changed.

use std::time::Duration;

use anyhow::{Context as _, Result};
use flags::FlagSet;
use http_tests::app::Api;
use http_tests::clients::{self, Conversation};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{Expectation, boolean, flags_of, mistaken, questions, subjects};
use crate::with_plan;

/// How soon a change must be seen.
const SOON: Duration = Duration::from_secs(5);

/// This provider knows full keys alone, and no modes but in the metadata.
fn all_of(set: &FlagSet, subject: Option<&str>) -> Vec<Expectation> {
    let known = set
        .iter()
        .map(|flag| boolean(set, flag.full_key(), subject));
    let stranger = boolean(set, "ledger.nobody", subject);
    let wrong = mistaken("ledger.parcel_ledger", "string", &json!("new"));
    known.chain([stranger, wrong]).collect()
}

/// What an error says beside its code is this provider's own.
fn compare(expected: &[Expectation], given: &[Value]) {
    assert_eq!(given.len(), expected.len());
    for (Expectation { question, answer }, given) in expected.iter().zip(given) {
        for field in ["value", "variant", "reason", "error_code"] {
            assert_eq!(given[field], answer[field], "{question}: {given}");
        }
        if answer["error_code"].is_null() {
            assert_eq!(
                given["flag_metadata"], answer["flag_metadata"],
                "{question}"
            );
        }
    }
}

/// A page of a browser, showing the flags of one subject.
struct Page<'a> {
    subject: Option<&'a str>,
    conversation: Conversation,
}

impl<'a> Page<'a> {
    async fn open(service: &Api, set: &FlagSet, subject: Option<&'a str>) -> Result<Self> {
        let question = json!({ "subject": subject, "questions": questions(&all_of(set, subject)) });
        let conversation =
            Conversation::with(service, clients::node("web.mjs")?, &question).await?;
        Ok(Self {
            subject,
            conversation,
        })
    }
}

#[tokio::test]
async fn a_browser_sees_every_change_through_the_stream() -> Result<()> {
    let (app, admin) = with_plan().await?;
    admin
        .set("ledger", "stamp_printer", "gradual_rollout", Some(50.0))
        .await?
        .expect(200)?;
    let service = app.sdk("ledger").await?;
    let before = flags_of(&service).await?;
    let subjects = subjects()?;
    // One of each side, and nobody.
    let of_side = |new: bool| {
        subjects.iter().find(|subject| {
            let found = before.evaluate("ledger.stamp_printer", Some(subject));
            found.is_ok_and(|found| found.serve.is_new() == new)
        })
    };
    let (new, old) = (
        of_side(true).context("new")?,
        of_side(false).context("old")?,
    );
    let mut pages = Vec::new();
    for subject in [Some(new.as_str()), Some(old.as_str()), None] {
        let mut page = Page::open(&service, &before, subject).await?;
        compare(
            &all_of(&before, subject),
            &page.conversation.answers().await?,
        );
        pages.push(page);
    }
    admin
        .set("ledger", "parcel_ledger", "new_only", None)
        .await?
        .expect(200)?;
    let after = flags_of(&service).await?;
    for mut page in pages {
        let told = timeout(SOON, page.conversation.answers())
            .await
            .context("the change was not seen in time")??;
        compare(&all_of(&after, page.subject), &told);
        page.conversation.end().await?;
    }
    Ok(())
}
