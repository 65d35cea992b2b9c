//! Losses and task gradients of one subject at any θ, and quickly at any point of a plane.
//!
//! A point of a plane has the parameters θ₀ + x u + y v. What the first layer makes of the inputs X is affine in
//! (x, y): X·(W₀ + xU + yV) = XW₀ + x XU + y XV. These three products, biases in them, are taken once a plane, so at a
//! point the layer costs two multiplications a unit and row instead of a matrix product; only the later layers'
//! parameters are formed. All room is taken when the plane is laid: no point takes memory.
//!
//! A convolution is affine in the plane too, but only before its pooling, where it has so many values that three
//! products of them cost as much as the convolution itself. Networks with convolutions go up plainly at every point.

use super::pull::Pull;
use crate::backend::Workload;
use crate::backend::cpu::{Cpu, Forward};
use crate::config::{AnalyticConfig, Optimizer};
use crate::data::{Split, Targets};
use crate::kernels::gemm::{Packing, View, gemm};
use crate::kernels::{TaskLoss, affine, bend, gramian, loss};
use crate::nn::{Layer, Owner};
use crate::problem::{Edge, Problem};
use crate::protocol::MapPlane;
use std::ops::Range;
use std::rc::Rc;

/// Rows of a map where there are so many and the network is not too large for it.
const ROWS: usize = 512;
/// Multiplications × rows of one evaluation, and the rows it has at least.
const WORK: usize = 64_000_000;
const FEWEST_ROWS: usize = 32;

/// How many of the first training rows the losses of maps are the mean of, where a row costs `work` multiplications.
pub fn map_rows(work: usize, train_rows: usize) -> usize {
    (WORK / work.max(1)).clamp(FEWEST_ROWS, ROWS).min(train_rows)
}

/// What losses are evaluated on.
pub enum Ground {
    Rows(Box<OnRows>),
    Formulas(Box<OnFormulas>),
}

impl Ground {
    /// The network of a workload on its first training rows.
    pub fn of_network(workload: &Workload, rows: usize) -> Self {
        Self::Rows(Box::new(OnRows::new(workload, rows)))
    }

    pub fn of_problem(analytic: &AnalyticConfig) -> Self {
        Self::Formulas(Box::new(OnFormulas::new(analytic)))
    }

    /// K.
    pub fn n_tasks(&self) -> usize {
        match self {
            Self::Rows(ground) => ground.workload.network.n_tasks(),
            Self::Formulas(ground) => ground.loss_scales.len(),
        }
    }

    /// Length of θ.
    pub fn n_parameters(&self) -> usize {
        match self {
            Self::Rows(ground) => ground.workload.layout.n_parameters(),
            Self::Formulas(ground) => ground.problem.n_parameters,
        }
    }

    /// (K) unscaled losses at θ, by a forward pass from the inputs on.
    pub fn losses_at(&mut self, theta: &[f32], losses: &mut [f64]) {
        match self {
            Self::Rows(ground) => ground.losses_at(theta, losses),
            Self::Formulas(ground) => {
                for (x, value) in ground.x.iter_mut().zip(theta) {
                    *x = f64::from(*value);
                }
                ground.losses(losses);
            }
        }
    }

    /// (K) task gradients at θ with the loss scales, with respect to all parameters.
    pub fn gradients_at(&mut self, theta: &[f32]) -> Vec<Vec<f32>> {
        match self {
            Self::Rows(ground) => ground.gradients_at(theta),
            Self::Formulas(ground) => {
                for (x, value) in ground.x.iter_mut().zip(theta) {
                    *x = f64::from(*value);
                }
                ground.fill_rows();
                let p = ground.x.len();
                ground.rows.chunks_exact(p).map(|row| row.iter().map(|g| *g as f32).collect()).collect()
            }
        }
    }

    /// M (K, K) at θ: products of the task gradients with respect to the shared parameters, loss scales in them.
    pub fn gramian_at(&mut self, theta: &[f32], gramian: &mut [f64]) {
        match self {
            Self::Rows(ground) => {
                ground.theta.copy_from_slice(theta);
                ground.backward(&mut vec![0.0; ground.targets.len()], gramian);
            }
            Self::Formulas(ground) => {
                for (x, value) in ground.x.iter_mut().zip(theta) {
                    *x = f64::from(*value);
                }
                ground.fill_rows();
                crate::kernels::gramian(ground.x.len(), &ground.rows, &ground.rows, gramian);
            }
        }
    }

