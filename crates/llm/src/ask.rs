//! Asking: the models that are on, one after the other, until one has answered.
//!
//! *Guarantees:* a model is asked again only before the first piece of its answer has come; two times at most, and later each time, or
//! when it said so; and once more at once, where it has thought and not spoken. What is wrong with the question is not held against a model; anything
//! else is, also that time ran out over it, and one that fails again and again is left alone for a while, or that asks for it. One that is silent leaves
//! half of the time to those behind it. Why a model does not answer stands beside it until it does. Whoever lets go of the question, or of the other end
//! of the pieces, ends it at the provider as well.

use crate::call::{Call, Came};
use crate::models::{As, Link, Which};
use crate::spent::{Spent, Tally};
use crate::thinking::Weighed;
use crate::usage::heard_of;
use crate::wire::{self, Asked, Events};
use crate::{Image, Llm, LlmError, fault};
use model::llm::{Ended, Fault, Micros, Usage, Wire};
use model::permission::ReadDocuments;
use model::{ConversationId, ModelId, TenantId};
use outbound::{OutboundError, Patience, Whose};
use shares::Place;
use std::sync::Arc;
use std::time::Duration;
use store::{Caller, StoreError};
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Most bytes that are read for an answer: what is around a word is many times as long.
const MOST_BYTES: usize = 8 * 1024 * 1024;
/// Most bytes of a refusal.
const MOST_REFUSAL: usize = 64 * 1024;
/// How often a model is asked again.
const AGAIN: u32 = 2;
/// The longest that a model is waited for when it says how long.
const AFTER_S: u32 = 5;
/// Of the time that a question has, what is left when its turn comes: with less than a quarter nobody is asked, and with less than half a model is not
/// blamed that does not answer in it.
const LEAST_OF: u32 = 4;
const FAIR_OF: u32 = 2;

/// Who has said something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// The contact.
    Contact,
    /// The assistant.
    Assistant,
}

/// What somebody has said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Who.
    pub who: Speaker,
    /// What.
    pub text: String,
    /// The pictures that come with it, of a contact's alone. Without words none is sent.
    pub images: Vec<Image>,
}

impl Turn {
    /// That somebody has said something.
    pub fn said(who: Speaker, text: impl Into<String>) -> Self {
        Self { who, text: text.into(), images: Vec::new() }
    }
}

/// What a model may call before it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tool {
    /// Its name: letters, digits and `_`.
    pub name: String,
    /// What it does, for the model.
    pub description: String,
    /// What it takes: a JSON Schema of an object.
    pub parameters: serde_json::Value,
}

/// That a model calls something: what may be one of the tools that it was offered, and what may be arguments.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ToolCall {
    /// What its provider calls the call. Nothing is made of it: what is sent back is numbered by itself, as every provider takes it.
    pub id: String,
    /// The name of the tool, as the model writes it.
    pub name: String,
    /// Its arguments: JSON, if the model has written it well.
    pub arguments: String,
    /// What its provider wants back together with it, and nobody else reads.
    pub thought: String,
}

/// What a model has called before it answers, and what it was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Round {
    /// What it has said beside its calls.
    pub text: String,
    /// The calls, each with what came of it: a JSON object.
    pub calls: Vec<(ToolCall, String)>,
}

/// A question to a model.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ask<'a> {
    /// What it is told before everything else.
    pub system: &'a str,
    /// What was said, the question last.
    pub turns: &'a [Turn],
    /// What it may call.
    pub tools: &'a [Tool],
    /// What it has called since the question.
    pub rounds: &'a [Round],
    /// Whether it may call nothing more, and has to answer.
    pub closed: bool,
    /// Most tokens of the answer.
    pub most: u32,
    /// The conversation that it is for.
    pub conversation: Option<ConversationId>,
    /// How long it may take in all, whichever models are asked.
    pub within: Duration,
    /// Whether it is simple: then those for simple questions are asked first, otherwise last.
    pub simple: bool,
}

/// What comes of an answer while it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Its next words.
    Text(String),
    /// What came so far does not count: it has stopped in the middle.
    Withdrawn,
}

/// Where pieces go. Who closes the other end ends the question.
pub type Pieces = mpsc::Sender<Piece>;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// All of it.
    pub text: String,
    /// What it calls: then it is no answer yet. Nothing, where it was offered nothing.
    pub calls: Vec<ToolCall>,
    /// Who has given it.
    pub model: ModelId,
    /// What its provider calls that.
    pub name: String,
    /// How it was spoken with.
    pub wire: Wire,
    /// How it ended.
    pub ended: Ended,
    /// What it has used.
    pub usage: Usage,
    /// What that costs, where there are prices.
    pub cost: Option<Micros>,
    /// Whether one for simple questions was asked first, before others, since it is one.
    pub simple: bool,
    /// The same of all calls for it: also of those before that gave none.
    pub spent: Spent,
    /// Those that were asked before, and why they gave none.
    pub faults: Vec<(ModelId, Fault)>,
}

