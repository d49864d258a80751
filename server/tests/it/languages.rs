//! In which language pages, problems and letters speak: as the browser asks, as a person has chosen, as a workspace has.

use crate::harness::{Answer, Ask, PASSWORD, TestServer, letters_to};
use testkit::Mailbox;

const CHOOSE: &str = "/preferences/language";

fn choose(language: &str) -> Ask {
    Ask::post(CHOOSE).form([("language", language)])
}

fn speaks(answer: &Answer) -> &str {
    let page = answer.body.split_once("<html lang=\"").and_then(|(_, rest)| rest.split_once('"')).map(|(tag, _)| tag);
    assert_eq!(page, Some(answer.header("content-language")), "{answer}");
    page.unwrap()
}

#[tokio::test]
async fn a_page_speaks_as_its_browser_asks() {
    let server = TestServer::start().await;
    for (asks, cookie, spoken) in [
        ("", "", "en"),
        ("es-MX,es;q=0.9,en;q=0.8", "", "es"),
        ("en-GB,en;q=0.9,es;q=0.1", "", "en"),
        ("sv-SE", "", "en"),
        ("es", "en", "en"),
        ("en", "es", "es"),
        ("es", "nonsense", "es"),
        ("es", "<script>", "es"),
        ("en", "ar-XB", "ar-XB"),
    ] {
        let ask =
            Ask::get("/login").header("accept-language", asks).header("cookie", format!("samtal_language={cookie}"));
        let page = server.ask(ask).await;
        assert_eq!(speaks(&page), spoken, "{asks} {cookie}: {page}");
        assert_eq!(page.body.contains("Iniciar sesión"), spoken == "es", "{asks} {cookie}: {page}");
        assert_eq!(page.body.contains(" dir=\"rtl\""), spoken == "ar-XB", "{asks} {cookie}: {page}");
    }
    // What went wrong, too: as a page, and as a document for programs.
    let missing = server.ask(Ask::get("/nothing").header("accept-language", "es")).await;
    assert!(missing.status == 404 && missing.body.contains("Aquí no hay nada"), "{missing}");
    let problem = server.ask(Ask::get("/api/v1/members").header("accept-language", "es")).await.json();
    assert_eq!((problem["code"].as_str(), problem["status"].as_u64()), (Some("unauthenticated"), Some(401)));
    assert_eq!(problem["title"], "Primero inicia sesión", "{problem}");
    let problem = server.ask(Ask::get("/api/v1/members")).await.json();
    assert_eq!(problem["title"], "Sign in first", "{problem}");
    let form = [("email", "nobody"), ("password", "x")];
    let wrong = server.ask(Ask::post("/login").form(form).header("accept-language", "es")).await;
    assert!(wrong.status == 422 && wrong.body.contains("name@example.com"), "{wrong}");
    assert!(!wrong.body.contains("Enter an email"), "{wrong}");
}

#[tokio::test]
async fn what_a_person_chooses_goes_wherever_they_work_and_no_further() {
    let server = TestServer::start().await;
    let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
    let home = |tenant| Ask::get("/dashboard").session(tenant);
    assert_eq!(speaks(&server.ask(home(aurora)).await), "en");
    // They work in two.
    server
        .execute(
            "insert into app.memberships (tenant_id, member_id, person_id, name, email, role, created_at)
             select b.tenant_id, gen_random_uuid(), a.person_id, a.name, a.email, 'agent', a.created_at
             from app.memberships a, app.memberships b
             where a.email = 'owner@aurora.example' and b.email = 'owner@borealis.example'",
        )
        .await;
    let answer = server.ask(choose("es").session(aurora).header("referer", "http://127.0.0.1/dashboard/members")).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/dashboard/members"), "{answer}");
    assert!(answer.set_cookie("samtal_language").unwrap().starts_with("samtal_language=es;"), "{answer}");
    // In another browser, whatever that asks for; which then knows it for pages that nobody is asked on.
    let page = server.ask(home(aurora).header("accept-language", "en")).await;
    assert_eq!(speaks(&page), "es");
    assert!(page.set_cookie("samtal_spoken").unwrap().starts_with("samtal_spoken=es;"), "{page}");
    let problem = Ask::get("/dashboard/members").wants_json().header("cookie", "samtal_spoken=es");
    assert_eq!(server.ask(problem).await.json()["title"], "Primero inicia sesión");
    assert_eq!(speaks(&server.ask(home(borealis)).await), "en");
    assert_eq!(server.count("select count(*) from app.memberships where language = 'es'").await, 2);
    // Whoever is nobody chooses for their browser alone, and what is no language is none.
    for (language, kept) in
        [("en", "samtal_language=en;"), ("es\r\nSet-Cookie: evil=1", "Max-Age=0"), ("ar-XB", "Max-Age=0")]
    {
        let answer = server.ask(choose(language)).await;
        assert!(answer.status == 303 && answer.set_cookie("evil").is_none(), "{answer}");
        assert!(answer.set_cookie("samtal_language").unwrap().contains(kept), "{answer}");
    }
    assert_eq!(speaks(&server.ask(home(aurora)).await), "es");
    server.ask(choose("").session(aurora)).await;
    assert_eq!(speaks(&server.ask(home(aurora)).await), "en");
    assert_eq!(server.count("select count(*) from app.memberships where language is not null").await, 0);
}

