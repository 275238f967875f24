//! Every error as `application/problem+json` (RFC 9457), or as a small page for a browser that asked for one.

use axum::body::Body;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::response::{IntoResponse, Response};
use control::{CommandError, Unavailable};
use domain::Refusal;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use serde_json::{Map, Value, json};

/// An error on its way out. The outermost middleware writes its body, since only that knows the request's id.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// HTTP status.
    pub status: StatusCode,
    /// The machine's word for it; `type` is `/problems/<code>`.
    pub code: &'static str,
    /// What happened and what to do.
    pub detail: String,
    /// Seconds to wait before trying again.
    pub retry_after: Option<u32>,
    /// Further members: `fields`, `other_change`, ...
    pub members: Map<String, Value>,
}

impl Problem {
    /// A problem without further members.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            retry_after: None,
            members: Map::new(),
        }
    }

    /// 404 for a path nothing stands at.
    pub fn no_such_path() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not-found",
            "There is nothing at this address.",
        )
    }

    /// 401.
    pub fn unauthenticated(detail: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail)
    }

    /// 400 with one wrong field.
    pub fn field(field: &str, message: impl Into<String>) -> Self {
        Refusal::field(field, message).into()
    }

    /// 500. The log has the rest.
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong inside the server. Its log has the details under this request's id.",
        )
    }

    /// The same, to be tried again after so many seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// A stale `If-Match` is 412, a stale `expected_version` 409.
    #[must_use]
    pub fn of_precondition(mut self) -> Self {
        if self.code == "stale" {
            self.status = StatusCode::PRECONDITION_FAILED;
        }
        self
    }

    /// The JSON body.
    pub fn body(&self, request_id: &str) -> Value {
        let mut body = self.members.clone();
        body.insert("type".into(), format!("/problems/{}", self.code).into());
        body.insert("title".into(), self.title().into());
        body.insert("status".into(), self.status.as_u16().into());
        body.insert("detail".into(), self.detail.clone().into());
        body.insert("code".into(), self.code.into());
        body.insert("request_id".into(), request_id.into());
        Value::Object(body)
    }

    /// The same words for every problem of one code.
    fn title(&self) -> String {
        let words = self.code.replace('-', " ");
        let mut letters = words.chars();
        letters
            .next()
            .map(|first| first.to_uppercase().chain(letters).collect())
            .unwrap_or_default()
    }

    /// The answer for machines.
    pub fn json_response(&self, request_id: &str) -> Response {
        let body = self.body(request_id).to_string();
        self.response("application/problem+json", body)
    }

    /// The answer for people: a page without script, in the site's style where there is one.
    pub fn page_response(&self, request_id: &str, style_sheet: &str) -> Response {
        self.response(
            "text/html; charset=utf-8",
            self.page(request_id, style_sheet),
        )
    }

    fn page(&self, request_id: &str, style_sheet: &str) -> String {
        let style = if style_sheet.is_empty() {
            String::new()
        } else {
            format!("<link rel=\"stylesheet\" href=\"{}\">", escape(style_sheet))
        };
        format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <title>{title} - Switchback</title>{style}</head><body><main class=\"error-page\">\
             <h1>{title}</h1><p>{detail}</p><p>Request {id}</p>\
             <p><a href=\"/\">Back to the migrations</a></p></main></body></html>",
            title = escape(&self.title()),
            detail = escape(&self.detail),
            id = escape(request_id),
        )
    }

    fn response(&self, content_type: &'static str, body: String) -> Response {
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(
                http::header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"switchback\""),
            );
        }
        response
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

impl IntoResponse for Problem {
    /// An empty answer that carries the problem to the outermost middleware.
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status;
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::CONFLICT);
        let mut problem = Self::new(status, refusal.code(), refusal.to_string());
        if let Some(other) = refusal.other_change() {
            problem.members.insert("other_change".into(), json!(other));
        }
        match &refusal {
            Refusal::Invalid { fields } => problem.members.insert("fields".into(), json!(fields)),
            Refusal::Forbidden { needs } => problem.members.insert("needs".into(), json!(needs)),
            Refusal::ChecklistOpen { phase, left } => {
                problem.members.insert("phase".into(), json!(phase));
                problem.members.insert("left".into(), json!(left))
            }
            Refusal::Stale {
                expected, current, ..
            } => {
                problem
                    .members
                    .insert("expected_version".into(), json!(expected));
                problem
                    .members
                    .insert("current_version".into(), json!(current))
            }
            _ => None,
        };
        problem
    }
}

impl From<CommandError> for Problem {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::Refused(refusal) => refusal.into(),
            CommandError::Unavailable(unavailable) => unavailable.into(),
            CommandError::Internal(cause) => {
                tracing::error!(error = %cause, "a command or query failed");
                Self::internal()
            }
        }
    }
}

impl From<Unavailable> for Problem {
    fn from(unavailable: Unavailable) -> Self {
        let detail = unavailable.to_string();
        match unavailable {
            Unavailable::Busy => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail).retry_after(2)
            }
            Unavailable::Full => Self::new(StatusCode::INSUFFICIENT_STORAGE, "full", detail),
            Unavailable::Broken => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "broken", detail).retry_after(60)
            }
            Unavailable::TooLong => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "too-long", detail).retry_after(10)
            }
        }
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        let code = match rejection.status() {
            StatusCode::UNSUPPORTED_MEDIA_TYPE => "unsupported-media-type",
            StatusCode::PAYLOAD_TOO_LARGE => "too-large",
            _ => return Self::new(StatusCode::BAD_REQUEST, "invalid", rejection.body_text()),
        };
        Self::new(rejection.status(), code, rejection.body_text())
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid", rejection.body_text())
    }
}

impl From<PathRejection> for Problem {
    /// What cannot be a key names nothing that exists.
    fn from(rejection: PathRejection) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", rejection.body_text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Timestamp;
    use domain::refusal::OtherChange;

    #[test]
    fn a_stale_edit_shows_the_other_change() {
        let other = OtherChange {
            sequence: 7,
            by: "Ada".into(),
            at: Timestamp(0),
            action: "module.edit".into(),
            summary: "Renamed it.".into(),
        };
        let refusal = Refusal::Stale {
            what: "memory".into(),
            expected: Some(1),
            current: 2,
            other: Some(Box::new(other)),
        };
        let problem = Problem::from(refusal);
        let body = problem.body("r1");
        assert_eq!(body["type"], "/problems/stale");
        assert_eq!(body["status"], 409);
        assert_eq!(body["request_id"], "r1");
        assert_eq!(body["current_version"], 2);
        assert_eq!(body["other_change"]["by"], "Ada");
        assert_eq!(
            problem.of_precondition().status,
            StatusCode::PRECONDITION_FAILED
        );
    }

    #[test]
    fn a_page_shows_text_as_text() {
        let problem = Problem::new(StatusCode::NOT_FOUND, "not-found", "<script>");
        let page = problem.page("r1", "");
        assert!(page.contains("<h1>Not found</h1><p>&lt;script&gt;</p><p>Request r1</p>"));
        assert!(!page.contains("<script"));
    }
}
