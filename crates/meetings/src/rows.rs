//! Meetings and people as the database has them.

use crate::{MeetingError, Meetings};
use model::meeting::{
    Around, Attendee, AttendeeKind, AttendeeRole, AttendeeState, Meeting, MeetingCode, MeetingState, Person,
};
use model::{AttendeeId, ContactId, ConversationId, MeetingId, MemberId};
use store::services::timestamp;
use store::{StoreError, TenantTx};
use time::OffsetDateTime;
use uuid::Uuid;

/// A meeting.
#[derive(Debug)]
pub(crate) struct MeetingRow {
    pub meeting_id: Uuid,
    pub code: String,
    pub title: String,
    pub state: String,
    pub starts_at: Option<OffsetDateTime>,
    pub minutes: i32,
    pub time_zone: Option<String>,
    pub passcode_hash: Option<Vec<u8>>,
    pub waiting_room: bool,
    pub locked: bool,
    pub conversation_id: Option<Uuid>,
    pub created_by: Option<Uuid>,
    pub created_at: OffsetDateTime,
    pub started_at: Option<OffsetDateTime>,
    pub ended_at: Option<OffsetDateTime>,
}

/// Somebody who came to one.
#[derive(Debug)]
pub(crate) struct PersonRow {
    pub person_id: Uuid,
    pub kind: String,
    pub member_id: Option<Uuid>,
    pub contact_id: Option<Uuid>,
    pub name: String,
    pub role: String,
    pub state: String,
    pub admitted: bool,
    pub hand_at: Option<OffsetDateTime>,
    pub joined_at: Option<OffsetDateTime>,
    pub left_at: Option<OffsetDateTime>,
    /// Of a member: what the session is known by with which they came last.
    pub session_hash: Option<Vec<u8>>,
    /// Whether they lead because they manage meetings.
    pub by_right: bool,
    /// Since when they are in, and for how many milliseconds they were before.
    pub entered_at: Option<OffsetDateTime>,
    pub present_ms: i64,
}

impl MeetingRow {
    pub fn id(&self) -> MeetingId {
        MeetingId::from_uuid(self.meeting_id)
    }

    pub fn code(&self) -> Result<MeetingCode, StoreError> {
        MeetingCode::parse(&self.code).ok_or(StoreError::Corrupt("meetings.code"))
    }

    pub fn state(&self) -> Result<MeetingState, StoreError> {
        MeetingState::from_name(&self.state).ok_or(StoreError::Corrupt("meetings.state"))
    }

    pub fn conversation(&self) -> Option<ConversationId> {
        self.conversation_id.map(ConversationId::from_uuid)
    }

    /// As those who are in it see it.
    pub fn around(&self) -> Result<Around, StoreError> {
        Ok(Around {
            code: self.code()?.shown(),
            title: self.title.clone(),
            locked: self.locked,
            waiting_room: self.waiting_room,
            started_at: self.started_at.map(timestamp),
        })
    }
}

impl Meetings {
    /// As the company sees it.
    pub(crate) fn shown(&self, row: &MeetingRow) -> Result<Meeting, StoreError> {
        Ok(Meeting {
            id: row.id(),
            title: row.title.clone(),
            link: self.link(&row.code()?),
            state: row.state()?,
            starts_at: row.starts_at.map(timestamp),
            minutes: u32::try_from(row.minutes).unwrap_or_default(),
            time_zone: row.time_zone.clone(),
            passcode: row.passcode_hash.is_some(),
            waiting_room: row.waiting_room,
            locked: row.locked,
            conversation_id: row.conversation(),
            created_by: row.created_by.map(MemberId::from_uuid),
            created_at: timestamp(row.created_at),
            started_at: row.started_at.map(timestamp),
            ended_at: row.ended_at.map(timestamp),
        })
    }
}

impl PersonRow {
    pub fn id(&self) -> AttendeeId {
        AttendeeId::from_uuid(self.person_id)
    }

    pub fn kind(&self) -> Result<AttendeeKind, StoreError> {
        AttendeeKind::from_name(&self.kind).ok_or(StoreError::Corrupt("meeting_people.kind"))
    }

    pub fn role(&self) -> Result<AttendeeRole, StoreError> {
        AttendeeRole::from_name(&self.role).ok_or(StoreError::Corrupt("meeting_people.role"))
    }

    pub fn state(&self) -> Result<AttendeeState, StoreError> {
        AttendeeState::from_name(&self.state).ok_or(StoreError::Corrupt("meeting_people.state"))
    }

    /// Whether they may not come in any more.
    pub fn turned_away(&self) -> Result<bool, StoreError> {
        Ok(matches!(self.state()?, AttendeeState::Removed | AttendeeState::Refused))
    }

    /// Whether they have not been in, and do not lead: where it is locked such come in no more.
    pub fn is_new(&self) -> Result<bool, StoreError> {
        Ok(self.joined_at.is_none() && self.role()? != AttendeeRole::Host)
    }

    /// As the others see them, in or before the door.
    pub fn person(&self) -> Result<Person, StoreError> {
        Ok(Person {
            person: self.id(),
            name: self.name.clone(),
            role: self.role()?,
            kind: self.kind()?,
            state: if self.admitted { AttendeeState::In } else { AttendeeState::Waiting },
            peer: None,
            hand: self.hand_at.is_some(),
            microphone: false,
            camera: false,
            screen: false,
            here: false,
        })
    }

