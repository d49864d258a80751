//! What shows that no endpoint leads from one tenant into another (requirement TE-4).
//!
//! Every endpoint has a probe, in the file of its resource: a valid request of Aurora's, the places in it where an id
//! stands or the reason why there is none, and who may send it. `checks.rs` compares the probes with everything that the
//! server answers, sends each of them, and looks at what came back and at what happened to Borealis.
//!
//! A new endpoint: its probe in the file of its resource; a new resource: a file, and its line in [`all`].

mod accounts;
mod assistant;
mod checks;
mod company_sign_on;
mod conversations;
mod dashboard;
pub mod documents;
mod golden;
mod inbox;
mod keys;
mod meetings;
mod members;
mod operator;
mod passkeys;
mod platform;
mod providers;
mod roles;
mod session;
mod settings;
mod teams;

use crate::harness::{Ask, TestServer, offer};
use ::meetings::{Invited, NewMeeting};
use identity::{Came, Here, Kept, Once, Origin, ProviderForm, Purpose};
use model::identity::{NewApiKey, Owed, Role, SecondFactor};
use model::meeting::AttendeeRole;
use model::operator::OperatorPermission;
use model::permission::KEY_AT_MOST;
use model::settings::Settings;
use model::{
    ApiKeyId, ConversationId, DocumentId, EvaluationId, FactId, InvitationId, MeetingId, MemberId, MessageId, ModelId,
    PersonId, PersonalityId, ReceiptId, RoleId, TeamId, TenantId, ToolId, WidgetId,
};
use passkeys::Devices;
use std::time::Duration;
use store::Actor;
use store::secret_key::SecretKey;
use store::services::timestamp;
use store::sessions::{Proof, Shown, SignIn, hash};
use testkit::{App, Dns, Provider, Says, Tenant};
use tower_sessions::session::Id;
use zeroize::Zeroizing;

/// One endpoint.
pub struct Probe {
    pub method: &'static str,
    /// As axum's table or the OpenAPI document writes it.
    pub path: &'static str,
    pub by: By,
    /// A valid request of Aurora's, without what shows who asks.
    pub ask: fn(&World) -> Ask,
    pub ids: Ids,
}

