//! The interface of whoever runs the installation.

use super::{By, Ids, Probe};
use crate::harness::Ask;

const ALL: Ids = Ids::All("whoever runs the installation sees all companies, and nothing of what is in them");

pub const PROBES: &[Probe] = &[
    Probe {
        method: "GET",
        path: "/api/operator/openapi.json",
        by: By::Open,
        ask: |_| Ask::get("/api/operator/openapi.json"),
        ids: Ids::None("the same for everybody"),
    },
    Probe {
        method: "GET",
        path: "/api/operator/v1/tenants",
        by: By::Operator,
        ask: |_| Ask::get("/api/operator/v1/tenants"),
        ids: ALL,
    },
    Probe {
        method: "POST",
        path: "/api/operator/v1/tenants",
        by: By::Operator,
        ask: |_| {
            let body = r#"{"name":"Vega","owner_email":"owner@vega.example"}"#;
            Ask::post("/api/operator/v1/tenants").body("application/json", body)
        },
        ids: Ids::None("makes a company"),
    },
    Probe {
        method: "GET",
        path: "/api/operator/v1/tenants/{id}",
        by: By::Operator,
        ask: |world| Ask::get(format!("/api/operator/v1/tenants/{}", world.server.two.borealis.id)),
        ids: ALL,
    },
    Probe {
        method: "POST",
        path: "/api/operator/v1/tenants/{id}/invitations",
        by: By::Operator,
        ask: |world| {
            let path = format!("/api/operator/v1/tenants/{}/invitations", world.server.two.borealis.id);
            Ask::post(path).body("application/json", r#"{"owner_email":"owner@vega.example"}"#)
        },
        ids: ALL,
    },
    Probe {
        method: "POST",
        path: "/api/operator/v1/tenants/{id}/suspend",
        by: By::Operator,
        ask: |world| {
            let path = format!("/api/operator/v1/tenants/{}/suspend", world.server.two.borealis.id);
            Ask::post(path).body("application/json", r#"{"reason":"Unpaid"}"#)
        },
        ids: ALL,
    },
    Probe {
        method: "POST",
        path: "/api/operator/v1/tenants/{id}/resume",
        by: By::Operator,
        ask: |world| Ask::post(format!("/api/operator/v1/tenants/{}/resume", world.server.two.borealis.id)),
        ids: ALL,
    },
];
