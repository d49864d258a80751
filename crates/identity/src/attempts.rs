//! Limits on failed sign-ins and sign-ups: per account and per address, over a sliding window.
//!
//! An attempt is counted before the password is looked at and taken back when it succeeds, so that many at once cannot
//! slip past the limit, on one server or on several. Accounts and addresses are kept as keyed hashes.

use crate::{Identity, IdentityError};
use model::RequestId;
use model::input::Email;
use shares::Network;
use std::net::IpAddr;
use store::{Reason, StoreError};
use time::Duration;
use uuid::Uuid;

/// How many failures are borne.
#[derive(Debug, Clone, Copy)]
pub struct AttemptLimits {
    /// Per account.
    pub account: u32,
    /// Per address (an IPv6 network of 64 bits counts as one).
    pub address: u32,
    /// Over how long.
    pub window: Duration,
}

impl Default for AttemptLimits {
    fn default() -> Self {
        Self { account: 10, address: 100, window: Duration::minutes(15) }
    }
}

/// Where an attempt comes from.
#[derive(Debug, Clone, Copy)]
pub struct Origin {
    /// The client's address.
    pub address: IpAddr,
    /// The request.
    pub request: RequestId,
}

impl Origin {
    /// Somebody at the computer itself.
    pub fn here(request: RequestId) -> Self {
        Self { address: IpAddr::from([127, 0, 0, 1]), request }
    }

    /// Whom the address belongs to, as limits count.
    pub fn network(&self) -> Network {
        self.address.into()
    }
}

/// An attempt that is counted; taken back by [`Identity::forgive`].
#[derive(Debug)]
pub(crate) struct Attempt(Uuid);

impl Identity {
    fn account_subject(&self, email: &Email) -> [u8; 32] {
        self.attempt_mac.mac(format!("account:{email}").as_bytes())
    }

    fn address_subject(&self, network: Network) -> [u8; 32] {
        self.attempt_mac.mac(format!("address:{network}").as_bytes())
    }

    /// Counts an attempt, or refuses it when a limit is reached. A refusal is not counted.
    #[tracing::instrument(name = "db.sign_in_attempt.count", skip_all)]
    pub(crate) async fn attempt(&self, email: &Email, origin: &Origin) -> Result<Attempt, IdentityError> {
        let now = self.services.now();
        let limits = [
            (self.account_subject(email), self.limits.account),
            (self.address_subject(origin.network()), self.limits.address),
        ];
        let subjects: Vec<Vec<u8>> = limits.iter().map(|(subject, _)| subject.to_vec()).collect();
        // One lock a subject, in one order, so that two attempts neither miss each other nor wait for each other.
        let mut locks: Vec<i64> = limits
            .iter()
            .map(|(subject, _)| subject.iter().take(8).fold(0i64, |n, b| (n << 8) | i64::from(*b)))
            .collect();
        locks.sort_unstable();

        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        sqlx::query!(r#"select pg_advisory_xact_lock(lock) as "lock: ()" from unnest($1::bigint[]) as lock"#, &locks)
            .fetch_all(&mut tx)
            .await
            .map_err(StoreError::from)?;
        let counted = sqlx::query!(
            r#"select subject, count(*) as "count!", min(attempted_at) as "oldest!" from app.sign_in_attempts
               where subject = any($1) and attempted_at > $2 group by subject"#,
            &subjects,
            now - self.limits.window
        )
        .fetch_all(&mut tx)
        .await
        .map_err(StoreError::from)?;
        let wait = limits.iter().filter_map(|(subject, limit)| {
            let row = counted.iter().find(|row| row.subject == subject)?;
            let full = row.count >= i64::from(*limit);
            full.then(|| (row.oldest + self.limits.window - now).whole_seconds().max(1).unsigned_abs())
        });
        if let Some(retry_after) = wait.max() {
            return Err(IdentityError::TooManyAttempts { retry_after });
        }
        let attempt = self.services.new_id();
        sqlx::query!(
            "insert into app.sign_in_attempts (attempt_id, subject, attempted_at)
             select $1, subject, $3 from unnest($2::bytea[]) as subject",
            attempt,
            &subjects,
            now
        )
        .execute(&mut tx)
        .await
        .map_err(StoreError::from)?;
        tx.commit().await?;
        Ok(Attempt(attempt))
    }

    /// Takes an attempt back: it succeeded, or failed through no fault of whoever made it.
    #[tracing::instrument(name = "db.sign_in_attempt.forgive", skip_all)]
    pub(crate) async fn forgive(&self, attempt: Attempt, request: RequestId) -> Result<(), IdentityError> {
        let mut tx = self.services.store.platform(Reason::SignIn, request).await?;
        sqlx::query!("delete from app.sign_in_attempts where attempt_id = $1", attempt.0)
            .execute(&mut tx)
            .await
            .map_err(StoreError::from)?;
        Ok(tx.commit().await?)
    }

    /// Removes attempts that no longer count; returns how many rows.
    ///
    /// # Errors
    /// The database's.
    #[tracing::instrument(name = "db.sign_in_attempt.clean_up", skip_all)]
    pub async fn delete_old_attempts(&self) -> Result<u64, StoreError> {
        let request = RequestId::from_uuid(self.services.new_id());
        let mut tx = self.services.store.platform(Reason::CleanUp, request).await?;
        let done = sqlx::query!(
            "delete from app.sign_in_attempts where attempted_at <= $1",
            self.services.now() - self.limits.window
        )
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
        Ok(done.rows_affected())
    }
}
