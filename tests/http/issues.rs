//! The issue log over HTTP: the story of one issue, what it stops and what it never does, bad input, search, exports.

use anyhow::{Context as _, Result};
use reqwest::Method;
use serde_json::{Value, json};

use crate::with_plan;
use http_tests::app::{Answer, Api};

const ISSUES: &str = "/api/v1/migrations/ledger/issues";

async fn open(api: &Api, issue: Value) -> Result<u64> {
    let opened = api.post(ISSUES, issue).await?.expect(201)?;
    let number = opened.json["subject"]
        .as_str()
        .context("no number")?
        .parse()?;
    assert_eq!(opened.header("location"), format!("{ISSUES}/{number}"));
    Ok(number)
}

async fn show(api: &Api, number: u64) -> Result<Value> {
    Ok(api
        .get(&format!("{ISSUES}/{number}"))
        .await?
        .expect(200)?
        .json)
}

async fn change(api: &Api, number: u64, status: &str, more: Value) -> Result<Answer> {
    let version = show(api, number).await?["version"].clone();
    let mut body = json!({ "status": status, "expected_version": version });
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
    api.post(&format!("{ISSUES}/{number}/status"), body).await
}

/// What happened, oldest first: actions, and `said` for comments.
fn told(issue: &Value) -> Vec<&str> {
    issue["timeline"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|item| item["action"].as_str().unwrap_or("said"))
        .collect()
}

#[tokio::test]
async fn a_critical_issue_holds_its_module_up_until_it_is_resolved() -> Result<()> {
    let (_app, admin) = with_plan().await?;
    admin
        .set("ledger", "parcel_ledger", "gradual_rollout", Some(10.0))
        .await?
        .expect(200)?;
    let number = open(
        &admin,
        json!({
            "title": "Totals differ by a cent", "severity": "critical", "module": "parcel_ledger",
            "body": "In *3* of 1,000 invoices.", "labels": ["Rounding"], "owner": "Nora", "due": "2026-12-24",
        }),
    )
    .await?;
    let issue = show(&admin, number).await?;
    assert_eq!(issue["status"], "open");
    assert_eq!(issue["blocks_promotion"], true);
    assert_eq!(issue["labels"], json!(["rounding"]));
    assert_eq!(issue["html"], "<p>In <em>3</em> of 1,000 invoices.</p>\n");
    let frozen = &issue["attachments"][0];
    assert_eq!(frozen["kind"], "standing");
    assert_eq!(
        frozen["evidence"]["state"],
        json!({ "mode": "gradual_rollout", "exposure": 1000 })
    );
    assert_eq!(frozen["evidence"]["last_change"]["by"], "token:test-admin");

    let blocked = admin
        .set("ledger", "parcel_ledger", "gradual_rollout", Some(50.0))
        .await?
        .expect(409)?;
    assert_eq!(blocked.json["code"], "blocked-by-issue");
    let detail = blocked.json["detail"].as_str().unwrap_or_default();
    assert!(
        detail.starts_with("Issue 1, \"Totals differ by a cent\", is critical and not resolved"),
        "{detail}"
    );
    // Other modules move, and down is never in question.
    admin
        .set("ledger", "stamp_printer", "both_validate", None)
        .await?
        .expect(200)?;
    admin
        .set("ledger", "parcel_ledger", "gradual_rollout", Some(5.0))
        .await?
        .expect(200)?;
    admin
        .roll_back("ledger", "parcel_ledger")
        .await?
        .expect(200)?;

    let said = json!({ "comment": "Seen in `invoice-17`." });
    admin
        .post(&format!("{ISSUES}/{number}/comments"), said)
        .await?
        .expect(201)?;
    change(&admin, number, "mitigated", json!({}))
        .await?
        .expect(200)?;
    admin
        .set("ledger", "parcel_ledger", "both_validate", None)
        .await?
        .expect(409)?;
    let bare = change(&admin, number, "resolved", json!({}))
        .await?
        .expect(400)?;
    assert_eq!(bare.json["fields"][0]["field"], "resolution");
    let how = json!({ "resolution": "Rounded **once**, at the end." });
    change(&admin, number, "resolved", how).await?.expect(200)?;
    admin
        .set("ledger", "parcel_ledger", "both_validate", None)
        .await?
        .expect(200)?;

    let issue = show(&admin, number).await?;
    assert_eq!(issue["status"], "resolved");
    assert_eq!(issue["blocks_promotion"], false);
    assert_eq!(
        issue["resolution_html"],
        "<p>Rounded <strong>once</strong>, at the end.</p>\n"
    );
    assert_eq!(
        told(&issue),
        [
            "plan.import",
            "flag.set",
            "issue.open",
            "flag.rollback",
            "flag.rollback",
            "said",
            "issue.mitigate",
            "issue.resolve"
        ]
    );
    // What was frozen stays as it was.
    assert_eq!(
        issue["attachments"][0]["evidence"]["state"]["exposure"],
        1000
    );
    let log = admin
        .get("/api/v1/audit?q=action:issue.")
        .await?
        .expect(200)?;
    assert_eq!(log.json["rows"].as_array().map(Vec::len), Some(4));
    let verified = admin.get("/api/v1/audit/verify").await?.expect(200)?;
    assert_eq!(verified.json["state"], "verified");
    Ok(())
}

