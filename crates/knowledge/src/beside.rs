//! A model of a tenant's own for the search, beside that of the house: what it has to do, and the job in which it reads documents.
//!
//! *Guarantees:* what it makes stands beside what the house makes of the same pieces, under the set that it is of, and is compared with that set
//! alone; so a search has all that it has without it, whatever becomes of the model, of its provider or of the choice. A turn of the job ends
//! after [`TURN`], so that others have theirs; what was read in it stays read. What a model refuses keeps nothing else from being read. Sets that
//! no model of the tenant's makes any more are deleted.

use crate::embedding::{MODEL_ID, input};
use crate::{Knowledge, KnowledgeError};
use futures_core::future::BoxFuture;
use model::TenantId;
use model::knowledge::{SearchFault, SearchProgress};
use model::permission::ReadDocuments;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use store::jobs::{self, Handler, Job, JobError, Lane, Task};
use store::services::timestamp;
use store::{Caller, Scope, StoreError};
use uuid::Uuid;
use words::{Language, Text};

/// What a text is. Some models read the two in different ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meant {
    /// What somebody asks.
    Question,
    /// What may answer it.
    Passage,
}

/// The choice of a tenant.
#[derive(Debug, Clone, Default)]
pub struct Chosen {
    /// What the model is called that is used, and the set that it makes.
    pub on: Option<(String, Uuid)>,
    /// The sets of all of the tenant's models for the search, used or not.
    pub sets: Vec<Uuid>,
}

/// What a model has made of texts: one vector for each.
#[derive(Debug, Clone)]
pub struct Vectors {
    /// The set that they belong to.
    pub set: Uuid,
    /// They, in the order of the texts.
    pub vectors: Vec<Vec<f32>>,
}

/// It has made nothing.
#[derive(Debug, Clone)]
pub struct Down {
    /// Why.
    pub why: Text,
    /// In what that lies.
    pub lies: Lies,
}

/// In what it lies that a model has made nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lies {
    /// In these texts: others may be read.
    InTexts,
    /// Perhaps in them: there are servers that come to grief over a text and do not say so.
    Perhaps,
    /// In something else.
    Elsewhere,
}

/// Asks the models that tenants have chosen for the search.
pub trait SearchModel: fmt::Debug + Send + Sync {
    /// What a tenant has chosen.
    fn chosen<'a>(&'a self, scope: &'a Scope) -> BoxFuture<'a, Result<Chosen, StoreError>>;

    /// What its model makes of texts, or nothing where none is chosen: of a question in two seconds at most, of so many passages as
    /// [`BATCH`] at most.
    fn vectors<'a>(
        &'a self,
        caller: &'a Caller,
        texts: &'a [String],
        meant: Meant,
    ) -> BoxFuture<'a, Result<Option<Vectors>, Down>>;
}

/// What the tenant's own model had to do with a search.
#[derive(Debug, Clone, PartialEq)]
pub enum Beside {
    /// None is chosen, or it has read nothing yet.
    None,
    /// What it finds nearest is among what was found.
    Used,
    /// It has not answered: it was searched without it.
    Down(Text),
}

/// Has a tenant's own model read the pieces that it has not read.
#[derive(Debug)]
pub struct EmbedPassages;

impl Job for EmbedPassages {
    const NAME: &'static str = "embed_passages";
    const LANE: Lane = Lane::Bulk;
    const DEADLINE: Duration = Duration::from_secs(3 * 60);
    /// A provider may be gone for days, and a budget used up until the next month: a month of tries, half an hour apart.
    const TRIES: i32 = 1_500;
    type Subject = TenantId;
}

/// Most pieces that a model is sent at once.
pub const BATCH: usize = 32;
/// How long a turn is, but for the batch, or the piece, in which that is over.
const TURN: Duration = Duration::from_secs(20);
/// Most vectors that are deleted in one transaction.
const DELETED: i64 = 1_000;
/// Characters of a piece that is too long for a model, when that is tried once more.
const SHORT: usize = 400;
/// While documents were read, or something was asked.
const READING: &str = "reading";
const ASKING: &str = "asking";
/// Most characters that are kept of why.
const WHY: usize = 500;

