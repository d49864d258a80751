//! What members and keys may do: one table. A role is a set of permissions, and so is a key.
//!
//! A new permission is a line here, with the sentence that people read; then its name stands where it is asked for:
//! `caller.may(ManageKeys)?`.

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
    /// Conversations, messages and contacts.
    ReadConversations = "conversations.read", text!("Read conversations that nobody has taken, and one's own");
    /// Conversations that are a colleague's.
    ReachOthers = "conversations.others", text!("Read and handle what colleagues have taken, too");
    /// Conversations, messages and contacts.
    WriteConversations = "conversations.write", text!("Write to contacts, and take over, hand back and resolve conversations");
    /// Documents, and what stands in them.
    ReadDocuments = "documents.read", text!("Read and search documents");
    /// Documents, and what stands in them.
    ManageDocuments = "documents.manage", text!("Upload and delete documents");
    /// Members and invitations.
    ManageMembers = "members.manage", text!("Invite, suspend and remove members, sign them out, and change what they may do");
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
    P::ReachOthers,
    P::WriteConversations,
    P::ReadDocuments,
    P::ManageDocuments,
]);

const VIEWER: Permissions =
    Permissions::of(&[P::ReadWorkspace, P::ReadConversations, P::ReachOthers, P::ReadDocuments]);

const ADMIN: Permissions = Permissions::of(&[
    P::ReadWorkspace,
    P::ReadConversations,
    P::ReachOthers,
    P::WriteConversations,
    P::ReadDocuments,
    P::ManageDocuments,
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
    P::ReachOthers,
    P::WriteConversations,
    P::ReadDocuments,
    P::ManageDocuments,
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
    P::ReachOthers,
    P::WriteConversations,
    P::ReadDocuments,
    P::ManageDocuments,
    P::ManageMembers,
    P::ManageKeys,
    P::ManageSettings,
    P::ReadAuditLog,
]);

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
