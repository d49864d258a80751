//! What a web page says, written as Markdown: blocks, headings, lists, tables, code. Marks among the words are escaped.
//!
//! *Guarantees:* what is written grows with what was said, to a bound; a part of it that begins and ends with [`Writer::apart`] or a block
//! can stand alone.

use super::spans::{Spare, filled};
use crate::reading::{normalized, odd};

/// Levels of lists. What stands deeper is told on the last of them.
const LEVELS: usize = 4;
/// Highest number of an item.
const MOST: u64 = 9_999;
/// Most bytes of the text of a link that are looked at.
const MAX_LINK: usize = 1_000;

/// What lies between what was said and what is said next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    Nothing,
    Space,
    Line,
    Block,
}

/// Where in a line the next letter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Begin,
    /// After nothing but digits.
    Digits,
    Inside,
}

/// A list that is open.
#[derive(Debug)]
struct List {
    /// The number of the next item; `None` where items have none.
    next: Option<u64>,
    /// What stands behind a number: another one than in the list before, of which it would go on with the numbers otherwise.
    behind: char,
    /// The mark of an item of which nothing has been said.
    marker: Option<String>,
    /// By how much what an item says is indented.
    width: usize,
}

/// A heading that is open.
#[derive(Debug)]
struct Heading {
    level: usize,
    begun: bool,
}

/// A cell of a table.
#[derive(Debug, Clone)]
pub struct Cell {
    /// Whether it names what it stands above or beside.
    pub head: bool,
    /// What it says, with entities in the place of marks.
    pub text: String,
    /// Columns that it spans.
    pub columns: usize,
    /// Rows that it spans.
    pub rows: usize,
}

/// A table that is open. It is written when it ends.
#[derive(Debug, Default)]
struct Table {
    rows: Vec<Vec<Cell>>,
    /// Whether the last cell is open.
    open: bool,
    /// Whether it only sets things out: what its cells say is told as anything else.
    layout: bool,
}

/// What writes.
#[derive(Debug)]
pub struct Writer {
    out: String,
    gap: Gap,
    at: At,
    lists: Vec<List>,
    /// Lists that are open below the last level.
    deeper: usize,
    /// What stands behind the numbers of the last list.
    behind: char,
    heading: Option<Heading>,
    tables: Vec<Table>,
    code: Option<String>,
    /// An address that is told, and what its link says.
    link: Option<(String, String)>,
    /// What may be filled in, for cells that span several columns or rows.
    spare: Spare,
}

/// The other of what may stand behind a number.
fn other(behind: char) -> char {
    if behind == '.' { ')' } else { '.' }
}

impl Writer {
    /// For a page of so many bytes.
    pub fn new(length: usize) -> Self {
        Self {
            out: String::new(),
            gap: Gap::Block,
            at: At::Begin,
            lists: Vec::new(),
            deeper: 0,
            behind: '.',
            heading: None,
            tables: Vec::new(),
            code: None,
            link: None,
            spare: Spare { bytes: length, cells: length / "<td>".len() },
        }
    }

    /// Bytes that are written.
    pub fn length(&self) -> usize {
        self.out.len()
    }

    /// All that is written.
    pub fn finish(self) -> String {
        self.out
    }

    /// Says words, in which white space is a space.
    pub fn say(&mut self, text: &str) {
        let text = normalized(text);
        if let Some((_, said)) = self.link.as_mut().filter(|(_, said)| said.len() < MAX_LINK) {
            said.extend(text.chars().take(MAX_LINK));
        }
        let letters = text.chars().filter(|c| !odd(*c));
        if let Some(code) = &mut self.code {
            code.extend(letters);
            return;
        }
        for letter in letters {
            if letter.is_whitespace() {
                self.gap = self.gap.max(Gap::Space);
            } else {
                self.letter(letter);
            }
        }
    }