#[tokio::test]
async fn a_workspace_speaks_to_those_who_have_not_chosen() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let settings = |language: &str| {
        let fields = [("version", "0"), ("name", "Aurora Lamps"), ("language", language)];
        Ask::post("/dashboard/settings").session(aurora).form(fields)
    };
    let refused = server.ask(settings("tlh")).await;
    assert!(refused.status == 422 && refused.body.contains("id=\"language-error\""), "{refused}");
    assert_eq!(server.ask(settings("es")).await.status, 303);
    let home = || Ask::get("/dashboard").session(aurora);
    assert_eq!(speaks(&server.ask(home().header("accept-language", "en")).await), "es");
    // Whoever joins goes along with it, or keeps what they have chosen elsewhere.
    let invite =
        |email: &str| Ask::post("/dashboard/members").session(aurora).form([("email", email), ("role", "agent")]);
    let link = |page: &Answer| page.body.split("id=\"link\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let page = server.ask(invite("bo@fjord.example")).await;
    let path = format!("/join/{}", link(&page).rsplit('/').next().unwrap());
    let join = Ask::post(path).form([("name", "Bo"), ("password", PASSWORD)]).header("accept-language", "en");
    assert_eq!(server.ask(join).await.status, 303);
    assert_eq!(
        server
            .count("select count(*) from app.memberships where email = 'bo@fjord.example' and language is null")
            .await,
        1
    );
    server.execute("update app.memberships set language = 'en' where email = 'owner@borealis.example'").await;
    let page = server.ask(invite("owner@borealis.example")).await;
    let path = format!("/join/{}", link(&page).rsplit('/').next().unwrap());
    let join = Ask::post(path).form([("password", PASSWORD)]).header("accept-language", "es");
    assert_eq!(server.ask(join).await.status, 303);
    let both = "select count(*) from app.memberships where email = 'owner@borealis.example' and language = 'en'";
    assert_eq!(server.count(both).await, 2);
    server.ask(choose("en").session(aurora)).await;
    assert_eq!(speaks(&server.ask(home().header("accept-language", "es")).await), "en");
    let version = server.ask(Ask::get("/api/v1/settings").key(aurora)).await.json();
    assert_eq!(version["settings"]["language"], "es", "{version}");
    // The change is written down as people read it.
    let invited = server.ask(Ask::get("/dashboard/audit-log").session(aurora)).await;
    assert!(invited.body.contains("language: up to each → Español"), "{invited}");
}

#[tokio::test]
async fn letters_speak_as_their_readers_do() {
    let mut mailbox = Mailbox::start().await;
    let server = TestServer::with(|config| letters_to(config, &mailbox)).await;
    let sign_up = |email: &str, language: &str| {
        let form = [("company", "Fjord"), ("name", "Åsa"), ("email", email), ("password", PASSWORD)];
        Ask::post("/signup").form(form).header("accept-language", language)
    };
    for (email, language, subject) in [
        ("asa@fjord.example", "es-ES", "Confirma tu dirección de correo"),
        ("bo@fjord.example", "en", "Confirm your address"),
        ("cia@fjord.example", "sv", "Confirm your address"),
    ] {
        server.ask(sign_up(email, language)).await;
        server.do_jobs().await;
        let letter = mailbox.next().await;
        assert_eq!((letter.to, letter.subject.as_str()), (vec![email.to_owned()], subject));
        let tag = if language == "es-ES" { "es" } else { "en" };
        assert!(letter.html.contains(&format!("<html lang=\"{tag}\">")), "{}", letter.html);
    }
    // An invitation: as the workspace does, or else as whoever invites.
    let aurora = &server.two.aurora;
    let invite =
        |email: &str| Ask::post("/dashboard/members").session(aurora).form([("email", email), ("role", "agent")]);
    for (language, subject) in [("en", "Join Aurora"), ("es", "Únete a Aurora")] {
        server.ask(choose(language).session(aurora)).await;
        server.ask(invite(&format!("{language}@fjord.example"))).await;
        server.do_jobs().await;
        assert_eq!(mailbox.next().await.subject, subject);
    }
    server.execute("update app.tenants set language = 'en'").await;
    server.ask(invite("last@fjord.example")).await;
    server.do_jobs().await;
    assert_eq!(mailbox.next().await.subject, "Join Aurora");
}
