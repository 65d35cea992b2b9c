//! CPU and GPU train the same run: ten losses within 1e-4, every method; and what the GPU does when it cannot.

use crate::twins::open;
use paretoscope::backend::cpu::Cpu;
use paretoscope::backend::gpu::{Family, Gpu, GpuDevice};
use paretoscope::backend::{Apply, Backend, BackendError, Combine, Part, Scope, Workload};
use paretoscope::balance::METHODS;
use paretoscope::balance::modify::Ascent;
use paretoscope::config::link;
use paretoscope::config::presets::preset;
use paretoscope::config::{Activation, ExperimentConfig, Init, NetworkConfig, Optimizer, Rates, RunConfig};
use paretoscope::data::{Batches, BuildRequest, Dataset, MtldFile, Split, Targets, TaskKind, mtld};
use paretoscope::nn::{Network, ParamLayout};
use paretoscope::rng::{Stream, StreamId};
use paretoscope::train::{Trainer, TrainerSetup};
use pollster::block_on;
use std::fs;
use std::rc::Rc;

/// Relative difference that summing in another order may make in ten steps.
const TOLERANCE: f64 = 1e-4;
const STEPS: u32 = 9;

fn dataset(config: &ExperimentConfig) -> Dataset {
    let data = config.data().expect("a data set");
    let source = data.source;
    let files: Vec<MtldFile> = source
        .files
        .iter()
        .map(|name| {
            let bytes = fs::read(format!("{}/www/data/{name}", env!("CARGO_MANIFEST_DIR"))).expect("a shipped file");
            mtld::decode(name, &bytes).expect("a valid file")
        })
        .collect();
    let request = BuildRequest {
        seed: 0,
        knobs: &data.knobs,
        tasks: &data.tasks,
        files: &files,
        label_noise: 0.0,
        max_rows: Some(3_000),
    };
    source.build(&request).expect("a data set")
}

/// Losses of the ten first steps.
fn losses(backend: Backend, config: &ExperimentConfig, run: &RunConfig, batches: Batches) -> Vec<f64> {
    let setup = TrainerSetup {
        run,
        floor: vec![0.0; config.n_tasks()],
        preference: config.preference(),
        rates: Rates { steps: STEPS, ..config.training.rates() },
        seed: config.training.seed,
        batches,
        gramian_every: 4,
    };
    let mut trainer = Trainer::new(backend, setup);
    let mut losses = Vec::new();
    while let Some(record) = block_on(trainer.advance()).expect("a step") {
        losses.extend(record.losses);
    }
    losses
}

/// Every method, every kind of method uphill, and manifolds.
#[track_caller]
fn check_preset(id: &str) {
    let uphill = ["sum~mod~sam", "mgda~mod~asam", "graddrop~mod~sam", "trimmed_mean~mod~unit~mod~asam", "uw~mod~sam"];
    let uphill = link::parse(&format!("#v=1&p={id}&m={}", uphill.join(","))).expect("a valid link").config.runs;
    // Manifolds, with a loss weighting, a Gramian and a rows method inside.
    let fronts = ["sum", "sum", "mgda", "graddrop", "stch"];
    let settings = ["", "~draws~3~order~.1~balance~ratio", "~draws~2", "~draws~2", "~balance~none"];
    let fronts: Vec<String> = fronts.iter().zip(settings).map(|(m, set)| format!("{m}~way~pamal{set}")).collect();
    let fronts = link::parse(&format!("#v=1&p={id}&m={}", fronts.join(","))).expect("a valid link").config.runs;
    let config = preset(id).expect("a preset").config();
    check_runs(&config, METHODS.iter().map(RunConfig::new).chain(uphill).chain(fronts));
}

