//! A company measures its assistant on questions of its own: they are asked one after the other, as a job, and what came of each is kept.
//!
//! *Guarantees:* the built-in answerer answers, so that a run costs nothing but what a search model costs; a question waits for its turn as everybody's do, and a company has one
//! run at a time. A run that is cut off goes on where it was, and after some questions it stands in line again, behind others' documents and runs.
//! What is told is what `answer` tells.

mod file;

pub use file::{MOST_BYTES, read_questions};

use crate::measure::{Asked, Kind, differences, groups, holds, measure, plain};
use crate::{Assistant, Models};
use file::checked;
use knowledge::{KnowledgeError, normalized};
use model::audit::Act;
use model::evaluation::{
    Evaluation, EvaluationComparison, EvaluationFigure, EvaluationReport, EvaluationResult, EvaluationState,
    ExpectedQuestion, FigureChange, FigureValue,
};
use model::knowledge::{Answer, Outcome};
use model::permission::{ManageAssistant, ReadDocuments};
use model::{ErrorCode, EvaluationId, Fault, Problem};
use shares::aside;
use std::collections::HashMap;
use std::time::Duration;
use store::audit::{self, Entry};
use store::jobs::{self, Handler, Job, JobError, Lane, Task};
use store::services::timestamp;
use store::{Caller, Denied, Right, Services, StoreError, TenantTx};
use time::OffsetDateTime;
use uuid::Uuid;
use words::{Text, text};

/// Most questions of a run.
pub const MOST_QUESTIONS: usize = 200;
/// Runs that are kept, the newest.
const KEPT: i64 = 20;
/// Runs that are begun within a day.
const A_DAY: i64 = 10;
/// Questions that are asked in one turn.
const A_TURN: usize = 20;
/// Characters of its name, and of what was told that are kept.
const NAME: usize = 100;
const TOLD: usize = 2_000;

/// The figures that are shown, by their names in `measure`: questions without an answer count as near misses there.
const FIGURES: [(EvaluationFigure, &str); 6] = [
    (EvaluationFigure::Precision, "precision"),
    (EvaluationFigure::Coverage, "coverage"),
    (EvaluationFigure::Shown, "shown"),
    (EvaluationFigure::RefusalPrecision, "refusal_precision"),
    (EvaluationFigure::RefusedUnanswerable, "refused_near_miss"),
    (EvaluationFigure::RefusedAnswerable, "refused_answerable"),
];

/// A use case that failed; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum EvaluationError {
    /// A field that is wrong, what is not there, what the caller may not, or the database's.
    #[error(transparent)]
    Knowledge(#[from] KnowledgeError),
    /// There is one that has not ended.
    #[error("a run of the tenant's has not ended")]
    Running,
    /// As many were begun within a day as may be.
    #[error("the tenant has begun {0} runs within a day")]
    TooMany(i64),
}

impl From<StoreError> for EvaluationError {
    fn from(error: StoreError) -> Self {
        KnowledgeError::from(error).into()
    }
}

impl From<sqlx::Error> for EvaluationError {
    fn from(error: sqlx::Error) -> Self {
        StoreError::from(error).into()
    }
}

impl From<Denied> for EvaluationError {
    fn from(denied: Denied) -> Self {
        KnowledgeError::from(denied).into()
    }
}

impl Fault for EvaluationError {
    fn problem(&self) -> Problem {
        match self {
            Self::Knowledge(error) => error.problem(),
            Self::Running => Problem::new(
                ErrorCode::Conflict,
                text!("Questions are being asked already. Wait until that has ended, or delete it."),
            ),
            Self::TooMany(most) => Problem::new(
                ErrorCode::Conflict,
                text!("A workspace can be measured {most} times in 24 hours. Try again later.", most),
            ),
        }
    }
}

/// Asks the questions of a run.
#[derive(Debug)]
pub struct RunEvaluation;

impl Job for RunEvaluation {
    const NAME: &'static str = "run_evaluation";
    const LANE: Lane = Lane::Bulk;
    /// A turn, while others ask as much.
    const DEADLINE: Duration = Duration::from_secs(30 * 60);
    type Subject = EvaluationId;
}

