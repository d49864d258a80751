//! One's own passkeys: made, listed, removed.

use crate::account::person;
use crate::browser::{OPEN, Sealed};
use crate::letters::LetterKind;
use crate::second_factor::{Here, ShownAgain, first_shown, own};
use crate::sign_in::confined;
use crate::{Identity, IdentityError, Origin, hex};
use model::audit::Act;
use model::identity::{OwnPasskeys, Passkey};
use model::input::PasskeyName;
use model::{PersonId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::types::Json;
use store::audit::{self, Entry};
use store::bus::Notice;
use store::services::timestamp;
use store::sessions::{Proof, Shown, SignIn};
use store::{Caller, PlatformTx, Reason, StoreError, sessions};
use uuid::Uuid;
use webauthn_rs::prelude::{PasskeyRegistration, RegisterPublicKeyCredential};

/// Passkeys of a person.
const MAX: usize = 10;

/// What the form for a new passkey holds.
#[derive(Debug, Default)]
pub struct PasskeyForm {
    /// What its owner calls it.
    pub name: String,
    /// What shows that it is the person.
    pub shown: ShownAgain,
}

/// A passkey that a device is asked to make.
#[derive(Debug)]
pub struct NewPasskey {
    /// What the device is told (`PublicKeyCredentialCreationOptionsJSON`).
    pub options: String,
    /// What the browser keeps meanwhile, sealed.
    pub kept: String,
}

/// What the browser keeps while a device makes one.
#[derive(Serialize, Deserialize)]
struct Making {
    state: PasskeyRegistration,
    person: PersonId,
    /// The session's hash, in hexadecimal digits.
    session: String,
    /// How often the password had been changed.
    epoch: i32,
    name: String,
    until: Timestamp,
}

impl Identity {
    /// One's own passkeys.
    ///
    /// # Errors
    /// [`IdentityError::Denied`] for a program, or the database's.
    #[tracing::instrument(name = "db.passkey.list", skip_all)]
    pub async fn own_passkeys(&self, caller: &Caller, origin: &Origin) -> Result<OwnPasskeys, IdentityError> {
        let person = person(caller)?;
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        let rows = sqlx::query!(
            "select passkey_id, name, created_at, used_at from app.passkeys where person_id = $1
             order by created_at, passkey_id limit 100",
            person.uuid()
        );
        let rows = rows.fetch_all(&mut tx).await.map_err(StoreError::from)?;
        let else_there = sqlx::query!(
            r#"select p.password_hash is not null as "password!",
                 exists (select from app.second_factors f where f.person_id = $1 and f.confirmed_at is not null) as "app!",
                 (select count(*) from app.recovery_codes c where c.person_id = $1 and c.used_at is null) as "codes!"
               from app.people p where p.person_id = $1"#,
            person.uuid()
        );
        let else_there = else_there.fetch_one(&mut tx).await.map_err(StoreError::from)?;
        let passkeys = rows.into_iter().map(|row| Passkey {
            id: row.passkey_id.to_string(),
            name: row.name,
            created_at: timestamp(row.created_at),
            used_at: row.used_at.map(timestamp),
        });
        Ok(OwnPasskeys {
            passkeys: passkeys.collect(),
            codes: u32::try_from(else_there.codes).unwrap_or_default(),
            app: else_there.app,
            password: else_there.password,
        })
    }

    /// Begins to make one.
    ///
    /// # Errors
    /// [`IdentityError::NoPasskeys`] where the installation has no name, [`IdentityError::Invalid`] for what was typed,
    /// [`IdentityError::TooManyPasskeys`], and those of showing who one is; nothing is changed then.
    pub async fn begin_passkey(
        &self,
        caller: &Caller,
        form: PasskeyForm,
        here: Here<'_>,
        origin: &Origin,
    ) -> Result<NewPasskey, IdentityError> {
        let person = person(caller)?;
        self.passkeys.made()?;
        let name = PasskeyName::parse(&form.name).map_err(|e| IdentityError::field("name", e.0))?;
        if self.credentials_of(person, origin).await?.len() >= MAX {
            return Err(IdentityError::TooManyPasskeys(MAX));
        }
        let (tx, held) = self.shown_once_more(person, form.shown, here, origin).await?;
        tx.commit().await?;
        self.post_is_due();
        self.ask_to_make((person, held.epoch), name.as_str(), here, origin).await
    }

    /// The same for who is led through a second factor on the way of a sign-in, which has shown who they are.
    ///
    /// # Errors
    /// [`IdentityError::NoPasskeys`], [`IdentityError::SignInOver`] for a sign-in that has shown nothing,
    /// [`IdentityError::NotByACompany`], or the database's.
    pub async fn begin_passkey_on_the_way(
        &self,
        sign_in: &SignIn,
        here: Here<'_>,
        origin: &Origin,
    ) -> Result<NewPasskey, IdentityError> {
        let epoch = first_shown(sign_in).ok_or(IdentityError::SignInOver)?;
        if confined(&sign_in.proofs).is_some() {
            return Err(IdentityError::NotByACompany);
        }
        self.ask_to_make((sign_in.person, epoch), "Passkey", here, origin).await
    }

    async fn ask_to_make(
        &self,
        (person, epoch): (PersonId, i32),
        name: &str,
        here: Here<'_>,
        origin: &Origin,
    ) -> Result<NewPasskey, IdentityError> {
        let made = self.passkeys.made()?;
        let (email, called) = self.name_of(person, origin).await?;
        let begun = made.start_passkey_registration(person.uuid(), &email, &called, None);
        let (asked, state) = begun.map_err(|_| StoreError::Corrupt("a passkey that cannot be asked for"))?;
        let mut options = serde_json::to_value(asked.public_key).unwrap_or_default();
        // One that the device finds by itself.
        if let Some(wanted) = options.get_mut("authenticatorSelection").and_then(Value::as_object_mut) {
            wanted.extend([
                ("residentKey".to_owned(), json!("required")),
                ("requireResidentKey".to_owned(), json!(true)),
            ]);
        }
        // The device knows those that it has made already. (Here, so that what the browser keeps fits into a cookie however many there
        // are; that one is there once, the database sees to.)
        let there = self.credentials_of(person, origin).await?;
        if let Some(options) = options.as_object_mut() {
            options.insert("excludeCredentials".to_owned(), descriptors(&there));
        }
        let until = timestamp(self.services.now() + OPEN);
        let making = Making { state, person, session: hex(here.0), epoch, name: name.to_owned(), until };
        Ok(NewPasskey { options: options.to_string(), kept: self.keep(Sealed::NewPasskey, &making)? })
    }

    /// Takes what a device has made. With a first second factor come codes for paper, and everywhere else one is signed out.
    ///
    /// # Errors
    /// [`IdentityError::SignInOver`] for what is not this session's, or too late; [`IdentityError::NotMade`] for what cannot be
    /// believed; [`IdentityError::PasskeyIsThere`]; [`IdentityError::TooManyPasskeys`]; or a fault; nothing is changed then.
    pub async fn add_passkey(
        &self,
        caller: &Caller,
        (kept, answer): (&str, &str),
        here: Here<'_>,
        origin: &Origin,
    ) -> Result<Vec<String>, IdentityError> {
        let acting = (person(caller)?, caller.scope().tenant());
        Ok(self.put_passkey(acting, (kept, answer), (here, false), origin).await?.0)
    }

    /// The same for who is led through it, and goes on with the sign-in, which has shown it by that.
    ///
    /// # Errors
    /// As [`Identity::add_passkey`], and [`IdentityError::FactorIsOn`] for who has a second factor by now.
    pub async fn add_passkey_on_the_way(
        &self,
        sign_in: SignIn,
        (kept, answer): (&str, &str),
        here: Here<'_>,
        origin: &Origin,
    ) -> Result<(Vec<String>, SignIn), IdentityError> {
        let acting = (sign_in.person, sign_in.chosen.ok_or(IdentityError::SignInOver)?);
        let (codes, epoch) = self.put_passkey(acting, (kept, answer), (here, true), origin).await?;
        // What was shown before it, and it.
        let proofs = sign_in.proofs.into_iter().map(|shown| Shown { epoch, ..shown });
        let proofs = proofs.chain(self.begun(sign_in.person, Proof::Passkey, epoch).proofs).collect();
        Ok((codes, SignIn { proofs, owed: None, ..sign_in }))
    }

    /// `only_first`: only for who has no second factor yet. Says how often the password has been changed now.
    #[tracing::instrument(name = "db.passkey.add", skip_all)]
    async fn put_passkey(
        &self,
        (person, acting): (PersonId, TenantId),
        (kept, answer): (&str, &str),
        (here, only_first): (Here<'_>, bool),
        origin: &Origin,
    ) -> Result<(Vec<String>, i32), IdentityError> {
        let made = self.passkeys.made()?;
        let making: Making = self.kept(Sealed::NewPasskey, kept)?;
        let now = self.services.now();
        if making.person != person || making.session != hex(here.0) || making.until <= timestamp(now) {
            return Err(IdentityError::SignInOver);
        }
        let answer: RegisterPublicKeyCredential = serde_json::from_str(answer).map_err(|_| IdentityError::NotMade)?;
        let passkey = made.finish_passkey_registration(&answer, &making.state).map_err(|error| {
            tracing::info!(%error, "a passkey was not made");
            IdentityError::NotMade
        })?;
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        let held = own(self.hold_person(&mut tx, person, Some(here)).await?)?;
        if held.epoch != making.epoch {
            return Err(IdentityError::SignInOver);
        }
        let there = sqlx::query!(
            r#"select (select count(*) from app.passkeys where person_id = $1) as "passkeys!",
                 exists (select from app.second_factors where person_id = $1 and confirmed_at is not null) as "app!""#,
            person.uuid()
        );
        let there = there.fetch_one(&mut tx).await.map_err(StoreError::from)?;
        if usize::try_from(there.passkeys).unwrap_or(MAX) >= MAX {
            return Err(IdentityError::TooManyPasskeys(MAX));
        }
        let first = there.passkeys == 0 && !there.app;
        if only_first && !first {
            return Err(IdentityError::FactorIsOn);
        }
        let id = self.services.new_id();
        let put = sqlx::query!(
            "insert into app.passkeys (passkey_id, person_id, credential_id, credential, name, created_at)
             values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
            id,
            person.uuid(),
            passkey.cred_id().as_ref() as &[u8],
            Json(&passkey) as _,
            making.name,
            now
        );
        if put.execute(&mut tx).await.map_err(StoreError::from)?.rows_affected() == 0 {
            return Err(IdentityError::PasskeyIsThere);
        }
        let (mut codes, mut ended, mut epoch) = (Vec::new(), Vec::new(), held.epoch);
        if first {
            epoch += 1;
            codes = self.put_codes(&mut tx, person).await?;
            // On the way nothing is left behind: the sign-in goes on in another session.
            let spared = (!only_first).then_some(here);
            ended = self.ended_elsewhere(&mut tx, person, spared).await?;
            self.forget_begun(&mut tx, person).await?;
        }
        self.tell(&mut tx, person, &held.email, LetterKind::PasskeyAdded).await?;
        let (entry, whose) = (Entry::new(Act::PasskeyAdded).is("name", &making.name), Some(acting));
        audit::record_everywhere(&mut tx, &self.services, (person, whose), origin.into(), &entry).await?;
        tx.commit().await?;
        for tenant in ended {
            self.services.publish(Notice::Ended { tenant });
        }
        self.post_is_due();
        Ok((codes, epoch))
    }

    /// One of them opens nothing any more. Elsewhere one is signed out.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`] for one that is not there or not one's own, [`IdentityError::LastWay`] when nothing else opens the
    /// account, [`IdentityError::FactorIsRequired`] where a workspace of theirs asks for one, and those of showing who one is;
    /// nothing is changed then.
    #[tracing::instrument(name = "db.passkey.remove", skip_all)]
    pub async fn remove_passkey(
        &self,
        caller: &Caller,
        id: Uuid,
        shown: ShownAgain,
        here: Here<'_>,
        origin: &Origin,
    ) -> Result<(), IdentityError> {
        let person = person(caller)?;
        let required = self.tenants_of(person, origin).await?.iter().any(|workspace| workspace.second_factor);
        let (mut tx, held) = self.shown_once_more(person, shown, here, origin).await?;
        let gone = sqlx::query_scalar!(
            "delete from app.passkeys where passkey_id = $1 and person_id = $2 returning name",
            id,
            person.uuid()
        );
        let name = gone.fetch_optional(&mut tx).await.map_err(StoreError::from)?.ok_or(IdentityError::NotFound)?;
        if !self.has_a_way(&mut tx, person).await? {
            return Err(IdentityError::LastWay);
        }
        if self.drop_needless_codes(&mut tx, person).await? && required {
            return Err(IdentityError::FactorIsRequired);
        }
        let ended = self.ended_elsewhere(&mut tx, person, Some(here)).await?;
        self.tell(&mut tx, person, &held.email, LetterKind::PasskeyRemoved).await?;
        let (entry, whose) = (Entry::new(Act::PasskeyRemoved).was("name", &name), Some(caller.scope().tenant()));
        audit::record_everywhere(&mut tx, &self.services, (person, whose), origin.into(), &entry).await?;
        tx.commit().await?;
        for tenant in ended {
            self.services.publish(Notice::Ended { tenant });
        }
        self.post_is_due();
        Ok(())
    }

    /// Ends what else is open or on its way for a person whose row is held; says where, to be told after the commit.
    pub(crate) async fn ended_elsewhere(
        &self,
        tx: &mut PlatformTx,
        person: PersonId,
        here: Option<Here<'_>>,
    ) -> Result<Vec<TenantId>, StoreError> {
        sqlx::query!("update app.people set password_epoch = password_epoch + 1 where person_id = $1", person.uuid())
            .execute(&mut *tx)
            .await?;
        sessions::end_all_of(tx, person, here.map(|here| here.0)).await
    }

    /// What a person's devices know their passkeys by, as it stands in what they are told (RFC 4648, section 5, without padding).
    #[tracing::instrument(name = "db.passkey.credentials", skip_all)]
    pub(super) async fn credentials_of(&self, person: PersonId, origin: &Origin) -> Result<Vec<String>, StoreError> {
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        let ids = sqlx::query_scalar!(
            r#"select translate(encode(credential_id, 'base64'), '+/=' || chr(10), '-_') as "id!"
               from app.passkeys where person_id = $1"#,
            person.uuid()
        );
        Ok(ids.fetch_all(&mut tx).await?)
    }
}

/// Passkeys, as they are named to devices.
pub(super) fn descriptors(ids: &[String]) -> Value {
    ids.iter().map(|id| json!({ "type": "public-key", "id": id })).collect()
}
