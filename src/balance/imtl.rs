//! IMTL (Liu et al. 2021): IMTL-L's learned loss scales, and IMTL-G's equal projections of what they scale.
//!
//! The shared parameters take Σ αᵢ e^(sᵢ) gᵢ with α of IMTL-G on the rows e^(sᵢ)gᵢ, the heads e^(sᵢ) times their own
//! gradient. Equal projections on unit gradients do not see scales, so the direction is that of `imtl_g`, only its
//! length and the heads differ. s descends e^(sᵢ)Lᵢ − sᵢ as in `imtl_l`; degenerate gradients as in `imtl_g`.

use super::solve::adam::Adam;
use super::{Build, Gramian, GramianMethod, Kind, Method, Need, Outcome, Promise, Setup, StepContext, imtl_g, imtl_l};

pub const METHOD: Method = Method {
    id: "imtl",
    label: "IMTL",
    gloss: "scales and projections",
    optimizes: "Learns one scale per loss, which the heads follow, and combines the scaled shared gradients with equal projections on each of them.",
    choose: "When no task should be favored, in the heads or in the trunk, whatever the units of the losses.",
    avoid: "When there are three tasks or more and gradients are close to dependent: as in IMTL-G, weights can turn negative and grow large. When a preference has to count: it does not enter.",
    pitfalls: "LibMTL always applies both parts and cannot run IMTL-G alone; TorchJD has each part alone. Here all three are methods. Equal projections do not see the scales, so the trunk takes the direction of IMTL-G and only the length of the step and the heads differ; an Adam of their own learns the scales with the model's learning rate.",
    promises: &[Promise::OrderFree, Promise::Linear, Promise::RestsWhenOpposed],
    source: super::imtl_g::METHOD.source,
    kind: Kind::GradientWeighting,
    knobs: &[imtl_l::START],
    needs: &[Need::LossValues],
    same_direction_k2: &["imtl_g", "nash_mtl", "config", "fairgrad"],
    build: Build::Gramian(|setup| Box::new(Imtl::new(setup))),
};

struct Imtl {
    log_scale: Vec<f64>, // (K)
    scale: Vec<f64>,     // (K) e^s of this step
    gradient: Vec<f64>,  // (K)
    adam: Adam,
    scaled: Gramian,
}

impl Imtl {
    fn new(setup: &Setup) -> Self {
        let k = setup.n_tasks;
        Self {
            log_scale: vec![setup.knobs[0]; k],
            scale: vec![1.0; k],
            gradient: vec![0.0; k],
            adam: Adam::new(k),
            scaled: Gramian::new(k),
        }
    }
}

impl GramianMethod for Imtl {
    fn weights(&mut self, ctx: &StepContext<'_>, gramian: &Gramian, w: &mut [f64]) -> Outcome {
        imtl_l::evaluate(ctx.losses, &self.log_scale, &mut self.scale, &mut self.gradient);
        imtl_l::learn(&mut self.adam, ctx.learning_rate, &self.gradient, &mut self.log_scale);
        self.scaled.set_scaled(gramian, &self.scale);
        let outcome = imtl_g::equal_projections(&self.scaled, w);
        for (w, scale) in w.iter_mut().zip(&self.scale) {
            *w *= scale;
        }
        outcome
    }

    fn head_weights(&self) -> Option<&[f64]> {
        Some(&self.scale)
    }
}
