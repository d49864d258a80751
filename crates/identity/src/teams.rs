//! Teams: members who see to the same conversations (`conversations` gives them some).
//!
//! Guarantees: nobody lets others into a team, or makes what is a team's everybody's, who does not reach its conversations themselves.

use crate::members::hold;
use crate::{Identity, IdentityError};
use model::audit::Act;
use model::event::EventKind;
use model::identity::{Team, TeamMember};
use model::input::TeamName;
use model::permission::{CHANNELS, ManageMembers, Permission, Permissions, ReadWorkspace};
use model::{MemberId, TeamId};
use store::audit::{self, Entry};
use store::bus::Notice;
use store::services::timestamp;
use store::{Actor, Caller, Denied, StoreError, TenantTx, events};
use uuid::Uuid;
use words::text;

/// Most teams of a tenant. (In each there is room for all members that a tenant may have.)
pub const MAX_TEAMS: usize = 50;

/// What was wished for, if it can be a name.
fn named(name: &str) -> Result<TeamName, IdentityError> {
    TeamName::parse(name).map_err(|e| IdentityError::field("name", e.0))
}

fn taken() -> IdentityError {
    IdentityError::field("name", text!("There is a team of this name already. Choose another one."))
}

/// The name of a team, which is held until the end.
async fn held(tx: &mut TenantTx, team: TeamId) -> Result<String, IdentityError> {
    let name = sqlx::query_scalar!("select name from app.teams where team_id = $1 for no key update", team.uuid());
    name.fetch_optional(tx).await.map_err(StoreError::from)?.ok_or(IdentityError::NotFound)
}

/// Makes sure that the caller reaches what is a team's, by whichever channel it came.
async fn reaches(tx: &mut TenantTx, caller: &Caller, team: TeamId) -> Result<(), IdentityError> {
    let may = caller.permissions();
    if !may.have(CHANNELS) {
        return Err(Denied.into());
    }
    if may.has(Permission::ReachOthers) {
        return Ok(());
    }
    let Actor::Member { member, .. } = caller.actor() else { return Err(Denied.into()) };
    let of_it = sqlx::query_scalar!(
        r#"select exists (select from app.team_members where team_id = $1 and member_id = $2) as "of_it!""#,
        team.uuid(),
        member.uuid()
    );
    let of_it = of_it.fetch_one(tx).await.map_err(StoreError::from)?;
    if of_it && may.has(Permission::ReachTeams) { Ok(()) } else { Err(Denied.into()) }
}

/// Makes sure that members to whom a role is given, or for whom theirs changes, do not reach by it what is a team's that the caller does not
/// reach: who reaches some alone opens more to somebody of their own teams.
pub(crate) async fn stays_within(
    tx: &mut TenantTx,
    caller: &Caller,
    members: &[Uuid],
    (had, has): (Permissions, Permissions),
) -> Result<(), IdentityError> {
    use Permission as P;
    const THERE: Permissions =
        Permissions::of(&[P::ReachTeams, P::ReadConversations, P::WriteConversations]).and(CHANNELS);
    let more = has.has(P::ReachTeams) && !had.have(has.within(THERE));
    if !more || caller.permissions().has(P::ReachOthers) {
        return Ok(());
    }
    let own = match caller.actor() {
        Actor::Member { member, .. } => Some(member.uuid()),
        _ => None,
    };
    let beyond = sqlx::query_scalar!(
        r#"select exists (select from app.team_members t where t.member_id = any($1) and not exists (
             select from app.team_members o where o.team_id = t.team_id and o.member_id = $2)) as "beyond!""#,
        members,
        own
    );
    if beyond.fetch_one(tx).await.map_err(StoreError::from)? { Err(Denied.into()) } else { Ok(()) }
}

/// The teams of a tenant by name, or one of them.
async fn teams(tx: &mut TenantTx, only: Option<TeamId>) -> Result<Vec<Team>, StoreError> {
    let only = only.map(TeamId::uuid);
    let rows = sqlx::query!(
        "select team_id, name, created_at from app.teams where $1::uuid is null or team_id = $1
         order by folded, team_id limit 1000",
        only
    );
    let rows = rows.fetch_all(&mut *tx).await?;
    let members = sqlx::query!(
        "select t.team_id, m.member_id, m.name
         from app.team_members t join app.memberships m on m.tenant_id = t.tenant_id and m.member_id = t.member_id
         where $1::uuid is null or t.team_id = $1
         order by m.name, m.member_id",
        only
    );
    let members = members.fetch_all(tx).await?;
    let all = rows.into_iter().map(|team| {
        let here = members.iter().filter(|one| one.team_id == team.team_id);
        let here = here.map(|one| TeamMember { id: MemberId::from_uuid(one.member_id), name: one.name.clone() });
        Team {
            id: TeamId::from_uuid(team.team_id),
            name: team.name,
            members: here.collect(),
            created_at: timestamp(team.created_at),
        }
    });
    Ok(all.collect())
}

