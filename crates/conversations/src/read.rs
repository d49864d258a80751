//! Lists of conversations, one conversation, its messages.

use crate::reach::{Place, Reach};
use crate::{ConversationError, Conversations};
use model::conversation::{
    Assignee, Author, Channel, Contact, Conversation, ConversationState, Event, Handler, InboxFilter, Message,
};
use model::knowledge::{Citation, Outcome};
use model::page::{self, Page};
use model::permission::ReadConversations;
use model::{ContactId, ConversationId, MemberId, MessageId, TeamId};
use sqlx::types::Json;
use std::collections::HashMap;
use store::services::timestamp;
use store::{Caller, StoreError, TenantTx};
use time::OffsetDateTime;
use uuid::Uuid;
use words::text;

/// Most conversations that a page of the inbox shows.
pub(crate) const INBOX: u32 = 50;
/// Most that are counted of those that wait.
pub(crate) const COUNTED: u32 = 100;
/// Most that are looked at to count them by team.
const COUNTED_BY_PLACE: i64 = 10_000;

/// Which messages of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessagesFrom {
    /// The latest.
    Latest,
    /// Those before this one, the latest of them.
    Before(MessageId),
    /// Those that came after this number, the earliest of them.
    After(u64),
}

struct Row {
    conversation_id: Uuid,
    contact_id: Uuid,
    contact_name: Option<String>,
    contact_email: Option<String>,
    state: String,
    handler: String,
    assignee_id: Option<Uuid>,
    assignee_name: Option<String>,
    holder_id: Option<Uuid>,
    team_id: Option<Uuid>,
    channel: String,
    last_seq: i64,
    last_author: Option<String>,
    last_text: Option<String>,
    waiting_since: Option<OffsetDateTime>,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

/// `query_as!` of conversations: what follows the tables. (sqlx checks literals, so what all of them read stands here.)
macro_rules! conversations {
    ($rest:literal $(, $value:expr)* $(,)?) => {
        sqlx::query_as!(
            Row,
            r#"select c.conversation_id, c.contact_id, p.name as contact_name, p.email as contact_email, c.state, c.handler,
                 c.assignee_id, m.name as "assignee_name?", c.holder_id, c.team_id, c.channel, c.last_seq, c.last_author,
                 c.last_text,
                 case when c.state = 'open' and c.handler = 'people' and c.assignee_id is null
                   then coalesce(c.waiting_since, c.updated_at) end as waiting_since,
                 c.created_at, c.updated_at
               from app.conversations c
               join app.contacts p on p.tenant_id = c.tenant_id and p.contact_id = c.contact_id
               left join app.memberships m on m.tenant_id = c.tenant_id and m.member_id = c.assignee_id
               "# + $rest
            $(, $value)*
        )
    };
}

impl TryFrom<Row> for Conversation {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let author = |name: String| Author::from_name(&name).ok_or(StoreError::Corrupt("conversations.last_author"));
        Ok(Self {
            id: ConversationId::from_uuid(row.conversation_id),
            contact: Contact {
                id: ContactId::from_uuid(row.contact_id),
                name: row.contact_name,
                email: row.contact_email,
            },
            state: ConversationState::from_name(&row.state).ok_or(StoreError::Corrupt("conversations.state"))?,
            handler: Handler::from_name(&row.handler).ok_or(StoreError::Corrupt("conversations.handler"))?,
            assignee: row
                .assignee_id
                .zip(row.assignee_name)
                .map(|(id, name)| Assignee { id: MemberId::from_uuid(id), name }),
            team_id: row.team_id.map(TeamId::from_uuid),
            channel: Channel::from_name(&row.channel).ok_or(StoreError::Corrupt("conversations.channel"))?,
            last_seq: u64::try_from(row.last_seq).unwrap_or_default(),
            last_from: row.last_author.map(author).transpose()?,
            last_text: row.last_text,
            waiting_since: row.waiting_since.map(timestamp),
            created_at: timestamp(row.created_at),
            updated_at: timestamp(row.updated_at),
        })
    }
}

