//! Where `tower-sessions` keeps its sessions: a directory table that the platform role reaches, and the door by its hash.
//!
//! Guarantees: the cookie's value is not in the database, only its SHA-256; a session ends for good at its absolute
//! lifetime, however often it is saved; with its membership removed it is gone. `tower-sessions` keeps what it likes inside;
//! whose a session is stands in columns that [`Sessions::sign_in`] alone writes, so that nothing inside can say otherwise, and
//! "sign out everywhere" and a list of devices need not read it.

use crate::audit::{self, Entry};
use crate::bus::Notice;
use crate::scope::SessionLifetime;
use crate::{PlatformTx, Reason, Services, StoreError};
use async_trait::async_trait;
use model::audit::Act;
use model::identity::Owed;
use model::{PersonId, RequestId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::types::Json;
use std::collections::HashMap;
use std::net::IpAddr;
use time::{Duration, OffsetDateTime};
use tower_sessions_core::{
    SessionStore,
    session::{Id, Record},
    session_store,
};

/// The session store.
#[derive(Debug, Clone)]
pub struct Sessions {
    services: Services,
    lifetime: SessionLifetime,
}

/// What the database knows a session by.
pub fn hash(id: Id) -> [u8; 32] {
    Sha256::digest(id.0.to_be_bytes()).into()
}

/// How somebody has shown who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// By a password.
    Password,
    /// By the word of a provider.
    Provider,
    /// By a passkey: a device that its owner has unlocked.
    Passkey,
    /// By a code that an app has made.
    Totp,
    /// By a code on paper.
    RecoveryCode,
    /// In a browser where a second factor was shown not long ago.
    Trusted,
    /// In a session that was open.
    Session,
    /// In a session that was open in another workspace.
    Elsewhere,
}

impl Proof {
    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Provider => "provider",
            Self::Passkey => "passkey",
            Self::Totp => "code",
            Self::RecoveryCode => "code on paper",
            Self::Trusted => "trusted browser",
            Self::Session => "session",
            Self::Elsewhere => "another workspace",
        }
    }

    /// Whether it is as good as a second factor.
    pub const fn is_second(self) -> bool {
        !matches!(self, Self::Password | Self::Provider)
    }
}

/// How and when somebody has shown who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// How.
    pub proof: Proof,
    /// When.
    pub at: Timestamp,
    /// How often the password had been changed when it was read.
    #[serde(default)]
    pub epoch: i32,
    /// Of a provider: the tenant whose own it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<TenantId>,
}

/// A sign-in on its way. When nothing is owed any more, it opens the tenant that was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    /// Who.
    pub person: PersonId,
    /// How that was shown, in order.
    pub proofs: Vec<Shown>,
    /// Which tenant was chosen.
    pub chosen: Option<TenantId>,
    /// What is asked for next.
    pub owed: Option<Owed>,
    /// Where it leads in the end: a path.
    pub next: String,
    /// When the session ends that it opens, at the latest: that of the one which goes on in it.
    pub until: Option<OffsetDateTime>,
}

/// How long a sign-in that is not finished is kept.
const UNFINISHED: Duration = Duration::minutes(15);

/// From where somebody signs in.
#[derive(Debug, Clone)]
pub struct Client<'a> {
    /// The browser, as it calls itself; the first 200 characters are kept.
    pub device: &'a str,
    /// The address.
    pub address: Option<IpAddr>,
    /// The request.
    pub request: RequestId,
}

impl Sessions {
    /// Sessions in the database of `services`.
    pub fn new(services: Services, lifetime: SessionLifetime) -> Self {
        Self { services, lifetime }
    }

    /// How long a session lasts.
    pub fn lifetime(&self) -> SessionLifetime {
        self.lifetime
    }

