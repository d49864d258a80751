//! Documents of a tenant: uploaded, listed, looked at, read again, deleted.

use crate::chunking::{NOTHING, TOO_MANY, TooMany, chunks};
use crate::index::IndexDocument;
use crate::reading::{Read, Wanted, normalized, odd, read};
use crate::written::fitting;
use crate::{Knowledge, KnowledgeError};
use model::audit::Act;
use model::event::EventKind;
use model::input::{DocumentTitle, FileName};
use model::knowledge::{Document, DocumentKind, DocumentState};
use model::page::{self, Page};
use model::permission::{ManageDocuments, ReadDocuments};
use model::{DocumentId, TenantId};
use sha2::{Digest as _, Sha256};
use shares::{AsideError, aside};
use store::audit::{self, Entry};
use store::services::timestamp;
use store::{Caller, Services, StoreError, TenantTx, events, jobs};
use uuid::Uuid;
use words::{Text, text};

/// Most documents of a tenant.
pub const MAX_DOCUMENTS: usize = 5_000;
/// Most bytes of all documents of a tenant.
pub const MAX_TOTAL_BYTES: u64 = 1024 * 1024 * 1024;

/// A file, as it was uploaded.
#[derive(Debug, Clone, Default)]
pub struct NewDocument {
    /// Its name. Only the last part of a path counts.
    pub file_name: String,
    /// What people shall call it; when empty, what a web page calls itself, or the name of the file.
    pub title: String,
    /// How it is to be read.
    pub kind: Wanted,
    /// Its content.
    pub bytes: Vec<u8>,
    /// What of the documents that were files of the same name: whether this one takes their place, or is refused because of them. Both stay if
    /// nothing is said.
    pub replace: Option<bool>,
}

/// What is known of a file once it has been read.
struct Parsed {
    digest: [u8; 32],
    title: String,
    read: Read,
    language: &'static str,
}

/// A row, as every list and every single document is read.
struct Row {
    document_id: Uuid,
    title: String,
    file_name: String,
    kind: String,
    byte_size: i32,
    state: String,
    error: Option<String>,
    chunk_count: i32,
    by_meaning: bool,
    created_at: time::OffsetDateTime,
    updated_at: time::OffsetDateTime,
}

/// `query_as!` of documents: what stands before their columns, and what after.
macro_rules! documents {
    ($before:literal, $after:literal $(, $value:expr)* $(,)?) => {
        sqlx::query_as!(
            Row,
            $before + " document_id, title, file_name, kind, byte_size, state, error, chunk_count, by_meaning, created_at,
               updated_at " + $after
            $(, $value)*
        )
    };
}

impl TryFrom<Row> for Document {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: DocumentId::from_uuid(row.document_id),
            title: row.title,
            file_name: row.file_name,
            kind: DocumentKind::from_name(&row.kind).ok_or(StoreError::Corrupt("documents.kind"))?,
            state: DocumentState::from_name(&row.state).ok_or(StoreError::Corrupt("documents.state"))?,
            error: row.error,
            chunk_count: u32::try_from(row.chunk_count).unwrap_or_default(),
            bytes: u64::try_from(row.byte_size).unwrap_or_default(),
            by_meaning: row.by_meaning,
            created_at: timestamp(row.created_at),
            updated_at: timestamp(row.updated_at),
        })
    }
}

