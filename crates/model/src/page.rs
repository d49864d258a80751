//! Lists on the wire: a page and where the next one begins.

use serde::{Deserialize, Serialize};
use std::str::FromStr;
use words::{Text, text};

/// Part of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// The entries.
    pub data: Vec<T>,
    /// Send it as `cursor` for the next page; absent on the last one.
    pub next_cursor: Option<String>,
}

/// Entries in a page when nothing else is asked for.
pub const DEFAULT_LIMIT: u32 = 50;
/// Most entries in a page.
pub const MAX_LIMIT: u32 = 200;

/// How many entries a page has, as it is asked for.
///
/// # Errors
/// What is wrong with the number.
pub fn limit(asked: Option<u32>) -> Result<u32, Text> {
    let limit = asked.unwrap_or(DEFAULT_LIMIT);
    if (1..=MAX_LIMIT).contains(&limit) {
        Ok(limit)
    } else {
        Err(text!("Use a number from 1 to {most}.", most = MAX_LIMIT))
    }
}

/// Where a page begins, by what the page before has said.
///
/// # Errors
/// What is wrong with it.
pub fn cursor<C: FromStr>(sent: Option<&str>) -> Result<Option<C>, Text> {
    sent.map(str::parse).transpose().map_err(|_| text!("Use the next_cursor of the page before."))
}
