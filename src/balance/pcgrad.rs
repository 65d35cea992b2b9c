//! PCGrad (Yu et al. 2020): each gradient loses what opposes the others, then all are added.
//!
//! For every i, over the other tasks j in random order: if ĝᵢ·gⱼ < 0 then ĝᵢ ← ĝᵢ − (ĝᵢ·gⱼ/‖gⱼ‖²) gⱼ with
//! the original gⱼ; d = Σ ĝᵢ. j = i is not visited: several libraries do so, which for K ≥ 3 changes d.
//! For K = 2 the order does not matter and wᵢ = 1 − min(0, M₁₂)/Mᵢᵢ. With K ≥ 3 the result may still
//! conflict with a task that was visited early. A zero gradient is skipped and keeps w = 1.

use super::solve::{Column, MAX_TASKS};
use super::{Build, Gramian, GramianMethod, Kind, Method, Outcome, StepContext};

pub const METHOD: Method = Method {
    id: "pcgrad",
    label: "PCGrad",
    gloss: "projection",
    formula: "gᵢ ← gᵢ − (gᵢ·gⱼ / ‖gⱼ‖²) gⱼ  where gᵢ·gⱼ < 0",
    about: "Removes from each task gradient the part that points against another task, then adds them up. Without \
            conflict it is Sum. Loud tasks stay loud; from three tasks on the random order matters and some conflict \
            may remain. K backward passes.",
    paper: "Yu et al., Gradient Surgery for Multi-Task Learning (NeurIPS)",
    year: 2020,
    kind: Kind::GradientWeighting,
    knobs: &[],
    needs: &[],
    same_direction_k2: &["upgrad"],
    build: Build::Gramian(|_| Box::new(PcGrad)),
};

struct PcGrad;

impl GramianMethod for PcGrad {
    fn weights(&mut self, ctx: &StepContext<'_>, gramian: &Gramian, w: &mut [f64]) -> Outcome {
        let k = w.len();
        let draws = ctx.draws();
        let mut orders = [0; MAX_TASKS * MAX_TASKS];
        for i in 0..k {
            let order = &mut orders[i * k..(i + 1) * k];
            for (j, place) in order.iter_mut().enumerate() {
                *place = j;
            }
            for j in (1..k).rev() {
                order.swap(j, draws.below((i * k + j) as u64, j as u32 + 1) as usize);
            }
        }
        project(gramian, &orders[..k * k], w);
        Outcome::Settled
    }
}

/// Writes w (K) for given `orders` (K, K): row i is the order in which task i visits the others; its
/// own index is passed over.
pub fn project(gramian: &Gramian, orders: &[usize], w: &mut [f64]) {
    let k = w.len();
    w.fill(0.0);
    for i in 0..k {
        if gramian.is_zero(i) {
            w[i] += 1.0;
            continue;
        }
        // ĝᵢ/‖gᵢ‖ = Σ xⱼ uⱼ over unit rows u.
        let mut x: Column = [0.0; MAX_TASKS];
        x[i] = 1.0;
        for &j in orders[i * k..(i + 1) * k].iter().filter(|&&j| j != i && !gramian.is_zero(j)) {
            let along: f64 = (0..k).map(|l| x[l] * gramian.cosine(l, j)).sum();
            x[j] -= along.min(0.0);
        }
        for j in (0..k).filter(|&j| x[j] != 0.0) {
            w[j] += x[j] * (gramian.norms()[i] / gramian.norms()[j]);
        }
    }
}
