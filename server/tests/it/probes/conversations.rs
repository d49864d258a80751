//! Conversations: the REST interface, and the socket's address. What goes over the socket is probed in `socket.rs`.

use super::{By, Ids, Kind, Malformed, Place, Probe, World};
use crate::harness::Ask;

const LIST: &str = "/api/v1/conversations";

fn json(path: &str, text: &str) -> Ask {
    Ask::post(path).body("application/json", text)
}

fn give(world: &World, team: &str) -> Ask {
    json(&format!("{LIST}/{}/team", world.aurora_conversation), &format!(r#"{{"team_id":"{team}"}}"#))
}

fn forget(world: &World, fact: &str) -> Ask {
    Ask::new("DELETE", format!("{LIST}/{}/facts/{fact}", world.aurora_taken))
}

const WORDS: &str = r#"{"text":"Auroralamps quoffle?","client_id":"probe"}"#;

pub const PROBES: &[Probe] = &[
    Probe {
        method: "GET",
        path: "/ws",
        by: By::Open,
        ask: |_| Ask::get("/ws"),
        ids: Ids::None("without an upgrade there is nothing; the frames have probes of their own"),
    },
    Probe {
        method: "GET",
        path: "/demo",
        by: By::Anybody("the widget's key stands in pages for all to see"),
        ask: |world| Ask::get(format!("/demo?widget={}", world.aurora_widget)),
        ids: Ids::None("a widget's key is written into the page as it came; the socket says whether there is one"),
    },
    Probe {
        method: "GET",
        path: "/widget/v1/{*path}",
        by: By::Open,
        ask: |_| Ask::get("/widget/v1/widget.js"),
        ids: Ids::None("files that are the same for everybody"),
    },
    Probe {
        method: "POST",
        path: LIST,
        by: By::Key,
        ask: |_| json(LIST, r#"{"contact":{"name":"Auroracontact"}}"#),
        ids: Ids::None("begins a conversation in the key's tenant"),
    },
    Probe {
        method: "GET",
        path: LIST,
        by: By::Key,
        ask: |_| Ask::get(format!("{LIST}?limit=200")),
        ids: Ids::At(&[Place {
            name: "cursor",
            kind: Kind::Conversation,
            ask: |_, id| Ask::get(format!("{LIST}?cursor={id}")),
            malformed: Malformed::Refused("a cursor is a place in an order, whether a row stands there or not"),
        }]),
    },
    Probe {
        method: "GET",
        path: "/api/v1/conversations/{id}",
        by: By::Key,
        ask: |world| Ask::get(format!("{LIST}/{}", world.aurora_conversation)),
        ids: Ids::At(&[Place {
            name: "id",
            kind: Kind::Conversation,
            ask: |_, id| Ask::get(format!("{LIST}/{id}")),
            malformed: Malformed::AsUnknown,
        }]),
    },
    Probe {
        method: "GET",
        path: "/api/v1/conversations/{id}/messages",
        by: By::Key,
        ask: |world| Ask::get(format!("{LIST}/{}/messages?limit=200", world.aurora_conversation)),
        ids: Ids::At(&[
            Place {
                name: "id",
                kind: Kind::Conversation,
                ask: |_, id| Ask::get(format!("{LIST}/{id}/messages")),
                malformed: Malformed::AsUnknown,
            },
            Place {
                name: "cursor",
                kind: Kind::Message,
                ask: |world, id| Ask::get(format!("{LIST}/{}/messages?cursor={id}", world.aurora_conversation)),
                malformed: Malformed::Refused("a cursor is a place in an order, whether a row stands there or not"),
            },
        ]),
    },
    Probe {
        method: "POST",
        path: "/api/v1/conversations/{id}/messages",
        by: By::Key,
        ask: |world| json(&format!("{LIST}/{}/messages", world.aurora_conversation), WORDS),
        ids: Ids::At(&[Place {
            name: "id",
            kind: Kind::Conversation,
            ask: |_, id| json(&format!("{LIST}/{id}/messages"), WORDS),
            malformed: Malformed::AsUnknown,
        }]),
    },
    Probe {
        method: "GET",
        path: "/api/v1/conversations/{id}/facts",
        by: By::Key,
        ask: |world| Ask::get(format!("{LIST}/{}/facts", world.aurora_taken)),
        ids: Ids::At(&[Place {
            name: "id",
            kind: Kind::Conversation,
            ask: |_, id| Ask::get(format!("{LIST}/{id}/facts")),
            malformed: Malformed::AsUnknown,
        }]),
    },
    Probe {
        method: "DELETE",
        path: "/api/v1/conversations/{id}/facts",
        by: By::Key,
        ask: |world| Ask::new("DELETE", format!("{LIST}/{}/facts", world.aurora_conversation)),
        ids: Ids::At(&[Place {
            name: "id",
            kind: Kind::Conversation,
            ask: |_, id| Ask::new("DELETE", format!("{LIST}/{id}/facts")),
            malformed: Malformed::AsUnknown,
        }]),
    },
    Probe {
        method: "DELETE",
        path: "/api/v1/conversations/{id}/facts/{fact_id}",
        by: By::Key,
        ask: |world| forget(world, &world.aurora_facts[0]),
        ids: Ids::At(&[
            Place {
                name: "id",
                kind: Kind::Taken,
                ask: |world, id| Ask::new("DELETE", format!("{LIST}/{id}/facts/{}", world.aurora_facts[1])),
                malformed: Malformed::AsUnknown,
            },
            Place { name: "fact_id", kind: Kind::Fact, ask: forget, malformed: Malformed::AsUnknown },
        ]),
    },
    Probe {
        method: "POST",
        path: "/api/v1/conversations/{id}/handoff",
        by: By::Key,
        ask: |world| Ask::post(format!("{LIST}/{}/handoff", world.aurora_conversation)),
        ids: Ids::At(&[Place {
            name: "id",
            kind: Kind::Conversation,
            ask: |_, id| Ask::post(format!("{LIST}/{id}/handoff")),
            malformed: Malformed::AsUnknown,
        }]),
    },
    Probe {
        method: "POST",
        path: "/api/v1/conversations/{id}/call",
        by: By::Key,
        ask: |world| Ask::post(format!("{LIST}/{}/call", world.aurora_conversation)),
        ids: Ids::At(&[Place {
            name: "id",
            kind: Kind::Conversation,
            ask: |_, id| Ask::post(format!("{LIST}/{id}/call")),
            malformed: Malformed::AsUnknown,
        }]),
    },
    Probe {
        method: "POST",
        path: "/api/v1/conversations/{id}/team",
        by: By::Key,
        ask: |world| give(world, &world.aurora_teams[0]),
        ids: Ids::At(&[
            Place {
                name: "id",
                kind: Kind::Conversation,
                ask: |_, id| json(&format!("{LIST}/{id}/team"), r#"{"team_id":null}"#),
                malformed: Malformed::AsUnknown,
            },
            Place { name: "team_id", kind: Kind::Team, ask: give, malformed: Malformed::AsUnknown },
        ]),
    },
    Probe {
        method: "POST",
        path: "/api/v1/conversations/{id}/handback",
        by: By::Key,
        ask: |world| Ask::post(format!("{LIST}/{}/handback", world.aurora_conversation)),
        ids: Ids::At(&[Place {
            name: "id",
            kind: Kind::Conversation,
            ask: |_, id| Ask::post(format!("{LIST}/{id}/handback")),
            malformed: Malformed::AsUnknown,
        }]),
    },
    Probe {
        method: "POST",
        path: "/api/v1/conversations/{id}/resolve",
        by: By::Key,
        ask: |world| Ask::post(format!("{LIST}/{}/resolve", world.aurora_conversation)),
        ids: Ids::At(&[Place {
            name: "id",
            kind: Kind::Conversation,
            ask: |_, id| Ask::post(format!("{LIST}/{id}/resolve")),
            malformed: Malformed::AsUnknown,
        }]),
    },
];
