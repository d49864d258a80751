//! Who may do what, as a table: every role, those of a company's own among them, in every state of an account, for every permission,
//! and the same verdict by form, as JSON, by REST and on a socket.

use crate::harness::{Answer, Ask, TestServer};
use crate::probes::documents::upload;
use crate::socket::{Client, ORIGIN};
use identity::{KeptMember, KeyWishes, RoleWishes};
use model::identity::Role;
use model::permission::{KEY_AT_MOST, Permission, Permissions};
use model::{ConversationId, MemberId};
use serde_json::json;
use std::sync::atomic::{AtomicU32, Ordering};
use tower_sessions::session::Id;

/// What comes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Done,
    Refused,
    /// Nobody is there.
    Out,
}

fn verdict(answer: &Answer) -> Verdict {
    match answer.status {
        401 => Verdict::Out,
        303 if answer.header("location").starts_with("/login") => Verdict::Out,
        // (404: what is out of their reach is not there for them.)
        403 | 404 => Verdict::Refused,
        // (409: they may, and somebody else has the conversation.)
        200..=399 | 409 => Verdict::Done,
        _ => panic!("{answer}"),
    }
}

static DRAWN: AtomicU32 = AtomicU32::new(0);

/// What takes a permission: on a page, and by REST.
type Operation = (Permission, fn(&str) -> Ask, Option<fn(&str) -> Ask>);

fn drawn() -> String {
    format!("n{}", DRAWN.fetch_add(1, Ordering::Relaxed))
}

fn see(id: &str) -> Ask {
    Ask::get(format!("/dashboard/inbox/{id}"))
}

fn get(id: &str) -> Ask {
    Ask::get(format!("/api/v1/conversations/{id}"))
}

/// What takes each permission, and a conversation that [`Talks::of`] names.
const OPERATIONS: &[Operation] = &[
    (Permission::ReadWorkspace, |_| Ask::get("/dashboard/members"), Some(|_| Ask::get("/api/v1/members"))),
    (Permission::ReadConversations, |_| Ask::get("/dashboard/inbox"), Some(|_| Ask::get("/api/v1/conversations"))),
    (Permission::ReachUnassigned, see, Some(get)),
    // (A key is in no team.)
    (Permission::ReachTeams, see, None),
    (Permission::ReachOthers, see, Some(get)),
    (Permission::ReachWidget, see, Some(get)),
    (Permission::ReachApi, see, Some(get)),
    (
        Permission::WriteConversations,
        |id| {
            let form = [("text", "Here I am."), ("client_id", &*drawn())];
            Ask::post(format!("/dashboard/inbox/{id}/messages")).form(form)
        },
        Some(|id| {
            let words = json!({ "text": "Here I am.", "client_id": drawn() }).to_string();
            Ask::post(format!("/api/v1/conversations/{id}/messages")).body("application/json", words)
        }),
    ),
    (Permission::ReadDocuments, |_| Ask::get("/dashboard/knowledge"), Some(|_| Ask::get("/api/v1/documents"))),
    (
        Permission::ManageDocuments,
        |_| upload("/dashboard/knowledge", &format!("{}.md", drawn()), &format!("Lamps quoffle, {}.", drawn())),
        Some(|_| upload("/api/v1/documents", "lamps.md", &format!("Lamps quoffle, {}.", drawn()))),
    ),
    (Permission::ManageAssistant, |_| Ask::get("/dashboard/assistant"), Some(|_| Ask::get("/api/v1/models"))),
    (Permission::ManageMeetings, |_| Ask::get("/dashboard/meetings"), Some(|_| Ask::get("/api/v1/meetings"))),
    (
        Permission::ManageMembers,
        |_| Ask::post("/dashboard/roles").form([("title", &drawn())]),
        Some(|_| {
            let role = json!({ "title": drawn(), "permissions": [] }).to_string();
            Ask::post("/api/v1/roles").body("application/json", role)
        }),
    ),
    (
        Permission::ManageKeys,
        |_| Ask::post("/dashboard/api-keys").form([("name", "Till"), ("chosen", "1"), ("workspace.read", "1")]),
        None,
    ),
    (Permission::ManageSettings, |_| Ask::get("/dashboard/settings"), Some(|_| Ask::get("/api/v1/settings/versions"))),
    (Permission::ReadAuditLog, |_| Ask::get("/dashboard/audit-log"), Some(|_| Ask::get("/api/v1/audit-entries"))),
    (Permission::ManageSignOn, |_| Ask::get("/dashboard/sign-on"), None),
    (
        Permission::ManageOwners,
        // To ask for an owner; each time somebody else.
        |_| Ask::post("/dashboard/members").form([("email", &format!("{}@fjord.example", drawn())), ("role", "owner")]),
        None,
    ),
];

