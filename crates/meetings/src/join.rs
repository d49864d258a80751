//! Before the door: who has a meeting's link asks to come in, as a member, as the contact whose pass they bring, as a guest who says who they are,
//! or as who they were before; and programs let somebody in.
//!
//! Guarantees: a code that is wrong, of a meeting that is over or of a company that is suspended gets one answer. Who was taken out, or not let
//! in, has nothing that opens the meeting any more.

use crate::rows::{self, MeetingRow};
use crate::signed::{Signed, lead_no_more, leads};
use crate::tokens::{Says, hex};
use crate::{MOST_IN, MeetingError, Meetings};
use model::audit::Act;
use model::input::{AttendeeName, Passcode};
use model::meeting::{AttendeeKind, AttendeeRole, AttendeeState, Joined, Meeting, MeetingCode, MeetingState};
use model::permission::ManageMeetings;
use model::{AttendeeId, ContactId, MeetingId, MemberId, RequestId};
use store::audit::{self, Entry};
use store::{Actor, Caller, Scope, TenantTx, scope};
use time::{Duration, OffsetDateTime};
use words::text;

/// Most who are in a meeting or wait for it at once.
const ASKED: i64 = 100;
/// Most who have ever asked for one.
const EVER: i64 = 1_000;
/// After how long somebody who was not seen does not count any more: a token is good for as long, and a minute.
pub(crate) const UNSEEN: Duration = Duration::minutes(11);
/// And somebody who has only asked, and opened no socket: whoever has the link can ask often.
const ASKING: Duration = Duration::minutes(2);
/// Characters of a name.
const NAME: usize = 80;

/// What stands before the door of a meeting.
#[derive(Debug, Clone)]
pub struct Door {
    /// The meeting.
    pub meeting: Meeting,
    /// As it stands in the link.
    pub code: String,
    /// Whether whoever looks is a member of the company's.
    pub member: bool,
    /// Whether they will lead it.
    pub host: bool,
    /// The sites that may show it in their pages, as origins.
    pub sites: Vec<String>,
}

/// What somebody brings who asks to come in.
#[derive(Debug, Clone, Default)]
pub struct Joining {
    /// What they are called. A member's own name needs none.
    pub name: Option<String>,
    /// What they know besides the link.
    pub passcode: Option<String>,
    /// Whether they agree that the others see, hear and read them.
    pub consent: bool,
    /// By what a contact comes as themself.
    pub pass: Option<String>,
    /// What the session is known by of a member's who asks.
    pub session: Option<[u8; 32]>,
    /// Who they were here before.
    pub person: Option<String>,
    /// And what proves it.
    pub secret: Option<String>,
}

/// Somebody whom a program lets in.
#[derive(Debug, Clone)]
pub struct Invited {
    /// What they are called.
    pub name: String,
    /// What they may do.
    pub role: AttendeeRole,
    /// The contact, where it is one.
    pub contact: Option<ContactId>,
}

/// Somebody who is written down.
struct New<'a> {
    kind: AttendeeKind,
    member: Option<MemberId>,
    contact: Option<ContactId>,
    name: &'a str,
    role: AttendeeRole,
    /// Whether they lead because they manage meetings.
    by_right: bool,
    /// Of a member: by which session they come.
    session: Option<[u8; 32]>,
    admitted: bool,
    /// Whether they have agreed to be seen, heard and read: nobody else does that for them.
    agreed: bool,
}

impl Meetings {
    /// The caller that a code makes, for the meeting that it is of.
    async fn knock(&self, code: &str, request: RequestId) -> Result<(Caller, MeetingId), MeetingError> {
        let code = MeetingCode::parse(code).ok_or(MeetingError::NotFound)?;
        let caller = scope::of_meeting_code(&self.services, code.as_str(), request).await?;
        let caller = caller.ok_or(MeetingError::NotFound)?;
        let meeting = caller.attendee()?.meeting();
        Ok((caller, meeting))
    }

    /// What stands before the door, for whoever looks.
    ///
    /// # Errors
    /// [`MeetingError::NotFound`] for whatever opens nothing, or the database's.
    #[tracing::instrument(name = "db.meeting.door", skip_all)]
    pub async fn door(&self, code: &str, visitor: Option<&Caller>, request: RequestId) -> Result<Door, MeetingError> {
        let (caller, id) = self.knock(code, request).await?;
        let mut tx = self.services.store.tenant(caller.scope()).await?;
        let row = rows::meeting(&mut tx, id).await?;
        let sites = sqlx::query_scalar!("select embed_origins from app.tenants");
        let sites = sites.fetch_optional(&mut tx).await?.unwrap_or_default();
        let member = visitor.filter(|visitor| member_of(visitor, caller.scope()).is_some());
        Ok(Door {
            code: row.code()?.shown(),
            meeting: self.shown(&row)?,
            member: member.is_some(),
            host: member.is_some_and(leads),
            sites,
        })
    }