    /// As the company sees them.
    pub fn attendee(&self, now: OffsetDateTime) -> Result<Attendee, StoreError> {
        let since = self.entered_at.filter(|_| self.state == AttendeeState::In.name());
        let present_ms =
            i128::from(self.present_ms) + since.map_or(0, |since| (now - since).whole_milliseconds().max(0));
        Ok(Attendee {
            id: self.id(),
            kind: self.kind()?,
            member_id: self.member_id.map(MemberId::from_uuid),
            contact_id: self.contact_id.map(ContactId::from_uuid),
            name: self.name.clone(),
            role: self.role()?,
            state: self.state()?,
            joined_at: self.joined_at.map(timestamp),
            left_at: self.left_at.map(timestamp),
            present_s: u64::try_from(present_ms / 1_000).unwrap_or_default(),
        })
    }
}

/// One meeting.
pub(crate) async fn meeting(tx: &mut TenantTx, id: MeetingId) -> Result<MeetingRow, MeetingError> {
    let row = sqlx::query_as!(
        MeetingRow,
        "select meeting_id, code, title, state, starts_at, minutes, time_zone, passcode_hash, waiting_room, locked,
           conversation_id, created_by, created_at, started_at, ended_at
         from app.meetings where meeting_id = $1",
        id.uuid()
    );
    row.fetch_optional(tx).await?.ok_or(MeetingError::NotFound)
}

/// The same, held until the end of the transaction: who comes and goes does so one after the other.
pub(crate) async fn hold(tx: &mut TenantTx, id: MeetingId) -> Result<MeetingRow, MeetingError> {
    let row = sqlx::query_as!(
        MeetingRow,
        "select meeting_id, code, title, state, starts_at, minutes, time_zone, passcode_hash, waiting_room, locked,
           conversation_id, created_by, created_at, started_at, ended_at
         from app.meetings where meeting_id = $1 for no key update",
        id.uuid()
    );
    row.fetch_optional(tx).await?.ok_or(MeetingError::NotFound)
}

/// When one begins on the clock of the place where its time is said (`2026-12-01T10:00`); nothing for one that begins at once.
pub(crate) async fn begins(tx: &mut TenantTx, id: MeetingId) -> Result<Option<String>, MeetingError> {
    let begins = sqlx::query_scalar!(
        r#"select to_char(starts_at at time zone coalesce(time_zone, 'UTC'), 'YYYY-MM-DD"T"HH24:MI') as begins
               from app.meetings where meeting_id = $1"#,
        id.uuid()
    );
    Ok(begins.fetch_one(tx).await?)
}

/// The meeting of a conversation that one may join at once.
pub(crate) async fn standing(
    tx: &mut TenantTx,
    conversation: ConversationId,
) -> Result<Option<MeetingRow>, MeetingError> {
    let there = sqlx::query_scalar!(
        "select meeting_id from app.meetings
             where conversation_id = $1 and starts_at is null and state <> 'ended' order by meeting_id desc limit 1",
        conversation.uuid()
    );
    match there.fetch_optional(&mut *tx).await? {
        Some(id) => Ok(Some(meeting(tx, MeetingId::from_uuid(id)).await?)),
        None => Ok(None),
    }
}

/// One who came to it.
pub(crate) async fn person(
    tx: &mut TenantTx,
    meeting: MeetingId,
    person: AttendeeId,
) -> Result<Option<PersonRow>, MeetingError> {
    let row = sqlx::query_as!(
        PersonRow,
        "select person_id, kind, member_id, contact_id, name, role, state, admitted, hand_at, joined_at, left_at, session_hash, by_right,
           entered_at, present_ms
         from app.meeting_people where meeting_id = $1 and person_id = $2",
        meeting.uuid(),
        person.uuid()
    );
    Ok(row.fetch_optional(tx).await?)
}

/// Whether somebody may be there no more: they were turned away, or are no member of the company's any more.
pub(crate) async fn kept_out(tx: &mut TenantTx, row: &PersonRow) -> Result<bool, MeetingError> {
    if row.turned_away()? {
        return Ok(true);
    }
    match (row.kind()?, row.member_id) {
        (AttendeeKind::Member, Some(member)) => {
            let there = sqlx::query_scalar!(
                "select member_id from app.memberships where member_id = $1 and suspended_at is null",
                member
            );
            Ok(there.fetch_optional(tx).await?.is_none())
        }
        (AttendeeKind::Member, None) => Ok(true),
        _ => Ok(false),
    }
}

/// Adds up for how long somebody, or everybody, has been in this time. Done before their state is another.
pub(crate) async fn add_up(
    tx: &mut TenantTx,
    meeting: MeetingId,
    who: Option<AttendeeId>,
    until: OffsetDateTime,
) -> Result<(), MeetingError> {
    sqlx::query!(
        "update app.meeting_people
         set present_ms = present_ms + greatest(0, extract(epoch from $3::timestamptz - entered_at) * 1000)::bigint, entered_at = null
         where meeting_id = $1 and state = 'in' and ($2::uuid is null or person_id = $2)",
        meeting.uuid(),
        who.map(AttendeeId::uuid),
        until
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// All who came to it, in the order in which they did.
pub(crate) async fn people(tx: &mut TenantTx, meeting: MeetingId) -> Result<Vec<PersonRow>, MeetingError> {
    let rows = sqlx::query_as!(
        PersonRow,
        "select person_id, kind, member_id, contact_id, name, role, state, admitted, hand_at, joined_at, left_at, session_hash, by_right,
           entered_at, present_ms
         from app.meeting_people where meeting_id = $1 order by person_id limit 1000",
        meeting.uuid()
    );
    Ok(rows.fetch_all(tx).await?)
}
