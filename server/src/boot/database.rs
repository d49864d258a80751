//! The database that a command works on: the embedded one, brought up, or another by its addresses.

use super::{BootError, programs};
use crate::config::Config;
use std::{str::FromStr, time::Duration};
use store::embedded::Embedded;
use store::migrate::{self, Logins};
use store::{LoginError, PgConnectOptions, Settings, Store, StoreError};

/// What sets the logins of a database of one's own.
const TENANT: &str = "DATABASE_URL";
const PLATFORM: &str = "SAMTAL__DATABASE__PLATFORM_URL";
const ADMIN: &str = "SAMTAL__DATABASE__ADMIN_URL";

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
    /// To migrate with, and for nothing else.
    admin: Option<PgConnectOptions>,
    tenant_password: String,
    platform_password: String,
}

impl Database {
    /// Brings up the embedded database, or takes the addresses of another.
    ///
    /// # Errors
    /// See [`BootError`].
    pub async fn open(config: &Config, role: Role) -> Result<Self, BootError> {
        let (Some(tenant), Some(platform)) = (&config.database.url, &config.database.platform_url) else {
            let (programs, settings) = (programs(config)?, store::embedded::Settings::default());
            let embedded = match role {
                Role::Supervisor => Embedded::start(&programs, &config.data_dir, settings).await?,
                Role::Guest => Embedded::attach(&programs, &config.data_dir, settings).await?,
            };
            let urls = embedded.urls().clone();
            return Ok(Self {
                tenant: urls.tenant,
                platform: urls.platform,
                admin: Some(urls.admin),
                tenant_password: urls.tenant_password,
                platform_password: urls.platform_password,
                embedded: Some(embedded),
            });
        };
        let (tenant, tenant_password) = login(TENANT, tenant, Some("samtal_tenant"))?;
        let (platform, platform_password) = login(PLATFORM, platform, Some("samtal_platform"))?;
        let admin = config.database.admin_url.as_deref();
        let admin = admin.map(|admin| login(ADMIN, admin, None)).transpose()?;
        let admin = admin.map(|(admin, _)| admin);
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
        let admin = self.admin.as_ref().ok_or_else(|| {
            BootError::Other(
                "SAMTAL__DATABASE__ADMIN_URL is not set: `samtal migrate` needs the login that owns the schema.".into(),
            )
        })?;
        Ok(migrate::migrate(admin, &logins).await?)
    }

    /// Which of the logins that are set do not get in, and why: a sentence each, without a password. None for the embedded database, whose
    /// logins are its own.
    pub async fn kept_out(&self) -> Vec<String> {
        if self.embedded.is_some() {
            return Vec::new();
        }
        let mut sentences = Vec::new();
        let logins = [(TENANT, Some(&self.tenant)), (PLATFORM, Some(&self.platform)), (ADMIN, self.admin.as_ref())];
        for (setting, login) in logins {
            let Some(login) = login else { continue };
            let Err(error) = store::try_login(login).await else { continue };
            let mend = match &error {
                LoginError::Refused(_) if setting != ADMIN => {
                    ", or run `samtal migrate`, which makes this login with the password that is set there"
                }
                _ => "",
            };
            let user = login.get_username();
            sentences.push(format!("{user} at {} {error}; look at {setting}{mend}", place(login)));
        }
        sentences
    }

    /// The application's own view of it.
    pub fn store(&self, config: &Config) -> Store {
        let database = &config.database;
        let mut settings = Settings::new(self.tenant.clone(), self.platform.clone());
        settings.prepared = database.prepared;
        settings.tenant_connections = database.tenant_connections;
        settings.tenant_percent = database.tenant_percent;
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
        match store.check().await {
            Ok(()) => Ok(store),
            // They say what is to be done.
            Err(error @ (StoreError::Schema(_) | StoreError::Open(_))) => Err(error.into()),
            // The others do not say where, and the pool not even why.
            Err(error) => match self.kept_out().await {
                sentences if sentences.is_empty() => Err(error.into()),
                sentences => Err(BootError::Other(format!("the database: {}.", sentences.join("; ")))),
            },
        }
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

/// Where a login goes: server and database.
fn place(login: &PgConnectOptions) -> String {
    let database = login.get_database().unwrap_or_default();
    match login.get_socket() {
        Some(socket) => format!("{}/{database}", socket.display()),
        None => format!("{}:{}/{database}", login.get_host(), login.get_port()),
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
    fn where_a_login_goes_is_said_without_its_password() -> Result<(), BootError> {
        for (url, at) in [
            ("postgres://samtal_tenant:hush@db.example:6432/samtal", "db.example:6432/samtal"),
            ("postgres://samtal_tenant:hush@localhost/samtal?host=/run/postgresql", "/run/postgresql/samtal"),
        ] {
            let (login, _) = login(TENANT, url, Some("samtal_tenant"))?;
            assert_eq!(place(&login), at);
        }
        Ok(())
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
