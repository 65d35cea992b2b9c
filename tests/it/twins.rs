//! Kernel twins: every shader against the CPU function of its name, and mutants that the comparison must catch.
//!
//! Outputs are poisoned with NaN first, so that what a kernel forgets to write is seen. The CPU side runs in f64,
//! and |ours − exact| ≤ atol + rtol·|exact| holds with tolerances stated where they are used.

use std::fs;
use std::path::Path;

/// Every WGSL file below shaders/ but common parts, with its text behind those.
fn shaders() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders");
    let text = |path: &Path| fs::read_to_string(path).expect("a shader");
    let common = text(&root.join("common.wgsl"));
    // Solvers of resident weightings, by what calls them.
    let solvers = [
        ("adam", "adam("),
        ("cone", "project_on_cone("),
        ("cone", "shortest("),
        ("shortest", "shortest("),
        ("eigen", "decompose("),
        ("eigen", "find_members("),
    ];
    let behind = |name: &str| text(&root.join(format!("balance/{name}.wgsl")));
    let mut found = Vec::new();
    for folder in [root.clone(), root.join("balance"), root.join("resident"), root.join("tiles")] {
        for path in fs::read_dir(&folder).expect("a folder of shaders").flatten().map(|entry| entry.path()) {
            let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if path.is_file() && name != "common" {
                let text = text(&path);
                let mut before = vec![common.clone()];
                if folder.ends_with("tiles") {
                    before.push(fs::read_to_string(folder.join("common.wgsl")).expect("a common part"));
                }
                if text.contains("fn weigh()") {
                    before.push(behind("common"));
                    let called = solvers.iter().filter(|(_, call)| text.contains(call)).map(|(name, _)| name);
                    let mut called: Vec<_> = called.collect();
                    called.dedup();
                    before.extend(called.into_iter().map(|name| behind(&format!("solve/{name}"))));
                }
                found.push((name, format!("{}\n{text}", before.join("\n"))));
            }
        }
    }
    found.sort();
    found
}

fn module(name: &str, text: &str) -> naga::Module {
    let module = match naga::front::wgsl::parse_str(text) {
        Ok(module) => module,
        Err(error) => panic!("{name}: {}", error.emit_to_string(text)),
    };
    let flags = naga::valid::ValidationFlags::all();
    // No capability beyond what every WebGPU device has.
    let validated = naga::valid::Validator::new(flags, naga::valid::Capabilities::empty()).validate(&module);
    if let Err(error) = validated {
        panic!("{name}: {}", error.emit_to_string(text));
    }
    module
}

#[test]
fn every_shader_is_valid() {
    let shaders = shaders();
    assert!(shaders.len() >= 9, "only {} shaders were found", shaders.len());
    for (name, text) in &shaders {
        let module = module(name, text);
        let names: Vec<&str> = module.entry_points.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names, ["main"], "{name}");
    }
}

#[cfg(feature = "gpu")]
pub use device::open;

#[cfg(feature = "gpu")]
mod device {
    use paretoscope::backend::gpu::family::TILE_KERNELS;
    use paretoscope::backend::gpu::kernel::{Kernel, Uniform};
    use paretoscope::backend::gpu::{Family, GpuDevice, Lanes, kernel, node_kernel};
    use paretoscope::balance::{Balancer, METHODS, RowsKernel, RowsMethod, Setup, StepContext};
    use paretoscope::config::{Activation, Optimizer};
    use paretoscope::kernels::gemm::Packing;
    use paretoscope::kernels::{self, Moments, Rule, TaskLoss};
    use paretoscope::nn::{Convolution, Loss};
    use paretoscope::rng::{Stream, StreamId};
    use std::fs;
    use std::rc::Rc;

    mod nodes;
    mod resident;

    /// The adapter that tests run on.
    ///
    /// Where one must be there (`REQUIRE_GPU`, or a Vulkan driver is installed) its absence is a failure;
    /// elsewhere `None`, with a line that says so.
    #[track_caller]
    pub fn open() -> Option<Rc<GpuDevice>> {
        match pollster::block_on(GpuDevice::open()) {
            Ok(device) => {
                println!("adapter: {}", device.adapter_name());
                Some(device)
            }
            Err(why) => {
                let drivers = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"];
                let installed =
                    drivers.iter().any(|folder| fs::read_dir(folder).is_ok_and(|mut files| files.next().is_some()));
                let required = std::env::var_os("REQUIRE_GPU").is_some();
                assert!(!required && !installed, "{why} A Vulkan driver is required here.");
                println!(
                    "NOT TESTED: {why} Install a Vulkan driver (Debian: mesa-vulkan-drivers) to test the shaders."
                );
                None
            }
        }
    }

    /// A kernel with a text that may be a mutant's.
    struct Trial {
        device: Rc<GpuDevice>,
        kernel: Kernel,
        /// Of the kernel's family.
        lanes: Lanes,
        pipeline: wgpu::ComputePipeline,
    }

    /// What is bound behind the uniform.
    enum Bound {
        Numbers(Vec<f32>),
        Words(Vec<u32>),
        /// Read and written; returned.
        Changed(Vec<f32>),
        /// Written: this many numbers, NaN at first; returned.
        Written(usize),
    }

    type Verdict = Result<(), String>;

    impl Trial {
        /// A text that does not compile would fail every comparison and prove nothing, so it panics.
        #[track_caller]
        fn new(device: &Rc<GpuDevice>, kernel: Kernel, shader: String) -> Self {
            let pipeline = device.compile(&kernel, shader);
            if let Err(why) = device.check() {
                panic!("{}: the shader does not compile: {why}", kernel.name);
            }
            let is_tile = TILE_KERNELS.iter().any(|tile| tile.name == kernel.name);
            let family = if is_tile { Family::Workgroup } else { Family::Registers };
            Self { pipeline, device: device.clone(), kernel, lanes: Lanes { family, ..device.lanes() } }
        }

        fn run<U: Uniform>(
            &self,
            uniform: &U,
            bound: Vec<Bound>,
            groups: kernel::Groups,
        ) -> Result<Vec<Vec<f32>>, String> {
            let mut buffers = Vec::new();
            let mut outputs = Vec::new();
            for bound in &bound {
                let poison;
                let (words, output): (&[u32], bool) = match bound {
                    Bound::Numbers(numbers) => (bytemuck::cast_slice(numbers), false),
                    Bound::Words(words) => (words, false),
                    Bound::Changed(numbers) => (bytemuck::cast_slice(numbers), true),
                    Bound::Written(length) => {
                        poison = vec![f32::NAN.to_bits(); *length];
                        (&poison[..], true)
                    }
                };
                let buffer =
                    self.device.buffer("a test", words.len().div_ceil(4)).map_err(|error| error.to_string())?;
                self.device.write(&buffer, words);
                if output {
                    outputs.push((buffers.len(), words.len()));
                }
                buffers.push(buffer);
            }
            let references: Vec<&wgpu::Buffer> = buffers.iter().collect();
            let run = async {
                let dispatch =
                    self.device.dispatch_with(self.pipeline.clone(), self.kernel.name, uniform, &references, groups)?;
                let mut read = Vec::new();
                let mut dispatches = vec![&dispatch];
                for &(index, length) in &outputs {
                    let bytes = 4 * length as u64;
                    let staging = self.device.staging(bytes);
                    self.device.submit(&dispatches, &[(&buffers[index], 0, bytes)], Some(&staging))?;
                    dispatches.clear();
                    read.push(self.device.read(&staging, bytes).await?);
                }
                Ok::<_, paretoscope::backend::BackendError>(read)
            };
            pollster::block_on(run).map_err(|error| error.to_string())
        }
    }

