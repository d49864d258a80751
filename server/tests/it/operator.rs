//! Whoever runs the installation, by a program: companies are listed, made, suspended and let in again, and its keys open nothing else.

use crate::harness::{Answer, Ask, COOKIE, PASSWORD, TestServer, letters_to};
use crate::probes::key_of;
use crate::socket::{self, Client, ORIGIN};
use identity::{IdentityError, MAX_OPERATOR_KEYS, OperatorKeyWishes, Overlap};
use model::TenantId;
use model::operator::{NewOperatorKey, OperatorPermission};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use store::audit::{Verdict, verify};
use store::bus::Notice;
use testkit::Mailbox;
use time::Duration;

const TENANTS: &str = "/api/operator/v1/tenants";
const SUSPENDED: &str = "This workspace is suspended. Ask whoever runs this installation.";

/// A key of the operator that may this, for thirty days.
pub async fn key(server: &TestServer, permissions: &[OperatorPermission]) -> NewOperatorKey {
    let wishes = OperatorKeyWishes { name: "Shop", permissions, lasts: Duration::days(30) };
    server.capabilities().identity.create_operator_key(&wishes, server.db.request()).await.unwrap()
}

/// Suspends a company.
pub fn suspend(tenant: TenantId, reason: &str) -> Ask {
    Ask::post(format!("{TENANTS}/{tenant}/suspend")).body("application/json", json!({"reason": reason}).to_string())
}

/// Lets it in again.
pub fn resume(tenant: TenantId) -> Ask {
    Ask::post(format!("{TENANTS}/{tenant}/resume"))
}

fn found(name: &str, email: &str) -> Ask {
    let body = json!({"name": name, "owner_email": email});
    Ask::post(TENANTS).body("application/json", body.to_string())
}

fn ask_owner(tenant: &str, email: &str) -> Ask {
    let body = json!({"owner_email": email});
    Ask::post(format!("{TENANTS}/{tenant}/invitations")).body("application/json", body.to_string())
}

fn sign_in(email: &str) -> Ask {
    Ask::post("/login").form([("email", email), ("password", PASSWORD)])
}

/// What is asked for with a key, which goes well.
async fn done(server: &TestServer, key: &NewOperatorKey, ask: Ask) -> Value {
    let answer = server.ask(ask.bearer(&key.secret)).await;
    assert!(answer.status < 300, "{answer}");
    answer.json()
}

/// The path of a link.
fn path(link: &Value) -> String {
    let link = link.as_str().unwrap();
    link[link.find("/join/").unwrap()..].to_owned()
}