impl Handler<RunEvaluation> for Assistant {
    async fn run(&self, task: &Task<RunEvaluation>) -> Result<(), JobError> {
        let Some(Models { services, .. }) = &self.models else { return Ok(()) };
        let (caller, id) = (task.caller(), task.subject());
        let mut tx = services.store.tenant(task.scope()).await?;
        sqlx::query!(
            "update app.evaluations set state = 'running'
             where evaluation_id = $1 and state = 'waiting' and deleted_at is null",
            id.uuid()
        )
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
        // Nothing is held while a question is answered.
        let mut asked = 0;
        while let Some(next) = next(services, task).await? {
            let answer = self.answer(&caller, &next.question).await?;
            let mut tx = services.store.tenant(task.scope()).await?;
            sqlx::query!(
                "update app.evaluation_results set outcome = $3, told = $4, correct = $5
                 where evaluation_id = $1 and position = $2 and outcome is null",
                id.uuid(),
                next.position,
                answer.outcome.name(),
                told(&answer),
                right(next.expected.as_deref(), &answer)
            )
            .execute(&mut tx)
            .await?;
            asked += 1;
            if asked == A_TURN {
                // There are few places for such jobs: others have their turn. (Nor do tries add up, as long as something is done in each.)
                jobs::enqueue::<RunEvaluation>(&mut tx, services, task.scope(), id).await?;
                tx.commit().await?;
                services.wake_workers::<RunEvaluation>();
                return Ok(());
            }
            tx.commit().await?;
        }
        let mut tx = services.store.tenant(task.scope()).await?;
        sqlx::query!(
            "update app.evaluations set state = 'done', finished_at = $2 where evaluation_id = $1 and state = 'running'",
            id.uuid(),
            services.now()
        )
        .execute(&mut tx)
        .await?;
        Ok(tx.commit().await?)
    }

    async fn gave_up(&self, task: &Task<RunEvaluation>, error: &str) -> Result<(), JobError> {
        let Some(Models { services, .. }) = &self.models else { return Ok(()) };
        let mut tx = services.store.tenant(task.scope()).await?;
        sqlx::query!(
            "update app.evaluations set state = 'failed', error = left($2, 500), finished_at = $3
             where evaluation_id = $1 and state in ('waiting', 'running')",
            task.subject().uuid(),
            error,
            services.now()
        )
        .execute(&mut tx)
        .await?;
        Ok(tx.commit().await?)
    }
}

/// A question that is still to be asked.
struct Next {
    position: i32,
    question: String,
    expected: Option<String>,
}

/// The next one of a run that goes on.
async fn next(services: &Services, task: &Task<RunEvaluation>) -> Result<Option<Next>, JobError> {
    let mut tx = services.store.tenant(task.scope()).await?;
    let next = sqlx::query_as!(
        Next,
        "select r.position, r.question, r.expected
         from app.evaluation_results r
         join app.evaluations e on e.tenant_id = r.tenant_id and e.evaluation_id = r.evaluation_id
         where r.evaluation_id = $1 and r.outcome is null and e.state = 'running'
         order by r.position limit 1",
        task.subject().uuid()
    )
    .fetch_optional(&mut tx)
    .await?;
    tx.commit().await?;
    Ok(next)
}

/// What was told, as far as it is kept.
fn told(answer: &Answer) -> String {
    let quotes = || answer.citations.iter().map(|cited| cited.quote.as_str()).collect::<Vec<_>>().join("\n\n");
    let told = match answer.outcome {
        Outcome::Answer => answer.answer.clone(),
        Outcome::Passages => quotes(),
        Outcome::Refused => String::new(),
    };
    told.chars().take(TOLD).collect()
}

/// Whether that was right: the words that answer are in it; or there are none, and none was given as an answer.
fn right(expected: Option<&str>, answer: &Answer) -> bool {
    let Some(expected) = expected.map(plain) else { return answer.outcome != Outcome::Answer };
    answer.citations.iter().any(|cited| holds(&format!("{}\n{}", cited.title, cited.quote), &expected))
}

