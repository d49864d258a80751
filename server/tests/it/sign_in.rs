//! Signing in and out by plain forms.

use crate::harness::{Answer, Ask, COOKIE, PASSWORD, TestServer, offer};
use testkit::Provider;
use time::Duration;

fn sign_in(email: &str, password: &str) -> Ask {
    Ask::post("/login").form([("email", email), ("password", password)])
}

/// Whether a cookie opens the dashboard.
async fn opens(server: &TestServer, cookie: &str) -> bool {
    let answer = server.ask(Ask::get("/dashboard").cookie(cookie)).await;
    assert!(matches!(answer.status, 200 | 303), "{answer}");
    answer.status == 200
}

#[tokio::test]
async fn the_right_password_opens_a_session() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    for email in [aurora.email.clone(), format!("  {} ", aurora.email.to_uppercase())] {
        let answer = server.ask(sign_in(&email, PASSWORD)).await;
        assert_eq!((answer.status, answer.header("location")), (303, "/dashboard"), "{answer}");
        let cookie = answer.set_cookie(COOKIE).unwrap();
        let mut attributes: Vec<_> = cookie.split("; ").skip(1).collect();
        attributes.sort_unstable();
        assert_eq!(attributes, ["HttpOnly", "Max-Age=28800", "Path=/", "SameSite=Lax"], "{cookie}");
        assert!(opens(&server, answer.cookie(COOKIE).unwrap()).await);
        // The cookie's value is not in the database, and neither is the password.
        let session = answer.cookie(COOKIE).unwrap();
        let rows = serde_json::to_string(&server.rows_of(aurora).await).unwrap();
        assert!(!rows.contains(session) && !rows.contains(PASSWORD));
    }
    // It is the tenant of the person who signed in.
    let answer = server.ask(sign_in(&server.two.borealis.email, PASSWORD)).await;
    let page = server.ask(Ask::get("/dashboard").cookie(answer.cookie(COOKIE).unwrap())).await;
    assert!(page.body.contains("Borealis") && !page.body.contains("Aurora"), "{page}");
}

#[tokio::test]
async fn signing_in_gives_a_new_id_whatever_the_browser_brought() {
    let server = TestServer::start().await;
    let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
    let again = |cookie: String| server.ask(sign_in(&aurora.email, PASSWORD).cookie(cookie));

    // A live session of the same person, and one of somebody else: both end.
    for old in [aurora.session, borealis.session] {
        let answer = again(old.to_string()).await;
        let new = answer.cookie(COOKIE).unwrap_or_else(|| panic!("no cookie: {answer}")).to_owned();
        assert_ne!(new, old.to_string(), "the session kept its id");
        assert!(opens(&server, &new).await && !opens(&server, &old.to_string()).await);
    }
    // An id that somebody else chose and planted in the browser.
    let planted = "AAAAAAAAAAAAAAAAAAAAAA";
    let answer = again(planted.to_owned()).await;
    assert_ne!(answer.cookie(COOKIE), Some(planted), "the session took the planted id");
    assert!(opens(&server, answer.cookie(COOKIE).unwrap()).await && !opens(&server, planted).await);
    // Something that is no id at all.
    let answer = again("nonsense".to_owned()).await;
    assert!(opens(&server, answer.cookie(COOKIE).unwrap()).await, "{answer}");
}