/// A piece that is to be read.
struct Piece {
    chunk_id: Uuid,
    title: String,
    text: String,
}

impl Piece {
    /// What a model is sent of it.
    fn input(&self) -> String {
        input(&self.title, &self.text)
    }
}

/// How far a model has gone through what it has not read: where its next turn goes on, so that pieces that it refuses keep none behind them from being
/// read, however many they are and however long each takes. When it has gone through all, it begins anew.
#[derive(Debug)]
struct Walk {
    set: Uuid,
    /// The last piece that was sent together with others.
    together: Uuid,
    /// The last one that was sent by itself, of those that were refused together.
    alone: Uuid,
    /// Why one was refused also by itself.
    refused: Option<Text>,
    /// The last piece of what no answer has come to, perhaps for what it says.
    unanswered: Option<Uuid>,
}

impl Walk {
    /// Whether it goes on though no answer has come to what ends with this piece: where none came the last time, either, so that it seems to lie in that.
    fn passes_over(&mut self, piece: Uuid) -> bool {
        self.unanswered.replace(piece) == Some(piece)
    }
}

/// The walks that are under way, each tenant's. A copy is the same. They are known in this process alone: another one begins at the beginning.
#[derive(Debug, Clone, Default)]
pub(crate) struct Walks(Arc<Mutex<HashMap<TenantId, Walk>>>);

impl Walks {
    /// Where a tenant's goes on that reads for this set.
    fn take(&self, tenant: TenantId, set: Uuid) -> Walk {
        let begun = self.lock().remove(&tenant).filter(|walk| walk.set == set);
        begun.unwrap_or(Walk { set, together: Uuid::nil(), alone: Uuid::nil(), refused: None, unanswered: None })
    }

    fn keep(&self, tenant: TenantId, walk: Walk) {
        self.lock().insert(tenant, walk);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TenantId, Walk>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A turn of the job.
struct Turn<'t> {
    model: &'t dyn SearchModel,
    caller: &'t Caller,
    began: Instant,
    walk: Walk,
    /// Whether something was read in it.
    any: bool,
    /// Why something was refused in it.
    refused: Option<Text>,
}

/// How a turn ends.
enum Ended {
    /// The model has gone through all: what is not read it refuses.
    All,
    /// It is over.
    Time,
    /// The model does not answer.
    Down(Text),
    /// Another set is made now, or none.
    Changed,
}

/// What a model has made of texts that were sent together.
enum Made {
    Vectors(Vec<Vec<f32>>),
    /// Nothing, which lies in them.
    Refused(Text),
    /// Nothing, which may lie in them.
    Unanswered(Text),
    /// Nothing, whatever they are.
    Down(Text),
    /// Another set is made now, or none.
    Changed,
}

impl Turn<'_> {
    fn is_over(&self) -> bool {
        self.began.elapsed() >= TURN
    }

    async fn made(&self, texts: &[String]) -> Made {
        match self.model.vectors(self.caller, texts, Meant::Passage).await {
            Ok(Some(made)) if made.set == self.walk.set => Made::Vectors(made.vectors),
            Ok(_) => Made::Changed,
            Err(Down { why, lies: Lies::InTexts }) => Made::Refused(why),
            Err(Down { why, lies: Lies::Perhaps }) => Made::Unanswered(why),
            Err(Down { why, lies: Lies::Elsewhere }) => Made::Down(why),
        }
    }

    /// What it makes of a piece by itself, if need be of its beginning.
    async fn made_alone(&self, piece: &Piece) -> Made {
        let whole = piece.input();
        let short: String = whole.chars().take(SHORT).collect();
        match self.made(&[whole]).await {
            Made::Refused(_) => self.made(&[short]).await,
            made => made,
        }
    }
}

