//! There and back.

use crate::SignOnError;
use crate::provider::{Known, Metadata, Provider, yes};
use openidconnect::core::{CoreAuthenticationFlow, CoreClientAuthMethod, CoreGenderClaim, CoreJwsSigningAlgorithm};
use openidconnect::{
    AccessToken, AuthType, AuthorizationCode, ClientId, ClientSecret, ConfigurationError, CsrfToken, DiscoveryError,
    EmptyAdditionalClaims, EndUserEmail, EndUserName, HttpRequest, HttpResponse, IssuerUrl, JsonWebKeySet, LoginHint,
    Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope,
    SubjectIdentifier, TokenResponse, UserInfoClaims, UserInfoError,
};
use outbound::{Outbound, OutboundError};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use shares::{Places, Waiting};
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Sign-ins that ask the operator's providers at once, in all and of one.
pub const PLACES: (usize, usize) = (64, 8);
const LINE: Waiting = Waiting { total: 256, per_key: 64 };
/// The same of tenants' providers, in all and of one tenant.
pub const TENANTS: (usize, usize) = (32, 4);
const TENANTS_LINE: Waiting = Waiting { total: 128, per_key: 8 };
/// How long all questions of a step may take together.
const PATIENCE: Duration = Duration::from_secs(15);
/// Longest answer, in bytes.
const MOST: usize = 64 * 1024;
/// How long a browser is sent to where a provider was found last, and told that it was not found.
const FOUND: Duration = Duration::from_secs(600);
const NOT_FOUND: Duration = Duration::from_secs(10);
/// Tenants' providers whose places are remembered. (The operator's all are.)
const REMEMBERED: usize = 200;
/// Longest text that is taken from a provider's answer.
const TEXT: usize = 200;

/// Algorithms whose signatures are believed: those with a key that only the provider has.
const BELIEVED: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// What the browser that goes to a provider has to bring back with it.
#[derive(Clone, Serialize, Deserialize)]
pub struct Sent {
    /// What stands in the answer's address, too.
    pub state: String,
    nonce: String,
    verifier: String,
}

/// It does not print.
impl std::fmt::Debug for Sent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sent(…)")
    }
}

/// A sign-in that a provider goes on with.
#[derive(Debug)]
pub struct Begun {
    /// Where the browser goes.
    pub address: String,
    /// What it has to bring back.
    pub sent: Sent,
}

/// What stands in the address by which a browser comes back.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Returned {
    /// What is traded for tokens.
    pub code: Option<String>,
    /// What was sent.
    pub state: Option<String>,
    /// Who the provider says it is.
    pub iss: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
}

/// What a provider says of somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vouched {
    /// Who says so.
    pub issuer: String,
    /// Whom it means: a name that it gives once and never again.
    pub subject: String,
    /// The email address.
    pub email: Option<String>,
    /// Whether it says that the address is this person's.
    pub verified: bool,
    /// Whether it says that it is not, or not yet.
    #[serde(default)]
    pub denied: bool,
    /// The name.
    pub name: Option<String>,
}

/// Speaks with providers. A copy is the same one.
#[derive(Debug, Clone)]
pub struct SignOn {
    outbound: Outbound,
    places: Places<Key>,
    tenants: Places<u128>,
    found: Arc<Mutex<HashMap<Key, Found>>>,
}

/// When a provider was asked what it is, and what came of it.
type Found = (Instant, Result<Arc<Metadata>, SignOnError>);
type Answer = Pin<Box<dyn Future<Output = Result<HttpResponse, OutboundError>> + Send>>;

impl SignOn {
    /// By these requests.
    pub fn new(outbound: Outbound) -> Self {
        let places = Places::new(PLACES.0, PLACES.1, LINE);
        Self { outbound, places, tenants: Places::new(TENANTS.0, TENANTS.1, TENANTS_LINE), found: Arc::default() }
    }

