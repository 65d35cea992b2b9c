//! Kernels of resident steps against the twins that their parts have, and weightings against the methods in f64.

use super::{
    ACTIVATIONS, Bound, OF_PRODUCTS, SHAPES, Trial, Twin, Verdict, check, check_caught, check_layout, close, layers_of,
    normals, open, pad, round_up, stacked_theta, wide,
};
use paretoscope::backend::gpu::kernel::{self, Kernel};
use paretoscope::backend::gpu::resident_kernel::{
    self, ASCEND, DESCEND, FIRST, Gradients, LayerKernel, Operation, PRODUCTS, Pass, Product, Weigh,
};
use paretoscope::backend::gpu::{Family, GpuDevice, Lanes, weighting_source};
use paretoscope::balance::{Gramian, METHODS, Method, ResidentKernel, Setup, StepContext};
use paretoscope::config::Activation;
use paretoscope::kernels::gemm::Packing;
use paretoscope::kernels::{self, Moments, Rule, TaskLoss};
use paretoscope::nn::Loss;
use paretoscope::rng::{Stream, StreamId};
use serde_json::Value;
use std::rc::Rc;

/// B, D, H, C, what the output is judged by.
const NETWORKS: [(usize, usize, usize, usize, Loss); 4] = [
    (8, 4, 16, 10, Loss::SoftmaxCrossEntropy),
    (1, 1, 1, 1, Loss::SquaredError),
    (19, 7, 21, 1, Loss::BinaryCrossEntropy),
    (43, 37, 18, 3, Loss::SoftmaxCrossEntropy),
];
const EXAMPLES: usize = 50;

