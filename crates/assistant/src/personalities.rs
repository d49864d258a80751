//! The personalities of a workspace's assistant: made, changed by a new version over the one that was seen, brought back, chosen, deleted.
//!
//! *Guarantees:* a version is written once and never changed; of two who change one at once the second is told so; where there are
//! personalities, one of them is in use.

use crate::{Assistant, AssistantError, Models};
use knowledge::normalized;
use model::audit::Act;
use model::permission::ManageAssistant;
use model::personality::{Intent, KeptPersonality, Personality, PersonalityVersion};
use model::receipt::AssistantWishes;
use model::{FieldError, Page, PersonalityId, page};
use sqlx::types::Json;
use store::audit::{self, Entry};
use store::services::timestamp;
use store::{Caller, Services, TenantTx};
use time::OffsetDateTime;
use uuid::Uuid;
use words::text;

/// Most that a tenant has.
pub const MAX_PERSONALITIES: usize = 10;
/// Versions of one that are kept, the latest.
pub const MAX_VERSIONS: i32 = 200;
/// Most versions of a page, and those where nothing else is asked for: each is there with all of it.
pub const VERSIONS_OF_A_PAGE: u32 = 20;
const LISTED: u32 = 10;
/// Most bytes of one, as JSON.
const LARGEST: usize = 64_000;
/// Characters of a trait that the audit log has, and traits of one change.
const LOGGED: usize = 200;
const LOGGED_TRAITS: usize = 30;
/// What the first one is called where nobody has named it.
const STANDARD: &str = "Standard";

struct Row {
    personality_id: Uuid,
    version: i32,
    in_use: bool,
    created_at: OffsetDateTime,
    changed_at: OffsetDateTime,
    personality: Json<Personality>,
}

impl From<Row> for KeptPersonality {
    fn from(row: Row) -> Self {
        Self {
            id: PersonalityId::from_uuid(row.personality_id),
            version: row.version,
            in_use: row.in_use,
            personality: row.personality.0,
            created_at: timestamp(row.created_at),
            changed_at: timestamp(row.changed_at),
        }
    }
}

/// What one is to be.
enum Wanted {
    New(Box<Personality>),
    Version(i32),
}

/// The tenant's row is the lock: of two who change something at once the second sees what the first has done.
async fn hold(tx: &mut TenantTx) -> Result<(), AssistantError> {
    sqlx::query!("select tenant_id from app.tenants for no key update").fetch_optional(tx).await?;
    Ok(())
}

/// Those that there are, in the order in which they were made.
async fn all(tx: &mut TenantTx) -> Result<Vec<KeptPersonality>, AssistantError> {
    let rows = sqlx::query_as!(
        Row,
        r#"select p.personality_id, p.version, p.in_use, p.created_at, p.changed_at, v.personality as "personality: Json<Personality>"
           from app.personalities p
           join app.personality_versions v
             on v.tenant_id = p.tenant_id and v.personality_id = p.personality_id and v.version = p.version
           order by p.created_at, p.personality_id"#
    );
    Ok(rows.fetch_all(tx).await?.into_iter().map(KeptPersonality::from).collect())
}

async fn one(tx: &mut TenantTx, id: PersonalityId) -> Result<KeptPersonality, AssistantError> {
    all(tx).await?.into_iter().find(|one| one.id == id).ok_or(AssistantError::NotFound)
}

async fn version_of(tx: &mut TenantTx, id: PersonalityId, version: i32) -> Result<Personality, AssistantError> {
    let found = sqlx::query_scalar!(
        r#"select personality as "personality: Json<Personality>" from app.personality_versions
           where personality_id = $1 and version = $2"#,
        id.uuid(),
        version
    );
    Ok(found.fetch_optional(tx).await?.ok_or(AssistantError::NotFound)?.0)
}

/// One as it is kept: in the letters in which questions are compared.
fn checked(personality: Personality) -> Result<Personality, AssistantError> {
    let tidy = |text: &String| normalized(text);
    let intents = personality.intents.into_iter().map(|intent| Intent {
        name: tidy(&intent.name),
        examples: intent.examples.iter().map(tidy).collect(),
        then: intent.then,
        text: tidy(&intent.text),
    });
    let personality = Personality {
        name: tidy(&personality.name),
        called: tidy(&personality.called),
        instruction: tidy(&personality.instruction),
        greeting: tidy(&personality.greeting),
        thanks: tidy(&personality.thanks),
        refusal: tidy(&personality.refusal),
        nearest: tidy(&personality.nearest),
        intents: intents.collect(),
        ..personality
    };
    let personality = personality.checked().map_err(AssistantError::Invalid)?;
    // In letters of several bytes all that may be said is more than is kept.
    if serde_json::to_string(&personality).map_or(usize::MAX, |json| json.len()) > LARGEST {
        let message = text!("All examples together are too long. Leave some out.");
        return Err(AssistantError::Invalid(vec![FieldError { field: "intents".to_owned(), message }]));
    }
    Ok(personality)
}