#[track_caller]
fn check_runs(config: &ExperimentConfig, runs: impl Iterator<Item = RunConfig>) {
    let Some(device) = open() else { return };
    let id = config.preset.id;
    let (data, network_config) = (config.data().expect("a data set"), config.network().expect("a network"));
    let dataset = dataset(config);
    let train = Rc::new(dataset.train.clone());
    let kinds: Vec<TaskKind> = dataset.tasks.iter().map(|task| task.kind).collect();
    let shapes = data.convolutions(network_config).expect("a preset's images");
    let network = Network::new(dataset.n_inputs, &shapes, network_config, &kinds);
    let layout = ParamLayout::new(&network);
    let theta: Vec<f32> = layout.initial(&network, network_config.init, config.training.seed, &data.tasks);
    let batch_rows = config.batch_rows(train.rows);
    let workload = Workload {
        network,
        layout,
        data: train.clone(),
        validation: Rc::new(dataset.validation.clone()),
        targets: (0..kinds.len()).collect(),
        loss_scales: config.loss_scales().to_vec(),
        batch_rows,
        optimizer: config.training.optimizer,
        weight_decay: config.training.weight_decay,
        clip: config.training.clip,
    };
    for run in runs {
        let method = run.method;
        let batches = || Batches::new(train.rows, batch_rows, config.training.seed);
        let mut cpu = Backend::Cpu(Box::new(Cpu::new(workload.clone(), theta.clone())));
        let mut gpu = Backend::Gpu(Box::new(Gpu::new(device.clone(), &workload, &theta).expect("a run on the GPU")));
        if run.learned().is_some() {
            let Workload { network, layout, .. } = &workload;
            let member = |member| {
                let from = (config.training.seed, member);
                layout.initial_member::<f32>(network, network_config.init, from, &data.tasks)
            };
            let members: Vec<f32> = (0..kinds.len() as u32).flat_map(member).collect();
            for backend in [&mut cpu, &mut gpu] {
                backend.hold_members(&members).expect("room");
                let mut held = Vec::new();
                block_on(backend.members(&mut held)).expect("members");
                assert!(held == members, "what is held comes back");
            }
        }
        let exact = losses(cpu, config, &run, batches());
        let ours = losses(gpu, config, &run, batches());
        assert_eq!(ours.len(), (STEPS as usize + 1) * kinds.len(), "{id}, {}", method.id);
        for (i, (ours, exact)) in ours.iter().zip(&exact).enumerate() {
            let (step, task) = (i / kinds.len(), i % kinds.len());
            let off = (ours - exact).abs() / exact.abs();
            assert!(off <= TOLERANCE, "{id}, {}: loss {task} of step {step} is {ours}, CPU {exact}", method.id);
        }
    }
}

#[test]
fn backends_agree_on_two_sines() {
    check_preset("two-sines");
}

#[test]
fn backends_agree_on_multimnist() {
    check_preset("multimnist");
}

/// Three methods and few rows: software adapters are slow on images.
#[test]
fn backends_agree_on_convolutions() {
    let config = link::parse("#v=1&p=lenet&b=32&m=sum,pcgrad,mgda").expect("a valid link").config;
    check_runs(&config, config.runs.iter().cloned());
}

/// Random data for tasks of these kinds.
fn workload(inputs: usize, rows: usize, config: &NetworkConfig, kinds: &[TaskKind], optimizer: Optimizer) -> Workload {
    workload_of(Network::mlp(inputs, config, kinds), rows, kinds, optimizer)
}

/// The same on images of this height and width.
fn images(
    image: [usize; 2],
    rows: usize,
    config: &NetworkConfig,
    kinds: &[TaskKind],
    optimizer: Optimizer,
) -> Workload {
    let shapes = config.convolutions(image).expect("images that are large enough");
    workload_of(Network::new(image[0] * image[1], &shapes, config, kinds), rows, kinds, optimizer)
}

