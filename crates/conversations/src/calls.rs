//! A contact asks to talk face to face. Within service hours people are asked to come; outside of them the contact is told when they are there
//! again, and the conversation waits for a call-back.
//!
//! Guarantees: as long as nobody of the company's has answered, asking again is the same request.

use crate::append::{Entry, lock};
use crate::reach::Reach;
use crate::{ConversationError, Conversations, handling, read};
use model::ConversationId;
use model::conversation::{Conversation, Event, Handler};
use model::hours::{self, DAYS, Service};
use model::permission::WriteConversations;
use store::bus::Notice;
use store::{Caller, StoreError, TenantTx};
use time::OffsetDateTime;
use words::{Language, Text, text};

/// What a company says of calls, just now.
struct Hours {
    /// Whether they may be asked for.
    asked_for: bool,
    language: Language,
    /// Where its hours are said.
    zone: String,
    /// 0 is Monday.
    weekday: u8,
    service: Service,
}

impl Hours {
    async fn at(tx: &mut TenantTx, now: OffsetDateTime) -> Result<Self, StoreError> {
        let row = sqlx::query!(
            r#"select calls as "calls!", language, coalesce(time_zone, 'UTC') as "zone!", service_hours as "service_hours!",
                 extract(isodow from clock.there)::integer as "weekday!",
                 (extract(hour from clock.there) * 60 + extract(minute from clock.there))::integer as "minute!"
               from app.tenants
               cross join lateral (select $1::timestamptz at time zone coalesce(time_zone, 'UTC') as there) clock"#,
            now
        );
        let row = row.fetch_one(tx).await?;
        let weekday = u8::try_from(row.weekday - 1).map_err(|_| StoreError::Corrupt("isodow"))?;
        let minute = u16::try_from(row.minute).map_err(|_| StoreError::Corrupt("minute"))?;
        Ok(Self {
            asked_for: row.calls,
            language: row.language.as_deref().and_then(Language::from_tag).unwrap_or_default(),
            zone: row.zone,
            weekday,
            service: hours::service(&row.service_hours, weekday, minute),
        })
    }

    /// What is said where a call is asked for. What is filled in is kept with it, so that is in the workspace's language.
    fn said(&self) -> String {
        let Service::Later { days, minute } = self.service else {
            return handling::CALLED.to_owned();
        };
        let day = DAYS.get(usize::from((self.weekday + days) % 7)).map_or("", |(_, day)| *day);
        let day = Text::of(day).say(self.language);
        let said = text!(
            "Talking face to face was asked for. Nobody is there just now. We are there again on {day} from {time} ({zone}), and call back then.",
            day,
            time = hours::shown(minute),
            zone = self.zone
        );
        said.say(self.language)
    }
}

impl Conversations {
    /// Whether contacts of this company may ask for calls.
    ///
    /// # Errors
    /// The database's.
    #[tracing::instrument(name = "db.conversation.calls", skip_all)]
    pub async fn calls(&self, caller: &Caller) -> Result<bool, ConversationError> {
        let mut tx = self.services.store.tenant(caller.scope()).await?;
        let may = sqlx::query_scalar!("select calls from app.tenants").fetch_optional(&mut tx).await?;
        tx.leave_open();
        Ok(may.unwrap_or_default())
    }

    /// A contact asks for a call, or somebody does on their behalf: people have the conversation from now on. Nothing new while a call is wanted
    /// there already.
    ///
    /// # Errors
    /// [`ConversationError::NotFound`], [`ConversationError::NoCalls`] where the company takes none, or the database's.
    #[tracing::instrument(name = "db.conversation.call", skip_all)]
    pub async fn call(&self, caller: &Caller, id: ConversationId) -> Result<Conversation, ConversationError> {
        let right = caller.participant(WriteConversations)?;
        let (scope, now) = (right.scope(), self.services.now());
        let mut tx = self.services.store.tenant(scope).await?;
        let mut row = lock(&mut tx, id, Reach::of(caller)).await?;
        let hours = Hours::at(&mut tx, now).await?;
        if !hours.asked_for {
            return Err(ConversationError::NoCalls);
        }
        let mut written = None;
        if row.call_wanted_at.is_none() {
            let event = match row.handler {
                Handler::Assistant => {
                    row.hand_to(Handler::People, None);
                    Event::HandedOff
                }
                // They have it already, whoever it is.
                Handler::People => Event::Meeting,
            };
            row.call_wanted_at = Some(now);
            let said = hours.said();
            let entry = Entry::event(event, &said, None);
            written = Some(row.append(&mut tx, &self.services, scope, entry).await?);
        }
        let conversation =
            read::conversation(&mut tx, id, Reach::of(caller)).await?.ok_or(ConversationError::NotFound)?;
        tx.commit().await?;
        self.services.publish(Notice::written(scope.tenant(), written.as_slice()));
        Ok(conversation)
    }
}
