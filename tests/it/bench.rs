//! The benchmark's workload: the losses of its third step as published, on both backends; orders as text.

use paretoscope::backend::Backend;
use paretoscope::backend::cpu::Cpu;
use paretoscope::bench::{
    Mode, Order, PRODUCTS, Product, Products, Progress, Runs, SIZES, Size, TOLERANCE, Trial, Work, run,
};
use paretoscope::kernels::Means;
use paretoscope::protocol::BackendKind;
use std::cell::Cell;

fn size(id: &str) -> &'static Size {
    Size::find(id).expect("a size of the registry")
}

/// Three steps, whose last losses are the expected ones.
fn check(size: &Size, mode: Mode, backend: Backend) {
    let mut trial = Trial::new(size, mode, backend);
    pollster::block_on(trial.advance(3)).expect("three steps");
    // A device may still be at it.
    pollster::block_on(trial.drain()).expect("a device that answers");
    for (task, (loss, expected)) in trial.losses().iter().zip(size.expected(mode)).enumerate() {
        let off = (loss / expected - 1.0).abs();
        assert!(off <= TOLERANCE, "{} {}: task {task} has {loss}, not {expected}", size.id, mode.id());
    }
}

fn on_cpu(id: &str, mode: Mode) {
    let (workload, theta) = size(id).workload();
    check(size(id), mode, Backend::Cpu(Box::new(Cpu::new(workload, theta))));
}

#[test]
fn the_third_step_has_the_published_losses() {
    for id in ["S", "M", "L"] {
        Mode::ALL.into_iter().for_each(|mode| on_cpu(id, mode));
    }
}

#[test]
fn the_largest_size_has_the_published_losses_with_equal_weights() {
    on_cpu("XL", Mode::Ew);
}

#[test]
fn the_largest_size_has_the_published_losses_with_projections() {
    on_cpu("XL", Mode::Pcgrad);
}

#[test]
fn the_check_notices_a_wrong_step() {
    // The losses of the second step are not those of the third.
    let size = size("S");
    let (workload, theta) = size.workload();
    let mut trial = Trial::new(size, Mode::Pcgrad, Backend::Cpu(Box::new(Cpu::new(workload, theta))));
    pollster::block_on(trial.advance(2)).expect("two steps");
    let off = |(loss, expected): (&f64, &f64)| (loss / expected - 1.0).abs();
    assert!(trial.losses().iter().zip(size.expected(Mode::Pcgrad)).map(off).fold(0.0, f64::max) > 10.0 * TOLERANCE);
}

#[cfg(feature = "gpu")]
#[test]
fn a_result_of_a_device_names_its_products() {
    for (products, says) in
        [("measured", " tiles"), ("registers", ", register tiles"), ("workgroup", ", workgroup tiles")]
    {
        let order = Order::of_query(&format!("size=S&ms=1&backend=gpu&products={products}")).expect("an order");
        match pollster::block_on(run(&order, None, &ticking(), &mut |_| true)) {
            Ok(done) => assert!(done.adapter.ends_with(says) && done.agrees(), "{done:?}"),
            Err(why) if std::env::var_os("REQUIRE_GPU").is_none() => return println!("not run: {why}"),
            Err(why) => panic!("{why}"),
        }
    }
}

#[cfg(feature = "gpu")]
#[test]
fn compared_runs_are_timed_together_and_alone() {
    let order = Order::of_query("size=S&ms=1&backend=gpu&runs=3x2").expect("an order");
    let done = match pollster::block_on(run(&order, None, &ticking(), &mut |_| true)) {
        Ok(done) => done,
        Err(why) if std::env::var_os("REQUIRE_GPU").is_none() => return println!("not run: {why}"),
        Err(why) => panic!("{why}"),
    };
    assert!(done.agrees() && done.losses.len() == 2, "{done:?}");
    assert!(done.count.is_multiple_of(60) && done.per_second_alone() > Some(0.0), "{done:?}");
    assert!(done.to_json()["steps_per_s_alone"].is_number());
    let order = Order::of_query("size=L&ms=1&backend=gpu&runs=3x2").expect("an order");
    let why = pollster::block_on(run(&order, None, &ticking(), &mut |_| true)).expect_err("too large");
    assert!(why.contains("choose 1 run"), "{why}");
}

