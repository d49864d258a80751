//! The members of a tenant.

use crate::invitations::TakenBack;
use crate::member_sessions::Which;
use crate::roles::{Known, known, may_give, role_of};
use crate::teams::stays_within;
use crate::{Identity, IdentityError};
use futures_core::future::BoxFuture;
use model::audit::Act;
use model::event::EventKind;
use model::identity::{Member, Role};
use model::page::{self, Page};
use model::permission::{ManageMembers, Permission, ReadWorkspace};
use model::{MemberId, PersonId};
use std::str::FromStr;
use store::audit::{self, Entry};
use store::bus::Notice;
use store::services::timestamp;
use store::{Actor, Caller, Denied, Scope, StoreError, TenantTx, events, scope};
use time::OffsetDateTime;
use uuid::Uuid;
use words::text;

/// Which part of a list is asked for.
#[derive(Debug, Clone, Default)]
pub struct PageRequest {
    /// Most entries; the default is [`model::page::DEFAULT_LIMIT`], the most [`model::page::MAX_LIMIT`].
    pub limit: Option<u32>,
    /// Where the page before said that the next one begins.
    pub cursor: Option<String>,
}

/// How many entries a page has, and the id after which it begins.
pub(crate) fn part_of<I: FromStr>(asked: &PageRequest) -> Result<(u32, Option<I>), IdentityError> {
    let limit = page::limit(asked.limit).map_err(|wrong| IdentityError::field("limit", wrong))?;
    let after = page::cursor(asked.cursor.as_deref()).map_err(|wrong| IdentityError::field("cursor", wrong))?;
    Ok((limit, after))
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

/// Whether somebody is kept out from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// Out: sessions and sockets end, and so do `keys` that they made.
    Out {
        /// Whether they do.
        keys: bool,
    },
    /// Let in again.
    In,
}

impl Identity {
    /// Changes what a member may do.
    ///
    /// # Errors
    /// [`IdentityError::Denied`] for who may not, or may not with owners; [`IdentityError::Invalid`] for a role that there is not;
    /// [`IdentityError::LastOwner`]; [`IdentityError::NotFound`]; or the database's.
    #[tracing::instrument(name = "db.member.change", skip_all)]
    pub async fn change_role(&self, caller: &Caller, member: MemberId, role: Role) -> Result<(), IdentityError> {
        let right = caller.may(ManageMembers)?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let had = held(&mut tx, caller, member).await?;
        let role = self.role_to_give(&mut tx, caller, role).await?;
        may_give(caller, had.role.permissions)?;
        if had.role.role == role.role {
            return Ok(());
        }
        if had.last_owner {
            return Err(IdentityError::LastOwner);
        }
        stays_within(&mut tx, caller, &[member.uuid()], (had.role.permissions, role.permissions)).await?;
        sqlx::query!("update app.memberships set role = $2 where member_id = $1", member.uuid(), role.role.to_string())
            .execute(&mut tx)
            .await
            .map_err(StoreError::from)?;
        // Whoever may not write any more hands on what they had taken.
        let mut notices = vec![Notice::Ended { tenant: right.scope().tenant() }];
        if !role.permissions.has(Permission::WriteConversations) {
            notices.extend(self.hand_on(&mut tx, right.scope(), member).await?);
        }
        let taken_back = self.take_back_all_of(&mut tx, member).await?;
        events::record(&mut tx, &self.services, right.scope(), EventKind::MemberChanged, member.uuid()).await?;
        let entry = Entry::new(Act::RoleChanged).to(member.uuid(), &had.name);
        let entry = entry.was("role", had.role.written()).is("role", role.written());
        audit::record(&mut tx, &self.services, caller, entry).await?;
        self.write_taken_back(&mut tx, caller, &taken_back).await?;
        tx.commit().await?;
        // Sockets look again at what they were opened with.
        self.tell_all(notices);
        Ok(())
    }

    /// A role that the caller may give.
    pub(crate) async fn role_to_give(
        &self,
        tx: &mut TenantTx,
        caller: &Caller,
        role: Role,
    ) -> Result<Known, IdentityError> {
        let role = role_of(tx, role).await?.ok_or_else(|| IdentityError::field("role", text!("Choose a role.")))?;
        may_give(caller, role.permissions)?;
        Ok(role)
    }

