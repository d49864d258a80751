//! `/dashboard/account/code`: one's second factor.

use crate::auth::sign_in::{carry_on, unfinished};
use crate::auth::{Member, Viewer, device};
use crate::failure::Failure;
use crate::pages::account::here;
use crate::pages::passkeys::{Again, Answer};
use crate::pages::{of_no_field, render::Render, sign_in::again, to_show, to_try_again, unreadable};
use crate::request::RequestInfo;
use crate::state::App;
use app::auth::{Asked, FormState, codes_once, set_up_factor};
use app::dashboard::Frame;
use app::dashboard::second_factor::{Outcome, second_factor};
use app::ui::Picture;
use axum::{
    Extension, Form,
    extract::{State, rejection::FormRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use identity::{Here, IdentityError};
use model::identity::{Owed, SecondFactor};
use qrcodegen::{QrCode, QrCodeEcc};
use serde::Deserialize;
use std::fmt::Write as _;
use store::Caller;
use store::services::timestamp;
use tower_sessions::Session;
use zeroize::Zeroizing;

const HERE: &str = "/dashboard/account/code";
/// Squares of the bright edge (ISO/IEC 18004).
const EDGE: i32 = 4;

/// What a phone photographs. Empty for what is too long, which no address of ours is.
fn picture(url: &str) -> Picture {
    let Ok(code) = QrCode::encode_text(url, QrCodeEcc::Medium) else { return Picture::default() };
    let mut path = String::new();
    for y in 0..code.size() {
        for x in (0..code.size()).filter(|x| code.get_module(*x, y)) {
            let _ = write!(path, "M{} {}h1v1h-1z", x + EDGE, y + EDGE);
        }
    }
    Picture { path, side: code.size() + 2 * EDGE }
}

/// The page.
///
/// # Errors
/// A page, when the database does not answer.
pub async fn page(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    Viewer(caller): Viewer,
    session: Session,
    render: Render,
) -> Result<Response, Failure> {
    show(&app, &caller, (info, &here(&session)), &render, StatusCode::OK, Outcome::Nothing).await
}

async fn show(
    app: &App,
    caller: &Caller,
    (info, here): (RequestInfo, &[u8; 32]),
    render: &Render,
    status: StatusCode,
    outcome: Outcome,
) -> Result<Response, Failure> {
    // Read elsewhere: nothing is held meanwhile.
    caller.scope().let_go();
    let factor = app.capabilities.identity.second_factor(caller, Here(here), &info.origin()).await?;
    let picture = match &factor {
        SecondFactor::Begun { url, .. } => picture(url),
        _ => Picture::default(),
    };
    // Only who has none is asked for the password.
    let off = factor == SecondFactor::Off;
    let asks = off && app.capabilities.identity.ways_in(caller, &info.origin()).await?.password;
    render.dashboard(caller, status, |frame| second_factor(frame, (factor, asks), picture, outcome)).await
}

/// The page again, with what was wrong; faults of ours go on.
async fn refused(
    app: &App,
    caller: &Caller,
    (info, here): (RequestInfo, &[u8; 32]),
    render: &Render,
    error: IdentityError,
) -> Result<Response, Failure> {
    let (status, problem, retry_after) = to_show(error)?;
    let page = show(app, caller, (info, here), render, status, Outcome::Refused(problem)).await?;
    Ok(to_try_again(page, retry_after))
}

/// The form that begins.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Begin {
    password: Zeroizing<String>,
}

/// Begins to set one up.
///
/// # Errors
/// A page, when nobody is signed in or the fault is ours.
pub async fn begin(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    Member(caller): Member,
    session: Session,
    render: Render,
    form: Result<Form<Begin>, FormRejection>,
) -> Result<Response, Failure> {
    let (Form(Begin { password }), here) = (form.map_err(unreadable)?, here(&session));
    match app.capabilities.identity.begin_factor(&caller, password, Here(&here), &info.origin()).await {
        Ok(()) => Ok(Redirect::to(HERE).into_response()),
        Err(error) => refused(&app, &caller, (info, &here), &render, error).await,
    }
}

/// The forms that a code is typed into.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Typed {
    code: Zeroizing<String>,
}

