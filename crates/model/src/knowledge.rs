//! What the wire says about documents, passages and answers.

use crate::id::NotAnId;
use crate::llm::Usage;
use crate::names::names;
use crate::{ChunkId, ConversationId, DocumentId, ReceiptId, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr};

/// How a document is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub enum DocumentKind {
    /// Running text, with the headings of Markdown where there are any.
    Text,
    /// Pairs of a question and its answer.
    Qa,
}

impl DocumentKind {
    /// The name in the database and on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Qa => "qa",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "text" => Some(Self::Text),
            "qa" => Some(Self::Qa),
            _ => None,
        }
    }
}

/// How far a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub enum DocumentState {
    /// Kept, and waiting to be read.
    Queued,
    /// Being read.
    Processing,
    /// Answers can come from it.
    Ready,
    /// It could not be read; `error` says why.
    Failed,
}

impl DocumentState {
    /// The name in the database and on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Processing => "processing",
            Self::Ready => "ready",
            Self::Failed => "failed",
        }
    }

    /// The state of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Queued, Self::Processing, Self::Ready, Self::Failed].into_iter().find(|state| state.name() == name)
    }
}

/// A document, without its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Document {
    /// Its id.
    pub id: DocumentId,
    /// What people call it.
    pub title: String,
    /// The name of the file that it came in.
    pub file_name: String,
    /// How it is read.
    pub kind: DocumentKind,
    /// How far it is.
    pub state: DocumentState,
    /// Why it could not be read.
    pub error: Option<String>,
    /// Pieces that can be found.
    pub chunk_count: u32,
    /// Size of the file, in bytes.
    pub bytes: u64,
    /// Whether it is searched by meaning, too, and not by its words alone.
    pub by_meaning: bool,
    /// When it was uploaded.
    pub created_at: Timestamp,
    /// When its state last changed.
    pub updated_at: Timestamp,
}

/// How far a model of the workspace's own is that reads its documents for the search.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SearchProgress {
    /// What its provider calls it; nothing, where none is chosen.
    pub model: Option<String>,
    /// Pieces of documents that it has read.
    pub read: u64,
    /// All pieces that there are.
    pub all: u64,
    /// Why it does not read on, where it does not.
    pub reading: Option<SearchFault>,
    /// Why it did not understand a question, the last time in a day that it did not: that was searched without it.
    pub asking: Option<SearchFault>,
}

/// That a model for the search has not answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SearchFault {
    /// Why, in English.
    pub why: String,
    /// When.
    pub at: Timestamp,
}

/// A piece of a document that a search found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Passage {
    /// The piece.
    pub chunk_id: ChunkId,
    /// The document that it is from.
    pub document_id: DocumentId,
    /// The document's title and the headings above the piece.
    pub title: String,
    /// The piece, as it stands in the document.
    pub text: String,
    /// How well it fits, from 0 to 1. Good for comparing the results of one search.
    pub score: f32,
}

/// Where a part of an answer stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Citation {
    /// The document.
    pub document_id: DocumentId,
    /// The piece of it.
    pub chunk_id: ChunkId,
    /// The document's title and the headings above the piece.
    pub title: String,
    /// The very words.
    pub quote: String,
    /// Where the sentence of the answer begins that cites it first: how many characters stand before it (Unicode scalar values, neither bytes nor
    /// UTF-16). Not there where no sentence does.
    // Told to programs and to the widget, which underlines it: the dashboard's part in the browser does not know it.
    #[cfg(feature = "ssr")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<u32>,
    /// Where that sentence ends: the same, up to its end.
    #[cfg(feature = "ssr")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<u32>,
}

#[cfg(feature = "ssr")]
impl Citation {
    /// The source of these words of an answer, by where they stand in bytes.
    #[must_use]
    pub fn of(self, answer: &str, words: &std::ops::Range<usize>) -> Self {
        let before = |at: usize| characters(answer.get(..at)?);
        Self { start: before(words.start), end: before(words.end), ..self }
    }

    /// The same, where something stands before the answer.
    #[must_use]
    pub fn behind(self, before: &str) -> Self {
        let moved = |at: Option<u32>| at?.checked_add(characters(before)?);
        Self { start: moved(self.start), end: moved(self.end), ..self }
    }
}

#[cfg(feature = "ssr")]
fn characters(text: &str) -> Option<u32> {
    u32::try_from(text.chars().count()).ok()
}

names!(
    /// What an answer is.
    Outcome {
        /// What answers the question.
        Answer = "answer",
        /// The passages nearest to it, which may answer it or not.
        Passages = "passages",
        /// Nothing: the documents do not say.
        Refused = "refused",
    }
);

