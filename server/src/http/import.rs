//! `POST /import`: a plan uploaded by the import page, kept as a draft for its preview.

use app::error::AppError;
use app::flash::{Flash, RefusedForm};
use axum::extract::State;
use axum::extract::multipart::{Multipart, MultipartRejection};
use axum::response::{IntoResponse as _, Redirect, Response};
use control::Caller;
use control::queries::Draft;
use domain::refusal::FieldError;
use domain::{Key, Refusal};
use jiff::civil::Date;

use super::problem::Problem;
use crate::middleware::authentication::Authenticated;
use crate::state::AppState;

/// The form as it came.
#[derive(Default)]
struct Upload {
    file_name: String,
    body: Vec<u8>,
    migration: String,
    name: String,
    zone: String,
    start: String,
}

/// Keeps the upload and leads to its preview, or back to the form with its fields and what is wrong.
pub async fn upload(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    multipart: Result<Multipart, MultipartRejection>,
) -> Result<Response, Problem> {
    let multipart = multipart.map_err(|rejection| Problem::field("file", rejection.body_text()))?;
    let upload = Upload::read(multipart).await?;
    let refused = match upload.draft() {
        Ok(draft) => match control::queries::save_draft(&state.control, &caller, draft).await {
            Ok(kept) => return Ok(Redirect::to(&format!("/import/{}", kept.draft)).into_response()),
            Err(error) => AppError::from(error),
        },
        Err(fields) => Refusal::Invalid { fields }.into(),
    };
    Ok(back_to_form(&state, &caller, &upload, refused))
}

fn back_to_form(state: &AppState, caller: &Caller, upload: &Upload, error: AppError) -> Response {
    let fields = upload
        .fields()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
    let flash = Flash::Refused(RefusedForm {
        form: "import".into(),
        error,
        fields,
    });
    let id = state
        .flash
        .put(&caller.actor.id, flash, state.control.clock().now());
    Redirect::to(&format!("/import?flash={id}")).into_response()
}

impl Upload {
    async fn read(mut multipart: Multipart) -> Result<Self, Problem> {
        let broken = |error: axum::extract::multipart::MultipartError| {
            Problem::field("file", error.body_text())
        };
        let mut upload = Self::default();
        while let Some(field) = multipart.next_field().await.map_err(broken)? {
            let name = field.name().unwrap_or_default().to_owned();
            if name == "file" {
                field
                    .file_name()
                    .unwrap_or_default()
                    .clone_into(&mut upload.file_name);
                upload.body = field.bytes().await.map_err(broken)?.into();
                continue;
            }
            let text = field.text().await.map_err(broken)?;
            match name.as_str() {
                "migration" => upload.migration = text,
                "name" => upload.name = text,
                "zone" => upload.zone = text,
                "start" => upload.start = text,
                _ => {}
            }
        }
        Ok(upload)
    }

    fn fields(&self) -> [(&'static str, &str); 4] {
        [
            ("migration", &self.migration),
            ("name", &self.name),
            ("zone", &self.zone),
            ("start", &self.start),
        ]
    }

    /// What is to be kept, or every field that is wrong.
    fn draft(&self) -> Result<Draft, Vec<FieldError>> {
        let mut fields = Vec::new();
        let mut wrong = |field: &str, message: String| {
            fields.push(FieldError {
                field: field.into(),
                message,
            });
        };
        let migration = Key::parse(self.migration.trim())
            .map_err(|error| wrong("migration", error.to_string()))
            .ok();
        let start = self
            .start
            .trim()
            .parse::<Date>()
            .map_err(|_| {
                wrong(
                    "start",
                    "write the first day of the earliest phase as 2026-11-30".into(),
                );
            })
            .ok();
        if self.body.is_empty() {
            wrong("file", "choose a plan: a Markdown file".into());
        }
        let (Some(migration), Some(start), true) = (migration, start, fields.is_empty()) else {
            return Err(fields);
        };
        let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Ok(Draft {
            file_name: self.file_name.clone(),
            migration,
            name: some(&self.name),
            zone: some(&self.zone).unwrap_or_else(|| "UTC".into()),
            start,
            body: self.body.clone(),
        })
    }
}
