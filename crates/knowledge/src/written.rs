//! An answer that somebody writes to a question: a document of that one pair, uploaded like any other.

use crate::reading::Wanted;
use crate::{Knowledge, KnowledgeError, NewDocument, pairs};
use model::input::DocumentTitle;
use model::knowledge::{Document, DocumentKind};
use sha2::{Digest as _, Sha256};
use store::Caller;

/// Bytes of its hash that the name of such a file says: no two of a tenant have the same by accident.
const NAMED: usize = 6;

impl Knowledge {
    /// Keeps an answer to a question, and asks for it to be read.
    ///
    /// # Errors
    /// [`KnowledgeError::Invalid`] for a question or an answer that is empty, too long or no text (fields `question`, `answer`), [`KnowledgeError::There`] for the
    /// same answer to the same question again, or as for [`Self::upload`]. Nothing is kept then.
    pub async fn write_answer(
        &self,
        caller: &Caller,
        question: &str,
        answer: &str,
    ) -> Result<Document, KnowledgeError> {
        let answer = pairs::typed(answer).map_err(|why| KnowledgeError::field("answer", why))?;
        let question = crate::question("question", question)?.split_whitespace().collect::<Vec<_>>().join(" ");
        let bytes = serde_json::json!([{ "question": question, "answer": answer }]).to_string().into_bytes();
        let named: String = Sha256::digest(&bytes).iter().take(NAMED).map(|byte| format!("{byte:02x}")).collect();
        let new = NewDocument {
            file_name: format!("answer-{named}.json"),
            title: fitting(&question),
            kind: Wanted::Kind(DocumentKind::Qa),
            bytes,
            replace: None,
        };
        self.upload(caller, new).await
    }
}

/// A text as a title; nothing where it holds what no title may, so that the file's name is one.
pub(crate) fn fitting(text: &str) -> String {
    let mut title: String = text.chars().take(DocumentTitle::MAX).collect();
    if title.len() < text.len() {
        title.pop();
        title.push('…');
    }
    DocumentTitle::parse(&title).map_or_else(|_| String::new(), |title| title.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::fitting;
    use model::input::DocumentTitle;

    #[test]
    fn a_text_is_a_title_as_far_as_it_fits() {
        assert_eq!(fitting("Do you ship to Norway?"), "Do you ship to Norway?");
        let long = fitting(&"å".repeat(DocumentTitle::MAX + 1));
        assert_eq!(long, "å".repeat(DocumentTitle::MAX - 1) + "…");
        assert_eq!(fitting(&"å".repeat(DocumentTitle::MAX)), "å".repeat(DocumentTitle::MAX));
        assert_eq!(fitting("Do \u{202E}you ship?"), "");
    }
}
