//! What is done again and again, for all tenants at once: each round by one server, however many there are.

use crate::{Reason, Services, StoreError};
use futures_core::future::BoxFuture;
use model::RequestId;
use std::sync::Arc;

/// The work of one round; how many rows it touched.
type Round = dyn Fn() -> BoxFuture<'static, Result<u64, StoreError>> + Send + Sync;

/// Something that is done again and again.
#[derive(Clone)]
pub struct Schedule {
    name: &'static str,
    every: time::Duration,
    round: Arc<Round>,
}

impl std::fmt::Debug for Schedule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Schedule").field("name", &self.name).field("every", &self.every).finish_non_exhaustive()
    }
}

impl Schedule {
    /// One of that name, an imperative such as `delete_ended_sessions`.
    pub fn new<F>(name: &'static str, every: time::Duration, round: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<u64, StoreError>> + Send + 'static,
    {
        Self { name, every, round: Arc::new(move || Box::pin(round())) }
    }
}

/// Does each round that is due and that nobody else has begun.
///
/// # Errors
/// The database's, when it cannot be asked what is due. A round that fails is logged; the next one will do its work.
pub async fn run_schedules(services: &Services, schedules: &[Schedule]) -> Result<(), StoreError> {
    for schedule in schedules {
        let request = RequestId::from_uuid(services.new_id());
        let now = services.now();
        let mut tx = services.store.platform(Reason::Jobs, request).await?;
        let ours = sqlx::query!(
            "insert into app.schedules (name, due_at) values ($1, $2)
             on conflict (name) do update set due_at = $2 where schedules.due_at <= $3",
            schedule.name,
            now + schedule.every,
            now
        )
        .execute(&mut tx)
        .await?;
        if ours.rows_affected() == 0 {
            continue;
        }
        tx.commit().await?;
        match (schedule.round)().await {
            Ok(rows) => tracing::debug!(schedule = schedule.name, rows, "round done"),
            Err(error) => {
                tracing::warn!(schedule = schedule.name, %error, "a round failed; the next one will do its work");
            }
        }
    }
    Ok(())
}
