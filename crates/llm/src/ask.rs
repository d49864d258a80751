//! Asking: the models that are on, one after the other, until one has answered.
//!
//! *Guarantees:* a model is asked again only before the first piece of its answer has come; two times at most, and later each time, or
//! when it said so. What is wrong with the question is not held against a model; anything else is, also that time ran out over it, and one
//! that fails again and again is left alone for a while. One that is silent leaves half of the time to those behind it. Whoever lets go of
//! the question, or of the other end of the pieces, ends it at the provider as well.

use crate::call::{Call, Came};
use crate::models::Link;
use crate::wire::{self, Asked, Events};
use crate::{Llm, LlmError, fault};
use model::llm::{Ended, Fault, Micros, Usage};
use model::permission::ReadDocuments;
use model::{ConversationId, ModelId, TenantId};
use outbound::{OutboundError, Patience, Whose};
use shares::Place;
use std::sync::Arc;
use std::time::Duration;
use store::{Caller, StoreError};
use tokio::sync::mpsc;

/// Most bytes of an answer's text.
const MOST_TEXT: usize = 1024 * 1024;
/// Most bytes that are read for it: what is around a word is many times as long.
const MOST_BYTES: usize = 8 * MOST_TEXT;
/// Most bytes of a refusal.
const MOST_REFUSAL: usize = 64 * 1024;
/// How often a model is asked again.
const AGAIN: u32 = 2;
/// The longest that a model is waited for when it says how long.
const AFTER_S: u32 = 5;

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
}

/// A question to a model.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// What it is told before everything else.
    pub system: &'a str,
    /// What was said, the question last.
    pub turns: &'a [Turn],
    /// Most tokens of the answer.
    pub most: u32,
    /// The conversation that it is for.
    pub conversation: Option<ConversationId>,
    /// How long it may take in all, whichever models are asked.
    pub within: Duration,
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
    /// Who has given it.
    pub model: ModelId,
    /// What its provider calls that.
    pub name: String,
    /// How it ended.
    pub ended: Ended,
    /// What it has used.
    pub usage: Usage,
    /// What that costs, where there are prices.
    pub cost: Option<Micros>,
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
    at: Option<ModelId>,
    /// Whether one was too dear.
    dear: bool,
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
fn again(fault: &Fault, tries: u32, pause: Duration) -> Option<Duration> {
    if tries >= AGAIN {
        return None;
    }
    match fault {
        Fault::Busy { after_s: Some(seconds) } if *seconds <= AFTER_S => Some(Duration::from_secs(u64::from(*seconds))),
        Fault::Busy { after_s: None } | Fault::Unreachable | Fault::CutOff => {
            Some(pause.mul_f64(f64::from(1_u32 << tries) * (1.0 + rand::random::<f64>() / 2.0)))
        }
        _ => None,
    }
}

impl Llm {
    /// Asks the models that are on, in their order, until one has answered. Its words are told as they come, where somebody listens.
    ///
    /// # Errors
    /// [`LlmError::Denied`], [`LlmError::Invalid`] for a question that cannot be asked, [`LlmError::NoModel`], [`LlmError::Budget`] where
    /// the month allows none of them, [`LlmError::Busy`], [`LlmError::Gone`], [`LlmError::Failed`], or the database's. What came of an
    /// answer does not count then.
    #[tracing::instrument(name = "http.model.ask", skip_all)]
    pub async fn ask(&self, caller: &Caller, ask: &Ask<'_>, pieces: Option<&Pieces>) -> Result<Said, LlmError> {
        let right = caller.may(ReadDocuments)?;
        let asked = Asked::of(ask)?;
        let (tenant, whole) = (right.scope().tenant(), self.patience.whole.min(ask.within));
        let mut trail = Trail::default();
        let line = async {
            let place = self.enter(tenant).await?;
            // Not before: while one waits, a model may be changed, or removed.
            let links = self.links(right.scope(), None).await?;
            if links.is_empty() {
                return Err(LlmError::NoModel);
            }
            let idle = self.patience.idle;
            let patience = Patience { idle: if links.len() > 1 { idle.min(whole / 2) } else { idle }, whole };
            let asking = Self { patience, ..self.clone() };
            asking.line(caller, &links, &asked, pieces, &place, &mut trail).await
        };
        let said = tokio::time::timeout(whole, line).await;
        match (said, trail.at) {
            (Ok(said), _) => said,
            (Err(_), None) => Err(LlmError::Busy),
            (Err(_), Some(model)) => {
                // Let go in the middle, the call itself has told nobody.
                self.breaker.failed((tenant, model), self.services.now());
                trail.faults.push((model, Fault::TooSlow));
                Err(LlmError::Failed(trail.faults))
            }
        }
    }

