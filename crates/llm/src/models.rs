//! A tenant's models: which, where, with which key, in which order they are asked.
//!
//! *Guarantees:* a key is sealed for its tenant and its model, opened when that is asked, and shown to nobody; one that is kept is never
//! sent to another address than it was typed for.

use crate::{Llm, LlmError};
use model::audit::Act;
use model::llm::{Fault, Micros, Model, Prices, Wire};
use model::permission::{ManageAssistant, ReadDocuments};
use model::{FieldError, ModelId, RequestId, TenantId};
use outbound::{OutboundError, Whose};
use std::fmt;
use store::audit::{self, Entry};
use store::sealing::{Owner, Spot};
use store::services::timestamp;
use store::{Caller, Reason, Scope, StoreError, TenantTx};
use time::format_description::well_known::Iso8601;
use time::{Date, Duration, OffsetDateTime};
use uuid::Uuid;
use words::{Text, text};
use zeroize::Zeroizing;

/// Most models of a tenant.
pub const MAX_MODELS: usize = 8;
/// The same, for the database.
const LISTED: i64 = MAX_MODELS as i64;
/// Most bytes of a key.
const MAX_KEY: usize = 500;
/// Most of a name, and of an address.
const MAX_NAME: usize = 200;
const MAX_ADDRESS: usize = 500;
/// The shortest key whose end is shown.
const SHOWN: usize = 16;
/// What a million tokens cost at most: ten thousand units.
const MAX_PRICE: Micros = Micros(10_000_000_000);
/// The year before which no price began.
const EARLIEST: i32 = 2000;
/// Keys that are sealed anew in a transaction.
const BATCH: i64 = 100;

/// A provider's key. It does not print.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Key(Zeroizing<String>);

