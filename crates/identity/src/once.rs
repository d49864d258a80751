//! Requests that are done once, however often a program sends them: by the name that it gives one (`Idempotency-Key`). The first is
//! done and its answer kept for a day; who sends it again is given that answer.
//!
//! *Guarantees:* of requests of one key with one name, one is done at a time, also by several processes; once its answer is kept, none
//! is done. The answer is kept after what was done was committed, in a transaction of its own: a server that ends in between leaves a
//! name that is taken until its lease is over, and then it is done again.
//!
//! *Must not:* know what an answer is made of. It is sealed, whatever is in it: an invitation's link is shown once.

use crate::Identity;
use model::{RequestId, TenantId};
use sha2::{Digest as _, Sha256};
use std::fmt;
use store::sealing::{Older, Owner, SealedColumn, Sought, Spot};
use store::{Caller, PlatformTx, Reason, StoreError};
use time::Duration;
use uuid::Uuid;
use zeroize::Zeroizing;

/// Most names of a key that are remembered at once.
pub const MAX_KEPT: i64 = 10_000;
/// Most bytes of an answer that is kept.
pub const MAX_ANSWER: usize = 64 * 1024;
/// Most megabytes of answers that all keys of a tenant have kept at once, where a name counts as a kilobyte at least. What is being done when
/// they are full may come on top.
pub const MAX_KEPT_MB: i64 = 64;
/// How long a name is remembered.
const KEPT: Duration = Duration::days(1);

/// What is known of a request by its name.
#[derive(Debug)]
pub enum Once {
    /// It is to be done now, by whoever asks; then its answer is kept, or it is given up.
    First(Begun),
    /// It is done.
    Done(KeptAnswer),
    /// It is being done.
    Running,
    /// The name is another request's.
    Other,
    /// The key has [`MAX_KEPT`] names already, or the answers of its tenant are [`MAX_KEPT_MB`].
    Full,
}

/// A request that has begun.
#[derive(Debug, Clone, Copy)]
pub struct Begun {
    name: [u8; 32],
    id: Uuid,
}

/// What was answered.
pub struct KeptAnswer {
    /// The status.
    pub status: u16,
    /// The rest, as it was given to be kept.
    pub answer: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for KeptAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeptAnswer({}, …)", self.status)
    }
}

/// Where an answer is kept.
fn spot(tenant: TenantId, answer: Uuid) -> Spot {
    Spot { owner: Owner::Tenant(tenant), column: "kept_answers.answer", row: answer }
}

impl Identity {
    /// Begins a request of a key's with this name, known by its hash; or says that it is done, or being done. Begun, it is done again by
    /// who asks next when neither an answer nor that it was given up has come within the lease.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] for an answer that cannot be opened, or the database's. Nothing has begun then.
    #[tracing::instrument(name = "db.kept_answer.begin", skip_all)]
    pub async fn begin_once(
        &self,
        caller: &Caller,
        name: &str,
        request: &[u8; 32],
        lease: std::time::Duration,
    ) -> Result<Once, StoreError> {
        let begun = Begun { name: Sha256::digest(name.as_bytes()).into(), id: self.services.new_id() };
        let (tenant, key, now) = (caller.scope().tenant(), caller.scope().actor(), self.services.now());
        let mut tx = self.services.store.tenant(caller.scope()).await?;
        // One statement: of two at once the second waits for the first, and finds its row.
        let first = sqlx::query_scalar!(
            "insert into app.kept_answers as kept
               (tenant_id, key_id, name_hash, answer_id, request_hash, begun_at, leased_until)
             values ($1, $2, $3, $4, $5, $6, $7)
             on conflict (tenant_id, key_id, name_hash) do update
               set answer_id = excluded.answer_id, request_hash = excluded.request_hash, begun_at = excluded.begun_at,
                 leased_until = excluded.leased_until, status = null, answer_sealed = null
               where kept.begun_at <= $8 or (kept.leased_until <= $6 and kept.request_hash = $5)
             returning kept.answer_id",
            tenant.uuid(),
            key,
            begun.name.as_slice(),
            begun.id,
            request.as_slice(),
            now,
            now + lease,
            now - KEPT
        )
        .fetch_optional(&mut tx)
        .await?;
        if first.is_some() {
            // By their lengths, for which no answer is read.
            let kept = sqlx::query!(
                r#"select count(*) filter (where key_id = $1) as "names!",
                     coalesce(sum(greatest(octet_length(answer_sealed), 1024)), 0) as "bytes!"
                   from app.kept_answers"#,
                key
            )
            .fetch_one(&mut tx)
            .await?;
            if kept.names > MAX_KEPT || kept.bytes > MAX_KEPT_MB * 1024 * 1024 {
                return Ok(Once::Full);
            }
            tx.commit().await?;
            return Ok(Once::First(begun));
        }
        let found = sqlx::query!(
            "select answer_id, request_hash, status, answer_sealed from app.kept_answers where key_id = $1 and name_hash = $2",
            key,
            begun.name.as_slice()
        )
        .fetch_optional(&mut tx)
        .await?;
        drop(tx);
        // Given up in between: who asks once more begins it.
        let Some(found) = found else { return Ok(Once::Running) };
        if found.request_hash != request.as_slice() {
            return Ok(Once::Other);
        }
        let (Some(status), Some(sealed)) = (found.status, found.answer_sealed) else { return Ok(Once::Running) };
        let status = u16::try_from(status).map_err(|_| StoreError::Corrupt("kept_answers.status"))?;
        Ok(Once::Done(KeptAnswer { status, answer: self.sealer.open(&spot(tenant, found.answer_id), &sealed)? }))
    }