    fn letter(&mut self, letter: char) {
        let gap = std::mem::replace(&mut self.gap, Gap::Nothing);
        if let Some(cell) = self.cell() {
            if gap != Gap::Nothing && !cell.is_empty() {
                cell.push(' ');
            }
            match letter {
                '&' => cell.push_str("&amp;"),
                '<' => cell.push_str("&lt;"),
                '>' => cell.push_str("&gt;"),
                letter => cell.push(letter),
            }
            return;
        }
        let titles = self.heading.as_ref().is_some_and(|heading| heading.begun);
        match gap {
            Gap::Nothing => {}
            Gap::Line | Gap::Block if titles => self.between(),
            Gap::Space => self.between(),
            Gap::Line => {
                self.out.push_str("\\\n");
                self.indent();
            }
            Gap::Block => self.begin(),
        }
        let marks = match (self.at, letter) {
            (At::Begin, letter) => letter.is_ascii_punctuation(),
            (At::Digits, '.' | ')') => true,
            _ => matches!(letter, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '~' | '|' | '#'),
        };
        if marks {
            self.out.push('\\');
        }
        self.out.push(letter);
        let digits = self.at != At::Inside && letter.is_ascii_digit();
        self.at = if digits { At::Digits } else { At::Inside };
    }

    fn between(&mut self) {
        self.out.push(' ');
        self.at = At::Inside;
    }

    /// A block begins: on a line of its own, with the marks that are due.
    fn begin(&mut self) {
        if !self.out.is_empty() {
            self.out.push_str("\n\n");
        }
        match &mut self.heading {
            Some(heading) => {
                heading.begun = true;
                self.out.extend(std::iter::repeat_n('#', heading.level));
                self.out.push(' ');
                self.at = At::Begin;
            }
            None => self.indent(),
        }
    }

    /// What comes before the words of a line: the marks of items that begin there, or as much space.
    fn indent(&mut self) {
        for list in &mut self.lists {
            match list.marker.take() {
                Some(marker) => self.out.push_str(&marker),
                None => self.out.extend(std::iter::repeat_n(' ', list.width)),
            }
        }
        self.at = At::Begin;
    }

    /// What is said next is a word of its own.
    pub fn space(&mut self) {
        self.gap = self.gap.max(Gap::Space);
    }

    /// What is said next stands on the next line; after two of them, in a block of its own.
    pub fn line(&mut self) {
        if let Some(code) = &mut self.code {
            code.push('\n');
        } else {
            self.gap = if self.gap >= Gap::Line { Gap::Block } else { Gap::Line };
        }
    }

    /// What is said next is a block of its own.
    pub fn block(&mut self) {
        if let Some(code) = self.code.as_mut().filter(|code| !code.is_empty() && !code.ends_with('\n')) {
            code.push('\n');
        }
        self.gap = Gap::Block;
    }

    /// What is said next stands in no list and no table: it is more than a part of them.
    pub fn apart(&mut self) {
        for list in &mut self.lists {
            list.marker = None;
            list.width = 0;
        }
        self.break_table();
        self.block();
    }

    pub fn open_heading(&mut self, level: usize) {
        self.apart();
        self.heading = Some(Heading { level, begun: false });
    }

    pub fn close_heading(&mut self) {
        self.heading = None;
        self.block();
    }

    /// A list begins, one with numbers from the first.
    pub fn open_list(&mut self, first: Option<u64>) {
        self.block();
        if self.lists.len() == LEVELS {
            self.deeper += 1;
            return;
        }
        self.behind = other(self.behind);
        let next = first.map(|first| first.min(MOST));
        self.lists.push(List { next, behind: self.behind, marker: None, width: 0 });
    }

    pub fn close_list(&mut self) {
        match self.deeper.checked_sub(1) {
            Some(left) => self.deeper = left,
            None => self.behind = self.lists.pop().map_or(self.behind, |list| list.behind),
        }
        self.block();
    }

    /// An item begins, maybe with a number of its own.
    pub fn open_item(&mut self, number: Option<u64>) {
        self.block();
        if let Some(list) = self.lists.last_mut() {
            let marker = match &mut list.next {
                Some(next) => {
                    let number = number.unwrap_or(*next).min(MOST);
                    if number != *next {
                        list.behind = other(list.behind);
                    }
                    *next = number + 1;
                    format!("{number}{} ", list.behind)
                }
                None => "- ".to_owned(),
            };
            list.width = marker.len();
            list.marker = Some(marker);
        }
    }

