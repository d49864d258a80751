//! Being in a meeting: from a token to a place, what one does there, and leaving.
//!
//! Guarantees: who has come by another socket, was taken out, or whose meeting is over does nothing any more by this one. Whose socket ends has
//! [`GRACE`] to come back, from when they were heard last, before the others are told that they are gone.

use crate::live::{Heard, Place, frame};
use crate::rows;
use crate::signed::{Signed, lead_no_more};
use crate::{MeetingError, Meetings};
use bytes::Bytes;
use media::Told;
use model::input::{ClientId, MeetingText};
use model::meeting::{
    AttendeeKind, AttendeeRole, AttendeeState, MeetingFrame, MeetingState, MeetingTold, Person, REACTIONS, Written,
};
use model::{AttendeeId, MeetingId, RequestId};
use std::time::Duration;
use store::services::timestamp;
use store::{Caller, TenantTx, scope};
use tokio::sync::mpsc;
use tokio::time::Instant;
use words::text;

/// How long after they were last heard of somebody whose socket has ended may come back.
pub(crate) const GRACE: Duration = Duration::from_secs(15);
/// How often a client says that it is there.
pub const HEARTBEAT: Duration = Duration::from_secs(30);
/// Meetings of a tenant's that go on at once.
const LIVE: i64 = 200;
/// Messages that are shown to who comes, and bytes of them: they come in one frame, and that has an end. And most that a meeting has, and of them
/// one person's, and all guests': by its link one may come as many.
const SHOWN: i64 = 100;
const SHOWN_BYTES: usize = 100_000;
const WRITTEN: i64 = 2_000;
const OWN: i64 = 500;
const OF_GUESTS: i64 = 1_200;

/// Somebody who is in a meeting, or waits before it, by a socket. Dropped, they are cut off, and may come back.
#[derive(Debug)]
pub struct Attending {
    pub(crate) meetings: Meetings,
    pub(crate) caller: Caller,
    pub(crate) place: Place,
    name: String,
    kind: AttendeeKind,
    /// Of a member: by which session they came.
    signed: Option<Signed>,
    inside: bool,
    /// When something came from them last, where that is known.
    heard: Option<Instant>,
}

/// Somebody who has come.
#[derive(Debug)]
pub struct Came {
    /// Their place.
    pub attending: Attending,
    /// The first frame: that they are in, or wait.
    pub first: Bytes,
    /// What media tells from now on, where theirs goes on.
    pub media: Option<mpsc::Receiver<Told>>,
}

/// By what somebody comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// A token; and whether their media is open still.
    Token { media: bool },
    /// A host has let them in just now.
    Host,
}

/// What came of a frame.
#[derive(Debug)]
pub enum Entered {
    /// Others are told; there is nothing to answer.
    Done,
    /// This is the answer.
    Answer(Bytes),
    /// This is the answer to an offer, and from now on media tells this.
    Media(Bytes, mpsc::Receiver<Told>),
    /// They have left.
    Left,
}

