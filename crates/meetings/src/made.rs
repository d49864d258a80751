//! Meetings are made, shown and ended: by members, and by programs with a key.

use crate::join::{UNSEEN, gone_since};
use crate::rows::{self, MeetingRow};
use crate::written::first_of;
use crate::{MeetingError, Meetings};
use conversations::NewMessage;
use model::audit::Act;
use model::conversation::Handler;
use model::input::{MeetingTitle, Passcode};
use model::meeting::{Attendee, Meeting, MeetingCode, MeetingState, Written};
use model::page::{self, Page};
use model::permission::ManageMeetings;
use model::{ConversationId, MeetingId, MemberId, Timestamp};
use std::collections::HashMap;
use store::audit::{self, Entry};
use store::services::timestamp;
use store::{Caller, Scope, StoreError, TenantTx};
use time::macros::format_description;
use time::{Duration, OffsetDateTime, PrimitiveDateTime};
use uuid::Uuid;
use words::{Language, text};

/// Meetings of a tenant's that are kept: with one more, the one that ended first goes.
const KEPT: i64 = 5_000;
/// Those of them that are not over.
const OPEN: i64 = 1_000;
/// How long one may be, and is when nothing is said.
const MINUTES: std::ops::RangeInclusive<u32> = 5..=1_440;
const USUAL: u32 = 60;
/// How far ahead one is made.
const AHEAD: Duration = Duration::days(730);
/// Those who came that a list names of each meeting.
const NAMED: i64 = 200;

/// When a meeting is to begin.
#[derive(Debug, Clone, Default)]
pub enum Starts {
    /// At once.
    #[default]
    Now,
    /// Then; and where its time is said.
    At(Timestamp, Option<String>),
    /// When it is so late there.
    Local(String, String),
}

/// A meeting that is to be made.
#[derive(Debug, Clone, Default)]
pub struct NewMeeting {
    /// What it is called.
    pub title: Option<String>,
    /// When it is to begin.
    pub starts: Starts,
    /// How long it is to take.
    pub minutes: Option<u32>,
    /// What one has to know besides the link.
    pub passcode: Option<String>,
    /// Whether guests wait until a host lets them in.
    pub waiting_room: bool,
    /// The conversation from which it is made.
    pub conversation: Option<ConversationId>,
}

/// A meeting in a list.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The meeting.
    pub meeting: Meeting,
    /// When it begins, where its time is said: `2026-12-01 10:00`.
    pub begins: Option<String>,
    /// Who came.
    pub people: Vec<Attendee>,
    /// What was written in it first, where it is over; and how many messages there are.
    pub said: (Vec<Written>, usize),
    /// How many are in it now.
    pub now: usize,
}

/// Why a meeting is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ends<'a> {
    /// Somebody ends it: who manages meetings, or who is in it, of whom the audit log says the name.
    Now(Option<&'a str>),
    /// Nobody is in it any more, or has come in its time.
    Empty,
}

/// A code that nobody can guess.
fn code() -> MeetingCode {
    loop {
        // These are enough, but for a chance that never comes.
        if let Some(code) = MeetingCode::of(&rand::random::<[u8; 64]>()) {
            return code;
        }
    }
}

/// What a meeting may be called; nothing for one without a name.
pub(crate) fn fit_title(title: &str) -> Result<Option<MeetingTitle>, MeetingError> {
    let title = Some(title.trim()).filter(|title| !title.is_empty());
    title.map(MeetingTitle::parse).transpose().map_err(|e| MeetingError::field("title", e.0))
}

/// What a meeting is called: one without a name is called `Meeting`, in the workspace's language.
pub(crate) async fn named(tx: &mut TenantTx, title: Option<MeetingTitle>) -> Result<MeetingTitle, MeetingError> {
    match title {
        Some(title) => Ok(title),
        None => {
            let language = conversations::language(tx).await?;
            MeetingTitle::parse(&text!("Meeting").say(language)).map_err(|e| MeetingError::field("title", e.0))
        }
    }
}

/// A passcode that may be, or none.
pub(crate) fn fit_passcode(passcode: Option<&str>) -> Result<Option<Passcode>, MeetingError> {
    let passcode = passcode.map(str::trim).filter(|passcode| !passcode.is_empty());
    passcode.map(Passcode::parse).transpose().map_err(|e| MeetingError::field("passcode", e.0))
}

