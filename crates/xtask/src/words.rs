//! `cargo xtask words [--check]`: what people read, in the sources and in translators' files (`crates/words/po`).
//!
//! A sentence is the first literal of `text!`, `t!`, `s!`, `rich!` and `noted!`; a second one is what it is for several. Writing adds
//! new sentences to each file without a translation, takes those away that nobody says any more, and keeps the rest. `--check`
//! finds sentences that are missing or too much, that nobody has translated, or whose braces differ.

use crate::args::Args;
use crate::source::{Layer, Source};
use crate::workspace;
use anyhow::{Context, Result, anyhow};
use polib::catalog::Catalog;
use polib::message::Message;
use regex_lite::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const FILES: &[&str] = &["crates/words/po/es.po"];
/// Whose texts nobody but us reads, or that hold the macros themselves.
const OTHERS: &[&str] = &["crates/xtask/", "crates/testkit/", "crates/words/"];

/// A sentence of the sources.
#[derive(Debug, Default, PartialEq)]
struct Said {
    many: Option<String>,
    files: BTreeSet<String>,
}

pub fn run(args: &mut Args) -> Result<()> {
    let check = args.flag("--check");
    args.done()?;
    let root = workspace::root()?;
    let mut findings = Vec::new();
    let sentences = gather(&root, &mut findings)?;
    for file in FILES {
        let path = root.join(file);
        let catalogue = polib::po_file::parse(&path).map_err(|error| anyhow!("{file}: {error}"))?;
        if check {
            compare(file, &sentences, &catalogue, &mut findings);
        } else {
            polib::po_file::write_to_file(&merged(&sentences, &catalogue), &path)
                .with_context(|| (*file).to_owned())?;
        }
    }
    workspace::verdict("words", &findings, &format!("{} sentences", sentences.len()))
}

fn gather(root: &Path, findings: &mut Vec<String>) -> Result<BTreeMap<String, Said>> {
    let mut sentences: BTreeMap<String, Said> = BTreeMap::new();
    for file in workspace::files(root)? {
        let ours =
            file.ends_with(".rs") && file.contains("src/") && !OTHERS.iter().any(|other| file.starts_with(other));
        if !ours {
            continue;
        }
        let text = std::fs::read_to_string(root.join(&file)).with_context(|| file.clone())?;
        let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default().to_owned();
        for (one, many) in said(&file, text, findings)? {
            // What a page brings is a line of parts between tabs.
            if [Some(&one), many.as_ref()].into_iter().flatten().any(|text| text.contains(['\t', '\n'])) {
                findings.push(format!("{file}: \"{one}\" has a tab or more than one line"));
            }
            let entry = sentences.entry(one.clone()).or_default();
            entry.files.insert(file.clone());
            match (&entry.many, many) {
                (Some(known), Some(many)) if *known != many => {
                    findings.push(format!("{file}: \"{one}\" is \"{known}\" elsewhere, for several"));
                }
                (None, many) => entry.many = many,
                _ => {}
            }
        }
    }
    Ok(sentences)
}

/// The sentences of a file.
fn said(file: &str, text: String, findings: &mut Vec<String>) -> Result<Vec<(String, Option<String>)>> {
    let source = Source::new(file, text);
    let (all, code) = (source.layer(Layer::All), source.layer(Layer::Code));
    let call = Regex::new(r"\b(?:text|t|s|rich|noted)!\s*\(")?;
    let mut found = Vec::new();
    for start in call.find_iter(code).map(|call| call.end()) {
        let end = end_of(&code[start..]) + start;
        let mut parts = arguments(&code[start..end]);
        let mut literals = Vec::new();
        while let Some(literal) =
            parts.first().and_then(|part| literal(all, code, start + part.start, start + part.end))
        {
            literals.push(literal);
            parts.remove(0);
        }
        let mut literals = literals.into_iter();
        let Some(one) = literals.next() else {
            // The macros themselves.
            if !code[start..end].trim_start().starts_with('$') {
                findings.push(format!("{file}: a sentence that is no literal: {}", code[start..end].trim()));
            }
            continue;
        };
        let names: BTreeSet<String> = parts
            .iter()
            .map(|part| {
                code[start + part.start..start + part.end].split('=').next().unwrap_or_default().trim().to_owned()
            })
            .filter(|name| !name.is_empty())
            .collect();
        let many = literals.next();
        let wanted = braces(many.as_ref().unwrap_or(&one));
        // Of what stands in a table it is not known here what is filled in.
        if wanted != names && !code[..start].ends_with("noted!(") {
            findings.push(format!("{file}: \"{one}\" wants {wanted:?} and gets {names:?}"));
        }
        found.push((one, many));
    }
    Ok(found)
}

/// Where the bracket closes that is open.
fn end_of(code: &str) -> usize {
    let mut depth = 1;
    for (at, c) in code.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    code.len()
}

/// What stands between commas.
fn arguments(code: &str) -> Vec<std::ops::Range<usize>> {
    let (mut depth, mut from, mut all) = (0, 0, Vec::new());
    for (at, c) in code.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
                all.push(from..at);
                from = at + 1;
            }
            _ => {}
        }
    }
    all.push(from..code.len());
    all
}

/// The text of a literal that stands alone there.
fn literal(all: &str, code: &str, from: usize, to: usize) -> Option<String> {
    let inside = code[from..to].trim();
    if !(inside.starts_with('"') && inside.ends_with('"') && inside.len() > 1 && inside.matches('"').count() == 2) {
        return None;
    }
    let written = all[from..to].trim();
    let mut text = String::new();
    let mut chars = written[1..written.len() - 1].chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match chars.next()? {
            'n' => text.push('\n'),
            't' => text.push('\t'),
            '\n' => while chars.next_if(|c| c.is_whitespace()).is_some() {},
            'u' => {
                let hex: String = chars.by_ref().skip(1).take_while(|c| *c != '}').collect();
                text.push(char::from_u32(u32::from_str_radix(&hex, 16).ok()?)?);
            }
            c => text.push(c),
        }
    }
    Some(text)
}

