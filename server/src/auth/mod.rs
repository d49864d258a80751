//! From a cookie or a key to who asks. The only place that reads either.

pub mod cookie;
pub mod device;
mod key;
mod member;
mod operator;
pub mod sign_in;
pub mod signature;
mod visitor;

pub use key::{ApiCaller, ApiReader, key_first, known};
pub use member::{Member, Viewer};
pub use operator::OperatorCaller;
pub use visitor::{Visitor, visitor};