/// How long a meeting may be, in minutes.
pub(crate) fn fit_minutes(minutes: u32) -> Result<i32, MeetingError> {
    let fit = i32::try_from(minutes).ok().filter(|_| MINUTES.contains(&minutes));
    fit.ok_or_else(|| {
        let detail = text!("Use a number from {least} to {most}.", least = MINUTES.start(), most = MINUTES.end());
        MeetingError::field("minutes", detail)
    })
}

/// An instant at which it is so late there; or what is wrong with the place.
async fn at_zone(tx: &mut TenantTx, local: PrimitiveDateTime, zone: &str) -> Result<OffsetDateTime, MeetingError> {
    let unknown = || MeetingError::field("time_zone", text!("Choose a time zone, for example Europe/Stockholm."));
    let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '+');
    if zone.is_empty() || zone.len() > 64 || !zone.chars().all(named) {
        return Err(unknown());
    }
    let at = sqlx::query_scalar!(r#"select ($1::timestamp at time zone $2::text) as "at!""#, local, zone);
    match at.fetch_one(tx).await {
        Ok(at) => Ok(at),
        // It knows no such zone (PostgreSQL, appendix A: invalid_parameter_value).
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("22023") => Err(unknown()),
        Err(error) => Err(error.into()),
    }
}

impl Meetings {
    /// Makes a meeting.
    ///
    /// # Errors
    /// [`MeetingError::Denied`]; [`MeetingError::Invalid`] for what cannot be; [`MeetingError::Conversation`] for a conversation that the
    /// caller does not reach; [`MeetingError::TooMany`]; or the database's.
    pub async fn create(&self, caller: &Caller, new: NewMeeting) -> Result<Meeting, MeetingError> {
        Ok(self.made(caller, new, false).await?.0)
    }

