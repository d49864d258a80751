//! `/dashboard/assistant/usage`: what models have used in a month; as a page, and as a file.

use crate::auth::Viewer;
use crate::failure::Failure;
use crate::pages::audit_log::cell;
use crate::pages::render::Render;
use crate::state::App;
use app::dashboard::assistant::{Month, usage};
use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use llm::{KEPT_MONTHS, LlmError, Span};
use model::permission::Permission;
use model::{ErrorCode, Problem};
use serde::Deserialize;
use time::{Date, Duration};
use words::text;

/// Conversations that are shown.
const DEAREST: u32 = 10;

/// Which month, as it was typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Part {
    month: String,
}

impl Part {
    /// Today's, where none was named.
    fn month(&self, today: Date) -> Result<Date, LlmError> {
        if self.month.is_empty() {
            return Ok(today);
        }
        llm::month(&self.month).ok_or_else(|| LlmError::field("month", text!("Write the month as in 2026-11.")))
    }
}

fn written(day: Date) -> String {
    format!("{:04}-{:02}", day.year(), u8::from(day.month()))
}

fn first(day: Date) -> Date {
    day.replace_day(1).unwrap_or(day)
}

/// The month of a day, and those before it, as far back as days are kept.
fn months(today: Date) -> Vec<String> {
    let before = |day: &Date| first(*day).previous_day();
    std::iter::successors(Some(today), before).take(KEPT_MONTHS.into()).map(written).collect()
}

/// The days of a month.
fn days(month: Date) -> Vec<String> {
    let all = (0..31).map(|n| first(month).saturating_add(Duration::days(n)));
    all.filter(|day| day.month() == month.month()).map(|day| day.to_string()).collect()
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
    let (models, today) = (&app.capabilities.llm, app.capabilities.services.now().date());
    let (month, problem) = match part.month(today) {
        Ok(month) => (month, None),
        Err(error) => (today, Some(Failure::from(error))),
    };
    let status = problem.as_ref().map_or(StatusCode::OK, Failure::status);
    let shown = Month {
        month: written(month),
        months: months(today),
        days: days(month),
        usage: models.usage_of(&caller, Span::Month(month)).await?,
        dearest: models.dearest(&caller, month, DEAREST).await?,
        shares: app.capabilities.assistant.shares(&caller, month).await?,
        reads: caller.permissions().has(Permission::ReadConversations),
        problem: problem.map(|failure| failure.0),
    };
    render.dashboard(&caller, status, |frame| usage(frame, shown)).await
}

/// The same as a file (RFC 4180), the latest day first.
///
/// # Errors
/// A page, for who may not, for a month that is none, or when the database does not answer.
pub async fn export(
    State(app): State<App>,
    Viewer(caller): Viewer,
    part: Result<Query<Part>, QueryRejection>,
) -> Result<Response, Failure> {
    let Query(part) = part.unwrap_or_default();
    let month = part.month(app.capabilities.services.now().date())?;
    let usage = app.capabilities.llm.usage_of(&caller, Span::Month(month)).await?;
    caller.scope().let_go();
    let broken = |_| Failure(Problem::new(ErrorCode::Internal, text!("The file could not be written. Try again.")));
    let mut file = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let head = ["day", "model_id", "model", "calls", "failures", "input", "cached", "output", "cost", "provider"];
    file.write_record(head).map_err(broken)?;
    for day in &usage {
        let line = [
            day.day.clone(),
            day.model.to_string(),
            cell(&day.name),
            day.calls.to_string(),
            day.failures.to_string(),
            day.used.input.to_string(),
            day.used.cached.to_string(),
            day.used.output.to_string(),
            day.cost.map(|cost| cost.to_string()).unwrap_or_default(),
            cell(day.provider.as_deref().unwrap_or_default()),
        ];
        file.write_record(line).map_err(broken)?;
    }
    let bytes = file.into_inner().map_err(|_| broken(csv::Error::from(std::io::Error::other(""))))?;
    let head = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"model-usage.csv\""), // lint:allow(file-name-header) always this name
    ];
    Ok((head, bytes).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    #[test]
    fn a_month_has_its_days_and_two_years_before_it_can_be_chosen() {
        let leap = days(date!(2028 - 02 - 10));
        assert_eq!((leap.len(), leap[0].as_str(), leap[28].as_str()), (29, "2028-02-01", "2028-02-29"));
        assert_eq!(days(date!(2026 - 12 - 31)).len(), 31);
        let all = months(date!(2026 - 03 - 31));
        assert_eq!(
            (all.len(), all[0].as_str(), all[1].as_str(), all[24].as_str()),
            (25, "2026-03", "2026-02", "2024-03")
        );
        let of = |month: &str| Part { month: month.to_owned() }.month(date!(2026 - 03 - 31)).ok();
        assert_eq!((of(""), of("2025-01")), (Some(date!(2026 - 03 - 31)), Some(date!(2025 - 01 - 01))));
        assert_eq!(of("soon"), None);
    }
}
