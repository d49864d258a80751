//! `/login/with/{provider}`: signing in by somebody else's word, there and back, and what is asked on the way.

use crate::auth::sign_in::{carry_on, unfinished};
use crate::auth::{Member, Visitor, device};
use crate::failure::Failure;
use crate::pages::account::{self, here};
use crate::pages::{join, render::Render, sign_in::again, sign_in::inside, unreadable};
use crate::request::{PathId, RequestInfo};
use crate::state::App;
use app::auth::{FormState, Newcomer, ask_provider, company_sign_in, leads_to, leaving, link_account, newcomer};
use axum::{
    Extension, Form,
    extract::{Path, Query, State, rejection::FormRejection, rejection::QueryRejection},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use identity::{Came, Gone, Here, IdentityError, Leads, Purpose, Returned};
use model::identity::Owed;
use serde::Deserialize;
use store::sessions::SignIn;
use tower_sessions::Session;
use uuid::Uuid;
use words::{Text, text};
use zeroize::Zeroizing;

/// Where a sign-in leads, or by which invitation it began.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Begin {
    next: String,
    join: String,
}

/// Sends the browser to a provider.
///
/// # Errors
/// A page, for a provider that there is not.
pub async fn go(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    Path(slug): Path<String>,
    headers: HeaderMap,
    render: Render,
    begin: Result<Query<Begin>, QueryRejection>,
) -> Result<Response, Failure> {
    let Begin { next, join } = begin.map(|Query(begin)| begin).unwrap_or_default();
    // Nobody is signed in by a link alone, wherever it stands: whoever is not led here by a page of ours presses something first.
    if headers.get("sec-fetch-site").is_none_or(|site| site != "same-origin") {
        let with = if join.is_empty() { leads_to(&inside(&next)) } else { format!("?join={}", plain(&join)) };
        let named = app.capabilities.identity.providers().find(|(known, _)| *known == slug);
        let title = named.map_or(text!("the provider"), |(_, title)| Text::plain(title));
        return Ok(render.page(StatusCode::OK, || leaving(&title, &format!("/login/with/{}{with}", plain(&slug)))));
    }
    let purpose = if join.is_empty() { Purpose::SignIn } else { Purpose::Join(join) };
    match app.capabilities.identity.go_to_provider(&slug, purpose, inside(&next), &info.origin()).await {
        Ok(Gone { address, kept }) => {
            let mut response = Redirect::to(&address).into_response();
            device::SIGN_ON.keep(&mut response, Some(&kept), app.config.secure());
            Ok(response)
        }
        Err(error) => again(&render, app::auth::sign_in, FormState::new([("next", &inside(&next))]), error),
    }
}

/// Asks for an address, by whose domain the company is known.
pub async fn company(render: Render, begin: Result<Query<Begin>, QueryRejection>) -> Response {
    let Begin { next, .. } = begin.map(|Query(begin)| begin).unwrap_or_default();
    render.page(StatusCode::OK, || company_sign_in(FormState::new([("next", &inside(&next))])))
}

/// The form of that page.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Address {
    email: String,
    next: String,
}

/// Goes to the provider of a company. A form may not lead away from here, so a page does.
///
/// # Errors
/// When the database does not answer.
pub async fn of_company(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    render: Render,
    form: Result<Form<Address>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(Address { email, next }) = form.map_err(unreadable)?;
    let (identity, next) = (&app.capabilities.identity, inside(&next));
    let state = FormState::new([("email", &email), ("next", &next)]);
    match identity.provider_for(&email, &info.origin()).await {
        Ok(slug) => {
            let address = format!("/login/with/{slug}{}", leads_to(&next));
            Ok(leads(&render, &app, (&text!("your company"), &address), None))
        }
        Err(error) => again(&render, company_sign_in, state, error),
    }
}

/// A page that leads on by itself, and what the browser keeps on that way.
fn leads(render: &Render, app: &App, (title, address): (&Text, &str), kept: Option<&str>) -> Response {
    let mut response = render.page(StatusCode::OK, || leaving(title, address));
    if kept.is_some() {
        device::SIGN_ON.keep(&mut response, kept, app.config.secure());
    }
    if let Ok(refresh) = HeaderValue::from_str(&format!("0; url={address}")) {
        response.headers_mut().insert(header::REFRESH, refresh);
    }
    response
}