    /// Makes a meeting, or with `once` gives the one that the conversation has; and whether it was made.
    #[tracing::instrument(name = "db.meeting.create", skip_all)]
    async fn made(&self, caller: &Caller, new: NewMeeting, once: bool) -> Result<(Meeting, bool), MeetingError> {
        let right = caller.may(ManageMeetings)?;
        let title = fit_title(new.title.as_deref().unwrap_or_default())?;
        let passcode = fit_passcode(new.passcode.as_deref())?;
        let minutes = fit_minutes(new.minutes.unwrap_or(USUAL))?;
        if let Some(conversation) = new.conversation {
            self.conversations.get(caller, conversation).await?;
        }
        let (id, code, now) = (MeetingId::from_uuid(self.services.new_id()), code(), self.services.now());
        let mut tx = self.services.store.tenant(right.scope()).await?;
        // The tenant's row is the lock: two at once do not both have the last place, nor each a meeting of one conversation.
        sqlx::query!("select tenant_id from app.tenants for no key update").fetch_optional(&mut tx).await?;
        if once
            && let Some(conversation) = new.conversation
            && let Some(there) = rows::standing(&mut tx, conversation).await?
        {
            return Ok((self.shown(&there)?, false));
        }
        let (starts_at, zone) = starts(&mut tx, &new.starts, now).await?;
        let title = named(&mut tx, title).await?;
        make_room(&mut tx).await?;
        let ends_at = starts_at.map_or(now, |at| at + Duration::minutes(i64::from(minutes)));
        let hash = passcode.as_ref().map(|passcode| self.passcode(id, passcode.as_str()));
        sqlx::query!(
            "insert into app.meetings (tenant_id, meeting_id, code, title, state, starts_at, minutes, time_zone, ends_at,
               passcode_hash, waiting_room, locked, conversation_id, created_by, created_at)
             values ($1, $2, $3, $4, 'scheduled', $5, $6, $7, $8, $9, $10, false, $11, $12, $13)",
            right.scope().tenant().uuid(),
            id.uuid(),
            code.as_str(),
            title.as_str(),
            starts_at,
            minutes,
            zone,
            ends_at,
            hash.as_ref().map(<[u8; 32]>::as_slice),
            new.waiting_room,
            new.conversation.map(ConversationId::uuid),
            right.member().map(MemberId::uuid),
            now
        )
        .execute(&mut tx)
        .await?;
        let meeting = self.shown(&rows::meeting(&mut tx, id).await?)?;
        let mut entry = Entry::new(Act::MeetingCreated).to(id.uuid(), title.as_str());
        if let Some(at) = starts_at {
            entry = entry.is("starts_at", timestamp(at).to_string());
        }
        audit::record(&mut tx, &self.services, caller, entry).await?;
        tx.commit().await?;
        Ok((meeting, true))
    }

    /// Makes a meeting from a conversation and says its link there, in the workspace's language: on behalf of a member, who takes the conversation
    /// by that, or of a program, where a person is asked for first.
    ///
    /// # Errors
    /// As [`Meetings::create`], and what a reply may be refused for.
    pub async fn invite(
        &self,
        caller: &Caller,
        conversation: ConversationId,
        new: NewMeeting,
    ) -> Result<Meeting, MeetingError> {
        self.invited(caller, conversation, new, false).await
    }

    async fn invited(
        &self,
        caller: &Caller,
        conversation: ConversationId,
        new: NewMeeting,
        once: bool,
    ) -> Result<Meeting, MeetingError> {
        let right = caller.may(ManageMeetings)?;
        let there = self.conversations.get(caller, conversation).await?;
        // Before anything is made: who may not write there makes none.
        match (right.member(), there.handler) {
            (Some(member), _) if there.assignee.as_ref().is_none_or(|one| one.id != member) => {
                self.conversations.take_over(caller, conversation).await?;
            }
            (None, Handler::Assistant) => {
                self.conversations.hand_off(caller, conversation).await?;
            }
            _ => {}
        }
        let new = NewMeeting { conversation: Some(conversation), ..new };
        let (meeting, made) = self.made(caller, new, once).await?;
        if !made {
            return Ok(meeting);
        }
        let text = self.invitation(right.scope(), &meeting).await?;
        let message = NewMessage { text, client_id: format!("meeting-{}", meeting.id) };
        self.conversations.reply(caller, conversation, &message).await?;
        Ok(meeting)
    }

    /// What a contact is told of a meeting: its link; and when to open it, where that is to come.
    async fn invitation(&self, scope: &Scope, meeting: &Meeting) -> Result<String, MeetingError> {
        let mut tx = self.services.store.tenant(scope).await?;
        let language = conversations::language(&mut tx).await?;
        let begins = match meeting.starts_at {
            Some(at) if at > timestamp(self.services.now()) => begins(&mut tx, meeting.id, language).await?,
            _ => None,
        };
        tx.leave_open();
        let link = &meeting.link;
        let said = match begins {
            Some([day, time, zone]) => text!(
                "Let us talk face to face on {day}, {time} ({zone}). Open this link then to join: {link}",
                day,
                time,
                zone,
                link
            ),
            None => text!("Let us talk face to face. Open this link to join: {link}", link),
        };
        Ok(said.say(language))
    }

    /// The meeting of a conversation that one may join at once; without one it is made, as [`Meetings::invite`] does.
    ///
    /// # Errors
    /// As [`Meetings::invite`].
    #[tracing::instrument(name = "db.meeting.meet", skip_all)]
    pub async fn meet(&self, caller: &Caller, conversation: ConversationId) -> Result<Meeting, MeetingError> {
        let right = caller.may(ManageMeetings)?;
        self.conversations.get(caller, conversation).await?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        // Who comes second takes nothing over.
        if let Some(there) = rows::standing(&mut tx, conversation).await? {
            return Ok(self.shown(&there)?);
        }
        tx.leave_open();
        self.invited(caller, conversation, NewMeeting::default(), true).await
    }

    /// Meetings of the caller's tenant, the newest first.
    ///
    /// # Errors
    /// [`MeetingError::Denied`]; [`MeetingError::Invalid`] for a limit or cursor that cannot be; or the database's.
    #[tracing::instrument(name = "db.meeting.list", skip_all)]
    pub async fn list(
        &self,
        caller: &Caller,
        state: Option<MeetingState>,
        limit: Option<u32>,
        cursor: Option<&str>,
    ) -> Result<Page<Meeting>, MeetingError> {
        let mut tx = self.services.store.tenant(caller.may(ManageMeetings)?.scope()).await?;
        let (rows, next_cursor) = page(&mut tx, state, limit, cursor).await?;
        tx.leave_open();
        let data = rows.iter().map(|row| self.shown(row)).collect::<Result<_, _>>()?;
        Ok(Page { data, next_cursor })
    }

    /// The same as the dashboard shows them: with when each begins where its time is said, who came, and what was written in
    /// those that are over. Those to come stand in the order in which they begin, and what begins at once before them; of those that are over the one that
    /// ended last is the first.
    ///
    /// # Errors
    /// As [`Meetings::list`].
    #[tracing::instrument(name = "db.meeting.listed", skip_all)]
    pub async fn listed(
        &self,
        caller: &Caller,
        state: MeetingState,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Page<Listed>, MeetingError> {
        let mut tx = self.services.store.tenant(caller.may(ManageMeetings)?.scope()).await?;
        let (rows, next_cursor) = match state {
            MeetingState::Scheduled => coming(&mut tx, limit, cursor).await?,
            MeetingState::Live => page(&mut tx, Some(state), Some(limit), cursor).await?,
            MeetingState::Ended => ended(&mut tx, limit, cursor).await?,
        };
        let ids: Vec<Uuid> = rows.iter().map(|row| row.meeting_id).collect();
        let begins = sqlx::query!(
            r#"select meeting_id, to_char(starts_at at time zone coalesce(time_zone, 'UTC'), 'YYYY-MM-DD HH24:MI') as begins
               from app.meetings where meeting_id = any($1)"#,
            &ids
        );
        let begins: HashMap<Uuid, Option<String>> =
            begins.fetch_all(&mut tx).await?.into_iter().map(|row| (row.meeting_id, row.begins)).collect();
        let (mut came, now): (HashMap<Uuid, Vec<Attendee>>, _) = (HashMap::new(), self.services.now());
        let people = sqlx::query!(
            r#"select p.meeting_id as "meeting_id!", p.person_id as "person_id!", p.kind as "kind!", p.member_id, p.contact_id,
                 p.name as "name!", p.role as "role!", p.state as "state!", p.admitted as "admitted!", p.hand_at, p.joined_at,
                 p.left_at, p.session_hash, p.by_right as "by_right!", p.entered_at, p.present_ms as "present_ms!"
               from unnest($1::uuid[]) one (id)
               cross join lateral (
                 select * from app.meeting_people
                 where meeting_id = one.id and joined_at is not null order by person_id limit $2) p"#,
            &ids,
            NAMED
        );
        for row in people.fetch_all(&mut tx).await? {
            let person = rows::PersonRow {
                person_id: row.person_id,
                kind: row.kind,
                member_id: row.member_id,
                contact_id: row.contact_id,
                name: row.name,
                role: row.role,
                state: row.state,
                admitted: row.admitted,
                hand_at: row.hand_at,
                joined_at: row.joined_at,
                left_at: row.left_at,
                session_hash: row.session_hash,
                by_right: row.by_right,
                entered_at: row.entered_at,
                present_ms: row.present_ms,
            };
            came.entry(row.meeting_id).or_default().push(person.attendee(now)?);
        }
        let mut said = match state {
            MeetingState::Ended => first_of(&mut tx, &ids).await?,
            MeetingState::Scheduled | MeetingState::Live => HashMap::new(),
        };
        tx.leave_open();
        let data = rows.iter().map(|row| {
            Ok::<_, StoreError>(Listed {
                meeting: self.shown(row)?,
                begins: begins.get(&row.meeting_id).cloned().flatten(),
                people: came.remove(&row.meeting_id).unwrap_or_default(),
                said: said.remove(&row.meeting_id).unwrap_or_default(),
                now: self.live.count(row.id()),
            })
        });
        Ok(Page { data: data.collect::<Result<_, _>>()?, next_cursor })
    }

    /// The time zone in which the latest meeting was planned, to be offered for the next.
    ///
    /// # Errors
    /// [`MeetingError::Denied`], or the database's.
    #[tracing::instrument(name = "db.meeting.zone", skip_all)]
    pub async fn usual_zone(&self, caller: &Caller) -> Result<Option<String>, MeetingError> {
        let mut tx = self.services.store.tenant(caller.may(ManageMeetings)?.scope()).await?;
        let zone = sqlx::query_scalar!(
            r#"select time_zone as "zone!" from app.meetings where time_zone is not null order by meeting_id desc limit 1"#
        );
        let zone = zone.fetch_optional(&mut tx).await?;
        tx.leave_open();
        Ok(zone)
    }

    /// One of them.
    ///
    /// # Errors
    /// [`MeetingError::Denied`], [`MeetingError::NotFound`], or the database's.
    #[tracing::instrument(name = "db.meeting.get", skip_all)]
    pub async fn get(&self, caller: &Caller, id: MeetingId) -> Result<Meeting, MeetingError> {
        let mut tx = self.services.store.tenant(caller.may(ManageMeetings)?.scope()).await?;
        Ok(self.shown(&rows::meeting(&mut tx, id).await?)?)
    }

    /// Who came to it, or wanted to, in the order in which they did.
    ///
    /// # Errors
    /// As [`Meetings::get`].
    #[tracing::instrument(name = "db.meeting.people", skip_all)]
    pub async fn people(&self, caller: &Caller, id: MeetingId) -> Result<Vec<Attendee>, MeetingError> {
        let mut tx = self.services.store.tenant(caller.may(ManageMeetings)?.scope()).await?;
        rows::meeting(&mut tx, id).await?;
        let (people, now) = (rows::people(&mut tx, id).await?, self.services.now());
        Ok(people.iter().map(|person| person.attendee(now)).collect::<Result<_, _>>()?)
    }

    /// Ends it, for all who are in it. Nothing new where it is over.
    ///
    /// # Errors
    /// As [`Meetings::get`].
    pub async fn end(&self, caller: &Caller, id: MeetingId) -> Result<Meeting, MeetingError> {
        caller.may(ManageMeetings)?;
        self.over(caller, id, Ends::Now(None)).await?;
        self.get(caller, id).await
    }

    /// Ends a meeting in which nobody is; says whether it did. Who was seen lately is in it, by another node.
    pub(crate) async fn empty(&self, caller: &Caller, id: MeetingId) -> Result<bool, MeetingError> {
        let mut tx = self.services.store.tenant(caller.attendee()?.scope()).await?;
        let there = sqlx::query_scalar!(
            r#"select exists (
                 select from app.meeting_people where meeting_id = $1 and state = 'in' and seen_at > $2) as "there!""#,
            id.uuid(),
            self.services.now() - UNSEEN
        );
        let there = there.fetch_one(&mut tx).await?;
        tx.leave_open();
        if !there {
            self.over(caller, id, Ends::Empty).await?;
        }
        Ok(!there)
    }

    /// A meeting is over.
    #[tracing::instrument(name = "db.meeting.end", skip_all)]
    pub(crate) async fn over(&self, caller: &Caller, id: MeetingId, ends: Ends<'_>) -> Result<(), MeetingError> {
        let scope = match caller.attendee() {
            Ok(attendee) => attendee.scope(),
            Err(_) => caller.may(ManageMeetings)?.scope(),
        };
        let now = self.services.now();
        let mut tx = self.services.store.tenant(scope).await?;
        let row = rows::hold(&mut tx, id).await?;
        if row.state()? == MeetingState::Ended {
            self.live.close(id);
            return Ok(());
        }
        // One that was left was over when the last of them went.
        let ended = sqlx::query_scalar!(
            r#"update app.meetings
               set state = 'ended', ended_at = greatest(started_at, least(empty_since, $2))
               where meeting_id = $1 returning ended_at as "ended_at!""#,
            id.uuid(),
            now
        );
        let ended = ended.fetch_one(&mut tx).await?;
        // Who asked to come back, as after a restart, and opened no socket, was there until then.
        gone_since(&mut tx, id, now - UNSEEN).await?;
        rows::add_up(&mut tx, id, None, now).await?;
        sqlx::query!(
            "update app.meeting_people
             set state = 'left', left_at = case when state = 'in' then $2 else left_at end
             where meeting_id = $1 and state in ('waiting', 'in')",
            id.uuid(),
            now
        )
        .execute(&mut tx)
        .await?;
        let names = sqlx::query_scalar!(
            "select name from app.meeting_people where meeting_id = $1 and joined_at is not null order by person_id limit 21",
            id.uuid()
        );
        let names = names.fetch_all(&mut tx).await?;
        let mut entry = Entry::new(Act::MeetingEnded).to(id.uuid(), &row.title);
        if let Ends::Now(Some(by)) = ends {
            entry = entry.is("by", by);
        }
        audit::record(&mut tx, &self.services, caller, entry).await?;
        tx.commit().await?;
        self.live.close(id);
        if row.started_at.is_some() {
            self.look_after(scope.tenant(), id);
        }
        if let Some(conversation) = row.conversation() {
            let said = match (row.started_at, ends) {
                (Some(began), _) => {
                    let minutes = (ended - began).whole_minutes();
                    self.conversations.meeting_ended(caller, conversation, minutes, &names).await
                }
                (None, Ends::Now(_)) => self.conversations.meeting_called_off(caller, conversation).await,
                // Its time has passed, and nobody has come: they know.
                (None, Ends::Empty) => Ok(()),
            };
            // The meeting is over in any case.
            if let Err(error) = said {
                tracing::warn!(%error, "the end of a meeting could not be said in its conversation");
            }
        }
        Ok(())
    }

    /// What is kept of a passcode.
    pub(crate) fn passcode(&self, meeting: MeetingId, passcode: &str) -> [u8; 32] {
        self.passcodes.mac(&[meeting.uuid().as_bytes().as_slice(), passcode.as_bytes()].concat())
    }
}