struct MessageRow {
    conversation_id: Uuid,
    message_id: Uuid,
    seq: i64,
    author: String,
    name: Option<String>,
    text: String,
    event: Option<String>,
    refused: bool,
    outcome: Option<String>,
    citations: Option<Json<Vec<Citation>>>,
    client_id: Option<String>,
    created_at: OffsetDateTime,
}

/// `query_as!` of messages: what follows the table.
macro_rules! messages {
    ($rest:literal $(, $value:expr)* $(,)?) => {
        sqlx::query_as!(
            MessageRow,
            r#"select conversation_id, message_id, seq, author, name, text, event, refused, outcome,
                 citations as "citations: Json<Vec<Citation>>", client_id, created_at
               from app.messages
               "# + $rest
            $(, $value)*
        )
    };
}

impl TryFrom<MessageRow> for Message {
    type Error = StoreError;

    fn try_from(row: MessageRow) -> Result<Self, StoreError> {
        let outcome = |name: String| Outcome::from_name(&name).ok_or(StoreError::Corrupt("messages.outcome"));
        let event = |name: String| Event::from_name(&name).ok_or(StoreError::Corrupt("messages.event"));
        Ok(Self {
            id: MessageId::from_uuid(row.message_id),
            conversation_id: ConversationId::from_uuid(row.conversation_id),
            seq: u64::try_from(row.seq).unwrap_or_default(),
            from: Author::from_name(&row.author).ok_or(StoreError::Corrupt("messages.author"))?,
            name: row.name,
            text: row.text,
            event: row.event.map(event).transpose()?,
            refused: row.refused,
            outcome: row.outcome.map(outcome).transpose()?,
            citations: row.citations.map(|c| c.0).unwrap_or_default(),
            client_id: row.client_id,
            created_at: timestamp(row.created_at),
        })
    }
}

/// One conversation, if it is within reach.
pub(crate) async fn conversation(
    tx: &mut TenantTx,
    id: ConversationId,
    reach: Reach,
) -> Result<Option<Conversation>, ConversationError> {
    let row = conversations!(
        "where c.conversation_id = $1 and ($2::uuid is null or c.contact_id = $2)
           and app.reached(c.channel, c.team_id, c.holder_id, $3,
             array(select t.team_id from app.team_members t where t.member_id = $3), $4)",
        id.uuid(),
        reach.contact,
        reach.member,
        reach.may() as _
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.map(Conversation::try_from).transpose()?)
}

/// Those of them that are there, each with what decides who reaches it.
pub(crate) async fn conversations(
    tx: &mut TenantTx,
    ids: &[ConversationId],
) -> Result<Vec<(Conversation, Place)>, ConversationError> {
    let ids: Vec<_> = ids.iter().map(|id| id.uuid()).collect();
    let rows = conversations!("where c.conversation_id = any($1)", &ids).fetch_all(tx).await?;
    let placed = |row: Row| {
        let (team, holder) = (row.team_id, row.holder_id);
        let conversation = Conversation::try_from(row)?;
        let place = Place { channel: conversation.channel, team, holder };
        Ok::<_, StoreError>((conversation, place))
    };
    Ok(rows.into_iter().map(placed).collect::<Result<_, _>>()?)
}

