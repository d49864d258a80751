//! Server-sent events, as far as models need them: the data of each, in order (HTML, section 9.2.6).
//!
//! *Guarantees:* every byte is looked at once, however small the pieces in which they come; a letter that is cut in two is put together;
//! no line and no event is longer than [`MOST`].

use model::llm::Fault;

/// Most bytes of a line, and of an event.
const MOST: usize = 256 * 1024;

/// What has come and is no whole event yet.
#[derive(Debug, Default)]
pub(crate) struct Events {
    line: Vec<u8>,
    data: Option<String>,
    /// Whether the last byte ended a line that a line feed may still belong to.
    returned: bool,
    /// Whether there was a line before.
    begun: bool,
}

impl Events {
    /// Takes bytes; gives the data of the events that end in them.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Result<Vec<String>, Fault> {
        let mut whole = Vec::new();
        for byte in bytes {
            let returned = std::mem::replace(&mut self.returned, *byte == b'\r');
            match byte {
                b'\n' if returned => {}
                b'\r' | b'\n' => whole.extend(self.line_ends()?),
                _ if self.line.len() == MOST => return Err(Fault::TooLong),
                _ => self.line.push(*byte),
            }
        }
        Ok(whole)
    }

    /// What is left at the end: some end without an empty line.
    pub(crate) fn rest(&mut self) -> Vec<String> {
        self.data.take().into_iter().collect()
    }

    fn line_ends(&mut self) -> Result<Option<String>, Fault> {
        let line = std::mem::take(&mut self.line);
        let line = std::str::from_utf8(&line).map_err(|_| Fault::NotAModel)?;
        let first = !std::mem::replace(&mut self.begun, true);
        let line = if first { line.trim_start_matches('\u{FEFF}') } else { line };
        if line.is_empty() {
            return Ok(self.data.take());
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        if field == "data" {
            let value = value.strip_prefix(' ').unwrap_or(value);
            let data = self.data.get_or_insert_default();
            if data.len() + value.len() > MOST {
                return Err(Fault::TooLong);
            }
            if !data.is_empty() {
                data.push('\n');
            }
            data.push_str(value);
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(bytes: &[u8]) -> Result<Vec<String>, Fault> {
        let mut events = Events::default();
        let mut found = events.take(bytes)?;
        found.extend(events.rest());
        Ok(found)
    }

    #[test]
    fn events_are_read_as_browsers_read_them() {
        let text = "\u{FEFF}: begins\n\nevent: a\ndata: one\nid: 7\n\ndata:two\r\ndata:  lines\r\n\r\nretry: 3\n\ndata: Räk\r\rdata: end\n";
        assert_eq!(all(text.as_bytes()).unwrap(), ["one", "two\n lines", "Räk", "end"]);
        assert_eq!(all(b"data: cut").unwrap(), Vec::<String>::new());
        assert_eq!(all(b"data: \xff\n\n"), Err(Fault::NotAModel));
        assert_eq!(all(b"data: R\xc3"), Ok(Vec::new()), "cut in a letter");
    }

    #[test]
    fn nothing_grows_without_an_end() {
        let mut events = Events::default();
        assert_eq!(events.take(&vec![b'x'; MOST]), Ok(Vec::new()));
        assert_eq!(events.take(b"x"), Err(Fault::TooLong));
        let mut events = Events::default();
        let line = format!("data: {}\n", "x".repeat(MOST / 2));
        assert_eq!(events.take(line.as_bytes()), Ok(Vec::new()));
        assert_eq!(events.take(line.as_bytes()), Ok(Vec::new()));
        assert_eq!(events.take(line.as_bytes()), Err(Fault::TooLong));
    }

    proptest! {
        #[test]
        fn it_does_not_matter_where_the_pieces_end(
            text in "(data: ?[a-zåäö🦐]{0,9}|event: x|:|[ -~]{0,9})(\r\n|\n|\r)|(\r\n|\n|\r)|data: å",
            more in proptest::collection::vec("(data: ?[a-zåäö🦐]{0,9}|event: x|:)(\r\n|\n|\r){1,3}", 0..9),
            size in 1_usize..7,
        ) {
            let bytes = (text + &more.concat()).into_bytes();
            let mut events = Events::default();
            let mut found = Vec::new();
            for piece in bytes.chunks(size) {
                found.extend(events.take(piece).unwrap());
            }
            found.extend(events.rest());
            prop_assert_eq!(Ok(found), all(&bytes));
        }
    }
}