    fn close(case: &str, ours: &[f32], exact: &[f64], (atol, rtol): (f64, f64)) -> Verdict {
        if ours.len() != exact.len() {
            return Err(format!("{case}: {} numbers instead of {}", ours.len(), exact.len()));
        }
        for (i, (&ours, &exact)) in ours.iter().zip(exact).enumerate() {
            let off = (f64::from(ours) - exact).abs();
            // A NaN is never within.
            let within = off <= atol + rtol * exact.abs();
            if !within {
                return Err(format!("{case}: number {i} is {ours} instead of {exact}"));
            }
        }
        Ok(())
    }

    fn normals(sub: u32, n: usize) -> Vec<f32> {
        let draws = Stream::new(11, StreamId::Probe, sub);
        (0..n as u64).map(|i| draws.normal(i) as f32).collect()
    }

    fn wide(numbers: &[f32]) -> Vec<f64> {
        numbers.iter().copied().map(f64::from).collect()
    }

    /// Rows of `width` padded to whole vec4s, and the number of rows to `rows`.
    fn pad<T: Copy + Default>(numbers: &[T], width: usize, rows: usize) -> Vec<T> {
        let padded = width.div_ceil(4) * 4;
        let mut out = vec![T::default(); rows * padded];
        for (to, from) in out.chunks_exact_mut(padded).zip(numbers.chunks_exact(width)) {
            to[..width].copy_from_slice(from);
        }
        out
    }

    fn round_up(n: usize) -> usize {
        n.div_ceil(4) * 4
    }

    /// Weight and bias of each layer of a stack, padded, behind one vec4 that belongs to nobody.
    fn stacked_theta(layers: &[(Vec<f32>, Vec<f32>)], inputs: usize, outputs: usize) -> Vec<f32> {
        let mut theta = vec![9.0; 4];
        for (weight, bias) in layers {
            theta.extend(pad(weight, outputs, round_up(inputs)));
            theta.extend(pad(bias, outputs, 1));
        }
        theta
    }

    fn layers_of(count: usize, inputs: usize, outputs: usize) -> Vec<(Vec<f32>, Vec<f32>)> {
        (0..count as u32).map(|z| (normals(10 + z, inputs * outputs), normals(30 + z, outputs))).collect()
    }

    /// B, I, O, stacked tasks: multiples of the tile, none, and ones.
    const SHAPES: [(usize, usize, usize, usize); 6] =
        [(16, 32, 32, 1), (1, 1, 1, 1), (13, 7, 10, 3), (9, 37, 21, 1), (70, 18, 50, 2), (66, 69, 73, 2)];
    const ACTIVATIONS: [Option<Activation>; 4] =
        [None, Some(Activation::Relu), Some(Activation::Tanh), Some(Activation::Gelu)];
    /// A sum of n ≤ 100 products of numbers near 1 in f32: n·2⁻²⁴ of their sizes at the very worst.
    const OF_PRODUCTS: (f64, f64) = (2e-5, 1e-5);

    fn gather(trial: &Trial) -> Verdict {
        for (examples, width, rows, tasks) in [(20, 8, 16, 2), (3, 1, 1, 1), (50, 13, 37, 3)] {
            let source = normals(1, examples * width);
            let targets = normals(2, examples * tasks);
            let draws = Stream::new(3, StreamId::Probe, 0);
            let picks: Vec<u32> = (0..rows as u64).map(|i| draws.below(i, examples as u32)).collect();
            let mut x = vec![0.0; rows * width];
            kernels::gather(&source, width, &picks, &mut x);
            let mut own = Vec::new();
            for targets in targets.chunks_exact(examples) {
                let mut picked = vec![0.0; rows];
                kernels::gather(targets, 1, &picks, &mut picked);
                own.extend(picked);
            }
            let uniform = kernel::Gather {
                rows: rows as u32,
                vecs: kernel::vecs(width),
                tasks: tasks as u32,
                examples: examples as u32,
            };
            let bound = vec![
                Bound::Words(picks),
                Bound::Numbers(pad(&source, width, examples)),
                Bound::Numbers(targets),
                Bound::Written(rows * round_up(width)),
                Bound::Written(rows * tasks),
            ];
            let out = trial.run(&uniform, bound, uniform.groups())?;
            // Copies are exact.
            close(&format!("x of {rows} rows"), &out[0], &wide(&pad(&x, width, rows)), (0.0, 0.0))?;
            close(&format!("targets of {rows} rows"), &out[1], &wide(&own), (0.0, 0.0))?;
        }
        Ok(())
    }

    fn dense(trial: &Trial) -> Verdict {
        for (rows, inputs, outputs, count) in SHAPES {
            for activation in ACTIVATIONS {
                let layers = layers_of(count, inputs, outputs);
                let x = normals(3, count * rows * inputs);
                let mut exact = Vec::new();
                for (x, (weight, bias)) in x.chunks_exact(rows * inputs).zip(&layers) {
                    let mut y = vec![0.0; rows * outputs];
                    let shape = (rows, inputs, outputs);
                    let mut packing = Packing::default();
                    kernels::dense(shape, &wide(x), &wide(weight), &wide(bias), activation, &mut y, &mut packing);
                    exact.extend(pad(&y, outputs, rows));
                }
                let (x_vecs, y_vecs) = (kernel::vecs(inputs), kernel::vecs(outputs));
                let uniform = kernel::Dense {
                    rows: rows as u32,
                    x_vecs,
                    y_vecs,
                    activation: kernel::activation(activation),
                    weight: 1,
                    bias: 1 + 4 * x_vecs * y_vecs,
                    theta_step: (4 * x_vecs + 1) * y_vecs,
                    x_step: rows as u32 * x_vecs,
                    y_step: rows as u32 * y_vecs,
                    ..Default::default()
                };
                let bound = vec![
                    Bound::Numbers(stacked_theta(&layers, inputs, outputs)),
                    Bound::Numbers(pad(&x, inputs, count * rows)),
                    Bound::Written(count * rows * round_up(outputs)),
                ];
                let out = trial.run(&uniform, bound, uniform.groups(count as u32, trial.lanes))?;
                close(
                    &format!("{rows}×{inputs}×{outputs}, {count} stacked, {activation:?}"),
                    &out[0],
                    &exact,
                    OF_PRODUCTS,
                )?;
            }
        }
        Ok(())
    }

