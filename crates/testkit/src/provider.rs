//! An OpenID provider of one test's own, which can lie.

use axum::body::Body;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use identity::{Offered, Providers, Returned};
use reqwest::Url;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sign_on::{Names, Outbound, SignOn, Whose};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use store::services::{Clock as _, SystemClock};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

const CLIENT: &str = "samtal";
const SECRET: &str = "a secret of the client: + / %";

/// In what a provider lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    /// Another issuer stands in the token.
    Issuer,
    /// The token is for another client.
    Audience,
    /// For this client and another one.
    Audiences,
    /// The nonce is another one.
    Nonce,
    /// There is none.
    NoNonce,
    /// The token is not signed.
    AlgNone,
    /// It is signed with the client's secret, or with a public key as if it was one.
    Hmac,
    /// It is signed with a key that the provider does not name.
    OtherKey,
    /// What was signed has been changed.
    Changed,
    /// It has ended.
    Expired,
    /// The provider's description names another one.
    Description,
    /// It says that somebody else has answered.
    Iss,
    /// It would say who has answered, and does not.
    NoIss,
    /// There is no identity in its answer.
    NoToken,
    /// What it says of the person is of another one.
    OtherPerson,
    /// The subject is empty.
    NoSubject,
    /// The answer never ends.
    Endless,
    /// The keys never end.
    EndlessKeys,
    /// It answers with an error.
    Broken,
    /// It sends on to somewhere else.
    Elsewhere,
    /// It answers what is no JSON.
    Nonsense,
    /// It takes its time.
    Slow,
}

/// Every one.
pub const LIES: [Lie; 22] = [
    Lie::Issuer,
    Lie::Audience,
    Lie::Audiences,
    Lie::Nonce,
    Lie::NoNonce,
    Lie::AlgNone,
    Lie::Hmac,
    Lie::OtherKey,
    Lie::Changed,
    Lie::Expired,
    Lie::Description,
    Lie::Iss,
    Lie::NoIss,
    Lie::NoToken,
    Lie::OtherPerson,
    Lie::NoSubject,
    Lie::Endless,
    Lie::EndlessKeys,
    Lie::Broken,
    Lie::Elsewhere,
    Lie::Nonsense,
    Lie::Slow,
];

/// What it says of who signs in there.
#[derive(Debug, Clone)]
pub struct Says {
    /// The subject.
    pub subject: String,
    /// The address; `None` where it says none in the token.
    pub email: Option<String>,
    /// What it says of whether that is theirs: anything that JSON can be.
    pub verified: Value,
    /// The name.
    pub name: String,
    /// Other claims.
    pub more: Value,
    /// Whether the token has no more than the subject, and the rest has to be asked for.
    pub apart: bool,
}

impl Says {
    /// Somebody with a confirmed address.
    pub fn of(subject: &str, email: &str) -> Self {
        let (email, name) = (Some(email.to_owned()), "Astrid Lund".to_owned());
        Self { subject: subject.to_owned(), email, verified: true.into(), name, more: json!({}), apart: false }
    }
}

struct Code {
    nonce: String,
    challenge: String,
    back: String,
    says: Says,
}

struct Inner {
    issuer: String,
    lie: Option<Lie>,
    key: Ed25519KeyPair,
    kid: u32,
    codes: HashMap<String, Code>,
    tokens: HashMap<String, Says>,
}

/// The provider. Ends with this value.
#[derive(Debug)]
pub struct Provider {
    /// Its name for itself, which is where it is.
    pub issuer: String,
    inner: Shared,
    server: JoinHandle<()>,
}

#[derive(Clone)]
struct Shared(Arc<Mutex<Inner>>);

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shared")
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn draw() -> String {
    let mut bytes = [0; 16];
    ring::rand::SecureRandom::fill(&SystemRandom::new(), &mut bytes).unwrap();
    URL_SAFE_NO_PAD.encode(bytes)
}

fn key() -> Ed25519KeyPair {
    let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    Ed25519KeyPair::from_pkcs8(made.as_ref()).unwrap()
}

