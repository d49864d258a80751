//! What is another about a meeting than when it was made. Its link stays.

use crate::made::{Starts, begins, fit_minutes, fit_passcode, fit_title, named, starts};
use crate::{MeetingError, Meetings, rows};
use model::MeetingId;
use model::audit::Act;
use model::meeting::{Meeting, MeetingState};
use model::permission::ManageMeetings;
use store::Caller;
use store::audit::{self, Entry};
use store::services::timestamp;
use time::Duration;
use words::text;

/// What is to be another. What is nothing here stays.
#[derive(Debug, Clone, Default)]
pub struct MeetingChange {
    /// What it is called.
    pub title: Option<String>,
    /// When it is to begin. A time without the place where it is said stays said where it was.
    pub starts: Option<Starts>,
    /// How long it is to take.
    pub minutes: Option<u32>,
    /// What one has to know besides the link; or nothing more.
    pub passcode: Option<Option<String>>,
    /// Whether guests wait until a host lets them in.
    pub waiting_room: Option<bool>,
}

impl Meetings {
    /// Changes a meeting.
    ///
    /// # Errors
    /// [`MeetingError::Denied`]; [`MeetingError::NotFound`]; [`MeetingError::Over`]; [`MeetingError::Invalid`] for what cannot be, and for when it begins
    /// where it has begun; or the database's.
    #[tracing::instrument(name = "db.meeting.change", skip_all)]
    pub async fn change(&self, caller: &Caller, id: MeetingId, change: MeetingChange) -> Result<Meeting, MeetingError> {
        let right = caller.may(ManageMeetings)?;
        let title = change.title.as_deref().map(fit_title).transpose()?;
        let minutes = change.minutes.map(fit_minutes).transpose()?;
        let passcode = change.passcode.as_ref().map(|new| fit_passcode(new.as_deref())).transpose()?;
        let now = self.services.now();
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let row = rows::hold(&mut tx, id).await?;
        let (starts_at, zone) = match (row.state()?, change.starts) {
            (MeetingState::Ended, _) => return Err(MeetingError::Over),
            (_, None) => (row.starts_at, row.time_zone.clone()),
            (MeetingState::Live, Some(_)) => {
                let detail = text!("The meeting has begun already: when it was to begin stays as it is.");
                return Err(MeetingError::field("starts_at", detail));
            }
            // As the form showed it, which knows of no seconds, nor which of two hours that are called the same: nobody has moved it.
            (MeetingState::Scheduled, Some(Starts::Local(local, zone)))
                if row.time_zone.as_deref().unwrap_or("UTC") == zone.trim()
                    && rows::begins(&mut tx, id).await?.as_deref() == local.trim().get(..16) =>
            {
                (row.starts_at, row.time_zone.clone())
            }
            (MeetingState::Scheduled, Some(Starts::At(at, None))) => {
                starts(&mut tx, &Starts::At(at, row.time_zone.clone()), now).await?
            }
            (MeetingState::Scheduled, Some(at)) => starts(&mut tx, &at, now).await?,
        };
        let title = match title {
            Some(title) => Some(named(&mut tx, title).await?),
            None => None,
        };
        let minutes = minutes.unwrap_or(row.minutes);
        let ends_at = starts_at.map_or(row.created_at, |at| at + Duration::minutes(i64::from(minutes)));
        let new_title = title.as_ref().map_or(row.title.as_str(), |title| title.as_str());
        let hash = match &passcode {
            Some(new) => new.as_ref().map(|new| self.passcode(id, new.as_str()).to_vec()),
            None => row.passcode_hash.clone(),
        };
        sqlx::query!(
            "update app.meetings
             set title = $2, starts_at = $3, minutes = $4, time_zone = $5, ends_at = $6, passcode_hash = $7, waiting_room = $8
             where meeting_id = $1",
            id.uuid(),
            new_title,
            starts_at,
            minutes,
            zone,
            ends_at,
            hash.as_deref(),
            change.waiting_room.unwrap_or(row.waiting_room)
        )
        .execute(&mut tx)
        .await?;
        let meeting = self.shown(&rows::meeting(&mut tx, id).await?)?;
        let mut entry = Entry::new(Act::MeetingChanged).to(id.uuid(), new_title);
        if row.title != new_title {
            entry = entry.was("title", row.title.as_str()).is("title", new_title);
        }
        if row.starts_at != starts_at {
            let said = |at: Option<_>| at.map(|at| timestamp(at).to_string()).unwrap_or_default();
            entry = entry.was("starts_at", said(row.starts_at)).is("starts_at", said(starts_at));
        }
        if row.waiting_room != meeting.waiting_room {
            entry = entry.is("waiting_room", meeting.waiting_room.to_string());
        }
        if passcode.is_some() {
            entry = entry.is("passcode", if meeting.passcode { "set" } else { "none" });
        }
        audit::record(&mut tx, &self.services, caller, entry).await?;
        let moved = match row.conversation().filter(|_| row.starts_at != starts_at || row.time_zone != zone) {
            Some(conversation) => {
                let language = conversations::language(&mut tx).await?;
                begins(&mut tx, id, language).await?.map(|begins| (conversation, begins))
            }
            None => None,
        };
        tx.commit().await?;
        if let Some((conversation, begins)) = moved
            && let Err(error) = self.conversations.meeting_moved(caller, conversation, begins).await
        {
            // It is moved in any case.
            tracing::warn!(%error, "that a meeting was moved could not be said in its conversation");
        }
        Ok(meeting)
    }

    /// A meeting to which nobody has come yet, and when it begins where its time is said (`2026-12-01T10:00`), as forms write it.
    ///
    /// # Errors
    /// [`MeetingError::Denied`]; [`MeetingError::NotFound`], also for one that has begun; or the database's.
    #[tracing::instrument(name = "db.meeting.planned", skip_all)]
    pub async fn planned(&self, caller: &Caller, id: MeetingId) -> Result<(Meeting, Option<String>), MeetingError> {
        let mut tx = self.services.store.tenant(caller.may(ManageMeetings)?.scope()).await?;
        let meeting = self.shown(&rows::meeting(&mut tx, id).await?)?;
        if meeting.state != MeetingState::Scheduled {
            return Err(MeetingError::NotFound);
        }
        let begins = rows::begins(&mut tx, id).await?;
        tx.leave_open();
        Ok((meeting, begins))
    }
}
