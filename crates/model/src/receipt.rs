//! The receipt of an answer: what it was made of, by what, how, and what it cost.

use crate::knowledge::Outcome;
use crate::llm::{ImageType, Micros, Usage, Wire};
use crate::names::names;
use crate::{ChunkId, ConversationId, DocumentId, FactId, ModelId, PersonalityId, ReceiptId, Timestamp};
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
        /// It was said to what an intent of the personality knows; nothing was searched.
        Intended = "intended",
    }
);

impl Verdict {
    /// What it means, for people.
    pub const fn sentence(self) -> Text {
        match self {
            Self::Quoted => text!("Quoted by the built-in answerer; no model was asked for it"),
            Self::Composed => text!("Written by a model; each sentence stands in its passages"),
            Self::Shortened => {
                text!("Written by a model; sentences that do not stand in their passages were taken out")
            }
            Self::Nothing => text!("The model found no answer in the passages"),
            Self::Unsupported => text!("What the model wrote does not stand in the passages, so it was not told"),
            Self::Failed => text!("No model answered, so the built-in answerer did"),
            Self::OverBudget => text!("The budget is used up, so the built-in answerer told it"),
            Self::Intended => text!("Said as an intent of the personality has it; nothing was searched"),
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
        /// It called a tool.
        Called = "called",
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
            Self::Called => text!("It called a tool"),
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
    /// The document; none for what a tool has told.
    pub document_id: Option<DocumentId>,
    /// The piece of it; none for what a tool has told.
    pub chunk_id: Option<ChunkId>,
    /// The document's title and the headings above the piece, as they were then; the name of the tool.
    pub title: String,
    /// SHA-256 of the text, in hexadecimal: of a piece, whether it is still what it was.
    pub sha256: String,
    /// Whether the answer cites it.
    pub cited: bool,
    /// Whether it was not there at first: a model has searched for it while it wrote, or a tool has told it.
    #[serde(default)]
    pub later: bool,
}

/// How a model was asked, and what it came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct AskedModel {
    /// SHA-256 of all that was sent as a prompt at first, in hexadecimal.
    pub prompt_sha256: String,
    /// Most tokens that the answer might have.
    pub most_tokens: u32,
    /// Which model answered; none where none did.
    pub model_id: Option<ModelId>,
    /// That one, as its provider calls it.
    pub model: Option<String>,
    /// How that one was spoken with; none where none answered, and in receipts of before that was noted.
    #[serde(default)]
    pub wire: Option<Wire>,
    /// The names of the tools that it was offered for the answer, the search among them; empty in receipts of before that was noted.
    #[serde(default)]
    pub offered: Vec<String>,
    /// How often a model was called for it, those among them that gave no answer; 0 in receipts of before that was counted.
    #[serde(default)]
    pub calls: u32,
    /// What they read and wrote, all calls together.
    pub usage: Option<Usage>,
    /// What that cost, in millionths of a unit of the workspace's currency; none without a price.
    pub cost: Option<Micros>,
}

/// A picture that came with a question. It is not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct AskedImage {
    /// What it is.
    pub media_type: ImageType,
    /// SHA-256 of it as it came, in hexadecimal.
    pub sha256: String,
    /// Whether a model looked at it.
    pub seen: bool,
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
    /// The question together with the one before it, where it was read so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub together: Option<String>,
    /// The numbers of the messages before it in its conversation that a model read with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<u64>,
    /// The number of the last message in the summary that a model read with it; none where it read no summary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<u64>,
    /// What the contact had said of themself, as far as a model read it with the question.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<FactId>,
    /// The pictures that the question came with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<AskedImage>,
    /// What they show for it, as a model has put it in words: searched, and answered, together with the question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<String>,
    /// The receipt whose answer was made again here, to look at: it was said to nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay_of: Option<ReceiptId>,
    /// What the assistant was like then: none where no personality was made.
    #[serde(default)]
    pub personality_id: Option<PersonalityId>,
    /// Which version of that.
    #[serde(default)]
    pub personality_version: Option<i32>,
}

impl Record {
    /// How long it took, in milliseconds.
    pub fn took_ms(&self) -> u64 {
        self.steps.iter().fold(0_u64, |sum, step| sum.saturating_add(step.took_ms))
    }
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
    /// The same for whoever has a public key of `GET /api/v1/receipt-keys` and nothing else; none where it is not genuine.
    pub signed: Option<Signed>,
    /// What was written down.
    pub record: Record,
}

/// What an installation has signed of a receipt: it says that this is what it wrote down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema), schema(as = SignedReceipt))]
pub struct Signed {
    /// The text that was signed, to the letter: a JSON object of `samtal_receipt` (1), `tenant_id`, `receipt_id`, `created_at` and `record`, as that was
    /// written down.
    pub text: String,
    /// Ed25519 (RFC 8032) over its bytes in UTF-8: 64 bytes in Base64.
    #[cfg_attr(feature = "ssr", schema(content_encoding = "base64"))]
    pub signature: String,
    /// The id of the public key that verifies it.
    pub key_id: String,
}

