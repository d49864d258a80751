//! Products of matrices of `f32`, with the widest registers that the processor has.
//!
//! What is multiplied by is laid out once, in the order in which it is read. That is where the time goes: a product then
//! reads both sides in a straight line, and a question of ten word pieces costs no more than its arithmetic.

use rten_simd::ops::{BitOps as _, NumOps as _};
use rten_simd::{Isa, SimdOp};

/// Registers of a row of sums, and rows that are computed together: the twelve sums just fit into the sixteen registers of
/// SSE2 and AVX2, and are enough to keep AVX-512 busy.
const WIDE: usize = 2;
const TALL: usize = 6;
/// Rows that are taken through all panels before the next: they stay in the cache.
const BLOCK: usize = 16 * TALL;

/// The right side of products: a matrix, and a row that is added to each row of the result.
pub struct Matrix {
    depth: usize,
    /// Columns of a panel: as many as one row of sums holds on this machine.
    panel: usize,
    /// Panel after panel, each from top to bottom; zeros where there are no more columns.
    panels: Vec<f32>,
    bias: Vec<f32>,
}

impl Matrix {
    /// A matrix of `depth` rows and `columns` columns, of the values that `at` gives for a row and a column.
    pub fn new(depth: usize, columns: usize, at: impl Fn(usize, usize) -> f32) -> Self {
        let panel = Panel.dispatch();
        let mut panels = vec![0.0; columns.next_multiple_of(panel) * depth];
        for (first, lines) in (0..columns).step_by(panel).zip(panels.chunks_exact_mut(depth * panel)) {
            for column in first..columns.min(first + panel) {
                for row in 0..depth {
                    lines[row * panel + column - first] = at(row, column);
                }
            }
        }
        Self { depth, panel, panels, bias: vec![0.0; columns.next_multiple_of(panel)] }
    }

    /// The same, with a row to add.
    pub fn with_bias(mut self, bias: &[f32]) -> Self {
        self.bias[..bias.len()].copy_from_slice(bias);
        self
    }

    /// Columns of the result: those of the matrix, filled up to whole panels.
    pub fn width(&self) -> usize {
        self.bias.len()
    }

    /// Multiplies rows by this matrix. A row begins every `stride` numbers, and its result every `out_stride` numbers of
    /// `out`, which must be at least [`Matrix::width`]; as many rows are computed as `out` has.
    pub fn multiply(&self, rows: &[f32], stride: usize, out: &mut [f32], out_stride: usize) {
        Product { matrix: self, rows, stride, out, out_stride }.dispatch();
    }

    /// The product with rows that stand close together.
    pub fn product(&self, rows: &[f32]) -> Vec<f32> {
        let mut out = vec![0.0; rows.len() / self.depth * self.width()];
        self.multiply(rows, self.depth, &mut out, self.width());
        out
    }
}

struct Panel;

impl SimdOp for Panel {
    type Output = usize;

    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) -> usize {
        WIDE * isa.f32().len()
    }
}

struct Product<'a> {
    matrix: &'a Matrix,
    rows: &'a [f32],
    stride: usize,
    out: &'a mut [f32],
    out_stride: usize,
}

impl SimdOp for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        let Self { matrix, rows, stride, out, out_stride } = self;
        for (rows, out) in rows.chunks(BLOCK * stride).zip(out.chunks_mut(BLOCK * out_stride)) {
            let count = out.len().div_ceil(out_stride);
            let panels = matrix.panels.chunks_exact(matrix.depth * matrix.panel);
            for (at, lines) in (0..).step_by(matrix.panel).zip(panels) {
                let bias = &matrix.bias[at..];
                let mut row = 0;
                while row < count {
                    // The last rows are computed with some of those before them once more, if there are as many.
                    let tall = if count < TALL { 1 } else { TALL };
                    row = row.min(count - tall);
                    let (rows, out) = (&rows[row * stride..], &mut out[row * out_stride + at..]);
                    match tall {
                        TALL => tile::<I, TALL>(isa, (rows, stride), (lines, bias), (out, out_stride)),
                        _ => tile::<I, 1>(isa, (rows, stride), (lines, bias), (out, out_stride)),
                    }
                    row += tall;
                }
            }
        }
    }
}

/// A few rows by one panel.
#[inline(always)]
fn tile<I: Isa, const ROWS: usize>(
    isa: I,
    (rows, stride): (&[f32], usize),
    (lines, bias): (&[f32], &[f32]),
    (out, out_stride): (&mut [f32], usize),
) {
    let ops = isa.f32();
    let depth = lines.len() / (WIDE * ops.len());
    let mut starts = [&rows[..depth]; ROWS];
    for row in 1..ROWS {
        starts[row] = &rows[row * stride..][..depth];
    }
    let mut sums = [ops.load_many::<WIDE>(bias); ROWS];
    for at in 0..depth {
        let line = ops.load_many::<WIDE>(&lines[at * WIDE * ops.len()..]);
        for row in 0..ROWS {
            let value = ops.splat(starts[row][at]);
            for column in 0..WIDE {
                sums[row][column] = ops.mul_add(value, line[column], sums[row][column]);
            }
        }
    }
    for row in 0..ROWS {
        for column in 0..WIDE {
            ops.store(sums[row][column], &mut out[row * out_stride + column * ops.len()..]);
        }
    }
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_definition_says() {
        for (count, depth, columns) in [(1, 1, 1), (5, 3, 16), (6, 32, 17), (7, 40, 31), (13, 7, 48), (98, 33, 20)] {
            let value = |row: usize, column: usize| ((row * 31 + column * 17) % 23) as f32 / 7.0 - 1.0;
            let bias: Vec<f32> = (0..columns).map(|column| column as f32).collect();
            let stride = depth + 2;
            let rows: Vec<f32> = (0..count * stride).map(|at| value(at, 5)).collect();
            let matrix = Matrix::new(depth, columns, value).with_bias(&bias);
            let out_stride = matrix.width() + 3;
            let mut out = vec![9.0; count * out_stride];
            matrix.multiply(&rows, stride, &mut out, out_stride);
            for (row, out) in out.chunks(out_stride).enumerate() {
                for (column, bias) in bias.iter().enumerate() {
                    let sum: f32 = (0..depth).map(|at| rows[row * stride + at] * value(at, column)).sum();
                    assert!((out[column] - sum - bias).abs() < 1e-3, "{count} {depth} {columns}: {row} {column}");
                }
                assert_eq!(out[matrix.width()..], [9.0; 3], "nothing is written beside the result");
            }
        }
    }
}
