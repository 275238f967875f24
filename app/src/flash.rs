//! What a form without script is told after its redirect: what was done, or why not, with its fields to go on from.

use domain::change::Committed;
use serde::{Deserialize, Serialize};

use crate::error::AppError;

/// One message for one person, found again by the `?flash=` of the page they were sent to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Flash {
    /// A command was carried out.
    Done(Committed),
    /// Something else worth saying.
    Said(String),
    /// A secret that is shown this once.
    Secret {
        /// What it is.
        title: String,
        /// The secret.
        text: String,
    },
    /// A form was refused.
    Refused(RefusedForm),
}

/// A refused form with everything typed into it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedForm {
    /// The server function's endpoint: which form of the page it was.
    pub form: String,
    /// Why.
    pub error: AppError,
    /// What was typed, by field.
    pub fields: Vec<(String, String)>,
}

impl RefusedForm {
    /// What was typed into a field.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.as_str())
    }
}

impl Flash {
    /// The refused form, when it is the one named.
    pub fn refused(&self, form: &str) -> Option<&RefusedForm> {
        match self {
            Self::Refused(refused) if refused.form == form => Some(refused),
            _ => None,
        }
    }
}

#[cfg(feature = "ssr")]
pub use store::FlashStore;

#[cfg(feature = "ssr")]
mod store {
    use std::collections::VecDeque;
    use std::sync::{Arc, Mutex, PoisonError};

    use domain::Timestamp;

    use super::Flash;

    /// Messages kept at most; the oldest go first.
    const MOST: usize = 1_000;
    /// Most bytes of what was typed, over all of them: a refused form gives long texts back.
    const MOST_BYTES: usize = 32 * 1024 * 1024;
    /// How long one is kept, milliseconds.
    const KEPT: i64 = 10 * 60 * 1_000;

    struct Kept {
        id: String,
        actor: String,
        until: Timestamp,
        flash: Flash,
    }

    /// Messages in memory, each belonging to one actor, for ten minutes.
    #[derive(Clone, Default)]
    pub struct FlashStore {
        messages: Arc<Mutex<Messages>>,
    }

    #[derive(Default)]
    struct Messages {
        /// Number behind the newest id: none is ever given twice.
        last: i64,
        kept: VecDeque<Kept>,
    }

    impl FlashStore {
        /// Keeps a message for `actor` and gives its id for `?flash=`. An id is no secret: only the actor can read it.
        pub fn put(&self, actor: &str, flash: Flash, now: Timestamp) -> String {
            let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
            let Messages { last, kept } = &mut *messages;
            kept.retain(|message| message.until > now);
            let mut bytes = typed(&flash) + kept.iter().map(|one| typed(&one.flash)).sum::<usize>();
            while kept.len() >= MOST || (bytes > MOST_BYTES && !kept.is_empty()) {
                let gone = kept.pop_front().map_or(0, |oldest| typed(&oldest.flash));
                bytes = bytes.saturating_sub(gone);
            }
            *last = now.0.max(last.saturating_add(1));
            let id = format!("{last:x}");
            kept.push_back(Kept {
                id: id.clone(),
                actor: actor.to_owned(),
                until: now.plus(KEPT),
                flash,
            });
            id
        }

        /// The message, if it is theirs and not too old. A secret is forgotten as soon as it is read.
        pub fn get(&self, actor: &str, id: &str, now: Timestamp) -> Option<Flash> {
            let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
            let kept = &mut messages.kept;
            kept.retain(|message| message.until > now);
            let at = kept
                .iter()
                .position(|message| message.id == id && message.actor == actor)?;
            if matches!(kept.get(at)?.flash, Flash::Secret { .. }) {
                return kept.remove(at).map(|message| message.flash);
            }
            kept.get(at).map(|message| message.flash.clone())
        }
    }

    /// Bytes of the fields that a flash gives back.
    fn typed(flash: &Flash) -> usize {
        match flash {
            Flash::Refused(refused) => refused.fields.iter().map(|(_, text)| text.len()).sum(),
            Flash::Done(_) | Flash::Said(_) | Flash::Secret { .. } => 0,
        }
    }

    #[cfg(test)]
    mod tests {
        use crate::error::{AppError, Refused};
        use crate::flash::RefusedForm;

        use super::*;

        #[test]
        fn long_texts_do_not_fill_the_memory() {
            let store = FlashStore::default();
            let refused = || {
                Flash::Refused(RefusedForm {
                    form: "comment_issue".into(),
                    error: AppError::Refused(Refused::said(400, "Too long.")),
                    fields: vec![("comment".into(), "x".repeat(MOST_BYTES / 4))],
                })
            };
            let ids: Vec<_> = (0..6)
                .map(|_| store.put("ada", refused(), Timestamp(0)))
                .collect();
            let kept = |id: &String| store.get("ada", id, Timestamp(1)).is_some();
            assert_eq!(ids.iter().filter(|id| kept(id)).count(), 4);
            assert!(ids.last().is_some_and(kept));
        }

        #[test]
        fn a_message_is_its_actors_alone_and_grows_old() {
            let store = FlashStore::default();
            let id = store.put("ada", Flash::Said("hello".into()), Timestamp(1_000));
            assert_eq!(store.get("bob", &id, Timestamp(1_001)), None);
            assert_eq!(
                store.get("ada", &id, Timestamp(1_001)),
                Some(Flash::Said("hello".into()))
            );
            assert_eq!(store.get("ada", &id, Timestamp(1_000 + KEPT)), None);
        }

        #[test]
        fn a_secret_is_read_once() {
            let store = FlashStore::default();
            let secret = Flash::Secret {
                title: "t".into(),
                text: "s".into(),
            };
            let id = store.put("ada", secret.clone(), Timestamp(0));
            assert_eq!(store.get("ada", &id, Timestamp(1)), Some(secret));
            assert_eq!(store.get("ada", &id, Timestamp(2)), None);
        }

        #[test]
        fn the_oldest_messages_go_when_there_are_too_many() {
            let store = FlashStore::default();
            let first = store.put("ada", Flash::Said("first".into()), Timestamp(0));
            for _ in 0..MOST {
                store.put("ada", Flash::Said("more".into()), Timestamp(0));
            }
            assert_eq!(store.get("ada", &first, Timestamp(1)), None);
        }
    }
}
