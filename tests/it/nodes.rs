//! Maps of the GPU are those of the CPU: losses at points of a plane within 1e-4, and what happens when it cannot.

use crate::twins::open;
use paretoscope::backend::gpu::NodeLosses;
use paretoscope::backend::{BackendError, Workload};
use paretoscope::config::{Activation, Init, NetworkConfig, Optimizer, link};
use paretoscope::data::{Split, Targets, TaskKind};
use paretoscope::landscape::{Grid, Ground, Sheet};
use paretoscope::nn::{Network, ParamLayout};
use paretoscope::protocol::{
    Command, Event, MapPlan, MapPlane, PlanRequest, RunId, SurveyOrder, SurveyPortion, SurveyWhat,
};
use paretoscope::rng::{Stream, StreamId};
use paretoscope::session::Session;
use pollster::block_on;
use std::fs;
use std::rc::Rc;

/// Relative difference that summing in another order may make.
const TOLERANCE: f64 = 1e-4;

/// Random data for tasks of these kinds.
fn workload(
    inputs: usize,
    rows: usize,
    (trunk, head): (&[u32], &[u32]),
    activation: Activation,
    kinds: &[TaskKind],
) -> Workload {
    let config =
        NetworkConfig { filters: Vec::new(), trunk: trunk.into(), head: head.into(), activation, init: Init::FanIn };
    let network = Network::mlp(inputs, &config, kinds);
    let draws = |sub: u32| Stream::new(21, StreamId::Data, sub);
    let targets = |(task, kind): (usize, &TaskKind)| {
        let draws = draws(1 + task as u32);
        let class = |of: usize| (0..rows as u64).map(move |row| draws.below(row, of as u32));
        match kind {
            TaskKind::Multiclass { classes } => Targets::Class(class(*classes).collect()),
            TaskKind::Binary => Targets::Value(class(2).map(|class| class as f32).collect()),
            TaskKind::Regression => Targets::Value((0..rows as u64).map(|row| draws.normal(row) as f32).collect()),
        }
    };
    let x = (0..(rows * inputs) as u64).map(|i| draws(0).normal(i) as f32).collect();
    let data = Rc::new(Split { rows, x, targets: kinds.iter().enumerate().map(targets).rev().collect() });
    Workload {
        layout: ParamLayout::new(&network),
        network,
        validation: data.clone(),
        data,
        // Tasks need not be in the order of the data set.
        targets: (0..kinds.len()).rev().collect(),
        loss_scales: vec![1.0; kinds.len()],
        batch_rows: 8,
        optimizer: Optimizer::Adam,
        weight_decay: 0.0,
        clip: None,
    }
}

fn random_plane(p: usize, directions: usize) -> MapPlane {
    let draws = |sub: u32, size: f64| -> Vec<f32> {
        (0..p).map(|i| (size * Stream::new(2, StreamId::Probe, sub).normal(i as u64)) as f32).collect()
    };
    MapPlane {
        origin: draws(9, 0.3),
        directions: (0..directions).map(|axis| draws(axis as u32, 1.0 / (p as f64).sqrt())).collect(),
        spans: vec![[-3.0, 2.0]; directions],
    }
}

/// A whole grid of `side` nodes along each axis on both, in submits of at most `most` points.
#[track_caller]
fn check_grid(workload: &Workload, rows: usize, directions: usize, (side, most): (u32, usize), what: &str) {
    let Some(device) = open() else { return };
    let plane = random_plane(workload.layout.n_parameters(), directions);
    let mut ground = Ground::of_network(workload, rows);
    ground.stand_on(&plane);
    let mut nodes = block_on(NodeLosses::new(device, workload, rows)).expect("dense layers");
    nodes.stand_on(&plane.origin, &plane.directions).expect("a device");
    let grid = Grid::new(side, directions == 1);
    let places: Vec<[f64; 2]> = grid.order().into_iter().map(|node| grid.node(&plane.spans, node)).collect();
    let k = workload.network.n_tasks();
    let mut exact = vec![0.0; k];
    for places in places.chunks(most) {
        let losses = block_on(nodes.losses(places)).expect("a device");
        assert_eq!(losses.len(), places.len() * k, "{what}");
        for (place, losses) in places.iter().zip(losses.chunks_exact(k)) {
            ground.losses(*place, &mut exact);
            for (task, (ours, exact)) in losses.iter().zip(&exact).enumerate() {
                let off = (ours - exact).abs() / exact.abs();
                assert!(off <= TOLERANCE, "{what}: task {task} at {place:?} is {ours}, CPU {exact}");
            }
        }
    }
}

