//! Search: by meaning (exact cosine over the tenant's vectors) and by words (BM25 over the tenant's postings), weighed.
//!
//! A policy lets only leakproof operators reach an index, so full text has its own table of words, and scores come from
//! the tenant's own frequencies: no other tenant's text moves them. The weight is chosen on the test set in
//! `tests/support`, where the whole must not be worse than either half.

use crate::embedding::MODEL_ID;
use crate::reading::normalized;
use crate::{Knowledge, KnowledgeError};
use model::knowledge::Passage;
use model::permission::ReadDocuments;
use model::{ChunkId, DocumentId};
use std::collections::HashSet;
use std::time::Duration;
use store::{Caller, TenantTx};
use words::text;

/// The share of meaning in a score; the rest are words.
pub const MEANING: f64 = 0.5;
/// Most characters of a question.
pub const MAX_QUESTION: usize = 1_000;
/// Most passages of one search.
pub const MAX_PASSAGES: u32 = 50;

/// How many times as many passages are looked at as are wanted, since some say the same; and again, as long as too many do.
const SPARE: i64 = 4;
/// Passages of which no more are looked at.
const MAX_CANDIDATES: i64 = 3_000;

/// Longest that a search may take: somebody waits for it, and others for its connection.
const PATIENCE: Duration = Duration::from_secs(3);

/// A passage, and what speaks for it.
#[derive(Debug, Clone)]
pub struct Hit {
    /// The passage; its score is the weighed one.
    pub passage: Passage,
    /// Whether it is the answer to a question, written as one.
    pub pair: bool,
    /// How near its meaning is: the cosine, from -1 to 1. `None` without the model.
    pub meaning: Option<f64>,
    /// The share of the question's words that it holds, weighed by their rarity: 0 to 1.
    pub words: f64,
}

/// A question that was typed, normalized as documents are, and trimmed.
///
/// # Errors
/// [`KnowledgeError::Invalid`] when it is empty or too long.
pub fn question(field: &'static str, text: &str) -> Result<String, KnowledgeError> {
    let text = normalized(text);
    let text = text.trim();
    if text.is_empty() {
        return Err(KnowledgeError::field(field, text!("Ask something.")));
    }
    if text.chars().count() > MAX_QUESTION {
        return Err(KnowledgeError::field(field, text!("Use at most {most} characters.", most = MAX_QUESTION)));
    }
    if text.contains('\0') {
        return Err(KnowledgeError::field(field, text!("Use ordinary characters.")));
    }
    Ok(text.to_owned())
}

impl Knowledge {
    /// The passages that fit a query best.
    ///
    /// # Errors
    /// [`KnowledgeError::Invalid`] for a query or limit that cannot be, the model's, or the database's.
    pub async fn search(
        &self,
        caller: &Caller,
        query: &str,
        limit: Option<u32>,
    ) -> Result<Vec<Passage>, KnowledgeError> {
        let limit = limit.unwrap_or(5);
        if !(1..=MAX_PASSAGES).contains(&limit) {
            return Err(KnowledgeError::field("limit", text!("Use a number from 1 to {most}.", most = MAX_PASSAGES)));
        }
        let query = question("query", query)?;
        Ok(self.hits(caller, &query, limit, MEANING).await?.into_iter().map(|hit| hit.passage).collect())
    }

    /// The best passages with what speaks for each; `meaning` is the share of meaning in the score, 0 to 1.
    ///
    /// # Errors
    /// The model's, or the database's.
    #[tracing::instrument(name = "db.chunk.search", skip_all)]
    pub async fn hits(
        &self,
        caller: &Caller,
        query: &str,
        limit: u32,
        meaning: f64,
    ) -> Result<Vec<Hit>, KnowledgeError> {
        // The question is computed before anything is read.
        caller.scope().let_go();
        let right = caller.may(ReadDocuments)?;
        // Before the transaction begins: arithmetic must not hold one.
        let vector = match &self.embedder {
            Some(embedder) => Some(embedder.question(right.scope().tenant(), query).await?),
            None => None,
        };
        let place = self.searching.enter(right.scope().tenant()).await.map_err(|_| KnowledgeError::Busy)?;
        let mut tx = self.services.store.tenant_within(right.scope(), PATIENCE).await?;
        tx.hold(place);
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut candidates = i64::from(limit) * SPARE;
        loop {
            let hits = best(&mut tx, query, vector.as_deref(), meaning, candidates).await?;
            let all = i64::try_from(hits.len()).is_ok_and(|hits| hits < candidates);
            let hits = once(hits, wanted);
            if all || hits.len() >= wanted || candidates >= MAX_CANDIDATES {
                return Ok(hits);
            }
            candidates = (candidates * SPARE).min(MAX_CANDIDATES);
        }
    }
}