struct Row {
    evaluation_id: Uuid,
    name: String,
    state: String,
    error: Option<String>,
    created_at: OffsetDateTime,
    finished_at: Option<OffsetDateTime>,
    questions: i64,
    asked: i64,
    right: i64,
}

fn count(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

impl TryFrom<Row> for Evaluation {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: EvaluationId::from_uuid(row.evaluation_id),
            name: row.name,
            state: EvaluationState::from_name(&row.state).ok_or(StoreError::Corrupt("evaluations.state"))?,
            error: row.error,
            questions: count(row.questions),
            asked: count(row.asked),
            right: count(row.right),
            created_at: timestamp(row.created_at),
            finished_at: row.finished_at.map(timestamp),
        })
    }
}

/// The right to measure: to see to the assistant, and to read what its documents say.
fn measures(caller: &Caller) -> Result<Right<'_, ManageAssistant>, Denied> {
    caller.may(ReadDocuments)?;
    caller.may(ManageAssistant)
}

/// One that is there.
async fn one(tx: &mut TenantTx, id: EvaluationId) -> Result<Evaluation, EvaluationError> {
    let row = sqlx::query_as!(
        Row,
        r#"select e.evaluation_id, e.name, e.state, e.error, e.created_at, e.finished_at, count(r.position) as "questions!",
             count(r.outcome) as "asked!", count(*) filter (where r.correct) as "right!"
           from app.evaluations e
           left join app.evaluation_results r on r.tenant_id = e.tenant_id and r.evaluation_id = e.evaluation_id
           where e.evaluation_id = $1 and e.deleted_at is null
           group by e.tenant_id, e.evaluation_id"#,
        id.uuid()
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.ok_or(KnowledgeError::NotFound)?.try_into()?)
}

/// The one that has not ended, with its questions.
async fn under_way(tx: &mut TenantTx) -> Result<Option<(Evaluation, Vec<(String, String)>)>, EvaluationError> {
    let found = sqlx::query_scalar!(
        "select evaluation_id from app.evaluations where state in ('waiting', 'running') and deleted_at is null limit 1"
    );
    let Some(id) = found.fetch_optional(&mut *tx).await? else { return Ok(None) };
    let rows = sqlx::query!(
        r#"select question, coalesce(expected, '') as "expected!" from app.evaluation_results
           where evaluation_id = $1 order by position"#,
        id
    )
    .fetch_all(&mut *tx)
    .await?;
    let begun = one(tx, EvaluationId::from_uuid(id)).await?;
    Ok(Some((begun, rows.into_iter().map(|row| (row.question, row.expected)).collect())))
}

/// What came of the questions that were asked.
async fn results(tx: &mut TenantTx, id: EvaluationId) -> Result<Vec<EvaluationResult>, EvaluationError> {
    let rows = sqlx::query!(
        r#"select position, question, expected, outcome as "outcome!", told as "told!", correct as "correct!"
           from app.evaluation_results where evaluation_id = $1 and outcome is not null order by position"#,
        id.uuid()
    )
    .fetch_all(tx)
    .await?;
    let result = |(position, question, expected, outcome, told, right): (i32, _, _, String, _, _)| {
        let outcome = Outcome::from_name(&outcome).ok_or(StoreError::Corrupt("evaluation_results.outcome"))?;
        let number = u32::try_from(position).unwrap_or_default();
        Ok::<_, StoreError>(EvaluationResult { number, question, expected, outcome, told, right })
    };
    let rows = rows.into_iter().map(|r| (r.position, r.question, r.expected, r.outcome, r.told, r.correct));
    Ok(rows.map(result).collect::<Result<_, _>>()?)
}

impl Assistant {
    fn measured_by(&self) -> Result<&Services, KnowledgeError> {
        self.models.as_ref().map(|models| &models.services).ok_or(KnowledgeError::NotFound)
    }

