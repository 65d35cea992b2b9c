//! The CPU backend: the same code natively and as WASM SIMD, in f32 to train and in f64 to check gradients.

mod examples;
mod flat;
mod implied;
mod members;

use super::{Apply, Combine, Part, Scope, Slot, StepReport, Workload};
use crate::balance::{Cost, RowsMethod, StepContext};
use crate::config::Activation;
use crate::data::Targets;
use crate::kernels::gemm::Packing;
use crate::kernels::listed::{self, By, Lists, Places};
use crate::kernels::{
    Means, Moments, Rule, TaskLoss, activate, blend, combine, convolve, delta, dense, excess, filter_gradient, gather,
    gramian, gramian_block, image_delta, loss, through, update, weight_gradient,
};
use crate::math::Real;
use crate::nn::{Layer, Network, Owner, ParamLayout};
use std::ops::Range;

/// Columns of G that a rows method sees at once.
const DIRECTION_BLOCK: usize = 512;
/// Fewest inputs and units of a layer whose deltas are listed by what is on, and fewest tasks.
const LISTED: usize = 128;
const LISTED_TASKS: usize = 4;
const MAX_TASKS: usize = *crate::config::TASKS.end();

/// θ, moments and gradients of one run. All room is taken at construction (that of G's size and of
/// lists: at its first use).
pub struct Cpu<T> {
    workload: Workload,
    theta: Vec<T>,
    moments: Moments<T>,
    gradient: Vec<T>, // (n_parameters): d, then every head's own gradient
    moved: Vec<T>,    // (n_parameters): Δθ of the last update
    g: Vec<T>,        // (K, P)
    kept: Vec<T>,     // (K, P) rows that methods keep over steps
    squares: Vec<T>,  // (K, P) sums of squared gradients
    saved: Vec<T>,    // (n_parameters): θ while it looks elsewhere
    way: Vec<T>,      // (n_parameters): from there to where it looks
    aside: Vec<T>,    // (n_parameters): a gradient that joins the update's
    members: Option<members::Members<T>>,
    forward: Forward<T>,
    targets: Vec<Vec<T>>, // (K) of (B)
    dz: Vec<Vec<T>>,      // (K) of (B, C): scaled loss gradient at each head's outputs
    stack: [Vec<T>; 2],   // (K·B, widest layer): deltas on their way down
    hidden: Vec<T>,       // (B, widest layer): deltas between the layers of one head
    block: Vec<f64>,      // (K + 1, DIRECTION_BLOCK): columns of G and of d for a rows method
    packing: Packing<T>,
    lists: Lists<T>,
    implied: implied::Implied<T>,
    passes: Cost,
}

/// A forward pass with its activations kept.
#[derive(Clone, Default)]
pub struct Forward<T> {
    rows: usize,
    x: Vec<T>,                       // (B, D)
    trunk: Vec<Activations<T>>,      // per layer
    heads: Vec<Vec<Activations<T>>>, // per task and layer
}

/// What one layer leaves behind.
#[derive(Clone, Default)]
struct Activations<T> {
    y: Vec<T>, // (B, width)
    /// (B, width) what went into the activation, if the way back needs it; else empty.
    inputs: Vec<T>,
    /// (B, width) which of four values a convolution's pooling took, if there is a way back; else empty.
    taken: Vec<u8>,
}

impl<T> Activations<T> {
    /// What the activation's slope is told from.
    fn slope_source(&self) -> &[T] {
        if self.inputs.is_empty() { &self.y } else { &self.inputs }
    }
}

impl<T: Real> Forward<T> {
    /// Room for `rows` rows that only go forward.
    pub fn new(network: &Network, rows: usize) -> Self {
        Self::with_room(network, rows, false)
    }

    /// Room for `rows` rows whose losses go back.
    fn with_way_back(network: &Network, rows: usize) -> Self {
        Self::with_room(network, rows, true)
    }

