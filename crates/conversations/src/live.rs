//! Telling those who listen, in this process, after the commit.
//!
//! Guarantees: a listener's queue is bounded and never waited for, so that a slow reader holds up nobody. What does not fit
//! is dropped, and the listener is told ([`Listener::missed`]); it then reads from the database what came after the number
//! that it has. Nothing here is the truth: the database is.

use bytes::Bytes;
use model::conversation::{Author, Message};
use model::{ConversationId, TenantId};
use serde::Serialize;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;

/// What a listener's queue holds. A burst longer than that is read from the database.
pub const QUEUE: usize = 64;

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
    /// Somebody writes.
    Typing {
        /// Where.
        conversation: ConversationId,
        /// The frame, in JSON.
        frame: Bytes,
    },
    /// Something changed in a conversation of the tenant's.
    Changed(ConversationId),
}

/// The frame of a message.
#[derive(Serialize)]
struct MessageFrame<'a> {
    r#type: &'static str,
    message: &'a Message,
}

/// The frame of somebody writing.
#[derive(Serialize)]
struct TypingFrame<'a> {
    r#type: &'static str,
    conversation: ConversationId,
    from: Author,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

/// The frame of a message, as sockets send it.
pub fn frame(message: &Message) -> Bytes {
    json(&MessageFrame { r#type: "message", message })
}

fn json(value: &impl Serialize) -> Bytes {
    // Ids, texts and numbers always have a form in JSON.
    serde_json::to_vec(value).map(Bytes::from).unwrap_or_default()
}

#[derive(Debug)]
struct Place {
    id: u64,
    queue: mpsc::Sender<Heard>,
    missed: Arc<AtomicBool>,
}

impl Place {
    fn give(&self, heard: Heard) {
        if self.queue.try_send(heard).is_err() {
            self.missed.store(true, Ordering::Release);
        }
    }
}

#[derive(Debug, Default)]
struct Places {
    conversations: HashMap<(TenantId, ConversationId), Vec<Place>>,
    tenants: HashMap<TenantId, Vec<Place>>,
}

/// Who listens to what.
#[derive(Debug, Clone, Default)]
pub struct Live(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    places: Mutex<Places>,
    next: AtomicU64,
}

impl Live {
    /// Somebody of this tenant listens. `everything`: to each change of the tenant's, too.
    pub fn listen(&self, tenant: TenantId, everything: bool) -> Listener {
        let (sender, queue) = mpsc::channel(QUEUE);
        let id = self.0.next.fetch_add(1, Ordering::Relaxed);
        let listener = Listener {
            live: self.clone(),
            tenant,
            id,
            sender,
            queue,
            missed: Arc::default(),
            followed: Vec::new(),
            everything,
        };
        if everything {
            let place = listener.place();
            self.with(|places| places.tenants.entry(tenant).or_default().push(place));
        }
        listener
    }

    fn with<T>(&self, work: impl FnOnce(&mut Places) -> T) -> T {
        work(&mut self.0.places.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Messages of one conversation were committed.
    pub(crate) fn written(&self, tenant: TenantId, messages: &[Message]) {
        let Some(first) = messages.first() else { return };
        let conversation = first.conversation_id;
        self.with(|places| {
            if let Some(listeners) = places.conversations.get(&(tenant, conversation)) {
                for message in messages {
                    let (seq, frame) = (message.seq, frame(message));
                    for place in listeners {
                        place.give(Heard::Message { conversation, seq, frame: frame.clone() });
                    }
                }
            }
        });
        self.changed(tenant, conversation);
    }

    /// Something changed in a conversation.
    pub(crate) fn changed(&self, tenant: TenantId, conversation: ConversationId) {
        self.with(|places| {
            for place in places.tenants.get(&tenant).into_iter().flatten() {
                place.give(Heard::Changed(conversation));
            }
        });
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
        self.with(|places| {
            if let Some(listeners) = places.conversations.get(&(tenant, conversation)) {
                let frame = json(&TypingFrame { r#type: "typing", conversation, from, name });
                for place in listeners.iter().filter(|place| Some(place.id) != source) {
                    place.give(Heard::Typing { conversation, frame: frame.clone() });
                }
            }
        });
    }
}

/// One who listens. Dropped, it is forgotten.
#[derive(Debug)]
pub struct Listener {
    live: Live,
    tenant: TenantId,
    id: u64,
    sender: mpsc::Sender<Heard>,
    queue: mpsc::Receiver<Heard>,
    missed: Arc<AtomicBool>,
    followed: Vec<ConversationId>,
    everything: bool,
}

impl Listener {
    fn place(&self) -> Place {
        Place { id: self.id, queue: self.sender.clone(), missed: Arc::clone(&self.missed) }
    }

    /// Which listener this is, for [`Live::typing`].
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Hears what is said in a conversation from now on. Whether the listener may is for the caller to know.
    pub fn follow(&mut self, conversation: ConversationId) {
        if !self.followed.contains(&conversation) {
            self.followed.push(conversation);
            let place = self.place();
            self.live.with(|places| places.conversations.entry((self.tenant, conversation)).or_default().push(place));
        }
    }

    /// Hears no more of a conversation.
    pub fn leave(&mut self, conversation: ConversationId) {
        self.followed.retain(|followed| *followed != conversation);
        self.live.with(|places| forget(&mut places.conversations, (self.tenant, conversation), self.id));
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
        let everything = self.everything;
        self.live.with(|places| {
            for conversation in followed {
                forget(&mut places.conversations, (tenant, conversation), id);
            }
            if everything {
                forget(&mut places.tenants, tenant, id);
            }
        });
    }
}

fn forget<K: std::hash::Hash + Eq>(places: &mut HashMap<K, Vec<Place>>, key: K, id: u64) {
    if let std::collections::hash_map::Entry::Occupied(mut listeners) = places.entry(key) {
        listeners.get_mut().retain(|place| place.id != id);
        if listeners.get().is_empty() {
            listeners.remove();
        }
    }
}