    /// Has others do what they do when a member leaves, or may not write any more.
    pub(crate) async fn hand_on(
        &self,
        tx: &mut TenantTx,
        scope: &Scope,
        member: MemberId,
    ) -> Result<Vec<Notice>, StoreError> {
        let mut notices = Vec::new();
        for leaving in self.leaving.iter() {
            notices.extend(leaving.leaves(tx, scope, member).await?);
        }
        Ok(notices)
    }

    fn tell_all(&self, notices: Vec<Notice>) {
        for notice in notices {
            self.services.publish(notice);
        }
    }

    /// Ends a membership: sessions end with it, sockets within a second, and `keys` that the member made, too. Everybody may
    /// leave; others are removed by who may.
    ///
    /// # Errors
    /// As [`Identity::change_role`].
    #[tracing::instrument(name = "db.member.remove", skip_all)]
    pub async fn remove_member(&self, caller: &Caller, member: MemberId, keys: bool) -> Result<(), IdentityError> {
        let scope = caller.may(ReadWorkspace)?.scope();
        let own = is_own(caller, member);
        if !own {
            caller.may(ManageMembers)?;
        }
        let mut tx = self.services.store.tenant(scope).await?;
        let had = held(&mut tx, caller, member).await?;
        if !own {
            may_give(caller, had.role.permissions)?;
        }
        if had.last_owner {
            return Err(IdentityError::LastOwner);
        }
        let left = self.leaves(&mut tx, scope, member, keys).await?;
        sqlx::query!("delete from app.memberships where member_id = $1", member.uuid())
            .execute(&mut tx)
            .await
            .map_err(StoreError::from)?;
        events::record(&mut tx, &self.services, scope, EventKind::MemberRemoved, member.uuid()).await?;
        let entry = Entry::new(Act::MemberRemoved).to(member.uuid(), &had.name).was("role", had.role.written());
        audit::record(&mut tx, &self.services, caller, entry).await?;
        self.write_left(&mut tx, caller, &left).await?;
        tx.commit().await?;
        self.tell_all(left.notices);
        Ok(())
    }

    /// Keeps a member out, or lets one in again. Who is kept out has no session, and finds the workspace nowhere; what they were
    /// and made is there when they come back, but for conversations, which wait for somebody else, and what was revoked.
    ///
    /// # Errors
    /// As [`Identity::change_role`]; nobody keeps themselves out.
    #[tracing::instrument(name = "db.member.suspend", skip_all)]
    pub async fn keep_member(&self, caller: &Caller, member: MemberId, kept: Kept) -> Result<(), IdentityError> {
        let right = caller.may(ManageMembers)?;
        let scope = right.scope();
        if is_own(caller, member) {
            return Err(Denied.into());
        }
        if kept == Kept::In {
            // What was open when they were kept out stays ended. (Not with the other transaction in hand.)
            let mut tx = self.services.store.tenant(scope).await?;
            let had = held(&mut tx, caller, member).await?;
            may_give(caller, had.role.permissions)?;
            drop(tx);
            self.end_there(had.person, scope, Which::All).await?;
        }
        let mut tx = self.services.store.tenant(scope).await?;
        let had = held(&mut tx, caller, member).await?;
        may_give(caller, had.role.permissions)?;
        if had.suspended == matches!(kept, Kept::Out { .. }) {
            return Ok(());
        }
        let Kept::Out { keys } = kept else {
            self.put_kept(&mut tx, caller, (member, &had.name), None).await?;
            return Ok(tx.commit().await?);
        };
        if had.last_owner {
            return Err(IdentityError::LastOwner);
        }
        let left = self.leaves(&mut tx, scope, member, keys).await?;
        self.put_kept(&mut tx, caller, (member, &had.name), Some(self.services.now())).await?;
        self.write_left(&mut tx, caller, &left).await?;
        tx.commit().await?;
        self.tell_all(left.notices);
        // They open nothing any more, whatever becomes of this.
        let _ = self.end_there(had.person, scope, Which::All).await;
        Ok(())
    }