impl Identity {
    /// The teams of the caller's tenant, by name.
    ///
    /// # Errors
    /// [`IdentityError::Denied`], or the database's.
    #[tracing::instrument(name = "db.team.list", skip_all)]
    pub async fn list_teams(&self, caller: &Caller) -> Result<Vec<Team>, IdentityError> {
        let mut tx = self.services.store.tenant(caller.may(ReadWorkspace)?.scope()).await?;
        let all = teams(&mut tx, None).await?;
        tx.leave_open();
        Ok(all)
    }

    /// What the teams of the caller's tenant are called, by name.
    ///
    /// # Errors
    /// As [`Identity::list_teams`].
    #[tracing::instrument(name = "db.team.names", skip_all)]
    pub async fn team_names(&self, caller: &Caller) -> Result<Vec<(TeamId, String)>, IdentityError> {
        let mut tx = self.services.store.tenant(caller.may(ReadWorkspace)?.scope()).await?;
        let rows = sqlx::query!("select team_id, name from app.teams order by folded, team_id limit 1000");
        let rows = rows.fetch_all(&mut tx).await.map_err(StoreError::from)?;
        tx.leave_open();
        Ok(rows.into_iter().map(|team| (TeamId::from_uuid(team.team_id), team.name)).collect())
    }

    /// One of them.
    ///
    /// # Errors
    /// As [`Identity::list_teams`], and [`IdentityError::NotFound`].
    #[tracing::instrument(name = "db.team.get", skip_all)]
    pub async fn get_team(&self, caller: &Caller, id: TeamId) -> Result<Team, IdentityError> {
        let mut tx = self.services.store.tenant(caller.may(ReadWorkspace)?.scope()).await?;
        teams(&mut tx, Some(id)).await?.pop().ok_or(IdentityError::NotFound)
    }

