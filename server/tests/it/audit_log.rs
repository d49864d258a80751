//! The audit log from outside: every act is written down, with who did it and from where; who may sees it, as a page and as a file.

use crate::harness::{Ask, COOKIE, PASSWORD, TestServer, letters_to, offer};
use crate::probes::documents::upload;
use crate::socket::ORIGIN;
use crate::{meetings, operator};
use identity::Returned;
use model::audit::Act;
use model::llm::Wire;
use model::operator::OperatorPermission;
use model::receipt::AssistantWishes;
use std::collections::BTreeSet;
use store::audit::{Verdict, verify};
use testkit::{App, Device, Dns, Mailbox, ModelServer, Provider, Says, Tenant};
use time::Duration;

const EMAIL: &str = "bo@fjord.example";

async fn start() -> (TestServer, Mailbox, Provider, Dns) {
    let (mailbox, provider, dns) = (Mailbox::start().await, Provider::start().await, Dns::start().await);
    let server = TestServer::with(|config| {
        offer(config, &provider);
        config.outbound.private_addresses = true;
        config.outbound.dns = Some(dns.address);
        letters_to(config, &mailbox);
        config.public_url = ORIGIN.parse().ok();
    })
    .await;
    (server, mailbox, provider, dns)
}

async fn done(server: &TestServer, ask: Ask) -> String {
    let answer = server.ask(ask).await;
    assert!(answer.status < 400, "{answer}");
    answer.cookie(COOKIE).unwrap_or_default().to_owned()
}

/// The text of the element that has this in its tag.
fn after(page: &str, tag: &str) -> String {
    let (_, rest) = page.split_once(tag).unwrap_or_else(|| panic!("{tag} is not in {page}"));
    rest.split(['>', '<']).nth(1).unwrap().to_owned()
}

async fn export(server: &TestServer, tenant: &Tenant, query: &str) -> Vec<Vec<String>> {
    let answer = server.ask(Ask::get(format!("/dashboard/audit-log/export{query}")).session(tenant)).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/csv; charset=utf-8"), "{answer}");
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"audit-log.csv\"");
    assert!(answer.header("cache-control").contains("no-store"), "{answer}");
    // None of the cells here has a comma, a quote or a line's end in it.
    answer.body.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

fn sign_in(password: &str) -> Ask {
    Ask::post("/login").form([("email", EMAIL), ("password", password)])
}

