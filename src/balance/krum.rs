//! Krum (Blanchard et al. 2017): takes the gradient that lies closest to its nearest neighbors.
//!
//! The score of task i is the sum of squared distances to its K − f − 2 nearest other gradients, f of which
//! may be adversarial; the m gradients of lowest score are averaged (Multi-Krum). One library adds distances
//! without squares. Tasks that tie for the last places share them, so the order of tasks does not matter.
//! Needs K ≥ f + 3; with fewer tasks there is nobody to compare with and w is the mean.

use super::solve::rank::longest;
use super::solve::{Column, MAX_TASKS};
use super::{
    Build, Gramian, GramianMethod, Kind, Knob, KnobScale, Method, Outcome, Promise, Setup, Source, StepContext, Venue,
};

pub const METHOD: Method = Method {
    id: "krum",
    label: "Krum",
    gloss: "central gradient",
    optimizes: "Follows the one task gradient that has the closest neighbors and ignores the rest.",
    choose: "When some gradients may be forged or broken, as in federated learning, and the others resemble each other.",
    avoid: "When all tasks are honest and differ: it starves whoever is unlike the others. With two tasks it is only the mean.",
    pitfalls: "The paper adds squared distances to the nearest neighbors; one library adds plain distances. Here they are squared, f = 0 gradients are taken to be forged and one is selected unless set otherwise, and gradients that tie share their place. With fewer than f + 3 tasks there is nobody to compare with, and the update is the mean.",
    promises: &[Promise::OrderFree, Promise::Linear, Promise::OnSimplex, Promise::RestsWhenOpposed],
    source: Source {
        authors: &["Peva Blanchard", "El Mahdi El Mhamdi", "Rachid Guerraoui", "Julien Stainer"],
        title: "Machine Learning with Adversaries: Byzantine Tolerant Gradient Descent",
        venue: Venue::Proceedings("NeurIPS"),
        year: 2017,
        link: "https://proceedings.neurips.cc/paper/2017/hash/f4b9ec30ad9f68f89b29639786cb62ef-Abstract.html",
    },
    kind: Kind::GradientWeighting,
    knobs: &[
        Knob {
            name: "n_byzantine",
            label: "forged gradients f",
            default: 0.0,
            min: 0.0,
            max: 13.0,
            scale: KnobScale::Integer,
        },
        Knob {
            name: "n_selected",
            label: "gradients taken",
            default: 1.0,
            min: 1.0,
            max: 16.0,
            scale: KnobScale::Integer,
        },
    ],
    needs: &[],
    same_direction_k2: &["sum", "mean", "constant", "trimmed_mean"],
    build: Build::Gramian(|setup| Box::new(Krum::new(setup))),
};

struct Krum {
    n_byzantine: usize,
    n_selected: usize,
}

impl Krum {
    fn new(setup: &Setup) -> Self {
        Self { n_byzantine: setup.knobs[0] as usize, n_selected: setup.knobs[1] as usize }
    }
}

impl GramianMethod for Krum {
    fn weights(&mut self, _ctx: &StepContext<'_>, gramian: &Gramian, w: &mut [f64]) -> Outcome {
        let k = w.len();
        if k < self.n_byzantine + 3 {
            w.fill(1.0 / k as f64);
            return Outcome::Degenerate;
        }
        let mut scores: Column = [0.0; MAX_TASKS];
        for i in 0..k {
            let mut squares: Column = [0.0; MAX_TASKS];
            for (place, j) in (0..k).filter(|&j| j != i).enumerate() {
                squares[place] = squared_distance(gramian, i, j);
            }
            squares[..k - 1].sort_unstable_by(f64::total_cmp);
            scores[i] = squares[..k - self.n_byzantine - 2].iter().sum();
        }
        let mut sorted = scores;
        sorted[..k].sort_unstable_by(f64::total_cmp);
        let taken = self.n_selected.min(k);
        let last = sorted[taken - 1];
        let better = scores[..k].iter().filter(|&&score| score < last).count();
        let tied = scores[..k].iter().filter(|&&score| score == last).count();
        for (w, &score) in w.iter_mut().zip(&scores) {
            let share = if score < last { 1.0 } else { (taken - better) as f64 / tied as f64 };
            *w = if score > last { 0.0 } else { share / taken as f64 };
        }
        Outcome::Settled
    }
}

/// ‖gᵢ − gⱼ‖² in units of the longest row, without the cancellation of nᵢ² + nⱼ² − 2Mᵢⱼ.
fn squared_distance(gramian: &Gramian, i: usize, j: usize) -> f64 {
    let (a, b) = (gramian.norms()[i] / longest(gramian), gramian.norms()[j] / longest(gramian));
    (a - b) * (a - b) + 2.0 * (a * b) * (1.0 - gramian.cosine(i, j))
}
