//! What DESIGN.md calls "careful from the start", line by line.

use std::time::Duration;

use anyhow::{Context as _, Result};
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::with_plan;
use http_tests::app::{Answer, Browser, TestApp, binary, plain_client, secret_of};

#[tokio::test]
async fn looking_at_a_sign_in_link_does_not_use_it_up_and_using_it_works_once() -> Result<()> {
    let app = TestApp::start().await?;
    let link = app
        .sign_in_link
        .clone()
        .context("a link is printed at the first start")?;
    for _ in 0..2 {
        let page = plain_client().get(&link).send().await?;
        assert_eq!(page.status(), 200);
        assert!(page.text().await?.contains("<form"));
    }
    let browser = Browser::sign_in(&app.url, &link).await?;
    browser.get("/").await?.expect(200)?;
    let again = Browser::sign_in(&app.url, &link).await;
    let second = match again {
        Err(_) => true,
        Ok(browser) => browser.get("/").await?.status.is_redirection(),
    };
    assert!(second, "a sign-in link worked twice");
    Ok(())
}

#[tokio::test]
async fn the_session_cookie_is_http_only_lax_and_new_after_sign_in() -> Result<()> {
    let app = TestApp::start().await?;
    let link = app.sign_in_link.clone().context("a link")?;
    let response = plain_client()
        .post(format!("{}/sign-in", app.url))
        .header("origin", &app.url)
        .header(
            "cookie",
            "switchback=chosen-by-somebody-else; id=chosen-by-somebody-else",
        )
        .form(&[("link", secret_of(&link))])
        .send()
        .await?;
    let cookie = response.headers()["set-cookie"].to_str()?.to_owned();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
        "{cookie}"
    );
    assert!(!cookie.contains("chosen-by-somebody-else"), "{cookie}");
    assert!(
        !cookie.contains("Secure"),
        "plain http on loopback could not send it back: {cookie}"
    );
    Ok(())
}

#[tokio::test]
async fn a_public_https_address_makes_cookies_secure_and_answers_strict() -> Result<()> {
    let app = TestApp::start_with(&["--public-url", "https://switchback.example.org"]).await?;
    let link = app.sign_in_link.clone().context("a link")?;
    assert!(
        link.starts_with("https://switchback.example.org/sign-in?link="),
        "{link}"
    );
    let response = plain_client()
        .post(format!("{}/sign-in", app.url))
        .header("host", "switchback.example.org")
        .header("origin", "https://switchback.example.org")
        .form(&[("link", secret_of(&link))])
        .send()
        .await?;
    assert!(
        response.headers()["set-cookie"]
            .to_str()?
            .contains("Secure")
    );
    assert!(response.headers().contains_key("strict-transport-security"));
    Ok(())
}

#[tokio::test]
async fn signing_out_ends_the_session_on_the_server() -> Result<()> {
    let app = TestApp::start().await?;
    let browser = app.browser().await?;
    browser.get("/").await?.expect(200)?;
    let answer = browser.post_form("/sign-out", &[]).await?;
    assert!(answer.status.is_redirection());
    assert!(browser.get("/").await?.status.is_redirection());
    Ok(())
}

#[tokio::test]
async fn cookie_writes_need_our_own_origin() -> Result<()> {
    let (app, _admin) = with_plan().await?;
    let browser = app.browser().await?;
    let press = async |header: Option<(&str, &str)>| {
        let mut request = browser
            .client
            .post(format!("{}/fn/press_kill_switch", browser.url))
            .form(&[
                ("migration", "ledger"),
                ("reason", "x"),
                ("confirm", "ledger"),
            ]);
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        Ok::<_, anyhow::Error>(request.send().await?.status())
    };
    assert_eq!(press(None).await?, 403);
    assert_eq!(press(Some(("origin", "https://evil.example"))).await?, 403);
    assert_eq!(press(Some(("origin", "null"))).await?, 403);
    assert_eq!(press(Some(("sec-fetch-site", "cross-site"))).await?, 403);
    assert_ne!(press(Some(("sec-fetch-site", "same-origin"))).await?, 403);
    Ok(())
}

#[tokio::test]
async fn pages_carry_a_strict_policy_with_a_nonce_of_their_own() -> Result<()> {
    let app = TestApp::start().await?;
    let browser = app.browser().await?;
    let (one, other) = (browser.get("/").await?, browser.get("/").await?);
    let policy = one.header("content-security-policy");
    for part in [
        "default-src 'none'",
        "'wasm-unsafe-eval'",
        "style-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.contains(part), "{part} is missing in {policy}");
    }
    assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"));
    assert_ne!(
        policy,
        other.header("content-security-policy"),
        "the nonce is used twice"
    );
    assert_eq!(one.header("x-content-type-options"), "nosniff");
    assert_eq!(one.header("referrer-policy"), "same-origin");
    assert_eq!(one.header("cache-control"), "no-store");
    assert!(
        !one.text.contains("style=\""),
        "a style attribute would be refused by the policy"
    );
    for script in one.text.split("<script").skip(1) {
        let tag = script.split('>').next().unwrap_or_default();
        assert!(
            tag.contains("nonce="),
            "a script without a nonce: <script{tag}>"
        );
    }
    Ok(())
}

#[tokio::test]
async fn another_host_name_is_not_answered() -> Result<()> {
    let app = TestApp::start().await?;
    let answer = plain_client()
        .get(format!("{}/sign-in", app.url))
        .header("host", "evil.example")
        .send()
        .await?;
    assert!(answer.status().is_client_error(), "{}", answer.status());
    Ok(())
}

