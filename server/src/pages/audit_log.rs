//! `/dashboard/audit-log`: who did what, when and from where; as a page, and as a file.

use crate::auth::Viewer;
use crate::failure::Failure;
use crate::pages::render::Render;
use crate::state::App;
use app::dashboard::audit_log::{Asked, audit_log};
use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use identity::{IdentityError, MAX_ENTRIES, PageRequest};
use model::audit::{Act, AuditEntry, AuditFilter};
use model::identity::Member;
use model::page::MAX_LIMIT;
use model::{ErrorCode, MemberId, Problem, Timestamp};
use serde::Deserialize;
use time::{Date, Duration, format_description::well_known::Iso8601};
use uuid::Uuid;
use words::text;

/// Entries of a page.
const PAGE: u32 = 50;

/// Whose id nobody has.
const NOBODY: MemberId = MemberId::from_uuid(Uuid::nil());

/// What is asked for, as it was typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Part {
    act: String,
    member: String,
    from: String,
    until: String,
    before: String,
}

/// A day as its first moment, or the first one after it.
fn day(field: &str, text: &str, after: bool) -> Result<Option<Timestamp>, IdentityError> {
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || IdentityError::field(field, text!("Write the day as in 2026-11-28."));
    let day = Date::parse(text, &Iso8601::DATE).map_err(|_| wrong())?;
    let day = if after { day.checked_add(Duration::days(1)).ok_or_else(wrong)? } else { day };
    Ok(Some(Timestamp::from_millis(day.midnight().assume_utc().unix_timestamp() * 1000)))
}

impl Part {
    /// What is asked of the log. Nobody has an id that is none.
    fn filter(&self) -> Result<AuditFilter, IdentityError> {
        Ok(AuditFilter {
            act: Act::from_name(&self.act),
            member: (!self.member.is_empty()).then(|| self.member.parse().unwrap_or(NOBODY)),
            from: day("from", &self.from, false)?,
            until: day("until", &self.until, true)?,
        })
    }

    /// The same, to be shown. Who is no member here and has done nothing here is nobody.
    fn asked(&self, members: &[Member], found: bool) -> Asked {
        let known =
            found || self.member.is_empty() || members.iter().any(|member| member.id.to_string() == self.member);
        let member = if known { self.member.clone() } else { "nobody".to_owned() };
        // What is no day stands in no field for one.
        let day = |text: &str| if day("", text, false).is_ok() { text.to_owned() } else { String::new() };
        Asked { act: self.act.clone(), member, from: day(&self.from), until: day(&self.until) }
    }
}

/// The page.
///
/// # Errors
/// A page, for who may not, or when the database does not answer.
pub async fn page(
    State(app): State<App>,
    Viewer(caller): Viewer,
    render: Render,
    part: Result<Query<Part>, QueryRejection>,
) -> Result<Response, Failure> {
    let Query(part) = part.unwrap_or_default();
    let identity = &app.capabilities.identity;
    let (filter, problem) = match part.filter() {
        Ok(filter) => (filter, None),
        Err(error) => (AuditFilter::default(), Some(Failure::from(error))),
    };
    // One more than a page shows, to know whether there is another.
    let mut entries = identity.list_audit_entries(&caller, &filter, part.before.parse().ok(), PAGE + 1).await?;
    let more = entries.len() > PAGE as usize;
    entries.truncate(PAGE as usize);
    let next = entries.last().filter(|_| more).map(|entry| entry.number);
    let members = identity.list_members(&caller, &PageRequest { limit: Some(MAX_LIMIT), cursor: None }).await?.data;
    let status = problem.as_ref().map_or(StatusCode::OK, Failure::status);
    let problem = problem.map(|failure| failure.0);
    let asked = part.asked(&members, !entries.is_empty());
    render.dashboard(&caller, status, |frame| audit_log(frame, members, entries, next, asked, problem)).await
}

/// A cell that no spreadsheet takes for a formula, nor a part of it where they are cut at semicolons or tabs, as in much of Europe.
pub(crate) fn cell(text: &str) -> String {
    const BEGINS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
    let parts = text.split_inclusive([';', '\t', '\r', '\n']);
    parts.map(|part| if part.trim_start().starts_with(BEGINS) { format!("'{part}") } else { part.to_owned() }).collect()
}

fn line(entry: &AuditEntry) -> [String; 11] {
    // What somebody has typed is no other fact.
    let plain = |value: &str| value.replace('\\', "\\\\").replace('|', "\\|");
    let facts = |facts: &model::audit::Facts| {
        cell(&facts.iter().map(|(name, value)| format!("{name}={}", plain(value))).collect::<Vec<_>>().join(" | "))
    };
    [
        entry.number.to_string(),
        entry.created_at.to_string(),
        entry.act.clone(),
        entry.actor_kind.name().to_owned(),
        entry.actor.clone().unwrap_or_default(),
        cell(&entry.actor_name),
        entry.address.clone().unwrap_or_default(),
        entry.request.clone(),
        cell(&entry.subject),
        facts(&entry.before),
        facts(&entry.after),
    ]
}

/// The same as a file (RFC 4180), the latest first; no more than ten thousand entries: `before` the number of the last one of a
/// file begins the next.
///
/// # Errors
/// A page, for who may not, for a day that is none, or when the database does not answer.
pub async fn export(
    State(app): State<App>,
    Viewer(caller): Viewer,
    part: Result<Query<Part>, QueryRejection>,
) -> Result<Response, Failure> {
    let Query(part) = part.unwrap_or_default();
    let entries = app
        .capabilities
        .identity
        .list_audit_entries(&caller, &part.filter()?, part.before.parse().ok(), MAX_ENTRIES)
        .await?;
    caller.scope().let_go();
    let broken = |_| Failure(Problem::new(ErrorCode::Internal, text!("The file could not be written. Try again.")));
    let mut file = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    file.write_record([
        "number",
        "created_at",
        "act",
        "actor_kind",
        "actor",
        "actor_name",
        "address",
        "request",
        "subject",
        "before",
        "after",
    ])
    .map_err(broken)?;
    for entry in &entries {
        file.write_record(line(entry)).map_err(broken)?;
    }
    let bytes = file.into_inner().map_err(|_| broken(csv::Error::from(std::io::Error::other(""))))?;
    let head = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"audit-log.csv\""), // lint:allow(file-name-header) always this name
    ];
    Ok((head, bytes).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_cells() -> Result<(), IdentityError> {
        assert_eq!(day("from", "", false)?, None);
        assert_eq!(
            day("from", "2026-11-28", false)?.map(|t| t.to_string()).as_deref(),
            Some("2026-11-28T00:00:00.000Z")
        );
        assert_eq!(
            day("until", "2026-02-28", true)?.map(|t| t.to_string()).as_deref(),
            Some("2026-03-01T00:00:00.000Z")
        );
        for bad in ["today", "2026-13-01", "2026-02-30", "9999-12-31T", "+10000-01-01", "28.11.2026", "ü"] {
            assert!(day("from", bad, true).is_err(), "{bad}");
        }
        assert_eq!(cell("=HYPERLINK(\"x\")"), "'=HYPERLINK(\"x\")");
        assert_eq!(cell("Anna"), "Anna");
        assert_eq!(cell("x;=A1;y\t +1"), "x;'=A1;y\t' +1");
        assert_eq!(cell("＝A1"), "'＝A1");
        Ok(())
    }
}
