//! The rules. A new one is an entry here and a line in `tests.rs` that it finds and one that it lets pass.

use crate::source::{Layer, Source};
use regex_lite::Regex;

/// One rule.
pub struct Rule {
    /// In messages and in `lint:allow(…)`.
    pub name: &'static str,
    /// Why there is such a rule.
    #[allow(dead_code, reason = "for whoever reads this table")]
    pub why: &'static str,
    /// What to do instead.
    pub advice: &'static str,
    /// Which files, by path.
    pub scope: fn(&str) -> bool,
    pub find: Find,
}

/// How a rule finds.
pub enum Find {
    /// A pattern in a layer of the source. Hints are lower-case words of which a file must hold one to be searched.
    Pattern { layer: Layer, hints: &'static [&'static str], pattern: &'static str },
    /// Positions found by a function that sees the whole file.
    Whole(fn(&str, &Source) -> Vec<usize>),
}

/// Modules that may send SQL which is not a literal; reviewed one by one.
const REVIEWED_SQL: &[&str] = &[
    // The password of a login: `alter role` takes no parameters, PostgreSQL quotes it.
    "crates/store/src/migrate.rs",
    // The start of a transaction: validated ids.
    "crates/store/src/tx.rs",
    // The name of a test's own database, which it makes up itself.
    "crates/testkit/src/database.rs",
];

/// Modules that may set `inner_html`; reviewed one by one, each sanitises or sends a constant.
const REVIEWED_HTML: &[&str] = &[
    // The content of a <textarea>, escaped there.
    "app/src/ui/text_area.rs",
    // The content of the <title>, escaped there.
    "app/src/shell.rs",
];

/// Views that may hold elements whose text is not escaped, or is read by other rules; reviewed one by one.
const REVIEWED_RAW: &[&str] = &[
    // The script that starts an island: addresses of the build. The rules for fetching ahead: a constant.
    "app/src/shell.rs",
    // What asks a device for a passkey: a constant.
    "app/src/ui/passkey.rs",
    // What tries calls: a constant.
    "app/src/site/api_docs.rs",
    // What copies, and what helps around a page: constants.
    "app/src/ui/copy.rs",
    "app/src/dashboard/navigation.rs",
    // What listens for what waits, and asks whether it may tell: constants.
    "app/src/dashboard/notices.rs",
    // The widget's own line: addresses of the build, and an id.
    "app/src/site/demo.rs",
    // Settings and sentences of a meeting, as JSON in which no tag can end; its script: an address of the build.
    "app/src/meeting.rs",
];

fn rust(path: &str) -> bool {
    path.ends_with(".rs")
}

fn product_sql(path: &str) -> bool {
    (path.ends_with(".rs") || path.ends_with(".sql"))
        && !path.starts_with("crates/store/")
        && !path.starts_with("migrations/")
}

fn migration(path: &str) -> bool {
    path.starts_with("migrations/") && path.ends_with(".sql")
}

fn views(path: &str) -> bool {
    path.starts_with("app/") && rust(path)
}

fn any(path: &str) -> bool {
    !lock_file(path)
}

fn lock_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(name, "Cargo.lock" | "package-lock.json" | "npm-shrinkwrap.json" | "go.sum") || name.ends_with(".lock")
}

fn javascript(path: &str) -> bool {
    [".ts", ".tsx", ".js", ".mjs", ".cjs"].iter().any(|end| path.ends_with(end))
}

const SQL: &str = "the walls between tenants are set by store at the start of a transaction, and nothing may move them";

