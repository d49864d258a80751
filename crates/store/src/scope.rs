//! Who asks, and for which tenant: the only way to a [`Scope`], and so to a [`crate::TenantTx`].
//!
//! A scope is read from a directory table, by session, by API key, by widget, by contact session, by a meeting's code, by claimed job, or by
//! tenant for a command of whoever runs the installation; never from an address, a header or a body. The fields are private, and the functions that make one are those below.

use crate::tx::{Opened, Tx};
use crate::{Actor, Caller, Services, StoreError};
use model::identity::Role;
use model::permission::{KEY_AT_MOST, Permissions, ROLE_AT_MOST};
use model::{ApiKeyId, ContactId, MeetingId, MemberId, PersonId, RequestId, TenantId, WidgetId};
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// One tenant, seen on somebody's behalf, during one request.
#[derive(Debug)]
pub struct Scope {
    tenant: TenantId,
    actor: Uuid,
    request: RequestId,
    /// From where.
    address: Option<IpAddr>,
    /// Of a request: a transaction that is open already, for the next that begins one. It is the one in which the credential
    /// was read, or that a use case has left.
    opened: Option<Arc<Opened>>,
}

impl Clone for Scope {
    /// Without the transaction: whoever keeps a scope for later keeps no connection by it.
    fn clone(&self) -> Self {
        Self { address: self.address, ..Self::new(self.tenant, self.actor, self.request) }
    }
}

impl Scope {
    fn new(tenant: TenantId, actor: Uuid, request: RequestId) -> Self {
        Self { tenant, actor, request, address: None, opened: None }
    }

    /// The scope of a request, which ends soon.
    fn of_request(tenant: TenantId, actor: Uuid, request: RequestId, opened: Option<Tx>) -> Self {
        Self { opened: Some(Arc::new(Mutex::new(opened))), ..Self::new(tenant, actor, request) }
    }

    /// Gives back the transaction that may be open already: for work that takes long before it reads.
    pub fn let_go(&self) {
        drop(self.take_opened());
    }

    /// The transaction that is open already, once.
    pub(crate) fn take_opened(&self) -> Option<Tx> {
        self.opened.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Where a transaction of this scope's may be left open.
    pub(crate) fn opened(&self) -> Weak<Opened> {
        self.opened.as_ref().map_or_else(Weak::new, Arc::downgrade)
    }

    /// The tenant whose rows are in sight.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The member or key that acts.
    pub fn actor(&self) -> Uuid {
        self.actor
    }

    /// From where it is asked, when that is known.
    pub fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// The same, asked from there.
    pub(crate) fn at(self, address: IpAddr) -> Self {
        Self { address: Some(address), ..self }
    }

    /// The request that this is part of.
    pub fn request(&self) -> RequestId {
        self.request
    }
}

/// Why a transaction crosses tenants. Each reason names the only work that it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Find the tenant and member of a session; store and end sessions.
    Session,
    /// Find the tenant of an API key.
    ApiKey,
    /// Find the tenant of a widget.
    Widget,
    /// Find the tenant and contact of a visitor's browser.
    ContactSession,
    /// Find the tenant of a meeting.
    Meeting,
    /// Find a person by email and check the password.
    SignIn,
    /// Make a person, a tenant and its owner.
    SignUp,
    /// See whether the schema is the one that this program needs.
    Readiness,
    /// Remove what has expired.
    CleanUp,
    /// Claim jobs, and note how they ended.
    Jobs,
    /// Read what has happened, in order.
    Events,
    /// Seal anew what is sealed.
    Keys,
    /// Verify audit logs and receipts.
    Audit,
    /// Look at companies, make, suspend and let them in, for whoever runs the installation; their keys.
    Operator,
}

impl Reason {
    /// The name in the log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::ApiKey => "api_key",
            Self::Widget => "widget",
            Self::ContactSession => "contact_session",
            Self::Meeting => "meeting",
            Self::SignIn => "sign_in",
            Self::SignUp => "sign_up",
            Self::Readiness => "readiness",
            Self::CleanUp => "clean_up",
            Self::Jobs => "jobs",
            Self::Events => "events",
            Self::Keys => "keys",
            Self::Audit => "audit",
            Self::Operator => "operator",
        }
    }
}

