//! Looks around a step: what they tell is right, and no run notices them.

use paretoscope::backend::cpu::Cpu;
use paretoscope::backend::{Backend, Workload};
use paretoscope::balance::METHODS;
use paretoscope::balance::method;
use paretoscope::config::{Activation, Init, NetworkConfig, Optimizer, Rates, RunConfig};
use paretoscope::data::{Batches, Split, Targets, TaskKind};
use paretoscope::nn::{Network, ParamLayout};
use paretoscope::protocol::Record;
use paretoscope::rng::{Stream, StreamId};
use paretoscope::train::{Trainer, TrainerSetup};
use std::rc::Rc;

const ROWS: usize = 12;
const BATCH: usize = 5;
const TASKS: usize = 2;
const STEPS: u32 = 12;

/// Two regressions on a small network, whose batches are not all rows.
fn workload() -> Workload {
    let config = NetworkConfig {
        filters: vec![],
        trunk: vec![5, 4],
        head: vec![3],
        activation: Activation::Tanh,
        init: Init::FanIn,
    };
    let network = Network::mlp(2, &config, &[TaskKind::Regression; TASKS]);
    let draws = Stream::new(5, StreamId::Data, 0);
    let target = |task: usize| {
        Targets::Value((0..ROWS).map(|row| draws.normal((500 + 100 * task + row) as u64) as f32).collect())
    };
    let split = Rc::new(Split {
        rows: ROWS,
        x: (0..2 * ROWS).map(|i| draws.normal(i as u64) as f32).collect(),
        targets: (0..TASKS).map(target).collect(),
    });
    Workload {
        layout: ParamLayout::new(&network),
        network,
        data: split.clone(),
        validation: split,
        targets: vec![0, 1],
        loss_scales: vec![1.0, 0.5],
        batch_rows: BATCH,
        optimizer: Optimizer::Sgd { momentum: 0.9 },
        weight_decay: 0.0,
        clip: None,
    }
}

fn start(workload: &Workload) -> Vec<f32> {
    workload.layout.initial(&workload.network, Init::FanIn, 3, &[0, 1])
}

fn trainer(id: &str, look_every: Option<u32>) -> Trainer {
    let method = method(id).expect("registered");
    let run = RunConfig { knobs: method.default_knobs(), modifiers: Vec::new(), ..RunConfig::new(method) };
    let setup = TrainerSetup {
        run: &run,
        floor: vec![0.0; TASKS],
        preference: vec![0.5; TASKS],
        rates: Rates::constant(0.05, STEPS),
        seed: 2,
        batches: Batches::new(ROWS, BATCH, 2),
        gramian_every: 1,
    };
    let workload = workload();
    let theta = start(&workload);
    let mut trainer = Trainer::new(Backend::Cpu(Box::new(Cpu::new(workload, theta))), setup);
    if let Some(every) = look_every {
        trainer.look_around_every(every);
    }
    trainer
}

fn records(mut trainer: Trainer) -> Vec<Record> {
    let mut records = Vec::new();
    while let Some(record) = pollster::block_on(trainer.advance()).expect("a step") {
        records.push(record);
    }
    records
}

#[test]
fn no_run_notices_a_look_around() {
    for method in METHODS {
        let mut looked = records(trainer(method.id, Some(1)));
        let arounds: Vec<bool> = looked.iter_mut().map(|record| record.around.take().is_some()).collect();
        assert_eq!(arounds.len(), STEPS as usize + 1, "{}", method.id);
        // The last record is no step.
        assert!(arounds[..STEPS as usize].iter().all(|around| *around) && !arounds[STEPS as usize], "{}", method.id);
        assert_eq!(looked, records(trainer(method.id, None)), "{}", method.id);
    }
}

/// Against second differences of the same losses in f64, from where the step ended.
#[test]
fn curvatures_are_those_of_the_losses_along_the_step() {
    let mut trainer = trainer("sum", Some(1));
    let mut theta = start(&workload());
    let n_shared = workload().layout.n_shared();
    for step in 0..STEPS {
        let record = pollster::block_on(trainer.advance()).expect("a step").expect("a record");
        let around = record.around.expect("it looks every step");
        let before = std::mem::take(&mut theta);
        pollster::block_on(trainer.backend().parameters(&mut theta)).expect("parameters");
        let way: Vec<f64> = (0..n_shared).map(|at| f64::from(theta[at]) - f64::from(before[at])).collect();
        let long = way.iter().map(|x| x * x).sum::<f64>().sqrt();
        let mut rows = [0; BATCH];
        Batches::new(ROWS, BATCH, 2).indices(u64::from(step), &mut rows);
        let losses = |reach: f64| {
            let mut beside: Vec<f64> = theta.iter().map(|&x| f64::from(x)).collect();
            for (x, way) in beside.iter_mut().zip(&way) {
                *x += reach * way / long;
            }
            let mut losses = [0.0; TASKS];
            Cpu::<f64>::new(workload(), beside).losses(&rows, &mut losses);
            losses
        };
        let (here, reach) = (losses(0.0), 1e-4);
        let (low, high) = (losses(-reach), losses(reach));
        for task in 0..TASKS {
            let after = around.losses_after[task];
            assert!((after - here[task]).abs() < 1e-5 * (1.0 + here[task]), "{after} {}", here[task]);
            let scale = workload().loss_scales[task];
            let exact = scale * (low[task] - 2.0 * here[task] + high[task]) / (reach * reach);
            let ours = around.curvatures[task];
            assert!((ours - exact).abs() < 0.01 * (1.0 + exact.abs()), "step {step}, task {task}: {ours} {exact}");
        }
    }
}
