//! Pareto MTL (Lin et al. 2019): one network a cone of loss space, which first enters it and then goes to the front.
//!
//! With unit vectors uⱼ spread over the quarter circle, member i belongs where uᵢ·L is largest: gⱼ = (uⱼ − uᵢ)·L ≤ 0
//! for all j. Those with gⱼ ≥ 0 are active, and ∇gⱼ = Σₖ (uⱼ − uᵢ)ₖ ∇Lₖ. Stage 1 takes the shortest average of the
//! active ∇gⱼ until none is active, for a few steps at most; stage 2 that of all ∇Lₖ and the active ∇gⱼ. What results
//! are weights of the ∇Lₖ, which are divided so that their sizes add up to K, as in the published code.

use super::learner::{Crowd, Learner};
use super::population::simplex;
use crate::balance::modify::Applied;
use crate::balance::{Build, Gramian, GramianMethod, Knob, KnobScale, Method, Need, Outcome, Setup, StepContext, mgda};

/// Most members: their constraints and the tasks are one inner problem.
const MOST: usize = 13;

pub const LEARNER: Learner = Learner {
    id: "pareto_mtl",
    label: "Pareto MTL",
    about: "Trains the same network many times side by side, each from its own start and in its own cone of loss \
            space: the cones fan out from all for one task to all for the other. A member first goes into its cone, \
            whatever its losses do, then takes the shortest average of the task gradients and of those that keep it \
            there. The preference picks the nearest cone. A step costs as much as that many runs.",
    pitfalls: "Cones are of losses as they are, so their units matter, and losses below 0 have no place in them. \
               Weights can be negative: a loss is driven up where the cone asks for it. The published code has cones \
               for two tasks only, as here, and walks into them for two epochs at most. On ZDT1 all members end where \
               the first loss is 0, at the wall of the box. Curves of training are those of the member nearest to an \
               even preference.",
    paper: "Lin, Zhen, Li, Zhang & Kwong, Pareto Multi-Task Learning (NeurIPS)",
    year: 2019,
    link: "https://arxiv.org/abs/1912.12854",
    knobs: &[
        Knob { name: "points", label: "cones", default: 5.0, min: 3.0, max: MOST as f64, scale: KnobScale::Integer },
        Knob {
            name: "first",
            label: "most steps into the cone",
            default: 100.0,
            min: 0.0,
            max: 5_000.0,
            scale: KnobScale::Integer,
        },
    ],
    tasks: (2, 2),
    crowd: Some(Crowd {
        size: |knobs, _| n_cones(knobs),
        preferences: |knobs, _| cones(n_cones(knobs)).iter().map(preference).collect(),
        own_starts: |_| true,
        shares: None,
        method: Some(&CONES),
    }),
    chart: None,
    refuses,
};

/// What balances in a member; it is no method that a run could list.
const CONES: Method = Method {
    id: "cones",
    label: LEARNER_LABEL,
    needs: &[Need::LossValues, Need::Preference, Need::HeadsScaledByWeights],
    build: Build::Gramian(|setup| Box::new(Cones::new(setup))),
    ..mgda::METHOD
};
const LEARNER_LABEL: &str = "Pareto MTL";

fn n_cones(knobs: &[f64]) -> usize {
    knobs.first().map_or(5, |points| *points as usize)
}

/// (N) unit vectors, evenly spread; the first one asks for no loss of the first task.
fn cones(n: usize) -> Vec<[f64; 2]> {
    let angle = |alpha: &Vec<f64>| alpha[0] * std::f64::consts::FRAC_PI_2;
    simplex(2, n as u32).iter().map(|alpha| [libm::cos(angle(alpha)), libm::sin(angle(alpha))]).collect()
}

/// Twice the share, half the loss.
fn preference(cone: &[f64; 2]) -> Vec<f64> {
    let sum = cone[0] + cone[1];
    vec![cone[1] / sum, cone[0] / sum]
}

struct Cones {
    cones: Vec<[f64; 2]>,
    first: u64,
    is_inside: bool,
    rows: Vec<[f64; 2]>,    // gradients as weights of the tasks'
    products: Vec<f64>,     // (n, n)
    v: Vec<f64>,            // (n)
    gramians: Vec<Gramian>, // of n = 1, 2, … gradients
}

impl Cones {
    fn new(setup: &Setup) -> Self {
        let cones = cones(n_cones(&setup.knobs));
        let most = cones.len() + 1;
        Self {
            first: setup.knobs.get(1).map_or(0, |first| *first as u64),
            is_inside: false,
            rows: Vec::with_capacity(most),
            products: Vec::with_capacity(most * most),
            v: Vec::with_capacity(most),
            gramians: (1..=most).map(Gramian::new).collect(),
            cones,
        }
    }
}

