//! People who are asked into a workspace, what they may do there, and how they go.

use crate::harness::{Answer, Ask, COOKIE, PASSWORD, TestServer, letters_to};
use crate::socket::{Client, ORIGIN};
use identity::IdentityError;
use model::MemberId;
use model::identity::Role;
use testkit::{Mailbox, Tenant};
use time::Duration;

const EMAIL: &str = "bo@fjord.example";

async fn start() -> (TestServer, Mailbox) {
    let mailbox = Mailbox::start().await;
    let server = TestServer::with(|config| {
        letters_to(config, &mailbox);
        config.public_url = ORIGIN.parse().ok();
    })
    .await;
    (server, mailbox)
}

fn invite(tenant: &Tenant, email: &str, role: &str) -> Ask {
    Ask::post("/dashboard/members").form([("email", email), ("role", role)]).session(tenant)
}

fn join(link: &str, password: &str) -> Ask {
    Ask::post(link).form([("name", "Bo Ek"), ("password", password)])
}

async fn sign_in(server: &TestServer, email: &str, password: &str) -> Answer {
    server.ask(Ask::post("/login").form([("email", email), ("password", password)])).await
}

/// Somebody who has joined Aurora in this role: the membership, and the cookie of a session.
async fn joined(server: &TestServer, mailbox: &mut Mailbox, email: &str, role: &str) -> (MemberId, String) {
    assert_eq!(server.ask(invite(&server.two.aurora, email, role)).await.status, 200);
    server.do_jobs().await;
    let link = mailbox.next().await.path("/join/");
    assert_eq!(server.ask(join(&link, PASSWORD)).await.status, 303);
    let cookie = sign_in(server, email, PASSWORD).await.cookie(COOKIE).unwrap().to_owned();
    let members =
        server.capabilities().identity.list_members(&server.two.aurora.owner, &Default::default()).await.unwrap();
    (members.data.iter().find(|member| member.email == email).unwrap().id, cookie)
}

#[tokio::test]
async fn somebody_is_asked_and_joins_with_a_new_account() {
    let (server, mut mailbox) = start().await;
    let aurora = &server.two.aurora;
    let answer = server.ask(invite(aurora, " Bo@Fjord.Example ", "agent")).await;
    assert!(answer.status == 200 && answer.body.contains(EMAIL) && !answer.body.contains("/join/"), "{answer}");
    server.do_jobs().await;
    let mail = mailbox.next().await;
    assert_eq!((mail.to[0].as_str(), mail.subject.as_str()), (EMAIL, "Join Aurora"));
    assert!(mail.text.contains("Aurora Owner asks you to join Aurora"), "{mail:?}");
    let link = mail.path("/join/");
    let page = server.ask(Ask::get(&link)).await;
    assert!(page.status == 200 && page.body.contains("Join Aurora") && page.body.contains(EMAIL), "{page}");
    // What is typed wrong changes nothing, and what was right stays.
    for (name, password, message) in
        [("", PASSWORD, "Enter your name."), ("Bo Ek", "short", "Use at least 10 characters.")]
    {
        let answer = server.ask(Ask::post(&link).form([("name", name), ("password", password)])).await;
        assert!(answer.status == 422 && answer.body.contains(message), "{answer}");
        assert_eq!(answer.input("name").unwrap_or_default(), name);
    }
    // Twice at once it is once.
    let (one, other) = tokio::join!(server.ask(join(&link, PASSWORD)), server.ask(join(&link, PASSWORD)));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 422], "{one} {other}");
    assert!(one.set_cookie(COOKIE).is_none() && other.set_cookie(COOKIE).is_none(), "a link signs nobody in");
    // The address is confirmed by it.
    let answer = sign_in(&server, EMAIL, PASSWORD).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/dashboard"), "{answer}");
    let cookie = answer.cookie(COOKIE).unwrap();
    let members = server.ask(Ask::get("/dashboard/members").cookie(cookie)).await;
    assert!(members.body.contains("Bo Ek") && !members.body.contains("Open until"), "{members}");
    // An agent neither asks nor changes nor makes keys.
    for path in ["/dashboard/members", "/dashboard/api-keys"] {
        let answer = server
            .ask(
                Ask::post(path)
                    .form([("email", "c@fjord.example"), ("name", "Till"), ("role", "agent")])
                    .cookie(cookie),
            )
            .await;
        assert_eq!(answer.status, 403, "{answer}");
    }
    // Who is a member already is not asked again.
    let again = server.ask(invite(aurora, EMAIL, "agent")).await;
    assert!(again.status == 422 && again.body.contains("is a member already"), "{again}");
}

