//! Calendars that other programs read, and the search, over HTTP.

use anyhow::{Context as _, Result, ensure};
use http_tests::app::{Answer, Api, Browser};
use http_tests::clients::{self, Conversation};
use serde_json::{Value, json};
use tokio::task::JoinSet;

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
    // Read again, nothing has changed.
    let again = app
        .anonymous()
        .request(reqwest::Method::GET, &address)
        .header("if-none-match", feed.header("etag"));
    assert_eq!(again.send().await?.status(), 304);
    // What is on no calendar changes none.
    let environment = json!({ "key": "staging", "name": "Staging" });
    add(&admin, "environments", environment).await?;
    let known = app
        .anonymous()
        .request(reqwest::Method::HEAD, &address)
        .header("if-none-match", feed.header("etag"));
    assert_eq!(known.send().await?.status(), 304);
    let head = app.anonymous().request(reqwest::Method::HEAD, &address);
    let head = head.send().await?;
    assert_eq!(
        (head.status().as_u16(), head.headers().get("etag")),
        (200, feed.headers.get("etag"))
    );
    assert!(head.text().await?.is_empty());

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
    assert!(later["changed"].as_str() >= phase["changed"].as_str());
    // The other phase stayed where it is, and is no newer.
    let [before, after] = [&first, &second].map(|events| event(events, "phase-1.ledger@").cloned());
    assert_eq!(before?, after?);
    Ok(())
}

#[tokio::test]
async fn what_recurs_does_so_on_the_wall_over_a_change_of_clocks() -> Result<()> {
    let (app, admin) = with_plan().await?;
    let ledger = admin.get("/api/v1/migrations/ledger").await?.expect(200)?;
    let zone = json!({ "zone": "Europe/Berlin", "expected_version": ledger.json["version"] });
    admin
        .patch("/api/v1/migrations/ledger", zone)
        .await?
        .expect(200)?;
    // The clocks change in the night to 28 March 2027: within one of the nights, between the others.
    for (name, starts, ends, rule) in [
        (
            "Mornings",
            "2027-03-20T09:00",
            "2027-03-20T10:00",
            "FREQ=WEEKLY;COUNT=3",
        ),
        (
            "Nights",
            "2027-03-20T22:00",
            "2027-03-21T06:00",
            "FREQ=WEEKLY;UNTIL=20270410",
        ),
        ("Once", "2027-03-27T22:00", "2027-03-28T06:00", ""),
    ] {
        let window = json!({ "name": name, "kind": "freeze", "starts": starts, "ends": ends, "recurrence": rule });
        add(&admin, "windows", window).await?;
    }
    let check = json!({ "list": "daily", "title": "Read the mismatches", "due": "09:00" });
    add(&admin, "checklists", check).await?;
    admin
        .set("ledger", "parcel_ledger", "both_validate", None)
        .await?
        .expect(200)?;
    let issue = json!({ "title": "Stamps, doubled", "severity": "high", "due": "2026-12-11" });
    add(&admin, "issues", issue).await?;

    let address = subscribe(&app.browser().await?).await?;
    let seen = events(&app.anonymous().get(&address).await?.expect(200)?).await?;
    let mornings = event(&seen, "window-1.ledger@")?;
    assert_eq!(mornings["summary"], "Freeze: Mornings");
    assert_eq!(mornings["zone"], "Europe/Berlin");
    assert_eq!(mornings["start"], "2027-03-20T09:00:00+01:00");
    let at_nine = [
        "2027-03-20T08:00:00+00:00",
        "2027-03-27T08:00:00+00:00",
        "2027-04-03T07:00:00+00:00",
    ];
    assert_eq!(mornings["times"], json!(at_nine));
    // The night that is an hour shorter is told by itself, so that no program ends it at five or at seven.
    let nights = event(&seen, "window-2.ledger@")?;
    let regular = [
        "2027-03-20T21:00:00+00:00",
        "2027-04-03T20:00:00+00:00",
        "2027-04-10T20:00:00+00:00",
    ];
    assert_eq!(nights["times"], json!(regular));
    let short = event(&seen, "window-2-20270327T2200.ledger@")?;
    for night in [short, event(&seen, "window-3.ledger@")?] {
        assert_eq!(night["start"], "2027-03-27T22:00:00+01:00");
        assert_eq!(night["end"], "2027-03-28T06:00:00+02:00");
    }
    let checks = event(&seen, "checks-0900.ledger@")?;
    assert_eq!(checks["start"], "2026-12-07T09:00:00+01:00");
    let days = checks["times"].as_array().map_or(0, Vec::len);
    let phases = admin
        .get("/api/v1/migrations/ledger/calendar")
        .await?
        .expect(200)?;
    let last = phases.json["phases"].as_array().into_iter().flatten();
    let last = last
        .filter_map(|phase| phase["planned"]["end"].as_str())
        .max();
    let told = checks["times"][days - 1].as_str().context("a last time")?;
    assert_eq!(told.get(..10), last);
    let soak = event(&seen, "soak-parcel_ledger.ledger@")?;
    assert_eq!(soak["category"], "Soak");
    let due = event(&seen, "issue-1.ledger@")?;
    assert_eq!(
        (&due["start"], &due["whole_day"]),
        (&json!("2026-12-11"), &json!(true))
    );
    assert_eq!(due["summary"], "Issue 1 due: Stamps, doubled");
    assert!(
        due["url"]
            .as_str()
            .is_some_and(|url| url == format!("{}/m/ledger/issues/1", app.url))
    );

    // Moved to another time, it is the same event.
    let listed = admin
        .get("/api/v1/migrations/ledger/windows")
        .await?
        .expect(200)?;
    let version = &listed.json["windows"][2]["version"];
    let window = json!({ "name": "Once", "kind": "freeze", "starts": "2027-04-01T10:00", "ends": "2027-04-01T11:00",
                         "expected_version": version });
    let path = format!(
        "/api/v1/migrations/ledger/windows/{}",
        listed.json["windows"][2]["id"]
    );
    let put = admin.request(reqwest::Method::PUT, &path).json(&window);
    Answer::of(put.send().await?).await?.expect(200)?;
    let id = &listed.json["windows"][2]["id"];
    let again = events(&app.anonymous().get(&address).await?.expect(200)?).await?;
    let uid = format!("window-{id}.ledger@");
    let (before, after) = (event(&seen, &uid)?, event(&again, &uid)?);
    assert_eq!(after["start"], "2027-04-01T10:00:00+02:00");
    assert!(after["sequence"].as_i64() > before["sequence"].as_i64());
    Ok(())
}

