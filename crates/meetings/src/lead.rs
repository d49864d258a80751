//! What hosts do: let somebody in or not, turn microphones, cameras and screens off, take somebody out, lock, end.
//!
//! Guarantees: nobody but a host does any of it, and nobody does it to themselves; a host who is no member does it to no member.

use crate::live::{Ending, Heard, frame};
use crate::made::Ends;
use crate::rows;
use crate::{Attending, MeetingError};
use model::AttendeeId;
use model::audit::Act;
use model::meeting::{AttendeeKind, AttendeeRole, AttendeeState, MeetingTold, Person};
use store::Denied;
use store::audit::{self, Entry};
use uuid::Uuid;

impl Attending {
    /// Somebody to whom this host may do something, in that state.
    fn target(&self, me: &Person, person: &str, state: AttendeeState) -> Result<Person, MeetingError> {
        if me.role != AttendeeRole::Host {
            return Err(Denied.into());
        }
        let (meeting, own) = self.ids();
        let id: AttendeeId = person.parse().map_err(|_| MeetingError::NotFound)?;
        let found = self.meetings.live.get(meeting, id).filter(|one| one.state == state && id != own);
        let found = found.ok_or(MeetingError::NotFound)?;
        let above = found.kind == AttendeeKind::Member && self.kind() != AttendeeKind::Member;
        if above { Err(Denied.into()) } else { Ok(found) }
    }

    /// Lets somebody in who waits.
    #[tracing::instrument(name = "db.meeting.admit", skip_all)]
    pub(crate) async fn admit(&self, me: &Person, person: &str) -> Result<(), MeetingError> {
        let (meeting, who) = (self.ids().0, self.target(me, person, AttendeeState::Waiting)?.person);
        let mut tx = self.meetings.services.store.tenant(self.caller.scope()).await?;
        rows::hold(&mut tx, meeting).await?;
        sqlx::query!(
            "update app.meeting_people set admitted = true where meeting_id = $1 and person_id = $2 and state in ('waiting', 'left')",
            meeting.uuid(),
            who.uuid()
        )
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
        self.meetings.live.tell(meeting, who, Heard::Admitted);
        Ok(())
    }

    /// Does not let them in.
    #[tracing::instrument(name = "db.meeting.refuse", skip_all)]
    pub(crate) async fn refuse(&self, me: &Person, person: &str) -> Result<(), MeetingError> {
        let (meeting, who) = (self.ids().0, self.target(me, person, AttendeeState::Waiting)?.person);
        let mut tx = self.meetings.services.store.tenant(self.caller.scope()).await?;
        // Held, so that they are not half in: who comes in meanwhile is out again.
        rows::hold(&mut tx, meeting).await?;
        sqlx::query!(
            "update app.meeting_people set state = 'refused', admitted = false where meeting_id = $1 and person_id = $2",
            meeting.uuid(),
            who.uuid()
        )
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
        self.meetings.live.out(meeting, who, None, Some(Ending::Refused));
        Ok(())
    }

    /// Turns somebody's microphone off: at once, and their page is told. They may turn it on again.
    pub(crate) fn mute(&self, me: &Person, person: &str) -> Result<(), MeetingError> {
        let who = self.target(me, person, AttendeeState::In)?.person;
        self.meetings.live.change(self.ids().0, who, |one| one.microphone = false);
        let told = frame(&MeetingTold::Muted { by: self.name() });
        self.meetings.live.tell(self.ids().0, who, Heard::Frame(told));
        Ok(())
    }

    /// Turns somebody's camera off, likewise. A screen that they show is shown on: it is stopped as what it is.
    pub(crate) fn stop_video(&self, me: &Person, person: &str) -> Result<(), MeetingError> {
        let who = self.target(me, person, AttendeeState::In)?.person;
        self.meetings.live.change(self.ids().0, who, |one| one.camera = false);
        let told = frame(&MeetingTold::VideoStopped { by: self.name() });
        self.meetings.live.tell(self.ids().0, who, Heard::Frame(told));
        Ok(())
    }

