//! Asking people into a tenant, and joining it by the link of an invitation.
//!
//! An invitation is to an address, for a role, open until it is accepted, taken back or expired; of an address one is open. Its
//! link is made as those of letters are, and signs nobody in: who has an account shows it by its password, who has none makes
//! one. Where there is no mail server the link is shown to who invites, and then it confirms no address.

use crate::language::spoken;
use crate::letters::texts;
use crate::members::hold;
use crate::roles::{known as known_role, may_give, role_of};
use crate::sign_in::Known;
use crate::tenants::{Begins, First};
use crate::{Identity, IdentityError, Origin, SignInForm};
use model::audit::Act;
use model::event::EventKind;
use model::identity::{Invitation, Role};
use model::input::{Email, NewPassword, PersonName};
use model::permission::{ManageMembers, ReadWorkspace};
use model::{FieldError, InvitationId, MemberId, PersonId, TenantId};
use store::audit::{self, Entry};
use store::jobs::{self, Handler, Job, JobError, Lane, Task};
use store::services::timestamp;
use store::{Actor, Caller, PlatformTx, Reason, StoreError, TenantTx, events};
use time::Duration;
use uuid::Uuid;
use words::{Language, text};
use zeroize::Zeroizing;

/// Members of a tenant and open invitations together.
pub const MAX_MEMBERS: usize = 200;
/// Invitations of a tenant in a day, and to one address.
pub const DAILY: usize = 100;
const TO_ONE: i64 = 3;
/// How long one is open.
pub(crate) const OPEN: Duration = Duration::days(7);
/// What their links are made for.
const KIND: &str = "join";

/// An invitation that was just made or sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invited {
    /// The invitation.
    pub invitation: Invitation,
    /// Its link, where no letter takes it there.
    pub link: Option<String>,
}

/// What whoever opens a link is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The tenant.
    pub tenant: TenantId,
    /// The company.
    pub company: String,
    /// To whom it is.
    pub email: String,
    /// As what.
    pub role: Role,
    /// What people call that.
    pub role_title: String,
    /// Whether there is an account with this address.
    pub known: bool,
}

impl Offer {
    /// Its role as the audit log writes it.
    fn written(&self) -> String {
        if self.role.title().is_some() { self.role.to_string() } else { self.role_title.clone() }
    }
}

/// What the form of that page holds.
#[derive(Debug, Default)]
pub struct JoinForm {
    /// The name, of who makes an account.
    pub name: String,
    /// The new password, or the one of the account that is there.
    pub password: Zeroizing<String>,
}

/// Sends an invitation.
#[derive(Debug)]
pub struct SendInvitation;

impl Job for SendInvitation {
    const NAME: &'static str = "send_invitation";
    const LANE: Lane = Lane::Mail;
    const DEADLINE: std::time::Duration = std::time::Duration::from_secs(60);
    const TRIES: i32 = 10;
    type Subject = InvitationId;
}

struct Open {
    tenant: TenantId,
    invitation: InvitationId,
    /// Whether its link was given by hand.
    by_hand: bool,
    offer: Offer,
}

