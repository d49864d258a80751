//! What members and keys may do: one table. A role is a set of permissions, and so is a key.
//!
//! A new permission is a line here, with the sentence that people read; then its name stands where it is asked for:
//! `caller.may(ManageKeys)?`.

use crate::conversation::Channel;
use crate::identity::Role;
use crate::names::names;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use words::{Text, text};

/// A permission as a type, so that a right can say in its own type what it is the right to.
pub trait Permit: Copy {
    /// Which.
    const PERMISSION: Permission;
}

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $text:tt, $sentence:expr;)*) => {
        names!(
            /// Something that a member or a key may do.
            Permission { $($(#[$doc])* $name = $text,)* }
        );

        impl Permission {
            /// What it means, for people.
            pub const fn sentence(self) -> Text {
                match self { $(Self::$name => $sentence,)* }
            }
        }

        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy)]
            pub struct $name;

            impl Permit for $name {
                const PERMISSION: Permission = Permission::$name;
            }
        )*
    };
}

permissions!(
    /// Members, keys and settings of the workspace.
    ReadWorkspace = "workspace.read", text!("See the workspace, its members and its API keys");
    /// Conversations, messages and contacts: one's own, and those that the next ones say.
    ReadConversations = "conversations.read", text!("Read one's own conversations");
    /// Conversations that are nobody's.
    ReachUnassigned = "conversations.unassigned", text!("Read conversations that nobody has taken, of one's teams and of no team");
    /// Conversations that were given to one's teams.
    ReachTeams = "conversations.teams", text!("Read all conversations of one's teams, also what colleagues there have taken");
    /// Conversations that are a colleague's, or another team's.
    ReachOthers = "conversations.others", text!("Read what belongs to other colleagues and other teams, too");
    /// Conversations that came by the widget.
    ReachWidget = "channels.widget", text!("Reach conversations that visitors began in the widget");
    /// Conversations that programs began.
    ReachApi = "channels.api", text!("Reach conversations that programs began");
    /// Conversations, messages and contacts.
    WriteConversations = "conversations.write", text!("Write to contacts, and take over, hand back, resolve and give conversations to teams");
    /// Documents, and what stands in them.
    ReadDocuments = "documents.read", text!("Read and search documents");
    /// Documents, and what stands in them.
    ManageDocuments = "documents.manage", text!("Upload and delete documents");
    /// The assistant: its models, and what they may cost.
    ManageAssistant = "assistant.manage", text!("Set the assistant up: its models, their keys, and what they may cost");
    /// Meetings.
    ManageMeetings = "meetings.manage", text!("Make, lead and end meetings, and see who came");
    /// Members, invitations and teams.
    ManageMembers = "members.manage", text!("Invite, suspend and remove members, sign them out, change what they may do, and make teams");
    /// Owners, who may do everything.
    ManageOwners = "owners.manage", text!("Make and remove owners");
    /// API keys.
    ManageKeys = "keys.manage", text!("Make and revoke API keys");
    /// Settings of the workspace.
    ManageSettings = "settings.manage", text!("Change the settings of the workspace, and bring earlier ones back");
    /// The company's own provider and its domains.
    ManageSignOn = "sign_on.manage", text!("Set by whose word the company's people sign in, and prove its domains");
    /// The audit log.
    ReadAuditLog = "audit.read", text!("Read who did what, in the audit log");
);

/// Some permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Permissions(u32);

impl Permissions {
    /// These.
    pub const fn of(list: &[Permission]) -> Self {
        let (mut bits, mut rest) = (0, list);
        while let [first, others @ ..] = rest {
            bits |= 1 << *first as u32;
            rest = others;
        }
        Self(bits)
    }

