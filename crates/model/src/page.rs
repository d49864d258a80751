//! Lists on the wire: a page and where the next one begins.

use serde::{Deserialize, Serialize};

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
