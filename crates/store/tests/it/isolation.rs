//! No tenant reaches another one's rows, in any table: the tables come from the catalogue, so a new one is tried too.
//! Everything is tried as the application; the superuser only sets the stage and counts.

use sqlx::{Executor as _, PgConnection, Row as _};
use store::{Reason, Scope, TenantTx};
use testkit::{TestDb, Two, sql};
use uuid::Uuid;

/// Gives both tenants a row in every table that signing up does not fill. A new table needs a line here, and nothing else
/// in this file.
const SEEDS: [&str; 43] = [
    "insert into app.nonces (tenant_id, key_id, nonce_hash, used_at)
     select $1, key_id, sha256($2::text::bytea), $3 from app.api_keys where tenant_id = $1 limit 1",
    "insert into app.kept_answers (tenant_id, key_id, name_hash, answer_id, request_hash, begun_at, leased_until)
     select $1, key_id, sha256($2::text::bytea), $2, sha256('request'), $3, $3 from app.api_keys where tenant_id = $1 limit 1",
    "insert into app.roles (tenant_id, role_id, name, permissions, created_at)
     values ($1, $2, 'Night', '{workspace.read}', $3)",
    "insert into app.teams (tenant_id, team_id, name, folded, created_at) values ($1, $2, 'Billing', 'billing', $3)",
    "insert into app.team_members (tenant_id, member_id, team_id)
     select $1, member_id, $2 from app.memberships where tenant_id = $1 and $3::timestamptz is not null limit 1",
    "insert into app.domains (tenant_id, domain_id, domain, proof, created_at)
     values ($1, $2, 'example.com', '0123456789abcdef', $3)",
    "insert into app.providers (tenant_id, provider_id, name, issuer, client_id, required, changed_at)
     values ($1, $2, 'Own', 'https://id.example.com', 'samtal', false, $3)",
    "insert into app.settings (tenant_id, version, settings, changed_by_name, changed_at)
     select $1, 0, '{}', 'nobody', $3 where $2::uuid is not null",
    "insert into app.invitations (tenant_id, invitation_id, email, role, by_hand, created_at, expires_at)
     values ($1, $2, 'asked@example.com', 'agent', false, $3, $3)",
    "insert into app.events (tenant_id, event_id, transaction_id, kind, subject_id, actor_id, created_at)
     values ($1, $2, pg_current_xact_id(), 'nothing', $2, $2, $3)",
    "insert into app.jobs (tenant_id, job_id, kind, lane, subject_id, attempts, run_at, created_at)
     values ($1, $2, 'nothing', 'bulk', $2, 0, $3, $3)",
    "insert into app.documents (tenant_id, document_id, title, file_name, kind, markdown, language, byte_size, sha256, state,
       chunk_count, by_meaning, created_at, updated_at)
     values ($1, $2, 'Returns', 'returns.md', 'text', true, 'english', 8, sha256('60 days.'), 'ready', 1, true, $3, $3)",
    "insert into app.document_texts (tenant_id, document_id, text) select $1, $2, '60 days.' where $3 is not null",
    "insert into app.chunks (tenant_id, chunk_id, document_id, position, starts, ends, title, text, term_count)
     select $1, $2, $2, 0, 0, 8, 'Returns', '60 days.', 3 where $3 is not null",
    "insert into app.chunk_terms (tenant_id, term, chunk_id, frequency) select $1, 'day', $2, 1 where $3 is not null",
    "insert into app.chunk_vectors (tenant_id, chunk_id, model_id, embedding)
     select $1, $2, 'model', '[1,2,3]' where $3 is not null",
    "insert into app.widgets (tenant_id, widget_id, created_at) values ($1, $2, $3)",
    "insert into app.contacts (tenant_id, contact_id, name, created_at) values ($1, $2, 'Ann', $3)",
    "insert into app.conversations (tenant_id, conversation_id, contact_id, state, handler, fence, last_seq, answered_seq,
       last_message_id, created_at, updated_at) values ($1, $2, $2, 'open', 'assistant', 0, 1, 0, $2, $3, $3)",
    "insert into app.messages (tenant_id, conversation_id, message_id, seq, author, text, refused, client_id, created_at)
     values ($1, $2, $2, 1, 'contact', 'Hello', false, 'one', $3)",
    "insert into app.message_keys (tenant_id, conversation_id, seq, message_id, author, client_id)
     select $1, $2, 1, $2, 'contact', 'one' where $3 is not null",
    "insert into app.contact_sessions (tenant_id, session_id, contact_id, token_hash, created_at, last_seen_at)
     values ($1, $2, $2, sha256($2::text::bytea), $3, $3)",
    "insert into app.asked (tenant_id, conversation_id, seq, question, folded, outcome, asked_at)
     values ($1, $2, 1, 'Hello?', sha256('hello'), 'refused', $3)",
    "insert into app.conversation_summaries (tenant_id, conversation_id, upto_seq, text, changed_at)
     values ($1, $2, 1, 'They say hello.', $3)",
    "insert into app.contact_facts (tenant_id, fact_id, contact_id, conversation_id, seq, text, created_at)
     values ($1, $2, $2, $2, 1, 'lives in Umeå', $3)",
    "insert into app.assistants (tenant_id, instruction, changed_at) select $1, 'Be brief.', $3 where $2::uuid is not null",
    "insert into app.personalities (tenant_id, personality_id, version, in_use, created_at, changed_at)
     values ($1, $2, 1, true, $3, $3)",
    "insert into app.personality_versions (tenant_id, personality_id, version, personality, changed_by_name, changed_at)
     values ($1, $2, 1, '{}', 'nobody', $3)",
    "insert into app.receipts (tenant_id, receipt_id, conversation_id, record, mac, created_at)
     values ($1, $2, $2, '{}', sha256('record'), $3)",
    "insert into app.models (tenant_id, model_id, wire, name, address, enabled, place, created_at, changed_at)
     values ($1, $2, 'openai', 'small', 'https://models.example/v1', true, 0, $3, $3)",
    "insert into app.tools (tenant_id, tool_id, name, description, method, address, parameters, enabled, in_conversations, created_at, changed_at)
     values ($1, $2, 'order', 'Where an order is.', 'get', 'https://tools.example/', '{}', true, true, $3, $3)",
    "insert into app.search_faults (tenant_id, during, why, at) select $1, 'asking', 'No answer.', $3 where $2::uuid is not null",
    "insert into app.model_days (tenant_id, day, model_id, name, calls, failures, input, cached, output)
     select $1, date '2026-11-21', $2, 'small', 1, 0, 1, 0, 1 where $3 is not null",
    "insert into app.model_budgets (tenant_id, alert_at, alerted, month, spent, reserved)
     select $1, 80, false, date '2026-11-01', 0, 0 where $2::uuid is not null and $3 is not null",
    "insert into app.model_calls (tenant_id, call_id, month, micros, leased_until)
     values ($1, $2, date '2026-11-01', 0, $3)",
    "insert into app.model_prices (tenant_id, model_id, since, input, cached, output)
     select $1, $2, date '2026-11-21', 1, 0, 2 where $3 is not null",
    "insert into app.conversation_usage (tenant_id, conversation_id, month, calls, input, cached, output)
     select $1, $2, date '2026-11-01', 1, 1, 0, 1 where $3 is not null",
    "insert into app.answer_days (tenant_id, day, by_model, built_in)
     select $1, date '2026-11-21', 1, 1 where $2::uuid is not null and $3 is not null",
    "insert into app.evaluations (tenant_id, evaluation_id, name, state, created_at) values ($1, $2, 'Ours', 'waiting', $3)",
    "insert into app.evaluation_results (tenant_id, evaluation_id, position, question)
     select $1, $2, 1, 'Hello?' where $3 is not null",
    "insert into app.meetings (tenant_id, meeting_id, code, title, state, minutes, ends_at, waiting_room, locked, created_at)
     values ($1, $2, substr(translate(md5($2::text), '01', 'gh'), 1, 20), 'Weekly', 'scheduled', 30, $3, false, false, $3)",
    "insert into app.meeting_people (tenant_id, meeting_id, person_id, kind, name, role, state, admitted, secret_hash,
       consented_at, created_at, seen_at)
     values ($1, $2, $2, 'guest', 'Ann', 'speaker', 'waiting', false, sha256('secret'), $3, $3, $3)",
    "insert into app.meeting_messages (tenant_id, meeting_id, seq, person_id, client_id, text, created_at)
     values ($1, $2, 1, $2, 'one', 'Hello', $3)",
];

