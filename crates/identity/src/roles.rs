//! What members may do: the four roles that there are everywhere, and those that a company cuts to measure out of the same permissions.
//!
//! Nobody makes, changes, gives or takes away a role that may more than they may. What a role may is read with each request, so a
//! change counts at once; sockets look again.

use crate::members::hold;
use crate::teams::stays_within;
use crate::{Identity, IdentityError};
use model::RoleId;
use model::audit::Act;
use model::event::EventKind;
use model::identity::{Role, RoleInfo};
use model::input::RoleTitle;
use model::permission::{CHANNELS, ManageMembers, Permission, Permissions, ROLE_AT_MOST, ReadWorkspace};
use store::audit::{self, Entry};
use store::bus::Notice;
use store::{Caller, Denied, StoreError, TenantTx, events, scope};
use words::text;

/// Roles of a company's own.
pub const MAX_ROLES: usize = 50;

/// What a role is to be.
#[derive(Debug, Clone, Default)]
pub struct RoleWishes {
    /// What people call it.
    pub title: String,
    /// What it may do. What these cannot do without comes with them.
    pub permissions: Permissions,
}

/// A role, as a tenant knows it.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub role: Role,
    pub title: String,
    pub permissions: Permissions,
}

impl Known {
    /// As the audit log writes it.
    pub fn written(&self) -> String {
        if self.role.title().is_some() { self.role.to_string() } else { self.title.clone() }
    }
}

/// Nobody gives a role, or takes one away, that may more than they may.
pub(crate) fn may_give(caller: &Caller, permissions: Permissions) -> Result<(), Denied> {
    if caller.permissions().have(permissions) { Ok(()) } else { Err(Denied) }
}

/// What people call a role, and what it may, of a row that says so.
pub(crate) fn known<'n>(
    role: &str,
    title: Option<String>,
    own: impl IntoIterator<Item = &'n str>,
) -> Result<Known, StoreError> {
    let (role, permissions) = scope::allowed(role, own)?;
    let title = role.title().map(|built_in| built_in.to_string()).or(title).unwrap_or_default();
    Ok(Known { role, title, permissions })
}

/// The same of a role by its name; `None` for one that there is not.
pub(crate) async fn role_of(tx: &mut TenantTx, role: Role) -> Result<Option<Known>, StoreError> {
    let Role::Custom(id) = role else { return known(&role.to_string(), None, []).map(Some) };
    let found = sqlx::query!("select name, permissions from app.roles where role_id = $1", id.uuid());
    let Some(found) = found.fetch_optional(tx).await? else { return Ok(None) };
    known(&role.to_string(), Some(found.name), found.permissions.iter().map(String::as_str)).map(Some)
}

/// With what they cannot do without: whoever changes something sees it, and who reads conversations reaches some, `most` at most where
/// nothing is said of it.
fn whole(permissions: Permissions, most: Permissions) -> Permissions {
    use Permission as P;
    let needs = [
        (P::WriteConversations, P::ReadConversations),
        (P::ReachUnassigned, P::ReadConversations),
        (P::ReachTeams, P::ReadConversations),
        (P::ReachOthers, P::ReadConversations),
        (P::ReachOthers, P::ReachUnassigned),
        (P::ReachOthers, P::ReachTeams),
        (P::ManageDocuments, P::ReadDocuments),
    ];
    let channels = CHANNELS.list().into_iter().map(|channel| (channel, P::ReadConversations));
    let more = needs.into_iter().chain(channels).filter(|(one, _)| permissions.has(*one)).map(|(_, needed)| needed);
    let all: Vec<P> = permissions.list().into_iter().chain(more).chain([P::ReadWorkspace]).collect();
    Permissions::of(&all).reaching(most)
}

/// What was wished for, if it can be.
fn checked(caller: &Caller, wishes: &RoleWishes) -> Result<(RoleTitle, Permissions), IdentityError> {
    let title = RoleTitle::parse(&wishes.title).map_err(|e| IdentityError::field("title", e.0))?;
    let permissions = whole(wishes.permissions, caller.permissions());
    if !ROLE_AT_MOST.have(permissions) {
        return Err(IdentityError::field(
            "permissions",
            text!("Who may make owners is an owner. Choose among the others."),
        ));
    }
    may_give(caller, permissions)?;
    Ok((title, permissions))
}

