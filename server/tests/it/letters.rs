//! Letters by mail, taken by a real mail server: signing up where addresses are confirmed, and new passwords.

use crate::harness::{Answer, Ask, COOKIE, PASSWORD, TestServer, letters_to};
use identity::{Kept, Origin, SignInForm};
use std::collections::HashMap;
use std::net::IpAddr;
use store::jobs::{End, Slots};
use store::sessions::Client;
use testkit::{Mail, Mailbox};
use time::Duration;
use tower_sessions::SessionStore as _;
use tower_sessions::session::{Id, Record};
use zeroize::Zeroizing;

const NEW: &str = "another way to the harbour";

async fn start() -> (TestServer, Mailbox) {
    let mailbox = Mailbox::start().await;
    let server = TestServer::with(|config| letters_to(config, &mailbox)).await;
    (server, mailbox)
}

fn sign_up(email: &str) -> Ask {
    Ask::post("/signup").form([("company", "Fjord"), ("name", "Åsa <b>"), ("email", email), ("password", PASSWORD)])
}

fn sign_in(email: &str, password: &str) -> Ask {
    Ask::post("/login").form([("email", email), ("password", password)])
}

fn reset(email: &str) -> Ask {
    Ask::post("/reset").form([("email", email)])
}

/// Does what is due, and takes the letter that came of it.
async fn letter(server: &TestServer, mailbox: &mut Mailbox) -> Mail {
    server.do_jobs().await;
    mailbox.next().await
}

fn leads(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.header("location"))
}

/// How many letters are there.
async fn letters(server: &TestServer) -> i64 {
    server.count("select count(*) from app.letters").await
}

#[tokio::test]
async fn a_workspace_opens_when_its_address_is_confirmed() {
    let (server, mut mailbox) = start().await;
    let answer = server.ask(sign_up(" Asa@Fjord.Example ")).await;
    assert_eq!(leads(&answer), (303, "/signup/sent"), "{answer}");
    assert!(answer.set_cookie(COOKIE).is_none(), "nobody is signed in by it");
    assert_eq!(server.ask(Ask::get("/signup/sent")).await.status, 200);
    let mail = letter(&server, &mut mailbox).await;
    assert_eq!(
        (mail.to.as_slice(), mail.subject.as_str()),
        (&["asa@fjord.example".to_owned()][..], "Confirm your address")
    );
    assert_eq!((mail.from.as_str(), mail.auto.as_str()), ("Samtal <samtal@fjord.example>", "auto-generated"));
    // A stranger may have typed the name.
    assert!(mail.text.starts_with("Hello,") && !mail.text.contains("Åsa") && !mail.html.contains("Åsa"), "{mail:?}");
    let link = mail.path("/confirm/");
    assert!(mail.html.contains(&link));

    // The password alone opens nothing yet, and is answered like a wrong one.
    let (right, wrong) = (sign_in("asa@fjord.example", PASSWORD), sign_in("asa@fjord.example", "another password"));
    let (right, wrong) = (server.ask(right).await, server.ask(wrong).await);
    assert_eq!((right.status, right.comparable()), (422, wrong.comparable()));
    // Nor does the link alone: it is looked at by programs that read mail, and somebody else may have chosen the password.
    let page = server.ask(Ask::get(&link)).await;
    assert!(page.status == 200 && page.body.contains("asa@fjord.example"), "{page}");
    for password in ["", "another password"] {
        let answer = server.ask(Ask::post(&link).form([("password", password)])).await;
        assert!(answer.status == 422 && answer.set_cookie(COOKIE).is_none(), "{answer}");
    }
    // Both together open the workspace, once.
    let (one, other) = tokio::join!(
        server.ask(Ask::post(&link).form([("password", PASSWORD)])),
        server.ask(Ask::post(&link).form([("password", PASSWORD)]))
    );
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 422], "{one} {other}");
    let opened = if one.status == 303 { one } else { other };
    assert_eq!(opened.header("location"), "/dashboard");
    let dashboard = server.ask(Ask::get("/dashboard").cookie(opened.cookie(COOKIE).unwrap())).await;
    assert!(dashboard.status == 200 && dashboard.body.contains("asa@fjord.example"), "{dashboard}");
    let over = server.ask(Ask::post(&link).form([("password", PASSWORD)])).await;
    assert!(over.status == 422 && over.body.contains("This link is no longer good"), "{over}");
    assert_eq!(leads(&server.ask(sign_in("asa@fjord.example", PASSWORD)).await), (303, "/dashboard"));
}

