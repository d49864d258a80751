//! Companies, as whoever runs the installation sees and makes them: never what is in one.
//!
//! A company that is made so has nobody in it: its owner is asked to join, by a letter or by a link, and chooses a password of their
//! own, which nobody else has ever seen. One that is suspended is closed where scopes are made (`store::scope`), and where one signs in;
//! nothing of it is deleted but its sessions, and its jobs wait.

use super::Operator;
use crate::invitations::{DAILY, OPEN, SendInvitation};
use crate::members::part_of;
use crate::{Identity, IdentityError, PageRequest};
use model::audit::Act;
use model::identity::{Invitation, Role};
use model::input::{CompanyName, Email, SuspensionReason};
use model::operator::{OperatorPermission, TenantOverview};
use model::{FieldError, InvitationId, Page, TenantId};
use sha2::{Digest as _, Sha256};
use store::audit::{self, Entry};
use store::bus::Notice;
use store::jobs::{self, Lane};
use store::services::timestamp;
use store::{PlatformTx, Reason, StoreError, sessions};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// A company that was made, and who is asked to be its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Founded {
    /// The company.
    pub tenant: TenantOverview,
    /// To its owner: the first, of one that was made before.
    pub invitation: Invitation,
    /// Its link, where no letter takes it there, as long as that opens something.
    pub link: Option<String>,
}

/// What has come of a request to make one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FoundedOnce {
    /// It was made.
    Now(Founded),
    /// It had been made by the same request before.
    Before(Founded),
    /// The name of the request is another request's.
    Other,
}

/// A company, as the database has one.
struct TenantRow {
    tenant_id: Uuid,
    name: String,
    created_at: OffsetDateTime,
    members: i64,
    suspended_at: Option<OffsetDateTime>,
    suspended_reason: Option<String>,
}

impl From<TenantRow> for TenantOverview {
    fn from(row: TenantRow) -> Self {
        Self {
            id: TenantId::from_uuid(row.tenant_id),
            name: row.name,
            created_at: timestamp(row.created_at),
            members: u32::try_from(row.members).unwrap_or(u32::MAX),
            suspended_at: row.suspended_at.map(timestamp),
            suspended_reason: row.suspended_reason,
        }
    }
}

impl Identity {
    /// The companies of the installation, in the order in which they were made.
    ///
    /// # Errors
    /// [`IdentityError::OperatorMayNot`]; [`IdentityError::Invalid`] for a limit or cursor that cannot be; or the database's.
    #[tracing::instrument(name = "db.tenant.list", skip_all)]
    pub async fn list_tenants(
        &self,
        operator: &Operator,
        page: &PageRequest,
    ) -> Result<Page<TenantOverview>, IdentityError> {
        operator.may(OperatorPermission::ReadTenants, "tenants.list", None)?;
        let (limit, after) = part_of::<TenantId>(page)?;
        let mut tx = self.services.store.platform(Reason::Operator, operator.origin.request).await?;
        let rows = sqlx::query_as!(
            TenantRow,
            r#"select t.tenant_id, t.name, t.created_at, t.suspended_at, t.suspended_reason,
                 (select count(*) from app.memberships m where m.tenant_id = t.tenant_id) as "members!"
               from app.tenants t where t.tenant_id > $1 order by t.tenant_id limit $2"#,
            after.map_or(Uuid::nil(), TenantId::uuid),
            i64::from(limit) + 1
        );
        let rows = rows.fetch_all(&mut tx).await.map_err(StoreError::from)?;
        let more = rows.len() > limit as usize;
        let data: Vec<TenantOverview> = rows.into_iter().take(limit as usize).map(TenantOverview::from).collect();
        let next_cursor = data.last().filter(|_| more).map(|last| last.id.to_string());
        Ok(Page { data, next_cursor })
    }

    /// One of them.
    ///
    /// # Errors
    /// [`IdentityError::OperatorMayNot`], [`IdentityError::NotFound`], or the database's.
    #[tracing::instrument(name = "db.tenant.look", skip_all)]
    pub async fn look_at_tenant(&self, operator: &Operator, tenant: TenantId) -> Result<TenantOverview, IdentityError> {
        operator.may(OperatorPermission::ReadTenants, "tenants.get", Some(tenant))?;
        let mut tx = self.services.store.platform(Reason::Operator, operator.origin.request).await?;
        overview(&mut tx, tenant).await
    }