#[tokio::test]
async fn who_works_in_several_workspaces_is_asked_where_to() {
    let server = TestServer::start().await;
    let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
    server.db.joins(aurora, borealis).await;
    const STEP: &str = "/login/workspace";
    let choose = |cookie: &str, tenant: String| {
        server.ask(Ask::post(STEP).form([("workspace", tenant.as_str())]).cookie(cookie))
    };
    let over = |answer: &Answer| {
        assert!(answer.status == 422 && answer.body.contains("This sign-in is no longer open"), "{answer}");
        assert!(answer.set_cookie(COOKIE).is_none(), "{answer}");
    };
    let begin = async || {
        let form = [("email", aurora.email.as_str()), ("password", PASSWORD), ("next", "/dashboard/members")];
        let answer = server.ask(Ask::post("/login").form(form)).await;
        assert_eq!((answer.status, answer.header("location")), (303, STEP), "{answer}");
        answer.cookie(COOKIE).unwrap().to_owned()
    };
    let begun = begin().await;
    let page = server.ask(Ask::get(STEP).cookie(&begun)).await;
    assert!(page.status == 200 && page.body.contains("Aurora") && page.body.contains("Borealis"), "{page}");
    // Nothing is open yet.
    assert!(!opens(&server, &begun).await);
    let answer = server.ask(Ask::get("/dashboard/inbox").cookie(&begun).wants_json()).await;
    assert_eq!(answer.status, 401, "{answer}");
    // What is none of theirs is refused, and may be put right.
    for wrong in [server.db.services.new_id().to_string(), "nonsense".into(), String::new()] {
        let answer = choose(&begun, wrong).await;
        assert!(answer.status == 422 && answer.body.contains("Aurora"), "{answer}");
    }
    for tenant in [borealis, aurora] {
        let begun = begin().await;
        let answer = choose(&begun, tenant.id.to_string()).await;
        assert_eq!((answer.status, answer.header("location")), (303, "/dashboard/members"), "{answer}");
        let open = answer.cookie(COOKIE).unwrap();
        assert_ne!(open, begun, "the session kept its id");
        let page = server.ask(Ask::get("/dashboard/members").cookie(open)).await;
        assert!(page.body.contains(&tenant.email), "{page}");
        // A choice is made once; who has made it, or has no sign-in on its way, begins at the beginning.
        for cookie in [begun.as_str(), open, "AAAAAAAAAAAAAAAAAAAAAA"] {
            let answer = server.ask(Ask::get(STEP).cookie(cookie)).await;
            assert_eq!((answer.status, answer.header("location")), (303, "/login"), "{answer}");
            over(&choose(cookie, aurora.id.to_string()).await);
        }
    }
    // Nor for ever.
    let begun = begin().await;
    server.db.clock.advance(Duration::minutes(15));
    over(&choose(&begun, aurora.id.to_string()).await);
    // Of two presses at once one counts.
    let begun = begin().await;
    let press = || choose(&begun, aurora.id.to_string());
    let (one, other, third) = tokio::join!(press(), press(), press());
    assert_eq!([one, other, third].iter().filter(|answer| answer.status == 303).count(), 1);
    // Nor does one that was ended meanwhile come back.
    let begun = begin().await;
    server.ask(Ask::post("/logout").cookie(&begun)).await;
    over(&choose(&begun, aurora.id.to_string()).await);
}

/// The answer without the address that was typed, which the form keeps.
fn without(answer: &Answer, email: &str) -> String {
    let mut plain = answer.clone();
    plain.headers.remove("content-length");
    plain.comparable().replace(email, "<email>")
}

#[tokio::test]
async fn nobody_learns_who_has_an_account() {
    let server = TestServer::start().await;
    let known = server.two.aurora.email.clone();
    let wrong = server.ask(sign_in(&known, "not the password")).await;
    assert_eq!(wrong.status, 422, "{wrong}");
    assert!(wrong.body.contains("The email address or the password is not right"), "{wrong}");
    assert!(wrong.set_cookie(COOKIE).is_none(), "{wrong}");
    let unknown = server.ask(sign_in("nobody@aurora.example", "not the password")).await;
    assert_eq!(without(&wrong, &known), without(&unknown, "nobody@aurora.example"));
    // Nor by a password that no hash is computed for.
    let long = "x".repeat(4000);
    let wrong = server.ask(sign_in(&known, &long)).await;
    let unknown = server.ask(sign_in("nobody@aurora.example", &long)).await;
    assert_eq!(without(&wrong, &known), without(&unknown, "nobody@aurora.example"));
    assert_eq!(wrong.status, 422);
}

#[tokio::test]
async fn the_form_comes_back_with_what_was_typed_but_not_the_password() {
    let server = TestServer::start().await;
    let evil = "\"><script>alert(1)</script>&amp;'@x.example";
    let answer = server
        .ask(Ask::post("/login").form([
            ("email", evil),
            ("password", "sesame-sesame"),
            ("next", "/dashboard/members?a=\"b\""),
        ]))
        .await;
    assert_eq!(answer.status, 422, "{answer}");
    assert_eq!(answer.input("email").as_deref(), Some(evil), "{answer}");
    assert!(!answer.body.contains("<script>alert") && !answer.body.contains("sesame-sesame"), "{answer}");
    assert_eq!(answer.input("password").unwrap_or_default(), "");
    // Where the person was going is kept as well, and still leads there.
    assert_eq!(answer.input("next").as_deref(), Some("/dashboard/members?a=\"b\""), "{answer}");
    assert!(answer.body.contains("aria-invalid"), "{answer}");
}

