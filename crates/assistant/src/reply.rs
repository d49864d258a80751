//! The job that answers in a conversation.

use crate::Assistant;
use crate::answer::refusal;
use conversations::{AnswerContact, ConversationError, Conversations, Question, Reply};
use knowledge::{KnowledgeError, MAX_QUESTION, normalized};
use model::knowledge::Answer;
use store::Caller;
use store::jobs::{Handler, JobError, Task};

/// Looks at a conversation in one job.
const LOOKS: usize = 32;

/// What is said to who says no more than this, when that is all. (In English, as everything that the assistant says by itself.)
const COURTESIES: [(&[&str], &str); 2] = [
    (
        &[
            "hello",
            "hi",
            "hey",
            "hello there",
            "hi there",
            "good morning",
            "good afternoon",
            "good evening",
            "hola",
            "buenos dias",
            "buenos días",
            "buenas tardes",
            "hallo",
            "guten tag",
            "guten morgen",
            "moin",
            "bonjour",
            "bonsoir",
            "salut",
            "hej",
            "hejsan",
            "god dag",
            "ciao",
            "ola",
            "olá",
        ],
        "Hello! What would you like to know?",
    ),
    (
        &[
            "thanks",
            "thank you",
            "thank you very much",
            "thanks a lot",
            "many thanks",
            "ok thanks",
            "okay thanks",
            "great thanks",
            "thx",
            "gracias",
            "muchas gracias",
            "danke",
            "danke schön",
            "vielen dank",
            "merci",
            "merci beaucoup",
            "tack",
            "tack så mycket",
        ],
        "You are welcome.",
    ),
];

/// Does the job.
#[derive(Debug, Clone)]
pub struct Answering {
    /// What answers.
    pub assistant: Assistant,
    /// Where it is said.
    pub conversations: Conversations,
}

impl Handler<AnswerContact> for Answering {
    async fn run(&self, task: &Task<AnswerContact>) -> Result<(), JobError> {
        let (caller, id) = (task.caller(), task.subject());
        for _ in 0..LOOKS {
            let Some(question) = self.conversations.question(&caller, id).await? else { return Ok(()) };
            self.conversations.assistant_works(&caller, id);
            let (messages, answer) = self.answered(&caller, &question).await?;
            match self.conversations.answer(&caller, &question, messages, &answer).await {
                // One job stands for all that was said.
                Ok(Reply::Said | Reply::Again) => {}
                Ok(Reply::TooLate) | Err(ConversationError::NotFound) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
        Err(JobError::Retry("The contact says more than can be answered.".to_owned()))
    }

    async fn gave_up(&self, task: &Task<AnswerContact>, _: &str) -> Result<(), JobError> {
        Ok(self.conversations.give_up(&task.caller(), task.subject()).await?)
    }
}

impl Answering {
    async fn ask(&self, caller: &Caller, said: &str) -> Result<Answer, KnowledgeError> {
        let asked = shortened(&normalized(said));
        // Marks that nobody sees may be all that was said.
        if asked.trim().is_empty() { Ok(refusal()) } else { self.assistant.answer(caller, &asked).await }
    }

    /// The answer to the first messages of what was said, and to how many: each question gets its own. What asks nothing ("Hello", "I have a
    /// lamp") belongs to what follows.
    async fn answered(&self, caller: &Caller, question: &Question) -> Result<(usize, Answer), JobError> {
        let mut messages = 1;
        loop {
            let more = messages < question.said.len();
            let said = question.said.get(..messages).unwrap_or_default();
            let last = said.last().map_or("", String::as_str);
            let courtesy = courtesy(last);
            if let (Some(words), false) = (courtesy, more) {
                let answer = words.to_owned();
                return Ok((messages, Answer { answer, citations: Vec::new(), grounded: false, refused: false }));
            }
            if courtesy.is_none() {
                let answer = self.ask(caller, &said.join("\n")).await?;
                // What was said before it may have led away from it.
                let answer = if answer.refused && messages > 1 { self.ask(caller, last).await? } else { answer };
                if !answer.refused || !more || asks(last) {
                    return Ok((messages, answer));
                }
            }
            messages += 1;
        }
    }
}

/// What is said to a greeting, or to thanks.
fn courtesy(said: &str) -> Option<&'static str> {
    let words: Vec<String> =
        said.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    let said = words.join(" ");
    COURTESIES.iter().find(|(ways, _)| ways.contains(&said.as_str())).map(|(_, answer)| *answer)
}

/// Whether words say that they ask.
fn asks(said: &str) -> bool {
    said.trim_end().ends_with(['?', '\u{ff1f}', '\u{61f}'])
}

/// The end of what was said, as long as a question may be: what was said last counts most.
fn shortened(text: &str) -> String {
    let over = text.chars().count().saturating_sub(MAX_QUESTION);
    text.chars().skip(over).collect()
}

#[cfg(test)]
mod tests {
    use super::{asks, courtesy};

    #[test]
    fn courtesies_are_known_when_they_are_all() {
        for said in ["Hello", "hi!", "Hola", "Thanks.", "Thank you very much!", "Buenos días"] {
            assert!(courtesy(said).is_some(), "{said}");
        }
        for said in ["Hello, may I return a lamp?", "", "?", "Thanks to whom is it?", "hi-fi"] {
            assert!(courtesy(said).is_none(), "{said}");
        }
        assert!(asks("May I? ") && asks("可以吗？") && !asks("I have a lamp."));
    }
}
