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
        path: "/login/code",
        by: By::Anybody("the cookie of a sign-in that is not finished"),
        ask: |world| Ask::get("/login/code").cookie(world.codes.sign_in),
        ids: Ids::None("an empty form"),
    },
    Probe {
        method: "POST",
        path: "/login/code",
        by: By::Anybody("the cookie of a sign-in that is not finished, and a code of its person"),
        ask: |world| {
            let form = [("code", world.codes.paper[0].as_str()), ("trust", "1")];
            Ask::post("/login/code").form(form).cookie(world.codes.sign_in)
        },
        ids: Ids::None("the person is that of the sign-in"),
    },
    Probe {
        method: "GET",
        path: "/address/{token}",
        by: By::Anybody("the link of a letter"),
        ask: |world| Ask::get(&world.address_link),
        ids: Ids::Secret("the link holds a keyed hash"),
    },
    Probe {
        method: "POST",
        path: "/address/{token}",
        by: By::Anybody("the link of a letter"),
        ask: |world| Ask::post(&world.address_link).form([]),
        ids: Ids::Secret("the link holds a keyed hash"),
    },
    Probe {
        method: "GET",
        path: "/login/factor",
        by: By::Anybody("the cookie of a sign-in that is not finished"),
        ask: |world| Ask::get("/login/factor").cookie(world.codes.led.0),
        ids: Ids::None("the person is the one who signs in"),
    },
    Probe {
        method: "POST",
        path: "/login/factor",
        by: By::Anybody("the cookie of a sign-in that is not finished, and a code of an app"),
        ask: |world| Ask::post("/login/factor").form([("code", world.codes.led.1.as_str())]).cookie(world.codes.led.0),
        ids: Ids::None("the person is the one who signs in"),
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
        method: "GET",
        path: "/signup/sent",
        by: By::Open,
        ask: |_| Ask::get("/signup/sent"),
        ids: Ids::None("says that a letter is on its way, and not to whom"),
    },
    Probe { method: "GET", path: "/reset", by: By::Open, ask: |_| Ask::get("/reset"), ids: Ids::None("an empty form") },
    Probe {
        method: "POST",
        path: "/reset",
        by: By::Anybody("the address of an account, to which alone something is sent"),
        ask: |world| Ask::post("/reset").form([("email", &world.server.two.aurora.email)]),
        ids: Ids::None("the answer is the same for whatever address"),
    },
    Probe {
        method: "GET",
        path: "/reset/sent",
        by: By::Open,
        ask: |_| Ask::get("/reset/sent"),
        ids: Ids::None("says that a letter is on its way, and not to whom"),
    },
    Probe {
        method: "GET",
        path: "/confirm/{token}",
        by: By::Anybody("what stands in the link of a letter"),
        ask: |world| Ask::get(&world.confirm_link),
        ids: Ids::Secret("ids in a link go with a hash of them that only the server can make"),
    },
    Probe {
        method: "POST",
        path: "/confirm/{token}",
        by: By::Anybody("what stands in the link of a letter"),
        ask: |world| Ask::post(&world.confirm_link).form([("password", PASSWORD)]),
        ids: Ids::Secret("ids in a link go with a hash of them that only the server can make"),
    },
    Probe {
        method: "GET",
        path: "/reset/{token}",
        by: By::Anybody("what stands in the link of a letter"),
        ask: |world| Ask::get(&world.reset_link),
        ids: Ids::Secret("ids in a link go with a hash of them that only the server can make"),
    },
    Probe {
        method: "POST",
        path: "/reset/{token}",
        by: By::Anybody("what stands in the link of a letter"),
        ask: |world| Ask::post(&world.reset_link).form([("password", "another way to the harbour")]),
        ids: Ids::Secret("ids in a link go with a hash of them that only the server can make"),
    },
    Probe {
        method: "GET",
        path: "/join/{token}",
        by: By::Anybody("what stands in the link of an invitation"),
        ask: |world| Ask::get(&world.join_link),
        ids: Ids::Secret("ids in a link go with a hash of them that only the server can make"),
    },
    Probe {
        method: "POST",
        path: "/join/{token}",
        by: By::Anybody("what stands in the link of an invitation"),
        ask: |world| Ask::post(&world.join_link).form([("name", "Deneb Agent"), ("password", PASSWORD)]),
        ids: Ids::Secret("ids in a link go with a hash of them that only the server can make"),
    },
    Probe {
        method: "GET",
        path: "/outbox",
        by: By::Anybody("to be at the computer itself, in development"),
        ask: |_| Ask::get("/outbox"),
        ids: Ids::None("there in development alone, on the computer itself"),
    },
    Probe {
        method: "POST",
        path: "/logout",
        by: By::Anybody("the cookie of the session that ends"),
        ask: |world| Ask::post("/logout").cookie(world.aurora_session),
        ids: Ids::None("ends the session of the cookie and no other"),
    },
];