/// Conversations: of no team, and of one in which everybody is. The assistant has them, but for those that the owner had last.
struct Talks {
    open: String,
    open_by_program: String,
    taken: String,
    of_team: String,
    of_team_by_program: String,
    taken_of_team: String,
}

impl Talks {
    async fn new(server: &TestServer, everybody: &[Somebody]) -> Self {
        let (aurora, identity) = (&server.two.aurora, &server.capabilities().identity);
        let team = identity.create_team(&aurora.owner, "Everybody").await.unwrap().id;
        for somebody in everybody {
            identity.add_to_team(&aurora.owner, team, somebody.member).await.unwrap();
        }
        let mut behind = server.db.superuser().await;
        let mut talk = async |channel: &str, of_team: bool, taken: bool| {
            let id = server.new_conversation(aurora, "Is anybody there?").await;
            let put =
                "update app.conversations set channel = $2, team_id = $3, holder_id = $4 where conversation_id = $1";
            sqlx::query(put)
                .bind(id.parse::<ConversationId>().unwrap().uuid())
                .bind(channel)
                .bind(of_team.then(|| team.uuid()))
                .bind(taken.then(|| aurora.member.uuid()))
                .execute(&mut behind)
                .await
                .unwrap();
            id
        };
        Self {
            open: talk("widget", false, false).await,
            open_by_program: talk("api", false, false).await,
            taken: talk("widget", false, true).await,
            of_team: talk("widget", true, false).await,
            of_team_by_program: talk("api", true, false).await,
            taken_of_team: talk("widget", true, true).await,
        }
    }

    /// The one that shows whether somebody has this permission; to a key, one of no team.
    fn of(&self, permission: Permission, by_key: bool) -> &str {
        match (permission, by_key) {
            (Permission::ReachUnassigned, _) => &self.open,
            (Permission::ReachTeams, _) => &self.taken_of_team,
            (Permission::ReachOthers, _) => &self.taken,
            (Permission::ReachApi, true) => &self.open_by_program,
            (Permission::ReachApi, false) => &self.of_team_by_program,
            (_, true) => &self.open,
            (_, false) => &self.of_team,
        }
    }
}

/// Somebody with a role: their session, and a key that may what they may, as far as keys may it.
struct Somebody {
    member: MemberId,
    session: Id,
    key: String,
    may: Permissions,
}

async fn somebody(server: &TestServer, role: Role, may: Permissions) -> Somebody {
    let aurora = &server.two.aurora;
    let (person, member) = (server.db.services.new_id(), server.db.services.new_id());
    let mut behind = server.db.superuser().await;
    sqlx::query("insert into app.people (person_id, email, name, created_at) values ($1, $1 || '@fjord.example', 'Somebody', now())")
        .bind(person)
        .execute(&mut behind)
        .await
        .unwrap();
    sqlx::query(
        "insert into app.memberships (tenant_id, member_id, person_id, name, email, role, created_at)
         values ($1, $2, $3, 'Somebody', $3 || '@fjord.example', $4, now())",
    )
    .bind(aurora.id.uuid())
    .bind(member)
    .bind(person)
    .bind(role.to_string())
    .execute(&mut behind)
    .await
    .unwrap();
    let wishes = KeyWishes { name: "The same", scopes: may.within(KEY_AT_MOST), lasts: None, signs: false };
    let key = server.capabilities().identity.create_api_key(&aurora.owner, wishes).await.unwrap().secret;
    let session = server.db.open_session(model::PersonId::from_uuid(person), aurora.id).await;
    Somebody { member: MemberId::from_uuid(member), session, key, may }
}

async fn on_a_socket(server: &TestServer, who: &Somebody, conversation: &str, taken: &str) -> [Option<Verdict>; 3] {
    let Some(mut client) = Client::open_as(server, &who.session.to_string()).await else {
        return [Some(Verdict::Out); 3];
    };
    let verdict = |frame: &serde_json::Value| match (frame["type"].as_str(), frame["code"].as_str()) {
        (Some("error"), Some("forbidden" | "not_found")) => Verdict::Refused,
        (Some("error"), Some("unauthenticated")) => Verdict::Out,
        // (They may, and nobody has taken it over.)
        (Some("error"), Some("conflict")) => Verdict::Done,
        (Some("error"), _) => panic!("{frame}"),
        _ => Verdict::Done,
    };
    let hello = client.say(json!({ "type": "hello" })).await;
    if verdict(&hello) != Verdict::Done {
        return [Some(verdict(&hello)), None, None];
    }
    let mut told = async |what: serde_json::Value, end: &str| {
        client.send(what).await;
        loop {
            let frame = client.next().await;
            if [end, "error"].contains(&frame["type"].as_str().unwrap()) {
                break verdict(&frame);
            }
        }
    };
    let follow = |conversation| json!({ "type": "subscribe", "conversation": conversation, "after": 0 });
    assert_eq!(told(follow(conversation), "caught_up").await, Verdict::Done);
    let others = told(follow(taken), "caught_up").await;
    let words = json!({ "type": "send", "conversation": conversation, "client_id": drawn(), "text": "Here I am." });
    [Some(Verdict::Done), Some(told(words, "sent").await), Some(others)]
}

