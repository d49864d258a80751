//! Transactions that belong to one tenant, or to a named reason for crossing tenants.
//!
//! Guarantees: the connection is owned from before the first byte is sent, so that a future dropped at any await leaves
//! no half-begun transaction, role or tenant behind; role, tenant, user and request are set in the same round trip as
//! `begin`; `commit` fails in an aborted transaction. Nothing here dereferences to a connection. sqlx's own
//! `Transaction` is not used: cancelled inside BEGIN it hands back a connection with role and tenant still set.

use crate::{Reason, Scope, Store, StoreError};
use futures_core::{future::BoxFuture, stream::BoxStream};
use model::{RequestId, TenantId};
use shares::Place;
use sqlx::{
    AssertSqlSafe, Describe, Either, Execute, Executor, Postgres, SqlStr,
    error::BoxDynError,
    pool::PoolConnection,
    postgres::{PgArguments, PgPool, PgQueryResult, PgRow, PgStatement, PgTypeInfo},
};
use std::sync::{Mutex, PoisonError, Weak};
use std::time::Duration;

/// A transaction that sees one tenant's rows.
///
/// Ends with [`TenantTx::commit`]; dropped, it is rolled back.
#[derive(Debug)]
#[must_use = "a transaction that is dropped is rolled back"]
pub struct TenantTx(Tx, Weak<Opened>);

/// A transaction over the directory tables of all tenants, for one named reason.
#[derive(Debug)]
#[must_use = "a transaction that is dropped is rolled back"]
pub struct PlatformTx(Tx);

impl Store {
    /// Begins a transaction for a tenant.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when no connection can be had in time.
    pub async fn tenant(&self, scope: &Scope) -> Result<TenantTx, StoreError> {
        match scope.take_opened() {
            Some(opened) => Ok(TenantTx(opened, scope.opened())),
            None => self.begin(scope, String::new()).await,
        }
    }

    /// Begins a tenant's transaction by a credential, in the same round trip: `door` is the call of the function that finds
    /// whom it belongs to, and gives a row that says so, or that it is nobody's: then there is no tenant. `expected` is the
    /// one in whose share of the connections this is.
    pub(crate) async fn enter(&self, expected: TenantId, door: String) -> Result<(Tx, PgRow), StoreError> {
        let place = self.place(expected).await?;
        let begin = format!("begin; set local role app_door; select * from {door}; set local role app_tenant");
        let (tx, found) = Tx::open(&self.tenant, begin, self.prepared, vec![place]).await?;
        let row = found.ok_or(StoreError::Corrupt("a door gives no row"))?;
        Ok((tx, row))
    }

    async fn place(&self, tenant: TenantId) -> Result<Place<TenantId>, StoreError> {
        match tokio::time::timeout(self.acquire_timeout, self.places.enter(tenant)).await {
            Ok(Ok(place)) => Ok(place),
            _ => Err(sqlx::Error::PoolTimedOut.into()),
        }
    }

    /// The same for work that may take long, and then is stopped: after so long for each statement.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when no connection can be had in time.
    pub async fn tenant_within(&self, scope: &Scope, limit: Duration) -> Result<TenantTx, StoreError> {
        drop(scope.take_opened());
        self.begin(scope, format!("; set local statement_timeout = {}", limit.as_millis())).await
    }

    async fn begin(&self, scope: &Scope, more: String) -> Result<TenantTx, StoreError> {
        let begin = format!(
            "begin; set local role app_tenant; set local app.tenant_id = '{}'; set local app.user_id = '{}'; \
             set local app.request_id = '{}'{more}",
            scope.tenant().uuid(),
            scope.actor(),
            scope.request().uuid(),
        );
        let place = self.place(scope.tenant()).await?;
        Tx::open(&self.tenant, begin, self.prepared, vec![place]).await.map(|(tx, _)| TenantTx(tx, scope.opened()))
    }

