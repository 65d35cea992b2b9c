//! EPO search (Mahapatra & Rajan 2020): Pareto optimal where rᵢLᵢ is the same for all tasks, r the preference.
//!
//! With l̂ = r⊙L/Σ and the imbalance μ = Σ l̂ log(K l̂), the anchor a = r⊙(log(K l̂) − μ) is the direction in
//! loss space that restores balance. Linear programs over the simplex choose w. Balance (μ above `eps`):
//! max wᵀMa with (Mw)ⱼ ≥ 0 where rⱼLⱼ is largest and (Mw)ⱼ ≥ (Ma)ⱼ where that is not positive, or Mw ≥ 0 where no
//! entry of Ma is positive. Descent: max Σ(Mw)ⱼ with Mw ≥ 0 and, where it can be kept, wᵀMa ≥ min(0, max Ma).
//! Losses at or below 0 and shares of 0 count as 1e-12 of the rest. All gradients zero: w = α.
//! Rows that differ by more than 1e10 in length are beyond the precision of the programs.

use super::mgda::shortest;
use super::solve::linear::Program;
use super::solve::rank::longest;
use super::solve::{Column, MAX_TASKS, dot};
use super::{
    Build, Gramian, GramianMethod, Kind, Knob, KnobScale, Method, Need, Outcome, Promise, Setup, Source, StepContext,
    Venue,
};

pub const METHOD: Method = Method {
    id: "epo",
    label: "EPO",
    gloss: "exact preference",
    optimizes: "First brings the losses into the ratio that the preference asks for (twice the share, half the loss), letting tasks that are ahead get worse, then descends along that ray, to the one Pareto point of the preference.",
    choose: "When one exact trade-off is wanted: the Pareto point where share times loss is the same for all tasks.",
    avoid: "When no task may get worse on the way. When losses have different units, for then their ratio says little.",
    pitfalls: "A large share asks for a small loss, the opposite of PMGDA, PBI and COSMOS. Weights jump, as solutions of linear programs do; in other code the solver may return nothing, and libmoon cuts the logarithm off at 1e-3. Here it is cut at 1e-12, MGDA's weights step in where no solution is found, and descent begins below an imbalance of 1e-4 and keeps the balance where it can.",
    promises: &[Promise::OrderFree, Promise::Linear, Promise::OnSimplex, Promise::LaggardGains],
    source: Source {
        authors: &["Debabrata Mahapatra", "Vaibhav Rajan"],
        title: "Multi-Task Learning with User Preferences: Gradient Descent with Controlled Ascent in Pareto Optimization",
        venue: Venue::Proceedings("ICML"),
        year: 2020,
        link: "https://proceedings.mlr.press/v119/mahapatra20a.html",
    },
    kind: Kind::GradientWeighting,
    knobs: &[Knob {
        name: "eps",
        label: "imbalance that is tolerated",
        default: 1e-4,
        min: 1e-8,
        max: 1.0,
        scale: KnobScale::Log,
    }],
    needs: &[Need::LossValues, Need::Preference],
    same_direction_k2: &[],
    build: Build::Gramian(|setup| Box::new(Epo::new(setup))),
};

/// Share of r⊙L below which its logarithm is not followed.
const SMALLEST: f64 = 1e-12;

struct Epo {
    eps: f64,
}

impl Epo {
    fn new(setup: &Setup) -> Self {
        Self { eps: setup.knobs[0] }
    }
}

/// Anchor and imbalance of the losses (K) under the preference r (K).
pub struct Balance {
    /// (K) a
    pub anchor: Column,
    /// (K) l̂, Σ = 1
    pub shares: Column,
    /// μ ≥ 0, the divergence of l̂ from 1/K.
    pub imbalance: f64,
}

impl Balance {
    pub fn new(losses: &[f64], preference: &[f64]) -> Self {
        let k = losses.len();
        let top = losses.iter().fold(f64::MIN_POSITIVE, |top, &loss| top.max(loss));
        let mut balance = Self { anchor: [0.0; MAX_TASKS], shares: [0.0; MAX_TASKS], imbalance: 0.0 };
        for i in 0..k {
            balance.shares[i] = (preference[i] * (losses[i] / top)).max(SMALLEST);
        }
        let total: f64 = balance.shares[..k].iter().sum();
        for share in &mut balance.shares[..k] {
            *share /= total;
        }
        let surprise = |share: f64| libm::log(share * k as f64);
        balance.imbalance = balance.shares[..k].iter().map(|&share| share * surprise(share)).sum::<f64>().max(0.0);
        for i in 0..k {
            balance.anchor[i] = preference[i] * (surprise(balance.shares[i]) - balance.imbalance);
        }
        balance
    }
}

impl GramianMethod for Epo {
    fn weights(&mut self, ctx: &StepContext<'_>, gramian: &Gramian, w: &mut [f64]) -> Outcome {
        let k = w.len();
        let mut lengths: Column = [0.0; MAX_TASKS];
        for i in 0..k {
            lengths[i] = gramian.norms()[i] / longest(gramian);
        }
        if (0..k).all(|i| gramian.is_zero(i)) {
            w.copy_from_slice(ctx.preference);
            return Outcome::Degenerate;
        }
        let Balance { anchor, shares, imbalance } = Balance::new(ctx.losses, ctx.preference);
        // Row j of M, divided by ‖gⱼ‖: rows of very different length weigh alike in the constraints.
        let row = |j: usize| {
            let mut row: Column = [0.0; MAX_TASKS];
            for i in 0..k {
                row[i] = lengths[i] * gramian.cosine(j, i);
            }
            row
        };
        let mut pull: Column = [0.0; MAX_TASKS]; // (Ma)ⱼ/‖gⱼ‖
        let mut total: Column = [0.0; MAX_TASKS]; // (M1)ⱼ
        for j in 0..k {
            pull[j] = dot(&row(j)[..k], &anchor[..k]);
            total[j] = lengths[j] * row(j)[..k].iter().sum::<f64>();
        }
        let balancing: Column = std::array::from_fn(|j| lengths[j] * pull[j]);
        let mut program = Program::default();
        program.equal(&[1.0; MAX_TASKS][..k], 1.0);
        let found = if imbalance > self.eps {
            let most = shares[..k].iter().copied().fold(0.0, f64::max);
            let some_gain = pull[..k].iter().any(|&pull| pull > 0.0);
            for j in (0..k).filter(|&j| lengths[j] > 0.0) {
                if !some_gain || shares[j] == most {
                    program.at_least(&row(j)[..k], 0.0);
                } else if pull[j] <= 0.0 {
                    program.at_least(&row(j)[..k], pull[j]);
                }
            }
            program.maximize(&balancing[..k], w)
        } else {
            for j in (0..k).filter(|&j| lengths[j] > 0.0) {
                program.at_least(&row(j)[..k], 0.0);
            }
            let largest = balancing[..k].iter().copied().fold(f64::NEG_INFINITY, f64::max);
            program.at_least(&balancing[..k], largest.min(0.0));
            program.maximize(&total[..k], w) || {
                program.pop();
                program.maximize(&total[..k], w)
            }
        };
        let sum: f64 = w.iter().sum();
        if !found || sum <= 0.0 {
            // The shortest average keeps every constraint; only rounding can hide it.
            shortest(gramian, w);
            return Outcome::Degenerate;
        }
        for w in w.iter_mut() {
            *w /= sum;
        }
        Outcome::Settled
    }
}