impl Key {
    /// As it was typed; nothing but spaces is none.
    pub fn new(typed: &str) -> Self {
        Self(Zeroizing::new(typed.trim().to_owned()))
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// What is shown of it.
    fn end(&self) -> String {
        let text = self.text();
        let shown = (text.len() >= SHOWN).then(|| text.get(text.len() - 4..)).flatten();
        shown.unwrap_or_default().to_owned()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// A model as it was typed.
#[derive(Debug, Clone)]
pub struct NewModel {
    /// How it is spoken with.
    pub wire: Wire,
    /// What its provider calls it.
    pub name: String,
    /// Where it is; empty: where its provider is.
    pub address: String,
    /// Its key; empty where it takes none.
    pub key: Key,
    /// Whether it is asked.
    pub on: bool,
    /// What it costs.
    pub prices: Option<Prices>,
}

/// What is to be another: of each, nothing is as it was.
#[derive(Debug, Clone, Default)]
pub struct ModelChange {
    /// What its provider calls it.
    pub name: Option<String>,
    /// Where it is; empty: where its provider is.
    pub address: Option<String>,
    /// Its key; empty takes it away.
    pub key: Option<Key>,
    /// Whether it is asked.
    pub on: Option<bool>,
    /// What it costs, or that nothing is known of it.
    pub prices: Option<Option<Prices>>,
}

/// What a million tokens cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rates {
    pub input: Micros,
    pub cached: Micros,
    pub output: Micros,
    since: Date,
}

#[cfg(test)]
impl Rates {
    pub(crate) fn of(input: Micros, cached: Micros, output: Micros) -> Self {
        Self { input, cached, output, since: Date::MIN }
    }
}

/// A model that is to be asked.
pub(crate) struct Link {
    pub id: ModelId,
    pub wire: Wire,
    pub name: String,
    pub address: String,
    pub key: Option<Key>,
    pub rates: Option<Rates>,
}

/// A row.
struct Row {
    model_id: Uuid,
    wire: String,
    name: String,
    address: String,
    key_sealed: Option<Vec<u8>>,
    key_end: Option<String>,
    enabled: bool,
    place: i32,
    input_price: Option<i64>,
    cached_price: Option<i64>,
    output_price: Option<i64>,
    prices_since: Option<Date>,
    created_at: OffsetDateTime,
    changed_at: OffsetDateTime,
}

/// `query_as!` of models: what stands before their columns, and what after.
macro_rules! models {
    ($before:literal, $after:literal $(, $value:expr)* $(,)?) => {
        sqlx::query_as!(
            Row,
            $before + " model_id, wire, name, address, key_sealed, key_end, enabled, place, input_price, cached_price, output_price,
               prices_since, created_at, changed_at " + $after
            $(, $value)*
        )
    };
}

impl Row {
    fn wire(&self) -> Result<Wire, StoreError> {
        Wire::from_name(&self.wire).ok_or(StoreError::Corrupt("models.wire"))
    }

    fn rates(&self) -> Option<Rates> {
        Some(Rates {
            input: Micros(self.input_price?),
            cached: Micros(self.cached_price?),
            output: Micros(self.output_price?),
            since: self.prices_since?,
        })
    }
}

impl TryFrom<Row> for Model {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let prices = row.rates().map(|rates| Prices {
            input: rates.input,
            cached: rates.cached,
            output: rates.output,
            since: rates.since.to_string(),
        });
        Ok(Self {
            id: ModelId::from_uuid(row.model_id),
            wire: row.wire()?,
            name: row.name,
            address: row.address,
            key_end: row.key_end,
            on: row.enabled,
            place: u32::try_from(row.place).unwrap_or_default(),
            prices,
            created_at: timestamp(row.created_at),
            changed_at: timestamp(row.changed_at),
        })
    }
}

/// For the audit log.
fn yes(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

fn written(rates: Option<Rates>) -> String {
    let Some(Rates { input, cached, output, since }) = rates else { return "none".to_owned() };
    format!("{input}, {cached}, {output} since {since}")
}

/// Where a key is sealed.
fn spot(tenant: TenantId, model: Uuid) -> Spot {
    Spot { owner: Owner::Tenant(tenant), column: "models.key", row: model }
}

/// The tenant's row is the lock of its models and its budget: two who change them at once are one after the other.
pub(crate) async fn hold(tx: &mut TenantTx) -> Result<(), LlmError> {
    sqlx::query!("select tenant_id from app.tenants for no key update").fetch_optional(tx).await?;
    Ok(())
}

/// What is typed, field by field; what is wrong is gathered.
struct Form<'a> {
    llm: &'a Llm,
    errors: Vec<FieldError>,
}

impl Form<'_> {
    fn take<T>(&mut self, field: &str, value: Result<T, Text>) -> Option<T> {
        value.map_err(|message| self.errors.push(FieldError { field: field.to_owned(), message })).ok()
    }

    /// What every address of a model's may be made of, so that it stands in one.
    fn name(&mut self, typed: &str) -> Option<String> {
        let name = typed.trim();
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-:/@+".contains(&byte);
        let value = if name.is_empty() {
            Err(text!("Enter the name of the model, as its provider writes it."))
        } else if name.len() > MAX_NAME || !name.bytes().all(fits) {
            Err(text!("A model's name has at most 200 letters, digits and marks of . _ - : / @ + and no spaces."))
        } else {
            Ok(name.to_owned())
        };
        self.take("name", value)
    }

    fn address(&mut self, wire: Wire, typed: &str) -> Option<String> {
        let typed = typed.trim().trim_end_matches('/');
        // As it stands in many a manual.
        let address =
            typed.strip_suffix("/chat/completions").or_else(|| typed.strip_suffix("/messages")).unwrap_or(typed);
        let address = if address.is_empty() { wire.address() } else { address };
        let plain = address.len() <= MAX_ADDRESS
            && address.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#".contains(&byte));
        let may = if plain { self.llm.outbound.check(Whose::Tenant, address) } else { Err(OutboundError::Address) };
        let value = match may {
            Ok(()) => Ok(address.to_owned()),
            Err(OutboundError::Private(_)) => Err(Fault::Private.words()),
            Err(_) => {
                Err(text!("Enter the address as the provider gives it: it begins with https://, and has no ? in it."))
            }
        };
        self.take("address", value)
    }