/// A layer, an output, its loss and the way back to the layer, and the sum of two ways back.
fn pass(trial: &Trial) -> Verdict {
    for (rows, inputs, hidden, outputs, kind) in NETWORKS {
        for activation in ACTIVATIONS {
            let first = layers_of(1, inputs, hidden);
            let second = layers_of(1, hidden, outputs);
            let draws = Stream::new(15, StreamId::Probe, 0);
            let picks: Vec<u32> = (0..2 * rows as u64).map(|i| draws.below(i, EXAMPLES as u32)).collect();
            let source = normals(60, EXAMPLES * inputs);
            let labels: Vec<f32> = (0..2 * EXAMPLES as u64)
                .map(|i| match kind {
                    Loss::SoftmaxCrossEntropy => draws.below(1_000 + i, outputs as u32) as f32,
                    Loss::BinaryCrossEntropy => draws.below(1_000 + i, 2) as f32,
                    Loss::SquaredError => draws.normal(1_000 + i) as f32,
                })
                .collect();
            // The second step's rows, the second task's labels.
            let own = &picks[rows..];
            let (mut x, mut y) = (vec![0.0; rows * inputs], vec![0.0; rows]);
            kernels::gather(&source, inputs, own, &mut x);
            kernels::gather(&labels[EXAMPLES..], 1, own, &mut y);
            let mut packing = Packing::default();
            let layer = |layer: &(Vec<f32>, Vec<f32>)| (wide(&layer.0), wide(&layer.1));
            let ((w1, b1), (w2, b2)) = (layer(&first[0]), layer(&second[0]));
            let (mut h, mut keep) = (vec![0.0; rows * hidden], vec![0.0; rows * hidden]);
            kernels::dense((rows, inputs, hidden), &wide(&x), &w1, &b1, activation, &mut h, &mut packing);
            kernels::dense((rows, inputs, hidden), &wide(&x), &w1, &b1, None, &mut keep, &mut packing);
            let (mut z, mut dz) = (vec![0.0; rows * outputs], vec![0.0; rows * outputs]);
            kernels::dense((rows, hidden, outputs), &h, &w2, &b2, None, &mut z, &mut packing);
            let task_loss = TaskLoss { loss: kind, targets: &wide(&y), scale: 1.5 };
            let exact_loss = kernels::loss(&task_loss, outputs, &z, &mut dz);
            let mut dh = vec![0.0; rows * hidden];
            let below = activation.map(|kind| (kind, if kind == Activation::Gelu { &keep[..] } else { &h[..] }));
            kernels::delta((rows, hidden, outputs), &dz, &w2, below, &mut dh, &mut packing);

            let (x_vecs, h_vecs, z_vecs) = (kernel::vecs(inputs), kernel::vecs(hidden), kernel::vecs(outputs));
            let n = rows as u32;
            let at_h = n * x_vecs;
            let at_keep = at_h + n * h_vecs;
            let at_z = at_keep + n * h_vecs;
            let at_dh = at_z + n * z_vecs;
            let end = at_dh + 3 * n * h_vecs;
            let mut theta = stacked_theta(&first, inputs, hidden);
            let at_second = (theta.len() / 4) as u32;
            theta.extend(&stacked_theta(&second, hidden, outputs)[4..]);
            let kind_of = kernel::activation(activation);
            let keeps = activation == Some(Activation::Gelu);
            let down = |stack: u32| Operation::Descend {
                dy: at_z,
                dy_vecs: z_vecs,
                dx: at_dh + stack * n * h_vecs,
                dx_vecs: h_vecs,
                weight: at_second,
                below: if keeps { at_keep } else { at_h },
                activation: kind_of,
            };
            let operations = [
                Operation::Ascend {
                    x: 0,
                    x_vecs,
                    y: at_h,
                    y_vecs: h_vecs,
                    weight: 1,
                    bias: 1 + 4 * x_vecs * h_vecs,
                    activation: kind_of,
                    keep: keeps.then_some(at_keep),
                },
                Operation::Ascend {
                    x: at_h,
                    x_vecs: h_vecs,
                    y: at_z,
                    y_vecs: z_vecs,
                    weight: at_second,
                    bias: at_second + 4 * h_vecs * z_vecs,
                    activation: 0,
                    keep: None,
                },
                Operation::Judge {
                    z: at_z,
                    z_vecs,
                    outputs: outputs as u32,
                    task: 1,
                    kind: kernel::loss_kind(kind),
                    scale: 1.5,
                },
                down(0),
                down(1),
                Operation::Mix { stack: at_dh, step: n * h_vecs, into: at_dh + 2 * n * h_vecs, vecs: h_vecs, tasks: 2 },
            ];
            let plain = Pass {
                rows: n,
                x_vecs,
                examples: EXAMPLES as u32,
                sums: 20,
                gathers: 1,
                behind: 2,
                ..Default::default()
            };
            let uniform = plain.with(&operations).ok_or("too many operations")?;
            let parts = uniform.parts() as usize;
            let mut tally = vec![f32::NAN; 20 + 2 * parts];
            tally[..2].copy_from_slice(&[0.75, -2.0]);
            let bound = vec![
                Bound::Numbers(theta),
                Bound::Numbers(pad(&source, inputs, EXAMPLES)),
                Bound::Numbers(labels),
                Bound::Words(picks),
                Bound::Words(vec![3, 0, 0, 0]),
                Bound::Written(4 * end as usize),
                Bound::Changed(tally),
            ];
            let out = trial.run(&uniform, bound, uniform.groups())?;
            let case = format!("{rows}×{inputs}×{hidden}×{outputs}, {activation:?}, {kind:?}");
            let block = |start: u32, vecs: u32| &out[0][4 * start as usize..][..4 * (n * vecs) as usize];
            close(&format!("{case}: x"), block(0, x_vecs), &wide(&pad(&x, inputs, rows)), (0.0, 0.0))?;
            close(&format!("{case}: h"), block(at_h, h_vecs), &pad(&h, hidden, rows), OF_PRODUCTS)?;
            if keeps {
                close(&format!("{case}: inputs"), block(at_keep, h_vecs), &pad(&keep, hidden, rows), OF_PRODUCTS)?;
            }
            // Two layers, and the exponentials of a loss on numbers that are off by the layers' rounding.
            let off = (4e-5, 4e-5);
            close(&format!("{case}: dz"), block(at_z, z_vecs), &pad(&dz, outputs, rows), off)?;
            close(&format!("{case}: dh"), block(at_dh + n * h_vecs, h_vecs), &pad(&dh, hidden, rows), off)?;
            let mixed: Vec<f64> = dh.iter().map(|dh| -1.25 * dh).collect();
            close(&format!("{case}: sum"), block(at_dh + 2 * n * h_vecs, h_vecs), &pad(&mixed, hidden, rows), off)?;
            let loss: f64 = wide(&out[1][20 + parts..]).iter().sum::<f64>() / rows as f64;
            close(&format!("{case}: loss"), &[loss as f32], &[exact_loss], (2e-5, 2e-5))?;
        }
    }
    Ok(())
}

/// Three products of other sizes, the second one not of G.
fn gradients(trial: &Trial) -> Verdict {
    for (rows, sizes) in
        [(8, [(16, 32), (32, 16), (8, 4)]), (1, [(1, 1), (2, 3), (5, 1)]), (29, [(13, 50), (37, 1), (9, 7)])]
    {
        let (mut sheet, mut products, mut exact) = (vec![9.0; 4], Vec::new(), [Vec::new(), Vec::new()]);
        for (number, (inputs, outputs)) in sizes.into_iter().enumerate() {
            let (x, dy) = (normals(61, rows * inputs), normals(62 + number as u32, rows * outputs));
            let (mut dw, mut db) = (vec![0.0; inputs * outputs], vec![0.0; outputs]);
            let shape = (rows, inputs, outputs);
            kernels::weight_gradient(shape, &wide(&x), &wide(&dy), &mut dw, &mut db, &mut Packing::default());
            let into_g = number != 1;
            let into = &mut exact[usize::from(!into_g)];
            let weight = (into.len() / 4) as u32;
            into.extend(pad(&dw, outputs, round_up(inputs)));
            let bias = (into.len() / 4) as u32;
            into.extend(pad(&db, outputs, 1));
            let at = (sheet.len() / 4) as u32;
            sheet.extend(pad(&x, inputs, rows));
            let dy_at = (sheet.len() / 4) as u32;
            sheet.extend(pad(&dy, outputs, rows));
            let (x_vecs, dy_vecs) = (kernel::vecs(inputs), kernel::vecs(outputs));
            products.push(Product { x: at, x_vecs, dy: dy_at, dy_vecs, weight, bias, into_g });
        }
        let uniform = Gradients::of(rows as u32, &products).ok_or("too many products")?;
        let bound = vec![Bound::Numbers(sheet), Bound::Written(exact[0].len()), Bound::Written(exact[1].len())];
        let is_layer = trial.kernel.name == PRODUCTS.name;
        let groups = if is_layer { uniform.layer_groups(trial.lanes) } else { uniform.groups() };
        let out = trial.run(&uniform, bound, groups)?;
        close(&format!("{rows} rows, of G"), &out[0], &exact[0], OF_PRODUCTS)?;
        close(&format!("{rows} rows, not of G"), &out[1], &exact[1], OF_PRODUCTS)?;
    }
    Ok(())
}

