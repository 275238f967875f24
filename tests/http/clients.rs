//! `OpenFeature`'s own clients against the real server: whatever they are asked, they answer what `flags::FlagSet` does.

mod flagd;
mod ofrep;
mod rust;
mod web;

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use flags::ofrep::ErrorCode;
use flags::{EvaluationError, FlagSet, FlagState, Mode, Snapshot};
use http_tests::app::Api;
use serde_json::{Value, json};

use crate::with_plan;

/// What every client is compared with.
const VECTORS: &str = include_str!("../vectors/bucketing.json");
/// So many subjects are asked about where the subject decides.
const SUBJECTS: usize = 200;

/// A mode, and its exposure in percent where it has one.
type Setting = (&'static str, Option<f64>);

const OLD: Setting = ("old_only", None);
const BOTH: Setting = ("both_validate", None);
const HALF: Setting = ("gradual_rollout", Some(50.0));
const NEW: Setting = ("new_only", None);
/// What the plan's modules are set to, one step after the other: each goes through every mode.
const STEPS: [[(&str, Setting); 3]; 4] = [
    [
        ("parcel_ledger", BOTH),
        ("stamp_printer", HALF),
        ("route_table", NEW),
    ],
    [
        ("parcel_ledger", HALF),
        ("stamp_printer", NEW),
        ("route_table", OLD),
    ],
    [
        ("parcel_ledger", NEW),
        ("stamp_printer", OLD),
        ("route_table", BOTH),
    ],
    [
        ("parcel_ledger", OLD),
        ("stamp_printer", BOTH),
        ("route_table", HALF),
    ],
];

/// Sets a server's modules to every mode in turn, and at last presses the kill switch; `check` looks each time.
async fn in_every_mode(check: impl AsyncFn(&Api, &FlagSet) -> Result<()>) -> Result<()> {
    let (app, admin) = with_plan().await?;
    let service = app.sdk("ledger").await?;
    for step in STEPS {
        for (module, (mode, exposure)) in step {
            admin
                .set("ledger", module, mode, exposure)
                .await?
                .expect(200)?;
        }
        check(&service, &flags_of(&service).await?).await?;
    }
    press_kill_switch(&admin).await?;
    let killed = flags_of(&service).await?;
    assert!(killed.snapshot().kill_switch);
    check(&service, &killed).await
}

async fn press_kill_switch(admin: &Api) -> Result<()> {
    let path = "/api/v1/migrations/ledger/kill-switch";
    let reason = json!({ "reason": "a test presses it" });
    admin.post(path, reason).await?.expect(200)?;
    Ok(())
}

/// The flags a service may read, as they are now.
async fn flags_of(service: &Api) -> Result<FlagSet> {
    let text = service.get("/api/v1/flags").await?.expect(200)?.text;
    Ok(FlagSet::compile(Snapshot::from_json(text.as_bytes())?))
}

/// Those of the vectors, which are the odd ones, and numbered ones.
fn subjects() -> Result<Vec<String>> {
    let vectors: Value = serde_json::from_str(VECTORS)?;
    let list = vectors["subjects"].as_array().context("a list")?;
    let mut subjects: BTreeSet<String> = list
        .iter()
        .filter_map(|vector| vector["subject"].as_str().map(ToOwned::to_owned))
        .collect();
    let mut numbered = (0..).map(|number| format!("client-{number}"));
    while subjects.len() < SUBJECTS {
        subjects.extend(numbered.next());
    }
    Ok(subjects.into_iter().collect())
}

/// A question, and the answer it must get.
struct Expectation {
    /// As the programs read it. Its default is never what the flag says, so that it cannot pass for an answer.
    question: Value,
    /// As the programs write it, without a message.
    answer: Value,
}

/// Old or new, for this flag and subject?
fn boolean(set: &FlagSet, flag: &str, subject: Option<&str>) -> Expectation {
    let found = set.evaluate(flag, subject);
    let value = found.is_ok_and(|found| found.serve.is_new());
    let question = question(flag, "boolean", &json!(!value), subject);
    let answer = match found {
        Ok(found) => json!({
            "value": value, "variant": found.serve.as_str(), "reason": found.reason.as_str(), "error_code": null,
            "flag_metadata": metadata(set, found.state, found.stored, found.kill_switch),
        }),
        Err(error) => error_of(&question, code_of(error)),
    };
    Expectation { question, answer }
}

/// Which mode is this module in?
fn mode(set: &FlagSet, flag: &str) -> Expectation {
    let flag = format!("{flag}.mode");
    let question = question(&flag, "string", &json!("nothing"), None);
    let answer = match set.mode(&flag) {
        Ok(found) => json!({
            "value": found.state.mode().as_str(), "variant": found.state.mode().as_str(), "reason": "STATIC",
            "error_code": null,
            "flag_metadata": metadata(set, found.state, found.stored, found.kill_switch),
        }),
        Err(error) => error_of(&question, code_of(error)),
    };
    Expectation { question, answer }
}

/// Asked for in the wrong type.
fn mistaken(flag: &str, kind: &str, default: &Value) -> Expectation {
    let question = question(flag, kind, default, Some("ada"));
    let answer = error_of(&question, "TYPE_MISMATCH");
    Expectation { question, answer }
}

fn question(flag: &str, kind: &str, default: &Value, subject: Option<&str>) -> Value {
    json!({ "flag": flag, "kind": kind, "default": default, "subject": subject })
}

/// The default, and why.
fn error_of(question: &Value, code: &str) -> Value {
    json!({
        "value": question["default"], "variant": null, "reason": "ERROR", "error_code": code, "flag_metadata": {},
    })
}

fn code_of(error: EvaluationError) -> &'static str {
    ErrorCode::from(error).as_str()
}