    /// Begins a transaction across tenants. The reason goes into the log.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when no connection can be had in time.
    pub async fn platform(&self, reason: Reason, request: RequestId) -> Result<PlatformTx, StoreError> {
        tracing::debug!(reason = reason.name(), %request, "work across tenants");
        let begin = format!(
            "begin; set local role app_platform; set local app.tenant_id = ''; set local app.user_id = ''; \
             set local app.request_id = '{}'",
            request.uuid()
        );
        Tx::open(&self.platform, begin, self.prepared, Vec::new()).await.map(|(tx, _)| PlatformTx(tx))
    }
}

/// Reads pairs as the login itself, without a role: for the proof, which judges what the login could do.
pub(crate) async fn read_as_login(pool: &PgPool, sql: &'static str) -> Result<Vec<(String, String)>, StoreError> {
    let (mut tx, _) = Tx::open(pool, "begin read only".to_owned(), false, Vec::new()).await?;
    let Some(conn) = tx.conn.as_mut() else { return Err(sqlx::Error::PoolClosed.into()) };
    Ok(sqlx::query_as(sql).persistent(false).fetch_all(&mut **conn).await?)
}

#[derive(Debug)]
pub(crate) struct Tx {
    /// `None` only after commit, when `drop` has nothing left to clean.
    conn: Option<PoolConnection<Postgres>>,
    prepared: bool,
    /// What is given back after the connection is: the tenant's place among all that use the pool, and what else is bounded
    /// by how many do such work.
    places: Vec<Place<TenantId>>,
}

impl Tx {
    /// `begin` holds ids, digits and instants only, each written by its own formatter. Gives the row that it led to, if any.
    #[allow(clippy::disallowed_methods, reason = "reviewed: the start of a transaction, made of validated ids")]
    async fn open(
        pool: &PgPool,
        begin: String,
        prepared: bool,
        places: Vec<Place<TenantId>>,
    ) -> Result<(Self, Option<PgRow>), StoreError> {
        let begin: std::sync::Arc<str> = begin.into();
        // After a restart of the database the pool holds dead connections. Beginning has no effect, so it may be tried
        // again: at most once for each connection that can be dead, and once on a new one.
        let mut tries = pool.options().get_max_connections() + 1;
        let mut tx = Self { conn: None, prepared, places };
        loop {
            // Apart: what waits for a connection is some thirty kilobytes, which everything that asks would be larger by.
            let conn = tx.conn.insert(Box::pin(pool.acquire()).await?);
            // All of it: the last statement counts as much as the one that gives a row.
            match sqlx::raw_sql(AssertSqlSafe(std::sync::Arc::clone(&begin))).fetch_all(&mut **conn).await {
                Ok(rows) => return Ok((tx, rows.into_iter().next())),
                Err(e) => {
                    if let Some(mut conn) = tx.conn.take() {
                        conn.close_on_drop();
                    }
                    tries -= 1;
                    let error = StoreError::from(e);
                    if tries == 0 || !matches!(error, StoreError::Unavailable(_)) {
                        return Err(error);
                    }
                }
            }
        }
    }

    async fn raw(&mut self, sql: impl sqlx::SqlSafeStr) -> Result<(), sqlx::Error> {
        match self.conn.as_mut() {
            Some(conn) => sqlx::raw_sql(sql).execute(&mut **conn).await.map(|_| ()),
            None => Err(sqlx::Error::PoolClosed),
        }
    }

    /// In an aborted transaction PostgreSQL answers `commit` with ROLLBACK, which sqlx calls success; `select` before it
    /// fails there, for a microsecond.
    async fn commit(mut self) -> Result<(), StoreError> {
        self.raw("select; commit").await?;
        drop(self.conn.take());
        Ok(())
    }
}

/// Where a scope has a transaction that is open already.
pub(crate) type Opened = Mutex<Option<Tx>>;

impl TenantTx {
    /// Leaves the transaction open for what its caller reads next, so that a page which shows several things reads them in
    /// one. Not after a change: it would be seen, and never be made. It ends with the caller, with [`Scope::let_go`], or at once
    /// for a caller who is kept for longer than a request, as a job or a socket does.
    pub fn leave_open(self) {
        let Self(tx, opened) = self;
        if let Some(opened) = opened.upgrade() {
            *opened.lock().unwrap_or_else(PoisonError::into_inner) = Some(tx);
        }
    }