/// What is filled in.
fn braces(text: &str) -> BTreeSet<String> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name.to_owned()).collect()
}

fn merged(sentences: &BTreeMap<String, Said>, old: &Catalog) -> Catalog {
    let mut new = Catalog::new(old.metadata.clone());
    let forms = old.metadata.plural_rules.nplurals;
    for (one, said) in sentences {
        let known = old.find_message(None, one, said.many.as_deref()).filter(|known| !known.is_fuzzy());
        let mut message = if said.many.is_some() { Message::build_plural() } else { Message::build_singular() };
        message.with_msgid(one.clone());
        if let Some(many) = &said.many {
            let translated = known.as_ref().and_then(|known| known.msgstr_plural().ok()).cloned();
            message.with_msgid_plural(many.clone());
            message.with_msgstr_plural(translated.unwrap_or_else(|| vec![String::new(); forms]));
        } else {
            let translated = known.as_ref().and_then(|known| known.msgstr().ok()).unwrap_or_default();
            message.with_msgstr(translated.to_owned());
        }
        if let Some(known) = &known {
            message.with_translator_comments(known.translator_comments().to_owned());
        }
        message.with_source(said.files.iter().cloned().collect::<Vec<_>>().join("\n"));
        new.append_or_update(message.done());
    }
    new
}

fn compare(file: &str, sentences: &BTreeMap<String, Said>, catalogue: &Catalog, findings: &mut Vec<String>) {
    let write = "`scripts/cargo xtask words` writes what is missing";
    for (one, said) in sentences {
        let Some(message) = catalogue.find_message(None, one, said.many.as_deref()) else {
            findings.push(format!("{file}: \"{one}\" is missing; {write}"));
            continue;
        };
        let places: BTreeSet<String> = message.source().split_whitespace().map(str::to_owned).collect();
        if places != said.files {
            findings.push(format!("{file}: \"{one}\" stands in other sources; {write}"));
        }
        if !message.is_translated() || message.is_fuzzy() {
            findings.push(format!("{file}: \"{one}\" is not translated"));
            continue;
        }
        let wanted = braces(said.many.as_ref().unwrap_or(one));
        let forms = message.msgstr().map(|form| vec![form.to_owned()]).or_else(|_| message.msgstr_plural().cloned());
        for form in forms.unwrap_or_default() {
            let of_one = said.many.is_some() && braces(&form).is_subset(&wanted);
            if braces(&form) != wanted && !of_one {
                findings.push(format!("{file}: \"{one}\" has other braces than \"{form}\""));
            }
        }
    }
    for message in catalogue.messages().filter(|message| !sentences.contains_key(message.msgid())) {
        findings.push(format!("{file}: nobody says \"{}\" any more; {write}", message.msgid()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_found_as_the_compiler_reads_them() {
        let text = r#"
            // text!("not this one")
            let a = t!("Sign in"); let b = text!("a \"b\" \
                c", x = f(1, "no"), y);
            view! { <p title=t!("A, b {x}{y}", x = 1, y)>{t!("{n} day", "{n} days", n = days)}</p> }
            const C: [&str; 1] = [noted!("São")]; print!("no"); rich!("{a} it", a = view! { <b>{t!("in")}</b> })
        "#;
        let mut findings = Vec::new();
        let found = said("a.rs", text.to_owned(), &mut findings).unwrap();
        let found: Vec<_> = found.iter().map(|(one, many)| (one.as_str(), many.as_deref())).collect();
        let wanted = [
            ("Sign in", None),
            ("a \"b\" c", None),
            ("A, b {x}{y}", None),
            ("{n} day", Some("{n} days")),
            ("São", None),
            ("{a} it", None),
            ("in", None),
        ];
        assert_eq!(found, wanted);
        assert_eq!(findings, ["a.rs: \"a \\\"b\\\" c\" wants {} and gets {\"x\", \"y\"}".replace("\\\"", "\"")]);
    }

    #[test]
    fn what_is_not_translated_is_told() {
        let po = "msgid \"\"\nmsgstr \"Language: es\\nPlural-Forms: nplurals=2; plural=(n != 1);\\n\"\n\n\
                  #: a.rs\nmsgid \"One\"\nmsgstr \"Uno\"\n\n#: a.rs\nmsgid \"{x} two\"\nmsgstr \"dos\"\n\n\
                  #: a.rs\nmsgid \"Old\"\nmsgstr \"Viejo\"\n";
        let catalogue = polib::po_file::parse_from_reader(po.as_bytes()).unwrap();
        let said = |many: Option<&str>| Said { many: many.map(str::to_owned), files: ["a.rs".to_owned()].into() };
        let sentences = [
            ("One".to_owned(), said(None)),
            ("{x} two".to_owned(), said(None)),
            ("{n} day".to_owned(), said(Some("{n} days"))),
        ]
        .into();
        let mut findings = Vec::new();
        compare("es.po", &sentences, &catalogue, &mut findings);
        for part in ["\"{n} day\" is missing", "\"{x} two\" has other braces", "nobody says \"Old\""] {
            assert!(findings.iter().any(|finding| finding.contains(part)), "{part}: {findings:?}");
        }
        assert_eq!(findings.len(), 3, "{findings:?}");
        let new = merged(&sentences, &catalogue);
        assert_eq!(new.count(), 3);
        assert_eq!(new.find_message(None, "One", None).unwrap().msgstr().unwrap(), "Uno");
    }
}
