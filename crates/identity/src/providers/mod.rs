//! Signing in by a provider's word (OpenID Connect): what `sign_on` brings back is made a sign-in, an account, or a link between
//! an account here and one there.
//!
//! An account there opens the one that it is linked to. It is linked by a confirmed address alone, and, where the account here has
//! a password, when that was shown once. Who has no account is asked what they want: nothing is made and nothing joined unasked.
//! What a browser keeps meanwhile is sealed and bound to its way; what has come back counts once. A second factor is owed as after a
//! password.

mod came;
mod flow;
mod linked;

pub use came::{Came, Newcomer};
pub use flow::{Gone, Leads, Lost, Purpose};

use crate::browser::Sealed;
use crate::{Identity, IdentityError, Origin};
use model::{TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use shares::{Places, Waiting};
use sign_on::{Names, NamesError, Provider, SignOn, Vouched};
use std::sync::Arc;
use store::services::timestamp;

/// A provider that is offered on the pages.
#[derive(Debug, Clone)]
pub struct Offered {
    /// Its name in addresses.
    pub slug: String,
    /// What people call it.
    pub title: String,
    /// Where it is, and how this installation is known there.
    pub provider: Provider,
}

/// Those that are offered, and what speaks with them.
#[derive(Debug, Clone)]
pub struct Providers {
    speaks: Option<SignOn>,
    names: Names,
    /// Those who look for the proof of a domain.
    looking: Places<TenantId>,
    all: Arc<[Offered]>,
}

/// A provider that somebody goes to.
pub(crate) struct Named {
    /// What people call it.
    pub title: String,
    /// Where it is, and how this installation is known there.
    pub provider: Provider,
    /// The tenant whose own it is.
    pub of: Option<TenantId>,
}

/// Questions to the DNS at once: 32, and 2 of a tenant.
const LOOKING: (usize, usize, Waiting) = (32, 2, Waiting { total: 64, per_key: 4 });

impl Default for Providers {
    fn default() -> Self {
        let (total, share, waiting) = LOOKING;
        Self { speaks: None, names: Names::default(), looking: Places::new(total, share, waiting), all: Arc::default() }
    }
}

impl Providers {
    /// These, by this way.
    pub fn new(speaks: SignOn, all: Vec<Offered>) -> Self {
        Self { speaks: Some(speaks), all: all.into(), ..Self::default() }
    }

    fn issuers(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(|offered| offered.provider.issuer.as_str())
    }

    fn slug_of(&self, issuer: &str) -> Option<&str> {
        self.all.iter().find(|offered| offered.provider.issuer == issuer).map(|offered| offered.slug.as_str())
    }

    /// What speaks with them.
    pub(crate) fn speaks(&self) -> Result<&SignOn, IdentityError> {
        self.speaks.as_ref().ok_or(IdentityError::NotFound)
    }

    /// What stands under a name in the DNS.
    pub(crate) async fn texts(&self, tenant: TenantId, name: &str) -> Result<Vec<String>, NamesError> {
        let _place = self.looking.enter(tenant).await.map_err(|_| NamesError::Silent)?;
        self.names.texts(name).await
    }

    /// The same, asking this resolver.
    pub fn with_names(self, names: Names) -> Self {
        Self { names, ..self }
    }
}

/// Somebody for whom a provider has vouched, and who is asked something before that opens anything; kept by the browser, sealed.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Pending {
    vouched: Vouched,
    /// The provider, as people call it.
    title: String,
    /// The tenant whose own provider it is.
    of: Option<TenantId>,
    /// Where the sign-in leads.
    next: String,
    /// The link of the invitation by which it began.
    join: Option<String>,
    until: Timestamp,
    /// By which it counts once.
    mark: String,
}

impl Identity {
    /// The providers that are offered: their names in addresses, and what people call them.
    pub fn providers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.providers.all.iter().map(|offered| (offered.slug.as_str(), offered.title.as_str()))
    }

    /// One that is offered to everybody, or a company's own.
    async fn provider_named(&self, slug: &str, origin: &Origin) -> Result<Named, IdentityError> {
        if let Some(offered) = self.providers.all.iter().find(|offered| offered.slug == slug) {
            return Ok(Named { title: offered.title.clone(), provider: offered.provider.clone(), of: None });
        }
        self.provider_of(slug, origin).await
    }

    fn pending(&self, value: &str) -> Result<Pending, IdentityError> {
        let pending: Pending = self.kept(Sealed::Pending, value)?;
        if pending.until <= timestamp(self.services.now()) { Err(IdentityError::SignInOver) } else { Ok(pending) }
    }
}