    /// Somebody asks to come in.
    ///
    /// # Errors
    /// [`MeetingError::NotFound`] for a code that opens nothing; [`MeetingError::Invalid`] for a name, a passcode or a consent that will not
    /// do; [`MeetingError::TurnedAway`], [`MeetingError::SignedOut`] for the secret of a member who is not signed in as that member;
    /// [`MeetingError::Locked`], [`MeetingError::Full`], [`MeetingError::Wait`]; or the database's.
    #[tracing::instrument(name = "db.meeting.join", skip_all)]
    pub async fn join(
        &self,
        code: &str,
        visitor: Option<&Caller>,
        joining: &Joining,
        request: RequestId,
    ) -> Result<Joined, MeetingError> {
        let (caller, id) = self.knock(code, request).await?;
        let scope = caller.scope();
        let member = visitor.and_then(|visitor| member_of(visitor, scope));
        let signed = member.zip(joining.session).map(|(member, session)| Signed { member, session });
        let leads = member.is_some() && visitor.is_some_and(leads);
        let mut tx = self.services.store.tenant(scope).await?;
        let row = rows::hold(&mut tx, id).await?;
        if row.state()? == MeetingState::Ended {
            return Err(MeetingError::NotFound);
        }
        if let Some(joined) = self.back(&mut tx, scope, &row, joining, (signed, leads)).await? {
            tx.commit().await?;
            return Ok(joined);
        }
        if !joining.consent {
            return Err(MeetingError::not_agreed());
        }
        let name = match member {
            Some(member) => member_name(&mut tx, member).await?,
            None => None,
        };
        // Who is kept out comes as anybody else does.
        let member = member.filter(|_| name.is_some());
        let leads = leads && member.is_some();
        let session = signed.filter(|_| member.is_some()).map(|signed| signed.session);
        let contact = match (member, &joining.pass) {
            (None, Some(pass)) => self.contact_with(&mut tx, scope, &row, pass).await?,
            _ => None,
        };
        // Who was put out as a guest does not come in again by a pass that they kept back: then whoever has one waits as well.
        let trusted = member.is_some() || contact.is_some() && !a_guest_was_put_out(&mut tx, id).await?;
        if let Some(person) = person_of(&mut tx, id, member, contact.as_ref().map(|known| known.id)).await? {
            let joined = self.again(&mut tx, scope, &row, (person, leads, trusted, session)).await?;
            tx.commit().await?;
            return Ok(joined);
        }
        let name = match name.or_else(|| contact.as_ref().and_then(|known| known.name.as_deref()).map(short)) {
            Some(name) => name,
            None => {
                let name = AttendeeName::parse(joining.name.as_deref().unwrap_or_default());
                name.map_err(|e| MeetingError::field("name", e.0))?.to_string()
            }
        };
        if member.is_none() && contact.is_none() {
            self.check_passcode(&row, joining.passcode.as_deref())?;
        }
        if row.locked && !leads {
            return Err(MeetingError::Locked);
        }
        if self.live.count(id) >= MOST_IN && !leads {
            return Err(MeetingError::Full);
        }
        let new = New {
            kind: match (member, &contact) {
                (Some(_), _) => AttendeeKind::Member,
                (None, Some(_)) => AttendeeKind::Contact,
                (None, None) => AttendeeKind::Guest,
            },
            member,
            contact: contact.as_ref().map(|known| known.id),
            name: &name,
            role: if leads { AttendeeRole::Host } else { AttendeeRole::Speaker },
            by_right: leads,
            session,
            admitted: trusted || !row.waiting_room,
            agreed: true,
        };
        let joined = self.write(&mut tx, scope, id, new).await?;
        tx.commit().await?;
        Ok(joined)
    }