#[tokio::test]
async fn missing_fields_are_named() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    for (ask, messages) in [
        (Ask::post("/login").form([]), &["Enter your email address.", "Enter your password."][..]),
        (Ask::post("/login").form([("email", &aurora.email)]), &["Enter your password."]),
        (Ask::post("/login").form([("password", PASSWORD)]), &["Enter your email address."]),
        (sign_in("not an address", PASSWORD), &["Enter an email address like name@example.com."]),
        (sign_in(&format!("a@{}.example", "x".repeat(300)), PASSWORD), &["at most 254 characters"]),
        (sign_in("a\r\nBcc: b@x.example", PASSWORD), &["Enter an email address like name@example.com."]),
    ] {
        let answer = server.ask(ask).await;
        assert_eq!(answer.status, 422, "{answer}");
        for message in messages {
            assert!(answer.body.contains(message), "{message}: {answer}");
        }
        assert!(answer.set_cookie(COOKIE).is_none());
    }
    assert_eq!(server.count("select count(*) from app.sign_in_attempts").await, 0);
}

#[tokio::test]
async fn after_ten_failures_even_the_right_password_waits() {
    let server = TestServer::start().await;
    let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
    // Successes do not count.
    for _ in 0..11 {
        assert_eq!(server.ask(sign_in(&aurora.email, PASSWORD)).await.status, 303);
    }
    for _ in 0..10 {
        assert_eq!(server.ask(sign_in(&aurora.email, "not the password")).await.status, 422);
    }
    let sessions = server.count("select count(*) from app.sessions").await;
    for (email, password) in [
        (aurora.email.clone(), PASSWORD),
        (aurora.email.clone(), "not the password"),
        (aurora.email.to_uppercase(), PASSWORD),
    ] {
        let answer = server.ask(sign_in(&email, password)).await;
        assert_eq!(answer.status, 429, "{answer}");
        assert_eq!(answer.header("retry-after"), "900", "{answer}");
        assert!(answer.is_page() && answer.body.contains("Try again in 15 minutes."), "{answer}");
        assert_eq!(answer.input("email").as_deref(), Some(email.as_str()), "{answer}");
        assert!(answer.set_cookie(COOKIE).is_none());
    }
    assert_eq!(sessions, server.count("select count(*) from app.sessions").await);
    // An address that nobody has an account for is limited alike.
    for _ in 0..10 {
        assert_eq!(server.ask(sign_in("nobody@aurora.example", "not the password")).await.status, 422);
    }
    assert_eq!(server.ask(sign_in("nobody@aurora.example", "not the password")).await.status, 429);
    // Others are not, and the session that is open stays open.
    assert_eq!(server.ask(sign_in(&borealis.email, PASSWORD)).await.status, 303);
    assert!(opens(&server, &aurora.session.to_string()).await);
    // Until the quarter of an hour is over; refusals did not make it longer.
    server.db.clock.advance(Duration::minutes(15) - Duration::seconds(1));
    assert_eq!(server.ask(sign_in(&aurora.email, PASSWORD)).await.header("retry-after"), "1");
    server.db.clock.advance(Duration::seconds(1));
    assert_eq!(server.ask(sign_in(&aurora.email, PASSWORD)).await.status, 303);
}

#[tokio::test]
async fn an_address_has_a_limit_too_and_cannot_choose_its_name() {
    let server = TestServer::with(|config| config.sign_in.address_failures = 3).await;
    let aurora = &server.two.aurora;
    for n in 0..3 {
        let ask = sign_in(&format!("nobody{n}@x.example"), "not the password");
        assert_eq!(server.ask(ask.header("x-forwarded-for", format!("203.0.113.{n}"))).await.status, 422);
    }
    let answer = server.ask(sign_in(&aurora.email, PASSWORD).header("x-forwarded-for", "203.0.113.9")).await;
    assert_eq!(answer.status, 429, "{answer}");
}