/// What the documents say to a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Answer {
    /// The answer; or what is nearest, and that it is no answer; or the sentence that says that there is none.
    pub answer: String,
    /// Which of these it is.
    pub outcome: Outcome,
    /// Where it stands, the nearest first; empty when the question was refused.
    pub citations: Vec<Citation>,
    /// Whether every statement of the answer stands in a citation, or in what a tool of the workspace's has told.
    pub grounded: bool,
    /// Whether the documents do not say: `outcome` is `refused`.
    pub refused: bool,
    /// The model that wrote it, as its provider calls it. Not there where the built-in answerer told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// What was read and written by a model for it, also where what it wrote was not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// Where it stands what the answer was made of, for 90 days: `GET /api/v1/answers/{id}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt_id: Option<ReceiptId>,
}

impl Answer {
    /// One of the built-in answerer's, every statement of which stands in a citation.
    pub fn told(outcome: Outcome, answer: impl Into<String>, citations: Vec<Citation>) -> Self {
        let refused = outcome == Outcome::Refused;
        let (model, usage, receipt_id) = (None, None, None);
        Self { answer: answer.into(), outcome, citations, grounded: true, refused, model, usage, receipt_id }
    }
}

/// What a question in a conversation goes by: the conversation, and the number of the message that was said to it.
/// `conv_…-12` everywhere but in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AskedId {
    /// The conversation.
    pub conversation: ConversationId,
    /// The number of the message.
    pub seq: u64,
}

impl fmt::Display for AskedId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.conversation, self.seq)
    }
}

impl FromStr for AskedId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let (conversation, seq) = text.split_once('-').ok_or(NotAnId)?;
        let id = Self { conversation: conversation.parse()?, seq: seq.parse().map_err(|_| NotAnId)? };
        // One spelling a question.
        if id.to_string() == text { Ok(id) } else { Err(NotAnId) }
    }
}

impl Serialize for AskedId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AskedId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "ssr")]
impl utoipa::PartialSchema for AskedId {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        crate::schema::text("^conv_[0-9a-f]{32}-[0-9]+$", None)
    }
}

#[cfg(feature = "ssr")]
impl utoipa::ToSchema for AskedId {}

/// What was asked and not answered: one question, or several that differ in marks and capital letters alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Unanswered {
    /// What it goes by: the one that was asked last.
    pub id: AskedId,
    /// The question, as it was asked last; with the one before it, where it stands on that. The last 500 characters.
    pub question: String,
    /// How often it was asked.
    pub times: u32,
    /// When it was asked last.
    pub last_at: Timestamp,
    /// What was said to it then: what is nearest, or that the documents do not say.
    pub outcome: Outcome,
    /// The conversation in which it was asked last.
    pub conversation_id: ConversationId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "ssr")]
    #[test]
    fn where_a_sentence_stands_is_counted_in_characters() {
        let bare = Citation {
            document_id: DocumentId::from_uuid(uuid::Uuid::nil()),
            chunk_id: ChunkId::from_uuid(uuid::Uuid::nil()),
            title: String::new(),
            quote: String::new(),
            start: None,
            end: None,
        };
        let text = "Få räkor 🦐. Åter till oss.";
        let at = text.find('Å').unwrap();
        let cited = bare.clone().of(text, &(at..text.len()));
        assert_eq!((cited.start, cited.end), (Some(12), Some(26)));
        let behind = cited.behind("“Räkor?”\n");
        assert_eq!((behind.start, behind.end), (Some(21), Some(35)));
        assert_eq!(bare.behind("x").start, None);
    }

    #[test]
    fn a_question_goes_by_one_name() {
        let name = "conv_019aa1b2c3d47e8f90a1b2c3d4e5f607-12";
        let id: AskedId = name.parse().unwrap();
        assert_eq!((id.seq, id.to_string().as_str()), (12, name));
        let conversation = "conv_019aa1b2c3d47e8f90a1b2c3d4e5f607";
        for bad in ["", "-", "-12", "x-12", "msg_019aa1b2c3d47e8f90a1b2c3d4e5f607-12"] {
            assert_eq!(bad.parse::<AskedId>(), Err(NotAnId), "{bad:?}");
        }
        for seq in ["", "-", "-x", "-+1", "--1", "-012", "-1 ", "-99999999999999999999"] {
            assert_eq!(format!("{conversation}{seq}").parse::<AskedId>(), Err(NotAnId), "{seq:?}");
        }
    }
}
