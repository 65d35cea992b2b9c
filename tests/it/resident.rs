//! Steps that stay on the device: the same run as step by step on the CPU, in few dispatches and without read-back.

use crate::twins::open;
use paretoscope::backend::cpu::Cpu;
use paretoscope::backend::gpu::resident_kernel::{choice_source, steps_source};
use paretoscope::backend::gpu::{Family, Fleet, Gpu, GpuDevice};
use paretoscope::backend::{Backend, Course, ResidentStep, Weighting, Workload};
use paretoscope::balance::{Balancer, METHODS, Method, Need, Setup, pcgrad};
use paretoscope::bench::SIZES;
use paretoscope::config::{Activation, Init, NetworkConfig, Optimizer, Rates, RunConfig};
use paretoscope::data::{Batches, Split, Targets, TaskKind};
use paretoscope::nn::{Network, ParamLayout};
use paretoscope::protocol::Record;
use paretoscope::rng::{Stream, StreamId};
use paretoscope::train::{Trainer, TrainerSetup};
use pollster::block_on;
use std::rc::Rc;

/// Relative difference that f32 and another order of sums may make in a dozen steps.
const TOLERANCE: f64 = 1e-4;
const STEPS: u32 = 11;
const SEED: u32 = 5;
const BATCH: usize = 19;

const MIXED: [TaskKind; 3] = [TaskKind::Multiclass { classes: 7 }, TaskKind::Binary, TaskKind::Regression];

/// Random data for tasks of these kinds.
fn workload(
    (trunk, head): (&[u32], &[u32]),
    activation: Activation,
    kinds: &[TaskKind],
    optimizer: Optimizer,
) -> Workload {
    workload_of(6, (trunk, head), activation, kinds, optimizer)
}

/// The same with so many inputs.
fn workload_of(
    inputs: usize,
    (trunk, head): (&[u32], &[u32]),
    activation: Activation,
    kinds: &[TaskKind],
    optimizer: Optimizer,
) -> Workload {
    let config =
        NetworkConfig { filters: Vec::new(), trunk: trunk.into(), head: head.into(), activation, init: Init::FanIn };
    let rows = 60;
    let network = Network::mlp(inputs, &config, kinds);
    let draws = Stream::new(5, StreamId::Data, 0);
    let targets = kinds.iter().enumerate().map(|(task, kind)| {
        let at = |row: usize| (10_000 * (task + 1) + row) as u64;
        match *kind {
            TaskKind::Multiclass { classes } => {
                Targets::Class((0..rows).map(|row| draws.below(at(row), classes as u32)).collect())
            }
            TaskKind::Binary => Targets::Value((0..rows).map(|row| draws.below(at(row), 2) as f32).collect()),
            TaskKind::Regression => Targets::Value((0..rows).map(|row| draws.normal(at(row)) as f32).collect()),
        }
    });
    let data = Rc::new(Split {
        rows,
        x: (0..rows * inputs).map(|i| draws.normal(1_000_000 + i as u64) as f32).collect(),
        targets: targets.collect(),
    });
    Workload {
        layout: ParamLayout::new(&network),
        network,
        validation: data.clone(),
        data,
        targets: (0..kinds.len()).collect(),
        loss_scales: (0..kinds.len()).map(|task| 0.5 + task as f64).collect(),
        batch_rows: BATCH,
        optimizer,
        weight_decay: 0.01,
        clip: None,
    }
}

fn initial(workload: &Workload) -> Vec<f32> {
    workload.layout.initial(&workload.network, Init::FanIn, 3, &workload.targets)
}

fn trainer(backend: Backend, run: &RunConfig, gramian_every: u32) -> Trainer {
    let k = backend.loss_scales().len();
    let setup = TrainerSetup {
        run,
        floor: vec![0.0; k],
        preference: (0..k).map(|task| (task + 1) as f64 / (k * (k + 1) / 2) as f64).collect(),
        rates: Rates { steps: STEPS, ..plain_rates() },
        seed: SEED,
        batches: Batches::new(60, BATCH, SEED),
        gramian_every,
    };
    Trainer::new(backend, setup)
}

fn plain_rates() -> Rates {
    paretoscope::config::presets::PRESETS[0].config().training.rates()
}