    /// Begins a run; the oldest beyond the 20 newest goes. The same one twice, while it has not ended, is one.
    ///
    /// # Errors
    /// [`KnowledgeError::Denied`] without `assistant.manage` and `documents.read`, [`KnowledgeError::Invalid`] for a name or questions that cannot be
    /// (fields `name`, `questions`), [`EvaluationError::Running`], [`EvaluationError::TooMany`], or the database's.
    #[tracing::instrument(name = "db.evaluation.begin", skip_all)]
    pub async fn begin_evaluation(
        &self,
        caller: &Caller,
        name: &str,
        questions: &[ExpectedQuestion],
    ) -> Result<Evaluation, EvaluationError> {
        let right = measures(caller)?;
        let name = named(name).map_err(|why| KnowledgeError::field("name", why))?;
        let questions = checked(questions).map_err(|why| KnowledgeError::field("questions", why))?;
        let services = self.measured_by()?;
        let (tenant, now) = (right.scope().tenant().uuid(), services.now());
        let id = EvaluationId::from_uuid(services.new_id());
        let mut tx = services.store.tenant(right.scope()).await?;
        // One after the other, so that they are counted.
        sqlx::query!("select tenant_id from app.tenants for no key update").fetch_optional(&mut tx).await?;
        let day = now - time::Duration::DAY;
        let there = sqlx::query!(
            r#"select count(*) filter (where state in ('waiting', 'running')) as "running!",
                 count(*) filter (where created_at > $1) as "today!"
               from app.evaluations"#,
            day
        )
        .fetch_one(&mut tx)
        .await?;
        if there.running > 0 {
            // Twice sent is one.
            return match under_way(&mut tx).await? {
                Some((begun, asks)) if begun.name == name && asks == questions => Ok(begun),
                _ => Err(EvaluationError::Running),
            };
        }
        if there.today >= A_DAY {
            return Err(EvaluationError::TooMany(A_DAY));
        }
        sqlx::query!(
            "insert into app.evaluations (tenant_id, evaluation_id, name, state, created_at) values ($1, $2, $3, 'waiting', $4)",
            tenant,
            id.uuid(),
            name,
            now
        )
        .execute(&mut tx)
        .await?;
        let (asked, expected): (Vec<String>, Vec<String>) = questions.into_iter().unzip();
        sqlx::query!(
            "insert into app.evaluation_results (tenant_id, evaluation_id, position, question, expected)
             select $1, $2, q.n::int, q.question, nullif(q.expected, '')
             from unnest($3::text[], $4::text[]) with ordinality as q (question, expected, n)",
            tenant,
            id.uuid(),
            &asked,
            &expected
        )
        .execute(&mut tx)
        .await?;
        // Those that are deleted count for a day.
        sqlx::query!(
            "delete from app.evaluations
             where deleted_at is not null and created_at <= $1
               or evaluation_id in (
                 select evaluation_id from app.evaluations where deleted_at is null
                 order by created_at desc, evaluation_id desc offset $2)",
            day,
            KEPT
        )
        .execute(&mut tx)
        .await?;
        jobs::enqueue::<RunEvaluation>(&mut tx, services, right.scope(), id).await?;
        let entry = Entry::new(Act::EvaluationBegun).to(id.uuid(), &name).is("questions", asked.len().to_string());
        audit::record(&mut tx, services, caller, entry).await?;
        let begun = one(&mut tx, id).await?;
        tx.commit().await?;
        services.wake_workers::<RunEvaluation>();
        Ok(begun)
    }

