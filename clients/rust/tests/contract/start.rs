//! Starting never waits and never panics.

use std::time::Duration;

use switchback_client::{Client, StartError};

use crate::server::{LONG, Server, client_of, flags, nobody};

fn refused(builder: switchback_client::Builder) -> StartError {
    builder.start().expect_err("a refusal")
}

#[tokio::test(start_paused = true)]
async fn settings_that_cannot_be_used_are_refused_with_what_to_do() {
    for address in ["", "switchback", "ftp://switchback", "http://"] {
        let error = refused(Client::builder(address, "sb_sdk_x"));
        assert!(
            matches!(error, StartError::Address { .. }),
            "{address}: {error}"
        );
    }
    for token in ["", " \n", "a\nb", "\u{7f}"] {
        let error = refused(Client::builder("http://127.0.0.1", token));
        assert_eq!(error, StartError::Token { kind: "sdk" }, "{token:?}");
    }
    let builder = || Client::builder("http://127.0.0.1", "sb_sdk_x\n");
    for name in ["", "two words", "ä", &"x".repeat(129)] {
        assert_eq!(
            refused(builder().service(name)),
            StartError::Name { what: "service" }
        );
        assert_eq!(
            refused(builder().instance(name)),
            StartError::Name { what: "instance" }
        );
    }
    let error = refused(builder().migration("Arche"));
    assert!(error.to_string().contains("Arche"), "{error}");
    assert!(builder().start().is_ok());
}

#[test]
fn without_a_runtime_it_is_refused_and_with_a_handle_it_runs() {
    let builder = || Client::builder("http://127.0.0.1:1", "sb_sdk_x");
    assert_eq!(refused(builder()), StartError::NoRuntime);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let client = builder().runtime(runtime.handle().clone()).start().unwrap();
    assert!(!client.use_new("memory", None));
    drop(runtime);
    // A runtime that is gone takes the news with it, not the answers.
    assert!(!client.use_new("memory", None));
    let _status = client.status();
}

#[tokio::test(start_paused = true)]
async fn each_instance_has_a_name_of_its_own_and_no_secret_is_shown() {
    let address = nobody().await;
    let start = || Client::builder(&address, "sb_sdk_secret").start().unwrap();
    let (one, two) = (start(), start());
    assert_ne!(one.instance(), two.instance());
    assert!(one.instance().contains(&std::process::id().to_string()));
    let shown = format!("{one:?} {:?}", Client::builder(&address, "sb_sdk_secret"));
    assert!(!shown.contains("secret\""), "{shown}");
    assert!(!shown.contains("sb_sdk"), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn an_address_may_have_a_path() {
    let server = Server::with(flags("e", 1, &[])).await;
    let client = client_of(&format!("{}/below/", server.address))
        .start()
        .unwrap();
    client.ready(LONG).await.unwrap();
    assert_eq!(server.asked("/stream")[0].path, "/below/api/v1/stream");
}

#[tokio::test(start_paused = true)]
async fn answers_come_from_every_thread() {
    let server = Server::with(flags("e", 1, &[("memory", "new_only", 10_000)])).await;
    let client = server.client().start().unwrap();
    client.ready(Duration::from_secs(20)).await.unwrap();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let client = client.clone();
            std::thread::spawn(move || client.use_new("memory", None))
        })
        .collect();
    assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
}
