//! The guide's pages: written from the registry, every experiment they link to opens, and what they claim holds.

use paretoscope::balance::formula::{FORMULAS, formula};
use paretoscope::balance::{Balancer, Gramian, METHODS, Promise, Served, Setup, Source, StepContext, method};
use paretoscope::cli::guide::methods_page;
use paretoscope::cli::run::{self, RunOptions, SharedClock, Watch};
use paretoscope::config::link;
use paretoscope::measure::pull::cosines;
use paretoscope::train::History;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn www(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("www").join(file)
}

#[test]
fn the_table_of_methods_is_current() {
    let (path, page) = (www("methods/index.html"), methods_page());
    if std::env::var("INSTA_UPDATE").is_ok_and(|how| how == "always") {
        std::fs::write(&path, &page).expect("the page can be written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == page, "www/methods/index.html is not what the registry says; run `cargo xtask bless`");
}

#[test]
fn every_method_has_a_row_and_every_filter_finds_some_but_not_all() {
    let page = methods_page();
    let rows: Vec<&str> = page.split("<tr id=\"").skip(1).collect();
    assert_eq!(rows.len(), METHODS.len());
    for (row, method) in rows.iter().zip(METHODS) {
        assert!(row.starts_with(&format!("{}\"", method.id)) && row.contains("<math"), "{}", method.id);
    }
    let mut filters = 0;
    for rule in page.lines().filter_map(|line| line.trim().strip_prefix("body:has(#")) {
        let (input, rest) = rule.split_once(":checked) tr[data-").expect("a rule");
        assert!(page.contains(&format!("id=\"{input}\"")), "{input} is no radio button");
        let (name, rest) = rest.split_once(']').expect("an attribute");
        let value = rest.split('"').nth(1).expect("a value");
        let found = rows
            .iter()
            .filter(|row| {
                let own = row.split_once(&format!("data-{name}=\"")).expect("the attribute").1;
                own.split('"').next().expect("its value").split(' ').any(|word| word == value)
            })
            .count();
        assert!((1..rows.len()).contains(&found), "{input} finds {found}");
        filters += 1;
    }
    assert_eq!(filters, 3 + 4 + 3 + Promise::ALL.len());
}

#[test]
fn every_method_has_one_formula_without_errors() {
    let mut ids: Vec<&str> = METHODS.iter().map(|method| method.id).collect();
    ids.sort_unstable();
    assert_eq!(FORMULAS.iter().map(|formula| formula.id).collect::<Vec<_>>(), ids);
    for id in ids {
        let formula = formula(id).expect("sorted by id");
        assert!(formula.mathml.starts_with("<math") && formula.mathml.ends_with("</math>"), "{id}");
        assert!(!formula.mathml.contains("merror") && formula.mathml.contains("<mi>"), "{id}: {}", formula.mathml);
    }
}

#[test]
fn citations_are_complete() {
    for method in METHODS {
        let (id, source) = (method.id, method.source);
        let entry = source.bibtex(id);
        for field in ["author = {", "title = {{", &format!("year = {{{}}}", source.year), "url = {https://"] {
            assert!(entry.contains(field), "{id}: {entry}");
        }
        let braces = |brace: char| entry.chars().filter(|c| *c == brace).count();
        assert_eq!(braces('{'), braces('}'), "{id}: {entry}");
        assert!(entry.is_ascii(), "{id}: BibTeX is written with TeX's accents: {entry}");
        let line = source.reference();
        assert!(!line.contains(['{', '}', '\\']) && !line.starts_with(','), "{id}: {line}");
    }
    let accented = Source { authors: &["Jean-Antoine D{\\'e}sid{\\'e}ri"], ..METHODS[0].source };
    // A letter and the combining accent behind it.
    assert!(accented.reference().starts_with("De\u{301}side\u{301}ri, "), "{}", accented.reference());
}

#[test]
fn every_experiment_of_the_guide_opens() {
    for (page, least) in [("methods/index.html", METHODS.len()), ("choose/index.html", 25)] {
        let text = std::fs::read_to_string(www(page)).expect("a page");
        let links: Vec<String> = text
            .split("href=\"../#")
            .skip(1)
            .map(|rest| rest.split('"').next().expect("an end").replace("&amp;", "&"))
            .collect();
        assert!(links.len() >= least, "{page} has {} links", links.len());
        for shared in links {
            let read = link::read(&format!("#{shared}"));
            assert!(read.as_ref().is_ok_and(|read| read.unknown.is_empty()), "{page}: {shared}: {read:?}");
        }
        for place in ["../tokens.css", "../guide.css", "../guide.js", "../icons/icon.svg"] {
            assert!(text.contains(place) && www(page).parent().expect("a folder").join(place).is_file(), "{place}");
        }
    }
}

struct Patient;

impl Watch for Patient {
    fn goes_on(&mut self, _: u32, _: u32, _: u32) -> bool {
        true
    }
}

fn trained(shared: &str) -> History {
    let options = RunOptions { seeds: 1, ..RunOptions::default() };
    let config = run::read(shared, &options).expect("a link");
    let file = |name: &str| std::fs::read(www("data").join(name));
    let mut watch = Patient;
    let clock: SharedClock = Arc::new(|| 0.0);
    let mut results = run::run(&config, &options, &file, &clock, &mut watch).expect("an experiment");
    results.remove(0).history
}

#[test]
fn width_decides_whether_the_questions_about_digits_conflict() {
    let mean = |net: &str| {
        let history = trained(&format!("#v=1&p=digits8&tasks=odd,ge5&net={net}&m=sum&st=400"));
        let pulls = history.runs[0].records.iter().skip(40).filter_map(|record| record.pull.as_ref());
        let cosines: Vec<f64> = pulls.map(|pull| cosines(&pull.gramian, 2)[1]).collect();
        cosines.iter().sum::<f64>() / cosines.len() as f64
    };
    let (wide, narrow) = (mean("64-64"), mean("3"));
    assert!(wide.abs() < 0.15 && narrow < -0.2, "mean cosine {wide} on 64 units, {narrow} on 3");
}

#[test]
fn adam_takes_a_common_factor_away_and_sgd_turns_it_into_a_rate() {
    let end = |shared: &str| {
        let history = trained(shared);
        history.runs.iter().map(|run| run.records.last().expect("records").losses.clone()).collect::<Vec<_>>()
    };
    let apart = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).abs() / a).fold(0.0, f64::max);
    let adam = end("#v=1&m=sum,mean&st=200");
    assert!(apart(&adam[0], &adam[1]) < 0.02, "{adam:?}");
    let sgd = end("#v=1&opt=sgd&lr=.05&m=sum,mean&st=200");
    assert!(apart(&sgd[0], &sgd[1]) > 0.05, "{sgd:?}");
    let (sum, mean) = (end("#v=1&opt=sgd&lr=.05&m=sum&st=200"), end("#v=1&opt=sgd&lr=.1&m=mean&st=200"));
    // Heads take their own gradient times the weight, so all of θ moves alike.
    assert!(apart(&sum[0], &mean[0]) < 1e-3, "{sum:?} {mean:?}");
}

#[test]
fn mgda_gives_most_weight_to_the_shortest_gradient() {
    let mgda = method("mgda").expect("registered");
    let Balancer::Gramian(mut built) = mgda.new_balancer(&Setup { n_tasks: 3, knobs: mgda.default_knobs() }) else {
        panic!("a Gramian method")
    };
    let ctx = StepContext {
        losses: &[1.0; 3],
        first_losses: &[1.0; 3],
        epoch_means: None,
        preference: &[1.0 / 3.0; 3],
        learning_rate: 0.1,
        step: 0,
        seed: 0,
        served: Served::default(),
    };
    let mut w = [0.0; 3];
    built.weights(&ctx, &Gramian::from_rows(&[&[2.0, 0.0, 0.0], &[0.0, 0.5, 0.0], &[0.0, 0.0, 1.0]]), &mut w);
    assert!(w[1] > w[2] && w[2] > w[0], "{w:?}");
}