#[test]
fn grids_agree_for_all_activations_losses_and_numbers_of_tasks() {
    const KINDS: [TaskKind; 3] = [TaskKind::Multiclass { classes: 3 }, TaskKind::Binary, TaskKind::Regression];
    const SAME: [TaskKind; 3] = [TaskKind::Regression; 3];
    let shapes: [(&[u32], &[u32]); 4] = [(&[4, 4], &[]), (&[33], &[6]), (&[7, 5, 9], &[3, 17]), (&[1], &[])];
    for (at, shape) in shapes.into_iter().enumerate() {
        for activation in [Activation::Relu, Activation::Tanh, Activation::Gelu] {
            for k in 1..=3 {
                for kinds in [&KINDS[3 - k..], &SAME[..k]] {
                    let workload = workload(5, 37, shape, activation, kinds);
                    // Odd numbers of rows and points; lines too.
                    let (rows, directions) = if at % 2 == 0 { (37, 2) } else { (29, 1) };
                    check_grid(&workload, rows, directions, (11, 19), &format!("{shape:?} {activation:?} {kinds:?}"));
                }
            }
        }
    }
}

#[test]
fn grids_agree_on_a_network_like_that_of_multimnist() {
    let kinds = [TaskKind::Multiclass { classes: 10 }; 2];
    let workload = workload(100, 131, (&[64, 50], &[]), Activation::Relu, &kinds);
    check_grid(&workload, 131, 2, (11, 500), "digits");
}

// -------------------------------------------------------------------- session

/// Everything about a plane of a trained link, by one session on its own clock.
struct Script {
    session: Session,
    plan: Option<Result<MapPlan, String>>,
    portions: Vec<SurveyPortion>,
}

impl Script {
    fn say(&mut self, command: Command) {
        block_on(self.session.handle(command));
        self.hear();
    }

    fn hear(&mut self) {
        for event in self.session.drain() {
            match Event::from_bytes(&event.to_bytes()).expect("events survive their bytes") {
                Event::Frame { .. } => self.say(Command::FrameDrawn),
                Event::NeedFile { name } => {
                    let path = format!("{}/www/data/{name}", env!("CARGO_MANIFEST_DIR"));
                    let bytes = fs::read(path).map_err(|error| error.to_string());
                    self.say(Command::File { name, bytes });
                }
                Event::Planned { plan, .. } => self.plan = Some(plan),
                Event::Surveyed { portion, .. } => self.portions.push(portion.expect("a sound order")),
                _ => {}
            }
        }
    }

    fn advance(&mut self, times: usize) {
        for _ in 0..times {
            if self.session.wants_to_advance() {
                block_on(self.session.advance());
            }
        }
        self.hear();
    }

    /// A trained link, with the sheet of the plane that suits it and nothing known on it.
    fn train(link: &str, what: SurveyWhat) -> (Self, Sheet) {
        let mut script = Self { session: Session::new(Rc::new(|| 0.0)), plan: None, portions: Vec::new() };
        script.say(Command::Start { id: RunId(1), link: link.into() });
        while script.session.wants_to_advance() {
            script.advance(50);
        }
        let request = PlanRequest { number: 1, plane: "random~3".into(), step: 0, ..Default::default() };
        script.say(Command::Plan { id: RunId(1), request });
        let plan = script.plan.take().expect("an answer").expect("a plane");
        let k = link::parse(link).expect("a link").config.n_tasks();
        script.say(Command::Prepare { id: RunId(1), link: link.into() });
        (script, Sheet::new(plan, k, 21, what))
    }

    /// The whole sheet, evaluated where `gpu` says; `meanwhile` is called after the second portion.
    fn survey(&mut self, empty: &Sheet, gpu: bool, meanwhile: impl FnOnce(&mut Self)) -> Sheet {
        self.portions.clear();
        let order = SurveyOrder { gpu, ..empty.order(1, (0, 1)) };
        self.say(Command::Survey { id: RunId(1), order });
        self.advance(2);
        meanwhile(self);
        while self.session.wants_to_advance() {
            self.advance(1);
        }
        let mut sheet = empty.clone();
        self.portions.iter().for_each(|portion| sheet.take(portion));
        assert!(sheet.is_complete());
        // Nothing was evaluated twice, and nothing was left out.
        let told = |portion: &SurveyPortion| portion.nodes.len() + portion.points.len();
        assert_eq!(self.portions.iter().map(told).sum::<usize>(), sheet.progress().1);
        sheet
    }
}

#[track_caller]
fn check_same(ours: &Sheet, exact: &Sheet) {
    for node in 0..exact.grid.count() {
        let (ours, exact) = (ours.losses(node).expect("known"), exact.losses(node).expect("known"));
        for (ours, exact) in ours.iter().zip(exact) {
            let off = f64::from(ours - exact).abs() / f64::from(exact.abs());
            assert!(off <= TOLERANCE, "node {node}: {ours}, CPU {exact}");
        }
    }
}

