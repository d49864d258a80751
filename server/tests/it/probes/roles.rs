//! Roles of a company's own.

use super::{By, Ids, Kind, Malformed, Place, Probe, Stranger, World};
use crate::harness::Ask;

const AT: Ids = Ids::None("the tenant is the session's");

fn edit(_: &World, role: &str) -> Ask {
    Ask::post(format!("/dashboard/roles/{role}")).form([("title", role), ("documents.read", "1")])
}

fn delete(_: &World, role: &str) -> Ask {
    Ask::post(format!("/dashboard/roles/{role}/delete")).form([])
}

fn change(_: &World, role: &str) -> Ask {
    let text = format!(r#"{{"title":"{role}","permissions":["documents.read"]}}"#);
    Ask::new("PUT", format!("/api/v1/roles/{role}")).body("application/json", text)
}

fn remove(_: &World, role: &str) -> Ask {
    Ask::new("DELETE", format!("/api/v1/roles/{role}"))
}

const fn ids(name: &'static str, ask: fn(&World, &str) -> Ask) -> [Place; 1] {
    [Place { name, kind: Kind::Role, ask, malformed: Malformed::AsUnknown }]
}

const EDIT: &[Place] = &ids("role", edit);
const DELETE: &[Place] = &ids("role", delete);
const CHANGE: &[Place] = &ids("id", change);
const REMOVE: &[Place] = &ids("id", remove);

pub const PROBES: &[Probe] = &[
    Probe {
        method: "GET",
        path: "/dashboard/roles",
        by: By::Session(Stranger::SignIn),
        ask: |_| Ask::get("/dashboard/roles"),
        ids: AT,
    },
    Probe {
        method: "POST",
        path: "/dashboard/roles",
        by: By::Session(Stranger::Refused),
        ask: |_| Ask::post("/dashboard/roles").form([("title", "Night shift"), ("documents.manage", "1")]),
        ids: AT,
    },
    Probe {
        method: "POST",
        path: "/dashboard/roles/{role}",
        by: By::Session(Stranger::Refused),
        ask: |world| edit(world, &world.aurora_roles[0]),
        ids: Ids::At(EDIT),
    },
    Probe {
        method: "POST",
        path: "/dashboard/roles/{role}/delete",
        by: By::Session(Stranger::Refused),
        ask: |world| delete(world, &world.aurora_roles[1]),
        ids: Ids::At(DELETE),
    },
    Probe { method: "GET", path: "/api/v1/roles", by: By::Key, ask: |_| Ask::get("/api/v1/roles"), ids: AT },
    Probe {
        method: "POST",
        path: "/api/v1/roles",
        by: By::Key,
        ask: |_| {
            let role = r#"{"title":"Day shift","permissions":["conversations.write"]}"#;
            Ask::post("/api/v1/roles").body("application/json", role)
        },
        ids: AT,
    },
    Probe {
        method: "PUT",
        path: "/api/v1/roles/{id}",
        by: By::Key,
        ask: |world| change(world, &world.aurora_roles[2]),
        ids: Ids::At(CHANGE),
    },
    Probe {
        method: "DELETE",
        path: "/api/v1/roles/{id}",
        by: By::Key,
        ask: |world| remove(world, &world.aurora_roles[3]),
        ids: Ids::At(REMOVE),
    },
];