    /// Makes ready for points of this plane, whose vectors are as long as θ.
    pub fn stand_on(&mut self, plane: &MapPlane) {
        match self {
            Self::Rows(ground) => ground.stand_on(plane),
            Self::Formulas(ground) => ground.plane = plane.clone(),
        }
    }

    /// (K) unscaled losses at a point of the plane; NaN where a problem's losses have no meaning.
    pub fn losses(&mut self, at: [f64; 2], losses: &mut [f64]) {
        match self {
            Self::Rows(ground) => ground.losses(at, losses),
            Self::Formulas(ground) => {
                if ground.go(at) {
                    ground.losses(losses);
                } else {
                    losses.fill(f64::NAN);
                }
            }
        }
    }

    /// The same, and the numbers of a [`Pull`].
    pub fn pull(&mut self, at: [f64; 2], losses: &mut [f64], numbers: &mut [f32]) {
        match self {
            Self::Rows(ground) => ground.pull(at, losses, numbers),
            Self::Formulas(ground) => {
                if ground.go(at) {
                    ground.losses(losses);
                    ground.pull(numbers);
                } else {
                    losses.fill(f64::NAN);
                    numbers.fill(f32::NAN);
                }
            }
        }
    }
}

/// A network on rows of its training split.
pub struct OnRows {
    /// Its data are the rows of the map alone.
    workload: Workload,
    rows: Vec<u32>,
    targets: Vec<Vec<f32>>, // (K) of (B)
    plane: MapPlane,
    theta: Vec<f32>,         // at the last point; of the first layer only where gradients were asked for
    inputs: Vec<f32>,        // (D, B)
    products: [Vec<f32>; 3], // (H₁, B) of the inputs with W₀, U and V, biases added
    first: Room,
    trunk: Vec<Room>,
    heads: Vec<Vec<Room>>,
    dz: Vec<f32>,
    z: Vec<f32>, // (B, C) a head's outputs by row
    packing: Packing<f32>,
    /// The way up where there are convolutions; then the layers above have no room.
    images: Option<Forward<f32>>,
    /// Made when gradients are first asked for.
    cpu: Option<Box<Cpu<f32>>>,
}

/// One layer of the way up. Values are kept by unit, (width, B): rows run along registers however narrow a layer is.
struct Room {
    layer: Layer,
    weight: Range<usize>,
    bias: Range<usize>,
    y: Vec<f32>, // (width, B)
}

/// Layers with fewer inputs or outputs than these are summed as they lie; in others packing pays.
const NARROW_INPUTS: usize = 9;
const NARROW_OUTPUTS: usize = 4;

impl Room {
    /// y = activation(Wᵀ·below + b) with the parameters of θ.
    fn go_up(&mut self, theta: &[f32], below: &[f32], packing: &mut Packing<f32>) {
        let mut y = std::mem::take(&mut self.y);
        self.affine(theta, below, &mut y, packing);
        bend(self.layer.activation(), &mut y);
        self.y = y;
    }

    /// out (width, B) = Wᵀ·below (inputs, B) + b.
    fn affine(&self, theta: &[f32], below: &[f32], out: &mut [f32], packing: &mut Packing<f32>) {
        let (inputs, outputs) = (self.layer.inputs(), self.layer.outputs());
        let rows = out.len() / outputs.max(1);
        let (weight, bias) = (&theta[self.weight.clone()], &theta[self.bias.clone()]);
        if inputs < NARROW_INPUTS || outputs < NARROW_OUTPUTS {
            for (unit, (out, bias)) in out.chunks_exact_mut(rows).zip(bias).enumerate() {
                out.fill(*bias);
                let mut weights = weight[unit..].iter().step_by(outputs);
                let four = below.chunks_exact(4 * rows);
                let rest = four.remainder();
                for below in four {
                    let [a, b, c, d] = [0, 1, 2, 3].map(|_| weights.next().copied().unwrap_or(0.0));
                    let (x, below) = below.split_at(rows);
                    let (y, below) = below.split_at(rows);
                    let (z, w) = below.split_at(rows);
                    for ((((out, x), y), z), w) in out.iter_mut().zip(x).zip(y).zip(z).zip(w) {
                        *out += a * x + b * y + c * z + d * w;
                    }
                }
                for (below, weight) in rest.chunks_exact(rows).zip(weights) {
                    for (out, below) in out.iter_mut().zip(below) {
                        *out += weight * below;
                    }
                }
            }
        } else {
            gemm((outputs, rows, inputs), View::transposed(weight, outputs), View::rows(below, rows), out, packing);
            for (out, bias) in out.chunks_exact_mut(rows).zip(bias) {
                for out in out {
                    *out += bias;
                }
            }
        }
    }
}

