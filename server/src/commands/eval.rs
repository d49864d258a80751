//! `samtal eval`: measures search and answers on questions whose answers are known. Touches nothing of the installation.

use super::{say, signalled};
use crate::boot::BootError;
use crate::config::Config;
use crate::eval::questions::{self, Part};
use crate::eval::report::{Before, Report};
use crate::eval::stage::Stage;
use crate::eval::writer::Writer;
use crate::eval::{ask, tell};
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Options of `eval`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Documents with their questions, as JSON lines (docs/evaluation.md).
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Write everything to this file as JSON, what became of each question included.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Compare with what `--json` has written before, question by question.
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// Write what the search finds for each question to this file, as JSON lines.
    #[arg(long, value_name = "FILE")]
    passages: Option<PathBuf>,
    /// Have a model write the answers: how it is spoken with (openai, anthropic, gemini), and what its provider calls it. Its key is read from
    /// EVAL_MODEL_KEY.
    #[arg(long, num_args = 2, value_names = ["WIRE", "NAME"])]
    model: Option<Vec<String>>,
    /// Where the model is; without it where its provider is.
    #[arg(long, value_name = "URL", requires = "model")]
    address: Option<String>,
    /// What a million tokens cost that are asked, and that are answered.
    #[arg(long, num_args = 2, value_names = ["ASKED", "ANSWERED"], requires = "model")]
    prices: Option<Vec<String>>,
    /// It is no model but a program of this machine that stands in for one: the report says so.
    #[arg(long, requires = "model")]
    simulated: bool,
}

/// Two words of an option that takes two.
fn two(typed: &[String]) -> Option<(&str, &str)> {
    match typed {
        [one, other] => Some((one.as_str(), other.as_str())),
        _ => None,
    }
}

/// The model that was named, if one was.
fn writer(args: &Args) -> Result<Option<Writer>, String> {
    let Some(model) = args.model.as_deref().and_then(two) else { return Ok(None) };
    let prices = args.prices.as_deref().and_then(two);
    Writer::read(model, args.address.as_deref(), prices, args.simulated).map(Some)
}

/// What is read, and where to write: opened before root is left, as whoever calls.
pub struct Opened {
    parts: Vec<Part>,
    before: Option<Before>,
    writer: Option<Writer>,
    json: Option<File>,
    passages: Option<File>,
}

/// Reads the files and opens those to be written.
///
/// # Errors
/// A sentence that names the file, and the line that is wrong.
pub fn open(args: &Args) -> Result<Opened, BootError> {
    let parts = questions::read(&args.files).map_err(BootError::Other)?;
    let before = args.against.as_deref().map(before).transpose().map_err(BootError::Other)?;
    let writer = writer(args).map_err(BootError::Other)?;
    let (json, passages) = (args.json.as_deref(), args.passages.as_deref());
    let (json, passages) = (json.map(output).transpose()?, passages.map(output).transpose()?);
    Ok(Opened { parts, before, writer, json, passages })
}

fn before(path: &Path) -> Result<Before, String> {
    let named = |why: String| format!("{}{why}", path.display());
    let text = questions::bounded(path).map_err(named)?;
    serde_json::from_str(&text).map_err(|error| named(format!(" is not what `samtal eval --json` writes: {error}.")))
}

/// What is in it stays until there is something to write.
fn output(path: &Path) -> Result<File, BootError> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(path);
    file.map_err(|error| BootError::Other(format!("{} cannot be written: {error}", path.display())))
}

/// Begins to write. (What is no file of a disk has no length.)
fn begun(file: File) -> io::Result<BufWriter<File>> {
    if file.metadata()?.is_file() {
        file.set_len(0)?;
    }
    Ok(BufWriter::new(file))
}

/// Measures, and prints what it finds.
///
/// # Errors
/// See [`BootError`]; nothing is left behind then but what was written to the files that were named.
pub async fn run(config: &Config, opened: Opened) -> Result<ExitCode, BootError> {
    let fail = |error: io::Error| BootError::Other(format!("what eval found cannot be written: {error}"));
    // From here on a signal stops politely, also in the middle of starting.
    let stop = signalled()?;
    tell("Starting a PostgreSQL that is removed at the end.");
    let writer = opened.writer.as_ref();
    let stage = Stage::start(config, writer.is_some_and(|writer| writer.address.is_some())).await?;
    let mut passages = opened.passages.map(begun).transpose().map_err(fail)?;
    let asked = tokio::select! {
        biased;
        () = stop => Err(BootError::Other("stopped; nothing was left behind.".to_owned())),
        asked = ask(&stage, &opened.parts, writer, passages.as_mut().map(|out| out as &mut dyn Write)) => asked,
    };
    let by_meaning = stage.app.capabilities.knowledge.embedder().is_some();
    stage.end().await?;
    let asked = asked?;
    if let Some(mut out) = passages {
        out.flush().map_err(fail)?;
    }
    let report = Report::new(&asked, by_meaning, writer, opened.before.as_ref());
    if let Some(file) = opened.json {
        let mut out = begun(file).map_err(fail)?;
        serde_json::to_writer_pretty(&mut out, &report).map_err(|error| fail(error.into()))?;
        writeln!(out).and_then(|()| out.flush()).map_err(fail)?;
    }
    say(report.tables().trim_end())?;
    Ok(ExitCode::SUCCESS)
}
