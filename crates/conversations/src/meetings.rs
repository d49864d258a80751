//! What is said in a conversation of a meeting that was made from it.

use crate::append::{Entry, lock};
use crate::reach::Reach;
use crate::{ConversationError, Conversations};
use model::ConversationId;
use model::conversation::Event;
use model::permission::ManageMeetings;
use store::bus::Notice;
use store::{Caller, Scope, StoreError, TenantTx};
use words::{Language, noted, text};

/// Most names that are said of those who were there.
const NAMED: usize = 20;

/// On whose behalf it is said: of who has come to the meeting, or of who manages meetings.
fn scope(caller: &Caller) -> Result<&Scope, ConversationError> {
    match caller.attendee() {
        Ok(attendee) => Ok(attendee.scope()),
        Err(_) => Ok(caller.may(ManageMeetings)?.scope()),
    }
}

/// The workspace's language: what contacts read of a meeting is said in it, whoever makes the meeting, since what is filled in is kept with it.
///
/// # Errors
/// The database's.
pub async fn language(tx: &mut TenantTx) -> Result<Language, StoreError> {
    let language = sqlx::query_scalar!("select language from app.tenants").fetch_optional(tx).await?.flatten();
    Ok(language.as_deref().and_then(Language::from_tag).unwrap_or_default())
}

impl Conversations {
    /// A meeting has begun.
    ///
    /// # Errors
    /// [`ConversationError::Denied`] for who has to do with no meeting, [`ConversationError::NotFound`], or the database's.
    #[tracing::instrument(name = "db.conversation.meeting_began", skip_all)]
    pub async fn meeting_began(&self, caller: &Caller, id: ConversationId) -> Result<(), ConversationError> {
        self.meeting(scope(caller)?, id, |_| noted!("A meeting has begun.").to_owned()).await
    }

    /// One that was planned is at another time: its day, its time and where that is said, in the workspace's language as well.
    ///
    /// # Errors
    /// As [`Conversations::meeting_began`].
    #[tracing::instrument(name = "db.conversation.meeting_moved", skip_all)]
    pub async fn meeting_moved(
        &self,
        caller: &Caller,
        id: ConversationId,
        [day, time, zone]: [String; 3],
    ) -> Result<(), ConversationError> {
        let said = text!("The meeting was moved: it is on {day}, {time} ({zone}). Its link stays.", day, time, zone);
        self.meeting(scope(caller)?, id, |language| said.say(language)).await
    }

    /// One is over to which nobody has come.
    ///
    /// # Errors
    /// As [`Conversations::meeting_began`].
    #[tracing::instrument(name = "db.conversation.meeting_called_off", skip_all)]
    pub async fn meeting_called_off(&self, caller: &Caller, id: ConversationId) -> Result<(), ConversationError> {
        self.meeting(scope(caller)?, id, |_| noted!("The meeting was called off.").to_owned()).await
    }

    /// One is over: how long it took, and who was there. It is said in the workspace's language, since what is filled in is kept with it.
    ///
    /// # Errors
    /// As [`Conversations::meeting_began`].
    #[tracing::instrument(name = "db.conversation.meeting_ended", skip_all)]
    pub async fn meeting_ended(
        &self,
        caller: &Caller,
        id: ConversationId,
        minutes: i64,
        names: &[String],
    ) -> Result<(), ConversationError> {
        let said = |language| {
            let mut names: Vec<String> = names.iter().take(NAMED + 1).cloned().collect();
            if names.len() > NAMED {
                names.truncate(NAMED);
                names.push("…".to_owned());
            }
            let there = names.join(", ");
            let said = match minutes {
                ..1 => text!("The meeting ended after less than a minute. There: {there}.", there),
                _ => text!("The meeting ended after {minutes} min. There: {there}.", minutes, there),
            };
            said.say(language)
        };
        self.meeting(scope(caller)?, id, said).await
    }

    async fn meeting(
        &self,
        scope: &Scope,
        id: ConversationId,
        said: impl FnOnce(Language) -> String,
    ) -> Result<(), ConversationError> {
        let mut tx = self.services.store.tenant(scope).await?;
        let said = said(language(&mut tx).await?);
        let mut row = lock(&mut tx, id, Reach::ALL).await?;
        row.call_wanted_at = None;
        let entry = Entry::event(Event::Meeting, &said, None);
        let message = row.append(&mut tx, &self.services, scope, entry).await?;
        tx.commit().await?;
        self.services.publish(Notice::written(scope.tenant(), std::slice::from_ref(&message)));
        Ok(())
    }
}
