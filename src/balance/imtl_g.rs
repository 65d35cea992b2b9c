//! IMTL-G (Liu et al. 2021): the combination with equal projections on all unit gradients, Σ w = 1.
//!
//! w = M⁺n / Σ(M⁺n) with n = ‖gᵢ‖. The rank is that of `solve::rank`; at full rank M⁺n = D⁻¹C⁻¹1 with
//! D = diag(n), which no scale of a row can spoil. Weights may be negative. Two gradients need no system:
//! w = (‖g₂‖, ‖g₁‖)/(‖g₁‖ + ‖g₂‖) at any angle. Zero gradients get 0; where the sum vanishes (opposed
//! gradients) w = 0.

use super::solve::rank::{Members, longest};
use super::solve::{Column, MAX_TASKS, eigen};
use super::{
    Build, Gramian, GramianMethod, Kind, Method, Outcome, Promise, ResidentKernel, Source, StepContext, Venue,
};

pub const METHOD: Method = Method {
    id: "imtl_g",
    label: "IMTL-G",
    gloss: "equal projections",
    optimizes: "Chooses the weights so that the update has the same projection on every task's gradient direction: no task is favored, whatever its scale.",
    choose: "When gradients differ much in size and the update should go equally far along each task's own direction.",
    avoid: "When there are three tasks or more and gradients are close to dependent: weights can turn negative and grow large, and a small gradient between two large ones can turn the step against every task.",
    pitfalls: "LibMTL inverts a matrix and fails on identical or zero gradients, Samsung's code adds 1e-8 to its diagonal, TorchJD takes a pseudo-inverse and returns 0 where the sum of the weights nearly vanishes. Here the pseudo-inverse judges dependence on unit gradients, which rows of very different size do not spoil; a zero gradient gets weight 0, and opposed gradients give d = 0. For two tasks the direction is also that of Nash-MTL, ConFIG and FairGrad.",
    promises: &[Promise::OrderFree, Promise::Linear, Promise::RestsWhenOpposed],
    source: Source {
        authors: &[
            "Liyang Liu",
            "Yi Li",
            "Zhanghui Kuang",
            "Jing-Hao Xue",
            "Yimin Chen",
            "Wenming Yang",
            "Qingmin Liao",
            "Wayne Zhang",
        ],
        title: "Towards Impartial Multi-task Learning",
        venue: Venue::Proceedings("ICLR"),
        year: 2021,
        link: "https://openreview.net/forum?id=IMPnRXEWpvr",
    },
    kind: Kind::GradientWeighting,
    knobs: &[],
    needs: &[],
    same_direction_k2: &["nash_mtl", "config", "fairgrad", "imtl"],
    build: Build::Gramian(|_| Box::new(ImtlG)),
};

struct ImtlG;

impl GramianMethod for ImtlG {
    fn resident(&self) -> Option<ResidentKernel> {
        let sources = &[shader!("solve/eigen"), shader!("imtl_g")];
        Some(ResidentKernel { name: METHOD.id, sources, settings: [0.0; 4] })
    }

    fn weights(&mut self, _ctx: &StepContext<'_>, gramian: &Gramian, w: &mut [f64]) -> Outcome {
        equal_projections(gramian, w)
    }
}

/// Writes w (K) with equal projections of wᵀG on all unit gradients, Σ w = 1.
pub fn equal_projections(gramian: &Gramian, w: &mut [f64]) -> Outcome {
    w.fill(0.0);
    let members = Members::new(gramian);
    let n = members.n;
    if let [i, j] = members.index[..n] {
        if 1.0 + gramian.cosine(i, j) <= 2.0 * gramian.noise() {
            return Outcome::Degenerate;
        }
        let [own, other] = [i, j].map(|task| gramian.norms()[task] / longest(gramian));
        (w[i], w[j]) = (other / (own + other), own / (own + other));
        return if w.len() == 2 { Outcome::Settled } else { Outcome::Degenerate };
    }
    let top = longest(gramian);
    let mut lengths: Column = [0.0; MAX_TASKS];
    for i in 0..n {
        lengths[i] = gramian.norms()[members.index[i]] / top;
    }
    let full = members.is_full_rank();
    let mut a = if full { members.cosines(gramian) } else { members.products(gramian) };
    let mut v = [0.0; MAX_TASKS * MAX_TASKS];
    let mut x: Column = [0.0; MAX_TASKS];
    eigen::decompose(&mut a, &mut v, n);
    eigen::truncate(&mut a, n, members.rank);
    let right = if full { [1.0; MAX_TASKS] } else { lengths };
    eigen::apply(&a, &v, n, |l| 1.0 / l, &right[..n], &mut x[..n]);
    if full {
        // Shortest row first, so that no quotient overflows.
        let smallest = lengths[..n].iter().copied().fold(f64::INFINITY, f64::min);
        for i in 0..n {
            x[i] *= smallest / lengths[i];
        }
    }
    let total: f64 = x[..n].iter().sum();
    let size: f64 = x[..n].iter().map(|x| x.abs()).sum();
    if total.abs() <= 1e3 * gramian.noise() * size || (!full && size <= 1e3 * gramian.noise()) {
        return Outcome::Degenerate;
    }
    for i in 0..n {
        w[members.index[i]] = x[i] / total;
    }
    if full && n == w.len() { Outcome::Settled } else { Outcome::Degenerate }
}