    /// Lets somebody in on behalf of a program, or of a member: they need not wait, nor know the passcode. They agree themselves, when they come.
    ///
    /// # Errors
    /// [`MeetingError::Denied`], [`MeetingError::NotFound`] for a meeting that is over or a contact that there is not,
    /// [`MeetingError::Invalid`], [`MeetingError::Full`], or the database's.
    #[tracing::instrument(name = "db.meeting.token", skip_all)]
    pub async fn let_in(&self, caller: &Caller, id: MeetingId, invited: Invited) -> Result<Joined, MeetingError> {
        let scope = caller.may(ManageMeetings)?.scope();
        let name = AttendeeName::parse(&invited.name).map_err(|e| MeetingError::field("name", e.0))?;
        let mut tx = self.services.store.tenant(scope).await?;
        let row = rows::hold(&mut tx, id).await?;
        if row.state()? == MeetingState::Ended {
            return Err(MeetingError::NotFound);
        }
        if let Some(contact) = invited.contact {
            let there =
                sqlx::query_scalar!("select contact_id from app.contacts where contact_id = $1", contact.uuid());
            there.fetch_optional(&mut tx).await?.ok_or_else(MeetingError::no_contact)?;
        }
        let new = New {
            kind: if invited.contact.is_some() { AttendeeKind::Contact } else { AttendeeKind::Guest },
            member: None,
            contact: invited.contact,
            name: name.as_str(),
            role: invited.role,
            by_right: false,
            session: None,
            admitted: true,
            agreed: false,
        };
        let joined = self.write(&mut tx, scope, id, new).await?;
        let entry = Entry::new(Act::MeetingTokenMade).to(id.uuid(), &row.title);
        let entry = entry.is("name", name.as_str()).is("role", invited.role.name());
        audit::record(&mut tx, &self.services, caller, entry).await?;
        tx.commit().await?;
        Ok(joined)
    }

    /// Who comes back with what they were given; nobody, where that opens nothing here.
    async fn back(
        &self,
        tx: &mut TenantTx,
        scope: &Scope,
        row: &MeetingRow,
        joining: &Joining,
        (signed, leads): (Option<Signed>, bool),
    ) -> Result<Option<Joined>, MeetingError> {
        let (Some(person), Some(secret)) = (&joining.person, &joining.secret) else { return Ok(None) };
        let Ok(person) = person.parse::<AttendeeId>() else { return Ok(None) };
        if secret.len() > 200 {
            return Ok(None);
        }
        let hash = self.secret_hash(person, secret);
        let known = sqlx::query_scalar!(
            "select person_id from app.meeting_people where meeting_id = $1 and person_id = $2 and secret_hash = $3",
            row.meeting_id,
            person.uuid(),
            hash.as_slice()
        );
        if known.fetch_optional(&mut *tx).await?.is_none() {
            return Ok(None);
        }
        let mut there = rows::person(tx, row.id(), person).await?.ok_or(MeetingError::NotFound)?;
        if rows::kept_out(tx, &there).await? {
            return Err(MeetingError::TurnedAway);
        }
        if there.kind()? == AttendeeKind::Member {
            // A secret is no session: a member comes back by one of theirs that is open.
            let signed = signed.filter(|signed| there.member_id == Some(signed.member.uuid()));
            let Signed { session, .. } = signed.ok_or(MeetingError::SignedOut)?;
            sqlx::query!(
                "update app.meeting_people set session_hash = $3 where meeting_id = $1 and person_id = $2",
                row.meeting_id,
                person.uuid(),
                session.as_slice()
            )
            .execute(&mut *tx)
            .await?;
            if there.by_right && !leads && lead_no_more(tx, row.id(), person).await? {
                AttendeeRole::Speaker.name().clone_into(&mut there.role);
            }
        }
        if row.locked && there.admitted && there.is_new()? {
            return Err(MeetingError::Locked);
        }
        self.seen(tx, row.id(), person, joining.consent).await?;
        Ok(Some(Joined {
            person,
            secret: secret.clone(),
            token: self.token(scope, row.id(), person),
            state: if there.admitted { AttendeeState::In } else { AttendeeState::Waiting },
            role: there.role()?,
            name: there.name.clone(),
        }))
    }

