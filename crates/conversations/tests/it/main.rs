//! Conversations on a real PostgreSQL, with two tenants always there.

// Tests stop at the first surprise.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod asked;
mod bus;
mod calls;
mod handling;
mod judging;
mod messages;
mod plans;
mod race;
mod reach;
mod stage;
mod teams;
mod visitors;