fn logged(text: &str) -> String {
    text.chars().take(LOGGED).collect()
}

impl Assistant {
    fn services(&self) -> Result<&Services, AssistantError> {
        self.models.as_ref().map(|Models { services, .. }| services).ok_or(AssistantError::NotFound)
    }

    /// Those that there are, in the order in which they were made.
    ///
    /// # Errors
    /// [`AssistantError::Denied`], or the database's.
    #[tracing::instrument(name = "db.personality.list", skip_all)]
    pub async fn personalities(&self, caller: &Caller) -> Result<Vec<KeptPersonality>, AssistantError> {
        let right = caller.may(ManageAssistant)?;
        let mut tx = self.services()?.store.tenant(right.scope()).await?;
        let found = all(&mut tx).await?;
        tx.leave_open();
        Ok(found)
    }

    /// One.
    ///
    /// # Errors
    /// [`AssistantError::Denied`], [`AssistantError::NotFound`], or the database's.
    #[tracing::instrument(name = "db.personality.get", skip_all)]
    pub async fn personality(&self, caller: &Caller, id: PersonalityId) -> Result<KeptPersonality, AssistantError> {
        let right = caller.may(ManageAssistant)?;
        let mut tx = self.services()?.store.tenant(right.scope()).await?;
        let found = one(&mut tx, id).await?;
        tx.leave_open();
        Ok(found)
    }

    /// A page of the versions of one, the latest first. A cursor is the number of the version that the page before has ended with.
    ///
    /// # Errors
    /// As [`Self::personality`]; [`AssistantError::Invalid`] for a limit or a cursor that cannot be, too.
    #[tracing::instrument(name = "db.personality.versions", skip_all)]
    pub async fn personality_versions(
        &self,
        caller: &Caller,
        id: PersonalityId,
        limit: Option<u32>,
        cursor: Option<&str>,
    ) -> Result<Page<PersonalityVersion>, AssistantError> {
        let right = caller.may(ManageAssistant)?;
        let wrong =
            |field: &str, message| AssistantError::Invalid(vec![FieldError { field: field.to_owned(), message }]);
        let limit = limit.unwrap_or(LISTED);
        if !(1..=VERSIONS_OF_A_PAGE).contains(&limit) {
            return Err(wrong("limit", text!("Use a number from 1 to {most}.", most = VERSIONS_OF_A_PAGE)));
        }
        let before = page::cursor::<u32>(cursor).map_err(|message| wrong("cursor", message))?;
        let mut tx = self.services()?.store.tenant(right.scope()).await?;
        let rows = sqlx::query!(
            r#"select version, personality as "personality: Json<Personality>", restores, changed_by_name, changed_at
               from app.personality_versions
               where personality_id = $1 and version < $2 order by version desc limit $3"#,
            id.uuid(),
            before.and_then(|before| i32::try_from(before).ok()).unwrap_or(i32::MAX),
            i64::from(limit) + 1
        );
        let mut rows = rows.fetch_all(&mut tx).await?;
        // Each that is there has one, but none perhaps before that version.
        if rows.is_empty() {
            one(&mut tx, id).await?;
        }
        tx.leave_open();
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let next_cursor = rows.last().filter(|_| more).map(|last| last.version.to_string());
        let version = rows.into_iter().map(|row| PersonalityVersion {
            version: row.version,
            personality: row.personality.0,
            restores: row.restores,
            changed_by: row.changed_by_name,
            changed_at: timestamp(row.changed_at),
        });
        Ok(Page { data: version.collect(), next_cursor })
    }

    /// Makes one. The first that there is is in use.
    ///
    /// # Errors
    /// [`AssistantError::Denied`], [`AssistantError::Invalid`], [`AssistantError::TooMany`], or the database's.
    #[tracing::instrument(name = "db.personality.create", skip_all)]
    pub async fn create_personality(
        &self,
        caller: &Caller,
        personality: Personality,
    ) -> Result<KeptPersonality, AssistantError> {
        let right = caller.may(ManageAssistant)?;
        let personality = checked(personality)?;
        let mut tx = self.services()?.store.tenant(right.scope()).await?;
        hold(&mut tx).await?;
        let made = self.make_personality(&mut tx, caller, personality).await?;
        tx.commit().await?;
        Ok(made)
    }

