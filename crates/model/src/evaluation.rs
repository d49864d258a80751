//! What the wire says about runs of questions whose answers are known, and about what became of what visitors asked.

use crate::knowledge::Outcome;
use crate::names::names;
use crate::{EvaluationId, Timestamp};
use serde::{Deserialize, Serialize};
use words::{Text, text};

names!(
    /// How far a run is.
    EvaluationState {
        /// It waits for its turn.
        Waiting = "waiting",
        /// Its questions are being asked.
        Running = "running",
        /// All were asked.
        Done = "done",
        /// It could not be ended; `error` says why.
        Failed = "failed",
    }
);

/// A question whose answer is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ExpectedQuestion {
    /// The question, in the words of who asks.
    #[cfg_attr(feature = "ssr", schema(min_length = 1, max_length = 1000, pattern = r"\S"))]
    pub question: String,
    /// The words that answer, as they stand in a document, as few as will do: compared by letters and digits alone. Not there, or null, where the
    /// documents have no answer.
    #[serde(default)]
    #[cfg_attr(feature = "ssr", schema(min_length = 1, max_length = 500, pattern = r"\S"))]
    pub expected: Option<String>,
}

/// A run of questions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Evaluation {
    /// Its id.
    pub id: EvaluationId,
    /// What it is called.
    pub name: String,
    /// How far it is.
    pub state: EvaluationState,
    /// Why it could not be ended.
    pub error: Option<String>,
    /// How many questions it has.
    pub questions: u32,
    /// How many of them were asked.
    pub asked: u32,
    /// Of how many of these what was told was right.
    pub right: u32,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

names!(
    /// A figure: a share of questions.
    EvaluationFigure {
        /// Of the answers, those that are right; to a question without an answer none is.
        Precision = "precision",
        /// Of the questions with an answer, those answered rightly.
        Coverage = "coverage",
        /// Of these, those where the right words were shown, as an answer or among passages.
        Shown = "shown",
        /// Of the refusals, those of questions without an answer.
        RefusalPrecision = "refusal_precision",
        /// Of the questions without an answer, those refused.
        RefusedUnanswerable = "refused_unanswerable",
        /// Of the questions with an answer, those refused.
        RefusedAnswerable = "refused_answerable",
    }
);

impl EvaluationFigure {
    /// What people call it.
    pub const fn words(self) -> Text {
        match self {
            Self::Precision => text!("Of the answers given, right"),
            Self::Coverage => text!("Of what has an answer, answered rightly"),
            Self::Shown => text!("Of what has an answer, right words shown"),
            Self::RefusalPrecision => text!("Of the refusals, of what has no answer"),
            Self::RefusedUnanswerable => text!("Of what has no answer, refused"),
            Self::RefusedAnswerable => text!("Of what has an answer, refused"),
        }
    }
}

/// A figure's value. One that counts no question is not there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct FigureValue {
    /// Which.
    pub figure: EvaluationFigure,
    /// The share, 0 to 1.
    pub value: f64,
    /// From where it lies with 95 % (Wilson's interval).
    pub low: f64,
    /// To where.
    pub high: f64,
    /// How many questions it is of.
    pub of: u32,
}

/// What came of a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct EvaluationResult {
    /// Its number in the run, from 1.
    pub number: u32,
    /// The question.
    pub question: String,
    /// The words that answer; null where the documents have no answer.
    pub expected: Option<String>,
    /// What came.
    pub outcome: Outcome,
    /// What was told: the answer, or the quotes that are nearest, or nothing. The first 2,000 characters.
    pub told: String,
    /// Whether the words that answer are in what was told; where there is no answer, whether none was given.
    pub right: bool,
}

/// What a figure has become.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct FigureChange {
    /// Which.
    pub figure: EvaluationFigure,
    /// What it was.
    pub before: f64,
    /// What it is.
    pub after: f64,
    /// From where the difference lies with 95 % (a paired bootstrap over the questions).
    pub low: f64,
    /// To where.
    pub high: f64,
    /// Whether that is more than chance.
    pub beyond_chance: bool,
}

/// A run beside an earlier one: of the questions that both have asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct EvaluationComparison {
    /// The earlier one.
    pub before: EvaluationId,
    /// How many questions both have.
    pub in_both: u32,
    /// How many of these are right now and were not.
    pub better: u32,
    /// How many were right and are not now.
    pub worse: u32,
    /// What the figures have become.
    pub figures: Vec<FigureChange>,
}

/// What came of a run, so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct EvaluationReport {
    /// The run.
    pub evaluation: Evaluation,
    /// How many answers were given.
    pub answers: u32,
    /// How often passages were shown.
    pub passages: u32,
    /// How often it was refused.
    pub refused: u32,
    /// The figures.
    pub figures: Vec<FigureValue>,
    /// The questions that were asked, in their order.
    pub results: Vec<EvaluationResult>,
    /// It beside an earlier one, where that was asked for.
    pub against: Option<EvaluationComparison>,
}

/// What became of what visitors asked in the last 30 days: of the newest 10,000 questions.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct OutcomeCounts {
    /// Questions.
    pub asked: u32,
    /// Those that were answered.
    pub answered: u32,
    /// Those to which passages were shown, which are no answer.
    pub passages: u32,
    /// Those that were refused.
    pub refused: u32,
    /// Answers and passages of which who asked said that they answer.
    pub said_to_answer: u32,
    /// Of which they said that they do not.
    pub said_not_to: u32,
    /// Conversations with such questions that people see to now.
    pub with_people: u32,
    /// Conversations with such questions.
    pub conversations: u32,
    /// Of these, those that needed no person: each question was answered, unless who asked says otherwise, or they say that the passages answer it;
    /// and nobody was asked to join, or has joined.
    pub without_people: u32,
}
