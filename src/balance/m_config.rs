//! M-ConFIG (Liu et al. 2024, algorithm 1): ConFIG of the gradients' momenta, of which a step renews only some.
//!
//! mᵢ ← βmᵢ + (1 − β)gᵢ for the tasks whose turn it is, in cyclic order; the first step renews all. d is ConFIG's for
//! m̂ᵢ = mᵢ/(1 − β^tᵢ), tᵢ renewals of task i so far. The paper's second moment belongs to Adam; here the run's own
//! optimizer has that part. Degenerate momenta are treated as `config` treats gradients.

use super::{
    Build, Gramian, GramianMethod, Kind, Knob, KnobScale, Method, Need, Outcome, Promise, Setup, StepContext, config,
};

pub const METHOD: Method = Method {
    id: "m_config",
    label: "M-ConFIG",
    gloss: "angles of momenta",
    optimizes: "ConFIG on running means of the gradients, of which only some, one unless set otherwise, are renewed in a step.",
    choose: "When ConFIG suits the tasks but gradients of single batches are too noisy for it.",
    avoid: "When gradients turn fast: a task is renewed only once in K steps, so with β = 0.9 its running mean looks back about 10·K steps.",
    pitfalls: "The paper keeps second moments too, which belong to Adam; here the run's own optimizer has that part. All K gradients are computed so that they can be shown, but those whose turn it is not have no effect; the first step renews all. Turns go round in the order of the tasks, and the means are corrected for their start at 0.",
    promises: &[Promise::Linear],
    source: super::config::METHOD.source,
    kind: Kind::GradientWeighting,
    knobs: &[
        Knob { name: "beta", label: "memory β", default: 0.9, min: 0.0, max: 0.999, scale: KnobScale::Linear },
        Knob {
            name: "renewed",
            label: "tasks renewed a step",
            default: 1.0,
            min: 1.0,
            max: 16.0,
            scale: KnobScale::Integer,
        },
    ],
    needs: &[Need::KeptRows, Need::Preference],
    same_direction_k2: &[],
    build: Build::Gramian(|setup| Box::new(MConFig::new(setup))),
};

struct MConFig {
    beta: f64,
    renewed: usize,
    next: usize,
    corrections: Vec<f64>, // (K) 1 − β^t
    inverse: Vec<f64>,     // (K)
    corrected: Gramian,
}

impl MConFig {
    fn new(setup: &Setup) -> Self {
        let k = setup.n_tasks;
        Self {
            beta: setup.knobs[0],
            renewed: (setup.knobs[1] as usize).clamp(1, k),
            next: 0,
            corrections: vec![0.0; k],
            inverse: vec![0.0; k],
            corrected: Gramian::new(k),
        }
    }
}

impl GramianMethod for MConFig {
    fn keep(&mut self, ctx: &StepContext<'_>, _gramian: &Gramian, keep: &mut [f64], add: &mut [f64]) {
        let k = keep.len();
        keep.fill(1.0);
        add.fill(0.0);
        let count = if ctx.step == 0 { k } else { self.renewed };
        for turn in 0..count {
            let task = (self.next + turn) % k;
            keep[task] = self.beta;
            add[task] = 1.0 - self.beta;
            // 1 − β^(t+1) = β(1 − β^t) + 1 − β: the mean of ones.
            self.corrections[task] = self.beta * self.corrections[task] + 1.0 - self.beta;
        }
        self.next = (self.next + count) % k;
    }

    fn weights(&mut self, ctx: &StepContext<'_>, kept: &Gramian, w: &mut [f64]) -> Outcome {
        for (inverse, &correction) in self.inverse.iter_mut().zip(&self.corrections) {
            *inverse = if correction > 0.0 { 1.0 / correction } else { 0.0 };
        }
        self.corrected.set_scaled(kept, &self.inverse);
        let outcome = config::equal_angles(&self.corrected, ctx.preference, w);
        for (w, inverse) in w.iter_mut().zip(&self.inverse) {
            *w *= inverse;
        }
        outcome
    }
}
