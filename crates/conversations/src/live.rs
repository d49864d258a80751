//! Showing those who listen on this node what happens, after the commit.
//!
//! Guarantees: a listener's queue is bounded and never waited for, so that a slow reader holds up nobody. What does not fit
//! is dropped, and the listener is told ([`Listener::missed`]); it then reads from the database what came after the number
//! that it has. Nothing here is the truth: the database is.
//!
//! Listeners stand behind many locks, by tenant, and a frame is made once for all who hear it, while no lock is held. What
//! has changed is read once for all who watch a tenant, together for what changes in [`TOGETHER`].
//!
//! Of what the assistant writes while it does, only who reaches all of them sees the words: nothing says here whose a conversation is.
//!
//! Who reaches some of a tenant's conversations alone hears of the others no more than that their list is to be asked for again, when one has
//! changed hands, and reads what is said in those that they follow from the database, which knows whose they are by then.

use crate::reach::{Place, Reach};
use crate::{ConversationError, read};
use bytes::Bytes;
use model::conversation::{Author, Conversation, Message};
use model::live::{Line, ServerFrame};
use model::permission::ReadConversations;
use model::{ConversationId, TenantId, Timestamp};
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

    /// What nobody has to hear: the next one says as much.
    fn offer(&self, heard: Heard) {
        let _ = self.queue.try_send(heard);
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

/// What has changed in a while, and whom that is told to. (Who comes later reads it.)
struct Changes {
    conversations: Vec<Change>,
    several: bool,
    scope: Scope,
    outlets: Vec<Outlet>,
}

/// How it is now.
struct Told {
    /// Of each conversation, whether it may be somebody else's now, and what decides who reaches it.
    lines: Vec<(bool, Conversation, Place)>,
    waits: Waits,
    now: Timestamp,
}

/// Those that wait for a person, as whoever watches sees them.
struct Waits {
    /// All of them.
    all: u32,
    /// How many of each kind, and the teams of each member: where somebody watches who does not reach all.
    places: Vec<(Place, u32)>,
    teams: HashMap<Uuid, Vec<Uuid>>,
}

impl Waits {
    fn teams(&self, reach: Reach) -> &[Uuid] {
        reach.member.and_then(|member| self.teams.get(&member)).map(Vec::as_slice).unwrap_or_default()
    }

    fn of(&self, reach: Reach) -> u32 {
        if reach.is_all() {
            return self.all;
        }
        let reached = self.places.iter().filter(|(place, _)| reach.reaches(*place, self.teams(reach)));
        reached.map(|(_, number)| number).sum::<u32>().min(read::COUNTED)
    }
}

impl Told {
    /// Tells each what they may hear of.
    fn to(self, outlets: &[Outlet]) {
        let Self { lines, waits, now } = self;
        let outlets: Vec<_> = outlets.iter().map(|outlet| (outlet, waits.of(outlet.reach))).collect();
        for (hands, conversation, place) in lines {
            let conversation_id = Some(conversation.id);
            let mut line = Line { conversation, waiting: 0, now };
            // Made once for all who see as many wait.
            let mut frames = HashMap::new();
            for (outlet, waiting) in &outlets {
                let reaches = outlet.reach.reaches(place, waits.teams(outlet.reach));
                if !reaches && !hands {
                    continue;
                }
                let frame = frames.entry((reaches, *waiting)).or_insert_with(|| {
                    line.waiting = *waiting;
                    json(&match reaches {
                        true => {
                            ServerFrame::Changed { conversation: conversation_id, line: Some(&line), waiting: None }
                        }
                        false => ServerFrame::Changed { conversation: None, line: None, waiting: Some(*waiting) },
                    })
                });
                outlet.give(Heard::Changed { frame: frame.clone() });
            }
        }
    }
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
            let several = match tokio::time::timeout(PATIENCE, self.told(&changes)).await {
                Ok(Ok(told)) => {
                    told.to(&changes.outlets);
                    changes.several
                }
                Ok(Err(error)) => {
                    tracing::warn!(%error, "what has changed could not be read");
                    true
                }
                Err(_) => true,
            };
            if several {
                // The list has to be asked for.
                let frame = json(&ServerFrame::Changed { conversation: None, line: None, waiting: None });
                for outlet in &changes.outlets {
                    outlet.give(Heard::Changed { frame: frame.clone() });
                }
            }
        }
    }

    /// How that is which has changed.
    #[tracing::instrument(name = "db.conversation.changed", skip_all)]
    async fn told(&self, changes: &Changes) -> Result<Told, ConversationError> {
        let mut tx = self.services.store.tenant(&changes.scope).await?;
        let now = timestamp(self.services.now());
        let ids: Vec<_> = changes.conversations.iter().map(|change| change.conversation).collect();
        let hands = |id| changes.conversations.iter().any(|change| change.conversation == id && change.hands);
        let lines = read::conversations(&mut tx, &ids).await?.into_iter();
        let lines = lines.map(|(conversation, place)| (hands(conversation.id), conversation, place)).collect();
        let some: Vec<_> = changes.outlets.iter().map(|outlet| outlet.reach).filter(|reach| !reach.is_all()).collect();
        let (mut places, mut teams) = (Vec::new(), HashMap::new());
        if !some.is_empty() {
            places = read::waiting_by_place(&mut tx).await?;
            let members: Vec<_> = some.iter().filter_map(|reach| reach.member).collect();
            teams = read::teams_of(&mut tx, &members).await?;
        }
        let waits = Waits { all: read::waiting(&mut tx, Reach::ALL).await?, places, teams };
        Ok(Told { lines, waits, now })
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
        let outlets = watched.outlets.iter().map(|(outlet, _)| outlet.clone()).collect();
        Some(Changes { conversations, several, scope, outlets })
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
                    listeners.iter().partition(|outlet| messages.is_empty() || !outlet.reach.is_all());
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
            Notice::Typing { tenant, conversation, from, name, text, withdrawn, source } => {
                let listeners = self.of(*tenant, *conversation);
                if !listeners.is_empty() {
                    let (conversation, from, name) = (*conversation, *from, name.as_deref());
                    let made =
                        |text, withdrawn| json(&ServerFrame::Typing { conversation, from, name, text, withdrawn });
                    let (whole, bare) = (made(text.as_deref(), *withdrawn), made(None, false));
                    for outlet in listeners.iter().filter(|outlet| Some(outlet.id) != *source) {
                        let frame = match outlet.reach.is_all() {
                            true => &whole,
                            // They have seen nothing that does not count any more.
                            false if *withdrawn => continue,
                            false => &bare,
                        };
                        outlet.offer(Heard::Typing { conversation, frame: frame.clone() });
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

    /// A contact of this tenant listens, or who answers one.
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
        let (name, text, withdrawn) = (name.map(str::to_owned), None, false);
        let notice = Notice::Typing { tenant, conversation, from, name, text, withdrawn, source };
        self.listeners.services.publish(notice);
    }

    /// The assistant writes, and this may be seen of it; or what was seen does not count any more.
    pub(crate) fn assistant(
        &self,
        tenant: TenantId,
        conversation: ConversationId,
        text: Option<String>,
        withdrawn: bool,
        source: u64,
    ) {
        let (from, name, source) = (Author::Assistant, None, Some(source));
        let notice = Notice::Typing { tenant, conversation, from, name, text, withdrawn, source };
        self.listeners.services.publish(notice);
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
