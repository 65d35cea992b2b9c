//! Points of a map a second, the plain way against the quick one: `cargo bench --bench landscape`.
//!
//! Both evaluate the same points of the same random plane. The plain way forms all parameters and goes forward as a
//! training step does.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use paretoscope::backend::Workload;
use paretoscope::backend::cpu::Cpu;
use paretoscope::config::link;
use paretoscope::data::mtld;
use paretoscope::landscape::{Grid, Ground, Pull};
use paretoscope::protocol::MapPlane;
use paretoscope::rng::{Stream, StreamId};
use paretoscope::session::Land;

const PRESETS: [&str; 3] = ["two-sines", "digits8", "multimnist"];
/// Nodes along each axis: the coarsest map.
const SIDE: u32 = 11;

fn main() {
    divan::main();
}

/// The network and the data of a preset, and a plane of its parameters.
fn land(preset: &str) -> (Land, MapPlane) {
    let config = link::parse(&format!("#v=1&p={preset}")).expect("a preset").config;
    let read = |name: &&str| {
        let bytes = std::fs::read(format!("{}/www/data/{name}", env!("CARGO_MANIFEST_DIR"))).expect("a shipped file");
        mtld::decode(name, &bytes).expect("a sound file")
    };
    let files: Vec<_> = config.files().iter().map(read).collect();
    let land = Land::build(&config, &files).expect("a preset's data");
    let p = land.ground(1).n_parameters();
    let draws = |axis: u32, size: f64| -> Vec<f32> {
        let draws = Stream::new(1, StreamId::Probe, axis);
        (0..p).map(|i| (size * draws.normal(i as u64)) as f32).collect()
    };
    let directions = [0, 1].map(|axis| draws(axis, 1.0 / (p as f64).sqrt()));
    let plane = MapPlane { origin: draws(2, 0.3), directions: directions.into(), spans: vec![[-1.0, 1.0]; 2] };
    (land, plane)
}

fn ground(preset: &str) -> (Ground, MapPlane) {
    let (land, plane) = land(preset);
    (land.ground(land.map_rows()), plane)
}

#[divan::bench(args = PRESETS)]
fn quick(bencher: Bencher, preset: &str) {
    let (mut ground, plane) = ground(preset);
    ground.stand_on(&plane);
    let grid = Grid::new(SIDE, false);
    let order = grid.order();
    let mut losses = vec![0.0; ground.n_tasks()];
    bencher.counter(ItemsCount::new(order.len())).bench_local(|| {
        for &node in &order {
            ground.losses(grid.node(&plane.spans, node), &mut losses);
            black_box(&losses);
        }
    });
}

#[divan::bench(args = PRESETS)]
fn plain(bencher: Bencher, preset: &str) {
    let (land, plane) = land(preset);
    let Land::Rows(workload) = &land else { unreachable!("{preset} trains a network") };
    let rows: Vec<u32> = (0..land.map_rows() as u32).collect();
    let mut cpu = Cpu::<f32>::new(Workload { batch_rows: rows.len(), ..(**workload).clone() }, plane.origin.clone());
    let grid = Grid::new(SIDE, false);
    let order = grid.order();
    let mut losses = vec![0.0; workload.network.n_tasks()];
    bencher.counter(ItemsCount::new(order.len())).bench_local(|| {
        for &node in &order {
            let [x, y] = grid.node(&plane.spans, node).map(|at| at as f32);
            let [u, v] = [&plane.directions[0], &plane.directions[1]];
            let theta = cpu.parameters_mut();
            for (((theta, origin), u), v) in theta.iter_mut().zip(&plane.origin).zip(u).zip(v) {
                *theta = origin + x * u + y * v;
            }
            cpu.losses(&rows, &mut losses);
            black_box(&losses);
        }
    });
}

/// The same points on the graphics device, as many in a submit as a survey may take; what it is stands in the output.
#[cfg(feature = "gpu")]
#[divan::bench(args = PRESETS)]
fn gpu(bencher: Bencher, preset: &str) {
    use paretoscope::backend::gpu::{GpuDevice, NodeLosses};
    use pollster::block_on;

    let device = block_on(GpuDevice::open()).expect("an adapter");
    eprintln!("{preset} on {}", device.adapter_name());
    let (land, plane) = land(preset);
    let Land::Rows(workload) = &land else { unreachable!("{preset} trains a network") };
    let mut nodes = block_on(NodeLosses::new(device, workload, land.map_rows())).expect("dense layers");
    nodes.stand_on(&plane.origin, &plane.directions).expect("a device");
    let grid = Grid::new(SIDE, false);
    let places: Vec<[f64; 2]> = grid.order().into_iter().map(|node| grid.node(&plane.spans, node)).collect();
    bencher.counter(ItemsCount::new(places.len())).bench_local(|| {
        for places in places.chunks(nodes.most()) {
            black_box(block_on(nodes.losses(places)).expect("a device"));
        }
    });
}

/// With gradients, as maps of conflict and fields of descent need them.
#[divan::bench(args = PRESETS)]
fn with_gradients(bencher: Bencher, preset: &str) {
    let (mut ground, plane) = ground(preset);
    ground.stand_on(&plane);
    let grid = Grid::new(SIDE, false);
    let order = grid.order();
    let (mut losses, mut numbers) = (vec![0.0; ground.n_tasks()], vec![0.0; Pull::count(ground.n_tasks())]);
    bencher.counter(ItemsCount::new(order.len())).bench_local(|| {
        for &node in &order {
            ground.pull(grid.node(&plane.spans, node), &mut losses, &mut numbers);
            black_box(&numbers);
        }
    });
}
