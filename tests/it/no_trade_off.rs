//! Where a front is a trade-off and where one point serves all: real data through networks of several widths, and
//! analytic problems, whose answer is known.

use paretoscope::cli::front::{FrontOptions, Fronts, front};
use paretoscope::cli::run::Watch;
use paretoscope::config::link;
use paretoscope::measure::front::{FrontReading, igd, read_front};

struct ToTheEnd;

impl Watch for ToTheEnd {
    fn goes_on(&mut self, _seed: u32, _step: u32, _steps: u32) -> bool {
        true
    }
}

fn fronts(text: &str, seeds: u32) -> Fronts {
    let config = link::parse(text).unwrap_or_else(|rejected| panic!("{text}: {:?}", rejected.complaints)).config;
    let read = |name: &str| std::fs::read(format!("{}/www/data/{name}", env!("CARGO_MANIFEST_DIR")));
    let options = FrontOptions { points: 11, seeds, threads: 2, ..FrontOptions::default() };
    front(&config, &options, &read, &mut ToTheEnd).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The reading of a run's front on test rows.
fn reading(found: &Fronts, seed: usize, run: usize) -> FrontReading {
    let told = &found.seeds[seed];
    let alphas: Vec<Vec<f64>> = told.fronts[run].iter().map(|point| point.preference.clone()).collect();
    read_front(&alphas, &losses(found, seed, run), &told.nothing, (&found.reference, &told.outline.front))
}

fn losses(found: &Fronts, seed: usize, run: usize) -> Vec<Vec<f64>> {
    found.seeds[seed].fronts[run].iter().map(|point| point.test.losses.clone()).collect()
}

#[test]
fn wide_networks_have_no_trade_off_and_narrow_ones_have() {
    #[track_caller]
    fn check(text: &str, is_degenerate: bool) {
        let reading = reading(&fronts(text, 1), 0, 0);
        let told = format!("{text}: {:?} {:?}", reading.best_for_all, reading.extents);
        assert_eq!((reading.is_degenerate, reading.is_flat), (is_degenerate, is_degenerate), "{told}");
    }
    check("#v=1&p=digits8&m=sum~way~pamal~draws~2", true);
    check("#v=1&p=digits8-tiny&m=sum~way~pamal~draws~2", false);
    check("#v=1&p=multimnist&net=64&m=sum~way~pamal~draws~2", true);
    check("#v=1&p=multimnist&net=8&m=sum~way~pamal~draws~2", false);
    // Shorter and narrower than the preset, which has the same verdict.
    check("#v=1&p=pamal-census&net=64&st=150&m=sum~way~pamal~draws~2", true);
    check("#v=1&p=pamal-census-narrow&m=sum~way~pamal~draws~2", false);
}

#[test]
fn one_end_of_a_true_front_is_no_lack_of_a_trade_off() {
    let of =
        |problem: &str| reading(&fronts(&format!("#v=1&p=toy&d={problem}&sc=1,1&m=sum~way~pamal~draws~4"), 1), 0, 0);
    // The front bends outwards, so the plain sum takes every mixture to the same end.
    let end = of("zdt2");
    assert!(end.is_flat && !end.is_degenerate, "{:?}", end.extents);
    assert!(end.worth.ratio.is_some_and(|ratio| ratio < 0.5) && end.worth.igd.is_some_and(|igd| igd > 0.3), "{end:?}");
    for problem in ["quadratics", "zdt1", "fonseca-fleming"] {
        let whole = of(problem);
        assert!(!whole.is_flat && !whole.is_degenerate, "{problem}: {:?}", whole.extents);
        assert!(whole.worth.ratio.is_some_and(|ratio| (0.8..1.01).contains(&ratio)), "{problem}: {:?}", whole.worth);
    }
}

#[test]
fn a_true_front_measures_learners_populations_sweeps_and_single_points() {
    let text = "#v=1&d=zdt1&st=800&lr=.02&opt=adam&m=sum~way~pamal~draws~4,constant~way~sweep,sum~way~hv,sum";
    let found = fronts(text, 1);
    let json = found.to_json();
    let front = &found.seeds[0].outline.front;
    // A tenth beyond the front, which is between 0 and 1 in both losses, whatever the runs do.
    assert!(found.reference.iter().all(|limit| (limit - 1.1).abs() < 1e-3), "{:?}", found.reference);
    let mut ratios = Vec::new();
    for run in 0..4 {
        let told = &json["runs"][run];
        let (ratio, far) = (told["hypervolume_ratio"].as_f64(), told["igd"].as_f64());
        let (ratio, far) = (ratio.expect("a true front"), far.expect("a true front"));
        let free: Vec<Vec<f64>> = told["points"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|point| point["nondominated"] == true)
            .map(|point| point["losses"].as_array().into_iter().flatten().filter_map(|x| x.as_f64()).collect())
            .collect();
        assert_eq!(Some(far), igd(&free, &front.concat()));
        assert!(ratio > 0.0 && ratio < 1.01, "{run}: {ratio}");
        assert_eq!(told["spread"].is_null(), run == 3);
        ratios.push(ratio);
    }
    // One point of a front is less than a front.
    assert!(ratios[..3].iter().all(|whole| *whole > ratios[3] + 0.1), "{ratios:?}");
    let words = found.to_table();
    assert!(words.contains("share of the true front's hypervolume") && words.contains("(IGD)"), "{words}");
}

#[test]
fn lenets_lie_between_two_digits_after_sixty_steps() {
    let found = fronts("#v=1&p=pamal-lenet&dk=size~28,train~4000,test~500&st=60&m=sum~way~pamal~draws~4", 1);
    let points = losses(&found, 0, 0);
    // From seven tenths for the left digit to three, by tenths.
    let between = &points[3..=7];
    assert!(between.windows(2).all(|pair| pair[0][0] < pair[1][0] && pair[0][1] > pair[1][1]), "{between:?}");
    assert!(!reading(&found, 0, 0).is_flat);
}
