//! API keys: the page, its forms, and the server functions.

use super::{By, Ids, Kind, Malformed, Place, Probe, Stranger};
use crate::harness::Ask;

pub const PROBES: &[Probe] = &[
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
    Probe {
        method: "POST",
        path: "/rpc/app/api/keys/list",
        by: By::Session(Stranger::Refused),
        ask: |_| Ask::post("/rpc/app/api/keys/list").form([]),
        ids: Ids::None("the tenant is the session's"),
    },
    Probe {
        method: "POST",
        path: "/rpc/app/api/keys/create",
        by: By::Session(Stranger::Refused),
        ask: |_| Ask::post("/rpc/app/api/keys/create").form([("name", "Aurora door")]),
        ids: Ids::None("makes a key in the session's tenant"),
    },
    Probe {
        method: "POST",
        path: "/rpc/app/api/keys/revoke",
        by: By::Session(Stranger::Refused),
        ask: |world| Ask::post("/rpc/app/api/keys/revoke").form([("key", &world.aurora_key.key.id.to_string())]),
        ids: Ids::At(&[Place {
            name: "key",
            kind: Kind::Key,
            ask: |_, id| Ask::post("/rpc/app/api/keys/revoke").form([("key", id)]),
            malformed: Malformed::AsUnknown,
        }]),
    },
];
