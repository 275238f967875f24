//! A plan out of a migration and into another over HTTP, edited and imported again; and what was planned undone.

use anyhow::{Context as _, Result};
use http_tests::app::{Answer, Api};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{START, with_plan};

const LEDGER: &str = "/api/v1/migrations/ledger";

async fn export(api: &Api, migration: &str) -> Result<String> {
    let path = format!("/api/v1/migrations/{migration}/plan");
    Ok(api.get(&path).await?.expect(200)?.text)
}

/// What importing the file would change.
async fn dry_run(api: &Api, file: &str, more: &str) -> Result<Value> {
    let path = format!("{LEDGER}/plan?start={START}&dry_run=true{more}");
    let request = api
        .request(Method::POST, &path)
        .header("content-type", "text/markdown")
        .body(file.to_owned());
    Ok(Answer::of(request.send().await?).await?.expect(200)?.json)
}

async fn import_with(api: &Api, file: &str, more: &str) -> Result<Answer> {
    let path = format!("{LEDGER}/plan?start={START}{more}");
    let request = api
        .request(Method::POST, &path)
        .header("content-type", "text/markdown")
        .body(file.to_owned());
    Answer::of(request.send().await?).await
}

/// PUT with a JSON body.
async fn put(api: &Api, path: &str, body: Value) -> Result<Answer> {
    Answer::of(api.request(Method::PUT, path).json(&body).send().await?).await
}

/// Answers the sequence of the change.
fn change(answer: Answer, status: u16) -> Result<u64> {
    let answer = answer.expect(status)?;
    answer.json["sequence"]
        .as_u64()
        .context("a change has a sequence")
}

async fn version(api: &Api, phase: u32) -> Result<i64> {
    let phase = api
        .get(&format!("{LEDGER}/phases/{phase}"))
        .await?
        .expect(200)?;
    phase.json["version"]
        .as_i64()
        .context("a phase has a version")
}

async fn phase_days(api: &Api, phase: u32) -> Result<(Value, Value)> {
    let mut phase = api
        .get(&format!("{LEDGER}/phases/{phase}"))
        .await?
        .expect(200)?
        .json;
    Ok((phase["start"].take(), phase["end"].take()))
}

/// Phase 2 behind phase 1, waiting for it, with windows, milestones and checks that people added.
async fn planned(api: &Api) -> Result<()> {
    for body in [
        json!({ "name": "Fair", "kind": "freeze", "starts": "2026-12-11T18:00", "ends": "2026-12-14T06:00",
                "scope": { "phase": 1 }, "recurrence": "FREQ=WEEKLY;COUNT=3" }),
        json!({ "name": "Nights", "kind": "change", "starts": "2026-12-08T22:00", "ends": "2026-12-09T02:00",
                "scope": { "module": "stamp_printer" } }),
    ] {
        api.post(&format!("{LEDGER}/windows"), body)
            .await?
            .expect(201)?;
    }
    let milestone = json!({ "name": "Board review", "day": "2026-12-18" });
    api.post(&format!("{LEDGER}/milestones"), milestone)
        .await?
        .expect(201)?;
    let next =
        json!({ "number": 4, "name": "Clean up", "start": "2027-03-01", "end": "2027-03-14" });
    api.post(&format!("{LEDGER}/phases"), next)
        .await?
        .expect(201)?;
    let needs = json!({ "needs": [1], "expected_version": 1 });
    put(api, &format!("{LEDGER}/phases/4/needs"), needs)
        .await?
        .expect(200)?;
    for body in [
        json!({ "list": "daily", "title": "Read the log", "owner": "ines", "due": "09:00", "evidence_required": true }),
        json!({ "list": "phase", "phase": 4, "moment": "before", "title": "Order the cake",
                "due": "2027-02-26", "commands": "make cake" }),
        json!({ "list": "conditional", "threshold": "rollback", "title": "Tell everybody" }),
    ] {
        api.post(&format!("{LEDGER}/checklists"), body)
            .await?
            .expect(201)?;
    }
    Ok(())
}

/// What two migrations have in common where one is made from the other: no ids, no versions, nobody's name.
async fn essence(api: &Api, migration: &str) -> Result<Value> {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for own in ["id", "version", "changed", "migration", "sequence"] {
                    fields.remove(own);
                }
                fields.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let mut all = json!({});
    for part in ["windows", "milestones", "phases", "checklists"] {
        let path = format!("/api/v1/migrations/{migration}/{part}");
        all[part] = api.get(&path).await?.expect(200)?.json;
    }
    strip(&mut all);
    Ok(all)
}

