//! What stands around all routes: connections, bounds, headers, errors, the log.

pub mod admission;
pub mod body;
pub mod dress;
pub mod headers;
pub mod host;
pub mod lingering;
pub mod listener;
pub mod observe;
pub mod patience;