    /// The runs, the newest first: 20 at most.
    ///
    /// # Errors
    /// [`KnowledgeError::Denied`] as for [`Self::begin_evaluation`], or the database's.
    #[tracing::instrument(name = "db.evaluation.list", skip_all)]
    pub async fn evaluations(&self, caller: &Caller) -> Result<Vec<Evaluation>, EvaluationError> {
        let right = measures(caller)?;
        let mut tx = self.measured_by()?.store.tenant(right.scope()).await?;
        let rows = sqlx::query_as!(
            Row,
            r#"select e.evaluation_id, e.name, e.state, e.error, e.created_at, e.finished_at,
                 count(r.position) as "questions!", count(r.outcome) as "asked!", count(*) filter (where r.correct) as "right!"
               from app.evaluations e
               left join app.evaluation_results r on r.tenant_id = e.tenant_id and r.evaluation_id = e.evaluation_id
               where e.deleted_at is null
               group by e.tenant_id, e.evaluation_id
               order by e.created_at desc, e.evaluation_id desc limit $1"#,
            KEPT
        )
        .fetch_all(&mut tx)
        .await?;
        tx.leave_open();
        Ok(rows.into_iter().map(Evaluation::try_from).collect::<Result<_, _>>()?)
    }

    /// What came of a run, so far, beside an earlier one, where that is asked for.
    ///
    /// # Errors
    /// [`KnowledgeError::Denied`] as for [`Self::begin_evaluation`], [`KnowledgeError::NotFound`] for either that is not there,
    /// [`KnowledgeError::Busy`], or the database's.
    #[tracing::instrument(name = "db.evaluation.report", skip_all)]
    pub async fn evaluation(
        &self,
        caller: &Caller,
        id: EvaluationId,
        against: Option<EvaluationId>,
    ) -> Result<EvaluationReport, EvaluationError> {
        let right = measures(caller)?;
        let mut tx = self.measured_by()?.store.tenant(right.scope()).await?;
        let (evaluation, results_of) = (one(&mut tx, id).await?, results(&mut tx, id).await?);
        let before = match against {
            Some(other) => {
                one(&mut tx, other).await?;
                Some((other, results(&mut tx, other).await?))
            }
            None => None,
        };
        tx.leave_open();
        let against = match before {
            Some((other, before)) => {
                // Before a place is waited for.
                caller.scope().let_go();
                let place = self.comparing.enter(right.scope().tenant()).await.map_err(|_| KnowledgeError::Busy)?;
                Some(compared(other, &before, &results_of, place).await?)
            }
            None => None,
        };
        Ok(report(evaluation, results_of, against))
    }

    /// Deletes a run, and ends it where it goes on. It counts among those of its day.
    ///
    /// # Errors
    /// [`KnowledgeError::Denied`] as for [`Self::begin_evaluation`], [`KnowledgeError::NotFound`], or the database's.
    #[tracing::instrument(name = "db.evaluation.delete", skip_all)]
    pub async fn delete_evaluation(&self, caller: &Caller, id: EvaluationId) -> Result<(), EvaluationError> {
        let right = measures(caller)?;
        let services = self.measured_by()?;
        let mut tx = services.store.tenant(right.scope()).await?;
        let deleted = sqlx::query!(
            "update app.evaluations set deleted_at = $2, finished_at = coalesce(finished_at, $2),
               state = case when state in ('waiting', 'running') then 'failed' else state end
             where evaluation_id = $1 and deleted_at is null returning name",
            id.uuid(),
            services.now()
        )
        .fetch_optional(&mut tx)
        .await?;
        let deleted = deleted.ok_or(KnowledgeError::NotFound)?;
        sqlx::query!("delete from app.evaluation_results where evaluation_id = $1", id.uuid()).execute(&mut tx).await?;
        let entry = Entry::new(Act::EvaluationDeleted).to(id.uuid(), &deleted.name);
        audit::record(&mut tx, services, caller, entry).await?;
        Ok(tx.commit().await?)
    }
}

/// What a run is called.
fn named(name: &str) -> Result<String, Text> {
    let name = normalized(name).split_whitespace().collect::<Vec<_>>().join(" ");
    if name.is_empty() || name.chars().count() > NAME {
        return Err(text!("Use 1 to {most} characters.", most = NAME));
    }
    if name.contains(char::is_control) { Err(text!("Use ordinary characters.")) } else { Ok(name) }
}

