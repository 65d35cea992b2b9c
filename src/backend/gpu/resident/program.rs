//! What a step computes: where every value and gradient of a batch lies, and what makes them.

use super::super::PaddedLayout;
use super::super::kernel::{activation, loss_kind, vecs};
use super::super::resident_kernel::{Operation, Product};
use crate::backend::Workload;
use crate::nn::{Layer, Owner};

/// All values and gradients of a batch, one behind the other, and what is done with them.
#[derive(Default)]
pub struct Program {
    pub end: u32,
    pub up_trunk: Vec<Operation>,
    /// To the losses.
    pub up_heads: Vec<Operation>,
    /// To the stack of the representation's gradients.
    pub down_heads: Vec<Operation>,
    /// Every task's own way down, the tasks of a layer one behind the other.
    pub down_rows: Vec<Operation>,
    /// The sum of the stack by w.
    pub mix: Vec<Operation>,
    /// The way down of that sum.
    pub down_mixed: Vec<Operation>,
    pub products_of_rows: Vec<Product>,
    pub products_mixed: Vec<Product>,
}

/// One layer's values.
#[derive(Clone, Copy)]
struct Values {
    at: u32,
    vecs: u32,
    /// What the slope is told from.
    sloped: u32,
    activation: u32,
}

impl Program {
    fn room(&mut self, vecs: u32) -> u32 {
        let at = self.end;
        self.end += vecs;
        at
    }

    /// `None` where a layer is not dense.
    pub fn new(workload: &Workload, layout: &PaddedLayout) -> Option<Self> {
        let mut program = Self::default();
        let (network, rows) = (&workload.network, workload.batch_rows as u32);
        let k = network.n_tasks() as u32;
        let inputs = vecs(network.n_inputs);
        let x = Values { at: program.room(rows * inputs), vecs: inputs, sloped: 0, activation: 0 };
        let mut trunk = vec![x];
        for (index, layer) in network.trunk.iter().enumerate() {
            let below = trunk[index];
            let (operation, values) = program.ascend(*layer, layout.layer(Owner::Shared, index), below, rows)?;
            program.up_trunk.push(operation);
            trunk.push(values);
        }
        let top = trunk[trunk.len() - 1];
        // Gradients at the outputs of each layer, all tasks' one behind the other; the mixture's own behind those.
        // Inputs are data: no gradient goes there.
        let room = |(layer, values): (usize, &Values)| match layer {
            0 => 0,
            _ => program.room((k + 1) * rows * values.vecs),
        };
        let stacks: Vec<u32> = trunk.iter().enumerate().map(room).collect();
        let stack = |layer: usize, task: u32| stacks[layer] + task * rows * trunk[layer].vecs;
        for (task, head) in network.heads.iter().enumerate() {
            let owner = Owner::Head(task);
            let mut values = vec![top];
            for (index, layer) in head.layers.iter().enumerate() {
                let below = values[index];
                let (operation, above) = program.ascend(*layer, layout.layer(owner, index), below, rows)?;
                program.up_heads.push(operation);
                values.push(above);
            }
            let z = values[values.len() - 1];
            program.up_heads.push(Operation::Judge {
                z: z.at,
                z_vecs: z.vecs,
                outputs: head.layers.last()?.outputs() as u32,
                task: task as u32,
                kind: loss_kind(head.loss),
                scale: workload.loss_scales[task] as f32,
            });
            let mut dy = z.at;
            for index in (0..head.layers.len()).rev() {
                let (below, above) = (values[index], values[index + 1]);
                let (weight, bias) = layout.layer(owner, index);
                let product =
                    Product { x: below.at, x_vecs: below.vecs, dy, dy_vecs: above.vecs, weight, bias, into_g: false };
                program.products_of_rows.push(product);
                program.products_mixed.push(product);
                let dx = match index {
                    0 => stack(trunk.len() - 1, task as u32),
                    _ => program.room(rows * below.vecs),
                };
                program.down_heads.push(descend((dy, above), (dx, below), weight));
                dy = dx;
            }
        }
        let deepest = trunk.len() - 1;
        let mixed = stack(deepest, k);
        let step = rows * top.vecs;
        program.mix.push(Operation::Mix { stack: stacks[deepest], step, into: mixed, vecs: top.vecs, tasks: k });
        for index in (0..deepest).rev() {
            let (below, above) = (trunk[index], trunk[index + 1]);
            let (weight, bias) = layout.layer(Owner::Shared, index);
            for task in 0..=k {
                let (start, into_g) = if task < k { (task * layout.shared, true) } else { (0, false) };
                let product = Product {
                    x: below.at,
                    x_vecs: below.vecs,
                    dy: stack(index + 1, task),
                    dy_vecs: above.vecs,
                    weight: start + weight,
                    bias: start + bias,
                    into_g,
                };
                let products = if into_g { &mut program.products_of_rows } else { &mut program.products_mixed };
                products.push(product);
                if index > 0 {
                    let way = if into_g { &mut program.down_rows } else { &mut program.down_mixed };
                    way.push(descend((stack(index + 1, task), above), (stack(index, task), below), weight));
                }
            }
        }
        Some(program)
    }

    fn ascend(
        &mut self,
        layer: Layer,
        (weight, bias): (u32, u32),
        below: Values,
        rows: u32,
    ) -> Option<(Operation, Values)> {
        let Layer::Dense { outputs, .. } = layer else { return None };
        let kind = activation(layer.activation());
        let width = vecs(outputs);
        let at = self.room(rows * width);
        let keeps = layer.activation().is_some_and(|activation| activation.needs_inputs());
        let keep = keeps.then(|| self.room(rows * width));
        let operation = Operation::Ascend {
            x: below.at,
            x_vecs: below.vecs,
            y: at,
            y_vecs: width,
            weight,
            bias,
            activation: kind,
            keep,
        };
        Some((operation, Values { at, vecs: width, sloped: keep.unwrap_or(at), activation: kind }))
    }
}

fn descend((dy, above): (u32, Values), (dx, below): (u32, Values), weight: u32) -> Operation {
    Operation::Descend {
        dy,
        dy_vecs: above.vecs,
        dx,
        dx_vecs: below.vecs,
        weight,
        below: below.sloped,
        activation: below.activation,
    }
}
