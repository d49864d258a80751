//! A call that is under way, and what it has come to. It is ended once, also when who asked has gone: then by a task of its own, which
//! holds its place until that is done.

use crate::models::Link;
use crate::prices::Rates;
use crate::spent::Tally;
use crate::usage::{Noted, cost, estimate, heard_of};
use crate::wire::{self, Asked, Heard};
use crate::{Llm, ask::Miss};
use model::llm::{Micros, Usage};
use model::{ConversationId, ModelId, TenantId};
use shares::Place;
use std::sync::Arc;
use store::Caller;
use uuid::Uuid;

/// How far a call has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Came {
    /// It was not sent, or refused: it costs nothing.
    Nothing,
    /// It was sent, and nobody has heard what became of it: a provider may bill all of it.
    Sent,
    /// An answer has begun.
    Begun,
}

/// A call.
pub(crate) struct Call {
    llm: Llm,
    caller: Caller,
    place: Arc<Place<TenantId>>,
    id: Uuid,
    model: ModelId,
    name: String,
    provider: String,
    rates: Option<Rates>,
    conversation: Option<ConversationId>,
    /// Tokens of the question, nearly, and most of an answer.
    asked: u64,
    most: u32,
    /// Tokens that may be billed beside these, for what the provider writes down to remember it.
    beside: u64,
    ended: bool,
    /// How far it has come.
    pub came: Came,
    /// What of it has come.
    pub heard: Heard,
    /// Where it is counted what it has used.
    pub tally: Tally,
}

impl Llm {
    /// Begins a call, if the month allows what it may cost.
    pub(crate) async fn begin(
        &self,
        caller: &Caller,
        link: &Link,
        asked: &Asked<'_>,
        place: &Arc<Place<TenantId>>,
    ) -> Result<Call, Miss> {
        let beside = wire::beside(link.wire, asked);
        let of = |cached| {
            let used = Usage { input: asked.tokens() + beside, cached, output: link.most(asked).into() };
            link.rates.map_or(Micros(0), |rates| cost(&rates, &used))
        };
        // Whichever is dearer: that the provider remembers all of it, or nothing.
        let id = self.reserve(caller, of(0).max(of(asked.tokens()))).await?.ok_or(Miss::Budget)?;
        Ok(Call {
            llm: self.clone(),
            caller: caller.clone(),
            place: Arc::clone(place),
            id,
            model: link.id,
            name: link.name.clone(),
            provider: link.provider(),
            rates: link.rates,
            conversation: asked.conversation,
            asked: asked.tokens(),
            most: link.most(asked),
            beside,
            ended: false,
            came: Came::Nothing,
            heard: Heard::default(),
            tally: Tally::default(),
        })
    }
}

impl Call {
    /// What it has used: what the provider says, or nearly that, where it has not.
    pub(crate) fn used(&self) -> Usage {
        match self.came {
            Came::Nothing => return Usage::default(),
            Came::Sent => return Usage { input: self.asked, cached: 0, output: self.most.into() },
            Came::Begun => {}
        }
        let heard = &self.heard;
        let input = heard.input.unwrap_or(self.asked);
        let output = match heard.output {
            Some(said) if heard.ended.is_some() => said,
            // Said at the beginning, it was not all. More than is heard of an answer counts for nothing: nobody has asked for it.
            said => said.unwrap_or_default().max(estimate(heard.bytes().min(heard_of(self.most)))),
        };
        Usage { input, cached: heard.cached.min(input), output }
    }

    /// What it has cost, where there are prices.
    pub(crate) fn cost(&self) -> Option<Micros> {
        let used = self.used();
        let beside = match self.came {
            Came::Nothing => 0,
            Came::Sent => self.beside,
            Came::Begun => wire::written(self.heard.written.min(used.input)),
        };
        self.rates.map(|rates| cost(&rates, &Usage { input: used.input + beside, ..used }))
    }

    fn noted(&self, failed: bool) -> Noted<'_> {
        let (used, cost) = (self.used(), self.cost());
        Noted {
            model: self.model,
            name: &self.name,
            provider: &self.provider,
            failed,
            used,
            cost,
            conversation: self.conversation,
        }
    }

    /// Ends it. What cannot be written down is spent in full when its lease is over.
    pub(crate) async fn end(&mut self, failed: bool) {
        told(self.llm.settle(&self.caller, self.id, &self.noted(failed)).await);
        self.tally.count(self.used(), self.cost());
        self.ended = true;
    }
}

fn told(settled: Result<(), store::StoreError>) {
    if let Err(error) = settled {
        tracing::warn!(%error, "what a model has used could not be written down");
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        self.tally.count(self.used(), self.cost());
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (llm, caller, place, id) = (self.llm.clone(), self.caller.clone(), Arc::clone(&self.place), self.id);
        let (name, provider) = (std::mem::take(&mut self.name), std::mem::take(&mut self.provider));
        let (model, used, cost, conversation) = (self.model, self.used(), self.cost(), self.conversation);
        runtime.spawn(async move {
            let noted = Noted { model, name: &name, provider: &provider, failed: true, used, cost, conversation };
            told(llm.settle(&caller, id, &noted).await);
            drop(place);
        });
    }
}