/// A result as `measure` counts it: a document for each question, for those that are right and wrong together are not known.
fn counted(result: &EvaluationResult) -> Asked {
    let kind = if result.expected.is_some() { Kind::Answerable } else { Kind::NearMiss };
    Asked {
        part: String::new(),
        doc: result.number.to_string(),
        trade: String::new(),
        q: result.question.clone(),
        kind,
        style: None,
        a: result.expected.clone(),
        ranks: Vec::new(),
        outcome: result.outcome,
        right: kind == Kind::Answerable && result.right,
        grounded: None,
        ms: 0.0,
        answer: String::new(),
        citations: Vec::new(),
        written: None,
    }
}

fn report(
    evaluation: Evaluation,
    results: Vec<EvaluationResult>,
    against: Option<EvaluationComparison>,
) -> EvaluationReport {
    let all: Vec<Asked> = results.iter().map(counted).collect();
    let groups = groups(&all);
    let measured = groups.first().map(measure);
    let figures = FIGURES.iter().filter_map(|(figure, name)| {
        let value = measured.as_ref()?.figures.get(name)?;
        let (low, high) = value.interval?;
        Some(FigureValue { figure: *figure, value: value.value, low, high, of: value.of })
    });
    let figures = figures.collect();
    let times =
        |outcome| count(i64::try_from(results.iter().filter(|r| r.outcome == outcome).count()).unwrap_or(i64::MAX));
    EvaluationReport {
        answers: times(Outcome::Answer),
        passages: times(Outcome::Passages),
        refused: times(Outcome::Refused),
        evaluation,
        figures,
        results,
        against,
    }
}