    /// Makes a company and asks somebody to join as its owner. With a name of the request it is made once, however often that is sent.
    ///
    /// # Errors
    /// [`IdentityError::OperatorMayNot`], [`IdentityError::Invalid`] for what was typed, or the database's; nothing is kept then.
    #[tracing::instrument(name = "db.tenant.found", skip_all)]
    pub async fn found_tenant(
        &self,
        operator: &Operator,
        (company, email): (&str, &str),
        once: Option<&str>,
    ) -> Result<FoundedOnce, IdentityError> {
        let (id, now) = (TenantId::from_uuid(self.services.new_id()), self.services.now());
        operator.may(OperatorPermission::CreateTenants, "tenants.create", Some(id))?;
        let mut errors = Vec::new();
        let mut wrong = |field: &str, rejected: model::input::Rejected| {
            errors.push(FieldError { field: field.to_owned(), message: rejected.0 });
        };
        let company = CompanyName::parse(company).map_err(|e| wrong("name", e)).ok();
        let email = Email::parse(email).map_err(|e| wrong("owner_email", e)).ok();
        let (Some(company), Some(email)) = (company, email) else { return Err(IdentityError::Invalid(errors)) };

        let made_as = once.map(|name| hash(&[operator.key.uuid().as_bytes().as_slice(), name.as_bytes()]));
        let made_of = once.map(|_| hash(&[company.as_str().as_bytes(), email.as_str().as_bytes()]));
        let mut tx = self.services.store.platform(Reason::Operator, operator.origin.request).await?;
        // Of two at once the second waits for the first, and finds its row.
        let made = sqlx::query!(
            "insert into app.tenants (tenant_id, name, created_at, made_as, made_of) values ($1, $2, $3, $4, $5)
             on conflict (made_as) do nothing",
            id.uuid(),
            company.as_str(),
            now,
            made_as.as_ref().map(<[u8; 32]>::as_slice),
            made_of.as_ref().map(<[u8; 32]>::as_slice)
        );
        let made = made.execute(&mut tx).await.map_err(StoreError::from)?;
        if made.rows_affected() == 0 {
            return self.founded_before(&mut tx, made_as, made_of).await;
        }
        for setup in self.setups.iter() {
            setup.set_up(&mut tx, id).await?;
        }
        let invitation = self.ask_owner(&mut tx, id, &email).await?;
        let entry = Entry::new(Act::WorkspaceCreated).to(id.uuid(), company.as_str());
        self.write_down_for(&mut tx, operator, id, entry).await?;
        self.write_invited(&mut tx, operator, id, &invitation).await?;
        let tenant = overview(&mut tx, id).await?;
        tx.commit().await?;
        self.services.wake_workers::<SendInvitation>();
        let link = self.link_to_show(id, invitation.id);
        Ok(FoundedOnce::Now(Founded { tenant, invitation, link }))
    }

    /// What was made by a request that was sent before.
    async fn founded_before(
        &self,
        tx: &mut PlatformTx,
        made_as: Option<[u8; 32]>,
        made_of: Option<[u8; 32]>,
    ) -> Result<FoundedOnce, IdentityError> {
        let found = sqlx::query!(
            r#"select t.tenant_id, t.made_of, i.invitation_id as "invitation_id!", i.email as "email!",
                 i.created_at as "created_at!", i.expires_at as "expires_at!",
                 i.accepted_at is null and i.revoked_at is null and i.expires_at > $2 as "open!"
               from app.tenants t cross join lateral (
                 select invitation_id, email, created_at, expires_at, accepted_at, revoked_at from app.invitations
                 where tenant_id = t.tenant_id order by invitation_id limit 1
               ) i where t.made_as = $1"#,
            made_as.as_ref().map(<[u8; 32]>::as_slice),
            self.services.now()
        );
        let found = found.fetch_optional(&mut *tx).await.map_err(StoreError::from)?.ok_or(IdentityError::NotFound)?;
        if found.made_of.as_deref() != made_of.as_ref().map(<[u8; 32]>::as_slice) {
            return Ok(FoundedOnce::Other);
        }
        let (tenant, invitation) = (TenantId::from_uuid(found.tenant_id), InvitationId::from_uuid(found.invitation_id));
        // One that was taken back, say, opens nothing.
        let link = found.open.then(|| self.link_to_show(tenant, invitation)).flatten();
        let invitation = owners(invitation, found.email, found.created_at, found.expires_at);
        Ok(FoundedOnce::Before(Founded { tenant: overview(tx, tenant).await?, invitation, link }))
    }