    fn with_room(network: &Network, rows: usize, goes_back: bool) -> Self {
        let room = |layers: &[Layer]| {
            let one = |layer: &Layer| {
                let room = vec![T::default(); rows * layer.outputs()];
                let keeps = goes_back && layer.activation().is_some_and(|activation| activation.needs_inputs());
                let pools = goes_back && matches!(layer, Layer::Convolution { .. });
                let taken = vec![0; if pools { room.len() } else { 0 }];
                Activations { inputs: if keeps { room.clone() } else { Vec::new() }, y: room, taken }
            };
            layers.iter().map(one).collect()
        };
        Self {
            rows,
            x: vec![T::default(); rows * network.n_inputs],
            trunk: room(&network.trunk),
            heads: network.heads.iter().map(|head| room(&head.layers)).collect(),
        }
    }

    /// Computes every head's outputs for these rows of (N, D) inputs; at most the rows there is room for.
    pub fn run(
        &mut self,
        (network, layout): (&Network, &ParamLayout),
        theta: &[T],
        source: &[f32],
        rows: &[u32],
        packing: &mut Packing<T>,
    ) {
        let n = rows.len().min(self.rows);
        gather(source, network.n_inputs, rows, &mut self.x);
        let Self { x, trunk, heads, .. } = self;
        let mut below: &[T] = x;
        for (index, (layer, out)) in network.trunk.iter().zip(trunk.iter_mut()).enumerate() {
            layer_forward(layout, theta, (Owner::Shared, index), *layer, n, below, out, packing);
            below = &out.y;
        }
        for (task, (head, outs)) in network.heads.iter().zip(heads).enumerate() {
            let mut below = below;
            for (index, (layer, out)) in head.layers.iter().zip(outs.iter_mut()).enumerate() {
                layer_forward(layout, theta, (Owner::Head(task), index), *layer, n, below, out, packing);
                below = &out.y;
            }
        }
    }

    /// (rows, C) outputs of a head.
    pub fn outputs(&self, task: usize) -> &[T] {
        self.heads[task].last().map_or(&[], |last| &last.y)
    }

    /// (rows, I) what goes into a shared layer.
    fn inputs(&self, layer: usize) -> &[T] {
        layer.checked_sub(1).map_or(&self.x, |below| &self.trunk[below].y)
    }

    fn representation(&self) -> &[T] {
        self.trunk.last().map_or(&self.x, |last| &last.y)
    }
}

#[expect(clippy::too_many_arguments, reason = "a layer is its place, its shape and its operands")]
fn layer_forward<T: Real>(
    layout: &ParamLayout,
    theta: &[T],
    (owner, index): (Owner, usize),
    layer: Layer,
    rows: usize,
    x: &[T],
    out: &mut Activations<T>,
    packing: &mut Packing<T>,
) {
    let (weight, bias) = layout.layer(owner, index);
    let (weight, bias) = (&theta[weight], &theta[bias]);
    let Activations { y, inputs, taken } = out;
    let bent = inputs.is_empty();
    let (out, activation) = if bent { (&mut *y, layer.activation()) } else { (&mut *inputs, None) };
    match layer {
        Layer::Dense { inputs, outputs, .. } => {
            dense((rows, inputs, outputs), x, weight, bias, activation, out, packing);
        }
        Layer::Convolution { shape, .. } => {
            convolve((rows, shape), x, weight, bias, activation, out, taken, packing);
        }
    }
    if !bent {
        activate(&inputs[..rows * layer.outputs()], y);
    }
}

/// From the deltas of shared layer `index`, `n_stacks` times `rows` of them, to those of the layer below it.
fn go_down<T: Real>(
    (network, forward, index): (&Network, &Forward<T>, usize),
    (n_stacks, rows): (usize, usize),
    dy: &[T],
    weight: &[T],
    dx: &mut [T],
    packing: &mut Packing<T>,
) {
    let layer = network.trunk[index];
    let below = slope_below((network, forward, index), rows);
    match layer {
        Layer::Dense { inputs, outputs, .. } => {
            delta((n_stacks * rows, inputs, outputs), dy, weight, below, dx, packing);
        }
        Layer::Convolution { shape, .. } => {
            let taken = &forward.trunk[index].taken;
            image_delta((n_stacks * rows, shape), dy, taken, weight, below, dx, packing);
        }
    }
}

