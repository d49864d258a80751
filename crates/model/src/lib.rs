#![doc = include_str!("../README.md")]

pub mod audit;
pub mod conversation;
pub mod error;
pub mod evaluation;
pub mod event;
pub mod hours;
pub mod id;
pub mod identity;
pub mod input;
pub mod knowledge;
pub mod live;
pub mod llm;
pub mod meeting;
mod names;
pub mod object;
pub mod operator;
pub mod page;
pub mod permission;
pub mod personality;
pub mod receipt;
#[cfg(feature = "ssr")]
mod schema;
pub mod settings;
pub mod timestamp;
pub mod tool;
pub mod whole;

pub use error::{ErrorCode, Fault, FieldError, Problem};
pub use id::{
    ApiKeyId, AttendeeId, ChunkId, ContactId, ConversationId, DocumentId, EvaluationId, FactId, Id, InvitationId,
    LetterId, MeetingId, MemberId, MessageId, ModelId, OperatorKeyId, PersonId, PersonalityId, ReceiptId, RequestId,
    RoleId, TeamId, TenantId, ToolId, WidgetId,
};
pub use page::Page;
pub use timestamp::Timestamp;