    /// A member, or a contact who came with a pass, who was here before gets a new secret.
    async fn again(
        &self,
        tx: &mut TenantTx,
        scope: &Scope,
        row: &MeetingRow,
        (person, leads, trusted, session): (AttendeeId, bool, bool, Option<[u8; 32]>),
    ) -> Result<Joined, MeetingError> {
        let there = rows::person(tx, row.id(), person).await?.ok_or(MeetingError::NotFound)?;
        // Who manages meetings comes back into any.
        if there.turned_away()? && !leads {
            return Err(MeetingError::TurnedAway);
        }
        if row.locked && !leads && there.is_new()? {
            return Err(MeetingError::Locked);
        }
        let secret = secret();
        let role = match (leads, there.by_right) {
            (true, _) => AttendeeRole::Host,
            // They led by what they may not do any more.
            (false, true) => AttendeeRole::Speaker,
            (false, false) => there.role()?,
        };
        let hash = self.secret_hash(person, &secret);
        sqlx::query!(
            "update app.meeting_people
             set secret_hash = $3, role = $4, admitted = admitted or $8, seen_at = $5, session_hash = $6, by_right = $7,
               consented_at = coalesce(consented_at, $5),
               state = case when state in ('removed', 'refused') then 'left' else state end
             where meeting_id = $1 and person_id = $2",
            row.meeting_id,
            person.uuid(),
            hash.as_slice(),
            role.name(),
            self.services.now(),
            session.as_ref().map(<[u8; 32]>::as_slice),
            leads,
            trusted
        )
        .execute(tx)
        .await?;
        let token = self.token(scope, row.id(), person);
        let state = if there.admitted || trusted { AttendeeState::In } else { AttendeeState::Waiting };
        Ok(Joined { person, secret, token, state, role, name: there.name })
    }

    /// Writes somebody down.
    async fn write(
        &self,
        tx: &mut TenantTx,
        scope: &Scope,
        meeting: MeetingId,
        new: New<'_>,
    ) -> Result<Joined, MeetingError> {
        let now = self.services.now();
        forget_unseen(tx, meeting, now).await?;
        let there = sqlx::query!(
            r#"select count(*) as "ever!",
                 count(*) filter (where state in ('waiting', 'in') and (seen_at > created_at or created_at > $2)) as "now!"
               from app.meeting_people where meeting_id = $1"#,
            meeting.uuid(),
            now - ASKING
        )
        .fetch_one(&mut *tx)
        .await?;
        // The company's own come in, whoever else has asked: of them there is an end as well.
        if new.member.is_none() && (there.now >= ASKED || there.ever >= EVER) {
            return Err(MeetingError::Full);
        }
        let (person, secret) = (AttendeeId::from_uuid(self.services.new_id()), secret());
        let hash = self.secret_hash(person, &secret);
        sqlx::query!(
            "insert into app.meeting_people (tenant_id, meeting_id, person_id, kind, member_id, contact_id, name, role, state,
               admitted, secret_hash, session_hash, by_right, consented_at, created_at, seen_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, 'waiting', $9, $10, $12, $13, $14, $11, $11)",
            scope.tenant().uuid(),
            meeting.uuid(),
            person.uuid(),
            new.kind.name(),
            new.member.map(MemberId::uuid),
            new.contact.map(ContactId::uuid),
            new.name,
            new.role.name(),
            new.admitted,
            hash.as_slice(),
            now,
            new.session.as_ref().map(<[u8; 32]>::as_slice),
            new.by_right,
            new.agreed.then_some(now)
        )
        .execute(tx)
        .await?;
        Ok(Joined {
            person,
            secret,
            token: self.token(scope, meeting, person),
            state: if new.admitted { AttendeeState::In } else { AttendeeState::Waiting },
            role: new.role,
            name: new.name.to_owned(),
        })
    }

    /// Notes that somebody is there, and that they agree, where they do. Who has not agreed, now or before, is not there.
    pub(crate) async fn seen(
        &self,
        tx: &mut TenantTx,
        meeting: MeetingId,
        person: AttendeeId,
        consent: bool,
    ) -> Result<(), MeetingError> {
        let now = self.services.now();
        // Who was in, and was not seen for long, as while a server stood still, was not there all that time.
        let agreed = sqlx::query_scalar!(
            r#"update app.meeting_people
               set seen_at = $3, consented_at = coalesce(consented_at, case when $4 then $3::timestamptz end),
                 present_ms = present_ms + case when state = 'in' and seen_at <= $5
                   then greatest(0, extract(epoch from seen_at - entered_at) * 1000)::bigint else 0 end,
                 entered_at = case when state = 'in' and seen_at <= $5 then $3 else entered_at end
               where meeting_id = $1 and person_id = $2 returning consented_at is not null as "agreed!""#,
            meeting.uuid(),
            person.uuid(),
            now,
            consent,
            now - UNSEEN
        );
        match agreed.fetch_optional(tx).await? {
            Some(false) => Err(MeetingError::not_agreed()),
            _ => Ok(()),
        }
    }

    /// A token for somebody.
    pub(crate) fn token(&self, scope: &Scope, meeting: MeetingId, person: AttendeeId) -> String {
        self.tokens.write(Says { tenant: scope.tenant(), meeting, person }, self.services.now())
    }

    fn secret_hash(&self, person: AttendeeId, secret: &str) -> [u8; 32] {
        self.secrets.mac(&[person.uuid().as_bytes().as_slice(), secret.as_bytes()].concat())
    }

    fn check_passcode(&self, row: &MeetingRow, given: Option<&str>) -> Result<(), MeetingError> {
        let Some(kept) = &row.passcode_hash else { return Ok(()) };
        // Whether it is right is not said to who tries too often.
        self.wrong.look(row.id()).map_err(|wait| MeetingError::Wait(wait.until))?;
        let given = given.map(str::trim).unwrap_or_default();
        if given.is_empty() {
            return Err(MeetingError::field("passcode", text!("Enter the passcode of the meeting.")));
        }
        // Keyed hashes are compared, so that no time tells how much of it was right.
        let right =
            Passcode::parse(given).is_ok_and(|given| self.passcode(row.id(), given.as_str()).as_slice() == kept);
        if right {
            return Ok(());
        }
        let _ = self.wrong.take(row.id());
        tracing::info!(target: "security", meeting = %row.id(), "a wrong passcode of a meeting");
        Err(MeetingError::field("passcode", text!("This is not the passcode. Ask who sent you the link.")))
    }
}

