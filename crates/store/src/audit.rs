//! The audit log: who did what, when and from where, written in the transaction that does it, as its last statement: what
//! follows would wait for others of the tenant while these wait for it.
//!
//! Guarantees: no role may change or remove an entry; entries of a tenant are numbered without gaps, each with a keyed hash of
//! itself and of the one before, under a key that the database does not have; [`verify`] finds the first that is not what was
//! written, and a last one that is missing.
//!
//! A new act: a line in `model::audit`, and a call of [`record`] where it is done.

use crate::secret_key::DerivedKey;
use crate::{Actor, Caller, PlatformTx, Reason, Services, StoreError, TenantTx};
use model::audit::{Act, ActorKind, Facts};
use model::{OperatorKeyId, PersonId, RequestId, TenantId};
use sqlx::types::Json;
use sqlx::{Executor, Postgres};
use std::net::IpAddr;
use uuid::Uuid;

/// Entries that are verified at once.
const BATCH: i64 = 1_000;

/// What is written down.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    act: Act,
    subject: Option<Uuid>,
    name: &'a str,
    before: Facts,
    after: Facts,
}

impl<'a> Entry<'a> {
    /// That this was done.
    pub fn new(act: Act) -> Self {
        Self { act, subject: None, name: "", before: Facts::new(), after: Facts::new() }
    }

    /// To whom or what, and how people call that.
    pub fn to(self, subject: Uuid, name: &'a str) -> Self {
        Self { subject: Some(subject), name, ..self }
    }

    /// What something was. Never a secret.
    pub fn was(mut self, name: &str, value: impl Into<String>) -> Self {
        self.before.insert(name.to_owned(), value.into());
        self
    }

    /// What something is now. Never a secret.
    pub fn is(mut self, name: &str, value: impl Into<String>) -> Self {
        self.after.insert(name.to_owned(), value.into());
        self
    }
}

/// Who did it, and from where.
struct Who {
    kind: ActorKind,
    id: Option<Uuid>,
    name: String,
    address: Option<IpAddr>,
    request: RequestId,
}

/// Where a person acts from, in work across tenants.
#[derive(Debug, Clone, Copy)]
pub struct From {
    /// The address.
    pub address: Option<IpAddr>,
    /// The request.
    pub request: RequestId,
}

/// Writes down what a caller does, in the transaction that does it.
///
/// # Errors
/// The database's.
pub async fn record(
    tx: &mut TenantTx,
    services: &Services,
    caller: &Caller,
    entry: Entry<'_>,
) -> Result<(), StoreError> {
    let scope = caller.scope();
    let (kind, id, name) = match caller.actor() {
        Actor::Member { member, .. } => {
            let name = sqlx::query_scalar!("select name from app.memberships where member_id = $1", member.uuid());
            (ActorKind::Member, Some(member.uuid()), name.fetch_optional(&mut *tx).await?)
        }
        Actor::ApiKey { key, .. } => {
            let name = sqlx::query_scalar!("select name from app.api_keys where key_id = $1", key.uuid());
            (ActorKind::Key, Some(key.uuid()), name.fetch_optional(&mut *tx).await?)
        }
        Actor::Job | Actor::Widget { .. } | Actor::Contact { .. } | Actor::Meeting { .. } => {
            (ActorKind::System, None, None)
        }
    };
    // Who leaves is not there any more.
    let name = name.unwrap_or_else(|| if id == entry.subject { entry.name.to_owned() } else { String::new() });
    let who = Who { kind, id, name, address: scope.address(), request: scope.request() };
    append(tx, services, scope.tenant(), who, entry).await
}

/// The member who acts, and what the caller is called: for what keeps by whom it was changed.
///
/// # Errors
/// The database's.
pub async fn called(tx: &mut TenantTx, caller: &Caller) -> Result<(Option<Uuid>, String), StoreError> {
    let found = match caller.actor() {
        Actor::Member { member, .. } => {
            let name = sqlx::query_scalar!("select name from app.memberships where member_id = $1", member.uuid());
            (Some(member.uuid()), name.fetch_optional(tx).await?)
        }
        Actor::ApiKey { key, .. } => {
            let name = sqlx::query_scalar!("select name from app.api_keys where key_id = $1", key.uuid());
            (None, name.fetch_optional(tx).await?.map(|name| format!("API key: {name}")))
        }
        _ => (None, None),
    };
    Ok((found.0, found.1.unwrap_or_default()))
}

