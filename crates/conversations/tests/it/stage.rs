//! Two tenants, their conversations, and an assistant that says what the test tells it.

use conversations::{AnswerContact, Conversations, MessagesFrom, NewContact, NewMessage, Question, Reply};
use identity::RoleWishes;
use model::conversation::{Author, Conversation, Event, Message};
use model::knowledge::{Answer, Outcome};
use model::permission::{Permission, Permissions};
use model::{ConversationId, MemberId, WidgetId};
use store::Caller;
use store::jobs::{End, Handler, JobError, Registry, Slots, Task, Worker};
use testkit::{TestDb, Two};

pub struct Stage {
    pub two: Two,
    pub conversations: Conversations,
    // Last, so that the database outlives the rest.
    pub db: TestDb,
}

impl Stage {
    pub async fn new() -> Self {
        let db = TestDb::new().await;
        let two = Two::new(&db).await;
        Self { two, conversations: Conversations::new(db.services.clone()), db }
    }

    /// A member of Aurora's who may do this.
    pub async fn colleague(&self, name: &str, may: &[Permission]) -> (MemberId, Caller) {
        let (aurora, wishes) = (&self.two.aurora, RoleWishes { title: name.into(), permissions: Permissions::of(may) });
        let role = self.db.identity.create_role(&aurora.owner, &wishes).await.unwrap().role;
        let (person, member) = testkit::member(&self.db, aurora, name, &role.to_string()).await;
        (member, testkit::caller(&self.db, aurora, person).await)
    }

    pub async fn begin(&self, caller: &Caller) -> Conversation {
        self.conversations.create(caller, NewContact::default()).await.unwrap()
    }

    /// A contact of this tenant's, come in by its widget.
    pub async fn contact(&self, owner: &Caller) -> (Caller, WidgetId, String) {
        let widget = self.conversations.widget(owner).await.unwrap().id;
        let visitor = store::scope::of_widget(&self.db.services, widget, self.db.request()).await.unwrap().unwrap();
        let token = conversations::token();
        (self.conversations.visit(&visitor, widget, &token).await.unwrap(), widget, token)
    }

    pub async fn messages(&self, caller: &Caller, id: ConversationId) -> Vec<Message> {
        let all = MessagesFrom::After(0);
        self.conversations.messages(caller, id, all, Some(200)).await.unwrap().data
    }

    pub fn worker(&self) -> Worker {
        let registry = Registry::default().with::<AnswerContact>(Parrot(self.conversations.clone()));
        Worker::new(self.db.services.clone(), registry, Slots::default())
    }

    pub async fn do_jobs(&self) {
        let ends = self.worker().run_due().await.unwrap();
        assert!(ends.iter().all(|end| *end == End::Done), "{ends:?}");
    }

    /// The tenant's own job as a caller, by taking one from the queue.
    pub async fn job(&self) -> Task<AnswerContact> {
        self.worker().take(1).await.unwrap().remove(0)
    }
}

/// Answers with the question.
pub struct Parrot(pub Conversations);

impl Handler<AnswerContact> for Parrot {
    async fn run(&self, task: &Task<AnswerContact>) -> Result<(), JobError> {
        while let Some(question) = self.0.question(&task.caller(), task.subject()).await.unwrap() {
            let reply = self
                .0
                .answer(&task.caller(), &question, question.said.len(), &question.said.join("\n"), &parroted(&question))
                .await
                .unwrap();
            if reply != Reply::Again {
                break;
            }
        }
        Ok(())
    }

    async fn gave_up(&self, task: &Task<AnswerContact>, _: &str) -> Result<(), JobError> {
        Ok(self.0.give_up(&task.caller(), task.subject()).await?)
    }
}

pub fn parroted(question: &Question) -> Answer {
    answered(&format!("You said: {}", question.said.join("\n")))
}

pub fn answered(text: &str) -> Answer {
    Answer::told(Outcome::Answer, text, Vec::new())
}

pub fn words(text: &str, client_id: &str) -> NewMessage {
    NewMessage { text: text.to_owned(), client_id: client_id.to_owned() }
}

/// Who said what, in order; and the numbers have no gap.
pub fn said(messages: &[Message]) -> Vec<(Author, Option<Event>, &str)> {
    for (at, message) in messages.iter().enumerate() {
        assert_eq!(message.seq, at as u64 + 1, "{messages:?}");
        assert!(at == 0 || message.id > messages[at - 1].id, "order by id is order by number");
    }
    messages.iter().map(|m| (m.from, m.event, m.text.as_str())).collect()
}
