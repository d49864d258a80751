//! Letters by mail, taken by a real mail server: signing up where addresses are confirmed, and new passwords.

use crate::harness::{Answer, Ask, COOKIE, PASSWORD, TestServer};
use store::jobs::{End, Slots};
use testkit::{Mail, Mailbox};
use time::Duration;

const NEW: &str = "another way to the harbour";

async fn start() -> (TestServer, Mailbox) {
    let mailbox = Mailbox::start().await;
    let smtp = mailbox.smtp.clone();
    let server = TestServer::with(move |config| {
        config.mail.smtp = Some(smtp);
        config.mail.from = Some("Samtal <samtal@fjord.example>".to_owned());
    })
    .await;
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
    assert!(mail.text.starts_with("Hello Åsa <b>,") && mail.html.contains("Hello Åsa &lt;b&gt;,"), "{mail:?}");
    let link = mail.path("/confirm/");
    assert!(mail.html.contains(&link));

    // The password alone opens nothing yet; the page says what is missing, and goes on as often as one likes.
    let answer = server.ask(sign_in("asa@fjord.example", PASSWORD)).await;
    assert_eq!(leads(&answer), (303, "/login/address"), "{answer}");
    let cookie = answer.cookie(COOKIE).unwrap().to_owned();
    assert_eq!(leads(&server.ask(Ask::get("/dashboard").cookie(&cookie)).await).0, 303);
    let page = server.ask(Ask::get("/login/address").cookie(&cookie)).await;
    assert!(page.status == 200 && page.body.contains("asa@fjord.example"), "{page}");
    let early = server.ask(Ask::post("/login/address").form([]).cookie(&cookie)).await;
    assert!(early.status == 422 && early.body.contains("Your address is not confirmed yet."), "{early}");
    // Asked for again, the letter comes again, a few times.
    for n in 0..4 {
        let again = server.ask(Ask::post("/login/address").form([("again", "1")]).cookie(&cookie)).await;
        assert_eq!(again.status, 200, "{again}");
        assert_eq!(letters(&server).await, (n + 2).min(3));
    }
    let second = letter(&server, &mut mailbox).await;
    assert_ne!(second.path("/confirm/"), link);

    // The link confirms when it is pressed, not when it is looked at, and signs nobody in.
    assert_eq!(server.ask(Ask::get(&link)).await.status, 200);
    let early = server.ask(Ask::post("/login/address").form([]).cookie(&cookie)).await;
    assert_eq!(early.status, 422, "{early}");
    let answer = server.ask(Ask::post(&link).form([])).await;
    assert_eq!(leads(&answer), (303, "/login?done=confirmed"), "{answer}");
    assert!(answer.set_cookie(COOKIE).is_none());
    assert!(server.ask(Ask::get("/login?done=confirmed")).await.body.contains("Your address is confirmed."));
    // Neither it nor the others do anything any more.
    for link in [&link, &second.path("/confirm/")] {
        let answer = server.ask(Ask::post(link).form([])).await;
        assert!(answer.status == 422 && answer.body.contains("This link is no longer good"), "{answer}");
    }
    // Whoever stood at the step goes on, under a new id, once.
    let on = server.ask(Ask::post("/login/address").form([]).cookie(&cookie)).await;
    assert_eq!(leads(&on), (303, "/dashboard"), "{on}");
    assert_eq!(server.ask(Ask::get("/dashboard").cookie(on.cookie(COOKIE).unwrap())).await.status, 200);
    assert_eq!(server.ask(Ask::post("/login/address").form([]).cookie(&cookie)).await.status, 422);
    let answer = server.ask(sign_in("asa@fjord.example", PASSWORD)).await;
    assert_eq!(leads(&answer), (303, "/dashboard"), "{answer}");
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
    assert!(!mail.text.contains("/confirm/"), "{mail:?}");
    let answer = server.ask(Ask::post(&link).form([("password", NEW)])).await;
    assert_eq!(leads(&answer), (303, "/login?done=reset"), "{answer}");
    assert_eq!(leads(&server.ask(sign_in("new@fjord.example", NEW)).await), (303, "/dashboard"));
    // The letter that the other one may have seen is worth nothing now.
    assert_eq!(server.ask(Ask::post(mails[0].path("/confirm/")).form([])).await.status, 422);
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
    assert_eq!(server.ask(Ask::post(&as_confirm).form([])).await.status, 422);
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
    // From elsewhere, and where letters are sent, there is no such page.
    let (sends, _mailbox) = start().await;
    assert_eq!(sends.ask(Ask::get("/outbox")).await.status, 404);
    assert!(!sends.ask(Ask::get("/reset/sent")).await.body.contains("/outbox"));
}