fn detail(answer: &Answer) -> String {
    answer.json()["detail"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_program_lists_makes_and_looks_at_companies() {
    let server = TestServer::start().await;
    let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
    let key = key(&server, OperatorPermission::ALL).await;
    assert!(key.secret.starts_with("smo_") && key.secret.len() == 52, "{key:?}");

    let all = done(&server, &key, Ask::get(TENANTS)).await;
    let ids: Vec<_> = all["data"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect();
    assert_eq!((ids, &all["next_cursor"]), (vec![json!(aurora.id), json!(borealis.id)], &Value::Null));
    let one = &all["data"][0];
    let fields: BTreeSet<_> = one.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(fields, ["created_at", "id", "members", "name", "suspended_at", "suspended_reason"].into());
    assert_eq!((&one["name"], &one["members"], &one["suspended_at"]), (&json!("Aurora"), &json!(1), &Value::Null));
    assert!(!all.to_string().contains(&aurora.email), "nothing of what is in one");
    let first = done(&server, &key, Ask::get(format!("{TENANTS}?limit=1"))).await;
    assert_eq!(first["data"], json!([one]));
    let next = format!("{TENANTS}?limit=1&cursor={}", first["next_cursor"].as_str().unwrap());
    assert_eq!(done(&server, &key, Ask::get(next)).await["data"][0]["id"], json!(borealis.id));
    assert_eq!(done(&server, &key, Ask::get(format!("{TENANTS}/{}", aurora.id))).await, *one);

    // A new one, whose owner is asked to join. There is no mail server here, so the link is in the answer.
    let made = done(&server, &key, found(" Vega ", "Vera@Vega.example")).await;
    let (id, link) = (made["tenant"]["id"].as_str().unwrap(), path(&made["link"]));
    assert_eq!((&made["tenant"]["name"], &made["tenant"]["members"]), (&json!("Vega"), &json!(0)));
    assert_eq!(
        (&made["invitation"]["email"], &made["invitation"]["role"]),
        (&json!("vera@vega.example"), &json!("owner"))
    );
    let joins = Ask::post(&link).form([("name", "Vera"), ("password", PASSWORD)]);
    assert_eq!(server.ask(joins).await.status, 303);
    assert_eq!(done(&server, &key, Ask::get(format!("{TENANTS}/{id}"))).await["members"], 1);
    let opened = server.ask(sign_in("vera@vega.example")).await;
    let cookie = opened.cookie(COOKIE).unwrap_or_else(|| panic!("{opened}"));
    let home = server.ask(Ask::get("/dashboard").cookie(cookie)).await;
    assert!(home.status == 200 && home.body.contains("Vega"), "{home}");
    assert_eq!(
        server
            .count("select count(*) from app.widgets w join app.tenants t using (tenant_id) where t.name = 'Vega'")
            .await,
        1
    );
    // Its log says whose act it was.
    let log = server.ask(Ask::get("/dashboard/audit-log").cookie(cookie)).await.body;
    assert!(log.contains("Made the workspace") && log.contains("by the key Shop"), "{log}");

    // Who is there already is asked all the same, and joins by the password that is theirs.
    let made = done(&server, &key, found("Vega Two", &aurora.email)).await;
    let joins = Ask::post(path(&made["link"])).form([("password", PASSWORD)]);
    assert_eq!(server.ask(joins).await.status, 303);
    assert_eq!(server.ask(sign_in(&aurora.email)).await.header("location"), "/login/workspace");

    // What cannot be is told, all of it, and makes nothing.
    let before = server.count("select count(*) from app.tenants").await;
    for (body, fields) in [
        (json!({"name": " ", "owner_email": "nobody"}), vec!["name", "owner_email"]),
        (json!({"name": "x".repeat(101), "owner_email": "a@b.example"}), vec!["name"]),
    ] {
        let ask = Ask::post(TENANTS).body("application/json", body.to_string());
        let answer = server.ask(ask.bearer(&key.secret)).await;
        let problem = answer.json();
        let named: Vec<_> =
            problem["errors"].as_array().unwrap().iter().map(|e| e["field"].as_str().unwrap()).collect();
        assert_eq!((answer.status, named), (422, fields), "{answer}");
    }
    for (path, status) in [("?limit=0", 422), ("?limit=201", 422), ("?cursor=x", 422), ("?x=1", 400)] {
        let answer = server.ask(Ask::get(format!("{TENANTS}{path}")).bearer(&key.secret)).await;
        assert_eq!(answer.status, status, "{path}: {answer}");
    }
    for body in
        [r#"{"name":"x"}"#, r#"{"name":"x","owner_email":"a@b.example","password":"x"}"#, r#"["x","a@b.example"]"#]
    {
        let answer = server.ask(Ask::post(TENANTS).body("application/json", body).bearer(&key.secret)).await;
        assert_eq!(answer.status, 400, "{body}: {answer}");
    }
    assert_eq!(server.count("select count(*) from app.tenants").await, before);

    // What there is not is answered alike, whatever is wrong with its id.
    let unknown = TenantId::from_uuid(server.db.services.new_id()).to_string();
    for end in ["", "/invitations", "/suspend", "/resume"] {
        let ask = |id: &str| {
            let ask = Ask::new(if end.is_empty() { "GET" } else { "POST" }, format!("{TENANTS}/{id}{end}"));
            let ask = match end {
                "/invitations" => ask.body("application/json", r#"{"owner_email":"a@b.example"}"#),
                "/suspend" => ask.body("application/json", r#"{"reason":"Unpaid"}"#),
                _ => ask,
            };
            server.ask(ask.bearer(&key.secret))
        };
        let nobodys = ask(&unknown).await;
        assert_eq!(nobodys.status, 404, "{end}: {nobodys}");
        let digits = aurora.id.uuid().simple();
        for bad in
            [format!("mem_{digits}"), digits.to_string(), "ten_".to_owned(), aurora.id.to_string().to_uppercase()]
        {
            assert_eq!(ask(&bad).await.comparable(), nobodys.comparable(), "{bad}{end}");
        }
    }
}

#[tokio::test]
async fn a_company_is_made_once_by_the_name_of_its_request() {
    let server = TestServer::start().await;
    let [first, other] = [key(&server, OperatorPermission::ALL).await, key(&server, OperatorPermission::ALL).await];
    let make = |key: &NewOperatorKey, name: &str, company: &str| {
        server.ask(found(company, "vera@vega.example").header("idempotency-key", name).bearer(&key.secret))
    };
    let companies = "select count(*) from app.tenants where name like 'Vega%'";
    // Also at once.
    let (one, two) = tokio::join!(make(&first, "order-1", "Vega"), make(&first, "\"order-1\"", "Vega"));
    assert_eq!((one.status, two.status), (201, 201), "{one} {two}");
    let mut replayed = [one.header("idempotent-replayed"), two.header("idempotent-replayed")];
    replayed.sort_unstable();
    assert_eq!((replayed, server.count(companies).await), (["", "true"], 1));
    assert_eq!(one.json(), two.json());
    // Much later, too, and with what became of it.
    server.db.clock.advance(Duration::days(3));
    let id = one.json()["tenant"]["id"].as_str().unwrap().parse::<TenantId>().unwrap();
    done(&server, &first, suspend(id, "Unpaid")).await;
    let again = make(&first, "order-1", "Vega").await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (201, "true"), "{again}");
    assert_eq!(again.json()["tenant"]["suspended_reason"], "Unpaid");
    assert_eq!(again.json()["link"], one.json()["link"]);
    // The link is there as long as it opens something.
    let anew = done(&server, &first, ask_owner(&id.to_string(), "other@vega.example")).await;
    assert!(anew["link"].is_string() && anew["link"] != one.json()["link"], "{anew}");
    let again = make(&first, "order-1", "Vega").await.json();
    assert_eq!((&again["invitation"], &again["link"]), (&one.json()["invitation"], &Value::Null));
    // The name of another request is refused; another key's are its own; a name that is none is told.
    let answer = make(&first, "order-1", "Vega Two").await;
    assert!(answer.status == 422 && answer.body.contains("Idempotency-Key"), "{answer}");
    assert_eq!(make(&first, "a name", "Vega").await.status, 400);
    assert_eq!(server.count(companies).await, 1);
    let others = make(&other, "order-1", "Vega").await;
    assert!(others.status == 201 && others.header("idempotent-replayed").is_empty(), "{others}");
    assert_eq!(server.count(companies).await, 2);
}

#[tokio::test]
async fn an_owner_is_asked_by_letter_and_anew_until_somebody_has_joined() {
    let mut mailbox = Mailbox::start().await;
    let server = TestServer::with(|config| {
        letters_to(config, &mailbox);
        config.public_url = ORIGIN.parse().ok();
    })
    .await;
    let key = key(&server, OperatorPermission::ALL).await;
    let made = done(&server, &key, found("Vega", "wrong@vega.example")).await;
    assert_eq!(made["link"], Value::Null);
    let id = made["tenant"]["id"].as_str().unwrap().to_owned();
    server.do_jobs().await;
    let letter = mailbox.next().await;
    assert_eq!((letter.to[0].as_str(), letter.subject.as_str()), ("wrong@vega.example", "Join Vega"));
    // Suspended, no letter leaves: it waits.
    let vega = id.parse::<TenantId>().unwrap();
    done(&server, &key, suspend(vega, "Not yet")).await;
    let anew = done(&server, &key, ask_owner(&id, "vera@vega.example")).await;
    assert_eq!(anew["invitation"]["email"], "vera@vega.example");
    server.do_jobs().await;
    assert_eq!(server.count("select count(*) from app.jobs where kind = 'send_invitation'").await, 1);
    done(&server, &key, resume(vega)).await;
    server.do_jobs().await;
    let right = mailbox.next().await;
    assert_eq!(right.to, ["vera@vega.example"]);
    // What went to the wrong address opens nothing any more.
    let joins = |link: String| server.ask(Ask::post(link).form([("name", "Vera"), ("password", PASSWORD)]));
    assert_eq!(joins(letter.path("/join/")).await.status, 422);
    assert_eq!(joins(right.path("/join/")).await.status, 303);
    // And now its owners do that.
    let late = server.ask(ask_owner(&id, "other@vega.example").bearer(&key.secret)).await;
    assert!(late.status == 409 && detail(&late).contains("Its owners invite others."), "{late}");
    let bad = server.ask(ask_owner(&id, "nobody").bearer(&key.secret)).await;
    assert!(bad.status == 422 && bad.body.contains("\"field\":\"owner_email\""), "{bad}");
    let owner = server.ask(sign_in("vera@vega.example")).await;
    let log = server.ask(Ask::get("/dashboard/audit-log").cookie(owner.cookie(COOKIE).unwrap())).await.body;
    assert!(log.contains("Took an invitation back") && log.contains("wrong@vega.example"), "{log}");
}

#[tokio::test]
async fn a_suspended_company_is_closed_everywhere_and_goes_on_where_it_was() {
    let server = socket::start().await;
    let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
    let key = key(&server, OperatorPermission::ALL).await;
    let widget = socket::widget(&server, aurora).await;
    server.new_document(aurora, "# Returns\n\nLamps may be returned within sixty days of delivery.").await;
    // Whoever can be there is there: a member, a program, a token of one, a contact, a visitor; and the neighbours.
    let mut member = Client::member(&server, aurora).await;
    let mut program = Client::bearer(&server, &aurora.api_key).await;
    let token = server.capabilities().identity.create_token(&aurora.key, None, None).await.unwrap().token;
    let mut service = Client::bearer(&server, &token).await;
    let (mut contact, welcome) = Client::visitor(&server, &widget, None).await;
    let kept = welcome["token"].as_str().unwrap().to_owned();
    let (mut visitor, _) = Client::visitor(&server, &widget, None).await;
    let mut neighbour = Client::member(&server, borealis).await;
    let (mut theirs, _) = Client::visitor(&server, &socket::widget(&server, borealis).await, None).await;
    contact.send(json!({"type": "send", "client_id": "1", "text": "How long may I return lamps?"})).await;
    let sent = contact.next_of("sent").await;
    let talk = sent["message"]["conversation_id"].as_str().unwrap().to_owned();
    let waits = "select count(*) from app.jobs where kind = 'answer' and lease_id is null";
    assert_eq!(server.count(waits).await, 1);
    // One who works there and at Borealis, and is on the way in.
    server.db.joins(borealis, aurora).await;
    let begun = server.ask(sign_in(&borealis.email)).await;
    assert_eq!(begun.header("location"), "/login/workspace", "{begun}");
    let rows = server.rows_of(aurora).await;

    let told = done(&server, &key, suspend(aurora.id, " Unpaid since May ")).await;
    assert_eq!((&told["suspended_reason"], told["suspended_at"].is_string()), (&json!("Unpaid since May"), true));
    for gone in [&mut member, &mut program, &mut service, &mut contact, &mut visitor] {
        assert_eq!(gone.end().await, Some(1008));
    }
    for stays in [&mut neighbour, &mut theirs] {
        assert_eq!(stays.say(json!({"type": "ping"})).await["type"], "pong");
    }
    // One who was on the way in when it was suspended.
    let late = server.db.open_session(aurora.person, aurora.id).await;
    assert_eq!(server.ask(Ask::get("/dashboard").cookie(late)).await.status, 303);
    // Nobody signs in there, who has a second workspace goes on in that one, and who has not the password learns nothing.
    let refused = server.ask(sign_in(&aurora.email)).await;
    assert!(refused.status == 422 && refused.body.contains(SUSPENDED), "{refused}");
    let wrong = Ask::post("/login").form([("email", aurora.email.as_str()), ("password", "not the one at all")]);
    let wrong = server.ask(wrong).await;
    assert!(wrong.status == 422 && !wrong.body.contains("suspended"), "{wrong}");
    let choose = Ask::post("/login/workspace").form([("workspace", aurora.id.to_string().as_str())]);
    let choose = choose.cookie(begun.cookie(COOKIE).unwrap());
    let chosen = server.ask(choose).await;
    assert!(chosen.status == 422 && chosen.body.contains(SUSPENDED) && chosen.body.contains("Borealis"), "{chosen}");
    assert_eq!(server.ask(sign_in(&borealis.email)).await.header("location"), "/dashboard");
    // Sessions, keys and tokens open nothing; the widget is one that nobody knows, and of its visitor's token nothing is said.
    assert_eq!(server.ask(Ask::get("/dashboard").session(aurora)).await.status, 303);
    let unknown = server.ask(Ask::get("/api/v1/me").bearer(&format!("smt_{}", "0".repeat(48)))).await;
    for secret in [&aurora.api_key, &token] {
        let answer = server.ask(Ask::get("/api/v1/me").bearer(secret)).await;
        assert_eq!(answer.comparable(), unknown.comparable());
        let begin = Ask::post("/api/v1/conversations").body("application/json", "{}");
        assert_eq!(server.ask(begin.bearer(secret)).await.status, 401);
    }
    let mut back = Client::new(&server).await;
    for hello in [
        json!({"type": "hello", "widget": "wgt_019aa1b2c3d47e8f90a1b2c3d4e5f607"}),
        json!({"type": "hello", "widget": widget}),
        json!({"type": "hello", "widget": widget, "token": kept}),
    ] {
        assert_eq!(back.say(hello.clone()).await["code"], "not_found", "{hello}");
    }
    // Its jobs wait, others' do not, and nothing but sessions is gone.
    server.new_conversation(borealis, "Do you have sofas?").await;
    server.do_jobs().await;
    let answered = "select count(*) from app.messages m join app.tenants t using (tenant_id)
                    where t.name = 'Borealis' and m.author = 'assistant'";
    assert_eq!((server.count(answered).await, server.count(waits).await), (1, 1));
    let quiet = |rows: Vec<(String, Value)>| -> Vec<(String, Value)> {
        let gone = ["sessions", "tenants", "audit_heads", "audit_entries", "api_keys"];
        rows.into_iter().filter(|(table, _)| !gone.contains(&table.as_str())).collect()
    };
    assert_eq!(quiet(server.rows_of(aurora).await), quiet(rows));
    // Once more is once: the first reason stays, and is written down once.
    let twice = done(&server, &key, suspend(aurora.id, "Another reason")).await;
    assert_eq!(twice, told);

    let open = done(&server, &key, resume(aurora.id)).await;
    assert_eq!((&open["suspended_at"], &open["suspended_reason"]), (&Value::Null, &Value::Null));
    assert_eq!(done(&server, &key, resume(aurora.id)).await, open);
    // What was asked is answered now, and the visitor goes on in the conversation that there was.
    server.do_jobs().await;
    assert_eq!(server.count(waits).await, 0);
    let (mut back, welcome) = Client::visitor(&server, &widget, Some(&kept)).await;
    assert_eq!((&welcome["conversation"], &welcome["last_seq"]), (&json!(talk), &json!(2)), "{welcome}");
    assert_eq!(back.say(json!({"type": "ping"})).await["type"], "pong");
    assert_eq!(server.ask(Ask::get("/api/v1/me").key(aurora)).await.status, 200);
    assert_eq!(server.ask(Ask::get("/api/v1/me").bearer(&token)).await.status, 200);
    // A session that was ended stays so.
    for ended in [aurora.session, late] {
        assert_eq!(server.ask(Ask::get("/dashboard").cookie(ended)).await.status, 303);
    }
    let opened = server.ask(sign_in(&aurora.email)).await;
    assert_eq!(opened.header("location"), "/dashboard", "{opened}");
    // All of it stands in its log, which is whole, and nothing in the other's.
    let log =
        server.ask(Ask::get("/dashboard/audit-log?act=workspace.suspended").cookie(opened.cookie(COOKIE).unwrap()));
    let log = log.await.body;
    let row = "Whoever runs this installation, by the key Shop";
    assert!(log.matches(row).count() == 1 && log.contains("Unpaid since May"), "{log}");
    let acts = "select count(*) from app.audit_entries where act in ('workspace.suspended', 'workspace.resumed')
                and actor_kind = 'operator' and actor_name = 'Shop' and address is null";
    assert_eq!(server.count(acts).await, 2);
    for tenant in [aurora.id, borealis.id] {
        let whole = verify(&server.db.services, server.db.request(), tenant).await.unwrap();
        assert!(matches!(whole, Some(Verdict::Whole(_))), "{whole:?}");
    }
    let long = "x".repeat(201);
    for (reason, message) in [("", "Say in a line why"), (" ", "Say in a line why"), (long.as_str(), "at most 200")] {
        let answer = server.ask(suspend(borealis.id, reason).bearer(&key.secret)).await;
        assert!(answer.status == 422 && answer.body.contains(message), "{answer}");
    }
    assert_eq!(server.ask(Ask::get("/dashboard").session(borealis)).await.status, 200);
}

/// A visitor is asked about once more when a company was suspended while they came in; of another company they stay.
#[tokio::test]
async fn one_company_that_is_suspended_ends_nobody_of_another() {
    let server = socket::start().await;
    let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
    let widget = socket::widget(&server, aurora).await;
    let mut before = Client::new(&server).await;
    server.db.services.publish(Notice::Shut { tenant: borealis.id });
    assert_eq!(before.say(json!({"type": "hello", "widget": widget})).await["type"], "welcome");
    server.db.services.publish(Notice::Shut { tenant: borealis.id });
    assert_eq!(before.say(json!({"type": "ping"})).await["type"], "pong");
    // That others of the company's own have ended is nothing to a visitor.
    server.db.services.publish(Notice::Ended { tenant: aurora.id });
    assert_eq!(before.say(json!({"type": "ping"})).await["type"], "pong");
    server.db.services.publish(Notice::Shut { tenant: aurora.id });
    assert_eq!(before.end().await, Some(1008));
}

#[tokio::test]
async fn a_key_opens_what_it_was_made_for_and_nothing_else() {
    let server = TestServer::start().await;
    let (aurora, identity) = (&server.two.aurora, &server.capabilities().identity);
    let ask = |secret: &str, ask: Ask| server.ask(ask.bearer(secret));
    let list = |secret: &str| server.ask(Ask::get(TENANTS).bearer(secret));

    // Neither kind opens what the other does, and both are told what any unknown key is.
    let all = key(&server, OperatorPermission::ALL).await;
    let made_up = format!("smt_{}", "0".repeat(48));
    let unknown = ask(&made_up, Ask::get("/api/v1/me")).await.comparable();
    let plain = |answer: Answer| answer.comparable();
    assert_eq!(plain(ask(&all.secret, Ask::get("/api/v1/me")).await), unknown);
    assert_eq!(plain(ask(&all.secret, Ask::post("/api/v1/tokens").body("application/json", "{}")).await), unknown);
    let token = identity.create_token(&aurora.key, None, None).await.unwrap().token;
    let nobodys = format!("smo_{}", "0".repeat(48));
    for secret in ["smo_", &aurora.api_key, &token, &made_up, &nobodys, &all.secret[..51]] {
        assert_eq!(plain(list(secret).await), unknown, "{secret}");
    }
    assert_eq!(list(&all.secret).await.status, 200);
    let open = server.ask(Ask::get(TENANTS)).await;
    assert!(open.status == 401 && detail(&open).contains("samtal operator-key create"), "{open}");
    assert_eq!(server.ask(Ask::get(TENANTS).session(aurora)).await.status, 401);

    // Each of them what it was made for.
    let tenant = aurora.id;
    for permission in OperatorPermission::ALL {
        let one = key(&server, &[*permission]).await;
        for (asked, takes) in [
            (Ask::get(TENANTS), OperatorPermission::ReadTenants),
            (Ask::get(format!("{TENANTS}/{tenant}")), OperatorPermission::ReadTenants),
            (found("Vega", "vera@vega.example"), OperatorPermission::CreateTenants),
            (suspend(tenant, "Unpaid"), OperatorPermission::SuspendTenants),
            (resume(tenant), OperatorPermission::SuspendTenants),
        ] {
            let named = format!("{} {} with {}", asked.method, asked.path, permission.name());
            let answer = ask(&one.secret, asked).await;
            assert_eq!(answer.status == 403, takes != *permission, "{named}: {answer}");
            assert!(answer.status < 300 || detail(&answer).contains(takes.name()), "{named}: {answer}");
        }
        let anew = ask(&one.secret, ask_owner(&tenant.to_string(), "vera@vega.example")).await;
        let expected = if *permission == OperatorPermission::CreateTenants { 409 } else { 403 };
        assert_eq!(anew.status, expected, "{anew}");
    }

    // It is kept as a hash, and used once a minute.
    for part in [&all.secret[..], &all.secret[4..], &all.secret[12..]] {
        assert_eq!(server.db.columns_with(part).await, Vec::<String>::new());
    }
    let listed = identity.list_operator_keys(server.db.request()).await.unwrap();
    let seen = listed.iter().find(|one| one.id == all.key.id).unwrap();
    assert_eq!((seen.prefix.as_str(), seen.last_used_at.is_some()), (&all.secret[..12], true));

    // Replaced, the old one goes on for a day, and not again; revoked, it is over at once; and each has an end.
    let request = server.db.request();
    let new = identity.replace_operator_key(all.key.id, Overlap::Day, request).await.unwrap();
    assert_eq!((&new.key.name, &new.key.permissions), (&all.key.name, &all.key.permissions));
    assert!(list(&all.secret).await.status == 200 && list(&new.secret).await.status == 200);
    let twice = identity.replace_operator_key(all.key.id, Overlap::Week, request).await;
    assert!(matches!(twice, Err(IdentityError::KeyIsReplaced)), "{twice:?}");
    server.db.clock.advance(Duration::days(1));
    assert_eq!(plain(list(&all.secret).await), unknown);
    let at_once = identity.replace_operator_key(new.key.id, Overlap::None, request).await.unwrap();
    assert_eq!(plain(list(&new.secret).await), unknown);
    server.db.clock.advance(Duration::days(30) - Duration::milliseconds(1));
    assert_eq!(list(&at_once.secret).await.status, 200);
    server.db.clock.advance(Duration::milliseconds(1));
    assert_eq!(plain(list(&at_once.secret).await), unknown);
    let last = key(&server, OperatorPermission::ALL).await;
    for _ in 0..2 {
        identity.revoke_operator_key(last.key.id, request).await.unwrap();
    }
    assert_eq!(plain(list(&last.secret).await), unknown);
    let gone = identity.replace_operator_key(last.key.id, Overlap::Day, request).await;
    assert!(matches!(gone, Err(IdentityError::NotFound)), "{gone:?}");
}

#[tokio::test]
async fn keys_are_bounded_in_time_number_and_name() {
    let server = TestServer::start().await;
    let (identity, request) = (&server.capabilities().identity, server.db.request());
    let reads = [OperatorPermission::ReadTenants];
    let make = async |name: &str, permissions: &[OperatorPermission], lasts: Duration| {
        identity.create_operator_key(&OperatorKeyWishes { name, permissions, lasts }, request).await
    };
    let (day, long) = (Duration::days(1), "x".repeat(61));
    for (name, permissions, lasts, field) in [
        ("", &reads[..], day, "name"),
        (long.as_str(), &reads[..], day, "name"),
        ("x", &[][..], day, "may"),
        ("x", &reads[..], Duration::ZERO, "days"),
        ("x", &reads[..], Duration::days(366), "days"),
    ] {
        match make(name, permissions, lasts).await {
            Err(IdentityError::Invalid(errors)) => assert_eq!(errors[0].field, field),
            other => panic!("{field}: {other:?}"),
        }
    }
    for n in 1..MAX_OPERATOR_KEYS {
        make(&format!("Key {n}"), &reads, Duration::days(365)).await.unwrap();
    }
    // Room for one, and three want it.
    let wishes = OperatorKeyWishes { name: "Last", permissions: &reads, lasts: day };
    let (one, two, three) = tokio::join!(
        identity.create_operator_key(&wishes, request),
        identity.create_operator_key(&wishes, request),
        identity.create_operator_key(&wishes, request),
    );
    let made: Vec<_> = [one, two, three].into_iter().filter_map(Result::ok).collect();
    assert_eq!(made.len(), 1, "{made:?}");
    let full = make("x", &reads, day).await;
    assert!(matches!(full, Err(IdentityError::TooManyOperatorKeys(MAX_OPERATOR_KEYS))), "{full:?}");
    // One that is replaced at once makes room for the other one; one that has ended, too.
    identity.replace_operator_key(made[0].key.id, Overlap::None, request).await.unwrap();
    server.db.clock.advance(day);
    make("x", &reads, day).await.unwrap();
}

#[tokio::test]
async fn who_guesses_keys_is_slowed_down_by_address() {
    let server = TestServer::with(|config| {
        config.sign_in.address_failures = 3;
        config.api.key_burst = 5;
        config.api.key_per_minute = 1;
    })
    .await;
    let key = key(&server, OperatorPermission::ALL).await;
    let list = |secret: &str| Ask::get(TENANTS).bearer(secret);
    // What cannot be a key of the operator is not counted: it asks nobody.
    for _ in 0..5 {
        assert_eq!(server.ask_from(2, list(&server.two.aurora.api_key)).await.status, 401);
    }
    for n in 0..3 {
        assert_eq!(server.ask_from(2, list(&format!("smo_{n:048}"))).await.status, 401);
    }
    for secret in [&format!("smo_{:048}", 9), &key.secret] {
        let answer = server.ask_from(2, list(secret)).await;
        assert!(answer.status == 429 && !answer.header("retry-after").is_empty(), "{answer}");
    }
    // Elsewhere nobody has guessed; and a key has its own share.
    for _ in 0..5 {
        let answer = server.ask_from(3, list(&key.secret)).await;
        assert_eq!((answer.status, answer.header("ratelimit-limit")), (200, "5"), "{answer}");
    }
    assert_eq!(server.ask_from(3, list(&key.secret)).await.status, 429);
}

#[tokio::test]
async fn the_interface_is_described_apart() {
    let server = TestServer::start().await;
    let answer = server.ask(Ask::get("/api/operator/openapi.json")).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    let document = answer.json();
    assert_eq!(document["components"]["securitySchemes"]["operator_key"]["scheme"], "bearer");
    let mut operations = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        assert!(path.starts_with("/api/operator/v1/"), "{path}");
        for (method, operation) in item.as_object().unwrap() {
            let named = format!("{method} {path}");
            assert_eq!(operation["security"], json!([{"operator_key": []}]), "{named}");
            for status in ["401", "403", "429", "default"] {
                let described = &operation["responses"][status]["content"];
                assert!(described.get("application/problem+json").is_some(), "{named} {status}");
            }
            operations += 1;
        }
    }
    assert_eq!(operations, 6);
    let companies = server.ask(Ask::get("/api/openapi.json")).await;
    assert!(!companies.body.contains("/api/operator"), "a company's programs have no use for it");
    // Its log names the key by its id, not one of a member's.
    let key = key(&server, OperatorPermission::ALL).await;
    let aurora = &server.two.aurora;
    done(&server, &key, suspend(aurora.id, "Unpaid")).await;
    done(&server, &key, resume(aurora.id)).await;
    server.execute("update app.api_keys set scopes = scopes || '{audit.read}'").await;
    let entries = server.ask(Ask::get("/api/v1/audit-entries?act=workspace.suspended").key(aurora)).await.json();
    let entry = &entries["data"][0];
    assert_eq!((&entry["actor_kind"], &entry["actor"]), (&json!("operator"), &json!(key.key.id)), "{entry}");
    assert_eq!((&entry["actor_name"], &entry["after"]["reason"]), (&json!("Shop"), &json!("Unpaid")), "{entry}");
    assert_ne!(entry["actor"], json!(key_of(aurora)));
}