/// A public key that verifies signatures of receipts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ReceiptKey {
    /// What it is known by: the first 32 hexadecimal digits of the SHA-256 of the key in DER.
    pub id: String,
    /// The key, as a PEM file has it.
    pub public_key: String,
    /// Whether its other half signs now; the others verify what they have signed before.
    pub signs: bool,
}

/// A receipt in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ReceiptLine {
    /// Its id.
    pub id: ReceiptId,
    /// When the answer was made.
    pub created_at: Timestamp,
    /// Whether what follows is what this installation wrote down then, by a keyed hash.
    pub genuine: bool,
    /// What was asked; empty where the record cannot be read any more.
    pub question: String,
    /// What the answer is; none where the record cannot be read any more.
    pub outcome: Option<Outcome>,
    /// How it came about; none where the record cannot be read any more.
    pub verdict: Option<Verdict>,
    /// The model that answered, as its provider calls it.
    pub model: Option<String>,
    /// What all calls for it cost; none without a price.
    pub cost: Option<Micros>,
    /// The conversation that it was for, if it was for one.
    pub conversation_id: Option<ConversationId>,
    /// The receipt whose answer was made again here.
    pub replay_of: Option<ReceiptId>,
}

/// Which receipts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReceiptFilter {
    /// Of answers that came about so alone.
    pub verdict: Option<Verdict>,
    /// Of such answers alone.
    pub outcome: Option<Outcome>,
}

/// How many answers came about in one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerdictCount {
    /// How.
    pub verdict: Verdict,
    /// How many.
    pub answers: u64,
}

names!(
    /// What became of a passage.
    PassageState {
        /// It says what it said.
        Same = "same",
        /// It says something else now.
        Changed = "changed",
        /// It is not there any more.
        Gone = "gone",
    }
);

impl PassageState {
    /// What people call it.
    pub const fn words(self) -> Text {
        match self {
            Self::Same => text!("as it was"),
            Self::Changed => text!("changed since"),
            Self::Gone => text!("gone"),
        }
    }
}

names!(
    /// In which of two answers a sentence stands.
    SentenceState {
        /// In both.
        Same = "same",
        /// In the one of before alone.
        Gone = "gone",
        /// In that of now alone.
        New = "new",
    }
);

impl SentenceState {
    /// What people call it.
    pub const fn words(self) -> Text {
        match self {
            Self::Same => text!("in both"),
            Self::Gone => text!("before alone"),
            Self::New => text!("now alone"),
        }
    }
}

/// What an answer came to, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema), schema(as = AnswerInShort))]
pub struct InShort {
    /// How it came about.
    pub verdict: Verdict,
    /// What it is.
    pub outcome: Outcome,
    /// The model that answered.
    pub model: Option<String>,
    /// What all calls for it cost.
    pub cost: Option<Micros>,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

impl From<&Record> for InShort {
    fn from(record: &Record) -> Self {
        let asked = record.asked.as_ref();
        Self {
            verdict: record.verdict,
            outcome: record.outcome,
            model: asked.and_then(|asked| asked.model.clone()),
            cost: asked.and_then(|asked| asked.cost),
            took_ms: record.took_ms(),
        }
    }
}

/// What became of a passage that an answer was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct PassageSince {
    /// The piece, as it was called then; none for what a tool had told, which is not asked again.
    pub chunk_id: Option<ChunkId>,
    /// The document's title and the headings above the piece, as they were then.
    pub title: String,
    /// What became of it.
    pub state: PassageState,
    /// Whether the answer of before cites it.
    pub cited_before: bool,
    /// Whether that of now does.
    pub cited_now: bool,
}

/// A sentence of two answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SentenceSince {
    /// The sentence.
    pub text: String,
    /// In which of them it stands.
    pub state: SentenceState,
}

/// An answer that was made again, beside what it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema), schema(as = AnswerDifference))]
pub struct Difference {
    /// The receipt of before.
    pub receipt_id: ReceiptId,
    /// Whether a model was sent the very same at first both times, or nothing both times. It is not where a passage is another one, the workspace
    /// wishes something else, messages before the question are gone, what was remembered is another or forgotten, or Samtal itself asks in other
    /// words. What a model had searched for by itself is given to it with the rest, and not compared here.
    pub prompt_same: bool,
    /// What it came to then.
    pub before: InShort,
    /// What it came to now.
    pub now: InShort,
    /// The passages of then.
    pub passages: Vec<PassageSince>,
    /// The sentences of both: those of before in their order, then what is new.
    pub sentences: Vec<SentenceSince>,
}

/// What came of making an answer again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema), schema(as = AnswerReplay))]
pub struct Replay {
    /// The receipt of the answer of now.
    pub receipt: Receipt,
    /// It beside that of before.
    pub difference: Difference,
}

/// What a workspace has said of its assistant.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct AssistantWishes {
    /// What a model is told of the personality in use, besides the documents and its traits; at most 2,000 characters. Empty for nothing.
    #[cfg_attr(feature = "ssr", schema(max_length = 2000))]
    pub instruction: String,
}
