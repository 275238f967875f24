//! Checklists over HTTP: what is ticked, by whom, and what waits for it.

use anyhow::{Context as _, Result};
use http_tests::app::{Answer, Api, TestApp};
use serde_json::{Value, json};

use crate::{PLAN, START, with_plan};

const LISTS: &str = "/api/v1/migrations/ledger/checklists";

/// A migration without a plan, so that its daily checklist begins with its first item.
async fn plain(app: &TestApp) -> Result<Api> {
    let admin = app.api("admin").await?;
    let migration = json!({ "key": "ledger", "name": "Ledger", "zone": "Pacific/Auckland" });
    admin
        .post("/api/v1/migrations", migration)
        .await?
        .expect(201)?;
    Ok(admin)
}

async fn add(api: &Api, item: Value) -> Result<i64> {
    let added = api.post(LISTS, item).await?.expect(201)?;
    let location = added.header("location").to_owned();
    let shown = api.get(&location).await?.expect(200)?;
    assert_eq!(shown.header("etag"), "\"1\"");
    shown.json["id"].as_i64().context("an item has an id")
}

async fn daily(api: &Api, title: &str) -> Result<i64> {
    add(api, json!({ "list": "daily", "title": title })).await
}

async fn tick(api: &Api, item: i64, body: Value) -> Result<Answer> {
    api.post(&format!("{LISTS}/{item}/tick"), body).await
}

async fn lists(api: &Api) -> Result<Value> {
    Ok(api.get(LISTS).await?.expect(200)?.json)
}

#[tokio::test]
async fn a_day_is_worked_and_everybody_sees_who_did_what() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = plain(&app).await?;
    let smoke = daily(&admin, "Smoke test").await?;
    let reading = add(
        &admin,
        json!({ "list": "daily", "title": "Read the mismatches", "owner": "ines", "evidence_required": true,
                "commands": "make mismatches", "due": "09:00" }),
    )
    .await?;
    let operator = app.api("operator").await?;
    let today = lists(&operator).await?["today"].clone();
    let done = tick(&operator, smoke, json!({ "day": today }))
        .await?
        .expect(200)?;
    assert_eq!(done.json["action"], "check.tick");
    let without = tick(&operator, reading, json!({})).await?.expect(400)?;
    assert_eq!(without.json["fields"][0]["field"], "evidence");
    let script = json!({ "evidence": "javascript:alert(1)" });
    tick(&operator, reading, script).await?.expect(400)?;
    let link = json!({ "evidence": "https://ci.example.org/7" });
    tick(&operator, reading, link).await?.expect(200)?;

    let seen = lists(&admin).await?;
    assert_eq!(seen["zone"], "Pacific/Auckland");
    let first = &seen["daily"][0];
    assert_eq!(first["tick"]["by"], "token:test-operator");
    assert_eq!(first["tick"]["sequence"], done.json["sequence"]);
    assert_eq!(
        seen["daily"][1]["tick"]["evidence"],
        "https://ci.example.org/7"
    );
    assert_eq!(
        (&seen["history"][0]["done"], &seen["history"][0]["left"]),
        (&json!(2), &json!(0))
    );
    assert_eq!(seen["streak"]["current"], 1);

    // Taken back, it is left again; a second time there is nothing to take back.
    let path = format!("{LISTS}/{smoke}/untick");
    let other = json!({ "seen": 1 });
    let stale = admin.post(&path, other).await?.expect(409)?;
    assert_eq!(stale.json["code"], "stale");
    let seen = json!({ "seen": done.json["sequence"], "reason": "the wrong line" });
    admin.post(&path, seen).await?.expect(200)?;
    let again = admin.post(&path, json!({})).await?.expect(409)?;
    assert_eq!(again.json["code"], "no-change");
    assert_eq!(lists(&admin).await?["daily"][0]["tick"], Value::Null);

    let log = admin
        .get("/api/v1/audit?q=action:check")
        .await?
        .expect(200)?;
    for action in ["check.add", "check.tick", "check.untick"] {
        assert!(log.text.contains(action), "{action}: {}", log.text);
    }
    Ok(())
}