/// The activation under shared layer `index`, and what its slope is told from (rows, inputs).
fn slope_below<'a, T: Real>(
    (network, forward, index): (&Network, &'a Forward<T>, usize),
    rows: usize,
) -> Option<(Activation, &'a [T])> {
    let activation = network.trunk[index - 1].activation()?;
    Some((activation, &forward.trunk[index - 1].slope_source()[..rows * network.trunk[index].inputs()]))
}

impl<T: Real> Cpu<T> {
    /// A run at `theta`.
    pub fn new(workload: Workload, theta: Vec<T>) -> Self {
        Self::with(workload, theta, Means::default())
    }

    /// A run by these means. Results are the same bits with any team.
    pub fn with(workload: Workload, theta: Vec<T>, means: Means) -> Self {
        let Workload { network, layout, batch_rows, .. } = &workload;
        let k = network.n_tasks();
        let layers = || network.trunk.iter().chain(network.heads.iter().flat_map(|head| &head.layers));
        let widest = layers().map(|layer| layer.inputs().max(layer.outputs())).max().unwrap_or(0);
        let stack = vec![T::default(); k * batch_rows * widest];
        let dz = network
            .heads
            .iter()
            .map(|head| vec![T::default(); batch_rows * head.layers.last().map_or(0, |layer| layer.outputs())]);
        Self {
            moments: Moments::new(workload.optimizer, layout.n_parameters()),
            gradient: vec![T::default(); layout.n_parameters()],
            moved: vec![T::default(); layout.n_parameters()],
            g: Vec::new(),
            kept: Vec::new(),
            squares: Vec::new(),
            saved: Vec::new(),
            way: Vec::new(),
            aside: Vec::new(),
            members: None,
            forward: Forward::with_way_back(network, *batch_rows),
            targets: vec![vec![T::default(); *batch_rows]; k],
            dz: dz.collect(),
            hidden: vec![T::default(); batch_rows * widest],
            block: vec![0.0; (k + 1) * DIRECTION_BLOCK],
            stack: [stack.clone(), stack],
            packing: Packing::of(means),
            lists: Lists::default(),
            implied: implied::Implied::new(&workload),
            passes: Cost { backward: 0, forward: 0 },
            theta,
            workload,
        }
    }

    pub fn parameters(&self) -> &[T] {
        &self.theta
    }

    /// θ may be moved from outside, for gradient checks and probes.
    pub fn parameters_mut(&mut self) -> &mut [T] {
        &mut self.theta
    }

    /// (K, P) rows that the last [`Self::gradients`] left.
    pub fn rows(&mut self) -> &[T] {
        self.form_rows();
        &self.g
    }

    /// d, then the heads' gradients, of the last [`Self::apply`], [`Self::direct`] or [`Self::gradients`] (heads only).
    pub fn gradient(&self) -> &[T] {
        &self.gradient
    }

    /// Passes so far.
    pub fn passes(&self) -> Cost {
        self.passes
    }

    /// What the run was made from.
    pub fn workload(&self) -> &Workload {
        &self.workload
    }

    /// (K) unscaled losses of the batch `rows` (B).
    pub fn losses(&mut self, rows: &[u32], losses: &mut [f64]) {
        self.losses_on(Part::Train, rows, losses);
    }

    /// The same of a batch of that part.
    pub fn losses_on(&mut self, part: Part, rows: &[u32], losses: &mut [f64]) {
        // Rows outlive their batch.
        self.form_rows();
        self.passes.forward += 1;
        let data = self.workload.split(part);
        let Workload { network, layout, targets, loss_scales, .. } = &self.workload;
        self.forward.run((network, layout), &self.theta, &data.x, rows, &mut self.packing);
        for (task, head) in network.heads.iter().enumerate() {
            let own = &mut self.targets[task];
            match &data.targets[targets[task]] {
                Targets::Class(classes) => {
                    for (target, &row) in own.iter_mut().zip(rows) {
                        *target = T::of(f64::from(classes[row as usize]));
                    }
                }
                Targets::Value(values) => gather(values, 1, rows, own),
            }
            let outputs = head.layers.last().map_or(0, |layer| layer.outputs());
            let task_loss = TaskLoss { loss: head.loss, targets: own, scale: loss_scales[task] };
            losses[task] = loss(&task_loss, outputs, self.forward.outputs(task), &mut self.dz[task]);
        }
    }