/// Says that the workspace is opened by the company's own provider. Without such a sign-in one begins at the beginning.
///
/// # Errors
/// When the database does not answer.
pub async fn asked(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    session: Session,
    render: Render,
) -> Result<Response, Failure> {
    let Some(sign_in) = unfinished(&app, &session).await?.filter(|one| one.owed == Some(Owed::Provider)) else {
        return Ok(Redirect::to("/login").into_response());
    };
    let workspaces = app.capabilities.identity.tenants_of(sign_in.person, &info.origin()).await?;
    let chosen = workspaces.into_iter().find(|workspace| Some(workspace.id) == sign_in.chosen);
    match chosen.and_then(|workspace| Some((workspace.name, workspace.provider?))) {
        Some((company, slug)) => {
            let address = format!("/login/with/{slug}{}", leads_to(&inside(&sign_in.next)));
            Ok(render.page(StatusCode::OK, || ask_provider(&company, &address)))
        }
        // It is not asked for any more.
        None => Ok(Redirect::to("/login").into_response()),
    }
}

/// What may stand in an address of ours: links of letters and names of providers hold nothing else.
fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect()
}

/// Takes the browser back.
///
/// # Errors
/// When the database does not answer.
#[expect(clippy::too_many_arguments, reason = "what a request consists of")]
pub async fn back(
    method: Method,
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    Path(slug): Path<String>,
    Visitor(visitor): Visitor,
    session: Session,
    headers: HeaderMap,
    render: Render,
    returned: Result<Query<Returned>, QueryRejection>,
) -> Result<Response, Failure> {
    // It opens something once, and not for who asks what it would be.
    if method == Method::HEAD {
        return Ok(StatusCode::METHOD_NOT_ALLOWED.into_response());
    }
    let returned = returned.map(|Query(returned)| returned).unwrap_or_default();
    let (id, kept) = (here(&session), device::kept(&headers));
    let way = (slug.as_str(), device::SIGN_ON.kept(&headers, app.config.secure()));
    let acting = session.id().map(|_| Here(&id));
    let secure = app.config.secure();
    let identity = &app.capabilities.identity;
    let lost = match identity.back_from_provider(way, returned, (acting, kept), &info.origin()).await {
        Ok(Came::In(sign_in)) => return arrive(&app, &session, &sign_in, info, &headers).await,
        Ok(Came::Password(kept)) => return Ok(asks("/login/link", Some(&kept), secure)),
        Ok(Came::Asked(kept)) => return Ok(asks("/login/new", Some(&kept), secure)),
        Ok(Came::Linked) => return Ok(asks("/dashboard/account?done=linked", None, secure)),
        Err(lost) => lost,
    };
    let mine = lost.leads.is_some();
    let mut response = match (visitor, lost.leads) {
        (_, Some(Leads::Join(token))) => join::again(&app, info, &render, &token, lost.error).await?,
        // Who is signed in is told where they are.
        (Ok(Some(caller)), _) => account::refused(&app, &caller, &session, info, &render, lost.error).await?,
        (_, leads) => {
            let next = match leads {
                Some(Leads::To(next)) => next,
                _ => String::new(),
            };
            again(&render, app::auth::sign_in, FormState::new([("next", &next)]), lost.error)?
        }
    };
    // What came back to another window leaves what this one has gone for.
    if mine {
        device::SIGN_ON.keep(&mut response, None, secure);
    }
    Ok(response)
}

/// Leads to where something is asked, and has the browser keep what belongs to it.
fn asks(path: &str, kept: Option<&str>, secure: bool) -> Response {
    let mut response = Redirect::to(path).into_response();
    device::SIGN_ON.keep(&mut response, kept, secure);
    response
}

/// Carries a sign-in on, for which nothing has to be kept any more.
async fn arrive(
    app: &App,
    session: &Session,
    sign_in: &SignIn,
    info: RequestInfo,
    headers: &HeaderMap,
) -> Result<Response, Failure> {
    let mut response = carry_on(app, session, sign_in, info, headers).await?.into_response();
    device::SIGN_ON.keep(&mut response, None, app.config.secure());
    Ok(response)
}

/// Asks for the password of the account that is there. Without a sign-in on its way one begins at the beginning.
///
/// # Errors
/// When the database does not answer.
pub async fn link(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    headers: HeaderMap,
    render: Render,
) -> Result<Response, Failure> {
    let way = device::SIGN_ON.kept(&headers, app.config.secure());
    match app.capabilities.identity.asked_for_password(way, &info.origin()).await {
        Ok(asked) => Ok(render.page(StatusCode::OK, || link_account(FormState::default(), asked))),
        Err(IdentityError::SignInOver) => Ok(Redirect::to("/login").into_response()),
        Err(error) => Err(error.into()),
    }
}

/// The form of that page.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Password {
    password: Zeroizing<String>,
}

