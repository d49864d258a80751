//! Who may speak: hand off, give to a team, take over, hand back, resolve. Each is a message, too, so that everybody learns of it in order.

use crate::append::{Entry, Locked, lock};
use crate::reach::Reach;
use crate::{ConversationError, Conversations, read};
use futures_core::future::BoxFuture;
use identity::Leaving;
use model::audit::Act;
use model::conversation::{Conversation, ConversationState, Event, Handler, Message};
use model::permission::WriteConversations;
use model::{ConversationId, MemberId, TeamId};
use store::audit;
use store::bus::Notice;
use store::{Caller, Denied, Scope, Services, StoreError, TenantTx};
use words::noted;

/// Words that ask for a person when they are all that is said.
const ALONE: [&str; 16] = [
    "human",
    "agent",
    "person",
    "operator",
    "representative",
    "support agent",
    "a human",
    "a person",
    "människa",
    "person tack",
    "handläggare",
    "mensch",
    "mitarbeiter",
    "humain",
    "conseiller",
    "humano",
];
/// Words that ask for a person wherever they stand.
const ANYWHERE: [&str; 30] = [
    "talk to a human",
    "talk to a person",
    "talk to someone",
    "talk to somebody",
    "talk to an agent",
    "talk to a real",
    "speak to a human",
    "speak to a person",
    "speak to someone",
    "speak to somebody",
    "speak to an agent",
    "speak to a real",
    "speak with a human",
    "speak with a person",
    "speak with someone",
    "talk with a human",
    "talk with a person",
    "real person",
    "real human",
    "human agent",
    "human being",
    "live agent",
    "customer service representative",
    "connect me to",
    "prata med en människa",
    "prata med någon",
    "prata med en person",
    "mit einem menschen",
    "parler à un humain",
    "hablar con una persona",
];

/// The words of what was said, in small letters, without marks: as sayings and questions are compared.
pub fn words_of(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

/// Whether these words ask for a person.
pub(crate) fn asks_for_person(text: &str) -> bool {
    let words = words_of(text);
    let said = words.iter().map(String::as_str).filter(|w| *w != "please").collect::<Vec<_>>().join(" ");
    // A long text that mentions a person is about something else.
    ALONE.contains(&said.as_str()) || (words.len() <= 30 && ANYWHERE.iter().any(|phrase| holds(&said, phrase)))
}

/// Whether a text holds a phrase as whole words.
fn holds(text: &str, phrase: &str) -> bool {
    format!(" {text} ").contains(&format!(" {phrase} "))
}

/// A person was asked for.
pub(crate) fn handed_off() -> Entry<'static> {
    let said = noted!("A person has been asked to join. The assistant is silent until then.");
    Entry::event(Event::HandedOff, said, None)
}

/// What is said where talking face to face was asked for while people are there.
pub(crate) const CALLED: &str = noted!("Talking face to face was asked for. A person has been asked to join.");

/// A person has joined.
pub(crate) fn taken_over(name: Option<&str>) -> Entry<'_> {
    Entry::event(Event::TakenOver, noted!("A person has joined the conversation."), name)
}

/// The name that the tenant knows a member by, who acts. Their row is held before any conversation's: whoever is suspended or removed just
/// now hands on what they have after this, or is told here.
///
/// # Errors
/// [`ConversationError::Denied`] for who is kept out, or gone.
pub(crate) async fn member_name(
    tx: &mut TenantTx,
    member: Option<MemberId>,
) -> Result<Option<String>, ConversationError> {
    let Some(member) = member else { return Ok(None) };
    let name = sqlx::query_scalar!(
        "select name from app.memberships where member_id = $1 and suspended_at is null for key share",
        member.uuid()
    );
    Ok(Some(name.fetch_optional(tx).await?.ok_or(Denied)?))
}

/// The name of a team, which is held: it stays until the end.
async fn hold_team(tx: &mut TenantTx, team: Option<TeamId>) -> Result<Option<String>, ConversationError> {
    let Some(team) = team else { return Ok(None) };
    let name = sqlx::query_scalar!("select name from app.teams where team_id = $1 for key share", team.uuid());
    Ok(Some(name.fetch_optional(tx).await?.ok_or(ConversationError::NotFound)?))
}