/// The same for what tenants may read and not insert.
const SEEDS_BEHIND: [&str; 1] =
    ["insert into app.letters (tenant_id, letter_id, person_id, kind, email, created_at, expires_at)
     select $1, $2, person_id, 'nothing', email, $3, $3 from app.memberships where tenant_id = $1"];

async fn seed(db: &TestDb, two: &Two) {
    let mut behind = db.superuser().await;
    for tenant in [&two.aurora, &two.borealis] {
        for insert in SEEDS_BEHIND {
            let insert = sqlx::query(insert).bind(tenant.id.uuid()).bind(db.services.new_id()).bind(db.services.now());
            insert.execute(&mut behind).await.unwrap();
        }
        let mut tx = begin(db, tenant.owner.scope()).await;
        let id = db.services.new_id();
        for insert in SEEDS {
            let insert = sqlx::query(insert).bind(tenant.id.uuid()).bind(id).bind(db.services.now());
            insert.execute(&mut tx).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
}

/// A table with tenant_id, and what app_tenant may do with it.
#[derive(Debug)]
struct Table {
    name: String,
    /// Every column that an insert may name.
    columns: Vec<String>,
    /// A column of its key, by which a row is moved: never tenant_id.
    updatable: Option<String>,
    select: bool,
    insert: bool,
    update: bool,
    delete: bool,
    may_move: bool,
}

async fn tables(conn: &mut PgConnection) -> Vec<Table> {
    let rows = conn
        .fetch_all(
            "select t::regclass::text as name,
               array(select quote_ident(attname) from pg_attribute
                     where attrelid = t and attnum > 0 and not attisdropped and attgenerated = '' order by attnum) as columns,
               (select quote_ident(attname) from pg_attribute
                where attrelid = t and attnum > 0 and not attisdropped and attname <> 'tenant_id'
                  and has_column_privilege('app_tenant', t, attname, 'update')
                order by attnum limit 1) as updatable,
               has_any_column_privilege('app_tenant', t, 'select') as may_select,
               has_any_column_privilege('app_tenant', t, 'insert') as may_insert,
               has_any_column_privilege('app_tenant', t, 'update') as may_update,
               has_table_privilege('app_tenant', t, 'delete') as may_delete,
               has_column_privilege('app_tenant', t, 'tenant_id', 'update') as may_move
             from (
               select c.oid as t from pg_class c
               where relnamespace = 'app'::regnamespace and relkind in ('r', 'p') and not relispartition
                 and exists (select from pg_attribute
                             where attrelid = c.oid and attname = 'tenant_id' and not attisdropped)
             ) tenants_tables order by 1",
        )
        .await
        .unwrap();
    rows.iter()
        .map(|row| Table {
            name: row.get("name"),
            columns: row.get("columns"),
            updatable: row.get("updatable"),
            select: row.get("may_select"),
            insert: row.get("may_insert"),
            update: row.get("may_update"),
            delete: row.get("may_delete"),
            may_move: row.get("may_move"),
        })
        .collect()
}

async fn count(conn: &mut PgConnection, table: &str, tenant: Uuid) -> i64 {
    let count = format!("select count(*) from {table} where tenant_id = $1");
    sqlx::query_scalar(sql(count)).bind(tenant).fetch_one(conn).await.unwrap()
}

async fn begin(db: &TestDb, scope: &Scope) -> TenantTx {
    db.services.store.tenant(scope).await.unwrap()
}

/// PostgreSQL's code and words for a statement that has to fail.
fn refusal<T: std::fmt::Debug>(what: &str, result: Result<T, sqlx::Error>) -> (String, String) {
    match result {
        Err(sqlx::Error::Database(e)) => (e.code().unwrap_or_default().into_owned(), e.message().to_owned()),
        other => panic!("{what} was not refused: {other:?}"),
    }
}

/// Refused by the rights: the verb or column is not granted.
fn denied<T: std::fmt::Debug>(what: &str, result: Result<T, sqlx::Error>) {
    let (code, message) = refusal(what, result);
    assert!(code == "42501" && message.starts_with("permission denied"), "{what}: {code} {message}");
}

/// Refused by the policy: the row would be another tenant's.
fn walled<T: std::fmt::Debug>(what: &str, result: Result<T, sqlx::Error>) {
    let (code, message) = refusal(what, result);
    assert!(code == "42501" && message.contains("violates row-level security policy"), "{what}: {code} {message}");
}

#[tokio::test]
async fn no_table_lets_one_tenant_reach_another() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let two = Two::new(&db).await;
    let (own, other) = (two.aurora.id.uuid(), two.borealis.id.uuid());
    let scope = two.aurora.owner.scope();
    seed(&db, &two).await;
    let mut behind = db.superuser().await;
    let tables = tables(&mut behind).await;
    assert!(tables.len() >= 10, "{tables:?}");

    for table in &tables {
        let name = &table.name;
        let (own_rows, other_rows) = (count(&mut behind, name, own).await, count(&mut behind, name, other).await);
        assert!(
            own_rows > 0 && other_rows > 0,
            "{name} is new: let `SEEDS` give each tenant a row in it ({own_rows}, {other_rows})"
        );

        // Read.
        let what = format!("select from {name}");
        let read = format!("select count(*), count(*) filter (where tenant_id is distinct from $1) from {name}");
        let mut tx = begin(&db, scope).await;
        let seen = sqlx::query_as::<_, (i64, i64)>(sql(read)).bind(own).fetch_one(&mut tx).await;
        if table.select {
            assert_eq!(seen.unwrap(), (own_rows, 0), "{what}");
            let by_id = format!("select count(*) from {name} where tenant_id = $1");
            let foreign: i64 = sqlx::query_scalar(sql(by_id)).bind(other).fetch_one(&mut tx).await.unwrap();
            assert_eq!(foreign, 0, "{what}");
        } else {
            denied(&what, seen);
        }
        drop(tx);

        // Change.
        let what = format!("update of {name}");
        let column = table.updatable.as_deref().unwrap_or("tenant_id");
        let update = format!("update {name} set {column} = {column} where tenant_id = $1");
        let mut tx = begin(&db, scope).await;
        let foreign = sqlx::query(sql(update)).bind(other).execute(&mut tx).await;
        if table.update {
            assert_eq!(foreign.unwrap().rows_affected(), 0, "{what}");
            let all = format!("update {name} set {column} = {column}");
            let done = sqlx::query(sql(all)).execute(&mut tx).await.unwrap();
            assert_eq!(done.rows_affected(), u64::try_from(own_rows).unwrap(), "{what} without a condition");
        } else {
            denied(&what, foreign);
        }
        drop(tx);

        // Move an own row to the other tenant.
        let what = format!("move out of {name}");
        let away = format!("update {name} set tenant_id = $1");
        let mut tx = begin(&db, scope).await;
        let moved = sqlx::query(sql(away)).bind(other).execute(&mut tx).await;
        if table.may_move {
            walled(&what, moved)
        } else {
            denied(&what, moved)
        }
        drop(tx);

        // Remove.
        let what = format!("delete from {name}");
        let delete = format!("delete from {name} where tenant_id = $1");
        let mut tx = begin(&db, scope).await;
        let foreign = sqlx::query(sql(delete)).bind(other).execute(&mut tx).await;
        if table.delete {
            assert_eq!(foreign.unwrap().rows_affected(), 0, "{what}");
            let all = sqlx::query(sql(format!("delete from {name}"))).execute(&mut tx).await.unwrap();
            assert_eq!(all.rows_affected(), u64::try_from(own_rows).unwrap(), "{what} without a condition");
        } else {
            denied(&what, foreign);
        }
        drop(tx);

        // Add a row to the other tenant: one of its own rows, as it stands, so that nothing but the wall refuses it.
        let what = format!("insert into {name}");
        let copy = format!("select to_jsonb(t) from {name} t where tenant_id = $1 limit 1");
        let row: serde_json::Value = sqlx::query_scalar(sql(copy)).bind(other).fetch_one(&mut behind).await.unwrap();
        let columns = table.columns.join(", ");
        let insert =
            format!("insert into {name} ({columns}) select {columns} from jsonb_populate_record(null::{name}, $1)");
        let mut tx = begin(&db, scope).await;
        let added = sqlx::query(sql(insert)).bind(row).execute(&mut tx).await;
        if table.insert {
            walled(&what, added)
        } else {
            denied(&what, added)
        }

        // Nothing of all this was committed, and none of it reached the other tenant.
        drop(tx);
        assert_eq!(count(&mut behind, name, other).await, other_rows, "{name}");
    }
}

#[tokio::test]
async fn both_tenants_work_side_by_side() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    for (tenant, name) in [(&two.aurora, "Aurora"), (&two.borealis, "Borealis")] {
        for caller in [&tenant.owner, &tenant.key] {
            let mut tx = begin(&db, caller.scope()).await;
            let seen: (String, String, Uuid) = sqlx::query_as(
                "select t.name, m.email, m.tenant_id from app.tenants t join app.memberships m using (tenant_id)",
            )
            .fetch_one(&mut tx)
            .await
            .unwrap();
            assert_eq!(seen, (name.to_owned(), tenant.email.clone(), tenant.id.uuid()));
        }
    }
    // What one commits, it sees; the other does not.
    let mut tx = begin(&db, two.aurora.owner.scope()).await;
    tx.execute("update app.tenants set name = 'Aurora AB'").await.unwrap();
    tx.commit().await.unwrap();
    let mut names = Vec::new();
    for tenant in [&two.aurora, &two.borealis] {
        let mut tx = begin(&db, tenant.owner.scope()).await;
        names.push(sqlx::query_scalar::<_, String>("select name from app.tenants").fetch_one(&mut tx).await.unwrap());
    }
    assert_eq!(names, ["Aurora AB", "Borealis"]);
}

/// What holds sealed secrets is sealed anew by `samtal keys rotate`: a new column has to be there, too.
#[tokio::test]
async fn what_is_sealed_is_known() {
    let db = TestDb::new().await;
    let columns: Vec<String> = sqlx::query_scalar(
        "select table_name || '.' || column_name from information_schema.columns
         where table_schema = 'app' and column_name like '%\\_sealed' order by 1",
    )
    .fetch_all(&mut db.superuser().await)
    .await
    .unwrap();
    assert_eq!(
        columns,
        [
            "kept_answers.answer_sealed",
            "models.key_sealed",
            "providers.secret_sealed",
            "second_factors.seed_sealed",
            "tools.secret_sealed"
        ],
        "each is sealed anew in `Capabilities::seal_anew`"
    );
}

#[tokio::test]
async fn tables_of_no_tenant_are_closed_to_tenants() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let mut behind = db.superuser().await;
    let tables: Vec<String> = sqlx::query_scalar(
        "select c.oid::regclass::text from pg_class c
         where relnamespace = 'app'::regnamespace and relkind in ('r', 'p')
           and (relname = 'sessions' or not exists (
             select from pg_attribute where attrelid = c.oid and attname = 'tenant_id' and not attisdropped))
         order by 1",
    )
    .fetch_all(&mut behind)
    .await
    .unwrap();
    assert_eq!(
        tables,
        [
            "app.identities",
            "app.operator_keys",
            "app.passkeys",
            "app.people",
            "app.recovery_codes",
            "app.schedules",
            "app.schema_migrations",
            "app.second_factors",
            "app.sessions",
            "app.sign_in_attempts",
            "app.sign_on_answers"
        ]
    );
    for table in tables {
        for statement in [
            format!("select count(*) from {table}"),
            format!("select 1 from {table} limit 1"),
            format!("select t from {table} t"),
            format!("insert into {table} default values"),
            format!("delete from {table}"),
            format!("truncate {table}"),
            format!("lock table {table}"),
        ] {
            let mut tx = begin(&db, two.aurora.owner.scope()).await;
            denied(&statement, tx.execute(sql(statement.clone())).await);
        }
    }
}