impl Meetings {
    /// Somebody comes with a token, and agrees to be seen, heard and read, or has agreed before. Where the way of their `media` is open still, as when
    /// their socket alone was cut, it goes on as it was. Who says what socket they had `was` comes back by themself.
    ///
    /// # Errors
    /// [`MeetingError::Invalid`] for who has not agreed; [`MeetingError::NoToken`] for what is none, or over; [`MeetingError::NotFound`] where
    /// the meeting is over; [`MeetingError::TurnedAway`], also for a member who is no more; [`MeetingError::SignedOut`] for one whose session is
    /// over; [`MeetingError::Elsewhere`] where they have gone on by a later socket; [`MeetingError::Locked`]; [`MeetingError::Full`]; [`MeetingError::TooMany`]; or the
    /// database's.
    #[tracing::instrument(name = "db.meeting.come", skip_all)]
    pub async fn come(
        &self,
        token: &str,
        consent: bool,
        (media, was): (bool, Option<u64>),
        request: RequestId,
    ) -> Result<Came, MeetingError> {
        let says = self.tokens.read(token, self.services.now()).ok_or(MeetingError::NoToken)?;
        // A page that slept is no reason to push out the one that they have gone on with.
        if was.is_some_and(|was| self.live.by_later(says.meeting, says.person, was)) {
            return Err(MeetingError::Elsewhere);
        }
        let caller = scope::of_meeting(&self.services, says.tenant, says.meeting, request).await?;
        let caller = caller.ok_or(MeetingError::NotFound)?;
        let mut tx = self.services.store.tenant(caller.scope()).await?;
        let row = rows::person(&mut tx, says.meeting, says.person).await?.ok_or(MeetingError::NoToken)?;
        if rows::kept_out(&mut tx, &row).await? {
            return Err(MeetingError::TurnedAway);
        }
        let (name, kind, signed) = (row.name.clone(), row.kind()?, row.signed()?);
        drop(tx);
        let leads = self.still(signed, request).await?;
        let mut tx = self.services.store.tenant(caller.scope()).await?;
        if row.admitted {
            if row.by_right && !leads {
                lead_no_more(&mut tx, says.meeting, says.person).await?;
            }
            self.seen(&mut tx, says.meeting, says.person, consent).await?;
            tx.commit().await?;
            let (place, first, media) = self.enter(&caller, says.meeting, says.person, By::Token { media }).await?;
            let attending =
                Attending { meetings: self.clone(), caller, place, name, kind, signed, inside: true, heard: None };
            return Ok(Came { attending, first, media });
        }
        if rows::hold(&mut tx, says.meeting).await?.state()? == MeetingState::Ended {
            return Err(MeetingError::NotFound);
        }
        self.seen(&mut tx, says.meeting, says.person, consent).await?;
        // While the meeting is held, as below.
        let place = self.live.enter(says.meeting, row.person()?).map_err(|_| MeetingError::Full)?;
        if let Err(error) = tx.commit().await {
            self.live.out(says.meeting, says.person, Some(place.socket), None);
            return Err(error.into());
        }
        let attending =
            Attending { meetings: self.clone(), caller, place, name, kind, signed, inside: false, heard: None };
        Ok(Came { attending, first: frame(&MeetingTold::Waiting), media: None })
    }