/// When a planned meeting begins, as people read it: its day, its time, and where that is said.
pub(crate) async fn begins(
    tx: &mut TenantTx,
    id: MeetingId,
    language: Language,
) -> Result<Option<[String; 3]>, MeetingError> {
    let row = rows::meeting(tx, id).await?;
    // As that place's clock shows it.
    let begins = rows::begins(tx, id).await?.and_then(|begins| format!("{begins}:00.000Z").parse::<Timestamp>().ok());
    let zone = row.time_zone.unwrap_or_else(|| "UTC".to_owned());
    Ok(begins.map(|begins| [begins.day().say(language), begins.time(), zone]))
}

/// When it begins, and where that is said.
pub(crate) async fn starts(
    tx: &mut TenantTx,
    starts: &Starts,
    now: OffsetDateTime,
) -> Result<(Option<OffsetDateTime>, Option<String>), MeetingError> {
    let (at, zone) = match starts {
        Starts::Now => return Ok((None, None)),
        Starts::At(at, zone) => {
            if let Some(zone) = zone {
                at_zone(tx, PrimitiveDateTime::new(now.date(), now.time()), zone).await?;
            }
            let nanos = i128::from(at.millis()) * 1_000_000;
            let at = OffsetDateTime::from_unix_timestamp_nanos(nanos).map_err(|_| unfit())?;
            (at, zone.clone())
        }
        Starts::Local(local, zone) => {
            // As forms write it (HTML, "valid local date and time string"); some browsers say the seconds.
            let form = format_description!("[year]-[month]-[day]T[hour]:[minute]");
            let local = local.trim().get(..16).ok_or_else(unfit)?;
            let local = PrimitiveDateTime::parse(local, form).map_err(|_| unfit())?;
            (at_zone(tx, local, zone.trim()).await?, Some(zone.trim().to_owned()))
        }
    };
    if at < now - Duration::days(1) || at > now + AHEAD {
        return Err(unfit());
    }
    Ok((Some(at), zone))
}