#[tokio::test]
async fn who_has_an_account_joins_by_its_password() {
    let (server, mut mailbox) = start().await;
    let borealis = server.two.borealis.email.clone();
    server.ask(invite(&server.two.aurora, &borealis, "admin")).await;
    server.do_jobs().await;
    let link = mailbox.next().await.path("/join/");
    let page = server.ask(Ask::get(&link)).await;
    assert!(page.body.contains("You have an account with") && !page.body.contains("Your name"), "{page}");
    assert_eq!(server.ask(join(&link, "another password")).await.status, 422);
    assert_eq!(server.ask(join(&link, PASSWORD)).await.status, 303);
    // And has two workspaces to choose from now.
    let answer = sign_in(&server, &borealis, PASSWORD).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/login/workspace"), "{answer}");
}

#[tokio::test]
async fn a_link_is_good_until_it_is_taken_back_replaced_or_old() {
    let (server, mut mailbox) = start().await;
    let aurora = &server.two.aurora;
    let identity = &server.capabilities().identity;
    let mut links = Vec::new();
    for role in ["agent", "admin"] {
        server.ask(invite(aurora, EMAIL, role)).await;
        server.do_jobs().await;
        links.push(mailbox.next().await.path("/join/"));
    }
    // Of an address one is open: the last.
    assert_eq!(server.ask(Ask::get(&links[0])).await.status, 422);
    assert!(server.ask(Ask::get(&links[1])).await.body.contains("admin"));
    let open = identity.list_invitations(&aurora.owner).await.unwrap();
    assert_eq!(open.len(), 1);
    // Old ones open nothing, until they are sent again.
    server.db.clock.advance(Duration::days(8));
    assert_eq!(server.ask(Ask::get(&links[1])).await.status, 422);
    assert!(identity.list_invitations(&aurora.owner).await.unwrap().is_empty());
    identity.invite_again(&aurora.owner, open[0].id).await.unwrap();
    server.do_jobs().await;
    let again = mailbox.next().await.path("/join/");
    assert_eq!(server.ask(Ask::get(&links[1])).await.status, 422);
    assert_eq!(server.ask(Ask::get(&again)).await.status, 200);
    let open = identity.list_invitations(&aurora.owner).await.unwrap();
    for _ in 0..2 {
        identity.take_back(&aurora.owner, open[0].id).await.unwrap();
    }
    assert_eq!(server.ask(join(&again, PASSWORD)).await.status, 422);
    assert_eq!(server.count("select count(*) from app.people where email = 'bo@fjord.example'").await, 0);
}

#[tokio::test]
async fn nobody_gives_what_they_have_not_and_an_owner_stays() {
    let (server, mut mailbox) = start().await;
    let aurora = &server.two.aurora;
    let (admin, admins) = joined(&server, &mut mailbox, "admin@fjord.example", "admin").await;
    let (agent, _) = joined(&server, &mut mailbox, EMAIL, "agent").await;
    let post = |path: String, role: &'static str| Ask::post(path).form([("role", role), ("email", "x@fjord.example")]);
    let by_admin = |path: String, role| server.ask(post(path, role).cookie(&admins));
    let owner = aurora.member;
    // An admin touches no owner and makes none.
    assert_eq!(by_admin("/dashboard/members".into(), "owner").await.status, 403);
    assert_eq!(by_admin(format!("/dashboard/members/{agent}/role"), "owner").await.status, 403);
    assert_eq!(by_admin(format!("/dashboard/members/{owner}/role"), "agent").await.status, 403);
    assert_eq!(by_admin(format!("/dashboard/members/{owner}/remove"), "").await.status, 403);
    assert_eq!(by_admin(format!("/dashboard/members/{agent}/role"), "admin").await.status, 303);
    // The last owner neither steps down nor leaves; with another one, both go.
    let by_owner = |path: String, role| server.ask(post(path, role).session(aurora));
    for path in ["role", "remove"] {
        let answer = by_owner(format!("/dashboard/members/{owner}/{path}"), "agent").await;
        assert!(answer.status == 409 && answer.body.contains("A workspace needs an owner."), "{answer}");
    }
    assert_eq!(by_owner(format!("/dashboard/members/{admin}/role"), "owner").await.status, 303);
    let left = by_owner(format!("/dashboard/members/{owner}/remove"), "").await;
    assert_eq!((left.status, left.header("location")), (303, "/login"), "{left}");
    assert_eq!(server.ask(Ask::get("/dashboard").session(aurora)).await.status, 303);
    // The new one is the last one now.
    assert_eq!(by_admin(format!("/dashboard/members/{admin}/remove"), "").await.status, 409);
}

