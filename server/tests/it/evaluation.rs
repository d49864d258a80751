//! `samtal eval`, the program itself: what it measures, with a model and without, what it refuses, and that nothing of it is left.

use model::llm::Wire;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;
use testkit::{Mishap, ModelServer, cluster};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

/// More than any of this may take on a busy machine: each run makes a database.
const NEVER: Duration = Duration::from_secs(180);

/// A folder of one test; below it one for temporary files, of the user that the program becomes.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = Path::new("/tmp").join(format!("samtal-it-{}-{name}", std::process::id()));
        fs::create_dir_all(path.join("tmp")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        if let Some((user, group)) = cluster::unprivileged() {
            std::os::unix::fs::chown(path.join("tmp"), Some(user), Some(group)).unwrap();
        }
        Self(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The program, ready to run here.
    async fn eval(&self, arguments: &[&str]) -> Command {
        let tree = tokio::task::spawn_blocking(|| cluster::programs(testkit::Version::Pg18)).await.unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_samtal"));
        command
            .arg("eval")
            .args(arguments)
            .current_dir(&self.0)
            .env_remove("DATABASE_URL")
            .env("TMPDIR", self.path("tmp"))
            .env("SAMTAL_DATA_DIR", self.path("data"))
            .env("SAMTAL_VENDOR_DIR", tree.ancestors().nth(2).unwrap())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        timeout(NEVER, self.eval(arguments).await.output()).await.unwrap().unwrap()
    }

    /// Nothing but what was asked for.
    fn is_clean(&self) {
        assert!(fs::read_dir(self.path("tmp")).unwrap().next().is_none());
        assert!(!self.path("data").exists());
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Two documents of two companies.
fn questions() -> [Value; 2] {
    [
        json!({
            "id": "bread", "trade": "bakery", "lang": "en", "title": "Bread",
            "text": "# Orders\n\nOrder rye loaves before 18:00 on the day before.\n\n# Prices\n\nA rye loaf costs 4.50 euros.",
            "questions": [
                {"q": "What does a rye loaf cost?", "kind": "answerable", "a": "4.50 euros", "style": "plain"},
                {"q": "Until when can I order rye loaves?", "kind": "answerable", "a": "before 18:00", "style": "short"},
                {"q": "Do you bake wedding cakes?", "kind": "near_miss"},
            ],
        }),
        json!({
            "id": "bikes", "trade": "bicycle shop", "lang": "en", "title": "Repairs",
            "text": "# Repairs\n\nA repair of brakes takes three working days and costs 35 euros.",
            "questions": [
                {"q": "How long does a repair of brakes take?", "kind": "answerable", "a": "three working days", "style": "plain"},
                {"q": "Do you rent bicycles?", "kind": "near_miss"},
                {"q": "Who was Napoleon?", "kind": "off_topic"},
            ],
        }),
    ]
}

fn lines(documents: &[Value]) -> String {
    documents.iter().map(|document| format!("{document}\n")).collect()
}

fn said(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

#[tokio::test]
async fn every_question_is_measured_and_compared_and_nothing_is_left() {
    let scratch = Scratch::new("eval");
    let documents = questions();
    fs::write(scratch.path("one.jsonl"), lines(&documents[..1])).unwrap();
    fs::write(scratch.path("two.jsonl"), lines(&documents[1..])).unwrap();
    let files = ["one.jsonl", "two.jsonl", "--json", "before.json", "--passages", "passages.jsonl"];
    let output = scratch.run(&files).await;
    let (out, error) = said(&output);
    assert!(output.status.success(), "{error}");
    for words in ["6 questions", "part one", "part two", "kind near_miss", "style plain", "recall@10", "nDCG@10"] {
        assert!(out.contains(words), "{words}: {out}");
    }
    assert!(error.contains("2 of 2"), "{error}");
    scratch.is_clean();

    let report: Value = serde_json::from_slice(&fs::read(scratch.path("before.json")).unwrap()).unwrap();
    let all = &report["groups"][0];
    assert_eq!((&all["by"], &all["questions"]), (&json!("all"), &json!(6)), "{all}");
    let outcomes: u64 = all["outcomes"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
    assert_eq!(outcomes, 6, "{all}");
    for (name, figure) in all["figures"].as_object().unwrap() {
        let value = figure["value"].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&value), "{name}: {figure}");
        if let Some(interval) = figure["interval"].as_array() {
            let (low, high) = (interval[0].as_f64().unwrap(), interval[1].as_f64().unwrap());
            assert!(low <= value + 1e-9 && value <= high + 1e-9 && low < high, "{name}: {figure}");
        }
    }
    // All three stand in a piece of few.
    assert_eq!(all["figures"]["recall@10"]["value"], 1.0, "{all}");
    assert_eq!(all["figures"]["recall@10"]["of"], 3, "{all}");
    assert!(all["median_ms"].as_f64().unwrap() <= all["p95_ms"].as_f64().unwrap(), "{all}");
    let asked = report["questions"].as_array().unwrap();
    assert_eq!(asked.len(), 6);
    let one = asked.iter().find(|one| one["q"] == "What does a rye loaf cost?").unwrap();
    assert!(one["ranks"][0].as_u64().is_some() && one["outcome"].is_string() && one["part"] == "one", "{one}");

    // No company finds what is another's.
    let passages = fs::read_to_string(scratch.path("passages.jsonl")).unwrap();
    let passages: Vec<Value> = passages.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(passages.len(), 6);
    for line in &passages {
        let hits = line["hits"].as_array().unwrap();
        assert!(hits.iter().all(|hit| hit["doc"] == line["doc"] && hit["text"].is_string()), "{line}");
    }
    assert!(passages.iter().any(|line| !line["hits"].as_array().unwrap().is_empty()));

    let output = scratch.run(&["one.jsonl", "two.jsonl", "--against", "before.json", "--json", "after.json"]).await;
    let (out, error) = said(&output);
    assert!(output.status.success(), "{error}");
    assert!(out.contains("6 questions are in both, 0 in one alone"), "{out}");
    let report: Value = serde_json::from_slice(&fs::read(scratch.path("after.json")).unwrap()).unwrap();
    let differences = report["against"]["groups"][0]["differences"].as_array().unwrap();
    assert!(!differences.is_empty());
    for found in differences {
        assert_eq!((&found["before"], &found["beyond_chance"]), (&found["after"], &json!(false)), "{found}");
    }
    scratch.is_clean();
}

#[tokio::test]
async fn answers_that_a_model_writes_are_measured_and_a_stand_in_is_called_one() {
    let scratch = Scratch::new("eval-model");
    fs::write(scratch.path("two.jsonl"), lines(&questions())).unwrap();
    let model = ModelServer::start().await;
    // It says so whatever it is asked: right to one question of six.
    model.says("A rye loaf costs 4.50 euros [1].");
    let address = model.address(Wire::OpenAi);
    let named = ["two.jsonl", "--model", "openai", "small", "--address", &*address];
    let run = async |more: &[&str]| {
        let mut command = scratch.eval(&[&named[..], more].concat()).await;
        timeout(NEVER, command.env("EVAL_MODEL_KEY", "sk-0123456789abcdef").output()).await.unwrap().unwrap()
    };
    let output = run(&["--simulated", "--prices", "1", "2", "--json", "model.json"]).await;
    let (out, error) = said(&output);
    assert!(output.status.success(), "{error}");
    for words in ["written by small", "no model but a simulator", "How answers came about", "thrown away"] {
        assert!(out.contains(words), "{words}: {out}");
    }
    assert!(model.asked().iter().all(|asked| asked.key == "sk-0123456789abcdef"));
    let report: Value = serde_json::from_slice(&fs::read(scratch.path("model.json")).unwrap()).unwrap();
    assert_eq!((&report["model"], &report["simulated"]), (&json!("small"), &json!(true)));
    let all = &report["groups"][0];
    let verdicts: u64 = all["verdicts"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
    assert_eq!(verdicts, 6, "{all}");
    assert!(all["cost"].as_i64().unwrap() > 0 && all["figures"]["thrown_away"]["value"].is_number(), "{all}");
    let asked = report["questions"].as_array().unwrap();
    let one = asked.iter().find(|one| one["q"] == "What does a rye loaf cost?").unwrap();
    assert_eq!(
        (&one["written"]["verdict"], &one["written"]["says"], &one["grounded"], &one["written"]["calls"]),
        (&json!("composed"), &json!(true), &json!(true), &json!(1)),
        "{one}"
    );
    // What it says of loaves is told to nobody who asks for bicycles.
    let bikes = asked.iter().filter(|one| one["trade"] == "bicycle shop");
    assert!(
        bikes.clone().count() == 3 && bikes.clone().all(|one| one["written"]["verdict"] != "composed"),
        "{asked:?}"
    );
    scratch.is_clean();

    // What is wrong with it is said before any question is asked, and the key is not.
    model.always(Some(Mishap::Key));
    let output = run(&[]).await;
    let (out, error) = said(&output);
    assert_eq!((output.status.code(), out.as_str()), (Some(1), ""), "{error}");
    assert!(error.contains("does not take this key") && !error.contains("sk-0123456789"), "{error}");
    scratch.is_clean();
}

#[tokio::test]
async fn a_wrong_line_is_named_before_anything_is_started() {
    let scratch = Scratch::new("eval-wrong");
    let [first, mut second] = questions();
    second["questions"][0]["a"] = json!("four working days");
    fs::write(scratch.path("right.jsonl"), lines(&questions())).unwrap();
    fs::write(scratch.path("wrong.jsonl"), lines(&[first, second])).unwrap();
    fs::write(scratch.path("kept.json"), "kept").unwrap();
    for (arguments, words) in [
        (&["wrong.jsonl", "--json", "kept.json"][..], "wrong.jsonl, line 2: "),
        (&["missing.jsonl"], "missing.jsonl cannot be read"),
        (&["right.jsonl", "--model", "own", "small"], "openai, anthropic, gemini"),
        (
            &["right.jsonl", "--model", "openai", "small", "--address", "https://models.example/v1", "--simulated"],
            "this machine",
        ),
    ] {
        let output = scratch.run(arguments).await;
        let (out, error) = said(&output);
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains(words) && out.is_empty(), "{out} {error}");
    }
    assert_eq!(fs::read_to_string(scratch.path("kept.json")).unwrap(), "kept");
    scratch.is_clean();
}

#[tokio::test]
async fn a_signal_stops_it_and_nothing_is_left() {
    let scratch = Scratch::new("eval-stop");
    fs::write(scratch.path("one.jsonl"), lines(&questions()[..1])).unwrap();
    let mut program = scratch.eval(&["one.jsonl"]).await.spawn().unwrap();
    let mut error = BufReader::new(program.stderr.take().unwrap());
    // Said once signals are heard, and before the database is there.
    let mut line = String::new();
    while !line.contains("Starting a PostgreSQL") {
        line.clear();
        assert_ne!(timeout(NEVER, error.read_line(&mut line)).await.unwrap().unwrap(), 0);
    }
    let pid = Pid::from_raw(i32::try_from(program.id().unwrap()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    let mut rest = String::new();
    let (ended, read) =
        timeout(NEVER, async { tokio::join!(program.wait(), error.read_to_string(&mut rest)) }).await.unwrap();
    read.unwrap();
    assert_eq!(ended.unwrap().code(), Some(1), "{rest}");
    assert!(rest.contains("stopped; nothing was left behind"), "{rest}");
    scratch.is_clean();
}
