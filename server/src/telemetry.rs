//! Logs: one line an event, with the request's id and, once known, the tenant's. Never a body, a token or an email.
//!
//! Guarantees: every line below a request has its id, whatever is logged (`log.level`) and in whichever form.

use crate::config::{Log, LogFormat};
use std::io::IsTerminal as _;
use tracing::{Dispatch, Level};
use tracing_subscriber::{
    filter::Targets,
    fmt::{self, MakeWriter},
    layer::SubscriberExt as _,
};

/// The target of the spans of requests and sockets, which hold their ids. They are of the level `error`, and no filter leaves them out.
pub const REQUEST: &str = "request";

/// Starts logging to standard error. Called once, at start.
///
/// # Errors
/// A sentence, when the level is not a filter.
pub fn start(log: &Log) -> Result<(), String> {
    let dispatch = dispatch(log, std::io::stderr, std::io::stderr().is_terminal())?;
    // Only a test starts it twice.
    let _ = tracing::dispatcher::set_global_default(dispatch);
    Ok(())
}

/// What logs to a writer.
fn dispatch<W>(log: &Log, writer: W, colours: bool) -> Result<Dispatch, String>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = log.level.parse::<Targets>().map_err(|e| format!("Setting log.level: {e}"))?;
    let registry = tracing_subscriber::registry().with(filter.with_target(REQUEST, Level::ERROR));
    Ok(match log.format {
        LogFormat::Text => Dispatch::new(registry.with(fmt::layer().with_writer(writer).with_ansi(colours))),
        LogFormat::Json => Dispatch::new(
            registry.with(
                fmt::layer()
                    .json()
                    .flatten_event(true)
                    .with_current_span(true)
                    // The innermost is mostly one of the database, without the request's id.
                    .with_span_list(true)
                    .with_writer(writer),
            ),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    /// What was written.
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The lines of a request that has asked the database for something.
    fn lines(level: &str, format: LogFormat) -> Vec<String> {
        let kept = Kept::default();
        let writer = kept.clone();
        let logs = dispatch(&Log { level: level.to_owned(), format }, move || writer.clone(), false).unwrap();
        tracing::dispatcher::with_default(&logs, || {
            let request = tracing::error_span!(target: REQUEST, "http", request_id = "req_1");
            let _request = request.enter();
            let database = tracing::info_span!("db.message.say");
            let _database = database.enter();
            tracing::info!(target: "security", "somebody was refused");
            tracing::error!("it is broken");
        });
        let bytes = kept.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn every_line_of_a_request_has_its_id() {
        for (level, most) in [("info", 2), ("warn", 1), ("security=info", 1), ("error,security=info", 2), ("off", 0)] {
            let text = lines(level, LogFormat::Text);
            assert_eq!(text.len(), most, "{level}: {text:?}");
            assert!(text.iter().all(|line| line.contains("request_id=\"req_1\"")), "{level}: {text:?}");
            let json = lines(level, LogFormat::Json);
            assert_eq!(json.len(), most, "{level}: {json:?}");
            for line in &json {
                let line: serde_json::Value = serde_json::from_str(line).unwrap();
                assert_eq!(line["spans"][0]["request_id"], "req_1", "{level}: {line}");
            }
        }
    }

    #[test]
    fn the_target_is_named() {
        let text = lines("info", LogFormat::Text);
        assert!(text[0].ends_with(": security: somebody was refused"), "{text:?}");
        let json: serde_json::Value = serde_json::from_str(&lines("info", LogFormat::Json)[0]).unwrap();
        assert_eq!(json["target"], "security", "{json}");
        assert_eq!(json["message"], "somebody was refused", "{json}");
    }
}