    fn activate(trial: &Trial) -> Verdict {
        for n in [4, 64, 1_028] {
            let x: Vec<f32> = normals(51, n).iter().map(|x| 3.0 * x).collect();
            let mut exact = vec![0.0; n];
            kernels::activate(&wide(&x), &mut exact);
            let activation = kernel::activation(Some(Activation::Gelu));
            let uniform = kernel::Activate { vecs: kernel::vecs(n), activation, ..Default::default() };
            let out = trial.run(&uniform, vec![Bound::Numbers(x), Bound::Written(n)], uniform.groups())?;
            // 1 + tanh loses its digits far below 0, where the value itself vanishes.
            close(&format!("{n} numbers"), &out[0], &exact, (2e-6, 1e-5))?;
        }
        Ok(())
    }

    /// Height, width, channels, filters, B, stacked tasks: nothing a multiple of anything, and ones.
    const IMAGES: [(usize, usize, usize, usize, usize, usize); 4] =
        [(6, 6, 1, 1, 1, 1), (13, 10, 1, 10, 11, 2), (9, 8, 3, 5, 3, 1), (7, 12, 2, 4, 9, 3)];

    fn shape_of(height: usize, width: usize, channels: usize, filters: usize) -> Convolution {
        Convolution { height, width, channels, filters }
    }

    /// Which of four a pooling took, by numbers as kernels read them, and as the twins do.
    fn taken_of(n: usize, sub: u32) -> (Vec<f32>, Vec<u8>) {
        let draws = Stream::new(12, StreamId::Probe, sub);
        let taken: Vec<u8> = (0..n as u64).map(|i| draws.below(i, 4) as u8).collect();
        (taken.iter().map(|&corner| f32::from(corner)).collect(), taken)
    }

    /// Columns and pixels of the pooled image.
    fn pooled(shape: Convolution) -> (u32, u32) {
        let [rows, columns] = shape.pooled();
        (columns as u32, (rows * columns) as u32)
    }

    fn convolve(trial: &Trial) -> Verdict {
        for (height, width, channels, filters, rows, _) in IMAGES {
            let shape = shape_of(height, width, channels, filters);
            let (inputs, outputs, fan_in) = (shape.inputs(), shape.outputs(), shape.fan_in());
            for activation in ACTIVATIONS {
                let layers = layers_of(1, fan_in, filters);
                let mut x = normals(3, rows * inputs);
                // All places of the first square of the last row have the same value: the first is the one.
                x[(rows - 1) * inputs..].fill(0.5);
                let (mut y, mut corners) = (vec![0.0; rows * outputs], vec![0; rows * outputs]);
                let (weight, bias) = (wide(&layers[0].0), wide(&layers[0].1));
                let mut packing = Packing::default();
                let at = (rows, shape);
                kernels::convolve(at, &wide(&x), &weight, &bias, activation, &mut y, &mut corners, &mut packing);
                let corners: Vec<f64> = corners.iter().map(|&corner| f64::from(corner)).collect();
                let (columns, pixels) = pooled(shape);
                let uniform = kernel::Convolve {
                    rows: rows as u32,
                    width: width as u32,
                    channels: channels as u32,
                    filters: filters as u32,
                    columns,
                    pixels,
                    x_step: round_up(inputs) as u32,
                    y_step: round_up(outputs) as u32,
                    activation: kernel::activation(activation),
                    weight: 1,
                    bias: 1 + (round_up(fan_in) * round_up(filters) / 4) as u32,
                    spare_0: 0,
                };
                let bound = vec![
                    Bound::Numbers(stacked_theta(&layers, fan_in, filters)),
                    Bound::Numbers(pad(&x, inputs, rows)),
                    Bound::Written(rows * round_up(outputs)),
                    Bound::Written(rows * round_up(outputs)),
                ];
                let out = trial.run(&uniform, bound, uniform.groups())?;
                let case = format!("{rows} of {height}×{width}×{channels}, {filters} filters, {activation:?}");
                close(&case, &out[0], &pad(&y, outputs, rows), OF_PRODUCTS)?;
                close(&format!("{case}, taken"), &out[1], &pad(&corners, outputs, rows), (0.0, 0.0))?;
            }
        }
        Ok(())
    }

    fn filter_gradient(trial: &Trial) -> Verdict {
        for (height, width, channels, filters, rows, stacks) in IMAGES {
            let shape = shape_of(height, width, channels, filters);
            let (inputs, outputs, fan_in) = (shape.inputs(), shape.outputs(), shape.fan_in());
            let (x, dy) = (normals(8, rows * inputs), normals(9, stacks * rows * outputs));
            let (numbers, taken) = taken_of(rows * outputs, 0);
            let mut exact = Vec::new();
            for dy in dy.chunks_exact(rows * outputs) {
                let (mut dw, mut db) = (vec![0.0; fan_in * filters], vec![0.0; filters]);
                let mut packing = Packing::default();
                let at = (rows, shape);
                kernels::filter_gradient(at, &wide(&x), &taken, &wide(dy), &mut dw, &mut db, &mut packing);
                exact.extend(pad(&dw, filters, round_up(fan_in)));
                exact.extend(pad(&db, filters, 1));
            }
            let (columns, pixels) = pooled(shape);
            let bias = (round_up(fan_in) * round_up(filters) / 4) as u32;
            let uniform = kernel::FilterGradient {
                rows: rows as u32,
                width: width as u32,
                channels: channels as u32,
                filters: filters as u32,
                columns,
                pixels,
                x_step: round_up(inputs) as u32,
                dy_step: round_up(outputs) as u32,
                weight: 0,
                bias,
                into_step: bias + kernel::vecs(filters),
                spare_0: 0,
            };
            let bound = vec![
                Bound::Numbers(pad(&x, inputs, rows)),
                Bound::Numbers(pad(&numbers, outputs, rows)),
                Bound::Numbers(pad(&dy, outputs, stacks * rows)),
                Bound::Written(exact.len()),
            ];
            let out = trial.run(&uniform, bound, uniform.groups(stacks as u32))?;
            let case = format!("{rows} of {height}×{width}×{channels}, {filters} filters, {stacks} stacked");
            close(&case, &out[0], &exact, OF_PRODUCTS)?;
        }
        Ok(())
    }

    fn image_delta(trial: &Trial) -> Verdict {
        for (height, width, channels, filters, rows, stacks) in IMAGES {
            let shape = shape_of(height, width, channels, filters);
            let (inputs, outputs, fan_in) = (shape.inputs(), shape.outputs(), shape.fan_in());
            for below_activation in ACTIVATIONS {
                let layers = layers_of(1, fan_in, filters);
                let dy = normals(6, stacks * rows * outputs);
                let below: Vec<f32> = normals(7, rows * inputs).iter().map(|y| y.clamp(-0.9, 0.9)).collect();
                let (numbers, taken) = taken_of(rows * outputs, 1);
                let mut dx = vec![0.0; stacks * rows * inputs];
                let own = wide(&below);
                let under = below_activation.map(|activation| (activation, &own[..]));
                let (weight, mut packing) = (wide(&layers[0].0), Packing::default());
                let at = (stacks * rows, shape);
                kernels::image_delta(at, &wide(&dy), &taken, &weight, under, &mut dx, &mut packing);
                let (columns, pixels) = pooled(shape);
                let uniform = kernel::ImageDelta {
                    rows: rows as u32,
                    width: width as u32,
                    channels: channels as u32,
                    filters: filters as u32,
                    columns,
                    pixels,
                    inputs: inputs as u32,
                    dx_vecs: kernel::vecs(inputs),
                    dy_step: round_up(outputs) as u32,
                    activation: kernel::activation(below_activation),
                    weight: 1,
                    spare_0: 0,
                };
                let bound = vec![
                    Bound::Numbers(stacked_theta(&layers, fan_in, filters)),
                    Bound::Numbers(pad(&dy, outputs, stacks * rows)),
                    Bound::Numbers(pad(&numbers, outputs, rows)),
                    Bound::Numbers(pad(&below, inputs, rows)),
                    Bound::Written(stacks * rows * round_up(inputs)),
                ];
                let out = trial.run(&uniform, bound, uniform.groups(stacks as u32))?;
                let case = format!("{rows} of {height}×{width}×{channels}, {filters} filters, {stacks} stacks");
                let exact = pad(&dx, inputs, stacks * rows);
                close(&format!("{case}, {below_activation:?}"), &out[0], &exact, OF_PRODUCTS)?;
            }
        }
        Ok(())
    }

