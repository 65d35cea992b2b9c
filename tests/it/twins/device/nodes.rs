//! The kernels that evaluate losses at many points of a plane.

use super::*;
use paretoscope::backend::gpu::node_kernel;

/// (N, 2) coordinates, as the kernels read them.
fn places(n: usize) -> Vec<f32> {
    normals(60, 2 * n)
}

fn place(places: &[f32], node: usize) -> [f64; 2] {
    [f64::from(places[2 * node]), f64::from(places[2 * node + 1])]
}

fn affine(trial: &Trial) -> Verdict {
    for (rows, outputs, nodes) in [(16, 32, 3), (1, 1, 1), (13, 10, 5), (70, 3, 2)] {
        for activation in ACTIVATIONS {
            let products = [61, 62, 63].map(|sub| normals(sub, rows * outputs));
            let at = places(nodes);
            let mut exact = Vec::new();
            for node in 0..nodes {
                let [origin, u, v] = products.each_ref().map(|product| wide(product));
                let mut y = vec![0.0; rows * outputs];
                kernels::affine(place(&at, node), [&origin, &u, &v], activation, &mut y);
                exact.extend(pad(&y, outputs, rows));
            }
            let uniform = node_kernel::Affine {
                vecs: rows as u32 * kernel::vecs(outputs),
                activation: kernel::activation(activation),
                ..Default::default()
            };
            let [origin, u, v] = products.map(|product| Bound::Numbers(pad(&product, outputs, rows)));
            let bound = vec![Bound::Numbers(at), origin, u, v, Bound::Written(nodes * rows * round_up(outputs))];
            let out = trial.run(&uniform, bound, uniform.groups(nodes as u32))?;
            // Two products near 1 and their sum; 1 + tanh loses digits where GELU vanishes.
            close(&format!("{nodes} points of {rows}×{outputs}, {activation:?}"), &out[0], &exact, (4e-6, 1e-5))?;
        }
    }
    Ok(())
}

fn dense_at(trial: &Trial) -> Verdict {
    for (rows, inputs, outputs, tasks) in SHAPES {
        for activation in ACTIVATIONS {
            // Every task on what lies below it, and all of them on the same.
            for stacked in [true, false] {
                let nodes = 3;
                let count = |of: usize| if stacked { of } else { 1 };
                // θ, u and v, each with one weight a task; the directions are as short as those of a map.
                let vectors: [Vec<(Vec<f32>, Vec<f32>)>; 3] = [0, 1, 2].map(|vector| {
                    let size = if vector == 0 { 1.0 } else { 0.3 };
                    let draws = |sub: u32, n: usize| normals(sub, n).iter().map(|x| size * x).collect();
                    let layer = |task: u32| {
                        (draws(70 + 20 * vector + task, inputs * outputs), draws(80 + 20 * vector + task, outputs))
                    };
                    (0..tasks as u32).map(layer).collect()
                });
                let at = places(nodes);
                let x = normals(3, nodes * count(tasks) * rows * inputs);
                let mut exact = Vec::new();
                for node in 0..nodes {
                    for task in 0..tasks {
                        let own = (node * count(tasks) + task % count(tasks)) * rows * inputs;
                        let of = vectors.each_ref().map(|layers| (wide(&layers[task].0), wide(&layers[task].1)));
                        let weights = of.each_ref().map(|(weight, _)| &weight[..]);
                        let biases = of.each_ref().map(|(_, bias)| &bias[..]);
                        let mut y = vec![0.0; rows * outputs];
                        kernels::dense_at(
                            (rows, inputs, outputs),
                            place(&at, node),
                            &wide(&x[own..][..rows * inputs]),
                            (weights, biases),
                            activation,
                            &mut y,
                            &mut Packing::default(),
                        );
                        exact.extend(pad(&y, outputs, rows));
                    }
                }
                let (x_vecs, y_vecs) = (kernel::vecs(inputs), kernel::vecs(outputs));
                let theta = vectors.each_ref().map(|layers| stacked_theta(layers, inputs, outputs));
                let uniform = node_kernel::DenseAt {
                    rows: rows as u32,
                    x_vecs,
                    y_vecs,
                    activation: kernel::activation(activation),
                    weight: 1,
                    bias: 1 + 4 * x_vecs * y_vecs,
                    theta_step: (4 * x_vecs + 1) * y_vecs,
                    total: kernel::vecs(theta[0].len()),
                    tasks: tasks as u32,
                    x_node: (count(tasks) * rows) as u32 * x_vecs,
                    x_task: if stacked { rows as u32 * x_vecs } else { 0 },
                    spare_0: 0,
                };
                let bound = vec![
                    Bound::Numbers(at),
                    Bound::Numbers(theta.concat()),
                    Bound::Numbers(pad(&x, inputs, nodes * count(tasks) * rows)),
                    Bound::Written(nodes * tasks * rows * round_up(outputs)),
                ];
                let out = trial.run(&uniform, bound, uniform.groups(nodes as u32, trial.lanes))?;
                let case = format!("{rows}×{inputs}×{outputs}, {tasks} tasks, stacked {stacked}, {activation:?}");
                close(&case, &out[0], &exact, OF_PRODUCTS)?;
            }
        }
    }
    Ok(())
}

