//! Search: by meaning (exact cosine over the tenant's vectors) and by words (BM25 over the tenant's postings), weighed.
//!
//! A policy lets only leakproof operators reach an index, so full text has its own table of words, and scores come from
//! the tenant's own frequencies: no other tenant's text moves them. The weight is chosen on the test set in
//! `tests/support`, where the whole must not be worse than either half.
//!
//! What is found is read together with the query, and half of the score is what the reader says: so the first of it are put in order.
//!
//! What a tenant's own model finds nearest comes beside that, and takes no passage's place in what is judged: nearness and words, by which it is
//! decided what answers, are the house's for each passage, whoever has found it.

use crate::beside::{Beside, Vectors};
use crate::embedding::{MODEL_ID, input};
use crate::forms::other_forms;
use crate::gloss::in_english;
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

/// Passages that are read together with the query. With 16 no more right ones are among the first five, with 8 one in a hundred fewer.
const READ: u32 = 12;
/// Where the reader is half sure, and how soon surer: of those that were tried on part `b` of `assistant/questions`, all much the same.
const HALF_SURE: f64 = -4.0;
const SURER: f64 = 4.0;

/// Longest that a search may take: somebody waits for it, and others for its connection.
pub(crate) const PATIENCE: Duration = Duration::from_secs(3);

/// How much a place counts where two orders become one: that of the first over that of those behind it (reciprocal rank fusion, Cormack and
/// others, 2009; not measured here).
const FUSED: f64 = 60.0;

/// What was found.
#[derive(Debug, Clone)]
pub struct Looked {
    /// The passages, in the order of both models where the tenant has one of its own: up to half as many more than were wanted then.
    pub hits: Vec<Hit>,
    /// What that had to do with it.
    pub beside: Beside,
    /// How long it was waited for.
    pub waited: Duration,
}