    /// Those of these names. What has another name is a permission of a newer version, and none here.
    pub fn named<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        let known = names.into_iter().filter_map(Permission::from_name);
        Self(known.fold(0, |bits, one| bits | 1 << one as u32))
    }

    /// As a number, which means something to this version alone.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Those of a number that [`Permissions::bits`] has given.
    pub const fn of_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// Whether this is among them.
    pub const fn has(self, permission: Permission) -> bool {
        self.0 & 1 << permission as u32 != 0
    }

    /// Whether all of those are among them.
    pub const fn have(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    /// Those of them that are among these.
    pub const fn within(self, these: Self) -> Self {
        Self(self.0 & these.0)
    }

    /// These and those.
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// With what to read conversations, or to write there, is nothing without: some that are reached, which are those that nobody has taken
    /// where nothing is said of it, and channels that they came by, all of `most` where none is named.
    pub const fn reaching(self, most: Self) -> Self {
        if !self.has(P::ReadConversations) && !self.has(P::WriteConversations) {
            return self;
        }
        let some = Self::of(&[P::ReachUnassigned, P::ReachTeams, P::ReachOthers]);
        let with = if self.within(some).0 == 0 { self.and(Self::of(&[P::ReachUnassigned])) } else { self };
        if self.within(CHANNELS).0 == 0 { with.and(CHANNELS.within(most)) } else { with }
    }

    /// Each of them.
    pub fn list(self) -> Vec<Permission> {
        Permission::ALL.iter().copied().filter(|one| self.has(*one)).collect()
    }

    /// The name of each of them.
    pub fn names(self) -> Vec<String> {
        self.list().into_iter().map(|one| one.name().to_owned()).collect()
    }
}

use Permission as P;

const AGENT: Permissions = Permissions::of(&[
    P::ReadWorkspace,
    P::ReadConversations,
    P::ReachUnassigned,
    P::ReachTeams,
    P::ReachOthers,
    P::ReachWidget,
    P::ReachApi,
    P::WriteConversations,
    P::ReadDocuments,
    P::ManageDocuments,
    P::ManageMeetings,
]);

const VIEWER: Permissions = Permissions::of(&[
    P::ReadWorkspace,
    P::ReadConversations,
    P::ReachUnassigned,
    P::ReachTeams,
    P::ReachOthers,
    P::ReachWidget,
    P::ReachApi,
    P::ReadDocuments,
]);

const ADMIN: Permissions = Permissions::of(&[
    P::ReadWorkspace,
    P::ReadConversations,
    P::ReachUnassigned,
    P::ReachTeams,
    P::ReachOthers,
    P::ReachWidget,
    P::ReachApi,
    P::WriteConversations,
    P::ReadDocuments,
    P::ManageDocuments,
    P::ManageAssistant,
    P::ManageMeetings,
    P::ManageMembers,
    P::ManageKeys,
    P::ManageSettings,
    P::ReadAuditLog,
]);

/// What a key may of which nothing else was said.
pub const API_KEY: Permissions = AGENT;
/// What a key may at most: it makes neither keys nor owners.
pub const KEY_AT_MOST: Permissions = Permissions::of(&[
    P::ReadWorkspace,
    P::ReadConversations,
    P::ReachUnassigned,
    P::ReachTeams,
    P::ReachOthers,
    P::ReachWidget,
    P::ReachApi,
    P::WriteConversations,
    P::ReadDocuments,
    P::ManageDocuments,
    P::ManageAssistant,
    P::ManageMeetings,
    P::ManageMembers,
    P::ManageSettings,
    P::ReadAuditLog,
]);
/// What a job may.
pub const JOB: Permissions = Permissions::of(&[P::ReadDocuments]);

/// What a role of a company's own may at most: what makes an owner is an owner's alone.
pub const ROLE_AT_MOST: Permissions = Permissions::of(&[
    P::ReadWorkspace,
    P::ReadConversations,
    P::ReachUnassigned,
    P::ReachTeams,
    P::ReachOthers,
    P::ReachWidget,
    P::ReachApi,
    P::WriteConversations,
    P::ReadDocuments,
    P::ManageDocuments,
    P::ManageAssistant,
    P::ManageMeetings,
    P::ManageMembers,
    P::ManageKeys,
    P::ManageSettings,
    P::ReadAuditLog,
]);

/// Each way by which conversations come.
pub const CHANNELS: Permissions = Permissions::of(&[P::ReachWidget, P::ReachApi]);

impl Channel {
    /// What it takes to reach conversations that came by it. Its name is the channel's, behind `channels.`: the database goes by that.
    pub const fn permission(self) -> Permission {
        match self {
            Self::Widget => P::ReachWidget,
            Self::Api => P::ReachApi,
        }
    }
}