    fn loss(trial: &Trial) -> Verdict {
        let kinds = [
            (Loss::SoftmaxCrossEntropy, 10),
            (Loss::SoftmaxCrossEntropy, 3),
            (Loss::BinaryCrossEntropy, 1),
            (Loss::SquaredError, 1),
        ];
        for (rows, first, count) in [(64, 0, 2), (1, 0, 1), (133, 3, 2)] {
            for (kind, outputs) in kinds {
                let z: Vec<f32> = normals(4, count * rows * outputs).iter().map(|z| 3.0 * z).collect();
                let draws = Stream::new(5, StreamId::Probe, 0);
                let targets: Vec<f32> = (0..(first + count) * rows)
                    .map(|i| match kind {
                        Loss::SoftmaxCrossEntropy => draws.below(i as u64, outputs as u32) as f32,
                        Loss::BinaryCrossEntropy => draws.below(i as u64, 2) as f32,
                        Loss::SquaredError => draws.normal(i as u64) as f32,
                    })
                    .collect();
                let scales: Vec<f64> = (0..first + count).map(|task| 0.5 + task as f64).collect();
                let (mut exact, mut gradients) = (Vec::new(), Vec::new());
                for (layer, z) in z.chunks_exact(rows * outputs).enumerate() {
                    let task = first + layer;
                    let own = wide(&targets[task * rows..][..rows]);
                    let task_loss = TaskLoss { loss: kind, targets: &own, scale: scales[task] };
                    let mut dz = vec![0.0; rows * outputs];
                    exact.push(kernels::loss(&task_loss, outputs, &wide(z), &mut dz));
                    gradients.extend(pad(&dz, outputs, rows));
                }
                let uniform = kernel::Loss {
                    rows: rows as u32,
                    outputs: outputs as u32,
                    width: round_up(outputs) as u32,
                    kind: kernel::loss_kind(kind),
                    first: first as u32,
                    scales: kernel::per_task(&scales),
                    ..Default::default()
                };
                let bound = vec![
                    Bound::Numbers(pad(&z, outputs, count * rows)),
                    Bound::Numbers(targets),
                    Bound::Written(count * rows * round_up(outputs)),
                    Bound::Written(first + count),
                ];
                let out = trial.run(&uniform, bound, uniform.groups(count as u32))?;
                let case = format!("{kind:?} of {rows} rows");
                // WGSL allows exp 3 + 2|x| units in the last place and log an absolute 2⁻²¹.
                close(&case, &out[1][first..], &exact, (2e-6, 1e-5))?;
                close(&case, &out[0], &gradients, (1e-6, 2e-5))?;
            }
        }
        Ok(())
    }

    fn delta(trial: &Trial) -> Verdict {
        for (rows, inputs, outputs, count) in SHAPES {
            for below_activation in ACTIVATIONS {
                // Stacks on one weight, as in the trunk, and layers with a weight each, as in the heads.
                for (layers, stacks) in [(1, count), (count, 1)] {
                    let thetas = layers_of(layers, inputs, outputs);
                    let dy = normals(6, layers * stacks * rows * outputs);
                    let below: Vec<f32> =
                        normals(7, layers * rows * inputs).iter().map(|y| y.clamp(-0.9, 0.9)).collect();
                    let mut exact = Vec::new();
                    for (z, (weight, _)) in thetas.iter().enumerate() {
                        let mut dx = vec![0.0; stacks * rows * inputs];
                        let own = wide(&below[z * rows * inputs..][..rows * inputs]);
                        let below = below_activation.map(|activation| (activation, &own[..]));
                        let dy = wide(&dy[z * stacks * rows * outputs..][..stacks * rows * outputs]);
                        let shape = (stacks * rows, inputs, outputs);
                        kernels::delta(shape, &dy, &wide(weight), below, &mut dx, &mut Packing::default());
                        exact.extend(pad(&dx, inputs, stacks * rows));
                    }
                    let (dx_vecs, dy_vecs) = (kernel::vecs(inputs), kernel::vecs(outputs));
                    let uniform = kernel::Delta {
                        rows: (stacks * rows) as u32,
                        below_rows: rows as u32,
                        dx_vecs,
                        dy_vecs,
                        activation: kernel::activation(below_activation),
                        weight: 1,
                        theta_step: (4 * dx_vecs + 1) * dy_vecs,
                        below_step: rows as u32 * dx_vecs,
                        dy_step: (stacks * rows) as u32 * dy_vecs,
                        dx: 0,
                        dx_step: (stacks * rows) as u32 * dx_vecs,
                        ..Default::default()
                    };
                    let bound = vec![
                        Bound::Numbers(stacked_theta(&thetas, inputs, outputs)),
                        Bound::Numbers(pad(&dy, outputs, layers * stacks * rows)),
                        Bound::Numbers(pad(&below, inputs, layers * rows)),
                        Bound::Written(layers * stacks * rows * round_up(inputs)),
                    ];
                    let out = trial.run(&uniform, bound, uniform.groups(layers as u32, trial.lanes))?;
                    let case =
                        format!("{rows}×{inputs}×{outputs}, {layers} layers, {stacks} stacks, {below_activation:?}");
                    close(&case, &out[0], &exact, OF_PRODUCTS)?;
                }
            }
        }
        Ok(())
    }

