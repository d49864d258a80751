//! Ids. A UUIDv7 in the database, `prefix_` and 32 lower-case hex digits everywhere else.
//!
//! A string of any other form is not an id; whoever receives one answers as if the id were unknown, so that a
//! malformed, a foreign and an unknown id cannot be told apart. This module makes no ids: the server's clock and random
//! source do (`store::services`).

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr};
use uuid::Uuid;

/// The text is not an id of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id of this kind")]
pub struct NotAnId;

fn parse(prefix: &str, text: &str) -> Result<Uuid, NotAnId> {
    let digits = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')).ok_or(NotAnId)?;
    let lower_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    if digits.len() != 32 || !digits.bytes().all(lower_hex) {
        return Err(NotAnId);
    }
    Uuid::try_parse(digits).map_err(|_| NotAnId)
}

/// Any of the ids below, for what is written for all of them.
pub trait Id: Copy + Send + Sync + 'static {
    /// Wraps a UUID that is known to be one of these.
    fn from_uuid(uuid: Uuid) -> Self;

    /// The UUID as the database holds it.
    fn uuid(self) -> Uuid;
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// What every such id begins with, before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// Wraps a UUID that is known to be one of these.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID as the database holds it.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl Id for $name {
            fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}_{}", $prefix, self.0.simple())
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                parse($prefix, text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        #[cfg(feature = "ssr")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                crate::schema::text(concat!("^", $prefix, "_[0-9a-f]{32}$"), None)
            }
        }

        #[cfg(feature = "ssr")]
        impl utoipa::ToSchema for $name {}

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(
    /// A company that uses Samtal: its workspace.
    TenantId, "ten"
);
id!(
    /// A person who signs in; one person may belong to several tenants. Never shown to a tenant.
    PersonId, "per"
);
id!(
    /// A person's membership of one tenant.
    MemberId, "mem"
);
id!(
    /// A role that a company has cut to measure.
    RoleId, "rol"
);
id!(
    /// Some members of a tenant who see to the same conversations.
    TeamId, "team"
);
id!(
    /// A key of a tenant's for the REST interface.
    ApiKeyId, "key"
);
id!(
    /// A key of whoever runs the installation.
    OperatorKeyId, "opk"
);
id!(
    /// An invitation to join a tenant.
    InvitationId, "inv"
);
id!(
    /// A letter by mail to a person.
    LetterId, "ltr"
);
id!(
    /// A document of a tenant's.
    DocumentId, "doc"
);
id!(
    /// A piece of a document, small enough to be read as an answer.
    ChunkId, "chk"
);
id!(
    /// Somebody who talks to a tenant: a visitor, a customer.
    ContactId, "cnt"
);
id!(
    /// A talk between a contact and a tenant.
    ConversationId, "conv"
);
id!(
    /// One message of a conversation.
    MessageId, "msg"
);
id!(
    /// Something that a contact has said of themself, which is remembered.
    FactId, "fact"
);
id!(
    /// A widget, by which contacts come in from a web page. Stands in the page, so it is no secret.
    WidgetId, "wgt"
);
id!(
    /// A meeting.
    MeetingId, "mtg"
);
id!(
    /// Somebody in a meeting, or before its door.
    AttendeeId, "att"
);
id!(
    /// A model that a tenant's assistant asks.
    ModelId, "mdl"
);
id!(
    /// A tool that a tenant's assistant may call.
    ToolId, "tool"
);
id!(
    /// What a tenant's assistant is like.
    PersonalityId, "psn"
);
id!(
    /// The receipt of an answer.
    ReceiptId, "rec"
);
id!(
    /// A run of questions whose answers are known.
    EvaluationId, "evl"
);
id!(
    /// One request, in logs and in error messages.
    RequestId, "req"
);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_id_survives_its_text(bits: u128) {
            let id = TenantId::from_uuid(Uuid::from_u128(bits));
            prop_assert_eq!(id.to_string().parse::<TenantId>(), Ok(id));
            let json = serde_json::to_string(&id)?;
            prop_assert_eq!(serde_json::from_str::<TenantId>(&json)?, id);
        }

        #[test]
        fn nothing_else_is_an_id(text in "\\PC{0,50}") {
            if let Ok(id) = text.parse::<TenantId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        let good = "ten_019aa1b2c3d47e8f90a1b2c3d4e5f607";
        assert!(good.parse::<TenantId>().is_ok());
        for bad in [
            "",
            "ten_",
            "019aa1b2c3d47e8f90a1b2c3d4e5f607",
            "mem_019aa1b2c3d47e8f90a1b2c3d4e5f607",
            "ten_019AA1B2C3D47E8F90A1B2C3D4E5F607",
            "ten_019aa1b2-c3d4-7e8f-90a1-b2c3d4e5f607",
            "ten_019aa1b2c3d47e8f90a1b2c3d4e5f60",
            "ten_019aa1b2c3d47e8f90a1b2c3d4e5f6077",
            " ten_019aa1b2c3d47e8f90a1b2c3d4e5f607",
        ] {
            assert_eq!(bad.parse::<TenantId>(), Err(NotAnId), "{bad:?}");
        }
    }
}
