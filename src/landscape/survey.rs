//! An order being worked off: this worker's share of points and nodes, in portions, coarse nodes first.

use super::grid::{Grid, SIDES};
use super::ground::Ground;
use super::pull::Pull;
use crate::protocol::{MapPlane, SurveyOrder, SurveyPortion, SurveyWhat};

/// Most evaluations told at once.
const MOST: usize = 512;
/// Most points besides the nodes.
const MOST_POINTS: usize = 100_000;

/// Where an order stands.
pub struct Survey {
    order: SurveyOrder,
    grid: Grid,
    points: Vec<u32>,
    nodes: Vec<u32>,
    /// Points and nodes evaluated.
    next: usize,
    losses: Vec<f64>,  // (K)
    numbers: Vec<f32>, // of a pull
}

impl Survey {
    /// Takes an order and lays its plane on the ground.
    ///
    /// # Errors
    /// What is wrong with the order, in a sentence.
    pub fn new(order: SurveyOrder, ground: &mut Ground) -> Result<Self, String> {
        let p = ground.n_parameters();
        let plane = &order.plane;
        let n = plane.directions.len();
        let vectors = || std::iter::once(&plane.origin).chain(&plane.directions);
        if let Some(wrong) = vectors().find(|vector| vector.len() != p) {
            return Err(format!("The plane has {} parameters, but this experiment has {p}. Lay it anew.", wrong.len()));
        }
        if !(1..=2).contains(&n) || plane.spans.len() != n {
            return Err(format!("A map has one or two directions with a span each; here are {n}."));
        }
        let sound = |[low, high]: &[f64; 2]| low.is_finite() && high.is_finite() && low < high;
        let finite = vectors().flatten().all(|value| value.is_finite());
        if !finite || !plane.spans.iter().all(sound) || order.points.iter().flatten().any(|x| !x.is_finite()) {
            return Err("The plane, its spans or its points are no numbers. Lay it anew.".into());
        }
        if !SIDES.contains(&order.side) {
            let sides: Vec<String> = SIDES.iter().map(u32::to_string).collect();
            return Err(format!("A map has {} nodes along each axis, not {}.", sides.join(", "), order.side));
        }
        if order.part >= order.of || order.points.len() > MOST_POINTS {
            return Err(format!(
                "Part {} of {} with {} points is no share of a map.",
                order.part,
                order.of,
                order.points.len()
            ));
        }
        let grid = Grid::new(order.side, plane.is_line());
        let share = |all: Vec<u32>| all.into_iter().skip(order.part as usize).step_by(order.of as usize).collect();
        let k = ground.n_tasks();
        ground.stand_on(plane);
        Ok(Self {
            points: share((0..order.points.len() as u32).collect()),
            nodes: share(grid.order()),
            grid,
            order,
            next: 0,
            losses: vec![0.0; k],
            numbers: vec![0.0; Pull::count(k)],
        })
    }

    /// The order's number.
    pub fn number(&self) -> u32 {
        self.order.number
    }

    /// Whether something of it was told.
    pub fn has_begun(&self) -> bool {
        self.next > 0
    }

    pub fn is_done(&self) -> bool {
        self.next >= self.of()
    }

    fn of(&self) -> usize {
        self.points.len() + self.nodes.len()
    }

    /// Whether somebody else is to evaluate it, by [`Survey::places`] and [`Survey::tell`].
    pub fn wants_gpu(&self) -> bool {
        self.order.gpu && self.order.what == SurveyWhat::Losses
    }

    pub fn plane(&self) -> &MapPlane {
        &self.order.plane
    }

    /// Where the next evaluations are, as many as are told at once and at most so many.
    pub fn places(&self, most: usize) -> Vec<[f64; 2]> {
        let points = self.points.iter().map(|point| self.order.points[*point as usize]);
        let nodes = self.nodes.iter().map(|node| self.grid.node(&self.order.plane.spans, *node));
        points.chain(nodes).skip(self.next).take(most.min(MOST)).collect()
    }

    /// Takes the (n, K) losses that the GPU found at the next places.
    pub fn tell(&mut self, losses: &[f64]) -> SurveyPortion {
        let mut portion = SurveyPortion { by_gpu: true, ..SurveyPortion::default() };
        for losses in losses.chunks_exact(self.losses.len().max(1)) {
            let at_node = self.next.checked_sub(self.points.len());
            if let Some(&node) = at_node.and_then(|at| self.nodes.get(at)) {
                portion.nodes.push(node);
                portion.losses.extend(losses.iter().map(|loss| *loss as f32));
            } else if let Some(&point) = self.points.get(self.next) {
                portion.points.push(point);
                portion.point_losses.extend_from_slice(losses);
            } else {
                break;
            }
            self.next += 1;
        }
        portion.done = self.next as u32;
        portion.of = self.of() as u32;
        portion
    }

    /// Evaluates at least once where something is left, and on until `enough` says so.
    pub fn portion(&mut self, ground: &mut Ground, enough: &mut dyn FnMut() -> bool) -> SurveyPortion {
        let mut portion = SurveyPortion::default();
        for _ in 0..MOST {
            let at_node = self.next.checked_sub(self.points.len());
            if let Some(&node) = at_node.and_then(|at| self.nodes.get(at)) {
                let at = self.grid.node(&self.order.plane.spans, node);
                match self.order.what {
                    SurveyWhat::Losses => ground.losses(at, &mut self.losses),
                    SurveyWhat::Pull => {
                        ground.pull(at, &mut self.losses, &mut self.numbers);
                        portion.pulls.extend_from_slice(&self.numbers);
                    }
                }
                portion.nodes.push(node);
                portion.losses.extend(self.losses.iter().map(|loss| *loss as f32));
            } else if let Some(&point) = self.points.get(self.next) {
                ground.losses(self.order.points[point as usize], &mut self.losses);
                portion.points.push(point);
                portion.point_losses.extend_from_slice(&self.losses);
            } else {
                break;
            }
            self.next += 1;
            if enough() {
                break;
            }
        }
        portion.done = self.next as u32;
        portion.of = self.of() as u32;
        portion
    }
}
