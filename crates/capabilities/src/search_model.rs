//! Asks the models that tenants have chosen for the search: one capability knows the models and what they may cost, another one what they are to read.

use futures_core::future::BoxFuture;
use knowledge::{Chosen, Down, Knowledge, Lies, Meant, SearchModel, Vectors};
use llm::{FollowSearchModel, Llm, LlmError};
use model::Fault as _;
use model::llm::Fault;
use store::jobs::{Handler, JobError, Task};
use store::{Caller, Scope, StoreError};

/// A batch is no more than a model is sent.
const _: () = assert!(knowledge::BATCH <= llm::MOST_TEXTS);

/// By the models of tenants.
#[derive(Debug, Clone)]
pub(crate) struct ByModels(pub Llm);

impl SearchModel for ByModels {
    fn chosen<'a>(&'a self, scope: &'a Scope) -> BoxFuture<'a, Result<Chosen, StoreError>> {
        Box::pin(async move {
            let models = self.0.search_models(scope).await?;
            Ok(Chosen { on: models.on, sets: models.sets })
        })
    }

    fn vectors<'a>(
        &'a self,
        caller: &'a Caller,
        texts: &'a [String],
        meant: Meant,
    ) -> BoxFuture<'a, Result<Option<Vectors>, Down>> {
        let meant = match meant {
            Meant::Question => llm::Meant::Question,
            Meant::Passage => llm::Meant::Passage,
        };
        Box::pin(async move {
            match self.0.embed(caller, texts, meant).await {
                Ok(made) => Ok(Some(Vectors { set: made.set, vectors: made.vectors })),
                Err(LlmError::NoModel) => Ok(None),
                Err(error) => {
                    let lies = match &error {
                        LlmError::Invalid(_) => Lies::InTexts,
                        LlmError::Failed(faults, _) => {
                            faults.last().map_or(Lies::Elsewhere, |(_, fault)| lies_in(fault))
                        }
                        _ => Lies::Elsewhere,
                    };
                    Err(Down { why: error.problem().detail, lies })
                }
            }
        })
    }
}

/// Whether it lies in texts that a model has made nothing of them. Some servers answer 500 to one that is too long, or of which they make what is no
/// number, and some take too long over many.
fn lies_in(fault: &Fault) -> Lies {
    match fault {
        Fault::TooLong | Fault::Refused(_) => Lies::InTexts,
        Fault::Busy { after_s: None }
        | Fault::CutOff
        | Fault::Thought
        | Fault::TooSlow
        | Fault::NoVectors
        | Fault::NotAModel => Lies::Perhaps,
        _ => Lies::Elsewhere,
    }
}

/// Has documents read by the model that is chosen now.
#[derive(Debug, Clone)]
pub(crate) struct Following(pub Knowledge);

impl Handler<FollowSearchModel> for Following {
    async fn run(&self, task: &Task<FollowSearchModel>) -> Result<(), JobError> {
        Ok(self.0.read_for_search(task.scope()).await?)
    }

    async fn gave_up(&self, task: &Task<FollowSearchModel>, error: &str) -> Result<(), JobError> {
        tracing::warn!(tenant = %task.subject(), error, "a choice of a model for the search was not followed");
        Ok(())
    }
}