    fn key(&mut self, key: &Key) -> Option<()> {
        let fits = key.text().len() <= MAX_KEY && key.text().bytes().all(|byte| byte.is_ascii_graphic());
        self.take(
            "key",
            if fits { Ok(()) } else { Err(text!("A key has at most 500 letters, digits and signs, and no spaces.")) },
        )
    }

    fn rates(&mut self, prices: &Prices) -> Option<Rates> {
        let today = self.llm.services.now().date();
        let since = match prices.since.trim() {
            "" => Ok(today),
            // A year that no price is of may be none of the database's, either.
            typed => Date::parse(typed, &Iso8601::DATE)
                .ok()
                .filter(|since| since.year() >= EARLIEST)
                .ok_or(text!("Enter a day like 2026-11-21.")),
        };
        // It may be tomorrow already where they are.
        let since = since.and_then(|since| {
            let late = since > today + Duration::DAY;
            if late {
                Err(text!("Enter the day since which the prices are so: today, or one before."))
            } else {
                Ok(since)
            }
        });
        let since = self.take("since", since);
        let fits = |price: Micros| (Micros(0)..=MAX_PRICE).contains(&price);
        let mut all = true;
        for (field, price) in [("input", prices.input), ("cached", prices.cached), ("output", prices.output)] {
            let wrong = || text!("Enter what a million tokens cost: from 0 to 10,000.");
            all &= self.take(field, if fits(price) { Ok(()) } else { Err(wrong()) }).is_some();
        }
        let Prices { input, cached, output, .. } = *prices;
        since.filter(|_| all).map(|since| Rates { input, cached, output, since })
    }
}

