//! What comes of a provider's word: a sign-in, a question, or an account.

use super::flow::confirmed;
use super::{Kept as Sealed, Pending};
use crate::invitations::Joins;
use crate::sign_in::{Kept, Known, advance};
use crate::tenants::{CreatedTenant, First, Founding};
use crate::{Identity, IdentityError, NewTenant, Offer, Origin, SignInForm};
use model::FieldError;
use model::input::{CompanyName, PersonName};
use model::{PersonId, TenantId};
use sign_on::Vouched;
use store::sessions::{Proof, SignIn};
use store::{Reason, StoreError};
use zeroize::Zeroizing;

/// What has come of it.
#[derive(Debug)]
pub enum Came {
    /// A sign-in that goes on.
    In(SignIn),
    /// There is an account with this address: its password is asked for, once. What the browser keeps until then.
    Password(String),
    /// There is none: what is wanted is asked. What the browser keeps until then.
    New(String),
    /// The account there opens the one here from now on.
    Linked,
}

/// Somebody for whom a provider has vouched, and who has no account yet.
#[derive(Debug)]
pub struct Newcomer {
    /// The provider, as people call it.
    pub provider: String,
    /// The address.
    pub email: String,
    /// The name, as the provider knows it.
    pub name: String,
    /// To what they are invited, with the links.
    pub invited: Vec<(String, Offer)>,
}

/// Whom a provider means.
enum Meant {
    /// Somebody whose account it opens.
    Person(Known),
    /// Somebody who has to show a password first.
    Password,
    /// Somebody who has no account.
    Nobody,
}

impl Identity {
    /// Whom a provider means: by the account there, or, the first time, by the address.
    async fn meant(&self, pending: &Pending, origin: &Origin) -> Result<Meant, IdentityError> {
        let vouched = &pending.vouched;
        if let Some(known) = self.find_linked(vouched, origin).await?
            && !self.tenants_of(known.person, origin).await?.is_empty()
        {
            return Ok(Meant::Person(known));
        }
        let email = confirmed(vouched, &pending.title)?;
        let Some(account) = self.find_account(&email, origin).await? else { return Ok(Meant::Nobody) };
        if self.tenants_of(account.known.person, origin).await?.is_empty() {
            return Ok(Meant::Nobody);
        }
        if account.password_hash.is_some() {
            return Ok(Meant::Password);
        }
        // Nobody ever chose a password for it: who has the address has the account.
        self.link(account.known.person, pending, (account.known.epoch, None), origin).await?;
        Ok(Meant::Person(account.known))
    }

    #[tracing::instrument(name = "db.identity.find", skip_all)]
    async fn find_linked(&self, vouched: &Vouched, origin: &Origin) -> Result<Option<Known>, StoreError> {
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        let row = sqlx::query!(
            r#"select p.person_id, p.password_epoch, p.verified_at is not null as "confirmed!"
               from app.identities i join app.people p on p.person_id = i.person_id
               where i.issuer = $1 and i.subject = $2"#,
            vouched.issuer,
            vouched.subject
        );
        let Some(row) = row.fetch_optional(&mut tx).await? else { return Ok(None) };
        sqlx::query!(
            "update app.identities set used_at = $3 where issuer = $1 and subject = $2",
            vouched.issuer,
            vouched.subject,
            self.services.now()
        )
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
        let person = PersonId::from_uuid(row.person_id);
        Ok(Some(Known { person, epoch: row.password_epoch, confirmed: row.confirmed }))
    }

    pub(super) async fn came_to_sign_in(
        &self,
        pending: Pending,
        kept: Kept<'_>,
        origin: &Origin,
    ) -> Result<Came, IdentityError> {
        Ok(match self.meant(&pending, origin).await? {
            Meant::Person(known) => Came::In(self.vouched_for(known, pending.next, kept, origin).await?),
            Meant::Password => Came::Password(self.keep(Sealed::Pending, &pending)?),
            Meant::Nobody => Came::New(self.keep(Sealed::Pending, &pending)?),
        })
    }

    pub(super) async fn came_to_join(
        &self,
        pending: Pending,
        kept: Kept<'_>,
        origin: &Origin,
    ) -> Result<Came, IdentityError> {
        let token = pending.join.clone().unwrap_or_default();
        let offer = self.offer(&token, origin).await?;
        let who = match self.meant(&pending, origin).await? {
            // Whoever was invited may have another address there; here it is this one.
            Meant::Person(known) if self.name_of(known.person, origin).await?.0 == offer.email => Joins::Known(known),
            Meant::Nobody if confirmed(&pending.vouched, &pending.title)?.as_str() == offer.email => Joins::New {
                name: name_of(&pending.vouched, &offer.email)?,
                first: First::Vouched(pending.vouched.clone(), pending.title.clone()),
            },
            Meant::Password if confirmed(&pending.vouched, &pending.title)?.as_str() == offer.email => {
                return Ok(Came::Password(self.keep(Sealed::Pending, &pending)?));
            }
            _ => return Err(IdentityError::OtherAddress(offer.email)),
        };
        let (known, tenant) = self.accept(&token, who, origin).await?;
        let sign_in = self.vouched_for(known, pending.next, kept, origin).await?;
        self.choose_joined(sign_in, tenant, origin).await.map(Came::In)
    }

