//! Charts: their way back is the derivative of their way there, they are what their papers say, and what they reach.

use paretoscope::backend::cpu::Cpu;
use paretoscope::backend::{Apply, Combine, Workload};
use paretoscope::cli::front::{FrontOptions, Fronts, front};
use paretoscope::cli::run::Watch;
use paretoscope::config::{Activation, ExperimentConfig, Init, NetworkConfig, Optimizer, link};
use paretoscope::data::{Split, Targets, TaskKind};
use paretoscope::measure::front::{hypervolume, igd};
use paretoscope::nn::{Convolution, KERNEL, Network, Owner, ParamLayout, Part};
use paretoscope::rng::{Stream, StreamId};
use paretoscope::strategy::chart::conditioned::Conditioned;
use paretoscope::strategy::chart::hyper::Hyper;
use paretoscope::strategy::chart::low_rank::LowRank;
use paretoscope::strategy::chart::{Ground, Map};
use pollster::block_on;
use std::rc::Rc;

const ROWS: usize = 6;
const KINDS: [TaskKind; 2] = [TaskKind::Multiclass { classes: 3 }, TaskKind::Regression];

/// A network of one of two kinds, for images where `images`, whose inputs have `more` channels besides one.
fn network(images: bool, more: usize) -> Network {
    let init = Init::FanIn;
    let config =
        NetworkConfig { filters: Vec::new(), trunk: vec![5], head: vec![3], activation: Activation::Tanh, init };
    if images {
        let shape = Convolution { height: 8, width: 8, channels: 1 + more, filters: 3 };
        Network::new(shape.inputs(), &[shape], &config, &KINDS)
    } else {
        Network::mlp(3 + more, &config, &KINDS)
    }
}

/// A batch for it, with the preference as further inputs where one is given.
fn workload(images: bool, alpha: &[f64]) -> Workload {
    let network = network(images, alpha.len());
    let draws = Stream::new(31, StreamId::Data, 0);
    let own = if images { 64 } else { 3 };
    let mut x = Vec::new();
    for row in 0..ROWS {
        let value = |at: usize| draws.normal((row * own + at) as u64) as f32;
        if images {
            // The channels of a pixel lie side by side.
            (0..own).for_each(|at| x.extend([value(at)].into_iter().chain(alpha.iter().map(|a| *a as f32))));
        } else {
            x.extend((0..own).map(value).chain(alpha.iter().map(|a| *a as f32)));
        }
    }
    let data = Rc::new(Split {
        rows: ROWS,
        x,
        targets: vec![
            Targets::Class((0..ROWS).map(|row| draws.below(900 + row as u64, 3)).collect()),
            Targets::Value((0..ROWS).map(|row| draws.normal(950 + row as u64) as f32).collect()),
        ],
    });
    Workload {
        layout: ParamLayout::new(&network),
        network,
        validation: data.clone(),
        data,
        targets: vec![0, 1],
        loss_scales: vec![1.0, 0.5],
        batch_rows: ROWS,
        optimizer: Optimizer::Sgd { momentum: 0.0 },
        weight_decay: 0.0,
        clip: None,
    }
}

/// Losses and the gradient of the plain sum at θ.
fn gradient(cpu: &mut Cpu<f64>, theta: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let rows: Vec<u32> = (0..ROWS as u32).collect();
    let mut losses = vec![0.0; 2];
    cpu.put(theta, None);
    cpu.losses(&rows, &mut losses);
    let ones = [1.0, 1.0];
    let combine = Combine::Weighted(&ones);
    cpu.direct(Apply { combine, head_weights: &ones, learning_rate: 0.0, aside: 0.0, probe: false });
    (losses, cpu.gradient().to_vec())
}

