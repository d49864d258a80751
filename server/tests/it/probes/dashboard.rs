//! Pages: the landing page and those of the dashboard, and the choice of how they look.

use super::{By, Ids, Probe, Stranger};
use crate::harness::Ask;

pub const PROBES: &[Probe] = &[
    Probe {
        method: "GET",
        path: "/",
        by: By::Session(Stranger::Neutral),
        ask: |_| Ask::get("/"),
        ids: Ids::None("the tenant is the session's"),
    },
    Probe {
        method: "GET",
        path: "/dashboard",
        by: By::Session(Stranger::SignIn),
        ask: |_| Ask::get("/dashboard"),
        ids: Ids::None("the tenant is the session's"),
    },
    Probe {
        method: "GET",
        path: "/dashboard/{*page}",
        by: By::Session(Stranger::SignIn),
        ask: |_| Ask::get("/dashboard/nothing"),
        ids: Ids::None("names a page that there is not"),
    },
    Probe {
        method: "POST",
        path: "/preferences/theme",
        by: By::Open,
        ask: |_| Ask::post("/preferences/theme").form([("theme", "dark")]),
        ids: Ids::None("a colour, kept in the browser"),
    },
    Probe {
        method: "POST",
        path: "/preferences/language",
        by: By::Open,
        ask: |_| Ask::post("/preferences/language").form([("language", "")]),
        ids: Ids::None("a language, of whoever asks"),
    },
];