#[tokio::test]
async fn two_at_once_and_who_comes_second_is_told() -> Result<()> {
    let (app, admin) = with_plan().await?;
    let number = open(&admin, json!({ "title": "Slow" })).await?;
    let path = format!("{ISSUES}/{number}");
    let rename = |title: &str| json!({ "title": title, "expected_version": 1 });
    admin
        .patch(&path, rename("Slow at night"))
        .await?
        .expect(200)?;
    let late = admin
        .patch(&path, rename("Slow at noon"))
        .await?
        .expect(409)?;
    assert_eq!(late.json["code"], "stale");
    assert_eq!(late.json["other_change"]["action"], "issue.edit");
    let by_header = admin
        .request(Method::PATCH, &path)
        .header("if-match", "\"1\"")
        .json(&json!({ "title": "Slow at noon" }))
        .send()
        .await?;
    assert_eq!(by_header.status(), 412);
    admin
        .patch(&path, json!({ "title": "x" }))
        .await?
        .expect(428)?;
    // A viewer reads, and writes nothing.
    let viewer = app.api("viewer").await?;
    assert_eq!(show(&viewer, number).await?["title"], "Slow at night");
    for (path, body) in [
        (ISSUES.to_owned(), json!({ "title": "x" })),
        (format!("{path}/comments"), json!({ "comment": "x" })),
        (
            format!("{path}/status"),
            json!({ "status": "mitigated", "expected_version": 2 }),
        ),
    ] {
        viewer.post(&path, body).await?.expect(403)?;
    }
    Ok(())
}