/// Who may send a request.
pub enum By {
    /// Anybody, and everybody gets the same.
    Open,
    /// Anybody: what it needs is in the request itself. Says what that is.
    Anybody(&'static str),
    /// Who has a session; others get something else.
    Session(Stranger),
    /// Who has a key; others get 401.
    Key,
    /// Who has a key of the operator; others get 401, whatever they have.
    Operator,
}

/// What the address has for who is not signed in.
#[derive(Debug, Clone, Copy)]
pub enum Stranger {
    /// Nothing: 401.
    Refused,
    /// The sign-in page: 303 to there.
    SignIn,
    /// Something that everybody may see: 200.
    Neutral,
}

/// Where ids stand in a request.
pub enum Ids {
    /// Nowhere, for this reason.
    None(&'static str),
    /// In what opens by itself, whoever has it. Says why nobody can make one up.
    Secret(&'static str),
    /// Those of every company's, for who sees all of them: none is foreign. Says who that is.
    All(&'static str),
    /// Here.
    At(&'static [Place]),
}

/// A place in a request where an id stands.
pub struct Place {
    pub name: &'static str,
    pub kind: Kind,
    /// The request with that id, or with what is none.
    pub ask: fn(&World, &str) -> Ask,
    pub malformed: Malformed,
}

/// What kind of id.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    Conversation,
    Document,
    Key,
    /// One that still works.
    Working,
    Member,
    Message,
    Tenant,
    /// A conversation in which a person may write.
    Taken,
    /// What was asked and not answered.
    Asked,
    Session,
    Invitation,
    /// An account elsewhere that opens one here.
    Linked,
    /// A passkey.
    Passkey,
    /// A role of a company's own.
    Role,
    /// A team, in which the owner is.
    Team,
    /// Somebody in Aurora's first team.
    Teammate,
    /// A model that the assistant asks.
    Model,
    /// A tool that the assistant may call.
    Tool,
    /// What the assistant is like.
    Personality,
    /// The receipt of an answer.
    Receipt,
    /// A run of questions whose answers are known.
    Evaluation,
    /// A meeting.
    Meeting,
    /// A session of somebody who may no more than keys.
    AgentSession,
    /// What the contact of Aurora's conversation that is taken has said of themself.
    Fact,
    /// A domain that a company has named.
    Domain,
    /// A version of the settings, or of a personality: a number, of which each company has its own.
    Version,
    /// A member who can be changed and removed.
    Colleague,
}

/// How a text that cannot be an id is answered.
pub enum Malformed {
    /// As an unknown one.
    AsUnknown,
    /// With 422. Says why that tells nobody anything.
    Refused(&'static str),
}

/// Two tenants with rows of every kind.
pub struct World {
    pub server: TestServer,
    /// A working key of Aurora's that no probe needs.
    pub aurora_key: NewApiKey,
    /// The same of Borealis.
    pub borealis_key: NewApiKey,
    /// The secret of a key of the operator that may everything.
    pub operator_key: String,
    /// Documents of Aurora's that have been read: one that stays, and one for each probe that deletes.
    pub aurora_documents: [DocumentId; 4],
    /// One of Borealis.
    pub borealis_document: DocumentId,
    /// Aurora's widget.
    pub aurora_widget: WidgetId,
    /// A conversation of Aurora's, with a message.
    pub aurora_conversation: String,
    /// One that Aurora's owner has taken over, and no probe gives back.
    pub aurora_taken: String,
    /// One of Borealis.
    pub borealis_conversation: String,
    /// What was asked there and not answered.
    pub aurora_asked: String,
    pub borealis_asked: String,
    /// A session of Aurora's owner that no probe needs: something to sign out of.
    pub aurora_session: Id,
    /// A sign-in of Aurora's owner, who works at Deneb as well, that has to choose between the two.
    pub aurora_sign_in: Id,
    /// The paths of links in letters to Deneb's owner and of an invitation there, which open nothing of Aurora's or Borealis'.
    pub reset_link: String,
    pub confirm_link: String,
    pub join_link: String,
    pub address_link: String,
    /// A session of Gemma's, whose password a probe changes.
    pub gemma_session: Id,
    /// Of people with a second factor, or about to have one: sessions, a sign-in that owes a code, and codes.
    pub codes: Codes,
    /// A session of Aurora's owner at Deneb.
    pub elsewhere: Id,
    /// People who come from a provider.
    pub vouched: Vouched,
    /// People with passkeys.
    pub devices: Devices,
    /// Roles of Aurora's own that nobody has.
    pub aurora_roles: [String; 4],
    /// One of Borealis.
    pub borealis_role: String,
    /// Teams of Aurora's in which its owner is.
    pub aurora_teams: [String; 5],
    /// One of Borealis.
    pub borealis_team: String,
    /// Models of Aurora's that are not asked.
    pub aurora_models: [String; 3],
    /// One of Borealis.
    pub borealis_model: String,
    /// Tools of Aurora's that are not called.
    pub aurora_tools: [String; 3],
    /// One of Borealis.
    pub borealis_tool: String,
    /// Personalities of Aurora's: the one in use, and others in their first version.
    pub aurora_personalities: [String; 4],
    /// The one that Borealis uses.
    pub borealis_personality: String,
    /// Receipts of answers of both.
    pub aurora_receipt: String,
    pub borealis_receipt: String,
    /// What is remembered of the contact of `aurora_taken`, and of one of Borealis.
    pub aurora_facts: [String; 2],
    pub borealis_fact: String,
    /// Runs of Aurora's questions that have ended: one that stays, and one for each probe that deletes.
    pub aurora_evaluations: [String; 3],
    /// One of Borealis.
    pub borealis_evaluation: String,
    /// A meeting of both, to which somebody has come; probes end Aurora's.
    pub aurora_meeting: String,
    /// Another one, which no probe ends, and its code.
    pub aurora_other_meeting: String,
    pub aurora_code: String,
    pub borealis_meeting: String,
    pub dns: Dns,
    /// The domain of Aurora's that no probe takes away, and where the provider of the probes is.
    pub domain: String,
    pub borealis_domain: String,
    /// That of a company whose people have a provider.
    pub company: String,
    pub issuer: String,
    /// What sessions of Aurora's and of Borealis' owner are known by, that no probe needs.
    pub session_ids: (String, String),
    /// An agent of Aurora's, and a session of theirs that a probe ends.
    pub agent: PersonId,
    pub agent_session: String,
    /// Somebody of Aurora's whom the probes change and remove, and one who is asked to join.
    pub aurora_agent: MemberId,
    pub aurora_invitation: InvitationId,
    /// The same for programs.
    pub spare_agent: MemberId,
    pub spare_invitation: InvitationId,
    /// The same of Borealis.
    pub borealis_invitation: InvitationId,
}

/// People with a second factor, and such as are about to have one.
pub struct Codes {
    /// Who has one: a sign-in of theirs that owes a code, and codes for paper.
    pub on: Tenant,
    pub sign_in: Id,
    pub paper: Vec<String>,
    /// Another one.
    pub other: Tenant,
    pub others_paper: Vec<String>,
    /// Who has begun, and what the app shows.
    pub begun: Tenant,
    pub code: String,
    /// Who has none.
    pub off: Tenant,
    /// Who is led through it: a sign-in, and what the app shows.
    pub led: (Id, String),
}

/// People for whom a provider vouches: what their browsers keep.
pub struct Vouched {
    _provider: Provider,
    /// At the provider still, and the address by which they come back.
    pub away: (String, String),
    /// Asked for a password: the owner of Lykke.
    pub asked: String,
    /// Asked what they want.
    pub new: String,
    /// Whose account one elsewhere opens, and which.
    pub nora: Tenant,
    pub linked: String,
}

impl Vouched {
    async fn new(server: &TestServer, provider: Provider) -> Self {
        let identity = &server.capabilities().identity;
        let origin = Origin::here(server.db.request());
        let lykke = Tenant::new(&server.db, "Lykke").await;
        let there = async |email: &str| {
            let gone = identity.go_to_provider("honest", Purpose::SignIn, "/dashboard".into(), &origin).await.unwrap();
            let back = provider.signs_in(&gone.address, Says::of(email, email));
            (gone.kept, back)
        };
        let back = async |email: &str| {
            let (kept, returned) = there(email).await;
            let came = identity.back_from_provider(("honest", &kept), returned, (None, Kept::default()), &origin).await;
            match came.unwrap() {
                Came::Password(kept) | Came::Asked(kept) => kept,
                other => panic!("{other:?}"),
            }
        };
        let (kept, returned) = there("maren@elsewhere.example").await;
        let [code, state, iss] = [returned.code, returned.state, returned.iss].map(Option::unwrap);
        let away = (kept, format!("/login/with/honest/back?code={code}&state={state}&iss={iss}"));
        let (asked, new) = (back(&lykke.email).await, back("nils@elsewhere.example").await);
        let nora = Tenant::new(&server.db, "Nora").await;
        let linked = linked(server, &nora).await;
        Self { _provider: provider, away, asked, new, nora, linked }
    }
}

impl Codes {
    async fn new(server: &TestServer) -> Self {
        let [mut on, mut other, begun, off] = [
            Tenant::new(&server.db, "Halla").await,
            Tenant::new(&server.db, "Ivar").await,
            Tenant::new(&server.db, "Jarl").await,
            Tenant::new(&server.db, "Kari").await,
        ];
        let (_, paper) = App::on(&server.db, &mut on).await;
        let (_, others_paper) = App::on(&server.db, &mut other).await;
        let mona = Tenant::new(&server.db, "Mona").await;
        let shown = Shown { proof: Proof::Password, at: timestamp(server.db.services.now()), epoch: 0, of: None };
        let led = SignIn { owed: Some(Owed::Factor), proofs: vec![shown], ..testkit::sign_in(mona.person, mona.id) };
        let id = server.db.keep_sign_in(&led).await;
        let (identity, origin) = (&server.capabilities().identity, Origin::here(server.db.request()));
        let begun_on_the_way = identity.factor_on_the_way(&led, Here(&hash(id)), &origin).await.unwrap();
        let SecondFactor::Begun { key, .. } = begun_on_the_way else { panic!("{begun_on_the_way:?}") };
        let led = (id, App::new(&key).code(server.db.services.now()));
        let code = App::begun(&server.db, &begun).await.code(server.db.services.now());
        let owes = SignIn { owed: Some(Owed::Code), ..testkit::sign_in(on.person, on.id) };
        let sign_in = server.db.keep_sign_in(&owes).await;
        // Not sent: the outbox shows nothing of anybody's.
        server.execute("delete from app.jobs where kind = 'send_letter'").await;
        Self { on, sign_in, paper, other, others_paper, begun, code, off, led }
    }
}

/// A sign-in of Aurora's owner that owes a choice; it can be made once.
async fn owes_a_choice(server: &TestServer) -> Id {
    let aurora = &server.two.aurora;
    let owes = SignIn { owed: Some(Owed::Workspace), chosen: None, ..testkit::sign_in(aurora.person, aurora.id) };
    server.db.keep_sign_in(&owes).await
}

/// The paths of the links of letters to a tenant's owner, to a new password and to confirm an address, and of an invitation
/// there: as the server makes them, from rows that are put there.
async fn links(server: &TestServer, tenant: &Tenant) -> [String; 4] {
    let key = SecretKey::from_bytes([7; 32]).derive("identity/letter/1");
    let mut paths = Vec::new();
    for kind in ["reset", "confirm", "join", "address"] {
        let id = server.db.services.new_id();
        let insert = if kind == "join" {
            "insert into app.invitations (tenant_id, invitation_id, email, role, by_hand, created_at, expires_at)
             select $1, $2, 'agent@deneb.example', 'agent', false, $4, $4 + interval '1 day' where $3 <> ''"
        } else {
            "insert into app.letters (tenant_id, letter_id, person_id, kind, email, created_at, expires_at)
             select $1, $2, person_id, $3, email, $4, $4 + interval '1 day' from app.memberships
             where tenant_id = $1 and role = 'owner'"
        };
        sqlx::query(insert)
            .bind(tenant.id.uuid())
            .bind(id)
            .bind(kind)
            .bind(server.db.services.now())
            .execute(&mut server.db.superuser().await)
            .await
            .unwrap();
        let ids = [tenant.id.uuid().into_bytes(), id.into_bytes()].concat();
        let hash = key.mac(&[kind.as_bytes(), b":", &ids].concat());
        let token: String = ids.iter().chain(&hash[..16]).map(|byte| format!("{byte:02x}")).collect();
        paths.push(format!("/{kind}/{token}"));
    }
    paths.try_into().unwrap()
}

/// The member of a tenant's whose address begins like this.
async fn member(server: &TestServer, tenant: &Tenant, begin: &str) -> MemberId {
    let found = sqlx::query_scalar(
        "select member_id from app.memberships where tenant_id = $1 and email like '%' || $2 || '%'",
    )
    .bind(tenant.id.uuid())
    .bind(begin)
    .fetch_one(&mut server.db.superuser().await)
    .await
    .unwrap();
    MemberId::from_uuid(found)
}

/// A new session of a tenant's owner, by what the page knows it by.
async fn session(server: &TestServer, tenant: &Tenant) -> String {
    session_of(server, tenant.person, tenant).await
}

/// The same of somebody who works there.
async fn session_of(server: &TestServer, person: PersonId, tenant: &Tenant) -> String {
    let session = server.db.open_session(person, tenant.id).await;
    store::sessions::hash(session).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An account elsewhere that opens that of a tenant's owner.
async fn linked(server: &TestServer, tenant: &Tenant) -> String {
    let id = server.db.services.new_id();
    sqlx::query(
        "insert into app.identities (identity_id, person_id, issuer, subject, provider, email, linked_at)
         values ($1, $2, 'https://' || $1::text, '1', 'Elsewhere', $3, $4)",
    )
    .bind(id)
    .bind(tenant.person.uuid())
    .bind(&tenant.email)
    .bind(server.db.services.now())
    .execute(&mut server.db.superuser().await)
    .await
    .unwrap();
    id.to_string()
}

/// A domain that a tenant has named, whose proof stands in the DNS: a new one each time.
async fn domain(server: &TestServer, dns: &Dns, tenant: &Tenant) -> String {
    let identity = &server.capabilities().identity;
    let there = identity.company_sign_on(&tenant.owner).await.unwrap().domains;
    if there.len() > 15 {
        identity.remove_domain(&tenant.owner, there[10].id.parse().unwrap()).await.unwrap();
    }
    let name = format!("d{}.{}", rand_word(), tenant.email.split_once('@').unwrap().1);
    identity.add_domain(&tenant.owner, &name).await.unwrap();
    let named = identity.company_sign_on(&tenant.owner).await.unwrap().domains;
    let named = named.into_iter().find(|one| one.domain == name).unwrap();
    dns.says(&named.record, &named.says);
    named.id
}

/// A role of a tenant's own: a new one each time, and not too many.
async fn role(server: &TestServer, tenant: &Tenant) -> String {
    let id = RoleId::from_uuid(server.db.services.new_id());
    sqlx::query(
        "insert into app.roles (tenant_id, role_id, name, permissions, created_at)
         values ($1, $2, $3, '{workspace.read}', $4)",
    )
    .bind(tenant.id.uuid())
    .bind(id.uuid())
    .bind(format!("Shift {} of {}", rand_word(), tenant.email))
    .bind(server.db.services.now())
    .execute(&mut server.db.superuser().await)
    .await
    .unwrap();
    id.to_string()
}

/// A meeting of a tenant's to which somebody has come and where something was written: its id, and what stands in its link.
async fn meeting(server: &TestServer, tenant: &Tenant, title: &str) -> (String, String) {
    let meetings = &server.capabilities().meetings;
    let new = NewMeeting { title: Some(title.to_owned()), ..NewMeeting::default() };
    let made = meetings.create(&tenant.owner, new).await.unwrap();
    let invited = Invited { name: format!("{title} guest"), role: AttendeeRole::Speaker, contact: None };
    let guest = meetings.let_in(&tenant.owner, made.id, invited).await.unwrap();
    sqlx::query(
        "insert into app.meeting_messages (tenant_id, meeting_id, seq, person_id, client_id, text, created_at)
         values ($1, $2, 1, $3, 'one', $4 || ' says hello', $5)",
    )
    .bind(tenant.id.uuid())
    .bind(made.id.uuid())
    .bind(guest.person.uuid())
    .bind(title)
    .bind(server.db.services.now())
    .execute(&mut server.db.superuser().await)
    .await
    .unwrap();
    (made.id.to_string(), made.link.rsplit('/').next().unwrap().to_owned())
}

/// A team of a tenant's, in which its owner is.
async fn team(server: &TestServer, tenant: &Tenant, name: &str) -> String {
    let id = TeamId::from_uuid(server.db.services.new_id());
    for put in [
        "insert into app.teams (tenant_id, team_id, name, folded, created_at)
         select tenant_id, $2, $4, lower($4), $5 from app.memberships where tenant_id = $1 and member_id = $3",
        "insert into app.team_members (tenant_id, team_id, member_id)
         select $1, $2, $3 where $4::text is not null and $5::timestamptz is not null",
    ] {
        sqlx::query(put)
            .bind(tenant.id.uuid())
            .bind(id.uuid())
            .bind(tenant.member.uuid())
            .bind(name)
            .bind(server.db.services.now())
            .execute(&mut server.db.superuser().await)
            .await
            .unwrap();
    }
    id.to_string()
}

/// A model of a tenant's that is not asked: a new one each time, however many there are.
async fn model(server: &TestServer, tenant: &Tenant) -> String {
    let id = ModelId::from_uuid(server.db.services.new_id());
    let name = tenant.email.split_once('@').unwrap().1;
    sqlx::query(
        "insert into app.models (tenant_id, model_id, wire, name, address, enabled, place, created_at, changed_at)
         values ($1, $2, 'openai', 'of-' || $3, 'http://127.0.0.1:1/' || $3, false, 0, $4, $4)",
    )
    .bind(tenant.id.uuid())
    .bind(id.uuid())
    .bind(name)
    .bind(server.db.services.now())
    .execute(&mut server.db.superuser().await)
    .await
    .unwrap();
    id.to_string()
}

/// A personality of a tenant's: a new one each time, however many there are.
async fn personality(server: &TestServer, tenant: &Tenant, in_use: bool) -> String {
    let id = PersonalityId::from_uuid(server.db.services.new_id());
    let name = tenant.email.split_once('@').unwrap().1;
    for put in [
        "insert into app.personalities (tenant_id, personality_id, version, in_use, created_at, changed_at)
         select $1, $2, 1, $3, $5, $5 where $4::text is not null",
        "insert into app.personality_versions (tenant_id, personality_id, version, personality, changed_by_name, changed_at)
         select $1, $2, 1, jsonb_build_object('name', 'Voice of ' || $4::text), '', $5 where $3::boolean is not null",
    ] {
        sqlx::query(put)
            .bind(tenant.id.uuid())
            .bind(id.uuid())
            .bind(in_use)
            .bind(name)
            .bind(server.db.services.now())
            .execute(&mut server.db.superuser().await)
            .await
            .unwrap();
    }
    id.to_string()
}

/// A run of a tenant's questions, which has ended some days ago: a new one each time.
async fn evaluation(server: &TestServer, tenant: &Tenant) -> String {
    let id = EvaluationId::from_uuid(server.db.services.new_id());
    let name = tenant.email.split_once('@').unwrap().1;
    for put in [
        "insert into app.evaluations (tenant_id, evaluation_id, name, state, created_at, finished_at)
         values ($1, $2, 'measured-' || $3, 'done', $4, $4)",
        "insert into app.evaluation_results (tenant_id, evaluation_id, position, question, expected, outcome, told, correct)
         select $1, $2, 1, 'Asked by ' || $3, 'Expected by ' || $3, 'refused', '', false where $4::timestamptz is not null",
    ] {
        sqlx::query(put)
            .bind(tenant.id.uuid())
            .bind(id.uuid())
            .bind(name)
            .bind(server.db.services.now() - time::Duration::days(3))
            .execute(&mut server.db.superuser().await)
            .await
            .unwrap();
    }
    id.to_string()
}

/// A tool of a tenant's that is not called, however many there are.
async fn tool(server: &TestServer, tenant: &Tenant, name: &str) -> String {
    let id = ToolId::from_uuid(server.db.services.new_id());
    sqlx::query(
        "insert into app.tools (tenant_id, tool_id, name, description, method, address, parameters, enabled, in_conversations,
           created_at, changed_at)
         values ($1, $2, $3, 'Of ' || $3, 'get', 'http://127.0.0.1:1/' || $3, '{\"type\":\"object\"}', false, false, $4, $4)",
    )
    .bind(tenant.id.uuid())
    .bind(id.uuid())
    .bind(name)
    .bind(server.db.services.now())
    .execute(&mut server.db.superuser().await)
    .await
    .unwrap();
    id.to_string()
}

/// The receipt of an answer to a question of a tenant's.
async fn receipt(server: &TestServer, tenant: &Tenant, question: &str) -> String {
    let made = server.capabilities().assistant.respond(&tenant.owner, question).await.unwrap();
    made.answer.receipt_id.unwrap().to_string()
}

/// Something that the contact of a conversation has said of themself, and a summary of what was said there.
async fn fact(server: &TestServer, conversation: &str, text: &str) -> String {
    let (id, fact) = (conversation.parse::<ConversationId>().unwrap(), FactId::from_uuid(server.db.services.new_id()));
    for put in [
        "insert into app.contact_facts (tenant_id, fact_id, contact_id, conversation_id, seq, text, created_at)
         select tenant_id, $2, contact_id, conversation_id, 1, $3, $4 from app.conversations where conversation_id = $1",
        "insert into app.conversation_summaries (tenant_id, conversation_id, upto_seq, text, changed_at)
         select tenant_id, conversation_id, 1, $3, $4 from app.conversations
         where conversation_id = $1 and $2::uuid is not null on conflict do nothing",
    ] {
        sqlx::query(put)
            .bind(id.uuid())
            .bind(fact.uuid())
            .bind(text)
            .bind(server.db.services.now())
            .execute(&mut server.db.superuser().await)
            .await
            .unwrap();
    }
    fact.to_string()
}

/// What was asked in a conversation and not answered, as if by its first message.
async fn asked(server: &TestServer, conversation: &str, question: &str) -> String {
    let id: ConversationId = conversation.parse().unwrap();
    sqlx::query(
        "insert into app.asked (tenant_id, conversation_id, seq, question, folded, outcome, asked_at)
         select tenant_id, conversation_id, 2, $2, sha256(lower($2)::bytea), 'refused', $3 from app.conversations
         where conversation_id = $1",
    )
    .bind(id.uuid())
    .bind(question)
    .bind(server.db.services.now())
    .execute(&mut server.db.superuser().await)
    .await
    .unwrap();
    format!("{conversation}-2")
}

/// An invitation of a tenant's.
async fn invitation(server: &TestServer, tenant: &Tenant) -> InvitationId {
    let identity = &server.capabilities().identity;
    let open = identity.list_invitations(&tenant.owner).await.unwrap().len();
    let email = format!("asked-{open}@{}", tenant.email.split_once('@').unwrap().1);
    identity.invite(&tenant.owner, &email, Role::Agent).await.unwrap();
    // Not sent: the outbox shows nothing of anybody's.
    server.execute("delete from app.jobs where kind = 'send_invitation'").await;
    identity.list_invitations(&tenant.owner).await.unwrap()[0].id
}

fn rand_word() -> u32 {
    static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

impl World {
    pub async fn new() -> Self {
        let provider = Provider::start().await;
        let dns = Dns::start().await;
        let server = TestServer::with(|config| {
            offer(config, &provider);
            config.outbound.private_addresses = true;
            config.outbound.dns = Some(dns.address);
            // Every place is asked with a dozen ids by one key: a fast machine would run into its rate.
            let api = &mut config.api;
            (api.key_burst, api.tenant_burst) = (100_000, 100_000);
        })
        .await;
        let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
        let aurora_key = server.new_key(aurora, "Aurora till").await;
        let borealis_key = server.new_key(borealis, "Borealis till").await;
        let operator_key = crate::operator::key(&server, OperatorPermission::ALL).await.secret;
        let aurora_session = server.db.open_session(aurora.person, aurora.id).await;
        let deneb = Tenant::new(&server.db, "Deneb").await;
        server.db.joins(aurora, &deneb).await;
        let aurora_sign_in = owes_a_choice(&server).await;
        let elsewhere = server.db.open_session(aurora.person, deneb.id).await;
        let [_, confirm_link, join_link, _] = links(&server, &deneb).await;
        let [.., address_link] = links(&server, &Tenant::new(&server.db, "Pella").await).await;
        server.execute("update app.letters set email = 'pella@elsewhere.example' where kind = 'address'").await;
        // What one link does ends the others of its person.
        let [reset_link, ..] = links(&server, &Tenant::new(&server.db, "Felix").await).await;
        let gemma = Tenant::new(&server.db, "Gemma").await;
        let gemma_session = server.db.open_session(gemma.person, gemma.id).await;
        let codes = Codes::new(&server).await;
        let issuer = provider.issuer.clone();
        let vouched = Vouched::new(&server, provider).await;
        let devices = Devices::new(&server).await;
        let aurora_roles = [
            role(&server, aurora).await,
            role(&server, aurora).await,
            role(&server, aurora).await,
            role(&server, aurora).await,
        ];
        let borealis_role = role(&server, borealis).await;
        let aurora_teams = [
            team(&server, aurora, "Auroracrew one").await,
            team(&server, aurora, "Auroracrew two").await,
            team(&server, aurora, "Auroracrew three").await,
            team(&server, aurora, "Auroracrew four").await,
            team(&server, aurora, "Auroracrew five").await,
        ];
        let borealis_team = team(&server, borealis, "Borealiscrew").await;
        let own_domain = domain(&server, &dns, aurora).await;
        let otto = Tenant::new(&server.db, "Otto").await;
        let proven = domain(&server, &dns, &otto).await;
        let identity = &server.capabilities().identity;
        identity.prove_domain(&otto.owner, proven.parse().unwrap()).await.unwrap();
        let (name, client_id, issuer_of) = ("Own".to_owned(), "samtal".to_owned(), issuer.clone());
        let password = Zeroizing::new(testkit::OWNER_PASSWORD.to_owned());
        let form = ProviderForm { name, client_id, issuer: issuer_of, password, ..ProviderForm::default() };
        let (theirs, origin) = (hash(otto.session), Origin::here(server.db.request()));
        identity.set_provider(&otto.owner, form, Here(&theirs), &origin).await.unwrap();
        let borealis_domain = domain(&server, &dns, borealis).await;
        server
            .execute(
                "insert into app.providers (tenant_id, provider_id, name, issuer, client_id, required, changed_at)
                 select tenant_id, gen_random_uuid(), 'Borealis-ID', 'https://id.borealis.example', 'borealis-client', false, now()
                 from app.tenants where name = 'Borealis'",
            )
            .await;
        for tenant in [aurora, borealis] {
            let key = identity.list_api_keys(&tenant.owner).await.unwrap().remove(0).id;
            assert!(identity.use_nonce(&tenant.key, key, "once").await.unwrap());
            let once = identity.begin_once(&tenant.key, "once", &[0; 32], Duration::from_secs(60)).await.unwrap();
            assert!(matches!(once, Once::First(_)), "{once:?}");
        }
        let company = identity.company_sign_on(&otto.owner).await.unwrap().domains.remove(0).domain;
        let settings = |name: &str, idle_minutes| Settings {
            name: name.to_owned(),
            second_factor: false,
            session_minutes: None,
            idle_minutes: Some(idle_minutes),
            language: None,
            remember_facts: false,
            mask_personal_data: false,
            embed_origins: Vec::new(),
            // So that one can be asked for.
            calls: true,
            time_zone: None,
            service_hours: Vec::new(),
        };
        let identity = &server.capabilities().identity;
        identity.change_settings(&aurora.owner, 0, settings("Aurora", 90)).await.unwrap();
        for seen in 0_i32..2 {
            let other = settings("Borealis", 91 + seen.unsigned_abs());
            identity.change_settings(&borealis.owner, seen, other).await.unwrap();
        }
        let session_ids = (session(&server, aurora).await, session(&server, borealis).await);
        server.db.joins(&deneb, aurora).await;
        let aurora_agent = member(&server, aurora, "deneb").await;
        let aurora_invitation = invitation(&server, aurora).await;
        let electra = Tenant::new(&server.db, "Electra").await;
        server.db.joins(&electra, aurora).await;
        let spare_agent = member(&server, aurora, "electra").await;
        let spare_invitation = invitation(&server, aurora).await;
        let greta = Tenant::new(&server.db, "Greta").await;
        server.db.joins(&greta, aurora).await;
        let agent = greta.person;
        let agent_session = session_of(&server, agent, aurora).await;
        // Keys that may whatever keys may.
        let most = format!("{{{}}}", KEY_AT_MOST.names().join(","));
        sqlx::query("update app.api_keys set scopes = $1::text[]")
            .bind(most)
            .execute(&mut server.db.superuser().await)
            .await
            .unwrap();
        let borealis_invitation = invitation(&server, borealis).await;
        // Words that stand on no page.
        let aurora_documents = [
            server.new_document(aurora, "Auroralamps quoffle.").await,
            server.new_document(aurora, "Aurorasofas quoffle.").await,
            server.new_document(aurora, "Auroraclocks quoffle.").await,
            server.new_document(aurora, "Aurorashelves quoffle.").await,
        ];
        let borealis_document = server.new_document(borealis, "Borealislamps never snorgle.").await;
        let aurora_models = [model(&server, aurora).await, model(&server, aurora).await, model(&server, aurora).await];
        let borealis_model = model(&server, borealis).await;
        let aurora_tools = [
            tool(&server, aurora, "aurora_one").await,
            tool(&server, aurora, "aurora_two").await,
            tool(&server, aurora, "aurora_three").await,
        ];
        let borealis_tool = tool(&server, borealis, "borealis_one").await;
        let aurora_personalities = [
            personality(&server, aurora, true).await,
            personality(&server, aurora, false).await,
            personality(&server, aurora, false).await,
            personality(&server, aurora, false).await,
        ];
        let borealis_personality = personality(&server, borealis, true).await;
        let aurora_receipt = receipt(&server, aurora, "What do Auroralamps do?").await;
        let (aurora_meeting, _) = meeting(&server, aurora, "Auroramoot").await;
        let (aurora_other_meeting, aurora_code) = meeting(&server, aurora, "Auroramoot").await;
        let (borealis_meeting, _) = meeting(&server, borealis, "Borealismoot").await;
        let borealis_receipt = receipt(&server, borealis, "What do Borealislamps do?").await;
        let aurora_evaluations =
            [evaluation(&server, aurora).await, evaluation(&server, aurora).await, evaluation(&server, aurora).await];
        let borealis_evaluation = evaluation(&server, borealis).await;
        // What they have used and may use: on one day and in one month, which give nobody away.
        server
            .execute(
                "insert into app.assistants (tenant_id, instruction, changed_at)
                 select tenant_id, 'You are called ' || name, now() from app.tenants where name in ('Aurora', 'Borealis');
                 insert into app.model_days (tenant_id, day, model_id, name, calls, failures, input, cached, output, cost)
                 select tenant_id, current_date, model_id, name, 1, 0, 1, 0, 1, 1 from app.models;
                 insert into app.model_prices (tenant_id, model_id, since, input, cached, output)
                 select tenant_id, model_id, date '2026-11-01', 1, 1, 1 from app.models;
                 insert into app.model_budgets (tenant_id, alert_at, alerted, month, spent, reserved)
                 select tenant_id, 80, false, date '2026-11-01', 0, 0 from app.tenants where name in ('Aurora', 'Borealis');
                 insert into app.search_faults (tenant_id, during, why, at)
                 select tenant_id, 'reading', 'No answer came in time.', date '2026-11-01' from app.tenants
                 where name in ('Aurora', 'Borealis');
                 insert into app.model_calls (tenant_id, call_id, month, micros, leased_until)
                 select tenant_id, gen_random_uuid(), date '2026-11-01', 0, now() + interval '1 year' from app.tenants
                 where name in ('Aurora', 'Borealis')",
            )
            .await;
        let aurora_widget = server.conversations().widget(&aurora.owner).await.unwrap().id;
        let aurora_conversation = server.new_conversation(aurora, "Auroralamps quoffle?").await;
        let aurora_taken = server.new_conversation(aurora, "Aurorasofas quoffle?").await;
        server.conversations().take_over(&aurora.owner, aurora_taken.parse().unwrap()).await.unwrap();
        let borealis_taken = server.new_conversation(borealis, "Borealissofas never snorgle?").await;
        server.conversations().take_over(&borealis.owner, borealis_taken.parse().unwrap()).await.unwrap();
        let borealis_conversation = server.new_conversation(borealis, "Borealislamps never snorgle?").await;
        server
            .execute(
                "insert into app.conversation_usage (tenant_id, conversation_id, month, calls, input, cached, output, cost)
                 select tenant_id, conversation_id, date_trunc('month', now())::date, 1, 1, 0, 1, 1 from app.conversations",
            )
            .await;
        let aurora_facts = [
            fact(&server, &aurora_taken, "has Auroralamps").await,
            fact(&server, &aurora_taken, "has Aurorasofas").await,
        ];
        let borealis_fact = fact(&server, &borealis_conversation, "has Borealislamps").await;
        let aurora_asked = asked(&server, &aurora_conversation, "Auroralamps quoffle?").await;
        let borealis_asked = asked(&server, &borealis_conversation, "Borealislamps never snorgle?").await;
        server.new_visitor(aurora).await;
        server.new_visitor(borealis).await;
        // One that was sent: the outbox shows none of Borealis.
        server
            .execute(
                "insert into app.letters (tenant_id, letter_id, person_id, kind, email, created_at, expires_at, sent_at)
                 select tenant_id, gen_random_uuid(), person_id, 'known', email, created_at, created_at, created_at
                 from app.memberships where email like '%borealis%'",
            )
            .await;
        server.queue_for_tomorrow(borealis, borealis_document).await;
        Self {
            aurora_widget,
            aurora_conversation,
            aurora_taken,
            borealis_conversation,
            aurora_asked,
            borealis_asked,
            aurora_key,
            borealis_key,
            operator_key,
            aurora_documents,
            borealis_document,
            aurora_session,
            aurora_sign_in,
            reset_link,
            confirm_link,
            join_link,
            address_link,
            gemma_session,
            codes,
            elsewhere,
            vouched,
            devices,
            aurora_roles,
            borealis_role,
            aurora_teams,
            borealis_team,
            aurora_models,
            borealis_model,
            aurora_tools,
            borealis_tool,
            aurora_personalities,
            borealis_personality,
            aurora_receipt,
            aurora_facts,
            borealis_fact,
            borealis_receipt,
            aurora_evaluations,
            borealis_evaluation,
            aurora_meeting,
            aurora_other_meeting,
            aurora_code,
            borealis_meeting,
            dns,
            domain: own_domain,
            borealis_domain,
            company,
            issuer,
            session_ids,
            agent,
            agent_session,
            aurora_agent,
            aurora_invitation,
            spare_agent,
            spare_invitation,
            borealis_invitation,
            server,
        }
    }

    /// Somebody new of Aurora's.
    async fn colleague(&self) -> MemberId {
        let newest = Tenant::new(&self.server.db, &format!("Electra{}", rand_word())).await;
        self.server.db.joins(&newest, &self.server.two.aurora).await;
        member(&self.server, &self.server.two.aurora, &newest.email).await
    }

    /// An id of a kind that belongs to Aurora, and one that belongs to Borealis.
    async fn ids(&self, kind: Kind) -> (String, String) {
        let (aurora, borealis) = (&self.server.two.aurora, &self.server.two.borealis);
        match kind {
            // A new one each time: some probes delete it.
            Kind::Document => {
                let own = self.server.new_document(aurora, "Aurorachairs quoffle.").await;
                (own.to_string(), self.borealis_document.to_string())
            }
            Kind::Conversation => (self.aurora_conversation.clone(), self.borealis_conversation.clone()),
            Kind::Asked => (self.aurora_asked.clone(), self.borealis_asked.clone()),
            Kind::Taken => (self.aurora_taken.clone(), self.borealis_conversation.clone()),
            Kind::Message => (
                self.server.last_message(aurora, &self.aurora_conversation).await,
                self.server.last_message(borealis, &self.borealis_conversation).await,
            ),
            Kind::Key => (self.aurora_key.key.id.to_string(), self.borealis_key.key.id.to_string()),
            Kind::Working => {
                let own = self.server.new_key(aurora, "Aurora lamp").await;
                (own.key.id.to_string(), self.borealis_key.key.id.to_string())
            }
            Kind::Version => ("1".to_owned(), "2".to_owned()),
            Kind::Domain => (domain(&self.server, &self.dns, aurora).await, self.borealis_domain.clone()),
            Kind::Linked => (linked(&self.server, &self.vouched.nora).await, linked(&self.server, borealis).await),
            Kind::AgentSession => (session_of(&self.server, self.agent, aurora).await, self.session_ids.1.clone()),
            Kind::Role => (role(&self.server, aurora).await, self.borealis_role.clone()),
            Kind::Team => {
                let own = team(&self.server, aurora, &format!("Auroracrew {}", rand_word())).await;
                (own, self.borealis_team.clone())
            }
            Kind::Teammate => {
                let own = self.colleague().await;
                let first = self.aurora_teams[0].parse().unwrap();
                self.server.capabilities().identity.add_to_team(&aurora.owner, first, own).await.unwrap();
                (own.to_string(), borealis.member.to_string())
            }
            Kind::Model => (model(&self.server, aurora).await, self.borealis_model.clone()),
            Kind::Tool => {
                let own = tool(&self.server, aurora, &format!("aurora_{}", rand_word())).await;
                (own, self.borealis_tool.clone())
            }
            Kind::Personality => (personality(&self.server, aurora, false).await, self.borealis_personality.clone()),
            // A new one each time: the probes delete it.
            Kind::Fact => {
                let own = fact(&self.server, &self.aurora_taken, &format!("has {} Auroralamps", rand_word())).await;
                (own, self.borealis_fact.clone())
            }
            Kind::Receipt => (self.aurora_receipt.clone(), self.borealis_receipt.clone()),
            Kind::Evaluation => (evaluation(&self.server, aurora).await, self.borealis_evaluation.clone()),
            // A new one each time: some probes end it.
            Kind::Meeting => (meeting(&self.server, aurora, "Auroramoot").await.0, self.borealis_meeting.clone()),
            Kind::Passkey => {
                let own = passkeys::passkey(&self.server, &self.devices.removes).await;
                (own, passkeys::passkey(&self.server, borealis).await)
            }
            // New ones each time: some probes use them up.
            Kind::Session => (session(&self.server, aurora).await, self.session_ids.1.clone()),
            Kind::Invitation => {
                (invitation(&self.server, aurora).await.to_string(), self.borealis_invitation.to_string())
            }
            Kind::Colleague => (self.colleague().await.to_string(), borealis.member.to_string()),
            Kind::Member => (aurora.member.to_string(), borealis.member.to_string()),
            Kind::Tenant => (aurora.id.to_string(), borealis.id.to_string()),
        }
    }
}

impl Kind {
    /// Texts that are no ids of this kind, though some hold the digits of one that exists.
    fn malformed(self, foreign: &str) -> Vec<String> {
        if matches!(self, Self::Version) {
            return ["x", "-1", "0x0", "99999999999", "1.0", "0'--", "%00"].map(str::to_owned).into();
        }
        if let (Self::Asked, Some((conversation, seq))) = (self, foreign.split_once('-')) {
            let more = ["", "-", "-x", "--1", "-+2", "-02", "-99999999999999999999", "-2%00", "-2'--"];
            let more = more.iter().map(|more| format!("{conversation}{more}"));
            let others = ["x".to_owned(), foreign.to_uppercase(), format!("..%2f{foreign}"), format!("-{seq}")];
            return more.chain(others).collect();
        }
        let digits = &foreign[foreign.len() - 32..];
        if matches!(self, Self::Session | Self::AgentSession | Self::Linked | Self::Passkey | Self::Domain) {
            let long = "0".repeat(400);
            return vec!["x".to_owned(), foreign[1..].to_owned(), foreign.to_uppercase(), format!("{foreign}0"), long];
        }
        let prefix = match self {
            Self::Session | Self::AgentSession | Self::Linked | Self::Passkey | Self::Domain | Self::Version => "",
            Self::Role => RoleId::PREFIX,
            Self::Team => TeamId::PREFIX,
            Self::Model => ModelId::PREFIX,
            Self::Tool => ToolId::PREFIX,
            Self::Personality => PersonalityId::PREFIX,
            Self::Receipt => ReceiptId::PREFIX,
            Self::Fact => FactId::PREFIX,
            Self::Evaluation => EvaluationId::PREFIX,
            Self::Meeting => MeetingId::PREFIX,
            Self::Document => DocumentId::PREFIX,
            Self::Conversation | Self::Taken | Self::Asked => ConversationId::PREFIX,
            Self::Message => MessageId::PREFIX,
            Self::Key | Self::Working => ApiKeyId::PREFIX,
            Self::Member | Self::Colleague | Self::Teammate => MemberId::PREFIX,
            Self::Invitation => InvitationId::PREFIX,
            Self::Tenant => TenantId::PREFIX,
        };
        vec![
            "x".to_owned(),
            digits.to_owned(),
            format!("{prefix}_"),
            format!("{prefix}_{}", digits.to_uppercase()),
            format!("{prefix}_{digits}0"),
            format!("{}_{digits}", if prefix == "ten" { "mem" } else { "ten" }),
            format!("{prefix}_{}", "0".repeat(400)),
            format!("{prefix}_{digits}%00"),
            format!("{prefix}_{digits}'--"),
            format!("..%2f{prefix}_{digits}"),
        ]
    }
}

/// Every probe.
pub fn all() -> Vec<&'static Probe> {
    [
        accounts::PROBES,
        assistant::PROBES,
        company_sign_on::PROBES,
        conversations::PROBES,
        dashboard::PROBES,
        documents::PROBES,
        inbox::PROBES,
        keys::PROBES,
        meetings::PROBES,
        members::PROBES,
        operator::PROBES,
        passkeys::PROBES,
        platform::PROBES,
        providers::PROBES,
        roles::PROBES,
        session::PROBES,
        settings::PROBES,
        teams::PROBES,
    ]
    .into_iter()
    .flatten()
    .collect()
}

impl Probe {
    /// The request as Aurora sends it; what is the operator's, as the operator does.
    pub fn as_aurora(&self, world: &World) -> Ask {
        let ask = (self.ask)(world);
        if matches!(self.by, By::Operator) {
            return ask.bearer(&world.operator_key);
        }
        self.signed(ask, &world.server.two.aurora)
    }

    /// A request as a tenant sends it.
    pub fn signed(&self, ask: Ask, tenant: &Tenant) -> Ask {
        match self.by {
            By::Open | By::Anybody(_) | By::Operator => ask,
            By::Session(_) => ask.session(tenant),
            By::Key => ask.key(tenant),
        }
    }
}

/// The key that a caller is.
pub fn key_of(tenant: &Tenant) -> ApiKeyId {
    match tenant.key.actor() {
        Actor::ApiKey { key, .. } => key,
        other => panic!("not a key: {other:?}"),
    }
}
