//! A tenant's models: which, where, with which key, in which order they are asked.
//!
//! *Guarantees:* a key is sealed for its tenant and its model, opened when that is asked, and shown to nobody; one that is kept is never
//! sent to another address than it was typed for.

use crate::embed::{FollowSearchModel, Set};
use crate::prices::{self, History, Rates, written};
use crate::thinking::{self, Thinking};
use crate::wire::Asked;
use crate::{Image, Llm, LlmError};
use model::audit::Act;
use model::llm::{Fault, Micros, Model, Prices, Use, Wire};
use model::permission::{ManageAssistant, ReadDocuments};
use model::{FieldError, ModelId, TenantId};
use outbound::{OutboundError, Whose};
use std::collections::HashMap;
use std::fmt;
use store::audit::{self, Entry};
use store::jobs;
use store::sealing::{self, Older, Owner, SealedColumn, Sought, Spot};
use store::services::timestamp;
use store::{Caller, PlatformTx, Scope, StoreError, TenantTx};
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
/// The year before which no price began, and how long before it counts one may be said.
const EARLIEST: i32 = 2000;
const AHEAD: Duration = Duration::days(366);

/// A provider's key. It does not print.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Key(Zeroizing<String>);

impl Key {
    /// As it was typed; nothing but spaces is none.
    pub fn new(typed: &str) -> Self {
        Self(Zeroizing::new(typed.trim().to_owned()))
    }

    /// As it is sent.
    pub fn text(&self) -> &str {
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
    /// What it is asked first for.
    pub uses: Use,
    /// Whether it looks at pictures.
    pub images: bool,
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
    /// What it is asked first for.
    pub uses: Option<Use>,
    /// Whether it looks at pictures.
    pub images: Option<bool>,
    /// What it costs from a day on, or that nothing is known of it.
    pub prices: Option<Option<Prices>>,
}

/// Which models are to be asked.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Which {
    /// Those that answer and are on: where a question is simple those for such ones first, and last otherwise.
    Asked { simple: bool },
    /// This one, also where it is not on.
    One(ModelId),
    /// The one for the search that is on.
    Search,
}

/// A model that is to be asked.
pub(crate) struct Link {
    pub id: ModelId,
    pub wire: Wire,
    pub name: String,
    pub address: String,
    pub key: Option<Key>,
    /// What it costs today.
    pub rates: Option<Rates>,
    /// Whether it is for simple questions.
    pub simple: bool,
    /// Whether it looks at pictures.
    pub images: bool,
    /// Whether it is for the search, and the set of vectors that it makes, once it was tried.
    pub search: bool,
    pub set: Option<Set>,
    /// Whether it has a key that cannot be opened.
    pub lost: bool,
    /// How it is known to think.
    pub thinks: Thinking,
    /// Why it has not answered when it was asked last.
    pub fault: Option<Fault>,
    /// When it was changed last.
    pub changed_at: OffsetDateTime,
}

/// A model, and when it was changed last: what comes of asking it says nothing of it with another key, or at another address.
pub(crate) type As = (ModelId, OffsetDateTime);

impl Link {
    /// Most tokens that it is given for an answer, with what it thinks.
    pub fn most(&self, asked: &Asked<'_>) -> u32 {
        asked.most + if self.thinks.first { thinking::ROOM } else { 0 }
    }

    /// With whom it is: the host of its address, with the port where one stands there.
    pub fn provider(&self) -> String {
        let uri = self.address.parse::<http::Uri>().unwrap_or_default();
        uri.authority().map_or_else(|| self.address.clone(), |host| host.as_str().to_ascii_lowercase())
    }

    /// As it is asked.
    pub fn as_it_is(&self) -> As {
        (self.id, self.changed_at)
    }

    /// Whether it can be asked with these.
    pub fn looks_at<'i>(&self, mut images: impl Iterator<Item = &'i Image>) -> bool {
        images.all(|image| self.images && self.wire.takes(image.kind()))
    }
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
    uses: String,
    images: bool,
    place: i32,
    vectors_id: Option<Uuid>,
    dimensions: Option<i32>,
    fault: Option<serde_json::Value>,
    failing_since: Option<OffsetDateTime>,
    created_at: OffsetDateTime,
    changed_at: OffsetDateTime,
}

