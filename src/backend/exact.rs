//! An analytic problem as a backend: θ is x in f64, all of it shared; no rows, no heads, no batches.

use super::{Apply, Combine, Scope, Slot, Spread, StepReport};
use crate::balance::modify::Ascent;
use crate::balance::solve::MAX_TASKS;
use crate::balance::{RowsMethod, StepContext};
use crate::config::Optimizer;
use crate::kernels::{Moments, Rule, ascend, blend, combine, excess, gramian, slope, update};
use crate::problem::Problem;

/// Everything fixed about a run on an analytic problem.
#[derive(Debug, Clone)]
pub struct Descent {
    pub problem: &'static Problem,
    /// Which of the problem's losses are minimized (K).
    pub targets: Vec<usize>,
    /// (K) factor on each loss.
    pub loss_scales: Vec<f64>,
    pub optimizer: Optimizer,
    pub weight_decay: f64,
    /// Largest length of d.
    pub clip: Option<f64>,
    /// Factor on d before clipping: published experiments differ in where they sum and where they average.
    pub multiplier: f64,
}

/// x, moments and gradients of one run; all room is taken at construction, but for what a probe reports.
#[derive(Debug, Clone)]
pub struct Exact {
    descent: Descent,
    x: Vec<f64>, // (P)
    moments: Moments<f64>,
    direction: Vec<f64>,  // (P)
    moved: Vec<f64>,      // (P): Δx of the last update
    free: Vec<f64>,       // (P): x before it was put back into the box
    rows: Vec<f64>,       // (K, P), scaled
    kept: Vec<f64>,       // (K, P): rows kept over steps
    squares: Vec<f64>,    // (K, P): sums of squared gradients
    saved: Vec<f64>,      // (P): x while it looks elsewhere
    way: Vec<f64>,        // (P): from there to where it looks
    aside: Vec<f64>,      // (P): a gradient that joins d
    confined: bool,       // whether a wall cut the last look short
    all_losses: Vec<f64>, // of the problem, whichever are minimized
    all_rows: Vec<f64>,
    members: Option<Members>,
}

/// Points whose mixture is x.
#[derive(Debug, Clone)]
struct Members {
    x: Vec<f64>,        // (K, P)
    gradient: Vec<f64>, // (K, P)
    moved: Vec<f64>,    // (K, P): Δx of the last update
    free: Vec<f64>,     // (K, P): x before it was put back into the box
    moments: Moments<f64>,
}

impl Exact {
    /// A run from `x` (P).
    pub fn new(descent: Descent, x: Vec<f64>) -> Self {
        let (p, n) = (x.len(), descent.problem.n_tasks());
        Self {
            moments: Moments::new(descent.optimizer, p),
            direction: vec![0.0; p],
            moved: vec![0.0; p],
            free: vec![0.0; p],
            rows: vec![0.0; descent.targets.len() * p],
            kept: vec![0.0; descent.targets.len() * p],
            squares: vec![0.0; descent.targets.len() * p],
            saved: x.clone(),
            way: vec![0.0; p],
            aside: vec![0.0; p],
            confined: false,
            all_losses: vec![0.0; n],
            all_rows: vec![0.0; n * p],
            members: None,
            x,
            descent,
        }
    }

    /// (P)
    pub fn x(&self) -> &[f64] {
        &self.x
    }

    /// What the run was made from.
    pub fn descent(&self) -> &Descent {
        &self.descent
    }

    /// (K)
    pub fn loss_scales(&self) -> &[f64] {
        &self.descent.loss_scales
    }

    /// M (K, K). x is all there is to share: it is the last layer and the representation.
    pub fn gramian(&mut self, scope: Scope, m: &mut [f64]) {
        match scope {
            Scope::LastLayer | Scope::Representation => {
                self.fill_rows();
                gramian(self.x.len(), &self.rows, &self.rows, m);
            }
            Scope::Cross => gramian(self.x.len(), &self.kept, &self.rows, m),
        }
    }

    /// Y ← diag(keep)·Y + diag(add)·G, and the Gramian (K, K) of Y.
    pub fn keep(&mut self, keep: &[f64], add: &[f64], m: &mut [f64]) {
        blend(keep, add, &self.rows, &mut self.kept);
        gramian(self.x.len(), &self.kept, &self.kept, m);
    }

    /// Remembers x and the way v = wᵀG.
    pub fn aim(&mut self, w: &[f64]) {
        self.saved.copy_from_slice(&self.x);
        combine(&self.rows, w, &mut self.way);
    }

    /// Remembers x and the way v = Δx of the last [`Self::apply`]. False where a wall is nearer than `reach` along it.
    pub fn aim_along_step(&mut self, reach: f64) -> bool {
        self.saved.copy_from_slice(&self.x);
        self.way.copy_from_slice(&self.moved);
        let long = length(&self.way);
        [-reach, reach].into_iter().all(|reach| {
            for (free, (x, way)) in self.free.iter_mut().zip(self.x.iter().zip(&self.way)) {
                *free = x + reach * way / long;
            }
            // Δx has served: it makes room for where the walls put the end.
            self.moved.copy_from_slice(&self.free);
            self.descent.problem.confine(&mut self.moved);
            self.moved == self.free
        })
    }

