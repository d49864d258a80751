//! There and back.

use super::{Came, Pending};
use crate::account::person;
use crate::browser::{OPEN, Sealed};
use crate::second_factor::Here;
use crate::sign_in::{Kept, Known};
use crate::{Identity, IdentityError, Origin, SignInForm, hex};
use model::input::Email;
use model::{PersonId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use sign_on::{Returned, Sent, Vouched};
use store::services::timestamp;
use store::sessions::{Proof, SignIn};
use store::{Caller, Reason, StoreError};
use zeroize::Zeroizing;

/// What somebody wants of a provider's word.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Purpose {
    /// To sign in, or to make an account.
    SignIn,
    /// To accept the invitation with this link.
    Join(String),
    /// To sign in by it from now on: a person, by this session, whose password had been changed so often.
    Link {
        /// Who.
        person: PersonId,
        /// The session's hash, in hexadecimal digits.
        session: String,
        /// How often the password had been changed.
        epoch: i32,
    },
}

/// What a browser keeps while it is at a provider.
#[derive(Serialize, Deserialize)]
struct Way {
    provider: String,
    purpose: Purpose,
    next: String,
    sent: Sent,
    until: Timestamp,
}

/// A browser that is on its way to a provider.
#[derive(Debug)]
pub struct Gone {
    /// Where it goes.
    pub address: String,
    /// What it keeps, sealed.
    pub kept: String,
}

/// Where somebody was to be led who has come back with nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leads {
    /// To this path.
    To(String),
    /// To the invitation with this link.
    Join(String),
}

/// What has gone wrong with somebody's coming back.
#[derive(Debug)]
pub struct Lost {
    /// What.
    pub error: IdentityError,
    /// Where it was to lead; nothing when this was not what the browser has gone for.
    pub leads: Option<Leads>,
}

impl From<IdentityError> for Lost {
    fn from(error: IdentityError) -> Self {
        Self { error, leads: None }
    }
}

impl Identity {
    /// Begins: where the browser goes, and what it keeps.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`] for a provider that there is not, [`IdentityError::Provider`] for one that does not answer,
    /// [`IdentityError::LinkOver`] for an invitation that is open no more.
    pub async fn go_to_provider(
        &self,
        slug: &str,
        purpose: Purpose,
        next: String,
        origin: &Origin,
    ) -> Result<Gone, IdentityError> {
        let (speaks, offered) = (self.providers.speaks()?, self.provider_named(slug, origin).await?);
        let back = self.way_back(slug);
        // Whom it is for, so that the provider does not take whoever is signed in there.
        let hint = match &purpose {
            Purpose::SignIn => None,
            Purpose::Join(token) => Some(self.offer(token, origin).await?.email),
            Purpose::Link { person, .. } => Some(self.name_of(*person, origin).await?.0),
        };
        let begun = speaks.begin(&offered.provider, &back, hint.as_deref()).await;
        let begun = begun.map_err(|error| IdentityError::provider(&offered.title, error))?;
        let until = timestamp(self.services.now() + OPEN);
        // What does not fit into a cookie leads nowhere in particular.
        let next = if next.len() > 500 { "/dashboard".to_owned() } else { next };
        let way = Way { provider: slug.to_owned(), purpose, next, sent: begun.sent, until };
        Ok(Gone { address: begun.address, kept: self.keep(Sealed::Way, &way)? })
    }

    /// The same to link a provider's account to one's own, for who shows the password, if there is one.
    ///
    /// # Errors
    /// [`IdentityError::NotThePassword`], [`IdentityError::SignInOver`] for a session that ended meanwhile, and those
    /// of [`Identity::go_to_provider`].
    pub async fn go_to_link(
        &self,
        caller: &Caller,
        slug: &str,
        password: Zeroizing<String>,
        here: Here<'_>,
        origin: &Origin,
    ) -> Result<Gone, IdentityError> {
        let person = person(caller)?;
        let epoch = self.shown_again(person, password, here, origin).await?;
        let purpose = Purpose::Link { person, session: hex(here.0), epoch };
        self.go_to_provider(slug, purpose, "/dashboard/account".to_owned(), origin).await
    }

    /// Has a person show the password once more, if there is one. Says how often it had been changed.
    pub(crate) async fn shown_again(
        &self,
        person: PersonId,
        password: Zeroizing<String>,
        here: Here<'_>,
        origin: &Origin,
    ) -> Result<i32, IdentityError> {
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        let held = self.hold_person(&mut tx, person, Some(here)).await?;
        let some = sqlx::query_scalar!(
            r#"select password_hash is not null as "some!" from app.people where person_id = $1"#,
            person.uuid()
        );
        let some = some.fetch_one(&mut tx).await.map_err(StoreError::from)?;
        drop(tx);
        if !some {
            return Ok(held.epoch);
        }
        let form = SignInForm { email: held.email, password };
        match self.with_password(form, origin, None, |known| async move { Ok(known) }).await {
            Err(IdentityError::WrongCredentials | IdentityError::Invalid(_)) => Err(IdentityError::NotThePassword),
            known => Ok(known?.epoch),
        }
    }

