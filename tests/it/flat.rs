//! Sharpness-aware training: a step is the arithmetic of `strategy/sharpness.rs`, on every backend, at its price.

use crate::allocations::taken;
use paretoscope::backend::cpu::Cpu;
use paretoscope::backend::exact::{Descent, Exact};
use paretoscope::backend::{Backend, Workload};
use paretoscope::balance::modify::{Applied, MODIFIERS, modifier};
use paretoscope::balance::{Balancer, Build, Gramian, METHODS, Method, Need, Setup, StepContext, method};
use paretoscope::config::link;
use paretoscope::config::{Activation, Init, NetworkConfig, Optimizer};
use paretoscope::data::{Batches, Split, Targets, TaskKind};
use paretoscope::nn::{Network, ParamLayout};
use paretoscope::problem::{Bounds, Edge, Problem};
use paretoscope::rng::{Stream, StreamId};
use paretoscope::strategy::single_point::Place;
use paretoscope::strategy::{Motion, SinglePoint, Step, sharpness};
use serde_json::Value;
use std::cell::RefCell;
use std::rc::Rc;

const ROWS: usize = 11;
const TASKS: usize = 3;

fn with(id: &str, value: f64) -> Applied {
    Applied { value, ..Applied::new(modifier(id).expect("registered")) }
}

fn place(step: u64, preference: &[f64]) -> Place<'_> {
    Place { step, seed: 1, learning_rate: 1.0, preference, probe: true, motion: Motion::Update, mixture: None }
}

/// Two classes, numbers and yes or no on a small network; the last head has a hidden layer as all do.
fn workload() -> Workload {
    let config = NetworkConfig {
        filters: vec![],
        trunk: vec![6, 5],
        head: vec![3],
        activation: Activation::Tanh,
        init: Init::FanIn,
    };
    let kinds = [TaskKind::Multiclass { classes: 4 }, TaskKind::Regression, TaskKind::Binary];
    let network = Network::mlp(3, &config, &kinds);
    let draws = Stream::new(29, StreamId::Data, 0);
    let data = Rc::new(Split {
        rows: ROWS,
        x: (0..3 * ROWS).map(|i| draws.normal(i as u64) as f32).collect(),
        targets: vec![
            Targets::Class((0..ROWS).map(|row| draws.below(500 + row as u64, 4)).collect()),
            Targets::Value((0..ROWS).map(|row| draws.normal(700 + row as u64) as f32).collect()),
            Targets::Value((0..ROWS).map(|row| draws.below(900 + row as u64, 2) as f32).collect()),
        ],
    });
    Workload {
        layout: ParamLayout::new(&network),
        network,
        validation: data.clone(),
        data,
        targets: vec![0, 1, 2],
        loss_scales: vec![1.0, 0.5, 2.0],
        batch_rows: ROWS,
        optimizer: Optimizer::Sgd { momentum: 0.0 },
        weight_decay: 0.0,
        clip: None,
    }
}

fn initial(workload: &Workload) -> Vec<f32> {
    workload.layout.initial(&workload.network, Init::FanIn, 3, &[0, 1, 2])
}

fn every_row() -> Vec<u32> {
    (0..ROWS as u32).collect()
}

/// What the method makes of these rows (K, P), and with which weights.
fn aggregated(method: &Method, rows: &[Vec<f64>], losses: &[f64], unit: bool) -> (Vec<f64>, Vec<f64>) {
    let k = rows.len();
    let lengths = rows.iter().map(|row| row.iter().map(|x| x * x).sum::<f64>().sqrt());
    let factors: Vec<f64> = lengths.map(|length| if unit { 1.0 / length } else { 1.0 }).collect();
    let scaled = |row: (&Vec<f64>, &f64)| row.0.iter().map(|x| x * row.1).collect::<Vec<f64>>();
    let scaled: Vec<Vec<f64>> = rows.iter().zip(&factors).map(scaled).collect();
    let slices: Vec<&[f64]> = scaled.iter().map(Vec::as_slice).collect();
    let preference = vec![1.0 / k as f64; k];
    let ctx = StepContext {
        losses,
        first_losses: losses,
        epoch_means: None,
        preference: &preference,
        learning_rate: 1.0,
        step: 0,
        seed: 1,
        served: Default::default(),
    };
    let mut w = vec![0.0; k];
    match method.new_balancer(&Setup { n_tasks: k, knobs: method.default_knobs() }) {
        Balancer::Losses(mut method) => _ = method.weights(&ctx, &mut w),
        Balancer::Gramian(mut method) => _ = method.weights(&ctx, &Gramian::from_rows(&slices), &mut w),
        Balancer::Rows(mut method) => {
            let mut d = vec![0.0; rows[0].len()];
            method.begin(&ctx, d.len());
            method.direction(&ctx, 0, &slices, &mut d);
            return (d, Vec::new());
        }
    }
    let d = (0..rows[0].len()).map(|p| w.iter().zip(&scaled).map(|(w, row)| w * row[p]).sum()).collect();
    w.iter_mut().zip(&factors).for_each(|(w, factor)| *w *= factor);
    (d, w)
}

