//! Who asks, and what they may do.
//!
//! A capability asks its caller for a right (`caller.owner()?`) and gets a value that only a holder of it can have.
//! There is no other check of permissions: no `if role == …` in a handler or a page.

use crate::Scope;
use model::identity::Role;
use model::{ApiKeyId, ContactId, MemberId, PersonId, WidgetId};

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// A person who is signed in.
    Member {
        /// The membership.
        member: MemberId,
        /// The person, who may be a member of other tenants as well.
        person: PersonId,
        /// What the membership allows.
        role: Role,
    },
    /// A program with a key of the tenant's.
    ApiKey {
        /// The key.
        key: ApiKeyId,
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
    /// A job of the tenant's.
    Job,
}

/// A scope and who stands behind it. Made in `scope.rs` only.
#[derive(Debug, Clone)]
pub struct Caller {
    scope: Scope,
    actor: Actor,
}

/// The caller may not do this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the caller may not do this")]
pub struct Denied;

/// The right to read the tenant and to work in it: every member, every key, and the tenant's own jobs.
#[derive(Debug, Clone, Copy)]
pub struct Agent<'a>(&'a Caller);

/// The right to become a contact: a visitor with a widget.
#[derive(Debug, Clone, Copy)]
pub struct Visitor<'a>(&'a Caller);

/// The right to a contact's own conversations.
#[derive(Debug, Clone, Copy)]
pub struct Contact<'a> {
    caller: &'a Caller,
    contact: ContactId,
}

/// The right to speak as the assistant: jobs.
#[derive(Debug, Clone, Copy)]
pub struct Assistant<'a>(&'a Caller);

/// The right to change the tenant itself: owners who are signed in. A key cannot make keys.
#[derive(Debug, Clone, Copy)]
pub struct Owner<'a> {
    caller: &'a Caller,
    member: MemberId,
}

impl Caller {
    pub(crate) fn new(scope: Scope, actor: Actor) -> Self {
        Self { scope, actor }
    }

    /// Where the caller may look.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Who the caller is.
    pub fn actor(&self) -> Actor {
        self.actor
    }

    /// The right of an agent.
    ///
    /// # Errors
    /// [`Denied`] for visitors and contacts.
    pub fn agent(&self) -> Result<Agent<'_>, Denied> {
        match self.actor {
            Actor::Member { role: Role::Owner | Role::Agent, .. } | Actor::ApiKey { .. } | Actor::Job => {
                Ok(Agent(self))
            }
            Actor::Widget { .. } | Actor::Contact { .. } => Err(Denied),
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

    /// The right of the assistant.
    ///
    /// # Errors
    /// [`Denied`] for everybody but a job.
    pub fn assistant(&self) -> Result<Assistant<'_>, Denied> {
        if self.actor == Actor::Job { Ok(Assistant(self)) } else { Err(Denied) }
    }

    /// The right of an owner.
    ///
    /// # Errors
    /// [`Denied`] for agents and keys.
    pub fn owner(&self) -> Result<Owner<'_>, Denied> {
        match self.actor {
            Actor::Member { role: Role::Owner, member, .. } => Ok(Owner { caller: self, member }),
            _ => Err(Denied),
        }
    }
}

impl Agent<'_> {
    /// Where to look.
    pub fn scope(&self) -> &Scope {
        &self.0.scope
    }

    /// The membership, when it is a person.
    pub fn member(&self) -> Option<MemberId> {
        match self.0.actor {
            Actor::Member { member, .. } => Some(member),
            _ => None,
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

impl Assistant<'_> {
    /// Where to look.
    pub fn scope(&self) -> &Scope {
        &self.0.scope
    }
}

impl Owner<'_> {
    /// Where to look.
    pub fn scope(&self) -> &Scope {
        &self.caller.scope
    }

    /// The owner's own membership.
    pub fn member(&self) -> MemberId {
        self.member
    }
}
