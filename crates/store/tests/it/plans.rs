//! Every hot query reaches its rows by an index, with the tenant as a condition of the index and the policy evaluated
//! once a query, not once a row. The texts of the queries are read from the source that runs them.

use serde_json::Value;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{Postgres, Row as _, query::Query};
use store::Reason;
use testkit::{TestDb, Two, sql};
use time::Duration;
use uuid::Uuid;

const QUEUE: &str = include_str!("../../src/jobs/queue.rs");
const SCOPE: &str = include_str!("../../src/scope.rs");
const SESSIONS: &str = include_str!("../../src/sessions.rs");
const API_KEYS: &str = include_str!("../../../identity/src/api_keys.rs");
const ATTEMPTS: &str = include_str!("../../../identity/src/attempts.rs");
const MEMBERS: &str = include_str!("../../../identity/src/members.rs");
const MEMBER_SESSIONS: &str = include_str!("../../../identity/src/member_sessions.rs");
const ONCE: &str = include_str!("../../../identity/src/once.rs");
const SIGN_IN: &str = include_str!("../../../identity/src/sign_in/begin.rs");
const ADVANCE: &str = include_str!("../../../identity/src/sign_in/advance.rs");
const TENANTS: &str = include_str!("../../../identity/src/tenants.rs");

/// The one statement in a source file that holds these words, as an `explain` of it.
fn explain(source: &'static str, words: &str) -> String {
    let (at, _) = source.match_indices(words).next().unwrap_or_else(|| panic!("no query says {words:?} any more"));
    assert_eq!(source.matches(words).count(), 1, "more than one query says {words:?}");
    let start = ["r#\"", "\""]
        .iter()
        .filter_map(|quote| {
            let (open, close) = (*quote, if quote.len() == 3 { "\"#" } else { "\"" });
            let begin = source[..at].rfind(open)? + open.len();
            let end = begin + source[begin..].find(close)?;
            (begin <= at && at < end).then_some(begin..end)
        })
        .max_by_key(|range| range.len());
    format!("explain (format json) {}", &source[start.expect("inside of a string")])
}

/// A plan, flattened.
#[derive(Debug)]
struct Node {
    kind: String,
    relation: Option<String>,
    condition: String,
    is_init: bool,
}

fn flatten(node: &Value, into: &mut Vec<Node>) {
    let text = |name: &str| node[name].as_str().map(str::to_owned);
    into.push(Node {
        kind: text("Node Type").unwrap(),
        relation: text("Relation Name"),
        condition: text("Index Cond").unwrap_or_default(),
        is_init: text("Parent Relationship").as_deref() == Some("InitPlan"),
    });
    for child in node["Plans"].as_array().into_iter().flatten() {
        flatten(child, into);
    }
}

fn nodes(row: &PgRow) -> (Vec<Node>, String) {
    let plan: Value = row.get(0);
    let mut nodes = Vec::new();
    flatten(&plan[0]["Plan"], &mut nodes);
    (nodes, plan.to_string())
}

/// Two hundred more tenants with twenty members, ten roles, five keys with ten answers and twenty sessions each, and their attempts.
async fn fill(db: &TestDb) {
    sqlx::raw_sql(
        "insert into app.people (person_id, email, name, password_hash, created_at)
           select gen_random_uuid(), 'p' || n || '@many.example', 'Person ' || n, 'x', now() from generate_series(1, 4000) n;
         insert into app.tenants (tenant_id, name, created_at)
           select gen_random_uuid(), 'Tenant ' || n, now() from generate_series(1, 200) n;
         insert into app.roles (tenant_id, role_id, name, permissions, created_at)
           select tenant_id, gen_random_uuid(), 'Role ' || n, '{workspace.read}', now()
           from app.tenants, generate_series(1, 10) n;
         insert into app.memberships (tenant_id, member_id, person_id, name, email, role, created_at)
           select t.tenant_id, gen_random_uuid(), p.person_id, p.name, p.email, 'agent', p.created_at
           from (select tenant_id, row_number() over (order by name) as n from app.tenants where name like 'Tenant %') t
           join (select *, row_number() over (order by email) as n from app.people where email like '%@many.example') p
             on p.n % 200 = t.n % 200;
         insert into app.api_keys (tenant_id, key_id, name, prefix, key_hash, created_at, scopes)
           select tenant_id, gen_random_uuid(), 'Key ' || n, 'smt_', sha256((tenant_id::text || n)::bytea), now(), '{documents.read}'
           from app.tenants, generate_series(1, 5) n where name like 'Tenant %';
         insert into app.kept_answers (tenant_id, key_id, name_hash, answer_id, request_hash, begun_at, leased_until)
           select tenant_id, key_id, sha256(n::text::bytea), gen_random_uuid(), sha256('request'), now(), now()
           from app.api_keys, generate_series(1, 10) n;
         insert into app.sessions (session_hash, person_id, tenant_id, data, created_at, last_seen_at, expires_at)
           select sha256(person_id::text::bytea), person_id, tenant_id, '{}', now(), now(), now() + '8 hours' from app.memberships
           where role = 'agent';
         insert into app.domains (tenant_id, domain_id, domain, proof, created_at, proven_at)
           select tenant_id, gen_random_uuid(), 'd' || row_number() over () || '.example', '0123456789abcdef', now(), now()
           from app.tenants where name like 'Tenant %';
         insert into app.providers (tenant_id, provider_id, name, issuer, client_id, required, changed_at)
           select tenant_id, gen_random_uuid(), 'Own', 'https://id.example', 'samtal', true, now()
           from app.tenants where name like 'Tenant %';
         update app.memberships m set role = 'rol_' || replace(r.role_id::text, '-', '')
           from app.roles r where r.tenant_id = m.tenant_id and r.name = 'Role 7' and m.role = 'agent' and m.email < 'p3';
         insert into app.sign_in_attempts (attempt_id, subject, attempted_at)
           select gen_random_uuid(), sha256((n % 2000)::text::bytea), '2026-11-21T08:00:00Z'::timestamptz + n * interval '0.1 second'
           from generate_series(1, 20000) n;
         analyze",
    )
    .execute(&mut db.superuser().await)
    .await
    .unwrap();
}

