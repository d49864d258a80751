//! The members of a tenant.

use crate::{Identity, IdentityError};
use futures_core::future::BoxFuture;
use model::MemberId;
use model::audit::Act;
use model::event::EventKind;
use model::identity::{Member, Role};
use model::page::{DEFAULT_LIMIT, MAX_LIMIT, Page};
use model::permission::{ManageMembers, Permission, ReadWorkspace};
use store::audit::{self, Entry};
use store::bus::Notice;
use store::services::timestamp;
use store::{Actor, Caller, Denied, Scope, StoreError, TenantTx, events};

/// Which part of a list is asked for.
#[derive(Debug, Clone, Default)]
pub struct PageRequest {
    /// Most entries; the default is [`model::page::DEFAULT_LIMIT`], the most [`model::page::MAX_LIMIT`].
    pub limit: Option<u32>,
    /// Where the page before said that the next one begins.
    pub cursor: Option<String>,
}

/// What others do when a member leaves, in the transaction that ends the membership; what is to be told after it.
pub trait Leaving: std::fmt::Debug + Send + Sync {
    /// Does it.
    fn leaves<'a>(
        &'a self,
        tx: &'a mut TenantTx,
        scope: &'a Scope,
        member: MemberId,
    ) -> BoxFuture<'a, Result<Vec<Notice>, StoreError>>;
}

/// Nobody gives a role, or takes one away, that may more than they may.
pub(crate) fn may_give(caller: &Caller, role: Role) -> Result<(), Denied> {
    if caller.permissions().have(role.permissions()) { Ok(()) } else { Err(Denied) }
}

impl Identity {
    /// Changes what a member may do.
    ///
    /// # Errors
    /// [`IdentityError::Denied`] for who may not, or may not with owners; [`IdentityError::LastOwner`];
    /// [`IdentityError::NotFound`]; or the database's.
    #[tracing::instrument(name = "db.member.change", skip_all)]
    pub async fn change_role(&self, caller: &Caller, member: MemberId, role: Role) -> Result<(), IdentityError> {
        let right = caller.may(ManageMembers)?;
        may_give(caller, role)?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let had = held(&mut tx, caller, member).await?;
        may_give(caller, had.role)?;
        if had.role == role {
            return Ok(());
        }
        if had.last_owner {
            return Err(IdentityError::LastOwner);
        }
        sqlx::query!("update app.memberships set role = $2 where member_id = $1", member.uuid(), role.name())
            .execute(&mut tx)
            .await
            .map_err(StoreError::from)?;
        // Whoever may not write any more hands on what they had taken.
        let mut notices = vec![Notice::Ended { tenant: right.scope().tenant() }];
        if !role.may(Permission::WriteConversations) {
            for leaving in self.leaving.iter() {
                notices.extend(leaving.leaves(&mut tx, right.scope(), member).await?);
            }
        }
        let taken_back = self.take_back_all_of(&mut tx, member).await?;
        events::record(&mut tx, &self.services, right.scope(), EventKind::MemberChanged, member.uuid()).await?;
        let entry = Entry::new(Act::RoleChanged).to(member.uuid(), &had.name);
        let entry = entry.was("role", had.role.name()).is("role", role.name());
        audit::record(&mut tx, &self.services, caller, entry).await?;
        self.write_taken_back(&mut tx, caller, &taken_back).await?;
        tx.commit().await?;
        // Sockets look again at what they were opened with.
        for notice in notices {
            self.services.publish(notice);
        }
        Ok(())
    }

