//! Asking people into a tenant, and joining it by the link of an invitation.
//!
//! An invitation is to an address, for a role, open until it is accepted, taken back or expired; of an address one is open. Its
//! link is made as those of letters are, and signs nobody in: who has an account shows it by its password, who has none makes
//! one. Where there is no mail server the link is shown to who invites, and then it confirms no address.

use crate::letters::words;
use crate::members::may_give;
use crate::{Identity, IdentityError, Origin, SignInForm};
use mail::MailError;
use model::event::EventKind;
use model::identity::{Invitation, Role};
use model::input::{Email, NewPassword, PersonName};
use model::permission::{ManageMembers, ReadWorkspace};
use model::{FieldError, InvitationId, MemberId, PersonId, TenantId};
use store::jobs::{self, Handler, Job, JobError, Lane, Task};
use store::services::timestamp;
use store::{Caller, PlatformTx, Reason, StoreError, events};
use time::Duration;
use zeroize::Zeroizing;

/// Invitations of a tenant that may be open.
pub const MAX_INVITATIONS: usize = 100;
/// How long one is open.
const OPEN: Duration = Duration::days(7);
/// What their links are made for.
const KIND: &str = "join";

/// An invitation that was just made or sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invited {
    /// To whom.
    pub email: String,
    /// Its link, where no letter takes it there.
    pub link: Option<String>,
}

/// What whoever opens a link is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The company.
    pub company: String,
    /// To whom it is.
    pub email: String,
    /// As what.
    pub role: Role,
    /// Whether there is an account with this address.
    pub known: bool,
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
    offer: Offer,
}

impl Identity {
    /// Asks somebody to join.
    ///
    /// # Errors
    /// [`IdentityError::Denied`] for who may not, or for a role above one's own; [`IdentityError::Invalid`] for an address that
    /// is none, or a member's; [`IdentityError::TooManyInvitations`]; or the database's.
    #[tracing::instrument(name = "db.invitation.create", skip_all)]
    pub async fn invite(&self, caller: &Caller, email: &str, role: Role) -> Result<Invited, IdentityError> {
        let right = caller.may(ManageMembers)?;
        may_give(caller, role)?;
        let email = Email::parse(email).map_err(|e| IdentityError::field("email", e.to_string()))?;
        let (id, now) = (self.services.new_id(), self.services.now());
        let mut tx = self.services.store.tenant(right.scope()).await?;
        // The tenant's row is the lock: two at once see each other.
        sqlx::query!("select tenant_id from app.tenants for no key update")
            .fetch_optional(&mut tx)
            .await
            .map_err(StoreError::from)?;
        let found = sqlx::query!(
            r#"select exists (select from app.memberships where email = $1) as "member!",
                 (select count(*) from app.invitations
                  where accepted_at is null and revoked_at is null and expires_at > $2 and email <> $1) as "others!""#,
            email.as_str(),
            now
        )
        .fetch_one(&mut tx)
        .await
        .map_err(StoreError::from)?;
        if found.member {
            return Err(IdentityError::field("email", "Somebody with this address is a member already."));
        }
        if found.others >= MAX_INVITATIONS as i64 {
            return Err(IdentityError::TooManyInvitations(MAX_INVITATIONS));
        }
        // Of an address one is open: the last.
        sqlx::query!(
            "update app.invitations set revoked_at = $2 where email = $1 and accepted_at is null and revoked_at is null",
            email.as_str(),
            now
        )
        .execute(&mut tx)
        .await
        .map_err(StoreError::from)?;
        sqlx::query!(
            "insert into app.invitations (tenant_id, invitation_id, email, role, invited_by, created_at, expires_at)
             values ($1, $2, $3, $4, $5, $6, $7)",
            right.scope().tenant().uuid(),
            id,
            email.as_str(),
            role.name(),
            right.member().map(MemberId::uuid),
            now,
            now + OPEN
        )
        .execute(&mut tx)
        .await
        .map_err(StoreError::from)?;
        let id = InvitationId::from_uuid(id);
        events::record(&mut tx, &self.services, right.scope(), EventKind::MemberInvited, id.uuid()).await?;
        jobs::enqueue::<SendInvitation>(&mut tx, &self.services, right.scope(), id).await?;
        tx.commit().await?;
        self.services.wake_workers::<SendInvitation>();
        Ok(Invited { email: email.to_string(), link: self.link_to_show(right.scope().tenant(), id) })
    }