/// The passages that fit best, at most so many.
async fn best(
    tx: &mut TenantTx,
    query: &str,
    vector: Option<&[f32]>,
    meaning: f64,
    limit: i64,
) -> Result<Vec<Hit>, KnowledgeError> {
    let rows = sqlx::query!(
        r#"with terms as (
                 select distinct t.lexeme as term
                 from (select distinct language from app.documents) l, unnest(to_tsvector(l.language::regconfig, $1)) t
               ),
               size as (select count(*)::float8 as chunks, coalesce(avg(term_count), 1)::float8 as terms from app.chunks),
               weights as (
                 select terms.term, ln(1 + (size.chunks - count(p.chunk_id) + 0.5) / (count(p.chunk_id) + 0.5)) as rarity
                 from terms cross join size left join app.chunk_terms p on p.term = terms.term
                 group by terms.term, size.chunks
               ),
               words as (
                 select p.chunk_id,
                   sum(w.rarity * p.frequency * 2.2 / (p.frequency + 1.2 * (0.25 + 0.75 * c.term_count / size.terms)))
                     / (2.2 * (select sum(rarity) from weights)) as share
                 from weights w join app.chunk_terms p on p.term = w.term
                 join app.chunks c on c.chunk_id = p.chunk_id cross join size
                 group by p.chunk_id
               ),
               near as (
                 select chunk_id, 1 - (embedding <=> $2::real[]::vector) as cosine
                 from app.chunk_vectors where model_id = $3 and $2::real[] is not null
               )
               select c.chunk_id, c.document_id, c.title, c.text, d.kind = 'qa' as "pair!", near.cosine,
                 coalesce(words.share, 0)::float8 as "share!",
                 ($4 * greatest(coalesce(near.cosine, 0), 0) + (1 - $4) * coalesce(words.share, 0))::float8 as "score!"
               from app.chunks c
               join app.documents d on d.document_id = c.document_id
               left join near on near.chunk_id = c.chunk_id
               left join words on words.chunk_id = c.chunk_id
               where near.chunk_id is not null or words.chunk_id is not null
               order by "score!" desc, c.chunk_id
               limit $5"#,
        query,
        vector,
        MODEL_ID,
        if vector.is_some() { meaning } else { 0.0 },
        limit
    )
    .fetch_all(tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Hit {
            passage: Passage {
                chunk_id: ChunkId::from_uuid(row.chunk_id),
                document_id: DocumentId::from_uuid(row.document_id),
                title: row.title,
                text: row.text,
                #[allow(clippy::cast_possible_truncation, reason = "a share of one")]
                score: row.score.clamp(0.0, 1.0) as f32,
            },
            pair: row.pair,
            meaning: row.cosine,
            words: row.share,
        })
        .collect())
}

/// Hits without those that say the same as a better one: the same text, of pairs under the same question, however it is
/// spaced. A file that was uploaded twice is one answer.
fn once(hits: Vec<Hit>, limit: usize) -> Vec<Hit> {
    let mut said = HashSet::new();
    let says = |hit: &Hit| -> String {
        let question = if hit.pair { hit.passage.title.as_str() } else { "" };
        let words = question.split_whitespace().chain(["\n"]).chain(hit.passage.text.split_whitespace());
        words.collect::<Vec<_>>().join(" ")
    };
    hits.into_iter().filter(|hit| said.insert(says(hit))).take(limit).collect()
}
