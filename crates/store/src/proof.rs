//! The proof that the walls between tenants stand: one query over PostgreSQL's own catalogue (`proof.sql`), run at
//! start, by `samtal doctor`, by `/readyz` and by a test. It changes nothing and takes a few milliseconds.

use crate::{Store, StoreError, tx};
use sqlx::PgPool;
use std::fmt;

/// One thing in the database that breaks a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The table, function, role or setting.
    pub object: String,
    /// What is wrong with it.
    pub problem: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.object, self.problem)
    }
}

/// The query; its first lines are the reviewed lists.
pub(crate) const PROOF: &str = include_str!("proof.sql");

impl Store {
    /// What breaks the isolation of tenants; empty when nothing does.
    ///
    /// # Errors
    /// The database's.
    #[tracing::instrument(name = "db.isolation.prove", skip_all)]
    pub async fn violations(&self) -> Result<Vec<Violation>, StoreError> {
        // As the logins themselves, without a role: what is judged is what they could do.
        let mut found = prove(&self.tenant).await?;
        for violation in prove(&self.platform).await? {
            if !found.contains(&violation) {
                found.push(violation);
            }
        }
        Ok(found)
    }

    /// Whether the database answers, has this program's schema, and keeps tenants apart.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Schema`] or [`StoreError::Open`].
    pub async fn check(&self) -> Result<(), StoreError> {
        self.check_schema().await?;
        match self.violations().await? {
            open if open.is_empty() => Ok(()),
            open => Err(StoreError::Open(open)),
        }
    }
}

async fn prove(pool: &PgPool) -> Result<Vec<Violation>, StoreError> {
    let rows = tx::read_as_login(pool, PROOF).await?;
    Ok(rows.into_iter().map(|(object, problem)| Violation { object, problem }).collect())
}