#[tokio::test]
async fn every_act_is_written_down() {
    let (mut server, mut mailbox, provider, dns) = start().await;
    server.db.leaves_dead_jobs();
    // Whoever runs the installation suspends it, and lets it in again. Sessions of before are over.
    let (id, person) = (server.two.aurora.id, server.two.aurora.person);
    let key = operator::key(&server, OperatorPermission::ALL).await;
    for ask in [operator::suspend(id, "Unpaid"), operator::resume(id)] {
        done(&server, ask.bearer(&key.secret)).await;
    }
    let session = server.db.open_session(person, id).await;
    server.two.aurora.session = session;
    let aurora = &server.two.aurora;
    // Somebody is asked, joins, and is made an admin; another is asked, and is not to come after all.
    let invite =
        |email: &str| Ask::post("/dashboard/members").form([("email", email), ("role", "agent")]).session(aurora);
    done(&server, invite("never@fjord.example")).await;
    done(&server, invite(EMAIL)).await;
    server.do_jobs().await;
    let mails = [mailbox.next().await, mailbox.next().await];
    let link = mails.iter().find(|mail| mail.to[0] == EMAIL).unwrap().path("/join/");
    done(&server, Ask::post(&link).form([("name", "=Bo Ek"), ("password", PASSWORD)])).await;
    let identity = &server.capabilities().identity;
    let never = identity.list_invitations(&aurora.owner).await.unwrap()[0].id;
    done(&server, Ask::post(format!("/dashboard/members/invitations/{never}/revoke")).form([]).session(aurora)).await;
    let members = identity.list_members(&aurora.owner, &Default::default()).await.unwrap().data;
    let bo = members.iter().find(|member| member.email == EMAIL).unwrap().id;
    done(&server, Ask::post(format!("/dashboard/members/{bo}/role")).form([("role", "admin")]).session(aurora)).await;

    // A role of the company's own, and out and in again.
    let made = Ask::post("/dashboard/roles").form([("title", "Night"), ("documents.manage", "1")]).session(aurora);
    done(&server, made).await;
    let roles = identity.list_roles(&aurora.owner).await.unwrap();
    let night = roles.iter().find(|one| one.title == "Night").unwrap().role;
    let edited = Ask::post(format!("/dashboard/roles/{night}")).form([("title", "Day")]).session(aurora);
    done(&server, edited).await;
    done(&server, Ask::post(format!("/dashboard/roles/{night}/delete")).form([]).session(aurora)).await;
    done(&server, Ask::post(format!("/dashboard/members/{bo}/sign-out")).form([]).session(aurora)).await;
    let keep =
        |form: [(&str, &str); 1]| Ask::post(format!("/dashboard/members/{bo}/suspend")).form(form).session(aurora);
    done(&server, keep([("keys", "")])).await;
    done(&server, keep([("resume", "1")])).await;

    // A team, somebody in it, and a conversation that is given to it.
    done(&server, Ask::post("/dashboard/teams").form([("name", "Billing")]).session(aurora)).await;
    let team = format!("/dashboard/teams/{}", identity.list_teams(&aurora.owner).await.unwrap()[0].id);
    done(&server, Ask::post(&team).form([("name", "Invoices")]).session(aurora)).await;
    done(&server, Ask::post(format!("{team}/members")).form([("member", &bo.to_string())]).session(aurora)).await;
    let talk = server.new_conversation(aurora, "Whom do I ask?").await;
    let to = team.rsplit('/').next().unwrap();
    done(&server, Ask::post(format!("/dashboard/inbox/{talk}")).form([("team", to)]).session(aurora)).await;
    // What is remembered of a contact, and is not any more.
    server
        .execute(
            "insert into app.contact_facts (tenant_id, fact_id, contact_id, conversation_id, seq, text, created_at)
             select tenant_id, gen_random_uuid(), contact_id, conversation_id, 1, 'lives in Umeå', now()
             from app.conversations",
        )
        .await;
    let forget = Ask::post(format!("/dashboard/inbox/{talk}/facts")).form([("fact", "all")]);
    done(&server, forget.session(aurora)).await;
    done(&server, Ask::post(format!("{team}/members/{bo}/remove")).form([]).session(aurora)).await;
    done(&server, Ask::post(format!("{team}/delete")).form([]).session(aurora)).await;

    // A model, and a budget most of which one question takes.
    let answers = ModelServer::start().await;
    let (address, model_key) = (answers.address(Wire::OpenAi), "sk-0123456789abcdef");
    let [wire, name] = [("wire", "openai"), ("name", "small")];
    let model = [wire, name, ("address", &*address), ("key", model_key), ("input", "1"), ("output", "1")];
    done(&server, Ask::post("/dashboard/assistant").form(model).session(aurora)).await;
    let model = server.capabilities().llm.list(&aurora.owner).await.unwrap()[0].id;
    let on = |what: &str| format!("/dashboard/assistant/{what}");
    let budget = Ask::post(on("budget")).form([("limit", "0.001"), ("alert_at", "1")]);
    done(&server, budget.session(aurora)).await;
    for what in ["try", "switch", "remove"] {
        done(&server, Ask::post(on(&format!("models/{model}/{what}"))).form([]).session(aurora)).await;
    }
    // What the assistant is like: two, of which the second is changed, used for a while, and deleted.
    let like = |path: String, name: &str, version: &str| {
        let [tone, language, grounding] = [("tone", "brief"), ("language", "as_asked"), ("grounding", "strict")];
        Ask::post(path).form([("name", name), ("version", version), tone, language, grounding]).session(aurora)
    };
    done(&server, like(on("personalities"), "Day", "")).await;
    done(&server, like(on("personalities"), "Night", "")).await;
    let assistant = &server.capabilities().assistant;
    let all = assistant.personalities(&aurora.owner).await.unwrap();
    let [day, night] = ["Day", "Night"].map(|name| {
        let one = all.iter().find(|one| one.personality.name == name).unwrap();
        on(&format!("personalities/{}", one.id))
    });
    done(&server, like(night.clone(), "Late", "1")).await;
    for path in [format!("{night}/use"), format!("{day}/use"), format!("{night}/delete")] {
        done(&server, Ask::post(path).form([]).session(aurora)).await;
    }
    let wishes = AssistantWishes { instruction: "You are called Astrid.".to_owned() };
    assistant.wish(&aurora.owner, &wishes).await.unwrap();
    // Questions of the company's own, and away.
    let questions = upload(&on("evaluation"), "ours.csv", "question,expected\nHow long?,60 days\n");
    done(&server, questions.session(aurora)).await;
    let run = server.capabilities().assistant.evaluations(&aurora.owner).await.unwrap()[0].id;
    done(&server, Ask::post(on(&format!("evaluation/{run}/delete"))).form([]).session(aurora)).await;

    // A tool that it may call, and its secret.
    let tool_secret = "tk-0123456789abcdef";
    let form = |description: &'static str| {
        let [name, method, address] =
            [("name", "order"), ("method", "get"), ("address", "https://tools.example/orders")];
        [name, method, address, ("description", description), ("header", "X-Api-Key"), ("secret", tool_secret)]
    };
    done(&server, Ask::post(on("tools")).form(form("Where an order is.")).session(aurora)).await;
    let tool = server.capabilities().assistant.list_tools(&aurora.owner).await.unwrap()[0].id;
    done(&server, Ask::post(on(&format!("tools/{tool}"))).form(form("Where it is.")).session(aurora)).await;
    done(&server, Ask::post(on(&format!("tools/{tool}/remove"))).form([]).session(aurora)).await;

    let settings = [("version", "0"), ("name", "Aurora"), ("idle_minutes", "600")];
    done(&server, Ask::post("/dashboard/settings").form(settings).session(aurora)).await;

    // The company's own provider, and a domain of its own.
    let (client_id, client_secret) = provider.client();
    let [name, issuer, id] = [("name", "Own"), ("issuer", provider.issuer.as_str()), ("client_id", client_id)];
    let own = [name, issuer, id, ("client_secret", client_secret), ("password", PASSWORD)];
    done(&server, Ask::post("/dashboard/sign-on").form(own).session(aurora)).await;
    done(&server, Ask::post("/dashboard/sign-on/domains").form([("domain", "aurora.example")]).session(aurora)).await;
    let domain = &identity.company_sign_on(&aurora.owner).await.unwrap().domains[0];
    dns.says(&domain.record, &domain.says);
    for what in ["prove", "remove"] {
        done(&server, Ask::post(format!("/dashboard/sign-on/domains/{}/{what}", domain.id)).form([]).session(aurora))
            .await;
    }
    done(&server, Ask::post("/dashboard/sign-on/remove").form([]).session(aurora)).await;

    // Who does what can be done.
    let cookie = done(&server, sign_in(PASSWORD)).await;
    let new = "another way to the harbour";
    let change = Ask::post("/dashboard/account").form([("current", PASSWORD), ("password", new)]).cookie(&cookie);
    let cookie = done(&server, change).await;
    done(&server, sign_in(new)).await;
    done(&server, Ask::post("/dashboard/account/sessions/end").form([]).cookie(&cookie)).await;
    let begin = Ask::post("/dashboard/account/code/begin").form([("password", new)]).cookie(&cookie);
    done(&server, begin).await;
    let page = server.ask(Ask::get("/dashboard/account/code").cookie(&cookie)).await;
    let key = after(&page.body, "id=\"key\"").replace(' ', "");
    let (app, now) = (App::new(&key), server.db.services.now());
    let turn_on = Ask::post("/dashboard/account/code").form([("code", &app.code(now))]).cookie(&cookie);
    let cookie = done(&server, turn_on).await;
    let renew = Ask::post("/dashboard/account/code/renew").form([("code", &app.code(now + Duration::seconds(30)))]);
    done(&server, renew.cookie(&cookie)).await;
    server.db.clock.advance(Duration::seconds(60));
    let code = app.code(server.db.services.now());
    done(&server, Ask::post("/dashboard/account/code/turn-off").form([("code", &code)]).cookie(&cookie)).await;
    // A passkey, and away.
    let begin = Ask::post("/dashboard/account/passkeys").form([("name", "Phone"), ("password", new)]);
    let page = server.ask(begin.cookie(&cookie)).await;
    let (_, told) = page.body.split_once("data-options=\"").unwrap_or_else(|| panic!("{page}"));
    let told = told.split('"').next().unwrap().replace("&quot;", "\"");
    let (_, answer) = Device::make(&told, ORIGIN, None);
    let kept = page.cookie("samtal_passkey").unwrap();
    let made = Ask::post("/dashboard/account/passkeys/made").form([("credential", &answer)]);
    done(&server, made.header("cookie", format!("{COOKIE}={cookie}; samtal_passkey={kept}"))).await;
    let page = server.ask(Ask::get("/dashboard/account/passkeys").cookie(&cookie)).await.body;
    let (_, rest) = page.split_once("/dashboard/account/passkeys/").unwrap();
    let remove = format!("/dashboard/account/passkeys/{}", rest.split('"').next().unwrap());
    done(&server, Ask::post(remove).form([("password", new)]).cookie(&cookie)).await;
    // Another name, and back.
    for name in ["Bo Holm", "=Bo Ek"] {
        done(&server, Ask::post("/dashboard/account/name").form([("name", name)]).cookie(&cookie)).await;
    }
    // Another address, and back.
    for (email, subject) in [("bo@elsewhere.example", "Is this your address?"), (EMAIL, "Is this your address?")] {
        let ask = Ask::post("/dashboard/account/address").form([("email", email), ("password", new)]).cookie(&cookie);
        done(&server, ask).await;
        server.do_jobs().await;
        let link = loop {
            let mail = mailbox.next().await;
            if mail.subject == subject {
                assert_eq!(mail.to, [email]);
                break mail.path("/address/");
            }
        };
        done(&server, Ask::post(&link).form([])).await;
    }
    // An account elsewhere opens this one, and does not any more.
    let link = Ask::post("/dashboard/account/providers").form([("provider", "honest"), ("password", new)]);
    let leaves = server.ask(link.cookie(&cookie)).await;
    let address = leaves.header("refresh").strip_prefix("0; url=").unwrap_or_else(|| panic!("{leaves}"));
    let Returned { code, state, iss, .. } = provider.signs_in(address, Says::of("bo", EMAIL));
    let [code, state, iss] = [code, state, iss].map(Option::unwrap);
    let back = Ask::get(format!("/login/with/honest/back?code={code}&state={state}&iss={iss}"));
    let way = leaves.cookie("samtal_sign_on").unwrap();
    let back = server.ask(back.header("cookie", format!("{COOKIE}={cookie}; samtal_sign_on={way}"))).await;
    assert_eq!((back.status, back.header("location")), (303, "/dashboard/account?done=linked"), "{back}");
    assert_eq!(back.cookie("samtal_sign_on"), Some(""), "what was kept on the way is gone");
    let page = server.ask(Ask::get("/dashboard/account").cookie(&cookie)).await.body;
    let (_, rest) = page.split_once("/dashboard/account/providers/").unwrap();
    let unlink = format!("/dashboard/account/providers/{}", rest.split('"').next().unwrap());
    done(&server, Ask::post(unlink).form([("password", new)]).cookie(&cookie)).await;
    let made = server.ask(Ask::post("/dashboard/api-keys").form([("name", "Till")]).cookie(&cookie)).await;
    let key = identity.list_api_keys(&aurora.owner).await.unwrap().iter().find(|key| key.name == "Till").unwrap().id;
    let secret = after(&made.body, "id=\"secret\"");
    let rotate = Ask::post(format!("/dashboard/api-keys/{key}/rotate")).form([("overlap", "day")]).cookie(&cookie);
    done(&server, rotate).await;
    // By a program, too.
    let document = server
        .ask(Ask::post("/api/v1/documents").bearer(&secret).body(
            "multipart/form-data; boundary=x",
            "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.md\"\r\n\r\n# A\n\nText.\r\n--x--\r\n",
        ))
        .await;
    assert!(document.status < 300, "{document}");
    let id = document.json()["id"].as_str().unwrap_or_else(|| panic!("{document}")).to_owned();
    done(&server, Ask::post(format!("/dashboard/knowledge/{id}/delete")).form([]).cookie(&cookie)).await;
    let talk = server.new_conversation(aurora, "Who won the world cup in 1998?").await;
    server.do_jobs().await;
    let settle = format!("/dashboard/knowledge/unanswered/{talk}-2/settle");
    done(&server, Ask::post(settle).form([]).cookie(&cookie)).await;
    done(&server, Ask::post(format!("/dashboard/api-keys/{key}/revoke")).form([]).cookie(&cookie)).await;
    done(&server, Ask::post("/reset").form([("email", EMAIL)])).await;
    server.do_jobs().await;
    let link = loop {
        let mail = mailbox.next().await;
        if mail.subject == "Choose a new password" {
            break mail.path("/reset/");
        }
    };
    done(&server, Ask::post(&link).form([("password", "yet another way home")])).await;
    done(&server, Ask::post(format!("/dashboard/members/{bo}/remove")).form([]).session(aurora)).await;
    meetings::lived_through(&server, aurora).await;

    let lines = export(&server, aurora, "").await;
    let acts: BTreeSet<&str> = lines[1..].iter().map(|line| line[2].as_str()).collect();
    let all: BTreeSet<&str> = Act::ALL.iter().map(|act| act.name()).collect();
    assert_eq!(acts, all, "an act that nobody writes down, or one that this test does not do");
    let of = |act: Act| lines.iter().find(|line| line[2] == act.name()).unwrap();
    // Who, from where, to whom, what was and is; and no cell that a spreadsheet would run.
    let changed = of(Act::RoleChanged);
    assert_eq!(
        (changed[5].as_str(), changed[6].as_str(), changed[8].as_str()),
        ("Aurora Owner", "127.0.0.1", "'=Bo Ek")
    );
    assert_eq!((changed[9].as_str(), changed[10].as_str()), ("role=agent", "role=admin"));
    assert_eq!((of(Act::DocumentUploaded)[3].as_str(), of(Act::DocumentUploaded)[5].as_str()), ("key", "Till"));
    assert_eq!(of(Act::MemberRemoved)[8], "'=Bo Ek");
    assert_eq!(of(Act::SignedIn)[10], "browser=unknown | how=password");
    let text = format!("{lines:?}");
    for secret in [PASSWORD, new, &secret, &secret[12..], client_secret, model_key, tool_secret] {
        assert!(!text.contains(secret), "{secret}");
    }
    let whole = verify(&server.db.services, server.db.request(), aurora.id).await.unwrap();
    assert_eq!(whole, Some(Verdict::Whole(i64::try_from(lines.len()).unwrap() - 1)));
    // Nothing of it is in another tenant's.
    let theirs = format!("{:?}", export(&server, &server.two.borealis, "").await);
    assert!(!theirs.contains("Bo Ek") && theirs.contains("workspace.created"), "{theirs}");

    // A part of it: by act, by who, by day.
    assert_eq!(export(&server, aurora, "?act=member.removed").await.len(), 2);
    let owner = format!("?member={}&act=key.created", aurora.member);
    assert_eq!(export(&server, aurora, &owner).await.len(), 1, "the key was somebody else's");
    assert_eq!(export(&server, aurora, "?until=2001-01-01").await.len(), 1);
    assert_eq!(export(&server, aurora, "?from=2001-01-01").await.len(), lines.len());
    let wrong = server.ask(Ask::get("/dashboard/audit-log?from=yesterday").session(aurora)).await;
    assert!(wrong.status == 422 && wrong.body.contains("Write the day as in 2026-11-28."), "{wrong}");
    let wrong = server.ask(Ask::get("/dashboard/audit-log/export?until=never").session(aurora)).await;
    assert_eq!(wrong.status, 422, "{wrong}");
}