#[tokio::test]
async fn a_skip_needs_a_reason_and_a_viewer_ticks_nothing() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = plain(&app).await?;
    let item = daily(&admin, "Smoke test").await?;
    let skip = format!("{LISTS}/{item}/skip");
    admin.post(&skip, json!({})).await?.expect(400)?;
    let viewer = app.api("viewer").await?;
    let reason = json!({ "reason": "no traffic today" });
    viewer.post(&skip, reason.clone()).await?.expect(403)?;
    tick(&viewer, item, json!({})).await?.expect(403)?;
    viewer
        .post(LISTS, json!({ "list": "once", "title": "Mine" }))
        .await?
        .expect(403)?;
    viewer.get(LISTS).await?.expect(200)?;
    admin.post(&skip, reason).await?.expect(200)?;
    let row = lists(&viewer).await?["daily"][0].clone();
    assert_eq!(row["tick"]["skipped"], true);
    assert_eq!(row["tick"]["reason"], "no traffic today");
    // Whoever comes second is told who came first.
    let second = tick(&admin, item, json!({})).await?.expect(409)?;
    assert_eq!(second.json["code"], "no-change");
    assert!(second.text.contains("token:test-admin"), "{}", second.text);
    tick(&admin, 999, json!({})).await?.expect(404)?;
    Ok(())
}

#[tokio::test]
async fn eight_people_who_tick_at_once_lose_none() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = plain(&app).await?;
    let mut items = Vec::new();
    for number in 0..8 {
        items.push(daily(&admin, &format!("Item {number}")).await?);
    }
    // Everybody ticks all of them, each beginning elsewhere.
    let people = (0..8).map(|person| {
        let (admin, mut items) = (admin.clone(), items.clone());
        items.rotate_left(person);
        tokio::spawn(async move {
            let mut done = Vec::new();
            for item in items {
                let answer = tick(&admin, item, json!({})).await?;
                match answer.status.as_u16() {
                    200 => done.push(item),
                    409 => assert_eq!(answer.json["code"], "no-change", "{}", answer.text),
                    other => panic!("{other}: {}", answer.text),
                }
            }
            anyhow::Ok(done)
        })
    });
    let mut done = Vec::new();
    for person in people.collect::<Vec<_>>() {
        done.extend(person.await??);
    }
    done.sort_unstable();
    assert_eq!(done, items, "each item was ticked by exactly one");
    let seen = lists(&admin).await?;
    let left = seen["daily"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|row| row["tick"].is_null());
    assert_eq!(left.count(), 0, "{seen}");
    let log = admin
        .get("/api/v1/audit?q=action:check.tick%20outcome:committed")
        .await?
        .expect(200)?;
    let kept = log.json["rows"].as_array().map(Vec::len);
    assert_eq!(kept, Some(8), "{}", log.text);
    Ok(())
}

#[tokio::test]
async fn the_list_before_a_phase_keeps_its_first_promotion_and_no_rollback() -> Result<()> {
    let (_app, admin) = with_plan().await?;
    // What a plan calls preparation stands in nobody's way.
    assert_eq!(
        lists(&admin).await?["once"][0]["title"],
        "Record the baseline"
    );
    let module = admin
        .get("/api/v1/migrations/ledger/modules/stamp_printer")
        .await?
        .expect(200)?;
    let phase = &module.json["phase"];
    admin
        .set("ledger", "parcel_ledger", "gradual_rollout", Some(10.0))
        .await?
        .expect(200)?;
    let mut items = Vec::new();
    for title in ["Coverage is 90 %", "Rollback was tried"] {
        let item = json!({ "list": "phase", "phase": phase, "moment": "before", "title": title });
        items.push(add(&admin, item).await?);
    }
    tick(&admin, items[0], json!({})).await?.expect(200)?;
    let refused = admin
        .set("ledger", "stamp_printer", "both_validate", None)
        .await?
        .expect(409)?;
    assert_eq!(refused.json["code"], "checklist-open");
    assert_eq!(refused.json["phase"], *phase);
    assert_eq!(refused.json["left"], json!(["Rollback was tried"]));
    assert!(
        refused.text.contains("Rollbacks stay possible"),
        "{}",
        refused.text
    );
    // What has begun is not kept, and goes down whenever it must.
    admin
        .set("ledger", "parcel_ledger", "gradual_rollout", Some(50.0))
        .await?
        .expect(200)?;
    admin
        .roll_back("ledger", "parcel_ledger")
        .await?
        .expect(200)?;
    let skip = json!({ "reason": "tried in staging" });
    admin
        .post(&format!("{LISTS}/{}/skip", items[1]), skip)
        .await?
        .expect(200)?;
    admin
        .set("ledger", "stamp_printer", "both_validate", None)
        .await?
        .expect(200)?;
    Ok(())
}

