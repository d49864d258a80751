//! What the wire says about a workspace's tools: what its assistant may call while it writes an answer. No secret is in any of it.

use crate::names::names;
use crate::{Timestamp, ToolId};
use serde::{Deserialize, Serialize};
use words::{Text, text};

names!(
    /// How a tool is asked.
    ToolMethod {
        /// What is not in the address stands behind it as a query.
        Get = "get",
        /// What is not in the address is sent as a JSON object.
        Post = "post",
    }
);

impl ToolMethod {
    /// What people choose it by.
    pub const fn words(self) -> Text {
        match self {
            Self::Get => text!("GET: it looks something up"),
            Self::Post => text!("POST: it is sent JSON"),
        }
    }
}

/// A tool, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// Its id.
    pub id: ToolId,
    /// What a model calls it by.
    pub name: String,
    /// What it does, for the model.
    pub description: String,
    /// How it is asked.
    pub method: ToolMethod,
    /// Where, with names in braces for what is filled in.
    pub address: String,
    /// What it takes: JSON Schema, as text.
    pub parameters: String,
    /// The header in which it gets its secret, if it has one.
    pub header: Option<String>,
    /// Whether it is called.
    pub on: bool,
    /// Whether it is called in conversations with contacts; otherwise for those alone who may set the assistant up.
    pub in_conversations: bool,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub changed_at: Timestamp,
}

/// What came of trying a tool out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct TriedTool {
    /// What it told, as a model would read it: JSON, as text. Empty where something was wrong.
    pub told: String,
    /// How long that took, in milliseconds.
    pub took_ms: u64,
    /// What was wrong; nothing, where it has told something.
    pub fault: Option<Text>,
}
