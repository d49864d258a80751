//! Cells that span several columns or rows, so that each cell stands under its own head. In the first of its columns one says what it says,
//! in the rows below once more if it is short; the other columns are empty.

use super::writer::Cell;

/// Columns that are looked at from the rows below, and most of one cell.
const COLUMNS: usize = 100;
/// Most bytes that a cell says again.
const AGAIN: usize = 300;

/// What may be filled in.
#[derive(Debug, Clone, Copy)]
pub struct Spare {
    /// Bytes that cells say again. Once they are used up, cells that go on say nothing, each in its column all the same.
    pub bytes: usize,
    /// Cells.
    pub cells: usize,
}

/// Rows with a cell in each column. What is filled in takes from what is spare; once that is used up, nothing is.
pub fn filled(rows: Vec<Vec<Cell>>, spare: &mut Spare) -> Vec<Vec<Cell>> {
    let mut filler = Filler { below: Vec::new(), spare };
    rows.into_iter().map(|cells| filler.row(cells)).collect()
}

struct Filler<'s> {
    /// Of each column: in how many of the rows below a cell goes on, and what it says there.
    below: Vec<(usize, Cell)>,
    spare: &'s mut Spare,
}

impl Filler<'_> {
    fn row(&mut self, cells: Vec<Cell>) -> Vec<Cell> {
        let mut row = Vec::with_capacity(cells.len());
        for cell in cells {
            while self.below.get(row.len()).is_some_and(|(left, _)| *left > 0) && self.go_on(&mut row) {}
            self.place(&mut row, cell);
        }
        let own = !row.is_empty();
        if let Some(last) = self.below.iter().rposition(|(left, _)| *left > 0) {
            while row.len() <= last && self.go_on(&mut row) {}
        }
        // One that has nothing of its own would only say all of it again.
        if own { row } else { Vec::new() }
    }

    /// Fills the next column of a row with what goes on in it.
    fn go_on(&mut self, row: &mut Vec<Cell>) -> bool {
        let Some((left, cell)) = self.below.get_mut(row.len()) else { return false };
        let text = if *left > 0 { cell.text.clone() } else { String::new() };
        *left = left.saturating_sub(1);
        let cell = Cell { text, head: cell.head, columns: 1, rows: 1 };
        self.fill(row, cell)
    }

    fn fill(&mut self, row: &mut Vec<Cell>, mut cell: Cell) -> bool {
        let Some(cells) = self.spare.cells.checked_sub(1) else { return false };
        self.spare.cells = cells;
        match self.spare.bytes.checked_sub(cell.text.len()) {
            Some(left) => self.spare.bytes = left,
            None => cell.text.clear(),
        }
        row.push(cell);
        true
    }

    fn place(&mut self, row: &mut Vec<Cell>, cell: Cell) {
        let at = row.len();
        let (columns, below) = (cell.columns.clamp(1, COLUMNS), cell.rows.max(1) - 1);
        let empty = Cell { text: String::new(), head: cell.head, columns: 1, rows: 1 };
        let again = if cell.text.len() <= AGAIN { cell.text.clone() } else { String::new() };
        row.push(cell);
        for _ in 1..columns {
            self.fill(row, empty.clone());
        }
        for column in at..row.len().min(COLUMNS) {
            if self.below.len() <= column {
                self.below.resize(column + 1, (0, empty.clone()));
            }
            if let Some(one) = self.below.get_mut(column) {
                let text = if column == at { again.clone() } else { String::new() };
                *one = (below, Cell { text, ..empty });
            }
        }
    }
}
