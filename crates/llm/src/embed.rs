//! What a model makes of texts, so that a search can compare what they mean.
//!
//! *Guarantees:* all vectors of a set were made by one model at one address, and have as many numbers as were seen when it was taken; whatever else
//! comes is a fault. What a question or a batch can cost is reserved before and settled after, as for every call; who has asked something is
//! answered within [`ASKING`], whatever the provider does. Questions and passages have places of their own, beside those of answers.

use crate::ask::{Miss, again, alone};
use crate::call::Came;
use crate::models::{Link, Which};
use crate::wire::{self, Asked, Made};
use crate::{Llm, LlmError, fault};
use http::header::CONTENT_TYPE;
use model::llm::{Ended, Fault};
use model::permission::ReadDocuments;
use model::{ModelId, TenantId};
use outbound::{OutboundError, Patience, Whose};
use shares::{Place, Waiting};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;
use store::jobs::{Job, Lane};
use store::{Caller, Scope, StoreError};
use tokio::time::Instant;
use uuid::Uuid;
use words::text;

/// Most texts that are sent at once.
pub const MOST_TEXTS: usize = 32;
/// How long a question may take in all: somebody waits for it, and the search goes on without it.
pub const ASKING: Duration = Duration::from_secs(2);
/// How long one try of a batch of passages may take.
const READING: Duration = Duration::from_secs(15);
/// Numbers of a vector. (More are read slowly, and are no better for it; the database keeps 16,000.)
pub(crate) const DIMENSIONS: RangeInclusive<usize> = 64..=2_000;
/// Most bytes of texts that are sent at once.
const MOST_SENT: usize = 400_000;
/// Most bytes of an answer, and of a refusal. (Numbers are written with some twenty characters, and may stand in a line each.)
const MOST_READ: usize = 8 * 1024 * 1024;
const MOST_REFUSAL: usize = 64 * 1024;
/// What a model is tried out with.
const TRIED_WITH: &str = "Within how many days may goods be returned?";
/// Those who wait: no longer than they may wait at all.
pub(crate) const LINE: Waiting = Waiting { total: 1_024, per_key: 64 };
/// Questions of all tenants that are at a provider, and of one; batches of passages.
pub(crate) const QUESTIONS: (usize, usize) = (64, 8);
pub(crate) const PASSAGES: (usize, usize) = (8, 1);

/// What a text is. Some models read the two in different ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meant {
    /// What somebody asks.
    Question,
    /// What may answer it.
    Passage,
}

/// Vectors that can be compared with each other, and with no others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Set {
    pub id: Uuid,
    /// The numbers of each.
    pub dimensions: usize,
}

/// What a model has made of texts.
#[derive(Debug, Clone, PartialEq)]
pub struct Vectors {
    /// The set that they belong to.
    pub set: Uuid,
    /// One for each text.
    pub vectors: Vec<Vec<f32>>,
}

/// A tenant's models for the search.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchModels {
    /// What the one is called that is on, and the set that it makes.
    pub on: Option<(String, Uuid)>,
    /// The sets of all, of those that are off as well.
    pub sets: Vec<Uuid>,
}

/// Follows a tenant's choice of a model for the search. Whoever keeps vectors does it.
#[derive(Debug)]
pub struct FollowSearchModel;

impl Job for FollowSearchModel {
    const NAME: &'static str = "follow_search_model";
    const LANE: Lane = Lane::Bulk;
    const DEADLINE: Duration = Duration::from_secs(60);
    type Subject = TenantId;
}

/// Whether this is the head of an answer with vectors.
fn brings(head: &http::response::Parts) -> bool {
    let kind = head.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    head.status.is_success() && kind.to_ascii_lowercase().starts_with("application/json")
}

/// That this model has not answered, and why.
fn failed(id: ModelId, fault: Fault) -> LlmError {
    LlmError::Failed(vec![(id, fault)], crate::Spent::default())
}

