//! The inbox: its pages, its forms, its server functions.

use super::{By, Ids, Kind, Malformed, Place, Probe, Stranger};
use crate::harness::Ask;

const LIST: &str = "/rpc/app/api/conversations/list";
const GET: &str = "/rpc/app/api/conversations/get";
const SAY: &str = "/rpc/app/api/conversations/say";
const HANDLE: &str = "/rpc/app/api/conversations/handle";
const INSTALL_SNIPPET: &str = "/rpc/app/api/conversations/install_snippet";

/// What the forms and functions that say something are sent with; the same words each time are one message.
const WORDS: [(&str, &str); 2] = [("text", "Auroralamps quoffle."), ("client_id", "probe")];

pub const PROBES: &[Probe] = &[
    Probe {
        method: "GET",
        path: "/dashboard/inbox/{conversation}",
        by: By::Session(Stranger::SignIn),
        ask: |world| Ask::get(format!("/dashboard/inbox/{}", world.aurora_conversation)),
        ids: Ids::At(&[Place {
            name: "conversation",
            kind: Kind::Conversation,
            ask: |_, id| Ask::get(format!("/dashboard/inbox/{id}")),
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
    Probe {
        method: "POST",
        path: LIST,
        by: By::Session(Stranger::Refused),
        ask: |world| Ask::post(LIST).form([("show", "open"), ("conversation", &world.aurora_conversation)]),
        ids: Ids::At(&[Place {
            name: "conversation",
            kind: Kind::Conversation,
            ask: |_, id| Ask::post(LIST).form([("show", "open"), ("conversation", id)]),
            malformed: Malformed::AsUnknown,
        }]),
    },
    Probe {
        method: "POST",
        path: GET,
        by: By::Session(Stranger::Refused),
        ask: |world| Ask::post(GET).form([("conversation", &world.aurora_conversation)]),
        ids: Ids::At(&[
            Place {
                name: "conversation",
                kind: Kind::Conversation,
                ask: |_, id| Ask::post(GET).form([("conversation", id)]),
                malformed: Malformed::AsUnknown,
            },
            Place {
                name: "before",
                kind: Kind::Message,
                ask: |world, id| Ask::post(GET).form([("conversation", &world.aurora_conversation), ("before", id)]),
                malformed: Malformed::Refused("a cursor is a place in an order, whether a row stands there or not"),
            },
        ]),
    },
    Probe {
        method: "POST",
        path: SAY,
        by: By::Session(Stranger::Refused),
        ask: |world| {
            let [text, client_id] = WORDS;
            Ask::post(SAY).form([("conversation", &world.aurora_taken), text, client_id])
        },
        ids: Ids::At(&[Place {
            name: "conversation",
            kind: Kind::Taken,
            ask: |_, id| {
                let [text, client_id] = WORDS;
                Ask::post(SAY).form([("conversation", id), text, client_id])
            },
            malformed: Malformed::AsUnknown,
        }]),
    },
    Probe {
        method: "POST",
        path: HANDLE,
        by: By::Session(Stranger::Refused),
        ask: |world| Ask::post(HANDLE).form([("conversation", &world.aurora_conversation), ("step", "take-over")]),
        ids: Ids::At(&[Place {
            name: "conversation",
            kind: Kind::Conversation,
            ask: |_, id| Ask::post(HANDLE).form([("conversation", id), ("step", "take-over")]),
            malformed: Malformed::AsUnknown,
        }]),
    },
    Probe {
        method: "POST",
        path: INSTALL_SNIPPET,
        by: By::Session(Stranger::Refused),
        ask: |_| Ask::post(INSTALL_SNIPPET).form([]),
        ids: Ids::None("the tenant is the session's"),
    },
];