/// θ moves by what `sharpness::split` and the method say, for every kind of method, with and without unit rows.
#[test]
fn a_step_is_the_arithmetic() {
    let workload = workload();
    let n_shared = workload.layout.n_shared();
    let start = initial(&workload);
    let rho = 0.3;
    for (id, form, unit) in [
        ("sum", "sam", false),
        ("uw", "sam", false),
        ("pcgrad", "asam", false),
        ("mgda", "sam", true),
        ("nash_mtl", "asam", false),
        ("graddrop", "sam", false),
        ("graddrop", "asam", true),
    ] {
        let method = method(id).expect("registered");
        let mut modifiers = vec![with(form, rho)];
        modifiers.extend(unit.then(|| with("unit", 0.0)));
        let mut backend = Backend::Cpu(Box::new(Cpu::new(workload.clone(), start.clone())));
        let batches = Batches::new(ROWS, ROWS, 1);
        let mut strategy = SinglePoint::new(method, &method.default_knobs(), &modifiers, &backend, batches, 1);
        let mut out = Step::new(TASKS);
        let rows = every_row();
        pollster::block_on(strategy.step(&mut backend, &rows, place(0, &[1.0 / 3.0; TASKS]), &mut out))
            .expect("a step");
        let mut moved = Vec::new();
        pollster::block_on(backend.parameters(&mut moved)).expect("parameters");

        let theta: Vec<f64> = start.iter().map(|&x| f64::from(x)).collect();
        let cpu = RefCell::new(Cpu::<f64>::new(workload.clone(), theta.clone()));
        let gradient = |task: usize, at: &[f64]| {
            let mut cpu = cpu.borrow_mut();
            cpu.parameters_mut().copy_from_slice(at);
            let mut out = vec![0.0; at.len()];
            cpu.task_gradient(&rows, task, &mut out);
            out
        };
        let (plain, flat): (Vec<Vec<f64>>, Vec<Vec<f64>>) = if form == "sam" {
            sharpness::split(&theta, TASKS, rho, gradient)
        } else {
            let one = |task: usize| {
                let plain = gradient(task, &theta);
                // ε = ρ T²g/‖T g‖.
                let length = plain.iter().zip(&theta).map(|(g, theta)| (g * theta).powi(2)).sum::<f64>().sqrt();
                let up = theta.iter().zip(&plain).map(|(theta, g)| theta + rho * theta * theta * g / length);
                let above = gradient(task, &up.collect::<Vec<f64>>());
                let flat = above.iter().zip(&plain).map(|(above, plain)| above - plain).collect();
                (plain, flat)
            };
            (0..TASKS).map(one).unzip()
        };
        let shared = |rows: &[Vec<f64>]| rows.iter().map(|row| row[..n_shared].to_vec()).collect::<Vec<_>>();
        let losses: Vec<f64> = out.losses.iter().zip(&workload.loss_scales).map(|(loss, scale)| loss * scale).collect();
        let (of_plain, w) = aggregated(method, &shared(&plain), &losses, unit);
        let (of_flat, _) = aggregated(method, &shared(&flat), &losses, unit);
        let size = of_plain.iter().map(|x| x * x).sum::<f64>().sqrt();
        let flat_size = of_flat.iter().map(|x| x * x).sum::<f64>().sqrt();
        assert!(flat_size > 0.01 * size, "{id} {form}: the flat part is {flat_size} beside {size}");
        for at in 0..theta.len() {
            let step = theta[at] - f64::from(moved[at]);
            let exact = if at < n_shared {
                of_plain[at] + of_flat[at]
            } else {
                let task = (0..TASKS).find(|&task| workload.layout.head(task).contains(&at)).expect("a head");
                let own = plain[task][at] + flat[task][at];
                if method.needs(Need::HeadsScaledByWeights) { w[task] * own } else { own }
            };
            // f32 gradients, and methods that divide by differences of theirs.
            assert!((step - exact).abs() < 1e-4 * size.max(1.0), "{id} {form}, {at}: {step} instead of {exact}");
        }
    }
}

