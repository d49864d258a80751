//! Who asks: the key behind a secret.

use super::{By, Ids, Probe};
use crate::harness::Ask;

pub const PROBES: &[Probe] = &[Probe {
    method: "GET",
    path: "/api/v1/me",
    by: By::Key,
    ask: |_| Ask::get("/api/v1/me"),
    ids: Ids::None("the tenant is the key's"),
}];