/// What a team is called.
async fn team_name(tx: &mut TenantTx, team: TeamId) -> Result<Option<String>, ConversationError> {
    let name = sqlx::query_scalar!("select name from app.teams where team_id = $1", team.uuid());
    Ok(name.fetch_optional(tx).await?)
}

/// What a change of hands does to the locked row: what to add, or nothing when things are so already.
type Change<'a> = dyn Fn(&mut Locked) -> Option<Entry<'a>> + Send + Sync + 'a;

/// What a member who leaves had taken waits for another one.
#[derive(Debug)]
pub struct HandedOn(pub Services);

impl Leaving for HandedOn {
    fn leaves<'a>(
        &'a self,
        tx: &'a mut TenantTx,
        scope: &'a Scope,
        member: MemberId,
    ) -> BoxFuture<'a, Result<Vec<Notice>, StoreError>> {
        Box::pin(async move {
            let handed_on = sqlx::query_scalar!(
                "update app.conversations set assignee_id = null, holder_id = null, waiting_since = $2, updated_at = $2
                 where assignee_id = $1 and state = 'open' and handler = 'people' returning conversation_id",
                member.uuid(),
                self.0.now()
            )
            .fetch_all(&mut *tx)
            .await?;
            // What they had before is nobody's, either.
            let held = sqlx::query_scalar!(
                "update app.conversations set holder_id = null where holder_id = $1 returning conversation_id",
                member.uuid()
            )
            .fetch_all(tx)
            .await?;
            let changed = |id| Notice::Changed { tenant: scope.tenant(), conversation: ConversationId::from_uuid(id) };
            Ok(handed_on.into_iter().chain(held).map(changed).collect())
        })
    }
}

impl Conversations {
    /// A person is asked for; the assistant is silent from now on. Nothing new when people have it already.
    ///
    /// # Errors
    /// [`ConversationError::NotFound`], or the database's.
    #[tracing::instrument(name = "db.conversation.hand_off", skip_all)]
    pub async fn hand_off(&self, caller: &Caller, id: ConversationId) -> Result<Conversation, ConversationError> {
        let right = caller.participant(WriteConversations)?;
        self.change(right.scope(), Reach::of(caller), id, &|row| {
            let there = row.handler == Handler::People;
            (!there).then(|| {
                row.hand_to(Handler::People, None);
                handed_off()
            })
        })
        .await
    }

    /// Gives a conversation to a team, or to no team any more: it waits for a person there, whoever had it. Nothing new where it is already.
    /// Whoever gives it away may not reach it afterwards.
    ///
    /// # Errors
    /// [`ConversationError::Denied`], [`ConversationError::NotFound`] for a conversation or a team that there is not, or the database's.
    #[tracing::instrument(name = "db.conversation.give", skip_all)]
    pub async fn give(
        &self,
        caller: &Caller,
        id: ConversationId,
        team: Option<TeamId>,
    ) -> Result<Conversation, ConversationError> {
        let scope = caller.may(WriteConversations)?.scope();
        let mut tx = self.services.store.tenant(scope).await?;
        // Before the conversation, as whoever deletes a team holds them.
        let name = hold_team(&mut tx, team).await?;
        let mut row = lock(&mut tx, id, Reach::of(caller)).await?;
        let mut written = None;
        let had = row.team;
        if had != team {
            let had = match had {
                Some(had) => team_name(&mut tx, had).await?,
                None => None,
            };
            sqlx::query!(
                "update app.conversations set team_id = $2 where conversation_id = $1",
                id.uuid(),
                team.map(TeamId::uuid)
            )
            .execute(&mut tx)
            .await?;
            row.hand_to(Handler::People, None);
            let said = name.as_ref().map(|name| format!("A person of the team {name} has been asked to join."));
            let entry = match &said {
                Some(said) => Entry::event(Event::HandedOff, said, name.as_deref()),
                None => handed_off(),
            };
            written = Some(row.append(&mut tx, &self.services, scope, entry).await?);
            let mut entry = audit::Entry::new(Act::ConversationGiven).to(id.uuid(), "");
            if let Some(had) = had {
                entry = entry.was("team", had);
            }
            if let Some(name) = name {
                entry = entry.is("team", name);
            }
            audit::record(&mut tx, &self.services, caller, entry).await?;
        }
        let conversation = read::conversation(&mut tx, id, Reach::ALL).await?.ok_or(ConversationError::NotFound)?;
        tx.commit().await?;
        self.services.publish(Notice::written(scope.tenant(), written.as_slice()));
        Ok(conversation)
    }