#[tokio::test]
async fn who_guesses_addresses_is_told_to_wait_and_who_has_one_is_not() -> Result<()> {
    let (app, _admin) = with_plan().await?;
    let address = subscribe(&app.browser().await?).await?;
    // All at once: on a busy machine one after the other may be slow enough to be let through.
    let mut guesses = JoinSet::new();
    for number in 0..120 {
        let anonymous = app.anonymous();
        guesses.spawn(async move { anonymous.get(&format!("/calendar/{number:043}.ics")).await });
    }
    let answers = guesses.join_all().await;
    let answers: Vec<Answer> = answers.into_iter().collect::<Result<_>>()?;
    let told_to_wait = answers.iter().filter(|answer| answer.status == 429).count();
    assert!(told_to_wait > 0, "120 guesses at once were all looked up");
    app.anonymous().get(&address).await?.expect(200)?;
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
    assert!(feed["last_read_at"].is_null(), "{feed}");
    app.anonymous().get(&address).await?.expect(200)?;
    let read = admin
        .get("/api/v1/migrations/ledger/calendar-feeds")
        .await?
        .expect(200)?;
    assert!(
        read.json["calendar_feeds"][0]["last_read_at"].is_i64(),
        "{}",
        read.text
    );
    let page = browser.get("/m/ledger/calendar").await?.expect(200)?;
    assert!(page.text.contains("last read"), "{}", page.text);

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

    // Who may not see the migration any more, or is put away, reads nothing; who may again, does.
    app.cli_ok(&["user", "add", "ada", "--role", "viewer"])
        .await?;
    let ada = app.cli_ok(&["user", "sign-in-link", "ada"]).await?;
    let link = ada
        .lines()
        .find_map(|line| line.split_whitespace().find(|word| word.contains("link=")))
        .context("a link to sign in by")?;
    let address = subscribe(&Browser::sign_in(&app.url, link).await?).await?;
    app.anonymous().get(&address).await?.expect(200)?;
    let role = json!({ "scope": "all", "role": "viewer" });
    for (grants, status) in [(json!([]), 404), (json!([role]), 200)] {
        let grants = json!({ "grants": grants, "reason": "another team" });
        let put = admin.request(reqwest::Method::PUT, "/api/v1/users/ada/grants");
        Answer::of(put.json(&grants).send().await?)
            .await?
            .expect(200)?;
        app.anonymous().get(&address).await?.expect(status)?;
    }
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
    // An issue is found by its number, with and without its sign, once; a sign alone is none.
    for title in ["Slow", "Ledger 1 drifts"] {
        admin
            .post(
                "/api/v1/migrations/ledger/issues",
                json!({ "title": title, "severity": "low" }),
            )
            .await?
            .expect(201)?;
    }
    let issues = async |q: &str| -> Result<Vec<String>> {
        let found = search(q).await?;
        let of_issues = found.into_iter().filter(|(kind, _)| kind == "issue");
        Ok(of_issues.map(|(_, below)| below).collect())
    };
    assert_eq!(issues("%231").await?, ["issues/1", "issues/2"]);
    assert_eq!(issues("2").await?, ["issues/2"]);
    assert!(issues("%23").await?.is_empty());
    // Entries by who, what and why, the newest first, all words and the beginning of each.
    admin
        .post(
            "/api/v1/migrations/ledger/kill-switch",
            json!({ "reason": "Die Überweisungen stehen" }),
        )
        .await?
        .expect(200)?;
    let found = search("uberweis%20die").await?;
    assert!(
        matches!(found.as_slice(), [(kind, _)] if kind == "audit"),
        "{found:?}"
    );
    // Signs of patterns are letters like others.
    assert_eq!(search("par%25led").await?, []);
    assert_eq!(search("par_el").await?, []);
    let long = format!("/api/v1/migrations/ledger/search?q={}", "x".repeat(201));
    let refused = admin.get(&long).await?.expect(400)?;
    assert_eq!(refused.json["fields"][0]["field"], "q");
    Ok(())
}