/// A passage, how well it fits, and its place in what the tenant's own model finds nearest.
struct Ranked {
    hit: Hit,
    score: f64,
    place: Option<i64>,
}

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
        let (limit, query) = (wanted(limit)?, question("query", query)?);
        Ok(self.found(caller, &query, limit).await?.into_iter().map(|hit| hit.passage).collect())
    }

    /// The best passages, also for a question in another language than theirs.
    ///
    /// # Errors
    /// The model's, or the database's.
    pub async fn found(&self, caller: &Caller, query: &str, limit: u32) -> Result<Vec<Hit>, KnowledgeError> {
        let hits = self.hits(caller, query, limit.max(READ), MEANING).await?;
        self.read(caller, query, limit, hits).await
    }

    /// The best so many of these passages, and where they are in another language than the question with the best ones for it in English, word by
    /// word. The first are read together with it, if there is time for it: half of each one's score is from then on how sure the reader is that it
    /// answers, and of what is behind them nothing.
    async fn read(
        &self,
        caller: &Caller,
        query: &str,
        limit: u32,
        mut hits: Vec<Hit>,
    ) -> Result<Vec<Hit>, KnowledgeError> {
        let english = in_english(query, hits.iter().map(|hit| hit.passage.text.as_str()));
        if let Some(english) = &english {
            hits.extend(self.hits(caller, english, limit.max(READ), MEANING).await?);
            by_score(&mut hits);
            let mut said = HashSet::new();
            hits.retain(|hit| said.insert(says(hit)));
        }
        let Some(embedder) = &self.embedder else {
            hits.truncate(limit as usize);
            return Ok(hits);
        };
        let first = hits.iter().take(READ as usize);
        let texts = first.map(|hit| input(&hit.passage.title, &hit.passage.text)).collect();
        let asked = english.as_deref().unwrap_or(query);
        if let Some(judged) = embedder.searched(caller.scope().tenant(), asked, texts).await? {
            let sure = judged.judgements.iter().map(|judgement| sure(f64::from(judgement.answers)));
            for (hit, sure) in hits.iter_mut().zip(sure.chain(std::iter::repeat(0.0))) {
                #[allow(clippy::cast_possible_truncation, reason = "a share of one")]
                let score = f64::midpoint(f64::from(hit.passage.score), sure) as f32;
                hit.passage.score = score;
            }
            by_score(&mut hits);
        }
        hits.truncate(limit as usize);
        Ok(hits)
    }

    /// The same with the model that the tenant has chosen for it, if there is one, which is sent `sent`; without what scores less than `minimum`.
    ///
    /// # Errors
    /// As for [`Self::search`], also for a minimum that no score can be.
    pub async fn search_beside(
        &self,
        caller: &Caller,
        (query, sent): (&str, &str),
        limit: Option<u32>,
        minimum: Option<f32>,
    ) -> Result<Vec<Passage>, KnowledgeError> {
        let (limit, query, minimum) = (wanted(limit)?, question("query", query)?, minimum.unwrap_or_default());
        if !(0.0..=1.0).contains(&minimum) {
            return Err(KnowledgeError::field("minimum", text!("Use a number from 0 to 1.")));
        }
        let found = self.look(caller, (&query, sent), limit.max(READ)).await?;
        let hits = match found.beside {
            // Who knows other languages than the reader has been asked.
            Beside::Used => found.hits,
            _ => self.read(caller, &query, limit, found.hits).await?,
        };
        let passages = hits.into_iter().take(limit as usize).map(|hit| hit.passage);
        Ok(passages.filter(|passage| passage.score >= minimum).collect())
    }

    /// The best passages with what speaks for each, and those that the tenant's own model finds nearest: none of the former is left out for them.
    /// A provider is sent `sent`, which is the query without what is to stay here.
    ///
    /// # Errors
    /// The model's of the house, or the database's. What goes wrong with the tenant's own is none.
    #[tracing::instrument(name = "db.chunk.look", skip_all)]
    pub async fn look(
        &self,
        caller: &Caller,
        (query, sent): (&str, &str),
        limit: u32,
    ) -> Result<Looked, KnowledgeError> {
        caller.scope().let_go();
        caller.may(ReadDocuments)?;
        let (vector, (made, beside, waited)) = tokio::join!(self.own(caller, query), self.asked_beside(caller, sent));
        let (vector, made) = (vector?, made.as_ref());
        let ranked = |made| self.ranked(caller, query, vector.as_deref(), (limit, MEANING), made);
        let (hits, part) = match ranked(made).await {
            // Its vectors may be too many for the time that a search has: then it has what it has without them.
            Err(KnowledgeError::Store(error)) if made.is_some() => {
                tracing::warn!(%error, "a search ran without the model of its tenant");
                ranked(None).await?
            }
            found => found?,
        };
        let beside = if beside == Beside::Used && !part { Beside::None } else { beside };
        Ok(Looked { hits, beside, waited })
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
        caller.may(ReadDocuments)?;
        // Before the transaction begins: arithmetic must not hold one.
        let vector = self.own(caller, query).await?;
        Ok(self.ranked(caller, query, vector.as_deref(), (limit, meaning), None).await?.0)
    }

    /// What the model of the house makes of a question, where it is there.
    async fn own(&self, caller: &Caller, query: &str) -> Result<Option<Vec<f32>>, KnowledgeError> {
        match &self.embedder {
            Some(embedder) => Ok(Some(embedder.question(caller.scope().tenant(), query).await?)),
            None => Ok(None),
        }
    }

    /// The best of the house, and beside them what is nearest to what another model has made of the question; and whether that had a part in it: it has
    /// none before it has read something.
    async fn ranked(
        &self,
        caller: &Caller,
        query: &str,
        vector: Option<&[f32]>,
        (limit, meaning): (u32, f64),
        beside: Option<&Vectors>,
    ) -> Result<(Vec<Hit>, bool), KnowledgeError> {
        let right = caller.may(ReadDocuments)?;
        let place = self.searching.enter(right.scope().tenant()).await.map_err(|_| KnowledgeError::Busy)?;
        let mut tx = self.services.store.tenant_within(right.scope(), PATIENCE).await?;
        tx.hold(place);
        // Without this line codes, units and amounts are found as they are written alone.
        let others = other_forms(query);
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut candidates = i64::from(limit) * SPARE;
        loop {
            let all = (query, others.as_str());
            let ranked = best(&mut tx, all, (vector, meaning), beside, (candidates, i64::from(limit))).await?;
            // Beside the candidates of the house stand those of the other model alone.
            let house = |ranked: &[Ranked]| ranked.iter().filter(|one| one.place.is_none()).count();
            let all = i64::try_from(house(&ranked)).is_ok_and(|found| found < candidates);
            let ranked = once(ranked);
            if all || house(&ranked) >= wanted || candidates >= MAX_CANDIDATES {
                let part = ranked.iter().any(|one| one.place.is_some());
                return Ok((fused(ranked, wanted), part));
            }
            candidates = (candidates * SPARE).min(MAX_CANDIDATES);
        }
    }
}