    /// Somebody who may comes in; with what they are told first, and what media tells them.
    async fn enter(
        &self,
        caller: &Caller,
        meeting: MeetingId,
        person: AttendeeId,
        by: By,
    ) -> Result<(Place, Bytes, Option<mpsc::Receiver<Told>>), MeetingError> {
        let now = self.services.now();
        let mut tx = self.services.store.tenant(caller.scope()).await?;
        let row = rows::hold(&mut tx, meeting).await?;
        if row.state()? == MeetingState::Ended {
            return Err(MeetingError::NotFound);
        }
        let there = rows::person(&mut tx, meeting, person).await?.ok_or(MeetingError::NoToken)?;
        if there.turned_away()? || !there.admitted {
            return Err(MeetingError::TurnedAway);
        }
        if row.locked && by != By::Host && there.is_new()? {
            return Err(MeetingError::Locked);
        }
        let first = row.started_at.is_none();
        if first {
            let live = sqlx::query_scalar!(r#"select count(*) as "live!" from app.meetings where state = 'live'"#);
            if live.fetch_one(&mut tx).await? >= LIVE {
                let detail =
                    text!("{most} meetings of this company go on already. Try again when one is over.", most = LIVE);
                return Err(MeetingError::TooMany(detail));
            }
        }
        sqlx::query!(
            "update app.meetings set state = 'live', started_at = coalesce(started_at, $2), empty_since = null
             where meeting_id = $1",
            meeting.uuid(),
            now
        )
        .execute(&mut tx)
        .await?;
        sqlx::query!(
            "update app.meeting_people
             set state = 'in', joined_at = coalesce(joined_at, $3), left_at = null, seen_at = $3,
               entered_at = case when state = 'in' then coalesce(entered_at, $3) else $3 end
             where meeting_id = $1 and person_id = $2",
            meeting.uuid(),
            person.uuid(),
            now
        )
        .execute(&mut tx)
        .await?;
        let row = rows::meeting(&mut tx, meeting).await?;
        let messages = messages(&mut tx, meeting).await?;
        // From here on they are in a room, and nothing may fail that does not take them out of it.
        let around = row.around()?;
        // While the meeting is held: whoever ends it finds them there, or they find it ended.
        let place = match by {
            By::Token { media: true } => self.live.enter_again(meeting, there.person()?),
            By::Token { media: false } | By::Host => self.live.enter(meeting, there.person()?),
        };
        let place = place.map_err(|_| MeetingError::Full)?;
        if let Err(error) = tx.commit().await {
            self.live.out(meeting, person, Some(place.socket), None);
            return Err(error.into());
        }
        let mut tells = None;
        if let Some(way) = self.live.way(&place) {
            match way.listen().await {
                Ok(heard) => tells = heard,
                // They are out of it: they open another.
                Err(_) => self.live.set_way(&place, None),
            }
        }
        if let (true, Some(conversation)) = (first, row.conversation()) {
            // Who has come is in, whatever can be said of it.
            if let Err(error) = self.conversations.meeting_began(caller, conversation).await {
                tracing::warn!(%error, "the begin of a meeting could not be said in its conversation");
            }
        }
        let people = self.live.people(meeting, person);
        let role = people.iter().find(|one| one.person == person).map_or(AttendeeRole::Viewer, |one| one.role);
        let welcome = frame(&MeetingTold::Welcome {
            person,
            socket: place.socket,
            role,
            meeting: &around,
            people: &people,
            messages: &messages,
            token: &self.token(caller.scope(), meeting, person),
            heartbeat_s: HEARTBEAT.as_secs(),
            ice_servers: &self.ice_servers(),
        });
        Ok((place, welcome, tells))
    }

    /// Notes that somebody has left.
    #[tracing::instrument(name = "db.meeting.left", skip_all)]
    async fn left(&self, caller: &Caller, meeting: MeetingId, person: AttendeeId) -> Result<(), MeetingError> {
        let now = self.services.now();
        let mut tx = self.services.store.tenant(caller.scope()).await?;
        rows::hold(&mut tx, meeting).await?;
        // Who has come back meanwhile has done so while they held it.
        if self.live.get(meeting, person).is_some_and(|one| one.state == AttendeeState::In) {
            return Ok(());
        }
        rows::add_up(&mut tx, meeting, Some(person), now).await?;
        sqlx::query!(
            "update app.meeting_people set state = 'left', left_at = $3
             where meeting_id = $1 and person_id = $2 and state = 'in'",
            meeting.uuid(),
            person.uuid(),
            now
        )
        .execute(&mut tx)
        .await?;
        if !self.live.anybody(meeting) {
            sqlx::query!(
                "update app.meetings set empty_since = $2 where meeting_id = $1 and state = 'live'",
                meeting.uuid(),
                now
            )
            .execute(&mut tx)
            .await?;
        }
        Ok(tx.commit().await?)
    }
}

/// What was written last, in the order in which it was.
async fn messages(tx: &mut TenantTx, meeting: MeetingId) -> Result<Vec<Written>, MeetingError> {
    let rows = sqlx::query!(
        "select m.seq, m.person_id, p.name, m.text, m.created_at
         from app.meeting_messages m
         join app.meeting_people p
           on p.tenant_id = m.tenant_id and p.meeting_id = m.meeting_id and p.person_id = m.person_id
         where m.meeting_id = $1 order by m.seq desc limit $2",
        meeting.uuid(),
        SHOWN
    );
    let mut bytes = 0;
    let fit = rows.fetch_all(tx).await?.into_iter().take_while(|row| {
        bytes += row.text.len();
        bytes <= SHOWN_BYTES
    });
    let mut shown: Vec<Written> = fit
        .map(|row| Written {
            seq: u64::try_from(row.seq).unwrap_or_default(),
            person: AttendeeId::from_uuid(row.person_id),
            name: row.name,
            text: row.text,
            at: timestamp(row.created_at),
        })
        .collect();
    shown.reverse();
    Ok(shown)
}

impl Attending {
    /// Which meeting, and who there.
    pub(crate) fn ids(&self) -> (MeetingId, AttendeeId) {
        (self.place.meeting, self.place.person)
    }

