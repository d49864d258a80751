//! `/api/v1/conversations`: what contacts and the company say to each other.

mod create;
mod facts;
mod get;
mod handling;
mod list;
mod messages;
mod say;

pub use create::*;
pub use facts::*;
pub use get::*;
pub use handling::*;
pub use list::*;
pub use messages::*;
pub use say::*;