#[tokio::test]
async fn a_plan_goes_out_comes_back_and_shows_what_was_edited() -> Result<()> {
    let (_app, admin) = with_plan().await?;
    planned(&admin).await?;
    let file = export(&admin, "ledger").await?;
    for words in [
        "`FREQ=WEEKLY;COUNT=3`",
        "Number: 4",
        "due: 09:00; evidence required",
        "Board review",
    ] {
        assert!(file.contains(words), "{words}: {file}");
    }
    // Unchanged it changes nothing; elsewhere it makes the same.
    let shown = dry_run(&admin, &file, "").await?;
    let nothing = json!([]);
    assert_eq!(
        (&shown["changes"], &shown["unrecognised"]),
        (&nothing, &nothing),
        "{file}"
    );
    let again = admin.import("ledger", START, &file).await?.expect(409)?;
    assert_eq!(again.json["code"], "no-change");
    admin.import("copy", START, &file).await?.expect(200)?;
    assert_eq!(export(&admin, "copy").await?, file);
    assert_eq!(
        essence(&admin, "copy").await?,
        essence(&admin, "ledger").await?
    );

    // What was edited is the difference, in the preview and in the entry.
    let edited = file
        .replace("| 2026-12-18 |", "| 2026-12-17 |")
        .replace("2026-12-14 06:00", "2026-12-14 08:00")
        .replace("due: 09:00; evidence required", "due: 10:00")
        .replace("Clean up (2027-03-01 to", "Clean up (2027-03-02 to");
    let shown = dry_run(&admin, &edited, "").await?;
    let changes = shown["changes"].as_array().context("changes")?;
    assert_eq!(changes.len(), 4, "{changes:?}");
    for words in [
        "first day of phase 4",
        "freeze “Fair”",
        "from 2026-12-18 to 2026-12-17",
        "“Read the log”",
    ] {
        let told = changes
            .iter()
            .any(|change| change.as_str().is_some_and(|text| text.contains(words)));
        assert!(told, "{words}: {changes:?}");
    }
    let done = admin.import("ledger", START, &edited).await?.expect(200)?;
    let entry = admin
        .get(&format!("/api/v1/audit/{}", done.json["sequence"]))
        .await?
        .expect(200)?;
    assert!(entry.text.contains("2026-12-17"), "{}", entry.text);
    assert_eq!(export(&admin, "ledger").await?, edited);
    Ok(())
}

#[tokio::test]
async fn a_file_deletes_nothing_and_breaks_nothing_silently() -> Result<()> {
    let (_app, admin) = with_plan().await?;
    planned(&admin).await?;
    let file = export(&admin, "ledger").await?;
    let lines = file
        .lines()
        .filter(|line| !line.contains("| Board review |") && !line.contains("| Fair |"));
    let shorter: String = lines.flat_map(|line| [line, "\n"]).collect();
    let shown = dry_run(&admin, &shorter, "").await?;
    assert_eq!(shown["changes"], json!([]));
    assert_eq!(
        shown["kept"].as_array().map(Vec::len),
        Some(2),
        "{}",
        shown["kept"]
    );
    let asked = dry_run(&admin, &shorter, "&archive_absent=true").await?;
    assert_eq!(
        asked["changes"].as_array().map(Vec::len),
        Some(2),
        "{}",
        asked["changes"]
    );
    import_with(&admin, &shorter, "&archive_absent=true")
        .await?
        .expect(200)?;
    assert_eq!(export(&admin, "ledger").await?.matches("Fair").count(), 0);

    let early = shorter.replace("Clean up (2027-03-01 to", "Clean up (2026-12-08 to");
    let shown = dry_run(&admin, &early, "").await?;
    assert_eq!(shown["broken"].as_array().map(Vec::len), Some(1), "{shown}");
    let refused = import_with(&admin, &early, "").await?.expect(409)?;
    assert_eq!(refused.json["code"], "breaks-dependency");
    import_with(&admin, &early, "&overriding=true")
        .await?
        .expect(400)?;
    // An edit of the phase is asked the same.
    let path = format!("{LEDGER}/phases/4");
    let edit = json!({ "start": "2026-12-08", "expected_version": version(&admin, 4).await? });
    let refused = admin.patch(&path, edit.clone()).await?.expect(409)?;
    assert_eq!(refused.json["code"], "breaks-dependency");
    let mut overriding = edit;
    overriding["overriding"] = true.into();
    admin.patch(&path, overriding.clone()).await?.expect(400)?;
    overriding["reason"] = "the teams overlap".into();
    let done = admin.patch(&path, overriding).await?.expect(200)?;
    let told = done.json["summary"].as_str().unwrap_or_default();
    assert!(told.contains("overridden: Phase 4"), "{told}");
    import_with(&admin, &early, "&overriding=true&reason=agreed")
        .await?
        .expect(409)?;
    Ok(())
}

