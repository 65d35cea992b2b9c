//! DualProj: the mean gradient, projected onto the dual cone of all task gradients (GEM: Lopez-Paz & Ranzato 2017).
//!
//! w = argmin ½ vᵀM′v over v ≥ α; M′ and its two thresholds are those of `upgrad`. GEM itself projects the
//! gradient of the current task; the multi-task form projects the mean.

use super::solve::dual_cone::Scaled;
use super::upgrad::{DUAL_CONE_KNOBS, is_too_small};
use super::{Build, Gramian, GramianMethod, Kind, Method, Need, Outcome, Promise, Setup, Source, StepContext, Venue};

pub const METHOD: Method = Method {
    id: "dualproj",
    label: "DualProj",
    gloss: "projected mean",
    optimizes: "Takes the mean gradient and moves it just far enough that no task gets worse. Without a hurt task it is Mean, however far the mean leans toward the largest gradient.",
    choose: "When the mean gradient is what you want, except that no task may get worse.",
    avoid: "When gradient lengths differ much: the projected mean still leans toward the longest.",
    pitfalls: "GEM projects the gradient of the current task away from harm to earlier ones; TorchJD's form for many tasks, used here, projects the mean, weighted by the preference. TorchJD divides the Gramian by its trace, adds 1e-4 to the diagonal, and returns the mean where the trace is below 1e-4, which can happen late in training. Here both numbers are knobs and 0 by default.",
    promises: &[Promise::NoTaskHurt, Promise::OrderFree, Promise::Linear, Promise::RestsWhenOpposed],
    source: Source {
        authors: &["David Lopez-Paz", "Marc'Aurelio Ranzato"],
        title: "Gradient Episodic Memory for Continual Learning",
        venue: Venue::Proceedings("NeurIPS"),
        year: 2017,
        link: "https://arxiv.org/abs/1706.08840",
    },
    kind: Kind::GradientWeighting,
    knobs: DUAL_CONE_KNOBS,
    needs: &[Need::Preference],
    same_direction_k2: &[],
    build: Build::Gramian(|setup| Box::new(DualProj::new(setup))),
};

struct DualProj {
    norm_eps: f64,
    reg_eps: f64,
}

impl DualProj {
    fn new(setup: &Setup) -> Self {
        Self { norm_eps: setup.knobs[0], reg_eps: setup.knobs[1] }
    }
}

impl GramianMethod for DualProj {
    fn weights(&mut self, ctx: &StepContext<'_>, gramian: &Gramian, w: &mut [f64]) -> Outcome {
        if is_too_small(gramian, self.norm_eps) {
            w.copy_from_slice(ctx.preference);
            return Outcome::Degenerate;
        }
        w.fill(0.0);
        Scaled::new(gramian, self.reg_eps).project(ctx.preference, w)
    }
}
