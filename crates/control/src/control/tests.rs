//! Who queues where, and reading beside a server.

use tokio::sync::oneshot;

use super::*;
use crate::evidence::Retention;
use crate::queries::audit_export;
use crate::store::faults;
use crate::testing::{Server, refusal};

fn options(server: &Server) -> Options {
    Options {
        data_dir: server.control.data_dir().to_owned(),
        clock: Clock::System,
        demo: false,
        retention: Retention::default(),
    }
}

#[tokio::test]
async fn reading_beside_a_server_takes_no_lock_and_changes_nothing() {
    let server = Server::with_modules(&["a"]).await;
    let state = server.control.data_dir().join(store::STATE_FILE);
    std::fs::remove_file(server.control.data_dir().join("ballast")).unwrap();
    let before = std::fs::read(&state).unwrap();
    let reader = Control::open_read_only(options(&server)).await.unwrap();
    assert_eq!(reader.head_sequence(), server.control.head_sequence());
    assert_eq!(reader.older_schema(), None);
    let (entries, _) = audit_export(&reader, &Server::root(), None, 0)
        .await
        .unwrap();
    assert_eq!(
        u64::try_from(entries.len()).unwrap(),
        reader.head_sequence()
    );
    let refused = reader
        .execute(&Server::root(), Server::rollback_of("a"))
        .await;
    assert!(matches!(
        refused,
        Err(CommandError::Unavailable(crate::Unavailable::Broken))
    ));
    reader.close().await;
    assert_eq!(std::fs::read(&state).unwrap(), before);
    assert!(!server.control.data_dir().join("ballast").exists());
    server.try_module("b").await.unwrap();
}

#[tokio::test]
async fn reading_leaves_an_older_schema_as_it_is_and_says_so() {
    let server = Server::open().await;
    server.control.close().await;
    let state = server.control.data_dir().join(store::STATE_FILE);
    faults::pretend_older(&state).await.unwrap();
    let before = std::fs::read(&state).unwrap();
    let reader = Control::open_read_only(options(&server)).await.unwrap();
    let older = reader.older_schema().unwrap();
    assert!(older.contains("older Switchback (schema 0"), "{older}");
    reader.close().await;
    assert_eq!(std::fs::read(&state).unwrap(), before);
    // One without any table cannot even say where it stands.
    std::fs::write(&state, b"").unwrap();
    let refused = Control::open_read_only(options(&server)).await;
    assert!(matches!(refused, Err(StoreError::OlderVersion { .. })));
}

#[tokio::test]
async fn whoever_may_not_roll_back_takes_no_place_from_those_who_may() {
    let server = Server::with_modules(&["a"]).await;
    server.set("a", Server::percent(10)).await;
    let (go_on, wait) = oneshot::channel::<()>();
    let (begun, has_begun) = oneshot::channel::<()>();
    let inner = server.control.shared();
    let busy = tokio::spawn(async move {
        let work = inner.store.state.run(Lane::Normal, |_| {
            Box::pin(async move {
                begun.send(()).unwrap();
                wait.await.unwrap();
                Ok(())
            })
        });
        work.await
    });
    has_begun.await.unwrap();
    let viewer = Server::viewer_of("atlas");
    let tries: Vec<_> = (0..100)
        .map(|_| {
            let (control, viewer) = (server.control.clone(), viewer.clone());
            tokio::spawn(async move { control.execute(&viewer, Server::rollback_of("a")).await })
        })
        .collect();
    // The test's runtime has one thread: each of them queues before this goes on.
    tokio::task::yield_now().await;
    let operator = Server::operator_of("atlas");
    let rollback = tokio::spawn({
        let control = server.control.clone();
        async move { control.execute(&operator, Server::rollback_of("a")).await }
    });
    tokio::task::yield_now().await;
    go_on.send(()).unwrap();
    rollback.await.unwrap().unwrap();
    for one in tries {
        assert_eq!(refusal(one.await.unwrap()).code(), "forbidden");
    }
    busy.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_full_disk_keeps_nobody_from_hearing_that_they_may_not() {
    let server = Server::with_modules(&["a"]).await;
    server.control.set_low_space_bytes(u64::MAX);
    let viewer = Server::viewer_of("atlas");
    let answer = server
        .control
        .execute(&viewer, Server::rollback_of("a"))
        .await;
    assert_eq!(refusal(answer).code(), "forbidden");
}
