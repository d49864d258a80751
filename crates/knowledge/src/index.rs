//! The job that reads a document: pieces, their words, their vectors; all of them appear at once or not at all.

use crate::chunking::{Chunk, NOTHING, TOO_MANY, TooMany, chunks};
use crate::embedding::{DIMENSIONS, MODEL_ID, input};
use crate::{Knowledge, KnowledgeError};
use model::DocumentId;
use model::event::EventKind;
use model::knowledge::DocumentKind;
use shares::{AsideError, aside};
use std::time::Duration;
use store::jobs::{Handler, Job, JobError, Lane, Task};
use store::{Services, StoreError, TenantTx, events};
use uuid::Uuid;
use words::noted;

/// Reads a document.
#[derive(Debug)]
pub struct IndexDocument;

impl Job for IndexDocument {
    const NAME: &'static str = "index_document";
    const LANE: Lane = Lane::Bulk;
    /// A document of the largest size, while others read as much.
    const DEADLINE: Duration = Duration::from_secs(30 * 60);
    type Subject = DocumentId;
}

/// Pieces whose vectors are asked for, and rows that are written, at once.
const BATCH: usize = 64;

impl Handler<IndexDocument> for Knowledge {
    async fn run(&self, task: &Task<IndexDocument>) -> Result<(), JobError> {
        index(self, task).await
    }

    async fn gave_up(&self, task: &Task<IndexDocument>, error: &str) -> Result<(), JobError> {
        let mut tx = self.services.store.tenant(task.scope()).await?;
        let failed = sqlx::query!(
            "update app.documents set state = 'failed', error = $2, updated_at = $3
             where document_id = $1 and state <> 'failed'",
            task.subject().uuid(),
            error,
            self.services.now()
        )
        .execute(&mut tx)
        .await?;
        if failed.rows_affected() == 1 {
            let (scope, subject) = (task.scope(), task.subject().uuid());
            events::record(&mut tx, &self.services, scope, EventKind::DocumentFailed, subject).await?;
        }
        Ok(tx.commit().await?)
    }
}

/// A document in pieces.
struct Cut {
    source: Source,
    pieces: Vec<Chunk>,
    /// What the model reads of each.
    read: Vec<String>,
    /// Whose words are counted of each.
    counted: Vec<String>,
}

impl Cut {
    fn new(source: Source) -> Result<Self, TooMany> {
        let pieces = chunks(&source.title, source.kind, source.markdown, &source.text)?;
        let read = pieces.iter().map(|piece| input(&piece.title, &piece.text)).collect();
        let counted = pieces.iter().map(|Chunk { title, text, .. }| match source.kind {
            // Who asks uses the words of questions, so that these count twice.
            DocumentKind::Qa => format!("{title}\n{title}\n{text}"),
            DocumentKind::Text => format!("{title}\n{text}"),
        });
        let counted = counted.collect();
        Ok(Self { source, pieces, read, counted })
    }
}

/// What is read of a document.
struct Source {
    title: String,
    kind: DocumentKind,
    markdown: bool,
    language: String,
    text: String,
}

async fn index(knowledge: &Knowledge, task: &Task<IndexDocument>) -> Result<(), JobError> {
    let Knowledge { services, embedder, cutting, .. } = knowledge;
    let Some(source) = begin(services, task).await? else {
        // Deleted meanwhile.
        return Ok(());
    };
    // Held until the thread has ended, whatever becomes of this try.
    let place = cutting.enter(task.scope().tenant()).await.map_err(|_| KnowledgeError::Busy)?;
    let cut = aside("cut-document", move || {
        let cut = Cut::new(source);
        drop(place);
        cut
    });
    let cut = cut.await.map_err(|error| match error {
        AsideError::NoThread => JobError::Retry(error.to_string()),
        AsideError::Panicked => JobError::Hopeless(noted!("The document could not be cut into pieces.").into()),
    })?;
    let cut = match cut {
        Ok(cut) if !cut.pieces.is_empty() => cut,
        // What an earlier reading made of it, cut in another way, is told no more.
        nothing => {
            forget(services, task).await?;
            return Err(JobError::Hopeless(if nothing.is_ok() { NOTHING } else { TOO_MANY }.into()));
        }
    };
    let mut vectors = Vec::with_capacity(cut.read.len());
    if let Some(embedder) = embedder {
        for batch in cut.read.chunks(BATCH) {
            let done = embedder.documents(task.scope().tenant(), batch.to_vec()).await;
            vectors.extend(done.map_err(KnowledgeError::from)?);
        }
    }
    write(services, task, &cut, &vectors).await?;
    // Found by all that the house knows of it; a model of the tenant's own reads it in its own time.
    if knowledge.has_search_model(task.scope()).await? {
        knowledge.read_for_search(task.scope()).await?;
    }
    Ok(())
}

