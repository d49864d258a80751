//! A tenant's own model reads what it has not read, once, for its tenant alone. Who makes vectors is played: how providers do, `llm` knows.

use crate::stage::{Stage, file};
use futures_core::future::BoxFuture;
use knowledge::{
    BATCH, Beside, Chosen, Down, EmbedPassages, IndexDocument, Knowledge, Lies, Meant, SearchModel, Vectors,
};
use model::TenantId;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use store::jobs::{End, Registry, Slots, Worker};
use store::{Caller, Scope, StoreError};
use time::Duration;
use uuid::Uuid;
use words::Text;

/// What is played.
#[derive(Debug, Default)]
struct Play {
    /// The sets that tenants have chosen.
    sets: BTreeMap<TenantId, Uuid>,
    /// Calls that are still answered, where not all are.
    left: Option<usize>,
    /// What has this in it is not read, and in what that lies.
    refuses: Option<(&'static str, Lies)>,
    /// What was sent, and for whom.
    sent: Vec<(TenantId, Meant, usize)>,
}

#[derive(Debug, Clone, Default)]
struct Played(Arc<Mutex<Play>>);

impl Played {
    fn choose(&self, tenant: TenantId, set: u128) {
        self.0.lock().unwrap().sets.insert(tenant, Uuid::from_u128(set));
    }

    fn answers(&self, left: Option<usize>) {
        self.0.lock().unwrap().left = left;
    }

    fn refuses(&self, what: Option<(&'static str, Lies)>) {
        self.0.lock().unwrap().refuses = what;
    }

    /// Passages that were sent since the last time, call by call.
    fn passages(&self) -> Vec<usize> {
        let sent = std::mem::take(&mut self.0.lock().unwrap().sent);
        sent.into_iter().filter(|(_, meant, _)| *meant == Meant::Passage).map(|(.., texts)| texts).collect()
    }
}

impl SearchModel for Played {
    fn chosen<'a>(&'a self, scope: &'a Scope) -> BoxFuture<'a, Result<Chosen, StoreError>> {
        let set = self.0.lock().unwrap().sets.get(&scope.tenant()).copied();
        let chosen = Chosen { on: set.map(|set| ("played".to_owned(), set)), sets: set.into_iter().collect() };
        Box::pin(async move { Ok(chosen) })
    }

    fn vectors<'a>(
        &'a self,
        caller: &'a Caller,
        texts: &'a [String],
        meant: Meant,
    ) -> BoxFuture<'a, Result<Option<Vectors>, Down>> {
        let tenant = caller.scope().tenant();
        let mut play = self.0.lock().unwrap();
        let answered = play.left.is_none_or(|left| left > 0);
        play.left = play.left.map(|left| left.saturating_sub(1));
        let set = play.sets.get(&tenant).copied();
        play.sent.extend(set.map(|_| (tenant, meant, texts.len())));
        // How often the letter of each place stands in a text.
        let one = |text: &String| ('a'..='z').map(|c| text.matches(c).count() as f32 + 0.1).collect();
        let made = set.map(|set| Vectors { set, vectors: texts.iter().map(one).collect() });
        let refused = play.refuses.filter(|(word, _)| texts.iter().any(|text| text.contains(word)));
        let made = match refused {
            _ if !answered => Err(Down { why: Text::plain("Not now."), lies: Lies::Elsewhere }),
            Some((_, lies)) => Err(Down { why: Text::plain("Too long."), lies }),
            None => Ok(made),
        };
        Box::pin(async move { made })
    }
}

/// Knowledge with it, and what does its jobs. The house has words alone.
async fn stage() -> (Stage, Knowledge, Played) {
    let (stage, played) = (Stage::with(None).await, Played::default());
    let knowledge = Knowledge::new(stage.db.services.clone(), None).with_search_model(played.clone());
    (stage, knowledge, played)
}

async fn jobs(stage: &Stage, knowledge: &Knowledge) -> Vec<End> {
    let registry = Registry::default().with::<IndexDocument>(knowledge.clone());
    let registry = registry.with::<EmbedPassages>(knowledge.clone());
    Worker::new(stage.db.services.clone(), registry, Slots::default()).run_due().await.unwrap()
}

/// So many pairs.
fn pairs(many: usize) -> String {
    answered(many, "Answer")
}