/// Results beside those of before: on a thread of its own that steps back, since much is drawn for it. What is `held` is held as long as that works.
async fn compared(
    other: EvaluationId,
    before: &[EvaluationResult],
    after: &[EvaluationResult],
    held: impl Send + 'static,
) -> Result<EvaluationComparison, KnowledgeError> {
    let was: HashMap<_, _> = before.iter().map(|result| ((&result.question, &result.expected), result)).collect();
    let pairs: Vec<(&EvaluationResult, &EvaluationResult)> =
        after.iter().filter_map(|is| Some((*was.get(&(&is.question, &is.expected))?, is))).collect();
    let times = |counts: fn(bool, bool) -> bool| {
        let counted = pairs.iter().filter(|(before, after)| counts(before.right, after.right));
        u32::try_from(counted.count()).unwrap_or(u32::MAX)
    };
    let (in_both, better, worse) = (times(|_, _| true), times(|was, is| is && !was), times(|was, is| was && !is));
    let pairs: Vec<(Asked, Asked)> = pairs.iter().map(|(before, after)| (counted(before), counted(after))).collect();
    let changes = aside("compare-evaluations", move || {
        let _held = held;
        let pairs: Vec<(&Asked, &Asked)> = pairs.iter().map(|pair| (&pair.0, &pair.1)).collect();
        differences(&pairs)
    });
    let changes = changes.await.map_err(|_| KnowledgeError::Busy)?;
    let figures = FIGURES.iter().filter_map(|(figure, name)| {
        let change = changes.iter().find(|change| change.figure == *name)?;
        Some(FigureChange {
            figure: *figure,
            before: change.before,
            after: change.after,
            low: change.interval.0,
            high: change.interval.1,
            beyond_chance: change.beyond_chance,
        })
    });
    Ok(EvaluationComparison { before: other, in_both, better, worse, figures: figures.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::knowledge::Citation;
    use model::{ChunkId, DocumentId};

    fn answer(outcome: Outcome, quotes: &[&str]) -> Answer {
        let cited = quotes.iter().map(|quote| Citation {
            document_id: DocumentId::from_uuid(Uuid::nil()),
            chunk_id: ChunkId::from_uuid(Uuid::nil()),
            title: "Returns".to_owned(),
            quote: (*quote).to_owned(),
            start: None,
            end: None,
        });
        Answer::told(outcome, quotes.first().copied().unwrap_or_default(), cited.collect())
    }

    fn result(number: u32, expected: Option<&str>, outcome: Outcome, right: bool) -> EvaluationResult {
        let (question, expected) = (format!("Question {number}?"), expected.map(str::to_owned));
        EvaluationResult { number, question, expected, outcome, told: String::new(), right }
    }

    #[test]
    fn what_is_right_holds_the_words_or_is_no_answer() {
        let said = answer(Outcome::Answer, &["Within **60 days** of delivery."]);
        assert!(right(Some("60 days"), &said) && right(Some("Returns"), &said) && !right(Some("90 days"), &said));
        assert!(!right(None, &said));
        let near = answer(Outcome::Passages, &["Gift cards.", "Within 60\u{a0}days."]);
        assert!(right(Some("60 days"), &near) && right(None, &near));
        assert_eq!(told(&near), "Gift cards.\n\nWithin 60\u{a0}days.");
        let refused = answer(Outcome::Refused, &[]);
        assert!(right(None, &refused) && !right(Some("60 days"), &refused) && told(&refused).is_empty());
        assert_eq!(told(&answer(Outcome::Answer, &[&"å".repeat(3_000)])).chars().count(), TOLD);
    }

    #[test]
    fn figures_are_those_of_the_questions() {
        let results = vec![
            result(1, Some("a"), Outcome::Answer, true),
            result(2, Some("b"), Outcome::Passages, true),
            result(3, Some("c"), Outcome::Refused, false),
            result(4, None, Outcome::Refused, true),
            result(5, None, Outcome::Answer, false),
        ];
        let evaluation = Evaluation {
            id: EvaluationId::from_uuid(Uuid::nil()),
            name: "Ours".to_owned(),
            state: EvaluationState::Done,
            error: None,
            questions: 5,
            asked: 5,
            right: 3,
            created_at: model::Timestamp::from_millis(0),
            finished_at: None,
        };
        let report = report(evaluation, results, None);
        assert_eq!((report.answers, report.passages, report.refused), (2, 1, 2));
        let values: Vec<_> = report.figures.iter().map(|value| (value.figure, value.of, value.value)).collect();
        let third = 1.0 / 3.0;
        for (figure, of, value) in [
            (EvaluationFigure::Precision, 2, 0.5),
            (EvaluationFigure::Coverage, 3, third),
            (EvaluationFigure::Shown, 3, 2.0 * third),
            (EvaluationFigure::RefusalPrecision, 2, 0.5),
            (EvaluationFigure::RefusedUnanswerable, 2, 0.5),
            (EvaluationFigure::RefusedAnswerable, 3, third),
        ] {
            let found = values.iter().find(|(other, ..)| *other == figure);
            assert!(found.is_some_and(|(_, n, is)| *n == of && (is - value).abs() < 1e-9), "{figure:?}: {values:?}");
        }
    }

    #[tokio::test]
    async fn two_runs_are_compared_by_the_questions_of_both() {
        let run = |right: bool| -> Vec<EvaluationResult> {
            let outcome = if right { Outcome::Answer } else { Outcome::Refused };
            (1..=20).map(|number| result(number, Some("a"), outcome, right)).collect()
        };
        let mut after = run(true);
        after.push(result(21, None, Outcome::Refused, true));
        let id = EvaluationId::from_uuid(Uuid::nil());
        let against = compared(id, &run(false), &after, ()).await.unwrap();
        assert_eq!((against.in_both, against.better, against.worse), (20, 20, 0));
        let coverage = against.figures.iter().find(|change| change.figure == EvaluationFigure::Coverage).unwrap();
        assert!(coverage.beyond_chance && coverage.low > 0.9, "{coverage:?}");
        let same = compared(id, &after, &after, ()).await.unwrap();
        assert!(same.better == 0 && same.figures.iter().all(|change| !change.beyond_chance), "{same:?}");
        let nothing = compared(id, &[], &after, ()).await.unwrap();
        assert!(nothing.in_both == 0 && nothing.figures.is_empty());
    }

    #[test]
    fn names_are_ordinary() {
        assert_eq!(named("  Before \n the sale ").unwrap(), "Before the sale");
        for name in ["", "  ", "a\u{1b}b", &"a".repeat(NAME + 1)] {
            assert!(named(name).is_err(), "{name:?}");
        }
    }
}