    /// What they are called.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Who they are to the company.
    pub(crate) fn kind(&self) -> AttendeeKind {
        self.kind
    }

    /// The tenant in which it is: whoever waits for the end of its credentials.
    pub fn tenant(&self) -> model::TenantId {
        self.caller.scope().tenant()
    }

    /// What is heard next.
    pub async fn next(&mut self) -> Heard {
        self.place.next().await
    }

    /// What is there already.
    pub fn try_next(&mut self) -> Option<Heard> {
        self.place.try_next()
    }

    /// Whether they have missed something: then they come again, and are told everything anew.
    pub fn missed(&self) -> bool {
        self.place.missed()
    }

    /// Something came from them last then.
    pub fn heard(&mut self, at: Instant) {
        self.heard = Some(at);
    }

    /// They were let in: comes in, with the first frame.
    ///
    /// # Errors
    /// As [`Meetings::come`].
    pub async fn admitted(&mut self) -> Result<Bytes, MeetingError> {
        let (meeting, person) = self.ids();
        let (place, welcome, _) = self.meetings.enter(&self.caller, meeting, person, By::Host).await?;
        // The place before the door is nobody's any more, so its end says nothing.
        self.place = place;
        self.inside = true;
        Ok(welcome)
    }

    /// Media tells that they are out: they may offer anew.
    pub fn way_ended(&self) {
        self.meetings.live.set_way(&self.place, None);
    }

    /// A token for next time, if they may still be here. A member who manages meetings no more leads no more by that.
    ///
    /// # Errors
    /// [`MeetingError::NotFound`] where the meeting is over or the company suspended; [`MeetingError::TurnedAway`], also for a member who is
    /// no more; [`MeetingError::SignedOut`]; or the database's. With any but the last they are out, and so is their media.
    pub async fn renew(&self) -> Result<Bytes, MeetingError> {
        let renewed = self.prove().await;
        if let Err(MeetingError::NotFound | MeetingError::TurnedAway | MeetingError::SignedOut) = renewed
            && let Err(error) = self.leave().await
        {
            tracing::warn!(%error, "that somebody is out of a meeting could not be noted");
        }
        renewed
    }

    #[tracing::instrument(name = "db.meeting.renew", skip_all)]
    async fn prove(&self) -> Result<Bytes, MeetingError> {
        let (meeting, person) = self.ids();
        let scope = self.caller.scope();
        let services = &self.meetings.services;
        let caller = scope::of_meeting(services, scope.tenant(), meeting, scope.request()).await?;
        let caller = caller.ok_or(MeetingError::NotFound)?;
        let leads = self.meetings.still(self.signed, scope.request()).await;
        let mut tx = services.store.tenant(caller.scope()).await?;
        let row = rows::person(&mut tx, meeting, person).await?.ok_or(MeetingError::TurnedAway)?;
        if rows::kept_out(&mut tx, &row).await? {
            return Err(MeetingError::TurnedAway);
        }
        let speaks = !leads? && row.by_right && lead_no_more(&mut tx, meeting, person).await?;
        self.meetings.seen(&mut tx, meeting, person, false).await?;
        tx.commit().await?;
        if speaks {
            self.meetings.live.change(meeting, person, |one| one.role = AttendeeRole::Speaker);
        }
        let token = self.meetings.token(self.caller.scope(), meeting, person);
        Ok(frame(&MeetingTold::Token { token: &token }))
    }