impl Handler<EmbedPassages> for Knowledge {
    async fn run(&self, task: &Task<EmbedPassages>) -> Result<(), JobError> {
        let (scope, caller, began) = (task.scope(), task.caller(), Instant::now());
        let Some(model) = &self.search_model else { return Ok(()) };
        let chosen = model.chosen(scope).await?;
        let mut kept: Vec<String> = chosen.sets.iter().map(Uuid::to_string).collect();
        kept.push(MODEL_ID.to_owned());
        self.forget_sets(scope, &kept).await?;
        let Some((_, set)) = chosen.on else { return Ok(self.reads_on(scope).await?) };
        let walk = self.walks.take(scope.tenant(), set);
        let mut turn = Turn { model: model.as_ref(), caller: &caller, began, walk, any: false, refused: None };
        let ended = self.turn(&mut turn).await;
        let Turn { walk, any, refused, .. } = turn;
        let left = walk.refused.clone();
        if !matches!(ended, Ok(Ended::All | Ended::Changed)) {
            self.walks.keep(scope.tenant(), walk);
        }
        match (ended?, left, refused) {
            (Ended::All, None, _) => Ok(self.reads_on(scope).await?),
            (Ended::All, Some(why), _) | (Ended::Down(why), ..) => Err(self.stopped(scope, &why).await),
            // A job for that is there already.
            (Ended::Changed, ..) => Ok(()),
            // All of it: it is not asked on and on.
            (Ended::Time, _, Some(why)) if !any => Err(self.stopped(scope, &why).await),
            // Nor do tries add up, as long as something is read in each.
            (Ended::Time, ..) => Ok(self.read_for_search(scope).await?),
        }
    }

    async fn gave_up(&self, task: &Task<EmbedPassages>, error: &str) -> Result<(), JobError> {
        tracing::warn!(tenant = %task.subject(), error, "a model for the search reads on no more");
        Ok(self.note(task.scope(), READING, error).await?)
    }
}

impl Knowledge {
    /// The same with what asks the models that tenants have chosen for the search.
    pub fn with_search_model(self, model: impl SearchModel + 'static) -> Self {
        Self { search_model: Some(Arc::new(model)), ..self }
    }

    /// Has a tenant's own model read what it has not read, and forgets what none reads by any more.
    ///
    /// # Errors
    /// The database's.
    #[tracing::instrument(name = "db.search.read", skip_all)]
    pub async fn read_for_search(&self, scope: &Scope) -> Result<(), StoreError> {
        let mut tx = self.services.store.tenant(scope).await?;
        jobs::enqueue::<EmbedPassages>(&mut tx, &self.services, scope, scope.tenant()).await?;
        tx.commit().await?;
        self.services.wake_workers::<EmbedPassages>();
        Ok(())
    }

    /// How far the tenant's own model is with its documents, if one is chosen.
    ///
    /// # Errors
    /// [`KnowledgeError::Denied`], or the database's.
    #[tracing::instrument(name = "db.search.progress", skip_all)]
    pub async fn search_progress(&self, caller: &Caller) -> Result<SearchProgress, KnowledgeError> {
        let right = caller.may(ReadDocuments)?;
        let chosen = match &self.search_model {
            Some(model) => model.chosen(right.scope()).await?,
            None => Chosen::default(),
        };
        let mut progress = SearchProgress { model: None, read: 0, all: 0, reading: None, asking: None };
        let Some((name, set)) = chosen.on else { return Ok(progress) };
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let counts = sqlx::query!(
            r#"select (select count(*) from app.chunks) as "all!",
                 (select count(*) from app.chunk_vectors where model_id = $1) as "read!""#,
            set.to_string()
        );
        let counts = counts.fetch_one(&mut tx).await?;
        let since = self.services.now() - time::Duration::days(1);
        let faults =
            sqlx::query!("select during, why, at from app.search_faults where during = $1 or at > $2", READING, since);
        for row in faults.fetch_all(&mut tx).await? {
            let place = if row.during == READING { &mut progress.reading } else { &mut progress.asking };
            *place = Some(SearchFault { why: row.why, at: timestamp(row.at) });
        }
        tx.leave_open();
        let number = |n: i64| u64::try_from(n).unwrap_or_default();
        Ok(SearchProgress { model: Some(name), read: number(counts.read), all: number(counts.all), ..progress })
    }

