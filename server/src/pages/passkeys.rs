//! `/dashboard/account/passkeys` and `/login/passkey`: one's passkeys, and signing in by one.

use crate::auth::sign_in::unfinished;
use crate::auth::{Member, Viewer, device};
use crate::failure::Failure;
use crate::pages::account::here;
use crate::pages::second_factor::once;
use crate::pages::sign_in::{again, arrive, ask_code, inside};
use crate::pages::{Done, of_no_field, render::Render, to_show, to_try_again, unreadable};
use crate::request::{PathId, RequestInfo};
use crate::state::App;
use app::auth::{Asked, FormState, sign_in_by_passkey};
use app::dashboard::passkeys::{Outcome, make_passkey, passkeys};
use axum::{
    Extension, Form,
    extract::{Query, State, rejection::FormRejection, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use identity::{AskedPasskey, Here, IdentityError, NewPasskey, PasskeyForm, PasskeyShown, ShownAgain};
use model::identity::Owed;
use serde::Deserialize;
use store::Caller;
use store::services::timestamp;
use store::sessions::SignIn;
use tower_sessions::Session;
use uuid::Uuid;
use zeroize::Zeroizing;

const HERE: &str = "/dashboard/account/passkeys";

/// The page.
///
/// # Errors
/// A page, when the database does not answer.
pub async fn page(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    Viewer(caller): Viewer,
    render: Render,
    Done(done): Done,
) -> Result<Response, Failure> {
    let outcome = match done.as_str() {
        "added" => Outcome::Added,
        "removed" => Outcome::Removed,
        _ => Outcome::Nothing,
    };
    show(&app, &caller, info, &render, (StatusCode::OK, outcome)).await
}

async fn show(
    app: &App,
    caller: &Caller,
    info: RequestInfo,
    render: &Render,
    (status, outcome): (StatusCode, Outcome),
) -> Result<Response, Failure> {
    // Read elsewhere: nothing is held meanwhile.
    caller.scope().let_go();
    let (identity, origin) = (&app.capabilities.identity, info.origin());
    let own = identity.own_passkeys(caller, &origin).await?;
    let now = timestamp(app.capabilities.services.now());
    render.dashboard(caller, status, |frame| passkeys(frame, own, identity.passkeys_at(), now, outcome)).await
}

/// The page again, with what was wrong; faults of ours go on.
async fn refused(
    app: &App,
    caller: &Caller,
    info: RequestInfo,
    render: &Render,
    (error, name): (IdentityError, String),
) -> Result<Response, Failure> {
    let (status, problem, retry_after) = to_show(error)?;
    let page = show(app, caller, info, render, (status, Outcome::Refused(problem, name))).await?;
    Ok(to_try_again(page, retry_after))
}

/// What shows once more that it is the person.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Again {
    code: Zeroizing<String>,
    password: Zeroizing<String>,
}

impl Again {
    /// Whether a password was typed, and no code.
    pub(super) fn by_password(&self) -> bool {
        self.code.is_empty()
    }
}

impl From<Again> for ShownAgain {
    fn from(Again { code, password }: Again) -> Self {
        Self { code, password }
    }
}

/// The form for a new one.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct New {
    name: String,
    code: Zeroizing<String>,
    password: Zeroizing<String>,
}

/// Begins to make one: on the page that comes, the device is asked.
///
/// # Errors
/// A page, when nobody is signed in or the fault is ours.
pub async fn begin(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    Member(caller): Member,
    session: Session,
    render: Render,
    form: Result<Form<New>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(New { name, code, password }) = form.map_err(unreadable)?;
    let (identity, here) = (&app.capabilities.identity, here(&session));
    let form = PasskeyForm { name: name.clone(), shown: ShownAgain { code, password } };
    match identity.begin_passkey(&caller, form, Here(&here), &info.origin()).await {
        Ok(NewPasskey { options, kept }) => {
            let told = (name.trim().to_owned(), options, identity.passkeys_at().unwrap_or_default().to_owned());
            let mut page = render.dashboard(&caller, StatusCode::OK, |frame| make_passkey(frame, told)).await?;
            device::PASSKEY.keep(&mut page, Some(&kept), app.config.secure());
            Ok(page)
        }
        Err(error) => refused(&app, &caller, info, &render, (error, name)).await,
    }
}

/// What a device has answered.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Answer {
    pub(super) credential: String,
    next: String,
}

