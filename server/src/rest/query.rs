//! Query parameters of the REST interface: typed, and unknown ones refused.

use crate::failure::Failure;
use crate::state::App;
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use model::{ErrorCode, Problem};
use serde::{Deserialize, de::DeserializeOwned};
use utoipa::IntoParams;
use words::text;

/// The parameters of an address, as `T` reads them.
#[derive(Debug)]
pub struct ApiQuery<T>(pub T);

/// For addresses that take no parameters.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct None {}

/// Which part of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Part {
    /// Most entries.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before.
    #[param(min_length = 1)]
    pub cursor: Option<String>,
}

impl<T: DeserializeOwned> FromRequestParts<App> for ApiQuery<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Failure> {
        Query::<T>::try_from_uri(&parts.uri).map(|Query(value)| Self(value)).map_err(|e| {
            let detail = text!("The query cannot be read: {reason}.", reason = source(&e));
            Problem::new(ErrorCode::InvalidRequest, detail).into()
        })
    }
}

/// What serde says about it; the outer layers only say that something failed.
fn source(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(inner) = error.source() {
        error = inner;
    }
    error.to_string()
}
