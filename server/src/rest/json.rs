//! JSON bodies of the REST interface: typed, unknown fields refused, and every refusal a problem document.

use crate::failure::Failure;
use crate::state::App;
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request};
pub use model::object::{Object, object};
use model::{ErrorCode, Problem};
use serde::de::DeserializeOwned;
use words::text;

/// The body, as `T` reads it.
#[derive(Debug)]
pub struct ApiJson<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for ApiJson<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        let problem = match Json::<Object<T>>::from_request(request, app).await {
            Ok(Json(Object(value))) => return Ok(Self(value)),
            Err(JsonRejection::MissingJsonContentType(_)) => Problem::new(
                ErrorCode::UnsupportedMediaType,
                text!("Send JSON, with the header `Content-Type: application/json`."),
            ),
            Err(JsonRejection::BytesRejection(error)) if error.status().as_u16() == 413 => {
                Problem::new(ErrorCode::TooLarge, text!("Nothing was changed. Send less at once."))
            }
            Err(error) => {
                let text = error.body_text();
                // What axum writes before the reason says nothing that the title does not.
                let reason = text.split_once(": ").map_or(text.as_str(), |(_, reason)| reason);
                Problem::new(ErrorCode::InvalidRequest, text!("The body cannot be read: {reason}.", reason))
            }
        };
        Err(problem.into())
    }
}
