#![doc = include_str!("../README.md")]

use assistant::{Answering, Assistant};
use conversations::{AnswerContact, Conversations, FirstWidget, HandedOn};
use identity::{AttemptLimits, Identity, Passkeys, Passwords, Post, Providers, SendInvitation, SendLetter};
use knowledge::{Embedder, IndexDocument, Knowledge};
use llm::{Llm, Outbound};
use model::{Fault, Problem};
use store::jobs::{Registry, Schedule, Slots, Worker};
use store::scope::SessionLifetime;
use store::sealing::Sealer;
use store::secret_key::SecretKey;
use store::sessions::Sessions;
use store::{Services, StoreError, events, jobs, scope};
use time::Duration;

/// Every capability; one for each process, cheap to clone.
#[derive(Debug, Clone)]
pub struct Capabilities {
    /// Store, clock and ids.
    pub services: Services,
    /// Where sessions are.
    pub sessions: Sessions,
    /// People and tenants.
    pub identity: Identity,
    /// Documents.
    pub knowledge: Knowledge,
    /// Models, and what they may cost.
    pub llm: Llm,
    /// What answers.
    pub assistant: Assistant,
    /// Conversations.
    pub conversations: Conversations,
}

/// What stands outside.
#[derive(Debug)]
pub struct Adapters {
    /// The installation's secret.
    pub secret: SecretKey,
    /// What seals secrets that the database keeps.
    pub sealer: Sealer,
    /// The threads that hash passwords.
    pub passwords: Passwords,
    /// Where letters go.
    pub post: Post,
    /// By whose word one signs in.
    pub providers: Providers,
    /// What asks at addresses that tenants have typed.
    pub outbound: Outbound,
    /// The embedding model; without it documents are searched by their words alone.
    pub embedder: Option<Embedder>,
}

/// Bounds from the settings.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits {
    /// How long a session lasts.
    pub session: SessionLifetime,
    /// How many sign-ins may fail.
    pub attempts: AttemptLimits,
}

impl Capabilities {
    /// Puts the capabilities together.
    pub fn build(services: Services, adapters: Adapters, limits: Limits) -> Self {
        let knowledge = Knowledge::new(services.clone(), adapters.embedder);
        let llm = Llm::new(services.clone(), adapters.outbound, adapters.sealer.clone());
        let assistant = Assistant::new(knowledge.clone());
        Self {
            sessions: Sessions::new(services.clone(), limits.session),
            identity: Identity::new(services.clone(), adapters.passwords, limits.attempts, &adapters.secret)
                .with_setups(vec![Box::new(FirstWidget(services.clone()))])
                .with_leaving(vec![Box::new(HandedOn(services.clone()))])
                .with_passkeys(Passkeys::at(&adapters.post.address))
                .with_post(adapters.post)
                .with_providers(adapters.providers)
                .with_sealer(adapters.sealer),
            assistant: assistant.with_models(services.clone(), llm.clone(), &adapters.secret),
            llm,
            conversations: Conversations::new(services.clone()),
            knowledge,
            services,
        }
    }

    /// Every kind of job, and who does it.
    fn jobs(&self) -> Registry {
        let answers = Answering { assistant: self.assistant.clone(), conversations: self.conversations.clone() };
        Registry::default()
            .with::<AnswerContact>(answers)
            .with::<IndexDocument>(self.knowledge.clone())
            .with::<SendLetter>(self.identity.clone())
            .with::<SendInvitation>(self.identity.clone())
    }

    /// What does the jobs.
    pub fn worker(&self, slots: Slots) -> Worker {
        Worker::new(self.services.clone(), self.jobs(), slots)
    }

    /// Seals everything anew that was sealed with an older key of the installation's; returns how much, and how much cannot be
    /// opened.
    ///
    /// # Errors
    /// The database's.
    pub async fn seal_anew(&self) -> Result<(u64, u64), StoreError> {
        let (identity, llm) = (self.identity.seal_anew().await?, self.llm.seal_anew().await?);
        Ok((identity.0 + llm.0, identity.1 + llm.1))
    }

    /// What is done again and again.
    pub fn schedules(&self) -> Vec<Schedule> {
        let (sessions, identity, services) = (self.sessions.clone(), self.identity.clone(), self.services.clone());
        let (letters, nonces, answers) = (identity.clone(), identity.clone(), identity.clone());
        let (browsers, dead, assistant) = (services.clone(), services.clone(), self.assistant.clone());
        let conversations = self.conversations.clone();
        vec![
            Schedule::new("delete_ended_sessions", Duration::minutes(10), move || {
                let sessions = sessions.clone();
                async move { sessions.delete_ended().await }
            }),
            Schedule::new("delete_old_events", Duration::hours(1), move || {
                let services = services.clone();
                async move { events::delete_old(&services).await }
            }),
            Schedule::new("forget_contact_sessions", Duration::hours(1), move || {
                let services = browsers.clone();
                async move { scope::forget_contact_sessions(&services).await }
            }),
            Schedule::new("delete_dead_jobs", Duration::hours(1), move || {
                let services = dead.clone();
                async move { jobs::delete_dead(&services).await }
            }),
            Schedule::new("delete_old_questions", Duration::hours(1), move || {
                let conversations = conversations.clone();
                async move { conversations.delete_old_questions().await }
            }),
            Schedule::new("delete_old_letters", Duration::hours(1), move || {
                let identity = letters.clone();
                async move { identity.delete_old_letters().await }
            }),
            Schedule::new("delete_old_nonces", Duration::minutes(10), move || {
                let identity = nonces.clone();
                async move { identity.delete_old_nonces().await }
            }),
            Schedule::new("delete_kept_answers", Duration::minutes(10), move || {
                let identity = answers.clone();
                async move { identity.delete_kept_answers().await }
            }),
            Schedule::new("delete_old_receipts", Duration::hours(1), move || {
                let assistant = assistant.clone();
                async move { assistant.delete_old_receipts().await }
            }),
            Schedule::new("delete_old_attempts", Duration::minutes(10), move || {
                let identity = identity.clone();
                async move { identity.delete_old_attempts().await }
            }),
        ]
    }
}

/// How an error looks from outside, to pages, REST and sockets alike. What is our fault is logged here, once; the
/// outside sees the problem alone.
pub fn problem(error: impl Fault) -> Problem {
    let problem = error.problem();
    if problem.status >= 500 {
        tracing::error!(%error, code = problem.code.name(), "request failed");
    }
    problem
}