#[tokio::test]
async fn who_is_removed_is_out_at_once_and_leaves_nothing_undone() {
    let (server, mut mailbox) = start().await;
    let aurora = &server.two.aurora;
    let (admin, cookie) = joined(&server, &mut mailbox, EMAIL, "admin").await;
    let made = server.ask(Ask::post("/dashboard/api-keys").form([("name", "Bo's till")]).cookie(&cookie)).await;
    let secret = made.body.split("<code id=\"secret\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    assert_eq!(server.ask(Ask::get("/api/v1/me").bearer(&secret)).await.status, 200);
    let conversation = server.new_conversation(aurora, "Is anybody there?").await;
    server.do_jobs().await;
    assert_eq!(
        server
            .ask(Ask::post(format!("/dashboard/inbox/{conversation}/take-over")).form([]).cookie(&cookie))
            .await
            .status,
        303
    );
    let mut owners = Client::member(&server, aurora).await;
    let mut socket = Client::with_cookie(&server, &cookie).await;

    // What a member may do changes on the socket, too: it is opened again.
    let role = Ask::post(format!("/dashboard/members/{admin}/role")).form([("role", "agent")]).session(aurora);
    assert_eq!(server.ask(role).await.status, 303);
    assert_eq!(socket.end().await, Some(1012));
    let mut socket = Client::with_cookie(&server, &cookie).await;

    let remove = Ask::post(format!("/dashboard/members/{admin}/remove")).form([("keys", "1")]).session(aurora);
    assert_eq!(server.ask(remove).await.status, 303);
    assert_eq!(socket.end().await, Some(1008));
    assert_eq!(server.ask(Ask::get("/dashboard").cookie(&cookie)).await.status, 303);
    assert_eq!(server.ask(Ask::get("/api/v1/me").bearer(&secret)).await.status, 401);
    assert_eq!(sign_in(&server, EMAIL, PASSWORD).await.status, 422);
    // What they had taken waits for somebody else, and those who look are told.
    loop {
        let line = owners.next_of("changed").await["line"].clone();
        if line["conversation"]["id"] == conversation
            && line["conversation"]["assignee"].is_null()
            && line["waiting"] == 1
        {
            break;
        }
    }
    let waiting = server.ask(Ask::get("/dashboard/inbox?show=waiting").session(aurora)).await;
    assert!(waiting.body.contains("Is anybody there?") || waiting.body.contains(&conversation), "{waiting}");
    // Asked again, they join again.
    joined(&server, &mut mailbox, "else@fjord.example", "agent").await;
    server.ask(invite(aurora, EMAIL, "agent")).await;
    server.do_jobs().await;
    let link = mailbox.next().await.path("/join/");
    assert_eq!(server.ask(join(&link, PASSWORD)).await.status, 303);
    assert_eq!(sign_in(&server, EMAIL, PASSWORD).await.status, 303);
}

#[tokio::test]
async fn nobody_is_asked_without_end() {
    let (server, _mailbox) = start().await;
    let aurora = &server.two.aurora;
    for n in 0..4 {
        let answer = server.ask(invite(aurora, EMAIL, "agent")).await;
        assert_eq!(answer.status, if n < 3 { 200 } else { 422 }, "{answer}");
    }
    let identity = &server.capabilities().identity;
    for n in 0..97 {
        identity.invite(&aurora.owner, &format!("asked-{n}@fjord.example"), Role::Agent).await.unwrap();
    }
    let answer = server.ask(invite(aurora, "one-more@fjord.example", "agent")).await;
    assert!(answer.status == 409 && answer.body.contains("100 invitations a day"), "{answer}");
    assert_eq!(server.ask(invite(aurora, "new@fjord.example", "king")).await.status, 422);
    server.db.clock.advance(Duration::days(2));
    assert_eq!(identity.invite(&aurora.owner, EMAIL, Role::Agent).await.unwrap().invitation.email, EMAIL);
}

/// Who goes, or may do less, comes back by nothing that they have asked before, and finishes nothing that they had begun.
#[tokio::test]
async fn what_somebody_asked_for_ends_with_what_they_may() {
    let (server, mut mailbox) = start().await;
    let aurora = &server.two.aurora;
    let identity = &server.capabilities().identity;
    let (admin, cookie) = joined(&server, &mut mailbox, EMAIL, "admin").await;
    let hash = store::sessions::hash(cookie.parse().unwrap());
    let lifetime = server.capabilities().sessions.lifetime();
    let caller =
        store::scope::of_session(&server.db.services, &hash, lifetime, server.db.request()).await.unwrap().unwrap();
    for email in ["second@fjord.example", "third@fjord.example"] {
        identity.invite(&caller, email, Role::Admin).await.unwrap();
    }
    server.do_jobs().await;
    let link = mailbox.next().await.path("/join/");
    assert_eq!(server.ask(Ask::get(&link)).await.status, 200);
    identity.change_role(&aurora.owner, admin, Role::Agent).await.unwrap();
    assert_eq!(server.ask(Ask::get(&link)).await.status, 422);
    // It was an admin's when it came in.
    let late = identity.invite(&caller, "fourth@fjord.example", Role::Admin).await;
    assert!(matches!(late, Err(IdentityError::Denied(_))), "{late:?}");
    let late = identity.change_role(&caller, admin, Role::Admin).await;
    assert!(matches!(late, Err(IdentityError::Denied(_))), "{late:?}");
    identity.remove_member(&aurora.owner, admin, true).await.unwrap();
    let late = identity.remove_member(&caller, aurora.member, true).await;
    assert!(matches!(late, Err(IdentityError::Denied(_))), "{late:?}");
}

#[tokio::test]
async fn who_is_a_member_nowhere_any_more_begins_anew() {
    let (server, mut mailbox) = start().await;
    let (member, _) = joined(&server, &mut mailbox, EMAIL, "agent").await;
    server.capabilities().identity.remove_member(&server.two.aurora.owner, member, true).await.unwrap();
    // By signing up, as if they had never been here: with a password and a name of now.
    let fields = [
        ("company", "Ek & Co"),
        ("name", "Bo Ek the Elder"),
        ("email", EMAIL),
        ("password", "another way to the harbour"),
    ];
    assert_eq!(server.ask(Ask::post("/signup").form(fields)).await.status, 303);
    server.do_jobs().await;
    let mail = mailbox.next().await;
    assert_eq!(mail.subject, "Confirm your address");
    let link = mail.path("/confirm/");
    assert_eq!(server.ask(Ask::post(&link).form([("password", PASSWORD)])).await.status, 422);
    let opened = server.ask(Ask::post(&link).form([("password", "another way to the harbour")])).await;
    assert_eq!((opened.status, opened.header("location")), (303, "/dashboard"), "{opened}");
    let page = server.ask(Ask::get("/dashboard/members").cookie(opened.cookie(COOKIE).unwrap())).await;
    assert!(page.body.contains("Bo Ek the Elder") && !page.body.contains("Aurora"), "{page}");
}

#[tokio::test]
async fn without_a_mail_server_the_link_is_given_by_hand() {
    let server = TestServer::start().await;
    let answer = server.ask(invite(&server.two.aurora, EMAIL, "agent")).await;
    let link = answer.body.split("<code id=\"link\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let path = link.strip_prefix("http://samtal.test").unwrap().to_owned();
    assert_eq!(server.ask(join(&path, PASSWORD)).await.status, 303);
    assert_eq!(sign_in(&server, EMAIL, PASSWORD).await.status, 303);
}