impl Identity {
    /// Asks somebody to join.
    ///
    /// # Errors
    /// [`IdentityError::Denied`] for who may not, or for a role above one's own; [`IdentityError::Invalid`] for an address that
    /// is none, a member's, or was asked often enough today; [`IdentityError::TooManyInvitations`] and
    /// [`IdentityError::TooManyMembers`]; or the database's.
    #[tracing::instrument(name = "db.invitation.create", skip_all)]
    pub async fn invite(&self, caller: &Caller, email: &str, role: Role) -> Result<Invited, IdentityError> {
        let right = caller.may(ManageMembers)?;
        let email = Email::parse(email).map_err(|e| IdentityError::field("email", e.0))?;
        let (id, now) = (self.services.new_id(), self.services.now());
        let mut tx = self.services.store.tenant(right.scope()).await?;
        hold(&mut tx, caller).await?;
        let role = self.role_to_give(&mut tx, caller, role).await?;
        let found = sqlx::query!(
            r#"select exists (select from app.memberships where email = $1) as "member!",
                 (select count(*) from app.memberships) + (select count(*) from app.invitations
                  where accepted_at is null and revoked_at is null and expires_at > $2 and email <> $1) as "members!",
                 (select count(*) from app.invitations where created_at > $3) as "today!",
                 (select count(*) from app.invitations where created_at > $3 and email = $1) as "to_one!""#,
            email.as_str(),
            now,
            now - Duration::days(1)
        )
        .fetch_one(&mut tx)
        .await
        .map_err(StoreError::from)?;
        if found.member {
            return Err(IdentityError::field("email", text!("Somebody with this address is a member already.")));
        }
        if found.to_one >= TO_ONE {
            return Err(IdentityError::field(
                "email",
                text!("This address was asked several times today. Ask again tomorrow."),
            ));
        }
        if found.members >= MAX_MEMBERS as i64 {
            return Err(IdentityError::TooManyMembers(MAX_MEMBERS));
        }
        if found.today >= DAILY as i64 {
            return Err(IdentityError::TooManyInvitations(DAILY));
        }
        // Of an address one is open: the last.
        let replaced = sqlx::query_as!(
            TakenBack,
            "update app.invitations set revoked_at = $2
             where email = $1 and accepted_at is null and revoked_at is null returning invitation_id, email, role",
            email.as_str(),
            now
        )
        .fetch_all(&mut tx)
        .await
        .map_err(StoreError::from)?;
        for one in &replaced {
            self.may_take_back(&mut tx, caller, &one.role).await?;
        }
        // Whom a key asks, its maker has asked: it ends with them.
        let by = match caller.actor() {
            Actor::ApiKey { key, .. } => {
                let maker = sqlx::query_scalar!("select created_by from app.api_keys where key_id = $1", key.uuid());
                maker.fetch_optional(&mut tx).await.map_err(StoreError::from)?.flatten()
            }
            _ => right.member().map(MemberId::uuid),
        };
        sqlx::query!(
            "insert into app.invitations (tenant_id, invitation_id, email, role, invited_by, created_at, expires_at, by_hand)
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
            right.scope().tenant().uuid(),
            id,
            email.as_str(),
            role.role.to_string(),
            by,
            now,
            now + OPEN,
            !self.delivers()
        )
        .execute(&mut tx)
        .await
        .map_err(StoreError::from)?;
        let id = InvitationId::from_uuid(id);
        events::record(&mut tx, &self.services, right.scope(), EventKind::MemberInvited, id.uuid()).await?;
        jobs::enqueue::<SendInvitation>(&mut tx, &self.services, right.scope(), id).await?;
        self.write_taken_back(&mut tx, caller, &replaced).await?;
        let entry = Entry::new(Act::MemberInvited).to(id.uuid(), email.as_str()).is("role", role.written());
        audit::record(&mut tx, &self.services, caller, entry).await?;
        tx.commit().await?;
        self.services.wake_workers::<SendInvitation>();
        let invitation = Invitation {
            id,
            email: email.to_string(),
            role: role.role,
            role_title: role.title,
            created_at: timestamp(now),
            expires_at: timestamp(now + OPEN),
        };
        Ok(Invited { invitation, link: self.link_to_show(right.scope().tenant(), id) })
    }

    fn path(&self, tenant: TenantId, id: InvitationId) -> String {
        format!("{}/join/{}", self.post.address, self.links.token(KIND, tenant, id.uuid()))
    }

    pub(crate) fn link_to_show(&self, tenant: TenantId, id: InvitationId) -> Option<String> {
        (!self.delivers()).then(|| self.path(tenant, id))
    }