#[tokio::test]
async fn links_are_made_seen_from_both_ends_and_taken_away() -> Result<()> {
    let (_app, admin) = with_plan().await?;
    for title in ["First", "Second"] {
        open(&admin, json!({ "title": title })).await?;
    }
    let path = format!("{ISSUES}/1/links");
    let causes = json!({ "kind": "causes", "other": 2 });
    admin.post(&path, causes.clone()).await?.expect(200)?;
    assert_eq!(
        admin.post(&path, causes).await?.expect(409)?.json["code"],
        "no-change"
    );
    let second = show(&admin, 2).await?;
    assert_eq!(second["links"][0]["inverse"], true);
    assert_eq!(second["links"][0]["other"]["title"], "First");
    let gone = admin
        .request(Method::DELETE, &format!("{path}/causes/2"))
        .send()
        .await?;
    assert_eq!(gone.status(), 200);
    assert_eq!(show(&admin, 2).await?["links"], json!([]));
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_taken_is_refused_with_what_to_do() -> Result<()> {
    let (_app, admin) = with_plan().await?;
    let number = open(&admin, json!({ "title": "Slow" })).await?;
    let comments = format!("{ISSUES}/{number}/comments");
    let long = "x".repeat(100_000);
    let refused = admin
        .post(&comments, json!({ "comment": long }))
        .await?
        .expect(400)?;
    assert_eq!(refused.json["fields"][0]["field"], "comment");
    assert!(refused.text.contains("64 kB"), "{}", refused.text);
    let endless = "x".repeat(400_000);
    let refused = admin
        .post(&comments, json!({ "comment": endless }))
        .await?
        .expect(413)?;
    assert!(refused.text.contains("256 KiB"), "{}", refused.text);
    for (issue, status, word) in [
        (json!({ "title": "  " }), 400, "title"),
        (json!({ "title": "x".repeat(201) }), 400, "201"),
        (
            json!({ "title": "x", "severity": "awful" }),
            400,
            "severity",
        ),
        (json!({ "title": "x", "module": "nobody" }), 404, "nobody"),
        (json!({ "title": "x", "environment": "moon" }), 404, "moon"),
        (
            json!({ "title": "x", "labels": ["no label!"] }),
            400,
            "no label",
        ),
        (
            json!({ "title": "x", "noticed_at": 9_999_999_999_999_u64 }),
            400,
            "passed",
        ),
        (json!({ "title": "x", "colour": "red" }), 400, "colour"),
    ] {
        let refused = admin.post(ISSUES, issue.clone()).await?.expect(status)?;
        assert!(refused.text.contains(word), "{issue}: {}", refused.text);
    }
    for path in [
        "?status=closed",
        "?severity=awful",
        "?sort=random",
        "?colour=red",
    ] {
        admin.get(&format!("{ISSUES}{path}")).await?.expect(400)?;
    }
    for number in ["0", "2", "x", "-1", "99999999999"] {
        let answer = admin.get(&format!("{ISSUES}/{number}")).await?;
        assert!(
            matches!(answer.status.as_u16(), 400 | 404),
            "{number}: {}",
            answer.status
        );
    }
    let list = admin.get(ISSUES).await?.expect(200)?;
    assert_eq!(list.json["issues"].as_array().map(Vec::len), Some(1));
    Ok(())
}

#[tokio::test]
async fn script_in_markdown_reaches_no_page() -> Result<()> {
    let (app, admin) = with_plan().await?;
    let harm = "<script>alert(1)</script>\n\n<img src=x onerror=alert(2)>\n\n[x](javascript:alert(3))\n\n![y](https://example.org/y.png)\n\n<p style=\"position:fixed\">over all</p>";
    let number = open(
        &admin,
        json!({ "title": "<script>alert(0)</script>", "body": harm }),
    )
    .await?;
    admin
        .post(
            &format!("{ISSUES}/{number}/comments"),
            json!({ "comment": harm }),
        )
        .await?
        .expect(201)?;
    let how = json!({ "resolution": harm });
    change(&admin, number, "resolved", how).await?.expect(200)?;
    let issue = show(&admin, number).await?;
    for html in [
        &issue["html"],
        &issue["resolution_html"],
        &issue["timeline"][1]["html"],
    ] {
        let html = html.as_str().context("no HTML")?;
        for harm in ["<script", "<img", "href=\"javascript", "<p style"] {
            assert!(!html.contains(harm), "{harm}: {html}");
        }
        assert!(html.contains("rel=\"nofollow noopener\""), "{html}");
    }
    let browser = app.browser().await?;
    for page in ["issues/1", "issues", "issues/1/edit"] {
        let page = browser
            .get(&format!("/m/ledger/{page}"))
            .await?
            .expect(200)?;
        let shown = page
            .text
            .split("<main")
            .nth(1)
            .and_then(|rest| rest.split("</main>").next())
            .context("no page")?;
        for harm in ["<script", "<img", "href=\"javascript", "<p style"] {
            // As text in a field or a paragraph it is written with &lt;.
            assert!(!shown.contains(harm), "{harm}: {shown}");
        }
        assert!(shown.contains("&lt;script"), "{shown}");
    }
    Ok(())
}

#[tokio::test]
async fn search_and_filters_are_in_the_address() -> Result<()> {
    let (app, admin) = with_plan().await?;
    open(
        &admin,
        json!({ "title": "Cold cache", "severity": "low", "labels": ["cache"] }),
    )
    .await?;
    open(
        &admin,
        json!({ "title": "Totals differ", "module": "parcel_ledger", "owner": "Nora" }),
    )
    .await?;
    admin
        .post(
            &format!("{ISSUES}/2/comments"),
            json!({ "comment": "The kraken of `parcel_ledger` sleeps" }),
        )
        .await?
        .expect(201)?;
    let browser = app.browser().await?;
    for (query, numbers) in [
        ("", vec![2, 1]),
        ("?q=kraken", vec![2]),
        ("?q=KRAK", vec![2]),
        ("?q=cold+kraken", vec![]),
        ("?q=cache&sort=relevance", vec![1]),
        ("?q=parcel_ledger", vec![2]),
        ("?q=%22+OR+NOT+(", vec![]),
        ("?severity=low", vec![1]),
        ("?module=parcel_ledger", vec![2]),
        ("?owner=Nora&status=unresolved", vec![2]),
        ("?label=cache", vec![1]),
        ("?status=resolved", vec![]),
        ("?page=2", vec![]),
    ] {
        let list = admin.get(&format!("{ISSUES}{query}")).await?.expect(200)?;
        let found: Vec<_> = list.json["issues"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|issue| issue["number"].as_i64())
            .collect();
        assert_eq!(found, numbers, "{query}");
        let page = browser
            .get(&format!("/m/ledger/issues{query}"))
            .await?
            .expect(200)?;
        for number in [1, 2] {
            let link = format!("href=\"/m/ledger/issues/{number}\"");
            assert_eq!(
                page.text.contains(&link),
                numbers.contains(&number),
                "{query}, {number}"
            );
        }
    }
    Ok(())
}

#[tokio::test]
async fn exports_hold_everything_and_no_formula() -> Result<()> {
    let (app, admin) = with_plan().await?;
    open(
        &admin,
        json!({ "title": "=1+1", "body": "# Two\n\nlines, \"quoted\"", "severity": "high" }),
    )
    .await?;
    for number in 2..=250 {
        open(
            &admin,
            json!({ "title": format!("Issue of many {number}") }),
        )
        .await?;
    }
    let csv = admin.get(&format!("{ISSUES}.csv")).await?.expect(200)?;
    assert!(csv.header("content-type").starts_with("text/csv"));
    assert_eq!(csv.text.matches("Issue of many").count(), 249);
    assert!(csv.text.contains(",'=1+1,high,open,"), "{}", csv.text);
    let narrowed = admin
        .get(&format!("{ISSUES}.csv?severity=high"))
        .await?
        .expect(200)?;
    assert_eq!(narrowed.text.matches("Issue of many").count(), 0);
    let browser = app.browser().await?;
    let markdown = browser
        .get("/m/ledger/issues.md?severity=high")
        .await?
        .expect(200)?;
    assert!(
        markdown
            .header("content-disposition")
            .contains("ledger-issues.md")
    );
    assert!(
        markdown.text.contains("\n## 1. =1+1\n\n- high, open\n"),
        "{}",
        markdown.text
    );
    assert!(markdown.text.contains("\n> # Two\n"), "{}", markdown.text);
    let elsewhere = browser.get("/m/nowhere/issues.csv").await?;
    assert_eq!(elsewhere.status, 404);
    Ok(())
}

#[tokio::test]
async fn the_pages_forms_work_without_script() -> Result<()> {
    let (app, admin) = with_plan().await?;
    let browser = app.browser().await?;
    let empty = browser.get("/m/ledger/issues").await?.expect(200)?;
    assert!(empty.text.contains("No issues yet"), "{}", empty.text);
    let form = browser
        .get("/m/ledger/issues/new?module=parcel_ledger&at=2026-11-22T14:02:11.204Z")
        .await?
        .expect(200)?;
    assert!(form.text.contains("value=\"parcel_ledger\""));
    assert!(form.text.contains("value=\"2026-11-22T14:02\""));
    let post = async |name: &str, fields: &[(&str, &str)]| {
        let mut all = vec![("migration", "ledger"), ("environment", "")];
        all.extend_from_slice(fields);
        let answer = browser.post_form(&format!("/fn/{name}"), &all).await?;
        anyhow::ensure!(
            answer.status == 303,
            "{name}: {} {}",
            answer.status,
            answer.text
        );
        let address = answer.header("location").to_owned();
        let page = browser.get(&address).await?.expect(200)?;
        Ok::<_, anyhow::Error>((address, page.text))
    };
    // Refused, with everything given back.
    let wrong = [
        ("title", ""),
        ("severity", "critical"),
        ("module", "parcel_ledger"),
        ("body", "It *broke*."),
    ];
    let (address, page) = post("open_issue", &wrong).await?;
    assert!(address.starts_with("/m/ledger/issues/new?flash="));
    assert!(page.contains("Give the issue a title."), "{page}");
    assert!(page.contains("It *broke*."));
    let right = [
        ("title", "Broken"),
        ("severity", "critical"),
        ("module", "parcel_ledger"),
        ("body", "It *broke*."),
        ("labels", "one two, three"),
        ("noticed_at", "2026-11-22T14:02"),
    ];
    let (address, page) = post("open_issue", &right).await?;
    assert!(
        address.starts_with("/m/ledger/issues/1?flash="),
        "{address}"
    );
    for part in [
        "<p>It <em>broke</em>.</p>",
        "parcel_ledger in production",
        "2026-11-22 14:02:00 UTC",
        "is not promoted until this issue is resolved",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let module = browser
        .get("/m/ledger/modules/parcel_ledger")
        .await?
        .expect(200)?;
    assert!(
        module
            .text
            .contains("Nothing is promoted until this critical issue is resolved")
    );
    assert!(module.text.contains("href=\"/m/ledger/issues/1\""));
    assert!(
        module
            .text
            .contains("/m/ledger/issues/new?module=parcel_ledger")
    );

    let long = "é".repeat(40_000);
    let (_, page) = post("comment_issue", &[("number", "1"), ("comment", &long)]).await?;
    assert!(page.contains("64 kB"), "no reason was given");
    assert!(page.contains(&long), "what was typed is lost");
    let (_, page) = post("comment_issue", &[("number", "1"), ("comment", "Looking.")]).await?;
    assert!(page.contains("<p>Looking.</p>"));
    let resolve = [("number", "1"), ("to", "resolved"), ("expected", "1")];
    let (_, page) = post("move_issue", &resolve).await?;
    assert!(page.contains("Say how it was resolved"), "{page}");
    let resolve = [
        ("number", "1"),
        ("to", "resolved"),
        ("expected", "1"),
        ("resolution", "Mended."),
    ];
    let (_, page) = post("move_issue", &resolve).await?;
    assert!(page.contains("<p>Mended.</p>"));
    open(&admin, json!({ "title": "Another" })).await?;
    let link = [("number", "1"), ("kind", "is-causes"), ("other", "#2")];
    let (_, page) = post("link_issues", &link).await?;
    assert!(page.contains("is caused by"));
    assert_eq!(show(&admin, 2).await?["links"][0]["kind"], "causes");
    let (_, page) = post("unlink_issues", &link).await?;
    assert!(page.contains("Tied to no other issue."));
    let edit = [
        ("number", "1"),
        ("title", "Broken twice"),
        ("severity", "low"),
        ("module", ""),
        ("expected", "2"),
    ];
    let (_, page) = post("edit_issue", &edit).await?;
    assert!(page.contains("Broken twice"));
    assert_eq!(show(&admin, 1).await?["module"], Value::Null);
    Ok(())
}
