//! From settings to a running application: the database, the services, the capabilities. Every command that touches
//! rows starts here.

use crate::assets::{self, Files};
use crate::config::{Config, ConfigError};
use crate::health::Readiness;
use crate::privileges::{self, Places};
use crate::ws::Sockets;
use app::ui::Assets;
use assistant::{AnswerContact, Assistant};
use conversations::Conversations;
use identity::{AttemptLimits, Identity, Passwords};
use knowledge::{Embedder, IndexDocument, Knowledge};
use std::{str::FromStr, sync::Arc, time::Duration};
use store::embedded::{Embedded, Programs};
use store::jobs::{Handler, Worker};
use store::migrate::{self, Logins};
use store::scope::SessionLifetime;
use store::secret_key::SecretKey;
use store::services::SystemClock;
use store::sessions::Sessions;
use store::{PgConnectOptions, Services, Settings, Store, vendor};
use tokio::sync::Semaphore;

/// Something that the command cannot go on without. One sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// A setting.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Leaving root.
    #[error(transparent)]
    Privileges(#[from] privileges::PrivilegeError),
    /// The embedded PostgreSQL.
    #[error(transparent)]
    Embedded(#[from] store::embedded::EmbeddedError),
    /// The database.
    #[error("{0}")]
    Store(#[from] store::StoreError),
    /// The secret.
    #[error(transparent)]
    Secret(#[from] store::secret_key::SecretKeyError),
    /// Identity.
    #[error("{0}")]
    Identity(#[from] identity::IdentityError),
    /// Anything else, in words.
    #[error("{0}")]
    Other(String),
}

/// Everything that handlers use; one for each process.
#[derive(Debug, Clone)]
pub struct App(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    config: Config,
    identity: Identity,
    sessions: Sessions,
    files: Files,
    assets: Arc<Assets>,
    admission: Semaphore,
    readiness: Readiness,
    knowledge: Knowledge,
    assistant: Assistant,
    conversations: Conversations,
    sockets: Sockets,
}

impl App {
    /// Puts the parts together.
    pub fn new(config: Config, identity: Identity, sessions: Sessions, knowledge: Knowledge, files: Files) -> Self {
        let admission = Semaphore::new(config.server.requests);
        let (assets, readiness) = (Arc::new(assets::load(files)), Readiness::default());
        let assistant = Assistant::new(knowledge.clone());
        let conversations = Conversations::new(identity.services().clone());
        let sockets = Sockets::new(config.server.sockets);
        Self(Arc::new(Parts {
            config,
            identity,
            sessions,
            files,
            assets,
            admission,
            readiness,
            knowledge,
            assistant,
            conversations,
            sockets,
        }))
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// The capability for people and tenants.
    pub fn identity(&self) -> &Identity {
        &self.0.identity
    }

    /// The capability for documents.
    pub fn knowledge(&self) -> &Knowledge {
        &self.0.knowledge
    }

    /// The capability that answers.
    pub fn assistant(&self) -> &Assistant {
        &self.0.assistant
    }

    /// The capability for conversations.
    pub fn conversations(&self) -> &Conversations {
        &self.0.conversations
    }

    /// The sockets that are open.
    pub fn sockets(&self) -> &Sockets {
        &self.0.sockets
    }

    /// What does the jobs.
    pub fn worker(&self) -> Worker {
        let answer = AnswerContact { assistant: self.assistant().clone(), conversations: self.conversations().clone() };
        let handlers: Vec<Arc<dyn Handler>> = vec![Arc::new(IndexDocument(self.0.knowledge.clone())), Arc::new(answer)];
        Worker::new(self.services().clone(), handlers, self.0.config.server.jobs)
    }

    /// Store, clock and ids.
    pub fn services(&self) -> &Services {
        self.0.identity.services()
    }

    /// Where sessions are.
    pub fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    /// The bundles themselves.
    pub fn files(&self) -> Files {
        self.0.files
    }

    /// Where the bundles are.
    pub fn assets(&self) -> Arc<Assets> {
        Arc::clone(&self.0.assets)
    }

    /// Room for requests.
    pub fn admission(&self) -> &Semaphore {
        &self.0.admission
    }

    /// Whether the database is as it must be.
    pub fn readiness(&self) -> &Readiness {
        &self.0.readiness
    }
}

/// Leaves root and settles where data and programs are. Call before any thread is started.
///
/// # Errors
/// See [`BootError`].
pub fn settle(config: &mut Config) -> Result<Places, BootError> {
    let programs = programs(config).ok();
    let places = privileges::leave_root(&config.data_dir, programs.as_ref().map(Programs::root))?;
    config.data_dir.clone_from(&places.data_dir);
    if let Some(vendor) = &places.vendor_dir {
        config.vendor_dir = Some(vendor.clone());
    }
    Ok(places)
}

/// Finds PostgreSQL's programs.
///
/// # Errors
/// A sentence that names the folder and the command that brings them.
pub fn programs(config: &Config) -> Result<Programs, BootError> {
    let exe =
        std::env::current_exe().map_err(|e| BootError::Other(format!("cannot find this program's own path: {e}")))?;
    Ok(Programs::find(config.vendor_dir.as_deref(), &exe)?)
}

/// Whether the process that asks supervises the database or only uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// `serve`: the one supervisor of its folder.
    Supervisor,
    /// Any other command: uses the database that a server runs, or runs it for its own duration.
    Guest,
}

/// A database that can be reached.
pub struct Database {
    /// The embedded one, to be stopped at the end.
    pub embedded: Option<Embedded>,
    tenant: PgConnectOptions,
    platform: PgConnectOptions,
    admin: PgConnectOptions,
    tenant_password: String,
    platform_password: String,
}

impl Database {
    /// Brings up the embedded database, or takes the addresses of another.
    ///
    /// # Errors
    /// See [`BootError`].
    pub async fn open(config: &Config, role: Role) -> Result<Self, BootError> {
        let (Some(tenant), Some(platform), Some(admin)) =
            (&config.database.url, &config.database.platform_url, &config.database.admin_url)
        else {
            let (programs, settings) = (programs(config)?, store::embedded::Settings::default());
            let embedded = match role {
                Role::Supervisor => Embedded::start(&programs, &config.data_dir, settings).await?,
                Role::Guest => Embedded::attach(&programs, &config.data_dir, settings).await?,
            };
            let urls = embedded.urls().clone();
            return Ok(Self {
                tenant: urls.tenant,
                platform: urls.platform,
                admin: urls.admin,
                tenant_password: urls.tenant_password,
                platform_password: urls.platform_password,
                embedded: Some(embedded),
            });
        };
        let (tenant, tenant_password) = login("DATABASE_URL", tenant, Some("samtal_tenant"))?;
        let (platform, platform_password) = login("SAMTAL__DATABASE__PLATFORM_URL", platform, Some("samtal_platform"))?;
        let (admin, _) = login("SAMTAL__DATABASE__ADMIN_URL", admin, None)?;
        Ok(Self { embedded: None, tenant, platform, admin, tenant_password, platform_password })
    }

    /// Brings the schema up to this program's version.
    ///
    /// # Errors
    /// See [`BootError`].
    pub async fn migrate(&self) -> Result<(), BootError> {
        let logins = Logins {
            tenant: &self.tenant,
            platform: &self.platform,
            tenant_password: &self.tenant_password,
            platform_password: &self.platform_password,
        };
        Ok(migrate::migrate(&self.admin, &logins).await?)
    }

    /// The application's own view of it.
    pub fn store(&self, config: &Config) -> Store {
        let database = &config.database;
        let mut settings = Settings::new(self.tenant.clone(), self.platform.clone());
        settings.prepared = database.prepared;
        settings.tenant_connections = database.tenant_connections;
        settings.platform_connections = database.platform_connections;
        settings.acquire_timeout = Duration::from_millis(database.acquire_timeout_ms);
        Store::new(settings)
    }

    /// Migrates, if the database is ours to migrate, and makes sure that schema and walls are right.
    ///
    /// # Errors
    /// See [`BootError`].
    pub async fn prepare(&self, config: &Config) -> Result<Store, BootError> {
        if self.embedded.is_some() {
            self.migrate().await?;
        }
        let store = self.store(config);
        store.check().await?;
        Ok(store)
    }

    /// Ends what `open` began.
    ///
    /// # Errors
    /// See [`BootError`].
    pub async fn close(self) -> Result<(), BootError> {
        if let Some(embedded) = self.embedded {
            embedded.stop().await?;
        }
        Ok(())
    }
}

/// Reads the address of a login. `user` is the only name that the proof of isolation accepts there.
fn login(setting: &str, url: &str, user: Option<&str>) -> Result<(PgConnectOptions, String), BootError> {
    let wrong = |why: &str| BootError::Other(format!("{setting} {why}"));
    let options = PgConnectOptions::from_str(url)
        .map_err(|_| wrong("is not an address like postgres://user:password@host:5432/database."))?;
    if let Some(user) = user
        && options.get_username() != user
    {
        return Err(wrong(&format!(
            "must use the login {user}, which `samtal migrate` makes: an owner or superuser there would walk through the walls between tenants."
        )));
    }
    let password = password_of(url).ok_or_else(|| wrong("must hold a password."))?;
    Ok((options, password))
}

/// The password in an address; `PgConnectOptions` does not give it back.
fn password_of(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let (user, _) = rest.split('/').next()?.rsplit_once('@')?;
    let (_, password) = user.split_once(':')?;
    percent_decode(password)
}

fn percent_decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digit = |b: Option<u8>| char::from(b?).to_digit(16);
            let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
            out.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}

/// The embedding model, where it is.
fn embedder(config: &Config) -> Option<Embedder> {
    let exe = std::env::current_exe().unwrap_or_default();
    Embedder::start(&vendor::folders(config.vendor_dir.as_deref(), &exe))
        .inspect_err(|error| tracing::warn!(%error, "documents are searched by their words alone"))
        .ok()
}

/// The capabilities over a store.
///
/// # Errors
/// See [`BootError`].
pub fn app(config: Config, store: Store, files: Files) -> Result<App, BootError> {
    let secret = match &config.secret_key_file {
        Some(path) => SecretKey::read(path)?,
        None => SecretKey::read_or_make(&config.data_dir.join("secret.key"))?,
    };
    let services = Services::new(store, Arc::new(SystemClock));
    let lifetime = SessionLifetime {
        absolute: time::Duration::minutes(config.session.absolute_minutes.into()),
        idle: time::Duration::minutes(config.session.idle_minutes.into()),
    };
    let limits = AttemptLimits {
        account: config.sign_in.account_failures,
        address: config.sign_in.address_failures,
        window: time::Duration::minutes(config.sign_in.window_minutes.into()),
    };
    let passwords = Passwords::start(config.sign_in.hash_threads, config.sign_in.hash_queue)?;
    let identity = Identity::new(services.clone(), passwords, limits, &secret);
    let sessions = Sessions::new(services.clone(), lifetime);
    let knowledge = Knowledge::new(services, embedder(&config));
    Ok(App::new(config, identity, sessions, knowledge, files))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_in_addresses() {
        assert_eq!(password_of("postgres://u:p%40ss%2F@h:5432/db?x=y"), Some("p@ss/".into()));
        assert_eq!(password_of("postgres://u@h/db"), None);
        assert_eq!(password_of("nonsense"), None);
    }

    #[test]
    fn only_the_right_login() {
        assert!(login("DATABASE_URL", "postgres://samtal_tenant:x@localhost/s", Some("samtal_tenant")).is_ok());
        let error = login("DATABASE_URL", "postgres://postgres:x@localhost/s", Some("samtal_tenant"))
            .map(|_| ())
            .map_err(|e| e.to_string());
        assert!(error.is_err_and(|e| e.starts_with("DATABASE_URL must use the login samtal_tenant")));
    }
}
