//! Server functions: the only ones. Each reads its strings into domain types, asks `control` with the caller it was
//! given, and answers with an [`AppError`](crate::error::AppError) that the page can show.
#![expect(
    missing_docs,
    reason = "the macro makes a struct of the arguments; its fields cannot be documented"
)]

pub mod access;
pub mod audit;
pub mod calendar;
pub mod checklists;
pub mod connect;
pub mod evidence;
pub mod flags;
pub mod flash;
pub mod forms;
pub mod import;
#[cfg(feature = "ssr")]
mod input;
pub mod instances;
pub mod issues;
pub mod migrations;
pub mod modules;
pub mod overview;
#[cfg(feature = "ssr")]
mod page_form;
pub mod plan;
pub mod search;
pub mod settings;

#[cfg(feature = "ssr")]
pub(crate) use edge::{Answer, environment, key, keys, read};

#[cfg(feature = "ssr")]
mod edge {
    use control::{CommandError, QueryError};
    use domain::{Committed, Key, Refusal};
    use leptos::prelude::use_context;
    use leptos_axum::ResponseOptions;

    use crate::error::AppError;
    use crate::flash::{Flash, RefusedForm};
    use crate::server_context::{ServerContext, server_context, signed_in};

    /// A key from an address. One that cannot be a key names nothing.
    pub(crate) fn key(what: &str, text: &str) -> Result<Key, AppError> {
        Key::parse(text.trim())
            .map_err(|_| AppError::from(Refusal::not_found(what, text.trim())).with_status())
    }

    /// An environment's key; empty is the deciding one.
    pub(crate) fn environment(text: &str) -> Result<Option<Key>, AppError> {
        if text.trim().is_empty() {
            Ok(None)
        } else {
            key("environment", text).map(Some)
        }
    }

    /// Modules' keys with commas between.
    pub(crate) fn keys(text: &str) -> Result<Vec<Key>, AppError> {
        text.split(',')
            .filter(|part| !part.trim().is_empty())
            .map(|part| key("module", part))
            .collect()
    }

    /// A query's answer; a failure sets the status.
    pub(crate) fn read<T>(result: Result<T, QueryError>) -> Result<T, AppError> {
        result.map_err(|error| AppError::from(error).with_status())
    }

    /// How a form is answered: in place with script, by a redirect and a flash without.
    pub(crate) struct Answer {
        /// The server function's endpoint.
        pub form: &'static str,
        /// The page the form stands on, for a refusal.
        pub back: String,
        /// What was typed, given back after a refusal.
        pub fields: Vec<(&'static str, String)>,
    }

    impl Answer {
        /// Answers with what was done; without script the browser is sent to `then`.
        pub(crate) fn done(
            self,
            result: Result<Committed, CommandError>,
            then: impl FnOnce(&Committed) -> String,
        ) -> Result<Committed, AppError> {
            match result {
                Ok(done) => {
                    redirect_with(&then(&done), Flash::Done(done.clone()));
                    Ok(done)
                }
                Err(error) => Err(self.refused(error.into())),
            }
        }

        /// Answers with something else than a command's result, told as `flash` without script.
        pub(crate) fn said<T>(
            self,
            result: Result<T, CommandError>,
            then: &str,
            flash: impl FnOnce(&T) -> Flash,
        ) -> Result<T, AppError> {
            match result {
                Ok(value) => {
                    redirect_with(then, flash(&value));
                    Ok(value)
                }
                Err(error) => Err(self.refused(error.into())),
            }
        }

        /// Answers with a refusal: the status with script, back to the form without.
        pub(crate) fn refused(self, error: AppError) -> AppError {
            let fields = self
                .fields
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect();
            let flash = Flash::Refused(RefusedForm {
                form: self.form.to_owned(),
                error: error.clone(),
                fields,
            });
            if redirect_with(&self.back, flash) {
                error
            } else {
                error.with_status()
            }
        }
    }

    /// Sends a browser without script to `path` with a flash; false when the browser has script and needs neither.
    fn redirect_with(path: &str, flash: Flash) -> bool {
        let Ok(context) = server_context() else {
            return false;
        };
        if !context.plain_form {
            return false;
        }
        let ServerContext {
            caller,
            control,
            flash: store,
            ..
        } = context;
        let target = match caller {
            Some(caller) => {
                let id = store.put(&caller.actor.id, flash, control.clock().now());
                with_flash(path, &id)
            }
            None => format!("/sign-in?next={}", crate::address::encoded(path)),
        };
        leptos_axum::redirect(&target);
        if let Some(options) = use_context::<ResponseOptions>() {
            options.set_status(http::StatusCode::SEE_OTHER);
        }
        true
    }

    /// The address with the flash in its query, before the part of the page it points to.
    fn with_flash(path: &str, id: &str) -> String {
        let (path, part) = path.split_at(path.find('#').unwrap_or(path.len()));
        let joint = if path.contains('?') { '&' } else { '?' };
        format!("{path}{joint}flash={id}{part}")
    }

    impl Answer {
        /// The context and caller, or the refusal already answered.
        pub(crate) fn signed_in(self) -> Result<(Self, ServerContext, control::Caller), AppError> {
            match signed_in() {
                Ok((context, caller)) => Ok((self, context, caller)),
                Err(error) => Err(self.refused(error)),
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::with_flash;

        #[test]
        fn a_flash_comes_before_the_part_of_the_page() {
            assert_eq!(with_flash("/m/a/settings", "1f"), "/m/a/settings?flash=1f");
            assert_eq!(
                with_flash("/m/a/settings?env=b#phases", "1f"),
                "/m/a/settings?env=b&flash=1f#phases"
            );
        }
    }
}
