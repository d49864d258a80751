//! A tenant's tools: what its assistant may call while it writes an answer.
//!
//! *Guarantees:* a tool is called for its own tenant alone; its secret is sealed for its tenant and its row, opened when it is called, shown to
//! nobody, and never sent to another address than it was typed for; what it takes is understood in full (`schema`), and what is filled into its
//! address leads nowhere else (`address`). How it is called, and how much of what it tells is told: `call`.

mod address;
mod call;
mod schema;

pub(crate) use call::{Why, arguments, lines};
pub(crate) use schema::Schema;

use crate::Assistant;
use crate::rounds::SEARCH;
use knowledge::{KnowledgeError, normalized};
use llm::Key;
use model::audit::Act;
use model::llm::Fault;
use model::permission::{ManageAssistant, Permission, ReadDocuments};
use model::tool::{Tool, ToolMethod, TriedTool};
use model::{TenantId, ToolId};
use outbound::{Outbound, OutboundError, Whose};
use serde_json::Value;
use std::time::{Duration, Instant};
use store::audit::{self, Entry};
use store::sealing::{self, Older, Owner, SealedColumn, Sealer, Sought, Spot};
use store::services::timestamp;
use store::{Caller, PlatformTx, Services, StoreError, TenantTx};
use time::OffsetDateTime;
use uuid::Uuid;
use words::text;

/// Most tools of a tenant.
pub const MAX_TOOLS: usize = 20;
/// The same, for the database.
const LISTED: i64 = MAX_TOOLS as i64;
/// Most characters of a name, a description and a header's name, and bytes of an address, of what it takes, and of a secret.
const MAX_NAME: usize = 40;
const MAX_DESCRIPTION: usize = 500;
const MAX_HEADER: usize = 60;
const MAX_ADDRESS: usize = 500;
const MAX_PARAMETERS: usize = 8 * 1024;
const MAX_SECRET: usize = 500;
/// Headers that are not a tool's own to set: what says where a request goes, how long it is, and what is in it.
const NOT_ITS_OWN: [&str; 13] = [
    "host",
    "content-length",
    "content-type",
    "content-encoding",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "upgrade",
    "te",
    "trailer",
    "expect",
    "accept",
    "accept-encoding",
];

/// What calls tools, and where they are kept.
#[derive(Debug, Clone)]
pub(crate) struct Tools {
    services: Services,
    outbound: Outbound,
    sealer: Sealer,
}

/// A tool that is to be called.
#[derive(Debug)]
pub(crate) struct Ready {
    pub name: String,
    pub description: String,
    /// What it takes, as it is offered.
    pub parameters: Value,
    schema: Schema,
    method: ToolMethod,
    address: String,
    /// Its header and secret, if it has one.
    secret: Option<(String, Key)>,
    /// Whether it has one that cannot be opened.
    lost: bool,
}

/// A tool as it was typed.
#[derive(Debug, Clone)]
pub struct NewTool {
    /// What a model calls it by.
    pub name: String,
    /// What it does, for the model.
    pub description: String,
    /// How it is asked.
    pub method: ToolMethod,
    /// Where, with names in braces for what is filled in.
    pub address: String,
    /// What it takes: JSON Schema.
    pub parameters: String,
    /// The header in which it gets its secret; empty for none.
    pub header: String,
    /// The secret.
    pub secret: Key,
    /// Whether it is called.
    pub on: bool,
    /// Whether it is called in conversations.
    pub in_conversations: bool,
}

/// What is to be another: of each, nothing is as it was.
#[derive(Debug, Clone, Default)]
pub struct ToolChange {
    /// What a model calls it by.
    pub name: Option<String>,
    /// What it does.
    pub description: Option<String>,
    /// How it is asked.
    pub method: Option<ToolMethod>,
    /// Where. With a secret that is kept, only together with that.
    pub address: Option<String>,
    /// What it takes.
    pub parameters: Option<String>,
    /// The header in which it gets its secret; empty takes both away.
    pub header: Option<String>,
    /// The secret.
    pub secret: Option<Key>,
    /// Whether it is called.
    pub on: Option<bool>,
    /// Whether it is called in conversations.
    pub in_conversations: Option<bool>,
}

