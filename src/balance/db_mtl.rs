//! DB-MTL (Lin et al. 2023): gradients of log losses, averaged over steps, all brought to the longest one's length.
//!
//! ĝᵢ ← βₜĝᵢ + (1 − βₜ)∇log(Lᵢ + 1e-8) from ĝ = 0, βₜ = β/t^σ for update t from 1; d = Σ (maxⱼ‖ĝⱼ‖/(‖ĝᵢ‖ + 1e-8)) ĝᵢ.
//! The mean is not corrected for its start at 0 (the authors' code), so the first steps are short. The heads descend
//! the log losses too. A loss below 0 counts as 0, a zero gradient adds nothing; all zero gives d = 0.

use super::{
    Build, Gramian, GramianMethod, Kind, Knob, KnobScale, Method, Need, Outcome, Promise, Setup, Source, StepContext,
    Venue,
};

pub const METHOD: Method = Method {
    id: "db_mtl",
    label: "DB-MTL",
    gloss: "logs, equal lengths",
    optimizes: "Balances twice: logarithms take the scale out of the losses, and running means of their gradients are all stretched to the length of the longest.",
    choose: "When units and gradient lengths differ and every task should pull equally hard, without a solver.",
    avoid: "When conflict is the problem: directions are left alone. When a loss can come close to 0, for its log gradient grows and sets the length of all; it also keeps K more gradients in memory.",
    pitfalls: "The running mean starts at 0 and is not corrected for it, as in the authors' code, so with β = 0.9 the first step has a tenth of its length. A nearly finished task pulls as hard as the others. Here the heads descend the log losses too, 1e-8 is added to losses and lengths, and β stays as it is unless the knob lets it decay.",
    promises: &[Promise::OrderFree],
    source: Source {
        authors: &[
            "Baijiong Lin",
            "Weisen Jiang",
            "Feiyang Ye",
            "Yu Zhang",
            "Pengguang Chen",
            "Ying-Cong Chen",
            "Shu Liu",
            "Ivor W. Tsang",
            "James T. Kwok",
        ],
        title: "Dual-Balancing for Multi-Task Learning",
        venue: Venue::Preprint,
        year: 2023,
        link: "https://arxiv.org/abs/2308.12029",
    },
    kind: Kind::GradientWeighting,
    knobs: &[
        Knob { name: "beta", label: "memory β", default: 0.9, min: 0.0, max: 0.999, scale: KnobScale::Linear },
        Knob { name: "beta_sigma", label: "decay of β", default: 0.0, min: 0.0, max: 2.0, scale: KnobScale::Linear },
    ],
    needs: &[Need::LossValues, Need::KeptRows],
    same_direction_k2: &[],
    build: Build::Gramian(|setup| Box::new(DbMtl::new(setup))),
};

const FLOOR: f64 = 1e-8;

struct DbMtl {
    beta: f64,
    sigma: f64,
    inverse: Vec<f64>, // (K) 1/L of this step
}

impl DbMtl {
    fn new(setup: &Setup) -> Self {
        Self { beta: setup.knobs[0], sigma: setup.knobs[1], inverse: vec![1.0; setup.n_tasks] }
    }
}

impl GramianMethod for DbMtl {
    fn keep(&mut self, ctx: &StepContext<'_>, _gramian: &Gramian, keep: &mut [f64], add: &mut [f64]) {
        let beta = self.beta / libm::pow((ctx.step + 1) as f64, self.sigma);
        for (inverse, &loss) in self.inverse.iter_mut().zip(ctx.losses) {
            *inverse = 1.0 / (loss.max(0.0) + FLOOR);
        }
        keep.fill(beta);
        for (add, inverse) in add.iter_mut().zip(&self.inverse) {
            *add = (1.0 - beta) * inverse;
        }
    }

    fn weights(&mut self, _ctx: &StepContext<'_>, kept: &Gramian, w: &mut [f64]) -> Outcome {
        let top = kept.norms().iter().copied().fold(0.0, f64::max);
        for (w, norm) in w.iter_mut().zip(kept.norms()) {
            *w = top / (norm + FLOOR);
        }
        if top == 0.0 { Outcome::Degenerate } else { Outcome::Settled }
    }

    fn head_weights(&self) -> Option<&[f64]> {
        Some(&self.inverse)
    }
}
