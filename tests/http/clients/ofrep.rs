//! The providers for servers, in Python and for Node.js: each asks for one flag at a time.

use anyhow::Result;
use http_tests::app::Api;
use http_tests::clients::{self, Conversation};
use serde_json::{Value, json};
use tokio::process::Command;

use super::{compare, error_of, everything, in_every_mode, question, questions};
use crate::with_plan;

fn python() -> Result<Command> {
    clients::python("ofrep.py")
}

fn node() -> Result<Command> {
    clients::node("server.mjs")
}

async fn answers(program: Command, service: &Api, questions: &Value) -> Result<Vec<Value>> {
    Conversation::with(service, program, questions)
        .await?
        .only_answers()
        .await
}

#[tokio::test]
async fn python_answers_what_the_server_does_in_every_mode() -> Result<()> {
    in_every_mode(async |service, set| {
        let expected = everything(set)?;
        compare(
            &expected,
            answers(python()?, service, &questions(&expected)).await?,
        );
        Ok(())
    })
    .await
}

#[tokio::test]
async fn node_answers_what_the_server_does_in_every_mode() -> Result<()> {
    in_every_mode(async |service, set| {
        let expected = everything(set)?;
        compare(
            &expected,
            answers(node()?, service, &questions(&expected)).await?,
        );
        Ok(())
    })
    .await
}

#[tokio::test]
async fn who_may_not_read_gets_the_default_and_is_told_to_wait_when_it_goes_on() -> Result<()> {
    for program in [python, node] {
        let (app, _admin) = with_plan().await?;
        let service = app.sdk("ledger").await?;
        let mut stranger = service.clone();
        stranger.token = Some(format!("{}x", stranger.token.unwrap_or_default()));
        // More than an address may try in vain: then the server answers 429, and the client asks nothing more.
        let asked: Vec<Value> = (0..60)
            .map(|number| {
                question(
                    "ledger.parcel_ledger",
                    "boolean",
                    &json!(number % 2 == 0),
                    Some("ada"),
                )
            })
            .collect();
        let given = answers(program()?, &stranger, &asked.clone().into()).await?;
        assert_eq!(given.len(), asked.len());
        for (question, given) in asked.iter().zip(&given) {
            let expected = error_of(question, "GENERAL");
            for field in ["value", "variant", "reason", "error_code"] {
                assert_eq!(given[field], expected[field], "{question}: {given}");
            }
        }
        let paused = "OFREP evaluation paused due to TooManyRequests until";
        let heeded = |given: &Value| {
            given["error_message"]
                .as_str()
                .is_some_and(|why| why.starts_with(paused))
        };
        assert!(!given.first().is_some_and(heeded), "{given:?}");
        assert!(given.last().is_some_and(heeded), "{given:?}");
        // Who has a token is not kept waiting for it.
        service
            .evaluate("ledger.parcel_ledger", "ada")
            .await?
            .expect(200)?;
    }
    Ok(())
}