/// Hᵢ (K, P, P) and bᵢ (K, P) of ½ xᵀHᵢx − bᵢᵀx.
type Bowls = (Vec<Vec<Vec<f64>>>, Vec<Vec<f64>>);

thread_local! {
    /// Those of the case at hand: losses are functions and capture nothing.
    static BOWLS: RefCell<Bowls> = const { RefCell::new((Vec::new(), Vec::new())) };
}

fn bowl_losses(x: &[f64], losses: &mut [f64]) {
    let mut rows = vec![0.0; losses.len() * x.len()];
    bowl_gradients(x, &mut rows);
    BOWLS.with_borrow(|(_, b)| {
        for ((loss, row), b) in losses.iter_mut().zip(rows.chunks_exact(x.len())).zip(b) {
            *loss = x.iter().zip(row).zip(b).map(|((x, g), b)| 0.5 * x * (g - b)).sum();
        }
    });
}

fn bowl_gradients(x: &[f64], rows: &mut [f64]) {
    BOWLS.with_borrow(|(h, b)| {
        for ((row, h), b) in rows.chunks_exact_mut(x.len()).zip(h).zip(b) {
            for ((entry, h), b) in row.iter_mut().zip(h).zip(b) {
                *entry = h.iter().zip(x).map(|(h, x)| h * x).sum::<f64>() - b;
            }
        }
    });
}

const BOWL: Problem = Problem {
    id: "bowls",
    label: "Bowls",
    about: "Quadratics of the golden values.",
    source: "",
    n_parameters: 4,
    tasks: &["1", "2", "3"],
    bounds: Bounds { low: -10.0, high: 10.0, edge: Edge::Open },
    starts: &[],
    floor: &[0.0; 3],
    losses: bowl_losses,
    gradients: bowl_gradients,
    front: None,
};
static TWO: Problem = Problem { tasks: &["1", "2"], ..BOWL };
static THREE: Problem = BOWL;

/// The golden values of FS-MTL go through the training step, and not only through the arithmetic.
#[test]
fn golden_values_hold_in_training() {
    let golden: Value = serde_json::from_str(include_str!("../data/golden_vectors.json")).expect("JSON");
    let cases = golden["step_cases"].as_array().expect("cases").iter().filter(|case| case["method"] == "fmtl_sam");
    let mut n_cases = 0;
    for case in cases {
        n_cases += 1;
        let numbers = |value: &Value| -> Vec<f64> {
            value.as_array().expect("a list").iter().map(|x| x.as_f64().expect("a number")).collect()
        };
        let matrix =
            |value: &Value| -> Vec<Vec<f64>> { value.as_array().expect("a list").iter().map(numbers).collect() };
        let inputs = &case["inputs"];
        let h: Vec<Vec<Vec<f64>>> = inputs["H"].as_array().expect("matrices").iter().map(matrix).collect();
        let k = h.len();
        BOWLS.set((h, matrix(&inputs["b"])));
        let start = numbers(&inputs["theta"]);
        let rho = case["params"]["rho"].as_f64().expect("a number");
        for (id, knobs, key) in [("pcgrad", vec![0.0], "direction"), ("mean", Vec::new(), "direction_mean")] {
            let descent = Descent {
                problem: if k == 2 { &TWO } else { &THREE },
                targets: (0..k).collect(),
                loss_scales: vec![1.0; k],
                optimizer: Optimizer::Sgd { momentum: 0.0 },
                weight_decay: 0.0,
                clip: None,
                multiplier: 1.0,
            };
            let mut backend = Backend::Exact(Box::new(Exact::new(descent, start.clone())));
            let modifiers = [with("sam", rho)];
            let method = method(id).expect("registered");
            let mut strategy = SinglePoint::new(method, &knobs, &modifiers, &backend, Batches::new(1, 1, 1), 1);
            let mut out = Step::new(k);
            let preference = vec![1.0 / k as f64; k];
            pollster::block_on(strategy.step(&mut backend, &[0], place(0, &preference), &mut out)).expect("a step");
            let Backend::Exact(exact) = &backend else { unreachable!("it was made so") };
            let expected = numbers(&case["expected"][key]);
            let size = expected.iter().fold(0.0, |top: f64, x| top.max(x.abs()));
            for ((x, start), expected) in exact.x().iter().zip(&start).zip(&expected) {
                let ours = start - x;
                assert!((ours - expected).abs() <= 1e-9 * size, "{id}: {ours} instead of {expected}");
            }
        }
    }
    assert_eq!(n_cases, 2);
}