    /// Holds a place until the connection is free again: a statement goes on in the database for a while when whoever waited
    /// for it has gone.
    pub fn hold(&mut self, place: Place<TenantId>) {
        self.0.places.push(place);
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        let Some(mut conn) = self.conn.take() else { return };
        let places = std::mem::take(&mut self.places);
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                runtime.spawn(async move {
                    if sqlx::raw_sql("rollback").execute(&mut *conn).await.is_err() {
                        conn.close_on_drop();
                    }
                    drop(conn);
                    drop(places);
                });
            }
            // Nowhere to wait for the answer: out of the pool and closed, which rolls back. (Given back to the pool, or with
            // `close_on_drop`, sqlx would panic for want of a runtime.)
            Err(_) => drop(conn.detach()),
        }
    }
}

/// A query as it came, except that it is not kept prepared where the proxy in between could not carry it.
struct Kept<E> {
    query: E,
    prepared: bool,
}

impl<'q, E: Execute<'q, Postgres>> Execute<'q, Postgres> for Kept<E> {
    fn sql(self) -> SqlStr {
        self.query.sql()
    }
    fn statement(&self) -> Option<&PgStatement> {
        self.query.statement()
    }
    fn take_arguments(&mut self) -> Result<Option<PgArguments>, BoxDynError> {
        self.query.take_arguments()
    }
    fn persistent(&self) -> bool {
        self.prepared && self.query.persistent()
    }
}

macro_rules! transaction {
    ($tx:ident) => {
        impl $tx {
            /// Makes the changes last. Fails, with nothing kept, if a statement of the transaction had failed.
            ///
            /// # Errors
            /// The database's; the changes are then lost, or, if the connection broke, in doubt.
            pub async fn commit(self) -> Result<(), StoreError> {
                self.0.commit().await
            }
        }

        impl<'c> Executor<'c> for &'c mut $tx {
            type Database = Postgres;

            fn fetch_many<'e, 'q, E>(self, query: E) -> BoxStream<'e, Result<Either<PgQueryResult, PgRow>, sqlx::Error>>
            where
                'c: 'e,
                E: Execute<'q, Postgres>,
                'q: 'e,
                E: 'q,
            {
                match self.0.conn.as_mut() {
                    Some(conn) => (&mut **conn).fetch_many(Kept { query, prepared: self.0.prepared }),
                    None => Box::pin(Closed),
                }
            }

            fn fetch_optional<'e, 'q, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, sqlx::Error>>
            where
                'c: 'e,
                E: Execute<'q, Postgres>,
                'q: 'e,
                E: 'q,
            {
                match self.0.conn.as_mut() {
                    Some(conn) => (&mut **conn).fetch_optional(Kept { query, prepared: self.0.prepared }),
                    None => Box::pin(std::future::ready(Err(sqlx::Error::PoolClosed))),
                }
            }

            fn prepare_with<'e>(
                self,
                sql: SqlStr,
                parameters: &'e [PgTypeInfo],
            ) -> BoxFuture<'e, Result<PgStatement, sqlx::Error>>
            where
                'c: 'e,
            {
                match self.0.conn.as_mut() {
                    Some(conn) => (&mut **conn).prepare_with(sql, parameters),
                    None => Box::pin(std::future::ready(Err(sqlx::Error::PoolClosed))),
                }
            }

            fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Postgres>, sqlx::Error>>
            where
                'c: 'e,
            {
                match self.0.conn.as_mut() {
                    Some(conn) => (&mut **conn).describe(sql),
                    None => Box::pin(std::future::ready(Err(sqlx::Error::PoolClosed))),
                }
            }
        }
    };
}
transaction!(TenantTx);
transaction!(PlatformTx);

/// The stream of a transaction that has no connection any more: one error.
struct Closed;

impl futures_core::Stream for Closed {
    type Item = Result<Either<PgQueryResult, PgRow>, sqlx::Error>;
    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(Some(Err(sqlx::Error::PoolClosed)))
    }
}
