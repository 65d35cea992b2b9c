//! Lines of equal value through a grid of values, by marching squares.

/// A point in units of nodes, from the low ends of both axes.
pub(super) type Spot = (f64, f64);

/// Values at the nodes of a grid, row-major; what is no number has no lines around it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lattice<'a> {
    pub values: &'a [f64],
    pub columns: usize,
}

const NONE: u32 = u32::MAX;

impl Lattice<'_> {
    pub fn rows(&self) -> usize {
        self.values.len() / self.columns.max(1)
    }

    /// Corners of a cell: (0, 0), (1, 0), (1, 1), (0, 1); `None` where one is no number.
    pub fn cell(&self, column: usize, row: usize) -> Option<[f64; 4]> {
        let at = row * self.columns + column;
        let corners = [at, at + 1, at + 1 + self.columns, at + self.columns].map(|node| self.values[node]);
        corners.iter().all(|value| value.is_finite()).then_some(corners)
    }

    /// The value between the nodes; `None` where a node around is no number.
    pub fn between(&self, (x, y): Spot) -> Option<f64> {
        let (columns, rows) = (self.columns, self.rows());
        if columns < 2 || rows < 2 || !(x.is_finite() && y.is_finite()) {
            return None;
        }
        let column = (x.max(0.0) as usize).min(columns - 2);
        let row = (y.max(0.0) as usize).min(rows - 2);
        let (a, b) = ((x - column as f64).clamp(0.0, 1.0), (y - row as f64).clamp(0.0, 1.0));
        let [q, r, s, t] = self.cell(column, row)?;
        Some((q * (1.0 - a) + r * a) * (1.0 - b) + (t * (1.0 - a) + s * a) * b)
    }

    /// All lines at these levels, each from end to end or around.
    pub fn lines(&self, levels: &[f64]) -> Vec<(f64, Vec<Spot>)> {
        let (columns, rows) = (self.columns, self.rows());
        // Most cells have no part in a level: the range of each says so.
        let cells = (0..rows.saturating_sub(1)).flat_map(|row| (0..columns.saturating_sub(1)).map(move |at| (at, row)));
        let range = |(column, row): (usize, usize)| match self.cell(column, row) {
            None => (f64::INFINITY, f64::NEG_INFINITY),
            Some([a, b, c, d]) => (a.min(b).min(c.min(d)), a.max(b).max(c.max(d))),
        };
        let ranges: Vec<(f64, f64)> = cells.map(range).collect();
        levels.iter().flat_map(|level| self.lines_at(*level, &ranges).into_iter().map(|line| (*level, line))).collect()
    }

    fn lines_at(&self, level: f64, ranges: &[(f64, f64)]) -> Vec<Vec<Spot>> {
        let (columns, rows) = (self.columns, self.rows());
        // Two edges a node: to the right and upwards; a line that crosses an edge goes on in the cells beside it.
        let mut links = vec![[NONE; 2]; 2 * columns * rows];
        let mut crossed = Vec::new();
        for row in 0..rows.saturating_sub(1) {
            for column in 0..columns.saturating_sub(1) {
                let (low, high) = ranges[row * (columns - 1) + column];
                if !(low <= level && level < high) {
                    continue;
                }
                let Some(corners) = self.cell(column, row) else { continue };
                let node = row * columns + column;
                let edges = [2 * node, 2 * (node + 1) + 1, 2 * (node + columns), 2 * node + 1];
                for [from, to] in pairs(corners, level).into_iter().flatten() {
                    let (from, to) = (edges[from], edges[to]);
                    for (a, b) in [(from, to), (to, from)] {
                        let slot = usize::from(links[a][0] != NONE);
                        links[a][slot] = b as u32;
                        crossed.push(a);
                    }
                }
            }
        }
        let mut walked = vec![false; links.len()];
        let mut lines = Vec::new();
        // Lines that end at the rim first, then those that close.
        for closed in [false, true] {
            for &first in &crossed {
                if walked[first] || (!closed && links[first][1] != NONE) {
                    continue;
                }
                let mut line = Vec::new();
                let mut edge = first;
                loop {
                    walked[edge] = true;
                    line.push(self.crossing(edge, level));
                    let next = links[edge].iter().find(|next| **next != NONE && !walked[**next as usize]);
                    match next {
                        Some(next) => edge = *next as usize,
                        None => break,
                    }
                }
                if closed {
                    line.push(line[0]);
                }
                lines.push(line);
            }
        }
        lines
    }

    fn crossing(&self, edge: usize, level: f64) -> Spot {
        let node = edge / 2;
        let (column, row) = (node % self.columns, node / self.columns);
        let upwards = edge % 2 == 1;
        let other = if upwards { node + self.columns } else { node + 1 };
        let t = share(self.values[node], self.values[other], level);
        let (x, y) = (column as f64, row as f64);
        if upwards { (x, y + t) } else { (x + t, y) }
    }
}