    pub(crate) fn way_back(&self, slug: &str) -> String {
        format!("{}/login/with/{slug}/back", self.post.address)
    }

    /// Ends: what comes of the provider's word. `way` is what the browser has kept.
    ///
    /// # Errors
    /// [`IdentityError::SignInOver`] for what is not this browser's, too late, or has come back before; [`IdentityError::Provider`]
    /// for what is not believed; [`IdentityError::TooManyAttempts`]; those of what it was for; or a fault. Nothing is changed then,
    /// and where it was to lead comes back, unless it was not this that the browser has gone for.
    pub async fn back_from_provider(
        &self,
        (slug, way): (&str, &str),
        returned: Returned,
        (here, kept): (Option<Here<'_>>, Kept<'_>),
        origin: &Origin,
    ) -> Result<Came, Lost> {
        let way: Way = self.kept(Sealed::Way, way)?;
        let own = way.provider == slug && returned.state.as_deref() == Some(way.sent.state.as_str());
        if !own || way.until <= timestamp(self.services.now()) {
            // Another window's, or nobody's: what the browser has gone for may still come.
            return Err(IdentityError::SignInOver.into());
        }
        let leads = match &way.purpose {
            Purpose::Join(token) => Leads::Join(token.clone()),
            _ => Leads::To(way.next.clone()),
        };
        let came = self.own_back(way, returned, (here, kept), origin).await;
        came.map_err(|error| Lost { error, leads: Some(leads) })
    }

    /// The same for what this browser has gone for.
    async fn own_back(
        &self,
        way: Way,
        returned: Returned,
        (here, kept): (Option<Here<'_>>, Kept<'_>),
        origin: &Origin,
    ) -> Result<Came, IdentityError> {
        let slug = way.provider.as_str();
        let (speaks, offered) = (self.providers.speaks()?, self.provider_named(slug, origin).await?);
        let attempt = self.attempt_sign_on(origin).await?;
        self.answered(&way.sent.state, origin).await?;
        let vouched = speaks.finish(&offered.provider, &self.way_back(slug), way.sent, returned).await;
        // What the provider does not answer is not the fault of who comes.
        if vouched.as_ref().map_or_else(|error| error.unanswered().is_some(), |_| true) {
            self.forgive(attempt, origin.request).await?;
        }
        let mut vouched = vouched.map_err(|error| IdentityError::provider(&offered.title, error))?;
        if let Some(tenant) = offered.of {
            // Its own addresses are confirmed by whose they are, and no others are.
            let email = vouched.email.as_deref().and_then(|email| Email::parse(email).ok());
            vouched.verified = match email {
                Some(email) => !vouched.denied && self.has_address(tenant, email.as_str(), origin).await?,
                None => false,
            };
        }
        let until = timestamp(self.services.now() + OPEN);
        let (title, mark) = (offered.title.clone(), format!("{:032x}", rand::random::<u128>()));
        let pending = Pending { vouched, title, of: offered.of, next: way.next, join: None, until, mark };
        match way.purpose {
            Purpose::SignIn => self.came(pending, kept, origin).await,
            Purpose::Join(token) => self.came(Pending { join: Some(token), ..pending }, kept, origin).await,
            Purpose::Link { person, session, epoch } => {
                let here = here.filter(|here| hex(here.0) == session).ok_or(IdentityError::SignInOver)?;
                self.link(person, &pending, (epoch, Some(here)), origin).await?;
                Ok(Came::Linked)
            }
        }
    }

    /// A sign-in of somebody for whom a provider has vouched.
    pub(super) async fn vouched_for(
        &self,
        known: Known,
        (next, chosen, of): (String, Option<TenantId>, Option<TenantId>),
        kept: Kept<'_>,
        origin: &Origin,
    ) -> Result<SignIn, IdentityError> {
        // Whose own provider it is is where they work.
        let mut sign_in =
            SignIn { next, chosen: chosen.or(of), ..self.begun(known.person, Proof::Provider, known.epoch) };
        for shown in &mut sign_in.proofs {
            shown.of = of;
        }
        self.count_trust(&mut sign_in, known, kept, origin).await?;
        self.advance(sign_in, origin).await
    }
}

/// The address that a provider says is this person's.
pub(super) fn confirmed(vouched: &Vouched, title: &str) -> Result<Email, IdentityError> {
    let email = vouched.email.as_deref().filter(|_| vouched.verified).and_then(|email| Email::parse(email).ok());
    email.ok_or_else(|| IdentityError::Unconfirmed(title.to_owned()))
}
