#![doc = include_str!("../README.md")]

mod letter;
mod mailer;

pub use letter::{Letter, Link};
pub use mailer::{MailError, Mailer, PATIENCE};