#[tokio::test]
async fn who_may_not_sees_nothing_of_it_and_pages_lead_on() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    for n in 0..60 {
        server.new_key(aurora, &format!("till {n}")).await;
        server.execute("update app.api_keys set revoked_at = created_at").await;
    }
    let page = server.ask(Ask::get("/dashboard/audit-log").session(aurora)).await;
    assert!(page.body.contains("till 59") && page.body.contains("till 10") && !page.body.contains("till 9<"), "{page}");
    let older = page.body.split("href=\"/dashboard/audit-log?before=").nth(1).unwrap().split('"').next().unwrap();
    let page = server.ask(Ask::get(format!("/dashboard/audit-log?before={older}")).session(aurora)).await;
    assert!(
        page.body.contains("till 9<") && !page.body.contains("till 10<") && !page.body.contains(">Older<"),
        "{page}"
    );

    server.execute("update app.memberships set role = 'agent' where email like '%aurora%'").await;
    for path in ["/dashboard/audit-log", "/dashboard/audit-log/export"] {
        let answer = server.ask(Ask::get(path).session(aurora)).await;
        assert!(answer.status == 403 && !answer.body.contains("till 5"), "{answer}");
    }
    let home = server.ask(Ask::get("/dashboard").session(aurora)).await;
    assert!(home.status == 200 && !home.body.contains("Audit log"), "{home}");
}

