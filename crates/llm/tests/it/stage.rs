//! Two tenants, a model server, and what asks it.

use llm::{Ask, Key, Llm, LlmError, NewModel, Outbound, Patience, Piece, Said, Speaker, Turn};
use model::llm::{Micros, Model, Prices, Use, Wire};
use std::time::Duration;
use store::Caller;
use store::sealing::Sealer;
use testkit::{ModelServer, TestDb, Two, secret};
use tokio::sync::mpsc;

/// So long that only what never ends is caught by it.
pub const NEVER: Patience = Patience { idle: Duration::from_secs(60), whole: Duration::from_secs(120) };
/// The keys of both tenants.
pub const AURORA: &str = "sk-aurora-0123456789abcd";
pub const BOREALIS: &str = "sk-borealis-0123456789wxyz";

pub struct Stage {
    pub two: Two,
    pub server: ModelServer,
    pub llm: Llm,
    // Last, so that the database outlives the rest.
    pub db: TestDb,
}

impl Stage {
    pub async fn new() -> Self {
        let db = TestDb::new().await;
        // A budget that is spent is told of by a job, which nobody does here.
        db.leaves_waiting_jobs();
        let two = Two::new(&db).await;
        let llm = process(&db, true, NEVER);
        Self { two, server: ModelServer::start().await, llm, db }
    }

    /// What asks in another process, of the same installation.
    pub fn process(&self) -> Llm {
        process(&self.db, true, NEVER)
    }

    /// The same that may not ask in private networks.
    pub fn guarded(&self) -> Llm {
        process(&self.db, false, NEVER)
    }

    /// The same that waits for nobody.
    pub fn hasty(&self) -> Llm {
        let patience = Patience { idle: Duration::from_millis(300), whole: Duration::from_secs(120) };
        process(&self.db, true, patience)
    }

    /// Adds a model at the server, which is on.
    pub async fn add(&self, caller: &Caller, wire: Wire, name: &str) -> Model {
        let key = if caller.scope().tenant() == self.two.aurora.id { AURORA } else { BOREALIS };
        self.llm.add(caller, model(wire, &self.server.address(wire), name, key)).await.unwrap()
    }

    /// The same with what it costs.
    pub async fn add_at(&self, caller: &Caller, input: i64, output: i64) -> Model {
        let mut new = model(Wire::OpenAi, &self.server.address(Wire::OpenAi), "priced", AURORA);
        new.prices = Some(prices(input, output));
        self.llm.add(caller, new).await.unwrap()
    }
}

fn process(db: &TestDb, private: bool, patience: Patience) -> Llm {
    let outbound = Outbound::new(private).unwrap();
    Llm::new(db.services.clone(), outbound, Sealer::of(&secret())).with_patience(patience, Duration::from_millis(1))
}

pub fn prices(input: i64, output: i64) -> Prices {
    Prices { input: Micros(input), cached: Micros(0), output: Micros(output), since: String::new() }
}

pub fn model(wire: Wire, address: &str, name: &str, key: &str) -> NewModel {
    let (name, address) = (name.to_owned(), address.to_owned());
    NewModel { wire, name, address, key: Key::new(key), on: true, uses: Use::All, images: false, prices: None }
}

/// What a contact asks.
pub fn question() -> Vec<Turn> {
    vec![Turn::said(Speaker::Contact, "What do you serve?")]
}

/// As it is asked.
pub fn brief(turns: &[Turn]) -> Ask<'_> {
    Ask { system: "Be brief.", turns, most: 100, within: NEVER.whole, ..Ask::default() }
}

/// Asks it, and listens.
pub async fn ask(llm: &Llm, caller: &Caller) -> (Result<Said, LlmError>, Vec<Piece>) {
    let (tell, mut told) = mpsc::channel(4);
    let hears = tokio::spawn(async move {
        let mut pieces = Vec::new();
        while let Some(piece) = told.recv().await {
            pieces.push(piece);
        }
        pieces
    });
    let turns = question();
    let said = llm.ask(caller, &brief(&turns), Some(&tell)).await;
    drop(tell);
    (said, hears.await.unwrap())
}

/// Asks it, and waits for the end.
pub async fn ask_whole(llm: &Llm, caller: &Caller) -> Result<Said, LlmError> {
    let turns = question();
    llm.ask(caller, &brief(&turns), None).await
}