/// All records, in portions of `quiet` steps, and the θ where the run ends.
fn run(mut trainer: Trainer, quiet: u32) -> (Vec<Record>, Vec<f32>, u64) {
    let mut records = Vec::new();
    loop {
        let step = trainer.next_step();
        trainer.be_quiet_until((step / quiet + 1) * quiet);
        let Some(record) = block_on(trainer.advance()).expect("a step") else { break };
        records.push(record);
    }
    let mut theta = Vec::new();
    block_on(trainer.weights(&mut theta)).expect("weights");
    (records, theta, trainer.dispatches())
}

#[track_caller]
fn close(what: &str, ours: &[f64], exact: &[f64], scale: f64) {
    assert_eq!(ours.len(), exact.len(), "{what}");
    for (ours, exact) in ours.iter().zip(exact) {
        assert!((ours - exact).abs() <= TOLERANCE * (scale + exact.abs()), "{what}: {ours} instead of {exact}");
    }
}

/// Methods that have a weighting for the device.
fn residents() -> impl Iterator<Item = &'static Method> {
    METHODS.iter().filter(|method| {
        let setup = Setup { n_tasks: 2, knobs: method.default_knobs() };
        method.can_stay() && method.new_balancer(&setup).resident().is_some()
    })
}

#[track_caller]
fn check(name: &str, workload: &Workload, method: &'static Method) {
    let Some(device) = open() else { return };
    let theta = initial(workload);
    let config = RunConfig::new(method);
    let layers = workload.network.trunk.len() as u64;
    for gramian_every in [1, 4] {
        let cpu = Backend::Cpu(Box::new(Cpu::new(workload.clone(), theta.clone())));
        let (exact, exact_end, _) = run(trainer(cpu, &config, gramian_every), 1);
        // Step by step, and everything at once: the same kernels on the same numbers.
        let gpu = || Backend::Gpu(Box::new(Gpu::new(device.clone(), workload, &theta).expect("a run on the GPU")));
        let (ours, end, dispatches) = run(trainer(gpu(), &config, gramian_every), 5);
        let (single, single_end, _) = run(trainer(gpu(), &config, gramian_every), 1);
        let what = format!("{name}, {}, M every {gramian_every}", method.id);
        assert_eq!(ours.len(), STEPS as usize + 1, "{what}");
        assert!(ours == single && end == single_end, "{what}: portions change the run");
        // One that tells what the update did besides, and those that bring the losses behind it.
        let behind = if workload.network.n_inputs > 6 { layers + 1 } else { 1 };
        let most = if workload.network.n_inputs > 6 { 2 * layers + 4 } else { 5 } + 1 + behind;
        assert!(dispatches <= most * u64::from(STEPS + 1), "{what}: {dispatches} dispatches");
        for (ours, exact) in ours.iter().zip(&exact) {
            let what = format!("{what}, step {}", exact.step);
            assert_eq!(ours.step, exact.step, "{what}");
            close(&format!("{what}: losses"), &ours.losses, &exact.losses, 0.0);
            close(&format!("{what}: weights"), &ours.weights, &exact.weights, 1.0);
            assert_eq!(
                ours.moved_by.iter().any(|&bits| bits > 0),
                exact.moved_by.iter().any(|&bits| bits > 0),
                "{what}"
            );
            assert_eq!(ours.pull.is_some(), exact.pull.is_some(), "{what}");
            let (Some(ours), Some(exact)) = (&ours.pull, &exact.pull) else { continue };
            let largest = exact.gramian.iter().fold(0.0_f64, |top, m| top.max(m.abs()));
            close(&format!("{what}: M"), &ours.gramian, &exact.gramian, largest);
            close(&format!("{what}: g·d"), &ours.along_direction, &exact.along_direction, 10.0 * largest);
            close(&format!("{what}: g·Δθ"), &ours.along_step, &exact.along_step, exact.step_length * largest.sqrt());
            let lengths = [ours.direction_length, ours.step_length];
            close(&format!("{what}: lengths"), &lengths, &[exact.direction_length, exact.step_length], 0.0);
        }
        let wide = |theta: &[f32]| theta.iter().map(|&x| f64::from(x)).collect::<Vec<f64>>();
        close(&format!("{what}: θ"), &wide(&end), &wide(&exact_end), 1.0);
    }
}

#[test]
fn resident_runs_are_those_of_the_cpu() {
    for method in residents() {
        let deep = workload((&[13, 9], &[]), Activation::Tanh, &MIXED, Optimizer::Sgd { momentum: 0.9 });
        check("deep", &deep, method);
    }
}