/// What makes a plan a good one.
fn judge(what: &str, row: &PgRow, tenants: bool) {
    let (nodes, plan) = nodes(row);
    let scans = |n: &&Node| n.kind.ends_with("Scan") && (n.relation.is_some() || n.kind == "Bitmap Index Scan");
    for node in nodes.iter().filter(scans) {
        // A table with one row a tenant is small; every other one is reached by an index.
        let small = node.relation.as_deref() == Some("tenants");
        let indexed = matches!(node.kind.as_str(), "Index Scan" | "Index Only Scan" | "Bitmap Index Scan");
        let bitmap = node.kind == "Bitmap Heap Scan";
        assert!(small || indexed || bitmap, "{what}: {} of {:?}\n{plan}", node.kind, node.relation);
        assert!(!indexed || !node.condition.is_empty(), "{what}: a whole index of {:?} is read\n{plan}", node.relation);
        if tenants && indexed && !small {
            assert!(node.condition.contains("tenant_id ="), "{what}: {}\n{plan}", node.condition);
        }
    }
    if tenants {
        assert!(nodes.iter().any(|n| n.is_init), "{what}: the tenant is not computed once for the query\n{plan}");
        // In a condition the function would run for every row.
        for call in ["tenant_id()", "current_setting"] {
            assert!(!plan.contains(call), "{what}: the policy runs row by row\n{plan}");
        }
    }
}

type Bound = Query<'static, Postgres, PgArguments>;