    /// x becomes what [`Self::aim`] remembered minus rate·v, inside the box, until [`Self::step_back`].
    pub fn look(&mut self, rate: f64) {
        self.step_back();
        blend(&[1.0], &[-rate], &self.way, &mut self.x);
        self.free.copy_from_slice(&self.x);
        self.descent.problem.confine(&mut self.x);
        self.confined = self.x != self.free;
    }

    /// Whether a wall cut the last [`Self::look`] short.
    pub fn is_confined(&self) -> bool {
        self.confined
    }

    /// A ← keep·A + wᵀG.
    pub fn set_aside(&mut self, keep: f64, w: &[f64]) {
        combine(&self.rows, w, &mut self.direction);
        blend(&[keep], &[1.0], &self.direction, &mut self.aside);
    }

    /// Kept rows become ∇Lᵢ(x + εᵢ) − gᵢ, inside the box, and their Gramian (K, K).
    pub fn flatten(&mut self, ascent: Ascent, m: &mut [f64]) {
        let p = self.x.len();
        self.saved.copy_from_slice(&self.x);
        for task in 0..self.descent.targets.len() {
            slope(ascent.adaptive, &self.rows[task * p..][..p], (&[], 0..0), &self.saved, &mut self.way);
            ascend(ascent.adaptive, ascent.reach(length(&self.way)), &self.way, &self.saved, &mut self.x);
            self.descent.problem.confine(&mut self.x);
            (self.descent.problem.gradients)(&self.x, &mut self.all_rows);
            let (target, scale) = (self.descent.targets[task], self.descent.loss_scales[task]);
            let own = self.all_rows[target * p..].iter().zip(&self.rows[task * p..]);
            for (kept, (slope, plain)) in self.kept[task * p..][..p].iter_mut().zip(own) {
                *kept = scale * slope - plain;
            }
        }
        self.step_back();
        gramian(p, &self.kept, &self.kept, m);
    }

    /// A ← keep·A + d with d as `how` says.
    pub fn set_aside_shared(&mut self, keep: f64, how: Combine<'_>) {
        self.direct(how);
        blend(&[keep], &[1.0], &self.direction, &mut self.aside);
    }

    /// x is again what it was before [`Self::aim`].
    pub fn step_back(&mut self) {
        self.x.copy_from_slice(&self.saved);
    }

    /// (K) Σ g²/√(S + 1e-7) after S ← S + g².
    pub fn excess(&mut self, out: &mut [f64]) {
        excess(self.x.len(), &self.rows, &mut self.squares, out);
    }

    /// (K) unscaled losses at x.
    pub fn losses(&mut self, losses: &mut [f64]) {
        (self.descent.problem.losses)(&self.x, &mut self.all_losses);
        for (loss, &target) in losses.iter_mut().zip(&self.descent.targets) {
            *loss = self.all_losses[target];
        }
    }

    /// Losses, the rows of G and M (K, K).
    pub fn gradients(&mut self, losses: &mut [f64], m: &mut [f64]) {
        self.losses(losses);
        self.fill_rows();
        gramian(self.x.len(), &self.rows, &self.rows, m);
    }

    fn fill_rows(&mut self) {
        let p = self.x.len();
        (self.descent.problem.gradients)(&self.x, &mut self.all_rows);
        let own = self.descent.targets.iter().zip(&self.descent.loss_scales);
        for (row, (&target, scale)) in self.rows.chunks_exact_mut(p).zip(own) {
            for (entry, slope) in row.iter_mut().zip(&self.all_rows[target * p..]) {
                *entry = scale * slope;
            }
        }
    }

    fn by_coordinates(&mut self, slot: Slot, method: &mut dyn RowsMethod, ctx: &StepContext<'_>) {
        let p = self.x.len();
        let mut rows: [&[f64]; MAX_TASKS] = [&[]; MAX_TASKS];
        let k = self.descent.targets.len();
        let from = match slot {
            Slot::Batch => &self.rows,
            Slot::Kept => &self.kept,
        };
        for (place, row) in rows.iter_mut().zip(from.chunks_exact(p)) {
            *place = row;
        }
        method.begin(ctx, p);
        method.direction(ctx, 0, &rows[..k], &mut self.direction);
    }

    /// d as `how` says, times the multiplier.
    fn direct(&mut self, how: Combine<'_>) {
        match how {
            Combine::Rows(w) => combine(&self.rows, w, &mut self.direction),
            Combine::Weighted(w) => {
                self.fill_rows();
                combine(&self.rows, w, &mut self.direction);
            }
            Combine::Kept(w) => combine(&self.kept, w, &mut self.direction),
            Combine::Direction(slot, method, ctx) => self.by_coordinates(slot, method, ctx),
            Combine::AtRepresentation(method, ctx) => {
                self.fill_rows();
                self.by_coordinates(Slot::Batch, method, ctx);
            }
        }
        for d in &mut self.direction {
            *d *= self.descent.multiplier;
        }
    }