/// b (columns, rows) = a (rows, columns)ᵀ; neighboring rows of each are so far apart as stands beside it.
fn turn((rows, columns): (usize, usize), (a, a_apart): (&[f32], usize), (b, b_apart): (&mut [f32], usize)) {
    for row in 0..rows {
        for (column, value) in a[row * a_apart..][..columns].iter().enumerate() {
            b[column * b_apart + row] = *value;
        }
    }
}

/// Room of one unit's values: whole registers, and no power of two, or all units would meet in the same sets of the
/// cache. What is behind the rows is computed and not looked at.
fn apart(rows: usize) -> usize {
    let room = rows.next_multiple_of(8);
    if room.is_multiple_of(64) { room + 8 } else { room }
}

impl OnRows {
    fn new(workload: &Workload, rows: usize) -> Self {
        let n = rows.clamp(1, workload.data.rows.max(1));
        let data = Rc::new(workload.data.first(n, workload.network.n_inputs));
        // Nothing is trained here, so there need be no room for moments.
        let optimizer = Optimizer::Sgd { momentum: 0.0 };
        let empty = Rc::new(Split { rows: 0, x: Vec::new(), targets: Vec::new() });
        let workload = Workload { data, validation: empty, batch_rows: n, optimizer, clip: None, ..workload.clone() };
        let (network, layout) = (&workload.network, &workload.layout);
        let images = network.has_convolutions().then(|| Forward::new(network, n));
        let numbers = if images.is_some() { 0 } else { apart(n) };
        let room = |owner: Owner, (index, layer): (usize, &Layer)| {
            let (weight, bias) = layout.layer(owner, index);
            Room { layer: *layer, weight, bias, y: vec![0.0; numbers * layer.outputs()] }
        };
        let mut trunk: Vec<Room> = network.trunk.iter().enumerate().map(|at| room(Owner::Shared, at)).collect();
        let first = trunk.remove(0);
        let head = |(task, head): (usize, &crate::nn::Head)| {
            head.layers.iter().enumerate().map(|at| room(Owner::Head(task), at)).collect()
        };
        let heads: Vec<Vec<Room>> = network.heads.iter().enumerate().map(head).collect();
        let last = heads.iter().filter_map(|head| head.last()).map(|room| room.layer.outputs());
        let widest = apart(n) * last.max().unwrap_or(0);
        let value = |targets: &Targets| match targets {
            Targets::Class(classes) => classes.iter().map(|class| *class as f32).collect(),
            Targets::Value(values) => values.clone(),
        };
        Self {
            rows: (0..n as u32).collect(),
            targets: workload.targets.iter().map(|&at| value(&workload.data.targets[at])).collect(),
            plane: MapPlane::default(),
            theta: vec![0.0; layout.n_parameters()],
            inputs: {
                let mut inputs = vec![0.0; numbers * network.n_inputs];
                if images.is_none() {
                    let d = network.n_inputs;
                    turn((n, d), (&workload.data.x, d), (&mut inputs, apart(n)));
                }
                inputs
            },
            products: Default::default(),
            first,
            trunk,
            heads,
            dz: vec![0.0; widest],
            z: vec![0.0; widest],
            packing: Packing::default(),
            images,
            cpu: None,
            workload,
        }
    }

    fn stand_on(&mut self, plane: &MapPlane) {
        if self.images.is_some() {
            self.plane = plane.clone();
            return;
        }
        let Self { first, products, inputs, packing, .. } = self;
        let nothing: &[f32] = &[];
        let vectors = [&plane.origin[..], direction(plane, 0, nothing), direction(plane, 1, nothing)];
        for (product, vector) in products.iter_mut().zip(vectors) {
            product.clear();
            if !vector.is_empty() {
                product.resize(first.y.len(), 0.0);
                first.affine(vector, inputs, product, packing);
            }
        }
        self.plane = plane.clone();
    }