/// One layer of the sheet, or the first one of the second step's rows; GELU keeps what went into it.
fn ascend(device: &Rc<GpuDevice>, shader: &LayerShader<'_>) -> Verdict {
    for (rows, inputs, outputs, _) in SHAPES {
        for activation in ACTIVATIONS {
            let is_first = shader.kernel.name == FIRST.name;
            let trial = shader.trial(device, activation);
            let layers = layers_of(1, inputs, outputs);
            let source = normals(64, EXAMPLES * inputs);
            let draws = Stream::new(16, StreamId::Probe, 0);
            let picks: Vec<u32> = (0..2 * rows as u64).map(|i| draws.below(i, EXAMPLES as u32)).collect();
            let mut x = normals(65, rows * inputs);
            if is_first {
                kernels::gather(&source, inputs, &picks[rows..], &mut x);
            }
            let (shape, wide_x) = ((rows, inputs, outputs), wide(&x));
            let (w, b) = (wide(&layers[0].0), wide(&layers[0].1));
            let (mut y, mut kept) = (vec![0.0; rows * outputs], vec![0.0; rows * outputs]);
            kernels::dense(shape, &wide_x, &w, &b, activation, &mut y, &mut Packing::default());
            kernels::dense(shape, &wide_x, &w, &b, None, &mut kept, &mut Packing::default());
            let (n, x_vecs, y_vecs) = (rows as u32, kernel::vecs(inputs), kernel::vecs(outputs));
            let at_y = 1 + n * x_vecs;
            let uniform = kernel::Dense {
                rows: n,
                x_vecs,
                y_vecs,
                weight: 1,
                bias: 1 + 4 * x_vecs * y_vecs,
                x: 1,
                y: at_y,
                keep: at_y + n * y_vecs,
                ..Default::default()
            };
            let mut sheet = vec![9.0; 4];
            sheet.extend(pad(&x, inputs, rows));
            sheet.resize(sheet.len() + 8 * (n * y_vecs) as usize, f32::NAN);
            let theta = Bound::Numbers(stacked_theta(&layers, inputs, outputs));
            let bound = if is_first {
                let source = Bound::Numbers(pad(&source, inputs, EXAMPLES));
                vec![theta, source, Bound::Words(picks), Bound::Words(vec![1, 0, 0, 0]), Bound::Changed(sheet)]
            } else {
                vec![theta, Bound::Changed(sheet)]
            };
            let out = trial.run(&uniform, bound, uniform.groups(1, trial.lanes))?;
            let case = format!("{rows}×{inputs}×{outputs}, {activation:?}");
            let block = |start: u32| &out[0][4 * start as usize..][..4 * (n * y_vecs) as usize];
            close(&case, block(at_y), &pad(&y, outputs, rows), OF_PRODUCTS)?;
            if keeps(activation) {
                close(&format!("{case}: inputs"), block(uniform.keep), &pad(&kept, outputs, rows), OF_PRODUCTS)?;
            }
        }
    }
    Ok(())
}

/// The way down of all tasks at once, in the sheet.
fn descend(device: &Rc<GpuDevice>, shader: &LayerShader<'_>) -> Verdict {
    for (rows, inputs, outputs, count) in SHAPES {
        for activation in ACTIVATIONS {
            let trial = shader.trial(device, activation);
            let layers = layers_of(1, inputs, outputs);
            let (dy, below) = (normals(66, count * rows * outputs), normals(67, rows * inputs));
            let wide_below = wide(&below);
            let mut exact = Vec::new();
            for dy in dy.chunks_exact(rows * outputs) {
                let mut dx = vec![0.0; rows * inputs];
                let below = activation.map(|kind| (kind, &wide_below[..]));
                let (shape, w) = ((rows, inputs, outputs), wide(&layers[0].0));
                kernels::delta(shape, &wide(dy), &w, below, &mut dx, &mut Packing::default());
                exact.extend(pad(&dx, inputs, rows));
            }
            let (n, x_vecs, y_vecs) = (rows as u32, kernel::vecs(inputs), kernel::vecs(outputs));
            let stack = count as u32 * n;
            let uniform = kernel::Delta {
                rows: stack,
                below_rows: n,
                dx_vecs: x_vecs,
                dy_vecs: y_vecs,
                weight: 1,
                dy: 1,
                below: 1 + stack * y_vecs,
                dx: 1 + stack * y_vecs + n * x_vecs,
                ..Default::default()
            };
            let mut sheet = vec![9.0; 4];
            sheet.extend(pad(&dy, outputs, count * rows));
            sheet.extend(pad(&below, inputs, rows));
            let start = sheet.len();
            sheet.resize(start + exact.len(), f32::NAN);
            let theta = Bound::Numbers(stacked_theta(&layers, inputs, outputs));
            let out = trial.run(&uniform, vec![theta, Bound::Changed(sheet)], uniform.groups(1, trial.lanes))?;
            close(
                &format!("{count} of {rows}×{inputs}×{outputs}, {activation:?}"),
                &out[0][start..],
                &exact,
                OF_PRODUCTS,
            )?;
        }
    }
    Ok(())
}

