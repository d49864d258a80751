//! Requests that are signed instead of carrying a key: what is taken, and everything that is not. Signed here by other code than
//! the server's.

use crate::harness::{Answer, Ask, TestServer};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use identity::KeyWishes;
use model::identity::NewApiKey;
use model::permission::{API_KEY, Permission, Permissions};
use sha2::{Digest as _, Sha256};
use testkit::Tenant;
use time::Duration;

const MEMBERS: &str = "/api/v1/members";
const SEARCH: &str = "/api/v1/search";
const CHAIRS: &str = r#"{"query": "chairs"}"#;
const FOUND: &str = r#"{"query": "lamps"}"#;

fn sha256(body: &str) -> String {
    format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(body)))
}

/// What a request is signed with. A test changes one thing.
#[derive(Clone)]
struct Signer {
    secret: String,
    covered: Vec<(String, String)>,
    params: String,
}

impl Signer {
    /// Of a request without a body.
    fn new(server: &TestServer, key: &NewApiKey, method: &str, path: &str, nonce: &str) -> Self {
        let created = server.db.services.now().unix_timestamp();
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        let mut covered = vec![("@method".to_owned(), method.to_owned()), ("@path".to_owned(), path.to_owned())];
        covered.extend(query.map(|query| ("@query".to_owned(), format!("?{query}"))));
        let params = format!(";created={created};keyid=\"{}\";nonce=\"{nonce}\"", key.key.id);
        Self { secret: key.secret.clone(), covered, params }
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.covered.push((name.to_owned(), value.to_owned()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.covered.retain(|(covered, _)| covered != name);
        self
    }

    fn said(mut self, from: &str, to: &str) -> Self {
        assert!(self.params.contains(from), "{}", self.params);
        self.params = self.params.replace(from, to);
        self
    }

    fn sign(&self, ask: Ask) -> Ask {
        let names: Vec<String> = self.covered.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        let how = format!("({}){}", names.join(" "), self.params);
        let lines: String = self.covered.iter().map(|(name, value)| format!("\"{name}\": {value}\n")).collect();
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).unwrap();
        mac.update(format!("{lines}\"@signature-params\": {how}").as_bytes());
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        ask.header("signature-input", format!("any={how}")).header("signature", format!("any=:{signature}:"))
    }
}

/// A key that signs.
async fn signing(server: &TestServer, tenant: &Tenant, scopes: Permissions) -> NewApiKey {
    let wishes = KeyWishes { name: "Till", scopes, lasts: None, signs: true };
    server.db.identity.create_api_key(&tenant.owner, wishes).await.unwrap()
}

/// A request with a body of JSON, signed.
pub fn post(server: &TestServer, key: &NewApiKey, path: &str, body: &str, nonce: &str) -> Ask {
    let signer = Signer::new(server, key, "POST", path, nonce).with("content-digest", &sha256(body));
    let signer = signer.with("content-type", "application/json");
    signer.sign(Ask::post(path).body("application/json", body).header("content-digest", sha256(body)))
}

fn told(answer: &Answer) -> String {
    answer.json()["detail"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn what_is_signed_is_done_once_and_for_its_workspace_alone() {
    let server = TestServer::start().await;
    let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
    let (key, other) = (signing(&server, aurora, API_KEY).await, signing(&server, borealis, API_KEY).await);
    assert!(key.secret.starts_with("sms_") && key.secret.len() == 52 && key.key.signs, "{key:?}");
    let list = |key: &NewApiKey, nonce: &str| Signer::new(&server, key, "GET", MEMBERS, nonce).sign(Ask::get(MEMBERS));

    let answer = server.ask(list(&key, "first one")).await;
    assert!(answer.status == 200 && answer.body.contains(&aurora.email), "{answer}");
    assert!(!answer.body.contains(&borealis.email) && !answer.header("ratelimit-remaining").is_empty(), "{answer}");
    let answer = server.ask(list(&key, "first one")).await;
    assert!(answer.status == 401 && told(&answer).contains("has been used"), "{answer}");
    // Nonces are each key's own.
    let answer = server.ask(list(&other, "first one")).await;
    assert!(answer.status == 200 && answer.body.contains(&borealis.email), "{answer}");
    // At once, from two places: one of them.
    let (one, two) = tokio::join!(server.ask(list(&key, "at once 1")), server.ask(list(&key, "at once 1")));
    let mut both = [one.status, two.status];
    both.sort_unstable();
    assert_eq!(both, [200, 401]);

    // A query, a body, more that is signed than has to be.
    let path = "/api/v1/members?limit=1";
    let answer = server.ask(Signer::new(&server, &key, "GET", path, "a query ..").sign(Ask::get(path))).await;
    assert_eq!(answer.status, 200, "{answer}");
    let answer = server.ask(post(&server, &key, SEARCH, FOUND, "a body as well")).await;
    assert_eq!(answer.status, 200, "{answer}");

    // Its secret opens nothing as a key, and a key signs nothing.
    assert_eq!(server.ask(Ask::get(MEMBERS).bearer(&key.secret)).await.status, 401);
    let sent = server.new_key(aurora, "Sent").await;
    assert_eq!(server.ask(list(&sent, "a key that is sent")).await.status, 401);
    // What it may is what it may.
    let reads = signing(&server, aurora, Permissions::of(&[Permission::ReadDocuments])).await;
    assert_eq!(server.ask(list(&reads, "not its right")).await.status, 403);

    // Replaced, the old one goes on for a day; revoked, it is over at once.
    let identity = &server.db.identity;
    let new = identity.rotate_api_key(&aurora.owner, key.key.id, identity::Overlap::Day).await.unwrap();
    assert!(new.key.signs && new.secret != key.secret, "{new:?}");
    for key in [&key, &new] {
        assert_eq!(server.ask(list(key, "while both work")).await.status, 200);
    }
    identity.revoke_api_key(&aurora.owner, key.key.id).await.unwrap();
    let answer = server.ask(list(&key, "revoked by now")).await;
    assert!(answer.status == 401 && told(&answer).contains("opens nothing"), "{answer}");
    server.execute("update app.tenants set suspended_at = now()").await;
    assert_eq!(server.ask(list(&new, "a closed company")).await.status, 401);
}

#[tokio::test]
async fn nothing_else_is_taken() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let (key, other) = (signing(&server, aurora, API_KEY).await, signing(&server, aurora, API_KEY).await);
    let get = || Ask::get(MEMBERS);
    let signer = |nonce: &str| Signer::new(&server, &key, "GET", MEMBERS, nonce);
    let now = server.db.services.now().unix_timestamp();
    let time = |seconds: i64| format!("created={}", now + seconds);
    let is = format!("created={now}");
    let mut wrong = vec![
        ("another method", Signer::new(&server, &key, "POST", MEMBERS, "method ...").sign(get())),
        ("another path", signer("path nonce").sign(Ask::get("/api/v1/roles"))),
        ("a query that is not signed", signer("no query").sign(Ask::get("/api/v1/members?limit=1"))),
        ("no method signed", signer("no method").without("@method").sign(get())),
        ("no path signed", signer("no path ..").without("@path").sign(get())),
        ("too old", signer("too old ..").said(&is, &time(-301)).sign(get())),
        ("from tomorrow", signer("tomorrow .").said(&is, &time(301)).sign(get())),
        ("over", signer("it is over").said(";nonce", &format!(";expires={now};nonce")).sign(get())),
        ("an end that is none", signer("ends badly").said(";nonce", ";expires=\"never\";nonce").sign(get())),
        ("no time", signer("timeless .").said(&format!(";{is}"), "").sign(get())),
        ("no nonce", signer("nonce gone").said(";nonce=\"nonce gone\"", "").sign(get())),
        ("a short nonce", signer("seven..").sign(get())),
        ("a long nonce", signer(&"n".repeat(129)).sign(get())),
        ("no key", signer("keyless ..").said("keyid", "key").sign(get())),
        ("a key that is none", signer("no such id").said(&key.key.id.to_string(), "key_1").sign(get())),
        ("another key's id", signer("another id").said(&key.key.id.to_string(), &other.key.id.to_string()).sign(get())),
        ("another algorithm", signer("algorithm.").said(";nonce", ";alg=\"rsa-pss-sha512\";nonce").sign(get())),
        ("a part twice", signer("twice ....").with("@path", MEMBERS).sign(get())),
        ("an unknown part", signer("unknown ..").with("@status", "200").sign(get())),
        ("a header that is not there", signer("no header.").with("x-missing", "").sign(get())),
        ("a parameter of a part", signer("parameter.").without("@path").with("@path\";sf=\"1", MEMBERS).sign(get())),
        ("no signature", get().header("signature-input", "any=(\"@method\" \"@path\");created=1")),
        (
            "a signature of another name",
            get().header("signature-input", "a=(\"@method\")").header("signature", "b=:AAAA:"),
        ),
        ("nonsense", get().header("signature-input", "((((").header("signature", "::::")),
        ("nothing", get().header("signature-input", "").header("signature", "")),
        ("much", signer("too long ..").said(";nonce", &format!(";tag=\"{}\";nonce", "t".repeat(17_000))).sign(get())),
    ];
    let forged = Signer { secret: other.secret.clone(), ..signer("forged ....") };
    wrong.push(("another secret", forged.sign(get())));
    for (what, ask) in wrong {
        let answer = server.ask(ask).await;
        assert_eq!(answer.status, 401, "{what}: {answer}");
    }
    assert_eq!(server.count("select count(*) from app.nonces").await, 0, "what is wrong costs the database nothing");
    assert_eq!(server.count("select count(*) from app.api_keys where last_used_at is not null and signs").await, 0);
    // Others may sign for others: beside ours, beside a key, and on pages.
    let others = |ask: Ask| ask.header("signature-input", "other=(\"@method\");created=1;keyid=\"proxy\"");
    assert_eq!(server.ask(others(signer("both sign .").sign(get()))).await.status, 200);
    assert_eq!(server.ask(others(get()).key(aurora)).await.status, 200);
    let form = [("email", "nobody@aurora.example"), ("password", "not the one")];
    assert_eq!(server.ask(others(Ask::post("/login").form(form))).await.status, 422);
    // What else is said of a signature is signed with it.
    assert_eq!(server.ask(signer("and a tag.").said(";nonce", ";tag=\"till\";nonce").sign(get())).await.status, 200);

    // Bodies: another one, none, one that is not signed, one without a digest.
    let search = |body: Option<&str>, signs: bool, digest: Option<String>, nonce: &str| {
        let signer = Signer::new(&server, &key, "POST", SEARCH, nonce);
        let signer = if signs { signer.with("content-digest", &sha256(FOUND)) } else { signer };
        let signer = signer.with("content-type", "application/json");
        let ask = Ask::post(SEARCH);
        let ask = match body {
            Some(body) => ask.body("application/json", body),
            None => ask.header("content-type", "application/json"),
        };
        signer.sign(digest.iter().fold(ask, |ask, digest| ask.header("content-digest", digest)))
    };
    for (what, status, ask) in [
        ("as it is", 200, search(Some(FOUND), true, Some(sha256(FOUND)), "right ...")),
        ("another body", 400, search(Some(CHAIRS), true, Some(sha256(FOUND)), "another ..")),
        ("no body", 400, search(None, true, Some(sha256(FOUND)), "none .....")),
        ("another body and its digest", 401, search(Some(CHAIRS), true, Some(sha256(CHAIRS)), "digest ...")),
        ("a digest that is not signed", 401, search(Some(FOUND), false, Some(sha256(FOUND)), "unsigned ..")),
        ("no digest", 401, search(Some(FOUND), false, None, "no digest .")),
        ("another kind of digest", 401, search(Some(FOUND), false, Some("md5=:AAAA:".into()), "md5 ......")),
    ] {
        let answer = server.ask(ask).await;
        assert_eq!(answer.status, status, "{what}: {answer}");
    }
    // Of another kind, and the body taken away; and read as something else.
    let sha512 = "sha-512=:AAAA:";
    let of_other_kind = Signer::new(&server, &key, "POST", SEARCH, "sha-512 ..").with("content-digest", sha512);
    let taken_away = of_other_kind.with("content-type", "application/json").sign(Ask::post(SEARCH));
    let taken_away = taken_away.header("content-digest", sha512).header("content-type", "application/json");
    assert_eq!(server.ask(taken_away).await.status, 401);
    let untyped = Signer::new(&server, &key, "POST", SEARCH, "untyped ..").with("content-digest", &sha256(FOUND));
    let untyped = untyped.sign(Ask::post(SEARCH).body("application/json", FOUND));
    assert_eq!(server.ask(untyped.header("content-digest", sha256(FOUND))).await.status, 401);
    // Whoever sends a digest with a key has it compared, too.
    let answer = server
        .ask(Ask::post(SEARCH).key(aurora).body("application/json", FOUND).header("content-digest", sha256("{}")))
        .await;
    assert!(answer.status == 400 && told(&answer).contains("Content-Digest"), "{answer}");
}

#[tokio::test]
async fn files_are_signed_too_and_what_is_remembered_is_forgotten() {
    let server = TestServer::start().await;
    let key = signing(&server, &server.two.aurora, API_KEY).await;
    let (path, kind) = ("/api/v1/documents", "multipart/form-data; boundary=edge");
    let file = |text: &str| {
        let head = "--edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"new.md\"\r\n\r\n";
        format!("{head}{text}\r\n--edge--\r\n")
    };
    let signed = |digest_of: &str, body: &str, nonce: &str| {
        let signer = Signer::new(&server, &key, "POST", path, nonce).with("content-digest", &sha256(digest_of));
        let signer = signer.with("content-type", kind);
        signer.sign(Ask::post(path).body(kind, body).header("content-digest", sha256(digest_of)))
    };
    let (long, other) = (file(&("# Long\n\n".to_owned() + &"Words. ".repeat(60_000))), file("# Other"));
    let answer = server.ask(signed(&long, &long, "a long one")).await;
    assert_eq!(answer.status, 202, "{answer}");
    let documents = server.count("select count(*) from app.documents").await;
    let answer = server.ask(signed(&long, &other, "another file")).await;
    assert_eq!(answer.status, 400, "{answer}");
    assert_eq!(server.count("select count(*) from app.documents").await, documents);

    let identity = &server.db.identity;
    // By a clock that goes ahead: as long as it is taken it is known.
    let now = server.db.services.now().unix_timestamp();
    let ahead = Signer::new(&server, &key, "GET", MEMBERS, "from ahead");
    let ahead = ahead.said(&format!("created={now}"), &format!("created={}", now + 299)).sign(Ask::get(MEMBERS));
    assert_eq!(server.ask(ahead.clone()).await.status, 200);
    server.db.clock.advance(Duration::minutes(9));
    assert_eq!(identity.delete_old_nonces().await.unwrap(), 0);
    let answer = server.ask(ahead).await;
    assert!(answer.status == 401 && told(&answer).contains("has been used"), "{answer}");
    server.db.clock.advance(Duration::minutes(16));
    assert!(identity.delete_old_nonces().await.unwrap() >= 2);
    assert_eq!(server.count("select count(*) from app.nonces").await, 0);
}

#[tokio::test]
async fn what_is_sent_again_takes_nothing_of_the_company_s_share() {
    let server = TestServer::with(|config| {
        let api = &mut config.api;
        (api.key_burst, api.tenant_burst, api.key_per_minute, api.tenant_per_minute) = (3, 4, 1, 1);
    })
    .await;
    let aurora = &server.two.aurora;
    let key = signing(&server, aurora, API_KEY).await;
    let caught = Signer::new(&server, &key, "GET", MEMBERS, "caught once").sign(Ask::get(MEMBERS));
    assert_eq!(server.ask(caught.clone()).await.status, 200);
    for status in [401, 401, 429, 429] {
        assert_eq!(server.ask(caught.clone()).await.status, status);
    }
    // One of the company's four is gone, and its other key has its own three.
    for _ in 0..3 {
        let answer = server.ask(Ask::get(MEMBERS).key(aurora)).await;
        assert_eq!(answer.status, 200, "{answer}");
    }
    // Whoever forges takes nothing of the key's either.
    let other = signing(&server, &server.two.borealis, API_KEY).await;
    let forger = Signer::new(&server, &other, "GET", MEMBERS, "forged ....");
    let forger = Signer { secret: key.secret.clone(), ..forger };
    for _ in 0..5 {
        assert_eq!(server.ask(forger.sign(Ask::get(MEMBERS))).await.status, 401);
    }
    let own = Signer::new(&server, &other, "GET", MEMBERS, "its own one").sign(Ask::get(MEMBERS));
    assert_eq!(server.ask(own).await.status, 200);
}

#[tokio::test]
async fn what_is_signed_anew_is_done_once_by_its_name() {
    let server = TestServer::start().await;
    let key = signing(&server, &server.two.aurora, API_KEY).await;
    let (path, body) = ("/api/v1/conversations", r#"{"contact":{"name":"Ann"}}"#);
    let begin = |nonce: &str| {
        let signer = Signer::new(&server, &key, "POST", path, nonce).with("content-digest", &sha256(body));
        let signer = signer.with("content-type", "application/json").with("idempotency-key", "order-17");
        let ask = Ask::post(path).body("application/json", body).header("content-digest", sha256(body));
        signer.sign(ask.header("idempotency-key", "order-17"))
    };
    let first = server.ask(begin("sent at first")).await;
    assert!(first.status == 201 && first.header("idempotent-replayed").is_empty(), "{first}");
    let caught = server.ask(begin("sent at first")).await;
    assert!(caught.status == 401 && !caught.body.contains("conv_"), "{caught}");
    let again = server.ask(begin("and once more")).await;
    assert!(again.status == 201 && again.header("idempotent-replayed") == "true", "{again}");
    assert_eq!(again.body, first.body);
    assert_eq!(server.count("select count(*) from app.conversations").await, 1);
}
