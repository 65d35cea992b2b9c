//! UPGrad (Quinton & Rey 2024): each gradient is projected onto the dual cone, then all are averaged.
//!
//! For every i, vᵢ = argmin ½ vᵀM′v over v ≥ αᵢeᵢ; w = Σ vᵢ, so gᵢ·d ≥ 0 for all tasks. M′ is M divided by
//! its trace plus `reg_eps`·I; below a trace of `norm_eps` M counts as 0 and d is the mean. Both are the
//! reference library's; here they default to 0, since absolute thresholds act late in training. For K = 2
//! and reg_eps = 0 this is half of PCGrad.

use super::solve::dual_cone::Scaled;
use super::solve::{Column, MAX_TASKS};
use super::{
    Build, Construction, Gramian, GramianMethod, Kind, Knob, KnobScale, Method, Need, Outcome, Promise, ResidentKernel,
    Setup, Source, StepContext, Venue,
};

pub const METHOD: Method = Method {
    id: "upgrad",
    label: "UPGrad",
    gloss: "cone projection",
    optimizes: "Projects each task gradient onto the directions that hurt no task, then averages.",
    choose: "When no task may get worse, with any number of tasks, and longer gradients should still count for more.",
    avoid: "When one task has much longer gradients than the others: it leads the average. Nash-MTL takes the lengths out.",
    pitfalls: "TorchJD adds 1e-4 to the diagonal of the normalized M, which shifts d by about as much, and falls back to the mean when the trace of M is below 1e-4, which happens late in training. Both are settings here and off by default. For two tasks and an even preference it is half of PCGrad.",
    promises: &[Promise::NoTaskHurt, Promise::OrderFree, Promise::Linear, Promise::RestsWhenOpposed],
    source: Source {
        authors: &["Pierre Quinton", "Val{\\'e}rian Rey"],
        title: "Jacobian Descent for Multi-Objective Optimization",
        venue: Venue::Preprint,
        year: 2024,
        link: "https://arxiv.org/abs/2406.16232",
    },
    kind: Kind::GradientWeighting,
    knobs: DUAL_CONE_KNOBS,
    needs: &[Need::Preference],
    same_direction_k2: &["pcgrad"],
    build: Build::Gramian(|setup| Box::new(UpGrad::new(setup))),
};

/// Compatibility thresholds of the methods that project onto the dual cone.
pub(super) const DUAL_CONE_KNOBS: &[Knob] = &[
    Knob { name: "norm_eps", label: "smallest trace of M", default: 0.0, min: 0.0, max: 1.0, scale: KnobScale::Linear },
    Knob { name: "reg_eps", label: "ridge on M", default: 0.0, min: 0.0, max: 1.0, scale: KnobScale::Linear },
];

/// Whether the trace of M is below the threshold, so that M counts as 0.
pub(super) fn is_too_small(gramian: &Gramian, norm_eps: f64) -> bool {
    gramian.norms().iter().map(|n| n * n).sum::<f64>() < norm_eps
}

struct UpGrad {
    norm_eps: f64,
    reg_eps: f64,
    moved_by: Vec<u16>, // (K)
}

impl UpGrad {
    fn new(setup: &Setup) -> Self {
        Self { norm_eps: setup.knobs[0], reg_eps: setup.knobs[1], moved_by: vec![0; setup.n_tasks] }
    }
}

impl GramianMethod for UpGrad {
    fn resident(&self) -> Option<ResidentKernel> {
        let sources = &[shader!("solve/cone"), shader!("upgrad")];
        Some(ResidentKernel {
            name: METHOD.id,
            sources,
            settings: [self.norm_eps as f32, self.reg_eps as f32, 0.0, 0.0],
        })
    }

    fn weights(&mut self, ctx: &StepContext<'_>, gramian: &Gramian, w: &mut [f64]) -> Outcome {
        let k = w.len();
        self.moved_by.fill(0);
        if is_too_small(gramian, self.norm_eps) {
            w.copy_from_slice(ctx.preference);
            return Outcome::Degenerate;
        }
        w.fill(0.0);
        let scaled = Scaled::new(gramian, self.reg_eps);
        let mut outcome = Outcome::Settled;
        for i in 0..k {
            let mut p: Column = [0.0; MAX_TASKS];
            p[i] = ctx.preference[i];
            let mut before: Column = [0.0; MAX_TASKS];
            before[..k].copy_from_slice(w);
            if scaled.project(&p[..k], w) != Outcome::Settled {
                outcome = Outcome::NotSettled;
            }
            // Multipliers of constraints that do not bind are exactly 0.
            for j in (0..k).filter(|&j| j != i && w[j] != before[j]) {
                self.moved_by[i] |= 1 << j;
            }
        }
        outcome
    }

    fn construction(&self) -> Option<Construction> {
        Some(Construction::DualCone)
    }

    fn moved_by(&self) -> &[u16] {
        &self.moved_by
    }
}
