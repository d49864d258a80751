//! A mail server of one test's own: `scripts/mailbox`, which takes letters by SMTP.

use crate::cluster::workspace;
use serde::Deserialize;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// So long that only a letter that never comes is caught by it.
const NEVER: Duration = Duration::from_secs(60);

/// A letter that has arrived.
#[derive(Debug, Deserialize)]
pub struct Mail {
    /// From whom.
    pub from: String,
    /// To whom.
    pub to: Vec<String>,
    /// The subject.
    pub subject: String,
    /// `Auto-Submitted` (RFC 3834).
    pub auto: String,
    /// What it says as text.
    pub text: String,
    /// What it says as HTML.
    pub html: String,
}

impl Mail {
    /// The path of its link, which begins like this.
    pub fn path(&self, begin: &str) -> String {
        let at = self.text.find(begin).unwrap_or_else(|| panic!("no {begin} in {self:?}"));
        self.text[at..].split_whitespace().next().unwrap().to_owned()
    }
}

/// The mail server. Ends with this value.
#[derive(Debug)]
pub struct Mailbox {
    /// Where it is.
    pub smtp: String,
    lines: Lines<BufReader<ChildStdout>>,
    _server: Child,
}

impl Mailbox {
    /// Starts one.
    pub async fn start() -> Self {
        let mut server = Command::new(workspace().join("scripts/mailbox"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
        let port = timeout(NEVER, lines.next_line()).await.unwrap().unwrap().expect("scripts/mailbox says its port");
        Self { smtp: format!("smtp://127.0.0.1:{port}?tls=none"), lines, _server: server }
    }

    /// The next letter that arrives.
    pub async fn next(&mut self) -> Mail {
        let line = timeout(NEVER, self.lines.next_line()).await.expect("a letter comes").unwrap().unwrap();
        serde_json::from_str(&line).unwrap()
    }
}