#[test]
fn resident_runs_go_through_every_kind_of_network() {
    let methods: Vec<_> = residents().filter(|method| ["sum", "pcgrad"].contains(&method.id)).collect();
    for method in methods {
        let sgd = Optimizer::Sgd { momentum: 0.0 };
        check("heads with layers", &workload((&[9], &[5, 4]), Activation::Relu, &MIXED, sgd), method);
        check("GELU", &workload((&[9, 6], &[5]), Activation::Gelu, &MIXED, Optimizer::AdamW), method);
        check("sixteen tasks", &workload((&[8], &[]), Activation::Tanh, &[TaskKind::Binary; 16], sgd), method);
        check("one task", &workload((&[1], &[]), Activation::Tanh, &MIXED[2..], Optimizer::Adam), method);
    }
}

/// Networks that take a dispatch a layer.
#[test]
fn larger_runs_are_those_of_the_cpu() {
    for method in residents() {
        let relu = workload_of(201, (&[65, 63], &[]), Activation::Relu, &MIXED, Optimizer::Adam);
        check("larger", &relu, method);
    }
    let methods: Vec<_> = residents().filter(|method| ["sum", "pcgrad", "famo"].contains(&method.id)).collect();
    for method in methods {
        let sgd = Optimizer::Sgd { momentum: 0.9 };
        let deep = workload_of(130, (&[64, 70, 31], &[9]), Activation::Gelu, &MIXED, sgd);
        check("larger and deep", &deep, method);
        let flat = workload_of(301, (&[210], &[5]), Activation::Tanh, &MIXED[2..], Optimizer::AdamW);
        check("larger and flat", &flat, method);
    }
}

/// Size M of the benchmark: ten steps are one submit, which nothing of is read back before all of them are done.
#[test]
fn a_step_of_two_large_layers_is_eight_dispatches() {
    let Some(device) = open() else { return };
    let size = SIZES.iter().find(|size| size.id == "M").expect("size M");
    let (workload, theta) = size.workload();
    for family in Family::ALL {
        device.use_family(family);
        for needs_rows in [true, false] {
            let mut gpu = Gpu::new(device.clone(), &workload, &theta).expect("a run on the GPU");
            let weighting = Weighting { needs_rows, ..cyclic_weighting() };
            assert!(block_on(gpu.settle(&weighting)).expect("an answer"));
            assert!(gpu.most_steps() >= 10, "{} steps", gpu.most_steps());
            let before = gpu.dispatches();
            let rows: Vec<u32> = (0..10).flat_map(|step| (0..size.rows as u32).map(move |row| row + step)).collect();
            let course = Course {
                first_step: 0,
                rows: &rows,
                learning_rates: &[0.001; 10],
                gramian_every: u32::MAX,
                reports: false,
                last_looks: false,
            };
            gpu.send(course).expect("sent");
            // The first step of a run looks at G whatever its method needs.
            assert_eq!(gpu.dispatches() - before, 80, "{}, needs rows: {needs_rows}", family.name());
            let told = block_on(gpu.receive()).expect("steps");
            assert!(told.len() == 10 && told.iter().all(|step| step.losses.iter().all(|loss| loss.is_finite())));
        }
    }
}

/// PCGrad in the order of the bench, for two tasks.
fn cyclic_weighting() -> Weighting<'static> {
    Weighting {
        kernel: pcgrad::cyclic(),
        needs_rows: true,
        weighs_heads: false,
        losses_after: false,
        preference: &[0.5; 2],
        floor: &[0.0; 2],
        steps_per_epoch: 3,
        seed: SEED,
    }
}

/// What would need room for more operations than there is, clipping, or layers that are not dense.
#[test]
fn what_cannot_stay_is_trained_step_by_step() {
    let Some(device) = open() else { return };
    let weighting = cyclic_weighting();
    let two = [TaskKind::Binary; 2];
    let stays = |workload: &Workload| {
        let mut gpu = Gpu::new(device.clone(), workload, &initial(workload)).expect("a run on the GPU");
        let stays = block_on(gpu.settle(&weighting)).expect("an answer");
        assert_eq!(stays, gpu.most_steps() > 0);
        stays
    };
    let plain = workload((&[8], &[]), Activation::Relu, &two, Optimizer::Adam);
    assert!(stays(&plain));
    assert!(!stays(&Workload { clip: Some(1.0), ..plain }));
    let many = workload((&[4; 4], &[4, 4]), Activation::Relu, &[TaskKind::Binary; 16], Optimizer::Adam);
    assert!(stays(&many), "a layer at a time, since they are too many operations for one invocation");
    let more = workload((&[4; 4], &[4, 4, 4]), Activation::Relu, &[TaskKind::Binary; 16], Optimizer::Adam);
    assert!(!stays(&more), "too many operations of heads");
}