#[tokio::test]
async fn signing_up_does_not_say_whether_an_address_is_taken() {
    let (server, mut mailbox) = start().await;
    let taken = server.two.aurora.email.clone();
    let (one, other) = (server.ask(sign_up("new@fjord.example")).await, server.ask(sign_up(&taken)).await);
    assert_eq!((one.status, one.header("location"), &one.body), (other.status, other.header("location"), &other.body));
    server.do_jobs().await;
    let mut mails = [mailbox.next().await, mailbox.next().await];
    mails.sort_by_key(|mail| mail.subject.clone());
    assert_eq!(mails.each_ref().map(|mail| mail.to[0].as_str()), ["new@fjord.example", taken.as_str()]);
    assert!(mails[1].subject == "You have an account already" && !mails[1].text.contains("/confirm/"), "{mails:?}");
    // Nothing of the account was changed.
    assert_eq!(leads(&server.ask(sign_in(&taken, PASSWORD)).await), (303, "/dashboard"));

    // Who owns an address with which somebody else has signed up gets the way to make the account theirs, and not one that
    // would open it to whoever chose the password.
    server.ask(sign_up("new@fjord.example")).await;
    let mail = letter(&server, &mut mailbox).await;
    let link = mail.path("/reset/");
    assert!(mail.subject == "Your workspace waits for you" && !mail.text.contains("/confirm/"), "{mail:?}");
    let answer = server.ask(Ask::post(&link).form([("password", NEW)])).await;
    assert_eq!(leads(&answer), (303, "/login?done=reset"), "{answer}");
    assert_eq!(leads(&server.ask(sign_in("new@fjord.example", NEW)).await), (303, "/dashboard"));
    // The letter that the other one may have seen is worth nothing now.
    let confirm = Ask::post(mails[0].path("/confirm/")).form([("password", PASSWORD)]);
    assert_eq!(server.ask(confirm).await.status, 422);
}

