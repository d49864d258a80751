//! An answer made again from its receipt: the same question on the same passages, by the models as they are now, beside what it was.
//!
//! *Guarantees:* no picture is looked at, for none is kept; what one was said to show is read again. Nothing is searched: what is not among the passages
//! of then, as they are now, is not read. Of what was remembered the summary of then is read, if it is still that one, and the facts of then, if they are
//! still there and wanted; never newer ones. It is under the same budget and the same check as any answer, has a receipt of its own, and is said to
//! nobody. What differs is told from the two records alone, so that it can be told again at any time. Rights are those of the receipt, and those of reading documents.

use crate::composed::Asking;
use crate::look::with;
use crate::rewrite::OTHER_WORDS;
use crate::sentences::sentences;
use crate::steps::Steps;
use crate::{Assistant, Models};
use conversations::{Before, Memory};
use knowledge::{Hit, KnowledgeError};
use model::conversation::Author;
use model::knowledge::Outcome;
use model::permission::ManageAssistant;
use model::receipt::{
    AskedImage, Difference, InShort, PassageSince, PassageState, ReadPassage, Receipt, Record, Replay, SentenceSince,
    SentenceState, StepKind,
};
use model::{FactId, ReceiptId};
use store::{Caller, StoreError};
use uuid::Uuid;
use words::text;

impl Assistant {
    /// Makes the answer of a receipt again.
    ///
    /// # Errors
    /// Those of [`Self::receipt`]; [`KnowledgeError::Conflict`] for a receipt that is not what was written down, that has no passage of a document, and
    /// where none of these is there any more; [`KnowledgeError::Busy`], the reader's, or the database's. What goes wrong with a model is none.
    #[tracing::instrument(name = "assistant.replay", skip_all)]
    pub async fn replay(&self, caller: &Caller, id: ReceiptId) -> Result<Replay, KnowledgeError> {
        let before = self.receipt(caller, id).await?;
        let Some(models) = &self.models else { return Err(KnowledgeError::NotFound) };
        let then = &before.record;
        if !before.genuine {
            let why = text!("This receipt is not what was written down, so nothing can be made again from it.");
            return Err(KnowledgeError::Conflict(why));
        }
        if then.passages.iter().all(|passage| passage.document_id.is_none()) {
            let why = text!("No document was read for it, so there is nothing to make the answer again from.");
            return Err(KnowledgeError::Conflict(why));
        }
        let mut steps = Steps::begin();
        let again = self.knowledge.again(caller, &then.passages).await?;
        // They come last, as they did then.
        let later = again.iter().filter(|(passage, _)| passage.later).count();
        let hits: Vec<Hit> = again.into_iter().map(|(_, hit)| hit).collect();
        if hits.is_empty() {
            let why =
                text!("None of its passages is there any more, so there is nothing to make the answer again from.");
            return Err(KnowledgeError::Conflict(why));
        }
        steps.note(StepKind::Search, text!("The passages of the receipt were read, as they are now"));
        let (about, reached) = (about(then), reached(then));
        let asked = with(&then.question, then.shown.as_deref());
        if !then.images.is_empty() {
            steps.note(
                StepKind::Decided,
                match then.shown {
                    Some(_) => text!("Its pictures are not kept: what a model has said that they show was read again"),
                    None => text!("Its pictures are not kept: the question was read without them"),
                },
            );
        }
        let read = (asked.as_str(), then.together.as_deref());
        let found = self.found_again(caller.scope().tenant(), read, hits, (about, reached)).await?;
        let judged = if about { text!("They are about the question") } else { text!("None is about the question") };
        steps.note(StepKind::Judged, judged);
        let manner = self.manner(caller, None).await?;
        let patience = if about || reached {
            self.writes(caller, &manner).await.then_some(self.patience)
        } else {
            steps.note(StepKind::Decided, text!("No passage is about the question, so no model was asked"));
            None
        };
        let earlier = models.earlier(caller, then).await?;
        let memory = models.remembered(caller, then).await?;
        if then.summary.is_some() && memory.summary.is_empty() {
            let what = text!("The summary that was read with it is another by now, and was left out");
            steps.note(StepKind::Decided, what);
        }
        if memory.facts.len() < then.facts.len() {
            let what = text!("What the contact had said of themself was left out, as far as it is forgotten");
            steps.note(StepKind::Decided, what);
        }
        let asking = Asking {
            before: &earlier,
            memory: Some(&memory),
            patience,
            again: true,
            later,
            ..Asking::alone(&asked, &manner)
        };
        let made = self.made(caller, &asking, found, steps).await?;
        let record = made.record.ok_or(StoreError::Corrupt("an answer without a record"))?;
        // It goes with the conversation of before, since it has the same words in it.
        let record = Record {
            question: then.question.clone(),
            images: then.images.iter().map(|image| AskedImage { seen: false, ..image.clone() }).collect(),
            shown: then.shown.clone(),
            conversation_id: then.conversation_id,
            replay_of: Some(id),
            ..record
        };
        let kept = models.keep(caller, &record).await.map_err(|error| match error {
            // The conversation went while it was made, and the receipt with it.
            KnowledgeError::Store(error) if error.constraint() == Some("receipts_conversation_fkey") => {
                KnowledgeError::NotFound
            }
            error => error,
        })?;
        let receipt = self.receipt(caller, kept).await?;
        let difference = difference(&before, &receipt.record);
        Ok(Replay { receipt, difference })
    }

