//! What this process divides, beside the places in `state`: how often programs may ask; sockets and what they send.

pub mod api;
pub mod sockets;
