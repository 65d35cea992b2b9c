//! GradNorm (Chen et al. 2018): w descends Σ |wᵢnᵢ − N̄ rᵢ^α|, so that weighted gradients level out by progress.
//!
//! n are the lengths of the gradients at the last shared layer, N̄ = mean(wᵢnᵢ) is held fixed, and
//! rᵢ = (Lᵢ/Lᵢ⁰)/mean(L/L⁰) with the losses of step 0. w takes an Adam step of its own and is renormalized to
//! Σ w = K (the paper; LibMTL learns the logits of a softmax instead). Lengths enter relative to their mean, so a
//! common factor of the gradients changes nothing. A loss that was not positive at step 0, or is none now, counts
//! as not having moved; r ≤ 1e3. Weights stay at 1e-3 or above. All gradients zero: w stays.

use super::solve::adam::Adam;
use super::{
    Build, Gramian, GramianMethod, Kind, Knob, KnobScale, Method, Need, Outcome, Promise, Setup, Source, StepContext,
    Venue,
};

pub const METHOD: Method = Method {
    id: "gradnorm",
    label: "GradNorm",
    gloss: "leveled norms",
    optimizes: "Learns loss weights that bring the weighted gradients at the last shared layer to a common length, longer for tasks that have come less far. Large α pulls harder toward equal progress; 0 only levels the lengths.",
    choose: "When losses have different units or tasks learn at different speeds, and weights that even this out should be learned.",
    avoid: "When gradients point against each other: only their lengths count. When weights have to react at once: they move by a small learning rate of their own.",
    pitfalls: "The paper has α from 0.12 to 3, LibMTL 1.5, Samsung's code 2. LibMTL measures all shared parameters, learns the logits of a softmax with the model's optimizer and compares with the mean losses of the first epoch. Here α is 1.5, the lengths are those at the last shared layer, w takes Adam steps of rate 0.025 and is scaled back to Σ w = K, and progress counts from the losses of step 0.",
    promises: &[Promise::OrderFree, Promise::Linear, Promise::SumsToK],
    source: Source {
        authors: &["Zhao Chen", "Vijay Badrinarayanan", "Chen-Yu Lee", "Andrew Rabinovich"],
        title: "GradNorm: Gradient Normalization for Adaptive Loss Balancing in Deep Multitask Networks",
        venue: Venue::Proceedings("ICML"),
        year: 2018,
        link: "https://arxiv.org/abs/1711.02257",
    },
    kind: Kind::LossWeighting,
    knobs: &[
        Knob {
            name: "alpha",
            label: "pull to equal progress",
            default: 1.5,
            min: 0.0,
            max: 3.0,
            scale: KnobScale::Linear,
        },
        Knob { name: "w_lr", label: "learning rate of w", default: 0.025, min: 1e-4, max: 1.0, scale: KnobScale::Log },
    ],
    needs: &[Need::HeadsScaledByWeights, Need::LossValues, Need::LastLayer],
    same_direction_k2: &[],
    build: Build::Gramian(|setup| Box::new(GradNorm::new(setup))),
};

const SMALLEST: f64 = 1e-3;
const LARGEST_RATIO: f64 = 1e3;

struct GradNorm {
    alpha: f64,
    w_lr: f64,
    w: Vec<f64>,        // (K)
    lengths: Vec<f64>,  // (K)
    targets: Vec<f64>,  // (K) r^α
    gradient: Vec<f64>, // (K)
    adam: Adam,
}

impl GradNorm {
    fn new(setup: &Setup) -> Self {
        let k = setup.n_tasks;
        Self {
            alpha: setup.knobs[0],
            w_lr: setup.knobs[1],
            w: vec![1.0; k],
            lengths: vec![0.0; k],
            targets: vec![0.0; k],
            gradient: vec![0.0; k],
            adam: Adam::new(k),
        }
    }
}

impl GramianMethod for GradNorm {
    fn weights(&mut self, ctx: &StepContext<'_>, gramian: &Gramian, w: &mut [f64]) -> Outcome {
        w.copy_from_slice(&self.w);
        let k = w.len() as f64;
        let norms = ctx.served.last_layer.unwrap_or(gramian).norms();
        let top = norms.iter().copied().fold(0.0, f64::max);
        if top == 0.0 {
            return Outcome::Degenerate;
        }
        let mean = norms.iter().map(|n| n / top).sum::<f64>() / k;
        for (length, n) in self.lengths.iter_mut().zip(norms) {
            *length = n / top / mean;
        }
        progress(ctx.losses, ctx.first_losses, self.alpha, &mut self.targets);
        evaluate(&self.lengths, w, &self.targets, &mut self.gradient);
        // θ and w descend together from the same point, so w moves after it was read.
        self.adam.step(self.w_lr, &self.gradient, &mut self.w);
        let mut total = 0.0;
        for w in &mut self.w {
            *w = w.max(SMALLEST);
            total += *w;
        }
        for w in &mut self.w {
            *w *= k / total;
        }
        Outcome::Settled
    }
}

/// Writes rᵢ^α (K), r = (L/L⁰) over its mean.
pub fn progress(losses: &[f64], first: &[f64], alpha: f64, out: &mut [f64]) {
    for (out, (&loss, &first)) in out.iter_mut().zip(losses.iter().zip(first)) {
        *out = if loss > 0.0 && first > 0.0 { (loss / first).min(1e12) } else { 1.0 };
    }
    let mean = out.iter().sum::<f64>() / out.len() as f64;
    for r in out.iter_mut() {
        *r = if mean > 0.0 { libm::pow((*r / mean).min(LARGEST_RATIO), alpha) } else { 1.0 };
    }
}

/// Writes the gradient of Σ |wᵢnᵢ − N̄ targetᵢ| with respect to w (K), N̄ held fixed; returns the sum.
pub fn evaluate(lengths: &[f64], w: &[f64], targets: &[f64], gradient: &mut [f64]) -> f64 {
    let mean = w.iter().zip(lengths).map(|(w, n)| w * n).sum::<f64>() / w.len() as f64;
    let mut value = 0.0;
    for (i, (&n, &target)) in lengths.iter().zip(targets).enumerate() {
        let off = w[i] * n - mean * target;
        value += off.abs();
        gradient[i] = if off == 0.0 { 0.0 } else { n * off.signum() };
    }
    value
}