    /// Keeps the answer of a request that was done. It is lost where another has begun it meanwhile, for the lease was over.
    ///
    /// # Errors
    /// The database's, also for more than [`MAX_ANSWER`], and for a status that is none of a request that was done.
    #[tracing::instrument(name = "db.kept_answer.keep", skip_all)]
    pub async fn keep_answer(
        &self,
        caller: &Caller,
        begun: &Begun,
        status: u16,
        answer: &[u8],
    ) -> Result<(), StoreError> {
        let sealed = self.sealer.seal(&spot(caller.scope().tenant(), begun.id), answer)?;
        let mut tx = self.services.store.tenant(caller.scope()).await?;
        sqlx::query!(
            "update app.kept_answers set status = $4, answer_sealed = $5, leased_until = null
             where key_id = $1 and name_hash = $2 and answer_id = $3",
            caller.scope().actor(),
            begun.name.as_slice(),
            begun.id,
            // What is no status is none, and refused.
            i16::try_from(status).ok(),
            sealed
        )
        .execute(&mut tx)
        .await?;
        tx.commit().await
    }

    /// Gives up a request that was not done: whoever sends it next does it.
    ///
    /// # Errors
    /// The database's; then it is given up when its lease is over.
    #[tracing::instrument(name = "db.kept_answer.give_up", skip_all)]
    pub async fn give_up_once(&self, caller: &Caller, begun: &Begun) -> Result<(), StoreError> {
        let mut tx = self.services.store.tenant(caller.scope()).await?;
        sqlx::query!(
            "delete from app.kept_answers where key_id = $1 and name_hash = $2 and answer_id = $3",
            caller.scope().actor(),
            begun.name.as_slice(),
            begun.id
        )
        .execute(&mut tx)
        .await?;
        tx.commit().await
    }

    /// Forgets names that are older than a day, with their answers; returns how many.
    ///
    /// # Errors
    /// The database's.
    #[tracing::instrument(name = "db.kept_answer.clean_up", skip_all)]
    pub async fn delete_kept_answers(&self) -> Result<u64, StoreError> {
        let request = RequestId::from_uuid(self.services.new_id());
        let mut tx = self.services.store.platform(Reason::CleanUp, request).await?;
        let done = sqlx::query!("delete from app.kept_answers where begun_at <= $1", self.services.now() - KEPT)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(done.rows_affected())
    }
}

/// The kept answers, for `samtal keys rotate`.
pub(crate) struct KeptAnswers;

/// Tenant, key and the hash of a name.
type Place = (Uuid, Uuid, Vec<u8>);

impl SealedColumn for KeptAnswers {
    type Key = Place;

    async fn older(tx: &mut PlatformTx, sought: Sought<'_, Place>) -> Result<Vec<Older<Place>>, StoreError> {
        let (tenant, key, name) = sought.after;
        let old = sqlx::query!(
            r#"select tenant_id, key_id, name_hash, answer_id, answer_sealed as "sealed!" from app.kept_answers
                   where (tenant_id, key_id, name_hash) > ($1, $2, $3) and substring(answer_sealed from 1 for $4) <> $5
                   order by tenant_id, key_id, name_hash limit $6 for update"#,
            *tenant,
            *key,
            name.as_slice(),
            sought.length,
            sought.begins,
            sought.most
        )
        .fetch_all(tx)
        .await?;
        Ok(old
            .into_iter()
            .map(|row| Older {
                key: (row.tenant_id, row.key_id, row.name_hash),
                spot: spot(TenantId::from_uuid(row.tenant_id), row.answer_id),
                sealed: row.sealed,
            })
            .collect())
    }

    async fn keep(tx: &mut PlatformTx, (tenant, key, name): &Place, sealed: &[u8]) -> Result<(), StoreError> {
        sqlx::query!(
            "update app.kept_answers set answer_sealed = $4 where tenant_id = $1 and key_id = $2 and name_hash = $3",
            *tenant,
            *key,
            name.as_slice(),
            sealed
        )
        .execute(tx)
        .await?;
        Ok(())
    }
}