#[tokio::test]
async fn work_across_tenants_does_not_see_what_tenants_keep() {
    let db = TestDb::new().await;
    Two::new(&db).await;
    let begin = || db.services.store.platform(Reason::Session, db.request());
    for column in [
        "memberships.name",
        "memberships.email",
        "api_keys.name",
        "api_keys.prefix",
        "api_keys.created_by",
        "api_keys.created_at",
        "invitations.invited_by",
        "asked.question",
        "contact_facts.text",
        "tenants.mask_personal_data",
        "tenants.embed_origins",
        "tenants.service_hours",
        "schema_migrations.description",
    ] {
        let (table, column) = column.split_once('.').unwrap();
        let mut tx = begin().await.unwrap();
        denied(column, tx.fetch_all(sql(format!("select {column} from app.{table}"))).await);
        // Nor by way of the whole row, or of a condition.
        let mut tx = begin().await.unwrap();
        denied(column, tx.fetch_all(sql(format!("select t from app.{table} t"))).await);
        let mut tx = begin().await.unwrap();
        denied(column, tx.fetch_all(sql(format!("select 1 from app.{table} where {column} is not null"))).await);
    }
    for statement in [
        "update app.tenants set name = 'x'",
        "update app.memberships set role = 'owner'",
        "update app.people set created_at = created_at",
        "update app.sessions set session_hash = session_hash",
        "update app.api_keys set revoked_at = null",
        "delete from app.tenants",
        "delete from app.people",
        "delete from app.memberships",
        "delete from app.api_keys",
    ] {
        let mut tx = begin().await.unwrap();
        denied(statement, tx.execute(statement).await);
    }
}

