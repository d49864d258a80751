//! The REST interface: shapes, keys that open nothing, and that its description says what it does.

use crate::harness::{Answer, Ask, TestServer};
use crate::probes::documents::upload;
use crate::probes::key_of;
use identity::RoleWishes;
use meetings::NewMeeting;
use model::identity::Role;
use model::personality::Personality;
use serde_json::Value;
use std::collections::BTreeSet;
use testkit::Tenant;

fn keys_of(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// `prefix_` and 32 lower-case hex digits.
fn assert_id(value: &Value, prefix: &str) {
    let digits = value.as_str().and_then(|t| t.strip_prefix(prefix)).and_then(|t| t.strip_prefix('_'));
    let lower = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    assert!(digits.is_some_and(|d| d.len() == 32 && d.bytes().all(lower)), "{value} is not {prefix}_…");
}

fn assert_time(value: &Value) {
    assert!(value.as_str().unwrap().parse::<model::Timestamp>().is_ok(), "{value}");
}

#[tokio::test]
async fn me_says_whose_key_it_is() {
    let server = TestServer::start().await;
    for (tenant, company) in [(&server.two.aurora, "Aurora"), (&server.two.borealis, "Borealis")] {
        let answer = server.ask(Ask::get("/api/v1/me").key(tenant)).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"), "{answer}");
        let me = answer.json();
        assert_eq!(keys_of(&me), ["key", "tenant"].into());
        assert_eq!(keys_of(&me["tenant"]), ["created_at", "id", "name"].into());
        let fields =
            ["created_at", "expires_at", "id", "last_used_at", "name", "prefix", "revoked_at", "scopes", "signs"];
        assert_eq!(keys_of(&me["key"]), fields.into());
        assert_id(&me["tenant"]["id"], "ten");
        assert_id(&me["key"]["id"], "key");
        assert_time(&me["tenant"]["created_at"]);
        assert_time(&me["key"]["created_at"]);
        assert_time(&me["key"]["last_used_at"]);
        assert_eq!(me["tenant"]["id"], tenant.id.to_string());
        assert_eq!(me["tenant"]["name"], company);
        assert_eq!(me["key"]["id"], key_of(tenant).to_string());
        assert_eq!(me["key"]["prefix"], tenant.api_key[..12]);
        assert_eq!(me["key"]["revoked_at"], Value::Null);
        assert!(!answer.body.contains(&tenant.api_key), "the secret came back");
    }
    // The scheme's case does not matter (RFC 9110, section 11.1); the key's does.
    let aurora = &server.two.aurora;
    let lower = Ask::get("/api/v1/me").header("authorization", format!("bearer {}", aurora.api_key));
    assert_eq!(server.ask(lower).await.status, 200);
    let upper = Ask::get("/api/v1/me").bearer(&format!("smt_{}", aurora.api_key[4..].to_uppercase()));
    assert_eq!(server.ask(upper).await.status, 401);
}

/// Makes a tenant that has more than one page of members.
async fn add_members(server: &TestServer) {
    server
        .execute(
            "insert into app.people (person_id, email, name, created_at)
             select gen_random_uuid(), 'agent' || n || '@' || lower(t.name) || '.example', 'Agent ' || n, now()
             from app.tenants t, generate_series(1, 6) n;
             insert into app.memberships (tenant_id, member_id, person_id, name, email, role, created_at)
             select t.tenant_id, uuidv7(), p.person_id, p.name, p.email, 'agent', now()
             from app.people p join app.tenants t on p.email like 'agent%@' || lower(t.name) || '.example'",
        )
        .await;
}

#[tokio::test]
async fn members_come_in_pages() {
    let server = TestServer::start().await;
    add_members(&server).await;
    for tenant in [&server.two.aurora, &server.two.borealis] {
        let whole = server.ask(Ask::get("/api/v1/members").key(tenant)).await;
        assert_eq!(whole.status, 200, "{whole}");
        let whole = whole.json();
        assert_eq!(keys_of(&whole), ["data", "next_cursor"].into());
        assert_eq!(whole["next_cursor"], Value::Null);
        let all = whole["data"].as_array().unwrap();
        assert_eq!(all.len(), 7);
        assert_eq!(all[0]["id"], tenant.member.to_string());
        for member in all {
            let fields = ["created_at", "email", "id", "name", "permissions", "role", "role_title", "suspended_at"];
            assert_eq!(keys_of(member), fields.into());
            assert_id(&member["id"], "mem");
            assert_time(&member["created_at"]);
            let domain = tenant.email.split_once('@').unwrap().1;
            assert!(member["email"].as_str().unwrap().ends_with(domain), "{member}");
        }
        // Page by page the same, each member once, whether the last page is full or not.
        for limit in [1, 2, 3, 6, 7, 8] {
            let (mut path, mut seen) = (format!("/api/v1/members?limit={limit}"), Vec::new());
            loop {
                let page = server.ask(Ask::get(&path).key(tenant)).await.json();
                let data = page["data"].as_array().unwrap();
                assert!(!data.is_empty() && data.len() <= limit, "{path}: {page}");
                seen.extend(data.clone());
                let Some(next) = page["next_cursor"].as_str() else { break };
                path = format!("/api/v1/members?limit={limit}&cursor={next}");
            }
            assert_eq!(&seen, all, "limit {limit}");
        }
    }
}

async fn me(server: &TestServer, tenant: &Tenant) -> Answer {
    server.ask(Ask::get("/api/v1/me").key(tenant)).await
}

#[tokio::test]
async fn keys_that_open_nothing_look_alike() {
    let server = TestServer::start().await;
    let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
    let spare = server.new_key(aurora, "Spare").await;
    let with = |secret: String| server.ask(Ask::get("/api/v1/me").bearer(&secret));
    let unknown = with(format!("smt_{}", "0".repeat(48))).await;
    assert_eq!(unknown.status, 401, "{unknown}");

    // Revoked over the form, from one request to the next; other keys go on.
    assert_eq!(with(spare.secret.clone()).await.status, 200);
    let revoke = format!("/dashboard/api-keys/{}/revoke", spare.key.id);
    assert_eq!(server.ask(Ask::post(revoke).session(aurora)).await.status, 303);
    assert_eq!(with(spare.secret.clone()).await.comparable(), unknown.comparable());
    assert_eq!(me(&server, aurora).await.status, 200);
    // Expired.
    server.execute("update app.api_keys set expires_at = created_at where name = 'Spare'; update app.api_keys set revoked_at = null").await;
    assert_eq!(with(spare.secret.clone()).await.comparable(), unknown.comparable());
    // Of a tenant that is suspended; the other goes on.
    server.execute("update app.tenants set suspended_at = created_at where name = 'Aurora'").await;
    assert_eq!(me(&server, aurora).await.comparable(), unknown.comparable());
    assert_eq!(me(&server, borealis).await.status, 200);
    server.execute("update app.tenants set suspended_at = null").await;
    assert_eq!(me(&server, aurora).await.status, 200);
    // Nearly right, and not a key at all.
    let mut nearly = aurora.api_key.clone();
    let last = if nearly.ends_with('0') { "1" } else { "0" };
    nearly.replace_range(nearly.len() - 1.., last);
    for secret in
        [nearly, aurora.api_key[..51].to_owned(), format!("{}0", aurora.api_key), "smt_".into(), "x".repeat(5000)]
    {
        assert_eq!(with(secret.clone()).await.comparable(), unknown.comparable(), "{secret}");
    }
}

/// An agent sees keys and makes none; an owner of another tenant has no say either.
#[tokio::test]
async fn only_owners_make_and_revoke_keys() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let key = server.new_key(aurora, "Till").await;
    server.execute("update app.memberships set role = 'agent' where email = 'owner@aurora.example'").await;
    let before = server.rows_of(aurora).await;
    let id = key.key.id.to_string();
    for ask in [
        Ask::post("/dashboard/api-keys").form([("name", "More")]),
        Ask::post(format!("/dashboard/api-keys/{id}/revoke")),
    ] {
        let path = ask.path.clone();
        let answer = server.ask(ask.session(aurora)).await;
        assert_eq!(answer.status, 403, "{path}: {answer}");
    }
    assert_eq!(before, server.rows_of(aurora).await);
    let list = server.ask(Ask::get("/dashboard/api-keys").session(aurora)).await;
    assert!(list.status == 200 && list.body.contains(&key.key.prefix), "{list}");
    assert!(
        !list.body.contains(&id) && !list.body.contains("<form class=\"form\""),
        "nothing that would only be refused: {list}"
    );
}

