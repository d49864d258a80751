//! A company's own provider, and its domains.

use super::{By, Ids, Kind, Malformed, Place, Probe, Stranger, World};
use crate::harness::{Ask, PASSWORD};

fn prove(_: &World, domain: &str) -> Ask {
    Ask::post(format!("/dashboard/sign-on/domains/{domain}/prove")).form([])
}

fn take_off(_: &World, domain: &str) -> Ask {
    Ask::post(format!("/dashboard/sign-on/domains/{domain}/remove")).form([])
}

pub const PROBES: &[Probe] = &[
    Probe {
        method: "GET",
        path: "/login/company",
        by: By::Open,
        ask: |_| Ask::get("/login/company"),
        ids: Ids::None("an empty form"),
    },
    Probe {
        method: "POST",
        path: "/login/company",
        by: By::Anybody("an address: where its domain's company has its people sign in is no secret"),
        ask: |world| Ask::post("/login/company").form([("email", &format!("somebody@{}", world.company))]),
        ids: Ids::None("an address"),
    },
    Probe {
        method: "GET",
        path: "/login/provider",
        by: By::Anybody("the cookie of a sign-in that is not finished"),
        ask: |world| Ask::get("/login/provider").cookie(world.aurora_sign_in),
        ids: Ids::None("the person is the one who signs in"),
    },
    Probe {
        method: "GET",
        path: "/dashboard/sign-on",
        by: By::Session(Stranger::SignIn),
        ask: |_| Ask::get("/dashboard/sign-on"),
        ids: Ids::None("the tenant is the session's"),
    },
    Probe {
        method: "POST",
        path: "/dashboard/sign-on",
        by: By::Session(Stranger::Refused),
        ask: |world| {
            let own = [("name", "Own"), ("issuer", world.issuer.as_str()), ("client_id", "samtal")];
            let [name, issuer, client] = own;
            let form = [name, issuer, client, ("password", PASSWORD)];
            Ask::post("/dashboard/sign-on").form(form)
        },
        ids: Ids::None("the tenant is the session's"),
    },
    Probe {
        method: "POST",
        path: "/dashboard/sign-on/remove",
        by: By::Session(Stranger::Refused),
        ask: |_| Ask::post("/dashboard/sign-on/remove").form([]),
        ids: Ids::None("the tenant is the session's"),
    },
    Probe {
        method: "POST",
        path: "/dashboard/sign-on/domains",
        by: By::Session(Stranger::Refused),
        ask: |world| {
            // Another one each time: one is named once.
            let new = format!("{}.example", world.server.db.services.new_id().simple());
            Ask::post("/dashboard/sign-on/domains").form([("domain", new.as_str())])
        },
        ids: Ids::None("the tenant is the session's"),
    },
    Probe {
        method: "POST",
        path: "/dashboard/sign-on/domains/{domain}/prove",
        by: By::Session(Stranger::Refused),
        ask: |world| prove(world, &world.domain),
        ids: Ids::At(&[Place { name: "domain", kind: Kind::Domain, ask: prove, malformed: Malformed::AsUnknown }]),
    },
    Probe {
        method: "POST",
        path: "/dashboard/sign-on/domains/{domain}/remove",
        by: By::Session(Stranger::Refused),
        ask: |world| take_off(world, &world.domain),
        ids: Ids::At(&[Place { name: "domain", kind: Kind::Domain, ask: take_off, malformed: Malformed::AsUnknown }]),
    },
];
