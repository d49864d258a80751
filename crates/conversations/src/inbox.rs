//! What the pages of the inbox show and do, put together from the other use cases.

use crate::reach::Reach;
use crate::{ConversationError, Conversations, MessagesFrom, read};
use model::ConversationId;
use model::conversation::{Conversation, InboxFilter, InboxView, Step, Thread, WidgetInstall};
use model::page::{DEFAULT_LIMIT, Page};
use model::permission::{ReadConversations, ReadWorkspace};
use store::Caller;
use store::services::timestamp;
use words::text;

impl Conversations {
    /// The inbox as it is now: a page of it, the first unless it is to begin `after` another one. `open` is the
    /// conversation that is open beside it; one that is not there is left out.
    ///
    /// # Errors
    /// [`ConversationError::Invalid`] for an `after` that is no `next_cursor`, or the database's.
    #[tracing::instrument(name = "db.conversation.inbox", skip_all)]
    pub async fn inbox(
        &self,
        caller: &Caller,
        filter: InboxFilter,
        after: Option<&str>,
        open: Option<ConversationId>,
    ) -> Result<InboxView, ConversationError> {
        let (right, reach) = (caller.may(ReadConversations)?, Reach::of(caller));
        let after = after.map(str::parse).transpose()?;
        let now = timestamp(self.services.now());
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let Page { data, next_cursor } = read::inbox(&mut tx, right.member(), reach, filter, after).await?;
        let waiting = read::waiting(&mut tx, reach).await?;
        let open = match open {
            Some(id) => read::conversation(&mut tx, id, reach).await?,
            None => None,
        };
        tx.leave_open();
        let install = if data.is_empty() && after.is_none() { Some(self.install_snippet(caller).await?) } else { None };
        let nobody_yet = install.filter(|snippet| !snippet.used).map(|snippet| snippet.widget);
        Ok(InboxView { data, next_cursor, waiting, open, nobody_yet, now })
    }

    /// How many of the conversations that the caller reaches wait for a person, up to 100.
    ///
    /// # Errors
    /// The database's.
    pub async fn waiting(&self, caller: &Caller) -> Result<u32, ConversationError> {
        let mut tx = self.services.store.tenant(caller.may(ReadConversations)?.scope()).await?;
        let waiting = read::waiting(&mut tx, Reach::of(caller)).await?;
        tx.leave_open();
        Ok(waiting)
    }

    /// One conversation with its latest messages, or those before one of them.
    ///
    /// # Errors
    /// [`ConversationError::NotFound`], [`ConversationError::Invalid`] for a `before` that is no message's id, or the
    /// database's.
    pub async fn thread(
        &self,
        caller: &Caller,
        id: ConversationId,
        before: Option<&str>,
    ) -> Result<Thread, ConversationError> {
        let wrong = |_| ConversationError::field("before", text!("Use the next_cursor of the page before."));
        let from = match before {
            Some(id) => MessagesFrom::Before(id.parse().map_err(wrong)?),
            None => MessagesFrom::Latest,
        };
        let mut tx = self.services.store.tenant(caller.may(ReadConversations)?.scope()).await?;
        let reach = Reach::of(caller);
        let conversation = read::conversation(&mut tx, id, reach).await?.ok_or(ConversationError::NotFound)?;
        let messages = read::messages(&mut tx, id, reach, from, DEFAULT_LIMIT).await?;
        tx.leave_open();
        Ok(Thread { conversation, messages, draft: self.services.new_id().simple().to_string() })
    }

    /// A member does something with a conversation.
    ///
    /// # Errors
    /// [`ConversationError::Denied`] for a program that wants to take over, [`ConversationError::NotFound`], or the
    /// database's.
    pub async fn handle(
        &self,
        caller: &Caller,
        id: ConversationId,
        step: Step,
    ) -> Result<Conversation, ConversationError> {
        match step {
            Step::TakeOver => self.take_over(caller, id).await,
            Step::HandBack => self.hand_back(caller, id).await,
            Step::Resolve => self.resolve(caller, id).await,
        }
    }

    /// The tenant's widget, and whether anybody has come yet.
    ///
    /// # Errors
    /// The database's.
    pub async fn install_snippet(&self, caller: &Caller) -> Result<WidgetInstall, ConversationError> {
        let widget = self.widget(caller).await?.id;
        let mut tx = self.services.store.tenant(caller.may(ReadWorkspace)?.scope()).await?;
        let used = sqlx::query_scalar!(r#"select exists (select from app.conversations) as "used!""#);
        let used = used.fetch_one(&mut tx).await?;
        tx.leave_open();
        Ok(WidgetInstall { widget, used })
    }
}