fn maps(workload: &Workload) -> [(&'static str, Box<dyn Map<f64>>); 3] {
    let ground = Ground::Network(&workload.network, &workload.layout, Init::FanIn);
    [
        ("cosmos", Box::new(Conditioned::new(ground, 2))),
        ("phn", Box::new(Hyper::new(0.1, ground, 2))),
        ("palora", Box::new(LowRank::new(&[1.0, 1.0, 2.0, 0.7, 1.0], ground, 2))),
    ]
}

#[test]
fn the_way_back_is_the_derivative_of_the_way_there() {
    let alpha = [0.3, 0.7];
    for images in [false, true] {
        let workload = workload(images, &[]);
        let theta: Vec<f64> = workload.layout.initial(&workload.network, Init::FanIn, 5, &[0, 1]);
        let mut cpu = Cpu::<f64>::new(workload.clone(), theta.clone());
        for (name, map) in maps(&workload) {
            let mut phi = map.start(3, &theta);
            // Away from the start, where some adapters are 0.
            let draws = Stream::new(8, StreamId::Probe, 0);
            phi.iter_mut().enumerate().for_each(|(i, phi)| *phi += 0.02 * draws.normal(i as u64));
            let mut point = vec![0.0; theta.len()];
            map.at(&phi, &alpha, &mut point);
            let (_, slopes) = gradient(&mut cpu, &point);
            // What is there already stays.
            let mut back = vec![0.5; phi.len()];
            map.pull_back(&phi, &alpha, &slopes, &mut back);
            let mut loss = |phi: &[f64]| {
                map.at(phi, &alpha, &mut point);
                let (losses, _) = gradient(&mut cpu, &point);
                losses[0] + 0.5 * losses[1]
            };
            let largest = back.iter().map(|back| (back - 0.5).abs()).fold(0.0, f64::max);
            for check in 0..150 {
                let at = draws.below(70_000 + check, phi.len() as u32) as usize;
                let (middle, h) = (phi[at], 1e-6);
                phi[at] = middle + h;
                let above = loss(&phi);
                phi[at] = middle - h;
                let slope = (above - loss(&phi)) / (2.0 * h);
                phi[at] = middle;
                let found = back[at] - 0.5;
                assert!((found - slope).abs() < 1e-6 * largest.max(1.0), "{name} {images} {at}: {found} for {slope}");
            }
            assert!(largest > 0.01, "{name}");
            assert_eq!(map.parts().last().map(|(range, _)| range.end), Some(phi.len()), "{name}");
        }
    }
}

#[test]
fn a_conditioned_network_is_one_with_the_preference_among_its_inputs() {
    let alpha = [0.2, 0.8];
    for images in [false, true] {
        let (plain, wide) = (workload(images, &[]), workload(images, &alpha));
        let theta: Vec<f64> = plain.layout.initial(&plain.network, Init::FanIn, 5, &[0, 1]);
        let chart = Conditioned::new(Ground::Network(&plain.network, &plain.layout, Init::FanIn), 2);
        let phi: Vec<f64> = chart.start(4, &theta);
        let mut point = vec![0.0; theta.len()];
        chart.at(&phi, &alpha, &mut point);
        assert_ne!(point, theta);
        // Rows of the wide network's first weight: those of pixels or inputs, and of the preference's two.
        let (weight, _) = plain.layout.layer(Owner::Shared, 0);
        let units = plain.network.trunk[0].units();
        let area = if images { KERNEL * KERNEL } else { 1 };
        let own = weight.len() / units / area;
        let widened = |phi: &[f64]| -> Vec<f64> {
            let extra = &phi[theta.len()..];
            let of_pixel = |pixel: usize| {
                let rows = &phi[weight.clone()][pixel * own * units..][..own * units];
                rows.iter().chain(&extra[pixel * 2 * units..][..2 * units]).copied().collect::<Vec<f64>>()
            };
            (0..area).flat_map(of_pixel).chain(phi[weight.end..theta.len()].iter().copied()).collect()
        };
        let (losses, slopes) = gradient(&mut Cpu::new(plain.clone(), theta.clone()), &point);
        let mut back = vec![0.0; phi.len()];
        chart.pull_back(&phi, &alpha, &slopes, &mut back);
        let start = widened(&phi);
        let (wide_losses, wide_slopes) = gradient(&mut Cpu::new(wide, start.clone()), &start);
        let near = |a: &[f64], b: &[f64]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6);
        assert!(near(&losses, &wide_losses), "{images}: {losses:?} {wide_losses:?}");
        assert!(near(&widened(&back), &wide_slopes), "{images}");
    }
}

