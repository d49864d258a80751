//! Members in a meeting: each is there by a session, and leads by what they may now.
//!
//! Guarantees: whose session is over, or is another's or another company's by now, has neither socket nor token nor secret that lets them in as a
//! member; they come again by a session that is open. Who may not manage meetings any more leads none by that; whom a host has made one leads on.
//! Who is in a meeting uses their session, so that nobody is put out of one for listening.

use crate::rows::PersonRow;
use crate::{MeetingError, Meetings};
use model::meeting::{AttendeeKind, AttendeeRole};
use model::permission::Permission;
use model::{AttendeeId, MeetingId, MemberId, RequestId};
use store::{Actor, Caller, StoreError, TenantTx, scope};

/// By what a member is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Signed {
    pub member: MemberId,
    /// What the database knows their session by.
    pub session: [u8; 32],
}

/// Whether somebody leads every meeting of their company's.
pub(crate) fn leads(caller: &Caller) -> bool {
    caller.permissions().has(Permission::ManageMeetings)
}

impl PersonRow {
    /// By what they came last; nothing of who is no member.
    pub fn signed(&self) -> Result<Option<Signed>, MeetingError> {
        match (self.kind()?, self.member_id) {
            (AttendeeKind::Member, Some(member)) => {
                let session = self.session_hash.as_deref().ok_or(MeetingError::SignedOut)?;
                let session: [u8; 32] =
                    session.try_into().map_err(|_| StoreError::Corrupt("meeting_people.session_hash"))?;
                Ok(Some(Signed { member: MemberId::from_uuid(member), session }))
            }
            (AttendeeKind::Member, None) => Err(MeetingError::TurnedAway),
            _ => Ok(None),
        }
    }
}

impl Meetings {
    /// Looks whether that session is still theirs, and says whether they manage meetings. (Not with a transaction in hand.)
    pub(crate) async fn still(&self, signed: Option<Signed>, request: RequestId) -> Result<bool, MeetingError> {
        let Some(Signed { member, session }) = signed else { return Ok(false) };
        let found = scope::of_session(&self.services, &session, self.lifetime, request).await?;
        let theirs = found.filter(|found| matches!(found.actor(), Actor::Member { member: one, .. } if one == member));
        theirs.map(|found| leads(&found)).ok_or(MeetingError::SignedOut)
    }
}

/// Who led by what they might do, and may not any more, speaks from now on. Says whether there was something to change.
pub(crate) async fn lead_no_more(
    tx: &mut TenantTx,
    meeting: MeetingId,
    person: AttendeeId,
) -> Result<bool, MeetingError> {
    let led = sqlx::query!(
        "update app.meeting_people set role = $3, by_right = false where meeting_id = $1 and person_id = $2 and by_right",
        meeting.uuid(),
        person.uuid(),
        AttendeeRole::Speaker.name()
    );
    Ok(led.execute(tx).await?.rows_affected() == 1)
}
