//! Each rule finds what it is for, and lets its harmless neighbours pass.

use super::*;

fn of(path: &str, text: &str) -> Vec<(usize, String)> {
    Lint::new().unwrap().file(path, text.to_owned()).into_iter().map(|f| (f.line, f.rule)).collect()
}

/// Names of the rules that a Rust statement in a module breaks.
fn rust(path: &str, statement: &str) -> Vec<String> {
    of(path, &format!("//! A module.\n{statement}\n")).into_iter().map(|(_, rule)| rule).collect()
}

fn sql(statement: &str) -> Vec<String> {
    rust("crates/identity/src/x.rs", &format!("let q = sqlx::query({statement:?});"))
}

const NONE: [&str; 0] = [];

#[test]
fn every_rule_is_named_once_and_explained() {
    for (at, rule) in RULES.iter().enumerate() {
        assert!(!rule.why.is_empty() && !rule.advice.is_empty(), "{}", rule.name);
        assert!(RULES[at + 1..].iter().all(|r| r.name != rule.name), "{} twice", rule.name);
    }
}

#[test]
fn sql_that_moves_the_walls_is_found() {
    for (statement, rule) in [
        ("set role app_owner", "sql-role"),
        ("SET LOCAL ROLE app_platform", "sql-role"),
        ("select 1; set role = 'app_platform'", "sql-role"),
        ("select 1; set\n   role to x", "sql-role"),
        ("reset role", "sql-role"),
        ("reset all", "sql-role"),
        ("discard all", "sql-role"),
        ("set session authorization postgres", "sql-role"),
        ("set local session authorization postgres", "sql-role"),
        ("select set_config('x', 'y', true)", "sql-set-config"),
        ("set local app.tenant_id = 'x'", "sql-tenant-setting"),
        ("select current_setting('app.tenant_id')", "sql-tenant-setting"),
        ("set app.user_id to 'x'", "sql-tenant-setting"),
        ("listen jobs", "sql-listen"),
        ("select 1; LISTEN jobs", "sql-listen"),
        ("unlisten *", "sql-listen"),
        ("notify jobs", "sql-notify"),
        ("notify jobs, 'x'", "sql-notify"),
        ("select pg_notify('a', 'b')", "sql-notify"),
        ("prepare q as select 1", "sql-prepare"),
        ("prepare q (int, text) as insert into a values ($1)", "sql-prepare"),
        ("prepare transaction 'x'", "sql-prepare"),
        ("declare c cursor with hold for select 1", "sql-with-hold"),
        ("select pg_advisory_lock(1)", "sql-session-lock"),
        ("select pg_try_advisory_lock_shared(1)", "sql-session-lock"),
        ("select pg_advisory_unlock_all()", "sql-session-lock"),
        ("select lo_create(0)", "sql-large-object"),
        ("select lo_get(1)", "sql-large-object"),
        ("copy app.people from stdin", "sql-copy"),
        ("copy app.people (id, email) from '/etc/passwd'", "sql-copy"),
        ("copy (select 1) to program 'sh'", "sql-copy"),
    ] {
        assert_eq!(sql(statement), [rule], "{statement}");
        assert_eq!(rust("crates/store/src/x.rs", &format!("let q = {statement:?};")), NONE, "store may: {statement}");
    }
    assert_eq!(of("deploy/x.sql", "set role app_owner;"), [(1, "sql-role".to_owned())]);
    assert_eq!(of("deploy/x.sql", "-- set role app_owner"), []);
}

#[test]
fn ordinary_sql_and_prose_pass() {
    for statement in [
        "update app.members set role = $1 where id = $2",
        "insert into app.members (role) values ($1) on conflict (id) do update set role = excluded.role",
        "select id from app.members where tenant_id = app.tenant_id()",
        "select (select app.tenant_id())",
        "select pg_advisory_xact_lock($1)",
        "select copy from app.texts",
        "Listen to the recording",
        "cannot listen on {address}",
        "Notify the agents",
        "prepare the answer as soon as you can",
        "Copy the key from here",
        "hello_(x)",
    ] {
        assert_eq!(sql(statement), NONE, "{statement}");
    }
    assert_eq!(rust("crates/identity/src/x.rs", "// set role x\nlistener.listen(notify);"), NONE);
}

#[test]
fn built_sql_is_for_reviewed_modules() {
    assert_eq!(rust("crates/identity/src/x.rs", "query(AssertSqlSafe(s))"), ["sql-built"]);
    assert_eq!(rust("server/tests/it/x.rs", "QueryBuilder::new(\"\")"), ["sql-built"]);
    assert_eq!(rust("crates/store/src/tx.rs", "query(AssertSqlSafe(s))"), NONE);
    assert_eq!(rust("crates/identity/src/x.rs", "// AssertSqlSafe is forbidden"), NONE);
}

