//! Rooms, as browsers see them: each is a WebRTC client on a network of the test's own, whose time the test turns.

// Tests stop at the first surprise.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod malformed;
mod network;
mod rooms;
mod sealed;
