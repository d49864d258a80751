//! Members: the REST list and the server function.

use super::{By, Ids, Kind, Malformed, Place, Probe, Stranger};
use crate::harness::Ask;

pub const PROBES: &[Probe] = &[
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
    Probe {
        method: "POST",
        path: "/rpc/app/api/members/list",
        by: By::Session(Stranger::Refused),
        ask: |_| Ask::post("/rpc/app/api/members/list").form([]),
        ids: Ids::None("the tenant is the session's"),
    },
];