#[test]
fn a_survey_on_the_gpu_is_the_same_map() {
    if open().is_none() {
        return;
    }
    for link in ["#v=1&p=two-sines&st=40&m=sum,mgda", "#v=1&p=digits8&st=4&m=sum&hd=5"] {
        let (mut script, empty) = Script::train(link, SurveyWhat::Losses);
        let exact = script.survey(&empty, false, |_| {});
        assert!(exact.by_gpu == 0 && exact.refused.is_none());
        let ours = script.survey(&empty, true, |_| {});
        assert_eq!((ours.by_gpu, &ours.refused), (ours.progress().1, &None));
        check_same(&ours, &exact);
        // A clock that stands still makes submits as large as they may be.
        assert!(script.portions.iter().any(|portion| portion.nodes.len() > 100), "{link}");
        // Once more, over another plane of the same rows.
        let mut other = empty.clone();
        other.plan.plane.origin.iter_mut().for_each(|x| *x *= 0.9);
        let ours = script.survey(&other, true, |_| {});
        check_same(&ours, &script.survey(&other, false, |_| {}));
    }
}

#[test]
fn a_device_that_vanishes_leaves_the_rest_to_the_cpu() {
    if open().is_none() {
        return;
    }
    let (mut script, empty) = Script::train("#v=1&p=two-sines&st=40&m=sum,mgda&backend=gpu", SurveyWhat::Losses);
    let exact = script.survey(&empty, false, |_| {});
    let ours = script.survey(&empty, true, |script| script.say(Command::LoseDevice));
    assert!((1..ours.progress().1).contains(&ours.by_gpu), "{}", ours.by_gpu);
    assert!(ours.refused.as_ref().is_some_and(|why| why.contains("lost") && why.ends_with('.')), "{:?}", ours.refused);
    check_same(&ours, &exact);
}

#[test]
fn what_the_gpu_is_not_for_stays_on_the_cpu() {
    if open().is_none() {
        return;
    }
    // Gradients are not asked of it at all.
    let (mut script, empty) = Script::train("#v=1&p=two-sines&st=20&m=sum", SurveyWhat::Pull);
    let sheet = script.survey(&empty, true, |_| {});
    assert!(sheet.by_gpu == 0 && sheet.refused.is_none() && sheet.pull(7).is_some());
    // Problems are more exact than it is.
    let (mut script, empty) = Script::train("#v=1&p=toy&st=20&m=sum", SurveyWhat::Losses);
    let sheet = script.survey(&empty, true, |_| {});
    assert!(sheet.by_gpu == 0 && sheet.refused.is_some_and(|why| why.contains("64-bit")));
}

#[test]
fn a_lost_device_is_told() {
    let Some(device) = open() else { return };
    let workload = workload(5, 20, (&[4], &[]), Activation::Tanh, &[TaskKind::Regression]);
    let mut nodes = block_on(NodeLosses::new(device.clone(), &workload, 20)).expect("dense layers");
    device.lose();
    assert!(matches!(block_on(nodes.losses(&[[0.0; 2]])), Err(BackendError::Lost(_))));
    let plane = random_plane(workload.layout.n_parameters(), 2);
    assert!(matches!(nodes.stand_on(&plane.origin, &plane.directions), Err(BackendError::Lost(_))));
    let anew = block_on(NodeLosses::new(device, &workload, 20));
    assert!(matches!(anew, Err(BackendError::Lost(_))));
}

// --------------------------------------------------------------- command line

#[cfg(feature = "cli")]
#[test]
fn the_command_line_draws_the_same_map_on_both() {
    use paretoscope::cli::landscape::landscape;
    use paretoscope::cli::run::{self, RunOptions, Watch};
    use paretoscope::config::BackendChoice;
    use serde_json::Value;

    struct Patient;

    impl Watch for Patient {
        fn goes_on(&mut self, _: u32, _: u32, _: u32) -> bool {
            true
        }

        fn surveyed(&mut self, _: u32, _: u32) -> bool {
            true
        }
    }

    if open().is_none() {
        return;
    }
    let map = |backend: BackendChoice| -> Value {
        let options = RunOptions { backend: Some(backend), ..RunOptions::default() };
        let config = run::read("#v=1&p=two-sines&m=sum&st=20&plane=random~2~1-0&grid=11", &options).expect("a link");
        let file = |name: &str| fs::read(format!("{}/www/data/{name}", env!("CARGO_MANIFEST_DIR")));
        block_on(landscape(&config, &file, Rc::new(|| 0.0), &mut Patient)).expect("a map")
    };
    let (ours, exact) = (map(BackendChoice::Gpu), map(BackendChoice::Cpu));
    assert_eq!(
        (&exact["evaluated"]["on_gpu"], &ours["evaluated"]["on_gpu"]),
        (&Value::from(0), &ours["evaluated"]["of"])
    );
    for task in 0..2 {
        for row in 0..11 {
            for column in 0..11 {
                let of = |map: &Value| map["losses"][task][row][column].as_f64().expect("a loss");
                // The view may be a last digit wider where the runs trained on the GPU.
                assert!((of(&ours) / of(&exact) - 1.0).abs() < 10.0 * TOLERANCE, "{task}, {row}, {column}");
            }
        }
    }
}
