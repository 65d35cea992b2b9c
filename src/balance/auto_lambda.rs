//! Auto-λ (Liu et al. 2022): w descends the validation loss that one step with w would lead to.
//!
//! For θ′ = θ − lr Σ wᵢ∇Lᵢ(θ) the derivative of Σ Lⱼᵛᵃˡ(θ′) by wᵢ is −lr gᵢ·Σⱼ gⱼᵛᵃˡ(θ′), exactly what the paper takes
//! by finite differences; here through the shared parameters, while θ′ moves the heads too. w takes an Adam step with
//! its own learning rate and is then used; it starts at `init` each and stays at 0 or above. Without a look-ahead
//! (single steps of the command line) w stays where it starts.

use super::solve::adam::Adam;
use super::{
    Build, Gramian, GramianMethod, Kind, Knob, KnobScale, Method, Need, Outcome, Promise, Setup, Source, StepContext,
    Venue,
};

pub const METHOD: Method = Method {
    id: "auto_lambda",
    label: "Auto-λ",
    gloss: "validation look-ahead",
    optimizes: "Looks one step ahead and asks how each task's weight would have changed the validation losses there: tasks that help the others gain weight.",
    choose: "When there are validation rows and you want to learn from them which tasks help the others.",
    avoid: "When training is short: at its default pace a weight moves by at most about 0.1 in a thousand steps. When every step has to be cheap.",
    pitfalls: "The paper and LibMTL estimate the derivative by finite differences; here it is exact, but taken through the shared parameters only, and all validation losses count alike, where the paper can also pick some tasks. The step ahead is a plain gradient step whatever the optimizer; w takes an Adam step and stays at 0 or above. All weights start at 0.1, so plain SGD begins with steps ten times shorter than those of Sum.",
    promises: &[Promise::OrderFree],
    source: Source {
        authors: &["Shikun Liu", "Stephen James", "Andrew J. Davison", "Edward Johns"],
        title: "Auto-Lambda: Disentangling Dynamic Task Relationships",
        venue: Venue::Journal("TMLR"),
        year: 2022,
        link: "https://arxiv.org/abs/2202.03091",
    },
    kind: Kind::LossWeighting,
    knobs: &[
        Knob {
            name: "meta_lr",
            label: "learning rate of w",
            default: 1e-4,
            min: 1e-5,
            max: 0.1,
            scale: KnobScale::Log,
        },
        Knob { name: "init", label: "w at the start", default: 0.1, min: 0.01, max: 1.0, scale: KnobScale::Log },
    ],
    needs: &[Need::HeadsScaledByWeights, Need::LookAhead],
    same_direction_k2: &[],
    build: Build::Gramian(|setup| Box::new(AutoLambda::new(setup))),
};

struct AutoLambda {
    meta_lr: f64,
    w: Vec<f64>,        // (K)
    gradient: Vec<f64>, // (K)
    adam: Adam,
}

impl AutoLambda {
    fn new(setup: &Setup) -> Self {
        let k = setup.n_tasks;
        Self { meta_lr: setup.knobs[0], w: vec![setup.knobs[1]; k], gradient: vec![0.0; k], adam: Adam::new(k) }
    }
}

impl GramianMethod for AutoLambda {
    fn look_ahead(&self, w: &mut [f64]) {
        w.copy_from_slice(&self.w);
    }

    fn weights(&mut self, ctx: &StepContext<'_>, _gramian: &Gramian, w: &mut [f64]) -> Outcome {
        if let Some(cross) = ctx.served.cross {
            let k = w.len();
            for (gradient, row) in self.gradient.iter_mut().zip(cross.chunks_exact(k)) {
                *gradient = -ctx.learning_rate * row.iter().sum::<f64>();
            }
            self.adam.step(self.meta_lr, &self.gradient, &mut self.w);
            self.w.iter_mut().for_each(|w| *w = w.max(0.0));
        }
        w.copy_from_slice(&self.w);
        Outcome::Settled
    }
}
