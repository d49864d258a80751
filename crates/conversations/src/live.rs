//! Showing those who listen on this node what happens, after the commit.
//!
//! Guarantees: a listener's queue is bounded and never waited for, so that a slow reader holds up nobody. What does not fit
//! is dropped, and the listener is told ([`Listener::missed`]); it then reads from the database what came after the number
//! that it has. Nothing here is the truth: the database is.
//!
//! Listeners stand behind many locks, by tenant, and a frame is made once for all who hear it, while no lock is held. What
//! has changed is read once for all who watch a tenant, together for what changes in [`TOGETHER`].
//!
//! Who reaches some of a tenant's conversations alone hears of the others only that they are somebody's now, and reads what is said in those
//! that they follow from the database, which knows whose they are by then.

use crate::reach::Reach;
use crate::{ConversationError, read};
use bytes::Bytes;
use model::conversation::{Author, Message};
use model::live::{Line, ServerFrame};
use model::permission::ReadConversations;
use model::{ConversationId, TenantId};
use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use store::bus::{Notice, Part};
use store::services::timestamp;
use store::{Right, Scope, Services};
use tokio::sync::mpsc;
use uuid::Uuid;

/// What a listener's queue holds. A burst longer than that is read from the database.
pub const QUEUE: usize = 64;
/// How many locks there are.
const SHARDS: usize = 64;
/// How long changes of a tenant's are gathered before they are read.
pub const TOGETHER: Duration = Duration::from_millis(100);
/// Most of them that are told one by one.
pub const CHANGES: usize = 32;
/// Longest wait for the database; then pages are told to ask.
const PATIENCE: Duration = Duration::from_secs(10);

/// Something that was heard.
#[derive(Debug, Clone)]
pub enum Heard {
    /// A message was kept; `frame` is what goes over a socket, made once for all.
    Message {
        /// Where.
        conversation: ConversationId,
        /// Its number.
        seq: u64,
        /// The frame, in JSON.
        frame: Bytes,
    },
    /// Messages up to this number are kept: they are there to be read, by whoever still may.
    Written {
        /// Where.
        conversation: ConversationId,
        /// The last one's number.
        seq: u64,
    },
    /// Somebody writes.
    Typing {
        /// Where.
        conversation: ConversationId,
        /// The frame, in JSON.
        frame: Bytes,
    },
    /// Something changed in the tenant's conversations.
    Changed {
        /// The frame, in JSON.
        frame: Bytes,
    },
}

/// The frame of a message, as sockets send it.
pub fn frame(message: &Message) -> Bytes {
    json(&ServerFrame::Message { message })
}

fn json(frame: &ServerFrame<'_>) -> Bytes {
    // Ids, texts and numbers always have a form in JSON.
    serde_json::to_vec(frame).map(Bytes::from).unwrap_or_default()
}

/// Where a listener is reached.
#[derive(Debug, Clone)]
struct Outlet {
    id: u64,
    queue: mpsc::Sender<Heard>,
    missed: Arc<AtomicBool>,
    reach: Reach,
}

impl Outlet {
    fn give(&self, heard: Heard) {
        if self.queue.try_send(heard).is_err() {
            self.missed.store(true, Ordering::Release);
        }
    }
}

#[derive(Debug, Default)]
struct Outlets {
    conversations: HashMap<(TenantId, ConversationId), Vec<Outlet>>,
    tenants: HashMap<TenantId, Watched>,
}

/// A tenant of which somebody hears every change.
#[derive(Debug, Default)]
struct Watched {
    /// Where, and on whose behalf lines are read.
    outlets: Vec<(Outlet, Scope)>,
    /// What has changed since lines were last read, and whether that is more than is told one by one.
    changed: Vec<Change>,
    several: bool,
    /// Whether somebody reads, or is about to.
    read: bool,
}

/// A conversation that has changed, and whether it may be somebody else's now.
#[derive(Debug, Clone, Copy)]
struct Change {
    conversation: ConversationId,
    hands: bool,
}

/// How a conversation is told of.
struct Told {
    /// To those who reach it.
    frame: Bytes,
    /// Whose it is.
    holder: Option<Uuid>,
    /// To those who reach it no more, if it may have become somebody's.
    gone: Option<Bytes>,
}

impl Told {
    /// Something has changed: the list has to be asked for.
    fn several() -> Self {
        Self {
            frame: json(&ServerFrame::Changed { conversation: None, line: None, waiting: None }),
            holder: None,
            gone: None,
        }
    }