#[tokio::test]
async fn who_has_lost_a_password_gets_a_new_one() {
    let (server, mut mailbox) = start().await;
    let aurora = &server.two.aurora;
    let session = server.ask(sign_in(&aurora.email, PASSWORD)).await.cookie(COOKIE).unwrap().to_owned();
    // An address without an account is answered alike, and nothing is sent.
    let (one, other) = (server.ask(reset(&aurora.email)).await, server.ask(reset("nobody@fjord.example")).await);
    assert_eq!(leads(&one), (303, "/reset/sent"));
    assert_eq!((one.status, &one.body, one.header("location")), (other.status, &other.body, other.header("location")));
    assert_eq!(letters(&server).await, 1);
    let mail = letter(&server, &mut mailbox).await;
    assert_eq!((mail.to[0].as_str(), mail.subject.as_str()), (aurora.email.as_str(), "Choose a new password"));
    let link = mail.path("/reset/");
    // What stands in the link stands nowhere else.
    let secret = link.trim_start_matches("/reset/")[64..].to_owned();
    assert_eq!(server.db.columns_with(&secret).await, Vec::<String>::new());

    // A password that does not do changes nothing, and the link stays good.
    assert_eq!(server.ask(Ask::get(&link)).await.status, 200);
    for (bad, message) in [
        ("short", "Use at least 10 characters."),
        (aurora.email.as_str(), "Do not use your email address"),
        ("", "Choose a password."),
    ] {
        let answer = server.ask(Ask::post(&link).form([("password", bad)])).await;
        assert!(answer.status == 422 && answer.body.contains(message), "{bad}: {answer}");
    }
    assert_eq!(server.ask(Ask::get("/dashboard").cookie(&session)).await.status, 200);

    // Pressed twice at once, it changes the password once.
    let (a, b) = tokio::join!(
        server.ask(Ask::post(&link).form([("password", NEW)])),
        server.ask(Ask::post(&link).form([("password", "yet another way there")]))
    );
    let mut statuses = [a.status, b.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 422], "{a} {b}");
    let new = if a.status == 303 { NEW } else { "yet another way there" };
    assert_eq!(server.ask(Ask::get(&link)).await.status, 422);
    // Everybody is out, and told; the old password opens nothing.
    assert_eq!(server.ask(Ask::get("/dashboard").cookie(&session)).await.status, 303);
    let mail = letter(&server, &mut mailbox).await;
    assert_eq!(mail.subject, "Your password was changed");
    assert_eq!(server.ask(sign_in(&aurora.email, PASSWORD)).await.status, 422);
    assert_eq!(leads(&server.ask(sign_in(&aurora.email, new)).await), (303, "/dashboard"));
    // Whoever was kept out by failures is let in by the new one.
    assert_eq!(server.ask(sign_in(&server.two.borealis.email, PASSWORD)).await.status, 303, "others notice nothing");
}

#[tokio::test]
async fn a_link_is_good_for_a_while_once_and_as_what_it_is() {
    let (server, mut mailbox) = start().await;
    let email = server.two.aurora.email.clone();
    server.ask(reset(&email)).await;
    let first = letter(&server, &mut mailbox).await.path("/reset/");
    server.ask(reset(&email)).await;
    let second = letter(&server, &mut mailbox).await.path("/reset/");
    let change = |link: &str| Ask::post(link).form([("password", NEW)]);
    // For what it was made alone.
    let as_confirm = second.replace("/reset/", "/confirm/");
    assert_eq!(server.ask(Ask::post(&as_confirm).form([("password", PASSWORD)])).await.status, 422);
    for bad in
        ["/reset/0", &second[..second.len() - 1], &format!("{second}0"), &second.replace("/reset/", "/reset/0")[..]]
    {
        assert_eq!(server.ask(Ask::get(bad)).await.status, 422, "{bad}");
        assert_eq!(server.ask(change(bad)).await.status, 422, "{bad}");
    }
    // After one is used, none that was sent before it is.
    assert_eq!(server.ask(change(&second)).await.status, 303);
    assert_eq!(server.ask(change(&first)).await.status, 422);
    // Too old, or the address is another one.
    server.db.clock.advance(Duration::hours(2));
    server.ask(reset(&email)).await;
    server.do_jobs().await;
    let third = loop {
        let mail = mailbox.next().await;
        if mail.subject == "Choose a new password" {
            break mail.path("/reset/");
        }
    };
    server.execute("update app.people set email = 'else-' || email").await;
    assert_eq!(server.ask(Ask::get(&third)).await.status, 422);
    server.execute("update app.people set email = substr(email, 6)").await;
    assert_eq!(server.ask(Ask::get(&third)).await.status, 200);
    server.db.clock.advance(Duration::minutes(61));
    assert_eq!(server.ask(change(&third)).await.status, 422);
    // And in a suspended workspace nobody gets one.
    server.execute("update app.tenants set suspended_at = created_at").await;
    let before = letters(&server).await;
    assert_eq!(server.ask(reset(&email)).await.status, 303);
    assert_eq!(letters(&server).await, before);
}