    fn path(&self, tenant: TenantId, id: InvitationId) -> String {
        format!("{}/join/{}", self.post.address, self.links.token(KIND, tenant, id.uuid()))
    }

    fn link_to_show(&self, tenant: TenantId, id: InvitationId) -> Option<String> {
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
            "select invitation_id, email, role, created_at, expires_at from app.invitations
             where accepted_at is null and revoked_at is null and expires_at > $1 order by invitation_id desc limit 200",
            self.services.now()
        )
        .fetch_all(&mut tx)
        .await
        .map_err(StoreError::from)?;
        tx.leave_open();
        rows.into_iter()
            .map(|row| {
                Ok(Invitation {
                    id: InvitationId::from_uuid(row.invitation_id),
                    email: row.email,
                    role: Role::from_name(&row.role).ok_or(StoreError::Corrupt("invitations.role"))?,
                    created_at: timestamp(row.created_at),
                    expires_at: timestamp(row.expires_at),
                })
            })
            .collect()
    }

    /// Sends it again, and keeps it open for as long as a new one.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`] for one that is not open, [`IdentityError::Denied`], or the database's.
    #[tracing::instrument(name = "db.invitation.again", skip_all)]
    pub async fn invite_again(&self, caller: &Caller, id: InvitationId) -> Result<Invited, IdentityError> {
        let right = caller.may(ManageMembers)?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let found = sqlx::query!(
            "update app.invitations set expires_at = $2
             where invitation_id = $1 and accepted_at is null and revoked_at is null returning email, role",
            id.uuid(),
            self.services.now() + OPEN
        )
        .fetch_optional(&mut tx)
        .await
        .map_err(StoreError::from)?
        .ok_or(IdentityError::NotFound)?;
        may_give(caller, Role::from_name(&found.role).ok_or(StoreError::Corrupt("invitations.role"))?)?;
        jobs::enqueue::<SendInvitation>(&mut tx, &self.services, right.scope(), id).await?;
        tx.commit().await?;
        self.services.wake_workers::<SendInvitation>();
        Ok(Invited { email: found.email, link: self.link_to_show(right.scope().tenant(), id) })
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
        sqlx::query!(
            "update app.invitations set revoked_at = coalesce(revoked_at, $2)
             where invitation_id = $1 and accepted_at is null returning invitation_id",
            id.uuid(),
            self.services.now()
        )
        .fetch_optional(&mut tx)
        .await
        .map_err(StoreError::from)?
        .ok_or(IdentityError::NotFound)?;
        Ok(tx.commit().await?)
    }

    /// What a link offers.
    ///
    /// # Errors
    /// [`IdentityError::LinkOver`], or the database's.
    pub async fn offer(&self, token: &str, origin: &Origin) -> Result<Offer, IdentityError> {
        let mut tx = self.services.store.platform(Reason::SignUp, origin.request).await?;
        Ok(self.open_invitation(&mut tx, token).await?.offer)
    }

    #[tracing::instrument(name = "db.invitation.open", skip_all)]
    async fn open_invitation(&self, tx: &mut PlatformTx, token: &str) -> Result<Open, IdentityError> {
        let (tenant, id) = self.links.read(KIND, token).ok_or(IdentityError::LinkOver)?;
        let row = sqlx::query!(
            r#"select i.email, i.role, t.name, exists (select from app.people p where p.email = i.email) as "known!"
               from app.invitations i join app.tenants t on t.tenant_id = i.tenant_id
               where i.tenant_id = $1 and i.invitation_id = $2 and i.accepted_at is null and i.revoked_at is null
                 and i.expires_at > $3 and t.suspended_at is null
               for no key update of i"#,
            tenant.uuid(),
            id,
            self.services.now()
        )
        .fetch_optional(tx)
        .await
        .map_err(StoreError::from)?
        .ok_or(IdentityError::LinkOver)?;
        let role = Role::from_name(&row.role).ok_or(StoreError::Corrupt("invitations.role"))?;
        let offer = Offer { company: row.name, email: row.email, role, known: row.known };
        Ok(Open { tenant, invitation: InvitationId::from_uuid(id), offer })
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
            let person = self.show(form, origin).await?;
            return self.accept(token, Joins::Known(person), origin).await;
        }
        let mut errors = Vec::new();
        let mut wrong = |field: &str, rejected: model::input::Rejected| {
            errors.push(FieldError { field: field.to_owned(), message: rejected.to_string() });
        };
        let name = PersonName::parse(&form.name).map_err(|e| wrong("name", e)).ok();
        let known = [offer.email.as_str(), form.name.as_str()];
        let password = NewPassword::parse(&form.password, &known).map_err(|e| wrong("password", e)).ok();
        let (Some(name), Some(password)) = (name, password) else { return Err(IdentityError::Invalid(errors)) };
        let hash = self.passwords.hash(origin.network(), Zeroizing::new(password.expose().to_owned())).await?;
        self.accept(token, Joins::New { name, hash }, origin).await
    }

    #[tracing::instrument(name = "db.invitation.accept", skip_all)]
    async fn accept(&self, token: &str, who: Joins, origin: &Origin) -> Result<(), IdentityError> {
        let now = self.services.now();
        let mut tx = self.services.store.platform(Reason::SignUp, origin.request).await?;
        let Open { tenant, invitation, offer } = self.open_invitation(&mut tx, token).await?;
        let person = match who {
            Joins::Known(person) => person.uuid(),
            Joins::New { name, hash } => {
                let person = self.services.new_id();
                let made = sqlx::query!(
                    "insert into app.people (person_id, email, name, password_hash, created_at, verified_at)
                     values ($1, $2, $3, $4, $5, $6) on conflict (email) do nothing",
                    person,
                    offer.email,
                    name.as_str(),
                    hash,
                    now,
                    self.delivers().then_some(now)
                )
                .execute(&mut tx)
                .await
                .map_err(StoreError::from)?;
                // Somebody signed up with it meanwhile: the page asks for that password.
                if made.rows_affected() == 0 {
                    return Err(IdentityError::EmailTaken);
                }
                person
            }
        };
        sqlx::query!(
            "insert into app.memberships (tenant_id, member_id, person_id, name, email, role, created_at)
             select $1, $2, person_id, name, email, $4, $5 from app.people where person_id = $3
             on conflict (tenant_id, person_id) do nothing",
            tenant.uuid(),
            self.services.new_id(),
            person,
            offer.role.name(),
            now
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
        if self.delivers() {
            // The link came to the address.
            sqlx::query!(
                "update app.people set verified_at = coalesce(verified_at, $2) where person_id = $1",
                person,
                now
            )
            .execute(&mut tx)
            .await
            .map_err(StoreError::from)?;
        }
        tx.commit().await?;
        tracing::info!(%tenant, "a member joined");
        Ok(())
    }
}

/// Who accepts.
enum Joins {
    Known(PersonId),
    New { name: PersonName, hash: String },
}

impl Handler<SendInvitation> for Identity {
    #[tracing::instrument(name = "job.send_invitation", skip_all)]
    async fn run(&self, task: &Task<SendInvitation>) -> Result<(), JobError> {
        let mut tx = self.services.store.tenant(task.scope()).await?;
        let found = sqlx::query!(
            r#"select i.email, m.name as "inviter?", t.name as company from app.invitations i
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
        let letter = words::invitation(row.email, row.inviter.as_deref(), &row.company, link);
        self.post.mailer.send(&letter).await.map_err(|error| match error {
            MailError::Later(_) => JobError::Retry(error.to_string()),
            _ => JobError::Hopeless(error.to_string()),
        })
    }

    async fn gave_up(&self, task: &Task<SendInvitation>, error: &str) -> Result<(), JobError> {
        tracing::warn!(invitation = %task.subject(), error, "an invitation was not sent");
        Ok(())
    }
}
