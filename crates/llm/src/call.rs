//! A call that is under way, and what it has come to. It is ended once, also when who asked has gone: then by a task of its own, which
//! holds its place until that is done.

use crate::models::{Link, Rates};
use crate::usage::{Noted, cost, estimate};
use crate::wire::{Asked, Heard};
use crate::{Llm, ask::Miss};
use model::llm::{Micros, Usage};
use model::{ModelId, TenantId};
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
    rates: Option<Rates>,
    /// Tokens of the question, nearly, and most of an answer.
    asked: u64,
    most: u64,
    ended: bool,
    /// How far it has come.
    pub came: Came,
    /// What of it has come.
    pub heard: Heard,
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
        let of = |cached| {
            let used = Usage { input: asked.tokens(), cached, output: asked.most.into() };
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
            rates: link.rates,
            asked: asked.tokens(),
            most: asked.most.into(),
            ended: false,
            came: Came::Nothing,
            heard: Heard::default(),
        })
    }
}

impl Call {
    /// What it has used: what the provider says, or nearly that, where it has not.
    pub(crate) fn used(&self) -> Usage {
        match self.came {
            Came::Nothing => return Usage::default(),
            Came::Sent => return Usage { input: self.asked, cached: 0, output: self.most },
            Came::Begun => {}
        }
        let heard = &self.heard;
        let input = heard.input.unwrap_or(self.asked);
        let output = match heard.output {
            Some(said) if heard.ended.is_some() => said,
            // Said at the beginning, it was not all.
            said => said.unwrap_or_default().max(estimate(heard.text.len())),
        };
        Usage { input, cached: heard.cached.min(input), output }
    }

    /// What it has cost, where there are prices.
    pub(crate) fn cost(&self) -> Option<Micros> {
        self.rates.map(|rates| cost(&rates, &self.used()))
    }

    fn noted(&self, failed: bool) -> Noted<'_> {
        Noted { model: self.model, name: &self.name, failed, used: self.used(), cost: self.cost() }
    }

    /// Ends it. What cannot be written down is spent in full when its lease is over.
    pub(crate) async fn end(&mut self, failed: bool) {
        told(self.llm.settle(&self.caller, self.id, &self.noted(failed)).await);
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
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if self.ended {
            return;
        }
        let (llm, caller, place, id) = (self.llm.clone(), self.caller.clone(), Arc::clone(&self.place), self.id);
        let (model, name, used, cost) = (self.model, std::mem::take(&mut self.name), self.used(), self.cost());
        runtime.spawn(async move {
            told(llm.settle(&caller, id, &Noted { model, name: &name, failed: true, used, cost }).await);
            drop(place);
        });
    }
}