fn workload_of(network: Network, rows: usize, kinds: &[TaskKind], optimizer: Optimizer) -> Workload {
    let inputs = network.n_inputs;
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
    let data = Split {
        rows,
        x: (0..rows * inputs).map(|i| draws.normal(1_000_000 + i as u64) as f32).collect(),
        targets: targets.collect(),
    };
    let mut held_out = data.clone();
    held_out.x.iter_mut().for_each(|x| *x += 0.25);
    Workload {
        layout: ParamLayout::new(&network),
        network,
        validation: Rc::new(held_out),
        data: Rc::new(data),
        targets: (0..kinds.len()).collect(),
        loss_scales: (0..kinds.len()).map(|task| 0.5 + task as f64).collect(),
        batch_rows: rows.min(19),
        optimizer,
        weight_decay: 0.01,
        clip: Some(0.8),
    }
}

fn initial(workload: &Workload) -> Vec<f32> {
    let ids: Vec<usize> = workload.targets.clone();
    workload.layout.initial(&workload.network, Init::FanIn, 3, &ids)
}

#[track_caller]
fn close(what: &str, ours: &[f64], exact: &[f64], scale: f64) {
    assert_eq!(ours.len(), exact.len(), "{what}");
    for (ours, exact) in ours.iter().zip(exact) {
        assert!((ours - exact).abs() <= TOLERANCE * (scale + exact.abs()), "{what}: {ours} instead of {exact}");
    }
}

