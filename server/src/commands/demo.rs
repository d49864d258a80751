//! `samtal demo`: a tenant to look around in, with a password that everybody knows. Development only.

use super::say;
use crate::boot::{self, App, BootError, Database, Role};
use crate::config::{Config, Environment};
use identity::{IdentityError, NewTenant, SignUpForm};
use model::RequestId;
use std::process::ExitCode;
use zeroize::Zeroizing;

/// How to sign in to the demo tenant.
const EMAIL: &str = "owner@demo.example";
const PASSWORD: &str = "lingonberry jam";

/// Makes the demo tenant, if there is none.
///
/// # Errors
/// See [`BootError`].
pub async fn run(config: &Config) -> Result<ExitCode, BootError> {
    if config.env == Environment::Production {
        return Err(BootError::Other("The demo tenant has a known password; it is for development only.".into()));
    }
    let database = Database::open(config, Role::Guest).await?;
    let done = async {
        let store = database.prepare(config).await?;
        let app = boot::app(config.clone(), store)?;
        ensure(&app).await?;
        app.services().store.close().await;
        Ok::<_, BootError>(())
    };
    let done = done.await;
    database.close().await?;
    done?;
    Ok(ExitCode::SUCCESS)
}

/// Makes the demo tenant, if there is none, and prints how to sign in.
///
/// # Errors
/// See [`BootError`].
pub async fn ensure(app: &App) -> Result<(), BootError> {
    let form = SignUpForm {
        company: "Fjord & Fell Outdoor".into(),
        name: "Demo Owner".into(),
        email: EMAIL.into(),
        password: Zeroizing::new(PASSWORD.into()),
    };
    let request = RequestId::from_uuid(app.services().new_id());
    match app.identity().create_tenant(NewTenant::parse(form)?, false, request).await {
        Ok(_) | Err(IdentityError::EmailTaken) => {}
        Err(error) => return Err(error.into()),
    }
    say(format_args!("Demo tenant: sign in as {EMAIL} with the password: {PASSWORD}"))
}
