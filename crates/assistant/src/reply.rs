//! The job that answers in a conversation.

use crate::answer::refusal;
use crate::composed::Asking;
use crate::follow_up::follow_up;
use crate::{Assistant, Made};
use conversations::{AnswerContact, ConversationError, Conversations, Question, Reply, words_of};
use knowledge::{KnowledgeError, MAX_QUESTION, normalized};
use model::ConversationId;
use model::knowledge::{Answer, Outcome};
use std::pin::pin;
use std::time::Duration;
use store::Caller;
use store::jobs::{Handler, JobError, Task};
use tokio::time::{Instant, MissedTickBehavior};

/// Looks at a conversation in one job.
const LOOKS: usize = 32;
/// How long models may take in one job, and for one answer from when it was asked, however long that has stood in line; with less left than
/// that none is asked. The job ends a minute later (`AnswerContact::DEADLINE`), in which the built-in answerer tells the rest.
const MODELS: Duration = Duration::from_secs(120);
const ONE_ANSWER: Duration = Duration::from_secs(60);
const LEAST: Duration = Duration::from_secs(5);
/// How often it is said that the assistant is at work: those who listen forget it after 6 seconds (`docs/protocol.md`).
const BEAT: Duration = Duration::from_secs(4);

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
        let (caller, id, until) = (task.caller(), task.subject(), Instant::now() + MODELS);
        for _ in 0..LOOKS {
            let Some(question) = self.conversations.question(&caller, id).await? else { return Ok(()) };
            let answered = self.at_work(&caller, id, self.answered(&caller, &question, until));
            let Answered { messages, asked, answer } = answered.await?;
            match self.conversations.answer(&caller, &question, messages, &asked, &answer).await {
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

/// The answer to the first messages of what was said: to how many, and what was asked in them.
struct Answered {
    messages: usize,
    asked: String,
    answer: Answer,
}

impl Answering {
    /// Does some work, and says to those who listen that the assistant is at it, as long as that takes.
    async fn at_work<T>(&self, caller: &Caller, id: ConversationId, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        let mut beat = tokio::time::interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                _ = beat.tick() => self.conversations.assistant_works(caller, id),
                done = &mut work => return done,
            }
        }
    }

    /// Answers what was said.
    async fn ask(&self, caller: &Caller, asking: Asking<'_>) -> Result<Made, KnowledgeError> {
        let question = &shortened(&normalized(asking.question));
        // Marks that nobody sees may be all that was said.
        if question.trim().is_empty() {
            return Ok(Made { answer: refusal(), record: None, whole: None });
        }
        self.assistant.make(caller, &Asking { question, ..asking }).await
    }

    /// Each question gets its own answer; what stands on the question before it is asked together with that. What asks nothing ("Hello", "I have a lamp") belongs to what follows.
    async fn answered(&self, caller: &Caller, question: &Question, until: Instant) -> Result<Answered, JobError> {
        // Greetings come with what is asked, and alone only when nothing is.
        let greetings = question.said.iter().take_while(|said| courtesy(said).is_some()).count();
        if greetings == question.said.len() {
            let told = question.said.last().and_then(|said| courtesy(said)).unwrap_or_default();
            let answer = Answer { grounded: false, ..Answer::told(Outcome::Answer, told, Vec::new()) };
            return Ok(Answered { messages: greetings, asked: String::new(), answer });
        }
        let left = until.saturating_duration_since(Instant::now()).min(ONE_ANSWER.saturating_sub(question.waited));
        let (messages, asked, mut made) = match left >= LEAST && self.assistant.writes(caller).await {
            true => self.written(caller, question, greetings, left).await?,
            false => self.told(caller, question, greetings).await?,
        };
        self.assistant.keep(caller, &mut made).await?;
        Ok(Answered { messages, asked, answer: made.answer })
    }

    /// A model reads together what belongs together: up to the first message that asks.
    async fn written(
        &self,
        caller: &Caller,
        question: &Question,
        greetings: usize,
        patience: Duration,
    ) -> Result<(usize, String, Made), JobError> {
        let said = |at: usize| question.said.get(at).map_or("", String::as_str);
        let mut messages = greetings + 1;
        while messages < question.said.len() && !asks(said(messages - 1)) && courtesy(said(messages)).is_none() {
            messages += 1;
        }
        let all = question.said.get(greetings..messages).unwrap_or_default().join("\n");
        let standing = standing(&question.before);
        let asking = Asking {
            question: &all,
            standing: standing.as_deref(),
            before: &self.conversations.turns(caller, question).await?,
            conversation: Some(question.conversation),
            patience: Some(patience),
        };
        let mut made = self.ask(caller, asking).await?;
        Ok((messages, made.whole.take().unwrap_or(all), made))
    }

    /// The built-in answerer reads each message alone, and together with what follows where that is answered.
    async fn told(
        &self,
        caller: &Caller,
        question: &Question,
        greetings: usize,
    ) -> Result<(usize, String, Made), JobError> {
        let said = |messages| question.said.get(..messages).unwrap_or_default();
        let first = greetings + 1;
        let own = said(first).last().map_or("", String::as_str);
        let standing = standing(&question.before);
        let asking = Asking { conversation: Some(question.conversation), ..Asking::alone(own) };
        let mut alone = self.ask(caller, Asking { standing: standing.as_deref(), ..asking }).await?;
        let whole = alone.whole.take();
        if alone.answer.outcome == Outcome::Answer || whole.is_some() || asks(own) {
            return Ok((first, whole.unwrap_or_else(|| own.to_owned()), alone));
        }
        for messages in first + 1..=question.said.len() {
            let last = said(messages).last().map_or("", String::as_str);
            if courtesy(last).is_some() {
                break;
            }
            let all = said(messages).get(greetings..).unwrap_or_default().join("\n");
            let together = self.ask(caller, Asking { question: &all, ..asking }).await?;
            if !together.answer.refused {
                return Ok((messages, all, together));
            }
            if asks(last) {
                break;
            }
        }
        Ok((first, own.to_owned(), alone))
    }
}

