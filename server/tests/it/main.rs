//! The whole server, from outside: real requests over real connections, on a real PostgreSQL with two tenants in it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod account;
mod answering;
mod api;
mod audit_log;
mod composed;
mod described;
mod document_list;
mod errors;
mod evaluation;
mod graceful;
mod harness;
mod headers;
mod health;
mod idempotency;
mod invitations;
mod languages;
mod letters;
mod operator;
mod probes;
mod rights;
mod session_three_ways;
mod shares;
mod sign_in;
mod sign_up;
mod signed;
mod socket;
mod tokens;
mod unanswered;
mod uploads;
