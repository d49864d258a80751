//! How a conversation begins: a program begins one for a contact; a visitor comes in by a widget.
//!
//! A visitor leaves no row behind before it says something: the contact, what its browser keeps and the conversation are
//! made with the first message.

use crate::reach::Reach;
use crate::{ConversationError, Conversations, read};
use futures_core::future::BoxFuture;
use identity::TenantSetup;
use model::conversation::{Channel, Conversation, Widget};
use model::event::EventKind;
use model::input::{ContactName, Email};
use model::permission::{ReachApi, ReadWorkspace, WriteConversations};
use model::{ContactId, ConversationId, TenantId, WidgetId};
use sha2::{Digest as _, Sha256};
use store::bus::Notice;
use store::{Caller, PlatformTx, Scope, Services, StoreError, TenantTx, events, scope};

/// What is known of somebody, as it came in.
#[derive(Debug, Clone, Default)]
pub struct NewContact {
    /// The name.
    pub name: Option<String>,
    /// The address.
    pub email: Option<String>,
}

/// What every token begins with, so that scanners can find one.
const TOKEN: &str = "smc_";

/// A new token: what a visitor's browser keeps to come back with. It opens nothing until [`Conversations::visit`].
pub fn token() -> String {
    let random: [u8; 24] = rand::random();
    format!("{TOKEN}{}", random.iter().map(|b| format!("{b:02x}")).collect::<String>())
}

/// What the database knows a token by; `None` for what cannot be one.
fn token_hash(token: &str) -> Option<[u8; 32]> {
    let digits = token.strip_prefix(TOKEN)?;
    (digits.len() == 48 && digits.bytes().all(|b| b.is_ascii_hexdigit())).then(|| Sha256::digest(token).into())
}

/// Gives each new tenant its widget.
#[derive(Debug)]
pub struct FirstWidget(pub Services);

impl TenantSetup for FirstWidget {
    fn set_up<'a>(&'a self, tx: &'a mut PlatformTx, tenant: TenantId) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            sqlx::query!(
                "insert into app.widgets (tenant_id, widget_id, created_at) values ($1, $2, $3)",
                tenant.uuid(),
                self.0.new_id(),
                self.0.now()
            )
            .execute(tx)
            .await?;
            Ok(())
        })
    }
}

impl Conversations {
    /// Begins a conversation with a new contact, on behalf of a program.
    ///
    /// # Errors
    /// [`ConversationError::Denied`] for who may not write, or does not reach what programs begin; [`ConversationError::Invalid`] for a name or
    /// an address that will not do; or the database's.
    #[tracing::instrument(name = "db.conversation.create", skip_all)]
    pub async fn create(&self, caller: &Caller, new: NewContact) -> Result<Conversation, ConversationError> {
        let right = caller.may(WriteConversations)?;
        caller.may(ReachApi)?;
        let field = |name, e: model::input::Rejected| ConversationError::field(name, e.0);
        let name = new.name.as_deref().map(ContactName::parse).transpose().map_err(|e| field("contact.name", e))?;
        let email = new.email.as_deref().map(Email::parse).transpose().map_err(|e| field("contact.email", e))?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let contact = self.contact(&mut tx, right.scope(), name.as_ref(), email.as_ref()).await?;
        let id = self.conversation(&mut tx, right.scope(), contact, Channel::Api).await?;
        // Whoever began it knows of it, whatever else they reach.
        let conversation = read::conversation(&mut tx, id, Reach::ALL).await?.ok_or(ConversationError::NotFound)?;
        tx.commit().await?;
        self.services.publish(Some(Notice::Changed { tenant: right.scope().tenant(), conversation: id }));
        Ok(conversation)
    }

    /// A visitor becomes a contact, who comes back with this token. Only the token's hash is kept.
    ///
    /// # Errors
    /// [`ConversationError::Denied`] for anybody but a visitor, [`ConversationError::NotFound`] for what is no token, or the
    /// database's.
    #[tracing::instrument(name = "db.contact.create", skip_all)]
    pub async fn visit(&self, caller: &Caller, widget: WidgetId, token: &str) -> Result<Caller, ConversationError> {
        let right = caller.visitor()?;
        let hash = token_hash(token).ok_or(ConversationError::NotFound)?;
        let now = self.services.now();
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let contact = self.contact(&mut tx, right.scope(), None, None).await?;
        sqlx::query!(
            "insert into app.contact_sessions (tenant_id, session_id, contact_id, token_hash, created_at, last_seen_at)
             values ($1, $2, $3, $4, $5, $5)",
            right.scope().tenant().uuid(),
            self.services.new_id(),
            contact.uuid(),
            hash.as_slice(),
            now
        )
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
        let caller = scope::of_contact_session(&self.services, widget, &hash, right.scope().request()).await?;
        caller.ok_or(ConversationError::NotFound)
    }

