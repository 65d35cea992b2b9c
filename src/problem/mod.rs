//! Analytic problems: K losses of n parameters with exact gradients, and the Pareto front where it is known.
//!
//! Here θ is x itself: all parameters are shared, there are no rows, no heads and no rounding to f32, so a
//! run shows a method and nothing else. One file a problem, one line each in [`PROBLEMS`].

mod dtlz2;
mod fonseca_fleming;
mod quadratics;
mod toy;
mod zdt;
mod zdt1;
mod zdt2;
mod zdt3;

/// An entry of [`PROBLEMS`].
#[derive(Debug, Clone, Copy)]
pub struct Problem {
    /// Id in links (kebab-case); no data set has the same.
    pub id: &'static str,
    pub label: &'static str,
    /// Two or three sentences: what the losses look like and what they are good for.
    pub about: &'static str,
    pub source: &'static str,
    /// P: all of them are shared.
    pub n_parameters: usize,
    /// Names of the K losses.
    pub tasks: &'static [&'static str],
    pub bounds: Bounds,
    /// Where runs may begin; the first is the default.
    pub starts: &'static [Start],
    /// (K) values that the losses nowhere go below, for methods that divide by losses or take logarithms.
    pub floor: &'static [f64],
    /// Writes the losses (K) at x (P).
    pub losses: fn(&[f64], &mut [f64]),
    /// Writes the gradients (K, P), row-major, at x (P).
    pub gradients: fn(&[f64], &mut [f64]),
    /// The true Pareto front; `None` where no closed form is known.
    pub front: Option<Front>,
}

/// The box of x, the same interval for every coordinate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    pub low: f64,
    pub high: f64,
    pub edge: Edge,
}

/// What the box means to a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// It frames pictures and holds the starting points; x may leave it.
    Open,
    /// The losses have no meaning outside: every update ends at the nearest point of the box.
    Wall,
}

/// A named starting point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Start {
    /// Id in links (kebab-case).
    pub id: &'static str,
    /// (P)
    pub x: &'static [f64],
}

/// A Pareto set and its image, both written down independently of [`Problem::losses`].
#[derive(Debug, Clone, Copy)]
pub struct Front {
    pub parameter: Parameter,
    /// Writes the Pareto-optimal x (P) of a parameter value.
    pub set: fn(&[f64], &mut [f64]),
    /// Writes its losses (K).
    pub losses: fn(&[f64], &mut [f64]),
}

/// What a front is parametrized by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Parameter {
    /// A number in one of these intervals, ascending: one curve each.
    Intervals(&'static [[f64; 2]]),
    /// Two numbers from 0 to 1: a surface.
    Square,
}

/// Points along each curve of a Pareto set that distances are taken to, with straight lines between.
const SET_POINTS: usize = 257;

/// How far a point is from a curve of straight lines; infinite for an empty one.
pub fn distance_to<P: AsRef<[f64]>>(curve: &[P], x: &[f64]) -> f64 {
    let square = |from: &[f64], to: &[f64]| -> f64 {
        let way = || from.iter().zip(to).map(|(from, to)| to - from);
        let beside = from.iter().zip(x).zip(way()).map(|((from, x), way)| (x - from) * way).sum::<f64>();
        let length = way().map(|way| way * way).sum::<f64>();
        let share = if length > 0.0 { (beside / length).clamp(0.0, 1.0) } else { 0.0 };
        from.iter().zip(x).zip(way()).map(|((from, x), way)| (x - from - share * way).powi(2)).sum()
    };
    let ends = curve.iter().zip(curve.iter().skip(1).chain(curve.last()));
    ends.map(|(from, to)| square(from.as_ref(), to.as_ref())).fold(f64::INFINITY, f64::min).sqrt()
}

/// The one list of problems.
pub const PROBLEMS: &[Problem] = &[
    toy::PROBLEM,
    quadratics::PROBLEM,
    fonseca_fleming::PROBLEM,
    zdt1::PROBLEM,
    zdt2::PROBLEM,
    zdt3::PROBLEM,
    dtlz2::PROBLEM,
];

/// The entry with this id.
pub fn problem(id: &str) -> Option<&'static Problem> {
    PROBLEMS.iter().find(|problem| problem.id == id)
}

impl Problem {
    /// K.
    pub fn n_tasks(&self) -> usize {
        self.tasks.len()
    }

    /// The starting point with this id.
    pub fn start(&self, id: &str) -> Option<&'static Start> {
        self.starts.iter().find(|start| start.id == id)
    }

    /// Puts x where [`Edge`] wants it after an update.
    pub fn confine(&self, x: &mut [f64]) {
        if self.bounds.edge == Edge::Wall {
            for x in x {
                *x = x.clamp(self.bounds.low, self.bounds.high);
            }
        }
    }
}

impl Front {
    /// How far a point is from the Pareto set.
    pub fn distance(&self, x: &[f64]) -> f64 {
        let mut point = vec![0.0; x.len()];
        let curves = self.samples(SET_POINTS).into_iter().map(|curve| {
            let on = |at: [f64; 2]| {
                (self.set)(&at, &mut point);
                point.clone()
            };
            curve.into_iter().map(on).collect::<Vec<_>>()
        });
        curves.map(|curve| distance_to(&curve, x)).fold(f64::INFINITY, f64::min)
    }

    /// Parameter values along each curve, or along one family of lines over a surface; `n` a curve, both ends in.
    pub fn samples(&self, n: usize) -> Vec<Vec<[f64; 2]>> {
        let share = |i: usize| i as f64 / (n.max(2) - 1) as f64;
        match self.parameter {
            Parameter::Intervals(intervals) => {
                let curve = |[from, to]: &[f64; 2]| (0..n).map(|i| [from + (to - from) * share(i), 0.0]).collect();
                intervals.iter().map(curve).collect()
            }
            Parameter::Square => (0..n).map(|i| (0..n).map(|j| [share(i), share(j)]).collect()).collect(),
        }
    }
}