    /// What the tenant's own model makes of a question, as it is sent; and how long it was waited for, where there is one.
    pub(crate) async fn asked_beside(&self, caller: &Caller, sent: &str) -> (Option<Vectors>, Beside, Duration) {
        let Some(model) = &self.search_model else { return (None, Beside::None, Duration::ZERO) };
        let (texts, began) = ([sent.to_owned()], Instant::now());
        match model.vectors(caller, &texts, Meant::Question).await {
            Ok(None) => (None, Beside::None, Duration::ZERO),
            Ok(Some(made)) => (Some(made), Beside::Used, began.elapsed()),
            Err(Down { why, .. }) => {
                let waited = began.elapsed();
                if let Err(error) = self.note(caller.scope(), ASKING, &why.say(Language::English)).await {
                    tracing::warn!(%error, "that a question was searched without the tenant's own model could not be noted");
                }
                (None, Beside::Down(why), waited)
            }
        }
    }

    /// Whether a tenant has chosen a model of its own.
    pub(crate) async fn has_search_model(&self, scope: &Scope) -> Result<bool, StoreError> {
        match &self.search_model {
            Some(model) => Ok(model.chosen(scope).await?.on.is_some()),
            None => Ok(false),
        }
    }

    /// What a turn does: pieces are sent together as far as there are any, then one by one those that were refused so.
    async fn turn(&self, turn: &mut Turn<'_>) -> Result<Ended, StoreError> {
        let (scope, set) = (turn.caller.scope(), turn.walk.set);
        loop {
            if turn.is_over() {
                return Ok(Ended::Time);
            }
            let pieces = self.unread(scope, set, turn.walk.together).await?;
            let Some(last) = pieces.last() else { break };
            let texts: Vec<String> = pieces.iter().map(Piece::input).collect();
            match turn.made(&texts).await {
                Made::Vectors(vectors) => {
                    let read: Vec<_> = pieces.iter().map(|piece| piece.chunk_id).zip(vectors).collect();
                    self.keep(scope, set, &read).await?;
                    turn.any |= !read.is_empty();
                }
                Made::Refused(why) => turn.refused = Some(why),
                Made::Unanswered(why) if turn.walk.passes_over(last.chunk_id) => turn.refused = Some(why),
                Made::Unanswered(why) | Made::Down(why) => return Ok(Ended::Down(why)),
                Made::Changed => return Ok(Ended::Changed),
            }
            turn.walk.together = last.chunk_id;
        }
        loop {
            let pieces = self.unread(scope, set, turn.walk.alone).await?;
            if pieces.is_empty() {
                return Ok(Ended::All);
            }
            for piece in &pieces {
                if turn.is_over() {
                    return Ok(Ended::Time);
                }
                let refused = match turn.made_alone(piece).await {
                    Made::Vectors(vectors) => {
                        let read: Vec<_> = vectors.into_iter().take(1).map(|vector| (piece.chunk_id, vector)).collect();
                        self.keep(scope, set, &read).await?;
                        turn.any |= !read.is_empty();
                        None
                    }
                    Made::Refused(why) => Some(why),
                    Made::Unanswered(why) if turn.walk.passes_over(piece.chunk_id) => Some(why),
                    Made::Unanswered(why) | Made::Down(why) => return Ok(Ended::Down(why)),
                    Made::Changed => return Ok(Ended::Changed),
                };
                if let Some(why) = refused {
                    turn.walk.refused = Some(why.clone());
                    turn.refused = Some(why);
                }
                turn.walk.alone = piece.chunk_id;
            }
        }
    }