#[cfg(feature = "gpu")]
#[test]
fn the_third_step_has_the_published_losses_on_a_device() {
    use paretoscope::backend::gpu::{Family, Gpu, GpuDevice};
    let device = match pollster::block_on(GpuDevice::open()) {
        Ok(device) => device,
        Err(why) if std::env::var_os("REQUIRE_GPU").is_none() => return println!("not run: {why}"),
        Err(why) => panic!("{why}"),
    };
    for (id, family) in [("S", Family::Registers), ("M", Family::Registers), ("M", Family::Workgroup)] {
        device.use_family(family);
        for mode in Mode::ALL {
            let (workload, theta) = size(id).workload();
            let gpu = Gpu::new(device.clone(), &workload, &theta).expect("room for the workload");
            check(size(id), mode, Backend::Gpu(Box::new(gpu)));
        }
    }
    for mode in Mode::ALL {
        let mut trials = pollster::block_on(paretoscope::bench::Trials::new(size("S"), mode, 3, device.clone()))
            .expect("room for three runs")
            .expect("a network that is small enough");
        pollster::block_on(trials.advance(3)).expect("three steps");
        pollster::block_on(trials.drain()).expect("a device that answers");
        assert_eq!(trials.losses().len(), 6);
        for (loss, expected) in trials.losses().iter().zip(size("S").expected(mode).iter().cycle()) {
            assert!((loss / expected - 1.0).abs() <= TOLERANCE, "S {} at once: {loss}, not {expected}", mode.id());
        }
    }
    let mut product = Product::on_gpu(PRODUCTS[0], device).expect("room for three matrices");
    product.multiply().expect("a product");
    let row = pollster::block_on(product.first_row()).expect("a row");
    assert!(product.off(&row) < 1e-3, "off by {}", product.off(&row));
}

#[test]
fn products_are_right_and_their_check_notices_wrong_ones() {
    let mut product = Product::on_cpu(PRODUCTS[0], Means::default());
    product.multiply().expect("a product");
    let mut row = pollster::block_on(product.first_row()).expect("a row");
    assert!(product.off(&row) < 1e-3, "off by {}", product.off(&row));
    row[7] += 0.01;
    assert!(product.off(&row) > 1e-3);
}

/// A clock that every look moves on by a millisecond.
fn ticking() -> impl Fn() -> f64 {
    let now = Cell::new(0.0);
    move || now.replace(now.get() + 1.0)
}

#[test]
fn a_window_is_timed_by_its_clock_and_can_end_early() {
    let order = Order::of_query("?size=S&mode=ew&backend=cpu&ms=200").expect("an order");
    let mut seen: Vec<Progress> = Vec::new();
    let done = pollster::block_on(run(&order, None, &ticking(), &mut |progress| {
        seen.push(progress);
        true
    }))
    .expect("a result");
    assert!(done.agrees() && done.off > 0.0, "{done:?}");
    assert!(done.millis >= 200.0 && done.count > 0 && done.count.is_multiple_of(10), "{done:?}");
    assert_eq!(done.per_second(), f64::from(done.count) / done.millis * 1e3);
    assert_eq!(seen.iter().filter(|progress| progress.counts).map(|progress| progress.done).max(), Some(done.count));
    let json = done.to_json();
    let mut keys: Vec<&String> = json.as_object().expect("an object").keys().collect();
    keys.sort_unstable();
    assert_eq!(keys, ["backend", "losses_step3", "steps_per_s"]);
    let early = pollster::block_on(run(&order, None, &ticking(), &mut |_| false)).expect("a result");
    assert_eq!(early.count, 10);
}

