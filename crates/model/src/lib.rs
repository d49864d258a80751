#![doc = include_str!("../README.md")]

pub mod error;
pub mod id;
pub mod identity;
pub mod input;
pub mod knowledge;
pub mod page;
#[cfg(feature = "ssr")]
mod schema;
pub mod timestamp;

pub use error::{ErrorCode, FieldError, Problem};
pub use id::{ApiKeyId, ChunkId, DocumentId, MemberId, PersonId, RequestId, TenantId};
pub use page::Page;
pub use timestamp::Timestamp;
