//! `samtal operator-key …`: keys by which a program lists, makes, suspends and lets in companies. Works while a server runs.

use super::say;
use crate::boot::{self, BootError, Database, Role};
use crate::config::Config;
use crate::files::Files;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser as _, ValueParser};
use identity::{Identity, IdentityError, OperatorKeyWishes, Overlap};
use model::operator::{NewOperatorKey, OperatorPermission};
use model::{OperatorKeyId, RequestId};
use serde_json::{Value, json};
use std::process::ExitCode;

/// What can be done with keys of whoever runs the installation.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make a key; prints it as JSON, with its secret, which is shown this once.
    Create {
        /// What it is for.
        #[arg(long)]
        name: String,
        /// What it may do, with commas between.
        #[arg(long, required = true, value_delimiter = ',', value_parser = permissions())]
        may: Vec<OperatorPermission>,
        /// For how many days it works: a year at most.
        #[arg(long)]
        days: u16,
    },
    /// List the keys as JSON, without their secrets: working ones first.
    List,
    /// Put another key in the place of one, which may the same, for as long as that one was made for; prints it as `create` does.
    Replace {
        /// The id of the key: `opk_…`.
        id: OperatorKeyId,
        /// For how long the old one goes on.
        #[arg(long, default_value = "day", value_parser = overlaps())]
        old_one_works: Overlap,
    },
    /// Stop a key for good, at once.
    Revoke {
        /// The id of the key: `opk_…`.
        id: OperatorKeyId,
    },
}

/// The names of what a key may do, with what they mean.
fn permissions() -> ValueParser {
    let all = OperatorPermission::ALL.iter().map(|one| PossibleValue::new(one.name()).help(one.sentence()));
    let named = |name: String| OperatorPermission::from_name(&name).ok_or("there is no such permission");
    ValueParser::new(PossibleValuesParser::new(all).try_map(named))
}

fn overlaps() -> ValueParser {
    ValueParser::new(PossibleValuesParser::new(["none", "day", "week"]).map(|name| match name.as_str() {
        "none" => Overlap::None,
        "week" => Overlap::Week,
        _ => Overlap::Day,
    }))
}

/// Runs the command.
///
/// # Errors
/// See [`BootError`]; wrong input names the option.
pub async fn run(config: &Config, command: Command) -> Result<ExitCode, BootError> {
    let database = Database::open(config, Role::Guest).await?;
    let done = async {
        let store = database.prepare(config).await?;
        let app = boot::app(config.clone(), store, Files::NONE)?;
        let request = RequestId::from_uuid(app.capabilities.services.new_id());
        let done = work(&app.capabilities.identity, command, request).await;
        app.capabilities.services.store.close().await;
        done.map_err(in_words)
    };
    let done = done.await;
    database.close().await?;
    say(done?)?;
    Ok(ExitCode::SUCCESS)
}

/// Does it; gives what is printed.
async fn work(identity: &Identity, command: Command, request: RequestId) -> Result<Value, IdentityError> {
    let shown = |NewOperatorKey { key, secret }| json!({ "key": key, "secret": secret });
    Ok(match command {
        Command::Create { name, may, days } => {
            let wishes =
                OperatorKeyWishes { name: &name, permissions: &may, lasts: time::Duration::days(i64::from(days)) };
            shown(identity.create_operator_key(&wishes, request).await?)
        }
        Command::List => {
            let keys = identity.list_operator_keys(request).await?;
            json!(keys)
        }
        Command::Replace { id, old_one_works } => {
            shown(identity.replace_operator_key(id, old_one_works, request).await?)
        }
        Command::Revoke { id } => {
            identity.revoke_operator_key(id, request).await?;
            json!({ "revoked": id })
        }
    })
}

fn in_words(error: IdentityError) -> BootError {
    match error {
        IdentityError::Invalid(errors) => BootError::Other(
            errors.iter().map(|e| format!("--{}: {}", e.field, e.message)).collect::<Vec<_>>().join(" "),
        ),
        IdentityError::NotFound => BootError::Other("there is no such key, or it does not work any more.".into()),
        IdentityError::KeyIsReplaced => {
            BootError::Other("the key has been replaced already: replace the new one.".into())
        }
        other => other.into(),
    }
}