    /// What an answer that was made again has become, beside that of before; nothing for one that was not, and where the one of before is gone.
    ///
    /// # Errors
    /// Those of [`Self::receipt`].
    pub async fn since(&self, caller: &Caller, receipt: &Receipt) -> Result<Option<Difference>, KnowledgeError> {
        let Some(of) = receipt.record.replay_of else { return Ok(None) };
        match self.receipt(caller, of).await {
            Ok(before) => Ok(Some(difference(&before, &receipt.record))),
            Err(KnowledgeError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Models {
    /// The messages before a question that a model read with it, as far as they are there.
    #[tracing::instrument(name = "db.receipt.earlier", skip_all)]
    async fn earlier(&self, caller: &Caller, record: &Record) -> Result<Vec<Before>, KnowledgeError> {
        let Some(conversation) = record.conversation_id.filter(|_| !record.earlier.is_empty()) else {
            return Ok(Vec::new());
        };
        let right = caller.may(ManageAssistant)?;
        let numbers: Vec<i64> = record.earlier.iter().filter_map(|seq| i64::try_from(*seq).ok()).collect();
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let rows = sqlx::query!(
            "select k.seq, m.author, m.text
             from app.message_keys k
             join app.messages m on m.conversation_id = k.conversation_id and m.message_id = k.message_id
               and m.tenant_id = k.tenant_id
             where k.conversation_id = $1 and k.seq = any($2)
             order by k.seq",
            conversation.uuid(),
            &numbers
        );
        let rows = rows.fetch_all(&mut tx).await?;
        let before = rows.into_iter().map(|row| -> Result<Before, KnowledgeError> {
            let from = Author::from_name(&row.author).ok_or(StoreError::Corrupt("messages.author"))?;
            Ok(Before { from, text: row.text, seq: u64::try_from(row.seq).unwrap_or_default() })
        });
        before.collect()
    }

    /// What was remembered that a model read with the question, as far as it is there: the summary of then, if it is no other by now, and the facts
    /// of then that nobody has forgotten, where the workspace still wants any.
    #[tracing::instrument(name = "db.receipt.remembered", skip_all)]
    async fn remembered(&self, caller: &Caller, record: &Record) -> Result<Memory, KnowledgeError> {
        let read = record.summary.is_some() || !record.facts.is_empty();
        let Some(conversation) = record.conversation_id.filter(|_| read) else { return Ok(Memory::default()) };
        let right = caller.may(ManageAssistant)?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let upto = record.summary.and_then(|upto| i64::try_from(upto).ok()).unwrap_or_default();
        let summary = sqlx::query_scalar!(
            "select text from app.conversation_summaries where conversation_id = $1 and upto_seq = $2",
            conversation.uuid(),
            upto
        );
        let summary = summary.fetch_optional(&mut tx).await?.unwrap_or_default();
        let ids: Vec<Uuid> = record.facts.iter().map(|fact| fact.uuid()).collect();
        let rows = sqlx::query!(
            "select f.fact_id, f.text
             from app.contact_facts f
             join app.conversations c on c.tenant_id = f.tenant_id and c.contact_id = f.contact_id
             join app.tenants t on t.tenant_id = f.tenant_id and t.remember_facts
             where c.conversation_id = $1 and f.fact_id = any($2)
             order by f.created_at, f.fact_id",
            conversation.uuid(),
            &ids
        );
        let rows = rows.fetch_all(&mut tx).await?;
        let facts = rows.into_iter().map(|row| (FactId::from_uuid(row.fact_id), row.text)).collect();
        Ok(Memory { summary, facts, upto, ..Memory::default() })
    }
}

/// Whether passages were taken to be about the question. How well they were found is not known any more; what was made of that is: something was
/// told. (Where nothing was, the built-in answerer tells nothing now.)
fn about(then: &Record) -> bool {
    then.outcome != Outcome::Refused
}

/// Whether a model was asked for the answer, and not for other words alone.
fn reached(then: &Record) -> bool {
    then.asked.as_ref().is_some_and(|asked| asked.most_tokens > OTHER_WORDS)
}

/// What differs between an answer and the one of before, told from what was written down of both.
fn difference(before: &Receipt, now: &Record) -> Difference {
    let then = &before.record;
    let prompt = |record: &Record| record.asked.as_ref().map(|asked| asked.prompt_sha256.clone());
    Difference {
        receipt_id: before.id,
        prompt_same: prompt(then) == prompt(now),
        before: InShort::from(then),
        now: InShort::from(now),
        passages: then.passages.iter().map(|passage| since(passage, &now.passages)).collect(),
        sentences: compared(&then.answer, &now.answer),
    }
}

/// What became of a passage: found by its id, or, where its document was read anew, by what it says.
fn since(passage: &ReadPassage, now: &[ReadPassage]) -> PassageSince {
    // What a tool has told has no id, and is not asked again.
    let there = |other: &&ReadPassage| passage.chunk_id.is_some() && other.chunk_id == passage.chunk_id;
    let alike = |other: &&ReadPassage| {
        passage.document_id.is_some() && other.document_id == passage.document_id && other.sha256 == passage.sha256
    };
    let found = now.iter().find(there).or_else(|| now.iter().find(alike));
    let state = match found {
        Some(found) if found.sha256 == passage.sha256 => PassageState::Same,
        Some(_) => PassageState::Changed,
        None => PassageState::Gone,
    };
    PassageSince {
        chunk_id: passage.chunk_id,
        title: passage.title.clone(),
        state,
        cited_before: passage.cited,
        cited_now: found.is_some_and(|found| found.cited),
    }
}

/// The sentences of two texts: those of the first in their order, then what the second has alone. Each is matched once, however it is spaced.
fn compared(before: &str, now: &str) -> Vec<SentenceSince> {
    let of = |text: &str| -> Vec<String> {
        let said = sentences(text).into_iter().filter_map(|range| text.get(range));
        said.map(|sentence| sentence.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    };
    let mut new = of(now);
    let mut all: Vec<SentenceSince> = Vec::new();
    for text in of(before) {
        let state = match new.iter().position(|other| *other == text) {
            Some(at) => {
                new.remove(at);
                SentenceState::Same
            }
            None => SentenceState::Gone,
        };
        all.push(SentenceSince { text, state });
    }
    all.extend(new.into_iter().map(|text| SentenceSince { text, state: SentenceState::New }));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{ChunkId, DocumentId};

    #[test]
    fn sentences_are_in_both_or_in_one() {
        let told = |before: &str, now: &str| -> Vec<(String, SentenceState)> {
            compared(before, now).into_iter().map(|one| (one.text, one.state)).collect()
        };
        let one = |text: &str, state| (text.to_owned(), state);
        let (same, gone, new) = (SentenceState::Same, SentenceState::Gone, SentenceState::New);
        assert_eq!(
            told("It is red. It costs 49 kr.", "It costs\n49 kr. It is new."),
            [one("It is red.", gone), one("It costs 49 kr.", same), one("It is new.", new)]
        );
        // What is said twice and now once is gone once.
        assert_eq!(told("Yes. Yes.", "Yes."), [one("Yes.", same), one("Yes.", gone)]);
        assert_eq!(told("", "Yes."), [one("Yes.", new)]);
        assert_eq!(told("Yes.", ""), [one("Yes.", gone)]);
        assert!(told("", "").is_empty());
    }

    #[test]
    fn a_model_that_was_asked_for_other_words_alone_has_read_nothing() {
        let record = |outcome: &str, most: Option<u32>| -> Record {
            let asked = most.map_or_else(|| "null".to_owned(), |most| {
                format!(r#"{{"prompt_sha256":"00","most_tokens":{most},"model_id":null,"model":"small","usage":null,"cost":7}}"#)
            });
            serde_json::from_str(&format!(
                r#"{{"question":"?","answer":"","outcome":"{outcome}","verdict":"nothing","passages":[],"asked":{asked},"steps":[],
                    "conversation_id":null}}"#
            ))
            .unwrap()
        };
        for (outcome, most, is) in [
            ("refused", None, (false, false)),
            ("refused", Some(OTHER_WORDS), (false, false)),
            ("refused", Some(700), (false, true)),
            ("passages", Some(OTHER_WORDS), (true, false)),
            ("passages", None, (true, false)),
            ("answer", Some(700), (true, true)),
        ] {
            let record = record(outcome, most);
            assert_eq!((about(&record), reached(&record)), is, "{outcome} {most:?}");
        }
    }

    #[test]
    fn passages_are_what_they_were_or_changed_or_gone() {
        let passage = |document: u128, chunk: u128, sha256: &str, cited| ReadPassage {
            document_id: Some(DocumentId::from_uuid(Uuid::from_u128(document))),
            chunk_id: Some(ChunkId::from_uuid(Uuid::from_u128(chunk))),
            title: "Returns".to_owned(),
            sha256: sha256.to_owned(),
            cited,
            later: false,
        };
        let then = passage(1, 1, "aa", true);
        let state = |now: &[ReadPassage]| {
            let since = since(&then, now);
            (since.state, since.cited_before, since.cited_now)
        };
        assert_eq!(state(&[passage(1, 2, "bb", true), passage(1, 1, "aa", false)]), (PassageState::Same, true, false));
        assert_eq!(state(&[passage(1, 1, "bb", true)]), (PassageState::Changed, true, true));
        // Its document was read anew.
        assert_eq!(state(&[passage(1, 2, "aa", true)]), (PassageState::Same, true, true));
        assert_eq!(state(&[passage(2, 2, "aa", true)]), (PassageState::Gone, true, false));
        assert_eq!(state(&[]), (PassageState::Gone, true, false));
    }
}
