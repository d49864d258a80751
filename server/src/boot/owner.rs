//! The owner of a new tenant as a caller, for commands that fill it.

use crate::state::App;
use identity::CreatedTenant;
use model::RequestId;
use std::collections::HashMap;
use store::sessions::{Client, SignIn, hash};
use store::{Caller, scope};
use tower_sessions::session::{Id, Record};
use tower_sessions::{SessionStore as _, session_store};

/// The new owner as a caller, by a session that ends at once: a scope comes from the database only. `command` is what asks.
///
/// # Errors
/// The database's.
pub async fn owner(
    app: &App,
    created: &CreatedTenant,
    command: &str,
    request: RequestId,
) -> Result<Caller, session_store::Error> {
    let sessions = &app.capabilities.sessions;
    let expiry_date = app.capabilities.services.now() + sessions.lifetime().absolute;
    let mut record = Record { id: Id::default(), data: HashMap::new(), expiry_date };
    sessions.create(&mut record).await?;
    let from = Client { device: command, address: None, request };
    let opens = SignIn {
        person: created.person,
        proofs: Vec::new(),
        chosen: Some(created.tenant),
        owed: None,
        next: String::new(),
        until: None,
    };
    let backend = |text: String| session_store::Error::Backend(text);
    sessions.sign_in(&record.id, &opens, from).await.map_err(|e| backend(e.to_string()))?;
    let caller = scope::of_session(&app.capabilities.services, &hash(record.id), sessions.lifetime(), request).await;
    sessions.delete(&record.id).await?;
    caller.map_err(|e| backend(e.to_string()))?.ok_or_else(|| backend("its owner cannot sign in".into()))
}