/// Takes what a device has made. With the first second factor come the codes for paper.
///
/// # Errors
/// A page, when nobody is signed in or the fault is ours.
pub async fn made(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    Member(caller): Member,
    session: Session,
    headers: HeaderMap,
    render: Render,
    form: Result<Form<Answer>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(Answer { credential, .. }) = form.map_err(unreadable)?;
    let (here, secure) = (here(&session), app.config.secure());
    let answer = (device::PASSKEY.kept(&headers, secure), credential.as_str());
    // Nothing is asked of the database after the codes were made: they would be lost by it.
    let frame = render.frame(&caller).await?;
    let made = app.capabilities.identity.add_passkey(&caller, answer, Here(&here), &info.origin()).await;
    let mut response = match made {
        Ok(codes) if codes.is_empty() => Redirect::to("/dashboard/account/passkeys?done=added").into_response(),
        Ok(codes) => once(&app, &render, &frame, (codes, HERE)),
        Err(error) => refused(&app, &caller, info, &render, (error, String::new())).await?,
    };
    device::PASSKEY.keep(&mut response, None, secure);
    Ok(response)
}

/// Has one open nothing any more.
///
/// # Errors
/// A page, when nobody is signed in, there is no such one, or the fault is ours.
pub async fn remove(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    Member(caller): Member,
    PathId(id): PathId<Uuid>,
    session: Session,
    render: Render,
    form: Result<Form<Again>, FormRejection>,
) -> Result<Response, Failure> {
    let (Form(shown), here) = (form.map_err(unreadable)?, here(&session));
    match app.capabilities.identity.remove_passkey(&caller, id, shown.into(), Here(&here), &info.origin()).await {
        Ok(()) => Ok(Redirect::to(&format!("{HERE}?done=removed")).into_response()),
        Err(error) => refused(&app, &caller, info, &render, (of_no_field(error), String::new())).await,
    }
}

/// What a page asks of a device: as the page shows it, and what the browser keeps.
pub(super) async fn asked(app: &App, info: RequestInfo, of: Option<&SignIn>) -> Result<(Asked, String), IdentityError> {
    let identity = &app.capabilities.identity;
    let AskedPasskey { options, kept } = identity.ask_for_passkey(of, &info.origin()).await?;
    Ok((Asked { options, at: identity.passkeys_at().unwrap_or_default().to_owned() }, kept))
}

/// Where a sign-in leads.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Begin {
    next: String,
}

/// Asks for a passkey of whoever there is.
///
/// # Errors
/// A page, where the installation has no name.
pub async fn ask(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    render: Render,
    begin: Result<Query<Begin>, QueryRejection>,
) -> Result<Response, Failure> {
    let Begin { next } = begin.map(|Query(begin)| begin).unwrap_or_default();
    let (asked, kept) = asked(&app, info, None).await?;
    let state = FormState::new([("next", &inside(&next))]);
    let mut response = render.page(StatusCode::OK, || sign_in_by_passkey(state, asked));
    device::PASSKEY.keep(&mut response, Some(&kept), app.config.secure());
    Ok(response)
}

/// Takes what a device has answered: a sign-in begins by it, or goes on. Who comes too late, or for the second time, is told so.
///
/// # Errors
/// When the database does not answer.
pub async fn shown(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    session: Session,
    headers: HeaderMap,
    render: Render,
    form: Result<Form<Answer>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(Answer { credential, next }) = form.map_err(unreadable)?;
    let (identity, secure, next) = (&app.capabilities.identity, app.config.secure(), inside(&next));
    let answer = (device::PASSKEY.kept(&headers, secure), credential.as_str());
    let state = FormState::new([("next", &next)]);
    let begun = unfinished(&app, &session).await?.filter(|one| one.owed == Some(Owed::Code));
    let id = session.id().filter(|_| begun.is_some());
    let here = begun.clone();
    match identity.passkey_shown(begun, answer, next, &info.origin()).await {
        Ok(PasskeyShown::Begun(sign_in)) => arrive(&app, &session, &sign_in, info, &headers).await,
        Ok(PasskeyShown::GoesOn(sign_in)) => match id {
            Some(id) if app.capabilities.sessions.claim(&id).await? => {
                arrive(&app, &session, &sign_in, info, &headers).await
            }
            _ => again(&render, app::auth::sign_in, state, IdentityError::SignInOver),
        },
        Err(error @ IdentityError::WrongPasskey) => {
            if let Some(sign_in) = here {
                return ask_code(&app, info, &render, &sign_in, (state, Some(error))).await;
            }
            let (asked, kept) = asked(&app, info, None).await?;
            let mut response = again(&render, |state| sign_in_by_passkey(state, asked), state, error)?;
            device::PASSKEY.keep(&mut response, Some(&kept), secure);
            Ok(response)
        }
        Err(error) => again(&render, app::auth::sign_in, state, error),
    }
}