    async fn choose_joined(&self, sign_in: SignIn, tenant: TenantId, origin: &Origin) -> Result<SignIn, IdentityError> {
        self.advance(SignIn { chosen: Some(tenant), ..sign_in }, origin).await
    }

    /// For whom a password is asked, so that a provider's account opens the one here: the provider, and the address.
    ///
    /// # Errors
    /// [`IdentityError::SignInOver`] for what a browser keeps no more.
    pub fn asked_for_password(&self, kept: &str) -> Result<(String, String), IdentityError> {
        let pending = self.pending(kept)?;
        let email = confirmed(&pending.vouched, &pending.title)?;
        Ok((pending.title, email.to_string()))
    }

    /// Links them, for who shows the password, and signs in.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] and [`IdentityError::TooManyAttempts`] for the password, [`IdentityError::SignInOver`],
    /// [`IdentityError::LinkedElsewhere`], or a fault; nothing is changed then.
    pub async fn link_by_password(
        &self,
        kept_here: &str,
        password: Zeroizing<String>,
        kept: Kept<'_>,
        origin: &Origin,
    ) -> Result<SignIn, IdentityError> {
        let pending = self.pending(kept_here)?;
        let email = confirmed(&pending.vouched, &pending.title)?;
        let form = SignInForm { email: email.to_string(), password };
        let known = match self.with_password(form, origin, kept.device, |known| async move { Ok(known) }).await {
            Err(IdentityError::WrongCredentials) => {
                return Err(IdentityError::field("password", "This is not the password of your account here."));
            }
            known => known?,
        };
        self.link(known.person, &pending, (known.epoch, None), origin).await?;
        let joined = match &pending.join {
            Some(token) => Some(self.accept(token, Joins::Known(known), origin).await?.1),
            None => None,
        };
        let mut sign_in = self.begun(known.person, Proof::Password, known.epoch);
        sign_in.proofs.extend(self.begun(known.person, Proof::Provider, known.epoch).proofs);
        self.count_trust(&mut sign_in, known, kept, origin).await?;
        let sign_in = self.advance(SignIn { next: pending.next, ..sign_in }, origin).await?;
        match joined {
            Some(tenant) => self.choose_joined(sign_in, tenant, origin).await,
            None => Ok(sign_in),
        }
    }

    /// Who has come, and has no account.
    ///
    /// # Errors
    /// [`IdentityError::SignInOver`] for what a browser keeps no more, or the database's.
    pub async fn newcomer(&self, kept: &str, origin: &Origin) -> Result<Newcomer, IdentityError> {
        let pending = self.pending(kept)?;
        let email = confirmed(&pending.vouched, &pending.title)?;
        let name = pending.vouched.name.clone().unwrap_or_default();
        let invited = self.invitations_of(&email, origin).await?;
        Ok(Newcomer { provider: pending.title, email: email.to_string(), name, invited })
    }

    /// Makes a workspace for who has come so, and signs in there.
    ///
    /// # Errors
    /// As [`Identity::sign_up`], and [`IdentityError::SignInOver`].
    pub async fn found_as_newcomer(
        &self,
        kept: &str,
        (company, name): (&str, &str),
        origin: &Origin,
    ) -> Result<SignIn, IdentityError> {
        let Pending { vouched, title, next, .. } = self.pending(kept)?;
        let email = confirmed(&vouched, &title)?;
        let mut errors = Vec::new();
        let mut wrong = |field: &str, rejected: model::input::Rejected| {
            errors.push(FieldError { field: field.to_owned(), message: rejected.to_string() });
        };
        let company = CompanyName::parse(company).map_err(|e| wrong("company", e)).ok();
        let name = PersonName::parse(name).map_err(|e| wrong("name", e)).ok();
        let (Some(company), Some(name)) = (company, name) else { return Err(IdentityError::Invalid(errors)) };
        self.attempt_sign_up(origin).await?;
        let new = NewTenant { company, name, email, first: First::Vouched(vouched, title) };
        let CreatedTenant { person, epoch, tenant, .. } = self.create_tenant(new, Founding::SignUp, origin).await?;
        let sign_in = SignIn { next, ..self.begun(person, Proof::Provider, epoch) };
        advance(sign_in, false, &[tenant])
    }

    /// Accepts an invitation for who has come so, and signs in there.
    ///
    /// # Errors
    /// As [`Identity::join`], and [`IdentityError::SignInOver`].
    pub async fn join_as_newcomer(&self, kept: &str, token: &str, origin: &Origin) -> Result<SignIn, IdentityError> {
        let pending = Pending { join: Some(token.to_owned()), ..self.pending(kept)? };
        match self.came_to_join(pending, Kept::default(), origin).await? {
            Came::In(sign_in) => Ok(sign_in),
            // Somebody has made an account with this address meanwhile.
            _ => Err(IdentityError::SignInOver),
        }
    }
}

/// A name for who has come without one.
fn name_of(vouched: &Vouched, email: &str) -> Result<PersonName, IdentityError> {
    let named = vouched.name.as_deref().and_then(|name| PersonName::parse(name).ok());
    let local = || PersonName::parse(email.split('@').next().unwrap_or_default());
    named.map_or_else(local, Ok).map_err(|e| IdentityError::field("name", e.to_string()))
}