impl Llm {
    /// The tenant's models for the search.
    ///
    /// # Errors
    /// The database's.
    #[tracing::instrument(name = "db.model.search", skip_all)]
    pub async fn search_models(&self, scope: &Scope) -> Result<SearchModels, StoreError> {
        let mut tx = self.services.store.tenant(scope).await?;
        let rows = sqlx::query!(
            r#"select name, enabled, vectors_id as "vectors_id!" from app.models
               where uses = 'search' and vectors_id is not null order by place, model_id"#
        );
        let rows = rows.fetch_all(&mut tx).await?;
        tx.leave_open();
        let on = rows.iter().find(|row| row.enabled).map(|row| (row.name.clone(), row.vectors_id));
        Ok(SearchModels { on, sets: rows.iter().map(|row| row.vectors_id).collect() })
    }

    /// What the tenant's model for the search makes of texts: of one question within [`ASKING`], without another try; of at most
    /// [`MOST_TEXTS`] passages with as many tries as an answer has.
    ///
    /// # Errors
    /// [`LlmError::Denied`], [`LlmError::Invalid`] for texts that are empty or too many, [`LlmError::NoModel`] where none is chosen,
    /// [`LlmError::Budget`], [`LlmError::Busy`], [`LlmError::Failed`], or the database's.
    #[tracing::instrument(name = "http.model.embed", skip_all)]
    pub async fn embed(&self, caller: &Caller, texts: &[String], meant: Meant) -> Result<Vectors, LlmError> {
        let right = caller.may(ReadDocuments)?;
        let tenant = right.scope().tenant();
        let bytes: usize = texts.iter().map(String::len).sum();
        if texts.is_empty() || texts.iter().any(|text| text.trim().is_empty()) {
            return Err(LlmError::field("texts", text!("Write something first.")));
        }
        if texts.len() > MOST_TEXTS || bytes > MOST_SENT {
            return Err(LlmError::field("texts", text!("This is more than a model is asked at once.")));
        }
        // The set goes with the model: one that is changed meanwhile makes vectors of its old set, which are compared with those alone.
        let link = self.links(right.scope(), Which::Search).await?.pop().ok_or(LlmError::NoModel)?;
        let set = link.set.ok_or(LlmError::NoModel)?;
        let (places, within, whole) = match meant {
            Meant::Question => (&self.questions, ASKING, ASKING),
            Meant::Passage => (&self.passages, READING, self.patience.whole),
        };
        let within = within.min(self.patience.idle);
        let whole = whole.min(self.patience.whole);
        let (until, mut left) = (Instant::now() + whole, Duration::ZERO);
        let work = async {
            let place = Arc::new(places.enter(tenant).await.map_err(|_| LlmError::Busy)?);
            left = until.saturating_duration_since(Instant::now());
            self.embed_by(caller, (&link, set), (texts, meant), &place, within).await
        };
        let done = tokio::time::timeout(whole, work).await;
        match done {
            Ok(done) => done,
            // Nobody was asked, or with most of the time over.
            Err(_) if left < whole / 2 => Err(LlmError::Busy),
            Err(_) => {
                self.breaker.failed((tenant, link.id), self.services.now(), None);
                self.noted(right.scope(), &link, Some(&Fault::TooSlow)).await;
                Err(failed(link.id, Fault::TooSlow))
            }
        }
    }