impl Role {
    /// What the role may do, where that is the same everywhere. What one of a company's own may stands in its row.
    pub const fn permissions(self) -> Option<Permissions> {
        match self {
            Self::Owner => Some(Permissions::of(Permission::ALL)),
            Self::Admin => Some(ADMIN),
            Self::Agent => Some(AGENT),
            Self::Viewer => Some(VIEWER),
            Self::Custom(_) => None,
        }
    }
}

impl Serialize for Permissions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.list().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Permissions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::of(&Vec::<Permission>::deserialize(deserializer)?))
    }
}

#[cfg(feature = "ssr")]
impl utoipa::PartialSchema for Permissions {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        <Vec<Permission> as utoipa::PartialSchema>::schema()
    }
}

#[cfg(feature = "ssr")]
impl utoipa::ToSchema for Permissions {
    fn schemas(schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>)>) {
        schemas.push((
            <Permission as utoipa::ToSchema>::name().into_owned(),
            <Permission as utoipa::PartialSchema>::schema(),
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `docs/permissions.md`.
    #[test]
    fn the_table_is_what_is_written() {
        let written = include_str!("../../../docs/permissions.md");
        for permission in Permission::ALL {
            let roles = Role::BUILT_IN.into_iter().filter_map(Role::permissions);
            let sets = roles.chain([ROLE_AT_MOST, KEY_AT_MOST, API_KEY]);
            let cells: String = sets.map(|set| if set.has(*permission) { " yes |" } else { "  |" }).collect();
            let row = format!("| `{}` | {} |{cells}", permission.name(), permission.sentence());
            assert!(written.lines().any(|line| line == row), "no such row: {row}");
        }
        assert_eq!(written.lines().filter(|line| line.starts_with("| `")).count(), Permission::ALL.len());
    }

    #[test]
    fn each_channel_has_a_permission_of_its_name() {
        let named = |channel: &Channel| format!("channels.{}", channel.name());
        let named: Vec<String> = Channel::ALL.iter().map(named).collect();
        let permissions: Vec<_> = Channel::ALL.iter().map(|channel| channel.permission()).collect();
        assert_eq!(permissions.iter().map(|one| one.name().to_owned()).collect::<Vec<_>>(), named);
        assert_eq!(Permissions::of(&permissions), CHANNELS);
    }

    #[test]
    fn who_reads_conversations_reaches_some() {
        let of = |list: &[P], most| Permissions::of(list).reaching(most).list();
        assert_eq!(of(&[P::ReadDocuments], AGENT), [P::ReadDocuments]);
        let all = [P::ReadConversations, P::ReachUnassigned, P::ReachWidget, P::ReachApi];
        assert_eq!(of(&[P::ReadConversations], AGENT), all);
        // No more than there is to give, and nothing besides what was chosen.
        let less = Permissions::of(&[P::ReadConversations, P::ReachWidget]);
        assert_eq!(of(&[P::ReadConversations], less), [P::ReadConversations, P::ReachUnassigned, P::ReachWidget]);
        let chosen = [P::ReadConversations, P::ReachTeams, P::ReachApi];
        assert_eq!(of(&chosen, AGENT), chosen);
        // A key may write without reading.
        let writes = [P::ReachUnassigned, P::ReachWidget, P::ReachApi, P::WriteConversations];
        assert_eq!(of(&[P::WriteConversations], AGENT), writes);
    }

    #[test]
    fn sets_hold_what_was_put_into_them() {
        assert!(Permission::ALL.len() <= 32, "more than there are bits");
        let owner = Permissions::of(Permission::ALL);
        for set in Role::BUILT_IN.into_iter().filter_map(Role::permissions) {
            assert_eq!(Permissions::of(&set.list()), set);
            assert_eq!(Permissions::named(set.names().iter().map(String::as_str)), set);
            assert!(owner.have(set));
        }
        assert!(ADMIN.have(AGENT) && !AGENT.have(ADMIN) && ROLE_AT_MOST.have(ADMIN));
        let odd = Permissions::named(["documents.read", "documents.burn", "", "DOCUMENTS.READ"]);
        assert_eq!(odd, Permissions::of(&[Permission::ReadDocuments]));
        assert!(!KEY_AT_MOST.has(Permission::ManageKeys) && !KEY_AT_MOST.has(Permission::ManageOwners));
    }
}
