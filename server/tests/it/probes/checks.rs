//! The checks that every probe goes through.

use super::{By, Ids, Malformed, Probe, Stranger, World, all, key_of};
use crate::harness::{Answer, Ask};
use memchr::memmem;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Method and path.
type Endpoint = (String, String);

/// Everything that the server answers: the REST interfaces and the other routes.
fn endpoints() -> BTreeSet<Endpoint> {
    let documents = [server::rest::openapi(), server::rest::operator::openapi()];
    let documents = documents.map(|document| serde_json::to_value(document).unwrap());
    let paths = documents.iter().flat_map(|document| document["paths"].as_object().unwrap());
    let rest = paths.flat_map(|(path, item)| {
        let methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
        methods.into_iter().filter(|m| item.get(m).is_some()).map(|m| (m.to_uppercase(), path.clone()))
    });
    let routes = server::router::routes();
    let routes = routes.iter().flat_map(|r| r.methods.iter().map(|method| ((*method).to_owned(), r.path.to_owned())));
    rest.chain(routes).collect()
}

#[test]
fn every_endpoint_has_a_probe_and_every_probe_an_endpoint() {
    let endpoints = endpoints();
    // Each of the two sources holds something; an empty one would make this test blind.
    for known in [("GET", "/api/v1/me"), ("GET", "/dashboard"), ("GET", "/api/operator/v1/tenants")] {
        assert!(endpoints.contains(&(known.0.to_owned(), known.1.to_owned())), "{known:?} is not among {endpoints:#?}");
    }
    let mut probed = BTreeSet::new();
    let mut wrong = Vec::new();
    for probe in all() {
        let endpoint = (probe.method.to_owned(), probe.path.to_owned());
        if !endpoints.contains(&endpoint) {
            let names = format!("{} {}", probe.method, probe.path);
            wrong.push(format!(
                "{names} has a probe but is no endpoint: remove the probe, or write its path as the table does"
            ));
        }
        if !probed.insert(endpoint) {
            wrong.push(format!("{} {} has two probes: remove one", probe.method, probe.path));
        }
        let silent = matches!(probe.ids, Ids::None("") | Ids::Secret("") | Ids::All("") | Ids::At([]))
            || matches!(probe.by, By::Anybody(""));
        if silent {
            wrong.push(format!("{} {} names no place of an id and gives no reason", probe.method, probe.path));
        }
        if matches!(probe.ids, Ids::All(_)) && !matches!(probe.by, By::Operator) {
            wrong.push(format!("{} {} is for a company, which does not see all of them", probe.method, probe.path));
        }
        if matches!(probe.ids, Ids::None(_)) && probe.path.contains('{') && !probe.path.contains("{*") {
            wrong.push(format!("{} {} has a parameter in its path: Ids::At", probe.method, probe.path));
        }
    }
    for (method, path) in endpoints.difference(&probed) {
        wrong.push(format!(
            "{method} {path} has no probe: add one to the file of its resource in server/tests/it/probes/ \
             (a new file also to `all` in probes/mod.rs)"
        ));
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// The OpenAPI document says where parameters are; each that is named like an id must be a place.
#[test]
fn every_parameter_that_can_hold_an_id_is_a_place() {
    let document = serde_json::to_value(server::rest::openapi()).unwrap();
    for probe in all() {
        let parameters = &document["paths"][probe.path][probe.method.to_lowercase()]["parameters"];
        let Value::Array(parameters) = parameters else { continue };
        let places: Vec<_> = match &probe.ids {
            Ids::At(places) => places.iter().map(|p| p.name).collect(),
            Ids::None(_) | Ids::Secret(_) | Ids::All(_) => Vec::new(),
        };
        for parameter in parameters {
            let name = parameter["name"].as_str().unwrap();
            let id = parameter["in"] == "path" || name == "cursor" || name.ends_with("_id") || name == "id";
            assert!(
                !id || places.contains(&name),
                "{} {}: the parameter {name} needs a Place",
                probe.method,
                probe.path
            );
        }
    }
}

/// The id next to one that exists: of the same kind and the same time, and nobody's.
fn unknown(foreign: &str) -> String {
    let (rest, last) = foreign.split_at(foreign.len() - 1);
    format!("{rest}{:x}", u8::from_str_radix(last, 16).unwrap() ^ 1)
}

/// How a request is sent: as a browser loads a page, or as the browser's part of one asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum As {
    Page,
    Json,
}

impl As {
    const BOTH: [Self; 2] = [Self::Page, Self::Json];

    /// Those who are sent in this way: what has no page has one way alone.
    fn probes(self) -> impl Iterator<Item = &'static Probe> {
        all().into_iter().filter(move |probe| self == Self::Page || matches!(probe.by, By::Session(_)))
    }

    fn dress(self, ask: Ask) -> Ask {
        if self == Self::Json { ask.wants_json() } else { ask }
    }
}

