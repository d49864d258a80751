//! The way to a letter's reader.

use crate::Letter;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::Error;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Longest wait for the mail server, for each of its answers and for all of them.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// Letters that an outbox keeps.
const KEPT: usize = 50;

/// A letter that could not be sent. It names nobody: mail servers repeat addresses in what they say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// The mail server will not take it, now or later.
    #[error("the mail server refuses the letter{}", code(.0))]
    Refused(Option<u16>),
    /// It may work later.
    #[error("the mail server cannot take the letter now{}", code(.0))]
    Later(Option<u16>),
    /// An address that cannot be written to.
    #[error("the address is none that mail can be sent to")]
    Address,
    /// The setting is wrong.
    #[error("{0}")]
    Setting(String),
}

fn code(code: &Option<u16>) -> String {
    code.map(|code| format!(" ({code})")).unwrap_or_default()
}

/// Sends letters. A copy is the same one.
#[derive(Clone)]
pub struct Mailer(Arc<Way>);

enum Way {
    Smtp { transport: AsyncSmtpTransport<Tokio1Executor>, from: Mailbox },
    Outbox(Mutex<VecDeque<Letter>>),
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address of the server may hold a password.
        f.write_str(if self.delivers() { "Mailer(SMTP)" } else { "Mailer(outbox)" })
    }
}

impl Mailer {
    /// By a mail server: `smtps://user:password@host` (TLS from the first byte, port 465) or `smtp://…` (STARTTLS, which the
    /// server must have; port 587, or 25 without a name). `?tls=none` speaks in the clear, as a relay on the same machine may.
    /// `from`: who the letters are from, as `Name <address>` or the address alone.
    ///
    /// # Errors
    /// [`MailError::Setting`], in words for the operator.
    pub fn smtp(server: &str, from: &str) -> Result<Self, MailError> {
        let setting = |text: &str| MailError::Setting(text.to_owned());
        let server = match server.split_once(['?', '#']) {
            None if server.starts_with("smtp://") => format!("{server}?tls=required"),
            None => server.to_owned(),
            Some((relay, "tls=none")) if relay.contains('@') => {
                return Err(setting("mail.smtp must not send a password in the clear: leave ?tls=none out"));
            }
            Some((relay, "tls=none")) => relay.to_owned(),
            Some(_) => return Err(setting("mail.smtp takes nothing after the address but ?tls=none")),
        };
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(&server)
            .map_err(|_| setting("mail.smtp is no address like smtps://user:password@mail.example.com"))?
            .timeout(Some(PATIENCE))
            .build();
        let from = from.parse().map_err(|_| setting("mail.from is no address like Samtal <samtal@example.com>"))?;
        Ok(Self(Arc::new(Way::Smtp { transport, from })))
    }

    /// Nowhere: the last letters are kept in memory.
    pub fn outbox() -> Self {
        Self(Arc::new(Way::Outbox(Mutex::default())))
    }

    /// Whether letters reach their readers.
    pub fn delivers(&self) -> bool {
        matches!(*self.0, Way::Smtp { .. })
    }

    /// What the outbox has kept, the latest first; `None` where letters reach their readers.
    pub fn kept(&self) -> Option<Vec<Letter>> {
        match &*self.0 {
            Way::Smtp { .. } => None,
            Way::Outbox(kept) => Some(kept.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()),
        }
    }

    /// Sends a letter.
    ///
    /// # Errors
    /// [`MailError`].
    pub async fn send(&self, letter: &Letter) -> Result<(), MailError> {
        match &*self.0 {
            Way::Outbox(kept) => {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.truncate(KEPT - 1);
                kept.push_front(letter.clone());
                Ok(())
            }
            Way::Smtp { transport, from } => {
                let message = message(letter, from.clone())?;
                match tokio::time::timeout(PATIENCE, transport.send(message)).await {
                    Ok(Ok(_)) => Ok(()),
                    Ok(Err(error)) => Err(because(&error)),
                    Err(_) => Err(MailError::Later(None)),
                }
            }
        }
    }

    /// Whether the mail server answers.
    ///
    /// # Errors
    /// [`MailError`].
    pub async fn check(&self) -> Result<(), MailError> {
        let Way::Smtp { transport, .. } = &*self.0 else { return Ok(()) };
        match tokio::time::timeout(PATIENCE, transport.test_connection()).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Err(error)) => Err(because(&error)),
            Ok(Ok(false)) | Err(_) => Err(MailError::Later(None)),
        }
    }
}

/// What mail servers say of a reader whom they do not have (RFC 5321, section 4.2.3). All else may be a fault of the settings,
/// which is mended: a wrong password, a sender who may not send.
const NOBODY: [u16; 3] = [550, 551, 553];

fn because(error: &Error) -> MailError {
    let code = error.status().map(u16::from);
    let hopeless = error.is_client() || code.is_some_and(|code| NOBODY.contains(&code));
    if hopeless { MailError::Refused(code) } else { MailError::Later(code) }
}

fn message(letter: &Letter, from: Mailbox) -> Result<Message, MailError> {
    let to: Address = letter.to.parse().map_err(|_| MailError::Address)?;
    Message::builder()
        .from(from)
        .to(Mailbox::new(Some(letter.name.clone()).filter(|name| !name.is_empty()), to))
        .subject(&letter.subject)
        // RFC 3834: nobody's absence answers it.
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
        .multipart(MultiPart::alternative_plain_html(letter.text(), letter.html()))
        .map_err(|_| MailError::Address)
}