fn keeps(activation: Option<Activation>) -> bool {
    activation.is_some_and(|activation| activation.needs_inputs())
}

/// A kernel of layers with the products of a family, in a text that may be a mutant's.
struct LayerShader<'a> {
    kernel: &'a LayerKernel,
    family: Family,
    text: String,
}

impl LayerShader<'_> {
    #[track_caller]
    fn trial(&self, device: &Rc<GpuDevice>, activation: Option<Activation>) -> Trial {
        let lanes = Lanes { family: self.family, ..device.lanes() };
        let constants = self.kernel.constants(lanes, kernel::activation(activation), keeps(activation));
        // No name twice: texts differ.
        let name = format!("{}{constants:?}", self.text);
        let pipeline = pollster::block_on(device.prepare_text(&name, &self.text, &constants));
        Trial {
            device: device.clone(),
            kernel: Kernel { name: self.kernel.name, source: "", has_lanes: false },
            lanes,
            pipeline: pipeline.unwrap_or_else(|why| panic!("{}: {why}", self.kernel.name)),
        }
    }

    fn judge(&self, device: &Rc<GpuDevice>) -> Verdict {
        match self.kernel.name {
            name if name == DESCEND.name => descend(device, self),
            name if name == PRODUCTS.name => gradients(&self.trial(device, None)),
            _ => ascend(device, self),
        }
    }
}

/// Mutants of what the bindings of layers say.
const LAYER_MUTANTS: &[(&LayerKernel, &str, &str)] = &[
    (&FIRST, "progress[0] * shape.rows", "0u"),
    (&FIRST, "sheet[at - shape.y + shape.keep] = sum", "sheet[shape.keep] = sum"),
    (&ASCEND, "shape.x + row", "row"),
    (&ASCEND, "activate(ACTIVATION, sum)", "sum"),
    (&DESCEND, "slope(ACTIVATION, sheet[y])", "slope(ACTIVATION, sheet[at])"),
    (&PRODUCTS, "of_g == 1u", "of_g == 0u"),
    (&PRODUCTS, "2u * number + 1u", "2u * number"),
];

#[test]
fn layers_of_resident_steps_agree_with_their_twins() {
    let Some(device) = open() else { return };
    for family in Family::ALL {
        for kernel in [&FIRST, &ASCEND, &DESCEND, &PRODUCTS] {
            let text = kernel.shader(family);
            check(kernel.name, LayerShader { kernel, family, text }.judge(&device));
        }
        for (kernel, from, to) in LAYER_MUTANTS {
            let text = kernel.shader(family);
            assert!(text.contains(from), "{}: the shader no longer says {from}", kernel.name);
            let mutant = LayerShader { kernel, family, text: text.replace(from, to) };
            assert!(mutant.judge(&device).is_err(), "{}: {to} instead of {from} was not noticed", kernel.name);
        }
    }
}