    /// Stops somebody's screen, and what it sounds like, likewise; their camera and microphone stay as they are.
    pub(crate) fn stop_screen(&self, me: &Person, person: &str) -> Result<(), MeetingError> {
        let who = self.target(me, person, AttendeeState::In)?.person;
        self.meetings.live.change(self.ids().0, who, |one| one.screen = false);
        let told = frame(&MeetingTold::ScreenStopped { by: self.name() });
        self.meetings.live.tell(self.ids().0, who, Heard::Frame(told));
        Ok(())
    }

    /// Takes somebody out, who has nothing by which they come back. Guests wait for a host from now on, also those who are not there just now:
    /// one who was taken out may call themselves something else, and may have asked as somebody else before.
    #[tracing::instrument(name = "db.meeting.remove", skip_all)]
    pub(crate) async fn remove(&self, me: &Person, person: &str) -> Result<(), MeetingError> {
        let found = self.target(me, person, AttendeeState::In)?;
        let (meeting, who) = (self.ids().0, found.person);
        let services = &self.meetings.services;
        let mut tx = services.store.tenant(self.caller.scope()).await?;
        let row = rows::hold(&mut tx, meeting).await?;
        rows::add_up(&mut tx, meeting, Some(who), services.now()).await?;
        sqlx::query!(
            "update app.meeting_people set state = 'removed', admitted = false, left_at = $3
             where meeting_id = $1 and person_id = $2",
            meeting.uuid(),
            who.uuid(),
            services.now()
        )
        .execute(&mut tx)
        .await?;
        sqlx::query!("update app.meetings set waiting_room = true where meeting_id = $1", meeting.uuid())
            .execute(&mut tx)
            .await?;
        sqlx::query!(
            "update app.meeting_people set admitted = false
             where meeting_id = $1 and kind <> 'member' and state in ('waiting', 'left')",
            meeting.uuid()
        )
        .execute(&mut tx)
        .await?;
        let entry = Entry::new(Act::MeetingPersonRemoved).to(meeting.uuid(), &row.title);
        let entry = entry.is("name", found.name.as_str()).is("by", self.name());
        audit::record(&mut tx, services, &self.caller, entry).await?;
        tx.commit().await?;
        self.meetings.live.out(meeting, who, None, Some(Ending::Removed));
        Ok(())
    }

    /// Says what somebody may do.
    #[tracing::instrument(name = "db.meeting.role", skip_all)]
    pub(crate) async fn give_role(&self, me: &Person, person: &str, role: AttendeeRole) -> Result<(), MeetingError> {
        let (meeting, who) = (self.ids().0, self.target(me, person, AttendeeState::In)?.person);
        let mut tx = self.meetings.services.store.tenant(self.caller.scope()).await?;
        rows::hold(&mut tx, meeting).await?;
        sqlx::query!(
            "update app.meeting_people set role = $3, by_right = by_right and $3 = 'host' where meeting_id = $1 and person_id = $2",
            meeting.uuid(),
            who.uuid(),
            role.name()
        )
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
        self.meetings.live.change(meeting, who, |one| {
            one.role = role;
            if role == AttendeeRole::Viewer {
                (one.microphone, one.camera, one.screen) = (false, false, false);
            }
        });
        Ok(())
    }

    /// Lets nobody new in, or does again.
    #[tracing::instrument(name = "db.meeting.lock", skip_all)]
    pub(crate) async fn lock(&self, me: &Person, locked: bool) -> Result<(), MeetingError> {
        if me.role != AttendeeRole::Host {
            return Err(Denied.into());
        }
        let meeting: Uuid = self.ids().0.uuid();
        let mut tx = self.meetings.services.store.tenant(self.caller.scope()).await?;
        sqlx::query!("update app.meetings set locked = $2 where meeting_id = $1", meeting, locked)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        self.meetings.live.tell_all(self.ids().0, None, &MeetingTold::Locked { locked });
        Ok(())
    }

    /// Ends the meeting for all.
    pub(crate) async fn end(&self, me: &Person) -> Result<(), MeetingError> {
        if me.role != AttendeeRole::Host {
            return Err(Denied.into());
        }
        self.meetings.over(&self.caller, self.ids().0, Ends::Now(Some(self.name()))).await
    }
}
