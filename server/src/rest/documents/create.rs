//! `POST /api/v1/documents`: uploads a file.

use super::disposition::Disposition;
use crate::auth::ApiCaller;
use crate::failure::Failure;
use crate::rest::refusals::{Refused, RefusedBody};
use crate::state::App;
use axum::extract::multipart::{Field, Multipart, MultipartError, MultipartRejection};
use axum::{Json, extract::State, http::StatusCode};
use knowledge::{KnowledgeError, reading};
use model::knowledge::{Document, DocumentKind};
use model::{ErrorCode, Problem};
use serde::Deserialize;
use utoipa::ToSchema;
use words::{Text, text};

/// What is said of a file that is too large (`knowledge::reading::MAX_BYTES`).
pub const TOO_LARGE: Text = text!("A file may have 5 MB. Split it and upload the parts.");

/// The form.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "describes the form; it is read field by field")]
pub struct NewDocument {
    /// The file: Markdown, text, a web page, CSV or JSON, in UTF-8, at most 5 MB. A web page may be in the encoding that it says it is in.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    file: String,
    /// What people shall call it; by default what a web page calls itself, or the name of the file.
    #[schema(value_type = String, required = false, max_length = 200)]
    title: Option<String>,
    /// `auto` (default) looks at the file; `text` reads running text; `qa` reads pairs of `question` and `answer`.
    #[schema(value_type = String, required = false, pattern = "^(auto|text|qa)$")]
    kind: Option<String>,
    /// What of the documents that were files of the same name: `true` puts this one in their place, `false` refuses it because of them. Both
    /// stay if nothing is said.
    #[schema(value_type = bool, required = false)]
    replace: Option<bool>,
}

/// Keeps a document and has it read. Ask for it again until its `state` is `ready` or `failed`.
#[utoipa::path(
    post,
    path = "/api/v1/documents",
    operation_id = "create_document",
    tag = "Knowledge",
    security(("api_key" = [])),
    request_body(content = NewDocument, content_type = "multipart/form-data"),
    responses(
        (status = 202, description = "The document is kept and will be read", body = Document),
        (status = 409, description = "The very same file is there; or, where `replace` is false, one of the same name; or as many documents as a workspace can have", body = Problem, content_type = "application/problem+json"),
        RefusedBody,
        Refused,
    )
)]
pub async fn create(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    form: Result<Multipart, MultipartRejection>,
) -> Result<(StatusCode, Json<Document>), Failure> {
    let new = read_form(form, 1).await?.pop().unwrap_or_default();
    Ok((StatusCode::ACCEPTED, Json(app.capabilities.knowledge.upload(&caller, new).await?)))
}

/// Reads the form: at least one file, at most so many; title and kind are for all of them. Nothing is kept yet.
///
/// # Errors
/// A problem that names the field.
pub async fn read_form(
    form: Result<Multipart, MultipartRejection>,
    most: usize,
) -> Result<Vec<knowledge::NewDocument>, Failure> {
    let refuse = |detail: Text| Failure(Problem::new(ErrorCode::InvalidRequest, detail));
    let mut form = form.map_err(|_| {
        let detail = text!("Send a form with the header `Content-Type: multipart/form-data`.");
        Failure(Problem::new(ErrorCode::UnsupportedMediaType, detail))
    })?;
    let (mut files, mut title, mut kind, mut replace) = (Vec::new(), None, None, None);
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        let Disposition { name, file_name } = Disposition::of(field.headers());
        let twice = || refuse(text!("The field `{name}` is there too often.", name));
        match name.as_str() {
            "file" if files.len() == most => return Err(twice()),
            "file" => files.push((file_name, content(field).await?)),
            "title" if title.is_none() => title = Some(typed("title", field).await?),
            "kind" if kind.is_none() => kind = Some(wanted(&typed("kind", field).await?)?),
            "replace" if replace.is_none() => replace = Some(ticked(&typed("replace", field).await?)?),
            "title" | "kind" | "replace" => return Err(twice()),
            _ => {
                return Err(refuse(text!(
                    "The form has no field `{name}`; it takes `file`, `title`, `kind` and `replace`.",
                    name
                )));
            }
        }
    }
    if files.is_empty() {
        return Err(KnowledgeError::field("file", text!("Choose a file.")).into());
    }
    let new = |(file_name, bytes)| knowledge::NewDocument {
        file_name,
        title: title.clone().unwrap_or_default(),
        kind: kind.unwrap_or_default(),
        bytes,
        replace,
    };
    Ok(files.into_iter().map(new).collect())
}

/// What a file holds. Of one that is too large, no more is kept than shows it.
async fn content(mut field: Field<'_>) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    while let Some(piece) = field.chunk().await.map_err(unreadable)? {
        if bytes.len() <= reading::MAX_BYTES {
            bytes.extend_from_slice(&piece);
        }
    }
    Ok(bytes)
}

/// What was typed: in UTF-8, or in the charset that the part says. What that does not fit is not kept with other letters.
async fn typed(name: &'static str, field: Field<'_>) -> Result<String, Failure> {
    let text = field.text().await.map_err(unreadable)?;
    if text.contains(char::REPLACEMENT_CHARACTER) {
        return Err(KnowledgeError::field(name, text!("Send this field in UTF-8.")).into());
    }
    Ok(text)
}

fn wanted(kind: &str) -> Result<reading::Wanted, Failure> {
    match (kind.trim(), DocumentKind::from_name(kind.trim())) {
        ("" | "auto", _) => Ok(reading::Wanted::Auto),
        (_, Some(kind)) => Ok(reading::Wanted::Kind(kind)),
        _ => Err(KnowledgeError::field("kind", text!("Use auto, text or qa.")).into()),
    }
}

fn ticked(text: &str) -> Result<bool, Failure> {
    match text.trim() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(KnowledgeError::field("replace", text!("Use true or false.")).into()),
    }
}

fn unreadable(error: MultipartError) -> Failure {
    Failure(match error.status().as_u16() {
        413 => Problem::new(ErrorCode::TooLarge, TOO_LARGE),
        _ => Problem::new(ErrorCode::InvalidRequest, text!("The form could not be read. Nothing was changed.")),
    })
}
