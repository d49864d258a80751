//! `samtal tenant create`: for scripts and for operators. Works while a server runs.

use super::say;
use crate::boot::{self, BootError, Database, Role};
use crate::config::Config;
use crate::files::Files;
use identity::{Founding, IdentityError, NewTenant, Origin, SignUpForm};
use model::RequestId;
use serde_json::json;
use std::{io::Read as _, process::ExitCode};
use zeroize::Zeroizing;

/// What can be done with tenants.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make a tenant with an owner and an API key; prints them as JSON.
    Create {
        /// The company's name.
        #[arg(long)]
        name: String,
        /// The owner's email address.
        #[arg(long)]
        email: String,
        /// The owner's name; the part of the address before the @ when left out.
        #[arg(long)]
        owner: Option<String>,
        /// Read the owner's password from standard input.
        #[arg(long, required = true)]
        password_stdin: bool,
    },
}

/// Longest input that is read for a password.
const MAX_INPUT: u64 = 4096;

/// Runs the command.
///
/// # Errors
/// See [`BootError`]; wrong input names the option.
pub async fn run(config: &Config, command: Command) -> Result<ExitCode, BootError> {
    let Command::Create { name, email, owner, .. } = command;
    let mut password = Zeroizing::new(String::new());
    std::io::stdin()
        .take(MAX_INPUT)
        .read_to_string(&mut password)
        .map_err(|e| BootError::Other(format!("cannot read the password from standard input: {e}")))?;
    let form = SignUpForm {
        company: name,
        name: owner.unwrap_or_else(|| email.split('@').next().unwrap_or_default().to_owned()),
        email,
        password: Zeroizing::new(password.trim_end_matches(['\r', '\n']).to_owned()),
    };
    let new = NewTenant::parse(form).map_err(|e| match e {
        IdentityError::Invalid(errors) => BootError::Other(
            errors.iter().map(|e| format!("--{}: {}", option(&e.field), e.message)).collect::<Vec<_>>().join(" "),
        ),
        other => other.into(),
    })?;
    let database = Database::open(config, Role::Guest).await?;
    let made = async {
        let store = database.prepare(config).await?;
        let app = boot::app(config.clone(), store, Files::NONE)?;
        let request = RequestId::from_uuid(app.capabilities.services.new_id());
        let made = app
            .capabilities
            .identity
            .create_tenant(new, Founding::Operator { with_key: true }, &Origin::here(request))
            .await
            .map_err(|e| match e {
                IdentityError::EmailTaken => {
                    BootError::Other("there is a person with this email address already.".into())
                }
                other => other.into(),
            });
        app.capabilities.services.store.close().await;
        made
    };
    let made = made.await;
    database.close().await?;
    let made = made?;
    say(
        json!({ "tenant_id": made.tenant.to_string(), "member_id": made.member.to_string(), "api_key": made.api_key }),
    )?;
    Ok(ExitCode::SUCCESS)
}

fn option(field: &str) -> &str {
    match field {
        "company" => "name",
        "name" => "owner",
        "password" => "password-stdin",
        other => other,
    }
}
