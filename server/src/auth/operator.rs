//! A program of whoever runs the installation, by its key.

use super::key::{bearer, opens_nothing};
use crate::failure::Failure;
use crate::limits::api::Noted;
use crate::request::RequestInfo;
use crate::state::App;
use axum::{extract::FromRequestParts, http::request::Parts};
use identity::Operator;
use model::Problem;
use words::text;

/// The caller of the operator's interface: `Authorization: Bearer smo_…`. A company's key opens nothing here, and is told what any
/// unknown key is.
#[derive(Debug)]
pub struct OperatorCaller(pub Operator);

impl FromRequestParts<App> for OperatorCaller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let identity = &app.capabilities.identity;
        let secret = bearer(
            parts,
            text!(
                "Send a key of the operator: `Authorization: Bearer smo_…`. They are made by `samtal operator-key create`."
            ),
            text!("The header Authorization must have the form `Bearer smo_…`."),
        )?;
        let mark = identity.operator_mark(secret).ok_or_else(opens_nothing)?;
        // Every request has one.
        let info = parts.extensions.get::<RequestInfo>().copied().ok_or_else(Problem::not_found)?;
        // Before the database is asked, so that who guesses, or asks too often, costs it nothing.
        app.rates.may_fail(info.network())?;
        let noted = parts.extensions.get::<Noted>().cloned().unwrap_or_default();
        app.rates.count_key(mark, &noted)?;
        match identity.authenticate_operator(mark, &info.origin()).await? {
            Some(operator) => Ok(Self(operator)),
            None => {
                app.rates.count_failure(info.network());
                Err(opens_nothing().into())
            }
        }
    }
}