/// Three updates by both backends, with everything they report.
#[track_caller]
fn check_steps(device: &Rc<GpuDevice>, name: &str, workload: &Workload) {
    let theta = initial(workload);
    let k = workload.network.n_tasks();
    let mut cpu = Cpu::<f32>::new(workload.clone(), theta.clone());
    let mut gpu = Gpu::new(device.clone(), workload, &theta).expect("a run on the GPU");
    let rows: Vec<u32> = (0..workload.batch_rows as u32).map(|row| row * 3 % workload.data.rows as u32).collect();
    let w: Vec<f64> = (0..k).map(|task| 1.0 - 0.15 * task as f64).collect();
    let ones = vec![1.0; k];
    for step in 0..4 {
        let (mut losses, mut m) = (vec![0.0; k], vec![0.0; k * k]);
        let (mut exact_losses, mut exact_m) = (losses.clone(), m.clone());
        let head_weights = if step % 2 == 0 { &w } else { &ones };
        let forms_g = step < 2;
        let aside = if forms_g { 0.3 } else { 0.0 };
        let learning_rate = 0.02 / f64::from(step + 1);
        let combine = || match step {
            0 => Combine::Rows(&w),
            1 => Combine::Kept(&w),
            _ => Combine::Weighted(&w),
        };
        if forms_g {
            cpu.gradients(&rows, &mut exact_losses, &mut exact_m);
            block_on(gpu.gradients(&rows, &mut losses, &mut m)).expect("gradients");
            let length = exact_m.iter().fold(0.0, |top: f64, m| top.max(m.abs()));
            close(&format!("{name}: Gramian of step {step}"), &m, &exact_m, length);
        } else {
            cpu.losses(&rows, &mut exact_losses);
            block_on(gpu.losses(&rows, &mut losses)).expect("losses");
        }
        close(&format!("{name}: losses of step {step}"), &losses, &exact_losses, 0.0);
        let scopes: &[Scope] =
            if forms_g { &[Scope::LastLayer, Scope::Representation] } else { &[Scope::Representation] };
        for &scope in scopes {
            cpu.gramian(scope, &mut exact_m);
            block_on(gpu.gramian(scope, &mut m)).expect("a Gramian");
            let length = exact_m.iter().fold(0.0, |top: f64, m| top.max(m.abs()));
            close(&format!("{name}: {scope:?} of step {step}"), &m, &exact_m, length);
        }
        if forms_g {
            cpu.excess(&mut exact_losses);
            block_on(gpu.excess(&mut losses)).expect("an excess");
            close(&format!("{name}: excess of step {step}"), &losses, &exact_losses, 0.0);
            let (keep, add) = (vec![0.6; k], &w);
            cpu.keep(&keep, add, &mut exact_m);
            block_on(gpu.keep(&keep, add, &mut m)).expect("kept rows");
            let length = exact_m.iter().fold(0.0, |top: f64, m| top.max(m.abs()));
            close(&format!("{name}: kept rows of step {step}"), &m, &exact_m, length);
        }
        cpu.losses_on(Part::Validation, &rows, &mut exact_losses);
        block_on(gpu.losses_on(Part::Validation, &rows, &mut losses)).expect("losses");
        close(&format!("{name}: validation losses of step {step}"), &losses, &exact_losses, 0.0);
        if forms_g {
            // To two places beside θ with other rows and back, as if nothing had been but what was set aside.
            cpu.aim(&w, &ones);
            cpu.look(-0.2);
            cpu.gradients_on(Part::Validation, &rows, &mut exact_losses, &mut exact_m);
            cpu.set_aside(0.5, &w);
            cpu.look(0.1);
            cpu.gradients_on(Part::Validation, &rows, &mut exact_losses, &mut exact_m);
            cpu.gramian(Scope::Cross, &mut exact_m);
            cpu.step_back();
            block_on(async {
                gpu.aim(&w, &ones)?;
                gpu.look(-0.2)?;
                gpu.gradients_on(Part::Validation, &rows, &mut losses, &mut m).await?;
                gpu.set_aside(0.5, &w)?;
                gpu.look(0.1)?;
                gpu.gradients_on(Part::Validation, &rows, &mut losses, &mut m).await?;
                gpu.gramian(Scope::Cross, &mut m).await?;
                gpu.step_back()
            })
            .expect("a look around");
            close(&format!("{name}: losses ahead of step {step}"), &losses, &exact_losses, 0.0);
            let length = exact_m.iter().fold(0.0, |top: f64, m| top.max(m.abs()));
            close(&format!("{name}: products ahead of step {step}"), &m, &exact_m, length);
            cpu.gradients(&rows, &mut exact_losses, &mut exact_m);
            block_on(gpu.gradients(&rows, &mut losses, &mut m)).expect("gradients");
            // Every task's own way uphill, whose part is set aside; the heads keep what they find there.
            let ascent = Ascent { rho: 0.4, adaptive: step == 1 };
            cpu.flatten(&rows, ascent, &mut exact_m);
            cpu.set_aside_shared(0.7, Combine::Kept(&w));
            block_on(async {
                gpu.flatten(ascent, &mut m).await?;
                gpu.set_aside_shared(0.7, Combine::Kept(&w))
            })
            .expect("a way uphill");
            let length = exact_m.iter().fold(0.0, |top: f64, m| top.max(m.abs()));
            close(&format!("{name}: uphill of step {step}"), &m, &exact_m, length);
        } else {
            cpu.losses(&rows, &mut exact_losses);
            block_on(gpu.losses(&rows, &mut losses)).expect("losses");
        }
        close(&format!("{name}: losses of step {step} again"), &losses, &exact_losses, 0.0);
        let exact = cpu.apply(Apply { combine: combine(), head_weights, learning_rate, aside, probe: forms_g });
        let update = Apply { combine: combine(), head_weights, learning_rate, aside, probe: forms_g };
        let ours = block_on(gpu.apply(update)).expect("an update");
        let what = format!("{name}: report of step {step}");
        close(&what, &[ours.direction_length, ours.step_length], &[exact.direction_length, exact.step_length], 0.0);
        close(&what, &ours.along_direction, &exact.along_direction, exact.direction_length);
        close(&what, &ours.along_step, &exact.along_step, exact.step_length);
        if forms_g {
            // On along the step in the shared parameters alone, and back.
            let far = 0.1 / exact.step_length;
            cpu.aim_along_step();
            cpu.look(-far);
            cpu.losses(&rows, &mut exact_losses);
            cpu.step_back();
            block_on(async {
                gpu.aim_along_step()?;
                gpu.look(-far)?;
                gpu.losses(&rows, &mut losses).await?;
                gpu.step_back()
            })
            .expect("a look along the step");
            close(&format!("{name}: losses along step {step}"), &losses, &exact_losses, 0.0);
        }
    }
    let mut theta = Vec::new();
    block_on(gpu.parameters(&mut theta)).expect("parameters");
    let wide = |theta: &[f32]| theta.iter().map(|&value| f64::from(value)).collect::<Vec<f64>>();
    close(&format!("{name}: parameters"), &wide(&theta), &wide(cpu.parameters()), 0.1);
    assert!(gpu.dispatches() > 40, "{}", gpu.dispatches());
}

