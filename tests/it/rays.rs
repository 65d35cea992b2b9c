//! Annealed rays of charts: where preferences of a step are, and that training takes them, computed by hand.

use paretoscope::cli::front::{FrontOptions, front};
use paretoscope::cli::run::Watch;
use paretoscope::config::{ExperimentConfig, link};
use paretoscope::problem::problem;
use paretoscope::strategy::chart::hyper::Hyper;
use paretoscope::strategy::chart::rays::Rays;
use paretoscope::strategy::chart::{Ground, Map};
use paretoscope::strategy::manifold::draw_preference;

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

/// Test losses of the first run's front at 11 preferences, the first task's share rising.
fn losses(text: &str) -> Vec<Vec<f64>> {
    let no_files = |name: &str| Err(std::io::Error::other(name.to_owned()));
    let options = FrontOptions { points: 11, seeds: 1, threads: 1, ..FrontOptions::default() };
    let found = front(&config(text), &options, &no_files, &mut ToTheEnd).unwrap_or_else(|error| panic!("{error}"));
    let mut points = found.seeds[0].fronts[0].clone();
    points.sort_by(|a, b| a.preference[0].total_cmp(&b.preference[0]));
    points.into_iter().map(|point| point.test.losses).collect()
}

/// The rays of two tasks as the formula has them.
fn by_hand(draw: usize, draws: usize, power: f64) -> [f64; 2] {
    let u = 0.05 + 0.9 * draw as f64 / (draws - 1) as f64;
    let (a, b) = (u.powf(power), (1.0 - u).powf(power));
    [a / (a + b), b / (a + b)]
}

#[test]
fn rays_of_two_tasks_are_spread_evenly_and_go_from_the_middle_to_the_ends() {
    let (rays, draws) = (Rays { anneal: 4.0, steps: 80 }, 5);
    let at = |step: u64, draw: usize| {
        let mut alpha = [0.0; 2];
        rays.write((7, step), (draw, draws), 1.0, &mut alpha);
        alpha
    };
    for step in [0, 10, 20, 40, 79] {
        for draw in 0..draws {
            let wanted = by_hand(draw, draws, 4.0 * step as f64 / 80.0);
            let found = at(step, draw);
            assert!(found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-12), "{step} {draw}: {found:?}");
        }
    }
    assert!((0..draws).all(|draw| at(0, draw) == [0.5, 0.5]));
    // A quarter of the way the power is 1: the spread itself.
    assert!((at(20, 0)[0] - 0.05).abs() < 1e-12 && (at(20, 4)[0] - 0.95).abs() < 1e-12);
    assert!(at(79, 0)[0] < 1e-4 && at(79, 4)[1] < 1e-4);
}

