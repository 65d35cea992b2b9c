//! What leaves the page as a file or to a host: CSV, SVG and JSON of what is open.

use super::page::Page;
use crate::config::link;
use crate::measure::front::nondominated;
use crate::plots::{Ink, Stage, csv, plot, subtitle, summary, svg};
use crate::protocol::{FrontPoint, RunOutline};
use crate::train::{Fronts, any_learns};
use leptos::prelude::*;
use serde_json::{Value, json};
use wasm_bindgen::{JsCast, JsValue};

/// A file's name, type and text.
pub struct File {
    pub name: String,
    pub mime: &'static str,
    pub text: String,
}

/// Size of an exported plot in CSS px.
const PLOT_SIZE: (f64, f64) = (720.0, 480.0);

/// The file of this kind; `view` names a plot. CSV without one is every record, SVG without one the first plot.
///
/// # Errors
/// A sentence when there is no such kind or plot.
pub fn file(page: Page, kind: &str, view: Option<&str>) -> Result<File, String> {
    untrack(move || match kind {
        "csv" => match view {
            None => Ok(File { name: "paretoscope.csv".into(), mime: "text/csv", text: every_record(page) }),
            Some(id) => {
                let plot = plot(id).ok_or_else(|| no_plot(id))?;
                let text = page.with_scene(|scene| csv(&(plot.data)(scene)));
                Ok(File { name: format!("paretoscope-{id}.csv"), mime: "text/csv", text })
            }
        },
        "json" => Ok(File { name: "paretoscope.json".into(), mime: "application/json", text: whole(page).to_string() }),
        "svg" => {
            let id =
                view.map(str::to_string).or_else(|| page.plots_on_screen().first().map(|plot| plot.id.to_string()));
            let plot = id.as_deref().and_then(plot).ok_or_else(|| no_plot(id.as_deref().unwrap_or_default()))?;
            let ink = Ink::of(false);
            let text = page.with_scene(|scene| {
                let stage = Stage::new(PLOT_SIZE.0, PLOT_SIZE.1.max((plot.least_height)(scene)), ink);
                let step = format!("step {}", scene.step);
                let words = [subtitle(plot, scene), step].into_iter().filter(|words| !words.is_empty());
                let words = words.collect::<Vec<_>>().join(", ");
                let picture = (plot.draw)(scene, &stage).captioned(&stage, plot.title, &words);
                svg(&picture, ink.bg, &summary(plot, scene))
            });
            Ok(File { name: format!("paretoscope-{}.svg", plot.id), mime: "image/svg+xml", text })
        }
        other => Err(format!("There is no export “{other}”; there are csv, json and svg.")),
    })
}

fn no_plot(id: &str) -> String {
    format!("There is no plot “{id}” to export.")
}

/// Long format: run, method, seed, step, quantity, i, j, value.
fn every_record(page: Page) -> String {
    let mut text = String::from("run,method,seed,step,quantity,i,j,value\n");
    page.history.with(|history| {
        for (outline, run) in history.outline.runs.iter().zip(&history.runs) {
            let head = format!("{},{},{}", outline.id, outline.method, outline.seed);
            let mut line = |step: u32, quantity: &str, i: usize, j: Option<usize>, value: f64| {
                let j = j.map(|j| (j + 1).to_string()).unwrap_or_default();
                text += &format!("{head},{step},{quantity},{},{j},{value}\n", i + 1);
            };
            for record in &run.records {
                for (i, loss) in record.losses.iter().enumerate() {
                    line(record.step, "loss", i, None, *loss);
                }
                for (i, weight) in record.weights.iter().enumerate() {
                    line(record.step, "weight", i, None, *weight);
                }
                for i in 0..record.losses.len() {
                    for j in 0..i {
                        if let Some(cosine) = record.cosine(j, i) {
                            line(record.step, "cosine", j, Some(i), cosine);
                        }
                    }
                }
            }
            for evaluation in &run.evaluations {
                for (i, metric) in evaluation.metrics.iter().enumerate() {
                    let name = history.outline.tasks.get(i).map_or("metric", |task| task.metric.as_str());
                    line(evaluation.step, &format!("test {name}"), i, None, *metric);
                }
                for (i, loss) in evaluation.losses.iter().enumerate() {
                    line(evaluation.step, "test loss", i, None, *loss);
                }
            }
        }
    });
    text
}

