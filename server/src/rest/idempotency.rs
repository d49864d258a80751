//! A `POST` that is done once, however often it is sent: by the header `Idempotency-Key`
//! (draft-ietf-httpapi-idempotency-key-header). Around the addresses where a `POST` changes something; the rest takes no notice of it:
//! what only reads may be asked again, and a file that came before is known by what it holds.
//!
//! *Guarantees:* whoever asks is known, and counted, before anything is looked up; a name is each key's own. An answer that says what was
//! done, or why it cannot be (2xx, 404, 409, 422), is kept and given again as it was. After any other, and one that says that nothing was
//! begun (`not_begun`), nothing is kept, and who sends the request again has it done again; so it is after a panic. What ran out of time
//! (504) may still be done: its name is taken until its lease is over. Who goes away meanwhile changes nothing: what has begun is done to its
//! end (`edge::admission`).
//!
//! *Must not:* be inside of what ends a request in the middle, or the name is taken until its lease is over.

use crate::auth;
use crate::failure::{Failure, Undressed, document};
use crate::request::RequestInfo;
use crate::state::App;
use axum::{
    Extension,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use identity::{Begun, KeptAnswer, MAX_ANSWER, MAX_KEPT, MAX_KEPT_MB, Once};
use model::permission::Permissions;
use model::{ErrorCode, FieldError, Problem};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::time::Duration;
use store::{Caller, StoreError};
use utoipa::IntoParams;
use words::{Text, text};

/// The header of the name.
pub(super) const NAME: HeaderName = HeaderName::from_static("idempotency-key");
/// The header of an answer that was given before.
pub(super) const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// Most characters of a name.
const MOST: usize = 128;
/// Headers of an answer that are kept with it.
const KEPT: [HeaderName; 3] = [header::CONTENT_TYPE, header::LOCATION, header::ETAG];
/// How much longer than the work may take a name is held for who does it: to learn who asks, and to note how it ended.
const BEYOND: Duration = Duration::from_secs(30);

/// The header by which a request is done once, for the description.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "describes the header; it is read where all requests pass")]
pub struct IdempotencyKey {
    /// A name of yours for this request, another one for each thing that is to be done: 1 to 128 visible ASCII characters, in quotes or
    /// without. Sent again with the same name, for a day, it is done once and gets the same answer.
    #[param(rename = "Idempotency-Key", value_type = String, required = false, pattern = r#"^([!#-\[\]-~]{1,128}|"[!#-\[\]-~]{1,128}")$"#)]
    name: Option<String>,
}

/// Beside an answer: nothing was begun, so its name is free again whatever its status.
#[derive(Clone, Copy)]
struct NotBegun;

/// A refusal of the way in which something is asked: the name is free for who asks in another.
pub(super) fn not_begun(refused: impl Into<Failure>) -> Response {
    let refused: Failure = refused.into();
    let mut answer = refused.into_response();
    answer.extensions_mut().insert(NotBegun);
    answer
}

/// An answer as it is kept, beside its status.
#[derive(Serialize, Deserialize)]
struct Kept {
    headers: Vec<(String, String)>,
    body: String,
}

/// Does a request with a name once, and answers as before when it comes again.
pub async fn once(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    request: Request,
    next: Next,
) -> Response {
    if request.method() != Method::POST || !request.headers().contains_key(NAME) {
        return next.run(request).await;
    }
    let (mut head, body) = request.into_parts();
    let Some(caller) = auth::known(&mut head, &app).await else {
        return next.run(Request::from_parts(head, body)).await;
    };
    let (once, body) = match begin(&app, &caller, &head, body).await {
        Ok(begun) => begun,
        Err(failure) => return failure.into_response(),
    };
    let begun = match once {
        Once::First(begun) => begun,
        Once::Done(kept) => return again(&kept).unwrap_or_else(|failure| failure.into_response()),
        Once::Running => return Failure(running()).into_response(),
        Once::Other => return Failure(others()).into_response(),
        Once::Full => return Failure(full()).into_response(),
    };
    let answer = next.run(Request::from_parts(head, Body::from(body))).await;
    let not_begun = answer.extensions().get::<NotBegun>().copied();
    end(&app, &caller, &begun, dressed(answer, info), not_begun).await
}

/// Takes the name, if it is free.
async fn begin(app: &App, caller: &Caller, head: &Parts, body: Body) -> Result<(Once, Bytes), Failure> {
    let name = name(&head.headers).ok_or_else(unreadable)?;
    // As long as it may be: it has been received.
    let body = to_bytes(body, usize::MAX).await.map_err(|_| cut_off())?;
    let lease = Duration::from_secs(app.config.server.request_timeout_s).saturating_add(BEYOND);
    // A token is given no answer that was made for who may more.
    let may = caller.is_token().then(|| caller.permissions());
    let once = app.capabilities.identity.begin_once(caller, name, &hash(head, &body, may), lease).await?;
    Ok((once, body))
}

/// The name of a request.
pub(super) fn name(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(NAME).iter();
    let (Some(value), None) = (all.next(), all.next()) else { return None };
    let value = value.to_str().ok()?.trim();
    // As the draft has it, a string; as most have it, without quotes.
    let name = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value);
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
    ((1..=MOST).contains(&name.len()) && name.bytes().all(plain)).then_some(name)
}