    /// Those that are open, the newest first.
    ///
    /// # Errors
    /// [`IdentityError::Denied`], or the database's.
    #[tracing::instrument(name = "db.invitation.list", skip_all)]
    pub async fn list_invitations(&self, caller: &Caller) -> Result<Vec<Invitation>, IdentityError> {
        let right = caller.may(ReadWorkspace)?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let rows = sqlx::query!(
            r#"select i.invitation_id, i.email, i.role, i.created_at, i.expires_at, r.name as "title?"
               from app.invitations i left join app.roles r on r.tenant_id = i.tenant_id and r.role_id = i.role_id
               where i.accepted_at is null and i.revoked_at is null and i.expires_at > $1
               order by i.invitation_id desc limit 200"#,
            self.services.now()
        )
        .fetch_all(&mut tx)
        .await
        .map_err(StoreError::from)?;
        tx.leave_open();
        rows.into_iter()
            .map(|row| {
                let role = known_role(&row.role, row.title, [])?;
                Ok(Invitation {
                    id: InvitationId::from_uuid(row.invitation_id),
                    email: row.email,
                    role: role.role,
                    role_title: role.title,
                    created_at: timestamp(row.created_at),
                    expires_at: timestamp(row.expires_at),
                })
            })
            .collect()
    }

    /// Asks the same once more, by a new link.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`] for one that is not open, and those of [`Identity::invite`].
    #[tracing::instrument(name = "db.invitation.again", skip_all)]
    pub async fn invite_again(&self, caller: &Caller, id: InvitationId) -> Result<Invited, IdentityError> {
        let right = caller.may(ManageMembers)?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let found = sqlx::query!(
            "select email, role from app.invitations
             where invitation_id = $1 and accepted_at is null and revoked_at is null",
            id.uuid()
        )
        .fetch_optional(&mut tx)
        .await
        .map_err(StoreError::from)?
        .ok_or(IdentityError::NotFound)?;
        drop(tx);
        let role = Role::from_name(&found.role).ok_or(StoreError::Corrupt("invitations.role"))?;
        self.invite(caller, &found.email, role).await
    }

    /// Takes it back. Twice is the same as once.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`] for one that there is not, or that was accepted; [`IdentityError::Denied`]; or the
    /// database's.
    #[tracing::instrument(name = "db.invitation.revoke", skip_all)]
    pub async fn take_back(&self, caller: &Caller, id: InvitationId) -> Result<(), IdentityError> {
        let right = caller.may(ManageMembers)?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let found = sqlx::query!(
            "select email, role, revoked_at from app.invitations
             where invitation_id = $1 and accepted_at is null for no key update",
            id.uuid()
        )
        .fetch_optional(&mut tx)
        .await
        .map_err(StoreError::from)?
        .ok_or(IdentityError::NotFound)?;
        self.may_take_back(&mut tx, caller, &found.role).await?;
        if found.revoked_at.is_some() {
            return Ok(());
        }
        sqlx::query!(
            "update app.invitations set revoked_at = $2 where invitation_id = $1",
            id.uuid(),
            self.services.now()
        )
        .execute(&mut tx)
        .await
        .map_err(StoreError::from)?;
        let entry = Entry::new(Act::InvitationTakenBack).to(id.uuid(), &found.email);
        let entry = entry.was("role", written(&mut tx, &found.role).await?);
        audit::record(&mut tx, &self.services, caller, entry).await?;
        Ok(tx.commit().await?)
    }

    /// Whether the caller may take back what asks somebody to join with this role: as who may give it.
    async fn may_take_back(&self, tx: &mut TenantTx, caller: &Caller, role: &str) -> Result<(), IdentityError> {
        let role = Role::from_name(role).ok_or(StoreError::Corrupt("invitations.role"))?;
        match role_of(tx, role).await? {
            Some(role) => Ok(may_give(caller, role.permissions)?),
            // It was deleted: nobody joins with it.
            None => Ok(()),
        }
    }

