//! What the interface of whoever runs the installation says of companies, and of the keys that open it.

use crate::names::names;
use crate::{OperatorKeyId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $text:tt, $sentence:literal;)*) => {
        names!(
            /// Something that a key of whoever runs the installation may do.
            OperatorPermission { $($(#[$doc])* $name = $text,)* }
        );

        impl OperatorPermission {
            /// What it means, for who makes a key in a terminal.
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)* }
            }
        }
    };
}

permissions!(
    /// Companies, without anything that is theirs.
    ReadTenants = "tenants.read", "List companies and look at one";
    /// Companies that are new.
    CreateTenants = "tenants.create", "Make companies, and ask their first owner to join";
    /// Companies that are there.
    SuspendTenants = "tenants.suspend", "Suspend companies, and let them in again";
);

/// A key of whoever runs the installation, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorKey {
    /// The key's id.
    pub id: OperatorKeyId,
    /// What it is for.
    pub name: String,
    /// The first characters of the secret, to recognise it by.
    pub prefix: String,
    /// What it may do.
    pub permissions: Vec<OperatorPermission>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working by itself.
    pub expires_at: Timestamp,
    /// When it was last used, to within a minute.
    pub last_used_at: Option<Timestamp>,
    /// When it stopped working, if it was stopped.
    pub revoked_at: Option<Timestamp>,
}

/// A key just made. This is the only time its secret is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewOperatorKey {
    /// The key.
    pub key: OperatorKey,
    /// The secret: send it as `Authorization: Bearer <secret>`.
    pub secret: String,
}

/// A company, as whoever runs the installation sees it: nothing of what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct TenantOverview {
    /// Its id.
    pub id: TenantId,
    /// The company's name.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// How many people work there. Of none, who is asked to be its owner has not joined yet.
    pub members: u32,
    /// Since when it is suspended, if it is.
    pub suspended_at: Option<Timestamp>,
    /// Why, in the words of who suspended it.
    pub suspended_reason: Option<String>,
}
