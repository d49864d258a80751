#![doc = include_str!("../README.md")]

mod error;
mod flow;
mod provider;

pub use error::{SignOnError, Unanswered};
pub use flow::{Begun, Returned, Sent, SignOn, Vouched};
pub use outbound::{Names, NamesError, Outbound, OutboundError, Whose};
pub use provider::Provider;