    /// Losses, the rows of G, the heads' own gradients and M (K, K).
    pub fn gradients(&mut self, rows: &[u32], losses: &mut [f64], m: &mut [f64]) {
        self.gradients_on(Part::Train, rows, losses, m);
    }

    /// The same of a batch of that part.
    pub fn gradients_on(&mut self, part: Part, rows: &[u32], losses: &mut [f64], m: &mut [f64]) {
        // What the rows before were is forgotten here.
        self.implied.missing = false;
        self.losses_on(part, rows, losses);
        let n_shared = self.workload.layout.n_shared();
        let k = self.workload.network.n_tasks();
        self.g.resize(k * n_shared, T::default());
        let mut g = std::mem::take(&mut self.g);
        self.backward_heads(0..k, None, true);
        self.backward_trunk(k, &mut g, n_shared);
        self.g = g;
        if self.implied.missing {
            self.implied_gramian(m);
        } else {
            gramian(n_shared, &self.g, &self.g, m);
        }
    }

    /// M (K, K) of what `scope` names, on the batch of the last [`Self::gradients`].
    pub fn gramian(&mut self, scope: Scope, m: &mut [f64]) {
        if scope != Scope::Representation {
            self.form_rows();
        }
        let Workload { network, layout, .. } = &self.workload;
        match scope {
            Scope::LastLayer => {
                let (weight, bias) = layout.layer(Owner::Shared, network.trunk.len().saturating_sub(1));
                gramian_block(layout.n_shared(), weight.start..bias.end, &self.g, &self.g, m);
            }
            Scope::Representation => {
                let room = self.workload.batch_rows * network.representation();
                let k = network.n_tasks();
                self.backward_heads(0..k, None, false);
                let z = &self.stack[0][..k * room];
                gramian(room, z, z, m);
            }
            Scope::Cross => gramian(layout.n_shared(), &self.kept, &self.g, m),
        }
    }

    /// Y ← diag(keep)·Y + diag(add)·G, and the Gramian (K, K) of Y.
    pub fn keep(&mut self, keep: &[f64], add: &[f64], m: &mut [f64]) {
        self.form_rows();
        self.kept.resize(self.g.len(), T::default());
        blend(keep, add, &self.g, &mut self.kept);
        gramian(self.workload.layout.n_shared(), &self.kept, &self.kept, m);
    }

    /// Remembers θ and the way v = (wᵀG, headsₖ times head k's own gradient).
    pub fn aim(&mut self, w: &[f64], heads: &[f64]) {
        self.combine_all(w, heads);
        self.saved.clone_from(&self.theta);
        self.way.clone_from(&self.gradient);
    }

    /// Remembers θ and the way v = Δθ of the last [`Self::apply`] through the shared parameters, the heads standing.
    pub fn aim_along_step(&mut self) {
        self.saved.clone_from(&self.theta);
        self.way.clone_from(&self.moved);
        self.way[self.workload.layout.n_shared()..].fill(T::default());
    }

    /// θ becomes what [`Self::aim`] remembered minus rate·v, until [`Self::step_back`].
    pub fn look(&mut self, rate: f64) {
        self.step_back();
        blend(&[1.0], &[-rate], &self.way, &mut self.theta);
    }

    /// A ← keep·A + (wᵀG, wₖ times head k's own gradient).
    pub fn set_aside(&mut self, keep: f64, w: &[f64]) {
        self.combine_all(w, w);
        self.aside.resize(self.gradient.len(), T::default());
        blend(&[keep], &[1.0], &self.gradient, &mut self.aside);
    }

    /// d = wᵀG and the heads' own gradients by their factors.
    fn combine_all(&mut self, w: &[f64], heads: &[f64]) {
        self.combine_rows(w);
        self.weigh_heads(heads);
    }

    /// d = wᵀG.
    fn combine_rows(&mut self, w: &[f64]) {
        if self.implied.missing {
            self.combine_implied(w);
        } else {
            combine(&self.g, w, &mut self.gradient[..self.workload.layout.n_shared()]);
        }
    }

