//! Every page answers, whole, without script.

use anyhow::Result;
use serde_json::json;

use crate::with_plan;

#[tokio::test]
async fn every_page_of_a_migration_is_rendered_on_the_server() -> Result<()> {
    let (app, admin) = with_plan().await?;
    admin
        .set("ledger", "parcel_ledger", "gradual_rollout", Some(10.0))
        .await?
        .expect(200)?;
    let back = admin
        .roll_back("ledger", "parcel_ledger")
        .await?
        .expect(200)?;
    let browser = app.browser().await?;
    let change = format!("/m/ledger/changes/{}", back.json["revision_number"]);
    let entry = format!("/m/ledger/audit/{}", back.json["sequence"]);
    for (page, text) in [
        ("/", "Moving the parcel desk"),
        ("/import", "multipart/form-data"),
        ("/settings/users", "admin"),
        ("/settings/tokens", "test-admin"),
        ("/m/ledger", "rolled back parcel_ledger"),
        ("/m/ledger/modules", "stamp_printer"),
        ("/m/ledger/modules?q=stamp", "stamp_printer"),
        ("/m/ledger/plan", "Ledger core"),
        ("/m/ledger/modules/parcel_ledger", "10 %"),
        ("/m/ledger/modules/parcel_ledger/rollback", "error rate"),
        ("/m/ledger/kill-switch", "ledger"),
        ("/m/ledger/resume", "kill switch"),
        ("/m/ledger/audit", "flag.rollback"),
        ("/m/ledger/connect", "curl"),
        ("/m/ledger/settings", "production"),
        (change.as_str(), "gradual_rollout"),
        (entry.as_str(), "flag.rollback"),
    ] {
        let answer = browser.get(page).await?.expect(200)?;
        let found = answer.text.to_lowercase().contains(&text.to_lowercase());
        assert!(found, "{page} does not show {text:?}");
    }
    browser
        .get("/m/ledger/modules/nowhere")
        .await?
        .expect(404)?;
    browser.get("/m/nowhere").await?.expect(404)?;
    browser.get("/nowhere").await?.expect(404)?;
    Ok(())
}

#[tokio::test]
async fn a_rollback_by_a_plain_form_happens_and_leads_to_what_it_did() -> Result<()> {
    let (app, admin) = with_plan().await?;
    admin
        .set("ledger", "parcel_ledger", "new_only", None)
        .await?
        .expect(200)?;
    let browser = app.browser().await?;
    let page = browser
        .get("/m/ledger/modules/parcel_ledger/rollback")
        .await?
        .expect(200)?;
    let (action, fields) = first_form(&page.text, "roll_back");
    let mut fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    fields.push(("reason", "error rate"));
    let answer = browser.post_form(&action, &fields).await?;
    assert!(
        answer.status.is_redirection(),
        "{} {}",
        answer.status,
        answer.text
    );
    let service = app.sdk("ledger").await?;
    let flag = service.evaluate("parcel_ledger", "u").await?.expect(200)?;
    assert_eq!(flag.json["value"], false);
    let log = admin
        .get("/api/v1/audit?q=action:flag.rollback")
        .await?
        .expect(200)?;
    assert_eq!(log.json["rows"][0]["actor"], "admin");
    assert_eq!(log.json["rows"][0]["reason"], "error rate");
    Ok(())
}

/// Action and hidden fields of the first form whose action contains `wanted`.
fn first_form(html: &str, wanted: &str) -> (String, Vec<(String, String)>) {
    let attribute = |tag: &str, name: &str| {
        let value = tag.split(&format!("{name}=\"")).nth(1)?;
        Some(value.split('"').next().unwrap_or_default().to_owned())
    };
    for form in html.split("<form").skip(1) {
        let tag = form.split('>').next().unwrap_or_default();
        let Some(action) = attribute(tag, "action").filter(|action| action.contains(wanted)) else {
            continue;
        };
        let body = form.split("</form").next().unwrap_or_default();
        let fields = body
            .split("<input")
            .skip(1)
            .filter_map(|input| {
                let tag = input.split('>').next().unwrap_or_default();
                let hidden = attribute(tag, "type").as_deref() == Some("hidden");
                hidden
                    .then(|| Some((attribute(tag, "name")?, attribute(tag, "value")?)))
                    .flatten()
            })
            .collect();
        return (action, fields);
    }
    (String::new(), Vec::new())
}

#[tokio::test]
async fn a_refused_form_gives_its_fields_back_without_script() -> Result<()> {
    let (app, admin) = with_plan().await?;
    let browser = app.browser().await?;
    let fields = [
        ("migration", "ledger"),
        ("reason", "a long story"),
        ("confirm", "wrong"),
    ];
    let answer = browser.post_form("/fn/press_kill_switch", &fields).await?;
    assert!(
        answer.status.is_redirection(),
        "{} {}",
        answer.status,
        answer.text
    );
    let location = answer.header("location").to_owned();
    assert!(
        !location.contains("story"),
        "the fields stand in the address: {location}"
    );
    let path = location.trim_start_matches(&app.url);
    assert!(path.starts_with("/m/ledger/kill-switch?"), "{path}");
    let page = browser.get(path).await?.expect(200)?;
    assert!(page.text.contains("a long story"), "the reason was lost");
    let resume = admin
        .get("/api/v1/migrations/ledger/resume")
        .await?
        .expect(200)?;
    assert_eq!(
        resume.json["frame"]["environment"]["kill_switch"],
        json!(false)
    );
    Ok(())
}
