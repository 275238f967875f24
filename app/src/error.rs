//! What a server function answers instead of a result.

use domain::Refusal;
use domain::refusal::{FieldError, OtherChange};
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::codec::PageEncoding;

/// A [`Refusal`] as a page shows it. The refusal itself stays on the server: a browser that could read every kind of it
/// would load 40 kB more for words that are made already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// What is wrong and what to do.
    pub message: String,
    /// The HTTP status it is answered with.
    pub status: u16,
    /// Every field that is wrong.
    pub fields: Vec<FieldError>,
    /// The change that came first, where there is one.
    pub other: Option<OtherChange>,
}

impl Refused {
    /// One with nothing but words.
    pub fn said(status: u16, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            status,
            fields: Vec::new(),
            other: None,
        }
    }
}

/// Why there is no result. Everything a page needs to say what to do.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
pub enum AppError {
    /// A rule said no; nothing was changed.
    #[error("{}", .0.message)]
    Refused(Refused),
    /// The store cannot take a change now; nothing was changed.
    #[error("{why}")]
    Unavailable {
        /// What to do.
        why: String,
        /// HTTP status: 503, or 507 when the disk is full.
        status: u16,
    },
    /// There is no session, or it has ended.
    #[error("You are signed out. Sign in again, then repeat it: nothing was changed.")]
    NotSignedIn,
    /// A defect; the log has the rest under the request's id.
    #[error(
        "Something went wrong inside the server. Its log has the details under the id {request_id}."
    )]
    Internal {
        /// The request's id.
        request_id: String,
    },
    /// The server gave no answer, or one that cannot be read.
    #[error(
        "The server could not be reached ({why}). Look whether the change was made before you try again."
    )]
    Unreachable {
        /// What the browser said.
        why: String,
    },
}

impl AppError {
    /// The refusal, where it is one.
    pub fn refused(&self) -> Option<&Refused> {
        match self {
            Self::Refused(refused) => Some(refused),
            _ => None,
        }
    }

    /// What is wrong with one field of the form, if that is what it is about.
    pub fn of_field(&self, name: &str) -> Option<String> {
        self.refused()?
            .fields
            .iter()
            .find(|error| error.field == name)
            .map(|error| error.message.clone())
    }

    /// The HTTP status it is answered with.
    pub fn status(&self) -> u16 {
        match self {
            Self::Refused(refused) => refused.status,
            Self::Unavailable { status, .. } => *status,
            Self::NotSignedIn => 401,
            Self::Internal { .. } => 500,
            Self::Unreachable { .. } => 502,
        }
    }
}

impl From<Refusal> for AppError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Refused {
            message: refusal.to_string(),
            status: refusal.status(),
            other: refusal.other_change().cloned(),
            fields: match refusal {
                Refusal::Invalid { fields } => fields,
                _ => Vec::new(),
            },
        })
    }
}

impl FromServerFnError for AppError {
    type Encoder = PageEncoding;

    fn from_server_fn_error(value: ServerFnErrorErr) -> Self {
        match value {
            ServerFnErrorErr::Args(why) | ServerFnErrorErr::MissingArg(why) => Self::Refused(
                Refused::said(400, format!("The form could not be read: {why}.")),
            ),
            other => Self::Unreachable {
                why: other.to_string(),
            },
        }
    }
}

#[cfg(feature = "ssr")]
mod server {
    use control::{CommandError, Unavailable};
    use leptos::prelude::use_context;
    use leptos_axum::ResponseOptions;

    use super::AppError;
    use crate::server_context::ServerContext;

    impl AppError {
        /// Itself, after setting the status of the answer being made.
        #[must_use]
        pub(crate) fn with_status(self) -> Self {
            if let (Some(options), Ok(status)) = (
                use_context::<ResponseOptions>(),
                http::StatusCode::from_u16(self.status()),
            ) {
                options.set_status(status);
                if status == http::StatusCode::SERVICE_UNAVAILABLE {
                    options.insert_header(
                        http::header::RETRY_AFTER,
                        http::HeaderValue::from_static("2"),
                    );
                }
            }
            self
        }
    }

    impl From<CommandError> for AppError {
        fn from(error: CommandError) -> Self {
            match error {
                CommandError::Refused(refusal) => refusal.into(),
                CommandError::Unavailable(unavailable) => Self::Unavailable {
                    why: unavailable.to_string(),
                    status: if unavailable == Unavailable::Full {
                        507
                    } else {
                        503
                    },
                },
                CommandError::Internal(_) => Self::Internal {
                    request_id: use_context::<ServerContext>()
                        .and_then(|context| context.caller)
                        .map(|caller| caller.request_id)
                        .unwrap_or_default(),
                },
            }
        }
    }
}
