//! `samtal demo`: a tenant to look around in, with a password that everybody knows. Development only.

use super::say;
use crate::boot::{self, BootError, Database, Role};
use crate::config::{Config, Environment};
use crate::files::Files;
use crate::state::App;
use conversations::{NewContact, NewMessage};
use identity::{CreatedTenant, Founding, IdentityError, NewTenant, Origin, SignUpForm};
use knowledge::NewDocument;
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
        let app = boot::app(config.clone(), store, Files::NONE)?;
        ensure(&app).await?;
        app.capabilities.services.store.close().await;
        Ok::<_, BootError>(())
    };
    let done = done.await;
    database.close().await?;
    done?;
    Ok(ExitCode::SUCCESS)
}

/// What the demo shop knows.
const DOCUMENTS: [(&str, &str); 3] = [
    ("Returns and refunds.md", include_str!("../../demo/returns-and-refunds.md")),
    ("Delivery.md", include_str!("../../demo/delivery.md")),
    ("Questions about our goods.csv", include_str!("../../demo/questions.csv")),
];

/// Conversations that are there already: the contact, and what it says.
const TALKS: [(&str, &str); 2] = [
    ("Maja Berg", "Can I have my pack repaired?"),
    ("Jonas Olsen", "My parcel has not moved for a week. Can I talk to a person?"),
];

/// Makes the demo tenant with documents and conversations, if there is none, and prints how to sign in.
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
    let request = RequestId::from_uuid(app.capabilities.services.new_id());
    match app
        .capabilities
        .identity
        .create_tenant(NewTenant::parse(form)?, Founding::Operator { with_key: false }, &Origin::here(request))
        .await
    {
        Ok(created) => fill(app, &created, request).await?,
        Err(IdentityError::EmailTaken) => {}
        Err(error) => return Err(error.into()),
    }
    say(format_args!("Demo tenant: sign in as {EMAIL} with the password: {PASSWORD}"))
}

/// Gives the tenant something to answer from and somebody to answer. The answers wait for a server.
async fn fill(app: &App, created: &CreatedTenant, request: RequestId) -> Result<(), BootError> {
    let other = |error: &dyn std::fmt::Display| BootError::Other(format!("the demo could not be filled: {error}"));
    let caller = boot::owner(app, created, "samtal demo", request).await.map_err(|e| other(&e))?;
    for (name, text) in DOCUMENTS {
        let new = NewDocument { file_name: name.into(), bytes: text.into(), ..NewDocument::default() };
        app.capabilities.knowledge.upload(&caller, new).await.map_err(|e| other(&e))?;
    }
    // Read before anybody asks.
    app.capabilities.worker(app.config.jobs).run_due().await.map_err(|e| other(&e))?;
    for (name, text) in TALKS {
        let conversations = &app.capabilities.conversations;
        let contact = NewContact { name: Some(name.into()), email: None };
        let id = conversations.create(&caller, contact).await.map_err(|e| other(&e))?.id;
        let new = NewMessage { text: text.into(), client_id: "demo".into() };
        conversations.pass_on(&caller, id, &new).await.map_err(|e| other(&e))?;
    }
    Ok(())
}