impl Identity {
    /// The roles of the caller's tenant: those that there are everywhere, then its own by name.
    ///
    /// # Errors
    /// [`IdentityError::Denied`], or the database's.
    #[tracing::instrument(name = "db.role.list", skip_all)]
    pub async fn list_roles(&self, caller: &Caller) -> Result<Vec<RoleInfo>, IdentityError> {
        let right = caller.may(ReadWorkspace)?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let used = sqlx::query!(
            r#"select role as "role!", count(*) as "members!" from (
                 select role from app.memberships
                 union all select role from app.invitations
                   where accepted_at is null and revoked_at is null and expires_at > $1) used
               group by role"#,
            self.services.now()
        );
        let used = used.fetch_all(&mut tx).await.map_err(StoreError::from)?;
        let own =
            sqlx::query!("select role_id, name, permissions from app.roles order by lower(name), role_id limit 1000");
        let own = own.fetch_all(&mut tx).await.map_err(StoreError::from)?;
        tx.leave_open();
        let own = own.into_iter().map(|row| {
            let role = Role::Custom(RoleId::from_uuid(row.role_id));
            known(&role.to_string(), Some(row.name), row.permissions.iter().map(String::as_str))
        });
        let built_in = Role::BUILT_IN.into_iter().map(|role| known(&role.to_string(), None, []));
        let all = built_in.chain(own).map(|one| {
            let Known { role, title, permissions } = one?;
            let members = used.iter().find(|row| row.role == role.to_string()).map_or(0, |row| row.members);
            Ok(RoleInfo { role, title, permissions, members: u32::try_from(members).unwrap_or_default() })
        });
        Ok(all.collect::<Result<_, StoreError>>()?)
    }

    /// Makes a role of the company's own.
    ///
    /// # Errors
    /// [`IdentityError::Denied`] for who may not, or for more than they may; [`IdentityError::Invalid`] for a name that is none, or
    /// another role's, and for what no such role may; [`IdentityError::TooManyRoles`]; or the database's.
    #[tracing::instrument(name = "db.role.create", skip_all)]
    pub async fn create_role(&self, caller: &Caller, wishes: &RoleWishes) -> Result<RoleInfo, IdentityError> {
        let right = caller.may(ManageMembers)?;
        let (title, permissions) = checked(caller, wishes)?;
        let id = RoleId::from_uuid(self.services.new_id());
        let mut tx = self.services.store.tenant(right.scope()).await?;
        hold(&mut tx, caller).await?;
        let there = sqlx::query_scalar!(r#"select count(*) as "there!" from app.roles"#);
        if there.fetch_one(&mut tx).await.map_err(StoreError::from)? >= MAX_ROLES as i64 {
            return Err(IdentityError::TooManyRoles(MAX_ROLES));
        }
        let put = sqlx::query!(
            "insert into app.roles (tenant_id, role_id, name, permissions, created_at) values ($1, $2, $3, $4, $5)
             on conflict (tenant_id, name) do nothing",
            right.scope().tenant().uuid(),
            id.uuid(),
            title.as_str(),
            &permissions.names(),
            self.services.now()
        );
        if put.execute(&mut tx).await.map_err(StoreError::from)?.rows_affected() == 0 {
            return Err(taken());
        }
        let entry = Entry::new(Act::RoleCreated).to(id.uuid(), title.as_str());
        let entry = entry.is("permissions", permissions.names().join(" "));
        audit::record(&mut tx, &self.services, caller, entry).await?;
        tx.commit().await?;
        Ok(RoleInfo { role: Role::Custom(id), title: title.to_string(), permissions, members: 0 })
    }

    /// Changes what one may do, or is called. Who has it and may not write any more hands on what they had taken.
    ///
    /// # Errors
    /// As [`Identity::create_role`], and [`IdentityError::NotFound`].
    #[tracing::instrument(name = "db.role.edit", skip_all)]
    pub async fn edit_role(&self, caller: &Caller, id: RoleId, wishes: &RoleWishes) -> Result<(), IdentityError> {
        let right = caller.may(ManageMembers)?;
        let (title, permissions) = checked(caller, wishes)?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        hold(&mut tx, caller).await?;
        let had = role_of(&mut tx, Role::Custom(id)).await?.ok_or(IdentityError::NotFound)?;
        may_give(caller, had.permissions)?;
        let named = sqlx::query_scalar!(
            r#"select exists (select from app.roles where name = $2 and role_id <> $1) as "named!""#,
            id.uuid(),
            title.as_str()
        );
        if named.fetch_one(&mut tx).await.map_err(StoreError::from)? {
            return Err(taken());
        }
        let members = sqlx::query_scalar!("select member_id from app.memberships where role_id = $1", id.uuid());
        let members = members.fetch_all(&mut tx).await.map_err(StoreError::from)?;
        stays_within(&mut tx, caller, &members, (had.permissions, permissions)).await?;
        sqlx::query!(
            "update app.roles set name = $2, permissions = $3 where role_id = $1",
            id.uuid(),
            title.as_str(),
            &permissions.names()
        )
        .execute(&mut tx)
        .await
        .map_err(StoreError::from)?;
        let mut notices = vec![Notice::Ended { tenant: right.scope().tenant() }];
        let mut taken_back = Vec::new();
        for member in members {
            let member = model::MemberId::from_uuid(member);
            // As where they get another one: what they asked for with it is asked for no more.
            taken_back.extend(self.take_back_all_of(&mut tx, member).await?);
            if !permissions.has(Permission::WriteConversations) {
                notices.extend(self.hand_on(&mut tx, right.scope(), member).await?);
            }
            events::record(&mut tx, &self.services, right.scope(), EventKind::MemberChanged, member.uuid()).await?;
        }
        let entry = Entry::new(Act::RoleEdited).to(id.uuid(), title.as_str());
        let entry = entry.was("title", &had.title).was("permissions", had.permissions.names().join(" "));
        let entry = entry.is("title", title.as_str()).is("permissions", permissions.names().join(" "));
        audit::record(&mut tx, &self.services, caller, entry).await?;
        self.write_taken_back(&mut tx, caller, &taken_back).await?;
        tx.commit().await?;
        for notice in notices {
            self.services.publish(notice);
        }
        Ok(())
    }

    /// Deletes one that nobody has.
    ///
    /// # Errors
    /// [`IdentityError::Denied`] for who may not, or for one that may more than they; [`IdentityError::RoleInUse`];
    /// [`IdentityError::NotFound`]; or the database's.
    #[tracing::instrument(name = "db.role.delete", skip_all)]
    pub async fn delete_role(&self, caller: &Caller, id: RoleId) -> Result<(), IdentityError> {
        let right = caller.may(ManageMembers)?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        hold(&mut tx, caller).await?;
        let had = role_of(&mut tx, Role::Custom(id)).await?.ok_or(IdentityError::NotFound)?;
        may_give(caller, had.permissions)?;
        // Held until the end: whoever joins with it waits, and finds no invitation.
        let asked = sqlx::query!(
            "select invitation_id from app.invitations
             where role = $1 and accepted_at is null and revoked_at is null and expires_at > $2 for no key update",
            had.role.to_string(),
            self.services.now()
        );
        let asked = asked.fetch_all(&mut tx).await.map_err(StoreError::from)?.len();
        let have =
            sqlx::query_scalar!(r#"select count(*) as "have!" from app.memberships where role_id = $1"#, id.uuid());
        let have = have.fetch_one(&mut tx).await.map_err(StoreError::from)?;
        if asked > 0 || have > 0 {
            return Err(IdentityError::RoleInUse);
        }
        sqlx::query!("delete from app.roles where role_id = $1", id.uuid())
            .execute(&mut tx)
            .await
            .map_err(StoreError::from)?;
        let entry = Entry::new(Act::RoleDeleted).to(id.uuid(), &had.title);
        let entry = entry.was("permissions", had.permissions.names().join(" "));
        audit::record(&mut tx, &self.services, caller, entry).await?;
        Ok(tx.commit().await?)
    }
}

fn taken() -> IdentityError {
    IdentityError::field("title", text!("There is a role of this name already. Choose another one."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_role_cannot_do_without_comes_with_it() {
        use Permission as P;
        let of = |list: &[P]| whole(Permissions::of(list), ROLE_AT_MOST).list();
        assert_eq!(of(&[]), [P::ReadWorkspace]);
        let (sees, reads) = (P::ReadWorkspace, P::ReadConversations);
        let (widget, api) = (P::ReachWidget, P::ReachApi);
        assert_eq!(of(&[P::WriteConversations]), [sees, reads, P::ReachUnassigned, widget, api, P::WriteConversations]);
        let others = [sees, reads, P::ReachUnassigned, P::ReachTeams, P::ReachOthers, widget, api];
        assert_eq!(of(&[P::ReachOthers]), others);
        assert_eq!(of(&[P::ReachTeams, widget]), [sees, reads, P::ReachTeams, widget]);
        assert_eq!(of(&[api]), [sees, reads, P::ReachUnassigned, api]);
        assert_eq!(of(&[P::ManageDocuments]), [sees, P::ReadDocuments, P::ManageDocuments]);
    }
}
