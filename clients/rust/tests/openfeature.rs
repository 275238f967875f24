//! Questions asked through the official SDK.
#![cfg(feature = "openfeature")]
#![expect(clippy::unwrap_used, reason = "a failure here is a failed test")]

use std::time::Duration;

use open_feature::provider::{FeatureProvider, ProviderStatus};
use open_feature::{
    EvaluationContext, EvaluationErrorCode, EvaluationReason, FlagMetadataValue, OpenFeature,
    StructValue,
};
use serde_json::{Value, json};
use switchback_client::openfeature::SwitchbackProvider;
use switchback_client::{Client, Snapshot};

fn snapshot(kill_switch: bool) -> Value {
    json!({
        "format": 1, "migration": "arche", "environment": "production", "epoch": "e", "revision": 7,
        "killSwitch": kill_switch, "flags": [
            {"key": "split", "mode": "gradual_rollout", "exposure": 5000, "retired": false},
            {"key": "compared", "mode": "both_validate", "exposure": 0, "retired": false},
            {"key": "done", "mode": "new_only", "exposure": 10_000, "retired": true},
        ],
    })
}

fn client(flags: Option<Value>) -> Client {
    let mut builder = Client::builder("http://127.0.0.1:1", "sb_sdk_test");
    if let Some(flags) = flags {
        builder = builder.initial(Snapshot::from_json(flags.to_string().as_bytes()).unwrap());
    }
    builder.start().unwrap()
}

async fn features(client: Client) -> open_feature::Client {
    let mut api = OpenFeature::default();
    let provider = SwitchbackProvider::new(client).ready_within(Duration::from_millis(10));
    api.set_provider(provider).await;
    api.create_client()
}

fn user(key: &str) -> EvaluationContext {
    EvaluationContext::default().with_targeting_key(key)
}

#[tokio::test]
async fn a_boolean_is_whether_to_use_new_with_reason_variant_and_metadata() {
    let client = client(Some(snapshot(false)));
    let features = features(client.clone()).await;
    let mut sides = [0, 0];
    for subject in 0..100 {
        let subject = format!("user-{subject}");
        let new = client.use_new("split", Some(&subject));
        sides[usize::from(new)] += 1;
        for key in ["split", "arche.split"] {
            let found = features
                .get_bool_details(key, Some(&user(&subject)), None)
                .await;
            let found = found.unwrap();
            assert_eq!(found.value, new);
            assert_eq!(
                found.variant.as_deref(),
                Some(if new { "new" } else { "old" })
            );
            assert_eq!(found.reason, Some(EvaluationReason::Split));
            let metadata = &found.flag_metadata.values;
            assert_eq!(metadata["revision"], FlagMetadataValue::Int(7));
            assert_eq!(metadata["exposure"], FlagMetadataValue::Int(5000));
            assert_eq!(metadata["mode"], FlagMetadataValue::from("gradual_rollout"));
            assert_eq!(metadata["compare"], FlagMetadataValue::Bool(false));
            assert_eq!(metadata.len(), 4);
        }
    }
    assert!(sides[0] > 20 && sides[1] > 20, "{sides:?}");
    let found = features
        .get_bool_details("compared", None, None)
        .await
        .unwrap();
    assert_eq!(
        (found.value, found.reason),
        (false, Some(EvaluationReason::Static))
    );
    assert_eq!(
        found.flag_metadata.values["compare"],
        FlagMetadataValue::Bool(true)
    );
}

#[tokio::test]
async fn the_kill_switch_and_retirement_show_with_what_lies_beneath() {
    let features = features(client(Some(snapshot(true)))).await;
    let found = features
        .get_bool_details("split", None, None)
        .await
        .unwrap();
    assert_eq!(
        (found.value, found.reason),
        (false, Some(EvaluationReason::Static))
    );
    let metadata = &found.flag_metadata.values;
    assert_eq!(metadata["killSwitch"], FlagMetadataValue::Bool(true));
    assert_eq!(
        metadata["storedMode"],
        FlagMetadataValue::from("gradual_rollout")
    );
    assert_eq!(metadata["mode"], FlagMetadataValue::from("old_only"));
    let found = features.get_bool_details("done", None, None).await.unwrap();
    assert!(found.value);
    assert_eq!(
        found.flag_metadata.values["retired"],
        FlagMetadataValue::Bool(true)
    );
    assert!(!found.flag_metadata.values.contains_key("killSwitch"));
}

#[tokio::test]
async fn a_string_is_the_mode() {
    let features = features(client(Some(snapshot(false)))).await;
    for key in ["compared.mode", "arche.compared.mode"] {
        let found = features.get_string_details(key, None, None).await.unwrap();
        assert_eq!(found.value, "both_validate");
        assert_eq!(found.variant.as_deref(), Some("both_validate"));
        assert_eq!(found.reason, Some(EvaluationReason::Static));
        assert_eq!(
            found.flag_metadata.values["compare"],
            FlagMetadataValue::Bool(true)
        );
    }
}

#[tokio::test]
async fn what_has_no_answer_is_an_error_of_the_right_code() {
    let features = features(client(Some(snapshot(false)))).await;
    let code = |found: Result<bool, open_feature::EvaluationError>| found.unwrap_err().code;
    let asked = |key| features.get_bool_value(key, None, None);
    assert_eq!(
        code(asked("missing").await),
        EvaluationErrorCode::FlagNotFound
    );
    assert_eq!(
        code(asked("missing.mode").await),
        EvaluationErrorCode::FlagNotFound
    );
    assert_eq!(
        code(asked("split").await),
        EvaluationErrorCode::TargetingKeyMissing
    );
    assert_eq!(
        code(asked("split.mode").await),
        EvaluationErrorCode::TypeMismatch
    );
    let empty = user("");
    let found = features.get_bool_value("split", Some(&empty), None).await;
    assert_eq!(code(found), EvaluationErrorCode::TargetingKeyMissing);
    let string = features
        .get_string_value("split", None, None)
        .await
        .unwrap_err();
    assert_eq!(string.code, EvaluationErrorCode::TypeMismatch);
    assert!(string.message.unwrap().contains("boolean"));
    let int = features
        .get_int_value("split", None, None)
        .await
        .unwrap_err();
    assert_eq!(int.code, EvaluationErrorCode::TypeMismatch);
    let float = features
        .get_float_value("missing", None, None)
        .await
        .unwrap_err();
    assert_eq!(float.code, EvaluationErrorCode::FlagNotFound);
    let found = features
        .get_struct_value::<StructValue>("split.mode", None, None)
        .await;
    assert_eq!(found.err().unwrap().code, EvaluationErrorCode::TypeMismatch);
}

#[tokio::test(start_paused = true)]
async fn without_flags_it_is_not_ready_and_with_old_ones_stale() {
    let features = features(client(None)).await;
    let error = features
        .get_bool_value("split", None, None)
        .await
        .unwrap_err();
    assert_eq!(error.code, EvaluationErrorCode::ProviderNotReady);
    assert_eq!(
        SwitchbackProvider::new(client(None)).status(),
        ProviderStatus::NotReady
    );
    let provider = SwitchbackProvider::new(client(Some(snapshot(false))));
    assert_eq!(provider.status(), ProviderStatus::Ready);
    assert_eq!(provider.metadata().name, "switchback");
    tokio::time::sleep(Duration::from_secs(31)).await;
    assert_eq!(provider.status(), ProviderStatus::STALE);
}