    fn weight_gradient(trial: &Trial) -> Verdict {
        for (rows, inputs, outputs, count) in SHAPES {
            for shares_x in [true, false] {
                let x = normals(8, if shares_x { 1 } else { count } * rows * inputs);
                let dy = normals(9, count * rows * outputs);
                let mut exact = Vec::new();
                for z in 0..count {
                    let own = wide(&x[if shares_x { 0 } else { z } * rows * inputs..][..rows * inputs]);
                    let dy = wide(&dy[z * rows * outputs..][..rows * outputs]);
                    let (mut dw, mut db) = (vec![0.0; inputs * outputs], vec![0.0; outputs]);
                    let shape = (rows, inputs, outputs);
                    kernels::weight_gradient(shape, &own, &dy, &mut dw, &mut db, &mut Packing::default());
                    exact.extend(pad(&dw, outputs, round_up(inputs)));
                    exact.extend(pad(&db, outputs, 1));
                }
                let (x_vecs, dy_vecs) = (kernel::vecs(inputs), kernel::vecs(outputs));
                let uniform = kernel::WeightGradient {
                    rows: rows as u32,
                    x_vecs,
                    dy_vecs,
                    weight: 0,
                    bias: 4 * x_vecs * dy_vecs,
                    x_step: if shares_x { 0 } else { rows as u32 * x_vecs },
                    dy_step: rows as u32 * dy_vecs,
                    into_step: (4 * x_vecs + 1) * dy_vecs,
                };
                let bound = vec![
                    Bound::Numbers(pad(&x, inputs, x.len() / inputs)),
                    Bound::Numbers(pad(&dy, outputs, count * rows)),
                    Bound::Written(exact.len()),
                ];
                let out = trial.run(&uniform, bound, uniform.groups(count as u32, trial.lanes))?;
                close(&format!("{rows}×{inputs}×{outputs}, {count} stacked"), &out[0], &exact, OF_PRODUCTS)?;
            }
        }
        Ok(())
    }

    fn gramian(trial: &Trial) -> Verdict {
        for (n, a_rows, b_rows) in [(4096, 3, 1), (4, 1, 1), (10_001, 4, 4), (333, 1, 1), (20_000, 16, 16)] {
            let a = normals(20, a_rows * n);
            let symmetric = a_rows == b_rows;
            let b = if symmetric { a.clone() } else { normals(21, b_rows * n) };
            let mut exact = vec![0.0; a_rows * b_rows];
            kernels::gramian(n, &wide(&a), &wide(&b), &mut exact);
            let uniform = kernel::Gramian {
                vecs: kernel::vecs(n),
                a_step: kernel::vecs(n),
                b_step: kernel::vecs(n),
                symmetric: u32::from(symmetric),
                into: 4,
                ..Default::default()
            };
            let check = |uniform: kernel::Gramian, exact: &[f64]| -> Verdict {
                let bound = vec![
                    Bound::Numbers(pad(&a, n, a_rows)),
                    Bound::Numbers(pad(&b, n, b_rows)),
                    Bound::Written(4 + a_rows * b_rows * kernel::PARTS),
                ];
                let out = trial.run(&uniform, bound, uniform.groups(a_rows as u32, b_rows as u32))?;
                for i in 0..a_rows {
                    for j in if symmetric { i } else { 0 }..b_rows {
                        let parts = &out[0][4 + (i * b_rows + j) * kernel::PARTS..][..kernel::PARTS];
                        let ours: f64 = parts.iter().map(|&part| f64::from(part)).sum();
                        // Lengths are √n; an inner product is judged on the scale of the two lengths' product.
                        let (ours, exact) = (ours / n as f64, exact[i * b_rows + j] / n as f64);
                        close(&format!("{i}·{j} of length {n}"), &[ours as f32], &[exact], (1e-6, 1e-6))?;
                    }
                }
                Ok(())
            };
            check(uniform, &exact)?;
            // Some columns only.
            let start = uniform.vecs / 3;
            let block = 4 * start as usize..n;
            kernels::gramian_block(n, block, &wide(&a), &wide(&b), &mut exact);
            check(kernel::Gramian { vecs: uniform.vecs - start, a_start: start, b_start: start, ..uniform }, &exact)?;
        }
        Ok(())
    }

    fn combine(trial: &Trial) -> Verdict {
        for (n, k, heads) in [(64, 2, vec![8, 8]), (1, 1, vec![]), (333, 3, vec![4, 12, 20]), (1_001, 16, vec![4; 16])]
        {
            let g = normals(22, k * n);
            let w: Vec<f64> = wide(&normals(23, k));
            let head_weights: Vec<f64> = wide(&normals(24, heads.len()));
            let shared = round_up(n);
            let total: usize = shared + heads.iter().sum::<usize>();
            let before: Vec<f32> = normals(25, total);
            let mut d = vec![0.0; n];
            kernels::combine(&wide(&g), &w, &mut d);
            let mut exact = pad(&d, n, 1);
            let mut head_ends = [u32::MAX; 16];
            for (task, &length) in heads.iter().enumerate() {
                for &own in &before[exact.len()..][..length] {
                    exact.push(head_weights[task] * f64::from(own));
                }
                head_ends[task] = (exact.len() / 4) as u32;
            }
            let uniform = kernel::Combine {
                end: (total / 4) as u32,
                shared_end: kernel::vecs(n),
                step: kernel::vecs(n),
                rows: k as u32,
                weights: kernel::per_task(&w),
                head_weights: kernel::per_task(&head_weights),
                head_ends,
                ..Default::default()
            };
            let mut poisoned = before;
            poisoned[..shared].fill(f32::NAN);
            let bound = vec![Bound::Numbers(pad(&g, n, k)), Bound::Changed(poisoned)];
            let out = trial.run(&uniform, bound, uniform.groups())?;
            // Sixteen products near 1.
            close(&format!("{k} rows of {n}"), &out[0], &exact, (2e-6, 1e-6))?;
        }
        Ok(())
    }

    fn blend(trial: &Trial) -> Verdict {
        for (n, k) in [(64, 2), (1, 1), (333, 3), (1_001, 16)] {
            let (x, y) = (normals(45, k * n), normals(46, k * n));
            let (keep, add) = (wide(&normals(47, k)), wide(&normals(48, k)));
            let mut exact = wide(&y);
            kernels::blend(&keep, &add, &wide(&x), &mut exact);
            let uniform = kernel::Blend {
                vecs: kernel::vecs(n),
                keep: kernel::per_task(&keep),
                add: kernel::per_task(&add),
                ..Default::default()
            };
            // Rows that begin somewhere: one vec before x and two before y belong to nobody.
            for (x_start, y_start) in [(0, 0), (1, 2)] {
                let uniform = kernel::Blend { x_start, y_start, ..uniform };
                let behind = |n: u32, rows: Vec<f32>| [vec![9.0; 4 * n as usize], rows].concat();
                let bound = vec![
                    Bound::Numbers(behind(x_start, pad(&x, n, k))),
                    Bound::Changed(behind(y_start, pad(&y, n, k))),
                ];
                let out = trial.run(&uniform, bound, uniform.groups(k as u32))?;
                let (before, rows) = out[0].split_at(4 * y_start as usize);
                close("before the rows", before, &vec![9.0; before.len()], (0.0, 0.0))?;
                // Two products near 1.
                close(&format!("{k} rows of {n}"), rows, &pad(&exact, n, k), (1e-6, 1e-6))?;
            }
        }
        Ok(())
    }

    /// Rows of a trunk of `shared` parameters, three heads behind it; the middle one is asked for.
    const SLOPES: [(usize, [usize; 3]); 3] = [(64, [8, 12, 4]), (4, [4, 4, 4]), (1_028, [300, 4, 68])];