fn loss_at(trial: &Trial) -> Verdict {
    let kinds = [
        (Loss::SoftmaxCrossEntropy, 10),
        (Loss::SoftmaxCrossEntropy, 3),
        (Loss::BinaryCrossEntropy, 1),
        (Loss::SquaredError, 1),
    ];
    for (rows, first, count, nodes) in [(64, 0, 2, 3), (1, 0, 1, 1), (133, 3, 2, 5)] {
        for (kind, outputs) in kinds {
            // One more task behind them, whose losses are somebody else's.
            let k = first + count + 1;
            let z: Vec<f32> = normals(4, nodes * count * rows * outputs).iter().map(|z| 3.0 * z).collect();
            let draws = Stream::new(5, StreamId::Probe, 0);
            let targets: Vec<f32> = (0..k * rows)
                .map(|i| match kind {
                    Loss::SoftmaxCrossEntropy => draws.below(i as u64, outputs as u32) as f32,
                    Loss::BinaryCrossEntropy => draws.below(i as u64, 2) as f32,
                    Loss::SquaredError => draws.normal(i as u64) as f32,
                })
                .collect();
            let mut exact = vec![0.0; nodes * k];
            for task in 0..count {
                let own = wide(&targets[(first + task) * rows..][..rows]);
                let z = wide(&z);
                let of_task: Vec<f64> =
                    z.chunks_exact(rows * outputs).skip(task).step_by(count).flatten().copied().collect();
                let mut losses = vec![0.0; nodes];
                let task_loss = TaskLoss { loss: kind, targets: &own, scale: 1.0 };
                kernels::loss_at(&task_loss, outputs, &of_task, &mut losses);
                for (node, loss) in losses.iter().enumerate() {
                    exact[node * k + first + task] = *loss;
                }
            }
            let uniform = node_kernel::LossAt {
                rows: rows as u32,
                outputs: outputs as u32,
                width: round_up(outputs) as u32,
                kind: kernel::loss_kind(kind),
                first: first as u32,
                tasks: count as u32,
                of_tasks: k as u32,
                spare_0: 0,
            };
            // What belongs to other tasks stays as it was.
            let bound = vec![
                Bound::Numbers(pad(&z, outputs, nodes * count * rows)),
                Bound::Numbers(targets),
                Bound::Changed(vec![0.0; nodes * k]),
            ];
            let out = trial.run(&uniform, bound, uniform.groups(nodes as u32))?;
            // As for `loss`.
            close(&format!("{kind:?} of {rows} rows at {nodes} points"), &out[0], &exact, (2e-6, 1e-5))?;
        }
    }
    Ok(())
}

pub const TWINS: &[Twin] = &[
    (
        node_kernel::AFFINE,
        affine,
        &[("place.y * along_v[at]", "0.0"), ("places[id.z]", "places[0]"), ("id.z * shape.vecs + at", "at")],
    ),
    (
        node_kernel::DENSE_AT,
        dense_at,
        &[
            ("c7 += w_w * a7.w;", "c7 += w_w * a7.z;"),
            ("vectors[at + 2u * shape.total]", "vectors[at + shape.total]"),
            ("place.x * vectors", "place.y * vectors"),
            ("id.z / shape.tasks", "0u"),
            ("task * shape.x_task", "0u"),
            ("node * shape.x_node", "0u"),
            ("shape.bias + task * shape.theta_step", "shape.bias"),
        ],
    ),
    (
        node_kernel::LOSS_AT,
        loss_at,
        &[
            ("node * shape.of_tasks + task", "group.z"),
            ("sum += exp(z[at + c] - top);", "sum += exp(z[at + c]);"),
            ("row += LANE_COUNT", "row += 2u * LANE_COUNT"),
            ("- y * logit", ""),
        ],
    ),
];

#[test]
fn uniforms_of_surveys_lie_as_on_the_host() {
    check_layout::<node_kernel::Affine>(node_kernel::AFFINE);
    check_layout::<node_kernel::DenseAt>(node_kernel::DENSE_AT);
    check_layout::<node_kernel::LossAt>(node_kernel::LOSS_AT);
}