    /// Writes a sign-in into a stored session, which it opens when nothing is owed; else the session is soon forgotten. `false`,
    /// and nothing is written, when the password by which it began has been changed meanwhile.
    ///
    /// # Errors
    /// The database's: also when there is no such session any more, or the person is no member there.
    #[tracing::instrument(name = "db.session.sign_in", skip_all)]
    pub async fn sign_in(&self, id: &Id, sign_in: &SignIn, from: Client<'_>) -> Result<bool, StoreError> {
        let hash = hash(*id);
        let device: String = from.device.chars().filter(|c| !c.is_control()).take(200).collect();
        let opened = sign_in.chosen.filter(|_| sign_in.owed.is_none());
        if opened.is_none() && sign_in.owed.is_none() {
            return Err(StoreError::Corrupt("a sign-in that owes nothing and opens nothing"));
        }
        let mut tx = self.services.store.platform(Reason::Session, self.request()).await?;
        // Held until the session is written: a change of the password waits for it, and then ends it.
        let epoch = sqlx::query_scalar!(
            "select password_epoch from app.people where person_id = $1 for share",
            sign_in.person.uuid()
        );
        let epoch = epoch.fetch_optional(&mut tx).await?;
        let known = |shown: &Shown| {
            matches!(
                shown.proof,
                Proof::Password | Proof::Provider | Proof::Passkey | Proof::Session | Proof::Elsewhere
            )
        };
        if sign_in.proofs.iter().any(|shown| known(shown) && Some(shown.epoch) != epoch) {
            return Ok(false);
        }
        let done = sqlx::query!(
            "update app.sessions set person_id = $2, tenant_id = $3, proofs = $4, owed = $5, chosen_id = $6, next_path = $7,
                    device = $8, address = $9, expires_at = least(expires_at, $10, $11::timestamptz + make_interval(mins =>
                      (select session_minutes from app.tenants where tenant_id = $3)))
             where session_hash = $1",
            hash.as_slice(),
            sign_in.person.uuid(),
            opened.map(TenantId::uuid),
            Json(&sign_in.proofs) as _,
            sign_in.owed.map(Owed::name),
            sign_in.chosen.map(TenantId::uuid),
            sign_in.next,
            device,
            from.address.map(|address| address.to_string()),
            if opened.is_none() { Some(self.services.now() + UNFINISHED) } else { sign_in.until },
            self.services.now()
        )
        .execute(&mut tx)
        .await?;
        if done.rows_affected() != 1 {
            return Err(sqlx::Error::RowNotFound.into());
        }
        // One that goes on under another id is none that was opened.
        let goes_on = sign_in.proofs.iter().any(|shown| shown.proof == Proof::Session);
        if let Some(tenant) = opened.filter(|_| !goes_on) {
            let how: Vec<&str> = sign_in.proofs.iter().map(|shown| shown.proof.name()).collect();
            let entry = Entry::new(Act::SignedIn).is("how", how.join(", ")).is("browser", device.as_str());
            let from = audit::From { address: from.address, request: from.request };
            audit::record_in(&mut tx, &self.services, (tenant, sign_in.person), from, entry).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// The sign-in that a session holds, while something is owed.
    ///
    /// # Errors
    /// The database's.
    #[tracing::instrument(name = "db.session.unfinished", skip_all)]
    pub async fn unfinished(&self, id: &Id) -> Result<Option<SignIn>, StoreError> {
        let (now, hash) = (self.services.now(), hash(*id));
        let mut tx = self.services.store.platform(Reason::Session, self.request()).await?;
        let row = sqlx::query!(
            r#"select person_id as "person_id!", proofs as "proofs: Json<Vec<Shown>>", owed as "owed!", chosen_id, next_path
               from app.sessions where session_hash = $1 and expires_at > $2 and owed is not null"#,
            hash.as_slice(),
            now
        )
        .fetch_optional(&mut tx)
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(SignIn {
            person: PersonId::from_uuid(row.person_id),
            proofs: row.proofs.0,
            chosen: row.chosen_id.map(TenantId::from_uuid),
            owed: Some(Owed::from_name(&row.owed).ok_or(StoreError::Corrupt("sessions.owed"))?),
            next: row.next_path.unwrap_or_default(),
            until: None,
        }))
    }

    /// Takes the sign-in out of a session, to carry it on in another one: `false` when somebody else has, or it is over.
    ///
    /// # Errors
    /// The database's.
    #[tracing::instrument(name = "db.session.claim", skip_all)]
    pub async fn claim(&self, id: &Id) -> Result<bool, StoreError> {
        let (now, hash) = (self.services.now(), hash(*id));
        let mut tx = self.services.store.platform(Reason::Session, self.request()).await?;
        let claimed = sqlx::query!(
            "delete from app.sessions where session_hash = $1 and expires_at > $2 and owed is not null",
            hash.as_slice(),
            now
        )
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
        Ok(claimed.rows_affected() == 1)
    }

    /// Removes sessions that have ended; returns how many.
    ///
    /// # Errors
    /// The database's.
    #[tracing::instrument(name = "db.session.clean_up", skip_all)]
    pub async fn delete_ended(&self) -> Result<u64, StoreError> {
        let now = self.services.now();
        let mut tx = self.services.store.platform(Reason::CleanUp, self.request()).await?;
        let done = sqlx::query!(
            "delete from app.sessions where expires_at <= $1 or created_at <= $2 or last_seen_at <= $3",
            now,
            now - self.lifetime.absolute,
            now - self.lifetime.idle
        )
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
        Ok(done.rows_affected())
    }

    /// `tower-sessions` does not say which request it works for.
    fn request(&self) -> RequestId {
        RequestId::from_uuid(self.services.new_id())
    }

    /// Writes a record; `false` when a new one's id is taken.
    async fn write(&self, record: &Record, new: bool) -> Result<bool, StoreError> {
        let now = self.services.now();
        let hash = hash(record.id);
        let data = Json(&record.data);
        let mut tx = self.services.store.platform(Reason::Session, self.request()).await?;
        let done = if new {
            sqlx::query!(
                "insert into app.sessions (session_hash, data, created_at, last_seen_at, expires_at)
                 values ($1, $2, $3, $3, $4) on conflict do nothing",
                hash.as_slice(),
                data as _,
                now,
                record.expiry_date.min(now + self.lifetime.absolute)
            )
            .execute(&mut tx)
            .await?
        } else {
            // Saving neither revives nor prolongs: a session that was ended meanwhile stays ended.
            sqlx::query!("update app.sessions set data = $2 where session_hash = $1", hash.as_slice(), data as _)
                .execute(&mut tx)
                .await?
        };
        tx.commit().await?;
        Ok(done.rows_affected() == 1)
    }
}

/// A session of a person's that is open.
#[derive(Debug)]
pub struct OpenRow {
    /// What the database knows it by.
    pub hash: Vec<u8>,
    /// The tenant's name.
    pub company: String,
    /// The browser, as it calls itself.
    pub device: Option<String>,
    /// The address from which it was opened.
    pub address: Option<String>,
    /// When it was last used, to within a minute.
    pub last_seen_at: OffsetDateTime,
}

/// A person's open sessions, the latest first.
///
/// # Errors
/// The database's.
pub async fn list_of(tx: &mut PlatformTx, person: PersonId, now: OffsetDateTime) -> Result<Vec<OpenRow>, StoreError> {
    let rows = sqlx::query_as!(
        OpenRow,
        "select s.session_hash as hash, t.name as company, s.device, s.address, s.last_seen_at
         from app.sessions s join app.tenants t on t.tenant_id = s.tenant_id
         where s.person_id = $1 and s.expires_at > $2
           and coalesce(s.created_at > $2 - make_interval(mins => t.session_minutes), true)
           and coalesce(s.last_seen_at > $2 - make_interval(mins => t.idle_minutes), true)
         order by s.last_seen_at desc, s.session_hash limit 200",
        person.uuid(),
        now
    );
    Ok(rows.fetch_all(tx).await?)
}

/// Ends one session of a person's, by the digits of its hash; says of which tenant it was.
///
/// # Errors
/// The database's.
pub async fn end_of(tx: &mut PlatformTx, person: PersonId, id: &str) -> Result<Option<TenantId>, StoreError> {
    let ended = sqlx::query_scalar!(
        "delete from app.sessions where person_id = $1 and encode(session_hash, 'hex') = $2 returning tenant_id",
        person.uuid(),
        id
    );
    Ok(ended.fetch_optional(tx).await?.flatten().map(TenantId::from_uuid))
}

/// Ends every session of a person's, finished or not, but this one; says of which tenants they were, to be told after the
/// commit ([`Notice::Ended`]).
///
/// # Errors
/// The database's.
pub async fn end_all_of(
    tx: &mut PlatformTx,
    person: PersonId,
    but: Option<&[u8; 32]>,
) -> Result<Vec<TenantId>, StoreError> {
    let ended = sqlx::query_scalar!(
        "delete from app.sessions where person_id = $1 and ($2::bytea is null or session_hash <> $2) returning tenant_id",
        person.uuid(),
        but.map(<[u8; 32]>::as_slice)
    );
    let mut tenants: Vec<_> = ended.fetch_all(tx).await?.into_iter().flatten().map(TenantId::from_uuid).collect();
    tenants.sort_unstable();
    tenants.dedup();
    Ok(tenants)
}

/// Ends every session of a person's in one tenant.
///
/// # Errors
/// The database's.
pub async fn end_all_in(tx: &mut PlatformTx, person: PersonId, tenant: TenantId) -> Result<(), StoreError> {
    sqlx::query!("delete from app.sessions where person_id = $1 and tenant_id = $2", person.uuid(), tenant.uuid())
        .execute(tx)
        .await?;
    Ok(())
}

/// Ends every session in a tenant; to be told after the commit ([`Notice::Shut`]).
///
/// # Errors
/// The database's.
pub async fn end_all_of_tenant(tx: &mut PlatformTx, tenant: TenantId) -> Result<(), StoreError> {
    sqlx::query!("delete from app.sessions where tenant_id = $1", tenant.uuid()).execute(tx).await?;
    Ok(())
}

fn backend(error: StoreError) -> session_store::Error {
    session_store::Error::Backend(error.to_string())
}

#[async_trait]
impl SessionStore for Sessions {
    #[tracing::instrument(name = "db.session.create", skip_all)]
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        // 128 random bits do not collide; the loop is bounded all the same.
        for _ in 0..3 {
            if self.write(record, true).await.map_err(backend)? {
                return Ok(());
            }
            record.id = Id::default();
        }
        Err(session_store::Error::Backend("no free session id".into()))
    }