/// A row.
struct Row {
    tool_id: Uuid,
    name: String,
    description: String,
    method: String,
    address: String,
    parameters: String,
    header: Option<String>,
    secret_sealed: Option<Vec<u8>>,
    enabled: bool,
    in_conversations: bool,
    created_at: OffsetDateTime,
    changed_at: OffsetDateTime,
}

/// `query_as!` of tools: what stands before their columns, and what after.
macro_rules! tools {
    ($before:literal, $after:literal $(, $value:expr)* $(,)?) => {
        sqlx::query_as!(
            Row,
            $before + " tool_id, name, description, method, address, parameters, header, secret_sealed, enabled, in_conversations,
               created_at, changed_at " + $after
            $(, $value)*
        )
    };
}

impl Row {
    fn method(&self) -> Result<ToolMethod, StoreError> {
        ToolMethod::from_name(&self.method).ok_or(StoreError::Corrupt("tools.method"))
    }
}

impl TryFrom<Row> for Tool {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: ToolId::from_uuid(row.tool_id),
            method: row.method()?,
            name: row.name,
            description: row.description,
            address: row.address,
            parameters: row.parameters,
            header: row.header,
            on: row.enabled,
            in_conversations: row.in_conversations,
            created_at: timestamp(row.created_at),
            changed_at: timestamp(row.changed_at),
        })
    }
}

