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
    optimizes: "Takes the mean gradient and moves it just far enough that no task gets worse. Without a hurt task it is Mean, however far the mean leans toward the largest gradient. K backward passes and one small quadratic program.",
    choose: "",
    avoid: "",
    pitfalls: "",
    promises: &[Promise::NoTaskHurt, Promise::OrderFree, Promise::Linear, Promise::RestsWhenOpposed],
    source: Source {
        authors: &[],
        title: "Lopez-Paz & Ranzato, Gradient Episodic Memory for Continual Learning (NeurIPS)",
        venue: Venue::Preprint,
        year: 2017,
        link: "",
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
