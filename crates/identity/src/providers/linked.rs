//! Which accounts elsewhere open one's own.

use super::Pending;
use super::flow::confirmed;
use crate::account::person;
use crate::letters::LetterKind;
use crate::second_factor::Here;
use crate::{Identity, IdentityError, Origin};
use model::PersonId;
use model::audit::Act;
use model::identity::{LinkedAccount, WaysIn};
use sign_on::Vouched;
use store::audit::{self, Entry};
use store::bus::Notice;
use store::services::timestamp;
use store::{Caller, PlatformTx, Reason, StoreError};
use uuid::Uuid;
use zeroize::Zeroizing;

impl Identity {
    /// Has an account there open this one. What the person's password was, and by which session they act, is looked at again.
    pub(super) async fn link(
        &self,
        person: PersonId,
        pending: &Pending,
        (epoch, here): (i32, Option<Here<'_>>),
        origin: &Origin,
    ) -> Result<(), IdentityError> {
        let email = confirmed(&pending.vouched, &pending.title)?;
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        let held = self.hold_person(&mut tx, person, here).await?;
        if held.epoch != epoch {
            return Err(IdentityError::SignInOver);
        }
        if held.email != email.as_str() {
            return Err(IdentityError::OtherAddress(held.email));
        }
        if !self.put_identity(&mut tx, person, &pending.vouched, &pending.title).await? {
            return Ok(());
        }
        sqlx::query!(
            "update app.people set verified_at = coalesce(verified_at, $2) where person_id = $1",
            person.uuid(),
            self.services.now()
        )
        .execute(&mut tx)
        .await
        .map_err(StoreError::from)?;
        self.tell(&mut tx, person, &held.email, LetterKind::Linked).await?;
        let entry = Entry::new(Act::ProviderLinked).is("provider", &pending.title);
        audit::record_everywhere(&mut tx, &self.services, (person, None), origin.into(), &entry).await?;
        tx.commit().await?;
        self.post_is_due();
        Ok(())
    }

    /// Writes it down; `false` when it stands there already. The person's row is held, or new.
    ///
    /// # Errors
    /// [`IdentityError::LinkedElsewhere`] when it opens somebody else's account, or another one there opens this.
    #[tracing::instrument(name = "db.identity.write", skip_all)]
    pub(crate) async fn put_identity(
        &self,
        tx: &mut PlatformTx,
        person: PersonId,
        vouched: &Vouched,
        title: &str,
    ) -> Result<bool, IdentityError> {
        // Of who works nowhere any more it opens nothing.
        sqlx::query!(
            "delete from app.identities i where i.issuer = $1 and i.subject = $2 and i.person_id <> $3
               and not exists (select from app.memberships m where m.person_id = i.person_id)",
            vouched.issuer,
            vouched.subject,
            person.uuid()
        )
        .execute(&mut *tx)
        .await
        .map_err(StoreError::from)?;
        let (now, email) = (self.services.now(), confirmed(vouched, title)?);
        let written = sqlx::query!(
            "insert into app.identities (identity_id, person_id, issuer, subject, provider, email, linked_at, used_at)
             values ($1, $2, $3, $4, $5, $6, $7, $7) on conflict do nothing",
            self.services.new_id(),
            person.uuid(),
            vouched.issuer,
            vouched.subject,
            title,
            email.as_str(),
            now
        );
        if written.execute(&mut *tx).await.map_err(StoreError::from)?.rows_affected() == 1 {
            return Ok(true);
        }
        let same = sqlx::query_scalar!(
            r#"select exists (select from app.identities where issuer = $1 and subject = $2 and person_id = $3) as "same!""#,
            vouched.issuer,
            vouched.subject,
            person.uuid()
        );
        match same.fetch_one(tx).await.map_err(StoreError::from)? {
            true => Ok(false),
            false => Err(IdentityError::LinkedElsewhere(title.to_owned())),
        }
    }

    /// What opens one's own account.
    ///
    /// # Errors
    /// [`IdentityError::Denied`] for a program, or the database's.
    #[tracing::instrument(name = "db.identity.list", skip_all)]
    pub async fn ways_in(&self, caller: &Caller, origin: &Origin) -> Result<WaysIn, IdentityError> {
        let person = person(caller)?;
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        let rows = sqlx::query!(
            r#"select p.password_hash is not null as "password!", i.identity_id as "id?", i.provider as "provider?",
                      i.issuer as "issuer?", i.email as "email?", i.linked_at as "linked_at?", i.used_at
               from app.people p left join app.identities i on i.person_id = p.person_id
               where p.person_id = $1 order by i.linked_at, i.identity_id"#,
            person.uuid()
        );
        let rows = rows.fetch_all(&mut tx).await.map_err(StoreError::from)?;
        let password = rows.first().is_some_and(|row| row.password);
        let linked = rows.into_iter().filter_map(|row| {
            Some(LinkedAccount {
                id: row.id?.to_string(),
                slug: self.providers.slug_of(&row.issuer?).map(str::to_owned),
                provider: row.provider?,
                email: row.email?,
                linked_at: timestamp(row.linked_at?),
                used_at: row.used_at.map(timestamp),
            })
        });
        Ok(WaysIn { password, linked: linked.collect() })
    }

    /// One of them opens nothing any more, for who shows the password, if there is one. Elsewhere one is signed out.
    ///
    /// # Errors
    /// [`IdentityError::NotThePassword`], [`IdentityError::LastWay`] when nothing else opens the account,
    /// [`IdentityError::NotFound`] for one that is not there or not one's own, [`IdentityError::SignInOver`] for a session that
    /// ended meanwhile, or a fault; nothing is changed then.
    pub async fn unlink(
        &self,
        caller: &Caller,
        id: Uuid,
        password: Zeroizing<String>,
        here: Here<'_>,
        origin: &Origin,
    ) -> Result<(), IdentityError> {
        let person = person(caller)?;
        let epoch = self.shown_again(person, password, here, origin).await?;
        self.take_identity(person, id, (epoch, here), caller, origin).await
    }

    #[tracing::instrument(name = "db.identity.delete", skip_all)]
    async fn take_identity(
        &self,
        person: PersonId,
        id: Uuid,
        (epoch, here): (i32, Here<'_>),
        caller: &Caller,
        origin: &Origin,
    ) -> Result<(), IdentityError> {
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        let held = self.hold_person(&mut tx, person, Some(here)).await?;
        if held.epoch != epoch {
            return Err(IdentityError::SignInOver);
        }
        let gone = sqlx::query_scalar!(
            "delete from app.identities where identity_id = $1 and person_id = $2 returning provider",
            id,
            person.uuid()
        );
        let provider = gone.fetch_optional(&mut tx).await.map_err(StoreError::from)?.ok_or(IdentityError::NotFound)?;
        if !self.has_a_way(&mut tx, person).await? {
            return Err(IdentityError::LastWay);
        }
        // What is on its way by it opens nothing any more.
        let ended = self.ended_elsewhere(&mut tx, person, Some(here)).await?;
        self.tell(&mut tx, person, &held.email, LetterKind::Unlinked).await?;
        let entry = Entry::new(Act::ProviderUnlinked).was("provider", &provider);
        let whose = (person, Some(caller.scope().tenant()));
        audit::record_everywhere(&mut tx, &self.services, whose, origin.into(), &entry).await?;
        tx.commit().await?;
        for tenant in ended {
            self.services.publish(Notice::Ended { tenant });
        }
        self.post_is_due();
        Ok(())
    }

    /// Whether something opens the account of a person whose row is held.
    pub(crate) async fn has_a_way(&self, tx: &mut PlatformTx, person: PersonId) -> Result<bool, StoreError> {
        // Of those that are offered still: what somebody has linked otherwise opens nothing.
        let offered: Vec<String> = self.providers.issuers().map(str::to_owned).collect();
        let way = sqlx::query_scalar!(
            r#"select password_hash is not null
                 or exists (select from app.passkeys k where k.person_id = p.person_id and $3)
                 or exists (select from app.identities i where i.person_id = p.person_id and (i.issuer = any($2)
                   or exists (select from app.providers o join app.memberships m on m.tenant_id = o.tenant_id
                     where o.issuer = i.issuer and m.person_id = p.person_id))) as "way!"
               from app.people p where person_id = $1"#,
            person.uuid(),
            &offered,
            self.passkeys.origin().is_some()
        );
        Ok(way.fetch_one(tx).await?)
    }
}
