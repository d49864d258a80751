#![doc = include_str!("../README.md")]

pub mod audit;
pub mod bus;
pub mod caller;
pub mod embedded;
mod error;
pub mod events;
pub mod jobs;
mod login;
pub mod migrate;
mod proof;
pub mod scope;
pub mod sealing;
pub mod secret_key;
pub mod services;
pub mod sessions;
pub mod signing;
mod tx;
pub mod vendor;

pub use caller::{Actor, Caller, Denied, Participant, Right};
pub use error::StoreError;
pub use login::{LoginError, try_login};
pub use proof::Violation;
pub use scope::{Reason, Scope};
pub use services::Services;
pub use tx::{PlatformTx, TenantTx};

use model::TenantId;
use shares::{Places, Waiting};
/// How a login reaches a database; the only part of sqlx that is seen above the capabilities.
pub use sqlx::postgres::PgConnectOptions;
use sqlx::postgres::{PgPool, PgPoolOptions};
use std::time::Duration;

/// How to reach the database. It does not print: sqlx's options show passwords.
#[derive(Clone)]
pub struct Settings {
    /// The login that may become `app_door` and `app_tenant`, and nothing else.
    pub tenant: PgConnectOptions,
    /// The login that may become `app_platform` and nothing else.
    pub platform: PgConnectOptions,
    /// Most connections for tenants' work.
    pub tenant_connections: u32,
    /// How many of them one tenant may hold, in percent: what is left is others', at once, however long its work takes.
    pub tenant_percent: u32,
    /// Most connections for work across tenants.
    pub platform_connections: u32,
    /// Whether statements are kept prepared. False behind a transaction-pooling proxy that does not carry prepared
    /// statements (PgBouncer before 1.21, or with `max_prepared_statements = 0`).
    pub prepared: bool,
    /// Longest wait for a connection before a request is told that the database does not answer.
    pub acquire_timeout: Duration,
}

impl Settings {
    /// Settings with the default bounds.
    pub fn new(tenant: PgConnectOptions, platform: PgConnectOptions) -> Self {
        Self {
            tenant,
            platform,
            tenant_connections: 16,
            tenant_percent: 25,
            platform_connections: 6,
            prepared: true,
            acquire_timeout: Duration::from_secs(2),
        }
    }
}

/// PostgreSQL, without a way to a bare connection.
#[derive(Debug, Clone)]
pub struct Store {
    tenant: PgPool,
    /// The connections of `tenant`, divided: tenants wait for them by turns.
    places: Places<TenantId>,
    acquire_timeout: Duration,
    platform: PgPool,
    prepared: bool,
}

impl Store {
    /// Opens the two pools. No connection is made yet, so this cannot fail; [`Store::check`] tells whether one can be.
    pub fn new(settings: Settings) -> Self {
        let pool = |login: PgConnectOptions, most: u32| {
            PgPoolOptions::new()
                .max_connections(most)
                .acquire_timeout(settings.acquire_timeout)
                .max_lifetime(Duration::from_secs(30 * 60))
                // Opened when they are needed most, they would come too late.
                .idle_timeout(None)
                // `open` tries the next connection when one is dead: a ping at every acquire costs a round trip.
                .test_before_acquire(false)
                .connect_lazy_with(prepare(login))
        };
        let most = settings.tenant_connections as usize;
        let share = most * settings.tenant_percent.min(100) as usize / 100;
        Self {
            places: Places::new(most, share, WAITING),
            acquire_timeout: settings.acquire_timeout,
            tenant: pool(settings.tenant, settings.tenant_connections),
            platform: pool(settings.platform, settings.platform_connections),
            prepared: settings.prepared,
        }
    }

    /// Closes every connection; waits for those in use.
    pub async fn close(&self) {
        tokio::join!(self.tenant.close(), self.platform.close());
    }
}

/// Transactions that may wait for a connection. Whoever waits does so for a bounded time.
const WAITING: Waiting = Waiting { total: 2_048, per_key: 512 };

/// What every connection of ours has in common: nothing that a pooling proxy would refuse.
fn prepare(login: PgConnectOptions) -> PgConnectOptions {
    use sqlx::ConnectOptions as _;
    login.extra_float_digits(None).application_name("samtal").disable_statement_logging()
}
