//! CoBa (Gong et al. 2024): weights from how fast the validation losses converge, each and all.
//!
//! sᵢ is the least-squares slope of task i's validation loss over its first one, in a window of past steps. RCS =
//! softmaxᵢ(K sᵢ/Σ|sⱼ|) favors slow tasks, ACS = softmaxᵢ(−N sᵢ(t)/Σₜ|sᵢ|) those that slow down least, and
//! DF = min(1, N·softmaxₜ(−τ N s*(t)/Σ|s*|)) of the present step leans to RCS while all go down; s* is the slope of the
//! largest ratio. w = softmax(K(DF·RCS + (1 − DF)·ACS)) with a floor. As in the authors' code the window of ACS starts
//! `history` losses back, counted in slopes, which begin after the warm-up. Until then, and while no loss moves,
//! w = 1/K. First losses of 0 or below give the ratio 1; ratios end at 1e9.

use super::solve::{Column, MAX_TASKS, softmax};
use super::{
    Build, Kind, Knob, KnobScale, LossesMethod, Method, Need, Outcome, Promise, Setup, Source, StepContext, Venue,
};
use std::collections::VecDeque;

pub const METHOD: Method = Method {
    id: "coba",
    label: "CoBa",
    gloss: "even convergence",
    optimizes: "Watches the validation losses: tasks that converge more slowly gain weight, and tasks that begin to rise, that is to overfit, lose it.",
    choose: "When tasks converge at different speeds or some overfit early, and there are validation rows. Made for the fine-tuning of language models.",
    avoid: "When runs are short: with the defaults nothing happens in the first 100 steps. When validation losses are too noisy for their slope to mean something.",
    pitfalls: "The authors' code starts the window of the absolute score at a count of losses but reads slopes there, which begin only after the warm-up; this code does the same. Slopes are those of losses divided by the first one, so a lucky first validation batch steepens them for the whole run. The warm-up is 100 steps, with w = 1/K, and the window 200; the floor is the knob's value, 0.05, where the authors' is 1/(10K).",
    promises: &[Promise::OrderFree, Promise::Linear, Promise::OnSimplex],
    source: Source {
        authors: &["Zi Gong", "Hang Yu", "Cong Liao", "Bingchang Liu", "Chaoyu Chen", "Jianguo Li"],
        title: "CoBa: Convergence Balancer for Multitask Finetuning of Large Language Models",
        venue: Venue::Proceedings("EMNLP"),
        year: 2024,
        link: "https://arxiv.org/abs/2410.06741",
    },
    kind: Kind::LossWeighting,
    knobs: &[
        Knob {
            name: "warmup",
            label: "steps before it starts",
            default: 100.0,
            min: 2.0,
            max: 1000.0,
            scale: KnobScale::Integer,
        },
        Knob {
            name: "history",
            label: "steps in the window",
            default: 200.0,
            min: 2.0,
            max: 1000.0,
            scale: KnobScale::Integer,
        },
        Knob { name: "tau", label: "temperature τ", default: 5.0, min: 0.1, max: 20.0, scale: KnobScale::Log },
        Knob {
            name: "min_weight",
            label: "floor of w",
            default: 0.05,
            min: 0.0,
            max: 0.0625,
            scale: KnobScale::Linear,
        },
    ],
    needs: &[Need::HeadsScaledByWeights, Need::ValidationLosses],
    same_direction_k2: &[],
    build: Build::Losses(|setup| Box::new(Coba::new(setup))),
};

/// Slopes of the largest ratio are kept for a whole run, the longest that can be asked for.
const LONGEST_RUN: usize = *crate::config::STEPS.end() as usize + 1;
const LARGEST_RATIO: f64 = 1e9;

/// Ratios and slopes so far.
pub struct Coba {
    n_tasks: usize,
    warmup: usize,
    history: usize,
    tau: f64,
    floor: f64,
    known: usize, // t: ratios so far
    first: Column,
    ratios: VecDeque<Column>, // at most `history`
    slopes: VecDeque<Column>, // at most `history` + 1
    n_slopes: usize,
    largest: Vec<f64>, // slope of the largest ratio, from the warm-up on
    weights: Column,
}

impl Coba {
    pub fn new(setup: &Setup) -> Self {
        let history = setup.knobs[1] as usize;
        Self {
            n_tasks: setup.n_tasks,
            warmup: setup.knobs[0] as usize,
            history,
            tau: setup.knobs[2],
            floor: setup.knobs[3],
            known: 0,
            first: [0.0; MAX_TASKS],
            ratios: VecDeque::with_capacity(history + 1),
            slopes: VecDeque::with_capacity(history + 2),
            n_slopes: 0,
            largest: Vec::with_capacity(LONGEST_RUN),
            weights: [1.0 / setup.n_tasks as f64; MAX_TASKS],
        }
    }