#[tokio::test]
async fn every_role_in_every_state_gets_the_same_verdict_everywhere() {
    let server = TestServer::with(|config| config.public_url = ORIGIN.parse().ok()).await;
    server.db.leaves_waiting_jobs();
    let (aurora, identity) = (&server.two.aurora, &server.capabilities().identity);
    let mut people = Vec::new();
    for role in Role::BUILT_IN {
        people.push(somebody(&server, role, role.permissions().unwrap()).await);
    }
    use Permission as P;
    let own: [&[P]; 8] = [
        &[],
        &[P::ReachOthers],
        &[P::ReachTeams, P::ReachWidget],
        &[P::WriteConversations, P::ReachWidget],
        &[P::ManageDocuments],
        &[P::WriteConversations],
        &[P::ManageMembers, P::ReadAuditLog],
        &[P::ManageKeys, P::ManageSettings, P::ReadConversations],
    ];
    for permissions in own {
        let wishes = RoleWishes { title: drawn(), permissions: Permissions::of(permissions) };
        let made = identity.create_role(&aurora.owner, &wishes).await.unwrap();
        people.push(somebody(&server, made.role, made.permissions).await);
    }
    let talks = Talks::new(&server, &people).await;
    let named: Vec<Permission> = OPERATIONS.iter().map(|(permission, ..)| *permission).collect();
    assert_eq!(named.len(), Permission::ALL.len(), "each has something that takes it");
    for suspended in [false, true] {
        for who in &people {
            if suspended {
                identity.keep_member(&aurora.owner, who.member, KeptMember::Out { keys: false }).await.unwrap();
            }
            for (permission, page, rest) in OPERATIONS {
                let expected = match (suspended, who.may.has(*permission)) {
                    (true, _) => Verdict::Out,
                    (false, true) => Verdict::Done,
                    (false, false) => Verdict::Refused,
                };
                let said = format!("{} of who may {:?}, suspended: {suspended}", permission.name(), who.may.names());
                let conversation = talks.of(*permission, false);
                let form = server.ask(page(conversation).cookie(who.session)).await;
                assert_eq!(verdict(&form), expected, "{said}: by form: {form}");
                let as_json = server.ask(page(conversation).wants_json().cookie(who.session)).await;
                assert_eq!(verdict(&as_json), expected, "{said}: as JSON: {as_json}");
                // A key is nobody's once it is made, unless it is revoked with who made it.
                if let Some(rest) = rest {
                    let conversation = talks.of(*permission, true);
                    let by_key = server.ask(rest(conversation).bearer(&who.key)).await;
                    let of_conversation = matches!(permission, P::ReachWidget | P::ReachApi | P::WriteConversations);
                    let reaches = !of_conversation || who.may.has(P::ReachUnassigned);
                    let done = who.may.has(*permission) && reaches;
                    let expected = if done { Verdict::Done } else { Verdict::Refused };
                    assert_eq!(verdict(&by_key), expected, "{said}: by REST: {by_key}");
                }
            }
            // What everybody has is there for everybody, whatever else they may.
            let everybodys =
                ["/dashboard", "/dashboard/account", "/dashboard/roles", "/dashboard/teams", "/dashboard/workspaces"];
            for path in everybodys {
                let page = server.ask(Ask::get(path).cookie(who.session)).await;
                let expected = if suspended { Verdict::Out } else { Verdict::Done };
                assert_eq!(verdict(&page), expected, "{path} of who may {:?}: {page}", who.may.names());
            }
            let [reads, writes, others] = on_a_socket(&server, who, &talks.of_team, &talks.taken).await;
            let expected = |permission| match (suspended, who.may.has(permission)) {
                (true, _) => Verdict::Out,
                (false, true) => Verdict::Done,
                (false, false) => Verdict::Refused,
            };
            assert_eq!(reads, Some(expected(P::ReadConversations)), "{:?}", who.may.names());
            // Who hears nothing has nothing to answer.
            assert!(writes.is_none_or(|writes| writes == expected(P::WriteConversations)), "{:?}", who.may.names());
            assert!(others.is_none_or(|others| others == expected(P::ReachOthers)), "{:?}", who.may.names());
        }
    }
}