    /// Makes a team, in which nobody is yet.
    ///
    /// # Errors
    /// [`IdentityError::Denied`]; [`IdentityError::Invalid`] for a name that is none, or another team's; [`IdentityError::TooManyTeams`];
    /// or the database's.
    #[tracing::instrument(name = "db.team.create", skip_all)]
    pub async fn create_team(&self, caller: &Caller, name: &str) -> Result<Team, IdentityError> {
        let right = caller.may(ManageMembers)?;
        let name = named(name)?;
        let (id, now) = (TeamId::from_uuid(self.services.new_id()), self.services.now());
        let mut tx = self.services.store.tenant(right.scope()).await?;
        hold(&mut tx, caller).await?;
        let there = sqlx::query_scalar!(r#"select count(*) as "there!" from app.teams"#);
        if there.fetch_one(&mut tx).await.map_err(StoreError::from)? >= MAX_TEAMS as i64 {
            return Err(IdentityError::TooManyTeams(MAX_TEAMS));
        }
        let put = sqlx::query!(
            "insert into app.teams (tenant_id, team_id, name, folded, created_at) values ($1, $2, $3, $4, $5)
             on conflict (tenant_id, folded) do nothing",
            right.scope().tenant().uuid(),
            id.uuid(),
            name.as_str(),
            name.folded(),
            now
        );
        if put.execute(&mut tx).await.map_err(StoreError::from)?.rows_affected() == 0 {
            return Err(taken());
        }
        let entry = Entry::new(Act::TeamCreated).to(id.uuid(), name.as_str());
        audit::record(&mut tx, &self.services, caller, entry).await?;
        tx.commit().await?;
        Ok(Team { id, name: name.to_string(), members: Vec::new(), created_at: timestamp(now) })
    }

    /// Calls a team something else.
    ///
    /// # Errors
    /// As [`Identity::create_team`], and [`IdentityError::NotFound`].
    #[tracing::instrument(name = "db.team.rename", skip_all)]
    pub async fn rename_team(&self, caller: &Caller, id: TeamId, name: &str) -> Result<(), IdentityError> {
        let right = caller.may(ManageMembers)?;
        let name = named(name)?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        hold(&mut tx, caller).await?;
        let had = held(&mut tx, id).await?;
        if had == name.as_str() {
            return Ok(());
        }
        let another = sqlx::query_scalar!(
            r#"select exists (select from app.teams where folded = $2 and team_id <> $1) as "another!""#,
            id.uuid(),
            name.folded()
        );
        if another.fetch_one(&mut tx).await.map_err(StoreError::from)? {
            return Err(taken());
        }
        sqlx::query!(
            "update app.teams set name = $2, folded = $3 where team_id = $1",
            id.uuid(),
            name.as_str(),
            name.folded()
        )
        .execute(&mut tx)
        .await
        .map_err(StoreError::from)?;
        let entry = Entry::new(Act::TeamRenamed).to(id.uuid(), name.as_str());
        let entry = entry.was("name", had).is("name", name.as_str());
        audit::record(&mut tx, &self.services, caller, entry).await?;
        Ok(tx.commit().await?)
    }

    /// Deletes a team. Its members stay members, and what was given to it is no team's any more.
    ///
    /// # Errors
    /// [`IdentityError::Denied`], also for who does not reach its conversations; [`IdentityError::NotFound`]; or the database's.
    #[tracing::instrument(name = "db.team.delete", skip_all)]
    pub async fn delete_team(&self, caller: &Caller, id: TeamId) -> Result<(), IdentityError> {
        let right = caller.may(ManageMembers)?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        hold(&mut tx, caller).await?;
        let name = held(&mut tx, id).await?;
        reaches(&mut tx, caller, id).await?;
        sqlx::query!("delete from app.teams where team_id = $1", id.uuid())
            .execute(&mut tx)
            .await
            .map_err(StoreError::from)?;
        let entry = Entry::new(Act::TeamDeleted).to(id.uuid(), &name);
        audit::record(&mut tx, &self.services, caller, entry).await?;
        tx.commit().await?;
        // Sockets look again at what they follow.
        self.services.publish(Notice::Ended { tenant: right.scope().tenant() });
        Ok(())
    }

    /// Puts a member into a team, who reaches its conversations from now on as far as their role says. Who is in it stays.
    ///
    /// # Errors
    /// As [`Identity::delete_team`]; [`IdentityError::NotFound`] also for somebody who is no member.
    #[tracing::instrument(name = "db.team.add_member", skip_all)]
    pub async fn add_to_team(&self, caller: &Caller, id: TeamId, member: MemberId) -> Result<(), IdentityError> {
        self.change_team(caller, id, member, true).await
    }

    /// Takes a member out of a team. What they have taken stays theirs.
    ///
    /// # Errors
    /// [`IdentityError::Denied`]; [`IdentityError::NotFound`] for a team that there is not, or who is not in it; or the database's.
    #[tracing::instrument(name = "db.team.remove_member", skip_all)]
    pub async fn take_from_team(&self, caller: &Caller, id: TeamId, member: MemberId) -> Result<(), IdentityError> {
        self.change_team(caller, id, member, false).await
    }

    async fn change_team(
        &self,
        caller: &Caller,
        id: TeamId,
        member: MemberId,
        into: bool,
    ) -> Result<(), IdentityError> {
        let right = caller.may(ManageMembers)?;
        let scope = right.scope();
        let mut tx = self.services.store.tenant(scope).await?;
        hold(&mut tx, caller).await?;
        let team = held(&mut tx, id).await?;
        let name = sqlx::query_scalar!("select name from app.memberships where member_id = $1", member.uuid());
        let name = name.fetch_optional(&mut tx).await.map_err(StoreError::from)?.ok_or(IdentityError::NotFound)?;
        let changed = if into {
            reaches(&mut tx, caller, id).await?;
            let put = sqlx::query!(
                "insert into app.team_members (tenant_id, member_id, team_id) values ($1, $2, $3)
                 on conflict (tenant_id, member_id, team_id) do nothing",
                scope.tenant().uuid(),
                member.uuid(),
                id.uuid()
            );
            put.execute(&mut tx).await
        } else {
            let taken = sqlx::query!(
                "delete from app.team_members where member_id = $1 and team_id = $2",
                member.uuid(),
                id.uuid()
            );
            taken.execute(&mut tx).await
        };
        match (changed.map_err(StoreError::from)?.rows_affected(), into) {
            (0, true) => return Ok(()),
            (0, false) => return Err(IdentityError::NotFound),
            _ => {}
        }
        events::record(&mut tx, &self.services, scope, EventKind::MemberChanged, member.uuid()).await?;
        let act = if into { Act::TeamMemberAdded } else { Act::TeamMemberRemoved };
        let entry = Entry::new(act).to(member.uuid(), &name);
        let entry = if into { entry.is("team", team) } else { entry.was("team", team) };
        audit::record(&mut tx, &self.services, caller, entry).await?;
        tx.commit().await?;
        self.services.publish(Notice::Ended { tenant: scope.tenant() });
        Ok(())
    }
}
