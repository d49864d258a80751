//! Which conversations somebody reaches: every read of them and every lock asks for one.
//!
//! The rule stands twice: in the database, as `app.reached`, for what is read, and here, as [`Reach::reaches`], for what is told of on sockets.
//! `tests/it/reach.rs` shows that both say the same.

use model::conversation::Channel;
use model::permission::{CHANNELS, Permission, Permissions};
use store::{Actor, Caller};
use uuid::Uuid;

/// What it takes to reach all of them.
const EVERYTHING: Permissions = CHANNELS.and(Permissions::of(&[Permission::ReachOthers]));

/// Some of a tenant's conversations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Reach {
    /// This contact's alone.
    pub contact: Option<Uuid>,
    /// Who asks, if it is a member: they reach what they hold.
    pub member: Option<Uuid>,
    /// What they may; nothing for who reaches all.
    may: Option<Permissions>,
}

/// What decides who reaches a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// By which way it came.
    pub channel: Channel,
    /// The team that it was given to.
    pub team: Option<Uuid>,
    /// The member whose it is.
    pub holder: Option<Uuid>,
}

impl Reach {
    /// All of them.
    pub const ALL: Self = Self { contact: None, member: None, may: None };

    /// What this caller reaches. Whether the caller may read at all is another question.
    pub fn of(caller: &Caller) -> Self {
        let may = caller.permissions();
        match caller.actor() {
            Actor::Contact { contact } => Self { contact: Some(contact.uuid()), ..Self::ALL },
            _ if may.have(EVERYTHING) => Self::ALL,
            Actor::Member { member, .. } => Self { member: Some(member.uuid()), may: Some(may), ..Self::ALL },
            Actor::ApiKey { .. } | Actor::Widget { .. } | Actor::Meeting { .. } | Actor::Job => {
                Self { may: Some(may), ..Self::ALL }
            }
        }
    }

    /// Whether it is all of them.
    pub fn is_all(self) -> bool {
        self.contact.is_none() && self.may.is_none()
    }

    /// What they may, by name, as `app.reached` takes it.
    pub fn may(self) -> Option<Vec<String>> {
        self.may.map(Permissions::names)
    }

    /// Whether a conversation is among them, for who is in these teams. (Of a contact's, all are.)
    pub fn reaches(self, place: Place, teams: &[Uuid]) -> bool {
        use Permission as P;
        let Some(may) = self.may else { return true };
        let Place { channel, team, holder } = place;
        let own = holder.is_some() && holder == self.member;
        let here = team.is_none_or(|team| teams.contains(&team));
        let unassigned = holder.is_none() && may.has(P::ReachUnassigned);
        let of_team = team.is_some() && may.has(P::ReachTeams);
        own || may.has(channel.permission()) && (may.has(P::ReachOthers) || here && (unassigned || of_team))
    }
}
