//! ConFIG (Liu et al. 2024): the direction with prescribed cosines to all gradients, as long as they agree.
//!
//! u = normalized U⁺α with unit rows U, in weights C⁺α; d = (Σ gᵢ·u) u. α is the preference (uniform: equal
//! cosines). The rank is decided on C, so identical or opposed rows change u discontinuously, as with any
//! pseudo-inverse. Zero gradients get 0; where U⁺α vanishes (opposed gradients) w = 0.

use super::solve::rank::{Members, longest};
use super::solve::{Column, MAX_TASKS, dot, eigen};
use super::{Build, Gramian, GramianMethod, Kind, Method, Need, Outcome, Promise, Source, StepContext, Venue};

pub const METHOD: Method = Method {
    id: "config",
    label: "ConFIG",
    gloss: "equal angles",
    optimizes: "Turns the update to the same angle with every task gradient and makes it as long as the gradients support it, so it shrinks under conflict.",
    choose: "When loss scales differ wildly and no task may be left behind, as in the physics-informed networks it was made for.",
    avoid: "When tasks are nearly the same or nearly opposed: where gradients become dependent the update changes abruptly.",
    pitfalls: "The authors' code solves a least-squares problem by default, TorchJD takes a pseudo-inverse; both jump at identical or opposed gradients. Here the rank is decided on the cosines alone, the preference sets the ratio of the cosines, zero gradients get weight 0, and opposed ones give d = 0. For two tasks and an even preference the direction is that of Nash-MTL and IMTL-G, so under Adam, which removes the length, they hardly differ.",
    promises: &[Promise::OrderFree, Promise::Linear, Promise::RestsWhenOpposed],
    source: Source {
        authors: &["Qiang Liu", "Mengyu Chu", "Nils Thuerey"],
        title: "ConFIG: Towards Conflict-free Training of Physics Informed Neural Networks",
        venue: Venue::Proceedings("ICLR"),
        year: 2025,
        link: "https://arxiv.org/abs/2408.11104",
    },
    kind: Kind::GradientWeighting,
    knobs: &[],
    needs: &[Need::Preference],
    same_direction_k2: &["nash_mtl", "imtl_g", "fairgrad", "imtl"],
    build: Build::Gramian(|_| Box::new(ConFig)),
};

struct ConFig;

impl GramianMethod for ConFig {
    fn weights(&mut self, ctx: &StepContext<'_>, gramian: &Gramian, w: &mut [f64]) -> Outcome {
        equal_angles(gramian, ctx.preference, w)
    }
}

/// Writes w (K) that give d the cosines `preference` (K) with all gradients, up to a factor.
pub fn equal_angles(gramian: &Gramian, preference: &[f64], w: &mut [f64]) -> Outcome {
    w.fill(0.0);
    let members = Members::new(gramian);
    let n = members.n;
    let c = members.cosines(gramian);
    let (mut a, mut v) = (c, [0.0; MAX_TASKS * MAX_TASKS]);
    let mut x: Column = [0.0; MAX_TASKS];
    let mut pref: Column = [0.0; MAX_TASKS];
    for i in 0..n {
        pref[i] = preference[members.index[i]];
    }
    eigen::decompose(&mut a, &mut v, n);
    eigen::truncate(&mut a, n, members.independent);
    eigen::apply(&a, &v, n, |l| 1.0 / l, &pref[..n], &mut x[..n]);
    // u = Σ xⱼ uⱼ / length; gᵢ·u = nᵢ (Cx)ᵢ / length.
    let mut along: Column = [0.0; MAX_TASKS];
    for i in 0..n {
        along[i] = dot(&c[i * n..(i + 1) * n], &x[..n]);
    }
    let square = dot(&x[..n], &along[..n]);
    let size: f64 = x[..n].iter().map(|x| x.abs()).sum();
    if square <= 1e3 * gramian.noise() * size * size || size <= 1e3 * gramian.noise() {
        return Outcome::Degenerate;
    }
    let top = longest(gramian);
    let support: f64 = (0..n).map(|i| gramian.norms()[members.index[i]] / top * along[i]).sum();
    for i in 0..n {
        let task = members.index[i];
        w[task] = support / square * x[i] * (top / gramian.norms()[task]);
    }
    if members.independent == w.len() { Outcome::Settled } else { Outcome::Degenerate }
}