pub const RULES: &[Rule] = &[
    // ── Tenancy, lock 2: what SQL outside `store` must not say ──────────────────────────────────────────────────────
    Rule {
        name: "sql-role",
        why: SQL,
        advice: "no change of role outside crates/store: use TenantTx or PlatformTx",
        scope: product_sql,
        find: Find::Pattern {
            layer: Layer::Strings,
            hints: &["role", "authorization", "reset", "discard"],
            // `update … set role = …` names a column; at the start of a statement it is the switch.
            pattern: r#"(?i)\bset\s+(local|session)\s+role\b|\bset\s+role\s+[^=\s]|["';]\s*set\s+role\b|\bset\s+(local\s+)?session\s+authorization\b|\breset\s+(role|session\s+authorization|all)\b|\bdiscard\s+all\b"#,
        },
    },
    Rule {
        name: "sql-set-config",
        why: SQL,
        advice: "no settings outside crates/store",
        scope: product_sql,
        find: Find::Pattern { layer: Layer::Strings, hints: &["set_config"], pattern: r"(?i)\bset_config\s*\(" },
    },
    Rule {
        name: "sql-tenant-setting",
        why: SQL,
        advice: "app.tenant_id and its like are set and read in crates/store and migrations alone; the policy does the rest",
        scope: product_sql,
        find: Find::Pattern {
            layer: Layer::Strings,
            hints: &["app.tenant_id", "app.user_id", "app.request_id"],
            // The functions of the same name are harmless.
            pattern: r"(?i)\bapp\.(tenant|user|request)_id\b\s*(?:[^(\s]|$)",
        },
    },
    Rule {
        name: "sql-listen",
        why: "a connection that listens hears every tenant, and is lost behind a pooling proxy",
        advice: "no LISTEN: events go through store's outbox",
        scope: product_sql,
        find: Find::Pattern {
            layer: Layer::Strings,
            hints: &["listen"],
            pattern: r#"["';]\s*(?:un)?listen\s+[\w*"]|["';]\s*(?:UN)?LISTEN\s+[\w*"]"#,
        },
    },
    Rule {
        name: "sql-notify",
        why: "a notification crosses tenants",
        advice: "no NOTIFY: events go through store's outbox",
        scope: product_sql,
        find: Find::Pattern {
            layer: Layer::Strings,
            hints: &["notify"],
            pattern: r#"["';]\s*(?:notify|NOTIFY)\s+\w+\s*(?:[,;"]|$)|(?i:\bpg_notify\s*\()"#,
        },
    },
    Rule {
        name: "sql-prepare",
        why: "a named statement outlives the transaction and meets the next tenant on the connection",
        advice: "no PREPARE: sqlx prepares by itself",
        scope: product_sql,
        find: Find::Pattern {
            layer: Layer::Strings,
            hints: &["prepare"],
            pattern: r"(?i)\bprepare\s+\w+\s*(?:\([^)]*\)\s*)?as\s+\(?\s*(?:select|insert|update|delete|merge|values|with)\b|\bprepare\s+transaction\b",
        },
    },
    Rule {
        name: "sql-with-hold",
        why: "a held cursor keeps one tenant's rows for the next transaction on the connection",
        advice: "no WITH HOLD: page by id",
        scope: product_sql,
        find: Find::Pattern { layer: Layer::Strings, hints: &["hold"], pattern: r"(?i)\bwith\s+hold\b" },
    },
    Rule {
        name: "sql-session-lock",
        why: "a session's lock outlives the transaction",
        advice: "use pg_advisory_xact_lock, or a row's lock",
        scope: product_sql,
        find: Find::Pattern {
            layer: Layer::Strings,
            hints: &["advisory"],
            pattern: r"(?i)\bpg_(?:try_)?advisory_(?:un)?lock\w*",
        },
    },
    Rule {
        name: "sql-large-object",
        why: "large objects know no policies",
        advice: "no large objects: files go to the object storage",
        scope: product_sql,
        find: Find::Pattern {
            layer: Layer::Strings,
            hints: &["lo_", "loread", "lowrite"],
            pattern: r"(?i)\b(?:lo_(?:creat|create|open|close|read|write|import|export|unlink|put|get|from_bytea|lseek\w*|tell\w*|truncate\w*)|loread|lowrite)\s*\(",
        },
    },
    Rule {
        name: "sql-copy",
        why: "COPY FROM is refused under a policy, and from a program or file it leaves the database",
        advice: "insert … select unnest(…) instead of COPY",
        scope: product_sql,
        find: Find::Pattern {
            layer: Layer::Strings,
            hints: &["copy"],
            pattern: r#"(?i)\bcopy\s+[\w."]+\s*(?:\([^)]*\)\s*)?from\s+(?:stdin|program|')|\bcopy\s+(?:[\w."]+\s*(?:\([^)]*\)\s*)?|\([^)]*\)\s*)to\s+(?:stdout|program|')"#,
        },
    },
    Rule {
        name: "sql-built",
        why: "against SQL injection stands only that every statement is a literal",
        advice: "literal SQL with parameters; a module that cannot is reviewed and listed in REVIEWED_SQL (crates/xtask/src/lint/rules.rs)",
        scope: |p| rust(p) && !REVIEWED_SQL.contains(&p),
        find: Find::Pattern {
            layer: Layer::Code,
            hints: &["assertsqlsafe", "querybuilder"],
            pattern: r"\b(?:AssertSqlSafe|QueryBuilder)\b",
        },
    },
    // ── Migrations ──────────────────────────────────────────────────────────────────────────────────────────────────
    Rule {
        name: "migration-header",
        why: "a migration is read years later, in a hurry",
        advice: "begin with one `--` comment that says what it does and why",
        scope: migration,
        find: Find::Whole(migration_header),
    },
    Rule {
        name: "migration-others",
        why: "it swallows what it does not know: a half-made schema that reports success",
        advice: "name the condition instead of OTHERS",
        scope: migration,
        find: Find::Pattern {
            layer: Layer::NoComments,
            hints: &["others"],
            pattern: r"(?i)\bwhen\s+(?:[\w\s]+\s+or\s+)?others\b",
        },
    },
    Rule {
        name: "migration-open-table",
        why: "a table without a policy is open to every tenant",
        advice: "call app.protect, app.directory or (a partition) app.seal for this table in the same file",
        scope: migration,
        find: Find::Whole(open_tables),
    },
    // ── Pages ───────────────────────────────────────────────────────────────────────────────────────────────────────
    Rule {
        name: "textarea",
        why: "Leptos 0.8 does not escape the children of <textarea> when it renders on the server",
        advice: "use ui::TextArea",
        scope: |p| rust(p) && p != "app/src/ui/text_area.rs",
        find: Find::Pattern {
            layer: Layer::NoComments,
            hints: &["textarea"],
            // In lower case: `<TextArea` is the one to use.
            pattern: r"<textarea\b|\btextarea\(\)",
        },
    },
    Rule {
        name: "inline-style",
        why: "the CSP forbids style attributes, and the server writes `style:` as one",
        advice: "a class, an SVG attribute, <progress>, or CSSOM after hydration",
        scope: views,
        find: Find::Pattern {
            layer: Layer::Code,
            hints: &["style"],
            pattern: r"\bstyle=[^=>\s]|\bstyle:[a-z][\w-]*\s*=|\.style\(\s*[^)\s]",
        },
    },
    Rule {
        name: "inner-html",
        why: "HTML that is set as text of a page is where script gets in",
        advice: "build elements; a module that must is reviewed and listed in REVIEWED_HTML (crates/xtask/src/lint/rules.rs)",
        scope: |p| views(p) && !REVIEWED_HTML.contains(&p),
        find: Find::Pattern {
            layer: Layer::Code,
            hints: &["inner_html", "outer_html", "adjacent_html", "inertelement", "srcdoc", "fragment", "html_unsafe"],
            pattern: r"\b(?:set_)?(?:inner_html|outer_html|insert_adjacent_html|srcdoc)\b|\bInertElement\b|\bcreate_contextual_fragment\b|\bset_html_unsafe\b",
        },
    },
    Rule {
        name: "meta-raw",
        why: "leptos_meta writes titles, scripts and styles as they are when it renders on the server",
        advice: "Page::title; no Script and no Style",
        scope: views,
        find: Find::Pattern {
            layer: Layer::Code,
            hints: &["leptos_meta"],
            pattern: r"\bleptos_meta\s*::\s*(?:(?:Title|Script|Style)\b|\*|\{[^}]*(?:\b(?:Title|Script|Style|self)\b|\*))|\bleptos_meta\s+as\b",
        },
    },
    Rule {
        name: "raw-element",
        why: "the text of these elements is not escaped on the server, or a browser reads it by other rules",
        advice: "do without; a module that must is reviewed and listed in REVIEWED_RAW (crates/xtask/src/lint/rules.rs)",
        scope: |p| views(p) && !REVIEWED_RAW.contains(&p),
        find: Find::Pattern {
            layer: Layer::Code,
            hints: &[
                "<script",
                "<style",
                "<noscript",
                "<iframe",
                "<object",
                "<embed",
                "<base",
                "script()",
                "style()",
                "iframe()",
            ],
            pattern: r"<(?:script|style|noscript|iframe|object|embed|base)\b|(?:^|[^.\w])(?:script|style|noscript|iframe)\(\)",
        },
    },
    Rule {
        name: "computed-name",
        why: "names of elements and attributes are written as they are",
        advice: "a literal name",
        scope: views,
        find: Find::Pattern {
            layer: Layer::NoComments,
            hints: &[".attr(", "custom(", "custom_attribute("],
            pattern: r#"(?:\.attr|\bcustom_attribute|\bcustom)\(\s*[^"\s]"#,
        },
    },
    Rule {
        name: "leptos-forms",
        why: "a link can set what a ServerAction says; Leptos's own redirects check nothing and panic",
        advice: "plain forms; redirects to a literal or a RelativePath",
        scope: |p| views(p) || (rust(p) && p.starts_with("server/src/")),
        find: Find::Pattern {
            layer: Layer::Code,
            hints: &["action", "redirect", "protected"],
            pattern: r"\bServer(?:Multi)?Action\b|<(?:Multi)?ActionForm\b|\bleptos_axum\s*::\s*redirect\b|<Redirect[\s/]|<Protected(?:Parent)?Route\b",
        },
    },
    Rule {
        name: "nonce-leak",
        why: "these put the nonce where style sheets can read it",
        advice: "shell::code",
        scope: views,
        find: Find::Pattern {
            layer: Layer::Code,
            hints: &["hydrationscripts", "autoreload", "prefetchlazyfn", "crossorigin"],
            pattern: r"\b(?:HydrationScripts|AutoReload|PrefetchLazyFn)\b|\bcrossorigin=nonce",
        },
    },
    Rule {
        name: "html-built",
        why: "HTML that is put together as text is not escaped",
        advice: "a view",
        scope: |p| views(p) || (rust(p) && p.starts_with("server/src/")),
        find: Find::Pattern {
            layer: Layer::NoComments,
            hints: &["format!", "write!", "push_str", "html("],
            pattern: r#"\b(?:format|write)!\([^"]*"[^"\n]*<[a-zA-Z/!]|push_str\("<|\bHtml\("#,
        },
    },
    Rule {
        name: "said",
        why: "what people read in a view goes by translators",
        advice: "t!(\"…\")",
        scope: views,
        find: Find::Pattern {
            layer: Layer::NoComments,
            hints: &[],
            // After a tag, or as an attribute that is read out.
            pattern: r#"[^=\s/-]>[ \t]*"[^"<>\n]*[a-z] [a-z][^"<>\n]*"|\b(?:aria-label|label|hint|placeholder|title|data-label|alt)="[^"]*[A-Za-z]{2}"#,
        },
    },
    Rule {
        name: "file-name-header",
        why: "a file's name in a header is written by other rules (RFC 8187)",
        advice: "one reviewed function",
        scope: |p| rust(p) && p.starts_with("server/src/"),
        find: Find::Pattern { layer: Layer::NoComments, hints: &["disposition"], pattern: r"(?i)content.disposition" },
    },
    Rule {
        name: "widget-html",
        why: "what others write is text, and the widget runs in other people's pages",
        advice: "h() and text nodes; `document.currentScript` may be any element of the page's: look at what it is",
        scope: |p| (p.starts_with("widget/src/") || p.starts_with("meet/src/")) && p.ends_with(".ts"),
        find: Find::Pattern {
            layer: Layer::All,
            hints: &["html", "document.", "eval", "function(", "domparser", "srcdoc", "csstext", "fragment"],
            pattern: r"\.(?:inner|outer)HTML\b|insertAdjacentHTML|setHTMLUnsafe|createContextualFragment|DOMParser|srcdoc|cssText|document\.write|\bcurrentScript as\b|\beval\(|new Function\(",
        },
    },
    // ── Sources ─────────────────────────────────────────────────────────────────────────────────────────────────────
    Rule {
        name: "module-doc",
        why: "every module says what it is, what it guarantees, what it must not do",
        advice: "begin with `//!` (or `#![doc = include_str!(…)]`)",
        scope: rust,
        find: Find::Whole(module_doc),
    },
    Rule {
        name: "empty-name",
        why: "such a module collects what belongs to a capability",
        advice: "name it by what a person would call it",
        scope: rust,
        find: Find::Pattern {
            layer: Layer::Code,
            hints: &["mod common", "mod utils", "mod shared", "mod helpers"],
            pattern: r"\bmod\s+(?:common|utils|shared|helpers)\b",
        },
    },
    Rule {
        name: "unfinished",
        why: "what is not done belongs into ROADMAP.md or an issue, not into the code",
        advice: "do it, or write it down where work is planned",
        scope: any,
        find: Find::Pattern { layer: Layer::All, hints: &["todo", "fixme", "xxx"], pattern: r"\b(?:TODO|FIXME|XXX)\b" },
    },
    Rule {
        name: "unfinished-macro",
        why: "they stop the program, or talk to its terminal",
        advice: "finish it; trace with tracing",
        scope: rust,
        find: Find::Pattern {
            layer: Layer::Code,
            hints: &["dbg!", "todo!", "unimplemented!"],
            pattern: r"\b(?:dbg|todo|unimplemented)!",
        },
    },
    Rule {
        name: "skipped-test",
        why: "a test that does not run looks like one that passes",
        advice: "make it run, or remove it",
        scope: rust,
        find: Find::Pattern {
            layer: Layer::Code,
            hints: &["ignore"],
            pattern: r"#\[\s*ignore\b|\bignore\s*=|,\s*ignore\s*\)\s*\]",
        },
    },
    Rule {
        name: "thread-subscriber",
        why: "a log that one thread has to itself misses what another thread saw first: so a test fails now and then",
        advice: "one subscriber for the process (`init`), which keeps what its thread wrote",
        scope: rust,
        find: Find::Pattern {
            layer: Layer::Code,
            hints: &["set_default", "with_default", "with_subscriber"],
            pattern: r"\b(?:subscriber::(?:set|with)_default|with_subscriber)\s*\(|\.set_default\(\)",
        },
    },
    Rule {
        name: "doc-test",
        why: "an example in a document is compiled for each crate by itself, which takes long where there is none; so nothing runs it",
        advice: "make it a test, or text: ```text",
        scope: rust,
        find: Find::Pattern {
            layer: Layer::All,
            hints: &["```"],
            pattern: r"(?m)^\s*//[/!]\s*```(?:\s*$|rust|no_run|should_panic|compile_fail)",
        },
    },
    Rule {
        name: "skipped-test-js",
        why: "a test that does not run looks like one that passes; `.only` silences all the others",
        advice: "make it run, or remove it",
        scope: javascript,
        find: Find::Pattern {
            layer: Layer::All,
            hints: &[".only", ".skip", ".fixme", ".todo"],
            pattern: r"\b(?:test|it|describe)(?:\.\w+)*\.(?:only|skip|fixme|todo)\s*\(",
        },
    },
    // ── The repository ──────────────────────────────────────────────────────────────────────────────────────────────
    Rule {
        name: "registry-host",
        why: "clients know their registries, and a network may have others in their place",
        advice: "leave the host to the client's configuration",
        scope: any,
        find: Find::Pattern {
            layer: Layer::All,
            hints: &["crates.io", "npmjs.org", "pypi.org", "pythonhosted.org", "debian.org"],
            pattern: r"(?i)\b(?:index|static)\.crates\.io\b|\bcrates\.io-index\b|\bregistry\.npmjs\.org\b|\bpypi\.org/simple\b|\bhttps?://pypi\.org/?(?:[\s\x22'`)]|$)|\bfiles\.pythonhosted\.org\b|\b(?:deb|security)\.debian\.org\b",
        },
    },
    Rule {
        name: "machine-path",
        why: "a path of one machine works on no other",
        advice: "a path relative to the repository, or a setting",
        scope: any,
        find: Find::Pattern {
            layer: Layer::All,
            hints: &["/root/", "/home/", "/work/"],
            pattern: r"(?:^|[^\w.})\]-])/(?:root|work|home/\w[\w.-]*)/",
        },
    },
];