#[test]
fn migrations_have_a_header_and_no_others() {
    assert_eq!(of("migrations/0009_x.sql", "alter table app.a add b text;"), [(1, "migration-header".to_owned())]);
    assert_eq!(of("migrations/0009_x.sql", "-- a column for b\nalter table app.a add b text;"), []);
    let others = "-- a column for b\ndo $$ begin x; exception\n  when OTHERS then null; end $$;";
    assert_eq!(of("migrations/0009_x.sql", others), [(3, "migration-others".to_owned())]);
    assert_eq!(of("migrations/0009_x.sql", "-- never: exception when others then\nselect 1;"), []);
}

#[test]
fn tables_are_walled_where_they_are_made() {
    let of = |text: &str| of("migrations/0009_x.sql", &format!("-- a table of things\n{text}")).len();
    assert_eq!(of("create table app.a (tenant_id uuid not null);"), 1);
    assert_eq!(of("create table app.a (tenant_id uuid not null);\ncall app.protect('app.a');"), 0);
    assert_eq!(of("create table app.a (tenant_id uuid not null);\ncall app.protect('app.ab');"), 1);
    assert_eq!(of("create table app.a (id uuid);\n-- call app.protect('app.a');"), 1);
    assert_eq!(of("create table if not exists app.people (id uuid);\ncall app.directory('app.people', 'id');"), 0);
    assert_eq!(of("create table app.m1 partition of app.m default;\ncall app.seal('app.m1');"), 0);
    assert_eq!(
        of(
            "execute format('create table app.m_%s partition of app.m', x); call app.seal(format('app.m_%s', x)::regclass);"
        ),
        0
    );
    assert_eq!(of("execute format('create table app.m_%s partition of app.m', x);"), 1);
    assert_eq!(of("execute format('create table app.m_%s partition of app.m', x); call app.protect('app.m');"), 1);
    assert_eq!(of("create table app.a (id int); -- lint:allow(migration-open-table) the ledger of migrations"), 0);
}

#[test]
fn views_keep_to_the_policy_of_the_page() {
    for (view, rule) in [
        ("view! { <textarea name=\"x\">{text}</textarea> }", "textarea"),
        ("html::textarea().child(text)", "textarea"),
        ("view! { <p style=\"color: red\">x</p> }", "inline-style"),
        ("view! { <p style={x}>x</p> }", "inline-style"),
        ("view! { <p style:width=move || w>x</p> }", "inline-style"),
        ("p().style((\"width\", w))", "inline-style"),
        ("view! { <p inner_html=text/> }", "inner-html"),
        ("element.set_inner_html(&text)", "inner-html"),
        ("InertElement::new(text)", "inner-html"),
        ("use leptos_meta::Title;", "meta-raw"),
        ("use leptos_meta::{Body, Title};", "meta-raw"),
        ("use leptos_meta::*;", "meta-raw"),
        ("view! { <leptos_meta::Script/> }", "meta-raw"),
        ("view! { <script>{text}</script> }", "raw-element"),
        ("view! { <noscript>{text}</noscript> }", "raw-element"),
        ("html::style().child(text)", "raw-element"),
        ("p().attr(name, value)", "computed-name"),
        ("custom(tag)", "computed-name"),
        ("let create = ServerAction::<Create>::new();", "leptos-forms"),
        ("leptos_axum::redirect(path)", "leptos-forms"),
        ("view! { <HydrationScripts/> }", "nonce-leak"),
        ("let html = format!(\"<b>{name}</b>\");", "html-built"),
        ("Html(text)", "html-built"),
        ("view! { <p>\"Nobody waits\"</p> }", "said"),
        ("view! { <button aria-label=\"Menu\"/> }", "said"),
    ] {
        assert_eq!(rust("app/src/dashboard/x.rs", view), [rule], "{view}");
    }
    for view in [
        "// <textarea> is for ui alone",
        "view! { <p>{t!(\"Nobody waits\")}</p> }",
        "view! { <b>\"Maja\"</b> }",
        "A => \"one of two\",",
        "let style = 1;",
        "struct A { style: Style }",
        "if style == other {}",
        "element.style().set_property(name, value)",
        "view! { <ui::TextArea name=\"x\"/> }",
        "use leptos_meta::{Body, Meta};",
        "p().attr(\"data-x\", value)",
        "let style = element.style();",
        "let limit = format!(\"{a} < {b}\");",
    ] {
        assert_eq!(rust("app/src/dashboard/x.rs", view), NONE, "{view}");
    }
    assert_eq!(rust("app/src/ui/text_area.rs", "view! { <textarea name=\"x\"></textarea> }"), NONE);
    assert_eq!(rust("app/src/shell.rs", "view! { <title inner_html=escaped(&title)></title> }"), NONE);
    assert_eq!(rust("app/src/ui/field.rs", "view! { <textarea name=\"x\"></textarea> }"), ["textarea"]);
    let disposition = "headers.insert(\"content-disposition\", name)";
    assert_eq!(rust("server/src/http/x.rs", disposition), ["file-name-header"]);
    let widget = |text: &str| of("widget/src/x.ts", text).into_iter().map(|(_, rule)| rule).collect::<Vec<_>>();
    assert_eq!(widget("root.innerHTML = text;"), ["widget-html"]);
    assert_eq!(of("meet/src/x.ts", "root.innerHTML = text;").len(), 1);
    assert_eq!(widget("const s = document.currentScript as HTMLScriptElement;"), ["widget-html"]);
    assert_eq!(widget("const s = document.currentScript;\nroot.append(text);"), NONE);
}

