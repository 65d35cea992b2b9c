//! ExcessMTL (He et al. 2024): weights grow exponentially with how far each task is estimated to be from its optimum.
//!
//! Sᵢ ← Sᵢ + gᵢ² by coordinates, eᵢ = Σₚ gᵢₚ²/√(Sᵢₚ + 1e-7) is the estimated excess risk; wᵢ ← wᵢ exp(η eᵢ/eᵢ⁰),
//! renormalized to Σ w = K. The first step only takes eᵢ⁰ (LibMTL); in TorchJD's variant Σ w = 1, the first step uses e
//! itself and later ones divide by e⁰ + 1e-7. A task whose e⁰ is 0 counts as e = 0; exponents end at 50.

use super::{
    Build, Gramian, GramianMethod, Kind, Knob, KnobScale, Method, Need, Outcome, Promise, Setup, Source, StepContext,
    Venue,
};

pub const METHOD: Method = Method {
    id: "excess_mtl",
    label: "ExcessMTL",
    gloss: "excess risk",
    optimizes: "Estimates from all past gradients how far each task still is from its own optimum and shifts weight there, so that a task with noisy labels, whose loss stays high anyway, does not take over.",
    choose: "When some tasks have noisy labels or losses that cannot reach 0, so that the loss itself would mislead a weighting.",
    avoid: "When runs are long and η is large: growth adds up in the exponent, so that one task can end with all the weight. When memory is short, for it keeps a sum of squares for every entry of G.",
    pitfalls: "LibMTL takes η = 0.01, weights that sum to K and a first step that leaves them alone; TorchJD takes η = 1, weights that sum to 1 and a first step that already applies the raw estimate. Here the rule is LibMTL's, a knob turns to TorchJD's without changing η, and the paper's warm-up of three epochs is left out. A task whose first estimate is 0 never moves by itself.",
    promises: &[Promise::OrderFree, Promise::SumsToK],
    source: Source {
        authors: &[
            "Yifei He",
            "Shiji Zhou",
            "Guojun Zhang",
            "Hyokun Yun",
            "Yi Xu",
            "Belinda Zeng",
            "Trishul Chilimbi",
            "Han Zhao",
        ],
        title: "Robust Multi-Task Learning with Excess Risks",
        venue: Venue::Proceedings("ICML"),
        year: 2024,
        link: "https://arxiv.org/abs/2402.02009",
    },
    kind: Kind::LossWeighting,
    knobs: &[
        Knob { name: "robust_step_size", label: "pace η", default: 0.01, min: 1e-4, max: 10.0, scale: KnobScale::Log },
        Knob::choice("variant", "variant", &["libmtl", "torchjd"]),
    ],
    needs: &[Need::HeadsScaledByWeights, Need::Excess],
    same_direction_k2: &[],
    build: Build::Gramian(|setup| Box::new(ExcessMtl::new(setup))),
};

const FLOOR: f64 = 1e-7;
const LARGEST_EXPONENT: f64 = 50.0;

struct ExcessMtl {
    eta: f64,
    sums_to_one: bool,
    initial: Option<Vec<f64>>, // (K)
    w: Vec<f64>,               // (K)
}

impl ExcessMtl {
    fn new(setup: &Setup) -> Self {
        let k = setup.n_tasks;
        let sums_to_one = setup.knobs[1] == 1.0;
        let even = if sums_to_one { 1.0 / k as f64 } else { 1.0 };
        Self { eta: setup.knobs[0], sums_to_one, initial: None, w: vec![even; k] }
    }

    fn grow(&mut self, exponent: impl Fn(usize) -> f64) {
        let mut total = 0.0;
        for (i, w) in self.w.iter_mut().enumerate() {
            *w *= libm::exp((self.eta * exponent(i)).min(LARGEST_EXPONENT));
            total += *w;
        }
        let sum = if self.sums_to_one { 1.0 } else { self.w.len() as f64 };
        for w in &mut self.w {
            *w *= sum / total;
        }
    }
}

impl GramianMethod for ExcessMtl {
    fn weights(&mut self, ctx: &StepContext<'_>, _gramian: &Gramian, w: &mut [f64]) -> Outcome {
        if let Some(excess) = ctx.served.excess {
            match self.initial.take() {
                Some(initial) => {
                    let floor = if self.sums_to_one { FLOOR } else { 0.0 };
                    self.grow(|i| if initial[i] > 0.0 { excess[i] / (initial[i] + floor) } else { 0.0 });
                    self.initial = Some(initial);
                }
                None => {
                    if self.sums_to_one {
                        self.grow(|i| excess[i]);
                    }
                    self.initial = Some(excess.to_vec());
                }
            }
        }
        w.copy_from_slice(&self.w);
        Outcome::Settled
    }
}
