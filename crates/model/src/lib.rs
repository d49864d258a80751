#![doc = include_str!("../README.md")]

pub mod audit;
pub mod conversation;
pub mod error;
pub mod event;
pub mod id;
pub mod identity;
pub mod input;
pub mod knowledge;
pub mod live;
pub mod llm;
mod names;
pub mod operator;
pub mod page;
pub mod permission;
pub mod receipt;
#[cfg(feature = "ssr")]
mod schema;
pub mod settings;
pub mod timestamp;
pub mod whole;

pub use error::{ErrorCode, Fault, FieldError, Problem};
pub use id::{
    ApiKeyId, ChunkId, ContactId, ConversationId, DocumentId, Id, InvitationId, LetterId, MemberId, MessageId, ModelId,
    OperatorKeyId, PersonId, ReceiptId, RequestId, RoleId, TeamId, TenantId, WidgetId,
};
pub use page::Page;
pub use timestamp::Timestamp;