#[tokio::test]
async fn a_plan_brings_its_lists_and_what_people_added_stays_when_it_comes_again() -> Result<()> {
    let (_app, admin) = with_plan().await?;
    let seen = lists(&admin).await?;
    assert_eq!(seen["begins"], START);
    assert_eq!(seen["daily"], json!([]));
    let titles = |list: &Value| -> Vec<String> {
        let items = list["items"].as_array().into_iter().flatten();
        items
            .filter_map(|item| item["title"].as_str().map(str::to_owned))
            .collect()
    };
    assert_eq!(titles(&seen["conditional"][0]), ["Find the cause"]);
    assert_eq!(
        titles(&seen["conditional"][1]),
        ["Roll back when it is above 5 %"]
    );
    assert_eq!(seen["conditional"][0]["limit_basis_points"], 100);
    let own = json!({ "list": "once", "title": "Order the cake" });
    let item = add(&admin, own).await?;
    let again = admin.import("ledger", START, PLAN).await?.expect(409)?;
    assert_eq!(again.json["code"], "no-change");
    let more = format!("{PLAN}\n");
    let changed = more.replace("Look at the error rates", "Look at all error rates");
    admin.import("ledger", START, &changed).await?.expect(200)?;
    let own = admin.get(&format!("{LISTS}/{item}")).await?.expect(200)?;
    assert_eq!(own.json["title"], "Order the cake");
    // What is exported holds it, and changes nothing when it is imported again.
    let plan = admin
        .get("/api/v1/migrations/ledger/plan")
        .await?
        .expect(200)?;
    assert!(plan.text.contains("Order the cake"), "{}", plan.text);
    let back = admin
        .import("ledger", START, &plan.text)
        .await?
        .expect(409)?;
    assert_eq!(back.json["code"], "no-change", "{}", back.text);
    Ok(())
}

#[tokio::test]
async fn an_edit_says_which_version_it_saw_and_what_is_put_away_is_gone() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = plain(&app).await?;
    let item = daily(&admin, "Smoke test").await?;
    let path = format!("{LISTS}/{item}");
    admin
        .patch(&path, json!({ "owner": "ines" }))
        .await?
        .expect(428)?;
    let edit = json!({ "owner": "ines", "due": "09:00", "expected_version": 1 });
    admin.patch(&path, edit.clone()).await?.expect(200)?;
    let stale = admin.patch(&path, edit).await?.expect(409)?;
    assert_eq!(stale.json["code"], "stale");
    assert_eq!(stale.json["other_change"]["action"], "check.edit");
    let never = json!({ "due": null, "expected_version": 2 });
    admin.patch(&path, never).await?.expect(200)?;
    assert_eq!(admin.get(&path).await?.expect(200)?.json["due"], "");
    let away = json!({ "reason": "said twice", "expected_version": 3 });
    admin
        .post(&format!("{path}/archive"), away)
        .await?
        .expect(200)?;
    admin.get(&path).await?.expect(404)?;
    let refused = tick(&admin, item, json!({})).await?.expect(409)?;
    assert_eq!(refused.json["code"], "archived");
    Ok(())
}

#[tokio::test]
async fn a_browser_without_script_ticks_by_a_form_and_is_told_what_is_wrong() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = plain(&app).await?;
    let item = add(
        &admin,
        json!({ "list": "once", "title": "Benchmarks", "evidence_required": true }),
    )
    .await?;
    let browser = app.browser().await?;
    let page = browser
        .get("/m/ledger/checklists?list=once")
        .await?
        .expect(200)?;
    assert!(page.text.contains("Benchmarks"), "{}", page.text);
    let id = item.to_string();
    let fields = |evidence: &'static str| {
        vec![
            ("migration", "ledger"),
            ("item", id.as_str()),
            ("to", "done"),
            ("view", "list=once"),
            ("evidence", evidence),
        ]
    };
    let refused = browser
        .post_form("/fn/mark_check", &fields("nowhere"))
        .await?;
    let back = refused.header("location").to_owned();
    assert!(back.contains("/m/ledger/checklists?list=once"), "{back}");
    let page = browser.get(&back).await?.expect(200)?;
    assert!(
        page.text.contains("begins with https://") && page.text.contains("value=\"nowhere\""),
        "{}",
        page.text
    );
    let done = browser
        .post_form("/fn/mark_check", &fields("https://ci.example.org/7"))
        .await?;
    let there = done.header("location").to_owned();
    assert!(there.ends_with(&format!("#check-{item}")), "{there}");
    let page = browser.get(&there).await?.expect(200)?;
    assert!(
        page.text.contains("href=\"https://ci.example.org/7\"") && page.text.contains("done by"),
        "{}",
        page.text
    );
    // The overview's line is gone with the last item of the day.
    daily(&admin, "Smoke test").await?;
    let overview = browser.get("/m/ledger").await?.expect(200)?;
    assert!(
        overview.text.contains("1 of 1 left today"),
        "{}",
        overview.text
    );
    Ok(())
}