#[tokio::test]
async fn a_proxy_that_is_trusted_names_the_address() {
    let server = TestServer::with(|config| {
        config.sign_in.address_failures = 1;
        config.server.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    })
    .await;
    let aurora = &server.two.aurora;
    let from = |ask: Ask, address: &str| server.ask(ask.header("x-forwarded-for", address));
    assert_eq!(from(sign_in("a@x.example", "not the password"), "203.0.113.1").await.status, 422);
    assert_eq!(from(sign_in(&aurora.email, PASSWORD), "203.0.113.2").await.status, 303);
    // What stands before the proxy's own word is the client's invention.
    assert_eq!(from(sign_in(&aurora.email, PASSWORD), "203.0.113.3, 203.0.113.1").await.status, 429);
}

#[tokio::test]
async fn signing_out_ends_the_session_in_the_database() {
    let server = TestServer::start().await;
    let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
    let sessions = server.count("select count(*) from app.sessions").await;
    let answer = server.ask(Ask::post("/logout").session(aurora)).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/"), "{answer}");
    let cookie = answer.set_cookie(COOKIE).unwrap();
    assert!(cookie.starts_with("samtal=;") && cookie.contains("Max-Age=0") && cookie.contains("Path=/"), "{cookie}");
    assert_eq!(server.count("select count(*) from app.sessions").await, sessions - 1);
    assert!(!opens(&server, &aurora.session.to_string()).await);
    assert!(opens(&server, &borealis.session.to_string()).await);
    // Twice, or without a session, is the same as once.
    for ask in [Ask::post("/logout").session(aurora), Ask::post("/logout"), Ask::post("/logout").cookie("nonsense")] {
        assert_eq!(server.ask(ask).await.status, 303);
    }
    assert_eq!(server.count("select count(*) from app.sessions").await, sessions - 1);
}

#[tokio::test]
async fn sessions_end_by_themselves() {
    let server = TestServer::start().await;
    let (used, idle) = (server.two.aurora.session.to_string(), server.two.borealis.session.to_string());
    for round in 0..5 {
        server.db.clock.advance(Duration::minutes(90));
        assert!(opens(&server, &used).await);
        // After 90 minutes nobody has looked; after 180 it is too late.
        assert!(round != 1 || !opens(&server, &idle).await);
    }
    // Used all the time, it lasts eight hours and no longer.
    server.db.clock.advance(Duration::minutes(29));
    assert!(opens(&server, &used).await);
    server.db.clock.advance(Duration::minutes(1));
    assert!(!opens(&server, &used).await);
}

#[tokio::test]
async fn after_signing_in_one_goes_on_inside_and_nowhere_else() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let go = |next: &str| {
        let ask = Ask::post("/login").form([("email", &aurora.email), ("password", PASSWORD), ("next", next)]);
        server.ask(ask)
    };
    for inside in ["/dashboard", "/dashboard/members", "/dashboard/api-keys?a=b"] {
        assert_eq!(go(inside).await.header("location"), inside);
    }
    for outside in [
        "",
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/",
        "/login",
        "evil.example",
        "//evil.example/dashboard",
        "https://evil.example/dashboard",
        "/\t/evil.example",
        "/dashboard\r\nSet-Cookie: evil=1",
        "/dashboard\\..\\evil",
        "/dashboard/\u{e5}",
        "/dashboard/ x",
        "data:text/html,x",
        "?next=//evil.example",
    ] {
        let answer = go(outside).await;
        assert_eq!((answer.status, answer.header("location")), (303, "/dashboard"), "{outside:?}: {answer}");
        assert!(answer.set_cookie("evil").is_none(), "{outside:?}: {answer}");
    }
    // Who follows a plain link to it comes back to the page with the link, without its query.
    for (from, next) in [
        ("http://samtal.test/dashboard/inbox/conv_1?show=open", Some("/dashboard/inbox/conv_1")),
        ("http://samtal.test/demo", Some("/demo")),
        ("http://samtal.test/", None),
        ("http://samtal.test//evil.example/dashboard", None),
        ("nothing", None),
    ] {
        let page = server.ask(Ask::get("/login").header("referer", from)).await;
        assert_eq!(page.input("next").filter(|next| !next.is_empty()).as_deref(), next, "{from}: {page}");
    }
    // The page that one comes from sends along where to go, and a bad one is not offered.
    let answer = server.ask(Ask::get("/dashboard/members")).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/login?next=/dashboard/members"), "{answer}");
    let page = server.ask(Ask::get("/login?next=/dashboard/members")).await;
    assert_eq!(page.input("next").as_deref(), Some("/dashboard/members"), "{page}");
    let page = server.ask(Ask::get("/login?next=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")).await;
    assert!(!page.body.contains("<script>alert"), "{page}");
}