    fn losses(&mut self, [x, y]: [f64; 2], losses: &mut [f64]) {
        let (x, y) = (x as f32, y as f32);
        if self.images.is_some() {
            combine(&self.plane, [x, y], 0..self.theta.len(), &mut self.theta);
            return self.go_over_images(losses);
        }
        let [origin, u, v] = &self.products;
        affine([x, y], [origin, u, v], self.first.layer.activation(), &mut self.first.y);
        let later = self.first.bias.end..self.theta.len();
        combine(&self.plane, [x, y], later, &mut self.theta);
        self.go_up(losses);
    }

    fn losses_at(&mut self, theta: &[f32], losses: &mut [f64]) {
        self.theta.copy_from_slice(theta);
        if self.images.is_some() {
            return self.go_over_images(losses);
        }
        self.first.go_up(&self.theta, &self.inputs, &mut self.packing);
        self.go_up(losses);
    }

    /// From the first layer's values to the losses.
    fn go_up(&mut self, losses: &mut [f64]) {
        let Self { first, trunk, heads, theta, workload, packing, rows, targets, dz, z, .. } = self;
        let mut below: &[f32] = &first.y;
        for room in trunk.iter_mut() {
            room.go_up(theta, below, packing);
            below = &room.y;
        }
        for (task, rooms) in heads.iter_mut().enumerate() {
            let mut below = below;
            let mut outputs = 1;
            for room in rooms.iter_mut() {
                room.go_up(theta, below, packing);
                outputs = room.layer.outputs();
                below = &room.y;
            }
            let own = TaskLoss { loss: workload.network.heads[task].loss, targets: &targets[task], scale: 1.0 };
            let n = rows.len();
            let z = if outputs == 1 {
                &below[..n]
            } else {
                turn((outputs, n), (below, apart(n)), (z, outputs));
                &z[..n * outputs]
            };
            losses[task] = loss(&own, outputs, z, &mut dz[..n * outputs]);
        }
    }

    /// From the inputs to the losses, row by row.
    fn go_over_images(&mut self, losses: &mut [f64]) {
        let Self { images, theta, workload, packing, rows, targets, dz, .. } = self;
        let Some(forward) = images else { return };
        forward.run((&workload.network, &workload.layout), theta, &workload.data.x, rows, packing);
        for (task, head) in workload.network.heads.iter().enumerate() {
            let outputs = head.layers.last().map_or(1, |layer| layer.outputs());
            let own = TaskLoss { loss: head.loss, targets: &targets[task], scale: 1.0 };
            losses[task] = loss(&own, outputs, forward.outputs(task), &mut dz[..rows.len() * outputs]);
        }
    }

    fn gradients_at(&mut self, theta: &[f32]) -> Vec<Vec<f32>> {
        let k = self.workload.network.n_tasks();
        let mut losses = vec![0.0; k];
        self.theta.copy_from_slice(theta);
        self.backward(&mut losses, &mut vec![0.0; k * k]);
        let layout = &self.workload.layout;
        let Some(cpu) = &mut self.cpu else { return Vec::new() };
        let whole = |task: usize| {
            let mut whole = vec![0.0; theta.len()];
            whole[..layout.n_shared()].copy_from_slice(&cpu.rows()[task * layout.n_shared()..][..layout.n_shared()]);
            whole[layout.head(task)].copy_from_slice(&cpu.gradient()[layout.head(task)]);
            whole
        };
        (0..k).map(whole).collect()
    }

    /// Gradients at `self.theta`.
    fn backward(&mut self, losses: &mut [f64], gramian: &mut [f64]) {
        let cpu =
            self.cpu.get_or_insert_with(|| Box::new(Cpu::new(self.workload.clone(), vec![0.0; self.theta.len()])));
        cpu.parameters_mut().copy_from_slice(&self.theta);
        cpu.gradients(&self.rows, losses, gramian);
    }

    fn pull(&mut self, [x, y]: [f64; 2], losses: &mut [f64], numbers: &mut [f32]) {
        const MOST: usize = *crate::config::TASKS.end();
        combine(&self.plane, [x as f32, y as f32], 0..self.theta.len(), &mut self.theta);
        let k = losses.len();
        let mut products = [0.0; MOST * MOST];
        self.backward(losses, &mut products[..k * k]);
        for (number, product) in numbers.iter_mut().zip(&products[..k * k]) {
            *number = *product as f32;
        }
        let layout = &self.workload.layout;
        let Some(cpu) = &mut self.cpu else { return };
        let n = layout.n_shared();
        for axis in 0..2 {
            let along = direction(&self.plane, axis, &[]);
            if along.is_empty() {
                numbers[(k + axis) * k..][..k].fill(0.0);
                numbers[(k + 2 + axis) * k..][..k].fill(0.0);
                continue;
            }
            let mut shared = [0.0; MOST];
            gramian(n, cpu.rows(), &along[..n], &mut shared[..k]);
            for task in 0..k {
                let head = layout.head(task);
                let mut own = [0.0];
                gramian(head.len(), &cpu.gradient()[head.clone()], &along[head], &mut own);
                numbers[(k + axis) * k + task] = shared[task] as f32;
                numbers[(k + 2 + axis) * k + task] = own[0] as f32;
            }
        }
    }
}