    /// Asks an owner anew, perhaps another one, as long as nobody has joined. Who was asked before is asked no more.
    ///
    /// # Errors
    /// [`IdentityError::OperatorMayNot`]; [`IdentityError::Invalid`] for what is no address; [`IdentityError::NotFound`];
    /// [`IdentityError::HasMembers`]; [`IdentityError::TooManyInvitations`]; or the database's.
    #[tracing::instrument(name = "db.tenant.ask_owner", skip_all)]
    pub async fn ask_owner_anew(
        &self,
        operator: &Operator,
        tenant: TenantId,
        email: &str,
    ) -> Result<Founded, IdentityError> {
        operator.may(OperatorPermission::CreateTenants, "tenants.invite", Some(tenant))?;
        let email = Email::parse(email).map_err(|e| IdentityError::field("owner_email", e.0))?;
        let now = self.services.now();
        let mut tx = self.services.store.platform(Reason::Operator, operator.origin.request).await?;
        held(&mut tx, tenant).await?;
        // Waits for who is accepting one just now. Whether they have is looked at after that.
        let taken_back = sqlx::query!(
            "update app.invitations set revoked_at = $2
             where tenant_id = $1 and accepted_at is null and revoked_at is null returning invitation_id, email",
            tenant.uuid(),
            now
        );
        let taken_back = taken_back.fetch_all(&mut tx).await.map_err(StoreError::from)?;
        let found = sqlx::query!(
            r#"select exists (select from app.memberships where tenant_id = $1) as "members!",
                 (select count(*) from app.invitations where tenant_id = $1 and created_at > $2) as "today!""#,
            tenant.uuid(),
            now - Duration::days(1)
        );
        let found = found.fetch_one(&mut tx).await.map_err(StoreError::from)?;
        if found.members {
            return Err(IdentityError::HasMembers);
        }
        if found.today >= DAILY as i64 {
            return Err(IdentityError::TooManyInvitations(DAILY));
        }
        let invitation = self.ask_owner(&mut tx, tenant, &email).await?;
        for one in &taken_back {
            let entry = Entry::new(Act::InvitationTakenBack).to(one.invitation_id, &one.email);
            self.write_down_for(&mut tx, operator, tenant, entry.was("role", Role::Owner.to_string())).await?;
        }
        self.write_invited(&mut tx, operator, tenant, &invitation).await?;
        let company = overview(&mut tx, tenant).await?;
        tx.commit().await?;
        self.services.wake_workers::<SendInvitation>();
        let link = self.link_to_show(tenant, invitation.id);
        Ok(Founded { tenant: company, invitation, link })
    }

    async fn ask_owner(
        &self,
        tx: &mut PlatformTx,
        tenant: TenantId,
        email: &Email,
    ) -> Result<Invitation, IdentityError> {
        let (id, now) = (InvitationId::from_uuid(self.services.new_id()), self.services.now());
        sqlx::query!(
            "insert into app.invitations (tenant_id, invitation_id, email, role, created_at, expires_at, by_hand)
             values ($1, $2, $3, $4, $5, $6, $7)",
            tenant.uuid(),
            id.uuid(),
            email.as_str(),
            Role::Owner.to_string(),
            now,
            now + OPEN,
            !self.delivers()
        )
        .execute(&mut *tx)
        .await
        .map_err(StoreError::from)?;
        jobs::enqueue_for::<SendInvitation>(tx, &self.services, tenant, id).await?;
        Ok(owners(id, email.to_string(), now, now + OPEN))
    }

    /// Suspends a company: nobody signs in to it, what is open there ends within a second, and its jobs wait. Nothing of it is deleted
    /// but its sessions. Twice is the same as once: the first reason stays.
    ///
    /// # Errors
    /// [`IdentityError::OperatorMayNot`], [`IdentityError::Invalid`] for the reason, [`IdentityError::NotFound`], or the database's.
    #[tracing::instrument(name = "db.tenant.suspend", skip_all)]
    pub async fn suspend_tenant(
        &self,
        operator: &Operator,
        tenant: TenantId,
        reason: &str,
    ) -> Result<TenantOverview, IdentityError> {
        operator.may(OperatorPermission::SuspendTenants, "tenants.suspend", Some(tenant))?;
        let reason = SuspensionReason::parse(reason).map_err(|e| IdentityError::field("reason", e.0))?;
        let mut tx = self.services.store.platform(Reason::Operator, operator.origin.request).await?;
        let (name, suspended) = held(&mut tx, tenant).await?;
        if !suspended {
            put_suspended(&mut tx, tenant, Some((self.services.now(), &reason))).await?;
            // What was open stays ended when the company is let in again.
            sessions::end_all_of_tenant(&mut tx, tenant).await?;
            let entry = Entry::new(Act::WorkspaceSuspended).to(tenant.uuid(), &name).is("reason", reason.as_str());
            self.write_down_for(&mut tx, operator, tenant, entry).await?;
        }
        let company = overview(&mut tx, tenant).await?;
        tx.commit().await?;
        self.services.publish(Notice::Shut { tenant });
        Ok(company)
    }

