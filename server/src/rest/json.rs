//! JSON bodies of the REST interface: typed, unknown fields refused, and every refusal a problem document.

use crate::failure::Failure;
use crate::state::App;
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request};
use model::{ErrorCode, Problem};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::marker::PhantomData;
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

/// What reads itself from an object alone. For a struct serde takes an array as well, with the fields in the order in which they
/// happen to stand.
#[derive(Debug)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        object(deserializer).map(Self)
    }
}

/// The same for a field: `#[serde(deserialize_with = "object")]`.
///
/// # Errors
/// What is no object, and what `T` does not read.
pub fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct Fields<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map))
        }
    }

    deserializer.deserialize_map(Fields(PhantomData))
}