    /// What this model makes of texts, asked once more or twice where that is worth it and nobody waits.
    async fn embed_by(
        &self,
        caller: &Caller,
        (link, set): (&Link, Set),
        (texts, meant): (&[String], Meant),
        place: &Arc<Place<TenantId>>,
        within: Duration,
    ) -> Result<Vectors, LlmError> {
        let of = (caller.scope().tenant(), link.id);
        let (mut tries, mut last) = (0, None);
        loop {
            let pass = match self.breaker.enter(of, self.services.now()) {
                Ok(pass) => pass,
                // What was tried before is why there is nothing.
                Err(rest) => return Err(failed(link.id, last.unwrap_or(Fault::Busy { after_s: Some(rest) }))),
            };
            let fault = match self.vectors_of(caller, link, (texts, meant), place, within).await {
                Ok(vectors) if vectors.iter().all(|vector| vector.len() == set.dimensions) => {
                    pass.worked(self.services.now());
                    self.noted(caller.scope(), link, None).await;
                    return Ok(Vectors { set: set.id, vectors });
                }
                // It is another one than it was: what it makes now is compared with nothing.
                Ok(_) => Fault::NoVectors,
                Err(Miss::Fault(fault)) => fault,
                Err(miss) => return Err(missed(miss)),
            };
            if !matches!(fault, Fault::TooLong | Fault::Refused(_)) {
                pass.failed(self.services.now(), alone(&fault));
            }
            self.noted(caller.scope(), link, Some(&fault)).await;
            tracing::warn!(tenant = %of.0, model = %link.id, fault = fault.name(), tries, "a model has made no vectors");
            match again(&fault, tries, self.pause).filter(|_| meant == Meant::Passage) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(failed(link.id, fault)),
            }
            (tries, last) = (tries + 1, Some(fault));
        }
    }

    /// Tries a model out: what it makes of one text.
    pub(crate) async fn tried_with(&self, caller: &Caller, link: &Link) -> Result<Result<Vec<f32>, Fault>, LlmError> {
        let texts = [TRIED_WITH.to_owned()];
        let work = async {
            let place = self.questions.enter(caller.scope().tenant()).await.map_err(|_| LlmError::Busy)?;
            let made = self.vectors_of(caller, link, (&texts, Meant::Passage), &Arc::new(place), READING).await;
            Ok(match made {
                Ok(vectors) => Ok(vectors.into_iter().next().unwrap_or_default()),
                Err(Miss::Fault(fault)) => Err(fault),
                Err(miss) => return Err(missed(miss)),
            })
        };
        match tokio::time::timeout(READING.min(self.patience.idle), work).await {
            Ok(made) => made,
            Err(_) => Ok(Err(Fault::TooSlow)),
        }
    }

    /// One call: reserved, made, settled.
    async fn vectors_of(
        &self,
        caller: &Caller,
        link: &Link,
        (texts, meant): (&[String], Meant),
        place: &Arc<Place<TenantId>>,
        within: Duration,
    ) -> Result<Vec<Vec<f32>>, Miss> {
        let (request, texts) = wire::embed(link, texts, meant)?;
        let mut call = self.begin(caller, link, &Asked::texts(&texts), place).await?;
        call.came = Came::Sent;
        let patience = Patience { idle: within, whole: within };
        let begun = self.outbound.begin(Whose::Tenant, request, patience, MOST_READ).await;
        if !matches!(begun, Ok(_) | Err(OutboundError::TooSlow(_))) {
            call.came = Came::Nothing;
        }
        let made = match begun {
            Err(error) => Err(fault::of(&error)),
            Ok(answer) => {
                let (head, mut body) = answer.into_parts();
                let brings = brings(&head);
                call.came = if brings { Came::Begun } else { Came::Nothing };
                let most = if brings { MOST_READ } else { MOST_REFUSAL };
                let (mut says, mut ended) = (Vec::new(), Ok(()));
                while says.len() <= most {
                    match body.next().await {
                        Ok(Some(piece)) => says.extend_from_slice(&piece),
                        Ok(None) => break,
                        Err(error) => {
                            ended = Err(fault::midway(&error));
                            break;
                        }
                    }
                }
                match (brings, ended) {
                    (true, Err(fault)) => Err(fault),
                    (true, Ok(())) => wire::made(link.wire, &says, texts.len()),
                    (false, _) => Err(fault::refusal(&head, &says, self.services.now())),
                }
            }
        };
        if let Ok(Made { input, .. }) = &made {
            (call.heard.input, call.heard.output, call.heard.ended) = (*input, Some(0), Some(Ended::Stop));
        }
        call.end(made.is_err()).await;
        made.map(|made| made.vectors).map_err(|fault| fault::without(fault, link.key.as_ref()).into())
    }
}

fn missed(miss: Miss) -> LlmError {
    match miss {
        Miss::Fault(_) | Miss::Gone => LlmError::Gone,
        Miss::Budget => LlmError::Budget,
        Miss::Store(error) => error.into(),
    }
}