/// `query_as!` of models: what stands before their columns, and what after.
macro_rules! models {
    ($before:literal, $after:literal $(, $value:expr)* $(,)?) => {
        sqlx::query_as!(
            Row,
            $before + " model_id, wire, name, address, key_sealed, key_end, enabled, uses, images, place, vectors_id, dimensions,
               fault, failing_since, created_at, changed_at " + $after
            $(, $value)*
        )
    };
}

impl Row {
    fn wire(&self) -> Result<Wire, StoreError> {
        Wire::from_name(&self.wire).ok_or(StoreError::Corrupt("models.wire"))
    }

    fn uses(&self) -> Result<Use, StoreError> {
        Use::from_name(&self.uses).ok_or(StoreError::Corrupt("models.uses"))
    }

    fn set(&self) -> Option<Set> {
        set(self.vectors_id, self.dimensions)
    }

    /// As it is shown, with what is known of its prices.
    fn with(self, history: &History, today: Date) -> Result<Model, StoreError> {
        Ok(Model {
            id: ModelId::from_uuid(self.model_id),
            wire: self.wire()?,
            uses: self.uses()?,
            name: self.name,
            address: self.address,
            key_end: self.key_end,
            on: self.enabled,
            images: self.images,
            place: u32::try_from(self.place).unwrap_or_default(),
            dimensions: self.dimensions.and_then(|numbers| u32::try_from(numbers).ok()),
            prices: history.on(today).map(Prices::from),
            price_history: history.prices(),
            fault: self.fault.and_then(known),
            failing_since: self.failing_since.map(timestamp),
            created_at: timestamp(self.created_at),
            changed_at: timestamp(self.changed_at),
        })
    }
}

/// Why a model has not answered, as it is kept. What a newer version has written may be unknown to this one.
fn known(fault: serde_json::Value) -> Option<Fault> {
    serde_json::from_value(fault).ok()
}

/// A set of vectors, as it is kept.
fn set(id: Option<Uuid>, dimensions: Option<i32>) -> Option<Set> {
    let dimensions = usize::try_from(dimensions?).ok()?;
    Some(Set { id: id?, dimensions })
}

/// So many, as they are kept.
fn numbers(dimensions: usize) -> i32 {
    i32::try_from(dimensions).unwrap_or(i32::MAX)
}

/// Whether a change has the search use what it does not use today. (What cannot be is refused later.)
fn wants_trial(before: &Row, change: &ModelChange) -> Result<bool, StoreError> {
    let (was, on) = (before.uses()?, change.on.unwrap_or(before.enabled));
    let other = |typed: &Option<String>, kept: &str| typed.as_deref().is_some_and(|typed| typed.trim() != kept);
    let same = was == Use::Search
        && before.enabled
        && change.key.is_none()
        && !other(&change.name, &before.name)
        && !other(&change.address, &before.address);
    Ok(on && change.uses.unwrap_or(was) == Use::Search && !same)
}

/// That no other model is on for the search.
async fn alone(tx: &mut TenantTx, id: Uuid) -> Result<(), LlmError> {
    let other =
        sqlx::query_scalar!("select name from app.models where uses = 'search' and enabled and model_id <> $1", id);
    match other.fetch_optional(tx).await? {
        None => Ok(()),
        Some(name) => {
            let what = text!("The search uses {name} already. Turn that off first: it uses one model at a time.", name);
            Err(LlmError::field("uses", what))
        }
    }
}