fn step(trial: &Trial) -> Verdict {
    use paretoscope::config::Optimizer;
    let rules = [(Optimizer::Adam, 0.1), (Optimizer::AdamW, 0.1), (Optimizer::Sgd { momentum: 0.9 }, 0.0)];
    for (shared, k, weighted) in [(64, 2, false), (4, 1, false), (1_028, 3, false), (332, 16, true)] {
        for (optimizer, weight_decay) in rules {
            let total = shared + 4 * k;
            let (g, gradient) = (normals(70, k * shared), normals(71, total));
            let (w, heads) = (wide(&normals(72, k)), wide(&normals(73, k)));
            let mut d = vec![0.0; shared];
            if weighted {
                d = wide(&gradient[..shared]);
            } else {
                kernels::combine(&wide(&g), &w, &mut d);
            }
            for (task, own) in gradient[shared..].chunks_exact(4).enumerate() {
                d.extend(own.iter().map(|&own| heads[task] * f64::from(own)));
            }
            let (theta, first) = (normals(74, total), normals(75, total));
            let second: Vec<f32> = normals(76, total).iter().map(|v| v * v + 1e-3).collect();
            let rule = Rule { optimizer, learning_rate: 0.01, weight_decay, gradient_scale: 1.0 };
            let mut moments = Moments { first: wide(&first), second: wide(&second), step: 6 };
            let (mut exact, mut moved) = (wide(&theta), vec![0.0; total]);
            kernels::update(&rule, &d, &mut moments, &mut exact, &mut moved);
            let adam = !matches!(optimizer, Optimizer::Sgd { .. });
            let mut head_ends = [u32::MAX; 16];
            for (task, end) in head_ends.iter_mut().take(k).enumerate() {
                *end = ((shared + 4 * (task + 1)) / 4) as u32;
            }
            let decoupled = optimizer == Optimizer::AdamW;
            let uniform = resident_kernel::Step {
                vecs: (total / 4) as u32,
                shared_end: (shared / 4) as u32,
                g_rows: if weighted { 0 } else { k as u32 },
                rule: u32::from(adam),
                momentum: 0.9,
                decay: if decoupled { 0.0 } else { weight_decay as f32 },
                head_ends,
                ..Default::default()
            };
            let mut tally = vec![0.0; 36];
            tally[..16].copy_from_slice(&kernel::per_task(&w));
            tally[16..32].copy_from_slice(&kernel::per_task(&heads));
            tally[32] = if adam { (0.01 / (1.0 - 0.9_f64.powi(7))) as f32 } else { 0.01 };
            tally[33] = (1.0 / (1.0 - 0.999_f64.powi(7))) as f32;
            tally[34] = if decoupled { (0.01 * weight_decay) as f32 } else { 0.0 };
            let bound = vec![
                Bound::Numbers(g),
                Bound::Changed(gradient),
                Bound::Numbers(tally),
                Bound::Changed(theta),
                Bound::Changed(first),
                Bound::Changed(second),
                Bound::Written(total),
            ];
            let out = trial.run(&uniform, bound, uniform.groups())?;
            let case = format!("{k} rows of {shared}, {optimizer:?}");
            // Sixteen products near 1, then as in `update`.
            close(&format!("{case}: d"), &out[0], &d, (4e-6, 2e-6))?;
            close(&format!("{case}: θ"), &out[1], &exact, (2e-6, 1e-5))?;
            close(&format!("{case}: first"), &out[2], &moments.first, (4e-6, 1e-5))?;
            if adam {
                close(&format!("{case}: second"), &out[3], &moments.second, (4e-6, 1e-5))?;
            }
            close(&format!("{case}: Δθ"), &out[4], &moved, (1e-6, 2e-5))?;
        }
    }
    Ok(())
}

fn report(trial: &Trial) -> Verdict {
    for (n, k) in [(64, 2), (4, 1), (10_004, 3)] {
        let (g, d, moved) = (normals(80, k * n), normals(81, n + 4), normals(82, n + 4));
        let uniform = resident_kernel::Report { vecs: (n / 4) as u32, rows: k as u32, stride: 20, into: 3 };
        let bound = vec![
            Bound::Numbers(g.clone()),
            Bound::Numbers(d.clone()),
            Bound::Numbers(moved.clone()),
            // The weighting of the second step has been.
            Bound::Words(vec![2, 0, 0, 0]),
            Bound::Written(40),
        ];
        let out = trial.run(&uniform, bound, uniform.groups())?;
        for (what, vector, start) in [("d", &d[..n], 23), ("Δθ", &moved[..n], 23 + k + 1)] {
            let mut exact = vec![0.0; k + 1];
            kernels::gramian(n, &wide(&g), &wide(vector), &mut exact[..k]);
            exact[k] = wide(vector).iter().map(|x| x * x).sum();
            // Lengths are √n, as in `gramian`.
            let scaled = |x: f64| x / n as f64;
            let ours: Vec<f32> = out[0][start..=start + k].iter().map(|&x| scaled(f64::from(x)) as f32).collect();
            let exact: Vec<f64> = exact.into_iter().map(scaled).collect();
            close(&format!("{what} of {k} rows of {n}"), &ours, &exact, (2e-6, 2e-6))?;
        }
    }
    Ok(())
}

const TWINS: &[Twin] = &[
    (
        resident_kernel::PASS,
        pass,
        &[
            ("(progress[0] - shape.behind)", "0u"),
            ("progress[0] - shape.behind", "progress[0] - 3u"),
            ("sheet[keep + at] = inputs;", "sheet[keep + at] = vec4<f32>(0.0);"),
            ("two.x * shape.examples + ", ""),
            ("slope(two.w, sheet", "slope(1u, sheet"),
            ("off | !(c[0] < zero)", "vec4<bool>(true)"),
            ("sheet[below + o.y] > zero", "c[1] > zero"),
            ("select(0.0, factor, c == class_index)", "0.0"),
            ("tally[k] * sheet", "sheet"),
            ("min(row + 7u, last_row)", "row"),
            ("two.y + o * (4u * n)", "two.y + o * n"),
        ],
    ),
    (
        resident_kernel::GRADIENTS,
        gradients,
        &[
            ("min(i + 1u, one.z - 1u)", "i"),
            ("row < shape.rows", "row + 1u < shape.rows"),
            ("into_g == 1u", "into_g == 0u"),
            ("number - one.x", "number"),
        ],
    ),
    (
        resident_kernel::STEP,
        step,
        &[
            ("tally[16u + task] * ", ""),
            ("g[k * shape.shared_end + at]", "g[at]"),
            ("+ shape.decay * old", ""),
            ("+ tally[34] * old", ""),
            ("v * tally[33]", "v"),
            ("gradient[at] = d;", ""),
        ],
    ),
    (
        resident_kernel::REPORT,
        report,
        &[
            ("progress[0] - 1u", "progress[0] - 2u"),
            ("g[row * shape.vecs + at]", "g[at]"),
            ("at += LANE_COUNT;", "at += 2u * LANE_COUNT;"),
        ],
    ),
];

