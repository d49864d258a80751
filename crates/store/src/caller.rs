//! Who asks, and what they may do.
//!
//! A capability asks its caller for a right (`caller.may(ManageKeys)?`) and gets a value that only a holder of that
//! permission can have. What roles and keys may do stands in `model::permission`; there is no other check: no `if role == …`
//! in a handler or a page.

use crate::Scope;
use model::identity::Role;
use model::permission::{self, Permissions, Permit};
use model::{ApiKeyId, ContactId, MeetingId, MemberId, PersonId, WidgetId};
use std::marker::PhantomData;
use std::net::IpAddr;

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// A person who is signed in.
    Member {
        /// The membership.
        member: MemberId,
        /// The person, who may be a member of other tenants as well.
        person: PersonId,
        /// As what.
        role: Role,
        /// What that allows.
        permissions: Permissions,
    },
    /// A program with a key of the tenant's.
    ApiKey {
        /// The key.
        key: ApiKeyId,
        /// What it may do.
        scopes: Permissions,
    },
    /// A visitor of a web page, of whom nothing is known but the widget.
    Widget {
        /// The widget.
        widget: WidgetId,
    },
    /// A contact, who came in by a widget before.
    Contact {
        /// The contact.
        contact: ContactId,
    },
    /// Somebody who has come to a meeting, by its code or by a token for it.
    Meeting {
        /// Which.
        meeting: MeetingId,
    },
    /// A job of the tenant's.
    Job,
}

/// A scope and who stands behind it. Made in `scope.rs` only.
#[derive(Debug, Clone)]
pub struct Caller {
    scope: Scope,
    actor: Actor,
    /// Whether the key is not here itself, but a short-lived token of its.
    by_token: bool,
}

/// The caller may not do this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the caller may not do this")]
pub struct Denied;

/// The right to do one thing, named by its permission. Only a caller who has that permission gets one.
#[derive(Debug, Clone, Copy)]
pub struct Right<'a, P> {
    caller: &'a Caller,
    permit: PhantomData<P>,
}

/// The right to become a contact: a visitor with a widget.
#[derive(Debug, Clone, Copy)]
pub struct Visitor<'a>(&'a Caller);

/// The right to a contact's own conversations.
#[derive(Debug, Clone, Copy)]
pub struct Contact<'a> {
    caller: &'a Caller,
    contact: ContactId,
}

/// The right to one meeting: who has come to it.
#[derive(Debug, Clone, Copy)]
pub struct Attendee<'a> {
    caller: &'a Caller,
    meeting: MeetingId,
}

/// The right to speak as the assistant: jobs.
#[derive(Debug, Clone, Copy)]
pub struct Assistant<'a>(&'a Caller);