/// An analytic problem, in f64.
pub struct OnFormulas {
    problem: &'static Problem,
    loss_scales: Vec<f64>,
    plane: MapPlane,
    x: Vec<f64>,
    rows: Vec<f64>, // (K, P), scaled
}

impl OnFormulas {
    fn new(analytic: &AnalyticConfig) -> Self {
        let (k, p) = (analytic.problem.n_tasks(), analytic.problem.n_parameters);
        Self {
            problem: analytic.problem,
            loss_scales: analytic.loss_scales.clone(),
            plane: MapPlane::default(),
            x: vec![0.0; p],
            rows: vec![0.0; k * p],
        }
    }

    /// Goes to a point of the plane; false where losses have no meaning there.
    fn go(&mut self, [x, y]: [f64; 2]) -> bool {
        let [u, v] = [0, 1].map(|axis| direction(&self.plane, axis, &[]));
        let component = |direction: &[f32], i: usize| direction.get(i).map_or(0.0, |value| f64::from(*value));
        for (i, (value, origin)) in self.x.iter_mut().zip(&self.plane.origin).enumerate() {
            *value = f64::from(*origin) + x * component(u, i) + y * component(v, i);
        }
        let bounds = self.problem.bounds;
        if bounds.edge == Edge::Open {
            return true;
        }
        // Points on a wall may lie beyond it by the rounding of f32.
        let slack = 1e-5 * (bounds.high - bounds.low);
        let inside = self.x.iter().all(|x| (bounds.low - slack..=bounds.high + slack).contains(x));
        self.x.iter_mut().for_each(|x| *x = x.clamp(bounds.low, bounds.high));
        inside
    }

    fn losses(&mut self, losses: &mut [f64]) {
        (self.problem.losses)(&self.x, losses);
    }

    fn fill_rows(&mut self) {
        (self.problem.gradients)(&self.x, &mut self.rows);
        for (row, scale) in self.rows.chunks_exact_mut(self.x.len()).zip(&self.loss_scales) {
            row.iter_mut().for_each(|g| *g *= scale);
        }
    }

    fn pull(&mut self, numbers: &mut [f32]) {
        self.fill_rows();
        let (k, p) = (self.loss_scales.len(), self.x.len());
        numbers[..Pull::count(k)].fill(0.0);
        let row = |task: usize| &self.rows[task * p..][..p];
        for i in 0..k {
            for j in 0..k {
                let product: f64 = row(i).iter().zip(row(j)).map(|(a, b)| a * b).sum();
                numbers[i * k + j] = product as f32;
            }
            for axis in 0..2 {
                let along = direction(&self.plane, axis, &[]);
                let product: f64 = row(i).iter().zip(along).map(|(g, u)| g * f64::from(*u)).sum();
                numbers[(k + axis) * k + i] = product as f32;
            }
        }
    }
}

fn direction<'a>(plane: &'a MapPlane, axis: usize, nothing: &'a [f32]) -> &'a [f32] {
    plane.directions.get(axis).map_or(nothing, Vec::as_slice)
}

/// θ₀ + x u + y v in this range of parameters.
fn combine(plane: &MapPlane, [x, y]: [f32; 2], range: Range<usize>, theta: &mut [f32]) {
    let origin = &plane.origin[range.clone()];
    let out = &mut theta[range.clone()];
    match &plane.directions[..] {
        [u, v] => {
            for (((out, origin), u), v) in out.iter_mut().zip(origin).zip(&u[range.clone()]).zip(&v[range]) {
                *out = origin + x * u + y * v;
            }
        }
        [u] => {
            for ((out, origin), u) in out.iter_mut().zip(origin).zip(&u[range]) {
                *out = origin + x * u;
            }
        }
        _ => {}
    }
}