impl Knowledge {
    /// Keeps a document and asks for it to be read. It is searched once its state is `ready`.
    ///
    /// # Errors
    /// [`KnowledgeError::Invalid`] for a file that cannot be read or says nothing (field `file`) or a title that will not do,
    /// [`KnowledgeError::There`] for the same file again, [`KnowledgeError::SameName`] where it shall take nobody's place,
    /// [`KnowledgeError::TooManyDocuments`], or the database's. Nothing is kept then.
    #[tracing::instrument(name = "db.document.create", skip_all)]
    pub async fn upload(&self, caller: &Caller, new: NewDocument) -> Result<Document, KnowledgeError> {
        let right = caller.may(ManageDocuments)?;
        let file_name = normalized(new.file_name.rsplit(['/', '\\']).next().unwrap_or_default());
        let file_name = FileName::parse(&file_name).map_err(|e| KnowledgeError::field("file", e.0))?;
        let file_name = file_name.as_str();
        let stem = file_name.rsplit_once('.').map_or(file_name, |(stem, _)| stem);
        // A name such as `.md` has nothing before its ending.
        let stem = if stem.is_empty() { file_name } else { stem };
        let title = normalized(&new.title);
        let given = !title.trim().is_empty();
        let title = DocumentTitle::parse(if given { &title } else { stem });
        let title = title.map_err(|e| KnowledgeError::field("title", e.0))?;
        let size = new.bytes.len();
        let Parsed { digest, title, read, language } =
            self.parse(right.scope().tenant(), file_name, (title.as_str(), given), new.kind, new.bytes).await?;

        let (id, now, services) = (self.services.new_id(), self.services.now(), &self.services);
        let tenant = right.scope().tenant().uuid();
        let mut tx = services.store.tenant(right.scope()).await?;
        // The tenant's row is the lock: two at once cannot both see room for one more.
        sqlx::query!("select tenant_id from app.tenants for no key update").fetch_optional(&mut tx).await?;
        let same = sqlx::query_scalar!("select title from app.documents where sha256 = $1 limit 1", digest.as_slice());
        if let Some(title) = same.fetch_optional(&mut tx).await? {
            return Err(KnowledgeError::There(title));
        }
        let named = match new.replace {
            Some(_) => {
                sqlx::query!("select document_id, title from app.documents where file_name = $1", file_name)
                    .fetch_all(&mut tx)
                    .await?
            }
            None => Vec::new(),
        };
        if let (Some(false), Some(first)) = (new.replace, named.first()) {
            return Err(KnowledgeError::SameName(first.title.clone()));
        }
        for old in &named {
            forget(&mut tx, services, caller, old.document_id).await?;
        }
        let there = sqlx::query!(
            r#"select count(*) as "documents!", coalesce(sum(byte_size), 0)::bigint as "bytes!" from app.documents"#
        )
        .fetch_one(&mut tx)
        .await?;
        if there.documents >= MAX_DOCUMENTS as i64 {
            return Err(KnowledgeError::TooManyDocuments(MAX_DOCUMENTS));
        }
        if u64::try_from(there.bytes).unwrap_or_default() + size as u64 > MAX_TOTAL_BYTES {
            return Err(KnowledgeError::TooMuchText(MAX_TOTAL_BYTES));
        }
        let document = documents!(
            "insert into app.documents (tenant_id, document_id, title, file_name, kind, markdown, language, byte_size,
               sha256, state, chunk_count, by_meaning, created_at, updated_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'queued', 0, false, $10, $10)
             returning",
            "",
            tenant,
            id,
            title.as_str(),
            file_name,
            read.kind.name(),
            read.markdown,
            language,
            i32::try_from(size).unwrap_or(i32::MAX),
            digest.as_slice(),
            now
        )
        .fetch_one(&mut tx)
        .await?;
        sqlx::query!(
            "insert into app.document_texts (tenant_id, document_id, text) values ($1, $2, $3)",
            tenant,
            id,
            read.text
        )
        .execute(&mut tx)
        .await?;
        events::record(&mut tx, services, right.scope(), EventKind::DocumentUploaded, id).await?;
        jobs::enqueue::<IndexDocument>(&mut tx, services, right.scope(), DocumentId::from_uuid(id)).await?;
        let entry = Entry::new(Act::DocumentUploaded).to(id, title.as_str()).is("bytes", size.to_string());
        audit::record(&mut tx, services, caller, entry).await?;
        tx.commit().await?;
        services.wake_workers::<IndexDocument>();
        Ok(document.try_into()?)
    }

    /// Reads a file, and cuts it to see whether it can be: on a thread of its own, tenants by turns, so that no request waits
    /// for another's file. What a web page calls itself counts where no title was given.
    async fn parse(
        &self,
        tenant: TenantId,
        file_name: &str,
        (title, given): (&str, bool),
        kind: Wanted,
        bytes: Vec<u8>,
    ) -> Result<Parsed, KnowledgeError> {
        let place = self.parsing.enter(tenant).await.map_err(|_| KnowledgeError::Busy)?;
        let (file_name, title) = (file_name.to_owned(), title.to_owned());
        let parse = move || {
            let digest = Sha256::digest(&bytes).into();
            let refused = |message| KnowledgeError::field("file", message);
            let read = read(&file_name, &bytes, kind).map_err(refused)?;
            let own = Some(fitting(&read.title)).filter(|own| !given && !own.is_empty());
            let title = own.unwrap_or(title);
            let pieces = chunks(&title, read.kind, read.markdown, &read.text);
            if pieces.map_err(|TooMany| refused(Text::of(TOO_MANY)))?.is_empty() {
                return Err(refused(Text::of(NOTHING)));
            }
            let language = language(&read.text);
            drop(place);
            Ok(Parsed { digest, title, read, language })
        };
        aside("read-file", parse).await.map_err(|error| match error {
            AsideError::NoThread => KnowledgeError::Busy,
            AsideError::Panicked => KnowledgeError::field("file", text!("The file could not be read.")),
        })?
    }

    /// The documents of the caller's tenant, the newest first; of a name, those that have it in their title or in the name of their file, in
    /// capital letters or small ones. (For that all of them are looked at, which are [`MAX_DOCUMENTS`] at most.)
    ///
    /// # Errors
    /// [`KnowledgeError::Invalid`] for a limit, cursor or name that cannot be, or the database's.
    #[tracing::instrument(name = "db.document.list", skip_all)]
    pub async fn list_documents(
        &self,
        caller: &Caller,
        limit: Option<u32>,
        cursor: Option<&str>,
        name: Option<&str>,
    ) -> Result<Page<Document>, KnowledgeError> {
        let right = caller.may(ReadDocuments)?;
        let limit = page::limit(limit).map_err(|wrong| KnowledgeError::field("limit", wrong))?;
        let before: Option<DocumentId> =
            page::cursor(cursor).map_err(|wrong| KnowledgeError::field("cursor", wrong))?;
        let name = part_of_a_name(name.unwrap_or_default())?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let rows = documents!(
            "select",
            "from app.documents
             where document_id < $1
               and ($3::text = '' or position(lower($3) in lower(title)) > 0 or position(lower($3) in lower(file_name)) > 0)
             order by document_id desc limit $2",
            before.map_or(Uuid::max(), DocumentId::uuid),
            i64::from(limit) + 1,
            name
        )
        .fetch_all(&mut tx)
        .await?;
        tx.leave_open();
        let more = rows.len() > limit as usize;
        let data = rows.into_iter().take(limit as usize).map(Document::try_from).collect::<Result<Vec<_>, _>>()?;
        let next_cursor = data.last().filter(|_| more).map(|last| last.id.to_string());
        Ok(Page { data, next_cursor })
    }

    /// One document.
    ///
    /// # Errors
    /// [`KnowledgeError::NotFound`], or the database's.
    #[tracing::instrument(name = "db.document.get", skip_all)]
    pub async fn get_document(&self, caller: &Caller, id: DocumentId) -> Result<Document, KnowledgeError> {
        let right = caller.may(ReadDocuments)?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let row = documents!("select", "from app.documents where document_id = $1", id.uuid())
            .fetch_optional(&mut tx)
            .await?;
        Ok(row.ok_or(KnowledgeError::NotFound)?.try_into()?)
    }

    /// Reads a document again: after a failure, or once the model is there.
    ///
    /// # Errors
    /// [`KnowledgeError::NotFound`], or the database's.
    #[tracing::instrument(name = "db.document.reindex", skip_all)]
    pub async fn reindex_document(&self, caller: &Caller, id: DocumentId) -> Result<(), KnowledgeError> {
        let right = caller.may(ManageDocuments)?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let queued = sqlx::query!(
            "update app.documents set state = 'queued', error = null, updated_at = $2
             where document_id = $1 and state in ('ready', 'failed')",
            id.uuid(),
            self.services.now()
        )
        .execute(&mut tx)
        .await?;
        if queued.rows_affected() == 0 {
            let there = sqlx::query!("select document_id from app.documents where document_id = $1", id.uuid());
            // Waiting already, or being read: nothing to add.
            return there.fetch_optional(&mut tx).await?.map(|_| ()).ok_or(KnowledgeError::NotFound);
        }
        jobs::enqueue::<IndexDocument>(&mut tx, &self.services, right.scope(), id).await?;
        tx.commit().await?;
        self.services.wake_workers::<IndexDocument>();
        Ok(())
    }

    /// Deletes a document and everything that was made of it.
    ///
    /// # Errors
    /// [`KnowledgeError::NotFound`], or the database's.
    #[tracing::instrument(name = "db.document.delete", skip_all)]
    pub async fn delete_document(&self, caller: &Caller, id: DocumentId) -> Result<(), KnowledgeError> {
        let right = caller.may(ManageDocuments)?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        forget(&mut tx, &self.services, caller, id.uuid()).await?;
        Ok(tx.commit().await?)
    }
}