/// How long a session lasts.
#[derive(Debug, Clone, Copy)]
pub struct SessionLifetime {
    /// From sign-in to its end, whatever happens.
    pub absolute: Duration,
    /// From the last request to its end.
    pub idle: Duration,
}

impl Default for SessionLifetime {
    fn default() -> Self {
        Self { absolute: Duration::hours(8), idle: Duration::hours(2) }
    }
}

/// How exact "last seen" and "last used" are: one write a minute, not one a request.
const SEEN: Duration = Duration::minutes(1);

/// The caller of a live session; `None` when it is unknown, expired, ended, or its tenant is suspended.
///
/// # Errors
/// The database's.
#[tracing::instrument(name = "db.session.find", skip_all)]
pub async fn of_session(
    services: &Services,
    session_hash: &[u8; 32],
    lifetime: SessionLifetime,
    request: RequestId,
) -> Result<Option<Caller>, StoreError> {
    session(services, session_hash, lifetime, request, true).await
}

/// As [`of_session`], without counting as a use of the session: for a socket that asks now and then whether it may stay.
///
/// # Errors
/// The database's.
#[tracing::instrument(name = "db.session.find", skip_all)]
pub async fn of_quiet_session(
    services: &Services,
    session_hash: &[u8; 32],
    lifetime: SessionLifetime,
    request: RequestId,
) -> Result<Option<Caller>, StoreError> {
    session(services, session_hash, lifetime, request, false).await
}

async fn session(
    services: &Services,
    session_hash: &[u8; 32],
    lifetime: SessionLifetime,
    request: RequestId,
    used: bool,
) -> Result<Option<Caller>, StoreError> {
    let now = services.now();
    let mut tx = services.store.platform(Reason::Session, request).await?;
    let found = sqlx::query!(
        r#"select m.tenant_id, m.member_id, m.person_id, m.role, s.last_seen_at, r.permissions as "permissions?"
           from app.sessions s
           join app.memberships m on m.tenant_id = s.tenant_id and m.person_id = s.person_id
           join app.tenants t on t.tenant_id = m.tenant_id
           left join app.roles r on r.tenant_id = m.tenant_id and r.role_id = m.role_id
           where s.session_hash = $1 and s.expires_at > $2 and s.created_at > $3 and s.last_seen_at > $4
             and t.suspended_at is null and m.suspended_at is null
             and coalesce(s.created_at > $2 - make_interval(mins => t.session_minutes), true)
             and coalesce(s.last_seen_at > $2 - make_interval(mins => t.idle_minutes), true)"#,
        session_hash.as_slice(),
        now,
        now - lifetime.absolute,
        now - lifetime.idle,
    )
    .fetch_optional(&mut tx)
    .await?;
    let Some(row) = found else { return Ok(None) };
    if used && row.last_seen_at < now - SEEN {
        sqlx::query!(
            // Of several at once one writes; the others find that it has.
            "update app.sessions set last_seen_at = $2 where session_hash = $1 and last_seen_at < $3",
            session_hash.as_slice(),
            now,
            now - SEEN
        )
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
    }
    services.doors.remember(session_hash, TenantId::from_uuid(row.tenant_id));
    let (role, permissions) = allowed(&row.role, row.permissions.iter().flatten().map(String::as_str))?;
    let scope = Scope::of_request(TenantId::from_uuid(row.tenant_id), row.member_id, request, None);
    let (member, person) = (MemberId::from_uuid(row.member_id), PersonId::from_uuid(row.person_id));
    let actor = Actor::Member { member, person, role, permissions };
    Ok(Some(Caller::new(scope, actor)))
}

