//! Signing in by a provider's word.

use super::{By, Ids, Kind, Malformed, Place, Probe, Stranger, World};
use crate::harness::Ask;
use testkit::OWNER_PASSWORD;

const EVERYBODY: Ids = Ids::Secret("it names a provider of the installation's, the same for everybody");

/// By somebody who is signed out elsewhere by it.
fn unlink(world: &World, account: &str) -> Ask {
    let ask = Ask::post(format!("/dashboard/account/providers/{account}/unlink"));
    ask.form([("password", OWNER_PASSWORD)]).cookie(world.vouched.nora.session)
}

fn keeps(ask: Ask, kept: &str) -> Ask {
    ask.header("cookie", format!("samtal_sign_on={kept}"))
}

pub const PROBES: &[Probe] = &[
    Probe {
        method: "GET",
        path: "/login/with/{provider}",
        by: By::Anybody("the name of a provider: everybody is sent there"),
        ask: |_| Ask::get("/login/with/honest"),
        ids: EVERYBODY,
    },
    Probe {
        method: "GET",
        path: "/login/with/{provider}/back",
        by: By::Anybody("what the browser keeps, sealed, and what the provider has answered to it"),
        ask: |world| keeps(Ask::get(&world.vouched.away.1), &world.vouched.away.0),
        ids: EVERYBODY,
    },
    Probe {
        method: "GET",
        path: "/login/link",
        by: By::Anybody("what the browser keeps, sealed"),
        ask: |world| keeps(Ask::get("/login/link"), &world.vouched.asked),
        ids: Ids::None("the address is the one that is vouched for"),
    },
    Probe {
        method: "POST",
        path: "/login/link",
        by: By::Anybody("what the browser keeps, sealed, and a password"),
        ask: |world| keeps(Ask::post("/login/link").form([("password", OWNER_PASSWORD)]), &world.vouched.asked),
        ids: Ids::None("the address is the one that is vouched for"),
    },
    Probe {
        method: "GET",
        path: "/login/new",
        by: By::Anybody("what the browser keeps, sealed"),
        ask: |world| keeps(Ask::get("/login/new"), &world.vouched.new),
        ids: Ids::None("the address is the one that is vouched for"),
    },
    Probe {
        method: "POST",
        path: "/login/new",
        by: By::Anybody("what the browser keeps, sealed"),
        ask: |world| {
            keeps(Ask::post("/login/new").form([("company", "Nils AB"), ("name", "Nils")]), &world.vouched.new)
        },
        ids: Ids::Secret("an invitation stands there by the link of its letter"),
    },
    Probe {
        method: "POST",
        path: "/dashboard/account/providers",
        by: By::Session(Stranger::Refused),
        ask: |_| {
            let form = [("provider", "honest"), ("password", OWNER_PASSWORD)];
            Ask::post("/dashboard/account/providers").form(form)
        },
        ids: Ids::None("it names a provider of the installation's"),
    },
    Probe {
        method: "POST",
        path: "/dashboard/account/providers/{account}/unlink",
        by: By::Anybody("a session, and the password of its person"),
        ask: |world| unlink(world, &world.vouched.linked),
        ids: Ids::At(&[Place { name: "account", kind: Kind::Linked, ask: unlink, malformed: Malformed::AsUnknown }]),
    },
];
