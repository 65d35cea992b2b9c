//! GradVac, gradient vaccine (Wang et al. 2021): raises each pair's cosine to its running average.
//!
//! As in `pcgrad`, for every i over the other tasks j in random order: with φ = cos(ĝᵢ, gⱼ) and its target φ̂ᵢⱼ,
//! if φ < φ̂ then ĝᵢ ← ĝᵢ + ‖ĝᵢ‖(φ̂√(1−φ²) − φ√(1−φ̂²))/(‖gⱼ‖√(1−φ̂²)) gⱼ, which makes the cosine φ̂; after every
//! visit φ̂ ← (1−β)φ̂ + βφ. Targets start at 0, so the first step is PCGrad. One library moves targets only
//! where they act. |φ̂| stays below 0.9999, or one gradient could be added without bound. Zero gradients are
//! skipped and keep w = 1; a ĝᵢ that vanished has cosine 0.

use super::pcgrad::draw_orders;
use super::solve::{Column, MAX_TASKS, Square, dot};
use super::{
    Build, Gramian, GramianMethod, Kind, Knob, KnobScale, Method, Outcome, Promise, Setup, Source, StepContext, Venue,
};

pub const METHOD: Method = Method {
    id: "gradvac",
    label: "GradVac",
    gloss: "cosine targets",
    optimizes: "Keeps a running average of the cosine of every two tasks and, whenever a pair agrees less than that, adds so much of the other gradient that it agrees as usual. Acts also on pairs that merely agree less than before; PCGrad is the same with a target of 0.",
    choose: "When tasks are related to different degrees, as the languages of one model are, and each pair should keep the agreement it usually has.",
    avoid: "When a step should follow from its own gradients alone: the targets carry the past of the run. Large gradients stay large in the sum, and from three tasks on the random order matters.",
    pitfalls: "β is 0.01 in the paper and 0.5 in the libraries; targets can be kept per layer or matrix, and Samsung's code moves them only where they act. Here β is 0.5, every pair has targets for all shared parameters together, and they move at every visit. They start at 0, so the first step is PCGrad's, and stay within ±0.9999.",
    promises: &[Promise::Linear, Promise::RestsWhenOpposed],
    source: Source {
        authors: &["Zirui Wang", "Yulia Tsvetkov", "Orhan Firat", "Yuan Cao"],
        title: "Gradient Vaccine: Investigating and Improving Multi-task Optimization in Massively Multilingual Models",
        venue: Venue::Proceedings("ICLR"),
        year: 2021,
        link: "https://arxiv.org/abs/2010.05874",
    },
    kind: Kind::GradientWeighting,
    knobs: &[Knob {
        name: "beta",
        label: "rate of the average β",
        default: 0.5,
        min: 0.0,
        max: 1.0,
        scale: KnobScale::Linear,
    }],
    needs: &[],
    same_direction_k2: &[],
    build: Build::Gramian(|setup| Box::new(GradVac::new(setup))),
};

/// Largest cosine that a pair is held to.
const MOST_ALIKE: f64 = 0.9999;

/// Targets φ̂ of all pairs.
pub struct GradVac {
    beta: f64,
    targets: Square,    // (K, K)
    moved_by: Vec<u16>, // (K)
}

impl GradVac {
    pub fn new(setup: &Setup) -> Self {
        Self { beta: setup.knobs[0], targets: [0.0; MAX_TASKS * MAX_TASKS], moved_by: vec![0; setup.n_tasks] }
    }

    /// One step for given `orders` (K, K), as in [`super::pcgrad::project`]; writes w (K).
    pub fn vaccinate(&mut self, gramian: &Gramian, orders: &[usize], w: &mut [f64]) {
        let k = w.len();
        w.fill(0.0);
        self.moved_by.fill(0);
        for i in 0..k {
            if gramian.is_zero(i) {
                w[i] += 1.0;
                continue;
            }
            // ĝᵢ/‖gᵢ‖ = Σ xⱼ uⱼ over unit rows u; along = xᵀC.
            let mut x: Column = [0.0; MAX_TASKS];
            let mut along: Column = [0.0; MAX_TASKS];
            x[i] = 1.0;
            for l in 0..k {
                along[l] = gramian.cosine(i, l);
            }
            for &j in orders[i * k..(i + 1) * k].iter().filter(|&&j| j != i && !gramian.is_zero(j)) {
                let size: f64 = x[..k].iter().map(|x| x.abs()).sum();
                let square = dot(&x[..k], &along[..k]);
                let length = if square > gramian.noise() * size * size { square.sqrt() } else { 0.0 };
                let cosine = if length > 0.0 { (along[j] / length).clamp(-1.0, 1.0) } else { 0.0 };
                let target = &mut self.targets[i * k + j];
                if cosine < *target {
                    let (sine, wanted) = ((1.0 - cosine * cosine).sqrt(), (1.0 - *target * *target).sqrt());
                    let dose = length * (*target * sine / wanted - cosine);
                    x[j] += dose;
                    self.moved_by[i] |= 1 << j;
                    for l in 0..k {
                        along[l] += dose * gramian.cosine(j, l);
                    }
                }
                *target = ((1.0 - self.beta) * *target + self.beta * cosine).clamp(-MOST_ALIKE, MOST_ALIKE);
            }
            for j in (0..k).filter(|&j| x[j] != 0.0) {
                w[j] += x[j] * (gramian.norms()[i] / gramian.norms()[j]);
            }
        }
    }
}

impl GramianMethod for GradVac {
    fn weights(&mut self, ctx: &StepContext<'_>, gramian: &Gramian, w: &mut [f64]) -> Outcome {
        let k = w.len();
        let orders = draw_orders(&ctx.draws(), k);
        self.vaccinate(gramian, &orders[..k * k], w);
        Outcome::Settled
    }

    fn moved_by(&self) -> &[u16] {
        &self.moved_by
    }
}