/// By which one comes back.
fn secret() -> String {
    hex(&rand::random::<[u8; 24]>())
}

/// The member that a visitor is, of this tenant.
fn member_of(visitor: &Caller, scope: &Scope) -> Option<MemberId> {
    match visitor.actor() {
        Actor::Member { member, .. } if visitor.scope().tenant() == scope.tenant() => Some(member),
        _ => None,
    }
}

/// What the company calls a member who is not kept out.
async fn member_name(tx: &mut TenantTx, member: MemberId) -> Result<Option<String>, MeetingError> {
    let name = sqlx::query_scalar!(
        "select name from app.memberships where member_id = $1 and suspended_at is null",
        member.uuid()
    );
    Ok(name.fetch_optional(tx).await?.map(|name| short(&name)))
}

/// A name as it is shown there.
fn short(name: &str) -> String {
    name.chars().take(NAME).collect()
}

/// Who this member, or this contact, is there: one person, by however many pages they come. A contact whom a program has let in more than once is
/// kept out by any of them.
async fn person_of(
    tx: &mut TenantTx,
    meeting: MeetingId,
    member: Option<MemberId>,
    contact: Option<ContactId>,
) -> Result<Option<AttendeeId>, MeetingError> {
    if member.is_none() && contact.is_none() {
        return Ok(None);
    }
    let there = sqlx::query_scalar!(
        "select person_id from app.meeting_people
         where meeting_id = $1 and (member_id = $2 or contact_id = $3)
         order by (state in ('removed', 'refused')) desc, person_id limit 1",
        meeting.uuid(),
        member.map(MemberId::uuid),
        contact.map(ContactId::uuid)
    );
    Ok(there.fetch_optional(tx).await?.map(AttendeeId::from_uuid))
}

/// Whether a guest was taken out of a meeting, or not let in.
async fn a_guest_was_put_out(tx: &mut TenantTx, meeting: MeetingId) -> Result<bool, MeetingError> {
    let put_out = sqlx::query_scalar!(
        r#"select exists (
             select from app.meeting_people where meeting_id = $1 and kind = 'guest' and state in ('removed', 'refused')
           ) as "out!""#,
        meeting.uuid()
    );
    Ok(put_out.fetch_one(tx).await?)
}

/// Those who are in a meeting or wait, and were not seen after that, are there no more: from when they were seen last.
pub(crate) async fn gone_since(
    tx: &mut TenantTx,
    meeting: MeetingId,
    since: OffsetDateTime,
) -> Result<(), MeetingError> {
    sqlx::query!(
        "update app.meeting_people
         set state = 'left', left_at = case when state = 'in' then seen_at else left_at end, entered_at = null,
           present_ms = present_ms + case when state = 'in'
             then greatest(0, extract(epoch from seen_at - entered_at) * 1000)::bigint else 0 end
         where meeting_id = $1 and state in ('waiting', 'in') and seen_at <= $2",
        meeting.uuid(),
        since
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Those who have not been seen for long do not hold places.
async fn forget_unseen(tx: &mut TenantTx, meeting: MeetingId, now: OffsetDateTime) -> Result<(), MeetingError> {
    gone_since(tx, meeting, now - UNSEEN).await?;
    // Who asked and never came in leaves nothing behind. Whom a program lets in has not asked: they come when they like.
    sqlx::query!(
        "delete from app.meeting_people
         where meeting_id = $1 and state = 'left' and joined_at is null and consented_at is not null",
        meeting.uuid()
    )
    .execute(tx)
    .await?;
    Ok(())
}