    fn to(&self, reach: Reach) -> Option<&Bytes> {
        if reach.member.is_none() || self.holder.is_none() || reach.member == self.holder {
            return Some(&self.frame);
        }
        self.gone.as_ref()
    }
}

/// What has changed in a while.
struct Changes {
    conversations: Vec<Change>,
    several: bool,
    scope: Scope,
}

/// Who listens to what.
#[derive(Debug, Clone)]
pub struct Live {
    listeners: Arc<Listeners>,
}

#[derive(Debug)]
struct Listeners {
    me: Weak<Self>,
    services: Services,
    /// Where tasks go: who tells a notice need not be in one.
    runtime: tokio::runtime::Handle,
    shards: [Mutex<Outlets>; SHARDS],
    hasher: RandomState,
    next: AtomicU64,
}

impl Listeners {
    fn with<T>(&self, tenant: TenantId, work: impl FnOnce(&mut Outlets) -> T) -> T {
        let at = usize::try_from(self.hasher.hash_one(tenant) % SHARDS as u64).unwrap_or_default();
        let shard = self.shards.get(at).unwrap_or(&self.shards[0]);
        work(&mut shard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Those who listen to a conversation.
    fn of(&self, tenant: TenantId, conversation: ConversationId) -> Vec<Outlet> {
        self.with(tenant, |outlets| outlets.conversations.get(&(tenant, conversation)).cloned().unwrap_or_default())
    }

    /// Notes a change for those who watch the tenant. The first in a while begins a task that tells of it; there is one for a
    /// tenant, so that what is read later is told later.
    fn changed(&self, tenant: TenantId, change: Change) {
        let first = self.with(tenant, |outlets| {
            let Some(watched) = outlets.tenants.get_mut(&tenant) else { return false };
            let room = watched.changed.len() < CHANGES;
            match watched.changed.iter_mut().find(|noted| noted.conversation == change.conversation) {
                Some(noted) => noted.hands |= change.hands,
                None if room => watched.changed.push(change),
                None => watched.several = true,
            }
            !std::mem::replace(&mut watched.read, true)
        });
        if let (true, Some(listeners)) = (first, self.me.upgrade()) {
            self.runtime.spawn(listeners.tell(tenant));
        }
    }

    /// Tells those who watch the tenant what has changed, until nothing has.
    async fn tell(self: Arc<Self>, tenant: TenantId) {
        let mut reading = Reading { listeners: &self, tenant, ended: false };
        loop {
            tokio::time::sleep(TOGETHER).await;
            // Taken before it is read: what changes from now on is read again.
            let Some(changes) = self.with(tenant, |outlets| outlets.take(tenant)) else {
                reading.ended = true;
                return;
            };
            let told = match tokio::time::timeout(PATIENCE, self.told(&changes)).await {
                Ok(told) => told,
                Err(_) => vec![Told::several()],
            };
            let outlets = self.with(tenant, |outlets| {
                let watched = outlets.tenants.get(&tenant);
                watched.into_iter().flat_map(|w| &w.outlets).map(|(outlet, _)| outlet.clone()).collect::<Vec<_>>()
            });
            for told in told {
                for outlet in &outlets {
                    if let Some(frame) = told.to(outlet.reach) {
                        outlet.give(Heard::Changed { frame: frame.clone() });
                    }
                }
            }
        }
    }

    /// How to tell what has changed; without lines where they cannot be read.
    async fn told(&self, changes: &Changes) -> Vec<Told> {
        let lines = match self.lines(changes).await {
            Ok(lines) => lines,
            Err(error) => {
                tracing::warn!(%error, "what has changed could not be read");
                return vec![Told::several()];
            }
        };
        let hands = |id| changes.conversations.iter().any(|change| change.conversation == id && change.hands);
        let told = lines.iter().map(|(line, holder)| {
            let conversation = Some(line.conversation.id);
            let gone = ServerFrame::Changed { conversation, line: None, waiting: Some(line.waiting) };
            let gone = hands(line.conversation.id).then(|| json(&gone));
            Told {
                frame: json(&ServerFrame::Changed { conversation, line: Some(line), waiting: None }),
                holder: *holder,
                gone,
            }
        });
        told.chain(changes.several.then(Told::several)).collect()
    }

    #[tracing::instrument(name = "db.conversation.changed", skip_all)]
    async fn lines(&self, changes: &Changes) -> Result<Vec<(Line, Option<Uuid>)>, ConversationError> {
        let mut tx = self.services.store.tenant(&changes.scope).await?;
        let now = timestamp(self.services.now());
        let ids: Vec<_> = changes.conversations.iter().map(|change| change.conversation).collect();
        let conversations = read::conversations(&mut tx, &ids).await?;
        let waiting = read::waiting(&mut tx).await?;
        let line = |(conversation, holder)| (Line { conversation, waiting, now }, holder);
        Ok(conversations.into_iter().map(line).collect())
    }
}

/// A task that reads. One that broke off leaves the way to the next.
struct Reading<'a> {
    listeners: &'a Listeners,
    tenant: TenantId,
    ended: bool,
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.listeners.with(self.tenant, |outlets| {
                if let Some(watched) = outlets.tenants.get_mut(&self.tenant) {
                    watched.read = false;
                }
                outlets.forget_unwatched(self.tenant);
            });
        }
    }
}

