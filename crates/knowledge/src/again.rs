//! Passages that were found before, as they are now.

use crate::search::PATIENCE;
use crate::{Hit, Knowledge, KnowledgeError};
use model::knowledge::Passage;
use model::permission::ReadDocuments;
use model::receipt::ReadPassage;
use model::{ChunkId, DocumentId};
use store::Caller;
use uuid::Uuid;

impl Knowledge {
    /// The passages that an answer was made from, in their order, each beside what it was then: found by its id, or, where its document was read anew
    /// since, by what it said. What is gone is left out.
    ///
    /// # Errors
    /// [`KnowledgeError::Denied`], [`KnowledgeError::Busy`], or the database's.
    #[tracing::instrument(name = "db.chunk.again", skip_all)]
    pub async fn again<'r>(
        &self,
        caller: &Caller,
        read: &'r [ReadPassage],
    ) -> Result<Vec<(&'r ReadPassage, Hit)>, KnowledgeError> {
        let right = caller.may(ReadDocuments)?;
        // Before a place is waited for.
        caller.scope().let_go();
        let chunks: Vec<Uuid> = read.iter().filter_map(|passage| Some(passage.chunk_id?.uuid())).collect();
        let documents: Vec<Uuid> = read.iter().filter_map(|passage| Some(passage.document_id?.uuid())).collect();
        let hashes: Vec<String> = read.iter().map(|passage| passage.sha256.clone()).collect();
        // Every piece of a document may have to be hashed: as much work as a search.
        let place = self.searching.enter(right.scope().tenant()).await.map_err(|_| KnowledgeError::Busy)?;
        let mut tx = self.services.store.tenant_within(right.scope(), PATIENCE).await?;
        tx.hold(place);
        let rows = sqlx::query!(
            r#"select c.chunk_id, c.document_id, c.title, c.text, d.kind = 'qa' as "pair!",
                 encode(sha256(convert_to(c.text, 'UTF8')), 'hex') as "sha256!"
               from app.chunks c join app.documents d on d.document_id = c.document_id
               where c.chunk_id in (
                 select by_id.chunk_id from app.chunks by_id where by_id.chunk_id = any($1)
                 union
                 select said.chunk_id from app.chunks said
                 where said.document_id = any($2) and encode(sha256(convert_to(said.text, 'UTF8')), 'hex') = any($3))
               order by c.document_id, c.position"#,
            &chunks,
            &documents,
            &hashes
        );
        let mut rows: Vec<_> = rows.fetch_all(&mut tx).await?.into_iter().map(Some).collect();
        // Each once, also where a document says the same twice.
        let hits = read.iter().filter_map(|then| {
            // What a tool has told has neither, and is not there to be read.
            let (chunk, document) = (then.chunk_id.map(ChunkId::uuid), then.document_id.map(DocumentId::uuid));
            let by_id = rows.iter().position(|row| row.as_ref().is_some_and(|row| Some(row.chunk_id) == chunk));
            let at = by_id.or_else(|| {
                rows.iter().position(|row| {
                    row.as_ref().is_some_and(|row| Some(row.document_id) == document && row.sha256 == then.sha256)
                })
            });
            let row = rows.get_mut(at?)?.take()?;
            let passage = Passage {
                chunk_id: ChunkId::from_uuid(row.chunk_id),
                document_id: DocumentId::from_uuid(row.document_id),
                title: row.title,
                text: row.text,
                score: 1.0,
            };
            // It was found: how well is not asked again.
            Some((then, Hit { passage, pair: row.pair, meaning: None, words: 1.0 }))
        });
        Ok(hits.collect())
    }
}