    /// Ends a membership: sessions end with it, sockets within a second, and `keys` that the member made, too. Everybody may
    /// leave; others are removed by who may.
    ///
    /// # Errors
    /// As [`Identity::change_role`].
    #[tracing::instrument(name = "db.member.remove", skip_all)]
    pub async fn remove_member(&self, caller: &Caller, member: MemberId, keys: bool) -> Result<(), IdentityError> {
        let scope = caller.may(ReadWorkspace)?.scope();
        let own = matches!(caller.actor(), Actor::Member { member: own, .. } if own == member);
        if !own {
            caller.may(ManageMembers)?;
        }
        let mut tx = self.services.store.tenant(scope).await?;
        let had = held(&mut tx, caller, member).await?;
        if !own {
            may_give(caller, had.role)?;
        }
        if had.last_owner {
            return Err(IdentityError::LastOwner);
        }
        let mut notices = vec![Notice::Ended { tenant: scope.tenant() }];
        for leaving in self.leaving.iter() {
            notices.extend(leaving.leaves(&mut tx, scope, member).await?);
        }
        let revoked = sqlx::query!(
            "update app.api_keys set revoked_at = $2 where created_by = $1 and revoked_at is null and $3
             returning key_id, name, prefix",
            member.uuid(),
            self.services.now(),
            keys
        )
        .fetch_all(&mut tx)
        .await
        .map_err(StoreError::from)?;
        let taken_back = self.take_back_all_of(&mut tx, member).await?;
        sqlx::query!("delete from app.memberships where member_id = $1", member.uuid())
            .execute(&mut tx)
            .await
            .map_err(StoreError::from)?;
        events::record(&mut tx, &self.services, scope, EventKind::MemberRemoved, member.uuid()).await?;
        let entry = Entry::new(Act::MemberRemoved).to(member.uuid(), &had.name).was("role", had.role.name());
        audit::record(&mut tx, &self.services, caller, entry).await?;
        for key in revoked {
            let entry = Entry::new(Act::KeyRevoked).to(key.key_id, &key.name).was("prefix", key.prefix);
            audit::record(&mut tx, &self.services, caller, entry).await?;
        }
        self.write_taken_back(&mut tx, caller, &taken_back).await?;
        tx.commit().await?;
        for notice in notices {
            self.services.publish(notice);
        }
        Ok(())
    }

    /// The members of the caller's tenant, in the order in which they joined.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] for a limit or cursor that cannot be, or the database's.
    #[tracing::instrument(name = "db.member.list", skip_all)]
    pub async fn list_members(&self, caller: &Caller, page: &PageRequest) -> Result<Page<Member>, IdentityError> {
        let right = caller.may(ReadWorkspace)?;
        let limit = page.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(IdentityError::field("limit", format!("Use a number from 1 to {MAX_LIMIT}.")));
        }
        let after = page.cursor.as_deref().map(str::parse::<MemberId>).transpose();
        let after = after.map_err(|_| IdentityError::field("cursor", "Use the next_cursor of the page before."))?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let rows = sqlx::query!(
            "select member_id, name, email, role, created_at from app.memberships
             where member_id > $1 order by member_id limit $2",
            after.map_or(uuid::Uuid::nil(), MemberId::uuid),
            i64::from(limit) + 1
        )
        .fetch_all(&mut tx)
        .await
        .map_err(StoreError::from)?;
        tx.leave_open();
        let more = rows.len() > limit as usize;
        let data = rows
            .into_iter()
            .take(limit as usize)
            .map(|row| {
                Ok(Member {
                    id: MemberId::from_uuid(row.member_id),
                    name: row.name,
                    email: row.email,
                    role: Role::from_name(&row.role).ok_or(StoreError::Corrupt("memberships.role"))?,
                    created_at: timestamp(row.created_at),
                })
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        let next_cursor = data.last().filter(|_| more).map(|last| last.id.to_string());
        Ok(Page { data, next_cursor })
    }
}

/// What a member is, before that changes; the tenant's row is locked.
struct Held {
    name: String,
    role: Role,
    last_owner: bool,
}

async fn held(tx: &mut TenantTx, caller: &Caller, member: MemberId) -> Result<Held, IdentityError> {
    hold(tx, caller).await?;
    // Held, so that nothing is made in the member's name while it ends.
    let row = sqlx::query!("select name, role from app.memberships where member_id = $1 for update", member.uuid())
        .fetch_optional(&mut *tx)
        .await
        .map_err(StoreError::from)?
        .ok_or(IdentityError::NotFound)?;
    let owners = sqlx::query_scalar!(r#"select count(*) as "owners!" from app.memberships where role = 'owner'"#)
        .fetch_one(tx)
        .await
        .map_err(StoreError::from)?;
    let role = Role::from_name(&row.role).ok_or(StoreError::Corrupt("memberships.role"))?;
    Ok(Held { name: row.name, role, last_owner: role == Role::Owner && owners == 1 })
}

/// Locks the tenant's row, so that two who change members see each other, and makes sure that who acts is still what they were
/// when they came.
pub(crate) async fn hold(tx: &mut TenantTx, caller: &Caller) -> Result<(), IdentityError> {
    sqlx::query!("select tenant_id from app.tenants for no key update")
        .fetch_optional(&mut *tx)
        .await
        .map_err(StoreError::from)?;
    if let Actor::Member { member, role, .. } = caller.actor() {
        let now = sqlx::query_scalar!("select role from app.memberships where member_id = $1", member.uuid());
        let now = now.fetch_optional(tx).await.map_err(StoreError::from)?;
        if now.as_deref() != Some(role.name()) {
            return Err(Denied.into());
        }
    }
    Ok(())
}
