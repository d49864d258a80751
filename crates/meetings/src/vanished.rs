//! Who vanished while no process looked: as after a restart, or where the one before was ended without a word.
//!
//! Guarantees: whoever was seen since this process began stays, by whichever node that was; who was not was there until they were seen last, and a
//! meeting in which nobody is left is empty from then on.

use crate::join::gone_since;
use crate::{MeetingError, Meetings, rows};
use model::meeting::MeetingState;
use store::{Caller, StoreError, scope};

impl Meetings {
    /// Takes up the meetings that went on before this process began. Done when pages have had the time to come back.
    #[tracing::instrument(name = "db.meeting.take_up", skip_all)]
    pub(crate) async fn take_up(&self) -> Result<(), StoreError> {
        for caller in scope::meetings_going_on(&self.services, self.began).await? {
            if let Err(error) = self.vanished(&caller).await {
                tracing::warn!(%error, "who has vanished from a meeting could not be noted");
            }
        }
        Ok(())
    }

    async fn vanished(&self, caller: &Caller) -> Result<(), MeetingError> {
        let attendee = caller.attendee()?;
        let (scope, id) = (attendee.scope(), attendee.meeting());
        let mut tx = self.services.store.tenant(scope).await?;
        if rows::hold(&mut tx, id).await?.state()? != MeetingState::Live {
            return Ok(());
        }
        gone_since(&mut tx, id, self.began).await?;
        let empty = sqlx::query!(
            "update app.meetings
             set empty_since = coalesce(empty_since, (select max(left_at) from app.meeting_people where meeting_id = $1), $2)
             where meeting_id = $1 and not exists (
               select from app.meeting_people where meeting_id = $1 and state = 'in')",
            id.uuid(),
            self.began
        );
        let empty = empty.execute(&mut tx).await?.rows_affected() > 0;
        tx.commit().await?;
        if empty {
            // Who is in a room of LiveKit's all the same is put out.
            self.look_after(scope.tenant(), id);
        }
        Ok(())
    }
}
