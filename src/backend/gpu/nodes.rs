//! Losses at many points of a plane through parameter space, as one submit.
//!
//! θ₀, both directions and the rows lie on the device. The parameters of a point are made inside the kernels, from
//! three numbers each, where they are needed; the first layer comes of its three products, as `landscape/ground.rs` has
//! it. What travels is two coordinates to a point and K losses back.

use super::kernel::{self, DENSE, activation, loss_kind, vecs};
use super::node_kernel::{self, AFFINE, DENSE_AT, LOSS_AT, NODE_KERNELS};
use super::{Dispatch, FLOAT, GpuDevice, PaddedLayout, padded_rows};
use crate::backend::{BackendError, Workload};
use crate::data::Targets;
use crate::nn::{Layer, Owner};
use std::rc::Rc;
use wgpu::Buffer;

/// Bytes of all layers' values together, and points at most in one submit.
const ROOM: usize = 64 << 20;
const MOST: usize = 512;

/// A network on rows of its training split, over planes.
pub struct NodeLosses {
    device: Rc<GpuDevice>,
    layout: PaddedLayout,
    n_tasks: usize,
    most: usize,
    vectors: Buffer, // θ₀, u and v, like θ each
    places: Buffer,  // (N, 2)
    /// (B, H₁) of the inputs with each vector's first layer, biases in it.
    products: [Dispatch; 3],
    /// From the products to the losses, and how many layers of z one point takes.
    forward: Vec<(Dispatch, u32)>,
    losses: Buffer, // (N, K)
    /// Taken while it is mapped, so that an abandoned read-back costs a buffer and no error.
    staging: Option<Buffer>,
}

impl NodeLosses {
    /// On the first `rows` training rows; [`Self::stand_on`] comes before points.
    ///
    /// # Errors
    /// [`BackendError::Refused`] where the network has layers that are not dense, a buffer would be above the device's
    /// limits, or the driver rejects a kernel.
    pub async fn new(device: Rc<GpuDevice>, workload: &Workload, rows: usize) -> Result<Self, BackendError> {
        device.check()?;
        let network = &workload.network;
        let layers = || network.trunk.iter().chain(network.heads.iter().flat_map(|head| &head.layers));
        if !layers().all(|layer| matches!(layer, Layer::Dense { .. })) {
            return Err(BackendError::Refused("it has layers that are not dense. The CPU can do it".to_owned()));
        }
        let Some((&first, later)) = network.trunk.split_first() else {
            return Err(BackendError::Refused("it has no shared layer. The CPU can do it".to_owned()));
        };
        device.prepare(NODE_KERNELS).await.map_err(BackendError::Refused)?;
        let n_tasks = network.n_tasks();
        let n = rows.clamp(1, workload.data.rows.max(1));
        let layout = PaddedLayout::new(&workload.layout, n_tasks);
        let total = layout.total;
        let of_point: usize = layers().map(|layer| n * vecs(layer.outputs()) as usize * 16).sum();
        let most = (ROOM / of_point.max(1)).clamp(1, MOST);

        let data = workload.data.first(n, network.n_inputs);
        let x = device.buffer("The rows of a map", n * vecs(network.n_inputs) as usize)?;
        device.write(&x, &padded_rows(&data.x, network.n_inputs));
        let value = |at: &usize| match &data.targets[*at] {
            Targets::Class(classes) => classes.iter().map(|class| *class as f32).collect::<Vec<f32>>(),
            Targets::Value(values) => values.clone(),
        };
        let targets = device.buffer("The targets of a map", vecs(n_tasks * n) as usize)?;
        device.write(&targets, &workload.targets.iter().flat_map(value).collect::<Vec<f32>>());
        let vectors = device.buffer("The plane", 3 * total as usize)?;
        let places = device.buffer("The points of a map", vecs(2 * most) as usize)?;
        let losses = device.buffer("The losses", vecs(most * n_tasks) as usize)?;

        let y_vecs = vecs(first.outputs());
        let room = |nodes: usize, layer: &Layer| {
            device.buffer("The values of a layer", nodes * n * vecs(layer.outputs()) as usize)
        };
        let of_vector = [room(1, &first)?, room(1, &first)?, room(1, &first)?];
        let (weight, bias) = layout.layer(Owner::Shared, 0);
        let product = |vector: u32, y: &Buffer| {
            let uniform = kernel::Dense {
                rows: n as u32,
                x_vecs: vecs(first.inputs()),
                y_vecs,
                weight: vector * total + weight,
                bias: vector * total + bias,
                ..Default::default()
            };
            device.dispatch(&DENSE, &uniform, &[&vectors, &x, y], uniform.groups(1, device.lanes()))
        };
        let [of_origin, of_u, of_v] = &of_vector;
        let products = [product(0, of_origin)?, product(1, of_u)?, product(2, of_v)?];

        let mut forward = Vec::new();
        let mut representation = room(most, &first)?;
        let uniform = node_kernel::Affine {
            vecs: n as u32 * y_vecs,
            activation: activation(first.activation()),
            ..Default::default()
        };
        let buffers = [&places, of_origin, of_u, of_v, &representation];
        forward.push((device.dispatch(&AFFINE, &uniform, &buffers, uniform.groups(most as u32))?, 1));
        let dense = |layer: &Layer, (weight, bias): (u32, u32), tasks: (u32, u32), from: (&Buffer, u32), y: &Buffer| {
            let (x_vecs, (tasks, theta_step), (below, stacked)) = (vecs(layer.inputs()), tasks, from);
            let uniform = node_kernel::DenseAt {
                rows: n as u32,
                x_vecs,
                y_vecs: vecs(layer.outputs()),
                activation: activation(layer.activation()),
                weight,
                bias,
                theta_step,
                total,
                tasks,
                x_node: stacked * n as u32 * x_vecs,
                x_task: if stacked > 1 { n as u32 * x_vecs } else { 0 },
                spare_0: 0,
            };
            let groups = uniform.groups(most as u32, device.lanes());
            Ok::<_, BackendError>((
                device.dispatch(&DENSE_AT, &uniform, &[&places, &vectors, below, y], groups)?,
                tasks,
            ))
        };
        for (index, layer) in later.iter().enumerate() {
            let y = room(most, layer)?;
            forward.push(dense(layer, layout.layer(Owner::Shared, index + 1), (1, 0), (&representation, 1), &y)?);
            representation = y;
        }
        let mut task = 0;
        while let Some(head) = network.heads.get(task) {
            // Neighbors with the same head are layers of one dispatch.
            let count = network.heads[task..].iter().take_while(|other| *other == head).count();
            let places_of = |task: usize, index: usize| layout.layer(Owner::Head(task), index);
            let theta_step = if count > 1 { places_of(task + 1, 0).0 - places_of(task, 0).0 } else { 0 };
            let (mut below, mut stacked) = (representation.clone(), 1);
            let mut outputs = 1;
            for (index, layer) in head.layers.iter().enumerate() {
                let y = room(most * count, layer)?;
                let tasks = (count as u32, theta_step);
                forward.push(dense(layer, places_of(task, index), tasks, (&below, stacked), &y)?);
                (below, stacked, outputs) = (y, count as u32, layer.outputs());
            }
            let uniform = node_kernel::LossAt {
                rows: n as u32,
                outputs: outputs as u32,
                width: 4 * vecs(outputs),
                kind: loss_kind(head.loss),
                first: task as u32,
                tasks: count as u32,
                of_tasks: n_tasks as u32,
                spare_0: 0,
            };
            let buffers = [&below, &targets, &losses];
            forward.push((device.dispatch(&LOSS_AT, &uniform, &buffers, uniform.groups(most as u32))?, count as u32));
            task += count;
        }
        device.check()?;
        Ok(Self { device, layout, n_tasks, most, vectors, places, products, forward, losses, staging: None })
    }