fn unfit() -> MeetingError {
    MeetingError::field("starts_at", text!("Choose a day and a time within the next two years."))
}

/// Makes room for one more.
async fn make_room(tx: &mut TenantTx) -> Result<(), MeetingError> {
    let there = sqlx::query!(
        r#"select count(*) as "all!", count(*) filter (where state <> 'ended') as "open!" from app.meetings"#
    )
    .fetch_one(&mut *tx)
    .await?;
    if there.open >= OPEN {
        return Err(MeetingError::TooMany(text!(
            "There are {most} meetings that are not over. End some first.",
            most = OPEN
        )));
    }
    if there.all >= KEPT {
        sqlx::query!(
            "delete from app.meetings where meeting_id in (
               select meeting_id from app.meetings where state = 'ended' order by ended_at, meeting_id limit $1)",
            there.all - KEPT + 1
        )
        .execute(tx)
        .await?;
    }
    Ok(())
}

/// A page of these, of which one more was asked for; and where the page after it begins.
fn cut(mut rows: Vec<MeetingRow>, limit: u32) -> (Vec<MeetingRow>, Option<String>) {
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next_cursor = rows.last().filter(|_| more).map(|last| last.id().to_string());
    (rows, next_cursor)
}

/// A page of meetings to come, the next one first; and where the page after it begins.
async fn coming(
    tx: &mut TenantTx,
    limit: u32,
    cursor: Option<&str>,
) -> Result<(Vec<MeetingRow>, Option<String>), MeetingError> {
    let after = page::cursor::<MeetingId>(cursor).map_err(|why| MeetingError::field("cursor", why))?;
    // Where that one stands. One that is not there any more leads to the beginning.
    let mut from = (None, None);
    if let Some(id) = after {
        let there = sqlx::query!("select starts_at from app.meetings where meeting_id = $1", id.uuid());
        if let Some(there) = there.fetch_optional(&mut *tx).await? {
            from = (Some(id.uuid()), there.starts_at);
        }
    }
    let rows = sqlx::query_as!(
        MeetingRow,
        "select meeting_id, code, title, state, starts_at, minutes, time_zone, passcode_hash, waiting_room, locked,
           conversation_id, created_by, created_at, started_at, ended_at
         from app.meetings
         where state = 'scheduled' and ($1::uuid is null
           or (coalesce(starts_at, '-infinity'), meeting_id) > (coalesce($2::timestamptz, '-infinity'), $1))
         order by coalesce(starts_at, '-infinity'), meeting_id limit $3",
        from.0,
        from.1,
        i64::from(limit) + 1
    )
    .fetch_all(tx)
    .await?;
    Ok(cut(rows, limit))
}

