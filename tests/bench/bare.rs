//! A bare axum handler that parses a question and answers the same JSON, and one that sends a prepared body: what the HTTP
//! stack alone costs on this machine.

use anyhow::Result;
use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::routing::{get, post};

/// Serves until the process ends; prints its address as the server does.
pub async fn serve() -> Result<()> {
    let prepared = Bytes::from(vec![b'x'; 12_000]);
    let router = Router::new().route("/one", post(one)).route(
        "/prepared",
        get(move || async move { ([(CONTENT_TYPE, "application/json")], prepared.clone()) }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("listening: http://{}", listener.local_addr()?);
    axum::serve(listener, router).await?;
    Ok(())
}

async fn one(body: Bytes) -> ([(http::HeaderName, &'static str); 1], String) {
    let question: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let subject = question
        .pointer("/context/targetingKey")
        .and_then(serde_json::Value::as_str)
        .unwrap_or_default();
    let value = subject.len().is_multiple_of(2);
    let answer = format!(
        "{{\"key\":\"atlas.module\",\"value\":{value},\"reason\":\"SPLIT\",\"variant\":\"new\",\"metadata\":{{\"revision\":7,\
         \"mode\":\"gradual_rollout\",\"exposure\":5000,\"compare\":false}}}}"
    );
    ([(CONTENT_TYPE, "application/json")], answer)
}
