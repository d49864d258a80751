//! A contact or a person says something.

use crate::append::{AnswerContact, Entry, lock};
use crate::reach::Reach;
use crate::{ConversationError, Conversations, handling};
use model::ConversationId;
use model::conversation::{Author, ConversationState, Handler, Message};
use model::input::{ClientId, MessageText};
use model::permission::WriteConversations;
use store::bus::Notice;
use store::{Caller, Scope, StoreError};

/// Words to be said, as they came in.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// The words.
    pub text: String,
    /// What the sender knows the message by: sent twice, it is there once.
    pub client_id: String,
}

impl NewMessage {
    /// Whether it can be said at all.
    ///
    /// # Errors
    /// [`ConversationError::Invalid`].
    pub fn check(&self) -> Result<(), ConversationError> {
        self.parse().map(drop)
    }

    fn parse(&self) -> Result<(MessageText, ClientId), ConversationError> {
        let text = MessageText::parse(&self.text).map_err(|e| ConversationError::field("text", e.0))?;
        let client_id = ClientId::parse(&self.client_id).map_err(|e| ConversationError::field("client_id", e.0))?;
        Ok((text, client_id))
    }
}

/// A message that is kept, and whether it was there before.
pub type Kept = (Message, bool);

impl Conversations {
    /// A contact says something in a conversation of its own. Opens a resolved one again; wakes the assistant where it is
    /// the assistant's to answer, or asks for a person where the words do.
    ///
    /// # Errors
    /// [`ConversationError::Invalid`] for words or a client id that will not do, [`ConversationError::NotFound`],
    /// [`ConversationError::ClientIdTaken`], or the database's.
    #[tracing::instrument(name = "db.message.say", skip_all)]
    pub async fn say(&self, caller: &Caller, id: ConversationId, new: &NewMessage) -> Result<Kept, ConversationError> {
        let right = caller.contact()?;
        self.contact_says(right.scope(), Reach::of(caller), id, new).await
    }

    /// A program passes on what a contact said, on a channel of its own.
    ///
    /// # Errors
    /// As [`Conversations::say`].
    #[tracing::instrument(name = "db.message.pass_on", skip_all)]
    pub async fn pass_on(
        &self,
        caller: &Caller,
        id: ConversationId,
        new: &NewMessage,
    ) -> Result<Kept, ConversationError> {
        let right = caller.may(WriteConversations)?;
        self.contact_says(right.scope(), Reach::of(caller), id, new).await
    }

    async fn contact_says(
        &self,
        scope: &Scope,
        reach: Reach,
        id: ConversationId,
        new: &NewMessage,
    ) -> Result<Kept, ConversationError> {
        let (text, client_id) = new.parse()?;
        let services = &self.services;
        let mut tx = services.store.tenant(scope).await?;
        let mut row = lock(&mut tx, id, reach).await?;
        let reopened = row.state == ConversationState::Resolved;
        row.state = ConversationState::Open;
        let entry = Entry { client_id: Some(client_id.as_str()), ..Entry::words(Author::Contact, text.as_str()) };
        let message = match row.append(&mut tx, services, scope, entry).await {
            Ok(message) => message,
            Err(error) => {
                drop(tx);
                return self.already(scope, id, Author::Contact, &text, &client_id, error).await;
            }
        };
        let mut written = vec![message.clone()];
        let asks = row.handler == Handler::Assistant && handling::asks_for_person(text.as_str());
        if asks {
            row.hand_to(Handler::People, None);
            written.push(row.append(&mut tx, services, scope, handling::handed_off()).await?);
        } else if row.handler == Handler::Assistant {
            row.ask_assistant(&mut tx, services, scope).await?;
        }
        tx.commit().await?;
        tracing::debug!(reopened, handed_off = asks, "a contact said something");
        self.services.wake_workers::<AnswerContact>();
        self.services.publish(Notice::written(scope.tenant(), &written));
        Ok((message, false))
    }

    /// A person says something, or a program on a person's behalf. A member who writes where nobody has taken the
    /// conversation takes it.
    ///
    /// # Errors
    /// As [`Conversations::say`], and [`ConversationError::NotHandedOff`] while the assistant answers.
    #[tracing::instrument(name = "db.message.reply", skip_all)]
    pub async fn reply(
        &self,
        caller: &Caller,
        id: ConversationId,
        new: &NewMessage,
    ) -> Result<Kept, ConversationError> {
        let right = caller.may(WriteConversations)?;
        let scope = right.scope();
        let (text, client_id) = new.parse()?;
        let services = &self.services;
        let mut tx = services.store.tenant(scope).await?;
        let name = handling::member_name(&mut tx, right.member()).await?;
        let mut row = lock(&mut tx, id, Reach::of(caller)).await?;
        if row.handler != Handler::People {
            // Sent again after it was kept, while the conversation was handed back in between.
            drop(tx);
            return self.already(scope, id, Author::Agent, &text, &client_id, ConversationError::NotHandedOff).await;
        }
        let mut written = Vec::new();
        if let (Some(member), None) = (right.member(), row.assignee) {
            row.hand_to(Handler::People, Some(member));
            written.push(row.append(&mut tx, services, scope, handling::taken_over(name.as_deref())).await?);
        }
        let entry = Entry {
            client_id: Some(client_id.as_str()),
            name: name.as_deref(),
            ..Entry::words(Author::Agent, text.as_str())
        };
        let message = match row.append(&mut tx, services, scope, entry).await {
            Ok(message) => message,
            Err(error) => {
                drop(tx);
                return self.already(scope, id, Author::Agent, &text, &client_id, error).await;
            }
        };
        tx.commit().await?;
        written.push(message.clone());
        self.services.publish(Notice::written(scope.tenant(), &written));
        Ok((message, false))
    }

    /// What was kept under this client id before, if that is why a message was refused. The transaction that was refused
    /// must be over: who holds one connection while waiting for another can wait for ever.
    async fn already(
        &self,
        scope: &Scope,
        id: ConversationId,
        author: Author,
        text: &MessageText,
        client_id: &ClientId,
        error: ConversationError,
    ) -> Result<Kept, ConversationError> {
        let twice = matches!(&error, ConversationError::Store(e) if e.constraint() == Some("message_keys_client_key"));
        if !twice && !matches!(error, ConversationError::NotHandedOff) {
            return Err(error);
        }
        let mut tx = self.services.store.tenant(scope).await?;
        let key = sqlx::query_scalar!(
            "select message_id from app.message_keys where conversation_id = $1 and author = $2 and client_id = $3",
            id.uuid(),
            author.name(),
            client_id.as_str()
        )
        .fetch_optional(&mut tx)
        .await?;
        let Some(message) = key else { return Err(error) };
        let kept = crate::read::message(&mut tx, id, message).await?.ok_or(StoreError::Corrupt("message_keys"))?;
        if kept.text != text.as_str() {
            return Err(ConversationError::ClientIdTaken);
        }
        // Whoever sent it first may have gone before others were told.
        self.services.publish(Notice::written(scope.tenant(), std::slice::from_ref(&kept)));
        Ok((kept, true))
    }
}