/// Writes down in one tenant what a person does for themself.
///
/// # Errors
/// The database's.
pub async fn record_in(
    tx: &mut PlatformTx,
    services: &Services,
    (tenant, person): (TenantId, PersonId),
    from: From,
    entry: Entry<'_>,
) -> Result<(), StoreError> {
    let found = sqlx::query!(
        "select m.member_id, p.name from app.memberships m join app.people p on p.person_id = m.person_id
         where m.tenant_id = $1 and m.person_id = $2",
        tenant.uuid(),
        person.uuid()
    );
    let Some(row) = found.fetch_optional(&mut *tx).await? else { return Ok(()) };
    let who = Who {
        kind: ActorKind::Member,
        id: Some(row.member_id),
        name: row.name,
        address: from.address,
        request: from.request,
    };
    append(tx, services, tenant, who, entry).await
}

/// The same in every tenant in which the person works, fifty at most, the one in which they act among them.
///
/// # Errors
/// The database's.
pub async fn record_everywhere(
    tx: &mut PlatformTx,
    services: &Services,
    (person, acting): (PersonId, Option<TenantId>),
    from: From,
    entry: &Entry<'_>,
) -> Result<(), StoreError> {
    let tenants = sqlx::query_scalar!(
        "select tenant_id from app.memberships where person_id = $1
         order by (tenant_id = $2) is true desc, created_at, tenant_id limit 50",
        person.uuid(),
        acting.map(TenantId::uuid)
    );
    let tenants = tenants.fetch_all(&mut *tx).await?.into_iter().map(TenantId::from_uuid).collect();
    record_in_each(tx, services, (person, acting), from, (tenants, entry)).await
}