/// The codes for paper, this once. Nothing is asked of the database after they were made: they would be lost by it.
pub(super) fn once(app: &App, render: &Render, frame: &Frame, (codes, next): (Vec<String>, &'static str)) -> Response {
    let since = timestamp(app.capabilities.services.now());
    let factor = SecondFactor::On { since, codes: u32::try_from(codes.len()).unwrap_or_default() };
    let page = |frame: &Frame| second_factor(frame, (factor, true), Picture::default(), Outcome::Codes(codes, next));
    render.framed(StatusCode::OK, frame, page)
}

/// Turns it on, and shows the codes for paper. The session goes on under a new id.
///
/// # Errors
/// A page, when nobody is signed in, none was begun, or the fault is ours.
pub async fn turn_on(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    Member(caller): Member,
    session: Session,
    headers: HeaderMap,
    render: Render,
    form: Result<Form<Typed>, FormRejection>,
) -> Result<Response, Failure> {
    let (Form(Typed { code }), here) = (form.map_err(unreadable)?, here(&session));
    let frame = render.frame(&caller).await?;
    match app.capabilities.identity.turn_factor_on(&caller, &code, Here(&here), &info.origin()).await {
        Ok((codes, sign_in)) => {
            // If that fails, they sign in again, and have the codes.
            let _ = carry_on(&app, &session, &sign_in, info, &headers).await;
            Ok(once(&app, &render, &frame, (codes, HERE)))
        }
        // Sent twice, or looked at again.
        Err(IdentityError::FactorIsOn) => Ok(Redirect::to(HERE).into_response()),
        Err(error) => refused(&app, &caller, (info, &here), &render, error).await,
    }
}

/// Leads who signs in through setting one up, because the workspace asks for it. Without such a sign-in one begins at the
/// beginning.
///
/// # Errors
/// When the database does not answer.
pub async fn asked(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    session: Session,
    render: Render,
) -> Result<Response, Failure> {
    ask(&app, info, &session, &render, None).await
}

async fn ask(
    app: &App,
    info: RequestInfo,
    session: &Session,
    render: &Render,
    error: Option<IdentityError>,
) -> Result<Response, Failure> {
    let begin = || Ok(Redirect::to("/login").into_response());
    let Some(sign_in) = unfinished(app, session).await?.filter(|one| one.owed == Some(Owed::Factor)) else {
        return begin();
    };
    let identity = &app.capabilities.identity;
    match identity.factor_on_the_way(&sign_in, Here(&here(session)), &info.origin()).await {
        Ok(SecondFactor::Begun { url, key }) => {
            let id = here(session);
            // Where there are none, and where a company's word alone has led here, an app it is.
            let (asked, kept) = match identity.begin_passkey_on_the_way(&sign_in, Here(&id), &info.origin()).await {
                Ok(new) => {
                    let at = identity.passkeys_at().unwrap_or_default().to_owned();
                    (Some(Asked { options: new.options, at }), Some(new.kept))
                }
                Err(IdentityError::NoPasskeys | IdentityError::NotByACompany) => (None, None),
                Err(IdentityError::SignInOver) => return begin(),
                Err(error) => return Err(error.into()),
            };
            let page = |state: FormState| set_up_factor(state.asking(asked), &key, picture(&url));
            let mut response = match error {
                Some(error) => again(render, page, FormState::default(), error)?,
                None => render.page(StatusCode::OK, || page(FormState::default())),
            };
            if kept.is_some() {
                device::PASSKEY.keep(&mut response, kept.as_deref(), app.config.secure());
            }
            Ok(response)
        }
        Ok(_) | Err(IdentityError::FactorIsOn | IdentityError::SignInOver) => begin(),
        Err(error) => Err(error.into()),
    }
}

/// Turns it on, opens the session, and shows the codes for paper. Who comes too late, or for the second time, begins anew.
///
/// # Errors
/// When the database does not answer.
pub async fn given(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    session: Session,
    headers: HeaderMap,
    render: Render,
    form: Result<Form<Typed>, FormRejection>,
) -> Result<Response, Failure> {
    let (Form(Typed { code }), here) = (form.map_err(unreadable)?, here(&session));
    let Some(sign_in) = unfinished(&app, &session).await?.filter(|one| one.owed == Some(Owed::Factor)) else {
        return Ok(Redirect::to("/login").into_response());
    };
    match app.capabilities.identity.turn_on_on_the_way(sign_in, &code, Here(&here), &info.origin()).await {
        Ok((codes, sign_in)) => {
            // If that fails, they sign in again, and have the codes.
            let opened = carry_on(&app, &session, &sign_in, info, &headers).await.is_ok();
            let next = if opened { sign_in.next.as_str() } else { "/login" };
            Ok(render.page(StatusCode::OK, || codes_once(codes, next)))
        }
        Err(IdentityError::FactorIsOn | IdentityError::SignInOver | IdentityError::NotFound) => {
            Ok(Redirect::to("/login").into_response())
        }
        Err(error) => ask(&app, info, &session, &render, Some(error)).await,
    }
}

/// Takes the passkey that was made instead, opens the session, and shows the codes for paper. Who comes too late, or for the second
/// time, begins anew.
///
/// # Errors
/// When the database does not answer.
pub async fn made(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    session: Session,
    headers: HeaderMap,
    render: Render,
    form: Result<Form<Answer>, FormRejection>,
) -> Result<Response, Failure> {
    let (Form(Answer { credential, .. }), here) = (form.map_err(unreadable)?, here(&session));
    let Some(sign_in) = unfinished(&app, &session).await?.filter(|one| one.owed == Some(Owed::Factor)) else {
        return Ok(Redirect::to("/login").into_response());
    };
    let answer = (device::PASSKEY.kept(&headers, app.config.secure()), credential.as_str());
    let made = app.capabilities.identity.add_passkey_on_the_way(sign_in, answer, Here(&here), &info.origin()).await;
    match made {
        Ok((codes, sign_in)) => {
            // If that fails, they sign in again, and have the codes.
            let opened = carry_on(&app, &session, &sign_in, info, &headers).await.is_ok();
            let next = if opened { sign_in.next.as_str() } else { "/login" };
            let mut response = render.page(StatusCode::OK, || codes_once(codes, next));
            device::PASSKEY.keep(&mut response, None, app.config.secure());
            Ok(response)
        }
        Err(IdentityError::FactorIsOn | IdentityError::SignInOver | IdentityError::NotFound) => {
            Ok(Redirect::to("/login").into_response())
        }
        Err(error) => ask(&app, info, &session, &render, Some(error)).await,
    }
}

/// New codes for paper.
///
/// # Errors
/// A page, when nobody is signed in, there is none, or the fault is ours.
pub async fn renew(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    Member(caller): Member,
    session: Session,
    render: Render,
    form: Result<Form<Again>, FormRejection>,
) -> Result<Response, Failure> {
    let (Form(shown), here) = (form.map_err(unreadable)?, here(&session));
    let by_password = shown.by_password();
    let frame = render.frame(&caller).await?;
    match app.capabilities.identity.new_codes(&caller, shown.into(), Here(&here), &info.origin()).await {
        Ok(codes) => Ok(once(&app, &render, &frame, (codes, HERE))),
        Err(error) => {
            let error = if by_password { of_no_field(error) } else { error };
            refused(&app, &caller, (info, &here), &render, error).await
        }
    }
}

/// Turns it off.
///
/// # Errors
/// A page, when nobody is signed in, there is none, or the fault is ours.
pub async fn turn_off(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    Member(caller): Member,
    session: Session,
    render: Render,
    form: Result<Form<Typed>, FormRejection>,
) -> Result<Response, Failure> {
    let (Form(Typed { code }), here) = (form.map_err(unreadable)?, here(&session));
    match app.capabilities.identity.turn_factor_off(&caller, &code, Here(&here), &info.origin()).await {
        Ok(()) => Ok(Redirect::to(HERE).into_response()),
        Err(error) => refused(&app, &caller, (info, &here), &render, error).await,
    }
}

/// Gives up what was begun.
///
/// # Errors
/// A page, when nobody is signed in or the fault is ours.
pub async fn give_up(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    Member(caller): Member,
    session: Session,
) -> Result<Response, Failure> {
    app.capabilities.identity.give_factor_up(&caller, Here(&here(&session)), &info.origin()).await?;
    Ok(Redirect::to("/dashboard/account").into_response())
}