#[tokio::test]
async fn without_a_session_pages_lead_to_sign_in_and_the_api_says_401() -> Result<()> {
    let app = TestApp::start().await?;
    let nobody = app.anonymous();
    for page in [
        "/",
        "/import",
        "/settings/users",
        "/m/ledger",
        "/m/ledger/audit",
    ] {
        let answer = nobody.get(page).await?;
        assert_eq!(answer.status, 303, "{page}");
        assert!(answer.header("location").starts_with("/sign-in"), "{page}");
    }
    for path in ["/api/v1/migrations", "/api/v1/audit", "/api/v1/users"] {
        nobody.get(path).await?.expect(401)?;
    }
    for open in ["/healthz", "/readyz", "/sign-in"] {
        nobody.get(open).await?.expect(200)?;
    }
    Ok(())
}

#[tokio::test]
async fn binding_beyond_loopback_needs_a_public_url() -> Result<()> {
    let data = tempfile::TempDir::new()?;
    let output = tokio::process::Command::new(binary())
        .args(["serve", "--addr", "0.0.0.0:0", "--data-dir"])
        .arg(data.path())
        .output()
        .await?;
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("--public-url"));
    Ok(())
}

#[tokio::test]
async fn sign_in_is_limited() -> Result<()> {
    let app = TestApp::start().await?;
    let mut limited = false;
    for attempt in 0..100 {
        let answer = plain_client()
            .post(format!("{}/sign-in", app.url))
            .header("origin", &app.url)
            .form(&[("link", format!("guess-{attempt}"))])
            .send()
            .await?;
        if answer.status() == 429 {
            limited = answer.headers().contains_key("retry-after");
            break;
        }
    }
    assert!(limited, "a hundred guesses in a row were all answered");
    Ok(())
}

#[tokio::test]
async fn a_migration_one_may_not_see_does_not_exist() -> Result<()> {
    let (app, admin) = with_plan().await?;
    let body = json!({ "key": "other", "name": "Other", "zone": "UTC", "reason": "test" });
    admin.post("/api/v1/migrations", body).await?.expect(201)?;
    let arguments = [
        "token",
        "create",
        "--name",
        "narrow",
        "--kind",
        "operator",
        "--migration",
        "other",
    ];
    let token = app.cli_ok(&arguments).await?;
    let narrow = http_tests::app::Api {
        token: Some(token),
        ..app.anonymous()
    };
    narrow.get("/api/v1/migrations/other").await?.expect(200)?;
    for path in ["/api/v1/migrations/ledger", "/api/v1/migrations/never-made"] {
        narrow.get(path).await?.expect(404)?;
    }
    narrow
        .roll_back("ledger", "parcel_ledger")
        .await?
        .expect(404)?;
    Ok(())
}

#[tokio::test]
async fn a_weaker_role_is_refused_and_the_refusal_is_audited() -> Result<()> {
    let (app, admin) = with_plan().await?;
    let viewer = app.api("viewer").await?;
    viewer
        .roll_back("ledger", "parcel_ledger")
        .await?
        .expect(403)?;
    viewer
        .roll_back("ledger", "parcel_ledger")
        .await?
        .expect(403)?;
    let log = admin
        .get("/api/v1/audit?q=outcome:refused")
        .await?
        .expect(200)?;
    let rows = log.json["rows"].as_array().cloned().unwrap_or_default();
    assert_eq!(
        rows.len(),
        1,
        "refusals of one minute are one entry at first: {}",
        log.text
    );
    assert_eq!(rows[0]["actor"], "token:test-viewer");
    let operator = app.api("operator").await?;
    let user = json!({ "name": "eve", "role": "admin", "reason": "mine now" });
    operator.post("/api/v1/users", user).await?.expect(403)?;
    Ok(())
}

#[tokio::test]
async fn a_client_that_never_finishes_its_headers_is_hung_up_on() -> Result<()> {
    let app = TestApp::start().await?;
    let address = app.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await?;
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
        .await?;
    let mut answer = Vec::new();
    let hung_up =
        tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await;
    assert!(hung_up.is_ok(), "a half-sent request kept its connection");
    Ok(())
}

#[tokio::test]
async fn cells_that_begin_a_formula_are_escaped_in_csv() -> Result<()> {
    let (app, admin) = with_plan().await?;
    admin
        .set("ledger", "parcel_ledger", "both_validate", None)
        .await?
        .expect(200)?;
    let body = json!({ "modules": ["parcel_ledger"], "reason": "=HYPERLINK(\"http://evil\")" });
    admin
        .post("/api/v1/migrations/ledger/rollback", body)
        .await?
        .expect(200)?;
    let browser = app.browser().await?;
    let csv = browser.get("/m/ledger/audit.csv").await?.expect(200)?;
    assert!(csv.text.contains("HYPERLINK"));
    assert!(
        !csv.text.contains(",=HYPERLINK") && !csv.text.contains(",\"=HYPERLINK"),
        "{}",
        csv.text
    );
    Ok(())
}

#[tokio::test]
async fn a_mistyped_bearer_token_is_401_and_its_text_is_never_echoed() -> Result<()> {
    let app = TestApp::start().await?;
    let nobody = app.anonymous();
    let request = nobody
        .request(Method::GET, "/api/v1/migrations")
        .header("authorization", "Bearer sb_admin_not-a-token");
    let answer = Answer::of(request.send().await?).await?.expect(401)?;
    assert!(!answer.text.contains("not-a-token"));
    Ok(())
}