/// What tells a foreign id from an unknown one, or lets Aurora touch Borealis, place by place.
async fn told_apart(world: &World, how: As) -> Vec<String> {
    let (aurora, borealis) = (&world.server.two.aurora, &world.server.two.borealis);
    let before = world.server.rows_of(borealis).await;
    let mut found = Vec::new();
    for probe in how.probes() {
        let Ids::At(here) = &probe.ids else { continue };
        for place in *here {
            let named = format!("{} {}, {} ({how:?})", probe.method, probe.path, place.name);
            let ask = |id: &str| world.server.ask(how.dress(probe.signed((place.ask)(world, id), aurora)));
            let (own, foreign) = world.ids(place.kind).await;
            let theirs = ask(&foreign).await.comparable();
            let nobodys = ask(&unknown(&foreign)).await.comparable();
            if theirs != nobodys {
                found.push(format!("{named}: a foreign id gets\n{theirs}\nand an unknown one\n{nobodys}"));
            }
            for malformed in place.kind.malformed(&foreign) {
                let answer = ask(&malformed).await;
                match place.malformed {
                    Malformed::AsUnknown if nobodys != answer.comparable() => {
                        found.push(format!("{named}: an unknown id gets\n{nobodys}\nand {malformed:?}\n{answer}"));
                    }
                    Malformed::Refused(why)
                        if answer.status != 422
                            || !(answer.is_page()
                                || answer.body.contains(&format!("\"field\":\"{}\"", place.name))) =>
                    {
                        found.push(format!("{named}: {malformed:?} is not refused, though {why}: {answer}"));
                    }
                    _ => {}
                }
            }
            if before != world.server.rows_of(borealis).await {
                found.push(format!("{named}: Borealis was changed"));
            }
            // And the request was a good one: with an id of its own Aurora gets what it asks for.
            let answer = ask(&own).await;
            if answer.status >= 400 {
                found.push(format!("{named}: not valid even with an own id: {answer}"));
            }
        }
    }
    found
}

#[tokio::test]
async fn a_foreign_id_is_an_unknown_id() {
    let world = World::new().await;
    let before = world.server.rows_of(&world.server.two.borealis).await;
    for table in world.server.tenant_tables().await {
        assert!(
            before.iter().any(|(name, _)| *name == table),
            "app.{table} has no row of Borealis, so nobody would see one change: make some in World::new"
        );
    }
    for how in As::BOTH {
        let found = told_apart(&world, how).await;
        assert!(found.is_empty(), "\n{}\n", found.join("\n\n"));
    }
}

/// The same checks see what they are there to see: without the walls, a foreign key can be revoked.
#[tokio::test]
async fn a_hole_would_be_noticed() {
    let world = World::new().await;
    world.server.execute("alter table app.api_keys disable row level security").await;
    let found = told_apart(&world, As::Page).await;
    for (endpoint, what) in [
        ("POST /dashboard/api-keys/{key}/revoke, key", "a foreign id gets"),
        ("POST /dashboard/api-keys/{key}/revoke, key", "Borealis was changed"),
    ] {
        assert!(found.iter().any(|f| f.starts_with(endpoint) && f.contains(what)), "{endpoint}: {what}: {found:#?}");
    }

    // Another world: in that one Aurora has written down what it did to Borealis.
    let world = World::new().await;
    world.server.execute("alter table app.api_keys disable row level security").await;
    world.server.execute("alter table app.memberships disable row level security").await;
    let shown = shown(&world, As::Page).await;
    for endpoint in ["GET /dashboard/members", "GET /dashboard/api-keys", "GET /api/v1/members"] {
        assert!(shown.iter().any(|f| f.starts_with(&format!("{endpoint} shows"))), "{endpoint}: {shown:#?}");
    }
}

/// Every text in a document, at any depth.
fn texts(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            into.insert(text.clone());
        }
        Value::Array(list) => list.iter().for_each(|v| texts(v, into)),
        Value::Object(map) => map.values().for_each(|v| texts(v, into)),
        _ => {}
    }
}