fn metadata(set: &FlagSet, state: FlagState, stored: FlagState, kill_switch: bool) -> Value {
    let mut metadata = json!({
        "revision": set.revision().number, "mode": state.mode().as_str(), "exposure": state.exposure().basis_points(),
        "compare": state.mode() == Mode::BothValidate,
    });
    if kill_switch {
        metadata["killSwitch"] = true.into();
        metadata["storedMode"] = stored.mode().as_str().into();
    }
    metadata
}

/// Everything there is to ask about these flags. Where the subject decides, all are asked about, else some.
fn everything(set: &FlagSet) -> Result<Vec<Expectation>> {
    let subjects = subjects()?;
    let mut all = Vec::new();
    for flag in set {
        let (key, module) = (flag.full_key(), flag.module().as_str());
        let split = flag.mode().state.mode() == Mode::GradualRollout;
        let some = subjects.iter().step_by(if split { 1 } else { 10 });
        all.extend(some.map(|subject| boolean(set, key, Some(subject))));
        all.extend([
            boolean(set, module, Some("ada")),
            boolean(set, key, None),
            mode(set, key),
            mode(set, module),
            mistaken(key, "string", &json!("new")),
            mistaken(&format!("{key}.mode"), "boolean", &json!(true)),
        ]);
    }
    for stranger in ["ledger.nobody", "nobody", "other.parcel_ledger"] {
        all.extend([boolean(set, stranger, Some("ada")), mode(set, stranger)]);
    }
    Ok(all)
}

/// The questions alone.
fn questions(expected: &[Expectation]) -> Value {
    expected
        .iter()
        .map(|expectation| expectation.question.clone())
        .collect()
}

/// Fails unless a program answered every question as expected, errors with a message.
fn compare(expected: &[Expectation], answers: Vec<Value>) {
    assert_eq!(answers.len(), expected.len());
    for (Expectation { question, answer }, mut given) in expected.iter().zip(answers) {
        let message = given
            .as_object_mut()
            .and_then(|given| given.remove("error_message"));
        let explained =
            message.is_some_and(|message| message.as_str().is_some_and(|m| !m.is_empty()));
        assert_eq!(
            explained,
            !answer["error_code"].is_null(),
            "{question}: {given}"
        );
        assert_eq!(&given, answer, "{question}");
    }
}