/// A method with some of its knobs, as a run on the device has it.
struct Companion {
    method: &'static Method,
    balancer: Balancer,
    seed: u32,
    theta: Vec<f32>,
}

impl Companion {
    fn weighting<'a>(&self, preference: &'a [f64], floor: &'a [f64]) -> Weighting<'a> {
        Weighting {
            kernel: self.balancer.resident().expect("a weighting for the device"),
            needs_rows: true,
            weighs_heads: self.method.needs(Need::HeadsScaledByWeights),
            losses_after: self.method.needs(Need::LossesAfterStep),
            preference,
            floor,
            steps_per_epoch: 3,
            seed: self.seed,
        }
    }
}

/// Seven methods of two seeds, one of them with other knobs the second time: what looks at M, what draws by the seed,
/// and what remembers and asks for losses behind the update.
fn companions(workload: &Workload) -> Vec<Companion> {
    let methods = ["sum", "pcgrad", "mgda", "nash_mtl", "imtl_g", "rlw", "famo"];
    let of_method = |id: &&str| {
        let method = METHODS.iter().find(|method| method.id == *id).expect("a method of the registry");
        (0..2_u32).map(move |seed| {
            let mut knobs = method.default_knobs();
            if method.id == "famo" && seed == 1 {
                knobs[0] *= 0.5;
            }
            Companion {
                method,
                balancer: method.new_balancer(&Setup { n_tasks: workload.targets.len(), knobs }),
                seed: 40 + seed,
                theta: workload.layout.initial(&workload.network, Init::FanIn, 10 + seed, &workload.targets),
            }
        })
    };
    methods.iter().flat_map(of_method).collect()
}

/// Rows (n, B) of the first steps of a seed.
fn rows_of(seed: u32, steps: usize) -> Vec<u32> {
    let batches = Batches::new(60, BATCH, seed);
    let mut rows = vec![0; steps * BATCH];
    for (step, rows) in rows.chunks_exact_mut(BATCH).enumerate() {
        batches.indices(step as u64, rows);
    }
    rows
}

/// What every step told, and where the runs end.
fn together(
    device: &Rc<GpuDevice>,
    workload: &Workload,
    runs: &[&Companion],
    rates: &[f64],
) -> (Vec<Vec<ResidentStep>>, Vec<Vec<f32>>) {
    let k = workload.targets.len();
    let (preference, floor) = (vec![1.0 / k as f64; k], vec![0.0; k]);
    let gpus: Vec<Gpu> =
        runs.iter().map(|run| Gpu::new(device.clone(), workload, &run.theta).expect("a run on the GPU")).collect();
    let starts: Vec<_> = gpus.iter().zip(runs).map(|(gpu, run)| (gpu, run.weighting(&preference, &floor))).collect();
    let mut fleet = block_on(Fleet::new(&starts)).expect("an answer").expect("a network that is small enough");
    let all: Vec<Vec<u32>> = runs.iter().map(|run| rows_of(run.seed, rates.len())).collect();
    // Three steps and the rest, both under way at once.
    let mut methods: Vec<&str> = runs.iter().map(|run| run.method.id).collect();
    methods.dedup();
    for steps in [0..3, 3..rates.len()] {
        let span = steps.start * BATCH..steps.end * BATCH;
        let part: Vec<u32> = all.iter().flat_map(|rows| &rows[span.clone()]).copied().collect();
        fleet.send(&part, &rates[steps], false).expect("sent");
    }
    let of_steps = rates.len() * (1 + methods.len()) + 2;
    assert_eq!(fleet.dispatches(), of_steps as u64, "one dispatch a step and method, whatever the number of runs");
    let mut told = block_on(fleet.receive()).expect("steps");
    let more = block_on(fleet.receive()).expect("steps");
    told.iter_mut().zip(more).for_each(|(told, more)| told.extend(more));
    (told, block_on(fleet.parameters()).expect("weights"))
}