    /// The next pieces that are not in a set.
    async fn unread(&self, scope: &Scope, set: Uuid, after: Uuid) -> Result<Vec<Piece>, StoreError> {
        let mut tx = self.services.store.tenant(scope).await?;
        let pieces = sqlx::query_as!(
            Piece,
            "select c.chunk_id, c.title, c.text from app.chunks c
             where c.chunk_id > $2 and not exists (
               select from app.chunk_vectors v where v.tenant_id = c.tenant_id and v.chunk_id = c.chunk_id and v.model_id = $1)
             order by c.chunk_id limit $3",
            set.to_string(),
            after,
            BATCH as i64
        );
        let pieces = pieces.fetch_all(&mut tx).await?;
        tx.commit().await?;
        Ok(pieces)
    }

    /// Keeps what was made of pieces that are still there. (One that goes at this moment fails it; then the job is done again.)
    async fn keep(&self, scope: &Scope, set: Uuid, read: &[(Uuid, Vec<f32>)]) -> Result<(), StoreError> {
        let Some(numbers) = read.first().map(|(_, vector)| vector.len()) else { return Ok(()) };
        let ids: Vec<Uuid> = read.iter().map(|(id, _)| *id).collect();
        let vectors: Vec<f32> = read.iter().flat_map(|(_, vector)| vector.iter().copied()).collect();
        let mut tx = self.services.store.tenant(scope).await?;
        sqlx::query!(
            "insert into app.chunk_vectors (tenant_id, chunk_id, model_id, embedding)
             select c.tenant_id, c.chunk_id, $2, ($3::real[])[(made.n::int - 1) * $4 + 1 : made.n::int * $4]::vector
             from unnest($1::uuid[]) with ordinality as made (id, n) join app.chunks c on c.chunk_id = made.id
             on conflict do nothing",
            &ids,
            set.to_string(),
            &vectors,
            i32::try_from(numbers).unwrap_or(i32::MAX)
        )
        .execute(&mut tx)
        .await?;
        tx.commit().await
    }

    /// Deletes what is in no set of these.
    async fn forget_sets(&self, scope: &Scope, kept: &[String]) -> Result<(), StoreError> {
        loop {
            let mut tx = self.services.store.tenant(scope).await?;
            let gone = sqlx::query!(
                "delete from app.chunk_vectors where (chunk_id, model_id) in (
                   select chunk_id, model_id from app.chunk_vectors where model_id <> all($1) limit $2)",
                kept,
                DELETED
            );
            let gone = gone.execute(&mut tx).await?;
            tx.commit().await?;
            if gone.rows_affected() == 0 {
                return Ok(());
            }
        }
    }

    /// Notes why a model has not answered: the same once a minute at most, so that many who ask write no more.
    async fn note(&self, scope: &Scope, during: &str, why: &str) -> Result<(), StoreError> {
        let (now, why) = (self.services.now(), why.chars().take(WHY).collect::<String>());
        let why = if why.is_empty() { "?".to_owned() } else { why };
        let mut tx = self.services.store.tenant(scope).await?;
        sqlx::query!(
            "insert into app.search_faults as known (tenant_id, during, why, at) values ($1, $2, $3, $4)
             on conflict (tenant_id, during) do update set why = excluded.why, at = excluded.at
             where known.at < $5 or known.why <> excluded.why",
            scope.tenant().uuid(),
            during,
            why,
            now,
            now - time::Duration::minutes(1)
        )
        .execute(&mut tx)
        .await?;
        tx.commit().await
    }

    /// A model does not read on: that is noted, and what the job says.
    async fn stopped(&self, scope: &Scope, why: &Text) -> JobError {
        let why = why.say(Language::English);
        match self.note(scope, READING, &why).await {
            Ok(()) => JobError::Retry(why),
            Err(error) => error.into(),
        }
    }

    /// Nothing keeps a model from reading.
    async fn reads_on(&self, scope: &Scope) -> Result<(), StoreError> {
        let mut tx = self.services.store.tenant(scope).await?;
        sqlx::query!("delete from app.search_faults where during = $1", READING).execute(&mut tx).await?;
        tx.commit().await
    }
}
