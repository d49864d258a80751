//! A place to measure in: a PostgreSQL of its own in a new folder below the system's temporary one.
//!
//! Guarantees: nothing of the installation is read but its programs and the model, and nothing of it is written; [`Stage::end`]
//! leaves nothing behind.

use crate::boot::{self, BootError, Database, Role};
use crate::config::Config;
use crate::files::Files;
use crate::state::App;
use identity::{Founding, NewTenant, Origin, SignUpForm};
use model::RequestId;
use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use store::Caller;
use store::embedded::EmbeddedError;
use zeroize::Zeroizing;

/// Longest path of a folder for temporary files in which the database's socket has a short enough one, too (unix(7)).
const MAX_PATH: usize = 50;

/// An application over a database of its own.
pub struct Stage {
    /// The application.
    pub app: App,
    database: Database,
    // Last, so that the database has ended before its folder goes.
    _folder: Folder,
}

impl Stage {
    /// Starts it. What of the settings counts is where programs and the model are. `private`: whether a model may be asked in private networks, as
    /// whoever runs this has typed where it is.
    ///
    /// # Errors
    /// See [`BootError`]; nothing is left then.
    pub async fn start(config: &Config, private: bool) -> Result<Self, BootError> {
        boot::programs(config).map_err(|error| match error {
            BootError::Embedded(EmbeddedError::Missing { sought }) => {
                let sought: Vec<String> = sought.iter().map(|path| path.display().to_string()).collect();
                BootError::Other(format!(
                    "eval measures in a PostgreSQL of its own, whose programs are not in {}: run `make setup`, or set SAMTAL_VENDOR_DIR.",
                    sought.join(", nor in ")
                ))
            }
            other => other,
        })?;
        let folder = Folder::make()?;
        let mut config =
            Config { data_dir: folder.0.clone(), vendor_dir: config.vendor_dir.clone(), ..Config::default() };
        config.outbound.private_addresses = private;
        let database = Database::open(&config, Role::Supervisor).await?;
        match application(config, &database).await {
            Ok(app) => Ok(Self { app, database, _folder: folder }),
            Err(error) => {
                database.close().await?;
                Err(error)
            }
        }
    }

    /// Stops the database and removes everything.
    ///
    /// # Errors
    /// See [`BootError`].
    pub async fn end(self) -> Result<(), BootError> {
        self.app.capabilities.services.store.close().await;
        self.database.close().await
    }

    /// The owner of a new company, which knows nothing yet.
    ///
    /// # Errors
    /// See [`BootError`].
    pub async fn company(&self, number: usize) -> Result<Caller, BootError> {
        let form = SignUpForm {
            company: format!("Company {number}"),
            name: format!("Owner {number}"),
            email: format!("owner{number}@eval.example"),
            password: Zeroizing::new(format!("{:032x}", rand::random::<u128>())),
        };
        let request = RequestId::from_uuid(self.app.capabilities.services.new_id());
        let founding = Founding::Operator { with_key: false };
        let new = NewTenant::parse(form)?;
        let created = self.app.capabilities.identity.create_tenant(new, founding, &Origin::here(request)).await?;
        boot::owner(&self.app, &created, "samtal eval", request)
            .await
            .map_err(|error| BootError::Other(format!("a company could not be made: {error}")))
    }
}

async fn application(config: Config, database: &Database) -> Result<App, BootError> {
    let store = database.prepare(&config).await?;
    boot::app(config, store, Files::NONE)
}

/// A new folder that only we may enter, removed with this value.
struct Folder(PathBuf);

impl Folder {
    fn make() -> Result<Self, BootError> {
        let temporary = std::env::temp_dir();
        let fits = temporary.as_os_str().len() <= MAX_PATH;
        let parent = if fits { temporary.as_path() } else { Path::new("/tmp") };
        let path = parent.join(format!("samtal-eval-{:016x}", rand::random::<u64>()));
        DirBuilder::new().mode(0o700).create(&path).map_err(|error| {
            BootError::Other(format!(
                "cannot make {}, where eval measures: {error}. Set TMPDIR to a folder that this user can write to.",
                path.display()
            ))
        })?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0)
            && error.kind() != ErrorKind::NotFound
        {
            tracing::warn!(folder = %self.0.display(), %error, "what eval has made could not be removed");
        }
    }
}
