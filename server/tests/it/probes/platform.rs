//! What is the same for everybody: files, documents, public keys, and whether the server is well.

use super::{By, Ids, Probe};
use crate::harness::Ask;

const NOBODYS: Ids = Ids::None("the same for everybody");

pub const PROBES: &[Probe] = &[
    Probe { method: "GET", path: "/healthz", by: By::Open, ask: |_| Ask::get("/healthz"), ids: NOBODYS },
    Probe { method: "GET", path: "/readyz", by: By::Open, ask: |_| Ask::get("/readyz"), ids: NOBODYS },
    Probe { method: "GET", path: "/assets/{*path}", by: By::Open, ask: |_| Ask::get("/assets/none.css"), ids: NOBODYS },
    Probe {
        method: "GET",
        path: "/api/openapi.json",
        by: By::Open,
        ask: |_| Ask::get("/api/openapi.json"),
        ids: NOBODYS,
    },
    Probe {
        method: "GET",
        path: "/api/v1/receipt-keys",
        by: By::Open,
        ask: |_| Ask::get("/api/v1/receipt-keys"),
        ids: NOBODYS,
    },
    Probe { method: "GET", path: "/api/docs", by: By::Open, ask: |_| Ask::get("/api/docs"), ids: NOBODYS },
    Probe { method: "GET", path: "/guide", by: By::Open, ask: |_| Ask::get("/guide"), ids: NOBODYS },
    Probe { method: "GET", path: "/guide/{*page}", by: By::Open, ask: |_| Ask::get("/guide/inbox"), ids: NOBODYS },
    Probe { method: "GET", path: "/robots.txt", by: By::Open, ask: |_| Ask::get("/robots.txt"), ids: NOBODYS },
    Probe { method: "GET", path: "/favicon.ico", by: By::Open, ask: |_| Ask::get("/favicon.ico"), ids: NOBODYS },
];