#[tokio::test]
async fn hot_queries_use_their_indexes() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    fill(&db).await;
    let now = db.services.now();
    let query = |source, words| sqlx::query(sql(explain(source, words)));
    let hash = vec![1u8; 32];
    let subjects = vec![vec![1u8; 32], vec![2u8; 32]];
    let (member, tenant) = (two.aurora.member.uuid(), two.aurora.id.uuid());
    let hour = Duration::hours(1);

    // Across tenants.
    let platform: Vec<(&str, Bound)> = vec![
        (
            "session → member",
            query(SCOPE, "select m.tenant_id, m.member_id")
                .bind(hash.clone())
                .bind(now)
                .bind(now - hour)
                .bind(now - hour),
        ),
        ("session seen", query(SCOPE, "update app.sessions set last_seen_at").bind(hash.clone()).bind(now).bind(now)),
        ("key → tenant", query(SCOPE, "select k.tenant_id, k.key_id").bind(hash.clone()).bind(now)),
        ("key used", query(SCOPE, "update app.api_keys set last_used_at").bind(tenant).bind(member).bind(now)),
        (
            "session loaded",
            query(SESSIONS, "select data as").bind(hash.clone()).bind(now).bind(now - hour).bind(now - hour),
        ),
        ("session deleted", query(SESSIONS, "where session_hash = $1 returning tenant_id").bind(hash.clone())),
        ("sign-in by email", query(SIGN_IN, "select person_id, password_hash").bind("p7@many.example")),
        ("tenants of a person", query(ADVANCE, "select t.tenant_id").bind(two.aurora.person.uuid())),
        ("sign-in on its way", query(SESSIONS, "select person_id as").bind(hash.clone()).bind(now)),
        ("attempts counted", query(ATTEMPTS, "select subject, count(*)").bind(subjects).bind(now - hour)),
        (
            "sessions of a tenant",
            query(MEMBER_SESSIONS, "select s.session_hash, m.member_id")
                .bind(tenant)
                .bind(Vec::<u8>::new())
                .bind(now)
                .bind(51_i64),
        ),
        ("attempt forgiven", query(ATTEMPTS, "where attempt_id = $1").bind(Uuid::nil())),
    ];
    for (what, bound) in platform {
        let mut tx = db.services.store.platform(Reason::Session, db.request()).await.unwrap();
        judge(what, &bound.fetch_one(&mut tx).await.unwrap(), false);
    }

    // At the door: the statements of the functions of migrations/0016_doors.sql and 0029_roles.sql, as their role.
    let doors =
        [include_str!("../../../../migrations/0016_doors.sql"), include_str!("../../../../migrations/0029_roles.sql")];
    let doors = doors.concat().replace(char::is_whitespace, " ");
    for (what, from, into, condition) in [
        (
            "key presented",
            "from app.api_keys k",
            "k.key_id",
            "k.key_hash = (select app.credential()) and k.revoked_at is null",
        ),
        ("session presented", "from app.sessions s", "s.person_id", "s.session_hash = (select app.credential())"),
        (
            "who works there",
            "from app.memberships m join app.tenants t on t.tenant_id = m.tenant_id",
            "m.member_id, m.role, m.role_id",
            "m.tenant_id = (select app.tenant_id()) and m.person_id = '00000000-0000-0000-0000-000000000001'",
        ),
        (
            "what a role may",
            "from app.roles r",
            "array_to_string(r.permissions, ' ')",
            "r.tenant_id = (select app.tenant_id()) and r.role_id = '00000000-0000-0000-0000-000000000001'",
        ),
    ] {
        assert!(doors.split_whitespace().collect::<Vec<_>>().join(" ").contains(from), "{what} is no more");
        let mut tx = db.services.store.tenant(two.aurora.owner.scope()).await.unwrap();
        sqlx::raw_sql("reset role; set local role app_door; set local app.credential = '\\x0101'")
            .execute(&mut tx)
            .await
            .unwrap();
        let explain = sql(format!("explain (format json) select {into} {from} where {condition}"));
        judge(what, &sqlx::query(explain).fetch_one(&mut tx).await.unwrap(), false);
    }

    // In a tenant of twenty, and in one of one.
    let tenant_queries = || -> Vec<(&str, Bound)> {
        vec![
            ("members listed", query(MEMBERS, "select m.member_id, m.name").bind(Uuid::nil()).bind(51_i64)),
            ("keys listed", query(API_KEYS, "select key_id, name").bind(200_i64).bind(now)),
            ("keys counted", query(API_KEYS, "select count(*)").bind(now)),
            ("key revoked", query(API_KEYS, "set revoked_at = $2 where").bind(member).bind(now)),
            ("answer kept", query(ONCE, "select answer_id, request_hash").bind(member).bind(hash.clone())),
            ("answers counted", query(ONCE, "count(*) filter (where key_id = $1)").bind(member)),
            ("who am I, a member", query(TENANTS, "m.member_id, m.name").bind(member)),
            ("who am I, a key", query(TENANTS, "k.key_id, k.name").bind(member)),
        ]
    };
    for scope in [two.aurora.owner.scope(), two.borealis.key.scope()] {
        for (what, bound) in tenant_queries() {
            let mut tx = db.services.store.tenant(scope).await.unwrap();
            judge(what, &bound.fetch_one(&mut tx).await.unwrap(), true);
        }
    }
}

#[tokio::test]
async fn the_judge_knows_a_bad_plan() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    fill(&db).await;
    let refused = |row: PgRow, tenants| {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| judge("bad", &row, tenants))).is_err()
    };
    let mut tx = db.services.store.tenant(two.aurora.owner.scope()).await.unwrap();
    let members = "explain (format json) select member_id from app.memberships";
    assert!(!refused(sqlx::query(members).fetch_one(&mut tx).await.unwrap(), true));
    sqlx::raw_sql(
        "set local enable_indexscan = off; set local enable_indexonlyscan = off; set local enable_bitmapscan = off",
    )
    .execute(&mut tx)
    .await
    .unwrap();
    assert!(refused(sqlx::raw_sql(members).fetch_one(&mut tx).await.unwrap(), true));

    let mut tx = db.services.store.platform(Reason::SignIn, db.request()).await.unwrap();
    for bad in [
        "explain (format json) select 1 from app.people where name = 'Person 7'",
        "explain (format json) select 1 from app.memberships where member_id = gen_random_uuid()",
    ] {
        assert!(refused(sqlx::query(bad).fetch_one(&mut tx).await.unwrap(), false));
    }
}