    /// Lets a company in again. Twice is the same as once.
    ///
    /// # Errors
    /// [`IdentityError::OperatorMayNot`], [`IdentityError::NotFound`], or the database's.
    #[tracing::instrument(name = "db.tenant.resume", skip_all)]
    pub async fn resume_tenant(&self, operator: &Operator, tenant: TenantId) -> Result<TenantOverview, IdentityError> {
        operator.may(OperatorPermission::SuspendTenants, "tenants.resume", Some(tenant))?;
        let mut tx = self.services.store.platform(Reason::Operator, operator.origin.request).await?;
        let (name, suspended) = held(&mut tx, tenant).await?;
        if suspended {
            // Of who was on the way in when it was suspended: that stays ended, too.
            sessions::end_all_of_tenant(&mut tx, tenant).await?;
            put_suspended(&mut tx, tenant, None).await?;
            let entry = Entry::new(Act::WorkspaceResumed).to(tenant.uuid(), &name);
            self.write_down_for(&mut tx, operator, tenant, entry).await?;
        }
        let company = overview(&mut tx, tenant).await?;
        tx.commit().await?;
        // What has waited is due.
        for lane in Lane::ALL {
            self.services.publish(Notice::JobsDue { lane });
        }
        Ok(company)
    }

    async fn write_invited(
        &self,
        tx: &mut PlatformTx,
        operator: &Operator,
        tenant: TenantId,
        invitation: &Invitation,
    ) -> Result<(), StoreError> {
        let entry = Entry::new(Act::MemberInvited).to(invitation.id.uuid(), &invitation.email);
        self.write_down_for(tx, operator, tenant, entry.is("role", Role::Owner.to_string())).await
    }

    /// In the company's audit log, as the act of this key.
    async fn write_down_for(
        &self,
        tx: &mut PlatformTx,
        operator: &Operator,
        tenant: TenantId,
        entry: Entry<'_>,
    ) -> Result<(), StoreError> {
        let by = (operator.key, operator.name.as_str(), operator.origin.request);
        audit::record_by_operator(tx, &self.services, tenant, by, entry).await
    }
}

/// A company's name, and whether it is suspended. Its row is held.
async fn held(tx: &mut PlatformTx, tenant: TenantId) -> Result<(String, bool), IdentityError> {
    let row = sqlx::query!(
        "select name, suspended_at from app.tenants where tenant_id = $1 for no key update",
        tenant.uuid()
    );
    let row = row.fetch_optional(tx).await.map_err(StoreError::from)?.ok_or(IdentityError::NotFound)?;
    Ok((row.name, row.suspended_at.is_some()))
}

async fn put_suspended(
    tx: &mut PlatformTx,
    tenant: TenantId,
    since: Option<(OffsetDateTime, &SuspensionReason)>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update app.tenants set suspended_at = $2, suspended_reason = $3 where tenant_id = $1",
        tenant.uuid(),
        since.map(|(at, _)| at),
        since.map(|(_, reason)| reason.as_str())
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn overview(tx: &mut PlatformTx, tenant: TenantId) -> Result<TenantOverview, IdentityError> {
    let row = sqlx::query_as!(
        TenantRow,
        r#"select t.tenant_id, t.name, t.created_at, t.suspended_at, t.suspended_reason,
             (select count(*) from app.memberships m where m.tenant_id = t.tenant_id) as "members!"
           from app.tenants t where t.tenant_id = $1"#,
        tenant.uuid()
    );
    let row = row.fetch_optional(tx).await.map_err(StoreError::from)?.ok_or(IdentityError::NotFound)?;
    Ok(row.into())
}

/// An invitation to be an owner.
fn owners(id: InvitationId, email: String, created_at: OffsetDateTime, expires_at: OffsetDateTime) -> Invitation {
    let role = Role::Owner;
    let role_title = role.called("").to_string();
    let (created_at, expires_at) = (timestamp(created_at), timestamp(expires_at));
    Invitation { id, email, role, role_title, created_at, expires_at }
}

/// Of parts, each with its length before it, so that no two lists of parts are the same text.
fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}