/// Both forms are refused where what they would need is not there, and everywhere else they are taken.
#[test]
fn what_does_not_go_together_is_said() {
    for method in METHODS {
        let beyond = [
            Need::KeptRows,
            Need::Representation,
            Need::TwoMoreBatches,
            Need::LookAhead,
            Need::Excess,
            Need::LastLayer,
        ];
        let refused = beyond.iter().any(|need| method.needs(*need));
        for form in ["sam", "asam"] {
            let link = format!("#v=1&m={}~mod~{form}~by~.1", method.id);
            match link::parse(&link) {
                Ok(parsed) => {
                    let run = &parsed.config.runs[0];
                    assert!(!refused, "{} with {form}", method.id);
                    let ascent = run.ascent().expect("a way uphill");
                    assert_eq!((ascent.rho, ascent.adaptive), (0.1, form == "asam"));
                    let own = if matches!(method.build, Build::Losses(_)) { 4 } else { method.cost(2).backward + 2 };
                    assert_eq!(run.backward_passes(2), own.max(4), "{}", method.id);
                }
                Err(rejected) => {
                    let sentence = &rejected.complaints[0].sentence;
                    assert!(refused && sentence.contains(method.id) && sentence.contains("SAM"), "{sentence}");
                }
            }
        }
    }
    let both = link::parse("#v=1&m=sum~mod~sam~mod~asam").expect_err("two forms at once");
    assert!(both.complaints[0].sentence.contains("asam is another form of sam"), "{:?}", both.complaints);
    assert!(link::parse("#v=1&m=sum~mod~sam~by~2.1").is_err() && link::parse("#v=1&m=sum~mod~sam~by~0").is_err());
    assert_eq!(MODIFIERS.iter().filter(|modifier| modifier.id.ends_with("sam")).count(), 2);
}

/// A step uphill takes no more memory than one without once it is warm: reports of a probe take theirs either way.
#[test]
fn a_step_takes_no_memory_of_its_own() {
    let count = |modifiers: &[Applied], id: &str| {
        let workload = workload();
        let start = initial(&workload);
        let mut backend = Backend::Cpu(Box::new(Cpu::new(workload, start)));
        let method = method(id).expect("registered");
        let batches = Batches::new(ROWS, ROWS, 1);
        let mut strategy = SinglePoint::new(method, &method.default_knobs(), modifiers, &backend, batches, 1);
        let mut out = Step::new(TASKS);
        let rows = every_row();
        let mut step = |number: u64| {
            let place = Place { learning_rate: 1e-3, ..place(number, &[1.0 / 3.0; TASKS]) };
            pollster::block_on(strategy.step(&mut backend, &rows, place, &mut out)).expect("a step");
        };
        (0..3).for_each(&mut step);
        let before = taken();
        (3..8).for_each(&mut step);
        taken() - before
    };
    for id in ["sum", "mgda", "pcgrad", "graddrop"] {
        assert_eq!(count(&[with("sam", 0.1)], id), count(&[], id), "{id}");
        assert_eq!(count(&[with("asam", 0.1), with("unit", 0.0)], id), count(&[with("unit", 0.0)], id), "{id}");
    }
}