/// One message.
pub(crate) async fn message(
    tx: &mut TenantTx,
    conversation: ConversationId,
    id: Uuid,
) -> Result<Option<Message>, ConversationError> {
    let row = messages!(r#"where conversation_id = $1 and message_id = $2"#, conversation.uuid(), id)
        .fetch_optional(tx)
        .await?;
    Ok(row.map(Message::try_from).transpose()?)
}

/// A page of what the inbox shows to this member, who reaches so much: the latest first, but those that wait the longest first.
pub(crate) async fn inbox(
    tx: &mut TenantTx,
    member: Option<MemberId>,
    reach: Reach,
    filter: InboxFilter,
    after: Option<Cursor>,
) -> Result<Page<Conversation>, ConversationError> {
    let limit = i64::from(INBOX) + 1;
    let rows = if filter == InboxFilter::Waiting {
        let Cursor { at, id } = after.unwrap_or(Cursor { at: OffsetDateTime::UNIX_EPOCH, id: Uuid::nil() });
        conversations!(
            "where c.state = 'open' and c.handler = 'people' and c.assignee_id is null
               and (coalesce(c.waiting_since, c.updated_at), c.conversation_id) > ($1, $2)
               and app.reached(c.channel, c.team_id, c.holder_id, $4,
                 array(select t.team_id from app.team_members t where t.member_id = $4), $5)
             order by coalesce(c.waiting_since, c.updated_at), c.conversation_id limit $3",
            at,
            id,
            limit,
            reach.member,
            reach.may() as _
        )
        .fetch_all(tx)
        .await?
    } else {
        let state = if filter == InboxFilter::Resolved { "resolved" } else { "open" };
        let mine = (filter == InboxFilter::Mine).then(|| member.map_or(Uuid::nil(), MemberId::uuid));
        let Cursor { at, id } = after.unwrap_or(Cursor { at: LATEST, id: Uuid::max() });
        conversations!(
            "where c.state = $1 and ($2::uuid is null or (c.handler = 'people' and c.assignee_id = $2))
               and (c.updated_at, c.conversation_id) < ($3, $4)
               and app.reached(c.channel, c.team_id, c.holder_id, $6,
                 array(select t.team_id from app.team_members t where t.member_id = $6), $7)
             order by c.updated_at desc, c.conversation_id desc limit $5",
            state,
            mine,
            at,
            id,
            limit,
            reach.member,
            reach.may() as _
        )
        .fetch_all(tx)
        .await?
    };
    let more = rows.len() > INBOX as usize;
    let edge = |row: &Row| {
        let since = row.waiting_since.filter(|_| filter == InboxFilter::Waiting);
        Cursor { at: since.unwrap_or(row.updated_at), id: row.conversation_id }
    };
    let next_cursor = rows.get(INBOX as usize - 1).filter(|_| more).map(|last| edge(last).to_string());
    let data = rows.into_iter().take(INBOX as usize).map(Conversation::try_from).collect::<Result<Vec<_>, _>>()?;
    Ok(Page { data, next_cursor })
}

/// Later than anything that is kept.
const LATEST: OffsetDateTime = time::macros::datetime!(9999-12-31 0:00 UTC);

/// Where a page of the inbox ends: the time that orders it, and the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor {
    at: OffsetDateTime,
    id: Uuid,
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // PostgreSQL keeps microseconds.
        write!(f, "{}-{}", self.at.unix_timestamp_nanos() / 1000, ConversationId::from_uuid(self.id))
    }
}

impl std::str::FromStr for Cursor {
    type Err = ConversationError;

    fn from_str(text: &str) -> Result<Self, ConversationError> {
        let read = || {
            let (at, id) = text.split_once('-')?;
            let at = OffsetDateTime::from_unix_timestamp_nanos(at.parse::<i128>().ok()?.checked_mul(1000)?).ok()?;
            Some(Self { at, id: id.parse::<ConversationId>().ok()?.uuid() })
        };
        read().ok_or_else(|| ConversationError::field("after", text!("Use the next_cursor of the page before.")))
    }
}

/// How many of the conversations within reach wait for a person, up to [`COUNTED`].
pub(crate) async fn waiting(tx: &mut TenantTx, reach: Reach) -> Result<u32, ConversationError> {
    let waiting = sqlx::query_scalar!(
        r#"select count(*) as "n!" from (
             select from app.conversations c
             where c.state = 'open' and c.handler = 'people' and c.assignee_id is null
               and app.reached(c.channel, c.team_id, c.holder_id, $1,
                 array(select t.team_id from app.team_members t where t.member_id = $1), $2)
             limit $3) waiting"#,
        reach.member,
        reach.may() as _,
        i64::from(COUNTED)
    )
    .fetch_one(tx)
    .await?;
    Ok(u32::try_from(waiting).unwrap_or_default())
}