    pub fn close_item(&mut self) {
        // One that says nothing is none.
        if let Some(list) = self.lists.last_mut()
            && list.marker.take().is_some()
        {
            list.width = 0;
        }
        self.block();
    }

    /// Text begins in which white space stands as it is written; not in a table or a heading, where there is no room for it.
    pub fn open_code(&mut self) -> bool {
        let opens = self.code.is_none() && self.heading.is_none() && self.table().is_none();
        if opens {
            self.block();
            self.code = Some(String::new());
        }
        opens
    }

    pub fn close_code(&mut self) {
        let Some(code) = self.code.take() else { return };
        let code = code.trim_start_matches('\n').trim_end();
        self.block();
        if code.is_empty() {
            return;
        }
        self.begin();
        let longest = code.split(|c: char| c != '`').map(str::len).max().unwrap_or_default();
        let fence = "`".repeat(longest.max(2) + 1);
        self.out.push_str(&fence);
        for line in code.split('\n') {
            self.out.push('\n');
            if !line.trim().is_empty() {
                self.indent();
                self.out.push_str(line);
            }
        }
        self.out.push('\n');
        self.indent();
        self.out.push_str(&fence);
    }

    /// A link begins of which the address is told, too.
    pub fn open_link(&mut self, address: String) {
        self.link = Some((address, String::new()));
    }

    pub fn close_link(&mut self) {
        if let Some((address, said)) = self.link.take()
            && !said.contains(&address)
        {
            self.space();
            self.say(&format!("({address})"));
        }
    }

    /// The table in which cells are cells.
    fn table(&mut self) -> Option<&mut Table> {
        self.tables.last_mut().filter(|table| !table.layout)
    }

    /// The text of the cell that is open.
    fn cell(&mut self) -> Option<&mut String> {
        let table = self.table().filter(|table| table.open)?;
        Some(&mut table.rows.last_mut()?.last_mut()?.text)
    }

    /// A table begins. A table around it only sets things out.
    pub fn open_table(&mut self, layout: bool) {
        self.break_table();
        self.block();
        let layout = layout || self.heading.is_some() || self.code.is_some();
        self.tables.push(Table { layout, ..Table::default() });
    }

    pub fn close_table(&mut self) {
        if let Some(table) = self.tables.pop() {
            self.write_table(table);
        }
        self.block();
    }

    pub fn row(&mut self) {
        self.block();
        if let Some(table) = self.table() {
            table.open = false;
            table.rows.push(Vec::new());
        }
    }

    pub fn open_cell(&mut self, head: bool, columns: usize, rows: usize) {
        self.block();
        let Some(table) = self.table() else { return };
        if table.rows.is_empty() {
            table.rows.push(Vec::new());
        }
        if let Some(row) = table.rows.last_mut() {
            row.push(Cell { head, text: String::new(), columns, rows });
            table.open = true;
        }
    }

    pub fn close_cell(&mut self) {
        if let Some(table) = self.table() {
            table.open = false;
        }
        self.block();
    }

    /// What a table said so far was one; the rest of it only sets things out.
    fn break_table(&mut self) {
        if let Some(table) = self.table() {
            let table = std::mem::replace(table, Table { layout: true, ..Table::default() });
            self.write_table(table);
            self.block();
        }
    }

    /// As HTML, whose tables can say all that there is: a row without heads, a head beside a row. On one line, since an empty one ends it.
    fn write_table(&mut self, table: Table) {
        let rows = filled(table.rows, &mut self.spare);
        if rows.iter().flatten().all(|cell| cell.text.is_empty()) {
            return;
        }
        self.begin();
        self.out.push_str("<table>");
        for row in rows.into_iter().filter(|row| !row.is_empty()) {
            self.out.push_str("<tr>");
            for cell in row {
                self.out.push_str(if cell.head { "<th>" } else { "<td>" });
                self.out.push_str(&cell.text);
            }
        }
        self.out.push_str("</table>");
    }
}
