//! One's own account: the name, the password, and where one is signed in.

use crate::letters::LetterKind;
use crate::second_factor::Here;
use crate::sign_in::Known;
use crate::{Identity, IdentityError, Origin, SignInForm, hex};
use model::audit::Act;
use model::identity::OpenSession;
use model::input::{NewPassword, PersonName};
use model::{PersonId, TenantId};
use store::audit::{self, Entry};
use store::bus::Notice;
use store::services::timestamp;
use store::sessions::{self, Proof, SignIn};
use store::{Actor, Caller, Denied, Reason, StoreError};
use time::OffsetDateTime;
use words::text;
use zeroize::Zeroizing;

/// What the form for a new password holds.
#[derive(Debug, Default)]
pub struct ChangeForm {
    /// The password as it is.
    pub current: Zeroizing<String>,
    /// The one to be.
    pub password: Zeroizing<String>,
}

/// The person behind a caller.
pub(crate) fn person(caller: &Caller) -> Result<PersonId, Denied> {
    match caller.actor() {
        Actor::Member { person, .. } => Ok(person),
        _ => Err(Denied),
    }
}

impl Identity {
    /// Changes one's own password. Every session ends with the old one; the sign-in that comes back is for a new one, here.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] for what was typed, [`IdentityError::TooManyAttempts`], [`IdentityError::Denied`] for a
    /// program, or a fault; nothing is changed then.
    pub async fn change_password(
        &self,
        caller: &Caller,
        form: ChangeForm,
        here: Here<'_>,
        origin: &Origin,
    ) -> Result<SignIn, IdentityError> {
        let person = person(caller)?;
        let (email, name) = self.name_of(person, origin).await?;
        let new = NewPassword::parse(&form.password, &[email.as_str(), name.as_str()])
            .map_err(|e| IdentityError::field("password", e.0))?;
        let current = SignInForm { email: email.clone(), password: form.current };
        let known = match self.with_password(current, origin, None, |known| async move { Ok(known) }).await {
            Err(IdentityError::WrongCredentials | IdentityError::Invalid(_)) => {
                return Err(IdentityError::field(
                    "current",
                    text!("This is not your password. Type the one that you have now."),
                ));
            }
            other => other?,
        };
        let hash = self.passwords.hash(origin.network(), Zeroizing::new(new.expose().to_owned())).await?;
        let (epoch, until) = self.put_password(known, &hash, (here, caller.scope().tenant()), origin).await?;
        let mut sign_in =
            SignIn { chosen: Some(caller.scope().tenant()), ..self.begun(person, Proof::Password, epoch) };
        // Whoever is signed in has shown a second factor, or set it up here.
        sign_in.proofs.extend(self.begun(person, Proof::Session, epoch).proofs);
        let next = "/dashboard/account?done=password".to_owned();
        self.advance(SignIn { next, until, ..sign_in }, origin).await
    }

    #[tracing::instrument(name = "db.person.name", skip_all)]
    pub(crate) async fn name_of(&self, person: PersonId, origin: &Origin) -> Result<(String, String), IdentityError> {
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        let row = sqlx::query!("select email, name from app.people where person_id = $1", person.uuid())
            .fetch_optional(&mut tx)
            .await
            .map_err(StoreError::from)?
            .ok_or(IdentityError::NotFound)?;
        Ok((row.email, row.name))
    }

