//! What this process divides, beside the places in `state`: how often programs may ask; who gets no place; sockets and what
//! they send.

pub mod api;
pub mod places;
pub mod sockets;
