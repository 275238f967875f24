//! Calendars that other programs read, and the search, over HTTP.

use anyhow::{Context as _, Result, ensure};
use http_tests::app::{Answer, Api, Browser};
use http_tests::clients::{self, Conversation};
use serde_json::{Value, json};

use crate::with_plan;

/// Makes an address in the browser, and gives it from the page that shows it once.
async fn subscribe(browser: &Browser) -> Result<String> {
    let fields = [("migration", "ledger"), ("environment", "")];
    let made = browser
        .post_form("/fn/create_calendar_feed", &fields)
        .await?;
    ensure!(made.status.is_redirection(), "{}", made.text);
    let location = made.header("location").to_owned();
    let location = location.strip_prefix(&browser.url).unwrap_or(&location);
    let page = browser.get(location).await?.expect(200)?;
    let found = page.text.split("/calendar/").find_map(|part| {
        let (secret, _) = part.split_once(".ics")?;
        (secret.len() == 43).then(|| format!("/calendar/{secret}.ics"))
    });
    found.context("the page shows the address")
}

/// The events, as another library reads them.
async fn events(feed: &Answer) -> Result<Vec<Value>> {
    let question = json!({ "calendar": feed.text });
    Conversation::start(clients::python("ics.py")?, &question)
        .await?
        .only_answers()
        .await
}

fn event<'a>(events: &'a [Value], uid: &str) -> Result<&'a Value> {
    let mut found = events
        .iter()
        .filter(|event| event["uid"].as_str().is_some_and(|it| it.starts_with(uid)));
    let event = found
        .next()
        .with_context(|| format!("{uid} in {events:?}"))?;
    ensure!(found.next().is_none(), "{uid} is there twice");
    Ok(event)
}

async fn add(api: &Api, below: &str, body: Value) -> Result<()> {
    let path = format!("/api/v1/migrations/ledger/{below}");
    api.post(&path, body).await?.expect(201)?;
    Ok(())
}

#[tokio::test]
async fn another_library_reads_the_calendar_and_a_moved_phase_is_the_same_event() -> Result<()> {
    let (app, admin) = with_plan().await?;
    let ledger = admin.get("/api/v1/migrations/ledger").await?.expect(200)?;
    let zone = json!({ "zone": "Europe/Berlin", "expected_version": ledger.json["version"] });
    admin
        .patch("/api/v1/migrations/ledger", zone)
        .await?
        .expect(200)?;
    add(
        &admin,
        "milestones",
        json!({ "name": "Board, \"Zürich\"; 🚂 and a name that is longer than one line of a calendar may be", "day": "2026-12-14" }),
    )
    .await?;
    // Over the change of the clocks on 28 March 2027.
    add(
        &admin,
        "windows",
        json!({ "name": "Weekend", "kind": "freeze", "starts": "2027-03-20T09:00", "ends": "2027-03-20T10:00",
                "recurrence": "FREQ=WEEKLY;COUNT=3" }),
    )
    .await?;
    let browser = app.browser().await?;
    let address = subscribe(&browser).await?;
    let feed = app.anonymous().get(&address).await?.expect(200)?;
    assert_eq!(feed.header("content-type"), "text/calendar; charset=utf-8");
    assert!(feed.text.split("\r\n").all(|line| line.len() <= 75));
    let first = events(&feed).await?;
    let phase = event(&first, "phase-2.ledger@")?.clone();
    assert_eq!(
        (&phase["start"], &phase["whole_day"]),
        (&json!("2026-12-14"), &json!(true))
    );
    let milestone = event(&first, "milestone-")?;
    assert_eq!(
        milestone["summary"],
        "Board, \"Zürich\"; 🚂 and a name that is longer than one line of a calendar may be"
    );
    let at = |uid: &str| event(&first, uid).map(|event| event["start"].clone());
    assert_eq!(at("window-1-20270320T0900")?, "2027-03-20T08:00:00+00:00");
    assert_eq!(at("window-1-20270403T0900")?, "2027-04-03T07:00:00+00:00");

    // Read again, nothing has changed.
    let again = app
        .anonymous()
        .request(reqwest::Method::GET, &address)
        .header("if-none-match", feed.header("etag"));
    assert_eq!(again.send().await?.status(), 304);

    let calendar = admin
        .get("/api/v1/migrations/ledger/calendar")
        .await?
        .expect(200)?;
    let version = &calendar.json["phases"][1]["version"];
    let moved = json!({ "start": "2026-12-21", "end": "2027-01-10", "following": "stay", "expected_version": version });
    admin
        .post("/api/v1/migrations/ledger/phases/2/move", moved)
        .await?
        .expect(200)?;
    let second = events(&app.anonymous().get(&address).await?.expect(200)?).await?;
    let later = event(&second, "phase-2.ledger@")?;
    assert_eq!(later["uid"], phase["uid"]);
    assert_eq!(
        (&later["start"], &later["end"]),
        (&json!("2026-12-21"), &json!("2027-01-11"))
    );
    assert!(later["sequence"].as_i64() > phase["sequence"].as_i64());
    Ok(())
}