#[test]
fn full_ranks_hold_every_mixture_of_networks_with_the_same_biases() {
    let workload = workload(true, &[]);
    let layout = &workload.layout;
    let initial = |member| layout.initial_member::<f64>(&workload.network, Init::FanIn, (5, member), &[0, 1]);
    let members = [initial(0), initial(1), initial(2)];
    // Ranks end at 8, and no matrix of this network is wider on both sides: 25 by 3, 12 by 5, 5 by 3, 3 by 3, 3 by 1.
    let chart = LowRank::new(&[1.0, 1.0, 8.0, 1.0, 1.0], Ground::Network(&workload.network, layout, Init::FanIn), 2);
    let mut phi: Vec<f64> = chart.start(4, &members[0]);
    let mut start = members[0].len();
    for block in layout.blocks().iter().filter(|block| block.part == Part::Weight) {
        let (inputs, outputs) = (block.fan_in, block.range.len() / block.fan_in);
        let rank = inputs.min(outputs);
        for member in &members[1..] {
            let gap: Vec<f64> = block.range.clone().map(|at| member[at] - members[0][at]).collect();
            let identity = (0..rank * rank).map(|at| f64::from(u8::from(at % (rank + 1) == 0)));
            let both: Vec<f64> = match rank == outputs {
                true => gap.into_iter().chain(identity).collect(),
                false => identity.chain(gap).collect(),
            };
            phi[start..][..both.len()].copy_from_slice(&both);
            start += both.len();
        }
    }
    assert_eq!(start, phi.len());
    for share in [0.0, 0.25, 1.0] {
        let alpha = [share, 1.0 - share];
        let mut theta = vec![0.0; members[0].len()];
        chart.at(&phi, &alpha, &mut theta);
        for (at, theta) in theta.iter().enumerate() {
            let mixed = alpha[0] * members[1][at] + alpha[1] * members[2][at];
            assert!((theta - mixed).abs() < 1e-12, "{share} {at}: {theta} for {mixed}");
        }
    }
}

#[test]
fn a_hypernetwork_starts_where_a_single_point_does() {
    let workload = workload(false, &[]);
    let theta: Vec<f64> = workload.layout.initial(&workload.network, Init::FanIn, 5, &[0, 1]);
    let chart = Hyper::new(0.1, Ground::Network(&workload.network, &workload.layout, Init::FanIn), 2);
    let phi = chart.start(4, &theta);
    let at = |share: f64| {
        let mut point = vec![0.0; theta.len()];
        chart.at(&phi, &[share, 1.0 - share], &mut point);
        point
    };
    let far = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt();
    let length = far(&theta, &vec![0.0; theta.len()]);
    for share in [0.0, 0.5, 1.0] {
        let away = far(&at(share), &theta) / length;
        assert!((0.01..0.2).contains(&away), "{share}: {away}");
    }
    assert!(far(&at(0.0), &at(1.0)) > 0.01 * length);
}

// ------------------------------------------------------------ what they reach

struct ToTheEnd;

impl Watch for ToTheEnd {
    fn goes_on(&mut self, _seed: u32, _step: u32, _steps: u32) -> bool {
        true
    }
}

fn config(text: &str) -> ExperimentConfig {
    let parsed = link::parse(text);
    parsed.unwrap_or_else(|rejected| panic!("{text}: {:?}", rejected.complaints)).config
}

fn fronts(text: &str, seeds: u32) -> Fronts {
    let no_files = |name: &str| Err(std::io::Error::other(name.to_owned()));
    let options = FrontOptions { points: 11, seeds, threads: 2, ..FrontOptions::default() };
    front(&config(text), &options, &no_files, &mut ToTheEnd).unwrap_or_else(|error| panic!("{error}"))
}

fn losses(fronts: &Fronts, seed: usize, run: usize) -> Vec<Vec<f64>> {
    fronts.seeds[seed].fronts[run].iter().map(|point| point.test.losses.clone()).collect()
}

#[test]
fn a_hypernetwork_fills_a_concave_front_with_exact_preferences_and_its_ends_with_sums() {
    let found = fronts("#v=1&d=fonseca-fleming&start=upper&st=3000&lr=.01&opt=adam&m=epo~way~phn,sum~way~phn", 1);
    let far = |run| igd(&losses(&found, 0, run), &found.seeds[0].outline.front.concat()).expect("a known front");
    let (exact, sums) = (losses(&found, 0, 0), losses(&found, 0, 1));
    assert!(far(0) < 0.05 && far(1) > 0.1, "{} {exact:?} {} {sums:?}", far(0), far(1));
}