const MIXED: [TaskKind; 5] = [
    TaskKind::Multiclass { classes: 7 },
    TaskKind::Binary,
    TaskKind::Binary,
    TaskKind::Regression,
    TaskKind::Multiclass { classes: 3 },
];

#[test]
fn steps_agree_for_every_kind_of_network() {
    let Some(device) = open() else { return };
    let network = |trunk: &[u32], head: &[u32], activation| NetworkConfig {
        filters: vec![],
        trunk: trunk.into(),
        head: head.into(),
        activation,
        init: Init::FanIn,
    };
    let sgd = Optimizer::Sgd { momentum: 0.9 };
    let convolved =
        |filters: &[u32], activation| NetworkConfig { filters: filters.into(), ..network(&[9], &[5], activation) };
    check_steps(&device, "convolutions", &images([17, 18], 40, &convolved(&[3, 6], Activation::Tanh), &MIXED, sgd));
    check_steps(&device, "one convolution", &images([9, 8], 40, &convolved(&[5], Activation::Gelu), &MIXED, sgd));
    let deep = network(&[13, 9, 6], &[5, 7], Activation::Tanh);
    check_steps(&device, "deep and mixed", &workload(6, 40, &deep, &MIXED, sgd));
    let plain = network(&[21], &[], Activation::Relu);
    check_steps(&device, "linear heads", &workload(3, 25, &plain, &[TaskKind::Regression; 4], Optimizer::Adam));
    let lone = network(&[1], &[], Activation::Tanh);
    check_steps(&device, "one task, one row, one unit", &workload(1, 1, &lone, &MIXED[..1], sgd));
    let many = network(&[10, 10], &[4], Activation::Tanh);
    let smooth = network(&[9, 7], &[5, 6], Activation::Gelu);
    check_steps(&device, "GELU in trunk and heads", &workload(6, 40, &smooth, &MIXED, Optimizer::AdamW));
    let smooth = network(&[9], &[], Activation::Gelu);
    check_steps(&device, "GELU below linear heads", &workload(6, 40, &smooth, &MIXED, Optimizer::Adam));
    check_steps(&device, "sixteen tasks", &workload(5, 30, &many, &[TaskKind::Binary; 16], Optimizer::Adam));
}

#[test]
fn steps_agree_with_both_families_of_products() {
    let Some(device) = open() else { return };
    let network = NetworkConfig {
        filters: vec![3],
        trunk: vec![70, 13],
        head: vec![5],
        activation: Activation::Gelu,
        init: Init::FanIn,
    };
    let workload = images([13, 12], 70, &network, &MIXED, Optimizer::Adam);
    for family in Family::ALL {
        device.use_family(family);
        check_steps(&device, family.name(), &workload);
    }
}

