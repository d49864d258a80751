//! Short-lived tokens: what a key gives to a service for some minutes, and everything that is none.

use crate::harness::{Answer, Ask, Held, TestServer};
use crate::probes::key_of;
use crate::socket::{self, Client};
use identity::KeyWishes;
use model::permission::{API_KEY, Permission, Permissions};
use serde_json::{Value, json};
use store::secret_key::SecretKey;
use time::Duration;

const TOKENS: &str = "/api/v1/tokens";

fn token_of(body: &Value) -> Ask {
    Ask::post(TOKENS).body("application/json", body.to_string())
}

/// A token that this key is given.
async fn made(server: &TestServer, secret: &str, body: Value) -> String {
    let answer = server.ask(token_of(&body).bearer(secret)).await;
    assert_eq!(answer.status, 201, "{answer}");
    answer.json()["token"].as_str().unwrap().to_owned()
}

async fn me(server: &TestServer, secret: &str) -> Answer {
    server.ask(Ask::get("/api/v1/me").bearer(secret)).await
}

fn begin() -> Ask {
    Ask::post("/api/v1/conversations").body("application/json", "{}")
}

#[tokio::test]
async fn a_token_may_a_part_of_what_its_key_may_until_it_is_over() {
    let server = TestServer::start().await;
    let (aurora, now) = (&server.two.aurora, server.db.services.now());
    let answer = server.ask(token_of(&json!({})).key(aurora)).await;
    assert!(answer.status == 201 && answer.header("cache-control").contains("no-store"), "{answer}");
    let all = answer.json();
    let in_five_minutes = store::services::timestamp(now + Duration::minutes(5));
    assert_eq!((&all["expires_at"], &all["permissions"]), (&json!(in_five_minutes), &json!(API_KEY)));
    let token = all["token"].as_str().unwrap();
    assert!(token.starts_with("sme_") && token.len() == 140, "{token}");
    // Whose it is, and what it may: the key's own, with no more than was asked for.
    let whose = me(&server, token).await.json();
    assert_eq!((&whose["tenant"]["id"], &whose["key"]["id"]), (&json!(aurora.id), &json!(key_of(aurora))));
    let talk = server.ask(begin().bearer(token)).await;
    assert_eq!(talk.status, 201);
    let reads = json!({"permissions": ["documents.read"], "expires_in": 60});
    let less = made(&server, &aurora.api_key, reads).await;
    assert_eq!(me(&server, &less).await.json()["key"]["scopes"], json!(["documents.read"]));
    assert_eq!(server.ask(Ask::get("/api/v1/documents").bearer(&less)).await.status, 200);
    assert_eq!(server.ask(begin().bearer(&less)).await.status, 403);
    // Who reads conversations, or writes there, and is given nothing else reaches what nobody has taken, as a key does.
    let reads = made(&server, &aurora.api_key, json!({"permissions": ["conversations.read"]})).await;
    let talk = Ask::get(format!("/api/v1/conversations/{}", talk.json()["id"].as_str().unwrap()));
    assert_eq!(server.ask(talk.bearer(&reads)).await.status, 200);
    assert_eq!(server.ask(begin().bearer(&reads)).await.status, 403);
    let writes = made(&server, &aurora.api_key, json!({"permissions": ["conversations.write"]})).await;
    assert_eq!(server.ask(begin().bearer(&writes)).await.status, 201);
    // In both ways in which a key comes in, also once it is known.
    for _ in 0..3 {
        assert_eq!(server.ask(Ask::get("/api/v1/members").bearer(&less)).await.status, 403);
    }

    // No more than the key, not nothing, not for ever.
    for (body, status, field) in [
        (json!({"permissions": ["keys.manage"]}), 403, ""),
        (json!({"permissions": ["documents.read", "members.manage"]}), 403, ""),
        (json!({"permissions": ["documents.burn"]}), 400, ""),
        (json!({"permissions": []}), 422, "permissions"),
        (json!({"expires_in": 59}), 422, "expires_in"),
        (json!({"expires_in": 901}), 422, "expires_in"),
        (json!({"expires_in": -1}), 400, ""),
        (json!({"name": "x"}), 400, ""),
    ] {
        let answer = server.ask(token_of(&body).key(aurora)).await;
        assert_eq!(answer.status, status, "{body}: {answer}");
        assert_eq!(answer.json()["errors"][0]["field"].as_str().unwrap_or_default(), field, "{answer}");
    }
    // A token makes none, and a key makes none of a part that it has not itself.
    let again = server.ask(token_of(&json!({})).bearer(token)).await;
    assert!(again.status == 403 && again.body.contains("makes no tokens"), "{again}");

    // Over, it is as if it had never been: each at its own end.
    let unknown = me(&server, &format!("smt_{}", "0".repeat(48))).await.comparable();
    server.db.clock.advance(Duration::minutes(1) - Duration::milliseconds(1));
    assert_eq!(me(&server, &less).await.status, 200);
    server.db.clock.advance(Duration::seconds(1));
    assert_eq!(me(&server, &less).await.comparable(), unknown);
    assert_eq!(me(&server, token).await.status, 200);
    server.db.clock.advance(Duration::minutes(4));
    assert_eq!(me(&server, token).await.comparable(), unknown);
    assert_eq!(server.ask(begin().bearer(token)).await.status, 401);
    assert_eq!(me(&server, &aurora.api_key).await.status, 200);
}