/// The same by what decides who reaches them. (What waits is nobody's.)
pub(crate) async fn waiting_by_place(tx: &mut TenantTx) -> Result<Vec<(Place, u32)>, ConversationError> {
    let rows = sqlx::query!(
        r#"select channel as "channel!", team_id, count(*) as "n!" from (
             select channel, team_id from app.conversations
             where state = 'open' and handler = 'people' and assignee_id is null limit $1) waiting
           group by channel, team_id"#,
        COUNTED_BY_PLACE
    );
    let rows = rows.fetch_all(tx).await?.into_iter().map(|row| {
        let channel = Channel::from_name(&row.channel).ok_or(StoreError::Corrupt("conversations.channel"))?;
        let place = Place { channel, team: row.team_id, holder: None };
        Ok::<_, StoreError>((place, u32::try_from(row.n).unwrap_or_default()))
    });
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The teams of these members.
pub(crate) async fn teams_of(
    tx: &mut TenantTx,
    members: &[Uuid],
) -> Result<HashMap<Uuid, Vec<Uuid>>, ConversationError> {
    let rows = sqlx::query!("select member_id, team_id from app.team_members where member_id = any($1)", members);
    let mut teams: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    for row in rows.fetch_all(tx).await? {
        teams.entry(row.member_id).or_default().push(row.team_id);
    }
    Ok(teams)
}

fn limit(asked: Option<u32>) -> Result<u32, ConversationError> {
    page::limit(asked).map_err(|wrong| ConversationError::field("limit", wrong))
}

impl Conversations {
    /// The conversations of the caller's tenant that the caller reaches, the newest first.
    ///
    /// # Errors
    /// [`ConversationError::Invalid`] for a limit or cursor that cannot be, or the database's.
    #[tracing::instrument(name = "db.conversation.list", skip_all)]
    pub async fn list(
        &self,
        caller: &Caller,
        state: Option<ConversationState>,
        most: Option<u32>,
        cursor: Option<&str>,
    ) -> Result<Page<Conversation>, ConversationError> {
        let (right, reach) = (caller.may(ReadConversations)?, Reach::of(caller));
        let limit = limit(most)?;
        let before: Option<ConversationId> =
            page::cursor(cursor).map_err(|wrong| ConversationError::field("cursor", wrong))?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let rows = conversations!(
            "where c.conversation_id < $1 and ($2::text is null or c.state = $2)
               and app.reached(c.channel, c.team_id, c.holder_id, $4,
                 array(select t.team_id from app.team_members t where t.member_id = $4), $5)
             order by c.conversation_id desc limit $3",
            before.map_or(Uuid::max(), ConversationId::uuid),
            state.map(ConversationState::name),
            i64::from(limit) + 1,
            reach.member,
            reach.may() as _
        )
        .fetch_all(&mut tx)
        .await?;
        tx.leave_open();
        let more = rows.len() > limit as usize;
        let data = rows.into_iter().take(limit as usize).map(Conversation::try_from).collect::<Result<Vec<_>, _>>()?;
        let next_cursor = data.last().filter(|_| more).map(|last| last.id.to_string());
        Ok(Page { data, next_cursor })
    }

    /// One conversation, if it is within the caller's reach: contacts see their own.
    ///
    /// # Errors
    /// [`ConversationError::NotFound`], or the database's.
    #[tracing::instrument(name = "db.conversation.get", skip_all)]
    pub async fn get(&self, caller: &Caller, id: ConversationId) -> Result<Conversation, ConversationError> {
        let (mut tx, reach) = self.reading(caller).await?;
        conversation(&mut tx, id, reach).await?.ok_or(ConversationError::NotFound)
    }

    /// Messages of a conversation, in the order in which they were said. `next_cursor` leads to what was said before (or,
    /// asked for what came [`MessagesFrom::After`], only says that there is more).
    ///
    /// # Errors
    /// [`ConversationError::NotFound`], [`ConversationError::Invalid`] for a limit that cannot be, or the database's.
    #[tracing::instrument(name = "db.message.list", skip_all)]
    pub async fn messages(
        &self,
        caller: &Caller,
        id: ConversationId,
        from: MessagesFrom,
        page: Option<u32>,
    ) -> Result<Page<Message>, ConversationError> {
        let limit = limit(page)?;
        let (mut tx, reach) = self.reading(caller).await?;
        messages(&mut tx, id, reach, from, limit).await
    }