/// Every answer that the interface gives here stands in its description, with the media type that it has.
#[tokio::test]
async fn the_description_is_complete() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let document = server.ask(Ask::get("/api/openapi.json")).await;
    assert_eq!((document.status, document.header("content-type")), (200, "application/json"));
    let document = document.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."), "{}", document["openapi"]);
    assert_eq!(document["components"]["securitySchemes"]["api_key"]["scheme"], "bearer");

    let own = server.new_document(aurora, "Lamps come back within sixty days.").await.to_string();
    let spare = server.new_document(aurora, "Lamps come back within sixty days.").await.to_string();
    let json = |path: &str, body: &str| Ask::post(path).body("application/json", body);
    let (list, one) = ("/api/v1/documents", "/api/v1/documents/{id}");
    let (search, answers) = ("/api/v1/search", "/api/v1/answers");
    let talk = server.new_conversation(aurora, "When may lamps come back?").await;
    let (talks, one_talk) = ("/api/v1/conversations", "/api/v1/conversations/{id}");
    let (said, own_said) = ("/api/v1/conversations/{id}/messages", format!("{talks}/{talk}/messages"));
    let words = |text: &str, client_id: &str, from: &str| {
        json(&own_said, &format!(r#"{{"text":"{text}","client_id":"{client_id}","from":"{from}"}}"#))
    };
    let (off, call, back, settle) = (
        "/api/v1/conversations/{id}/handoff",
        "/api/v1/conversations/{id}/call",
        "/api/v1/conversations/{id}/handback",
        "/api/v1/conversations/{id}/resolve",
    );
    let (unanswered, settled) = ("/api/v1/unanswered", "/api/v1/unanswered/{id}/settle");
    let other_talk = server.new_conversation(aurora, "Who won the world cup in 1998?").await;
    let question = format!("{other_talk}-2");
    server.do_jobs().await;
    let nowhere = format!("{talks}/conv_0");
    let json_to = |method: &str, path: &str, body: &str| Ask::new(method, path).body("application/json", body);
    let (member, invitations, invitation) = ("/api/v1/members/{id}", "/api/v1/invitations", "/api/v1/invitations/{id}");
    let deneb = Tenant::new(&server.db, "Deneb").await;
    server.db.joins(&deneb, aurora).await;
    let identity = &server.capabilities().identity;
    let members = identity.list_members(&aurora.owner, &Default::default()).await.unwrap().data;
    let colleague = format!("/api/v1/members/{}", members.iter().find(|one| one.email == deneb.email).unwrap().id);
    let open = identity.invite(&aurora.owner, "open@aurora.example", Role::Agent).await.unwrap().invitation.id;
    server
        .execute(
            "update app.api_keys set scopes = scopes || '{members.manage,audit.read,settings.manage,assistant.manage}'",
        )
        .await;
    let settings = "/api/v1/settings";
    let (sessions, one_session) = ("/api/v1/sessions", "/api/v1/sessions/{id}");
    let known_by =
        |session| store::sessions::hash(session).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let theirs = known_by(server.db.open_session(deneb.person, aurora.id).await);
    let owners = known_by(server.db.open_session(aurora.person, aurora.id).await);
    let (roles, one_role) = ("/api/v1/roles", "/api/v1/roles/{id}");
    let tokens = "/api/v1/tokens";
    let wishes = RoleWishes { title: "Shift".to_owned(), ..RoleWishes::default() };
    let role = identity.create_role(&aurora.owner, &wishes).await.unwrap().role;
    let own_role = format!("/api/v1/roles/{role}");
    let (teams, one_team, in_team) = ("/api/v1/teams", "/api/v1/teams/{id}", "/api/v1/teams/{id}/members/{member_id}");
    let team = identity.create_team(&aurora.owner, "Billing").await.unwrap().id;
    let own_team = format!("{teams}/{team}");
    let own_in_team = format!("{own_team}/members/{}", aurora.member);
    let (given, own_given) = ("/api/v1/conversations/{id}/team", format!("{talks}/{talk}/team"));
    let made = server.capabilities().assistant.respond(&aurora.owner, "When may lamps come back?").await.unwrap();
    let receipt = format!("{answers}/{}", made.answer.receipt_id.unwrap());
    let (replay, public) = ("/api/v1/answers/{id}/replay", "/api/v1/receipt-keys");
    let (one_receipt, assistant, usage) = ("/api/v1/answers/{id}", "/api/v1/assistant", "/api/v1/model-usage");
    let (dearest, talk_usage) = ("/api/v1/model-usage/conversations", "/api/v1/conversations/{id}/usage");
    let (models, one_model, try_model) = ("/api/v1/models", "/api/v1/models/{id}", "/api/v1/models/{id}/try");
    // Where nothing may lead: it is not asked.
    server
        .execute(
            "insert into app.models (tenant_id, model_id, wire, name, address, enabled, place, created_at, changed_at)
             select tenant_id, '019aa1b2-c3d4-7e8f-90a1-b2c3d4e5f607', 'openai', 'small', 'https://127.0.0.1:1/v1', false, 0, now(), now()
             from app.tenants where name = 'Aurora'",
        )
        .await;
    server
        .execute(
            "insert into app.tools (tenant_id, tool_id, name, description, method, address, parameters, enabled, in_conversations,
               created_at, changed_at)
             select tenant_id, '019aa1b2-c3d4-7e8f-90a1-b2c3d4e5f607', 'stock', 'How many.', 'get', 'https://shop.example/stock',
               '{\"type\":\"object\"}', false, false, now(), now()
             from app.tenants where name = 'Aurora'",
        )
        .await;
    server
        .execute(
            "insert into app.evaluations (tenant_id, evaluation_id, name, state, created_at, finished_at)
             select tenant_id, '019aa1b2-c3d4-7e8f-90a1-b2c3d4e5f607', 'Before', 'done', now() - interval '3 days', now() - interval '3 days'
             from app.tenants where name = 'Aurora'",
        )
        .await;
    let (meetings, one_meeting, people) =
        ("/api/v1/meetings", "/api/v1/meetings/{id}", "/api/v1/meetings/{id}/participants");
    let chat = "/api/v1/meetings/{id}/messages";
    let (meeting_token, end_meeting) = ("/api/v1/meetings/{id}/tokens", "/api/v1/meetings/{id}/end");
    let meeting = server.capabilities().meetings.create(&aurora.owner, NewMeeting::default()).await.unwrap();
    let own_meeting = format!("{meetings}/{}", meeting.id);
    // Programs write the same instant in several ways.
    let day = (server.db.services.now() + time::Duration::days(30)).date();
    let planned = format!(r#"{{"title":"Weekly","starts_at":"{day}T10:00:00+01:00"}}"#);
    let (tools, one_tool, try_tool) = ("/api/v1/tools", "/api/v1/tools/{id}", "/api/v1/tools/{id}/try");
    let own_tool = "/api/v1/tools/tool_019aa1b2c3d47e8f90a1b2c3d4e5f607".to_owned();
    let own_try_tool = format!("{own_tool}/try");
    let (evaluations, one_evaluation) = ("/api/v1/evaluations", "/api/v1/evaluations/{id}");
    let own_evaluation = format!("{evaluations}/evl_019aa1b2c3d47e8f90a1b2c3d4e5f607");
    let own_model = "/api/v1/models/mdl_019aa1b2c3d47e8f90a1b2c3d4e5f607".to_owned();
    let (own_try, budget) = (format!("{own_model}/try"), "/api/v1/model-budget");
    let (facts, own_facts) = ("/api/v1/conversations/{id}/facts", format!("{talks}/{other_talk}/facts"));
    let one_fact = "/api/v1/conversations/{id}/facts/{fact_id}";
    let own_fact = format!("{talks}/{talk}/facts/fact_019aa1b2c3d47e8f90a1b2c3d4e5f607");
    sqlx::query(
        "insert into app.contact_facts (tenant_id, fact_id, contact_id, conversation_id, seq, text, created_at)
         select tenant_id, '019aa1b2-c3d4-7e8f-90a1-b2c3d4e5f607', contact_id, conversation_id, 1, 'has lamps', now()
         from app.conversations where conversation_id = $1",
    )
    .bind(talk.parse::<model::ConversationId>().unwrap().uuid())
    .execute(&mut server.db.superuser().await)
    .await
    .unwrap();
    let named = |name: &str| Personality { name: name.to_owned(), ..Personality::default() };
    let likes = &server.capabilities().assistant;
    let used = likes.create_personality(&aurora.owner, named("Standard")).await.unwrap().id;
    let night = likes.create_personality(&aurora.owner, named("Night")).await.unwrap().id;
    let (personalities, one_personality) = ("/api/v1/personalities", "/api/v1/personalities/{id}");
    let (versions, take) = ("/api/v1/personalities/{id}/versions", "/api/v1/personalities/{id}/use");
    let (own_used, own_spare) = (format!("{personalities}/{used}"), format!("{personalities}/{night}"));
    let (own_versions, own_take) = (format!("{own_used}/versions"), format!("{own_used}/use"));
    let over = |version: i32, name: &str| format!(r#"{{"version":{version},"personality":{{"name":"{name}"}}}}"#);
    let long = "x".repeat(300_000);
    let mut asked = BTreeSet::new();
    for (path, ask, status) in [
        (one_receipt, Ask::get(&receipt), 200),
        (one_receipt, Ask::get(format!("{receipt}?x=1")), 400),
        (one_receipt, Ask::get("/api/v1/answers/rec_0"), 404),
        (public, Ask::get(public), 200),
        (public, Ask::get(format!("{public}?x=1")), 400),
        (replay, Ask::post(format!("{receipt}/replay")), 200),
        (replay, Ask::post("/api/v1/answers/rec_0/replay"), 404),
        (answers, Ask::get("/api/v1/answers?verdict=quoted&limit=1"), 200),
        (answers, Ask::get("/api/v1/answers?verdict=odd"), 400),
        (answers, Ask::get("/api/v1/answers?limit=101"), 422),
        (assistant, Ask::get(assistant), 200),
        (assistant, Ask::get("/api/v1/assistant?x=1"), 400),
        (assistant, json_to("PUT", assistant, r#"{"instruction":"You are called Astrid."}"#), 200),
        (assistant, json_to("PUT", assistant, r#"{"instruction":1}"#), 400),
        (assistant, json_to("PUT", assistant, &format!(r#"{{"instruction":"{}"}}"#, "x".repeat(2_001))), 422),
        (assistant, Ask::new("PUT", assistant).form([("instruction", "x")]), 415),
        (assistant, json_to("PUT", assistant, &format!(r#"{{"instruction":"{long}"}}"#)), 413),
        (personalities, Ask::get(personalities), 200),
        (personalities, Ask::get("/api/v1/personalities?x=1"), 400),
        (personalities, json(personalities, r#"{"name":"Formal","tone":"formal"}"#), 201),
        (personalities, json(personalities, r#"{"name":"Loud","tone":"loud"}"#), 400),
        (personalities, json(personalities, r#"{"name":""}"#), 422),
        (personalities, Ask::post(personalities).form([("name", "x")]), 415),
        (personalities, json(personalities, &format!(r#"{{"name":"{long}"}}"#)), 413),
        (one_personality, Ask::get(&own_used), 200),
        (one_personality, Ask::get(format!("{own_used}?x=1")), 400),
        (one_personality, Ask::get("/api/v1/personalities/psn_0"), 404),
        (one_personality, json_to("PUT", &own_used, &over(2, "Day")), 200),
        (one_personality, json_to("PUT", &own_used, &over(2, "Noon")), 409),
        (one_personality, json_to("PUT", &own_used, &over(3, "")), 422),
        (one_personality, json_to("PUT", &own_used, r#"{"version":3}"#), 400),
        (one_personality, json_to("PUT", "/api/v1/personalities/psn_0", &over(1, "Day")), 404),
        (one_personality, Ask::new("PUT", &own_used).form([("name", "x")]), 415),
        (one_personality, json_to("PUT", &own_used, &over(3, &long)), 413),
        (versions, Ask::get(&own_versions), 200),
        (versions, Ask::get(format!("{own_versions}?x=1")), 400),
        (versions, Ask::get(format!("{own_versions}?limit=21")), 422),
        (versions, Ask::get("/api/v1/personalities/psn_0/versions"), 404),
        (take, Ask::post(&own_take), 200),
        (take, Ask::post("/api/v1/personalities/psn_0/use"), 404),
        (one_personality, Ask::new("DELETE", &own_used), 409),
        (one_personality, Ask::new("DELETE", &own_spare), 204),
        (one_personality, Ask::new("DELETE", &own_spare), 404),
        (meetings, Ask::get(meetings), 200),
        (meetings, Ask::get("/api/v1/meetings?x=1"), 400),
        (meetings, Ask::get("/api/v1/meetings?limit=201"), 422),
        (meetings, json(meetings, &planned), 201),
        (meetings, json(meetings, r#"{"title":"Weekly","starts_at":"soon"}"#), 400),
        (meetings, json(meetings, r#"{"minutes":2}"#), 422),
        (meetings, Ask::post(meetings).form([("title", "x")]), 415),
        (meetings, json(meetings, &format!(r#"{{"title":"{long}"}}"#)), 413),
        (one_meeting, Ask::get(&own_meeting), 200),
        (one_meeting, Ask::get(format!("{own_meeting}?x=1")), 400),
        (one_meeting, Ask::get("/api/v1/meetings/mtg_0"), 404),
        (
            one_meeting,
            json_to("PATCH", &own_meeting, r#"{"title":"Monthly","passcode":null,"waiting_room":true}"#),
            200,
        ),
        (one_meeting, json_to("PATCH", &own_meeting, r#"{"minutes":2}"#), 422),
        (one_meeting, json_to("PATCH", &own_meeting, r#"{"starts_at":"soon"}"#), 400),
        (one_meeting, json_to("PATCH", "/api/v1/meetings/mtg_0", "{}"), 404),
        (one_meeting, Ask::new("PATCH", &own_meeting).form([("title", "x")]), 415),
        (one_meeting, json_to("PATCH", &own_meeting, &format!(r#"{{"title":"{long}"}}"#)), 413),
        (people, Ask::get(format!("{own_meeting}/participants")), 200),
        (people, Ask::get("/api/v1/meetings/mtg_0/participants"), 404),
        (chat, Ask::get(format!("{own_meeting}/messages")), 200),
        (chat, Ask::get(format!("{own_meeting}/messages?x=1")), 400),
        (chat, Ask::get(format!("{own_meeting}/messages?limit=201")), 422),
        (chat, Ask::get(format!("{own_meeting}/messages?cursor=x")), 422),
        (chat, Ask::get("/api/v1/meetings/mtg_0/messages"), 404),
        (meeting_token, json(&format!("{own_meeting}/tokens"), r#"{"name":"Kim"}"#), 201),
        (meeting_token, json("/api/v1/meetings/mtg_0/tokens", r#"{"name":"Kim"}"#), 404),
        (end_meeting, Ask::post(format!("{own_meeting}/end")), 200),
        (end_meeting, Ask::post("/api/v1/meetings/mtg_0/end"), 404),
        (one_meeting, json_to("PATCH", &own_meeting, "{}"), 409),
        (tools, Ask::get(tools), 200),
        (tools, Ask::get("/api/v1/tools?x=1"), 400),
        (
            tools,
            json(
                tools,
                r#"{"name":"order","description":"Where it is.","method":"get","address":"https://shop.example/orders"}"#,
            ),
            201,
        ),
        (tools, json(tools, r#"{"name":"Order!","description":"","method":"get","address":""}"#), 422),
        (tools, json(tools, r#"{"name":1}"#), 400),
        (tools, Ask::post(tools).form([("name", "x")]), 415),
        (tools, json(tools, &format!(r#"{{"name":"{long}"}}"#)), 413),
        (one_tool, Ask::get(&own_tool), 200),
        (one_tool, Ask::get(format!("{own_tool}?x=1")), 400),
        (one_tool, Ask::get("/api/v1/tools/tool_0"), 404),
        (one_tool, json_to("PATCH", &own_tool, r#"{"description":"Smaller."}"#), 204),
        (one_tool, json_to("PATCH", &own_tool, r#"{"name":""}"#), 422),
        (one_tool, json_to("PATCH", "/api/v1/tools/tool_0", r#"{"description":"Smaller."}"#), 404),
        (try_tool, json(&own_try_tool, r#"{"arguments":{}}"#), 200),
        (try_tool, json("/api/v1/tools/tool_0/try", r#"{"arguments":{}}"#), 404),
        (one_tool, Ask::new("DELETE", &own_tool), 204),
        (one_tool, Ask::new("DELETE", &own_tool), 404),
        (evaluations, Ask::get(evaluations), 200),
        (evaluations, Ask::get("/api/v1/evaluations?x=1"), 400),
        (
            evaluations,
            json(evaluations, r#"{"name":"Ours","questions":[{"question":"Lamps?","expected":"sixty"}]}"#),
            202,
        ),
        (evaluations, json(evaluations, r#"{"name":"Others","questions":[{"question":"Lamps?"}]}"#), 409),
        (evaluations, json(evaluations, r#"{"name":"","questions":[]}"#), 422),
        (evaluations, json(evaluations, r#"{"name":1}"#), 400),
        (evaluations, Ask::post(evaluations).form([("name", "x")]), 415),
        (one_evaluation, Ask::get(&own_evaluation), 200),
        (one_evaluation, Ask::get("/api/v1/evaluations/evl_0"), 404),
        (one_evaluation, Ask::new("DELETE", &own_evaluation), 204),
        (one_evaluation, Ask::new("DELETE", &own_evaluation), 404),
        ("/api/v1/assistant/outcomes", Ask::get("/api/v1/assistant/outcomes"), 200),
        ("/api/v1/assistant/outcomes", Ask::get("/api/v1/assistant/outcomes?x=1"), 400),
        (models, Ask::get(models), 200),
        (models, Ask::get("/api/v1/models?x=1"), 400),
        (models, json(models, r#"{"wire":"anthropic","name":"small","key":"sk-0123456789abcdef","on":false}"#), 201),
        (models, json(models, r#"{"wire":"anthropic","name":""}"#), 422),
        (models, json(models, r#"{"wire":"anthropic","name":"small","address":"https://127.0.0.1/v1"}"#), 422),
        (models, json(models, r#"{"wire":"pigeon","name":"small"}"#), 400),
        (models, Ask::post(models).form([("name", "x")]), 415),
        (models, json(models, &format!(r#"{{"wire":"openai","name":"{long}"}}"#)), 413),
        (one_model, json_to("PATCH", &own_model, r#"{"name":"smaller","place":0}"#), 204),
        (one_model, json_to("PATCH", &own_model, r#"{"name":"no spaces"}"#), 422),
        (one_model, json_to("PATCH", &own_model, r#"{"colour":1}"#), 400),
        (one_model, json_to("PATCH", "/api/v1/models/mdl_0", "{}"), 404),
        (one_model, Ask::new("PATCH", &own_model).form([("name", "x")]), 415),
        (one_model, json_to("PATCH", &own_model, &format!(r#"{{"name":"{long}"}}"#)), 413),
        (try_model, Ask::post(&own_try), 200),
        (try_model, Ask::post("/api/v1/models/mdl_0/try"), 404),
        (one_model, Ask::new("DELETE", &own_model), 204),
        (one_model, Ask::new("DELETE", &own_model), 404),
        (budget, Ask::get(budget), 200),
        (budget, Ask::get("/api/v1/model-budget?x=1"), 400),
        (budget, json_to("PUT", budget, r#"{"limit":25000000,"alert_at":80}"#), 200),
        (budget, json_to("PUT", budget, r#"{"limit":null,"alert_at":0}"#), 422),
        (budget, json_to("PUT", budget, r#"{"limit":"much","alert_at":80}"#), 400),
        (budget, Ask::new("PUT", budget).form([("limit", "x")]), 415),
        (budget, json_to("PUT", budget, &format!(r#"{{"limit":null,"alert_at":80,"x":"{long}"}}"#)), 413),
        (usage, Ask::get("/api/v1/model-usage?days=7"), 200),
        (usage, Ask::get("/api/v1/model-usage?days=x"), 400),
        (usage, Ask::get("/api/v1/model-usage?days=0"), 422),
        (dearest, Ask::get("/api/v1/model-usage/conversations?month=2026-11&limit=5"), 200),
        (dearest, Ask::get("/api/v1/model-usage/conversations?limit=x"), 400),
        (dearest, Ask::get("/api/v1/model-usage/conversations?month=November"), 422),
        (talk_usage, Ask::get(format!("{talks}/{talk}/usage")), 200),
        (talk_usage, Ask::get(format!("{talks}/{talk}/usage?x=1")), 400),
        (talk_usage, Ask::get(format!("{talks}/conv_0/usage")), 404),
        ("/api/v1/me", Ask::get("/api/v1/me"), 200),
        ("/api/v1/me", Ask::get("/api/v1/me?x=1"), 400),
        ("/api/v1/members", Ask::get("/api/v1/members?limit=1"), 200),
        ("/api/v1/members", Ask::get("/api/v1/members?limit=x"), 400),
        ("/api/v1/members", Ask::get("/api/v1/members?limit=0"), 422),
        ("/api/v1/members", Ask::get("/api/v1/members?cursor=x"), 422),
        (sessions, Ask::get("/api/v1/sessions?limit=1"), 200),
        (sessions, Ask::get("/api/v1/sessions?cursor=x"), 422),
        (sessions, Ask::get("/api/v1/sessions?x=1"), 400),
        (one_session, Ask::new("DELETE", format!("{sessions}/{theirs}")), 204),
        (one_session, Ask::new("DELETE", format!("{sessions}/{theirs}")), 404),
        (one_session, Ask::new("DELETE", format!("{sessions}/{owners}")), 403),
        (member, json_to("PATCH", &colleague, r#"{"role":"agent"}"#), 204),
        (member, json_to("PATCH", &colleague, r#"{"role":"owner"}"#), 403),
        (member, json_to("PATCH", &colleague, r#"{"role":"king"}"#), 400),
        (member, json_to("PATCH", &colleague, &format!(r#"{{"role":"{role}"}}"#)), 204),
        (member, json_to("PATCH", &colleague, r#"{"role":"rol_019aa1b2c3d47e8f90a1b2c3d4e5f607"}"#), 422),
        (member, json_to("PATCH", &colleague, r#"{"role":"agent"}"#), 204),
        (member, json_to("PATCH", &colleague, "{}"), 422),
        (member, json_to("PATCH", &colleague, r#"{"role":"agent","suspended":true}"#), 422),
        (member, json_to("PATCH", &colleague, r#"{"role":"agent","revoke_keys":true}"#), 422),
        (member, json_to("PATCH", &colleague, r#"{"suspended":true}"#), 204),
        (member, json_to("PATCH", &colleague, r#"{"suspended":false}"#), 204),
        (roles, Ask::get(roles), 200),
        (roles, Ask::get("/api/v1/roles?x=1"), 400),
        (roles, json(roles, r#"{"title":"Night","permissions":["documents.manage"]}"#), 201),
        (roles, json(roles, r#"{"title":"Night","permissions":["documents.manage"]}"#), 422),
        (roles, json(roles, r#"{"title":"Keys","permissions":["keys.manage"]}"#), 403),
        (roles, json(roles, r#"{"title":"Owners","permissions":["owners.manage"]}"#), 422),
        (roles, json(roles, r#"{"title":"Odd","permissions":["documents.burn"]}"#), 400),
        (roles, Ask::post(roles).form([("title", "x")]), 415),
        (roles, json(roles, &format!(r#"{{"title":"{}"}}"#, "x".repeat(300_000))), 413),
        (one_role, json_to("PUT", &own_role, r#"{"title":"Day","permissions":[]}"#), 204),
        (one_role, json_to("PUT", &own_role, r#"{"title":"Day"}"#), 400),
        (one_role, json_to("PUT", &own_role, r#"{"title":"","permissions":[]}"#), 422),
        (one_role, json_to("PUT", "/api/v1/roles/agent", r#"{"title":"Day","permissions":[]}"#), 404),
        (one_role, Ask::new("PUT", &own_role).form([("title", "x")]), 415),
        (one_role, json_to("PUT", &own_role, &format!(r#"{{"title":"{}"}}"#, "x".repeat(300_000))), 413),
        (one_role, Ask::new("DELETE", &own_role), 204),
        (one_role, Ask::new("DELETE", &own_role), 404),
        (teams, Ask::get(teams), 200),
        (teams, Ask::get("/api/v1/teams?x=1"), 400),
        (teams, json(teams, r#"{"name":"Night"}"#), 201),
        (teams, json(teams, r#"{"name":"NIGHT"}"#), 422),
        (teams, json(teams, "{}"), 400),
        (teams, Ask::post(teams).form([("name", "x")]), 415),
        (teams, json(teams, &format!(r#"{{"name":"{}"}}"#, "x".repeat(300_000))), 413),
        (one_team, Ask::get(&own_team), 200),
        (one_team, Ask::get(format!("{own_team}?x=1")), 400),
        (one_team, Ask::get("/api/v1/teams/team_0"), 404),
        (one_team, json_to("PATCH", &own_team, r#"{"name":"Day"}"#), 204),
        (one_team, json_to("PATCH", &own_team, r#"{"name":""}"#), 422),
        (one_team, json_to("PATCH", &own_team, r#"{"title":"Day"}"#), 400),
        (one_team, json_to("PATCH", "/api/v1/teams/team_0", r#"{"name":"Day"}"#), 404),
        (one_team, Ask::new("PATCH", &own_team).form([("name", "x")]), 415),
        (one_team, json_to("PATCH", &own_team, &format!(r#"{{"name":"{}"}}"#, "x".repeat(300_000))), 413),
        (in_team, Ask::new("PUT", &own_in_team), 204),
        (in_team, Ask::new("PUT", format!("{own_team}/members/mem_0")), 404),
        (in_team, Ask::new("DELETE", &own_in_team), 204),
        (in_team, Ask::new("DELETE", &own_in_team), 404),
        (given, json(&own_given, &format!(r#"{{"team_id":"{team}"}}"#)), 200),
        (given, json(&own_given, r#"{"team_id":null}"#), 200),
        (given, json(&own_given, "{}"), 400),
        (given, json(&own_given, r#"{"team_id":"team_0"}"#), 404),
        (given, json(&format!("{nowhere}/team"), r#"{"team_id":null}"#), 404),
        (given, Ask::post(&own_given).form([("team_id", "x")]), 415),
        (given, json(&own_given, &format!(r#"{{"team_id":"{}"}}"#, "x".repeat(300_000))), 413),
        (back, Ask::post(format!("{talks}/{talk}/handback")), 200),
        (one_team, Ask::new("DELETE", &own_team), 204),
        (one_team, Ask::new("DELETE", &own_team), 404),
        (member, json_to("PATCH", "/api/v1/members/mem_0", r#"{"role":"agent"}"#), 404),
        (member, Ask::new("PATCH", &colleague).form([("role", "agent")]), 415),
        (member, json_to("PATCH", &colleague, &format!(r#"{{"role":"{}"}}"#, "x".repeat(300_000))), 413),
        (member, Ask::new("DELETE", format!("{colleague}?keys=1")), 400),
        (member, Ask::new("DELETE", &colleague), 204),
        (member, Ask::new("DELETE", &colleague), 404),
        (invitations, json(invitations, r#"{"email":"new@aurora.example","role":"agent"}"#), 201),
        (invitations, json(invitations, r#"{"email":"new@aurora.example","role":"owner"}"#), 403),
        (invitations, json(invitations, r#"{"email":"new","role":"agent"}"#), 422),
        (invitations, json(invitations, r#"{"email":"new@aurora.example"}"#), 400),
        (invitations, Ask::post(invitations).form([("email", "x")]), 415),
        (invitations, json(invitations, &format!(r#"{{"email":"{}"}}"#, "x".repeat(300_000))), 413),
        (invitations, Ask::get(invitations), 200),
        (invitations, Ask::get("/api/v1/invitations?x=1"), 400),
        (invitation, Ask::new("DELETE", format!("/api/v1/invitations/{open}")), 204),
        (invitation, Ask::new("DELETE", "/api/v1/invitations/inv_0"), 404),
        (tokens, json(tokens, "{}"), 201),
        (tokens, json(tokens, r#"{"permissions":["documents.read"],"expires_in":60}"#), 201),
        (tokens, json(tokens, r#"{"permissions":["keys.manage"]}"#), 403),
        (tokens, json(tokens, r#"{"permissions":["documents.burn"]}"#), 400),
        (tokens, json(tokens, r#"{"permissions":[]}"#), 422),
        (tokens, json(tokens, r#"{"expires_in":901}"#), 422),
        (tokens, Ask::post(tokens).form([("expires_in", "60")]), 415),
        (tokens, json(tokens, &format!(r#"{{"permissions":["{}"]}}"#, "x".repeat(300_000))), 413),
        ("/api/v1/api-keys", Ask::get("/api/v1/api-keys"), 200),
        ("/api/v1/api-keys", Ask::get("/api/v1/api-keys?x=1"), 400),
        (settings, Ask::get(settings), 200),
        (settings, Ask::get("/api/v1/settings?x=1"), 400),
        (settings, json_to("PUT", settings, r#"{"version":0,"settings":{"name":"Aurora","idle_minutes":60}}"#), 200),
        (settings, json_to("PUT", settings, r#"{"version":0,"settings":{"name":"Aurora"}}"#), 409),
        (settings, json_to("PUT", settings, r#"{"version":1,"settings":{"name":"Aurora","idle_minutes":1}}"#), 422),
        (settings, json_to("PUT", settings, r#"{"version":1,"settings":{"name":"Aurora","colour":1}}"#), 400),
        (settings, Ask::new("PUT", settings).form([("name", "x")]), 415),
        (
            settings,
            json_to("PUT", settings, &format!(r#"{{"version":1,"settings":{{"name":"{}"}}}}"#, "x".repeat(300_000))),
            413,
        ),
        ("/api/v1/settings/versions", Ask::get("/api/v1/settings/versions"), 200),
        ("/api/v1/settings/versions", Ask::get("/api/v1/settings/versions?x=1"), 400),
        ("/api/v1/audit-entries", Ask::get("/api/v1/audit-entries?limit=1&act=key.created"), 200),
        ("/api/v1/audit-entries", Ask::get("/api/v1/audit-entries?from=2026-01-01T00:00:00.000Z&before=9"), 200),
        ("/api/v1/audit-entries", Ask::get("/api/v1/audit-entries?act=sleep"), 400),
        ("/api/v1/audit-entries", Ask::get("/api/v1/audit-entries?limit=0"), 422),
        ("/api/v1/audit-entries", Ask::get("/api/v1/audit-entries?member=x"), 422),
        (list, Ask::get("/api/v1/documents?limit=1"), 200),
        (list, Ask::get("/api/v1/documents?x=1"), 400),
        (list, Ask::get("/api/v1/documents?cursor=x"), 422),
        (list, upload(list, "a.md", "# A\n\nText."), 202),
        (list, Ask::post(list).body("multipart/form-data; boundary=edge", "no form"), 400),
        (list, Ask::post(list).body("multipart/form-data; boundary=edge", two_files()), 400),
        (list, Ask::post(list).form([("file", "x")]), 415),
        (list, upload(list, "a.md", &"x".repeat(6_000_000)), 413),
        (list, upload(list, "a.pdf", "%PDF-1.7"), 422),
        (list, upload(list, "a.md", ""), 422),
        (one, Ask::get(format!("{list}/{own}")), 200),
        (one, Ask::get(format!("{list}/{own}?x=1")), 400),
        (one, Ask::get(format!("{list}/doc_0")), 404),
        (one, Ask::new("DELETE", format!("{list}/{spare}")), 204),
        (one, Ask::new("DELETE", format!("{list}/{spare}")), 404),
        (search, json(search, r#"{"query":"lamps"}"#), 200),
        (search, json(search, r#"{"query":"lamps","x":1}"#), 400),
        (search, json(search, "nothing"), 400),
        (search, Ask::post(search).form([("query", "lamps")]), 415),
        (search, json(search, &format!(r#"{{"query":"{}"}}"#, "x".repeat(300_000))), 413),
        (search, json(search, r#"{"query":" "}"#), 422),
        (search, json(search, r#"{"query":"lamps","limit":51}"#), 422),
        (answers, json(answers, r#"{"question":"When may lamps come back?"}"#), 200),
        (answers, json(answers, r#"{"question":1}"#), 400),
        (answers, Ask::post(answers).form([("question", "x")]), 415),
        (answers, json(answers, &format!(r#"{{"question":"{}"}}"#, "x".repeat(6_000_000))), 413),
        (answers, json(answers, r#"{"question":""}"#), 422),
        (unanswered, Ask::get(unanswered), 200),
        (unanswered, Ask::get("/api/v1/unanswered?x=1"), 400),
        (settled, Ask::post(format!("{unanswered}/{question}/settle")), 204),
        (settled, Ask::post(format!("{unanswered}/{talk}-1/settle")), 404),
        (talks, json(talks, r#"{"contact":{"name":"Ann","email":"ann@x.example"}}"#), 201),
        (talks, json(talks, "{}"), 201),
        (talks, json(talks, r#"{"contact":{"age":1}}"#), 400),
        (talks, json(talks, r#"{"contact":{"email":"x"}}"#), 422),
        (talks, Ask::post(talks).form([("contact", "x")]), 415),
        (talks, json(talks, &format!(r#"{{"contact":{{"name":"{}"}}}}"#, "x".repeat(300_000))), 413),
        (talks, Ask::get("/api/v1/conversations?state=open&limit=1"), 200),
        (talks, Ask::get("/api/v1/conversations?state=other"), 400),
        (talks, Ask::get("/api/v1/conversations?limit=0"), 422),
        (one_talk, Ask::get(format!("{talks}/{talk}")), 200),
        (one_talk, Ask::get(format!("{talks}/{talk}?x=1")), 400),
        (one_talk, Ask::get(&nowhere), 404),
        (facts, Ask::get(&own_facts), 200),
        (facts, Ask::get(format!("{own_facts}?x=1")), 400),
        (facts, Ask::get(format!("{nowhere}/facts")), 404),
        (facts, Ask::new("DELETE", &own_facts), 204),
        (facts, Ask::new("DELETE", format!("{nowhere}/facts")), 404),
        (one_fact, Ask::new("DELETE", &own_fact), 204),
        (one_fact, Ask::new("DELETE", &own_fact), 404),
        (said, Ask::get(format!("{own_said}?limit=1")), 200),
        (said, Ask::get(format!("{own_said}?after=1")), 200),
        (said, Ask::get(format!("{own_said}?after=-1")), 400),
        (said, Ask::get(format!("{own_said}?cursor=x")), 422),
        (said, Ask::get(format!("{nowhere}/messages")), 404),
        (said, words("Hello", "api", "contact"), 201),
        (said, words("Hello", "api", "contact"), 200),
        (said, words("Other", "api", "contact"), 409),
        (said, words("Hello", "api", "agent"), 409),
        (said, words("", "api2", "contact"), 422),
        (said, words("Hello", "api2", "nobody"), 400),
        (said, json(&format!("{nowhere}/messages"), r#"{"text":"Hello","client_id":"x"}"#), 404),
        (said, Ask::post(&own_said).form([("text", "x")]), 415),
        (said, words(&"x".repeat(300_000), "api2", "contact"), 413),
        // This company takes none.
        (call, Ask::post(format!("{talks}/{talk}/call")), 409),
        (call, Ask::post(format!("{nowhere}/call")), 404),
        (off, Ask::post(format!("{talks}/{talk}/handoff")), 200),
        (off, Ask::post(format!("{nowhere}/handoff")), 404),
        (said, words("Hello", "api", "agent"), 201),
        (back, Ask::post(format!("{talks}/{talk}/handback")), 200),
        (back, Ask::post(format!("{nowhere}/handback")), 404),
        (settle, Ask::post(format!("{talks}/{talk}/resolve")), 200),
        (settle, Ask::post(format!("{nowhere}/resolve")), 404),
    ] {
        let method = ask.method.as_str().to_lowercase();
        let named = format!("{method} {}", ask.path);
        let responses = &document["paths"][path][&method]["responses"];
        let stranger = server.ask(ask.clone()).await;
        let answer = server.ask(ask.key(aurora)).await;
        assert_eq!(answer.status, status, "{named}: {answer}");
        // What is far too large is refused before anybody reads who sends it; what takes no key is told to everybody.
        let refused = if path == public { status } else { 401 };
        assert!(stranger.status == refused || (stranger.status, status) == (413, 413), "{named}: {stranger}");
        for answer in [stranger, answer] {
            let described = &responses[answer.status.to_string()];
            assert!(
                if answer.body.is_empty() {
                    described.is_object()
                } else {
                    described["content"].get(answer.header("content-type")).is_some()
                },
                "{named}: {} as it came is not in {responses}",
                answer.status
            );
        }
        asked.insert(path.to_owned());
    }
    let described: BTreeSet<_> = document["paths"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(asked, described, "an endpoint is described and not asked here, or the other way round");
    // Faults can come from everywhere: the rest is described at once.
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let rest = &operation["responses"]["default"]["content"];
            assert!(rest.get("application/problem+json").is_some(), "{method} {path} has no default response");
            if path == public {
                assert_eq!(operation["security"], Value::Null, "{method} {path} takes no key");
            } else {
                assert_eq!(operation["security"][0]["api_key"], serde_json::json!([]), "{method} {path} names no key");
            }
        }
    }
}

/// A form with a field that is there twice.
fn two_files() -> String {
    let file = "--edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.md\"\r\n\r\nText.\r\n";
    format!("{file}{file}--edge--\r\n")
}