#[tokio::test]
async fn no_header_comes_from_what_is_sent() {
    let server = TestServer::start().await;
    for (ask, named) in [
        (Ask::get("/dashboard/%0d%0aSet-Cookie:%20evil=1"), "path"),
        (Ask::get("/login?next=/dashboard%0d%0aSet-Cookie:%20evil=1"), "query"),
        (Ask::post("/preferences/theme").form([("theme", "dark\r\nSet-Cookie: evil=1")]), "theme"),
        (Ask::post("/preferences/theme").form([("theme", "dark; Domain=evil.example")]), "attribute"),
        (Ask::get("/").header("cookie", "samtal_theme=dark\"><script>alert(1)</script>"), "theme cookie"),
        (Ask::get("/nothing").header("x-request-id", "evil=1"), "request id"),
    ] {
        let answer = server.ask(ask).await;
        let text = answer.text();
        assert!(answer.set_cookie("evil").is_none() && !text.contains("evil.example"), "{named}: {text}");
        assert!(
            !text.contains("<script>alert") && answer.header("x-request-id").starts_with("req_"),
            "{named}: {text}"
        );
    }
}

#[tokio::test]
async fn the_choice_of_look_leads_back_inside() {
    let server = TestServer::start().await;
    let choose = |theme: &str, referer: &str| {
        server.ask(Ask::post("/preferences/theme").form([("theme", theme)]).header("referer", referer))
    };
    let answer = choose("dark", "http://127.0.0.1/dashboard/members").await;
    assert_eq!((answer.status, answer.header("location")), (303, "/dashboard/members"), "{answer}");
    let cookie = answer.set_cookie("samtal_theme").unwrap();
    assert!(
        cookie.starts_with("samtal_theme=dark;") && cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
        "{cookie}"
    );
    let page = server.ask(Ask::get("/").header("cookie", "samtal_theme=dark")).await;
    assert!(page.body.contains("data-theme=\"dark\""), "{page}");
    for referer in ["", "nonsense", "https://evil.example", "https://x//evil.example", "https://x/\\evil.example"] {
        assert_eq!(choose("light", referer).await.header("location"), "/", "{referer}");
    }
    // Back to the system's: the cookie goes.
    let answer = choose("no such look", "").await;
    assert!(answer.set_cookie("samtal_theme").unwrap().contains("Max-Age=0"), "{answer}");
}

/// A page that is open and asks for what is new keeps nobody signed in; somebody who does something does.
#[tokio::test]
async fn what_a_page_asks_by_itself_is_no_use_of_a_session() {
    let server = TestServer::start().await;
    let (aurora, inbox) = (&server.two.aurora, "/dashboard/inbox");
    let ask = || Ask::get(inbox).session(aurora).wants_json();
    let advance = |minutes| server.db.clock.advance(Duration::minutes(minutes));
    assert_eq!(server.ask(ask()).await.status, 200);
    advance(119);
    assert_eq!(server.ask(ask()).await.status, 200, "somebody has looked");
    for _ in 0..2 {
        advance(59);
        assert_eq!(server.ask(ask().header("x-unattended", "1")).await.status, 200);
    }
    let socket = Ask::get("/ws").session(aurora);
    assert!(server.ask(socket).await.status >= 400, "not by a socket either");
    advance(3);
    assert_eq!(server.ask(ask().header("x-unattended", "1")).await.status, 401);
    assert_eq!(server.ask(ask()).await.status, 401);
}

/// Going from one workspace to another, a session goes on, and not for longer.
#[tokio::test]
async fn a_session_ends_in_the_end_wherever_it_goes() {
    let server = TestServer::start().await;
    let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
    server.db.joins(aurora, borealis).await;
    let mut cookie = aurora.session.to_string();
    for round in 0..8 {
        let to = if round % 2 == 0 { borealis.id } else { aurora.id };
        let go = Ask::post("/dashboard/workspaces").form([("workspace", to.to_string().as_str())]).cookie(&cookie);
        let answer = server.ask(go).await;
        assert_eq!((answer.status, answer.header("location")), (303, "/dashboard"), "{round}: {answer}");
        // The one from before is over.
        assert_eq!(server.ask(Ask::get("/dashboard").cookie(&cookie)).await.status, 303);
        cookie = answer.cookie(COOKIE).unwrap().to_owned();
        assert_eq!(server.ask(Ask::get("/dashboard").cookie(&cookie)).await.status, 200);
        server.db.clock.advance(Duration::minutes(59));
    }
    server.db.clock.advance(Duration::minutes(8));
    assert_eq!(server.ask(Ask::get("/dashboard").cookie(&cookie)).await.status, 303, "eight hours have passed");
}