    /// A transaction to read in, and which conversations may be read.
    async fn reading(&self, caller: &Caller) -> Result<(TenantTx, Reach), ConversationError> {
        let right = caller.participant(ReadConversations)?;
        Ok((self.services.store.tenant(right.scope()).await?, Reach::of(caller)))
    }
}

/// A page of messages.
pub(crate) async fn messages(
    tx: &mut TenantTx,
    id: ConversationId,
    reach: Reach,
    from: MessagesFrom,
    limit: u32,
) -> Result<Page<Message>, ConversationError> {
    let mut rows = match from {
        MessagesFrom::Latest | MessagesFrom::Before(_) => {
            let before = if let MessagesFrom::Before(id) = from { id.uuid() } else { Uuid::max() };
            before_id(tx, id, reach, before, i64::from(limit) + 1).await?
        }
        MessagesFrom::After(seq) => after_seq(tx, id, reach, seq, i64::from(limit) + 1).await?,
    };
    if rows.is_empty() {
        // Nothing said, or nothing there.
        let there = sqlx::query!(
            "select c.conversation_id from app.conversations c
             where c.conversation_id = $1 and ($2::uuid is null or c.contact_id = $2)
               and app.reached(c.channel, c.team_id, c.holder_id, $3,
                 array(select t.team_id from app.team_members t where t.member_id = $3), $4)",
            id.uuid(),
            reach.contact,
            reach.member,
            reach.may() as _
        );
        there.fetch_optional(tx).await?.ok_or(ConversationError::NotFound)?;
    }
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    if !matches!(from, MessagesFrom::After(_)) {
        rows.reverse();
    }
    let data = rows.into_iter().map(Message::try_from).collect::<Result<Vec<_>, _>>()?;
    let edge = if matches!(from, MessagesFrom::After(_)) { data.last() } else { data.first() };
    let next_cursor = edge.filter(|_| more).map(|message| message.id.to_string());
    Ok(Page { data, next_cursor })
}

/// Messages before an id, the latest first. Every id of a conversation's messages is greater than the conversation's own,
/// and none is greater than the last one's: with both bounds only the partitions between them are looked into.
async fn before_id(
    tx: &mut TenantTx,
    conversation: ConversationId,
    reach: Reach,
    before: Uuid,
    limit: i64,
) -> Result<Vec<MessageRow>, ConversationError> {
    let rows = messages!(
        r#"where conversation_id = $1 and message_id > $1 and message_id < $2
             and message_id <= (select c.last_message_id from app.conversations c
                                where c.conversation_id = $1 and ($4::uuid is null or c.contact_id = $4)
                                  and app.reached(c.channel, c.team_id, c.holder_id, $5,
                                    array(select t.team_id from app.team_members t where t.member_id = $5), $6))
           order by message_id desc limit $3"#,
        conversation.uuid(),
        before,
        limit,
        reach.contact,
        reach.member,
        reach.may() as _
    );
    Ok(rows.fetch_all(tx).await?)
}

/// Messages after a number, in their order: after the id of the message that has it.
async fn after_seq(
    tx: &mut TenantTx,
    conversation: ConversationId,
    reach: Reach,
    seq: u64,
    limit: i64,
) -> Result<Vec<MessageRow>, ConversationError> {
    let rows = messages!(
        r#"where conversation_id = $1 and message_id > $1
             and message_id > coalesce((select k.message_id
                                        from app.conversations c
                                        join app.message_keys k on k.tenant_id = c.tenant_id
                                          and k.conversation_id = c.conversation_id and k.seq = least($2, c.last_seq)
                                        where c.conversation_id = $1), $1)
             and message_id <= (select c.last_message_id from app.conversations c
                                where c.conversation_id = $1 and ($4::uuid is null or c.contact_id = $4)
                                  and app.reached(c.channel, c.team_id, c.holder_id, $5,
                                    array(select t.team_id from app.team_members t where t.member_id = $5), $6))
           order by message_id limit $3"#,
        conversation.uuid(),
        i64::try_from(seq).unwrap_or(i64::MAX),
        limit,
        reach.contact,
        reach.member,
        reach.may() as _
    );
    Ok(rows.fetch_all(tx).await?)
}