/// The question on which the next one may stand: the last one of what was said, the earliest first, with the one on which it stands itself.
fn standing(said: &[String]) -> Option<String> {
    let said = said.iter().map(|said| normalized(said)).filter(|said| courtesy(said).is_none());
    said.fold(None, |before: Option<String>, said| {
        match before.as_deref().and_then(|before| follow_up(before, &said)).filter(|whole| !whole.perhaps) {
            Some(whole) => Some(whole.text),
            None if asks(&said) => Some(said.trim().to_owned()),
            None => before,
        }
    })
}

/// What is said to a greeting, or to thanks.
fn courtesy(said: &str) -> Option<&'static str> {
    let said = words_of(said).join(" ");
    COURTESIES.iter().find(|(ways, _)| ways.contains(&said.as_str())).map(|(_, answer)| *answer)
}

/// Words with which a question begins that has no mark at its end.
const ASKING: [&str; 52] = [
    "how", "what", "when", "where", "which", "who", "whose", "why", "can", "could", "do", "does", "did", "is", "are",
    "was", "may", "must", "should", "would", "will", "como", "cómo", "que", "qué", "cuando", "cuándo", "cuanto",
    "cuánto", "donde", "dónde", "quien", "quién", "wie", "was", "wann", "wo", "wer", "warum", "kann", "darf",
    "comment", "quand", "combien", "pourquoi", "puis", "hur", "vad", "när", "var", "vem", "kan",
];

/// Whether words ask, as far as one can tell.
fn asks(said: &str) -> bool {
    let first = said.split(|c: char| !c.is_alphanumeric()).find(|word| !word.is_empty()).unwrap_or_default();
    said.trim_end().ends_with(['?', '\u{ff1f}', '\u{61f}']) || ASKING.contains(&first.to_lowercase().as_str())
}

/// The end of what was said, as long as a question may be: what was said last counts most.
pub(crate) fn shortened(text: &str) -> String {
    let over = text.chars().count().saturating_sub(MAX_QUESTION);
    text.chars().skip(over).collect()
}

#[cfg(test)]
mod tests {
    use super::{asks, courtesy, standing};

    #[test]
    fn what_was_asked_last_is_known_with_what_it_stands_on() {
        let of = |said: &[&str]| standing(&said.iter().map(|said| (*said).to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&["Hello", "I have a lamp.", "Thanks!"]), None);
        assert_eq!(of(&["Is it red?", "How much is a lamp?", "Thank you"]).as_deref(), Some("How much is a lamp?"));
        assert_eq!(of(&["How much is a lamp?", "Yes, that is right."]).as_deref(), Some("How much is a lamp?"));
        assert_eq!(
            of(&["How much is a lamp?", "And a chair?", "Thanks", "And in Norway?"]).as_deref(),
            Some("How much is a lamp?\nAnd a chair?\nAnd in Norway?")
        );
        assert_eq!(of(&["How much is a lamp?", "Opening hours?"]).as_deref(), Some("Opening hours?"));
    }

    #[test]
    fn courtesies_are_known_when_they_are_all() {
        for said in ["Hello", "hi!", "Hola", "Thanks.", "Thank you very much!", "Buenos días"] {
            assert!(courtesy(said).is_some(), "{said}");
        }
        for said in ["Hello, may I return a lamp?", "", "?", "Thanks to whom is it?", "hi-fi"] {
            assert!(courtesy(said).is_none(), "{said}");
        }
        assert!(asks("May I? ") && asks("可以吗？") && asks("how do i paint it") && !asks("I have a lamp."));
    }
}
