//! Users, grants and tokens.

use anyhow::Result;
use serde_json::json;

use crate::with_plan;
use http_tests::app::Browser;

#[tokio::test]
async fn a_new_user_signs_in_by_a_link_and_sees_only_what_was_granted() -> Result<()> {
    let (app, admin) = with_plan().await?;
    let user = json!({ "name": "Bo", "role": "viewer", "migration": "ledger", "reason": "joins" });
    admin.post("/api/v1/users", user).await?.expect(201)?;
    let link = app.cli_ok(&["user", "sign-in-link", "Bo"]).await?;
    let link = link
        .lines()
        .last()
        .unwrap_or_default()
        .trim_start_matches("sign-in: ")
        .to_owned();
    let bo = Browser::sign_in(&app.url, &link).await?;
    bo.get("/m/ledger").await?.expect(200)?;
    let users = bo.get("/settings/users").await?;
    assert!(
        users.status == 403 || users.status == 404,
        "{}",
        users.status
    );
    let fields = [
        ("migration", "ledger"),
        ("reason", "bo tries"),
        ("confirm", "ledger"),
    ];
    bo.post_form("/fn/press_kill_switch", &fields).await?;
    let answer = admin
        .get("/api/v1/migrations/ledger/resume")
        .await?
        .expect(200)?;
    assert_eq!(
        answer.json["frame"]["environment"]["kill_switch"], false,
        "a viewer pressed it"
    );
    Ok(())
}

#[tokio::test]
async fn the_last_admin_of_the_server_stays() -> Result<()> {
    let (_app, admin) = with_plan().await?;
    let refused = admin
        .post("/api/v1/users/admin/archive", json!({ "reason": "oops" }))
        .await?
        .expect(409)?;
    assert_eq!(refused.json["code"], "in-use");
    Ok(())
}

#[tokio::test]
async fn an_archived_user_is_out_at_once() -> Result<()> {
    let (app, admin) = with_plan().await?;
    let user = json!({ "name": "Cy", "role": "operator", "reason": "joins" });
    admin.post("/api/v1/users", user).await?.expect(201)?;
    let link = app.cli_ok(&["user", "sign-in-link", "Cy"]).await?;
    let link = link
        .lines()
        .last()
        .unwrap_or_default()
        .trim_start_matches("sign-in: ")
        .to_owned();
    let cy = Browser::sign_in(&app.url, &link).await?;
    cy.get("/m/ledger").await?.expect(200)?;
    admin
        .post("/api/v1/users/Cy/archive", json!({ "reason": "leaves" }))
        .await?
        .expect(200)?;
    assert!(cy.get("/m/ledger").await?.status.is_redirection());
    Ok(())
}

#[tokio::test]
async fn a_token_is_shown_once_and_only_its_hint_afterwards() -> Result<()> {
    let (app, admin) = with_plan().await?;
    let token = app
        .cli_ok(&["token", "create", "--name", "x", "--kind", "viewer"])
        .await?;
    assert!(
        token.starts_with("sb_viewer_") && !token.contains(char::is_whitespace),
        "{token}"
    );
    let list = admin.get("/api/v1/tokens").await?.expect(200)?;
    assert!(!list.text.contains(&token));
    let log = admin.get("/api/v1/audit/export").await?.expect(200)?;
    assert!(
        !log.text.contains(&token),
        "a token stands in the audit log"
    );
    Ok(())
}