    async fn put_kept(
        &self,
        tx: &mut TenantTx,
        caller: &Caller,
        (member, name): (MemberId, &str),
        since: Option<OffsetDateTime>,
    ) -> Result<(), StoreError> {
        sqlx::query!("update app.memberships set suspended_at = $2 where member_id = $1", member.uuid(), since)
            .execute(&mut *tx)
            .await?;
        events::record(tx, &self.services, caller.scope(), EventKind::MemberChanged, member.uuid()).await?;
        let act = if since.is_some() { Act::MemberSuspended } else { Act::MemberResumed };
        audit::record(tx, &self.services, caller, Entry::new(act).to(member.uuid(), name)).await
    }

    /// What ends with a member who goes, or is kept out.
    async fn leaves(
        &self,
        tx: &mut TenantTx,
        scope: &Scope,
        member: MemberId,
        keys: bool,
    ) -> Result<Left, IdentityError> {
        let mut notices = vec![Notice::Ended { tenant: scope.tenant() }];
        notices.extend(self.hand_on(tx, scope, member).await?);
        let revoked = sqlx::query_as!(
            RevokedKey,
            "update app.api_keys set revoked_at = $2 where created_by = $1 and revoked_at is null and $3
             returning key_id, name, prefix",
            member.uuid(),
            self.services.now(),
            keys
        )
        .fetch_all(&mut *tx)
        .await
        .map_err(StoreError::from)?;
        let taken_back = self.take_back_all_of(tx, member).await?;
        Ok(Left { notices, revoked, taken_back })
    }

    /// Writes it down, as the last thing that is done.
    async fn write_left(&self, tx: &mut TenantTx, caller: &Caller, left: &Left) -> Result<(), StoreError> {
        for key in &left.revoked {
            let entry = Entry::new(Act::KeyRevoked).to(key.key_id, &key.name).was("prefix", &key.prefix);
            audit::record(tx, &self.services, caller, entry).await?;
        }
        self.write_taken_back(tx, caller, &left.taken_back).await
    }

    /// The members of the caller's tenant, in the order in which they joined.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] for a limit or cursor that cannot be, or the database's.
    #[tracing::instrument(name = "db.member.list", skip_all)]
    pub async fn list_members(&self, caller: &Caller, page: &PageRequest) -> Result<Page<Member>, IdentityError> {
        let right = caller.may(ReadWorkspace)?;
        let (limit, after) = part_of::<MemberId>(page)?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let rows = sqlx::query_as!(
            MemberRow,
            r#"select m.member_id, m.name, m.email, m.role, m.created_at, m.suspended_at, r.name as "title?",
                 r.permissions as "permissions?"
               from app.memberships m left join app.roles r on r.tenant_id = m.tenant_id and r.role_id = m.role_id
               where m.member_id > $1 order by m.member_id limit $2"#,
            after.map_or(uuid::Uuid::nil(), MemberId::uuid),
            i64::from(limit) + 1
        )
        .fetch_all(&mut tx)
        .await
        .map_err(StoreError::from)?;
        tx.leave_open();
        let more = rows.len() > limit as usize;
        let data =
            rows.into_iter().take(limit as usize).map(Member::try_from).collect::<Result<Vec<_>, StoreError>>()?;
        let next_cursor = data.last().filter(|_| more).map(|last| last.id.to_string());
        Ok(Page { data, next_cursor })
    }
}

/// What has ended with a member.
struct Left {
    notices: Vec<Notice>,
    revoked: Vec<RevokedKey>,
    taken_back: Vec<TakenBack>,
}

/// A key that was revoked with who made it.
struct RevokedKey {
    key_id: Uuid,
    name: String,
    prefix: String,
}

/// A member, as the database has one.
pub(crate) struct MemberRow {
    pub member_id: Uuid,
    pub name: String,
    pub email: String,
    pub role: String,
    pub created_at: OffsetDateTime,
    pub suspended_at: Option<OffsetDateTime>,
    pub title: Option<String>,
    pub permissions: Option<Vec<String>>,
}

