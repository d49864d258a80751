//! Members: the REST list and the page.

use super::{By, Ids, Kind, Malformed, Place, Probe, Stranger, World};
use crate::harness::{Ask, PASSWORD};

fn end(_: &World, id: &str) -> Ask {
    Ask::post(format!("/dashboard/account/sessions/{id}/end")).form([])
}

fn entries_of(_: &World, id: &str) -> Ask {
    Ask::get(format!("/dashboard/audit-log?member={id}"))
}

/// From Deneb, where Aurora's owner works, too.
fn go(world: &World, id: &str) -> Ask {
    Ask::post("/dashboard/workspaces").form([("workspace", id)]).cookie(world.elsewhere)
}

fn role(_: &World, id: &str) -> Ask {
    Ask::post(format!("/dashboard/members/{id}/role")).form([("role", "admin")])
}

fn end_by_key(_: &World, id: &str) -> Ask {
    Ask::new("DELETE", format!("/api/v1/sessions/{id}"))
}

fn sign_out(_: &World, member: &str) -> Ask {
    Ask::post(format!("/dashboard/members/{member}/sign-out")).form([])
}

fn suspend(_: &World, member: &str) -> Ask {
    Ask::post(format!("/dashboard/members/{member}/suspend")).form([("keys", "1")])
}

fn remove(_: &World, id: &str) -> Ask {
    Ask::post(format!("/dashboard/members/{id}/remove")).form([("keys", "1")])
}

fn again(_: &World, id: &str) -> Ask {
    Ask::post(format!("/dashboard/members/invitations/{id}/again")).form([])
}

fn revoke(_: &World, id: &str) -> Ask {
    Ask::post(format!("/dashboard/members/invitations/{id}/revoke")).form([])
}

fn take_back(_: &World, id: &str) -> Ask {
    Ask::new("DELETE", format!("/api/v1/invitations/{id}"))
}

fn change(_: &World, id: &str) -> Ask {
    Ask::new("PATCH", format!("/api/v1/members/{id}")).body("application/json", "{\"role\":\"agent\"}")
}

fn delete(_: &World, id: &str) -> Ask {
    Ask::new("DELETE", format!("/api/v1/members/{id}?revoke_keys=true"))
}

fn entries(_: &World, id: &str) -> Ask {
    Ask::get(format!("/api/v1/audit-entries?limit=1&act=key.created&member={id}"))
}