/// Whatever becomes of the key becomes of its tokens.
#[tokio::test]
async fn a_token_ends_with_its_key() {
    let server = TestServer::start().await;
    let (aurora, identity) = (&server.two.aurora, &server.db.identity);
    let unknown = me(&server, &format!("smt_{}", "0".repeat(48))).await.comparable();
    let key = server.new_key(aurora, "Till").await;
    let token = made(&server, &key.secret, json!({})).await;
    assert_eq!(me(&server, &token).await.status, 200);
    // What the key may no more, the token may not either; what it may besides, neither.
    server.execute("update app.api_keys set scopes = '{workspace.read,audit.read}' where name = 'Till'").await;
    assert_eq!(me(&server, &token).await.json()["key"]["scopes"], json!(["workspace.read"]));
    assert_eq!(server.ask(begin().bearer(&token)).await.status, 403);
    assert_eq!(server.ask(Ask::get("/api/v1/audit-entries").bearer(&token)).await.status, 403);
    identity.revoke_api_key(&aurora.owner, key.key.id).await.unwrap();
    assert_eq!(me(&server, &token).await.comparable(), unknown);

    // One that ends before its token would ends it, and says so.
    let wishes = KeyWishes { name: "Short", scopes: API_KEY, lasts: Some(Duration::seconds(90)), signs: false };
    let short = identity.create_api_key(&aurora.owner, wishes).await.unwrap();
    let answer = server.ask(token_of(&json!({"expires_in": 900})).bearer(&short.secret)).await.json();
    assert_eq!(answer["expires_at"], json!(short.key.expires_at));
    let token = answer["token"].as_str().unwrap();
    server.db.clock.advance(Duration::seconds(89));
    assert_eq!(me(&server, token).await.status, 200);
    server.db.clock.advance(Duration::seconds(1));
    assert_eq!(me(&server, token).await.comparable(), unknown);
    // And a company that is suspended.
    let token = made(&server, &aurora.api_key, json!({})).await;
    assert_eq!(me(&server, &token).await.status, 200);
    server.execute("update app.tenants set suspended_at = created_at where name = 'Aurora'").await;
    assert_eq!(me(&server, &token).await.comparable(), unknown);
}

#[tokio::test]
async fn nothing_else_is_a_token_and_the_database_is_not_asked() {
    let server = TestServer::start().await;
    let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
    let token = made(&server, &aurora.api_key, json!({})).await;
    let others = made(&server, &borealis.api_key, json!({})).await;
    let unknown = me(&server, &format!("smt_{}", "0".repeat(48))).await.comparable();
    // Another company's key with this one's hash; a hash of another installation's; cut, longer, in capitals.
    let forged = format!("{}{}", &others[..92], &token[92..]);
    let digits = token.strip_prefix("sme_").unwrap();
    let said: Vec<u8> = (0..44).map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap()).collect();
    let names: Vec<&str> = Permission::ALL.iter().map(|one| one.name()).collect();
    let text = [names.join(" ").as_bytes(), b":", &said].concat();
    let by = |secret: u8| {
        let mac = SecretKey::from_bytes([secret; 32]).derive("identity/token/1").mac(&text);
        let mac: String = mac[..24].iter().map(|byte| format!("{byte:02x}")).collect();
        format!("sme_{}{mac}", &digits[..88])
    };
    assert_eq!(by(7), token, "made here as the server makes it");
    let (foreign, longer, capitals) = (by(8), format!("{token}00"), format!("sme_{}", digits.to_uppercase()));
    let long = format!("sme_{}", "0".repeat(5000));
    let mut wrong = vec![forged, foreign, longer, capitals, long, digits.to_owned()];
    wrong.extend((1..token.len()).map(|cut| token[..cut].to_owned()));
    for at in (4..token.len()).step_by(7) {
        let mut changed = token.clone().into_bytes();
        changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
        wrong.push(String::from_utf8(changed).unwrap());
    }
    // Nobody who needs the table of keys would get an answer.
    let held = Held::new(&server, "app.api_keys").await;
    for secret in &wrong {
        assert_eq!(me(&server, secret).await.comparable(), unknown, "{secret}");
    }
    held.let_go().await;
    assert!(
        me(&server, &token).await.status == 200 && me(&server, &others).await.json()["tenant"]["name"] == "Borealis"
    );
}