/// The configuration with its link, and every record.
fn whole(page: Page) -> Value {
    let config = page.with_view();
    let configuration: Value = serde_json::from_str(&link::to_json(&config)).unwrap_or(Value::Null);
    let backend = page.backend.with(|report| report.as_ref().map(|report| report.statement.clone()));
    page.history.with(|history| {
        json!({
            "link": link::write(&config),
            "config": configuration,
            "backend": backend,
            "runs": history.outline.runs.iter().zip(&history.runs).map(|(outline, run)| json!({
                "id": outline.id,
                "method": outline.method,
                "seed": outline.seed,
                "records": run.records.iter().map(|record| json!({
                    "step": record.step,
                    "losses": record.losses,
                    "weights": record.weights,
                    "cosines": cosines(record),
                })).collect::<Vec<_>>(),
                "test": run.evaluations.iter().map(|evaluation| json!({
                    "step": evaluation.step,
                    "metrics": evaluation.metrics,
                    "losses": evaluation.losses,
                    "validation": evaluation.validation,
                    "train": evaluation.train,
                })).collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
        })
    })
}

/// What is recorded at the view cursor, in the shape that hosts and tests read.
pub fn metrics(page: Page) -> Value {
    untrack(move || {
        let step = page.step.get();
        page.history.with(|history| {
            let runs: Vec<Value> = history
                .outline
                .runs
                .iter()
                .zip(&history.runs)
                .filter_map(|(outline, run)| {
                    let record = run.at(step)?;
                    let known = run.pull_at(step).unwrap_or(record);
                    let mut entry = json!({
                        "id": outline.id,
                        "method": outline.method,
                        "seed": outline.seed,
                        "step": record.step,
                        "losses": record.losses,
                        "cosines": cosines(known),
                        "weights": record.weights,
                    });
                    if run.dispatches > 0 {
                        entry["gpu_dispatches"] = run.dispatches.into();
                    }
                    if let Some(evaluation) = run.evaluation_at(step) {
                        entry["test"] = json!({
                            "step": evaluation.step,
                            "metrics": evaluation.metrics,
                            "losses": evaluation.losses,
                        });
                    }
                    if let Some(end) = &run.diverged {
                        entry["diverged"] =
                            json!({ "step": end.step, "last_finite_step": end.last_finite_step(), "cause": end.cause });
                    }
                    Some(entry)
                })
                .collect();
            let head = if page.fresh.get() { history.head() } else { 0 };
            let finished = page.fresh.get() && history.finished;
            let mut told = json!({ "step": step, "head": head, "finished": finished, "runs": runs });
            if any_learns(&history.outline.runs) {
                told["front"] = page.fronts.fronts.with(|fronts| front(fronts, &history.outline.runs));
            }
            told
        })
    })
}

/// What was swept of learned fronts, on held-out rows, and the place of the preference on them.
fn front(fronts: &Fronts, runs: &[RunOutline]) -> Value {
    let told = |point: &FrontPoint| {
        json!({
            "alpha": point.preference,
            "losses": point.test.losses,
            "metrics": point.test.metrics,
            "validation": { "losses": point.validation.losses, "metrics": point.validation.metrics },
        })
    };
    let of_run = |(run, outline): (usize, &RunOutline)| {
        let points = fronts.of_run(run);
        let losses: Vec<Vec<f64>> = points.iter().map(|point| point.test.losses.clone()).collect();
        let free = nondominated(&losses);
        let points = points.iter().zip(free).map(|(point, free)| {
            let mut point = told(point);
            point["nondominated"] = free.into();
            point
        });
        json!({
            "id": outline.id,
            "step": fronts.shown.steps.get(run),
            "here": fronts.here.get(run).and_then(Option::as_ref).map(told),
            "points": points.collect::<Vec<_>>(),
        })
    };
    let runs: Vec<Value> = runs.iter().enumerate().map(of_run).collect();
    json!({ "complete": fronts.shown.is_complete(), "runs": runs })
}

/// K × K; null where unknown.
fn cosines(record: &crate::protocol::Record) -> Value {
    let k = record.losses.len();
    (0..k).map(|i| (0..k).map(|j| json!(record.cosine(i, j))).collect::<Value>()).collect()
}

/// Offers the file for download.
pub fn save(file: &File) {
    let parts = js_sys::Array::of1(&JsValue::from_str(&file.text));
    let options = web_sys::BlobPropertyBag::new();
    options.set_type(file.mime);
    let Ok(blob) = web_sys::Blob::new_with_str_sequence_and_options(&parts, &options) else { return };
    let Ok(address) = web_sys::Url::create_object_url_with_blob(&blob) else { return };
    if let Ok(link) = document().create_element("a") {
        let link: web_sys::HtmlAnchorElement = link.unchecked_into();
        link.set_href(&address);
        link.set_download(&file.name);
        link.click();
    }
    // The download has its own reference to the blob.
    let _ = web_sys::Url::revoke_object_url(&address);
}