/// What makes two requests the same one; of a token, with what it may.
fn hash(head: &Parts, body: &[u8], may: Option<Permissions>) -> [u8; 32] {
    let kind = head.headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    let query = head.uri.query().unwrap_or_default();
    let mut hash = Sha256::new();
    for part in [head.method.as_str().as_bytes(), head.uri.path().as_bytes(), query.as_bytes(), kind, body] {
        // With its length: no end of one is taken for the beginning of the next.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    if let Some(may) = may {
        // Also of one that may nothing by now, which else would be taken for its key.
        hash.update("token: ");
        hash.update(may.names().join(" "));
    }
    hash.finalize().into()
}

/// An error as it leaves: what is dressed further out is dressed here, for so it is kept.
fn dressed(mut answer: Response, info: RequestInfo) -> Response {
    let Some(Undressed(mut problem)) = answer.extensions_mut().remove::<Undressed>() else { return answer };
    problem.request_id = Some(info.id.to_string());
    document(&problem.said(info.languages.language()))
}

/// Keeps the answer of what was done; gives up what was not.
async fn end(app: &App, caller: &Caller, begun: &Begun, answer: Response, not_begun: Option<NotBegun>) -> Response {
    // Out of time: nobody knows what of it was done, or is still being done. The name is taken until its lease is over.
    if answer.status() == StatusCode::GATEWAY_TIMEOUT {
        return answer;
    }
    let identity = &app.capabilities.identity;
    let (answer, kept) = if not_begun.is_some() { (answer, None) } else { written(answer).await };
    let noted = match kept {
        Some(kept) => identity.keep_answer(caller, begun, answer.status().as_u16(), &kept).await,
        None => identity.give_up_once(caller, begun).await,
    };
    // What was done is done: who asked is told so all the same.
    if let Err(error) = noted {
        tracing::error!(%error, "how a request ended that is done once was not noted");
    }
    answer
}

/// Whether an answer says what was done, or why it cannot be.
fn says_what_was_done(status: StatusCode) -> bool {
    status.is_success()
        || matches!(status, StatusCode::NOT_FOUND | StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY)
}

/// An answer, and as it is to be kept, if it is.
async fn written(answer: Response) -> (Response, Option<Vec<u8>>) {
    if !says_what_was_done(answer.status()) {
        return (answer, None);
    }
    let (head, body) = answer.into_parts();
    // Made by a handler, and so all there.
    let Ok(body) = to_bytes(body, usize::MAX).await else {
        return (StatusCode::INTERNAL_SERVER_ERROR.into_response(), None);
    };
    let header = |name: HeaderName| {
        let value = head.headers.get(&name)?.to_str().ok()?.to_owned();
        Some((name.as_str().to_owned(), value))
    };
    let text = String::from_utf8(body.to_vec()).ok();
    let kept = text.map(|body| Kept { headers: KEPT.into_iter().filter_map(header).collect(), body });
    let kept = kept.and_then(|kept| serde_json::to_vec(&kept).ok()).filter(|kept| kept.len() <= MAX_ANSWER);
    if kept.is_none() {
        tracing::warn!(bytes = body.len(), "an answer is too large to be kept");
    }
    (Response::from_parts(head, Body::from(body)), kept)
}