/// Runs of a fleet beside the same runs alone, step by step of the same rows.
#[test]
fn runs_that_go_together_are_those_that_go_alone() {
    let Some(device) = open() else { return };
    let deep = workload((&[13, 9], &[5]), Activation::Tanh, &MIXED, Optimizer::Sgd { momentum: 0.9 });
    let flat = workload((&[8], &[]), Activation::Relu, &[TaskKind::Regression; 2], Optimizer::AdamW);
    let rates = [0.02, 0.02, 0.01, 0.01, 0.005];
    for (name, workload) in [("deep", deep), ("flat", flat)] {
        let k = workload.targets.len();
        let (preference, floor) = (vec![1.0 / k as f64; k], vec![0.0; k]);
        let runs = companions(&workload);
        let all: Vec<&Companion> = runs.iter().collect();
        let (told, ends) = together(&device, &workload, &all, &rates);
        for (at, run) in runs.iter().enumerate() {
            let what = format!("{name}, {}, seed {}", run.method.id, run.seed);
            if at % 5 == 0 {
                let (own, own_end) = together(&device, &workload, &[run], &rates);
                assert!(own[0] == told[at] && own_end[0] == ends[at], "{what}: others change the run");
            }
            let mut gpu = Gpu::new(device.clone(), &workload, &run.theta).expect("a run on the GPU");
            assert!(block_on(gpu.settle(&run.weighting(&preference, &floor))).expect("an answer"), "{what}");
            let course = Course {
                first_step: 0,
                rows: &rows_of(run.seed, rates.len()),
                learning_rates: &rates,
                gramian_every: 1,
                reports: false,
                last_looks: false,
            };
            let alone = block_on(gpu.advance(course)).expect("steps");
            for (step, (ours, exact)) in told[at].iter().zip(&alone).enumerate() {
                let what = format!("{what}, step {step}");
                close(&format!("{what}: losses"), &ours.losses, &exact.losses, 0.0);
                close(&format!("{what}: weights"), &ours.weights, &exact.weights, 1.0);
                let (Some(ours), Some(exact)) = (&ours.gramian, &exact.gramian) else { panic!("{what}: no M") };
                close(&format!("{what}: M"), ours, exact, exact.iter().fold(0.0_f64, |top, m| top.max(m.abs())));
            }
            let mut end = Vec::new();
            block_on(gpu.parameters(&mut end)).expect("weights");
            let wide = |theta: &[f32]| theta.iter().map(|&x| f64::from(x)).collect::<Vec<f64>>();
            close(&format!("{what}: θ"), &wide(&ends[at]), &wide(&end), 1.0);
        }
    }
}

/// Pipelines (by their names), and what their texts say that makes the runs others.
const MUTANTS_OF_FLEETS: [(&str, &str, &str); 5] = [
    ("steps", "right += a * d", "right += a * c"),
    ("steps", "(run * steps + t + turn - 1u)", "(run * steps + turn - 1u)"),
    ("rlw", "step = progress[1] + t", "step = t"),
    ("rlw", "shape.runs[number].y", "shape.runs[0].y"),
    ("famo", "shape.settings[number]", "shape.settings[0]"),
];

#[test]
fn a_wrong_shader_of_many_runs_is_noticed() {
    let Some(device) = open() else { return };
    let workload = workload((&[8], &[]), Activation::Relu, &[TaskKind::Regression; 2], Optimizer::AdamW);
    let runs = companions(&workload);
    let all: Vec<&Companion> =
        runs.iter().filter(|run| ["pcgrad", "mgda", "rlw", "famo"].contains(&run.method.id)).collect();
    let rates = [0.02; 6];
    let (_, exact) = together(&device, &workload, &all, &rates);
    let unchanged = ("steps", "right += a * d", "right += a * d");
    for (name, from, to) in std::iter::once(unchanged).chain(MUTANTS_OF_FLEETS) {
        // A device keeps pipelines by their names, so a new one gets the wrong one first.
        let Some(device) = open() else { return };
        let text = match all.iter().find(|run| run.method.id == name) {
            Some(run) => choice_source(&run.balancer.resident().expect("a weighting for the device")),
            None => steps_source(),
        };
        assert!(text.contains(from), "{name}: the shader no longer says {from}");
        let kept = format!("{name} of many runs");
        let lanes = [("LANES", f64::from(Fleet::lanes(&device)))];
        let lanes = if name == "steps" { &lanes[..] } else { &[] };
        block_on(device.prepare_text(&kept, &text.replace(from, to), lanes)).expect("a shader that compiles");
        let (_, ends) = together(&device, &workload, &all, &rates);
        let off = ends.iter().flatten().zip(exact.iter().flatten()).map(|(ours, exact)| (ours - exact).abs());
        let off = off.fold(0.0, f32::max);
        assert_eq!(off > 1e-4, from != to, "{name}: {to} instead of {from} moves θ by {off}");
    }
}

