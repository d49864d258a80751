#![doc = include_str!("../README.md")]

mod budget;
mod search_model;

use assistant::{Answering, Assistant, RememberTalk, RunEvaluation};
use budget::BudgetTold;
use conversations::{AnswerContact, Conversations, FirstWidget, HandedOn};
use identity::{AttemptLimits, Identity, Passkeys, Passwords, Post, Providers, SendInvitation, SendLetter};
use knowledge::{EmbedPassages, Embedder, IndexDocument, Knowledge};
use llm::{Calls, FollowSearchModel, Llm, Outbound, TellOfBudget};
use meetings::Meetings;
use model::{Fault, Problem};
use search_model::{ByModels, Following};
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
    /// Meetings.
    pub meetings: Meetings,
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
    /// How many questions models are asked at once.
    pub calls: Calls,
    /// After how long a request ends, if it does.
    pub request: Option<std::time::Duration>,
}

impl Capabilities {
    /// Puts the capabilities together.
    pub fn build(services: Services, adapters: Adapters, limits: Limits) -> Self {
        let ends = limits.request.unwrap_or(std::time::Duration::MAX);
        let llm = Llm::new(services.clone(), adapters.outbound.clone(), adapters.sealer.clone());
        let llm = llm.with_calls(limits.calls).before_requests_end(ends);
        let knowledge = Knowledge::new(services.clone(), adapters.embedder).with_search_model(ByModels(llm.clone()));
        let assistant = Assistant::new(knowledge.clone()).before_requests_end(ends);
        let assistant = assistant.with_tools(services.clone(), adapters.outbound, adapters.sealer.clone());
        let conversations = Conversations::new(services.clone());
        let assistant = assistant.with_models(services.clone(), llm.clone(), &adapters.secret, adapters.sealer.clone());
        let address = &adapters.post.address;
        let meetings =
            Meetings::new(services.clone(), conversations.clone(), &adapters.secret, address, limits.session);
        Self {
            sessions: Sessions::new(services.clone(), limits.session),
            identity: Identity::new(services.clone(), adapters.passwords, limits.attempts, &adapters.secret)
                .with_setups(vec![Box::new(FirstWidget(services.clone()))])
                .with_leaving(vec![Box::new(HandedOn(services.clone()))])
                .with_passkeys(Passkeys::at(&adapters.post.address))
                .with_post(adapters.post)
                .with_providers(adapters.providers)
                .with_sealer(adapters.sealer),
            assistant,
            llm,
            conversations,
            meetings,
            knowledge,
            services,
        }
    }

    /// Every kind of job, and who does it.
    fn jobs(&self) -> Registry {
        let answers = Answering { assistant: self.assistant.clone(), conversations: self.conversations.clone() };
        Registry::default()
            .with::<AnswerContact>(answers.clone())
            .with::<RememberTalk>(answers)
            .with::<IndexDocument>(self.knowledge.clone())
            .with::<EmbedPassages>(self.knowledge.clone())
            .with::<FollowSearchModel>(Following(self.knowledge.clone()))
            .with::<RunEvaluation>(self.assistant.clone())
            .with::<SendLetter>(self.identity.clone())
            .with::<SendInvitation>(self.identity.clone())
            .with::<TellOfBudget>(BudgetTold(self.identity.clone()))
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
        let tools = self.assistant.seal_anew().await?;
        Ok((identity.0 + llm.0 + tools.0, identity.1 + llm.1 + tools.1))
    }

    /// What is done again and again.
    pub fn schedules(&self) -> Vec<Schedule> {
        let (sessions, identity, services) = (self.sessions.clone(), self.identity.clone(), self.services.clone());
        let (letters, nonces, answers) = (identity.clone(), identity.clone(), identity.clone());
        let (browsers, dead, assistant) = (services.clone(), services.clone(), self.assistant.clone());
        let (conversations, facts, llm) = (self.conversations.clone(), self.conversations.clone(), self.llm.clone());
        let meetings = self.meetings.clone();
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
            Schedule::new("delete_old_facts", Duration::minutes(10), move || {
                let conversations = facts.clone();
                async move { conversations.delete_old_facts().await }
            }),
            Schedule::new("end_empty_meetings", Duration::minutes(1), move || {
                let meetings = meetings.clone();
                async move { meetings.end_empty().await }
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
            Schedule::new("delete_old_usage", Duration::hours(1), move || {
                let llm = llm.clone();
                async move { llm.delete_old_usage().await }
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