/// What is looked for in names: in the form that they have. (What small letters are, the database alone says.)
fn part_of_a_name(typed: &str) -> Result<String, KnowledgeError> {
    let name = normalized(typed).trim().to_owned();
    if name.chars().count() > DocumentTitle::MAX {
        return Err(KnowledgeError::field("name", text!("Use at most {most} characters.", most = DocumentTitle::MAX)));
    }
    if name.contains(odd) { Err(KnowledgeError::field("name", text!("Use ordinary characters."))) } else { Ok(name) }
}

/// Deletes a document in a transaction that is open.
async fn forget(tx: &mut TenantTx, services: &Services, caller: &Caller, id: Uuid) -> Result<(), KnowledgeError> {
    let title = sqlx::query_scalar!("delete from app.documents where document_id = $1 returning title", id);
    let title = title.fetch_optional(&mut *tx).await?.ok_or(KnowledgeError::NotFound)?;
    events::record(tx, services, caller.scope(), EventKind::DocumentDeleted, id).await?;
    let entry = Entry::new(Act::DocumentDeleted).to(id, &title);
    Ok(audit::record(tx, services, caller, entry).await?)
}

/// The text search configuration of PostgreSQL's for a text: that of its language, or the plain one where it cannot be
/// told or PostgreSQL has none.
fn language(text: &str) -> &'static str {
    use whatlang::Lang;
    // Enough to tell, and bounded.
    let sample: String = text.chars().take(4_000).collect();
    match whatlang::detect(&sample).filter(whatlang::Info::is_reliable).map(|info| info.lang()) {
        Some(Lang::Ara) => "arabic",
        Some(Lang::Hye) => "armenian",
        Some(Lang::Cat) => "catalan",
        Some(Lang::Dan) => "danish",
        Some(Lang::Nld) => "dutch",
        Some(Lang::Fin) => "finnish",
        Some(Lang::Fra) => "french",
        Some(Lang::Deu) => "german",
        Some(Lang::Ell) => "greek",
        Some(Lang::Hin) => "hindi",
        Some(Lang::Hun) => "hungarian",
        Some(Lang::Ind) => "indonesian",
        Some(Lang::Ita) => "italian",
        Some(Lang::Lit) => "lithuanian",
        Some(Lang::Nep) => "nepali",
        Some(Lang::Nob) => "norwegian",
        Some(Lang::Por) => "portuguese",
        Some(Lang::Ron) => "romanian",
        Some(Lang::Rus) => "russian",
        Some(Lang::Srp) => "serbian",
        Some(Lang::Spa) => "spanish",
        Some(Lang::Swe) => "swedish",
        Some(Lang::Tam) => "tamil",
        Some(Lang::Tur) => "turkish",
        Some(Lang::Yid) => "yiddish",
        // Short texts in English are often not told for sure.
        Some(Lang::Eng) | None => "english",
        Some(_) => "simple",
    }
}