/// An answer once more.
fn again(kept: &KeptAnswer) -> Result<Response, Failure> {
    let corrupt = || Failure::from(StoreError::Corrupt("kept_answers.answer"));
    let Kept { headers, body } = serde_json::from_slice(&kept.answer).map_err(|_| corrupt())?;
    let mut answer = Response::new(Body::from(body));
    *answer.status_mut() = StatusCode::from_u16(kept.status).map_err(|_| corrupt())?;
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| corrupt())?;
        answer.headers_mut().insert(name, HeaderValue::from_str(&value).map_err(|_| corrupt())?);
    }
    answer.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(answer)
}

pub(super) fn unreadable() -> Failure {
    let detail = text!(
        "Send the header Idempotency-Key once, with 1 to 128 visible ASCII characters and no quotes or backslashes among \
         them. Nothing was changed."
    );
    Failure(Problem::new(ErrorCode::InvalidRequest, detail))
}

fn cut_off() -> Failure {
    Failure(Problem::new(ErrorCode::InvalidRequest, text!("The body ended before its end. Nothing was changed.")))
}

fn running() -> Problem {
    waiting(
        ErrorCode::Conflict,
        text!(
            "The request of this Idempotency-Key is being worked on. Send it again in a second, and you get its answer."
        ),
        1,
    )
}

fn full() -> Problem {
    let detail = text!(
        "A key may use {most} Idempotency-Keys a day, and the keys of a workspace may have {megabytes} MB of answers kept. \
         Nothing was changed; wait until older ones are forgotten, or send this request without one.",
        most = MAX_KEPT,
        megabytes = MAX_KEPT_MB
    );
    waiting(ErrorCode::RateLimited, detail, 600)
}

fn waiting(code: ErrorCode, detail: Text, seconds: u64) -> Problem {
    let mut problem = Problem::new(code, detail);
    problem.retry_after = Some(seconds);
    problem
}

pub(super) fn others() -> Problem {
    let message =
        text!("Another request had this Idempotency-Key before. Take a new one for each thing that is to be done.");
    Problem::invalid(vec![FieldError { field: "Idempotency-Key".to_owned(), message }])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(values: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(NAME, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        name(&headers).map(str::to_owned)
    }

    #[test]
    fn names_are_read_with_quotes_and_without() {
        let (long, too_long) = ("n".repeat(MOST), "n".repeat(MOST + 1));
        for good in ["1", "order-17/a,b;c=d", "8e03978e-40d5-43dd-bc93-6894a57f9324", long.as_str()] {
            assert_eq!(named(&[good]).as_deref(), Some(good));
            assert_eq!(named(&[&format!("\"{good}\"")]).as_deref(), Some(good));
            assert_eq!(named(&[&format!(" {good} ")]).as_deref(), Some(good));
        }
        for bad in [
            "",
            " ",
            "\"\"",
            "\"",
            "\"half",
            "half\"",
            "a b",
            "a\\b",
            "a\"b",
            "\"a\";q=1",
            "å",
            "a\tb",
            too_long.as_str(),
        ] {
            assert_eq!(named(&[bad]), None, "{bad}");
        }
        assert_eq!(named(&[]), None);
        assert_eq!(named(&["one", "one"]), None);
    }

    #[test]
    fn what_differs_in_anything_is_another_request() {
        let hashed = |method: &str, address: &str, kind: Option<&str>, body: &str| {
            let mut request = axum::http::Request::builder().method(method).uri(address);
            if let Some(kind) = kind {
                request = request.header(header::CONTENT_TYPE, kind);
            }
            hash(&request.body(()).unwrap().into_parts().0, body.as_bytes(), None)
        };
        let json = Some("application/json");
        let all = [
            hashed("POST", "/api/v1/roles", json, "{}"),
            hashed("PUT", "/api/v1/roles", json, "{}"),
            hashed("POST", "/api/v1/role", json, "{}"),
            hashed("POST", "/api/v1/roles?x", json, "{}"),
            hashed("POST", "/api/v1/roles", None, "{}"),
            hashed("POST", "/api/v1/roles", None, "application/json{}"),
            hashed("POST", "/api/v1/roles", json, "{ }"),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(!all[..at].contains(one), "{at}");
        }
        assert_eq!(all[0], hashed("POST", "/api/v1/roles", json, "{}"));
        let (head, ()) = axum::http::Request::post("/api/v1/roles").body(()).unwrap().into_parts();
        let by = |may| hash(&head, b"{}", may);
        let one = Permissions::of(&[model::permission::Permission::ReadDocuments]);
        let none = Some(Permissions::default());
        assert!(by(None) != by(Some(one)) && by(Some(one)) != by(none) && by(None) != by(none));
    }
}