/// What gives a tenant away: every text in its rows that the other's do not hold, ids in all their spellings.
fn marks(rows: &[(String, Value)], others: &[(String, Value)], secrets: [String; 3]) -> BTreeSet<String> {
    let (mut own, mut other) = (BTreeSet::new(), BTreeSet::new());
    rows.iter().for_each(|(_, row)| texts(row, &mut own));
    others.iter().for_each(|(_, row)| texts(row, &mut other));
    let mut marks = BTreeSet::from(secrets);
    // A short number, as a transaction has, stands in many an answer by chance.
    let number = |text: &str| text.len() < 16 && text.bytes().all(|b| b.is_ascii_digit());
    for text in own.difference(&other).filter(|t| t.len() >= 6 && !number(t)) {
        let digits = text.strip_prefix("\\x").map_or_else(|| text.replace('-', ""), str::to_owned);
        if digits.len() >= 32 && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            marks.extend([digits.to_uppercase(), text.to_uppercase(), digits]);
        }
        marks.insert(text.clone());
    }
    marks
}

async fn marks_of_both(world: &World) -> (BTreeSet<String>, BTreeSet<String>) {
    let (aurora, borealis) = (&world.server.two.aurora, &world.server.two.borealis);
    let (a, b) = (world.server.rows_of(aurora).await, world.server.rows_of(borealis).await);
    let secrets = [aurora.api_key.clone(), world.aurora_key.secret.clone(), aurora.session.to_string()];
    let of_aurora = marks(&a, &b, secrets);
    let secrets = [borealis.api_key.clone(), world.borealis_key.secret.clone(), borealis.session.to_string()];
    (of_aurora, marks(&b, &a, secrets))
}

/// The first of the marks that stands in a text.
fn first_of<'a>(marks: &'a BTreeSet<String>, text: &str) -> Option<&'a String> {
    marks.iter().find(|mark| memmem::find(text.as_bytes(), mark.as_bytes()).is_some())
}

/// None of the marks, unless the answer only repeats the address that was asked for.
fn assert_none_of(marks: &BTreeSet<String>, answer: &Answer, named: &str, address: &str) {
    let text = answer.text().replace(address, "<address>");
    if let Some(mark) = first_of(marks, &text) {
        panic!("{named} shows {mark:?}: {text}");
    }
}

/// What Aurora is shown of Borealis, endpoint by endpoint; and whether anything of Borealis changed.
async fn shown(world: &World, how: As) -> Vec<String> {
    let (of_aurora, of_borealis) = marks_of_both(world).await;
    // The list knows what it has to know.
    let borealis = &world.server.two.borealis;
    for mark in ["Borealis", "Borealis till", &borealis.email, &world.borealis_key.key.prefix] {
        assert!(of_borealis.contains(mark), "{mark} is not among {of_borealis:#?}");
    }
    let digits = borealis.member.uuid().simple().to_string();
    assert!(of_borealis.contains(&digits) && of_borealis.contains(&digits.to_uppercase()));
    assert!(!of_borealis.iter().any(|m| of_aurora.contains(m)));

    let before = world.server.rows_of(borealis).await;
    let (mut found, mut seen) = (Vec::new(), String::new());
    for probe in how.probes().filter(|probe| !matches!(probe.by, By::Operator)) {
        let named = format!("{} {}", probe.method, probe.path);
        let answer = world.server.ask(how.dress(probe.as_aurora(world))).await;
        let nowhere = probe.path.ends_with("{*page}") && answer.status == 404;
        assert!(answer.status < 400 || matches!(probe.by, By::Open) || nowhere, "{named} as Aurora: {answer}");
        let text = answer.text();
        if let Some(mark) = first_of(&of_borealis, &text) {
            found.push(format!("{named} shows {mark:?}"));
        }
        seen.push_str(&answer.body);
    }
    if before != world.server.rows_of(borealis).await {
        found.push("some request of Aurora's changed Borealis".to_owned());
    }
    // What was looked at are lists and pages with something on them.
    let aurora = &world.server.two.aurora;
    for mark in [
        "Aurora till".to_owned(),
        aurora.id.to_string(),
        aurora.member.to_string(),
        aurora.email.clone(),
        key_of(aurora).to_string(),
        world.aurora_key.key.prefix.clone(),
    ] {
        assert!(seen.contains(&mark), "no page or list shows {mark} of Aurora itself, so nothing was proved");
    }
    found
}

#[tokio::test]
async fn nothing_of_another_tenant_is_ever_shown() {
    for how in As::BOTH {
        // A world for each: some probes delete what others show.
        let world = World::new().await;
        assert_eq!(shown(&world, how).await, Vec::<String>::new());
    }
}

