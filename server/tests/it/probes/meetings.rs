//! Meetings: made, planned, ended, come to.

use super::{By, Ids, Kind, Malformed, Place, Probe, Stranger, World};
use crate::harness::Ask;
use store::services::timestamp;
use time::Duration;

const LIST: &str = "/api/v1/meetings";
const AT: Ids = Ids::None("the tenant is the session's, or the key's");
const CODE: Ids = Ids::Secret("a code is 99 bits of chance");

fn json(path: &str, body: &str) -> Ask {
    Ask::post(path).body("application/json", body)
}

fn end(_: &World, id: &str) -> Ask {
    Ask::post(format!("/dashboard/meetings/{id}/end")).form([])
}

fn change(_: &World, id: &str) -> Ask {
    Ask::post(format!("/dashboard/meetings/{id}")).form([("title", "Auroramoot"), ("minutes", "30")])
}

fn change_by_key(_: &World, id: &str) -> Ask {
    Ask::new("PATCH", format!("{LIST}/{id}")).body("application/json", r#"{"title":"Auroramoot"}"#)
}

fn invite(_: &World, id: &str) -> Ask {
    Ask::post(format!("/dashboard/inbox/{id}/meeting")).form([])
}

fn from_conversation(_: &World, id: &str) -> Ask {
    json(LIST, &format!(r#"{{"title":"Auroramoot","conversation_id":"{id}"}}"#))
}

fn get_by_key(_: &World, id: &str) -> Ask {
    Ask::get(format!("{LIST}/{id}"))
}

fn end_by_key(_: &World, id: &str) -> Ask {
    Ask::post(format!("{LIST}/{id}/end"))
}

fn participants(_: &World, id: &str) -> Ask {
    Ask::get(format!("{LIST}/{id}/participants"))
}

fn messages(_: &World, id: &str) -> Ask {
    Ask::get(format!("{LIST}/{id}/messages"))
}

fn messages_after(world: &World, seq: &str) -> Ask {
    Ask::get(format!("{LIST}/{}/messages?cursor={seq}", world.aurora_other_meeting))
}

fn token(_: &World, id: &str) -> Ask {
    json(&format!("{LIST}/{id}/tokens"), r#"{"name":"Aurora guest","role":"viewer"}"#)
}

const fn place(name: &'static str, kind: Kind, ask: fn(&World, &str) -> Ask) -> Place {
    Place { name, kind, ask, malformed: Malformed::AsUnknown }
}

const END: &[Place] = &[place("meeting", Kind::Meeting, end)];
const CHANGE: &[Place] = &[place("meeting", Kind::Meeting, change)];
const CHANGE_BY_KEY: &[Place] = &[place("id", Kind::Meeting, change_by_key)];
const INVITE: &[Place] = &[place("conversation", Kind::Taken, invite)];
const CREATE: &[Place] = &[place("conversation_id", Kind::Taken, from_conversation)];
const GET: &[Place] = &[place("id", Kind::Meeting, get_by_key)];
const END_BY_KEY: &[Place] = &[place("id", Kind::Meeting, end_by_key)];
const PARTICIPANTS: &[Place] = &[place("id", Kind::Meeting, participants)];
const MESSAGES: &[Place] = &[
    place("id", Kind::Meeting, messages),
    Place {
        name: "cursor",
        kind: Kind::Version,
        ask: messages_after,
        malformed: Malformed::Refused("a cursor is a place in an order, whether a row stands there or not"),
    },
];
const TOKEN: &[Place] = &[place("id", Kind::Meeting, token)];

pub const PROBES: &[Probe] = &[
    Probe {
        method: "GET",
        path: "/dashboard/meetings",
        by: By::Session(Stranger::SignIn),
        ask: |_| Ask::get("/dashboard/meetings"),
        ids: AT,
    },
    Probe {
        method: "POST",
        path: "/dashboard/meetings",
        by: By::Session(Stranger::Refused),
        ask: |_| Ask::post("/dashboard/meetings").form([("title", "Auroramoot by form")]),
        ids: AT,
    },
    Probe {
        method: "POST",
        path: "/dashboard/meetings/{meeting}",
        by: By::Session(Stranger::Refused),
        ask: |world| change(world, &world.aurora_other_meeting),
        ids: Ids::At(CHANGE),
    },
    Probe {
        method: "POST",
        path: "/dashboard/meetings/{meeting}/end",
        by: By::Session(Stranger::Refused),
        ask: |world| end(world, &world.aurora_meeting),
        ids: Ids::At(END),
    },
    Probe {
        method: "POST",
        path: "/dashboard/inbox/{conversation}/meeting",
        by: By::Session(Stranger::Refused),
        ask: |world| invite(world, &world.aurora_taken),
        ids: Ids::At(INVITE),
    },
    Probe {
        method: "GET",
        path: "/meet/{code}",
        by: By::Anybody("the code in the link of a meeting"),
        ask: |world| Ask::get(format!("/meet/{}", world.aurora_code)),
        ids: CODE,
    },
    Probe {
        method: "POST",
        path: "/meet/{code}/join",
        by: By::Anybody("the code in the link of a meeting"),
        ask: |world| {
            let path = format!("/meet/{}/join", world.aurora_code);
            json(&path, r#"{"name":"Aurora visitor","consent":true}"#).wants_json()
        },
        ids: CODE,
    },
    Probe {
        method: "GET",
        path: "/meet/{code}/invite.ics",
        by: By::Anybody("the code in the link of a meeting"),
        ask: |world| Ask::get(format!("/meet/{}/invite.ics", world.aurora_code)),
        ids: CODE,
    },
    Probe {
        method: "GET",
        path: "/embed/meet/{code}",
        by: By::Anybody("the code in the link of a meeting"),
        ask: |world| Ask::get(format!("/embed/meet/{}", world.aurora_code)),
        ids: CODE,
    },
    Probe {
        method: "POST",
        path: "/embed/meet/{code}/join",
        by: By::Anybody("the code in the link of a meeting"),
        ask: |world| {
            let path = format!("/embed/meet/{}/join", world.aurora_code);
            json(&path, r#"{"name":"Aurora visitor","consent":true}"#).wants_json()
        },
        ids: CODE,
    },
    Probe {
        method: "GET",
        path: "/ws/meet",
        by: By::Open,
        ask: |_| Ask::get("/ws/meet"),
        ids: Ids::None("without an upgrade there is nothing; the frames have probes of their own"),
    },
    Probe {
        method: "POST",
        path: "/webhooks/livekit",
        by: By::Open,
        ask: |_| Ask::post("/webhooks/livekit").body("application/webhook+json", "{}"),
        ids: Ids::None(
            "a room is named in it, behind a signature of LiveKit's, and is looked at, which changes nothing here",
        ),
    },
    Probe {
        method: "GET",
        path: "/api/v1/meetings",
        by: By::Key,
        ask: |_| Ask::get(LIST),
        ids: Ids::At(&[Place {
            name: "cursor",
            kind: Kind::Meeting,
            ask: |_, id| Ask::get(format!("{LIST}?cursor={id}")),
            malformed: Malformed::Refused("a cursor is a place in an order, whether a row stands there or not"),
        }]),
    },
    Probe {
        method: "POST",
        path: "/api/v1/meetings",
        by: By::Key,
        ask: |world| {
            let at = timestamp(world.server.db.services.now() + Duration::days(30));
            let more = r#""minutes":30,"waiting_room":true,"passcode":"aurora-lamps","time_zone":"Europe/Stockholm""#;
            json(LIST, &format!(r#"{{"title":"Auroramoot by key","starts_at":"{at}",{more}}}"#))
        },
        ids: Ids::At(CREATE),
    },
    Probe {
        method: "GET",
        path: "/api/v1/meetings/{id}",
        by: By::Key,
        ask: |world| get_by_key(world, &world.aurora_other_meeting),
        ids: Ids::At(GET),
    },
    Probe {
        method: "PATCH",
        path: "/api/v1/meetings/{id}",
        by: By::Key,
        ask: |world| change_by_key(world, &world.aurora_other_meeting),
        ids: Ids::At(CHANGE_BY_KEY),
    },
    Probe {
        method: "GET",
        path: "/api/v1/meetings/{id}/participants",
        by: By::Key,
        ask: |world| participants(world, &world.aurora_other_meeting),
        ids: Ids::At(PARTICIPANTS),
    },
    Probe {
        method: "GET",
        path: "/api/v1/meetings/{id}/messages",
        by: By::Key,
        ask: |world| messages(world, &world.aurora_other_meeting),
        ids: Ids::At(MESSAGES),
    },
    Probe {
        method: "POST",
        path: "/api/v1/meetings/{id}/tokens",
        by: By::Key,
        ask: |world| token(world, &world.aurora_other_meeting),
        ids: Ids::At(TOKEN),
    },
    Probe {
        method: "POST",
        path: "/api/v1/meetings/{id}/end",
        by: By::Key,
        ask: |world| end_by_key(world, &world.aurora_meeting),
        ids: Ids::At(END_BY_KEY),
    },
];
