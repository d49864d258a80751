//! Signing up, in and out.

use super::{By, Ids, Kind, Malformed, Place, Probe, Stranger, World};
use crate::harness::{Ask, PASSWORD};

fn choose(world: &World, tenant: &str) -> Ask {
    Ask::post("/login/workspace").form([("workspace", tenant)]).cookie(world.aurora_sign_in)
}

pub const PROBES: &[Probe] = &[
    Probe {
        method: "GET",
        path: "/signup",
        by: By::Session(Stranger::Neutral),
        ask: |_| Ask::get("/signup"),
        ids: Ids::None("an empty form"),
    },
    Probe {
        method: "POST",
        path: "/signup",
        by: By::Anybody("makes a tenant of its own"),
        ask: |_| {
            let fields = [
                ("company", "Castor"),
                ("name", "Castor Owner"),
                ("email", "owner@castor.example"),
                ("password", PASSWORD),
            ];
            Ask::post("/signup").form(fields)
        },
        ids: Ids::None("the tenant does not exist yet"),
    },
    Probe {
        method: "GET",
        path: "/login",
        by: By::Session(Stranger::Neutral),
        ask: |_| Ask::get("/login"),
        ids: Ids::None("an empty form"),
    },
    Probe {
        method: "POST",
        path: "/login",
        by: By::Anybody("an email and a password"),
        ask: |world| Ask::post("/login").form([("email", &world.server.two.aurora.email), ("password", PASSWORD)]),
        ids: Ids::None("the tenant is that of the person who signs in"),
    },
    Probe {
        method: "GET",
        path: "/login/workspace",
        by: By::Anybody("the cookie of a sign-in that is not finished"),
        ask: |world| Ask::get("/login/workspace").cookie(world.aurora_sign_in),
        ids: Ids::None("lists where the person who signs in may work"),
    },
    Probe {
        method: "POST",
        path: "/login/workspace",
        by: By::Anybody("the cookie of a sign-in that is not finished"),
        ask: |world| choose(world, &world.server.two.aurora.id.to_string()),
        ids: Ids::At(&[Place { name: "workspace", kind: Kind::Tenant, ask: choose, malformed: Malformed::AsUnknown }]),
    },
    Probe {
        method: "POST",
        path: "/logout",
        by: By::Anybody("the cookie of the session that ends"),
        ask: |world| Ask::post("/logout").cookie(world.aurora_session),
        ids: Ids::None("ends the session of the cookie and no other"),
    },
];