/// A page of meetings that are over, the one that ended last first; and where the page after it begins.
async fn ended(
    tx: &mut TenantTx,
    limit: u32,
    cursor: Option<&str>,
) -> Result<(Vec<MeetingRow>, Option<String>), MeetingError> {
    let before = page::cursor::<MeetingId>(cursor).map_err(|why| MeetingError::field("cursor", why))?;
    // Where that one stands. One that is not there any more leads to the beginning.
    let mut from = (None, None);
    if let Some(id) = before {
        let there = sqlx::query!("select ended_at from app.meetings where meeting_id = $1", id.uuid());
        if let Some(there) = there.fetch_optional(&mut *tx).await? {
            from = (Some(id.uuid()), there.ended_at);
        }
    }
    let rows = sqlx::query_as!(
        MeetingRow,
        "select meeting_id, code, title, state, starts_at, minutes, time_zone, passcode_hash, waiting_room, locked,
           conversation_id, created_by, created_at, started_at, ended_at
         from app.meetings
         where state = 'ended' and ($1::uuid is null or (ended_at, meeting_id) < ($2::timestamptz, $1))
         order by ended_at desc, meeting_id desc limit $3",
        from.0,
        from.1,
        i64::from(limit) + 1
    )
    .fetch_all(tx)
    .await?;
    Ok(cut(rows, limit))
}

/// A page of meetings, and where the next one begins.
async fn page(
    tx: &mut TenantTx,
    state: Option<MeetingState>,
    limit: Option<u32>,
    cursor: Option<&str>,
) -> Result<(Vec<MeetingRow>, Option<String>), MeetingError> {
    let limit = page::limit(limit).map_err(|why| MeetingError::field("limit", why))?;
    let before = page::cursor::<MeetingId>(cursor).map_err(|why| MeetingError::field("cursor", why))?;
    let rows = sqlx::query_as!(
        MeetingRow,
        "select meeting_id, code, title, state, starts_at, minutes, time_zone, passcode_hash, waiting_room, locked,
           conversation_id, created_by, created_at, started_at, ended_at
         from app.meetings
         where meeting_id < $1 and ($2::text is null or state = $2)
         order by meeting_id desc limit $3",
        before.map_or(Uuid::max(), MeetingId::uuid),
        state.map(MeetingState::name),
        i64::from(limit) + 1
    )
    .fetch_all(tx)
    .await?;
    Ok(cut(rows, limit))
}
