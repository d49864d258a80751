//! The queries that run all the time touch what they need and nothing else.

use crate::stage::{Stage, words};
use serde_json::Value;
use sqlx::Row as _;
use testkit::sql;
use uuid::Uuid;

/// The query that holds these words, from the descriptions of all of them, in front of `explain`.
fn explained(words: &str) -> String {
    let folder = std::fs::read_dir(testkit::cluster::workspace().join(".sqlx")).unwrap();
    let read = |file: std::io::Result<std::fs::DirEntry>| -> Value {
        serde_json::from_slice(&std::fs::read(file.unwrap().path()).unwrap()).unwrap()
    };
    let queries = folder.map(|file| read(file)["query"].as_str().unwrap().to_owned());
    let found: Vec<_> = queries.filter(|query| query.contains(words)).collect();
    assert_eq!(found.len(), 1, "one query says {words:?}");
    format!("explain (analyze, format json) {}", found[0])
}

/// What who reaches all conversations may, as queries take it.
const ALL: Option<&[&str]> = None;

/// Tables that were looked into, and how.
fn touched(node: &Value, into: &mut Vec<(String, String)>) {
    if let (Some(table), Some(1..)) = (node["Relation Name"].as_str(), node["Actual Loops"].as_f64().map(|n| n as u64))
    {
        into.push((table.to_owned(), node["Node Type"].as_str().unwrap().to_owned()));
    }
    for child in node["Plans"].as_array().into_iter().flatten() {
        touched(child, into);
    }
}

/// A tenant with many conversations of many months.
async fn fill(stage: &Stage) {
    let tenant = stage.two.aurora.id.uuid();
    let fill = "
      insert into app.contacts (tenant_id, contact_id, created_at) values ($1, $1, now());
    ";
    let mut conn = stage.db.superuser().await;
    sqlx::query(sql(fill.to_owned())).bind(tenant).execute(&mut conn).await.unwrap();
    // An id of the millisecond m: what was said every ten hours for a year and a half, in 300 conversations.
    let ids =
        "lpad(to_hex(1795251600000 + n::bigint * 36000000), 12, '0') || '7000' || '8' || lpad(to_hex(n), 15, '0')";
    for insert in [
        format!(
            "insert into app.conversations (tenant_id, conversation_id, contact_id, state, handler, fence, last_seq,
               answered_seq, last_message_id, created_at, updated_at)
             select $1, ({ids})::uuid, $1, case when n % 10 = 0 then 'open' else 'resolved' end, 'assistant', 0, 40, 0,
               (lpad(to_hex(1795251600000 + n::bigint * 36000000 + 60), 12, '0') || repeat('f', 20))::uuid, now(), now()
             from generate_series(1, 1200) n"
        ),
        "insert into app.messages (tenant_id, conversation_id, message_id, seq, author, text, refused, created_at)
         select tenant_id, conversation_id,
           (substr(replace(conversation_id::text, '-', ''), 1, 12) || '7' || lpad(to_hex(n + 1), 3, '0')
             || substr(replace(conversation_id::text, '-', ''), 17))::uuid, n, 'contact', 'x', false, now()
         from app.conversations, generate_series(1, 40) n where tenant_id = $1"
            .to_owned(),
        "insert into app.message_keys (tenant_id, conversation_id, seq, message_id, author)
         select tenant_id, conversation_id, seq, message_id, author from app.messages where tenant_id = $1"
            .to_owned(),
        // Half of it are answers, and one in twenty of them is none.
        "insert into app.asked (tenant_id, conversation_id, seq, question, folded, outcome, asked_at)
         select tenant_id, conversation_id, seq, 'x', sha256(('x' || (hashtext(conversation_id::text) % 100))::bytea),
           case when seq = 40 then 'refused' else 'answer' end, now() - seq * interval '1 minute'
         from app.messages where tenant_id = $1 and seq % 2 = 0"
            .to_owned(),
    ] {
        sqlx::query(sql(insert)).bind(tenant).execute(&mut conn).await.unwrap();
    }
    // One in twenty waits for a person.
    let wait = "update app.conversations set handler = 'people', waiting_since = updated_at
                where conversation_id in (select conversation_id from app.conversations where state = 'open'
                                          order by conversation_id limit 60)";
    sqlx::query(wait).execute(&mut conn).await.unwrap();
    sqlx::raw_sql("analyze").execute(&mut conn).await.unwrap();
}

