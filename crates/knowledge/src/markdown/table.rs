//! Tables: each row says the heads of its columns.

use super::squeezed;

/// Most characters of the head of a column in each row, and of what says whose row it is.
const MAX_HEAD: usize = 80;
/// Most characters of a cell on one line. With a head, and what says whose row it is, that fits into a piece.
const MAX_CELL: usize = 300;
/// Characters of a row on one line, as many cells as fit.
const MAX_LINE: usize = 400;

/// A table while it is read.
#[derive(Debug, Default)]
pub struct Table {
    head: Vec<String>,
    row: Vec<String>,
    cell: Option<String>,
    /// Whether this row names the columns.
    heads: bool,
    /// Whether a row has been told.
    told: bool,
}

impl Table {
    /// The row that begins names the columns.
    pub fn heads(&mut self) {
        self.heads = true;
    }

    /// Whether it is in such a row.
    pub fn is_in_head(&self) -> bool {
        self.heads
    }

    /// A cell begins; where a tag says so, one that names a column, or one that does not.
    pub fn cell(&mut self, names: Option<bool>) {
        self.end_cell();
        if let Some(names) = names {
            self.heads = names && (self.heads || self.row.is_empty());
        }
        self.cell = Some(String::new());
    }

    /// The cell that is open.
    pub fn open_cell(&mut self) -> Option<&mut String> {
        self.cell.as_mut()
    }

    /// What it says so far.
    pub fn cell_so_far(&self) -> Option<&String> {
        self.cell.as_ref()
    }

    /// A cell ends.
    pub fn end_cell(&mut self) {
        if let Some(cell) = self.cell.take() {
            self.row.push(squeezed(&cell));
        }
    }

    /// A row ends: what is told of it.
    pub fn end_row(&mut self) -> Vec<String> {
        self.end_cell();
        let row = std::mem::take(&mut self.row);
        if std::mem::take(&mut self.heads) && self.head.is_empty() && !self.told {
            self.head = row;
            return Vec::new();
        }
        let lines = lines(&self.head, &row);
        self.told |= !lines.is_empty();
        lines
    }

    /// The table ends: what is left to tell.
    pub fn close(mut self) -> Vec<String> {
        let mut left = self.end_row();
        if !self.told {
            left.extend(lines(&[], &self.head));
        }
        left
    }
}

/// A row in lines: most have room in one; of several each says whose row it is.
fn lines(head: &[String], row: &[String]) -> Vec<String> {
    // Each with what it is where the line already says the beginning of its cell.
    let mut parts: Vec<(String, Option<&str>)> = Vec::new();
    for (at, cell) in row.iter().enumerate() {
        let head: String = head.get(at).map(|head| head.chars().take(MAX_HEAD).collect()).unwrap_or_default();
        let head = head.trim_end_matches([':', ' ']);
        let said =
            |part: &str| if head.is_empty() || head == cell { part.to_owned() } else { format!("{head}: {part}") };
        parts.extend(slices(cell).into_iter().enumerate().map(|(at, part)| (said(part), (at > 0).then_some(part))));
    }
    let whose = parts.first().map(|(first, _)| first.as_str()).filter(|first| first.chars().count() <= MAX_HEAD);
    let whose = whose.unwrap_or_default().to_owned();
    let mut lines: Vec<String> = Vec::new();
    for (part, goes_on) in parts {
        match lines.last_mut() {
            Some(line) if line.chars().count() + part.chars().count() < MAX_LINE => {
                line.push_str(if goes_on.is_some() { " " } else { ", " });
                line.push_str(goes_on.unwrap_or(&part));
            }
            Some(_) if !whose.is_empty() => lines.push(format!("{whose}, {part}")),
            _ => lines.push(part),
        }
    }
    lines
}

/// A cell in parts that fit, cut between words.
fn slices(cell: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = cell;
    while let Some((most, _)) = rest.char_indices().nth(MAX_CELL) {
        let (fits, _) = rest.split_at(most);
        let (part, after) = rest.split_at(fits.rfind(' ').filter(|at| *at > 0).unwrap_or(most));
        parts.push(part);
        rest = after.trim_start();
    }
    parts.extend(Some(rest).filter(|rest| !rest.is_empty()));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(head: &[&str], row: &[&str]) -> Vec<String> {
        let owned = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
        lines(&owned(head), &owned(row))
    }

    #[test]
    fn a_row_says_its_heads() {
        assert_eq!(of(&["Store", "Saturdays:"], &["Alvik", "10-14"]), ["Store: Alvik, Saturdays: 10-14"]);
        assert_eq!(of(&["", "Free"], &["Alvik", "Free", "x"]), ["Alvik, Free, x"]);
        assert_eq!(of(&["Store", "Note"], &["Alvik", ""]), ["Store: Alvik"]);
        assert!(of(&["Store"], &["", ""]).is_empty());
    }

    #[test]
    fn a_long_row_says_its_heads_and_whose_it_is_on_each_line() {
        let long = "words and more ".repeat(60);
        let wide = "n".repeat(500);
        let got = of(&["Store", wide.as_str()], &["Alvik", long.trim()]);
        assert!(got.len() > 2, "{got:?}");
        for line in &got {
            assert!(line.starts_with("Store: Alvik, nnn") && line.chars().count() <= 500, "{line}");
        }
        // What is cut, and fits all the same, is as it was.
        let one = "a sentence ".repeat(30);
        let one = one.trim();
        assert_eq!(of(&[], &[one]), [one]);
        assert_eq!(of(&["Store", "Note"], &["Alvik", one]), [format!("Store: Alvik, Note: {one}")]);
        // A row that has nothing short to be known by.
        let wall = "x".repeat(1_000);
        assert!(of(&[], &[wall.as_str(), "y"]).iter().all(|line| line.chars().count() <= 500));
    }

    #[test]
    fn a_table_of_a_head_alone_is_told() {
        let mut table = Table::default();
        table.heads();
        for name in ["Monday", "closed"] {
            table.cell(None);
            table.open_cell().unwrap().push_str(name);
        }
        assert!(table.end_row().is_empty());
        assert_eq!(table.close(), ["Monday, closed"]);
    }
}