/// Whoever has a password and not the phone learns nothing of where its owner works.
#[tokio::test]
async fn a_sign_in_that_owes_a_code_gets_nowhere_else() {
    let server = TestServer::start().await;
    let mut halla = Tenant::new(&server.db, "Halla").await;
    server.db.joins(&halla, &server.two.borealis).await;
    App::on(&server.db, &mut halla).await;
    let form = [("email", halla.email.as_str()), ("password", PASSWORD)];
    let answer = server.ask(Ask::post("/login").form(form)).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/login/code"), "{answer}");
    assert!(answer.set_cookie("samtal_device").is_none(), "{answer}");
    let cookie = answer.cookie(COOKIE).unwrap();
    let page = server.ask(Ask::get("/login/workspace").cookie(cookie)).await;
    assert_eq!((page.status, page.header("location")), (303, "/login"), "{page}");
    for workspace in [halla.id.to_string(), "x".to_owned()] {
        let ask = Ask::post("/login/workspace").form([("workspace", workspace.as_str())]).cookie(cookie);
        let answer = server.ask(ask).await;
        assert!(
            answer.status == 422 && !answer.body.contains("Borealis") && !answer.body.contains("Halla"),
            "{answer}"
        );
    }
    for path in ["/dashboard", "/dashboard/account", "/dashboard/account/code"] {
        assert_eq!(server.ask(Ask::get(path).cookie(cookie)).await.status, 303, "{path}");
    }
}
