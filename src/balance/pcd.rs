//! PCD, priority-constrained descent (2026): follows the first task as far as every other one still gains.
//!
//! With rows ĝᵢ = gᵢ/√(v̂ᵢ + ε), v̂ the bias-corrected running mean of ‖gᵢ‖²: min ‖x − ĝ₁‖² subject to
//! ĝⱼ·x ≥ τ‖ĝⱼ‖² for j ≥ 2; d is x brought to the length of g₁. The dual is a projection onto a cone. Where
//! the constraints contradict each other (two opposed tasks) they are dropped and d = g₁; where g₁ or x is 0,
//! d = 0. A zero gradient of another task constrains nothing and gets weight 0.

use super::solve::{Column, MAX_TASKS, Square, cone, dot};
use super::{
    Build, Gramian, GramianMethod, Kind, Knob, KnobScale, Method, Outcome, Promise, Setup, Source, StepContext, Venue,
};

pub const METHOD: Method = Method {
    id: "pcd",
    label: "PCD",
    gloss: "first task first",
    optimizes: "The first task leads: the update stays as close to its gradient as it can while each other task gets at least a share τ of the progress its own gradient would bring.",
    choose: "When one task is the goal and the others are side conditions that must not be left behind.",
    avoid: "When no task leads. Also when another task opposes the first outright: its small share can turn the whole update around, because d is brought back to the length of g₁.",
    pitfalls: "The task listed first leads, so another order gives another update. ĝ is g over the root of its running mean square (β = 0.999, bias-corrected), so a loud task counts no more than a quiet one. Where the conditions contradict each other all of them are dropped and d = g₁; where g₁ is zero, d is zero too.",
    promises: &[Promise::Linear, Promise::OthersGain],
    source: Source {
        authors: &["Dara Varam", "Mohamed I. AlHajri"],
        title: "Not All Objectives Are Born Equal: Priority-Constrained Descent for Hierarchical Multi-Objective Optimization",
        venue: Venue::Journal("TMLR"),
        year: 2026,
        link: "https://arxiv.org/abs/2606.29521",
    },
    kind: Kind::GradientWeighting,
    knobs: &[
        Knob {
            name: "tau",
            label: "share τ of the others",
            default: 0.02,
            min: 0.0,
            max: 1.0,
            scale: KnobScale::Linear,
        },
        Knob {
            name: "beta",
            label: "memory of lengths β",
            default: 0.999,
            min: 0.0,
            max: 0.9999,
            scale: KnobScale::Linear,
        },
        Knob {
            name: "eps",
            label: "added to mean squares",
            default: 0.0,
            min: 0.0,
            max: 1.0,
            scale: KnobScale::Linear,
        },
    ],
    needs: &[],
    same_direction_k2: &[],
    build: Build::Gramian(|setup| Box::new(Pcd::new(setup))),
};

struct Pcd {
    tau: f64,
    beta: f64,
    eps: f64,
    squares: Vec<f64>, // (K) running means of ‖gᵢ‖², biased to 0
    unseen: f64,       // β to the number of steps
}

impl Pcd {
    fn new(setup: &Setup) -> Self {
        let (tau, beta, eps) = (setup.knobs[0], setup.knobs[1], setup.knobs[2]);
        Self { tau, beta, eps, squares: vec![0.0; setup.n_tasks], unseen: 1.0 }
    }

    /// Takes the lengths of this step into the means and writes ‖ĝᵢ‖ (K).
    fn normalize(&mut self, norms: &[f64], lengths: &mut Column) {
        self.unseen *= self.beta;
        for (i, &norm) in norms.iter().enumerate() {
            self.squares[i] = self.beta * self.squares[i] + (1.0 - self.beta) * norm * norm;
            let scale = (self.squares[i] / (1.0 - self.unseen) + self.eps).sqrt();
            lengths[i] = if scale > 0.0 { norm / scale } else { 0.0 };
        }
    }
}

impl GramianMethod for Pcd {
    fn weights(&mut self, _ctx: &StepContext<'_>, gramian: &Gramian, w: &mut [f64]) -> Outcome {
        w.fill(0.0);
        let mut lengths: Column = [0.0; MAX_TASKS];
        self.normalize(gramian.norms(), &mut lengths);
        if lengths[0] == 0.0 {
            return Outcome::Degenerate;
        }
        let mut others = [0; MAX_TASKS];
        let mut n = 0;
        for j in (1..w.len()).filter(|&j| lengths[j] > 0.0) {
            others[n] = j;
            n += 1;
        }
        // x = ĝ₁ + Σ zⱼ uⱼ over unit rows u, z ≥ 0 the multipliers.
        let mut a: Square = [0.0; MAX_TASKS * MAX_TASKS];
        let mut b: Column = [0.0; MAX_TASKS];
        let mut z: Column = [0.0; MAX_TASKS];
        for i in 0..n {
            b[i] = self.tau * lengths[others[i]] - lengths[0] * gramian.cosine(0, others[i]);
            for j in 0..n {
                a[i * n + j] = gramian.cosine(others[i], others[j]);
            }
        }
        let mut outcome = cone::project(&a, &b[..n], gramian.noise(), &mut z[..n]);
        let size = lengths[0] + z[..n].iter().sum::<f64>();
        let missing = |i: usize| b[i] - dot(&a[i * n..(i + 1) * n], &z[..n]);
        if (0..n).any(|i| missing(i) > 1e3 * gramian.noise() * size) {
            w[0] = 1.0;
            return Outcome::Degenerate;
        }
        let lead: f64 = (0..n).map(|i| z[i] * gramian.cosine(0, others[i])).sum();
        let among: f64 = (0..n).map(|i| z[i] * dot(&a[i * n..(i + 1) * n], &z[..n])).sum();
        let square = lengths[0] * lengths[0] + 2.0 * lengths[0] * lead + among;
        if square <= 10.0 * gramian.noise() * size * size {
            return Outcome::Degenerate;
        }
        let length = square.sqrt();
        w[0] = lengths[0] / length;
        for i in 0..n {
            w[others[i]] = z[i] / length * (gramian.norms()[0] / gramian.norms()[others[i]]);
        }
        if n + 1 < w.len() && outcome == Outcome::Settled {
            outcome = Outcome::Degenerate;
        }
        outcome
    }
}