    /// Points that one submit takes at most.
    pub fn most(&self) -> usize {
        self.most
    }

    /// Makes ready for points of the plane through `origin` along one or two directions, as long as θ.
    ///
    /// # Errors
    /// As [`GpuDevice::check`].
    pub fn stand_on(&self, origin: &[f32], directions: &[Vec<f32>]) -> Result<(), BackendError> {
        let mut vectors = self.layout.pad(origin);
        for direction in directions.iter().take(2) {
            vectors.extend(self.layout.pad(direction));
        }
        // A line has nothing along its second axis.
        vectors.resize(12 * self.layout.total as usize, 0.0);
        self.device.write(&self.vectors, &vectors);
        for product in &self.products {
            self.device.submit(&[product], &[], None)?;
        }
        Ok(())
    }

    /// (N, K) unscaled losses at as many points as [`Self::most`] allows.
    ///
    /// # Errors
    /// [`BackendError::Lost`] and [`BackendError::Refused`].
    pub async fn losses(&mut self, places: &[[f64; 2]]) -> Result<Vec<f64>, BackendError> {
        let n = places.len().min(self.most);
        if n == 0 {
            return Ok(Vec::new());
        }
        let places: Vec<f32> = places[..n].iter().flatten().map(|at| *at as f32).collect();
        self.device.write(&self.places, &places);
        for (dispatch, layers) in &mut self.forward {
            dispatch.set_layers(n as u32 * *layers);
        }
        let bytes = (n * self.n_tasks) as u64 * FLOAT;
        let staging =
            self.staging.take().unwrap_or_else(|| self.device.staging((self.most * self.n_tasks) as u64 * FLOAT));
        let dispatches: Vec<&Dispatch> = self.forward.iter().map(|(dispatch, _)| dispatch).collect();
        self.device.submit(&dispatches, &[(&self.losses, 0, bytes)], Some(&staging))?;
        let losses = self.device.read(&staging, bytes).await?;
        self.staging = Some(staging);
        Ok(losses.into_iter().map(f64::from).collect())
    }
}