#[tokio::test]
async fn the_newest_messages_are_in_one_partition() {
    let stage = Stage::new().await;
    fill(&stage).await;
    let mut tx = stage.db.services.store.tenant(stage.two.aurora.owner.scope()).await.unwrap();
    let id: Uuid =
        sqlx::query_scalar("select conversation_id from app.conversations order by conversation_id offset 700 limit 1")
            .fetch_one(&mut tx)
            .await
            .unwrap();
    // Prepared once and run often, as the server does: the plan for all values must be as good as the first ones.
    for round in 0..8 {
        let query = sqlx::query(sql(explained("and message_id > $1 and message_id < $2")))
            .bind(id)
            .bind(Uuid::max())
            .bind(31_i64)
            .bind(None::<Uuid>)
            .bind(None::<Uuid>)
            .bind(ALL);
        let plan: Value = query.fetch_one(&mut tx).await.unwrap().get(0);
        let mut tables = Vec::new();
        touched(&plan[0]["Plan"], &mut tables);
        let messages: Vec<_> = tables.iter().filter(|(table, _)| table.starts_with("messages")).collect();
        assert_eq!(messages.len(), 1, "round {round}: {plan:#}");
        assert!(tables.iter().all(|(_, scan)| scan.contains("Index") || scan.contains("Bitmap")), "{tables:?}");
        assert_eq!(plan[0]["Plan"]["Actual Rows"].as_f64(), Some(31.0), "{plan:#}");
    }
}

#[tokio::test]
async fn what_came_after_and_the_inbox_are_found_by_indexes() {
    let stage = Stage::new().await;
    fill(&stage).await;
    let mut tx = stage.db.services.store.tenant(stage.two.aurora.owner.scope()).await.unwrap();
    let id: Uuid =
        sqlx::query_scalar("select conversation_id from app.conversations order by conversation_id offset 700 limit 1")
            .fetch_one(&mut tx)
            .await
            .unwrap();
    let after = sqlx::query(sql(explained("k.seq = least($2, c.last_seq)")))
        .bind(id)
        .bind(35_i64)
        .bind(50_i64)
        .bind(None::<Uuid>)
        .bind(None::<Uuid>)
        .bind(ALL);
    let late = time::macros::datetime!(9999-12-31 0:00 UTC);
    let inbox = sqlx::query(sql(explained("order by c.updated_at desc")))
        .bind("open")
        .bind(None::<Uuid>)
        .bind(late)
        .bind(Uuid::max())
        .bind(20_i64)
        .bind(None::<Uuid>)
        .bind(ALL);
    let waiting = sqlx::query(sql(explained("order by coalesce(c.waiting_since, c.updated_at)")))
        .bind(time::OffsetDateTime::UNIX_EPOCH)
        .bind(Uuid::nil())
        .bind(20_i64)
        .bind(None::<Uuid>)
        .bind(ALL);
    for (query, rows) in [(after, 5.0), (inbox, 20.0), (waiting, 20.0)] {
        let plan: Value = query.fetch_one(&mut tx).await.unwrap().get(0);
        let mut tables = Vec::new();
        touched(&plan[0]["Plan"], &mut tables);
        let small = ["contacts", "memberships"];
        assert!(
            tables.iter().all(|(table, scan)| small.contains(&table.as_str()) || scan.contains("Index")),
            "{tables:?} {plan:#}"
        );
        assert_eq!(plan[0]["Plan"]["Actual Rows"].as_f64(), Some(rows), "{plan:#}");
    }
}

