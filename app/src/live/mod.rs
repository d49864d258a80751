//! What happens elsewhere, as it happens: the browser's side of `docs/protocol.md`. The server never runs any of it.

mod socket;

pub use model::live::Frame;
pub use socket::{Link, Live};
