//! UW, uncertainty weighting (Kendall et al. 2018): minimizes Σ ½e^(−sᵢ)Lᵢ + ½sᵢ over θ and sᵢ = log σᵢ².
//!
//! The regression form is used for every task, as all libraries do. s is learned by an Adam of its own
//! with the model's learning rate, so that the network's optimizer and clipping do not reach it; libraries
//! put s into the model's optimizer. |s| ≤ 30 keeps weights finite when losses reach 0.

use super::solve::adam::Adam;
use super::{
    Build, Kind, Knob, KnobScale, LossesMethod, Method, Need, Outcome, Promise, ResidentKernel, Setup, Source,
    StepContext, Venue,
};

pub const METHOD: Method = Method {
    id: "uw",
    label: "UW",
    gloss: "learned uncertainty",
    optimizes: "Learns one variance e^s per task and divides the loss by it, so that every quotient drifts toward 1.",
    choose: "When losses come in different units and their weights should be learned from the losses alone.",
    avoid: "When training is short: s moves by about one learning rate a step. Also when a task that is already well learned should not gain weight.",
    pitfalls: "The paper has no factor ½ on the loss of classification tasks; every library, and this one, uses the regression form for all. s starts at 0 in TorchJD and nash-mtl, at −0.5 in LibMTL, where the model's weight decay reaches it. Here it starts at 0, has an Adam of its own with the model's learning rate, and stays within ±30.",
    promises: &[Promise::OrderFree, Promise::Linear],
    source: Source {
        authors: &["Alex Kendall", "Yarin Gal", "Roberto Cipolla"],
        title: "Multi-Task Learning Using Uncertainty to Weigh Losses for Scene Geometry and Semantics",
        venue: Venue::Proceedings("CVPR"),
        year: 2018,
        link: "https://arxiv.org/abs/1705.07115",
    },
    kind: Kind::LossWeighting,
    knobs: &[Knob {
        name: "log_var",
        label: "s at the start",
        default: 0.0,
        min: -5.0,
        max: 5.0,
        scale: KnobScale::Linear,
    }],
    needs: &[Need::HeadsScaledByWeights, Need::LossValues],
    same_direction_k2: &["imtl_l"],
    build: Build::Losses(|setup| Box::new(Uw::new(setup))),
};

const LARGEST_LOG_VAR: f64 = 30.0;

struct Uw {
    log_var: Vec<f64>,  // (K)
    gradient: Vec<f64>, // (K)
    adam: Adam,
}

impl Uw {
    fn new(setup: &Setup) -> Self {
        let k = setup.n_tasks;
        Self { log_var: vec![setup.knobs[0]; k], gradient: vec![0.0; k], adam: Adam::new(k) }
    }
}

impl LossesMethod for Uw {
    fn resident(&self) -> Option<ResidentKernel> {
        let sources = &[shader!("solve/adam"), shader!("uw")];
        Some(ResidentKernel { name: METHOD.id, sources, settings: [self.log_var[0] as f32, 0.0, 0.0, 0.0] })
    }

    fn weights(&mut self, ctx: &StepContext<'_>, w: &mut [f64]) -> Outcome {
        evaluate(ctx.losses, &self.log_var, w, &mut self.gradient);
        // θ and s descend together from the same point, so s moves after w was read.
        self.adam.step(ctx.learning_rate, &self.gradient, &mut self.log_var);
        for s in &mut self.log_var {
            *s = s.clamp(-LARGEST_LOG_VAR, LARGEST_LOG_VAR);
        }
        Outcome::Settled
    }
}

/// Writes w = ½e^(−s) and the objective's gradient with respect to s (K each); returns the objective.
pub fn evaluate(losses: &[f64], log_var: &[f64], w: &mut [f64], gradient: &mut [f64]) -> f64 {
    let mut value = 0.0;
    for (i, (&loss, &s)) in losses.iter().zip(log_var).enumerate() {
        w[i] = 0.5 * libm::exp(-s);
        gradient[i] = 0.5 - w[i] * loss;
        value += w[i] * loss + 0.5 * s;
    }
    value
}
