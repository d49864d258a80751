//! Signing in, step by step. A sign-in says who somebody is, how that was shown and what is still owed; it is kept in a session
//! that opens nothing, and each step ends in `advance`, which says what comes next.
//!
//! A new step: its name in `model::identity::Owed`, when it is owed in `advance.rs`, what fulfils it in a file here, its page in
//! `app::auth` and its address in the server's `auth::sign_in`.

mod advance;
mod begin;

pub(crate) use advance::{Asks, Second, advance, confined};
pub(crate) use begin::Known;
pub use begin::{Kept, SignInForm};