    fn ask(&self, provider: &Provider) -> impl Fn(HttpRequest) -> Answer + Send + Sync + use<> {
        let (outbound, whose) = (self.outbound.clone(), provider.whose);
        let secure = provider.issuer.starts_with("https://");
        move |request| {
            let outbound = outbound.clone();
            Box::pin(async move {
                // What was set as secure goes nowhere in the clear, whatever its description says.
                if secure && request.uri().scheme_str() != Some("https") {
                    return Err(OutboundError::Address);
                }
                outbound.ask(whose, request, MOST).await
            })
        }
    }

    /// Does what asks a provider, when there is a place and within a time.
    async fn within<T>(
        &self,
        provider: &Provider,
        work: impl Future<Output = Result<T, SignOnError>>,
    ) -> Result<T, SignOnError> {
        let whole = async {
            let (_own, _shared) = match provider.share {
                None => (Some(self.places.enter(key(provider)).await.map_err(|_| SignOnError::Busy)?), None),
                Some(tenant) => (None, Some(self.tenants.enter(tenant).await.map_err(|_| SignOnError::Busy)?)),
            };
            work.await
        };
        let late = || OutboundError::TooSlow(provider.issuer.clone());
        tokio::time::timeout(PATIENCE, whole).await.unwrap_or_else(|_| Err(late().into()))
    }

    /// What a provider says of itself now.
    async fn discover(&self, provider: &Provider) -> Result<Arc<Metadata>, SignOnError> {
        self.outbound.check(provider.whose, &provider.issuer)?;
        let issuer = IssuerUrl::new(provider.issuer.clone()).map_err(|_| OutboundError::Address)?;
        let ask = self.ask(provider);
        let found = Metadata::discover_async(issuer, &ask).await.map_err(|e| match e {
            DiscoveryError::Request(e) => e.into(),
            DiscoveryError::Response(status, _, _) => {
                SignOnError::Strange(format!("it answered {status} where its description should be"))
            }
            DiscoveryError::Validation(_) => SignOnError::Strange("it calls itself by another name".into()),
            _ => SignOnError::Strange("its description cannot be read".into()),
        });
        found.map(Arc::new)
    }

    fn remember(&self, provider: &Provider, found: &Result<Arc<Metadata>, SignOnError>) {
        // To send somebody there takes no keys.
        let found =
            found.clone().map(|found| Arc::new(found.as_ref().clone().set_jwks(JsonWebKeySet::new(Vec::new()))));
        let mut all = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if provider.share.is_some() && all.len() >= REMEMBERED {
            all.retain(|_, found| fresh(found));
            if all.len() >= REMEMBERED {
                return;
            }
        }
        all.insert(key(provider), (Instant::now(), found));
    }

