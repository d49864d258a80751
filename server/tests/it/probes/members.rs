//! Members: the REST list and the page.

use super::{By, Ids, Kind, Malformed, Place, Probe, Stranger};
use crate::harness::Ask;

pub const PROBES: &[Probe] = &[
    Probe {
        method: "GET",
        path: "/dashboard/members",
        by: By::Session(Stranger::SignIn),
        ask: |_| Ask::get("/dashboard/members"),
        ids: Ids::None("the tenant is the session's"),
    },
    Probe {
        method: "GET",
        path: "/api/v1/members",
        by: By::Key,
        ask: |_| Ask::get("/api/v1/members?limit=200"),
        ids: Ids::At(&[Place {
            name: "cursor",
            kind: Kind::Member,
            ask: |_, id| Ask::get(format!("/api/v1/members?cursor={id}")),
            malformed: Malformed::Refused("a cursor is a place in an order, whether a row stands there or not"),
        }]),
    },
];
