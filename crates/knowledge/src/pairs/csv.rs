//! Pairs from CSV, as spreadsheets of all countries write it: with commas, semicolons, tabs or bars, with a line `sep=;`
//! before the head, with empty rows.

use super::{Found, MAX_PAIRS, Pair, Place, SIDES, blank, names, pair};
use words::{Text, text};

/// What may stand between two cells.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The head: which columns there are.
struct Head {
    delimiter: u8,
    question: usize,
    answer: usize,
    cells: usize,
}

/// Reads pairs.
pub fn read(written: &str) -> Result<Found, Text> {
    let written = written.replace("\r\n", "\n").replace('\r', "\n");
    let Start { table, line, delimiter } = start(&written);
    let Some(head) = delimiter.into_iter().chain(DELIMITERS).find_map(|delimiter| head(table, delimiter)) else {
        return other(table, line);
    };
    let lines = lines(table, head.delimiter, line)?;
    let mut pairs: Vec<Pair> = Vec::new();
    for (record, line) in reader(table, head.delimiter).records().zip(lines).skip(1) {
        let record = record.map_err(|e| text!("The CSV cannot be read: {error}.", error = e))?;
        // Spreadsheets write the rows that were once used.
        if record.iter().all(blank) {
            continue;
        }
        if record.iter().skip(head.cells).any(|cell| !blank(cell)) {
            return Err(text!(
                "Line {line} has more cells than the first line has names. Put quotation marks around a cell that holds the \
                 character between cells.",
                line
            ));
        }
        let cell = |at: usize| record.get(at).unwrap_or_default();
        pairs.push(pair(Place::Line(line), cell(head.question), cell(head.answer))?);
        if pairs.len() > MAX_PAIRS {
            break;
        }
    }
    Ok(Found::Pairs(pairs))
}

fn reader(table: &str, delimiter: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(table.as_bytes())
}

/// Where a table begins.
struct Start<'t> {
    table: &'t str,
    /// Its line, from 1.
    line: usize,
    /// What stands between cells, where the file says so.
    delimiter: Option<u8>,
}

/// What comes after empty lines and a line such as `sep=;`, by which spreadsheets say what stands between cells.
fn start(written: &str) -> Start<'_> {
    let mut start = Start { table: written, line: 1, delimiter: None };
    while let Some((first, rest)) = start.table.split_once('\n') {
        let empty =
            first.chars().all(|c| c.is_whitespace() || DELIMITERS.contains(&u8::try_from(c).unwrap_or_default()));
        let said = said(first).filter(|_| start.delimiter.is_none());
        if !empty && said.is_none() {
            break;
        }
        start = Start { table: rest, line: start.line + 1, delimiter: start.delimiter.or(said) };
    }
    start
}

/// The character of a line such as `sep=;`.
fn said(line: &str) -> Option<u8> {
    let line = line.trim_matches(['"', ' ']);
    let (name, said) = line.split_at_checked(4)?;
    let delimiter = said.bytes().next().filter(u8::is_ascii)?;
    let alone = said.bytes().skip(1).all(|byte| byte == delimiter || byte == b' ');
    (name.eq_ignore_ascii_case("sep=") && alone && !matches!(delimiter, b'"' | b'\n')).then_some(delimiter)
}

/// The head of a table, if by this delimiter it has both columns.
fn head(table: &str, delimiter: u8) -> Option<Head> {
    let cells = reader(table, delimiter).records().next()?.ok()?;
    let [question, answer] = SIDES.map(|side| cells.iter().position(|cell| names(cell, side)));
    Some(Head { delimiter, question: question?, answer: answer?, cells: cells.len() })
}

/// A table without both columns: of something else, unless its first line speaks of a question and an answer all the same.
fn other(table: &str, line: usize) -> Result<Found, Text> {
    let first = table.lines().next().unwrap_or_default();
    let says = |side: &str| {
        let several = format!("{side}s");
        let mut words = first.split(|c: char| !c.is_alphanumeric());
        words.any(|word| word.eq_ignore_ascii_case(side) || word.eq_ignore_ascii_case(&several))
    };
    if SIDES.into_iter().all(says) {
        return Err(text!(
            "Line {line} speaks of a question and an answer, but does not name two columns so. Name them question and answer, \
             or upload the file as .txt.",
            line
        ));
    }
    Ok(Found::Other(text!("The first line of the CSV must name the columns question and answer.")))
}

/// Where a byte stands.
#[derive(Clone, Copy)]
enum At {
    /// At the beginning of a record.
    Record,
    /// At the beginning of a cell.
    Cell,
    /// In a cell.
    Plain,
    /// Between quotation marks; the first stands on this line.
    Quoted(usize),
    /// After a quotation mark that ends the cell, or is the first of two that are one.
    Mark(usize),
    /// After the last quotation mark of a cell, and a space.
    After(usize),
}

