//! How long until the first words of an answer come through `Llm::ask`, for many that are asked one after the other and are under way at once.
//! For the race `bench/p9-first-token`: takes the address of a model's server, how many, and how many a second; prints JSON.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a tool of the race, not a part of the product")]

use llm::{Ask, Calls, Key, Llm, NewModel, Outbound, Speaker, Turn};
use model::llm::{Micros, Prices, Use, Wire};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use store::sealing::Sealer;
use testkit::{TestDb, Two, secret};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// How long one may take in all.
const WITHIN: Duration = Duration::from_secs(120);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut args = std::env::args().skip(1);
    let address = args.next().unwrap();
    let (streams, rate): (usize, f64) = (args.next().unwrap().parse().unwrap(), args.next().unwrap().parse().unwrap());
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let llm = Llm::new(db.services.clone(), Outbound::new(true).unwrap(), Sealer::of(&secret()));
    let llm = llm.with_calls(Calls { total: streams, each: streams });
    let prices =
        Prices { input: Micros(1_000_000), cached: Micros(100_000), output: Micros(2_000_000), since: String::new() };
    let new = NewModel {
        wire: Wire::OpenAi,
        name: "stand-in".to_owned(),
        address,
        key: Key::new("sk-0123456789abcdef"),
        on: true,
        uses: Use::All,
        images: false,
        prices: Some(prices),
    };
    llm.add(&two.aurora.owner, new).await.unwrap();
    llm.set_budget(&two.aurora.owner, Some(Micros::MAX), 100).await.unwrap();

    let (open, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let passage = r#"{"passages":[{"n":1,"text":"Unused goods may be returned within 60 days."}]}"#;
    let mut asks = JoinSet::new();
    let mut due = tokio::time::interval(Duration::from_secs_f64(1.0 / rate));
    for _ in 0..streams {
        let began = due.tick().await.into_std();
        let (llm, caller) = (llm.clone(), two.aurora.key.clone());
        let (open, most) = (Arc::clone(&open), Arc::clone(&most));
        asks.spawn(async move {
            most.fetch_max(open.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            let (tell, mut told) = mpsc::channel(8);
            let hears = tokio::spawn(async move {
                let first = told.recv().await.map(|_| Instant::now().duration_since(began));
                while told.recv().await.is_some() {}
                first
            });
            let turns = [Turn::said(Speaker::Contact, passage)];
            let ask =
                Ask { system: "Answer from the passages.", turns: &turns, most: 700, within: WITHIN, ..Ask::default() };
            let said = llm.ask(&caller, &ask, Some(&tell)).await;
            drop(tell);
            open.fetch_sub(1, Ordering::Relaxed);
            let first = hears.await.unwrap();
            said.map(|_| first.map_or(0.0, |first| first.as_secs_f64() * 1_000.0)).map_err(|error| error.to_string())
        });
    }
    let (mut first, mut errors) = (Vec::new(), BTreeMap::<String, u32>::new());
    for came in asks.join_all().await {
        match came {
            Ok(ms) => first.push(ms),
            Err(error) => *errors.entry(error).or_default() += 1,
        }
    }
    let most = most.load(Ordering::Relaxed);
    println!("{}", serde_json::json!({ "first": first, "most": most, "errors": errors }));
}