    async fn make_personality(
        &self,
        tx: &mut TenantTx,
        caller: &Caller,
        personality: Personality,
    ) -> Result<KeptPersonality, AssistantError> {
        let services = self.services()?;
        let there = sqlx::query_scalar!(r#"select count(*) as "there!" from app.personalities"#);
        let there = there.fetch_one(&mut *tx).await?;
        if there >= MAX_PERSONALITIES as i64 {
            return Err(AssistantError::TooMany(MAX_PERSONALITIES));
        }
        let (id, now) = (PersonalityId::from_uuid(services.new_id()), services.now());
        sqlx::query!(
            "insert into app.personalities (tenant_id, personality_id, version, in_use, created_at, changed_at)
             values ($1, $2, 1, $3, $4, $4)",
            caller.scope().tenant().uuid(),
            id.uuid(),
            there == 0,
            now
        )
        .execute(&mut *tx)
        .await?;
        put_version(tx, caller, (id, 1), (&personality, None), now).await?;
        let mut entry = Entry::new(Act::PersonalityCreated).to(id.uuid(), &personality.name);
        for (name, _, is) in Personality::default().differences(&personality).iter().take(LOGGED_TRAITS) {
            entry = entry.is(name, logged(&is.to_string()));
        }
        audit::record(tx, services, caller, entry).await?;
        let at = timestamp(now);
        Ok(KeptPersonality { id, version: 1, in_use: there == 0, personality, created_at: at, changed_at: at })
    }

    /// Makes one another, over the version that was seen. What is the same changes nothing.
    ///
    /// # Errors
    /// [`AssistantError::Denied`], [`AssistantError::NotFound`], [`AssistantError::Invalid`], [`AssistantError::Changed`] when that version
    /// is not the latest any more, or the database's.
    pub async fn change_personality(
        &self,
        caller: &Caller,
        id: PersonalityId,
        seen: i32,
        personality: Personality,
    ) -> Result<KeptPersonality, AssistantError> {
        caller.may(ManageAssistant)?;
        self.change_one(caller, id, seen, Wanted::New(Box::new(checked(personality)?))).await
    }

    /// Brings a version back, as a new one.
    ///
    /// # Errors
    /// As [`Self::change_personality`]; [`AssistantError::NotFound`] for a version that there is not, too.
    pub async fn restore_personality(
        &self,
        caller: &Caller,
        id: PersonalityId,
        seen: i32,
        version: i32,
    ) -> Result<KeptPersonality, AssistantError> {
        self.change_one(caller, id, seen, Wanted::Version(version)).await
    }

    #[tracing::instrument(name = "db.personality.change", skip_all)]
    async fn change_one(
        &self,
        caller: &Caller,
        id: PersonalityId,
        seen: i32,
        wanted: Wanted,
    ) -> Result<KeptPersonality, AssistantError> {
        let right = caller.may(ManageAssistant)?;
        let mut tx = self.services()?.store.tenant(right.scope()).await?;
        hold(&mut tx).await?;
        let before = one(&mut tx, id).await?;
        let (personality, restores) = match wanted {
            Wanted::New(personality) => (*personality, None),
            Wanted::Version(version) => (version_of(&mut tx, id, version).await?, Some(version)),
        };
        if before.version != seen {
            return Err(AssistantError::Changed);
        }
        let changed = self.put(&mut tx, caller, before, (personality, restores), Act::PersonalityChanged).await?;
        tx.commit().await?;
        Ok(changed)
    }

    /// Puts a new version over the latest one.
    async fn put(
        &self,
        tx: &mut TenantTx,
        caller: &Caller,
        before: KeptPersonality,
        (personality, restores): (Personality, Option<i32>),
        act: Act,
    ) -> Result<KeptPersonality, AssistantError> {
        let services = self.services()?;
        let differences = before.personality.differences(&personality);
        if differences.is_empty() {
            return Ok(before);
        }
        let (id, version, now) = (before.id, before.version + 1, services.now());
        put_version(tx, caller, (id, version), (&personality, restores), now).await?;
        sqlx::query!(
            "update app.personalities set version = $2, changed_at = $3 where personality_id = $1",
            id.uuid(),
            version,
            now
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!(
            "delete from app.personality_versions where personality_id = $1 and version <= $2",
            id.uuid(),
            version - MAX_VERSIONS
        )
        .execute(&mut *tx)
        .await?;
        let number = version.to_string();
        let mut entry = Entry::new(act).to(id.uuid(), &personality.name).is("version", &number);
        for (name, was, is) in differences.iter().take(LOGGED_TRAITS) {
            entry = entry.was(name, logged(&was.to_string())).is(name, logged(&is.to_string()));
        }
        audit::record(tx, services, caller, entry).await?;
        Ok(KeptPersonality { version, personality, changed_at: timestamp(now), ..before })
    }

    /// Gives the assistant this one, from the next answer on.
    ///
    /// # Errors
    /// [`AssistantError::Denied`], [`AssistantError::NotFound`], or the database's.
    #[tracing::instrument(name = "db.personality.use", skip_all)]
    pub async fn use_personality(&self, caller: &Caller, id: PersonalityId) -> Result<KeptPersonality, AssistantError> {
        let right = caller.may(ManageAssistant)?;
        let services = self.services()?;
        let mut tx = services.store.tenant(right.scope()).await?;
        hold(&mut tx).await?;
        let (mut wanted, mut before) = (None, None);
        for one in all(&mut tx).await? {
            match (one.id == id, one.in_use) {
                (true, _) => wanted = Some(one),
                (false, true) => before = Some(one),
                (false, false) => {}
            }
        }
        let wanted = wanted.ok_or(AssistantError::NotFound)?;
        if wanted.in_use {
            return Ok(wanted);
        }
        sqlx::query!("update app.personalities set in_use = false where in_use").execute(&mut tx).await?;
        sqlx::query!("update app.personalities set in_use = true where personality_id = $1", id.uuid())
            .execute(&mut tx)
            .await?;
        let mut entry = Entry::new(Act::PersonalityUsed).to(id.uuid(), &wanted.personality.name);
        if let Some(before) = before {
            entry = entry.was("name", before.personality.name);
        }
        entry = entry.is("name", &wanted.personality.name);
        audit::record(&mut tx, services, caller, entry).await?;
        tx.commit().await?;
        Ok(KeptPersonality { in_use: true, ..wanted })
    }

    /// Deletes one that is not in use, with its versions.
    ///
    /// # Errors
    /// [`AssistantError::Denied`], [`AssistantError::NotFound`], [`AssistantError::InUse`], or the database's.
    #[tracing::instrument(name = "db.personality.delete", skip_all)]
    pub async fn delete_personality(&self, caller: &Caller, id: PersonalityId) -> Result<(), AssistantError> {
        let right = caller.may(ManageAssistant)?;
        let services = self.services()?;
        let mut tx = services.store.tenant(right.scope()).await?;
        hold(&mut tx).await?;
        let had = one(&mut tx, id).await?;
        if had.in_use {
            return Err(AssistantError::InUse);
        }
        sqlx::query!("delete from app.personalities where personality_id = $1", id.uuid()).execute(&mut tx).await?;
        let entry = Entry::new(Act::PersonalityDeleted).to(id.uuid(), &had.personality.name);
        audit::record(&mut tx, services, caller, entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The instructions of the one in use.
    ///
    /// # Errors
    /// [`AssistantError::Denied`], or the database's.
    #[tracing::instrument(name = "db.assistant.wishes", skip_all)]
    pub async fn wishes(&self, caller: &Caller) -> Result<AssistantWishes, AssistantError> {
        let used = self.personalities(caller).await?.into_iter().find(|one| one.in_use);
        Ok(AssistantWishes { instruction: used.map(|used| used.personality.instruction).unwrap_or_default() })
    }

    /// Gives the one in use other instructions, over whatever stands there. Where there is none, one is made.
    ///
    /// # Errors
    /// [`AssistantError::Denied`], [`AssistantError::Invalid`] for what is too long (field `instruction`), or the database's.
    #[tracing::instrument(name = "db.assistant.wish", skip_all)]
    pub async fn wish(&self, caller: &Caller, wishes: &AssistantWishes) -> Result<AssistantWishes, AssistantError> {
        let right = caller.may(ManageAssistant)?;
        let mut tx = self.services()?.store.tenant(right.scope()).await?;
        hold(&mut tx).await?;
        let used = all(&mut tx).await?.into_iter().find(|one| one.in_use);
        let instruction = wishes.instruction.clone();
        let told = match used {
            Some(used) => {
                let told = checked(Personality { instruction, ..used.personality.clone() })?;
                self.put(&mut tx, caller, used, (told, None), Act::AssistantChanged).await?
            }
            None => {
                let told = checked(Personality { name: STANDARD.to_owned(), instruction, ..Personality::default() })?;
                if told.instruction.is_empty() {
                    return Ok(AssistantWishes::default());
                }
                self.make_personality(&mut tx, caller, told).await?
            }
        };
        tx.commit().await?;
        Ok(AssistantWishes { instruction: told.personality.instruction })
    }
}

async fn put_version(
    tx: &mut TenantTx,
    caller: &Caller,
    (id, version): (PersonalityId, i32),
    (personality, restores): (&Personality, Option<i32>),
    at: OffsetDateTime,
) -> Result<(), AssistantError> {
    let (by, name) = audit::called(tx, caller).await?;
    sqlx::query!(
        "insert into app.personality_versions
           (tenant_id, personality_id, version, personality, restores, changed_by, changed_by_name, changed_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        caller.scope().tenant().uuid(),
        id.uuid(),
        version,
        Json(personality) as _,
        restores,
        by,
        name,
        at
    )
    .execute(tx)
    .await?;
    Ok(())
}