    fn weigh_heads(&mut self, weights: &[f64]) {
        for (task, &weight) in weights.iter().enumerate() {
            if weight != 1.0 {
                let weight = T::of(weight);
                for g in &mut self.gradient[self.workload.layout.head(task)] {
                    *g *= weight;
                }
            }
        }
    }

    /// θ is again what it was before [`Self::aim`].
    pub fn step_back(&mut self) {
        self.theta.copy_from_slice(&self.saved);
    }

    /// (K) Σ g²/√(S + 1e-7) after S ← S + g².
    pub fn excess(&mut self, out: &mut [f64]) {
        self.form_rows();
        self.squares.resize(self.g.len(), T::default());
        excess(self.workload.layout.n_shared(), &self.g, &mut self.squares, out);
    }

    /// Own gradients of the heads of `tasks`; leaves in `stack[0]` the deltas at the representation: (tasks·B, R) by
    /// task, or (B, R) summed with these weights (K). `through` the trunk's last activation they are deltas, else
    /// ∂L/∂z.
    fn backward_heads(&mut self, tasks: Range<usize>, weights: Option<&[f64]>, through: bool) {
        let Workload { network, layout, batch_rows, .. } = &self.workload;
        let rows = *batch_rows;
        let representation = self.forward.representation();
        let below_trunk = network.trunk.last().and_then(|layer| layer.activation()).filter(|_| through);
        let room = rows * network.representation();
        let [stack, spare] = &mut self.stack;
        for task in tasks.clone() {
            let head = &network.heads[task];
            let last = head.layers.len() - 1;
            for (index, layer) in head.layers.iter().enumerate().rev() {
                let (weight, bias) = layout.layer(Owner::Head(task), index);
                let shape = (rows, layer.inputs(), layer.outputs());
                let (below, sloped): (&[T], &[T]) = match index.checked_sub(1) {
                    Some(index) => {
                        let below = &self.forward.heads[task][index];
                        (&below.y, below.slope_source())
                    }
                    None => (representation, self.forward.trunk.last().map_or(&[], Activations::slope_source)),
                };
                let top: &[T] = if index == last { &self.dz[task] } else { &self.hidden };
                let top = &top[..rows * layer.outputs()];
                let (dw, db) = self.gradient[weight.start..bias.end].split_at_mut(weight.len());
                weight_gradient(shape, below, top, dw, db, &mut self.packing);
                let activation = match index.checked_sub(1) {
                    Some(index) => head.layers[index].activation(),
                    None => below_trunk,
                };
                let below = activation.map(|activation| (activation, &sloped[..rows * layer.inputs()]));
                let out: &mut [T] = match weights {
                    None if index == 0 => &mut stack[(task - tasks.start) * room..][..room],
                    _ => &mut spare[..rows * layer.inputs()],
                };
                delta(shape, top, &self.theta[weight], below, out, &mut self.packing);
                if index > 0 {
                    self.hidden[..out.len()].copy_from_slice(out);
                }
            }
            if let Some(weights) = weights {
                let weight = T::of(weights[task]);
                for (sum, &dx) in stack[..room].iter_mut().zip(&spare[..room]) {
                    *sum = if task == tasks.start { weight * dx } else { *sum + weight * dx };
                }
            }
        }
    }