impl Provider {
    /// Starts one, which is honest.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let (codes, tokens) = Default::default();
        let inner = Inner { issuer: issuer.clone(), lie: None, key: key(), kid: 1, codes, tokens };
        let inner = Shared(Arc::new(Mutex::new(inner)));
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(description))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .route("/me", get(me))
            .with_state(inner.clone());
        let server = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { issuer, inner, server }
    }

    /// It lies from now on, or is honest.
    pub fn lies(&self, lie: Option<Lie>) {
        self.inner.lock().lie = lie;
    }

    /// It signs with another key from now on.
    pub fn changes_its_key(&self) {
        let mut inner = self.inner.lock();
        inner.key = key();
        inner.kid += 1;
    }

    /// What it calls the installation, and what shows that.
    pub fn client(&self) -> (&'static str, &'static str) {
        (CLIENT, SECRET)
    }

    /// As it is offered: `/login/with/honest`.
    pub fn offered(&self) -> Providers {
        self.offered_by(Outbound::new(false).unwrap())
    }

    /// The same, asked by somebody who has no patience.
    pub fn offered_at_once(&self) -> Providers {
        self.offered_by(Outbound::within(false, Duration::from_millis(1)).unwrap())
    }

    /// Not offered: what reaches those that companies set, in private networks as well, and this resolver.
    pub fn reached_by_tenants(&self, dns: SocketAddr) -> Providers {
        let speaks = SignOn::new(Outbound::new(true).unwrap());
        Providers::new(speaks, Vec::new()).with_names(Names::by(Some(dns)))
    }

    fn offered_by(&self, outbound: Outbound) -> Providers {
        let provider = sign_on::Provider {
            issuer: self.issuer.clone(),
            client_id: CLIENT.to_owned(),
            client_secret: Some(Zeroizing::new(SECRET.to_owned())),
            edov: true,
            whose: Whose::Operator,
            share: None,
        };
        let offered = Offered { slug: "honest".to_owned(), title: "Honest".to_owned(), provider };
        Providers::new(SignOn::new(outbound), vec![offered])
    }

    /// Somebody signs in there, sent by this address: what comes back.
    pub fn signs_in(&self, address: &str, says: Says) -> Returned {
        let url = Url::parse(address).unwrap();
        let asked: HashMap<_, _> = url.query_pairs().into_owned().collect();
        assert_eq!(url.path(), "/authorize", "{address}");
        assert_eq!(asked["client_id"], CLIENT);
        assert_eq!(asked["response_type"], "code");
        assert_eq!(asked["code_challenge_method"], "S256");
        assert!(asked["scope"].split(' ').any(|scope| scope == "openid"), "{address}");
        let code = draw();
        let mut inner = self.inner.lock();
        let (nonce, challenge) = (asked["nonce"].clone(), asked["code_challenge"].clone());
        let kept = Code { nonce, challenge, back: asked["redirect_uri"].clone(), says };
        inner.codes.insert(code.clone(), kept);
        let iss = match inner.lie {
            Some(Lie::Iss) => Some("https://elsewhere.example".to_owned()),
            Some(Lie::NoIss) => None,
            _ => Some(inner.issuer.clone()),
        };
        Returned { code: Some(code), state: Some(asked["state"].clone()), iss, error: None }
    }
}

fn endless() -> Response {
    let piece = vec![b' '; 64 * 1024];
    let pieces = (0..320).map(move |_| Ok::<_, std::io::Error>(piece.clone()));
    let body = Body::from_stream(futures_util::stream::iter(pieces));
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

async fn description(State(inner): State<Shared>) -> Response {
    let (lie, issuer) = {
        let inner = inner.lock();
        (inner.lie, inner.issuer.clone())
    };
    match lie {
        Some(Lie::Endless) => return endless(),
        Some(Lie::Broken) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Some(Lie::Elsewhere) => return Redirect::to("https://elsewhere.example/").into_response(),
        Some(Lie::Nonsense) => return "<html>".into_response(),
        Some(Lie::Slow) => tokio::time::sleep(Duration::from_secs(3600)).await,
        _ => {}
    }
    let called = if lie == Some(Lie::Description) { "https://elsewhere.example" } else { issuer.as_str() };
    Json(json!({
        "issuer": called,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "userinfo_endpoint": format!("{issuer}/me"),
        "jwks_uri": format!("{issuer}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA", "RS256", "HS256", "none"],
        "authorization_response_iss_parameter_supported": true,
    }))
    .into_response()
}

async fn keys(State(inner): State<Shared>) -> Response {
    let inner = inner.lock();
    if inner.lie == Some(Lie::EndlessKeys) {
        return endless();
    }
    let x = URL_SAFE_NO_PAD.encode(inner.key.public_key());
    Json(json!({"keys": [{
        "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": inner.kid.to_string(), "x": x,
    }]}))
    .into_response()
}

fn refused(error: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response()
}

async fn token(State(inner): State<Shared>, headers: HeaderMap, Form(form): Form<HashMap<String, String>>) -> Response {
    let mut inner = inner.lock();
    let encoded = |text: &str| -> String { url_encoded(text) };
    let client = STANDARD.encode(format!("{}:{}", encoded(CLIENT), encoded(SECRET)));
    if headers.get(header::AUTHORIZATION).is_none_or(|sent| sent.as_bytes() != format!("Basic {client}").as_bytes()) {
        return refused("invalid_client");
    }
    let Some(code) = inner.codes.remove(form["code"].as_str()) else { return refused("invalid_grant") };
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(form["code_verifier"].as_bytes()));
    if challenge != code.challenge || form["redirect_uri"] != code.back {
        return refused("invalid_grant");
    }
    let access = draw();
    let id = identity_token(&inner, &code);
    inner.tokens.insert(access.clone(), code.says);
    let mut answer = json!({"access_token": access, "token_type": "Bearer", "expires_in": 60});
    if inner.lie != Some(Lie::NoToken) {
        answer["id_token"] = id.into();
    }
    Json(answer).into_response()
}