    async fn line(
        &self,
        caller: &Caller,
        links: &[Link],
        asked: &Asked<'_>,
        pieces: Option<&Pieces>,
        place: &Arc<Place<TenantId>>,
        trail: &mut Trail,
    ) -> Result<Said, LlmError> {
        for link in links {
            trail.at = Some(link.id);
            match self.ask_one(caller, link, asked, pieces, place).await {
                Ok(said) => return Ok(Said { faults: std::mem::take(&mut trail.faults), ..said }),
                Err(Miss::Fault(fault)) => trail.faults.push((link.id, fault)),
                Err(Miss::Budget) => trail.dear = true,
                Err(Miss::Gone) => return Err(LlmError::Gone),
                Err(Miss::Store(error)) => return Err(error.into()),
            }
        }
        let faults = std::mem::take(&mut trail.faults);
        Err(if faults.is_empty() && trail.dear { LlmError::Budget } else { LlmError::Failed(faults) })
    }

    /// Asks one model, and once or twice more where that is worth it.
    async fn ask_one(
        &self,
        caller: &Caller,
        link: &Link,
        asked: &Asked<'_>,
        pieces: Option<&Pieces>,
        place: &Arc<Place<TenantId>>,
    ) -> Result<Said, Miss> {
        let of = (caller.scope().tenant(), link.id);
        let mut last = None;
        for tries in 0.. {
            let pass = match self.breaker.enter(of, self.services.now()) {
                Ok(pass) => pass,
                Err(rest) => return Err(last.unwrap_or(Fault::Busy { after_s: Some(rest) }).into()),
            };
            let mut call = self.begin(caller, link, asked, place).await?;
            let came = self.hear(link, asked, pieces, &mut call).await;
            let (fault, whole) = match came {
                Ok(ended) if ended == Ended::Filtered || !call.heard.text.trim().is_empty() => {
                    pass.worked();
                    call.end(false).await;
                    let (usage, cost) = (call.used(), call.cost());
                    let text = std::mem::take(&mut call.heard.text);
                    return Ok(Said {
                        text,
                        model: link.id,
                        name: link.name.clone(),
                        ended,
                        usage,
                        cost,
                        faults: Vec::new(),
                    });
                }
                // Nothing, to its end: it would be the same once more.
                Ok(_) => (Fault::CutOff, true),
                Err(Miss::Fault(fault)) => (fault, false),
                Err(miss) => return Err(miss),
            };
            if !matches!(fault, Fault::TooLong | Fault::Refused(_)) {
                pass.failed(self.services.now());
            }
            call.end(true).await;
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
            call.came = Came::Nothing;
            let mut says = Vec::new();
            while let Ok(Some(piece)) = heard(pieces, body.next()).await? {
                says.extend_from_slice(&piece);
                if says.len() > MOST_REFUSAL {
                    break;
                }
            }
            return Err(fault::refusal(&head, &says).into());
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
                if call.heard.text.len() > MOST_TEXT {
                    return Err(Fault::TooLong.into());
                }
                if let Some(words) = call.heard.text.get(before..).filter(|words| !words.is_empty()) {
                    send(pieces, Piece::Text(words.to_owned())).await?;
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
        assert_eq!(wait(&Fault::Busy { after_s: Some(5) }, 1), Some(5_000));
        assert_eq!(wait(&Fault::Busy { after_s: Some(6) }, 0), None);
        let never = [Fault::Key, Fault::Model, Fault::Quota, Fault::TooLong, Fault::TooSlow, Fault::NotAModel];
        assert!(never.iter().all(|fault| wait(fault, 0).is_none()));
    }
}