    /// Takes back what a member asked who goes, or may do something else from now on.
    pub(crate) async fn take_back_all_of(
        &self,
        tx: &mut TenantTx,
        member: MemberId,
    ) -> Result<Vec<TakenBack>, StoreError> {
        let taken_back = sqlx::query_as!(
            TakenBack,
            "update app.invitations set revoked_at = $2
             where invited_by = $1 and accepted_at is null and revoked_at is null returning invitation_id, email, role",
            member.uuid(),
            self.services.now()
        );
        Ok(taken_back.fetch_all(tx).await?)
    }

    /// Writes down which invitations were taken back, as the last thing that is done.
    pub(crate) async fn write_taken_back(
        &self,
        tx: &mut TenantTx,
        caller: &Caller,
        all: &[TakenBack],
    ) -> Result<(), StoreError> {
        for one in all {
            let entry = Entry::new(Act::InvitationTakenBack).to(one.invitation_id, &one.email);
            let entry = entry.was("role", written(tx, &one.role).await?);
            audit::record(tx, &self.services, caller, entry).await?;
        }
        Ok(())
    }

    /// What a link offers.
    ///
    /// # Errors
    /// [`IdentityError::LinkOver`], or the database's.
    pub async fn offer(&self, token: &str, origin: &Origin) -> Result<Offer, IdentityError> {
        let named = self.links.read(KIND, token).ok_or(IdentityError::LinkOver)?;
        let mut tx = self.services.store.platform(Reason::SignUp, origin.request).await?;
        Ok(self.open_invitation(&mut tx, named, false).await?.offer)
    }