/// Puts the best first; of two that score alike, the one that was.
fn by_score(hits: &mut [Hit]) {
    hits.sort_by(|a, b| b.passage.score.total_cmp(&a.passage.score));
}

/// What the reader says of a passage, from 0 to 1.
fn sure(answers: f64) -> f64 {
    1.0 / (1.0 + ((HALF_SURE - answers) / SURER).exp())
}

/// How many are wanted.
fn wanted(limit: Option<u32>) -> Result<u32, KnowledgeError> {
    let limit = limit.unwrap_or(5);
    if !(1..=MAX_PASSAGES).contains(&limit) {
        return Err(KnowledgeError::field("limit", text!("Use a number from 1 to {most}.", most = MAX_PASSAGES)));
    }
    Ok(limit)
}

/// The passages that fit best, at most so many, and beside them so many that are nearest to what another model has made of the question. What the query
/// says in `others`, too, finds passages; what it says itself is what a passage may hold all of.
async fn best(
    tx: &mut TenantTx,
    (query, others): (&str, &str),
    (vector, meaning): (Option<&[f32]>, f64),
    beside: Option<&Vectors>,
    (limit, near): (i64, i64),
) -> Result<Vec<Ranked>, KnowledgeError> {
    let beside = beside.and_then(|made| Some((made.set.to_string(), made.vectors.first()?.as_slice())));
    let (set, beside) = beside.unzip();
    let rows = sqlx::query!(
        r#"with terms as (
                 select way.term, bool_or(way.own) as own
                 from (select distinct language from app.documents) l cross join lateral (
                   select t.lexeme as term, true as own from unnest(to_tsvector(l.language::regconfig, $1)) t
                   union all
                   select t.lexeme, false from unnest(to_tsvector(l.language::regconfig, $6)) t
                 ) way
                 group by way.term
               ),
               size as (select count(*)::float8 as chunks, coalesce(avg(term_count), 1)::float8 as terms from app.chunks),
               weights as (
                 select terms.term, terms.own,
                   ln(1 + (size.chunks - count(p.chunk_id) + 0.5) / (count(p.chunk_id) + 0.5)) as rarity
                 from terms cross join size left join app.chunk_terms p on p.term = terms.term
                 group by terms.term, terms.own, size.chunks
               ),
               words as (
                 select p.chunk_id,
                   sum(w.rarity * p.frequency * 2.2 / (p.frequency + 1.2 * (0.25 + 0.75 * c.term_count / size.terms)))
                     / (2.2 * (select sum(rarity) from weights where own)) as share
                 from weights w join app.chunk_terms p on p.term = w.term
                 join app.chunks c on c.chunk_id = p.chunk_id cross join size
                 group by p.chunk_id
               ),
               near as (
                 select chunk_id, 1 - (embedding <=> $2::real[]::vector) as cosine
                 from app.chunk_vectors where model_id = $3 and $2::real[] is not null
               ),
               beside as (
                 select chunk_id, row_number() over (order by embedding <=> $7::real[]::vector, chunk_id) as place
                 from app.chunk_vectors where model_id = $8::text and $7::real[] is not null
                 order by place limit $9::bigint
               )
               select c.chunk_id, c.document_id, c.title, c.text, d.kind = 'qa' as "pair!", near.cosine,
                 beside.place as "place?", least(coalesce(words.share, 0), 1)::float8 as "share!",
                 ($4 * greatest(coalesce(near.cosine, 0), 0) + (1 - $4) * least(coalesce(words.share, 0), 1))::float8 as "score!"
               from app.chunks c
               join app.documents d on d.document_id = c.document_id
               left join near on near.chunk_id = c.chunk_id
               left join words on words.chunk_id = c.chunk_id
               left join beside on beside.chunk_id = c.chunk_id
               where near.chunk_id is not null or words.chunk_id is not null or beside.chunk_id is not null
               order by beside.place is null, "score!" desc, c.chunk_id
               limit $5::bigint + $9::bigint"#,
        query,
        vector,
        MODEL_ID,
        if vector.is_some() { meaning } else { 0.0 },
        limit,
        others,
        beside,
        set,
        if beside.is_some() { near } else { 0 }
    )
    .fetch_all(tx)
    .await?;
    let ranked = rows.into_iter().map(|row| {
        let passage = Passage {
            chunk_id: ChunkId::from_uuid(row.chunk_id),
            document_id: DocumentId::from_uuid(row.document_id),
            title: row.title,
            text: row.text,
            #[allow(clippy::cast_possible_truncation, reason = "a share of one")]
            score: row.score.clamp(0.0, 1.0) as f32,
        };
        let hit = Hit { passage, pair: row.pair, meaning: row.cosine, words: row.share };
        Ranked { hit, score: row.score, place: row.place }
    });
    let mut ranked: Vec<Ranked> = ranked.collect();
    let id = |one: &Ranked| one.hit.passage.chunk_id.uuid();
    ranked.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| id(a).cmp(&id(b))));
    Ok(ranked)
}

