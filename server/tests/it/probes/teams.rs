//! Teams, and who is in them.

use super::{By, Ids, Kind, Malformed, Place, Probe, Stranger, World};
use crate::harness::Ask;

const AT: Ids = Ids::None("the tenant is the session's, or the key's");

fn rename(_: &World, team: &str) -> Ask {
    Ask::post(format!("/dashboard/teams/{team}")).form([("name", team)])
}

fn delete(_: &World, team: &str) -> Ask {
    Ask::post(format!("/dashboard/teams/{team}/delete")).form([])
}

fn add(world: &World, team: &str) -> Ask {
    let member = world.server.two.aurora.member.to_string();
    Ask::post(format!("/dashboard/teams/{team}/members")).form([("member", &member)])
}

fn add_member(world: &World, member: &str) -> Ask {
    Ask::post(format!("/dashboard/teams/{}/members", world.aurora_teams[0])).form([("member", member)])
}

fn remove(world: &World, team: &str) -> Ask {
    let member = world.server.two.aurora.member;
    Ask::post(format!("/dashboard/teams/{team}/members/{member}/remove")).form([])
}

fn remove_member(world: &World, member: &str) -> Ask {
    Ask::post(format!("/dashboard/teams/{}/members/{member}/remove", world.aurora_teams[0])).form([])
}

fn get_by_key(_: &World, team: &str) -> Ask {
    Ask::get(format!("/api/v1/teams/{team}"))
}

fn rename_by_key(_: &World, team: &str) -> Ask {
    let body = format!(r#"{{"name":"{team}"}}"#);
    Ask::new("PATCH", format!("/api/v1/teams/{team}")).body("application/json", body)
}

fn delete_by_key(_: &World, team: &str) -> Ask {
    Ask::new("DELETE", format!("/api/v1/teams/{team}"))
}

fn add_by_key(world: &World, team: &str) -> Ask {
    Ask::new("PUT", format!("/api/v1/teams/{team}/members/{}", world.server.two.aurora.member))
}

fn add_member_by_key(world: &World, member: &str) -> Ask {
    Ask::new("PUT", format!("/api/v1/teams/{}/members/{member}", world.aurora_teams[0]))
}

fn remove_by_key(world: &World, team: &str) -> Ask {
    Ask::new("DELETE", format!("/api/v1/teams/{team}/members/{}", world.server.two.aurora.member))
}

fn remove_member_by_key(world: &World, member: &str) -> Ask {
    Ask::new("DELETE", format!("/api/v1/teams/{}/members/{member}", world.aurora_teams[0]))
}

const fn place(name: &'static str, kind: Kind, ask: fn(&World, &str) -> Ask) -> Place {
    Place { name, kind, ask, malformed: Malformed::AsUnknown }
}

const RENAME: &[Place] = &[place("team", Kind::Team, rename)];
const DELETE: &[Place] = &[place("team", Kind::Team, delete)];
const ADD: &[Place] = &[place("team", Kind::Team, add), place("member", Kind::Member, add_member)];
const REMOVE: &[Place] = &[place("team", Kind::Team, remove), place("member", Kind::Teammate, remove_member)];
const GET_BY_KEY: &[Place] = &[place("id", Kind::Team, get_by_key)];
const RENAME_BY_KEY: &[Place] = &[place("id", Kind::Team, rename_by_key)];
const DELETE_BY_KEY: &[Place] = &[place("id", Kind::Team, delete_by_key)];
const ADD_BY_KEY: &[Place] =
    &[place("id", Kind::Team, add_by_key), place("member_id", Kind::Member, add_member_by_key)];
const REMOVE_BY_KEY: &[Place] =
    &[place("id", Kind::Team, remove_by_key), place("member_id", Kind::Teammate, remove_member_by_key)];

pub const PROBES: &[Probe] = &[
    Probe {
        method: "GET",
        path: "/dashboard/teams",
        by: By::Session(Stranger::SignIn),
        ask: |_| Ask::get("/dashboard/teams"),
        ids: AT,
    },
    Probe {
        method: "POST",
        path: "/dashboard/teams",
        by: By::Session(Stranger::Refused),
        ask: |_| Ask::post("/dashboard/teams").form([("name", "Auroracrew by form")]),
        ids: AT,
    },
    Probe {
        method: "POST",
        path: "/dashboard/teams/{team}",
        by: By::Session(Stranger::Refused),
        ask: |world| rename(world, &world.aurora_teams[0]),
        ids: Ids::At(RENAME),
    },
    Probe {
        method: "POST",
        path: "/dashboard/teams/{team}/delete",
        by: By::Session(Stranger::Refused),
        ask: |world| delete(world, &world.aurora_teams[1]),
        ids: Ids::At(DELETE),
    },
    Probe {
        method: "POST",
        path: "/dashboard/teams/{team}/members",
        by: By::Session(Stranger::Refused),
        ask: |world| add(world, &world.aurora_teams[0]),
        ids: Ids::At(ADD),
    },
    Probe {
        method: "POST",
        path: "/dashboard/teams/{team}/members/{member}/remove",
        by: By::Session(Stranger::Refused),
        ask: |world| remove(world, &world.aurora_teams[2]),
        ids: Ids::At(REMOVE),
    },
    Probe { method: "GET", path: "/api/v1/teams", by: By::Key, ask: |_| Ask::get("/api/v1/teams"), ids: AT },
    Probe {
        method: "POST",
        path: "/api/v1/teams",
        by: By::Key,
        ask: |_| Ask::post("/api/v1/teams").body("application/json", r#"{"name":"Auroracrew by key"}"#),
        ids: AT,
    },
    Probe {
        method: "GET",
        path: "/api/v1/teams/{id}",
        by: By::Key,
        ask: |world| get_by_key(world, &world.aurora_teams[0]),
        ids: Ids::At(GET_BY_KEY),
    },
    Probe {
        method: "PATCH",
        path: "/api/v1/teams/{id}",
        by: By::Key,
        ask: |world| {
            let address = format!("/api/v1/teams/{}", world.aurora_teams[0]);
            Ask::new("PATCH", address).body("application/json", r#"{"name":"Auroracrew of today"}"#)
        },
        ids: Ids::At(RENAME_BY_KEY),
    },
    Probe {
        method: "DELETE",
        path: "/api/v1/teams/{id}",
        by: By::Key,
        ask: |world| delete_by_key(world, &world.aurora_teams[3]),
        ids: Ids::At(DELETE_BY_KEY),
    },
    Probe {
        method: "PUT",
        path: "/api/v1/teams/{id}/members/{member_id}",
        by: By::Key,
        ask: |world| add_by_key(world, &world.aurora_teams[0]),
        ids: Ids::At(ADD_BY_KEY),
    },
    Probe {
        method: "DELETE",
        path: "/api/v1/teams/{id}/members/{member_id}",
        by: By::Key,
        ask: |world| remove_by_key(world, &world.aurora_teams[4]),
        ids: Ids::At(REMOVE_BY_KEY),
    },
];