/// Somebody in a conversation: a contact, in its own alone, or somebody of the company's with that permission.
#[derive(Debug, Clone, Copy)]
pub enum Participant<'a, P> {
    /// The contact.
    Contact(Contact<'a>),
    /// Somebody of the company's.
    Colleague(Right<'a, P>),
}

impl Caller {
    pub(crate) fn new(scope: Scope, actor: Actor) -> Self {
        Self { scope, actor, by_token: false }
    }

    /// The same key by a short-lived token: it may what both may.
    pub fn by_token(self, permissions: Permissions) -> Self {
        let actor = match self.actor {
            Actor::ApiKey { key, scopes } => Actor::ApiKey { key, scopes: scopes.within(permissions) },
            other => other,
        };
        Self { actor, by_token: true, ..self }
    }

    /// Whether it is a token of a key's, and not the key.
    pub fn is_token(&self) -> bool {
        self.by_token
    }

    /// The same, who asks from this address.
    pub fn at(self, address: IpAddr) -> Self {
        Self { scope: self.scope.at(address), ..self }
    }

    /// Where the caller may look.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Who the caller is.
    pub fn actor(&self) -> Actor {
        self.actor
    }

    /// What the caller may do.
    pub fn permissions(&self) -> Permissions {
        match self.actor {
            Actor::Member { permissions, .. } => permissions,
            Actor::ApiKey { scopes, .. } => scopes,
            Actor::Job => permission::JOB,
            Actor::Widget { .. } | Actor::Contact { .. } | Actor::Meeting { .. } => Permissions::default(),
        }
    }

    /// The right to do this.
    ///
    /// # Errors
    /// [`Denied`] for who has not this permission.
    pub fn may<P: Permit>(&self, _: P) -> Result<Right<'_, P>, Denied> {
        if self.permissions().has(P::PERMISSION) {
            return Ok(Right { caller: self, permit: PhantomData });
        }
        tracing::warn!(target: "security", actor = ?self.actor(), right = P::PERMISSION.name(), "a right was missing");
        Err(Denied)
    }

    /// The right to take part in a conversation: as its contact, or with this permission.
    ///
    /// # Errors
    /// [`Denied`] for everybody else.
    pub fn participant<P: Permit>(&self, permit: P) -> Result<Participant<'_, P>, Denied> {
        match self.contact() {
            Ok(contact) => Ok(Participant::Contact(contact)),
            Err(Denied) => self.may(permit).map(Participant::Colleague),
        }
    }

    /// The right of a visitor.
    ///
    /// # Errors
    /// [`Denied`] for everybody else.
    pub fn visitor(&self) -> Result<Visitor<'_>, Denied> {
        if matches!(self.actor, Actor::Widget { .. }) { Ok(Visitor(self)) } else { Err(Denied) }
    }

    /// The right of a contact.
    ///
    /// # Errors
    /// [`Denied`] for everybody else.
    pub fn contact(&self) -> Result<Contact<'_>, Denied> {
        match self.actor {
            Actor::Contact { contact } => Ok(Contact { caller: self, contact }),
            _ => Err(Denied),
        }
    }

    /// The right of somebody who has come to a meeting.
    ///
    /// # Errors
    /// [`Denied`] for everybody else.
    pub fn attendee(&self) -> Result<Attendee<'_>, Denied> {
        match self.actor {
            Actor::Meeting { meeting } => Ok(Attendee { caller: self, meeting }),
            _ => Err(Denied),
        }
    }

    /// The right of the assistant.
    ///
    /// # Errors
    /// [`Denied`] for everybody but a job.
    pub fn assistant(&self) -> Result<Assistant<'_>, Denied> {
        if self.actor == Actor::Job { Ok(Assistant(self)) } else { Err(Denied) }
    }
}

impl<'a, P> Right<'a, P> {
    /// Whose it is.
    pub fn caller(&self) -> &'a Caller {
        self.caller
    }

    /// Where to look.
    pub fn scope(&self) -> &'a Scope {
        &self.caller.scope
    }

    /// The membership, when it is a person.
    pub fn member(&self) -> Option<MemberId> {
        match self.caller.actor {
            Actor::Member { member, .. } => Some(member),
            _ => None,
        }
    }
}

impl<'a, P> Participant<'a, P> {
    /// Where to look.
    pub fn scope(&self) -> &'a Scope {
        match self {
            Self::Contact(right) => &right.caller.scope,
            Self::Colleague(right) => right.scope(),
        }
    }
}

impl Visitor<'_> {
    /// Where to look.
    pub fn scope(&self) -> &Scope {
        &self.0.scope
    }
}

impl Contact<'_> {
    /// Where to look.
    pub fn scope(&self) -> &Scope {
        &self.caller.scope
    }

    /// Whose conversations.
    pub fn id(&self) -> ContactId {
        self.contact
    }
}

impl<'a> Attendee<'a> {
    /// Where to look.
    pub fn scope(&self) -> &'a Scope {
        &self.caller.scope
    }

    /// Which meeting.
    pub fn meeting(&self) -> MeetingId {
        self.meeting
    }
}

impl Assistant<'_> {
    /// Where to look.
    pub fn scope(&self) -> &Scope {
        &self.0.scope
    }
}