    fn slope(trial: &Trial) -> Verdict {
        for (shared, heads) in SLOPES {
            let (k, n) = (heads.len(), shared + heads.iter().sum::<usize>());
            let (g, gradient, theta) = (normals(52, k * shared), normals(53, n), normals(54, n));
            let (start, end) = (shared + heads[0], shared + heads[0] + heads[1]);
            for adaptive in [false, true] {
                let mut exact = vec![0.0; n];
                let row = &wide(&g)[shared..2 * shared];
                kernels::slope(adaptive, row, (&wide(&gradient), start..end), &wide(&theta), &mut exact);
                let uniform = kernel::Slope {
                    vecs: kernel::vecs(n),
                    shared_end: kernel::vecs(shared),
                    row: kernel::vecs(shared),
                    head_start: kernel::vecs(start),
                    head_end: kernel::vecs(end),
                    adaptive: u32::from(adaptive),
                    ..Default::default()
                };
                let bound = vec![
                    Bound::Numbers(g.clone()),
                    Bound::Numbers(gradient.clone()),
                    Bound::Numbers(theta.clone()),
                    Bound::Written(n),
                ];
                let out = trial.run(&uniform, bound, uniform.groups())?;
                // One product near 1.
                close(&format!("{shared} shared, adaptive {adaptive}"), &out[0], &exact, (1e-6, 1e-6))?;
            }
        }
        Ok(())
    }

    fn ascend(trial: &Trial) -> Verdict {
        for n in [4, 64, 1_028] {
            let (mut y, saved) = (normals(55, n), normals(56, n));
            for (adaptive, is_zero) in [(false, false), (true, false), (true, true)] {
                let square: f32 = y.iter().map(|y| y * y).sum();
                if is_zero {
                    y.fill(0.0);
                }
                // Parts that differ, so that each of them counts; one vec before them that does not.
                let weights = normals(57, kernel::PARTS);
                let total: f32 = weights.iter().map(|w| w * w).sum();
                let share = |w: &f32| if is_zero { 0.0 } else { square * w * w / total };
                let partials: Vec<f32> = [7.0; 4].into_iter().chain(weights.iter().map(share)).collect();
                let length: f64 = wide(&partials[4..]).iter().sum::<f64>().sqrt();
                let reach = if is_zero { 0.0 } else { 0.3 / length };
                let mut exact = vec![0.0; n];
                kernels::ascend(adaptive, reach, &wide(&y), &wide(&saved), &mut exact);
                let uniform =
                    kernel::Ascend { vecs: kernel::vecs(n), norm: 1, adaptive: u32::from(adaptive), rho: 0.3 };
                let bound = vec![
                    Bound::Numbers(y.clone()),
                    Bound::Numbers(partials),
                    Bound::Numbers(saved.clone()),
                    Bound::Written(n),
                ];
                let out = trial.run(&uniform, bound, uniform.groups())?;
                // A root, a quotient and two products near 1.
                close(&format!("{n} parameters, adaptive {adaptive}"), &out[0], &exact, (1e-6, 2e-6))?;
            }
        }
        Ok(())
    }

    fn excess(trial: &Trial) -> Verdict {
        for (n, k) in [(64, 2), (1, 1), (10_001, 3), (333, 16)] {
            let g = normals(49, k * n);
            let before: Vec<f32> = normals(50, k * n).iter().map(|s| s * s).collect();
            let mut sums = wide(&before);
            let mut exact = vec![0.0; k];
            kernels::excess(n, &wide(&g), &mut sums, &mut exact);
            let uniform = kernel::Excess { vecs: kernel::vecs(n), into: 4, ..Default::default() };
            let bound = vec![
                Bound::Numbers(pad(&g, n, k)),
                Bound::Changed(pad(&before, n, k)),
                Bound::Written(4 + k * kernel::PARTS),
            ];
            let out = trial.run(&uniform, bound, uniform.groups(k as u32))?;
            close(&format!("sums of {k} rows of {n}"), &out[0], &pad(&sums, n, k), (1e-6, 1e-6))?;
            for (row, exact) in exact.iter().enumerate() {
                let parts = &out[1][4 + row * kernel::PARTS..][..kernel::PARTS];
                let ours: f64 = parts.iter().map(|&part| f64::from(part)).sum();
                // Positive terms near 1: a few roundings of each, √ and ÷ among them.
                close(&format!("row {row} of length {n}"), &[ours as f32], &[*exact], (1e-6, 1e-5))?;
            }
        }
        Ok(())
    }

    fn update(trial: &Trial) -> Verdict {
        let rules = [
            (Optimizer::Adam, 0.0),
            (Optimizer::Adam, 0.1),
            (Optimizer::AdamW, 0.1),
            (Optimizer::Sgd { momentum: 0.9 }, 0.2),
            (Optimizer::Sgd { momentum: 0.0 }, 0.0),
        ];
        for n in [4, 1_000, 1_028] {
            for (optimizer, weight_decay) in rules {
                for (step, clip) in [(0, None), (6, Some(0.5)), (3, Some(1e6))] {
                    let gradient = normals(26, n);
                    let length = wide(&gradient).iter().map(|g| g * g).sum::<f64>().sqrt();
                    let theta = normals(27, n);
                    let first = if step == 0 { vec![0.0; n] } else { normals(28, n) };
                    let second: Vec<f32> =
                        if step == 0 { vec![0.0; n] } else { normals(29, n).iter().map(|v| v * v + 1e-3).collect() };
                    let rule = Rule {
                        optimizer,
                        learning_rate: 0.01,
                        weight_decay,
                        gradient_scale: clip.map_or(1.0, |clip: f64| clip / length.max(clip)),
                    };
                    let mut moments = Moments { first: wide(&first), second: wide(&second), step };
                    let (mut moved_theta, mut moved) = (wide(&theta), vec![0.0; n]);
                    kernels::update(&rule, &wide(&gradient), &mut moments, &mut moved_theta, &mut moved);
                    let mut partials = vec![f32::NAN; 4 + kernel::PARTS];
                    partials[4..].fill((length * length / kernel::PARTS as f64) as f32);
                    let updates = (step + 1) as f64;
                    let (rule, rate, momentum) = match optimizer {
                        Optimizer::Adam | Optimizer::AdamW => (1, 0.01 / (1.0 - 0.9_f64.powf(updates)), 0.0),
                        Optimizer::Sgd { momentum } => (0, 0.01, momentum),
                    };
                    let uniform = kernel::Update {
                        vecs: (n / 4) as u32,
                        rule,
                        norm: 1,
                        spare_0: 0,
                        rate: rate as f32,
                        correction: (1.0 / (1.0 - 0.999_f64.powf(updates))) as f32,
                        momentum: momentum as f32,
                        clip: clip.unwrap_or(0.0) as f32,
                        decay: if optimizer == Optimizer::AdamW { 0.0 } else { weight_decay as f32 },
                        shrink: if optimizer == Optimizer::AdamW { (0.01 * weight_decay) as f32 } else { 0.0 },
                        ..Default::default()
                    };
                    let bound = vec![
                        Bound::Numbers(gradient),
                        Bound::Numbers(partials),
                        Bound::Changed(theta),
                        Bound::Changed(first),
                        Bound::Changed(second),
                        Bound::Written(n),
                    ];
                    let out = trial.run(&uniform, bound, uniform.groups())?;
                    let case = format!(
                        "{optimizer:?}, decay {weight_decay}, {n} parameters, update {}, clip {clip:?}",
                        step + 1
                    );
                    // A few roundings of numbers near 1; WGSL allows √ and ÷ 2.5 units in the last place.
                    let tolerance = (1e-6, 1e-5);
                    close(&case, &out[0], &moved_theta, tolerance)?;
                    close(&case, &out[1], &moments.first, tolerance)?;
                    if !matches!(optimizer, Optimizer::Sgd { .. }) {
                        close(&case, &out[2], &moments.second, tolerance)?;
                    }
                    close(&case, &out[3], &moved, (1e-8, 2e-5))?;
                }
            }
        }
        Ok(())
    }

