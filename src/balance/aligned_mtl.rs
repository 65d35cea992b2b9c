//! Aligned-MTL (Senushkin et al. 2023): gradients are replaced by the nearest orthogonal ones of one length.
//!
//! M = VΛVᵀ, w = √s V Λ^(−½) Vᵀ α over the eigenvalues that are not 0; s is the smallest of them (the
//! paper), their lower median, or their mean ("rmse"). α is the preference, summing to 1; the authors' code
//! uses 1 instead, which is K times longer. The rank is that of `solve::rank`. All gradients zero: w = α.

use super::solve::rank::Members;
use super::solve::{Column, MAX_TASKS, eigen};
use super::{
    Build, Gramian, GramianMethod, Kind, Knob, Method, Need, Outcome, Promise, ResidentKernel, Setup, Source,
    StepContext, Venue,
};

pub const METHOD: Method = Method {
    id: "aligned_mtl",
    label: "Aligned-MTL",
    gloss: "orthogonalized",
    optimizes: "Replaces the task gradients by the closest set that is orthogonal and of one length, then adds them by preference: stable under conflict and dominance, and pulled down to the smallest principal gradient.",
    choose: "When long or conflicting gradients make training unstable and the preference should decide how much each task counts.",
    avoid: "When tasks are nearly the same or nearly opposed: the smallest principal gradient is then tiny, and the step with it. When no task may get worse, for a task with a short gradient can lose under conflict.",
    pitfalls: "The authors' code and LibMTL weight the replaced gradients with 1, TorchJD with 1/K, so steps differ by a factor of K; the first two also judge the rank with the precision of float32 and call torch.symeig, which PyTorch 2 no longer has. Here the weights are the preference, which sums to 1, and the rank follows from the cosines and the precision of f64. The length is that of the smallest eigenvalue left by default, or of their lower median or mean, so the step can jump when the rank changes.",
    promises: &[Promise::OrderFree, Promise::Linear, Promise::RestsWhenOpposed],
    source: Source {
        authors: &["Dmitry Senushkin", "Nikolay Patakin", "Arseny Kuznetsov", "Anton Konushin"],
        title: "Independent Component Alignment for Multi-Task Learning",
        venue: Venue::Proceedings("CVPR"),
        year: 2023,
        link: "https://arxiv.org/abs/2305.19000",
    },
    kind: Kind::GradientWeighting,
    knobs: &[Knob::choice("scale_mode", "length", &["min", "median", "rmse"])],
    needs: &[Need::Preference],
    same_direction_k2: &[],
    build: Build::Gramian(|setup| Box::new(AlignedMtl::new(setup))),
};

/// The knobs.
pub struct AlignedMtl {
    scale_mode: f64,
}

impl AlignedMtl {
    pub fn new(setup: &Setup) -> Self {
        Self { scale_mode: setup.knobs[0] }
    }
}

impl GramianMethod for AlignedMtl {
    fn resident(&self) -> Option<ResidentKernel> {
        let sources = &[shader!("solve/eigen"), shader!("aligned_mtl")];
        Some(ResidentKernel { name: METHOD.id, sources, settings: [self.scale_mode as f32, 0.0, 0.0, 0.0] })
    }

    fn weights(&mut self, ctx: &StepContext<'_>, gramian: &Gramian, w: &mut [f64]) -> Outcome {
        let members = Members::new(gramian);
        let n = members.n;
        if n == 0 {
            w.copy_from_slice(ctx.preference);
            return Outcome::Degenerate;
        }
        w.fill(0.0);
        let (mut a, mut v) = (members.products(gramian), [0.0; MAX_TASKS * MAX_TASKS]);
        let mut pref: Column = [0.0; MAX_TASKS];
        let mut kept: Column = [0.0; MAX_TASKS];
        eigen::decompose(&mut a, &mut v, n);
        eigen::truncate(&mut a, n, members.rank);
        let mut rank = 0;
        for i in 0..n {
            pref[i] = ctx.preference[members.index[i]];
            if a[i * n + i] > 0.0 {
                kept[rank] = a[i * n + i];
                rank += 1;
            }
        }
        let kept = &mut kept[..rank];
        kept.sort_unstable_by(f64::total_cmp);
        let scale = match self.scale_mode as u32 {
            0 => kept[0],
            1 => kept[(rank - 1) / 2],
            _ => kept.iter().sum::<f64>() / rank as f64,
        };
        let mut x: Column = [0.0; MAX_TASKS];
        eigen::apply(&a, &v, n, |l| (scale / l).sqrt(), &pref[..n], &mut x[..n]);
        for i in 0..n {
            w[members.index[i]] = x[i];
        }
        if members.is_full_rank() && n == w.len() { Outcome::Settled } else { Outcome::Degenerate }
    }
}