    /// Does what a frame asks for.
    ///
    /// # Errors
    /// [`MeetingError::Denied`] for what is for hosts, or for those who are in; [`MeetingError::NotFound`] for somebody who is not there, and
    /// for a place that is no more; what the frame itself may be refused for; or the database's.
    pub async fn act(&self, asked: MeetingFrame) -> Result<Entered, MeetingError> {
        match asked {
            MeetingFrame::Hello { .. } => {
                return Err(MeetingError::TooMany(text!("Hello was said already.")));
            }
            MeetingFrame::Ping {} => return Ok(Entered::Answer(frame(&MeetingTold::Pong))),
            MeetingFrame::Leave {} => {
                self.leave().await?;
                return Ok(Entered::Left);
            }
            _ => {}
        }
        let me = self.me()?;
        let (meeting, person) = self.ids();
        let live = &self.meetings.live;
        match asked {
            MeetingFrame::Hello { .. } | MeetingFrame::Ping {} | MeetingFrame::Leave {} => {}
            MeetingFrame::Offer { sdp, sources } => return self.offer(&me, sdp, sources).await,
            MeetingFrame::Connect {} => return self.connect(&me),
            MeetingFrame::Want { wanted } => self.want(&wanted)?,
            MeetingFrame::State { microphone, camera, screen } => self.state(&me, microphone, camera, screen),
            MeetingFrame::Say { client_id, text } => self.say(&client_id, &text).await?,
            MeetingFrame::Hand { up } => self.hand(up).await?,
            MeetingFrame::React { emoji } => {
                if !REACTIONS.contains(&emoji.as_str()) {
                    return Err(MeetingError::field("emoji", text!("Use one of the six that there are.")));
                }
                live.tell_all(meeting, None, &MeetingTold::Reaction { person, emoji: &emoji });
            }
            MeetingFrame::Admit { person } => self.admit(&me, &person).await?,
            MeetingFrame::Refuse { person } => self.refuse(&me, &person).await?,
            MeetingFrame::Mute { person } => self.mute(&me, &person)?,
            MeetingFrame::StopVideo { person } => self.stop_video(&me, &person)?,
            MeetingFrame::StopScreen { person } => self.stop_screen(&me, &person)?,
            MeetingFrame::Remove { person } => self.remove(&me, &person).await?,
            MeetingFrame::Role { person, role } => self.give_role(&me, &person, role).await?,
            MeetingFrame::Lock { locked } => self.lock(&me, locked).await?,
            MeetingFrame::End {} => self.end(&me).await?,
        }
        Ok(Entered::Done)
    }

    /// Who they are now, if this place is still theirs and they are in.
    fn me(&self) -> Result<Person, MeetingError> {
        let (meeting, person) = self.ids();
        if !self.meetings.live.holds(&self.place) {
            return Err(MeetingError::NotFound);
        }
        let me = self.meetings.live.get(meeting, person).ok_or(MeetingError::NotFound)?;
        if !self.inside || me.state != AttendeeState::In {
            return Err(store::Denied.into());
        }
        Ok(me)
    }

    /// Leaves for now.
    async fn leave(&self) -> Result<(), MeetingError> {
        let (meeting, person) = self.ids();
        if self.meetings.live.out(meeting, person, Some(self.place.socket), None) && self.inside {
            self.meetings.left(&self.caller, meeting, person).await?;
        }
        Ok(())
    }

    async fn hand(&self, up: bool) -> Result<(), MeetingError> {
        let (meeting, person) = self.ids();
        let mut tx = self.meetings.services.store.tenant(self.caller.scope()).await?;
        sqlx::query!(
            "update app.meeting_people set hand_at = case when $3 then coalesce(hand_at, $4) end
             where meeting_id = $1 and person_id = $2",
            meeting.uuid(),
            person.uuid(),
            up,
            self.meetings.services.now()
        )
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
        self.meetings.live.change(meeting, person, |one| one.hand = up);
        Ok(())
    }

