//! Methods take no memory once they are warm: every call of every registered method is counted.

use paretoscope::balance::{Balancer, Gramian, METHODS, Need, Served, Setup, StepContext};
use paretoscope::config::link;
use paretoscope::landscape::Pull;
use paretoscope::protocol::MapPlane;
use paretoscope::rng::{Stream, StreamId};
use paretoscope::session::Land;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator, which counts what each thread takes.
struct Counting;

thread_local! {
    static TAKEN: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: everything is handed on to the system's allocator; counting takes no memory, since the cell is constant-
// initialized and has no destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        TAKEN.with(|taken| taken.set(taken.get() + 1));
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: `at` came from `System` by way of this allocator.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What this thread has taken so far.
pub fn taken() -> u64 {
    TAKEN.with(Cell::get)
}

const N_SHARED: usize = 24;
const WARM_UP: u64 = 3;
const CALLS: u64 = 5;

#[test]
fn the_counter_counts() {
    let before = TAKEN.with(Cell::get);
    let taken = Box::new([1_u8; 100]);
    assert_eq!((taken.len(), TAKEN.with(Cell::get) - before), (100, 1));
}

#[test]
fn no_method_takes_memory_once_it_is_warm() {
    for method in METHODS {
        for k in [2, 3, 8, 16] {
            let draws = Stream::new(4, StreamId::Probe, k as u32);
            let g: Vec<f64> = (0..k * N_SHARED).map(|i| draws.normal(i as u64)).collect();
            let rows: Vec<&[f64]> = g.chunks_exact(N_SHARED).collect();
            let gramian = Gramian::from_rows(&rows);
            let losses: Vec<f64> = (1..=k).map(|i| i as f64 / k as f64).collect();
            let preference = vec![1.0 / k as f64; k];
            let cross: Vec<f64> = (0..k * k).map(|at| gramian.product(at / k, at % k)).collect();
            let labels: Vec<f64> = (0..k * k).map(|at| if at / k == at % k { 1.0 } else { 0.3 }).collect();
            let mut balancer = method.new_balancer(&Setup { n_tasks: k, knobs: method.default_knobs() });
            let (mut w, mut keep, mut add) = (vec![0.0; k], vec![0.0; k], vec![0.0; k]);
            let mut d = vec![0.0; N_SHARED];
            let mut call = |step: u64| {
                let ctx = StepContext {
                    losses: &losses,
                    first_losses: &losses,
                    epoch_means: Some((&losses, &losses)),
                    preference: &preference,
                    learning_rate: 0.01,
                    step,
                    seed: 1,
                    served: Served {
                        last_layer: Some(&gramian),
                        validation_losses: Some(&losses),
                        cross: Some(&cross),
                        excess: Some(&losses),
                        label_products: Some(&labels),
                    },
                };
                match &mut balancer {
                    Balancer::Losses(balancer) => {
                        balancer.weights(&ctx, &mut w);
                    }
                    Balancer::Gramian(balancer) => {
                        if method.needs(Need::KeptRows) {
                            balancer.keep(&ctx, &gramian, &mut keep, &mut add);
                        }
                        balancer.weights(&ctx, &gramian, &mut w);
                    }
                    Balancer::Rows(balancer) => {
                        balancer.begin(&ctx, N_SHARED);
                        balancer.direction(&ctx, 0, &rows, &mut d);
                    }
                }
                balancer.after_step(&ctx, &losses);
            };
            (0..WARM_UP).for_each(&mut call);
            let before = TAKEN.with(Cell::get);
            (WARM_UP..WARM_UP + CALLS).for_each(&mut call);
            let taken = TAKEN.with(Cell::get) - before;
            assert_eq!(taken, 0, "{} took memory {taken} times in {CALLS} calls for {k} tasks", method.id);
        }
    }
}

#[test]
fn no_point_of_a_map_takes_memory_once_its_plane_is_laid() {
    let config = link::parse("#v=1&p=two-sines&net=5-3&head=4&act=gelu").expect("a link").config;
    let land = Land::build(&config, &[]).expect("a generated data set");
    let mut ground = land.ground(land.map_rows());
    let p = ground.n_parameters();
    let vector = |sub: u32| -> Vec<f32> {
        (0..p).map(|i| 0.3 * Stream::new(3, StreamId::Probe, sub).normal(i as u64) as f32).collect()
    };
    let plane = MapPlane { origin: vector(0), directions: vec![vector(1), vector(2)], spans: vec![[-1.0, 1.0]; 2] };
    ground.stand_on(&plane);
    let mut losses = vec![0.0; ground.n_tasks()];
    let mut numbers = vec![0.0; Pull::count(ground.n_tasks())];
    let mut round = |at: f64| {
        ground.losses([at, -at], &mut losses);
        ground.pull([-at, at], &mut losses, &mut numbers);
    };
    round(0.5);
    let before = TAKEN.with(Cell::get);
    (0..9).for_each(|at| round(f64::from(at) / 9.0));
    assert_eq!(TAKEN.with(Cell::get) - before, 0);
}
