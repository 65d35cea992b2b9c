//! Trimmed mean (Yin et al. 2018): in each coordinate the t largest and t smallest entries are dropped.
//!
//! dₚ is the mean of the K − 2t entries between. Needs K ≥ 2t + 1; with fewer tasks t is the largest number
//! that leaves an entry, which makes it the median (K odd) or the mean of the two middle entries (K even).

use super::solve::MAX_TASKS;
use super::{Build, Kind, Knob, KnobScale, Method, Promise, RowsKernel, RowsMethod, Setup, Source, StepContext, Venue};

pub const METHOD: Method = Method {
    id: "trimmed_mean",
    label: "Trimmed mean",
    gloss: "without extremes",
    optimizes: "In every coordinate drops the t largest and the t smallest entries and averages the rest, so no single task can pull a parameter far.",
    choose: "When some gradients may be forged or broken and most can be trusted.",
    avoid: "When every task is honest but different: whoever stands out is silenced. It also depends on the coordinates, and with two tasks it is Mean.",
    pitfalls: "The paper trims over many machines that share one task; over a few tasks t = 1 already drops much, and with three tasks it is the median. TorchJD needs 2t + 1 tasks; here t is lowered until an entry is left. The result is in general no weighted sum of the gradients.",
    promises: &[Promise::OrderFree, Promise::Linear, Promise::RestsWhenOpposed],
    source: Source {
        authors: &["Dong Yin", "Yudong Chen", "Kannan Ramchandran", "Peter Bartlett"],
        title: "Byzantine-Robust Distributed Learning: Towards Optimal Statistical Rates",
        venue: Venue::Proceedings("ICML"),
        year: 2018,
        link: "https://arxiv.org/abs/1803.01498",
    },
    kind: Kind::GradientSurgery,
    knobs: &[Knob {
        name: "trim_number",
        label: "entries dropped at each end",
        default: 1.0,
        min: 0.0,
        max: 7.0,
        scale: KnobScale::Integer,
    }],
    needs: &[],
    same_direction_k2: &["sum", "mean", "constant", "krum"],
    build: Build::Rows(|setup| Box::new(TrimmedMean::new(setup))),
};

struct TrimmedMean {
    trim: usize,
}

impl TrimmedMean {
    fn new(setup: &Setup) -> Self {
        Self { trim: (setup.knobs[0] as usize).min(setup.n_tasks.saturating_sub(1) / 2) }
    }
}

impl RowsMethod for TrimmedMean {
    fn kernel(&self) -> Option<RowsKernel> {
        let source = shader!("trimmed_mean");
        Some(RowsKernel { name: METHOD.id, source, settings: [self.trim as f32, 0.0, 0.0, 0.0] })
    }

    fn begin(&mut self, _ctx: &StepContext<'_>, _n_shared: usize) {}

    fn direction(&mut self, _ctx: &StepContext<'_>, _first: usize, rows: &[&[f64]], out: &mut [f64]) {
        let k = rows.len();
        let mut column = [0.0; MAX_TASKS];
        for (p, out) in out.iter_mut().enumerate() {
            for (entry, row) in column.iter_mut().zip(rows) {
                *entry = row[p];
            }
            column[..k].sort_unstable_by(f64::total_cmp);
            *out = column[self.trim..k - self.trim].iter().sum::<f64>() / (k - 2 * self.trim) as f64;
        }
    }
}