    /// What it was found to be, or not, a while ago.
    fn remembered(&self, provider: &Provider) -> Option<Result<Arc<Metadata>, SignOnError>> {
        let all = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&key(provider)).filter(|found| fresh(found)).map(|(_, found)| found.clone())
    }

    /// Whether a provider is there and can be understood.
    ///
    /// # Errors
    /// See [`SignOnError`].
    pub async fn try_out(&self, provider: &Provider) -> Result<(), SignOnError> {
        self.within(provider, async { self.discover(provider).await.map(|_| ()) }).await
    }

    /// Begins: where to send the browser, and what it has to bring back. `back` is where the provider sends it then.
    ///
    /// # Errors
    /// See [`SignOnError`].
    pub async fn begin(&self, provider: &Provider, back: &str, hint: Option<&str>) -> Result<Begun, SignOnError> {
        let found = match self.remembered(provider) {
            Some(found) => found?,
            None => {
                // Those who wait for a place meanwhile find what the first has found.
                let first = async {
                    match self.remembered(provider) {
                        Some(found) => found,
                        None => self.discover(provider).await,
                    }
                };
                let found = self.within(provider, first).await;
                if !matches!(found, Err(SignOnError::Busy)) {
                    self.remember(provider, &found);
                }
                found?
            }
        };
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let client = client(&found, provider, back)?;
        let mut asked = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
            .add_scope(Scope::new("email".into()))
            .add_scope(Scope::new("profile".into()))
            .set_pkce_challenge(challenge);
        if let Some(hint) = hint {
            asked = asked.set_login_hint(LoginHint::new(hint.to_owned()));
        }
        let (url, state, nonce) = asked.url();
        self.outbound.check(provider.whose, url.as_str())?;
        let (state, nonce) = (state.into_secret(), nonce.secret().clone());
        Ok(Begun { address: url.into(), sent: Sent { state, nonce, verifier: verifier.into_secret() } })
    }

    /// Ends: what the provider says of who has come back.
    ///
    /// # Errors
    /// See [`SignOnError`]; nobody is vouched for then.
    pub async fn finish(
        &self,
        provider: &Provider,
        back: &str,
        sent: Sent,
        returned: Returned,
    ) -> Result<Vouched, SignOnError> {
        let untrue = |why: &str| SignOnError::Untrue(why.to_owned());
        if returned.state.as_deref() != Some(sent.state.as_str()) {
            return Err(untrue("it is the answer to another question"));
        }
        if returned.iss.as_deref().is_some_and(|iss| iss != provider.issuer) {
            return Err(untrue("somebody else has answered"));
        }
        if let Some(error) = returned.error {
            let plain = |c: &char| c.is_ascii_alphanumeric() || *c == '_' || *c == '.';
            return Err(SignOnError::Refused(error.chars().filter(plain).take(60).collect()));
        }
        let code = returned.code.ok_or_else(|| untrue("there is no code"))?;
        let iss = returned.iss.is_some();
        let work = self.trade(provider, back, sent, (code, iss));
        self.within(provider, Box::pin(work)).await
    }

    async fn trade(
        &self,
        provider: &Provider,
        back: &str,
        sent: Sent,
        (code, iss): (String, bool),
    ) -> Result<Vouched, SignOnError> {
        let untrue = |why: &str| SignOnError::Untrue(why.to_owned());
        // Its keys as they are now, not as they were.
        let found = self.discover(provider).await?;
        if found.additional_metadata().authorization_response_iss_parameter_supported && !iss {
            return Err(untrue("it does not say who has answered"));
        }
        let client = client(&found, provider, back)?;
        let ask = self.ask(provider);
        let strange = |e: ConfigurationError| SignOnError::Strange(e.to_string());
        let traded = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(strange)?
            .set_pkce_verifier(PkceCodeVerifier::new(sent.verifier))
            .request_async(&ask)
            .await
            .map_err(|e| match e {
                RequestTokenError::Request(e) => e.into(),
                RequestTokenError::ServerResponse(e) => untrue(&format!("the code was refused ({})", e.error())),
                RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
                    SignOnError::Strange("its answer to the code cannot be read".into())
                }
            })?;
        let token = traded.id_token().ok_or_else(|| untrue("there is no identity in the answer"))?;
        let verifier = client.id_token_verifier().set_allowed_algs(BELIEVED);
        let claims = token.claims(&verifier, &Nonce::new(sent.nonce)).map_err(|e| untrue(&e.to_string()))?;
        let subject = claims.subject().clone();
        let name = claims.name().and_then(|names| names.get(None));
        let mut vouched = said(provider, subject.as_str(), (claims.email(), claims.email_verified(), name));
        vouched.verified |= provider.edov && claims.additional_claims().xms_edov.as_ref().is_some_and(yes);
        if vouched.email.is_none() && found.userinfo_endpoint().is_some() {
            vouched = self.user_info(&client, traded.access_token().clone(), subject, provider).await?;
        }
        let named = !vouched.subject.is_empty() && !vouched.subject.chars().any(char::is_control);
        let bounded = named && vouched.subject.len() <= 255;
        if bounded { Ok(vouched) } else { Err(untrue("it names nobody")) }
    }

    async fn user_info(
        &self,
        client: &Known,
        token: AccessToken,
        subject: SubjectIdentifier,
        provider: &Provider,
    ) -> Result<Vouched, SignOnError> {
        let strange = |e: ConfigurationError| SignOnError::Strange(e.to_string());
        let name = subject.as_str().to_owned();
        let ask = self.ask(provider);
        let asked = client.user_info(token, Some(subject)).map_err(strange)?;
        let more: UserInfoClaims<EmptyAdditionalClaims, CoreGenderClaim> =
            asked.request_async(&ask).await.map_err(|e| match e {
                UserInfoError::Request(e) => e.into(),
                UserInfoError::ClaimsVerification(e) => SignOnError::Untrue(e.to_string()),
                _ => SignOnError::Strange("what it says of a person cannot be read".into()),
            })?;
        let called = more.name().and_then(|names| names.get(None));
        Ok(said(provider, &name, (more.email(), more.email_verified(), called)))
    }
}