#[tokio::test]
async fn links_that_are_pressed_all_at_once_wait_for_each_other_and_one_counts() {
    let (server, mut mailbox) = start().await;
    let email = server.two.aurora.email.clone();
    let mut links = Vec::new();
    for _ in 0..3 {
        server.ask(reset(&email)).await;
        links.push(letter(&server, &mut mailbox).await.path("/reset/"));
    }
    let press = |link: &str| server.ask(Ask::post(link).form([("password", NEW)]));
    let (a, b, c) = tokio::join!(press(&links[0]), press(&links[1]), press(&links[2]));
    let mut statuses = [a.status, b.status, c.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 422, 422], "{a} {b} {c}");
}

/// Whoever knows the old password and is on the way in while it is changed stays out.
#[tokio::test]
async fn a_sign_in_that_began_with_the_old_password_opens_nothing() {
    let (server, mut mailbox) = start().await;
    let aurora = &server.two.aurora;
    server.ask(reset(&aurora.email)).await;
    let link = letter(&server, &mut mailbox).await.path("/reset/");
    let identity = &server.capabilities().identity;
    let form = SignInForm { email: aurora.email.clone(), password: Zeroizing::new(PASSWORD.to_owned()) };
    let origin = Origin::here(server.db.request());
    // The password was right when it was looked at.
    let begun = identity.sign_in(form, &origin, Kept::default()).await.unwrap();
    assert_eq!(server.ask(Ask::post(&link).form([("password", NEW)])).await.status, 303);
    let sessions = &server.capabilities().sessions;
    let mut record =
        Record { id: Id::default(), data: HashMap::new(), expiry_date: server.db.services.now() + Duration::hours(1) };
    sessions.create(&mut record).await.unwrap();
    let from = Client { device: "Firefox", address: None, request: server.db.request() };
    assert!(!sessions.sign_in(&record.id, &begun, from.clone()).await.unwrap());
    assert_eq!(server.ask(Ask::get("/dashboard").cookie(record.id)).await.status, 303);
    // With the new one it does.
    let form = SignInForm { email: aurora.email.clone(), password: Zeroizing::new(NEW.to_owned()) };
    let begun = identity.sign_in(form, &origin, Kept::default()).await.unwrap();
    assert!(sessions.sign_in(&record.id, &begun, from).await.unwrap());
    assert_eq!(server.ask(Ask::get("/dashboard").cookie(record.id)).await.status, 200);
}

#[tokio::test]
async fn a_link_leads_its_form_nowhere_else() {
    let (server, mut mailbox) = start().await;
    let key = server.new_key(&server.two.aurora, "Till").await.key.id;
    for begin in ["confirm", "reset", "join"] {
        let page = server.ask(Ask::get(format!("/{begin}/..%2Fdashboard%2Fapi-keys%2F{key}%2Frevoke"))).await;
        assert!(page.status == 422 && !page.body.contains("revoke"), "{page}");
    }
    server.ask(reset(&server.two.aurora.email)).await;
    let link = letter(&server, &mut mailbox).await.path("/reset/");
    let page = server.ask(Ask::get(&link)).await;
    assert!(page.body.contains("<form method=\"post\" class=\"form\">"), "{page}");
    // The other one is for the language.
    let leads: Vec<&str> = page.body.split("action=").skip(1).filter_map(|rest| rest.split('"').nth(1)).collect();
    assert_eq!(leads, ["/preferences/language"], "{page}");
}

