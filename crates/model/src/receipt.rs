//! The receipt of an answer: what it was made of, by what, how, and what it cost.

use crate::knowledge::Outcome;
use crate::llm::{Micros, Usage};
use crate::names::names;
use crate::{ChunkId, ConversationId, DocumentId, ModelId, ReceiptId, Timestamp};
use serde::{Deserialize, Serialize};
use words::{Text, text};

names!(
    /// How an answer came about.
    Verdict {
        /// The built-in answerer told it, and no model was asked.
        Quoted = "quoted",
        /// A model wrote it, and each sentence stands in its passages.
        Composed = "composed",
        /// A model wrote it, and sentences that do not stand in their passages were taken out.
        Shortened = "shortened",
        /// A model found no answer in the passages; the built-in answerer told what is nearest, or that there is none.
        Nothing = "nothing",
        /// What a model wrote does not stand in the passages; the built-in answerer told this instead.
        Unsupported = "unsupported",
        /// No model answered; the built-in answerer did.
        Failed = "failed",
        /// The budget did not allow to ask a model; the built-in answerer told it.
        OverBudget = "over_budget",
    }
);

impl Verdict {
    /// What it means, for people.
    pub const fn sentence(self) -> Text {
        match self {
            Self::Quoted => text!("Quoted by the built-in answerer; no model was asked"),
            Self::Composed => text!("Written by a model; each sentence stands in its passages"),
            Self::Shortened => {
                text!("Written by a model; sentences that do not stand in their passages were taken out")
            }
            Self::Nothing => text!("The model found no answer in the passages"),
            Self::Unsupported => text!("What the model wrote does not stand in the passages, so it was not told"),
            Self::Failed => text!("No model answered, so the built-in answerer did"),
            Self::OverBudget => text!("The budget is used up, so the built-in answerer told it"),
        }
    }
}

names!(
    /// What was done for an answer.
    StepKind {
        /// Passages were looked for.
        Search = "search",
        /// They were read beside the question.
        Judged = "judged",
        /// It was decided without a model.
        Decided = "decided",
        /// A model was asked.
        Asked = "asked",
        /// What it wrote was compared with the passages.
        Checked = "checked",
        /// The built-in answerer took over.
        FellBack = "fell_back",
    }
);

impl StepKind {
    /// What people call it.
    pub const fn words(self) -> Text {
        match self {
            Self::Search => text!("Searched"),
            Self::Judged => text!("Read beside the question"),
            Self::Decided => text!("Decided without a model"),
            Self::Asked => text!("Asked a model"),
            Self::Checked => text!("Compared with the passages"),
            Self::FellBack => text!("The built-in answerer took over"),
        }
    }
}

/// Something that was done for an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema), schema(as = AnswerStep))]
pub struct Step {
    /// What.
    pub step: StepKind,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// What came of it, in words.
    pub what: Text,
}

/// A passage that was there to answer from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ReadPassage {
    /// The document.
    pub document_id: DocumentId,
    /// The piece of it.
    pub chunk_id: ChunkId,
    /// The document's title and the headings above the piece, as they were then.
    pub title: String,
    /// SHA-256 of the piece's text, in hexadecimal: whether it is still what it was.
    pub sha256: String,
    /// Whether the answer cites it.
    pub cited: bool,
}

/// How a model was asked, and what it came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct AskedModel {
    /// SHA-256 of all that was sent as a prompt, in hexadecimal.
    pub prompt_sha256: String,
    /// Most tokens that the answer might have.
    pub most_tokens: u32,
    /// Which model answered; none where none did.
    pub model_id: Option<ModelId>,
    /// That one, as its provider calls it.
    pub model: Option<String>,
    /// What it read and wrote.
    pub usage: Option<Usage>,
    /// What that cost, in millionths of a unit of the workspace's currency; none without a price.
    pub cost: Option<Micros>,
}

/// What is written down of an answer, and authenticated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Record {
    /// What was asked.
    pub question: String,
    /// What was told.
    pub answer: String,
    /// What that is.
    pub outcome: Outcome,
    /// How it came about.
    pub verdict: Verdict,
    /// The passages that were there, as they were numbered.
    pub passages: Vec<ReadPassage>,
    /// The model that was asked, if one was.
    pub asked: Option<AskedModel>,
    /// What was done, in order.
    pub steps: Vec<Step>,
    /// The conversation that it was for, if it was for one.
    pub conversation_id: Option<ConversationId>,
}

/// The receipt of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Receipt {
    /// Its id.
    pub id: ReceiptId,
    /// When the answer was made.
    pub created_at: Timestamp,
    /// Whether `record` is what this installation wrote down then, by a keyed hash.
    pub genuine: bool,
    /// The number of the message in which it was said; none where it was not said in a conversation.
    pub seq: Option<u64>,
    /// What was written down.
    pub record: Record,
}

/// What a workspace has said of its assistant.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct AssistantWishes {
    /// Its name, its tone and what else a model is to know, besides the documents; at most 2,000 characters. Empty for nothing.
    #[cfg_attr(feature = "ssr", schema(max_length = 2000))]
    pub instruction: String,
}