    /// w (K) after one more validation loss a task (K).
    pub fn observe(&mut self, losses: &[f64], w: &mut [f64]) {
        let mut ratio: Column = [0.0; MAX_TASKS];
        for i in 0..self.n_tasks {
            if self.known == 0 {
                self.first[i] = losses[i];
            }
            let known = self.first[i] > 0.0;
            ratio[i] = if known { losses[i] / self.first[i] } else { 1.0 };
        }
        self.observe_ratios(&ratio[..self.n_tasks], w);
    }

    /// w (K) after one more ratio of a validation loss to its first a task (K).
    pub fn observe_ratios(&mut self, ratios: &[f64], w: &mut [f64]) {
        let mut ratio: Column = [0.0; MAX_TASKS];
        for (ratio, given) in ratio.iter_mut().zip(ratios) {
            *ratio = given.clamp(0.0, LARGEST_RATIO);
        }
        self.known += 1;
        self.ratios.push_back(ratio);
        if self.ratios.len() > self.history {
            self.ratios.pop_front();
        }
        if self.known >= self.warmup {
            self.weigh();
        }
        w.copy_from_slice(&self.weights[..self.n_tasks]);
    }

    fn weigh(&mut self) {
        let k = self.n_tasks;
        let mut now: Column = [0.0; MAX_TASKS];
        for i in 0..k {
            now[i] = slope(self.ratios.iter().map(|ratio| ratio[i]));
        }
        let top = |ratio: &Column| ratio[..k].iter().copied().fold(f64::NEG_INFINITY, f64::max);
        self.largest.push(slope(self.ratios.iter().map(top)));
        self.slopes.push_back(now);
        self.n_slopes += 1;
        if self.slopes.len() > self.history + 1 {
            self.slopes.pop_front();
        }
        let total: f64 = now[..k].iter().map(|s| s.abs()).sum();
        if total == 0.0 {
            return;
        }
        let window = self.n_slopes.saturating_sub(self.known.saturating_sub(self.history)).clamp(1, self.slopes.len());
        let recent = self.slopes.range(self.slopes.len() - window..);
        let mut sums: Column = [0.0; MAX_TASKS];
        for slopes in recent {
            for i in 0..k {
                sums[i] += slopes[i].abs();
            }
        }
        let (mut relative, mut absolute) = ([0.0; MAX_TASKS], [0.0; MAX_TASKS]);
        for i in 0..k {
            relative[i] = k as f64 * now[i] / total;
            absolute[i] = if sums[i] > 0.0 { -(window as f64) * now[i] / sums[i] } else { 0.0 };
        }
        softmax(&mut relative[..k]);
        softmax(&mut absolute[..k]);
        let lean = divergence(self.tau, &self.largest);
        for i in 0..k {
            self.weights[i] = k as f64 * (lean * relative[i] + (1.0 - lean) * absolute[i]);
        }
        let w = &mut self.weights[..k];
        softmax(w);
        if w.iter().any(|&w| w < self.floor) {
            for w in w {
                *w = *w * (1.0 - self.floor * k as f64) + self.floor;
            }
        }
    }
}

impl LossesMethod for Coba {
    fn weights(&mut self, ctx: &StepContext<'_>, w: &mut [f64]) -> Outcome {
        match ctx.served.validation_losses {
            Some(losses) => self.observe(losses, w),
            None => w.copy_from_slice(&self.weights[..self.n_tasks]),
        }
        Outcome::Settled
    }
}

/// DF from all slopes of the largest ratio (N ≥ 1), the present one last.
fn divergence(tau: f64, slopes: &[f64]) -> f64 {
    let n = slopes.len() as f64;
    let total: f64 = slopes.iter().map(|s| s.abs()).sum();
    if total == 0.0 {
        return 1.0;
    }
    let logit = |s: f64| -tau * n * s / total;
    let top = slopes.iter().copied().map(logit).fold(f64::NEG_INFINITY, f64::max);
    let share = |s: f64| libm::exp(logit(s) - top);
    let all: f64 = slopes.iter().copied().map(share).sum();
    (n * share(slopes[slopes.len() - 1]) / all).min(1.0)
}

/// Least-squares slope over 0, 1, 2 …; 0 of fewer than two values.
fn slope(values: impl ExactSizeIterator<Item = f64> + Clone) -> f64 {
    let n = values.len() as f64;
    let mean = values.clone().sum::<f64>() / n;
    let (mut products, mut squares) = (0.0, 0.0);
    for (at, value) in values.enumerate() {
        let x = at as f64 - 0.5 * (n - 1.0);
        products += x * (value - mean);
        squares += x * x;
    }
    if squares > 0.0 { products / squares } else { 0.0 }
}