#[test]
fn orders_are_read_or_refused_with_a_sentence() {
    #[track_caller]
    fn refused(query: &str, says: &[&str]) {
        let why = Order::of_query(query).expect_err("a fault");
        assert!(says.iter().all(|word| why.contains(word)) && why.ends_with('.'), "{why}");
    }
    let order = Order::of_query("size=L&ms=50").expect("an order");
    assert_eq!(order.work, Work::Step { size: size("L"), mode: Mode::Pcgrad });
    assert_eq!((order.backend, order.millis), (BackendKind::Cpu, 50.0));
    let order = Order::of_query("kernel=matmul&n=512&backend=gpu").expect("an order");
    assert_eq!((order.work, order.backend), (Work::Matmul { n: 512 }, BackendKind::Gpu));
    refused("", &["size", "S, M, L or XL"]);
    refused("size=Q", &["\"Q\"", "S, M, L or XL"]);
    refused("size=S&mode=mgda", &["mgda", "ew or pcgrad"]);
    refused("size=S&backend=npu", &["npu", "cpu or gpu"]);
    assert_eq!(order.products, Products::Measured);
    let order = Order::of_query("size=S&backend=gpu&products=workgroup").expect("an order");
    assert_eq!(order.products, Products::Workgroup);
    refused("size=S&products=tensor", &["tensor", "measured, registers or workgroup"]);
    refused("size=S&products=workgroup", &["products", "cpu"]);
    refused("size=S&threads=0", &["threads", "1 to 16"]);
    refused("size=S&threads=2&backend=gpu", &["threads", "CPU"]);
    refused("size=S&runs=30", &["runs", "gpu"]);
    for ms in ["0", "-1", "NaN", "inf", "1e9", "", "soon"] {
        refused(&format!("size=S&ms={ms}"), &["ms", "milliseconds"]);
    }
    let runs = |text: &str| Order::of_query(&format!("size=S&backend=gpu&runs={text}")).expect("an order").runs;
    assert_eq!(runs("30"), Runs::Same(30));
    assert_eq!(runs("6x5"), Runs::Compared { methods: 6, seeds: 5 });
    assert_eq!((runs("6x5").count(), runs("30").count()), (30, 30));
    refused("size=S&backend=gpu&runs=6x5&mode=ew", &["mode"]);
    refused("size=S&runs=1x1", &["gpu"]);
    for runs in ["0", "33", "many", "7x2", "6x6", "0x5", "6x", "x5", "6x5x1"] {
        refused(&format!("size=S&backend=gpu&runs={runs}"), &[runs, "1 to 32"]);
    }
    refused("size=S&runs=2", &["gpu"]);
    refused("kernel=matmul&backend=gpu&runs=2", &["gpu", "size"]);
    refused("kernel=fft", &["fft", "matmul"]);
    refused("kernel=matmul&n=300", &["300", "256, 512 or 1024"]);
}

#[test]
fn every_size_has_its_name_once() {
    let mut ids: Vec<&str> = SIZES.iter().map(|size| size.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), SIZES.len());
}

#[cfg(feature = "cli")]
#[test]
fn flags_become_a_result_or_a_sentence() {
    use paretoscope::cli::bench::{BenchFlags, bench, sentence};
    use paretoscope::cli::run::RunError;
    let text = |text: &str| Some(text.to_owned());
    let flags = BenchFlags { size: text("S"), ms: text("20"), ..BenchFlags::default() };
    let done = pollster::block_on(bench(&flags, &ticking(), &mut |_| true)).expect("a result");
    let said = sentence(&done);
    assert!(said.starts_with("S pcgrad on cpu: ") && said.contains("steps/s"), "{said}");
    let flags = BenchFlags { kernel: text("matmul"), n: text("256"), ms: text("20"), ..BenchFlags::default() };
    let done = pollster::block_on(bench(&flags, &ticking(), &mut |_| true)).expect("a result");
    assert!(sentence(&done).contains("GFLOP/s") && done.gflops() > Some(0.0), "{done:?}");
    let flags = BenchFlags { size: text("XXL"), ..BenchFlags::default() };
    match pollster::block_on(bench(&flags, &ticking(), &mut |_| true)) {
        Err(RunError::Input(why)) => assert!(why.contains("XXL") && why.ends_with('.'), "{why}"),
        other => panic!("{other:?}"),
    }
}
