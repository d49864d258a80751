//! Trying a model out: one short question, and a sentence for what is wrong.

use crate::ask::{Ask, Miss, Speaker, Turn};
use crate::wire::Asked;
use crate::{Llm, LlmError, fault};
use model::ModelId;
use model::llm::{Fault, Tried};
use model::permission::ManageAssistant;
use std::time::{Duration, Instant};
use store::Caller;

/// Tokens of the answer: some models think before they say a word.
const MOST: u32 = 256;
/// How long it may take in all, with the wait for a place: who has asked for it ends after `server.request_timeout_s`.
const PATIENCE: Duration = Duration::from_secs(20);

impl Llm {
    /// Asks a model something short, also one that is not on, or left alone. It costs what such a question costs.
    ///
    /// # Errors
    /// [`LlmError::Denied`], [`LlmError::NotFound`], [`LlmError::Budget`], [`LlmError::Busy`], or the database's. What is wrong with the
    /// model itself stands in what is given.
    #[tracing::instrument(name = "http.model.try", skip_all)]
    pub async fn try_out(&self, caller: &Caller, id: ModelId) -> Result<Tried, LlmError> {
        let right = caller.may(ManageAssistant)?;
        let tenant = right.scope().tenant();
        let link = self.links(right.scope(), Some(id)).await?.pop().ok_or(LlmError::NotFound)?;
        let until = tokio::time::Instant::now() + self.patience.whole.min(PATIENCE);
        let place = tokio::time::timeout_at(until, self.enter(tenant)).await.map_err(|_| LlmError::Busy)??;
        let turns = [Turn { who: Speaker::Contact, text: "Hello! Who are you?".to_owned() }];
        let ask = Ask {
            system: "Answer in one short sentence.",
            turns: &turns,
            most: MOST,
            conversation: None,
            within: PATIENCE,
        };
        let asked = Asked::of(&ask)?;
        let began = Instant::now();
        let mut call = self.begin(caller, &link, &asked, &place).await.map_err(missed)?;
        let heard = tokio::time::timeout_at(until, self.hear(&link, &asked, None, &mut call)).await;
        let fault = match heard {
            Ok(Ok(_)) => None,
            Ok(Err(Miss::Fault(fault))) => Some(fault),
            Ok(Err(miss)) => return Err(missed(miss)),
            Err(_) => Some(Fault::TooSlow),
        };
        call.end(fault.is_some()).await;
        if fault.is_none() {
            self.breaker.forget((tenant, id));
        }
        let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        // A server may say more than it was asked for, and the key that it was sent.
        Ok(Tried { text: fault::shown(&call.heard.text, link.key.as_ref()), took_ms, fault })
    }
}

fn missed(miss: Miss) -> LlmError {
    match miss {
        Miss::Fault(_) | Miss::Gone => LlmError::Gone,
        Miss::Budget => LlmError::Budget,
        Miss::Store(error) => error.into(),
    }
}
