//! The settings of the workspace.

use super::{By, Ids, Kind, Malformed, Place, Probe, Stranger, World};
use crate::harness::Ask;

fn restore(_: &World, version: &str) -> Ask {
    Ask::post(format!("/dashboard/settings/{version}/restore")).form([("version", "1")])
}

pub const PROBES: &[Probe] = &[
    Probe {
        method: "GET",
        path: "/api/v1/settings",
        by: By::Key,
        ask: |_| Ask::get("/api/v1/settings"),
        ids: Ids::None("the tenant is the key's"),
    },
    Probe {
        method: "PUT",
        path: "/api/v1/settings",
        by: By::Key,
        ask: |_| {
            let body = r#"{"version": 1, "settings": {"name": "Aurora", "idle_minutes": 90, "calls": true}}"#;
            Ask::new("PUT", "/api/v1/settings").body("application/json", body)
        },
        ids: Ids::None("the tenant is the key's"),
    },
    Probe {
        method: "GET",
        path: "/api/v1/settings/versions",
        by: By::Key,
        ask: |_| Ask::get("/api/v1/settings/versions"),
        ids: Ids::None("the tenant is the key's"),
    },
    Probe {
        method: "GET",
        path: "/dashboard/settings",
        by: By::Session(Stranger::SignIn),
        ask: |_| Ask::get("/dashboard/settings"),
        ids: Ids::None("the tenant is the session's"),
    },
    Probe {
        method: "POST",
        path: "/dashboard/settings",
        by: By::Session(Stranger::Refused),
        ask: |_| {
            let form = [("version", "1"), ("name", "Aurora"), ("idle_minutes", "90"), ("calls", "1")];
            Ask::post("/dashboard/settings").form(form)
        },
        ids: Ids::None("the tenant is the session's"),
    },
    Probe {
        method: "POST",
        path: "/dashboard/settings/{version}/restore",
        by: By::Session(Stranger::Refused),
        ask: |world| restore(world, "1"),
        ids: Ids::At(&[Place { name: "version", kind: Kind::Version, ask: restore, malformed: Malformed::AsUnknown }]),
    },
];
