//! `/api/v1/documents`: what a tenant knows.

mod create;
mod delete;
mod disposition;
mod get;
mod list;

pub use create::*;
pub use delete::*;
pub use get::*;
pub use list::*;