    /// Any rows method against its own `direction`.
    fn rows(trial: &Trial, build: impl Fn(usize) -> Box<dyn RowsMethod>) -> Verdict {
        for (n, k, step) in [(64, 2, 0), (1, 1, 3), (1_001, 3, 7), (500, 16, 1)] {
            let g = normals(40, k * n);
            let mut method = build(k);
            let ones = vec![1.0; k];
            let ctx = StepContext {
                losses: &ones,
                first_losses: &ones,
                epoch_means: None,
                preference: &ones,
                learning_rate: 0.1,
                step,
                seed: 77,
                served: Default::default(),
            };
            let wide_g = wide(&g);
            let slices: Vec<&[f64]> = wide_g.chunks_exact(n).collect();
            let mut exact = vec![0.0; n];
            method.begin(&ctx, n);
            method.direction(&ctx, 0, &slices, &mut exact);
            let Some(RowsKernel { settings, .. }) = method.kernel() else {
                return Err("the method has no kernel".to_owned());
            };
            let uniform = kernel::Rows {
                vecs: kernel::vecs(n),
                step: kernel::vecs(n),
                rows: k as u32,
                sub: step as u32,
                key: [77, StreamId::Balance as u32],
                settings,
                ..Default::default()
            };
            let coordinates: Vec<u32> = (0..n as u32).collect();
            let bound =
                vec![Bound::Numbers(pad(&g, n, k)), Bound::Words(pad(&coordinates, n, 1)), Bound::Written(round_up(n))];
            let out = trial.run(&uniform, bound, uniform.groups())?;
            // Sums of at most sixteen entries near 1.
            close(&format!("{k} rows of {n}"), &out[0], &pad(&exact, n, 1), (4e-6, 1e-6))?;
        }
        Ok(())
    }

    /// Comparison, and mutants: what to replace by what.
    type Twin = (Kernel, fn(&Trial) -> Verdict, &'static [(&'static str, &'static str)]);

    const TWINS: &[Twin] = &[
        (
            kernel::GATHER,
            gather,
            &[("example * shape.vecs", "row * shape.vecs"), ("start + PART, shape.vecs", "start + 1u, shape.vecs")],
        ),
        (
            kernel::DENSE,
            dense,
            &[
                ("c15[3] += w_w * a15;", "c15[3] += w_w * a14;"),
                ("min(row + 15u, last_row)", "row"),
                ("- 1.0 / 3.0", "- 1.0 / 2.0"),
                ("select(x, vec4<f32>(0.0), x < vec4<f32>(0.0))", "x"),
            ],
        ),
        (kernel::ACTIVATE, activate, &[("0.044715", "0.054715"), ("id.x >= shape.vecs", "id.x + 1u >= shape.vecs")]),
        (
            kernel::CONVOLVE,
            convolve,
            &[
                ("!(best.top >= value)", "!(best.top > value)"),
                ("d += weights * x[at + down + right];", "d += weights * x[at + down];"),
                ("filter_index < shape.filters", "true"),
                ("i < shape.y_step", "i + 1u < shape.y_step"),
                ("pixel / shape.columns * 2u * shape.width", "pixel / shape.columns * shape.width"),
            ],
        ),
        (
            kernel::FILTER_GRADIENT,
            filter_gradient,
            &[
                ("corner % 2u * right", "corner % 2u"),
                ("group.z * shape.rows * shape.dy_step", "0u"),
                ("half > 0u", "half > 1u"),
                ("place += LANES", "place += 2u * LANES"),
                ("i < fan_in || i == bias_row", "i < fan_in"),
            ],
        ),
        (
            kernel::IMAGE_DELTA,
            image_delta,
            &[
                ("row % shape.rows * shape.dy_step", "0u"),
                ("place_y >= 2u * lines", "place_y > 2u * lines"),
                ("min(5u, pixel_x + 1u)", "min(4u, pixel_x + 1u)"),
                ("place_y % 2u * 2u + place_x % 2u", "place_x % 2u * 2u + place_y % 2u"),
                ("* slope(shape.activation", "* slope(1u"),
            ],
        ),
        (
            kernel::LOSS,
            loss,
            &[("select(0.0, factor, c == class_index)", "0.0"), ("sums[lane] = sum;", "sums[lane] = sum + 1e-3;")],
        ),
        (
            kernel::DELTA,
            delta,
            &[
                ("row % shape.below_rows", "min(row, shape.below_rows - 1u)"),
                ("1.0 - y * y", "1.0 - y"),
                ("0.134145", "0.044715"),
            ],
        ),
        (
            kernel::WEIGHT_GRADIENT,
            weight_gradient,
            &[
                ("min(i + 1u, f.x_vecs - 1u)", "i"),
                ("row < shape.rows", "row + 1u < shape.rows"),
                ("by.w * x_vec(at.w)", "x_vec(at.w)"),
            ],
        ),
        (
            TILE_KERNELS[0],
            dense,
            &[
                ("return 4u * shape.x_vecs", "return 3u * shape.x_vecs"),
                ("pieces[at + 48u]", "pieces[at + 32u]"),
                ("x_row(group.z, row) + k", "k"),
                ("activate(shape.activation, sum)", "sum"),
            ],
        ),
        (
            TILE_KERNELS[1],
            delta,
            &[
                ("transpose(along(RIGHT", "(along(RIGHT"),
                ("row % shape.below_rows", "row"),
                ("start += 16u", "start += 32u"),
            ],
        ),
        (
            TILE_KERNELS[2],
            weight_gradient,
            &[
                ("return shape.rows", "return shape.rows - 1u"),
                ("leave(f.of_g, f.bias + column, c.sums)", "leave(f.of_g, f.bias, c.sums)"),
                ("transpose(across(0u", "(across(0u"),
            ],
        ),
        (kernel::GRAMIAN, gramian, &[("at += PARTS;", "at += 2u * PARTS;"), ("shape.b_start + ", "")]),
        (kernel::COMBINE, combine, &[("g[k * shape.step + at]", "g[at]"), ("d[at] *=", "d[at] +=")]),
        (
            kernel::BLEND,
            blend,
            &[
                ("shape.keep[k / 4u][k % 4u] * y[to]", "y[to]"),
                ("shape.add[k / 4u][k % 4u]", "shape.add[0][k % 4u]"),
                ("x[shape.x_start + at]", "x[at]"),
            ],
        ),
        (
            kernel::SLOPE,
            slope,
            &[("g[shape.row + at]", "g[at]"), ("at < shape.head_end", "true"), ("abs(theta[at]) * entry", "entry")],
        ),
        (
            kernel::ASCEND,
            ascend,
            &[
                ("shape.norm + i", "i"),
                ("length > 0.0", "length >= 0.0"),
                ("abs(origin)", "origin"),
                ("* (unit * y[at])", "* y[at]"),
            ],
        ),
        (
            kernel::EXCESS,
            excess,
            &[("sums[row + at] = sum;", "sums[row + at] = entry * entry;"), ("entry / sqrt", "1.0 / sqrt")],
        ),
        (
            kernel::UPDATE,
            update,
            &[
                ("0.001 * g * g", "0.001 * g"),
                ("length > shape.clip", "length < shape.clip"),
                ("+ 1e-8", "+ 1e-3"),
                ("shape.decay * old", "0.0"),
                ("shape.shrink * old", "0.0"),
            ],
        ),
    ];

    /// Mutants of rows methods' kernels, by name.
    const ROWS_MUTANTS: &[(&str, &str, &str)] = &[
        ("graddrop", "(purity > u)", "(purity < u)"),
        ("graddrop", "0xcd9e8d57u", "0xcd9e8d55u"),
        ("graddrop", "leak * entry", "entry"),
        ("trimmed_mean", "entry = max(sorted[j], entry);", "entry = min(sorted[j], entry);"),
        ("trimmed_mean", "var k = trim; k < end", "var k = 0u; k < end"),
    ];

    /// All kernels of rows methods, with a constructor for K tasks.
    fn rows_methods() -> Vec<(Kernel, impl Fn(usize) -> Box<dyn RowsMethod>)> {
        let build = |method: &'static paretoscope::balance::Method| {
            move |n_tasks| match method.new_balancer(&Setup { n_tasks, knobs: method.default_knobs() }) {
                Balancer::Rows(method) => method,
                _ => panic!("{} is listed as a rows method", method.id),
            }
        };
        METHODS
            .iter()
            .filter(|method| method.build.stage() == "rows")
            .filter_map(|method| {
                let build = build(method);
                let RowsKernel { name, source, .. } = build(2).kernel()?;
                Some((Kernel { name, source, has_lanes: false }, build))
            })
            .collect()
    }