#[test]
fn data_beyond_a_buffer_is_gathered_on_the_host() {
    let Some(device) = open() else { return };
    let config = NetworkConfig {
        filters: vec![],
        trunk: vec![8],
        head: vec![],
        activation: Activation::Tanh,
        init: Init::FanIn,
    };
    let mut big = workload(4, 30, &config, &[TaskKind::Regression], Optimizer::Adam);
    let mut split = (*big.data).clone();
    // One row of 16 bytes more than 128 MiB, WebGPU's default limit of a binding.
    split.rows = (128 << 20) / 16 + 1;
    split.x.resize(split.rows * 4, 0.0);
    if let Targets::Value(values) = &mut split.targets[0] {
        values.resize(split.rows, 0.0);
    }
    big.data = Rc::new(split);
    big.validation = big.data.clone();
    check_steps(&device, "host batches", &big);
}

#[track_caller]
fn check_error<T>(result: Result<T, BackendError>, words: &[&str]) {
    let Err(error) = result else { panic!("no error, expected {words:?}") };
    let sentence = error.to_string();
    for word in words {
        assert!(sentence.contains(word), "{sentence} does not say {word}");
    }
}

#[test]
fn what_the_device_cannot_do_is_said() {
    let Some(device) = open() else { return };
    let config = NetworkConfig {
        filters: vec![],
        trunk: vec![8],
        head: vec![],
        activation: Activation::Relu,
        init: Init::FanIn,
    };
    let fits = workload(4, 30, &config, &[TaskKind::Binary, TaskKind::Binary], Optimizer::Adam);
    let mut large = fits.clone();
    large.batch_rows = 100_000_000;
    check_error(Gpu::new(device.clone(), &large, &initial(&large)), &["refuses", "MiB", "smaller batch"]);

    let mut gpu = Gpu::new(device.clone(), &fits, &initial(&fits)).expect("a run on the GPU");
    let rows: Vec<u32> = (0..19).collect();
    let (mut losses, ones) = ([0.0; 2], [1.0; 2]);
    check_error(block_on(gpu.losses(&rows[..3], &mut losses)), &["19 rows"]);
    check_error(block_on(gpu.losses(&[30; 19], &mut losses)), &["below 30"]);
    let too_early =
        Apply { combine: Combine::Rows(&ones), head_weights: &ones, learning_rate: 0.02, aside: 0.0, probe: false };
    check_error(block_on(gpu.apply(too_early)), &["task gradients"]);
    check_error(gpu.write_parameters(&[0.0]), &["1 parameters"]);
    block_on(gpu.losses(&rows, &mut losses)).expect("it still works");
}

#[test]
fn a_lost_device_is_an_error_and_a_new_one_goes_on() {
    let Some(device) = open() else { return };
    let config = NetworkConfig {
        filters: vec![],
        trunk: vec![8],
        head: vec![],
        activation: Activation::Relu,
        init: Init::FanIn,
    };
    let workload = workload(4, 30, &config, &[TaskKind::Binary, TaskKind::Binary], Optimizer::Adam);
    let mut gpu = Gpu::new(device.clone(), &workload, &initial(&workload)).expect("a run on the GPU");
    let rows: Vec<u32> = (0..19).collect();
    let (mut losses, ones) = ([0.0; 2], [1.0; 2]);
    block_on(gpu.losses(&rows, &mut losses)).expect("losses");
    let mut theta = Vec::new();
    block_on(gpu.parameters(&mut theta)).expect("parameters");
    device.lose();
    assert!(device.is_lost());
    check_error(block_on(gpu.losses(&rows, &mut losses)), &["lost"]);
    let apply =
        Apply { combine: Combine::Weighted(&ones), head_weights: &ones, learning_rate: 0.02, aside: 0.0, probe: false };
    check_error(block_on(gpu.apply(apply)), &["lost"]);
    check_error(block_on(gpu.parameters(&mut Vec::new())), &["lost"]);
    check_error(Gpu::new(device, &workload, &theta), &["lost"]);

    let device = open().expect("an adapter gives another device");
    let mut gpu = Gpu::new(device, &workload, &theta).expect("a run on the GPU");
    let mut again = [0.0; 2];
    block_on(gpu.losses(&rows, &mut again)).expect("losses");
    assert_eq!(losses, again);
}
