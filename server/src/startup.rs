//! What a server does when it starts: its first admin, and the demonstration where that was asked for.

use anyhow::{Context as _, Result};
use control::commands::{AddUser, new_sign_in_link};
use control::{Caller, CommandError, Control};
use domain::Role;

use crate::middleware::request::new_request_id;

/// The user that the first start makes.
pub const FIRST_USER: &str = "admin";

/// Makes the first admin where there is no user yet.
///
/// # Errors
/// When the store does not take it.
pub async fn ensure_first_user(control: &Control) -> Result<()> {
    if control.has_users().await? {
        return Ok(());
    }
    let command = AddUser {
        name: FIRST_USER.into(),
        role: Role::Admin,
        migration: None,
        reason: String::new(),
    };
    control
        .execute(&server(), command)
        .await
        .context("the first user could not be added")?;
    Ok(())
}

/// The secret of a new sign-in link for the first admin, where one is to be shown: while nobody has ever signed in, or
/// `always`. A start never fails for it: an admin who was put away gets none, and a store that takes nothing now is
/// said to the log.
pub async fn sign_in_link(control: &Control, always: bool) -> Option<String> {
    match control.has_been_signed_in().await {
        Ok(true) if !always => return None,
        Ok(_) => {}
        Err(error) => {
            tracing::warn!(%error, "no sign-in link was made");
            return None;
        }
    }
    match new_sign_in_link(control, &server(), FIRST_USER).await {
        Ok(secret) => Some(secret),
        Err(CommandError::Refused(refusal)) => {
            tracing::info!(%refusal, "no sign-in link is shown");
            None
        }
        Err(error) => {
            tracing::warn!(%error, "no sign-in link was made");
            None
        }
    }
}

/// The server acting for itself.
pub fn server() -> Caller {
    Caller::server(new_request_id())
}

#[cfg(test)]
mod tests {
    use control::commands::{ArchiveUser, ConsumeSignInLink};
    use control::{Clock, Options};

    use super::*;

    async fn started() -> (Control, tempfile::TempDir) {
        let directory = tempfile::tempdir().unwrap();
        let options = Options {
            data_dir: directory.path().to_owned(),
            clock: Clock::System,
            demo: false,
            retention: control::evidence::Retention::default(),
        };
        let control = Control::open(options).await.unwrap();
        ensure_first_user(&control).await.unwrap();
        (control, directory)
    }

    #[tokio::test]
    async fn a_link_is_shown_until_somebody_has_signed_in() {
        let (control, _directory) = started().await;
        // The first start may have died before anybody saw its link.
        assert!(sign_in_link(&control, false).await.is_some());
        let secret = sign_in_link(&control, false).await.unwrap();
        let consume = ConsumeSignInLink { secret };
        control.execute(&server(), consume).await.unwrap();
        assert_eq!(sign_in_link(&control, false).await, None);
        assert!(sign_in_link(&control, true).await.is_some());
    }

    #[tokio::test]
    async fn a_start_does_not_fail_for_an_admin_who_was_put_away() {
        let (control, _directory) = started().await;
        let ada = AddUser {
            name: "Ada".into(),
            role: Role::Admin,
            migration: None,
            reason: String::new(),
        };
        control.execute(&server(), ada).await.unwrap();
        let archive = ArchiveUser {
            name: FIRST_USER.into(),
            reason: "replaced by Ada".into(),
        };
        control.execute(&server(), archive).await.unwrap();
        assert_eq!(sign_in_link(&control, false).await, None);
        assert_eq!(sign_in_link(&control, true).await, None);
    }
}
