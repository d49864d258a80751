//! Which conversations somebody reaches: every read of them and every lock asks for one.

use model::permission::Permission;
use store::{Actor, Caller};
use uuid::Uuid;

/// Some of a tenant's conversations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Reach {
    /// This contact's alone.
    pub contact: Option<Uuid>,
    /// Those that nobody holds, and those that this member holds. Who is no member holds none.
    pub member: Option<Uuid>,
}

impl Reach {
    /// All of them.
    pub const ALL: Self = Self { contact: None, member: None };

    /// What this caller reaches. Whether the caller may read at all is another question.
    pub fn of(caller: &Caller) -> Self {
        match caller.actor() {
            Actor::Contact { contact } => Self { contact: Some(contact.uuid()), ..Self::ALL },
            _ if caller.permissions().has(Permission::ReachOthers) => Self::ALL,
            Actor::Member { member, .. } => Self { member: Some(member.uuid()), ..Self::ALL },
            Actor::ApiKey { .. } | Actor::Widget { .. } | Actor::Job => Self { member: Some(Uuid::nil()), ..Self::ALL },
        }
    }
}
