//! What the wire says about tenants, members, sessions and API keys.

use crate::permission::{Permission, Permissions};
use crate::{ApiKeyId, InvitationId, MemberId, RoleId, TeamId, TenantId, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use words::{Language, Text, text};

/// What a member may do in a tenant: one of the four roles that there are everywhere, or one that the company has cut to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Everything.
    Owner,
    /// Everything but to make and remove owners.
    Admin,
    /// Works in conversations and documents; sees the tenant, and changes neither members nor keys.
    Agent,
    /// Sees conversations and documents, and changes nothing.
    Viewer,
    /// One of the company's own.
    Custom(RoleId),
}

impl Role {
    /// Those that there are everywhere, the most powerful first.
    pub const BUILT_IN: [Self; 4] = [Self::Owner, Self::Admin, Self::Agent, Self::Viewer];

    /// What people call it, where that is the same everywhere.
    pub const fn title(self) -> Option<Text> {
        match self {
            Self::Owner => Some(text!("Owner")),
            Self::Admin => Some(text!("Admin")),
            Self::Agent => Some(text!("Agent")),
            Self::Viewer => Some(text!("Viewer")),
            Self::Custom(_) => None,
        }
    }

    /// What people call it, given what a role of the company's own is called.
    pub fn called(self, own: &str) -> Text {
        self.title().unwrap_or_else(|| Text::plain(own))
    }

    /// The role of that name, as it is in the database and on the wire.
    pub fn from_name(name: &str) -> Option<Self> {
        let built_in = Self::BUILT_IN.into_iter().find(|role| role.to_string() == name);
        built_in.or_else(|| name.parse().ok().map(Self::Custom))
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Owner => f.write_str("owner"),
            Self::Admin => f.write_str("admin"),
            Self::Agent => f.write_str("agent"),
            Self::Viewer => f.write_str("viewer"),
            Self::Custom(id) => id.fmt(f),
        }
    }
}

impl Serialize for Role {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Role {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        let wanted = "owner, admin, agent, viewer, or the id of a role of the company's own";
        Self::from_name(&name).ok_or_else(|| de::Error::invalid_value(de::Unexpected::Str(&name), &wanted))
    }
}

#[cfg(feature = "ssr")]
impl utoipa::PartialSchema for Role {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        crate::schema::text("^(owner|admin|agent|viewer|rol_[0-9a-f]{32})$", None)
    }
}

#[cfg(feature = "ssr")]
impl utoipa::ToSchema for Role {}

/// A role, with what it may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct RoleInfo {
    /// The role: its name, or its id.
    pub role: Role,
    /// What people call it.
    pub title: String,
    /// What it may do.
    pub permissions: Permissions,
    /// How many have it, or are asked to join with it.
    pub members: u32,
}

/// Members who see to the same conversations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Team {
    /// Its id.
    pub id: TeamId,
    /// What people call it.
    pub name: String,
    /// Who is in it, by name.
    pub members: Vec<TeamMember>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Somebody in a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct TeamMember {
    /// The membership's id.
    pub id: MemberId,
    /// The person's name.
    pub name: String,
}

/// What somebody who signs in is asked for next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owed {
    /// A code of their second factor.
    Code,
    /// In which of several workspaces they want to work.
    Workspace,
    /// The word of the company's own provider.
    Provider,
    /// A second factor, which the workspace asks for and they have not.
    Factor,
}

impl Owed {
    /// The name in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Workspace => "workspace",
            Self::Provider => "provider",
            Self::Factor => "factor",
        }
    }

    /// What has that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Code, Self::Workspace, Self::Provider, Self::Factor].into_iter().find(|owed| owed.name() == name)
    }
}

/// How it stands with somebody's second factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecondFactor {
    /// There is none.
    Off,
    /// It is being set up: what an app is told.
    Begun {
        /// As an address that a phone photographs.
        url: String,
        /// As letters and digits that are typed.
        key: String,
    },
    /// Signing in takes a code.
    On {
        /// Since when.
        since: Timestamp,
        /// How many of the codes on paper are left.
        codes: u32,
    },
}

/// A passkey, without what it is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// Its id here.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last opened the account.
    pub used_at: Option<Timestamp>,
}

/// One's own passkeys, and what stands in for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnPasskeys {
    /// In the order in which they were made.
    pub passkeys: Vec<Passkey>,
    /// How many codes on paper are left.
    pub codes: u32,
    /// Whether an app makes codes, too.
    pub app: bool,
    /// Whether there is a password.
    pub password: bool,
}

/// How somebody shows a second factor, when they sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Factors {
    /// By a code of an app.
    pub app: bool,
    /// By a passkey.
    pub passkeys: bool,
}

/// An account elsewhere that opens somebody's here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedAccount {
    /// Its id here.
    pub id: String,
    /// The name in addresses of its provider, while that is offered.
    pub slug: Option<String>,
    /// The provider, as people called it.
    pub provider: String,
    /// Its address there, when it was linked.
    pub email: String,
    /// Since when.
    pub linked_at: Timestamp,
    /// When it was last used.
    pub used_at: Option<Timestamp>,
}