fn module_doc(_: &str, source: &Source) -> Vec<usize> {
    let text = source.layer(Layer::All);
    let first = text.lines().map(str::trim).find(|l| !l.is_empty()).unwrap_or("");
    let said = |prefix: &str| first.strip_prefix(prefix).is_some_and(|rest| !rest.trim().is_empty());
    if said("//!") || said("#![doc = ") { Vec::new() } else { vec![0] }
}

fn migration_header(_: &str, source: &Source) -> Vec<usize> {
    let first = source.layer(Layer::All).lines().map(str::trim).find(|l| !l.is_empty()).unwrap_or("");
    let said = first.strip_prefix("--").is_some_and(|rest| rest.trim().len() >= 10);
    if said { Vec::new() } else { vec![0] }
}

/// Tables that are created in the file and walled nowhere in it.
fn open_tables(_: &str, source: &Source) -> Vec<usize> {
    let text = source.layer(Layer::NoComments);
    let (Ok(create), Ok(wall)) = (
        Regex::new(r"(?i)\bcreate\s+(?:unlogged\s+)?table\s+(?:if\s+not\s+exists\s+)?([\w.%$\x22]+)"),
        Regex::new(r"(?i)\bapp\.(protect|directory|seal)\s*\(\s*([^,)\s]+)"),
    ) else {
        return vec![0];
    };
    let plain = |name: &str| {
        let name = name.trim_matches(['\'', '"']).to_lowercase();
        name.strip_prefix("app.").map_or(name.clone(), str::to_owned)
    };
    let walled: Vec<(String, bool)> =
        wall.captures_iter(text).map(|c| (plain(&c[2]), !c[2].starts_with('\'') || c[2].contains('%'))).collect();
    create
        .captures_iter(text)
        .filter(|c| {
            let name = plain(&c[1]);
            // A name that is put together as the migration runs needs a wall whose name is, too.
            let computed = name.contains('%') || name.contains('$');
            !walled.iter().any(|(table, computed_too)| *table == name || (computed && *computed_too))
        })
        .filter_map(|c| c.get(0).map(|m| m.start()))
        .collect()
}
