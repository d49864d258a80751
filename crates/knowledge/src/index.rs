//! The job that reads a document: pieces, their words, their vectors; all of them appear at once or not at all.

use crate::chunking::{Chunk, MAX_CHUNKS, chunks};
use crate::embedding::{MODEL_ID, input};
use crate::{Embedder, Knowledge, KnowledgeError};
use model::DocumentId;
use model::event::EventKind;
use model::knowledge::DocumentKind;
use shares::{AsideError, aside};
use std::time::Duration;
use store::jobs::{Handler, Job, JobError, Lane, Task};
use store::{Services, StoreError, TenantTx, events};
use uuid::Uuid;

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
        index(&self.services, self.embedder.as_ref(), task).await
    }

    async fn gave_up(&self, task: &Task<IndexDocument>, error: &str) -> Result<(), JobError> {
        let mut tx = self.services.store.tenant(task.scope()).await?;
        sqlx::query!(
            "update app.documents set state = 'failed', error = $2, updated_at = $3 where document_id = $1",
            task.subject().uuid(),
            error,
            self.services.now()
        )
        .execute(&mut tx)
        .await?;
        let (scope, subject) = (task.scope(), task.subject().uuid());
        events::record(&mut tx, &self.services, scope, EventKind::DocumentFailed, subject).await?;
        Ok(tx.commit().await?)
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

async fn index(services: &Services, embedder: Option<&Embedder>, task: &Task<IndexDocument>) -> Result<(), JobError> {
    let Some(source) = begin(services, task).await? else {
        // Deleted meanwhile.
        return Ok(());
    };
    let (title, kind, markdown) = (source.title.clone(), source.kind, source.markdown);
    let text = source.text.clone();
    let pieces = aside("cut-document", move || chunks(&title, kind, markdown, &text)).await;
    let pieces = pieces.map_err(|error| match error {
        AsideError::NoThread => JobError::Retry(error.to_string()),
        AsideError::Panicked => JobError::Hopeless("The document could not be cut into pieces.".into()),
    })?;
    if pieces.len() > MAX_CHUNKS {
        return Err(JobError::Hopeless(format!(
            "The document has more than {MAX_CHUNKS} pieces. Split it and upload the parts."
        )));
    }
    let bodies: Vec<String> =
        pieces.iter().map(|piece| input(&piece.title, &source.text[piece.range.clone()])).collect();
    let mut vectors = Vec::with_capacity(bodies.len());
    if let Some(embedder) = embedder {
        for batch in bodies.chunks(BATCH) {
            let done = embedder.documents(task.scope().tenant(), batch.to_vec()).await;
            vectors.extend(done.map_err(KnowledgeError::from)?);
        }
    }
    write(services, task, &source, &pieces, &bodies, &vectors).await
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

async fn write(
    services: &Services,
    task: &Task<IndexDocument>,
    source: &Source,
    pieces: &[Chunk],
    bodies: &[String],
    vectors: &[Vec<f32>],
) -> Result<(), JobError> {
    let tenant = task.scope().tenant().uuid();
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
        let bodies = &bodies[from..from + batch.len()];
        write_chunks(&mut tx, tenant, task.subject().uuid(), source, from, batch, &ids, bodies).await?;
        if let Some(vectors) = vectors.get(from..from + batch.len()) {
            for (id, vector) in ids.iter().zip(vectors) {
                sqlx::query!(
                    "insert into app.chunk_vectors (tenant_id, chunk_id, model_id, embedding)
                     values ($1, $2, $3, $4::real[]::vector)",
                    tenant,
                    id,
                    MODEL_ID,
                    vector.as_slice()
                )
                .execute(&mut tx)
                .await?;
            }
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

#[allow(clippy::too_many_arguments, reason = "the columns of one batch")]
async fn write_chunks(
    tx: &mut TenantTx,
    tenant: Uuid,
    document: Uuid,
    source: &Source,
    from: usize,
    batch: &[Chunk],
    ids: &[Uuid],
    bodies: &[String],
) -> Result<(), JobError> {
    let number = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
    let positions: Vec<i32> = (from..from + batch.len()).map(number).collect();
    let starts: Vec<i32> = batch.iter().map(|piece| number(piece.range.start)).collect();
    let ends: Vec<i32> = batch.iter().map(|piece| number(piece.range.end)).collect();
    let titles: Vec<String> = batch.iter().map(|piece| piece.title.clone()).collect();
    let texts: Vec<String> = batch.iter().map(|piece| source.text[piece.range.clone()].to_owned()).collect();
    sqlx::query!(
        "insert into app.chunks (tenant_id, chunk_id, document_id, position, starts, ends, title, text, term_count)
         select $1, c.id, $2, c.position, c.starts, c.ends, c.title, c.text,
           coalesce((select sum(cardinality(t.positions)) from unnest(to_tsvector($3::text::regconfig, c.body)) t), 0)
         from unnest($4::uuid[], $5::int[], $6::int[], $7::int[], $8::text[], $9::text[], $10::text[])
           as c (id, position, starts, ends, title, text, body)",
        tenant,
        document,
        source.language,
        ids,
        &positions,
        &starts,
        &ends,
        &titles,
        &texts,
        bodies
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "insert into app.chunk_terms (tenant_id, term, chunk_id, frequency)
         select $1, t.lexeme, c.id, cardinality(t.positions)
         from unnest($3::uuid[], $4::text[]) as c (id, body), unnest(to_tsvector($2::text::regconfig, c.body)) t",
        tenant,
        source.language,
        ids,
        bodies
    )
    .execute(&mut *tx)
    .await?;
    Ok(())
}
