//! Who asks: the session behind a cookie, the key behind a secret.

use super::{By, Ids, Probe, Stranger};
use crate::harness::Ask;

/// Where a browser asks who is signed in.
pub const CURRENT: &str = "/rpc/app/api/session/current";

pub const PROBES: &[Probe] = &[
    Probe {
        method: "POST",
        path: CURRENT,
        by: By::Session(Stranger::Neutral),
        ask: |_| Ask::post(CURRENT).form([]),
        ids: Ids::None("the tenant is the session's"),
    },
    Probe {
        method: "GET",
        path: "/api/v1/me",
        by: By::Key,
        ask: |_| Ask::get("/api/v1/me"),
        ids: Ids::None("the tenant is the key's"),
    },
];