impl GramianMethod for Cones {
    fn weights(&mut self, ctx: &StepContext<'_>, gramian: &Gramian, w: &mut [f64]) -> Outcome {
        let away = |cone: &[f64; 2]| (preference(cone)[0] - ctx.preference[0]).abs();
        let own = self.cones.iter().min_by(|a, b| away(a).total_cmp(&away(b))).copied().unwrap_or_default();
        self.rows.clear();
        for cone in &self.cones {
            let row = [cone[0] - own[0], cone[1] - own[1]];
            if *cone != own && row[0] * ctx.losses[0] + row[1] * ctx.losses[1] >= 0.0 {
                self.rows.push(row);
            }
        }
        self.is_inside |= self.rows.is_empty() || ctx.step >= self.first;
        if self.is_inside {
            self.rows.extend([[1.0, 0.0], [0.0, 1.0]]);
        }
        let n = self.rows.len();
        let product = |i: usize, j: usize| gramian.norms()[i] * gramian.norms()[j] * gramian.cosine(i, j);
        let m = [[product(0, 0), product(0, 1)], [product(1, 0), product(1, 1)]];
        self.products.clear();
        for a in &self.rows {
            for b in &self.rows {
                let along = |i: usize| m[i][0] * b[0] + m[i][1] * b[1];
                self.products.push(a[0] * along(0) + a[1] * along(1));
            }
        }
        let of_rows = &mut self.gramians[n - 1];
        of_rows.set_from_products(&self.products);
        self.v.clear();
        self.v.resize(n, 0.0);
        let outcome = mgda::shortest(of_rows, &mut self.v);
        for (task, w) in w.iter_mut().enumerate() {
            *w = self.rows.iter().zip(&self.v).map(|(row, v)| row[task] * v).sum();
        }
        let size: f64 = w.iter().map(|w| w.abs()).sum();
        if size > 0.0 {
            let k = w.len() as f64;
            w.iter_mut().for_each(|w| *w *= k / size);
        }
        outcome
    }
}

fn refuses(method: &Method, modifiers: &[Applied], _knobs: &[f64]) -> Option<String> {
    if method.id != mgda::METHOD.id {
        return Some(format!(
            "it takes shortest averages of gradients, and {} would take something else. Choose {}.",
            method.id,
            mgda::METHOD.label
        ));
    }
    let named = modifiers.first()?.modifier.id;
    Some(format!("it weighs the tasks itself, and the modifier {named} would change that. Leave it out."))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Weights for these losses and rows of G in the even cone of three.
    fn weights(losses: [f64; 2], rows: [&[f64]; 2], first: f64) -> [f64; 2] {
        let mut cones = Cones::new(&Setup { n_tasks: 2, knobs: vec![3.0, first] });
        let ctx = StepContext {
            losses: &losses,
            first_losses: &losses,
            epoch_means: None,
            preference: &[0.5, 0.5],
            learning_rate: 0.1,
            step: 0,
            seed: 0,
            served: Default::default(),
        };
        let mut w = [0.0; 2];
        cones.weights(&ctx, &Gramian::from_rows(&rows), &mut w);
        w
    }

    #[test]
    fn a_member_goes_into_its_cone_and_then_down() {
        // Cones end at 22.5° and 67.5°. Inside the even one of three only the task gradients count.
        let apart: [&[f64]; 2] = [&[1.0, 0.0], &[0.0, 1.0]];
        let w = weights([1.0, 1.0], apart, 100.0);
        assert!((w[0] - 1.0).abs() < 1e-6 && (w[1] - 1.0).abs() < 1e-6, "{w:?}");
        // Too much of the first loss: it goes down and the second up, in the ratio of (1, 0) − (1, 1)/√2.
        let w = weights([4.0, 1.0], apart, 100.0);
        let c = std::f64::consts::FRAC_1_SQRT_2;
        assert!((w[0] / w[1] + (1.0 - c) / c).abs() < 1e-6 && w[0] > 0.0, "{w:?}");
        assert!((w[0].abs() + w[1].abs() - 2.0).abs() < 1e-12);
        // The same without a first stage: neither loss goes up by more than the cone asks for.
        let w = weights([4.0, 1.0], apart, 0.0);
        let d = [w[0], w[1]];
        assert!(d[0] * (1.0 - c) - d[1] * c > -1e-9 && d[0] > 0.0, "{w:?}");
    }

    #[test]
    fn preferences_are_those_of_the_cones() {
        let all = (LEARNER.crowd.expect("a population").preferences)(&[5.0], 2);
        let near = |a: f64, b: f64| (a - b).abs() < 1e-12;
        assert!(near(all[0][0], 1.0) && near(all[2][0], 0.5) && near(all[4][0], 0.0), "{all:?}");
        assert!(all.iter().all(|alpha| near(alpha[0] + alpha[1], 1.0)));
    }
}