#[test]
fn other_rays_are_drawn_and_moved_by_their_logarithms() {
    // Three tasks, or one preference a step: what Dirichlet draws, from the middle to beyond.
    for (k, draws) in [(3, 4), (2, 1), (4, 2)] {
        for step in [0u64, 3, 25, 50] {
            let (mut drawn, mut alpha) = (vec![0.0; k], vec![0.0; k]);
            draw_preference((11, step), draws - 1, 0.4, &mut drawn);
            Rays { anneal: 2.0, steps: 50 }.write((11, step), (draws - 1, draws), 0.4, &mut alpha);
            let power = 2.0 * step as f64 / 50.0;
            let sum: f64 = drawn.iter().map(|share| share.powf(power)).sum();
            for (found, share) in alpha.iter().zip(&drawn) {
                assert!((found - share.powf(power) / sum).abs() < 1e-9, "{k} {step}: {alpha:?} of {drawn:?}");
            }
        }
    }
    // Without annealing nothing changes, and shares too small for a number leave a preference.
    let (mut drawn, mut alpha) = (vec![0.0; 2], vec![0.0; 2]);
    for step in 0..200 {
        draw_preference((1, step), 0, 0.05, &mut drawn);
        Rays { anneal: 0.0, steps: 200 }.write((1, step), (0, 1), 0.05, &mut alpha);
        assert_eq!(alpha, drawn);
        Rays { anneal: 20.0, steps: 200 }.write((1, step), (0, 1), 0.05, &mut alpha);
        assert!((alpha.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{alpha:?}");
    }
}

#[test]
fn a_chart_of_an_analytic_problem_is_trained_at_annealed_rays() {
    let (steps, draws, anneal, rate) = (15, 3, 6.0, 0.03);
    let text = format!(
        "#v=1&d=fonseca-fleming&start=upper&st={steps}&lr={rate}&opt=sgd&m=sum~way~phn~draws~{draws}~anneal~{anneal}"
    );
    let problem = problem("fonseca-fleming").expect("a problem");
    let map = Hyper::new(0.1, Ground::Problem(problem), 2);
    let start = [-0.5f64, 1.25];
    let mut phi: Vec<f64> = Map::<f64>::start(&map, config(&text).training.seed, &start);
    let mut theta = [0.0f64; 2];
    for step in 0..steps {
        let mut back = vec![0.0; phi.len()];
        for draw in 0..draws {
            let alpha = by_hand(draw, draws, anneal * f64::from(step) / f64::from(steps));
            map.at(&phi, &alpha, &mut theta);
            let mut rows = [0.0; 4];
            (problem.gradients)(&theta, &mut rows);
            let slopes = [0, 1].map(|c| alpha[0] * rows[c] + alpha[1] * rows[2 + c]);
            map.pull_back(&phi, &alpha, &slopes, &mut back);
        }
        for (range, share) in Map::<f64>::parts(&map) {
            for at in range {
                phi[at] -= rate * share * back[at];
            }
        }
    }
    let (annealed, plain) = (losses(&text), losses(&text.replace(&format!("~anneal~{anneal}"), "")));
    let mut apart: f64 = 0.0;
    for (i, (found, other)) in annealed.iter().zip(&plain).enumerate() {
        let share = i as f64 / 10.0;
        map.at(&phi, &[share, 1.0 - share], &mut theta);
        let mut wanted = [0.0; 2];
        (problem.losses)(&theta, &mut wanted);
        // The run has φ in f32.
        assert!(found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-5), "{share}: {found:?} for {wanted:?}");
        apart = found.iter().zip(other).map(|(a, b)| (a - b).abs()).fold(apart, f64::max);
    }
    assert!(apart > 1e-4, "annealing changes nothing: {apart}");
}

#[test]
fn links_hold_the_anneal_and_old_ones_mean_what_they_did() {
    let plain = config("#v=1&p=two-sines&net=3&m=sum~way~palora");
    let learned = plain.runs[0].learned().expect("a learner");
    let at = learned.learner.knobs.iter().position(|knob| knob.name == "anneal").expect("the knob");
    assert_eq!(learned.knobs[at], 0.0);
    assert!(!link::write(&plain).contains("anneal"));
    let annealed = config("#v=1&p=two-sines&net=3&m=sum~way~palora~draws~4~anneal~2.5");
    let written = link::write(&annealed);
    assert!(written.contains("~anneal~2.5"), "{written}");
    assert_eq!(config(&written), annealed);
}

#[cfg(feature = "gpu")]
#[test]
fn a_device_takes_the_rays_that_the_processor_takes() {
    let of = |backend: &str, anneal: &str| {
        losses(&format!("#v=1&p=two-sines&net=5&st=10&b=32&backend={backend}&m=sum~way~palora~draws~3~anneal~{anneal}"))
    };
    let (cpu, gpu, plain) = (of("cpu", "4"), of("gpu", "4"), of("cpu", "0"));
    assert_ne!(cpu, gpu);
    let far = |a: &[Vec<f64>], b: &[Vec<f64>]| {
        a.iter().flatten().zip(b.iter().flatten()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    };
    let apart = far(&cpu, &plain);
    assert!(far(&cpu, &gpu) < 1e-4 && apart > 1e-3, "{} {apart}", far(&cpu, &gpu));
}
