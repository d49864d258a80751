//! Adding to a conversation: its row locked, the next number, one statement for everything that is written.

use crate::ConversationError;
use crate::reach::Reach;
use model::conversation::{Author, ConversationState, Event, Handler, Message};
use model::event::EventKind;
use model::knowledge::{Citation, Outcome};
use model::{ConversationId, MemberId, MessageId, TeamId};
use sqlx::types::Json;
use std::time::Duration;
use store::jobs::{Job, Lane};
use store::services::timestamp;
use store::{Scope, Services, StoreError, TenantTx, events, jobs};
use time::OffsetDateTime;
use uuid::Uuid;

/// Has the assistant answer in a conversation.
#[derive(Debug)]
pub struct AnswerContact;

impl Job for AnswerContact {
    const NAME: &'static str = "answer";
    const LANE: Lane = Lane::Prompt;
    /// What a model may take for all that was asked, and the built-in answerer for the rest of it (`assistant::Answering`).
    const DEADLINE: Duration = Duration::from_secs(180);
    /// Then a person is called.
    const TRIES: i32 = 3;
    type Subject = ConversationId;
}

/// Characters of the last message that lists show.
const SHOWN: usize = 160;

/// A conversation whose row this transaction has locked.
pub(crate) struct Locked {
    pub id: ConversationId,
    pub state: ConversationState,
    pub handler: Handler,
    pub assignee: Option<MemberId>,
    holder: Option<MemberId>,
    pub team: Option<TeamId>,
    pub fence: i64,
    pub last_seq: i64,
    pub answered_seq: i64,
    /// Since when a call is wanted, as long as nobody of the company's has answered.
    pub call_wanted_at: Option<OffsetDateTime>,
    waiting_since: Option<OffsetDateTime>,
    last_message: Uuid,
}

/// What is to be added.
pub(crate) struct Entry<'a> {
    pub author: Author,
    pub name: Option<&'a str>,
    pub text: &'a str,
    pub event: Option<Event>,
    pub outcome: Option<Outcome>,
    pub citations: Vec<Citation>,
    pub client_id: Option<&'a str>,
}

impl<'a> Entry<'a> {
    /// Words of somebody's.
    pub fn words(author: Author, text: &'a str) -> Self {
        Self { author, name: None, text, event: None, outcome: None, citations: Vec::new(), client_id: None }
    }

    /// Something that happened, and how it is said.
    pub fn event(event: Event, text: &'a str, name: Option<&'a str>) -> Self {
        Self { event: Some(event), name, ..Self::words(Author::System, text) }
    }
}

/// Locks a conversation, if it is within reach.
pub(crate) async fn lock(tx: &mut TenantTx, id: ConversationId, reach: Reach) -> Result<Locked, ConversationError> {
    let row = sqlx::query!(
        "select c.state, c.handler, c.assignee_id, c.holder_id, c.team_id, c.fence, c.last_seq, c.answered_seq, c.waiting_since,
           c.last_message_id, c.call_wanted_at
         from app.conversations c
         where c.conversation_id = $1 and ($2::uuid is null or c.contact_id = $2)
           and app.reached(c.channel, c.team_id, c.holder_id, $3,
             array(select t.team_id from app.team_members t where t.member_id = $3), $4)
         for no key update of c",
        id.uuid(),
        reach.contact,
        reach.member,
        reach.may() as _
    )
    .fetch_optional(tx)
    .await?
    .ok_or(ConversationError::NotFound)?;
    Ok(Locked {
        id,
        state: ConversationState::from_name(&row.state).ok_or(StoreError::Corrupt("conversations.state"))?,
        handler: Handler::from_name(&row.handler).ok_or(StoreError::Corrupt("conversations.handler"))?,
        assignee: row.assignee_id.map(MemberId::from_uuid),
        holder: row.holder_id.map(MemberId::from_uuid),
        team: row.team_id.map(TeamId::from_uuid),
        fence: row.fence,
        last_seq: row.last_seq,
        answered_seq: row.answered_seq,
        call_wanted_at: row.call_wanted_at,
        waiting_since: row.waiting_since,
        last_message: row.last_message_id,
    })
}