#[test]
fn charts_slide_from_one_task_to_the_other() {
    let found = fronts("#v=1&p=pamal&m=sum~way~palora,sum~way~phn,cosmos~lambda~8~way~cosmos,sum", 3);
    let volume =
        |seed: usize, run: usize| hypervolume(&losses(&found, seed, run), &found.reference).expect("two losses");
    let slides = |seed: usize, run: usize| {
        let losses = losses(&found, seed, run);
        // Half of the way more for a task is always worth something.
        let gains = |from: usize, to: usize| losses[from][0] < losses[to][0] && losses[from][1] > losses[to][1];
        let all = (5..=10).all(|by| (0..=10 - by).all(|from| gains(from, from + by)));
        all && 2.0 * losses[0][0] < losses[10][0] && 2.0 * losses[10][1] < losses[0][1]
    };
    for run in 0..2 {
        // From the second seed one task is not learned by the plain sum either: three units are few.
        for seed in [0, 2] {
            assert!(slides(seed, run), "{seed}: {:?}", losses(&found, seed, run));
            assert!(volume(seed, run) > 1.1 * volume(seed, 3), "{} {}", volume(seed, run), volume(seed, 3));
        }
    }
    assert!((0..3).all(|seed| volume(seed, 0) > volume(seed, 3)));
    // The angle wants losses in the ratio of the preference, whose first share falls from point to point.
    for seed in 0..3 {
        let ratios: Vec<f64> = losses(&found, seed, 2).iter().map(|losses| losses[0] / losses[1]).collect();
        assert!(ratios.windows(4).all(|some| some[0] > some[3]) && ratios[0] > 3.0 * ratios[10], "{seed}: {ratios:?}");
    }
}

#[test]
fn the_same_seed_is_the_same_chart() {
    let text = "#v=1&p=two-sines&net=3&st=40&m=cosmos~way~cosmos,sum~way~phn~draws~2,mgda~way~palora";
    let (one, other) = (fronts(text, 1), fronts(text, 1));
    for run in 0..3 {
        assert_eq!(losses(&one, 0, run), losses(&other, 0, run));
        let outline = &one.seeds[0].outline.runs[run];
        assert_eq!((outline.members, outline.mixes), (1, true));
    }
    assert_eq!(one.seeds[0].outline.runs[1].backward_passes, 2);
}

#[test]
fn refusals_say_what_to_do() {
    let refused = |text: &str, part: &str| {
        let rejected = link::parse(text).err().unwrap_or_else(|| panic!("{text} is no link"));
        let told = rejected.complaints.iter().any(|complaint| complaint.sentence.contains(part));
        assert!(told, "{text}: {:?}", rejected.complaints);
    };
    refused("#v=1&d=zdt1&m=cosmos~way~cosmos", "Choose a data set");
    refused("#v=1&d=zdt1&m=sum~way~palora", "Choose a data set");
    refused("#v=1&p=two-sines&m=famo~way~phn", "Choose a method that looks at one step");
    refused("#v=1&p=two-sines&m=moco~way~palora", "over steps");
    assert!(link::parse("#v=1&d=zdt1&m=sum~way~phn").is_ok());
    // As much as a network of MultiMNIST fits, and no more than four times that.
    refused("#v=1&p=two-sines&net=300-300&m=sum~way~phn", "narrower layers");
}

#[test]
fn a_step_on_a_chart_tells_what_it_did() {
    use paretoscope::protocol::{Command, Event, RunId};
    use paretoscope::session::Session;
    let mut session = Session::new(Rc::new(|| 0.0));
    let link = "#v=1&p=two-sines&net=3&st=20&lr=.01&opt=sgd&m=sum~way~palora";
    block_on(session.handle(Command::Start { id: RunId(1), link: link.into() }));
    while session.wants_to_advance() {
        block_on(session.advance());
    }
    session.send_frame();
    let records = session.drain().into_iter().filter_map(|event| match event {
        Event::Frame { frame, .. } => Some(frame.runs[0].records.clone()),
        _ => None,
    });
    let mut told = 0;
    for record in records.flatten().filter(|record| record.step < 20) {
        let pull = record.pull.expect("a small network is probed in every step");
        // A small step along the negative gradient lowers the weighted loss, and its length is not 0.
        let gain: f64 = record.weights.iter().zip(&pull.along_step).map(|(w, along)| w * along).sum();
        assert!(pull.step_length > 0.0 && gain < 0.0, "{} {gain}", record.step);
        told += 1;
    }
    assert_eq!(told, 20);
}

#[cfg(feature = "gpu")]
#[test]
fn a_device_trains_the_chart_that_the_processor_trains() {
    let of = |backend: &str| {
        let text = format!("#v=1&p=two-sines&net=5&st=10&b=32&backend={backend}&m=sum~way~palora~draws~2");
        losses(&fronts(&text, 1), 0, 0)
    };
    let (cpu, gpu) = (of("cpu"), of("gpu"));
    // Sums in another order: it was the device.
    assert_ne!(cpu, gpu);
    for (a, b) in cpu.iter().flatten().zip(gpu.iter().flatten()) {
        assert!((a - b).abs() < 1e-4 * a.abs().max(1.0), "{cpu:?} {gpu:?}");
    }
}
