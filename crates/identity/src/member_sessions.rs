//! Where the members of a tenant are signed in to it, for who sees to members.

use crate::members::{PageRequest, held};
use crate::roles::may_give;
use crate::{Identity, IdentityError, hex, unhex};
use model::audit::Act;
use model::identity::MemberSession;
use model::page::{self, Page};
use model::permission::ManageMembers;
use model::{MemberId, PersonId};
use store::audit::{self, Entry};
use store::bus::Notice;
use store::services::timestamp;
use store::{Caller, Reason, Scope, StoreError, scope, sessions};
use words::text;

/// Which of a member's sessions.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Which<'a> {
    All,
    One(&'a str),
}

impl Identity {
    /// The sessions that are open in the caller's tenant, in pages.
    ///
    /// # Errors
    /// [`IdentityError::Denied`], [`IdentityError::Invalid`] for a limit or cursor that cannot be, or the database's.
    #[tracing::instrument(name = "db.member_session.list", skip_all)]
    pub async fn list_member_sessions(
        &self,
        caller: &Caller,
        page: &PageRequest,
    ) -> Result<Page<MemberSession>, IdentityError> {
        let right = caller.may(ManageMembers)?;
        let limit = page::limit(page.limit).map_err(|wrong| IdentityError::field("limit", wrong))?;
        let after = page.cursor.as_deref().map(|cursor| unhex(cursor).filter(|bytes| bytes.len() == 32).ok_or(()));
        let after = after.transpose();
        let after =
            after.map_err(|()| IdentityError::field("cursor", text!("Use the next_cursor of the page before.")))?;
        let here = right.scope();
        let mut tx = self.services.store.platform(Reason::Session, here.request()).await?;
        let rows = sqlx::query!(
            r#"select s.session_hash, m.member_id, m.role, r.permissions as "permissions?", s.device, s.address, s.created_at,
               s.last_seen_at
             from app.sessions s
             join app.memberships m on m.tenant_id = s.tenant_id and m.person_id = s.person_id
             join app.tenants t on t.tenant_id = s.tenant_id
             left join app.roles r on r.tenant_id = m.tenant_id and r.role_id = m.role_id
             where s.tenant_id = $1 and s.session_hash > $2 and s.expires_at > $3 and m.suspended_at is null
               and coalesce(s.created_at > $3 - make_interval(mins => t.session_minutes), true)
               and coalesce(s.last_seen_at > $3 - make_interval(mins => t.idle_minutes), true)
             order by s.session_hash limit $4"#,
            here.tenant().uuid(),
            after.unwrap_or_default(),
            self.services.now(),
            i64::from(limit) + 1
        );
        let rows = rows.fetch_all(&mut tx).await.map_err(StoreError::from)?;
        let more = rows.len() > limit as usize;
        let data: Vec<_> = rows
            .into_iter()
            .take(limit as usize)
            .map(|row| {
                let own = row.permissions.iter().flatten().map(String::as_str);
                let (_, permissions) = scope::allowed(&row.role, own)?;
                // From where somebody comes who may more is not for who cannot end it.
                let told = may_give(caller, permissions).is_ok();
                Ok(MemberSession {
                    id: hex(&row.session_hash),
                    member_id: MemberId::from_uuid(row.member_id),
                    device: row.device.filter(|_| told).unwrap_or_default(),
                    address: row.address.filter(|_| told).unwrap_or_default(),
                    created_at: timestamp(row.created_at),
                    last_seen_at: timestamp(row.last_seen_at),
                })
            })
            .collect::<Result<_, StoreError>>()?;
        let next_cursor = data.last().filter(|_| more).map(|last| last.id.clone());
        Ok(Page { data, next_cursor })
    }

    /// Ends one of them. Sockets end with it.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`] for one that is not there; [`IdentityError::Denied`] for who may not, or may less than whose it
    /// is; or the database's.
    pub async fn end_member_session(&self, caller: &Caller, id: &str) -> Result<(), IdentityError> {
        let scope = caller.may(ManageMembers)?.scope();
        let member = self.member_of_session(scope, id).await?.ok_or(IdentityError::NotFound)?;
        self.end_of_member(caller, member, Which::One(id)).await
    }

    /// Signs a member out of the tenant, wherever they are signed in to it.
    ///
    /// # Errors
    /// As [`Identity::end_member_session`].
    pub async fn sign_member_out(&self, caller: &Caller, member: MemberId) -> Result<(), IdentityError> {
        caller.may(ManageMembers)?;
        self.end_of_member(caller, member, Which::All).await
    }

    #[tracing::instrument(name = "db.member_session.find", skip_all)]
    async fn member_of_session(&self, scope: &Scope, id: &str) -> Result<Option<MemberId>, StoreError> {
        let Some(hash) = unhex(id) else { return Ok(None) };
        let mut tx = self.services.store.platform(Reason::Session, scope.request()).await?;
        let member = sqlx::query_scalar!(
            "select m.member_id from app.sessions s
             join app.memberships m on m.tenant_id = s.tenant_id and m.person_id = s.person_id
             where s.session_hash = $1 and s.tenant_id = $2 and s.expires_at > $3",
            hash,
            scope.tenant().uuid(),
            self.services.now()
        );
        Ok(member.fetch_optional(&mut tx).await?.map(MemberId::from_uuid))
    }

    #[tracing::instrument(name = "db.member_session.end", skip_all)]
    async fn end_of_member(&self, caller: &Caller, member: MemberId, which: Which<'_>) -> Result<(), IdentityError> {
        let scope = caller.scope();
        let mut tx = self.services.store.tenant(scope).await?;
        let had = held(&mut tx, caller, member).await?;
        may_give(caller, had.role.permissions)?;
        // Written down before it is done, and not with this transaction in hand: what is not done is then written all the same.
        audit::record(&mut tx, &self.services, caller, Entry::new(Act::MemberSignedOut).to(member.uuid(), &had.name))
            .await?;
        tx.commit().await?;
        self.end_there(had.person, scope, which).await?;
        self.services.publish(Notice::Ended { tenant: scope.tenant() });
        Ok(())
    }

    /// Ends the sessions of a person in a tenant.
    #[tracing::instrument(name = "db.member_session.delete", skip_all)]
    pub(crate) async fn end_there(&self, person: PersonId, scope: &Scope, which: Which<'_>) -> Result<(), StoreError> {
        let mut tx = self.services.store.platform(Reason::Session, scope.request()).await?;
        match which {
            Which::All => sessions::end_all_in(&mut tx, person, scope.tenant()).await?,
            Which::One(id) => drop(sessions::end_of(&mut tx, person, id).await?),
        }
        tx.commit().await
    }
}