/// The line on which each record begins. Quotation marks must close, and must do so at the end of their cell: the reader takes
/// all that follows one that does not, to the end of the file, for a part of the cell, and says nothing. `first`: the line on which the table begins.
///
/// # Errors
/// A sentence that names the line.
pub fn lines(table: &str, delimiter: u8, first: usize) -> Result<Vec<usize>, Text> {
    let (mut lines, mut line, mut at) = (Vec::new(), first, At::Record);
    for byte in table.bytes() {
        let ends = match byte {
            b'\n' => Some(At::Record),
            byte if byte == delimiter => Some(At::Cell),
            _ => None,
        };
        at = match (at, byte) {
            // An empty line is no record.
            (At::Record, b'\n') => At::Record,
            (At::Record, _) => {
                lines.push(line);
                if byte == b'"' { At::Quoted(line) } else { ends.unwrap_or(At::Plain) }
            }
            (At::Cell, b'"') => At::Quoted(line),
            (At::Cell | At::Plain, _) => ends.unwrap_or(At::Plain),
            (At::Quoted(opened), b'"') => At::Mark(opened),
            (At::Mark(opened), b'"') | (At::Quoted(opened), _) => At::Quoted(opened),
            (At::Mark(opened) | At::After(opened), _) => match ends {
                Some(ends) => ends,
                None if byte == b' ' => At::After(opened),
                None => {
                    return Err(text!(
                        "A quotation mark closes inside the cell that begins in line {line}. Write each one that belongs to \
                         the text twice.",
                        line = opened
                    ));
                }
            },
        };
        line += usize::from(byte == b'\n');
    }
    match at {
        At::Quoted(line) => Err(text!(
            "The quotation mark of the cell that begins in line {line} is never closed. Close it at the end of the cell.",
            line
        )),
        _ => Ok(lines),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{pair_of, read};

    #[test]
    fn whatever_spreadsheets_write() {
        let want = vec![pair_of("How long, at most?", "45 days;\nthen \"no\""), pair_of("Where?", "Here")];
        for (between, other) in [(",", ";"), (";", ","), ("\t", ","), ("|", ",")] {
            let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
            let row = |cells: [&str; 3]| cells.map(quoted).join(between);
            let rows = [
                row(["Answer", &format!("Notes{other} internal"), " QUESTION "]),
                row([&want[0].1, "x", &want[0].0]),
                row(["Here", "", "Where?"]),
            ];
            let plain = rows.join("\n");
            for text in [
                plain.clone(),
                rows.join("\r\n"),
                rows.join("\r"),
                format!("\u{feff}\u{feff}{plain}\n"),
                format!("\n  \n{}\n{plain}", between.repeat(2)),
                // Rows that were once used, and cells beyond the last column.
                format!("{plain}\n{between}{between}\n\n{between}{between}{between}\n"),
                format!("sep={between}\n{plain}"),
                format!("\"SEP={between}\"\r\n{plain}"),
            ] {
                assert_eq!(read(&text), Ok(want.clone()), "{text:?}");
            }
        }
        let unquoted = "Question;Answer;Notes, internal\nHow long?;45 days.;ask Bo\n";
        assert_eq!(read(unquoted), Ok(vec![pair_of("How long?", "45 days.")]));
        assert_eq!(read("question,answer\n\"a\" , \"b\"\n"), Ok(vec![pair_of("a", "\"b\"")]));
    }

    #[test]
    fn what_is_nearly_pairs_is_refused_by_its_line() {
        for (text, wants) in [
            ("question,answer\na,b\nHow long?,45 days, from delivery.\n", "Line 3 has more cells"),
            ("sep=;\n\nquestion;answer\na;b\n\nc;\n", "Line 6 has no answer"),
            ("question,answer\n\"a\nb\",c\n,d\n", "Line 4 has no question"),
            ("question,answer\na\n", "Line 2 has no answer"),
            ("question,answer\na,\u{a0}\u{200b}\n", "Line 2 has no answer"),
            ("question,answer\na,\"b\nc,d\ne,f\n", "begins in line 2 is never closed"),
            ("question,answer\na,b\nc,\"d\"\"\n", "begins in line 3 is never closed"),
            ("question,answer\na,\"b\nc,\"d\"\n", "inside the cell that begins in line 2"),
            ("question,answer\na,\"He said \\\"no\\\"\"\n", "inside the cell that begins in line 2"),
            ("Questions,Answers\na,b\n", "Line 1 speaks of a question and an answer"),
            ("\nQuestion: Answer\na: b\n", "Line 2 speaks of a question and an answer"),
        ] {
            let said = read(text).unwrap_err();
            assert!(said.contains(wants) && said.ends_with('.'), "{text:?}: {said}");
        }
    }

    #[test]
    fn a_table_of_something_else_is_no_pairs() {
        for text in ["name,price\nNordlampa 3,1299\n", "question,price\na,1\n", "", "\n,,\n", "a \"quote\n"] {
            assert!(read(text).unwrap_err().starts_with("other: "), "{text:?}");
        }
    }

    #[test]
    fn marks_without_end_cost_no_more_than_their_length() {
        for text in ["\"".repeat(1_000_001), ",".repeat(1_000_000), "\n".repeat(1_000_000), "\"a".repeat(500_000)] {
            assert!(read(&format!("question,answer\n{text}")).is_err());
        }
    }
}
