#![doc = include_str!("../README.md")]

mod account;
mod api_keys;
mod attempts;
mod audit_log;
mod browser;
mod company_sign_on;
mod error;
mod invitations;
mod language;
mod letters;
mod member_sessions;
mod members;
mod once;
mod operator;
mod passkeys;
mod passwords;
mod providers;
mod roles;
mod second_factor;
mod settings;
mod sign_in;
mod sign_up;
mod signed;
mod teams;
mod tenants;
mod tokens;

pub use account::ChangeForm;
pub use api_keys::{KeyWishes, MAX_KEYS, Overlap};
pub use attempts::{AttemptLimits, Origin};
pub use audit_log::MAX_ENTRIES;
pub use company_sign_on::ProviderForm;
pub use error::IdentityError;
pub use invitations::{Invited, JoinForm, MAX_MEMBERS, Offer, SendInvitation};
pub use letters::{NewAddress, Post, SendLetter};
pub use members::{Kept as KeptMember, Leaving, PageRequest};
pub use once::{Begun, KeptAnswer, MAX_ANSWER, MAX_KEPT, MAX_KEPT_MB, Once};
pub use operator::{Founded, FoundedOnce, MAX_OPERATOR_KEYS, Operator, OperatorKeyWishes};
pub use passkeys::{AskedPasskey, NewPasskey, PasskeyForm, PasskeyShown, Passkeys};
pub use passwords::Passwords;
pub use providers::{Came, Gone, Leads, Lost, Newcomer, Offered, Providers, Purpose};
pub use roles::{MAX_ROLES, RoleWishes};
pub use second_factor::{Here, ShownAgain, TakenAway};
pub use sign_in::{Kept, SignInForm};
pub use sign_on::Returned;
pub use sign_up::{NewTenant, SignUpForm, SignedUp};
pub use teams::MAX_TEAMS;
pub use tenants::{CreatedTenant, First, Founding, TenantSetup, Who};
pub use tokens::Credential;

use company_sign_on::ProviderSecrets;
use letters::Links;
use model::RequestId;
use once::KeptAnswers;
use second_factor::Seeds;
use shares::{Network, Places, Waiting};
use std::sync::Arc;
use store::sealing::{self, Sealer};
use store::secret_key::{DerivedKey, SecretKey};
use store::{Caller, Services, StoreError, scope};
use tokens::Tokens;

/// Attempts that wait to be counted, two at a time and one of an address.
const ATTEMPTING: Waiting = Waiting { total: 512, per_key: 128 };

/// The capability: everything that it needs, and its use cases as methods.
#[derive(Debug, Clone)]
pub struct Identity {
    services: Services,
    passwords: Passwords,
    limits: AttemptLimits,
    /// Those whose attempts are being counted.
    attempting: Places<Network>,
    setups: Arc<[Box<dyn TenantSetup>]>,
    leaving: Arc<[Box<dyn Leaving>]>,
    api_key_mac: DerivedKey,
    signing_mac: DerivedKey,
    operator_mac: DerivedKey,
    tokens: Tokens,
    attempt_mac: DerivedKey,
    device_mac: DerivedKey,
    code_mac: DerivedKey,
    sealer: Sealer,
    links: Links,
    post: Post,
    providers: Providers,
    passkeys: Passkeys,
}

impl Identity {
    /// Identity over the services of this process.
    pub fn new(services: Services, passwords: Passwords, limits: AttemptLimits, secret: &SecretKey) -> Self {
        Self {
            services,
            passwords,
            limits,
            attempting: Places::new(2, 1, ATTEMPTING),
            setups: Arc::default(),
            leaving: Arc::default(),
            api_key_mac: secret.derive("identity/api-key/1"),
            signing_mac: secret.derive("identity/signed-request/1"),
            operator_mac: secret.derive("identity/operator-key/1"),
            tokens: Tokens(secret.derive("identity/token/1")),
            attempt_mac: secret.derive("identity/sign-in-attempt/1"),
            device_mac: secret.derive("identity/device/1"),
            code_mac: secret.derive("identity/recovery-code/1"),
            sealer: Sealer::of(secret),
            links: Links(secret.derive("identity/letter/1")),
            post: Post::default(),
            providers: Providers::default(),
            passkeys: Passkeys::default(),
        }
    }

