//! The job that answers in a conversation.

use crate::Assistant;
use conversations::{AnswerContact, ConversationError, Conversations, Reply};
use knowledge::MAX_QUESTION;
use store::jobs::{Handler, JobError, Task};

/// Looks at a conversation in one job: each finds something new said while the last answer was made.
const LOOKS: usize = 8;

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
            let answer = self.assistant.answer(&caller, &shortened(&question.text)).await?;
            match self.conversations.answer(&caller, &question, &answer).await {
                Ok(Reply::Again) => {}
                Ok(Reply::Said | Reply::TooLate) | Err(ConversationError::NotFound) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
        Err(JobError::Retry("The contact says more than can be answered.".to_owned()))
    }

    async fn gave_up(&self, task: &Task<AnswerContact>, _: &str) -> Result<(), JobError> {
        Ok(self.conversations.give_up(&task.caller(), task.subject()).await?)
    }
}

/// The end of what was said, as long as a question may be: what was said last counts most.
fn shortened(text: &str) -> String {
    let over = text.chars().count().saturating_sub(MAX_QUESTION);
    text.chars().skip(over).collect()
}