impl Outlets {
    /// What of a tenant's has changed; nothing has, and nobody reads any more.
    fn take(&mut self, tenant: TenantId) -> Option<Changes> {
        let watched = self.tenants.get_mut(&tenant)?;
        let scope = watched.outlets.first().map(|(_, scope)| scope.clone()).filter(|_| !watched.changed.is_empty());
        let Some(scope) = scope else {
            watched.read = false;
            self.forget_unwatched(tenant);
            return None;
        };
        let (conversations, several) = (std::mem::take(&mut watched.changed), std::mem::take(&mut watched.several));
        Some(Changes { conversations, several, scope })
    }

    /// Nobody watches the tenant, and nobody is about to read for those who did.
    fn forget_unwatched(&mut self, tenant: TenantId) {
        if self.tenants.get(&tenant).is_some_and(|watched| watched.outlets.is_empty() && !watched.read) {
            self.tenants.remove(&tenant);
        }
    }
}

impl Part for Listeners {
    fn hear(&self, notice: &Notice) {
        match notice {
            Notice::Written { tenant, conversation, seq, messages } => {
                let listeners = self.of(*tenant, *conversation);
                // Who may hear what is said by whose it is now reads it.
                let (read, hear): (Vec<_>, Vec<_>) =
                    listeners.iter().partition(|outlet| messages.is_empty() || outlet.reach.member.is_some());
                for outlet in read {
                    outlet.give(Heard::Written { conversation: *conversation, seq: *seq });
                }
                if !hear.is_empty() {
                    for message in messages.iter() {
                        let (conversation, seq, frame) = (*conversation, message.seq, frame(message));
                        for outlet in &hear {
                            outlet.give(Heard::Message { conversation, seq, frame: frame.clone() });
                        }
                    }
                }
                let hands = messages.is_empty() || messages.iter().any(|message| message.event.is_some());
                self.changed(*tenant, Change { conversation: *conversation, hands });
            }
            Notice::Changed { tenant, conversation } => {
                self.changed(*tenant, Change { conversation: *conversation, hands: true });
            }
            Notice::Typing { tenant, conversation, from, name, source } => {
                let listeners = self.of(*tenant, *conversation);
                if !listeners.is_empty() {
                    let (conversation, name) = (*conversation, name.as_deref());
                    let frame = json(&ServerFrame::Typing { conversation, from: *from, name });
                    for outlet in listeners.iter().filter(|outlet| Some(outlet.id) != *source) {
                        outlet.give(Heard::Typing { conversation, frame: frame.clone() });
                    }
                }
            }
            Notice::Ended { .. } | Notice::Shut { .. } | Notice::JobsDue { .. } => {}
        }
    }
}

impl Live {
    /// Listeners of what the bus of these services says.
    pub(crate) fn on(services: Services) -> Self {
        let bus = services.bus();
        let listeners = Arc::new_cyclic(|me| Listeners {
            me: Weak::clone(me),
            services,
            runtime: tokio::runtime::Handle::current(),
            shards: std::array::from_fn(|_| Mutex::default()),
            // Two nodes do not call their listeners the same.
            next: AtomicU64::new(RandomState::new().hash_one(0)),
            hasher: RandomState::new(),
        });
        let part: Arc<dyn Part> = Arc::clone(&listeners) as Arc<dyn Part>;
        bus.attach(Arc::downgrade(&part));
        Self { listeners }
    }