    /// The same, with what others give to each new tenant.
    pub fn with_setups(self, setups: Vec<Box<dyn TenantSetup>>) -> Self {
        Self { setups: setups.into(), ..self }
    }

    /// The same, with what others do when a member leaves.
    pub fn with_leaving(self, leaving: Vec<Box<dyn Leaving>>) -> Self {
        Self { leaving: leaving.into(), ..self }
    }

    /// The same, with letters that go this way.
    pub fn with_post(self, post: Post) -> Self {
        Self { post, ..self }
    }

    /// The same, with providers by whose word one signs in.
    pub fn with_providers(self, providers: Providers) -> Self {
        Self { providers, ..self }
    }

    /// The same, with passkeys.
    pub fn with_passkeys(self, passkeys: Passkeys) -> Self {
        Self { passkeys, ..self }
    }

    /// Where browsers know passkeys of this installation, if there are any.
    pub fn passkeys_at(&self) -> Option<&str> {
        self.passkeys.origin()
    }

    /// The same, with what seals secrets under the keys of a file.
    pub fn with_sealer(self, sealer: Sealer) -> Self {
        Self { sealer, ..self }
    }

    /// Seals everything anew that was sealed with an older key; says how much, and how much cannot be opened.
    ///
    /// # Errors
    /// The database's.
    pub async fn seal_anew(&self) -> Result<(u64, u64), StoreError> {
        let seeds = sealing::anew::<Seeds>(&self.services, &self.sealer).await?;
        let secrets = sealing::anew::<ProviderSecrets>(&self.services, &self.sealer).await?;
        let answers = sealing::anew::<KeptAnswers>(&self.services, &self.sealer).await?;
        Ok((seeds.0 + secrets.0 + answers.0, seeds.1 + secrets.1 + answers.1))
    }

    /// Store, clock and ids.
    pub fn services(&self) -> &Services {
        &self.services
    }

    /// What a secret is known by, here and in the database; `None` for what cannot be one.
    pub fn key_mark(&self, secret: &str) -> Option<KeyMark> {
        api_keys::well_formed(secret).then(|| KeyMark(self.api_key_mac.mac(secret.as_bytes())))
    }

    /// The caller behind the secret of an API key, or a token of one; `None` when it opens nothing.
    ///
    /// # Errors
    /// The database's.
    pub async fn authenticate_key(&self, secret: &str, request: RequestId) -> Result<Option<Caller>, StoreError> {
        match self.credential(secret) {
            Some(credential) => self.authenticate(credential, request).await,
            None => Ok(None),
        }
    }

    /// The same when it is known what was sent.
    ///
    /// # Errors
    /// The database's.
    pub async fn authenticate(&self, sent: Credential, request: RequestId) -> Result<Option<Caller>, StoreError> {
        Ok(self.authenticate_mark(sent.mark, request).await?.map(|caller| sent.narrow(caller)))
    }

    /// The same for who reads at once: with the first transaction open already.
    ///
    /// # Errors
    /// The database's.
    pub async fn enter_by(&self, sent: Credential, request: RequestId) -> Result<Option<Caller>, StoreError> {
        Ok(self.enter_by_mark(sent.mark, request).await?.map(|caller| sent.narrow(caller)))
    }

    /// The key itself, by its mark.
    ///
    /// # Errors
    /// The database's.
    pub async fn authenticate_mark(&self, mark: KeyMark, request: RequestId) -> Result<Option<Caller>, StoreError> {
        scope::of_api_key(&self.services, &mark.0, request).await
    }

    /// The same for who reads at once: with the first transaction open already.
    ///
    /// # Errors
    /// The database's.
    pub async fn enter_by_mark(&self, mark: KeyMark, request: RequestId) -> Result<Option<Caller>, StoreError> {
        scope::enter_by_api_key(&self.services, &mark.0, request).await
    }
}

/// Bytes as hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Hexadecimal digits as bytes, as [`hex`] writes them and not otherwise.
fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| Some((digit(high)? << 4) | digit(low)?)).collect();
    if rest.is_empty() { bytes } else { None }
}

/// The keyed hash of an API key's secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyMark([u8; 32]);

impl std::fmt::Debug for KeyMark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyMark(…)")
    }
}