/// The best of the house, so many, and half as many more that the other model alone finds nearest; in the order of both.
fn fused(mut ranked: Vec<Ranked>, wanted: usize) -> Vec<Hit> {
    let mut more = ranked.split_off(wanted.min(ranked.len()));
    more.retain(|one| one.place.is_some());
    more.sort_by_key(|one| one.place);
    more.truncate(wanted.div_ceil(2));
    if more.is_empty() && ranked.iter().all(|one| one.place.is_none()) {
        return ranked.into_iter().map(|one| one.hit).collect();
    }
    #[allow(clippy::cast_precision_loss, reason = "there are few places")]
    let worth = |place: usize| 1.0 / (FUSED + place as f64);
    let beside = |one: &Ranked| one.place.and_then(|place| usize::try_from(place).ok()).map_or(0.0, worth);
    let house = ranked.into_iter().zip(1..).map(|(one, place)| (worth(place) + beside(&one), one.hit));
    let more = more.into_iter().map(|one| (beside(&one), one.hit));
    let mut all: Vec<(f64, Hit)> = house.chain(more).collect();
    // Of two that are worth the same the house's comes first, as it stands.
    all.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    all.into_iter().map(|(_, hit)| hit).collect()
}

/// What a hit says, however it is spaced: its text, and of a pair its question above. A file that was uploaded twice is one answer.
fn says(hit: &Hit) -> String {
    let question = if hit.pair { hit.passage.title.as_str() } else { "" };
    let words = question.split_whitespace().chain(["\n"]).chain(hit.passage.text.split_whitespace());
    words.collect::<Vec<_>>().join(" ")
}

/// Hits without those that say the same as a better one.
fn once(ranked: Vec<Ranked>) -> Vec<Ranked> {
    let mut said = HashSet::new();
    ranked.into_iter().filter(|one| said.insert(says(&one.hit))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn ranked(text: &str, score: f64, place: Option<i64>) -> Ranked {
        let (chunk_id, document_id) = (ChunkId::from_uuid(Uuid::nil()), DocumentId::from_uuid(Uuid::nil()));
        let passage = Passage { chunk_id, document_id, title: String::new(), text: text.to_owned(), score: 0.0 };
        Ranked { hit: Hit { passage, pair: false, meaning: None, words: 0.0 }, score, place }
    }

    fn texts(hits: &[Hit]) -> Vec<&str> {
        hits.iter().map(|hit| hit.passage.text.as_str()).collect()
    }

    #[test]
    fn what_another_model_finds_comes_beside_what_the_house_does_and_takes_no_place() {
        let alone = fused(vec![ranked("a", 0.9, None), ranked("b", 0.5, None), ranked("c", 0.4, None)], 2);
        assert_eq!(texts(&alone), ["a", "b"]);
        let both = vec![
            ranked("a", 0.9, None),
            ranked("b", 0.5, Some(2)),
            ranked("c", 0.4, None),
            ranked("d", 0.0, Some(3)),
            ranked("e", 0.0, Some(1)),
        ];
        // Both know the second one; of those that the other model alone knows there is room for its nearest.
        assert_eq!(texts(&fused(both, 2)), ["b", "a", "e"]);
        assert_eq!(texts(&fused(vec![ranked("a", 0.0, Some(1))], 5)), ["a"]);
    }

    #[test]
    fn what_says_the_same_as_a_better_one_is_left_out() {
        let all = vec![ranked("a  b", 0.9, None), ranked("a b", 0.5, Some(1)), ranked("c", 0.4, None)];
        let all: Vec<Hit> = once(all).into_iter().map(|one| one.hit).collect();
        assert_eq!(texts(&all), ["a  b", "c"]);
    }
}