async fn undo(api: &Api, sequence: u64) -> Result<Answer> {
    let body = json!({ "sequence": sequence, "reason": "mistaken" });
    api.post(&format!("{LEDGER}/undo"), body).await
}

#[tokio::test]
async fn what_was_planned_is_undone_unless_it_changed_since() -> Result<()> {
    let (_app, admin) = with_plan().await?;
    planned(&admin).await?;
    let days = (phase_days(&admin, 1).await?, phase_days(&admin, 4).await?);
    let path = format!("{LEDGER}/phases/1/move");
    let to = json!({ "start": "2026-12-09", "end": "2026-12-22", "following": "move_along",
                     "expected_version": version(&admin, 1).await? });
    let moved = change(admin.post(&path, to).await?, 200)?;
    let back = change(undo(&admin, moved).await?, 200)?;
    assert_eq!(
        (phase_days(&admin, 1).await?, phase_days(&admin, 4).await?),
        days
    );
    let again = undo(&admin, moved).await?.expect(409)?;
    assert_eq!(again.json["code"], "no-change");
    // What undoes a move is one, and is undone like it; then another comes between.
    change(undo(&admin, back).await?, 200)?;
    let to = json!({ "start": "2026-12-10", "end": "2026-12-22", "expected_version": version(&admin, 1).await? });
    let newest = change(admin.post(&path, to).await?, 200)?;
    let refused = undo(&admin, moved).await?.expect(409)?;
    assert_eq!(refused.json["code"], "stale");
    assert_eq!(refused.json["other_change"]["sequence"], newest);

    let needs = json!({ "needs": [], "expected_version": version(&admin, 4).await? });
    let freed = change(
        put(&admin, &format!("{LEDGER}/phases/4/needs"), needs).await?,
        200,
    )?;
    change(undo(&admin, freed).await?, 200)?;
    assert!(export(&admin, "ledger").await?.contains("Needs: "));

    // Created, edited, archived: each goes back by itself.
    let before = export(&admin, "ledger").await?;
    for (kind, new, edit) in [
        (
            "windows",
            json!({ "name": "Sale", "kind": "freeze", "starts": "2027-01-04T00:00", "ends": "2027-01-05T00:00" }),
            json!({ "name": "Sale", "kind": "freeze", "starts": "2027-01-04T00:00", "ends": "2027-01-06T00:00",
                    "expected_version": 1 }),
        ),
        (
            "milestones",
            json!({ "name": "Party", "day": "2027-01-04" }),
            json!({ "day": "2027-01-05", "expected_version": 1 }),
        ),
    ] {
        let path = format!("{LEDGER}/{kind}");
        let created = admin.post(&path, new).await?.expect(201)?;
        let one = created.header("location").to_owned();
        let created = change(created, 201)?;
        let with = export(&admin, "ledger").await?;
        let edited = if kind == "windows" {
            put(&admin, &one, edit).await?
        } else {
            admin.patch(&one, edit).await?
        };
        let edited = change(edited, 200)?;
        let stale = undo(&admin, created).await?.expect(409)?;
        assert_eq!(stale.json["code"], "stale", "{kind}");
        change(undo(&admin, edited).await?, 200)?;
        assert_eq!(export(&admin, "ledger").await?, with, "{kind}");
        let away = json!({ "reason": "not needed", "expected_version": 3 });
        let archived = admin.post(&format!("{one}/archive"), away).await?;
        let archived = change(archived, 200)?;
        assert_eq!(export(&admin, "ledger").await?, before, "{kind}");
        let restored = change(undo(&admin, archived).await?, 200)?;
        assert_eq!(export(&admin, "ledger").await?, with, "{kind}");
        let again = undo(&admin, archived).await?.expect(409)?;
        assert_eq!(again.json["code"], "no-change", "{kind}");
        change(undo(&admin, restored).await?, 200)?;
        assert_eq!(export(&admin, "ledger").await?, before, "{kind}");
    }
    Ok(())
}
