//! SVD reweighting (Wu, Zhang & Ré 2020, algorithm 2): how much of each task the leading shared directions explain.
//!
//! With shared inputs X and columns cᵢ = Xᵀyᵢ, wᵢ = ‖cᵢᵀUᵣ‖ where Uᵣ are the r leading left singular vectors of
//! (c₁ … cₖ), scaled to Σ w = K. Only the products cᵢ·cⱼ are needed: from CᵀC = VΣ²Vᵀ, wᵢ² = Σⱼ≤ᵣ σⱼ²Vᵢⱼ². Computed
//! once from the training data (see `measure::labels` for classes). Without data, or where all cᵢ vanish, w = 1.

use super::solve::{MAX_TASKS, Square, eigen};
use super::{Build, Kind, Knob, KnobScale, LossesMethod, Method, Need, Outcome, Promise, Source, StepContext, Venue};

pub const METHOD: Method = Method {
    id: "svd_reweighting",
    label: "SVD reweighting",
    gloss: "shared directions",
    optimizes: "Looks at the data once, before training: tasks whose labels follow the same r leading directions of the inputs get weight, outliers lose it.",
    choose: "When the tasks share their inputs and some of the labels may not fit the rest.",
    avoid: "When what tasks share is not linear in the inputs, or when the weights should change during training.",
    pitfalls: "The rule is written for one number per task and needs every task to have the same inputs. Here labels are centered and brought to length 1, a task with classes enters by the direction of its labels that follows the inputs most, and the weights are scaled to sum K. The default r = 1 is the strictest; at r = K a weight says only how well that task's labels follow the inputs.",
    promises: &[Promise::OrderFree, Promise::Linear, Promise::SumsToK],
    source: Source {
        authors: &["Sen Wu", "Hongyang R. Zhang", "Christopher R{\\'e}"],
        title: "Understanding and Improving Information Transfer in Multi-Task Learning",
        venue: Venue::Proceedings("ICLR"),
        year: 2020,
        link: "https://arxiv.org/abs/2005.00944",
    },
    kind: Kind::LossWeighting,
    knobs: &[Knob {
        name: "r",
        label: "leading directions r",
        default: 1.0,
        min: 1.0,
        max: 16.0,
        scale: KnobScale::Integer,
    }],
    needs: &[Need::HeadsScaledByWeights, Need::LabelProducts],
    same_direction_k2: &[],
    build: Build::Losses(|setup| Box::new(SvdReweighting { rank: setup.knobs[0] as usize })),
};

struct SvdReweighting {
    rank: usize,
}

impl LossesMethod for SvdReweighting {
    fn weights(&mut self, ctx: &StepContext<'_>, w: &mut [f64]) -> Outcome {
        match ctx.served.label_products {
            Some(products) => explained(products, self.rank, w),
            None => {
                w.fill(1.0);
                Outcome::Settled
            }
        }
    }
}

/// Writes w (K) from the products cᵢ·cⱼ (K, K).
pub fn explained(products: &[f64], rank: usize, w: &mut [f64]) -> Outcome {
    let k = w.len();
    let (mut a, mut v): (Square, Square) = ([0.0; MAX_TASKS * MAX_TASKS], [0.0; MAX_TASKS * MAX_TASKS]);
    let top = (0..k).map(|i| products[i * k + i]).fold(0.0, f64::max);
    if top <= 0.0 {
        w.fill(1.0);
        return Outcome::Degenerate;
    }
    for (a, product) in a.iter_mut().zip(products) {
        *a = product / top;
    }
    eigen::decompose(&mut a, &mut v, k);
    let mut order = [0; MAX_TASKS];
    for (at, order) in order.iter_mut().enumerate() {
        *order = at;
    }
    order[..k].sort_unstable_by(|&i, &j| a[j * k + j].total_cmp(&a[i * k + i]));
    let mut total = 0.0;
    for (i, w) in w.iter_mut().enumerate() {
        let square = |&j: &usize| a[j * k + j].max(0.0) * v[i * k + j] * v[i * k + j];
        *w = order[..rank.min(k)].iter().map(square).sum::<f64>().sqrt();
        total += *w;
    }
    for w in w.iter_mut() {
        *w *= k as f64 / total;
    }
    Outcome::Settled
}