impl Llm {
    fn form(&self) -> Form<'_> {
        Form { llm: self, errors: Vec::new() }
    }

    /// The models, in the order in which they are asked.
    ///
    /// # Errors
    /// [`LlmError::Denied`], or the database's.
    #[tracing::instrument(name = "db.model.list", skip_all)]
    pub async fn list(&self, caller: &Caller) -> Result<Vec<Model>, LlmError> {
        let right = caller.may(ManageAssistant)?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let rows = models!("select", "from app.models order by place, model_id limit $1", LISTED);
        let rows = rows.fetch_all(&mut tx).await?;
        tx.leave_open();
        Ok(rows.into_iter().map(Model::try_from).collect::<Result<Vec<_>, _>>()?)
    }

    /// Whether there is a model that is on.
    ///
    /// # Errors
    /// [`LlmError::Denied`], or the database's.
    #[tracing::instrument(name = "db.model.ready", skip_all)]
    pub async fn ready(&self, caller: &Caller) -> Result<bool, LlmError> {
        let right = caller.may(ReadDocuments)?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let ready = sqlx::query_scalar!(r#"select exists (select from app.models where enabled) as "ready!""#);
        let ready = ready.fetch_one(&mut tx).await?;
        tx.leave_open();
        Ok(ready)
    }

    /// Adds a model, which is asked last.
    ///
    /// # Errors
    /// [`LlmError::Denied`], [`LlmError::Invalid`] for what was typed and for more than [`MAX_MODELS`] (field `name`), or the database's.
    #[tracing::instrument(name = "db.model.add", skip_all)]
    pub async fn add(&self, caller: &Caller, new: NewModel) -> Result<Model, LlmError> {
        let right = caller.may(ManageAssistant)?;
        let mut form = self.form();
        let (name, address) = (form.name(&new.name), form.address(new.wire, &new.address));
        form.key(&new.key);
        let rates = new.prices.as_ref().and_then(|prices| form.rates(prices));
        let (Some(name), Some(address), true) = (name, address, form.errors.is_empty()) else {
            return Err(LlmError::Invalid(form.errors));
        };
        let (tenant, id, now) = (right.scope().tenant(), self.services.new_id(), self.services.now());
        let key = Some(&new.key).filter(|key| !key.text().is_empty());
        let sealed = key.map(|key| self.sealer.seal(&spot(tenant, id), key.text().as_bytes())).transpose()?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        hold(&mut tx).await?;
        let there = sqlx::query_scalar!(r#"select count(*) as "n!" from app.models"#).fetch_one(&mut tx).await?;
        if there >= LISTED {
            return Err(LlmError::field("name", text!("A workspace can have 8 models. Remove one first.")));
        }
        counted(&mut tx, new.on, rates).await?;
        let row = models!(
            "insert into app.models (tenant_id, model_id, wire, name, address, key_sealed, key_end, enabled, place, input_price,
               cached_price, output_price, prices_since, created_at, changed_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, (select coalesce(max(place) + 1, 0) from app.models), $9, $10, $11, $12, $13, $13)
             returning",
            "",
            tenant.uuid(),
            id,
            new.wire.name(),
            name,
            address,
            sealed,
            key.map(Key::end),
            new.on,
            rates.map(|rates| rates.input.0),
            rates.map(|rates| rates.cached.0),
            rates.map(|rates| rates.output.0),
            rates.map(|rates| rates.since),
            now
        )
        .fetch_one(&mut tx)
        .await?;
        let entry = Entry::new(Act::ModelAdded).to(id, &name).is("wire", new.wire.name()).is("address", &address);
        let entry = entry.is("key", yes(key.is_some())).is("on", yes(new.on)).is("prices", written(rates));
        audit::record(&mut tx, &self.services, caller, entry).await?;
        tx.commit().await?;
        Ok(row.try_into()?)
    }

    /// Changes a model.
    ///
    /// # Errors
    /// [`LlmError::Denied`], [`LlmError::NotFound`], [`LlmError::Invalid`] for what was typed, and for another address without its key
    /// (field `key`), or the database's.
    #[tracing::instrument(name = "db.model.change", skip_all)]
    pub async fn change(&self, caller: &Caller, id: ModelId, change: ModelChange) -> Result<Model, LlmError> {
        let right = caller.may(ManageAssistant)?;
        let tenant = right.scope().tenant();
        let mut tx = self.services.store.tenant(right.scope()).await?;
        hold(&mut tx).await?;
        let before =
            models!("select", "from app.models where model_id = $1", id.uuid()).fetch_optional(&mut tx).await?;
        let before = before.ok_or(LlmError::NotFound)?;
        let mut form = self.form();
        let name = change.name.as_ref().map_or_else(|| Some(before.name.clone()), |typed| form.name(typed));
        let wire = before.wire()?;
        let address =
            change.address.as_ref().map_or_else(|| Some(before.address.clone()), |typed| form.address(wire, typed));
        if let Some(key) = &change.key {
            form.key(key);
        }
        let rates = match &change.prices {
            None => before.rates(),
            Some(prices) => prices.as_ref().and_then(|prices| form.rates(prices)),
        };
        let (Some(name), Some(address), true) = (name, address, form.errors.is_empty()) else {
            return Err(LlmError::Invalid(form.errors));
        };
        if address != before.address && change.key.is_none() && before.key_sealed.is_some() {
            return Err(LlmError::field(
                "key",
                text!("Type the key for this address: the one that is kept is another's."),
            ));
        }
        let on = change.on.unwrap_or(before.enabled);
        counted(&mut tx, on, rates).await?;
        let (sealed, end) = match &change.key {
            None => (before.key_sealed.clone(), before.key_end.clone()),
            Some(key) if key.text().is_empty() => (None, None),
            Some(key) => {
                let sealed = self.sealer.seal(&spot(tenant, id.uuid()), key.text().as_bytes())?;
                (Some(sealed), Some(key.end()))
            }
        };
        let row = models!(
            "update app.models set name = $2, address = $3, key_sealed = $4, key_end = $5, enabled = $6, input_price = $7,
               cached_price = $8, output_price = $9, prices_since = $10, changed_at = $11
             where model_id = $1
             returning",
            "",
            id.uuid(),
            name,
            address,
            sealed,
            end,
            on,
            rates.map(|rates| rates.input.0),
            rates.map(|rates| rates.cached.0),
            rates.map(|rates| rates.output.0),
            rates.map(|rates| rates.since),
            self.services.now()
        )
        .fetch_one(&mut tx)
        .await?;
        let mut entry = Entry::new(Act::ModelChanged).to(id.uuid(), &name);
        let facts = [
            ("name", before.name.clone(), name.clone()),
            ("address", before.address.clone(), address),
            ("on", yes(before.enabled).to_owned(), yes(on).to_owned()),
            ("prices", written(before.rates()), written(rates)),
        ];
        for (fact, was, is) in facts.into_iter().filter(|(_, was, is)| was != is) {
            entry = entry.was(fact, was).is(fact, is);
        }
        if let Some(key) = &change.key {
            entry = entry.is("key", if key.text().is_empty() { "no" } else { "another" });
        }
        audit::record(&mut tx, &self.services, caller, entry).await?;
        tx.commit().await?;
        self.breaker.forget((tenant, id));
        Ok(row.try_into()?)
    }

    /// Puts a model at a place in the line; behind its end is its end.
    ///
    /// # Errors
    /// [`LlmError::Denied`], [`LlmError::NotFound`], or the database's.
    #[tracing::instrument(name = "db.model.place", skip_all)]
    pub async fn place(&self, caller: &Caller, id: ModelId, place: u32) -> Result<(), LlmError> {
        let right = caller.may(ManageAssistant)?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        hold(&mut tx).await?;
        let line =
            sqlx::query!("select model_id, name from app.models order by place, model_id").fetch_all(&mut tx).await?;
        let was = line.iter().position(|row| row.model_id == id.uuid()).ok_or(LlmError::NotFound)?;
        let mut ids: Vec<Uuid> = line.iter().map(|row| row.model_id).collect();
        let is = (place as usize).min(ids.len() - 1);
        if is == was {
            return Ok(());
        }
        ids.remove(was);
        ids.insert(is, id.uuid());
        sqlx::query!(
            "update app.models m set place = ordered.place::integer - 1
             from unnest($1::uuid[]) with ordinality as ordered (model_id, place) where m.model_id = ordered.model_id",
            ids.as_slice()
        )
        .execute(&mut tx)
        .await?;
        let name = line.get(was).map(|row| row.name.as_str()).unwrap_or_default();
        let entry = Entry::new(Act::ModelChanged).to(id.uuid(), name);
        let entry = entry.was("place", (was + 1).to_string()).is("place", (is + 1).to_string());
        audit::record(&mut tx, &self.services, caller, entry).await?;
        Ok(tx.commit().await?)
    }

    /// Removes a model. What it has used stays known.
    ///
    /// # Errors
    /// [`LlmError::Denied`], [`LlmError::NotFound`], or the database's.
    #[tracing::instrument(name = "db.model.remove", skip_all)]
    pub async fn remove(&self, caller: &Caller, id: ModelId) -> Result<(), LlmError> {
        let right = caller.may(ManageAssistant)?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        hold(&mut tx).await?;
        let gone = sqlx::query_scalar!("delete from app.models where model_id = $1 returning name", id.uuid());
        let name = gone.fetch_optional(&mut tx).await?.ok_or(LlmError::NotFound)?;
        audit::record(&mut tx, &self.services, caller, Entry::new(Act::ModelRemoved).to(id.uuid(), &name)).await?;
        tx.commit().await?;
        self.breaker.forget((right.scope().tenant(), id));
        Ok(())
    }

    /// Those that are on, in the order in which they are asked; or this one alone, also where it is not on.
    #[tracing::instrument(name = "db.model.links", skip_all)]
    pub(crate) async fn links(&self, scope: &Scope, one: Option<ModelId>) -> Result<Vec<Link>, LlmError> {
        let mut tx = self.services.store.tenant(scope).await?;
        let rows = models!(
            "select",
            "from app.models where ($1::uuid is null and enabled) or model_id = $1 order by place, model_id limit $2",
            one.map(ModelId::uuid),
            LISTED
        );
        let rows = rows.fetch_all(&mut tx).await?;
        // Nothing is held while models are asked.
        drop(tx);
        let mut links = Vec::new();
        for row in rows {
            let (wire, rates) = (row.wire()?, row.rates());
            let open = |sealed: Vec<u8>| self.sealer.open(&spot(scope.tenant(), row.model_id), &sealed);
            let key = row.key_sealed.map(open).transpose()?;
            let key = key.map(|key| Key::new(&String::from_utf8_lossy(&key)));
            links.push(Link {
                id: ModelId::from_uuid(row.model_id),
                wire,
                name: row.name,
                address: row.address,
                key,
                rates,
            });
        }
        Ok(links)
    }

    /// Seals the keys anew that were sealed with an older key of the installation's; says how many, and how many cannot be opened.
    ///
    /// # Errors
    /// The database's.
    #[tracing::instrument(name = "db.model.seal_anew", skip_all)]
    pub async fn seal_anew(&self) -> Result<(u64, u64), StoreError> {
        let begins = self.sealer.begins();
        let (mut done, mut lost) = (0, 0);
        let mut last = (Uuid::nil(), Uuid::nil());
        loop {
            let request = RequestId::from_uuid(self.services.new_id());
            let mut tx = self.services.store.platform(Reason::Keys, request).await?;
            let old = sqlx::query!(
                r#"select tenant_id, model_id, key_sealed as "sealed!" from app.models
                   where (tenant_id, model_id) > ($1, $2) and substring(key_sealed from 1 for $3) <> $4
                   order by tenant_id, model_id limit $5 for update"#,
                last.0,
                last.1,
                i32::try_from(begins.len()).unwrap_or_default(),
                begins.as_slice(),
                BATCH
            )
            .fetch_all(&mut tx)
            .await?;
            let Some(row) = old.last() else { return Ok((done, lost)) };
            last = (row.tenant_id, row.model_id);
            for row in old {
                let tenant = TenantId::from_uuid(row.tenant_id);
                let spot = spot(tenant, row.model_id);
                let sealed = match self.sealer.open(&spot, &row.sealed) {
                    Ok(key) => self.sealer.seal(&spot, &key)?,
                    Err(error) => {
                        lost += 1;
                        tracing::error!(%tenant, %error, "the key of a model cannot be opened");
                        continue;
                    }
                };
                sqlx::query!(
                    "update app.models set key_sealed = $3 where tenant_id = $1 and model_id = $2",
                    row.tenant_id,
                    row.model_id,
                    sealed
                )
                .execute(&mut tx)
                .await?;
                done += 1;
            }
            tx.commit().await?;
        }
    }
}

/// Where a month may cost so much, each model that is on has prices: without them nothing of it is counted.
async fn counted(tx: &mut TenantTx, on: bool, rates: Option<Rates>) -> Result<(), LlmError> {
    if !on || rates.is_some() {
        return Ok(());
    }
    let most = sqlx::query_scalar!("select most from app.model_budgets").fetch_optional(tx).await?;
    if most.flatten().is_none() {
        return Ok(());
    }
    let what = text!("This workspace has a budget: say what the model costs, or 0 where it costs nothing.");
    Err(LlmError::field("input", what))
}

#[cfg(test)]
mod tests {
    use super::Key;

    #[test]
    fn a_key_shows_its_end_alone_and_a_short_one_nothing() {
        let key = Key::new("  sk-0123456789abcdef  ");
        assert_eq!((key.text(), key.end().as_str()), ("sk-0123456789abcdef", "cdef"));
        assert_eq!(format!("{key:?}"), "Key(…)");
        assert_eq!(Key::new("secret").end(), "");
    }
}