#[tokio::test]
async fn who_reaches_some_finds_them_by_the_same_indexes() {
    let stage = Stage::new().await;
    fill(&stage).await;
    let aurora = &stage.two.aurora;
    // Half of what is open is given to a team, whose member looks.
    let give = "with team as (
                  insert into app.teams (tenant_id, team_id, name, folded, created_at) values ($1, $1, 'Billing', 'billing', now())
                  returning tenant_id, team_id),
                inside as (insert into app.team_members (tenant_id, member_id, team_id) select tenant_id, $2, team_id from team)
                select from team";
    let given = "update app.conversations set team_id = $1
                 where tenant_id = $1 and state = 'open' and right(conversation_id::text, 1) in ('0', '2', '4', '6', '8')";
    let mut conn = stage.db.superuser().await;
    sqlx::query(give).bind(aurora.id.uuid()).bind(aurora.member.uuid()).execute(&mut conn).await.unwrap();
    let given = sqlx::query(given).bind(aurora.id.uuid()).execute(&mut conn).await.unwrap().rows_affected();
    assert!(given > 0);
    sqlx::raw_sql("analyze").execute(&mut conn).await.unwrap();
    let mut tx = stage.db.services.store.tenant(aurora.owner.scope()).await.unwrap();
    let may: Option<&[&str]> = Some(&["conversations.teams", "channels.widget"]);
    // As often as the server asks: at last with one plan for all who ask.
    for round in 0..8 {
        let late = time::macros::datetime!(9999-12-31 0:00 UTC);
        let inbox = sqlx::query(sql(explained("order by c.updated_at desc")))
            .bind("open")
            .bind(None::<Uuid>)
            .bind(late)
            .bind(Uuid::max())
            .bind(20_i64)
            .bind(aurora.member.uuid())
            .bind(may);
        let waiting = sqlx::query(sql(explained("order by coalesce(c.waiting_since, c.updated_at)")))
            .bind(time::OffsetDateTime::UNIX_EPOCH)
            .bind(Uuid::nil())
            .bind(20_i64)
            .bind(aurora.member.uuid())
            .bind(may);
        for query in [inbox, waiting] {
            let plan: Value = query.fetch_one(&mut tx).await.unwrap().get(0);
            let mut tables = Vec::new();
            touched(&plan[0]["Plan"], &mut tables);
            let small = ["contacts", "memberships", "team_members"];
            let by_index = |scan: &str| scan.contains("Index") || scan.contains("Bitmap");
            assert!(
                tables.iter().all(|(table, scan)| small.contains(&table.as_str()) || by_index(scan)),
                "round {round}: {tables:?} {plan:#}"
            );
            assert_eq!(plan[0]["Plan"]["Actual Rows"].as_f64(), Some(20.0), "{plan:#}");
        }
    }
}

#[tokio::test]
async fn what_was_not_answered_is_found_by_its_index() {
    let stage = Stage::new().await;
    fill(&stage).await;
    let mut tx = stage.db.services.store.tenant(stage.two.aurora.owner.scope()).await.unwrap();
    let query = sqlx::query(sql(explained("order by times desc"))).bind(10_000_i64).bind(50_i64);
    let plan: Value = query.fetch_one(&mut tx).await.unwrap().get(0);
    let mut tables = Vec::new();
    touched(&plan[0]["Plan"], &mut tables);
    assert!(!tables.is_empty() && tables.iter().all(|(_, scan)| !scan.contains("Seq")), "{tables:?} {plan:#}");
    assert_eq!(plan[0]["Plan"]["Actual Rows"].as_f64(), Some(50.0), "{plan:#}");
}

#[tokio::test]
async fn what_the_server_writes_lies_in_the_partition_of_its_month() {
    let stage = Stage::new().await;
    stage.db.leaves_waiting_jobs();
    let key = &stage.two.aurora.key;
    let id = stage.begin(key).await.id;
    stage.conversations.pass_on(key, id, &words("Hello", "1")).await.unwrap();
    // The test's clock stands in November 2026.
    let lies: String = sqlx::query_scalar("select tableoid::regclass::text from app.messages")
        .fetch_one(&mut stage.db.superuser().await)
        .await
        .unwrap();
    assert_eq!(lies, "app.messages_2026_11");
}