#[tokio::test]
async fn nobody_s_mailbox_is_flooded() {
    let (server, _mailbox) = start().await;
    let email = server.two.aurora.email.clone();
    let bad = server.ask(reset("nobody")).await;
    assert!(bad.status == 422 && bad.input("email").as_deref() == Some("nobody"), "{bad}");
    let mut refused = None;
    for n in 0..40 {
        let answer = server.ask(reset(&email)).await;
        if answer.status == 429 {
            refused = Some(n);
            break;
        }
        assert_eq!(leads(&answer), (303, "/reset/sent"), "{answer}");
    }
    assert_eq!(refused, Some(30), "an address asks as often as it may sign up");
    assert_eq!(letters(&server).await, 3);
    // Whoever asks from elsewhere is sent one all the same, though not without end.
    let identity = &server.capabilities().identity;
    for n in 0..20 {
        let origin = Origin { address: IpAddr::from([198, 51, 100, n]), request: server.db.request(), language: None };
        identity.ask_reset(&email, &origin).await.unwrap();
    }
    assert_eq!(letters(&server).await, 10);
    server.db.clock.advance(Duration::hours(2));
    for n in 0..60 {
        let origin = Origin { address: IpAddr::from([198, 51, 100, n]), request: server.db.request(), language: None };
        identity.ask_reset(&email, &origin).await.unwrap();
        server.db.clock.advance(Duration::minutes(10));
    }
    // Thirty a day, and one more an hour where none is good any more: nobody is kept from it by others.
    let all = letters(&server).await;
    assert!((31..=40).contains(&all), "{all}");
}

#[tokio::test]
async fn a_mail_server_that_is_busy_is_asked_again_and_one_that_refuses_is_not() {
    let (server, mut mailbox) = start().await;
    for email in ["busy@fjord.example", "refused@fjord.example"] {
        assert_eq!(leads(&server.ask(sign_up(email)).await), (303, "/signup/sent"));
    }
    let worker = async || server.capabilities().worker(Slots::default()).run_due().await.unwrap();
    let mut ends = worker().await;
    ends.sort_by_key(|end| format!("{end:?}"));
    assert_eq!(ends, [End::Dead, End::Later]);
    server.db.clock.advance(Duration::minutes(1));
    assert_eq!(worker().await, [End::Later]);
    server.db.clock.advance(Duration::minutes(1));
    assert_eq!(worker().await, [End::Done]);
    assert_eq!(mailbox.next().await.to, ["busy@fjord.example"]);
    // What the mail server says may hold the address: it is not kept.
    assert_eq!(server.count("select count(*) from app.jobs where error like '%@%'").await, 0);
    assert_eq!(server.count("select count(*) from app.jobs where error like '%refuses the letter (550)%'").await, 1);
    server.db.leaves_dead_jobs();
}

#[tokio::test]
async fn without_a_mail_server_letters_stand_in_the_outbox_of_who_develops() {
    let server = TestServer::start().await;
    let empty = server.ask(Ask::get("/outbox")).await;
    assert!(empty.status == 200 && empty.body.contains("Nothing has been sent yet."), "{empty}");
    server.ask(reset(&server.two.aurora.email)).await;
    assert!(server.ask(Ask::get("/reset/sent")).await.body.contains("href=\"/outbox\""));
    server.do_jobs().await;
    let page = server.ask(Ask::get("/outbox")).await;
    assert!(page.body.contains("Choose a new password") && page.body.contains(&server.two.aurora.email), "{page}");
    // Who signs up is in, and the address may be confirmed another day.
    assert_eq!(leads(&server.ask(sign_up("new@fjord.example")).await), (303, "/dashboard"));
    // Under another name, through something in between, and where letters are sent, there is no such page.
    for ask in [
        Ask::get("/outbox").header("host", "evil.example"),
        Ask::get("/outbox").header("x-forwarded-for", "203.0.113.1"),
        Ask::get("/outbox").header("forwarded", "for=203.0.113.1"),
    ] {
        assert_eq!(server.ask(ask).await.status, 404);
    }
    let (sends, _mailbox) = start().await;
    assert_eq!(sends.ask(Ask::get("/outbox")).await.status, 404);
    assert!(!sends.ask(Ask::get("/reset/sent")).await.body.contains("/outbox"));
}

/// A form for another address, by Aurora's owner.
fn moves(server: &TestServer, email: &str, password: &str) -> Ask {
    Ask::post("/dashboard/account/address").form([("email", email), ("password", password)]).session(&server.two.aurora)
}