#[test]
fn kernels_of_resident_steps_agree_with_their_twins() {
    let Some(device) = open() else { return };
    for kernel in resident_kernel::RESIDENT_KERNELS {
        let Some((_, judge, mutants)) = TWINS.iter().find(|(twin, ..)| twin.name == kernel.name) else {
            panic!("{} is not tested", kernel.name)
        };
        check(kernel.name, judge(&Trial::new(&device, *kernel, kernel.shader())));
        for (from, to) in *mutants {
            check_caught(*kernel, from, to, |shader| judge(&Trial::new(&device, *kernel, shader)));
        }
    }
}

#[test]
fn uniforms_of_resident_steps_lie_as_on_the_host() {
    check_layout::<Pass>(resident_kernel::PASS);
    check_layout::<Gradients>(resident_kernel::GRADIENTS);
    check_layout::<resident_kernel::Step>(resident_kernel::STEP);
    check_layout::<resident_kernel::Report>(resident_kernel::REPORT);
    for family in Family::ALL {
        super::check_layout_of::<kernel::Dense>("Dense", &FIRST.shader(family));
        super::check_layout_of::<kernel::Dense>("Dense", &ASCEND.shader(family));
        super::check_layout_of::<kernel::Delta>("Delta", &DESCEND.shader(family));
        super::check_layout_of::<Gradients>("Gradients", &PRODUCTS.shader(family));
    }
}

/// Methods with a weighting for the device.
fn weightings() -> Vec<(&'static Method, ResidentKernel)> {
    let build = |method: &'static Method| {
        let setup = Setup { n_tasks: 2, knobs: method.default_knobs() };
        Some((method, method.new_balancer(&setup).resident().filter(|_| method.can_stay())?))
    };
    METHODS.iter().filter_map(build).collect()
}

/// The same knobs, and each of them at its smallest and largest value.
fn settings(method: &Method) -> Vec<Vec<f64>> {
    let plain = method.default_knobs();
    let mut all = vec![plain.clone()];
    for (at, knob) in method.knobs.iter().enumerate() {
        let words = knob.words().map_or(0, <[&str]>::len);
        let values = if words > 0 { (0..words).map(|word| word as f64).collect() } else { vec![knob.min, knob.max] };
        for value in values {
            let mut knobs = plain.clone();
            knobs[at] = value;
            if !all.contains(&knobs) {
                all.push(knobs);
            }
        }
    }
    all
}

/// Rows of G (K, P): those of the golden cases, and random ones.
fn matrices() -> Vec<(String, usize, Vec<f32>)> {
    let file: Value = serde_json::from_str(include_str!("../../../data/golden_vectors.json")).expect("golden values");
    let numbers = |value: &Value| -> Vec<f32> {
        value.as_array().into_iter().flatten().map(|x| x.as_f64().unwrap_or(f64::NAN) as f32).collect()
    };
    let golden = file["matrices"].as_object().into_iter().flatten();
    let golden = golden.map(|(id, m)| (id.clone(), m["K"].as_u64().unwrap_or(0) as usize, numbers(&m["G"])));
    let random = [(1, 8), (2, 40), (3, 12), (16, 200)].map(|(k, p)| (format!("{k} of {p}"), k, normals(90, k * p)));
    golden.chain(random).collect()
}

const STEPS: u64 = 4;
const SEED: u32 = 77;
/// Of w, by its size in the direction's terms.
const TOLERANCE: f64 = 2e-3;