#[tokio::test]
async fn an_address_answers_nothing_once_it_is_revoked_or_its_owner_may_not_see_it() -> Result<()> {
    let (app, admin) = with_plan().await?;
    let browser = app.browser().await?;
    let address = subscribe(&browser).await?;
    let listed = admin
        .get("/api/v1/migrations/ledger/calendar-feeds")
        .await?
        .expect(200)?;
    let feed = listed.json["calendar_feeds"][0].clone();
    assert!(address.contains(feed["hint"].as_str().context("a hint")?));
    assert!(!listed.text.contains(&address[10..40]));
    let wrong = app
        .anonymous()
        .get("/calendar/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.ics")
        .await?
        .expect(404)?;
    let without_end = address.trim_end_matches(".ics").to_owned();
    app.anonymous().get(&without_end).await?.expect(404)?;
    app.anonymous().get(&address).await?.expect(200)?;

    let id = feed["id"].as_str().context("an id")?;
    let revoke = format!("/api/v1/calendar-feeds/{id}/revoke");
    let viewer = app.api("viewer").await?;
    viewer.post(&revoke, json!({})).await?.expect(404)?;
    admin
        .post(&revoke, json!({ "reason": "lost" }))
        .await?
        .expect(200)?;
    admin.post(&revoke, json!({})).await?.expect(409)?;
    let gone = app.anonymous().get(&address).await?.expect(404)?;
    // Nobody is told whether there ever was one.
    assert_eq!(gone.json["detail"], wrong.json["detail"]);

    // A token is no person.
    admin
        .post("/api/v1/migrations/ledger/calendar-feeds", json!({}))
        .await?
        .expect(400)?;

    // Who is put away reads nothing any more.
    app.cli_ok(&["user", "add", "ada", "--role", "viewer"])
        .await?;
    let ada = app.cli_ok(&["user", "sign-in-link", "ada"]).await?;
    let link = ada
        .lines()
        .find_map(|line| line.split_whitespace().find(|word| word.contains("link=")))
        .context("a link to sign in by")?;
    let address = subscribe(&Browser::sign_in(&app.url, link).await?).await?;
    app.anonymous().get(&address).await?.expect(200)?;
    admin
        .post("/api/v1/users/ada/archive", json!({ "reason": "left" }))
        .await?
        .expect(200)?;
    app.anonymous().get(&address).await?.expect(404)?;
    Ok(())
}

#[tokio::test]
async fn one_search_finds_whatever_has_the_words() -> Result<()> {
    let (_app, admin) = with_plan().await?;
    let search = async |q: &str| -> Result<Vec<(String, String)>> {
        let path = format!("/api/v1/migrations/ledger/search?q={q}");
        let found = admin.get(&path).await?.expect(200)?;
        let hits = found.json["hits"].as_array().context("hits")?;
        let word = |hit: &Value, field: &str| hit[field].as_str().unwrap_or_default().to_owned();
        Ok(hits
            .iter()
            .map(|hit| (word(hit, "kind"), word(hit, "below")))
            .collect())
    };
    let found = search("parcel").await?;
    assert_eq!(
        found.first(),
        Some(&("module".into(), "modules/parcel_ledger".into()))
    );
    assert!(found.iter().any(|(kind, _)| kind == "audit"), "{found:?}");
    // Signs of patterns are letters like others.
    assert_eq!(search("par%25led").await?, []);
    assert_eq!(search("par_el").await?, []);
    let long = format!("/api/v1/migrations/ledger/search?q={}", "x".repeat(201));
    let refused = admin.get(&long).await?.expect(400)?;
    assert_eq!(refused.json["fields"][0]["field"], "q");
    Ok(())
}
