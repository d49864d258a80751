//! The job that answers in a conversation.
//!
//! *Guarantees:* what is written is seen on the way as `drafts` lets it; when somebody else has the word the call to a model is let go of, and what was
//! seen is taken back, as it is whenever it does not begin what is said, and when a job that was cut off in the middle is taken up again.

use crate::answer::refusal;
use crate::asking::asking;
use crate::composed::Asking;
use crate::drafts::{Draft, Drafts, Watcher};
use crate::follow_up::follow_up;
use crate::manner::{Courtesy, Manner, courtesy};
use crate::{Assistant, Made};
use conversations::live::{Heard, Listener};
use conversations::{AnswerContact, ConversationError, Conversations, MAX_ASKED, Question, Reply, Saying};
use knowledge::{KnowledgeError, MAX_QUESTION, normalized};
use model::ConversationId;
use model::knowledge::{Answer, Outcome};
use model::personality::Reaction;
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
        // Somebody is at it, and answers what this stands for as well.
        let Some(mut hand) = self.assistant.in_hand.take(id, until, ONE_ANSWER) else { return Ok(()) };
        // From before it is read what there is to answer: whoever takes the word after that is heard.
        let mut hears = self.conversations.live().listen(caller.scope().tenant());
        hears.follow(id);
        let mut taken_up = task.attempt() > 1;
        for _ in 0..LOOKS {
            let Some(question) = self.conversations.question(&caller, id).await? else {
                if !hand.is_over() {
                    continue;
                }
                // All is said. Who asked may have said since that it does not answer.
                if self
                    .assistant
                    .manner(&caller, None)
                    .await
                    .is_ok_and(|manner| manner.personality.person_after_refusals)
                {
                    self.conversations.call_after_refusals(&caller, id).await?;
                }
                self.remember(&caller, id).await;
                return Ok(());
            };
            // Whoever was at it before may have been cut off, as a server that was killed: what was seen of theirs begins nothing of this.
            if std::mem::take(&mut taken_up) {
                self.conversations.assistant_takes_back(&caller, id, hears.id());
            }
            let (drafts, mut watcher) = Drafts::watched();
            let answered = self.answered(&caller, &question, until, &drafts);
            let answered = self.at_work(&caller, &question, (&mut hears, &mut watcher), answered).await;
            let reply = self.reply(&caller, &question, answered).await;
            // What was seen was not said.
            if !matches!(reply, Ok(Reply::Said)) && !watcher.seen().is_empty() {
                self.conversations.assistant_takes_back(&caller, id, hears.id());
            }
            match reply? {
                // One job stands for all that was said.
                Reply::Said | Reply::Again => {}
                Reply::TooLate if hand.is_over() => return Ok(()),
                Reply::TooLate => {}
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
    /// By whom, where the assistant has a name.
    called: String,
    /// Whether a person is asked to join; and whether one is at the third question in a row that is refused.
    person: bool,
    after_refusals: bool,
}

impl Answering {
    /// Does some work, and says to those who listen that the assistant is at it, and how far it is, as long as that takes. Nothing comes of it when
    /// somebody else has the word: then it is let go of.
    async fn at_work<T>(
        &self,
        caller: &Caller,
        question: &Question,
        (hears, watcher): (&mut Listener, &mut Watcher),
        work: impl Future<Output = T>,
    ) -> Option<T> {
        let (id, me) = (question.conversation, hears.id());
        let mut work = pin!(work);
        let mut beat = tokio::time::interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let draft = tokio::select! {
                biased;
                // Said again, for who has come meanwhile.
                _ = beat.tick() => {
                    self.conversations.assistant_writes(caller, id, watcher.seen(), me);
                    None
                }
                heard = hears.next() => {
                    // Something was said, or has happened. What cannot be read now is read before the answer is said. The work goes on meanwhile: it may
                    // hold the connection that this waits for.
                    let may = match heard {
                        Heard::Message { .. } | Heard::Written { .. } => tokio::select! {
                            biased;
                            may = self.conversations.may_answer(caller, question) => may.unwrap_or(true),
                            done = &mut work => return Some(self.is_done(caller, id, (me, watcher), done)),
                        },
                        Heard::Typing { .. } | Heard::Changed { .. } => true,
                    };
                    if !may {
                        return None;
                    }
                    None
                }
                draft = watcher.next() => Some(draft),
                done = &mut work => return Some(self.is_done(caller, id, (me, watcher), done)),
            };
            match draft {
                Some(Draft::Text(text)) => self.conversations.assistant_writes(caller, id, &text, me),
                Some(Draft::Withdrawn) => self.conversations.assistant_takes_back(caller, id, me),
                None => {}
            }
        }
    }

    /// What came of the work, once what was seen of it last is taken back, where it is to be.
    fn is_done<T>(&self, caller: &Caller, id: ConversationId, (me, watcher): (u64, &mut Watcher), done: T) -> T {
        if watcher.last().is_some() {
            self.conversations.assistant_takes_back(caller, id, me);
        }
        done
    }

    /// Says what was made, unless nothing was.
    async fn reply(
        &self,
        caller: &Caller,
        question: &Question,
        answered: Option<Result<Answered, JobError>>,
    ) -> Result<Reply, JobError> {
        let Some(answered) = answered else { return Ok(Reply::TooLate) };
        let Answered { messages, asked, answer, called, person, after_refusals } = answered?;
        let name = Some(called.as_str()).filter(|name| !name.is_empty());
        let saying = Saying { messages, asked: kept(&asked), name, person, after_refusals };
        match self.conversations.say_answer(caller, question, saying, &answer).await {
            Err(ConversationError::NotFound) => Ok(Reply::TooLate),
            reply => Ok(reply?),
        }
    }

    /// Answers what was said.
    async fn ask(&self, caller: &Caller, asking: Asking<'_>) -> Result<Made, KnowledgeError> {
        let question = &shortened(&normalized(asking.question));
        // Marks that nobody sees may be all that was said.
        if question.trim().is_empty() {
            let answer = asking.manner.worded(refusal(), asking.question);
            return Ok(Made { answer, record: None, whole: None, intent: None });
        }
        self.assistant.make(caller, &Asking { question, ..asking }).await
    }

    /// What an intent makes of one message.
    async fn intended(&self, caller: &Caller, asking: Asking<'_>) -> Result<Option<Made>, KnowledgeError> {
        let question = &shortened(&normalized(asking.question));
        self.assistant.intended(caller.scope().tenant(), &Asking { question: question.trim(), ..asking }).await
    }

    /// Each question gets its own answer; what stands on the question before it is asked together with that. What asks nothing ("Hello", "I have a lamp") belongs to what follows.
    async fn answered(
        &self,
        caller: &Caller,
        question: &Question,
        until: Instant,
        drafts: &Drafts,
    ) -> Result<Answered, JobError> {
        let manner = &self.assistant.manner(caller, None).await?;
        let writes = self.assistant.writes(caller, manner).await;
        // A model may have asked something, which "yes" answers; the built-in answerer asks nothing.
        let courtesy = |said: &str| courtesy(said).filter(|(kind, _)| !writes || *kind != Courtesy::Reply);
        // Greetings come with what is asked, and alone only when nothing is.
        let greetings = question.said.iter().take_while(|said| courtesy(said).is_some()).count();
        let (called, after_refusals) = (manner.personality.called.clone(), manner.personality.person_after_refusals);
        let last = question.said.last().filter(|_| greetings == question.said.len());
        if let Some(courtesy) = last.and_then(|said| courtesy(said)) {
            let answer = manner.returned(courtesy);
            let (messages, asked, person) = (greetings, String::new(), false);
            return Ok(Answered { messages, asked, answer, called, person, after_refusals });
        }
        let left = until.saturating_duration_since(Instant::now()).min(ONE_ANSWER.saturating_sub(question.waited));
        let (messages, asked, mut made) = match left >= LEAST && writes {
            true => self.written(caller, question, greetings, manner, (left, drafts)).await?,
            false => self.told(caller, question, greetings, manner).await?,
        };
        self.assistant.keep(caller, &mut made).await;
        let person = made.intent == Some(Reaction::Person);
        Ok(Answered { messages, asked, answer: made.answer, called, person, after_refusals })
    }

    /// A model reads together what belongs together: up to the first message that asks.
    async fn written(
        &self,
        caller: &Caller,
        question: &Question,
        greetings: usize,
        manner: &Manner,
        (patience, drafts): (Duration, &Drafts),
    ) -> Result<(usize, String, Made), JobError> {
        let said = |at: usize| question.said.get(at).map_or("", String::as_str);
        let first = Asking { conversation: Some(question.conversation), ..Asking::alone(said(greetings), manner) };
        let mut messages = greetings + 1;
        // Of several, what an intent knows is decided alone. (One is below.)
        if messages < question.said.len()
            && let Some(made) = self.intended(caller, first).await?
        {
            return Ok((messages, said(greetings).to_owned(), made));
        }
        while messages < question.said.len() && !asks(said(messages - 1)) && courtesy(said(messages)).is_none() {
            if self.intended(caller, Asking { question: said(messages), ..first }).await?.is_some() {
                break;
            }
            messages += 1;
        }
        let all = question.said.get(greetings..messages).unwrap_or_default().join("\n");
        let standing = standing(&question.before);
        let memory = self.conversations.memory(caller, question.conversation).await?;
        let asking = Asking {
            question: &all,
            standing: standing.as_deref(),
            before: &self.conversations.turns(caller, question).await?,
            memory: Some(&memory),
            pictures: &[],
            conversation: Some(question.conversation),
            patience: Some(patience),
            drafts: Some(drafts),
            again: false,
            later: 0,
            manner,
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
        manner: &Manner,
    ) -> Result<(usize, String, Made), JobError> {
        let said = |messages| question.said.get(..messages).unwrap_or_default();
        let first = greetings + 1;
        let own = said(first).last().map_or("", String::as_str);
        let standing = standing(&question.before);
        let asking = Asking { conversation: Some(question.conversation), ..Asking::alone(own, manner) };
        let mut alone = self.ask(caller, Asking { standing: standing.as_deref(), ..asking }).await?;
        let whole = alone.whole.take();
        if alone.answer.outcome == Outcome::Answer || alone.intent.is_some() || whole.is_some() || asks(own) {
            return Ok((first, whole.unwrap_or_else(|| own.to_owned()), alone));
        }
        for messages in first + 1..=question.said.len() {
            let last = said(messages).last().map_or("", String::as_str);
            // What an intent knows is decided alone.
            if courtesy(last).is_some() || self.intended(caller, Asking { question: last, ..asking }).await?.is_some() {
                break;
            }
            let all = said(messages).get(greetings..).unwrap_or_default().join("\n");
            let together = self.ask(caller, Asking { question: &all, ..asking }).await?;
            if !together.answer.refused || together.intent.is_some() {
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
pub(crate) fn standing(said: &[String]) -> Option<String> {
    let said = said.iter().map(|said| normalized(said)).filter(|said| courtesy(said).is_none());
    said.fold(None, |before: Option<String>, said| {
        match before.as_deref().and_then(|before| follow_up(before, &said)).filter(|whole| !whole.perhaps) {
            Some(whole) => Some(whole.text),
            None if asks(&said) => Some(said.trim().to_owned()),
            None => before,
        }
    })
}

/// Words with which a question begins that has no mark at its end.
const ASKING: [&str; 52] = [
    "how", "what", "when", "where", "which", "who", "whose", "why", "can", "could", "do", "does", "did", "is", "are",
    "was", "may", "must", "should", "would", "will", "como", "cómo", "que", "qué", "cuando", "cuándo", "cuanto",
    "cuánto", "donde", "dónde", "quien", "quién", "wie", "was", "wann", "wo", "wer", "warum", "kann", "darf",
    "comment", "quand", "combien", "pourquoi", "puis", "hur", "vad", "när", "var", "vem", "kan",
];

/// Whether words ask, as far as one can tell.
pub(crate) fn asks(said: &str) -> bool {
    let first = said.split(|c: char| !c.is_alphanumeric()).find(|word| !word.is_empty()).unwrap_or_default();
    said.trim_end().ends_with(['?', '\u{ff1f}', '\u{61f}']) || ASKING.contains(&first.to_lowercase().as_str())
}

/// The end of what was said, as long as a question may be: what was said last counts most, but for the sentence that asks, which stands before it then.
pub(crate) fn shortened(text: &str) -> String {
    let end = |most: usize| text.chars().skip(text.chars().count().saturating_sub(most)).collect::<String>();
    let last = end(MAX_QUESTION);
    match asking(text).filter(|asks| last.len() < text.len() && !last.contains(asks)) {
        Some(asks) => {
            let asks: String = asks.chars().take(MAX_QUESTION / 2).collect();
            let rest = end(MAX_QUESTION.saturating_sub(asks.chars().count() + 1));
            format!("{asks}\n{rest}")
        }
        None => last,
    }
}

/// What is kept of a question that was not answered: of a long one, the sentence that asks.
fn kept(asked: &str) -> &str {
    match asked.chars().count() > MAX_ASKED {
        true => asking(asked).unwrap_or(asked),
        false => asked,
    }
}

#[cfg(test)]
mod tests {
    use super::{asks, kept, shortened, standing};
    use knowledge::MAX_QUESTION;

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
    fn of_what_is_too_long_the_question_stays() {
        let story = "My lamp came on Monday and nobody was at home to look at it. ".repeat(30);
        let first = shortened(&format!("How long may I return it? {story}"));
        assert!(first.starts_with("How long may I return it?\n") && first.chars().count() == MAX_QUESTION, "{first}");
        let last = shortened(&format!("{story}How long may I return it?"));
        assert!(last.ends_with(" How long may I return it?") && last.chars().count() == MAX_QUESTION, "{last}");
        assert_eq!(kept(&last), "How long may I return it?");
        assert_eq!((shortened("Is it red?").as_str(), kept("Is it red?")), ("Is it red?", "Is it red?"));
    }

    #[test]
    fn what_asks_is_known() {
        assert!(asks("May I? ") && asks("可以吗？") && asks("how do i paint it") && !asks("I have a lamp."));
    }
}