    #[tracing::instrument(name = "db.person.change_password", skip_all)]
    async fn put_password(
        &self,
        known: Known,
        hash: &str,
        (here, acting): (Here<'_>, TenantId),
        origin: &Origin,
    ) -> Result<(i32, Option<OffsetDateTime>), IdentityError> {
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        // By a session that has been ended meanwhile nothing is done: it may have been ended because of who has it.
        let held = self.hold_person(&mut tx, known.person, Some(here)).await?;
        // Not over one that was chosen meanwhile.
        let epoch = sqlx::query_scalar!(
            "update app.people set password_hash = $2, password_epoch = password_epoch + 1
             where person_id = $1 and password_epoch = $3 returning password_epoch",
            known.person.uuid(),
            hash,
            known.epoch
        )
        .fetch_optional(&mut tx)
        .await
        .map_err(StoreError::from)?
        .ok_or(IdentityError::SignInOver)?;
        if let Some(tenant) = self.tenant_of(&mut tx, known.person).await? {
            self.write(&mut tx, (tenant, known.person), &held.email, LetterKind::Changed).await?;
        }
        self.use_up(&mut tx, known.person).await?;
        self.begin_codes_anew(&mut tx, known.person).await?;
        let ended = sessions::end_all_of(&mut tx, known.person, None).await?;
        let entry = Entry::new(Act::PasswordChanged);
        audit::record_everywhere(&mut tx, &self.services, (known.person, Some(acting)), origin.into(), &entry).await?;
        tx.commit().await?;
        for tenant in ended {
            self.services.publish(Notice::Ended { tenant });
        }
        self.post_is_due();
        tracing::info!("a password was changed");
        Ok((epoch, held.until))
    }

    /// Takes another name, in all one's workspaces.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] for what can be no name, [`IdentityError::SignInOver`] for a session that ended meanwhile,
    /// [`IdentityError::Denied`] for a program, or the database's; nothing is changed then.
    #[tracing::instrument(name = "db.person.change_name", skip_all)]
    pub async fn change_name(
        &self,
        caller: &Caller,
        name: &str,
        here: Here<'_>,
        origin: &Origin,
    ) -> Result<(), IdentityError> {
        let person = person(caller)?;
        let new = PersonName::parse(name).map_err(|e| IdentityError::field("name", e.0))?;
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        self.hold_person(&mut tx, person, Some(here)).await?;
        let old = sqlx::query_scalar!("select name from app.people where person_id = $1", person.uuid())
            .fetch_one(&mut tx)
            .await
            .map_err(StoreError::from)?;
        // Sent twice, it is written down once.
        if old == new.as_str() {
            return Ok(());
        }
        sqlx::query!("update app.people set name = $2 where person_id = $1", person.uuid(), new.as_str())
            .execute(&mut tx)
            .await
            .map_err(StoreError::from)?;
        sqlx::query!("update app.memberships set name = $2 where person_id = $1", person.uuid(), new.as_str())
            .execute(&mut tx)
            .await
            .map_err(StoreError::from)?;
        let entry = Entry::new(Act::NameChanged).was("name", old).is("name", new.as_str());
        let whose = (person, Some(caller.scope().tenant()));
        audit::record_everywhere(&mut tx, &self.services, whose, origin.into(), &entry).await?;
        Ok(tx.commit().await?)
    }

    /// Where one is signed in, the latest first. `here` is the hash of the session that asks.
    ///
    /// # Errors
    /// [`IdentityError::Denied`] for a program, or the database's.
    #[tracing::instrument(name = "db.session.list", skip_all)]
    pub async fn list_sessions(
        &self,
        caller: &Caller,
        here: &[u8; 32],
        origin: &Origin,
    ) -> Result<Vec<OpenSession>, IdentityError> {
        let person = person(caller)?;
        let mut tx = self.services.store.platform(Reason::Session, origin.request).await?;
        let open = sessions::list_of(&mut tx, person, self.services.now()).await?;
        Ok(open
            .into_iter()
            .map(|open| OpenSession {
                current: open.hash == here,
                id: hex(&open.hash),
                company: open.company,
                device: open.device.unwrap_or_default(),
                address: open.address.unwrap_or_default(),
                last_seen_at: timestamp(open.last_seen_at),
            })
            .collect())
    }

    /// Ends one of one's own sessions, or, without an id, all but the one that asks. Sockets end with them.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`] for one that is not there, or not one's own; [`IdentityError::Denied`] for a program; or the
    /// database's.
    #[tracing::instrument(name = "db.session.end", skip_all)]
    pub async fn end_sessions(
        &self,
        caller: &Caller,
        id: Option<&str>,
        here: &[u8; 32],
        origin: &Origin,
    ) -> Result<(), IdentityError> {
        let person = person(caller)?;
        let mut tx = self.services.store.platform(Reason::Session, origin.request).await?;
        self.hold_person(&mut tx, person, Some(Here(here))).await?;
        // What is on its way from one of them to another one, or to a first, opens nothing any more.
        sqlx::query!("update app.people set password_epoch = password_epoch + 1 where person_id = $1", person.uuid())
            .execute(&mut tx)
            .await
            .map_err(StoreError::from)?;
        let ended = match id {
            Some(id) => vec![sessions::end_of(&mut tx, person, id).await?.ok_or(IdentityError::NotFound)?],
            None => sessions::end_all_of(&mut tx, person, Some(here)).await?,
        };
        // Where some were ended: whoever ends none writes nothing down.
        let (whose, entry) = ((person, Some(caller.scope().tenant())), Entry::new(Act::SessionsEnded));
        audit::record_in_each(&mut tx, &self.services, whose, origin.into(), (ended.clone(), &entry)).await?;
        tx.commit().await?;
        for tenant in ended {
            self.services.publish(Notice::Ended { tenant });
        }
        Ok(())
    }
}
