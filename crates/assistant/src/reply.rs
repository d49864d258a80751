//! The job that answers in a conversation.

use crate::Assistant;
use conversations::{ANSWER, ConversationError, Conversations, Reply};
use futures_core::future::BoxFuture;
use knowledge::{KnowledgeError, MAX_QUESTION};
use model::ConversationId;
use store::jobs::{Handler, Job, JobError};

/// Tries before a person is called: whoever waits for an answer does not wait for a minute.
const TRIES: i32 = 3;
/// Looks at a conversation in one job: each finds something new said while the last answer was made.
const LOOKS: usize = 8;

/// Does the job.
#[derive(Debug, Clone)]
pub struct AnswerContact {
    /// What answers.
    pub assistant: Assistant,
    /// Where it is said.
    pub conversations: Conversations,
}

impl Handler for AnswerContact {
    fn kind(&self) -> &'static str {
        ANSWER
    }

    fn run<'a>(&'a self, job: &'a Job) -> BoxFuture<'a, Result<(), JobError>> {
        Box::pin(async move {
            let failed = |error: String| {
                if job.attempt < TRIES { JobError::Retry(error) } else { JobError::Hopeless(error) }
            };
            self.answer(job).await.map_err(failed)
        })
    }

    fn gave_up<'a>(&'a self, job: &'a Job, _: &'a str) -> BoxFuture<'a, Result<(), JobError>> {
        Box::pin(async move {
            let told = self.conversations.give_up(&job.caller(), ConversationId::from_uuid(job.subject)).await;
            told.map_err(|error| JobError::Retry(error.to_string()))
        })
    }
}

impl AnswerContact {
    async fn answer(&self, job: &Job) -> Result<(), String> {
        let (caller, id) = (job.caller(), ConversationId::from_uuid(job.subject));
        for _ in 0..LOOKS {
            let question = self.conversations.question(&caller, id).await.map_err(|e| e.to_string())?;
            let Some(question) = question else { return Ok(()) };
            self.conversations.assistant_works(&caller, id);
            let answer = self.assistant.answer(&caller, &shortened(&question.text)).await;
            let answer = answer.map_err(|error: KnowledgeError| error.to_string())?;
            match self.conversations.answer(&caller, &question, &answer).await {
                Ok(Reply::Again) => {}
                Ok(Reply::Said | Reply::TooLate) | Err(ConversationError::NotFound) => return Ok(()),
                Err(error) => return Err(error.to_string()),
            }
        }
        Err("The contact says more than can be answered.".to_owned())
    }
}

/// The end of what was said, as long as a question may be: what was said last counts most.
fn shortened(text: &str) -> String {
    let over = text.chars().count().saturating_sub(MAX_QUESTION);
    text.chars().skip(over).collect()
}