fn kind(event: Event) -> EventKind {
    match event {
        Event::HandedOff => EventKind::ConversationHandedOff,
        Event::TakenOver => EventKind::ConversationTakenOver,
        Event::HandedBack => EventKind::ConversationHandedBack,
        Event::Resolved => EventKind::ConversationResolved,
        Event::Meeting => EventKind::ConversationMeeting,
    }
}

impl Locked {
    /// Lets somebody else speak: from now on an answer that was begun before is too late.
    pub fn hand_to(&mut self, handler: Handler, assignee: Option<MemberId>) {
        self.state = ConversationState::Open;
        self.handler = handler;
        self.assignee = assignee;
        self.fence += 1;
        match handler {
            // What people have seen is theirs; the assistant answers what comes from here on.
            Handler::Assistant => self.answered_seq = self.last_seq,
            Handler::People => self.holder = assignee,
        }
        if handler == Handler::Assistant || assignee.is_some() {
            self.call_wanted_at = None;
        }
    }

    /// Adds a message and writes the row as it now is.
    pub async fn append(
        &mut self,
        tx: &mut TenantTx,
        services: &Services,
        scope: &Scope,
        entry: Entry<'_>,
    ) -> Result<Message, ConversationError> {
        let now = services.now();
        // Two messages of one millisecond have ids in any order, and clocks go back.
        let id = services.new_id().max(Uuid::from_u128(self.last_message.as_u128().saturating_add(1)));
        let seq = self.last_seq + 1;
        let waits = self.state == ConversationState::Open && self.handler == Handler::People && self.assignee.is_none();
        self.waiting_since = if waits { self.waiting_since.or(Some(now)) } else { None };
        if entry.author == Author::Agent {
            self.call_wanted_at = None;
        }
        let shown: Option<String> = entry.event.is_none().then(|| entry.text.chars().take(SHOWN).collect());
        let refused = entry.outcome == Some(Outcome::Refused);
        let citations = (!entry.citations.is_empty()).then_some(Json(&entry.citations));
        sqlx::query!(
            "with message as (
               insert into app.messages (tenant_id, conversation_id, message_id, seq, author, name, text, event, refused,
                 outcome, citations, client_id, created_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $21, $10, $11, $12)
             ), key as (
               insert into app.message_keys (tenant_id, conversation_id, seq, message_id, author, client_id)
               values ($1, $2, $4, $3, $5, $11)
             )
             update app.conversations
             set last_seq = $4, last_message_id = $3, state = $13, handler = $14, assignee_id = $15, fence = $16,
               answered_seq = $17, last_author = case when $8::text is null then $5 else last_author end,
               last_text = coalesce($18, last_text), updated_at = $12, waiting_since = $19,
               holder_id = $20, call_wanted_at = $22
             where conversation_id = $2",
            scope.tenant().uuid(),
            self.id.uuid(),
            id,
            seq,
            entry.author.name(),
            entry.name,
            entry.text,
            entry.event.map(Event::name),
            refused,
            citations as _,
            entry.client_id,
            now,
            self.state.name(),
            self.handler.name(),
            self.assignee.map(MemberId::uuid),
            self.fence,
            self.answered_seq,
            shown,
            self.waiting_since,
            self.holder.map(MemberId::uuid),
            entry.outcome.map(Outcome::name),
            self.call_wanted_at
        )
        .execute(&mut *tx)
        .await?;
        let conversation = self.id.uuid();
        match entry.event {
            None => {
                let (kind, within) = (EventKind::MessageCreated, Some(conversation));
                events::record_within(tx, services, scope, kind, id, within).await?;
            }
            Some(event) => events::record(tx, services, scope, kind(event), conversation).await?,
        }
        self.last_seq = seq;
        self.last_message = id;
        Ok(Message {
            id: MessageId::from_uuid(id),
            conversation_id: self.id,
            seq: u64::try_from(seq).unwrap_or_default(),
            from: entry.author,
            name: entry.name.map(str::to_owned),
            text: entry.text.to_owned(),
            event: entry.event,
            refused,
            outcome: entry.outcome,
            citations: entry.citations,
            client_id: entry.client_id.map(str::to_owned),
            created_at: timestamp(now),
        })
    }

    /// Has the assistant answer.
    pub async fn ask_assistant(
        &self,
        tx: &mut TenantTx,
        services: &Services,
        scope: &Scope,
    ) -> Result<(), ConversationError> {
        Ok(jobs::enqueue::<AnswerContact>(tx, services, scope, self.id).await?)
    }
}
