//! Receipts: telling the server what is in force here, as soon as it is.

use std::sync::Arc;

use tokio::time::timeout;

use crate::Problem;
use crate::backoff::Backoff;
use crate::client::Shared;
use crate::status::Part;

/// Sends the newest receipt; one that is overtaken before it is sent is never sent.
pub(crate) async fn keep(shared: Arc<Shared>) {
    let store = &shared.store;
    let mut health = store.subscribe();
    let mut backoff = Backoff::default();
    let mut acknowledged = None;
    loop {
        let newer = health
            .wait_for(|health| health.confirmed.is_some() && health.confirmed != acknowledged);
        if newer.await.is_err() {
            return;
        }
        let Some((revision, at)) = store.confirmed() else {
            continue;
        };
        match shared.api.acknowledge(&revision, at).await {
            Ok(()) => {
                backoff.reset();
                store.hear();
                store.works(Part::Receipt);
                acknowledged = Some(revision);
            }
            Err(problem) => {
                store.report(Part::Receipt, &problem);
                let pause = backoff.after(&problem);
                if matches!(problem, Problem::Unexpected { .. }) {
                    // Sent again it would be refused again.
                    acknowledged = Some(revision);
                    continue;
                }
                // Tried again after a while, or with the next one.
                let next = health.wait_for(|health| health.confirmed.as_ref() != Some(&revision));
                let _overtaken = timeout(pause, next).await.is_ok();
            }
        }
    }
}