#[tokio::test]
async fn a_token_has_its_keys_share_and_stands_as_its_key_in_the_log() {
    let server = TestServer::with(|config| {
        (config.api.key_burst, config.api.key_per_minute) = (6, 1);
    })
    .await;
    let aurora = &server.two.aurora;
    server.execute("update app.api_keys set scopes = scopes || '{members.manage,audit.read}'").await;
    let token = made(&server, &aurora.api_key, json!({})).await;
    // One of six is gone for the token.
    let first = me(&server, &token).await;
    assert_eq!((first.status, first.header("ratelimit-remaining")), (200, "4"), "{first}");
    let invite = |email: &str| {
        let body = json!({"email": email, "role": "agent"});
        Ask::post("/api/v1/invitations").body("application/json", body.to_string())
    };
    assert_eq!(server.ask(invite("bo@aurora.example").bearer(&token)).await.status, 201);
    let entries = server.ask(Ask::get("/api/v1/audit-entries?act=member.invited").bearer(&token)).await.json();
    let entry = &entries["data"][0];
    assert_eq!((&entry["actor_kind"], &entry["actor"]), (&json!("key"), &json!(key_of(aurora))), "{entry}");
    assert_eq!(entry["actor_name"], "First key", "{entry}");
    for (secret, status) in [(&aurora.api_key, 200), (&token, 200), (&aurora.api_key, 429), (&token, 429)] {
        assert_eq!(me(&server, secret).await.status, status);
    }
    // A company's other key has its own.
    assert_eq!(me(&server, &server.new_key(aurora, "Other").await.secret).await.status, 200);
}

/// What was answered to who may more is not given to a token that names the same request.
#[tokio::test]
async fn an_answer_that_is_kept_is_not_given_to_who_may_less() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    server.execute("update app.api_keys set scopes = scopes || '{members.manage}'").await;
    let invite = || {
        let body = r#"{"email":"bo@aurora.example","role":"agent"}"#;
        Ask::post("/api/v1/invitations").body("application/json", body).header("idempotency-key", "order-17")
    };
    let all = made(&server, &aurora.api_key, json!({})).await;
    let first = server.ask(invite().bearer(&all)).await;
    assert!(first.status == 201 && first.body.contains("/join/"), "{first}");
    // Another token that may the same is given it.
    let same = made(&server, &aurora.api_key, json!({"expires_in": 60})).await;
    let again = server.ask(invite().bearer(&same)).await;
    assert_eq!((again.status, again.header("idempotent-replayed"), &again.body), (201, "true", &first.body));
    let less = made(&server, &aurora.api_key, json!({"permissions": ["documents.read"]})).await;
    let refused = server.ask(invite().bearer(&less)).await;
    assert!(refused.status == 422 && !refused.body.contains("/join/"), "{refused}");
}

#[tokio::test]
async fn a_socket_that_a_token_has_opened_ends_with_it() {
    let server = socket::start().await;
    let aurora = &server.two.aurora;
    let key = server.new_key(aurora, "Socket").await;
    let token = made(&server, &key.secret, json!({"expires_in": 60})).await;
    let mut service = Client::bearer(&server, &token).await;
    assert_eq!(service.say(json!({"type": "ping"})).await["type"], "pong");
    // When something of the company's ends it is looked at again: the token is over by now, its key is not.
    server.db.clock.advance(Duration::seconds(61));
    let mut program = Client::bearer(&server, &key.secret).await;
    let other = server.new_key(aurora, "Other").await;
    server.db.identity.revoke_api_key(&aurora.owner, other.key.id).await.unwrap();
    assert_eq!(service.end().await, Some(1008));
    assert_eq!(program.say(json!({"type": "ping"})).await["type"], "pong");
    // With its key a token ends at once.
    let token = made(&server, &key.secret, json!({})).await;
    let mut service = Client::bearer(&server, &token).await;
    server.db.identity.revoke_api_key(&aurora.owner, key.key.id).await.unwrap();
    assert_eq!((service.end().await, program.end().await), (Some(1008), Some(1008)));
}

/// A key that signs gives tokens as well: its secret need not leave where it is.
#[tokio::test]
async fn a_key_that_signs_gives_tokens() {
    let server = TestServer::start().await;
    let (aurora, identity) = (&server.two.aurora, &server.db.identity);
    let scopes = Permissions::of(&[Permission::ReadWorkspace, Permission::ReadDocuments]);
    let wishes = KeyWishes { name: "Signs", scopes, lasts: None, signs: true };
    let key = identity.create_api_key(&aurora.owner, wishes).await.unwrap();
    let answer = server.ask(crate::signed::post(&server, &key, TOKENS, "{}", "a token ...")).await;
    assert_eq!(answer.status, 201, "{answer}");
    let answer = answer.json();
    assert_eq!(answer["permissions"], json!(scopes));
    let token = answer["token"].as_str().unwrap();
    assert_eq!(me(&server, token).await.json()["key"]["id"], json!(key.key.id));
    assert_eq!(server.ask(begin().bearer(token)).await.status, 403);
    identity.revoke_api_key(&aurora.owner, key.key.id).await.unwrap();
    assert_eq!(me(&server, token).await.status, 401);
}