/// For the audit log.
fn yes(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
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
        let address = ["/chat/completions", "/messages", "/embeddings"].iter().find_map(|end| typed.strip_suffix(*end));
        let address = address.unwrap_or(typed);
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

    fn uses(&mut self, wire: Wire, uses: Use) {
        if uses == Use::Search && wire == Wire::Anthropic {
            let what = text!("Anthropic has no model for the search. Add one of another provider for it.");
            self.take::<()>("uses", Err(what));
        }
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
        let since = since.and_then(|since| {
            let late = since > today + AHEAD;
            if late { Err(text!("Enter a day that is at most a year ahead.")) } else { Ok(since) }
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
        let known: HashMap<Uuid, History> = prices::known(&mut tx, None).await?.into_iter().collect();
        tx.leave_open();
        let (today, none) = (self.services.now().date(), History::default());
        let models = rows.into_iter().map(|row| {
            let history = known.get(&row.model_id).unwrap_or(&none);
            row.with(history, today)
        });
        Ok(models.collect::<Result<Vec<_>, _>>()?)
    }

    /// Whether there is a model that is on.
    ///
    /// # Errors
    /// [`LlmError::Denied`], or the database's.
    #[tracing::instrument(name = "db.model.ready", skip_all)]
    pub async fn ready(&self, caller: &Caller) -> Result<bool, LlmError> {
        let right = caller.may(ReadDocuments)?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let ready = sqlx::query_scalar!(
            r#"select exists (select from app.models where enabled and uses <> 'search') as "ready!""#
        );
        let ready = ready.fetch_one(&mut tx).await?;
        tx.leave_open();
        Ok(ready)
    }

    /// Adds a model, which is asked last. One for the search that is on from the first is tried before it is taken.
    ///
    /// # Errors
    /// [`LlmError::Denied`], [`LlmError::Invalid`] for what was typed, for more than [`MAX_MODELS`] (field `name`), for a second one for the search
    /// (field `uses`) and for one that makes no vectors (the field that is wrong), [`LlmError::Budget`], [`LlmError::Busy`], or the database's.
    #[tracing::instrument(name = "db.model.add", skip_all)]
    pub async fn add(&self, caller: &Caller, new: NewModel) -> Result<Model, LlmError> {
        let right = caller.may(ManageAssistant)?;
        let mut form = self.form();
        let (name, address) = (form.name(&new.name), form.address(new.wire, &new.address));
        form.key(&new.key);
        form.uses(new.wire, new.uses);
        let rates = new.prices.as_ref().and_then(|prices| form.rates(prices));
        let (Some(name), Some(address), true) = (name, address, form.errors.is_empty()) else {
            return Err(LlmError::Invalid(form.errors));
        };
        let (tenant, id, now) = (right.scope().tenant(), self.services.new_id(), self.services.now());
        let key = Some(&new.key).filter(|key| !key.text().is_empty());
        let set = if new.on && new.uses == Use::Search {
            let (id, name, address) = (ModelId::from_uuid(id), name.clone(), address.clone());
            let key = key.cloned();
            let link = Link {
                id,
                wire: new.wire,
                name,
                address,
                key,
                rates,
                simple: false,
                images: false,
                search: true,
                set: None,
                lost: false,
                thinks: Thinking::default(),
                fault: None,
                changed_at: now,
            };
            Some(self.set_of(caller, &link).await?)
        } else {
            None
        };
        let sealed = key.map(|key| self.sealer.seal(&spot(tenant, id), key.text().as_bytes())).transpose()?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        hold(&mut tx).await?;
        let there = sqlx::query_scalar!(r#"select count(*) as "n!" from app.models"#).fetch_one(&mut tx).await?;
        if there >= LISTED {
            return Err(LlmError::field("name", text!("A workspace can have 8 models. Remove one first.")));
        }
        if set.is_some() {
            alone(&mut tx, id).await?;
        }
        let row = models!(
            "insert into app.models (tenant_id, model_id, wire, name, address, key_sealed, key_end, enabled, uses, images, place,
               created_at, changed_at, vectors_id, dimensions)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, (select coalesce(max(place) + 1, 0) from app.models), $11, $11, $12, $13)
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
            new.uses.name(),
            new.images,
            now,
            set.map(|set| set.id),
            set.map(|set| numbers(set.dimensions))
        )
        .fetch_one(&mut tx)
        .await?;
        let mut history = History::default();
        if let Some(rates) = &rates {
            history = prices::say(&mut tx, (tenant.uuid(), id), history, Some(rates), now.date()).await?;
        }
        counted(&mut tx, new.on, history.on(now.date())).await?;
        let entry = Entry::new(Act::ModelAdded).to(id, &name).is("wire", new.wire.name()).is("address", &address);
        let entry = entry.is("key", yes(key.is_some())).is("on", yes(new.on));
        let entry = entry.is("uses", new.uses.name()).is("images", yes(new.images));
        let entry = entry.is("prices", written(rates.as_ref()));
        audit::record(&mut tx, &self.services, caller, entry).await?;
        self.follow(&mut tx, right.scope(), set.is_some()).await?;
        tx.commit().await?;
        self.services.wake_workers::<FollowSearchModel>();
        Ok(row.with(&history, now.date())?)
    }

    /// Changes a model.
    ///
    /// # Errors
    /// [`LlmError::Denied`], [`LlmError::NotFound`], [`LlmError::Invalid`] for what was typed, and for another address without its key
    /// (field `key`), as [`Self::add`] for one for the search, or the database's.
    #[tracing::instrument(name = "db.model.change", skip_all)]
    pub async fn change(&self, caller: &Caller, id: ModelId, change: ModelChange) -> Result<Model, LlmError> {
        let right = caller.may(ManageAssistant)?;
        let tenant = right.scope().tenant();
        // Before anything is held: a provider is asked.
        let tried = self.tried_for_search(caller, id, &change).await?;
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
        form.uses(wire, change.uses.unwrap_or(before.uses()?));
        let rates = change.prices.as_ref().map(|prices| prices.as_ref().and_then(|prices| form.rates(prices)));
        let (Some(name), Some(address), true) = (name, address, form.errors.is_empty()) else {
            return Err(LlmError::Invalid(form.errors));
        };
        if address != before.address && change.key.is_none() && before.key_sealed.is_some() {
            return Err(LlmError::field(
                "key",
                text!("Type the key for this address: the one that is kept is another's."),
            ));
        }
        let (now, on, was) = (self.services.now(), change.on.unwrap_or(before.enabled), before.uses()?);
        let (today, uses) = (now.date(), change.uses.unwrap_or(was));
        let images = change.images.unwrap_or(before.images);
        let set = match (wants_trial(&before, &change)?, &tried) {
            // What was made of texts stays what it is, as long as the model does; one that answers has none.
            (false, _) => before.set().filter(|_| {
                uses == Use::Search
                    && (name.as_str(), address.as_str()) == (before.name.as_str(), before.address.as_str())
            }),
            (true, Some((set, at))) if *at == before.changed_at => Some(*set),
            (true, _) => {
                let what = text!("Somebody else has changed this model meanwhile. Look at it again.");
                return Err(LlmError::field("uses", what));
            }
        };
        if on && uses == Use::Search {
            alone(&mut tx, id.uuid()).await?;
        }
        let known = prices::of(&mut tx, id.uuid()).await?;
        let history = match &rates {
            None => known.clone(),
            Some(rates) => {
                let of = (tenant.uuid(), id.uuid());
                prices::say(&mut tx, of, known.clone(), rates.as_ref(), today).await?
            }
        };
        counted(&mut tx, on, history.on(today)).await?;
        let (sealed, end) = match &change.key {
            None => (before.key_sealed.clone(), before.key_end.clone()),
            Some(key) if key.text().is_empty() => (None, None),
            Some(key) => {
                let sealed = self.sealer.seal(&spot(tenant, id.uuid()), key.text().as_bytes())?;
                (Some(sealed), Some(key.end()))
            }
        };
        // What it was says nothing of what it is; one for the search was tried.
        let other = tried.is_some() || change.key.is_some() || name != before.name || address != before.address;
        let row = models!(
            "update app.models set name = $2, address = $3, key_sealed = $4, key_end = $5, enabled = $6, uses = $7, images = $8,
               changed_at = $9, vectors_id = $10, dimensions = $11,
               fault = case when $12 then null else fault end, failing_since = case when $12 then null else failing_since end
             where model_id = $1
             returning",
            "",
            id.uuid(),
            name,
            address,
            sealed,
            end,
            on,
            uses.name(),
            images,
            now,
            set.map(|set| set.id),
            set.map(|set| numbers(set.dimensions)),
            other
        )
        .fetch_one(&mut tx)
        .await?;
        let mut entry = Entry::new(Act::ModelChanged).to(id.uuid(), &name);
        let facts = [
            ("name", before.name.clone(), name.clone()),
            ("address", before.address.clone(), address),
            ("on", yes(before.enabled).to_owned(), yes(on).to_owned()),
            ("uses", was.name().to_owned(), uses.name().to_owned()),
            ("images", yes(before.images).to_owned(), yes(images).to_owned()),
        ];
        for (fact, was, is) in facts.into_iter().filter(|(_, was, is)| was != is) {
            entry = entry.was(fact, was).is(fact, is);
        }
        if history != known {
            // What counted on the day from which another one does.
            let day = rates.flatten().map_or(today, |rates| rates.since);
            entry = entry.was("prices", written(known.on(day))).is("prices", written(history.on(day)));
        }
        if let Some(key) = &change.key {
            entry = entry.is("key", if key.text().is_empty() { "no" } else { "another" });
        }
        audit::record(&mut tx, &self.services, caller, entry).await?;
        self.follow(&mut tx, right.scope(), uses == Use::Search || was == Use::Search).await?;
        tx.commit().await?;
        self.breaker.forget((tenant, id));
        self.services.wake_workers::<FollowSearchModel>();
        Ok(row.with(&history, today)?)
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
        let gone = sqlx::query!("delete from app.models where model_id = $1 returning name, uses", id.uuid());
        let gone = gone.fetch_optional(&mut tx).await?.ok_or(LlmError::NotFound)?;
        let entry = Entry::new(Act::ModelRemoved).to(id.uuid(), &gone.name);
        audit::record(&mut tx, &self.services, caller, entry).await?;
        self.follow(&mut tx, right.scope(), gone.uses == Use::Search.name()).await?;
        tx.commit().await?;
        self.breaker.forget((right.scope().tenant(), id));
        self.services.wake_workers::<FollowSearchModel>();
        Ok(())
    }

    /// Tries what a change would have the search use, if it would have it use anything else than it does; and when the model was changed last that
    /// was tried so.
    async fn tried_for_search(
        &self,
        caller: &Caller,
        id: ModelId,
        change: &ModelChange,
    ) -> Result<Option<(Set, OffsetDateTime)>, LlmError> {
        let scope = caller.scope();
        let mut tx = self.services.store.tenant(scope).await?;
        let before =
            models!("select", "from app.models where model_id = $1", id.uuid()).fetch_optional(&mut tx).await?;
        let before = before.ok_or(LlmError::NotFound)?;
        drop(tx);
        if !wants_trial(&before, change)? {
            return Ok(None);
        }
        let mut form = self.form();
        let wire = before.wire()?;
        let name = change.name.as_ref().map_or_else(|| Some(before.name.clone()), |typed| form.name(typed));
        let address =
            change.address.as_ref().map_or_else(|| Some(before.address.clone()), |typed| form.address(wire, typed));
        if let Some(key) = &change.key {
            form.key(key);
        }
        form.uses(wire, Use::Search);
        let rates = change.prices.as_ref().map(|prices| prices.as_ref().and_then(|prices| form.rates(prices)));
        let (Some(name), Some(address), true) = (name, address, form.errors.is_empty()) else {
            return Err(LlmError::Invalid(form.errors));
        };
        // A key that is kept goes to no other address.
        if address != before.address && change.key.is_none() && before.key_sealed.is_some() {
            return Ok(None);
        }
        let link = self.links(scope, Which::One(id)).await?.pop().ok_or(LlmError::NotFound)?;
        let key = match &change.key {
            None => link.key,
            Some(key) => Some(key.clone()).filter(|key| !key.text().is_empty()),
        };
        let (rates, lost) = (rates.unwrap_or(link.rates), link.lost && change.key.is_none());
        let same = (name.as_str(), address.as_str()) == (before.name.as_str(), before.address.as_str());
        let link = Link { name, address, key, rates, lost, search: true, ..link };
        let set = self.set_of(caller, &link).await?;
        // The same model at the same address: what it has read counts on.
        let kept = before.set().filter(|kept| same && kept.dimensions == set.dimensions);
        Ok(Some((kept.unwrap_or(set), before.changed_at)))
    }

    /// The set of vectors that a model begins: it is tried.
    async fn set_of(&self, caller: &Caller, link: &Link) -> Result<Set, LlmError> {
        match self.tried_with(caller, link).await? {
            Ok(vector) => Ok(Set { id: self.services.new_id(), dimensions: vector.len() }),
            Err(fault) => {
                let field = match fault {
                    Fault::Key | Fault::Lost => "key",
                    Fault::Address | Fault::Private | Fault::NotAModel | Fault::Unreachable | Fault::TooSlow => {
                        "address"
                    }
                    _ => "name",
                };
                Err(LlmError::field(field, fault.words()))
            }
        }
    }

    /// Has the choice of a model for the search be followed, if it may be another one now.
    async fn follow(&self, tx: &mut TenantTx, scope: &Scope, search: bool) -> Result<(), StoreError> {
        if search {
            jobs::enqueue::<FollowSearchModel>(tx, &self.services, scope, scope.tenant()).await?;
        }
        Ok(())
    }

    /// These, in the order in which they are asked.
    #[tracing::instrument(name = "db.model.links", skip_all)]
    pub(crate) async fn links(&self, scope: &Scope, which: Which) -> Result<Vec<Link>, LlmError> {
        let (one, simple, search) = match which {
            Which::Asked { simple } => (None, simple, false),
            Which::One(id) => (Some(id), false, false),
            Which::Search => (None, false, true),
        };
        let mut tx = self.services.store.tenant(scope).await?;
        let rows = sqlx::query!(
            r#"select m.model_id, m.wire, m.name, m.address, m.key_sealed, m.uses, m.images, m.vectors_id, m.dimensions, m.fault,
                 m.changed_at, p.since as "since?", p.input as "input?", p.cached as "cached?", p.output as "output?"
               from app.models m left join lateral (
                 select since, input, cached, output from app.model_prices
                 where tenant_id = m.tenant_id and model_id = m.model_id and since <= $1 order by since desc limit 1
               ) p on true
               where ($2::uuid is null and m.enabled and (m.uses = 'search') = $5) or m.model_id = $2
               order by (m.uses = 'simple') <> $3, m.place, m.model_id limit $4"#,
            self.services.now().date(),
            one.map(ModelId::uuid),
            simple,
            LISTED,
            search
        );
        let rows = rows.fetch_all(&mut tx).await?;
        // Nothing is held while models are asked.
        drop(tx);
        let mut links = Vec::new();
        for row in rows {
            let (mut key, mut lost) = (None, false);
            if let Some(sealed) = row.key_sealed {
                match self.sealer.open(&spot(scope.tenant(), row.model_id), &sealed) {
                    Ok(opened) => key = Some(Key::new(&String::from_utf8_lossy(&opened))),
                    // The others go on.
                    Err(error) => {
                        let (tenant, model) = (scope.tenant(), ModelId::from_uuid(row.model_id));
                        tracing::error!(%tenant, %model, %error, "the key of a model cannot be opened");
                        lost = true;
                    }
                }
            }
            let rates = match (row.since, row.input, row.cached, row.output) {
                (Some(since), Some(input), Some(cached), Some(output)) => {
                    Some(Rates { input: Micros(input), cached: Micros(cached), output: Micros(output), since })
                }
                _ => None,
            };
            links.push(Link {
                id: ModelId::from_uuid(row.model_id),
                wire: Wire::from_name(&row.wire).ok_or(StoreError::Corrupt("models.wire"))?,
                name: row.name,
                address: row.address,
                key,
                rates,
                simple: row.uses == Use::Simple.name(),
                images: row.images,
                search: row.uses == Use::Search.name(),
                set: set(row.vectors_id, row.dimensions),
                lost,
                thinks: self.thinkers.of((ModelId::from_uuid(row.model_id), row.changed_at)),
                fault: row.fault.and_then(known),
                changed_at: row.changed_at,
            });
        }
        Ok(links)
    }

    /// Notes why a model has not answered, or that it has: what is known already is not written again.
    pub(crate) async fn noted(&self, scope: &Scope, link: &Link, fault: Option<&Fault>) {
        if link.fault.as_ref() != fault {
            self.note(scope, link.as_it_is(), fault).await;
        }
    }

    /// Notes it, unless the model was changed meanwhile. Where that cannot be written down, the answer is told all the same.
    #[tracing::instrument(name = "db.model.note", skip_all)]
    pub(crate) async fn note(&self, scope: &Scope, (id, changed_at): As, fault: Option<&Fault>) {
        let (now, fault) = (self.services.now(), fault.and_then(|fault| serde_json::to_value(fault).ok()));
        let noted: Result<(), StoreError> = async {
            let mut tx = self.services.store.tenant(scope).await?;
            sqlx::query!(
                "update app.models set fault = $3::jsonb,
                   failing_since = case when $3::jsonb is null then null else coalesce(failing_since, $4) end
                 where model_id = $1 and changed_at = $2",
                id.uuid(),
                changed_at,
                fault,
                now
            )
            .execute(&mut tx)
            .await?;
            tx.commit().await
        }
        .await;
        if let Err(error) = noted {
            tracing::warn!(%error, "whether a model answers could not be noted");
        }
    }

    /// Seals the keys anew that were sealed with an older key of the installation's; says how many, and how many cannot be opened.
    ///
    /// # Errors
    /// The database's.
    pub async fn seal_anew(&self) -> Result<(u64, u64), StoreError> {
        sealing::anew::<Keys>(&self.services, &self.sealer).await
    }
}

/// The keys of models, for `samtal keys rotate`.
struct Keys;

impl SealedColumn for Keys {
    type Key = (Uuid, Uuid);

    async fn older(
        tx: &mut PlatformTx,
        sought: Sought<'_, (Uuid, Uuid)>,
    ) -> Result<Vec<Older<(Uuid, Uuid)>>, StoreError> {
        let (tenant, model) = *sought.after;
        let old = sqlx::query!(
            r#"select tenant_id, model_id, key_sealed as "sealed!" from app.models
                   where (tenant_id, model_id) > ($1, $2) and substring(key_sealed from 1 for $3) <> $4
                   order by tenant_id, model_id limit $5 for update"#,
            tenant,
            model,
            sought.length,
            sought.begins,
            sought.most
        )
        .fetch_all(tx)
        .await?;
        Ok(old
            .into_iter()
            .map(|row| Older {
                key: (row.tenant_id, row.model_id),
                spot: spot(TenantId::from_uuid(row.tenant_id), row.model_id),
                sealed: row.sealed,
            })
            .collect())
    }

    async fn keep(tx: &mut PlatformTx, &(tenant, model): &(Uuid, Uuid), sealed: &[u8]) -> Result<(), StoreError> {
        sqlx::query!(
            "update app.models set key_sealed = $3 where tenant_id = $1 and model_id = $2",
            tenant,
            model,
            sealed
        )
        .execute(tx)
        .await?;
        Ok(())
    }
}

/// Where a month may cost so much, each model that is on has prices: without them nothing of it is counted.
async fn counted(tx: &mut TenantTx, on: bool, rates: Option<&Rates>) -> Result<(), LlmError> {
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
impl Link {
    /// One that has a key.
    pub fn at(wire: Wire, address: &str, name: &str) -> Self {
        Self {
            id: ModelId::from_uuid(Uuid::nil()),
            wire,
            name: name.to_owned(),
            address: address.to_owned(),
            key: Some(Key::new("sk-1")),
            rates: None,
            simple: false,
            images: true,
            search: false,
            set: None,
            lost: false,
            thinks: Thinking::default(),
            fault: None,
            changed_at: OffsetDateTime::UNIX_EPOCH,
        }
    }
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