/// For the audit log.
fn yes(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

/// Where a secret is sealed.
fn spot(tenant: TenantId, tool: Uuid) -> Spot {
    Spot { owner: Owner::Tenant(tenant), column: "tools.secret", row: tool }
}

/// The tenant's row is the lock of its tools: two who change them at once are one after the other.
async fn hold(tx: &mut TenantTx) -> Result<(), KnowledgeError> {
    sqlx::query!("select tenant_id from app.tenants for no key update").fetch_optional(tx).await?;
    Ok(())
}

fn name(typed: &str) -> Result<String, KnowledgeError> {
    let name = typed.trim();
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(fits) || name.len() > MAX_NAME {
        let what =
            text!("A tool's name has at most 40 small letters, digits and _, and begins with a letter: order_status.");
        return Err(KnowledgeError::field("name", what));
    }
    if name == SEARCH {
        return Err(KnowledgeError::field("name", text!("The assistant has a tool of this name already.")));
    }
    Ok(name.to_owned())
}

fn description(typed: &str) -> Result<String, KnowledgeError> {
    let description = normalized(typed).trim().to_owned();
    let length = description.chars().count();
    if length == 0 || length > MAX_DESCRIPTION || description.contains('\0') {
        let what = text!("Say in 1 to 500 characters what the tool does and when it is to be called.");
        return Err(KnowledgeError::field("description", what));
    }
    Ok(description)
}

/// What it takes, as it was typed and as it is understood.
fn parameters(typed: &str) -> Result<(String, Schema), KnowledgeError> {
    let typed = typed.trim();
    let typed = if typed.is_empty() { r#"{"type":"object","properties":{}}"# } else { typed };
    if typed.len() > MAX_PARAMETERS || typed.contains('\0') {
        return Err(KnowledgeError::field("parameters", text!("The parameters have at most 8 KB.")));
    }
    match Schema::parse(typed) {
        Ok(schema) => Ok((typed.to_owned(), schema)),
        Err(reason) => {
            let reason: String = reason.chars().take(200).collect();
            let what = text!("The parameters cannot be taken as they are: {reason}.", reason);
            Err(KnowledgeError::field("parameters", what))
        }
    }
}

/// A header's name, or none.
fn header(typed: &str) -> Result<Option<String>, KnowledgeError> {
    let header = typed.trim();
    if header.is_empty() {
        return Ok(None);
    }
    let fits = header.len() <= MAX_HEADER && header.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if !fits || NOT_ITS_OWN.contains(&header.to_ascii_lowercase().as_str()) {
        let what = text!("Enter the name of a header like Authorization or X-Api-Key, of letters, digits and -.");
        return Err(KnowledgeError::field("header", what));
    }
    Ok(Some(header.to_owned()))
}

fn secret(typed: &Key) -> Result<(), KnowledgeError> {
    let fits = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
    if typed.text().is_empty() || typed.text().len() > MAX_SECRET || !typed.text().bytes().all(fits) {
        let what = text!(
            "Enter what the header says, for example Bearer and a key: at most 500 letters, digits, signs and spaces."
        );
        return Err(KnowledgeError::field("secret", what));
    }
    Ok(())
}

impl Tools {
    /// An address, whose names are among what a tool always takes.
    fn address(&self, typed: &str, schema: &Schema) -> Result<String, KnowledgeError> {
        let typed = typed.trim();
        let plain =
            typed.len() <= MAX_ADDRESS && typed.bytes().all(|byte| byte.is_ascii_graphic() && !b"#\\".contains(&byte));
        let example = address::example(typed).filter(|example| plain && example.parse::<http::Uri>().is_ok());
        let may =
            example.ok_or(OutboundError::Address).and_then(|example| self.outbound.check(Whose::Tenant, &example));
        match may {
            Ok(()) => {}
            Err(OutboundError::Private(_)) => return Err(KnowledgeError::field("address", Fault::Private.words())),
            Err(_) => {
                let what = text!(
                    "Enter an address that begins with https:// and has a path, of at most 500 characters. What is filled in stands in braces, behind the host alone."
                );
                return Err(KnowledgeError::field("address", what));
            }
        }
        let names = address::names(typed).unwrap_or_default();
        if let Some(name) = names.into_iter().find(|name| !schema.requires(name)) {
            let name: String = name.chars().take(MAX_NAME).collect();
            let what = text!("What stands in braces has to be among the parameters, and required: {name}.", name);
            return Err(KnowledgeError::field("address", what));
        }
        Ok(typed.to_owned())
    }

    /// Those that may be called for a caller: in a conversation, or for whoever may not set the assistant up, those for conversations alone.
    #[tracing::instrument(name = "db.tool.ready", skip_all)]
    pub(crate) async fn ready(&self, caller: &Caller, talks: bool) -> Result<Vec<Ready>, KnowledgeError> {
        let right = caller.may(ReadDocuments)?;
        let all = !talks && caller.permissions().has(Permission::ManageAssistant);
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let rows = tools!(
            "select",
            "from app.tools where enabled and ($1 or in_conversations) order by name limit $2",
            all,
            LISTED
        );
        let rows = rows.fetch_all(&mut tx).await?;
        tx.leave_open();
        let tenant = right.scope().tenant();
        let opened = rows.into_iter().filter_map(|row| {
            let id = row.tool_id;
            // One that cannot be read any more is left out: the others go on, and so does the answer.
            let unread = |error: &StoreError| tracing::error!(%tenant, tool = %id, %error, "a tool cannot be read");
            self.open(tenant, row).inspect_err(unread).ok()
        });
        Ok(opened.collect())
    }

    fn open(&self, tenant: TenantId, row: Row) -> Result<Ready, StoreError> {
        let schema = Schema::parse(&row.parameters).map_err(|_| StoreError::Corrupt("tools.parameters"))?;
        let parameters = serde_json::from_str(&row.parameters).map_err(|_| StoreError::Corrupt("tools.parameters"))?;
        let method = row.method()?;
        let Row { tool_id, name, description, address, header, secret_sealed, .. } = row;
        let (mut secret, mut lost) = (None, false);
        if let Some((header, sealed)) = header.zip(secret_sealed) {
            match self.sealer.open(&spot(tenant, tool_id), &sealed) {
                Ok(opened) => secret = Some((header, Key::new(&String::from_utf8_lossy(&opened)))),
                Err(error) => {
                    tracing::error!(%tenant, %error, "the secret of a tool cannot be opened");
                    lost = true;
                }
            }
        }
        Ok(Ready { name, description, parameters, schema, method, address, secret, lost })
    }

    /// Calls a tool; what it tells.
    #[tracing::instrument(name = "http.tool.call", skip_all)]
    pub(crate) async fn call(&self, tool: &Ready, written: &str, within: Duration) -> Result<Value, Why> {
        // Without it another answer might come, or none: the other tools go on.
        if tool.lost { Err(Why::Secret) } else { call::called(&self.outbound, tool, written, within).await }
    }

    /// Seals the secrets anew that were sealed with an older key of the installation's; says how many, and how many cannot be opened.
    #[tracing::instrument(name = "db.tool.seal_anew", skip_all)]
    async fn seal_anew(&self) -> Result<(u64, u64), StoreError> {
        sealing::anew::<Secrets>(&self.services, &self.sealer).await
    }

    /// Whether another tool has the name.
    async fn taken(tx: &mut TenantTx, name: &str, but: Option<ToolId>) -> Result<(), KnowledgeError> {
        let there = sqlx::query_scalar!(
            r#"select exists (select from app.tools where name = $1 and tool_id is distinct from $2) as "there!""#,
            name,
            but.map(ToolId::uuid)
        );
        match there.fetch_one(tx).await? {
            true => Err(KnowledgeError::field("name", text!("There is a tool of this name already."))),
            false => Ok(()),
        }
    }
}

/// The secrets, sealed anew when there is a new key.
struct Secrets;

impl SealedColumn for Secrets {
    type Key = (Uuid, Uuid);

    async fn older(
        tx: &mut PlatformTx,
        sought: Sought<'_, (Uuid, Uuid)>,
    ) -> Result<Vec<Older<(Uuid, Uuid)>>, StoreError> {
        let (tenant, tool) = *sought.after;
        let old = sqlx::query!(
            r#"select tenant_id, tool_id, secret_sealed as "sealed!" from app.tools
               where (tenant_id, tool_id) > ($1, $2) and substring(secret_sealed from 1 for $3) <> $4
               order by tenant_id, tool_id limit $5 for update"#,
            tenant,
            tool,
            sought.length,
            sought.begins,
            sought.most
        );
        let old = old.fetch_all(tx).await?.into_iter().map(|row| Older {
            key: (row.tenant_id, row.tool_id),
            spot: spot(TenantId::from_uuid(row.tenant_id), row.tool_id),
            sealed: row.sealed,
        });
        Ok(old.collect())
    }

    async fn keep(tx: &mut PlatformTx, &(tenant, tool): &(Uuid, Uuid), sealed: &[u8]) -> Result<(), StoreError> {
        sqlx::query!(
            "update app.tools set secret_sealed = $3 where tenant_id = $1 and tool_id = $2",
            tenant,
            tool,
            sealed
        )
        .execute(tx)
        .await?;
        Ok(())
    }
}

impl Assistant {
    /// With what calls the tools of its tenants.
    pub fn with_tools(self, services: Services, outbound: Outbound, sealer: Sealer) -> Self {
        Self { tools: Some(Tools { services, outbound, sealer }), ..self }
    }

    fn tools(&self) -> Result<&Tools, KnowledgeError> {
        self.tools.as_ref().ok_or(KnowledgeError::NotFound)
    }

    /// The tools, by their names.
    ///
    /// # Errors
    /// [`KnowledgeError::Denied`], or the database's.
    #[tracing::instrument(name = "db.tool.list", skip_all)]
    pub async fn list_tools(&self, caller: &Caller) -> Result<Vec<Tool>, KnowledgeError> {
        let right = caller.may(ManageAssistant)?;
        let mut tx = self.tools()?.services.store.tenant(right.scope()).await?;
        let rows = tools!("select", "from app.tools order by name limit $1", LISTED).fetch_all(&mut tx).await?;
        tx.leave_open();
        Ok(rows.into_iter().map(Tool::try_from).collect::<Result<Vec<_>, _>>()?)
    }

    /// A tool.
    ///
    /// # Errors
    /// [`KnowledgeError::Denied`], [`KnowledgeError::NotFound`], or the database's.
    #[tracing::instrument(name = "db.tool.get", skip_all)]
    pub async fn tool(&self, caller: &Caller, id: ToolId) -> Result<Tool, KnowledgeError> {
        let right = caller.may(ManageAssistant)?;
        let mut tx = self.tools()?.services.store.tenant(right.scope()).await?;
        let row = tools!("select", "from app.tools where tool_id = $1", id.uuid()).fetch_optional(&mut tx).await?;
        tx.leave_open();
        Ok(row.ok_or(KnowledgeError::NotFound)?.try_into()?)
    }

    /// Adds a tool.
    ///
    /// # Errors
    /// [`KnowledgeError::Denied`], [`KnowledgeError::Invalid`] for what was typed and for more than [`MAX_TOOLS`] (field `name`), or the database's.
    #[tracing::instrument(name = "db.tool.add", skip_all)]
    pub async fn add_tool(&self, caller: &Caller, new: NewTool) -> Result<Tool, KnowledgeError> {
        let right = caller.may(ManageAssistant)?;
        let tools = self.tools()?;
        let (name, description) = (name(&new.name)?, description(&new.description)?);
        let (parameters, schema) = parameters(&new.parameters)?;
        let address = tools.address(&new.address, &schema)?;
        let header = header(&new.header)?;
        let (tenant, id, now) = (right.scope().tenant(), tools.services.new_id(), tools.services.now());
        let sealed = match &header {
            Some(_) => {
                secret(&new.secret)?;
                Some(tools.sealer.seal(&spot(tenant, id), new.secret.text().as_bytes())?)
            }
            None if new.secret.text().is_empty() => None,
            None => return Err(KnowledgeError::field("header", text!("Say in which header the secret is sent."))),
        };
        let mut tx = tools.services.store.tenant(right.scope()).await?;
        hold(&mut tx).await?;
        let there = sqlx::query_scalar!(r#"select count(*) as "n!" from app.tools"#).fetch_one(&mut tx).await?;
        if there >= LISTED {
            return Err(KnowledgeError::field("name", text!("A workspace can have 20 tools. Remove one first.")));
        }
        Tools::taken(&mut tx, &name, None).await?;
        let row = tools!(
            "insert into app.tools (tenant_id, tool_id, name, description, method, address, parameters, header, secret_sealed, enabled,
               in_conversations, created_at, changed_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)
             returning",
            "",
            tenant.uuid(),
            id,
            name,
            description,
            new.method.name(),
            address,
            parameters,
            header,
            sealed,
            new.on,
            new.in_conversations,
            now
        )
        .fetch_one(&mut tx)
        .await?;
        let entry = Entry::new(Act::ToolAdded).to(id, &name).is("method", new.method.name()).is("address", &address);
        let entry = entry.is("secret", yes(sealed.is_some())).is("on", yes(new.on));
        let entry = entry.is("in_conversations", yes(new.in_conversations));
        audit::record(&mut tx, &tools.services, caller, entry).await?;
        tx.commit().await?;
        Ok(row.try_into()?)
    }

    /// Changes a tool.
    ///
    /// # Errors
    /// [`KnowledgeError::Denied`], [`KnowledgeError::NotFound`], [`KnowledgeError::Invalid`] for what was typed, and for another address without
    /// its secret (field `secret`), or the database's.
    #[tracing::instrument(name = "db.tool.change", skip_all)]
    pub async fn change_tool(&self, caller: &Caller, id: ToolId, change: ToolChange) -> Result<Tool, KnowledgeError> {
        let right = caller.may(ManageAssistant)?;
        let (tools, tenant) = (self.tools()?, right.scope().tenant());
        let mut tx = tools.services.store.tenant(right.scope()).await?;
        hold(&mut tx).await?;
        let before = tools!("select", "from app.tools where tool_id = $1", id.uuid()).fetch_optional(&mut tx).await?;
        let before = before.ok_or(KnowledgeError::NotFound)?;
        let name = name(change.name.as_deref().unwrap_or(&before.name))?;
        let description = description(change.description.as_deref().unwrap_or(&before.description))?;
        let (parameters, schema) = parameters(change.parameters.as_deref().unwrap_or(&before.parameters))?;
        let address = tools.address(change.address.as_deref().unwrap_or(&before.address), &schema)?;
        let header = header(change.header.as_deref().or(before.header.as_deref()).unwrap_or_default())?;
        let typed = change.secret.as_ref().filter(|secret| !secret.text().is_empty());
        let sealed = match (&header, typed, &before.secret_sealed) {
            (None, None, _) => None,
            (None, Some(_), _) => {
                return Err(KnowledgeError::field("header", text!("Say in which header the secret is sent.")));
            }
            (Some(_), Some(typed), _) => {
                secret(typed)?;
                Some(tools.sealer.seal(&spot(tenant, id.uuid()), typed.text().as_bytes())?)
            }
            (Some(_), None, Some(_)) if address != before.address => {
                let what = text!("Type the secret for this address: the one that is kept is another's.");
                return Err(KnowledgeError::field("secret", what));
            }
            (Some(_), None, Some(kept)) => Some(kept.clone()),
            (Some(_), None, None) => {
                secret(&Key::default())?;
                None
            }
        };
        Tools::taken(&mut tx, &name, Some(id)).await?;
        let method = change.method.map_or_else(|| before.method(), Ok)?;
        let on = change.on.unwrap_or(before.enabled);
        let talks = change.in_conversations.unwrap_or(before.in_conversations);
        let row = tools!(
            "update app.tools set name = $2, description = $3, method = $4, address = $5, parameters = $6, header = $7,
               secret_sealed = $8, enabled = $9, in_conversations = $10, changed_at = $11
             where tool_id = $1
             returning",
            "",
            id.uuid(),
            name,
            description,
            method.name(),
            address,
            parameters,
            header,
            sealed,
            on,
            talks,
            tools.services.now()
        )
        .fetch_one(&mut tx)
        .await?;
        let mut entry = Entry::new(Act::ToolChanged).to(id.uuid(), &name);
        let facts = [
            ("name", before.name.clone(), name.clone()),
            ("method", before.method.clone(), method.name().to_owned()),
            ("address", before.address.clone(), address),
            ("header", before.header.clone().unwrap_or_default(), header.unwrap_or_default()),
            ("on", yes(before.enabled).to_owned(), yes(on).to_owned()),
            ("in_conversations", yes(before.in_conversations).to_owned(), yes(talks).to_owned()),
        ];
        for (fact, was, is) in facts.into_iter().filter(|(_, was, is)| was != is) {
            entry = entry.was(fact, was).is(fact, is);
        }
        for (fact, other) in
            [("description", description != before.description), ("parameters", parameters != before.parameters)]
        {
            if other {
                entry = entry.is(fact, "another");
            }
        }
        if sealed != before.secret_sealed {
            entry = entry.is("secret", if sealed.is_some() { "another" } else { "no" });
        }
        audit::record(&mut tx, &tools.services, caller, entry).await?;
        tx.commit().await?;
        Ok(row.try_into()?)
    }

    /// Removes a tool, and its secret with it.
    ///
    /// # Errors
    /// [`KnowledgeError::Denied`], [`KnowledgeError::NotFound`], or the database's.
    #[tracing::instrument(name = "db.tool.remove", skip_all)]
    pub async fn remove_tool(&self, caller: &Caller, id: ToolId) -> Result<(), KnowledgeError> {
        let right = caller.may(ManageAssistant)?;
        let tools = self.tools()?;
        let mut tx = tools.services.store.tenant(right.scope()).await?;
        hold(&mut tx).await?;
        let gone = sqlx::query_scalar!("delete from app.tools where tool_id = $1 returning name", id.uuid());
        let name = gone.fetch_optional(&mut tx).await?.ok_or(KnowledgeError::NotFound)?;
        audit::record(&mut tx, &tools.services, caller, Entry::new(Act::ToolRemoved).to(id.uuid(), &name)).await?;
        Ok(tx.commit().await?)
    }

    /// Calls a tool as a model would, also one that is off.
    ///
    /// # Errors
    /// [`KnowledgeError::Denied`], [`KnowledgeError::NotFound`], [`KnowledgeError::Invalid`] for arguments that it does not take (field
    /// `arguments`), or the database's. What is wrong with the tool itself stands in what is given.
    #[tracing::instrument(name = "http.tool.try", skip_all)]
    pub async fn try_tool(&self, caller: &Caller, id: ToolId, written: &str) -> Result<TriedTool, KnowledgeError> {
        let right = caller.may(ManageAssistant)?;
        let tools = self.tools()?;
        let mut tx = tools.services.store.tenant(right.scope()).await?;
        let row = tools!("select", "from app.tools where tool_id = $1", id.uuid()).fetch_optional(&mut tx).await?;
        // Nothing is held while it is asked.
        drop(tx);
        let tool = tools.open(right.scope().tenant(), row.ok_or(KnowledgeError::NotFound)?)?;
        let began = Instant::now();
        let told = tools.call(&tool, written, call::PATIENCE).await;
        let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        match told {
            Ok(told) => Ok(TriedTool { told: told.to_string(), took_ms, fault: None }),
            Err(Why::Arguments(why)) => {
                let why: String = why.chars().take(200).collect();
                Err(KnowledgeError::field("arguments", text!("The tool does not take these: {why}.", why)))
            }
            Err(why) => Ok(TriedTool { told: String::new(), took_ms, fault: Some(why.words()) }),
        }
    }

    /// Seals the secrets of tools anew that were sealed with an older key of the installation's; says how many, and how many cannot be opened.
    ///
    /// # Errors
    /// The database's.
    pub async fn seal_anew(&self) -> Result<(u64, u64), StoreError> {
        match &self.tools {
            Some(tools) => tools.seal_anew().await,
            None => Ok((0, 0)),
        }
    }
}
