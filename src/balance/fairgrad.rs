//! FairGrad (Ban & Ji 2024): α-fair gains, w > 0 with M w = w^(−1/α) and d = Gᵀw.
//!
//! α = 1 is the Nash bargain, α → 0 leans to the sum, α → ∞ to the worst-off task. The paper uses a generic
//! least-squares solver; here x = w‖g‖ solves (Cx)ᵢ = ‖gᵢ‖^(1/α−1) xᵢ^(−1/α) by Newton's method, after G is
//! brought to length 1. Zero gradients get weight 0; Pareto-stationary points let d fade to 0.

use super::solve::rank::longest;
use super::solve::{Column, MAX_TASKS, Square, dot, fair};
use super::{
    Build, Gramian, GramianMethod, Kind, Knob, KnobScale, Method, Outcome, Promise, Setup, Source, StepContext, Venue,
};

pub const METHOD: Method = Method {
    id: "fairgrad",
    label: "FairGrad",
    gloss: "α-fair gains",
    optimizes: "Treats the tasks' improvements as a resource to be shared fairly: one number α leads from the fastest total gain over the Nash bargain (α = 1) to caring only for the worst-off task.",
    choose: "When you want to set how fair a step is: small α favors the total, α = 1 is the Nash bargain, large α the task that gains least.",
    avoid: "When steps should shrink as training ends: with α = 1 the length is √K whatever the gradients, and with larger α it grows as they shrink.",
    pitfalls: "It is not scale-equivariant: gradients s times longer give a step s^((1−α)/(1+α)) times as long, and the authors' code multiplies by K and clips to length 1, where this code does neither. A generic least-squares solver, as in the paper, can be far off when gradient lengths differ by 1e4; here Newton's method solves the equation. TorchJD takes the mean for α = 0; here α starts at 0.2.",
    promises: &[Promise::NoTaskHurt, Promise::OrderFree, Promise::Bargain, Promise::RestsWhenOpposed],
    source: Source {
        authors: &["Hao Ban", "Kaiyi Ji"],
        title: "Fair Resource Allocation in Multi-Task Learning",
        venue: Venue::Proceedings("ICML"),
        year: 2024,
        link: "https://arxiv.org/abs/2402.15638",
    },
    kind: Kind::GradientWeighting,
    knobs: &[Knob { name: "alpha", label: "fairness α", default: 1.0, min: 0.2, max: 10.0, scale: KnobScale::Log }],
    needs: &[],
    same_direction_k2: &["nash_mtl", "imtl_g", "config", "imtl"],
    build: Build::Gramian(|setup| Box::new(FairGrad::new(setup))),
};

/// Relative length below which a row counts as zero; powers of it would leave f64.
const SHORTEST: f64 = 1e-40;

struct FairGrad {
    beta: f64, // 1/α
}

impl FairGrad {
    fn new(setup: &Setup) -> Self {
        Self { beta: 1.0 / setup.knobs[0] }
    }
}

impl GramianMethod for FairGrad {
    fn weights(&mut self, _ctx: &StepContext<'_>, gramian: &Gramian, w: &mut [f64]) -> Outcome {
        w.fill(0.0);
        let beta = self.beta;
        let top = longest(gramian);
        let length = |i: usize| gramian.norms()[i] / top;
        let mut members = [0; MAX_TASKS];
        let mut n = 0;
        for i in (0..w.len()).filter(|&i| length(i) > SHORTEST) {
            members[n] = i;
            n += 1;
        }
        if n == 0 {
            return Outcome::Degenerate;
        }
        let mut c: Square = [0.0; MAX_TASKS * MAX_TASKS];
        let mut q: Column = [0.0; MAX_TASKS];
        let mut x: Column = [0.0; MAX_TASKS];
        for i in 0..n {
            q[i] = libm::pow(length(members[i]), beta - 1.0);
            // The solution if the rows were orthogonal.
            x[i] = libm::pow(q[i], 1.0 / (1.0 + beta));
            for j in 0..n {
                c[i * n + j] = gramian.cosine(members[i], members[j]);
            }
        }
        let outcome = fair::settle(&c, &q[..n], beta, gramian.noise(), &mut x[..n]);
        let square: f64 = (0..n).map(|i| x[i] * dot(&c[i * n..(i + 1) * n], &x[..n])).sum();
        let own: f64 = x[..n].iter().map(|x| x * x).sum();
        // Units: w scales like ‖G‖^(−2/(1+β)).
        let unit = libm::pow(top, -2.0 / (1.0 + beta));
        for i in 0..n {
            w[members[i]] = unit * x[i] / length(members[i]);
        }
        if square <= 10.0 * gramian.noise() * own { Outcome::Degenerate } else { outcome }
    }
}
