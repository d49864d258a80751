//! API keys: the page and its forms; tokens of keys.

use super::{By, Ids, Kind, Malformed, Place, Probe, Stranger};
use crate::harness::Ask;

pub const PROBES: &[Probe] = &[
    Probe {
        method: "POST",
        path: "/api/v1/tokens",
        by: By::Key,
        ask: |_| Ask::post("/api/v1/tokens").body("application/json", r#"{"expires_in":60}"#),
        ids: Ids::None("the key is the one that asks"),
    },
    Probe {
        method: "GET",
        path: "/dashboard/api-keys",
        by: By::Session(Stranger::SignIn),
        ask: |_| Ask::get("/dashboard/api-keys"),
        ids: Ids::None("the tenant is the session's"),
    },
    Probe {
        method: "POST",
        path: "/dashboard/api-keys",
        by: By::Session(Stranger::Refused),
        ask: |_| Ask::post("/dashboard/api-keys").form([("name", "Aurora shop")]),
        ids: Ids::None("makes a key in the session's tenant"),
    },
    Probe {
        method: "POST",
        path: "/dashboard/api-keys/{key}/rotate",
        by: By::Session(Stranger::Refused),
        ask: |world| {
            Ask::post(format!("/dashboard/api-keys/{}/rotate", world.aurora_key.key.id)).form([("overlap", "week")])
        },
        ids: Ids::At(&[Place {
            name: "key",
            kind: Kind::Working,
            ask: |_, id| Ask::post(format!("/dashboard/api-keys/{id}/rotate")).form([("overlap", "day")]),
            malformed: Malformed::AsUnknown,
        }]),
    },
    Probe {
        method: "POST",
        path: "/dashboard/api-keys/{key}/revoke",
        by: By::Session(Stranger::Refused),
        ask: |world| Ask::post(format!("/dashboard/api-keys/{}/revoke", world.aurora_key.key.id)),
        ids: Ids::At(&[Place {
            name: "key",
            kind: Kind::Key,
            ask: |_, id| Ask::post(format!("/dashboard/api-keys/{id}/revoke")),
            malformed: Malformed::AsUnknown,
        }]),
    },
];
