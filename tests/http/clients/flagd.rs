//! The flag definition for flagd, evaluated by flagd's own evaluator: every subject is on the side it is on here.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use flags::{Exposure, Flag, FlagSet, FlagState, Key, Mode, Snapshot};
use http_tests::clients::{self, Conversation};
use serde_json::{Value, json};

use super::{VECTORS, in_every_mode, subjects};

async fn answers(definition: &Value, questions: &[Value]) -> Result<Vec<Value>> {
    let job = json!({ "definition": definition, "questions": questions });
    Conversation::start(clients::python("flagd.py")?, &job)
        .await?
        .only_answers()
        .await
}

fn answer(new: bool) -> Value {
    json!({ "value": new, "variant": if new { "new" } else { "old" } })
}

#[tokio::test]
async fn what_is_downloaded_gives_every_subject_its_side_in_every_mode() -> Result<()> {
    let subjects = subjects()?;
    in_every_mode(async |service, set| {
        let (mut questions, mut expected) = (Vec::new(), Vec::new());
        for flag in set {
            let named = subjects.iter().map(|subject| Some(subject.as_str()));
            for subject in named.chain([None, Some("")]) {
                questions.push(json!({ "flag": flag.full_key(), "subject": subject }));
                // Who has no name cannot be told apart, and stays on old.
                let new = set
                    .evaluate(flag.full_key(), subject)
                    .is_ok_and(|found| found.serve.is_new());
                expected.push(answer(new));
            }
        }
        let definition = service.get("/api/v1/flagd.json").await?.expect(200)?.json;
        let given = answers(&definition, &questions).await?;
        for ((question, expected), given) in questions.iter().zip(&expected).zip(&given) {
            assert_eq!(given, expected, "{question}");
        }
        assert_eq!(given.len(), expected.len());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn every_vector_falls_on_its_side_at_every_exposure() -> Result<()> {
    let vectors: Value = serde_json::from_str(VECTORS)?;
    let vectors = vectors["subjects"].as_array().context("a list")?;
    let exposures: BTreeSet<u16> = vectors
        .iter()
        .filter_map(|vector| vector["new"].as_object())
        .flat_map(|sides| sides.keys().filter_map(|exposure| exposure.parse().ok()))
        .collect();
    assert!(exposures.len() > 1, "{exposures:?}");
    for exposure in exposures {
        let (mut questions, mut expected) = (Vec::new(), Vec::new());
        for vector in vectors {
            let side = &vector["new"][exposure.to_string()];
            let flag = format!("{}.{}", text(vector, "migration")?, text(vector, "module")?);
            questions.push(json!({ "flag": flag, "subject": vector["subject"] }));
            expected.push(answer(side.as_bool().context("a side")?));
        }
        let given = answers(&definition_at(exposure, vectors)?, &questions).await?;
        for ((question, expected), given) in questions.iter().zip(&expected).zip(&given) {
            assert_eq!(given, expected, "{question} at {exposure}");
        }
        assert_eq!(given.len(), vectors.len());
    }
    Ok(())
}

/// All modules of the vectors at one exposure: the definitions of their migrations in one.
fn definition_at(exposure: u16, vectors: &[Value]) -> Result<Value> {
    let mut modules: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for vector in vectors {
        let of_migration = modules.entry(text(vector, "migration")?).or_default();
        of_migration.insert(text(vector, "module")?);
    }
    let exposure = Exposure::from_basis_points(exposure)?;
    let state = FlagState::new(Mode::GradualRollout, Some(exposure))?;
    let mut whole = json!({ "flags": {} });
    for (migration, modules) in modules {
        let flags = modules
            .into_iter()
            .map(|module| {
                let module = Key::parse(module)?;
                Ok(Flag {
                    module,
                    state,
                    retired: false,
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let set = FlagSet::compile(Snapshot {
            migration: Key::parse(migration)?,
            environment: Key::parse("production")?,
            revision: "e:1".parse()?,
            kill_switch: false,
            flags,
        });
        for (key, flag) in flags::export::flagd(&set)["flags"]
            .as_object()
            .context("flags")?
        {
            whole["flags"][key] = flag.clone();
        }
    }
    Ok(whole)
}

fn text<'a>(vector: &'a Value, field: &str) -> Result<&'a str> {
    vector[field].as_str().context("a text")
}
