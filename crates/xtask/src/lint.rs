//! `cargo xtask lint`: rules on text that neither the compiler nor clippy knows. The rules are a table in `lint/rules.rs`.
//!
//! A rule is silenced on its own line only, by `lint:allow(rule) reason` in a comment; an allow without a reason, of an
//! unknown rule, or that silences nothing is itself a finding.

mod rules;

use crate::args::Args;
use crate::source::Source;
use crate::workspace;
use anyhow::{Context, Result, bail};
use regex_lite::Regex;
use rules::{Find, RULES, Rule};

/// The rules and their tests hold every forbidden text.
const SELF: &str = "crates/xtask/src/lint";

/// Longer files are data.
const MAX_BYTES: u64 = 2 << 20;

pub fn run(args: &mut Args) -> Result<()> {
    args.done()?;
    let root = workspace::root()?;
    let lint = Lint::new()?;
    let mut findings = Vec::new();
    let mut seen = 0;
    for path in workspace::files(&root)? {
        let full = root.join(&path);
        if std::fs::metadata(&full).is_ok_and(|m| m.len() > MAX_BYTES) {
            continue;
        }
        let bytes = std::fs::read(&full).with_context(|| path.clone())?;
        let Ok(text) = String::from_utf8(bytes) else { continue };
        if text.contains('\0') {
            continue;
        }
        seen += 1;
        findings.extend(lint.file(&path, text).iter().map(Finding::to_string));
    }
    workspace::verdict("lint", &findings, &format!("{seen} files keep {} rules", RULES.len()))
}

/// A rule broken at a place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    path: String,
    line: usize,
    rule: String,
    text: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}: {}", self.path, self.line, self.rule, self.text)
    }
}

/// The table with its patterns compiled.
struct Lint {
    rules: Vec<(&'static Rule, Option<Regex>)>,
    allow: Regex,
}

impl Lint {
    fn new() -> Result<Self> {
        let mut compiled = Vec::new();
        for rule in RULES {
            let pattern = match rule.find {
                Find::Pattern { pattern, hints, .. } => {
                    if hints.iter().any(|h| h.to_lowercase() != **h) {
                        bail!("rule {}: hints are compared in lower case", rule.name);
                    }
                    Some(Regex::new(pattern).with_context(|| format!("rule {}", rule.name))?)
                }
                Find::Whole(_) => None,
            };
            compiled.push((rule, pattern));
        }
        Ok(Lint { rules: compiled, allow: Regex::new(r"lint:allow\(([^)]*)\)[ \t]*([^\n]*)")? })
    }

    /// All findings of a file, in order.
    fn file(&self, path: &str, text: String) -> Vec<Finding> {
        if path.starts_with(SELF) {
            return Vec::new();
        }
        let lower = text.to_lowercase();
        let lines = Lines::new(&text);
        let source = Source::new(path, text);
        let finding = |line, rule: &str, text: &str| Finding {
            path: path.to_owned(),
            line,
            rule: rule.to_owned(),
            text: text.to_owned(),
        };
        let mut found = Vec::new();
        for (rule, pattern) in &self.rules {
            if !(rule.scope)(path) {
                continue;
            }
            match (&rule.find, pattern) {
                (Find::Pattern { layer, hints, .. }, Some(pattern)) => {
                    // Most files hold none of the words: skip the slow part.
                    if hints.is_empty() || hints.iter().any(|h| lower.contains(h)) {
                        for m in pattern.find_iter(source.layer(*layer)) {
                            // A match may begin with the quote or line end before the words themselves.
                            let at = m.start()
                                + (m.as_str().len()
                                    - m.as_str().trim_start_matches(['"', ';', '\'']).trim_start().len());
                            found.push(finding(lines.of(at), rule.name, rule.advice));
                        }
                    }
                }
                (Find::Whole(check), _) => {
                    found.extend(
                        check(path, &source).into_iter().map(|at| finding(lines.of(at), rule.name, rule.advice)),
                    );
                }
                (Find::Pattern { .. }, None) => {}
            }
        }
        found.dedup();
        for m in self.allow.captures_iter(source.layer(crate::source::Layer::All)) {
            let (name, reason) = (&m[1], m[2].trim());
            let line = m.get(0).map_or(1, |m| lines.of(m.start()));
            let before = found.len();
            found.retain(|f| !(f.line == line && f.rule == name));
            if !RULES.iter().any(|r| r.name == name) {
                // The README explains the form; a name in angle brackets or so is no rule.
                if !path.ends_with(".md") {
                    found.push(finding(line, "allow", &format!("there is no rule `{name}`")));
                }
            } else if before == found.len() {
                found.push(finding(line, "allow", &format!("`{name}` finds nothing on this line: remove the allow")));
            } else if reason.trim_end_matches("*/").trim_end_matches("-->").trim().is_empty() {
                found.push(finding(line, "allow", &format!("say why `{name}` may be broken here")));
            }
        }
        found.sort();
        found
    }
}

/// Lines by position.
struct Lines(Vec<usize>);

impl Lines {
    fn new(text: &str) -> Self {
        Lines(text.match_indices('\n').map(|(at, _)| at).collect())
    }

    /// Line of a position, from 1.
    fn of(&self, at: usize) -> usize {
        self.0.partition_point(|end| *end < at) + 1
    }
}

#[cfg(test)]
mod tests;
