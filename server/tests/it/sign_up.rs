//! Signing up by a plain form.

use crate::harness::{Ask, COOKIE, PASSWORD, TestServer};

fn sign_up(company: &str, name: &str, email: &str, password: &str) -> Ask {
    Ask::post("/signup").form([("company", company), ("name", name), ("email", email), ("password", password)])
}

/// Tenants, people, memberships, sessions.
async fn rows(server: &TestServer) -> i64 {
    server
        .count(
            "select (select count(*) from app.tenants) + (select count(*) from app.people)
                  + (select count(*) from app.memberships) + (select count(*) from app.sessions)",
        )
        .await
}

#[tokio::test]
async fn a_company_signs_up_and_is_in() {
    let server = TestServer::start().await;
    let before = rows(&server).await;
    let planted = "AAAAAAAAAAAAAAAAAAAAAA";
    let ask = sign_up("Fjord & Söner <AB>", "Åsa \"Lund\"", " Asa@Fjord.Example ", PASSWORD).cookie(planted);
    let answer = server.ask(ask).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/dashboard"), "{answer}");
    let cookie = answer.cookie(COOKIE).unwrap();
    assert_ne!(cookie, planted, "the session took the planted id");
    let attributes = answer.set_cookie(COOKIE).unwrap();
    assert!(attributes.contains("HttpOnly") && attributes.contains("SameSite=Lax"), "{attributes}");
    assert_eq!(rows(&server).await, before + 4);

    let page = server.ask(Ask::get("/dashboard").cookie(cookie)).await;
    assert_eq!(page.status, 200, "{page}");
    assert!(page.body.contains("Fjord &amp; Söner &lt;AB&gt;") && !page.body.contains("<AB>"), "{page}");
    assert!(page.body.contains("asa@fjord.example") && page.body.contains("Owner"), "{page}");
    assert!(!page.body.contains("Aurora") && !page.body.contains("Borealis"), "{page}");
    // And can come back.
    let again = Ask::post("/login").form([("email", "asa@fjord.example"), ("password", PASSWORD)]);
    assert_eq!(server.ask(again).await.status, 303);
}

#[tokio::test]
async fn the_form_comes_back_with_what_was_typed_but_not_the_password() {
    let server = TestServer::start().await;
    let before = rows(&server).await;
    let evil = "\"><script>alert(1)</script>";
    let answer = server.ask(sign_up(evil, evil, evil, "sesame-sesame")).await;
    assert_eq!(answer.status, 422, "{answer}");
    for field in ["company", "name", "email"] {
        assert_eq!(answer.input(field).as_deref(), Some(evil), "{field}: {answer}");
    }
    assert!(!answer.body.contains("<script>alert") && !answer.body.contains("sesame-sesame"), "{answer}");
    assert_eq!(answer.input("password").unwrap_or_default(), "");
    assert!(answer.set_cookie(COOKIE).is_none());
    assert_eq!(rows(&server).await, before);
}

#[tokio::test]
async fn every_wrong_field_is_named_and_nothing_is_kept() {
    let server = TestServer::start().await;
    let before = rows(&server).await;
    let long = "x".repeat(200);
    for (ask, messages) in [
        (
            Ask::post("/signup").form([]),
            &["Enter the name of your company.", "Enter your name.", "Enter your email address.", "Choose a password."]
                [..],
        ),
        (sign_up("C", "N", "n@c.example", "short"), &["Use at least 10 characters."]),
        (sign_up("C", "N", "n@c.example", "aaaaaaaaaaaa"), &["easy to guess"]),
        (sign_up("C", "N", "n@c.example", "n@c.example"), &["Do not use your email address"]),
        (sign_up("C", "N", "n@c.example", &long), &["Use at most 128 characters."]),
        (sign_up(&long, &long, "n@c.example", PASSWORD), &["Use at most 100 characters."]),
        (sign_up("C", "N", "n@c", PASSWORD), &["like name@example.com"]),
        (sign_up("two\nlines", "N\u{202e}", "n@c.example", PASSWORD), &["Use one line of ordinary characters."]),
        (sign_up("   ", "N", "n@c.example", PASSWORD), &["Enter the name of your company."]),
        (sign_up("C\0", "N", "n@c.example", PASSWORD), &["Use one line of ordinary characters."]),
    ] {
        let answer = server.ask(ask).await;
        assert_eq!(answer.status, 422, "{answer}");
        for message in messages {
            assert!(answer.body.contains(message), "{message}: {answer}");
        }
    }
    assert_eq!(rows(&server).await, before);
}

#[tokio::test]
async fn an_address_that_is_taken_is_not_given_away() {
    let server = TestServer::start().await;
    let before = rows(&server).await;
    let taken = server.two.aurora.email.clone();
    for email in [taken.clone(), taken.to_uppercase()] {
        let answer = server.ask(sign_up("Copy", "N", &email, PASSWORD)).await;
        assert_eq!(answer.status, 422, "{answer}");
        assert!(answer.body.contains("We could not make an account with these details."), "{answer}");
        assert!(answer.set_cookie(COOKIE).is_none());
        let text = answer.body.to_lowercase();
        assert!(!text.contains("taken") && !text.contains("exists") && !text.contains("aurora owner"), "{answer}");
    }
    assert_eq!(rows(&server).await, before);
    // It counts: who tries many addresses is stopped.
    for _ in 0..28 {
        assert_eq!(server.ask(sign_up("Copy", "N", &taken, PASSWORD)).await.status, 422);
    }
    let answer = server.ask(sign_up("Copy", "N", &taken, PASSWORD)).await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, "900"), "{answer}");
    assert_eq!(answer.input("company").as_deref(), Some("Copy"), "{answer}");
}

/// Two at once with one address: one of them wins, and the other leaves nothing behind.
#[tokio::test]
async fn one_of_two_at_once_wins() {
    let server = TestServer::start().await;
    let before = rows(&server).await;
    let one = server.ask_later(sign_up("One", "N", "n@c.example", PASSWORD));
    let two = server.ask_later(sign_up("Two", "N", "n@c.example", PASSWORD));
    let mut statuses = [one.await.unwrap().status, two.await.unwrap().status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 422]);
    assert_eq!(rows(&server).await, before + 4);
}
