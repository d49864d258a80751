//! What members and keys may do: one table. A role is a set of permissions, and so is a key.
//!
//! A new permission is a line here, with the sentence that people read; then its name stands where it is asked for:
//! `caller.may(ManageKeys)?`.

use crate::identity::Role;
use crate::names::names;

/// A permission as a type, so that a right can say in its own type what it is the right to.
pub trait Permit: Copy {
    /// Which.
    const PERMISSION: Permission;
}

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $sentence:literal;)*) => {
        names!(
            /// Something that a member or a key may do.
            Permission { $($(#[$doc])* $name = $text,)* }
        );

        impl Permission {
            /// What it means, for people.
            pub const fn sentence(self) -> &'static str {
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
    ReadWorkspace = "workspace.read", "See the workspace, its members and its API keys";
    /// Conversations, messages and contacts.
    ReadConversations = "conversations.read", "Read all conversations";
    /// Conversations, messages and contacts.
    WriteConversations = "conversations.write", "Write to contacts, and take over, hand back and resolve conversations";
    /// Documents, and what stands in them.
    ReadDocuments = "documents.read", "Read and search documents";
    /// Documents, and what stands in them.
    ManageDocuments = "documents.manage", "Upload and delete documents";
    /// Members and invitations.
    ManageMembers = "members.manage", "Invite and remove members, and change what they may do";
    /// Owners, who may do everything.
    ManageOwners = "owners.manage", "Make and remove owners";
    /// API keys.
    ManageKeys = "keys.manage", "Make and revoke API keys";
    /// The audit log.
    ReadAuditLog = "audit.read", "Read who did what, in the audit log";
);

use Permission as P;

const AGENT: &[P] =
    &[P::ReadWorkspace, P::ReadConversations, P::WriteConversations, P::ReadDocuments, P::ManageDocuments];

const ADMIN: &[P] = &[
    P::ReadWorkspace,
    P::ReadConversations,
    P::WriteConversations,
    P::ReadDocuments,
    P::ManageDocuments,
    P::ManageMembers,
    P::ManageKeys,
    P::ReadAuditLog,
];

/// What every key may. A key cannot make keys.
pub const API_KEY: &[P] = AGENT;
/// What a job may.
pub const JOB: &[P] = &[P::ReadDocuments];

impl Role {
    /// Whether it may do this: for pages, which show what can be done. Use cases ask the caller.
    pub fn may(self, permission: Permission) -> bool {
        self.permissions().contains(&permission)
    }

    /// What the role may do.
    pub const fn permissions(self) -> &'static [Permission] {
        match self {
            Self::Owner => Permission::ALL,
            Self::Admin => ADMIN,
            Self::Agent => AGENT,
        }
    }
}
