//! Who asks, and what they may do.
//!
//! A capability asks its caller for a right (`caller.owner()?`) and gets a value that only a holder of it can have.
//! There is no other check of permissions: no `if role == …` in a handler or a page.

use crate::Scope;
use model::identity::Role;
use model::{ApiKeyId, MemberId, PersonId};

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

/// The right to read the tenant and to work in it: every member, and every key.
#[derive(Debug, Clone, Copy)]
pub struct Agent<'a>(&'a Caller);

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
    /// None today: every role has it.
    pub fn agent(&self) -> Result<Agent<'_>, Denied> {
        match self.actor {
            Actor::Member { role: Role::Owner | Role::Agent, .. } | Actor::ApiKey { .. } => Ok(Agent(self)),
        }
    }

    /// The right of an owner.
    ///
    /// # Errors
    /// [`Denied`] for agents and keys.
    pub fn owner(&self) -> Result<Owner<'_>, Denied> {
        match self.actor {
            Actor::Member { role: Role::Owner, member, .. } => Ok(Owner { caller: self, member }),
            Actor::Member { role: Role::Agent, .. } | Actor::ApiKey { .. } => Err(Denied),
        }
    }
}

impl Agent<'_> {
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