    #[tracing::instrument(name = "db.session.save", skip_all)]
    async fn save(&self, record: &Record) -> session_store::Result<()> {
        self.write(record, false).await.map(|_| ()).map_err(backend)
    }

    #[tracing::instrument(name = "db.session.load", skip_all)]
    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        let load = async {
            let (now, hash) = (self.services.now(), hash(*id));
            let mut tx = self.services.store.platform(Reason::Session, self.request()).await?;
            let row = sqlx::query!(
                r#"select data as "data: Json<HashMap<String, Value>>", expires_at from app.sessions
                   where session_hash = $1 and expires_at > $2 and created_at > $3 and last_seen_at > $4"#,
                hash.as_slice(),
                now,
                now - self.lifetime.absolute,
                now - self.lifetime.idle
            )
            .fetch_optional(&mut tx)
            .await?;
            Ok(row.map(|row| Record { id: *id, data: row.data.0, expiry_date: row.expires_at }))
        };
        load.await.map_err(backend)
    }

    #[tracing::instrument(name = "db.session.delete", skip_all)]
    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        let delete = async {
            let hash = hash(*id);
            let mut tx = self.services.store.platform(Reason::Session, self.request()).await?;
            let ended = sqlx::query_scalar!(
                "delete from app.sessions where session_hash = $1 returning tenant_id",
                hash.as_slice()
            )
            .fetch_optional(&mut tx)
            .await?;
            tx.commit().await?;
            if let Some(tenant) = ended.flatten() {
                self.services.publish(Notice::Ended { tenant: TenantId::from_uuid(tenant) });
            }
            Ok(())
        };
        delete.await.map_err(backend)
    }
}