    /// From `stack[0]` (`n_stacks`·B rows) down the trunk; stack k's gradient goes to `into[k·stride..]`.
    fn backward_trunk(&mut self, n_stacks: usize, into: &mut [T], stride: usize) {
        self.passes.backward += n_stacks;
        let Workload { network, layout, batch_rows, .. } = &self.workload;
        let rows = *batch_rows;
        let [stack, spare] = &mut self.stack;
        for (index, layer) in network.trunk.iter().enumerate().rev() {
            let (weight, bias) = layout.layer(Owner::Shared, index);
            let (inputs, outputs) = (layer.inputs(), layer.outputs());
            let below = self.forward.inputs(index);
            // For fewer tasks or a narrower layer lists cost as much as they save or more:
            // benches/record/listed.md.
            let on = &self.forward.trunk[index].y[..rows * outputs];
            let listed = lists(n_stacks, *layer) && listed::pays(on);
            if n_stacks > 1 && self.implied.keep(index, &stack[..n_stacks * rows * outputs]) {
                // Rows that nobody may ever read.
            } else if listed {
                let deltas = &stack[..n_stacks * rows * outputs];
                self.lists.sort((n_stacks, outputs), By::Unit, on, deltas);
                let places = Places { task: stride, step: 1, stride: outputs };
                let into = &mut into[weight.start..];
                let at = |row, input| below[row * inputs + input];
                self.lists.times((rows, inputs), at, (places, &mut *into), &self.packing);
                for k in 0..n_stacks {
                    let bias = bias.start - weight.start..bias.end - weight.start;
                    self.lists.sums(k, &mut into[k * stride..][bias]);
                }
            } else {
                for k in 0..n_stacks {
                    let own = &mut into[k * stride..][weight.start..bias.end];
                    let (dw, db) = own.split_at_mut(weight.len());
                    let dy = &stack[k * rows * outputs..][..rows * outputs];
                    match *layer {
                        Layer::Dense { .. } => {
                            weight_gradient((rows, inputs, outputs), below, dy, dw, db, &mut self.packing);
                        }
                        Layer::Convolution { shape, .. } => {
                            let taken = &self.forward.trunk[index].taken;
                            filter_gradient((rows, shape), below, taken, dy, dw, db, &mut self.packing);
                        }
                    }
                }
            }
            if index > 0 {
                // The first layer's inputs are data: no gradient goes there.
                let dy = &stack[..n_stacks * rows * outputs];
                let at = (network, &self.forward, index);
                let theta = &self.theta[weight];
                if listed {
                    self.lists.sort((n_stacks, outputs), By::Row, on, dy);
                    let places = Places { task: rows * inputs, step: inputs, stride: 1 };
                    let weight = |unit, input| theta[input * outputs + unit];
                    self.lists.times((outputs, inputs), weight, (places, &mut *spare), &self.packing);
                    if let Some(below) = slope_below(at, rows) {
                        through(below, &mut spare[..n_stacks * rows * inputs]);
                    }
                } else {
                    go_down(at, (n_stacks, rows), dy, theta, spare, &mut self.packing);
                }
                std::mem::swap(stack, spare);
            }
        }
    }

    /// d from what is there; the heads' own gradients stay, or come with the backward pass that is asked for.
    fn direct_shared(&mut self, how: Combine<'_>) {
        let n_shared = self.workload.layout.n_shared();
        let k = self.workload.network.n_tasks();
        match how {
            Combine::Rows(w) => self.combine_rows(w),
            Combine::Kept(w) => combine(&self.kept, w, &mut self.gradient[..n_shared]),
            Combine::Weighted(w) => {
                self.backward_heads(0..k, Some(w), true);
                let mut gradient = std::mem::take(&mut self.gradient);
                self.backward_trunk(1, &mut gradient[..n_shared], n_shared);
                self.gradient = gradient;
            }
            Combine::Direction(slot, method, ctx) => {
                method.begin(ctx, n_shared);
                self.form_rows();
                let rows = match slot {
                    Slot::Batch => &self.g,
                    Slot::Kept => &self.kept,
                };
                for first in (0..n_shared).step_by(DIRECTION_BLOCK) {
                    let n = DIRECTION_BLOCK.min(n_shared - first);
                    let out = direct(method, ctx, (rows, k, n_shared), first, n, &mut self.block);
                    for (d, &x) in self.gradient[first..first + n].iter_mut().zip(out) {
                        *d = T::of(x);
                    }
                }
            }
            Combine::AtRepresentation(method, ctx) => {
                self.backward_heads(0..k, None, true);
                let room = self.workload.batch_rows * self.workload.network.representation();
                method.begin(ctx, room);
                for first in (0..room).step_by(DIRECTION_BLOCK) {
                    let n = DIRECTION_BLOCK.min(room - first);
                    let out = direct(method, ctx, (&self.stack[0], k, room), first, n, &mut self.block);
                    // These columns were read; the first task's row becomes the one that goes down.
                    for (d, &x) in self.stack[0][first..first + n].iter_mut().zip(out) {
                        *d = T::of(x);
                    }
                }
                let mut gradient = std::mem::take(&mut self.gradient);
                self.backward_trunk(1, &mut gradient[..n_shared], n_shared);
                self.gradient = gradient;
            }
        }
    }

