//! The nodes of a map, coarse ones first: every finer grid holds the coarser ones, so no node is evaluated twice.

/// Nodes along each axis that a map may have, coarse to fine.
pub const SIDES: &[u32] = &[11, 21, 41, 81, 161];

/// The order in which the nodes of a map are evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    side: u32,
    rows: u32,
}

impl Grid {
    /// Of a side of [`SIDES`]; a line has a single row.
    pub fn new(side: u32, is_line: bool) -> Self {
        Self { side, rows: if is_line { 1 } else { side } }
    }

    /// Nodes along the first axis.
    pub fn side(&self) -> u32 {
        self.side
    }

    /// Nodes along the second axis: 1 on a line.
    pub fn rows(&self) -> u32 {
        self.rows
    }

    /// How many nodes there are.
    pub fn count(&self) -> usize {
        (self.side * self.rows) as usize
    }

    /// All nodes as row·side + column, those of the coarsest grid first.
    pub fn order(&self) -> Vec<u32> {
        let mut order = Vec::with_capacity(self.count());
        let mut before: Option<usize> = None;
        for step in self.steps() {
            let known = |at: u32| before.is_some_and(|before| (at as usize).is_multiple_of(before));
            for row in (0..self.rows).step_by(step) {
                for column in (0..self.side).step_by(step) {
                    if !(known(row) && known(column)) {
                        order.push(row * self.side + column);
                    }
                }
            }
            before = Some(step);
        }
        order
    }

    /// Distances between the nodes of each grid from the coarsest on, in nodes of this one.
    pub fn steps(&self) -> impl Iterator<Item = usize> {
        let last = self.side.saturating_sub(1);
        let coarser = SIDES.iter().map(|side| side - 1);
        let nested = coarser.filter(move |side| *side < last && last.is_multiple_of(*side));
        nested.map(move |side| (last / side) as usize).chain([1])
    }

    /// Where a node lies along an axis that is seen from `span[0]` to `span[1]`.
    pub fn place(&self, span: [f64; 2], at: u32) -> f64 {
        let share = f64::from(at) / f64::from(self.side.saturating_sub(1).max(1));
        // Both ends are met exactly.
        span[0] * (1.0 - share) + span[1] * share
    }

    /// Coordinates of a node.
    pub fn node(&self, spans: &[[f64; 2]], node: u32) -> [f64; 2] {
        let (row, column) = (node / self.side.max(1), node % self.side.max(1));
        let along = |axis: usize, at: u32| spans.get(axis).map_or(0.0, |span| self.place(*span, at));
        [along(0, column), along(1, row)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_node_once_and_coarse_ones_first() {
        for &side in SIDES {
            for is_line in [false, true] {
                let grid = Grid::new(side, is_line);
                let order = grid.order();
                let mut sorted = order.clone();
                sorted.sort_unstable();
                assert_eq!(sorted, (0..grid.count() as u32).collect::<Vec<_>>());
                // Whatever a coarser map shows is there when its last node is.
                for step in grid.steps() {
                    let of_it =
                        |node: &u32| [node / side, node % side].iter().all(|at| (*at as usize).is_multiple_of(step));
                    let n = order.iter().filter(|node| of_it(node)).count();
                    assert!(order[..n].iter().all(of_it), "side {side}, every {step}");
                }
            }
        }
        assert_eq!(Grid::new(81, false).steps().collect::<Vec<_>>(), [8, 4, 2, 1]);
    }
}