    /// Holds these members (K, P) from now on.
    pub fn hold_members(&mut self, x: Vec<f64>) {
        self.members = Some(Members {
            gradient: vec![0.0; x.len()],
            moved: vec![0.0; x.len()],
            free: vec![0.0; x.len()],
            moments: Moments::new(self.descent.optimizer, x.len()),
            x,
        });
    }

    /// (K, P); empty where there are none.
    pub fn members(&self) -> &[f64] {
        self.members.as_ref().map_or(&[], |members| &members.x)
    }

    /// x ← Σ αₖxₖ.
    pub fn mix(&mut self, alpha: &[f64]) {
        if let Some(members) = &self.members {
            combine(&members.x, alpha, &mut self.x);
        }
    }

    /// One draw's share of the update for every member, and the update itself where `spread` moves them.
    pub fn apply_to_members(&mut self, apply: Apply<'_>, spread: Spread<'_>) -> StepReport {
        let p = self.x.len();
        self.direct_all(apply.combine, apply.aside);
        let Some(mut members) = self.members.take() else { return StepReport::default() };
        for (gradient, &alpha) in members.gradient.chunks_exact_mut(p).zip(spread.alpha) {
            blend(&[spread.keep], &[alpha], &self.direction, gradient);
        }
        if spread.moves {
            let rule = self.rule(apply.learning_rate, length(&members.gradient));
            let Members { x, gradient, moved, free, moments } = &mut members;
            update(&rule, gradient, moments, x, moved);
            free.copy_from_slice(x);
            x.chunks_exact_mut(p).for_each(|x| self.descent.problem.confine(x));
            for (moved, (x, free)) in moved.iter_mut().zip(x.iter().zip(&*free)) {
                *moved += x - free;
            }
            combine(moved, spread.alpha, &mut self.moved);
            combine(x, spread.alpha, &mut self.x);
        }
        self.members = Some(members);
        if apply.probe && spread.moves { self.report() } else { StepReport::default() }
    }

    /// (P) d of the last update.
    pub fn direction(&self) -> &[f64] {
        &self.direction
    }

    /// x becomes this, inside the box; where an x is given from which it comes, Δx is the way from there, and what it
    /// does is told.
    pub fn put(&mut self, x: &[f32], before: Option<&[f32]>) -> StepReport {
        for (own, &x) in self.x.iter_mut().zip(x) {
            *own = f64::from(x);
        }
        self.descent.problem.confine(&mut self.x);
        let Some(before) = before else { return StepReport::default() };
        for (moved, (x, &before)) in self.moved.iter_mut().zip(self.x.iter().zip(before)) {
            *moved = x - f64::from(before);
        }
        self.report()
    }

    /// d as `how` says, with what was set aside.
    pub fn direct_all(&mut self, how: Combine<'_>, aside: f64) {
        self.direct(how);
        if aside != 0.0 {
            blend(&[1.0], &[aside], &self.aside, &mut self.direction);
        }
    }

    /// The optimizer's numbers for a gradient of this length.
    fn rule(&self, learning_rate: f64, length: f64) -> Rule {
        let Descent { optimizer, weight_decay, clip, .. } = self.descent;
        Rule {
            optimizer,
            learning_rate,
            weight_decay,
            gradient_scale: clip.map_or(1.0, |clip| clip / length.max(clip)),
        }
    }

    /// One update of x, which ends where the problem's box says.
    pub fn apply(&mut self, apply: Apply<'_>) -> StepReport {
        self.direct_all(apply.combine, apply.aside);
        let rule = self.rule(apply.learning_rate, length(&self.direction));
        update(&rule, &self.direction, &mut self.moments, &mut self.x, &mut self.moved);
        self.free.copy_from_slice(&self.x);
        self.descent.problem.confine(&mut self.x);
        for (moved, (x, free)) in self.moved.iter_mut().zip(self.x.iter().zip(&self.free)) {
            *moved += x - free;
        }
        if apply.probe { self.report() } else { StepReport::default() }
    }

    /// What the last update did.
    fn report(&self) -> StepReport {
        let along = |v: &[f64]| {
            let mut products = vec![0.0; self.descent.targets.len()];
            gramian(self.x.len(), &self.rows, v, &mut products);
            products
        };
        StepReport {
            along_direction: along(&self.direction),
            direction_length: length(&self.direction),
            along_step: along(&self.moved),
            step_length: length(&self.moved),
        }
    }
}

fn length(v: &[f64]) -> f64 {
    v.iter().map(|x| x * x).sum::<f64>().sqrt()
}
