//! Another address: asked for with the password, taken when the link in a letter to it is opened. The old one is told.

use super::LetterKind;
use crate::account::person;
use crate::second_factor::Here;
use crate::{Identity, IdentityError, Origin};
use model::PersonId;
use model::audit::Act;
use model::input::Email;
use store::audit::{self, Entry};
use store::{Caller, PlatformTx, Reason, StoreError};
use words::text;
use zeroize::Zeroizing;

/// What has become of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewAddress {
    /// A letter is on its way to it; nothing says whether it has an account.
    Asked,
    /// It is theirs: where there is no mail server nothing could confirm it.
    Taken,
}

impl Identity {
    /// Asks for another address, for who shows the password, if there is one.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] for what is no address, or theirs already; [`IdentityError::NotThePassword`];
    /// [`IdentityError::AddressStays`] where a company signs its people in by it; [`IdentityError::TooManyAttempts`];
    /// [`IdentityError::SignInOver`] for a session that ended meanwhile; [`IdentityError::EmailTaken`] where there is no mail server;
    /// or a fault. Nothing is changed then.
    pub async fn ask_for_address(
        &self,
        caller: &Caller,
        (email, password): (&str, Zeroizing<String>),
        here: Here<'_>,
        origin: &Origin,
    ) -> Result<NewAddress, IdentityError> {
        let person = person(caller)?;
        let email = Email::parse(email).map_err(|e| IdentityError::field("email", e.0))?;
        if self.name_of(person, origin).await?.0 == email.as_str() {
            return Err(IdentityError::field("email", text!("This is your address already.")));
        }
        // Who is signed in by the company's provider because of the address would not be any more.
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        let old = self.hold_person(&mut tx, person, Some(here)).await?.email;
        if address_stays(&mut tx, person, &old).await? {
            return Err(IdentityError::AddressStays);
        }
        drop(tx);
        if !self.ways_in(caller, origin).await?.password {
            return Err(IdentityError::PasswordFirst);
        }
        let epoch = self.shown_again(person, password, here, origin).await?;
        self.attempt_letter(origin).await?;
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        let held = self.hold_person(&mut tx, person, Some(here)).await?;
        if held.epoch != epoch {
            return Err(IdentityError::SignInOver);
        }
        if !self.delivers() {
            self.take_address(&mut tx, person, (&held.email, email.as_str()), origin).await?;
            tx.commit().await?;
            self.post_is_due();
            return Ok(NewAddress::Taken);
        }
        let taken = sqlx::query_scalar!(
            r#"select exists (select from app.people where email = $1) as "taken!""#,
            email.as_str()
        );
        let taken = taken.fetch_one(&mut tx).await.map_err(StoreError::from)?;
        match self.tenant_of(&mut tx, person).await? {
            Some(tenant) if !taken => {
                self.write(&mut tx, (tenant, person), email.as_str(), LetterKind::Address).await?;
            }
            // As long as it takes otherwise.
            _ => self.write_nothing(&mut tx).await?,
        }
        tx.commit().await?;
        self.post_is_due();
        Ok(NewAddress::Asked)
    }

    /// The address that a link would make somebody's.
    ///
    /// # Errors
    /// [`IdentityError::LinkOver`] for a link that opens nothing any more, or the database's.
    #[tracing::instrument(name = "db.letter.new_address", skip_all)]
    pub async fn may_take_address(&self, token: &str, origin: &Origin) -> Result<String, IdentityError> {
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        Ok(self.asked_for(&mut tx, token).await?.1)
    }

    /// Makes it theirs.
    ///
    /// # Errors
    /// [`IdentityError::LinkOver`] for a link that opens nothing any more, also when somebody else has the address by now; or the
    /// database's.
    pub async fn take_asked_address(&self, token: &str, origin: &Origin) -> Result<(), IdentityError> {
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        let (person, _) = self.asked_for(&mut tx, token).await?;
        let held = self.hold_person(&mut tx, person, None).await?;
        // Once more, now that nobody else changes them.
        let (_, email) = self.asked_for(&mut tx, token).await?;
        let taken = self.take_address(&mut tx, person, (&held.email, &email), origin).await;
        match taken {
            Err(IdentityError::EmailTaken | IdentityError::AddressStays) => Err(IdentityError::LinkOver),
            other => {
                other?;
                tx.commit().await?;
                self.post_is_due();
                tracing::info!("an address was changed");
                Ok(())
            }
        }
    }

    /// Whose link it is, and to which address, if it is good.
    async fn asked_for(&self, tx: &mut PlatformTx, token: &str) -> Result<(PersonId, String), IdentityError> {
        let named = self.named(&[LetterKind::Address], token)?;
        let found = sqlx::query!(
            "select person_id, email from app.letters
             where tenant_id = $1 and letter_id = $2 and kind = $3 and used_at is null and expires_at > $4",
            named.tenant.uuid(),
            named.letter,
            named.kind.name(),
            self.services.now()
        );
        let found = found.fetch_optional(tx).await.map_err(StoreError::from)?.ok_or(IdentityError::LinkOver)?;
        Ok((PersonId::from_uuid(found.person_id), found.email))
    }

    /// The person's row is held.
    #[tracing::instrument(name = "db.person.change_address", skip_all)]
    async fn take_address(
        &self,
        tx: &mut PlatformTx,
        person: PersonId,
        (old, new): (&str, &str),
        origin: &Origin,
    ) -> Result<(), IdentityError> {
        // It may be asked for since the letter was written.
        if address_stays(tx, person, old).await? {
            return Err(IdentityError::AddressStays);
        }
        let moved = sqlx::query!(
            "update app.people set email = $2, verified_at = $3 where person_id = $1",
            person.uuid(),
            new,
            self.services.now()
        );
        match moved.execute(&mut *tx).await {
            Err(sqlx::Error::Database(error)) if error.constraint() == Some("people_email_key") => {
                return Err(IdentityError::EmailTaken);
            }
            other => other.map_err(StoreError::from)?,
        };
        sqlx::query!("update app.memberships set email = $2 where person_id = $1", person.uuid(), new)
            .execute(&mut *tx)
            .await
            .map_err(StoreError::from)?;
        self.use_up(tx, person).await?;
        // Told where they were: whoever has taken the account over cannot help that.
        if let Some(tenant) = self.tenant_of(tx, person).await? {
            self.write(tx, (tenant, person), old, LetterKind::Moved).await?;
        }
        let entry = Entry::new(Act::AddressChanged).was("email", old).is("email", new);
        audit::record_everywhere(tx, &self.services, (person, None), origin.into(), &entry).await?;
        Ok(())
    }
}

/// Whether a company signs its people in by this address of theirs, also those whom it keeps out for a while.
async fn address_stays(tx: &mut PlatformTx, person: PersonId, address: &str) -> Result<bool, StoreError> {
    let stays = sqlx::query_scalar!(
        r#"select exists (select from app.memberships m join app.providers o on o.tenant_id = m.tenant_id and o.required
             join app.domains d on d.tenant_id = m.tenant_id and d.domain = split_part($2, '@', 2) and d.proven_at is not null
             where m.person_id = $1 and m.role <> 'owner') as "stays!""#,
        person.uuid(),
        address
    );
    Ok(stays.fetch_one(tx).await?)
}