#[tokio::test]
async fn another_address_is_taken_by_its_letter_and_the_old_one_is_told() {
    let (server, mut mailbox) = start().await;
    let old = server.two.aurora.email.clone();
    let taken = server.two.borealis.email.clone();
    for (email, password, message) in [
        ("no address", PASSWORD, "Enter an email address"),
        (&old, PASSWORD, "This is your address already."),
        ("new@fjord.example", "not the password", "This is not your password"),
    ] {
        let answer = server.ask(moves(&server, email, password)).await;
        assert!(answer.status == 422 && answer.body.contains(message), "{answer}");
    }
    // One that has an account is answered alike, and nothing is sent.
    let answer = server.ask(moves(&server, &taken, PASSWORD)).await;
    assert_eq!(leads(&answer), (303, "/dashboard/account?done=asked"), "{answer}");
    assert_eq!(letters(&server).await, 0);
    let answer = server.ask(moves(&server, "New@Fjord.example", PASSWORD)).await;
    assert_eq!(leads(&answer), (303, "/dashboard/account?done=asked"), "{answer}");
    let mail = letter(&server, &mut mailbox).await;
    assert_eq!((mail.to[0].as_str(), mail.subject.as_str()), ("new@fjord.example", "Is this your address?"));
    let link = mail.path("/address/");
    // Nothing is changed until it is opened, and looking at it changes nothing either.
    assert!(server.ask(Ask::get(&link)).await.body.contains("new@fjord.example"));
    assert_eq!(server.ask(sign_in("new@fjord.example", PASSWORD)).await.status, 422);
    assert_eq!(server.ask(sign_in(&old, PASSWORD)).await.status, 303);
    let answer = server.ask(Ask::post(&link).form([])).await;
    assert_eq!(leads(&answer), (303, "/login?done=address"), "{answer}");
    let told = letter(&server, &mut mailbox).await;
    assert_eq!((told.to[0].as_str(), told.subject.as_str()), (old.as_str(), "Your account has another address"));
    assert!(!told.text.contains("new@fjord.example"), "{told:?}");
    assert_eq!(server.ask(sign_in(&old, PASSWORD)).await.status, 422);
    assert_eq!(server.ask(sign_in("new@fjord.example", PASSWORD)).await.status, 303);
    let page = server.ask(Ask::get("/dashboard/members").session(&server.two.aurora)).await;
    assert!(page.body.contains("new@fjord.example") && !page.body.contains(&old), "colleagues see it, too");
    assert_eq!(server.ask(Ask::post(&link).form([])).await.status, 422, "once");

    // A link opens nothing after a new password, an hour, or when somebody else has the address by now.
    let asked = async |email: &str, password: &str, mailbox: &mut Mailbox| {
        let answer = server.ask(moves(&server, email, password)).await;
        assert_eq!(answer.status, 303, "{answer}");
        letter(&server, mailbox).await.path("/address/")
    };
    let late = asked("late@fjord.example", PASSWORD, &mut mailbox).await;
    server.db.clock.advance(Duration::minutes(61));
    assert_eq!(server.ask(Ask::post(&late).form([])).await.status, 422);
    let raced = asked("raced@fjord.example", PASSWORD, &mut mailbox).await;
    server.execute("update app.people set email = 'raced@fjord.example' where email like '%borealis%'").await;
    assert_eq!(server.ask(Ask::post(&raced).form([])).await.status, 422);
    let stale = asked("stale@fjord.example", PASSWORD, &mut mailbox).await;
    let change = Ask::post("/dashboard/account").form([("current", PASSWORD), ("password", NEW)]);
    assert_eq!(server.ask(change.session(&server.two.aurora)).await.status, 303);
    assert_eq!(server.ask(Ask::post(&stale).form([])).await.status, 422);
}