/// What opens somebody's account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WaysIn {
    /// Whether a password does.
    pub password: bool,
    /// The accounts elsewhere that do.
    pub linked: Vec<LinkedAccount>,
}

/// A company's own provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompanyProvider {
    /// What its people call it.
    pub name: String,
    /// Its address, as it calls itself.
    pub issuer: String,
    /// What it calls this installation.
    pub client_id: String,
    /// Whether there is a secret.
    pub secret: bool,
    /// Whether members sign in by it, owners aside.
    pub required: bool,
    /// Where it sends people back.
    pub back: String,
}

/// A domain that is to be a company's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompanyDomain {
    /// Its id.
    pub id: String,
    /// The domain.
    pub domain: String,
    /// The name in the DNS under which the proof stands.
    pub record: String,
    /// What has to stand there.
    pub says: String,
    /// Since when it is proven.
    pub proven_at: Option<Timestamp>,
}

/// How a company's own people sign in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CompanySignOn {
    /// By this provider.
    pub provider: Option<CompanyProvider>,
    /// With addresses in these.
    pub domains: Vec<CompanyDomain>,
}

/// A tenant, as its members see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// The company's name.
    pub name: String,
    /// When it signed up.
    pub created_at: Timestamp,
}

/// A tenant in which somebody who signs in may work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// The tenant.
    pub id: TenantId,
    /// The company's name.
    pub name: String,
    /// Whether signing in there takes a second factor.
    pub second_factor: bool,
    /// By whose word alone they sign in there: the provider's name in addresses.
    pub provider: Option<String>,
}

/// Somebody who is asked to join a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// To which address.
    pub email: String,
    /// As what.
    pub role: Role,
    /// What people call that role.
    pub role_title: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
}

/// A member of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Member {
    /// The membership's id.
    pub id: MemberId,
    /// The person's name.
    pub name: String,
    /// The address that the person signs in with.
    pub email: String,
    /// As what the person is here.
    pub role: Role,
    /// What people call that role.
    pub role_title: String,
    /// What the person may do here.
    pub permissions: Permissions,
    /// When the person joined.
    pub created_at: Timestamp,
    /// Since when the person is kept out, if so.
    pub suspended_at: Option<Timestamp>,
}

/// Who is signed in, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct CurrentSession {
    /// The tenant whose rows this session sees.
    pub tenant: Tenant,
    /// The person, as a member of it.
    pub member: Member,
    /// How they are spoken to.
    pub languages: Languages,
}

/// How somebody is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Languages {
    /// What they have chosen.
    pub chosen: Option<Language>,
    /// What their workspace speaks to those who have not.
    pub workspace: Option<Language>,
}

impl Languages {
    /// What it comes to; none for what each browser asks for.
    pub fn spoken(self) -> Option<Language> {
        self.chosen.or(self.workspace)
    }
}

/// Where a person is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenSession {
    /// What it is known by; it opens nothing.
    pub id: String,
    /// Whether it is the one that asks.
    pub current: bool,
    /// The workspace.
    pub company: String,
    /// The browser, as it calls itself.
    pub device: String,
    /// The address from which it was opened.
    pub address: String,
    /// When it was last used, to within a minute.
    pub last_seen_at: Timestamp,
}

/// Where a member is signed in to a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct MemberSession {
    /// What it is known by; it opens nothing.
    pub id: String,
    /// Whose it is.
    pub member_id: MemberId,
    /// The browser, as it calls itself; empty where the member may more than who asks.
    pub device: String,
    /// The address from which it was opened; likewise.
    pub address: String,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last used, to within a minute.
    pub last_seen_at: Timestamp,
}

/// An API key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ApiKey {
    /// The key's id.
    pub id: ApiKeyId,
    /// What it is for.
    pub name: String,
    /// The first characters of the secret, to recognise it by.
    pub prefix: String,
    /// Whether it signs requests instead of being sent with them.
    #[serde(default)]
    pub signs: bool,
    /// What it may do.
    pub scopes: Vec<Permission>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working by itself, if it does.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to within a minute.
    pub last_used_at: Option<Timestamp>,
    /// When it stopped working, if it did.
    pub revoked_at: Option<Timestamp>,
}

/// A key just made. This is the only time its secret is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct NewApiKey {
    /// The key.
    pub key: ApiKey,
    /// The secret: send it as `Authorization: Bearer <secret>`, or sign with it, if it is a key that signs.
    pub secret: String,
}

/// A short-lived token of a key's. This is the only time it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct NewToken {
    /// The token: send it as `Authorization: Bearer <token>`.
    pub token: String,
    /// When it stops working.
    pub expires_at: Timestamp,
    /// What it may do, as long as its key may.
    pub permissions: Permissions,
}