fn url_encoded(text: &str) -> String {
    let mut url = Url::parse("http://x/").unwrap();
    url.query_pairs_mut().append_pair("k", text);
    url.query().unwrap().trim_start_matches("k=").to_owned()
}

fn person(says: &Says, claims: &mut Value) {
    if let Some(email) = &says.email {
        claims["email"] = email.as_str().into();
        claims["email_verified"] = says.verified.clone();
    }
    claims["name"] = says.name.as_str().into();
    for (name, value) in says.more.as_object().unwrap() {
        claims[name] = value.clone();
    }
}

fn identity_token(inner: &Inner, code: &Code) -> String {
    let lie = inner.lie;
    // What reads it goes by the clock on the wall.
    let now = SystemClock.now().unix_timestamp();
    let audience = match lie {
        Some(Lie::Audience) => json!("another"),
        Some(Lie::Audiences) => json!([CLIENT, "another"]),
        _ => json!(CLIENT),
    };
    let mut claims = json!({
        "iss": if lie == Some(Lie::Issuer) { "https://elsewhere.example" } else { inner.issuer.as_str() },
        "sub": if lie == Some(Lie::NoSubject) { "" } else { code.says.subject.as_str() },
        "aud": audience,
        "iat": now,
        "exp": if lie == Some(Lie::Expired) { now - 600 } else { now + 60 },
    });
    if lie != Some(Lie::NoNonce) {
        claims["nonce"] = if lie == Some(Lie::Nonce) { "another".into() } else { code.nonce.as_str().into() };
    }
    if !code.says.apart {
        person(&code.says, &mut claims);
    }
    let alg = match lie {
        Some(Lie::AlgNone) => "none",
        Some(Lie::Hmac) => "HS256",
        _ => "EdDSA",
    };
    let head = URL_SAFE_NO_PAD.encode(json!({"alg": alg, "kid": inner.kid.to_string(), "typ": "JWT"}).to_string());
    let mut signed = format!("{head}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let signature = match lie {
        Some(Lie::AlgNone) => Vec::new(),
        Some(Lie::Hmac) => {
            let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
            ring::hmac::sign(&key, signed.as_bytes()).as_ref().to_vec()
        }
        Some(Lie::OtherKey) => key().sign(signed.as_bytes()).as_ref().to_vec(),
        _ => inner.key.sign(signed.as_bytes()).as_ref().to_vec(),
    };
    if lie == Some(Lie::Changed) {
        claims["sub"] = "another".into();
        signed = format!("{head}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
    }
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

async fn me(State(inner): State<Shared>, headers: HeaderMap, _: Uri) -> Response {
    let inner = inner.lock();
    let sent = headers.get(header::AUTHORIZATION).and_then(|sent| sent.to_str().ok()).unwrap_or_default();
    let Some(says) = inner.tokens.get(sent.trim_start_matches("Bearer ")) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let mut claims =
        json!({"sub": if inner.lie == Some(Lie::OtherPerson) { "another" } else { says.subject.as_str() }});
    person(says, &mut claims);
    Json(claims).into_response()
}
