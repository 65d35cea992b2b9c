//! Small linear programs: max c·x over x ≥ 0 under inequalities and one sum, by the simplex method.
//!
//! Two phases on a dense tableau with Bland's rule (1977), which cannot cycle; rounding is guarded by a limit
//! of pivots. Rows and costs are brought to largest entries of 1, so that tolerances are relative.

use super::MAX_TASKS;

/// Largest number of variables: K tasks, one constraint's gradient, one bound.
pub const MAX_VARIABLES: usize = MAX_TASKS + 2;
/// Largest number of rows: K tasks, one constraint, the sum.
const MAX_ROWS: usize = MAX_TASKS + 2;
/// Variables, one slack and one artificial variable a row, the right side.
const MAX_COLUMNS: usize = MAX_VARIABLES + 2 * MAX_ROWS + 1;
/// Entries below this are rounding.
const TINY: f64 = 1e-11;
const MAX_PIVOTS: usize = 2000;

/// The constraints of a program in n variables; by default only x ≥ 0.
#[derive(Debug, Clone, Default)]
pub struct Program {
    rows: [Row; MAX_ROWS],
    n_rows: usize,
}

#[derive(Debug, Clone, Copy, Default)]
struct Row {
    a: [f64; MAX_VARIABLES],
    is_equality: bool,
    bound: f64,
}

struct Tableau {
    cells: [[f64; MAX_COLUMNS]; MAX_ROWS],
    basis: [usize; MAX_ROWS],
    n_rows: usize,
    right: usize, // column of the right side; the columns before it are variables
}

impl Tableau {
    fn pivot(&mut self, row: usize, column: usize) {
        let by = self.cells[row][column];
        for cell in &mut self.cells[row][..=self.right] {
            *cell /= by;
        }
        let pivot = self.cells[row];
        for other in (0..self.n_rows).filter(|&other| other != row) {
            let times = self.cells[other][column];
            if times != 0.0 {
                for (cell, pivot) in self.cells[other][..=self.right].iter_mut().zip(&pivot) {
                    *cell -= times * pivot;
                }
            }
        }
        self.basis[row] = column;
    }

    /// Maximizes `costs` over the columns below `allowed`; false at the limit of pivots or without a bound.
    fn climb(&mut self, costs: &[f64; MAX_COLUMNS], allowed: usize) -> bool {
        for _ in 0..MAX_PIVOTS {
            let gain = |column: usize| {
                costs[column]
                    - (0..self.n_rows).map(|row| costs[self.basis[row]] * self.cells[row][column]).sum::<f64>()
            };
            let Some(entering) = (0..allowed).find(|&column| gain(column) > TINY) else {
                return true;
            };
            let mut leaving: Option<(usize, f64)> = None;
            for row in (0..self.n_rows).filter(|&row| self.cells[row][entering] > TINY) {
                let ratio = self.cells[row][self.right] / self.cells[row][entering];
                let first = leaving.is_none_or(|(best, least)| {
                    ratio < least || (ratio == least && self.basis[row] < self.basis[best])
                });
                if first {
                    leaving = Some((row, ratio));
                }
            }
            let Some((row, _)) = leaving else {
                return false;
            };
            self.pivot(row, entering);
        }
        false
    }
}

impl Program {
    /// Adds a·x ≥ bound, a (n) with zeros for variables it does not name.
    pub fn at_least(&mut self, a: &[f64], bound: f64) {
        self.push(a, false, bound);
    }

    /// Adds a·x = bound.
    pub fn equal(&mut self, a: &[f64], bound: f64) {
        self.push(a, true, bound);
    }

    /// Takes the last constraint back.
    pub fn pop(&mut self) {
        self.n_rows -= 1;
    }

    fn push(&mut self, a: &[f64], is_equality: bool, bound: f64) {
        let unit = 1.0 / largest(a);
        let row = &mut self.rows[self.n_rows];
        *row = Row { a: [0.0; MAX_VARIABLES], is_equality, bound: unit * bound };
        for (to, a) in row.a.iter_mut().zip(a) {
            *to = unit * a;
        }
        self.n_rows += 1;
    }

    /// Writes x (n) ≥ 0 that maximizes `c`·x (n); false, with x unusable, where there is none.
    #[must_use]
    pub fn maximize(&self, c: &[f64], x: &mut [f64]) -> bool {
        let n = c.len();
        let n_rows = self.n_rows;
        let (slacks, artificials) = (n, n + n_rows);
        let right = artificials + n_rows;
        let mut tableau = Tableau { cells: [[0.0; MAX_COLUMNS]; MAX_ROWS], basis: [0; MAX_ROWS], n_rows, right };
        let mut phase_1 = [0.0; MAX_COLUMNS];
        for (i, row) in self.rows[..n_rows].iter().enumerate() {
            // A row that holds at x = 0 starts with its slack in the basis, any other with an artificial variable.
            let holds = !row.is_equality && row.bound <= 0.0;
            let sign = if row.bound < 0.0 || holds { -1.0 } else { 1.0 };
            let cells = &mut tableau.cells[i];
            for j in 0..n {
                cells[j] = sign * row.a[j];
            }
            cells[right] = sign * row.bound;
            if !row.is_equality {
                cells[slacks + i] = -sign;
            }
            if !holds {
                cells[artificials + i] = 1.0;
                phase_1[artificials + i] = -1.0;
            }
            tableau.basis[i] = if holds { slacks + i } else { artificials + i };
        }
        if !tableau.climb(&phase_1, artificials) {
            return false;
        }
        for i in 0..n_rows {
            if tableau.basis[i] >= artificials {
                if tableau.cells[i][right] > 1e3 * TINY {
                    return false;
                }
                // At level 0: leaves for any column that moves it; a row without one says nothing new.
                if let Some(column) = (0..artificials).find(|&column| tableau.cells[i][column].abs() > TINY) {
                    tableau.pivot(i, column);
                }
            }
        }
        let unit = largest(c);
        let mut phase_2 = [0.0; MAX_COLUMNS];
        for (cost, c) in phase_2.iter_mut().zip(c) {
            *cost = c / unit;
        }
        if !tableau.climb(&phase_2, artificials) {
            return false;
        }
        x.fill(0.0);
        for i in (0..n_rows).filter(|&i| tableau.basis[i] < n) {
            x[tableau.basis[i]] = tableau.cells[i][right].max(0.0);
        }
        true
    }
}

/// max |aᵢ|, or 1 where all are 0.
fn largest(a: &[f64]) -> f64 {
    let top = a.iter().fold(0.0_f64, |top, a| top.max(a.abs()));
    if top > 0.0 { top } else { 1.0 }
}