    /// What a link names, if it is still good. `hold`: until the transaction ends, so that it opens once.
    #[tracing::instrument(name = "db.invitation.open", skip_all)]
    async fn open_invitation(
        &self,
        tx: &mut PlatformTx,
        (tenant, id): (TenantId, Uuid),
        hold: bool,
    ) -> Result<Open, IdentityError> {
        if hold {
            sqlx::query!(
                "select invitation_id from app.invitations where tenant_id = $1 and invitation_id = $2 for no key update",
                tenant.uuid(),
                id
            )
            .fetch_optional(&mut *tx)
            .await
            .map_err(StoreError::from)?;
        }
        let row = sqlx::query!(
            r#"select i.email, i.role, i.by_hand, t.name, r.name as "title?", exists (select from app.people p
                 join app.memberships m on m.person_id = p.person_id where p.email = i.email) as "known!"
               from app.invitations i join app.tenants t on t.tenant_id = i.tenant_id
               left join app.roles r on r.tenant_id = i.tenant_id and r.role_id = i.role_id
               where i.tenant_id = $1 and i.invitation_id = $2 and i.accepted_at is null and i.revoked_at is null
                 and i.expires_at > $3 and t.suspended_at is null"#,
            tenant.uuid(),
            id,
            self.services.now()
        )
        .fetch_optional(tx)
        .await
        .map_err(StoreError::from)?
        .ok_or(IdentityError::LinkOver)?;
        let role = known_role(&row.role, row.title, [])?;
        let (role, role_title) = (role.role, role.title);
        let offer = Offer { tenant, company: row.name, email: row.email, role, role_title, known: row.known };
        Ok(Open { tenant, invitation: InvitationId::from_uuid(id), by_hand: row.by_hand, offer })
    }

    /// Joins, by the password of the account that is there, or with a new account. Signs nobody in.
    ///
    /// # Errors
    /// [`IdentityError::LinkOver`]; [`IdentityError::Invalid`], [`IdentityError::WrongCredentials`] and
    /// [`IdentityError::TooManyAttempts`] for what was typed; or a fault. Nothing is changed then.
    pub async fn join(&self, token: &str, form: JoinForm, origin: &Origin) -> Result<(), IdentityError> {
        let offer = self.offer(token, origin).await?;
        if offer.known {
            let form = SignInForm { email: offer.email, password: form.password };
            let known = self.with_password(form, origin, None, |known| async move { Ok(known) }).await?;
            return self.accept(token, Joins::Known(known), origin).await.map(|_| ());
        }
        let mut errors = Vec::new();
        let mut wrong = |field: &str, rejected: model::input::Rejected| {
            errors.push(FieldError { field: field.to_owned(), message: rejected.0 });
        };
        let name = PersonName::parse(&form.name).map_err(|e| wrong("name", e)).ok();
        let known = [offer.email.as_str(), form.name.as_str()];
        let password = NewPassword::parse(&form.password, &known).map_err(|e| wrong("password", e)).ok();
        let (Some(name), Some(password)) = (name, password) else { return Err(IdentityError::Invalid(errors)) };
        self.attempt_sign_up(origin).await?;
        let first = First::Password(Zeroizing::new(password.expose().to_owned()));
        self.accept(token, Joins::New { name, first }, origin).await.map(|_| ())
    }

    /// Those that are open to an address whose reader is there, with their links.
    #[tracing::instrument(name = "db.invitation.of_address", skip_all)]
    pub(crate) async fn invitations_of(
        &self,
        email: &Email,
        origin: &Origin,
    ) -> Result<Vec<(String, Offer)>, IdentityError> {
        let mut tx = self.services.store.platform(Reason::SignUp, origin.request).await?;
        let rows = sqlx::query!(
            r#"select i.tenant_id, i.invitation_id, i.role, t.name, r.name as "title?"
               from app.invitations i join app.tenants t on t.tenant_id = i.tenant_id
               left join app.roles r on r.tenant_id = i.tenant_id and r.role_id = i.role_id
               where i.email = $1 and i.accepted_at is null and i.revoked_at is null and i.expires_at > $2
                 and t.suspended_at is null
               order by t.name, i.invitation_id limit 20"#,
            email.as_str(),
            self.services.now()
        );
        let rows = rows.fetch_all(&mut tx).await.map_err(StoreError::from)?;
        let offered = rows.into_iter().map(|row| {
            let role = known_role(&row.role, row.title, [])?;
            let (role, role_title, tenant) = (role.role, role.title, TenantId::from_uuid(row.tenant_id));
            let token = self.links.token(KIND, tenant, row.invitation_id);
            Ok((token, Offer { tenant, company: row.name, email: email.to_string(), role, role_title, known: false }))
        });
        offered.collect()
    }

    #[tracing::instrument(name = "db.invitation.accept", skip_all)]
    pub(crate) async fn accept(
        &self,
        token: &str,
        who: Joins,
        origin: &Origin,
    ) -> Result<(Known, TenantId), IdentityError> {
        let named = self.links.read(KIND, token).ok_or(IdentityError::LinkOver)?;
        let now = self.services.now();
        // What takes long is done before anything is held.
        let who = match who {
            Joins::Known(known) => Ok(known),
            Joins::New { name, first } => Err((name, self.begins(first, origin).await?)),
        };
        let mut tx = self.services.store.platform(Reason::SignUp, origin.request).await?;
        let Open { tenant, invitation, by_hand, offer } = self.open_invitation(&mut tx, named, true).await?;
        // A link that came by mail confirms the address. Where there is no mail, nothing could.
        let vouched = matches!(who, Err((_, Begins::Vouched(..))));
        let confirms = vouched || !by_hand || !self.delivers();
        let known = match who {
            Ok(known) => {
                let epoch = sqlx::query_scalar!(
                    "select password_epoch from app.people where person_id = $1 for no key update",
                    known.person.uuid()
                );
                if epoch.fetch_optional(&mut tx).await.map_err(StoreError::from)? != Some(known.epoch) {
                    return Err(IdentityError::SignInOver);
                }
                known
            }
            Err((name, begins)) => {
                let whose = (offer.email.as_str(), name.as_str());
                let begun = self.begin_person(&mut tx, whose, &begins, confirms.then_some(now)).await?;
                // Somebody signed up with it meanwhile: the page asks for that password.
                let (person, epoch) = begun.ok_or(IdentityError::EmailTaken)?;
                Known { person, epoch, confirmed: confirms }
            }
        };
        let person = known.person.uuid();
        sqlx::query!(
            "insert into app.memberships (tenant_id, member_id, person_id, name, email, role, created_at, language)
             select $1, $2, p.person_id, p.name, p.email, $4, $5,
               coalesce((select min(m.language) from app.memberships m where m.person_id = $3),
                 case when t.language is null then $6 end)
             from app.people p join app.tenants t on t.tenant_id = $1 where p.person_id = $3
             on conflict (tenant_id, person_id) do nothing",
            tenant.uuid(),
            self.services.new_id(),
            person,
            offer.role.to_string(),
            now,
            origin.language.map(Language::tag)
        )
        .execute(&mut tx)
        .await
        .map_err(StoreError::from)?;
        sqlx::query!(
            "update app.invitations set accepted_at = $3 where tenant_id = $1 and invitation_id = $2",
            tenant.uuid(),
            invitation.uuid(),
            now
        )
        .execute(&mut tx)
        .await
        .map_err(StoreError::from)?;
        if confirms {
            sqlx::query!(
                "update app.people set verified_at = coalesce(verified_at, $2) where person_id = $1",
                person,
                now
            )
            .execute(&mut tx)
            .await
            .map_err(StoreError::from)?;
        }
        let entry = Entry::new(Act::MemberJoined).is("role", offer.written()).is("email", &offer.email);
        let whose = (tenant, PersonId::from_uuid(person));
        audit::record_in(&mut tx, &self.services, whose, origin.into(), entry).await?;
        tx.commit().await?;
        tracing::info!(%tenant, "a member joined");
        Ok((known, tenant))
    }
}

