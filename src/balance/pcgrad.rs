//! PCGrad (Yu et al. 2020): each gradient loses what opposes the others, then all are added.
//!
//! For every i, over the other tasks j in random order: if ĝᵢ·gⱼ < 0 then ĝᵢ ← ĝᵢ − (ĝᵢ·gⱼ/‖gⱼ‖²) gⱼ with
//! the original gⱼ; d = Σ ĝᵢ. The first published code forgot to shuffle and visited tasks as listed. j = i is
//! not visited: several libraries do so, which for K ≥ 3 changes d. For K = 2 the order does not matter and
//! wᵢ = 1 − min(0, M₁₂)/Mᵢᵢ. With K ≥ 3 the result may still conflict with a task that was visited early. A zero
//! gradient is skipped and keeps w = 1.

use super::solve::{Column, MAX_TASKS};
use super::{
    Build, Construction, Gramian, GramianMethod, Kind, Knob, Method, Outcome, Promise, ResidentKernel, Setup, Source,
    StepContext, Venue,
};
use crate::rng::Stream;

pub const METHOD: Method = Method {
    id: "pcgrad",
    label: "PCGrad",
    gloss: "projection",
    optimizes: "Removes from each task gradient the part that points against another task, then adds them up. Without conflict it is Sum.",
    choose: "When tasks conflict now and then and nothing else should change: gradients that agree are left alone.",
    avoid: "When one task has much longer gradients than the others: it stays loud. With three or more tasks some conflict may remain and the order matters; UPGrad has neither problem.",
    pitfalls: "LibMTL, nash-mtl, Pytorch-PCGrad and the original code also project a gradient on itself, which changes d by up to 23 % from three tasks on; the original never shuffles in effect, and some take the mean instead of the sum. Here a task passes over itself, the projected gradients are added, and each task visits the others in a random order of its own, or as listed if the knob says so. A zero gradient is skipped.",
    promises: &[Promise::Linear, Promise::RestsWhenOpposed, Promise::SumWithoutConflict],
    source: Source {
        authors: &["Tianhe Yu", "Saurabh Kumar", "Abhishek Gupta", "Sergey Levine", "Karol Hausman", "Chelsea Finn"],
        title: "Gradient Surgery for Multi-Task Learning",
        venue: Venue::Proceedings("NeurIPS"),
        year: 2020,
        link: "https://arxiv.org/abs/2001.06782",
    },
    kind: Kind::GradientWeighting,
    knobs: &[Knob { default: 1.0, ..Knob::choice("shuffle", "order", &["listed", "random"]) }],
    needs: &[],
    same_direction_k2: &["upgrad"],
    build: Build::Gramian(|setup| Box::new(PcGrad::new(setup))),
};

struct PcGrad {
    shuffle: bool,
    moved_by: Vec<u16>, // (K)
}

impl PcGrad {
    fn new(setup: &Setup) -> Self {
        Self { shuffle: setup.knobs[0] == 1.0, moved_by: vec![0; setup.n_tasks] }
    }
}

impl GramianMethod for PcGrad {
    fn resident(&self) -> Option<ResidentKernel> {
        let sources = &[shader!("pcgrad")];
        Some(ResidentKernel { name: METHOD.id, sources, settings: [f32::from(u8::from(self.shuffle)), 0.0, 0.0, 0.0] })
    }

    fn weights(&mut self, ctx: &StepContext<'_>, gramian: &Gramian, w: &mut [f64]) -> Outcome {
        let k = w.len();
        let orders = if self.shuffle { draw_orders(&ctx.draws(), k) } else { given_orders(k) };
        project(gramian, &orders[..k * k], w, &mut self.moved_by);
        Outcome::Settled
    }

    fn construction(&self) -> Option<Construction> {
        Some(Construction::Projections)
    }

    fn moved_by(&self) -> &[u16] {
        &self.moved_by
    }
}

/// The resident rule with the order of the bench in the place of a random one: task i visits i + 1, i + 2 and so on.
pub fn cyclic() -> ResidentKernel {
    let sources = &[shader!("pcgrad")];
    ResidentKernel { name: METHOD.id, sources, settings: [2.0, 0.0, 0.0, 0.0] }
}

/// Orders (K, K) in which every task visits all tasks as they are listed.
fn given_orders(k: usize) -> [usize; MAX_TASKS * MAX_TASKS] {
    let mut orders = [0; MAX_TASKS * MAX_TASKS];
    for (at, place) in orders[..k * k].iter_mut().enumerate() {
        *place = at % k;
    }
    orders
}

/// Orders (K, K) in which every task visits all tasks, at random.
pub(super) fn draw_orders(draws: &Stream, k: usize) -> [usize; MAX_TASKS * MAX_TASKS] {
    let mut orders = given_orders(k);
    for i in 0..k {
        let order = &mut orders[i * k..(i + 1) * k];
        for j in (1..k).rev() {
            order.swap(j, draws.below((i * k + j) as u64, j as u32 + 1) as usize);
        }
    }
    orders
}

/// Writes w (K) for given `orders` (K, K): row i is the order in which task i visits the others; its
/// own index is passed over. `moved_by` (K) is told which projections took something away, as in
/// [`GramianMethod::moved_by`].
pub fn project(gramian: &Gramian, orders: &[usize], w: &mut [f64], moved_by: &mut [u16]) {
    let k = w.len();
    w.fill(0.0);
    moved_by.fill(0);
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
            if along < 0.0 {
                x[j] -= along;
                moved_by[i] |= 1 << j;
            }
        }
        for j in (0..k).filter(|&j| x[j] != 0.0) {
            w[j] += x[j] * (gramian.norms()[i] / gramian.norms()[j]);
        }
    }
}