/// A few steps of a weighting on the device beside the method in f64, which sees the same products.
fn weigh(trial: &Trial, (method, knobs): (&Method, &[f64]), (id, k, g): &(String, usize, Vec<f32>)) -> Verdict {
    let k = *k;
    let mut balancer = method.new_balancer(&Setup { n_tasks: k, knobs: knobs.to_vec() });
    let resident = balancer.resident().ok_or("no resident rule")?;
    let floor = vec![-0.25; k];
    balancer.bound_losses(&floor);
    let p = g.len() / k.max(1);
    let mut m = vec![0.0; k * k];
    let wide_g = wide(g);
    kernels::gramian(p, &wide_g, &wide_g, &mut m);
    let rounded: Vec<f64> = m.iter().map(|&m| f64::from(m as f32)).collect();
    let mut gramian = Gramian::new(k);
    gramian.set_from_products(&rounded);
    let preference: Vec<f64> = (0..k).map(|task| (task + 1) as f64 / (k * (k + 1) / 2) as f64).collect();
    let scales: Vec<f64> = (0..k).map(|task| 0.5 + 0.25 * task as f64).collect();
    let stride = 3 * k + k * k + 1;
    let shape = Weigh {
        tasks: k as u32,
        loss_parts: 2,
        loss_factor: 0.5,
        has_gramian: 1,
        stride: stride as u32,
        plain_heads: 0,
        steps_per_epoch: 1,
        after: (256 + 2 * k) as u32,
        key: [SEED, StreamId::Balance as u32],
        settings: resident.settings,
        scales: kernel::per_task(&scales),
        preference: kernel::per_task(&preference),
        floor: kernel::per_task(&floor),
        ..Default::default()
    };
    let mut partials = vec![0.0; k * k * kernel::PARTS];
    for (at, &m) in rounded.iter().enumerate() {
        // Uneven parts that sum up to m.
        let parts = &mut partials[at * kernel::PARTS..][..kernel::PARTS];
        parts[3] = (0.25 * m) as f32;
        parts[17] = (0.75 * m) as f32;
    }
    let draws = Stream::new(3, StreamId::Probe, 4);
    let mut tally = vec![0.0_f32; 256 + 4 * k];
    let mut first_losses = vec![0.0; k];
    let mut means: Vec<Vec<f64>> = Vec::new();
    for step in 0..STEPS {
        let losses: Vec<f32> = (0..k as u64).map(|task| (0.2 + draws.uniform(16 * step + task)) as f32).collect();
        let scaled: Vec<f64> = losses.iter().zip(&scales).map(|(&loss, scale)| f64::from(loss) * scale).collect();
        let behind: Vec<f32> =
            losses.iter().enumerate().map(|(task, loss)| loss * (0.9 - 0.02 * task as f32)).collect();
        if step == 0 {
            first_losses.clone_from(&scaled);
        }
        let learning_rate = 0.01;
        let epoch_means = means.len().checked_sub(2).map(|at| (&means[at + 1][..], &means[at][..]));
        let ctx = StepContext {
            losses: &scaled,
            first_losses: &first_losses,
            epoch_means,
            preference: &preference,
            learning_rate,
            step,
            seed: SEED,
            served: Default::default(),
        };
        let mut w = vec![0.0; k];
        match &mut balancer {
            paretoscope::balance::Balancer::Losses(method) => drop(method.weights(&ctx, &mut w)),
            paretoscope::balance::Balancer::Gramian(method) => drop(method.weights(&ctx, &gramian, &mut w)),
            paretoscope::balance::Balancer::Rows(_) => return Err("a rows method has no weights".to_owned()),
        }
        for (task, &loss) in losses.iter().enumerate() {
            tally[256 + 2 * task] = 0.5 * loss;
            tally[257 + 2 * task] = 1.5 * loss;
        }
        let bound = vec![
            Bound::Numbers(partials.clone()),
            Bound::Numbers(vec![0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 3.0, learning_rate as f32]),
            Bound::Changed([1_u32, step as u32, 0, 0].map(f32::from_bits).to_vec()),
            Bound::Changed(tally),
            Bound::Written(2 * stride),
        ];
        let mut out = trial.run(&shape, bound, [1, 1, 1])?;
        let (ring, new_tally, progress) = (out.remove(2), out.remove(1), out.remove(0));
        let case = format!("{id} with {knobs:?}, step {step}");
        if progress.iter().map(|x| x.to_bits()).ne([2, step as u32 + 1, 0, 0]) {
            return Err(format!("{case}: the steps are counted as {progress:?}"));
        }
        let told = &ring[stride..];
        close(&format!("{case}: losses"), &told[..k], &wide(&losses), (1e-6, 1e-6))?;
        close(&format!("{case}: M"), &told[3 * k..][..k * k], &rounded, (1e-30, 1e-6))?;
        close(&format!("{case}: rates"), &new_tally[32..35], &[1.0, 2.0, 3.0], (0.0, 0.0))?;
        if new_tally[..k] != told[k..2 * k] || new_tally[16..16 + k] != told[k..2 * k] {
            return Err(format!(
                "{case}: the update gets the weights {:?}, the record {:?}",
                &new_tally[..k],
                &told[k..2 * k]
            ));
        }
        // Every weight counts by what it adds to d, beside the longest of these.
        let added = |task: usize, w: f64| w * gramian.norms()[task];
        let scale = (0..k).map(|task| added(task, w[task]).abs()).fold(1e-30, f64::max);
        for task in 0..k {
            let ours = f64::from(told[k + task]);
            let off = (added(task, ours) - added(task, w[task])).abs();
            let alone = gramian.is_zero(task) && (ours - w[task]).abs() > TOLERANCE * (1.0 + w[task].abs());
            if off > TOLERANCE * scale || !ours.is_finite() || alone {
                return Err(format!("{case}: w is {:?} instead of {w:?}", &told[k..2 * k]));
            }
        }
        tally = new_tally;
        for (task, &loss) in behind.iter().enumerate() {
            tally[256 + 2 * k + 2 * task] = loss;
            tally[257 + 2 * k + 2 * task] = loss;
        }
        let after: Vec<f64> = behind.iter().zip(&scales).map(|(&loss, scale)| f64::from(loss) * scale).collect();
        balancer.after_step(&ctx, &after);
        means.push(scaled);
    }
    Ok(())
}