fn share(from: f64, to: f64, level: f64) -> f64 {
    let t = (level - from) / (to - from);
    if t.is_finite() { t.clamp(0.0, 1.0) } else { 0.5 }
}

/// Which edges of a cell (below, right, above, left) a level connects.
fn pairs(corners: [f64; 4], level: f64) -> [Option<[usize; 2]>; 2] {
    let above = corners.map(|corner| corner > level);
    match above.map(u8::from) {
        [0, 0, 0, 0] | [1, 1, 1, 1] => [None, None],
        [1, 0, 0, 0] | [0, 1, 1, 1] => [Some([3, 0]), None],
        [0, 1, 0, 0] | [1, 0, 1, 1] => [Some([0, 1]), None],
        [0, 0, 1, 0] | [1, 1, 0, 1] => [Some([1, 2]), None],
        [0, 0, 0, 1] | [1, 1, 1, 0] => [Some([2, 3]), None],
        [1, 1, 0, 0] | [0, 0, 1, 1] => [Some([3, 1]), None],
        [0, 1, 1, 0] | [1, 0, 0, 1] => [Some([0, 2]), None],
        // A saddle: its middle decides which two corners hang together.
        _ => {
            let middle = corners.iter().sum::<f64>() / 4.0 > level;
            if middle == above[0] { [Some([0, 1]), Some([2, 3])] } else { [Some([3, 0]), Some([1, 2])] }
        }
    }
}

/// The pieces of a level's lines inside one cell, in shares of it.
pub(super) fn pieces(corners: [f64; 4], level: f64) -> impl Iterator<Item = [Spot; 2]> {
    let [a, b, c, d] = corners;
    let on = move |edge: usize| match edge {
        0 => (share(a, b, level), 0.0),
        1 => (1.0, share(b, c, level)),
        2 => (share(d, c, level), 1.0),
        _ => (0.0, share(a, d, level)),
    };
    pairs(corners, level).into_iter().flatten().map(move |[from, to]| [on(from), on(to)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(side: usize, value: impl Fn(f64, f64) -> f64) -> Vec<f64> {
        (0..side * side).map(|node| value((node % side) as f64, (node / side) as f64)).collect()
    }

    #[test]
    fn a_hill_has_one_closed_line_at_its_radius() {
        let values = grid(41, |x, y| (x - 20.0).hypot(y - 20.0));
        let lines = Lattice { values: &values, columns: 41 }.lines(&[12.0]);
        let [(_, line)] = &lines[..] else { panic!("{} lines", lines.len()) };
        assert_eq!(line.first(), line.last());
        for (x, y) in line {
            assert!(((x - 20.0).hypot(y - 20.0) - 12.0).abs() < 0.02, "({x}, {y})");
        }
        // Every piece of the line is found cell by cell, too.
        let lattice = Lattice { values: &values, columns: 41 };
        let cells = (0..40).flat_map(|row| (0..40).map(move |column| (column, row)));
        let n: usize = cells.filter_map(|(c, r)| lattice.cell(c, r)).map(|q| pieces(q, 12.0).count()).sum();
        assert_eq!(n, line.len() - 1);
    }

    #[test]
    fn lines_end_at_the_rim_and_at_what_is_no_number() {
        let slope = grid(5, |x, _| x);
        let lines = Lattice { values: &slope, columns: 5 }.lines(&[1.5, 9.0]);
        assert_eq!(lines, [(1.5, (0..5).map(|y| (1.5, f64::from(y))).collect::<Vec<_>>())]);
        let mut torn = slope.clone();
        torn[2 * 5 + 1] = f64::NAN;
        let lines = Lattice { values: &torn, columns: 5 }.lines(&[1.5]);
        assert_eq!(lines.iter().map(|(_, line)| line.len()).sum::<usize>(), 4);
        assert!(Lattice { values: &[f64::NAN; 25], columns: 5 }.lines(&[0.5]).is_empty());
        assert!(Lattice { values: &[], columns: 5 }.lines(&[0.5]).is_empty());
    }

    #[test]
    fn saddles_hang_together_as_their_middle_says() {
        let ends = |middle: f64| {
            let found: Vec<_> = pieces([1.0, 0.0, 1.0, 0.0], middle).collect();
            assert_eq!(found.len(), 2);
            found
        };
        // Around the low corners where the middle is high, around the high ones where it is low.
        assert!(ends(0.4).iter().any(|[a, b]| a.1 == 0.0 && b.0 == 1.0));
        assert!(ends(0.6).iter().any(|[a, b]| a.0 == 0.0 && b.1 == 0.0));
    }

    #[test]
    fn values_between_nodes_are_bilinear() {
        let values = grid(4, |x, y| 2.0 * x - y);
        let lattice = Lattice { values: &values, columns: 4 };
        assert_eq!(lattice.between((1.25, 2.5)), Some(0.0));
        assert_eq!(lattice.between((3.0, 3.0)), Some(3.0));
        assert_eq!(lattice.between((f64::NAN, 0.0)), None);
    }
}