/// Who is signed out elsewhere is, also on the way from one workspace to another.
#[tokio::test]
async fn whoever_goes_to_another_workspace_is_not_missed_by_who_ends_sessions() {
    let server = TestServer::start().await;
    let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
    server.db.joins(aurora, borealis).await;
    let identity = &server.capabilities().identity;
    let origin = identity::Origin::here(server.db.request());
    let elsewhere = server.db.open_session(aurora.person, aurora.id).await;
    let hash = store::sessions::hash(elsewhere);
    let sign_in = identity.switch(&aurora.owner, Some(borealis.id), identity::Here(&hash), &origin).await.unwrap();
    // Twice by one session is once.
    let twice = identity.switch(&aurora.owner, Some(borealis.id), identity::Here(&hash), &origin).await;
    assert!(matches!(twice, Err(identity::IdentityError::SignInOver)), "{twice:?}");
    let record = server.db.open_session(aurora.person, aurora.id).await;
    let here = store::sessions::hash(aurora.session);
    identity.end_sessions(&aurora.owner, None, &here, &origin).await.unwrap();
    let client = store::sessions::Client { device: "Firefox", address: None, request: server.db.request() };
    let sessions = &server.capabilities().sessions;
    assert!(matches!(sessions.sign_in(&record, &sign_in, client).await, Ok(false)));
}

/// A link that stands elsewhere leads nobody to a provider by itself, where somebody may be known who then is signed in here.
#[tokio::test]
async fn the_way_to_a_provider_begins_on_a_page_of_ours() {
    let provider = Provider::start().await;
    let server = TestServer::with(|config| offer(config, &provider)).await;
    let go = |site: &str| {
        Ask::get("/login/with/honest?next=/dashboard/inbox%3Fshow%3Dopen%26x").header("sec-fetch-site", site)
    };
    let gone = server.ask(go("same-origin")).await;
    assert!(gone.status == 303 && gone.header("location").starts_with(&provider.issuer), "{gone}");
    let cookie = gone.set_cookie("samtal_sign_on").unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    for elsewhere in ["cross-site", "same-site", "none", ""] {
        let page = server.ask(go(elsewhere)).await;
        assert!(page.status == 200 && page.header("refresh").is_empty(), "{elsewhere}: {page}");
        assert!(page.set_cookie("samtal_sign_on").is_none(), "nothing has begun: {page}");
        // Where one wanted to go is kept.
        let link = "/login/with/honest?next=/dashboard/inbox?show=open%26x";
        assert!(page.body.contains(link), "{elsewhere}: {page}");
    }
    // What is no name of a provider, and no link of a letter, leads nowhere.
    let odd = Ask::get("/login/with/x%22%3E%3Cscript%3E?join=%22%3E%3Cb%3E").header("sec-fetch-site", "cross-site");
    let page = server.ask(odd).await;
    assert!(!page.body.contains("<script>") && !page.body.contains("<b>"), "{page}");
    // To come back is no question that is asked ahead of time.
    assert_eq!(server.ask(Ask::new("HEAD", "/login/with/honest/back?state=x")).await.status, 405);
}

/// Where there is https no neighbour of the host can set what a browser keeps on its way.
#[tokio::test]
async fn on_its_way_a_browser_keeps_a_cookie_of_this_host_alone() {
    let provider = Provider::start().await;
    let server = TestServer::with(|config| {
        offer(config, &provider);
        config.public_url = "https://talk.example".parse().ok();
    })
    .await;
    let gone = server.ask(Ask::get("/login/with/honest").header("sec-fetch-site", "same-origin")).await;
    let cookie = gone.set_cookie("__Host-samtal_sign_on").unwrap();
    assert!(cookie.contains("; Path=/;") && cookie.contains("; Secure"), "{cookie}");
    assert!(
        gone.header("location").contains("redirect_uri=https%3A%2F%2Ftalk.example%2Flogin%2Fwith%2Fhonest%2Fback"),
        "{gone}"
    );
}