#[test]
fn modules_begin_with_what_they_are() {
    assert_eq!(of("app/src/x.rs", "use a;\n"), [(1, "module-doc".to_owned())]);
    assert_eq!(of("app/src/x.rs", "//!\nuse a;\n"), [(1, "module-doc".to_owned())]);
    assert_eq!(of("app/src/x.rs", ""), [(1, "module-doc".to_owned())]);
    assert_eq!(of("app/src/lib.rs", "#![doc = include_str!(\"../README.md\")]\n"), []);
}

#[test]
fn nothing_unfinished_or_skipped() {
    for (statement, rule) in [
        ("// TODO later", "unfinished"),
        ("// FIXME", "unfinished"),
        ("todo!()", "unfinished-macro"),
        ("dbg!(x)", "unfinished-macro"),
        ("#[ignore] fn a() {}", "skipped-test"),
        ("#[ignore = \"slow\"] fn a() {}", "skipped-test"),
        ("/// ```rust\n/// let a = 1;", "doc-test"),
        ("let guard = tracing::subscriber::set_default(all);", "thread-subscriber"),
        ("let guard = tracing_subscriber::fmt().set_default();", "thread-subscriber"),
        ("mod utils {}", "empty-name"),
    ] {
        assert!(rust("app/src/x.rs", statement).contains(&rule.to_owned()), "{statement}");
    }
    assert_eq!(
        rust("app/src/x.rs", "let todos = list.skip(1); let s = \"dbg!\"; mod utilities {} clock.set_default(3);"),
        NONE
    );
    let js = |text: &str| of("end2end/a.spec.ts", text).len();
    assert_eq!(
        (js("test.only('a')"), js("test.describe.skip('a')"), js("list.skip(1)"), js("test('a')")),
        (1, 1, 0, 0)
    );
    assert_eq!(of("ROADMAP.md", "TODO"), [(1, "unfinished".to_owned())]);
}

#[test]
fn the_repository_knows_no_machine_and_no_registry() {
    for text in [
        "cd /root/x",
        "\"/home/anna/x\"",
        "path=/work/main",
        "see https://registry.npmjs.org/x",
        "https://index.crates.io/",
        "http://deb.debian.org/debian",
    ] {
        assert_eq!(of("scripts/x", text).len(), 1, "{text}");
    }
    for text in [
        "https://crates.io/crates/serde",
        "/workspace/",
        "src/work/x",
        "https://a.example/work/x",
        "${HOME}/work/x",
        "/roots/x",
        "https://www.debian.org/",
    ] {
        assert_eq!(of("scripts/x", text).len(), 0, "{text}");
    }
    assert_eq!(of("scripts/npm/package-lock.json", "https://registry.npmjs.org/x").len(), 0);
    assert_eq!(of("Cargo.lock", "registry+https://github.com/rust-lang/crates.io-index").len(), 0);
}

#[test]
fn an_allow_needs_a_reason_a_rule_and_something_to_allow() {
    let line = |comment: &str| rust("crates/identity/src/x.rs", &format!("let q = \"reset role\"; // {comment}"));
    assert_eq!(line("lint:allow(sql-role) shows that it fails"), NONE);
    assert_eq!(line("lint:allow(sql-role)"), ["allow"]);
    assert_eq!(line("lint:allow(sql-copy) no"), ["allow", "sql-role"]);
    assert_eq!(line("lint:allow(nothing) no"), ["allow", "sql-role"]);
    let above = "// lint:allow(sql-role) above\nlet q = \"reset role\";";
    assert_eq!(rust("crates/identity/src/x.rs", above), ["allow", "sql-role"]);
}

#[test]
fn findings_name_the_line() {
    let text = "//! x\n\nlet a = \"select 1;\n   reset role\";\nlet b = \"listen x\";\n";
    assert_eq!(of("server/src/x.rs", text), [(4, "sql-role".to_owned()), (5, "sql-listen".to_owned())]);
}