/// The same in these tenants of theirs. From where it was done is the business of the one in which they act: one company does not
/// learn where they were when they worked for another.
///
/// # Errors
/// The database's.
pub async fn record_in_each(
    tx: &mut PlatformTx,
    services: &Services,
    (person, acting): (PersonId, Option<TenantId>),
    from: From,
    (mut tenants, entry): (Vec<TenantId>, &Entry<'_>),
) -> Result<(), StoreError> {
    // In one order, so that two of these do not wait for each other.
    tenants.sort_unstable();
    for tenant in tenants {
        let elsewhere = || From { address: None, request: RequestId::from_uuid(services.new_id()) };
        let from = if acting.is_none_or(|acting| acting == tenant) { from } else { elsewhere() };
        record_in(tx, services, (tenant, person), from, entry.clone()).await?;
    }
    Ok(())
}

/// Writes down in every tenant of somebody's what whoever runs the installation does for them.
///
/// # Errors
/// The database's.
pub async fn record_of_operator(
    tx: &mut PlatformTx,
    services: &Services,
    person: PersonId,
    request: RequestId,
    entry: Entry<'_>,
) -> Result<(), StoreError> {
    let found = sqlx::query!(
        "select m.tenant_id, m.member_id, p.name from app.memberships m join app.people p on p.person_id = m.person_id
         where m.person_id = $1 order by m.tenant_id limit 50",
        person.uuid()
    );
    for row in found.fetch_all(&mut *tx).await? {
        let who = Who { kind: ActorKind::Operator, id: None, name: String::new(), address: None, request };
        let entry = Entry { subject: Some(row.member_id), name: &row.name, ..entry.clone() };
        append(tx, services, TenantId::from_uuid(row.tenant_id), who, entry).await?;
    }
    Ok(())
}

/// Writes down in one tenant what a program of whoever runs the installation does there: by which key, and what that is called.
/// From where is their own business; the log has it by the request.
///
/// # Errors
/// The database's.
pub async fn record_by_operator(
    tx: &mut PlatformTx,
    services: &Services,
    tenant: TenantId,
    (key, name, request): (OperatorKeyId, &str, RequestId),
    entry: Entry<'_>,
) -> Result<(), StoreError> {
    let who = Who { kind: ActorKind::Operator, id: Some(key.uuid()), name: name.to_owned(), address: None, request };
    append(tx, services, tenant, who, entry).await
}

/// What is hashed of an entry: every part with its length before it, so that no two entries are the same text.
struct Text(Vec<u8>);

impl Text {
    fn with(mut self, part: impl AsRef<[u8]>) -> Self {
        let part = part.as_ref();
        self.0.extend((part.len() as u64).to_be_bytes());
        self.0.extend(part);
        self
    }

    fn with_facts(self, facts: &Facts) -> Self {
        let text = self.with((facts.len() as u64).to_be_bytes());
        facts.iter().fold(text, |text, (name, value)| text.with(name).with(value))
    }
}

/// A row, as it is hashed.
struct Row {
    tenant: Uuid,
    number: i64,
    /// Microseconds since 1970.
    at: i128,
    act: String,
    actor_kind: String,
    actor: Option<Uuid>,
    actor_name: String,
    address: Option<String>,
    request: Uuid,
    subject: Option<Uuid>,
    subject_name: String,
    before: Facts,
    after: Facts,
}

impl Row {
    fn hash(&self, key: &DerivedKey, before: &[u8]) -> [u8; 32] {
        let id = |id: Option<Uuid>| id.map(|id| id.into_bytes().to_vec()).unwrap_or_default();
        let text = Text(b"entry".to_vec())
            .with(before)
            .with(self.tenant.as_bytes())
            .with(self.number.to_be_bytes())
            .with(self.at.to_be_bytes())
            .with(&self.act)
            .with(&self.actor_kind)
            .with(id(self.actor))
            .with(&self.actor_name)
            .with([u8::from(self.address.is_some())])
            .with(self.address.as_deref().unwrap_or_default())
            .with(self.request.as_bytes())
            .with(id(self.subject))
            .with(&self.subject_name)
            .with_facts(&self.before)
            .with_facts(&self.after);
        key.mac(&text.0)
    }
}

/// What the head says of itself.
fn proof(key: &DerivedKey, tenant: Uuid, number: i64, hash: &[u8]) -> [u8; 32] {
    key.mac(&Text(b"head".to_vec()).with(tenant.as_bytes()).with(number.to_be_bytes()).with(hash).0)
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

#[tracing::instrument(name = "db.audit.append", skip_all)]
async fn append<X>(
    tx: &mut X,
    services: &Services,
    tenant: TenantId,
    who: Who,
    entry: Entry<'_>,
) -> Result<(), StoreError>
where
    for<'c> &'c mut X: Executor<'c, Database = Postgres>,
{
    // In the log as well, for whoever watches it. (Where the act then fails, the record has nothing of it; the log says that it was tried.)
    tracing::info!(target: "security", %tenant, act = entry.act.name(), by = who.kind.name(), "an act, if it comes about");
    let (key, tenant) = (services.audit_key(), tenant.uuid());
    let head = async |tx: &mut X| {
        sqlx::query!("select number, hash, proof from app.audit_heads where tenant_id = $1 for update", tenant)
            .fetch_optional(tx)
            .await
    };
    let last = match head(tx).await? {
        Some(last) => last,
        None => {
            let proof = proof(key, tenant, 0, &[]);
            // One that was removed begins after what is there, and is seen not to be what was written.
            sqlx::query!(
                "insert into app.audit_heads (tenant_id, number, hash, proof)
                 select $1, coalesce(max(number), 0), '', $2 from app.audit_entries where tenant_id = $1
                 on conflict do nothing",
                tenant,
                proof.as_slice()
            )
            .execute(&mut *tx)
            .await?;
            head(tx).await?.ok_or(StoreError::Corrupt("an audit log without a head"))?
        }
    };
    // Not in the statement that has waited for the head: it would not see what the one before has written.
    let there = sqlx::query_scalar!(
        r#"select coalesce(max(number), 0) as "there!" from app.audit_entries where tenant_id = $1"#,
        tenant
    );
    let there = there.fetch_one(&mut *tx).await?;
    let (number, now) = (last.number.max(there), services.now());
    let sound = there == last.number && last.proof == proof(key, tenant, last.number, &last.hash).as_slice();
    if !sound {
        tracing::error!(tenant = %TenantId::from_uuid(tenant), "the head of an audit log is not what was written");
    }
    let row = Row {
        tenant,
        number: number + 1,
        at: now.unix_timestamp_nanos() / 1000,
        act: entry.act.name().to_owned(),
        actor_kind: who.kind.name().to_owned(),
        actor: who.id,
        actor_name: cut(&who.name, 200),
        address: who.address.map(|address| address.to_string()),
        request: who.request.uuid(),
        subject: entry.subject,
        subject_name: cut(entry.name, 300),
        before: entry.before,
        after: entry.after,
    };
    // What follows a head that is not what was written does not follow from it: the log stays broken there.
    let before = if sound { last.hash } else { key.mac(&Text(b"broken".to_vec()).with(&last.hash).0).to_vec() };
    let hash = row.hash(key, &before);
    let proof = proof(key, tenant, row.number, &hash);
    sqlx::query!(
        "with head as (update app.audit_heads set number = $2, hash = $13, proof = $14 where tenant_id = $1)
         insert into app.audit_entries (tenant_id, number, at, act, actor_kind, actor_id, actor_name, address, request_id,
           subject_id, subject_name, before, after, hash)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $15, $13)",
        tenant,
        row.number,
        now,
        row.act,
        row.actor_kind,
        row.actor,
        row.actor_name,
        row.address,
        row.request,
        row.subject,
        row.subject_name,
        Json(&row.before) as _,
        hash.as_slice(),
        proof.as_slice(),
        Json(&row.after) as _
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// What was found of a tenant's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is what was written: so many entries.
    Whole(i64),
    /// It is not: the first entry that says so, and how.
    Broken(i64, Break),
}

/// How a log is not what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Break {
    /// The entry was changed, or put in.
    Changed,
    /// An entry was removed.
    Missing,
    /// The head is not what was written.
    Head,
}

impl std::fmt::Display for Break {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Changed => "was changed or put in",
            Self::Missing => "is missing",
            Self::Head => "is the last one that is there, which is not the last one that was written",
        })
    }
}

