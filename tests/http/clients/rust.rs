//! The provider for Rust, in this very process.
//!
//! It reads no reason and no metadata, and tells errors by their status alone: 400 is always an invalid context to it, a
//! value of another type cannot be parsed, and it gives no default in place of an error.

use std::time::Duration;

use anyhow::{Context as _, Result};
use http_tests::app::Api;
use open_feature::{Client, EvaluationContext, EvaluationError, EvaluationErrorCode, OpenFeature};
use open_feature_ofrep::{OfrepOptions, OfrepProvider};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use serde_json::{Value, json};

use super::{everything, in_every_mode};
use crate::with_plan;

async fn client_of(service: &Api) -> Result<Client> {
    let token = service.token.as_deref().unwrap_or_default();
    let bearer = HeaderValue::try_from(format!("Bearer {token}"))?;
    let options = OfrepOptions {
        base_url: service.url.clone(),
        headers: HeaderMap::from_iter([(AUTHORIZATION, bearer)]),
        connect_timeout: Duration::from_secs(5),
        cert_path: None,
    };
    let mut api = OpenFeature::default();
    api.set_provider(OfrepProvider::new(options).await?).await;
    Ok(api.create_client())
}

/// Value and variant.
async fn ask(
    client: &Client,
    question: &Value,
) -> Result<(Value, Option<String>), EvaluationError> {
    let mut context = EvaluationContext::default();
    if let Some(subject) = question["subject"].as_str() {
        context = context.with_targeting_key(subject);
    }
    let flag = question["flag"].as_str().unwrap_or_default();
    if question["kind"] == "string" {
        let details = client
            .get_string_details(flag, Some(&context), None)
            .await?;
        Ok((details.value.into(), details.variant))
    } else {
        let details = client.get_bool_details(flag, Some(&context), None).await?;
        Ok((details.value.into(), details.variant))
    }
}

/// What this provider makes of an error.
fn in_its_words(code: &str) -> Result<EvaluationErrorCode> {
    match code {
        "FLAG_NOT_FOUND" => Ok(EvaluationErrorCode::FlagNotFound),
        "TARGETING_KEY_MISSING" => Ok(EvaluationErrorCode::InvalidContext),
        "TYPE_MISMATCH" => Ok(EvaluationErrorCode::ParseError),
        other => anyhow::bail!("{other} is not expected of it"),
    }
}

#[tokio::test]
async fn rust_answers_what_the_server_does_in_every_mode() -> Result<()> {
    in_every_mode(async |service, set| {
        let client = client_of(service).await?;
        for expected in everything(set)? {
            let given = ask(&client, &expected.question).await;
            let question = &expected.question;
            match (expected.answer["error_code"].as_str(), given) {
                (None, Ok((value, variant))) => assert_eq!(
                    (&value, &json!(variant)),
                    (&expected.answer["value"], &expected.answer["variant"]),
                    "{question}"
                ),
                (Some(code), Err(error)) => {
                    assert_eq!(error.code, in_its_words(code)?, "{question}");
                }
                (_, given) => panic!("{question} was answered {given:?}, not {}", expected.answer),
            }
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn rust_reads_nothing_with_a_token_nobody_knows() -> Result<()> {
    let (app, admin) = with_plan().await?;
    let mut unknown = app.sdk("ledger").await?;
    unknown.token = Some("sb_sdk_unknown".to_owned());
    for stranger in [unknown, admin] {
        let error = client_of(&stranger)
            .await?
            .get_bool_value("ledger.parcel_ledger", None, None)
            .await
            .err()
            .context("no flag is read")?;
        let why = "authentication/authorization error".to_owned();
        assert_eq!(error.code, EvaluationErrorCode::General(why));
    }
    Ok(())
}