impl TryFrom<MemberRow> for Member {
    type Error = StoreError;

    fn try_from(row: MemberRow) -> Result<Self, StoreError> {
        let role = known(&row.role, row.title, row.permissions.iter().flatten().map(String::as_str))?;
        Ok(Self {
            id: MemberId::from_uuid(row.member_id),
            name: row.name,
            email: row.email,
            role: role.role,
            role_title: role.title,
            permissions: role.permissions,
            created_at: timestamp(row.created_at),
            suspended_at: row.suspended_at.map(timestamp),
        })
    }
}

fn is_own(caller: &Caller, member: MemberId) -> bool {
    matches!(caller.actor(), Actor::Member { member: own, .. } if own == member)
}

/// What a member is, before that changes; the tenant's row is locked.
pub(crate) struct Held {
    pub name: String,
    pub person: PersonId,
    pub role: Known,
    suspended: bool,
    last_owner: bool,
}

pub(crate) async fn held(tx: &mut TenantTx, caller: &Caller, member: MemberId) -> Result<Held, IdentityError> {
    hold(tx, caller).await?;
    let key = match caller.actor() {
        Actor::ApiKey { key, .. } => Some(key.uuid()),
        _ => None,
    };
    // Held, so that nothing is made in the member's name while it ends.
    let row = sqlx::query!(
        r#"select name, person_id, role, suspended_at, exists (select from app.api_keys k
             where k.key_id = $2 and k.created_by = m.member_id) as "by_own_key!"
           from app.memberships m where member_id = $1 for update of m"#,
        member.uuid(),
        key
    );
    let row = row.fetch_optional(&mut *tx).await.map_err(StoreError::from)?.ok_or(IdentityError::NotFound)?;
    // Nobody changes what they are, or lets themselves in again, by a key of their own.
    if row.by_own_key {
        return Err(Denied.into());
    }
    let owners = sqlx::query_scalar!(
        r#"select count(*) as "owners!" from app.memberships where role = 'owner' and suspended_at is null"#
    );
    let owners = owners.fetch_one(&mut *tx).await.map_err(StoreError::from)?;
    let role = Role::from_name(&row.role).ok_or(StoreError::Corrupt("memberships.role"))?;
    let role = role_of(tx, role).await?.ok_or(StoreError::Corrupt("memberships.role"))?;
    let suspended = row.suspended_at.is_some();
    let last_owner = role.role == Role::Owner && !suspended && owners == 1;
    Ok(Held { name: row.name, person: PersonId::from_uuid(row.person_id), role, suspended, last_owner })
}

/// Locks the tenant's row, so that two who change members see each other, and makes sure that who acts is still what they were
/// when they came, and may what they might; a key, that it still works.
pub(crate) async fn hold(tx: &mut TenantTx, caller: &Caller) -> Result<(), IdentityError> {
    sqlx::query!("select tenant_id from app.tenants for no key update")
        .fetch_optional(&mut *tx)
        .await
        .map_err(StoreError::from)?;
    if let Actor::Member { member, role, permissions, .. } = caller.actor() {
        let now = sqlx::query!(
            r#"select m.role, r.permissions as "permissions?"
               from app.memberships m left join app.roles r on r.tenant_id = m.tenant_id and r.role_id = m.role_id
               where m.member_id = $1 and m.suspended_at is null"#,
            member.uuid()
        );
        let now = now.fetch_optional(&mut *tx).await.map_err(StoreError::from)?.ok_or(Denied)?;
        if scope::allowed(&now.role, now.permissions.iter().flatten().map(String::as_str))? != (role, permissions) {
            return Err(Denied.into());
        }
    }
    if let Actor::ApiKey { key, .. } = caller.actor() {
        let works = sqlx::query_scalar!(
            r#"select exists (select from app.api_keys where key_id = $1 and revoked_at is null) as "works!""#,
            key.uuid()
        );
        if !works.fetch_one(tx).await.map_err(StoreError::from)? {
            return Err(Denied.into());
        }
    }
    Ok(())
}