async fn begin(services: &Services, task: &Task<IndexDocument>) -> Result<Option<Source>, JobError> {
    let mut tx = services.store.tenant(task.scope()).await?;
    let row = sqlx::query!(
        "update app.documents d set state = 'processing', updated_at = $2
         from app.document_texts t
         where d.document_id = $1 and t.document_id = d.document_id and t.tenant_id = d.tenant_id
         returning d.title, d.kind, d.markdown, d.language, t.text",
        task.subject().uuid(),
        services.now()
    )
    .fetch_optional(&mut tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    tx.commit().await?;
    let kind = DocumentKind::from_name(&row.kind).ok_or(StoreError::Corrupt("documents.kind"))?;
    Ok(Some(Source { title: row.title, kind, markdown: row.markdown, language: row.language, text: row.text }))
}

async fn forget(services: &Services, task: &Task<IndexDocument>) -> Result<(), JobError> {
    let mut tx = services.store.tenant(task.scope()).await?;
    sqlx::query!("delete from app.chunks where document_id = $1", task.subject().uuid()).execute(&mut tx).await?;
    sqlx::query!(
        "update app.documents set chunk_count = 0, by_meaning = false where document_id = $1",
        task.subject().uuid()
    )
    .execute(&mut tx)
    .await?;
    Ok(tx.commit().await?)
}

async fn write(
    services: &Services,
    task: &Task<IndexDocument>,
    cut: &Cut,
    vectors: &[Vec<f32>],
) -> Result<(), JobError> {
    let Cut { source, pieces, counted, .. } = cut;
    let mut tx = services.store.tenant(task.scope()).await?;
    // Two that read one document wait for each other here.
    let there =
        sqlx::query!("select document_id from app.documents where document_id = $1 for update", task.subject().uuid());
    if there.fetch_optional(&mut tx).await?.is_none() {
        return Ok(());
    }
    sqlx::query!("delete from app.chunks where document_id = $1", task.subject().uuid()).execute(&mut tx).await?;
    for (number, batch) in pieces.chunks(BATCH).enumerate() {
        let from = number * BATCH;
        let ids: Vec<Uuid> = batch.iter().map(|_| services.new_id()).collect();
        write_pieces(&mut tx, task, source, from, batch, &ids, &counted[from..from + batch.len()]).await?;
        if let Some(vectors) = vectors.get(from..from + batch.len()) {
            write_vectors(&mut tx, task, &ids, vectors).await?;
        }
    }
    sqlx::query!(
        "update app.documents set state = 'ready', error = null, chunk_count = $2, by_meaning = $3, updated_at = $4
         where document_id = $1",
        task.subject().uuid(),
        i32::try_from(pieces.len()).unwrap_or(i32::MAX),
        vectors.len() == pieces.len(),
        services.now()
    )
    .execute(&mut tx)
    .await?;
    events::record(&mut tx, services, task.scope(), EventKind::DocumentRead, task.subject().uuid()).await?;
    tx.commit().await?;
    tracing::info!(document = %DocumentId::from_uuid(task.subject().uuid()), chunks = pieces.len(), "document read");
    Ok(())
}

async fn write_pieces(
    tx: &mut TenantTx,
    task: &Task<IndexDocument>,
    source: &Source,
    from: usize,
    batch: &[Chunk],
    ids: &[Uuid],
    counted: &[String],
) -> Result<(), JobError> {
    let number = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
    let positions: Vec<i32> = (from..from + batch.len()).map(number).collect();
    let starts: Vec<i32> = batch.iter().map(|piece| number(piece.range.start)).collect();
    let ends: Vec<i32> = batch.iter().map(|piece| number(piece.range.end)).collect();
    let titles: Vec<String> = batch.iter().map(|piece| piece.title.clone()).collect();
    let texts: Vec<String> = batch.iter().map(|piece| piece.text.clone()).collect();
    sqlx::query!(
        "with piece as materialized (
           select c.*, to_tsvector($3::text::regconfig, c.body) as words
           from unnest($4::uuid[], $5::int[], $6::int[], $7::int[], $8::text[], $9::text[], $10::text[])
             as c (id, position, starts, ends, title, text, body)
         ), kept as (
           insert into app.chunks (tenant_id, chunk_id, document_id, position, starts, ends, title, text, term_count)
           select $1, id, $2, position, starts, ends, title, text,
             coalesce((select sum(cardinality(w.positions)) from unnest(words) w), 0)
           from piece
         )
         insert into app.chunk_terms (tenant_id, term, chunk_id, frequency)
         select $1, w.lexeme, piece.id, cardinality(w.positions) from piece, unnest(piece.words) w",
        task.scope().tenant().uuid(),
        task.subject().uuid(),
        source.language,
        ids,
        &positions,
        &starts,
        &ends,
        &titles,
        &texts,
        counted
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn write_vectors(
    tx: &mut TenantTx,
    task: &Task<IndexDocument>,
    ids: &[Uuid],
    vectors: &[Vec<f32>],
) -> Result<(), JobError> {
    sqlx::query!(
        "insert into app.chunk_vectors (tenant_id, chunk_id, model_id, embedding)
         select $1, c.id, $3, ($4::real[])[(c.n::int - 1) * $5 + 1 : c.n::int * $5]::vector
         from unnest($2::uuid[]) with ordinality as c (id, n)",
        task.scope().tenant().uuid(),
        ids,
        MODEL_ID,
        &vectors.concat(),
        i32::try_from(DIMENSIONS).unwrap_or(i32::MAX)
    )
    .execute(tx)
    .await?;
    Ok(())
}
