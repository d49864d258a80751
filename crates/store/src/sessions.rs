//! Where `tower-sessions` keeps its sessions: a directory table that only the platform role reaches.
//!
//! Guarantees: the cookie's value is not in the database, only its SHA-256; a session ends for good at its absolute
//! lifetime, however often it is saved; with its membership removed it is gone. Person, tenant, device and address stand
//! in columns of their own, so that "sign out everywhere" and a list of devices need not read what is inside.

use crate::bus::Notice;
use crate::scope::SessionLifetime;
use crate::{Reason, Services, StoreError};
use async_trait::async_trait;
use model::{MemberId, PersonId, RequestId, TenantId};
use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::types::Json;
use std::collections::HashMap;
use tower_sessions_core::{
    SessionStore,
    session::{Id, Record},
    session_store,
};
use uuid::Uuid;

/// Names of the values in a session that also stand in columns.
pub mod key {
    /// The person who signed in, as the database's id.
    pub const PERSON: &str = "person";
    /// The tenant that the session is for, as the database's id.
    pub const TENANT: &str = "tenant";
    /// The browser, as it calls itself, cut to 200 characters.
    pub const DEVICE: &str = "device";
    /// The address that signed in.
    pub const ADDRESS: &str = "address";
}

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

/// A fresh sign-in, as it is written into a session.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Who.
    pub person: PersonId,
    /// Where.
    pub tenant: TenantId,
    /// As which member.
    pub member: MemberId,
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
        let text = |key: &str| record.data.get(key).and_then(Value::as_str);
        let uuid = |key: &str| text(key).and_then(|t| Uuid::try_parse(t).ok());
        let now = self.services.now();
        let hash = hash(record.id);
        let data = Json(&record.data);
        let mut tx = self.services.store.platform(Reason::Session, self.request()).await?;
        let done = if new {
            sqlx::query!(
                "insert into app.sessions
                   (session_hash, person_id, tenant_id, data, device, address, created_at, last_seen_at, expires_at)
                 values ($1, $2, $3, $4, $5, $6, $7, $7, $8) on conflict do nothing",
                hash.as_slice(),
                uuid(key::PERSON),
                uuid(key::TENANT),
                data as _,
                text(key::DEVICE),
                text(key::ADDRESS),
                now,
                record.expiry_date.min(now + self.lifetime.absolute)
            )
            .execute(&mut tx)
            .await?
        } else {
            // Saving neither revives nor prolongs: a session that was ended meanwhile stays ended.
            sqlx::query!(
                "update app.sessions
                 set person_id = $2, tenant_id = $3, data = $4, device = $5, address = $6
                 where session_hash = $1",
                hash.as_slice(),
                uuid(key::PERSON),
                uuid(key::TENANT),
                data as _,
                text(key::DEVICE),
                text(key::ADDRESS)
            )
            .execute(&mut tx)
            .await?
        };
        tx.commit().await?;
        Ok(done.rows_affected() == 1)
    }
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
