//! `/ws`: conversations live. The protocol is in `docs/protocol.md`. `/ws/meet`: meetings (`docs/meetings.md`).
//!
//! Guarantees: a socket belongs to whoever said hello on it, for one tenant, and every frame goes through the same
//! capabilities as REST; what a socket holds is bounded (frames, queues, time, number); a reader that is slow is cut off
//! and resumes. Must not decide what anybody may do: the capabilities do.

mod act;
mod follow;
mod hello;
pub mod meet;
mod session;
mod upgrade;

pub use upgrade::upgrade;
