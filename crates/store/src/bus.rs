//! Telling all nodes, after the commit, that something is there to be read.
//!
//! A [`Notice`] names what happened by id; the parts of a node that somebody listens to make what their listeners are shown
//! of it, and read the rest from the database. Nothing here is the truth: a notice may come twice or late, and what one that
//! was lost would have told is read when the next one of its conversation comes, or the listener does.
//!
//! [`LocalBus`] serves one node. A bus over several sends each notice to the others as JSON and hears theirs.

use crate::jobs::Lane;
use model::conversation::{Author, Message};
use model::{ConversationId, TenantId};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, Weak};

/// Something that has been committed, or that somebody does.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "notice", rename_all = "snake_case")]
pub enum Notice {
    /// Messages of a conversation were kept, up to this number.
    Written {
        /// Whose.
        tenant: TenantId,
        /// Where.
        conversation: ConversationId,
        /// The last one's number.
        seq: u64,
        /// They themselves, on the node that wrote them: it need not read what it has in its hand. Others do.
        #[serde(skip)]
        messages: Arc<[Message]>,
    },
    /// Something changed in a conversation.
    Changed {
        /// Whose.
        tenant: TenantId,
        /// Where.
        conversation: ConversationId,
    },
    /// Somebody writes.
    Typing {
        /// Whose.
        tenant: TenantId,
        /// Where.
        conversation: ConversationId,
        /// Who.
        from: Author,
        /// The member's name.
        name: Option<String>,
        /// What of it may be seen already.
        #[serde(default)]
        text: Option<String>,
        /// Whether what was seen does not count any more.
        #[serde(default)]
        withdrawn: bool,
        /// The listener that it came from, which need not hear it.
        source: Option<u64>,
    },
    /// Credentials of a tenant's have ended, or somebody there reaches other conversations than before.
    Ended {
        /// Whose.
        tenant: TenantId,
    },
    /// A tenant was suspended: all of its credentials have ended, those of its visitors as well.
    Shut {
        /// Which.
        tenant: TenantId,
    },
    /// A job waits.
    JobsDue {
        /// In this lane.
        lane: Lane,
    },
}

impl Notice {
    /// That these messages of one conversation were kept; none for none.
    pub fn written(tenant: TenantId, messages: &[Message]) -> Option<Self> {
        let last = messages.last()?;
        Some(Self::Written { tenant, conversation: last.conversation_id, seq: last.seq, messages: messages.into() })
    }
}

/// A part of a node that hears of what happens. It must not wait.
pub trait Part: fmt::Debug + Send + Sync {
    /// Something has happened.
    fn hear(&self, notice: &Notice);
}

/// The way to all parts of all nodes.
pub trait Bus: fmt::Debug + Send + Sync {
    /// Tells them. Does not wait.
    fn publish(&self, notice: Notice);
    /// This part hears from now on what is published, until it is dropped.
    fn attach(&self, part: Weak<dyn Part>);
}

/// A bus within one node.
#[derive(Debug, Default)]
pub struct LocalBus(RwLock<Vec<Weak<dyn Part>>>);

impl Bus for LocalBus {
    fn publish(&self, notice: Notice) {
        // Copied, so that a part may publish or attach in its turn.
        let parts = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        for part in parts.iter().filter_map(Weak::upgrade) {
            part.hear(&notice);
        }
    }

    fn attach(&self, part: Weak<dyn Part>) {
        let mut parts = self.0.write().unwrap_or_else(PoisonError::into_inner);
        parts.retain(|part| part.strong_count() > 0);
        parts.push(part);
    }
}
