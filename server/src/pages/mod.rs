//! Pages and their forms, one file each: read the request, call one capability, render. What an island asks, it asks of
//! the addresses that links and forms have, with `Accept: application/json` (`AsJson`): what the page is made of, or what was done.

pub mod account;
pub mod api_docs;
pub mod api_keys;
pub mod assistant;
pub mod audit_log;
pub mod company_sign_on;
pub mod demo;
pub mod evaluations;
pub mod facts;
pub mod guide;
pub mod home;
pub mod inbox;
pub mod join;
pub mod knowledge;
pub mod letters;
pub mod meet;
pub mod meetings;
pub mod members;
pub mod passkeys;
pub mod personalities;
pub mod preferences;
pub mod providers;
pub mod receipts;
pub mod render;
pub mod roles;
pub mod second_factor;
pub mod settings;
pub mod sign_in;
pub mod sign_out;
pub mod sign_up;
pub mod site;
pub mod teams;
pub mod tools;
pub mod unanswered;
pub mod usage;
pub mod workspaces;

use crate::failure::Failure;
use axum::extract::{FromRequestParts, Query, rejection::FormRejection};
use axum::http::{StatusCode, header, request::Parts};
use axum::response::Response;
use identity::IdentityError;
use model::{ErrorCode, Fault, Problem};
use serde::Deserialize;
use std::convert::Infallible;
use words::text;

/// What has just been done, as the address names it (`?done=saved`), to be said on the page; empty where it names nothing.
#[derive(Debug)]
pub struct Done(String);

impl<S: Send + Sync> FromRequestParts<S> for Done {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        #[derive(Deserialize)]
        struct Named {
            done: String,
        }
        let named = Query::<Named>::try_from_uri(&parts.uri);
        Ok(Self(named.map(|Query(Named { done })| done).unwrap_or_default()))
    }
}

/// A page on which something was refused, with when it may be tried again.
fn to_try_again(mut response: Response, seconds: Option<u64>) -> Response {
    if let Some(seconds) = seconds {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

/// What went wrong with a form of one's own, to be shown on its page: what its sender can mend, or wait for. Faults of ours go on.
fn to_show(error: impl Fault) -> Result<(StatusCode, Problem, Option<u64>), Failure> {
    let failure = Failure::from(error);
    let shown = [ErrorCode::Invalid, ErrorCode::Conflict, ErrorCode::RateLimited, ErrorCode::Unavailable];
    if !shown.contains(&failure.0.code) {
        return Err(failure);
    }
    let (status, retry_after) = (failure.status(), failure.0.retry_after);
    Ok((status, failure.0, retry_after))
}

/// The same of a form whose fields stand beside another one's of these names: said above, and of none of them.
fn of_no_field(error: IdentityError) -> IdentityError {
    match error {
        IdentityError::Invalid(errors) => match errors.into_iter().next() {
            Some(first) if first.field == "password" => IdentityError::NotThePassword,
            Some(first) => IdentityError::NotTheCode(first.message),
            None => IdentityError::NotThePassword,
        },
        other => other,
    }
}

/// A body that is not a form.
fn unreadable(rejection: FormRejection) -> Failure {
    let status = rejection.status().as_u16();
    Failure(match status {
        413 => Problem::new(ErrorCode::TooLarge, text!("Nothing was changed. Send less at once.")),
        415 => {
            let detail = text!("Send the form as application/x-www-form-urlencoded.");
            Problem::new(ErrorCode::UnsupportedMediaType, detail)
        }
        _ => Problem::new(ErrorCode::InvalidRequest, text!("The form could not be read. Nothing was changed.")),
    })
}