/// Methods and golden cases in which the answer in f64 is a convention.
const UNDEFINED: &[(&str, &str)] = &[
    // The hull holds 0, so at the shift 0 with which the search begins nothing is left to scale. Whether f64 stops
    // there with the mean, or goes on to the vertex that the rule tends to, depends on whether rounding leaves 0.
    ("cagrad", "P15"),
    // The hull holds 0 again: weights of thousands, which are c‖g₀‖ over a length that rounding leaves.
    ("cagrad", "P26"),
    // The hull holds 0: the bargain has no end but for the ridge of 1e-6, which cosines in f32 hold to a tenth only.
    ("nash_mtl", "P15"),
    ("nash_mtl", "P26"),
];

/// The first case that differs; all of them are printed but for a mutant, where one is enough.
fn judge_weighting(trial: &Trial, method: &'static Method, is_mutant: bool) -> Verdict {
    let mut verdict = Ok(());
    for (number, knobs) in settings(method).iter().enumerate() {
        let mut defined = matrices();
        defined.retain(|(id, ..)| !UNDEFINED.contains(&(method.id, id.as_str())));
        // Other settings on some of them: software adapters take their time.
        for matrix in defined.iter().step_by(if number == 0 { 1 } else { 5 }) {
            let setup = Setup { n_tasks: matrix.1, knobs: knobs.clone() };
            if method.new_balancer(&setup).resident().is_none() {
                // Too many tasks for its shader; no other method has such a bound.
                assert!(method.id == "cagrad" && matrix.1 > 8, "{} of {} is not resident", method.id, matrix.1);
                continue;
            }
            let Err(why) = weigh(trial, (method, knobs), matrix) else { continue };
            if is_mutant {
                return Err(why);
            }
            println!("{}: {why}", method.id);
            verdict = verdict.and(Err(why));
        }
    }
    verdict
}

/// Mutants of weightings, by name.
const MUTANTS: &[(&str, &str, &str)] = &[
    ("sum", "w[i] = 1.0;", "w[i] = 1.1;"),
    ("pcgrad", "along < 0.0", "along < -0.1"),
    ("pcgrad", "i * k + j, j + 1u", "j, j + 1u"),
    ("mgda", "w[i] /= divisors[i];", ""),
    ("mgda", "NOISE * size", "0.5 * size"),
    ("rlw", "normal_draw(i)", "normal_draw(i + 1u)"),
    ("rlw", "3.3871328728", "3.4871328728"),
    ("rlw", "1.4234371107", "1.5234371107"),
    ("rlw", "-log(1.0 - w[i])", "1.0 - w[i]"),
    ("rlw", "round * n_tasks + i", "round * n_tasks"),
    ("uw", "learning_rate, &gradient", "2.0 * learning_rate, &gradient"),
    ("uw", "m / decay_1", "m"),
    ("dwa", "tally[BEFORE + i] = tally[LAST + i];", ""),
    ("gls", "value / f32(n_tasks)", "value"),
    ("famo", "gradient[i] - mean", "gradient[i]"),
    ("famo", "settings().y * tally", "0.0 * tally"),
    ("famo", "- floor_of(i)", ""),
    ("upgrad", "-cone_a[j * k + i]", "cone_a[j * k + i]"),
    ("upgrad", "+ settings().y)", ")"),
    ("nash_mtl", "1.0 - x[i] * pull", "1.1 - x[i] * pull"),
    ("nash_mtl", "most / size", "1.0"),
    ("imtl_g", "other / (own + other)", "own / (own + other)"),
    ("imtl_g", "> f32(n) * NOISE", "> 0.3"),
    ("aligned_mtl", "scale / value", "scale"),
    ("aligned_mtl", "(max(count, 1u) - 1u) / 2u", "count / 2u"),
    ("cagrad", "1.0 / (1.0 + c * c)", "1.0 / (1.0 + c)"),
    ("cagrad", "tau * shift", "shift"),
];

#[test]
fn resident_weightings_agree_with_their_methods() {
    let Some(device) = open() else { return };
    let mut findings = Vec::new();
    for (method, resident) in weightings() {
        let kernel = Kernel { name: method.id, source: "", has_lanes: false };
        let shader = weighting_source(&resident);
        let verdict = judge_weighting(&Trial::new(&device, kernel, shader.clone()), method, false);
        findings.extend(verdict.err().map(|why| format!("{}: {why}", method.id)));
        let mutants: Vec<_> = MUTANTS.iter().filter(|(name, ..)| *name == method.id).collect();
        if mutants.is_empty() {
            findings.push(format!("{} has no mutant", method.id));
        }
        for (_, from, to) in mutants {
            assert!(shader.contains(from), "{}: the shader no longer says {from}", method.id);
            let trial = Trial::new(&device, kernel, shader.replace(from, to));
            if judge_weighting(&trial, method, true).is_ok() {
                findings.push(format!("{}: {to} instead of {from} was not noticed", method.id));
            }
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn the_uniform_of_weightings_lies_as_on_the_host() {
    super::check_layout_of::<resident_kernel::Steps>("steps of many runs", &resident_kernel::steps_source());
    for (_, resident) in weightings() {
        super::check_layout_of::<resident_kernel::Choice>(resident.name, &resident_kernel::choice_source(&resident));
        super::check_layout_of::<Weigh>(resident.name, &weighting_source(&resident));
    }
}