#[tokio::test]
async fn without_a_tenant_there_is_nothing() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let count = "select count(*) from app.memberships";
    for unset in ["set local app.tenant_id = ''", "set local app.tenant_id to default"] {
        let mut tx = begin(&db, two.aurora.owner.scope()).await;
        tx.execute(unset).await.unwrap();
        assert_eq!(sqlx::query_scalar::<_, i64>(count).fetch_one(&mut tx).await.unwrap(), 0, "{unset}");
        let insert = "insert into app.memberships (tenant_id, member_id, person_id, name, email, role, created_at)
                      values ($1, $2, $2, 'x', 'x@y.example', 'owner', now())";
        let added = sqlx::query(insert).bind(two.aurora.id.uuid()).bind(db.services.new_id()).execute(&mut tx).await;
        walled(unset, added);
    }
    let mut tx = begin(&db, two.aurora.owner.scope()).await;
    tx.execute("set local app.tenant_id = 'everyone'").await.unwrap();
    let (code, _) = refusal("garbage for a tenant", sqlx::query_scalar::<_, i64>(count).fetch_one(&mut tx).await);
    assert_eq!(code, "22P02");
}

#[tokio::test]
async fn what_surrounds_the_policies_is_refused() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    for statement in [
        "set local role app_owner",
        "set local role app_platform",
        "set local role samtal_platform",
        "set local role postgres",
        "set local session authorization postgres",
        "alter table app.memberships disable row level security",
        "drop policy tenant on app.memberships",
        "create policy mine on app.memberships using (true)",
        "create table app.mine (x int)",
        "create table public.mine (x int)",
        "create temporary table mine (x int)",
        "create function public.mine() returns int language sql return 1",
        "truncate app.memberships",
        "copy app.memberships to '/tmp/rows'",
        "select lo_create(0)",
        "select lo_from_bytea(0, 'x')",
        "set local session_replication_role = 'replica'",
        "set local row_security = off; select count(*) from app.memberships",
    ] {
        let mut tx = begin(&db, two.aurora.owner.scope()).await;
        let (code, message) = refusal(statement, sqlx::raw_sql(statement).execute(&mut tx).await);
        assert_eq!(code, "42501", "{statement}: {message}");
    }
}

#[tokio::test]
async fn a_row_cannot_point_into_another_tenant() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let mut tx = begin(&db, two.aurora.owner.scope()).await;
    let added = sqlx::query(
        "insert into app.api_keys (tenant_id, key_id, name, prefix, key_hash, created_by, created_at, scopes)
         values ($1, $2, 'x', 'smt_', sha256('x'), $3, now(), '{documents.read}')",
    )
    .bind(two.aurora.id.uuid())
    .bind(db.services.new_id())
    .bind(two.borealis.member.uuid())
    .execute(&mut tx)
    .await;
    let (code, message) = refusal("a key made by a foreign member", added);
    assert_eq!(code, "23503", "{message}");
    // As with a member that there is not: the same words but for the id, and no detail of any row.
    assert!(message.contains("api_keys_created_by_fkey"), "{message}");
}