    /// A contact of this tenant listens.
    pub fn listen(&self, tenant: TenantId) -> Listener {
        self.listener(tenant, Reach::ALL)
    }

    fn listener(&self, tenant: TenantId, reach: Reach) -> Listener {
        let (sender, queue) = mpsc::channel(QUEUE);
        let id = self.listeners.next.fetch_add(1, Ordering::Relaxed);
        Listener {
            listeners: Arc::clone(&self.listeners),
            tenant,
            id,
            sender,
            queue,
            missed: Arc::default(),
            reach,
            followed: Vec::new(),
        }
    }

    /// Somebody of the company's listens, and also hears how each conversation is that changes within their reach.
    pub fn watch(&self, right: Right<'_, ReadConversations>) -> Listener {
        let scope = right.scope().clone();
        let (tenant, listener) = (scope.tenant(), self.listener(scope.tenant(), Reach::of(right.caller())));
        let outlet = listener.outlet();
        self.listeners.with(tenant, |outlets| {
            outlets.tenants.entry(tenant).or_default().outlets.push((outlet, scope));
        });
        listener
    }

    /// Somebody writes. Whether that somebody may is for the caller to know. `source` is the listener that it came from,
    /// which need not hear it.
    pub fn typing(
        &self,
        tenant: TenantId,
        conversation: ConversationId,
        from: Author,
        name: Option<&str>,
        source: Option<u64>,
    ) {
        let name = name.map(str::to_owned);
        self.listeners.services.publish(Notice::Typing { tenant, conversation, from, name, source });
    }
}

/// One who listens. Dropped, it is forgotten.
#[derive(Debug)]
pub struct Listener {
    listeners: Arc<Listeners>,
    tenant: TenantId,
    id: u64,
    sender: mpsc::Sender<Heard>,
    queue: mpsc::Receiver<Heard>,
    missed: Arc<AtomicBool>,
    reach: Reach,
    followed: Vec<ConversationId>,
}

impl Listener {
    fn outlet(&self) -> Outlet {
        Outlet { id: self.id, queue: self.sender.clone(), missed: Arc::clone(&self.missed), reach: self.reach }
    }

    /// Which listener this is, for [`Live::typing`].
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Hears what is said in a conversation from now on. Whether the listener may is for the caller to know.
    pub fn follow(&mut self, conversation: ConversationId) {
        if !self.followed.contains(&conversation) {
            self.followed.push(conversation);
            let outlet = self.outlet();
            self.listeners.with(self.tenant, |outlets| {
                outlets.conversations.entry((self.tenant, conversation)).or_default().push(outlet)
            });
        }
    }

    /// Hears no more of a conversation.
    pub fn leave(&mut self, conversation: ConversationId) {
        self.followed.retain(|followed| *followed != conversation);
        self.listeners
            .with(self.tenant, |outlets| forget(&mut outlets.conversations, (self.tenant, conversation), self.id));
    }

    /// What comes next. Never ends by itself.
    pub async fn next(&mut self) -> Heard {
        match self.queue.recv().await {
            Some(heard) => heard,
            // Not while `sender` lives, which is as long as this.
            None => std::future::pending().await,
        }
    }

    /// What has come already.
    pub fn try_next(&mut self) -> Option<Heard> {
        self.queue.try_recv().ok()
    }

    /// Whether something did not fit since this was last asked.
    pub fn missed(&self) -> bool {
        self.missed.swap(false, Ordering::AcqRel)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let (tenant, id) = (self.tenant, self.id);
        let followed = std::mem::take(&mut self.followed);
        self.listeners.with(tenant, |outlets| {
            for conversation in followed {
                forget(&mut outlets.conversations, (tenant, conversation), id);
            }
            if let Some(watched) = outlets.tenants.get_mut(&tenant) {
                watched.outlets.retain(|(outlet, _)| outlet.id != id);
                outlets.forget_unwatched(tenant);
            }
        });
    }
}

fn forget<K: std::hash::Hash + Eq>(outlets: &mut HashMap<K, Vec<Outlet>>, key: K, id: u64) {
    if let std::collections::hash_map::Entry::Occupied(mut listeners) = outlets.entry(key) {
        listeners.get_mut().retain(|outlet| outlet.id != id);
        if listeners.get().is_empty() {
            listeners.remove();
        }
    }
}