/// So many pairs whose answers begin like this.
fn answered(many: usize, with: &str) -> String {
    let pairs = (0..many).map(|n| format!("Question {n}?,{with} {n}.\n"));
    std::iter::once("question,answer\n".to_owned()).chain(pairs).collect()
}

/// Pairs that the model of a tenant does not read, read by the house before others that it takes; and the model, chosen now.
async fn stage_with_refused(refused: usize, lies: Lies, taken: usize) -> (Stage, Knowledge, Played) {
    let (stage, knowledge, played) = stage().await;
    let aurora = &stage.two.aurora;
    for (name, text) in [("odd.csv", answered(refused, "Quokka")), ("faq.csv", pairs(taken))] {
        knowledge.upload(&aurora.owner, file(name, text)).await.unwrap();
        assert_eq!(jobs(&stage, &knowledge).await, [End::Done]);
    }
    played.refuses(Some(("Quokka", lies)));
    played.choose(aurora.id, 1);
    knowledge.read_for_search(aurora.owner.scope()).await.unwrap();
    (stage, knowledge, played)
}

#[tokio::test]
async fn what_was_read_stays_read_and_is_sent_once() {
    let (stage, knowledge, played) = stage().await;
    let (aurora, borealis) = (&stage.two.aurora, &stage.two.borealis);
    played.choose(aurora.id, 1);
    knowledge.upload(&aurora.owner, file("faq.csv", pairs(BATCH + 8))).await.unwrap();
    knowledge.upload(&borealis.owner, file("faq.csv", pairs(3))).await.unwrap();
    played.answers(Some(1));
    let ends = jobs(&stage, &knowledge).await;
    assert_eq!(ends.iter().filter(|end| **end == End::Later).count(), 1, "{ends:?}");
    assert_eq!(played.passages(), [BATCH, 8]);
    let progress = knowledge.search_progress(&aurora.owner).await.unwrap();
    assert_eq!((progress.read, progress.all), (BATCH as u64, BATCH as u64 + 8));
    assert_eq!(progress.reading.unwrap().why, "Not now.");
    played.answers(None);
    stage.db.clock.advance(Duration::minutes(1));
    assert_eq!(jobs(&stage, &knowledge).await, [End::Done]);
    assert_eq!(played.passages(), [8], "nothing is sent a second time");
    let progress = knowledge.search_progress(&aurora.owner).await.unwrap();
    assert_eq!((progress.model.as_deref(), progress.read, progress.reading), (Some("played"), BATCH as u64 + 8, None));
    // The neighbour has chosen nothing, and nothing of it is sent.
    let none = knowledge.search_progress(&borealis.owner).await.unwrap();
    assert_eq!((none.model, none.read, none.all), (None, 0, 0));
    let (key, sent) = (&borealis.key, "Question 1?");
    assert_eq!(knowledge.look(key, (sent, sent), 5).await.unwrap().beside, Beside::None);
    assert!(played.0.lock().unwrap().sent.is_empty());
}

#[tokio::test]
async fn what_it_finds_is_added_and_sets_are_never_mixed() {
    let (stage, knowledge, played) = stage().await;
    let aurora = &stage.two.aurora;
    knowledge.upload(&aurora.owner, file("a.txt", "Zebras buzz.")).await.unwrap();
    knowledge.upload(&aurora.owner, file("b.txt", "Quokkas quack.")).await.unwrap();
    jobs(&stage, &knowledge).await;
    let found = async |words: &str, sent: &str| {
        let looked = knowledge.look(&aurora.key, (words, sent), 1).await.unwrap();
        let texts: Vec<String> = looked.hits.into_iter().map(|hit| hit.passage.text).collect();
        (texts, looked.beside)
    };
    assert_eq!(found("zebras", "qqq").await, (vec!["Zebras buzz.".to_owned()], Beside::None));
    played.choose(aurora.id, 1);
    knowledge.read_for_search(aurora.owner.scope()).await.unwrap();
    // It is asked, and has no part in anything before it has read something.
    assert_eq!(found("zebras", "qqq").await, (vec!["Zebras buzz.".to_owned()], Beside::None));
    jobs(&stage, &knowledge).await;
    let (texts, beside) = found("zebras", "qqq").await;
    assert_eq!((texts.len(), texts[0].as_str(), beside), (2, "Zebras buzz.", Beside::Used));
    assert_eq!(found("nothing", "qqq").await.0, ["Quokkas quack."]);
    // Another set is empty until something was read for it; what was read for the one before is gone then.
    played.choose(aurora.id, 2);
    assert!(found("nothing", "qqq").await.0.is_empty());
    knowledge.read_for_search(aurora.owner.scope()).await.unwrap();
    jobs(&stage, &knowledge).await;
    assert_eq!(found("nothing", "qqq").await.0, ["Quokkas quack."]);
    let sets = "select count(distinct model_id) from app.chunk_vectors";
    let sets: i64 = sqlx::query_scalar(sets).fetch_one(&mut stage.db.superuser().await).await.unwrap();
    assert_eq!(sets, 1);
    // Without its answer nothing is lost, and why is known.
    played.answers(Some(0));
    let (texts, beside) = found("zebras", "qqq").await;
    assert_eq!((texts.len(), beside), (1, Beside::Down(Text::plain("Not now."))));
    let progress = knowledge.search_progress(&aurora.owner).await.unwrap();
    assert_eq!(progress.asking.unwrap().why, "Not now.");
}