    /// Writes something. Sent twice, it is there once.
    #[tracing::instrument(name = "db.meeting.say", skip_all)]
    async fn say(&self, client_id: &str, said: &str) -> Result<(), MeetingError> {
        let client_id = ClientId::parse(client_id).map_err(|e| MeetingError::field("client_id", e.0))?;
        let said = MeetingText::parse(said).map_err(|e| MeetingError::field("text", e.0))?;
        let (meeting, person) = self.ids();
        let services = &self.meetings.services;
        let now = services.now();
        let mut tx = services.store.tenant(self.caller.scope()).await?;
        // The meeting's row is the lock: numbers have no gaps.
        let row = rows::hold(&mut tx, meeting).await?;
        if row.state()? == MeetingState::Ended {
            return Err(MeetingError::NotFound);
        }
        let there = sqlx::query!(
            "select seq, text, created_at from app.meeting_messages where meeting_id = $1 and person_id = $2 and client_id = $3",
            meeting.uuid(),
            person.uuid(),
            client_id.as_str()
        );
        let written = |seq: i32, text: String, at| Written {
            seq: u64::try_from(seq).unwrap_or_default(),
            person,
            name: self.name.clone(),
            text,
            at: timestamp(at),
        };
        if let Some(there) = there.fetch_optional(&mut tx).await? {
            drop(tx);
            let message = written(there.seq, there.text, there.created_at);
            self.told_back(&message, client_id.as_str());
            return Ok(());
        }
        let last = sqlx::query_scalar!(
            r#"select coalesce(max(seq), 0) as "last!" from app.meeting_messages where meeting_id = $1"#,
            meeting.uuid()
        );
        let last = last.fetch_one(&mut tx).await?;
        if i64::from(last) >= WRITTEN {
            let detail = text!("This meeting has {most} messages, and takes no more.", most = WRITTEN);
            return Err(MeetingError::TooMany(detail));
        }
        let own = sqlx::query_scalar!(
            r#"select count(*) as "own!" from app.meeting_messages where meeting_id = $1 and person_id = $2"#,
            meeting.uuid(),
            person.uuid()
        );
        if self.kind == AttendeeKind::Guest {
            let theirs = sqlx::query_scalar!(
                r#"select count(*) as "theirs!"
                   from app.meeting_messages m
                   join app.meeting_people p on p.tenant_id = m.tenant_id and p.meeting_id = m.meeting_id and p.person_id = m.person_id
                   where m.meeting_id = $1 and p.kind = 'guest'"#,
                meeting.uuid()
            );
            if theirs.fetch_one(&mut tx).await? >= OF_GUESTS {
                let detail = text!(
                    "Guests have written {most} messages in this meeting. The rest is for the company and its contacts.",
                    most = OF_GUESTS
                );
                return Err(MeetingError::TooMany(detail));
            }
        }
        if own.fetch_one(&mut tx).await? >= OWN {
            let detail =
                text!("You have written {most} messages in this meeting. The rest is for the others.", most = OWN);
            return Err(MeetingError::TooMany(detail));
        }
        sqlx::query!(
            "insert into app.meeting_messages (tenant_id, meeting_id, seq, person_id, client_id, text, created_at)
             values ($1, $2, $3, $4, $5, $6, $7)",
            self.caller.scope().tenant().uuid(),
            meeting.uuid(),
            last + 1,
            person.uuid(),
            client_id.as_str(),
            said.as_str(),
            now
        )
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
        let message = written(last + 1, said.as_str().to_owned(), now);
        self.meetings.live.tell_all(
            meeting,
            Some(person),
            &MeetingTold::Message { message: &message, client_id: None },
        );
        self.told_back(&message, client_id.as_str());
        Ok(())
    }

    /// Who wrote it knows it by its name.
    fn told_back(&self, message: &Written, client_id: &str) {
        let (meeting, person) = self.ids();
        let told = frame(&MeetingTold::Message { message, client_id: Some(client_id) });
        self.meetings.live.tell(meeting, person, Heard::Frame(told));
    }
}

impl Drop for Attending {
    fn drop(&mut self) {
        if !self.meetings.live.cut(&self.place) {
            return;
        }
        let (meeting, person, socket) = (self.place.meeting, self.place.person, self.place.socket);
        let (meetings, caller) = (self.meetings.clone(), self.caller.clone());
        let until = self.heard.unwrap_or_else(Instant::now) + GRACE;
        let out = async move {
            tokio::time::sleep_until(until).await;
            if meetings.live.out(meeting, person, Some(socket), None) {
                let left = meetings.left(&caller, meeting, person).await;
                if let Err(error) = left {
                    tracing::warn!(%error, "that somebody has left a meeting could not be noted");
                }
            }
        };
        // Where nothing runs any more, the program ends.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(out);
        }
    }
}
