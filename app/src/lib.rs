#![doc = include_str!("../README.md")]
// Leptos views nest types deeply.
#![recursion_limit = "512"]

#[macro_use]
pub mod say;

pub mod auth;
pub mod dashboard;
pub mod live;
pub mod meeting;
pub mod shell;
pub mod site;
pub mod ui;
