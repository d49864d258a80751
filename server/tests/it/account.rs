//! One's own account: the name, the password, and where one is signed in.

use crate::harness::{Ask, COOKIE, PASSWORD, TestServer};
use crate::socket::{Client, ORIGIN};

const NEW: &str = "another way to the harbour";

async fn start() -> TestServer {
    TestServer::with(|config| config.public_url = ORIGIN.parse().ok()).await
}

async fn sign_in(server: &TestServer, password: &str) -> (u16, Option<String>) {
    let form = [("email", server.two.aurora.email.as_str()), ("password", password)];
    let answer = server.ask(Ask::post("/login").form(form)).await;
    (answer.status, answer.cookie(COOKIE).map(str::to_owned))
}

#[tokio::test]
async fn a_password_is_changed_by_who_knows_it_and_everywhere_else_one_is_out() {
    let server = start().await;
    let (mine, other) = (sign_in(&server, PASSWORD).await.1.unwrap(), sign_in(&server, PASSWORD).await.1.unwrap());
    let mut socket = Client::with_cookie(&server, &other).await;
    let change = |current: &str, password: &str| {
        Ask::post("/dashboard/account").form([("current", current), ("password", password)]).cookie(&mine)
    };
    for (current, password, message) in [
        ("not this one", NEW, "This is not your password."),
        ("", NEW, "This is not your password."),
        (PASSWORD, "short", "Use at least 10 characters."),
    ] {
        let answer = server.ask(change(current, password)).await;
        assert!(answer.status == 422 && answer.body.contains(message), "{answer}");
    }
    let answer = server.ask(change(PASSWORD, NEW)).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/dashboard/account?done=password"), "{answer}");
    let renewed = answer.cookie(COOKIE).unwrap();
    assert_ne!(renewed, mine, "a session has a new id after it");
    let page = server.ask(Ask::get("/dashboard/account?done=password").cookie(renewed)).await;
    assert!(page.status == 200 && page.body.contains("Your password is changed"), "{page}");
    for old in [&mine, &other] {
        assert_eq!(server.ask(Ask::get("/dashboard").cookie(old)).await.status, 303);
    }
    assert_eq!(socket.end().await, Some(1008));
    assert_eq!((sign_in(&server, PASSWORD).await.0, sign_in(&server, NEW).await.0), (422, 303));
    assert_eq!(server.count("select count(*) from app.letters where kind = 'changed'").await, 1);
}

#[tokio::test]
async fn tries_of_a_password_that_is_not_known_are_bounded() {
    let server = start().await;
    let session = sign_in(&server, PASSWORD).await.1.unwrap();
    let mut refused = 0;
    for _ in 0..12 {
        let form = [("current", "not this one"), ("password", NEW)];
        let answer = server.ask(Ask::post("/dashboard/account").form(form).cookie(&session)).await;
        refused += usize::from(answer.status == 429);
    }
    assert_eq!(refused, 2, "as many as at the door");
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_or_all_but_this() {
    let server = start().await;
    let (mine, second, third) = (
        sign_in(&server, PASSWORD).await.1.unwrap(),
        sign_in(&server, PASSWORD).await.1.unwrap(),
        sign_in(&server, PASSWORD).await.1.unwrap(),
    );
    let page = server.ask(Ask::get("/dashboard/account").cookie(&mine)).await;
    // These three, and the one of the stage.
    assert_eq!(page.body.matches("/end\"").count(), 4, "three others, and all of them: {page}");
    let id: String = store::sessions::hash(second.parse().unwrap()).iter().map(|byte| format!("{byte:02x}")).collect();
    let end = |path: String| Ask::post(path).form([]).cookie(&mine);
    assert_eq!(server.ask(end(format!("/dashboard/account/sessions/{id}/end"))).await.status, 303);
    assert_eq!(server.ask(end(format!("/dashboard/account/sessions/{id}/end"))).await.status, 404);
    let open = async |session: &str| server.ask(Ask::get("/dashboard").cookie(session)).await.status;
    assert_eq!((open(&mine).await, open(&second).await, open(&third).await), (200, 303, 200));
    assert_eq!(server.ask(end("/dashboard/account/sessions/end".to_owned())).await.status, 303);
    assert_eq!((open(&mine).await, open(&third).await), (200, 303));
    let page = server.ask(Ask::get("/dashboard/account").cookie(&mine)).await;
    assert!(!page.body.contains("/end\"") && page.body.contains("Here"), "{page}");
    // Borealis is as it was.
    assert_eq!(server.ask(Ask::get("/dashboard").session(&server.two.borealis)).await.status, 200);
}

#[tokio::test]
async fn a_name_is_changed_everywhere_and_written_down_for_those_who_see_it() {
    let server = start().await;
    let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
    server.db.joins(aurora, borealis).await;
    let change = |name: &str| Ask::post("/dashboard/account/name").form([("name", name)]).session(aurora);
    let before = "select count(*) from app.memberships where name = 'Aurora Owner'";
    assert_eq!(server.count(before).await, 2);
    let long = "x".repeat(101);
    for (name, message) in
        [("", "Enter your name."), (" \u{200b} ", "Enter your name."), (long.as_str(), "Use at most 100 characters.")]
    {
        let answer = server.ask(change(name)).await;
        assert!(answer.status == 422 && answer.body.contains(message), "{answer}");
    }
    // What was refused is still in its field.
    assert_eq!(server.ask(change(&long)).await.input("name").as_deref(), Some(long.as_str()));
    assert_eq!(server.count(before).await, 2);
    assert_eq!(server.count("select count(*) from app.audit_entries where act = 'name.changed'").await, 0);

    // Without what stands around it, as when one signs up; and sent twice it is done once.
    for _ in 0..2 {
        let answer = server.ask(change(" Åsa <b>Holm</b> ")).await;
        assert_eq!((answer.status, answer.header("location")), (303, "/dashboard/account?done=name"), "{answer}");
    }
    let name = "select count(*) from (select name from app.people union all select name from app.memberships) all_names
                where name = 'Åsa <b>Holm</b>'";
    assert_eq!(server.count(name).await, 3);
    assert_eq!(server.count(before).await, 0);
    assert_eq!(server.count("select count(*) from app.audit_entries where act = 'name.changed'").await, 2);
    let page = server.ask(Ask::get("/dashboard/account?done=name").session(aurora)).await;
    assert!(page.body.contains("Your name is changed") && page.body.contains("&lt;b&gt;Holm"), "{page}");
    // Colleagues see it, also where one is not at work just now, and what it was stands in their log.
    let members = server.ask(Ask::get("/dashboard/members").session(borealis)).await;
    assert!(members.body.contains("Åsa &lt;b&gt;Holm") && !members.body.contains("Aurora Owner"), "{members}");
    assert!(members.body.contains("Borealis Owner"), "{members}");
    let log = server.ask(Ask::get("/dashboard/audit-log?act=name.changed").session(borealis)).await;
    assert!(log.body.contains("Changed the name") && log.body.contains("Aurora Owner"), "{log}");
    // Who is not signed in, or not any more, changes nothing.
    assert_eq!(server.ask(Ask::post("/dashboard/account/name").form([("name", "Nobody")])).await.status, 401);
    assert_eq!(server.ask(Ask::post("/logout").form([]).session(aurora)).await.status, 303);
    assert_eq!(server.ask(change("Too late")).await.status, 401);
    assert_eq!(server.count("select count(*) from app.people where name in ('Nobody', 'Too late')").await, 0);
}