#[tokio::test]
async fn what_it_refuses_waits_until_the_rest_is_read() {
    let (stage, knowledge, played) = stage_with_refused(1, Lies::InTexts, BATCH + 2).await;
    let owner = &stage.two.aurora.owner;
    assert_eq!(jobs(&stage, &knowledge).await, [End::Later]);
    // Those that came together with it, by themselves; and it once more, shortened.
    let sent = [vec![BATCH, 3], vec![1; BATCH + 1]].concat();
    assert_eq!(played.passages(), sent);
    let progress = knowledge.search_progress(owner).await.unwrap();
    assert_eq!((progress.read, progress.all), (BATCH as u64 + 2, BATCH as u64 + 3));
    assert_eq!(progress.reading.unwrap().why, "Too long.");
    // It is tried again, and what comes later is read all the same.
    knowledge.upload(owner, file("late.csv", pairs(2))).await.unwrap();
    assert_eq!(jobs(&stage, &knowledge).await, [End::Done, End::Later]);
    assert_eq!(knowledge.search_progress(owner).await.unwrap().read, BATCH as u64 + 4);
    played.refuses(None);
    stage.db.clock.advance(Duration::minutes(1));
    assert_eq!(jobs(&stage, &knowledge).await, [End::Done]);
    let progress = knowledge.search_progress(owner).await.unwrap();
    assert_eq!((progress.read, progress.reading), (progress.all, None));
}

#[tokio::test]
async fn a_turn_goes_on_where_the_last_one_has_stopped_however_much_is_refused() {
    let (stage, knowledge, played) = stage_with_refused(4, Lies::InTexts, 4).await;
    let owner = &stage.two.aurora.owner;
    let mut read = Vec::new();
    for _ in 0..3 {
        // All together, and two pieces as they are and shortened: no turn comes further than that.
        played.answers(Some(5));
        assert_eq!(jobs(&stage, &knowledge).await, [End::Later]);
        read.push(knowledge.search_progress(owner).await.unwrap().read);
        stage.db.clock.advance(Duration::minutes(1));
    }
    assert_eq!(read, [0, 1, 4]);
    assert_eq!(knowledge.search_progress(owner).await.unwrap().reading.unwrap().why, "Too long.");
    played.answers(None);
    played.refuses(None);
    played.passages();
    assert_eq!(jobs(&stage, &knowledge).await, [End::Done]);
    assert_eq!(played.passages(), [4], "what was refused, and nothing else");
}

#[tokio::test]
async fn what_gets_no_answer_twice_is_passed_over_like_what_is_refused() {
    let (stage, knowledge, played) = stage_with_refused(1, Lies::Perhaps, BATCH + 2).await;
    let owner = &stage.two.aurora.owner;
    // It may be the model; then it seems to be something in these, and what is behind them is read; then it is known what.
    for (sent, read) in [(vec![BATCH], 0), (vec![BATCH, 3, 1], 3), (vec![1; BATCH], BATCH + 2)] {
        assert_eq!(jobs(&stage, &knowledge).await, [End::Later]);
        let progress = knowledge.search_progress(owner).await.unwrap();
        assert_eq!((played.passages(), progress.read), (sent, read as u64));
        assert_eq!(progress.reading.unwrap().why, "Too long.");
        stage.db.clock.advance(Duration::minutes(1));
    }
    played.refuses(None);
    assert_eq!(jobs(&stage, &knowledge).await, [End::Done]);
    assert_eq!(played.passages(), [1]);
}