pub const PROBES: &[Probe] = &[
    Probe {
        method: "GET",
        path: "/api/v1/audit-entries",
        by: By::Key,
        ask: |_| Ask::get("/api/v1/audit-entries?limit=1&act=key.created"),
        ids: Ids::At(&[Place {
            name: "member",
            kind: Kind::Member,
            ask: entries,
            malformed: Malformed::Refused("an id of another form is nobody's"),
        }]),
    },
    Probe {
        method: "GET",
        path: "/api/v1/api-keys",
        by: By::Key,
        ask: |_| Ask::get("/api/v1/api-keys"),
        ids: Ids::None("the tenant is the key's"),
    },
    Probe {
        method: "GET",
        path: "/api/v1/invitations",
        by: By::Key,
        ask: |_| Ask::get("/api/v1/invitations"),
        ids: Ids::None("the tenant is the key's"),
    },
    Probe {
        method: "POST",
        path: "/api/v1/invitations",
        by: By::Key,
        ask: |_| {
            let body = "{\"email\":\"program@aurora.example\",\"role\":\"agent\"}";
            Ask::post("/api/v1/invitations").body("application/json", body)
        },
        ids: Ids::None("asks somebody into the key's tenant"),
    },
    Probe {
        method: "DELETE",
        path: "/api/v1/invitations/{id}",
        by: By::Key,
        ask: |world| take_back(world, &world.spare_invitation.to_string()),
        ids: Ids::At(&[Place { name: "id", kind: Kind::Invitation, ask: take_back, malformed: Malformed::AsUnknown }]),
    },
    Probe {
        method: "PATCH",
        path: "/api/v1/members/{id}",
        by: By::Key,
        ask: |world| change(world, &world.spare_agent.to_string()),
        ids: Ids::At(&[Place { name: "id", kind: Kind::Colleague, ask: change, malformed: Malformed::AsUnknown }]),
    },
    Probe {
        method: "DELETE",
        path: "/api/v1/members/{id}",
        by: By::Key,
        ask: |world| delete(world, &world.spare_agent.to_string()),
        ids: Ids::At(&[Place { name: "id", kind: Kind::Colleague, ask: delete, malformed: Malformed::AsUnknown }]),
    },
    Probe {
        method: "GET",
        path: "/dashboard/workspaces",
        by: By::Session(Stranger::SignIn),
        ask: |_| Ask::get("/dashboard/workspaces"),
        ids: Ids::None("the person is the session's"),
    },
    Probe {
        method: "POST",
        path: "/dashboard/workspaces",
        by: By::Anybody("a session of somebody who works there, too"),
        ask: |world| go(world, &world.server.two.aurora.id.to_string()),
        ids: Ids::At(&[Place { name: "workspace", kind: Kind::Tenant, ask: go, malformed: Malformed::AsUnknown }]),
    },
    Probe {
        method: "GET",
        path: "/dashboard/members",
        by: By::Session(Stranger::SignIn),
        ask: |_| Ask::get("/dashboard/members"),
        ids: Ids::None("the tenant is the session's"),
    },
    Probe {
        method: "GET",
        path: "/dashboard/account",
        by: By::Session(Stranger::SignIn),
        ask: |_| Ask::get("/dashboard/account"),
        ids: Ids::None("the person is the session's"),
    },
    Probe {
        method: "POST",
        path: "/dashboard/account/name",
        by: By::Anybody("a session of the person who has the name"),
        ask: |world| Ask::post("/dashboard/account/name").form([("name", "Gemma")]).cookie(world.gemma_session),
        ids: Ids::None("the person is the session's"),
    },
    Probe {
        method: "POST",
        path: "/dashboard/account/sessions/end",
        by: By::Anybody("a session: it ends the others of its person"),
        ask: |world| Ask::post("/dashboard/account/sessions/end").form([]).cookie(world.gemma_session),
        ids: Ids::None("the person is the session's"),
    },
    Probe {
        method: "POST",
        path: "/dashboard/account",
        by: By::Anybody("the password that somebody has, and a session of theirs"),
        ask: |world| {
            let form = [("current", PASSWORD), ("password", "another way to the harbour")];
            Ask::post("/dashboard/account").form(form).cookie(world.gemma_session)
        },
        ids: Ids::None("the person is the session's"),
    },
    Probe {
        method: "POST",
        path: "/dashboard/account/address",
        by: By::Anybody("a session, and the password of its person"),
        ask: |world| {
            let form = [("email", "nora@elsewhere.example"), ("password", PASSWORD)];
            Ask::post("/dashboard/account/address").form(form).cookie(world.vouched.nora.session)
        },
        ids: Ids::None("the person is the session's"),
    },
    Probe {
        method: "GET",
        path: "/dashboard/audit-log",
        by: By::Session(Stranger::SignIn),
        ask: |_| Ask::get("/dashboard/audit-log"),
        ids: Ids::At(&[Place { name: "member", kind: Kind::Member, ask: entries_of, malformed: Malformed::AsUnknown }]),
    },
    Probe {
        method: "GET",
        path: "/dashboard/audit-log/export",
        by: By::Session(Stranger::SignIn),
        ask: |_| Ask::get("/dashboard/audit-log/export"),
        ids: Ids::None("the same as the page, as a file"),
    },
    Probe {
        method: "GET",
        path: "/dashboard/account/code",
        by: By::Session(Stranger::SignIn),
        ask: |_| Ask::get("/dashboard/account/code"),
        ids: Ids::None("the person is the session's"),
    },
    Probe {
        method: "POST",
        path: "/dashboard/account/code",
        by: By::Anybody("a code of an app that knows the seed of the session's person"),
        ask: |world| {
            Ask::post("/dashboard/account/code").form([("code", &world.codes.code)]).cookie(world.codes.begun.session)
        },
        ids: Ids::None("the person is the session's"),
    },
    Probe {
        method: "POST",
        path: "/dashboard/account/code/begin",
        by: By::Anybody("the password that somebody has, and a session of theirs"),
        ask: |world| {
            Ask::post("/dashboard/account/code/begin").form([("password", PASSWORD)]).cookie(world.codes.off.session)
        },
        ids: Ids::None("the person is the session's"),
    },
    Probe {
        method: "POST",
        path: "/dashboard/account/code/give-up",
        by: By::Session(Stranger::Refused),
        ask: |_| Ask::post("/dashboard/account/code/give-up").form([]),
        ids: Ids::None("the person is the session's"),
    },
    Probe {
        method: "POST",
        path: "/dashboard/account/code/renew",
        by: By::Anybody("a code of the session's person"),
        ask: |world| {
            let form = [("code", world.codes.others_paper[0].as_str())];
            Ask::post("/dashboard/account/code/renew").form(form).cookie(world.codes.other.session)
        },
        ids: Ids::None("the person is the session's"),
    },
    Probe {
        method: "POST",
        path: "/dashboard/account/code/turn-off",
        by: By::Anybody("a code of the session's person"),
        ask: |world| {
            let form = [("code", world.codes.paper[1].as_str())];
            Ask::post("/dashboard/account/code/turn-off").form(form).cookie(world.codes.on.session)
        },
        ids: Ids::None("the person is the session's"),
    },
    Probe {
        method: "POST",
        path: "/dashboard/account/sessions/{session}/end",
        by: By::Session(Stranger::Refused),
        ask: |world| end(world, &world.session_ids.0),
        ids: Ids::At(&[Place { name: "session", kind: Kind::Session, ask: end, malformed: Malformed::AsUnknown }]),
    },
    Probe {
        method: "POST",
        path: "/dashboard/members",
        by: By::Session(Stranger::Refused),
        ask: |_| Ask::post("/dashboard/members").form([("email", "new@aurora.example"), ("role", "agent")]),
        ids: Ids::None("the tenant is the session's"),
    },
    Probe {
        method: "POST",
        path: "/dashboard/members/{member}/role",
        by: By::Session(Stranger::Refused),
        ask: |world| role(world, &world.aurora_agent.to_string()),
        ids: Ids::At(&[Place { name: "member", kind: Kind::Colleague, ask: role, malformed: Malformed::AsUnknown }]),
    },
    Probe {
        method: "GET",
        path: "/api/v1/sessions",
        by: By::Key,
        ask: |_| Ask::get("/api/v1/sessions"),
        ids: Ids::At(&[Place {
            name: "cursor",
            kind: Kind::AgentSession,
            ask: |_, id| Ask::get(format!("/api/v1/sessions?cursor={id}")),
            malformed: Malformed::Refused("a cursor is a place in an order, whether a row stands there or not"),
        }]),
    },
    Probe {
        method: "DELETE",
        path: "/api/v1/sessions/{id}",
        by: By::Key,
        ask: |world| end_by_key(world, &world.agent_session),
        ids: Ids::At(&[Place {
            name: "id",
            kind: Kind::AgentSession,
            ask: end_by_key,
            malformed: Malformed::AsUnknown,
        }]),
    },
    Probe {
        method: "POST",
        path: "/dashboard/members/{member}/sign-out",
        by: By::Session(Stranger::Refused),
        ask: |world| sign_out(world, &world.aurora_agent.to_string()),
        ids: Ids::At(&[Place {
            name: "member",
            kind: Kind::Colleague,
            ask: sign_out,
            malformed: Malformed::AsUnknown,
        }]),
    },
    Probe {
        method: "POST",
        path: "/dashboard/members/{member}/suspend",
        by: By::Session(Stranger::Refused),
        ask: |world| suspend(world, &world.aurora_agent.to_string()),
        ids: Ids::At(&[Place { name: "member", kind: Kind::Colleague, ask: suspend, malformed: Malformed::AsUnknown }]),
    },
    Probe {
        method: "POST",
        path: "/dashboard/members/{member}/remove",
        by: By::Session(Stranger::Refused),
        ask: |world| remove(world, &world.aurora_agent.to_string()),
        ids: Ids::At(&[Place { name: "member", kind: Kind::Colleague, ask: remove, malformed: Malformed::AsUnknown }]),
    },
    Probe {
        method: "POST",
        path: "/dashboard/members/invitations/{invitation}/again",
        by: By::Session(Stranger::Refused),
        ask: |world| again(world, &world.aurora_invitation.to_string()),
        ids: Ids::At(&[Place {
            name: "invitation",
            kind: Kind::Invitation,
            ask: again,
            malformed: Malformed::AsUnknown,
        }]),
    },
    Probe {
        method: "POST",
        path: "/dashboard/members/invitations/{invitation}/revoke",
        by: By::Session(Stranger::Refused),
        ask: |world| revoke(world, &world.aurora_invitation.to_string()),
        ids: Ids::At(&[Place {
            name: "invitation",
            kind: Kind::Invitation,
            ask: revoke,
            malformed: Malformed::AsUnknown,
        }]),
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