    /// One update of θ.
    pub fn apply(&mut self, apply: Apply<'_>) -> StepReport {
        let (learning_rate, probe) = (apply.learning_rate, apply.probe);
        self.direct(apply);
        let rule = self.rule(learning_rate, &self.gradient);
        update(&rule, &self.gradient, &mut self.moments, &mut self.theta, &mut self.moved);
        if probe { self.report() } else { StepReport::default() }
    }

    /// θ becomes this; where a θ is given from which it comes, Δθ is the way from there, and what it does is told.
    pub fn put(&mut self, theta: &[T], before: Option<&[T]>) -> StepReport {
        self.theta.copy_from_slice(theta);
        let Some(before) = before else { return StepReport::default() };
        for (moved, (&theta, &before)) in self.moved.iter_mut().zip(theta.iter().zip(before)) {
            *moved = theta - before;
        }
        self.report()
    }

    /// d and the heads' gradients by their weights, with what was set aside.
    pub fn direct(&mut self, apply: Apply<'_>) {
        self.direct_shared(apply.combine);
        self.weigh_heads(apply.head_weights);
        if apply.aside != 0.0 {
            blend(&[1.0], &[apply.aside], &self.aside, &mut self.gradient);
        }
    }

    /// The optimizer's numbers for this gradient.
    fn rule(&self, learning_rate: f64, gradient: &[T]) -> Rule {
        let Workload { optimizer, weight_decay, clip, .. } = self.workload;
        Rule {
            optimizer,
            learning_rate,
            weight_decay,
            gradient_scale: clip.map_or(1.0, |clip| clip / length(gradient).max(clip)),
        }
    }

    /// What the last update did to the shared parameters.
    fn report(&mut self) -> StepReport {
        let n_shared = self.workload.layout.n_shared();
        let [along_direction, along_step] = if self.implied.missing {
            self.implied_products()
        } else {
            [&self.gradient, &self.moved].map(|v| {
                let mut products = vec![0.0; self.workload.network.n_tasks()];
                gramian(n_shared, &self.g, &v[..n_shared], &mut products);
                products
            })
        };
        let (d, moved) = (&self.gradient[..n_shared], &self.moved[..n_shared]);
        StepReport { along_direction, direction_length: length(d), along_step, step_length: length(moved) }
    }
}

/// Whether the way back of that many tasks through this layer can be made of lists.
fn lists(tasks: usize, layer: Layer) -> bool {
    let wide = layer.inputs() >= LISTED && layer.outputs() >= LISTED;
    let dense = matches!(layer, Layer::Dense { activation: Some(Activation::Relu), .. });
    tasks >= LISTED_TASKS && wide && dense
}

/// What the method makes of columns `first .. first + n` of rows (K, width).
fn direct<'a, T: Real>(
    method: &mut dyn RowsMethod,
    ctx: &StepContext<'_>,
    (rows, k, width): (&[T], usize, usize),
    first: usize,
    n: usize,
    block: &'a mut [f64],
) -> &'a [f64] {
    let (room, out) = block.split_at_mut(k * DIRECTION_BLOCK);
    for (task, row) in room.chunks_exact_mut(DIRECTION_BLOCK).enumerate() {
        for (x, g) in row[..n].iter_mut().zip(&rows[task * width + first..]) {
            *x = g.to_f64();
        }
    }
    let mut columns: [&[f64]; MAX_TASKS] = [&[]; MAX_TASKS];
    for (column, row) in columns.iter_mut().zip(room.chunks_exact(DIRECTION_BLOCK)) {
        *column = &row[..n];
    }
    method.direction(ctx, first, &columns[..k], &mut out[..n]);
    &out[..n]
}

fn length<T: Real>(v: &[T]) -> f64 {
    let mut square = [0.0];
    gramian(v.len(), v, v, &mut square);
    square[0].sqrt()
}