/// Links the two accounts, and signs in.
///
/// # Errors
/// When the database does not answer.
pub async fn linked(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    session: Session,
    headers: HeaderMap,
    render: Render,
    form: Result<Form<Password>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(Password { password }) = form.map_err(unreadable)?;
    let (identity, way) = (&app.capabilities.identity, device::SIGN_ON.kept(&headers, app.config.secure()));
    match identity.link_by_password(way, password, device::kept(&headers), &info.origin()).await {
        Ok(sign_in) => arrive(&app, &session, &sign_in, info, &headers).await,
        Err(error) => match identity.asked_for_password(way, &info.origin()).await {
            Ok(asked) => again(&render, |state| link_account(state, asked), FormState::default(), error),
            Err(over) => again(&render, app::auth::sign_in, FormState::default(), over),
        },
    }
}

/// As the page shows it.
fn shown(newcomer: identity::Newcomer) -> Newcomer {
    let invited = newcomer.invited.into_iter();
    let invited = invited.map(|(token, offer)| (token, offer.company, offer.role.called(&offer.role_title)));
    Newcomer { provider: newcomer.provider, email: newcomer.email, invited: invited.collect(), joins: newcomer.joins }
}

/// Asks what is wanted by somebody who has no account. Without a sign-in on its way one begins at the beginning.
///
/// # Errors
/// When the database does not answer.
pub async fn new(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    headers: HeaderMap,
    render: Render,
) -> Result<Response, Failure> {
    match app.capabilities.identity.newcomer(device::SIGN_ON.kept(&headers, app.config.secure()), &info.origin()).await
    {
        Ok(found) => {
            let state = FormState::new([("name", &found.name)]);
            Ok(render.page(StatusCode::OK, || newcomer(state, shown(found))))
        }
        Err(IdentityError::SignInOver) => Ok(Redirect::to("/login").into_response()),
        Err(error) => Err(error.into()),
    }
}

/// The form of that page: a workspace to be made, or an invitation to be accepted.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Wanted {
    company: String,
    name: String,
    invitation: String,
}

/// Makes the account, and signs in.
///
/// # Errors
/// When the database does not answer.
pub async fn made(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    session: Session,
    headers: HeaderMap,
    render: Render,
    form: Result<Form<Wanted>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(Wanted { company, name, invitation }) = form.map_err(unreadable)?;
    let (identity, way, origin) =
        (&app.capabilities.identity, device::SIGN_ON.kept(&headers, app.config.secure()), info.origin());
    let made = if invitation.is_empty() {
        identity.found_as_newcomer(way, (&company, &name), &origin).await
    } else {
        identity.join_as_newcomer(way, &invitation, device::kept(&headers), &origin).await
    };
    match made {
        Ok(sign_in) => arrive(&app, &session, &sign_in, info, &headers).await,
        Err(error) => match identity.newcomer(way, &origin).await {
            Ok(found) => {
                let state = FormState::new([("company", &company), ("name", &name)]);
                again(&render, |state| newcomer(state, shown(found)), state, error)
            }
            Err(over) => again(&render, app::auth::sign_in, FormState::default(), over),
        },
    }
}

/// Which provider's account is to open one's own.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct ToLink {
    provider: String,
    password: Zeroizing<String>,
}

/// Goes to a provider to link an account there. A form may not lead away from here, so a page does.
///
/// # Errors
/// A page, when nobody is signed in or the fault is ours.
pub async fn go_to_link(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    Member(caller): Member,
    session: Session,
    render: Render,
    form: Result<Form<ToLink>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(ToLink { provider, password }) = form.map_err(unreadable)?;
    let (identity, id) = (&app.capabilities.identity, here(&session));
    match identity.go_to_link(&caller, &provider, password, Here(&id), &info.origin()).await {
        Ok(Gone { address, kept }) => {
            let title = identity.providers().find(|(slug, _)| *slug == provider).map(|(_, title)| title);
            let title = Text::plain(title.unwrap_or_default());
            Ok(leads(&render, &app, (&title, &address), Some(&kept)))
        }
        Err(error) => account::refused(&app, &caller, &session, info, &render, error).await,
    }
}

/// Has an account elsewhere open this one no more.
///
/// # Errors
/// A page, when nobody is signed in, there is no such one, or the fault is ours.
pub async fn unlink(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    Member(caller): Member,
    PathId(id): PathId<Uuid>,
    session: Session,
    render: Render,
    form: Result<Form<Password>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(Password { password }) = form.map_err(unreadable)?;
    let here = here(&session);
    match app.capabilities.identity.unlink(&caller, id, password, Here(&here), &info.origin()).await {
        Ok(()) => Ok(Redirect::to("/dashboard/account?done=unlinked").into_response()),
        Err(error) => account::refused(&app, &caller, &session, info, &render, error).await,
    }
}