/// Tenants that have a log, by id, after this one.
///
/// # Errors
/// The database's.
pub async fn tenants(
    services: &Services,
    request: RequestId,
    after: Option<TenantId>,
) -> Result<Vec<TenantId>, StoreError> {
    let mut tx = services.store.platform(Reason::Audit, request).await?;
    let found = sqlx::query_scalar!(
        "select tenant_id from app.tenants where tenant_id > $1 order by tenant_id limit $2",
        after.map_or(Uuid::nil(), TenantId::uuid),
        BATCH
    );
    Ok(found.fetch_all(&mut tx).await?.into_iter().map(TenantId::from_uuid).collect())
}

/// Goes through the log of one tenant from the first entry; nothing for a tenant that there is not.
///
/// # Errors
/// The database's.
pub async fn verify(services: &Services, request: RequestId, tenant: TenantId) -> Result<Option<Verdict>, StoreError> {
    let mut tx = services.store.platform(Reason::Audit, request).await?;
    let there = sqlx::query!("select tenant_id from app.tenants where tenant_id = $1", tenant.uuid());
    let there = there.fetch_optional(&mut tx).await?.is_some();
    drop(tx);
    if !there {
        return Ok(None);
    }
    match go_through(services, request, tenant).await? {
        // A log that begins just now: its head is there with the next look.
        Verdict::Broken(_, Break::Head) => go_through(services, request, tenant).await.map(Some),
        verdict => Ok(Some(verdict)),
    }
}

#[tracing::instrument(name = "db.audit.verify", skip_all)]
async fn go_through(services: &Services, request: RequestId, tenant: TenantId) -> Result<Verdict, StoreError> {
    let key = services.audit_key();
    let (mut number, mut hash) = (0, Vec::new());
    let mut tx = services.store.platform(Reason::Audit, request).await?;
    // First, so that what is written meanwhile is not looked for.
    let head = sqlx::query!("select number, hash, proof from app.audit_heads where tenant_id = $1", tenant.uuid());
    let head = head.fetch_optional(&mut tx).await?;
    let last = head.as_ref().map_or(0, |head| head.number);
    loop {
        let rows = sqlx::query!(
            r#"select number, case when isfinite(at) then (extract(epoch from at) * 1000000)::bigint end as at, act, actor_kind,
                 actor_id, actor_name, address, request_id, subject_id, subject_name, before::text as "before!",
                 after::text as "after!", hash
               from app.audit_entries where tenant_id = $1 and number > $2 and ($3::bigint = 0 or number <= $3)
               order by number limit $4"#,
            tenant.uuid(),
            number,
            last,
            BATCH
        );
        let rows = rows.fetch_all(&mut tx).await?;
        let none = rows.is_empty();
        for row in rows {
            if row.number != number + 1 {
                return Ok(Verdict::Broken(number + 1, Break::Missing));
            }
            // What was written can be read.
            let facts = |text: &str| serde_json::from_str::<Facts>(text).ok();
            let (Some(at), Some(before), Some(after)) = (row.at, facts(&row.before), facts(&row.after)) else {
                return Ok(Verdict::Broken(row.number, Break::Changed));
            };
            let entry = Row {
                tenant: tenant.uuid(),
                number: row.number,
                at: at.into(),
                act: row.act,
                actor_kind: row.actor_kind,
                actor: row.actor_id,
                actor_name: row.actor_name,
                address: row.address,
                request: row.request_id,
                subject: row.subject_id,
                subject_name: row.subject_name,
                before,
                after,
            };
            if entry.hash(key, &hash).as_slice() != row.hash {
                return Ok(Verdict::Broken(row.number, Break::Changed));
            }
            (number, hash) = (row.number, row.hash);
        }
        if none {
            break;
        }
    }
    // Nothing stands beyond what the head says, unless it was written meanwhile.
    let beyond = sqlx::query_scalar!(
        r#"select exists (select from app.audit_entries where tenant_id = $1 and number > $2)
             and not exists (select from app.audit_heads where tenant_id = $1 and number > $2) as "beyond!""#,
        tenant.uuid(),
        number
    );
    if beyond.fetch_one(&mut tx).await? {
        return Ok(Verdict::Broken(number, Break::Head));
    }
    let whole = match head {
        Some(head) => {
            head.number == number
                && head.hash == hash
                && head.proof == proof(key, tenant.uuid(), number, &hash).as_slice()
        }
        None => number == 0,
    };
    Ok(if whole { Verdict::Whole(number) } else { Verdict::Broken(number, Break::Head) })
}