/// The caller behind an API key, by the keyed hash of its secret; `None` when it is unknown, revoked, expired, or its
/// tenant is suspended.
///
/// # Errors
/// The database's.
#[tracing::instrument(name = "db.api_key.find", skip_all)]
pub async fn of_api_key(
    services: &Services,
    key_hash: &[u8; 32],
    request: RequestId,
) -> Result<Option<Caller>, StoreError> {
    let now = services.now();
    let mut tx = services.store.platform(Reason::ApiKey, request).await?;
    let found = sqlx::query!(
        r#"select k.tenant_id, k.key_id, k.last_used_at, k.scopes
           from app.api_keys k join app.tenants t on t.tenant_id = k.tenant_id
           where k.key_hash = $1 and k.revoked_at is null and (k.expires_at is null or k.expires_at > $2)
             and t.suspended_at is null"#,
        key_hash.as_slice(),
        now
    )
    .fetch_optional(&mut tx)
    .await?;
    let Some(row) = found else { return Ok(None) };
    if row.last_used_at.is_none_or(|at| at < now - SEEN) {
        sqlx::query!(
            "update app.api_keys set last_used_at = $3 where tenant_id = $1 and key_id = $2",
            row.tenant_id,
            row.key_id,
            now
        )
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
    }
    services.doors.remember(key_hash, TenantId::from_uuid(row.tenant_id));
    let scope = Scope::of_request(TenantId::from_uuid(row.tenant_id), row.key_id, request, None);
    let scopes = scopes(row.scopes.iter().map(String::as_str));
    Ok(Some(Caller::new(scope, Actor::ApiKey { key: ApiKeyId::from_uuid(row.key_id), scopes })))
}

/// A role by its name, and what it may: of one of a company's own, of which these are the permissions, never more than such may at all.
///
/// # Errors
/// [`StoreError::Corrupt`] for what is no role.
pub fn allowed<'n>(role: &str, own: impl IntoIterator<Item = &'n str>) -> Result<(Role, Permissions), StoreError> {
    let role = Role::from_name(role).ok_or(StoreError::Corrupt("a role"))?;
    let own = || Permissions::named(own).within(ROLE_AT_MOST);
    Ok((role, role.permissions().unwrap_or_else(own)))
}

/// What a key may, by names: never more than keys may at all.
fn scopes<'n>(names: impl Iterator<Item = &'n str>) -> Permissions {
    Permissions::named(names).within(KEY_AT_MOST)
}

/// Whose the credentials are that were good when they last came: in whose share of the connections their doors open. It says
/// nothing of who may enter, which the door finds out each time.
#[derive(Debug, Default)]
pub(crate) struct Doors(Mutex<Known>);

/// Those that came lately, and those that came before them.
#[derive(Debug, Default)]
struct Known {
    lately: HashMap<[u8; 32], TenantId>,
    before: HashMap<[u8; 32], TenantId>,
}

/// Credentials that came lately. With as many more, those that did not come again meanwhile are forgotten.
const LATELY: usize = 16_384;

impl Doors {
    fn remember(&self, credential: &[u8; 32], tenant: TenantId) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.lately.len() >= LATELY {
            known.before = std::mem::take(&mut known.lately);
        }
        known.lately.insert(*credential, tenant);
    }

    fn of(&self, credential: &[u8; 32]) -> Option<TenantId> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.lately.get(credential).copied();
        if found.is_some() {
            return found;
        }
        let before = known.before.get(credential).copied()?;
        drop(known);
        self.remember(credential, before);
        Some(before)
    }

    /// It opens nothing any more: the next time it is looked at as one that nobody knows.
    fn forget(&self, credential: &[u8; 32]) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.lately.remove(credential);
        known.before.remove(credential);
    }
}