/// The last step of a run looks and does not move, and what differs in more than weighting and seed does not join.
#[test]
fn runs_that_go_together_can_end_and_have_one_workload() {
    let Some(device) = open() else { return };
    let workload = workload((&[8], &[]), Activation::Relu, &[TaskKind::Regression; 2], Optimizer::Adam);
    let runs = companions(&workload);
    let gpu = |workload: &Workload| Gpu::new(device.clone(), workload, &runs[0].theta).expect("a run on the GPU");
    let (one, other) = (gpu(&workload), gpu(&Workload { weight_decay: 0.5, ..workload.clone() }));
    let weighting = runs[0].weighting(&[0.5; 2], &[0.0; 2]);
    let mut fleet = block_on(Fleet::new(&[(&one, weighting)])).expect("an answer").expect("a fleet of one");
    let rows = rows_of(SEED, 1);
    fleet.send(&rows, &[0.02], true).expect("sent");
    assert!(block_on(fleet.receive()).expect("a step")[0][0].losses.iter().all(|&loss| loss > 0.0));
    assert_eq!(block_on(fleet.parameters()).expect("weights")[0], runs[0].theta);
    assert!(fleet.send(&rows, &[0.02; 2], false).is_err(), "rows of one step are not those of two");
    assert!(block_on(fleet.receive()).is_err(), "nothing is under way");
    assert!(block_on(Fleet::new(&[(&one, weighting), (&other, weighting)])).expect("an answer").is_none());
    assert!(block_on(Fleet::new(&[])).expect("an answer").is_none());
    assert!(block_on(Fleet::new(&[(&one, weighting); 33])).expect("an answer").is_none(), "too many");
}

/// The cyclic order of the bench: with two tasks there is one order only.
#[test]
fn a_cyclic_order_meets_the_same_tasks() {
    let Some(device) = open() else { return };
    // Twin heads that are asked for opposite values.
    let mut workload = workload((&[8], &[]), Activation::Relu, &[TaskKind::Regression; 2], Optimizer::Adam);
    let mut data = (*workload.data).clone();
    if let [Targets::Value(one), Targets::Value(other)] = &mut data.targets[..] {
        *other = one.iter().map(|y| -y).collect();
    }
    workload.data = Rc::new(data);
    let mut theta = initial(&workload);
    theta.copy_within(workload.layout.head(0), workload.layout.head(1).start);
    let told = |settings: [f32; 4]| -> Vec<ResidentStep> {
        let mut gpu = Gpu::new(device.clone(), &workload, &theta).expect("a run on the GPU");
        let kernel = paretoscope::balance::ResidentKernel { settings, ..pcgrad::cyclic() };
        let weighting = Weighting { kernel, ..cyclic_weighting() };
        assert!(block_on(gpu.settle(&weighting)).expect("an answer"));
        let rows: Vec<u32> = (0..3 * BATCH as u32).collect();
        let course = |first_step: u64| Course {
            first_step,
            rows: &rows,
            learning_rates: &[0.02; 3],
            gramian_every: 1,
            reports: false,
            last_looks: false,
        };
        let before = gpu.dispatches();
        // Two calls under way at once.
        gpu.send(course(0)).expect("sent");
        gpu.send(course(3)).expect("sent");
        assert_eq!(gpu.dispatches() - before, 30, "five dispatches a step");
        let mut told = block_on(gpu.receive()).expect("steps");
        told.extend(block_on(gpu.receive()).expect("steps"));
        told
    };
    let (cyclic, given) = (told(pcgrad::cyclic().settings), told([0.0; 4]));
    assert_eq!(cyclic, given);
    assert_eq!(cyclic.len(), 6);
    assert!(cyclic.iter().any(|step| step.moved_by.contains(&1) || step.moved_by.contains(&2)), "no conflict was met");
}