/// A role as the audit log writes it; one that is not there any more by its id.
async fn written(tx: &mut TenantTx, role: &str) -> Result<String, StoreError> {
    let known = match Role::from_name(role) {
        Some(known) => role_of(tx, known).await?,
        None => None,
    };
    Ok(known.map_or_else(|| role.to_owned(), |known| known.written()))
}

/// An invitation that was taken back.
pub(crate) struct TakenBack {
    invitation_id: Uuid,
    email: String,
    role: String,
}

/// Who accepts.
pub(crate) enum Joins {
    /// Who has an account.
    Known(Known),
    /// Who has none.
    New { name: PersonName, first: First },
}

impl Handler<SendInvitation> for Identity {
    #[tracing::instrument(name = "job.send_invitation", skip_all)]
    async fn run(&self, task: &Task<SendInvitation>) -> Result<(), JobError> {
        let mut tx = self.services.store.tenant(task.scope()).await?;
        let found = sqlx::query!(
            r#"select i.email, m.name as "inviter?", t.name as company, coalesce(t.language, m.language) as language
               from app.invitations i
               join app.tenants t on t.tenant_id = i.tenant_id
               left join app.memberships m on m.tenant_id = i.tenant_id and m.member_id = i.invited_by
               where i.invitation_id = $1 and i.accepted_at is null and i.revoked_at is null and i.expires_at > $2"#,
            task.subject().uuid(),
            self.services.now()
        )
        .fetch_optional(&mut tx)
        .await?;
        drop(tx);
        let Some(row) = found else { return Ok(()) };
        let link = self.path(task.scope().tenant(), task.subject());
        let language = spoken(row.language).unwrap_or_default();
        let letter = texts::invitation(language, row.email, row.inviter.as_deref(), &row.company, link);
        self.post.send(&letter).await
    }

    async fn gave_up(&self, task: &Task<SendInvitation>, error: &str) -> Result<(), JobError> {
        tracing::warn!(invitation = %task.subject(), error, "an invitation was not sent");
        Ok(())
    }
}
