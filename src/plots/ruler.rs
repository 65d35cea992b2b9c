//! What curves are drawn over: steps, backward passes through the shared network, or milliseconds.
//!
//! Over steps all runs walk alike; over the others each has its own stride, so one step of two runs lies at two
//! places, and one place is another step in each.

use super::axis::{self, Scale};
use super::{Kept, Scene};
use crate::config::Along;

/// The stride of every run.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ruler {
    along: Along,
    /// Units a step, one entry a run.
    strides: Vec<f64>,
    /// The same of a network that learns one task alone; `None` where it was not measured.
    alone: Option<f64>,
    /// Where the axis ends, in units.
    most: f64,
    /// The drawn run with the longest stride: its steps reach from end to end.
    base: usize,
}

impl Ruler {
    /// Over steps, whatever the reader chose; without kept runs.
    pub fn steps(scene: &Scene) -> Self {
        Self::even(&Scene { kept: &[], ..*scene })
    }

    fn even(scene: &Scene) -> Self {
        Self::new(scene, Along::Steps, vec![1.0; scene.history.runs.len()], Some(1.0))
    }

    /// Over what the reader chose; over steps while nothing was measured.
    pub fn of(scene: &Scene) -> Self {
        let runs = 0..scene.history.runs.len();
        let (strides, alone): (Vec<f64>, _) = match scene.along {
            Along::Steps => return Self::even(scene),
            Along::Gradients => (runs.map(|run| scene.backward_passes(run)).collect(), Some(1.0)),
            Along::Millis => (runs.map(|run| scene.millis_per_step(run)).collect(), None),
        };
        if scene.runs().iter().any(|run| strides[*run] <= 0.0) {
            return Self::even(scene);
        }
        Self::new(scene, scene.along, strides, alone)
    }

    fn new(scene: &Scene, along: Along, strides: Vec<f64>, alone: Option<f64>) -> Self {
        let base = scene.runs().into_iter().max_by(|a, b| strides[*a].total_cmp(&strides[*b])).unwrap_or(0);
        let stride = strides.get(base).copied().unwrap_or(1.0);
        let mut most = f64::from(scene.last_step()) * stride;
        for kept in scene.kept {
            most = most.max(f64::from(kept.run.last_step()) * Self::stride_of(along, kept).unwrap_or(0.0));
        }
        Self { along, strides, alone, most, base }
    }

    fn stride_of(along: Along, kept: &Kept) -> Option<f64> {
        match along {
            Along::Steps => Some(1.0),
            Along::Gradients => Some(kept.run.backward_passes as f64),
            Along::Millis => Some(kept.run.millis_per_step).filter(|millis| *millis > 0.0),
        }
    }

    /// Units a step of a run.
    pub fn stride(&self, run: usize) -> f64 {
        self.strides.get(run).copied().unwrap_or(1.0)
    }

    /// The same of a kept run, if it can be told.
    pub fn stride_of_kept(&self, kept: &Kept) -> Option<f64> {
        Self::stride_of(self.along, kept)
    }

    /// The same of a network that learns one task alone, if it can be told.
    pub fn stride_alone(&self) -> Option<f64> {
        self.alone
    }

    /// Units to px.
    pub fn scale(&self, left: f64, right: f64) -> Scale {
        Scale::linear(0.0, self.most, left, right)
    }

    /// The place of a step, in units: that of the run with the longest stride.
    pub fn place(&self, step: u32) -> f64 {
        f64::from(step) * self.stride(self.base)
    }

    /// The step at the axis' end, of the run with the longest stride.
    pub fn last_step(&self) -> u32 {
        (self.most / self.stride(self.base)).round() as u32
    }

    /// Round values along the axis.
    pub fn ticks(&self) -> Vec<f64> {
        match self.along {
            Along::Steps => axis::step_values(self.last_step()),
            _ => axis::round_values(0.0, self.most, 4),
        }
    }

    /// What the axis counts, at its end.
    pub fn unit(&self) -> &'static str {
        match self.along {
            Along::Steps => "step",
            Along::Gradients => "gradients",
            Along::Millis => "ms",
        }
    }

    /// The column that tells places in tables; steps have one anyway.
    pub fn column(&self) -> Option<&'static str> {
        match self.along {
            Along::Steps => None,
            Along::Gradients => Some("gradient evaluations"),
            Along::Millis => Some("ms"),
        }
    }

    /// Where a step of a run lies, for that column; exact.
    pub fn cell(&self, run: Option<usize>, step: u32) -> String {
        let stride = run.map_or(self.alone, |run| Some(self.stride(run)));
        stride.map_or_else(String::new, |stride| super::exact(f64::from(step) * stride))
    }

    /// The same of a kept run.
    pub fn cell_of_kept(&self, kept: &Kept, step: u32) -> String {
        let stride = self.stride_of_kept(kept);
        stride.map_or_else(String::new, |stride| super::exact(f64::from(step) * stride))
    }

    /// A place in words: `step 150`, `450 gradients`.
    pub fn words(&self, units: f64) -> String {
        match self.along {
            Along::Steps => format!("step {units}"),
            Along::Gradients => format!("{} gradients", units.round()),
            Along::Millis => format!("{} ms", super::number(units)),
        }
    }
}
