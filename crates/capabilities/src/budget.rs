//! Tells those who manage a workspace that most of its budget is spent: one capability knows what models cost, another one whom to tell.

use identity::Identity;
use llm::TellOfBudget;
use store::jobs::{Handler, JobError, Task};

/// Does the job.
#[derive(Debug, Clone)]
pub(crate) struct BudgetTold(pub Identity);

impl Handler<TellOfBudget> for BudgetTold {
    async fn run(&self, task: &Task<TellOfBudget>) -> Result<(), JobError> {
        Ok(self.0.tell_of_budget(task.scope()).await?)
    }

    async fn gave_up(&self, task: &Task<TellOfBudget>, error: &str) -> Result<(), JobError> {
        tracing::warn!(tenant = %task.subject(), error, "nobody was told of the budget");
        Ok(())
    }
}