/// Why a call came to nothing.
#[derive(Debug)]
pub(crate) enum Miss {
    Fault(Fault),
    /// The month does not allow it.
    Budget,
    /// Nobody listens any more.
    Gone,
    Store(StoreError),
}

impl From<Fault> for Miss {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<StoreError> for Miss {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// How far the line of models has been asked.
#[derive(Default)]
struct Trail {
    faults: Vec<(ModelId, Fault)>,
    /// The one that is being asked.
    at: Option<As>,
    /// Whether one was too dear.
    dear: bool,
    /// Whether most of its time was over when its turn came.
    hurried: bool,
    /// What all calls have used.
    tally: Tally,
}

/// Does some work, unless nobody listens any more.
async fn heard<T>(pieces: Option<&Pieces>, work: impl Future<Output = T>) -> Result<T, Miss> {
    let gone = async {
        match pieces {
            Some(pieces) => pieces.closed().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        () = gone => Err(Miss::Gone),
        done = work => Ok(done),
    }
}

async fn send(pieces: Option<&Pieces>, piece: Piece) -> Result<(), Miss> {
    match pieces {
        Some(pieces) => pieces.send(piece).await.map_err(|_| Miss::Gone),
        None => Ok(()),
    }
}

/// When a model is asked again after that, if it is.
pub(crate) fn again(fault: &Fault, tries: u32, pause: Duration) -> Option<Duration> {
    if tries >= AGAIN {
        return None;
    }
    match fault {
        // Others were told the same, and do not all come at once.
        Fault::Busy { after_s: Some(seconds) } if *seconds <= AFTER_S => {
            Some(Duration::from_secs(u64::from(*seconds)).mul_f64(1.0 + rand::random::<f64>() / 4.0))
        }
        Fault::Busy { after_s: None } | Fault::Unreachable | Fault::CutOff => {
            Some(pause.mul_f64(f64::from(1_u32 << tries) * (1.0 + rand::random::<f64>() / 2.0)))
        }
        _ => None,
    }
}

/// For how many seconds a model asks to be left alone, where no question waits that long for it.
pub(crate) fn alone(fault: &Fault) -> Option<u32> {
    match fault {
        Fault::Busy { after_s } => after_s.filter(|seconds| *seconds > AFTER_S),
        _ => None,
    }
}

/// Whether the first one is for simple questions, and another one is not.
fn routed(links: &[Link]) -> bool {
    links.first().is_some_and(|first| first.simple) && links.iter().any(|link| !link.simple)
}

impl Llm {
    /// Asks the models that are on, in their order, until one has answered. Its words are told as they come, where somebody listens.
    ///
    /// # Errors
    /// [`LlmError::Denied`], [`LlmError::Invalid`] for a question that cannot be asked, [`LlmError::NoModel`], [`LlmError::NoImages`] where
    /// none looks at what comes with it (those that do not are not asked), [`LlmError::Budget`] where the month allows none of them, [`LlmError::Busy`], [`LlmError::Gone`], [`LlmError::Failed`], or the database's. What came of an
    /// answer does not count then.
    #[tracing::instrument(name = "http.model.ask", skip_all)]
    pub async fn ask(&self, caller: &Caller, ask: &Ask<'_>, pieces: Option<&Pieces>) -> Result<Said, LlmError> {
        let right = caller.may(ReadDocuments)?;
        let asked = Asked::of(ask)?;
        let (tenant, whole) = (right.scope().tenant(), self.patience.whole.min(ask.within));
        let (mut trail, until) = (Trail::default(), Instant::now() + whole);
        let line = async {
            let place = self.enter(tenant).await?;
            let left = until.saturating_duration_since(Instant::now());
            if left < whole / LEAST_OF {
                return Err(LlmError::Busy);
            }
            trail.hurried = left < whole / FAIR_OF;
            // Not before: while one waits, a model may be changed, or removed.
            let mut links = self.links(right.scope(), Which::Asked { simple: ask.simple }).await?;
            if links.is_empty() {
                return Err(LlmError::NoModel);
            }
            links.retain(|link| link.looks_at(asked.images()));
            if links.is_empty() {
                return Err(LlmError::NoImages);
            }
            let idle = self.patience.idle;
            let others = links.len() > 1 && !trail.hurried;
            let patience = Patience { idle: if others { idle.min(left / 2) } else { idle }, whole: left };
            let asking = Self { patience, ..self.clone() };
            let simple = ask.simple && routed(&links);
            let said = asking.line(caller, &mut links, &asked, pieces, &place, &mut trail).await?;
            Ok(Said { simple, ..said })
        };
        let said = tokio::time::timeout(whole, line).await;
        match (said, trail.at) {
            (Ok(said), _) => said,
            (Err(_), None) => Err(LlmError::Busy),
            (Err(_), Some((model, changed_at))) => {
                // Let go in the middle, the call itself has told nobody.
                if !trail.hurried {
                    self.breaker.failed((tenant, model), self.services.now(), None);
                    self.note(right.scope(), (model, changed_at), Some(&Fault::TooSlow)).await;
                }
                trail.faults.push((model, Fault::TooSlow));
                Err(LlmError::Failed(trail.faults, trail.tally.spent()))
            }
        }
    }

    async fn line(
        &self,
        caller: &Caller,
        links: &mut [Link],
        asked: &Asked<'_>,
        pieces: Option<&Pieces>,
        place: &Arc<Place<TenantId>>,
        trail: &mut Trail,
    ) -> Result<Said, LlmError> {
        for link in links {
            trail.at = Some(link.as_it_is());
            match self.ask_one(caller, link, asked, pieces, place, &trail.tally).await {
                Ok(said) => {
                    let (faults, spent) = (std::mem::take(&mut trail.faults), trail.tally.spent());
                    return Ok(Said { faults, spent, ..said });
                }
                Err(Miss::Fault(fault)) => trail.faults.push((link.id, fault)),
                Err(Miss::Budget) => trail.dear = true,
                Err(Miss::Gone) => return Err(LlmError::Gone),
                Err(Miss::Store(error)) => return Err(error.into()),
            }
        }
        let (faults, spent) = (std::mem::take(&mut trail.faults), trail.tally.spent());
        Err(if faults.is_empty() && trail.dear { LlmError::Budget } else { LlmError::Failed(faults, spent) })
    }

    /// Asks one model, and once or twice more where that is worth it.
    async fn ask_one(
        &self,
        caller: &Caller,
        link: &mut Link,
        asked: &Asked<'_>,
        pieces: Option<&Pieces>,
        place: &Arc<Place<TenantId>>,
        tally: &Tally,
    ) -> Result<Said, Miss> {
        let of = (caller.scope().tenant(), link.id);
        let mut last = None;
        for tries in 0.. {
            let pass = match self.breaker.enter(of, self.services.now()) {
                Ok(pass) => pass,
                Err(rest) => return Err(last.unwrap_or(Fault::Busy { after_s: Some(rest) }).into()),
            };
            let mut call = match self.begin(caller, link, asked, place).await {
                Ok(call) => call,
                // What was tried before is why there is no answer.
                Err(Miss::Budget) => return Err(last.map_or(Miss::Budget, Miss::Fault)),
                Err(miss) => return Err(miss),
            };
            call.tally = tally.clone();
            let came = self.hear(link, asked, pieces, &mut call).await;
            // What was offered nothing calls nothing.
            let calls = !asked.tools.is_empty() && !call.heard.calls.is_empty();
            let weighed = came.map(|ended| (ended, self.weigh(link, ended, &call.heard, calls)));
            let (fault, whole) = match weighed {
                Ok((ended, Weighed::Answer)) => {
                    pass.worked(self.services.now());
                    call.end(false).await;
                    self.noted(caller.scope(), link, None).await;
                    let (usage, cost) = (call.used(), call.cost());
                    let text = std::mem::take(&mut call.heard.text);
                    let calls = if calls { call.heard.take_calls() } else { Vec::new() };
                    let ended = if ended == Ended::Stop && !calls.is_empty() { Ended::Called } else { ended };
                    return Ok(Said {
                        text,
                        calls,
                        model: link.id,
                        name: link.name.clone(),
                        wire: link.wire,
                        ended,
                        usage,
                        cost,
                        simple: false,
                        spent: Spent::default(),
                        faults: Vec::new(),
                    });
                }
                Ok((_, Weighed::Again)) => {
                    call.end(true).await;
                    continue;
                }
                // Nothing, to its end: it would be the same once more.
                Ok((_, Weighed::Nothing(fault))) => (fault, true),
                Err(Miss::Fault(fault)) if self.is_told_not_to(link, !asked.tools.is_empty(), &fault) => {
                    call.end(true).await;
                    continue;
                }
                Err(Miss::Fault(fault)) => (fault, false),
                Err(miss) => return Err(miss),
            };
            if !matches!(fault, Fault::TooLong | Fault::Refused(_)) {
                pass.failed(self.services.now(), alone(&fault));
            }
            call.end(true).await;
            self.noted(caller.scope(), link, Some(&fault)).await;
            tracing::warn!(
                tenant = %of.0, model = %link.id, conversation = ?asked.conversation, fault = fault.name(), tries,
                "a model has not answered"
            );
            let begun = !call.heard.text.is_empty();
            if begun {
                send(pieces, Piece::Withdrawn).await?;
            }
            match again(&fault, tries, self.pause).filter(|_| !begun && !whole) {
                Some(wait) => heard(pieces, tokio::time::sleep(wait)).await?,
                None => return Err(fault.into()),
            }
            last = Some(fault);
        }
        Err(last.unwrap_or(Fault::Unreachable).into())
    }

    /// Makes a call, and hears it to its end.
    pub(crate) async fn hear(
        &self,
        link: &Link,
        asked: &Asked<'_>,
        pieces: Option<&Pieces>,
        call: &mut Call,
    ) -> Result<Ended, Miss> {
        self.hear_all(link, asked, pieces, call).await.map_err(|miss| match miss {
            Miss::Fault(fault) => fault::without(fault, link.key.as_ref()).into(),
            miss => miss,
        })
    }

    async fn hear_all(
        &self,
        link: &Link,
        asked: &Asked<'_>,
        pieces: Option<&Pieces>,
        call: &mut Call,
    ) -> Result<Ended, Miss> {
        let request = wire::request(link, asked)?;
        // Also where nobody waits for it any more.
        call.came = Came::Sent;
        let begins = self.outbound.begin(Whose::Tenant, request, self.patience, MOST_BYTES);
        let begins = heard(pieces, begins).await?;
        if !matches!(begins, Ok(_) | Err(OutboundError::TooSlow(_))) {
            call.came = Came::Nothing;
        }
        let (head, mut body) = begins.map_err(|error| fault::of(&error))?.into_parts();
        if !fault::begins(&head) {
            let whole = fault::whole(&head);
            if !whole {
                call.came = Came::Nothing;
            }
            let mut says = Vec::new();
            let all = loop {
                match heard(pieces, body.next()).await? {
                    Ok(Some(piece)) => says.extend_from_slice(&piece),
                    end => break end.is_ok(),
                }
                if says.len() > MOST_REFUSAL {
                    break false;
                }
            };
            // Who takes no notice of `stream` has answered all the same, and bills it. What was not read to its end counts in full.
            if whole && all {
                (call.came, call.heard) = wire::used(link.wire, &says);
            }
            return Err(fault::refusal(&head, &says, self.services.now()).into());
        }
        call.came = Came::Begun;
        let mut events = Events::default();
        loop {
            let piece = match heard(pieces, body.next()).await? {
                Ok(piece) => piece,
                // It has said that it was all.
                Err(_) if call.heard.ended.is_some() => None,
                Err(error) => return Err(fault::midway(&error).into()),
            };
            let last = piece.is_none();
            let whole = match piece {
                Some(bytes) => events.take(&bytes)?,
                None => events.rest(),
            };
            for event in whole {
                let before = call.heard.text.len();
                wire::hear(link.wire, &event, &mut call.heard)?;
                if call.heard.calls_too_much() {
                    return Err(Fault::TooLong.into());
                }
                let full = call.heard.cut(heard_of(asked.most));
                if let Some(words) = call.heard.text.get(before..).filter(|words| !words.is_empty()) {
                    send(pieces, Piece::Text(words.to_owned())).await?;
                }
                // It takes no notice of how much was asked for. What stands is an answer; more of it nobody has set anything aside for.
                if full {
                    return Ok(Ended::Length);
                }
            }
            if last || call.heard.over {
                let ended = call.heard.ended.or(call.heard.over.then_some(Ended::Stop));
                return ended.ok_or(Miss::Fault(Fault::CutOff));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_asked_again_twice_and_later_each_time_or_when_it_says() {
        let pause = Duration::from_millis(100);
        let wait = |fault: &Fault, tries| again(fault, tries, pause).map(|wait| wait.as_millis());
        for fault in [Fault::Busy { after_s: None }, Fault::Unreachable, Fault::CutOff] {
            assert!(wait(&fault, 0).is_some_and(|wait| (100..=150).contains(&wait)), "{fault:?}");
            assert!(wait(&fault, 1).is_some_and(|wait| (200..=300).contains(&wait)), "{fault:?}");
            assert_eq!(wait(&fault, 2), None);
        }
        assert!(wait(&Fault::Busy { after_s: Some(5) }, 1).is_some_and(|wait| (5_000..=6_250).contains(&wait)));
        assert_eq!(wait(&Fault::Busy { after_s: Some(0) }, 0), Some(0));
        assert_eq!(wait(&Fault::Busy { after_s: Some(6) }, 0), None);
        let left = [None, Some(0), Some(5), Some(6)].map(|after_s| alone(&Fault::Busy { after_s }));
        assert_eq!(left, [None, None, None, Some(6)]);
        let never =
            [Fault::Key, Fault::Lost, Fault::Model, Fault::Quota, Fault::TooLong, Fault::TooSlow, Fault::NotAModel];
        assert!(never.iter().all(|fault| wait(fault, 0).is_none()));
    }
}
