//! Documents, search and answers: the REST interface.

use super::{By, Ids, Kind, Malformed, Place, Probe, Stranger};
use crate::harness::Ask;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A form with a small file, as browsers write it.
pub fn upload(path: &str, name: &str, text: &str) -> Ask {
    let body = format!(
        "--edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n{text}\r\n--edge--\r\n"
    );
    Ask::post(path).body("multipart/form-data; boundary=edge", body)
}

/// A number that is another one each time.
fn drawn() -> usize {
    static DRAWN: AtomicUsize = AtomicUsize::new(0);
    DRAWN.fetch_add(1, Ordering::Relaxed)
}

/// A file that is not there yet.
fn another() -> String {
    format!("# New\n\nOf Aurora, {:06}.", drawn())
}

fn json(path: &str, text: &str) -> Ask {
    Ask::post(path).body("application/json", text)
}

/// An answer that somebody writes.
fn write(id: &str) -> Ask {
    Ask::post(format!("/dashboard/knowledge/unanswered/{id}/answer")).form([("answer", "At night.")])
}

pub const PROBES: &[Probe] = &[
    Probe {
        method: "POST",
        path: "/api/v1/documents",
        by: By::Key,
        ask: |_| upload("/api/v1/documents", "new.md", &another()),
        ids: Ids::None("makes a document in the key's tenant"),
    },
    Probe {
        method: "GET",
        path: "/api/v1/documents",
        by: By::Key,
        ask: |_| Ask::get("/api/v1/documents?limit=200"),
        ids: Ids::At(&[Place {
            name: "cursor",
            kind: Kind::Document,
            ask: |_, id| Ask::get(format!("/api/v1/documents?cursor={id}")),
            malformed: Malformed::Refused("a cursor is a place in an order, whether a row stands there or not"),
        }]),
    },
    Probe {
        method: "GET",
        path: "/api/v1/documents/{id}",
        by: By::Key,
        ask: |world| Ask::get(format!("/api/v1/documents/{}", world.aurora_documents[0])),
        ids: Ids::At(&[Place {
            name: "id",
            kind: Kind::Document,
            ask: |_, id| Ask::get(format!("/api/v1/documents/{id}")),
            malformed: Malformed::AsUnknown,
        }]),
    },
    Probe {
        method: "DELETE",
        path: "/api/v1/documents/{id}",
        by: By::Key,
        ask: |world| Ask::new("DELETE", format!("/api/v1/documents/{}", world.aurora_documents[1])),
        ids: Ids::At(&[Place {
            name: "id",
            kind: Kind::Document,
            ask: |_, id| Ask::new("DELETE", format!("/api/v1/documents/{id}")),
            malformed: Malformed::AsUnknown,
        }]),
    },
    Probe {
        method: "POST",
        path: "/api/v1/search",
        by: By::Key,
        ask: |_| json("/api/v1/search", r#"{"query":"quoffle lamps","limit":50}"#),
        ids: Ids::None("searches the key's tenant"),
    },
    Probe {
        method: "POST",
        path: "/api/v1/answers",
        by: By::Key,
        ask: |_| json("/api/v1/answers", r#"{"question":"What do Auroralamps do?"}"#),
        ids: Ids::At(&[Place {
            name: "conversation_id",
            kind: Kind::Conversation,
            ask: |_, id| {
                json(
                    "/api/v1/answers",
                    &format!(r#"{{"question":"What do Auroralamps do?","conversation_id":"{id}"}}"#),
                )
            },
            malformed: Malformed::AsUnknown,
        }]),
    },
    Probe {
        method: "GET",
        path: "/dashboard/knowledge",
        by: By::Session(Stranger::SignIn),
        ask: |_| Ask::get("/dashboard/knowledge?question=What+do+Auroralamps+do"),
        ids: Ids::At(&[Place {
            name: "before",
            kind: Kind::Document,
            ask: |_, id| Ask::get(format!("/dashboard/knowledge?before={id}")),
            malformed: Malformed::Refused("a cursor is a place in an order, whether a row stands there or not"),
        }]),
    },
    Probe {
        method: "POST",
        path: "/dashboard/knowledge",
        by: By::Session(Stranger::Refused),
        ask: |_| upload("/dashboard/knowledge", &format!("{}.md", drawn()), &another()),
        ids: Ids::None("makes a document in the session's tenant"),
    },
    Probe {
        method: "POST",
        path: "/dashboard/knowledge/{document}/delete",
        by: By::Session(Stranger::Refused),
        ask: |world| Ask::post(format!("/dashboard/knowledge/{}/delete", world.aurora_documents[3])),
        ids: Ids::At(&[Place {
            name: "document",
            kind: Kind::Document,
            ask: |_, id| Ask::post(format!("/dashboard/knowledge/{id}/delete")),
            malformed: Malformed::AsUnknown,
        }]),
    },
    Probe {
        method: "POST",
        path: "/dashboard/knowledge/{document}/reindex",
        by: By::Session(Stranger::Refused),
        ask: |world| Ask::post(format!("/dashboard/knowledge/{}/reindex", world.aurora_documents[0])),
        ids: Ids::At(&[Place {
            name: "document",
            kind: Kind::Document,
            ask: |_, id| Ask::post(format!("/dashboard/knowledge/{id}/reindex")),
            malformed: Malformed::AsUnknown,
        }]),
    },
    Probe {
        method: "GET",
        path: "/api/v1/unanswered",
        by: By::Key,
        ask: |_| Ask::get("/api/v1/unanswered"),
        ids: Ids::None("the tenant is the key's"),
    },
    Probe {
        method: "POST",
        path: "/api/v1/unanswered/{id}/settle",
        by: By::Key,
        ask: |world| Ask::post(format!("/api/v1/unanswered/{}/settle", world.aurora_asked)),
        ids: Ids::At(&[Place {
            name: "id",
            kind: Kind::Asked,
            ask: |_, id| Ask::post(format!("/api/v1/unanswered/{id}/settle")),
            malformed: Malformed::AsUnknown,
        }]),
    },
    Probe {
        method: "GET",
        path: "/dashboard/knowledge/unanswered/{question}/answer",
        by: By::Session(Stranger::SignIn),
        ask: |world| Ask::get(format!("/dashboard/knowledge/unanswered/{}/answer", world.aurora_asked)),
        ids: Ids::At(&[Place {
            name: "question",
            kind: Kind::Asked,
            ask: |_, id| Ask::get(format!("/dashboard/knowledge/unanswered/{id}/answer")),
            malformed: Malformed::AsUnknown,
        }]),
    },
    Probe {
        method: "POST",
        path: "/dashboard/knowledge/unanswered/{question}/answer",
        by: By::Session(Stranger::Refused),
        ask: |world| write(&world.aurora_asked),
        ids: Ids::At(&[Place {
            name: "question",
            kind: Kind::Asked,
            ask: |_, id| write(id),
            malformed: Malformed::AsUnknown,
        }]),
    },
    Probe {
        method: "POST",
        path: "/dashboard/knowledge/unanswered/{question}/settle",
        by: By::Session(Stranger::Refused),
        ask: |world| Ask::post(format!("/dashboard/knowledge/unanswered/{}/settle", world.aurora_asked)),
        ids: Ids::At(&[Place {
            name: "question",
            kind: Kind::Asked,
            ask: |_, id| Ask::post(format!("/dashboard/knowledge/unanswered/{id}/settle")),
            malformed: Malformed::AsUnknown,
        }]),
    },
];
