//! What comes of a provider's word: a sign-in, a question, or an account.

use super::Pending;
use super::flow::confirmed;
use crate::browser::Sealed;
use crate::invitations::Joins;
use crate::sign_in::{Asks, Kept, Known, Second, advance};
use crate::tenants::{CreatedTenant, First, Founding};
use crate::{Identity, IdentityError, NewTenant, Offer, Origin, SignInForm};
use model::FieldError;
use model::PersonId;
use model::input::{CompanyName, PersonName};
use sign_on::Vouched;
use store::sessions::{Proof, Shown, SignIn};
use store::{Reason, StoreError};
use words::text;
use zeroize::Zeroizing;

/// What has come of it.
#[derive(Debug)]
pub enum Came {
    /// A sign-in that goes on.
    In(SignIn),
    /// There is an account with this address: its password is asked for, once. What the browser keeps until then.
    Password(String),
    /// What is wanted is asked: a workspace, or an invitation. What the browser keeps until then.
    Asked(String),
    /// The account there opens the one here from now on.
    Linked,
}

/// Somebody for whom a provider has vouched, and who is asked what they want.
#[derive(Debug)]
pub struct Newcomer {
    /// The provider, as people call it.
    pub provider: String,
    /// The address.
    pub email: String,
    /// The name, as the provider knows it.
    pub name: String,
    /// What they can join, with the links.
    pub invited: Vec<(String, Offer)>,
    /// Whether it began with an invitation: then nothing else is asked.
    pub joins: bool,
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
            && self.works_somewhere(known.person, origin).await?
        {
            // A company's own vouches for its own addresses, whatever was linked when.
            if let Some(tenant) = pending.of
                && !self.has_address(tenant, &self.name_of(known.person, origin).await?.0, origin).await?
            {
                return Err(IdentityError::Unconfirmed(pending.title.clone()));
            }
            return Ok(Meant::Person(known));
        }
        let email = confirmed(vouched, &pending.title)?;
        let Some(account) = self.find_account(&email, origin).await? else { return Ok(Meant::Nobody) };
        if !self.works_somewhere(account.known.person, origin).await? {
            return Ok(Meant::Nobody);
        }
        match account.password_hash {
            Some(_) => Ok(Meant::Password),
            // Another account elsewhere opens it. By the address alone none does: it may be somebody else's by now.
            None => Err(IdentityError::LinkedElsewhere(pending.title.clone())),
        }
    }

    /// Whether a person is a member anywhere, also where they are kept out: who is nowhere begins anew.
    #[tracing::instrument(name = "db.person.works_somewhere", skip_all)]
    async fn works_somewhere(&self, person: PersonId, origin: &Origin) -> Result<bool, StoreError> {
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        let somewhere = sqlx::query_scalar!(
            r#"select exists (select from app.memberships where person_id = $1) as "somewhere!""#,
            person.uuid()
        );
        Ok(somewhere.fetch_one(&mut tx).await?)
    }

    #[tracing::instrument(name = "db.identity.find", skip_all)]
    async fn find_linked(&self, vouched: &Vouched, origin: &Origin) -> Result<Option<Known>, StoreError> {
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        let row = sqlx::query!(
            r#"update app.identities i set used_at = $3 from app.people p
               where i.issuer = $1 and i.subject = $2 and p.person_id = i.person_id
               returning p.person_id, p.password_epoch, p.verified_at is not null as "confirmed!""#,
            vouched.issuer,
            vouched.subject,
            self.services.now()
        );
        let Some(row) = row.fetch_optional(&mut tx).await? else { return Ok(None) };
        tx.commit().await?;
        let person = PersonId::from_uuid(row.person_id);
        Ok(Some(Known { person, epoch: row.password_epoch, confirmed: row.confirmed }))
    }

    /// What comes of somebody's coming back, who wants to sign in, or to accept an invitation.
    pub(super) async fn came(&self, pending: Pending, kept: Kept<'_>, origin: &Origin) -> Result<Came, IdentityError> {
        let meant = self.meant(&pending, origin).await?;
        if let Some(token) = &pending.join {
            self.offered_to(&meant, &pending, token, origin).await?;
        }
        Ok(match meant {
            Meant::Person(known) if pending.join.is_none() => {
                Came::In(self.vouched_for(known, (pending.next, None, pending.of), kept, origin).await?)
            }
            Meant::Password => Came::Password(self.keep(Sealed::Pending, &pending)?),
            // Nothing is made and nothing joined unasked: whoever is led here by a link has pressed nothing.
            Meant::Person(_) | Meant::Nobody => Came::Asked(self.keep(Sealed::Pending, &pending)?),
        })
    }

    /// What a link offers, if it is to who has come.
    async fn offered_to(
        &self,
        meant: &Meant,
        pending: &Pending,
        token: &str,
        origin: &Origin,
    ) -> Result<Offer, IdentityError> {
        let offer = self.offer(token, origin).await?;
        let email = match meant {
            // They may have another address there; here it is this one.
            Meant::Person(known) => self.name_of(known.person, origin).await?.0,
            Meant::Password | Meant::Nobody => confirmed(&pending.vouched, &pending.title)?.to_string(),
        };
        if pending.of.is_some_and(|of| of != offer.tenant) {
            return Err(IdentityError::LinkOver);
        }
        if email == offer.email { Ok(offer) } else { Err(IdentityError::OtherAddress(offer.email)) }
    }

    /// For whom a password is asked, so that a provider's account opens the one here: the provider, the address, and the company
    /// that is joined by it.
    ///
    /// # Errors
    /// [`IdentityError::SignInOver`] for what a browser keeps no more, or the database's.
    pub async fn asked_for_password(
        &self,
        kept: &str,
        origin: &Origin,
    ) -> Result<(String, String, Option<String>), IdentityError> {
        let pending = self.pending(kept)?;
        let email = confirmed(&pending.vouched, &pending.title)?;
        let company = match &pending.join {
            Some(token) => match self.offer(token, origin).await {
                Ok(offer) => Some(offer.company),
                // Taken back meanwhile: one signs in, and joins nothing.
                Err(IdentityError::LinkOver) => None,
                Err(error) => return Err(error),
            },
            None => None,
        };
        Ok((pending.title, email.to_string(), company))
    }

    /// Links them, for who shows the password, and signs in; an invitation by which it began is accepted by that.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] and [`IdentityError::TooManyAttempts`] for the password, [`IdentityError::SignInOver`],
    /// [`IdentityError::LinkedElsewhere`], or a fault.
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
                return Err(IdentityError::field("password", text!("This is not the password of your account here.")));
            }
            known => known?,
        };
        self.answered(&pending.mark, origin).await?;
        self.link(known.person, &pending, (known.epoch, None), origin).await?;
        // A company's own leads into that company.
        let chosen = match &pending.join {
            Some(token) => match self.accept(token, Joins::Known(known), origin).await {
                Ok((_, tenant)) => Some(tenant),
                Err(IdentityError::LinkOver) => None,
                Err(error) => return Err(error),
            },
            None => pending.of,
        };
        let mut sign_in = self.begun(known.person, Proof::Password, known.epoch);
        let vouched = self.begun(known.person, Proof::Provider, known.epoch).proofs;
        sign_in.proofs.extend(vouched.into_iter().map(|shown| Shown { of: pending.of, ..shown }));
        self.count_trust(&mut sign_in, known, kept, origin).await?;
        self.advance(SignIn { next: pending.next, chosen, ..sign_in }, origin).await
    }

    /// Who has come, and is asked what they want.
    ///
    /// # Errors
    /// [`IdentityError::SignInOver`] for what a browser keeps no more, or the database's.
    pub async fn newcomer(&self, kept: &str, origin: &Origin) -> Result<Newcomer, IdentityError> {
        let pending = self.pending(kept)?;
        let (invited, email) = match &pending.join {
            Some(token) => {
                let offer = self.offer(token, origin).await?;
                let email = offer.email.clone();
                (vec![(token.clone(), offer)], email)
            }
            None => {
                let email = confirmed(&pending.vouched, &pending.title)?;
                let mut invited = self.invitations_of(&email, origin).await?;
                // A company's own leads into that company alone.
                invited.retain(|(_, offer)| pending.of.is_none_or(|of| of == offer.tenant));
                (invited, email.to_string())
            }
        };
        let name = pending.vouched.name.clone().unwrap_or_default();
        let joins = pending.join.is_some() || pending.of.is_some();
        Ok(Newcomer { provider: pending.title, email, name, invited, joins })
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
        let Pending { vouched, title, next, mark, of, .. } = self.pending(kept)?;
        if of.is_some() {
            return Err(IdentityError::SignInOver);
        }
        let email = confirmed(&vouched, &title)?;
        let mut errors = Vec::new();
        let mut wrong = |field: &str, rejected: model::input::Rejected| {
            errors.push(FieldError { field: field.to_owned(), message: rejected.0 });
        };
        let company = CompanyName::parse(company).map_err(|e| wrong("company", e)).ok();
        let name = PersonName::parse(name).map_err(|e| wrong("name", e)).ok();
        let (Some(company), Some(name)) = (company, name) else { return Err(IdentityError::Invalid(errors)) };
        self.attempt_sign_up(origin).await?;
        self.answered(&mark, origin).await?;
        let new = NewTenant { company, name, email, first: First::Vouched(vouched, title) };
        let CreatedTenant { person, epoch, tenant, .. } = self.create_tenant(new, Founding::SignUp, origin).await?;
        let sign_in = SignIn { next, ..self.begun(person, Proof::Provider, epoch) };
        advance(sign_in, Second::None, &[Asks { tenant, second_factor: false, provider: false }])
    }

    /// Accepts an invitation for who has come so, and signs in there.
    ///
    /// # Errors
    /// As [`Identity::join`], and [`IdentityError::SignInOver`].
    pub async fn join_as_newcomer(
        &self,
        kept_here: &str,
        token: &str,
        kept: Kept<'_>,
        origin: &Origin,
    ) -> Result<SignIn, IdentityError> {
        let pending = self.pending(kept_here)?;
        let meant = self.meant(&pending, origin).await?;
        let offer = self.offered_to(&meant, &pending, token, origin).await?;
        let who = match meant {
            Meant::Person(known) => Joins::Known(known),
            Meant::Nobody => Joins::New {
                name: name_of(&pending.vouched, &offer.email)?,
                first: First::Vouched(pending.vouched.clone(), pending.title.clone()),
            },
            // Somebody has made an account with this address meanwhile.
            Meant::Password => return Err(IdentityError::SignInOver),
        };
        self.answered(&pending.mark, origin).await?;
        let (known, tenant) = self.accept(token, who, origin).await?;
        self.vouched_for(known, (pending.next, Some(tenant), pending.of), kept, origin).await
    }
}

/// A name for who has come without one.
fn name_of(vouched: &Vouched, email: &str) -> Result<PersonName, IdentityError> {
    let named = vouched.name.as_deref().and_then(|name| PersonName::parse(name).ok());
    let local = || PersonName::parse(email.split('@').next().unwrap_or_default());
    named.map_or_else(local, Ok).map_err(|e| IdentityError::field("name", e.0))
}
