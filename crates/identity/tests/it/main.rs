//! `identity` on real PostgreSQL.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod api_keys;
mod attempts;
mod company_sign_on;
mod languages;
mod members;
mod once;
mod passkeys;
mod providers;
mod roles;
mod second_factor;
mod secrets;
mod settings;
mod sign_in;
mod sign_up;
mod signed;
mod stage;
mod teams;
mod whoami;
