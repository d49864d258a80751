//! The inbox: its pages and its forms.

use super::{By, Ids, Kind, Malformed, Place, Probe, Stranger, World};
use crate::harness::Ask;

/// What the form that says something is sent with; the same words each time are one message.
const WORDS: [(&str, &str); 2] = [("text", "Auroralamps quoffle."), ("client_id", "probe")];

fn give(world: &World, team: &str) -> Ask {
    Ask::post(format!("/dashboard/inbox/{}", world.aurora_conversation)).form([("team", team)])
}

pub const PROBES: &[Probe] = &[
    Probe {
        method: "GET",
        path: "/dashboard/inbox",
        by: By::Session(Stranger::SignIn),
        ask: |world| Ask::get(format!("/dashboard/inbox?show=open&beside={}", world.aurora_conversation)),
        ids: Ids::At(&[Place {
            name: "beside",
            kind: Kind::Conversation,
            ask: |_, id| Ask::get(format!("/dashboard/inbox?show=mine&beside={id}")),
            malformed: Malformed::AsUnknown,
        }]),
    },
    Probe {
        method: "GET",
        path: "/dashboard/inbox/{conversation}",
        by: By::Session(Stranger::SignIn),
        ask: |world| Ask::get(format!("/dashboard/inbox/{}", world.aurora_conversation)),
        ids: Ids::At(&[
            Place {
                name: "conversation",
                kind: Kind::Conversation,
                ask: |_, id| Ask::get(format!("/dashboard/inbox/{id}")),
                malformed: Malformed::AsUnknown,
            },
            Place {
                name: "before",
                kind: Kind::Message,
                ask: |world, id| Ask::get(format!("/dashboard/inbox/{}?before={id}", world.aurora_conversation)),
                malformed: Malformed::Refused("a cursor is a place in an order, whether a row stands there or not"),
            },
        ]),
    },
    Probe {
        method: "POST",
        path: "/dashboard/inbox/{conversation}",
        by: By::Session(Stranger::Refused),
        ask: |world| give(world, &world.aurora_teams[0]),
        ids: Ids::At(&[
            Place {
                name: "conversation",
                kind: Kind::Conversation,
                ask: |_, id| Ask::post(format!("/dashboard/inbox/{id}")).form([("team", "none")]),
                malformed: Malformed::AsUnknown,
            },
            Place { name: "team", kind: Kind::Team, ask: give, malformed: Malformed::AsUnknown },
        ]),
    },
    Probe {
        method: "GET",
        path: "/dashboard/inbox/{conversation}/messages",
        by: By::Session(Stranger::SignIn),
        ask: |world| Ask::get(format!("/dashboard/inbox/{}/messages", world.aurora_conversation)),
        ids: Ids::At(&[Place {
            name: "conversation",
            kind: Kind::Conversation,
            ask: |_, id| Ask::get(format!("/dashboard/inbox/{id}/messages")),
            malformed: Malformed::AsUnknown,
        }]),
    },
    Probe {
        method: "POST",
        path: "/dashboard/inbox/{conversation}/messages",
        by: By::Session(Stranger::Refused),
        ask: |world| Ask::post(format!("/dashboard/inbox/{}/messages", world.aurora_taken)).form(WORDS),
        ids: Ids::At(&[Place {
            name: "conversation",
            kind: Kind::Taken,
            ask: |_, id| Ask::post(format!("/dashboard/inbox/{id}/messages")).form(WORDS),
            malformed: Malformed::AsUnknown,
        }]),
    },
    Probe {
        method: "GET",
        path: "/dashboard/inbox/{conversation}/facts",
        by: By::Session(Stranger::SignIn),
        ask: |world| Ask::get(format!("/dashboard/inbox/{}/facts", world.aurora_conversation)),
        ids: Ids::At(&[Place {
            name: "conversation",
            kind: Kind::Conversation,
            ask: |_, id| Ask::get(format!("/dashboard/inbox/{id}/facts")),
            malformed: Malformed::AsUnknown,
        }]),
    },
    Probe {
        method: "POST",
        path: "/dashboard/inbox/{conversation}/facts",
        by: By::Session(Stranger::Refused),
        ask: |world| Ask::post(format!("/dashboard/inbox/{}/facts", world.aurora_conversation)).form([("fact", "all")]),
        ids: Ids::At(&[
            Place {
                name: "conversation",
                kind: Kind::Conversation,
                ask: |_, id| Ask::post(format!("/dashboard/inbox/{id}/facts")).form([("fact", "all")]),
                malformed: Malformed::AsUnknown,
            },
            Place {
                name: "fact",
                kind: Kind::Fact,
                ask: |world, id| {
                    Ask::post(format!("/dashboard/inbox/{}/facts", world.aurora_taken)).form([("fact", id)])
                },
                malformed: Malformed::AsUnknown,
            },
        ]),
    },
    Probe {
        method: "POST",
        path: "/dashboard/inbox/{conversation}/take-over",
        by: By::Session(Stranger::Refused),
        ask: |world| Ask::post(format!("/dashboard/inbox/{}/take-over", world.aurora_conversation)),
        ids: Ids::At(&[Place {
            name: "conversation",
            kind: Kind::Conversation,
            ask: |_, id| Ask::post(format!("/dashboard/inbox/{id}/take-over")),
            malformed: Malformed::AsUnknown,
        }]),
    },
    Probe {
        method: "POST",
        path: "/dashboard/inbox/{conversation}/hand-back",
        by: By::Session(Stranger::Refused),
        ask: |world| Ask::post(format!("/dashboard/inbox/{}/hand-back", world.aurora_conversation)),
        ids: Ids::At(&[Place {
            name: "conversation",
            kind: Kind::Conversation,
            ask: |_, id| Ask::post(format!("/dashboard/inbox/{id}/hand-back")),
            malformed: Malformed::AsUnknown,
        }]),
    },
    Probe {
        method: "POST",
        path: "/dashboard/inbox/{conversation}/resolve",
        by: By::Session(Stranger::Refused),
        ask: |world| Ask::post(format!("/dashboard/inbox/{}/resolve", world.aurora_conversation)),
        ids: Ids::At(&[Place {
            name: "conversation",
            kind: Kind::Conversation,
            ask: |_, id| Ask::post(format!("/dashboard/inbox/{id}/resolve")),
            malformed: Malformed::AsUnknown,
        }]),
    },
];