    #[track_caller]
    fn check(name: &str, verdict: Verdict) {
        if let Err(why) = verdict {
            panic!("{name}: {why}");
        }
    }

    #[track_caller]
    fn check_caught(kernel: Kernel, from: &str, to: &str, judge: impl Fn(String) -> Verdict) {
        let shader = kernel.shader();
        assert!(shader.contains(from), "{}: the shader no longer says {from}", kernel.name);
        let verdict = judge(shader.replace(from, to));
        assert!(verdict.is_err(), "{}: {to} instead of {from} was not noticed", kernel.name);
    }

    #[test]
    fn kernels_agree_with_their_twins() {
        let Some(device) = open() else { return };
        for (kernel, judge, _) in TWINS.iter().chain(nodes::TWINS) {
            check(kernel.name, judge(&Trial::new(&device, *kernel, kernel.shader())));
        }
        for (kernel, build) in rows_methods() {
            check(kernel.name, rows(&Trial::new(&device, kernel, kernel.shader()), build));
        }
    }

    #[test]
    fn every_kernel_has_a_twin_and_a_mutant() {
        for kernel in kernel::KERNELS.iter().chain(node_kernel::NODE_KERNELS).chain(TILE_KERNELS) {
            let twin = TWINS.iter().chain(nodes::TWINS).find(|(twin, ..)| twin.name == kernel.name);
            assert!(twin.is_some_and(|(.., mutants)| !mutants.is_empty()), "{} is not tested", kernel.name);
        }
        for (kernel, _) in rows_methods() {
            assert!(ROWS_MUTANTS.iter().any(|(name, ..)| *name == kernel.name), "{} has no mutant", kernel.name);
        }
    }

    #[test]
    fn mutants_are_caught() {
        let Some(device) = open() else { return };
        for (kernel, judge, mutants) in TWINS.iter().chain(nodes::TWINS) {
            for (from, to) in *mutants {
                check_caught(*kernel, from, to, |shader| judge(&Trial::new(&device, *kernel, shader)));
            }
        }
        for (kernel, build) in rows_methods() {
            for (_, from, to) in ROWS_MUTANTS.iter().filter(|(name, ..)| *name == kernel.name) {
                check_caught(kernel, from, to, |shader| rows(&Trial::new(&device, kernel, shader), &build));
            }
        }
    }

    /// The layout of the uniform struct in a shader against the host's.
    #[track_caller]
    fn check_layout<U: Uniform>(kernel: Kernel) {
        check_layout_of::<U>(kernel.name, &kernel.shader());
    }

    #[track_caller]
    fn check_layout_of<U: Uniform>(name: &str, shader: &str) {
        let module = super::module(name, shader);
        // Bound at 0, as a uniform or as storage that is only read.
        let settings = module.global_variables.iter().find(|(_, global)| {
            let read = naga::AddressSpace::Storage { access: naga::StorageAccess::LOAD };
            global.name.as_deref() == Some("shape") && [naga::AddressSpace::Uniform, read].contains(&global.space)
        });
        let Some((_, settings)) = settings else { panic!("{name}: there is no shape") };
        let naga::TypeInner::Struct { members, span } = &module.types[settings.ty].inner else {
            panic!("{}: the uniform is no struct", name)
        };
        let theirs: Vec<(&str, usize)> =
            members.iter().map(|member| (member.name.as_deref().unwrap_or_default(), member.offset as usize)).collect();
        assert_eq!(theirs, U::members(), "{}", name);
        assert_eq!(*span as usize, size_of::<U>(), "{}", name);
    }

    #[test]
    fn uniforms_lie_as_on_the_host() {
        check_layout::<kernel::Gather>(kernel::GATHER);
        check_layout::<kernel::Dense>(kernel::DENSE);
        check_layout::<kernel::Activate>(kernel::ACTIVATE);
        check_layout::<kernel::Convolve>(kernel::CONVOLVE);
        check_layout::<kernel::FilterGradient>(kernel::FILTER_GRADIENT);
        check_layout::<kernel::ImageDelta>(kernel::IMAGE_DELTA);
        check_layout::<kernel::Loss>(kernel::LOSS);
        check_layout::<kernel::Delta>(kernel::DELTA);
        check_layout::<kernel::WeightGradient>(kernel::WEIGHT_GRADIENT);
        check_layout::<kernel::Dense>(TILE_KERNELS[0]);
        check_layout::<kernel::Delta>(TILE_KERNELS[1]);
        check_layout::<kernel::WeightGradient>(TILE_KERNELS[2]);
        check_layout::<kernel::Gramian>(kernel::GRAMIAN);
        check_layout::<kernel::Combine>(kernel::COMBINE);
        check_layout::<kernel::Blend>(kernel::BLEND);
        check_layout::<kernel::Slope>(kernel::SLOPE);
        check_layout::<kernel::Ascend>(kernel::ASCEND);
        check_layout::<kernel::Excess>(kernel::EXCESS);
        check_layout::<kernel::Update>(kernel::UPDATE);
        for (kernel, _) in rows_methods() {
            check_layout::<kernel::Rows>(kernel);
        }
    }
}