/// A value of SQL: digits of a hash, an instant. Neither can hold anything else.
fn hex(hash: &[u8; 32]) -> String {
    use std::fmt::Write as _;
    hash.iter().fold(String::with_capacity(66) + "\\x", |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn instant(at: OffsetDateTime) -> String {
    format!("to_timestamp({}::float8 / 1000000)", at.unix_timestamp_nanos() / 1000)
}

/// Whose the credential is that was presented at a door. One that opens nothing is forgotten.
fn entered(services: &Services, credential: &[u8; 32], row: &PgRow) -> Result<Option<TenantId>, StoreError> {
    let tenant: Option<Uuid> = row.try_get("tenant")?;
    if tenant.is_none() {
        services.doors.forget(credential);
    }
    Ok(tenant.map(TenantId::from_uuid))
}

/// As [`of_api_key`], and the first transaction of the caller's is open already: the credential and what it opens in one round
/// trip. For who reads at once; a clone of the caller has no transaction.
///
/// # Errors
/// The database's.
#[tracing::instrument(name = "db.api_key.enter", skip_all)]
pub async fn enter_by_api_key(
    services: &Services,
    key_hash: &[u8; 32],
    request: RequestId,
) -> Result<Option<Caller>, StoreError> {
    let Some(expected) = services.doors.of(key_hash) else { return of_api_key(services, key_hash, request).await };
    let now = services.now();
    let door =
        format!("app.enter_key('{}', '{}', {}, {})", hex(key_hash), request.uuid(), instant(now), instant(now - SEEN));
    let (tx, row) = services.store.enter(expected, door).await?;
    let Some(tenant) = entered(services, key_hash, &row)? else { return Ok(None) };
    // Once a minute: the long way, which notes it.
    if tenant != expected || row.try_get("stale")? {
        drop(tx);
        return of_api_key(services, key_hash, request).await;
    }
    let key: Uuid = row.try_get("actor")?;
    let scope = Scope::of_request(tenant, key, request, Some(tx));
    let scopes = scopes(row.try_get::<&str, _>("scopes")?.split(' '));
    Ok(Some(Caller::new(scope, Actor::ApiKey { key: ApiKeyId::from_uuid(key), scopes })))
}

/// As [`of_session`], and the first transaction of the caller's is open already: see [`enter_by_api_key`]. `used`: whether it
/// counts as a use of the session.
///
/// # Errors
/// The database's.
#[tracing::instrument(name = "db.session.enter", skip_all)]
pub async fn enter_by_session(
    services: &Services,
    session_hash: &[u8; 32],
    lifetime: SessionLifetime,
    request: RequestId,
    used: bool,
) -> Result<Option<Caller>, StoreError> {
    let Some(expected) = services.doors.of(session_hash) else {
        return session(services, session_hash, lifetime, request, used).await;
    };
    let now = services.now();
    let door = format!(
        "app.enter_session('{}', '{}', {}, {}, {}, {})",
        hex(session_hash),
        request.uuid(),
        instant(now),
        instant(now - lifetime.absolute),
        instant(now - lifetime.idle),
        instant(now - SEEN)
    );
    let (tx, row) = services.store.enter(expected, door).await?;
    let Some(tenant) = entered(services, session_hash, &row)? else { return Ok(None) };
    if tenant != expected || (used && row.try_get("stale")?) {
        drop(tx);
        return session(services, session_hash, lifetime, request, used).await;
    }
    let (member, person): (Uuid, Uuid) = (row.try_get("actor")?, row.try_get("person")?);
    let own: Option<&str> = row.try_get("permissions")?;
    let (role, permissions) = allowed(row.try_get("role")?, own.unwrap_or_default().split(' '))?;
    let scope = Scope::of_request(tenant, member, request, Some(tx));
    let (member, person) = (MemberId::from_uuid(member), PersonId::from_uuid(person));
    Ok(Some(Caller::new(scope, Actor::Member { member, person, role, permissions })))
}

/// The visitor of a page with this widget; `None` when there is no such widget, or its tenant is suspended.
///
/// # Errors
/// The database's.
#[tracing::instrument(name = "db.widget.find", skip_all)]
pub async fn of_widget(
    services: &Services,
    widget: WidgetId,
    request: RequestId,
) -> Result<Option<Caller>, StoreError> {
    let mut tx = services.store.platform(Reason::Widget, request).await?;
    let found = sqlx::query_scalar!(
        "select w.tenant_id from app.widgets w join app.tenants t on t.tenant_id = w.tenant_id
         where w.widget_id = $1 and t.suspended_at is null",
        widget.uuid()
    )
    .fetch_optional(&mut tx)
    .await?;
    Ok(found.map(|tenant| {
        let scope = Scope::new(TenantId::from_uuid(tenant), widget.uuid(), request);
        Caller::new(scope, Actor::Widget { widget })
    }))
}

/// The widget of the tenant that was made first; `None` when there is no tenant.
///
/// # Errors
/// The database's.
#[tracing::instrument(name = "db.widget.first", skip_all)]
pub async fn first_widget(services: &Services, request: RequestId) -> Result<Option<WidgetId>, StoreError> {
    let mut tx = services.store.platform(Reason::Widget, request).await?;
    let first = sqlx::query_scalar!(
        "select w.widget_id from app.widgets w join app.tenants t on t.tenant_id = w.tenant_id
         where t.suspended_at is null order by w.widget_id limit 1"
    );
    Ok(first.fetch_optional(&mut tx).await?.map(WidgetId::from_uuid))
}

/// How long a visitor's browser is remembered after it was last here.
pub const CONTACT_SESSION: Duration = Duration::days(180);

/// Forgets the browsers that were not here for so long; returns how many. What was said in them stays.
///
/// # Errors
/// The database's.
#[tracing::instrument(name = "db.contact_session.clean_up", skip_all)]
pub async fn forget_contact_sessions(services: &Services) -> Result<u64, StoreError> {
    let mut tx = services.store.platform(Reason::CleanUp, RequestId::from_uuid(services.new_id())).await?;
    let old = services.now() - CONTACT_SESSION;
    let done = sqlx::query!("delete from app.contact_sessions where last_seen_at <= $1", old).execute(&mut tx).await?;
    tx.commit().await?;
    Ok(done.rows_affected())
}

/// The contact behind a visitor's token, by the hash of the token and for this widget's tenant alone; `None` when it is
/// unknown, too old, or its tenant is suspended.
///
/// # Errors
/// The database's.
#[tracing::instrument(name = "db.contact_session.find", skip_all)]
pub async fn of_contact_session(
    services: &Services,
    widget: WidgetId,
    token_hash: &[u8; 32],
    request: RequestId,
) -> Result<Option<Caller>, StoreError> {
    let now = services.now();
    let mut tx = services.store.platform(Reason::ContactSession, request).await?;
    let found = sqlx::query!(
        "select s.tenant_id, s.session_id, s.contact_id, s.last_seen_at
         from app.contact_sessions s
         join app.widgets w on w.tenant_id = s.tenant_id
         join app.tenants t on t.tenant_id = s.tenant_id
         where s.token_hash = $1 and w.widget_id = $2 and s.last_seen_at > $3 and t.suspended_at is null",
        token_hash.as_slice(),
        widget.uuid(),
        now - CONTACT_SESSION
    )
    .fetch_optional(&mut tx)
    .await?;
    let Some(row) = found else { return Ok(None) };
    if row.last_seen_at < now - Duration::days(1) {
        sqlx::query!(
            "update app.contact_sessions set last_seen_at = $3 where tenant_id = $1 and session_id = $2",
            row.tenant_id,
            row.session_id,
            now
        )
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
    }
    let contact = ContactId::from_uuid(row.contact_id);
    let scope = Scope::new(TenantId::from_uuid(row.tenant_id), row.contact_id, request);
    Ok(Some(Caller::new(scope, Actor::Contact { contact })))
}

/// The scope of a tenant whose records a command of whoever runs the installation goes through, one tenant after the other; nothing for one that
/// there is not. Nothing that somebody asks from outside leads here.
///
/// # Errors
/// The database's.
#[tracing::instrument(name = "db.tenant.verified", skip_all)]
pub async fn of_verified(
    services: &Services,
    tenant: TenantId,
    request: RequestId,
) -> Result<Option<Scope>, StoreError> {
    let mut tx = services.store.platform(Reason::Audit, request).await?;
    let there = sqlx::query_scalar!("select tenant_id from app.tenants where tenant_id = $1", tenant.uuid());
    let there = there.fetch_optional(&mut tx).await?;
    Ok(there.map(|tenant| Scope::new(TenantId::from_uuid(tenant), Uuid::nil(), request)))
}

/// Who has come to a meeting with its code; `None` when it opens nothing: there is no such meeting, it is over, or its tenant is suspended.
///
/// # Errors
/// The database's.
#[tracing::instrument(name = "db.meeting.find", skip_all)]
pub async fn of_meeting_code(
    services: &Services,
    code: &str,
    request: RequestId,
) -> Result<Option<Caller>, StoreError> {
    let mut tx = services.store.platform(Reason::Meeting, request).await?;
    let found = sqlx::query!(
        "select m.tenant_id, m.meeting_id from app.meetings m join app.tenants t on t.tenant_id = m.tenant_id
         where m.code = $1 and m.state <> 'ended' and t.suspended_at is null",
        code
    )
    .fetch_optional(&mut tx)
    .await?;
    Ok(found.map(|row| at_meeting(row.tenant_id, row.meeting_id, request)))
}

/// The same with what a token of ours says: the meeting has to be that tenant's.
///
/// # Errors
/// The database's.
#[tracing::instrument(name = "db.meeting.find", skip_all)]
pub async fn of_meeting(
    services: &Services,
    tenant: TenantId,
    meeting: MeetingId,
    request: RequestId,
) -> Result<Option<Caller>, StoreError> {
    let mut tx = services.store.platform(Reason::Meeting, request).await?;
    let found = sqlx::query!(
        "select m.tenant_id, m.meeting_id from app.meetings m join app.tenants t on t.tenant_id = m.tenant_id
         where m.tenant_id = $1 and m.meeting_id = $2 and m.state <> 'ended' and t.suspended_at is null",
        tenant.uuid(),
        meeting.uuid()
    )
    .fetch_optional(&mut tx)
    .await?;
    Ok(found.map(|row| at_meeting(row.tenant_id, row.meeting_id, request)))
}

fn at_meeting(tenant: Uuid, meeting: Uuid, request: RequestId) -> Caller {
    let scope = Scope::new(TenantId::from_uuid(tenant), meeting, request);
    Caller::new(scope, Actor::Meeting { meeting: MeetingId::from_uuid(meeting) })
}

/// Meetings that nobody has ended and that are over: nobody has been in one since `empty`, and the time for which it was made is past;
/// or nobody came, a day after it. At most a thousand, and last those of which nobody has said that they are empty. (Whether somebody is in one
/// just now, the node knows on which that is.)
///
/// # Errors
/// The database's.
#[tracing::instrument(name = "db.meeting.over", skip_all)]
pub async fn meetings_over(services: &Services, empty: Duration) -> Result<Vec<Caller>, StoreError> {
    let request = RequestId::from_uuid(services.new_id());
    let now = services.now();
    let mut tx = services.store.platform(Reason::CleanUp, request).await?;
    let found = sqlx::query!(
        "select m.tenant_id, m.meeting_id from app.meetings m join app.tenants t on t.tenant_id = m.tenant_id
         where m.state <> 'ended' and t.suspended_at is null
           and (m.started_at is not null and m.ends_at <= $1 and coalesce(m.empty_since <= $2, true)
             or m.started_at is null and m.ends_at <= $3)
         order by m.started_at is not null and m.empty_since is null, m.ends_at limit 1000",
        now,
        now - empty,
        now - Duration::days(1)
    )
    .fetch_all(&mut tx)
    .await?;
    Ok(found.into_iter().map(|row| at_meeting(row.tenant_id, row.meeting_id, request)).collect())
}

/// Meetings that have gone on since before then; of very many, ten thousand by turns of companies.
///
/// # Errors
/// The database's.
#[tracing::instrument(name = "db.meeting.going_on", skip_all)]
pub async fn meetings_going_on(services: &Services, since: OffsetDateTime) -> Result<Vec<Caller>, StoreError> {
    let request = RequestId::from_uuid(services.new_id());
    let mut tx = services.store.platform(Reason::Meeting, request).await?;
    let found = sqlx::query!(
        "select m.tenant_id, m.meeting_id from app.meetings m join app.tenants t on t.tenant_id = m.tenant_id
         where m.state = 'live' and m.started_at < $1 and t.suspended_at is null
         order by row_number() over (partition by m.tenant_id order by m.started_at desc), m.meeting_id limit 10000",
        since
    )
    .fetch_all(&mut tx)
    .await?;
    Ok(found.into_iter().map(|row| at_meeting(row.tenant_id, row.meeting_id, request)).collect())
}

/// The scope of a job: that of the tenant whose row it is, which is not suspended: so it was claimed. `job` acts.
pub(crate) fn of_job(tenant: Uuid, job: Uuid, request: RequestId) -> Scope {
    Scope::new(TenantId::from_uuid(tenant), job, request)
}