/// Twenty tenants, and a thousand jobs of each wait, one is being done, and a hundred are dead.
async fn fill_queue(db: &TestDb) {
    sqlx::raw_sql(
        "insert into app.tenants (tenant_id, name, created_at)
           select gen_random_uuid(), 'Tenant ' || n, now() from generate_series(1, 20) n;
         insert into app.jobs (tenant_id, job_id, kind, lane, subject_id, attempts, run_at, created_at)
           select tenant_id, gen_random_uuid(), 'sweep', 'bulk', gen_random_uuid(), 0, at, at
           from app.tenants, generate_series(1, 1000) n,
             lateral (select '2026-11-21T08:00:00Z'::timestamptz + n * interval '1 second' as at) t
           where name like 'Tenant %';
         update app.jobs set lease_id = gen_random_uuid(), leased_until = '2026-11-21T10:00:00Z', attempts = 1
           where run_at = '2026-11-21T08:00:01Z';
         insert into app.jobs (tenant_id, job_id, kind, lane, subject_id, attempts, run_at, dead_at, created_at)
           select tenant_id, gen_random_uuid(), 'sweep', 'bulk', gen_random_uuid(), 6, now(), now(), now()
           from app.tenants, generate_series(1, 100);
         analyze",
    )
    .execute(&mut db.superuser().await)
    .await
    .unwrap();
}

/// A statement that claims jobs of this lane.
fn claim(text: String, lane: &'static str, now: time::OffsetDateTime) -> Bound {
    sqlx::query(sql(text))
        .bind(now)
        .bind(lane)
        .bind(vec!["greet".to_owned(), "sweep".to_owned()])
        .bind(4_i64)
        .bind(3_i64)
        .bind(Uuid::nil())
        .bind(Uuid::max())
        .bind(now + Duration::seconds(9))
        .bind(Vec::<Uuid>::new())
}

#[tokio::test]
async fn claiming_jobs_reads_little_however_many_wait() {
    let db = TestDb::new().await;
    db.leaves_dead_jobs();
    db.leaves_waiting_jobs();
    fill_queue(&db).await;
    let text = explain(QUEUE, "with recursive tenants as").replace("(format json)", "(analyze, buffers, format json)");
    let mut tx = db.services.store.platform(Reason::Jobs, db.request()).await.unwrap();
    // For each tenant: the way to the next one, what of it is being done, and what of it is due. Of a lane with nothing in
    // it, next to nothing.
    for (lane, claimed, most) in [("bulk", 4.0, 20 * 25), ("prompt", 0.0, 40), ("bulk", 4.0, 20 * 25)] {
        let row = claim(text.clone(), lane, db.services.now()).fetch_one(&mut tx).await.unwrap();
        let plan: Value = row.get(0);
        let top = &plan[0]["Plan"];
        let pages = |name: &str| top[name].as_u64().unwrap();
        let read = pages("Shared Hit Blocks") + pages("Shared Read Blocks");
        assert_eq!(top["Actual Rows"].as_f64(), Some(claimed), "{plan:#}");
        assert!(read < most, "{read} pages of {lane}: {plan:#}");
        judge(lane, &row, false);
    }
}

/// Prepared once and run for every lane and any table, as the server does, the plan must not depend on what it was made for.
#[tokio::test]
async fn a_lane_does_not_read_what_waits_in_another() {
    let db = TestDb::new().await;
    db.leaves_dead_jobs();
    db.leaves_waiting_jobs();
    fill_queue(&db).await;
    let text = explain(QUEUE, "with recursive tenants as").replace("explain (format json)", "");
    for mode in ["set local plan_cache_mode = force_custom_plan", "set local plan_cache_mode = force_generic_plan"] {
        let mut tx = db.services.store.platform(Reason::Jobs, db.request()).await.unwrap();
        sqlx::raw_sql(mode).execute(&mut tx).await.unwrap();
        let mut before = 0;
        for (lane, claimed, most) in [("prompt", 0, 40), ("bulk", 4, 20 * 25)] {
            let rows = claim(text.clone(), lane, db.services.now()).fetch_all(&mut tx).await.unwrap();
            assert_eq!(rows.len(), claimed);
            let read: i64 = sqlx::query_scalar(
                "select coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)
                 from pg_stat_xact_all_tables where relid = 'app.jobs'::regclass",
            )
            .fetch_one(&mut tx)
            .await
            .unwrap();
            assert!(read - before < most, "{} rows of {lane}, {mode}", read - before);
            before = read;
        }
    }
}