/// Credentials that open nothing here: none, those of the other kind, and such as are made up.
fn wrong_credentials(probe: &Probe, world: &World, how: As) -> Vec<(&'static str, Ask)> {
    let bare = || how.dress((probe.ask)(world));
    let aurora = &world.server.two.aurora;
    let made_up = format!("Bearer smt_{}", "0".repeat(48));
    let mut all = vec![
        ("nothing", bare()),
        ("a session that never was", bare().cookie("AAAAAAAAAAAAAAAAAAAAAA")),
        ("a cookie that is none", bare().cookie("..")),
        ("a key that never was", bare().header("authorization", made_up)),
        ("half a key", bare().header("authorization", "Bearer smt_")),
        ("a token that never was", bare().bearer(&format!("sme_{}", "0".repeat(136)))),
        ("another scheme", bare().header("authorization", format!("Basic {}", aurora.api_key))),
        ("a key without a scheme", bare().header("authorization", &aurora.api_key)),
        ("a key in the query", {
            let mut ask = bare();
            let sign = if ask.path.contains('?') { '&' } else { '?' };
            ask.path = format!("{}{sign}api_key={}", ask.path, aurora.api_key);
            ask
        }),
    ];
    all.push(match probe.by {
        By::Key => ("a session instead of a key", bare().session(aurora)),
        _ => ("a key instead of a session", bare().key(aurora)),
    });
    if matches!(probe.by, By::Operator) {
        all.push(("a session instead of the operator's key", bare().session(aurora)));
        all.push(("an operator's key that never was", bare().bearer(&format!("smo_{}", "0".repeat(48)))));
    } else {
        all.push(("the operator's key instead of a company's", bare().bearer(&world.operator_key)));
    }
    all
}

#[tokio::test]
async fn without_the_right_credentials_nothing_is_told() {
    let world = World::new().await;
    let (of_aurora, of_borealis) = marks_of_both(&world).await;
    let (aurora, borealis) = (&world.server.two.aurora, &world.server.two.borealis);
    let before = (world.server.rows_of(aurora).await, world.server.rows_of(borealis).await);
    let sent = As::BOTH.into_iter().flat_map(|how| how.probes().map(move |probe| (how, probe)));
    for (how, probe) in sent.filter(|(_, probe)| !matches!(probe.by, By::Anybody(_))) {
        let mut answers = BTreeMap::new();
        for (what, ask) in wrong_credentials(probe, &world, how) {
            let named = format!("{} {} with {what} ({how:?})", probe.method, probe.path);
            let path = ask.path.clone();
            let answer = world.server.ask(ask).await;
            let expected = match probe.by {
                By::Open | By::Anybody(_) => None,
                By::Key | By::Operator | By::Session(Stranger::Refused) => Some(401),
                By::Session(Stranger::SignIn) if how == As::Json => Some(401),
                By::Session(Stranger::SignIn) => Some(303),
                By::Session(Stranger::Neutral) => Some(200),
            };
            assert!(expected.is_none_or(|status| status == answer.status), "{named}: {answer}");
            if matches!(probe.by, By::Session(Stranger::SignIn)) && how == As::Page {
                assert!(answer.header("location").starts_with("/login"), "{named}: {answer}");
            }
            let address = path.split('?').next().unwrap();
            assert_none_of(&of_aurora, &answer, &named, address);
            assert_none_of(&of_borealis, &answer, &named, address);
            // A browser is told to forget a cookie that is none.
            let mut plain = answer;
            plain.headers.remove("set-cookie");
            if !path.contains("api_key=") {
                answers.insert(what, plain);
            }
        }
        // Whoever may not ask learns nothing from how: on pages all the wrong ways look alike.
        if !matches!(probe.by, By::Key | By::Operator) {
            let distinct: BTreeSet<_> = answers.values().map(Answer::comparable).collect();
            assert!(distinct.len() <= 1, "{} {}: {distinct:#?}", probe.method, probe.path);
        }
        // Open addresses are the same for who is signed in, too.
        if let (By::Open, Some(plain)) = (&probe.by, answers.get("nothing")) {
            let mut answer = world.server.ask((probe.ask)(&world).session(aurora)).await;
            answer.headers.remove("set-cookie");
            assert_eq!(plain.comparable(), answer.comparable(), "{} {}", probe.method, probe.path);
        }
    }
    let after = (world.server.rows_of(aurora).await, world.server.rows_of(borealis).await);
    assert_eq!(before, after, "somebody without credentials changed something");
}
