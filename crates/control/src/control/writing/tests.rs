//! Commits that cannot be shown, refusals that cannot be recorded.

use domain::Role;

use crate::commands::AddUser;
use crate::store::{Health, Lane, faults};
use crate::testing::{Server, key, refusal};
use crate::{CommandError, Unavailable};

#[tokio::test]
async fn a_change_that_cannot_be_shown_is_not_answered_as_done_and_stops_writing() {
    let server = Server::with_modules(&["a"]).await;
    faults::corrupt_the_tokens(server.control.data_dir())
        .await
        .unwrap();
    let added = server
        .admin(AddUser {
            name: "Ada".into(),
            role: Role::Viewer,
            migration: None,
            reason: String::new(),
        })
        .await;
    assert!(
        matches!(added, Err(CommandError::Unavailable(Unavailable::Broken))),
        "{added:?}"
    );
    assert!(matches!(server.control.health(), Health::Broken(_)));
    assert_eq!(
        server
            .control
            .snapshots()
            .get(&key("atlas"), &key("production"))
            .unwrap()
            .set
            .snapshot()
            .flags
            .len(),
        1
    );
}

#[tokio::test]
async fn a_refusal_that_cannot_be_recorded_on_a_broken_file_stops_writing() {
    let server = Server::with_modules(&["a"]).await;
    server
        .control
        .inner()
        .store
        .state
        .run(Lane::Normal, |connection| {
            Box::pin(faults::forbid_writing(connection))
        })
        .await
        .unwrap();
    let command = AddUser {
        name: "Ada".into(),
        role: Role::Viewer,
        migration: None,
        reason: String::new(),
    };
    let refused = server
        .control
        .execute(&Server::operator_of("atlas"), command)
        .await;
    assert_eq!(refusal(refused).code(), "forbidden");
    assert!(matches!(server.control.health(), Health::Broken(_)));
}