    /// The member takes the conversation, from the assistant or from a colleague whose conversations they reach. Opens a resolved one again.
    ///
    /// # Errors
    /// [`ConversationError::Denied`] for a program, [`ConversationError::NotFound`], or the database's.
    #[tracing::instrument(name = "db.conversation.take_over", skip_all)]
    pub async fn take_over(&self, caller: &Caller, id: ConversationId) -> Result<Conversation, ConversationError> {
        let right = caller.may(WriteConversations)?;
        let member = right.member().ok_or(Denied)?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let name = member_name(&mut tx, Some(member)).await?;
        self.change_in(tx, right.scope(), Reach::of(caller), id, &|row| {
            (row.assignee != Some(member)).then(|| {
                row.hand_to(Handler::People, Some(member));
                taken_over(name.as_deref())
            })
        })
        .await
    }

    /// The assistant answers again.
    ///
    /// # Errors
    /// [`ConversationError::NotFound`], or the database's.
    #[tracing::instrument(name = "db.conversation.hand_back", skip_all)]
    pub async fn hand_back(&self, caller: &Caller, id: ConversationId) -> Result<Conversation, ConversationError> {
        let right = caller.may(WriteConversations)?;
        self.change(right.scope(), Reach::of(caller), id, &|row| {
            (row.handler != Handler::Assistant).then(|| {
                row.hand_to(Handler::Assistant, None);
                Entry::event(Event::HandedBack, noted!("The assistant answers again."), None)
            })
        })
        .await
    }

    /// It is settled. A new message of the contact's opens it again, with the assistant.
    ///
    /// # Errors
    /// [`ConversationError::NotFound`], or the database's.
    #[tracing::instrument(name = "db.conversation.resolve", skip_all)]
    pub async fn resolve(&self, caller: &Caller, id: ConversationId) -> Result<Conversation, ConversationError> {
        let right = caller.may(WriteConversations)?;
        self.change(right.scope(), Reach::of(caller), id, &|row| {
            (row.state != ConversationState::Resolved).then(|| {
                row.hand_to(Handler::Assistant, None);
                row.state = ConversationState::Resolved;
                Entry::event(Event::Resolved, noted!("The conversation was marked as resolved."), None)
            })
        })
        .await
    }

    async fn change(
        &self,
        scope: &Scope,
        reach: Reach,
        id: ConversationId,
        change: &Change<'_>,
    ) -> Result<Conversation, ConversationError> {
        let tx = self.services.store.tenant(scope).await?;
        self.change_in(tx, scope, reach, id, change).await
    }

    async fn change_in(
        &self,
        mut tx: TenantTx,
        scope: &Scope,
        reach: Reach,
        id: ConversationId,
        change: &Change<'_>,
    ) -> Result<Conversation, ConversationError> {
        let mut row = lock(&mut tx, id, reach).await?;
        let mut written: Vec<Message> = Vec::new();
        if let Some(entry) = change(&mut row) {
            written.push(row.append(&mut tx, &self.services, scope, entry).await?);
        }
        let conversation = read::conversation(&mut tx, id, reach).await?.ok_or(ConversationError::NotFound)?;
        tx.commit().await?;
        self.services.publish(Notice::written(scope.tenant(), &written));
        Ok(conversation)
    }
}

#[cfg(test)]
mod tests {
    use super::asks_for_person;

    #[test]
    fn a_person_is_asked_for_in_words() {
        for text in [
            "Human",
            "agent please",
            "I want to talk to a human!",
            "Can I speak to a real person?",
            "please connect me to support",
            "Jag vill prata med en människa",
        ] {
            assert!(asks_for_person(text), "{text}");
        }
        for text in [
            "How long may I return a lamp?",
            "Which cleaning agent may I use?",
            "How many people fit into the tent? One person or two?",
            "Is the manual readable by a person with low vision",
            "",
            "I talked to a humanist yesterday",
        ] {
            assert!(!asks_for_person(text), "{text}");
        }
    }
}