/// Whether it is still believed.
fn fresh((since, found): &Found) -> bool {
    since.elapsed() < if found.is_ok() { FOUND } else { NOT_FOUND }
}

/// What is taken from a provider's words.
fn said(
    provider: &Provider,
    subject: &str,
    (email, verified, name): (Option<&EndUserEmail>, Option<bool>, Option<&EndUserName>),
) -> Vouched {
    let short = |text: &str| text.chars().filter(|c| !c.is_control()).take(TEXT).collect::<String>();
    Vouched {
        issuer: provider.issuer.clone(),
        subject: subject.to_owned(),
        email: email.map(|email| email.as_str().to_owned()).filter(|email| email.len() <= 320),
        verified: verified == Some(true),
        denied: verified == Some(false),
        name: name.map(|name| short(name.as_str())),
    }
}

/// A provider by its place and by who has typed it: what a tenant finds is not what others are sent to.
type Key = [u8; 32];

fn key(provider: &Provider) -> Key {
    Sha256::digest(format!("{:?} {}", provider.whose, provider.issuer)).into()
}

fn client(found: &Metadata, provider: &Provider, back: &str) -> Result<Known, SignOnError> {
    let back = RedirectUrl::new(back.to_owned()).map_err(|_| OutboundError::Address)?;
    let secret = provider.client_secret.as_ref().map(|secret| ClientSecret::new(secret.to_string()));
    let client = Known::from_provider_metadata(found.clone(), ClientId::new(provider.client_id.clone()), secret);
    // In the header, as the standard would have it, but where only the other way is known.
    let ways = found.token_endpoint_auth_methods_supported();
    let header = ways.is_none_or(|ways| ways.contains(&CoreClientAuthMethod::ClientSecretBasic));
    let way = if header { AuthType::BasicAuth } else { AuthType::RequestBody };
    Ok(client.set_auth_type(way).set_redirect_uri(back))
}

#[cfg(test)]
mod tests {
    use super::*;
    use outbound::Whose;

    fn provider(issuer: &str, share: Option<u128>) -> Provider {
        let whose = if share.is_some() { Whose::Tenant } else { Whose::Operator };
        Provider { issuer: issuer.into(), client_id: "x".into(), client_secret: None, edov: false, whose, share }
    }

    /// Whatever tenants name, so many are remembered, and those of the operator always.
    #[tokio::test]
    async fn what_is_remembered_of_tenants_providers_is_bounded() -> Result<(), OutboundError> {
        let speaks = SignOn::new(Outbound::new(true)?);
        for n in 0..REMEMBERED + 50 {
            let tenants = provider(&format!("http://127.0.0.1:1/{n}"), Some(1));
            assert!(speaks.begin(&tenants, "http://localhost/back", None).await.is_err());
        }
        let remembered = || speaks.found.lock().unwrap_or_else(PoisonError::into_inner).len();
        assert_eq!(remembered(), REMEMBERED);
        assert!(speaks.begin(&provider("http://127.0.0.1:1", None), "http://localhost/back", None).await.is_err());
        assert_eq!(remembered(), REMEMBERED + 1);
        // To try one out leaves nothing behind.
        let fresh = SignOn::new(Outbound::new(true)?);
        assert!(fresh.try_out(&provider("http://127.0.0.1:1", Some(1))).await.is_err());
        assert_eq!(fresh.found.lock().unwrap_or_else(PoisonError::into_inner).len(), 0);
        Ok(())
    }
}