    /// The contact who comes back with a token; `None` when the token opens nothing here.
    ///
    /// # Errors
    /// The database's.
    pub async fn come_back(
        &self,
        widget: WidgetId,
        token: &str,
        request: model::RequestId,
    ) -> Result<Option<Caller>, ConversationError> {
        let Some(hash) = token_hash(token) else { return Ok(None) };
        Ok(scope::of_contact_session(&self.services, widget, &hash, request).await?)
    }

    /// The contact's conversation to go on with: the latest.
    ///
    /// # Errors
    /// [`ConversationError::Denied`] for anybody but a contact, or the database's.
    #[tracing::instrument(name = "db.conversation.current", skip_all)]
    pub async fn current(&self, caller: &Caller) -> Result<Option<Conversation>, ConversationError> {
        let right = caller.contact()?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let Some(id) = latest(&mut tx, right.id()).await? else { return Ok(None) };
        read::conversation(&mut tx, id, Reach::of(caller)).await
    }

    /// The contact's conversation to speak in: the latest, or a new one. Two of its tabs at once get the same.
    ///
    /// # Errors
    /// [`ConversationError::Denied`] for anybody but a contact, or the database's.
    #[tracing::instrument(name = "db.conversation.open", skip_all)]
    pub async fn open(&self, caller: &Caller) -> Result<ConversationId, ConversationError> {
        let right = caller.contact()?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        // The contact's row is the lock.
        sqlx::query!("select contact_id from app.contacts where contact_id = $1 for no key update", right.id().uuid())
            .fetch_optional(&mut tx)
            .await?
            .ok_or(ConversationError::NotFound)?;
        if let Some(id) = latest(&mut tx, right.id()).await? {
            return Ok(id);
        }
        let id = self.conversation(&mut tx, right.scope(), right.id(), Channel::Widget).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// The tenant's widget; made if it is not there.
    ///
    /// # Errors
    /// The database's.
    #[tracing::instrument(name = "db.widget.get", skip_all)]
    pub async fn widget(&self, caller: &Caller) -> Result<Widget, ConversationError> {
        let right = caller.may(ReadWorkspace)?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        if let Some(there) = widget(&mut tx).await? {
            tx.leave_open();
            return Ok(there);
        }
        // The tenant's row is the lock: two at once make one.
        sqlx::query!("select tenant_id from app.tenants for no key update").fetch_optional(&mut tx).await?;
        if let Some(there) = widget(&mut tx).await? {
            return Ok(there);
        }
        let id = self.services.new_id();
        sqlx::query!(
            "insert into app.widgets (tenant_id, widget_id, created_at) values ($1, $2, $3)",
            right.scope().tenant().uuid(),
            id,
            self.services.now()
        )
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
        Ok(Widget { id: WidgetId::from_uuid(id) })
    }

    async fn contact(
        &self,
        tx: &mut TenantTx,
        scope: &Scope,
        name: Option<&ContactName>,
        email: Option<&Email>,
    ) -> Result<ContactId, ConversationError> {
        let id = self.services.new_id();
        sqlx::query!(
            "insert into app.contacts (tenant_id, contact_id, name, email, created_at) values ($1, $2, $3, $4, $5)",
            scope.tenant().uuid(),
            id,
            name.map(ContactName::as_str),
            email.map(Email::as_str),
            self.services.now()
        )
        .execute(tx)
        .await?;
        Ok(ContactId::from_uuid(id))
    }

    async fn conversation(
        &self,
        tx: &mut TenantTx,
        scope: &Scope,
        contact: ContactId,
        channel: Channel,
    ) -> Result<ConversationId, ConversationError> {
        let id = self.services.new_id();
        sqlx::query!(
            "insert into app.conversations (tenant_id, conversation_id, contact_id, channel, state, handler, fence, last_seq,
               answered_seq, last_message_id, created_at, updated_at)
             values ($1, $2, $3, $5, 'open', 'assistant', 0, 0, 0, $2, $4, $4)",
            scope.tenant().uuid(),
            id,
            contact.uuid(),
            self.services.now(),
            channel.name()
        )
        .execute(&mut *tx)
        .await?;
        events::record(tx, &self.services, scope, EventKind::ConversationCreated, id).await?;
        Ok(ConversationId::from_uuid(id))
    }
}

async fn widget(tx: &mut TenantTx) -> Result<Option<Widget>, ConversationError> {
    let first = sqlx::query_scalar!("select widget_id from app.widgets order by widget_id limit 1");
    Ok(first.fetch_optional(tx).await?.map(|id| Widget { id: WidgetId::from_uuid(id) }))
}

async fn latest(tx: &mut TenantTx, contact: ContactId) -> Result<Option<ConversationId>, ConversationError> {
    let id = sqlx::query_scalar!(
        "select conversation_id from app.conversations where contact_id = $1 order by conversation_id desc limit 1",
        contact.uuid()
    );
    Ok(id.fetch_optional(tx).await?.map(ConversationId::from_uuid))
}
